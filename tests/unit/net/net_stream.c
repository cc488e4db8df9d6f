// rooms: net base
// Event streams: order and resumption, many readers at once, caps, heartbeat, readers that stop,
// the end.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <pthread.h>

#include <cmocka.h>

#include "net/net.h"
#include "peer/wire.h"

static struct wire_result result;
static struct net_server *server;
static uint16_t port;

static enum net_step events(struct net_exchange *x)
{
    int64_t key = 0;
    assert_true(text_to_int64(&key, net_param(x, "key")));
    return net_stream_open(x, key, net_stream_last_event(x));
}

// What is sent live while the backlog is still being written must come after it, once.
static enum net_step backlog(struct net_exchange *x)
{
    const enum net_step step = net_stream_open(x, 77, net_stream_last_event(x));
    (void)net_stream_send(net_server_of(x), 77, 5, "live", "{}");
    for (int64_t id = 1; id <= 5; id++)
        net_stream_backlog(x, id, "missed", "{}");
    (void)net_stream_send(net_server_of(x), 77, 6, "live", "{}");
    return step;
}

static enum net_step short_lived(struct net_exchange *x)
{
    const enum net_step step = net_stream_open(x, 88, 0);
    net_stream_limit(x, 600000);
    return step;
}

// Whoever asked may have been signed out between the question and the opening.
static enum net_step regretted(struct net_exchange *x)
{
    (void)net_stream_open(x, 99, 0);
    return net_reply_code(x, CODE_LOGIN_REQUIRED, CHARGED_NOT_INVOLVED);
}

static const struct net_route ROUTES[] = {
    {"GET", "/short", "short", short_lived, 0, 0, NULL},
    {"GET", "/regretted", "regretted", regretted, 0, 0, NULL},
    {"GET", "/events/{key}", "events", events, 0, 0, NULL},
    {"GET", "/backlog", "backlog", backlog, 0, 0, NULL},
};

static int listen_to(const char *path, const char *extra)
{
    struct buffer text = {0};
    buffer_format(&text, "GET %s HTTP/1.1\r\nHost: a\r\n%s\r\n", path, extra);
    const int fd = wire_connect(port);
    assert_true(fd >= 0);
    wire_send(fd, text.data, text.size, 0);
    buffer_free(&text);
    wire_read(fd, &result, 1000, 30);
    return fd;
}

static void wait_for_streams(size_t count)
{
    for (int i = 0; i < 300 && net_stream_count(server) != count; i++)
        usleep(10000);
    assert_int_equal(net_stream_count(server), count);
}

static bool has(const char *text)
{
    return strstr(result.bytes, text) != NULL;
}

static void sends_events_in_order(void **state)
{
    (void)state;
    const int fd = listen_to("/events/1", "");
    assert_true(has("Content-Type: text/event-stream") && has("retry: 3000\n"));
    assert_true(has("X-Accel-Buffering: no\r\n") && has("Cache-Control: no-store\r\n"));
    assert_true(net_stream_listening(server, 1) && !net_stream_listening(server, 2));
    assert_int_equal(net_stream_send(server, 1, 10, "operation", "{\"a\":1}"), 1);
    assert_int_equal(net_stream_send(server, 1, 9, "operation", "{\"old\":1}"), 0);
    assert_int_equal(net_stream_send(server, 2, 11, "operation", "{}"), 0);
    assert_int_equal(net_stream_send(server, 1, 0, "session", "{\n\"b\":2}"), 1);
    wire_read(fd, &result, 1000, 60);
    assert_true(has("id: 10\nevent: operation\ndata: {\"a\":1}\n\n"));
    assert_true(has("event: session\ndata: {\ndata: \"b\":2}\n\n"));
    assert_false(has("old"));
    close(fd);
    // The server notices at the next heartbeat.
    wait_for_streams(0);
}

static void backlog_comes_first_and_once(void **state)
{
    (void)state;
    const int fd = listen_to("/backlog", "Last-Event-ID: 2\r\n");
    const char *at = result.bytes;
    static const char *const wanted[] = {"id: 3\nevent: missed", "id: 4\nevent: missed",
                                         "id: 5\nevent: missed", "id: 6\nevent: live"};
    for (size_t i = 0; i < 4; i++) {
        at = strstr(at, wanted[i]);
        assert_non_null(at);
    }
    assert_false(has("id: 2\n") || has("id: 5\nevent: live"));
    close(fd);
    wait_for_streams(0);
}

static void beats_when_quiet(void **state)
{
    (void)state;
    const int fd = listen_to("/events/3", "");
    wire_read(fd, &result, 900, 900);
    assert_true(has(": beat\n\n"));
    close(fd);
    wait_for_streams(0);
}

static void caps_streams_of_one_key(void **state)
{
    (void)state;
    int fds[5];
    for (int i = 0; i < 5; i++) {
        fds[i] = listen_to("/events/4", "");
        assert_int_equal(result.status[0], i < 4 ? 200 : 429);
    }
    assert_true(has("rate-limited") && has("Retry-After: 30\r\n"));
    for (int i = 0; i < 5; i++)
        close(fds[i]);
    wait_for_streams(0);
}

enum { READERS = 64, EVENTS = 50 };

struct reader {
    int fd;
    int64_t key, seen;
};

static void *read_events(void *context)
{
    struct reader *reader = context;
    struct buffer bytes = {0};
    const int64_t until = wire_ms() + 20000;
    char last[32];
    (void)snprintf(last, sizeof last, "id: %d\n", EVENTS);
    while (wire_ms() < until && (bytes.data == NULL || strstr(bytes.data, last) == NULL)) {
        char chunk[4096];
        struct pollfd poller = {reader->fd, POLLIN, 0};
        if (poll(&poller, 1, 500) <= 0)
            continue;
        const ssize_t got = recv(reader->fd, chunk, sizeof chunk, 0);
        if (got <= 0)
            break;
        buffer_append(&bytes, chunk, (size_t)got);
    }
    const char *at = bytes.data != NULL ? bytes.data : "";
    for (int64_t id = 1; id <= EVENTS; id++) {
        char wanted[80];
        (void)snprintf(wanted, sizeof wanted, "id: %lld\nevent: tick\ndata: {\"key\":%lld}\n\n",
                       (long long)id, (long long)reader->key);
        at = strstr(at, wanted);
        if (at == NULL)
            break;
        reader->seen++;
    }
    buffer_free(&bytes);
    return NULL;
}

static void sixty_four_readers_miss_nothing(void **state)
{
    (void)state;
    static struct reader readers[READERS];
    pthread_t threads[READERS];
    for (int i = 0; i < READERS; i++) {
        char path[32];
        (void)snprintf(path, sizeof path, "/events/%d", 1000 + i / 2);
        readers[i] = (struct reader){listen_to(path, ""), 1000 + i / 2, 0};
    }
    wait_for_streams(READERS);
    for (int i = 0; i < READERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, read_events, &readers[i]), 0);
    for (int64_t id = 1; id <= EVENTS; id++)
        for (int64_t key = 1000; key < 1000 + READERS / 2; key++) {
            char json[32];
            (void)snprintf(json, sizeof json, "{\"key\":%lld}", (long long)key);
            assert_int_equal(net_stream_send(server, key, id, "tick", json), 2);
        }
    for (int i = 0; i < READERS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(readers[i].seen, EVENTS);
        close(readers[i].fd);
    }
    wait_for_streams(0);
}

static void drops_a_reader_that_stops(void **state)
{
    (void)state;
    const int fd = listen_to("/events/5", "");
    char *json = mem_alloc(20001);
    memset(json, '7', 20000);
    // The kernel buffers some; beyond stream_bytes the stream ends, and memory stays bounded.
    size_t reached = 1;
    for (int i = 0; i < 2000 && reached > 0; i++) {
        reached = net_stream_send(server, 5, 0, "big", json);
        if (i % 100 == 0)
            usleep(2000);
    }
    assert_int_equal(reached, 0);
    mem_free(json);
    close(fd);
    wait_for_streams(0);
}

static void closes_a_key(void **state)
{
    (void)state;
    const int fd = listen_to("/events/6", "");
    net_stream_close(server, 6);
    wire_read(fd, &result, 1000, 1000);
    assert_true(strstr(result.bytes, "0\r\n\r\n") != NULL); // the last chunk: a proper end
    close(fd);
    wait_for_streams(0);
}

static void ends_at_its_limit(void **state)
{
    (void)state;
    const int64_t since = wire_ms();
    const int fd = listen_to("/short", "");
    // Beats keep a quiet stream open, its limit ends it all the same.
    wire_read(fd, &result, 5000, 5000);
    assert_true(strstr(result.bytes, "0\r\n\r\n") != NULL);
    assert_true(wire_ms() - since >= 550);
    close(fd);
    wait_for_streams(0);
}

static void another_reply_leaves_no_stream(void **state)
{
    (void)state;
    const int fd = listen_to("/regretted", "");
    assert_int_equal(result.status[0], 401);
    assert_false(net_stream_listening(server, 99));
    close(fd);
    wait_for_streams(0);
}

static void drain_ends_streams(void **state)
{
    (void)state;
    const int fd = listen_to("/events/7", "");
    assert_true(net_server_drain(server, 2000));
    wire_read(fd, &result, 1000, 1000);
    assert_true(strstr(result.bytes, "0\r\n\r\n") != NULL);
    close(fd);
}

static int start(void **state)
{
    (void)state;
    log_set_level(LOG_ERROR);
    const struct net_options options = {
        .routes = ROUTES,
        .route_count = sizeof ROUTES / sizeof ROUTES[0],
        .limits = {.heartbeat_ms = 300, .streams_per_key = 4, .stream_bytes = 200000},
    };
    if (net_server_start(&server, &options) != OK)
        return -1;
    port = net_server_port(server);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    net_server_stop(&server);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sends_events_in_order),
        cmocka_unit_test(backlog_comes_first_and_once),
        cmocka_unit_test(beats_when_quiet),
        cmocka_unit_test(ends_at_its_limit),
        cmocka_unit_test(another_reply_leaves_no_stream),
        cmocka_unit_test(caps_streams_of_one_key),
        cmocka_unit_test(sixty_four_readers_miss_nothing),
        cmocka_unit_test(drops_a_reader_that_stops),
        cmocka_unit_test(closes_a_key),
        cmocka_unit_test(drain_ends_streams),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
