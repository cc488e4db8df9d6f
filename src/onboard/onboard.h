// onboard: opening a wallet — the application from the first consent to the opened wallet. The
// draft lives on the server, keyed by the hash of a cookie token, for 7 days; it occupies neither
// the phone nor the ID number. One ID number = one wallet.
//
// Steps in order: identity, phone, face, password, pin, review, submitted; earlier ones may be
// edited until submitted. Outbox queues: "sms" (guard; "wallet.opened" when it opens), "face" and
// "decide", both ref = application id (16 bytes), no payload; events to stream key
// onboard_stream_key(): "application"
// {"state","step"}.
//
// A decision that finds a mismatch with the bank's records puts the application back to the person
// at step "trouble" (onboard_trouble.h: how it is mended, hand-over, branch ticket, card link).
#ifndef ONBOARD_ONBOARD_H
#define ONBOARD_ONBOARD_H

#include "desk/desk_document.h"
#include "guard/guard_open.h"
#include "otp/otp.h"

#define ONBOARD_LIFE_US (INT64_C(7) * 86400 * 1000000)
#define ONBOARD_FACE_TRIES 3
#define ONBOARD_CLASS 3           // wallet class opened by ID + phone
#define ONBOARD_CLASS_BRANCH 1    // by a clerk who saw person and document
#define ONBOARD_CLASS_ANONYMOUS 4 // by phone alone: no identity, no face

enum onboard_state {
    ONBOARD_DRAFT = 1,
    ONBOARD_SUBMITTED,
    ONBOARD_CHECKING,
    ONBOARD_OPENED,
    ONBOARD_REFUSED,
};
enum onboard_face {
    ONBOARD_FACE_NONE = 0,
    ONBOARD_FACE_CHECKING,
    ONBOARD_FACE_PASSED,
    ONBOARD_FACE_FAILED
};
// What does not agree with the bank's records; BRANCH: told at the branch only (profile "record").
enum onboard_trouble_kind {
    ONBOARD_TROUBLE_NONE = 0,
    ONBOARD_TROUBLE_NAME,
    ONBOARD_TROUBLE_DOCUMENT,
    ONBOARD_TROUBLE_PHONE,
    ONBOARD_TROUBLE_BRANCH,
};
enum onboard_linked { ONBOARD_NOT_LINKED = 0, ONBOARD_LINKED_BY_CARD, ONBOARD_LINKED_AT_BRANCH };
struct onboard_trouble {
    enum onboard_trouble_kind kind;
    enum onboard_linked linked; // the phone: the register is not asked about it any more
    int32_t misses;             // decisions that found a mismatch
    int32_t tries_left;         // 0: the branch is left
    int64_t found_us;
};
// An operator looks instead of the machine (topic "face"), and says so by onboard_review_decide().
enum onboard_review {
    ONBOARD_REVIEW_NONE = 0,
    ONBOARD_REVIEW_WAITING,
    ONBOARD_REVIEW_APPROVED,
    ONBOARD_REVIEW_REFUSED
};
const char *onboard_review_name(enum onboard_review review); // "none" "waiting" …
const char *onboard_state_name(enum onboard_state state);
const char *onboard_face_name(enum onboard_face face);

// What the functions need; made once at the start.
struct onboard {
    const struct guard_profiles *profiles;
    const struct vault *vault;
    const struct env *env;
    const char *terms_version; // the one in force
    bool second_route, voice;  // of codes: otp.h
};

struct onboard_application {
    struct id id;         // "app_…"
    int64_t number;       // row key; becomes the person's id
    char case_number[16]; // "D7K2-91QF"
    enum onboard_state state;
    const char *step; // next thing to do: "identity" … "review", "submitted", "opened", "refused"
    enum party_language language;
    char terms_version[32];
    bool consent_face;
    bool has_identity;
    char name[PARTY_NAME_MAX];
    char id_number[PARTY_ID_NUMBER_MAX];
    int32_t birth_date;
    enum party_sex sex;
    int32_t wallet_class;          // to be opened
    int64_t upgrade_of;            // person whose wallet is upgraded; 0 = a new wallet
    enum party_document document;  // kind of the identity document
    int32_t document_until;        // yyyymmdd; 0 = left open, PARTY_LONG_TERM
    uint32_t photos, photos_asked; // bits 1 << desk_document_kind: there; part of this document
    bool photos_missing;           // required and not all there
    bool has_phone, phone_verified;
    char phone[PARTY_PHONE_MAX];
    enum guard_phone_class phone_class;
    bool has_challenge;
    struct otp_challenge challenge;
    enum onboard_face face;
    int32_t face_tries_left;
    enum onboard_review review;
    int64_t review_due_us; // of WAITING
    bool has_password, has_pin;
    struct onboard_trouble trouble;
    enum code refusal;                                         // of REFUSED
    int64_t created_us, submitted_us, checking_us, decided_us; // 0 = not yet
    int64_t expires_us;
    int64_t own_us; // time that the person spent with it; pauses do not count
};

// Stream key of a draft's events (negative; persons are positive).
static inline int64_t onboard_stream_key(int64_t number)
{
    return -number;
}

// All below that write: inside a transaction. CODE_NOT_FOUND: no such draft or expired.
// CODE_STEP_ORDER: not possible in this state. CODE_TERMS_CHANGED: another version of the terms.

struct onboard_new {
    const char *terms_version;
    bool consent_face;
    enum party_language language;
    int32_t wallet_class; // 0 = ONBOARD_CLASS
    int64_t upgrade_of;   // of a logged-in person; phone, password and PIN are not asked again
};
// CODE_CLASS_NOT_OFFERED: profile "open" does not have this class.
enum code onboard_create(struct db *db, const struct onboard *onboard, const struct onboard_new *in,
                         struct onboard_application *out, char token[VAULT_TOKEN_TEXT]);
// By cookie token. CODE_NOT_FOUND when there is none, expired, or already entered.
enum code onboard_find(struct db *db, const struct onboard *onboard, const char *token,
                       struct onboard_application *out);
enum code onboard_load(struct db *db, const struct onboard *onboard, int64_t number,
                       struct onboard_application *out);
enum code onboard_by_id(struct db *db, const struct onboard *onboard, const struct id *id,
                        struct onboard_application *out);
enum code onboard_delete(struct db *db, int64_t number);
enum code onboard_put_identity(struct db *db, const struct onboard *onboard, int64_t number,
                               const char *name, const char *id_number, struct problem *problem);
// Any document. What the number tells is not asked: birth_date and sex count only where the kind
// does not derive them. CODE_DOCUMENT_NOT_ACCEPTED, CODE_DOCUMENT_NUMBER_INVALID,
// CODE_DOCUMENT_DATE_INVALID, CODE_DOCUMENT_EXPIRED, CODE_BIRTH_DATE_INVALID, CODE_NAME_INVALID,
// CODE_NAME_RESERVED, CODE_AGE_NOT_ELIGIBLE: with the field.
struct onboard_document {
    enum party_document kind;
    const char *name, *id_number; // as typed
    int32_t valid_until;          // yyyymmdd; 0 = left open, PARTY_LONG_TERM
    int32_t birth_date;           // 0 = not given
    enum party_sex sex;           // 0 = not given
};
enum code onboard_put_document(struct db *db, const struct onboard *onboard, int64_t number,
                               const struct onboard_document *in, struct problem *problem);
// Bits 1 << desk_document_kind of the photos that belong to a kind of document.
uint32_t onboard_photos_of(enum party_document kind);
// A photo that image_clean() drew again. CODE_STEP_ORDER: no draft, or a phone-only one.
enum code onboard_put_photo(struct db *db, const struct onboard *onboard, int64_t number,
                            const struct desk_new_document *photo, struct desk_document *out);
struct onboard_wish {
    const char *phone;     // NULL = the one that the draft has
    struct id attempt_key; // of otp_send
    bool by_voice, voice_allowed;
    const char *address, *device; // of the client; NULL = not counted
};
// A refusal is kept for the radar: the change must set keep.
enum code onboard_send_code(struct db *db, const struct onboard *onboard, int64_t number,
                            const struct onboard_wish *wish, struct problem *problem);
// The parts that codes need.
struct otp onboard_otp(const struct onboard *onboard);
#define ONBOARD_PURPOSE "otp.open"
// CODE_OTP_WRONG is counted: the change must set keep.
enum code onboard_verify_code(struct db *db, const struct onboard *onboard, int64_t number,
                              const char *code, struct problem *problem);
enum code onboard_start_face(struct db *db, const struct onboard *onboard, int64_t number,
                             struct problem *problem);
// Rules against this draft (reading only), for the worker thread that then hashes;
// CODE_PASSWORD_WEAK / CODE_PIN_WEAK.
enum code onboard_password_rules(const struct onboard *onboard,
                                 const struct onboard_application *application,
                                 const char *password, struct problem *problem);
enum code onboard_pin_rules(const struct onboard *onboard,
                            const struct onboard_application *application, const char *pin,
                            struct problem *problem);
// Store what vault_password_hash made.
enum code onboard_put_password(struct db *db, const struct onboard *onboard, int64_t number,
                               const char *stored);
enum code onboard_put_pin(struct db *db, const struct onboard *onboard, int64_t number,
                          const char *stored);
// Submits for the decision; again = OK and the same application.
enum code onboard_submit(struct db *db, const struct onboard *onboard, int64_t number,
                         struct problem *problem);
// Of an opened application: logs this browser in and ends the draft. CODE_STEP_ORDER otherwise.
enum code onboard_enter(struct db *db, const struct onboard *onboard, int64_t number,
                        const char *device, const char *address, struct party_session *out,
                        char token[VAULT_TOKEN_TEXT]);

// --- for jobs
// ---------------------------------------------------------------------------------------

// NO: of a face; of the register: the name does not agree.
enum onboard_outcome {
    ONBOARD_YES = 1,
    ONBOARD_NO,
    ONBOARD_LATER,
    ONBOARD_NO_DOCUMENT,
    ONBOARD_NO_PHONE,
};
// Result of the face check of an application that is checking; others are left as they are (OK).
// LATER: nothing but OK.
enum code onboard_face_result(struct db *db, const struct onboard *onboard, const struct id *id,
                              enum onboard_outcome outcome);
// Marks a submitted application as being checked (idempotent).
enum code onboard_checking(struct db *db, const struct onboard *onboard, const struct id *id);
// The decision after the identity register answered: YES opens the wallet (person with the
// application's number, accounts in CNY and USD, notice, event) unless the ID number or phone has
// one by now (then refused: identity-in-use, phone-in-use); a NO puts it back to the person with
// the trouble it found. Idempotent.
enum code onboard_decide(struct db *db, const struct onboard *onboard, const struct id *id,
                         enum onboard_outcome identity);
// Offered after ONBOARD_FACE_TRIES failures, and to who declined the face check: opens a case for
// an operator (the application's case number). Repeating is OK. CODE_NOT_ALLOWED, rule
// "review.face": the face check is still open.
enum code onboard_ask_review(struct db *db, const struct onboard *onboard, int64_t number,
                             struct problem *problem);
// The operator's answer to a review (case kind DESK_REVIEW, topic "face", ref = application id).
// approved: the face counts as checked and the person goes on; refused: the application ends with
// review-refused. CODE_STEP_ORDER: it does not wait for one. CODE_NOT_FOUND.
enum code onboard_review_decide(struct db *db, const struct onboard *onboard,
                                const struct id *application, bool approved);
// A wallet gets a better class (smaller number), keeps everything else, and the person is told.
// CODE_NOT_ALLOWED: not better, or closed.
enum code onboard_set_class(struct db *db, const struct onboard *onboard, int64_t person,
                            int32_t wallet_class);
// How long openings took, of those decided in [from, to): from the first consent, and of the
// person's own time. Percentiles in microseconds; 0 when there was none.
struct onboard_times {
    int64_t opened, refused;
    int64_t p50_us, p90_us, own_p50_us, own_p90_us;
};
enum code onboard_open_times(struct db *db, int64_t from_us, int64_t to_us,
                             struct onboard_times *out);
// The same one by one, for histograms: of applications decided in [from, to).
enum code onboard_times_each(struct db *db, int64_t from_us, int64_t to_us,
                             void (*visit)(void *context, bool opened, int64_t whole_us,
                                           int64_t own_us),
                             void *context);
// Tells people whose document ends soon or has ended, each of them once for each step of profile
// "open". For the timer.
enum code onboard_remind_documents(struct db *db, const struct onboard *onboard, int64_t now_us,
                                   int64_t *out_told);
// Deletes expired drafts. At most `limit`.
enum code onboard_prune(struct db *db, int64_t now_us, size_t limit, int64_t *out_deleted);

// Opens a wallet at once from trusted data (play people, tests, tools): the same way as
// onboard_decide with YES.
struct onboard_person {
    const char *name, *id_number, *phone;
    enum party_language language;
    const char *password_stored, *pin_stored; // vault_password_hash
    // Documents other than the resident ID; 0 = that one. Class 0 = ONBOARD_CLASS.
    enum party_document document;
    int32_t document_until, birth_date;
    enum party_sex sex;
    int32_t wallet_class;
};
enum code onboard_open(struct db *db, const struct onboard *onboard,
                       const struct onboard_person *in, struct party_wallet *out,
                       struct problem *problem);

#endif
