// books: decides a linked set of transfers on the working set. The only caller of ledger_decide()
// besides replay (L12).
//
// Invariants held here: L9 (all or none: what a refused set had changed in memory is put back), L13
// (numbers are given in the order of decisions), the chain of each account (debit_prev,
// credit_prev, last_seq).
#include "books/books_priv.h"

#include <stdio.h>
#include <string.h>

enum code books_refuse(struct problem *problem, enum code code, const char *rule)
{
    (void)problem_set(problem, code, CHARGED_NO);
    if (problem != NULL)
        (void)snprintf(problem->rule, sizeof problem->rule, "ledger.%s", rule);
    return code;
}

static enum code code_of(enum ledger_result result)
{
    switch (result) {
    case LEDGER_AMOUNT_NOT_POSITIVE:
    case LEDGER_AMOUNT_TOO_LARGE:
        return CODE_AMOUNT_INVALID;
    case LEDGER_SAME_ACCOUNT:
        return CODE_PAYEE_SELF;
    case LEDGER_DEBIT_NOT_FOUND:
    case LEDGER_CREDIT_NOT_FOUND:
    case LEDGER_HOLD_NOT_FOUND:
        return CODE_NOT_FOUND;
    case LEDGER_DEBIT_FROZEN:
        return CODE_WALLET_FROZEN;
    case LEDGER_CREDIT_FROZEN:
        return CODE_PAYEE_LIMIT;
    case LEDGER_DEBIT_EXCEEDS_CREDITS:
        return CODE_BALANCE_INSUFFICIENT;
    default:
        return CODE_NOT_ALLOWED;
    }
}

static enum code refuse_result(struct problem *problem, enum ledger_result result,
                               const struct ledger_state *state,
                               const struct ledger_transfer *transfer)
{
    const enum code code = books_refuse(problem, code_of(result), ledger_result_name(result));
    if (problem == NULL)
        return code;
    (void)text_copy(problem->currency, sizeof problem->currency,
                    money_currency_code((enum money_currency)transfer->currency));
    if (code == CODE_AMOUNT_INVALID)
        problem->max = MONEY_MAX;
    if (result == LEDGER_DEBIT_EXCEEDS_CREDITS) {
        problem->amount = ledger_shortfall(&state->debit, transfer->amount);
        problem->left = ledger_available(&state->debit);
    }
    return code;
}

// One decided transfer and what it replaces, until the whole set is decided.
struct step {
    struct work_account *debit, *credit;
    struct books_account debit_before, credit_before;
    struct work_hold *hold; // that it ends
    struct ledger_hold hold_before;
    struct work_hold made; // that it makes; seq 0 = none
    struct work_transfer transfer;
};

static void put_back(struct step *steps, size_t count)
{
    while (count-- > 0) {
        steps[count].debit->row = steps[count].debit_before;
        steps[count].credit->row = steps[count].credit_before;
        if (steps[count].hold != NULL)
            steps[count].hold->row = steps[count].hold_before;
    }
}

static void commit_steps(struct books_group *group, struct step *steps, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct step *step = &steps[i];
        books_touch_account(group, step->debit);
        books_touch_account(group, step->credit);
        if (step->hold != NULL)
            books_touch_hold(group, step->hold);
        if (step->made.seq != 0)
            books_touch_hold(group, books_adopt_hold(group, &step->made));
        *(struct work_transfer *)books_list_add(&group->transfers, group->arena,
                                                sizeof step->transfer) = step->transfer;
    }
    group->next += (int64_t)count;
}

// What the caller may leave out when a hold ends is taken from the hold.
static struct ledger_transfer complete(const struct books_posting *posting,
                                       const struct work_hold *hold, int64_t now_us)
{
    struct ledger_transfer transfer = {(int32_t)posting->kind, (int32_t)posting->currency,
                                       posting->debit,         posting->credit,
                                       posting->amount,        now_us,
                                       posting->expires_us};
    if (hold == NULL)
        return transfer;
    if (transfer.debit == 0 && transfer.credit == 0) {
        transfer.debit = hold->row.debit;
        transfer.credit = hold->row.credit;
    }
    if (transfer.currency == MONEY_NONE)
        transfer.currency = hold->row.currency;
    if (transfer.amount == 0)
        transfer.amount = hold->row.amount;
    return transfer;
}

static void fill_state(struct ledger_state *state, const struct step *step)
{
    *state = (struct ledger_state){0};
    if (step->debit != NULL)
        state->debit = step->debit->row.ledger;
    if (step->credit != NULL)
        state->credit = step->credit->row.ledger;
    if (step->hold != NULL)
        state->hold = step->hold->row;
}

// Writes a decision into the working set; step keeps what was there.
static void apply(struct step *step, const struct ledger_state *state,
                  const struct ledger_transfer *transfer, int64_t seq)
{
    step->debit_before = step->debit->row;
    step->credit_before = step->credit->row;
    step->transfer.seq = seq;
    step->transfer.debit = transfer->debit;
    step->transfer.credit = transfer->credit;
    step->transfer.amount = transfer->amount;
    step->transfer.kind = transfer->kind;
    step->transfer.currency = transfer->currency;
    step->transfer.debit_prev = step->debit->row.last_seq;
    step->transfer.credit_prev = step->credit->row.last_seq;
    step->debit->row.ledger = state->debit;
    step->credit->row.ledger = state->credit;
    step->debit->row.last_seq = seq;
    step->credit->row.last_seq = seq;
    if (step->hold != NULL) {
        step->hold_before = step->hold->row;
        step->hold->row = state->hold;
    } else if (transfer->kind == LEDGER_HOLD) {
        step->made = (struct work_hold){.seq = seq, .row = state->hold, .fresh = true};
    }
}

static enum code decide_step(struct books_group *group, struct step *step,
                             const struct books_posting *posting, int64_t seq,
                             struct problem *problem)
{
    const bool ends = posting->kind >= LEDGER_CAPTURE;
    if (ends)
        GUARD(books_find_work_hold(&step->hold, group, posting->hold));
    const struct ledger_transfer transfer = complete(posting, step->hold, group->now_us);
    GUARD(books_find_work_account(&step->debit, group, transfer.debit));
    GUARD(books_find_work_account(&step->credit, group, transfer.credit));
    struct ledger_state state;
    fill_state(&state, step);
    const enum ledger_result result = ledger_decide(&state, &state, &transfer);
    if (result != LEDGER_OK)
        return refuse_result(problem, result, &state, &transfer);
    // From here on it must succeed.
    apply(step, &state, &transfer, seq);
    step->transfer.code = (int32_t)posting->code;
    step->transfer.hold_seq = ends ? posting->hold : 0;
    return OK;
}

static struct id id_of(const struct books_set *set, size_t i)
{
    if (set->ids != NULL)
        return set->ids[i];
    return i == 0 ? *set->id : books_linked_id(set->base, (unsigned)i);
}

enum code books_decide_set(int64_t *out_seq, struct books_group *group, const struct books_set *set,
                           struct problem *problem)
{
    struct step steps[BOOKS_LINKED_MAX];
    memset(steps, 0, set->count * sizeof steps[0]);
    int64_t link = set->link;
    for (size_t i = 0; i < set->count; i++) {
        const int64_t seq = group->next + (int64_t)i;
        const enum code code = decide_step(group, &steps[i], &set->postings[i], seq, problem);
        if (code != OK) {
            put_back(steps, i);
            return code;
        }
        if (link == 0)
            link = steps[i].hold != NULL ? steps[i].hold->link : seq;
        steps[i].transfer.link = link;
        steps[i].made.link = link;
        steps[i].transfer.id = id_of(set, i);
    }
    *out_seq = group->next;
    commit_steps(group, steps, set->count);
    return OK;
}
