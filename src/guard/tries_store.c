// SQL of guard_try and guard_lock.
#include "guard/tries_priv.h"

#include <string.h>

void tries_subject_person(struct tries_subject *out, int64_t person)
{
    *out = (struct tries_subject){.size = 8};
    for (int i = 0; i < 8; i++)
        out->bytes[i] = (uint8_t)((uint64_t)person >> (56 - 8 * i));
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

struct locks {
    struct guard_lock *out;
    size_t count, max;
};

static bool visit_lock(void *context, const struct db_row *row)
{
    struct locks *locks = context;
    struct guard_lock *lock = &locks->out[locks->count++];
    *lock = (struct guard_lock){.from_us = db_get_int(row, 3), .until_us = db_get_int(row, 4)};
    (void)text_copy(lock->code, sizeof lock->code, db_get_text(row, 0));
    (void)text_copy(lock->case_number, sizeof lock->case_number, db_get_text(row, 1));
    (void)text_copy(lock->scope, sizeof lock->scope, db_get_text(row, 2));
    return locks->count < locks->max;
}

// The begin of a lock is not asked for: to a request that began a moment before it, or after the
// clock was set back, it is in force as well.
enum code tries_locks(struct db *db, const struct tries_subject *subject, const char *code,
                      int64_t now_us, struct guard_lock *out, size_t max, size_t *out_count)
{
    const struct db_value values[] = {db_blob(subject->bytes, subject->size), db_text(code),
                                      db_int(now_us)};
    struct locks locks = {out, 0, max};
    GUARD(db_query(db,
                   "SELECT code, case_number, scope, from_us, until_us FROM guard_lock "
                   "WHERE subject = $1 AND (code = $2 OR $2 = '') AND until_us > $3 AND "
                   "ended_us = 0 ORDER BY until_us DESC",
                   values, 3, visit_lock, &locks));
    *out_count = locks.count;
    return OK;
}

enum code tries_locked_since(struct db *db, const struct tries_subject *subject, const char *code,
                             int64_t since_us, bool *out)
{
    const struct db_value values[] = {db_blob(subject->bytes, subject->size), db_text(code),
                                      db_int(since_us)};
    return db_query_one(db,
                        "SELECT from_us FROM guard_lock WHERE subject = $1 AND code = $2 AND "
                        "from_us >= $3 LIMIT 1",
                        values, 3, NULL, NULL, out);
}

enum code tries_lock_insert(struct db *db, const struct id *id, const struct tries_subject *subject,
                            const struct guard_lock *lock)
{
    const struct db_value values[] = {db_id(id),
                                      db_blob(subject->bytes, subject->size),
                                      db_text(lock->code),
                                      db_text(lock->scope),
                                      db_text(lock->case_number),
                                      db_int(lock->from_us),
                                      db_int(lock->until_us)};
    return db_exec(db,
                   "INSERT INTO guard_lock (id, subject, code, scope, case_number, from_us, "
                   "until_us, ended_us) VALUES ($1, $2, $3, $4, $5, $6, $7, 0)",
                   values, 7, NULL);
}

enum code guard_lock_end(struct db *db, int64_t person, const char *code, int64_t now_us)
{
    struct tries_subject subject;
    tries_subject_person(&subject, person);
    const struct db_value values[] = {db_blob(subject.bytes, subject.size), db_text(code),
                                      db_int(now_us)};
    return db_exec(db,
                   "UPDATE guard_lock SET ended_us = $3 WHERE subject = $1 AND code = $2 AND "
                   "ended_us = 0",
                   values, 3, NULL);
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
