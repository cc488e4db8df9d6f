// Bills: list, month, detail.
#include "api/api.h"

#include <stdio.h>
#include <string.h>

enum { PAGE_DEFAULT = 20, PAGE_MAX = 100 };

static enum net_step bad_query(struct net_exchange *x, const char *name)
{
    char pointer[32];
    struct problem problem = {.code = CODE_REQUEST_INVALID};
    snprintf(pointer, sizeof pointer, "/%s", name);
    (void)problem_field(&problem, pointer, CODE_REQUEST_INVALID, "format");
    return net_reply_problem(x, &problem);
}

// "2026-11" -> 202611; 0 when it is not of that form.
static int32_t read_month(const char *text)
{
    char digits[7];
    int64_t month = 0;
    if (strlen(text) != 7 || text[4] != '-')
        return 0;
    memcpy(digits, text, 4);
    memcpy(digits + 4, text + 5, 3);
    return text_to_int64(&month, digits) ? (int32_t)month : 0;
}

static bool read_kind(const char *text, enum books_kind *out)
{
    for (int kind = BOOKS_PAYMENT; kind <= BOOKS_CORRECTION; kind++) {
        if (!text_equal(text, books_kind_name((enum books_kind)kind)))
            continue;
        *out = (enum books_kind)kind;
        return true;
    }
    return false;
}

// Returns the name of the first parameter that is unknown or wrong; NULL = all fine.
static const char *read_query(struct net_exchange *x, struct activity_query *out)
{
    for (size_t i = 0; i < net_query_count(x); i++) {
        const char *name = net_query_name(x, i), *value = net_query(x, name);
        int64_t limit = 0;
        bool good = true;
        if (text_equal(name, "month"))
            good = (out->month = read_month(value)) != 0;
        else if (text_equal(name, "kind"))
            good = read_kind(value, &out->kind);
        else if (text_equal(name, "direction"))
            good = (out->direction = text_equal(value, "in")    ? ACTIVITY_IN
                                     : text_equal(value, "out") ? ACTIVITY_OUT
                                                                : 0) != 0;
        else if (text_equal(name, "limit"))
            good = text_to_int64(&limit, value) && limit >= 1 && limit <= PAGE_MAX;
        else if (text_equal(name, "q"))
            out->text = value;
        else if (text_equal(name, "cursor"))
            out->cursor = value;
        else
            good = false;
        if (!good)
            return name;
        out->limit = limit > 0 ? (size_t)limit : out->limit;
    }
    return NULL;
}

static enum net_step list_bills(struct net_exchange *x)
{
    struct party_session session;
    struct activity_page page;
    struct problem problem = {0};
    if (!api_session(x, &session))
        return NET_DONE;
    struct activity_query query = {
        .owner = session.person, .account = session.account_cny, .limit = PAGE_DEFAULT};
    const char *wrong = read_query(x, &query);
    if (wrong != NULL)
        return bad_query(x, wrong);
    struct db *db = api_take(x);
    const enum code code =
        activity_list(&page, db, &api_of(x)->activity, net_arena(x), &query, &problem);
    api_give(x, db);
    if (code != OK)
        return api_refuse(x, code, &problem, CHARGED_NOT_INVOLVED);
    struct net_json_writer *w = net_reply_writer(x);
    net_json_begin_object(w, NULL);
    net_json_begin_array(w, "data");
    for (size_t i = 0; i < page.count; i++)
        api_write_operation(w, NULL, &page.rows[i], true, net_english(x));
    net_json_end_array(w);
    net_json_string(w, "next_cursor", page.next_cursor);
    net_json_end_object(w);
    return net_reply_json(x, 200);
}

static enum net_step get_bill_summary(struct net_exchange *x)
{
    struct party_session session;
    struct activity_summary summary;
    const char *text = net_query(x, "month");
    const int32_t month =
        text != NULL ? read_month(text) : time_business_date(net_started_us(x)) / 100;
    if (!api_session(x, &session))
        return NET_DONE;
    struct db *db = api_take(x);
    const enum code code =
        activity_month_summary(&summary, db, net_arena(x), session.account_cny, month);
    api_give(x, db);
    if (code == CODE_REQUEST_INVALID)
        return bad_query(x, "month");
    if (code != OK)
        return api_refuse(x, code, NULL, CHARGED_NOT_INVOLVED);
    struct arena *arena = net_arena(x);
    struct net_json_writer *w = net_reply_writer(x);
    net_json_begin_object(w, NULL);
    net_json_string(w, "month", arena_format(arena, "%04d-%02d", month / 100, month % 100));
    api_money(w, "in", summary.in, MONEY_CNY);
    api_money(w, "out", summary.out, MONEY_CNY);
    net_json_begin_array(w, "days");
    for (size_t i = 0; i < summary.day_count; i++) {
        const int32_t date = summary.days[i].date;
        net_json_begin_object(w, NULL);
        net_json_string(
            w, "date",
            arena_format(arena, "%04d-%02d-%02d", date / 10000, date / 100 % 100, date % 100));
        api_money(w, "in", summary.days[i].in, MONEY_CNY);
        api_money(w, "out", summary.days[i].out, MONEY_CNY);
        net_json_end_object(w);
    }
    net_json_end_array(w);
    net_json_bool(w, "partial", summary.partial);
    net_json_end_object(w);
    return net_reply_json(x, 200);
}

static enum net_step get_bill(struct net_exchange *x)
{
    struct party_session session;
    struct activity_operation operation;
    struct id id;
    if (!api_session(x, &session) || !api_id(x, "id", "txn", &id))
        return NET_DONE;
    const int64_t accounts[] = {session.account_cny, session.account_usd};
    struct db *db = api_take(x);
    const enum code code =
        activity_operation(&operation, db, &api_of(x)->activity, net_arena(x), accounts, 2, &id);
    api_give(x, db);
    if (code != OK)
        return api_refuse(x, code, NULL, CHARGED_NOT_INVOLVED);
    api_write_operation(net_reply_writer(x), NULL, &operation, false, net_english(x));
    return net_reply_json(x, 200);
}

static const struct net_route ROUTES[] = {
    {"GET", "/api/v1/bills", "listBills", list_bills, 0, 0, NULL},
    {"GET", "/api/v1/bills/summary", "getBillSummary", get_bill_summary, 0, 0, NULL},
    {"GET", "/api/v1/bills/{id}", "getBill", get_bill, 0, 0, NULL},
};
API_TABLE(API_BILLS, ROUTES);
