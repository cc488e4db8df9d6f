// Event streams: each is a suspended connection with a bounded queue of bytes, found by subscriber
// key. Invariants, all under the one lock: (1) a stream is in the table from opening until its
// reply is freed; (2) `waiting` is true exactly while its connection is suspended by the reader, so
// it is resumed once.
#include <stdio.h>
#include <string.h>

#include "net/net_priv.h"

struct stream {
    struct stream *next;
    struct net_server *server;
    struct MHD_Connection *connection;
    int64_t key, last_id, quiet_since_us;
    int64_t until_us; // monotonic; 0 = no end
    struct buffer queue;
    struct buffer held; // records of int64 id, size_t size, bytes
    size_t read;
    bool opening, waiting, ending;
};

static struct stream **bucket_of(struct net_server *server, int64_t key)
{
    return &server->streams.buckets[((uint64_t)key * 0x9E3779B97F4A7C15U) >> 54];
}

static void wake(struct stream *stream)
{
    if (!stream->waiting)
        return;
    stream->waiting = false;
    MHD_resume_connection(stream->connection);
}

static void push(struct stream *stream, const char *bytes, size_t size)
{
    if (stream->ending)
        return;
    const size_t pending = stream->queue.size - stream->read;
    if (pending + size > stream->server->limits.stream_bytes) {
        // The reader takes nothing: it comes back with Last-Event-ID and gets the rest.
        stream->ending = true;
        wake(stream);
        return;
    }
    if (stream->read == stream->queue.size)
        stream->queue.size = stream->read = 0;
    buffer_append(&stream->queue, bytes, size);
    stream->quiet_since_us = mono_us();
    wake(stream);
}

static ssize_t on_read(void *context, uint64_t position, char *out, size_t capacity)
{
    (void)position;
    struct stream *stream = context;
    struct streams *streams = &stream->server->streams;
    pthread_mutex_lock(&streams->lock);
    const size_t pending = stream->queue.size - stream->read;
    ssize_t result = 0;
    if (pending > 0) {
        const size_t size = pending < capacity ? pending : capacity;
        memcpy(out, stream->queue.data + stream->read, size);
        stream->read += size;
        result = (ssize_t)size;
    } else if (stream->ending) {
        result = MHD_CONTENT_READER_END_OF_STREAM;
    } else {
        MHD_suspend_connection(stream->connection);
        stream->waiting = true;
    }
    pthread_mutex_unlock(&streams->lock);
    return result;
}

static void on_free(void *context)
{
    struct stream *stream = context;
    struct net_server *server = stream->server;
    pthread_mutex_lock(&server->streams.lock);
    struct stream **at = bucket_of(server, stream->key);
    while (*at != stream)
        at = &(*at)->next;
    *at = stream->next;
    pthread_mutex_unlock(&server->streams.lock);
    net_series_add(server->stream_gauge, -1);
    buffer_free(&stream->queue);
    buffer_free(&stream->held);
    mem_free(stream);
    atomic_fetch_sub(&server->streams.count, 1);
}

// Returns false when the id was sent before or the stream ends.
static bool deliver(struct stream *stream, int64_t event_id, const char *bytes, size_t size)
{
    if (stream->ending || (event_id != 0 && event_id <= stream->last_id))
        return false;
    if (event_id != 0)
        stream->last_id = event_id;
    push(stream, bytes, size);
    return true;
}

static bool hold(struct stream *stream, int64_t event_id, const struct buffer *bytes)
{
    if (stream->held.size + bytes->size > stream->server->limits.stream_bytes) {
        stream->ending = true;
        return false;
    }
    buffer_append(&stream->held, &event_id, sizeof event_id);
    buffer_append(&stream->held, &bytes->size, sizeof bytes->size);
    buffer_append(&stream->held, bytes->data, bytes->size);
    return true;
}

static void release(struct stream *stream)
{
    stream->opening = false;
    for (size_t at = 0; at < stream->held.size;) {
        int64_t event_id;
        size_t size;
        memcpy(&event_id, stream->held.data + at, sizeof event_id);
        memcpy(&size, stream->held.data + at + sizeof event_id, sizeof size);
        at += sizeof event_id + sizeof size;
        (void)deliver(stream, event_id, stream->held.data + at, size);
        at += size;
    }
    buffer_free(&stream->held);
}

void stream_abandon(struct net_exchange *x)
{
    if (x->stream != NULL)
        on_free(x->stream);
    x->stream = NULL;
}

struct MHD_Response *stream_response(struct net_exchange *x)
{
    pthread_mutex_lock(&x->server->streams.lock);
    release(x->stream);
    pthread_mutex_unlock(&x->server->streams.lock);
    struct MHD_Response *response =
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 4096, on_read, x->stream, on_free);
    if (response == NULL) {
        stream_abandon(x);
        return NULL;
    }
    // From here the reply is no running request any more: a drain does not wait for it.
    atomic_fetch_sub(&x->server->open, 1);
    return response;
}

// Returns false when a cap is reached.
static bool enter(struct stream *stream)
{
    struct net_server *server = stream->server;
    struct streams *streams = &server->streams;
    struct stream **bucket = bucket_of(server, stream->key);
    pthread_mutex_lock(&streams->lock);
    uint32_t same = 0;
    for (const struct stream *each = *bucket; each != NULL; each = each->next)
        same += each->key == stream->key ? 1 : 0;
    const bool room = !streams->closed && same < server->limits.streams_per_key &&
                      atomic_load(&streams->count) < server->limits.streams;
    if (room) {
        stream->next = *bucket;
        *bucket = stream;
        atomic_fetch_add(&streams->count, 1);
    }
    pthread_mutex_unlock(&streams->lock);
    return room;
}

enum net_step net_stream_open(struct net_exchange *x, int64_t key, int64_t last_event_id)
{
    static const char hello[] = "retry: 3000\n: connected\n\n";
    struct stream *stream = mem_alloc(sizeof *stream);
    stream->server = x->server;
    stream->connection = x->connection;
    stream->key = key;
    stream->last_id = last_event_id;
    stream->opening = true;
    stream->quiet_since_us = mono_us();
    buffer_append(&stream->queue, hello, sizeof hello - 1);
    if (!enter(stream)) {
        buffer_free(&stream->queue);
        mem_free(stream);
        struct problem problem;
        (void)problem_set(&problem, CODE_RATE_LIMITED, CHARGED_NOT_INVOLVED);
        problem.retry_after_s = 30;
        return net_reply_problem(x, &problem);
    }
    net_series_add(x->server->stream_gauge, 1);
    x->stream = stream;
    x->status = 200;
    x->content_type = "text/event-stream; charset=utf-8";
    // nginx must pass each event on at once.
    return net_reply_header(x, "X-Accel-Buffering", "no");
}

void net_stream_limit(struct net_exchange *x, int64_t lifetime_us)
{
    if (x->stream == NULL)
        return;
    pthread_mutex_lock(&x->server->streams.lock);
    x->stream->until_us = mono_us() + lifetime_us;
    pthread_mutex_unlock(&x->server->streams.lock);
}

int64_t net_stream_last_event(const struct net_exchange *x)
{
    const char *text = net_header(x, "Last-Event-ID");
    int64_t id;
    return text != NULL && text_to_int64(&id, text) ? id : 0;
}

// A line break inside the data would end the event: JSON has none outside strings, and inside they
// are escaped.
static void event_bytes(struct buffer *out, int64_t event_id, const char *type, const char *json)
{
    if (event_id != 0)
        buffer_format(out, "id: %lld\n", (long long)event_id);
    buffer_format(out, "event: %s\n", type);
    for (const char *at = json;;) {
        const size_t size = strcspn(at, "\r\n");
        buffer_text(out, "data: ");
        buffer_append(out, at, size);
        buffer_append(out, "\n", 1);
        at += size;
        if (*at == '\0')
            break;
        at++;
    }
    buffer_append(out, "\n", 1);
}

void net_stream_backlog(struct net_exchange *x, int64_t event_id, const char *type,
                        const char *json)
{
    if (x->stream == NULL)
        return;
    struct buffer bytes = {0};
    event_bytes(&bytes, event_id, type, json);
    pthread_mutex_lock(&x->server->streams.lock);
    (void)deliver(x->stream, event_id, bytes.data, bytes.size);
    pthread_mutex_unlock(&x->server->streams.lock);
    buffer_free(&bytes);
}

size_t net_stream_send(struct net_server *server, int64_t key, int64_t event_id, const char *type,
                       const char *json)
{
    if (net_stream_count(server) == 0)
        return 0;
    struct buffer bytes = {0};
    event_bytes(&bytes, event_id, type, json);
    size_t reached = 0;
    pthread_mutex_lock(&server->streams.lock);
    for (struct stream *stream = *bucket_of(server, key); stream != NULL; stream = stream->next)
        if (stream->key == key &&
            (stream->opening ? hold(stream, event_id, &bytes)
                             : deliver(stream, event_id, bytes.data, bytes.size)))
            reached++;
    pthread_mutex_unlock(&server->streams.lock);
    buffer_free(&bytes);
    return reached;
}

void net_stream_close(struct net_server *server, int64_t key)
{
    pthread_mutex_lock(&server->streams.lock);
    for (struct stream *stream = *bucket_of(server, key); stream != NULL; stream = stream->next) {
        if (stream->key != key)
            continue;
        stream->ending = true;
        wake(stream);
    }
    pthread_mutex_unlock(&server->streams.lock);
}

size_t net_stream_count(const struct net_server *server)
{
    return atomic_load(&server->streams.count);
}

bool net_stream_listening(struct net_server *server, int64_t key)
{
    bool found = false;
    pthread_mutex_lock(&server->streams.lock);
    for (struct stream *stream = *bucket_of(server, key); stream != NULL; stream = stream->next)
        found = found || (stream->key == key && !stream->ending);
    pthread_mutex_unlock(&server->streams.lock);
    return found;
}

void streams_heartbeat(struct net_server *server, int64_t now_us)
{
    static const char beat[] = ": beat\n\n";
    const int64_t quiet_us = (int64_t)server->limits.heartbeat_ms * 1000;
    if (net_stream_count(server) == 0)
        return;
    pthread_mutex_lock(&server->streams.lock);
    for (size_t i = 0; i < STREAM_BUCKETS; i++)
        for (struct stream *stream = server->streams.buckets[i]; stream != NULL;
             stream = stream->next) {
            if (stream->until_us != 0 && now_us >= stream->until_us) {
                stream->ending = true;
                wake(stream);
            } else if (now_us - stream->quiet_since_us >= quiet_us) {
                push(stream, beat, sizeof beat - 1);
            }
        }
    pthread_mutex_unlock(&server->streams.lock);
}

void streams_end_all(struct net_server *server)
{
    pthread_mutex_lock(&server->streams.lock);
    server->streams.closed = true;
    for (size_t i = 0; i < STREAM_BUCKETS; i++)
        for (struct stream *stream = server->streams.buckets[i]; stream != NULL;
             stream = stream->next) {
            stream->ending = true;
            wake(stream);
        }
    pthread_mutex_unlock(&server->streams.lock);
}
