// pay_priv: tables and events of this room; stays inside.
#ifndef PAY_PAY_PRIV_H
#define PAY_PAY_PRIV_H

#include "guard/guard_lock.h"
#include "pay/pay.h"

// An event for the streams of both sides (queue "event", type "operation").
struct pay_event {
    const struct id *id;
    enum books_kind kind;
    enum books_state state;
    int64_t amount;
    enum money_currency currency;
    int64_t at_us;
};
void pay_event_fill(struct party_outbox *out, int64_t payer, int64_t payee, struct arena *arena,
                    const struct pay_event *event);
enum code pay_event_add(struct db *db, int64_t payer, int64_t payee, const struct pay_event *event);

enum code pay_orders_load(struct db *db, struct arena *arena, const struct id *ids, size_t count,
                          struct pay_order *out, size_t *out_count);
// Writes those that are paid.
enum code pay_orders_write(struct db *db, struct arena *arena, const struct pay_order *orders,
                           size_t count);

struct pay_contact_row {
    int64_t person, peer, last_us, last_amount;
};
enum code pay_contacts_write(struct db *db, struct arena *arena,
                             const struct pay_contact_row *contacts, size_t count);

enum pay_code_state { PAY_CODE_LIVE = 1, PAY_CODE_USED, PAY_CODE_VOID };
struct pay_code_row {
    int64_t person, account, expires_us;
    enum pay_code_state state;
};
enum code pay_code_find(struct pay_code_row *out, struct db *db, const struct vault_hash *hash);
enum code pay_code_use(struct db *db, const struct vault_hash *hash, const struct id *used_by);
enum code pay_code_insert(struct db *db, const struct vault_hash *hash,
                          const struct pay_code_row *row, int64_t now_us);
// Shortens the life of a person's live codes to `until_us` (0 = void at once).
enum code pay_codes_end(struct db *db, int64_t person, int64_t until_us);
enum code pay_codes_prune(struct db *db, int64_t before_us);

enum code pay_charge_insert(struct db *db, const struct pay_charge *charge);
enum code pay_charge_update(struct db *db, const struct pay_charge *charge);
// Ids of waiting charges whose deadline has come, at most *io_count.
enum code pay_charges_due(struct db *db, int64_t now_us, struct id *out, size_t *io_count);

#endif
