// Operators and their roles, maintenance notices, the audit trail, figures.
#include "api/console_priv.h"
#include "guard/guard_maintenance.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

// --- operators
// -------------------------------------------------------------------------------------

static bool write_operator(void *context, const struct desk_operator *o)
{
    struct net_json_writer *w = context;
    net_json_begin_object(w, NULL);
    net_json_int(w, "id", o->id);
    net_json_string(w, "login", o->login);
    net_json_string(w, "name", o->name);
    console_write_roles(w, "roles", o->roles);
    net_json_string(w, "state", desk_operator_state_name(o->state));
    net_json_time(w, "created_at", o->created_us);
    net_json_time(w, "signed_in_at", o->signed_in_us);
    net_json_time(w, "locked_until", o->locked_until_us);
    net_json_end_object(w);
    return true;
}

static enum net_step list_operators(struct net_exchange *x)
{
    struct desk_session session;
    if (!console_session(x, DESK_MAY_ROLES | DESK_MAY_AUDIT, &session))
        return NET_DONE;
    struct net_json_writer *w = net_reply_writer(x);
    net_json_begin_object(w, NULL);
    net_json_begin_array(w, "data");
    struct db *db = api_take(x);
    const enum code code = desk_operators_list(db, 500, write_operator, w);
    api_give(x, db);
    if (code != OK)
        return api_refuse(x, code, NULL, CHARGED_NOT_INVOLVED);
    net_json_end_array(w);
    net_json_end_object(w);
    return net_reply_json(x, 200);
}

struct operator_body {
    const char *action, *login, *name, *reason, *totp;
    int64_t id;
    const struct net_json *roles;
};
static const struct net_json_field ASK_FIELDS[] = {
    {"action", NET_JSON_CHOICE, true, offsetof(struct operator_body, action), 0, 0,
     "add|roles|reset", NULL, 0},
    {"id", NET_JSON_INT, false, offsetof(struct operator_body, id), 1, INT32_MAX, NULL, NULL, 0},
    {"login", NET_JSON_TEXT, false, offsetof(struct operator_body, login), 2, 32, NULL, NULL, 0},
    {"name", NET_JSON_LINE, false, offsetof(struct operator_body, name), 1, 96, NULL, NULL, 0},
    {"roles", NET_JSON_VALUE, false, offsetof(struct operator_body, roles), 0, 0, NULL, NULL, 0},
    {"reason", NET_JSON_CHOICE, true, offsetof(struct operator_body, reason), 0, 0, CONSOLE_REASONS,
     NULL, 0},
    {"totp", NET_JSON_TEXT, true, offsetof(struct operator_body, totp), 1, 12, NULL, NULL, 0},
};

static int64_t read_roles(const struct net_json *list)
{
    int64_t roles = 0;
    for (size_t i = 0; list != NULL && i < net_json_size(list); i++) {
        const char *name = net_json_as_text(net_json_item(list, i));
        const int64_t role = name != NULL ? desk_role_parse(name) : 0;
        if (role == 0)
            return 0;
        roles |= role;
    }
    return roles;
}

static bool complete(struct net_exchange *x, const struct operator_body *body, int64_t roles)
{
    const bool add = text_equal(body->action, "add");
    const bool good = (add ? body->login != NULL && body->name != NULL : body->id != 0) &&
                      (text_equal(body->action, "reset") || roles != 0);
    if (!good)
        (void)api_refuse(x, CODE_REQUEST_INVALID, NULL, CHARGED_NOT_INVOLVED);
    return good;
}

static enum net_step ask_operator(struct net_exchange *x)
{
    struct desk_session session;
    struct operator_body body = {0};
    char action[32];
    if (!console_session(x, DESK_MAY_ROLES, &session) || !API_READ(x, &body, ASK_FIELDS))
        return NET_DONE;
    const int64_t roles = read_roles(body.roles);
    if (!complete(x, &body, roles))
        return NET_DONE;
    struct buffer parameters = {0};
    struct net_json_writer w = {&parameters, false};
    net_json_begin_object(&w, NULL);
    net_json_int(&w, "id", body.id);
    net_json_string(&w, "login", body.login != NULL ? body.login : "");
    net_json_string(&w, "name", body.name != NULL ? body.name : "");
    console_write_roles(&w, "roles", roles);
    net_json_end_object(&w);
    (void)snprintf(action, sizeof action, "operator.%s", body.action);
    const struct desk_new_approval in = {.action = action,
                                         .parameters = parameters.data,
                                         .asked_by = session.who.id,
                                         .reason = body.reason};
    const enum net_step step = console_ask(x, &session, &in, body.totp);
    buffer_free(&parameters);
    return step;
}

enum code console_act_operator(struct db *db, struct console_act *act)
{
    static const struct net_json_field fields[] = {
        {"id", NET_JSON_INT, true, offsetof(struct operator_body, id), 0, INT32_MAX, NULL, NULL, 0},
        {"login", NET_JSON_TEXT, true, offsetof(struct operator_body, login), 0, 32, NULL, NULL, 0},
        {"name", NET_JSON_LINE, true, offsetof(struct operator_body, name), 0, 96, NULL, NULL, 0},
        {"roles", NET_JSON_VALUE, true, offsetof(struct operator_body, roles), 0, 0, NULL, NULL, 0},
    };
    struct operator_body body = {0};
    struct net_json *json = NULL;
    const struct desk_approval *a = act->approval;
    const struct desk *desk = &act->api->desk;
    GUARD(net_json_parse(&json, a->parameters, strlen(a->parameters)));
    enum code code = net_json_fill(&body, json, fields, 4, act->arena, "", act->problem);
    const int64_t roles = code == OK ? read_roles(body.roles) : 0;
    net_json_free(&json);
    GUARD(code);
    // The trail names who asked at "approval.ask" and who approved here.
    if (text_equal(a->action, "operator.roles"))
        return desk_operator_set_roles(db, desk, body.id, roles, act->actor, a->reason);
    if (text_equal(a->action, "operator.reset"))
        return desk_operator_reset(db, desk, body.id, act->actor, a->reason, act->setup_code);
    struct desk_operator made;
    const struct desk_new_operator in = {.login = body.login,
                                         .name = body.name,
                                         .roles = roles,
                                         .by = act->actor,
                                         .reason = a->reason};
    return desk_operator_add(db, desk, &in, &made, act->setup_code);
}

struct closing {
    struct api *api;
    int64_t id, by;
    const char *reason;
};
static const struct net_json_field CLOSE_FIELDS[] = {
    {"reason", NET_JSON_CHOICE, true, offsetof(struct closing, reason), 0, 0, CONSOLE_REASONS, NULL,
     0},
};

static enum code close_run(struct db *db, void *context, struct problem *problem)
{
    const struct closing *c = context;
    (void)problem;
    return desk_operator_close(db, &c->api->desk, c->id, c->by, c->reason);
}

// To take rights away is safe: one administrator is enough.
static enum net_step close_operator(struct net_exchange *x)
{
    struct desk_session session;
    struct closing closing = {.api = api_of(x)};
    if (!console_session(x, DESK_MAY_ROLES, &session) || !API_READ(x, &closing, CLOSE_FIELDS))
        return NET_DONE;
    if (!text_to_int64(&closing.id, net_param(x, "id")))
        return api_refuse(x, CODE_NOT_FOUND, NULL, CHARGED_NOT_INVOLVED);
    closing.by = session.who.id;
    struct api_change change = {.run = close_run, .context = &closing};
    const enum code code = api_change(x, &change);
    return code == OK ? net_reply_empty(x, 204) : api_refuse(x, code, NULL, CHARGED_NOT_INVOLVED);
}

// --- maintenance notices
// -----------------------------------------------------------------------------

struct notice_body {
    const char *scope, *until, *from, *note_zh, *note_en, *reason, *totp;
};
static const struct net_json_field NOTICE_FIELDS[] = {
    {"scope", NET_JSON_CHOICE, true, offsetof(struct notice_body, scope), 0, 0, "opening|all", NULL,
     0},
    {"from", NET_JSON_TEXT, false, offsetof(struct notice_body, from), 20, 32, NULL, NULL, 0},
    {"until", NET_JSON_TEXT, true, offsetof(struct notice_body, until), 20, 32, NULL, NULL, 0},
    {"note_zh", NET_JSON_LINE, false, offsetof(struct notice_body, note_zh), 0, 240, NULL, NULL, 0},
    {"note_en", NET_JSON_LINE, false, offsetof(struct notice_body, note_en), 0, 240, NULL, NULL, 0},
    {"reason", NET_JSON_CHOICE, true, offsetof(struct notice_body, reason), 0, 0, CONSOLE_REASONS,
     NULL, 0},
    {"totp", NET_JSON_TEXT, true, offsetof(struct notice_body, totp), 1, 12, NULL, NULL, 0},
};
enum { NOTICE_STORED = 5 }; // the first fields: what an approval keeps

static bool read_notice(const struct notice_body *body, int64_t now_us,
                        struct guard_maintenance *out)
{
    *out = (struct guard_maintenance){.scope = text_equal(body->scope, "all")
                                                   ? GUARD_MAINTENANCE_ALL
                                                   : GUARD_MAINTENANCE_OPENING};
    (void)text_copy(out->note_zh, sizeof out->note_zh, body->note_zh != NULL ? body->note_zh : "");
    (void)text_copy(out->note_en, sizeof out->note_en, body->note_en != NULL ? body->note_en : "");
    const bool from =
        body->from == NULL || body->from[0] == '\0' || time_parse_utc(&out->from_us, body->from);
    return from && time_parse_utc(&out->until_us, body->until) && out->until_us > now_us;
}

static enum net_step ask_notice(struct net_exchange *x)
{
    struct desk_session session;
    struct notice_body body = {0};
    struct guard_maintenance notice;
    if (!console_session(x, DESK_MAY_NOTICE, &session) || !API_READ(x, &body, NOTICE_FIELDS))
        return NET_DONE;
    if (!read_notice(&body, net_started_us(x), &notice))
        return api_refuse(x, CODE_REQUEST_INVALID, NULL, CHARGED_NOT_INVOLVED);
    struct buffer parameters = {0};
    struct net_json_writer w = {&parameters, false};
    net_json_begin_object(&w, NULL);
    net_json_string(&w, "scope", body.scope);
    if (notice.from_us != 0)
        net_json_time(&w, "from", notice.from_us);
    net_json_time(&w, "until", notice.until_us);
    net_json_string(&w, "note_zh", notice.note_zh);
    net_json_string(&w, "note_en", notice.note_en);
    net_json_end_object(&w);
    const struct desk_new_approval in = {.action = "maintenance.set",
                                         .parameters = parameters.data,
                                         .asked_by = session.who.id,
                                         .reason = body.reason};
    const enum net_step step = console_ask(x, &session, &in, body.totp);
    buffer_free(&parameters);
    return step;
}

enum code console_act_notice(struct db *db, struct console_act *act)
{
    struct notice_body body = {0};
    struct guard_maintenance notice, set;
    GUARD(console_parameters(act, &body, NOTICE_FIELDS, NOTICE_STORED));
    ENSURE(read_notice(&body, env_now(act->api->env), &notice), CODE_CASE_STATE);
    notice.set_by = act->approval->asked_by;
    notice.approved_by = act->actor;
    GUARD(guard_maintenance_set(db, act->api->env, &notice, &set));
    const struct desk_deed deed = {.actor = act->actor,
                                   .action = "maintenance.set",
                                   .reason = act->approval->reason,
                                   .after = guard_maintenance_scope_name(set.scope)};
    return desk_audit_add(db, &act->api->desk, &deed);
}

static void write_notice(struct net_json_writer *w, struct db *db,
                         const struct guard_maintenance *notice, int64_t now_us)
{
    net_json_begin_object(w, "notice");
    net_json_string(w, "scope", guard_maintenance_scope_name(notice->scope));
    net_json_bool(w, "in_force", notice->from_us <= now_us && now_us < notice->until_us);
    net_json_time(w, "from", notice->from_us);
    net_json_time(w, "until", notice->until_us);
    net_json_string(w, "note_zh", notice->note_zh);
    net_json_string(w, "note_en", notice->note_en);
    console_write_operator(w, "set_by", db, notice->set_by);
    console_write_operator(w, "approved_by", db, notice->approved_by);
    net_json_end_object(w);
}

static enum net_step get_notice(struct net_exchange *x)
{
    struct desk_session session;
    struct guard_maintenance notice;
    if (!console_session(x, 0, &session))
        return NET_DONE;
    struct db *db = api_take(x);
    const enum code code = guard_maintenance_next(db, net_started_us(x), &notice);
    struct net_json_writer *w = net_reply_writer(x);
    net_json_begin_object(w, NULL);
    if (code == OK)
        write_notice(w, db, &notice, net_started_us(x));
    else
        net_json_null(w, "notice");
    net_json_end_object(w);
    api_give(x, db);
    return code == OK || code == CODE_NOT_FOUND ? net_reply_json(x, 200)
                                                : api_refuse(x, code, NULL, CHARGED_NOT_INVOLVED);
}

static enum code end_run(struct db *db, void *context, struct problem *problem)
{
    struct closing *c = context;
    (void)problem;
    GUARD(guard_maintenance_end(db, c->api->vault, c->api->env, NULL));
    const struct desk_deed deed = {
        .actor = c->by, .action = "maintenance.end", .reason = c->reason, .after = "over"};
    return desk_audit_add(db, &c->api->desk, &deed);
}

static enum net_step end_notice(struct net_exchange *x)
{
    struct desk_session session;
    struct closing closing = {.api = api_of(x)};
    if (!console_session(x, DESK_MAY_NOTICE, &session) || !API_READ(x, &closing, CLOSE_FIELDS))
        return NET_DONE;
    closing.by = session.who.id;
    struct api_change change = {.run = end_run, .context = &closing};
    const enum code code = api_change(x, &change);
    return code == OK ? net_reply_empty(x, 204) : api_refuse(x, code, NULL, CHARGED_NOT_INVOLVED);
}

// --- the audit trail
// --------------------------------------------------------------------------------

struct trail {
    struct desk_audit_row *rows;
    size_t limit, count;
};

static bool take_row(void *context, const struct desk_audit_row *row)
{
    struct trail *trail = context;
    trail->rows[trail->count++] = *row;
    return trail->count <= trail->limit;
}

static void write_row(struct net_json_writer *w, struct db *db, const struct desk_audit_row *row)
{
    net_json_begin_object(w, NULL);
    net_json_int(w, "seq", row->seq);
    net_json_time(w, "at", row->at_us);
    console_write_operator(w, "operator", db, row->actor);
    net_json_string(w, "action", row->action);
    net_json_string(w, "reason", row->reason[0] != '\0' ? row->reason : NULL);
    net_json_string(w, "note", row->note[0] != '\0' ? row->note : NULL);
    net_json_string(w, "case_number", row->case_number[0] != '\0' ? row->case_number : NULL);
    net_json_string(w, "target", row->target);
    net_json_string(w, "before", row->before);
    net_json_string(w, "after", row->after);
    net_json_string(w, "hash", row->hash);
    net_json_end_object(w);
}

// Who may not read the whole trail reads their own part of it.
static enum net_step list_audit(struct net_exchange *x)
{
    struct desk_session session;
    struct console_cursor cursor;
    struct trail trail = {0};
    const char *who = net_query(x, "operator");
    struct desk_audit_filter filter = {.case_number = net_query(x, "case"),
                                       .action = net_query(x, "action")};
    if (!console_session(x, 0, &session) || !console_limit(x, &trail.limit) ||
        !console_cursor_read(x, "console.audit", &cursor))
        return NET_DONE;
    if (who != NULL && !text_to_int64(&filter.actor, who))
        return api_refuse(x, CODE_REQUEST_INVALID, NULL, CHARGED_NOT_INVOLVED);
    if ((session.rights & DESK_MAY_AUDIT) == 0)
        filter.actor = session.who.id;
    filter.before_seq = cursor.at;
    trail.rows = arena_alloc(net_arena(x), (trail.limit + 1) * sizeof *trail.rows);
    struct db *db = api_take(x);
    const enum code code =
        desk_audit_list(db, &api_of(x)->desk, &filter, trail.limit + 1, take_row, &trail);
    struct net_json_writer *w = net_reply_writer(x);
    net_json_begin_object(w, NULL);
    net_json_begin_array(w, "data");
    for (size_t i = 0; i < trail.count && i < trail.limit; i++) {
        write_row(w, db, &trail.rows[i]);
        cursor.at = trail.rows[i].seq;
    }
    api_give(x, db);
    if (code != OK)
        return api_refuse(x, code, NULL, CHARGED_NOT_INVOLVED);
    net_json_end_array(w);
    console_cursor_write(x, w, "console.audit", trail.count > trail.limit, &cursor);
    net_json_end_object(w);
    return net_reply_json(x, 200);
}

// --- figures
// -----------------------------------------------------------------------------------------

static enum net_step figures(struct net_exchange *x)
{
    struct desk_session session;
    struct desk_case_counts counts;
    if (!console_session(x, DESK_MAY_FIGURES, &session))
        return NET_DONE;
    struct db *db = api_take(x);
    const enum code code = desk_case_count(db, session.who.id, net_started_us(x), &counts);
    api_give(x, db);
    if (code != OK)
        return api_refuse(x, code, NULL, CHARGED_NOT_INVOLVED);
    struct net_json_writer *w = net_reply_writer(x);
    net_json_begin_object(w, NULL);
    net_json_begin_array(w, "queues");
    for (int kind = DESK_REVIEW; kind <= DESK_TICKET; kind++) {
        net_json_begin_object(w, NULL);
        net_json_string(w, "kind", desk_kind_name((enum desk_kind)kind));
        net_json_int(w, "open", counts.open[kind]);
        net_json_int(w, "taken", counts.taken[kind]);
        net_json_int(w, "overdue", counts.overdue[kind]);
        net_json_end_object(w);
    }
    net_json_end_array(w);
    net_json_int(w, "mine", counts.mine);
    net_json_int(w, "approvals", counts.approvals);
    net_json_int(w, "opened_today", counts.opened_today);
    net_json_int(w, "done_today", counts.done_today);
    net_json_end_object(w);
    return net_reply_json(x, 200);
}

static const struct net_route ROUTES[] = {
    {"GET", "/api/v1/console/operators", "consoleListOperators", list_operators, 0, 0, NULL},
    {"POST", "/api/v1/console/operators", "consoleAskOperator", ask_operator, 0, 0, NULL},
    {"POST", "/api/v1/console/operators/{id}/close", "consoleCloseOperator", close_operator, 0, 0,
     NULL},
    {"GET", "/api/v1/console/maintenance", "consoleGetMaintenance", get_notice, 0, 0, NULL},
    {"POST", "/api/v1/console/maintenance", "consoleAskMaintenance", ask_notice, 0, 0, NULL},
    {"POST", "/api/v1/console/maintenance/end", "consoleEndMaintenance", end_notice, 0, 0, NULL},
    {"GET", "/api/v1/console/audit", "consoleListAudit", list_audit, 0, 0, NULL},
    {"GET", "/api/v1/console/figures", "consoleFigures", figures, 0, 0, NULL},
};
API_TABLE(API_CONSOLE_ADMIN, ROUTES);
