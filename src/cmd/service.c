// service: the common part of `tongbao serve` and `tongbao jobs`. Starts in order, stops in the
// reverse order on TERM or INT.
#include "cmd/service.h"

#include "cmd/cmd.h"
#include "desk/desk_approval.h"
#include "desk/desk_case.h"
#include "desk/desk_operator.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

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

enum options { OPTIONS_GOOD, OPTIONS_HELP, OPTIONS_WRONG };
enum { SERVER_ONLY = 3 }; // the first rows of the table

static enum options read_options(struct service *s, int argc, char **argv)
{
    static const struct option options[] = {{"listen", required_argument, NULL, 'l'},
                                            {"seed", no_argument, NULL, 'S'},
                                            {"no-jobs", no_argument, NULL, 'j'},
                                            {"admin", required_argument, NULL, 'a'},
                                            {"database", required_argument, NULL, 'd'},
                                            {"data", required_argument, NULL, 'D'},
                                            {"share", required_argument, NULL, 's'},
                                            {"profiles", required_argument, NULL, 'p'},
                                            {"public-url", required_argument, NULL, 'u'},
                                            {"sandbox", required_argument, NULL, 'x'},
                                            {"sms", required_argument, NULL, 'm'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    const struct option *table = s->server ? options : options + SERVER_ONLY;
    const char *listen = "127.0.0.1:8080";
    const char *admin = s->server ? "127.0.0.1:9464" : "127.0.0.1:9465";
    const struct {
        int option;
        const char **out;
    } texts[] = {{'l', &listen},        {'a', &admin},      {'d', &s->database},
                 {'D', &s->data},       {'s', &s->share},   {'p', &s->profiles},
                 {'u', &s->public_url}, {'x', &s->sandbox}, {'m', &s->sms_file}};
    for (int option; (option = getopt_long(argc, argv, "", table, NULL)) != -1;) {
        if (option == 'h')
            return OPTIONS_HELP;
        if (option == '?')
            return OPTIONS_WRONG;
        s->seed = s->seed || option == 'S';
        s->no_jobs = s->no_jobs || option == 'j';
        for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
            if (texts[i].option == option)
                *texts[i].out = optarg;
    }
    const bool good = s->data != NULL && optind == argc &&
                      split_address(listen, s->listen, &s->port) &&
                      split_address(admin, s->admin, &s->admin_port);
    return good ? OPTIONS_GOOD : OPTIONS_WRONG;
}

const char *service_join(struct service *s, size_t slot, const char *folder, const char *name)
{
    snprintf(s->texts[slot], sizeof s->texts[slot], "%s%s", folder, name);
    return s->texts[slot];
}

static void fill_defaults(struct service *s)
{
    char port[16];
    s->share = s->share != NULL ? s->share : ".";
    if (s->database == NULL)
        s->database = service_join(s, SERVICE_DATABASE, s->data, "/wallet.db");
    if (s->profiles == NULL)
        s->profiles = service_join(s, SERVICE_PROFILES, s->share, "/spec/profiles");
    snprintf(port, sizeof port, ":%u", s->port);
    if (s->public_url == NULL)
        s->public_url = service_join(s, SERVICE_PUBLIC_URL, "http://localhost", port);
}

static enum code migrate(const struct service *s)
{
    struct db *db = NULL;
    int applied = 0;
    GUARD(db_open(&db, s->database, false));
    const enum code code = db_migrate(db, env_now(env_system()), &applied);
    db_close(&db);
    return code;
}

static void fill_api(struct service *s)
{
    struct api *api = &s->api;
    api->rate = net_rate_new(api->env, 65536);
    api->cache = party_cache_new(262144);
    api->pay = (struct pay_world){api->profiles, api->vault, api->env};
    api->gate = (struct guard_gate){api->profiles, api->vault, api->committer, api->env};
    api->terms_version = "2026-11-01";
    api->onboard = (struct onboard){.profiles = api->profiles,
                                    .vault = api->vault,
                                    .env = api->env,
                                    .terms_version = api->terms_version,
                                    .second_route = s->sms.b != NULL,
                                    .voice = s->sms.voice != NULL};
    api->recover = (struct recover){.profiles = api->profiles,
                                    .vault = api->vault,
                                    .env = api->env,
                                    .otp = {.profiles = api->profiles,
                                            .vault = api->vault,
                                            .env = api->env,
                                            .second_route = s->sms.b != NULL,
                                            .voice = s->sms.voice != NULL}};
    api->funds = (struct funds){api->profiles, api->vault, api->env,
                                funds_settings_default(s->sandbox != NULL)};
    api->desk = (struct desk){api->profiles, api->vault, api->env};
    api->activity = (struct activity){api->profiles, api->vault, api->env};
    api->brand = (struct api_brand){"通宝", "Tongbao", "通宝"};
    api->public_url = s->public_url;
    api->sandbox_url = s->sandbox;
    api->shop_file = service_join(s, SERVICE_SHOP, s->data, "/sandbox-shop.json");
    api->people_file = service_join(s, SERVICE_PEOPLE, s->data, "/sandbox-people.json");
    api->operators_file = service_join(s, SERVICE_OPERATORS, s->share, "/spec/play/operators.json");
    api->terms_folder = service_join(s, SERVICE_TERMS, s->share, "/spec/terms");
    api->version = "0.1.0";
}

static const char *report_base(struct service *s)
{
    static char text[sizeof s->sms.report_base];
    if (s->sms.report_base[0] != '\0')
        return s->sms.report_base;
    (void)snprintf(text, sizeof text, "http://%s:%u", s->admin, s->admin_port);
    return text;
}

// The routes of the operator's file, else the sandbox's three.
static enum code open_sms(struct service *s)
{
    const struct ports_options ports = {.base_url = s->sandbox};
    if (s->sms_file != NULL)
        return ports_sms_load(&s->sms, s->sms_file, NULL);
    if (s->sandbox == NULL)
        return OK;
    GUARD(ports_sms_open(&s->sms.a, &ports, "a"));
    GUARD(ports_sms_open(&s->sms.b, &ports, "b"));
    return ports_sms_open(&s->sms.voice, &ports, "voice");
}

static enum code open_store(struct service *s)
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
    // Also without workers here: which routes there are decides what a page offers.
    GUARD(open_sms(s));
    fill_api(s);
    return OK;
}

// --- workers ---

static enum code expire_charges(struct db *db, int64_t now_us, void *context)
{
    return pay_expire_due(db, context, now_us);
}

// Missed deadlines, approvals that nobody gave, sessions of operators that are over.
static enum code move_cases(struct db *db, int64_t now_us, void *context)
{
    const struct desk *desk = context;
    int64_t count;
    GUARD(desk_cases_escalate(db, desk, now_us, 100, &count));
    GUARD(desk_approvals_expire(db, desk, now_us, 100, &count));
    return desk_sessions_prune(db, now_us - INT64_C(86400000000), 100, &count);
}

static enum code open_ports(struct service *s)
{
    struct jobs_options *o = &s->jobs_options;
    if (s->sandbox == NULL)
        return OK;
    const struct ports_options ports = {.base_url = s->sandbox};
    GUARD(ports_face_open(&o->face, &ports));
    GUARD(ports_identity_open(&o->identity, &ports));
    GUARD(ports_bank_open(&s->bank_port, &ports));
    s->bank = jobs_bank_ports(s->bank_port);
    o->bank = &s->bank;
    return OK;
}

enum code service_start_jobs(struct service *s)
{
    static struct jobs_timer timers[2];
    struct api *api = &s->api;
    timers[0] = (struct jobs_timer){"charges", 1000000, expire_charges, &api->pay};
    timers[1] = (struct jobs_timer){"cases", 10000000, move_cases, &api->desk};
    s->jobs_options = (struct jobs_options){.committer = api->committer,
                                            .pool = api->pool,
                                            .vault = api->vault,
                                            .profiles = api->profiles,
                                            .env = api->env,
                                            .onboard = &api->onboard,
                                            .recover = &api->recover,
                                            .funds = &api->funds,
                                            .signature = api->brand.signature,
                                            .signature_en = api->brand.name_en,
                                            .timers = timers,
                                            .timer_count = 2};
    s->jobs_options.sms = s->sms.a;
    s->jobs_options.sms_b = s->sms.b;
    s->jobs_options.voice = s->sms.voice;
    s->jobs_options.report_base = report_base(s);
    GUARD(open_ports(s));
    return jobs_start(&s->jobs, &s->jobs_options);
}

// --- the admin listener ---

enum code service_start_admin(struct service *s, struct net_metrics *metrics)
{
    size_t count;
    const struct net_route *routes = api_admin_routes(&count);
    const struct net_options options = {.listen = s->admin,
                                        .port = s->admin_port,
                                        .routes = routes,
                                        .route_count = count,
                                        .context = &s->api,
                                        .workers = 1,
                                        .env = s->api.env,
                                        .metrics = metrics};
    return net_server_start(&s->admin_server, &options);
}

// --- from the start to the stop ---

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

static void take_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
}

// "serve.ready", "jobs.stopped" …
static const char *event(struct service *s, const char *what)
{
    static char text[64];
    snprintf(text, sizeof text, "%s.%s", s->name, what);
    return text;
}

static void wait_for_the_end(void)
{
    log_gather(true);
    while (!stopping) {
        log_flush();
        usleep(50000);
    }
    log_gather(false);
}

int service_run(struct service *s, int argc, char **argv,
                enum code (*start)(struct service *service), void (*stop)(struct service *service))
{
    close_memory();
    const enum options options = read_options(s, argc, argv);
    if (options != OPTIONS_GOOD) {
        fputs(s->help, options == OPTIONS_HELP ? stdout : stderr);
        return options == OPTIONS_HELP ? CMD_DONE : CMD_USAGE;
    }
    fill_defaults(s);
    mem_keep_freed();
    take_signals();
    enum code code = open_store(s);
    if (code == OK)
        code = start(s);
    if (code != OK) {
        log_event(LOG_ERROR, event(s, "start_failed"), LOG_TEXT("code", error_slug(code)));
        return CMD_FAILED;
    }
    log_event(LOG_INFO, event(s, "ready"), LOG_INT("port", net_server_port(s->api.server)));
    wait_for_the_end();
    stop(s);
    db_committer_stop(&s->api.committer);
    db_pool_close(&s->api.pool);
    vault_free(&s->api.vault);
    log_event(LOG_INFO, event(s, "stopped"), LOG_INT("clean", 1));
    return CMD_DONE;
}
