// What a till and a shop's server ask: charges by pay code, orders shown as codes, the shop's own
// code.
#include "api/api.h"

#include <stdio.h>
#include <string.h>

enum {
    ROUTE_CHARGE = 10,
    ORDER_LIFE_S = 900,
    ORDER_LIFE_MAX_S = 7200,
    UNKNOWN_MAX = 20, // codes that nobody has, per till and minute: more is guessing
    UNKNOWN_WINDOW_S = 60
};

static void write_charge(struct net_json_writer *w, const char *key, struct net_exchange *x,
                         const struct pay_charge *charge)
{
    net_json_begin_object(w, key);
    net_json_id(w, "id", "txn", &charge->id);
    net_json_string(w, "state", books_state_name(charge->state));
    api_money(w, "amount", charge->amount, charge->currency);
    net_json_string(w, "order_text", charge->order_text);
    net_json_time(w, "created_at", charge->created_us);
    net_json_time(w, "expires_at", charge->expires_us);
    net_json_time(w, "finished_at", charge->finished_us);
    if (charge->refusal[0] != '\0')
        api_write_failure(w, "failure", error_by_slug(charge->refusal), NULL, net_english(x),
                          net_started_us(x));
    else
        net_json_null(w, "failure");
    net_json_end_object(w);
}

static enum net_step reply_charge(struct net_exchange *x, const struct pay_charge *charge,
                                  int status)
{
    struct net_json_writer *w = net_reply_writer(x);
    write_charge(w, NULL, x, charge);
    return net_reply_json(x, status);
}

// --- POST /merchant/charges ---

struct charging {
    struct pay_charge_request request;
    struct net_exchange *x;
};

static uint64_t guess_key(struct net_exchange *x, int64_t merchant)
{
    char who[32];
    snprintf(who, sizeof who, "%lld", (long long)merchant);
    return net_rate_key(api_of(x)->rate, "charge.unknown", who);
}

// False: 429. Only unknown codes use up the quota.
static bool may_guess(struct net_exchange *x, int64_t merchant)
{
    const int64_t wait_s = net_rate_wait(api_of(x)->rate, guess_key(x, merchant), UNKNOWN_MAX,
                                         UNKNOWN_WINDOW_S, net_started_us(x));
    if (wait_s == 0)
        return true;
    const struct problem problem = {
        .code = CODE_RATE_LIMITED, .charged = CHARGED_NO, .retry_after_s = wait_s};
    (void)net_reply_problem(x, &problem);
    return false;
}

static void render(struct pay_charge_request *request)
{
    struct net_exchange *x = ((struct charging *)request)->x;
    if (request->problem.code == OK)
        (void)reply_charge(x, &request->charge, 201);
    else
        (void)net_reply_problem(x, &request->problem);
    request->answer.status = net_reply_status(x);
    request->answer.body = net_reply_body(x, &request->answer.size);
}

static void done(struct db_change *change)
{
    struct pay_charge_request *request = (struct pay_charge_request *)change;
    struct net_exchange *x = ((struct charging *)request)->x;
    const bool lost = change->code == CODE_STORAGE_UNAVAILABLE || change->code == CODE_INTERNAL ||
                      change->code == CODE_RESULT_UNKNOWN;
    if (lost) {
        (void)api_refuse(x, change->code, NULL, CHARGED_UNKNOWN);
    } else if (request->repeated) {
        const int status = request->answer.status;
        (void)net_reply_header(x, "Idempotency-Hit", "true");
        (void)net_reply(x, status, status < 400 ? "application/json" : "application/problem+json",
                        request->answer.body, request->answer.size);
        mem_free((void *)(uintptr_t)request->answer.body);
    } else if (net_reply_status(x) == 0) {
        (void)api_refuse(x, change->code, &request->problem, CHARGED_NO);
    }
    if (change->code == CODE_CODE_UNKNOWN && !request->repeated)
        (void)net_rate_take(api_of(x)->rate, guess_key(x, request->merchant), UNKNOWN_MAX,
                            UNKNOWN_WINDOW_S, net_started_us(x), NULL);
    api_nudge_events(api_of(x));
    net_resume(x);
}

struct charge_body {
    const char *paycode, *order_text;
    struct net_json_money amount;
};
static const struct net_json_field CHARGE_FIELDS[] = {
    {"paycode", NET_JSON_TEXT, true, offsetof(struct charge_body, paycode), 8, 24, NULL, NULL, 0},
    {"amount", NET_JSON_MONEY, true, offsetof(struct charge_body, amount), 0, 0, NULL, NULL, 0},
    {"order_text", NET_JSON_LINE, false, offsetof(struct charge_body, order_text), 0,
     PAY_TEXT_MAX - 1, NULL, NULL, 0},
};

static enum net_step create_charge(struct net_exchange *x)
{
    struct party_merchant merchant;
    struct charge_body body = {.order_text = ""};
    struct charging *charging = arena_alloc(net_arena(x), sizeof *charging);
    struct pay_charge_request *request = &charging->request;
    charging->x = x;
    if (!api_merchant(x, &merchant) ||
        !api_request(x, &request->request, -merchant.id, ROUTE_CHARGE) ||
        !API_READ(x, &body, CHARGE_FIELDS) ||
        !api_amount_cny(x, &body.amount, &request->amount, "/amount") || !may_guess(x, merchant.id))
        return NET_DONE;
    const struct api *api = api_of(x);
    char amount[40];
    snprintf(amount, sizeof amount, "%s %s", body.amount.value, body.amount.currency);
    guard_request_field(&request->request, api->vault, "/paycode", body.paycode);
    guard_request_field(&request->request, api->vault, "/amount", amount);
    guard_request_field(&request->request, api->vault, "/order_text", body.order_text);
    request->change = (struct db_change){.run = pay_charge_run, .done = done};
    request->world = &api->pay;
    request->merchant = merchant.id;
    request->merchant_account = merchant.account_cny;
    request->digits = body.paycode;
    request->order_text = body.order_text;
    request->render = render;
    if (db_committer_submit(api->committer, &request->change))
        return NET_PARK;
    return api_refuse(x, CODE_BUSY, NULL, CHARGED_NO);
}

static enum net_step get_charge(struct net_exchange *x)
{
    struct party_merchant merchant;
    struct pay_charge charge;
    struct id id;
    if (!api_merchant(x, &merchant) || !api_id(x, "id", "txn", &id))
        return NET_DONE;
    struct db *db = api_take(x);
    enum code code = pay_charge_load(&charge, db, &id);
    api_give(x, db);
    if (code == OK && charge.merchant != merchant.id)
        code = CODE_NOT_FOUND;
    if (code != OK)
        return api_refuse(x, code, NULL, CHARGED_NOT_INVOLVED);
    return reply_charge(x, &charge, 200);
}

static enum code cancel_run(struct db *db, void *context, struct problem *problem)
{
    struct pay_charge_answer *answer = context;
    const enum code code = pay_charge_answer_run(db, &answer->change);
    *problem = answer->problem;
    return code;
}

static enum net_step cancel_charge(struct net_exchange *x)
{
    struct party_merchant merchant;
    struct pay_charge_answer answer = {.world = &api_of(x)->pay, .answer = PAY_CANCEL};
    if (!api_merchant(x, &merchant) || !api_id(x, "id", "txn", &answer.id) ||
        !api_read(x, NULL, NULL, 0))
        return NET_DONE;
    answer.merchant = merchant.id;
    struct api_change change = {.run = cancel_run, .context = &answer};
    const enum code code = api_change(x, &change);
    if (code != OK)
        return api_refuse(x, code, &change.problem, CHARGED_UNKNOWN);
    return reply_charge(x, &answer.charge, 200);
}

struct listing {
    struct net_exchange *x;
    struct net_json_writer *w;
};

static bool list_one(void *context, const struct pay_charge *charge)
{
    struct listing *listing = context;
    write_charge(listing->w, NULL, listing->x, charge);
    return true;
}

static enum net_step list_charges(struct net_exchange *x)
{
    struct party_merchant merchant;
    if (!api_merchant(x, &merchant))
        return NET_DONE;
    struct listing listing = {x, net_reply_writer(x)};
    net_json_begin_object(listing.w, NULL);
    net_json_begin_array(listing.w, "data");
    struct db *db = api_take(x);
    const enum code code = pay_charges_of_merchant(db, merchant.id, 50, list_one, &listing);
    api_give(x, db);
    net_json_end_array(listing.w);
    net_json_end_object(listing.w);
    return code == OK ? net_reply_json(x, 200) : api_refuse(x, code, NULL, CHARGED_NOT_INVOLVED);
}

// --- orders and codes ---

static const char *qr_text(struct net_exchange *x, const struct pay_token *token)
{
    char text[PAY_TOKEN_TEXT];
    pay_token_make(api_of(x)->vault, token, text);
    return arena_format(net_arena(x), "%s/q/%s", api_of(x)->public_url, text);
}

static enum net_step reply_order(struct net_exchange *x, const struct pay_order *order, int status)
{
    static const char *const states[] = {"", "open", "paid", "closed"};
    const bool expired = order->state == PAY_ORDER_OPEN && order->expires_us <= net_started_us(x);
    const struct pay_token token = {.kind = PAY_TOKEN_ORDER, .order = order->id};
    struct net_json_writer *w = net_reply_writer(x);
    net_json_begin_object(w, NULL);
    net_json_id(w, "id", "ord", &order->id);
    net_json_string(w, "state", states[expired ? PAY_ORDER_CLOSED : order->state]);
    api_money(w, "amount", order->amount, order->currency);
    net_json_string(w, "order_text", order->order_text);
    net_json_string(w, "qr_text", qr_text(x, &token));
    net_json_time(w, "created_at", order->created_us);
    net_json_time(w, "expires_at", order->expires_us);
    net_json_id(w, "paid_by", "txn", &order->paid_by);
    net_json_end_object(w);
    return net_reply_json(x, status);
}

struct ordering {
    struct pay_order in, out;
};

static enum code order_run(struct db *db, void *context, struct problem *problem)
{
    struct ordering *ordering = context;
    return pay_order_add(db, &ordering->in, &ordering->out, problem);
}

struct order_body {
    const char *order_text;
    struct net_json_money amount;
    int64_t expires_s;
};
static const struct net_json_field ORDER_FIELDS[] = {
    {"amount", NET_JSON_MONEY, true, offsetof(struct order_body, amount), 0, 0, NULL, NULL, 0},
    {"order_text", NET_JSON_LINE, false, offsetof(struct order_body, order_text), 0,
     PAY_TEXT_MAX - 1, NULL, NULL, 0},
    {"expires_s", NET_JSON_INT, false, offsetof(struct order_body, expires_s), 30, ORDER_LIFE_MAX_S,
     NULL, NULL, 0},
};

static enum net_step create_order(struct net_exchange *x)
{
    struct party_merchant merchant;
    struct guard_request request;
    struct order_body body = {.order_text = "", .expires_s = ORDER_LIFE_S};
    struct ordering ordering = {0};
    struct pay_order *order = &ordering.in;
    if (!api_merchant(x, &merchant) || !api_request(x, &request, -merchant.id, 0) ||
        !API_READ(x, &body, ORDER_FIELDS) ||
        !api_amount_cny(x, &body.amount, &order->amount, "/amount"))
        return NET_DONE;
    order->currency = MONEY_CNY;
    order->id = request.key;
    order->merchant = merchant.id;
    order->account = merchant.account_cny;
    order->created_us = net_started_us(x);
    order->expires_us = order->created_us + body.expires_s * INT64_C(1000000);
    (void)text_copy(order->order_text, sizeof order->order_text, body.order_text);
    struct api_change change = {.run = order_run, .context = &ordering};
    const enum code code = api_change(x, &change);
    if (code != OK)
        return api_refuse(x, code, &change.problem, CHARGED_NO);
    return reply_order(x, &ordering.out, 201);
}

static enum net_step get_order(struct net_exchange *x)
{
    struct party_merchant merchant;
    struct pay_order order;
    struct id id;
    if (!api_merchant(x, &merchant) || !api_id(x, "id", "ord", &id))
        return NET_DONE;
    struct db *db = api_take(x);
    enum code code = pay_order_load(&order, db, &id);
    api_give(x, db);
    if (code == OK && order.merchant != merchant.id)
        code = CODE_NOT_FOUND;
    if (code != OK)
        return api_refuse(x, code, NULL, CHARGED_NOT_INVOLVED);
    return reply_order(x, &order, 200);
}

static enum net_step get_merchant_code(struct net_exchange *x)
{
    struct party_merchant merchant;
    if (!api_merchant(x, &merchant))
        return NET_DONE;
    struct pay_token token = {.kind = PAY_TOKEN_MERCHANT};
    (void)text_copy(token.number, sizeof token.number, merchant.number);
    struct net_json_writer *w = net_reply_writer(x);
    net_json_begin_object(w, NULL);
    net_json_string(w, "qr_text", qr_text(x, &token));
    net_json_begin_object(w, "merchant");
    net_json_string(w, "id", merchant.number);
    net_json_string(w, "name",
                    net_english(x) && merchant.name_en[0] != '\0' ? merchant.name_en
                                                                  : merchant.name);
    net_json_end_object(w);
    net_json_end_object(w);
    return net_reply_json(x, 200);
}

static enum net_step get_qr_svg(struct net_exchange *x)
{
    const char *text = net_query(x, "text");
    struct buffer svg = {0};
    if (text == NULL || strlen(text) > 512 || !net_qr_svg(&svg, text)) {
        buffer_free(&svg);
        return net_reply_code(x, CODE_REQUEST_INVALID, CHARGED_NOT_INVOLVED);
    }
    (void)net_reply(x, 200, "image/svg+xml", svg.data, svg.size);
    buffer_free(&svg);
    return NET_DONE;
}

static const struct net_route ROUTES[] = {
    {"POST", "/api/v1/merchant/charges", "createCharge", create_charge, NET_ANY_ORIGIN, 0, NULL},
    {"GET", "/api/v1/merchant/charges/{id}", "getCharge", get_charge, 0, 0, NULL},
    {"POST", "/api/v1/merchant/charges/{id}/cancel", "cancelCharge", cancel_charge, NET_ANY_ORIGIN,
     0, NULL},
    {"POST", "/api/v1/merchant/orders", "createOrder", create_order, NET_ANY_ORIGIN, 0, NULL},
    {"GET", "/api/v1/merchant/orders/{id}", "getOrder", get_order, 0, 0, NULL},
    {"GET", "/api/v1/merchant/code", "getMerchantCode", get_merchant_code, 0, 0, NULL},
    {"GET", "/api/v1/merchant/operations", "listMerchantOperations", list_charges, 0, 0, NULL},
    {"GET", "/api/v1/qr.svg", "getQrSvg", get_qr_svg, 0, 0, NULL},
};
API_TABLE(API_MERCHANTS, ROUTES);
