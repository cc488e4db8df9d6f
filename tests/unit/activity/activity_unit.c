// rooms: funds activity guard party vault books ledger money db audit base
// Bills: pages, filters, sums, details, numbers.
#include "activity/activity.h"
#include "property/funds_world.h"

struct bills {
    struct world world;
    struct activity activity;
    struct arena *arena;
    int64_t shop; // account
};

static int set_up(void **state)
{
    struct bills *bills = mem_alloc(sizeof *bills);
    struct world *world = &bills->world;
    struct books_group *group;
    struct party_merchant merchant;
    log_set_level(LOG_ERROR + 1);
    world_open(world, 11, NULL);
    bills->arena = arena_new();
    bills->activity = (struct activity){world->profiles, world->vault, &world_env};
    world_begin(world);
    assert_int_equal(books_group_begin(&group, world->db, bills->arena, world_clock_us), OK);
    assert_int_equal(books_account_open(&bills->shop, group, BOOKS_MERCHANT, 77, MONEY_CNY), OK);
    assert_int_equal(books_group_write(group), OK);
    const struct party_new_merchant in = {.id = 77,
                                          .name = "晨光书店",
                                          .name_en = "Morning Books",
                                          .verified = true,
                                          .account_cny = bills->shop,
                                          .key = "test-key"};
    assert_int_equal(party_merchant_add(world->db, world->vault, &world_env, &in, &merchant), OK);
    assert_int_equal(world_end(world, OK), OK);
    *state = bills;
    return 0;
}

static int tear_down(void **state)
{
    struct bills *bills = *state;
    world_close(&bills->world);
    arena_free(&bills->arena);
    mem_free(bills);
    return 0;
}

struct made {
    enum books_kind kind;
    int64_t payer, payee, amount;
    const char *memo;
    struct id related;
};

static struct id make(struct bills *bills, const struct made *made)
{
    struct books_group *group;
    struct books_result result;
    const struct books_posting posting = {.kind = LEDGER_POST,
                                          .code = made->kind,
                                          .debit = made->payer,
                                          .credit = made->payee,
                                          .amount = made->amount,
                                          .currency = MONEY_CNY};
    const struct books_operation operation = {.id = id_new(&world_env),
                                              .kind = made->kind,
                                              .state = BOOKS_SUCCEEDED,
                                              .payer = made->payer,
                                              .payee = made->payee,
                                              .amount = made->amount,
                                              .currency = MONEY_CNY,
                                              .memo = made->memo,
                                              .detail = "method=paycode;order=No. 7",
                                              .related = made->related,
                                              .postings = &posting,
                                              .posting_count = 1};
    world_begin(&bills->world);
    assert_int_equal(books_group_begin(&group, bills->world.db, bills->arena, world_clock_us), OK);
    assert_int_equal(books_operate(&result, group, &operation, NULL), OK);
    assert_int_equal(books_group_write(group), OK);
    assert_int_equal(world_end(&bills->world, OK), OK);
    world_clock_us += WORLD_SECOND_US;
    return operation.id;
}

static struct id pay(struct bills *bills, int person, int64_t amount, const char *memo)
{
    const struct made made = {
        BOOKS_PAYMENT, bills->world.accounts[person], bills->shop, amount, memo, {{0}}};
    return make(bills, &made);
}

static struct id transfer(struct bills *bills, int from, int to, int64_t amount, const char *memo)
{
    const struct made made = {
        BOOKS_TRANSFER, bills->world.accounts[from], bills->world.accounts[to], amount, memo,
        {{0}}};
    return make(bills, &made);
}

static struct activity_query query_of(struct bills *bills, int person)
{
    return (struct activity_query){.owner = bills->world.people[person],
                                   .account = bills->world.accounts[person],
                                   .limit = 100};
}

static struct activity_page list(struct bills *bills, const struct activity_query *query)
{
    struct activity_page page;
    assert_int_equal(
        activity_list(&page, bills->world.db, &bills->activity, bills->arena, query, NULL), OK);
    return page;
}

static struct activity_operation detail(struct bills *bills, int person, const struct id *id)
{
    struct activity_operation out;
    assert_int_equal(activity_operation(&out, bills->world.db, &bills->activity, bills->arena,
                                        &bills->world.accounts[person], 1, id),
                     OK);
    return out;
}

// --- lists
// ----------------------------------------------------------------------------------------

// Whatever the size of the page, each operation once, newest first.
// REQ-081
static void pages_neither_skip_nor_repeat(void **state)
{
    struct bills *bills = *state;
    struct id ids[40];
    world_fund(&bills->world, bills->world.accounts[0], 1000000);
    for (int i = 0; i < 40; i++)
        ids[i] = pay(bills, 0, 100 + i, NULL);
    for (size_t limit = 1; limit <= 45; limit += 4) {
        struct activity_query query = query_of(bills, 0);
        int next = 39;
        query.limit = limit;
        query.kind = BOOKS_PAYMENT;
        do {
            const struct activity_page page = list(bills, &query);
            assert_true(page.count <= limit && page.count > 0);
            for (size_t i = 0; i < page.count; i++)
                assert_true(id_equal(&page.rows[i].id, &ids[next--]));
            query.cursor = page.next_cursor;
        } while (query.cursor != NULL);
        assert_int_equal(next, -1);
    }
}

// New operations between two pages do not move what the second page shows.
static void a_cursor_is_a_place(void **state)
{
    struct bills *bills = *state;
    world_fund(&bills->world, bills->world.accounts[0], 1000000);
    for (int i = 0; i < 6; i++)
        (void)pay(bills, 0, 1 + i, NULL);
    struct activity_query query = query_of(bills, 0);
    query.kind = BOOKS_PAYMENT;
    query.limit = 3;
    const struct activity_page first = list(bills, &query);
    assert_int_equal(first.rows[2].amount, 4);
    for (int i = 0; i < 5; i++)
        (void)pay(bills, 0, 100 + i, NULL);
    query.cursor = first.next_cursor;
    const struct activity_page second = list(bills, &query);
    assert_int_equal(second.count, 3);
    assert_int_equal(second.rows[0].amount, 3);
    assert_int_equal(second.rows[2].amount, 1);
    assert_null(second.next_cursor);
}

static void a_cursor_belongs_to_person_and_filter(void **state)
{
    struct bills *bills = *state;
    struct activity_page page;
    struct problem problem = {0};
    world_fund(&bills->world, bills->world.accounts[0], 1000);
    for (int i = 0; i < 3; i++)
        (void)pay(bills, 0, 1, NULL);
    struct activity_query query = query_of(bills, 0);
    query.limit = 1;
    const char *cursor = list(bills, &query).next_cursor;
    assert_non_null(cursor);
    struct activity_query other = query_of(bills, 1);
    other.limit = 1;
    other.cursor = cursor;
    assert_int_equal(
        activity_list(&page, bills->world.db, &bills->activity, bills->arena, &other, &problem),
        CODE_REQUEST_INVALID);
    assert_string_equal(problem.fields[0].pointer, "/cursor");
    query.cursor = cursor;
    query.kind = BOOKS_TRANSFER;
    assert_int_equal(
        activity_list(&page, bills->world.db, &bills->activity, bills->arena, &query, NULL),
        CODE_REQUEST_INVALID);
    query.kind = 0;
    query.cursor = "not-ours";
    assert_int_equal(
        activity_list(&page, bills->world.db, &bills->activity, bills->arena, &query, NULL),
        CODE_REQUEST_INVALID);
}

// A top-up asked for early and booked late: nothing in between may vanish, it stands where it came.
// REQ-081
static void a_late_topup_hides_nothing(void **state)
{
    struct bills *bills = *state;
    struct world *world = &bills->world;
    struct funds_task task;
    struct books_result result;
    world_fund(world, world->accounts[0], 10000);
    const struct funds_request request = {id_new(&world_env), world->people[0], world->cards[0],
                                          500};
    assert_int_equal(world_order(world, true, &request, &result, NULL), OK);
    const struct id between = pay(bills, 0, 30, NULL);
    struct activity_query query = query_of(bills, 0);
    // Still open: below the payment, because it came first.
    struct activity_page page = list(bills, &query);
    assert_int_equal(page.count, 3);
    assert_true(id_equal(&page.rows[0].id, &between));
    assert_int_equal(page.rows[1].kind, BOOKS_TOPUP);
    assert_int_equal(page.rows[1].state, BOOKS_PROCESSING);
    const struct funds_answer yes = {.outcome = FUNDS_YES, .amount = 500, .tries_left = -1};
    assert_int_equal(world_step(world, &yes, &task), FUNDS_CALL_DEBIT);
    for (size_t limit = 1; limit <= 3; limit++) {
        query = query_of(bills, 0);
        query.limit = limit;
        size_t seen = 0;
        do {
            page = list(bills, &query);
            for (size_t i = 0; i < page.count; i++, seen++)
                assert_int_equal(page.rows[i].kind, seen == 0   ? BOOKS_TOPUP
                                                    : seen == 1 ? BOOKS_PAYMENT
                                                                : BOOKS_FUNDING);
            query.cursor = page.next_cursor;
        } while (query.cursor != NULL);
        assert_int_equal(seen, 3);
    }
}

static void what_failed_without_money_is_listed(void **state)
{
    struct bills *bills = *state;
    struct world *world = &bills->world;
    struct funds_task task;
    struct books_result result;
    const struct funds_answer no = {
        .outcome = FUNDS_NO, .reason = FUNDS_NOT_ENOUGH, .tries_left = -1};
    world_fund(world, world->accounts[0], 10000);
    const struct funds_request request = {id_new(&world_env), world->people[0], world->cards[0],
                                          500};
    assert_int_equal(world_order(world, true, &request, &result, NULL), OK);
    assert_int_equal(world_step(world, &no, &task), FUNDS_CALL_DEBIT);
    (void)pay(bills, 0, 30, NULL);
    struct activity_query query = query_of(bills, 0);
    for (size_t limit = 1; limit <= 4; limit++) {
        query = query_of(bills, 0);
        query.limit = limit;
        size_t seen = 0, failed = 0;
        do {
            const struct activity_page page = list(bills, &query);
            for (size_t i = 0; i < page.count; i++, seen++) {
                failed += page.rows[i].state == BOOKS_FAILED;
                if (page.rows[i].state == BOOKS_FAILED)
                    assert_int_equal(page.rows[i].failure, CODE_BANK_REFUSED);
            }
            query.cursor = page.next_cursor;
        } while (query.cursor != NULL);
        assert_int_equal(seen, 3);
        assert_int_equal(failed, 1);
    }
}

// REQ-080
static void filters_and_search(void **state)
{
    struct bills *bills = *state;
    world_fund(&bills->world, bills->world.accounts[0], 2000000);
    world_fund(&bills->world, bills->world.accounts[1], 1000000);
    (void)pay(bills, 0, 1234500, "午饭");
    (void)transfer(bills, 0, 1, 200, "Rent");
    (void)transfer(bills, 1, 0, 300, NULL);
    struct activity_query query = query_of(bills, 0);
    query.direction = ACTIVITY_IN;
    assert_int_equal(list(bills, &query).count, 2); // funding and the transfer
    query.kind = BOOKS_TRANSFER;
    struct activity_page page = list(bills, &query);
    assert_int_equal(page.count, 1);
    assert_int_equal(page.rows[0].amount, 300);
    assert_false(page.rows[0].out);
    static const struct {
        const char *text;
        size_t count;
    } searches[] = {{"书店", 1},     {"morning b", 1}, {"午饭", 1}, {"rent", 1},
                    {"12345.00", 1}, {"12,345", 1},    {"2.00", 1}, {"nothing", 0}};
    for (size_t i = 0; i < sizeof searches / sizeof searches[0]; i++) {
        query = query_of(bills, 0);
        query.text = searches[i].text;
        query.direction = ACTIVITY_OUT;
        assert_int_equal(list(bills, &query).count, searches[i].count);
    }
}

// REQ-082
static void months_end_at_midnight_in_shanghai(void **state)
{
    struct bills *bills = *state;
    world_fund(&bills->world, bills->world.accounts[0], 10000);
    int64_t end;
    assert_true(time_parse_utc(&end, "2026-06-30T15:59:59Z")); // 23:59:59 there
    world_clock_us = end;
    const struct id june = pay(bills, 0, 1, NULL); // moves the clock one second on
    const struct id july = pay(bills, 0, 2, NULL);
    struct activity_query query = query_of(bills, 0);
    query.kind = BOOKS_PAYMENT;
    query.month = 202606;
    struct activity_page page = list(bills, &query);
    assert_int_equal(page.count, 1);
    assert_true(id_equal(&page.rows[0].id, &june));
    query.month = 202607;
    page = list(bills, &query);
    assert_int_equal(page.count, 1);
    assert_true(id_equal(&page.rows[0].id, &july));
    query.month = 202613;
    assert_int_equal(
        activity_list(&page, bills->world.db, &bills->activity, bills->arena, &query, NULL),
        CODE_REQUEST_INVALID);
}

// --- sums
// -----------------------------------------------------------------------------------------

// Refunds and the person's own top-ups and withdrawals are no income and no expense.
// REQ-082
static void sums_leave_out_refunds_and_own_money(void **state)
{
    struct bills *bills = *state;
    struct world *world = &bills->world;
    struct activity_summary summary;
    struct funds_task task;
    struct books_result result;
    world_fund(world, world->accounts[0], 100000);
    world_fund(world, world->accounts[1], 100000);
    const struct id paid = pay(bills, 0, 3000, NULL);
    (void)transfer(bills, 0, 1, 500, NULL);
    (void)transfer(bills, 1, 0, 700, NULL);
    const struct made refund = {BOOKS_REFUND, bills->shop, world->accounts[0], 1000, NULL, paid};
    (void)make(bills, &refund);
    const struct funds_request request = {id_new(&world_env), world->people[0], world->cards[0],
                                          900};
    const struct funds_answer yes = {.outcome = FUNDS_YES, .amount = 900, .tries_left = -1};
    assert_int_equal(world_order(world, false, &request, &result, NULL), OK);
    assert_int_equal(world_step(world, &yes, &task), FUNDS_CALL_CREDIT);
    assert_int_equal(
        activity_month_summary(&summary, world->db, bills->arena, world->accounts[0], 202606), OK);
    assert_int_equal(summary.out, 3500);
    assert_int_equal(summary.in, 700);
    assert_int_equal(summary.day_count, 30);
    assert_int_equal(summary.days[0].out, 3500);
    assert_int_equal(summary.days[0].date, 20260601);
    assert_int_equal(summary.days[1].out, 0);
    assert_false(summary.partial);
    // The refunded payment shows what became of it.
    assert_int_equal(detail(bills, 0, &paid).state, BOOKS_PARTIALLY_REFUNDED);
}

// --- one operation
// --------------------------------------------------------------------------------

// REQ-080
static void both_sides_see_their_own_view(void **state)
{
    struct bills *bills = *state;
    world_fund(&bills->world, bills->world.accounts[0], 1000);
    const struct id id = transfer(bills, 0, 1, 400, "谢谢");
    const struct activity_operation out = detail(bills, 0, &id), in = detail(bills, 1, &id);
    assert_true(out.out);
    assert_false(in.out);
    assert_string_equal(out.counterparty.name, "测**丙");
    assert_string_equal(in.counterparty.name, "测*甲");
    assert_string_equal(out.counterparty.detail, "138****0001");
    assert_string_equal(out.memo, "谢谢");
    assert_true(out.has_balance_after && in.has_balance_after);
    assert_int_equal(out.balance_after, 600);
    assert_int_equal(in.balance_after, 400);
    // A later payment does not change what the balance was then.
    (void)pay(bills, 0, 100, NULL);
    assert_int_equal(detail(bills, 0, &id).balance_after, 600);
    struct activity_operation other;
    assert_int_equal(activity_operation(&other, bills->world.db, &bills->activity, bills->arena,
                                        &bills->world.accounts[2], 1, &id),
                     CODE_NOT_FOUND);
}

static void payment_names_the_shop(void **state)
{
    struct bills *bills = *state;
    world_fund(&bills->world, bills->world.accounts[0], 1000);
    const struct id id = pay(bills, 0, 400, NULL);
    const struct activity_operation row = detail(bills, 0, &id);
    assert_int_equal(row.counterparty.kind, ACTIVITY_MERCHANT);
    assert_string_equal(row.counterparty.name, "晨光书店");
    assert_string_equal(row.counterparty.name_en, "Morning Books");
    assert_string_equal(row.counterparty.detail, "No. 7");
    assert_string_equal(row.method, "paycode");
    assert_false(row.source.card);
    assert_int_equal(row.timeline_count, 1);
    assert_int_equal(row.timeline[0].state, BOOKS_SUCCEEDED);
}

static void topup_names_the_card_and_its_steps(void **state)
{
    struct bills *bills = *state;
    struct world *world = &bills->world;
    struct funds_task task;
    struct books_result result;
    char number[24], name[64];
    const struct funds_request request = {id_new(&world_env), world->people[0], world->cards[0],
                                          900};
    const struct funds_answer yes = {.outcome = FUNDS_YES, .amount = 900, .tries_left = -1};
    assert_int_equal(world_order(world, true, &request, &result, NULL), OK);
    world_clock_us += 4 * WORLD_SECOND_US;
    assert_int_equal(world_step(world, &yes, &task), FUNDS_CALL_DEBIT);
    const struct activity_operation row = detail(bills, 0, &request.id);
    world_card_number(number, "990101", 0, 19);
    (void)snprintf(name, sizeof name, "青禾银行（%s）", number + 15);
    assert_string_equal(row.counterparty.name, name);
    assert_true(row.source.card);
    assert_int_equal(row.timeline_count, 2);
    assert_int_equal(row.timeline[0].state, BOOKS_PROCESSING);
    assert_int_equal(row.timeline[1].at_us - row.timeline[0].at_us, 4 * WORLD_SECOND_US);
    assert_int_equal(row.balance_after, 900);
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(a, b);
}

static void order_numbers_are_unique_and_checked(void **state)
{
    enum { COUNT = 5000 };
    char(*numbers)[20] = mem_alloc(COUNT * sizeof *numbers);
    (void)state;
    for (int i = 0; i < COUNT; i++) {
        activity_order_number(numbers[i], 1 + i, WORLD_START_US);
        assert_int_equal(strlen(numbers[i]), 19);
        assert_memory_equal(numbers[i], "20260601", 8);
        assert_true(text_luhn_valid(numbers[i]));
    }
    qsort(numbers, COUNT, sizeof *numbers, compare_texts);
    for (int i = 1; i < COUNT; i++)
        assert_string_not_equal(numbers[i - 1], numbers[i]);
    mem_free(numbers);
}

static void receipt_code_follows_the_content(void **state)
{
    struct bills *bills = *state;
    struct books_entry entry = {.seq = 1,
                                .id = id_new(&world_env),
                                .amount = 100,
                                .state = BOOKS_SUCCEEDED,
                                .payer = 1,
                                .payee = 2,
                                .at_us = 3};
    char first[20], again[20], other[20];
    activity_receipt_code(bills->world.vault, &entry, first);
    activity_receipt_code(bills->world.vault, &entry, again);
    assert_string_equal(first, again);
    assert_int_equal(strlen(first), 14);
    entry.amount = 101;
    activity_receipt_code(bills->world.vault, &entry, other);
    assert_string_not_equal(first, other);
}

static void detail_texts(void **state)
{
    char out[8];
    (void)state;
    assert_true(activity_detail_get("method=card;bin=990101;last4=1234", "bin", out, sizeof out));
    assert_string_equal(out, "990101");
    assert_true(activity_detail_get("a=;b=1", "a", out, sizeof out));
    assert_string_equal(out, "");
    assert_false(activity_detail_get("xbin=1", "bin", out, sizeof out));
    assert_false(activity_detail_get("bin=12345678", "bin", out, sizeof out)); // does not fit
    assert_false(activity_detail_get("", "bin", out, sizeof out));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(pages_neither_skip_nor_repeat),         TEST(a_cursor_is_a_place),
        TEST(a_cursor_belongs_to_person_and_filter), TEST(a_late_topup_hides_nothing),
        TEST(what_failed_without_money_is_listed),   TEST(filters_and_search),
        TEST(months_end_at_midnight_in_shanghai),    TEST(sums_leave_out_refunds_and_own_money),
        TEST(both_sides_see_their_own_view),         TEST(payment_names_the_shop),
        TEST(topup_names_the_card_and_its_steps),    TEST(order_numbers_are_unique_and_checked),
        TEST(receipt_code_follows_the_content),      TEST(detail_texts),
    };
    return cmocka_run_group_tests_name("activity", tests, NULL, NULL);
}
