// Maintenance as people meet it: the gate, the status page, "tell me when it is back".
#include "api/api_maintenance.h"
#include "api/api_opening.h"

#include <stdatomic.h>

static enum net_step closed(struct net_exchange *x, int64_t until_us)
{
    const int64_t wait_s = (until_us - net_started_us(x)) / 1000000;
    struct problem problem = {0};
    (void)problem_set(&problem, CODE_MAINTENANCE, CHARGED_NO);
    problem.until_us = until_us;
    problem.retry_after_s = wait_s > 0 ? wait_s : 1;
    return net_reply_problem(x, &problem);
}

bool api_opening_open(struct net_exchange *x)
{
    struct guard_maintenance running;
    struct db *db = api_take(x);
    const enum code code = guard_maintenance_active(db, net_started_us(x), &running);
    api_give(x, db);
    if (code != OK)
        return true; // none; or it cannot be read, and then the step will say so
    (void)closed(x, running.until_us);
    return false;
}

bool api_service_open(struct net_exchange *x)
{
    const int64_t until_us = atomic_load(&api_of(x)->closed_until_us);
    if (until_us <= net_started_us(x))
        return true;
    (void)closed(x, until_us);
    return false;
}

void api_maintenance_look(struct api *api, struct db *db, int64_t now_us)
{
    struct guard_maintenance running;
    const enum code code = guard_maintenance_active(db, now_us, &running);
    if (code != OK && code != CODE_NOT_FOUND)
        return;
    const bool all = code == OK && running.scope == GUARD_MAINTENANCE_ALL;
    atomic_store(&api->closed_until_us, all ? running.until_us : 0);
}

// --- GET /maintenance, POST /maintenance/reminder ---

// Who asks: minus the number of the draft, or the person; 0 = nobody we know.
static int64_t subject_of(struct net_exchange *x, struct onboard_application *application,
                          enum party_language *out_language)
{
    struct party_session session;
    if (api_draft_peek(x, application) == OK && application->phone_verified) {
        *out_language = application->language;
        return onboard_stream_key(application->number);
    }
    if (!api_session_peek(x, &session))
        return 0;
    *out_language = session.language;
    return session.person;
}

static void write_reminder(struct net_exchange *x, struct net_json_writer *w, struct db *db)
{
    struct onboard_application application;
    enum party_language language;
    const int64_t subject = subject_of(x, &application, &language);
    int64_t told_us = 0;
    bool waits = false;
    if (subject != 0)
        (void)guard_reminder_state(db, subject, &waits, &told_us);
    net_json_begin_object(w, "reminder");
    net_json_bool(w, "possible", subject != 0);
    net_json_bool(w, "waits", waits);
    net_json_time(w, "told_at", told_us);
    net_json_end_object(w);
}

static enum net_step reply_maintenance(struct net_exchange *x)
{
    struct guard_maintenance next;
    const int64_t now_us = net_started_us(x);
    struct net_json_writer *w = net_reply_writer(x);
    struct db *db = api_take(x);
    const enum code code = guard_maintenance_next(db, now_us, &next);
    const bool any = code == OK, running = any && next.from_us <= now_us;
    const char *note = net_english(x) ? next.note_en : next.note_zh;
    net_json_begin_object(w, NULL);
    net_json_string(w, "state", running ? "running" : any ? "announced" : "none");
    net_json_string(w, "scope",
                    guard_maintenance_scope_name(any ? next.scope : GUARD_MAINTENANCE_NONE));
    net_json_time(w, "from", any ? next.from_us : 0);
    net_json_time(w, "until", any ? next.until_us : 0);
    net_json_string(w, "note", any && note[0] != '\0' ? note : NULL);
    write_reminder(x, w, db);
    net_json_time(w, "server_time", now_us);
    net_json_end_object(w);
    api_give(x, db);
    if (code != OK && code != CODE_NOT_FOUND)
        return api_refuse(x, code, NULL, CHARGED_NOT_INVOLVED);
    return net_reply_json(x, 200);
}

struct asking {
    struct api *api;
    int64_t subject;
    enum party_language language;
    struct onboard_application application;
};

static enum code remind_run(struct db *db, void *context, struct problem *problem)
{
    const struct asking *asking = context;
    const struct api *api = asking->api;
    struct party_person person;
    (void)problem;
    if (asking->subject < 0)
        return guard_reminder_add(db, api->vault, api->env, asking->subject,
                                  asking->application.phone, asking->language);
    GUARD(party_person_load(db, api->vault, asking->subject, &person));
    return guard_reminder_add(db, api->vault, api->env, asking->subject, person.phone,
                              asking->language);
}

static enum net_step remind(struct net_exchange *x)
{
    struct asking asking = {.api = api_of(x)};
    if (!api_read(x, NULL, NULL, 0))
        return NET_DONE;
    asking.subject = subject_of(x, &asking.application, &asking.language);
    if (asking.subject == 0)
        return net_reply_code(x, CODE_NOT_ALLOWED, CHARGED_NOT_INVOLVED);
    struct api_change change = {.run = remind_run, .context = &asking};
    const enum code code = api_change(x, &change);
    mem_wipe(&asking.application, sizeof asking.application);
    if (code != OK)
        return api_refuse(x, code, &change.problem, CHARGED_NOT_INVOLVED);
    return reply_maintenance(x);
}

static const struct net_route ROUTES[] = {
    {"GET", "/api/v1/maintenance", "getMaintenance", reply_maintenance, NET_NO_LOG, 0, NULL},
    {"POST", "/api/v1/maintenance/reminder", "remindMe", remind, 0, 0, NULL},
};
API_TABLE(API_MAINTENANCE, ROUTES);
