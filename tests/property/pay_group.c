// rooms: pay guard party vault books ledger money db audit base
// Payments and transfers under random load: run in groups or one by one, on SQLite or PostgreSQL,
// the same answers and the same tables come out; repeated keys answer as the first did; the auditor
// agrees. REQ-067 REQ-070 REQ-102 Seed: TONGBAO_SEED (printed), rounds: fixed. PostgreSQL when
// TONGBAO_TEST_POSTGRES names a cluster.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/audit.h"
#include "pay/pay.h"

enum { WALLETS = 40, SHOPS = 3, PAYMENTS = 1200, ANSWER = 192 };

static uint64_t seed, state;
static char folder[128];
static struct vault *vault;
static struct guard_profiles *profiles;
static struct env env;
static int64_t clock_us;

static uint64_t next_random(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

static int64_t fixed_now(void *context)
{
    (void)context;
    return clock_us;
}

static void seeded_entropy(void *context, void *out, size_t size)
{
    (void)context;
    for (size_t i = 0; i < size; i++)
        ((uint8_t *)out)[i] = (uint8_t)next_random();
}

// One world: a database with wallets, shops and money.
struct world {
    struct db *db;
    int64_t wallets[WALLETS], shops[SHOPS];
    char answers[PAYMENTS][ANSWER];
    bool repeated[PAYMENTS];
};

static void drop_all(struct db *db)
{
    assert_int_equal(db_exec(db, "DROP SCHEMA IF EXISTS pay_group CASCADE", NULL, 0, NULL), OK);
    assert_int_equal(db_exec(db, "CREATE SCHEMA pay_group", NULL, 0, NULL), OK);
}

static void fund(struct books_group *group, int64_t wallet, int64_t amount)
{
    const struct books_posting posting = {.kind = LEDGER_POST,
                                          .code = BOOKS_FUNDING,
                                          .debit =
                                              books_chart_account(MONEY_CNY, BOOKS_CASH_AT_BANK),
                                          .credit = wallet,
                                          .amount = amount,
                                          .currency = MONEY_CNY};
    const struct books_operation operation = {.id = id_new(&env),
                                              .kind = BOOKS_FUNDING,
                                              .state = BOOKS_SUCCEEDED,
                                              .payer = posting.debit,
                                              .payee = wallet,
                                              .amount = amount,
                                              .currency = MONEY_CNY,
                                              .postings = &posting,
                                              .posting_count = 1};
    struct books_result result;
    struct problem problem = {0};
    assert_int_equal(books_operate(&result, group, &operation, &problem), OK);
}

static void open_person(struct world *world, int64_t i)
{
    char id_number[20], phone[12];
    struct party_wallet wallet;
    snprintf(id_number, sizeof id_number, "11010119900101%03d", (int)i);
    id_number[17] = party_id_check_character(id_number);
    id_number[18] = '\0';
    snprintf(phone, sizeof phone, "1390000%04d", (int)i);
    const struct party_new_person in = {.id = 1000 + i,
                                        .name = "测试",
                                        .id_number = id_number,
                                        .phone = phone,
                                        .birth_date = 19900101,
                                        .sex = PARTY_MALE,
                                        .wallet_class = (int32_t)(3 + i % 2),
                                        .password_stored = "none",
                                        .pin_stored = "none",
                                        .account_cny = world->wallets[i]};
    assert_int_equal(party_person_add(world->db, vault, &env, &in, &wallet, NULL), OK);
    assert_int_equal(guard_wallet_open(world->db, world->wallets[i], in.wallet_class), OK);
}

static void open_shop(struct world *world, int64_t i)
{
    char key[32];
    struct party_merchant shop;
    snprintf(key, sizeof key, "shop-key-%d", (int)i);
    const struct party_new_merchant in = {.id = 10 + i,
                                          .name = "测试商店",
                                          .name_en = "Test shop",
                                          .key = key,
                                          .account_cny = world->shops[i]};
    assert_int_equal(party_merchant_add(world->db, vault, &env, &in, &shop), OK);
}

static void open_world(struct world *world, const char *url)
{
    int applied;
    struct arena *arena = arena_new();
    struct books_group *group;
    memset(world, 0, sizeof *world);
    assert_int_equal(db_open(&world->db, url, false), OK);
    assert_int_equal(db_migrate(world->db, clock_us, &applied), OK);
    assert_int_equal(db_begin(world->db), OK);
    assert_int_equal(books_group_begin(&group, world->db, arena, clock_us), OK);
    assert_int_equal(books_open_chart(group, MONEY_CNY), OK);
    for (int64_t i = 0; i < WALLETS; i++) {
        assert_int_equal(
            books_account_open(&world->wallets[i], group, BOOKS_WALLET, 1000 + i, MONEY_CNY), OK);
        fund(group, world->wallets[i], 1 + (int64_t)(next_random() % 200000));
    }
    for (int64_t i = 0; i < SHOPS; i++)
        assert_int_equal(
            books_account_open(&world->shops[i], group, BOOKS_MERCHANT, 10 + i, MONEY_CNY), OK);
    assert_int_equal(books_group_write(group), OK);
    for (int64_t i = 0; i < WALLETS; i++)
        open_person(world, i);
    for (int64_t i = 0; i < SHOPS; i++)
        open_shop(world, i);
    assert_int_equal(db_commit(world->db), OK);
    arena_free(&arena);
}

static struct pay_world pay_world;

// The answer that is stored: besides what the auditor reads, the outcome and the balance, so that a
// repetition with another outcome shows.
static void render(struct pay_money *money)
{
    char *text = money->user;
    const int status = money->change.code == OK ? 201 : error_http_status(money->change.code);
    char id[40], amount[MONEY_TEXT_SIZE];
    id_format(id, "txn", &money->request.key);
    money_format(amount, money->currency, money->amount);
    snprintf(text, ANSWER,
             "{\"id\":\"%s\",\"outcome\":\"%s\",\"balance\":%lld,\"amount\":{\"value\":\"%s\","
             "\"currency\":\"CNY\"}}",
             id, error_slug(money->change.code), (long long)money->balance_after, amount);
    money->answer = (struct guard_answer){status, text, strlen(text)};
}

static void make_payment(struct pay_money *money, const struct world *world, struct id *keys,
                         size_t index, char *answer)
{
    const bool transfer = next_random() % 3 == 0;
    const bool again = index > 0 && next_random() % 8 == 0;
    const size_t other = next_random() % WALLETS, payee = next_random() % WALLETS;
    const size_t payer = again ? 0 : other; // one person tries the keys of all
    char amount[32];
    keys[index] = again ? keys[next_random() % index] : id_new(&env);
    *money = (struct pay_money){.world = &pay_world, .render = render, .user = answer};
    money->change.run_group = pay_money_run;
    money->request.key = keys[index];
    money->request.actor = 1000 + (int64_t)payer;
    money->request.route = transfer ? 2 : 1;
    money->kind = transfer ? BOOKS_TRANSFER : BOOKS_PAYMENT;
    money->channel = transfer ? GUARD_CHANNEL_TRANSFER : GUARD_CHANNEL_SCAN_STATIC;
    money->pin = transfer || next_random() % 2 == 0;
    money->payer = 1000 + (int64_t)payer;
    money->payee = transfer ? 1000 + (int64_t)payee : 0;
    money->payer_account = world->wallets[payer];
    money->payee_account = transfer ? world->wallets[payee] : world->shops[payee % SHOPS];
    money->amount = 1 + (int64_t)(next_random() % 30000);
    money->currency = MONEY_CNY;
    money->memo = "";
    money->detail = transfer ? "method=transfer" : "method=scan_static";
    snprintf(amount, sizeof amount, "%lld", (long long)money->amount);
    guard_request_field(&money->request, vault, "/amount", amount);
}

// All payments of the seed, `group_max` at a time.
static void run_all(struct world *world, size_t group_max, uint64_t from)
{
    static struct pay_money money[PAYMENTS];
    static struct id keys[PAYMENTS];
    static struct db_change *changes[PAYMENTS];
    state = from;
    for (size_t i = 0; i < PAYMENTS; i++) {
        make_payment(&money[i], world, keys, i, world->answers[i]);
        changes[i] = &money[i].change;
    }
    for (size_t done = 0; done < PAYMENTS;) {
        const size_t count = PAYMENTS - done < group_max ? PAYMENTS - done : group_max;
        assert_int_equal(db_begin(world->db), OK);
        assert_int_equal(pay_money_run(world->db, changes + done, count), OK);
        assert_int_equal(db_commit(world->db), OK);
        done += count;
    }
    for (size_t i = 0; i < PAYMENTS; i++) {
        world->repeated[i] = money[i].repeated;
        if (!money[i].repeated)
            continue;
        snprintf(world->answers[i], ANSWER, "%s", money[i].answer.body);
        mem_free((void *)(uintptr_t)money[i].answer.body);
    }
}

struct counters {
    int64_t sums[8];
};

static bool take_counters(void *context, const struct db_row *row)
{
    struct counters *counters = context;
    for (int i = 0; i < 6; i++)
        counters->sums[i] = db_get_int(row, i);
    return false;
}

static struct counters read_counters(struct world *world)
{
    struct counters counters = {0};
    bool found;
    assert_int_equal(
        db_query_one(
            world->db,
            "SELECT (SELECT count(*) FROM idempotency), (SELECT count(*) FROM pay_contact), "
            "(SELECT CAST(sum(day_used) AS BIGINT) FROM guard_wallet), "
            "(SELECT CAST(sum(nopin_count) AS BIGINT) FROM guard_wallet), "
            "(SELECT CAST(sum(grade_d) AS BIGINT) FROM guard_wallet), "
            "(SELECT count(*) FROM party_outbox)",
            NULL, 0, take_counters, &counters, &found),
        OK);
    return counters;
}

static void assert_same(struct world *a, struct world *b)
{
    for (size_t i = 0; i < PAYMENTS; i++) {
        assert_string_equal(a->answers[i], b->answers[i]);
        assert_int_equal(a->repeated[i], b->repeated[i]);
    }
    for (size_t i = 0; i < WALLETS; i++) {
        struct books_account x, y;
        struct guard_wallet g, h;
        assert_int_equal(books_read_account(&x, a->db, a->wallets[i]), OK);
        assert_int_equal(books_read_account(&y, b->db, b->wallets[i]), OK);
        assert_memory_equal(&x.ledger, &y.ledger, sizeof x.ledger);
        assert_int_equal(guard_wallet_load(&g, a->db, a->wallets[i]), OK);
        assert_int_equal(guard_wallet_load(&h, b->db, b->wallets[i]), OK);
        assert_memory_equal(&g, &h, sizeof g);
    }
    const struct counters x = read_counters(a), y = read_counters(b);
    assert_memory_equal(&x, &y, sizeof x);
    assert_true(x.sums[0] > 0 && x.sums[1] > 0 && x.sums[3] > 0);
}

static void assert_audited(struct world *world)
{
    struct audit_result result;
    const struct audit_options options = {
        .now_us = clock_us, .report = audit_print_finding, .context = stderr};
    assert_int_equal(audit_run(&result, world->db, &options), OK);
    assert_int_equal(result.findings, 0);
    assert_true(result.transfers > WALLETS);
}

static void sqlite_url(char *out, size_t size, const char *name)
{
    snprintf(out, size, "%s/%s.db", folder, name);
}

static void grouped_equals_one_by_one(void **unused)
{
    (void)unused;
    static struct world one, many;
    char url[256];
    state = seed;
    sqlite_url(url, sizeof url, "one");
    open_world(&one, url);
    state = seed;
    sqlite_url(url, sizeof url, "many");
    open_world(&many, url);
    run_all(&one, 1, seed + 1);
    run_all(&many, 97, seed + 1);
    assert_same(&one, &many);
    assert_audited(&one);
    assert_audited(&many);
    db_close(&one.db);
    db_close(&many.db);
}

static void postgres_equals_sqlite(void **unused)
{
    (void)unused;
    static struct world lite, server;
    char url[512];
    const char *base = getenv("TONGBAO_TEST_POSTGRES");
    if (base == NULL)
        skip();
    struct db *db;
    assert_int_equal(db_open(&db, base, false), OK);
    drop_all(db);
    db_close(&db);
    state = seed;
    sqlite_url(url, sizeof url, "lite");
    open_world(&lite, url);
    state = seed;
    snprintf(url, sizeof url, "%s?options=-csearch_path%%3Dpay_group", base);
    open_world(&server, url);
    run_all(&lite, 64, seed + 2);
    run_all(&server, 200, seed + 2);
    assert_same(&lite, &server);
    assert_audited(&server);
    db_close(&lite.db);
    db_close(&server.db);
}

static int set_up(void **unused)
{
    (void)unused;
    const char *given = getenv("TONGBAO_SEED");
    seed = given != NULL ? strtoull(given, NULL, 10) : 20260228;
    printf("seed %llu (replay with TONGBAO_SEED)\n", (unsigned long long)seed);
    state = seed;
    clock_us = INT64_C(1772250000000000);
    env = (struct env){fixed_now, fixed_now, seeded_entropy, NULL};
    snprintf(folder, sizeof folder, "/tmp/tongbao-pay-group-XXXXXX");
    if (mkdtemp(folder) == NULL)
        return -1;
    const struct vault_options options = {
        .data_folder = folder, .env = env_system(), .fast_hash_for_tests = true};
    if (vault_load(&vault, &options) != OK ||
        guard_profiles_load(&profiles, SOURCE_DIR "/spec/profiles", time_business_date(clock_us),
                            NULL) != OK)
        return -1;
    pay_world = (struct pay_world){profiles, vault, &env};
    return 0;
}

static int tear_down(void **unused)
{
    (void)unused;
    char command[256];
    vault_free(&vault);
    guard_profiles_free(&profiles);
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
}

int main(void)
{
    log_set_level(LOG_WARN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grouped_equals_one_by_one),
        cmocka_unit_test(postgres_equals_sqlite),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
