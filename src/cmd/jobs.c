// tongbao jobs: the workers in a process of their own, beside servers that run with --no-jobs on
// the same database. Takes no requests but those of the admin listener.
#include "cmd/cmd.h"
#include "cmd/service.h"

static const char HELP[] =
    "Usage: tongbao jobs --data DIR [options]\n"
    "Runs the workers of a server that was started with --no-jobs.\n"
    "  --data DIR              the server's: it holds the key\n"
    "  --database URL          the server's [sqlite:DIR/wallet.db]\n"
    "  --admin ADDRESS:PORT    health and metrics [127.0.0.1:9465]\n"
    "  --share DIR             folder that holds spec/ [.]\n"
    "  --profiles DIR          [SHARE/spec/profiles]\n"
    "  --public-url URL        the server's\n"
    "  --sms FILE              routes of codes: Kannel, HTTP gateways [the sandbox's]\n"
    "  --sandbox URL           the sandbox process; absent = production\n";

static enum code start(struct service *s)
{
    GUARD(service_start_jobs(s));
    GUARD(service_start_admin(s, NULL));
    s->api.server = s->admin_server;
    return OK;
}

static void stop(struct service *s)
{
    jobs_stop(&s->jobs);
    net_server_stop(&s->admin_server);
}

int cmd_jobs(int argc, char **argv)
{
    static struct service s = {.name = "jobs", .help = HELP};
    return service_run(&s, argc, argv, start, stop);
}
