// ledger: the pure core. Says whether one transfer may happen and what it makes of the two accounts
// and the hold. Reads nothing but its arguments, keeps nothing, allocates nothing: its object has
// no undefined symbols (L11). The invariants L1 … L13 are numbered in docs/LEDGER.md; those held
// here are named at their line in ledger.c.
#ifndef LEDGER_LEDGER_H
#define LEDGER_LEDGER_H

#include "money/money.h"

// What an account permits. Stored in ledger_account.flags.
enum ledger_flag {
    LEDGER_CREDIT_ONLY = 1, // debits pending + posted ≤ credits posted: customers, merchants (L6)
    LEDGER_DEBIT_ONLY = 2,  // credits pending + posted ≤ debits posted: loans receivable
    LEDGER_FROZEN_OUT = 4,  // no new debit; what is already held still ends
    LEDGER_FROZEN_IN = 8,   // no new credit; what is already held still ends
    LEDGER_CLOSED = 16,     // neither, for good
    LEDGER_NORMAL_DEBIT =
        32, // normal side, for reading balances: debits − credits; else credits − debits
};

// The four counters only ever describe money: none is negative, posted ones only grow (L3).
struct ledger_account {
    int64_t id; // > 0; 0 = there is no such account
    int32_t currency;
    uint32_t flags;
    int64_t debits_pending, debits_posted;
    int64_t credits_pending, credits_posted;
};

// Stored in ledger_transfer.kind.
enum ledger_kind {
    LEDGER_POST = 1,    // moves the amount at once
    LEDGER_HOLD = 2,    // reserves the amount on both accounts until capture, release or expiry
    LEDGER_CAPTURE = 3, // moves the whole or a part of a hold; the rest is released with it
    LEDGER_RELEASE = 4, // ends a hold, moving nothing; amount = the held amount
    LEDGER_EXPIRE = 5,  // the same, because the deadline has come
};

// Stored in ledger_hold.state.
enum ledger_hold_state {
    LEDGER_HOLD_NONE = 0, // there is no such hold
    LEDGER_HOLD_OPEN = 1,
    LEDGER_HOLD_CAPTURED = 2,
    LEDGER_HOLD_RELEASED = 3,
    LEDGER_HOLD_EXPIRED = 4,
};

struct ledger_hold {
    int64_t debit, credit; // account ids
    int64_t amount;        // held, minor units
    int64_t captured;      // 0 … amount; final once the state is not OPEN
    int64_t expires_us;    // deadline
    int32_t currency;
    int32_t state; // enum ledger_hold_state
};

struct ledger_transfer {
    int32_t kind; // enum ledger_kind
    int32_t currency;
    int64_t debit, credit; // account ids
    int64_t amount;        // minor units
    int64_t at_us;         // when it is decided, wall clock
    int64_t expires_us;    // LEDGER_HOLD only: deadline, > at_us; else 0
};

// What a decision reads and what it makes of it. `hold` is blank unless the transfer ends one (in)
// or makes one (out).
struct ledger_state {
    struct ledger_account debit;
    struct ledger_account credit;
    struct ledger_hold hold;
};

// Named results, in the order in which they are checked: the first that applies is the answer.
enum ledger_result {
    LEDGER_OK = 0,
    LEDGER_KIND_UNKNOWN,        // not one of enum ledger_kind
    LEDGER_AMOUNT_NOT_POSITIVE, // < 1
    LEDGER_AMOUNT_TOO_LARGE,    // > MONEY_MAX
    LEDGER_SAME_ACCOUNT,        // debit = credit
    LEDGER_DEBIT_NOT_FOUND,     // no such account, or not the one the transfer names
    LEDGER_CREDIT_NOT_FOUND,
    LEDGER_DEBIT_OTHER_CURRENCY, // account and transfer are in different books
    LEDGER_CREDIT_OTHER_CURRENCY,
    // only capture, release, expire
    LEDGER_HOLD_NOT_FOUND,      // there is no such hold
    LEDGER_HOLD_OTHER_ACCOUNTS, // the hold reserves other accounts or another currency
    LEDGER_HOLD_ALREADY_CAPTURED,
    LEDGER_HOLD_ALREADY_RELEASED,
    LEDGER_HOLD_ALREADY_EXPIRED,
    LEDGER_HOLD_AMOUNT_EXCEEDED, // capture of more than is held
    LEDGER_HOLD_AMOUNT_DIFFERS,  // release or expiry of another amount than is held
    LEDGER_HOLD_NOT_DUE,         // expiry before the deadline
    // only post and hold
    LEDGER_DEBIT_CLOSED,
    LEDGER_CREDIT_CLOSED,
    LEDGER_DEBIT_FROZEN,
    LEDGER_CREDIT_FROZEN,
    LEDGER_DEADLINE_MISSING,    // a hold needs a deadline after its own time
    LEDGER_DEADLINE_UNEXPECTED, // nothing else has one
    // all
    LEDGER_COUNTER_OVERFLOW,      // a counter would leave int64
    LEDGER_COUNTER_UNDERFLOW,     // a pending counter is smaller than the hold it should contain
    LEDGER_DEBIT_EXCEEDS_CREDITS, // the debit account permits no such balance: not enough money
                                  // (L6)
    LEDGER_CREDIT_EXCEEDS_DEBITS, // the credit account permits no such balance: more paid back than
                                  // owed
    LEDGER_RESULT_COUNT
};

// Decides one transfer. Out: the two accounts after it, and the hold it made or ended; written only
// on LEDGER_OK. `out` may be `in`. Returns the first refusal in the order above.
enum ledger_result ledger_decide(struct ledger_state *out, const struct ledger_state *in,
                                 const struct ledger_transfer *transfer);

// Is `wanted` the same request as the `stored` one (L7)? Returns NULL, or the name of the first
// field that differs: "kind", "debit", "credit", "amount", "currency". Times do not count: a
// repetition comes later.
const char *ledger_difference(const struct ledger_transfer *stored,
                              const struct ledger_transfer *wanted);

// "ok", "debit-exceeds-credits" …: stable names for problems, logs and the refusal table.
const char *ledger_result_name(enum ledger_result result);

// What the owner of the account may still spend, minor units: for a credit-only account credits
// posted − debits posted − debits pending; for a debit-only one the mirror. Never negative while L6
// holds.
int64_t ledger_available(const struct ledger_account *account);
// Posted balance on the account's normal side; may be negative where the chart permits it.
int64_t ledger_balance(const struct ledger_account *account);
// How much is missing for a debit of `amount`; 0 = enough. Minor units.
int64_t ledger_shortfall(const struct ledger_account *account, int64_t amount);

#endif
