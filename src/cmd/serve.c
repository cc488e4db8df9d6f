// tongbao serve: the HTTP server, the committer, and, unless they run elsewhere, the workers.
#include "cmd/cmd.h"
#include "cmd/seed.h"
#include "cmd/service.h"

#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

static const char HELP[] =
    "Usage: tongbao serve --data DIR [options]\n"
    "  --listen ADDRESS:PORT   public listener [127.0.0.1:8080]\n"
    "  --admin ADDRESS:PORT    health and metrics [127.0.0.1:9464]\n"
    "  --database URL          sqlite:PATH or postgresql://… [sqlite:DIR/wallet.db]\n"
    "  --share DIR             folder that holds spec/ and web/dist [.]\n"
    "  --profiles DIR          [SHARE/spec/profiles]\n"
    "  --public-url URL        how people reach it [http://localhost:PORT]\n"
    "  --sms FILE              routes of codes: Kannel, HTTP gateways [the sandbox's]\n"
    "  --sandbox URL           the sandbox process; absent = production\n"
    "  --seed                  open the play people's wallets when the database is empty\n"
    "  --no-jobs               the workers run elsewhere: tongbao jobs\n";

// The web parts that were built. Returns how many; a part that is missing is logged, not served.
static size_t find_statics(struct service *s, struct net_static out[4])
{
    static const struct {
        const char *prefix, *part, *csp;
    } parts[] = {{"/docs/", "docs", net_csp_docs},
                 {"/sandbox/", "sandbox", NULL},
                 {"/console/", "console", NULL},
                 {"/", "app", NULL}};
    size_t count = 0;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        char *folder = s->texts[SERVICE_WEB + i];
        snprintf(folder, SERVICE_TEXT_MAX, "%s/web/dist/%s", s->share, parts[i].part);
        if (text_equal(parts[i].part, "sandbox") && s->sandbox == NULL)
            out[count++] = (struct net_static){"/sandbox/", NULL, NULL, NULL}; // not an app page
        else if (access(folder, R_OK) == 0)
            out[count++] = (struct net_static){parts[i].prefix, folder, "index.html", parts[i].csp};
        else
            log_event(LOG_WARN, "serve.web_part_missing", LOG_TEXT("part", parts[i].part));
    }
    return count;
}

static enum code start_servers(struct service *s)
{
    static const char *const proxies[] = {"127.0.0.1/32"}; // nginx in front
    static struct net_static statics[4];
    size_t count;
    const size_t static_count = find_statics(s, statics);
    const struct net_route *routes =
        s->sandbox != NULL ? api_routes(&count) : api_production_routes(&count);
    const struct net_options options = {.listen = s->listen,
                                        .port = s->port,
                                        .routes = routes,
                                        .route_count = count,
                                        .context = &s->api,
                                        .statics = statics,
                                        .static_count = static_count,
                                        .limits = {.connections_per_address = 1024},
                                        .workers = API_WORKERS,
                                        .trusted_proxies = proxies,
                                        .trusted_proxy_count = 1,
                                        .env = s->api.env,
                                        .public_url = s->public_url};
    struct net_server *server = NULL;
    struct api_tail *tail = NULL;
    GUARD(net_server_start(&server, &options));
    s->api.server = server;
    GUARD(service_start_admin(s, net_server_metrics(server)));
    GUARD(api_tail_start(&tail, &s->api));
    s->api.tail = tail;
    return OK;
}

static void nudge_jobs(void *context)
{
    struct service *s = context;
    jobs_nudge(s->jobs);
}

static enum code start(struct service *s)
{
    if (s->seed) {
        GUARD(seed_play(&s->api, s->share));
        GUARD(seed_operators(&s->api));
    }
    if (!s->no_jobs)
        GUARD(service_start_jobs(s));
    s->api.nudge = nudge_jobs;
    s->api.jobs = s;
    return start_servers(s);
}

static void stop(struct service *s)
{
    struct net_server *server = s->api.server;
    (void)net_server_drain(server, 30000);
    struct api_tail *tail = atomic_exchange(&s->api.tail, NULL);
    api_tail_stop(&tail);
    jobs_stop(&s->jobs);
    // The admin listener counts in the metrics of the public one: it goes first.
    net_server_stop(&s->admin_server);
    net_server_stop(&server);
    s->api.server = NULL;
}

int cmd_serve(int argc, char **argv)
{
    static struct service s = {.name = "serve", .help = HELP, .server = true};
    return service_run(&s, argc, argv, start, stop);
}
