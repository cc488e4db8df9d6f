// pay: paying people and shops — pay codes, merchants' codes and orders, transfers. Every function
// that moves money is a change for the group committer; the caller has signed the person in and
// checked the PIN where `pin` says so.
#ifndef PAY_PAY_H
#define PAY_PAY_H

#include "books/books.h"
#include "guard/guard_idempotency.h"
#include "guard/guard_limits.h"

// What the rules read besides the tables.
struct pay_world {
    const struct guard_profiles *profiles;
    const struct vault *vault;
    const struct env *env;
};

enum { PAY_TEXT_MAX = 121 }; // bytes of a memo or order text, with NUL: 30 characters of 4 bytes

// --- codes that shops and payees show -----------------------------------------------------------

enum pay_token_kind { PAY_TOKEN_NONE, PAY_TOKEN_MERCHANT, PAY_TOKEN_ORDER, PAY_TOKEN_RECEIVE };
struct pay_token {
    enum pay_token_kind kind;
    char number[PARTY_WALLET_NUMBER]; // merchant or wallet number
    struct id order;
    int64_t amount; // of a receive code; 0 = open
};
enum { PAY_TOKEN_TEXT = 96 };
// "m/<number>/<signature>", "o/<32 hex>/<signature>", "r/<number>/<amount>/<signature>".
void pay_token_make(const struct vault *vault, const struct pay_token *token,
                    char out[PAY_TOKEN_TEXT]);
// CODE_QR_INVALID: not one of ours, or changed.
enum code pay_token_read(struct pay_token *out, const struct vault *vault, const char *text);

// What a scanned text is (the recogniser; opens nothing).
enum pay_scan_kind {
    PAY_SCAN_MERCHANT,
    PAY_SCAN_ORDER,
    PAY_SCAN_RECEIVE,
    PAY_SCAN_PAYCODE, // somebody's pay code: a till scans it
    PAY_SCAN_FOREIGN, // another wallet's; `issuer` says whose
    PAY_SCAN_CARD,    // perhaps a bank card's number: not kept
    PAY_SCAN_URL,     // another address; `host` is shown, nothing is opened
    PAY_SCAN_TEXT,
};
struct pay_scan {
    enum pay_scan_kind kind;
    struct pay_token token;
    char token_text[PAY_TOKEN_TEXT];
    const char *issuer; // "wechat", "alipay", "unionpay", "emv"
    char host[128];
};
// `public_url` = "https://wallet.example.org". CODE_QR_INVALID only when it is ours but its
// signature is wrong.
enum code pay_scan_read(struct pay_scan *out, const struct pay_world *world, const char *public_url,
                        const char *text);

// --- pay codes
// ------------------------------------------------------------------------------------

struct pay_code {
    char digits[25];
    int64_t expires_us;
    int32_t life_s, renew_before_s;
};
// A new code; `automatic` leaves the one before alive for the grace time, else it is void at once.
// Within a transaction.
enum code pay_code_new(struct pay_code *out, struct db *db, const struct pay_world *world,
                       int64_t person, int64_t account, bool automatic);
enum code pay_codes_void(struct db *db, int64_t person);

// --- money --------------------------------------------------------------------------------------

// A payment or transfer of a signed-in person. Hot: many run together (pay_money_run).
struct pay_money {
    struct db_change
        change; // change.run_group = pay_money_run, change.done and user are the caller's
    const struct pay_world *world;
    struct guard_request request; // idempotency; request.key = the operation's id
    enum books_kind kind;         // BOOKS_PAYMENT or BOOKS_TRANSFER
    enum guard_channel channel;
    bool pin;
    int64_t payer, payee; // people or merchants (0 = none to notify)
    int64_t payer_account, payee_account;
    int64_t amount;
    enum money_currency currency;
    const char *memo;   // "" = none
    const char *detail; // "method=scan_static;order=…": see activity.h; "" = none
    struct id order;    // dynamic order to be paid; zero = none. Its account and amount rule.
    // Out:
    struct problem problem;
    bool repeated; // answer is the stored one
    int64_t seq, at_us, balance_after;
    struct guard_answer answer; // what render made or what was stored; lives until done() returns
    // Renders the answer to be stored; on the committer's thread, after the decision, before the
    // commit. Must not block.
    void (*render)(struct pay_money *money);
    void *user;
};
enum code pay_money_run(struct db *db, struct db_change **changes, size_t count);

// --- charges by pay code
// -----------------------------------------------------------------------------

struct pay_charge {
    struct id id;
    int64_t merchant, merchant_account, person, account, amount;
    enum money_currency currency;
    char order_text[PAY_TEXT_MAX];
    enum books_state state;
    char refusal[32]; // code name when failed
    int64_t journal_seq, created_us, expires_us, finished_us;
};
struct pay_charge_request {
    struct db_change change; // change.run = pay_charge_run
    const struct pay_world *world;
    struct guard_request request;
    int64_t merchant, merchant_account;
    const char *digits; // as scanned
    int64_t amount;
    const char *order_text;
    struct problem problem; // a refusal before a charge exists: unknown, expired, used code
    bool repeated;
    struct pay_charge charge; // out
    struct guard_answer answer;
    void (*render)(struct pay_charge_request *charge);
    void *user;
};
enum code pay_charge_run(struct db *db, struct db_change *change);

// The payer's answer, or the till's cancellation. change.run = pay_charge_answer_run
enum pay_answer { PAY_CONFIRM, PAY_DECLINE, PAY_CANCEL };
struct pay_charge_answer {
    struct db_change change;
    const struct pay_world *world;
    struct id id;
    enum pay_answer answer;
    int64_t person;   // PAY_CONFIRM, PAY_DECLINE: must be the payer
    int64_t merchant; // PAY_CANCEL: must be the merchant
    struct problem problem;
    struct pay_charge charge; // out
    void *user;
};
enum code pay_charge_answer_run(struct db *db, struct db_change *change);
enum code pay_charge_load(struct pay_charge *out, struct db *db, const struct id *id);
// Newest first. Visit returns false to stop.
enum code pay_charges_of_merchant(struct db *db, int64_t merchant, size_t limit,
                                  bool (*visit)(void *context, const struct pay_charge *charge),
                                  void *context);
// Closes charges whose time is over and old codes; for jobs. Within a transaction.
enum code pay_expire_due(struct db *db, const struct pay_world *world, int64_t now_us);

// --- orders
// -----------------------------------------------------------------------------------------

enum pay_order_state { PAY_ORDER_OPEN = 1, PAY_ORDER_PAID, PAY_ORDER_CLOSED };
struct pay_order {
    struct id id;
    int64_t merchant, account, amount;
    enum money_currency currency;
    char order_text[PAY_TEXT_MAX];
    enum pay_order_state state;
    int64_t created_us, expires_us;
    struct id paid_by;
};
// The same id again with the same content is OK (out = the stored one); other content
// CODE_CONFLICT_IDEMPOTENCY. In a transaction.
enum code pay_order_add(struct db *db, const struct pay_order *order, struct pay_order *out,
                        struct problem *problem);
enum code pay_order_load(struct pay_order *out, struct db *db, const struct id *id);

// --- contacts
// ---------------------------------------------------------------------------------------

struct pay_contact {
    int64_t peer, last_us, last_amount;
};
enum code pay_contact_known(bool *out, struct db *db, int64_t person, int64_t peer);
// Paid for the first time since then; last_us = when that was.
enum code pay_contacts_new(struct db *db, int64_t person, int64_t since_us, size_t limit,
                           struct pay_contact *out, size_t *out_count);
enum code pay_contacts(struct db *db, int64_t person, size_t limit, struct pay_contact *out,
                       size_t *out_count);

#endif
