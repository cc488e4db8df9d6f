// recover: getting back in — the reset of a forgotten password (nobody is logged in) or payment PIN
// (logged in). One reset is a row with a cookie of its own; its step decides what may come next.
//
// R1 No step is skipped: code, then the other factor where one is needed, then the new secret. R2
// Until the code was typed nothing differs by whether a wallet has this document and phone: the
// same rows are written, the same answers given, and the code really goes to the typed number,
// whoever holds it; who types it has proved the number and is then told one class, "do not belong
// together". R3 A reset ends the other log-ins, lowers what may leave the wallet for a day, and is
// told to the person on every way we have.
#ifndef RECOVER_RECOVER_H
#define RECOVER_RECOVER_H

#include "guard/guard_factor.h"
#include "guard/guard_limits.h"
#include "otp/otp.h"

struct recover {
    const struct guard_profiles *profiles;
    const struct vault *vault;
    const struct env *env;
    struct otp otp;
};

enum recover_kind { RECOVER_PASSWORD = 1, RECOVER_PIN };
enum recover_step {
    RECOVER_CODE = 1, // the code sent to the phone
    RECOVER_FACTOR,   // face or authenticator app
    RECOVER_SECRET,   // the new password or PIN
    RECOVER_DONE,
    RECOVER_REFUSED, // document and phone do not belong together
};
const char *recover_step_name(enum recover_step step);     // "code" …
enum recover_factor { RECOVER_FACE = 1, RECOVER_APP = 2 }; // bits
enum recover_face {
    RECOVER_FACE_NONE,
    RECOVER_FACE_CHECKING,
    RECOVER_FACE_PASSED,
    RECOVER_FACE_FAILED
};
const char *recover_face_name(enum recover_face face);

struct recover_reset {
    int64_t number; // subject of its codes
    struct id id;   // "rst_…"
    enum recover_kind kind;
    int64_t person; // 0 = nobody; never shown
    char phone[PARTY_PHONE_MAX];
    enum party_language language;
    enum recover_step step;
    unsigned factors; // any one of these is enough; 0 = none is needed
    enum recover_face face;
    int32_t face_tries_left;
    int64_t created_us, expires_us;
    struct otp_challenge challenge; // expires_us 0 = no live code
};

// Begins one; the code is sent by recover_send. `phone` and `id_number` as typed:
// CODE_PHONE_INVALID, CODE_ID_NUMBER_INVALID by their form alone. Out: the cookie's token.
enum code recover_begin(struct db *db, const struct recover *recover, const char *id_number,
                        const char *phone, enum party_language language, struct recover_reset *out,
                        char token[VAULT_TOKEN_TEXT], struct problem *problem);
// For somebody logged in whose password was just checked: the code goes to their own phone.
enum code recover_begin_pin(struct db *db, const struct recover *recover, int64_t person,
                            struct recover_reset *out, char token[VAULT_TOKEN_TEXT]);
// CODE_NOT_FOUND: unknown, ended or expired.
enum code recover_find(struct db *db, const struct recover *recover, const char *token,
                       struct recover_reset *out);

// All of these: CODE_NOT_FOUND, CODE_STEP_ORDER, and set change->keep.
// CODE_OTP_TOO_MANY with retry_after_s.
enum code recover_send(struct db *db, const struct recover *recover, int64_t number,
                       struct problem *problem);
// CODE_OTP_WRONG, CODE_OTP_EXPIRED; CODE_RESET_NO_MATCH: the code was right, the reset is refused.
enum code recover_verify(struct db *db, const struct recover *recover, int64_t number,
                         const char *code, struct problem *problem);
// CODE_FACTOR_WRONG, CODE_FACTOR_LOCKED.
enum code recover_app(struct db *db, const struct recover *recover, int64_t number,
                      const char *code, struct problem *problem);
// Asks for a face check: a row of queue "reset-face" (ref = the reset's id). CODE_FACE_FAILED when
// no try is left.
enum code recover_face_start(struct db *db, const struct recover *recover, int64_t number,
                             struct problem *problem);
// What the face service said, by the reset's id. Repeating is OK.
enum code recover_face_result(struct db *db, const struct recover *recover, const struct id *id,
                              bool passed);
enum code recover_by_id(struct db *db, const struct recover *recover, const struct id *id,
                        struct recover_reset *out);
// The new secret, hashed by the caller after guard_*_rules and guard_history_check; `version` of
// the credentials that it replaces. Ends the person's log-ins (of a PIN: none), the lock L01 or
// L02, lowers the limits, writes the notice. *out_person, *out_until_us: end of the lowered limits.
enum code recover_finish(struct db *db, const struct recover *recover, int64_t number,
                         const char *stored, int64_t version, int64_t *out_person,
                         int64_t *out_until_us);
enum code recover_end(struct db *db, int64_t number);
// Deletes resets that expired an hour ago. At most `limit`.
enum code recover_prune(struct db *db, int64_t now_us, size_t limit, int64_t *out_deleted);

#endif
