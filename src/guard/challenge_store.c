// SQL of guard_challenge.
#include "guard/challenge_priv.h"

#include <string.h>

static size_t take_blob(void *out, size_t capacity, const struct db_row *row, int column)
{
    size_t size;
    const void *blob = db_get_blob(row, column, &size);
    if (blob == NULL || size > capacity)
        return 0;
    memcpy(out, blob, size);
    return size;
}

static bool visit_live(void *context, const struct db_row *row)
{
    struct challenge_row *out = context;
    *out = (struct challenge_row){.id = db_get_id(row, 0),
                                  .tries = db_get_int(row, 5),
                                  .messages = db_get_int(row, 6),
                                  .sent_us = db_get_int(row, 7),
                                  .expires_us = db_get_int(row, 8)};
    (void)take_blob(out->phone_hash.bytes, sizeof out->phone_hash.bytes, row, 1);
    (void)take_blob(out->code_hash.bytes, sizeof out->code_hash.bytes, row, 2);
    out->code_size = take_blob(out->code, sizeof out->code, row, 3);
    out->phone_size = take_blob(out->phone, sizeof out->phone, row, 4);
    return false;
}

enum code challenge_live(struct db *db, const char *purpose, int64_t subject,
                         struct challenge_row *out)
{
    const struct db_value values[] = {db_text(purpose), db_int(subject)};
    bool found;
    *out = (struct challenge_row){0};
    GUARD(db_query_one(db,
                       "SELECT id, phone_hash, code_hash, code, phone, tries, messages, sent_us, "
                       "expires_us FROM guard_challenge "
                       "WHERE purpose = $1 AND subject = $2 AND closed = 0",
                       values, 2, visit_live, out, &found));
    return found ? OK : CODE_NOT_FOUND;
}

static bool visit_counts(void *context, const struct db_row *row)
{
    struct challenge_counts *counts = context;
    *counts = (struct challenge_counts){db_get_int(row, 0), db_get_int(row, 1), db_get_int(row, 2)};
    return false;
}

enum code challenge_counts(struct challenge_counts *out, struct db *db,
                           const struct vault_hash *phone_hash, int64_t subject, int32_t day)
{
    const struct db_value values[] = {db_blob(phone_hash->bytes, sizeof phone_hash->bytes),
                                      db_int(day), db_int(subject), db_int(CHALLENGE_USED)};
    bool found;
    *out = (struct challenge_counts){0};
    return db_query_one(db,
                        "SELECT count(*), CAST(coalesce(sum(messages), 0) AS BIGINT), "
                        "CAST(coalesce(max(CASE WHEN subject <> $3 AND closed <> $4 "
                        "THEN sent_us ELSE 0 END), 0) AS BIGINT) "
                        "FROM guard_challenge WHERE phone_hash = $1 AND day = $2",
                        values, 4, visit_counts, out, &found);
}

enum code challenge_insert(struct db *db, const struct guard_challenge_request *request,
                           const struct challenge_row *row, const void *phone, size_t phone_size,
                           int32_t day)
{
    const struct db_value values[] = {db_id(&row->id),
                                      db_text(request->purpose),
                                      db_int(request->subject),
                                      db_blob(phone, phone_size),
                                      db_blob(row->phone_hash.bytes, sizeof row->phone_hash.bytes),
                                      db_blob(row->code, row->code_size),
                                      db_blob(row->code_hash.bytes, sizeof row->code_hash.bytes),
                                      db_int(row->messages),
                                      db_int(day),
                                      db_int(row->sent_us),
                                      db_int(row->expires_us)};
    return db_exec(db,
                   "INSERT INTO guard_challenge (id, purpose, subject, phone, phone_hash, code, "
                   "code_hash, tries, messages, day, sent_us, expires_us, closed) "
                   "VALUES ($1, $2, $3, $4, $5, $6, $7, 0, $8, $9, $10, $11, 0)",
                   values, 11, NULL);
}

enum code challenge_sent(struct db *db, const struct challenge_row *row)
{
    const struct db_value values[] = {db_id(&row->id), db_int(row->messages), db_int(row->sent_us)};
    return db_exec(db, "UPDATE guard_challenge SET messages = $2, sent_us = $3 WHERE id = $1",
                   values, 3, NULL);
}

enum code challenge_count_try(struct db *db, const struct id *id)
{
    const struct db_value value = db_id(id);
    return db_exec(db, "UPDATE guard_challenge SET tries = tries + 1 WHERE id = $1", &value, 1,
                   NULL);
}

enum code challenge_close(struct db *db, const struct id *id, enum challenge_end end)
{
    const struct db_value values[] = {db_id(id), db_int(end), db_blob("", 0)};
    return db_exec(db, "UPDATE guard_challenge SET closed = $2, code = $3 WHERE id = $1", values, 3,
                   NULL);
}

enum code guard_challenges_prune(struct db *db, int64_t now_us, size_t limit, int64_t *out_deleted)
{
    const struct db_value wipe[] = {db_int(now_us), db_blob("", 0)};
    const struct db_value old[] = {db_int(now_us - INT64_C(2) * 86400 * 1000000),
                                   db_int((int64_t)limit)};
    GUARD(db_exec(db,
                  "UPDATE guard_challenge SET closed = 3, code = $2 WHERE closed = 0 AND "
                  "expires_us <= $1",
                  wipe, 2, NULL));
    return db_exec(db,
                   "DELETE FROM guard_challenge WHERE id IN (SELECT id FROM guard_challenge WHERE "
                   "expires_us < $1 LIMIT $2)",
                   old, 2, out_deleted);
}
