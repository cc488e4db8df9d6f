// Pay codes, scanned texts, receive codes, and operations as their owner sees them.
#include "api/api.h"

#include <stdio.h>
#include <string.h>

// --- POST /paycodes, DELETE /paycodes/current ---

struct renewal {
    struct net_exchange *x;
    struct party_session session;
    bool automatic;
    struct pay_code code;
};

static enum code renew_run(struct db *db, void *context, struct problem *problem)
{
    struct renewal *renewal = context;
    const struct pay_world *world = &api_of(renewal->x)->pay;
    struct books_account account;
    GUARD(books_read_account(&account, db, renewal->session.account_cny));
    if ((account.ledger.flags & LEDGER_FROZEN_OUT) != 0)
        return problem_set(problem, CODE_WALLET_FROZEN, CHARGED_NOT_INVOLVED);
    return pay_code_new(&renewal->code, db, world, renewal->session.person,
                        renewal->session.account_cny, renewal->automatic);
}

static enum net_step write_code(struct net_exchange *x, const struct renewal *renewal)
{
    const struct api *api = api_of(x);
    const int64_t now_us = net_started_us(x);
    const struct pay_code *code = &renewal->code;
    struct guard_wallet wallet = {0};
    struct db *db = api_take(x);
    (void)guard_wallet_load(&wallet, db, renewal->session.account_cny);
    api_give(x, db);
    const struct guard_nopin_limits *nopin =
        guard_nopin_limits(api->profiles, time_business_date(now_us), NULL);
    struct net_json_writer *w = net_reply_writer(x);
    net_json_begin_object(w, NULL);
    net_json_string(w, "digits", code->digits);
    net_json_time(w, "expires_at", code->expires_us);
    net_json_time(w, "renew_at", code->expires_us - code->renew_before_s * INT64_C(1000000));
    net_json_int(w, "life_s", code->life_s);
    net_json_time(w, "server_time", now_us);
    net_json_begin_object(w, "nopin");
    net_json_bool(w, "enabled", wallet.nopin);
    api_money(w, "limit", nopin->tx, MONEY_CNY);
    net_json_int(w, "left_today", guard_nopin_left(&wallet, api->profiles, now_us));
    net_json_end_object(w);
    net_json_end_object(w);
    return net_reply_json(x, 201);
}

struct renew_body {
    bool automatic;
};
static const struct net_json_field RENEW_FIELDS[] = {
    {"automatic", NET_JSON_BOOL, false, offsetof(struct renew_body, automatic), 0, 0, NULL, NULL,
     0},
};

static enum net_step renew_paycode(struct net_exchange *x)
{
    struct renewal renewal = {.x = x};
    struct renew_body body = {0};
    if (!api_session(x, &renewal.session) || !API_READ(x, &body, RENEW_FIELDS))
        return NET_DONE;
    renewal.automatic = body.automatic;
    struct api_change change = {.run = renew_run, .context = &renewal};
    const enum code code = api_change(x, &change);
    if (code != OK)
        return api_refuse(x, code, &change.problem, CHARGED_NOT_INVOLVED);
    return write_code(x, &renewal);
}

static enum code void_run(struct db *db, void *context, struct problem *problem)
{
    (void)problem;
    return pay_codes_void(db, *(const int64_t *)context);
}

static enum net_step void_paycode(struct net_exchange *x)
{
    struct party_session session;
    if (!api_session(x, &session))
        return NET_DONE;
    struct api_change change = {.run = void_run, .context = &session.person};
    const enum code code = api_change(x, &change);
    if (code != OK)
        return api_refuse(x, code, NULL, CHARGED_NOT_INVOLVED);
    return net_reply_empty(x, 204);
}

// --- POST /scan ---

static const char *const SCAN_KINDS[] = {[PAY_SCAN_MERCHANT] = "merchant_static",
                                         [PAY_SCAN_ORDER] = "merchant_order",
                                         [PAY_SCAN_RECEIVE] = "receive",
                                         [PAY_SCAN_PAYCODE] = "paycode",
                                         [PAY_SCAN_FOREIGN] = "foreign",
                                         [PAY_SCAN_CARD] = "card",
                                         [PAY_SCAN_URL] = "url",
                                         [PAY_SCAN_TEXT] = "text"};

static void write_shop(struct net_json_writer *w, const struct party_merchant *shop, bool english)
{
    net_json_begin_object(w, "merchant");
    net_json_string(w, "id", shop->number);
    net_json_string(w, "name", english && shop->name_en[0] != '\0' ? shop->name_en : shop->name);
    net_json_bool(w, "verified", shop->verified);
    net_json_end_object(w);
}

static enum code write_order(struct net_json_writer *w, struct net_exchange *x, struct db *db,
                             const struct id *id)
{
    struct pay_order order;
    struct party_merchant shop;
    const enum code code = pay_order_load(&order, db, id);
    ENSURE(code != CODE_NOT_FOUND, CODE_QR_INVALID);
    GUARD(code);
    ENSURE(order.state != PAY_ORDER_PAID, CODE_ORDER_PAID);
    ENSURE(order.state == PAY_ORDER_OPEN && order.expires_us > net_started_us(x),
           CODE_ORDER_CLOSED);
    GUARD(party_merchant_load(db, order.merchant, &shop));
    write_shop(w, &shop, net_english(x));
    api_money(w, "amount", order.amount, order.currency);
    net_json_string(w, "order_text", order.order_text);
    net_json_time(w, "expires_at", order.expires_us);
    return OK;
}

static enum code write_receiver(struct net_json_writer *w, struct net_exchange *x, struct db *db,
                                const struct pay_token *token)
{
    struct party_person person;
    char masked[PARTY_NAME_MAX];
    int64_t id;
    GUARD(party_find_by_wallet_number(db, token->number, &id));
    GUARD(party_person_load(db, api_of(x)->vault, id, &person));
    net_json_begin_object(w, "payee");
    party_mask_name(masked, person.name);
    net_json_string(w, "name_masked", masked);
    party_mask_phone(masked, person.phone);
    net_json_string(w, "phone_masked", masked);
    net_json_string(w, "wallet_number", token->number);
    net_json_end_object(w);
    if (token->amount > 0)
        api_money(w, "amount", token->amount, MONEY_CNY);
    return OK;
}

static enum code write_own(struct net_json_writer *w, struct net_exchange *x, struct db *db,
                           const struct pay_scan *scan)
{
    struct party_merchant shop;
    net_json_string(w, "token", scan->token_text);
    if (scan->kind == PAY_SCAN_ORDER)
        return write_order(w, x, db, &scan->token.order);
    if (scan->kind == PAY_SCAN_RECEIVE)
        return write_receiver(w, x, db, &scan->token);
    const enum code code = party_merchant_by_number(db, scan->token.number, &shop);
    ENSURE(code != CODE_NOT_FOUND, CODE_QR_INVALID);
    GUARD(code);
    write_shop(w, &shop, net_english(x));
    return OK;
}

struct scan_body {
    const char *text;
};
static const struct net_json_field SCAN_FIELDS[] = {
    {"text", NET_JSON_TEXT, true, offsetof(struct scan_body, text), 1, 1024, NULL, NULL, 0},
};

static enum net_step resolve_scan(struct net_exchange *x)
{
    struct party_session session;
    struct scan_body body = {0};
    struct pay_scan scan;
    if (!api_session(x, &session) || !API_READ(x, &body, SCAN_FIELDS))
        return NET_DONE;
    const struct api *api = api_of(x);
    enum code code = pay_scan_read(&scan, &api->pay, api->public_url, body.text);
    if (code != OK)
        return api_refuse(x, code, NULL, CHARGED_NO);
    struct net_json_writer *w = net_reply_writer(x);
    net_json_begin_object(w, NULL);
    net_json_string(w, "kind", SCAN_KINDS[scan.kind]);
    if (scan.issuer != NULL)
        net_json_string(w, "issuer", scan.issuer);
    if (scan.kind == PAY_SCAN_URL)
        net_json_string(w, "host", scan.host);
    if (scan.kind <= PAY_SCAN_RECEIVE) {
        struct db *db = api_take(x);
        code = write_own(w, x, db, &scan);
        api_give(x, db);
    }
    net_json_end_object(w);
    return code == OK ? net_reply_json(x, 200) : api_refuse(x, code, NULL, CHARGED_NO);
}

// --- GET /receive-code ---

static enum net_step get_receive_code(struct net_exchange *x)
{
    struct party_session session;
    if (!api_session(x, &session))
        return NET_DONE;
    struct api *api = api_of(x);
    struct pay_token token = {.kind = PAY_TOKEN_RECEIVE};
    const char *amount = net_query(x, "amount");
    if (amount != NULL && (money_parse(&token.amount, MONEY_CNY, amount) != MONEY_OK ||
                           !money_amount_valid(token.amount))) {
        struct problem problem = {.code = CODE_AMOUNT_INVALID, .max = INT64_C(100000000000)};
        return net_reply_problem(x, &problem);
    }
    struct party_person person;
    struct db *db = api_take(x);
    const enum code code = party_person_load(db, api->vault, session.person, &person);
    api_give(x, db);
    if (code != OK)
        return api_refuse(x, code, NULL, CHARGED_NOT_INVOLVED);
    char text[PAY_TOKEN_TEXT], name[PARTY_NAME_MAX];
    (void)text_copy(token.number, sizeof token.number, person.wallet.number);
    pay_token_make(api->vault, &token, text);
    party_mask_name(name, person.name);
    struct net_json_writer *w = net_reply_writer(x);
    net_json_begin_object(w, NULL);
    net_json_string(w, "text", arena_format(net_arena(x), "%s/q/%s", api->public_url, text));
    net_json_string(w, "name_masked", name);
    net_json_end_object(w);
    return net_reply_json(x, 200);
}

// --- operations ---

static enum net_step reply_operation(struct net_exchange *x, const struct party_session *session,
                                     const struct id *id)
{
    const struct api *api = api_of(x);
    const int64_t accounts[] = {session->account_cny, session->account_usd};
    struct activity_operation operation;
    struct db *db = api_take(x);
    const enum code code =
        activity_operation(&operation, db, &api->activity, net_arena(x), accounts, 2, id);
    api_give(x, db);
    if (code != OK)
        return api_refuse(x, code, NULL, CHARGED_NOT_INVOLVED);
    struct net_json_writer *w = net_reply_writer(x);
    api_write_operation(w, NULL, &operation, false, net_english(x));
    return net_reply_json(x, 200);
}

static enum net_step get_operation(struct net_exchange *x)
{
    struct party_session session;
    struct id id;
    if (!api_session_quiet(x, &session) || !api_id(x, "id", "txn", &id))
        return NET_DONE;
    return reply_operation(x, &session, &id);
}

static enum code answer_run(struct db *db, void *context, struct problem *problem)
{
    struct pay_charge_answer *answer = context;
    const enum code code = pay_charge_answer_run(db, &answer->change);
    *problem = answer->problem;
    return code;
}

static enum net_step answer_charge(struct net_exchange *x, const struct party_session *session,
                                   const struct id *id, enum pay_answer what)
{
    struct pay_charge_answer answer = {
        .world = &api_of(x)->pay, .id = *id, .answer = what, .person = session->person};
    struct api_change change = {.run = answer_run, .context = &answer};
    const enum code code = api_change(x, &change);
    if (code != OK)
        return api_refuse(x, code, &change.problem, CHARGED_NO);
    return reply_operation(x, session, id);
}

struct pin_body {
    const char *pin;
};
static const struct net_json_field PIN_FIELDS[] = {
    {"pin", NET_JSON_TEXT, true, offsetof(struct pin_body, pin), 6, 6, NULL, NULL, 0},
};

static enum net_step confirm_charge(struct net_exchange *x)
{
    struct party_session session;
    struct pin_body body = {0};
    struct problem problem = {0};
    struct id id;
    if (!api_session(x, &session) || !api_id(x, "id", "txn", &id) ||
        !API_READ(x, &body, PIN_FIELDS))
        return NET_DONE;
    const enum code code = guard_pin_check(&api_of(x)->gate, session.person, body.pin, &problem);
    if (code != OK)
        return api_refuse(x, code, &problem, CHARGED_NO);
    return answer_charge(x, &session, &id, PAY_CONFIRM);
}

static enum net_step decline_charge(struct net_exchange *x)
{
    struct party_session session;
    struct id id;
    if (!api_session(x, &session) || !api_id(x, "id", "txn", &id) || !api_read(x, NULL, NULL, 0))
        return NET_DONE;
    return answer_charge(x, &session, &id, PAY_DECLINE);
}

static const struct net_route ROUTES[] = {
    {"POST", "/api/v1/paycodes", "renewPaycode", renew_paycode, 0, 0, NULL},
    {"DELETE", "/api/v1/paycodes/current", "voidPaycode", void_paycode, 0, 0, NULL},
    {"POST", "/api/v1/scan", "resolveScan", resolve_scan, 0, 0, NULL},
    {"GET", "/api/v1/receive-code", "getReceiveCode", get_receive_code, 0, 0, NULL},
    {"GET", "/api/v1/operations/{id}", "getOperation", get_operation, 0, 0, NULL},
    {"POST", "/api/v1/operations/{id}/confirm", "confirmCharge", confirm_charge, 0, 0, NULL},
    {"POST", "/api/v1/operations/{id}/decline", "declineCharge", decline_charge, 0, 0, NULL},
};
API_TABLE(API_PAYCODES, ROUTES);
