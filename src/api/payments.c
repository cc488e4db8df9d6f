// Paying: a shop's code, a person, and what a scanned text is.
// The payment itself is the hot path: without a PIN it is parsed, authorised and handed to the
// committer on the I/O thread.
#include "api/api.h"

#include <stdio.h>
#include <string.h>

enum { ROUTE_PAYMENT = 1, ROUTE_TRANSFER = 2 };

// --- one payment on its way ---

struct paying {
    struct pay_money money;
    struct net_exchange *x;
    const char *name, *name_en; // of the counterparty
    enum activity_party_kind counterparty;
    const char *counterparty_detail;
};

static void write_operation(struct paying *paying)
{
    struct pay_money *money = &paying->money;
    struct activity_operation operation = {
        .seq = money->seq,
        .id = money->request.key,
        .kind = money->kind,
        .state = BOOKS_SUCCEEDED,
        .out = true,
        .amount = money->amount,
        .currency = money->currency,
        .counterparty = {paying->counterparty, paying->name, paying->name_en,
                         paying->counterparty_detail},
        .source = {false, "余额", "Balance"},
        .memo = money->memo,
        .method = "",
        .created_us = money->at_us,
        .done_us = money->at_us,
        .has_balance_after = true,
        .balance_after = money->balance_after,
        .timeline = {{BOOKS_SUCCEEDED, money->at_us}},
        .timeline_count = 1,
    };
    char method[32];
    if (activity_detail_get(money->detail, "method", method, sizeof method))
        operation.method = method;
    activity_order_number(operation.order_number, money->seq, money->at_us);
    struct net_json_writer *w = net_reply_writer(paying->x);
    api_write_operation(w, NULL, &operation, false, net_english(paying->x));
    (void)net_reply_json(paying->x, 201);
}

// On the committer's thread, before the commit: the answer that is stored is the answer that is
// sent.
static void render(struct pay_money *money)
{
    struct paying *paying = (struct paying *)money;
    if (money->change.code == OK)
        write_operation(paying);
    else
        (void)api_refuse(paying->x, money->change.code, &money->problem, CHARGED_NO);
    money->answer.status = net_reply_status(paying->x);
    money->answer.body = net_reply_body(paying->x, &money->answer.size);
}

static void done(struct db_change *change)
{
    struct paying *paying = (struct paying *)change;
    struct pay_money *money = &paying->money;
    struct net_exchange *x = paying->x;
    const bool lost = change->code == CODE_STORAGE_UNAVAILABLE || change->code == CODE_INTERNAL ||
                      change->code == CODE_RESULT_UNKNOWN;
    if (lost) {
        (void)api_refuse(x, change->code, NULL, CHARGED_UNKNOWN);
    } else if (money->repeated) {
        const char *type =
            money->answer.status < 400 ? "application/json" : "application/problem+json";
        (void)net_reply_header(x, "Idempotency-Hit", "true");
        (void)net_reply(x, money->answer.status, type, money->answer.body, money->answer.size);
        mem_free((void *)(uintptr_t)money->answer.body);
    } else if (change->code == OK) {
        api_nudge_events(api_of(x));
    }
    net_resume(x);
}

static enum net_step submit(struct paying *paying)
{
    struct net_exchange *x = paying->x;
    paying->money.change = (struct db_change){.run_group = pay_money_run, .done = done};
    paying->money.world = &api_of(x)->pay;
    paying->money.render = render;
    if (db_committer_submit(api_of(x)->committer, &paying->money.change))
        return NET_PARK;
    return api_refuse(x, CODE_BUSY, NULL, CHARGED_NO);
}

static void add_amount_field(struct guard_request *request, const struct vault *vault,
                             const struct net_json_money *amount)
{
    char text[40];
    snprintf(text, sizeof text, "%s %s", amount->value, amount->currency);
    guard_request_field(request, vault, "/amount", text);
}

// A PIN is checked before anything else happens; a repetition of a finished request costs no try.
static bool check_pin(struct paying *paying, const struct party_session *session, const char *pin)
{
    struct net_exchange *x = paying->x;
    struct api *api = api_of(x);
    struct problem problem = {0};
    bool known = false;
    struct db *db = api_take(x);
    enum code code = guard_idempotency_known(&known, db, net_arena(x), &paying->money.request);
    api_give(x, db);
    if (code == OK && !known)
        code = guard_pin_check(&api->gate, session->person, pin, &problem);
    if (code == OK) {
        paying->money.pin = true;
        return true;
    }
    (void)api_refuse(x, code, &problem, CHARGED_NO);
    return false;
}

static int64_t account_of(const struct party_session *session, enum money_currency currency)
{
    return currency == MONEY_USD ? session->account_usd : session->account_cny;
}

static bool fits(struct net_exchange *x, const char *memo)
{
    if (memo == NULL || strlen(memo) < PAY_TEXT_MAX)
        return true;
    struct problem problem = {.code = CODE_REQUEST_INVALID, .charged = CHARGED_NO};
    (void)problem_field(&problem, "/memo", CODE_REQUEST_INVALID, "long");
    (void)net_reply_problem(x, &problem);
    return false;
}

// --- POST /payments ---

struct payment_body {
    const char *token, *pin, *memo;
    struct net_json_money amount;
};
static const struct net_json_field PAYMENT_FIELDS[] = {
    {"token", NET_JSON_TEXT, true, offsetof(struct payment_body, token), 1, PAY_TOKEN_TEXT, NULL,
     NULL, 0},
    {"amount", NET_JSON_MONEY, true, offsetof(struct payment_body, amount), 0, 0, NULL, NULL, 0},
    {"pin", NET_JSON_TEXT, false, offsetof(struct payment_body, pin), 6, 6, NULL, NULL, 0},
    {"memo", NET_JSON_LINE, false, offsetof(struct payment_body, memo), 0, PAY_TEXT_MAX - 1, NULL,
     NULL, 0},
};

static enum code read_shop(struct net_exchange *x, const struct pay_token *token,
                           struct pay_order *order, struct party_merchant *merchant)
{
    const struct api *api = api_of(x);
    struct db *db = api_take(x);
    enum code code = OK;
    if (token->kind == PAY_TOKEN_ORDER) {
        code = pay_order_load(order, db, &token->order);
        if (code == OK)
            code = party_merchant_load(db, order->merchant, merchant);
    } else {
        code =
            party_merchant_number_find(api->cache, db, token->number, net_started_us(x), merchant);
    }
    api_give(x, db);
    return code == CODE_NOT_FOUND ? CODE_QR_INVALID : code;
}

// The shop of a code. The shops of static codes are remembered: they are read again and again.
static enum code find_shop(struct paying *paying, const struct pay_token *token)
{
    struct net_exchange *x = paying->x;
    struct pay_money *money = &paying->money;
    struct party_merchant *merchant = arena_alloc(net_arena(x), sizeof *merchant);
    struct pay_order order = {0};
    if (token->kind == PAY_TOKEN_ORDER ||
        party_merchant_number_peek(api_of(x)->cache, token->number, net_started_us(x), merchant) !=
            OK)
        GUARD(read_shop(x, token, &order, merchant));
    ENSURE(merchant->state == PARTY_ACTIVE, CODE_QR_INVALID);
    money->payee_account = merchant->account_cny;
    money->order = order.id;
    paying->name = merchant->name;
    paying->name_en = merchant->name_en;
    paying->counterparty = ACTIVITY_MERCHANT;
    paying->counterparty_detail = arena_text(net_arena(x), order.order_text);
    const bool dynamic = token->kind == PAY_TOKEN_ORDER;
    money->channel = dynamic ? GUARD_CHANNEL_SCAN_DYNAMIC : GUARD_CHANNEL_SCAN_STATIC;
    char *detail =
        arena_format(net_arena(x), "method=%s%s%s", dynamic ? "scan_dynamic" : "scan_static",
                     order.order_text[0] != '\0' ? ";order=" : "", order.order_text);
    for (char *p = strchr(detail, ';'); p != NULL && (p = strchr(p + 1, ';')) != NULL;)
        *p = ',';
    money->detail = detail;
    return OK;
}

static enum net_step pay_merchant(struct net_exchange *x)
{
    struct party_session session;
    struct payment_body body = {0};
    struct paying *paying = arena_alloc(net_arena(x), sizeof *paying);
    paying->x = x;
    struct pay_money *money = &paying->money;
    if (!api_session(x, &session) ||
        !api_request(x, &money->request, session.person, ROUTE_PAYMENT) ||
        !API_READ(x, &body, PAYMENT_FIELDS) || !fits(x, body.memo) ||
        !api_amount_cny(x, &body.amount, &money->amount, "/amount"))
        return NET_DONE;
    money->currency = MONEY_CNY;
    if (body.pin != NULL && !net_on_worker(x))
        return NET_WORKER;
    struct pay_token token;
    enum code code = pay_token_read(&token, api_of(x)->vault, body.token);
    if (code == OK && token.kind == PAY_TOKEN_RECEIVE)
        code = CODE_QR_INVALID;
    if (code == OK)
        code = find_shop(paying, &token);
    if (code != OK)
        return api_refuse(x, code, NULL, CHARGED_NO);
    const struct vault *vault = api_of(x)->vault;
    guard_request_field(&money->request, vault, "/token", body.token);
    add_amount_field(&money->request, vault, &body.amount);
    guard_request_field(&money->request, vault, "/memo", body.memo);
    money->kind = BOOKS_PAYMENT;
    money->payer = session.person;
    money->payer_account = account_of(&session, money->currency);
    money->memo = body.memo != NULL ? body.memo : "";
    if (body.pin != NULL && !check_pin(paying, &session, body.pin))
        return NET_DONE;
    return submit(paying);
}

// --- payees ---

// An opaque handle: who was found, bound to who looked.
static void make_payee_id(struct net_exchange *x, int64_t person, int64_t payee,
                          char out[VAULT_OPAQUE_TEXT(sizeof(int64_t))])
{
    vault_opaque_make(api_of(x)->vault, out, "payee", person, &payee, sizeof payee);
}

static void write_payee(struct net_json_writer *w, struct net_exchange *x, int64_t person,
                        const struct party_person *payee)
{
    char id[VAULT_OPAQUE_TEXT(sizeof(int64_t))], name[PARTY_NAME_MAX], masked[32];
    make_payee_id(x, person, payee->id, id);
    party_mask_name(name, payee->name);
    net_json_string(w, "payee_id", id);
    net_json_string(w, "name_masked", name);
    party_mask_phone(masked, payee->phone);
    net_json_string(w, "phone_masked", masked);
    party_mask_wallet_number(masked, payee->wallet.number);
    net_json_string(w, "wallet_number_masked", masked);
}

struct find_body {
    const char *phone, *wallet_number;
};
static const struct net_json_field FIND_FIELDS[] = {
    {"phone", NET_JSON_TEXT, false, offsetof(struct find_body, phone), 1, 32, NULL, NULL, 0},
    {"wallet_number", NET_JSON_TEXT, false, offsetof(struct find_body, wallet_number), 1, 32, NULL,
     NULL, 0},
};

static enum code find_person(struct net_exchange *x, struct db *db, const struct find_body *body,
                             struct party_person *out)
{
    struct api *api = api_of(x);
    int64_t person;
    if (body->phone != NULL)
        GUARD(party_find_by_phone(db, api->vault, body->phone, &person));
    else
        GUARD(party_find_by_wallet_number(db, body->wallet_number, &person));
    return party_person_load(db, api->vault, person, out);
}

static enum net_step find_payee(struct net_exchange *x)
{
    struct party_session session;
    struct find_body body = {0};
    if (!api_session(x, &session) || !API_READ(x, &body, FIND_FIELDS))
        return NET_DONE;
    if ((body.phone == NULL) == (body.wallet_number == NULL))
        return net_reply_code(x, CODE_REQUEST_INVALID, CHARGED_NOT_INVOLVED);
    char who[32];
    snprintf(who, sizeof who, "%lld", (long long)session.person);
    if (!api_rate(x, "payee.find", who, 30, 600))
        return NET_DONE;
    struct db *db = api_take(x);
    struct party_person payee;
    bool known = false;
    enum code code = find_person(x, db, &body, &payee);
    if (code == OK)
        code = pay_contact_known(&known, db, session.person, payee.id);
    api_give(x, db);
    if (code == CODE_NOT_FOUND || code == CODE_PHONE_INVALID)
        code = CODE_PAYEE_NOT_FOUND;
    if (code != OK)
        return api_refuse(x, code, NULL, CHARGED_NO);
    struct net_json_writer *w = net_reply_writer(x);
    net_json_begin_object(w, NULL);
    write_payee(w, x, session.person, &payee);
    net_json_bool(w, "first_time", !known);
    net_json_bool(w, "self", payee.id == session.person);
    net_json_end_object(w);
    return net_reply_json(x, 200);
}

enum { CONTACTS_MAX = 50 };

static enum net_step list_contacts(struct net_exchange *x)
{
    struct party_session session;
    if (!api_session(x, &session))
        return NET_DONE;
    struct pay_contact contacts[CONTACTS_MAX];
    size_t count = 0;
    struct db *db = api_take(x);
    const enum code code = pay_contacts(db, session.person, CONTACTS_MAX, contacts, &count);
    struct net_json_writer *w = net_reply_writer(x);
    net_json_begin_object(w, NULL);
    net_json_begin_array(w, "data");
    for (size_t i = 0; code == OK && i < count; i++) {
        struct party_person payee;
        if (party_person_load(db, api_of(x)->vault, contacts[i].peer, &payee) != OK)
            continue;
        net_json_begin_object(w, NULL);
        write_payee(w, x, session.person, &payee);
        net_json_time(w, "last_at", contacts[i].last_us);
        api_money(w, "last_amount", contacts[i].last_amount, MONEY_CNY);
        net_json_end_object(w);
    }
    net_json_end_array(w);
    net_json_end_object(w);
    api_give(x, db);
    return code == OK ? net_reply_json(x, 200) : api_refuse(x, code, NULL, CHARGED_NOT_INVOLVED);
}

// --- POST /transfers ---

struct transfer_body {
    const char *payee_id, *pin, *memo;
    struct net_json_money amount;
};
static const struct net_json_field TRANSFER_FIELDS[] = {
    {"payee_id", NET_JSON_TEXT, true, offsetof(struct transfer_body, payee_id), 1, 128, NULL, NULL,
     0},
    {"amount", NET_JSON_MONEY, true, offsetof(struct transfer_body, amount), 0, 0, NULL, NULL, 0},
    {"pin", NET_JSON_TEXT, true, offsetof(struct transfer_body, pin), 6, 6, NULL, NULL, 0},
    {"memo", NET_JSON_LINE, false, offsetof(struct transfer_body, memo), 0, PAY_TEXT_MAX - 1, NULL,
     NULL, 0},
};

static enum code find_transfer_payee(struct paying *paying, const struct party_session *session,
                                     const char *payee_id)
{
    struct net_exchange *x = paying->x;
    struct api *api = api_of(x);
    struct pay_money *money = &paying->money;
    ENSURE(vault_opaque_open(api->vault, &money->payee, sizeof money->payee, "payee",
                             session->person, payee_id),
           CODE_PAYEE_NOT_FOUND);
    struct party_person payee;
    struct db *db = api_take(x);
    const enum code code = party_person_load(db, api->vault, money->payee, &payee);
    api_give(x, db);
    ENSURE(code != CODE_NOT_FOUND, CODE_PAYEE_NOT_FOUND);
    GUARD(code);
    char name[PARTY_NAME_MAX], phone[32];
    party_mask_name(name, payee.name);
    party_mask_phone(phone, payee.phone);
    paying->name = paying->name_en = arena_text(net_arena(x), name);
    paying->counterparty = ACTIVITY_PERSON;
    paying->counterparty_detail = arena_text(net_arena(x), phone);
    money->payee_account =
        money->currency == MONEY_USD ? payee.wallet.account_usd : payee.wallet.account_cny;
    return OK;
}

static enum net_step create_transfer(struct net_exchange *x)
{
    struct party_session session;
    struct transfer_body body = {0};
    struct paying *paying = arena_alloc(net_arena(x), sizeof *paying);
    paying->x = x;
    struct pay_money *money = &paying->money;
    if (!api_session(x, &session) ||
        !api_request(x, &money->request, session.person, ROUTE_TRANSFER) ||
        !API_READ(x, &body, TRANSFER_FIELDS) || !fits(x, body.memo) ||
        !api_amount(x, &body.amount, &money->amount, &money->currency, "/amount"))
        return NET_DONE;
    const enum code code = find_transfer_payee(paying, &session, body.payee_id);
    if (code != OK)
        return api_refuse(x, code, NULL, CHARGED_NO);
    const struct vault *vault = api_of(x)->vault;
    char payee[32];
    snprintf(payee, sizeof payee, "%lld", (long long)money->payee);
    guard_request_field(&money->request, vault, "/payee_id", payee);
    add_amount_field(&money->request, vault, &body.amount);
    guard_request_field(&money->request, vault, "/memo", body.memo);
    money->kind = BOOKS_TRANSFER;
    money->channel = GUARD_CHANNEL_TRANSFER;
    money->payer = session.person;
    money->payer_account = account_of(&session, money->currency);
    money->memo = body.memo != NULL ? body.memo : "";
    money->detail = "method=transfer";
    if (!check_pin(paying, &session, body.pin))
        return NET_DONE;
    return submit(paying);
}

static const struct net_route ROUTES[] = {
    {"POST", "/api/v1/payments", "payMerchant", pay_merchant, NET_INLINE, 0, NULL},
    {"POST", "/api/v1/payees/find", "findPayee", find_payee, 0, 0, NULL},
    {"GET", "/api/v1/contacts", "listContacts", list_contacts, 0, 0, NULL},
    {"POST", "/api/v1/transfers", "createTransfer", create_transfer, 0, 0, NULL},
};
API_TABLE(API_PAYMENTS, ROUTES);
