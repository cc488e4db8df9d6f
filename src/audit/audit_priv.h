// audit_priv: rows as the auditor reads them, and its own words for the numbers in them. Nothing of
// these comes from ledger/ or books/: the meaning is written down a second time, from
// docs/LEDGER.md.
#ifndef AUDIT_AUDIT_PRIV_H
#define AUDIT_AUDIT_PRIV_H

#include "audit/audit.h"

enum { KIND_POST = 1, KIND_HOLD = 2, KIND_CAPTURE = 3, KIND_RELEASE = 4, KIND_EXPIRE = 5 };
enum { HOLD_OPEN = 1, HOLD_CAPTURED = 2, HOLD_RELEASED = 3, HOLD_EXPIRED = 4 };
enum { FLAG_CREDIT_ONLY = 1, FLAG_DEBIT_ONLY = 2 };
enum { STATE_FINAL = 10, STATE_SUCCEEDED = 10, STATE_FAILED = 11, STATE_CLOSED = 12 };
enum { CODE_OF_REFUND = 5, CODE_OF_CORRECTION = 6, CODE_OF_FEE = 20 };
enum { ACCOUNT_WALLET = 100, ACCOUNT_CUSTOMER_LAST = 102 };
#define AMOUNT_MAX INT64_C(9007199254740991)

struct audit_account {
    int64_t id, currency, kind, owner, flags;
    int64_t stored[4]; // debits pending, debits posted, credits pending, credits posted
    int64_t folded[4];
    int64_t stored_last, folded_last;
};
enum { DEBITS_PENDING, DEBITS_POSTED, CREDITS_PENDING, CREDITS_POSTED };

struct audit_transfer {
    int64_t seq, id_size, kind, code, debit, credit, amount, currency, hold_seq, link;
    int64_t debit_prev, credit_prev, at_us, business_date;
    int64_t held; // amount of the transfer that hold_seq names; 0 = none
};

// A hold's row (what = 0), then each transfer that begins or ends it, by number.
struct audit_hold_row {
    int64_t hold, what, seq, kind, amount, captured, state, expires_us;
    int64_t debit, credit, currency, at_us;
};

// An operation (what = 0), then each transfer linked to it, by number.
struct audit_entry_row {
    int64_t seq, what, transfer, kind, state, debit, credit, amount, fee, settled, currency, hold;
    int64_t at_us, done_us;
};

struct audit {
    struct db *db;
    const struct audit_options *options;
    struct audit_result *out;
    struct arena *arena;
    struct audit_account *accounts; // by id
    size_t account_count, account_capacity;
    int64_t last_number;                              // of the walk over all numbers
    struct audit_hold_row hold, hold_begin, hold_end; // of the hold being gathered
    int64_t hold_ends;
    struct audit_entry_row entry,
        main;                     // of the operation being gathered; main: its moving transfer
    struct audit_entry_row begun; // its hold's first transfer
    int64_t entry_fees, entry_posts, entry_released;
};

void audit_find(struct audit *audit, const char *name, const char *invariant, int64_t account,
                int64_t seq, int64_t expected, int64_t found);
struct audit_account *audit_account_of(struct audit *audit, int64_t id); // NULL = none

// Steps of the recomputation, each over rows that the store streams.
void audit_take_account(struct audit *audit, const struct audit_account *account);
void audit_take_transfer(struct audit *audit, const struct audit_transfer *transfer);
void audit_take_hold(struct audit *audit, const struct audit_hold_row *row);
void audit_end_hold(struct audit *audit);
void audit_take_entry(struct audit *audit, const struct audit_entry_row *row);
void audit_end_entry(struct audit *audit);
void audit_check_accounts(struct audit *audit);

// audit_store.c
enum code audit_store_snapshot(struct db *db);
enum code audit_store_accounts(struct audit *audit);
enum code audit_store_transfers(struct audit *audit);
enum code audit_store_holds(struct audit *audit);
enum code audit_store_entries(struct audit *audit);
enum code audit_store_numbers(struct audit *audit);
enum code audit_store_books(struct audit *audit);
enum code audit_store_repetitions(struct audit *audit);
enum code audit_store_refunds(struct audit *audit);

#endif
