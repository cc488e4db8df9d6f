// service: what `tongbao serve` and `tongbao jobs` have in common — options, the store, the
// workers, the admin listener, and the way from the start to the stop.
#ifndef CMD_SERVICE_H
#define CMD_SERVICE_H

#include "api/api.h"
#include "jobs/jobs.h"

enum { SERVICE_TEXTS = 11, SERVICE_TEXT_MAX = 1024 };
// Places of service.texts.
enum { SERVICE_DATABASE, SERVICE_PROFILES, SERVICE_PUBLIC_URL, SERVICE_SHOP, SERVICE_PEOPLE };
enum {
    SERVICE_TERMS = SERVICE_PEOPLE + 1,
    SERVICE_OPERATORS,
    SERVICE_WEB
}; // SERVICE_WEB … the folders of web parts

struct service {
    const char *name; // "serve", "jobs": command, and first word of its log events
    const char *help;
    bool server; // takes the options of the public listener too
    char listen[64], admin[64];
    uint16_t port, admin_port;
    const char *data, *database, *share, *profiles, *public_url, *sandbox, *sms_file;
    bool seed, no_jobs;
    // what runs
    struct api api;
    struct net_server *admin_server;
    struct jobs *jobs;
    struct jobs_options jobs_options;
    struct jobs_bank bank;
    struct ports_bank *bank_port;
    struct ports_sms_routes sms;
    char texts[SERVICE_TEXTS][SERVICE_TEXT_MAX];
};

// A path made of two parts, kept in the service.
const char *service_join(struct service *service, size_t slot, const char *folder,
                         const char *name);
enum code service_start_jobs(struct service *service);
// `metrics` NULL = the listener keeps its own.
enum code service_start_admin(struct service *service, struct net_metrics *metrics);

// Reads the options (name, help, server and admin's default are set), opens the store, calls
// start, waits for TERM or INT, calls stop, closes the store. Returns an exit code.
int service_run(struct service *service, int argc, char **argv,
                enum code (*start)(struct service *service), void (*stop)(struct service *service));

#endif
