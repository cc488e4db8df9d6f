// books_priv: the working set of a group and the store beneath it; stays inside this room.
#ifndef BOOKS_BOOKS_PRIV_H
#define BOOKS_BOOKS_PRIV_H

#include "books/books.h"

// --- a map from 16-byte keys to rows, in the arena; numbers are put into the key's second half ---

struct books_slot {
    struct id key;
    void *value; // NULL = empty slot
};
struct books_map {
    struct books_slot *slots;
    size_t capacity, count;
};
void *books_map_find(const struct books_map *map, const struct id *key); // NULL = not there
void books_map_put(struct books_map *map, struct arena *arena, const struct id *key, void *value);
struct id books_key(int64_t number);
// A value that says: looked for, and there is no such row.
extern char BOOKS_ABSENT[1];

// A growing array in the arena; what it outgrew stays there until the arena dies.
struct books_list {
    void *items;
    size_t count, capacity;
};
void *books_list_add(struct books_list *list, struct arena *arena, size_t item_size);

// --- rows of the working set --------------------------------------------------------------------

struct work_account {
    struct books_account row;
    bool fresh; // to be inserted
    bool dirty; // in group->dirty_accounts
};
struct work_hold {
    int64_t seq, link;
    struct ledger_hold row;
    bool fresh, dirty;
};
struct work_entry {
    struct books_entry row;
    bool fresh, dirty;
};
struct work_transfer {
    struct id id;
    int64_t seq, debit, credit, amount, hold_seq, link, debit_prev, credit_prev;
    int32_t kind, code, currency;
};
struct work_book {
    enum money_currency currency;
};

struct books_group {
    struct db *db;
    struct arena *arena;
    int64_t now_us;
    int32_t business_date;
    int64_t next, next_account;
    bool changed, written;
    struct books_map accounts, holds, entries, entries_by_id, owners;
    struct books_list want_accounts, want_holds, want_entries;    // int64_t
    struct books_list want_ids;                                   // struct id
    struct books_list dirty_accounts, dirty_holds, dirty_entries; // pointers to work_*
    struct books_list transfers;                                  // struct work_transfer
    struct books_list books;                                      // struct work_book
};

// Finds a row in the working set, reading it from the database if nobody did. Out: NULL = there is
// no such row.
enum code books_find_work_account(struct work_account **out, struct books_group *group, int64_t id);
enum code books_find_work_hold(struct work_hold **out, struct books_group *group, int64_t seq);
enum code books_find_work_entry(struct work_entry **out, struct books_group *group, int64_t seq);
enum code books_find_work_entry_by_id(struct work_entry **out, struct books_group *group,
                                      const struct id *id);
// Puts a row that was read or made into the working set.
struct work_account *books_adopt_account(struct books_group *group,
                                         const struct books_account *row);
struct work_hold *books_adopt_hold(struct books_group *group, const struct work_hold *hold);
struct work_entry *books_adopt_entry(struct books_group *group, const struct books_entry *row);
void books_touch_account(struct books_group *group, struct work_account *account);
void books_touch_hold(struct books_group *group, struct work_hold *hold);
void books_touch_entry(struct books_group *group, struct work_entry *entry);

// --- posting sets -------------------------------------------------------------------------------

struct books_set {
    const struct id *id;   // of the first transfer
    const struct id *base; // the others' ids are made from it
    const struct id *ids;  // instead of both: one id per posting; NULL = made
    int64_t link; // number of the operation; 0 = the first transfer's own (or its hold's operation)
    const struct books_posting *postings;
    size_t count;
};
// Decides a linked set on the working set: all or none (L9). Out: number of the first transfer.
enum code books_decide_set(int64_t *out_seq, struct books_group *group, const struct books_set *set,
                           struct problem *problem);
// A transfer made in this group or stored.
enum code books_find_transfer_by_id(struct work_transfer *out, bool *out_found,
                                    struct books_group *group, const struct id *id);
enum code books_find_transfer_by_seq(struct work_transfer *out, bool *out_found,
                                     struct books_group *group, int64_t seq);
// Adds an operation that is not a repetition; `ids`: of its transfers, NULL = made from its own.
enum code books_add_entry(struct books_result *out, struct books_group *group,
                          const struct books_operation *operation, const struct id *ids,
                          struct problem *problem);
enum code books_repeat_correction(struct books_result *out, const struct books_entry *stored,
                                  const struct books_correction *wanted, struct problem *problem);
// Refuses with `rule` (without the leading "ledger.").
enum code books_refuse(struct problem *problem, enum code code, const char *rule);
// A client's id: UUID version 7.
bool books_id_is_client(const struct id *id);
// Ids that no client can send (UUID version 8): n-th linked transfer of an operation; BOOKS_ID_END:
// the end of its hold.
enum { BOOKS_ID_END = 15 };
struct id books_linked_id(const struct id *base, unsigned n);
// Id of the one correction that a transfer can have.
struct id books_corrected_id(const struct id *transfer);
// Flags that a kind of account is opened with; UINT32_MAX for an unknown kind.
uint32_t books_kind_flags(enum books_account_kind kind);
// Kinds of the chart, ended by 0.
extern const enum books_account_kind BOOKS_CHART[];

// --- store (books_store.c, books_read_store.c)
// ----------------------------------------------------

// Columns of a journal row, in the order that books_read_entry() expects.
#define BOOKS_ENTRY_COLUMNS                                                                        \
    "seq, id, kind, state, payer_account, payee_account, amount, fee, settled, refunded, "         \
    "currency, hold, memo, related, at_us, done_us, detail"
void books_read_entry(struct books_entry *out, struct arena *arena, const struct db_row *row,
                      int first);
enum code books_store_begin(struct books_group *group);
enum code books_store_load(struct books_group *group);
enum code books_store_write(struct books_group *group);
// Out: 0 = none.
enum code books_store_owner(int64_t *out_id, struct db *db, int64_t owner,
                            enum books_account_kind kind, enum money_currency currency);
// A transfer by id or by number, whole. *out_found false = none.
enum code books_store_transfer_by_id(struct work_transfer *out, bool *out_found, struct db *db,
                                     const struct id *id);
enum code books_store_transfer(struct work_transfer *out, bool *out_found, struct db *db,
                               int64_t seq);

// --- replay -------------------------------------------------------------------------------------

struct books_replayer;
struct books_replayed {
    int64_t seq, hold_seq;
    struct ledger_transfer transfer;
};
// Returns false when the core refuses it.
bool books_replay_one(struct books_replayer *replayer, const struct books_replayed *replayed);
enum code books_store_replay(struct db *db, struct books_replayer *replayer);
enum code books_store_accounts(struct db *db, struct books_replayer *replayer,
                               bool (*visit)(struct books_replayer *,
                                             const struct books_account *));

#endif
