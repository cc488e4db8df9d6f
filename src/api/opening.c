// What may be opened and what it takes, told before anything is asked; and help with a mistyped ID
// number. Neither knows who asks: nothing is stored and nobody outside is asked.
#include "api/api_opening.h"

#include <string.h>

int32_t api_date(const char *text)
{
    int32_t date = 0;
    if (text == NULL)
        return 0;
    if (strlen(text) != 10 || text[4] != '-' || text[7] != '-')
        return -1;
    for (int i = 0; i < 10; i++) {
        if (i == 4 || i == 7)
            continue;
        if (text[i] < '0' || text[i] > '9')
            return -1;
        date = date * 10 + (text[i] - '0');
    }
    return party_date_valid(date) ? date : -1;
}

// --- GET /opening ---

static void write_limit(struct net_json_writer *w, const char *key, int64_t limit)
{
    if (limit == GUARD_NO_LIMIT)
        net_json_null(w, key);
    else
        api_money(w, key, limit, MONEY_CNY);
}

static void write_class(struct net_json_writer *w, const struct api *api, int32_t class,
                        int32_t today)
{
    static const char *const NEEDS[] = {"phone", "id", "card", "counter"};
    const struct guard_open_rules *rules = guard_open_rules(api->profiles, today);
    const struct guard_class_limits *limits = guard_class_limits(api->profiles, class, today, NULL);
    const uint32_t needs = guard_class_needs(api->profiles, class, today);
    net_json_begin_object(w, NULL);
    net_json_int(w, "class", class);
    net_json_begin_array(w, "needs");
    for (int i = 0; i < 4; i++)
        if ((needs >> i & 1) != 0)
            net_json_string(w, NULL, NEEDS[i]);
    net_json_end_array(w);
    net_json_bool(w, "open", rules->classes[class]);
    net_json_bool(w, "upgrade", rules->upgrades[class]);
    write_limit(w, "balance", limits->balance);
    write_limit(w, "payment", limits->tx);
    write_limit(w, "day", limits->day);
    write_limit(w, "year", limits->year);
    net_json_end_object(w);
}

static void write_document(struct net_json_writer *w, const struct api *api,
                           enum party_document kind, int32_t today)
{
    const struct party_document_rule *rule = guard_document_rule(api->profiles, kind, today);
    if (rule == NULL)
        return;
    const uint32_t photos = onboard_photos_of(kind);
    net_json_begin_object(w, NULL);
    net_json_string(w, "document", party_document_name(kind));
    net_json_bool(w, "derives", rule->derives);
    net_json_bool(w, "latin_name", rule->latin_name);
    net_json_string(w, "validity", party_policy_name(rule->validity));
    net_json_bool(w, "long_term", rule->long_term);
    net_json_string(w, "photo_policy",
                    party_policy_name(guard_open_rules(api->profiles, today)->photos[kind]));
    net_json_begin_array(w, "photos");
    for (int photo = DESK_ID_FRONT; photo <= DESK_OTHER; photo++)
        if ((photos >> photo & 1) != 0)
            net_json_string(w, NULL, desk_document_kind_name((enum desk_document_kind)photo));
    net_json_end_array(w);
    net_json_end_object(w);
}

static enum net_step get_opening(struct net_exchange *x)
{
    const struct api *api = api_of(x);
    const int32_t today = time_business_date(net_started_us(x));
    const struct guard_minor_rules *minors = guard_minor_rules(api->profiles, today);
    struct net_json_writer *w = net_reply_writer(x);
    net_json_begin_object(w, NULL);
    net_json_begin_array(w, "classes");
    for (int32_t class = 4; class >= 1; class --)
        write_class(w, api, class, today);
    net_json_end_array(w);
    net_json_begin_array(w, "documents");
    for (int kind = PARTY_RESIDENT_ID; kind < PARTY_DOCUMENTS; kind++)
        write_document(w, api, (enum party_document)kind, today);
    net_json_end_array(w);
    net_json_int(w, "self_open_age", minors->self_open_age);
    net_json_int(w, "adult_age", minors->adult_age);
    net_json_end_object(w);
    return net_reply_json(x, 200);
}

// --- POST /opening/check-number ---

struct check_body {
    const char *id_number, *birth_date;
};

static void write_places(struct net_json_writer *w, uint32_t places)
{
    net_json_begin_array(w, "places");
    for (int place = 0; place < 18; place++)
        if ((places >> place & 1) != 0)
            net_json_int(w, NULL, place + 1);
    net_json_end_array(w);
}

static enum net_step check_number(struct net_exchange *x)
{
    static const struct net_json_field fields[] = {
        {"id_number", NET_JSON_TEXT, true, offsetof(struct check_body, id_number), 1, 64, NULL,
         NULL, 0},
        {"birth_date", NET_JSON_TEXT, false, offsetof(struct check_body, birth_date), 10, 10, NULL,
         NULL, 0}};
    const struct api *api = api_of(x);
    const int32_t today = time_business_date(net_started_us(x));
    struct check_body body = {0};
    struct party_repair repair;
    if (!API_READ(x, &body, fields) || !api_rate(x, "number.check", net_client(x), 600, 3600))
        return NET_DONE;
    const int32_t birth_date = api_date(body.birth_date);
    if (birth_date < 0) {
        struct problem problem = {0};
        (void)problem_field(&problem, "/birth_date", CODE_BIRTH_DATE_INVALID, "");
        return api_refuse(x, CODE_BIRTH_DATE_INVALID, &problem, CHARGED_NOT_INVOLVED);
    }
    const struct party_repair_rules rules = guard_repair_rules(api->profiles, today);
    party_id_number_repair(&repair, body.id_number, &rules, birth_date);
    struct net_json_writer *w = net_reply_writer(x);
    net_json_begin_object(w, NULL);
    net_json_string(w, "advice", party_repair_advice_name(repair.advice));
    net_json_int(w, "length", repair.length);
    net_json_int(w, "candidates", repair.candidates);
    write_places(w, repair.places);
    net_json_string(w, "offer", repair.offer[0] != '\0' ? repair.offer : NULL);
    net_json_end_object(w);
    mem_wipe(&repair, sizeof repair);
    return net_reply_json(x, 200);
}

static const struct net_route ROUTES[] = {
    {"GET", "/api/v1/opening", "getOpening", get_opening, 0, 0, NULL},
    {"POST", "/api/v1/opening/check-number", "checkNumber", check_number, 0, 0, NULL},
};
API_TABLE(API_OPENING, ROUTES);
