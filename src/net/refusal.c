// Refusals as documents: RFC 9457 problem+json and the sentence people read, in zh-CN or English.
#include <stdio.h>
#include <string.h>

#include "net/net_priv.h"

static const int64_t day_us = 86400000000;

static int exponent_of(const char *currency)
{
    static const char *const whole[] = {"JPY", "KRW", "VND"};
    for (size_t i = 0; i < sizeof whole / sizeof whole[0]; i++)
        if (text_equal(whole[i], currency))
            return 0;
    return 2;
}

static const char *currency_of(const struct problem *problem)
{
    return problem->currency[0] != '\0' ? problem->currency : "CNY";
}

// ¥1,000.00, or "USD 10.00" for what has no sign of its own here.
static void put_amount(struct buffer *out, int64_t minor, const char *currency)
{
    const int exponent = exponent_of(currency);
    const uint64_t scale = exponent == 2 ? 100 : 1;
    const uint64_t size = minor < 0 ? 0U - (uint64_t)minor : (uint64_t)minor;
    char digits[24];
    (void)snprintf(digits, sizeof digits, "%llu", (unsigned long long)(size / scale));
    buffer_text(out, minor < 0 ? "-" : "");
    if (text_equal(currency, "CNY"))
        buffer_text(out, "¥");
    else
        buffer_format(out, "%s ", currency);
    const size_t count = strlen(digits);
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && (count - i) % 3 == 0)
            buffer_text(out, ",");
        buffer_append(out, &digits[i], 1);
    }
    if (exponent == 2)
        buffer_format(out, ".%02u", (unsigned int)(size % scale));
}

// Asia/Shanghai: 今天 12:31, 明天 12:31, 11月22日 12:31; "12:31 today", "12:31 on 22 Nov".
static void put_time(struct buffer *out, int64_t at_us, int64_t now_us, bool english)
{
    static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const int32_t date = time_business_date(at_us);
    const int64_t minutes = (at_us - time_business_day_start(at_us)) / 60000000;
    const int hour = (int)(minutes / 60), minute = (int)(minutes % 60);
    const bool today = date == time_business_date(now_us);
    const bool tomorrow = date == time_business_date(now_us + day_us);
    if (english && (today || tomorrow)) {
        buffer_format(out, "%02d:%02d %s", hour, minute, today ? "today" : "tomorrow");
        return;
    }
    const int month = date / 100 % 100, day = date % 100;
    if (english) {
        buffer_format(out, "%02d:%02d on %d %s", hour, minute, day, months[month - 1]);
        return;
    }
    if (today || tomorrow)
        buffer_text(out, today ? "今天" : "明天");
    else
        buffer_format(out, "%d月%d日", month, day);
    buffer_format(out, " %02d:%02d", hour, minute);
}

static void put_reference(struct buffer *out, const char *request_id)
{
    const size_t size = request_id != NULL ? strlen(request_id) : 0;
    // The last digits are random, the first are the time: the end tells requests apart.
    const char *tail = size > 8 ? request_id + size - 8 : "";
    for (; *tail != '\0'; tail++) {
        const char upper = *tail >= 'a' && *tail <= 'f' ? (char)(*tail - 'a' + 'A') : *tail;
        buffer_append(out, &upper, 1);
    }
}

static bool is(const char *name, size_t size, const char *word)
{
    return strlen(word) == size && memcmp(name, word, size) == 0;
}

static bool put_number(struct buffer *out, const char *name, size_t size, const struct problem *p)
{
    const char *currency = currency_of(p);
    if (is(name, size, "n"))
        buffer_format(out, "%lld", (long long)p->tries_left);
    else if (is(name, size, "s"))
        buffer_format(out, "%lld", (long long)p->retry_after_s);
    else if (is(name, size, "d"))
        buffer_format(out, "%lld", (long long)p->hours);
    else if (is(name, size, "amount"))
        put_amount(out, p->amount, currency);
    else if (is(name, size, "limit"))
        put_amount(out, p->limit, currency);
    else if (is(name, size, "left"))
        put_amount(out, p->left, currency);
    else if (is(name, size, "max"))
        put_amount(out, p->max, currency);
    else
        return false;
    return true;
}

static void put_placeholder(struct buffer *out, const char *name, size_t size,
                            const struct problem *problem, const struct net_problem_frame *frame)
{
    if (put_number(out, name, size, problem))
        return;
    if (is(name, size, "time"))
        put_time(out, problem->until_us, frame->now_us, frame->english);
    else if (is(name, size, "bank"))
        buffer_text(out, problem->subject);
    else if (is(name, size, "case"))
        buffer_text(out, problem->case_number);
    else if (is(name, size, "ref"))
        put_reference(out, frame->request_id);
    else
        buffer_append(out, name - 1, size + 2);
}

static void fill(struct buffer *out, const char *template, const struct problem *problem,
                 const struct net_problem_frame *frame)
{
    while (*template != '\0') {
        const size_t plain = strcspn(template, "{");
        buffer_append(out, template, plain);
        template += plain;
        if (*template == '\0')
            return;
        const size_t size = strcspn(++template, "}");
        put_placeholder(out, template, size, problem, frame);
        template += size;
        if (*template == '}')
            template ++;
    }
}

void net_problem_text(struct buffer *out, const struct problem *problem,
                      const struct net_problem_frame *frame)
{
    fill(out, error_text(problem->code, frame->english), problem, frame);
}

// The title does not change from one occurrence to the next (RFC 9457 section 3.1.4).
static void put_title(struct buffer *out, enum code code, bool english)
{
    const char *text = error_text(code, false);
    size_t size = strlen(text);
    static const char *const stops[] = {"，", "。", "；", "{"};
    for (size_t i = 0; !english && i < sizeof stops / sizeof stops[0]; i++) {
        const char *stop = strstr(text, stops[i]);
        if (stop != NULL && (size_t)(stop - text) < size)
            size = text[stop - text] == '{' ? 0 : (size_t)(stop - text);
    }
    if (!english && size > 0) {
        buffer_append(out, text, size);
        return;
    }
    if (!english) {
        buffer_text(out, error_http_status(code) >= 500 ? "暂时无法办理" : "没有办成");
        return;
    }
    const char *slug = error_slug(code);
    for (size_t i = 0; slug[i] != '\0'; i++) {
        const char c = slug[i] == '-' ? ' ' : slug[i];
        const char first = (char)(c - 'a' + 'A');
        buffer_append(out, i == 0 ? &first : &c, 1);
    }
}

static void write_params(struct net_json_writer *w, const struct problem *p)
{
    static const struct {
        const char *placeholder, *name;
        size_t offset;
    } amounts[] = {
        {"{amount}", "amount", offsetof(struct problem, amount)},
        {"{limit}", "limit", offsetof(struct problem, limit)},
        {"{left}", "left", offsetof(struct problem, left)},
        {"{max}", "max", offsetof(struct problem, max)},
    };
    const char *text = error_text(p->code, true);
    const char *currency = currency_of(p);
    net_json_begin_object(w, "params");
    for (size_t i = 0; i < sizeof amounts / sizeof amounts[0]; i++) {
        int64_t value;
        memcpy(&value, (const char *)p + amounts[i].offset, sizeof value);
        if (value != 0 || strstr(text, amounts[i].placeholder) != NULL)
            net_json_money(w, amounts[i].name, value, exponent_of(currency), currency);
    }
    if (strstr(text, "{n}") != NULL || p->tries_left != 0)
        net_json_int(w, "tries_left", p->tries_left);
    if (p->hours != 0)
        net_json_int(w, "hours", p->hours);
    if (p->until_us != 0)
        net_json_time(w, "until", p->until_us);
    if (p->subject[0] != '\0')
        net_json_string(w, "subject", p->subject);
    if (p->rule[0] != '\0')
        net_json_string(w, "rule", p->rule);
    if (p->case_number[0] != '\0')
        net_json_string(w, "case", p->case_number);
    if (p->lock[0] != '\0')
        net_json_string(w, "lock", p->lock);
    net_json_end_object(w);
}

// What the person keeps: it can be checked without asking us again (guard_lock_statement).
static void write_statement(struct net_json_writer *w, const struct problem *p)
{
    if (p->signature[0] == '\0')
        return;
    net_json_begin_object(w, "statement");
    net_json_string(w, "case_number", p->case_number);
    net_json_string(w, "code", p->lock);
    net_json_int(w, "tries", p->tries);
    if (p->until_us != 0)
        net_json_time(w, "until", p->until_us);
    else
        net_json_null(w, "until");
    net_json_time(w, "at", p->from_us);
    net_json_string(w, "signature", p->signature);
    net_json_end_object(w);
}

static void write_fields(struct net_json_writer *w, const struct problem *problem,
                         const struct net_problem_frame *frame)
{
    net_json_begin_array(w, "errors");
    for (size_t i = 0; i < problem->field_count; i++) {
        const struct problem_field *field = &problem->fields[i];
        struct buffer text = {0};
        fill(&text, error_text(field->code, frame->english), problem, frame);
        net_json_begin_object(w, NULL);
        net_json_string(w, "pointer", field->pointer);
        net_json_string(w, "code", error_slug(field->code));
        if (field->reason[0] != '\0')
            net_json_string(w, "reason", field->reason);
        net_json_string(w, "detail", text.data);
        net_json_end_object(w);
        buffer_free(&text);
    }
    net_json_end_array(w);
}

static void write_actions(struct net_json_writer *w, enum code code)
{
    net_json_begin_array(w, "actions");
    for (const char *at = error_actions(code); *at != '\0';) {
        const size_t size = strcspn(at, "|");
        net_json_string_n(w, NULL, at, size);
        at += size;
        if (*at == '|')
            at++;
    }
    net_json_end_array(w);
}

static void write_texts(struct net_json_writer *w, const struct problem *problem,
                        const struct net_problem_frame *frame)
{
    struct buffer text = {0};
    buffer_format(&text, "%s/docs/errors/%s", frame->public_url != NULL ? frame->public_url : "",
                  error_slug(problem->code));
    net_json_string(w, "type", text.data);
    text.size = 0;
    put_title(&text, problem->code, frame->english);
    net_json_string(w, "title", text.data);
    net_json_int(w, "status", error_http_status(problem->code));
    text.size = 0;
    net_problem_text(&text, problem, frame);
    net_json_string(w, "detail", text.data);
    buffer_free(&text);
}

void net_problem_render(struct buffer *out, const struct problem *problem,
                        const struct net_problem_frame *frame)
{
    struct net_json_writer writer = {out, false}, *w = &writer;
    net_json_begin_object(w, NULL);
    write_texts(w, problem, frame);
    net_json_string(w, "instance", frame->instance);
    net_json_string(w, "code", error_slug(problem->code));
    net_json_string(w, "request_id", frame->request_id);
    if (problem->charged == CHARGED_NO)
        net_json_bool(w, "charged", false);
    if (problem->charged == CHARGED_UNKNOWN)
        net_json_string(w, "charged", "unknown");
    if (problem->retry_after_s > 0)
        net_json_int(w, "retry_after", problem->retry_after_s);
    write_params(w, problem);
    write_statement(w, problem);
    write_fields(w, problem, frame);
    write_actions(w, problem->code);
    net_json_end_object(w);
}
