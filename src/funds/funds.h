// funds: bank cards, top-ups and withdrawals. The rules and the stored states; who speaks to the
// bank is jobs/, which asks `funds_bank_begin` what to send, sends it outside any transaction, and
// hands the answer to `funds_bank_apply`. Everything that is sent is made from stored rows only,
// with ids stored before the first send, so that a crash at any point continues where it was.
//
// Invariants (numbered, cited in funds_bank.c and tests/property/funds_bank.c):
// F1 The request id of a debit or credit is the operation's id, for ever; never a second id.
// F2 Money is booked at most once an order: in the transaction that makes the order final.
// F3 An order ends only by the bank's word (done, refused, reversal done) or when nothing was sent.
// F4 "Not found" counts as "nothing happened" only after the bank's visibility delay.
// F5 An open order always has an outbox row that will run.
// F6 The full card number, the code and the identity number stand in no table of this room.
#ifndef FUNDS_FUNDS_H
#define FUNDS_FUNDS_H

#include "books/books.h"
#include "guard/guard.h"
#include "guard/guard_limits.h"
#include "party/party.h"

// Outbox queue of this room; `ref` is made and read by this room only.
#define FUNDS_QUEUE "bank"

struct funds_settings {
    int64_t visibility_delay_us; // after a send, "not found" means nothing until then [60 s]
    int64_t resend_until_us;     // a top-up that the bank never saw is given up after this [10 min]
    int64_t backoff_first_us;    // [5 s]
    int64_t backoff_max_us;      // [10 min]
    int64_t breaker_open_us;     // new orders are refused for this long [30 s]
    int32_t breaker_failures;    // calls without a usable answer in a row [5]
    int32_t card_calls_max;      // tries of one card question before it is given up [6]
    int32_t cards_max;           // bound cards of a person [5]
    int32_t card_tries_day;      // failed additions a day and person [3]
    int32_t card_number_day;     // additions a day of one card number, all persons [10]
    int64_t card_code_life_us;   // a card that waits for its code [5 min]
};
// The values in brackets. `sandbox`: visibility 3 s, back-off 0.5 s … 10 s, breaker 5 s.
struct funds_settings funds_settings_default(bool sandbox);

// What the functions need; made once at the start.
struct funds {
    const struct guard_profiles *profiles;
    const struct vault *vault;
    const struct env *env;
    struct funds_settings settings;
};

// --- cards --------------------------------------------------------------------------------------

enum funds_card_state {
    FUNDS_CARD_VERIFYING = 1, // asked the bank
    FUNDS_CARD_AWAITING_CODE,
    FUNDS_CARD_CONFIRMING,
    FUNDS_CARD_BOUND,
    FUNDS_CARD_FAILED,
    FUNDS_CARD_REMOVED,
};
// "verifying", "awaiting_code" … the words of the API.
const char *funds_card_state_name(enum funds_card_state state);

struct funds_card {
    struct id id; // "crd_…"; the client's Idempotency-Key
    int64_t person;
    enum funds_card_state state;
    char bin[9], last4[5], type[8];
    const char *bank, *bank_en; // from the profile; live as long as it
    char phone_masked[32];
    int32_t tries_left;     // of the code; −1 = not known
    enum code failure;      // of FAILED; else OK
    int32_t additions_left; // of FAILED: additions left today, for the text of card-not-added
    int64_t created_us;
};

struct funds_new_card {
    struct id id;
    int64_t person;
    const char *card_number; // as typed; spaces are dropped
    const char *phone;       // reserved at the bank, as typed
};
// Inside a transaction. Same id + same card again -> OK and the card as it is. Refusals:
// CODE_CARD_NUMBER_INVALID, CODE_CARD_NOT_SUPPORTED, CODE_PHONE_INVALID, CODE_CARD_EXISTS,
// CODE_CARD_NOT_ADDED (no additions left today: tries_left 0), CODE_NOT_ALLOWED (rule "cards.max"),
// CODE_REQUEST_RUNNING (another addition of this card runs), CODE_CONFLICT_IDEMPOTENCY,
// CODE_BANK_MAINTENANCE. An older addition of the same card that waits for its code is given up.
enum code funds_card_add(struct db *db, const struct funds *funds, const struct funds_new_card *in,
                         struct funds_card *out, struct problem *problem);
// The bank's code, typed by the person. CODE_NOT_FOUND; CODE_OTP_EXPIRED; CODE_OTP_WRONG (not six
// digits; no try is used); CODE_REQUEST_RUNNING while confirming; bound -> OK.
enum code funds_card_confirm(struct db *db, const struct funds *funds, int64_t person,
                             const struct id *card, const char *code, struct funds_card *out,
                             struct problem *problem);
// The caller has checked the PIN. Again -> OK. CODE_REQUEST_RUNNING while an order of it is open.
enum code funds_card_remove(struct db *db, const struct funds *funds, int64_t person,
                            const struct id *card, struct problem *problem);
// Any state. CODE_NOT_FOUND when there is none or it is someone else's.
enum code funds_card_load(struct db *db, const struct funds *funds, int64_t person,
                          const struct id *card, struct funds_card *out);
// Bound cards and additions in progress, oldest first.
enum code funds_cards_list(struct db *db, const struct funds *funds, int64_t person,
                           bool (*visit)(void *context, const struct funds_card *card),
                           void *context);
// Gives up additions that waited too long for their code. At most `limit`. For the timer.
enum code funds_cards_expire(struct db *db, const struct funds *funds, size_t limit,
                             int64_t *out_expired);

// --- top-up and withdrawal
// ------------------------------------------------------------------------

struct funds_request {
    struct id id; // the operation's id = the client's Idempotency-Key
    int64_t person;
    struct id card;
    int64_t amount; // minor units of CNY
};
// Inside a transaction; the caller has checked the PIN. Write the journal row, the order and the
// outbox row together. Same id + same content -> OK, out->repeated. Refusals, nothing charged:
// CODE_AMOUNT_INVALID, CODE_CARD_NOT_USABLE (not a bound card of this person), CODE_WALLET_FROZEN,
// CODE_BANK_MAINTENANCE (subject = bank), CODE_BALANCE_LIMIT, CODE_BALANCE_INSUFFICIENT,
// CODE_LIMIT_EXCEEDED, CODE_CONFLICT_IDEMPOTENCY.
enum code funds_topup(struct books_result *out, struct db *db, const struct funds *funds,
                      const struct funds_request *request, struct problem *problem);
enum code funds_withdraw(struct books_result *out, struct db *db, const struct funds *funds,
                         const struct funds_request *request, struct problem *problem);

enum funds_order_state {
    FUNDS_SUBMITTED = 1, // not yet asked
    FUNDS_PROCESSING,    // asked; or the bank has it
    FUNDS_UNKNOWN,       // asked, no usable answer
    FUNDS_REVERSING,     // a debit that we may not keep is being undone
    FUNDS_DONE = 10,
    FUNDS_FAILED = 11,
};
struct funds_order {
    struct id id, card, reversal; // reversal: its request id; zero = none
    enum books_kind kind;         // BOOKS_TOPUP, BOOKS_WITHDRAWAL
    enum funds_order_state state;
    enum code failure; // of REVERSING and FAILED
    int64_t person, account, seq, amount;
    int64_t sends;    // requests that may have reached the bank
    int64_t sent_us;  // last send whose fate is not known; 0 = the next action is to send
    int64_t attempts; // answers in a row that were not final
    char bank_ref[48];
    int64_t created_us, done_us;
};
enum code funds_order_load(struct db *db, const struct id *id, struct funds_order *out);

// --- the worker's side
// ------------------------------------------------------------------------------

enum funds_call {
    FUNDS_CALL_NONE = 0, // nothing to ask: the outbox row is finished
    FUNDS_CALL_VERIFY,   // id, name, id_number, card_number, phone
    FUNDS_CALL_CONFIRM,  // id, original = challenge, code
    FUNDS_CALL_DEBIT,    // id, token, amount, text
    FUNDS_CALL_CREDIT,
    FUNDS_CALL_INQUIRE,  // id, amount
    FUNDS_CALL_REVERSAL, // id, original, amount
};
// One question to the bank. Holds personal data: funds_task_wipe() it.
struct funds_task {
    enum funds_call call;
    int64_t outbox_seq;
    int32_t attempts;  // of the outbox row
    struct id subject; // the order or card
    struct id id, original;
    char name[PARTY_NAME_MAX], id_number[PARTY_ID_NUMBER_MAX], phone[PARTY_PHONE_MAX];
    char card_number[24], code[8], token[72], text[96];
    int64_t amount;
    char currency[4];
    int32_t business_date;
};
void funds_task_wipe(struct funds_task *task);

enum funds_outcome { FUNDS_YES = 1, FUNDS_NO, FUNDS_PENDING, FUNDS_NO_ANSWER };
enum funds_reason { // groups, as ports_bank_reason
    FUNDS_NO_REASON = 0,
    FUNDS_NOT_ENOUGH,
    FUNDS_BAD_CARD,
    FUNDS_MISMATCH,
    FUNDS_BANK_LIMIT,
    FUNDS_BANK_CLOSED,
    FUNDS_OTHER,
};
struct funds_answer {
    enum funds_outcome outcome;
    enum funds_reason reason;
    char bank_ref[48], card_token[72], card_type[8];
    int64_t amount; // settled
    int64_t bank_time_us;
    int32_t tries_left; // −1 = not told
    bool not_found, reversed, nothing_sent;
};

// Inside a transaction: what to ask for this outbox row, and the mark that it is being asked (so
// that after a crash the next step is to inquire). CALL_NONE: the row was finished here.
enum code funds_bank_begin(struct db *db, const struct funds *funds, const struct party_outbox *row,
                           struct funds_task *out);
// Inside another transaction: takes the answer over, finishes or re-schedules the outbox row, moves
// money, notices, events. *out_next_us (may be NULL): when the row runs again; 0 = finished.
enum code funds_bank_apply(struct db *db, const struct funds *funds, const struct funds_task *task,
                           const struct funds_answer *answer, int64_t *out_next_us);

// Is the bank's breaker open? Out: until when new orders are refused (0 = closed).
enum code funds_breaker(struct db *db, int64_t now_us, int64_t *out_until_us);

#endif
