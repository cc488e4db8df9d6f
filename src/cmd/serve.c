// tongbao serve: the HTTP server, the committer, the workers. Starts in order, stops in the reverse
// order on TERM or INT.
#include "api/api.h"
#include "cmd/cmd.h"
#include "cmd/seed.h"
#include "jobs/jobs.h"

#include <getopt.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

static const char HELP[] =
    "Usage: tongbao serve --data DIR [options]\n"
    "  --listen ADDRESS:PORT   public listener [127.0.0.1:8080]\n"
    "  --admin ADDRESS:PORT    health and metrics [127.0.0.1:9464]\n"
    "  --database URL          sqlite:PATH or postgresql://… [sqlite:DIR/wallet.db]\n"
    "  --share DIR             folder that holds spec/ and web/dist [.]\n"
    "  --profiles DIR          [SHARE/spec/profiles]\n"
    "  --public-url URL        how people reach it [http://localhost:PORT]\n"
    "  --sandbox URL           the sandbox process; absent = production\n"
    "  --seed                  open the play people's wallets when the database is empty\n"
    "  --no-jobs               workers run elsewhere (tongbao jobs)\n";

enum { STATIC_TEXTS = 6 }; // the places of texts[] before the folders of the web parts

struct serve {
    char listen[64], admin[64];
    uint16_t port, admin_port;
    const char *data, *database, *share, *profiles, *public_url, *sandbox;
    bool seed, no_jobs;
    // what runs
    struct api api;
    struct net_server *server, *admin_server;
    struct jobs *jobs;
    struct jobs_options jobs_options;
    struct jobs_bank bank;
    struct ports_bank *bank_port;
    char texts[STATIC_TEXTS + 3][1024];
};

static volatile sig_atomic_t stopping;

static void on_signal(int number)
{
    (void)number;
    if (stopping)
        _exit(0); // a second one: everything acknowledged is durable
    stopping = 1;
}

// "127.0.0.1:8080" -> address and port.
static bool split_address(const char *text, char out[64], uint16_t *out_port)
{
    const char *colon = strrchr(text, ':');
    int64_t port;
    if (colon == NULL || (size_t)(colon - text) > 60 || !text_to_int64(&port, colon + 1) ||
        port > 65535)
        return false;
    memcpy(out, text, (size_t)(colon - text));
    out[colon - text] = '\0';
    *out_port = (uint16_t)port;
    return true;
}

static bool read_options(struct serve *s, int argc, char **argv)
{
    static const struct option options[] = {{"listen", required_argument, NULL, 'l'},
                                            {"admin", required_argument, NULL, 'a'},
                                            {"database", required_argument, NULL, 'd'},
                                            {"data", required_argument, NULL, 'D'},
                                            {"share", required_argument, NULL, 's'},
                                            {"profiles", required_argument, NULL, 'p'},
                                            {"public-url", required_argument, NULL, 'u'},
                                            {"sandbox", required_argument, NULL, 'x'},
                                            {"seed", no_argument, NULL, 'S'},
                                            {"no-jobs", no_argument, NULL, 'j'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    const char *listen = "127.0.0.1:8080", *admin = "127.0.0.1:9464";
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        switch (option) {
        case 'l':
            listen = optarg;
            break;
        case 'a':
            admin = optarg;
            break;
        case 'd':
            s->database = optarg;
            break;
        case 'D':
            s->data = optarg;
            break;
        case 's':
            s->share = optarg;
            break;
        case 'p':
            s->profiles = optarg;
            break;
        case 'u':
            s->public_url = optarg;
            break;
        case 'x':
            s->sandbox = optarg;
            break;
        case 'S':
            s->seed = true;
            break;
        case 'j':
            s->no_jobs = true;
            break;
        default:
            return false;
        }
    }
    return s->data != NULL && optind == argc && split_address(listen, s->listen, &s->port) &&
           split_address(admin, s->admin, &s->admin_port);
}

// A path made of two parts, kept in the serve structure.
static const char *join(struct serve *s, size_t slot, const char *folder, const char *name)
{
    snprintf(s->texts[slot], sizeof s->texts[slot], "%s%s", folder, name);
    return s->texts[slot];
}

static void fill_defaults(struct serve *s)
{
    char port[16];
    s->share = s->share != NULL ? s->share : ".";
    if (s->database == NULL)
        s->database = join(s, 0, s->data, "/wallet.db");
    if (s->profiles == NULL)
        s->profiles = join(s, 1, s->share, "/spec/profiles");
    snprintf(port, sizeof port, ":%u", s->port);
    if (s->public_url == NULL)
        s->public_url = join(s, 2, "http://localhost", port);
}

static enum code migrate(const struct serve *s)
{
    struct db *db = NULL;
    int applied = 0;
    GUARD(db_open(&db, s->database, false));
    const enum code code = db_migrate(db, env_now(env_system()), &applied);
    db_close(&db);
    return code;
}

static void fill_api(struct serve *s)
{
    struct api *api = &s->api;
    api->rate = net_rate_new(api->env, 65536);
    api->cache = party_cache_new(262144);
    api->pay = (struct pay_world){api->profiles, api->vault, api->env};
    api->gate = (struct guard_gate){api->profiles, api->vault, api->committer, api->env};
    api->terms_version = "2026-11-01";
    api->onboard = (struct onboard){api->profiles, api->vault, api->env, api->terms_version};
    api->funds = (struct funds){api->profiles, api->vault, api->env,
                                funds_settings_default(s->sandbox != NULL)};
    api->activity = (struct activity){api->profiles, api->vault, api->env};
    api->brand = (struct api_brand){"通宝", "Tongbao", "通宝"};
    api->public_url = s->public_url;
    api->sandbox_url = s->sandbox;
    api->shop_file = join(s, 3, s->data, "/sandbox-shop.json");
    api->people_file = join(s, 4, s->data, "/sandbox-people.json");
    api->terms_folder = join(s, 5, s->share, "/spec/terms");
    api->version = "0.1.0";
}

static enum code open_store(struct serve *s)
{
    struct api *api = &s->api;
    api->env = env_system();
    const struct vault_options vault = {.data_folder = s->data, .env = api->env};
    const struct db_committer_options committer = {.url = s->database};
    struct guard_profiles *profiles;
    GUARD(guard_profiles_load(&profiles, s->profiles, time_business_date(env_now(api->env)), NULL));
    api->profiles = profiles;
    GUARD(vault_load(&api->vault, &vault));
    GUARD(migrate(s));
    GUARD(db_committer_start(&api->committer, &committer));
    GUARD(db_pool_open(&api->pool, s->database, 8));
    fill_api(s);
    return OK;
}

// --- workers ---

static enum code expire_charges(struct db *db, int64_t now_us, void *context)
{
    return pay_expire_due(db, context, now_us);
}

static enum code open_ports(struct serve *s)
{
    struct jobs_options *o = &s->jobs_options;
    if (s->sandbox == NULL)
        return OK;
    const struct ports_options ports = {.base_url = s->sandbox};
    GUARD(ports_sms_open(&o->sms, &ports));
    GUARD(ports_face_open(&o->face, &ports));
    GUARD(ports_identity_open(&o->identity, &ports));
    GUARD(ports_bank_open(&s->bank_port, &ports));
    s->bank = jobs_bank_ports(s->bank_port);
    o->bank = &s->bank;
    return OK;
}

static void nudge_jobs(void *context)
{
    struct serve *s = context;
    jobs_nudge(s->jobs);
}

static enum code start_jobs(struct serve *s)
{
    static struct jobs_timer timers[1];
    struct api *api = &s->api;
    timers[0] = (struct jobs_timer){"charges", 1000000, expire_charges, &api->pay};
    s->jobs_options = (struct jobs_options){.committer = api->committer,
                                            .pool = api->pool,
                                            .vault = api->vault,
                                            .profiles = api->profiles,
                                            .env = api->env,
                                            .onboard = &api->onboard,
                                            .funds = &api->funds,
                                            .signature = api->brand.signature,
                                            .signature_en = api->brand.name_en,
                                            .timers = timers,
                                            .timer_count = 1};
    GUARD(open_ports(s));
    return jobs_start(&s->jobs, &s->jobs_options);
}

// --- servers ---

// The web parts that were built. Returns how many; a part that is missing is logged, not served.
static size_t find_statics(struct serve *s, struct net_static out[3])
{
    static const struct {
        const char *prefix, *part, *csp;
    } parts[] = {
        {"/docs/", "docs", net_csp_docs}, {"/sandbox/", "sandbox", NULL}, {"/", "app", NULL}};
    size_t count = 0;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        char *folder = s->texts[STATIC_TEXTS + i];
        snprintf(folder, sizeof s->texts[0], "%s/web/dist/%s", s->share, parts[i].part);
        if (text_equal(parts[i].part, "sandbox") && s->sandbox == NULL)
            out[count++] = (struct net_static){"/sandbox/", NULL, NULL, NULL}; // not an app page
        else if (access(folder, R_OK) == 0)
            out[count++] = (struct net_static){parts[i].prefix, folder, "index.html", parts[i].csp};
        else
            log_event(LOG_WARN, "serve.web_part_missing", LOG_TEXT("part", parts[i].part));
    }
    return count;
}

static enum code start_servers(struct serve *s)
{
    static const char *const proxies[] = {"127.0.0.1/32"}; // nginx in front
    static struct net_static statics[3];
    size_t count, admin_count;
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
                                        .workers = 8,
                                        .trusted_proxies = proxies,
                                        .trusted_proxy_count = 1,
                                        .env = s->api.env,
                                        .public_url = s->public_url};
    GUARD(net_server_start(&s->server, &options));
    s->api.server = s->server;
    const struct net_route *admin = api_admin_routes(&admin_count);
    const struct net_options admin_options = {.listen = s->admin,
                                              .port = s->admin_port,
                                              .routes = admin,
                                              .route_count = admin_count,
                                              .context = &s->api,
                                              .workers = 1,
                                              .env = s->api.env,
                                              .metrics = net_server_metrics(s->server)};
    GUARD(net_server_start(&s->admin_server, &admin_options));
    return api_tail_start(&s->api.tail, &s->api);
}

static enum code start(struct serve *s)
{
    GUARD(open_store(s));
    if (s->seed)
        GUARD(seed_play(&s->api, s->share));
    if (!s->no_jobs)
        GUARD(start_jobs(s));
    s->api.nudge = nudge_jobs;
    s->api.jobs = s;
    return start_servers(s);
}

static void stop(struct serve *s)
{
    if (s->server != NULL)
        (void)net_server_drain(s->server, 30000);
    api_tail_stop(&s->api.tail);
    jobs_stop(&s->jobs);
    if (s->server != NULL)
        net_server_stop(&s->server);
    if (s->admin_server != NULL)
        net_server_stop(&s->admin_server);
    db_committer_stop(&s->api.committer);
    db_pool_close(&s->api.pool);
    vault_free(&s->api.vault);
}

// Keys, PINs and people's data are in this memory: no core file, and no other process of the same
// user may read it.
static void close_memory(void)
{
    const struct rlimit none = {0, 0};
    (void)setrlimit(RLIMIT_CORE, &none);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
}

int cmd_serve(int argc, char **argv)
{
    static struct serve s;
    close_memory();
    if (!read_options(&s, argc, argv)) {
        fputs(HELP, stderr);
        return CMD_USAGE;
    }
    fill_defaults(&s);
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
    const enum code code = start(&s);
    if (code != OK) {
        log_event(LOG_ERROR, "serve.start_failed", LOG_TEXT("code", error_slug(code)));
        return CMD_FAILED;
    }
    log_event(LOG_INFO, "serve.ready", LOG_INT("port", net_server_port(s.server)));
    log_gather(true);
    while (!stopping) {
        log_flush();
        usleep(50000);
    }
    log_gather(false);
    stop(&s);
    log_event(LOG_INFO, "serve.stopped", LOG_INT("clean", 1));
    return CMD_DONE;
}
