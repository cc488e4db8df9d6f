// The sandbox: never in production. The play shop's key and the play people come from files of the
// seed; phones, bank and face decisions live in the sandbox process, to which the rest is
// forwarded.
#include "api/api.h"

#include <stdio.h>

static enum net_step not_here(struct net_exchange *x)
{
    return net_reply_code(x, CODE_NOT_FOUND, CHARGED_NOT_INVOLVED);
}

static enum net_step reply_file(struct net_exchange *x, const char *path)
{
    if (api_of(x)->sandbox_url == NULL || path == NULL)
        return not_here(x);
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return not_here(x);
    char *text = arena_alloc(net_arena(x), 65536);
    const size_t size = fread(text, 1, 65535, file);
    fclose(file);
    return net_reply(x, 200, "application/json", text, size);
}

static enum net_step get_shop(struct net_exchange *x)
{
    return reply_file(x, api_of(x)->shop_file);
}

static enum net_step get_people(struct net_exchange *x)
{
    return reply_file(x, api_of(x)->people_file);
}

static enum net_step forward(struct net_exchange *x)
{
    const char *url = api_of(x)->sandbox_url;
    if (url == NULL)
        return not_here(x);
    return net_proxy(x, arena_format(net_arena(x), "%s/sandbox/api", url));
}

static const struct net_route ROUTES[] = {
    {"GET", "/sandbox/api/shop", "sandboxShop", get_shop, 0, 0, NULL},
    {"GET", "/sandbox/api/people", "sandboxPeople", get_people, 0, 0, NULL},
    {"GET", "/sandbox/api/{tail*}", "sandboxGet", forward, 0, 0, NULL},
    {"PUT", "/sandbox/api/{tail*}", "sandboxPut", forward, 0, 0, NULL},
    {"POST", "/sandbox/api/{tail*}", "sandboxPost", forward, 0, 0, NULL},
};
API_TABLE(API_SANDBOX, ROUTES);
