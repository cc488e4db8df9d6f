// What the person mends after a decision found a mismatch with the bank's records.
#include "api/api_opening.h"

struct mending {
    const struct onboard *onboard;
    struct onboard_application application;
    const char *text;
};

// Runs a change of the draft and answers with the application as it is then.
static enum net_step mend(struct net_exchange *x, struct mending *mending,
                          enum code (*run)(struct db *, void *, struct problem *), int status)
{
    struct api_change change = {.run = run, .context = mending, .keep_refusals = true};
    mending->onboard = &api_of(x)->onboard;
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

static const struct net_route ROUTES[] = {
    {"PUT", API_CURRENT "/name", "correctName", correct_name, 0, 0, NULL},
};
API_TABLE(API_TROUBLE, ROUTES);
