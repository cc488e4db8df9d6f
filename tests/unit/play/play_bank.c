// rooms: play ports net db money base
// The play bank through the real drivers of ports/: every operation, every fault, the same id
// again, a restart.
#include "unit/play/play_bench.h"

// --- bank: what the tests ask ---

static const struct ports_bank_card GOOD_CARD = {NAME, ID_NUMBER, CARD, PHONE};

static struct ports_bank_answer verify(struct bench *bench, const struct id *id,
                                       const struct ports_bank_card *card)
{
    struct ports_bank_answer answer;
    ports_bank_verify_identity(bench->bank, id, card, &answer);
    return answer;
}

static struct ports_bank_answer confirm(struct bench *bench, const struct id *challenge,
                                        const char *code)
{
    const struct id id = id_new(env_system());
    struct ports_bank_answer answer;
    ports_bank_confirm_binding(bench->bank, &id, challenge, code, &answer);
    return answer;
}

static void bind_card(struct bench *bench, char token[72])
{
    char code[7];
    const struct id id = id_new(env_system());
    assert_int_equal(verify(bench, &id, &GOOD_CARD).outcome, PORTS_DONE);
    newest_code(bench, code);
    const struct ports_bank_answer answer = confirm(bench, &id, code);
    assert_int_equal(answer.outcome, PORTS_DONE);
    (void)text_copy(token, 72, answer.card_token);
}

static struct ports_bank_answer pay(struct ports_bank *bank, bool debit, const struct id *id,
                                    const char *token, int64_t amount)
{
    const struct ports_bank_money money = {*id,   token,  amount,
                                           "CNY", "充值", time_business_date(test_now_us(NULL))};
    struct ports_bank_answer answer;
    if (debit)
        ports_bank_debit(bank, &money, &answer);
    else
        ports_bank_credit(bank, &money, &answer);
    return answer;
}

static struct ports_bank_answer inquire(struct bench *bench, const struct id *id, int64_t amount)
{
    struct ports_bank_answer answer;
    ports_bank_inquire(bench->bank, id, amount, "CNY", &answer);
    return answer;
}

static struct ports_bank_answer reverse(struct bench *bench, const struct id *original,
                                        int64_t amount)
{
    const struct id id = id_new(env_system());
    struct ports_bank_answer answer;
    ports_bank_reversal(bench->bank, &id, original, amount, "CNY", &answer);
    return answer;
}

// Until the bank's own clock has settled a pending request.
static struct ports_bank_answer settled(struct bench *bench, const struct id *id, int64_t amount)
{
    const int64_t end = wire_ms() + WAIT_MS;
    struct ports_bank_answer answer;
    clock_ahead_us += INT64_C(60000000);
    do
        answer = inquire(bench, id, amount);
    while (answer.outcome == PORTS_PENDING && wire_ms() < end);
    return answer;
}

// --- cards ---

static void binding_with_the_code_of_the_phone(void **state)
{
    struct bench *bench = *state;
    const struct id id = id_new(env_system());
    struct ports_bank_answer answer = verify(bench, &id, &GOOD_CARD);
    char code[7], again[7];
    assert_int_equal(answer.outcome, PORTS_DONE);
    assert_string_equal(answer.card_type, "debit");
    assert_int_equal(answer.tries_left, 3);
    assert_true(phone_has(bench, PHONE, "\"from\":\"" BANK "\""));
    newest_code(bench, code);
    // The same id again: the same answer, no second code.
    assert_int_equal(verify(bench, &id, &GOOD_CARD).outcome, PORTS_DONE);
    newest_code(bench, again);
    assert_string_equal(code, again);
    const struct id confirm_id = id_new(env_system());
    ports_bank_confirm_binding(bench->bank, &confirm_id, &id, code, &answer);
    assert_int_equal(answer.outcome, PORTS_DONE);
    assert_true(answer.card_token[0] != '\0');
    char token[72];
    (void)text_copy(token, sizeof token, answer.card_token);
    ports_bank_confirm_binding(bench->bank, &confirm_id, &id, code, &answer);
    assert_int_equal(answer.outcome, PORTS_DONE);
    assert_string_equal(answer.card_token, token);
    assert_string_equal(inquire(bench, &confirm_id, 0).card_token, token);
    // A used code binds nothing more.
    assert_int_equal(confirm(bench, &id, code).outcome, PORTS_REFUSED);
}

static void each_of_the_four_elements_counts(void **state)
{
    static const struct ports_bank_card cases[] = {{"林知秋", ID_NUMBER, CARD, PHONE},
                                                   {NAME, "320106198811095619", CARD, PHONE},
                                                   {NAME, ID_NUMBER, "9902016400918377526", PHONE},
                                                   {NAME, ID_NUMBER, "9900000000000000", PHONE},
                                                   {NAME, ID_NUMBER, CARD, "13900010022"}};
    struct bench *bench = *state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct id id = id_new(env_system());
        const struct ports_bank_answer answer = verify(bench, &id, &cases[i]);
        assert_int_equal(answer.outcome, PORTS_REFUSED);
        assert_int_equal(answer.reason, PORTS_BANK_MISMATCH);
    }
    assert_false(phone_has(bench, PHONE, "验证码"));
}

static void three_tries_and_five_minutes(void **state)
{
    struct bench *bench = *state;
    char code[7];
    struct id id = id_new(env_system());
    assert_int_equal(verify(bench, &id, &GOOD_CARD).outcome, PORTS_DONE);
    newest_code(bench, code);
    code[5] = code[5] == '9' ? '0' : (char)(code[5] + 1);
    for (int left = 2; left >= 0; left--) {
        const struct ports_bank_answer answer = confirm(bench, &id, code);
        assert_int_equal(answer.outcome, PORTS_REFUSED);
        assert_int_equal(answer.reason, PORTS_BANK_MISMATCH);
        assert_int_equal(answer.tries_left, left);
    }
    newest_code(bench, code);
    assert_int_equal(confirm(bench, &id, code).outcome, PORTS_REFUSED);
    id = id_new(env_system());
    assert_int_equal(verify(bench, &id, &GOOD_CARD).outcome, PORTS_DONE);
    newest_code(bench, code);
    clock_ahead_us += INT64_C(300000000);
    assert_int_equal(confirm(bench, &id, code).outcome, PORTS_REFUSED);
    const struct id nobody = id_new(env_system());
    assert_int_equal(confirm(bench, &nobody, code).outcome, PORTS_REFUSED);
}

// --- money ---

static void debit_and_credit_move_money_once(void **state)
{
    struct bench *bench = *state;
    char token[72];
    bind_card(bench, token);
    const struct id debit = id_new(env_system()), credit = id_new(env_system());
    for (int i = 0; i < 3; i++) {
        const struct ports_bank_answer answer = pay(bench->bank, true, &debit, token, 12680);
        assert_int_equal(answer.outcome, PORTS_DONE);
        assert_int_equal(answer.amount, 12680);
        assert_true(answer.bank_ref[0] != '\0' && answer.bank_time_us > 0);
    }
    assert_int_equal(pay(bench->bank, false, &credit, token, 80).outcome, PORTS_DONE);
    assert_int_equal(pay(bench->bank, false, &credit, token, 80).outcome, PORTS_DONE);
    assert_int_equal(inquire(bench, &debit, 12680).outcome, PORTS_DONE);
    // Another content under a used id is no request of the bank.
    assert_int_equal(pay(bench->bank, true, &debit, token, 12681).outcome, PORTS_UNKNOWN);
    assert_int_equal(pay(bench->bank, false, &debit, token, 12680).outcome, PORTS_UNKNOWN);
    bench->moved = 80 - 12680;
}

static void refusals_move_nothing(void **state)
{
    struct bench *bench = *state;
    char token[72];
    bind_card(bench, token);
    struct id id = id_new(env_system());
    struct ports_bank_answer answer = pay(bench->bank, true, &id, token, CARD_BALANCE + 1);
    assert_int_equal(answer.outcome, PORTS_REFUSED);
    assert_int_equal(answer.reason, PORTS_BANK_FUNDS);
    id = id_new(env_system());
    answer = pay(bench->bank, true, &id, "agreement-of-nobody", 1);
    assert_int_equal(answer.outcome, PORTS_REFUSED);
    assert_int_equal(answer.reason, PORTS_BANK_CARD);
    id = id_new(env_system());
    assert_true(inquire(bench, &id, 1).not_found);
    // All of it is possible.
    assert_int_equal(pay(bench->bank, true, &id, token, CARD_BALANCE).outcome, PORTS_DONE);
    bench->moved = -CARD_BALANCE;
}

static void reversals(void **state)
{
    struct bench *bench = *state;
    char token[72];
    bind_card(bench, token);
    struct id id = id_new(env_system());
    assert_int_equal(pay(bench->bank, true, &id, token, 500).outcome, PORTS_DONE);
    assert_int_equal(reverse(bench, &id, 499).outcome, PORTS_REFUSED); // only the whole
    assert_int_equal(reverse(bench, &id, 500).outcome, PORTS_DONE);
    assert_int_equal(reverse(bench, &id, 500).outcome, PORTS_DONE); // gives nothing more
    assert_true(inquire(bench, &id, 500).reversed);
    // A reversal that overtook its debit: the debit does not come any more.
    id = id_new(env_system());
    assert_int_equal(reverse(bench, &id, 700).outcome, PORTS_DONE);
    assert_int_equal(pay(bench->bank, true, &id, token, 700).outcome, PORTS_REFUSED);
    // A pending one is never booked.
    plan(bench, "debit", "late_success", true);
    id = id_new(env_system());
    assert_int_equal(pay(bench->bank, true, &id, token, 900).outcome, PORTS_PENDING);
    assert_int_equal(reverse(bench, &id, 900).outcome, PORTS_DONE);
    assert_true(settled(bench, &id, 900).reversed);
}

static void statement_adds_up(void **state)
{
    struct bench *bench = *state;
    char token[72];
    const int32_t today = time_business_date(test_now_us(NULL));
    struct ports_bank_row rows[64];
    size_t count;
    int64_t cursor = 0, sum = 0;
    bool final = true;
    bind_card(bench, token);
    struct id id = {{0}};
    for (int i = 0; i < 55; i++) {
        id = id_new(env_system());
        assert_int_equal(pay(bench->bank, i % 5 != 0, &id, token, 100 + i).outcome, PORTS_DONE);
        bench->moved += i % 5 != 0 ? -(100 + i) : 100 + i;
    }
    assert_int_equal(reverse(bench, &id, 154).outcome, PORTS_DONE);
    bench->moved += 154;
    for (int page = 0; page < 2; page++) {
        assert_int_equal(
            ports_bank_statement(bench->bank, today, &cursor, rows, 64, &count, &final),
            PORTS_DONE);
        assert_int_equal(count, page == 0 ? 50 : 6);
        for (size_t i = 0; i < count; i++)
            sum += rows[i].credit ? rows[i].amount : -rows[i].amount;
        assert_false(final); // the day is not over
    }
    assert_int_equal(sum, bench->moved);
    clock_ahead_us += INT64_C(86400000000);
    assert_int_equal(ports_bank_statement(bench->bank, today, &cursor, rows, 64, &count, &final),
                     PORTS_DONE);
    assert_int_equal(count, 0);
    assert_true(final);
}

// --- faults ---

static void fault_refuse(void **state)
{
    struct bench *bench = *state;
    char token[72];
    bind_card(bench, token);
    plan(bench, "debit", "refuse", true);
    struct id id = id_new(env_system());
    assert_int_equal(pay(bench->bank, true, &id, token, 100).outcome, PORTS_REFUSED);
    // Final: the same id stays refused although the fault is used up.
    assert_int_equal(pay(bench->bank, true, &id, token, 100).outcome, PORTS_REFUSED);
    id = id_new(env_system());
    assert_int_equal(pay(bench->bank, true, &id, token, 100).outcome, PORTS_DONE);
    bench->moved = -100;
}

static void fault_timeout_before(void **state)
{
    struct bench *bench = *state;
    char token[72];
    bind_card(bench, token);
    plan(bench, "debit", "timeout_before", true);
    const struct id id = id_new(env_system());
    const struct ports_bank_answer answer = pay(bench->impatient, true, &id, token, 100);
    assert_int_equal(answer.outcome, PORTS_UNKNOWN);
    assert_false(answer.nothing_sent);
    assert_true(inquire(bench, &id, 100).not_found);
    assert_int_equal(pay(bench->bank, true, &id, token, 100).outcome, PORTS_DONE);
    bench->moved = -100;
}

static void fault_timeout_after(void **state)
{
    struct bench *bench = *state;
    char token[72];
    bind_card(bench, token);
    plan(bench, "credit", "timeout_after", false);
    const struct id id = id_new(env_system());
    assert_int_equal(pay(bench->impatient, false, &id, token, 100).outcome, PORTS_UNKNOWN);
    assert_int_equal(inquire(bench, &id, 100).outcome, PORTS_DONE);
    assert_int_equal(pay(bench->bank, false, &id, token, 100).outcome, PORTS_DONE);
    bench->moved = 100;
}

static void fault_late(void **state)
{
    struct bench *bench = *state;
    char token[72];
    bind_card(bench, token);
    plan(bench, "debit", "late_success", true);
    struct id id = id_new(env_system());
    assert_int_equal(pay(bench->bank, true, &id, token, 100).outcome, PORTS_PENDING);
    assert_int_equal(bank_total(bench), seed_total());
    assert_int_equal(settled(bench, &id, 100).outcome, PORTS_DONE);
    assert_int_equal(pay(bench->bank, true, &id, token, 100).outcome, PORTS_DONE);
    plan(bench, "debit", "late_fail", true);
    id = id_new(env_system());
    assert_int_equal(pay(bench->bank, true, &id, token, 100).outcome, PORTS_PENDING);
    assert_int_equal(settled(bench, &id, 100).outcome, PORTS_REFUSED);
    bench->moved = -100;
}

static void fault_down(void **state)
{
    struct bench *bench = *state;
    char token[72];
    bind_card(bench, token);
    plan(bench, "debit", "down", false);
    const struct id id = id_new(env_system());
    for (int i = 0; i < 3; i++)
        assert_int_equal(pay(bench->bank, true, &id, token, 100).outcome, PORTS_UNKNOWN);
    assert_true(inquire(bench, &id, 100).not_found);
    plan(bench, "debit", "none", false);
    assert_int_equal(pay(bench->bank, true, &id, token, 100).outcome, PORTS_DONE);
    bench->moved = -100;
}

static void fault_slow(void **state)
{
    struct bench *bench = *state;
    char token[72];
    bind_card(bench, token);
    plan(bench, "debit", "slow", true);
    const struct id id = id_new(env_system());
    const int64_t start_ms = wire_ms();
    assert_int_equal(pay(bench->bank, true, &id, token, 100).outcome, PORTS_DONE);
    assert_true(wire_ms() - start_ms >= 2400);
    bench->moved = -100;
}

static void fault_wrong_amount(void **state)
{
    struct bench *bench = *state;
    char token[72];
    bind_card(bench, token);
    plan(bench, "credit", "wrong_amount", true);
    const struct id id = id_new(env_system());
    const struct ports_bank_answer answer = pay(bench->bank, false, &id, token, 100);
    assert_int_equal(answer.outcome, PORTS_UNKNOWN);
    assert_int_not_equal(answer.amount, 100);
    assert_int_equal(inquire(bench, &id, 100).outcome, PORTS_DONE);
    bench->moved = 100;
}

static void faults_of_the_card_check(void **state)
{
    struct bench *bench = *state;
    char code[7];
    plan(bench, "verify", "mismatch", true);
    struct id id = id_new(env_system());
    struct ports_bank_answer answer = verify(bench, &id, &GOOD_CARD);
    assert_int_equal(answer.outcome, PORTS_REFUSED);
    assert_int_equal(answer.reason, PORTS_BANK_MISMATCH);
    plan(bench, "verify", "late_success", true);
    id = id_new(env_system());
    assert_int_equal(verify(bench, &id, &GOOD_CARD).outcome, PORTS_PENDING);
    assert_false(phone_has(bench, PHONE, "验证码"));
    assert_int_equal(settled(bench, &id, 0).outcome, PORTS_DONE);
    newest_code(bench, code);
    assert_int_equal(confirm(bench, &id, code).outcome, PORTS_DONE);
}

// Many callers that wait in vain do not keep the others from being served.
static void *ask_in_vain(void *context)
{
    struct bench *bench = context;
    const struct id id = id_new(env_system());
    assert_int_equal(pay(bench->impatient, false, &id, "x", 100).outcome, PORTS_UNKNOWN);
    return NULL;
}

static void sleeping_faults_block_nobody_and_no_stop(void **state)
{
    struct bench *bench = *state;
    pthread_t threads[16];
    plan(bench, "credit", "timeout_before", false);
    for (size_t i = 0; i < 16; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, ask_in_vain, bench), 0);
    for (size_t i = 0; i < 16; i++)
        pthread_join(threads[i], NULL);
    const int64_t start_ms = wire_ms();
    assert_int_equal(bank_total(bench), seed_total());
    stop(bench);
    assert_true(wire_ms() - start_ms < 3000); // the sleepers would have gone on for six seconds
    start(bench);
}

// --- restart ---

static void restart_keeps_everything(void **state)
{
    struct bench *bench = *state;
    char token[72];
    bind_card(bench, token);
    const struct id done = id_new(env_system()), late = id_new(env_system());
    assert_int_equal(pay(bench->bank, true, &done, token, 300).outcome, PORTS_DONE);
    plan(bench, "debit", "late_success", true);
    assert_int_equal(pay(bench->bank, true, &late, token, 40).outcome, PORTS_PENDING);
    stop(bench);
    start(bench);
    assert_int_equal(pay(bench->bank, true, &done, token, 300).outcome, PORTS_DONE);
    assert_int_equal(settled(bench, &late, 40).outcome, PORTS_DONE);
    assert_true(phone_has(bench, PHONE, "验证码"));
    bench->moved = -340;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SANDBOX(binding_with_the_code_of_the_phone),
        WITH_SANDBOX(each_of_the_four_elements_counts),
        WITH_SANDBOX(three_tries_and_five_minutes),
        WITH_SANDBOX(debit_and_credit_move_money_once),
        WITH_SANDBOX(refusals_move_nothing),
        WITH_SANDBOX(reversals),
        WITH_SANDBOX(statement_adds_up),
        WITH_SANDBOX(fault_refuse),
        WITH_SANDBOX(fault_timeout_before),
        WITH_SANDBOX(fault_timeout_after),
        WITH_SANDBOX(fault_late),
        WITH_SANDBOX(fault_down),
        WITH_SANDBOX(fault_slow),
        WITH_SANDBOX(fault_wrong_amount),
        WITH_SANDBOX(faults_of_the_card_check),
        WITH_SANDBOX(sleeping_faults_block_nobody_and_no_stop),
        WITH_SANDBOX(restart_keeps_everything),
    };
    log_set_level(LOG_ERROR + 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
