// desk: what people of the operator do — their accounts, roles and sessions, the cases they work
// on, approvals by a second person, the audit trail, maintenance notices.
//
// A case is everything that a person waits for and an operator decides. It has a number that the
// person is shown, a deadline in working days, and the team it lies with; a missed deadline moves
// it up by itself (jobs) and the person is told. desk knows nothing of what is decided: who opens a
// case hears of the decision through its kind and reference (api/console calls the pillar).
#ifndef DESK_DESK_H
#define DESK_DESK_H

#include "guard/guard.h"

// What the functions need; made once at the start.
struct desk {
    const struct guard_profiles *profiles;
    const struct vault *vault;
    const struct env *env;
};

enum desk_kind {
    DESK_REVIEW = 1, // an opening that a person must look at: ref = application id
    DESK_UNLOCK,     // a lock whose end an operator decides: ref = lock id
    DESK_TICKET,     // to be finished at a branch: ref = ticket id
};
const char *desk_kind_name(enum desk_kind kind);

enum desk_state {
    DESK_OPEN = 1, // waits for an operator
    DESK_TAKEN,    // an operator works on it
    DESK_APPROVAL, // decided by one, waits for a second one
    DESK_DONE,
};
const char *desk_state_name(enum desk_state state);

// Whose queue: a missed deadline raises it by one, a working day later by another.
enum desk_level { DESK_CLERK = 0, DESK_LEAD, DESK_HEAD };

struct desk_case {
    struct id id;
    char number[16]; // "D7K2-91QF"; the person's application or lock bears the same
    enum desk_kind kind;
    enum desk_state state;
    enum desk_level level;
    char topic[24]; // why: "face", "document", "L02", "L08", "phone-not-linked" …
    struct id ref;
    int64_t person;       // 0 = nobody yet
    int64_t application;  // 0 = none
    bool four_eyes;       // the decision needs a second operator
    int32_t working_days; // until the deadline; 0 = `due_us` was given by the clock
    bool exact;           // false: a year without calendar was counted; "at the latest"
    int64_t opened_us, due_us, decided_us;
    int64_t operator_taken; // 0 = nobody
    char outcome[24];       // of DONE: "approved", "refused" …
};

struct desk_new_case {
    enum desk_kind kind;
    const char *number; // NULL = a new one
    const char *topic;
    struct id ref;
    int64_t person, application;
    bool four_eyes;
    int32_t working_days; // deadline in working days …
    int64_t due_us;       // … or at an instant
};
// Inside a transaction. The same kind and ref while one is not done: OK and that one.
enum code desk_case_open(struct db *db, const struct desk *desk, const struct desk_new_case *in,
                         struct desk_case *out);
// CODE_NOT_FOUND.
enum code desk_case_by_number(struct db *db, const char *number, struct desk_case *out);
// The newest of that kind and ref.
enum code desk_case_of(struct db *db, enum desk_kind kind, const struct id *ref,
                       struct desk_case *out);
// Ends a case that is no longer needed (the person helped themselves). OK when there is none.
enum code desk_case_withdraw(struct db *db, const struct desk *desk, enum desk_kind kind,
                             const struct id *ref);

#endif
