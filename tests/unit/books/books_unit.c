// rooms: base money ledger db books audit
// What books.h promises about refusals, repetition, states, refunds, corrections, reading, and the
// tables' own protections.
#include "audit/audit.h"
#include "property/books_load.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

struct fixture {
    struct load_folder folder;
    struct db *db;
    struct arena *arena;
    struct books_group *group;
    struct load_random random;
    int64_t anna, bo, shop; // wallets with 100.00, 0.00, and a merchant's account
    int64_t now_us;
};

static void begin(struct fixture *f)
{
    assert_int_equal(db_begin(f->db), OK);
    assert_int_equal(books_group_begin(&f->group, f->db, f->arena, f->now_us), OK);
}

static void commit(struct fixture *f)
{
    assert_int_equal(books_group_write(f->group), OK);
    assert_int_equal(db_commit(f->db), OK);
}

static int set_up(void **state)
{
    struct fixture *f = mem_alloc(sizeof *f);
    *state = f;
    f->random.state = 5;
    f->now_us = LOAD_START_US;
    f->arena = arena_new();
    if (!load_folder_make(&f->folder) || !load_sqlite(&f->db, &f->folder, "a"))
        return -1;
    begin(f);
    assert_int_equal(books_open_chart(f->group, MONEY_CNY), OK);
    assert_int_equal(books_account_open(&f->anna, f->group, BOOKS_WALLET, 1, MONEY_CNY), OK);
    assert_int_equal(books_account_open(&f->bo, f->group, BOOKS_WALLET, 2, MONEY_CNY), OK);
    assert_int_equal(books_account_open(&f->shop, f->group, BOOKS_MERCHANT, 3, MONEY_CNY), OK);
    const int64_t cash = books_chart_account(MONEY_CNY, BOOKS_CASH_AT_BANK);
    const struct books_posting fund = {LEDGER_POST, BOOKS_FUNDING, cash, f->anna,
                                       10000,       MONEY_CNY,     0,    0};
    const struct id id = load_id(&f->random, f->now_us);
    struct books_result result;
    assert_int_equal(books_post(&result, f->group, &id, &fund, 1, NULL), OK);
    commit(f);
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    struct audit_result result;
    const struct audit_options options = {
        .report = audit_print_finding, .context = stdout, .ledger_only = true};
    const enum code code = audit_run(&result, f->db, &options);
    db_close(&f->db);
    arena_free(&f->arena);
    load_folder_remove(&f->folder);
    mem_free(f);
    // Whatever a test did, the books must be in order afterwards.
    return code == OK && result.findings == 0 ? 0 : -1;
}

static struct books_posting main_posting(const struct books_operation *operation,
                                         enum ledger_kind kind, int64_t expires_us)
{
    return (struct books_posting){kind,
                                  operation->kind,
                                  operation->payer,
                                  operation->payee,
                                  operation->amount,
                                  operation->currency,
                                  0,
                                  expires_us};
}

static struct books_operation payment(struct fixture *f, int64_t amount)
{
    return (struct books_operation){.id = load_id(&f->random, f->now_us),
                                    .kind = BOOKS_PAYMENT,
                                    .state = BOOKS_SUCCEEDED,
                                    .payer = f->anna,
                                    .payee = f->shop,
                                    .amount = amount,
                                    .currency = MONEY_CNY};
}

static enum code pay(struct books_result *out, struct fixture *f, struct books_operation *operation,
                     struct problem *problem)
{
    const struct books_posting posting = main_posting(operation, LEDGER_POST, 0);
    operation->postings = &posting;
    operation->posting_count = 1;
    return books_operate(out, f->group, operation, problem);
}

static int64_t hold(struct fixture *f, int64_t amount)
{
    struct books_operation operation = payment(f, amount);
    const struct books_posting posting =
        main_posting(&operation, LEDGER_HOLD, f->now_us + LOAD_DAY_US);
    struct books_result result;
    operation.state = BOOKS_PROCESSING;
    operation.postings = &posting;
    operation.posting_count = 1;
    assert_int_equal(books_operate(&result, f->group, &operation, NULL), OK);
    return result.seq;
}

static int64_t available(struct fixture *f, int64_t account)
{
    const struct books_account *row = NULL;
    assert_int_equal(books_account(&row, f->group, account), OK);
    return ledger_available(&row->ledger);
}

// --- refusals
// -------------------------------------------------------------------------------------

static void refusals_say_why(void **state)
{
    struct fixture *f = *state;
    struct books_result result;
    struct problem problem;
    begin(f);
    struct books_operation operation = payment(f, 10001);
    assert_int_equal(pay(&result, f, &operation, &problem), CODE_BALANCE_INSUFFICIENT);
    assert_int_equal(problem.amount, 1);
    assert_int_equal(problem.left, 10000);
    assert_int_equal(problem.charged, CHARGED_NO);
    assert_string_equal(problem.rule, "ledger.debit-exceeds-credits");
    assert_string_equal(problem.currency, "CNY");
    operation = payment(f, 0);
    assert_int_equal(pay(&result, f, &operation, &problem), CODE_AMOUNT_INVALID);
    operation = payment(f, 1);
    operation.payee = f->anna;
    assert_int_equal(pay(&result, f, &operation, &problem), CODE_PAYEE_SELF);
    operation = payment(f, 1);
    operation.payee = 4711;
    assert_int_equal(pay(&result, f, &operation, &problem), CODE_NOT_FOUND);
    operation = payment(f, 1);
    operation.id.bytes[6] = 0x40;
    assert_int_equal(pay(&result, f, &operation, &problem), CODE_REQUEST_INVALID);
    assert_int_equal(available(f, f->anna), 10000);
    commit(f);
    int64_t last = 0;
    assert_int_equal(books_last_seq(&last, f->db), OK);
    assert_int_equal(last, 1);
}

// REQ-099
static void freezing_stops_spending_only(void **state)
{
    struct fixture *f = *state;
    struct books_result result;
    struct problem problem;
    begin(f);
    const int64_t seq = hold(f, 300);
    assert_int_equal(books_account_permit(f->group, f->anna, LEDGER_FROZEN_OUT, 0, NULL), OK);
    struct books_operation operation = payment(f, 1);
    assert_int_equal(pay(&result, f, &operation, &problem), CODE_WALLET_FROZEN);
    assert_int_equal(books_capture(&result, f->group, seq, 0, &problem), OK);
    assert_int_equal(books_account_permit(f->group, f->anna, 0, LEDGER_FROZEN_OUT, NULL), OK);
    assert_int_equal(pay(&result, f, &operation, &problem), OK);
    assert_int_equal(books_account_permit(f->group, f->anna, LEDGER_CLOSED, 0, &problem),
                     CODE_NOT_ALLOWED);
    assert_int_equal(books_account_permit(f->group, f->bo, LEDGER_CLOSED, 0, &problem), OK);
    operation = payment(f, 1);
    operation.payee = f->bo;
    assert_int_equal(pay(&result, f, &operation, &problem), CODE_NOT_ALLOWED);
    commit(f);
}

static void a_linked_set_happens_whole_or_not(void **state)
{
    struct fixture *f = *state;
    struct books_result result;
    struct problem problem;
    begin(f);
    struct books_operation operation = payment(f, 5000);
    operation.fee = 5001;
    const struct books_posting postings[] = {main_posting(&operation, LEDGER_POST, 0),
                                             {LEDGER_POST, BOOKS_FEE, f->shop,
                                              books_chart_account(MONEY_CNY, BOOKS_FEES), 5001,
                                              MONEY_CNY, 0, 0}};
    operation.postings = postings;
    operation.posting_count = 2;
    assert_int_equal(books_operate(&result, f->group, &operation, &problem),
                     CODE_BALANCE_INSUFFICIENT);
    assert_int_equal(available(f, f->anna), 10000);
    assert_int_equal(available(f, f->shop), 0);
    commit(f);
}

// --- repetition (L7)
// --------------------------------------------------------------------------------

static void the_same_request_is_answered_the_same(void **state)
{
    struct fixture *f = *state;
    struct books_result first;
    struct books_result again;
    struct problem problem;
    begin(f);
    struct books_operation operation = payment(f, 700);
    assert_int_equal(pay(&first, f, &operation, &problem), OK);
    assert_int_equal(pay(&again, f, &operation, &problem), OK);
    assert_true(again.repeated && !first.repeated && again.seq == first.seq);
    commit(f);
    begin(f);
    assert_int_equal(pay(&again, f, &operation, &problem), OK);
    assert_true(again.repeated && again.seq == first.seq);
    operation.amount = 701;
    assert_int_equal(pay(&again, f, &operation, &problem), CODE_CONFLICT_IDEMPOTENCY);
    assert_string_equal(problem.rule, "ledger.repeated-amount");
    operation.payee = f->bo;
    assert_int_equal(pay(&again, f, &operation, &problem), CODE_CONFLICT_IDEMPOTENCY);
    assert_string_equal(problem.rule, "ledger.repeated-payee");
    assert_int_equal(available(f, f->anna), 9300);
    commit(f);
}

// --- states
// -----------------------------------------------------------------------------------------

static void a_hold_ends_once(void **state)
{
    struct fixture *f = *state;
    struct books_result result;
    struct problem problem;
    begin(f);
    const int64_t seq = hold(f, 300);
    assert_int_equal(available(f, f->anna), 9700);
    assert_int_equal(books_expire(&result, f->group, seq, NULL, &problem), CODE_NOT_ALLOWED);
    assert_string_equal(problem.rule, "ledger.hold-not-due");
    assert_int_equal(books_capture(&result, f->group, seq, 301, &problem), CODE_NOT_ALLOWED);
    assert_string_equal(problem.rule, "ledger.hold-amount-exceeded");
    assert_int_equal(books_capture(&result, f->group, seq, 200, &problem), OK);
    assert_int_equal(result.state, BOOKS_SUCCEEDED);
    assert_int_equal(available(f, f->anna), 9800);
    assert_int_equal(books_capture(&result, f->group, seq, 200, &problem), OK);
    assert_true(result.repeated);
    assert_int_equal(books_release(&result, f->group, seq, NULL, &problem), CODE_NOT_ALLOWED);
    assert_string_equal(problem.rule, "ledger.state-final");
    commit(f);
    struct books_entry entry;
    assert_int_equal(books_journal_by_seq(&entry, f->db, f->arena, seq), OK);
    assert_int_equal(entry.settled, 200);
    assert_int_equal(entry.amount, 300);
}

static void state_and_money_cannot_disagree(void **state)
{
    struct fixture *f = *state;
    struct books_result result;
    begin(f);
    const int64_t seq = hold(f, 300);
    struct books_operation operation = payment(f, 100);
    log_set_level((enum log_level)(LOG_ERROR + 1));
    assert_int_equal(books_operate(&result, f->group, &operation, NULL), CODE_INTERNAL);
    const struct books_step success = {seq, BOOKS_SUCCEEDED, NULL, NULL, 0};
    const struct books_step failure = {seq, BOOKS_FAILED, NULL, NULL, 0};
    const struct books_step back = {seq, BOOKS_CREATED, NULL, NULL, 0};
    const struct books_step unknown = {seq, BOOKS_UNKNOWN, "timeout", NULL, 0};
    assert_int_equal(books_continue(&result, f->group, &success, NULL), CODE_INTERNAL);
    assert_int_equal(books_continue(&result, f->group, &failure, NULL), CODE_INTERNAL);
    log_set_level(LOG_INFO);
    assert_int_equal(books_continue(&result, f->group, &back, NULL), CODE_NOT_ALLOWED);
    assert_int_equal(books_continue(&result, f->group, &unknown, NULL), OK);
    assert_int_equal(result.state, BOOKS_UNKNOWN);
    assert_int_equal(books_release(&result, f->group, seq, "bank-refused", NULL), OK);
    commit(f);
    struct books_entry entry;
    assert_int_equal(books_journal_by_seq(&entry, f->db, f->arena, seq), OK);
    assert_int_equal(entry.state, BOOKS_FAILED);
    assert_string_equal(entry.detail, "bank-refused");
}

static void an_operation_may_wait_for_its_money(void **state)
{
    struct fixture *f = *state;
    struct books_result result;
    size_t count = 4;
    int64_t open[4];
    begin(f);
    struct books_operation operation = payment(f, 250);
    operation.state = BOOKS_AWAITING_USER;
    assert_int_equal(books_operate(&result, f->group, &operation, NULL), OK);
    commit(f);
    assert_int_equal(books_journal_open(open, &count, f->db, f->now_us + 1), OK);
    assert_int_equal(count, 1);
    assert_int_equal(open[0], result.seq);
    struct books_entry *waiting = NULL;
    assert_int_equal(books_journal_open_of(&waiting, &count, f->db, f->arena, f->shop), OK);
    assert_int_equal(count, 1);
    assert_true(id_equal(&waiting[0].id, &operation.id));
    begin(f);
    const struct books_posting posting = main_posting(&operation, LEDGER_POST, 0);
    const struct books_step step = {result.seq, BOOKS_SUCCEEDED, NULL, &posting, 1};
    assert_int_equal(books_continue(&result, f->group, &step, NULL), OK);
    assert_int_equal(available(f, f->shop), 250);
    commit(f);
    assert_int_equal(books_journal_open_of(&waiting, &count, f->db, f->arena, f->shop), OK);
    assert_int_equal(count, 0);
}

static void due_holds_are_found_and_expire(void **state)
{
    struct fixture *f = *state;
    struct books_result result;
    int64_t due[4];
    size_t count = 4;
    begin(f);
    const int64_t seq = hold(f, 300);
    commit(f);
    assert_int_equal(books_holds_due(due, &count, f->db, f->now_us + LOAD_DAY_US - 1), OK);
    assert_int_equal(count, 0);
    count = 4;
    assert_int_equal(books_holds_due(due, &count, f->db, f->now_us + LOAD_DAY_US), OK);
    assert_int_equal(count, 1);
    assert_int_equal(due[0], seq);
    f->now_us += LOAD_DAY_US;
    begin(f);
    assert_int_equal(books_expire(&result, f->group, seq, "deadline", NULL), OK);
    assert_int_equal(result.state, BOOKS_CLOSED);
    assert_int_equal(available(f, f->anna), 10000);
    commit(f);
}

// --- refunds and corrections
// --------------------------------------------------------------------------

static void refunds_stay_within_the_payment(void **state)
{
    struct fixture *f = *state;
    struct books_result result;
    struct problem problem;
    struct books_entry entry;
    begin(f);
    struct books_operation paid = payment(f, 1000);
    struct books_operation other = payment(f, 3000);
    assert_int_equal(pay(&result, f, &paid, NULL), OK);
    assert_int_equal(pay(&result, f, &other, NULL), OK);
    struct books_operation refund = payment(f, 400);
    refund.kind = BOOKS_REFUND;
    refund.payer = f->shop;
    refund.payee = f->anna;
    refund.related = paid.id;
    assert_int_equal(pay(&result, f, &refund, &problem), OK);
    commit(f);
    assert_int_equal(books_journal_by_id(&entry, f->db, f->arena, &paid.id), OK);
    assert_int_equal(books_shown_state(&entry), BOOKS_PARTIALLY_REFUNDED);
    begin(f);
    refund.id = load_id(&f->random, f->now_us);
    refund.amount = 601;
    assert_int_equal(pay(&result, f, &refund, &problem), CODE_NOT_ALLOWED);
    assert_string_equal(problem.rule, "ledger.refund-exceeds-payment");
    assert_int_equal(problem.left, 600);
    refund.amount = 600;
    refund.payee = f->bo;
    assert_int_equal(pay(&result, f, &refund, &problem), CODE_NOT_ALLOWED);
    refund.payee = f->anna;
    assert_int_equal(pay(&result, f, &refund, &problem), OK);
    commit(f);
    assert_int_equal(books_journal_by_id(&entry, f->db, f->arena, &paid.id), OK);
    assert_int_equal(books_shown_state(&entry), BOOKS_REFUNDED);
}

static void a_correction_is_a_new_transfer_and_happens_once(void **state)
{
    struct fixture *f = *state;
    struct books_result paid;
    struct books_result result;
    struct problem problem;
    begin(f);
    struct books_operation operation = payment(f, 1000);
    assert_int_equal(pay(&paid, f, &operation, NULL), OK);
    commit(f);
    begin(f);
    struct books_correction correction = {load_id(&f->random, f->now_us), &paid.seq, 1, "twice"};
    assert_int_equal(books_correct(&result, f->group, &correction, &problem), OK);
    assert_int_equal(available(f, f->anna), 10000);
    const int64_t corrected = result.seq;
    assert_int_equal(books_correct(&result, f->group, &correction, &problem), OK);
    assert_true(result.repeated);
    correction.id = load_id(&f->random, f->now_us);
    assert_int_equal(books_correct(&result, f->group, &correction, &problem), CODE_NOT_ALLOWED);
    assert_string_equal(problem.rule, "ledger.correction-done-before");
    correction.transfers = &corrected;
    assert_int_equal(books_correct(&result, f->group, &correction, &problem), CODE_NOT_ALLOWED);
    assert_string_equal(problem.rule, "ledger.correction-not-possible");
    commit(f);
}

// --- reading
// --------------------------------------------------------------------------------------------

static void operations_appear_once_in_the_statement(void **state)
{
    struct fixture *f = *state;
    struct books_result result;
    begin(f);
    const int64_t seq = hold(f, 300);
    assert_int_equal(books_capture(&result, f->group, seq, 0, NULL), OK);
    struct books_operation operation = payment(f, 100);
    assert_int_equal(pay(&result, f, &operation, NULL), OK);
    commit(f);
    struct books_line *lines = NULL;
    size_t count = 0;
    struct books_statement_query query = {f->anna, 0, 0, 10, BOOKS_OPERATIONS};
    assert_int_equal(books_statement(&lines, &count, f->db, f->arena, &query), OK);
    assert_int_equal(count, 3);
    assert_int_equal(lines[0].entry.amount, 100);
    assert_true(lines[0].out && lines[0].has_entry);
    assert_int_equal(lines[1].hold_state, LEDGER_HOLD_CAPTURED);
    assert_int_equal(lines[1].captured, 300);
    assert_int_equal(lines[1].business_date, 20260101);
    assert_false(lines[2].has_entry || lines[2].out);
    query.view = BOOKS_ALL_LINES;
    assert_int_equal(books_statement(&lines, &count, f->db, f->arena, &query), OK);
    assert_int_equal(count, 4);
    query.account = f->bo;
    query.before_seq = seq;
    assert_int_equal(books_statement(&lines, &count, f->db, f->arena, &query), OK);
    assert_int_equal(count, 0);
}

static void accounts_are_found_by_owner(void **state)
{
    struct fixture *f = *state;
    struct books_account row;
    int64_t id = 0;
    assert_int_equal(books_find_account(&id, f->db, 1, BOOKS_WALLET, MONEY_CNY), OK);
    assert_int_equal(id, f->anna);
    assert_int_equal(books_find_account(&id, f->db, 1, BOOKS_WALLET, MONEY_USD), CODE_NOT_FOUND);
    assert_int_equal(books_read_account(&row, f->db, f->anna), OK);
    assert_int_equal(row.owner, 1);
    assert_int_equal(row.kind, BOOKS_WALLET);
    assert_int_equal(ledger_balance(&row.ledger), 10000);
    assert_int_equal(books_read_account(&row, f->db, 4711), CODE_NOT_FOUND);
    begin(f);
    assert_int_equal(books_account_open(&id, f->group, BOOKS_WALLET, 1, MONEY_CNY),
                     CODE_NOT_ALLOWED);
    assert_int_equal(books_account_open(&id, f->group, BOOKS_WALLET, 9, MONEY_CNY), OK);
    assert_int_equal(books_account_open(&id, f->group, BOOKS_WALLET, 9, MONEY_CNY),
                     CODE_NOT_ALLOWED);
    commit(f);
}

// --- the tables' own protections (L1, L3, L6, L7, L8)
// ------------------------------------------------------

static void the_tables_refuse_what_the_code_would_not_do(void **state)
{
    struct fixture *f = *state;
    static const char *const forbidden[] = {
        "UPDATE ledger_transfer SET amount = amount + 1",
        "DELETE FROM ledger_transfer",
        "UPDATE ledger_account SET credits_posted = credits_posted - 1 WHERE credits_posted > 0",
        "UPDATE ledger_account SET debits_posted = credits_posted + 1 WHERE id >= 1000000000",
        "UPDATE ledger_account SET flags = 0 WHERE id >= 1000000000",
        "DELETE FROM ledger_account",
        "UPDATE ledger_hold SET state = 3",
        "DELETE FROM ledger_hold",
        "UPDATE journal SET amount = amount + 1",
        "UPDATE journal SET state = 11 WHERE state = 10",
        "DELETE FROM journal",
        "UPDATE journal SET refunded = settled + 1",
        "INSERT INTO ledger_transfer SELECT seq + 100, id, kind, code, debit, credit, amount, "
        "currency, hold_seq, link, debit_prev, credit_prev, at_us, business_date "
        "FROM ledger_transfer",
    };
    struct books_result result;
    begin(f);
    const int64_t seq = hold(f, 300);
    assert_int_equal(books_capture(&result, f->group, seq, 0, NULL), OK);
    commit(f);
    log_set_level((enum log_level)(LOG_ERROR + 1));
    for (size_t i = 0; i < sizeof forbidden / sizeof forbidden[0]; i++)
        if (db_exec(f->db, forbidden[i], NULL, 0, NULL) == OK)
            fail_msg("permitted: %s", forbidden[i]);
    log_set_level(LOG_INFO);
}

#define BOOKS_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOOKS_TEST(refusals_say_why),
        BOOKS_TEST(freezing_stops_spending_only),
        BOOKS_TEST(a_linked_set_happens_whole_or_not),
        BOOKS_TEST(the_same_request_is_answered_the_same),
        BOOKS_TEST(a_hold_ends_once),
        BOOKS_TEST(state_and_money_cannot_disagree),
        BOOKS_TEST(an_operation_may_wait_for_its_money),
        BOOKS_TEST(due_holds_are_found_and_expire),
        BOOKS_TEST(refunds_stay_within_the_payment),
        BOOKS_TEST(a_correction_is_a_new_transfer_and_happens_once),
        BOOKS_TEST(operations_appear_once_in_the_statement),
        BOOKS_TEST(accounts_are_found_by_owner),
        BOOKS_TEST(the_tables_refuse_what_the_code_would_not_do),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
