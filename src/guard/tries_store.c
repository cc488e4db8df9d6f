// SQL of guard_try and guard_lock.
#include "guard/tries_priv.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct tries_subject tries_subject_person(int64_t person)
{
    struct tries_subject subject = {.size = 8};
    for (size_t i = 0; i < 8; i++)
        subject.bytes[i] = (uint8_t)((uint64_t)person >> (56 - 8 * i));
    return subject;
}

static struct db_value subject_value(const struct tries_subject *subject)
{
    return db_blob(subject->bytes, subject->size);
}

static bool visit_tries(void *context, const struct db_row *row)
{
    struct tries_row *out = context;
    size_t size;
    const void *times = db_get_blob(row, 0, &size);
    out->count = size / sizeof out->wrong[0];
    if (out->count > TRIES_KEPT)
        out->count = TRIES_KEPT;
    if (out->count > 0)
        memcpy(out->wrong, times, out->count * sizeof out->wrong[0]);
    out->open = db_get_int(row, 1);
    out->open_us = db_get_int(row, 2);
    return false;
}

enum code tries_load(struct db *db, const struct tries_subject *subject, enum guard_secret kind,
                     struct tries_row *out)
{
    bool found;
    const struct db_value values[] = {subject_value(subject), db_int(kind)};
    *out = (struct tries_row){.count = 0};
    return db_query_one(
        db, "SELECT wrong, open, open_us FROM guard_try WHERE subject = $1 AND kind = $2", values,
        COUNT(values), visit_tries, out, &found);
}

enum code tries_save(struct db *db, const struct tries_subject *subject, enum guard_secret kind,
                     const struct tries_row *row, int64_t now_us)
{
    const struct db_value values[] = {subject_value(subject),
                                      db_int(kind),
                                      db_blob(row->wrong, row->count * sizeof row->wrong[0]),
                                      db_int(row->open),
                                      db_int(row->open_us),
                                      db_int(now_us)};
    return db_exec(db,
                   "INSERT INTO guard_try (subject, kind, wrong, open, open_us, last_us) "
                   "VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (subject, kind) DO UPDATE SET "
                   "wrong = excluded.wrong, open = excluded.open, open_us = excluded.open_us, "
                   "last_us = excluded.last_us",
                   values, COUNT(values), NULL);
}

enum code guard_tries_prune(struct db *db, int64_t before_us, size_t limit, int64_t *out_deleted)
{
    const struct db_value values[] = {db_int(before_us), db_int((int64_t)limit)};
    return db_exec(db,
                   "DELETE FROM guard_try WHERE length(subject) = 32 AND subject IN "
                   "(SELECT subject FROM guard_try WHERE last_us < $1 AND length(subject) = 32 "
                   "ORDER BY last_us LIMIT $2)",
                   values, COUNT(values), out_deleted);
}

// --- locks
// ----------------------------------------------------------------------------------------

static void read_lock(struct guard_lock *out, const struct db_row *row)
{
    (void)text_copy(out->code, sizeof out->code, db_get_text(row, 0));
    (void)text_copy(out->case_number, sizeof out->case_number, db_get_text(row, 1));
    (void)text_copy(out->scope, sizeof out->scope, db_get_text(row, 2));
    out->from_us = db_get_int(row, 3);
    out->until_us = db_get_int(row, 4);
}

static bool visit_lock(void *context, const struct db_row *row)
{
    read_lock(context, row);
    return false;
}

enum code lock_in_force(struct db *db, const struct tries_subject *subject, const char *code,
                        int64_t now_us, struct guard_lock *out)
{
    bool found;
    const struct db_value values[] = {subject_value(subject), db_text(code), db_int(now_us)};
    *out = (struct guard_lock){.until_us = 0};
    return db_query_one(db,
                        "SELECT code, case_number, scope, from_us, until_us FROM guard_lock "
                        "WHERE subject = $1 AND code = $2 AND until_us > $3 AND ended_us = 0 "
                        "ORDER BY until_us DESC LIMIT 1",
                        values, COUNT(values), visit_lock, out, &found);
}

enum code lock_add(struct db *db, const struct tries_subject *subject, const struct id *id,
                   const struct guard_lock *lock)
{
    const struct db_value values[] = {
        db_id(id),
        subject_value(subject),
        db_text(lock->code),
        db_text(lock->scope),
        db_text(lock->case_number),
        db_int(lock->from_us),
        db_int(lock->until_us),
    };
    return db_exec(db,
                   "INSERT INTO guard_lock (id, subject, code, scope, case_number, from_us, "
                   "until_us, ended_us) VALUES ($1, $2, $3, $4, $5, $6, $7, 0)",
                   values, COUNT(values), NULL);
}

enum code locks_since(struct db *db, const struct tries_subject *subject, const char *code,
                      int64_t since_us, int64_t *out)
{
    const struct db_value values[] = {subject_value(subject), db_text(code), db_int(since_us)};
    return db_query_int(db, out,
                        "SELECT count(*) FROM guard_lock "
                        "WHERE subject = $1 AND code = $2 AND from_us > $3",
                        values, COUNT(values), 0);
}

struct lock_list {
    struct guard_lock *out;
    size_t max, count;
};

static bool visit_locks(void *context, const struct db_row *row)
{
    struct lock_list *list = context;
    if (list->count == list->max)
        return false;
    read_lock(&list->out[list->count++], row);
    return true;
}

enum code guard_locks(struct db *db, int64_t person, int64_t now_us, struct guard_lock *out,
                      size_t max, size_t *out_count)
{
    const struct tries_subject subject = tries_subject_person(person);
    struct lock_list list = {out, max, 0};
    const struct db_value values[] = {subject_value(&subject), db_int(now_us)};
    const enum code code =
        db_query(db,
                 "SELECT code, case_number, scope, from_us, until_us FROM guard_lock "
                 "WHERE subject = $1 AND until_us > $2 AND ended_us = 0 ORDER BY until_us DESC",
                 values, COUNT(values), visit_locks, &list);
    *out_count = list.count;
    return code;
}

enum code guard_lock_end(struct db *db, int64_t person, const char *code, int64_t now_us)
{
    const struct tries_subject subject = tries_subject_person(person);
    const struct db_value values[] = {db_int(now_us), subject_value(&subject), db_text(code)};
    return db_exec(db,
                   "UPDATE guard_lock SET ended_us = $1 "
                   "WHERE subject = $2 AND code = $3 AND ended_us = 0 AND until_us > $1",
                   values, COUNT(values), NULL);
}
