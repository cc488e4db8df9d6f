// Photos of documents, the review by an operator in place of the face check, and the class that a
// bound card is good for.
#include "api/api_opening.h"
#include "image/image.h"

#include <string.h>

// --- PUT /applications/current/photos/{kind} ---

struct photo_change {
    const struct onboard *onboard;
    int64_t number;
    struct desk_new_document in;
    struct desk_document out;
};

static enum code photo_run(struct db *db, void *context, struct problem *problem)
{
    struct photo_change *photo = context;
    (void)problem;
    return onboard_put_photo(db, photo->onboard, photo->number, &photo->in, &photo->out);
}

static enum net_step reply_draft(struct net_exchange *x, int status)
{
    struct onboard_application application;
    return api_draft(x, &application) ? api_reply_application(x, &application, status) : NET_DONE;
}

static enum net_step keep_photo(struct net_exchange *x, struct photo_change *photo,
                                const struct image *image)
{
    struct api_change change = {.run = photo_run, .context = photo};
    photo->in.jpeg = image->jpeg.data;
    photo->in.size = image->jpeg.size;
    photo->in.width = image->width;
    photo->in.height = image->height;
    const enum code code = api_change(x, &change);
    if (code != OK)
        return api_refuse(x, code, &change.problem, CHARGED_NOT_INVOLVED);
    return reply_draft(x, 200);
}

static enum net_step put_photo(struct net_exchange *x)
{
    struct onboard_application application;
    struct image image;
    struct photo_change photo = {.onboard = &api_of(x)->onboard};
    size_t size = 0;
    const char *bytes = net_body(x, &size);
    if (!api_draft(x, &application))
        return NET_DONE;
    if (!desk_document_kind_parse(&photo.in.kind, net_param(x, "kind")))
        return net_reply_code(x, CODE_NOT_FOUND, CHARGED_NOT_INVOLVED);
    if (application.state != ONBOARD_DRAFT)
        return net_reply_code(x, CODE_STEP_ORDER, CHARGED_NOT_INVOLVED);
    if (!api_rate(x, "photo", net_client(x), 60, 3600))
        return NET_DONE;
    photo.number = application.number;
    const enum code code = image_clean(&image, bytes, size);
    const enum net_step next = code == OK ? keep_photo(x, &photo, &image)
                                          : api_refuse(x, code, NULL, CHARGED_NOT_INVOLVED);
    image_free(&image);
    return next;
}

// --- POST /applications/current/review ---

struct review_change {
    const struct onboard *onboard;
    int64_t number;
};

static enum code review_run(struct db *db, void *context, struct problem *problem)
{
    const struct review_change *review = context;
    return onboard_ask_review(db, review->onboard, review->number, problem);
}

static enum net_step ask_review(struct net_exchange *x)
{
    struct onboard_application application;
    struct review_change review = {.onboard = &api_of(x)->onboard};
    struct api_change change = {.run = review_run, .context = &review};
    if (!api_draft(x, &application) || !api_read(x, NULL, NULL, 0))
        return NET_DONE;
    review.number = application.number;
    const enum code code = api_change(x, &change);
    if (code != OK)
        return api_refuse(x, code, &change.problem, CHARGED_NOT_INVOLVED);
    return reply_draft(x, 202);
}

// --- the way up ---

bool api_take_upgrade(struct net_exchange *x, struct onboard_new *in)
{
    struct party_session session;
    struct party_wallet wallet;
    if (!api_session(x, &session))
        return false;
    struct db *db = api_take(x);
    enum code code = party_wallet_load(db, session.person, &wallet);
    api_give(x, db);
    in->wallet_class = ONBOARD_CLASS;
    in->upgrade_of = session.person;
    if (code == OK && wallet.wallet_class <= ONBOARD_CLASS)
        code = CODE_NOT_ALLOWED;
    if (code != OK)
        (void)api_refuse(x, code, NULL, CHARGED_NOT_INVOLVED);
    return code == OK;
}

// --- POST /wallet/upgrade ---

enum { CARD_CLASS = 2 };

struct upgrade {
    const struct api *api;
    int64_t person, now_us;
    bool bound;
};

static bool see_card(void *context, const struct funds_card *card)
{
    struct upgrade *upgrade = context;
    upgrade->bound = upgrade->bound || card->state == FUNDS_CARD_BOUND;
    return !upgrade->bound;
}

static enum code refuse_upgrade(struct problem *problem, const char *rule)
{
    (void)problem_set(problem, CODE_NOT_ALLOWED, CHARGED_NOT_INVOLVED);
    (void)text_copy(problem->rule, sizeof problem->rule, rule);
    return CODE_NOT_ALLOWED;
}

// Class 2 needs an identity and a bound card, and a person of full age. Again: OK.
static enum code upgrade_run(struct db *db, void *context, struct problem *problem)
{
    struct upgrade *upgrade = context;
    const struct api *api = upgrade->api;
    const int32_t today = time_business_date(upgrade->now_us);
    struct party_person person;
    GUARD(party_person_load(db, api->vault, upgrade->person, &person));
    if (person.wallet.wallet_class <= CARD_CLASS)
        return OK;
    if (!guard_open_rules(api->profiles, today)->upgrades[CARD_CLASS])
        return refuse_upgrade(problem, "class.closed");
    if (person.document == PARTY_NO_DOCUMENT)
        return refuse_upgrade(problem, "class.identity");
    if (party_age(person.birth_date, today) < guard_minor_rules(api->profiles, today)->adult_age)
        return refuse_upgrade(problem, "class.minor");
    GUARD(funds_cards_list(db, &api->funds, upgrade->person, see_card, upgrade));
    if (!upgrade->bound)
        return refuse_upgrade(problem, "class.card");
    return onboard_set_class(db, &api->onboard, upgrade->person, CARD_CLASS);
}

static enum net_step upgrade_wallet(struct net_exchange *x)
{
    struct party_session session;
    struct upgrade upgrade = {.api = api_of(x), .now_us = net_started_us(x)};
    struct api_change change = {.run = upgrade_run, .context = &upgrade};
    if (!api_session(x, &session) || !api_read(x, NULL, NULL, 0))
        return NET_DONE;
    upgrade.person = session.person;
    const enum code code = api_change(x, &change);
    if (code != OK)
        return api_refuse(x, code, &change.problem, CHARGED_NOT_INVOLVED);
    struct net_json_writer *w = net_reply_writer(x);
    net_json_begin_object(w, NULL);
    net_json_int(w, "wallet_class", CARD_CLASS);
    net_json_end_object(w);
    return net_reply_json(x, 200);
}

// --- PUT /me/document: the renewed document's validity ---

struct renewal {
    const struct api *api;
    int64_t person;
    int32_t until, today;
};

static enum code renew_run(struct db *db, void *context, struct problem *problem)
{
    const struct renewal *renewal = context;
    struct party_person person;
    GUARD(party_person_load(db, renewal->api->vault, renewal->person, &person));
    const struct party_document_rule *rule = guard_document_rule(
        renewal->api->profiles, (enum party_document)person.document, renewal->today);
    if (rule == NULL)
        return refuse_upgrade(problem, "class.identity");
    if (renewal->until == PARTY_LONG_TERM ? !rule->long_term : !party_date_valid(renewal->until))
        return problem_field(problem, "/valid_until", CODE_DOCUMENT_DATE_INVALID, "");
    if (renewal->until < renewal->today)
        return problem_field(problem, "/valid_until", CODE_DOCUMENT_EXPIRED, "");
    return party_set_document_until(db, renewal->person, renewal->until);
}

static enum net_step put_document(struct net_exchange *x)
{
    struct body {
        const char *valid_until;
    } body = {0};
    static const struct net_json_field fields[] = {{"valid_until", NET_JSON_TEXT, true,
                                                    offsetof(struct body, valid_until), 1, 16, NULL,
                                                    NULL, 0}};
    struct party_session session;
    struct renewal renewal = {.api = api_of(x), .today = time_business_date(net_started_us(x))};
    struct api_change change = {.run = renew_run, .context = &renewal};
    if (!api_session(x, &session) || !API_READ(x, &body, fields))
        return NET_DONE;
    renewal.person = session.person;
    renewal.until =
        text_equal(body.valid_until, "long-term") ? PARTY_LONG_TERM : api_date(body.valid_until);
    const enum code code = api_change(x, &change);
    if (code != OK)
        return api_refuse(x, code, &change.problem, CHARGED_NOT_INVOLVED);
    return net_reply_empty(x, 204);
}

static const struct net_route ROUTES[] = {
    {"PUT", API_CURRENT "/photos/{kind}", "putPhoto", put_photo, NET_ANY_BODY, IMAGE_BYTES_MAX,
     NULL},
    {"POST", API_CURRENT "/review", "askReview", ask_review, 0, 0, NULL},
    {"POST", "/api/v1/wallet/upgrade", "upgradeWallet", upgrade_wallet, 0, 0, NULL},
    {"PUT", "/api/v1/me/document", "putDocument", put_document, 0, 0, NULL},
};
API_TABLE(API_PHOTOS, ROUTES);
