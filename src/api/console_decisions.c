// Decisions of cases, carried out by the pillar that opened them.
#include "api/console_priv.h"

// What no pillar carries out here stays undecided: the whole transaction is rolled back. A ticket
// is finished with the document in hand (console_tickets.c), not decided here.
enum code console_carry_out(struct db *db, struct api *api, const struct desk_case *c,
                            bool approved, int64_t actor, struct problem *problem)
{
    (void)actor;
    (void)problem;
    switch (c->kind) {
    case DESK_REVIEW:
        return onboard_review_decide(db, &api->onboard, &c->ref, approved);
    case DESK_UNLOCK:
    case DESK_TICKET:
        return CODE_NOT_ALLOWED;
    }
    return CODE_NOT_ALLOWED;
}
