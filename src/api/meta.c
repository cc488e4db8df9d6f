// What a client asks before anything else: brand, terms, health.
#include "api/api.h"

#include <string.h>

#include <stdio.h>

static enum net_step get_meta(struct net_exchange *x)
{
    const struct api *api = api_of(x);
    const int64_t now_us = net_started_us(x);
    const int32_t today = time_business_date(now_us);
    const struct guard_otp_rules *otp = guard_otp_rules(api->profiles, today);
    const struct guard_paycode_rules *paycode = guard_paycode_rules(api->profiles, today);
    const struct guard_nopin_limits *nopin = guard_nopin_limits(api->profiles, today, NULL);
    struct net_json_writer *w = net_reply_writer(x);
    net_json_begin_object(w, NULL);
    net_json_begin_object(w, "brand");
    net_json_string(w, "name", api->brand.name);
    net_json_string(w, "name_en", api->brand.name_en);
    net_json_string(w, "signature", api->brand.signature);
    net_json_end_object(w);
    net_json_string(w, "environment", api->sandbox_url != NULL ? "sandbox" : "production");
    net_json_string(w, "version", api->version);
    net_json_time(w, "server_time", now_us);
    net_json_begin_object(w, "terms");
    net_json_string(w, "version", api->terms_version);
    net_json_string(w, "url_text", "/api/v1/terms");
    net_json_end_object(w);
    net_json_string(w, "currency", "CNY");
    net_json_begin_object(w, "sms");
    net_json_int(w, "resend_after_s", otp->resend_s);
    net_json_int(w, "life_s", otp->life_s);
    net_json_end_object(w);
    net_json_int(w, "pin_digits", 6);
    net_json_int(w, "idle_timeout_s", PARTY_SESSION_IDLE_US / 1000000);
    net_json_int(w, "idle_warning_s", 60);
    net_json_begin_object(w, "paycode");
    net_json_int(w, "length", paycode->length);
    net_json_int(w, "life_s", paycode->life_s);
    net_json_int(w, "renew_before_s", paycode->renew_before_s);
    net_json_end_object(w);
    net_json_begin_object(w, "nopin");
    api_money(w, "limit", nopin->tx, MONEY_CNY);
    net_json_int(w, "count_day", nopin->count_day);
    net_json_end_object(w);
    net_json_end_object(w);
    return net_reply_json(x, 200);
}

// Reads a small file of the installation into the exchange. NULL: not there.
static const char *read_file(struct net_exchange *x, const char *path, size_t *out_size)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return NULL;
    char *text = arena_alloc(net_arena(x), 65536);
    *out_size = fread(text, 1, 65535, file);
    fclose(file);
    return text;
}

// spec/terms/<version>.<language>.json is the answer as it stands: texts are data of the operator.
static enum net_step get_terms(struct net_exchange *x)
{
    const struct api *api = api_of(x);
    size_t size = 0;
    const char *path = arena_format(net_arena(x), "%s/%s.%s.json", api->terms_folder,
                                    api->terms_version, net_english(x) ? "en" : "zh-CN");
    const char *text = read_file(x, path, &size);
    if (text == NULL)
        return net_reply_code(x, CODE_NOT_FOUND, CHARGED_NOT_INVOLVED);
    return net_reply(x, 200, "application/json", text, size);
}

static enum net_step get_livez(struct net_exchange *x)
{
    return net_reply(x, 200, "text/plain; charset=utf-8", "ok\n", 3);
}

// Ready: a snapshot can be read and the committer's queue moves.
static enum net_step get_readyz(struct net_exchange *x)
{
    struct api *api = api_of(x);
    struct db_committer_stats stats;
    int64_t seq;
    struct db *db = db_pool_take(api->pool);
    const enum code code = books_last_seq(&seq, db);
    db_pool_give(api->pool, db);
    db_committer_read_stats(api->committer, &stats);
    if (code == OK && stats.waiting < 4096)
        return net_reply(x, 200, "text/plain; charset=utf-8", "ok\n", 3);
    return net_reply(x, 503, "text/plain; charset=utf-8", "not ready\n", 10);
}

static const struct net_route ROUTES[] = {
    {"GET", "/api/v1/meta", "getMeta", get_meta, 0, 0, NULL},
    {"GET", "/api/v1/terms", "getTerms", get_terms, 0, 0, NULL},
    {"GET", "/livez", "getLivez", get_livez, NET_INLINE | NET_NO_LOG, 0, NULL},
    {"GET", "/readyz", "getReadyz", get_readyz, NET_NO_LOG, 0, NULL},
};
API_TABLE(API_META, ROUTES);

const struct net_route *api_admin_routes(size_t *out_count)
{
    static struct net_route all[8];
    static const struct net_route admin[] = {
        {"GET", "/livez", "adminLivez", get_livez, NET_INLINE | NET_NO_LOG, 0, NULL},
        {"GET", "/readyz", "adminReadyz", get_readyz, NET_NO_LOG, 0, NULL},
        {"GET", "/metrics", "getMetrics", api_get_metrics, NET_NO_LOG, 0, NULL},
    };
    const size_t own = sizeof admin / sizeof admin[0];
    memcpy(all, admin, sizeof admin);
    memcpy(all + own, API_REPORTS.routes, API_REPORTS.count * sizeof all[0]);
    *out_count = own + API_REPORTS.count;
    return all;
}
