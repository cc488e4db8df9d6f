// The group committer: many waiting changes, one transaction, one flush.
// C1 A change's done() runs only after the outcome of its group is known.
// C2 A refused or failed change leaves no row: its savepoint is rolled back, or it decided before
// it wrote. C3 A commit that fails on the embedded database ends the process: after a failed flush
// nothing in memory can be trusted.
#include "db/db_priv.h"

#include <pthread.h>
#include <stdlib.h>

enum { GROUP_MAX_DEFAULT = 512, QUEUE_MAX_DEFAULT = 4096 };

struct db_committer {
    struct db *db;
    size_t group_max, queue_max;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct db_change *head, *tail;
    size_t waiting;
    bool stopping;
    struct db_committer_stats stats;
    struct db_change **group, **same; // scratch: this group, and those of one class
};

static size_t take_group(struct db_committer *committer)
{
    size_t count = 0;
    pthread_mutex_lock(&committer->lock);
    while (committer->head == NULL && !committer->stopping)
        pthread_cond_wait(&committer->wake, &committer->lock);
    while (committer->head != NULL && count < committer->group_max) {
        committer->group[count++] = committer->head;
        committer->head = committer->head->next;
    }
    if (committer->head == NULL)
        committer->tail = NULL;
    committer->waiting -= count;
    pthread_mutex_unlock(&committer->lock);
    return count;
}

static void run_single(struct db *db, struct db_change *change)
{
    change->code = db_savepoint(db);
    if (change->code != OK)
        return;
    if (change->run_group != NULL) {
        const enum code code = change->run_group(db, &change, 1);
        change->code = code != OK ? code : change->code;
        change->keep = code == OK;
    } else {
        change->code = change->run(db, change);
    }
    // After a failed statement nothing of the change can be kept, whatever it wished.
    const bool failed = change->code == CODE_STORAGE_UNAVAILABLE || change->code == CODE_INTERNAL;
    const bool kept = change->code == OK || (change->keep && !failed);
    if (kept && db_savepoint_release(db) == OK)
        return;
    if (kept)
        change->code = CODE_STORAGE_UNAVAILABLE;
    db_savepoint_rollback(db);
}

// All changes with the same function, together. When that fails unexpectedly, one by one, so that
// one bad change harms only itself.
static void run_class(struct db_committer *committer, db_run_group run_group, size_t count)
{
    size_t same = 0;
    for (size_t i = 0; i < count; i++)
        if (committer->group[i]->run_group == run_group)
            committer->same[same++] = committer->group[i];
    if (same > 1 && db_savepoint(committer->db) == OK) {
        if (run_group(committer->db, committer->same, same) == OK &&
            db_savepoint_release(committer->db) == OK)
            return;
        db_savepoint_rollback(committer->db);
    }
    for (size_t i = 0; i < same; i++)
        run_single(committer->db, committer->same[i]);
}

static void run_all(struct db_committer *committer, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const db_run_group run_group = committer->group[i]->run_group;
        bool first = run_group != NULL;
        for (size_t j = 0; first && j < i; j++)
            first = committer->group[j]->run_group != run_group;
        if (first)
            run_class(committer, run_group, count);
    }
    for (size_t i = 0; i < count; i++)
        if (committer->group[i]->run_group == NULL)
            run_single(committer->db, committer->group[i]);
}

static void fail_all(struct db_committer *committer, size_t count, enum code code)
{
    for (size_t i = 0; i < count; i++)
        committer->group[i]->code = code;
}

static size_t bucket_of(int64_t value, const int64_t *bounds)
{
    size_t i = 0;
    while (i < 10 && value > bounds[i])
        i++;
    return i;
}

static void count_group(struct db_committer *committer, size_t count, int64_t commit_us)
{
    static const int64_t sizes[] = {1, 2, 4, 8, 16, 32, 64, 128, 256, 512};
    static const int64_t times[] = {100, 200, 500, 1000, 2000, 5000, 10000, 20000, 50000, 100000};
    pthread_mutex_lock(&committer->lock);
    committer->stats.groups++;
    committer->stats.changes += (int64_t)count;
    committer->stats.commit_us_total += commit_us;
    committer->stats.group_size_buckets[bucket_of((int64_t)count, sizes)]++;
    committer->stats.commit_us_buckets[bucket_of(commit_us, times)]++;
    pthread_mutex_unlock(&committer->lock);
}

static void commit_group(struct db_committer *committer, size_t count)
{
    const struct env *env = env_system();
    const enum code begun = db_begin(committer->db);
    if (begun != OK) {
        fail_all(committer, count, begun);
        return;
    }
    run_all(committer, count);
    const int64_t before = env->monotonic_us(env->context);
    const enum code code = db_commit(committer->db);
    count_group(committer, count, env->monotonic_us(env->context) - before);
    if (code == OK)
        return;
    if (committer->db->engine == DB_SQLITE) {
        log_event(LOG_ERROR, "db.commit_failed_stopping", LOG_INT("changes", count));
        abort();
    }
    db_rollback(committer->db);
    fail_all(committer, count, code);
}

static void *committer_main(void *context)
{
    struct db_committer *committer = context;
    for (;;) {
        const size_t count = take_group(committer);
        if (count == 0)
            return NULL;
        commit_group(committer, count);
        for (size_t i = 0; i < count; i++)
            committer->group[i]->done(committer->group[i]);
    }
}

enum code db_committer_start(struct db_committer **out, const struct db_committer_options *options)
{
    struct db_committer *committer = mem_alloc(sizeof *committer);
    committer->group_max = options->group_max > 0 ? options->group_max : GROUP_MAX_DEFAULT;
    committer->queue_max = options->queue_max > 0 ? options->queue_max : QUEUE_MAX_DEFAULT;
    const enum code code = db_open(&committer->db, options->url, false);
    if (code != OK) {
        mem_free(committer);
        return code;
    }
    committer->group = mem_alloc(committer->group_max * sizeof *committer->group);
    committer->same = mem_alloc(committer->group_max * sizeof *committer->same);
    pthread_mutex_init(&committer->lock, NULL);
    pthread_cond_init(&committer->wake, NULL);
    if (pthread_create(&committer->thread, NULL, committer_main, committer) != 0)
        abort();
    *out = committer;
    return OK;
}

bool db_committer_submit(struct db_committer *committer, struct db_change *change)
{
    change->next = NULL;
    change->code = OK;
    pthread_mutex_lock(&committer->lock);
    const bool accepted = !committer->stopping && committer->waiting < committer->queue_max;
    if (accepted) {
        if (committer->tail != NULL)
            committer->tail->next = change;
        else
            committer->head = change;
        committer->tail = change;
        committer->waiting++;
        pthread_cond_signal(&committer->wake);
    }
    pthread_mutex_unlock(&committer->lock);
    return accepted;
}

// --- waiting on the calling thread ---

struct waiter {
    struct db_change change; // runs the caller's change, then wakes it
    struct db_change *inner;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool finished;
};

static enum code waiter_run(struct db *db, struct db_change *change)
{
    struct waiter *waiter = (struct waiter *)change;
    waiter->inner->keep = false;
    const enum code code = waiter->inner->run(db, waiter->inner);
    change->keep = waiter->inner->keep;
    return code;
}

static void waiter_done(struct db_change *change)
{
    struct waiter *waiter = (struct waiter *)change;
    pthread_mutex_lock(&waiter->lock);
    waiter->finished = true;
    pthread_cond_signal(&waiter->wake);
    pthread_mutex_unlock(&waiter->lock);
}

enum code db_committer_run(struct db_committer *committer, struct db_change *change)
{
    struct waiter waiter = {.change = {.run = waiter_run, .done = waiter_done}, .inner = change};
    pthread_mutex_init(&waiter.lock, NULL);
    pthread_cond_init(&waiter.wake, NULL);
    if (!db_committer_submit(committer, &waiter.change)) {
        change->code = CODE_BUSY;
        return CODE_BUSY;
    }
    pthread_mutex_lock(&waiter.lock);
    while (!waiter.finished)
        pthread_cond_wait(&waiter.wake, &waiter.lock);
    pthread_mutex_unlock(&waiter.lock);
    pthread_cond_destroy(&waiter.wake);
    pthread_mutex_destroy(&waiter.lock);
    change->code = waiter.change.code;
    return change->code;
}

void db_committer_stop(struct db_committer **committer)
{
    struct db_committer *stopped = *committer;
    if (stopped == NULL)
        return;
    pthread_mutex_lock(&stopped->lock);
    stopped->stopping = true;
    pthread_cond_signal(&stopped->wake);
    pthread_mutex_unlock(&stopped->lock);
    pthread_join(stopped->thread, NULL);
    db_close(&stopped->db);
    pthread_cond_destroy(&stopped->wake);
    pthread_mutex_destroy(&stopped->lock);
    mem_free(stopped->group);
    mem_free(stopped->same);
    mem_free(stopped);
    *committer = NULL;
}

void db_committer_read_stats(struct db_committer *committer, struct db_committer_stats *out)
{
    pthread_mutex_lock(&committer->lock);
    *out = committer->stats;
    out->waiting = (int64_t)committer->waiting;
    pthread_mutex_unlock(&committer->lock);
}
