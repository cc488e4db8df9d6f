// books: corrections. What was posted stays; a new, reverse transfer undoes it (L3).
#include "books/books_priv.h"

#include <string.h>

// Everything a correction needs, gathered before anything is decided.
struct reversal {
    struct books_posting postings[BOOKS_LINKED_MAX];
    struct id ids[BOOKS_LINKED_MAX];
    struct work_transfer first;
};

static bool can_be_corrected(const struct work_transfer *transfer)
{
    const bool moved = transfer->kind == LEDGER_POST || transfer->kind == LEDGER_CAPTURE;
    return moved && transfer->code != BOOKS_CORRECTION && transfer->id.bytes[8] >> 6 == 2;
}

static enum code gather_one(struct reversal *reversal, size_t i, struct books_group *group,
                            int64_t seq, struct problem *problem)
{
    struct work_transfer transfer;
    struct work_transfer before;
    bool found = false;
    GUARD(books_find_transfer_by_seq(&transfer, &found, group, seq));
    if (!found)
        return books_refuse(problem, CODE_NOT_FOUND, "correction-transfer-not-found");
    if (!can_be_corrected(&transfer))
        return books_refuse(problem, CODE_NOT_ALLOWED, "correction-not-possible");
    reversal->ids[i] = books_corrected_id(&transfer.id);
    GUARD(books_find_transfer_by_id(&before, &found, group, &reversal->ids[i]));
    for (size_t j = 0; j < i && !found; j++)
        found = id_equal(&reversal->ids[j], &reversal->ids[i]);
    if (found)
        return books_refuse(problem, CODE_NOT_ALLOWED, "correction-done-before");
    reversal->postings[i] = (struct books_posting){
        .kind = LEDGER_POST,
        .code =
            i > 0 && transfer.code >= BOOKS_FEE ? (enum books_kind)transfer.code : BOOKS_CORRECTION,
        .debit = transfer.credit,
        .credit = transfer.debit,
        .amount = transfer.amount,
        .currency = (enum money_currency)transfer.currency,
    };
    if (i == 0)
        reversal->first = transfer;
    return OK;
}

// The operation whose main transfer is undone; zero id when it is another transfer, or one without
// an operation.
static enum code related_of(struct id *out, struct books_group *group,
                            const struct work_transfer *first)
{
    struct work_entry *entry = NULL;
    *out = (struct id){{0}};
    GUARD(books_find_work_entry(&entry, group, first->link));
    if (entry == NULL || first->debit != entry->row.payer || first->credit != entry->row.payee ||
        first->code != (int32_t)entry->row.kind)
        return OK;
    *out = entry->row.id;
    return OK;
}

enum code books_correct(struct books_result *out, struct books_group *group,
                        const struct books_correction *correction, struct problem *problem)
{
    if (correction->count < 1 || correction->count > BOOKS_LINKED_MAX)
        return books_refuse(problem, CODE_REQUEST_INVALID, "correction-count");
    const size_t reason = correction->reason != NULL ? strlen(correction->reason) : 0;
    if (reason < 1 || reason > BOOKS_DETAIL_MAX)
        return books_refuse(problem, CODE_REQUEST_INVALID, "correction-reason");
    if (!books_id_is_client(&correction->id))
        return books_refuse(problem, CODE_REQUEST_INVALID, "id-is-not-uuid-v7");
    struct reversal *reversal = arena_alloc(group->arena, sizeof *reversal);
    struct work_entry *stored = NULL;
    GUARD(books_find_work_entry_by_id(&stored, group, &correction->id));
    if (stored != NULL)
        return books_repeat_correction(out, &stored->row, correction, problem);
    for (size_t i = 0; i < correction->count; i++)
        GUARD(gather_one(reversal, i, group, correction->transfers[i], problem));
    struct books_operation operation = {
        .id = correction->id,
        .kind = BOOKS_CORRECTION,
        .state = BOOKS_SUCCEEDED,
        .payer = reversal->first.credit,
        .payee = reversal->first.debit,
        .amount = reversal->first.amount,
        .currency = (enum money_currency)reversal->first.currency,
        .detail = correction->reason,
        .postings = reversal->postings,
        .posting_count = correction->count,
    };
    for (size_t i = 1; i < correction->count; i++)
        if (reversal->postings[i].code == BOOKS_FEE)
            operation.fee += reversal->postings[i].amount;
    GUARD(related_of(&operation.related, group, &reversal->first));
    return books_add_entry(out, group, &operation, reversal->ids, problem);
}
