// What the person mends after a decision found a mismatch with the bank's records.
#include "api/api_maintenance.h"
#include "api/api_opening.h"

struct mending {
    const struct onboard *onboard;
    struct onboard_application application;
    const char *text;
    int64_t amount;
};

// Runs a change of the draft and answers with the application as it is then.
static enum net_step mend(struct net_exchange *x, struct mending *mending,
                          enum code (*run)(struct db *, void *, struct problem *), int status)
{
    struct api_change change = {.run = run, .context = mending, .keep_refusals = true};
    mending->onboard = &api_of(x)->onboard;
    if (!api_opening_open(x))
        return NET_DONE;
    enum code code = api_change(x, &change);
    if (code != OK)
        return api_refuse(x, code, &change.problem, CHARGED_NOT_INVOLVED);
    struct db *db = api_take(x);
    code = onboard_load(db, mending->onboard, mending->application.number, &mending->application);
    api_give(x, db);
    if (code != OK)
        return api_refuse(x, code, NULL, CHARGED_NOT_INVOLVED);
    return api_reply_application(x, &mending->application, status);
}

struct text_body {
    const char *text;
};

static enum code name_run(struct db *db, void *context, struct problem *problem)
{
    const struct mending *mending = context;
    return onboard_correct_name(db, mending->onboard, mending->application.number, mending->text,
                                problem);
}

static enum net_step correct_name(struct net_exchange *x)
{
    static const struct net_json_field fields[] = {{"name", NET_JSON_TEXT, true,
                                                    offsetof(struct text_body, text), 1,
                                                    PARTY_NAME_MAX, NULL, NULL, 0}};
    struct mending mending = {0};
    struct text_body body = {0};
    if (!api_draft(x, &mending.application) || !API_READ(x, &body, fields))
        return NET_DONE;
    mending.text = body.text;
    return mend(x, &mending, name_run, 200);
}

// --- the small amount ---

static enum net_step reply_link(struct net_exchange *x, const struct onboard_application *a,
                                int status)
{
    struct onboard_link link = {0};
    struct db *db = api_take(x);
    const enum code code = onboard_link_load(db, &api_of(x)->onboard, a->number, &link);
    api_give(x, db);
    if (code != OK && code != CODE_NOT_FOUND)
        return api_refuse(x, code, NULL, CHARGED_NOT_INVOLVED);
    struct net_json_writer *w = net_reply_writer(x);
    net_json_begin_object(w, NULL);
    net_json_string(w, "state", onboard_link_state_name(link.state));
    net_json_string(w, "last4", code == OK ? link.last4 : NULL);
    net_json_int(w, "tries_left", link.tries_left);
    net_json_time(w, "until", link.until_us);
    net_json_end_object(w);
    return net_reply_json(x, status);
}

static enum net_step get_link(struct net_exchange *x)
{
    struct onboard_application application;
    return api_draft(x, &application) ? reply_link(x, &application, 200) : NET_DONE;
}

static enum code link_run(struct db *db, void *context, struct problem *problem)
{
    const struct mending *mending = context;
    return onboard_link_start(db, mending->onboard, mending->application.number, mending->text,
                              problem);
}

static enum net_step start_link(struct net_exchange *x)
{
    static const struct net_json_field fields[] = {{"card_number", NET_JSON_TEXT, true,
                                                    offsetof(struct text_body, text), 1, 40, NULL,
                                                    NULL, 0}};
    struct mending mending = {.onboard = &api_of(x)->onboard};
    struct text_body body = {0};
    char digits[24];
    if (!api_draft(x, &mending.application) || !API_READ(x, &body, fields) || !api_opening_open(x))
        return NET_DONE;
    size_t size = 0;
    for (const char *c = body.text; *c != '\0' && size < sizeof digits - 1; c++)
        if (*c != ' ')
            digits[size++] = *c;
    digits[size] = '\0';
    mending.text = digits;
    struct api_change change = {.run = link_run, .context = &mending};
    const enum code code = api_change(x, &change);
    if (code != OK)
        return api_refuse(x, code, &change.problem, CHARGED_NOT_INVOLVED);
    return reply_link(x, &mending.application, 202);
}

static enum code amount_run(struct db *db, void *context, struct problem *problem)
{
    const struct mending *mending = context;
    return onboard_link_type(db, mending->onboard, mending->application.number, mending->amount,
                             problem);
}

struct amount_body {
    struct net_json_money amount;
};

static enum net_step type_amount(struct net_exchange *x)
{
    static const struct net_json_field fields[] = {{"amount", NET_JSON_MONEY, true,
                                                    offsetof(struct amount_body, amount), 0, 0,
                                                    NULL, NULL, 0}};
    struct mending mending = {0};
    struct amount_body body = {0};
    if (!api_draft(x, &mending.application) || !API_READ(x, &body, fields) ||
        !api_amount_cny(x, &body.amount, &mending.amount, "/amount"))
        return NET_DONE;
    return mend(x, &mending, amount_run, 200);
}

// --- did it reach us? ---

static enum net_step get_attempt(struct net_exchange *x)
{
    struct onboard_application application;
    struct id attempt;
    const char *answer = NULL;
    size_t size = 0;
    int status = 0;
    if (!api_draft(x, &application))
        return NET_DONE;
    if (!id_parse(&attempt, "txn", net_param(x, "attempt")))
        return net_reply_code(x, CODE_NOT_FOUND, CHARGED_NOT_INVOLVED);
    struct db *db = api_take(x);
    enum code code = onboard_attempt_find(db, &api_of(x)->onboard, application.number, &attempt, "",
                                          net_arena(x), &status, &answer, &size);
    api_give(x, db);
    // Found under its own route: it did.
    const bool reached = code == CODE_CONFLICT_IDEMPOTENCY || status != 0;
    if (code != OK && code != CODE_CONFLICT_IDEMPOTENCY)
        return api_refuse(x, code, NULL, CHARGED_NOT_INVOLVED);
    struct net_json_writer *w = net_reply_writer(x);
    net_json_begin_object(w, NULL);
    net_json_bool(w, "reached", reached);
    net_json_end_object(w);
    return net_reply_json(x, 200);
}

static const struct net_route ROUTES[] = {
    {"PUT", API_CURRENT "/name", "correctName", correct_name, 0, 0, NULL},
    {"GET", API_CURRENT "/link", "getLink", get_link, 0, 0, NULL},
    {"POST", API_CURRENT "/link", "startLink", start_link, 0, 0, NULL},
    {"POST", API_CURRENT "/link/amount", "typeLinkAmount", type_amount, 0, 0, NULL},
    {"GET", API_CURRENT "/attempts/{attempt}", "getAttempt", get_attempt, NET_NO_LOG, 0, NULL},
};
API_TABLE(API_TROUBLE, ROUTES);
