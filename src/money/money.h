// money: amounts in minor units, currencies, text forms, rounding and rates. libc only: no memory,
// no clock, no binary fractions. LEDGER.md invariants held here: L1 (range of an amount), L10
// (rounding only in money_round_*).
#ifndef MONEY_MONEY_H
#define MONEY_MONEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// The largest amount of one transfer: 2^53 − 1, exact in every JSON reader.
#define MONEY_MAX INT64_C(9007199254740991)
// Room for any formatted amount, grouped, with sign and NUL.
#define MONEY_TEXT_SIZE 40

enum money_result {
    MONEY_OK = 0,
    MONEY_EMPTY, // no text
    MONEY_FORM,  // not the grammar (sign, spaces, exponent, full-width digits, "01", "1.", ".5")
    MONEY_TOO_MANY_DECIMALS, // more decimals than the currency has
    MONEY_TOO_LARGE,         // above MONEY_MAX or beyond int64
    MONEY_NEGATIVE,          // a subtraction went below zero where that is not permitted
    MONEY_DIVISOR,           // denominator not positive
};
// "ok", "form", "too-many-decimals" … for logs and tests.
const char *money_result_name(enum money_result result);

// --- currencies -------------------------------------------------------------------------------

// ISO 4217 numeric codes: what the tables store.
enum money_currency { MONEY_NONE = 0, MONEY_JPY = 392, MONEY_CNY = 156, MONEY_USD = 840 };

struct money_currency_info {
    enum money_currency currency;
    char code[4]; // ISO 4217 letters
    int exponent; // decimals of the minor unit
};
// Returns NULL for an unknown currency.
const struct money_currency_info *money_currency(enum money_currency currency);
// "CNY"; "" for an unknown currency.
const char *money_currency_code(enum money_currency currency);
// Returns MONEY_NONE unless `code` is exactly the three capital letters of a known currency (NULL
// is not).
enum money_currency money_currency_parse(const char *code);

// --- checked arithmetic -----------------------------------------------------------------------
// Write *out only on MONEY_OK. In the header so that the ledger's object stands alone (L11).

static inline enum money_result money_add(int64_t *out, int64_t a, int64_t b)
{
    int64_t sum = 0;
    if (__builtin_add_overflow(a, b, &sum))
        return MONEY_TOO_LARGE;
    *out = sum;
    return MONEY_OK;
}

// For counters and remainders: a result below zero is refused.
static inline enum money_result money_sub(int64_t *out, int64_t a, int64_t b)
{
    int64_t difference = 0;
    if (__builtin_sub_overflow(a, b, &difference))
        return MONEY_TOO_LARGE;
    if (difference < 0)
        return MONEY_NEGATIVE;
    *out = difference;
    return MONEY_OK;
}

static inline enum money_result money_mul(int64_t *out, int64_t a, int64_t count)
{
    int64_t product = 0;
    if (__builtin_mul_overflow(a, count, &product))
        return MONEY_TOO_LARGE;
    *out = product;
    return MONEY_OK;
}

// Is this an amount that one transfer may carry: 1 … MONEY_MAX (L1)?
static inline bool money_amount_valid(int64_t amount)
{
    return amount >= 1 && amount <= MONEY_MAX;
}

// --- text -------------------------------------------------------------------------------------

// Reads ^(0|[1-9][0-9]{0,12})(\.[0-9]{1,2})?$ (decimals by the currency's exponent; none for JPY),
// ASCII only, whole text. Out: minor units, 0 … MONEY_MAX. Zero is text like any other; whether it
// may be paid is the caller's rule.
enum money_result money_parse(int64_t *out, enum money_currency currency, const char *text);
// "12680.35", "-0.05", "1000" for JPY. `out` holds MONEY_TEXT_SIZE. Unknown currency: as with
// exponent 0.
void money_format(char out[MONEY_TEXT_SIZE], enum money_currency currency, int64_t amount);
// "12,680.35".
void money_format_grouped(char out[MONEY_TEXT_SIZE], enum money_currency currency, int64_t amount);

// --- ratios, rates, rounding (L10) --------------------------------------------------------------

__extension__ typedef __int128 money_wide;

// An exact quotient that is not yet an amount.
struct money_ratio {
    money_wide numerator;
    money_wide denominator; // > 0
};
// The only places where a fraction becomes an amount; the direction is in the name. Ties of
// negative values mirror those of positive ones. Returns MONEY_DIVISOR, or MONEY_TOO_LARGE when the
// result is beyond int64.
enum money_result money_round_half_up(int64_t *out, struct money_ratio ratio);
enum money_result money_round_half_even(int64_t *out, struct money_ratio ratio);
enum money_result money_round_down(int64_t *out, struct money_ratio ratio); // towards zero

// A decimal rate as an exact fraction, for example "0.0005" = 5 / 10000.
struct money_rate {
    int64_t numerator;
    int64_t denominator;
};
// Reads up to 9 digits, then up to 9 decimals; no sign, no leading zeros but one.
enum money_result money_rate_parse(struct money_rate *out, const char *text);
// amount × rate, exactly.
struct money_ratio money_rate_of(int64_t amount, struct money_rate rate);
// amount × rate × days / day_count, exactly: interest of Σ(balance × days) with `days` = 1.
struct money_ratio money_interest_of(int64_t amount_days, struct money_rate rate,
                                     int32_t day_count);

#endif
