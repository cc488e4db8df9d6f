// audit: the SQL of the recomputation. Each query streams rows of one question; nothing is written.
#include "audit/audit_priv.h"

// The whole audit sees one snapshot. On the embedded database a read transaction is one already.
enum code audit_store_snapshot(struct db *db)
{
    if (db_engine(db) != DB_POSTGRES)
        return OK;
    return db_exec(db, "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", NULL, 0, NULL);
}

// --- accounts and transfers
// -----------------------------------------------------------------------

static bool visit_account(void *context, const struct db_row *row)
{
    const struct audit_account account = {
        .id = db_get_int(row, 0),
        .currency = db_get_int(row, 1),
        .kind = db_get_int(row, 2),
        .owner = db_get_int(row, 3),
        .flags = db_get_int(row, 4),
        .stored = {db_get_int(row, 5), db_get_int(row, 6), db_get_int(row, 7), db_get_int(row, 8)},
        .stored_last = db_get_int(row, 9),
    };
    audit_take_account(context, &account);
    return true;
}

enum code audit_store_accounts(struct audit *audit)
{
    static const char sql[] =
        "SELECT id, currency, kind, owner, flags, debits_pending, debits_posted, credits_pending, "
        "credits_posted, last_seq FROM ledger_account ORDER BY id";
    return db_query(audit->db, sql, NULL, 0, visit_account, audit);
}

static bool visit_transfer(void *context, const struct db_row *row)
{
    const struct audit_transfer transfer = {
        .seq = db_get_int(row, 0),
        .id_size = db_get_int(row, 1),
        .kind = db_get_int(row, 2),
        .code = db_get_int(row, 3),
        .debit = db_get_int(row, 4),
        .credit = db_get_int(row, 5),
        .amount = db_get_int(row, 6),
        .currency = db_get_int(row, 7),
        .hold_seq = db_get_int(row, 8),
        .link = db_get_int(row, 9),
        .debit_prev = db_get_int(row, 10),
        .credit_prev = db_get_int(row, 11),
        .at_us = db_get_int(row, 12),
        .business_date = db_get_int(row, 13),
        .held = db_get_int(row, 14),
    };
    audit_take_transfer(context, &transfer);
    return true;
}

enum code audit_store_transfers(struct audit *audit)
{
    static const char sql[] =
        "SELECT t.seq, length(t.id), t.kind, t.code, t.debit, t.credit, t.amount, t.currency, "
        "t.hold_seq, t.link, t.debit_prev, t.credit_prev, t.at_us, t.business_date, h.amount "
        "FROM ledger_transfer t LEFT JOIN ledger_transfer h ON h.seq = t.hold_seq AND h.kind = 2 "
        "ORDER BY t.seq";
    return db_query(audit->db, sql, NULL, 0, visit_transfer, audit);
}

// --- holds and operations
// ---------------------------------------------------------------------------

static bool visit_hold(void *context, const struct db_row *row)
{
    const struct audit_hold_row hold = {
        .hold = db_get_int(row, 0),
        .what = db_get_int(row, 1),
        .seq = db_get_int(row, 2),
        .kind = db_get_int(row, 3),
        .amount = db_get_int(row, 4),
        .captured = db_get_int(row, 5),
        .state = db_get_int(row, 6),
        .expires_us = db_get_int(row, 7),
        .debit = db_get_int(row, 8),
        .credit = db_get_int(row, 9),
        .currency = db_get_int(row, 10),
        .at_us = db_get_int(row, 11),
    };
    audit_take_hold(context, &hold);
    return true;
}

enum code audit_store_holds(struct audit *audit)
{
    static const char sql[] =
        "SELECT seq AS hold, 0 AS what, seq AS transfer, 0 AS kind, amount, captured, state, "
        "expires_us, 0 AS debit, 0 AS credit, 0 AS currency, 0 AS at_us FROM ledger_hold "
        "UNION ALL SELECT CASE WHEN kind = 2 THEN seq ELSE hold_seq END, 1, seq, kind, amount, 0, "
        "0, 0, debit, credit, currency, at_us FROM ledger_transfer WHERE kind >= 2 "
        "ORDER BY 1, 2, 3";
    return db_query(audit->db, sql, NULL, 0, visit_hold, audit);
}

static bool visit_entry(void *context, const struct db_row *row)
{
    const struct audit_entry_row entry = {
        .seq = db_get_int(row, 0),
        .what = db_get_int(row, 1),
        .transfer = db_get_int(row, 2),
        .kind = db_get_int(row, 3),
        .state = db_get_int(row, 4),
        .debit = db_get_int(row, 5),
        .credit = db_get_int(row, 6),
        .amount = db_get_int(row, 7),
        .fee = db_get_int(row, 8),
        .settled = db_get_int(row, 9),
        .currency = db_get_int(row, 10),
        .hold = db_get_int(row, 11),
        .at_us = db_get_int(row, 12),
        .done_us = db_get_int(row, 13),
    };
    audit_take_entry(context, &entry);
    return true;
}

// For a transfer the column "fee" carries its code.
enum code audit_store_entries(struct audit *audit)
{
    static const char sql[] =
        "SELECT seq AS link, 0 AS what, 0 AS transfer, kind, state, payer_account, payee_account, "
        "amount, fee, settled, currency, hold, at_us, done_us FROM journal "
        "UNION ALL SELECT link, 1, seq, kind, 0, debit, credit, amount, code, 0, currency, "
        "hold_seq, at_us, 0 FROM ledger_transfer ORDER BY 1, 2, 3";
    return db_query(audit->db, sql, NULL, 0, visit_entry, audit);
}

// --- questions that SQL answers alone
// ---------------------------------------------------------------

// Rows of (account, seq, expected, found) that should not exist.
struct question {
    struct audit *audit;
    const char *name, *invariant;
};

static bool visit_answer(void *context, const struct db_row *row)
{
    const struct question *question = context;
    audit_find(question->audit, question->name, question->invariant, db_get_int(row, 0),
               db_get_int(row, 1), db_get_int(row, 2), db_get_int(row, 3));
    return true;
}

enum code audit_store_ask(struct audit *audit, const char *name, const char *invariant,
                          const char *sql)
{
    struct question question = {audit, name, invariant};
    return db_query(audit->db, sql, NULL, 0, visit_answer, &question);
}

// The chart of LEDGER.md, written down a second time.
enum code audit_store_books(struct audit *audit)
{
    static const char posted[] =
        "SELECT 0, 0, CAST(SUM(debits_posted) AS BIGINT), CAST(SUM(credits_posted) AS BIGINT) "
        "FROM ledger_account GROUP BY currency HAVING SUM(debits_posted) <> SUM(credits_posted)";
    static const char pending[] =
        "SELECT 0, 0, CAST(SUM(debits_pending) AS BIGINT), CAST(SUM(credits_pending) AS BIGINT) "
        "FROM ledger_account GROUP BY currency HAVING SUM(debits_pending) <> SUM(credits_pending)";
    static const char chart[] =
        "SELECT b.currency * 1000 + c.kind, 0, c.kind, COALESCE(a.kind, 0) FROM ledger_book b "
        "CROSS JOIN (SELECT 10 AS kind UNION ALL SELECT 11 UNION ALL SELECT 12 UNION ALL SELECT 13 "
        "UNION ALL SELECT 20 UNION ALL SELECT 21 UNION ALL SELECT 22 UNION ALL SELECT 23 "
        "UNION ALL SELECT 30 UNION ALL SELECT 31 UNION ALL SELECT 32 UNION ALL SELECT 40 "
        "UNION ALL SELECT 41) c LEFT JOIN ledger_account a ON a.id = b.currency * 1000 + c.kind "
        "WHERE a.id IS NULL OR a.kind <> c.kind OR a.currency <> b.currency OR a.owner <> 0";
    static const char sides[] =
        "SELECT id, 0, CASE WHEN kind IN (20, 22, 30) THEN 1 WHEN kind IN (21, 31, 32) THEN 2 "
        "ELSE 0 END, flags & 3 FROM ledger_account WHERE kind < 100 AND (flags & 3) <> "
        "CASE WHEN kind IN (20, 22, 30) THEN 1 WHEN kind IN (21, 31, 32) THEN 2 ELSE 0 END";
    static const char orphans[] =
        "SELECT a.id, 0, a.currency, 0 FROM ledger_account a LEFT JOIN ledger_book b "
        "ON b.currency = a.currency WHERE b.currency IS NULL";
    GUARD(audit_store_ask(audit, "book-posted-unequal", "L4", posted));
    GUARD(audit_store_ask(audit, "book-pending-unequal", "L4", pending));
    GUARD(audit_store_ask(audit, "chart-account-missing", "L2", chart));
    GUARD(audit_store_ask(audit, "chart-sign-differs", "L6", sides));
    return audit_store_ask(audit, "account-without-book", "L2", orphans);
}

enum code audit_store_repetitions(struct audit *audit)
{
    static const char transfers[] = "SELECT 0, MIN(seq), 1, COUNT(*) FROM ledger_transfer "
                                    "GROUP BY id HAVING COUNT(*) > 1";
    static const char operations[] = "SELECT 0, MIN(seq), 1, COUNT(*) FROM journal "
                                     "GROUP BY id HAVING COUNT(*) > 1";
    static const char owners[] = "SELECT MIN(id), 0, 1, COUNT(*) FROM ledger_account "
                                 "GROUP BY owner, kind, currency HAVING COUNT(*) > 1";
    GUARD(audit_store_ask(audit, "transfer-id-repeated", "L7", transfers));
    GUARD(audit_store_ask(audit, "operation-id-repeated", "L7", operations));
    return audit_store_ask(audit, "account-owner-repeated", "L2", owners);
}

// Refunds and corrections that have not failed, against what the operation says of itself.
enum code audit_store_refunds(struct audit *audit)
{
    static const char sums[] =
        "SELECT o.payer_account, o.seq, COALESCE(r.total, 0), o.refunded FROM journal o LEFT JOIN "
        "(SELECT related, CAST(SUM(amount) AS BIGINT) AS total FROM journal "
        "WHERE kind IN (5, 6) AND state NOT IN (11, 12) GROUP BY related) r ON r.related = o.id "
        "WHERE o.refunded <> COALESCE(r.total, 0)";
    static const char excess[] =
        "SELECT payer_account, seq, settled, refunded FROM journal WHERE refunded > settled";
    static const char missing[] =
        "SELECT r.payee_account, r.seq, 1, 0 FROM journal r LEFT JOIN journal o ON o.id = "
        "r.related "
        "WHERE r.kind IN (5, 6) AND length(r.related) > 0 AND o.seq IS NULL";
    GUARD(audit_store_ask(audit, "refunds-differ", "L5", sums));
    GUARD(audit_store_ask(audit, "refunds-exceed", "L6", excess));
    return audit_store_ask(audit, "refund-of-nothing", "L7", missing);
}

// --- numbers (L13)
// ------------------------------------------------------------------------------------

static bool visit_number(void *context, const struct db_row *row)
{
    struct audit *audit = context;
    const int64_t number = db_get_int(row, 0);
    if (number != audit->last_number + 1)
        audit_find(audit, "sequence-gap", "L13", 0, number, audit->last_number + 1, number);
    audit->last_number = number;
    return true;
}

struct sequence {
    int64_t next, rows;
};

static bool visit_sequence(void *context, const struct db_row *row)
{
    struct sequence *sequence = context;
    sequence->next = db_get_int(row, 0);
    sequence->rows++;
    return true;
}

// Every number was used by a transfer or by an operation that began without one.
enum code audit_store_numbers(struct audit *audit)
{
    static const char numbers[] =
        "SELECT seq FROM ledger_transfer UNION SELECT seq FROM journal ORDER BY 1";
    static const char sequence_sql[] = "SELECT next FROM ledger_sequence";
    struct sequence sequence = {0};
    GUARD(db_query(audit->db, numbers, NULL, 0, visit_number, audit));
    GUARD(db_query(audit->db, sequence_sql, NULL, 0, visit_sequence, &sequence));
    audit->out->last_seq = audit->last_number;
    if (sequence.rows != 1)
        audit_find(audit, "sequence-row-missing", "L13", 0, 0, 1, sequence.rows);
    else if (sequence.next != audit->last_number + 1)
        audit_find(audit, "sequence-next-differs", "L13", 0, 0, audit->last_number + 1,
                   sequence.next);
    return OK;
}
