// Decisions of cases, carried out by the pillar that opened them.
#include "api/console_priv.h"

// What waits for a decision that no pillar of this program can carry out stays undecided: the whole
// transaction is rolled back.
enum code console_carry_out(struct db *db, struct api *api, const struct desk_case *c,
                            bool approved, int64_t actor, struct problem *problem)
{
    (void)db;
    (void)api;
    (void)approved;
    (void)actor;
    (void)problem;
    switch (c->kind) {
    case DESK_REVIEW:
    case DESK_UNLOCK:
    case DESK_TICKET:
        return CODE_NOT_ALLOWED;
    }
    return CODE_NOT_ALLOWED;
}
