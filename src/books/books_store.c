// books: the SQL of the working set. The only file that writes ledger_* tables and the journal
// (L12).
#include "books/books_priv.h"

#include <stdlib.h>
#include <string.h>

// --- sequence -----------------------------------------------------------------------------------

static bool visit_sequence(void *context, const struct db_row *row)
{
    struct books_group *group = context;
    group->next = db_get_int(row, 1);
    group->next_account = db_get_int(row, 2);
    return true;
}

enum code books_store_begin(struct books_group *group)
{
    static const char sql[] = "SELECT one, next, next_account FROM ledger_sequence WHERE one = $1";
    const struct db_value one = db_int(1);
    GUARD(db_select_many(group->db, sql, &one, 1, 1, true, visit_sequence, group));
    if (group->next < 1) {
        log_write(LOG_ERROR, "books.sequence_missing", NULL, 0);
        return CODE_INTERNAL;
    }
    return OK;
}

// --- bulk load ----------------------------------------------------------------------------------

static bool visit_account(void *context, const struct db_row *row)
{
    const struct books_account account = {
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
    (void)books_adopt_account(context, &account);
    return true;
}

static bool visit_hold(void *context, const struct db_row *row)
{
    const struct work_hold hold = {
        .seq = db_get_int(row, 0),
        .row = {.amount = db_get_int(row, 1),
                .captured = db_get_int(row, 2),
                .state = (int32_t)db_get_int(row, 3),
                .expires_us = db_get_int(row, 4),
                .debit = db_get_int(row, 5),
                .credit = db_get_int(row, 6),
                .currency = (int32_t)db_get_int(row, 7)},
        .link = db_get_int(row, 8),
    };
    (void)books_adopt_hold(context, &hold);
    return true;
}

static bool visit_entry(void *context, const struct db_row *row)
{
    struct books_group *group = context;
    struct books_entry entry;
    books_read_entry(&entry, group->arena, row, 0);
    const struct id key = books_key(entry.seq);
    // Both the number and the id of one operation may have been wanted: one row, adopted once.
    const void *known = books_map_find(&group->entries, &key);
    if (known == NULL || known == BOOKS_ABSENT)
        (void)books_adopt_entry(group, &entry);
    return true;
}

static int compare_numbers(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a;
    const int64_t y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static int compare_ids(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct id));
}

static struct db_value number_value(const void *item)
{
    return db_int(*(const int64_t *)item);
}

static struct db_value id_value(const void *item)
{
    return db_id(item);
}

static struct id number_key(const void *item)
{
    return books_key(*(const int64_t *)item);
}

static struct id id_key(const void *item)
{
    return *(const struct id *)item;
}

// One table's bulk read: sorted and without repetition, so that the index is walked in order.
struct load {
    const char *sql;
    struct books_list *want;
    struct books_map *map;
    db_visit visit;
    size_t size;
    int (*compare)(const void *, const void *);
    struct db_value (*value)(const void *);
    struct id (*key)(const void *);
};

static enum code load_rows(struct books_group *group, const struct load *load)
{
    struct books_list *want = load->want;
    if (want->count == 0)
        return OK;
    char *items = want->items;
    qsort(items, want->count, load->size, load->compare);
    struct db_value *values = arena_alloc(group->arena, want->count * sizeof *values);
    size_t count = 0;
    for (size_t i = 0; i < want->count; i++) {
        const char *item = items + i * load->size;
        const struct id key = load->key(item);
        const bool repeated = i > 0 && load->compare(item - load->size, item) == 0;
        if (!repeated && books_map_find(load->map, &key) == NULL)
            values[count++] = load->value(item);
    }
    if (count > 0)
        GUARD(db_select_many(group->db, load->sql, values, 1, count, false, load->visit, group));
    for (size_t i = 0; i < want->count; i++) {
        const struct id key = load->key(items + i * load->size);
        if (books_map_find(load->map, &key) == NULL)
            books_map_put(load->map, group->arena, &key, BOOKS_ABSENT);
    }
    want->count = 0;
    return OK;
}

static const char SELECT_ACCOUNT[] =
    "SELECT id, currency, kind, owner, flags, debits_pending, debits_posted, credits_pending, "
    "credits_posted, last_seq, opened_us FROM ledger_account WHERE id = $1";
static const char SELECT_HOLD[] =
    "SELECT h.seq, h.amount, h.captured, h.state, h.expires_us, t.debit, t.credit, t.currency, "
    "t.link FROM ledger_hold h JOIN ledger_transfer t ON t.seq = h.seq WHERE h.seq = $1";
static const char SELECT_ENTRY[] = "SELECT " BOOKS_ENTRY_COLUMNS " FROM journal WHERE seq = $1";
static const char SELECT_ENTRY_BY_ID[] =
    "SELECT " BOOKS_ENTRY_COLUMNS " FROM journal WHERE id = $1";

enum code books_store_load(struct books_group *group)
{
    const struct load loads[] = {
        {SELECT_ACCOUNT, &group->want_accounts, &group->accounts, visit_account, sizeof(int64_t),
         compare_numbers, number_value, number_key},
        {SELECT_HOLD, &group->want_holds, &group->holds, visit_hold, sizeof(int64_t),
         compare_numbers, number_value, number_key},
        {SELECT_ENTRY, &group->want_entries, &group->entries, visit_entry, sizeof(int64_t),
         compare_numbers, number_value, number_key},
        {SELECT_ENTRY_BY_ID, &group->want_ids, &group->entries_by_id, visit_entry,
         sizeof(struct id), compare_ids, id_value, id_key},
    };
    for (size_t i = 0; i < sizeof loads / sizeof loads[0]; i++)
        GUARD(load_rows(group, &loads[i]));
    return OK;
}

// --- bulk write ---------------------------------------------------------------------------------

// Rows of values for one statement.
struct batch {
    struct db_value *values;
    size_t columns, rows;
};

static struct db_value *batch_row(struct batch *batch)
{
    return &batch->values[batch->columns * batch->rows++];
}

static struct batch batch_new(struct books_group *group, size_t columns, size_t rows)
{
    return (struct batch){arena_alloc(group->arena, columns * rows * sizeof(struct db_value)),
                          columns, 0};
}

static enum code batch_run(struct books_group *group, const char *sql, const struct batch *batch)
{
    if (batch->rows == 0)
        return OK;
    int64_t changes = 0;
    GUARD(db_exec_many(group->db, sql, batch->values, batch->columns, batch->rows, &changes));
    if (changes == (int64_t)batch->rows)
        return OK;
    // A row that vanished or appeared behind our back: nothing of this group may stand.
    log_event(LOG_ERROR, "books.write_count_differs", LOG_INT("changes", changes),
              LOG_INT("rows", batch->rows));
    return CODE_INTERNAL;
}

static enum code write_books(struct books_group *group)
{
    static const char sql[] = "INSERT INTO ledger_book (currency, code, exponent, opened_us) "
                              "VALUES ($1, $2, $3, $4) ON CONFLICT (currency) DO NOTHING";
    const struct work_book *books = group->books.items;
    for (size_t i = 0; i < group->books.count; i++) {
        const struct money_currency_info *info = money_currency(books[i].currency);
        const struct db_value values[] = {db_int(info->currency), db_text(info->code),
                                          db_int(info->exponent), db_int(group->now_us)};
        GUARD(db_exec(group->db, sql, values, 4, NULL));
    }
    return OK;
}

static int compare_accounts(const void *a, const void *b)
{
    const struct work_account *x = *(struct work_account *const *)a;
    const struct work_account *y = *(struct work_account *const *)b;
    return (x->row.ledger.id > y->row.ledger.id) - (x->row.ledger.id < y->row.ledger.id);
}

static void put_account(struct db_value *v, const struct books_account *row)
{
    v[0] = db_int(row->ledger.id);
    v[1] = db_int(row->ledger.debits_pending);
    v[2] = db_int(row->ledger.debits_posted);
    v[3] = db_int(row->ledger.credits_pending);
    v[4] = db_int(row->ledger.credits_posted);
    v[5] = db_int(row->last_seq);
    v[6] = db_int(row->ledger.flags);
}

static enum code write_accounts(struct books_group *group)
{
    static const char insert[] =
        "INSERT INTO ledger_account (id, debits_pending, debits_posted, credits_pending, "
        "credits_posted, last_seq, flags, currency, kind, owner, opened_us) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    static const char update[] =
        "UPDATE ledger_account SET debits_pending = $2, debits_posted = $3, credits_pending = $4, "
        "credits_posted = $5, last_seq = $6, flags = $7 WHERE id = $1";
    struct work_account **dirty = group->dirty_accounts.items;
    const size_t count = group->dirty_accounts.count;
    struct batch inserts = batch_new(group, 11, count);
    struct batch updates = batch_new(group, 7, count);
    if (count > 1)
        qsort(dirty, count, sizeof *dirty, compare_accounts);
    for (size_t i = 0; i < count; i++) {
        const struct books_account *row = &dirty[i]->row;
        struct db_value *v = batch_row(dirty[i]->fresh ? &inserts : &updates);
        put_account(v, row);
        if (!dirty[i]->fresh)
            continue;
        v[7] = db_int(row->ledger.currency);
        v[8] = db_int(row->kind);
        v[9] = db_int(row->owner);
        v[10] = db_int(row->opened_us);
    }
    GUARD(batch_run(group, insert, &inserts));
    return batch_run(group, update, &updates);
}

static enum code write_transfers(struct books_group *group)
{
    static const char sql[] =
        "INSERT INTO ledger_transfer (seq, id, kind, code, debit, credit, amount, currency, "
        "hold_seq, link, debit_prev, credit_prev, at_us, business_date) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";
    const struct work_transfer *transfers = group->transfers.items;
    struct batch batch = batch_new(group, 14, group->transfers.count);
    for (size_t i = 0; i < group->transfers.count; i++) {
        const struct work_transfer *t = &transfers[i];
        struct db_value *v = batch_row(&batch);
        v[0] = db_int(t->seq);
        v[1] = db_id(&t->id);
        v[2] = db_int(t->kind);
        v[3] = db_int(t->code);
        v[4] = db_int(t->debit);
        v[5] = db_int(t->credit);
        v[6] = db_int(t->amount);
        v[7] = db_int(t->currency);
        v[8] = db_int(t->hold_seq);
        v[9] = db_int(t->link);
        v[10] = db_int(t->debit_prev);
        v[11] = db_int(t->credit_prev);
        v[12] = db_int(group->now_us);
        v[13] = db_int(group->business_date);
    }
    return batch_run(group, sql, &batch);
}

static enum code write_holds(struct books_group *group)
{
    static const char insert[] =
        "INSERT INTO ledger_hold (seq, captured, state, amount, expires_us) "
        "VALUES ($1, $2, $3, $4, $5)";
    static const char update[] = "UPDATE ledger_hold SET captured = $2, state = $3 WHERE seq = $1";
    struct work_hold *const *dirty = group->dirty_holds.items;
    struct batch inserts = batch_new(group, 5, group->dirty_holds.count);
    struct batch updates = batch_new(group, 3, group->dirty_holds.count);
    for (size_t i = 0; i < group->dirty_holds.count; i++) {
        const struct work_hold *hold = dirty[i];
        struct db_value *v = batch_row(hold->fresh ? &inserts : &updates);
        v[0] = db_int(hold->seq);
        v[1] = db_int(hold->row.captured);
        v[2] = db_int(hold->row.state);
        if (!hold->fresh)
            continue;
        v[3] = db_int(hold->row.amount);
        v[4] = db_int(hold->row.expires_us);
    }
    GUARD(batch_run(group, insert, &inserts));
    return batch_run(group, update, &updates);
}

static void put_new_entry(struct db_value *v, const struct books_entry *row)
{
    v[7] = db_id(&row->id);
    v[8] = db_int(row->kind);
    v[9] = db_int(row->payer);
    v[10] = db_int(row->payee);
    v[11] = db_int(row->amount);
    v[12] = db_int(row->fee);
    v[13] = db_int(row->currency);
    v[14] = db_text(row->memo);
    v[15] = db_blob(row->related.bytes, id_is_zero(&row->related) ? 0 : sizeof row->related.bytes);
    v[16] = db_int(row->at_us);
}

static enum code write_entries(struct books_group *group)
{
    static const char insert[] =
        "INSERT INTO journal (seq, state, settled, refunded, hold, done_us, detail, id, kind, "
        "payer_account, payee_account, amount, fee, currency, memo, related, at_us) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)";
    static const char update[] =
        "UPDATE journal SET state = $2, settled = $3, refunded = $4, hold = $5, done_us = $6, "
        "detail = $7 WHERE seq = $1";
    struct work_entry *const *dirty = group->dirty_entries.items;
    struct batch inserts = batch_new(group, 17, group->dirty_entries.count);
    struct batch updates = batch_new(group, 7, group->dirty_entries.count);
    for (size_t i = 0; i < group->dirty_entries.count; i++) {
        const struct books_entry *row = &dirty[i]->row;
        struct db_value *v = batch_row(dirty[i]->fresh ? &inserts : &updates);
        v[0] = db_int(row->seq);
        v[1] = db_int(row->state);
        v[2] = db_int(row->settled);
        v[3] = db_int(row->refunded);
        v[4] = db_int(row->hold);
        v[5] = db_int(row->done_us);
        v[6] = db_text(row->detail);
        if (dirty[i]->fresh)
            put_new_entry(v, row);
    }
    GUARD(batch_run(group, insert, &inserts));
    return batch_run(group, update, &updates);
}

enum code books_store_write(struct books_group *group)
{
    static const char sql[] =
        "UPDATE ledger_sequence SET next = $2, next_account = $3 WHERE one = $1";
    const struct db_value sequence[] = {db_int(1), db_int(group->next),
                                        db_int(group->next_account)};
    GUARD(write_books(group));
    GUARD(write_accounts(group));
    GUARD(write_transfers(group));
    GUARD(write_holds(group));
    GUARD(write_entries(group));
    return db_exec(group->db, sql, sequence, 3, NULL);
}
