// Locks that operators have to do with. Q1 What needs four eyes is carried out only with two
// different operators. Q2 A lock that waits for a decision has a case under its own number, with a
// deadline that moves it up when it is missed (desk_cases_escalate).
#include "desk/desk_lock.h"

#include <string.h>

static struct guard_locker locker_of(const struct desk *desk)
{
    return (struct guard_locker){desk->profiles, desk->vault, desk->env};
}

static const struct guard_lock_kind *kind_of(const struct desk *desk, const char *code)
{
    return guard_lock_kind(desk->profiles, code, time_business_date(env_now(desk->env)));
}

static enum code audit(struct db *db, const struct desk *desk, const char *action,
                       const struct desk_lock_act *act, const struct guard_lock *lock)
{
    const struct desk_deed deed = {.actor = act->actor,
                                   .action = action,
                                   .reason = act->reason,
                                   .note = act->note,
                                   .case_number = lock->case_number,
                                   .person = lock->person,
                                   .target = lock->code,
                                   .after = lock->ended_us == 0 ? "in force" : lock->outcome};
    return desk_audit_add(db, desk, &deed);
}

// Both are in the trail: the one who asked, and the one who agreed.
static enum code audit_both(struct db *db, const struct desk *desk, const char *action,
                            const struct desk_lock_act *act, const struct guard_lock *lock)
{
    GUARD(audit(db, desk, action, act, lock));
    if (act->second == 0)
        return OK;
    struct desk_lock_act second = *act;
    second.actor = act->second;
    return audit(db, desk, "lock.agree", &second, lock);
}

static bool two_pairs_of_eyes(const struct guard_lock_kind *kind, const struct desk_lock_act *act)
{
    return !kind->four_eyes || (act->second != 0 && act->second != act->actor);
}

static enum code open_case(struct db *db, const struct desk *desk, const struct guard_lock *lock,
                           const struct guard_lock_kind *kind, struct desk_case *out)
{
    const struct desk_new_case in = {.kind = DESK_UNLOCK,
                                     .number = lock->case_number,
                                     .topic = lock->code,
                                     .ref = lock->id,
                                     .person = lock->person,
                                     .four_eyes = kind->four_eyes,
                                     .working_days = kind->working_days};
    return desk_case_open(db, desk, &in, out);
}

enum code desk_lock_place(struct db *db, const struct desk *desk,
                          const struct guard_lock_order *order, const struct desk_lock_act *act,
                          struct guard_lock *out)
{
    const struct guard_locker locker = locker_of(desk);
    const struct guard_lock_kind *kind = kind_of(desk, order->code);
    struct desk_case opened;
    ENSURE(kind != NULL, CODE_NOT_FOUND);
    ENSURE(two_pairs_of_eyes(kind, act), CODE_SAME_OPERATOR);
    GUARD(guard_lock_place(db, &locker, order, out));
    if (text_equal(order->code, "L08")) {
        // The two clerks owe a decision even when the person says nothing.
        GUARD(open_case(db, desk, out, kind, &opened));
        GUARD(guard_lock_move(db, out, opened.due_us, false, out->asked_us));
        out->until_us = opened.due_us;
    }
    return audit_both(db, desk, "lock.place", act, out);
}

enum code desk_lock_lift(struct db *db, const struct desk *desk, const char *case_number,
                         const struct desk_lock_act *act, struct guard_lock *out)
{
    const struct guard_locker locker = locker_of(desk);
    GUARD(guard_lock_by_case(db, case_number, out));
    const struct guard_lock_kind *kind = kind_of(desk, out->code);
    ENSURE(kind != NULL, CODE_NOT_FOUND);
    ENSURE(two_pairs_of_eyes(kind, act), CODE_SAME_OPERATOR);
    GUARD(guard_lock_lift(db, &locker, case_number, "lifted", out));
    GUARD(desk_case_withdraw(db, desk, DESK_UNLOCK, &out->id));
    return audit_both(db, desk, "lock.lift", act, out);
}

enum code desk_unlock_request(struct db *db, const struct desk *desk, int64_t person,
                              const char *case_number, const char *statement,
                              struct guard_lock *out)
{
    const struct guard_locker locker = locker_of(desk);
    const struct desk_lock_act act = {.note = statement};
    const int64_t now_us = env_now(desk->env);
    struct desk_case opened;
    GUARD(guard_lock_by_case(db, case_number, out));
    ENSURE(out->person == person && guard_lock_in_force(out, now_us), CODE_NOT_FOUND);
    const struct guard_lock_kind *kind = kind_of(desk, out->code);
    const bool decided = !out->automatic || text_equal(out->code, "L04");
    ENSURE(decided && kind->working_days > 0 && out->asked_us == 0, CODE_UNLOCK_NOT_NEEDED);
    GUARD(open_case(db, desk, out, kind, &opened));
    out->asked_us = now_us;
    if (!out->automatic) // L04 ends by itself too, whichever comes first
        out->until_us = opened.due_us;
    GUARD(guard_lock_move(db, out, out->until_us, out->automatic, now_us));
    GUARD(audit(db, desk, "unlock.request", &act, out));
    return guard_lock_announce(db, &locker, out, "lock.asked");
}

enum code desk_unlock_decide(struct db *db, const struct desk *desk, const char *case_number,
                             bool approved, struct guard_lock *out)
{
    const struct guard_locker locker = locker_of(desk);
    if (approved)
        return guard_lock_lift(db, &locker, case_number, "approved", out);
    GUARD(guard_lock_by_case(db, case_number, out));
    ENSURE(guard_lock_in_force(out, env_now(desk->env)), CODE_NOT_FOUND);
    // It waits for the person again; the next request opens a new case.
    out->asked_us = 0;
    if (!out->automatic)
        out->until_us = GUARD_LOCK_OPEN;
    GUARD(guard_lock_move(db, out, out->until_us, out->automatic, 0));
    return guard_lock_announce(db, &locker, out, "lock.refused");
}
