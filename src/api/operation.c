// The Operation object: one way to show a money operation, in lists, details and answers.
#include "api/api.h"

#include <string.h>

static const char *party_kind(enum activity_party_kind kind)
{
    static const char *const names[] = {[ACTIVITY_MERCHANT] = "merchant",
                                        [ACTIVITY_PERSON] = "person",
                                        [ACTIVITY_BANK] = "bank",
                                        [ACTIVITY_OPERATOR] = "operator"};
    return names[kind != 0 ? kind : ACTIVITY_OPERATOR];
}

static const char *in_language(const char *zh, const char *en, bool english)
{
    return english && en != NULL && en[0] != '\0' ? en : zh;
}

void api_write_failure(struct net_json_writer *w, const char *key, enum code code,
                       const struct problem *problem, bool english, int64_t now_us)
{
    const struct problem bare = {.code = code, .charged = CHARGED_NO};
    const struct net_problem_frame frame = {.english = english, .now_us = now_us};
    struct buffer text = {0};
    net_problem_text(&text, problem != NULL ? problem : &bare, &frame);
    net_json_begin_object(w, key);
    net_json_string(w, "code", error_slug(code));
    net_json_string(w, "title", text.data != NULL ? text.data : "");
    net_json_string(w, "detail", text.data != NULL ? text.data : "");
    net_json_bool(w, "charged", false);
    net_json_end_object(w);
    buffer_free(&text);
}

static void write_counterparty(struct net_json_writer *w, const struct activity_operation *o,
                               bool english)
{
    net_json_begin_object(w, "counterparty");
    net_json_string(w, "name", in_language(o->counterparty.name, o->counterparty.name_en, english));
    net_json_string(w, "kind", party_kind(o->counterparty.kind));
    net_json_string(w, "detail", o->counterparty.detail);
    net_json_end_object(w);
}

static void write_timeline(struct net_json_writer *w, const struct activity_operation *o)
{
    net_json_begin_array(w, "timeline");
    for (size_t i = 0; i < o->timeline_count; i++) {
        net_json_begin_object(w, NULL);
        net_json_string(w, "state", books_state_name(o->timeline[i].state));
        net_json_time(w, "at", o->timeline[i].at_us);
        net_json_end_object(w);
    }
    net_json_end_array(w);
}

static void write_rest(struct net_json_writer *w, const struct activity_operation *o, bool english)
{
    api_money(w, "fee", o->fee, o->currency);
    net_json_begin_object(w, "source");
    net_json_string(w, "kind", o->source.card ? "card" : "balance");
    net_json_string(w, "name", in_language(o->source.name, o->source.name_en, english));
    net_json_end_object(w);
    net_json_string(w, "order_number", o->order_number);
    net_json_string(w, "method", o->method);
    net_json_string(w, "receipt_code", o->receipt_code[0] != '\0' ? o->receipt_code : NULL);
    write_timeline(w, o);
    if (o->failure == OK)
        net_json_null(w, "failure");
    else
        api_write_failure(w, "failure", o->failure, NULL, english, o->done_us);
    if (o->has_balance_after)
        api_money(w, "balance_after", o->balance_after, o->currency);
    net_json_time(w, "expires_at", o->expires_us);
    net_json_begin_array(w, "related");
    for (size_t i = 0; i < o->link_count; i++)
        net_json_id(w, NULL, "txn", &o->links[i]);
    net_json_end_array(w);
}

void api_write_operation(struct net_json_writer *w, const char *key,
                         const struct activity_operation *o, bool brief, bool english)
{
    net_json_begin_object(w, key);
    net_json_id(w, "id", "txn", &o->id);
    net_json_string(w, "kind", books_kind_name(o->kind));
    net_json_string(w, "direction", o->out ? "out" : "in");
    net_json_string(w, "state", books_state_name(o->state));
    api_money(w, "amount", o->amount, o->currency);
    write_counterparty(w, o, english);
    net_json_string(w, "memo", o->memo);
    net_json_time(w, "created_at", o->created_us);
    net_json_time(w, "finished_at", o->done_us);
    if (!brief)
        write_rest(w, o, english);
    net_json_end_object(w);
}
