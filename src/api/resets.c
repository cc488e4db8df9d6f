// Getting back in: the reset of a forgotten password or PIN, step by step.
#include "api/api.h"

#include <string.h>

#define COOKIE "__Host-tongbao-reset"

// --- the Reset object ---

static void write_challenge(struct net_json_writer *w, const struct recover_reset *reset)
{
    if (reset->challenge.expires_us == 0) {
        net_json_null(w, "challenge");
        return;
    }
    net_json_begin_object(w, "challenge");
    net_json_time(w, "sent_at", reset->challenge.sent_us);
    net_json_time(w, "resend_at", reset->challenge.resend_us);
    net_json_time(w, "expires_at", reset->challenge.expires_us);
    net_json_int(w, "tries_left", reset->challenge.tries_left);
    net_json_int(w, "codes_left_today", reset->challenge.codes_left_today);
    net_json_end_object(w);
}

static enum net_step reply_reset(struct net_exchange *x, const struct recover_reset *reset,
                                 int status)
{
    char masked[32];
    struct net_json_writer *w = net_reply_writer(x);
    net_json_begin_object(w, NULL);
    net_json_id(w, "id", "rst", &reset->id);
    net_json_string(w, "kind", reset->kind == RECOVER_PIN ? "pin" : "password");
    net_json_string(w, "step", recover_step_name(reset->step));
    party_mask_phone(masked, reset->phone);
    net_json_string(w, "phone_masked", masked);
    write_challenge(w, reset);
    net_json_begin_array(w, "factors");
    if ((reset->factors & RECOVER_FACE) != 0)
        net_json_string(w, NULL, "face");
    if ((reset->factors & RECOVER_APP) != 0)
        net_json_string(w, NULL, "app");
    net_json_end_array(w);
    net_json_begin_object(w, "face");
    net_json_string(w, "state", recover_face_name(reset->face));
    net_json_int(w, "tries_left", reset->face_tries_left);
    net_json_end_object(w);
    net_json_time(w, "expires_at", reset->expires_us);
    net_json_time(w, "server_time", net_started_us(x));
    net_json_end_object(w);
    return net_reply_json(x, status);
}

static enum code find(struct net_exchange *x, struct recover_reset *out)
{
    const char *token = net_cookie(x, COOKIE);
    ENSURE(token != NULL, CODE_NOT_FOUND);
    struct db *db = api_take(x);
    const enum code code = recover_find(db, &api_of(x)->recover, token, out);
    api_give(x, db);
    return code;
}

static bool reset_of(struct net_exchange *x, struct recover_reset *out)
{
    const enum code code = find(x, out);
    if (code == OK)
        return true;
    (void)api_refuse(x, code, NULL, CHARGED_NOT_INVOLVED);
    return false;
}

// --- steps ---

struct step {
    const struct recover *recover;
    struct recover_reset reset;
    const char *first, *second; // what the page sent
    enum party_language language;
    int64_t person, version, until_us;
    char stored[VAULT_STORED_TEXT];
    char token[VAULT_TOKEN_TEXT];
};

static enum net_step run_step(struct net_exchange *x, struct step *step,
                              enum code (*run)(struct db *, void *, struct problem *), int status)
{
    struct api_change change = {.run = run, .context = step, .keep_refusals = true};
    step->recover = &api_of(x)->recover;
    const enum code code = api_change(x, &change);
    if (code != OK)
        return api_refuse(x, code, &change.problem, CHARGED_NOT_INVOLVED);
    return reset_of(x, &step->reset) ? reply_reset(x, &step->reset, status) : NET_DONE;
}

static enum code begin_run(struct db *db, void *context, struct problem *problem)
{
    struct step *step = context;
    if (step->person != 0)
        return recover_begin_pin(db, step->recover, step->person, &step->reset, step->token);
    return recover_begin(db, step->recover, step->first, step->second, step->language, &step->reset,
                         step->token, problem);
}

static enum code send_run(struct db *db, void *context, struct problem *problem)
{
    const struct step *step = context;
    return recover_send(db, step->recover, step->reset.number, problem);
}

static enum code verify_run(struct db *db, void *context, struct problem *problem)
{
    const struct step *step = context;
    return recover_verify(db, step->recover, step->reset.number, step->first, problem);
}

static enum code app_run(struct db *db, void *context, struct problem *problem)
{
    const struct step *step = context;
    return recover_app(db, step->recover, step->reset.number, step->first, problem);
}

static enum code face_run(struct db *db, void *context, struct problem *problem)
{
    const struct step *step = context;
    return recover_face_start(db, step->recover, step->reset.number, problem);
}

static enum code finish_run(struct db *db, void *context, struct problem *problem)
{
    struct step *step = context;
    (void)problem;
    return recover_finish(db, step->recover, step->reset.number, step->stored, step->version,
                          &step->person, &step->until_us);
}

static enum code end_run(struct db *db, void *context, struct problem *problem)
{
    const struct step *step = context;
    (void)problem;
    return recover_end(db, step->reset.number);
}

// The reset is there before its code is asked for: a number that had too many codes today is
// refused by the sending, and the page can say so.
static enum net_step begin(struct net_exchange *x, struct step *step)
{
    struct api_change change = {.run = begin_run, .context = step};
    step->recover = &api_of(x)->recover;
    enum code code = api_change(x, &change);
    if (code != OK)
        return api_refuse(x, code, &change.problem, CHARGED_NOT_INVOLVED);
    api_cookie(x, COOKIE, step->token, (step->reset.expires_us - step->reset.created_us) / 1000000);
    struct api_change send = {.run = send_run, .context = step, .keep_refusals = true};
    code = api_change(x, &send);
    if (code != OK)
        return api_refuse(x, code, &send.problem, CHARGED_NOT_INVOLVED);
    struct db *db = api_take(x);
    code = recover_find(db, step->recover, step->token, &step->reset);
    api_give(x, db);
    return code == OK ? reply_reset(x, &step->reset, 201)
                      : api_refuse(x, code, NULL, CHARGED_NOT_INVOLVED);
}

struct begin_body {
    const char *id_number, *phone, *language;
};
static const struct net_json_field BEGIN_FIELDS[] = {
    {"id_number", NET_JSON_LINE, true, offsetof(struct begin_body, id_number), 1, 40, NULL, NULL,
     0},
    {"phone", NET_JSON_LINE, true, offsetof(struct begin_body, phone), 1, 32, NULL, NULL, 0},
    {"language", NET_JSON_CHOICE, false, offsetof(struct begin_body, language), 0, 0, "zh-CN|en",
     NULL, 0},
};

static enum net_step begin_reset(struct net_exchange *x)
{
    struct begin_body body = {.language = net_english(x) ? "en" : "zh-CN"};
    struct step step = {.person = 0};
    if (!API_READ(x, &body, BEGIN_FIELDS) || !api_rate(x, "reset.address", net_client(x), 30, 3600))
        return NET_DONE;
    step.first = body.id_number;
    step.second = body.phone;
    step.language = text_equal(body.language, "en") ? PARTY_EN : PARTY_ZH;
    return begin(x, &step);
}

struct text_body {
    const char *text;
};

static enum net_step begin_pin_reset(struct net_exchange *x)
{
    static const struct net_json_field field = {
        "password", NET_JSON_TEXT, true, offsetof(struct text_body, text), 1, VAULT_SECRET_MAX,
        NULL,       NULL,          0};
    struct party_session session;
    struct text_body body = {0};
    struct problem problem = {0};
    if (!api_session(x, &session) || !api_read(x, &body, &field, 1))
        return NET_DONE;
    const enum code code =
        guard_password_check(&api_of(x)->gate, session.person, body.text, &problem);
    if (code != OK)
        return api_refuse(x, code, &problem, CHARGED_NOT_INVOLVED);
    struct step step = {.person = session.person};
    return begin(x, &step);
}

static enum net_step get_reset(struct net_exchange *x)
{
    struct recover_reset reset;
    return reset_of(x, &reset) ? reply_reset(x, &reset, 200) : NET_DONE;
}

static enum net_step end_reset(struct net_exchange *x)
{
    struct step step = {.recover = &api_of(x)->recover};
    struct api_change change = {.run = end_run, .context = &step};
    api_cookie(x, COOKIE, NULL, 0);
    enum code code = find(x, &step.reset);
    if (code == OK)
        code = api_change(x, &change);
    return code == OK || code == CODE_NOT_FOUND ? net_reply_empty(x, 204)
                                                : api_refuse(x, code, NULL, CHARGED_NOT_INVOLVED);
}

static enum net_step send_code(struct net_exchange *x)
{
    struct step step = {.person = 0};
    return reset_of(x, &step.reset) && api_read(x, NULL, NULL, 0)
               ? run_step(x, &step, send_run, 200)
               : NET_DONE;
}

static enum net_step with_code(struct net_exchange *x,
                               enum code (*run)(struct db *, void *, struct problem *))
{
    static const struct net_json_field field = {
        "code", NET_JSON_TEXT, true, offsetof(struct text_body, text), 1, 16, NULL, NULL, 0};
    struct step step = {.person = 0};
    struct text_body body = {0};
    if (!reset_of(x, &step.reset) || !api_read(x, &body, &field, 1))
        return NET_DONE;
    step.first = body.text;
    return run_step(x, &step, run, 200);
}

static enum net_step verify_code(struct net_exchange *x)
{
    return with_code(x, verify_run);
}

static enum net_step verify_app(struct net_exchange *x)
{
    return with_code(x, app_run);
}

static enum net_step start_face(struct net_exchange *x)
{
    struct step step = {.person = 0};
    return reset_of(x, &step.reset) && api_read(x, NULL, NULL, 0)
               ? run_step(x, &step, face_run, 202)
               : NET_DONE;
}

// --- the new secret ---

static enum code check_secret(struct net_exchange *x, struct step *step, const char *secret,
                              struct problem *problem)
{
    const struct api *api = api_of(x);
    const bool pin = step->reset.kind == RECOVER_PIN;
    const enum vault_secret kind = pin ? VAULT_PIN : VAULT_PASSWORD;
    struct party_credentials credentials;
    struct guard_history history;
    struct api_known known;
    struct db *db = api_take(x);
    enum code code = api_known_load(db, api, step->reset.person, &known);
    if (code == OK)
        code = party_credentials_load(db, step->reset.person, &credentials);
    if (code == OK)
        code = guard_history_load(db, api->profiles, step->reset.person, kind,
                                  time_business_date(net_started_us(x)), &history);
    api_give(x, db);
    GUARD(code);
    step->version = pin ? credentials.pin_version : credentials.password_version;
    code = pin ? guard_pin_rules(api->profiles, secret, &known.known, problem)
               : guard_password_rules(api->profiles, secret, &known.known, problem);
    if (code == OK)
        code = guard_history_check(api->vault, kind, secret, &history, problem);
    if (code == OK)
        code = vault_password_hash(api->vault, kind, secret, step->stored);
    mem_wipe(&known, sizeof known);
    mem_wipe(&history, sizeof history);
    return code;
}

static enum net_step put_secret(struct net_exchange *x, enum recover_kind kind,
                                const struct net_json_field *field)
{
    struct step step = {.recover = &api_of(x)->recover};
    struct text_body body = {0};
    struct problem problem = {0};
    if (!reset_of(x, &step.reset) || !api_read(x, &body, field, 1))
        return NET_DONE;
    if (step.reset.step != RECOVER_SECRET || step.reset.kind != kind)
        return api_refuse(x, CODE_STEP_ORDER, NULL, CHARGED_NOT_INVOLVED);
    if (!api_hashing_begin(x))
        return NET_DONE;
    enum code code = check_secret(x, &step, body.text, &problem);
    api_hashing_end(x);
    if (code != OK)
        return api_refuse(x, code, &problem, CHARGED_NOT_INVOLVED);
    struct api_change change = {.run = finish_run, .context = &step};
    code = api_change(x, &change);
    if (code != OK)
        return api_refuse(x, code, &change.problem, CHARGED_NOT_INVOLVED);
    if (kind == RECOVER_PASSWORD)
        api_sessions_ended(api_of(x), step.person);
    struct net_json_writer *w = net_reply_writer(x);
    net_json_begin_object(w, NULL);
    net_json_string(w, "kind", kind == RECOVER_PIN ? "pin" : "password");
    net_json_time(w, "limits_lowered_until", step.until_us);
    net_json_end_object(w);
    return net_reply_json(x, 200);
}

static enum net_step put_password(struct net_exchange *x)
{
    static const struct net_json_field field = {
        "password", NET_JSON_TEXT, true, offsetof(struct text_body, text), 1, VAULT_SECRET_MAX,
        NULL,       NULL,          0};
    return put_secret(x, RECOVER_PASSWORD, &field);
}

static enum net_step put_pin(struct net_exchange *x)
{
    static const struct net_json_field field = {
        "pin", NET_JSON_TEXT, true, offsetof(struct text_body, text), 1, 12, NULL, NULL, 0};
    struct party_session session;
    return api_session(x, &session) ? put_secret(x, RECOVER_PIN, &field) : NET_DONE;
}

#define CURRENT "/api/v1/resets/current"
static const struct net_route ROUTES[] = {
    {"POST", "/api/v1/resets", "beginReset", begin_reset, 0, 0, NULL},
    {"POST", "/api/v1/me/pin/reset", "beginPinReset", begin_pin_reset, 0, 0, NULL},
    {"GET", CURRENT, "getReset", get_reset, 0, 0, NULL},
    {"DELETE", CURRENT, "endReset", end_reset, 0, 0, NULL},
    {"POST", CURRENT "/code", "sendResetCode", send_code, 0, 0, NULL},
    {"POST", CURRENT "/code/verify", "verifyResetCode", verify_code, 0, 0, NULL},
    {"POST", CURRENT "/app", "verifyResetApp", verify_app, 0, 0, NULL},
    {"POST", CURRENT "/face", "startResetFace", start_face, 0, 0, NULL},
    {"PUT", CURRENT "/password", "putResetPassword", put_password, 0, 0, NULL},
    {"PUT", CURRENT "/pin", "putResetPin", put_pin, 0, 0, NULL},
};
API_TABLE(API_RESETS, ROUTES);
