// People, wallets and merchants: making them, finding them, freezing them.
#include "party/party_document.h"
#include "party/party_priv.h"

#include "books/books.h"

#include <stdio.h>
#include <string.h>

static const char WALLET_PREFIX[] = "6688"; // of wallet numbers; no card scheme uses it
static const char MERCHANT_PREFIX[] = "88";

static uint64_t random_number(const struct env *env)
{
    uint64_t value;
    env->entropy(env->context, &value, sizeof value);
    return value;
}

int64_t party_id_new(const struct env *env)
{
    return (int64_t)(random_number(env) >> 2) | 1;
}

// `prefix`, random digits, Luhn check digit: `digits` in all.
static void number_new(char *out, size_t digits, const char *prefix, const struct env *env)
{
    size_t used = strlen(prefix);
    memcpy(out, prefix, used);
    uint64_t random = random_number(env);
    for (; used + 1 < digits; used++) {
        out[used] = (char)('0' + random % 10);
        random /= 10;
    }
    out[used] = text_luhn(out, used);
    out[used + 1] = '\0';
}

enum code party_find_by_phone(struct db *db, const struct vault *vault, const char *phone,
                              int64_t *out_person)
{
    char normal[PARTY_PHONE_MAX];
    *out_person = 0;
    ENSURE(party_phone_normalise(normal, phone) == OK, CODE_NOT_FOUND);
    const struct vault_hash hash = vault_search_hash(vault, VAULT_SEARCH_PHONE, normal);
    return party_store_person_by_hash(db, true, &hash, out_person);
}

enum code party_find_by_id_number(struct db *db, const struct vault *vault, const char *id_number,
                                  int64_t *out_person)
{
    const struct vault_hash hash = vault_search_hash(vault, VAULT_SEARCH_ID_NUMBER, id_number);
    return party_store_person_by_hash(db, false, &hash, out_person);
}

// What is taken is told apart here; the unique indexes hold it against changes of other processes.
static enum code check_free(struct db *db, const struct party_person_row *row,
                            struct problem *problem)
{
    int64_t other;
    const enum code by_id = party_store_person_by_hash(db, false, &row->id_hash, &other);
    if (by_id == OK)
        return problem_set(problem, CODE_IDENTITY_IN_USE, CHARGED_NOT_INVOLVED);
    ENSURE(by_id == CODE_NOT_FOUND, by_id);
    const enum code by_phone = party_store_person_by_hash(db, true, &row->phone_hash, &other);
    if (by_phone == OK)
        return problem_set(problem, CODE_PHONE_IN_USE, CHARGED_NOT_INVOLVED);
    return by_phone == CODE_NOT_FOUND ? OK : by_phone;
}

static enum code wallet_add(struct db *db, const struct env *env, struct party_wallet *wallet)
{
    enum code code = CODE_BUSY;
    for (int attempt = 0; attempt < 5 && code == CODE_BUSY; attempt++) {
        number_new(wallet->number, PARTY_WALLET_NUMBER - 1, WALLET_PREFIX, env);
        code = party_store_wallet_insert(db, wallet);
    }
    return code == CODE_BUSY ? CODE_INTERNAL : code;
}

// Birth date and sex of a document whose number does not tell them.
static struct party_sealed seal_about(const struct vault *vault, int64_t id,
                                      const struct party_new_person *person)
{
    char text[24];
    const bool tells =
        strlen(person->id_number) == 18 && person->document != PARTY_PERMANENT_RESIDENT;
    if (tells || person->id_number[0] == '\0')
        return (struct party_sealed){.size = 0};
    (void)snprintf(text, sizeof text, "%d %d", (int)person->birth_date, (int)person->sex);
    return party_seal_text(vault, PARTY_SEAL_ABOUT, id, text);
}

// Who has no document shares its place in the index with nobody.
static struct vault_hash id_hash_of(const struct vault *vault, int64_t id, const char *id_number)
{
    char none[32];
    if (id_number[0] != '\0')
        return vault_search_hash(vault, VAULT_SEARCH_ID_NUMBER, id_number);
    (void)snprintf(none, sizeof none, "none %lld", (long long)id);
    return vault_search_hash(vault, VAULT_SEARCH_ID_NUMBER, none);
}

static int32_t document_of(const struct party_new_person *person)
{
    if (person->id_number[0] == '\0')
        return PARTY_NO_DOCUMENT;
    return person->document != PARTY_NO_DOCUMENT ? person->document : PARTY_RESIDENT_ID;
}

enum code party_person_identify(struct db *db, const struct vault *vault, int64_t person,
                                const struct party_new_person *identity, struct problem *problem)
{
    int64_t other;
    const struct party_person_row row = {
        .id = person,
        .name = party_seal_text(vault, PARTY_SEAL_NAME, person, identity->name),
        .id_number = party_seal_text(vault, PARTY_SEAL_ID_NUMBER, person, identity->id_number),
        .id_hash = id_hash_of(vault, person, identity->id_number),
        .document = document_of(identity),
        .document_until = identity->document_until,
        .about = seal_about(vault, person, identity),
    };
    ENSURE(row.document != PARTY_NO_DOCUMENT, CODE_NOT_ALLOWED);
    const enum code found = party_store_person_by_hash(db, false, &row.id_hash, &other);
    if (found == OK)
        return problem_set(problem, CODE_IDENTITY_IN_USE, CHARGED_NOT_INVOLVED);
    ENSURE(found == CODE_NOT_FOUND, found);
    GUARD(party_store_person_identify(db, &row));
    return party_set_class(db, person, identity->wallet_class);
}

enum code party_person_add(struct db *db, const struct vault *vault, const struct env *env,
                           const struct party_new_person *person, struct party_wallet *out,
                           struct problem *problem)
{
    const int64_t id = person->id != 0 ? person->id : party_id_new(env);
    const struct party_person_row row = {
        .id = id,
        .name = party_seal_text(vault, PARTY_SEAL_NAME, id, person->name),
        .id_number = party_seal_text(vault, PARTY_SEAL_ID_NUMBER, id, person->id_number),
        .phone = party_seal_text(vault, PARTY_SEAL_PHONE, id, person->phone),
        .id_hash = id_hash_of(vault, id, person->id_number),
        .document = document_of(person),
        .document_until = person->document_until,
        .about = seal_about(vault, id, person),
        .phone_hash = vault_search_hash(vault, VAULT_SEARCH_PHONE, person->phone),
        .password = person->password_stored,
        .pin = person->pin_stored,
        .now_us = env_now(env),
    };
    GUARD(check_free(db, &row, problem));
    const enum code code = party_store_person_insert(db, &row);
    if (code == CODE_IDENTITY_IN_USE)
        return problem_set(problem, code, CHARGED_NOT_INVOLVED);
    GUARD(code);
    *out = (struct party_wallet){
        .person = id,
        .account_cny = person->account_cny,
        .account_usd = person->account_usd,
        .wallet_class = person->wallet_class,
        .state = PARTY_ACTIVE,
        .nopin = true,
        .language = person->language,
    };
    return wallet_add(db, env, out);
}

// The ledger refuses outgoing money of its own accord: no code path can forget the freeze.
static enum code permit(struct db *db, const struct party_wallet *wallet, bool frozen,
                        int64_t now_us)
{
    struct arena *arena = arena_new();
    struct books_group *group;
    const int64_t accounts[] = {wallet->account_cny, wallet->account_usd};
    enum code code = books_group_begin(&group, db, arena, now_us);
    for (size_t i = 0; code == OK && i < 2; i++) {
        if (accounts[i] != 0)
            code = books_account_permit(group, accounts[i], frozen ? LEDGER_FROZEN_OUT : 0,
                                        frozen ? 0 : LEDGER_FROZEN_OUT, NULL);
    }
    if (code == OK)
        code = books_group_write(group);
    arena_free(&arena);
    return code;
}

enum code party_set_frozen(struct db *db, int64_t person, bool frozen, int64_t now_us)
{
    struct party_wallet wallet;
    GUARD(party_wallet_load(db, person, &wallet));
    ENSURE(wallet.state != PARTY_CLOSED, CODE_NOT_ALLOWED);
    const enum party_state wanted = frozen ? PARTY_FROZEN : PARTY_ACTIVE;
    if (wallet.state == wanted)
        return OK;
    GUARD(permit(db, &wallet, frozen, now_us));
    return party_store_set_state(db, person, wanted, frozen ? now_us : 0);
}

enum code party_merchant_add(struct db *db, const struct vault *vault, const struct env *env,
                             const struct party_new_merchant *merchant, struct party_merchant *out)
{
    *out = (struct party_merchant){
        .id = merchant->id != 0 ? merchant->id : party_id_new(env),
        .verified = merchant->verified,
        .state = PARTY_ACTIVE,
        .account_cny = merchant->account_cny,
    };
    number_new(out->number, 12, MERCHANT_PREFIX, env);
    ENSURE(text_copy(out->name, sizeof out->name, merchant->name), CODE_NAME_INVALID);
    ENSURE(text_copy(out->name_en, sizeof out->name_en, merchant->name_en), CODE_NAME_INVALID);
    const struct vault_hash hash = vault_token_hash(vault, VAULT_TOKEN_MERCHANT, merchant->key);
    return party_store_merchant_insert(db, out, &hash, env_now(env));
}
