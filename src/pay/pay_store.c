// SQL of pay_code, pay_order, pay_charge and pay_contact.
#include "pay/pay_priv.h"

#include <string.h>

// --- codes ---

static bool visit_code(void *context, const struct db_row *row)
{
    struct pay_code_row *out = context;
    *out = (struct pay_code_row){db_get_int(row, 0), db_get_int(row, 1), db_get_int(row, 2),
                                 (enum pay_code_state)db_get_int(row, 3)};
    return false;
}

enum code pay_code_find(struct pay_code_row *out, struct db *db, const struct vault_hash *hash)
{
    const struct db_value value = db_blob(hash->bytes, sizeof hash->bytes);
    bool found;
    GUARD(db_query_one(db,
                       "SELECT person, account, expires_us, state FROM pay_code WHERE hash = $1",
                       &value, 1, visit_code, out, &found));
    return found ? OK : CODE_NOT_FOUND;
}

enum code pay_code_use(struct db *db, const struct vault_hash *hash, const struct id *used_by)
{
    const struct db_value values[] = {db_blob(hash->bytes, sizeof hash->bytes), db_id(used_by)};
    int64_t changes;
    GUARD(db_exec(db, "UPDATE pay_code SET state = 2, used_by = $2 WHERE hash = $1 AND state = 1",
                  values, 2, &changes));
    // Another process used it between the reading and now.
    return changes == 1 ? OK : CODE_CODE_USED;
}

enum code pay_code_insert(struct db *db, const struct vault_hash *hash,
                          const struct pay_code_row *row, int64_t now_us)
{
    const struct db_value values[] = {db_blob(hash->bytes, sizeof hash->bytes),
                                      db_int(row->person),
                                      db_int(row->account),
                                      db_int(now_us),
                                      db_int(row->expires_us),
                                      db_int(row->state)};
    return db_exec(db,
                   "INSERT INTO pay_code (hash, person, account, created_us, expires_us, state) "
                   "VALUES ($1, $2, $3, $4, $5, $6)",
                   values, 6, NULL);
}

enum code pay_codes_end(struct db *db, int64_t person, int64_t until_us)
{
    const struct db_value values[] = {db_int(person), db_int(until_us)};
    if (until_us == 0)
        return db_exec(db, "UPDATE pay_code SET state = 3 WHERE person = $1 AND state = 1", values,
                       1, NULL);
    return db_exec(db,
                   "UPDATE pay_code SET expires_us = $2 WHERE person = $1 AND state = 1 "
                   "AND expires_us > $2",
                   values, 2, NULL);
}

enum code pay_codes_prune(struct db *db, int64_t before_us)
{
    const struct db_value value = db_int(before_us);
    return db_exec(db, "DELETE FROM pay_code WHERE expires_us < $1", &value, 1, NULL);
}

// --- orders ---

static const char SELECT_ORDER[] =
    "SELECT id, merchant, account, amount, currency, order_text, state, created_us, expires_us, "
    "paid_by FROM pay_order WHERE id = $1";

static void take_order(struct pay_order *out, const struct db_row *row)
{
    *out = (struct pay_order){.id = db_get_id(row, 0),
                              .merchant = db_get_int(row, 1),
                              .account = db_get_int(row, 2),
                              .amount = db_get_int(row, 3),
                              .currency = (enum money_currency)db_get_int(row, 4),
                              .state = (enum pay_order_state)db_get_int(row, 6),
                              .created_us = db_get_int(row, 7),
                              .expires_us = db_get_int(row, 8),
                              .paid_by = db_get_id(row, 9)};
    (void)text_copy(out->order_text, sizeof out->order_text, db_get_text(row, 5));
}

struct orders {
    struct pay_order *out;
    size_t count;
};

static bool visit_order(void *context, const struct db_row *row)
{
    struct orders *orders = context;
    take_order(&orders->out[orders->count++], row);
    return true;
}

enum code pay_orders_load(struct db *db, struct arena *arena, const struct id *ids, size_t count,
                          struct pay_order *out, size_t *out_count)
{
    struct orders orders = {out, 0};
    struct db_value *values = arena_alloc(arena, (count + 1) * sizeof *values);
    for (size_t i = 0; i < count; i++)
        values[i] = db_id(&ids[i]);
    GUARD(db_select_many(db, SELECT_ORDER, values, 1, count, true, visit_order, &orders));
    *out_count = orders.count;
    return OK;
}

enum code pay_order_load(struct pay_order *out, struct db *db, const struct id *id)
{
    struct orders orders = {out, 0};
    const struct db_value value = db_id(id);
    GUARD(db_query(db, SELECT_ORDER, &value, 1, visit_order, &orders));
    return orders.count == 1 ? OK : CODE_NOT_FOUND;
}

enum code pay_orders_write(struct db *db, struct arena *arena, const struct pay_order *orders,
                           size_t count)
{
    struct db_value *values = arena_alloc(arena, (2 * count + 1) * sizeof *values);
    size_t rows = 0;
    for (size_t i = 0; i < count; i++) {
        if (orders[i].state != PAY_ORDER_PAID)
            continue;
        values[2 * rows] = db_id(&orders[i].id);
        values[2 * rows + 1] = db_id(&orders[i].paid_by);
        rows++;
    }
    return db_exec_many(db, "UPDATE pay_order SET state = 2, paid_by = $2 WHERE id = $1", values, 2,
                        rows, NULL);
}

static enum code same_order(const struct pay_order *stored, const struct pay_order *wanted,
                            struct problem *problem)
{
    const char *pointer = NULL;
    if (stored->amount != wanted->amount || stored->merchant != wanted->merchant)
        pointer = "/amount";
    else if (!text_equal(stored->order_text, wanted->order_text))
        pointer = "/order_text";
    if (pointer == NULL)
        return OK;
    (void)problem_set(problem, CODE_CONFLICT_IDEMPOTENCY, CHARGED_NO);
    return problem_field(problem, pointer, CODE_CONFLICT_IDEMPOTENCY, "idempotency.field");
}

enum code pay_order_add(struct db *db, const struct pay_order *order, struct pay_order *out,
                        struct problem *problem)
{
    const enum code code = pay_order_load(out, db, &order->id);
    if (code == OK)
        return same_order(out, order, problem);
    ENSURE(code == CODE_NOT_FOUND, code);
    const struct db_value values[] = {
        db_id(&order->id),      db_int(order->merchant),   db_int(order->account),
        db_int(order->amount),  db_int(order->currency),   db_text(order->order_text),
        db_int(PAY_ORDER_OPEN), db_int(order->created_us), db_int(order->expires_us)};
    *out = *order;
    out->state = PAY_ORDER_OPEN;
    return db_exec(db,
                   "INSERT INTO pay_order (id, merchant, account, amount, currency, order_text, "
                   "state, created_us, expires_us) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
                   values, 9, NULL);
}

// --- charges ---

#define CHARGE_COLUMNS                                                                             \
    "SELECT id, merchant, merchant_account, person, account, amount, currency, order_text, "       \
    "state, refusal, journal_seq, created_us, expires_us, finished_us FROM pay_charge "

static void take_charge(struct pay_charge *out, const struct db_row *row)
{
    *out = (struct pay_charge){.id = db_get_id(row, 0),
                               .merchant = db_get_int(row, 1),
                               .merchant_account = db_get_int(row, 2),
                               .person = db_get_int(row, 3),
                               .account = db_get_int(row, 4),
                               .amount = db_get_int(row, 5),
                               .currency = (enum money_currency)db_get_int(row, 6),
                               .state = (enum books_state)db_get_int(row, 8),
                               .journal_seq = db_get_int(row, 10),
                               .created_us = db_get_int(row, 11),
                               .expires_us = db_get_int(row, 12),
                               .finished_us = db_get_int(row, 13)};
    (void)text_copy(out->order_text, sizeof out->order_text, db_get_text(row, 7));
    (void)text_copy(out->refusal, sizeof out->refusal, db_get_text(row, 9));
}

static bool visit_charge(void *context, const struct db_row *row)
{
    take_charge(context, row);
    return false;
}

enum code pay_charge_load(struct pay_charge *out, struct db *db, const struct id *id)
{
    const struct db_value value = db_id(id);
    bool found;
    GUARD(db_query_one(db, CHARGE_COLUMNS "WHERE id = $1", &value, 1, visit_charge, out, &found));
    return found ? OK : CODE_NOT_FOUND;
}

enum code pay_charge_insert(struct db *db, const struct pay_charge *charge)
{
    const struct db_value values[] = {
        db_id(&charge->id),         db_int(charge->merchant),    db_int(charge->merchant_account),
        db_int(charge->person),     db_int(charge->account),     db_int(charge->amount),
        db_int(charge->currency),   db_text(charge->order_text), db_int(charge->state),
        db_text(charge->refusal),   db_int(charge->journal_seq), db_int(charge->created_us),
        db_int(charge->expires_us), db_int(charge->finished_us)};
    return db_exec(db,
                   "INSERT INTO pay_charge (id, merchant, merchant_account, person, account, "
                   "amount, currency, order_text, state, refusal, journal_seq, created_us, "
                   "expires_us, finished_us) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, "
                   "$11, $12, $13, $14)",
                   values, 14, NULL);
}

enum code pay_charge_update(struct db *db, const struct pay_charge *charge)
{
    const struct db_value values[] = {db_id(&charge->id), db_int(charge->state),
                                      db_text(charge->refusal), db_int(charge->finished_us)};
    return db_exec(db,
                   "UPDATE pay_charge SET state = $2, refusal = $3, finished_us = $4 WHERE id = $1",
                   values, 4, NULL);
}

struct due {
    struct id *out;
    size_t count, capacity;
};

static bool visit_due(void *context, const struct db_row *row)
{
    struct due *due = context;
    due->out[due->count++] = db_get_id(row, 0);
    return due->count < due->capacity;
}

enum code pay_charges_due(struct db *db, int64_t now_us, struct id *out, size_t *io_count)
{
    struct due due = {out, 0, *io_count};
    const struct db_value value = db_int(now_us);
    GUARD(db_query(db,
                   "SELECT id FROM pay_charge WHERE state = 2 AND expires_us <= $1 "
                   "ORDER BY expires_us LIMIT 64",
                   &value, 1, visit_due, &due));
    *io_count = due.count;
    return OK;
}

struct charge_visit {
    bool (*visit)(void *context, const struct pay_charge *charge);
    void *context;
};

static bool visit_charge_row(void *context, const struct db_row *row)
{
    const struct charge_visit *visit = context;
    struct pay_charge charge;
    take_charge(&charge, row);
    return visit->visit(visit->context, &charge);
}

enum code pay_charges_of_merchant(struct db *db, int64_t merchant, size_t limit,
                                  bool (*visit)(void *context, const struct pay_charge *charge),
                                  void *context)
{
    struct charge_visit rows = {visit, context};
    const struct db_value values[] = {db_int(merchant), db_int((int64_t)limit)};
    return db_query(db, CHARGE_COLUMNS "WHERE merchant = $1 ORDER BY created_us DESC LIMIT $2",
                    values, 2, visit_charge_row, &rows);
}

// --- contacts ---

enum code pay_contacts_write(struct db *db, struct arena *arena,
                             const struct pay_contact_row *contacts, size_t count)
{
    struct db_value *values = arena_alloc(arena, (4 * count + 1) * sizeof *values);
    for (size_t i = 0; i < count; i++) {
        values[4 * i] = db_int(contacts[i].person);
        values[4 * i + 1] = db_int(contacts[i].peer);
        values[4 * i + 2] = db_int(contacts[i].last_us);
        values[4 * i + 3] = db_int(contacts[i].last_amount);
    }
    return db_exec_many(db,
                        "INSERT INTO pay_contact (person, peer, last_us, last_amount, first_us) "
                        "VALUES ($1, $2, $3, $4, $3) ON CONFLICT (person, peer) DO UPDATE SET "
                        "last_us = EXCLUDED.last_us, last_amount = EXCLUDED.last_amount",
                        values, 4, count, NULL);
}

enum code pay_contact_known(bool *out, struct db *db, int64_t person, int64_t peer)
{
    const struct db_value values[] = {db_int(person), db_int(peer)};
    return db_query_one(db, "SELECT last_us FROM pay_contact WHERE person = $1 AND peer = $2",
                        values, 2, NULL, NULL, out);
}

struct contacts {
    struct pay_contact *out;
    size_t count, capacity;
};

static bool visit_contact(void *context, const struct db_row *row)
{
    struct contacts *contacts = context;
    contacts->out[contacts->count++] =
        (struct pay_contact){db_get_int(row, 0), db_get_int(row, 1), db_get_int(row, 2)};
    return contacts->count < contacts->capacity;
}

enum code pay_contacts(struct db *db, int64_t person, size_t limit, struct pay_contact *out,
                       size_t *out_count)
{
    struct contacts contacts = {out, 0, limit};
    const struct db_value values[] = {db_int(person), db_int((int64_t)limit)};
    GUARD(db_query(db,
                   "SELECT peer, last_us, last_amount FROM pay_contact WHERE person = $1 "
                   "ORDER BY last_us DESC LIMIT $2",
                   values, 2, visit_contact, &contacts));
    *out_count = contacts.count;
    return OK;
}

enum code pay_contacts_new(struct db *db, int64_t person, int64_t since_us, size_t limit,
                           struct pay_contact *out, size_t *out_count)
{
    struct contacts contacts = {out, 0, limit};
    const struct db_value values[] = {db_int(person), db_int(since_us), db_int((int64_t)limit)};
    GUARD(db_query(db,
                   "SELECT peer, first_us, last_amount FROM pay_contact WHERE person = $1 AND "
                   "first_us >= $2 ORDER BY first_us DESC LIMIT $3",
                   values, 3, visit_contact, &contacts));
    *out_count = contacts.count;
    return OK;
}
