// SQL of people, wallets and merchants.
#include "party/party_priv.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct party_sealed party_seal_text(const struct vault *vault, const char *context, int64_t owner,
                                    const char *text)
{
    struct party_sealed sealed;
    const size_t size = strnlen(text, PARTY_SEALED_MAX - VAULT_SEAL_OVERHEAD);
    sealed.size = vault_seal(vault, sealed.bytes, context, owner, text, size);
    return sealed;
}

// --- wallets
// --------------------------------------------------------------------------------------

#define WALLET_COLUMNS                                                                             \
    "person, number, account_cny, account_usd, wallet_class, state, nopin, language"

static void wallet_read(struct party_wallet *out, const struct db_row *row)
{
    out->person = db_get_int(row, 0);
    text_copy(out->number, sizeof out->number, db_get_text(row, 1));
    out->account_cny = db_get_int(row, 2);
    out->account_usd = db_get_int(row, 3);
    out->wallet_class = (int32_t)db_get_int(row, 4);
    out->state = (enum party_state)db_get_int(row, 5);
    out->nopin = db_get_int(row, 6) != 0;
    out->language = (enum party_language)db_get_int(row, 7);
}

static bool visit_wallet(void *context, const struct db_row *row)
{
    wallet_read(context, row);
    return true;
}

enum code party_wallet_load(struct db *db, int64_t person, struct party_wallet *out)
{
    bool found;
    const struct db_value values[] = {db_int(person)};
    GUARD(db_query_one(db, "SELECT " WALLET_COLUMNS " FROM party_wallet WHERE person = $1", values,
                       COUNT(values), visit_wallet, out, &found));
    return found ? OK : CODE_NOT_FOUND;
}

struct many {
    void (*found)(void *context, const struct party_wallet *wallet);
    void *context;
};

static bool visit_many(void *context, const struct db_row *row)
{
    const struct many *many = context;
    struct party_wallet wallet;
    wallet_read(&wallet, row);
    many->found(many->context, &wallet);
    return true;
}

enum code party_wallets_load(struct db *db, const int64_t *persons, size_t count,
                             void (*found)(void *context, const struct party_wallet *wallet),
                             void *context)
{
    struct many many = {found, context};
    struct db_value *values = mem_alloc(count * sizeof *values);
    for (size_t i = 0; i < count; i++)
        values[i] = db_int(persons[i]);
    const enum code code =
        db_select_many(db, "SELECT " WALLET_COLUMNS " FROM party_wallet WHERE person = $1", values,
                       1, count, false, visit_many, &many);
    mem_free(values);
    return code;
}

enum code party_store_wallet_insert(struct db *db, const struct party_wallet *wallet)
{
    int64_t changes;
    const struct db_value values[] = {db_int(wallet->person),        db_text(wallet->number),
                                      db_int(wallet->account_cny),   db_int(wallet->account_usd),
                                      db_int(wallet->wallet_class),  db_int(wallet->state),
                                      db_int(wallet->nopin ? 1 : 0), db_int(wallet->language)};
    GUARD(db_exec(db,
                  "INSERT INTO party_wallet (" WALLET_COLUMNS ") "
                  "VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING",
                  values, COUNT(values), &changes));
    return changes == 1 ? OK : CODE_BUSY;
}

static enum code set_wallet(struct db *db, const char *sql, int64_t value, int64_t person)
{
    int64_t changes;
    const struct db_value values[] = {db_int(value), db_int(person)};
    GUARD(db_exec(db, sql, values, COUNT(values), &changes));
    return changes == 1 ? OK : CODE_NOT_FOUND;
}

enum code party_set_language(struct db *db, int64_t person, enum party_language language)
{
    return set_wallet(db, "UPDATE party_wallet SET language = $1 WHERE person = $2", language,
                      person);
}

enum code party_set_nopin(struct db *db, int64_t person, bool enabled)
{
    return set_wallet(db, "UPDATE party_wallet SET nopin = $1 WHERE person = $2", enabled ? 1 : 0,
                      person);
}

enum code party_store_set_state(struct db *db, int64_t person, enum party_state state,
                                int64_t frozen_us)
{
    GUARD(set_wallet(db, "UPDATE party_wallet SET state = $1 WHERE person = $2", state, person));
    return set_wallet(db, "UPDATE party_person SET frozen_us = $1 WHERE id = $2", frozen_us,
                      person);
}

// --- people
// ---------------------------------------------------------------------------------------

struct person_read {
    const struct vault *vault;
    struct party_person *out;
    enum code code;
};

static void open_column(struct person_read *read, char *out, size_t capacity, const char *context,
                        const struct db_row *row, int column)
{
    size_t size;
    const void *sealed = db_get_blob(row, column, &size);
    const enum code code =
        vault_open_text(read->vault, out, capacity, context, read->out->id, sealed, size);
    if (read->code == OK)
        read->code = code;
}

static bool visit_person(void *context, const struct db_row *row)
{
    struct person_read *read = context;
    struct party_person *out = read->out;
    wallet_read(&out->wallet, row);
    out->id = out->wallet.person;
    open_column(read, out->name, sizeof out->name, PARTY_SEAL_NAME, row, 8);
    open_column(read, out->phone, sizeof out->phone, PARTY_SEAL_PHONE, row, 9);
    char id_number[PARTY_ID_NUMBER_MAX] = "";
    open_column(read, id_number, sizeof id_number, PARTY_SEAL_ID_NUMBER, row, 10);
    out->opened_us = db_get_int(row, 11);
    out->frozen_us = db_get_int(row, 12);
    out->document = (int32_t)db_get_int(row, 13);
    out->document_until = (int32_t)db_get_int(row, 14);
    char about[24] = "";
    open_column(read, about, sizeof about, PARTY_SEAL_ABOUT, row, 15);
    if (read->code == OK && out->document == 0)
        party_mask_phone(out->name, out->phone);
    if (read->code == OK && strlen(about) == 10) {
        for (int i = 0; i < 8; i++)
            out->birth_date = out->birth_date * 10 + (about[i] - '0');
        out->sex = about[9] == '2' ? PARTY_FEMALE : PARTY_MALE;
        mem_wipe(id_number, sizeof id_number);
        return true;
    }
    if (read->code == OK && strlen(id_number) == 18) {
        out->birth_date = 0;
        for (int i = 6; i < 14; i++)
            out->birth_date = out->birth_date * 10 + (id_number[i] - '0');
        out->sex = (id_number[16] - '0') % 2 == 1 ? PARTY_MALE : PARTY_FEMALE;
    }
    mem_wipe(id_number, sizeof id_number);
    return true;
}

enum code party_person_load(struct db *db, const struct vault *vault, int64_t person,
                            struct party_person *out)
{
    bool found;
    struct person_read read = {vault, out, OK};
    const struct db_value values[] = {db_int(person)};
    *out = (struct party_person){.id = person};
    GUARD(db_query_one(db,
                       "SELECT " WALLET_COLUMNS
                       ", name, phone, id_number, opened_us, frozen_us, document, "
                       "document_until, about FROM party_wallet "
                       "JOIN party_person ON id = person WHERE person = $1",
                       values, COUNT(values), visit_person, &read, &found));
    ENSURE(found, CODE_NOT_FOUND);
    return read.code;
}

struct id_number_read {
    const struct vault *vault;
    int64_t person;
    char *out;
    enum code code;
};

static bool visit_id_number(void *context, const struct db_row *row)
{
    struct id_number_read *read = context;
    size_t size;
    const void *sealed = db_get_blob(row, 0, &size);
    read->code = vault_open_text(read->vault, read->out, PARTY_ID_NUMBER_MAX, PARTY_SEAL_ID_NUMBER,
                                 read->person, sealed, size);
    return true;
}

enum code party_id_number_load(struct db *db, const struct vault *vault, int64_t person,
                               char out[PARTY_ID_NUMBER_MAX])
{
    bool found;
    struct id_number_read read = {vault, person, out, OK};
    const struct db_value values[] = {db_int(person)};
    GUARD(db_query_one(db, "SELECT id_number FROM party_person WHERE id = $1", values,
                       COUNT(values), visit_id_number, &read, &found));
    ENSURE(found, CODE_NOT_FOUND);
    return read.code;
}

enum code party_store_person_by_hash(struct db *db, bool by_phone, const struct vault_hash *hash,
                                     int64_t *out_person)
{
    const struct db_value values[] = {db_blob(hash->bytes, sizeof hash->bytes)};
    const char *sql = by_phone
                          ? "SELECT id FROM party_person WHERE phone_hash = $1 AND closed_us = 0"
                          : "SELECT id FROM party_person WHERE id_hash = $1 AND closed_us = 0";
    GUARD(db_query_int(db, out_person, sql, values, COUNT(values), 0));
    return *out_person != 0 ? OK : CODE_NOT_FOUND;
}

enum code party_find_by_wallet_number(struct db *db, const char *number, int64_t *out_person)
{
    const struct db_value values[] = {db_text(number)};
    GUARD(db_query_int(db, out_person,
                       "SELECT person FROM party_wallet WHERE number = $1 AND state <> 3", values,
                       COUNT(values), 0));
    return *out_person != 0 ? OK : CODE_NOT_FOUND;
}

enum code party_store_person_insert(struct db *db, const struct party_person_row *row)
{
    int64_t changes;
    const struct db_value values[] = {db_int(row->id),
                                      party_sealed_value(&row->name),
                                      party_sealed_value(&row->id_number),
                                      party_sealed_value(&row->phone),
                                      db_blob(row->id_hash.bytes, sizeof row->id_hash.bytes),
                                      db_blob(row->phone_hash.bytes, sizeof row->phone_hash.bytes),
                                      db_text(row->password),
                                      db_text(row->pin),
                                      db_int(row->now_us),
                                      db_int(row->document),
                                      db_int(row->document_until),
                                      row->about.size > 0 ? party_sealed_value(&row->about)
                                                          : db_null()};
    GUARD(db_exec(db,
                  "INSERT INTO party_person (id, name, id_number, phone, id_hash, phone_hash, "
                  "password, pin, password_version, pin_version, password_us, pin_us, opened_us, "
                  "frozen_us, closed_us, document, document_until, about) "
                  "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 1, 1, $9, $9, $9, 0, 0, $10, $11, $12) "
                  "ON CONFLICT DO NOTHING",
                  values, COUNT(values), &changes));
    return changes == 1 ? OK : CODE_IDENTITY_IN_USE;
}

// Only who has no document yet.
enum code party_store_person_identify(struct db *db, const struct party_person_row *row)
{
    int64_t changes;
    const struct db_value values[] = {db_int(row->id),
                                      party_sealed_value(&row->name),
                                      party_sealed_value(&row->id_number),
                                      db_blob(row->id_hash.bytes, sizeof row->id_hash.bytes),
                                      db_int(row->document),
                                      db_int(row->document_until),
                                      row->about.size > 0 ? party_sealed_value(&row->about)
                                                          : db_null()};
    GUARD(
        db_exec(db,
                "UPDATE party_person SET name = $2, id_number = $3, id_hash = $4, document = $5, "
                "document_until = $6, about = $7 WHERE id = $1 AND document = 0 AND closed_us = 0",
                values, COUNT(values), &changes));
    return changes == 1 ? OK : CODE_NOT_ALLOWED;
}

enum code party_set_class(struct db *db, int64_t person, int32_t wallet_class)
{
    return set_wallet(db, "UPDATE party_wallet SET wallet_class = $1 WHERE person = $2",
                      wallet_class, person);
}

enum code party_set_document_until(struct db *db, int64_t person, int32_t until)
{
    return set_wallet(db,
                      "UPDATE party_person SET document_until = $1, document_told = 9999 "
                      "WHERE id = $2 AND document > 0",
                      until, person);
}

struct ending {
    void (*visit)(void *context, int64_t person, int32_t until);
    void *context;
};

static bool visit_ending(void *context, const struct db_row *row)
{
    const struct ending *ending = context;
    ending->visit(ending->context, db_get_int(row, 0), (int32_t)db_get_int(row, 1));
    return true;
}

enum code party_documents_ending(struct db *db, int32_t until, int32_t days, size_t limit,
                                 void (*visit)(void *context, int64_t person, int32_t until),
                                 void *context)
{
    struct ending ending = {visit, context};
    const struct db_value values[] = {db_int(until), db_int(days), db_int((int64_t)limit)};
    return db_query(db,
                    "UPDATE party_person SET document_told = $2 WHERE id IN (SELECT id FROM "
                    "party_person WHERE document_until > 0 AND document_until <= $1 AND "
                    "document_told > $2 AND closed_us = 0 LIMIT $3) "
                    "RETURNING id, document_until",
                    values, COUNT(values), visit_ending, &ending);
}

// --- credentials
// ------------------------------------------------------------------------------------

static bool visit_credentials(void *context, const struct db_row *row)
{
    struct party_credentials *out = context;
    text_copy(out->password, sizeof out->password, db_get_text(row, 0));
    text_copy(out->pin, sizeof out->pin, db_get_text(row, 1));
    out->password_version = db_get_int(row, 2);
    out->pin_version = db_get_int(row, 3);
    return true;
}

enum code party_credentials_load(struct db *db, int64_t person, struct party_credentials *out)
{
    bool found;
    const struct db_value values[] = {db_int(person)};
    GUARD(db_query_one(db,
                       "SELECT password, pin, password_version, pin_version FROM party_person "
                       "WHERE id = $1 AND closed_us = 0",
                       values, COUNT(values), visit_credentials, out, &found));
    return found ? OK : CODE_NOT_FOUND;
}

// The replaced hash is kept, the oldest kept ones go.
static enum code keep_past(struct db *db, enum vault_secret kind, int64_t person, int64_t version)
{
    const struct db_value keep[] = {db_int(person), db_int(version)};
    const struct db_value old[] = {db_int(person), db_int(kind),
                                   db_int(version - PARTY_SECRETS_KEPT)};
    GUARD(db_exec(db,
                  kind == VAULT_PIN
                      ? "INSERT INTO party_secret_past (person, kind, version, stored, at_us) "
                        "SELECT id, 2, pin_version, pin, pin_us FROM party_person "
                        "WHERE id = $1 AND pin_version = $2"
                      : "INSERT INTO party_secret_past (person, kind, version, stored, at_us) "
                        "SELECT id, 1, password_version, password, password_us FROM party_person "
                        "WHERE id = $1 AND password_version = $2",
                  keep, COUNT(keep), NULL));
    return db_exec(
        db, "DELETE FROM party_secret_past WHERE person = $1 AND kind = $2 AND version <= $3", old,
        COUNT(old), NULL);
}

static enum code set_secret(struct db *db, const char *sql, const struct db_value values[4])
{
    int64_t changes;
    GUARD(db_exec(db, sql, values, 4, &changes));
    return changes == 1 ? OK : CODE_REQUEST_RUNNING;
}

enum code party_set_password(struct db *db, int64_t person, const char *stored, int64_t version,
                             int64_t now_us)
{
    const struct db_value values[] = {db_text(stored), db_int(now_us), db_int(person),
                                      db_int(version)};
    GUARD(keep_past(db, VAULT_PASSWORD, person, version));
    return set_secret(db,
                      "UPDATE party_person SET password = $1, password_us = $2, "
                      "password_version = password_version + 1 "
                      "WHERE id = $3 AND password_version = $4",
                      values);
}

enum code party_set_pin(struct db *db, int64_t person, const char *stored, int64_t version,
                        int64_t now_us)
{
    const struct db_value values[] = {db_text(stored), db_int(now_us), db_int(person),
                                      db_int(version)};
    GUARD(keep_past(db, VAULT_PIN, person, version));
    return set_secret(db,
                      "UPDATE party_person SET pin = $1, pin_us = $2, "
                      "pin_version = pin_version + 1 WHERE id = $3 AND pin_version = $4",
                      values);
}

struct past {
    bool (*visit)(void *context, const char *stored);
    void *context;
};

static bool visit_past(void *context, const struct db_row *row)
{
    const struct past *past = context;
    return past->visit(past->context, db_get_text(row, 0));
}

enum code party_secrets_past(struct db *db, int64_t person, enum vault_secret kind, size_t max,
                             bool (*visit)(void *context, const char *stored), void *context)
{
    struct past past = {visit, context};
    const struct db_value values[] = {db_int(person), db_int(kind), db_int((int64_t)max)};
    return db_query(db,
                    "SELECT stored FROM party_secret_past WHERE person = $1 AND kind = $2 "
                    "ORDER BY version DESC LIMIT $3",
                    values, COUNT(values), visit_past, &past);
}

static bool visit_presence(void *context, const struct db_row *row)
{
    struct party_presence *out = context;
    const int64_t opened_us = db_get_int(row, 0);
    out->phone_proved_us = db_get_int(row, 1) > opened_us ? db_get_int(row, 1) : opened_us;
    out->seen_us = db_get_int(row, 2) > opened_us ? db_get_int(row, 2) : opened_us;
    return false;
}

enum code party_presence_load(struct db *db, int64_t person, struct party_presence *out)
{
    bool found;
    const struct db_value values[] = {db_int(person)};
    GUARD(db_query_one(db,
                       "SELECT opened_us, phone_proved_us, CAST(coalesce((SELECT "
                       "max(last_used_us) FROM party_session WHERE person = $1), 0) AS BIGINT) "
                       "FROM party_person WHERE id = $1",
                       values, COUNT(values), visit_presence, out, &found));
    return found ? OK : CODE_NOT_FOUND;
}

enum code party_phone_proved(struct db *db, int64_t person, int64_t now_us)
{
    const struct db_value values[] = {db_int(person), db_int(now_us)};
    return db_exec(db, "UPDATE party_person SET phone_proved_us = $2 WHERE id = $1", values,
                   COUNT(values), NULL);
}

// --- merchants
// ------------------------------------------------------------------------------------

#define MERCHANT_COLUMNS "id, number, name, name_en, verified, state, account_cny"

static bool visit_merchant(void *context, const struct db_row *row)
{
    struct party_merchant *out = context;
    out->id = db_get_int(row, 0);
    text_copy(out->number, sizeof out->number, db_get_text(row, 1));
    text_copy(out->name, sizeof out->name, db_get_text(row, 2));
    text_copy(out->name_en, sizeof out->name_en, db_get_text(row, 3));
    out->verified = db_get_int(row, 4) != 0;
    out->state = (enum party_state)db_get_int(row, 5);
    out->account_cny = db_get_int(row, 6);
    return true;
}

enum code party_merchant_load(struct db *db, int64_t merchant, struct party_merchant *out)
{
    bool found;
    const struct db_value values[] = {db_int(merchant)};
    GUARD(db_query_one(db, "SELECT " MERCHANT_COLUMNS " FROM party_merchant WHERE id = $1", values,
                       COUNT(values), visit_merchant, out, &found));
    return found ? OK : CODE_NOT_FOUND;
}

enum code party_merchant_by_number(struct db *db, const char *number, struct party_merchant *out)
{
    bool found;
    const struct db_value values[] = {db_text(number)};
    GUARD(db_query_one(db, "SELECT " MERCHANT_COLUMNS " FROM party_merchant WHERE number = $1",
                       values, COUNT(values), visit_merchant, out, &found));
    return found ? OK : CODE_NOT_FOUND;
}

enum code party_store_merchant_by_key(struct db *db, const struct vault_hash *key_hash,
                                      struct party_merchant *out, bool *out_found)
{
    const struct db_value values[] = {db_blob(key_hash->bytes, sizeof key_hash->bytes)};
    return db_query_one(db, "SELECT " MERCHANT_COLUMNS " FROM party_merchant WHERE key_hash = $1",
                        values, COUNT(values), visit_merchant, out, out_found);
}

enum code party_store_merchant_insert(struct db *db, const struct party_merchant *merchant,
                                      const struct vault_hash *key_hash, int64_t now_us)
{
    int64_t changes;
    const struct db_value values[] = {db_int(merchant->id),
                                      db_text(merchant->number),
                                      db_text(merchant->name),
                                      db_text(merchant->name_en),
                                      db_int(merchant->verified),
                                      db_int(merchant->state),
                                      db_int(merchant->account_cny),
                                      db_blob(key_hash->bytes, sizeof key_hash->bytes),
                                      db_int(now_us)};
    GUARD(db_exec(db,
                  "INSERT INTO party_merchant (" MERCHANT_COLUMNS ", key_hash, opened_us) "
                  "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING",
                  values, COUNT(values), &changes));
    return changes == 1 ? OK : CODE_NOT_ALLOWED;
}

enum code party_merchant_set_key(struct db *db, const struct vault *vault, int64_t merchant,
                                 const char *key)
{
    int64_t changes;
    const struct vault_hash hash = vault_token_hash(vault, VAULT_TOKEN_MERCHANT, key);
    const struct db_value values[] = {db_blob(hash.bytes, sizeof hash.bytes), db_int(merchant)};
    GUARD(db_exec(db, "UPDATE party_merchant SET key_hash = $1 WHERE id = $2", values,
                  COUNT(values), &changes));
    return changes == 1 ? OK : CODE_NOT_FOUND;
}
