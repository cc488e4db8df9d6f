// books: the SQL of reading: accounts, operations, statements, replay. Writes nothing.
#include "books/books_priv.h"

#include <stdlib.h>

// Columns in the order of BOOKS_ENTRY_COLUMNS, from `first` on.
void books_read_entry(struct books_entry *out, struct arena *arena, const struct db_row *row,
                      int first)
{
    *out = (struct books_entry){
        .seq = db_get_int(row, first),
        .id = db_get_id(row, first + 1),
        .kind = (enum books_kind)db_get_int(row, first + 2),
        .state = (enum books_state)db_get_int(row, first + 3),
        .payer = db_get_int(row, first + 4),
        .payee = db_get_int(row, first + 5),
        .amount = db_get_int(row, first + 6),
        .fee = db_get_int(row, first + 7),
        .settled = db_get_int(row, first + 8),
        .refunded = db_get_int(row, first + 9),
        .currency = (enum money_currency)db_get_int(row, first + 10),
        .hold = db_get_int(row, first + 11),
        .memo = arena_text(arena, db_get_text(row, first + 12)),
        .related = db_get_id(row, first + 13),
        .at_us = db_get_int(row, first + 14),
        .done_us = db_get_int(row, first + 15),
        .detail = arena_text(arena, db_get_text(row, first + 16)),
    };
}

// --- accounts -----------------------------------------------------------------------------------

static bool visit_account(void *context, const struct db_row *row)
{
    struct books_account *out = context;
    *out = (struct books_account){
        .ledger = {.id = db_get_int(row, 0),
                   .currency = (int32_t)db_get_int(row, 1),
                   .flags = (uint32_t)db_get_int(row, 4),
                   .debits_pending = db_get_int(row, 5),
                   .debits_posted = db_get_int(row, 6),
                   .credits_pending = db_get_int(row, 7),
                   .credits_posted = db_get_int(row, 8)},
        .kind = (enum books_account_kind)db_get_int(row, 2),
        .owner = db_get_int(row, 3),
        .last_seq = db_get_int(row, 9),
        .opened_us = db_get_int(row, 10),
    };
    return true;
}

enum code books_read_account(struct books_account *out, struct db *db, int64_t id)
{
    static const char sql[] =
        "SELECT id, currency, kind, owner, flags, debits_pending, debits_posted, credits_pending, "
        "credits_posted, last_seq, opened_us FROM ledger_account WHERE id = $1";
    const struct db_value value = db_int(id);
    bool found = false;
    GUARD(db_query_one(db, sql, &value, 1, visit_account, out, &found));
    return found ? OK : CODE_NOT_FOUND;
}

enum code books_store_owner(int64_t *out_id, struct db *db, int64_t owner,
                            enum books_account_kind kind, enum money_currency currency)
{
    static const char sql[] =
        "SELECT id FROM ledger_account WHERE owner = $1 AND kind = $2 AND currency = $3";
    const struct db_value values[] = {db_int(owner), db_int(kind), db_int(currency)};
    return db_query_int(db, out_id, sql, values, 3, 0);
}

enum code books_find_account(int64_t *out_id, struct db *db, int64_t owner,
                             enum books_account_kind kind, enum money_currency currency)
{
    GUARD(books_store_owner(out_id, db, owner, kind, currency));
    return *out_id != 0 ? OK : CODE_NOT_FOUND;
}

// --- transfers ----------------------------------------------------------------------------------

#define TRANSFER_COLUMNS                                                                           \
    "seq, id, kind, code, debit, credit, amount, currency, hold_seq, link, debit_prev, "           \
    "credit_prev"

static bool visit_transfer(void *context, const struct db_row *row)
{
    struct work_transfer *out = context;
    *out = (struct work_transfer){
        .seq = db_get_int(row, 0),
        .id = db_get_id(row, 1),
        .kind = (int32_t)db_get_int(row, 2),
        .code = (int32_t)db_get_int(row, 3),
        .debit = db_get_int(row, 4),
        .credit = db_get_int(row, 5),
        .amount = db_get_int(row, 6),
        .currency = (int32_t)db_get_int(row, 7),
        .hold_seq = db_get_int(row, 8),
        .link = db_get_int(row, 9),
        .debit_prev = db_get_int(row, 10),
        .credit_prev = db_get_int(row, 11),
    };
    return true;
}

enum code books_store_transfer_by_id(struct work_transfer *out, bool *out_found, struct db *db,
                                     const struct id *id)
{
    static const char sql[] = "SELECT " TRANSFER_COLUMNS " FROM ledger_transfer WHERE id = $1";
    const struct db_value value = db_id(id);
    return db_query_one(db, sql, &value, 1, visit_transfer, out, out_found);
}

enum code books_store_transfer(struct work_transfer *out, bool *out_found, struct db *db,
                               int64_t seq)
{
    static const char sql[] = "SELECT " TRANSFER_COLUMNS " FROM ledger_transfer WHERE seq = $1";
    const struct db_value value = db_int(seq);
    return db_query_one(db, sql, &value, 1, visit_transfer, out, out_found);
}

// --- journal ------------------------------------------------------------------------------------

struct entry_target {
    struct books_entry *out;
    struct arena *arena;
    size_t count, capacity;
};

static bool visit_entry(void *context, const struct db_row *row)
{
    struct entry_target *target = context;
    books_read_entry(&target->out[target->count++], target->arena, row, 0);
    return target->count < target->capacity;
}

enum code books_journal_by_id(struct books_entry *out, struct db *db, struct arena *arena,
                              const struct id *id)
{
    static const char sql[] = "SELECT " BOOKS_ENTRY_COLUMNS " FROM journal WHERE id = $1";
    const struct db_value value = db_id(id);
    struct entry_target target = {out, arena, 0, 1};
    GUARD(db_query(db, sql, &value, 1, visit_entry, &target));
    return target.count > 0 ? OK : CODE_NOT_FOUND;
}

enum code books_journal_by_seq(struct books_entry *out, struct db *db, struct arena *arena,
                               int64_t seq)
{
    static const char sql[] = "SELECT " BOOKS_ENTRY_COLUMNS " FROM journal WHERE seq = $1";
    const struct db_value value = db_int(seq);
    struct entry_target target = {out, arena, 0, 1};
    GUARD(db_query(db, sql, &value, 1, visit_entry, &target));
    return target.count > 0 ? OK : CODE_NOT_FOUND;
}

enum { OPEN_MAX = 200 };

enum code books_journal_open_of(struct books_entry **out, size_t *out_count, struct db *db,
                                struct arena *arena, int64_t account)
{
    static const char sql[] =
        "SELECT " BOOKS_ENTRY_COLUMNS " FROM journal WHERE payer_account = $1 AND state < 10 "
        "UNION ALL SELECT " BOOKS_ENTRY_COLUMNS " FROM journal WHERE payee_account = $1 "
        "AND state < 10 ORDER BY seq DESC LIMIT 200";
    const struct db_value value = db_int(account);
    struct entry_target target = {arena_alloc(arena, OPEN_MAX * sizeof **out), arena, 0, OPEN_MAX};
    GUARD(db_query(db, sql, &value, 1, visit_entry, &target));
    *out = target.out;
    *out_count = target.count;
    return OK;
}

struct number_target {
    int64_t *out;
    size_t count, capacity;
};

static bool visit_number(void *context, const struct db_row *row)
{
    struct number_target *target = context;
    target->out[target->count++] = db_get_int(row, 0);
    return target->count < target->capacity;
}

static enum code read_numbers(int64_t *out, size_t *io_count, struct db *db, const char *sql,
                              int64_t bound)
{
    const struct db_value values[] = {db_int(bound), db_int((int64_t)*io_count)};
    struct number_target target = {out, 0, *io_count};
    *io_count = 0;
    if (target.capacity == 0)
        return OK;
    GUARD(db_query(db, sql, values, 2, visit_number, &target));
    *io_count = target.count;
    return OK;
}

enum code books_journal_open(int64_t *out_seqs, size_t *io_count, struct db *db, int64_t before_us)
{
    static const char sql[] = "SELECT seq FROM journal WHERE state < 10 AND at_us < $1 "
                              "ORDER BY at_us, seq LIMIT CAST($2 AS BIGINT)";
    return read_numbers(out_seqs, io_count, db, sql, before_us);
}

enum code books_holds_due(int64_t *out_seqs, size_t *io_count, struct db *db, int64_t now_us)
{
    static const char sql[] =
        "SELECT t.link FROM ledger_hold h JOIN ledger_transfer t ON t.seq = h.seq "
        "WHERE h.state = 1 AND h.expires_us <= $1 "
        "ORDER BY h.expires_us, h.seq LIMIT CAST($2 AS BIGINT)";
    return read_numbers(out_seqs, io_count, db, sql, now_us);
}

enum code books_last_seq(int64_t *out, struct db *db)
{
    static const char sql[] = "SELECT next - 1 FROM ledger_sequence WHERE one = 1";
    return db_query_int(db, out, sql, NULL, 0, 0);
}

// --- statement ----------------------------------------------------------------------------------

struct line_target {
    struct books_line *lines;
    struct arena *arena;
    int64_t account;
    size_t count, capacity;
};

static bool visit_line(void *context, const struct db_row *row)
{
    struct line_target *target = context;
    struct books_line *line = &target->lines[target->count++];
    *line = (struct books_line){
        .seq = db_get_int(row, 0),
        .kind = (enum ledger_kind)db_get_int(row, 1),
        .code = (enum books_kind)db_get_int(row, 2),
        .debit = db_get_int(row, 3),
        .credit = db_get_int(row, 4),
        .amount = db_get_int(row, 5),
        .currency = (enum money_currency)db_get_int(row, 6),
        .at_us = db_get_int(row, 7),
        .business_date = (int32_t)db_get_int(row, 8),
        .out = db_get_int(row, 3) == target->account,
        .hold_state = (enum ledger_hold_state)db_get_int(row, 9),
        .captured = db_get_int(row, 10),
        .has_entry = !db_is_null(row, 11),
    };
    if (line->has_entry)
        books_read_entry(&line->entry, target->arena, row, 11);
    return target->count < target->capacity;
}

// Each step of the walk is one look-up by primary key: newest first along the account's own chain.
static const char STATEMENT[] =
    "WITH RECURSIVE walk(seq, prev, shown, taken) AS ("
    " SELECT t.seq, CASE WHEN t.debit = CAST($1 AS BIGINT) THEN t.debit_prev ELSE t.credit_prev "
    "END,"
    "  CASE WHEN CAST($5 AS BIGINT) = 0 OR (t.kind <= 2 AND t.code < 20) THEN 1 ELSE 0 END,"
    "  CASE WHEN CAST($5 AS BIGINT) = 0 OR (t.kind <= 2 AND t.code < 20) THEN 1 ELSE 0 END"
    " FROM ledger_transfer t WHERE t.at_us >= CAST($4 AS BIGINT) AND t.seq ="
    "  CASE WHEN CAST($2 AS BIGINT) = 0"
    "   THEN (SELECT a.last_seq FROM ledger_account a WHERE a.id = CAST($1 AS BIGINT))"
    "   ELSE (SELECT CASE WHEN b.debit = CAST($1 AS BIGINT) THEN b.debit_prev"
    "     WHEN b.credit = CAST($1 AS BIGINT) THEN b.credit_prev END"
    "     FROM ledger_transfer b WHERE b.seq = CAST($2 AS BIGINT)) END"
    " UNION ALL"
    " SELECT t.seq, CASE WHEN t.debit = CAST($1 AS BIGINT) THEN t.debit_prev ELSE t.credit_prev "
    "END,"
    "  CASE WHEN CAST($5 AS BIGINT) = 0 OR (t.kind <= 2 AND t.code < 20) THEN 1 ELSE 0 END,"
    "  w.taken + CASE WHEN CAST($5 AS BIGINT) = 0 OR (t.kind <= 2 AND t.code < 20) THEN 1 ELSE 0 "
    "END"
    " FROM walk w JOIN ledger_transfer t ON t.seq = w.prev"
    " WHERE w.taken < CAST($3 AS BIGINT) AND t.at_us >= CAST($4 AS BIGINT))"
    " SELECT t.seq, t.kind, t.code, t.debit, t.credit, t.amount, t.currency, t.at_us,"
    " t.business_date, h.state, h.captured, j.seq, j.id, j.kind, j.state, j.payer_account,"
    " j.payee_account, j.amount, j.fee, j.settled, j.refunded, j.currency, j.hold, j.memo,"
    " j.related, j.at_us, j.done_us, j.detail"
    " FROM walk w JOIN ledger_transfer t ON t.seq = w.seq"
    " LEFT JOIN ledger_hold h ON h.seq = t.seq LEFT JOIN journal j ON j.seq = t.link"
    " WHERE w.shown = 1 ORDER BY t.seq DESC LIMIT CAST($3 AS BIGINT)";

enum code books_statement(struct books_line **out, size_t *out_count, struct db *db,
                          struct arena *arena, const struct books_statement_query *query)
{
    const struct db_value values[] = {db_int(query->account), db_int(query->before_seq),
                                      db_int((int64_t)query->limit), db_int(query->since_us),
                                      db_int(query->view == BOOKS_OPERATIONS)};
    struct line_target target = {.arena = arena, .account = query->account};
    *out_count = 0;
    if (query->limit == 0)
        return OK;
    target.lines = arena_alloc(arena, query->limit * sizeof *target.lines);
    target.capacity = query->limit;
    GUARD(db_query(db, STATEMENT, values, 5, visit_line, &target));
    *out = target.lines;
    *out_count = target.count;
    return OK;
}

// --- replay -------------------------------------------------------------------------------------

static bool visit_replay(void *context, const struct db_row *row)
{
    const struct books_replayed replayed = {
        .seq = db_get_int(row, 0),
        .hold_seq = db_get_int(row, 6),
        .transfer = {.kind = (int32_t)db_get_int(row, 1),
                     .debit = db_get_int(row, 2),
                     .credit = db_get_int(row, 3),
                     .amount = db_get_int(row, 4),
                     .currency = (int32_t)db_get_int(row, 5),
                     .at_us = db_get_int(row, 7),
                     .expires_us = db_get_int(row, 8)},
    };
    return books_replay_one(context, &replayed);
}

enum code books_store_replay(struct db *db, struct books_replayer *replayer)
{
    static const char sql[] =
        "SELECT t.seq, t.kind, t.debit, t.credit, t.amount, t.currency, t.hold_seq, t.at_us, "
        "h.expires_us FROM ledger_transfer t LEFT JOIN ledger_hold h ON h.seq = t.seq "
        "ORDER BY t.seq";
    return db_query(db, sql, NULL, 0, visit_replay, replayer);
}

struct account_visit {
    struct books_replayer *replayer;
    bool (*visit)(struct books_replayer *replayer, const struct books_account *account);
};

static bool visit_each_account(void *context, const struct db_row *row)
{
    struct account_visit *target = context;
    struct books_account account;
    (void)visit_account(&account, row);
    return target->visit(target->replayer, &account);
}

enum code books_store_accounts(struct db *db, struct books_replayer *replayer,
                               bool (*visit)(struct books_replayer *, const struct books_account *))
{
    static const char sql[] =
        "SELECT id, currency, kind, owner, flags, debits_pending, debits_posted, credits_pending, "
        "credits_posted, last_seq, opened_us FROM ledger_account ORDER BY id";
    struct account_visit target = {replayer, visit};
    return db_query(db, sql, NULL, 0, visit_each_account, &target);
}
