// The shared phases of all endpoints.
#include "api/api.h"
#include "api/api_maintenance.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

// --- AUTH ---

static bool find_session(struct net_exchange *x, bool use, struct party_session *out,
                         enum code *out_code)
{
    struct api *api = api_of(x);
    const char *token = net_cookie(x, API_SESSION_COOKIE);
    *out_code = CODE_LOGIN_REQUIRED;
    if (token == NULL)
        return false;
    const int64_t now_us = net_started_us(x);
    *out_code = party_session_peek(api->cache, api->vault, token, now_us, use, out);
    if (*out_code == CODE_NOT_FOUND) {
        struct db *db = db_pool_take(api->pool);
        *out_code = party_session_find(api->cache, db, api->vault, token, now_us, use, out);
        db_pool_give(api->pool, db);
    }
    return *out_code == OK;
}

// --- keeping the stored last use of a session fresh ---

struct touch {
    struct db_change change;
    struct id session;
    int64_t now_us;
};

static enum code touch_run(struct db *db, struct db_change **changes, size_t count)
{
    struct id *sessions = mem_alloc(count * sizeof *sessions);
    int64_t *used_us = mem_alloc(count * sizeof *used_us);
    for (size_t i = 0; i < count; i++) {
        const struct touch *touch = (const struct touch *)changes[i];
        sessions[i] = touch->session;
        used_us[i] = touch->now_us;
        changes[i]->code = OK;
    }
    const enum code code = party_sessions_touch(db, sessions, used_us, count);
    mem_free(sessions);
    mem_free(used_us);
    return code;
}

static void touch_done(struct db_change *change)
{
    mem_free(change);
}

static void touch_session(struct net_exchange *x, const struct party_session *session)
{
    struct touch *touch = mem_alloc(sizeof *touch);
    *touch = (struct touch){
        {.run_group = touch_run, .done = touch_done}, session->id, net_started_us(x)};
    if (!db_committer_submit(api_of(x)->committer, &touch->change))
        mem_free(touch);
}

bool api_session_peek(struct net_exchange *x, struct party_session *out)
{
    enum code code;
    return find_session(x, false, out, &code);
}

void api_sessions_ended(struct api *api, int64_t person)
{
    party_cache_forget_person(api->cache, person, env_now(api->env));
    struct net_server *server = api->server;
    if (server != NULL)
        net_stream_close(server, person);
}

bool api_session_quiet(struct net_exchange *x, struct party_session *out)
{
    enum code code;
    if (find_session(x, false, out, &code))
        return true;
    (void)net_reply_code(x, code, CHARGED_NOT_INVOLVED);
    return false;
}

bool api_session(struct net_exchange *x, struct party_session *out)
{
    enum code code;
    if (!find_session(x, true, out, &code)) {
        (void)net_reply_code(x, code, CHARGED_NOT_INVOLVED);
        return false;
    }
    if (!api_service_open(x))
        return false;
    if (out->touch_due)
        touch_session(x, out);
    return true;
}

bool api_merchant(struct net_exchange *x, struct party_merchant *out)
{
    struct api *api = api_of(x);
    const char *header = net_header(x, "Authorization");
    enum code code = CODE_MERCHANT_KEY_INVALID;
    if (header != NULL && text_starts_with(header, "Bearer ")) {
        const char *key = header + strlen("Bearer ");
        code = party_merchant_peek(api->cache, api->vault, key, net_started_us(x), out);
        if (code == CODE_NOT_FOUND) {
            struct db *db = db_pool_take(api->pool);
            code = party_merchant_find(api->cache, db, api->vault, key, net_started_us(x), out);
            db_pool_give(api->pool, db);
        }
    }
    if (code == OK)
        return true;
    (void)net_reply_code(x, code, CHARGED_NOT_INVOLVED);
    return false;
}

void api_cookie(struct net_exchange *x, const char *name, const char *token, int64_t max_age_s)
{
    char value[256];
    snprintf(value, sizeof value, "%s=%s; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=%lld",
             name, token != NULL ? token : "", (long long)(token != NULL ? max_age_s : 0));
    (void)net_reply_header(x, "Set-Cookie", value);
}

void api_device_token(struct net_exchange *x, char out[VAULT_TOKEN_TEXT])
{
    const char *token = net_cookie(x, API_DEVICE_COOKIE);
    if (token != NULL && strlen(token) == VAULT_TOKEN_TEXT - 1)
        (void)text_copy(out, VAULT_TOKEN_TEXT, token);
    else
        vault_token_new(api_of(x)->vault, out);
    api_cookie(x, API_DEVICE_COOKIE, out, INT64_C(31536000));
}

struct guard_locker api_locker(const struct api *api)
{
    return (struct guard_locker){api->profiles, api->vault, api->env};
}

// --- PARSE ---

bool api_read(struct net_exchange *x, void *out, const struct net_json_field *fields,
              size_t field_count)
{
    struct problem problem = {0};
    const enum code code = net_read_json(x, out, fields, field_count, &problem);
    if (code == OK)
        return true;
    if (problem.code == OK)
        problem.code = code;
    (void)net_reply_problem(x, &problem);
    return false;
}

bool api_request(struct net_exchange *x, struct guard_request *out, int64_t actor, int32_t route)
{
    const char *key = net_header(x, "Idempotency-Key");
    *out = (struct guard_request){.actor = actor, .route = route};
    if (key == NULL) {
        (void)net_reply_code(x, CODE_IDEMPOTENCY_MISSING, CHARGED_NO);
        return false;
    }
    // Only UUIDs in version 7: a key that another client could make as well would mix two payments.
    if (id_parse(&out->key, "txn", key) && (out->key.bytes[6] & 0xF0) == 0x70)
        return true;
    struct problem problem = {.code = CODE_REQUEST_INVALID, .charged = CHARGED_NO};
    (void)problem_field(&problem, "Idempotency-Key", CODE_REQUEST_INVALID, "uuid-version-7");
    (void)net_reply_problem(x, &problem);
    return false;
}

static bool refuse_amount(struct net_exchange *x, const char *pointer, const char *reason)
{
    struct problem problem = {
        .code = CODE_AMOUNT_INVALID, .charged = CHARGED_NO, .max = INT64_C(100000000000)};
    (void)problem_field(&problem, pointer, CODE_AMOUNT_INVALID, reason);
    (void)net_reply_problem(x, &problem);
    return false;
}

bool api_amount(struct net_exchange *x, const struct net_json_money *money, int64_t *out_amount,
                enum money_currency *out_currency, const char *pointer)
{
    const enum money_currency currency = money_currency_parse(money->currency);
    if (currency == MONEY_NONE || money_parse(out_amount, currency, money->value) != MONEY_OK ||
        !money_amount_valid(*out_amount))
        return refuse_amount(x, pointer, "amount");
    *out_currency = currency;
    return true;
}

bool api_amount_cny(struct net_exchange *x, const struct net_json_money *money, int64_t *out_amount,
                    const char *pointer)
{
    enum money_currency currency;
    if (!api_amount(x, money, out_amount, &currency, pointer))
        return false;
    return currency == MONEY_CNY || refuse_amount(x, pointer, "currency");
}

bool api_id(struct net_exchange *x, const char *parameter, const char *prefix, struct id *out)
{
    const char *text = net_param(x, parameter);
    if (text != NULL && id_parse(out, prefix, text))
        return true;
    (void)net_reply_code(x, CODE_NOT_FOUND, CHARGED_NOT_INVOLVED);
    return false;
}

bool api_rate(struct net_exchange *x, const char *scope, const char *value, int64_t quota,
              int64_t window_s)
{
    struct api *api = api_of(x);
    const uint64_t key = net_rate_key(api->rate, scope, value);
    const int64_t wait_s = net_rate_take(api->rate, key, quota, window_s, net_started_us(x), NULL);
    if (wait_s == 0)
        return true;
    const struct problem problem = {.code = CODE_RATE_LIMITED, .retry_after_s = wait_s};
    (void)net_reply_problem(x, &problem);
    return false;
}

// --- RUN ---

struct db *api_take(struct net_exchange *x)
{
    return db_pool_take(api_of(x)->pool);
}

void api_give(struct net_exchange *x, struct db *db)
{
    db_pool_give(api_of(x)->pool, db);
}

static enum code change_run(struct db *db, struct db_change *inner)
{
    struct api_change *change = (struct api_change *)inner;
    change->problem = (struct problem){0};
    const enum code code = change->run(db, change->context, &change->problem);
    inner->keep =
        change->keep_refusals && code != CODE_STORAGE_UNAVAILABLE && code != CODE_INTERNAL;
    return code;
}

enum code api_change(struct net_exchange *x, struct api_change *change)
{
    change->change = (struct db_change){.run = change_run};
    const enum code code = db_committer_run(api_of(x)->committer, &change->change);
    if (code == OK)
        api_nudge(api_of(x));
    return code;
}

void api_nudge_events(struct api *api)
{
    struct api_tail *tail = api->tail;
    if (tail != NULL)
        api_tail_nudge(tail);
}

void api_nudge(struct api *api)
{
    api_nudge_events(api);
    if (api->nudge != NULL)
        api->nudge(api->jobs);
}

bool api_hashing_begin(struct net_exchange *x)
{
    struct api *api = api_of(x);
    if (atomic_fetch_add(&api->hashing, 1) < API_HASHING_MAX)
        return true;
    atomic_fetch_sub(&api->hashing, 1);
    (void)api_refuse(x, CODE_BUSY, NULL, CHARGED_NOT_INVOLVED);
    return false;
}

void api_hashing_end(struct net_exchange *x)
{
    atomic_fetch_sub(&api_of(x)->hashing, 1);
}

// --- REPLY ---

// "Not charged" may be said only when it is known: after a failed or lost commit it is not.
static enum charged what_is_known(enum code code, enum charged charged)
{
    const bool lost =
        code == CODE_RESULT_UNKNOWN || code == CODE_STORAGE_UNAVAILABLE || code == CODE_INTERNAL;
    return lost && charged == CHARGED_NO ? CHARGED_UNKNOWN : charged;
}

enum net_step api_refuse(struct net_exchange *x, enum code code, struct problem *problem,
                         enum charged charged)
{
    struct problem bare = {.code = code, .charged = what_is_known(code, charged)};
    if (problem == NULL || problem->code != code)
        problem = &bare;
    if (problem->charged == CHARGED_NOT_INVOLVED)
        problem->charged = bare.charged;
    if (code == CODE_BUSY && problem->retry_after_s == 0)
        problem->retry_after_s = 1;
    return net_reply_problem(x, problem);
}

void api_money(struct net_json_writer *w, const char *key, int64_t amount,
               enum money_currency currency)
{
    const struct money_currency_info *info = money_currency(currency);
    net_json_money(w, key, amount, info != NULL ? info->exponent : 2,
                   info != NULL ? info->code : "CNY");
}

// --- routes ---

enum { ROUTES_MAX = 320 };

const struct net_route *api_routes(size_t *out_count)
{
    static struct net_route all[ROUTES_MAX];
    static size_t count;
    const struct api_table *const tables[] = {&API_META,
                                              &API_APPLICATIONS,
                                              &API_SESSIONS,
                                              &API_ME,
                                              &API_MESSAGES,
                                              &API_CARDS,
                                              &API_FUNDS,
                                              &API_PAYMENTS,
                                              &API_PAYCODES,
                                              &API_MERCHANTS,
                                              &API_BILLS,
                                              &API_EVENTS,
                                              &API_CODES,
                                              &API_TROUBLE,
                                              &API_HANDOVER,
                                              &API_MAINTENANCE,
                                              &API_DIAGNOSIS,
                                              &API_OPENING,
                                              &API_PHOTOS,
                                              &API_LOCKS,
                                              &API_CONSOLE_SESSION,
                                              &API_CONSOLE_CASES,
                                              &API_CONSOLE_APPROVALS,
                                              &API_CONSOLE_ADMIN,
                                              &API_RESETS,
                                              &API_FACTORS,
                                              &API_SANDBOX};
    if (count == 0)
        for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++)
            for (size_t j = 0; j < tables[i]->count && count < ROUTES_MAX; j++)
                all[count++] = tables[i]->routes[j];
    *out_count = count;
    return all;
}

// They stand last in the table (api_routes).
const struct net_route *api_production_routes(size_t *out_count)
{
    const struct net_route *all = api_routes(out_count);
    *out_count -= API_SANDBOX.count;
    return all;
}
