// Shared phases of the console's endpoints.
#include "api/console_priv.h"

#include <stdio.h>
#include <string.h>

static const int64_t TOUCH_US = INT64_C(30) * 1000000;

static enum code find(struct net_exchange *x, struct desk_session *out)
{
    const char *token = net_cookie(x, CONSOLE_COOKIE);
    if (token == NULL)
        return CODE_OPERATOR_LOGIN_REQUIRED;
    struct db *db = api_take(x);
    const enum code code = desk_session_find(db, &api_of(x)->desk, token, out);
    api_give(x, db);
    return code;
}

bool console_session_quiet(struct net_exchange *x, struct desk_session *out)
{
    const enum code code = find(x, out);
    if (code == OK)
        return true;
    (void)api_refuse(x, code, NULL, CHARGED_NOT_INVOLVED);
    return false;
}

struct touch {
    struct id session;
    int64_t now_us;
};

static enum code touch_run(struct db *db, void *context, struct problem *problem)
{
    const struct touch *touch = context;
    (void)problem;
    return desk_session_touch(db, &touch->session, touch->now_us);
}

bool console_session(struct net_exchange *x, uint32_t right, struct desk_session *out)
{
    if (!console_session_quiet(x, out))
        return false;
    if (right != 0 && (out->rights & right) == 0) {
        log_event(LOG_WARN, "desk.not_permitted", LOG_INT("operator", out->who.id));
        (void)api_refuse(x, CODE_NOT_PERMITTED, NULL, CHARGED_NOT_INVOLVED);
        return false;
    }
    const int64_t now_us = net_started_us(x);
    if (now_us - out->last_used_us < TOUCH_US)
        return true;
    struct touch touch = {out->id, now_us};
    struct api_change change = {.run = touch_run, .context = &touch};
    (void)api_change(x, &change);
    return true;
}

// --- lists ---------------------------------------------------------------------------------------

bool console_cursor_read(struct net_exchange *x, const char *list, struct console_cursor *out)
{
    const char *text = net_query(x, "cursor");
    *out = (struct console_cursor){0};
    if (text == NULL || vault_opaque_open(api_of(x)->vault, out, sizeof *out, list, 0, text))
        return true;
    (void)api_refuse(x, CODE_REQUEST_INVALID, NULL, CHARGED_NOT_INVOLVED);
    return false;
}

void console_cursor_write(struct net_exchange *x, struct net_json_writer *w, const char *list,
                          bool more, const struct console_cursor *cursor)
{
    char text[VAULT_OPAQUE_TEXT(sizeof *cursor)];
    vault_opaque_make(api_of(x)->vault, text, list, 0, cursor, sizeof *cursor);
    net_json_string(w, "next_cursor", more ? text : NULL);
}

bool console_limit(struct net_exchange *x, size_t *out)
{
    const char *text = net_query(x, "limit");
    int64_t limit = 30;
    if (text != NULL && (!text_to_int64(&limit, text) || limit < 1 || limit > 100)) {
        (void)api_refuse(x, CODE_REQUEST_INVALID, NULL, CHARGED_NOT_INVOLVED);
        return false;
    }
    *out = (size_t)limit;
    return true;
}

// --- pieces
// ----------------------------------------------------------------------------------------

void console_write_operator(struct net_json_writer *w, const char *key, struct db *db, int64_t id)
{
    struct desk_operator who;
    if (id == 0 || desk_operator_load(db, id, &who) != OK) {
        net_json_null(w, key);
        return;
    }
    net_json_begin_object(w, key);
    net_json_int(w, "id", who.id);
    net_json_string(w, "name", who.name);
    net_json_end_object(w);
}

void console_write_roles(struct net_json_writer *w, const char *key, int64_t roles)
{
    net_json_begin_array(w, key);
    for (int bit = 1; bit <= DESK_ROLE_AUDITOR; bit *= 2)
        if ((roles & bit) != 0)
            net_json_string(w, NULL, desk_role_name((enum desk_role)bit));
    net_json_end_array(w);
}

void console_write_case(struct net_json_writer *w, const char *key, struct db *db,
                        const struct desk_case *c, int64_t now_us)
{
    net_json_begin_object(w, key);
    net_json_string(w, "number", c->number);
    net_json_string(w, "kind", desk_kind_name(c->kind));
    net_json_string(w, "topic", c->topic);
    net_json_string(w, "state", desk_state_name(c->state));
    net_json_string(w, "level", desk_level_name(c->level));
    net_json_bool(w, "four_eyes", c->four_eyes);
    net_json_time(w, "opened_at", c->opened_us);
    net_json_time(w, "due_at", c->due_us);
    net_json_bool(w, "exact", c->exact);
    net_json_bool(w, "overdue", c->state != DESK_DONE && c->due_us < now_us);
    console_write_operator(w, "taken_by", db, c->operator_taken);
    net_json_time(w, "decided_at", c->decided_us);
    net_json_string(w, "outcome", c->outcome[0] != '\0' ? c->outcome : NULL);
    net_json_end_object(w);
}

void console_write_approval(struct net_json_writer *w, const char *key, struct db *db,
                            const struct desk_approval *a)
{
    net_json_begin_object(w, key);
    net_json_id(w, "id", "apr", &a->id);
    net_json_string(w, "action", a->action);
    net_json_raw(w, "parameters", a->parameters, strlen(a->parameters));
    net_json_string(w, "case_number", a->case_number[0] != '\0' ? a->case_number : NULL);
    net_json_string(w, "state", desk_approval_state_name(a->state));
    net_json_string(w, "reason", a->reason);
    console_write_operator(w, "asked_by", db, a->asked_by);
    net_json_time(w, "asked_at", a->asked_us);
    console_write_operator(w, "decided_by", db, a->decided_by);
    net_json_time(w, "decided_at", a->decided_us);
    net_json_time(w, "expires_at", a->expires_us);
    net_json_end_object(w);
}

// --- a one-time code before an act for four eyes
// ---------------------------------------------------

struct confirming {
    struct api *api;
    int64_t id;
    const char *totp;
};

static enum code confirm_run(struct db *db, void *context, struct problem *problem)
{
    const struct confirming *c = context;
    return desk_confirm(db, &c->api->desk, c->id, c->totp, problem);
}

bool console_confirm(struct net_exchange *x, const struct desk_session *session,
                     const char *totp_code)
{
    struct confirming confirming = {api_of(x), session->who.id, totp_code != NULL ? totp_code : ""};
    struct api_change change = {.run = confirm_run, .context = &confirming, .keep_refusals = true};
    const enum code code = api_change(x, &change);
    if (code == OK)
        return true;
    (void)api_refuse(x, code, &change.problem, CHARGED_NOT_INVOLVED);
    return false;
}
