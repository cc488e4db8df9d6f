// Worker loops: one thread per queue, one for timers. Rows are leased, so that a worker that dies
// leaves its work to the next.
#include "jobs/jobs_priv.h"

#include <assert.h>
#include <pthread.h>
#include <time.h>

static const int64_t LEASE_US = INT64_C(60) * 1000000;
static const int64_t POLL_US = 200000;
// As many as can be asked within the lease when each call takes its whole deadline.
enum { TAKE_MAX = 8, QUEUES = 8, BANK_THREADS = 4 };
enum { THREADS_MAX = QUEUES - 1 + BANK_THREADS + 1 };

struct queue {
    const char *name;
    jobs_handler handle;
};

struct worker {
    struct jobs *jobs;
    struct queue queue; // name NULL = the timers' worker
    pthread_t thread;
};

struct jobs {
    struct jobs_options options;
    struct worker workers[THREADS_MAX];
    size_t worker_count;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    uint64_t nudges;
    bool stopping;
};

// --- commits ---

static enum code commit_run(struct db *db, struct db_change *change)
{
    const struct jobs_change *jobs_change = (const struct jobs_change *)change;
    return jobs_change->run(db, jobs_change->context);
}

enum code jobs_commit(const struct jobs_options *options, enum code (*run)(struct db *, void *),
                      void *context)
{
    struct jobs_change change = {{.run = commit_run}, run, context};
    return db_committer_run(options->committer, &change.change);
}

struct row_change {
    const struct jobs_options *options;
    int64_t seq, run_at_us;
};

static enum code done_run(struct db *db, void *context)
{
    const struct row_change *row = context;
    return party_outbox_done(db, row->seq, env_now(row->options->env));
}

static enum code retry_run(struct db *db, void *context)
{
    const struct row_change *row = context;
    return party_outbox_retry(db, row->seq, row->run_at_us);
}

void jobs_finish(const struct jobs_options *options, const struct party_outbox *row)
{
    struct row_change change = {options, row->seq, 0};
    (void)jobs_commit(options, done_run, &change);
}

void jobs_put_off(const struct jobs_options *options, const struct party_outbox *row,
                  int32_t attempts_max)
{
    if (row->attempts >= attempts_max) {
        log_event(LOG_ERROR, "jobs.parked", LOG_TEXT("queue", row->queue), LOG_INT("seq", row->seq),
                  LOG_INT("attempts", row->attempts));
        jobs_finish(options, row);
        return;
    }
    const int32_t doublings = row->attempts < 6 ? row->attempts : 6;
    const int64_t wait_s = (INT64_C(1) << doublings) < 60 ? INT64_C(1) << doublings : 60;
    struct row_change change = {options, row->seq, env_now(options->env) + wait_s * 1000000};
    (void)jobs_commit(options, retry_run, &change);
}

// --- one round of a queue ---

struct taking {
    const struct jobs_options *options;
    const char *queue;
    struct arena *arena;
    struct party_outbox *rows;
    size_t count;
};

static enum code take_run(struct db *db, void *context)
{
    struct taking *taking = context;
    const struct jobs_options *options = taking->options;
    return party_outbox_take(db, options->vault, taking->arena, taking->queue,
                             env_now(options->env), LEASE_US, TAKE_MAX, &taking->rows,
                             &taking->count);
}

// Returns the number of rows handled. The lease is a write: it is asked for only when something is
// due.
static size_t run_queue(const struct jobs_options *options, const struct queue *queue)
{
    struct arena *arena = arena_new();
    struct taking taking = {options, queue->name, arena, NULL, 0};
    bool any = false;
    struct db *db = db_pool_take(options->pool);
    const enum code code = party_outbox_any_due(db, queue->name, env_now(options->env), &any);
    db_pool_give(options->pool, db);
    if (code == OK && any && jobs_commit(options, take_run, &taking) == OK)
        for (size_t i = 0; i < taking.count; i++)
            queue->handle(options, &taking.rows[i], arena);
    arena_free(&arena);
    return taking.count;
}

static size_t list_queues(const struct jobs_options *options, struct queue out[QUEUES])
{
    size_t count = 0;
    if (options->sms != NULL)
        out[count++] = (struct queue){"sms", jobs_handle_sms};
    if (options->sms != NULL)
        out[count++] = (struct queue){"ladder", jobs_handle_ladder};
    if (options->face != NULL)
        out[count++] = (struct queue){"face", jobs_handle_face};
    if (options->face != NULL && options->recover != NULL)
        out[count++] = (struct queue){"reset-face", jobs_handle_reset_face};
    if (options->identity != NULL)
        out[count++] = (struct queue){"decide", jobs_handle_decide};
    if (options->bank != NULL)
        out[count++] = (struct queue){FUNDS_QUEUE, jobs_handle_bank};
    if (options->bank != NULL)
        out[count++] = (struct queue){ONBOARD_LINK_QUEUE, jobs_handle_link};
    assert(count <= QUEUES);
    return count;
}

enum code jobs_run_once(const struct jobs_options *options, size_t *out_handled)
{
    struct queue queues[QUEUES];
    const size_t count = list_queues(options, queues);
    int64_t last_us[JOBS_TIMERS_MAX] = {0};
    size_t handled = 0;
    for (size_t i = 0; i < count; i++)
        handled += run_queue(options, &queues[i]);
    jobs_run_timers(options, last_us);
    if (out_handled != NULL)
        *out_handled = handled;
    return OK;
}

// --- threads ---

static bool is_stopping(struct jobs *jobs)
{
    pthread_mutex_lock(&jobs->lock);
    const bool stopping = jobs->stopping;
    pthread_mutex_unlock(&jobs->lock);
    return stopping;
}

// Waits for a nudge, the poll time, or the end. Returns false at the end. By the monotonic clock:
// a wall clock that is set back must not keep the workers asleep.
static bool wait_turn(struct jobs *jobs, uint64_t *seen)
{
    struct timespec until;
    const int64_t pause_us = jobs->options.poll_us > 0 ? jobs->options.poll_us : POLL_US;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += pause_us % 1000000 * 1000;
    until.tv_sec += pause_us / 1000000 + until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_mutex_lock(&jobs->lock);
    int waited = 0;
    while (jobs->nudges == *seen && !jobs->stopping && waited == 0)
        waited = pthread_cond_timedwait(&jobs->wake, &jobs->lock, &until);
    *seen = jobs->nudges;
    const bool go_on = !jobs->stopping;
    pthread_mutex_unlock(&jobs->lock);
    return go_on;
}

static void *worker_main(void *context)
{
    struct worker *worker = context;
    const struct jobs_options *options = &worker->jobs->options;
    int64_t last_us[JOBS_TIMERS_MAX] = {0};
    uint64_t seen = 0;
    while (wait_turn(worker->jobs, &seen)) {
        if (worker->queue.name == NULL)
            jobs_run_timers(options, last_us);
        else
            while (run_queue(options, &worker->queue) == TAKE_MAX && !is_stopping(worker->jobs))
                ;
    }
    return NULL;
}

static enum code start_worker(struct jobs *jobs, struct queue queue)
{
    struct worker *worker = &jobs->workers[jobs->worker_count];
    *worker = (struct worker){.jobs = jobs, .queue = queue};
    ENSURE(pthread_create(&worker->thread, NULL, worker_main, worker) == 0, CODE_INTERNAL);
    jobs->worker_count++;
    return OK;
}

enum code jobs_start(struct jobs **out, const struct jobs_options *options)
{
    struct queue queues[QUEUES];
    const size_t count = list_queues(options, queues);
    struct jobs *jobs = mem_alloc(sizeof *jobs);
    jobs->options = *options;
    pthread_mutex_init(&jobs->lock, NULL);
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&jobs->wake, &attributes);
    pthread_condattr_destroy(&attributes);
    enum code code = OK;
    for (size_t i = 0; code == OK && i < count; i++) {
        // A bank that lets every call run into its deadline must not stop the other orders.
        const size_t threads = queues[i].handle == jobs_handle_bank ? BANK_THREADS : 1;
        for (size_t t = 0; code == OK && t < threads; t++)
            code = start_worker(jobs, queues[i]);
    }
    if (code == OK)
        code = start_worker(jobs, (struct queue){NULL, NULL});
    *out = jobs;
    if (code != OK)
        jobs_stop(out);
    return code;
}

void jobs_nudge(struct jobs *jobs)
{
    if (jobs == NULL)
        return;
    pthread_mutex_lock(&jobs->lock);
    jobs->nudges++;
    pthread_cond_broadcast(&jobs->wake);
    pthread_mutex_unlock(&jobs->lock);
}

void jobs_stop(struct jobs **jobs)
{
    struct jobs *stopped = *jobs;
    if (stopped == NULL)
        return;
    pthread_mutex_lock(&stopped->lock);
    stopped->stopping = true;
    pthread_cond_broadcast(&stopped->wake);
    pthread_mutex_unlock(&stopped->lock);
    for (size_t i = 0; i < stopped->worker_count; i++)
        pthread_join(stopped->workers[i].thread, NULL);
    pthread_cond_destroy(&stopped->wake);
    pthread_mutex_destroy(&stopped->lock);
    mem_free(stopped);
    *jobs = NULL;
}
