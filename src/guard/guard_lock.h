// guard_lock: the ten locks L01 … L10 — what each stops, why, who decides, until when, and the ways
// out. Their rules are the profile "lock-codes". Several may stand at a time, each with its own
// case number. Money that comes in is never stopped, except by an order that says so (L09).
//
// K1 A lock in force has a case number, an end or a deadline, and at least one way out. K2 What a
// lock stops stands where the payment path reads it anyway: all_out is the ledger's own freeze,
// transfer_out two columns of guard_wallet. K3 One that ends by the clock is over at that instant,
// whether or not a job has run. K4 Tries do not change while a lock is in force: the statement of a
// lock, and so its signature, is the same from its first to its last day.
#ifndef GUARD_GUARD_LOCK_H
#define GUARD_GUARD_LOCK_H

#include "guard/guard.h"

enum { GUARD_LOCK_CODES = 10, GUARD_EXITS_MAX = 6, GUARD_LOCKS_MAX = 16 };
// until_us of a lock that waits for the person (self freeze, documents not handed in yet).
#define GUARD_LOCK_OPEN INT64_C(253402300799000000) // 9999-12-31T23:59:59Z

enum guard_scope {
    GUARD_SCOPE_LOGIN = 1,
    GUARD_SCOPE_PAY,          // whatever needs the PIN
    GUARD_SCOPE_TRANSFER_OUT, // transfers and withdrawals; limits are not raised either
    GUARD_SCOPE_LIMITS,       // limits are not raised
    GUARD_SCOPE_ALL_OUT,      // nothing goes out
};
enum guard_scope guard_scope_parse(const char *name); // 0 = unknown
// 1 … 10 of "L01" … "L10"; 0 = unknown.
int32_t guard_lock_number(const char *code);

enum guard_lock_ends { GUARD_ENDS_CLOCK, GUARD_ENDS_DECISION, GUARD_ENDS_PERSON, GUARD_ENDS_ORDER };
struct guard_lock_kind { // words of the web's catalogue: lock.cause.*, lock.seen.* …
    const char *code, *scope, *cause, *evidence, *basis, *decides;
    enum guard_lock_ends ends;
    int32_t clock_s, working_days;
    bool four_eyes;
    const char *exits[GUARD_EXITS_MAX]; // the shortest first
    size_t exit_count;
};
// NULL = no such code.
const struct guard_lock_kind *guard_lock_kind(const struct guard_profiles *profiles,
                                              const char *code, int32_t date);

// What placing and ending need; made once.
struct guard_locker {
    const struct guard_profiles *profiles;
    const struct vault *vault;
    const struct env *env;
};
struct guard_lock_order {
    int64_t person;
    const char *code;
    const char *scope;    // NULL = of the code
    const char *evidence; // NULL = of the code
    int64_t until_us;     // 0 = by the code's rule
    const char *detail; // shown to the person, sealed: "authority=…\nnumber=…", "trace=…"; NULL
    const char *device; // L03: what was seen, for the notices; NULL
    bool silent;        // no notice (the caller tells)
};
// Inside a transaction: places the lock, stops what it stops, tells the person (inbox, SMS, event
// "wallet"). The same code in force already: OK and that one. CODE_NOT_FOUND: no such person or
// code.
enum code guard_lock_place(struct db *db, const struct guard_locker *locker,
                           const struct guard_lock_order *order, struct guard_lock *out);
// Inside a transaction: ends a lock of a person, by its case number, and tells. `outcome`: "helped"
// (own way out), "approved", "lifted" … CODE_NOT_FOUND: no such lock in force.
enum code guard_lock_lift(struct db *db, const struct guard_locker *locker, const char *case_number,
                          const char *outcome, struct guard_lock *out);
// Moves the end of a lock (unfreezing: until_us = in one hour, automatic; freezing again:
// GUARD_LOCK_OPEN, not automatic), and of one whose documents came in (asked).
enum code guard_lock_move(struct db *db, const struct guard_lock *lock, int64_t until_us,
                          bool automatic, int64_t asked_us);
// Tells the person of a lock by inbox, SMS and event; kinds in party/notice_text.c and jobs/sms.c.
enum code guard_lock_announce(struct db *db, const struct guard_locker *locker,
                              const struct guard_lock *lock, const char *kind);
// Ends, at their time, what their ends leave behind: the freeze of the wallet, the news. At most
// `limit`.
enum code guard_locks_due(struct db *db, const struct guard_locker *locker, int64_t now_us,
                          size_t limit, int64_t *out_ended);

// By case number, in force or ended. CODE_NOT_FOUND.
enum code guard_lock_by_case(struct db *db, const char *case_number, struct guard_lock *out);
// Locks of a person in force, the one that blocks most first (guard_locks: the longest first).
enum code guard_locks_ranked(struct db *db, int64_t person, int64_t now_us, struct guard_lock *out,
                             size_t max, size_t *out_count);
bool guard_lock_in_force(const struct guard_lock *lock, int64_t now_us);
// One line of the sealed detail; "" when it has none.
enum code guard_lock_detail(struct db *db, const struct vault *vault, const struct guard_lock *lock,
                            char out[256]);
// Is raising limits stopped? Fills the problem: CODE_LIMITS_LOCKED, else OK.
enum code guard_limits_locked(struct db *db, const struct guard_locker *locker, int64_t person,
                              int64_t now_us, struct problem *problem);
// After a refusal CODE_WALLET_FROZEN or CODE_TRANSFER_LOCKED: which lock it was (case, code, end).
void guard_lock_name(struct db *db, int64_t person, int64_t now_us, struct problem *problem);

// The text that is signed: version, case number, code, tries, until ("" = open), at; one per line.
#define GUARD_STATEMENT_MAX 160
void guard_lock_statement(const struct guard_lock *lock, char out[GUARD_STATEMENT_MAX]);
// Case, code, tries, times and signature into a refusal.
void guard_lock_fill(const struct vault *vault, const struct guard_lock *lock, int64_t now_us,
                     struct problem *problem);
// Was this signature given with this lock? For those who are not logged in.
bool guard_lock_proved(const struct vault *vault, const struct guard_lock *lock,
                       const char *signature);

// Large transfers to new payees ask first until then (new device, reset). Inside a transaction.
enum code guard_caution(struct db *db, int64_t person, int64_t until_us);
// The person answered: no further question in this time.
enum code guard_caution_end(struct db *db, int64_t person);

#endif
