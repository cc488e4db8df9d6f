// SQL of funds_order and funds_breaker.
#include "funds/funds_priv.h"

#include <string.h>

static struct db_value id_or_null(const struct id *id)
{
    return id_is_zero(id) ? db_null() : db_id(id);
}

enum code funds_store_order_insert(struct db *db, const struct funds_order *order)
{
    const struct db_value values[] = {
        db_id(&order->id),         db_int(order->kind),    db_int(order->state),
        db_int(order->person),     db_int(order->account), db_id(&order->card),
        db_int(order->seq),        db_int(order->amount),  db_text(error_slug(order->failure)),
        db_int(order->created_us),
    };
    return db_exec(db,
                   "INSERT INTO funds_order (id, kind, state, person, account, card, seq, amount, "
                   "failure, reversal, sends, sent_us, attempts, bank_ref, bank_time_us, "
                   "created_us, done_us) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, NULL, 0, 0, "
                   "0, '', 0, $10, 0)",
                   values, sizeof values / sizeof values[0], NULL);
}

enum code funds_store_order_update(struct db *db, const struct funds_order *order,
                                   int64_t bank_time_us)
{
    const struct db_value values[] = {
        db_id(&order->id),
        db_int(order->state),
        db_text(error_slug(order->failure)),
        id_or_null(&order->reversal),
        db_int(order->sends),
        db_int(order->sent_us),
        db_int(order->attempts),
        db_text(order->bank_ref),
        db_int(bank_time_us),
        db_int(order->done_us),
    };
    return db_exec(db,
                   "UPDATE funds_order SET state = $2, failure = $3, reversal = $4, sends = $5, "
                   "sent_us = $6, attempts = $7, bank_ref = $8, bank_time_us = $9, done_us = $10 "
                   "WHERE id = $1 AND state < 10",
                   values, sizeof values / sizeof values[0], NULL);
}

static bool read_order(void *context, const struct db_row *row)
{
    struct funds_order *out = context;
    const enum code failure = error_by_slug(db_get_text(row, 8));
    *out = (struct funds_order){
        .id = db_get_id(row, 0),
        .kind = (enum books_kind)db_get_int(row, 1),
        .state = (enum funds_order_state)db_get_int(row, 2),
        .person = db_get_int(row, 3),
        .account = db_get_int(row, 4),
        .card = db_get_id(row, 5),
        .seq = db_get_int(row, 6),
        .amount = db_get_int(row, 7),
        .failure = failure == CODE_COUNT ? OK : failure,
        .reversal = db_get_id(row, 9),
        .sends = db_get_int(row, 10),
        .sent_us = db_get_int(row, 11),
        .attempts = db_get_int(row, 12),
        .created_us = db_get_int(row, 14),
        .done_us = db_get_int(row, 15),
    };
    (void)text_copy(out->bank_ref, sizeof out->bank_ref, db_get_text(row, 13));
    return false;
}

enum code funds_order_load(struct db *db, const struct id *id, struct funds_order *out)
{
    const struct db_value value = db_id(id);
    bool found = false;
    GUARD(db_query_one(db,
                       "SELECT id, kind, state, person, account, card, seq, amount, failure, "
                       "reversal, sends, sent_us, attempts, bank_ref, created_us, done_us "
                       "FROM funds_order WHERE id = $1",
                       &value, 1, read_order, out, &found));
    return found ? OK : CODE_NOT_FOUND;
}

enum code funds_store_orders_of_card(struct db *db, const struct id *card, int64_t *out_open)
{
    const struct db_value value = db_id(card);
    return db_query_int(db, out_open,
                        "SELECT count(*) FROM funds_order WHERE card = $1 AND state < 10", &value,
                        1, 0);
}

// The sum is cast because PostgreSQL sums BIGINT into NUMERIC.
enum code funds_store_topups_open(struct db *db, int64_t account, int64_t *out_sum)
{
    const struct db_value value = db_int(account);
    return db_query_int(db, out_sum,
                        "SELECT CAST(COALESCE(sum(amount), 0) AS BIGINT) FROM funds_order "
                        "WHERE account = $1 AND state < 10 AND kind = 3",
                        &value, 1, 0);
}

static bool read_breaker(void *context, const struct db_row *row)
{
    *(struct breaker_row *)context = (struct breaker_row){db_get_int(row, 0), db_get_int(row, 1)};
    return false;
}

enum code funds_store_breaker(struct db *db, struct breaker_row *out)
{
    bool found = false;
    *out = (struct breaker_row){0};
    return db_query_one(
        db, "SELECT failures, open_until_us FROM funds_breaker WHERE connector = 'bank'", NULL, 0,
        read_breaker, out, &found);
}

enum code funds_store_breaker_update(struct db *db, const struct breaker_row *row)
{
    const struct db_value values[] = {db_int(row->failures), db_int(row->open_until_us)};
    return db_exec(db,
                   "UPDATE funds_breaker SET failures = $1, open_until_us = $2 "
                   "WHERE connector = 'bank'",
                   values, 2, NULL);
}
