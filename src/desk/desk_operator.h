// desk_operator: accounts of the operator's people, their roles, their sessions. An account is
// made by an administrator with a one-time set-up code; its owner sets password and one-time-code
// key in the browser. A session is born only after both.
#ifndef DESK_DESK_OPERATOR_H
#define DESK_DESK_OPERATOR_H

#include "desk/desk.h"

enum desk_role { // bits
    DESK_ROLE_CLERK = 1,
    DESK_ROLE_LEAD = 2,
    DESK_ROLE_RISK = 4,
    DESK_ROLE_REVIEWER = 8, // of identities
    DESK_ROLE_ADMINISTRATOR = 16,
    DESK_ROLE_AUDITOR = 32,
    DESK_ROLES_ALL = 63,
};
const char *desk_role_name(enum desk_role role); // "clerk" …
int64_t desk_role_parse(const char *name);       // 0 = no such role

// What a role may do. One right per kind of action; docs/OPERATING.md prints the matrix.
enum desk_right { // bits
    DESK_MAY_SEE_CASES = 1,
    DESK_MAY_REVIEW = 2,    // decide openings
    DESK_MAY_UNLOCK = 4,    // decide unlock cases
    DESK_MAY_TICKET = 8,    // finish branch tickets
    DESK_MAY_RADAR = 16,    // ways of messages, by case or number
    DESK_MAY_REVEAL = 32,   // see one field unmasked
    DESK_MAY_CODE = 64,     // tell a counter code
    DESK_MAY_LOCK = 128,    // place and lift locks
    DESK_MAY_NOTICE = 256,  // maintenance notices
    DESK_MAY_APPROVE = 512, // as the second person
    DESK_MAY_AUDIT = 1024,  // read the whole audit trail
    DESK_MAY_ROLES = 2048,  // operators and their roles
    DESK_MAY_FIGURES = 4096,
};
uint32_t desk_rights_of(int64_t roles);

enum desk_operator_state { DESK_INVITED = 1, DESK_ACTIVE, DESK_CLOSED };
const char *desk_operator_state_name(enum desk_operator_state state);
#define DESK_LOGIN_MAX 33
#define DESK_NAME_MAX 97
struct desk_operator {
    int64_t id;
    char login[DESK_LOGIN_MAX]; // 2 … 32 of a-z 0-9 . - _
    char name[DESK_NAME_MAX];
    int64_t roles; // desk_role bits
    enum desk_operator_state state;
    int64_t locked_until_us, created_us, signed_in_us;
};
enum code desk_operator_load(struct db *db, int64_t id, struct desk_operator *out);
enum code desk_operators_list(struct db *db, size_t limit,
                              bool (*visit)(void *context, const struct desk_operator *found),
                              void *context);

#define DESK_SETUP_LIFE_US (INT64_C(86400) * 1000000)
struct desk_new_operator {
    const char *login, *name;
    int64_t roles;
    int64_t by; // operator who adds; 0 = the command line
    const char *reason;
};
// Out: the account and its one-time set-up code (24 h). CODE_REQUEST_INVALID: login, name or roles;
// CODE_OPERATOR_EXISTS.
enum code desk_operator_add(struct db *db, const struct desk *desk,
                            const struct desk_new_operator *in, struct desk_operator *out,
                            char setup_code[VAULT_TOKEN_TEXT]);
// Another set-up code: password and key are set anew with it, all sessions end.
enum code desk_operator_reset(struct db *db, const struct desk *desk, int64_t id, int64_t by,
                              const char *reason, char setup_code[VAULT_TOKEN_TEXT]);
enum code desk_operator_set_roles(struct db *db, const struct desk *desk, int64_t id, int64_t roles,
                                  int64_t by, const char *reason);
// Ends all its sessions. CODE_CASE_STATE: the last active administrator stays.
enum code desk_operator_close(struct db *db, const struct desk *desk, int64_t id, int64_t by,
                              const char *reason);

// --- set-up: the owner shows the code, sees the key, sets the password
// -----------------------------

#define DESK_TOTP_KEY 20
// The account that a set-up code is for; CODE_SETUP_INVALID: none, used, or too old. The key is
// made here once and shown until the set-up is done.
enum code desk_setup_begin(struct db *db, const struct desk *desk, const char *setup_code,
                           struct desk_operator *out, uint8_t out_key[DESK_TOTP_KEY]);
// `stored` = vault_password_hash of a password that desk_password_rules took. CODE_TOTP_WRONG.
enum code desk_setup_finish(struct db *db, const struct desk *desk, const char *setup_code,
                            const char *stored, const char *totp_code, struct desk_operator *out);
// 12 … 128 characters, not the login or name, not one repeated or counted up: CODE_PASSWORD_WEAK.
enum code desk_password_rules(const char *password, const char *login, struct problem *problem);
// With everything set, for play operators and tests.
enum code desk_operator_seed(struct db *db, const struct desk *desk,
                             const struct desk_new_operator *in, const char *stored,
                             const uint8_t key[DESK_TOTP_KEY], struct desk_operator *out);

// --- sign-in and sessions
// ---------------------------------------------------------------------------

#define DESK_SESSION_IDLE_US (INT64_C(900) * 1000000)
#define DESK_SESSION_LIFE_US (INT64_C(8) * 3600 * 1000000)
struct desk_session {
    struct id id;
    struct desk_operator who;
    uint32_t rights;
    int64_t created_us, last_used_us, idle_expires_us, expires_us;
};
struct desk_sign_in {
    const char *login, *password, *totp_code;
    const char *device, *address;
};
// What the password is compared with, outside a transaction (vault_password_verify takes its time).
// A login that does not exist has "" and costs the same.
enum code desk_sign_in_stored(struct db *db, const char *login, char out[VAULT_STORED_TEXT]);
// With the outcome of that: OK, the session and its token; CODE_SIGN_IN_FAILED, one text for
// whatever was wrong (set change->keep: it is counted; ten wrong ones lock the account for 15
// minutes); CODE_SIGN_IN_LOCKED with until_us. A one-time code is good once.
enum code desk_sign_in(struct db *db, const struct desk *desk, const struct desk_sign_in *in,
                       bool password_matches, struct desk_session *out,
                       char token[VAULT_TOKEN_TEXT], struct problem *problem);
// Before an act for four eyes: the session's operator proves the key again. CODE_TOTP_WRONG.
enum code desk_confirm(struct db *db, const struct desk *desk, int64_t id, const char *totp_code,
                       struct problem *problem);
// CODE_OPERATOR_LOGIN_REQUIRED: no such session, idle, ended, account closed.
enum code desk_session_find(struct db *db, const struct desk *desk, const char *token,
                            struct desk_session *out);
enum code desk_session_touch(struct db *db, const struct id *session, int64_t now_us);
enum code desk_session_end(struct db *db, const struct desk *desk,
                           const struct desk_session *session);
// Deletes sessions that ended or expired before. At most `limit`.
enum code desk_sessions_prune(struct db *db, int64_t before_us, size_t limit, int64_t *out_deleted);

#endif
