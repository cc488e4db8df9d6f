// The diagnosis: what is known of the opening or log-in of this browser, check by check. It speaks
// of what the person has typed or proved here and of nothing else: a number that somebody else may
// have is never looked up.
#include "api/api_maintenance.h"
#include "api/api_opening.h"

#include <string.h>

enum { LOCKS_MAX = 8 };

// What the checks look at.
struct diagnosis {
    struct net_exchange *x;
    struct db *db;
    int64_t now_us;
    bool has_draft, has_session;
    struct onboard_application draft;
    struct party_session session;
    char case_number[16];
};

// result: "ok", "warn", "bad", "unknown". fact: which sentence; action: which button; at: its time.
struct check {
    const char *name, *result, *fact, *action;
    int64_t at_us, count;
};

static void write_check(struct net_json_writer *w, const struct check *check)
{
    net_json_begin_object(w, NULL);
    net_json_string(w, "check", check->name);
    net_json_string(w, "result", check->result);
    net_json_string(w, "fact", check->fact);
    net_json_string(w, "action", check->action);
    net_json_time(w, "at", check->at_us);
    net_json_int(w, "count", check->count);
    net_json_end_object(w);
}

// --- service ---

static struct check check_service(struct diagnosis *d)
{
    struct guard_maintenance running;
    const enum code code = guard_maintenance_active(d->db, d->now_us, &running);
    if (code == OK)
        return (struct check){"service", "warn", "maintenance", "remind", running.until_us, 0};
    if (code != CODE_NOT_FOUND)
        return (struct check){.name = "service", .result = "unknown", .fact = "unreadable"};
    return (struct check){.name = "service", .result = "ok", .fact = "normal"};
}

// --- phone ---

static struct check check_phone(struct diagnosis *d)
{
    if (!d->has_draft || !d->draft.has_phone)
        return (struct check){.name = "phone", .result = "unknown", .fact = "not-typed"};
    switch (d->draft.phone_class) {
    case GUARD_PHONE_MVNO:
        return (struct check){.name = "phone", .result = "warn", .fact = "mvno", .action = "go-on"};
    case GUARD_PHONE_UNKNOWN:
        return (struct check){.name = "phone", .result = "warn", .fact = "segment"};
    case GUARD_PHONE_ORDINARY:
        return (struct check){.name = "phone", .result = "ok", .fact = "ordinary"};
    default:
        break;
    }
    return (struct check){
        .name = "phone", .result = "bad", .fact = "no-sms", .action = "change-phone"};
}

static struct check check_sms(struct diagnosis *d)
{
    const struct onboard_application *a = &d->draft;
    if (!d->has_draft || (!a->phone_verified && !a->has_challenge))
        return (struct check){.name = "sms", .result = "unknown", .fact = "not-asked"};
    if (a->phone_verified)
        return (struct check){.name = "sms", .result = "ok", .fact = "proved"};
    // Where it is on its way is the radar's to say: the page of the code.
    return (struct check){.name = "sms",
                          .result = "warn",
                          .fact = "on-its-way",
                          .action = "radar",
                          .at_us = a->challenge.sent_us};
}

// --- identity ---

static struct check check_id_number(struct diagnosis *d)
{
    if (!d->has_draft || !d->draft.has_identity)
        return (struct check){
            .name = "id-number", .result = "unknown", .fact = "not-typed", .action = "identity"};
    return (struct check){.name = "id-number", .result = "ok", .fact = "check-right"};
}

static struct check check_name(struct diagnosis *d)
{
    static const struct {
        const char *fact, *action;
    } TROUBLES[] = {[ONBOARD_TROUBLE_NAME] = {"name", "trouble"},
                    [ONBOARD_TROUBLE_DOCUMENT] = {"document", "trouble"},
                    [ONBOARD_TROUBLE_PHONE] = {"phone-not-linked", "trouble"},
                    [ONBOARD_TROUBLE_BRANCH] = {"branch", "trouble"}};
    const struct onboard_application *a = &d->draft;
    if (d->has_session || (d->has_draft && a->state == ONBOARD_OPENED))
        return (struct check){.name = "record", .result = "ok", .fact = "same"};
    if (!d->has_draft || a->trouble.kind == ONBOARD_TROUBLE_NONE)
        return (struct check){.name = "record", .result = "unknown", .fact = "not-checked"};
    const int kind = (int)a->trouble.kind;
    return (struct check){.name = "record",
                          .result = a->trouble.tries_left > 0 ? "warn" : "bad",
                          .fact = TROUBLES[kind].fact,
                          .action = TROUBLES[kind].action,
                          .count = a->trouble.tries_left};
}

// --- attempts and locks ---

static struct check check_attempts(struct diagnosis *d)
{
    const struct onboard_application *a = &d->draft;
    const int64_t midnight = time_business_day_start(d->now_us) + INT64_C(86400000000);
    if (!d->has_draft || a->phone_verified || !a->has_challenge)
        return (struct check){.name = "attempts", .result = "ok", .fact = "free"};
    if (a->challenge.codes_left_today > 0)
        return (struct check){.name = "attempts",
                              .result = "ok",
                              .fact = "left",
                              .count = a->challenge.codes_left_today};
    return (struct check){.name = "attempts",
                          .result = "warn",
                          .fact = "used-up",
                          .action = "counter",
                          .at_us = midnight};
}

static struct check check_lock(struct diagnosis *d)
{
    struct guard_lock locks[LOCKS_MAX];
    size_t count = 0;
    if (!d->has_session)
        return d->has_draft ? (struct check){.name = "lock", .result = "ok", .fact = "opening"}
                            : (struct check){.name = "lock",
                                             .result = "unknown",
                                             .fact = "logged-out",
                                             .action = "login"};
    if (guard_locks(d->db, d->session.person, d->now_us, locks, LOCKS_MAX, &count) != OK)
        return (struct check){.name = "lock", .result = "unknown", .fact = "unreadable"};
    if (count == 0)
        return (struct check){.name = "lock", .result = "ok", .fact = "none"};
    return (struct check){.name = "lock",
                          .result = "bad",
                          .fact = "locked",
                          .action = "unlock",
                          .at_us = locks[0].until_us == GUARD_LOCK_OPEN ? 0 : locks[0].until_us};
}

// --- GET /diagnosis ---

static void find(struct diagnosis *d)
{
    d->has_session = api_session_peek(d->x, &d->session);
    d->has_draft = api_draft_peek(d->x, &d->draft) == OK;
    if (d->has_draft)
        (void)text_copy(d->case_number, sizeof d->case_number, d->draft.case_number);
    else
        guard_case_number(api_of(d->x)->env, d->case_number);
}

static enum net_step get_diagnosis(struct net_exchange *x)
{
    static struct check (*const CHECKS[])(struct diagnosis *) = {
        check_service, check_phone,    check_sms, check_id_number,
        check_name,    check_attempts, check_lock};
    struct diagnosis d = {.x = x, .now_us = net_started_us(x)};
    struct buffer line = {0};
    if (!api_rate(x, "diagnosis", net_client(x), 120, 3600))
        return NET_DONE;
    find(&d);
    d.db = api_take(x);
    struct net_json_writer *w = net_reply_writer(x);
    net_json_begin_object(w, NULL);
    net_json_string(w, "case_number", d.case_number);
    net_json_string(w, "step", d.has_draft ? d.draft.step : d.has_session ? "member" : "none");
    net_json_begin_array(w, "checks");
    for (size_t i = 0; i < sizeof CHECKS / sizeof CHECKS[0]; i++) {
        const struct check check = CHECKS[i](&d);
        write_check(w, &check);
        buffer_format(&line, "%s%s:%s", i > 0 ? " " : "", check.name, check.fact);
    }
    net_json_end_array(w);
    net_json_time(w, "checked_at", d.now_us);
    net_json_end_object(w);
    api_give(x, d.db);
    // The service finds by the number what the person was shown.
    log_event(LOG_INFO, "diagnosis", LOG_TEXT("case", d.case_number),
              LOG_TEXT("checks", line.data));
    buffer_free(&line);
    mem_wipe(&d.draft, sizeof d.draft);
    return net_reply_json(x, 200);
}

static const struct net_route ROUTES[] = {
    {"GET", "/api/v1/diagnosis", "getDiagnosis", get_diagnosis, NET_NO_LOG, 0, NULL},
};
API_TABLE(API_DIAGNOSIS, ROUTES);
