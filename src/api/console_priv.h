// console_priv: what the endpoints below /api/v1/console share. Operators have sessions of their
// own; each handler names the right that it asks for.
#ifndef API_CONSOLE_PRIV_H
#define API_CONSOLE_PRIV_H

#include "api/api.h"
#include "desk/desk_approval.h"
#include "desk/desk_audit.h"
#include "desk/desk_case.h"
#include "desk/desk_operator.h"

#define CONSOLE_COOKIE "__Host-tongbao-desk"
enum { CONSOLE_REVEALS_DAY = 50, CONSOLE_REVEAL_S = 60 };

// Reasons that an operator chooses from; the web console has their words.
#define CONSOLE_REASONS                                                                            \
    "identity-confirmed|documents-in-order|face-differs|document-unclear|document-not-genuine|"    \
    "suspected-fraud|risk-cleared|risk-stands|documents-missing|order-ended|not-the-person|"       \
    "call-back|compare-document|authority-request|shift-end|needs-lead|conflict-of-interest|"      \
    "planned-work|failure|new-colleague|changed-duties|lost-device|left|other"

// AUTH. True and *out; false: the reply is set (401 operator-login-required, 403 not-permitted).
// `right` 0 = any operator. Prolongs the idle time.
bool console_session(struct net_exchange *x, uint32_t right, struct desk_session *out);
bool console_session_quiet(struct net_exchange *x, struct desk_session *out);

// The session's operator proves the one-time key again, in a change of its own, so that wrong codes
// are counted. False: the reply is set.
bool console_confirm(struct net_exchange *x, const struct desk_session *session,
                     const char *totp_code);

// A cursor of two numbers and an id, opaque to clients. False: 400.
struct console_cursor {
    int64_t at;
    struct id id;
};
bool console_cursor_read(struct net_exchange *x, const char *list, struct console_cursor *out);
void console_cursor_write(struct net_exchange *x, struct net_json_writer *w, const char *list,
                          bool more, const struct console_cursor *cursor);
// ?limit=1…100; 30 when absent. False: 400.
bool console_limit(struct net_exchange *x, size_t *out);

// {"id":7,"name":"…"} or null for nobody.
void console_write_operator(struct net_json_writer *w, const char *key, struct db *db, int64_t id);
void console_write_roles(struct net_json_writer *w, const char *key, int64_t roles);
void console_write_case(struct net_json_writer *w, const char *key, struct db *db,
                        const struct desk_case *c, int64_t now_us);
void console_write_approval(struct net_json_writer *w, const char *key, struct db *db,
                            const struct desk_approval *a);
enum net_step console_reply_approval(struct net_exchange *x, int status, struct db *db,
                                     const struct desk_approval *a, const char *setup_code);

// Carries out what a case was decided to: calls the pillar. Inside the transaction.
enum code console_carry_out(struct db *db, struct api *api, const struct desk_case *c,
                            bool approved, int64_t actor, struct problem *problem);

// One act that a second person carries out, by the name of its approval.
struct console_act {
    struct api *api;
    struct arena *arena;
    const struct desk_approval *approval;
    int64_t actor;                     // who approves
    char setup_code[VAULT_TOKEN_TEXT]; // out: of operator.add and operator.reset
    struct problem *problem;
};
enum code console_act_case(struct db *db, struct console_act *act);
enum code console_act_operator(struct db *db, struct console_act *act);
enum code console_act_notice(struct db *db, struct console_act *act);
// Reads the approval's parameters into a struct.
enum code console_parameters(const struct console_act *act, void *out,
                             const struct net_json_field *fields, size_t count);

// Asks for one and answers 202 with it.
enum net_step console_ask(struct net_exchange *x, const struct desk_session *session,
                          const struct desk_new_approval *in, const char *totp_code);

#endif
