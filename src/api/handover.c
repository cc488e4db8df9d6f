// An opening that goes on elsewhere: the one-time code for another device, the ticket for a branch.
// Keys are in these answers and nowhere else.
#include "api/api_maintenance.h"
#include "api/api_opening.h"

#include <string.h>

struct passing {
    struct api *api;
    struct onboard_application application;
    enum onboard_pass_kind kind;
    bool agreed;
    struct onboard_pass pass;
    struct onboard_pass_secret secret;
    // of taking one over
    bool by_id;
    struct id id;
    const char *key, *code;
    char token[VAULT_TOKEN_TEXT];
};

static const char *prefix_of(enum onboard_pass_kind kind)
{
    return kind == ONBOARD_TICKET ? "tic" : "han";
}

static const char *state_of(const struct onboard_pass *pass, int64_t now_us)
{
    static const char *const NAMES[] = {"open", "used", "cancelled", "replaced"};
    if (pass->ending == ONBOARD_PASS_OPEN && pass->expires_us <= now_us)
        return "expired";
    return NAMES[pass->ending];
}

// What to bring for this case.
static void write_documents(struct net_json_writer *w, enum onboard_trouble_kind cause)
{
    net_json_begin_array(w, "documents");
    net_json_string(w, NULL, "resident-id");
    net_json_string(w, NULL, "phone");
    if (cause == ONBOARD_TROUBLE_NAME)
        net_json_string(w, NULL, "name-proof");
    if (cause == ONBOARD_TROUBLE_PHONE)
        net_json_string(w, NULL, "bank-card");
    net_json_end_array(w);
}

// "name=value" lines as an object.
static void write_findings(struct net_json_writer *w, const char *findings)
{
    net_json_begin_object(w, "findings");
    for (const char *at = findings; *at != '\0';) {
        char name[32], value[64];
        const size_t line = strcspn(at, "\n");
        const char *equals = memchr(at, '=', line);
        const size_t before = equals != NULL ? (size_t)(equals - at) : 0;
        const size_t after = equals != NULL ? line - before - 1 : 0;
        if (before > 0 && before < sizeof name && after < sizeof value) {
            memcpy(name, at, before);
            name[before] = '\0';
            memcpy(value, equals + 1, after);
            value[after] = '\0';
            net_json_string(w, name, value);
        }
        at += line + (at[line] == '\n' ? 1 : 0);
    }
    net_json_end_object(w);
}

static enum net_step reply_pass(struct net_exchange *x, const struct passing *passing, int status)
{
    const struct onboard_pass *pass = &passing->pass;
    const char *key = passing->secret.key;
    struct net_json_writer *w = net_reply_writer(x);
    char id[40];
    const bool ticket = pass->kind == ONBOARD_TICKET;
    id_format(id, prefix_of(pass->kind), &pass->id);
    net_json_begin_object(w, NULL);
    net_json_string(w, "id", id);
    net_json_string(w, "state", state_of(pass, net_started_us(x)));
    // "#": what stands behind it never leaves the browser that opens the address.
    net_json_string(w, "url",
                    key[0] == '\0'
                        ? NULL
                        : arena_format(net_arena(x), "%s%s#%s.%s", api_of(x)->public_url,
                                       ticket ? "/console/ticket" : "/open/continue", id, key));
    if (ticket) {
        net_json_string(w, "number", pass->ticket);
        net_json_bool(w, "agreed", pass->agreed);
        net_json_string(w, "cause", onboard_trouble_name(pass->cause));
        net_json_string(w, "case_number", pass->case_number);
        write_findings(w, pass->findings);
        write_documents(w, pass->cause);
    } else {
        net_json_string(w, "code", passing->secret.code[0] != '\0' ? passing->secret.code : NULL);
    }
    net_json_time(w, "created_at", pass->created_us);
    net_json_time(w, "expires_at", pass->expires_us);
    net_json_time(w, "server_time", net_started_us(x));
    net_json_end_object(w);
    return net_reply_json(x, status);
}

static enum code new_run(struct db *db, void *context, struct problem *problem)
{
    struct passing *passing = context;
    (void)problem;
    return onboard_pass_new(db, &passing->api->onboard, passing->application.number, passing->kind,
                            passing->agreed, &passing->pass, &passing->secret);
}

static enum net_step make(struct net_exchange *x, struct passing *passing)
{
    struct api_change change = {.run = new_run, .context = passing};
    passing->api = api_of(x);
    if (!api_rate(x, "pass.new", net_client(x), 60, 3600))
        return NET_DONE;
    const enum code code = api_change(x, &change);
    if (code != OK)
        return api_refuse(x, code, &change.problem, CHARGED_NOT_INVOLVED);
    const enum net_step step = reply_pass(x, passing, 201);
    mem_wipe(&passing->secret, sizeof passing->secret);
    return step;
}

static enum net_step show(struct net_exchange *x, enum onboard_pass_kind kind)
{
    struct passing passing = {.kind = kind};
    if (!api_draft(x, &passing.application))
        return NET_DONE;
    struct db *db = api_take(x);
    const enum code code = onboard_pass_of(db, passing.application.number, kind, &passing.pass);
    api_give(x, db);
    if (code != OK)
        return api_refuse(x, code, NULL, CHARGED_NOT_INVOLVED);
    return reply_pass(x, &passing, 200);
}

static enum code cancel_run(struct db *db, void *context, struct problem *problem)
{
    const struct passing *passing = context;
    (void)problem;
    return onboard_pass_cancel(db, &passing->api->onboard, passing->application.number,
                               passing->kind);
}

static enum net_step cancel(struct net_exchange *x, enum onboard_pass_kind kind)
{
    struct passing passing = {.api = api_of(x), .kind = kind};
    if (!api_draft(x, &passing.application))
        return NET_DONE;
    struct api_change change = {.run = cancel_run, .context = &passing};
    const enum code code = api_change(x, &change);
    if (code != OK)
        return api_refuse(x, code, &change.problem, CHARGED_NOT_INVOLVED);
    return net_reply_empty(x, 204);
}

// --- ticket ---

struct ticket_body {
    bool agreed;
};

static enum net_step make_ticket(struct net_exchange *x)
{
    static const struct net_json_field fields[] = {
        {"agreed", NET_JSON_BOOL, true, offsetof(struct ticket_body, agreed), 0, 0, NULL, NULL, 0}};
    struct passing passing = {.kind = ONBOARD_TICKET};
    struct ticket_body body = {0};
    if (!api_draft(x, &passing.application) || !API_READ(x, &body, fields))
        return NET_DONE;
    passing.agreed = body.agreed;
    return make(x, &passing);
}

static enum net_step show_ticket(struct net_exchange *x)
{
    return show(x, ONBOARD_TICKET);
}

static enum net_step cancel_ticket(struct net_exchange *x)
{
    return cancel(x, ONBOARD_TICKET);
}

// --- hand-over ---

static enum net_step make_handover(struct net_exchange *x)
{
    struct passing passing = {.kind = ONBOARD_HANDOVER};
    if (!api_draft(x, &passing.application) || !api_read(x, NULL, NULL, 0))
        return NET_DONE;
    return make(x, &passing);
}

static enum net_step show_handover(struct net_exchange *x)
{
    return show(x, ONBOARD_HANDOVER);
}

static enum net_step cancel_handover(struct net_exchange *x)
{
    return cancel(x, ONBOARD_HANDOVER);
}

static enum code take_run(struct db *db, void *context, struct problem *problem)
{
    struct passing *passing = context;
    const enum code code =
        onboard_handover_take(db, &passing->api->onboard, passing->by_id ? &passing->id : NULL,
                              passing->key, passing->code, &passing->application, passing->token);
    return code == OK ? OK : problem_field(problem, "/code", code, "");
}

struct take_body {
    struct id id;
    const char *key, *code;
};

static enum net_step take_handover(struct net_exchange *x)
{
    static const struct net_json_field fields[] = {
        {"id", NET_JSON_ID, false, offsetof(struct take_body, id), 0, 0, "han", NULL, 0},
        {"key", NET_JSON_TEXT, false, offsetof(struct take_body, key), 1, 64, NULL, NULL, 0},
        {"code", NET_JSON_TEXT, false, offsetof(struct take_body, code), 1, 64, NULL, NULL, 0}};
    static const struct id none;
    struct passing passing = {.api = api_of(x)};
    struct take_body body = {0};
    if (!API_READ(x, &body, fields))
        return NET_DONE;
    passing.by_id = !id_equal(&body.id, &none) && body.key != NULL;
    if (passing.by_id == (body.code != NULL))
        return net_reply_code(x, CODE_REQUEST_INVALID, CHARGED_NOT_INVOLVED);
    if (!api_rate(x, "handover.take", net_client(x), 30, 3600))
        return NET_DONE;
    passing.id = body.id;
    passing.key = body.key;
    passing.code = body.code;
    struct api_change change = {.run = take_run, .context = &passing};
    enum code code = api_change(x, &change);
    if (code != OK)
        return api_refuse(x, code, &change.problem, CHARGED_NOT_INVOLVED);
    struct db *db = api_take(x);
    code = onboard_load(db, &api_of(x)->onboard, passing.application.number, &passing.application);
    api_give(x, db);
    if (code != OK)
        return api_refuse(x, code, NULL, CHARGED_NOT_INVOLVED);
    api_cookie(x, API_DRAFT_COOKIE, passing.token, ONBOARD_LIFE_US / 1000000);
    return api_reply_application(x, &passing.application, 200);
}

static const struct net_route ROUTES[] = {
    {"POST", API_CURRENT "/ticket", "createTicket", make_ticket, 0, 0, NULL},
    {"GET", API_CURRENT "/ticket", "getTicket", show_ticket, 0, 0, NULL},
    {"DELETE", API_CURRENT "/ticket", "cancelTicket", cancel_ticket, 0, 0, NULL},
    {"POST", API_CURRENT "/handover", "createHandover", make_handover, 0, 0, NULL},
    {"GET", API_CURRENT "/handover", "getHandover", show_handover, 0, 0, NULL},
    {"DELETE", API_CURRENT "/handover", "cancelHandover", cancel_handover, 0, 0, NULL},
    {"POST", "/api/v1/applications/handover", "takeHandover", take_handover, 0, 0, NULL},
};
API_TABLE(API_HANDOVER, ROUTES);
