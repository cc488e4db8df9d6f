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
enum { ACCOUNT_WALLET = 100, ACCOUNT_MERCHANT = 101, ACCOUNT_CUSTOMER_LAST = 102 };
enum { FLAG_FROZEN_OUT = 4, WALLET_FROZEN = 2 };
enum { KIND_OF_PAYMENT = 1, KIND_OF_TRANSFER, KIND_OF_TOPUP, KIND_OF_WITHDRAWAL };
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

// guard_wallet, as stored, and as the journal says it must be. What the journal does not say of a
// scanned payment is whether a PIN came with it, so those sums have a lower and an upper end.
struct audit_limits {
    int64_t class, nopin_allowed;
    int64_t day, day_used, year, year_used, grade_b, grade_c, grade_d, nopin_count;
};
struct audit_usage {
    int64_t day, day_used, year, year_used;
    int64_t by_static;                // grade D
    int64_t by_dynamic;               // grade B or C
    int64_t by_code, by_code_and_pin; // grade C, grade B
    int64_t code_count, scan_count;   // without PIN; with or without
};
// What the tables beside the ledger say of an account; one per account, in the same order.
struct audit_owner {
    int64_t parties; // people and merchants that name it
    bool limited;    // guard_wallet has a row
    struct audit_limits limits;
    struct audit_usage usage;
};

// party_wallet, party_merchant.
struct audit_party {
    int64_t id, account, currency, kind, class, nopin;
    bool frozen, person;
};

// An operation with the stored answer that made it.
struct audit_operation {
    int64_t seq, kind, state, payer, payee, amount, currency, at_us, done_us;
    struct id id;
    const char *detail;
    bool answered;
    int64_t actor, route;
    const char *answer;
    size_t answer_size;
};

struct audit {
    struct db *db;
    const struct audit_options *options;
    struct audit_result *out;
    struct arena *arena;
    struct audit_account *accounts; // by id
    size_t account_count, account_capacity;
    struct audit_owner *owners;                       // of accounts[i]
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

// Parties, limits and stored answers (W1 … W3).
void audit_take_limits(struct audit *audit, int64_t account, const struct audit_limits *limits);
void audit_take_party(struct audit *audit, const struct audit_party *party);
void audit_take_operation(struct audit *audit, const struct audit_operation *operation);
void audit_check_owners(struct audit *audit);
void audit_check_answer(struct audit *audit, const struct audit_operation *operation);
// The value of `key` in the outermost object of a JSON text; strings without their quotes. False:
// not there, or not JSON.
bool audit_json_member(const char **out, size_t *out_size, const char *text, size_t size,
                       const char *key);

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
// Reports each row (account, seq, expected, found) of a query as one finding.
enum code audit_store_ask(struct audit *audit, const char *name, const char *invariant,
                          const char *sql);

// audit_parties_store.c
enum code audit_store_parties(struct audit *audit);
enum code audit_store_limits(struct audit *audit);
enum code audit_store_operations(struct audit *audit);
enum code audit_store_answers(struct audit *audit);

// audit_orders_store.c
enum code audit_store_orders(struct audit *audit);
enum code audit_store_charges(struct audit *audit);
enum code audit_store_bank(struct audit *audit);

// audit_desk_store.c
enum code audit_store_trail(struct audit *audit);

#endif
