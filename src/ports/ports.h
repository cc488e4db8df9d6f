// ports: what the bank needs from outside — SMS, face check, identity register, card banks — as
// calls with a strict outcome. Every driver speaks JSON over HTTP with a total deadline, follows no
// redirect, reads at most 64 KiB, and turns whatever it cannot understand into "unknown". Only
// worker threads call these; each call blocks until its deadline at most. Thread-safe.
#ifndef PORTS_PORTS_H
#define PORTS_PORTS_H

#include "base/base.h"

enum ports_outcome {
    PORTS_DONE = 1, // final: it happened (sms: accepted; face: passed; identity: match)
    PORTS_REFUSED,  // final: it did not happen; `reason` says why
    PORTS_PENDING,  // they have it, not final: inquire later
    PORTS_UNKNOWN,  // no usable answer: inquire by our id, never send again under another id
};
const char *ports_outcome_name(enum ports_outcome outcome);

struct ports_options {
    const char *base_url;     // "http://127.0.0.1:8091"; https is verified
    const char *bearer;       // sent as Authorization; NULL = none
    uint32_t deadline_ms;     // total; 0 = 5000
    const char *allowed_host; // host the operator allows besides loopback; NULL = loopback only
};

// --- SMS and voice. Drivers: the sandbox (POST {base}/sms {id, phone, text, route, report_url} ->
// 200/202 {"id", "status":"accepted"} | 4xx {"id", "status":"refused", "reason"}), Kannel's
// sendsms, and a template for gateways that speak HTTP (ports_sms_load).

struct ports_sms;
// The sandbox. `route` as it is told: "a", "b", "voice".
enum code ports_sms_open(struct ports_sms **out, const struct ports_options *options,
                         const char *route);
void ports_sms_close(struct ports_sms **sms);
struct ports_message {
    struct id id; // sending the same id again must not deliver twice
    const char *phone;
    const char *text;       // UTF-8, signature included
    const char *report_url; // where the report of this message is to go; NULL = none is asked for
};
struct ports_sms_answer {
    char reason[32];     // of a refusal: the gateway's code, "GATEWAY" when it has none of use
    char gateway_id[48]; // theirs; "" = not told
    bool nothing_sent;   // UNKNOWN and provable: the connection was never made
};
// An empty text is never sent (PORTS_REFUSED). `out` may be NULL.
enum ports_outcome ports_sms_send(struct ports_sms *sms, const struct ports_message *message,
                                  struct ports_sms_answer *out);

// The routes of codes from a file of the operator (docs/OPERATING.md tells its form). Strict: an
// unknown key, a host that is not allowed or an unreadable secret stops the start, logged and told
// in `out_reason` (256 bytes, may be NULL). Routes that the file does not name are NULL.
struct ports_sms_routes {
    struct ports_sms *a, *b, *voice;
    char report_base[256]; // "http://127.0.0.1:9464": what gateways reach; "" = the default
};
enum code ports_sms_load(struct ports_sms_routes *out, const char *file, char out_reason[256]);
void ports_sms_routes_close(struct ports_sms_routes *routes);

// --- face check: POST {base}/face {id, name, id_number}; GET {base}/face/{id}
//     -> {"id", "status":"passed"|"failed"|"pending"}; DONE = passed, REFUSED = failed

struct ports_face;
enum code ports_face_open(struct ports_face **out, const struct ports_options *options);
void ports_face_close(struct ports_face **face);
enum ports_outcome ports_face_start(struct ports_face *face, const struct id *id, const char *name,
                                    const char *id_number);
enum ports_outcome ports_face_inquire(struct ports_face *face, const struct id *id);

// --- identity register: POST {base}/identity {id, name, id_number[, phone]}
//     -> {"id", "status":"match"|"mismatch"|"not_found"[, "class":"name"|"document"|"phone"]};
//     DONE = match, REFUSED = the other two. `phone` asks as well whether it is the one on file.

struct ports_identity;
enum code ports_identity_open(struct ports_identity **out, const struct ports_options *options);
void ports_identity_close(struct ports_identity **identity);
// What does not agree. A register that names no class: "not_found" is the document, "mismatch" the
// name.
enum ports_mismatch {
    PORTS_MISMATCH_NONE = 0,
    PORTS_MISMATCH_NAME,
    PORTS_MISMATCH_DOCUMENT,
    PORTS_MISMATCH_PHONE,
};
// `phone` NULL = not asked. Out: *out_mismatch, of REFUSED.
enum ports_outcome ports_identity_check(struct ports_identity *identity, const struct id *id,
                                        const char *name, const char *id_number, const char *phone,
                                        enum ports_mismatch *out_mismatch);

// --- card bank (driver "http-json"): POST {base}/bank/<operation> with "request_id" (32 hex) ->
// {"request_id", "outcome",
//     "code", …}; GET {base}/bank/inquire/{request_id}; GET {base}/bank/statement?date=&cursor=
// Amounts are integers in minor units with currency. Card numbers and ID numbers go only through
// here; we keep the card token.

struct ports_bank;
enum code ports_bank_open(struct ports_bank **out, const struct ports_options *options);
void ports_bank_close(struct ports_bank **bank);

// Why a bank refused, by group (never the bank's own words).
enum ports_bank_reason {
    PORTS_BANK_NO_REASON = 0,
    PORTS_BANK_FUNDS,       // not enough money in the card
    PORTS_BANK_CARD,        // card not usable (closed, lost, unknown token)
    PORTS_BANK_MISMATCH,    // name, ID, card or phone do not match; wrong code
    PORTS_BANK_LIMIT,       // the bank's own limit
    PORTS_BANK_MAINTENANCE, // closed now
    PORTS_BANK_OTHER,
};

struct ports_bank_answer {
    enum ports_outcome outcome;
    enum ports_bank_reason reason; // of REFUSED
    char bank_ref[48];
    char card_token[72]; // verify_identity, confirm_binding
    char card_type[8];   // "debit", "credit"
    int64_t amount; // settled, minor units; equal to the requested one whenever outcome is DONE
    int64_t bank_time_us;
    int32_t tries_left; // confirm_binding with a wrong code; −1 = not told
    bool not_found;    // inquire only: they do not know the id. Outcome is then UNKNOWN: the caller
                       // knows the visibility delay
    bool reversed;     // inquire only: was done, then undone (outcome REFUSED)
    bool nothing_sent; // UNKNOWN and provable: the connection was never made, so they have nothing
};

struct ports_bank_card { // four elements
    const char *name;
    const char *id_number;
    const char *card_number;
    const char *phone;
};
struct ports_bank_money {
    struct id request_id;
    const char *card_token;
    int64_t amount; // minor units
    const char *currency;
    const char *text; // order text on the card statement
    int32_t business_date;
};
// Checks the four elements; DONE = the bank sent a code to the phone, card_token is a challenge
// token until confirmed.
void ports_bank_verify_identity(struct ports_bank *bank, const struct id *request_id,
                                const struct ports_bank_card *card, struct ports_bank_answer *out);
// DONE = bound, card_token is the agreement. REFUSED + MISMATCH + tries_left > 0 = wrong code, may
// be tried again.
void ports_bank_confirm_binding(struct ports_bank *bank, const struct id *request_id,
                                const struct id *challenge, const char *code,
                                struct ports_bank_answer *out);
void ports_bank_debit(struct ports_bank *bank, const struct ports_bank_money *money,
                      struct ports_bank_answer *out);
void ports_bank_credit(struct ports_bank *bank, const struct ports_bank_money *money,
                       struct ports_bank_answer *out);
// Undoes the whole debit `original`. DONE also when the bank never had it.
void ports_bank_reversal(struct ports_bank *bank, const struct id *request_id,
                         const struct id *original, int64_t amount, const char *currency,
                         struct ports_bank_answer *out);
// A small amount to a card that is not bound: the bank compares name, ID number and card (`phone`
// is not asked: the phone on file may be another). REFUSED + MISMATCH: not this person's card.
void ports_bank_probe(struct ports_bank *bank, const struct id *request_id,
                      const struct ports_bank_card *card, int64_t amount, int32_t business_date,
                      struct ports_bank_answer *out);
// Takes the whole amount of the probe `original` back from the card.
void ports_bank_probe_return(struct ports_bank *bank, const struct id *request_id,
                             const struct id *original, int64_t amount,
                             struct ports_bank_answer *out);
// `amount` and `currency` as requested: a DONE with another amount becomes UNKNOWN. amount 0 = not
// a money request.
void ports_bank_inquire(struct ports_bank *bank, const struct id *request_id, int64_t amount,
                        const char *currency, struct ports_bank_answer *out);

struct ports_bank_row {
    char bank_ref[48];
    struct id request_id; // zero = they named none
    bool credit;          // true: settlement account -> card; false: card -> settlement account
    int64_t amount;
    char currency[4];
    int64_t at_us;
};
// One page of the statement of `business_date`. *cursor 0 = from the start, moved on. Returns DONE,
// or UNKNOWN (nothing usable). Out: rows (at most `max`), *out_count, *out_final = the date is
// closed and this was the last page.
enum ports_outcome ports_bank_statement(struct ports_bank *bank, int32_t business_date,
                                        int64_t *cursor, struct ports_bank_row *rows, size_t max,
                                        size_t *out_count, bool *out_final);

#endif
