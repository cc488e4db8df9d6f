// Limits: the pure decisions over one wallet's row. Nothing here reads a clock or a table.
// M1 What is checked is counted in the same transaction; the day and the year are those of the
// commit's time in Shanghai. M2 Periods roll over by comparing dates, never by a job.
#include "guard/guard_limits.h"

static const int64_t DAY_US = INT64_C(86400000000);

// The row as it stands on this day: yesterday's figures are void.
static struct guard_wallet as_of(const struct guard_wallet *wallet, int64_t at_us)
{
    struct guard_wallet now = *wallet;
    const int32_t day = time_business_date(at_us);
    if (now.day != day) {
        now.day = day;
        now.day_used = now.grade_b = now.grade_c = now.grade_d = now.nopin_count = 0;
        now.transfer_used = 0;
    }
    if (now.year != day / 10000) {
        now.year = day / 10000;
        now.year_used = 0;
    }
    return now;
}

// Written so that it cannot overflow: amount > limit − used.
static enum code within(int64_t limit, int64_t used, int64_t amount, const char *rule,
                        struct problem *problem)
{
    if (limit == GUARD_NO_LIMIT)
        return OK;
    const int64_t left = used < limit ? limit - used : 0;
    if (amount <= left)
        return OK;
    (void)problem_set(problem, CODE_LIMIT_EXCEEDED, CHARGED_NO);
    if (problem != NULL) {
        problem->limit = limit;
        problem->left = left;
        (void)text_copy(problem->rule, sizeof problem->rule, rule);
    }
    return CODE_LIMIT_EXCEEDED;
}

static enum code pin_required(const char *rule, struct problem *problem)
{
    (void)problem_set(problem, CODE_PIN_REQUIRED, CHARGED_NO);
    if (problem != NULL)
        (void)text_copy(problem->rule, sizeof problem->rule, rule);
    return CODE_PIN_REQUIRED;
}

// Grade of a barcode payment: a static code is D whatever else authenticates it; else C without
// PIN, B with it.
static int64_t *grade_used(struct guard_wallet *wallet, const struct guard_payment *payment)
{
    if (payment->channel == GUARD_CHANNEL_SCAN_STATIC)
        return &wallet->grade_d;
    return payment->pin ? &wallet->grade_b : &wallet->grade_c;
}

static enum code grade_check(struct guard_wallet *now, const struct guard_profiles *profiles,
                             const struct guard_payment *payment, struct problem *problem)
{
    const struct guard_grades *grades = guard_grades(profiles, now->day, NULL);
    if (payment->channel == GUARD_CHANNEL_SCAN_STATIC)
        return within(grades->d, now->grade_d, payment->amount, "limit.barcode.grade_d", problem);
    if (payment->pin)
        return within(grades->b, now->grade_b, payment->amount, "limit.barcode.grade_b", problem);
    return within(grades->c, now->grade_c, payment->amount, "limit.barcode.grade_c", problem);
}

// Order: switched on? amount? count today? room in grade C? Each "no" asks for the PIN instead of
// refusing.
static enum code nopin_check(struct guard_wallet *now, const struct guard_profiles *profiles,
                             const struct guard_payment *payment, struct problem *problem)
{
    const struct guard_nopin_limits *nopin = guard_nopin_limits(profiles, now->day, NULL);
    const struct guard_grades *grades = guard_grades(profiles, now->day, NULL);
    if (!now->nopin || (nopin->channels & (uint32_t)payment->channel) == 0)
        return pin_required("nopin.off", problem);
    if (payment->amount > nopin->tx)
        return pin_required("nopin.tx", problem);
    if (now->nopin_count >= nopin->count_day)
        return pin_required("nopin.count", problem);
    if (payment->channel != GUARD_CHANNEL_SCAN_STATIC &&
        within(grades->c, now->grade_c, payment->amount, "", NULL) != OK)
        return pin_required("nopin.grade_c", problem);
    return OK;
}

bool guard_transfer_risky(const struct guard_wallet *wallet, const struct guard_profiles *profiles,
                          const struct guard_payment *payment)
{
    if (payment->channel != GUARD_CHANNEL_TRANSFER || wallet->caution_us <= payment->at_us)
        return false;
    return payment->amount >=
           guard_lock_rules(profiles, time_business_date(payment->at_us))->risk_amount;
}

// After a reset: whoever reset the secret in somebody's place cannot empty the wallet.
static enum code lowered_check(const struct guard_wallet *now,
                               const struct guard_profiles *profiles,
                               const struct guard_payment *payment, struct problem *problem)
{
    const struct guard_reset_rules *rules = guard_reset_rules(profiles, now->day);
    enum code code = within(rules->lowered_day, now->transfer_used, payment->amount,
                            "limit.lowered.day", problem);
    if (code == OK && payment->new_payee)
        code = within(rules->lowered_payee, 0, payment->amount, "limit.lowered.payee", problem);
    if (code == OK)
        return OK;
    if (problem != NULL) {
        problem->code = CODE_LIMIT_LOWERED;
        problem->until_us = now->lowered_until_us;
    }
    return CODE_LIMIT_LOWERED;
}

enum code guard_limits_check(const struct guard_wallet *wallet,
                             const struct guard_profiles *profiles,
                             const struct guard_payment *payment, struct problem *problem)
{
    struct guard_wallet now = as_of(wallet, payment->at_us);
    if (payment->channel == GUARD_CHANNEL_TRANSFER && wallet->out_lock_us > payment->at_us)
        return problem_set(problem, CODE_TRANSFER_LOCKED, CHARGED_NO);
    if (now.lowered_until_us > payment->at_us && payment->channel == GUARD_CHANNEL_TRANSFER)
        GUARD(lowered_check(&now, profiles, payment, problem));
    const struct guard_class_limits *class =
        guard_class_limits(profiles, now.wallet_class, now.day, NULL);
    GUARD(within(class->tx, 0, payment->amount, "limit.tx", problem));
    GUARD(within(class->day, now.day_used, payment->amount, "limit.day", problem));
    GUARD(within(class->year, now.year_used, payment->amount, "limit.year", problem));
    if (!payment->pin)
        GUARD(nopin_check(&now, profiles, payment, problem));
    if (payment->channel == GUARD_CHANNEL_TRANSFER)
        return OK;
    return grade_check(&now, profiles, payment, problem);
}

void guard_limits_count(struct guard_wallet *wallet, const struct guard_payment *payment)
{
    struct guard_wallet now = as_of(wallet, payment->at_us);
    now.day_used += payment->amount;
    now.year_used += payment->amount;
    if (payment->channel != GUARD_CHANNEL_TRANSFER)
        *grade_used(&now, payment) += payment->amount;
    else if (now.lowered_until_us > payment->at_us)
        now.transfer_used += payment->amount;
    now.nopin_count += payment->pin ? 0 : 1;
    now.changed = true;
    *wallet = now;
}

enum code guard_balance_check(const struct guard_wallet *wallet,
                              const struct guard_profiles *profiles, int64_t balance,
                              int64_t amount, int64_t at_us, struct problem *problem)
{
    const struct guard_class_limits *class =
        guard_class_limits(profiles, wallet->wallet_class, time_business_date(at_us), NULL);
    if (within(class->balance, balance, amount, "limit.balance", problem) == OK)
        return OK;
    if (problem != NULL)
        problem->code = CODE_BALANCE_LIMIT;
    return CODE_BALANCE_LIMIT;
}

int64_t guard_nopin_left(const struct guard_wallet *wallet, const struct guard_profiles *profiles,
                         int64_t now_us)
{
    const struct guard_wallet now = as_of(wallet, now_us);
    const struct guard_nopin_limits *nopin = guard_nopin_limits(profiles, now.day, NULL);
    if (!now.nopin || now.nopin_count >= nopin->count_day)
        return 0;
    return nopin->count_day - now.nopin_count;
}

size_t guard_meters(struct guard_meter out[GUARD_METERS_MAX], const struct guard_wallet *wallet,
                    const struct guard_profiles *profiles, int64_t balance, int64_t now_us)
{
    const struct guard_wallet now = as_of(wallet, now_us);
    const struct guard_class_limits *class =
        guard_class_limits(profiles, now.wallet_class, now.day, NULL);
    const struct guard_grades *grades = guard_grades(profiles, now.day, NULL);
    const struct guard_nopin_limits *nopin = guard_nopin_limits(profiles, now.day, NULL);
    const int64_t midnight = time_business_day_start(now_us) + DAY_US;
    // 31 December is at most 366 days away: step to the next day whose year differs.
    int64_t new_year = midnight;
    while (time_business_year(new_year) == now.year)
        new_year += DAY_US;
    const struct guard_meter meters[] = {
        {"limit.tx", class->tx, -1, false, 0},
        {"limit.day", class->day, now.day_used, false, midnight},
        {"limit.year", class->year, now.year_used, false, new_year},
        {"limit.balance", class->balance, balance, false, 0},
        {"nopin.tx", now.nopin ? nopin->tx : 0, -1, false, 0},
        {"nopin.count", now.nopin ? nopin->count_day : 0, now.nopin_count, true, midnight},
        {"limit.barcode.grade_b", grades->b, now.grade_b, false, midnight},
        {"limit.barcode.grade_c", grades->c, now.grade_c, false, midnight},
        {"limit.barcode.grade_d", grades->d, now.grade_d, false, midnight},
    };
    size_t count = sizeof meters / sizeof meters[0];
    for (size_t i = 0; i < count; i++)
        out[i] = meters[i];
    if (now.lowered_until_us <= now_us)
        return count;
    const struct guard_reset_rules *reset = guard_reset_rules(profiles, now.day);
    out[count++] = (struct guard_meter){"limit.lowered.day", reset->lowered_day, now.transfer_used,
                                        false, now.lowered_until_us};
    out[count++] = (struct guard_meter){"limit.lowered.payee", reset->lowered_payee, -1, false,
                                        now.lowered_until_us};
    return count;
}
