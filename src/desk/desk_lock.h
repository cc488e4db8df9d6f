// desk_lock: locks that operators have to do with — placing and lifting by them, the request of a
// person with what is needed for the decision, the decision. Every function takes an open
// transaction and leaves a row in the audit trail.
#ifndef DESK_DESK_LOCK_H
#define DESK_DESK_LOCK_H

#include "desk/desk_audit.h"
#include "guard/guard_lock.h"

// Who does it and why; `second` = the one who agreed, for what needs four eyes.
struct desk_lock_act {
    int64_t actor, second;
    const char *reason, *note; // NULL = none
};
// Places a lock on a person. L08 opens its case at once; codes with four eyes (L04, L08, L09) need
// two different operators: CODE_SAME_OPERATOR. CODE_NOT_FOUND: no such person or code.
enum code desk_lock_place(struct db *db, const struct desk *desk,
                          const struct guard_lock_order *order, const struct desk_lock_act *act,
                          struct guard_lock *out);
// Ends it before its time; its case ends too. Four eyes as above. CODE_NOT_FOUND: none in force.
enum code desk_lock_lift(struct db *db, const struct desk *desk, const char *case_number,
                         const struct desk_lock_act *act, struct guard_lock *out);
// The person hands in what the decision needs (1 … 480 bytes of text; photos through
// desk_document): opens the case under the lock's number, due by the working-day clock, and tells
// the person. CODE_NOT_FOUND: not theirs or over; CODE_UNLOCK_NOT_NEEDED: it ends by itself, or
// waits for its decision already.
enum code desk_unlock_request(struct db *db, const struct desk *desk, int64_t person,
                              const char *case_number, const char *statement,
                              struct guard_lock *out);
// Carries out the decision of a case DESK_UNLOCK: approved = the lock ends and the check-up begins;
// else it stays, the person is told and may hand in more. The case itself is ended by the caller
// (desk_case_decide, after the approval where desk_case.four_eyes says so).
enum code desk_unlock_decide(struct db *db, const struct desk *desk, const char *case_number,
                             bool approved, struct guard_lock *out);

#endif
