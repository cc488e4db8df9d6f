// audit: SQL over orders, charges and pay codes (W4), and orders at the bank (W5), each against the
// journal.
#include "audit/audit_priv.h"

#include <stdlib.h>
#include <string.h>

// An order is paid by one payment of its amount to its shop, and that payment pays nothing else.
enum code audit_store_orders(struct audit *audit)
{
    static const char accounts[] =
        "SELECT o.account, 0, m.account_cny, o.account FROM pay_order o LEFT JOIN party_merchant m "
        "ON m.id = o.merchant WHERE m.id IS NULL OR m.account_cny <> o.account";
    static const char unpaid[] =
        "SELECT o.account, 0, o.amount, 0 FROM pay_order o LEFT JOIN journal j ON j.id = o.paid_by "
        "WHERE o.state = 2 AND (j.seq IS NULL OR j.state <> 10)";
    static const char differ[] =
        "SELECT o.account, j.seq, o.amount, j.amount FROM pay_order o JOIN journal j "
        "ON j.id = o.paid_by WHERE o.state = 2 AND (j.kind <> 1 OR j.amount <> o.amount "
        "OR j.currency <> o.currency OR j.payee_account <> o.account)";
    static const char shared[] = "SELECT MIN(account), 0, 1, COUNT(*) FROM pay_order "
                                 "WHERE paid_by IS NOT NULL GROUP BY paid_by HAVING COUNT(*) > 1";
    static const char open[] = "SELECT account, 0, 2, state FROM pay_order "
                               "WHERE state <> 2 AND paid_by IS NOT NULL";
    static const char unmarked[] =
        "SELECT j.payee_account, j.seq, 1, 0 FROM journal j LEFT JOIN pay_order o "
        "ON o.paid_by = j.id WHERE j.kind = 1 AND j.detail LIKE 'method=scan_dynamic%' "
        "AND o.id IS NULL";
    GUARD(audit_store_ask(audit, "order-account-differs", "W4", accounts));
    GUARD(audit_store_ask(audit, "order-payment-missing", "W4", unpaid));
    GUARD(audit_store_ask(audit, "order-payment-differs", "W4", differ));
    GUARD(audit_store_ask(audit, "order-payment-shared", "W4", shared));
    GUARD(audit_store_ask(audit, "order-open-but-paid", "W4", open));
    return audit_store_ask(audit, "order-not-marked", "W4", unmarked);
}

// A used code names the charge that used it up, of the same person.
static enum code ask_codes(struct audit *audit)
{
    static const char missing[] =
        "SELECT c.account, 0, 1, 0 FROM pay_code c LEFT JOIN pay_charge p ON p.id = c.used_by "
        "WHERE c.state = 2 AND p.id IS NULL";
    static const char differ[] =
        "SELECT c.account, p.journal_seq, c.account, p.account FROM pay_code c JOIN pay_charge p "
        "ON p.id = c.used_by WHERE c.state <> 2 OR p.account <> c.account OR p.person <> c.person";
    static const char shared[] = "SELECT MIN(account), 0, 1, COUNT(*) FROM pay_code "
                                 "WHERE used_by IS NOT NULL GROUP BY used_by HAVING COUNT(*) > 1";
    GUARD(audit_store_ask(audit, "code-charge-missing", "W4", missing));
    GUARD(audit_store_ask(audit, "code-charge-differs", "W4", differ));
    return audit_store_ask(audit, "code-charge-shared", "W4", shared);
}

// A refused charge never reached the journal; every other one is an operation there.
enum code audit_store_charges(struct audit *audit)
{
    static const char missing[] =
        "SELECT c.account, c.journal_seq, 1, 0 FROM pay_charge c LEFT JOIN journal j "
        "ON j.seq = c.journal_seq AND j.id = c.id WHERE c.journal_seq <> 0 AND j.seq IS NULL";
    static const char differ[] =
        "SELECT c.account, j.seq, j.amount, c.amount FROM pay_charge c JOIN journal j "
        "ON j.seq = c.journal_seq WHERE j.kind <> 1 OR j.amount <> c.amount "
        "OR j.currency <> c.currency OR j.payer_account <> c.account "
        "OR j.payee_account <> c.merchant_account OR j.at_us <> c.created_us";
    static const char states[] =
        "SELECT c.account, j.seq, j.state, c.state FROM pay_charge c JOIN journal j "
        "ON j.seq = c.journal_seq WHERE j.state <> c.state OR j.done_us <> c.finished_us";
    static const char refused[] =
        "SELECT c.account, COALESCE(j.seq, 0), 11, c.state FROM pay_charge c LEFT JOIN journal j "
        "ON j.id = c.id WHERE c.journal_seq = 0 AND (c.state <> 11 OR c.refusal = '' "
        "OR c.finished_us = 0 OR j.seq IS NOT NULL)";
    static const char parties[] =
        "SELECT c.account, c.journal_seq, c.person, a.owner FROM pay_charge c LEFT JOIN "
        "ledger_account a ON a.id = c.account LEFT JOIN ledger_account m ON m.id = "
        "c.merchant_account WHERE a.id IS NULL OR m.id IS NULL OR a.owner <> c.person "
        "OR m.owner <> c.merchant";
    static const char rows[] =
        "SELECT j.payer_account, j.seq, 1, 0 FROM journal j LEFT JOIN pay_charge c ON c.id = j.id "
        "WHERE j.kind = 1 AND j.detail LIKE 'method=paycode%' AND c.id IS NULL";
    GUARD(audit_store_ask(audit, "charge-operation-missing", "W4", missing));
    GUARD(audit_store_ask(audit, "charge-operation-differs", "W4", differ));
    GUARD(audit_store_ask(audit, "charge-state-differs", "W4", states));
    GUARD(audit_store_ask(audit, "charge-refusal-differs", "W4", refused));
    GUARD(audit_store_ask(audit, "charge-party-differs", "W4", parties));
    GUARD(audit_store_ask(audit, "charge-row-missing", "W4", rows));
    return ask_codes(audit);
}

// --- orders at the bank (W5)
// ----------------------------------------------------------------------

// Asked, in work or being undone: processing (3); no answer: unknown (4); then succeeded, failed.
static enum code ask_bank_states(struct audit *audit)
{
    static const char states[] =
        "SELECT f.account, f.seq, CASE WHEN f.state = 3 THEN 4 WHEN f.state < 10 THEN 3 "
        "ELSE f.state END, j.state FROM funds_order f JOIN journal j ON j.seq = f.seq WHERE "
        "j.state <> CASE WHEN f.state = 3 THEN 4 WHEN f.state < 10 THEN 3 ELSE f.state END "
        "OR j.done_us <> f.done_us";
    // A withdrawal holds the money until the bank has spoken; a top-up holds nothing.
    static const char holds[] =
        "SELECT f.account, f.seq, CASE WHEN f.state < 10 THEN 1 WHEN f.state = 10 THEN 2 ELSE 3 "
        "END, COALESCE(h.state, 0) FROM funds_order f JOIN journal j ON j.seq = f.seq LEFT JOIN "
        "ledger_hold h ON h.seq = j.hold WHERE (f.kind = 3 AND j.hold <> 0) OR (f.kind = 4 AND "
        "COALESCE(h.state, 0) <> CASE WHEN f.state < 10 THEN 1 WHEN f.state = 10 THEN 2 "
        "ELSE 3 END)";
    GUARD(audit_store_ask(audit, "bank-order-state-differs", "W5", states));
    return audit_store_ask(audit, "bank-order-hold-differs", "W5", holds);
}

static enum code ask_bank_orders(struct audit *audit)
{
    static const char missing[] =
        "SELECT f.account, f.seq, 1, 0 FROM funds_order f LEFT JOIN journal j ON j.seq = f.seq "
        "AND j.id = f.id WHERE j.seq IS NULL";
    static const char differ[] =
        "SELECT f.account, f.seq, j.amount, f.amount FROM funds_order f JOIN journal j "
        "ON j.seq = f.seq WHERE j.kind <> f.kind OR j.amount <> f.amount OR j.at_us <> "
        "f.created_us OR f.account <> CASE WHEN f.kind = 3 THEN j.payee_account "
        "ELSE j.payer_account END";
    static const char parties[] =
        "SELECT f.account, f.seq, f.person, COALESCE(a.owner, 0) FROM funds_order f LEFT JOIN "
        "ledger_account a ON a.id = f.account LEFT JOIN funds_card c ON c.id = f.card "
        "WHERE a.id IS NULL OR c.id IS NULL OR a.owner <> f.person OR c.person <> f.person";
    static const char rows[] =
        "SELECT j.payer_account, j.seq, 1, 0 FROM journal j LEFT JOIN funds_order f ON f.id = j.id "
        "WHERE j.kind IN (3, 4) AND f.id IS NULL";
    GUARD(audit_store_ask(audit, "bank-order-operation-missing", "W5", missing));
    GUARD(audit_store_ask(audit, "bank-order-differs", "W5", differ));
    GUARD(audit_store_ask(audit, "bank-order-party-differs", "W5", parties));
    return audit_store_ask(audit, "bank-order-row-missing", "W5", rows);
}

// Money on its way to a bank is held for open withdrawals and for nothing else; what a bank has
// taken or given is booked in one step, so nothing stays in transit, but for the small amounts that
// were credited to people's cards and have not come back (onboard_link).
static enum code ask_transit(struct audit *audit)
{
    static const char pending[] =
        "SELECT a.id, 0, CASE WHEN a.kind = 12 AND a.currency = 156 THEN w.total ELSE 0 END, "
        "a.debits_pending + a.credits_pending FROM ledger_account a CROSS JOIN (SELECT "
        "CAST(COALESCE(SUM(amount), 0) AS BIGINT) AS total FROM funds_order WHERE kind = 4 AND "
        "state < 10) w WHERE a.kind IN (11, 12, 13) AND a.debits_pending + a.credits_pending <> "
        "CASE WHEN a.kind = 12 AND a.currency = 156 THEN w.total ELSE 0 END";
    static const char posted[] =
        "SELECT a.id, 0, a.debits_posted, a.credits_posted FROM ledger_account a CROSS JOIN "
        "(SELECT CAST(COALESCE(SUM(amount), 0) AS BIGINT) AS total FROM onboard_link WHERE money "
        "IN (3, 5, 6, 8)) l WHERE a.kind IN (11, 12, 13) AND a.debits_posted <> a.credits_posted + "
        "CASE WHEN a.kind = 11 AND a.currency = 156 THEN l.total ELSE 0 END";
    GUARD(audit_store_ask(audit, "transit-pending-differs", "W5", pending));
    return audit_store_ask(audit, "transit-balance-left", "W5", posted);
}

// --- who looks after open orders
// ------------------------------------------------------------------

// Rows of the queue "bank" that wait; the reference of an order begins with an 'o' and its id.
enum { REF_SIZE_MIN = 17 };

struct waiting {
    struct id *ids;
    size_t count, capacity;
};

static int compare_ids(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct id));
}

static bool visit_waiting(void *context, const struct db_row *row)
{
    struct waiting *waiting = context;
    size_t size;
    const uint8_t *ref = db_get_blob(row, 0, &size);
    if (size < REF_SIZE_MIN || ref[0] != 'o')
        return true;
    if (waiting->count == waiting->capacity) {
        waiting->capacity = waiting->capacity == 0 ? 64 : waiting->capacity * 2;
        waiting->ids = mem_resize(waiting->ids, waiting->capacity * sizeof *waiting->ids);
    }
    memcpy(waiting->ids[waiting->count++].bytes, ref + 1, sizeof waiting->ids->bytes);
    return true;
}

struct attendance {
    struct audit *audit;
    struct waiting *waiting;
};

static bool visit_open(void *context, const struct db_row *row)
{
    const struct attendance *attendance = context;
    const struct waiting *waiting = attendance->waiting;
    const struct id id = db_get_id(row, 0);
    if (waiting->count == 0 ||
        bsearch(&id, waiting->ids, waiting->count, sizeof id, compare_ids) == NULL)
        audit_find(attendance->audit, "bank-order-unattended", "W5", db_get_int(row, 1),
                   db_get_int(row, 2), 1, 0);
    return true;
}

// An open order without a waiting row of the outbox would never be asked about again.
static enum code ask_attendance(struct audit *audit)
{
    static const char rows[] = "SELECT ref FROM party_outbox WHERE state = 1 AND queue = 'bank'";
    static const char open[] = "SELECT id, account, seq FROM funds_order WHERE state < 10";
    struct waiting waiting = {0};
    struct attendance attendance = {audit, &waiting};
    enum code code = db_query(audit->db, rows, NULL, 0, visit_waiting, &waiting);
    if (code == OK && waiting.count > 0)
        qsort(waiting.ids, waiting.count, sizeof *waiting.ids, compare_ids);
    if (code == OK)
        code = db_query(audit->db, open, NULL, 0, visit_open, &attendance);
    mem_free(waiting.ids);
    return code;
}

enum code audit_store_bank(struct audit *audit)
{
    GUARD(ask_bank_orders(audit));
    GUARD(ask_bank_states(audit));
    GUARD(ask_transit(audit));
    return ask_attendance(audit);
}
