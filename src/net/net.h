// net: the HTTP edge — server, router, strict JSON, problem answers, event streams, static files,
// metrics. Nothing of the HTTP library shows here. A handler sees a complete, checked request and
// leaves one reply.
#ifndef NET_NET_H
#define NET_NET_H

#include "base/base.h"

// --- routes ---------------------------------------------------------------------------------

struct net_exchange; // one request and its reply
struct net_server;
struct net_metrics;

// NET_DONE: a reply was set (none set = 500). NET_PARK: the connection waits; somebody sets the
// reply later and calls net_resume() exactly once, from any thread. NET_WORKER: an inline handler
// found that it must block; it is called again on a worker thread (net_on_worker() is true then).
enum net_step { NET_DONE, NET_PARK, NET_WORKER };
typedef enum net_step (*net_handler)(struct net_exchange *x);

enum net_flag {
    NET_INLINE = 1,     // runs on the I/O thread and must not block; else on the worker pool
    NET_ANY_ORIGIN = 2, // no browser same-origin check (merchant API, called by programs)
    NET_ANY_BODY = 4,   // the body need not be application/json
    NET_CACHEABLE = 8,  // the handler sets its own Cache-Control
    NET_NO_LOG = 16,    // no access log line (health probes, metrics)
};

// Path templates: "/api/v1/bills/{id}"; a last segment "{tail*}" takes the rest of the path.
// GET routes answer HEAD too. A known path with another method answers 405 with Allow.
struct net_route {
    const char *method;
    const char *path;
    const char *operation_id;
    net_handler handler;
    uint32_t flags;
    uint32_t body_max;  // bytes; 0 = the server's limit
    const void *detail; // for the layer above, for example what sign-in the route asks for
};

// --- server ---------------------------------------------------------------------------------

// Content security policies of design: the apps, and the documentation pages.
extern const char net_csp_app[];
extern const char net_csp_docs[];

// A folder of files, read into memory once at the start. `prefix` ends with '/'. A path below the
// prefix that is no file answers `fallback` (a file name in the folder) when it is set, else 404.
// `name.br` and `name.gz` are the precompressed forms of `name`, chosen by Accept-Encoding.
struct net_static {
    const char *prefix;
    const char *folder; // NULL = none: all below the prefix is 404
    const char *fallback;
    const char *csp; // NULL = net_csp_app
};

struct net_limits {       // 0 = the default in brackets
    uint32_t body_max;    // bytes [65536]
    uint32_t head_ms;     // from connect (or first byte) to the end of the head [10000]
    uint32_t body_ms;     // from the head to the last byte of the body [30000]
    uint32_t idle_ms;     // between requests, and for a reader that takes nothing [60000]
    uint32_t connections; // in all [4096]
    uint32_t connections_per_address; // not for trusted proxies [128]
    uint32_t queue;                   // requests waiting for a worker, then 503 busy [512]
    uint32_t streams;                 // open event streams in all [2048]
    uint32_t streams_per_key;         // [8]
    uint32_t stream_bytes;            // waiting for one reader, then it is dropped [262144]
    uint32_t heartbeat_ms;            // comment line on quiet event streams [15000]
};

struct net_options {
    const char *listen; // IPv4 or IPv6 address; NULL = "127.0.0.1"
    uint16_t port;      // 0 = any free one
    const struct net_route *routes;
    size_t route_count;
    void *context; // net_context()
    const struct net_static *statics;
    size_t static_count;
    struct net_limits limits;
    uint32_t io_threads; // 0 = 1
    uint32_t workers;    // 0 = 4
    const struct env *env;
    const char *const *trusted_proxies; // "127.0.0.1/32" …; only these may set X-Forwarded-For
    size_t trusted_proxy_count;
    const char *public_url;      // "https://wallet.example.org", no slash at the end; NULL = none
    struct net_metrics *metrics; // NULL = the server keeps its own
};

// Out: the running server. Returns OK, or CODE_INTERNAL (bad route table, address, port taken;
// logged). What the options point to must outlive the server.
enum code net_server_start(struct net_server **out, const struct net_options *options);
uint16_t net_server_port(const struct net_server *server);
struct net_metrics *net_server_metrics(struct net_server *server);
// Stops accepting, ends event streams, waits for running requests. Returns false when some still
// run.
bool net_server_drain(struct net_server *server, uint32_t timeout_ms);
// Drains (100 ms), stops, frees. Every parked exchange must have been resumed: stop what resumes
// them first, then this. A request that stays parked makes the server leak instead of crash.
void net_server_stop(struct net_server **server);

// --- the request ----------------------------------------------------------------------------
// All texts live as long as the exchange and are valid UTF-8 without control characters unless
// said.

const char *net_method(const struct net_exchange *x);
const char *net_path(const struct net_exchange *x);   // decoded once, without the query
const char *net_target(const struct net_exchange *x); // as sent
const struct net_route *net_route_of(const struct net_exchange *x);
// NULL when there is none. Names of headers in any case; a repeated header gives the first.
const char *net_param(const struct net_exchange *x, const char *name);
const char *net_query(const struct net_exchange *x, const char *name);
const char *net_header(const struct net_exchange *x, const char *name);
const char *net_cookie(const struct net_exchange *x, const char *name);
// Query parameters in order, for handlers that refuse unknown ones. Returns the count.
size_t net_query_count(const struct net_exchange *x);
const char *net_query_name(const struct net_exchange *x, size_t index);
const char *net_body(const struct net_exchange *x,
                     size_t *out_size);                   // raw bytes, NUL after the end
const char *net_client(const struct net_exchange *x);     // the client's IP address as text
const char *net_request_id(const struct net_exchange *x); // "req_…"
bool net_english(const struct net_exchange *x);
bool net_on_worker(const struct net_exchange *x);
struct arena *net_arena(struct net_exchange *x); // wiped and reused after the reply is sent
void *net_context(const struct net_exchange *x);
const struct env *net_env(const struct net_exchange *x);
struct net_server *net_server_of(const struct net_exchange *x);
int64_t net_started_us(const struct net_exchange *x); // wall clock when the head was complete

// Slots of the layers above, all NULL at first.
enum { NET_SLOTS = 4 };
void net_set_user(struct net_exchange *x, size_t slot, void *value);
void *net_user(const struct net_exchange *x, size_t slot);

// False when a browser says that the request comes from another site (Origin, Sec-Fetch-Site).
// Programs without those headers pass. POST, PUT, PATCH and DELETE are checked before the handler
// already, unless NET_ANY_ORIGIN.
bool net_same_origin(const struct net_exchange *x);

// --- the reply ------------------------------------------------------------------------------
// Each reply function returns NET_DONE so that a handler can end with it. A later reply replaces
// an earlier one; headers stay, each name but Set-Cookie once, with its last value.

enum net_step net_reply(struct net_exchange *x, int status, const char *content_type,
                        const void *bytes, size_t size); // bytes are copied
// Copied. A name that was set before is replaced, but for Set-Cookie.
enum net_step net_reply_header(struct net_exchange *x, const char *name, const char *value);
enum net_step net_reply_empty(struct net_exchange *x, int status);
// application/problem+json (RFC 9457) in the client's language, with Retry-After where it applies.
enum net_step net_reply_problem(struct net_exchange *x, const struct problem *problem);
enum net_step net_reply_code(struct net_exchange *x, enum code code, enum charged charged);
// What was replied so far, to be stored. Status 0 = nothing yet.
int net_reply_status(const struct net_exchange *x);
const char *net_reply_body(const struct net_exchange *x, size_t *out_size);
// The parked exchange has its reply now.
void net_resume(struct net_exchange *x);

// The problem document alone, appended to `out`.
struct net_problem_frame {
    const char *public_url; // may be NULL
    const char *instance;   // request path
    const char *request_id;
    bool english;
    int64_t now_us;
};
void net_problem_render(struct buffer *out, const struct problem *problem,
                        const struct net_problem_frame *frame);
// The sentence alone, placeholders filled.
void net_problem_text(struct buffer *out, const struct problem *problem,
                      const struct net_problem_frame *frame);

// --- JSON in --------------------------------------------------------------------------------

enum net_json_kind {
    NET_JSON_TEXT, // -> const char *; min and max in bytes (max 0 = 1024); no control characters
    NET_JSON_LINE, // as TEXT, in one line and as others will read it: no line breaks, nothing that
                   // turns the direction of writing or is not seen (text_is_line)
    NET_JSON_CHOICE, // -> const char *; one of `choices`, "a|b|c"
    NET_JSON_ID,     // -> struct id; `choices` = prefix
    NET_JSON_BOOL,   // -> bool
    NET_JSON_INT,    // -> int64_t; min and max are values, both 0 = any
    NET_JSON_MONEY,  // -> struct net_json_money from {"value":"12.30","currency":"CNY"}
    NET_JSON_OBJECT, // -> nested struct at the offset, by `fields`
    NET_JSON_VALUE,  // -> const struct net_json *, read it with the functions below
};

struct net_json_money {
    const char *value; // checked: ^(0|[1-9][0-9]{0,12})(\.[0-9]{1,2})?$; NULL = absent
    char currency[4];  // three capital letters
};

struct net_json_field {
    const char *name;
    enum net_json_kind kind;
    bool required;
    size_t offset; // offsetof(struct …, member); what is absent leaves the member as it was
    int64_t min;
    int64_t max;
    const char *choices;
    const struct net_json_field *fields; // of NET_JSON_OBJECT
    size_t field_count;
};

// Reads the whole body as one object into `out`. Texts live in the exchange.
// Returns OK; CODE_REQUEST_INVALID with field errors (unknown, missing, type, short, long, range,
// format) and JSON pointers; CODE_MEDIA_TYPE_UNSUPPORTED.
enum code net_read_json(struct net_exchange *x, void *out, const struct net_json_field *fields,
                        size_t field_count, struct problem *problem);

// Strict: duplicates, reals, byte-order mark, depth > 16, > 64 keys, trailing bytes, bad UTF-8
// refused.
struct net_json;
// Out: freed with net_json_free. Returns OK or CODE_REQUEST_INVALID.
enum code net_json_parse(struct net_json **out, const char *text, size_t size);
void net_json_free(struct net_json **json);
// As net_read_json, from a parsed object; texts are copied into `arena`. `pointer` is the prefix of
// the JSON pointers ("" at the top).
enum code net_json_fill(void *out, const struct net_json *object,
                        const struct net_json_field *fields, size_t field_count,
                        struct arena *arena, const char *pointer, struct problem *problem);
const struct net_json *net_json_member(const struct net_json *object, const char *name); // or NULL
size_t net_json_size(const struct net_json *array);                                      // 0: none
const struct net_json *net_json_item(const struct net_json *array, size_t index);        // or NULL
const char *net_json_as_text(const struct net_json *value);                              // or NULL
bool net_json_as_int(int64_t *out, const struct net_json *value);
bool net_json_as_bool(bool *out, const struct net_json *value);
// "12.30" -> 1230 with exponent 2. False: not that grammar, too many decimals, or > int64.
bool net_money_minor(int64_t *out, const char *value, int exponent);

// --- JSON out -------------------------------------------------------------------------------

struct net_json_writer {
    struct buffer *out;
    bool comma; // the next item needs one
};
// `key` is NULL inside arrays and at the top. A NULL text writes null.
void net_json_begin_object(struct net_json_writer *w, const char *key);
void net_json_end_object(struct net_json_writer *w);
void net_json_begin_array(struct net_json_writer *w, const char *key);
void net_json_end_array(struct net_json_writer *w);
void net_json_string(struct net_json_writer *w, const char *key, const char *text);
void net_json_string_n(struct net_json_writer *w, const char *key, const char *text, size_t size);
void net_json_int(struct net_json_writer *w, const char *key, int64_t value);
void net_json_bool(struct net_json_writer *w, const char *key, bool value);
void net_json_null(struct net_json_writer *w, const char *key);
// {"value":"12.30","currency":"CNY"} from 1230, exponent 2.
void net_json_money(struct net_json_writer *w, const char *key, int64_t minor, int exponent,
                    const char *currency);
void net_json_time(struct net_json_writer *w, const char *key, int64_t at_us); // 0 writes null
void net_json_id(struct net_json_writer *w, const char *key, const char *prefix,
                 const struct id *id); // zero id writes null
void net_json_raw(struct net_json_writer *w, const char *key, const char *json, size_t size);

// A writer onto the exchange's own reply buffer (emptied), and the reply from it: no copy.
struct net_json_writer *net_reply_writer(struct net_exchange *x);
enum net_step net_reply_json(struct net_exchange *x, int status);

// --- event streams (text/event-stream) --------------------------------------------------------

// The exchange becomes a stream of subscriber `key`; events up to `last_event_id` are not sent
// (again). Returns NET_DONE; over the caps the reply is 429 rate-limited.
enum net_step net_stream_open(struct net_exchange *x, int64_t key, int64_t last_event_id);
// The new stream ends after this time, quiet or not: its reader comes back and is asked again who
// it is. After net_stream_open in the same handler.
void net_stream_limit(struct net_exchange *x, int64_t lifetime_us);
// Last-Event-ID of the request, 0 when absent or not a number.
int64_t net_stream_last_event(const struct net_exchange *x);
// An event to this new stream only (what was missed), after net_stream_open in the same handler.
void net_stream_backlog(struct net_exchange *x, int64_t event_id, const char *type,
                        const char *json);
// To every stream of `key`, from any thread. event_id 0 = no id, always sent; else ids must grow:
// an id not above the stream's last one is skipped. Returns the number of streams reached.
size_t net_stream_send(struct net_server *server, int64_t key, int64_t event_id, const char *type,
                       const char *json);
// Ends the streams of `key` (signed out).
void net_stream_close(struct net_server *server, int64_t key);
size_t net_stream_count(const struct net_server *server);
bool net_stream_listening(struct net_server *server, int64_t key);

// --- helpers ----------------------------------------------------------------------------------

// Forwards method, the "{tail*}" of the route with the query, and the JSON body to
// `upstream_base_url` (loopback) and replies with its answer; 5 s, 1 MiB. Worker routes only.
// Upstream trouble = 502-like storage-unavailable problem.
enum net_step net_proxy(struct net_exchange *x, const char *upstream_base_url);

// Appends an SVG picture of a QR code with its quiet zone of 4 modules. False: text too long.
bool net_qr_svg(struct buffer *out, const char *text);

// --- rate limits --------------------------------------------------------------------------------

struct net_rate; // fixed memory; thread-safe
struct net_rate *net_rate_new(const struct env *env, size_t slots);
void net_rate_free(struct net_rate **table);
// Keyed hash of a scope and a value, for example ("login.address", "192.0.2.1").
uint64_t net_rate_key(const struct net_rate *table, const char *scope, const char *value);
// `quota` per `window_s` seconds, refilled evenly, burst = quota. Returns 0 and takes one, or the
// seconds to wait (≥ 1). Out (may be NULL): what is left.
int64_t net_rate_take(struct net_rate *table, uint64_t key, int64_t quota, int64_t window_s,
                      int64_t now_us, int64_t *out_left);
// What net_rate_take would answer, without taking: for quotas that only failures use up.
int64_t net_rate_wait(struct net_rate *table, uint64_t key, int64_t quota, int64_t window_s,
                      int64_t now_us);

// --- metrics (Prometheus text 0.0.4)
// --------------------------------------------------------------

enum net_metric_kind { NET_COUNTER, NET_GAUGE, NET_HISTOGRAM };
// Values are integers in the stated unit; seconds are counted in microseconds and written as
// seconds.
enum net_metric_unit { NET_UNIT_ONE, NET_UNIT_MICROSECONDS };
struct net_metric;
struct net_series;

struct net_metrics *net_metrics_new(void);
void net_metrics_free(struct net_metrics **metrics);
// Registers (or finds by name). `labels`: "route,method,code" or "". `buckets`: upper bounds of a
// histogram, ascending, `bucket_count` ≤ 16. All texts are constants.
struct net_metric *net_metric(struct net_metrics *metrics, enum net_metric_kind kind,
                              enum net_metric_unit unit, const char *name, const char *help,
                              const char *labels, const int64_t *buckets, size_t bucket_count);
// The series with these label values, in the order of the label names; made at first use. At most
// 2000 in all; beyond that one shared series "other". Keep the pointer where it is hot.
struct net_series *net_series(struct net_metric *metric, const char *const *values);
void net_series_add(struct net_series *series, int64_t delta); // counter, gauge
void net_series_set(struct net_series *series, int64_t value); // gauge
void net_series_observe(struct net_series *series, int64_t value);
// Takes over what somebody else counts: a counter's or gauge's value with net_series_set, a
// histogram with this. `counts`: observations per bucket, not summed up, one per bound.
void net_series_set_histogram(struct net_series *series, const int64_t *counts, int64_t sum,
                              int64_t observations);
int64_t net_series_value(const struct net_series *series); // histogram: count of observations
// Everything registered, and process_* from /proc/self.
void net_metrics_render(struct net_metrics *metrics, struct buffer *out);
// A handler for GET /metrics: renders net_server_metrics of its server, or context when it is given
// as `struct net_metrics *` in the route's detail.
enum net_step net_metrics_handler(struct net_exchange *x);

#endif
