// Operators: setting up an account, signing in and out.
#include "api/console_priv.h"
#include "vault/vault_totp.h"

#include <string.h>

static void write_me(struct net_json_writer *w, const struct desk_session *session,
                     int64_t reveals_left)
{
    static const struct {
        const char *name;
        uint32_t right;
    } rights[] = {
        {"cases", DESK_MAY_SEE_CASES}, {"review", DESK_MAY_REVIEW}, {"unlock", DESK_MAY_UNLOCK},
        {"ticket", DESK_MAY_TICKET},   {"radar", DESK_MAY_RADAR},   {"reveal", DESK_MAY_REVEAL},
        {"code", DESK_MAY_CODE},       {"lock", DESK_MAY_LOCK},     {"notice", DESK_MAY_NOTICE},
        {"approve", DESK_MAY_APPROVE}, {"audit", DESK_MAY_AUDIT},   {"roles", DESK_MAY_ROLES},
        {"figures", DESK_MAY_FIGURES}};
    net_json_begin_object(w, NULL);
    net_json_int(w, "id", session->who.id);
    net_json_string(w, "login", session->who.login);
    net_json_string(w, "name", session->who.name);
    console_write_roles(w, "roles", session->who.roles);
    net_json_begin_array(w, "rights");
    for (size_t i = 0; i < sizeof rights / sizeof rights[0]; i++)
        if ((session->rights & rights[i].right) != 0)
            net_json_string(w, NULL, rights[i].name);
    net_json_end_array(w);
    net_json_int(w, "reveals_left", reveals_left);
    net_json_time(w, "idle_expires_at", session->idle_expires_us);
    net_json_time(w, "expires_at", session->expires_us);
    net_json_end_object(w);
}

static enum net_step reply_me(struct net_exchange *x, int status,
                              const struct desk_session *session)
{
    int64_t used = 0;
    struct db *db = api_take(x);
    const enum code code = desk_quota_used(db, session->who.id, net_started_us(x), &used);
    api_give(x, db);
    if (code != OK)
        return api_refuse(x, code, NULL, CHARGED_NOT_INVOLVED);
    write_me(net_reply_writer(x), session,
             used < CONSOLE_REVEALS_DAY ? CONSOLE_REVEALS_DAY - used : 0);
    return net_reply_json(x, status);
}

// Asked by the page to know how long it may stay: does not prolong.
static enum net_step get_me(struct net_exchange *x)
{
    struct desk_session session;
    return console_session_quiet(x, &session) ? reply_me(x, 200, &session) : NET_DONE;
}

static enum code stay_run(struct db *db, void *context, struct problem *problem)
{
    const struct desk_session *session = context;
    (void)problem;
    return desk_session_touch(db, &session->id, session->last_used_us);
}

static enum net_step stay(struct net_exchange *x)
{
    struct desk_session session;
    if (!console_session_quiet(x, &session) || !api_read(x, NULL, NULL, 0))
        return NET_DONE;
    session.last_used_us = net_started_us(x);
    const int64_t idle_us = session.last_used_us + DESK_SESSION_IDLE_US;
    session.idle_expires_us = idle_us < session.expires_us ? idle_us : session.expires_us;
    struct api_change change = {.run = stay_run, .context = &session};
    const enum code code = api_change(x, &change);
    return code == OK ? reply_me(x, 200, &session)
                      : api_refuse(x, code, NULL, CHARGED_NOT_INVOLVED);
}

// --- signing in
// -----------------------------------------------------------------------------------

struct signing {
    const struct desk *desk;
    struct desk_sign_in in;
    bool matches;
    struct desk_session session;
    char token[VAULT_TOKEN_TEXT];
};

static enum code sign_in_run(struct db *db, void *context, struct problem *problem)
{
    struct signing *signing = context;
    return desk_sign_in(db, signing->desk, &signing->in, signing->matches, &signing->session,
                        signing->token, problem);
}

static enum code compare(struct net_exchange *x, struct signing *signing)
{
    struct api *api = api_of(x);
    char stored[VAULT_STORED_TEXT];
    struct db *db = api_take(x);
    enum code code = desk_sign_in_stored(db, signing->in.login, stored);
    api_give(x, db);
    GUARD(code);
    code = vault_password_verify(api->vault, VAULT_PASSWORD, signing->in.password, stored,
                                 &signing->matches, NULL);
    mem_wipe(stored, sizeof stored);
    return code;
}

static const struct net_json_field SIGN_IN_FIELDS[] = {
    {"login", NET_JSON_TEXT, true, offsetof(struct desk_sign_in, login), 1, 64, NULL, NULL, 0},
    {"password", NET_JSON_TEXT, true, offsetof(struct desk_sign_in, password), 1, VAULT_SECRET_MAX,
     NULL, NULL, 0},
    {"totp", NET_JSON_TEXT, true, offsetof(struct desk_sign_in, totp_code), 1, 12, NULL, NULL, 0},
};

static enum net_step sign_in(struct net_exchange *x)
{
    struct signing signing = {.desk = &api_of(x)->desk};
    char device[64];
    if (!API_READ(x, &signing.in, SIGN_IN_FIELDS) ||
        !api_rate(x, "console.address", net_client(x), 60, 600) || !api_hashing_begin(x))
        return NET_DONE;
    enum code code = compare(x, &signing);
    api_hashing_end(x);
    if (code != OK)
        return api_refuse(x, code, NULL, CHARGED_NOT_INVOLVED);
    api_device_name(x, device);
    signing.in.device = device;
    signing.in.address = net_client(x);
    struct api_change change = {.run = sign_in_run, .context = &signing, .keep_refusals = true};
    code = api_change(x, &change);
    if (code != OK)
        return api_refuse(x, code, &change.problem, CHARGED_NOT_INVOLVED);
    api_cookie(x, CONSOLE_COOKIE, signing.token, DESK_SESSION_LIFE_US / 1000000);
    return reply_me(x, 201, &signing.session);
}

struct ending {
    const struct desk *desk;
    struct desk_session session;
};

static enum code sign_out_run(struct db *db, void *context, struct problem *problem)
{
    const struct ending *ending = context;
    (void)problem;
    return desk_session_end(db, ending->desk, &ending->session);
}

static enum net_step sign_out(struct net_exchange *x)
{
    struct ending ending = {.desk = &api_of(x)->desk};
    if (!console_session_quiet(x, &ending.session))
        return NET_DONE;
    struct api_change change = {.run = sign_out_run, .context = &ending};
    const enum code code = api_change(x, &change);
    if (code != OK)
        return api_refuse(x, code, NULL, CHARGED_NOT_INVOLVED);
    api_cookie(x, CONSOLE_COOKIE, NULL, 0);
    return net_reply_empty(x, 204);
}

// --- setting up
// ------------------------------------------------------------------------------------

struct setting_up {
    struct api *api;
    const char *setup_code, *password, *totp;
    char stored[VAULT_STORED_TEXT];
    struct desk_operator who;
    uint8_t key[DESK_TOTP_KEY];
};
static const struct net_json_field BEGIN_FIELDS[] = {
    {"setup_code", NET_JSON_TEXT, true, offsetof(struct setting_up, setup_code), 1, 64, NULL, NULL,
     0},
};
static const struct net_json_field FINISH_FIELDS[] = {
    {"setup_code", NET_JSON_TEXT, true, offsetof(struct setting_up, setup_code), 1, 64, NULL, NULL,
     0},
    {"password", NET_JSON_TEXT, true, offsetof(struct setting_up, password), 1, VAULT_SECRET_MAX,
     NULL, NULL, 0},
    {"totp", NET_JSON_TEXT, true, offsetof(struct setting_up, totp), 1, 12, NULL, NULL, 0},
};

static enum code begin_run(struct db *db, void *context, struct problem *problem)
{
    struct setting_up *s = context;
    (void)problem;
    return desk_setup_begin(db, &s->api->desk, s->setup_code, &s->who, s->key);
}

static enum net_step begin_setup(struct net_exchange *x)
{
    struct setting_up s = {.api = api_of(x)};
    if (!API_READ(x, &s, BEGIN_FIELDS) || !api_rate(x, "console.setup", net_client(x), 20, 600))
        return NET_DONE;
    struct api_change change = {.run = begin_run, .context = &s};
    const enum code code = api_change(x, &change);
    if (code != OK)
        return api_refuse(x, code, NULL, CHARGED_NOT_INVOLVED);
    char key[TOTP_KEY_TEXT];
    struct buffer uri = {0};
    totp_key_text(key, s.key);
    totp_uri(&uri, s.api->brand.name_en, s.who.login, s.key);
    struct net_json_writer *w = net_reply_writer(x);
    net_json_begin_object(w, NULL);
    net_json_string(w, "login", s.who.login);
    net_json_string(w, "name", s.who.name);
    net_json_string(w, "key", key);
    net_json_string(w, "uri", uri.data);
    net_json_end_object(w);
    mem_wipe(uri.data, uri.size);
    buffer_free(&uri);
    mem_wipe(&s.key, sizeof s.key);
    return net_reply_json(x, 200);
}

static enum code finish_run(struct db *db, void *context, struct problem *problem)
{
    struct setting_up *s = context;
    (void)problem;
    return desk_setup_finish(db, &s->api->desk, s->setup_code, s->stored, s->totp, &s->who);
}

static enum net_step finish_setup(struct net_exchange *x)
{
    struct setting_up s = {.api = api_of(x)};
    struct problem problem = {0};
    if (!API_READ(x, &s, FINISH_FIELDS) || !api_rate(x, "console.setup", net_client(x), 20, 600))
        return NET_DONE;
    struct api_change begin = {.run = begin_run, .context = &s};
    enum code code = api_change(x, &begin);
    if (code == OK)
        code = desk_password_rules(s.password, s.who.login, &problem);
    if (code != OK || !api_hashing_begin(x))
        return code != OK ? api_refuse(x, code, &problem, CHARGED_NOT_INVOLVED) : NET_DONE;
    code = vault_password_hash(s.api->vault, VAULT_PASSWORD, s.password, s.stored);
    api_hashing_end(x);
    struct api_change finish = {.run = finish_run, .context = &s};
    if (code == OK)
        code = api_change(x, &finish);
    return code == OK ? net_reply_empty(x, 204) : api_refuse(x, code, NULL, CHARGED_NOT_INVOLVED);
}

static const struct net_route ROUTES[] = {
    {"POST", "/api/v1/console/setup", "consoleBeginSetup", begin_setup, 0, 0, NULL},
    {"POST", "/api/v1/console/setup/finish", "consoleFinishSetup", finish_setup, 0, 0, NULL},
    {"POST", "/api/v1/console/sessions", "consoleSignIn", sign_in, 0, 0, NULL},
    {"DELETE", "/api/v1/console/sessions", "consoleSignOut", sign_out, 0, 0, NULL},
    {"GET", "/api/v1/console/me", "consoleMe", get_me, 0, 0, NULL},
    {"POST", "/api/v1/console/me/stay", "consoleStay", stay, 0, 0, NULL},
};
API_TABLE(API_CONSOLE_SESSION, ROUTES);
