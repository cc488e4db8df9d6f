// The authenticator app of a person: setting it up, turning it off, and its code at log-in.
#include "api/api.h"

#include <stdio.h>
#include <string.h>

#define STEP_COOKIE "__Host-tongbao-step"
static const char TICKET[] = "login.factor";
static const int64_t TICKET_US = INT64_C(300) * 1000000;

struct factor_change {
    const struct api *api;
    int64_t person, now_us;
    const char *code;
    uint8_t secret[TOTP_SECRET_SIZE];
    char recovery[GUARD_RECOVERY_CODES][GUARD_RECOVERY_TEXT];
};

static void write_factor(struct net_json_writer *w, const struct guard_factor *factor)
{
    net_json_begin_object(w, NULL);
    net_json_bool(w, "on", factor->on);
    net_json_time(w, "since", factor->since_us);
    net_json_time(w, "off_at", factor->removal_us);
    net_json_int(w, "recovery_left", factor->recovery_left);
    net_json_end_object(w);
}

static enum net_step reply_factor(struct net_exchange *x, int64_t person)
{
    struct guard_factor factor;
    struct db *db = api_take(x);
    const enum code code = guard_factor_load(db, person, net_started_us(x), &factor);
    api_give(x, db);
    if (code != OK)
        return api_refuse(x, code, NULL, CHARGED_NOT_INVOLVED);
    write_factor(net_reply_writer(x), &factor);
    return net_reply_json(x, 200);
}

static enum net_step get_factor(struct net_exchange *x)
{
    struct party_session session;
    return api_session(x, &session) ? reply_factor(x, session.person) : NET_DONE;
}

struct text_body {
    const char *text;
};
static const struct net_json_field PASSWORD_FIELD = {
    "password", NET_JSON_TEXT, true, offsetof(struct text_body, text), 1, VAULT_SECRET_MAX,
    NULL,       NULL,          0};
static const struct net_json_field CODE_FIELD = {
    "code", NET_JSON_TEXT, true, offsetof(struct text_body, text), 1, 16, NULL, NULL, 0};

// --- set up ---

static enum code begin_run(struct db *db, void *context, struct problem *problem)
{
    struct factor_change *change = context;
    (void)problem;
    return guard_factor_begin(db, change->api->vault, change->api->env, change->person,
                              change->secret);
}

// Whoever holds an open log-in must not be able to take the wallet over with an app of their own.
static enum net_step begin_factor(struct net_exchange *x)
{
    struct factor_change factor = {.api = api_of(x)};
    struct party_session session;
    struct text_body body = {0};
    struct problem problem = {0};
    struct party_wallet wallet;
    if (!api_session(x, &session) || !api_read(x, &body, &PASSWORD_FIELD, 1))
        return NET_DONE;
    enum code code = guard_password_check(&factor.api->gate, session.person, body.text, &problem);
    if (code != OK)
        return api_refuse(x, code, &problem, CHARGED_NOT_INVOLVED);
    factor.person = session.person;
    struct api_change change = {.run = begin_run, .context = &factor};
    code = api_change(x, &change);
    struct db *db = api_take(x);
    if (code == OK)
        code = party_wallet_load(db, session.person, &wallet);
    api_give(x, db);
    if (code != OK)
        return api_refuse(x, code, NULL, CHARGED_NOT_INVOLVED);
    char key[TOTP_KEY_TEXT];
    struct buffer uri = {0};
    totp_key_text(key, factor.secret);
    totp_uri(&uri, factor.api->brand.name_en, wallet.number, factor.secret);
    struct net_json_writer *w = net_reply_writer(x);
    net_json_begin_object(w, NULL);
    net_json_string(w, "key", key);
    net_json_string(w, "uri", uri.data);
    net_json_end_object(w);
    mem_wipe(key, sizeof key);
    mem_wipe(uri.data, uri.size);
    mem_wipe(factor.secret, sizeof factor.secret);
    buffer_free(&uri);
    return net_reply_json(x, 201);
}

// "time=06-01 09:30" in Shanghai.
static void time_param(char *out, size_t capacity, int64_t at_us)
{
    const int32_t date = time_business_date(at_us);
    const int64_t minute = (at_us - time_business_day_start(at_us)) / INT64_C(60000000);
    snprintf(out, capacity, "time=%02d-%02d %02d:%02d", date / 100 % 100, date % 100,
             (int)(minute / 60), (int)(minute % 60));
}

static enum code tell(struct db *db, const struct factor_change *change, const char *kind,
                      int64_t at_us)
{
    struct party_notice notice = {.person = change->person,
                                  .group = PARTY_NOTICE_SECURITY,
                                  .link = "/security/2fa",
                                  .at_us = change->now_us};
    (void)text_copy(notice.kind, sizeof notice.kind, kind);
    if (at_us != 0)
        time_param(notice.params, sizeof notice.params, at_us);
    return party_notice_add(db, change->api->vault, change->api->env, &notice);
}

static enum code confirm_run(struct db *db, void *context, struct problem *problem)
{
    struct factor_change *change = context;
    GUARD(guard_factor_confirm(db, change->api->vault, change->api->env, change->person,
                               change->code, change->recovery, problem));
    return tell(db, change, "factor.on", 0);
}

static enum net_step confirm_factor(struct net_exchange *x)
{
    struct factor_change factor = {.api = api_of(x), .now_us = net_started_us(x)};
    struct party_session session;
    struct text_body body = {0};
    if (!api_session(x, &session) || !api_read(x, &body, &CODE_FIELD, 1))
        return NET_DONE;
    factor.person = session.person;
    factor.code = body.text;
    struct api_change change = {.run = confirm_run, .context = &factor, .keep_refusals = true};
    const enum code code = api_change(x, &change);
    if (code != OK)
        return api_refuse(x, code, &change.problem, CHARGED_NOT_INVOLVED);
    struct net_json_writer *w = net_reply_writer(x);
    net_json_begin_object(w, NULL);
    net_json_begin_array(w, "recovery_codes");
    for (size_t i = 0; i < GUARD_RECOVERY_CODES; i++)
        net_json_string(w, NULL, factor.recovery[i]);
    net_json_end_array(w);
    net_json_end_object(w);
    mem_wipe(factor.recovery, sizeof factor.recovery);
    return net_reply_json(x, 200);
}

// --- turning it off ---

static enum code remove_run(struct db *db, void *context, struct problem *problem)
{
    const struct factor_change *change = context;
    GUARD(guard_factor_check(db, change->api->vault, change->api->env, change->person, change->code,
                             problem));
    GUARD(guard_factor_remove(db, change->person, change->now_us));
    return tell(db, change, "factor.removal", change->now_us + GUARD_REMOVAL_US);
}

static enum code keep_run(struct db *db, void *context, struct problem *problem)
{
    const struct factor_change *change = context;
    (void)problem;
    return guard_factor_keep(db, change->person);
}

static enum net_step remove_factor(struct net_exchange *x)
{
    struct factor_change factor = {.api = api_of(x), .now_us = net_started_us(x)};
    struct party_session session;
    struct text_body body = {0};
    if (!api_session(x, &session) || !api_read(x, &body, &CODE_FIELD, 1))
        return NET_DONE;
    factor.person = session.person;
    factor.code = body.text;
    struct api_change change = {.run = remove_run, .context = &factor, .keep_refusals = true};
    const enum code code = api_change(x, &change);
    return code == OK ? reply_factor(x, session.person)
                      : api_refuse(x, code, &change.problem, CHARGED_NOT_INVOLVED);
}

static enum net_step keep_factor(struct net_exchange *x)
{
    struct factor_change factor = {.api = api_of(x)};
    struct party_session session;
    if (!api_session(x, &session))
        return NET_DONE;
    factor.person = session.person;
    struct api_change change = {.run = keep_run, .context = &factor};
    const enum code code = api_change(x, &change);
    return code == OK ? reply_factor(x, session.person)
                      : api_refuse(x, code, NULL, CHARGED_NOT_INVOLVED);
}

// --- at log-in ---

// What the right password was worth: five minutes to show the code, void after a change of the
// password. Not stored: it opens nothing without the code, which works once.
struct ticket {
    int64_t person, version, at_us;
};

enum code api_factor_needed(struct net_exchange *x, int64_t person, bool *out)
{
    const struct api *api = api_of(x);
    struct guard_factor factor;
    struct party_credentials credentials;
    char text[VAULT_OPAQUE_TEXT(sizeof(struct ticket))];
    struct db *db = api_take(x);
    enum code code = guard_factor_load(db, person, net_started_us(x), &factor);
    if (code == OK && factor.on)
        code = party_credentials_load(db, person, &credentials);
    api_give(x, db);
    GUARD(code);
    *out = factor.on;
    if (!factor.on)
        return OK;
    const struct ticket ticket = {person, credentials.password_version, net_started_us(x)};
    mem_wipe(&credentials, sizeof credentials);
    vault_opaque_make(api->vault, text, TICKET, 0, &ticket, sizeof ticket);
    api_cookie(x, STEP_COOKIE, text, TICKET_US / 1000000);
    return OK;
}

static enum code ticket_of(struct net_exchange *x, struct ticket *out)
{
    const char *text = net_cookie(x, STEP_COOKIE);
    struct party_credentials credentials;
    ENSURE(text != NULL && vault_opaque_open(api_of(x)->vault, out, sizeof *out, TICKET, 0, text) &&
               net_started_us(x) - out->at_us < TICKET_US,
           CODE_LOGIN_REQUIRED);
    struct db *db = api_take(x);
    const enum code code = party_credentials_load(db, out->person, &credentials);
    api_give(x, db);
    GUARD(code == CODE_NOT_FOUND ? CODE_LOGIN_REQUIRED : code);
    const bool current = credentials.password_version == out->version;
    mem_wipe(&credentials, sizeof credentials);
    return current ? OK : CODE_LOGIN_REQUIRED;
}

static enum code check_run(struct db *db, void *context, struct problem *problem)
{
    const struct factor_change *change = context;
    return guard_factor_check(db, change->api->vault, change->api->env, change->person,
                              change->code, problem);
}

struct login_body {
    const char *text, *device_name;
};

static enum net_step log_in_factor(struct net_exchange *x)
{
    static const struct net_json_field fields[] = {
        {"code", NET_JSON_TEXT, true, offsetof(struct login_body, text), 1, 16, NULL, NULL, 0},
        {"device_name", NET_JSON_LINE, false, offsetof(struct login_body, device_name), 0, 80, NULL,
         NULL, 0}};
    struct factor_change factor = {.api = api_of(x)};
    struct login_body body = {0};
    struct ticket ticket;
    if (!API_READ(x, &body, fields))
        return NET_DONE;
    enum code code = ticket_of(x, &ticket);
    if (code != OK)
        return api_refuse(x, code, NULL, CHARGED_NOT_INVOLVED);
    factor.person = ticket.person;
    factor.code = body.text;
    struct api_change change = {.run = check_run, .context = &factor, .keep_refusals = true};
    code = api_change(x, &change);
    if (code != OK)
        return api_refuse(x, code, &change.problem, CHARGED_NOT_INVOLVED);
    api_cookie(x, STEP_COOKIE, NULL, 0);
    return api_log_in(x, ticket.person, body.device_name, NULL);
}

static const struct net_route ROUTES[] = {
    {"GET", "/api/v1/me/factor", "getFactor", get_factor, 0, 0, NULL},
    {"POST", "/api/v1/me/factor", "beginFactor", begin_factor, 0, 0, NULL},
    {"POST", "/api/v1/me/factor/confirm", "confirmFactor", confirm_factor, 0, 0, NULL},
    {"POST", "/api/v1/me/factor/removal", "removeFactor", remove_factor, 0, 0, NULL},
    {"DELETE", "/api/v1/me/factor/removal", "keepFactor", keep_factor, 0, 0, NULL},
    {"POST", "/api/v1/sessions/factor", "logInFactor", log_in_factor, 0, 0, NULL},
};
API_TABLE(API_FACTORS, ROUTES);
