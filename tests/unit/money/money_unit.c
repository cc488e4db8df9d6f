// rooms: money
// Text forms, arithmetic, rounding and rates at their boundaries.
#include "money/money.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void parses_what_the_grammar_permits(void **state)
{
    (void)state;
    static const struct {
        enum money_currency currency;
        const char *text;
        enum money_result result;
        int64_t amount;
    } cases[] = {
        {MONEY_CNY, "0", MONEY_OK, 0},
        {MONEY_CNY, "0.01", MONEY_OK, 1},
        {MONEY_CNY, "0.1", MONEY_OK, 10},
        {MONEY_CNY, "1", MONEY_OK, 100},
        {MONEY_CNY, "12680.35", MONEY_OK, 1268035},
        {MONEY_USD, "10.00", MONEY_OK, 1000},
        {MONEY_JPY, "1000", MONEY_OK, 1000},
        {MONEY_CNY, "90071992547409.91", MONEY_TOO_LARGE, 0}, // 14 digits: beyond the grammar
        {MONEY_CNY, "9999999999999.99", MONEY_OK, INT64_C(999999999999999)},
        {MONEY_JPY, "9999999999999", MONEY_OK, INT64_C(9999999999999)},
        {MONEY_CNY, "10000000000000", MONEY_TOO_LARGE, 0},
        {MONEY_CNY, "99999999999999999999999999", MONEY_TOO_LARGE, 0},
        {MONEY_CNY, NULL, MONEY_EMPTY, 0},
        {MONEY_CNY, "", MONEY_EMPTY, 0},
        {MONEY_CNY, "01", MONEY_FORM, 0},
        {MONEY_CNY, "00", MONEY_FORM, 0},
        {MONEY_CNY, "1.", MONEY_FORM, 0},
        {MONEY_CNY, ".5", MONEY_FORM, 0},
        {MONEY_CNY, "+1", MONEY_FORM, 0},
        {MONEY_CNY, "-1", MONEY_FORM, 0},
        {MONEY_CNY, " 1", MONEY_FORM, 0},
        {MONEY_CNY, "1 ", MONEY_FORM, 0},
        {MONEY_CNY, "1e3", MONEY_FORM, 0},
        {MONEY_CNY, "1,000", MONEY_FORM, 0},
        {MONEY_CNY, "1.2.3", MONEY_FORM, 0},
        {MONEY_CNY, "１", MONEY_FORM, 0},
        {MONEY_CNY, "0x10", MONEY_FORM, 0},
        {MONEY_CNY, "1.-1", MONEY_FORM, 0},
        {MONEY_CNY, "1.001", MONEY_TOO_MANY_DECIMALS, 0},
        {MONEY_CNY, "1.000", MONEY_TOO_MANY_DECIMALS, 0},
        {MONEY_JPY, "1.0", MONEY_TOO_MANY_DECIMALS, 0},
        {MONEY_NONE, "1", MONEY_FORM, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t amount = -77;
        const enum money_result result = money_parse(&amount, cases[i].currency, cases[i].text);
        if (result != cases[i].result)
            fail_msg("%s: %s", cases[i].text, money_result_name(result));
        assert_int_equal(amount, result == MONEY_OK ? cases[i].amount : -77);
    }
}

static void check_format(enum money_currency currency, int64_t amount, const char *plain,
                         const char *grouped)
{
    char text[MONEY_TEXT_SIZE];
    money_format(text, currency, amount);
    assert_string_equal(text, plain);
    money_format_grouped(text, currency, amount);
    assert_string_equal(text, grouped);
}

static void formats(void **state)
{
    (void)state;
    check_format(MONEY_CNY, 0, "0.00", "0.00");
    check_format(MONEY_CNY, 1, "0.01", "0.01");
    check_format(MONEY_CNY, 10, "0.10", "0.10");
    check_format(MONEY_CNY, 99999, "999.99", "999.99");
    check_format(MONEY_CNY, 100000, "1000.00", "1,000.00");
    check_format(MONEY_CNY, 1268035, "12680.35", "12,680.35");
    check_format(MONEY_CNY, -5, "-0.05", "-0.05");
    check_format(MONEY_CNY, 123456789012, "1234567890.12", "1,234,567,890.12");
    check_format(MONEY_JPY, 1000, "1000", "1,000");
    check_format(MONEY_JPY, 0, "0", "0");
    check_format(MONEY_CNY, MONEY_MAX, "90071992547409.91", "90,071,992,547,409.91");
    check_format(MONEY_CNY, INT64_MIN, "-92233720368547758.08", "-92,233,720,368,547,758.08");
    check_format(MONEY_JPY, INT64_MAX, "9223372036854775807", "9,223,372,036,854,775,807");
}

static void every_amount_comes_back(void **state)
{
    (void)state;
    uint64_t random = 7;
    for (int i = 0; i < 20000; i++) {
        char text[MONEY_TEXT_SIZE];
        int64_t parsed = -1;
        random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
        const int64_t amount = (int64_t)(random >> 14) % INT64_C(1000000000000000);
        money_format(text, MONEY_CNY, amount);
        assert_int_equal(money_parse(&parsed, MONEY_CNY, text), MONEY_OK);
        assert_int_equal(parsed, amount);
    }
}

static void currencies_are_found_by_code(void **state)
{
    (void)state;
    assert_int_equal(money_currency_parse("CNY"), MONEY_CNY);
    assert_int_equal(money_currency_parse("USD"), MONEY_USD);
    assert_int_equal(money_currency_parse("cny"), MONEY_NONE);
    assert_int_equal(money_currency_parse("CNYX"), MONEY_NONE);
    assert_int_equal(money_currency_parse(""), MONEY_NONE);
    assert_int_equal(money_currency_parse(NULL), MONEY_NONE);
    assert_string_equal(money_currency_code(MONEY_JPY), "JPY");
    assert_string_equal(money_currency_code((enum money_currency)1), "");
    assert_int_equal(money_currency(MONEY_JPY)->exponent, 0);
    assert_null(money_currency(MONEY_NONE));
}

static void arithmetic_refuses_instead_of_wrapping(void **state)
{
    (void)state;
    int64_t out = -77;
    assert_int_equal(money_add(&out, INT64_MAX, 1), MONEY_TOO_LARGE);
    assert_int_equal(money_sub(&out, 1, 2), MONEY_NEGATIVE);
    assert_int_equal(money_sub(&out, INT64_MIN, 1), MONEY_TOO_LARGE);
    assert_int_equal(money_mul(&out, MONEY_MAX, 1025), MONEY_TOO_LARGE);
    assert_int_equal(out, -77);
    assert_int_equal(money_add(&out, INT64_MAX - 1, 1), MONEY_OK);
    assert_int_equal(out, INT64_MAX);
    assert_int_equal(money_sub(&out, 2, 2), MONEY_OK);
    assert_int_equal(out, 0);
    assert_int_equal(money_mul(&out, MONEY_MAX, 1024), MONEY_OK);
    assert_int_equal(out, MONEY_MAX * 1024);
    assert_true(money_amount_valid(1) && money_amount_valid(MONEY_MAX));
    assert_false(money_amount_valid(0) || money_amount_valid(-1) ||
                 money_amount_valid(MONEY_MAX + 1));
}

static void rounds_in_the_named_direction(void **state)
{
    (void)state;
    static const struct {
        int64_t numerator, denominator, half_up, half_even, down;
    } cases[] = {
        {0, 2, 0, 0, 0},     {1, 2, 1, 0, 0},
        {3, 2, 2, 2, 1},     {5, 2, 3, 2, 2},
        {7, 2, 4, 4, 3},     {-1, 2, -1, 0, 0},
        {-3, 2, -2, -2, -1}, {-5, 2, -3, -2, -2},
        {1, 3, 0, 0, 0},     {2, 3, 1, 1, 0},
        {-2, 3, -1, -1, 0},  {4, 2, 2, 2, 2},
        {49, 100, 0, 0, 0},  {50, 100, 1, 0, 0},
        {51, 100, 1, 1, 0},  {150, 100, 2, 2, 1},
        {-49, 100, 0, 0, 0}, {99, 100, 1, 1, 0},
        {250, 100, 3, 2, 2}, {INT64_MAX, 1, INT64_MAX, INT64_MAX, INT64_MAX},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct money_ratio ratio = {cases[i].numerator, cases[i].denominator};
        int64_t out = -77;
        assert_int_equal(money_round_half_up(&out, ratio), MONEY_OK);
        assert_int_equal(out, cases[i].half_up);
        assert_int_equal(money_round_half_even(&out, ratio), MONEY_OK);
        assert_int_equal(out, cases[i].half_even);
        assert_int_equal(money_round_down(&out, ratio), MONEY_OK);
        assert_int_equal(out, cases[i].down);
    }
}

static void rounding_refuses_what_does_not_fit(void **state)
{
    (void)state;
    int64_t out = -77;
    const struct money_ratio nothing = {1, 0};
    const struct money_ratio negative = {1, -2};
    const struct money_ratio huge = {(money_wide)INT64_MAX * 2 + 1, 2};
    assert_int_equal(money_round_half_up(&out, nothing), MONEY_DIVISOR);
    assert_int_equal(money_round_half_even(&out, negative), MONEY_DIVISOR);
    assert_int_equal(money_round_down(&out, nothing), MONEY_DIVISOR);
    assert_int_equal(money_round_half_up(&out, huge), MONEY_TOO_LARGE);
    assert_int_equal(out, -77);
    assert_int_equal(money_round_down(&out, huge), MONEY_OK);
    assert_int_equal(out, INT64_MAX);
}

// The vectors of the product's interest rule: 0.05 % a year, day count 360, half up at settlement
// only.
static void interest_vectors(void **state)
{
    (void)state;
    static const struct {
        int64_t amount_days, credited;
    } cases[] = {
        {INT64_C(1000000) * 90, 125},   {INT64_C(1000000) * 79, 110},
        {INT64_C(50000000) * 92, 6389}, {INT64_C(50000000) * 79, 5486},
        {INT64_C(2000000) * 365, 1014}, {INT64_C(1) * 365, 0},
        {INT64_C(360000), 1},           {INT64_C(3600000), 5},
        {INT64_C(78001400), 108},
    };
    struct money_rate rate;
    int64_t credited = 0;
    assert_int_equal(money_rate_parse(&rate, "0.0005"), MONEY_OK);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(
            money_round_half_up(&credited, money_interest_of(cases[i].amount_days, rate, 360)),
            MONEY_OK);
        assert_int_equal(credited, cases[i].credited);
    }
    assert_int_equal(money_round_half_even(&credited, money_interest_of(360000, rate, 360)),
                     MONEY_OK);
    assert_int_equal(credited, 0);
}

static void rates(void **state)
{
    (void)state;
    struct money_rate rate = {-7, -7};
    int64_t out = 0;
    assert_int_equal(money_rate_parse(&rate, "7.1234567891"), MONEY_TOO_MANY_DECIMALS);
    assert_int_equal(money_rate_parse(&rate, "1234567890"), MONEY_TOO_LARGE);
    assert_int_equal(money_rate_parse(&rate, "-1"), MONEY_FORM);
    assert_int_equal(money_rate_parse(&rate, "01"), MONEY_FORM);
    assert_int_equal(rate.numerator, -7);
    assert_int_equal(money_rate_parse(&rate, "999999999.999999999"), MONEY_OK);
    assert_int_equal(money_round_down(&out, money_rate_of(MONEY_MAX, rate)), MONEY_TOO_LARGE);
    assert_int_equal(money_rate_parse(&rate, "7.1"), MONEY_OK);
    assert_int_equal(money_round_half_up(&out, money_rate_of(1000, rate)), MONEY_OK);
    assert_int_equal(out, 7100);
    assert_int_equal(money_round_half_up(&out, money_rate_of(-5, rate)), MONEY_OK);
    assert_int_equal(out, -36);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parses_what_the_grammar_permits),
        cmocka_unit_test(formats),
        cmocka_unit_test(every_amount_comes_back),
        cmocka_unit_test(currencies_are_found_by_code),
        cmocka_unit_test(arithmetic_refuses_instead_of_wrapping),
        cmocka_unit_test(rounds_in_the_named_direction),
        cmocka_unit_test(rounding_refuses_what_does_not_fit),
        cmocka_unit_test(interest_vectors),
        cmocka_unit_test(rates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
