// desk_approval: an act that one operator asks for and another carries out. What will happen is
// written down word for word when it is asked; the second person approves exactly that. The table
// itself refuses that both are one (sql/0008).
#ifndef DESK_DESK_APPROVAL_H
#define DESK_DESK_APPROVAL_H

#include "desk/desk.h"

#define DESK_APPROVAL_LIFE_US (INT64_C(7) * 86400 * 1000000)
#define DESK_PARAMETERS_MAX 900
enum desk_approval_state {
    DESK_ASKED = 1,
    DESK_CARRIED_OUT,
    DESK_DECLINED,
    DESK_TAKEN_BACK,
};
const char *desk_approval_state_name(enum desk_approval_state state);
struct desk_approval {
    struct id id;
    char action[32];                      // "case.decide", "operator.roles", "maintenance.set" …
    char parameters[DESK_PARAMETERS_MAX]; // JSON, as the action's own request
    char case_number[16];
    int64_t person;
    enum desk_approval_state state;
    char reason[48];
    int64_t asked_by, asked_us, decided_by, decided_us, expires_us;
};
struct desk_new_approval {
    const char *action, *parameters, *case_number;
    int64_t person;
    int64_t asked_by;
    const char *reason, *note;
};
enum code desk_approval_ask(struct db *db, const struct desk *desk,
                            const struct desk_new_approval *in, struct desk_approval *out);
enum code desk_approval_load(struct db *db, const struct desk *desk, const struct id *id,
                             struct desk_approval *out);
// `approve` by another operator: CODE_SAME_OPERATOR when it is the one who asked, in whatever
// session; CODE_CASE_STATE: decided, or too old. The caller carries it out in the same transaction.
enum code desk_approval_decide(struct db *db, const struct desk *desk, const struct id *id,
                               int64_t actor, bool approve, const char *note,
                               struct desk_approval *out);
// By the one who asked.
enum code desk_approval_take_back(struct db *db, const struct desk *desk, const struct id *id,
                                  int64_t actor, struct desk_approval *out);
// Newest first; `waiting` = only those.
enum code desk_approvals_list(struct db *db, const struct desk *desk, bool waiting,
                              const struct id *before, int64_t before_us, size_t limit,
                              bool (*visit)(void *context, const struct desk_approval *found),
                              void *context);
// Ends what nobody approved in time; `limit` at most. Cases go back to whoever decided.
enum code desk_approvals_expire(struct db *db, const struct desk *desk, int64_t now_us,
                                size_t limit, int64_t *out_ended);

#endif
