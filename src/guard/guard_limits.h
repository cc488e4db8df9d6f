// guard_limits: what a wallet may still pay, checked and counted in the transaction of the money.
// Amounts in minor units of the wallet's currency. Profiles: cn-ecny-like (class),
// cn-barcode-grades, nopin; see domain rules in docs/LEDGER.md.
#ifndef GUARD_GUARD_LIMITS_H
#define GUARD_GUARD_LIMITS_H

#include "guard/guard.h"

// What was used of the limits; the day's figures count only while `day` is the business date.
struct guard_wallet {
    int64_t account;
    int32_t wallet_class;
    bool nopin; // the person allows small payments without PIN
    int32_t day, year;
    int64_t day_used, year_used;
    int64_t grade_b, grade_c, grade_d;
    int64_t nopin_count;
    int32_t out_lock;         // number of the lock that stops transfers …
    int64_t out_lock_us;      // … until then
    int64_t caution_us;       // until then a large transfer to a new payee asks first
    int64_t lowered_until_us; // after a reset; 0 = never
    int64_t transfer_used;    // transfers and withdrawals of the day meanwhile
    bool changed;             // to be written: what was used, never locks and times
};

// How the money leaves, and what authenticated it.
struct guard_payment {
    enum guard_channel channel;
    int64_t amount;
    bool pin; // the payment PIN was checked
    int64_t at_us;
    bool new_payee; // a person never paid before; asked for only while the limits are lowered
};

// Opens the row of a new wallet account (class 1 … 4). Within a transaction.
enum code guard_wallet_open(struct db *db, int64_t account, int32_t wallet_class);
enum code guard_wallet_set_class(struct db *db, int64_t account, int32_t wallet_class);
// After a reset: until then transfers and withdrawals are limited (profile "reset"), counted from
// now on. Never shortens; while they are limited already the count goes on.
enum code guard_wallet_lower(struct db *db, int64_t account, int64_t now_us, int64_t until_us);
enum code guard_wallet_set_nopin(struct db *db, int64_t account, bool enabled);
// CODE_NOT_FOUND when the account has no row.
enum code guard_wallet_load(struct guard_wallet *out, struct db *db, int64_t account);

// Many at once. `wallets[i].account` set and sorted, unique; fills the rest; wallet_class 0 = no
// such row. Locks rows on PostgreSQL.
enum code guard_wallets_load(struct db *db, struct guard_wallet *wallets, size_t count);
// Writes those with `changed`.
enum code guard_wallets_write(struct db *db, struct arena *arena,
                              const struct guard_wallet *wallets, size_t count);

// May this payment happen? Returns OK; CODE_TRANSFER_LOCKED
// (guard_lock_name says by which lock); CODE_PIN_REQUIRED (rule "nopin.…"); CODE_LIMIT_EXCEEDED
// with limit, left, rule "limit.tx", "limit.day", "limit.year", "limit.barcode.grade_b|c|d";
// CODE_LIMIT_LOWERED with limit, left, until_us, rule "limit.lowered.day|payee". Does not count.
enum code guard_limits_check(const struct guard_wallet *wallet,
                             const struct guard_profiles *profiles,
                             const struct guard_payment *payment, struct problem *problem);
// Must this transfer ask first when its payee is new? Amount, and the time after a new device or a
// reset.
bool guard_transfer_risky(const struct guard_wallet *wallet, const struct guard_profiles *profiles,
                          const struct guard_payment *payment);
// Counts a payment that happened.
void guard_limits_count(struct guard_wallet *wallet, const struct guard_payment *payment);
// May `amount` more come in? `balance` = posted balance plus pending credits. CODE_BALANCE_LIMIT
// with limit and left, rule "limit.balance".
enum code guard_balance_check(const struct guard_wallet *wallet,
                              const struct guard_profiles *profiles, int64_t balance,
                              int64_t amount, int64_t at_us, struct problem *problem);
// Payments without PIN left today, 0 when switched off.
int64_t guard_nopin_left(const struct guard_wallet *wallet, const struct guard_profiles *profiles,
                         int64_t now_us);

// One line of the limits page.
struct guard_meter {
    const char *rule;
    int64_t limit, used; // GUARD_NO_LIMIT = none; used −1 = does not apply (per payment)
    bool counts;         // a number of payments, not an amount
    int64_t frees_at_us; // 0 = never by itself
};
enum { GUARD_METERS_MAX = 12 };
size_t guard_meters(struct guard_meter out[GUARD_METERS_MAX], const struct guard_wallet *wallet,
                    const struct guard_profiles *profiles, int64_t balance, int64_t now_us);

#endif
