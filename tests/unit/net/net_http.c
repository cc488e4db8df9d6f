// rooms: net base
// The server over a real socket: routing, what is refused by the head, parking, workers, proxies,
// drain.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

#include <cmocka.h>

#include "net/net.h"
#include "peer/wire.h"

static struct wire_result result;
static struct net_server *server;
static uint16_t port;
static struct net_exchange *_Atomic parked;

static enum net_step echo(struct net_exchange *x)
{
    struct net_json_writer *w = net_reply_writer(x);
    size_t size;
    (void)net_body(x, &size);
    net_json_begin_object(w, NULL);
    net_json_string(w, "operation", net_route_of(x)->operation_id);
    net_json_string(w, "path", net_path(x));
    net_json_string(w, "id", net_param(x, "id"));
    net_json_string(w, "tail", net_param(x, "tail"));
    net_json_string(w, "q", net_query(x, "q"));
    net_json_int(w, "queries", (int64_t)net_query_count(x));
    net_json_string(w, "cookie", net_cookie(x, "__Host-s"));
    net_json_string(w, "client", net_client(x));
    net_json_bool(w, "english", net_english(x));
    net_json_int(w, "body", (int64_t)size);
    net_json_bool(w, "worker", net_on_worker(x));
    net_json_end_object(w);
    return net_reply_json(x, 200);
}

static enum net_step set_header(struct net_exchange *x)
{
    (void)net_reply_header(x, "Cache-Control", "max-age=60");
    (void)net_reply_header(x, "Set-Cookie", "a=1");
    (void)net_reply_header(x, "Set-Cookie", "b=2");
    return net_reply(x, 200, "text/plain", "hi", 2);
}

static enum net_step nothing(struct net_exchange *x)
{
    (void)x;
    return NET_DONE;
}

static enum net_step park(struct net_exchange *x)
{
    parked = x;
    return NET_PARK;
}

static enum net_step park_resumed(struct net_exchange *x)
{
    (void)net_reply_empty(x, 204);
    net_resume(x); // the reply may be there before the connection is parked
    return NET_PARK;
}

static sem_t gate; // holds the workers
static _Atomic int at_the_gate;

static enum net_step wait_at_the_gate(struct net_exchange *x)
{
    atomic_fetch_add(&at_the_gate, 1);
    sem_wait(&gate);
    return net_reply_empty(x, 204);
}

static enum net_step slow(struct net_exchange *x)
{
    usleep(150000);
    return net_reply_empty(x, 204);
}

static enum net_step to_worker(struct net_exchange *x)
{
    return net_on_worker(x) ? echo(x) : NET_WORKER;
}

static enum net_step problem(struct net_exchange *x)
{
    struct problem p;
    (void)problem_set(&p, CODE_RATE_LIMITED, CHARGED_NO);
    p.retry_after_s = 9;
    return net_reply_problem(x, &p);
}

static char upstream_url[64];

static enum net_step proxy(struct net_exchange *x)
{
    return net_proxy(x, upstream_url);
}

static const struct net_route ROUTES[] = {
    {"GET", "/api/v1/bills", "listBills", echo, NET_INLINE, 0, NULL},
    {"GET", "/api/v1/bills/summary", "summary", echo, NET_INLINE, 0, NULL},
    {"GET", "/api/v1/bills/{id}", "getBill", echo, NET_INLINE, 0, NULL},
    {"GET", "/api/v1/bills/{id}/receipt", "receipt", echo, 0, 0, NULL},
    {"POST", "/api/v1/bills", "postBill", echo, NET_INLINE, 0, NULL},
    {"POST", "/api/v1/small", "small", echo, NET_INLINE, 16, NULL},
    {"POST", "/api/v1/any", "any", echo, NET_INLINE | NET_ANY_BODY | NET_ANY_ORIGIN, 0, NULL},
    {"GET", "/headers", "headers", set_header, NET_INLINE | NET_CACHEABLE, 0, NULL},
    {"GET", "/nothing", "nothing", nothing, NET_INLINE, 0, NULL},
    {"GET", "/park", "park", park, NET_INLINE, 0, NULL},
    {"GET", "/parkworker", "parkworker", park, 0, 0, NULL},
    {"GET", "/resumed", "resumed", park_resumed, NET_INLINE, 0, NULL},
    {"GET", "/slow", "slow", slow, 0, 0, NULL},
    {"GET", "/gate", "gate", wait_at_the_gate, 0, 0, NULL},
    {"GET", "/toworker", "toworker", to_worker, NET_INLINE, 0, NULL},
    {"GET", "/problem", "problem", problem, NET_INLINE, 0, NULL},
    {"GET", "/metrics", "metrics", net_metrics_handler, NET_NO_LOG, 0, NULL},
    {"POST", "/proxy/{tail*}", "proxy", proxy, 0, 0, NULL},
    {"POST", "/up/{tail*}", "up", echo, NET_INLINE, 0, NULL},
};

static void send_to(uint16_t to, const char *text)
{
    const int fd = wire_connect(to);
    assert_true(fd >= 0);
    wire_send(fd, text, strlen(text), 0);
    wire_read(fd, &result, 3000, 80);
    close(fd);
    assert_int_equal(result.answers, 1);
}

static void ask(const char *line_and_headers, const char *body)
{
    struct buffer text = {0};
    buffer_format(&text, "%s\r\nHost: wallet.test\r\n", line_and_headers);
    if (body != NULL)
        buffer_format(&text, "Content-Length: %zu\r\n", strlen(body));
    buffer_format(&text, "\r\n%s", body != NULL ? body : "");
    send_to(port, text.data);
    buffer_free(&text);
}

static bool has(const char *text)
{
    return strstr(result.bytes, text) != NULL;
}

static void routes_by_segments(void **state)
{
    (void)state;
    ask("GET /api/v1/bills HTTP/1.1", NULL);
    assert_true(has("\"operation\":\"listBills\""));
    ask("GET /api/v1/bills/summary HTTP/1.1", NULL);
    assert_true(has("\"operation\":\"summary\""));
    ask("GET /api/v1/bills/summa%72y HTTP/1.1", NULL);
    assert_true(has("\"operation\":\"summary\""));
    ask("GET /api/v1/bills/txn_1 HTTP/1.1", NULL);
    assert_true(has("\"operation\":\"getBill\"") && has("\"id\":\"txn_1\""));
    ask("GET /api/v1/bills/a%20b%25/receipt?x HTTP/1.1", NULL);
    assert_true(has("\"operation\":\"receipt\"") && has("\"id\":\"a b%\"") &&
                has("\"worker\":true"));
    ask("GET /api/v1/bills/ HTTP/1.1", NULL);
    assert_int_equal(result.status[0], 404);
    ask("GET /api/v1/bills//receipt HTTP/1.1", NULL);
    assert_int_equal(result.status[0], 404);
    ask("GET / HTTP/1.1", NULL);
    assert_int_equal(result.status[0], 404);
    ask("HEAD /api/v1/bills HTTP/1.1", NULL);
    assert_int_equal(result.status[0], 200);
    assert_false(has("operation"));
    ask("DELETE /api/v1/bills HTTP/1.1", NULL);
    assert_int_equal(result.status[0], 405);
    assert_true(has("Allow: GET, HEAD, POST\r\n"));
}

static void decodes_once_and_never_escapes(void **state)
{
    (void)state;
    static const char *const missing[] = {"/api/v1/bills/%2e%2e", "/api/v1/bills/..",
                                          "/api/v1/bills/.",      "/api/v1/bills/a%2Fb",
                                          "/api/v1/bills/a%2fb",  "/api/v1/bills/a%5Cb",
                                          "/api/v1/../secret",    "/api/v1/bills/%2e/receipt"};
    for (size_t i = 0; i < sizeof missing / sizeof missing[0]; i++) {
        struct buffer line = {0};
        buffer_format(&line, "GET %s HTTP/1.1", missing[i]);
        ask(line.data, NULL);
        assert_int_equal(result.status[0], 404);
        buffer_free(&line);
    }
    ask("GET /api/v1/bills/%252e%252e HTTP/1.1", NULL);
    assert_true(has("\"id\":\"%2e%2e\""));
    ask("GET /api/v1/bills/%ff HTTP/1.1", NULL);
    assert_int_equal(result.status[0], 400);
    ask("GET /api/v1/bills/%0d%0aX HTTP/1.1", NULL);
    assert_int_equal(result.status[0], 400);
}

static void queries(void **state)
{
    (void)state;
    ask("GET /api/v1/bills?q=%E5%BC%A0+3&created_at%5Bgte%5D=1&& HTTP/1.1", NULL);
    assert_true(has("\"q\":\"张 3\"") && has("\"queries\":2"));
    ask("GET /api/v1/bills?q=1&q=2 HTTP/1.1", NULL);
    assert_int_equal(result.status[0], 400);
    ask("GET /api/v1/bills?q=1&%71=2 HTTP/1.1", NULL);
    assert_int_equal(result.status[0], 400);
    ask("GET /api/v1/bills?=2 HTTP/1.1", NULL);
    assert_int_equal(result.status[0], 400);
}

static void refuses_bodies_by_the_head(void **state)
{
    (void)state;
    ask("POST /api/v1/bills HTTP/1.1", "{}");
    assert_int_equal(result.status[0], 415);
    ask("POST /api/v1/bills HTTP/1.1\r\nContent-Type: application/jsonx", "{}");
    assert_int_equal(result.status[0], 415);
    ask("POST /api/v1/bills HTTP/1.1\r\nContent-Type: application/json; charset=utf-8", "{}");
    assert_int_equal(result.status[0], 200);
    assert_true(has("\"body\":2"));
    ask("POST /api/v1/any HTTP/1.1", "x=1");
    assert_int_equal(result.status[0], 200);
    ask("POST /api/v1/small HTTP/1.1\r\nContent-Type: application/json", "{\"a\":\"0123456789\"}");
    assert_int_equal(result.status[0], 413);
    assert_true(result.closed);
    send_to(port, "POST /api/v1/small HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
                  "Transfer-Encoding: chunked\r\n\r\n"
                  "21\r\n{\"a\":\"0123456789012345678901234\"}\r\n0\r\n\r\n");
    assert_int_equal(result.status[0], 413);
}

static void refuses_other_sites(void **state)
{
    (void)state;
    static const struct {
        const char *headers;
        int status;
    } cases[] = {
        {"", 200},
        {"\r\nSec-Fetch-Site: same-origin", 200},
        {"\r\nSec-Fetch-Site: none", 200},
        {"\r\nSec-Fetch-Site: cross-site", 403},
        {"\r\nSec-Fetch-Site: same-site", 403},
        {"\r\nOrigin: https://wallet.example.org", 200},
        {"\r\nOrigin: https://evil.example", 403},
        {"\r\nOrigin: null", 403},
        {"\r\nOrigin: https://wallet.test", 200},
        {"\r\nOrigin: http://wallet.test", 403}, // the public address is encrypted
        {"\r\nOrigin: http://wallet.test.evil.example", 403},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buffer line = {0};
        buffer_format(&line, "POST /api/v1/bills HTTP/1.1\r\nContent-Type: application/json%s",
                      cases[i].headers);
        ask(line.data, "{}");
        assert_int_equal(result.status[0], cases[i].status);
        buffer_free(&line);
    }
    ask("POST /api/v1/any HTTP/1.1\r\nOrigin: https://evil.example", "{}");
    assert_int_equal(result.status[0], 200);
    ask("GET /api/v1/bills HTTP/1.1\r\nSec-Fetch-Site: cross-site", NULL);
    assert_int_equal(result.status[0], 200);
}

static void speaks_the_language(void **state)
{
    (void)state;
    static const struct {
        const char *accept;
        bool english;
    } cases[] = {{"en", true},
                 {"zh-CN,zh;q=0.9,en;q=0.8", false},
                 {"en-GB,en;q=0.9,zh;q=0.8", true},
                 {"en;q=0.5, zh;q=0.7", false},
                 {"fr", false},
                 {"fr, en;q=0.1", true},
                 {"en;q=0", false}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buffer line = {0};
        buffer_format(&line, "GET /api/v1/bills HTTP/1.1\r\nAccept-Language: %s", cases[i].accept);
        ask(line.data, NULL);
        assert_true(has(cases[i].english ? "\"english\":true" : "\"english\":false"));
        buffer_free(&line);
    }
    ask("GET /problem HTTP/1.1\r\nAccept-Language: en", NULL);
    assert_true(has("Content-Language: en\r\n") && has("Too fast. Try again in 9 s."));
}

static void reads_cookies(void **state)
{
    (void)state;
    ask("GET /api/v1/bills HTTP/1.1\r\nCookie: a=1; __Host-s=tok-en; b=2", NULL);
    assert_true(has("\"cookie\":\"tok-en\""));
    ask("GET /api/v1/bills HTTP/1.1\r\nCookie: x__Host-s=1", NULL);
    assert_true(has("\"cookie\":null"));
    ask("GET /api/v1/bills HTTP/1.1\r\nCookie: __Host-s=1; __Host-s=2", NULL);
    assert_true(has("\"cookie\":null"));
}

static void every_answer_has_its_headers(void **state)
{
    (void)state;
    static const char *const lines[] = {"GET /api/v1/bills HTTP/1.1", "GET /none HTTP/1.1",
                                        "GET /problem HTTP/1.1", "GET /nothing HTTP/1.1",
                                        "GET /api/v1/bills?a=1&a=2 HTTP/1.1"};
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        ask(lines[i], NULL);
        assert_true(has("Request-Id: req_") && has("Cache-Control: no-store\r\n"));
        assert_true(has("X-Content-Type-Options: nosniff\r\n") &&
                    has("Referrer-Policy: no-referrer"));
        assert_true(has("Cross-Origin-Opener-Policy: same-origin\r\n") && has("Date: "));
        assert_true(has("Cross-Origin-Resource-Policy: same-origin\r\n"));
        assert_false(result.closed);
    }
    ask("GET /problem HTTP/1.1", NULL);
    assert_true(has("Retry-After: 9\r\n") && has("application/problem+json"));
    ask("GET /headers HTTP/1.1", NULL);
    assert_true(has("Cache-Control: max-age=60\r\n") && has("Set-Cookie: a=1\r\n"));
    assert_true(has("Set-Cookie: b=2\r\n") && !has("no-store"));
    ask("GET /nothing HTTP/1.1", NULL);
    assert_int_equal(result.status[0], 500);
}

static void *resume_later(void *context)
{
    (void)context;
    while (parked == NULL)
        usleep(1000);
    usleep(20000);
    struct net_exchange *x = parked;
    parked = NULL;
    (void)net_reply(x, 201, "text/plain", "late", 4);
    net_resume(x);
    return NULL;
}

static void parks_and_resumes(void **state)
{
    (void)state;
    static const char *const lines[] = {"GET /park HTTP/1.1", "GET /parkworker HTTP/1.1"};
    for (size_t i = 0; i < 2; i++) {
        pthread_t thread;
        assert_int_equal(pthread_create(&thread, NULL, resume_later, NULL), 0);
        ask(lines[i], NULL);
        assert_int_equal(result.status[0], 201);
        assert_true(has("late"));
        pthread_join(thread, NULL);
    }
    for (int i = 0; i < 200; i++) {
        ask("GET /resumed HTTP/1.1\r\nConnection: close", NULL);
        assert_int_equal(result.status[0], 204);
    }
    ask("GET /toworker HTTP/1.1", NULL);
    assert_true(has("\"worker\":true"));
}

static void *one_slow(void *context)
{
    struct wire_result *own = context;
    static const char text[] =
        "GET /slow HTTP/1.1\r\nHost: wallet.test\r\nConnection: close\r\n\r\n";
    const int fd = wire_connect(port);
    wire_send(fd, text, sizeof text - 1, 0);
    wire_read(fd, own, 5000, 5000);
    close(fd);
    return NULL;
}

static _Atomic int finished;

static void *one_at_the_gate(void *context)
{
    struct wire_result *own = context;
    static const char text[] =
        "GET /gate HTTP/1.1\r\nHost: wallet.test\r\nConnection: close\r\n\r\n";
    const int fd = wire_connect(port);
    wire_send(fd, text, sizeof text - 1, 0);
    wire_read(fd, own, 20000, 20000);
    close(fd);
    atomic_fetch_add(&finished, 1);
    return NULL;
}

static void until(_Atomic int *count, int wanted)
{
    for (int i = 0; i < 10000 && atomic_load(count) < wanted; i++)
        usleep(1000);
    assert_int_equal(atomic_load(count), wanted);
}

// Two workers and a queue of four: while both are held, four of ten wait and six are told to come
// back; none hangs.
static void a_full_queue_says_busy(void **state)
{
    (void)state;
    enum { CLIENTS = 12, WORKERS = 2, QUEUE = 4, REFUSED = CLIENTS - WORKERS - QUEUE };
    static struct wire_result results[CLIENTS];
    pthread_t threads[CLIENTS];
    int done = 0, busy = 0;
    assert_int_equal(sem_init(&gate, 0, 0), 0);
    for (int i = 0; i < CLIENTS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, one_at_the_gate, &results[i]), 0);
        if (i == WORKERS - 1)
            until(&at_the_gate, WORKERS);
    }
    until(&finished, REFUSED);
    for (int i = 0; i < CLIENTS; i++)
        sem_post(&gate);
    for (int i = 0; i < CLIENTS; i++) {
        pthread_join(threads[i], NULL);
        done += results[i].status[0] == 204 ? 1 : 0;
        busy +=
            results[i].status[0] == 503 && strstr(results[i].bytes, "Retry-After: 1\r\n") ? 1 : 0;
    }
    assert_int_equal(done, WORKERS + QUEUE);
    assert_int_equal(busy, REFUSED);
}

static void client_address_only_from_trusted_proxies(void **state)
{
    (void)state;
    ask("GET /api/v1/bills HTTP/1.1\r\nX-Forwarded-For: 198.51.100.7", NULL);
    assert_true(has("\"client\":\"127.0.0.1\""));
    static const char *const trusted[] = {"10.0.0.0/8", "127.0.0.0/30"};
    const struct net_options options = {
        .routes = ROUTES, .route_count = 1, .trusted_proxies = trusted, .trusted_proxy_count = 2};
    struct net_server *other;
    assert_int_equal(net_server_start(&other, &options), OK);
    const uint16_t to = net_server_port(other);
    send_to(to, "GET /api/v1/bills HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 198.51.100.7\r\n\r\n");
    assert_true(has("\"client\":\"198.51.100.7\""));
    send_to(to,
            "GET /api/v1/bills HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 1.2.3.4, 5.6.7.8\r\n\r\n");
    assert_true(has("\"client\":\"127.0.0.1\""));
    net_server_stop(&other);
}

static void keeps_the_connection_between_requests(void **state)
{
    (void)state;
    const int fd = wire_connect(port);
    static const char two[] = "GET /none HTTP/1.1\r\nHost: a\r\n\r\n"
                              "GET /api/v1/bills HTTP/1.1\r\nHost: a\r\n\r\n";
    wire_send(fd, two, sizeof two - 1, 0);
    wire_read(fd, &result, 2000, 100);
    assert_int_equal(result.answers, 2);
    assert_int_equal(result.status[0], 404);
    assert_int_equal(result.status[1], 200);
    close(fd);
}

static void forwards_to_a_neighbour(void **state)
{
    (void)state;
    (void)snprintf(upstream_url, sizeof upstream_url, "http://127.0.0.1:%u/up", port);
    ask("POST /proxy/a%20b/c?q=1%262 HTTP/1.1\r\nContent-Type: application/json", "{\"x\":1}");
    assert_int_equal(result.status[0], 200);
    assert_true(has("\"tail\":\"a b/c\"") && has("\"q\":\"1&2\"") && has("\"body\":7"));
    (void)snprintf(upstream_url, sizeof upstream_url, "http://127.0.0.1:1");
    ask("POST /proxy/x HTTP/1.1\r\nContent-Type: application/json", "{}");
    assert_int_equal(result.status[0], 503);
    assert_true(has("storage-unavailable"));
}

static void counts_what_it_did(void **state)
{
    (void)state;
    ask("GET /metrics HTTP/1.1", NULL);
    assert_true(has(
        "tongbao_http_requests_total{route=\"/api/v1/bills/{id}\",method=\"GET\",code=\"200\"}"));
    assert_true(has("tongbao_http_requests_refused_total{reason=\"size\"} 2\n"));
    assert_false(has("txn_1"));
}

static void drains(void **state)
{
    (void)state;
    static struct wire_result own;
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, one_slow, &own), 0);
    usleep(50000);
    assert_true(net_server_drain(server, 2000));
    pthread_join(thread, NULL);
    assert_int_equal(own.status[0], 204);
    assert_true(wire_connect(port) < 0);
}

static void bad_tables_do_not_start(void **state)
{
    (void)state;
    static const struct net_route twice[] = {{"GET", "/a/{x}", "a", echo, 0, 0, NULL},
                                             {"GET", "/a/{y}", "b", echo, 0, 0, NULL}};
    struct net_server *other = NULL;
    struct net_options options = {.routes = twice, .route_count = 2};
    log_set_level(LOG_ERROR + 1);
    assert_int_equal(net_server_start(&other, &options), CODE_INTERNAL);
    options.route_count = 1;
    options.listen = "nowhere";
    assert_int_equal(net_server_start(&other, &options), CODE_INTERNAL);
    log_set_level(LOG_ERROR);
    assert_null(other);
}

static int start(void **state)
{
    (void)state;
    log_set_level(LOG_ERROR);
    const struct net_options options = {
        .routes = ROUTES,
        .route_count = sizeof ROUTES / sizeof ROUTES[0],
        .public_url = "https://wallet.example.org",
        .workers = 2,
        .limits = {.queue = 4},
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
    return server == NULL ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(routes_by_segments),
        cmocka_unit_test(decodes_once_and_never_escapes),
        cmocka_unit_test(queries),
        cmocka_unit_test(refuses_bodies_by_the_head),
        cmocka_unit_test(refuses_other_sites),
        cmocka_unit_test(speaks_the_language),
        cmocka_unit_test(reads_cookies),
        cmocka_unit_test(every_answer_has_its_headers),
        cmocka_unit_test(parks_and_resumes),
        cmocka_unit_test(a_full_queue_says_busy),
        cmocka_unit_test(client_address_only_from_trusted_proxies),
        cmocka_unit_test(keeps_the_connection_between_requests),
        cmocka_unit_test(forwards_to_a_neighbour),
        cmocka_unit_test(counts_what_it_did),
        cmocka_unit_test(bad_tables_do_not_start),
        cmocka_unit_test(drains),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
