// SQL of guard_factor and guard_recovery.
#include "guard/factor_priv.h"

#include <string.h>

static bool visit_factor(void *context, const struct db_row *row)
{
    struct factor_row *out = context;
    size_t size;
    *out = (struct factor_row){.state = (enum factor_state)db_get_int(row, 0),
                               .since_us = db_get_int(row, 2),
                               .last_step = db_get_int(row, 3),
                               .removal_us = db_get_int(row, 4)};
    const void *secret = db_get_blob(row, 1, &size);
    if (size == sizeof out->secret)
        memcpy(out->secret, secret, size);
    const void *wrong = db_get_blob(row, 5, &size);
    out->wrong_count = size / sizeof out->wrong_us[0];
    if (out->wrong_count > FACTOR_WRONG_MAX)
        out->wrong_count = FACTOR_WRONG_MAX;
    if (out->wrong_count > 0)
        memcpy(out->wrong_us, wrong, out->wrong_count * sizeof out->wrong_us[0]);
    return false;
}

enum code factor_load(struct db *db, int64_t person, struct factor_row *out)
{
    const struct db_value value = db_int(person);
    bool found;
    GUARD(db_query_one(db,
                       "SELECT state, secret, since_us, last_step, removal_us, wrong "
                       "FROM guard_factor WHERE person = $1",
                       &value, 1, visit_factor, out, &found));
    return found ? OK : CODE_NOT_FOUND;
}

enum code factor_write(struct db *db, int64_t person, const struct factor_row *row)
{
    const struct db_value values[] = {
        db_int(person),
        db_int(row->state),
        db_blob(row->secret, sizeof row->secret),
        db_int(row->since_us),
        db_int(row->last_step),
        db_int(row->removal_us),
        db_blob(row->wrong_us, row->wrong_count * sizeof row->wrong_us[0])};
    return db_exec(db,
                   "INSERT INTO guard_factor (person, state, secret, since_us, last_step, "
                   "removal_us, wrong) VALUES ($1, $2, $3, $4, $5, $6, $7) "
                   "ON CONFLICT (person) DO UPDATE SET state = EXCLUDED.state, "
                   "secret = EXCLUDED.secret, since_us = EXCLUDED.since_us, "
                   "last_step = EXCLUDED.last_step, removal_us = EXCLUDED.removal_us, "
                   "wrong = EXCLUDED.wrong",
                   values, 7, NULL);
}

enum code factor_recovery_add(struct db *db, int64_t person, const struct vault_hash *hash)
{
    const struct db_value values[] = {db_int(person), db_blob(hash->bytes, sizeof hash->bytes)};
    return db_exec(db, "INSERT INTO guard_recovery (person, code_hash) VALUES ($1, $2)", values, 2,
                   NULL);
}

enum code factor_recovery_clear(struct db *db, int64_t person)
{
    const struct db_value value = db_int(person);
    return db_exec(db, "DELETE FROM guard_recovery WHERE person = $1", &value, 1, NULL);
}

enum code factor_recovery_use(struct db *db, int64_t person, const struct vault_hash *hash,
                              bool *out_used)
{
    int64_t changes = 0;
    const struct db_value values[] = {db_int(person), db_blob(hash->bytes, sizeof hash->bytes)};
    GUARD(db_exec(db, "DELETE FROM guard_recovery WHERE person = $1 AND code_hash = $2", values, 2,
                  &changes));
    *out_used = changes == 1;
    return OK;
}

enum code factor_recovery_left(struct db *db, int64_t person, int32_t *out)
{
    const struct db_value value = db_int(person);
    int64_t count = 0;
    GUARD(db_query_int(db, &count, "SELECT count(*) FROM guard_recovery WHERE person = $1", &value,
                       1, 0));
    *out = (int32_t)count;
    return OK;
}
