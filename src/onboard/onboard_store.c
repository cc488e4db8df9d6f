// SQL of onboard_application. Name, ID number and phone are sealed to the application's number.
#include "onboard/onboard_priv.h"

#include <stdio.h>
#include <string.h>

#define COLUMNS                                                                                    \
    "number, id, token_hash, case_number, state, language, terms_version, consent_face, name, "    \
    "id_number, phone, phone_verified_us, face, face_tries, password, pin, refusal, created_us, "  \
    "submitted_us, checking_us, decided_us, expires_us, wallet_class, upgrade_of, document, "      \
    "document_until, about, review, own_us, seen_us"

static const char NAME[] = "onboard_application.name";
static const char ID_NUMBER[] = "onboard_application.id_number";
static const char PHONE[] = "onboard_application.phone";
static const char ABOUT[] = "onboard_application.about";

struct sealed {
    uint8_t bytes[PARTY_NAME_MAX + VAULT_SEAL_OVERHEAD];
};

static struct db_value seal(struct sealed *out, const struct onboard *onboard, const char *context,
                            int64_t number, const char *text)
{
    if (text[0] == '\0')
        return db_null();
    const size_t size = vault_seal(onboard->vault, out->bytes, context, number, text, strlen(text));
    return db_blob(out->bytes, size);
}

static struct db_value text_or_null(const char *text)
{
    return text[0] == '\0' ? db_null() : db_text(text);
}

static struct db_value refusal_value(enum code refusal)
{
    return refusal == OK ? db_null() : db_text(error_slug(refusal));
}

static struct db_value token_value(const struct onboard_row *row)
{
    return row->has_token ? db_blob(row->token_hash.bytes, sizeof row->token_hash.bytes)
                          : db_null();
}

// Birth date and sex of a document that does not hold them in its number.
static struct db_value seal_about(struct sealed *out, const struct onboard *onboard,
                                  const struct onboard_application *application)
{
    char text[24] = "";
    if (application->has_identity && !onboard_derives(onboard, application->document))
        (void)snprintf(text, sizeof text, "%d %d", (int)application->birth_date,
                       (int)application->sex);
    return seal(out, onboard, ABOUT, application->number, text);
}

// --- write ---

enum code onboard_store_insert(struct db *db, const struct onboard *onboard,
                               const struct onboard_row *row, bool *out_inserted)
{
    const struct onboard_application *application = &row->application;
    struct sealed name, id_number, phone, about;
    int64_t changes = 0;
    const struct db_value values[] = {
        db_int(application->number),
        db_id(&application->id),
        token_value(row),
        db_text(application->case_number),
        db_int(application->state),
        db_int(application->language),
        db_text(application->terms_version),
        db_int(application->consent_face ? 1 : 0),
        seal(&name, onboard, NAME, application->number, application->name),
        seal(&id_number, onboard, ID_NUMBER, application->number, application->id_number),
        seal(&phone, onboard, PHONE, application->number, application->phone),
        db_int(row->phone_verified_us),
        db_int(application->face),
        db_int(row->face_tries),
        text_or_null(row->password),
        text_or_null(row->pin),
        refusal_value(application->refusal),
        db_int(application->created_us),
        db_int(application->submitted_us),
        db_int(application->checking_us),
        db_int(application->decided_us),
        db_int(application->expires_us),
        db_int(application->wallet_class),
        db_int(application->upgrade_of),
        db_int(application->document),
        db_int(application->document_until),
        seal_about(&about, onboard, application),
        db_int(application->review),
        db_int(application->own_us),
        db_int(row->seen_us),
    };
    GUARD(db_exec(db,
                  "INSERT INTO onboard_application (" COLUMNS ") VALUES ($1, $2, $3, $4, $5, $6, "
                  "$7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, "
                  "$23, $24, $25, $26, $27, $28, $29, $30) "
                  "ON CONFLICT DO NOTHING",
                  values, sizeof values / sizeof values[0], &changes));
    *out_inserted = changes == 1;
    return OK;
}

enum code onboard_store_update(struct db *db, const struct onboard *onboard,
                               const struct onboard_row *row)
{
    const struct onboard_application *application = &row->application;
    struct sealed name, id_number, phone, about;
    int64_t changes = 0;
    const struct db_value values[] = {
        db_int(application->number),
        token_value(row),
        db_int(application->state),
        seal(&name, onboard, NAME, application->number, application->name),
        seal(&id_number, onboard, ID_NUMBER, application->number, application->id_number),
        seal(&phone, onboard, PHONE, application->number, application->phone),
        db_int(row->phone_verified_us),
        db_int(application->face),
        db_int(row->face_tries),
        text_or_null(row->password),
        text_or_null(row->pin),
        refusal_value(application->refusal),
        db_int(application->submitted_us),
        db_int(application->checking_us),
        db_int(application->decided_us),
        db_int(application->document),
        db_int(application->document_until),
        seal_about(&about, onboard, application),
        db_int(application->review),
        db_int(application->own_us),
        db_int(row->seen_us),
    };
    GUARD(db_exec(db,
                  "UPDATE onboard_application SET token_hash = $2, state = $3, name = $4, "
                  "id_number = $5, phone = $6, phone_verified_us = $7, face = $8, "
                  "face_tries = $9, password = $10, pin = $11, refusal = $12, submitted_us = $13, "
                  "checking_us = $14, decided_us = $15, document = $16, document_until = $17, "
                  "about = $18, review = $19, own_us = $20, seen_us = $21 WHERE number = $1",
                  values, sizeof values / sizeof values[0], &changes));
    return changes == 1 ? OK : CODE_NOT_FOUND;
}

enum code onboard_store_give_up(struct db *db, int64_t number, int64_t *out_changes)
{
    const struct db_value value = db_int(number);
    GUARD(db_exec(db, "DELETE FROM onboard_application WHERE number = $1 AND state = 1", &value, 1,
                  out_changes));
    if (*out_changes > 0)
        return OK;
    return db_exec(db,
                   "UPDATE onboard_application SET token_hash = NULL "
                   "WHERE number = $1 AND state IN (4, 5)",
                   &value, 1, out_changes);
}

enum code onboard_store_prune(struct db *db, int64_t now_us, size_t limit, int64_t *out_deleted)
{
    const struct db_value values[] = {db_int(now_us), db_int((int64_t)limit)};
    return db_exec(db,
                   "DELETE FROM onboard_application WHERE number IN (SELECT number FROM "
                   "onboard_application WHERE expires_us <= $1 AND state = 1 "
                   "ORDER BY expires_us LIMIT $2)",
                   values, 2, out_deleted);
}

// --- read ---

struct reading {
    const struct onboard *onboard;
    struct onboard_row *row;
    bool found;
    enum code code;
};

static void open_text(struct reading *reading, const struct db_row *row, int column,
                      const char *context, char *out, size_t capacity)
{
    size_t size = 0;
    const void *sealed = db_get_blob(row, column, &size);
    const enum code code = vault_open_text(reading->onboard->vault, out, capacity, context,
                                           db_get_int(row, 0), sealed, size);
    if (code != OK)
        reading->code = code;
}

static void read_token(struct onboard_row *out, const struct db_row *row)
{
    size_t size = 0;
    const void *hash = db_get_blob(row, 2, &size);
    out->has_token = hash != NULL && size == sizeof out->token_hash.bytes;
    if (out->has_token)
        memcpy(out->token_hash.bytes, hash, size);
}

static void read_plain(struct onboard_row *out, const struct db_row *row)
{
    struct onboard_application *application = &out->application;
    application->number = db_get_int(row, 0);
    application->id = db_get_id(row, 1);
    (void)text_copy(application->case_number, sizeof application->case_number, db_get_text(row, 3));
    application->state = (enum onboard_state)db_get_int(row, 4);
    application->language = (enum party_language)db_get_int(row, 5);
    (void)text_copy(application->terms_version, sizeof application->terms_version,
                    db_get_text(row, 6));
    application->consent_face = db_get_int(row, 7) != 0;
    out->phone_verified_us = db_get_int(row, 11);
    application->face = (enum onboard_face)db_get_int(row, 12);
    out->face_tries = (int32_t)db_get_int(row, 13);
    (void)text_copy(out->password, sizeof out->password, db_get_text(row, 14));
    (void)text_copy(out->pin, sizeof out->pin, db_get_text(row, 15));
    const enum code refusal = error_by_slug(db_get_text(row, 16));
    application->refusal = refusal == CODE_COUNT ? OK : refusal;
    application->created_us = db_get_int(row, 17);
    application->submitted_us = db_get_int(row, 18);
    application->checking_us = db_get_int(row, 19);
    application->decided_us = db_get_int(row, 20);
    application->expires_us = db_get_int(row, 21);
    application->wallet_class = (int32_t)db_get_int(row, 22);
    application->upgrade_of = db_get_int(row, 23);
    application->document = (enum party_document)db_get_int(row, 24);
    application->document_until = (int32_t)db_get_int(row, 25);
    application->review = (enum onboard_review)db_get_int(row, 27);
    application->own_us = db_get_int(row, 28);
    out->seen_us = db_get_int(row, 29);
}

static void read_about(struct onboard_application *application, const char *about)
{
    int64_t birth_date;
    char digits[9];
    if (strlen(about) != 10)
        return;
    (void)text_copy(digits, sizeof digits, about);
    if (text_to_int64(&birth_date, digits))
        application->birth_date = (int32_t)birth_date;
    application->sex = about[9] == '2' ? PARTY_FEMALE : PARTY_MALE;
}

static bool visit_row(void *context, const struct db_row *row)
{
    struct reading *reading = context;
    struct onboard_row *out = reading->row;
    struct onboard_application *application = &out->application;
    reading->found = true;
    read_plain(out, row);
    read_token(out, row);
    open_text(reading, row, 8, NAME, application->name, sizeof application->name);
    open_text(reading, row, 9, ID_NUMBER, application->id_number, sizeof application->id_number);
    open_text(reading, row, 10, PHONE, application->phone, sizeof application->phone);
    char about[24] = "";
    open_text(reading, row, 26, ABOUT, about, sizeof about);
    read_about(application, about);
    return false;
}

enum code onboard_store_load(struct db *db, const struct onboard *onboard, int64_t number,
                             bool lock, struct onboard_row *out)
{
    struct reading reading = {.onboard = onboard, .row = out};
    const struct db_value value = db_int(number);
    *out = (struct onboard_row){0};
    GUARD(db_select_many(db, "SELECT " COLUMNS " FROM onboard_application WHERE number = $1",
                         &value, 1, 1, lock, visit_row, &reading));
    ENSURE(reading.found, CODE_NOT_FOUND);
    GUARD(reading.code);
    GUARD(onboard_store_trouble_load(db, number, &out->application.trouble));
    GUARD(desk_documents_kinds(db, number, &out->application.photos));
    onboard_derive(out, onboard);
    return OK;
}

enum code onboard_store_by_token(struct db *db, const struct vault_hash *token_hash,
                                 int64_t *out_number)
{
    const struct db_value value = db_blob(token_hash->bytes, sizeof token_hash->bytes);
    GUARD(db_query_int(db, out_number,
                       "SELECT number FROM onboard_application WHERE token_hash = $1", &value, 1,
                       0));
    return *out_number != 0 ? OK : CODE_NOT_FOUND;
}

enum code onboard_store_by_id(struct db *db, const struct id *id, int64_t *out_number)
{
    const struct db_value value = db_id(id);
    GUARD(db_query_int(db, out_number, "SELECT number FROM onboard_application WHERE id = $1",
                       &value, 1, 0));
    return *out_number != 0 ? OK : CODE_NOT_FOUND;
}

enum code onboard_store_exists(struct db *db, int64_t number, bool *out)
{
    const struct db_value value = db_int(number);
    int64_t count;
    GUARD(db_query_int(db, &count, "SELECT count(*) FROM onboard_application WHERE number = $1",
                       &value, 1, 0));
    *out = count > 0;
    return OK;
}
