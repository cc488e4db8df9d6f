// Event streams: a person's or a draft's stream, and the tail that sends new outbox events to the
// open streams.
#include "api/api.h"
#include "api/api_maintenance.h"

#include <pthread.h>
#include <string.h>

static const int64_t TAIL_PAUSE_US = 100000; // without a nudge: another process wrote the event
static const long TAIL_GATHER_NS = 4000000;  // after a nudge: more events of the same moment come
static const int64_t HEAR_EVERY_US = 500000;
enum { TAIL_BATCH = 512, BACKLOG_MAX = 200 };

// The type is stored in `ref`.
static void event_type(const struct party_outbox *row, char out[32])
{
    const size_t size = row->ref_size < 31 ? row->ref_size : 31;
    memcpy(out, row->ref, size);
    out[size] = '\0';
}

// An operation looks different from its two ends: the direction is put in here.
static const char *event_json(struct arena *arena, const struct party_outbox *row, const char *type,
                              bool out)
{
    const char *payload = arena_text_n(arena, row->payload, row->payload_size);
    if (!text_equal(type, "operation") || payload[0] != '{')
        return payload;
    return arena_format(arena, "{\"direction\":\"%s\",%s", out ? "out" : "in", payload + 1);
}

// --- the tail ---

struct api_tail {
    struct api *api;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool nudged, stopping;
    int64_t seq, heard_us;
    struct arena *arena;
};

static bool send_row(void *context, const struct party_outbox *row)
{
    struct api_tail *tail = context;
    char type[32];
    event_type(row, type);
    if (row->person1 != 0)
        (void)net_stream_send(tail->api->server, row->person1, row->seq, type,
                              event_json(tail->arena, row, type, true));
    if (row->person2 != 0 && row->person2 != row->person1)
        (void)net_stream_send(tail->api->server, row->person2, row->seq, type,
                              event_json(tail->arena, row, type, false));
    return true;
}

// With nobody listening there is nothing to read; a new stream gets what it missed as its backlog.
static void send_new(struct api_tail *tail)
{
    struct db *db = db_pool_take(tail->api->pool);
    if (net_stream_count(tail->api->server) == 0) {
        (void)party_outbox_last_seq(db, &tail->seq);
    } else {
        int64_t before;
        do {
            before = tail->seq;
            (void)party_outbox_events_after(db, tail->seq, TAIL_BATCH, env_now(tail->api->env),
                                            send_row, tail, &tail->seq);
        } while (tail->seq - before >= TAIL_BATCH);
    }
    db_pool_give(tail->api->pool, db);
    arena_reset(tail->arena);
}

static bool wait_for_nudge(struct api_tail *tail)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += TAIL_PAUSE_US * 1000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_mutex_lock(&tail->lock);
    int waited = 0;
    while (!tail->nudged && !tail->stopping && waited == 0)
        waited = pthread_cond_timedwait(&tail->wake, &tail->lock, &until);
    tail->nudged = false;
    const bool go_on = !tail->stopping;
    pthread_mutex_unlock(&tail->lock);
    return go_on;
}

// Sessions that another process ended.
static void hear(struct api_tail *tail)
{
    const int64_t now_us = env_now(tail->api->env);
    if (now_us >= tail->heard_us && now_us - tail->heard_us < HEAR_EVERY_US)
        return;
    tail->heard_us = now_us;
    struct db *db = db_pool_take(tail->api->pool);
    (void)party_cache_hear(tail->api->cache, db, now_us);
    api_maintenance_look(tail->api, db, now_us);
    db_pool_give(tail->api->pool, db);
}

static void *tail_main(void *context)
{
    struct api_tail *tail = context;
    const struct timespec gather = {0, TAIL_GATHER_NS};
    while (wait_for_nudge(tail)) {
        (void)nanosleep(&gather, NULL);
        send_new(tail);
        hear(tail);
    }
    return NULL;
}

enum code api_tail_start(struct api_tail **out, struct api *api)
{
    struct api_tail *tail = mem_alloc(sizeof *tail);
    tail->api = api;
    tail->arena = arena_new();
    pthread_mutex_init(&tail->lock, NULL);
    pthread_cond_init(&tail->wake, NULL);
    struct db *db = db_pool_take(api->pool);
    (void)party_outbox_last_seq(db, &tail->seq);
    db_pool_give(api->pool, db);
    if (pthread_create(&tail->thread, NULL, tail_main, tail) != 0)
        return CODE_INTERNAL;
    *out = tail;
    return OK;
}

void api_tail_nudge(struct api_tail *tail)
{
    if (net_stream_count(tail->api->server) == 0)
        return;
    pthread_mutex_lock(&tail->lock);
    if (!tail->nudged)
        pthread_cond_signal(&tail->wake);
    tail->nudged = true;
    pthread_mutex_unlock(&tail->lock);
}

void api_tail_stop(struct api_tail **tail)
{
    struct api_tail *stopped = *tail;
    if (stopped == NULL)
        return;
    pthread_mutex_lock(&stopped->lock);
    stopped->stopping = true;
    pthread_cond_signal(&stopped->wake);
    pthread_mutex_unlock(&stopped->lock);
    pthread_join(stopped->thread, NULL);
    pthread_mutex_destroy(&stopped->lock);
    pthread_cond_destroy(&stopped->wake);
    arena_free(&stopped->arena);
    mem_free(stopped);
    *tail = NULL;
}

// --- GET /events ---

struct backlog {
    struct net_exchange *x;
    int64_t key;
};

static bool send_missed(void *context, const struct party_outbox *row)
{
    const struct backlog *backlog = context;
    char type[32];
    event_type(row, type);
    net_stream_backlog(backlog->x, row->seq, type,
                       event_json(net_arena(backlog->x), row, type, row->person1 == backlog->key));
    return true;
}

static bool find_key(struct net_exchange *x, int64_t *out_key)
{
    struct party_session session;
    if (api_session_peek(x, &session)) {
        *out_key = session.person;
        return true;
    }
    const char *token = net_cookie(x, API_DRAFT_COOKIE);
    if (token == NULL)
        return false;
    struct onboard_application application;
    struct db *db = api_take(x);
    const enum code code = onboard_find(db, &api_of(x)->onboard, token, &application);
    api_give(x, db);
    *out_key = onboard_stream_key(application.number);
    return code == OK;
}

// A stream outlives no log-in: it is bound to the idle time, and whoever ends a log-in ends the
// streams of the person (api_sessions_ended). One that ended while the stream was being opened is
// seen by asking again, after the stream can be found.
static enum net_step stream_events(struct net_exchange *x)
{
    struct backlog backlog = {.x = x};
    if (!find_key(x, &backlog.key))
        return net_reply_code(x, CODE_LOGIN_REQUIRED, CHARGED_NOT_INVOLVED);
    const int64_t last = net_stream_last_event(x);
    const enum net_step step = net_stream_open(x, backlog.key, last);
    net_stream_limit(x, PARTY_SESSION_IDLE_US);
    int64_t again;
    if (!find_key(x, &again) || again != backlog.key)
        return net_reply_code(x, CODE_LOGIN_REQUIRED, CHARGED_NOT_INVOLVED);
    if (last > 0) {
        struct db *db = api_take(x);
        (void)party_outbox_events_of(db, backlog.key, last, BACKLOG_MAX, send_missed, &backlog);
        api_give(x, db);
    }
    return step;
}

static const struct net_route ROUTES[] = {
    {"GET", "/api/v1/events", "streamEvents", stream_events, NET_NO_LOG, 0, NULL},
};
API_TABLE(API_EVENTS, ROUTES);
