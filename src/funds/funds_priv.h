// funds_priv: stored rows and the helpers of this room; stays inside.
#ifndef FUNDS_FUNDS_PRIV_H
#define FUNDS_FUNDS_PRIV_H

#include "funds/funds.h"

// --- cards --------------------------------------------------------------------------------------

struct card_row {
    struct funds_card card;
    struct vault_hash hash; // of the full number
    char phone[PARTY_PHONE_MAX];
    char token[72];       // challenge until confirmed, then the agreement; "" = none
    struct id confirm_id; // request id of the running confirmation; zero = none
    bool counted;         // uses up an addition of its day
    int32_t day;
    int64_t code_us; // when the bank sent its code
};
enum code funds_store_card_insert(struct db *db, const struct funds *funds,
                                  const struct card_row *row);
// CODE_NOT_FOUND.
enum code funds_store_card_load(struct db *db, const struct funds *funds, const struct id *id,
                                struct card_row *out);
// State, type, token, confirm_id, tries, failure, counted, code_us.
enum code funds_store_card_update(struct db *db, const struct funds *funds,
                                  const struct card_row *row);
// The live addition of this number by this person; zero id = none.
enum code funds_store_card_live(struct db *db, int64_t person, const struct vault_hash *hash,
                                struct id *out);
struct card_counts {
    int64_t counted; // failures of this person today
    int64_t running; // additions of this person that run
    int64_t bound;
    int64_t number_today; // additions of this number today, all persons
};
enum code funds_store_card_counts(struct db *db, int64_t person, const struct vault_hash *hash,
                                  int32_t day, struct card_counts *out);
// State below FAILED, and FAILED ones of the last hour are not listed. Oldest first.
enum code funds_store_cards(struct db *db, const struct funds *funds, int64_t person,
                            bool (*visit)(void *context, const struct card_row *row),
                            void *context);
enum code funds_store_cards_waiting(struct db *db, int64_t before_us, struct id *out,
                                    size_t *io_count);

// Fills `bank` and `bank_en` from the profile.
void funds_card_name(const struct funds *funds, struct funds_card *card);
// A change of state: stores the row and tells the person's streams.
enum code funds_card_moved(struct db *db, const struct funds *funds, const struct card_row *row);

// --- orders -------------------------------------------------------------------------------------

enum code funds_store_order_insert(struct db *db, const struct funds_order *order);
enum code funds_store_order_update(struct db *db, const struct funds_order *order,
                                   int64_t bank_time_us);
enum code funds_store_orders_of_card(struct db *db, const struct id *card, int64_t *out_open);
// Σ of the open top-ups of an account.
enum code funds_store_topups_open(struct db *db, int64_t account, int64_t *out_sum);

struct breaker_row {
    int64_t failures, open_until_us;
};
enum code funds_store_breaker(struct db *db, struct breaker_row *out);
enum code funds_store_breaker_update(struct db *db, const struct breaker_row *row);

// --- outbox rows of this room
// ----------------------------------------------------------------------

enum { FUNDS_REF_ORDER = 'o', FUNDS_REF_VERIFY = 'v', FUNDS_REF_CONFIRM = 'c' };
struct funds_ref {
    uint8_t kind;
    uint8_t subject[16];
    uint8_t confirm[16];
};
enum code funds_outbox_add(struct db *db, const struct funds *funds, uint8_t kind,
                           const struct id *subject, const struct id *confirm,
                           const char *secret /* NULL = no payload */);
enum code funds_event(struct db *db, const struct funds *funds, const char *type, int64_t person,
                      const char *json);
enum code funds_order_event(struct db *db, const struct funds *funds,
                            const struct funds_order *order, enum books_state state);
// Inbox notice with {bank}, {last4} and, when `amount` is not 0, {amount}, in the person's
// language.
enum code funds_notice(struct db *db, const struct funds *funds, const char *kind,
                       const struct funds_card *card, int64_t amount);
// Refuses while the breaker is open.
enum code funds_breaker_check(struct db *db, const struct funds *funds, const char *bin,
                              int64_t now_us, struct problem *problem);
// "method=card;bin=…;last4=…" and, when it failed, ";reason=…".
void funds_detail(char out[BOOKS_DETAIL_MAX + 1], const struct funds_card *card, enum code failure);

// --- answers ------------------------------------------------------------------------------------

enum code funds_card_begin(struct db *db, const struct funds *funds, const struct party_outbox *row,
                           const struct funds_ref *ref, struct funds_task *task);
enum code funds_card_apply(struct db *db, const struct funds *funds, const struct funds_task *task,
                           const struct funds_answer *answer, int64_t *out_next_us);
enum code funds_order_begin(struct db *db, const struct funds *funds, struct funds_task *task);
enum code funds_order_apply(struct db *db, const struct funds *funds, const struct funds_task *task,
                            const struct funds_answer *answer, int64_t *out_next_us);
// Counts answers for the breaker.
enum code funds_breaker_count(struct db *db, const struct funds *funds,
                              const struct funds_answer *answer);
// Pause after `attempts` answers that were not final: doubles from the first to the greatest, ± 20
// %.
int64_t funds_backoff_us(const struct funds *funds, int64_t attempts);

#endif
