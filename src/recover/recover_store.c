// SQL of recover_reset. The phone is sealed to the reset's number.
#include "recover/recover_priv.h"

static const char PHONE[] = "recover_reset.phone";

enum code recover_store_insert(struct db *db, const struct recover *recover,
                               const struct recover_reset *reset,
                               const struct vault_hash *token_hash)
{
    uint8_t phone[PARTY_PHONE_MAX + VAULT_SEAL_OVERHEAD];
    const size_t size =
        vault_seal(recover->vault, phone, PHONE, reset->number, reset->phone, PARTY_PHONE_MAX - 1);
    const struct db_value values[] = {db_int(reset->number),
                                      db_id(&reset->id),
                                      db_blob(token_hash->bytes, sizeof token_hash->bytes),
                                      db_int(reset->kind),
                                      db_int(reset->person),
                                      db_blob(phone, size),
                                      db_int(reset->language),
                                      db_int(reset->step),
                                      db_int(reset->created_us),
                                      db_int(reset->expires_us)};
    return db_exec(db,
                   "INSERT INTO recover_reset (number, id, token_hash, kind, person, phone, "
                   "language, step, factors, face, face_tries, created_us, expires_us) "
                   "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, 0, 0, $9, $10)",
                   values, 10, NULL);
}

struct reading {
    const struct recover *recover;
    struct recover_reset *out;
    int32_t face_tries_used;
    enum code code;
};

static bool visit_reset(void *context, const struct db_row *row)
{
    struct reading *reading = context;
    struct recover_reset *out = reading->out;
    size_t size;
    out->id = db_get_id(row, 0);
    out->kind = (enum recover_kind)db_get_int(row, 1);
    out->person = db_get_int(row, 2);
    const void *phone = db_get_blob(row, 3, &size);
    reading->code = vault_open_text(reading->recover->vault, out->phone, sizeof out->phone, PHONE,
                                    out->number, phone, size);
    out->language = (enum party_language)db_get_int(row, 4);
    out->step = (enum recover_step)db_get_int(row, 5);
    out->factors = (unsigned)db_get_int(row, 6);
    out->face = (enum recover_face)db_get_int(row, 7);
    reading->face_tries_used = (int32_t)db_get_int(row, 8);
    out->created_us = db_get_int(row, 9);
    out->expires_us = db_get_int(row, 10);
    return false;
}

#define SELECT_RESET                                                                               \
    "SELECT id, kind, person, phone, language, step, factors, face, face_tries, created_us, "      \
    "expires_us FROM recover_reset WHERE number = $1"

enum code recover_store_load(struct db *db, const struct recover *recover, int64_t number,
                             bool lock, struct recover_reset *out)
{
    const struct db_value value = db_int(number);
    struct reading reading = {.recover = recover, .out = out};
    const int64_t now_us = env_now(recover->env);
    bool found;
    *out = (struct recover_reset){.number = number};
    // An update that changes nothing locks the row on both engines.
    if (lock)
        GUARD(
            db_exec(db, "UPDATE recover_reset SET step = step WHERE number = $1", &value, 1, NULL));
    GUARD(db_query_one(db, SELECT_RESET, &value, 1, visit_reset, &reading, &found));
    ENSURE(found, CODE_NOT_FOUND);
    GUARD(reading.code);
    ENSURE(out->expires_us > now_us, CODE_NOT_FOUND);
    const int32_t tries =
        guard_reset_rules(recover->profiles, time_business_date(now_us))->face_tries;
    out->face_tries_left = tries > reading.face_tries_used ? tries - reading.face_tries_used : 0;
    return OK;
}

enum code recover_store_by_token(struct db *db, const struct vault_hash *hash, int64_t *out_number)
{
    const struct db_value value = db_blob(hash->bytes, sizeof hash->bytes);
    GUARD(db_query_int(db, out_number, "SELECT number FROM recover_reset WHERE token_hash = $1",
                       &value, 1, 0));
    return *out_number != 0 ? OK : CODE_NOT_FOUND;
}

enum code recover_store_by_id(struct db *db, const struct id *id, int64_t *out_number)
{
    const struct db_value value = db_id(id);
    GUARD(db_query_int(db, out_number, "SELECT number FROM recover_reset WHERE id = $1", &value, 1,
                       0));
    return *out_number != 0 ? OK : CODE_NOT_FOUND;
}

enum code recover_store_update(struct db *db, const struct recover_reset *reset,
                               int32_t face_tries_used)
{
    const struct db_value values[] = {db_int(reset->number), db_int(reset->step),
                                      db_int((int64_t)reset->factors), db_int(reset->face),
                                      db_int(face_tries_used)};
    return db_exec(db,
                   "UPDATE recover_reset SET step = $2, factors = $3, face = $4, "
                   "face_tries = face_tries + $5 WHERE number = $1",
                   values, 5, NULL);
}

enum code recover_end(struct db *db, int64_t number)
{
    const struct db_value value = db_int(number);
    return db_exec(db, "DELETE FROM recover_reset WHERE number = $1", &value, 1, NULL);
}

enum code recover_prune(struct db *db, int64_t now_us, size_t limit, int64_t *out_deleted)
{
    const struct db_value values[] = {db_int(now_us - INT64_C(3600) * 1000000),
                                      db_int((int64_t)limit)};
    return db_exec(db,
                   "DELETE FROM recover_reset WHERE number IN (SELECT number FROM recover_reset "
                   "WHERE expires_us < $1 LIMIT $2)",
                   values, 2, out_deleted);
}
