// The sandbox as one process: its store, its HTTP server, and the clock that settles what is
// pending.
// Invariants: (1) every change of the state and of the rows happens under play->lock; (2) nobody
// sleeps with the lock held; (3) a stop ends every sleep at once.
#include "play/play_priv.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

// A planned timeout keeps a worker for PLAY_TIMEOUT_MS; the rest of the world goes on beside it.
enum { WORKERS = 48, ROUTES_MAX = 32, TICK_MS = 100 };

const char *const PLAY_FAULT_NAMES[FAULTS] = {
    "none",      "refuse", "timeout_before", "timeout_after", "late_success",
    "late_fail", "down",   "slow",           "wrong_amount",  "mismatch"};
const char *const PLAY_OPERATION_NAMES[PLAY_OPERATIONS] = {"debit", "credit", "verify"};
const char *const PLAY_FACE_NAMES[FACES] = {"pass", "fail", "slow", "down"};
const char *const PLAY_SMS_NAMES[SMS_MODES] = {"deliver", "drop", "delay"};

int64_t play_now(const struct play *play)
{
    return env_now(play->env);
}

void play_sleep_ms(struct play *play, int64_t ms)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    const int64_t nanoseconds = until.tv_nsec + ms % 1000 * 1000000;
    until.tv_sec += ms / 1000 + nanoseconds / 1000000000;
    until.tv_nsec = nanoseconds % 1000000000;
    pthread_mutex_lock(&play->lock);
    while (!play->stopping && pthread_cond_timedwait(&play->wake, &play->lock, &until) != ETIMEDOUT)
        continue;
    pthread_mutex_unlock(&play->lock);
}

enum play_fault play_take_fault(struct play *play, enum play_operation operation)
{
    const enum play_fault fault = play->faults[operation];
    if (play->once[operation])
        play->faults[operation] = FAULT_NONE;
    return fault;
}

bool play_fault_fits(enum play_operation operation, enum play_fault fault)
{
    if (fault == FAULT_WRONG_AMOUNT)
        return operation != PLAY_VERIFY;
    return fault != FAULT_MISMATCH || operation == PLAY_VERIFY;
}

static enum code change_locked(struct play *play,
                               enum code (*run)(struct play *play, void *context), void *context)
{
    GUARD(db_begin(play->db));
    const enum code code = run(play, context);
    if (code == OK)
        return db_commit(play->db);
    db_rollback(play->db);
    return code;
}

enum code play_change(struct play *play, enum code (*run)(struct play *play, void *context),
                      void *context)
{
    pthread_mutex_lock(&play->lock);
    const enum code code = change_locked(play, run, context);
    pthread_mutex_unlock(&play->lock);
    return code;
}

// --- running ---

static void lock_open(struct play *play)
{
    pthread_condattr_t monotonic;
    pthread_mutex_init(&play->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&play->wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

static enum code store_open(struct play *play, const struct play_options *options)
{
    struct play_world *world = mem_alloc(sizeof *world);
    struct buffer path = {0};
    enum code code = play_world_load(world, options->seed_file);
    if (code == OK && mkdir(options->data_folder, 0700) != 0 && errno != EEXIST)
        code = CODE_STORAGE_UNAVAILABLE;
    if (code == OK) {
        buffer_format(&path, "%s/play.db", options->data_folder);
        code = play_store_open(play, path.data, world);
    }
    buffer_free(&path);
    mem_free(world);
    return code;
}

static size_t take_routes(struct net_route *out, const struct net_route *routes, size_t count)
{
    memcpy(out, routes, count * sizeof *routes);
    return count;
}

static enum code server_open(struct play *play, struct net_server **out, struct net_route *routes,
                             const struct play_options *options)
{
    size_t count = take_routes(routes, PLAY_BANK_ROUTES, PLAY_BANK_ROUTE_COUNT);
    count += take_routes(routes + count, PLAY_OTHER_ROUTES, PLAY_OTHER_ROUTE_COUNT);
    count += take_routes(routes + count, PLAY_REGISTER_ROUTES, PLAY_REGISTER_ROUTE_COUNT);
    count += take_routes(routes + count, PLAY_CONTROL_ROUTES, PLAY_CONTROL_ROUTE_COUNT);
    const struct net_options net = {.listen = options->listen,
                                    .port = options->port,
                                    .routes = routes,
                                    .route_count = count,
                                    .context = play,
                                    .limits = {.connections_per_address = 1024},
                                    .workers = WORKERS,
                                    .env = options->env};
    return net_server_start(out, &net);
}

static void tick_until_stop(struct play *play, const struct play_options *options)
{
    while (options->stop == NULL || !options->stop(options->context)) {
        const enum code code = play_change(play, play_settle_due, NULL);
        if (code != OK)
            log_event(LOG_ERROR, "play.not_settled", LOG_TEXT("code", error_slug(code)));
        play_send_reports(play);
        play_sleep_ms(play, TICK_MS);
    }
}

static void wake_all(struct play *play)
{
    pthread_mutex_lock(&play->lock);
    play->stopping = true;
    pthread_cond_broadcast(&play->wake);
    pthread_mutex_unlock(&play->lock);
}

enum code play_run(const struct play_options *options)
{
    static struct play play; // too large for a stack
    play = (struct play){.env = options->env};
    struct net_server *server = NULL;
    struct net_route routes[ROUTES_MAX];
    lock_open(&play);
    enum code code = store_open(&play, options);
    if (code == OK)
        code = server_open(&play, &server, routes, options);
    if (code == OK) {
        if (options->ready != NULL)
            options->ready(options->context, net_server_port(server));
        tick_until_stop(&play, options);
        wake_all(&play);
        net_server_stop(&server);
    }
    db_close(&play.db);
    pthread_cond_destroy(&play.wake);
    pthread_mutex_destroy(&play.lock);
    return code;
}
