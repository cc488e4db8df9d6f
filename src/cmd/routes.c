// tongbao routes: the route table, for the tests that hold it against spec/openapi.yaml.
#include "api/api.h"
#include "cmd/cmd.h"

#include <stdio.h>

static const char HELP[] = "Usage: tongbao routes\n"
                           "Prints each route: METHOD, PATH and operation id, separated by tabs.\n"
                           "Last those that only the admin listener has.\n";

static bool is_public(const char *path)
{
    size_t count;
    const struct net_route *routes = api_routes(&count);
    for (size_t i = 0; i < count; i++)
        if (text_equal(routes[i].path, path))
            return true;
    return false;
}

static void print_route(const struct net_route *route)
{
    printf("%s\t%s\t%s\n", route->method, route->path, route->operation_id);
}

int cmd_routes(int argc, char **argv)
{
    size_t count;
    if (argc > 1) {
        const bool help = text_equal(argv[1], "--help");
        fputs(HELP, help ? stdout : stderr);
        return help ? CMD_DONE : CMD_USAGE;
    }
    const struct net_route *routes = api_routes(&count);
    for (size_t i = 0; i < count; i++)
        print_route(&routes[i]);
    routes = api_admin_routes(&count);
    for (size_t i = 0; i < count; i++)
        if (!is_public(routes[i].path))
            print_route(&routes[i]);
    return CMD_DONE;
}
