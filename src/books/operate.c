// books: operations that a person sees, their steps, refunds and corrections.
//
// Invariants held here: L7 (same id, same content), the agreement of an operation's state with its
// money (misuse()), refunds never exceed what was settled, a transfer is corrected at most once.
#include "books/books_priv.h"

#include <string.h>

static enum code bug(struct problem *problem, const char *what)
{
    log_event(LOG_ERROR, "books.misuse", LOG_TEXT("what", what));
    (void)books_refuse(problem, CODE_INTERNAL, what);
    return CODE_INTERNAL;
}

static bool is_main(const struct books_entry *entry, const struct books_posting *posting)
{
    return posting->debit == entry->payer && posting->credit == entry->payee &&
           posting->amount == entry->amount && posting->currency == entry->currency &&
           posting->code == entry->kind;
}

static bool is_end(const struct books_entry *entry, const struct books_posting *posting)
{
    return entry->hold != 0 && (posting->hold == 0 || posting->hold == entry->hold);
}

static const char *misuse_open(const struct books_entry *entry, const struct books_step *step)
{
    if (step->posting_count == 0)
        return NULL;
    if (step->posting_count > 1 || step->postings[0].kind != LEDGER_HOLD || entry->hold != 0)
        return "open-takes-one-hold";
    return is_main(entry, &step->postings[0]) ? NULL : "hold-is-not-the-operation";
}

static const char *misuse_succeeded(const struct books_entry *entry, const struct books_step *step)
{
    const struct books_posting *first = step->postings;
    if (step->posting_count == 0)
        return "success-without-money";
    const bool ends = first->kind == LEDGER_CAPTURE && is_end(entry, first);
    const bool posts = first->kind == LEDGER_POST && entry->hold == 0 && is_main(entry, first);
    if (!ends && !posts)
        return "post-is-not-the-operation";
    int64_t fees = 0;
    for (size_t i = 1; i < step->posting_count; i++) {
        if (first[i].kind != LEDGER_POST)
            return "linked-is-not-a-post";
        if (first[i].code == BOOKS_FEE && money_add(&fees, fees, first[i].amount) != MONEY_OK)
            return "fee-overflow";
    }
    return fees == entry->fee ? NULL : "fee-differs";
}

static const char *misuse_failed(const struct books_entry *entry, const struct books_step *step)
{
    if (entry->hold == 0)
        return step->posting_count == 0 ? NULL : "failure-moves-money";
    if (step->posting_count != 1 || !is_end(entry, &step->postings[0]))
        return "failure-keeps-the-hold";
    const enum ledger_kind kind = step->postings[0].kind;
    return kind == LEDGER_RELEASE || kind == LEDGER_EXPIRE ? NULL : "failure-moves-money";
}

// What books.h says about states and postings. Returns NULL, or what the caller did wrong.
static const char *misuse(const struct books_entry *entry, const struct books_step *step)
{
    if (step->posting_count > BOOKS_LINKED_MAX)
        return "too-many-postings";
    if (step->state < BOOKS_CREATED || books_state_name(step->state)[0] == '\0' ||
        step->state > BOOKS_CLOSED)
        return "state-unknown";
    if (step->detail != NULL && strlen(step->detail) > BOOKS_DETAIL_MAX)
        return "detail-too-long";
    if (!books_state_final(step->state))
        return misuse_open(entry, step);
    return step->state == BOOKS_SUCCEEDED ? misuse_succeeded(entry, step)
                                          : misuse_failed(entry, step);
}

// --- repetition (L7) --------------------------------------------------------------------------

static const char *difference(const struct books_entry *stored,
                              const struct books_operation *wanted)
{
    if (stored->kind != wanted->kind)
        return "kind";
    if (stored->payer != wanted->payer)
        return "payer";
    if (stored->payee != wanted->payee)
        return "payee";
    if (stored->amount != wanted->amount)
        return "amount";
    if (stored->fee != wanted->fee)
        return "fee";
    if (stored->currency != wanted->currency)
        return "currency";
    return id_equal(&stored->related, &wanted->related) ? NULL : "related";
}

static enum code refuse_repeated(struct problem *problem, const char *field)
{
    char rule[48];
    const size_t size = sizeof "repeated-" - 1;
    memcpy(rule, "repeated-", size);
    (void)text_copy(rule + size, sizeof rule - size, field);
    return books_refuse(problem, CODE_CONFLICT_IDEMPOTENCY, rule);
}

static enum code repeat(struct books_result *out, const struct books_entry *stored,
                        const struct books_operation *wanted, struct problem *problem)
{
    const char *field = difference(stored, wanted);
    if (field != NULL)
        return refuse_repeated(problem, field);
    *out = (struct books_result){stored->seq, true, stored->state};
    return OK;
}

enum code books_repeat_correction(struct books_result *out, const struct books_entry *stored,
                                  const struct books_correction *wanted, struct problem *problem)
{
    if (stored->kind != BOOKS_CORRECTION)
        return refuse_repeated(problem, "kind");
    if (!text_equal(stored->detail, wanted->reason))
        return refuse_repeated(problem, "reason");
    *out = (struct books_result){stored->seq, true, stored->state};
    return OK;
}

// --- refunds ----------------------------------------------------------------------------------

static enum code refuse_refund(struct problem *problem, const char *rule,
                               const struct books_entry *original)
{
    const enum code code = books_refuse(problem, CODE_NOT_ALLOWED, rule);
    if (problem != NULL && original != NULL) {
        problem->limit = original->settled;
        problem->left = original->settled - original->refunded;
        (void)text_copy(problem->currency, sizeof problem->currency,
                        money_currency_code(original->currency));
    }
    return code;
}

// Out: the entry whose `refunded` the operation adds to; NULL = none.
static enum code check_refund(struct work_entry **out, struct books_group *group,
                              const struct books_operation *operation, struct problem *problem)
{
    *out = NULL;
    const bool counts = operation->kind == BOOKS_REFUND || operation->kind == BOOKS_CORRECTION;
    if (!counts || id_is_zero(&operation->related))
        return OK;
    struct work_entry *original = NULL;
    GUARD(books_find_work_entry_by_id(&original, group, &operation->related));
    if (original == NULL)
        return books_refuse(problem, CODE_NOT_FOUND, "refund-original-not-found");
    const struct books_entry *row = &original->row;
    if (row->state != BOOKS_SUCCEEDED)
        return refuse_refund(problem, "refund-original-open", row);
    if (row->currency != operation->currency)
        return refuse_refund(problem, "refund-other-currency", row);
    if (row->payer != operation->payee)
        return refuse_refund(problem, "refund-other-payer", row);
    if (operation->amount > row->settled - row->refunded)
        return refuse_refund(problem, "refund-exceeds-payment", row);
    *out = original;
    return OK;
}

// --- one step ---------------------------------------------------------------------------------

// The state that the postings have reached; cannot fail.
static void settle(struct books_group *group, struct books_entry *entry,
                   const struct books_step *step, int64_t first_seq)
{
    const struct work_transfer *transfers = group->transfers.items;
    entry->state = step->state;
    if (step->detail != NULL)
        entry->detail = arena_text(group->arena, step->detail);
    if (books_state_final(step->state))
        entry->done_us = group->now_us;
    if (step->posting_count == 0)
        return;
    if (step->postings[0].kind == LEDGER_HOLD)
        entry->hold = first_seq;
    if (step->state == BOOKS_SUCCEEDED)
        entry->settled = transfers[group->transfers.count - step->posting_count].amount;
}

// Decides the step's postings for an operation whose row is `entry`; entry->seq 0 = not numbered
// yet.
static enum code take_step(struct books_group *group, struct books_entry *entry,
                           const struct books_step *step, const struct id *ids,
                           struct problem *problem)
{
    int64_t first = 0;
    if (step->posting_count > 0) {
        struct books_posting postings[BOOKS_LINKED_MAX];
        memcpy(postings, step->postings, step->posting_count * sizeof postings[0]);
        const bool ends = postings[0].kind >= LEDGER_CAPTURE;
        if (ends && postings[0].hold == 0)
            postings[0].hold = entry->hold;
        const struct id end_id = books_linked_id(&entry->id, BOOKS_ID_END);
        const struct books_set set = {
            .id = ends ? &end_id : &entry->id,
            .base = &entry->id,
            .ids = ids,
            .link = entry->seq,
            .postings = postings,
            .count = step->posting_count,
        };
        GUARD(books_decide_set(&first, group, &set, problem));
    }
    // From here on it must succeed.
    if (entry->seq == 0)
        entry->seq = first != 0 ? first : group->next++;
    settle(group, entry, step, first);
    return OK;
}

// --- operations -------------------------------------------------------------------------------

static struct books_entry entry_of(struct books_group *group,
                                   const struct books_operation *operation)
{
    return (struct books_entry){
        .id = operation->id,
        .kind = operation->kind,
        .payer = operation->payer,
        .payee = operation->payee,
        .amount = operation->amount,
        .fee = operation->fee,
        .currency = operation->currency,
        .memo = operation->memo != NULL ? arena_text(group->arena, operation->memo) : "",
        .detail = "",
        .related = operation->related,
        .at_us = group->now_us,
    };
}

// What the postings would check; an operation may begin without them.
static enum code check_accounts(struct books_group *group, const struct books_operation *operation,
                                struct problem *problem)
{
    if (!money_amount_valid(operation->amount)) {
        (void)books_refuse(problem, CODE_AMOUNT_INVALID, "amount-not-positive");
        if (problem != NULL)
            problem->max = MONEY_MAX;
        return CODE_AMOUNT_INVALID;
    }
    if (operation->payer == operation->payee)
        return books_refuse(problem, CODE_PAYEE_SELF, "same-account");
    struct work_account *payer = NULL;
    struct work_account *payee = NULL;
    GUARD(books_find_work_account(&payer, group, operation->payer));
    GUARD(books_find_work_account(&payee, group, operation->payee));
    if (payer == NULL)
        return books_refuse(problem, CODE_NOT_FOUND, "debit-not-found");
    if (payee == NULL)
        return books_refuse(problem, CODE_NOT_FOUND, "credit-not-found");
    return OK;
}

enum code books_add_entry(struct books_result *out, struct books_group *group,
                          const struct books_operation *operation, const struct id *ids,
                          struct problem *problem)
{
    struct work_entry *original = NULL;
    GUARD(check_accounts(group, operation, problem));
    GUARD(check_refund(&original, group, operation, problem));
    struct books_entry entry = entry_of(group, operation);
    const struct books_step step = {0, operation->state, operation->detail, operation->postings,
                                    operation->posting_count};
    const char *wrong = misuse(&entry, &step);
    if (wrong != NULL)
        return bug(problem, wrong);
    GUARD(take_step(group, &entry, &step, ids, problem));
    struct work_entry *added = books_adopt_entry(group, &entry);
    added->fresh = true;
    books_touch_entry(group, added);
    if (original != NULL) {
        original->row.refunded += operation->amount;
        books_touch_entry(group, original);
    }
    *out = (struct books_result){entry.seq, false, entry.state};
    return OK;
}

enum code books_operate(struct books_result *out, struct books_group *group,
                        const struct books_operation *operation, struct problem *problem)
{
    if (operation->kind < BOOKS_PAYMENT || operation->kind >= BOOKS_FEE || operation->fee < 0 ||
        operation->kind == BOOKS_CORRECTION)
        return bug(problem, "kind-is-not-an-operation");
    if (operation->memo != NULL && strlen(operation->memo) > BOOKS_MEMO_MAX)
        return bug(problem, "memo-too-long");
    if (!books_id_is_client(&operation->id))
        return books_refuse(problem, CODE_REQUEST_INVALID, "id-is-not-uuid-v7");
    struct work_entry *stored = NULL;
    GUARD(books_find_work_entry_by_id(&stored, group, &operation->id));
    if (stored != NULL)
        return repeat(out, &stored->row, operation, problem);
    return books_add_entry(out, group, operation, NULL, problem);
}

// A refund that fails gives back the room it had taken.
static enum code return_refund(struct books_group *group, const struct books_entry *entry)
{
    if (entry->kind != BOOKS_REFUND || id_is_zero(&entry->related))
        return OK;
    struct work_entry *original = NULL;
    GUARD(books_find_work_entry_by_id(&original, group, &entry->related));
    ENSURE(original != NULL, CODE_INTERNAL);
    original->row.refunded -= entry->amount;
    books_touch_entry(group, original);
    return OK;
}

enum code books_continue(struct books_result *out, struct books_group *group,
                         const struct books_step *step, struct problem *problem)
{
    struct work_entry *entry = NULL;
    GUARD(books_find_work_entry(&entry, group, step->seq));
    if (entry == NULL)
        return books_refuse(problem, CODE_NOT_FOUND, "operation-not-found");
    if (books_state_final(entry->row.state)) {
        if (entry->row.state != step->state)
            return books_refuse(problem, CODE_NOT_ALLOWED, "state-final");
        *out = (struct books_result){entry->row.seq, true, entry->row.state};
        return OK;
    }
    if (step->state == BOOKS_CREATED && entry->row.state != BOOKS_CREATED)
        return books_refuse(problem, CODE_NOT_ALLOWED, "state-backwards");
    const char *wrong = misuse(&entry->row, step);
    if (wrong != NULL)
        return bug(problem, wrong);
    GUARD(take_step(group, &entry->row, step, NULL, problem));
    books_touch_entry(group, entry);
    *out = (struct books_result){entry->row.seq, false, entry->row.state};
    if (step->state == BOOKS_FAILED || step->state == BOOKS_CLOSED)
        return return_refund(group, &entry->row);
    return OK;
}

static enum code end_hold(struct books_result *out, struct books_group *group, int64_t seq,
                          const struct books_posting *posting, const struct books_step *end,
                          struct problem *problem)
{
    struct work_entry *entry = NULL;
    GUARD(books_find_work_entry(&entry, group, seq));
    if (entry == NULL)
        return books_refuse(problem, CODE_NOT_FOUND, "operation-not-found");
    if (entry->row.hold == 0)
        return books_refuse(problem, CODE_NOT_FOUND, "hold-not-found");
    struct books_posting whole = *posting;
    whole.code = entry->row.kind;
    const struct books_step step = {seq, end->state, end->detail, &whole, 1};
    return books_continue(out, group, &step, problem);
}

enum code books_capture(struct books_result *out, struct books_group *group, int64_t seq,
                        int64_t amount, struct problem *problem)
{
    const struct books_posting posting = {.kind = LEDGER_CAPTURE, .amount = amount};
    const struct books_step end = {.state = BOOKS_SUCCEEDED};
    return end_hold(out, group, seq, &posting, &end, problem);
}

enum code books_release(struct books_result *out, struct books_group *group, int64_t seq,
                        const char *detail, struct problem *problem)
{
    const struct books_posting posting = {.kind = LEDGER_RELEASE};
    const struct books_step end = {.state = BOOKS_FAILED, .detail = detail};
    return end_hold(out, group, seq, &posting, &end, problem);
}

enum code books_expire(struct books_result *out, struct books_group *group, int64_t seq,
                       const char *detail, struct problem *problem)
{
    const struct books_posting posting = {.kind = LEDGER_EXPIRE};
    const struct books_step end = {.state = BOOKS_CLOSED, .detail = detail};
    return end_hold(out, group, seq, &posting, &end, problem);
}

// --- transfers without an operation -------------------------------------------------------------

static enum code repeat_post(struct books_result *out, const struct work_transfer *stored,
                             const struct books_posting *wanted, struct problem *problem)
{
    const struct ledger_transfer before = {.kind = stored->kind,
                                           .currency = stored->currency,
                                           .debit = stored->debit,
                                           .credit = stored->credit,
                                           .amount = stored->amount};
    const struct ledger_transfer now = {.kind = (int32_t)wanted->kind,
                                        .currency = (int32_t)wanted->currency,
                                        .debit = wanted->debit,
                                        .credit = wanted->credit,
                                        .amount = wanted->amount};
    const char *field = ledger_difference(&before, &now);
    if (field == NULL && stored->code != (int32_t)wanted->code)
        field = "code";
    if (field != NULL)
        return refuse_repeated(problem, field);
    *out = (struct books_result){stored->seq, true, 0};
    return OK;
}

enum code books_post(struct books_result *out, struct books_group *group, const struct id *id,
                     const struct books_posting *postings, size_t count, struct problem *problem)
{
    if (count < 1 || count > BOOKS_LINKED_MAX)
        return bug(problem, "too-many-postings");
    for (size_t i = 0; i < count; i++)
        if (postings[i].kind != LEDGER_POST)
            return bug(problem, "linked-is-not-a-post");
    if (!books_id_is_client(id))
        return books_refuse(problem, CODE_REQUEST_INVALID, "id-is-not-uuid-v7");
    struct work_transfer stored;
    bool found = false;
    GUARD(books_find_transfer_by_id(&stored, &found, group, id));
    if (found)
        return repeat_post(out, &stored, &postings[0], problem);
    const struct books_set set = {.id = id, .base = id, .postings = postings, .count = count};
    int64_t seq = 0;
    GUARD(books_decide_set(&seq, group, &set, problem));
    *out = (struct books_result){seq, false, 0};
    return OK;
}
