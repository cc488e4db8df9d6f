// SQL of challenges and of the counters around them.
#include "otp/otp_priv.h"

#include <string.h>

#define COLUMNS                                                                                    \
    "SELECT id, purpose, subject, stream, phone, phone_hash, device_hash, code, code_hash, "       \
    "digits, language, voice, blind, tries, day, created_us, sent_us, expires_us, closed "         \
    "FROM otp_challenge "

static size_t take_blob(void *out, size_t capacity, const struct db_row *row, int column)
{
    size_t size;
    const void *blob = db_get_blob(row, column, &size);
    if (blob == NULL || size > capacity)
        return 0;
    memcpy(out, blob, size);
    return size;
}

static bool visit_row(void *context, const struct db_row *row)
{
    struct otp_row *out = context;
    *out = (struct otp_row){.id = db_get_id(row, 0),
                            .subject = db_get_int(row, 2),
                            .stream = db_get_int(row, 3),
                            .digits = (int32_t)db_get_int(row, 9),
                            .language = (enum party_language)db_get_int(row, 10),
                            .voice = db_get_int(row, 11) != 0,
                            .blind = db_get_int(row, 12) != 0,
                            .tries = db_get_int(row, 13),
                            .day = (int32_t)db_get_int(row, 14),
                            .created_us = db_get_int(row, 15),
                            .sent_us = db_get_int(row, 16),
                            .expires_us = db_get_int(row, 17),
                            .closed = (enum otp_end)db_get_int(row, 18)};
    (void)text_copy(out->purpose, sizeof out->purpose, db_get_text(row, 1));
    out->phone_size = take_blob(out->phone, sizeof out->phone, row, 4);
    (void)take_blob(out->phone_hash.bytes, sizeof out->phone_hash.bytes, row, 5);
    out->has_device = take_blob(out->device_hash.bytes, sizeof out->device_hash.bytes, row, 6) != 0;
    out->code_size = take_blob(out->code, sizeof out->code, row, 7);
    (void)take_blob(out->code_hash.bytes, sizeof out->code_hash.bytes, row, 8);
    return false;
}

static enum code found_or_not(enum code code, bool found)
{
    return code != OK ? code : found ? OK : CODE_NOT_FOUND;
}

enum code otp_store_live(struct db *db, const char *purpose, int64_t subject, struct otp_row *out)
{
    const struct db_value values[] = {db_text(purpose), db_int(subject)};
    bool found = false;
    const enum code code =
        db_query_one(db, COLUMNS "WHERE purpose = $1 AND subject = $2 AND closed = 0", values, 2,
                     visit_row, out, &found);
    return found_or_not(code, found);
}

enum code otp_store_newest(struct db *db, const char *purpose, int64_t subject, struct otp_row *out)
{
    const struct db_value values[] = {db_text(purpose), db_int(subject)};
    bool found = false;
    const enum code code = db_query_one(db,
                                        COLUMNS "WHERE purpose = $1 AND subject = $2 "
                                                "ORDER BY created_us DESC, id DESC LIMIT 1",
                                        values, 2, visit_row, out, &found);
    return found_or_not(code, found);
}

enum code otp_store_by_id(struct db *db, const struct id *id, struct otp_row *out)
{
    const struct db_value value = db_id(id);
    bool found = false;
    const enum code code =
        db_query_one(db, COLUMNS "WHERE id = $1", &value, 1, visit_row, out, &found);
    return found_or_not(code, found);
}

enum code otp_store_by_phone(struct db *db, const struct vault_hash *phone_hash,
                             struct otp_row *out)
{
    const struct db_value value = db_blob(phone_hash->bytes, sizeof phone_hash->bytes);
    bool found = false;
    const enum code code =
        db_query_one(db, COLUMNS "WHERE phone_hash = $1 ORDER BY created_us DESC, id DESC LIMIT 1",
                     &value, 1, visit_row, out, &found);
    return found_or_not(code, found);
}

// --- counters ---

static bool visit_counts(void *context, const struct db_row *row)
{
    struct otp_counts *counts = context;
    counts->codes = db_get_int(row, 0);
    counts->others_us = db_get_int(row, 1);
    counts->hour_codes = db_get_int(row, 2);
    counts->hour_last_us = db_get_int(row, 3);
    return false;
}

enum code otp_store_counts(struct otp_counts *out, struct db *db,
                           const struct vault_hash *phone_hash, int64_t subject, int32_t day,
                           int64_t now_us)
{
    const struct db_value hash = db_blob(phone_hash->bytes, sizeof phone_hash->bytes);
    const struct db_value values[] = {hash, db_int(day), db_int(subject), db_int(OTP_USED),
                                      db_int(now_us - OTP_HOUR_US)};
    bool found;
    *out = (struct otp_counts){0};
    GUARD(db_query_one(
        db,
        "SELECT CAST(coalesce(sum(CASE WHEN day = $2 THEN 1 ELSE 0 END), 0) AS BIGINT), "
        "CAST(coalesce(max(CASE WHEN subject <> $3 AND closed <> $4 THEN sent_us ELSE 0 END), 0) "
        "AS BIGINT), "
        "CAST(coalesce(sum(CASE WHEN created_us > $5 THEN 1 ELSE 0 END), 0) AS BIGINT), "
        "CAST(coalesce(max(CASE WHEN created_us > $5 THEN created_us ELSE 0 END), 0) AS BIGINT) "
        "FROM otp_challenge WHERE phone_hash = $1",
        values, 5, visit_counts, out, &found));
    return db_query_int(db, &out->messages,
                        "SELECT count(*) FROM otp_attempt WHERE phone_hash = $1 AND day = $2 AND "
                        "route < 4",
                        values, 2, 0);
}

static bool visit_two(void *context, const struct db_row *row)
{
    int64_t **out = context;
    *out[0] = db_get_int(row, 0);
    *out[1] = db_get_int(row, 1);
    return false;
}

enum code otp_store_device(struct db *db, const struct vault_hash *device_hash,
                           const struct vault_hash *phone_hash, int32_t day, int64_t *out_codes,
                           int64_t *out_others)
{
    const struct db_value values[] = {db_blob(device_hash->bytes, sizeof device_hash->bytes),
                                      db_int(day),
                                      db_blob(phone_hash->bytes, sizeof phone_hash->bytes)};
    int64_t *out[] = {out_codes, out_others};
    bool found;
    *out_codes = *out_others = 0;
    return db_query_one(db,
                        "SELECT count(*), count(DISTINCT CASE WHEN phone_hash <> $3 THEN "
                        "phone_hash END) FROM otp_challenge WHERE device_hash = $1 AND day = $2",
                        values, 3, visit_two, out, &found);
}

enum code otp_store_address(struct db *db, const struct vault_hash *address_hash, int64_t hour,
                            int64_t *out_count)
{
    const struct db_value values[] = {db_blob(address_hash->bytes, sizeof address_hash->bytes),
                                      db_int(hour)};
    return db_query_int(db, out_count,
                        "SELECT count FROM otp_address WHERE address_hash = $1 AND hour = $2",
                        values, 2, 0);
}

enum code otp_store_address_add(struct db *db, const struct vault_hash *address_hash, int64_t hour)
{
    const struct db_value values[] = {db_blob(address_hash->bytes, sizeof address_hash->bytes),
                                      db_int(hour)};
    return db_exec(db,
                   "INSERT INTO otp_address (address_hash, hour, count) VALUES ($1, $2, 1) "
                   "ON CONFLICT (address_hash, hour) DO UPDATE SET count = otp_address.count + 1",
                   values, 2, NULL);
}

enum code otp_store_wrong(struct db *db, int64_t hour, int64_t *out_count)
{
    const struct db_value value = db_int(hour);
    return db_query_int(db, out_count, "SELECT count FROM otp_wrong WHERE hour = $1", &value, 1, 0);
}

enum code otp_store_wrong_add(struct db *db, int64_t hour)
{
    const struct db_value value = db_int(hour);
    return db_exec(db,
                   "INSERT INTO otp_wrong (hour, count) VALUES ($1, 1) "
                   "ON CONFLICT (hour) DO UPDATE SET count = otp_wrong.count + 1",
                   &value, 1, NULL);
}

// --- changes of a challenge ---

enum code otp_store_insert(struct db *db, const struct otp_row *row)
{
    const struct db_value values[] = {
        db_id(&row->id),
        db_text(row->purpose),
        db_int(row->subject),
        db_int(row->stream),
        db_blob(row->phone, row->phone_size),
        db_blob(row->phone_hash.bytes, sizeof row->phone_hash.bytes),
        row->has_device ? db_blob(row->device_hash.bytes, sizeof row->device_hash.bytes)
                        : db_null(),
        db_blob(row->code, row->code_size),
        db_blob(row->code_hash.bytes, sizeof row->code_hash.bytes),
        db_int(row->digits),
        db_int(row->language),
        db_int(row->voice ? 1 : 0),
        db_int(row->blind ? 1 : 0),
        db_int(row->day),
        db_int(row->created_us),
        db_int(row->expires_us)};
    return db_exec(
        db,
        "INSERT INTO otp_challenge (id, purpose, subject, stream, phone, phone_hash, device_hash, "
        "code, code_hash, digits, language, voice, blind, tries, day, created_us, sent_us, "
        "expires_us, closed) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 0, "
        "$14, $15, $15, $16, 0)",
        values, 16, NULL);
}

enum code otp_store_sent(struct db *db, const struct id *id, int64_t sent_us)
{
    const struct db_value values[] = {db_id(id), db_int(sent_us)};
    return db_exec(db, "UPDATE otp_challenge SET sent_us = $2 WHERE id = $1", values, 2, NULL);
}

enum code otp_store_count_try(struct db *db, const struct id *id)
{
    const struct db_value value = db_id(id);
    return db_exec(db, "UPDATE otp_challenge SET tries = tries + 1 WHERE id = $1", &value, 1, NULL);
}

enum code otp_store_close(struct db *db, const struct id *id, enum otp_end end)
{
    const struct db_value values[] = {db_id(id), db_int(end), db_blob("", 0)};
    return db_exec(db, "UPDATE otp_challenge SET closed = $2, code = $3 WHERE id = $1", values, 3,
                   NULL);
}

// --- pruning ---

enum code otp_prune(struct db *db, int64_t now_us, size_t limit, int64_t *out_deleted)
{
    const struct db_value wipe[] = {db_int(now_us), db_blob("", 0)};
    const struct db_value old[] = {db_int(now_us - 2 * OTP_DAY_US), db_int((int64_t)limit)};
    const struct db_value hour = db_int(now_us / OTP_HOUR_US - 48);
    GUARD(db_exec(db,
                  "UPDATE otp_challenge SET closed = 3, code = $2 WHERE closed = 0 AND "
                  "expires_us <= $1",
                  wipe, 2, NULL));
    GUARD(db_exec(db,
                  "DELETE FROM otp_attempt WHERE challenge IN (SELECT id FROM otp_challenge WHERE "
                  "expires_us < $1 LIMIT $2)",
                  old, 2, NULL));
    GUARD(db_exec(db, "DELETE FROM otp_client WHERE event_us < $1 AND refused_us < $1", old, 1,
                  NULL));
    GUARD(db_exec(db, "DELETE FROM otp_address WHERE hour < $1", &hour, 1, NULL));
    GUARD(db_exec(db, "DELETE FROM otp_wrong WHERE hour < $1", &hour, 1, NULL));
    const struct db_value reports = db_int(now_us - 30 * OTP_DAY_US);
    GUARD(db_exec(db, "DELETE FROM otp_report WHERE at_us < $1", &reports, 1, NULL));
    return db_exec(db,
                   "DELETE FROM otp_challenge WHERE id IN (SELECT id FROM otp_challenge WHERE "
                   "expires_us < $1 LIMIT $2)",
                   old, 2, out_deleted);
}
