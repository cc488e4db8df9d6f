// rooms: money ledger
// Balances, repetition, names, aliasing; and that the object stands alone (L11).
#include "ledger/ledger.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct ledger_account WALLET = {.id = 1,
                                             .currency = MONEY_CNY,
                                             .flags = LEDGER_CREDIT_ONLY,
                                             .debits_pending = 5,
                                             .debits_posted = 20,
                                             .credits_pending = 7,
                                             .credits_posted = 100};

static void available_excludes_holds_and_money_on_its_way(void **state)
{
    (void)state;
    assert_int_equal(ledger_available(&WALLET), 75);
    assert_int_equal(ledger_balance(&WALLET), 80);
}

static void a_debit_side_account_reads_the_other_way(void **state)
{
    (void)state;
    struct ledger_account loan = WALLET;
    loan.flags = LEDGER_DEBIT_ONLY | LEDGER_NORMAL_DEBIT;
    loan.debits_posted = 200;
    assert_int_equal(ledger_available(&loan), 200 - 100 - 7);
    assert_int_equal(ledger_balance(&loan), 100);
}

static void shortfall_is_what_is_missing(void **state)
{
    (void)state;
    struct ledger_account bank = WALLET;
    assert_int_equal(ledger_shortfall(&WALLET, 75), 0);
    assert_int_equal(ledger_shortfall(&WALLET, 76), 1);
    bank.flags = 0;
    assert_int_equal(ledger_shortfall(&bank, 1000), 0);
}

static void repetition_names_the_first_field_that_differs(void **state)
{
    (void)state;
    const struct ledger_transfer stored = {LEDGER_POST, MONEY_CNY, 1, 2, 100, 50, 0};
    struct ledger_transfer wanted = stored;
    wanted.at_us = 60;
    assert_null(ledger_difference(&stored, &wanted));
    wanted.currency = MONEY_USD;
    assert_string_equal(ledger_difference(&stored, &wanted), "currency");
    wanted.amount = 101;
    assert_string_equal(ledger_difference(&stored, &wanted), "amount");
    wanted.credit = 3;
    assert_string_equal(ledger_difference(&stored, &wanted), "credit");
    wanted.debit = 4;
    assert_string_equal(ledger_difference(&stored, &wanted), "debit");
    wanted.kind = LEDGER_HOLD;
    assert_string_equal(ledger_difference(&stored, &wanted), "kind");
}

static void out_may_be_in(void **state)
{
    (void)state;
    struct ledger_state both = {.debit = WALLET, .credit = {.id = 2, .currency = MONEY_CNY}};
    const struct ledger_transfer transfer = {LEDGER_POST, MONEY_CNY, 1, 2, 75, 50, 0};
    assert_int_equal(ledger_decide(&both, &both, &transfer), LEDGER_OK);
    assert_int_equal(both.debit.debits_posted, 95);
    assert_int_equal(both.credit.credits_posted, 75);
    const struct ledger_state before = both;
    assert_int_equal(ledger_decide(&both, &both, &transfer), LEDGER_DEBIT_EXCEEDS_CREDITS);
    assert_memory_equal(&both, &before, sizeof both);
}

static void every_result_has_its_own_name(void **state)
{
    (void)state;
    for (int i = 0; i < LEDGER_RESULT_COUNT; i++) {
        const char *name = ledger_result_name((enum ledger_result)i);
        assert_string_not_equal(name, "unknown");
        for (int j = 0; j < i; j++)
            assert_string_not_equal(name, ledger_result_name((enum ledger_result)j));
    }
    assert_string_equal(ledger_result_name(LEDGER_RESULT_COUNT), "unknown");
}

// L11: compiled without the hardening that adds calls of its own, the object must need nothing at
// all from outside.
static void the_object_stands_alone(void **state)
{
    (void)state;
    char path[] = "/tmp/tongbao-ledger-XXXXXX";
    char command[1024];
    char line[256] = "";
    assert_non_null(mkdtemp(path));
    (void)snprintf(command, sizeof command,
                   "cc -std=gnu17 -O2 -fno-stack-protector -I'%s/src' -c '%s/src/ledger/ledger.c' "
                   "-o '%s/ledger.o' && nm -u '%s/ledger.o' && nm '%s/ledger.o' | grep -c ' T '",
                   SOURCE_DIR, SOURCE_DIR, path, path, path);
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    assert_non_null(fgets(line, sizeof line, pipe));
    const int status = pclose(pipe);
    (void)snprintf(command, sizeof command, "rm -r '%s'", path);
    assert_int_equal(system(command), 0);
    // The first line printed is the number of its own functions: no undefined symbol came before
    // it.
    assert_string_equal(line, "6\n");
    assert_int_equal(status, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(available_excludes_holds_and_money_on_its_way),
        cmocka_unit_test(a_debit_side_account_reads_the_other_way),
        cmocka_unit_test(shortfall_is_what_is_missing),
        cmocka_unit_test(repetition_names_the_first_field_that_differs),
        cmocka_unit_test(out_may_be_in),
        cmocka_unit_test(every_result_has_its_own_name),
        cmocka_unit_test(the_object_stands_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
