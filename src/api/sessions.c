// Logging in and out, the list of devices.
#include "api/api.h"

#include <string.h>

void api_write_session(struct net_json_writer *w, const struct party_session *session,
                       const struct party_person *person)
{
    char masked[PARTY_NAME_MAX];
    net_json_begin_object(w, NULL);
    net_json_id(w, "id", "ses", &session->id);
    net_json_begin_object(w, "user");
    party_mask_name(masked, person->name);
    net_json_string(w, "name_masked", masked);
    party_mask_phone(masked, person->phone);
    net_json_string(w, "phone_masked", masked);
    net_json_string(w, "wallet_number", person->wallet.number);
    net_json_end_object(w);
    net_json_time(w, "created_at", session->created_us);
    net_json_time(w, "idle_expires_at", session->idle_expires_us);
    net_json_time(w, "expires_at", session->expires_us);
    net_json_end_object(w);
}

// Only known words of the header are shown: the rest of it is the client's own text.
void api_device_name(const struct net_exchange *x, char out[64])
{
    static const char *const browsers[] = {"MicroMessenger", "Edg", "Firefox", "Chrome", "Safari"};
    static const char *const shown[] = {"WeChat", "Edge", "Firefox", "Chrome", "Safari"};
    static const char *const systems[] = {"Android", "iPhone", "iPad",
                                          "Windows", "Mac OS", "Linux"};
    const char *agent = net_header(x, "User-Agent");
    const char *browser = NULL, *system = NULL;
    for (size_t i = 0; agent != NULL && browser == NULL && i < 5; i++)
        browser = strstr(agent, browsers[i]) != NULL ? shown[i] : NULL;
    for (size_t i = 0; agent != NULL && system == NULL && i < 6; i++)
        system = strstr(agent, systems[i]) != NULL ? systems[i] : NULL;
    struct buffer name = {0};
    buffer_format(&name, "%s · %s", browser != NULL ? browser : "App",
                  system != NULL ? system : "?");
    (void)text_copy(out, 64, name.data);
    buffer_free(&name);
}

struct login {
    const struct api *api;
    struct party_new_session in;
    struct party_session session;
    char token[VAULT_TOKEN_TEXT], browser[VAULT_TOKEN_TEXT];
};

// A new device is told to the inbox: the owner sees a stranger's log-in.
static enum code login_run(struct db *db, void *context, struct problem *problem)
{
    struct login *login = context;
    const struct guard_locker locker = api_locker(login->api);
    const struct guard_arrival arrival = {.person = login->in.person,
                                          .token = login->browser,
                                          .device = login->in.device,
                                          .address = login->in.address};
    bool fresh;
    struct party_notice notice = {.person = login->in.person,
                                  .group = PARTY_NOTICE_SECURITY,
                                  .kind = "session.new",
                                  .link = "/security/devices",
                                  .at_us = env_now(login->api->env)};
    struct buffer params = {0};
    buffer_format(&params, "device=%s", login->in.device);
    (void)text_copy(notice.params, sizeof notice.params, params.data);
    buffer_free(&params);
    GUARD(party_session_add(db, login->api->vault, login->api->env, &login->in, &login->session,
                            login->token));
    const enum code code = guard_arrive(db, &locker, &arrival, &login->session.id, &fresh, problem);
    if (code == CODE_LOGIN_UNCONFIRMED) {
        // The lock is kept, the log-in is not.
        GUARD(
            party_session_end(db, login->in.person, &login->session.id, env_now(login->api->env)));
        return code;
    }
    GUARD(code);
    return party_notice_add(db, login->api->vault, login->api->env, &notice);
}

struct login_body {
    const char *login, *password, *device_name;
};
static const struct net_json_field LOGIN_FIELDS[] = {
    {"login", NET_JSON_TEXT, true, offsetof(struct login_body, login), 1, 32, NULL, NULL, 0},
    {"password", NET_JSON_TEXT, true, offsetof(struct login_body, password), 1, VAULT_SECRET_MAX,
     NULL, NULL, 0},
    {"device_name", NET_JSON_LINE, false, offsetof(struct login_body, device_name), 0, 80, NULL,
     NULL, 0},
};

enum net_step api_log_in(struct net_exchange *x, int64_t person, const char *device_name,
                         const char *browser)
{
    struct login login = {.api = api_of(x), .in = {.person = person}};
    struct party_person found;
    char device[64];
    api_device_name(x, device);
    if (browser == NULL)
        api_device_token(x, login.browser);
    else
        (void)text_copy(login.browser, sizeof login.browser, browser);
    login.in.device = device_name != NULL ? device_name : device;
    login.in.address = net_client(x);
    struct api_change change = {.run = login_run, .context = &login, .keep_refusals = true};
    enum code code = api_change(x, &change);
    struct db *db = api_take(x);
    if (code == OK)
        code = party_person_load(db, login.api->vault, person, &found);
    api_give(x, db);
    if (code != OK)
        return api_refuse(x, code, &change.problem, CHARGED_NOT_INVOLVED);
    api_cookie(x, API_SESSION_COOKIE, login.token, PARTY_SESSION_LIFE_US / 1000000);
    api_write_session(net_reply_writer(x), &login.session, &found);
    return net_reply_json(x, 201);
}

static enum net_step log_in(struct net_exchange *x)
{
    struct login_body body = {0};
    struct problem problem = {0};
    char device[64], browser[VAULT_TOKEN_TEXT];
    int64_t person = 0;
    bool factor = false;
    if (!API_READ(x, &body, LOGIN_FIELDS) ||
        !api_rate(x, "login.address", net_client(x), 60, 600) || !api_hashing_begin(x))
        return NET_DONE;
    api_device_name(x, device);
    api_device_token(x, browser);
    const struct guard_login attempt = {body.login, body.password, browser,
                                        body.device_name != NULL ? body.device_name : device,
                                        net_client(x)};
    enum code code = guard_login_check(&api_of(x)->gate, &attempt, &person, &problem);
    api_hashing_end(x);
    if (code == OK)
        code = api_factor_needed(x, person, &factor);
    if (code == OK && factor)
        code = CODE_FACTOR_REQUIRED;
    if (code != OK)
        return api_refuse(x, code, &problem, CHARGED_NOT_INVOLVED);
    return api_log_in(x, person, body.device_name, browser);
}

// --- ending ---

struct ending {
    struct party_session session;
    struct id id;
    int64_t now_us, ended;
};

static enum code end_run(struct db *db, void *context, struct problem *problem)
{
    struct ending *ending = context;
    (void)problem;
    return party_session_end(db, ending->session.person, &ending->id, ending->now_us);
}

static enum net_step end_one(struct net_exchange *x, struct ending *ending)
{
    struct api_change change = {.run = end_run, .context = ending};
    ending->now_us = env_now(api_of(x)->env);
    const enum code code = api_change(x, &change);
    if (code != OK)
        return api_refuse(x, code, NULL, CHARGED_NOT_INVOLVED);
    api_sessions_ended(api_of(x), ending->session.person);
    return net_reply_empty(x, 204);
}

static enum net_step log_out(struct net_exchange *x)
{
    struct ending ending;
    api_cookie(x, API_SESSION_COOKIE, NULL, 0);
    (void)net_reply_header(x, "Clear-Site-Data", "\"cache\", \"storage\"");
    if (!api_session_peek(x, &ending.session))
        return net_reply_empty(x, 204);
    ending.id = ending.session.id;
    return end_one(x, &ending);
}

static enum net_step end_session(struct net_exchange *x)
{
    struct ending ending;
    if (!api_session(x, &ending.session) || !api_id(x, "id", "ses", &ending.id))
        return NET_DONE;
    return end_one(x, &ending);
}

static enum code end_others_run(struct db *db, void *context, struct problem *problem)
{
    struct ending *ending = context;
    (void)problem;
    return party_sessions_end(db, ending->session.person, &ending->session.id, ending->now_us,
                              &ending->ended);
}

static enum net_step end_other_sessions(struct net_exchange *x)
{
    struct ending ending;
    if (!api_session(x, &ending.session))
        return NET_DONE;
    struct api_change change = {.run = end_others_run, .context = &ending};
    ending.now_us = env_now(api_of(x)->env);
    const enum code code = api_change(x, &change);
    if (code != OK)
        return api_refuse(x, code, NULL, CHARGED_NOT_INVOLVED);
    api_sessions_ended(api_of(x), ending.session.person);
    return net_reply_empty(x, 204);
}

// --- list, keep ---

struct listing {
    struct net_json_writer *w;
    const struct id *current;
};

static bool list_one(void *context, const struct party_session_row *row)
{
    const struct listing *listing = context;
    net_json_begin_object(listing->w, NULL);
    net_json_id(listing->w, "id", "ses", &row->id);
    net_json_bool(listing->w, "current", id_equal(&row->id, listing->current));
    net_json_string(listing->w, "device", row->device);
    net_json_string(listing->w, "address_masked", row->address_masked);
    net_json_time(listing->w, "created_at", row->created_us);
    net_json_time(listing->w, "last_used_at", row->last_used_us);
    net_json_end_object(listing->w);
    return true;
}

static enum net_step list_sessions(struct net_exchange *x)
{
    struct party_session session;
    if (!api_session(x, &session))
        return NET_DONE;
    struct listing listing = {net_reply_writer(x), &session.id};
    net_json_begin_object(listing.w, NULL);
    net_json_begin_array(listing.w, "data");
    struct db *db = api_take(x);
    const enum code code =
        party_sessions_list(db, session.person, net_started_us(x), list_one, &listing);
    api_give(x, db);
    net_json_end_array(listing.w);
    net_json_end_object(listing.w);
    return code == OK ? net_reply_json(x, 200) : api_refuse(x, code, NULL, CHARGED_NOT_INVOLVED);
}

static enum net_step keep_session(struct net_exchange *x)
{
    struct party_session session;
    struct party_person person;
    if (!api_session(x, &session) || !api_read(x, NULL, NULL, 0))
        return NET_DONE;
    struct db *db = api_take(x);
    const enum code code = party_person_load(db, api_of(x)->vault, session.person, &person);
    api_give(x, db);
    if (code != OK)
        return api_refuse(x, code, NULL, CHARGED_NOT_INVOLVED);
    api_write_session(net_reply_writer(x), &session, &person);
    return net_reply_json(x, 200);
}

static const struct net_route ROUTES[] = {
    {"POST", "/api/v1/sessions", "logIn", log_in, 0, 0, NULL},
    {"GET", "/api/v1/sessions", "listSessions", list_sessions, 0, 0, NULL},
    {"DELETE", "/api/v1/sessions", "endOtherSessions", end_other_sessions, 0, 0, NULL},
    {"DELETE", "/api/v1/sessions/current", "logOut", log_out, 0, 0, NULL},
    {"POST", "/api/v1/sessions/current/keep", "keepSession", keep_session, 0, 0, NULL},
    {"DELETE", "/api/v1/sessions/{id}", "endSession", end_session, 0, 0, NULL},
};
API_TABLE(API_SESSIONS, ROUTES);
