// Top-up and withdrawal: the order is stored, the worker speaks to the bank, the answer comes as an
// event.
#include "api/api.h"

#include <stdio.h>

enum { ROUTE_TOPUP = 21, ROUTE_WITHDRAWAL = 22 };

struct order {
    const struct api *api;
    struct guard_request request;
    struct funds_request in;
    bool topup;
    struct books_result result;
    struct party_session session;
    struct net_exchange *x;
    bool repeated;
    struct guard_answer answer;
};

// The answer is rendered from the rows of this transaction and stored with them.
static enum code render(struct db *db, struct order *order)
{
    struct activity_operation operation;
    struct net_exchange *x = order->x;
    const int64_t account = order->session.account_cny;
    GUARD(activity_operation(&operation, db, &order->api->activity, net_arena(x), &account, 1,
                             &order->in.id));
    api_write_operation(net_reply_writer(x), NULL, &operation, false, net_english(x));
    (void)net_reply_json(x, 202);
    return OK;
}

static enum code store(struct db *db, struct order *order)
{
    struct net_exchange *x = order->x;
    struct guard_answer answer = {.status = net_reply_status(x)};
    const struct guard_request *request = &order->request;
    answer.body = net_reply_body(x, &answer.size);
    return guard_idempotency_add_many(db, net_arena(x), &request, &answer, 1, net_started_us(x));
}

static enum code order_run(struct db *db, void *context, struct problem *problem)
{
    struct order *order = context;
    const struct funds *funds = &order->api->funds;
    const enum code known =
        guard_idempotency_find(&order->answer, db, net_arena(order->x), &order->request, problem);
    order->repeated = known == OK;
    ENSURE(known == CODE_NOT_FOUND, known);
    const enum code code = order->topup
                               ? funds_topup(&order->result, db, funds, &order->in, problem)
                               : funds_withdraw(&order->result, db, funds, &order->in, problem);
    ENSURE(code != CODE_STORAGE_UNAVAILABLE && code != CODE_INTERNAL, code);
    // A closed bank is no answer for ever: the same request may be sent again when it is open.
    ENSURE(code != CODE_BANK_MAINTENANCE, code);
    if (code == OK)
        GUARD(render(db, order));
    else
        (void)api_refuse(order->x, code, problem, CHARGED_NO);
    GUARD(store(db, order));
    return code;
}

struct order_body {
    const char *card_id, *pin;
    struct net_json_money amount;
};
static const struct net_json_field ORDER_FIELDS[] = {
    {"card_id", NET_JSON_TEXT, true, offsetof(struct order_body, card_id), 1, 40, NULL, NULL, 0},
    {"amount", NET_JSON_MONEY, true, offsetof(struct order_body, amount), 0, 0, NULL, NULL, 0},
    {"pin", NET_JSON_TEXT, true, offsetof(struct order_body, pin), 6, 6, NULL, NULL, 0},
};

static enum net_step finish(struct net_exchange *x, const struct order *order, enum code code,
                            struct problem *problem)
{
    if (order->repeated) {
        const int status = order->answer.status;
        (void)net_reply_header(x, "Idempotency-Hit", "true");
        return net_reply(x, status, status < 400 ? "application/json" : "application/problem+json",
                         order->answer.body, order->answer.size);
    }
    return code == OK ? NET_DONE : api_refuse(x, code, problem, CHARGED_NO);
}

static enum net_step create(struct net_exchange *x, bool topup)
{
    struct order_body body = {0};
    struct problem problem = {0};
    struct order order = {.api = api_of(x), .topup = topup, .x = x};
    enum money_currency currency;
    if (!api_session(x, &order.session) ||
        !api_request(x, &order.request, order.session.person,
                     topup ? ROUTE_TOPUP : ROUTE_WITHDRAWAL) ||
        !API_READ(x, &body, ORDER_FIELDS) ||
        !api_amount(x, &body.amount, &order.in.amount, &currency, "/amount"))
        return NET_DONE;
    if (currency != MONEY_CNY || !id_parse(&order.in.card, "crd", body.card_id))
        return net_reply_code(x, CODE_CARD_NOT_USABLE, CHARGED_NO);
    char amount[48];
    snprintf(amount, sizeof amount, "%s %s", body.amount.value, body.amount.currency);
    guard_request_field(&order.request, order.api->vault, "/card_id", body.card_id);
    guard_request_field(&order.request, order.api->vault, "/amount", amount);
    order.in.id = order.request.key;
    order.in.person = order.session.person;
    struct db *db = api_take(x);
    enum code code =
        guard_idempotency_find(&order.answer, db, net_arena(x), &order.request, &problem);
    api_give(x, db);
    order.repeated = code == OK;
    if (code != CODE_NOT_FOUND)
        return finish(x, &order, code, &problem);
    code = guard_pin_check(&order.api->gate, order.session.person, body.pin, &problem);
    if (code != OK)
        return api_refuse(x, code, &problem, CHARGED_NO);
    struct api_change change = {.run = order_run, .context = &order, .keep_refusals = true};
    code = api_change(x, &change);
    return finish(x, &order, code, &change.problem);
}

static enum net_step create_topup(struct net_exchange *x)
{
    return create(x, true);
}

static enum net_step create_withdrawal(struct net_exchange *x)
{
    return create(x, false);
}

static const struct net_route ROUTES[] = {
    {"POST", "/api/v1/topups", "createTopUp", create_topup, 0, 0, NULL},
    {"POST", "/api/v1/withdrawals", "createWithdrawal", create_withdrawal, 0, 0, NULL},
};
API_TABLE(API_FUNDS, ROUTES);
