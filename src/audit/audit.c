// audit: the run as a whole, findings, accounts and the fold over all transfers.
//
// A1 Every counter is folded anew from the transfers, in the order of their numbers, by arithmetic
// of this file alone. A2 The auditor never repairs and never stops at the first finding.
#include "audit/audit_priv.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

void audit_find(struct audit *audit, const char *name, const char *invariant, int64_t account,
                int64_t seq, int64_t expected, int64_t found)
{
    const struct audit_finding finding = {name, invariant, account, seq, expected, found};
    audit->out->findings++;
    if (audit->options->report != NULL)
        audit->options->report(audit->options->context, &finding);
}

void audit_print_finding(void *file, const struct audit_finding *finding)
{
    (void)fprintf(
        file, "%s %s account=%" PRId64 " seq=%" PRId64 " expected=%" PRId64 " found=%" PRId64 "\n",
        finding->invariant, finding->name, finding->account, finding->seq, finding->expected,
        finding->found);
}

void audit_print_result(FILE *file, const struct audit_result *result)
{
    if (result->findings == 0)
        (void)fputs("audit: clean", file);
    else
        (void)fprintf(file, "audit: %" PRId64 " findings", result->findings);
    (void)fprintf(file,
                  ", %" PRId64 " accounts, %" PRId64 " transfers, %" PRId64 " holds, %" PRId64
                  " operations, sequence %" PRId64 "\n",
                  result->accounts, result->transfers, result->holds, result->operations,
                  result->last_seq);
}

// --- accounts -----------------------------------------------------------------------------------

// Accounts arrive by id, so that the list is sorted for audit_account_of().
void audit_take_account(struct audit *audit, const struct audit_account *account)
{
    if (audit->account_count == audit->account_capacity) {
        audit->account_capacity = audit->account_capacity == 0 ? 256 : audit->account_capacity * 2;
        audit->accounts =
            mem_resize(audit->accounts, audit->account_capacity * sizeof *audit->accounts);
    }
    audit->accounts[audit->account_count++] = *account;
    audit->out->accounts++;
}

static int compare_account(const void *key, const void *item)
{
    const int64_t id = *(const int64_t *)key;
    const struct audit_account *account = item;
    return (id > account->id) - (id < account->id);
}

struct audit_account *audit_account_of(struct audit *audit, int64_t id)
{
    if (audit->account_count == 0)
        return NULL;
    return bsearch(&id, audit->accounts, audit->account_count, sizeof *audit->accounts,
                   compare_account);
}

// --- fold (L1, L2, L5, chains)
// --------------------------------------------------------------------

// A sum that would leave int64 is itself a finding and stays where it was.
static void fold_add(struct audit *audit, struct audit_account *account, int counter,
                     int64_t amount, int64_t seq)
{
    int64_t sum = 0;
    if (__builtin_add_overflow(account->folded[counter], amount, &sum)) {
        audit_find(audit, "counter-overflow", "L5", account->id, seq, 0, account->folded[counter]);
        return;
    }
    account->folded[counter] = sum;
}

static void fold_side(struct audit *audit, struct audit_account *account,
                      const struct audit_transfer *t, int pending, int posted)
{
    if (t->kind == KIND_POST || t->kind == KIND_CAPTURE)
        fold_add(audit, account, posted, t->amount, t->seq);
    if (t->kind == KIND_HOLD)
        fold_add(audit, account, pending, t->amount, t->seq);
    if (t->kind >= KIND_CAPTURE)
        fold_add(audit, account, pending, -t->held, t->seq);
}

// L6 is judged after every transfer, not only at the end: a balance that dipped and came back is
// still wrong.
static void check_sign(struct audit *audit, const struct audit_account *account, int64_t seq)
{
    const int64_t *c = account->folded;
    const int64_t debits = c[DEBITS_PENDING] + c[DEBITS_POSTED];
    const int64_t credits = c[CREDITS_PENDING] + c[CREDITS_POSTED];
    if ((account->flags & FLAG_CREDIT_ONLY) != 0 && debits > c[CREDITS_POSTED])
        audit_find(audit, "account-overdrawn", "L6", account->id, seq, c[CREDITS_POSTED], debits);
    if ((account->flags & FLAG_DEBIT_ONLY) != 0 && credits > c[DEBITS_POSTED])
        audit_find(audit, "account-overpaid", "L6", account->id, seq, c[DEBITS_POSTED], credits);
}

static void fold_account(struct audit *audit, const struct audit_transfer *t, bool debit)
{
    const int64_t id = debit ? t->debit : t->credit;
    const int64_t previous = debit ? t->debit_prev : t->credit_prev;
    struct audit_account *account = audit_account_of(audit, id);
    if (account == NULL) {
        audit_find(audit, "transfer-account-missing", "L1", id, t->seq, 0, 0);
        return;
    }
    if (account->currency != t->currency)
        audit_find(audit, "transfer-cross-currency", "L2", id, t->seq, account->currency,
                   t->currency);
    if (account->folded_last != previous)
        audit_find(audit, debit ? "chain-debit-broken" : "chain-credit-broken", "L5", id, t->seq,
                   account->folded_last, previous);
    if (debit)
        fold_side(audit, account, t, DEBITS_PENDING, DEBITS_POSTED);
    else
        fold_side(audit, account, t, CREDITS_PENDING, CREDITS_POSTED);
    account->folded_last = t->seq;
    check_sign(audit, account, t->seq);
}

static void check_form(struct audit *audit, const struct audit_transfer *t)
{
    if (t->amount < 1 || t->amount > AMOUNT_MAX)
        audit_find(audit, "transfer-amount-range", "L1", t->debit, t->seq, AMOUNT_MAX, t->amount);
    if (t->debit == t->credit)
        audit_find(audit, "transfer-self", "L1", t->debit, t->seq, 0, t->credit);
    if (t->kind < KIND_POST || t->kind > KIND_EXPIRE)
        audit_find(audit, "transfer-kind-unknown", "L1", t->debit, t->seq, 0, t->kind);
    if (t->id_size != 16)
        audit_find(audit, "transfer-id-malformed", "L7", t->debit, t->seq, 16, t->id_size);
    if ((t->kind >= KIND_CAPTURE) != (t->held != 0))
        audit_find(audit, "hold-end-without-hold", "L8", t->debit, t->seq, t->hold_seq, t->held);
    if (t->business_date != time_business_date(t->at_us))
        audit_find(audit, "transfer-business-date", "L13", t->debit, t->seq,
                   time_business_date(t->at_us), t->business_date);
}

void audit_take_transfer(struct audit *audit, const struct audit_transfer *transfer)
{
    audit->out->transfers++;
    check_form(audit, transfer);
    fold_account(audit, transfer, true);
    fold_account(audit, transfer, false);
}

// --- accounts against the fold (L4, L5, L6)
// -------------------------------------------------------

static void check_counters(struct audit *audit, const struct audit_account *account)
{
    static const char *const names[] = {"debits-pending-differ", "debits-posted-differ",
                                        "credits-pending-differ", "credits-posted-differ"};
    for (int i = 0; i < 4; i++)
        if (account->stored[i] != account->folded[i])
            audit_find(audit, names[i], "L5", account->id, account->stored_last, account->folded[i],
                       account->stored[i]);
    if (account->stored_last != account->folded_last)
        audit_find(audit, "last-transfer-differs", "L5", account->id, account->stored_last,
                   account->folded_last, account->stored_last);
}

static void check_stored_sign(struct audit *audit, const struct audit_account *account)
{
    const int64_t *c = account->stored;
    for (int i = 0; i < 4; i++)
        if (c[i] < 0)
            audit_find(audit, "counter-negative", "L5", account->id, account->stored_last, 0, c[i]);
    if ((account->flags & FLAG_CREDIT_ONLY) != 0 &&
        c[DEBITS_PENDING] > c[CREDITS_POSTED] - c[DEBITS_POSTED])
        audit_find(audit, "balance-overdrawn", "L6", account->id, account->stored_last,
                   c[CREDITS_POSTED], c[DEBITS_POSTED] + c[DEBITS_PENDING]);
    if (account->kind >= ACCOUNT_WALLET && account->kind <= ACCOUNT_CUSTOMER_LAST &&
        (account->flags & FLAG_CREDIT_ONLY) == 0)
        audit_find(audit, "customer-may-overdraw", "L6", account->id, 0, FLAG_CREDIT_ONLY,
                   account->flags);
}

void audit_check_accounts(struct audit *audit)
{
    for (size_t i = 0; i < audit->account_count; i++) {
        check_counters(audit, &audit->accounts[i]);
        check_stored_sign(audit, &audit->accounts[i]);
    }
}

// --- run
// ------------------------------------------------------------------------------------------

// W1 … W5: everything beside the ledger that has to do with money.
static enum code run_wallet_steps(struct audit *audit)
{
    audit->owners = mem_alloc((audit->account_count + 1) * sizeof *audit->owners);
    GUARD(audit_store_limits(audit));
    GUARD(audit_store_parties(audit));
    GUARD(audit_store_operations(audit));
    audit_check_owners(audit);
    GUARD(audit_store_answers(audit));
    GUARD(audit_store_orders(audit));
    GUARD(audit_store_charges(audit));
    GUARD(audit_store_bank(audit));
    return audit_store_trail(audit);
}

static enum code run_steps(struct audit *audit)
{
    GUARD(audit_store_accounts(audit));
    GUARD(audit_store_transfers(audit));
    audit_check_accounts(audit);
    GUARD(audit_store_books(audit));
    GUARD(audit_store_holds(audit));
    audit_end_hold(audit);
    GUARD(audit_store_entries(audit));
    audit_end_entry(audit);
    GUARD(audit_store_refunds(audit));
    GUARD(audit_store_repetitions(audit));
    GUARD(audit_store_numbers(audit));
    return audit->options->ledger_only ? OK : run_wallet_steps(audit);
}

enum code audit_run(struct audit_result *out, struct db *db, const struct audit_options *options)
{
    struct audit audit = {.db = db, .options = options, .out = out};
    *out = (struct audit_result){0};
    GUARD(db_begin(db));
    enum code code = audit_store_snapshot(db);
    if (code == OK)
        code = run_steps(&audit);
    db_rollback(db);
    mem_free(audit.accounts);
    mem_free(audit.owners);
    return code;
}
