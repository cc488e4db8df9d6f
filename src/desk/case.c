// Cases: opened by the pillars, worked on by operators.
// C1 One live case a kind and reference. C2 Whoever decides has taken it. C3 Every step leaves a
// row in the audit trail, in the same transaction. C4 A missed deadline moves a case up and back
// into the queue; what waits for an approval stays where it is.
#include "desk/desk_priv.h"

#include "guard/guard_workdays.h"

#include <stdio.h>

static enum code record(struct db *db, const struct desk *desk, const struct desk_case *c,
                        const char *action, const struct desk_act *act, const char *before)
{
    const struct desk_deed deed = {.actor = act->actor,
                                   .action = action,
                                   .reason = act->reason,
                                   .note = act->note,
                                   .case_number = c->number,
                                   .person = c->person != 0 ? c->person : c->application,
                                   .target = c->topic,
                                   .before = before,
                                   .after = desk_state_name(c->state)};
    return desk_audit_add(db, desk, &deed);
}

// Of the program, or of the person themselves.
static const struct desk_act NOBODY = {0, NULL, NULL};

static void set_deadline(const struct desk *desk, const struct desk_new_case *in,
                         struct desk_case *c)
{
    c->exact = true;
    c->due_us = in->due_us;
    if (in->due_us == 0)
        guard_deadline(desk->profiles, c->opened_us, in->working_days, &c->due_us, &c->exact);
}

enum code desk_case_open(struct db *db, const struct desk *desk, const struct desk_new_case *in,
                         struct desk_case *out)
{
    struct desk_case_row row;
    const enum code code = desk_store_case_live(db, in->kind, &in->ref, &row);
    if (code == OK)
        *out = row.c;
    if (code != CODE_NOT_FOUND)
        return code;
    row = (struct desk_case_row){.c = {.id = id_new(desk->env),
                                       .kind = in->kind,
                                       .state = DESK_OPEN,
                                       .ref = in->ref,
                                       .person = in->person,
                                       .application = in->application,
                                       .four_eyes = in->four_eyes,
                                       .working_days = in->due_us == 0 ? in->working_days : 0,
                                       .opened_us = env_now(desk->env)}};
    (void)text_copy(row.c.topic, sizeof row.c.topic, in->topic != NULL ? in->topic : "");
    if (in->number != NULL)
        (void)text_copy(row.c.number, sizeof row.c.number, in->number);
    else
        guard_case_number(desk->env, row.c.number);
    set_deadline(desk, in, &row.c);
    row.next_us = row.c.due_us;
    GUARD(desk_store_case_insert(db, &row));
    *out = row.c;
    return record(db, desk, out, "case.open", &NOBODY, "");
}

enum code desk_case_by_number(struct db *db, const char *number, struct desk_case *out)
{
    struct desk_case_row row;
    GUARD(desk_store_case_number(db, number, &row));
    *out = row.c;
    return OK;
}

static enum code finish(struct db *db, const struct desk *desk, struct desk_case_row *row,
                        const struct desk_act *act, const char *action, const char *outcome)
{
    const char *before = desk_state_name(row->c.state);
    row->c.state = DESK_DONE;
    row->c.decided_us = env_now(desk->env);
    row->next_us = 0;
    (void)text_copy(row->c.outcome, sizeof row->c.outcome, outcome);
    GUARD(desk_store_case_update(db, row));
    return record(db, desk, &row->c, action, act, before);
}

enum code desk_case_withdraw(struct db *db, const struct desk *desk, enum desk_kind kind,
                             const struct id *ref)
{
    struct desk_case_row row;
    const enum code code = desk_store_case_live(db, kind, ref, &row);
    if (code == CODE_NOT_FOUND)
        return OK;
    GUARD(code);
    return finish(db, desk, &row, &NOBODY, "case.withdraw", "withdrawn");
}

// --- what operators do --------------------------------------------------------------------------

enum code desk_case_take(struct db *db, const struct desk *desk, const char *number,
                         const struct desk_act *act, struct desk_case *out)
{
    struct desk_case_row row;
    GUARD(desk_store_case_number(db, number, &row));
    *out = row.c;
    if (row.c.state == DESK_TAKEN && row.c.operator_taken == act->actor)
        return OK;
    ENSURE(row.c.state != DESK_TAKEN, CODE_CASE_TAKEN);
    ENSURE(row.c.state == DESK_OPEN, CODE_CASE_STATE);
    row.c.state = DESK_TAKEN;
    row.c.operator_taken = act->actor;
    GUARD(desk_store_case_update(db, &row));
    *out = row.c;
    return record(db, desk, out, "case.take", act, desk_state_name(DESK_OPEN));
}

// The case as its taker may change it.
static enum code load_taken(struct db *db, const char *number, int64_t actor,
                            struct desk_case_row *out)
{
    GUARD(desk_store_case_number(db, number, out));
    ENSURE(out->c.state == DESK_TAKEN, CODE_CASE_STATE);
    ENSURE(out->c.operator_taken == actor, CODE_CASE_TAKEN);
    return OK;
}

enum code desk_case_hand(struct db *db, const struct desk *desk, const char *number,
                         const struct desk_act *act, int64_t to, enum desk_level level,
                         struct desk_case *out)
{
    struct desk_case_row row;
    GUARD(load_taken(db, number, act->actor, &row));
    if (level > row.c.level)
        row.c.level = level;
    row.c.operator_taken = to;
    row.c.state = to != 0 ? DESK_TAKEN : DESK_OPEN;
    GUARD(desk_store_case_update(db, &row));
    *out = row.c;
    return record(db, desk, out, "case.hand", act, desk_state_name(DESK_TAKEN));
}

enum code desk_case_note(struct db *db, const struct desk *desk, const char *number,
                         const struct desk_act *act)
{
    struct desk_case_row row;
    GUARD(desk_store_case_number(db, number, &row));
    return record(db, desk, &row.c, "case.note", act, desk_state_name(row.c.state));
}

enum code desk_case_await(struct db *db, const struct desk *desk, const char *number,
                          const struct desk_act *act)
{
    struct desk_case_row row;
    GUARD(load_taken(db, number, act->actor, &row));
    row.c.state = DESK_APPROVAL;
    GUARD(desk_store_case_update(db, &row));
    return record(db, desk, &row.c, "case.await", act, desk_state_name(DESK_TAKEN));
}

enum code desk_case_unawait(struct db *db, const struct desk *desk, const char *number,
                            const struct desk_act *act)
{
    struct desk_case_row row;
    GUARD(desk_store_case_number(db, number, &row));
    if (row.c.state != DESK_APPROVAL)
        return OK;
    row.c.state = row.c.operator_taken != 0 ? DESK_TAKEN : DESK_OPEN;
    GUARD(desk_store_case_update(db, &row));
    return record(db, desk, &row.c, "case.unawait", act, desk_state_name(DESK_APPROVAL));
}

enum code desk_case_decide(struct db *db, const struct desk *desk, const char *number,
                           const struct desk_act *act, const char *outcome, struct desk_case *out)
{
    struct desk_case_row row;
    GUARD(desk_store_case_number(db, number, &row));
    ENSURE(row.c.state == DESK_TAKEN || row.c.state == DESK_APPROVAL, CODE_CASE_STATE);
    ENSURE(row.c.state == DESK_APPROVAL || row.c.operator_taken == act->actor, CODE_CASE_TAKEN);
    GUARD(finish(db, desk, &row, act, "case.decide", outcome));
    *out = row.c;
    return OK;
}

// --- deadlines
// ------------------------------------------------------------------------------------

static enum code tell_person(struct db *db, const struct desk *desk, const struct desk_case *c)
{
    struct party_wallet wallet;
    if (c->person == 0 || party_wallet_load(db, c->person, &wallet) == CODE_NOT_FOUND)
        return OK;
    struct party_notice notice = {
        .person = c->person, .group = PARTY_NOTICE_SERVICE, .kind = "case.escalated"};
    (void)snprintf(notice.params, sizeof notice.params, "case=%s", c->number);
    return party_notice_add(db, desk->vault, desk->env, &notice);
}

static enum code escalate(struct db *db, const struct desk *desk, struct desk_case_row *row)
{
    const char *before = desk_level_name(row->c.level);
    if (row->c.level < DESK_HEAD)
        row->c.level++;
    // A working day later once more; the head's queue is the last one.
    if (row->c.level < DESK_HEAD)
        guard_deadline(desk->profiles, row->next_us, 1, &row->next_us, NULL);
    else
        row->next_us = 0;
    if (row->c.state == DESK_TAKEN) {
        row->c.state = DESK_OPEN;
        row->c.operator_taken = 0;
    }
    GUARD(desk_store_case_update(db, row));
    const struct desk_deed deed = {.action = "case.escalate",
                                   .case_number = row->c.number,
                                   .person =
                                       row->c.person != 0 ? row->c.person : row->c.application,
                                   .target = row->c.topic,
                                   .before = before,
                                   .after = desk_level_name(row->c.level)};
    GUARD(desk_audit_add(db, desk, &deed));
    return tell_person(db, desk, &row->c);
}

enum code desk_cases_escalate(struct db *db, const struct desk *desk, int64_t now_us, size_t limit,
                              int64_t *out_moved)
{
    *out_moved = 0;
    for (size_t i = 0; i < limit; i++) {
        struct desk_case_row row;
        const enum code code = desk_store_case_next(db, now_us, &row);
        if (code == CODE_NOT_FOUND)
            return OK;
        GUARD(code);
        GUARD(escalate(db, desk, &row));
        ++*out_moved;
    }
    return OK;
}
