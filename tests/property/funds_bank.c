// rooms: funds guard party vault books ledger money db audit base
// Orders against a bank that fails in every way, with the worker dropped in the middle of its work:
// when everything has settled, each order has ended once, what the bank did is what the books say,
// nothing was sent under a second id, and the auditor agrees. F1 … F5 of funds.h.
// Seed: TONGBAO_SEED (printed). On PostgreSQL too when TONGBAO_TEST_POSTGRES names a cluster.
#include "property/funds_world.h"

enum { ORDERS = 400, STEPS_MAX = 60000, KEPT = 24 };

// --- the fake bank
// ----------------------------------------------------------------------------------

enum record_state {
    RECORD_NONE,
    RECORD_PENDING, // ends at settle_us as it was drawn
    RECORD_DONE,
    RECORD_REFUSED,
    RECORD_REVERSED,
};
struct record {
    struct id id;
    enum record_state state, later;
    int64_t amount;
    int64_t visible_us; // a request that arrives late is not known before
    int64_t settle_us;
    bool debit;
    int bookings, sends;
};

// Everything a call can meet. "Lost" = no usable answer.
enum fault {
    FAULT_NONE,
    FAULT_REFUSE,
    FAULT_PENDING_DONE,
    FAULT_PENDING_FAILS,
    FAULT_LOST_BEFORE,
    FAULT_LOST_AFTER,
    FAULT_LOST_LATE, // known only later, sometimes later than the bank promises
    FAULT_WRONG_AMOUNT,
    FAULT_DOWN,
    FAULT_COUNT
};

struct bank {
    struct record records[ORDERS * 2];
    size_t count;
    bool healthy;
    int64_t faults[FAULT_COUNT], reversals, resent;
};

static struct record *find(struct bank *bank, const struct id *id)
{
    for (size_t i = 0; i < bank->count; i++)
        if (id_equal(&bank->records[i].id, id))
            return &bank->records[i];
    return NULL;
}

static struct record *find_or_add(struct bank *bank, const struct id *id)
{
    struct record *record = find(bank, id);
    if (record == NULL) {
        assert_true(bank->count < ORDERS * 2);
        record = &bank->records[bank->count++];
        *record = (struct record){.id = *id};
    }
    return record;
}

// Idempotent: a request that is known keeps its answer.
static void receive(struct record *record, const struct funds_task *task, enum fault fault)
{
    if (record->state != RECORD_NONE) {
        assert_int_equal(record->amount, task->amount);
        return;
    }
    record->amount = task->amount;
    record->debit = task->call == FUNDS_CALL_DEBIT;
    record->later = fault == FAULT_PENDING_FAILS ? RECORD_REFUSED : RECORD_DONE;
    record->settle_us = world_clock_us + (1 + world_below(900)) * WORLD_SECOND_US;
    record->visible_us =
        fault == FAULT_LOST_LATE ? world_clock_us + world_below(90) * WORLD_SECOND_US : 0;
    if (fault == FAULT_PENDING_DONE || fault == FAULT_PENDING_FAILS)
        record->state = RECORD_PENDING;
    else
        record->state = fault == FAULT_REFUSE ? RECORD_REFUSED : RECORD_DONE;
    record->bookings += record->state == RECORD_DONE ? 1 : 0;
}

static void settle(struct record *record)
{
    if (record->state != RECORD_PENDING || world_clock_us < record->settle_us)
        return;
    record->state = record->later;
    record->bookings += record->state == RECORD_DONE ? 1 : 0;
}

static struct funds_answer tell(const struct record *record)
{
    struct funds_answer answer = {.outcome = FUNDS_NO_ANSWER, .tries_left = -1};
    switch (record->state) {
    case RECORD_NONE:
        answer.not_found = true;
        break;
    case RECORD_PENDING:
        answer.outcome = FUNDS_PENDING;
        break;
    case RECORD_DONE:
        answer.outcome = FUNDS_YES;
        answer.amount = record->amount;
        break;
    case RECORD_REFUSED:
    case RECORD_REVERSED:
        answer.outcome = FUNDS_NO;
        answer.reason = record->amount % 2 == 0 ? FUNDS_NOT_ENOUGH : FUNDS_BAD_CARD;
        answer.reversed = record->state == RECORD_REVERSED;
        break;
    }
    return answer;
}

static enum fault draw(struct bank *bank)
{
    const enum fault fault =
        bank->healthy || world_below(3) == 0 ? FAULT_NONE : (enum fault)world_below(FAULT_COUNT);
    bank->faults[fault]++;
    return fault;
}

static struct funds_answer send(struct bank *bank, const struct funds_task *task)
{
    const struct funds_answer lost = {.outcome = FUNDS_NO_ANSWER, .tries_left = -1};
    const enum fault fault = draw(bank);
    struct record *record = find_or_add(bank, &task->id);
    bank->resent += ++record->sends == 2 ? 1 : 0;
    if (fault == FAULT_LOST_BEFORE)
        return lost;
    if (fault == FAULT_DOWN) {
        struct funds_answer down = lost;
        down.nothing_sent = true;
        return down;
    }
    receive(record, task, fault);
    if (fault == FAULT_LOST_AFTER || fault == FAULT_LOST_LATE)
        return lost;
    struct funds_answer answer = tell(record);
    if (fault == FAULT_WRONG_AMOUNT)
        answer.amount += 1;
    return answer;
}

static struct funds_answer inquire(struct bank *bank, const struct funds_task *task)
{
    struct funds_answer lost = {.outcome = FUNDS_NO_ANSWER, .tries_left = -1};
    const enum fault fault = draw(bank);
    if (fault == FAULT_LOST_BEFORE || fault == FAULT_LOST_AFTER || fault == FAULT_DOWN)
        return lost;
    struct record *record = find(bank, &task->id);
    if (record == NULL || world_clock_us < record->visible_us) {
        lost.not_found = true;
        return lost;
    }
    settle(record);
    struct funds_answer answer = tell(record);
    if (fault == FAULT_WRONG_AMOUNT)
        answer.amount += 100;
    return answer;
}

// Undoes a debit; one that never came is noted, so that it is refused when it comes late.
static struct funds_answer reverse(struct bank *bank, const struct funds_task *task)
{
    struct funds_answer answer = {.outcome = FUNDS_NO_ANSWER, .tries_left = -1};
    const enum fault fault = draw(bank);
    if (fault == FAULT_LOST_BEFORE || fault == FAULT_DOWN)
        return answer;
    struct record *record = find_or_add(bank, &task->original);
    settle(record);
    if (record->state == RECORD_PENDING) {
        answer.outcome = FUNDS_NO;
        return answer;
    }
    bank->reversals += record->state == RECORD_DONE ? 1 : 0;
    if (record->state != RECORD_REFUSED)
        record->state = RECORD_REVERSED;
    record->amount = task->amount;
    record->debit = true;
    if (fault == FAULT_LOST_AFTER)
        return answer;
    answer.outcome = FUNDS_YES;
    return answer;
}

static struct funds_answer ask(struct bank *bank, const struct funds_task *task)
{
    if (task->call == FUNDS_CALL_INQUIRE)
        return inquire(bank, task);
    if (task->call == FUNDS_CALL_REVERSAL)
        return reverse(bank, task);
    return send(bank, task);
}

// --- the run
// --------------------------------------------------------------------------------------

struct run {
    struct world world;
    struct bank bank;
    struct id orders[ORDERS];
    size_t count;
    int64_t refused, dropped, late;
    // Answers that a slow worker brings when others have long gone on.
    struct {
        struct funds_task task;
        struct funds_answer answer;
    } kept[KEPT];
    size_t kept_count;
};

static void bring_late(struct run *run)
{
    const size_t i = (size_t)world_below((int64_t)run->kept_count);
    assert_int_equal(world_answer(&run->world, &run->kept[i].task, &run->kept[i].answer), OK);
    run->kept[i] = run->kept[--run->kept_count];
    run->late++;
}

// One row of the queue; sometimes the worker dies before the call, sometimes after it.
static bool work_once(struct run *run)
{
    struct arena *arena = arena_new();
    struct party_outbox row;
    struct funds_task task = {0};
    const bool any = world_take(&run->world, arena, &row);
    const int64_t dies = run->bank.healthy ? 99 : world_below(40);
    if (any && dies != 0) {
        assert_int_equal(world_ask(&run->world, &row, &task), OK);
        if (task.call != FUNDS_CALL_NONE && dies != 1) {
            const struct funds_answer answer = ask(&run->bank, &task);
            if (dies == 3 && run->kept_count < KEPT) {
                run->kept[run->kept_count].task = task;
                run->kept[run->kept_count++].answer = answer;
            } else if (dies != 2)
                assert_int_equal(world_answer(&run->world, &task, &answer), OK);
        }
    }
    run->dropped += any && dies <= 2 ? 1 : 0;
    arena_free(&arena);
    return any;
}

static void submit_one(struct run *run)
{
    struct world *world = &run->world;
    struct books_result result;
    struct problem problem = {0};
    const int person = (int)world_below(WORLD_PEOPLE);
    const bool again = run->count > 0 && world_below(10) == 0;
    const struct funds_request request = {
        .id = id_new(&world_env),
        .person = world->people[person],
        .card = world->cards[person],
        .amount = 1 + world_below(400000),
    };
    const enum code code = world_order(world, world_below(2) == 0, &request, &result, &problem);
    if (code != OK) {
        assert_int_equal(problem.charged, CHARGED_NO);
        run->refused++;
        return;
    }
    run->orders[run->count++] = request.id;
    if (again) {
        struct funds_request twin = request;
        const struct id earlier = run->orders[world_below((int64_t)run->count)];
        twin.id = earlier;
        twin.amount += 1;
        assert_int_not_equal(world_order(world, true, &twin, &result, &problem), OK);
    }
}

// Money from elsewhere, so that a top-up sometimes meets a full wallet when it arrives.
static void surprise(struct run *run)
{
    struct world *world = &run->world;
    const int person = (int)world_below(WORLD_PEOPLE);
    const int64_t balance = world_balance(world, world->accounts[person]);
    if (balance < 1900000 && world_below(3) == 0)
        world_fund(world, world->accounts[person], 1 + world_below(1990000 - balance));
}

static size_t open_orders(struct run *run)
{
    size_t open = 0;
    for (size_t i = 0; i < run->count; i++) {
        struct funds_order order;
        assert_int_equal(funds_order_load(run->world.db, &run->orders[i], &order), OK);
        open += order.state < FUNDS_DONE ? 1 : 0;
    }
    return open;
}

static void storm(struct run *run)
{
    while (run->count < ORDERS) {
        if (world_below(3) == 0)
            submit_one(run);
        surprise(run);
        if (run->kept_count > KEPT / 2)
            bring_late(run);
        if (!work_once(run) || world_below(4) == 0)
            world_clock_us += (1 + world_below(120)) * WORLD_SECOND_US;
    }
}

// The bank is well again: everything must end by itself, in bounded time.
static void calm(struct run *run)
{
    run->bank.healthy = true;
    size_t steps = 0;
    while (open_orders(run) > 0) {
        assert_true(steps++ < STEPS_MAX);
        for (int i = 0; i < 50 && work_once(run); i++)
            ;
        world_clock_us += 30 * WORLD_SECOND_US;
    }
    while (run->kept_count > 0)
        bring_late(run);
    // What is left in the queue are rows of finished orders.
    while (work_once(run))
        ;
}

static void check_orders(struct run *run)
{
    int64_t bank_net = 0, done = 0, failed = 0;
    for (size_t i = 0; i < run->count; i++) {
        struct funds_order order;
        assert_int_equal(funds_order_load(run->world.db, &run->orders[i], &order), OK);
        const struct record *record = find(&run->bank, &order.id);
        const bool booked = record != NULL && record->state == RECORD_DONE;
        assert_int_equal(order.state == FUNDS_DONE, booked);
        done += booked ? 1 : 0;
        failed += booked ? 0 : 1;
        if (record != NULL)
            assert_true(record->bookings <= 1);
        if (!booked)
            continue;
        assert_int_equal(record->amount, order.amount);
        assert_int_equal(record->debit, order.kind == BOOKS_TOPUP);
        bank_net += record->debit ? record->amount : -record->amount;
    }
    // F1: the bank has seen no id that is not an order's.
    for (size_t i = 0; i < run->bank.count; i++) {
        struct funds_order order;
        assert_int_equal(funds_order_load(run->world.db, &run->bank.records[i].id, &order), OK);
    }
    const int64_t cash = books_chart_account(MONEY_CNY, BOOKS_CASH_AT_BANK);
    assert_int_equal(world_balance(&run->world, cash), bank_net + run->world.funded);
    assert_int_equal(world_balance(&run->world, books_chart_account(MONEY_CNY, BOOKS_TRANSIT_OUT)),
                     0);
    printf("orders: %lld done, %lld failed, %lld refused at once; worker dropped %lld times; %lld "
           "reversals, %lld sent again, %lld late answers\n",
           (long long)done, (long long)failed, (long long)run->refused, (long long)run->dropped,
           (long long)run->bank.reversals, (long long)run->bank.resent, (long long)run->late);
    assert_true(done > ORDERS / 10 && failed > ORDERS / 10 && run->dropped > 5);
    assert_true(run->bank.reversals > 0 && run->bank.resent > 3 && run->late > 5);
}

static void check_wallets(struct run *run)
{
    int64_t sum = 0, cash = 0;
    for (int n = 0; n < WORLD_PEOPLE; n++) {
        struct books_account account;
        struct guard_wallet wallet;
        int64_t withdrawn = 0;
        const int64_t id = run->world.accounts[n];
        assert_int_equal(books_read_account(&account, run->world.db, id), OK);
        assert_int_equal(account.ledger.debits_pending, 0);
        assert_true(ledger_balance(&account.ledger) <= 2000000); // class 3
        sum += ledger_balance(&account.ledger);
        for (size_t i = 0; i < run->count; i++) {
            struct funds_order order;
            assert_int_equal(funds_order_load(run->world.db, &run->orders[i], &order), OK);
            if (order.account == id && order.kind == BOOKS_WITHDRAWAL && order.state == FUNDS_DONE)
                withdrawn += order.amount;
        }
        // A withdrawal that failed gave back what it had used of the limits.
        assert_int_equal(guard_wallet_load(&wallet, run->world.db, id), OK);
        assert_int_equal(wallet.year_used, withdrawn);
    }
    cash = world_balance(&run->world, books_chart_account(MONEY_CNY, BOOKS_CASH_AT_BANK));
    assert_int_equal(sum, cash);
}

static void whole_run(const char *url)
{
    const char *text = getenv("TONGBAO_SEED");
    const uint64_t seed = text != NULL ? strtoull(text, NULL, 10) : 20260601;
    struct run *run = mem_alloc(sizeof *run);
    printf("seed %llu (replay with TONGBAO_SEED)\n", (unsigned long long)seed);
    log_set_level(LOG_ERROR + 1);
    world_open(&run->world, seed, url);
    for (int n = 0; n < WORLD_PEOPLE; n++)
        world_fund(&run->world, run->world.accounts[n], 500000);
    storm(run);
    calm(run);
    check_orders(run);
    check_wallets(run);
    world_assert_clean(&run->world);
    world_close(&run->world);
    mem_free(run);
}

static void sqlite_run(void **state)
{
    (void)state;
    whole_run(NULL);
}

static void postgres_run(void **state)
{
    char url[512];
    (void)state;
    if (!world_postgres(url, sizeof url, "tongbao_funds_bank")) {
        printf("TONGBAO_TEST_POSTGRES is not set: PostgreSQL skipped\n");
        skip();
    }
    whole_run(url);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sqlite_run),
        cmocka_unit_test(postgres_run),
    };
    return cmocka_run_group_tests_name("funds and a failing bank", tests, NULL, NULL);
}
