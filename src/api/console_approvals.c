// The four-eyes inbox: what one operator asked for, and what another does about it.
#include "api/console_priv.h"

#include <string.h>

static const struct {
    const char *action;
    uint32_t right; // that asking needs, and so the second person's as well
    enum code (*run)(struct db *db, struct console_act *act);
} ACTS[] = {
    {"case.decide", DESK_MAY_SEE_CASES, console_act_case},
    {"operator.add", DESK_MAY_ROLES, console_act_operator},
    {"operator.roles", DESK_MAY_ROLES, console_act_operator},
    {"operator.reset", DESK_MAY_ROLES, console_act_operator},
    {"maintenance.set", DESK_MAY_NOTICE, console_act_notice},
};

enum code console_parameters(const struct console_act *act, void *out,
                             const struct net_json_field *fields, size_t count)
{
    struct net_json *json = NULL;
    GUARD(net_json_parse(&json, act->approval->parameters, strlen(act->approval->parameters)));
    const enum code code = net_json_fill(out, json, fields, count, act->arena, "", act->problem);
    net_json_free(&json);
    return code;
}

static bool find_act(const char *action, size_t *out)
{
    for (size_t i = 0; i < sizeof ACTS / sizeof ACTS[0]; i++) {
        *out = i;
        if (text_equal(ACTS[i].action, action))
            return true;
    }
    return false;
}

struct list {
    struct desk_approval *rows;
    size_t limit, count;
};

static bool take_row(void *context, const struct desk_approval *found)
{
    struct list *list = context;
    list->rows[list->count++] = *found;
    return list->count <= list->limit;
}

static enum net_step list_approvals(struct net_exchange *x)
{
    struct desk_session session;
    struct console_cursor cursor;
    struct list list = {0};
    const char *waiting = net_query(x, "waiting");
    if (!console_session(x, 0, &session) || !console_limit(x, &list.limit) ||
        !console_cursor_read(x, "console.approvals", &cursor))
        return NET_DONE;
    list.rows = arena_alloc(net_arena(x), (list.limit + 1) * sizeof *list.rows);
    struct db *db = api_take(x);
    const enum code code =
        desk_approvals_list(db, &api_of(x)->desk, waiting == NULL || text_equal(waiting, "true"),
                            &cursor.id, cursor.at, list.limit + 1, take_row, &list);
    struct net_json_writer *w = net_reply_writer(x);
    net_json_begin_object(w, NULL);
    net_json_begin_array(w, "data");
    for (size_t i = 0; i < list.count && i < list.limit; i++) {
        console_write_approval(w, NULL, db, &list.rows[i]);
        cursor = (struct console_cursor){list.rows[i].asked_us, list.rows[i].id};
    }
    api_give(x, db);
    if (code != OK)
        return api_refuse(x, code, NULL, CHARGED_NOT_INVOLVED);
    net_json_end_array(w);
    console_cursor_write(x, w, "console.approvals", list.count > list.limit, &cursor);
    net_json_end_object(w);
    return net_reply_json(x, 200);
}

enum net_step console_reply_approval(struct net_exchange *x, int status, struct db *db,
                                     const struct desk_approval *a, const char *setup_code)
{
    struct net_json_writer *w = net_reply_writer(x);
    net_json_begin_object(w, NULL);
    console_write_approval(w, "approval", db, a);
    net_json_string(w, "setup_code", setup_code);
    net_json_end_object(w);
    return net_reply_json(x, status);
}

// --- asking
// ----------------------------------------------------------------------------------------

struct asking {
    struct api *api;
    const struct desk_new_approval *in;
    struct desk_approval out;
};

static enum code ask_run(struct db *db, void *context, struct problem *problem)
{
    struct asking *asking = context;
    (void)problem;
    return desk_approval_ask(db, &asking->api->desk, asking->in, &asking->out);
}

enum net_step console_ask(struct net_exchange *x, const struct desk_session *session,
                          const struct desk_new_approval *in, const char *totp_code)
{
    struct asking asking = {.api = api_of(x), .in = in};
    if (!console_confirm(x, session, totp_code))
        return NET_DONE;
    struct api_change change = {.run = ask_run, .context = &asking};
    const enum code code = api_change(x, &change);
    if (code != OK)
        return api_refuse(x, code, &change.problem, CHARGED_NOT_INVOLVED);
    struct db *db = api_take(x);
    const enum net_step step = console_reply_approval(x, 201, db, &asking.out, NULL);
    api_give(x, db);
    return step;
}

// --- deciding
// --------------------------------------------------------------------------------------

struct deciding {
    struct net_exchange *x;
    const struct desk_session *session;
    struct id id;
    const char *decision, *totp, *note;
    struct desk_approval out;
    struct console_act act;
};
static const struct net_json_field DECIDE_FIELDS[] = {
    {"decision", NET_JSON_CHOICE, true, offsetof(struct deciding, decision), 0, 0,
     "approve|decline", NULL, 0},
    {"totp", NET_JSON_TEXT, false, offsetof(struct deciding, totp), 0, 12, NULL, NULL, 0},
    {"note", NET_JSON_LINE, false, offsetof(struct deciding, note), 0, DESK_NOTE_MAX, NULL, NULL,
     0},
};

static enum code declined(struct db *db, struct deciding *d)
{
    const struct desk_act how = {d->session->who.id, d->out.reason, d->note};
    if (!text_equal(d->out.action, "case.decide"))
        return OK;
    const enum code code = desk_case_unawait(db, &api_of(d->x)->desk, d->out.case_number, &how);
    return code == CODE_NOT_FOUND ? OK : code;
}

// What can be refused without a one-time code is: it stays good for the real one.
static enum code may_decide(struct db *db, struct deciding *d, size_t *out_which)
{
    GUARD(desk_approval_load(db, &api_of(d->x)->desk, &d->id, &d->out));
    ENSURE(d->out.asked_by != d->session->who.id, CODE_SAME_OPERATOR);
    ENSURE(find_act(d->out.action, out_which), CODE_NOT_ALLOWED);
    ENSURE((d->session->rights & ACTS[*out_which].right) != 0, CODE_NOT_PERMITTED);
    return d->out.state == DESK_ASKED ? OK : CODE_CASE_STATE;
}

static enum code decide_run(struct db *db, void *context, struct problem *problem)
{
    struct deciding *d = context;
    struct api *api = api_of(d->x);
    size_t which;
    const bool approve = text_equal(d->decision, "approve");
    GUARD(may_decide(db, d, &which));
    GUARD(desk_approval_decide(db, &api->desk, &d->id, d->session->who.id, approve, d->note,
                               &d->out));
    if (!approve)
        return declined(db, d);
    d->act = (struct console_act){.api = api,
                                  .arena = net_arena(d->x),
                                  .approval = &d->out,
                                  .actor = d->session->who.id,
                                  .problem = problem};
    return ACTS[which].run(db, &d->act);
}

static enum net_step decide(struct net_exchange *x)
{
    struct desk_session session;
    struct deciding d = {.x = x, .session = &session};
    if (!console_session(x, DESK_MAY_APPROVE, &session) || !api_id(x, "id", "apr", &d.id) ||
        !API_READ(x, &d, DECIDE_FIELDS))
        return NET_DONE;
    size_t which;
    struct db *look = api_take(x);
    enum code code = may_decide(look, &d, &which);
    api_give(x, look);
    if (code != OK)
        return api_refuse(x, code, NULL, CHARGED_NOT_INVOLVED);
    if (text_equal(d.decision, "approve") && !console_confirm(x, &session, d.totp))
        return NET_DONE;
    struct api_change change = {.run = decide_run, .context = &d};
    code = api_change(x, &change);
    if (code != OK)
        return api_refuse(x, code, &change.problem, CHARGED_NOT_INVOLVED);
    struct db *db = api_take(x);
    const enum net_step step = console_reply_approval(
        x, 200, db, &d.out, d.act.setup_code[0] != '\0' ? d.act.setup_code : NULL);
    api_give(x, db);
    return step;
}

static enum code take_back_run(struct db *db, void *context, struct problem *problem)
{
    struct deciding *d = context;
    (void)problem;
    GUARD(desk_approval_take_back(db, &api_of(d->x)->desk, &d->id, d->session->who.id, &d->out));
    return declined(db, d);
}

static enum net_step take_back(struct net_exchange *x)
{
    struct desk_session session;
    struct deciding d = {.x = x, .session = &session};
    if (!console_session(x, 0, &session) || !api_id(x, "id", "apr", &d.id))
        return NET_DONE;
    struct api_change change = {.run = take_back_run, .context = &d};
    const enum code code = api_change(x, &change);
    return code == OK ? net_reply_empty(x, 204)
                      : api_refuse(x, code, &change.problem, CHARGED_NOT_INVOLVED);
}

static const struct net_route ROUTES[] = {
    {"GET", "/api/v1/console/approvals", "consoleListApprovals", list_approvals, 0, 0, NULL},
    {"POST", "/api/v1/console/approvals/{id}", "consoleDecideApproval", decide, 0, 0, NULL},
    {"DELETE", "/api/v1/console/approvals/{id}", "consoleTakeBackApproval", take_back, 0, 0, NULL},
};
API_TABLE(API_CONSOLE_APPROVALS, ROUTES);
