// The server: start, drain, stop, and the life of a request between the HTTP library and the
// handlers. Invariants: (1) a handler runs only for a request that passed the gate and is complete;
// (2) a parked connection is suspended before anybody can resume it; (3) each exchange is given
// back once.
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "net/net_priv.h"

// Room for a head of about 30 KiB; more is refused by the library with 431. It is wiped for every
// request, so more room costs time: 64 KiB took a tenth of the I/O thread.
enum { CONNECTION_MEMORY = 32 * 1024 };

// --- one request ---

static void *on_target(void *context, const char *target, struct MHD_Connection *connection)
{
    struct net_server *server = context;
    struct net_exchange *x = exchange_take(server);
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    x->connection = connection;
    x->link = info != NULL ? info->socket_context : NULL;
    x->target = arena_text(x->arena, target);
    x->refused = !gate_target(target);
    // The deadline of a head runs from its first byte; the request line does not start it anew.
    if (x->link != NULL && atomic_load(&x->link->phase) == PHASE_IDLE)
        link_phase(x->link, PHASE_HEAD);
    atomic_fetch_add(&server->open, 1);
    return x;
}

static enum MHD_Result refuse(struct net_exchange *x, enum code code, bool close)
{
    x->close_after = close;
    (void)net_reply_code(x, code, CHARGED_NOT_INVOLVED);
    return reply_send(x);
}

static bool has_body(const struct net_exchange *x)
{
    const char *length = net_header(x, "Content-Length");
    return net_header(x, "Transfer-Encoding") != NULL ||
           (length != NULL && strspn(length, "0") != strlen(length));
}

// The reply is known from the head. Queued before the body the library closes the connection after
// it, so a request without a body is answered one call later and keeps its connection.
static enum MHD_Result answer_early(struct net_exchange *x)
{
    if (x->close_after || has_body(x))
        return reply_send(x);
    atomic_store(&x->progress, READY);
    return MHD_YES;
}

static enum MHD_Result refuse_early(struct net_exchange *x, enum code code)
{
    (void)net_reply_code(x, code, CHARGED_NOT_INVOLVED);
    return answer_early(x);
}

static bool changes_state(const char *method)
{
    return !text_equal(method, "GET") && !text_equal(method, "HEAD") &&
           !text_equal(method, "OPTIONS");
}

static size_t body_limit(const struct net_exchange *x)
{
    const uint32_t own = x->route->route->body_max;
    return own > 0 ? own : x->server->limits.body_max;
}

static bool json_type(const char *type)
{
    static const char json[] = "application/json";
    if (type == NULL || strncasecmp(type, json, sizeof json - 1) != 0)
        return false;
    const char next = type[sizeof json - 1];
    return next == '\0' || next == ';' || next == ' ';
}

// What is refused by the head alone, once the route is known. Returns OK or the refusal.
static enum code check_route(struct net_exchange *x)
{
    const struct net_route *route = x->route->route;
    const char *length = net_header(x, "Content-Length");
    int64_t announced = 0;
    const bool body = net_header(x, "Transfer-Encoding") != NULL ||
                      (length != NULL && text_to_int64(&announced, length) && announced > 0);
    if ((size_t)announced > body_limit(x)) {
        net_series_add(x->server->refused_size, 1);
        return CODE_BODY_TOO_LARGE;
    }
    ENSURE((route->flags & NET_ANY_ORIGIN) != 0 || !changes_state(x->method) || net_same_origin(x),
           CODE_ORIGIN_REFUSED);
    ENSURE(!body || (route->flags & NET_ANY_BODY) != 0 || json_type(net_header(x, "Content-Type")),
           CODE_MEDIA_TYPE_UNSUPPORTED);
    return OK;
}

static enum MHD_Result on_head(struct net_exchange *x, const char *method, const char *version)
{
    x->head_done = true;
    x->method = arena_text(x->arena, method);
    if (x->link != NULL)
        link_phase(x->link, PHASE_BODY);
    enum code code = gate_head(x, x->method, version);
    if (code != OK) {
        net_series_add(x->server->refused_framing, 1);
        return refuse(x, code, true);
    }
    exchange_language(x);
    exchange_client(x);
    code = target_parse(x);
    if (code != OK)
        return refuse_early(x, code);
    const char *allow = NULL;
    switch (router_find(x->server->router, x, &allow)) {
    case MATCH_NONE:
        if (x->server->files != NULL && files_serve(x->server->files, x))
            return answer_early(x);
        return refuse_early(x, CODE_NOT_FOUND);
    case MATCH_METHOD:
        (void)net_reply_header(x, "Allow", allow);
        return refuse_early(x, CODE_METHOD_NOT_ALLOWED);
    case MATCH:
        break;
    }
    code = check_route(x);
    return code == OK ? MHD_YES : refuse_early(x, code);
}

static enum MHD_Result on_body(struct net_exchange *x, const char *data, size_t *size)
{
    const size_t limit = body_limit(x);
    if (x->body.size + *size > limit) {
        // The answer can only be given at the end of the body: swallow a little, then give up.
        x->oversize = true;
        if (x->body.size + *size > 4 * limit + 65536)
            return MHD_NO;
    }
    buffer_append(&x->body, data, *size);
    *size = 0;
    return MHD_YES;
}

static enum MHD_Result park(struct net_exchange *x)
{
    MHD_suspend_connection(x->connection);
    int expected = RUNNING;
    if (!atomic_compare_exchange_strong(&x->progress, &expected, PARKED))
        MHD_resume_connection(x->connection); // the reply was quicker than we
    return MHD_YES;
}

void net_resume(struct net_exchange *x)
{
    struct MHD_Connection *connection = x->connection;
    // After the exchange of READY the I/O thread may own the exchange again, unless it is
    // suspended.
    if (atomic_exchange(&x->progress, READY) == PARKED)
        MHD_resume_connection(connection);
}

static enum MHD_Result on_complete(struct net_exchange *x)
{
    if (x->link != NULL)
        link_phase(x->link, PHASE_RUN);
    if (x->oversize) {
        net_series_add(x->server->refused_size, 1);
        return refuse(x, CODE_BODY_TOO_LARGE, true);
    }
    if (!gate_trailers(x)) {
        net_series_add(x->server->refused_framing, 1);
        return refuse(x, CODE_REQUEST_INVALID, true);
    }
    const struct net_route *route = x->route->route;
    if ((route->flags & NET_INLINE) != 0) {
        const enum net_step step = route->handler(x);
        if (step != NET_WORKER)
            return step == NET_DONE ? reply_send(x) : park(x);
    }
    x->on_worker = true;
    MHD_suspend_connection(x->connection);
    atomic_store(&x->progress, PARKED);
    if (workers_push(x))
        return MHD_YES;
    struct problem busy;
    (void)problem_set(&busy, CODE_BUSY, CHARGED_NO);
    busy.retry_after_s = 1;
    (void)net_reply_problem(x, &busy);
    net_resume(x);
    return MHD_YES;
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *upload_data,
                                  size_t *upload_size, void **request)
{
    (void)context, (void)connection, (void)url;
    struct net_exchange *x = *request;
    if (x == NULL)
        return MHD_NO;
    if (!x->head_done)
        return on_head(x, method, version);
    if (*upload_size > 0)
        return on_body(x, upload_data, upload_size);
    switch ((enum progress)atomic_load(&x->progress)) {
    case READY:
        return reply_send(x);
    case PARKED:
        return MHD_YES;
    case RUNNING:
        break;
    }
    return on_complete(x);
}

static void on_completed(void *context, struct MHD_Connection *connection, void **request,
                         enum MHD_RequestTerminationCode why)
{
    (void)connection, (void)why;
    struct net_server *server = context;
    struct net_exchange *x = *request;
    if (x == NULL)
        return;
    *request = NULL;
    if (x->link != NULL)
        link_phase(x->link, PHASE_IDLE);
    if (!x->sent)
        stream_abandon(x);
    if (x->stream == NULL)
        atomic_fetch_sub(&server->open, 1);
    exchange_give(x);
}

// --- connections ---

static enum MHD_Result on_accept(void *context, const struct sockaddr *address, socklen_t size)
{
    (void)size;
    return links_allow(context, address) ? MHD_YES : MHD_NO;
}

static void on_connection(void *context, struct MHD_Connection *connection, void **socket_context,
                          enum MHD_ConnectionNotificationCode code)
{
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        *socket_context = links_add(context, connection);
        return;
    }
    if (*socket_context != NULL)
        links_remove(*socket_context);
    *socket_context = NULL;
}

static void *watch(void *context)
{
    struct net_server *server = context;
    const struct net_limits *limits = &server->limits;
    uint32_t step_ms =
        limits->head_ms < limits->heartbeat_ms ? limits->head_ms : limits->heartbeat_ms;
    step_ms = step_ms / 8 < 500 ? step_ms / 8 + 1 : 500;
    pthread_mutex_lock(&server->watch_lock);
    while (!server->watch_stop) {
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += (long)step_ms * 1000000;
        until.tv_sec += until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
        (void)pthread_cond_timedwait(&server->watch_wake, &server->watch_lock, &until);
        const int64_t now = mono_us();
        const size_t ended = links_watch(server, now);
        net_series_add(server->refused_deadline, (int64_t)ended);
        streams_heartbeat(server, now);
    }
    pthread_mutex_unlock(&server->watch_lock);
    return NULL;
}

// --- start and stop ---

static uint32_t or_default(uint32_t value, uint32_t fallback)
{
    return value > 0 ? value : fallback;
}

static struct net_limits resolve(const struct net_limits *given)
{
    return (struct net_limits){
        .body_max = or_default(given->body_max, 65536),
        .head_ms = or_default(given->head_ms, 10000),
        .body_ms = or_default(given->body_ms, 30000),
        .idle_ms = or_default(given->idle_ms, 60000),
        .connections = or_default(given->connections, 4096),
        .connections_per_address = or_default(given->connections_per_address, 128),
        .queue = or_default(given->queue, 512),
        .streams = or_default(given->streams, 2048),
        .streams_per_key = or_default(given->streams_per_key, 8),
        .stream_bytes = or_default(given->stream_bytes, 262144),
        .heartbeat_ms = or_default(given->heartbeat_ms, 15000),
    };
}

static bool listen_on(struct net_server *server)
{
    const char *text = server->options.listen != NULL ? server->options.listen : "127.0.0.1";
    struct sockaddr_storage address;
    memset(&address, 0, sizeof address);
    struct sockaddr_in *v4 = (struct sockaddr_in *)(void *)&address;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)(void *)&address;
    socklen_t size = sizeof *v4;
    if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(server->options.port);
    } else if (inet_pton(AF_INET6, text, &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(server->options.port);
        size = sizeof *v6;
    } else {
        return false;
    }
    server->listen_fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const int on = 1;
    if (server->listen_fd < 0 ||
        setsockopt(server->listen_fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        bind(server->listen_fd, (struct sockaddr *)&address, size) != 0 ||
        listen(server->listen_fd, 1024) != 0 ||
        getsockname(server->listen_fd, (struct sockaddr *)&address, &size) != 0)
        return false;
    server->port = ntohs(address.ss_family == AF_INET ? v4->sin_port : v6->sin6_port);
    return true;
}

static void register_metrics(struct net_server *server)
{
    struct net_metrics *metrics = server->metrics;
    struct net_metric *refused =
        net_metric(metrics, NET_COUNTER, NET_UNIT_ONE, "tongbao_http_requests_refused_total",
                   "Requests refused before a handler.", "reason", NULL, 0);
    server->refused_framing = net_series(refused, (const char *[]){"framing"});
    server->refused_size = net_series(refused, (const char *[]){"size"});
    server->refused_rate = net_series(refused, (const char *[]){"rate"});
    server->refused_deadline = net_series(refused, (const char *[]){"deadline"});
    struct net_metric *connections =
        net_metric(metrics, NET_GAUGE, NET_UNIT_ONE, "tongbao_http_connections",
                   "Open connections.", "state", NULL, 0);
    server->connections = net_series(connections, (const char *[]){"open"});
    struct net_metric *streams =
        net_metric(metrics, NET_GAUGE, NET_UNIT_ONE, "tongbao_events_streams",
                   "Open event streams.", "", NULL, 0);
    server->stream_gauge = net_series(streams, NULL);
}

static bool daemon_start(struct net_server *server)
{
    const unsigned int flags =
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC;
    const uint32_t threads = or_default(server->options.io_threads, 1);
    struct MHD_OptionItem pool[] = {
        {threads > 1 ? MHD_OPTION_THREAD_POOL_SIZE : MHD_OPTION_END, (intptr_t)threads, NULL},
        {MHD_OPTION_END, 0, NULL},
    };
    server->daemon = MHD_start_daemon(
        flags, 0, on_accept, server, on_request, server, MHD_OPTION_LISTEN_SOCKET,
        server->listen_fd, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_URI_LOG_CALLBACK, on_target,
        server, MHD_OPTION_NOTIFY_COMPLETED, on_completed, server, MHD_OPTION_NOTIFY_CONNECTION,
        on_connection, server, MHD_OPTION_CONNECTION_LIMIT, server->limits.connections,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,
        MHD_OPTION_CONNECTION_TIMEOUT, server->limits.idle_ms / 1000 + 15, MHD_OPTION_ARRAY, pool,
        MHD_OPTION_END);
    return server->daemon != NULL;
}

static void server_free(struct net_server *server)
{
    router_free(&server->router);
    files_free(&server->files);
    exchange_pool_free(server);
    mem_free(server->links.per_address);
    if (server->own_metrics)
        net_metrics_free(&server->metrics);
    mem_free(server);
}

static enum code prepare(struct net_server *server)
{
    const struct net_options *options = &server->options;
    pthread_mutex_init(&server->pool_lock, NULL);
    pthread_mutex_init(&server->links.lock, NULL);
    pthread_mutex_init(&server->streams.lock, NULL);
    pthread_mutex_init(&server->watch_lock, NULL);
    pthread_cond_init(&server->watch_wake, NULL);
    server->env = options->env != NULL ? options->env : env_system();
    server->env->entropy(server->env->context, server->links.key, sizeof server->links.key);
    server->links.per_address = mem_alloc(ADDRESS_SLOTS * sizeof *server->links.per_address);
    server->metrics = options->metrics;
    if (server->metrics == NULL) {
        server->metrics = net_metrics_new();
        server->own_metrics = true;
    }
    register_metrics(server);
    server->router = router_new(options->routes, options->route_count, server->metrics);
    ENSURE(server->router != NULL, CODE_INTERNAL);
    enum code code = OK;
    if (options->static_count > 0)
        server->files = files_load(options->statics, options->static_count, &code);
    GUARD(code);
    ENSURE(listen_on(server), CODE_INTERNAL);
    return OK;
}

enum code net_server_start(struct net_server **out, const struct net_options *options)
{
    struct net_server *server = mem_alloc(sizeof *server);
    server->options = *options;
    server->limits = resolve(&options->limits);
    server->listen_fd = -1;
    const enum code code = prepare(server);
    // Before the first request may come.
    if (code == OK)
        workers_start(server);
    if (code != OK || !daemon_start(server)) {
        log_event(LOG_ERROR, "http.start.failed", LOG_INT("errno", errno),
                  LOG_INT("port", options->port));
        if (code == OK)
            workers_stop(server);
        if (server->listen_fd >= 0)
            close(server->listen_fd);
        server_free(server);
        return CODE_INTERNAL;
    }
    if (pthread_create(&server->watch, NULL, watch, server) != 0)
        server->watch_stop = true;
    *out = server;
    return OK;
}

uint16_t net_server_port(const struct net_server *server)
{
    return server->port;
}

struct net_metrics *net_server_metrics(struct net_server *server)
{
    return server->metrics;
}

static void nap_ms(long ms)
{
    const struct timespec pause = {0, ms * 1000000};
    (void)nanosleep(&pause, NULL);
}

bool net_server_drain(struct net_server *server, uint32_t timeout_ms)
{
    // Refuses from here on. The I/O threads may be looking at the socket still: it is closed when
    // they are gone, or its number could name another file meanwhile.
    if (!atomic_exchange(&server->draining, true) && server->listen_fd >= 0) {
        (void)MHD_quiesce_daemon(server->daemon);
        (void)shutdown(server->listen_fd, SHUT_RDWR);
    }
    streams_end_all(server);
    const int64_t until = mono_us() + (int64_t)timeout_ms * 1000;
    while (atomic_load(&server->open) > 0 || net_stream_count(server) > 0) {
        if (mono_us() >= until)
            return false;
        nap_ms(5);
    }
    return true;
}

// Is anything suspended still? Requests that are only half received do not count.
static bool anything_parked(struct net_server *server)
{
    bool parked = false;
    pthread_mutex_lock(&server->links.lock);
    for (struct link *link = server->links.first; link != NULL; link = link->next)
        parked = parked || atomic_load(&link->phase) == PHASE_RUN;
    pthread_mutex_unlock(&server->links.lock);
    return parked;
}

void net_server_stop(struct net_server **server_in)
{
    struct net_server *server = *server_in;
    if (server == NULL)
        return;
    *server_in = NULL;
    (void)net_server_drain(server, 100);
    const int64_t until = mono_us() + 5000000;
    while (anything_parked(server) && mono_us() < until)
        nap_ms(5);
    if (anything_parked(server)) {
        log_event(LOG_ERROR, "http.stop.parked", LOG_INT("open", atomic_load(&server->open)));
        return;
    }
    workers_stop(server);
    if (!server->watch_stop) {
        pthread_mutex_lock(&server->watch_lock);
        server->watch_stop = true;
        pthread_cond_signal(&server->watch_wake);
        pthread_mutex_unlock(&server->watch_lock);
        pthread_join(server->watch, NULL);
    }
    MHD_stop_daemon(server->daemon);
    close(server->listen_fd);
    server_free(server);
}
