// Inside of the edge: what its files share. Only here and in server.c, reply.c, gate.c and stream.c
// do types of the HTTP library appear.
#ifndef NET_NET_PRIV_H
#define NET_NET_PRIV_H

#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>

#include <microhttpd.h>

#include "net/net.h"

enum {
    HEADERS_MAX = 32,
    HEADER_LINE_MAX = 8192,
    PARAMS_MAX = 8,
    QUERIES_MAX = 24,
    COOKIES_MAX = 16,
    REPLY_HEADERS_MAX = 16,
    STATUS_SERIES_MAX = 16,
};

struct pair {
    const char *name;
    const char *value;
};

struct header {
    const char *name, *value;
    size_t name_size, value_size;
};

// What the connection is doing, for its deadline.
enum phase { PHASE_HEAD, PHASE_BODY, PHASE_RUN, PHASE_SEND, PHASE_IDLE };

// One TCP connection. Its phase is written by its I/O thread and read by the watch thread.
struct link {
    struct link *next, *previous;
    struct net_server *server;
    int fd;
    bool trusted; // a proxy that may name its client
    uint32_t address_slot;
    char address[INET6_ADDRSTRLEN];
    _Atomic int phase;
    _Atomic int64_t since_us; // monotonic
    uint64_t seen_bytes;      // of the watch thread: received when the idle phase was first seen
    int64_t idle_since_us;    // which idle phase seen_bytes belongs to
    int64_t head_since_us;    // first byte of the next head seen; 0 = none
    bool ended;
};

// A route with its counters.
struct route_state {
    const struct net_route *route;
    struct net_series *duration;
    struct {
        _Atomic int status;
        struct net_series *_Atomic series;
    } by_status[STATUS_SERIES_MAX];
};

// Progress of an exchange: RUNNING -> READY, or RUNNING -> PARKED -> READY.
enum progress { RUNNING, PARKED, READY };

struct stream;

struct net_exchange {
    struct net_server *server;
    struct net_exchange *next; // pool, or queue of the workers
    struct MHD_Connection *connection;
    struct link *link;
    struct arena *arena;
    struct route_state *route;
    _Atomic int progress;
    bool head_done, refused, oversize, close_after, sent, english, on_worker;
    const char *refused_reason;

    const char *method, *target, *path, *query_text;
    struct header headers[HEADERS_MAX];
    size_t header_count;
    struct pair params[PARAMS_MAX];
    size_t param_count;
    struct pair queries[QUERIES_MAX];
    size_t query_count;
    struct buffer body;
    char client[INET6_ADDRSTRLEN];
    char request_id[40];
    int64_t started_us, started_mono_us;
    void *users[NET_SLOTS];

    int status;
    const char *content_type;
    struct buffer reply;
    struct net_json_writer writer;
    const void *reply_view; // instead of `reply`: bytes that outlive the exchange (static files)
    size_t reply_view_size;
    struct pair reply_headers[REPLY_HEADERS_MAX];
    size_t reply_header_count;
    struct net_json *json; // parsed body; values handed out live as long as the exchange
    const struct served_file *file;
    struct stream *stream;
};

// --- router ---
struct router;
struct router *router_new(const struct net_route *routes, size_t count,
                          struct net_metrics *metrics);
void router_free(struct router **router);
enum match { MATCH, MATCH_NONE, MATCH_METHOD };
// Finds the route of x->method and the decoded segments; fills params. Out: Allow list in the
// arena.
enum match router_find(const struct router *router, struct net_exchange *x, const char **out_allow);
struct route_state *router_unmatched(struct router *router);
// Splits and decodes x->target into path and queries. Returns OK, CODE_REQUEST_INVALID or
// CODE_NOT_FOUND.
enum code target_parse(struct net_exchange *x);
// Percent-decodes once into the arena; NULL: bad escape, control character or not UTF-8.
const char *percent_decode(struct arena *arena, const char *text, size_t size, bool plus);

// --- gate ---
// The raw target as the library saw it. Returns false: refuse.
bool gate_target(const char *target);
// The complete head. Returns OK or the refusal; x->refused_reason names the class.
enum code gate_head(struct net_exchange *x, const char *method, const char *version);
// Any trailer field is refused. Returns false: refuse.
bool gate_trailers(struct net_exchange *x);

// --- exchange ---
struct net_exchange *exchange_take(struct net_server *server);
void exchange_give(struct net_exchange *x);
void exchange_pool_free(struct net_server *server);
void exchange_language(struct net_exchange *x);
void exchange_client(struct net_exchange *x);
int64_t mono_us(void);

// --- reply ---
enum MHD_Result reply_send(struct net_exchange *x);
void reply_view(struct net_exchange *x, int status, const char *type, const void *bytes,
                size_t size);

// --- links: connections, deadlines, caps per address ---
struct links {
    pthread_mutex_t lock;
    struct link *first;
    uint32_t count;
    uint16_t *per_address; // counters by keyed hash
    uint64_t key[2];
};
enum { ADDRESS_SLOTS = 16384 };
void link_phase(struct link *link, enum phase phase);
bool links_allow(struct net_server *server, const struct sockaddr *address);
struct link *links_add(struct net_server *server, struct MHD_Connection *connection);
void links_remove(struct link *link);
// Ends connections that are past their deadline. Returns how many.
size_t links_watch(struct net_server *server, int64_t now_us);
bool address_trusted(const struct net_server *server, const struct sockaddr *address);

// --- workers ---
struct workers {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct net_exchange *first, *last;
    uint32_t queued, thread_count;
    bool stopping;
    pthread_t *threads;
};
void workers_start(struct net_server *server);
void workers_stop(struct net_server *server);
bool workers_push(struct net_exchange *x); // false: queue full

// --- streams ---
enum { STREAM_BUCKETS = 1024 };
struct streams {
    pthread_mutex_t lock;
    struct stream *buckets[STREAM_BUCKETS];
    _Atomic uint32_t count;
    bool closed;
};
struct MHD_Response *stream_response(struct net_exchange *x);
// The exchange ends, or replies something else, before its stream began.
void stream_abandon(struct net_exchange *x);
void streams_heartbeat(struct net_server *server, int64_t now_us);
void streams_end_all(struct net_server *server);

// --- static files ---
struct files;
struct served_file {
    const char *path; // URL path
    const char *type, *csp;
    bool immutable, document;
    char etag[20];
    struct variant {
        char *bytes;
        size_t size;
    } plain, brotli, gzip;
};
struct files *files_load(const struct net_static *statics, size_t count, enum code *out_code);
void files_free(struct files **files);
// Replies when x->path is a file (or falls back). Returns false otherwise.
bool files_serve(const struct files *files, struct net_exchange *x);

// --- hash (SipHash-2-4) ---
uint64_t net_siphash(const uint64_t key[2], const void *data, size_t size);

struct net_server {
    struct net_options options;
    struct net_limits limits;
    const struct env *env;
    struct MHD_Daemon *daemon;
    int listen_fd;
    uint16_t port;
    struct router *router;
    struct files *files;
    struct net_metrics *metrics;
    bool own_metrics;
    struct net_series *refused_framing, *refused_size, *refused_rate, *refused_deadline;
    struct net_series *connections, *stream_gauge;
    pthread_mutex_t pool_lock;
    struct net_exchange *pool;
    uint32_t pool_count;
    _Atomic uint64_t numbered; // requests so far
    _Atomic int64_t open;      // requests between head and completion, without event streams
    atomic_bool draining;
    struct links links;
    struct workers workers;
    struct streams streams;
    pthread_t watch;
    pthread_mutex_t watch_lock;
    pthread_cond_t watch_wake;
    bool watch_stop;
};

#endif
