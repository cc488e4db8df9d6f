// ledger: the pure core; see ledger.h. Every function reads only its arguments and cannot fail but
// by its named result.
//
// Invariants held by this file (numbers of docs/LEDGER.md):
//   L1  one debit account, one credit account, amount 1 … 2^53−1        check_form
//   L2  both accounts and the transfer in one book                       check_accounts
//   L3  posted counters only grow                                        apply (only adds to them)
//   L4  debit and credit side change by the same amounts                 apply
//   L6  debits pending + posted ≤ credits posted where permitted so      check_balances
//   L8  a hold ends once, captured ≤ held                                check_hold
#include "ledger/ledger.h"

static enum ledger_result check_form(const struct ledger_transfer *transfer)
{
    if (transfer->kind < LEDGER_POST || transfer->kind > LEDGER_EXPIRE)
        return LEDGER_KIND_UNKNOWN;
    if (transfer->amount < 1)
        return LEDGER_AMOUNT_NOT_POSITIVE;
    if (transfer->amount > MONEY_MAX)
        return LEDGER_AMOUNT_TOO_LARGE;
    if (transfer->debit == transfer->credit)
        return LEDGER_SAME_ACCOUNT;
    return LEDGER_OK;
}

static enum ledger_result check_accounts(const struct ledger_state *in,
                                         const struct ledger_transfer *transfer)
{
    if (in->debit.id <= 0 || in->debit.id != transfer->debit)
        return LEDGER_DEBIT_NOT_FOUND;
    if (in->credit.id <= 0 || in->credit.id != transfer->credit)
        return LEDGER_CREDIT_NOT_FOUND;
    if (in->debit.currency != transfer->currency)
        return LEDGER_DEBIT_OTHER_CURRENCY;
    if (in->credit.currency != transfer->currency)
        return LEDGER_CREDIT_OTHER_CURRENCY;
    return LEDGER_OK;
}

// A hold that is still open may end whatever the accounts' freezes say: money already reserved must
// not be caught for ever.
static enum ledger_result check_hold(const struct ledger_hold *hold,
                                     const struct ledger_transfer *transfer)
{
    if (hold->state == LEDGER_HOLD_NONE)
        return LEDGER_HOLD_NOT_FOUND;
    if (hold->debit != transfer->debit || hold->credit != transfer->credit ||
        hold->currency != transfer->currency)
        return LEDGER_HOLD_OTHER_ACCOUNTS;
    if (hold->state == LEDGER_HOLD_CAPTURED)
        return LEDGER_HOLD_ALREADY_CAPTURED;
    if (hold->state == LEDGER_HOLD_RELEASED)
        return LEDGER_HOLD_ALREADY_RELEASED;
    if (hold->state != LEDGER_HOLD_OPEN)
        return LEDGER_HOLD_ALREADY_EXPIRED;
    if (transfer->kind == LEDGER_CAPTURE && transfer->amount > hold->amount)
        return LEDGER_HOLD_AMOUNT_EXCEEDED;
    if (transfer->kind != LEDGER_CAPTURE && transfer->amount != hold->amount)
        return LEDGER_HOLD_AMOUNT_DIFFERS;
    if (transfer->kind == LEDGER_EXPIRE && transfer->at_us < hold->expires_us)
        return LEDGER_HOLD_NOT_DUE;
    return LEDGER_OK;
}

static enum ledger_result check_permission(const struct ledger_state *in,
                                           const struct ledger_transfer *transfer)
{
    if ((in->debit.flags & LEDGER_CLOSED) != 0)
        return LEDGER_DEBIT_CLOSED;
    if ((in->credit.flags & LEDGER_CLOSED) != 0)
        return LEDGER_CREDIT_CLOSED;
    if ((in->debit.flags & LEDGER_FROZEN_OUT) != 0)
        return LEDGER_DEBIT_FROZEN;
    if ((in->credit.flags & LEDGER_FROZEN_IN) != 0)
        return LEDGER_CREDIT_FROZEN;
    if (transfer->kind == LEDGER_HOLD && transfer->expires_us <= transfer->at_us)
        return LEDGER_DEADLINE_MISSING;
    if (transfer->kind == LEDGER_POST && transfer->expires_us != 0)
        return LEDGER_DEADLINE_UNEXPECTED;
    return LEDGER_OK;
}

static enum ledger_result counter_add(int64_t *counter, int64_t amount)
{
    return money_add(counter, *counter, amount) == MONEY_OK ? LEDGER_OK : LEDGER_COUNTER_OVERFLOW;
}

static enum ledger_result counter_take(int64_t *counter, int64_t amount)
{
    return money_sub(counter, *counter, amount) == MONEY_OK ? LEDGER_OK : LEDGER_COUNTER_UNDERFLOW;
}

// The two sides change by the same amounts, so that sums over a book stay equal (L4).
static enum ledger_result apply_pending(struct ledger_state *state, int64_t amount)
{
    const enum ledger_result result = counter_add(&state->debit.debits_pending, amount);
    return result != LEDGER_OK ? result : counter_add(&state->credit.credits_pending, amount);
}

static enum ledger_result apply_posted(struct ledger_state *state, int64_t amount)
{
    const enum ledger_result result = counter_add(&state->debit.debits_posted, amount);
    return result != LEDGER_OK ? result : counter_add(&state->credit.credits_posted, amount);
}

static enum ledger_result apply_unpending(struct ledger_state *state, int64_t amount)
{
    const enum ledger_result result = counter_take(&state->debit.debits_pending, amount);
    return result != LEDGER_OK ? result : counter_take(&state->credit.credits_pending, amount);
}

static enum ledger_result apply_hold(struct ledger_state *state,
                                     const struct ledger_transfer *transfer)
{
    state->hold.debit = transfer->debit;
    state->hold.credit = transfer->credit;
    state->hold.amount = transfer->amount;
    state->hold.captured = 0;
    state->hold.expires_us = transfer->expires_us;
    state->hold.currency = transfer->currency;
    state->hold.state = LEDGER_HOLD_OPEN;
    return apply_pending(state, transfer->amount);
}

static enum ledger_result apply(struct ledger_state *state, const struct ledger_transfer *transfer)
{
    if (transfer->kind == LEDGER_POST)
        return apply_posted(state, transfer->amount);
    if (transfer->kind == LEDGER_HOLD)
        return apply_hold(state, transfer);
    const enum ledger_result result = apply_unpending(state, state->hold.amount);
    if (result != LEDGER_OK)
        return result;
    if (transfer->kind == LEDGER_RELEASE || transfer->kind == LEDGER_EXPIRE) {
        state->hold.state =
            transfer->kind == LEDGER_RELEASE ? LEDGER_HOLD_RELEASED : LEDGER_HOLD_EXPIRED;
        return LEDGER_OK;
    }
    state->hold.state = LEDGER_HOLD_CAPTURED;
    state->hold.captured = transfer->amount;
    return apply_posted(state, transfer->amount);
}

// Judged on the account after the change. Only the sides that the transfer moves are judged: a
// debit may make the debit account's debits too large, a credit the credit account's credits.
static enum ledger_result check_balances(const struct ledger_state *after)
{
    int64_t used = 0;
    if (money_add(&used, after->debit.debits_pending, after->debit.debits_posted) != MONEY_OK)
        return LEDGER_COUNTER_OVERFLOW;
    if ((after->debit.flags & LEDGER_CREDIT_ONLY) != 0 && used > after->debit.credits_posted)
        return LEDGER_DEBIT_EXCEEDS_CREDITS;
    if (money_add(&used, after->credit.credits_pending, after->credit.credits_posted) != MONEY_OK)
        return LEDGER_COUNTER_OVERFLOW;
    if ((after->credit.flags & LEDGER_DEBIT_ONLY) != 0 && used > after->credit.debits_posted)
        return LEDGER_CREDIT_EXCEEDS_DEBITS;
    return LEDGER_OK;
}

enum ledger_result ledger_decide(struct ledger_state *out, const struct ledger_state *in,
                                 const struct ledger_transfer *transfer)
{
    enum ledger_result result = check_form(transfer);
    if (result != LEDGER_OK)
        return result;
    result = check_accounts(in, transfer);
    if (result != LEDGER_OK)
        return result;
    const bool begins = transfer->kind == LEDGER_POST || transfer->kind == LEDGER_HOLD;
    result = begins ? check_permission(in, transfer) : check_hold(&in->hold, transfer);
    if (result != LEDGER_OK)
        return result;
    struct ledger_state after = *in;
    result = apply(&after, transfer);
    if (result != LEDGER_OK)
        return result;
    result = check_balances(&after);
    if (result != LEDGER_OK)
        return result;
    // From here on it must succeed: nothing below can refuse, and nothing above has written.
    *out = after;
    return LEDGER_OK;
}

const char *ledger_difference(const struct ledger_transfer *stored,
                              const struct ledger_transfer *wanted)
{
    if (stored->kind != wanted->kind)
        return "kind";
    if (stored->debit != wanted->debit)
        return "debit";
    if (stored->credit != wanted->credit)
        return "credit";
    if (stored->amount != wanted->amount)
        return "amount";
    if (stored->currency != wanted->currency)
        return "currency";
    return NULL;
}

const char *ledger_result_name(enum ledger_result result)
{
    static const char *const names[LEDGER_RESULT_COUNT] = {
        [LEDGER_OK] = "ok",
        [LEDGER_KIND_UNKNOWN] = "kind-unknown",
        [LEDGER_AMOUNT_NOT_POSITIVE] = "amount-not-positive",
        [LEDGER_AMOUNT_TOO_LARGE] = "amount-too-large",
        [LEDGER_SAME_ACCOUNT] = "same-account",
        [LEDGER_DEBIT_NOT_FOUND] = "debit-not-found",
        [LEDGER_CREDIT_NOT_FOUND] = "credit-not-found",
        [LEDGER_DEBIT_OTHER_CURRENCY] = "debit-other-currency",
        [LEDGER_CREDIT_OTHER_CURRENCY] = "credit-other-currency",
        [LEDGER_HOLD_NOT_FOUND] = "hold-not-found",
        [LEDGER_HOLD_OTHER_ACCOUNTS] = "hold-other-accounts",
        [LEDGER_HOLD_ALREADY_CAPTURED] = "hold-already-captured",
        [LEDGER_HOLD_ALREADY_RELEASED] = "hold-already-released",
        [LEDGER_HOLD_ALREADY_EXPIRED] = "hold-already-expired",
        [LEDGER_HOLD_AMOUNT_EXCEEDED] = "hold-amount-exceeded",
        [LEDGER_HOLD_AMOUNT_DIFFERS] = "hold-amount-differs",
        [LEDGER_HOLD_NOT_DUE] = "hold-not-due",
        [LEDGER_DEBIT_CLOSED] = "debit-closed",
        [LEDGER_CREDIT_CLOSED] = "credit-closed",
        [LEDGER_DEBIT_FROZEN] = "debit-frozen",
        [LEDGER_CREDIT_FROZEN] = "credit-frozen",
        [LEDGER_DEADLINE_MISSING] = "deadline-missing",
        [LEDGER_DEADLINE_UNEXPECTED] = "deadline-unexpected",
        [LEDGER_COUNTER_OVERFLOW] = "counter-overflow",
        [LEDGER_COUNTER_UNDERFLOW] = "counter-underflow",
        [LEDGER_DEBIT_EXCEEDS_CREDITS] = "debit-exceeds-credits",
        [LEDGER_CREDIT_EXCEEDS_DEBITS] = "credit-exceeds-debits",
    };
    return (uint32_t)result < LEDGER_RESULT_COUNT ? names[result] : "unknown";
}

int64_t ledger_available(const struct ledger_account *account)
{
    if ((account->flags & LEDGER_DEBIT_ONLY) != 0)
        return account->debits_posted - account->credits_posted - account->credits_pending;
    return account->credits_posted - account->debits_posted - account->debits_pending;
}

int64_t ledger_balance(const struct ledger_account *account)
{
    const int64_t credit_balance = account->credits_posted - account->debits_posted;
    return (account->flags & LEDGER_NORMAL_DEBIT) != 0 ? -credit_balance : credit_balance;
}

int64_t ledger_shortfall(const struct ledger_account *account, int64_t amount)
{
    const int64_t left = ledger_available(account);
    if ((account->flags & LEDGER_CREDIT_ONLY) == 0 || left >= amount)
        return 0;
    return amount - left;
}
