// The load: keep-alive connections, each sends its next request when the answer of the last one is
// complete (a closed loop). One thread; the server gets the rest of the machine.
#include "bench.h"

#include "base/base.h"

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CONNECTIONS_MAX = 1024, ANSWER_MAX = 65536, TEXT = 128, BUCKETS = 64 * 64 };

struct connection {
    int fd;
    int64_t sent_us;
    size_t size;     // of the answer so far
    size_t expected; // whole answer; 0 = the head is not complete
    char answer[ANSWER_MAX];
};

struct load {
    uint16_t port;
    int64_t seconds;
    size_t connection_count;
    const char *path; // NULL = payments
    char (*sessions)[TEXT], (*shops)[TEXT];
    size_t session_count, shop_count, next;
    const struct env *env;
    uint64_t random;
    int64_t until_us, done, refused, failed;
    int64_t buckets[BUCKETS]; // of latencies: 64 ranges by powers of two, 64 steps in each
    char refusal[256];        // the first one, for the report
    struct connection *connections;
};

// xorshift64*: which shop, which amount. Nothing here needs to be secret.
static uint64_t random_next(struct load *load)
{
    load->random ^= load->random >> 12;
    load->random ^= load->random << 25;
    load->random ^= load->random >> 27;
    return load->random * UINT64_C(2685821657736338717);
}

static int64_t now_us(const struct load *load)
{
    return load->env->monotonic_us(load->env->context);
}

static size_t bucket_of(int64_t us)
{
    if (us < 64)
        return (size_t)(us < 0 ? 0 : us);
    const int range = 63 - __builtin_clzll((unsigned long long)us) - 6;
    return (size_t)((range + 1) * 64 + ((us >> range) - 64));
}

static int64_t bucket_top(size_t bucket)
{
    if (bucket < 64)
        return (int64_t)bucket;
    const int range = (int)(bucket / 64) - 1;
    return (int64_t)(64 + bucket % 64 + 1) << range;
}

static int64_t percentile_us(const struct load *load, int64_t per_mille)
{
    const int64_t total = load->done + load->refused;
    int64_t below = 0;
    for (size_t i = 0; i < BUCKETS; i++) {
        below += load->buckets[i];
        if (total > 0 && below * 1000 >= total * per_mille)
            return bucket_top(i);
    }
    return 0;
}

// A payment of 0.01 … 9.99 from the next wallet to any shop.
static size_t write_payment(struct load *load, char *out, size_t capacity)
{
    char key[40], body[256];
    const struct id id = id_new(load->env);
    id_format(key, "", &id);
    const uint64_t cents = 1 + random_next(load) % 999;
    const char *shop = load->shops[random_next(load) % load->shop_count];
    const int size = snprintf(body, sizeof body,
                              "{\"token\":\"%s\",\"amount\":{\"value\":\"%d.%02d\",\"currency\":"
                              "\"CNY\"}}",
                              shop, (int)(cents / 100), (int)(cents % 100));
    const char *session = load->sessions[load->next++ % load->session_count];
    return (size_t)snprintf(out, capacity,
                            "POST /api/v1/payments HTTP/1.1\r\nHost: localhost\r\n"
                            "Cookie: __Host-tongbao=%s\r\nIdempotency-Key: %s\r\n"
                            "Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
                            session, key, size, body);
}

static bool send_next(struct load *load, struct connection *c)
{
    char request[1024];
    const size_t size =
        load->path == NULL
            ? write_payment(load, request, sizeof request)
            : (size_t)snprintf(request, sizeof request,
                               "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", load->path);
    c->size = c->expected = 0;
    c->sent_us = now_us(load);
    // A request fits the socket's buffer: the connection is idle.
    return send(c->fd, request, size, MSG_NOSIGNAL) == (ssize_t)size;
}

static void take_head(struct connection *c)
{
    c->answer[c->size] = '\0';
    const char *end = strstr(c->answer, "\r\n\r\n");
    const char *length = strcasestr(c->answer, "\r\ncontent-length:");
    if (end == NULL || length == NULL)
        return;
    c->expected = (size_t)(end + 4 - c->answer) + strtoull(length + 17, NULL, 10);
}

static void count_answer(struct load *load, const struct connection *c)
{
    load->buckets[bucket_of(now_us(load) - c->sent_us)]++;
    const bool good = strncmp(c->answer, "HTTP/1.1 2", 10) == 0;
    load->done += good ? 1 : 0;
    load->refused += good ? 0 : 1;
    if (good || load->refused > 1)
        return;
    const char *body = strstr(c->answer, "\r\n\r\n");
    (void)text_copy(load->refusal, sizeof load->refusal, body != NULL ? body + 4 : c->answer);
}

// False: the connection is broken.
static bool on_readable(struct load *load, struct connection *c)
{
    const ssize_t got = recv(c->fd, c->answer + c->size, ANSWER_MAX - 1 - c->size, 0);
    if (got <= 0)
        return got < 0 && (errno == EAGAIN || errno == EINTR);
    c->size += (size_t)got;
    if (c->expected == 0)
        take_head(c);
    if (c->expected == 0 || c->size < c->expected)
        return c->size < ANSWER_MAX - 1;
    count_answer(load, c);
    return now_us(load) >= load->until_us || send_next(load, c);
}

static bool connect_one(struct load *load, struct connection *c)
{
    const struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(load->port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    const int on = 1;
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return c->fd >= 0 && setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0 &&
           connect(c->fd, (const struct sockaddr *)&address, sizeof address) == 0;
}

static bool open_all(struct load *load, int poll)
{
    for (size_t i = 0; i < load->connection_count; i++) {
        struct connection *c = &load->connections[i];
        struct epoll_event event = {.events = EPOLLIN, .data = {.ptr = c}};
        if (!connect_one(load, c) || epoll_ctl(poll, EPOLL_CTL_ADD, c->fd, &event) != 0)
            return false;
    }
    return true;
}

// Requests on their way when the time is over are waited for: each one that may have been done is
// counted.
static void drive(struct load *load, int poll)
{
    struct epoll_event events[256];
    const int64_t give_up_us = load->until_us + 10000000;
    int64_t open = (int64_t)load->connection_count;
    while (open > 0 && now_us(load) < give_up_us) {
        const int count = epoll_wait(poll, events, 256, 100);
        for (int i = 0; i < count; i++) {
            struct connection *c = events[i].data.ptr;
            const bool good = on_readable(load, c);
            const bool over = good && c->expected > 0 && c->size >= c->expected;
            if (good && !over)
                continue;
            load->failed += good ? 0 : 1;
            (void)epoll_ctl(poll, EPOLL_CTL_DEL, c->fd, NULL);
            open--;
        }
    }
    load->failed += open;
}

static void print_report(const struct load *load, int64_t took_us)
{
    const int64_t p50 = percentile_us(load, 500), p99 = percentile_us(load, 990);
    printf("{\"done\":%lld,\"refused\":%lld,\"failed\":%lld,\"took_us\":%lld,\"per_s\":%lld,"
           "\"p50_us\":%lld,\"p99_us\":%lld}\n",
           (long long)load->done, (long long)load->refused, (long long)load->failed,
           (long long)took_us, (long long)(load->done * 1000000 / (took_us > 0 ? took_us : 1)),
           (long long)p50, (long long)p99);
    if (load->refusal[0] != '\0')
        fprintf(stderr, "bench: refused: %s\n", load->refusal);
}

static int run(struct load *load)
{
    const int poll = epoll_create1(EPOLL_CLOEXEC);
    load->connections = mem_alloc(load->connection_count * sizeof *load->connections);
    if (!open_all(load, poll)) {
        fprintf(stderr, "bench: cannot connect to port %u: %s\n", load->port, strerror(errno));
        return 1;
    }
    const int64_t from_us = now_us(load);
    load->until_us = from_us + load->seconds * 1000000;
    for (size_t i = 0; i < load->connection_count; i++)
        if (!send_next(load, &load->connections[i]))
            return 1;
    drive(load, poll);
    print_report(load, now_us(load) - from_us);
    return load->failed == 0 && load->refused == 0 && load->done > 0 ? 0 : 1;
}

// The file of bench_prepare: lines "session TOKEN" and "shop TOKEN".
static bool read_tokens(struct load *load, const char *path)
{
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return false;
    char kind[16], token[TEXT];
    size_t room = 0;
    load->shops = mem_alloc(4096 * sizeof *load->shops);
    while (fscanf(file, "%15s %127s", kind, token) == 2) {
        const bool shop = text_equal(kind, "shop");
        if (shop && load->shop_count < 4096)
            (void)text_copy(load->shops[load->shop_count++], TEXT, token);
        if (shop)
            continue;
        if (load->session_count == room) {
            room = room == 0 ? 1024 : room * 2;
            load->sessions = mem_resize(load->sessions, room * sizeof *load->sessions);
        }
        (void)text_copy(load->sessions[load->session_count++], TEXT, token);
    }
    fclose(file);
    return load->session_count > 0 && load->shop_count > 0;
}

static const char HELP[] =
    "Usage: tongbao-bench load --port N (--tokens FILE | --path PATH) [--seconds N]\n"
    "                          [--connections N] [--skip N]\n"
    "  --skip N   begin with wallet number N\n";

int bench_load(int argc, char **argv)
{
    static const struct option options[] = {{"port", required_argument, NULL, 'p'},
                                            {"tokens", required_argument, NULL, 't'},
                                            {"path", required_argument, NULL, 'u'},
                                            {"seconds", required_argument, NULL, 's'},
                                            {"connections", required_argument, NULL, 'c'},
                                            {"skip", required_argument, NULL, 'k'},
                                            {NULL, 0, NULL, 0}};
    static struct load load;
    const char *tokens = NULL;
    int64_t port = 0, connections = 64, skip = 0;
    load.seconds = 10;
    load.env = env_system();
    bool good = true;
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (option == 'p')
            good = good && text_to_int64(&port, optarg);
        else if (option == 't')
            tokens = optarg;
        else if (option == 'u')
            load.path = optarg;
        else if (option == 's')
            good = good && text_to_int64(&load.seconds, optarg);
        else if (option == 'c')
            good = good && text_to_int64(&connections, optarg);
        else if (option == 'k')
            good = good && text_to_int64(&skip, optarg);
        else
            good = false;
    }
    if (!good || port < 1 || port > 65535 || connections < 1 || connections > CONNECTIONS_MAX ||
        load.seconds < 1 || (tokens == NULL) == (load.path == NULL)) {
        fputs(HELP, stderr);
        return 2;
    }
    load.port = (uint16_t)port;
    load.connection_count = (size_t)connections;
    load.next = (size_t)skip;
    load.env->entropy(load.env->context, &load.random, sizeof load.random);
    load.random |= 1;
    if (tokens != NULL && !read_tokens(&load, tokens)) {
        fprintf(stderr, "bench: %s holds no sessions or no shops\n", tokens);
        return 1;
    }
    return run(&load);
}
