// Opening a wallet, as the phone sees it: one resource, the application, with a step for each page.
// The draft lives on the server; the cookie only names it.
#include "api/api.h"
#include "api/api_maintenance.h"
#include "api/api_opening.h"

#include <string.h>

// --- the Application object ---

static void write_phone(struct net_json_writer *w, const struct onboard_application *a)
{
    static const char *const classes[] = {[GUARD_PHONE_ORDINARY] = "ordinary",
                                          [GUARD_PHONE_MVNO] = "mvno",
                                          [GUARD_PHONE_UNKNOWN] = "unknown",
                                          [GUARD_PHONE_REFUSED] = "refused"};
    char masked[32];
    if (!a->has_phone) {
        net_json_null(w, "phone");
        return;
    }
    net_json_begin_object(w, "phone");
    party_mask_phone(masked, a->phone);
    net_json_string(w, "phone_masked", masked);
    net_json_bool(w, "verified", a->phone_verified);
    net_json_string(w, "class", classes[a->phone_class]);
    net_json_string(w, "notice", a->phone_class == GUARD_PHONE_MVNO ? "phone-may-delay" : NULL);
    net_json_end_object(w);
}

static void write_mark(struct net_json_writer *w, const char *state, int64_t at_us)
{
    if (at_us == 0)
        return;
    net_json_begin_object(w, NULL);
    net_json_string(w, "state", state);
    net_json_time(w, "at", at_us);
    net_json_end_object(w);
}

static void write_timeline(struct net_json_writer *w, const struct onboard_application *a)
{
    net_json_begin_array(w, "timeline");
    write_mark(w, "submitted", a->submitted_us);
    write_mark(w, "checking", a->checking_us);
    write_mark(w, onboard_state_name(a->state), a->decided_us);
    net_json_end_array(w);
}

static void write_trouble(struct net_json_writer *w, const struct onboard_application *a)
{
    if (a->trouble.kind == ONBOARD_TROUBLE_NONE || a->state != ONBOARD_DRAFT) {
        net_json_null(w, "trouble");
        return;
    }
    net_json_begin_object(w, "trouble");
    net_json_string(w, "kind", onboard_trouble_name(a->trouble.kind));
    net_json_int(w, "tries_left", a->trouble.tries_left);
    net_json_time(w, "found_at", a->trouble.found_us);
    net_json_end_object(w);
}

static void write_application(struct net_json_writer *w, const struct net_exchange *x,
                              const struct onboard_application *a, struct arena *arena)
{
    net_json_begin_object(w, NULL);
    net_json_id(w, "id", "app", &a->id);
    net_json_string(w, "case_number", a->case_number);
    net_json_string(w, "step", a->step);
    net_json_string(w, "state", onboard_state_name(a->state));
    net_json_string(w, "language", a->language == PARTY_EN ? "en" : "zh-CN");
    net_json_string(w, "terms_version", a->terms_version);
    net_json_bool(w, "consent_face", a->consent_face);
    net_json_int(w, "wallet_class", a->wallet_class);
    net_json_bool(w, "upgrade", a->upgrade_of != 0);
    api_write_photos(w, a);
    net_json_string(w, "review", onboard_review_name(a->review));
    net_json_time(w, "review_due_at", a->review_due_us);
    api_write_identity(w, a, arena);
    write_phone(w, a);
    api_write_challenge(w, a->has_challenge ? &a->challenge : NULL);
    net_json_begin_object(w, "face");
    net_json_string(w, "state", onboard_face_name(a->face));
    net_json_int(w, "tries_left", a->face_tries_left);
    net_json_end_object(w);
    net_json_bool(w, "has_password", a->has_password);
    net_json_bool(w, "has_pin", a->has_pin);
    write_timeline(w, a);
    write_trouble(w, a);
    if (a->refusal == OK)
        net_json_null(w, "refusal");
    else
        api_write_failure(w, "refusal", a->refusal, NULL, net_english(x), net_started_us(x));
    net_json_time(w, "expires_at", a->expires_us);
    net_json_time(w, "server_time", net_started_us(x));
    net_json_end_object(w);
}

static enum net_step reply_application(struct net_exchange *x, const struct onboard_application *a,
                                       int status)
{
    write_application(net_reply_writer(x), x, a, net_arena(x));
    return net_reply_json(x, status);
}

// --- the draft of this browser ---

static enum code find_draft(struct net_exchange *x, struct onboard_application *out)
{
    const char *token = net_cookie(x, API_DRAFT_COOKIE);
    ENSURE(token != NULL, CODE_NOT_FOUND);
    struct db *db = api_take(x);
    const enum code code = onboard_find(db, &api_of(x)->onboard, token, out);
    api_give(x, db);
    return code;
}

static bool draft(struct net_exchange *x, struct onboard_application *out)
{
    const enum code code = find_draft(x, out);
    if (code == OK)
        return true;
    (void)api_refuse(x, code, NULL, CHARGED_NOT_INVOLVED);
    return false;
}

bool api_draft(struct net_exchange *x, struct onboard_application *out)
{
    return draft(x, out);
}

enum code api_draft_peek(struct net_exchange *x, struct onboard_application *out)
{
    return find_draft(x, out);
}

enum net_step api_reply_application(struct net_exchange *x, const struct onboard_application *a,
                                    int status)
{
    return reply_application(x, a, status);
}

// One step of the draft: the change, then the application as it is now.
struct step {
    const struct onboard *onboard;
    struct onboard_application application;
    const char *first, *second; // what the page sent
    struct onboard_wish wish;
    struct party_session session;
    const char *device, *address;
    char token[VAULT_TOKEN_TEXT], browser[VAULT_TOKEN_TEXT];
};

// The same attempt (Idempotency-Key) gets the same answer: a phone that heard nothing sends again
// without doing it twice. The answer is kept in the transaction of the step. A wrong code counts
// once, however often its answer is lost.
struct attempt {
    struct step *step;
    struct net_exchange *x;
    enum code (*run)(struct db *, void *, struct problem *);
    struct id key;
    bool has_key;
    int status;
    const char *answer; // of before, or of now
    size_t size;
    struct buffer written;
    bool repeated;
};
enum { ATTEMPT_WRONG_CODE = -1 }; // status of a kept refusal; the answer is the tries left

static enum code repeat(struct attempt *attempt, struct problem *problem)
{
    int64_t tries_left = 0;
    attempt->repeated = true;
    if (attempt->status != ATTEMPT_WRONG_CODE)
        return OK;
    (void)text_to_int64(&tries_left, arena_format(net_arena(attempt->x), "%.*s", (int)attempt->size,
                                                  attempt->answer));
    (void)problem_set(problem, CODE_OTP_WRONG, CHARGED_NOT_INVOLVED);
    problem->tries_left = (int32_t)tries_left;
    return CODE_OTP_WRONG;
}

static enum code keep_wrong_code(struct db *db, struct attempt *attempt,
                                 const struct problem *problem)
{
    const char *left = arena_format(net_arena(attempt->x), "%d", (int)problem->tries_left);
    GUARD(onboard_attempt_keep(db, attempt->step->onboard, attempt->step->application.number,
                               &attempt->key, net_route_of(attempt->x)->operation_id,
                               ATTEMPT_WRONG_CODE, left, strlen(left)));
    return CODE_OTP_WRONG;
}

static enum code attempt_run(struct db *db, void *context, struct problem *problem)
{
    struct attempt *attempt = context;
    struct step *step = attempt->step;
    const char *route = net_route_of(attempt->x)->operation_id;
    const int status = attempt->status;
    if (attempt->has_key) {
        GUARD(onboard_attempt_find(db, step->onboard, step->application.number, &attempt->key,
                                   route, net_arena(attempt->x), &attempt->status, &attempt->answer,
                                   &attempt->size));
        if (attempt->status != 0)
            return repeat(attempt, problem);
        attempt->status = status;
    }
    const enum code code = attempt->run(db, step, problem);
    if (code == CODE_OTP_WRONG && attempt->has_key)
        return keep_wrong_code(db, attempt, problem);
    GUARD(code);
    GUARD(onboard_load(db, step->onboard, step->application.number, &step->application));
    struct net_json_writer w = {.out = &attempt->written};
    attempt->written.size = 0;
    write_application(&w, attempt->x, &step->application, net_arena(attempt->x));
    attempt->answer = attempt->written.data;
    attempt->size = attempt->written.size;
    if (!attempt->has_key)
        return OK;
    return onboard_attempt_keep(db, step->onboard, step->application.number, &attempt->key, route,
                                attempt->status, attempt->answer, attempt->size);
}

static enum net_step run_step(struct net_exchange *x, struct step *step,
                              enum code (*run)(struct db *, void *, struct problem *), int status)
{
    struct attempt attempt = {.step = step, .x = x, .run = run, .status = status};
    struct api_change change = {.run = attempt_run, .context = &attempt, .keep_refusals = true};
    const char *key = net_header(x, "Idempotency-Key");
    step->onboard = &api_of(x)->onboard;
    attempt.has_key = key != NULL && id_parse(&attempt.key, "txn", key);
    if (!api_opening_open(x))
        return NET_DONE;
    const enum code code = api_change(x, &change);
    if (attempt.repeated)
        (void)net_reply_header(x, "Idempotency-Hit", "true");
    enum net_step next =
        code != OK ? api_refuse(x, code, &change.problem, CHARGED_NOT_INVOLVED)
                   : net_reply(x, attempt.status, "application/json", attempt.answer, attempt.size);
    buffer_free(&attempt.written);
    return next;
}

// --- POST /applications ---

struct create_body {
    const char *terms_version, *language;
    bool consent_terms, consent_face, upgrade;
    int64_t wallet_class;
};
static const struct net_json_field CREATE_FIELDS[] = {
    {"terms_version", NET_JSON_TEXT, true, offsetof(struct create_body, terms_version), 1, 31, NULL,
     NULL, 0},
    {"consent_terms", NET_JSON_BOOL, true, offsetof(struct create_body, consent_terms), 0, 0, NULL,
     NULL, 0},
    {"consent_face", NET_JSON_BOOL, true, offsetof(struct create_body, consent_face), 0, 0, NULL,
     NULL, 0},
    {"language", NET_JSON_CHOICE, false, offsetof(struct create_body, language), 0, 0, "zh-CN|en",
     NULL, 0},
    {"wallet_class", NET_JSON_INT, false, offsetof(struct create_body, wallet_class), 3, 4, NULL,
     NULL, 0},
    {"upgrade", NET_JSON_BOOL, false, offsetof(struct create_body, upgrade), 0, 0, NULL, NULL, 0},
};

struct creation {
    const struct onboard *onboard;
    struct onboard_new in;
    struct onboard_application out;
    char token[VAULT_TOKEN_TEXT];
};

static enum code create_run(struct db *db, void *context, struct problem *problem)
{
    struct creation *creation = context;
    (void)problem;
    return onboard_create(db, creation->onboard, &creation->in, &creation->out, creation->token);
}

// A draft under earlier terms cannot be submitted: agreeing to the new ones begins another, and the
// old one runs out.
static bool terms_outdated(const struct onboard_application *draft, const struct onboard *onboard)
{
    return draft->state == ONBOARD_DRAFT &&
           !text_equal(draft->terms_version, onboard->terms_version);
}

// Another class is another draft: nothing that was typed for the first one is asked in the other.
static bool same_wish(const struct onboard_application *draft, const struct create_body *body)
{
    if (draft->state != ONBOARD_DRAFT)
        return !body->upgrade || draft->upgrade_of != 0;
    return body->upgrade == (draft->upgrade_of != 0) &&
           (body->wallet_class == 0 || draft->wallet_class == body->wallet_class);
}

static enum net_step create_application(struct net_exchange *x)
{
    struct create_body body = {.language = net_english(x) ? "en" : "zh-CN"};
    struct creation creation = {.onboard = &api_of(x)->onboard};
    if (!API_READ(x, &body, CREATE_FIELDS))
        return NET_DONE;
    if (!body.consent_terms)
        return net_reply_code(x, CODE_REQUEST_INVALID, CHARGED_NOT_INVOLVED);
    if (find_draft(x, &creation.out) == OK && !terms_outdated(&creation.out, creation.onboard) &&
        same_wish(&creation.out, &body))
        return reply_application(x, &creation.out, 200);
    if (!api_opening_open(x) || !api_rate(x, "application.create", net_client(x), 60, 3600))
        return NET_DONE;
    creation.in =
        (struct onboard_new){.terms_version = body.terms_version,
                             .consent_face = body.consent_face,
                             .language = text_equal(body.language, "en") ? PARTY_EN : PARTY_ZH,
                             .wallet_class = (int32_t)body.wallet_class};
    if (body.upgrade && !api_take_upgrade(x, &creation.in))
        return NET_DONE;
    struct api_change change = {.run = create_run, .context = &creation};
    const enum code code = api_change(x, &change);
    if (code != OK)
        return api_refuse(x, code, &change.problem, CHARGED_NOT_INVOLVED);
    api_cookie(x, API_DRAFT_COOKIE, creation.token, ONBOARD_LIFE_US / 1000000);
    return reply_application(x, &creation.out, 201);
}

static enum net_step get_application(struct net_exchange *x)
{
    struct onboard_application application;
    return draft(x, &application) ? reply_application(x, &application, 200) : NET_DONE;
}

static enum code delete_run(struct db *db, void *context, struct problem *problem)
{
    (void)problem;
    return onboard_delete(db, ((struct step *)context)->application.number);
}

static enum net_step delete_application(struct net_exchange *x)
{
    struct step step = {0};
    if (!draft(x, &step.application))
        return NET_DONE;
    struct api_change change = {.run = delete_run, .context = &step};
    const enum code code = api_change(x, &change);
    if (code != OK)
        return api_refuse(x, code, &change.problem, CHARGED_NOT_INVOLVED);
    api_cookie(x, API_DRAFT_COOKIE, NULL, 0);
    return net_reply_empty(x, 204);
}

// --- identity, phone, face ---

struct identity_step {
    struct step step; // first
    struct onboard_document in;
};

static enum code identity_run(struct db *db, void *context, struct problem *problem)
{
    const struct identity_step *identity = context;
    return onboard_put_document(db, identity->step.onboard, identity->step.application.number,
                                &identity->in, problem);
}

static enum net_step put_identity(struct net_exchange *x)
{
    struct identity_step identity = {0};
    if (!draft(x, &identity.step.application) || !api_read_document(x, &identity.in))
        return NET_DONE;
    return run_step(x, &identity.step, identity_run, 200);
}

struct text_body {
    const char *text;
};

static enum code send_run(struct db *db, void *context, struct problem *problem)
{
    const struct step *step = context;
    return onboard_send_code(db, step->onboard, step->application.number, &step->wish, problem);
}

static enum net_step send_phone_code(struct net_exchange *x)
{
    static const struct net_json_field fields[] = {
        {"phone", NET_JSON_TEXT, false, offsetof(struct onboard_wish, phone), 1, 32, NULL, NULL, 0},
        {"attempt_key", NET_JSON_ID, false, offsetof(struct onboard_wish, attempt_key), 0, 0, "",
         NULL, 0},
        {"voice", NET_JSON_BOOL, false, offsetof(struct onboard_wish, by_voice), 0, 0, NULL, NULL,
         0},
        {"voice_allowed", NET_JSON_BOOL, false, offsetof(struct onboard_wish, voice_allowed), 0, 0,
         NULL, NULL, 0},
    };
    struct step step = {0};
    if (!draft(x, &step.application) || !API_READ(x, &step.wish, fields) || !api_code_rate(x))
        return NET_DONE;
    step.wish.address = net_client(x);
    step.wish.device = net_cookie(x, "__Host-tongbao-device");
    return run_step(x, &step, send_run, 202);
}

static enum net_step get_radar(struct net_exchange *x)
{
    struct onboard_application application;
    return draft(x, &application) ? api_reply_radar(x, ONBOARD_PURPOSE, application.number)
                                  : NET_DONE;
}

static enum net_step post_beacon(struct net_exchange *x)
{
    struct onboard_application application;
    return draft(x, &application) ? api_take_beacon(x, ONBOARD_PURPOSE, application.number)
                                  : NET_DONE;
}

static enum code verify_run(struct db *db, void *context, struct problem *problem)
{
    const struct step *step = context;
    return onboard_verify_code(db, step->onboard, step->application.number, step->first, problem);
}

static enum net_step verify_phone(struct net_exchange *x)
{
    static const struct net_json_field fields[] = {
        {"code", NET_JSON_TEXT, true, offsetof(struct text_body, text), 1, 12, NULL, NULL, 0}};
    struct step step = {0};
    struct text_body body = {0};
    if (!draft(x, &step.application) || !API_READ(x, &body, fields))
        return NET_DONE;
    step.first = body.text;
    return run_step(x, &step, verify_run, 200);
}

static enum code face_run(struct db *db, void *context, struct problem *problem)
{
    const struct step *step = context;
    return onboard_start_face(db, step->onboard, step->application.number, problem);
}

static enum net_step start_face(struct net_exchange *x)
{
    struct step step = {0};
    if (!draft(x, &step.application) || !api_read(x, NULL, NULL, 0))
        return NET_DONE;
    return run_step(x, &step, face_run, 202);
}

// --- password and PIN: rules, hash on this thread (in the bounded pool), store ---

static enum code password_run(struct db *db, void *context, struct problem *problem)
{
    const struct step *step = context;
    (void)problem;
    return onboard_put_password(db, step->onboard, step->application.number, step->first);
}

static enum code pin_run(struct db *db, void *context, struct problem *problem)
{
    const struct step *step = context;
    (void)problem;
    return onboard_put_pin(db, step->onboard, step->application.number, step->first);
}

static enum net_step put_secret(struct net_exchange *x, enum vault_secret kind,
                                const struct net_json_field *fields)
{
    struct step step = {0};
    struct text_body body = {0};
    struct problem problem = {0};
    char stored[VAULT_STORED_TEXT];
    if (!draft(x, &step.application) || !api_read(x, &body, fields, 1))
        return NET_DONE;
    const struct api *api = api_of(x);
    enum code code =
        kind == VAULT_PIN
            ? onboard_pin_rules(&api->onboard, &step.application, body.text, &problem)
            : onboard_password_rules(&api->onboard, &step.application, body.text, &problem);
    if (code == OK && !api_hashing_begin(x))
        return NET_DONE;
    if (code == OK) {
        code = vault_password_hash(api->vault, kind, body.text, stored);
        api_hashing_end(x);
    }
    if (code != OK)
        return api_refuse(x, code, &problem, CHARGED_NOT_INVOLVED);
    step.first = stored;
    return run_step(x, &step, kind == VAULT_PIN ? pin_run : password_run, 200);
}

static enum net_step put_password(struct net_exchange *x)
{
    static const struct net_json_field field = {
        "password", NET_JSON_TEXT, true, offsetof(struct text_body, text), 1, VAULT_SECRET_MAX,
        NULL,       NULL,          0};
    return put_secret(x, VAULT_PASSWORD, &field);
}

static enum net_step put_pin(struct net_exchange *x)
{
    static const struct net_json_field field = {
        "pin", NET_JSON_TEXT, true, offsetof(struct text_body, text), 1, 12, NULL, NULL, 0};
    return put_secret(x, VAULT_PIN, &field);
}

// --- submit, enter ---

static enum code submit_run(struct db *db, void *context, struct problem *problem)
{
    const struct step *step = context;
    return onboard_submit(db, step->onboard, step->application.number, problem);
}

static enum net_step submit_application(struct net_exchange *x)
{
    struct step step = {0};
    if (!draft(x, &step.application) || !api_read(x, NULL, NULL, 0))
        return NET_DONE;
    return run_step(x, &step, submit_run, step.application.state == ONBOARD_DRAFT ? 202 : 200);
}

static enum code enter_run(struct db *db, void *context, struct problem *problem)
{
    struct step *step = context;
    (void)problem;
    const struct guard_locker locker = {step->onboard->profiles, step->onboard->vault,
                                        step->onboard->env};
    const struct guard_arrival arrival = {.person = step->application.number,
                                          .token = step->browser,
                                          .device = step->device,
                                          .address = step->address};
    GUARD(onboard_enter(db, step->onboard, step->application.number, step->device, step->address,
                        &step->session, step->token));
    return guard_device_know(db, &locker, &arrival, &step->session.id);
}

static enum net_step enter_wallet(struct net_exchange *x)
{
    struct step step = {.address = net_client(x), .onboard = &api_of(x)->onboard};
    struct party_person person;
    char device[64];
    if (!draft(x, &step.application) || !api_read(x, NULL, NULL, 0))
        return NET_DONE;
    api_device_name(x, device);
    step.device = device;
    api_device_token(x, step.browser);
    struct api_change change = {.run = enter_run, .context = &step};
    enum code code = api_change(x, &change);
    if (code == OK) {
        struct db *db = api_take(x);
        code = party_person_load(db, api_of(x)->vault, step.session.person, &person);
        api_give(x, db);
    }
    if (code != OK)
        return api_refuse(x, code, &change.problem, CHARGED_NOT_INVOLVED);
    api_cookie(x, API_SESSION_COOKIE, step.token, PARTY_SESSION_LIFE_US / 1000000);
    api_cookie(x, API_DRAFT_COOKIE, NULL, 0);
    api_write_session(net_reply_writer(x), &step.session, &person);
    return net_reply_json(x, 201);
}

#define CURRENT "/api/v1/applications/current"
static const struct net_route ROUTES[] = {
    {"POST", "/api/v1/applications", "createApplication", create_application, 0, 0, NULL},
    {"GET", CURRENT, "getApplication", get_application, 0, 0, NULL},
    {"DELETE", CURRENT, "deleteApplication", delete_application, 0, 0, NULL},
    {"PUT", CURRENT "/identity", "putIdentity", put_identity, 0, 0, NULL},
    {"POST", CURRENT "/phone", "sendPhoneCode", send_phone_code, 0, 0, NULL},
    {"GET", CURRENT "/phone/radar", "getRadar", get_radar, 0, 0, NULL},
    {"POST", CURRENT "/phone/events", "tellPhoneEvent", post_beacon, 0, 0, NULL},
    {"POST", CURRENT "/phone/verify", "verifyPhone", verify_phone, 0, 0, NULL},
    {"POST", CURRENT "/face", "startFace", start_face, 0, 0, NULL},
    {"PUT", CURRENT "/password", "putPassword", put_password, 0, 0, NULL},
    {"PUT", CURRENT "/pin", "putPin", put_pin, 0, 0, NULL},
    {"POST", CURRENT "/submit", "submitApplication", submit_application, 0, 0, NULL},
    {"POST", CURRENT "/enter", "enterWallet", enter_wallet, 0, 0, NULL},
};
API_TABLE(API_APPLICATIONS, ROUTES);
