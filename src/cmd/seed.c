// The play data of a fresh sandbox: people with wallets and money, one shop. Opened through the
// same functions as real ones.
#include "cmd/seed.h"

#include "play/play.h"

#include <stdio.h>
#include <string.h>

struct seeding {
    struct db_change change;
    struct api *api;
    const struct play_world *world;
    char passwords[16][VAULT_STORED_TEXT], pins[16][VAULT_STORED_TEXT];
    char numbers[16][PARTY_WALLET_NUMBER];
    struct party_merchant shop;
};

// The operator pays the opening balance from its cash at the bank.
static enum code fund(struct db *db, const struct api *api, int64_t account, int64_t amount)
{
    const int64_t cash = books_chart_account(MONEY_CNY, BOOKS_CASH_AT_BANK);
    const struct books_posting posting = {.kind = LEDGER_POST,
                                          .code = BOOKS_FUNDING,
                                          .debit = cash,
                                          .credit = account,
                                          .amount = amount,
                                          .currency = MONEY_CNY};
    const struct books_operation operation = {.id = id_new(api->env),
                                              .kind = BOOKS_FUNDING,
                                              .state = BOOKS_SUCCEEDED,
                                              .payer = cash,
                                              .payee = account,
                                              .amount = amount,
                                              .currency = MONEY_CNY,
                                              .postings = &posting,
                                              .posting_count = 1};
    struct arena *arena = arena_new();
    struct books_group *books;
    struct books_result result;
    enum code code = books_group_begin(&books, db, arena, env_now(api->env));
    if (code == OK)
        code = books_operate(&result, books, &operation, NULL);
    if (code == OK)
        code = books_group_write(books);
    arena_free(&arena);
    return code;
}

static enum code open_person(struct db *db, struct seeding *seeding, size_t index)
{
    const struct play_person *person = &seeding->world->people[index];
    const struct onboard_person in = {.name = person->name,
                                      .id_number = person->id_number,
                                      .phone = person->phone,
                                      .language = PARTY_ZH,
                                      .password_stored = seeding->passwords[index],
                                      .pin_stored = seeding->pins[index]};
    struct party_wallet wallet;
    GUARD(onboard_open(db, &seeding->api->onboard, &in, &wallet, NULL));
    (void)text_copy(seeding->numbers[index], PARTY_WALLET_NUMBER, wallet.number);
    return person->balance > 0 ? fund(db, seeding->api, wallet.account_cny, person->balance) : OK;
}

static enum code open_books(struct db *db, const struct api *api, int64_t merchant,
                            int64_t *out_account)
{
    struct arena *arena = arena_new();
    struct books_group *books;
    enum code code = books_group_begin(&books, db, arena, env_now(api->env));
    if (code == OK)
        code = books_open_chart(books, MONEY_CNY);
    if (code == OK)
        code = books_open_chart(books, MONEY_USD);
    if (code == OK)
        code = books_account_open(out_account, books, BOOKS_MERCHANT, merchant, MONEY_CNY);
    if (code == OK)
        code = books_group_write(books);
    arena_free(&arena);
    return code;
}

static enum code seed_run(struct db *db, struct db_change *change)
{
    struct seeding *seeding = (struct seeding *)change;
    const struct api *api = seeding->api;
    struct party_new_merchant shop = {.id = party_id_new(api->env),
                                      .name = seeding->world->shop.name,
                                      .name_en = seeding->world->shop.name_en,
                                      .verified = true,
                                      .key = seeding->world->shop.merchant_key};
    GUARD(open_books(db, api, shop.id, &shop.account_cny));
    GUARD(party_merchant_add(db, api->vault, api->env, &shop, &seeding->shop));
    for (size_t i = 0; i < seeding->world->person_count; i++)
        if (seeding->world->people[i].opened)
            GUARD(open_person(db, seeding, i));
    return OK;
}

// Argon2id is slow on purpose: hashed before the transaction.
static enum code hash_secrets(struct seeding *seeding)
{
    for (size_t i = 0; i < seeding->world->person_count; i++) {
        const struct play_person *person = &seeding->world->people[i];
        if (!person->opened)
            continue;
        GUARD(vault_password_hash(seeding->api->vault, VAULT_PASSWORD, person->password,
                                  seeding->passwords[i]));
        GUARD(vault_password_hash(seeding->api->vault, VAULT_PIN, person->pin, seeding->pins[i]));
    }
    return OK;
}

// --- what the sandbox pages read ---

static enum code write_file(const char *path, const struct buffer *text)
{
    FILE *file = fopen(path, "wb");
    ENSURE(file != NULL, CODE_INTERNAL);
    const size_t written = fwrite(text->data, 1, text->size, file);
    return fclose(file) == 0 && written == text->size ? OK : CODE_INTERNAL;
}

static void write_cards(struct net_json_writer *w, const struct play_person *person)
{
    net_json_begin_array(w, "cards");
    for (size_t i = 0; i < person->card_count; i++) {
        net_json_begin_object(w, NULL);
        net_json_string(w, "card_number", person->cards[i].card_number);
        net_json_string(w, "bank", person->cards[i].bank);
        api_money(w, "balance", person->cards[i].balance, MONEY_CNY);
        net_json_end_object(w);
    }
    net_json_end_array(w);
}

static void write_document(struct net_json_writer *w, const struct play_person *person)
{
    net_json_string(w, "document", person->document);
    net_json_string(w, "valid_until", person->valid_until);
    if (person->birth_date[0] == '\0')
        return;
    net_json_string(w, "birth_date", person->birth_date);
    net_json_string(w, "sex", person->sex);
}

static enum code write_people(const struct seeding *seeding)
{
    struct buffer text = {0};
    struct net_json_writer w = {&text, false};
    net_json_begin_object(&w, NULL);
    net_json_begin_array(&w, "data");
    for (size_t i = 0; i < seeding->world->person_count; i++) {
        const struct play_person *person = &seeding->world->people[i];
        net_json_begin_object(&w, NULL);
        net_json_string(&w, "name", person->name);
        net_json_string(&w, "id_number", person->id_number);
        net_json_string(&w, "phone", person->phone);
        net_json_string(&w, "password", person->password);
        net_json_string(&w, "pin", person->pin);
        net_json_string(&w, "wallet_number", person->opened ? seeding->numbers[i] : NULL);
        net_json_bool(&w, "opened", person->opened);
        if (person->document[0] != '\0')
            write_document(&w, person);
        write_cards(&w, person);
        net_json_end_object(&w);
    }
    net_json_end_array(&w);
    net_json_end_object(&w);
    const enum code code = write_file(seeding->api->people_file, &text);
    buffer_free(&text);
    return code;
}

static enum code write_shop(const struct seeding *seeding)
{
    const struct api *api = seeding->api;
    struct pay_token token = {.kind = PAY_TOKEN_MERCHANT};
    char text[PAY_TOKEN_TEXT], qr[512];
    (void)text_copy(token.number, sizeof token.number, seeding->shop.number);
    pay_token_make(api->vault, &token, text);
    snprintf(qr, sizeof qr, "%s/q/%s", api->public_url, text);
    struct buffer json = {0};
    struct net_json_writer w = {&json, false};
    net_json_begin_object(&w, NULL);
    net_json_string(&w, "name", seeding->shop.name);
    net_json_string(&w, "name_en", seeding->shop.name_en);
    net_json_string(&w, "merchant_key", seeding->world->shop.merchant_key);
    net_json_string(&w, "static_qr_text", qr);
    net_json_end_object(&w);
    const enum code code = write_file(api->shop_file, &json);
    buffer_free(&json);
    return code;
}

static enum code needs_seed(const struct api *api, bool *out)
{
    int64_t account;
    struct db *db = db_pool_take(api->pool);
    const enum code code = books_last_seq(&account, db);
    db_pool_give(api->pool, db);
    *out = account == 0;
    return code;
}

enum code seed_play(struct api *api, const char *share)
{
    char path[1024];
    bool needed;
    GUARD(needs_seed(api, &needed));
    if (!needed)
        return OK;
    struct play_world *world = mem_alloc(sizeof *world);
    struct seeding *seeding = mem_alloc(sizeof *seeding);
    snprintf(path, sizeof path, "%s/spec/play/people.json", share);
    seeding->api = api;
    seeding->world = world;
    seeding->change.run = seed_run;
    enum code code = play_world_load(world, path);
    if (code == OK)
        code = hash_secrets(seeding);
    if (code == OK)
        code = db_committer_run(api->committer, &seeding->change);
    if (code == OK)
        code = write_people(seeding);
    if (code == OK)
        code = write_shop(seeding);
    mem_free_secret(world, sizeof *world);
    mem_free_secret(seeding, sizeof *seeding);
    return code;
}
