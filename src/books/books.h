// books: the only writer of the ledger_* tables and of the journal. Chart of accounts, posting,
// holds, statements.
//
// All writing goes through a *group*: the in-memory working set of one database transaction. A
// group of one is a single operation; a group of 500 is one bulk read, 500 pure decisions and a few
// bulk writes, with the same result (property test).
//   books_group_begin   reads and locks the sequence row: sequence order = commit order over all
//   processes (L13) books_group_want_*  names rows that will be needed; only a prefetch: what was
//   not named is read when it is used books_group_load    one bulk read per table books_operate,
//   books_continue, books_post, books_correct, books_account_*   decide; a refusal leaves no trace
//   in the group books_group_write   the bulk writes; afterwards the group is used up
// The transaction itself belongs to the caller (db_begin … db_commit, or the committer).
//
// Codes: a refusal returns its code and fills `problem` (may be NULL): charged = CHARGED_NO, rule =
// "ledger.<name>" with the names of ledger_result_name(). CODE_STORAGE_UNAVAILABLE and
// CODE_INTERNAL mean the whole transaction must be rolled back.
#ifndef BOOKS_BOOKS_H
#define BOOKS_BOOKS_H

#include "base/base.h"
#include "db/db.h"
#include "ledger/ledger.h"
#include "money/money.h"

// --- words ------------------------------------------------------------------------------------

// ledger_account.kind. Below 100: one per book, opened by books_open_chart; their id is
// books_chart_account().
enum books_account_kind {
    BOOKS_CASH_AT_BANK =
        10,                 // asset; owner 0; further ones per bank connector by books_account_open
    BOOKS_TRANSIT_IN = 11,  // asset: asked from a bank, not yet there
    BOOKS_TRANSIT_OUT = 12, // liability: sent to a bank, not yet confirmed
    BOOKS_UNKNOWN_OUTCOME = 13,     // money whose fate a bank has not told yet
    BOOKS_FEES = 20,                // income
    BOOKS_INTEREST = 21,            // expense: interest paid to customers
    BOOKS_CAPITAL = 22,             // the operator's own money; funds sandbox play data
    BOOKS_EXCHANGE = 23,            // position of currency exchange
    BOOKS_WEALTH_POOL = 30,         // liability: customers' money in products
    BOOKS_LOANS_RECEIVABLE = 31,    // asset
    BOOKS_CARDS_RECEIVABLE = 32,    // asset
    BOOKS_ROUNDING = 40,            // remainders of money_round_* (L10)
    BOOKS_SUSPENSE = 41,            // what could not be attributed
    BOOKS_WALLET = 100,             // a customer's wallet; never negative (L6)
    BOOKS_MERCHANT = 101,           // a merchant's settled money; never negative
    BOOKS_MERCHANT_TO_SETTLE = 102, // a merchant's money before settlement; never negative
};

// journal.kind and ledger_transfer.code: what the money is for. 1 … 19 are operations that a person
// sees.
enum books_kind {
    BOOKS_PAYMENT = 1,
    BOOKS_TRANSFER = 2,
    BOOKS_TOPUP = 3,
    BOOKS_WITHDRAWAL = 4,
    BOOKS_REFUND = 5,
    BOOKS_CORRECTION = 6,
    BOOKS_CONVERSION = 7,
    BOOKS_INTEREST_CREDIT = 8,
    BOOKS_FUNDING = 9,     // by the treasurer, or play data
    BOOKS_FEE = 20,        // linked to an operation
    BOOKS_SETTLEMENT = 21, // to settle -> settled; transit -> cash
    BOOKS_REMAINDER = 22,  // to the rounding account
};

// journal.state. 1 … 9 are open, from 10 on final.
enum books_state {
    BOOKS_CREATED = 1,
    BOOKS_AWAITING_USER = 2,
    BOOKS_PROCESSING = 3,
    BOOKS_UNKNOWN = 4,
    BOOKS_SUCCEEDED = 10,
    BOOKS_FAILED = 11,
    BOOKS_CLOSED = 12,
    // Never stored: what books_shown_state() makes of a succeeded operation with refunds.
    BOOKS_PARTIALLY_REFUNDED = 13,
    BOOKS_REFUNDED = 14,
};
// "payment", "awaiting_user" … the words of the API; "" for an unknown value.
const char *books_kind_name(enum books_kind kind);
const char *books_state_name(enum books_state state);
static inline bool books_state_final(enum books_state state)
{
    return state >= BOOKS_SUCCEEDED;
}

#define BOOKS_MEMO_MAX 240   // bytes; room for 90 bytes of text sealed by the caller
#define BOOKS_DETAIL_MAX 480 // bytes
#define BOOKS_LINKED_MAX 15  // transfers of one linked set (L9)

// --- working set ------------------------------------------------------------------------------

struct books_account {
    struct ledger_account ledger; // id, currency, flags and the four counters; read with
                                  // ledger_available() and its sisters
    int64_t owner;                // the party that owns it; 0 = the operator
    int64_t last_seq;             // newest transfer that touches it; 0 = none
    int64_t opened_us;
    enum books_account_kind kind;
};

struct books_group;

// Starts a working set inside the open transaction of `db`. Reads and locks the sequence row; must
// come before any other read of ledger tables in this transaction. Everything lives in `arena`.
// `now_us` is the time of all its transfers.
enum code books_group_begin(struct books_group **out, struct db *db, struct arena *arena,
                            int64_t now_us);
// Prefetch: an account; an operation by the client's id (for repetition and refunds); an operation
// or a hold by number.
void books_group_want_account(struct books_group *group, int64_t account);
void books_group_want_id(struct books_group *group, const struct id *operation_id);
void books_group_want_journal(struct books_group *group, int64_t seq);
void books_group_want_hold(struct books_group *group, int64_t seq);
// One bulk read per table of all that was wanted and is not there yet. May be called again.
enum code books_group_load(struct books_group *group);
// Writes everything that was decided, in bulk. Nothing is written when nothing was decided.
enum code books_group_write(struct books_group *group);

// The account as it stands now inside the group. Out: borrowed, stays valid and follows later
// decisions. CODE_NOT_FOUND.
enum code books_account(const struct books_account **out, struct books_group *group, int64_t id);

// --- operations -------------------------------------------------------------------------------

// One transfer to be made.
struct books_posting {
    enum ledger_kind kind;        // LEDGER_POST …
    enum books_kind code;         // what for
    int64_t debit, credit;        // account ids; may be 0 when a hold is ended: then the hold's
    int64_t amount;               // minor units; 0 when a hold is ended: the whole hold
    enum money_currency currency; // may be MONEY_NONE when a hold is ended
    int64_t hold;       // capture, release, expire: number of the hold (0 = the operation's)
    int64_t expires_us; // hold: deadline, wall clock; else 0
};

// One money operation that a person sees: a journal row and its transfers.
struct books_operation {
    struct id id;           // made by the client: a UUIDv7, kept for ever (L7)
    enum books_kind kind;   // 1 … 19
    enum books_state state; // BOOKS_SUCCEEDED or open; failed or closed only without postings
    int64_t payer, payee;   // account ids
    int64_t amount, fee;    // minor units; fee: Σ of the postings with code BOOKS_FEE; 0 = none
    enum money_currency currency;
    // ≤ BOOKS_MEMO_MAX bytes, NULL = none; text of a person is sealed by the caller.
    const char *memo;
    // ≤ BOOKS_DETAIL_MAX bytes, NULL = none; machine text of the pillar: reason, method, order.
    const char *detail;
    struct id related; // the operation that this one refunds or corrects; zero = none
    // Linked: all or none. The first moves `amount` from payer to payee. Count 0 = no money yet.
    const struct books_posting *postings;
    size_t posting_count;
};

struct books_result {
    int64_t seq;            // of the operation; for books_post of the first transfer
    bool repeated;          // the same was done before, also earlier in this group: nothing new
    enum books_state state; // of the operation now; 0 for books_post
};

// What each state permits, so that state and money never disagree (the auditor checks the same):
//   open            one LEDGER_HOLD payer -> payee of the whole amount, once; or no postings
//   succeeded       first the capture of its hold, or, without a hold, a LEDGER_POST of the whole
//                   amount; then linked posts: with code BOOKS_FEE exactly the fee, and others
//   failed, closed  the release or expiry of its hold; nothing when it has none
// Anything else is our bug: CODE_INTERNAL, logged, and nothing happened.

// Adds an operation.
// Same id + same content (kind, payer, payee, amount, fee, currency, related) -> OK, repeated;
// other content -> CODE_CONFLICT_IDEMPOTENCY with rule "ledger.repeated-<field>".
// A BOOKS_REFUND with `related` also keeps Σ refunds ≤ what the related operation settled; that
// must have succeeded, in the same currency, and have been paid by the refund's payee: otherwise
// CODE_NOT_ALLOWED, rule "ledger.refund-<why>", limit and left filled.
// Refusals: CODE_BALANCE_INSUFFICIENT (amount = what is missing, left = what is there),
// CODE_WALLET_FROZEN, CODE_PAYEE_LIMIT (payee frozen), CODE_AMOUNT_INVALID, CODE_PAYEE_SELF,
// CODE_NOT_FOUND (no such account), CODE_NOT_ALLOWED (closed, other currency, hold ended …).
enum code books_operate(struct books_result *out, struct books_group *group,
                        const struct books_operation *operation, struct problem *problem);

// The next step of an open operation: makes the postings (0 = none) and changes its state.
struct books_step {
    int64_t seq;            // of the operation
    enum books_state state; // the state afterwards
    const char *detail;     // replaces the operation's; NULL = keep
    const struct books_posting *postings;
    size_t posting_count;
};
// The final state it already has -> OK, repeated; another one -> CODE_NOT_ALLOWED, rule
// "ledger.state-final"; back to created -> "ledger.state-backwards". CODE_NOT_FOUND: no such one.
enum code books_continue(struct books_result *out, struct books_group *group,
                         const struct books_step *step, struct problem *problem);
// Capture (amount 0 = whole), release, expire the hold of an open operation that has no fee:
// succeeded, failed, closed. `detail` NULL = keep.
enum code books_capture(struct books_result *out, struct books_group *group, int64_t seq,
                        int64_t amount, struct problem *problem);
enum code books_release(struct books_result *out, struct books_group *group, int64_t seq,
                        const char *detail, struct problem *problem);
enum code books_expire(struct books_result *out, struct books_group *group, int64_t seq,
                       const char *detail, struct problem *problem);

// Linked transfers without a journal row: settlement, treasury. `id`: a new UUIDv7; repeated with
// the same first transfer -> OK, repeated; with another -> CODE_CONFLICT_IDEMPOTENCY.
// No holds: LEDGER_POST only.
enum code books_post(struct books_result *out, struct books_group *group, const struct id *id,
                     const struct books_posting *postings, size_t count, struct problem *problem);

// Undoes transfers (POST or CAPTURE, by number) with new, reverse ones (L3) under one operation of
// kind BOOKS_CORRECTION with `reason` as detail. A transfer can be corrected once, a correction not
// at all. When the first is the main transfer of an operation, the correction is related to it and
// counts like its refund. CODE_NOT_FOUND, CODE_NOT_ALLOWED rule "ledger.correction-…".
struct books_correction {
    struct id id; // of the new operation
    const int64_t *transfers;
    size_t count;       // 1 … BOOKS_LINKED_MAX
    const char *reason; // 1 … BOOKS_DETAIL_MAX bytes
};
enum code books_correct(struct books_result *out, struct books_group *group,
                        const struct books_correction *correction, struct problem *problem);

// --- accounts ---------------------------------------------------------------------------------

// Opens the chart of accounts of one book; does nothing for accounts that exist.
enum code books_open_chart(struct books_group *group, enum money_currency currency);
// Id of a chart account (kind < 100) of a book, without reading: currency × 1000 + kind.
static inline int64_t books_chart_account(enum money_currency currency,
                                          enum books_account_kind kind)
{
    return (int64_t)currency * 1000 + (int64_t)kind;
}
// Opens an account of `owner`; its flags follow from the kind. Out: its id, usable in this group at
// once. CODE_NOT_ALLOWED when the owner has one of this kind and currency (UNIQUE also holds it).
enum code books_account_open(int64_t *out_id, struct books_group *group,
                             enum books_account_kind kind, int64_t owner,
                             enum money_currency currency);
// Changes what the account permits: LEDGER_FROZEN_OUT, LEDGER_FROZEN_IN, LEDGER_CLOSED only (closed
// cannot be undone and needs balance 0 and nothing pending).
enum code books_account_permit(struct books_group *group, int64_t id, uint32_t set, uint32_t clear,
                               struct problem *problem);

// --- reading (any connection, also read-only) ---------------------------------------------------

// CODE_NOT_FOUND when there is no such account.
enum code books_read_account(struct books_account *out, struct db *db, int64_t id);
enum code books_find_account(int64_t *out_id, struct db *db, int64_t owner,
                             enum books_account_kind kind, enum money_currency currency);

// An operation as stored.
struct books_entry {
    int64_t seq;
    struct id id;
    enum books_kind kind;
    enum books_state state;
    int64_t payer, payee;
    int64_t amount, fee;
    int64_t settled;  // 0 until it succeeded, then the amount or the captured part of it
    int64_t refunded; // Σ of its refunds that have not failed
    int64_t hold;     // number of its hold; 0 = it never had one
    enum money_currency currency;
    const char *memo, *detail; // "" = none; in the caller's arena
    struct id related;         // zero = none
    int64_t at_us, done_us;    // done_us 0 = still open
};
enum code books_journal_by_id(struct books_entry *out, struct db *db, struct arena *arena,
                              const struct id *id);
enum code books_journal_by_seq(struct books_entry *out, struct db *db, struct arena *arena,
                               int64_t seq);
// succeeded -> partially_refunded or refunded when there are refunds; else the stored state.
enum books_state books_shown_state(const struct books_entry *entry);

// A line of an account's statement: one transfer, with the operation it belongs to.
struct books_line {
    int64_t seq;
    enum ledger_kind kind;
    enum books_kind code;
    int64_t debit, credit, amount;
    enum money_currency currency;
    int64_t at_us;
    int32_t business_date;             // yyyymmdd, Asia/Shanghai
    bool out;                          // the account was debited
    enum ledger_hold_state hold_state; // of a LEDGER_HOLD line; else LEDGER_HOLD_NONE
    int64_t captured;                  // of a LEDGER_HOLD line
    bool has_entry;
    struct books_entry entry; // valid when has_entry
};
enum books_view {
    BOOKS_ALL_LINES,  // every transfer
    BOOKS_OPERATIONS, // one line per operation: posts and holds with code 1 … 19; no captures,
                      // releases, fees
};
struct books_statement_query {
    int64_t account;
    int64_t before_seq; // 0 = from the newest; else the seq of the last line already seen
    int64_t since_us;   // stop at transfers older than this; 0 = none
    size_t limit;       // ≥ 1
    enum books_view view;
};
// Newest first. Walks the chain of the account by primary key; there is no per-account index. Out:
// in `arena`. Fewer than `limit` lines: the end was reached. A before_seq that is not of this
// account gives none.
enum code books_statement(struct books_line **out, size_t *out_count, struct db *db,
                          struct arena *arena, const struct books_statement_query *query);

// Numbers of open operations that started before `before_us`, oldest first (for jobs). *io_count:
// room in, found out.
enum code books_journal_open(int64_t *out_seqs, size_t *io_count, struct db *db, int64_t before_us);
// Open operations that an account pays or receives, newest first, also those without transfers.
enum code books_journal_open_of(struct books_entry **out, size_t *out_count, struct db *db,
                                struct arena *arena, int64_t account);
// Numbers of open holds whose deadline is at or before `now_us`, oldest deadline first.
enum code books_holds_due(int64_t *out_seqs, size_t *io_count, struct db *db, int64_t now_us);
// Last sequence number given out.
enum code books_last_seq(int64_t *out, struct db *db);

// Replays all transfers by number through the pure core and compares (L13). Out: how many, and the
// first account or transfer that differs (0 = none).
struct books_replay {
    int64_t transfers;
    int64_t bad_transfer; // refused by the core in replay
    int64_t bad_account;  // counters or last_seq differ from the stored ones
    enum ledger_result refusal;
};
enum code books_replay(struct books_replay *out, struct db *db, struct arena *arena);

#endif
