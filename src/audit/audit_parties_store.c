// audit: SQL over parties, limits, and the journal with its stored answers.
#include "audit/audit_priv.h"

enum { CURRENCY_CNY = 156, CURRENCY_USD = 840 };

static bool visit_limits(void *context, const struct db_row *row)
{
    const struct audit_limits limits = {
        .class = db_get_int(row, 1),
        .nopin_allowed = db_get_int(row, 2),
        .day = db_get_int(row, 3),
        .day_used = db_get_int(row, 4),
        .year = db_get_int(row, 5),
        .year_used = db_get_int(row, 6),
        .grade_b = db_get_int(row, 7),
        .grade_c = db_get_int(row, 8),
        .grade_d = db_get_int(row, 9),
        .nopin_count = db_get_int(row, 10),
    };
    audit_take_limits(context, db_get_int(row, 0), &limits);
    return true;
}

enum code audit_store_limits(struct audit *audit)
{
    static const char sql[] =
        "SELECT account, class, nopin, day, day_used, year, year_used, grade_b, grade_c, grade_d, "
        "nopin_count FROM guard_wallet";
    static const char twice[] = "SELECT account, 0, 1, COUNT(*) FROM guard_wallet GROUP BY account "
                                "HAVING COUNT(*) > 1";
    GUARD(db_query(audit->db, sql, NULL, 0, visit_limits, audit));
    return audit_store_ask(audit, "limits-row-repeated", "W2", twice);
}

// A wallet without a dollar account names 0; whether dollars may be paid without PIN is not kept.
static bool visit_wallet(void *context, const struct db_row *row)
{
    struct audit_party party = {.id = db_get_int(row, 0),
                                .account = db_get_int(row, 1),
                                .currency = CURRENCY_CNY,
                                .kind = ACCOUNT_WALLET,
                                .class = db_get_int(row, 3),
                                .nopin = db_get_int(row, 5),
                                .frozen = db_get_int(row, 4) == WALLET_FROZEN,
                                .person = true};
    audit_take_party(context, &party);
    party.account = db_get_int(row, 2);
    party.currency = CURRENCY_USD;
    party.nopin = -1;
    if (party.account != 0)
        audit_take_party(context, &party);
    return true;
}

static bool visit_merchant(void *context, const struct db_row *row)
{
    const struct audit_party party = {.id = db_get_int(row, 0),
                                      .account = db_get_int(row, 1),
                                      .currency = CURRENCY_CNY,
                                      .kind = ACCOUNT_MERCHANT};
    audit_take_party(context, &party);
    return true;
}

enum code audit_store_parties(struct audit *audit)
{
    static const char wallets[] =
        "SELECT person, account_cny, account_usd, wallet_class, state, nopin FROM party_wallet";
    static const char merchants[] = "SELECT id, account_cny FROM party_merchant";
    GUARD(db_query(audit->db, wallets, NULL, 0, visit_wallet, audit));
    return db_query(audit->db, merchants, NULL, 0, visit_merchant, audit);
}

static bool visit_operation(void *context, const struct db_row *row)
{
    struct audit_operation operation = {
        .seq = db_get_int(row, 0),
        .kind = db_get_int(row, 1),
        .state = db_get_int(row, 2),
        .payer = db_get_int(row, 3),
        .payee = db_get_int(row, 4),
        .amount = db_get_int(row, 5),
        .currency = db_get_int(row, 6),
        .at_us = db_get_int(row, 7),
        .done_us = db_get_int(row, 8),
        .id = db_get_id(row, 9),
        .detail = db_get_text(row, 10),
        .answered = !db_is_null(row, 11),
        .actor = db_get_int(row, 11),
        .route = db_get_int(row, 12),
    };
    operation.answer = db_get_blob(row, 13, &operation.answer_size);
    operation.answer = operation.answer != NULL ? operation.answer : "";
    audit_take_operation(context, &operation);
    return true;
}

// Statuses below 300 say that it was done or taken on.
enum code audit_store_operations(struct audit *audit)
{
    static const char sql[] =
        "SELECT j.seq, j.kind, j.state, j.payer_account, j.payee_account, j.amount, j.currency, "
        "j.at_us, j.done_us, j.id, j.detail, i.actor, i.route, i.answer FROM journal j "
        "LEFT JOIN idempotency i ON i.key = j.id AND i.status < 300 WHERE j.kind < 10";
    return db_query(audit->db, sql, NULL, 0, visit_operation, audit);
}

// A refused charge is answered with success too: it is a row that the till can read.
enum code audit_store_answers(struct audit *audit)
{
    static const char orphans[] =
        "SELECT 0, 0, 1, i.route FROM idempotency i LEFT JOIN journal j ON j.id = i.key "
        "LEFT JOIN pay_charge c ON c.id = i.key AND c.journal_seq = 0 "
        "WHERE i.status < 300 AND j.seq IS NULL AND (i.route <> 10 OR c.id IS NULL)";
    static const char twice[] = "SELECT 0, MIN(at_us), 1, COUNT(*) FROM idempotency "
                                "WHERE status < 300 GROUP BY key HAVING COUNT(*) > 1";
    GUARD(audit_store_ask(audit, "answer-without-operation", "W3", orphans));
    return audit_store_ask(audit, "answer-repeated", "W3", twice);
}
