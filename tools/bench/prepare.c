// Many wallets with money, shops, and a session for each wallet, made through the same functions as
// real ones, in an empty database. The tokens go into a file for the load generator.
#include "bench.h"

#include "onboard/onboard.h"
#include "pay/pay.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

enum { SHOPS = 100, STEP = 500 };
static const int64_t OPENING_BALANCE = 100000; // fen

struct prepare {
    struct db *db;
    struct vault *vault;
    struct guard_profiles *profiles;
    const struct env *env;
    struct onboard onboard;
    FILE *tokens;
    int64_t wallets, opened;
    char password[VAULT_STORED_TEXT], pin[VAULT_STORED_TEXT];
    int64_t accounts[STEP];
};

static void phone_of(int64_t number, char out[16])
{
    snprintf(out, 16, "139%08u", (unsigned)number % 100000000U);
}

// --- shops ---

static enum code open_shop(struct prepare *p, int number)
{
    char name[32], key[32];
    struct party_merchant shop;
    struct arena *arena = arena_new();
    struct books_group *books;
    snprintf(name, sizeof name, "Bench shop %d", number);
    snprintf(key, sizeof key, "bench-shop-key-%06d", number);
    struct party_new_merchant in = {
        .id = party_id_new(p->env), .name = name, .name_en = name, .verified = true, .key = key};
    enum code code = books_group_begin(&books, p->db, arena, env_now(p->env));
    if (code == OK && number == 0)
        code = books_open_chart(books, MONEY_CNY);
    if (code == OK && number == 0)
        code = books_open_chart(books, MONEY_USD);
    if (code == OK)
        code = books_account_open(&in.account_cny, books, BOOKS_MERCHANT, in.id, MONEY_CNY);
    if (code == OK)
        code = books_group_write(books);
    if (code == OK)
        code = party_merchant_add(p->db, p->vault, p->env, &in, &shop);
    arena_free(&arena);
    GUARD(code);
    char token[PAY_TOKEN_TEXT];
    struct pay_token what = {.kind = PAY_TOKEN_MERCHANT};
    (void)text_copy(what.number, sizeof what.number, shop.number);
    pay_token_make(p->vault, &what, token);
    fprintf(p->tokens, "shop %s\n", token);
    return OK;
}

static enum code open_shops(struct prepare *p)
{
    for (int i = 0; i < SHOPS; i++)
        GUARD(open_shop(p, i));
    return OK;
}

// --- wallets ---

static enum code open_wallet(struct prepare *p, int64_t number, int64_t *out_account)
{
    char id_number[PARTY_ID_NUMBER_MAX], phone[16];
    const unsigned month = (unsigned)number / 1000;
    snprintf(id_number, sizeof id_number, "110101%04u%02u01%03u", (1940 + month / 12) % 10000,
             1 + month % 12, (unsigned)number % 1000);
    id_number[17] = party_id_check_character(id_number);
    id_number[18] = '\0';
    phone_of(number, phone);
    const struct onboard_person in = {.name = "张测试",
                                      .id_number = id_number,
                                      .phone = phone,
                                      .language = PARTY_ZH,
                                      .password_stored = p->password,
                                      .pin_stored = p->pin};
    struct party_wallet wallet;
    GUARD(onboard_open(p->db, &p->onboard, &in, &wallet, NULL));
    *out_account = wallet.account_cny;
    return OK;
}

static enum code fund(struct prepare *p, struct books_group *books, int64_t account)
{
    const int64_t cash = books_chart_account(MONEY_CNY, BOOKS_CASH_AT_BANK);
    const struct books_posting posting = {.kind = LEDGER_POST,
                                          .code = BOOKS_FUNDING,
                                          .debit = cash,
                                          .credit = account,
                                          .amount = OPENING_BALANCE,
                                          .currency = MONEY_CNY};
    const struct books_operation operation = {.id = id_new(p->env),
                                              .kind = BOOKS_FUNDING,
                                              .state = BOOKS_SUCCEEDED,
                                              .payer = cash,
                                              .payee = account,
                                              .amount = OPENING_BALANCE,
                                              .currency = MONEY_CNY,
                                              .postings = &posting,
                                              .posting_count = 1};
    struct books_result result;
    return books_operate(&result, books, &operation, NULL);
}

static enum code open_some(struct prepare *p)
{
    int64_t count = 0;
    while (count < STEP && p->opened + count < p->wallets) {
        GUARD(open_wallet(p, p->opened + count, &p->accounts[count]));
        count++;
    }
    struct arena *arena = arena_new();
    struct books_group *books;
    enum code code = books_group_begin(&books, p->db, arena, env_now(p->env));
    for (int64_t i = 0; code == OK && i < count; i++)
        books_group_want_account(books, p->accounts[i]);
    if (code == OK)
        code = books_group_load(books);
    for (int64_t i = 0; code == OK && i < count; i++)
        code = fund(p, books, p->accounts[i]);
    if (code == OK)
        code = books_group_write(books);
    arena_free(&arena);
    p->opened += count;
    return code;
}

// --- sessions ---

static enum code open_session(struct prepare *p, int64_t number)
{
    char phone[16], token[VAULT_TOKEN_TEXT];
    struct party_session session;
    struct party_new_session in = {.device = "bench", .address = "127.0.0.1"};
    phone_of(number, phone);
    GUARD(party_find_by_phone(p->db, p->vault, phone, &in.person));
    GUARD(party_session_add(p->db, p->vault, p->env, &in, &session, token));
    fprintf(p->tokens, "session %s\n", token);
    return OK;
}

static enum code open_sessions(struct prepare *p)
{
    for (int64_t i = 0; i < STEP && p->opened < p->wallets; i++)
        GUARD(open_session(p, p->opened++));
    return OK;
}

// --- all ---

// One transaction.
static enum code change(struct prepare *p, enum code (*run)(struct prepare *p))
{
    GUARD(db_begin(p->db));
    const enum code code = run(p);
    if (code == OK)
        return db_commit(p->db);
    db_rollback(p->db);
    return code;
}

static enum code repeat(struct prepare *p, const char *what, enum code (*run)(struct prepare *p))
{
    for (p->opened = 0; p->opened < p->wallets;) {
        GUARD(change(p, run));
        if (p->opened % (20 * STEP) == 0)
            fprintf(stderr, "bench: %lld %s\n", (long long)p->opened, what);
    }
    return OK;
}

static enum code prepare_all(struct prepare *p)
{
    int applied;
    GUARD(db_migrate(p->db, env_now(p->env), &applied));
    GUARD(vault_password_hash(p->vault, VAULT_PASSWORD, "kettle7river", p->password));
    GUARD(vault_password_hash(p->vault, VAULT_PIN, "836152", p->pin));
    GUARD(change(p, open_shops));
    GUARD(repeat(p, "wallets", open_some));
    return repeat(p, "sessions", open_sessions);
}

static enum code open_rooms(struct prepare *p, const char *data, const char *url,
                            const char *profiles)
{
    const struct vault_options vault = {.data_folder = data, .env = p->env};
    GUARD(guard_profiles_load(&p->profiles, profiles, time_business_date(env_now(p->env)), NULL));
    GUARD(vault_load(&p->vault, &vault));
    p->onboard = (struct onboard){
        .profiles = p->profiles, .vault = p->vault, .env = p->env, .terms_version = "2026-11-01"};
    return db_open(&p->db, url, false);
}

static const char HELP[] =
    "Usage: tongbao-bench prepare --data DIR --database URL --tokens FILE [--wallets N]\n"
    "                             [--profiles DIR]\n";

int bench_prepare(int argc, char **argv)
{
    static const struct option options[] = {
        {"data", required_argument, NULL, 'D'},     {"database", required_argument, NULL, 'd'},
        {"tokens", required_argument, NULL, 't'},   {"wallets", required_argument, NULL, 'w'},
        {"profiles", required_argument, NULL, 'p'}, {NULL, 0, NULL, 0}};
    static struct prepare p;
    const char *data = NULL, *url = NULL, *tokens = NULL, *profiles = "spec/profiles";
    p.env = env_system();
    p.wallets = 100000;
    bool good = true;
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (option == 'D')
            data = optarg;
        else if (option == 'd')
            url = optarg;
        else if (option == 't')
            tokens = optarg;
        else if (option == 'p')
            profiles = optarg;
        else if (option == 'w')
            good = good && text_to_int64(&p.wallets, optarg) && p.wallets > 0;
        else
            good = false;
    }
    if (!good || data == NULL || url == NULL || tokens == NULL) {
        fputs(HELP, stderr);
        return 2;
    }
    p.tokens = fopen(tokens, "w");
    enum code code = p.tokens != NULL ? open_rooms(&p, data, url, profiles) : CODE_INTERNAL;
    if (code == OK)
        code = prepare_all(&p);
    if (p.tokens != NULL && fclose(p.tokens) != 0)
        code = CODE_INTERNAL;
    if (code != OK)
        fprintf(stderr, "bench: preparing failed: %s\n", error_slug(code));
    db_close(&p.db);
    vault_free(&p.vault);
    return code == OK ? 0 : 1;
}
