// The words for the numbers of this room, and what each role may do.
#include "desk/desk_priv.h"

const char *desk_kind_name(enum desk_kind kind)
{
    static const char *const names[] = {"", "review", "unlock", "ticket"};
    return names[kind];
}

const char *desk_state_name(enum desk_state state)
{
    static const char *const names[] = {"", "open", "taken", "approval", "done"};
    return names[state];
}

const char *desk_level_name(enum desk_level level)
{
    static const char *const names[] = {"clerk", "lead", "head"};
    return names[level];
}

const char *desk_operator_state_name(enum desk_operator_state state)
{
    static const char *const names[] = {"", "invited", "active", "closed"};
    return names[state];
}

const char *desk_approval_state_name(enum desk_approval_state state)
{
    static const char *const names[] = {"", "asked", "carried-out", "declined", "taken-back"};
    return names[state];
}

// Least privilege: who administers accounts sees no person's data, who audits changes nothing.
static const struct {
    const char *name;
    uint32_t rights;
} ROLES[] = {
    {"clerk", DESK_MAY_SEE_CASES | DESK_MAY_REVIEW | DESK_MAY_TICKET | DESK_MAY_RADAR |
                  DESK_MAY_REVEAL | DESK_MAY_CODE | DESK_MAY_FIGURES},
    {"lead", DESK_MAY_SEE_CASES | DESK_MAY_REVIEW | DESK_MAY_TICKET | DESK_MAY_RADAR |
                 DESK_MAY_REVEAL | DESK_MAY_CODE | DESK_MAY_NOTICE | DESK_MAY_APPROVE |
                 DESK_MAY_FIGURES},
    {"risk", DESK_MAY_SEE_CASES | DESK_MAY_UNLOCK | DESK_MAY_LOCK | DESK_MAY_RADAR |
                 DESK_MAY_REVEAL | DESK_MAY_APPROVE | DESK_MAY_FIGURES},
    {"reviewer", DESK_MAY_SEE_CASES | DESK_MAY_REVIEW | DESK_MAY_REVEAL | DESK_MAY_FIGURES},
    {"administrator", DESK_MAY_ROLES | DESK_MAY_NOTICE | DESK_MAY_APPROVE | DESK_MAY_FIGURES},
    {"auditor", DESK_MAY_SEE_CASES | DESK_MAY_AUDIT | DESK_MAY_FIGURES},
};
enum { ROLE_COUNT = sizeof ROLES / sizeof ROLES[0] };

const char *desk_role_name(enum desk_role role)
{
    for (size_t i = 0; i < ROLE_COUNT; i++)
        if ((int)role == 1 << i)
            return ROLES[i].name;
    return "";
}

int64_t desk_role_parse(const char *name)
{
    for (size_t i = 0; i < ROLE_COUNT; i++)
        if (text_equal(name, ROLES[i].name))
            return 1 << i;
    return 0;
}

uint32_t desk_rights_of(int64_t roles)
{
    uint32_t rights = 0;
    for (size_t i = 0; i < ROLE_COUNT; i++)
        if ((roles >> i & 1) != 0)
            rights |= ROLES[i].rights;
    return rights;
}
