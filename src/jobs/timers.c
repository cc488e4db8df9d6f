// Timers: what is due by the clock alone. Each runs in one change, bounded, at most once per its
// period.
#include "guard/guard_device.h"
#include "jobs/jobs_priv.h"

#include "guard/guard_maintenance.h"

static const int64_t SECOND_US = 1000000;
static const int64_t DAY_US = INT64_C(86400000000);
enum { LIMIT = 500, EVENTS_LIMIT = 5000 };

static enum code cards(struct db *db, const struct jobs_options *o, int64_t now_us, int64_t *out)
{
    (void)now_us;
    return funds_cards_expire(db, o->funds, LIMIT, out);
}

static enum code drafts(struct db *db, const struct jobs_options *o, int64_t now_us, int64_t *out)
{
    (void)o;
    return onboard_prune(db, now_us, LIMIT, out);
}

static enum code links(struct db *db, const struct jobs_options *o, int64_t now_us, int64_t *out)
{
    (void)now_us;
    return onboard_links_expire(db, o->onboard, LIMIT, out);
}

static enum code leftovers(struct db *db, const struct jobs_options *o, int64_t now_us,
                           int64_t *out)
{
    (void)o;
    return onboard_trouble_prune(db, now_us, LIMIT, out);
}

static enum code maintenance(struct db *db, const struct jobs_options *o, int64_t now_us,
                             int64_t *out)
{
    (void)now_us;
    (void)out;
    return guard_maintenance_due(db, o->vault, o->env);
}

static enum code resets(struct db *db, const struct jobs_options *o, int64_t now_us, int64_t *out)
{
    (void)o;
    return recover_prune(db, now_us, LIMIT, out);
}

static enum code challenges(struct db *db, const struct jobs_options *o, int64_t now_us,
                            int64_t *out)
{
    (void)o;
    return otp_prune(db, now_us, LIMIT, out);
}

static enum code tries(struct db *db, const struct jobs_options *o, int64_t now_us, int64_t *out)
{
    (void)o;
    return guard_tries_prune(db, now_us - 2 * DAY_US, LIMIT, out);
}

// Ends that are due are carried out: unfreezing takes place to the second.
static enum code locks(struct db *db, const struct jobs_options *o, int64_t now_us, int64_t *out)
{
    const struct guard_locker locker = {o->profiles, o->vault, o->env};
    return guard_locks_due(db, &locker, now_us, LIMIT, out);
}

static enum code signins(struct db *db, const struct jobs_options *o, int64_t now_us, int64_t *out)
{
    (void)o;
    return guard_signins_prune(db, now_us - 180 * DAY_US, LIMIT, out);
}

static enum code events(struct db *db, const struct jobs_options *o, int64_t now_us, int64_t *out)
{
    return party_outbox_prune(db, now_us - (o->event_keep_us > 0 ? o->event_keep_us : DAY_US),
                              EVENTS_LIMIT, out);
}

static enum code photos(struct db *db, const struct jobs_options *o, int64_t now_us, int64_t *out)
{
    (void)o;
    return desk_documents_prune(db, now_us, LIMIT, out);
}

static enum code documents(struct db *db, const struct jobs_options *o, int64_t now_us,
                           int64_t *out)
{
    return onboard_remind_documents(db, o->onboard, now_us, out);
}

static const struct {
    const char *name;
    int64_t every_us;
    enum code (*run)(struct db *db, const struct jobs_options *options, int64_t now_us,
                     int64_t *out_count);
} OWN[] = {
    {"cards", 5 * SECOND_US, cards},
    {"drafts", 60 * SECOND_US, drafts},
    {"resets", 60 * SECOND_US, resets},
    {"links", 5 * SECOND_US, links},
    {"leftovers", 600 * SECOND_US, leftovers},
    {"maintenance", 1 * SECOND_US, maintenance},
    {"challenges", 10 * SECOND_US, challenges},
    {"tries", 600 * SECOND_US, tries},
    {"locks", SECOND_US, locks},
    {"signins", 600 * SECOND_US, signins},
    {"photos", 60 * SECOND_US, photos},
    {"documents", 600 * SECOND_US, documents},
    {"events", 2 * SECOND_US, events},
};
enum { OWN_COUNT = sizeof OWN / sizeof OWN[0] };

struct timer_change {
    const struct jobs_options *options;
    size_t index;
    int64_t now_us;
};

static enum code timer_run(struct db *db, void *context)
{
    const struct timer_change *timer = context;
    const struct jobs_options *options = timer->options;
    if (timer->index >= OWN_COUNT) {
        const struct jobs_timer *given = &options->timers[timer->index - OWN_COUNT];
        return given->run(db, timer->now_us, given->context);
    }
    int64_t count = 0;
    return OWN[timer->index].run(db, options, timer->now_us, &count);
}

void jobs_run_timers(const struct jobs_options *options, int64_t last_us[JOBS_TIMERS_MAX])
{
    const size_t count = OWN_COUNT + options->timer_count;
    for (size_t i = 0; i < count && i < JOBS_TIMERS_MAX; i++) {
        const bool own = i < OWN_COUNT;
        const int64_t now_us = env_now(options->env);
        const int64_t every_us = own ? OWN[i].every_us : options->timers[i - OWN_COUNT].every_us;
        if (now_us >= last_us[i] && now_us - last_us[i] < every_us)
            continue;
        last_us[i] = now_us;
        struct timer_change timer = {options, i, now_us};
        const enum code code = jobs_commit(options, timer_run, &timer);
        if (code != OK)
            log_event(LOG_WARN, "jobs.timer_failed",
                      LOG_TEXT("timer", own ? OWN[i].name : options->timers[i - OWN_COUNT].name),
                      LOG_TEXT("code", error_slug(code)));
    }
}
