// rooms: net base
// Hostile clients: slow heads and bodies, garbage, too many connections, readers that stop reading.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "net/net.h"
#include "peer/wire.h"

static struct wire_result result;
static struct net_server *server;
static uint16_t port;

static enum net_step fine(struct net_exchange *x)
{
    return net_reply(x, 200, "text/plain", "fine", 4);
}

static enum net_step large(struct net_exchange *x)
{
    static char bytes[8 * 1024 * 1024];
    return net_reply(x, 200, "text/plain", bytes, sizeof bytes);
}

static const struct net_route ROUTES[] = {
    {"GET", "/fine", "fine", fine, NET_INLINE, 0, NULL},
    {"GET", "/large", "large", large, 0, 0, NULL},
    {"POST", "/fine", "post", fine, NET_INLINE | NET_ANY_BODY, 0, NULL},
    {"GET", "/metrics", "metrics", net_metrics_handler, NET_NO_LOG, 0, NULL},
};

static const char good[] = "GET /fine HTTP/1.1\r\nHost: a\r\n\r\n";

// A flood from one address can fill that address's own cap until the deadline frees it: try for 3
// s.
static void still_serves(void)
{
    const int64_t start = wire_ms();
    do {
        memset(&result, 0, sizeof result);
        const int fd = wire_connect(port);
        assert_true(fd >= 0);
        wire_send(fd, good, sizeof good - 1, 0);
        wire_read(fd, &result, 2000, 60);
        close(fd);
    } while (result.status[0] != 200 && wire_ms() - start < 3000);
    assert_int_equal(result.status[0], 200);
}

// Sends a byte every 40 ms until the server ends the connection. Returns how long that took.
static int64_t drip(const char *first, const char *bytes)
{
    const int fd = wire_connect(port);
    assert_true(fd >= 0);
    wire_send(fd, first, strlen(first), 0);
    const int64_t start = wire_ms();
    for (size_t i = 0; wire_ms() - start < 5000; i++) {
        wire_send(fd, &bytes[i % strlen(bytes)], 1, 0);
        char sink[512];
        struct pollfd poller = {fd, POLLIN, 0};
        if (poll(&poller, 1, 40) > 0 && recv(fd, sink, sizeof sink, 0) <= 0)
            break;
    }
    close(fd);
    return wire_ms() - start;
}

static void ends_a_dripping_head(void **state)
{
    (void)state;
    const int64_t took = drip("GET /fine HTTP/1.1\r\nX-A: ", "a");
    assert_in_range(took, 300, 3000);
    still_serves();
}

static void ends_a_dripping_body(void **state)
{
    (void)state;
    const int64_t took =
        drip("POST /fine HTTP/1.1\r\nHost: a\r\nContent-Length: 5000\r\n\r\n", "b");
    assert_in_range(took, 500, 3000);
    still_serves();
}

static void ends_a_silent_connection(void **state)
{
    (void)state;
    const int fd = wire_connect(port);
    wire_read(fd, &result, 3000, 3000);
    close(fd);
    assert_true(result.closed);
    assert_in_range(result.took_ms, 300, 2500);
}

// After a whole request the next head may come late (idle), but once begun it has the head's time.
static void ends_a_dripping_second_head(void **state)
{
    (void)state;
    char first[128];
    (void)snprintf(first, sizeof first, "%s", good);
    const int64_t took = drip(first, "G");
    assert_in_range(took, 300, 900);
    const int fd = wire_connect(port);
    wire_send(fd, good, sizeof good - 1, 0);
    wire_read(fd, &result, 200, 100);
    usleep(700000); // longer than the head's time, shorter than the idle time
    wire_send(fd, good, sizeof good - 1, 0);
    wire_read(fd, &result, 500, 100);
    assert_int_equal(result.status[0], 200);
    wire_read(fd, &result, 3000, 3000);
    assert_true(result.closed);
    close(fd);
}

static void counts_the_deadlines(void **state)
{
    (void)state;
    static const char metrics[] = "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n";
    const int fd = wire_connect(port);
    wire_send(fd, metrics, sizeof metrics - 1, 0);
    wire_read(fd, &result, 2000, 100);
    close(fd);
    const char *at = strstr(result.bytes, "refused_total{reason=\"deadline\"} ");
    assert_non_null(at);
    assert_true(strtol(at + strlen("refused_total{reason=\"deadline\"} "), NULL, 10) >= 4);
}

static uint64_t seed = 88172645463325252U;

static uint64_t next_random(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

// Random bytes, and good requests with a few bytes changed: one answer or none, and life goes on.
static void survives_garbage(void **state)
{
    (void)state;
    static const char base[] = "POST /fine HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
                               "X-B: c\r\n\r\n4\r\nabcd\r\n0\r\n\r\n";
    for (int i = 0; i < 1500; i++) {
        char bytes[256];
        size_t size = sizeof base - 1;
        memcpy(bytes, base, size);
        if (i % 3 == 0) {
            size = 1 + next_random() % sizeof bytes;
            for (size_t k = 0; k < size; k++)
                bytes[k] = (char)next_random();
        }
        for (int k = 0; k < 3; k++)
            bytes[next_random() % size] = (char)next_random();
        const int fd = wire_connect(port);
        assert_true(fd >= 0);
        wire_send(fd, bytes, size, 0);
        if (i % 50 == 0)
            wire_read(fd, &result, 30, 10);
        close(fd);
    }
    still_serves();
}

static void caps_connections_of_one_address(void **state)
{
    (void)state;
    enum { TRIED = 60 };
    int fds[TRIED], refused = 0;
    usleep(600000); // what earlier tests left is gone
    for (int i = 0; i < TRIED; i++)
        fds[i] = wire_connect(port);
    usleep(100000);
    for (int i = 0; i < TRIED; i++) {
        char byte;
        struct pollfd poller = {fds[i], POLLIN, 0};
        if (fds[i] < 0 || (poll(&poller, 1, 0) > 0 && recv(fds[i], &byte, 1, MSG_DONTWAIT) <= 0))
            refused++;
    }
    for (int i = 0; i < TRIED; i++)
        if (fds[i] >= 0)
            close(fds[i]);
    assert_in_range(refused, TRIED - 40, TRIED - 38);
    usleep(150000);
    still_serves();
}

static void ends_a_reader_that_stops(void **state)
{
    (void)state;
    static const char text[] = "GET /large HTTP/1.1\r\nHost: a\r\n\r\n";
    const int fd = wire_connect(port);
    const int small = 4096;
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    wire_send(fd, text, sizeof text - 1, 0);
    usleep(5600000); // five times the idle time
    // What is buffered can still be read, then the connection is at its end.
    int64_t got = 0;
    for (;;) {
        char sink[65536];
        struct pollfd poller = {fd, POLLIN, 0};
        assert_true(poll(&poller, 1, 2000) > 0);
        const ssize_t more = recv(fd, sink, sizeof sink, 0);
        if (more <= 0)
            break;
        got += more;
    }
    close(fd);
    assert_true(got < 8 * 1024 * 1024);
    still_serves();
}

static int start(void **state)
{
    (void)state;
    log_set_level(LOG_ERROR);
    const struct net_options options = {
        .routes = ROUTES,
        .route_count = sizeof ROUTES / sizeof ROUTES[0],
        .limits = {.head_ms = 400, .body_ms = 600, .idle_ms = 1000, .connections_per_address = 40},
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
        cmocka_unit_test(ends_a_dripping_head),
        cmocka_unit_test(ends_a_dripping_body),
        cmocka_unit_test(ends_a_silent_connection),
        cmocka_unit_test(ends_a_dripping_second_head),
        cmocka_unit_test(counts_the_deadlines),
        cmocka_unit_test(survives_garbage),
        cmocka_unit_test(caps_connections_of_one_address),
        cmocka_unit_test(ends_a_reader_that_stops),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
