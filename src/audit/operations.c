// audit: holds against the transfers that begin and end them (L8), and operations against their
// transfers. Rows arrive grouped: first the row itself, then its transfers by number.
#include "audit/audit_priv.h"

// A hold may be overdue while a job catches up; after a day somebody's money is stuck.
static const int64_t OVERDUE_US = INT64_C(86400000000);

// --- holds
// ----------------------------------------------------------------------------------------

static void check_end(struct audit *audit)
{
    const struct audit_hold_row *hold = &audit->hold;
    const struct audit_hold_row *begin = &audit->hold_begin;
    const struct audit_hold_row *end = &audit->hold_end;
    if (end->debit != begin->debit || end->credit != begin->credit ||
        end->currency != begin->currency)
        audit_find(audit, "hold-end-other-accounts", "L8", begin->debit, end->seq, begin->debit,
                   end->debit);
    if (end->kind == KIND_CAPTURE && end->amount > begin->amount)
        audit_find(audit, "hold-captured-exceeds", "L8", begin->debit, end->seq, begin->amount,
                   end->amount);
    if (end->kind != KIND_CAPTURE && end->amount != begin->amount)
        audit_find(audit, "hold-released-differs", "L8", begin->debit, end->seq, begin->amount,
                   end->amount);
    if (end->kind == KIND_EXPIRE && end->at_us < hold->expires_us)
        audit_find(audit, "hold-expired-early", "L8", begin->debit, end->seq, hold->expires_us,
                   end->at_us);
}

static int64_t expected_hold_state(const struct audit *audit)
{
    if (audit->hold_ends == 0)
        return HOLD_OPEN;
    return audit->hold_end.kind == KIND_CAPTURE   ? HOLD_CAPTURED
           : audit->hold_end.kind == KIND_RELEASE ? HOLD_RELEASED
                                                  : HOLD_EXPIRED;
}

static void check_hold(struct audit *audit)
{
    const struct audit_hold_row *hold = &audit->hold;
    const struct audit_hold_row *begin = &audit->hold_begin;
    const int64_t captured =
        expected_hold_state(audit) == HOLD_CAPTURED ? audit->hold_end.amount : 0;
    if (hold->amount != begin->amount)
        audit_find(audit, "hold-amount-differs", "L8", begin->debit, hold->hold, begin->amount,
                   hold->amount);
    if (hold->state != expected_hold_state(audit))
        audit_find(audit, "hold-state-differs", "L8", begin->debit, hold->hold,
                   expected_hold_state(audit), hold->state);
    if (hold->captured != captured)
        audit_find(audit, "hold-captured-differs", "L8", begin->debit, hold->hold, captured,
                   hold->captured);
    if (hold->expires_us <= begin->at_us)
        audit_find(audit, "hold-deadline-missing", "L8", begin->debit, hold->hold, begin->at_us,
                   hold->expires_us);
    const int64_t now_us = audit->options->now_us;
    if (now_us > 0 && hold->state == HOLD_OPEN && hold->expires_us + OVERDUE_US < now_us)
        audit_find(audit, "hold-overdue", "L8", begin->debit, hold->hold, hold->expires_us, now_us);
}

// The hold gathered so far is complete.
void audit_end_hold(struct audit *audit)
{
    const int64_t number = audit->hold.hold != 0 ? audit->hold.hold : audit->hold_begin.hold;
    if (audit->hold.hold != 0)
        audit->out->holds++;
    if (audit->hold_ends > 1)
        audit_find(audit, "hold-ended-twice", "L8", audit->hold_begin.debit, number, 1,
                   audit->hold_ends);
    if (audit->hold.hold == 0 && audit->hold_begin.hold != 0)
        audit_find(audit, "hold-row-missing", "L8", audit->hold_begin.debit, number, 1, 0);
    if (audit->hold.hold != 0 && audit->hold_begin.hold == 0)
        audit_find(audit, "hold-without-transfer", "L8", 0, number, 1, 0);
    if (audit->hold.hold != 0 && audit->hold_begin.hold != 0) {
        check_hold(audit);
        if (audit->hold_ends > 0)
            check_end(audit);
    }
    audit->hold = audit->hold_begin = audit->hold_end = (struct audit_hold_row){0};
    audit->hold_ends = 0;
}

void audit_take_hold(struct audit *audit, const struct audit_hold_row *row)
{
    const bool first =
        audit->hold.hold == 0 && audit->hold_begin.hold == 0 && audit->hold_ends == 0;
    const int64_t current = audit->hold.hold != 0         ? audit->hold.hold
                            : audit->hold_begin.hold != 0 ? audit->hold_begin.hold
                                                          : audit->hold_end.hold;
    if (!first && row->hold != current)
        audit_end_hold(audit);
    if (row->what == 0) {
        audit->hold = *row;
        return;
    }
    if (row->kind == KIND_HOLD) {
        audit->hold_begin = *row;
        return;
    }
    audit->hold_end = *row;
    audit->hold_ends++;
}

// --- operations
// -----------------------------------------------------------------------------------

static void check_main(struct audit *audit, const struct audit_entry_row *transfer)
{
    const struct audit_entry_row *entry = &audit->entry;
    if (transfer->debit != entry->debit || transfer->credit != entry->credit)
        audit_find(audit, "operation-accounts-differ", "L5", entry->debit, entry->seq,
                   transfer->debit, entry->debit);
    if (transfer->currency != entry->currency)
        audit_find(audit, "operation-currency-differs", "L2", entry->debit, entry->seq,
                   transfer->currency, entry->currency);
    if (transfer->kind != KIND_CAPTURE && transfer->amount != entry->amount)
        audit_find(audit, "operation-amount-differs", "L5", entry->debit, entry->seq,
                   transfer->amount, entry->amount);
}

// A final state says how the money ended; the transfers must say the same.
static void check_state(struct audit *audit)
{
    const struct audit_entry_row *entry = &audit->entry;
    const bool held = audit->begun.transfer != 0;
    const bool moved = audit->main.transfer != 0;
    const bool succeeded = entry->state == STATE_SUCCEEDED;
    const bool failed = entry->state > STATE_SUCCEEDED;
    if (succeeded && !moved)
        audit_find(audit, "operation-without-money", "L8", entry->debit, entry->seq, entry->amount,
                   0);
    if (!succeeded && moved)
        audit_find(audit, "operation-open-but-moved", "L8", entry->debit, entry->seq, 0,
                   audit->main.amount);
    if (failed && held && audit->entry_released == 0)
        audit_find(audit, "operation-failed-but-held", "L8", entry->debit, entry->seq, 0,
                   entry->amount);
    if (!failed && audit->entry_released != 0)
        audit_find(audit, "operation-released-but-not-failed", "L8", entry->debit, entry->seq, 0,
                   entry->state);
    if (entry->hold != (held ? audit->begun.transfer : 0))
        audit_find(audit, "operation-hold-differs", "L8", entry->debit, entry->seq,
                   audit->begun.transfer, entry->hold);
    if ((entry->state >= STATE_FINAL) != (entry->done_us > 0) ||
        (entry->done_us > 0 && entry->done_us < entry->at_us))
        audit_find(audit, "operation-times-differ", "L13", entry->debit, entry->seq, entry->at_us,
                   entry->done_us);
}

static void check_amounts(struct audit *audit)
{
    const struct audit_entry_row *entry = &audit->entry;
    const int64_t settled = audit->main.amount;
    const int64_t fee = entry->state == STATE_SUCCEEDED ? entry->fee : 0;
    if (entry->settled != settled)
        audit_find(audit, "operation-settled-differs", "L5", entry->debit, entry->seq, settled,
                   entry->settled);
    if (audit->entry_fees != fee)
        audit_find(audit, "operation-fee-differs", "L5", entry->debit, entry->seq,
                   audit->entry_fees, entry->fee);
    if (audit->entry_posts > 1)
        audit_find(audit, "operation-moved-twice", "L8", entry->debit, entry->seq, 1,
                   audit->entry_posts);
}

void audit_end_entry(struct audit *audit)
{
    if (audit->entry.seq == 0)
        return;
    audit->out->operations++;
    if (audit->begun.transfer != 0)
        check_main(audit, &audit->begun);
    if (audit->main.transfer != 0)
        check_main(audit, &audit->main);
    check_state(audit);
    check_amounts(audit);
    audit->entry = audit->main = audit->begun = (struct audit_entry_row){0};
    audit->entry_fees = audit->entry_posts = audit->entry_released = 0;
}

// The main transfer of an operation is its capture or its first post; what follows is linked to it.
static void take_linked(struct audit *audit, const struct audit_entry_row *row)
{
    if (row->kind == KIND_HOLD) {
        audit->begun = *row;
        return;
    }
    if (row->kind >= KIND_RELEASE) {
        audit->entry_released++;
        return;
    }
    if (row->kind == KIND_CAPTURE || audit->main.transfer == 0) {
        audit->main = *row;
        audit->entry_posts++;
        return;
    }
    if (row->fee == CODE_OF_FEE)
        audit->entry_fees += row->amount;
}

void audit_take_entry(struct audit *audit, const struct audit_entry_row *row)
{
    if (row->seq != audit->entry.seq)
        audit_end_entry(audit);
    const bool head = row->transfer == row->seq;
    if (row->what == 0)
        audit->entry = *row;
    else if (row->seq != 0 && audit->entry.seq == row->seq)
        take_linked(audit, row);
    else if (row->seq != 0 && (head || audit->main.seq == row->seq))
        audit->main.seq = row->seq; // a set without an operation: settlement, treasury
    else
        audit_find(audit, "transfer-link-unknown", "L9", row->debit, row->transfer, row->seq, 0);
}
