// rooms: funds guard party vault books ledger money db audit base
// Cards and orders: every refusal, what the person sees of each answer of the bank, what is stored.
#include "property/funds_world.h"

static const struct funds_answer YES = {.outcome = FUNDS_YES, .tries_left = -1};
static const struct funds_answer LOST = {.outcome = FUNDS_NO_ANSWER, .tries_left = -1};

static int set_up(void **state)
{
    struct world *world = mem_alloc(sizeof *world);
    log_set_level(LOG_ERROR + 1);
    world_open(world, 7, NULL);
    *state = world;
    return 0;
}

static int tear_down(void **state)
{
    world_assert_clean(*state);
    world_close(*state);
    mem_free(*state);
    return 0;
}

static struct funds_card card_of(struct world *world, int person, const struct id *id)
{
    struct funds_card card;
    assert_int_equal(funds_card_load(world->db, &world->funds, world->people[person], id, &card),
                     OK);
    return card;
}

static struct funds_order order_of(struct world *world, const struct id *id)
{
    struct funds_order order;
    assert_int_equal(funds_order_load(world->db, id, &order), OK);
    return order;
}

static enum books_state shown(struct world *world, const struct id *id)
{
    struct books_entry entry;
    struct arena *arena = arena_new();
    assert_int_equal(books_journal_by_id(&entry, world->db, arena, id), OK);
    arena_free(&arena);
    return entry.state;
}

static struct funds_request request_of(struct world *world, int person, int64_t amount)
{
    return (struct funds_request){id_new(&world_env), world->people[person], world->cards[person],
                                  amount};
}

static struct id submit(struct world *world, bool topup, int person, int64_t amount)
{
    const struct funds_request request = request_of(world, person, amount);
    struct books_result result;
    assert_int_equal(world_order(world, topup, &request, &result, NULL), OK);
    assert_int_equal(result.state, BOOKS_PROCESSING);
    return request.id;
}

static void later(int64_t seconds)
{
    world_clock_us += seconds * WORLD_SECOND_US;
}

// --- cards
// ----------------------------------------------------------------------------------------

static void card_is_bound_with_the_banks_code(void **state)
{
    struct world *world = *state;
    char number[24];
    struct funds_card card;
    struct funds_task task;
    struct funds_answer answer = YES;
    const struct id id = id_new(&world_env);
    world_card_number(number, "990301", 77, 16);
    assert_int_equal(world_card_add(world, 0, &id, number, &card, NULL), OK);
    assert_int_equal(card.state, FUNDS_CARD_VERIFYING);
    assert_string_equal(card.bank, "北枫银行");
    assert_string_equal(card.last4, number + 12);
    assert_string_equal(card.phone_masked, "138****1111");
    (void)text_copy(answer.card_token, sizeof answer.card_token, "challenge");
    answer.tries_left = 3;
    assert_int_equal(world_step(world, &answer, &task), FUNDS_CALL_VERIFY);
    assert_string_equal(task.card_number, number);
    assert_string_equal(task.name, "测试甲");
    assert_string_equal(task.phone, "13800001111");
    assert_int_equal(strlen(task.id_number), 18);
    assert_true(id_equal(&task.id, &id));
    assert_int_equal(card_of(world, 0, &id).state, FUNDS_CARD_AWAITING_CODE);
    // A wrong code: the bank tells how many are left.
    assert_int_equal(world_card_confirm(world, 0, &id, "000000", &card, NULL), OK);
    answer = (struct funds_answer){.outcome = FUNDS_NO, .reason = FUNDS_MISMATCH, .tries_left = 2};
    assert_int_equal(world_step(world, &answer, &task), FUNDS_CALL_CONFIRM);
    assert_true(id_equal(&task.original, &id));
    card = card_of(world, 0, &id);
    assert_int_equal(card.state, FUNDS_CARD_AWAITING_CODE);
    assert_int_equal(card.tries_left, 2);
    assert_int_equal(world_card_confirm(world, 0, &id, "123456", &card, NULL), OK);
    assert_int_equal(world_card_confirm(world, 0, &id, "123456", &card, NULL),
                     CODE_REQUEST_RUNNING);
    assert_int_equal(world_step(world, &YES, &task), FUNDS_CALL_CONFIRM);
    assert_string_equal(task.code, "123456");
    assert_int_equal(card_of(world, 0, &id).state, FUNDS_CARD_BOUND);
    // Again: the same card, whoever asks the same.
    assert_int_equal(world_card_add(world, 0, &id, number, &card, NULL), OK);
    assert_int_equal(card.state, FUNDS_CARD_BOUND);
}

static void card_refusals(void **state)
{
    struct world *world = *state;
    char number[24];
    struct funds_card card;
    struct problem problem = {0};
    struct id id = id_new(&world_env);
    world_card_number(number, "990301", 1, 16);
    number[15] = (char)(number[15] == '9' ? '0' : number[15] + 1);
    assert_int_equal(world_card_add(world, 0, &id, number, &card, &problem),
                     CODE_CARD_NUMBER_INVALID);
    assert_string_equal(problem.fields[0].pointer, "/card_number");
    assert_int_equal(world_card_add(world, 0, &id, "4111 x", &card, NULL),
                     CODE_CARD_NUMBER_INVALID);
    world_card_number(number, "123456", 1, 16);
    assert_int_equal(world_card_add(world, 0, &id, number, &card, NULL), CODE_CARD_NOT_SUPPORTED);
    // The card of set-up is bound already.
    world_card_number(number, "990101", 0, 19);
    assert_int_equal(world_card_add(world, 0, &id, number, &card, NULL), CODE_CARD_EXISTS);
    // An id that is another person's card.
    assert_int_equal(world_card_add(world, 1, &world->cards[0], number, &card, NULL),
                     CODE_CONFLICT_IDEMPOTENCY);
    // Someone else's card is not there.
    assert_int_equal(
        funds_card_load(world->db, &world->funds, world->people[1], &world->cards[0], &card),
        CODE_NOT_FOUND);
    assert_int_equal(world_card_confirm(world, 1, &world->cards[0], "123456", &card, NULL),
                     CODE_NOT_FOUND);
}

// Three failed additions a day, whatever was wrong is not said.
static void three_failed_additions_a_day(void **state)
{
    struct world *world = *state;
    char number[24];
    struct funds_card card;
    struct funds_task task;
    struct problem problem = {0};
    const struct funds_answer no = {
        .outcome = FUNDS_NO, .reason = FUNDS_MISMATCH, .tries_left = -1};
    for (int i = 0; i < 3; i++) {
        const struct id id = id_new(&world_env);
        world_card_number(number, "990501", 10 + i, 16);
        assert_int_equal(world_card_add(world, 2, &id, number, &card, NULL), OK);
        assert_int_equal(world_step(world, &no, &task), FUNDS_CALL_VERIFY);
        card = card_of(world, 2, &id);
        assert_int_equal(card.state, FUNDS_CARD_FAILED);
        assert_int_equal(card.failure, CODE_CARD_NOT_ADDED);
        assert_int_equal(card.additions_left, 2 - i);
    }
    const struct id id = id_new(&world_env);
    world_card_number(number, "990501", 20, 16);
    assert_int_equal(world_card_add(world, 2, &id, number, &card, &problem), CODE_CARD_NOT_ADDED);
    assert_string_equal(problem.rule, "cards.day");
    later(86400);
    assert_int_equal(world_card_add(world, 2, &id, number, &card, NULL), OK);
}

static void a_silent_bank_uses_up_no_addition(void **state)
{
    struct world *world = *state;
    char number[24];
    struct funds_card card;
    struct funds_task task;
    const struct id id = id_new(&world_env);
    world->funds.settings.breaker_failures = 100;
    world_card_number(number, "990501", 30, 16);
    assert_int_equal(world_card_add(world, 3, &id, number, &card, NULL), OK);
    for (int i = 0; i < world->funds.settings.card_calls_max; i++) {
        assert_int_equal(card_of(world, 3, &id).state, FUNDS_CARD_VERIFYING);
        assert_int_equal(world_step(world, &LOST, &task), FUNDS_CALL_VERIFY);
        assert_true(id_equal(&task.id, &id)); // the same question, the same id
        later(700);
    }
    card = card_of(world, 3, &id);
    assert_int_equal(card.state, FUNDS_CARD_FAILED);
    assert_int_equal(card.failure, CODE_BANK_MAINTENANCE);
    assert_int_equal(card.additions_left, 3);
}

static void code_expires_and_the_card_can_be_added_again(void **state)
{
    struct world *world = *state;
    char number[24];
    struct funds_card card;
    struct funds_task task;
    int64_t expired = 0;
    struct id id = id_new(&world_env);
    world_card_number(number, "990401", 5, 19);
    assert_int_equal(world_card_add(world, 4, &id, number, &card, NULL), OK);
    assert_int_equal(world_step(world, &YES, &task), FUNDS_CALL_VERIFY);
    later(299);
    world_begin(world);
    assert_int_equal(world_end(world, funds_cards_expire(world->db, &world->funds, 10, &expired)),
                     OK);
    assert_int_equal(expired, 0);
    later(1);
    assert_int_equal(world_card_confirm(world, 4, &id, "123456", &card, NULL), CODE_OTP_EXPIRED);
    world_begin(world);
    assert_int_equal(world_end(world, funds_cards_expire(world->db, &world->funds, 10, &expired)),
                     OK);
    assert_int_equal(expired, 1);
    assert_int_equal(card_of(world, 4, &id).failure, CODE_OTP_EXPIRED);
    id = id_new(&world_env);
    assert_int_equal(world_card_add(world, 4, &id, number, &card, NULL), OK);
}

static void removed_card_is_gone_and_not_while_an_order_runs(void **state)
{
    struct world *world = *state;
    struct funds_task task;
    struct funds_answer answer = YES;
    const struct id *card = &world->cards[0];
    const struct id order = submit(world, true, 0, 100);
    world_begin(world);
    assert_int_equal(
        world_end(world, funds_card_remove(world->db, &world->funds, world->people[0], card, NULL)),
        CODE_REQUEST_RUNNING);
    answer.amount = 100;
    assert_int_equal(world_step(world, &answer, &task), FUNDS_CALL_DEBIT);
    assert_int_equal(order_of(world, &order).state, FUNDS_DONE);
    world_begin(world);
    assert_int_equal(
        world_end(world, funds_card_remove(world->db, &world->funds, world->people[0], card, NULL)),
        OK);
    const struct funds_request request = request_of(world, 0, 100);
    struct books_result result;
    assert_int_equal(world_order(world, true, &request, &result, NULL), CODE_CARD_NOT_USABLE);
}

// F6: what is personal stands nowhere in clear text.
// REQ-003 REQ-013
static void nothing_personal_in_clear_text(void **state)
{
    struct world *world = *state;
    char number[24], path[128];
    struct funds_card card;
    struct funds_task task;
    const struct id id = id_new(&world_env);
    world_card_number(number, "990301", 4242, 16);
    assert_int_equal(world_card_add(world, 5, &id, number, &card, NULL), OK);
    assert_int_equal(world_step(world, &LOST, &task), FUNDS_CALL_VERIFY);
    int64_t found = -1;
    assert_int_equal(db_query_int(world->db, &found, "PRAGMA wal_checkpoint(TRUNCATE)", NULL, 0, 0),
                     OK);
    (void)snprintf(path, sizeof path, "%s/a.db", world->folder);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    struct buffer bytes = {0};
    char block[4096];
    for (size_t size; (size = fread(block, 1, sizeof block, file)) > 0;)
        buffer_append(&bytes, block, size);
    assert_int_equal(fclose(file), 0);
    assert_non_null(memmem(bytes.data, bytes.size, "990301", 6)); // the BIN is no secret
    assert_null(memmem(bytes.data, bytes.size, number, 16));
    assert_null(memmem(bytes.data, bytes.size, "13800001111", 11));
    assert_null(memmem(bytes.data, bytes.size, "agreement-0", 11));
    buffer_free(&bytes);
}

// --- orders
// ---------------------------------------------------------------------------------------

// REQ-077
static void topup_is_booked_when_the_bank_has_paid(void **state)
{
    struct world *world = *state;
    struct funds_task task;
    struct funds_answer answer = YES;
    const struct id id = submit(world, true, 0, 12345);
    assert_int_equal(shown(world, &id), BOOKS_PROCESSING);
    assert_int_equal(world_balance(world, world->accounts[0]), 0);
    answer.amount = 12345;
    assert_int_equal(world_step(world, &answer, &task), FUNDS_CALL_DEBIT);
    assert_true(id_equal(&task.id, &id)); // F1
    assert_string_equal(task.token, "agreement-0");
    assert_int_equal(task.amount, 12345);
    assert_int_equal(shown(world, &id), BOOKS_SUCCEEDED);
    assert_int_equal(world_balance(world, world->accounts[0]), 12345);
    // The same answer once more changes nothing (F2).
    assert_int_equal(world_answer(world, &task, &answer), OK);
    assert_int_equal(world_balance(world, world->accounts[0]), 12345);
}

// REQ-069
static void withdrawal_is_held_then_paid_or_given_back(void **state)
{
    struct world *world = *state;
    struct funds_task task;
    struct funds_answer answer = YES;
    struct books_account account;
    world_fund(world, world->accounts[0], 10000);
    const struct id paid = submit(world, false, 0, 4000);
    assert_int_equal(books_read_account(&account, world->db, world->accounts[0]), OK);
    assert_int_equal(ledger_available(&account.ledger), 6000);
    answer.amount = 4000;
    assert_int_equal(world_step(world, &answer, &task), FUNDS_CALL_CREDIT);
    assert_int_equal(shown(world, &paid), BOOKS_SUCCEEDED);
    assert_int_equal(world_balance(world, world->accounts[0]), 6000);
    const struct id refused = submit(world, false, 0, 6000);
    const struct funds_answer no = {
        .outcome = FUNDS_NO, .reason = FUNDS_BAD_CARD, .tries_left = -1};
    assert_int_equal(world_step(world, &no, &task), FUNDS_CALL_CREDIT);
    assert_int_equal(shown(world, &refused), BOOKS_FAILED);
    assert_int_equal(order_of(world, &refused).failure, CODE_CARD_NOT_USABLE);
    assert_int_equal(books_read_account(&account, world->db, world->accounts[0]), OK);
    assert_int_equal(ledger_available(&account.ledger), 6000);
    struct guard_wallet wallet;
    assert_int_equal(guard_wallet_load(&wallet, world->db, world->accounts[0]), OK);
    assert_int_equal(wallet.day_used, 4000);
}

// REQ-102
static void order_refusals(void **state)
{
    struct world *world = *state;
    struct books_result result;
    struct problem problem = {0};
    struct funds_request request = request_of(world, 0, 0);
    assert_int_equal(world_order(world, true, &request, &result, &problem), CODE_AMOUNT_INVALID);
    request.amount = 1;
    assert_int_equal(world_order(world, false, &request, &result, &problem),
                     CODE_BALANCE_INSUFFICIENT);
    assert_int_equal(problem.amount, 1);
    // Class 3: 20,000 in all, 5,000 a payment, 10,000 a day.
    request.amount = 2000001;
    assert_int_equal(world_order(world, true, &request, &result, &problem), CODE_BALANCE_LIMIT);
    assert_int_equal(problem.left, 2000000);
    world_fund(world, world->accounts[0], 2000000);
    request.amount = 500001;
    assert_int_equal(world_order(world, false, &request, &result, &problem), CODE_LIMIT_EXCEEDED);
    assert_string_equal(problem.rule, "limit.tx");
    request.card = world->cards[1];
    request.amount = 100;
    assert_int_equal(world_order(world, false, &request, &result, &problem), CODE_CARD_NOT_USABLE);
    assert_int_equal(problem.charged, CHARGED_NO);
    request.card = world->cards[0];
    world_begin(world);
    assert_int_equal(
        world_end(world, party_set_frozen(world->db, world->people[0], true, world_clock_us)), OK);
    assert_int_equal(world_order(world, true, &request, &result, &problem), CODE_WALLET_FROZEN);
    assert_int_equal(world_order(world, false, &request, &result, &problem), CODE_WALLET_FROZEN);
}

static void open_topups_count_for_the_balance_limit(void **state)
{
    struct world *world = *state;
    struct books_result result;
    struct problem problem = {0};
    (void)submit(world, true, 0, 1500000);
    struct funds_request request = request_of(world, 0, 500001);
    assert_int_equal(world_order(world, true, &request, &result, &problem), CODE_BALANCE_LIMIT);
    assert_int_equal(problem.left, 500000);
    request.amount = 500000;
    assert_int_equal(world_order(world, true, &request, &result, &problem), OK);
}

// REQ-103
static void the_same_request_is_one_order(void **state)
{
    struct world *world = *state;
    struct books_result first, second;
    struct problem problem = {0};
    struct funds_request request = request_of(world, 0, 500);
    assert_int_equal(world_order(world, true, &request, &first, NULL), OK);
    assert_int_equal(world_order(world, true, &request, &second, NULL), OK);
    assert_true(second.repeated);
    assert_int_equal(first.seq, second.seq);
    request.amount = 501;
    assert_int_equal(world_order(world, true, &request, &second, &problem),
                     CODE_CONFLICT_IDEMPOTENCY);
    assert_string_equal(problem.fields[0].pointer, "/amount");
    request.amount = 500;
    assert_int_equal(world_order(world, false, &request, &second, NULL), CODE_CONFLICT_IDEMPOTENCY);
    request.person = world->people[1];
    request.card = world->cards[1];
    assert_int_equal(world_order(world, true, &request, &second, NULL), CODE_CONFLICT_IDEMPOTENCY);
}

// F4: "not found" means nothing before the delay; then the same id is sent again.
static void not_found_counts_after_the_delay_only(void **state)
{
    struct world *world = *state;
    struct funds_task task;
    struct funds_answer none = LOST, answer = YES;
    none.not_found = true;
    const struct id id = submit(world, true, 0, 700);
    assert_int_equal(world_step(world, &LOST, &task), FUNDS_CALL_DEBIT);
    assert_int_equal(shown(world, &id), BOOKS_UNKNOWN);
    later(59);
    assert_int_equal(world_step(world, &none, &task), FUNDS_CALL_INQUIRE);
    assert_true(id_equal(&task.id, &id));
    later(2); // 61 s after the send, and the inquiry is due
    assert_int_equal(world_step(world, &none, &task), FUNDS_CALL_INQUIRE);
    later(60);
    answer.amount = 700;
    assert_int_equal(world_step(world, &answer, &task), FUNDS_CALL_DEBIT);
    assert_true(id_equal(&task.id, &id));
    assert_int_equal(shown(world, &id), BOOKS_SUCCEEDED);
}

static void another_amount_is_never_taken_over(void **state)
{
    struct world *world = *state;
    struct funds_task task;
    struct funds_answer answer = YES;
    const struct id id = submit(world, true, 0, 700);
    answer.amount = 7000;
    assert_int_equal(world_step(world, &answer, &task), FUNDS_CALL_DEBIT);
    assert_int_equal(shown(world, &id), BOOKS_UNKNOWN);
    assert_int_equal(world_balance(world, world->accounts[0]), 0);
    later(6);
    answer.amount = 700;
    assert_int_equal(world_step(world, &answer, &task), FUNDS_CALL_INQUIRE);
    assert_int_equal(world_balance(world, world->accounts[0]), 700);
}

static void a_topup_that_the_bank_never_saw_is_given_up_by_reversal(void **state)
{
    struct world *world = *state;
    struct funds_task task;
    struct funds_answer none = LOST;
    none.not_found = true;
    const struct id id = submit(world, true, 0, 700);
    assert_int_equal(world_step(world, &LOST, &task), FUNDS_CALL_DEBIT);
    later(601);
    assert_int_equal(world_step(world, &none, &task), FUNDS_CALL_INQUIRE);
    assert_int_equal(order_of(world, &id).state, FUNDS_REVERSING);
    assert_int_equal(world_step(world, &LOST, &task), FUNDS_CALL_REVERSAL);
    const struct id reversal = task.id;
    assert_true(id_equal(&task.original, &id));
    later(60);
    assert_int_equal(world_step(world, &YES, &task), FUNDS_CALL_REVERSAL);
    assert_true(id_equal(&task.id, &reversal));
    assert_int_equal(shown(world, &id), BOOKS_FAILED);
    assert_int_equal(order_of(world, &id).failure, CODE_BANK_MAINTENANCE);
}

// Money that came but may not be credited goes back; it is never lost and never kept.
static void money_that_does_not_fit_goes_back(void **state)
{
    struct world *world = *state;
    struct funds_task task;
    struct funds_answer answer = YES;
    const struct id id = submit(world, true, 0, 1500000);
    world_fund(world, world->accounts[0], 600000);
    answer.amount = 1500000;
    assert_int_equal(world_step(world, &answer, &task), FUNDS_CALL_DEBIT);
    assert_int_equal(order_of(world, &id).state, FUNDS_REVERSING);
    // The bank does not give it back: asked again, and credited when there is room.
    const struct funds_answer no = {.outcome = FUNDS_NO, .tries_left = -1};
    assert_int_equal(world_step(world, &no, &task), FUNDS_CALL_REVERSAL);
    assert_int_equal(shown(world, &id), BOOKS_UNKNOWN);
    later(60);
    assert_int_equal(world_step(world, &answer, &task), FUNDS_CALL_INQUIRE);
    assert_int_equal(world_step(world, &YES, &task), FUNDS_CALL_REVERSAL);
    assert_int_equal(shown(world, &id), BOOKS_FAILED);
    assert_int_equal(order_of(world, &id).failure, CODE_BALANCE_LIMIT);
    assert_int_equal(world_balance(world, world->accounts[0]), 600000);
}

static void breaker_refuses_early(void **state)
{
    struct world *world = *state;
    struct funds_task task;
    struct books_result result;
    struct problem problem = {0};
    (void)submit(world, true, 0, 100);
    for (int i = 0; i < world->funds.settings.breaker_failures; i++) {
        assert_int_not_equal(world_step(world, &LOST, &task), FUNDS_CALL_NONE);
        later(i < 4 ? 700 : 0);
    }
    struct funds_request request = request_of(world, 1, 100);
    assert_int_equal(world_order(world, true, &request, &result, &problem), CODE_BANK_MAINTENANCE);
    assert_int_equal(problem.charged, CHARGED_NO);
    assert_string_equal(problem.subject, "青禾银行");
    assert_int_equal(problem.retry_after_s, 30);
    later(29);
    assert_int_equal(world_order(world, true, &request, &result, NULL), CODE_BANK_MAINTENANCE);
    later(1);
    assert_int_equal(world_order(world, true, &request, &result, NULL), OK);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(card_is_bound_with_the_banks_code),
        TEST(card_refusals),
        TEST(three_failed_additions_a_day),
        TEST(a_silent_bank_uses_up_no_addition),
        TEST(code_expires_and_the_card_can_be_added_again),
        TEST(removed_card_is_gone_and_not_while_an_order_runs),
        TEST(nothing_personal_in_clear_text),
        TEST(topup_is_booked_when_the_bank_has_paid),
        TEST(withdrawal_is_held_then_paid_or_given_back),
        TEST(order_refusals),
        TEST(open_topups_count_for_the_balance_limit),
        TEST(the_same_request_is_one_order),
        TEST(not_found_counts_after_the_delay_only),
        TEST(another_amount_is_never_taken_over),
        TEST(a_topup_that_the_bank_never_saw_is_given_up_by_reversal),
        TEST(money_that_does_not_fit_goes_back),
        TEST(breaker_refuses_early),
    };
    return cmocka_run_group_tests_name("funds", tests, NULL, NULL);
}
