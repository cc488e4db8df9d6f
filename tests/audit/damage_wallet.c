// rooms: pay funds guard party vault books ledger money db audit base
// The same question as damage.c for what stands beside the ledger: whose accounts they are, limits,
// stored answers, orders, charges and pay codes, orders at the bank (W1 … W5 of docs/LEDGER.md).
// The good database is made by the real rooms.
#include "damage_kit.h"
#include "pay/pay.h"
#include "property/funds_world.h"

static const char *const TABLES[] = {
    "ledger_sequence", "ledger_book",    "ledger_account", "ledger_transfer",
    "ledger_hold",     "journal",        "guard_wallet",   "idempotency",
    "party_wallet",    "party_merchant", "pay_order",      "pay_charge",
    "pay_code",        "funds_card",     "funds_order",    "party_outbox"};
#define TABLE_COUNT (sizeof TABLES / sizeof TABLES[0])

#define ONE_PAYMENT "(SELECT MIN(seq) FROM journal WHERE detail = 'method=scan_static')"
#define ONE_ANSWER                                                                                 \
    "key = (SELECT id FROM journal WHERE seq = "                                                   \
    "(SELECT MIN(seq) FROM journal WHERE detail = 'method=scan_static'))"
#define ONE_WALLET "(SELECT MIN(account) FROM guard_wallet WHERE day_used > 0 AND nopin_count > 0)"

static const struct damage DAMAGES[] = {
    // W1
    {"a wallet whose account is not there",
     "wallet-account-missing",
     {"UPDATE party_wallet SET account_cny = 4711 WHERE person = 5000"}},
    {"a wallet that names a shop's account",
     "wallet-account-differs",
     {"UPDATE party_wallet SET account_cny = (SELECT account_cny FROM party_merchant LIMIT 1) "
      "WHERE person = 5000"}},
    {"two wallets exchanged",
     "wallet-account-differs",
     {"UPDATE party_wallet SET account_cny = (SELECT a.id FROM ledger_account a WHERE a.owner = "
      "10001 - person AND a.currency = 156) WHERE person IN (5000, 5001)"}},
    {"a dollar wallet that holds yuan",
     "wallet-account-differs",
     {"UPDATE party_wallet SET account_usd = account_cny WHERE person = 5000"}},
    {"two wallets on one account",
     "account-shared",
     {"UPDATE party_wallet SET account_cny = (SELECT account_cny FROM party_wallet WHERE person = "
      "5001) WHERE person = 5000"}},
    {"a dollar account forgotten",
     "account-without-party",
     {"UPDATE party_wallet SET account_usd = 0 WHERE person = 5000"}},
    {"a wallet deleted", "account-without-party", {"DELETE FROM party_wallet WHERE person = 5000"}},
    {"a shop's account is not there",
     "merchant-account-missing",
     {"UPDATE party_merchant SET account_cny = 4711 WHERE id = 71"}},
    {"a shop that names a wallet's account",
     "merchant-account-differs",
     {"UPDATE party_merchant SET account_cny = (SELECT account_cny FROM party_wallet LIMIT 1) "
      "WHERE id = 71"}},
    {"a shop deleted", "account-without-party", {"DELETE FROM party_merchant WHERE id = 71"}},
    {"a wallet frozen on paper only",
     "wallet-freeze-differs",
     {"UPDATE party_wallet SET state = 2 WHERE person = 5000"}},
    {"an account frozen without a reason",
     "wallet-freeze-differs",
     {"UPDATE ledger_account SET flags = flags | 4 WHERE owner = 5000"}},
    // W2
    {"a wallet without limits",
     "limits-row-missing",
     {"DELETE FROM guard_wallet WHERE account = " ONE_WALLET}},
    {"limits of no wallet",
     "limits-row-without-wallet",
     {"UPDATE guard_wallet SET account = 156010 WHERE account = " ONE_WALLET}},
    {"two rows of limits",
     "limits-row-repeated",
     {"INSERT INTO guard_wallet SELECT * FROM guard_wallet WHERE account = " ONE_WALLET}},
    {"a better class",
     "limits-class-differs",
     {"UPDATE guard_wallet SET class = 1 WHERE account "
      "= " ONE_WALLET}},
    {"payments without PIN switched off on one side",
     "limits-nopin-differs",
     {"UPDATE guard_wallet SET nopin = 0 WHERE account = " ONE_WALLET}},
    {"the limit of the day used less",
     "day-used-differs",
     {"UPDATE guard_wallet SET day_used = day_used - 1 WHERE account = " ONE_WALLET}},
    {"the limit of the year used less",
     "year-used-differs",
     {"UPDATE guard_wallet SET year_used = 0 WHERE account = " ONE_WALLET}},
    {"a day begun anew",
     "limits-day-differs",
     {"UPDATE guard_wallet SET day = day + 1, day_used = 0 WHERE account = " ONE_WALLET}},
    {"a year begun anew",
     "limits-year-differs",
     {"UPDATE guard_wallet SET year = year + 1 WHERE account = " ONE_WALLET}},
    {"grade D used less",
     "grade-d-differs",
     {"UPDATE guard_wallet SET grade_d = 0 WHERE account = (SELECT MIN(account) FROM guard_wallet "
      "WHERE grade_d > 0)"}},
    {"grade B used less",
     "grades-b-c-differ",
     {"UPDATE guard_wallet SET grade_b = 0 WHERE account = (SELECT MIN(account) FROM guard_wallet "
      "WHERE grade_b > 0)"}},
    {"grade C moved to grade B",
     "grade-c-range",
     {"UPDATE guard_wallet SET grade_b = grade_b + grade_c, grade_c = 0 WHERE account = (SELECT "
      "MIN(account) FROM guard_wallet WHERE grade_c > 0)"}},
    {"payments without PIN forgotten",
     "nopin-count-range",
     {"UPDATE guard_wallet SET nopin_count = 0 WHERE account = " ONE_WALLET}},
    {"more payments without PIN than payments",
     "nopin-count-range",
     {"UPDATE guard_wallet SET nopin_count = 99 WHERE account = " ONE_WALLET}},
    {"a payment of no known method",
     "operation-method-unknown",
     {"UPDATE journal SET detail = 'method=cheque' WHERE seq = " ONE_PAYMENT}},
    {"a failed withdrawal still counted",
     "year-used-differs",
     {"UPDATE guard_wallet SET year_used = year_used + (SELECT amount FROM funds_order WHERE kind "
      "= 4 AND state = 11) WHERE account = (SELECT account FROM funds_order WHERE kind = 4 AND "
      "state = 11)"}},
    // W3
    {"an answer deleted", "answer-missing", {"DELETE FROM idempotency WHERE " ONE_ANSWER}},
    {"a refusal in the place of an answer",
     "answer-missing",
     {"UPDATE idempotency SET status = 422 WHERE " ONE_ANSWER}},
    {"an answer without its operation",
     "answer-without-operation",
     {"DELETE FROM journal WHERE seq = " ONE_PAYMENT}},
    {"a charge's answer without its charge",
     "answer-without-operation",
     {"DELETE FROM pay_charge WHERE journal_seq = 0"}},
    {"a refusal that became an answer",
     "answer-without-operation",
     {"UPDATE idempotency SET status = 201 WHERE status >= 400"}},
    {"one operation answered twice",
     "answer-repeated",
     {"INSERT INTO idempotency SELECT key, actor + 1, route, fields, status, answer, at_us FROM "
      "idempotency WHERE " ONE_ANSWER}},
    {"another amount in the answer",
     "answer-amount-differs",
     {"UPDATE idempotency SET answer = CAST(replace(CAST(answer AS TEXT), '\"value\":\"', "
      "'\"value\":\"1') AS BLOB) WHERE " ONE_ANSWER}},
    {"another currency in the answer",
     "answer-amount-differs",
     {"UPDATE idempotency SET answer = CAST(replace(CAST(answer AS TEXT), 'CNY', 'USD') AS BLOB) "
      "WHERE " ONE_ANSWER}},
    {"another id in the answer",
     "answer-id-differs",
     {"UPDATE idempotency SET answer = CAST(replace(CAST(answer AS TEXT), 'txn_', 'txn_0') AS "
      "BLOB) WHERE " ONE_ANSWER}},
    {"an answer cut short",
     "answer-unreadable",
     {"UPDATE idempotency SET answer = substr(answer, 1, length(answer) - 30) WHERE " ONE_ANSWER}},
    {"somebody else's answer",
     "answer-actor-differs",
     {"UPDATE idempotency SET actor = 5005 WHERE " ONE_ANSWER}},
    {"an answer to something else",
     "answer-route-differs",
     {"UPDATE idempotency SET route = 2 WHERE " ONE_ANSWER}},
    // W4
    {"an order for another shop's account",
     "order-account-differs",
     {"UPDATE pay_order SET account = (SELECT account_cny FROM party_merchant WHERE id = 72)"}},
    {"an order paid by nothing",
     "order-payment-missing",
     {"UPDATE pay_order SET paid_by = X'00000000000000000000000000000001' WHERE state = 2"}},
    {"an order paid on paper",
     "order-payment-missing",
     {"UPDATE pay_order SET state = 2 WHERE state = 1"}},
    {"an order of more money",
     "order-payment-differs",
     {"UPDATE pay_order SET amount = amount + 1 WHERE state = 2"}},
    {"an order paid with a transfer",
     "order-payment-differs",
     {"UPDATE pay_order SET paid_by = (SELECT id FROM journal WHERE kind = 2 LIMIT 1) WHERE state "
      "= 2"}},
    {"one payment for two orders",
     "order-payment-shared",
     {"UPDATE pay_order SET state = 2, paid_by = (SELECT paid_by FROM pay_order WHERE state = 2 "
      "LIMIT 1)"}},
    {"a paid order opened again",
     "order-open-but-paid",
     {"UPDATE pay_order SET state = 1 WHERE state = 2"}},
    {"a paid order made new",
     "order-not-marked",
     {"UPDATE pay_order SET state = 1, paid_by = NULL WHERE state = 2"}},
    {"a charge of another operation",
     "charge-operation-missing",
     {"UPDATE pay_charge SET journal_seq = " ONE_PAYMENT " WHERE state = 10"}},
    {"a charge of more money",
     "charge-operation-differs",
     {"UPDATE pay_charge SET amount = amount + 1 WHERE state = 10"}},
    {"a charge for another shop",
     "charge-operation-differs",
     {"UPDATE pay_charge SET merchant = 72, merchant_account = (SELECT account_cny FROM "
      "party_merchant WHERE id = 72) WHERE state = 10"}},
    {"a waiting charge called paid",
     "charge-state-differs",
     {"UPDATE pay_charge SET state = 10 WHERE state = 2"}},
    {"a paid charge called closed",
     "charge-state-differs",
     {"UPDATE pay_charge SET state = 12 WHERE state = 10"}},
    {"a refused charge called paid",
     "charge-refusal-differs",
     {"UPDATE pay_charge SET state = 10 WHERE journal_seq = 0"}},
    {"a refusal without a reason",
     "charge-refusal-differs",
     {"UPDATE pay_charge SET refusal = '' WHERE journal_seq = 0"}},
    {"a paid charge that forgot its operation",
     "charge-refusal-differs",
     {"UPDATE pay_charge SET journal_seq = 0, state = 11, refusal = 'busy' WHERE state = 10"}},
    {"a charge of somebody else", "charge-party-differs", {"UPDATE pay_charge SET person = 5005"}},
    {"a charge deleted", "charge-row-missing", {"DELETE FROM pay_charge WHERE state = 10"}},
    {"a code used up by nothing",
     "code-charge-missing",
     {"UPDATE pay_code SET used_by = NULL WHERE state = 2"}},
    {"a live code called used",
     "code-charge-missing",
     {"UPDATE pay_code SET state = 2 WHERE state = 1"}},
    {"a used code made live again",
     "code-charge-differs",
     {"UPDATE pay_code SET state = 1 WHERE state = 2"}},
    {"somebody else's code",
     "code-charge-differs",
     {"UPDATE pay_code SET person = 5005 WHERE state = 2"}},
    {"two codes for one charge",
     "code-charge-shared",
     {"UPDATE pay_code SET used_by = (SELECT used_by FROM pay_code WHERE state = 2 LIMIT 1) WHERE "
      "state = 2"}},
    // W5
    {"an order at the bank without an operation",
     "bank-order-operation-missing",
     {"UPDATE funds_order SET seq = 1 WHERE state = 10 AND kind = 3"}},
    {"a top-up of more money",
     "bank-order-differs",
     {"UPDATE funds_order SET amount = amount + 1 WHERE kind = 3 AND state = 10"}},
    {"a top-up called a withdrawal",
     "bank-order-differs",
     {"UPDATE funds_order SET kind = 4 WHERE kind = 3 AND state = 10"}},
    {"a withdrawal from another wallet",
     "bank-order-differs",
     {"UPDATE funds_order SET account = (SELECT account_cny FROM party_wallet WHERE person = 5005) "
      "WHERE kind = 4"}},
    {"an order of another person",
     "bank-order-party-differs",
     {"UPDATE funds_order SET person = 5005 WHERE kind = 4"}},
    {"an order over another person's card",
     "bank-order-party-differs",
     {"UPDATE funds_order SET card = (SELECT id FROM funds_card WHERE person = 5005)"}},
    {"an order at the bank deleted",
     "bank-order-row-missing",
     {"DELETE FROM funds_order WHERE kind = 3 AND state = 10"}},
    {"a top-up done on paper",
     "bank-order-state-differs",
     {"UPDATE funds_order SET state = 10, done_us = 1 WHERE kind = 3 AND state < 10"}},
    {"a done withdrawal called failed",
     "bank-order-state-differs",
     {"UPDATE funds_order SET state = 11 WHERE kind = 4 AND state = 10"}},
    {"another time of the end",
     "bank-order-state-differs",
     {"UPDATE funds_order SET done_us = done_us + 1 WHERE state = 11"}},
    {"a withdrawal that holds nothing",
     "bank-order-hold-differs",
     {"UPDATE journal SET hold = 0 WHERE kind = 4 AND state < 10"}},
    {"a withdrawal whose hold was released",
     "bank-order-hold-differs",
     {"UPDATE ledger_hold SET state = 3 WHERE state = 1"}},
    {"an open withdrawal forgotten",
     "transit-pending-differs",
     {"DELETE FROM funds_order WHERE kind = 4 AND state < 10"}},
    {"money left in transit",
     "transit-balance-left",
     {"UPDATE ledger_account SET credits_posted = credits_posted + 1 WHERE id = 156012"}},
    {"money of unknown fate",
     "transit-balance-left",
     {"UPDATE ledger_account SET debits_posted = 5 WHERE id = 156013"}},
    {"an order that nobody looks after",
     "bank-order-unattended",
     {"UPDATE party_outbox SET state = 2 WHERE queue = 'bank'"}},
    {"a task of the bank's queue deleted",
     "bank-order-unattended",
     {"DELETE FROM party_outbox WHERE queue = 'bank' AND state = 1"}},
};
#define DAMAGE_COUNT (sizeof DAMAGES / sizeof DAMAGES[0])

// --- the good database
// ------------------------------------------------------------------------------

enum { SHOPS = 2, FUNDED = 1500000 };

struct fixture {
    struct world world;
    struct pay_world pay;
    int64_t shops[SHOPS];
    struct damage_kit kit;
};

static void open_shops(struct fixture *f)
{
    struct world *world = &f->world;
    struct books_group *group;
    struct arena *arena = arena_new();
    world_begin(world);
    assert_int_equal(books_group_begin(&group, world->db, arena, world_clock_us), OK);
    for (int64_t i = 0; i < SHOPS; i++)
        assert_int_equal(books_account_open(&f->shops[i], group, BOOKS_MERCHANT, 71 + i, MONEY_CNY),
                         OK);
    assert_int_equal(books_group_write(group), OK);
    for (int64_t i = 0; i < SHOPS; i++) {
        struct party_merchant shop;
        const struct party_new_merchant in = {.id = 71 + i,
                                              .name = "测试商店",
                                              .name_en = "Test shop",
                                              .key = i == 0 ? "shop-key-one" : "shop-key-two",
                                              .account_cny = f->shops[i]};
        assert_int_equal(party_merchant_add(world->db, world->vault, &world_env, &in, &shop), OK);
    }
    assert_int_equal(world_end(world, OK), OK);
    arena_free(&arena);
}

// The first person has dollars too.
static void open_dollars(struct fixture *f)
{
    struct world *world = &f->world;
    struct books_group *group;
    struct arena *arena = arena_new();
    int64_t account;
    world_begin(world);
    assert_int_equal(books_group_begin(&group, world->db, arena, world_clock_us), OK);
    assert_int_equal(books_open_chart(group, MONEY_USD), OK);
    assert_int_equal(books_account_open(&account, group, BOOKS_WALLET, world->people[0], MONEY_USD),
                     OK);
    assert_int_equal(books_group_write(group), OK);
    assert_int_equal(guard_wallet_open(world->db, account, 3), OK);
    const struct db_value values[] = {db_int(account), db_int(world->people[0])};
    assert_int_equal(db_exec(world->db,
                             "UPDATE party_wallet SET account_usd = $1 WHERE person = $2", values,
                             2, NULL),
                     OK);
    assert_int_equal(world_end(world, OK), OK);
    arena_free(&arena);
}

// --- payments and transfers

static void render_money(struct pay_money *money)
{
    char *text = money->user;
    const size_t size = world_answer_text(text, 160, &money->request.key, money->amount);
    const enum code code = money->change.code;
    money->answer = (struct guard_answer){code == OK ? 201 : error_http_status(code), text, size};
}

struct payment {
    int payer;
    int payee; // another person, or −1: the first shop
    int64_t amount;
    bool pin;
    const struct pay_order *order;
};

static void pay(struct fixture *f, const struct payment *in, enum code expected)
{
    char text[160];
    struct world *world = &f->world;
    const bool transfer = in->payee >= 0;
    struct pay_money money = {.world = &f->pay, .render = render_money, .user = text};
    struct db_change *change = &money.change;
    change->run_group = pay_money_run;
    money.request = (struct guard_request){
        .key = id_new(&world_env), .actor = world->people[in->payer], .route = transfer ? 2 : 1};
    money.kind = transfer ? BOOKS_TRANSFER : BOOKS_PAYMENT;
    money.channel = transfer            ? GUARD_CHANNEL_TRANSFER
                    : in->order != NULL ? GUARD_CHANNEL_SCAN_DYNAMIC
                                        : GUARD_CHANNEL_SCAN_STATIC;
    money.pin = in->pin;
    money.payer = world->people[in->payer];
    money.payer_account = world->accounts[in->payer];
    money.payee = transfer ? world->people[in->payee] : 0;
    money.payee_account = transfer ? world->accounts[in->payee] : f->shops[0];
    money.amount = in->amount;
    money.currency = MONEY_CNY;
    money.memo = "";
    money.detail = transfer            ? "method=transfer"
                   : in->order != NULL ? "method=scan_dynamic;order=2 杯"
                                       : "method=scan_static";
    if (in->order != NULL)
        money.order = in->order->id;
    world_begin(world);
    assert_int_equal(pay_money_run(world->db, &change, 1), OK);
    assert_int_equal(world_end(world, OK), OK);
    assert_int_equal(change->code, expected);
}

static struct pay_order add_order(struct fixture *f, int64_t amount)
{
    struct pay_order stored;
    const struct pay_order order = {.id = id_new(&world_env),
                                    .merchant = 71,
                                    .account = f->shops[0],
                                    .amount = amount,
                                    .currency = MONEY_CNY,
                                    .order_text = "2 杯",
                                    .state = PAY_ORDER_OPEN,
                                    .created_us = world_clock_us,
                                    .expires_us = world_clock_us + 900 * WORLD_SECOND_US};
    world_begin(&f->world);
    assert_int_equal(pay_order_add(f->world.db, &order, &stored, NULL), OK);
    assert_int_equal(world_end(&f->world, OK), OK);
    return order;
}

static void make_payments(struct fixture *f)
{
    const struct pay_order first = add_order(f, 1200), second = add_order(f, 3400);
    (void)add_order(f, 5600); // stays open
    pay(f, &(struct payment){0, -1, 700, false, NULL}, OK);
    pay(f, &(struct payment){0, -1, 900, true, NULL}, OK);
    pay(f, &(struct payment){0, 1, 5000, true, NULL}, OK);
    pay(f, &(struct payment){0, -1, 600000, true, NULL}, CODE_LIMIT_EXCEEDED);
    pay(f, &(struct payment){1, -1, first.amount, true, &first}, OK);
    pay(f, &(struct payment){2, -1, second.amount, false, &second}, OK);
}

// --- charges

static void render_charge(struct pay_charge_request *request)
{
    char *text = request->user;
    const size_t size = world_answer_text(text, 160, &request->request.key, request->charge.amount);
    request->answer = (struct guard_answer){201, text, size};
}

static struct id charge(struct fixture *f, int person, int64_t amount, enum books_state expected)
{
    char text[160];
    struct world *world = &f->world;
    struct pay_code code;
    struct pay_charge_request request = {.world = &f->pay,
                                         .merchant = 71,
                                         .merchant_account = f->shops[0],
                                         .amount = amount,
                                         .order_text = "1 杯; 热",
                                         .render = render_charge,
                                         .user = text};
    request.request = (struct guard_request){.key = id_new(&world_env), .actor = -71, .route = 10};
    world_begin(world);
    assert_int_equal(pay_code_new(&code, world->db, &f->pay, world->people[person],
                                  world->accounts[person], false),
                     OK);
    request.digits = code.digits;
    (void)pay_charge_run(world->db, &request.change);
    assert_int_equal(world_end(world, OK), OK);
    assert_int_equal(request.charge.state, expected);
    return request.request.key;
}

static void answer(struct fixture *f, int person, const struct id *id, enum pay_answer what)
{
    struct pay_charge_answer in = {
        .world = &f->pay, .id = *id, .answer = what, .person = f->world.people[person]};
    world_begin(&f->world);
    assert_int_equal(world_end(&f->world, pay_charge_answer_run(f->world.db, &in.change)), OK);
}

static void make_charges(struct fixture *f)
{
    struct world *world = &f->world;
    struct pay_code live;
    (void)charge(f, 0, 800, BOOKS_SUCCEEDED);
    (void)charge(f, 3, 900, BOOKS_SUCCEEDED);
    (void)charge(f, 3, 600000, BOOKS_FAILED);
    const struct id confirmed = charge(f, 2, 120000, BOOKS_AWAITING_USER);
    const struct id declined = charge(f, 3, 130000, BOOKS_AWAITING_USER);
    (void)charge(f, 4, 140000, BOOKS_AWAITING_USER);
    world_clock_us += 7 * WORLD_SECOND_US;
    answer(f, 2, &confirmed, PAY_CONFIRM);
    answer(f, 3, &declined, PAY_DECLINE);
    world_begin(world);
    assert_int_equal(
        pay_code_new(&live, world->db, &f->pay, world->people[1], world->accounts[1], false), OK);
    assert_int_equal(world_end(world, OK), OK);
}

// --- orders at the bank

// Submitted, and answered by the bank unless `outcome` is FUNDS_NO_ANSWER: then it stays as it is.
static void order(struct fixture *f, int person, bool topup, int64_t amount,
                  enum funds_outcome outcome)
{
    struct world *world = &f->world;
    struct books_result result;
    struct problem problem = {0};
    struct funds_task task;
    const struct funds_request request = {.id = id_new(&world_env),
                                          .person = world->people[person],
                                          .card = world->cards[person],
                                          .amount = amount};
    const struct funds_answer said = {
        .outcome = outcome, .amount = amount, .reason = FUNDS_OTHER, .tries_left = -1};
    assert_int_equal(world_order(world, topup, &request, &result, &problem), OK);
    if (outcome != FUNDS_NO_ANSWER)
        assert_int_equal(world_step(world, &said, &task),
                         topup ? FUNDS_CALL_DEBIT : FUNDS_CALL_CREDIT);
    world_clock_us += WORLD_SECOND_US;
}

static void make_orders(struct fixture *f)
{
    order(f, 0, true, 2000, FUNDS_YES);
    order(f, 0, true, 2100, FUNDS_NO);
    order(f, 1, false, 2200, FUNDS_YES);
    order(f, 2, false, 2300, FUNDS_NO);
    order(f, 3, false, 2400, FUNDS_NO_ANSWER);
    order(f, 4, true, 2500, FUNDS_NO_ANSWER);
}

// --- the tests
// --------------------------------------------------------------------------------------

static int set_up(void **state)
{
    struct fixture *f = mem_alloc(sizeof *f);
    *state = f;
    world_open(&f->world, 11, NULL);
    f->pay = (struct pay_world){f->world.profiles, f->world.vault, &world_env};
    open_shops(f);
    open_dollars(f);
    for (int n = 0; n < WORLD_PEOPLE; n++)
        world_fund(&f->world, f->world.accounts[n], FUNDED);
    make_payments(f);
    world_clock_us += INT64_C(86400) * WORLD_SECOND_US; // the limits of a new day
    make_payments(f);
    make_charges(f);
    make_orders(f);
    f->kit = (struct damage_kit){f->world.db, TABLES, TABLE_COUNT, {.now_us = world_clock_us}};
    damage_take_protection_off(&f->kit);
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    world_close(&f->world);
    damage_texts_free();
    mem_free(f);
    return 0;
}

static void the_good_database_is_clean(void **state)
{
    struct fixture *f = *state;
    damage_assert_clean(&f->kit);
}

// REQ-003
static void each_damage_is_named(void **state)
{
    struct fixture *f = *state;
    damage_assert_all_named(&f->kit, DAMAGES, DAMAGE_COUNT);
}

static void the_good_database_is_clean_again(void **state)
{
    struct fixture *f = *state;
    damage_make_good_again(&f->kit);
    damage_assert_clean(&f->kit);
}

// A program that books/ alone wrote is audited without people; the program's own audit never skips.
static void the_ledger_alone_skips_the_rest(void **state)
{
    struct fixture *f = *state;
    damage_make_good_again(&f->kit);
    assert_int_equal(db_exec(f->kit.db, "DELETE FROM party_wallet", NULL, 0, NULL), OK);
    f->kit.options.ledger_only = true;
    damage_assert_clean(&f->kit);
    f->kit.options.ledger_only = false;
    struct damage_seen seen = {.expected = "account-without-party"};
    damage_audit(&f->kit, &seen);
    assert_true(seen.found);
}

int main(void)
{
    log_set_level(LOG_ERROR);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_good_database_is_clean),
        cmocka_unit_test(each_damage_is_named),
        cmocka_unit_test(the_good_database_is_clean_again),
        cmocka_unit_test(the_ledger_alone_skips_the_rest),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
