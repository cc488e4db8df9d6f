// activity: what a person sees of the money — bills, sums, details, receipts. Reads only:
// statements and the journal of books/, names of party/. No SQL but one list of ended operations
// that moved nothing.
//
// The journal's `detail` is read as "name=value" pairs joined by ';' (values without ';'):
//   method=paycode|scan_static|scan_dynamic|receive|phone|contact|card|transfer
//   reason=<code of spec/errors.csv>       why it failed
//   bin=<6…8 digits>;last4=<4 digits>      the bank card of a top-up or withdrawal
//   order=<merchant's order text>          shown as counterparty detail
//   expires=<µs>                           of an open operation
#ifndef ACTIVITY_ACTIVITY_H
#define ACTIVITY_ACTIVITY_H

#include "books/books.h"
#include "guard/guard.h"
#include "party/party.h"

struct activity {
    const struct guard_profiles *profiles;
    const struct vault *vault;
    const struct env *env;
};

// Value of a name in a detail text. Returns false and "" when absent or too long for `capacity`.
bool activity_detail_get(const char *detail, const char *name, char *out, size_t capacity);

enum activity_party_kind {
    ACTIVITY_MERCHANT = 1,
    ACTIVITY_PERSON,
    ACTIVITY_BANK,
    ACTIVITY_OPERATOR
};

// An operation as its payer or payee sees it. Texts live in the arena of the call.
struct activity_operation {
    int64_t seq;
    struct id id, related;
    enum books_kind kind;
    enum books_state state; // shown state: with refunds
    bool out;               // money leaves the viewer's account
    int64_t amount, fee;
    enum money_currency currency;
    struct {
        enum activity_party_kind kind;
        const char *name, *name_en; // merchant's name; masked person's name; bank + last 4
        const char *detail;         // order text, masked phone; "" = none
    } counterparty;
    struct {
        bool card; // else the balance
        const char *name, *name_en;
    } source;
    const char *memo;                        // "" = none
    const char *method;                      // "" = not told
    char order_number[20];                   // 8 date digits, 10 digits, Luhn digit
    char receipt_code[20];                   // XXXX-XXXX-XXXX
    int64_t created_us, done_us, expires_us; // 0 = not / none
    enum code failure;                       // of a failed one; OK = none
    bool has_balance_after;
    int64_t balance_after; // the viewer's posted balance after its last transfer
    struct {
        enum books_state state;
        int64_t at_us;
    } timeline[4];
    size_t timeline_count;
    const struct id *links; // related operations: what it refunds or corrects
    size_t link_count;
};

// 8 digits of the business date + 10 digits that only look random + Luhn. Deterministic.
void activity_order_number(char out[20], int64_t seq, int64_t at_us);
// Keyed check code of a receipt: over id, state, amount, currency, parties and time.
void activity_receipt_code(const struct vault *vault, const struct books_entry *entry,
                           char out[20]);

// One entry as `account` sees it. `account` must be its payer or payee, else CODE_NOT_FOUND.
enum code activity_view(struct activity_operation *out, struct db *db,
                        const struct activity *activity, struct arena *arena, int64_t account,
                        const struct books_entry *entry);
// By id, for one person (their wallets) or one merchant's account. CODE_NOT_FOUND also when it is
// someone else's. `accounts`: those of the viewer, zero ones are skipped.
enum code activity_operation(struct activity_operation *out, struct db *db,
                             const struct activity *activity, struct arena *arena,
                             const int64_t *accounts, size_t account_count, const struct id *id);

enum { ACTIVITY_IN = 1, ACTIVITY_OUT = 2 };
struct activity_query {
    int64_t owner; // person or −merchant: the cursor is bound to it
    int64_t account;
    int32_t month;        // yyyymm; 0 = all
    enum books_kind kind; // 0 = all
    int direction;        // ACTIVITY_IN, ACTIVITY_OUT; 0 = both
    const char *text;     // counterparty, memo or amount contains; NULL or "" = all
    const char *cursor;   // as given out; NULL = from the newest
    size_t limit;         // 1 … 100
};
struct activity_page {
    struct activity_operation *rows; // newest first; no balance_after
    size_t count;
    const char *next_cursor; // NULL = the end
    bool partial;            // the walk was bounded before the page was full; go on with the cursor
};
// CODE_REQUEST_INVALID (pointer "/cursor"): not our cursor, or for another person or filter.
enum code activity_list(struct activity_page *out, struct db *db, const struct activity *activity,
                        struct arena *arena, const struct activity_query *query,
                        struct problem *problem);

struct activity_day {
    int32_t date; // yyyymmdd
    int64_t in, out;
};
struct activity_summary {
    int32_t month;
    int64_t in, out;              // without refunds, own top-ups and withdrawals, corrections
    struct activity_day days[31]; // all days of the month, ascending
    size_t day_count;
    bool partial; // more than 5,000 lines: the oldest ones are missing
};
enum code activity_month_summary(struct activity_summary *out, struct db *db, struct arena *arena,
                                 int64_t account, int32_t month);

#endif
