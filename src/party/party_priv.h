// Inside of the party room only: SQL statements' shapes shared by rules and stores, and cache
// internals.
#ifndef PARTY_PARTY_PRIV_H
#define PARTY_PARTY_PRIV_H

#include "party/party.h"

// Contexts of sealed columns (vault_seal); owner = the person's id.
#define PARTY_SEAL_NAME "party_person.name"
#define PARTY_SEAL_ID_NUMBER "party_person.id_number"
#define PARTY_SEAL_PHONE "party_person.phone"
#define PARTY_SEAL_ABOUT "party_person.about"
#define PARTY_SEAL_NOTICE "party_notice.params"
#define PARTY_SEAL_OUTBOX "party_outbox.payload"

#define PARTY_SEALED_MAX 640

// A sealed text ready for a statement.
struct party_sealed {
    uint8_t bytes[PARTY_SEALED_MAX];
    size_t size;
};
static inline struct db_value party_sealed_value(const struct party_sealed *sealed)
{
    return db_blob(sealed->bytes, sealed->size);
}
// Seals a text of at most PARTY_SEALED_MAX - 41 bytes (longer is cut: callers check before).
struct party_sealed party_seal_text(const struct vault *vault, const char *context, int64_t owner,
                                    const char *text);

// --- identity rules shared by identity.c, document.c and repair.c ---

// Half-width ASCII of `typed` without spaces and hyphens. False: other characters, or it does not
// fit.
bool party_compact_ascii(char *out, size_t capacity, const char *typed);
bool party_date_real(int32_t date);
bool party_province_known(const char *number, const char *provinces);
// yyyymmdd of eight digits.
int32_t party_number_date(const char *digits);

// --- stores (party_store.c, party_session_store.c, party_outbox_store.c) ---

struct party_person_row {
    int64_t id;
    struct party_sealed name, id_number, phone;
    struct vault_hash id_hash, phone_hash;
    const char *password, *pin;
    int64_t now_us;
    int32_t document, document_until;
    struct party_sealed about; // size 0 = the number tells
};
enum code party_store_person_identify(struct db *db, const struct party_person_row *row);
enum code party_store_person_insert(struct db *db, const struct party_person_row *row);
enum code party_store_wallet_insert(struct db *db, const struct party_wallet *wallet);
enum code party_store_person_get(struct db *db, const struct vault *vault, int64_t id,
                                 struct party_person *out, bool *out_found);
enum code party_store_set_state(struct db *db, int64_t person, enum party_state state,
                                int64_t frozen_us);
enum code party_store_person_by_hash(struct db *db, bool by_phone, const struct vault_hash *hash,
                                     int64_t *out_person);

struct party_session_stored {
    struct party_session session;
    struct vault_hash token_hash;
    enum party_state state; // of the wallet
    int64_t ended_us;
};
enum code party_store_session_insert(struct db *db, const struct party_session_stored *row,
                                     const char *device, const char *address_masked);
enum code party_store_session_get(struct db *db, const struct vault_hash *token_hash,
                                  struct party_session_stored *out, bool *out_found);
// Persons with a session that ended after `since_us`; one may be visited several times.
enum code party_store_sessions_ended(struct db *db, int64_t since_us,
                                     void (*visit)(void *context, int64_t person), void *context);
enum code party_store_merchant_insert(struct db *db, const struct party_merchant *merchant,
                                      const struct vault_hash *key_hash, int64_t now_us);
enum code party_store_merchant_by_key(struct db *db, const struct vault_hash *key_hash,
                                      struct party_merchant *out, bool *out_found);

#endif
