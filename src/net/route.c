// Router: a tree of path segments built once, and the splitting and decoding of the raw target.
// Invariants: (1) each segment is decoded exactly once; (2) '.', '..' and encoded slashes never
// match.
#include <assert.h>
#include <string.h>

#include "net/net_priv.h"

enum { SEGMENTS_MAX = 24, METHODS_MAX = 8 };

struct node {
    struct node *sibling, *child;
    char *segment; // "{" = any one segment, "{*" = the rest
    struct {
        struct route_state *state;
        const struct net_route *route;
    } methods[METHODS_MAX];
    size_t method_count;
};

struct router {
    struct node root;
    struct route_state *states;
    size_t count;
    struct route_state unmatched;
};

// --- decoding ---

static int hex_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return (c | 0x20) - 'a' + 10;
}

const char *percent_decode(struct arena *arena, const char *text, size_t size, bool plus)
{
    char *out = arena_alloc(arena, size + 1);
    size_t used = 0;
    for (size_t i = 0; i < size; i++) {
        char c = text[i];
        if (c == '%') {
            // gate_target saw that two hex digits follow in the whole target, not in this part.
            if (i + 2 >= size)
                return NULL;
            c = (char)(hex_of(text[i + 1]) << 4 | hex_of(text[i + 2]));
            i += 2;
        } else if (c == '+' && plus) {
            c = ' ';
        }
        if ((unsigned char)c < 0x20 || c == 0x7F)
            return NULL;
        out[used++] = c;
    }
    return text_valid_utf8(out, used, NULL) ? out : NULL;
}

static enum code query_add(struct net_exchange *x, const char *text, size_t size)
{
    const char *equals = memchr(text, '=', size);
    const size_t name_size = equals != NULL ? (size_t)(equals - text) : size;
    ENSURE(name_size > 0 && x->query_count < QUERIES_MAX, CODE_REQUEST_INVALID);
    const char *name = percent_decode(x->arena, text, name_size, true);
    const char *value =
        equals != NULL ? percent_decode(x->arena, equals + 1, size - name_size - 1, true) : "";
    ENSURE(name != NULL && value != NULL, CODE_REQUEST_INVALID);
    ENSURE(net_query(x, name) == NULL, CODE_REQUEST_INVALID);
    x->queries[x->query_count++] = (struct pair){name, value};
    return OK;
}

static enum code query_parse(struct net_exchange *x, const char *text)
{
    while (*text != '\0') {
        const size_t size = strcspn(text, "&");
        if (size > 0)
            GUARD(query_add(x, text, size));
        text += size;
        if (*text == '&')
            text++;
    }
    return OK;
}

static bool encoded_slash(const char *text, size_t size)
{
    for (size_t i = 0; i + 2 < size; i++)
        if (text[i] == '%' && ((text[i + 1] == '2' && (text[i + 2] | 0x20) == 'f') ||
                               (text[i + 1] == '5' && (text[i + 2] | 0x20) == 'c')))
            return true;
    return false;
}

static bool dotted(const char *decoded)
{
    for (const char *at = decoded; *at != '\0';) {
        const size_t size = strcspn(at, "/");
        if ((size == 1 && at[0] == '.') || (size == 2 && at[0] == '.' && at[1] == '.'))
            return true;
        at += size;
        if (*at == '/')
            at++;
    }
    return false;
}

enum code target_parse(struct net_exchange *x)
{
    const char *raw = x->target;
    if (raw[0] != '/') {
        raw = strstr(raw, "://") + 3;
        raw += strcspn(raw, "/?");
    }
    const size_t size = strcspn(raw, "?");
    if (raw[size] == '?') {
        x->query_text = raw + size + 1;
        GUARD(query_parse(x, x->query_text));
    }
    ENSURE(!encoded_slash(raw, size), CODE_NOT_FOUND);
    x->path = size > 0 ? percent_decode(x->arena, raw, size, false) : "/";
    ENSURE(x->path != NULL, CODE_REQUEST_INVALID);
    ENSURE(!dotted(x->path), CODE_NOT_FOUND);
    return OK;
}

// --- the tree ---

static struct node *child_named(struct node *node, const char *segment, size_t size)
{
    for (struct node *child = node->child; child != NULL; child = child->sibling)
        if (strlen(child->segment) == size && memcmp(child->segment, segment, size) == 0)
            return child;
    return NULL;
}

static struct node *child_make(struct node *node, const char *segment, size_t size)
{
    if (segment[0] == '{') {
        const bool rest = size >= 2 && segment[size - 2] == '*';
        segment = rest ? "{*" : "{";
        size = rest ? 2 : 1;
    }
    struct node *child = child_named(node, segment, size);
    if (child != NULL)
        return child;
    child = mem_alloc(sizeof *child);
    child->segment = mem_alloc(size + 1);
    memcpy(child->segment, segment, size);
    child->sibling = node->child;
    node->child = child;
    return child;
}

static bool insert(struct router *router, struct route_state *state)
{
    const struct net_route *route = state->route;
    if (route->path[0] != '/' || route->handler == NULL || route->method == NULL)
        return false;
    struct node *node = &router->root;
    for (const char *at = route->path + 1;;) {
        const size_t size = strcspn(at, "/");
        node = child_make(node, at, size);
        if (at[size] == '\0')
            break;
        at += size + 1;
    }
    for (size_t i = 0; i < node->method_count; i++)
        if (text_equal(node->methods[i].route->method, route->method))
            return false;
    if (node->method_count == METHODS_MAX)
        return false;
    node->methods[node->method_count].state = state;
    node->methods[node->method_count++].route = route;
    return true;
}

struct router *router_new(const struct net_route *routes, size_t count, struct net_metrics *metrics)
{
    static const int64_t buckets[] = {1000,   2000,   5000,   10000,   20000,   50000,
                                      100000, 200000, 500000, 1000000, 2000000, 5000000};
    struct net_metric *duration = net_metric(
        metrics, NET_HISTOGRAM, NET_UNIT_MICROSECONDS, "tongbao_http_request_duration_seconds",
        "Time from head to reply.", "route,method", buckets, sizeof buckets / sizeof buckets[0]);
    static const struct net_route none = {"", "unmatched", "", NULL, 0, 0, NULL};
    struct router *router = mem_alloc(sizeof *router);
    router->states = mem_alloc((count + 1) * sizeof *router->states);
    router->count = count;
    router->unmatched.route = &none;
    router->unmatched.duration = net_series(duration, (const char *[]){"unmatched", ""});
    for (size_t i = 0; i < count; i++) {
        router->states[i].route = &routes[i];
        router->states[i].duration =
            net_series(duration, (const char *[]){routes[i].path, routes[i].method});
        if (!insert(router, &router->states[i])) {
            log_event(LOG_ERROR, "http.route.bad", LOG_TEXT("route", routes[i].path));
            router_free(&router);
            return NULL;
        }
    }
    return router;
}

static void node_free(struct node *node)
{
    while (node != NULL) {
        struct node *next = node->sibling;
        node_free(node->child);
        mem_free(node->segment);
        mem_free(node);
        node = next;
    }
}

void router_free(struct router **router)
{
    if (*router == NULL)
        return;
    node_free((*router)->root.child);
    mem_free((*router)->states);
    mem_free(*router);
    *router = NULL;
}

struct route_state *router_unmatched(struct router *router)
{
    return &router->unmatched;
}

// --- matching ---

struct search {
    const char *segments[SEGMENTS_MAX];
    size_t sizes[SEGMENTS_MAX];
    size_t count;
};

// Fixed segments win over {name}, which wins over {name*}.
static const struct node *walk(const struct node *node, const struct search *search, size_t at)
{
    if (at == search->count)
        return node->method_count > 0 ? node : NULL;
    const struct node *any = NULL, *rest = NULL;
    for (const struct node *child = node->child; child != NULL; child = child->sibling) {
        if (child->segment[0] == '{') {
            *(child->segment[1] == '*' ? &rest : &any) = child;
            continue;
        }
        if (strlen(child->segment) != search->sizes[at] ||
            memcmp(child->segment, search->segments[at], search->sizes[at]) != 0)
            continue;
        const struct node *found = walk(child, search, at + 1);
        if (found != NULL)
            return found;
    }
    if (any != NULL && search->sizes[at] > 0) {
        const struct node *found = walk(any, search, at + 1);
        if (found != NULL)
            return found;
    }
    return rest;
}

static void take_params(struct net_exchange *x, const struct net_route *route,
                        const struct search *search)
{
    size_t index = 0;
    for (const char *at = route->path + 1; index < search->count; index++) {
        const size_t size = strcspn(at, "/");
        if (at[0] == '{' && x->param_count < PARAMS_MAX) {
            const bool rest = at[size - 2] == '*';
            const char *name = arena_text_n(x->arena, at + 1, size - (rest ? 3 : 2));
            const char *value =
                rest ? search->segments[index]
                     : arena_text_n(x->arena, search->segments[index], search->sizes[index]);
            x->params[x->param_count++] = (struct pair){name, value};
            if (rest)
                return;
        }
        at += size + 1;
    }
}

static const char *allow_list(struct arena *arena, const struct node *node)
{
    const char *list = "";
    for (size_t i = 0; i < node->method_count; i++) {
        const char *method = node->methods[i].route->method;
        list = arena_format(arena, "%s%s%s%s", list, i > 0 ? ", " : "", method,
                            text_equal(method, "GET") ? ", HEAD" : "");
    }
    return list;
}

enum match router_find(const struct router *router, struct net_exchange *x, const char **out_allow)
{
    struct search search = {.count = 0};
    for (const char *at = x->path + 1;;) {
        if (search.count == SEGMENTS_MAX)
            return MATCH_NONE;
        search.segments[search.count] = at;
        search.sizes[search.count] = strcspn(at, "/");
        at += search.sizes[search.count++];
        if (*at++ == '\0')
            break;
    }
    const struct node *node = walk(&router->root, &search, 0);
    if (node == NULL)
        return MATCH_NONE;
    const char *method = text_equal(x->method, "HEAD") ? "GET" : x->method;
    for (size_t i = 0; i < node->method_count; i++) {
        if (!text_equal(node->methods[i].route->method, method))
            continue;
        x->route = node->methods[i].state;
        take_params(x, x->route->route, &search);
        return MATCH;
    }
    *out_allow = allow_list(x->arena, node);
    return MATCH_METHOD;
}
