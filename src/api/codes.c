// One-time codes as pages see them: the radar (shared by opening, reset and the console), the class
// of a number before anything is sent, and the address that gateways send their reports to.
#include "api/api.h"

#include <string.h>

// --- the radar ---

static void write_stages(struct net_json_writer *w, const struct otp_radar *radar)
{
    net_json_begin_array(w, "stages");
    for (enum otp_stage stage = OTP_STAGE_TYPED; stage < OTP_STAGES; stage++) {
        net_json_begin_object(w, NULL);
        net_json_string(w, "stage", otp_stage_name(stage));
        net_json_string(w, "state", otp_state_name(radar->stages[stage].state));
        net_json_time(w, "at", radar->stages[stage].at_us);
        net_json_end_object(w);
    }
    net_json_end_array(w);
}

static void write_code(struct net_json_writer *w, const struct otp_view *view, int64_t now_us)
{
    char masked[32];
    if (!view->has_challenge) {
        net_json_null(w, "challenge");
        return;
    }
    const struct otp_challenge *c = &view->challenge;
    party_mask_phone(masked, c->phone);
    net_json_begin_object(w, "challenge");
    net_json_string(w, "phone_masked", masked);
    net_json_bool(w, "live", !view->closed && c->expires_us > now_us);
    net_json_int(w, "digits", c->digits);
    net_json_time(w, "sent_at", c->sent_us);
    net_json_time(w, "resend_at", c->resend_us);
    net_json_time(w, "expires_at", c->expires_us);
    net_json_int(w, "tries_left", c->tries_left);
    net_json_int(w, "messages_left_today", c->messages_left_today);
    net_json_bool(w, "voice_allowed", c->voice_allowed);
    net_json_end_object(w);
}

// Raw codes and gateway ids are for the clerk.
static void write_attempts(struct net_json_writer *w, const struct otp_view *view)
{
    net_json_begin_array(w, "attempts");
    for (size_t i = 0; i < view->attempt_count; i++) {
        const struct otp_attempt *a = &view->attempts[i];
        net_json_begin_object(w, NULL);
        net_json_int(w, "seq", a->seq);
        net_json_string(w, "route", otp_route_name(a->route));
        net_json_bool(w, "by_itself", a->by_itself);
        net_json_time(w, "queued_at", a->queued_us);
        net_json_time(w, "accepted_at", a->accepted_us);
        net_json_time(w, "carrier_at", a->carrier_us);
        net_json_time(w, "report_at", a->report_us);
        net_json_string(w, "report_code", a->report_code);
        net_json_string(w, "gateway_id", a->gateway_id);
        net_json_end_object(w);
    }
    net_json_end_array(w);
    net_json_string(w, "raw_code", view->radar.raw_code);
}

void api_write_radar(struct net_json_writer *w, const char *key, const struct otp_view *view,
                     int64_t now_us, bool clerk)
{
    const struct otp_radar *radar = &view->radar;
    static const char *const causes[] = {NULL,  "C01", "C02", "C03", "C04", "C05", "C06",
                                         "C07", "C08", "C09", "C10", "C11", "C12", "C13"};
    net_json_begin_object(w, key);
    write_stages(w, radar);
    net_json_string(w, "cause", causes[radar->cause]);
    net_json_begin_array(w, "actions");
    for (unsigned bit = 1; bit < 1u << OTP_ACTIONS; bit <<= 1)
        if ((radar->actions & bit) != 0)
            net_json_string(w, NULL, otp_action_name(bit));
    net_json_end_array(w);
    net_json_string(w, "route", radar->route != 0 ? otp_route_name(radar->route) : NULL);
    net_json_bool(w, "switched", radar->switched);
    net_json_bool(w, "voice", view->voice);
    net_json_time(w, "cause_at", radar->cause_us);
    net_json_time(w, "until", radar->until_us);
    net_json_string(w, "phone_class", view->phone_class[0] != '\0' ? view->phone_class : NULL);
    write_code(w, view, now_us);
    if (clerk)
        write_attempts(w, view);
    net_json_time(w, "server_time", now_us);
    net_json_end_object(w);
}

enum net_step api_reply_radar(struct net_exchange *x, const char *purpose, int64_t subject)
{
    struct otp_view view;
    const struct otp otp = onboard_otp(&api_of(x)->onboard);
    struct db *db = api_take(x);
    const enum code code = otp_view(db, &otp, purpose, subject, &view);
    api_give(x, db);
    if (code != OK)
        return api_refuse(x, code, NULL, CHARGED_NOT_INVOLVED);
    api_write_radar(net_reply_writer(x), NULL, &view, env_now(api_of(x)->env), false);
    return net_reply_json(x, 200);
}

void api_write_challenge(struct net_json_writer *w, const struct otp_challenge *c)
{
    if (c == NULL) {
        net_json_null(w, "challenge");
        return;
    }
    net_json_begin_object(w, "challenge");
    net_json_time(w, "sent_at", c->sent_us);
    net_json_time(w, "resend_at", c->resend_us);
    net_json_time(w, "expires_at", c->expires_us);
    net_json_int(w, "tries_left", c->tries_left);
    net_json_int(w, "codes_left_today", c->codes_left_today);
    net_json_int(w, "digits", c->digits);
    net_json_end_object(w);
}

bool api_code_rate(struct net_exchange *x)
{
    const struct api *api = api_of(x);
    const int32_t today = time_business_date(env_now(api->env));
    return api_rate(x, "code.address", net_client(x),
                    guard_otp_rules(api->profiles, today)->address_hour, 3600);
}

// --- what clients tell of themselves ---

struct told {
    const char *event;
    struct id attempt_key;
    const struct onboard *onboard;
    const char *purpose;
    int64_t subject;
};

static enum code told_run(struct db *db, void *context, struct problem *problem)
{
    static const char *const names[] = {"", "typed", "submit_started", "submit_failed",
                                        "seen_page"};
    const struct told *told = context;
    const struct otp otp = onboard_otp(told->onboard);
    (void)problem;
    int event = OTP_SEEN_PAGE;
    while (event > OTP_TYPED && !text_equal(names[event], told->event))
        event--;
    return otp_client_told(db, &otp, told->purpose, told->subject, (enum otp_client_event)event,
                           &told->attempt_key);
}

enum net_step api_take_beacon(struct net_exchange *x, const char *purpose, int64_t subject)
{
    static const struct net_json_field fields[] = {
        {"event", NET_JSON_CHOICE, true, offsetof(struct told, event), 0, 0,
         "typed|submit_started|submit_failed|seen_page", NULL, 0},
        {"attempt_key", NET_JSON_ID, true, offsetof(struct told, attempt_key), 0, 0, "", NULL, 0},
    };
    struct told told = {.onboard = &api_of(x)->onboard, .purpose = purpose, .subject = subject};
    if (!API_READ(x, &told, fields) || !api_rate(x, "code.beacon", net_client(x), 300, 3600))
        return NET_DONE;
    struct api_change change = {.run = told_run, .context = &told};
    const enum code code = api_change(x, &change);
    return code == OK ? net_reply_empty(x, 204)
                      : api_refuse(x, code, &change.problem, CHARGED_NOT_INVOLVED);
}

// --- the class of a number, before anything is sent. Says nothing of whose number it is.

static enum net_step check_phone(struct net_exchange *x)
{
    static const char *const classes[] = {"ordinary", "mvno", "unknown", "refused"};
    static const struct net_json_field fields[] = {
        {"phone", NET_JSON_TEXT, true, 0, 1, 32, NULL, NULL, 0}};
    const char *typed = NULL;
    char phone[PARTY_PHONE_MAX];
    if (!api_read(x, &typed, fields, 1) || !api_rate(x, "phone.check", net_client(x), 300, 3600))
        return NET_DONE;
    const struct guard_profiles *profiles = api_of(x)->profiles;
    const int32_t today = time_business_date(env_now(api_of(x)->env));
    const bool mobile = party_phone_normalise(phone, typed) == OK;
    const enum guard_phone_class class =
        mobile ? guard_phone_class(profiles, phone, today) : GUARD_PHONE_REFUSED;
    const enum guard_phone_policy policy = guard_phone_policy(profiles, class, today);
    struct net_json_writer *w = net_reply_writer(x);
    net_json_begin_object(w, NULL);
    net_json_string(w, "class", mobile ? classes[class] : "no-mobile");
    net_json_string(w, "cause",
                    !mobile                        ? "C01"
                    : policy == GUARD_PHONE_REFUSE ? "C02"
                    : policy == GUARD_PHONE_WARN   ? "C03"
                                                   : NULL);
    net_json_bool(w, "sends", mobile && policy != GUARD_PHONE_REFUSE);
    net_json_bool(w, "voice", api_of(x)->onboard.voice);
    net_json_end_object(w);
    return net_reply_json(x, 200);
}

static const struct net_route ROUTES[] = {
    {"POST", "/api/v1/phones/check", "checkPhone", check_phone, 0, 0, NULL},
};
API_TABLE(API_CODES, ROUTES);

// --- reports of gateways: always 200, whatever came; nothing of it is logged ---

struct report {
    const struct onboard *onboard;
    const char *token;
    char code[24];
    bool known;
};

static enum code report_run(struct db *db, void *context, struct problem *problem)
{
    struct report *report = context;
    const struct otp otp = onboard_otp(report->onboard);
    (void)problem;
    return otp_report(db, &otp, report->token, report->code, &report->known);
}

// The word after "stat:" of a receipt; "" when there is none. The rest of it may hold the code.
static void state_of(const char *receipt, char out[24])
{
    const char *at = receipt != NULL ? strstr(receipt, "stat:") : NULL;
    out[0] = '\0';
    if (at == NULL)
        return;
    at += strlen("stat:");
    const size_t size = strcspn(at, " \r\n\t");
    if (size >= 24)
        return;
    memcpy(out, at, size);
    out[size] = '\0';
}

static bool is_word(const char *text)
{
    for (const char *p = text; *p != '\0'; p++)
        if (strchr(" \t\r\n\"'<>&", *p) != NULL)
            return false;
    return text[0] != '\0' && strlen(text) < 24;
}

// Kannel's status: 1 delivered, 2 failed, 4 buffered and 8 accepted by the carrier, 16 rejected.
// A refusal at submission ("NACK/0x0000000b/…") names its SMPP error instead of a state.
static void kannel_code(const char *status, const char *receipt, char out[24])
{
    static const struct {
        const char *error, *code;
    } errors[] = {{"NACK/0x0000000b", "ESME_RINVDSTADR"}, {"NACK/", "GATEWAY"}};
    const bool failed = text_equal(status, "2") || text_equal(status, "16");
    state_of(receipt, out);
    if (text_equal(status, "1"))
        (void)text_copy(out, 24, "DELIVRD");
    else if (text_equal(status, "4") || text_equal(status, "8"))
        (void)text_copy(out, 24, "ACCEPTD");
    else if (!failed)
        (void)text_copy(out, 24, "UNREADABLE");
    else if (out[0] == '\0') {
        (void)text_copy(out, 24, text_equal(status, "16") ? "REJECTD" : "UNDELIV");
        for (size_t i = 0; i < sizeof errors / sizeof errors[0] && receipt != NULL; i++)
            if (text_starts_with(receipt, errors[i].error)) {
                (void)text_copy(out, 24, errors[i].code);
                break;
            }
    }
}

static enum net_step take_report(struct net_exchange *x)
{
    struct report report = {.onboard = &api_of(x)->onboard, .token = net_param(x, "token")};
    const char *status = net_query(x, "d"), *code = net_query(x, "code");
    if (status != NULL)
        kannel_code(status, net_query(x, "a"), report.code);
    else
        (void)text_copy(report.code, sizeof report.code,
                        code != NULL && is_word(code) ? code : "UNREADABLE");
    struct api_change change = {.run = report_run, .context = &report};
    const enum code result = api_change(x, &change);
    if (result != OK)
        log_event(LOG_ERROR, "api.report_lost", LOG_TEXT("code", error_slug(result)));
    api_nudge(api_of(x));
    return net_reply(x, 200, "text/plain; charset=utf-8", "ok\n", 3);
}

static const struct net_route REPORTS[] = {
    {"GET", "/sms/reports/{token}", "getReport", take_report, NET_ANY_BODY | NET_NO_LOG, 0, NULL},
    {"POST", "/sms/reports/{token}", "postReport", take_report,
     NET_ANY_BODY | NET_ANY_ORIGIN | NET_NO_LOG, 0, NULL},
};
API_TABLE(API_REPORTS, REPORTS);
