// onboard_trouble: when an opening does not go straight through — what a decision found and how the
// person mends it, the small amount that links a phone, the draft that goes on elsewhere (another
// device, a branch), and steps sent again over a bad network.
//
// A mismatch with the bank's records puts the application back into the person's hands (state
// draft, step "trouble"): its class is told only now, after phone and face were proved. Nothing in
// the steps before says whether a phone or an ID number is known.
#ifndef ONBOARD_ONBOARD_TROUBLE_H
#define ONBOARD_ONBOARD_TROUBLE_H

#include "desk/desk.h"
#include "onboard/onboard.h"

const char *onboard_trouble_name(enum onboard_trouble_kind kind); // "name", "document" …

// --- mending

// Another name for the same ID number, while the trouble is there: face, password and PIN stay, the
// register is asked again when the application is submitted. CODE_STEP_ORDER when there is no
// trouble; CODE_NAME_INVALID.
enum code onboard_correct_name(struct db *db, const struct onboard *onboard, int64_t number,
                               const char *name, struct problem *problem);

// --- the small amount on the person's own card (trouble: phone)

#define ONBOARD_LINK_QUEUE "link" // outbox queue; ref = link id

enum onboard_link_state {
    ONBOARD_LINK_NONE = 0,
    ONBOARD_LINK_SENDING, // the bank was asked to credit
    ONBOARD_LINK_WAITING, // credited: the person types the amount
    ONBOARD_LINK_DONE,    // right: the phone is linked
    ONBOARD_LINK_REFUSED, // the card is not this person's, or cannot be used
    ONBOARD_LINK_CLOSED,  // three misses
    ONBOARD_LINK_EXPIRED,
};
const char *onboard_link_state_name(enum onboard_link_state state);
struct onboard_link {
    struct id id;
    enum onboard_link_state state;
    char last4[5], bank[64];
    int32_t tries_left;
    int64_t until_us; // WAITING: until when it may be typed; CLOSED: until when the way is closed
};
// The last one of this application, or what closes the way for this person. CODE_NOT_FOUND.
enum code onboard_link_load(struct db *db, const struct onboard *onboard, int64_t number,
                            struct onboard_link *out);
// Asks the bank to credit a random amount. CODE_STEP_ORDER (no such trouble), CODE_REQUEST_RUNNING
// (one is under way), CODE_CARD_NUMBER_INVALID, CODE_CARD_NOT_SUPPORTED, CODE_LINK_CLOSED (with
// until_us).
enum code onboard_link_start(struct db *db, const struct onboard *onboard, int64_t number,
                             const char *card_number, struct problem *problem);
// `amount` in minor units. Right: the phone is linked, the step is "review" again. CODE_LINK_WRONG
// with tries_left (change->keep!): no hint whether more or less; CODE_LINK_CLOSED after the last
// one; CODE_STEP_ORDER: nothing to type.
enum code onboard_link_type(struct db *db, const struct onboard *onboard, int64_t number,
                            int64_t amount, struct problem *problem);
// Ends what nobody typed in time; its money comes back as well. At most `limit`. For the timer.
enum code onboard_links_expire(struct db *db, const struct onboard *onboard, size_t limit,
                               int64_t *out_expired);

// The worker's side: what to ask for this row, and what its answer means. Both inside a
// transaction.
enum onboard_link_call {
    ONBOARD_LINK_CALL_NONE = 0, // nothing: the row was finished here
    ONBOARD_LINK_CALL_CREDIT,   // id, name, id_number, card_number, amount
    ONBOARD_LINK_CALL_RETURN,   // id, original, amount
    ONBOARD_LINK_CALL_INQUIRE,  // id, amount
};
struct onboard_link_task {
    enum onboard_link_call call;
    int64_t outbox_seq;
    struct id link, id, original;
    char name[PARTY_NAME_MAX], id_number[PARTY_ID_NUMBER_MAX], card_number[24];
    int64_t amount;
    int32_t business_date;
};
enum onboard_link_outcome {
    ONBOARD_LINK_YES = 1,
    ONBOARD_LINK_NO,
    ONBOARD_LINK_PENDING,
    ONBOARD_LINK_NOT_FOUND, // the bank does not know the id
    ONBOARD_LINK_NO_ANSWER,
};
enum code onboard_link_begin(struct db *db, const struct onboard *onboard,
                             const struct party_outbox *row, struct onboard_link_task *out);
// Books what moved. The outbox row is finished, or runs again later.
enum code onboard_link_apply(struct db *db, const struct onboard *onboard,
                             const struct onboard_link_task *task,
                             enum onboard_link_outcome outcome);

// --- going on elsewhere

enum onboard_pass_kind { ONBOARD_HANDOVER = 1, ONBOARD_TICKET };
enum onboard_pass_ending {
    ONBOARD_PASS_OPEN = 0,
    ONBOARD_PASS_USED,
    ONBOARD_PASS_CANCELLED,
    ONBOARD_PASS_REPLACED,
};
#define ONBOARD_CODE_TEXT 20 // "K7QF-2M9D-81XA-5WZT", with NUL
struct onboard_pass {
    struct id id; // "han_…", "tic_…"
    enum onboard_pass_kind kind;
    int64_t number; // of the application
    char ticket[9]; // 8 digits, the last one checks the others; "" = hand-over
    bool agreed;    // the branch may open it by number and document
    enum onboard_trouble_kind cause;
    char findings[512]; // "name=value" lines: cause, mismatches, face_tries, link …
    char case_number[16];
    enum onboard_pass_ending ending;
    int64_t created_us, expires_us, ended_us;
};
// What only the holder of the key learns; told once, kept nowhere.
struct onboard_pass_secret {
    char key[VAULT_PASS_KEY_TEXT]; // of the QR code, 256 bits
    char code[ONBOARD_CODE_TEXT];  // typed instead of it (hand-over)
};
// A new one; an open one of the same kind ends. `agreed`: of a ticket. CODE_STEP_ORDER: nothing to
// hand over any more.
enum code onboard_pass_new(struct db *db, const struct onboard *onboard, int64_t number,
                           enum onboard_pass_kind kind, bool agreed, struct onboard_pass *out,
                           struct onboard_pass_secret *out_secret);
// The last one of an application. CODE_NOT_FOUND.
enum code onboard_pass_of(struct db *db, int64_t number, enum onboard_pass_kind kind,
                          struct onboard_pass *out);
// OK also when there is none that is open.
enum code onboard_pass_cancel(struct db *db, const struct onboard *onboard, int64_t number,
                              enum onboard_pass_kind kind);
// Takes a draft over: by id and key (QR code) or by `code` alone (typed; id and key NULL). The old
// device's cookie ends. CODE_HANDOVER_INVALID (wrong, cancelled), CODE_HANDOVER_USED,
// CODE_HANDOVER_EXPIRED.
enum code onboard_handover_take(struct db *db, const struct onboard *onboard, const struct id *id,
                                const char *key, const char *code, struct onboard_application *out,
                                char token[VAULT_TOKEN_TEXT]);

// --- at the branch (the console)

// What the ticket holds of the person; personal data, mem_wipe it.
struct onboard_ticket_copy {
    char name[PARTY_NAME_MAX], id_number[PARTY_ID_NUMBER_MAX], phone[PARTY_PHONE_MAX];
};
// Finds a ticket: by number or by id. No personal data. CODE_NOT_FOUND.
enum code onboard_ticket_by_number(struct db *db, const char *ticket, struct onboard_pass *out);
enum code onboard_ticket_by_id(struct db *db, const struct id *id, struct onboard_pass *out);
// Opens it: by the QR code's key; or, if the person agreed, by the document's number that the clerk
// typed from the document itself. CODE_TICKET_INVALID: other key or document, not agreed, used,
// cancelled, over its time.
enum code onboard_ticket_open_key(const struct onboard *onboard, const struct onboard_pass *pass,
                                  struct db *db, const char *key, struct onboard_ticket_copy *out);
enum code onboard_ticket_open_document(const struct onboard *onboard,
                                       const struct onboard_pass *pass, struct db *db,
                                       const char *id_number, struct onboard_ticket_copy *out);
// The clerk's finish, a step of the same application. approved: the identity was confirmed in
// person (name and number as on the document): wallet class 1, notice and SMS. Refused: the
// application is refused with identity-mismatch. The ticket is used up. CODE_TICKET_INVALID;
// CODE_STEP_ORDER: the person has not yet chosen password and PIN; CODE_IDENTITY_IN_USE,
// CODE_PHONE_IN_USE.
struct onboard_ticket_finish {
    struct id ticket;
    bool approved;
    const char *name, *id_number; // as on the document
};
enum code onboard_ticket_finish(struct db *db, const struct onboard *onboard,
                                const struct onboard_ticket_finish *in, struct problem *problem);

// --- steps over a bad network

// The stored answer of an attempt: *out_status 0 = not seen yet. The answer lives in `arena`.
enum code onboard_attempt_find(struct db *db, const struct onboard *onboard, int64_t number,
                               const struct id *attempt, const char *route, struct arena *arena,
                               int *out_status, const char **out_answer, size_t *out_size);
// Keeps it, sealed. Inside the transaction of the step.
enum code onboard_attempt_keep(struct db *db, const struct onboard *onboard, int64_t number,
                               const struct id *attempt, const char *route, int status,
                               const char *answer, size_t size);
// Deletes attempts and ended passes that are of no use any more. At most `limit` of each.
enum code onboard_trouble_prune(struct db *db, int64_t now_us, size_t limit, int64_t *out_deleted);

#endif
