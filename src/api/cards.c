// Bank cards: adding needs the bank's word, so every step answers with the state and the rest comes
// as an event.
#include "api/api.h"

#include <string.h>

enum { ROUTE_ADD_CARD = 20 };

static void write_card(struct net_json_writer *w, struct net_exchange *x, const char *key,
                       const struct funds_card *card)
{
    net_json_begin_object(w, key);
    net_json_id(w, "id", "crd", &card->id);
    net_json_string(w, "state", funds_card_state_name(card->state));
    net_json_string(w, "bank", card->bank);
    net_json_string(w, "bank_en", card->bank_en);
    net_json_string(w, "last4", card->last4);
    net_json_string(w, "type", card->type);
    net_json_string(w, "phone_masked", card->phone_masked);
    if (card->tries_left >= 0)
        net_json_int(w, "tries_left", card->tries_left);
    else
        net_json_null(w, "tries_left");
    if (card->state == FUNDS_CARD_FAILED && card->failure != OK) {
        const struct problem problem = {.code = card->failure, .tries_left = card->additions_left};
        api_write_failure(w, "failure", card->failure, &problem, net_english(x), net_started_us(x));
    } else {
        net_json_null(w, "failure");
    }
    net_json_time(w, "created_at", card->created_us);
    net_json_end_object(w);
}

static enum net_step reply_card(struct net_exchange *x, const struct funds_card *card, int status)
{
    write_card(net_reply_writer(x), x, NULL, card);
    return net_reply_json(x, status);
}

// --- GET /card-bins/{digits} ---

static enum net_step look_up_bin(struct net_exchange *x)
{
    struct party_session session;
    const char *digits = net_param(x, "digits");
    if (!api_session(x, &session))
        return NET_DONE;
    const int32_t today = time_business_date(net_started_us(x));
    const struct guard_card_bin *bin = NULL;
    if (text_all_digits(digits) && strlen(digits) >= 6)
        bin = guard_card_bin(api_of(x)->profiles, digits, today);
    if (bin == NULL)
        return net_reply_code(x, CODE_NOT_FOUND, CHARGED_NOT_INVOLVED);
    struct net_json_writer *w = net_reply_writer(x);
    net_json_begin_object(w, NULL);
    net_json_string(w, "bank", bin->bank);
    net_json_string(w, "bank_en", bin->bank_en);
    net_json_string(w, "type", bin->type);
    net_json_int(w, "length", bin->length);
    net_json_end_object(w);
    return net_reply_json(x, 200);
}

// --- add, confirm, remove ---

struct card_change {
    const struct funds *funds;
    struct funds_new_card in;
    struct id id;
    int64_t person;
    const char *code;
    struct funds_card out;
};

static enum code add_run(struct db *db, void *context, struct problem *problem)
{
    struct card_change *card = context;
    return funds_card_add(db, card->funds, &card->in, &card->out, problem);
}

struct add_body {
    const char *card_number, *phone;
};
static const struct net_json_field ADD_FIELDS[] = {
    {"card_number", NET_JSON_TEXT, true, offsetof(struct add_body, card_number), 1, 40, NULL, NULL,
     0},
    {"phone", NET_JSON_TEXT, true, offsetof(struct add_body, phone), 1, 32, NULL, NULL, 0},
};

static enum net_step add_card(struct net_exchange *x)
{
    struct party_session session;
    struct guard_request request;
    struct add_body body = {0};
    struct card_change card = {.funds = &api_of(x)->funds};
    if (!api_session(x, &session) || !api_request(x, &request, session.person, ROUTE_ADD_CARD) ||
        !API_READ(x, &body, ADD_FIELDS))
        return NET_DONE;
    card.in = (struct funds_new_card){request.key, session.person, body.card_number, body.phone};
    struct api_change change = {.run = add_run, .context = &card};
    const enum code code = api_change(x, &change);
    if (code != OK)
        return api_refuse(x, code, &change.problem, CHARGED_NOT_INVOLVED);
    return reply_card(x, &card.out, 202);
}

static enum code confirm_run(struct db *db, void *context, struct problem *problem)
{
    struct card_change *card = context;
    return funds_card_confirm(db, card->funds, card->person, &card->id, card->code, &card->out,
                              problem);
}

struct code_body {
    const char *code;
};

static enum net_step confirm_card(struct net_exchange *x)
{
    static const struct net_json_field fields[] = {
        {"code", NET_JSON_TEXT, true, offsetof(struct code_body, code), 1, 12, NULL, NULL, 0}};
    struct party_session session;
    struct code_body body = {0};
    struct card_change card = {.funds = &api_of(x)->funds};
    if (!api_session(x, &session) || !api_id(x, "id", "crd", &card.id) ||
        !API_READ(x, &body, fields))
        return NET_DONE;
    card.person = session.person;
    card.code = body.code;
    struct api_change change = {.run = confirm_run, .context = &card};
    const enum code code = api_change(x, &change);
    if (code != OK)
        return api_refuse(x, code, &change.problem, CHARGED_NOT_INVOLVED);
    return reply_card(x, &card.out, 202);
}

static enum code remove_run(struct db *db, void *context, struct problem *problem)
{
    const struct card_change *card = context;
    return funds_card_remove(db, card->funds, card->person, &card->id, problem);
}

static enum net_step remove_card(struct net_exchange *x)
{
    static const struct net_json_field fields[] = {
        {"pin", NET_JSON_TEXT, true, offsetof(struct code_body, code), 6, 6, NULL, NULL, 0}};
    struct party_session session;
    struct code_body body = {0};
    struct problem problem = {0};
    struct card_change card = {.funds = &api_of(x)->funds};
    if (!api_session(x, &session) || !api_id(x, "id", "crd", &card.id) ||
        !API_READ(x, &body, fields))
        return NET_DONE;
    enum code code = guard_pin_check(&api_of(x)->gate, session.person, body.code, &problem);
    if (code != OK)
        return api_refuse(x, code, &problem, CHARGED_NOT_INVOLVED);
    card.person = session.person;
    struct api_change change = {.run = remove_run, .context = &card};
    code = api_change(x, &change);
    if (code != OK)
        return api_refuse(x, code, &change.problem, CHARGED_NOT_INVOLVED);
    return net_reply_empty(x, 204);
}

// --- reading ---

struct listing {
    struct net_exchange *x;
    struct net_json_writer *w;
};

static bool list_one(void *context, const struct funds_card *card)
{
    const struct listing *listing = context;
    write_card(listing->w, listing->x, NULL, card);
    return true;
}

static enum net_step list_cards(struct net_exchange *x)
{
    struct party_session session;
    if (!api_session(x, &session))
        return NET_DONE;
    struct listing listing = {x, net_reply_writer(x)};
    net_json_begin_object(listing.w, NULL);
    net_json_begin_array(listing.w, "data");
    struct db *db = api_take(x);
    const enum code code =
        funds_cards_list(db, &api_of(x)->funds, session.person, list_one, &listing);
    api_give(x, db);
    net_json_end_array(listing.w);
    net_json_end_object(listing.w);
    return code == OK ? net_reply_json(x, 200) : api_refuse(x, code, NULL, CHARGED_NOT_INVOLVED);
}

static enum net_step get_card(struct net_exchange *x)
{
    struct party_session session;
    struct funds_card card;
    struct id id;
    if (!api_session_quiet(x, &session) || !api_id(x, "id", "crd", &id))
        return NET_DONE;
    struct db *db = api_take(x);
    const enum code code = funds_card_load(db, &api_of(x)->funds, session.person, &id, &card);
    api_give(x, db);
    return code == OK ? reply_card(x, &card, 200) : api_refuse(x, code, NULL, CHARGED_NOT_INVOLVED);
}

static const struct net_route ROUTES[] = {
    {"GET", "/api/v1/card-bins/{digits}", "lookUpBin", look_up_bin, 0, 0, NULL},
    {"POST", "/api/v1/cards", "addCard", add_card, 0, 0, NULL},
    {"GET", "/api/v1/cards", "listCards", list_cards, 0, 0, NULL},
    {"GET", "/api/v1/cards/{id}", "getCard", get_card, 0, 0, NULL},
    {"POST", "/api/v1/cards/{id}/confirm", "confirmCard", confirm_card, 0, 0, NULL},
    {"POST", "/api/v1/cards/{id}/remove", "removeCard", remove_card, 0, 0, NULL},
};
API_TABLE(API_CARDS, ROUTES);
