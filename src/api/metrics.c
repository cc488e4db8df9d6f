// Figures that other rooms count for themselves, taken over at each scrape: the committer's groups,
// what waits in the outbox and in the hash pool, the number of the newest transfer.
#include "api/api.h"

#include "guard/guard_workdays.h"

#include <pthread.h>

// The bounds of struct db_committer_stats.
static const int64_t GROUP_SIZES[] = {1, 2, 4, 8, 16, 32, 64, 128, 256, 512};
static const int64_t COMMIT_US[] = {100, 200, 500, 1000, 2000, 5000, 10000, 20000, 50000, 100000};
enum { BOUNDS = sizeof GROUP_SIZES / sizeof GROUP_SIZES[0] };
_Static_assert(sizeof COMMIT_US / sizeof COMMIT_US[0] == BOUNDS, "both histograms are alike");

// Queues that workers take from: an empty one is shown as 0.
static const char *const QUEUES[] = {"bank", "decide", "face", "sms"};
enum { QUEUE_COUNT = sizeof QUEUES / sizeof QUEUES[0] };

static void set(struct net_metrics *metrics, enum net_metric_kind kind, const char *name,
                const char *help, int64_t value)
{
    struct net_metric *metric = net_metric(metrics, kind, NET_UNIT_ONE, name, help, "", NULL, 0);
    net_series_set(net_series(metric, NULL), value);
}

static void set_committer(struct net_metrics *metrics, struct db_committer *committer)
{
    struct db_committer_stats stats;
    db_committer_read_stats(committer, &stats);
    set(metrics, NET_COUNTER, "tongbao_commit_groups_total", "Groups committed.", stats.groups);
    set(metrics, NET_COUNTER, "tongbao_commit_changes_total", "Changes committed in them.",
        stats.changes);
    set(metrics, NET_GAUGE, "tongbao_commit_waiting", "Changes that wait for the committer.",
        stats.waiting);
    struct net_metric *sizes =
        net_metric(metrics, NET_HISTOGRAM, NET_UNIT_ONE, "tongbao_db_commit_group_size",
                   "Changes per group.", "", GROUP_SIZES, BOUNDS);
    net_series_set_histogram(net_series(sizes, NULL), stats.group_size_buckets, stats.changes,
                             stats.groups);
    struct net_metric *times = net_metric(metrics, NET_HISTOGRAM, NET_UNIT_MICROSECONDS,
                                          "tongbao_db_commit_duration_seconds",
                                          "Time of making a group durable.", "", COMMIT_US, BOUNDS);
    net_series_set_histogram(net_series(times, NULL), stats.commit_us_buckets,
                             stats.commit_us_total, stats.groups);
}

struct backlog {
    int64_t now_us, rows[QUEUE_COUNT], lag_us[QUEUE_COUNT];
};

static void take_backlog(void *context, const struct party_outbox_backlog *found)
{
    struct backlog *backlog = context;
    for (size_t i = 0; i < QUEUE_COUNT; i++) {
        if (!text_equal(QUEUES[i], found->queue))
            continue;
        backlog->rows[i] = found->rows;
        backlog->lag_us[i] =
            found->oldest_us < backlog->now_us ? backlog->now_us - found->oldest_us : 0;
    }
}

static void set_outbox(struct net_metrics *metrics, const struct backlog *backlog)
{
    struct net_metric *rows =
        net_metric(metrics, NET_GAUGE, NET_UNIT_ONE, "tongbao_outbox_waiting",
                   "Rows of the outbox that wait for a worker.", "queue", NULL, 0);
    struct net_metric *lag =
        net_metric(metrics, NET_GAUGE, NET_UNIT_MICROSECONDS, "tongbao_outbox_lag_seconds",
                   "How long the oldest of them is due.", "queue", NULL, 0);
    for (size_t i = 0; i < QUEUE_COUNT; i++) {
        net_series_set(net_series(rows, &QUEUES[i]), backlog->rows[i]);
        net_series_set(net_series(lag, &QUEUES[i]), backlog->lag_us[i]);
    }
}

// A database that cannot be read leaves its figures as they were; /readyz tells.
static void set_database(struct net_metrics *metrics, struct net_exchange *x)
{
    struct backlog backlog = {.now_us = net_started_us(x)};
    int64_t seq = 0;
    struct db *db = api_take(x);
    enum code code = party_outbox_backlogs(db, take_backlog, &backlog);
    if (code == OK)
        code = books_last_seq(&seq, db);
    api_give(x, db);
    if (code != OK)
        return;
    set_outbox(metrics, &backlog);
    set(metrics, NET_GAUGE, "tongbao_ledger_sequence", "Number of the newest transfer.", seq);
}

// Openings since this process started, taken over as they are decided: a decision that commits late
// is still seen, because the last seconds are left for the next look.
static const int64_t OPEN_US[] = {30000000,  60000000,   120000000,  180000000,   300000000,
                                  600000000, 1800000000, 3600000000, 21600000000, 86400000000};
enum { OPEN_BOUNDS = sizeof OPEN_US / sizeof OPEN_US[0] };
static struct openings {
    pthread_mutex_t lock;
    int64_t until_us;
    int64_t buckets[2][OPEN_BOUNDS + 1], sum_us[2], count;
} openings = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void take_opening(void *context, bool opened, int64_t whole_us, int64_t own_us)
{
    struct openings *all = context;
    const int64_t took_us[2] = {whole_us, own_us};
    if (!opened)
        return;
    all->count++;
    for (int i = 0; i < 2; i++) {
        size_t bound = 0;
        while (bound < OPEN_BOUNDS && took_us[i] > OPEN_US[bound])
            bound++;
        all->buckets[i][bound]++;
        all->sum_us[i] += took_us[i];
    }
}

static void set_openings(struct net_metrics *metrics, struct net_exchange *x)
{
    static const char *const TIMES[] = {"whole", "own"};
    enum { SETTLED_US = 2000000 };
    const int64_t until_us = net_started_us(x) - SETTLED_US;
    struct net_metric *metric =
        net_metric(metrics, NET_HISTOGRAM, NET_UNIT_MICROSECONDS, "tongbao_application_seconds",
                   "From consent to the open wallet: in all, and of the person's own time.", "time",
                   OPEN_US, OPEN_BOUNDS);
    struct db *db = api_take(x);
    pthread_mutex_lock(&openings.lock);
    if (openings.until_us == 0)
        openings.until_us = until_us - INT64_C(60000000);
    if (onboard_times_each(db, openings.until_us, until_us, take_opening, &openings) == OK)
        openings.until_us = until_us;
    for (size_t i = 0; i < 2; i++)
        net_series_set_histogram(net_series(metric, &TIMES[i]), openings.buckets[i],
                                 openings.sum_us[i], openings.count);
    pthread_mutex_unlock(&openings.lock);
    api_give(x, db);
}

enum net_step api_get_metrics(struct net_exchange *x)
{
    const struct api *api = api_of(x);
    struct net_metrics *metrics = net_server_metrics(api->server);
    set_committer(metrics, api->committer);
    set(metrics, NET_GAUGE, "tongbao_hash_jobs",
        "Passwords and PINs that were hashed since the start.", vault_hash_count(api->vault));
    set_openings(metrics, x);
    set(metrics, NET_GAUGE, "tongbao_hash_queue_depth",
        "Passwords and PINs that wait to be hashed.", vault_hash_waiting(api->vault));
    set(metrics, NET_COUNTER, "tongbao_deadlines_inexact_total",
        "Deadlines that reach a year without a calendar of working days: enter the next year's.",
        guard_deadlines_inexact());
    set_database(metrics, x);
    return net_metrics_handler(x);
}
