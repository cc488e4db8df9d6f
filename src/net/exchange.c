// One request and its reply: the pool of exchanges and what a handler may ask of them.
#include <arpa/inet.h>
#include <assert.h>
#include <string.h>
#include <strings.h>

#include "net/net_priv.h"

enum { POOL_MAX = 1024, KEEP_BYTES = 65536 + 1024 };

int64_t mono_us(void)
{
    const struct env *env = env_system();
    return env->monotonic_us(env->context);
}

// A UUIDv7 like id_new, without asking the kernel for entropy at each request: the random part is a
// keyed hash of a counter. Request ids must be unique, not secret.
static void name_request(struct net_exchange *x)
{
    struct net_server *server = x->server;
    const uint64_t number = atomic_fetch_add_explicit(&server->numbered, 1, memory_order_relaxed);
    const uint64_t seeds[2] = {2 * number, 2 * number + 1};
    const uint64_t ms = (uint64_t)(x->started_us / 1000);
    struct id id;
    for (size_t i = 0; i < 2; i++) {
        const uint64_t random = net_siphash(server->links.key, &seeds[i], sizeof seeds[i]);
        memcpy(id.bytes + 8 * i, &random, sizeof random);
    }
    for (int i = 0; i < 6; i++)
        id.bytes[i] = (uint8_t)(ms >> (40 - 8 * i));
    id.bytes[6] = (uint8_t)(0x70 | (id.bytes[6] & 0x0F));
    id.bytes[8] = (uint8_t)(0x80 | (id.bytes[8] & 0x3F));
    id_format(x->request_id, "req", &id);
}

struct net_exchange *exchange_take(struct net_server *server)
{
    pthread_mutex_lock(&server->pool_lock);
    struct net_exchange *x = server->pool;
    if (x != NULL) {
        server->pool = x->next;
        server->pool_count--;
    }
    pthread_mutex_unlock(&server->pool_lock);
    if (x == NULL) {
        x = mem_alloc(sizeof *x);
        x->arena = arena_new();
        x->server = server;
    }
    x->next = NULL;
    x->started_us = env_now(server->env);
    x->started_mono_us = mono_us();
    name_request(x);
    return x;
}

static void exchange_free(struct net_exchange *x)
{
    arena_free(&x->arena);
    buffer_free(&x->body);
    buffer_free(&x->reply);
    mem_free(x);
}

static void buffer_recycle(struct buffer *buffer)
{
    if (buffer->capacity > KEEP_BYTES) {
        mem_wipe(buffer->data, buffer->size);
        buffer_free(buffer);
        return;
    }
    if (buffer->size > 0)
        mem_wipe(buffer->data, buffer->size);
    buffer->size = 0;
}

void exchange_give(struct net_exchange *x)
{
    struct net_server *server = x->server;
    if (x->json != NULL)
        net_json_free(&x->json);
    arena_reset(x->arena);
    buffer_recycle(&x->body);
    buffer_recycle(&x->reply);
    const struct net_exchange kept = {
        .server = server, .arena = x->arena, .body = x->body, .reply = x->reply};
    *x = kept;
    pthread_mutex_lock(&server->pool_lock);
    const bool keep = server->pool_count < POOL_MAX;
    if (keep) {
        x->next = server->pool;
        server->pool = x;
        server->pool_count++;
    }
    pthread_mutex_unlock(&server->pool_lock);
    if (!keep)
        exchange_free(x);
}

void exchange_pool_free(struct net_server *server)
{
    while (server->pool != NULL) {
        struct net_exchange *next = server->pool->next;
        exchange_free(server->pool);
        server->pool = next;
    }
}

// --- language and client ---

// Quality of one language range, 0 … 1000. RFC 9110 section 12.4.2.
static int quality(const char *text, size_t size)
{
    const char *q = memchr(text, ';', size);
    if (q == NULL)
        return 1000;
    for (q++; *q == ' '; q++)
        ;
    if (strncasecmp(q, "q=", 2) != 0)
        return 1000;
    if (q[2] == '1')
        return 1000;
    int value = 0;
    const char *digit = q + 3;
    if (*digit++ != '.')
        return 0;
    for (int weight = 100; weight > 0 && *digit >= '0' && *digit <= '9'; weight /= 10)
        value += (*digit++ - '0') * weight;
    return value;
}

void exchange_language(struct net_exchange *x)
{
    const char *at = net_header(x, "Accept-Language");
    int zh = 0, en = 0;
    while (at != NULL && *at != '\0') {
        at += strspn(at, ", \t");
        const size_t size = strcspn(at, ",");
        const int q = size >= 2 ? quality(at, size) : 0;
        if (strncasecmp(at, "zh", 2) == 0 && q > zh)
            zh = q;
        if (strncasecmp(at, "en", 2) == 0 && q > en)
            en = q;
        // Equal wishes: the first named wins, as browsers send them in order of preference.
        if (zh == en && zh > 0 && en > 0)
            break;
        at += size;
    }
    x->english = en > zh;
}

void exchange_client(struct net_exchange *x)
{
    (void)text_copy(x->client, sizeof x->client, x->link != NULL ? x->link->address : "");
    const char *named = net_header(x, "X-Forwarded-For");
    if (x->link == NULL || !x->link->trusted || named == NULL)
        return;
    struct in6_addr parsed;
    if (inet_pton(AF_INET, named, &parsed) == 1 || inet_pton(AF_INET6, named, &parsed) == 1)
        (void)text_copy(x->client, sizeof x->client, named);
}

// --- what a handler may ask ---

const char *net_method(const struct net_exchange *x)
{
    return x->method;
}

const char *net_path(const struct net_exchange *x)
{
    return x->path != NULL ? x->path : "";
}

const char *net_target(const struct net_exchange *x)
{
    return x->target;
}

const struct net_route *net_route_of(const struct net_exchange *x)
{
    return x->route != NULL ? x->route->route : NULL;
}

static const char *pair_find(const struct pair *pairs, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (text_equal(pairs[i].name, name))
            return pairs[i].value;
    return NULL;
}

const char *net_param(const struct net_exchange *x, const char *name)
{
    return pair_find(x->params, x->param_count, name);
}

const char *net_query(const struct net_exchange *x, const char *name)
{
    return pair_find(x->queries, x->query_count, name);
}

size_t net_query_count(const struct net_exchange *x)
{
    return x->query_count;
}

const char *net_query_name(const struct net_exchange *x, size_t index)
{
    return index < x->query_count ? x->queries[index].name : NULL;
}

const char *net_header(const struct net_exchange *x, const char *name)
{
    const size_t size = strlen(name);
    for (size_t i = 0; i < x->header_count; i++)
        if (x->headers[i].name_size == size && strcasecmp(x->headers[i].name, name) == 0)
            return x->headers[i].value;
    return NULL;
}

// RFC 6265 section 4.2. A name that stands twice is ambiguous and counts as absent.
const char *net_cookie(const struct net_exchange *x, const char *name)
{
    const char *at = net_header(x, "Cookie"), *found = NULL;
    const size_t name_size = strlen(name);
    size_t found_size = 0;
    while (at != NULL && *at != '\0') {
        at += strspn(at, "; ");
        const size_t size = strcspn(at, ";");
        if (size > name_size && at[name_size] == '=' && memcmp(at, name, name_size) == 0) {
            if (found != NULL)
                return NULL;
            found = at + name_size + 1;
            found_size = size - name_size - 1;
        }
        at += size;
    }
    return found != NULL ? arena_text_n(x->arena, found, found_size) : NULL;
}

const char *net_body(const struct net_exchange *x, size_t *out_size)
{
    if (out_size != NULL)
        *out_size = x->body.size;
    return x->body.data != NULL ? x->body.data : "";
}

const char *net_client(const struct net_exchange *x)
{
    return x->client;
}

const char *net_request_id(const struct net_exchange *x)
{
    return x->request_id;
}

bool net_english(const struct net_exchange *x)
{
    return x->english;
}

bool net_on_worker(const struct net_exchange *x)
{
    return x->on_worker;
}

struct arena *net_arena(struct net_exchange *x)
{
    return x->arena;
}

void *net_context(const struct net_exchange *x)
{
    return x->server->options.context;
}

const struct env *net_env(const struct net_exchange *x)
{
    return x->server->env;
}

struct net_server *net_server_of(const struct net_exchange *x)
{
    return x->server;
}

int64_t net_started_us(const struct net_exchange *x)
{
    return x->started_us;
}

void net_set_user(struct net_exchange *x, size_t slot, void *value)
{
    assert(slot < NET_SLOTS);
    x->users[slot] = value;
}

void *net_user(const struct net_exchange *x, size_t slot)
{
    assert(slot < NET_SLOTS);
    return x->users[slot];
}

// --- the same-origin check ---

static bool origin_is_host(const char *origin, const char *host)
{
    const char *authority = strstr(origin, "://");
    return authority != NULL && host != NULL && strcasecmp(authority + 3, host) == 0;
}

bool net_same_origin(const struct net_exchange *x)
{
    const char *site = net_header(x, "Sec-Fetch-Site");
    if (site != NULL && !text_equal(site, "same-origin") && !text_equal(site, "none"))
        return false;
    const char *origin = net_header(x, "Origin");
    if (origin == NULL)
        return true;
    const char *public_url = x->server->options.public_url;
    if (public_url != NULL && text_equal(origin, public_url))
        return true;
    // Who can put a page under the plain address of an encrypted site is a stranger.
    if (public_url != NULL && text_starts_with(public_url, "https://") &&
        !text_starts_with(origin, "https://"))
        return false;
    return origin_is_host(origin, net_header(x, "Host"));
}
