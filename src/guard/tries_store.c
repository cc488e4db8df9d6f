// SQL of guard_try.
#include "guard/tries_priv.h"

#include <string.h>

void tries_subject_person(struct tries_subject *out, int64_t person)
{
    *out = (struct tries_subject){.size = 8};
    for (int i = 0; i < 8; i++)
        out->bytes[i] = (uint8_t)((uint64_t)person >> (56 - 8 * i));
}

void tries_subject_device(struct tries_subject *out, int64_t person, const struct vault_hash *token)
{
    tries_subject_person(out, person);
    out->size = 24;
    if (token != NULL)
        memcpy(out->bytes + 8, token->bytes, 16);
}

void tries_subject_login(struct tries_subject *out, const struct vault *vault, const char *login)
{
    const struct vault_hash hash = vault_search_hash(vault, VAULT_SEARCH_LOGIN, login);
    out->size = sizeof hash.bytes;
    memcpy(out->bytes, hash.bytes, sizeof hash.bytes);
}

const char *tries_lock_code(enum tries_kind kind)
{
    return kind == TRIES_PIN ? "L02" : "L01";
}

static bool visit_row(void *context, const struct db_row *row)
{
    struct tries_row *out = context;
    size_t size;
    const uint8_t *wrong = db_get_blob(row, 0, &size);
    out->wrong_count = size / 8 < TRIES_MAX ? size / 8 : TRIES_MAX;
    if (wrong != NULL)
        memcpy(out->wrong_us, wrong, out->wrong_count * 8);
    out->open = (int32_t)db_get_int(row, 1);
    out->open_us = db_get_int(row, 2);
    out->last_us = db_get_int(row, 3);
    return false;
}

enum code tries_load(struct db *db, const struct tries_subject *subject, enum tries_kind kind,
                     struct tries_row *out)
{
    const struct db_value values[] = {db_blob(subject->bytes, subject->size), db_int(kind)};
    bool found;
    *out = (struct tries_row){0};
    return db_query_one(db,
                        "SELECT wrong, open, open_us, last_us FROM guard_try "
                        "WHERE subject = $1 AND kind = $2",
                        values, 2, visit_row, out, &found);
}

enum code tries_write(struct db *db, const struct tries_subject *subject, enum tries_kind kind,
                      const struct tries_row *row)
{
    const struct db_value values[] = {db_blob(subject->bytes, subject->size),
                                      db_int(kind),
                                      db_blob(row->wrong_us, row->wrong_count * 8),
                                      db_int(row->open),
                                      db_int(row->open_us),
                                      db_int(row->last_us)};
    return db_exec(db,
                   "INSERT INTO guard_try (subject, kind, wrong, open, open_us, last_us) "
                   "VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (subject, kind) DO UPDATE SET "
                   "wrong = EXCLUDED.wrong, open = EXCLUDED.open, open_us = EXCLUDED.open_us, "
                   "last_us = EXCLUDED.last_us",
                   values, 6, NULL);
}

enum code tries_locks_since(struct db *db, const struct tries_subject *subject, const char *code,
                            int64_t since_us, int64_t *out)
{
    const struct db_value values[] = {db_blob(subject->bytes, subject->size), db_text(code),
                                      db_int(since_us)};
    return db_query_int(db, out,
                        "SELECT count(*) FROM guard_lock WHERE subject = $1 AND code = $2 AND "
                        "from_us >= $3",
                        values, 3, 0);
}

enum code guard_tries_prune(struct db *db, int64_t before_us, size_t limit, int64_t *out_deleted)
{
    const struct db_value values[] = {db_int(before_us), db_int((int64_t)limit)};
    return db_exec(
        db,
        "DELETE FROM guard_try WHERE length(subject) = 32 AND subject IN (SELECT subject "
        "FROM guard_try WHERE length(subject) = 32 AND last_us < $1 LIMIT $2)",
        values, 2, out_deleted);
}
