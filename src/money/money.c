// money: text forms, rounding and rates. See money.h; everything here is exact until a
// money_round_* says otherwise.
#include "money/money.h"

#include <string.h>

static const struct money_currency_info CURRENCIES[] = {
    {MONEY_CNY, "CNY", 2},
    {MONEY_USD, "USD", 2},
    {MONEY_JPY, "JPY", 0},
};

#define CURRENCY_COUNT (sizeof CURRENCIES / sizeof CURRENCIES[0])
#define WHOLE_DIGITS_MAX 13
#define RATE_DIGITS_MAX 9

const char *money_result_name(enum money_result result)
{
    static const char *const names[] = {"ok",        "empty",    "form",   "too-many-decimals",
                                        "too-large", "negative", "divisor"};
    return (size_t)result < sizeof names / sizeof names[0] ? names[result] : "unknown";
}

const struct money_currency_info *money_currency(enum money_currency currency)
{
    for (size_t i = 0; i < CURRENCY_COUNT; i++)
        if (CURRENCIES[i].currency == currency)
            return &CURRENCIES[i];
    return NULL;
}

const char *money_currency_code(enum money_currency currency)
{
    const struct money_currency_info *info = money_currency(currency);
    return info != NULL ? info->code : "";
}

enum money_currency money_currency_parse(const char *code)
{
    for (size_t i = 0; code != NULL && i < CURRENCY_COUNT; i++)
        if (strcmp(CURRENCIES[i].code, code) == 0)
            return CURRENCIES[i].currency;
    return MONEY_NONE;
}

// --- text -------------------------------------------------------------------------------------

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

// Counts the digits at `text` and adds them to *value, which the callers' digit limits keep far
// below overflow.
static int read_digits(int64_t *value, const char *text, int max)
{
    int count = 0;
    while (count <= max && is_digit(text[count])) {
        *value = *value * 10 + (text[count] - '0');
        count++;
    }
    return count;
}

// Reads whole[.decimals] into value × 10^exponent.
static enum money_result read_decimal(int64_t *out, const char *text, int whole_max, int exponent)
{
    if (text == NULL || text[0] == '\0')
        return MONEY_EMPTY;
    int64_t value = 0;
    const int whole = read_digits(&value, text, whole_max);
    if (whole == 0 || (whole > 1 && text[0] == '0'))
        return MONEY_FORM;
    if (whole > whole_max)
        return MONEY_TOO_LARGE;
    const char *rest = text + whole;
    int decimals = 0;
    if (*rest == '.') {
        if (!is_digit(rest[1]))
            return MONEY_FORM;
        decimals = read_digits(&value, rest + 1, exponent);
        if (decimals > exponent)
            return MONEY_TOO_MANY_DECIMALS;
        rest += 1 + decimals;
    }
    if (*rest != '\0')
        return MONEY_FORM;
    for (; decimals < exponent; decimals++)
        value *= 10;
    *out = value;
    return MONEY_OK;
}

enum money_result money_parse(int64_t *out, enum money_currency currency, const char *text)
{
    const struct money_currency_info *info = money_currency(currency);
    if (info == NULL)
        return MONEY_FORM;
    int64_t value = 0;
    const enum money_result result = read_decimal(&value, text, WHOLE_DIGITS_MAX, info->exponent);
    if (result != MONEY_OK)
        return result;
    if (value > MONEY_MAX)
        return MONEY_TOO_LARGE;
    *out = value;
    return MONEY_OK;
}

// Writes from the end of a scratch area, because the number of digits shows itself only backwards.
static void format_amount(char out[MONEY_TEXT_SIZE], enum money_currency currency, int64_t amount,
                          bool grouped)
{
    const struct money_currency_info *info = money_currency(currency);
    const int exponent = info != NULL ? info->exponent : 0;
    char scratch[MONEY_TEXT_SIZE];
    size_t at = sizeof scratch;
    uint64_t left = amount < 0 ? ~(uint64_t)amount + 1 : (uint64_t)amount;
    scratch[--at] = '\0';
    for (int digit = 0; left > 0 || digit <= exponent; digit++) {
        const int whole = digit - exponent;
        if (exponent > 0 && whole == 0)
            scratch[--at] = '.';
        if (grouped && whole > 0 && whole % 3 == 0)
            scratch[--at] = ',';
        scratch[--at] = (char)('0' + left % 10);
        left /= 10;
    }
    if (amount < 0)
        scratch[--at] = '-';
    memcpy(out, scratch + at, sizeof scratch - at);
}

void money_format(char out[MONEY_TEXT_SIZE], enum money_currency currency, int64_t amount)
{
    format_amount(out, currency, amount, false);
}

void money_format_grouped(char out[MONEY_TEXT_SIZE], enum money_currency currency, int64_t amount)
{
    format_amount(out, currency, amount, true);
}

// --- rounding -----------------------------------------------------------------------------------

static enum money_result narrow(int64_t *out, money_wide value)
{
    if (value > INT64_MAX || value < INT64_MIN)
        return MONEY_TOO_LARGE;
    *out = (int64_t)value;
    return MONEY_OK;
}

// Compares the remainder with half the divisor without doubling anything that could overflow.
// Returns −1, 0, 1.
static int against_half(money_wide remainder, money_wide divisor)
{
    const money_wide rest = divisor - remainder;
    return (remainder > rest) - (remainder < rest);
}

static money_wide magnitude(money_wide value)
{
    return value < 0 ? -value : value;
}

enum money_result money_round_half_up(int64_t *out, struct money_ratio ratio)
{
    if (ratio.denominator <= 0)
        return MONEY_DIVISOR;
    const money_wide step = ratio.numerator < 0 ? -1 : 1;
    const money_wide quotient = ratio.numerator / ratio.denominator;
    const money_wide remainder = magnitude(ratio.numerator % ratio.denominator);
    return narrow(out,
                  against_half(remainder, ratio.denominator) >= 0 ? quotient + step : quotient);
}

enum money_result money_round_half_even(int64_t *out, struct money_ratio ratio)
{
    if (ratio.denominator <= 0)
        return MONEY_DIVISOR;
    const money_wide step = ratio.numerator < 0 ? -1 : 1;
    const money_wide quotient = ratio.numerator / ratio.denominator;
    const int half =
        against_half(magnitude(ratio.numerator % ratio.denominator), ratio.denominator);
    const bool away = half > 0 || (half == 0 && quotient % 2 != 0);
    return narrow(out, away ? quotient + step : quotient);
}

enum money_result money_round_down(int64_t *out, struct money_ratio ratio)
{
    if (ratio.denominator <= 0)
        return MONEY_DIVISOR;
    return narrow(out, ratio.numerator / ratio.denominator);
}

// --- rates --------------------------------------------------------------------------------------

enum money_result money_rate_parse(struct money_rate *out, const char *text)
{
    int64_t value = 0;
    const enum money_result result = read_decimal(&value, text, RATE_DIGITS_MAX, RATE_DIGITS_MAX);
    if (result != MONEY_OK)
        return result;
    *out = (struct money_rate){value, INT64_C(1000000000)};
    return MONEY_OK;
}

struct money_ratio money_rate_of(int64_t amount, struct money_rate rate)
{
    return (struct money_ratio){(money_wide)amount * rate.numerator, rate.denominator};
}

struct money_ratio money_interest_of(int64_t amount_days, struct money_rate rate, int32_t day_count)
{
    return (struct money_ratio){(money_wide)amount_days * rate.numerator,
                                (money_wide)rate.denominator * day_count};
}
