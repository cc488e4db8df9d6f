// The reply: what a handler sets, and how it becomes bytes on the wire.
#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "net/net_priv.h"

const char net_csp_app[] =
    "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; "
    "img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; media-src 'self' blob:; "
    "object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'; "
    "require-trusted-types-for 'script'; trusted-types vue tongbao-sw";
const char net_csp_docs[] =
    "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self'; connect-src 'self'; worker-src blob:; "
    "object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'none'";
static const char api_csp[] = "default-src 'none'; frame-ancestors 'none'";
static const char permissions[] =
    "camera=(self), publickey-credentials-get=(self), publickey-credentials-create=(self), "
    "geolocation=(), microphone=(), payment=()";

enum net_step net_reply(struct net_exchange *x, int status, const char *content_type,
                        const void *bytes, size_t size)
{
    x->reply.size = 0;
    x->reply_view = NULL;
    buffer_append(&x->reply, bytes, size);
    x->content_type = content_type != NULL ? arena_text(x->arena, content_type) : NULL;
    x->status = status;
    return NET_DONE;
}

enum net_step net_reply_empty(struct net_exchange *x, int status)
{
    return net_reply(x, status, NULL, "", 0);
}

enum net_step net_reply_header(struct net_exchange *x, const char *name, const char *value)
{
    const bool many = strcasecmp(name, "Set-Cookie") == 0;
    for (size_t i = 0; !many && i < x->reply_header_count; i++) {
        if (strcasecmp(x->reply_headers[i].name, name) != 0)
            continue;
        x->reply_headers[i].value = arena_text(x->arena, value);
        return NET_DONE;
    }
    assert(x->reply_header_count < REPLY_HEADERS_MAX);
    x->reply_headers[x->reply_header_count++] =
        (struct pair){arena_text(x->arena, name), arena_text(x->arena, value)};
    return NET_DONE;
}

void reply_view(struct net_exchange *x, int status, const char *type, const void *bytes,
                size_t size)
{
    x->status = status;
    x->content_type = type;
    x->reply_view = bytes;
    x->reply_view_size = size;
}

struct net_json_writer *net_reply_writer(struct net_exchange *x)
{
    x->reply.size = 0;
    x->reply_view = NULL;
    x->writer = (struct net_json_writer){&x->reply, false};
    return &x->writer;
}

enum net_step net_reply_json(struct net_exchange *x, int status)
{
    x->content_type = "application/json";
    x->status = status;
    return NET_DONE;
}

int net_reply_status(const struct net_exchange *x)
{
    return x->status;
}

const char *net_reply_body(const struct net_exchange *x, size_t *out_size)
{
    *out_size = x->reply.size;
    return x->reply.data != NULL ? x->reply.data : "";
}

enum net_step net_reply_problem(struct net_exchange *x, const struct problem *problem)
{
    const struct net_problem_frame frame = {
        .public_url = x->server->options.public_url,
        .instance = net_path(x),
        .request_id = x->request_id,
        .english = x->english,
        .now_us = x->started_us,
    };
    x->reply.size = 0;
    x->reply_view = NULL;
    net_problem_render(&x->reply, problem, &frame);
    x->content_type = "application/problem+json";
    const int status = error_http_status(problem->code);
    x->status = status != 0 ? status : 500;
    net_reply_header(x, "Content-Language", x->english ? "en" : "zh-CN");
    if (problem->retry_after_s > 0)
        net_reply_header(x, "Retry-After",
                         arena_format(x->arena, "%lld", (long long)problem->retry_after_s));
    return NET_DONE;
}

enum net_step net_reply_code(struct net_exchange *x, enum code code, enum charged charged)
{
    struct problem problem;
    (void)problem_set(&problem, code, charged);
    return net_reply_problem(x, &problem);
}

// --- sending ---

static void header(struct MHD_Response *response, const char *name, const char *value)
{
    // The library refuses only line breaks and empty values; a missing header is not worth a crash.
    (void)MHD_add_response_header(response, name, value);
}

static void page_headers(struct MHD_Response *response, const struct served_file *file)
{
    header(response, "Cache-Control",
           file->immutable ? "public, max-age=31536000, immutable" : "no-cache");
    header(response, "ETag", file->etag);
    header(response, "Vary", "Accept-Encoding");
    if (!file->document)
        return;
    header(response, "Content-Security-Policy", file->csp);
    header(response, "Permissions-Policy", permissions);
}

static bool has_reply_header(const struct net_exchange *x, const char *name)
{
    for (size_t i = 0; i < x->reply_header_count; i++)
        if (strcasecmp(x->reply_headers[i].name, name) == 0)
            return true;
    return false;
}

static void add_headers(struct net_exchange *x, struct MHD_Response *response)
{
    header(response, "Request-Id", x->request_id);
    if (x->content_type != NULL)
        header(response, "Content-Type", x->content_type);
    if (x->file != NULL) {
        page_headers(response, x->file);
    } else {
        const uint32_t flags = x->route != NULL ? x->route->route->flags : 0;
        if ((flags & NET_CACHEABLE) == 0 || !has_reply_header(x, "Cache-Control"))
            header(response, "Cache-Control", "no-store");
        header(response, "Content-Security-Policy", api_csp);
    }
    header(response, "X-Content-Type-Options", "nosniff");
    header(response, "Referrer-Policy", "no-referrer");
    header(response, "Cross-Origin-Opener-Policy", "same-origin");
    header(response, "Cross-Origin-Resource-Policy", "same-origin");
    for (size_t i = 0; i < x->reply_header_count; i++)
        header(response, x->reply_headers[i].name, x->reply_headers[i].value);
    if (x->close_after || atomic_load_explicit(&x->server->draining, memory_order_relaxed))
        header(response, "Connection", "close");
}

static struct net_series *status_series(struct net_exchange *x, struct route_state *state)
{
    for (size_t i = 0; i < STATUS_SERIES_MAX; i++) {
        const int status = atomic_load(&state->by_status[i].status);
        struct net_series *series = atomic_load(&state->by_status[i].series);
        if (status == x->status && series != NULL)
            return series;
        if (status != 0)
            continue;
        char code[12];
        (void)snprintf(code, sizeof code, "%d", x->status);
        struct net_metric *metric =
            net_metric(x->server->metrics, NET_COUNTER, NET_UNIT_ONE, "tongbao_http_requests_total",
                       "Requests answered.", "route,method,code", NULL, 0);
        series =
            net_series(metric, (const char *[]){state->route->path, state->route->method, code});
        int expected = 0;
        // Another I/O thread may have taken the place meanwhile: then this one is found next time.
        if (atomic_compare_exchange_strong(&state->by_status[i].status, &expected, x->status))
            atomic_store(&state->by_status[i].series, series);
        return series;
    }
    return NULL;
}

static void account(struct net_exchange *x, int64_t took_us)
{
    struct route_state *state = x->route != NULL ? x->route : router_unmatched(x->server->router);
    struct net_series *series = status_series(x, state);
    if (series != NULL)
        net_series_add(series, 1);
    net_series_observe(state->duration, took_us);
    if (x->status == 429)
        net_series_add(x->server->refused_rate, 1);
    if ((state->route->flags & NET_NO_LOG) != 0)
        return;
    log_event(LOG_INFO, "http.request", LOG_TEXT("request_id", x->request_id),
              LOG_TEXT("route", state->route->path),
              LOG_TEXT("operation", state->route->operation_id),
              LOG_TEXT("method", x->method != NULL ? x->method : ""), LOG_INT("status", x->status),
              LOG_INT("us", took_us));
}

enum MHD_Result reply_send(struct net_exchange *x)
{
    if (x->status == 0)
        (void)net_reply_code(x, CODE_INTERNAL, CHARGED_NOT_INVOLVED);
    if (x->status != 200)
        stream_abandon(x);
    struct MHD_Response *response;
    if (x->stream != NULL) {
        response = stream_response(x);
    } else {
        const void *bytes = x->reply_view != NULL ? x->reply_view : x->reply.data;
        const size_t size = x->reply_view != NULL ? x->reply_view_size : x->reply.size;
        // The library only reads from the buffer: it lives until the exchange is given back.
        response = MHD_create_response_from_buffer(
            size, (void *)(uintptr_t)(bytes != NULL ? bytes : ""), MHD_RESPMEM_PERSISTENT);
    }
    if (response == NULL)
        return MHD_NO;
    add_headers(x, response);
    x->sent = true;
    if (x->link != NULL)
        link_phase(x->link, x->stream != NULL ? PHASE_RUN : PHASE_SEND);
    account(x, mono_us() - x->started_mono_us);
    const enum MHD_Result queued =
        MHD_queue_response(x->connection, (unsigned int)x->status, response);
    MHD_destroy_response(response);
    return queued;
}
