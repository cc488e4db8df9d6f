// Approvals by a second person: SQL and the rules on one row.
#include "desk/desk_priv.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define COLUMNS                                                                                    \
    "id, action, parameters, case_number, person, state, reason, asked_by, asked_us, decided_by, " \
    "decided_us, expires_us"
enum { SEALED_MAX = DESK_PARAMETERS_MAX + VAULT_SEAL_OVERHEAD };

static enum code insert(struct db *db, const struct desk *desk, const struct desk_approval *a)
{
    uint8_t sealed[SEALED_MAX];
    const size_t size = vault_seal(desk->vault, sealed, DESK_SEAL_PARAMETERS, a->asked_by,
                                   a->parameters, strlen(a->parameters));
    const struct db_value values[] = {
        db_id(&a->id),       db_text(a->action),   db_blob(sealed, size), db_text(a->case_number),
        db_int(a->person),   db_int(a->state),     db_text(a->reason),    db_int(a->asked_by),
        db_int(a->asked_us), db_int(a->expires_us)};
    return db_exec(db,
                   "INSERT INTO desk_approval (" COLUMNS ") "
                   "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, 0, $10)",
                   values, COUNT(values), NULL);
}

struct reading {
    const struct desk *desk;
    struct desk_approval one;
    enum code code;
    bool (*visit)(void *context, const struct desk_approval *found);
    void *context;
};

static void read_row(struct reading *reading, const struct db_row *row)
{
    struct desk_approval *a = &reading->one;
    size_t size;
    *a = (struct desk_approval){.id = db_get_id(row, 0),
                                .person = db_get_int(row, 4),
                                .state = (enum desk_approval_state)db_get_int(row, 5),
                                .asked_by = db_get_int(row, 7),
                                .asked_us = db_get_int(row, 8),
                                .decided_by = db_get_int(row, 9),
                                .decided_us = db_get_int(row, 10),
                                .expires_us = db_get_int(row, 11)};
    (void)text_copy(a->action, sizeof a->action, db_get_text(row, 1));
    const void *sealed = db_get_blob(row, 2, &size);
    reading->code = vault_open_text(reading->desk->vault, a->parameters, sizeof a->parameters,
                                    DESK_SEAL_PARAMETERS, a->asked_by, sealed, size);
    (void)text_copy(a->case_number, sizeof a->case_number, db_get_text(row, 3));
    (void)text_copy(a->reason, sizeof a->reason, db_get_text(row, 6));
}

static bool visit_one(void *context, const struct db_row *row)
{
    read_row(context, row);
    return false;
}

static bool visit_listed(void *context, const struct db_row *row)
{
    struct reading *reading = context;
    read_row(reading, row);
    return reading->code == OK && reading->visit(reading->context, &reading->one);
}

enum code desk_approval_load(struct db *db, const struct desk *desk, const struct id *id,
                             struct desk_approval *out)
{
    struct reading reading = {.desk = desk};
    const struct db_value value = db_id(id);
    bool found = false;
    GUARD(db_query_one(db, "SELECT " COLUMNS " FROM desk_approval WHERE id = $1", &value, 1,
                       visit_one, &reading, &found));
    ENSURE(found, CODE_NOT_FOUND);
    *out = reading.one;
    return reading.code;
}

enum code desk_approvals_list(struct db *db, const struct desk *desk, bool waiting,
                              const struct id *before, int64_t before_us, size_t limit,
                              bool (*visit)(void *context, const struct desk_approval *found),
                              void *context)
{
    struct reading reading = {.desk = desk, .visit = visit, .context = context};
    const struct db_value values[] = {db_int(before_us != 0 ? before_us : INT64_MAX), db_id(before),
                                      db_int((int64_t)limit)};
    const char *sql = waiting ? "SELECT " COLUMNS " FROM desk_approval WHERE state = 1 AND "
                                "(asked_us < $1 OR (asked_us = $1 AND id < $2)) "
                                "ORDER BY asked_us DESC, id DESC LIMIT $3"
                              : "SELECT " COLUMNS " FROM desk_approval WHERE "
                                "(asked_us < $1 OR (asked_us = $1 AND id < $2)) "
                                "ORDER BY asked_us DESC, id DESC LIMIT $3";
    GUARD(db_query(db, sql, values, COUNT(values), visit_listed, &reading));
    return reading.code;
}

static enum code record(struct db *db, const struct desk *desk, const struct desk_approval *a,
                        const char *action, int64_t actor, const char *note, const char *before)
{
    const struct desk_deed deed = {.actor = actor,
                                   .action = action,
                                   .reason = a->reason,
                                   .note = note,
                                   .case_number = a->case_number,
                                   .person = a->person,
                                   .target = a->action,
                                   .before = before,
                                   .after = desk_approval_state_name(a->state)};
    return desk_audit_add(db, desk, &deed);
}

enum code desk_approval_ask(struct db *db, const struct desk *desk,
                            const struct desk_new_approval *in, struct desk_approval *out)
{
    *out = (struct desk_approval){.id = id_new(desk->env),
                                  .person = in->person,
                                  .state = DESK_ASKED,
                                  .asked_by = in->asked_by,
                                  .asked_us = env_now(desk->env)};
    out->expires_us = out->asked_us + DESK_APPROVAL_LIFE_US;
    ENSURE(text_copy(out->parameters, sizeof out->parameters, in->parameters),
           CODE_REQUEST_INVALID);
    (void)text_copy(out->action, sizeof out->action, in->action);
    (void)text_copy(out->case_number, sizeof out->case_number,
                    in->case_number != NULL ? in->case_number : "");
    (void)text_copy(out->reason, sizeof out->reason, in->reason != NULL ? in->reason : "");
    GUARD(insert(db, desk, out));
    return record(db, desk, out, "approval.ask", in->asked_by, in->note, "");
}

static enum code end(struct db *db, const struct desk *desk, struct desk_approval *a,
                     enum desk_approval_state state, int64_t actor, const char *note)
{
    a->state = state;
    a->decided_by = actor;
    a->decided_us = env_now(desk->env);
    const struct db_value values[] = {db_id(&a->id), db_int(state), db_int(actor),
                                      db_int(a->decided_us)};
    int64_t changes;
    GUARD(db_exec(db,
                  "UPDATE desk_approval SET state = $2, decided_by = $3, decided_us = $4 "
                  "WHERE id = $1 AND state = 1",
                  values, COUNT(values), &changes));
    ENSURE(changes == 1, CODE_CASE_STATE);
    static const char *const actions[] = {"", "", "approval.approve", "approval.decline",
                                          "approval.take-back"};
    return record(db, desk, a, actions[state], actor, note, desk_approval_state_name(DESK_ASKED));
}

enum code desk_approval_decide(struct db *db, const struct desk *desk, const struct id *id,
                               int64_t actor, bool approve, const char *note,
                               struct desk_approval *out)
{
    GUARD(desk_approval_load(db, desk, id, out));
    ENSURE(out->asked_by != actor, CODE_SAME_OPERATOR);
    ENSURE(out->state == DESK_ASKED && env_now(desk->env) < out->expires_us, CODE_CASE_STATE);
    return end(db, desk, out, approve ? DESK_CARRIED_OUT : DESK_DECLINED, actor, note);
}

enum code desk_approval_take_back(struct db *db, const struct desk *desk, const struct id *id,
                                  int64_t actor, struct desk_approval *out)
{
    GUARD(desk_approval_load(db, desk, id, out));
    ENSURE(out->asked_by == actor, CODE_NOT_FOUND);
    ENSURE(out->state == DESK_ASKED, CODE_CASE_STATE);
    return end(db, desk, out, DESK_TAKEN_BACK, actor, NULL);
}

static enum code expire_one(struct db *db, const struct desk *desk, struct desk_approval *a)
{
    static const struct desk_act nobody = {0, NULL, NULL};
    GUARD(end(db, desk, a, DESK_TAKEN_BACK, 0, NULL));
    if (a->case_number[0] == '\0')
        return OK;
    const enum code code = desk_case_unawait(db, desk, a->case_number, &nobody);
    return code == CODE_NOT_FOUND ? OK : code;
}

enum code desk_approvals_expire(struct db *db, const struct desk *desk, int64_t now_us,
                                size_t limit, int64_t *out_ended)
{
    const struct db_value value = db_int(now_us);
    *out_ended = 0;
    for (size_t i = 0; i < limit; i++) {
        struct reading reading = {.desk = desk};
        bool found = false;
        GUARD(db_query_one(db,
                           "SELECT " COLUMNS " FROM desk_approval WHERE state = 1 AND "
                           "expires_us <= $1 ORDER BY asked_us LIMIT 1",
                           &value, 1, visit_one, &reading, &found));
        if (!found)
            return OK;
        GUARD(reading.code);
        GUARD(expire_one(db, desk, &reading.one));
        ++*out_ended;
    }
    return OK;
}
