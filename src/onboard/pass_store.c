// SQL of onboard_pass and onboard_attempt.
#include "onboard/pass_priv.h"

#include <string.h>

#define COLUMNS                                                                                    \
    "id, kind, number, code_hash, ticket, sealed, wrapped, cause, findings, case_number, "         \
    "created_us, expires_us, ending, ended_us"

static struct db_value blob_or_null(const void *bytes, size_t size)
{
    return size > 0 ? db_blob(bytes, size) : db_null();
}

enum code pass_store_insert(struct db *db, const struct pass_row *row, bool *out_inserted)
{
    const struct onboard_pass *pass = &row->pass;
    int64_t changes = 0;
    const struct db_value values[] = {
        db_id(&pass->id),
        db_int(pass->kind),
        db_int(pass->number),
        row->has_code ? db_blob(row->code_hash.bytes, sizeof row->code_hash.bytes) : db_null(),
        pass->ticket[0] != '\0' ? db_text(pass->ticket) : db_null(),
        blob_or_null(row->sealed, row->sealed_size),
        blob_or_null(row->wrapped, row->wrapped_size),
        db_int(pass->cause),
        db_text(pass->findings),
        db_text(pass->case_number),
        db_int(pass->created_us),
        db_int(pass->expires_us),
        db_int(pass->ending),
        db_int(pass->ended_us)};
    GUARD(db_exec(db,
                  "INSERT INTO onboard_pass (" COLUMNS ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, "
                  "$9, $10, $11, $12, $13, $14) ON CONFLICT DO NOTHING",
                  values, sizeof values / sizeof values[0], &changes));
    *out_inserted = changes == 1;
    return OK;
}

static size_t take_blob(const struct db_row *row, int column, void *out, size_t capacity)
{
    size_t size = 0;
    const void *bytes = db_get_blob(row, column, &size);
    if (bytes == NULL || size > capacity)
        return 0;
    memcpy(out, bytes, size);
    return size;
}

static bool visit(void *context, const struct db_row *row)
{
    struct pass_row *out = context;
    struct onboard_pass *pass = &out->pass;
    pass->id = db_get_id(row, 0);
    pass->kind = (enum onboard_pass_kind)db_get_int(row, 1);
    pass->number = db_get_int(row, 2);
    out->has_code = take_blob(row, 3, out->code_hash.bytes, sizeof out->code_hash.bytes) > 0;
    (void)text_copy(pass->ticket, sizeof pass->ticket, db_get_text(row, 4));
    out->sealed_size = take_blob(row, 5, out->sealed, sizeof out->sealed);
    out->wrapped_size = take_blob(row, 6, out->wrapped, sizeof out->wrapped);
    pass->agreed = pass->kind == ONBOARD_TICKET && out->wrapped_size > 0;
    pass->cause = (enum onboard_trouble_kind)db_get_int(row, 7);
    (void)text_copy(pass->findings, sizeof pass->findings, db_get_text(row, 8));
    (void)text_copy(pass->case_number, sizeof pass->case_number, db_get_text(row, 9));
    pass->created_us = db_get_int(row, 10);
    pass->expires_us = db_get_int(row, 11);
    pass->ending = (enum onboard_pass_ending)db_get_int(row, 12);
    pass->ended_us = db_get_int(row, 13);
    return false;
}

static enum code load(struct db *db, const char *sql, const struct db_value *values, size_t count,
                      struct pass_row *out)
{
    bool found;
    *out = (struct pass_row){0};
    GUARD(db_query_one(db, sql, values, count, visit, out, &found));
    return found ? OK : CODE_NOT_FOUND;
}

enum code pass_store_by_id(struct db *db, const struct id *id, struct pass_row *out)
{
    const struct db_value value = db_id(id);
    return load(db, "SELECT " COLUMNS " FROM onboard_pass WHERE id = $1", &value, 1, out);
}

enum code pass_store_by_code(struct db *db, const struct vault_hash *code_hash,
                             struct pass_row *out)
{
    const struct db_value value = db_blob(code_hash->bytes, sizeof code_hash->bytes);
    return load(db, "SELECT " COLUMNS " FROM onboard_pass WHERE code_hash = $1", &value, 1, out);
}

enum code pass_store_by_ticket(struct db *db, const char *ticket, struct pass_row *out)
{
    const struct db_value value = db_text(ticket);
    return load(db, "SELECT " COLUMNS " FROM onboard_pass WHERE ticket = $1", &value, 1, out);
}

enum code pass_store_newest(struct db *db, int64_t number, enum onboard_pass_kind kind,
                            struct pass_row *out)
{
    const struct db_value values[] = {db_int(number), db_int(kind)};
    return load(db,
                "SELECT " COLUMNS " FROM onboard_pass WHERE number = $1 AND kind = $2 "
                "ORDER BY created_us DESC LIMIT 1",
                values, 2, out);
}

enum code pass_store_end(struct db *db, int64_t number, enum onboard_pass_kind kind,
                         enum onboard_pass_ending ending, int64_t now_us, int64_t *out_changes)
{
    const struct db_value values[] = {db_int(number), db_int(kind), db_int(ending), db_int(now_us)};
    return db_exec(db,
                   "UPDATE onboard_pass SET ending = $3, ended_us = $4, sealed = NULL, "
                   "wrapped = NULL WHERE number = $1 AND kind = $2 AND ending = 0",
                   values, 4, out_changes);
}

// --- attempts ---

struct attempt_reading {
    const struct onboard *onboard;
    int64_t number;
    struct arena *arena;
    const char *route;
    int status;
    char *answer;
    size_t size;
    enum code code;
};

static bool visit_attempt(void *context, const struct db_row *row)
{
    struct attempt_reading *reading = context;
    size_t size = 0;
    const void *sealed = db_get_blob(row, 2, &size);
    if (!text_equal(db_get_text(row, 0), reading->route)) {
        reading->code = CODE_CONFLICT_IDEMPOTENCY;
        return false;
    }
    reading->status = (int)db_get_int(row, 1);
    if (size < VAULT_SEAL_OVERHEAD)
        return false;
    reading->size = size - VAULT_SEAL_OVERHEAD;
    reading->answer = arena_alloc(reading->arena, reading->size + 1);
    reading->code = vault_open(reading->onboard->vault, reading->answer, "onboard_attempt.answer",
                               reading->number, sealed, size);
    return false;
}

enum code onboard_attempt_find(struct db *db, const struct onboard *onboard, int64_t number,
                               const struct id *attempt, const char *route, struct arena *arena,
                               int *out_status, const char **out_answer, size_t *out_size)
{
    struct attempt_reading reading = {
        .onboard = onboard, .number = number, .arena = arena, .route = route};
    const struct db_value values[] = {db_int(number), db_id(attempt)};
    bool found;
    GUARD(db_query_one(db,
                       "SELECT route, status, answer FROM onboard_attempt WHERE number = $1 AND "
                       "attempt = $2",
                       values, 2, visit_attempt, &reading, &found));
    *out_status = reading.status;
    *out_answer = reading.answer;
    *out_size = reading.size;
    return reading.code;
}

enum code onboard_attempt_keep(struct db *db, const struct onboard *onboard, int64_t number,
                               const struct id *attempt, const char *route, int status,
                               const char *answer, size_t size)
{
    uint8_t *sealed = mem_alloc(size + VAULT_SEAL_OVERHEAD);
    const size_t sealed_size =
        vault_seal(onboard->vault, sealed, "onboard_attempt.answer", number, answer, size);
    const struct db_value values[] = {db_int(number),
                                      db_id(attempt),
                                      db_text(route),
                                      db_int(status),
                                      db_blob(sealed, sealed_size),
                                      db_int(env_now(onboard->env))};
    const enum code code = db_exec(db,
                                   "INSERT INTO onboard_attempt (number, attempt, route, status, "
                                   "answer, at_us) VALUES ($1, $2, $3, $4, $5, $6) "
                                   "ON CONFLICT DO NOTHING",
                                   values, 6, NULL);
    mem_free(sealed);
    return code;
}

// --- what is of no use any more ---

enum code onboard_trouble_prune(struct db *db, int64_t now_us, size_t limit, int64_t *out_deleted)
{
    static const int64_t DAY_US = INT64_C(86400000000);
    const struct db_value day[] = {db_int(now_us - DAY_US), db_int((int64_t)limit)};
    const struct db_value month[] = {db_int(now_us - 30 * DAY_US), db_int((int64_t)limit)};
    const struct db_value now[] = {db_int(now_us), db_int((int64_t)limit)};
    int64_t passes = 0, orphans = 0;
    GUARD(db_exec(db,
                  "DELETE FROM onboard_attempt WHERE at_us IN (SELECT at_us FROM onboard_attempt "
                  "WHERE at_us < $1 ORDER BY at_us LIMIT $2)",
                  day, 2, out_deleted));
    GUARD(db_exec(db,
                  "UPDATE onboard_pass SET sealed = NULL, wrapped = NULL WHERE id IN (SELECT id "
                  "FROM onboard_pass WHERE sealed IS NOT NULL AND expires_us < $1 LIMIT $2)",
                  now, 2, &passes));
    GUARD(db_exec(db,
                  "DELETE FROM onboard_pass WHERE id IN (SELECT id FROM onboard_pass WHERE "
                  "expires_us < $1 LIMIT $2)",
                  month, 2, &passes));
    GUARD(db_exec(db,
                  "DELETE FROM onboard_trouble WHERE number IN (SELECT t.number FROM "
                  "onboard_trouble AS t LEFT JOIN onboard_application AS a ON a.number = t.number "
                  "WHERE a.number IS NULL LIMIT $1)",
                  now + 1, 1, &orphans));
    *out_deleted += passes + orphans;
    return OK;
}
