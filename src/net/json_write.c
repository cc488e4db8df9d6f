// JSON out: straight into a buffer, no tree.
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "net/net_priv.h"

// Bytes that must be escaped (RFC 8259 section 7), and '<' so that JSON inside a page cannot end a
// script.
static bool needs_escape(unsigned char c)
{
    return c < 0x20 || c == '"' || c == '\\' || c == 0x7F || c == '<';
}

static void put_escape(struct buffer *out, unsigned char c)
{
    switch (c) {
    case '"':
        buffer_append(out, "\\\"", 2);
        return;
    case '\\':
        buffer_append(out, "\\\\", 2);
        return;
    case '\n':
        buffer_append(out, "\\n", 2);
        return;
    case '\r':
        buffer_append(out, "\\r", 2);
        return;
    case '\t':
        buffer_append(out, "\\t", 2);
        return;
    default: {
        static const char digits[] = "0123456789abcdef";
        const char escape[6] = {'\\', 'u', '0', '0', digits[c >> 4], digits[c & 15]};
        buffer_append(out, escape, sizeof escape);
    }
    }
}

static void put_quoted(struct buffer *out, const char *text, size_t size)
{
    buffer_append(out, "\"", 1);
    size_t from = 0;
    for (size_t i = 0; i < size; i++) {
        const unsigned char c = (unsigned char)text[i];
        if (!needs_escape(c))
            continue;
        buffer_append(out, text + from, i - from);
        put_escape(out, c);
        from = i + 1;
    }
    buffer_append(out, text + from, size - from);
    buffer_append(out, "\"", 1);
}

static void begin_item(struct net_json_writer *w, const char *key)
{
    if (w->comma)
        buffer_append(w->out, ",", 1);
    w->comma = true;
    if (key == NULL)
        return;
    put_quoted(w->out, key, strlen(key));
    buffer_append(w->out, ":", 1);
}

static void open_with(struct net_json_writer *w, const char *key, const char *bracket)
{
    begin_item(w, key);
    buffer_append(w->out, bracket, 1);
    w->comma = false;
}

static void close_with(struct net_json_writer *w, const char *bracket)
{
    buffer_append(w->out, bracket, 1);
    w->comma = true;
}

void net_json_begin_object(struct net_json_writer *w, const char *key)
{
    open_with(w, key, "{");
}

void net_json_end_object(struct net_json_writer *w)
{
    close_with(w, "}");
}

void net_json_begin_array(struct net_json_writer *w, const char *key)
{
    open_with(w, key, "[");
}

void net_json_end_array(struct net_json_writer *w)
{
    close_with(w, "]");
}

void net_json_string_n(struct net_json_writer *w, const char *key, const char *text, size_t size)
{
    begin_item(w, key);
    put_quoted(w->out, text, size);
}

void net_json_string(struct net_json_writer *w, const char *key, const char *text)
{
    if (text == NULL)
        net_json_null(w, key);
    else
        net_json_string_n(w, key, text, strlen(text));
}

static size_t digits_of(char out[24], int64_t value)
{
    uint64_t rest = value < 0 ? 0U - (uint64_t)value : (uint64_t)value;
    char reversed[24];
    size_t count = 0, used = 0;
    do {
        reversed[count++] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (value < 0)
        out[used++] = '-';
    while (count > 0)
        out[used++] = reversed[--count];
    return used;
}

void net_json_int(struct net_json_writer *w, const char *key, int64_t value)
{
    char digits[24];
    begin_item(w, key);
    buffer_append(w->out, digits, digits_of(digits, value));
}

void net_json_bool(struct net_json_writer *w, const char *key, bool value)
{
    begin_item(w, key);
    buffer_text(w->out, value ? "true" : "false");
}

void net_json_null(struct net_json_writer *w, const char *key)
{
    begin_item(w, key);
    buffer_append(w->out, "null", 4);
}

void net_json_raw(struct net_json_writer *w, const char *key, const char *json, size_t size)
{
    begin_item(w, key);
    buffer_append(w->out, json, size);
}

// The decimal point goes in by position: digits are padded to exponent + 1 first.
static size_t decimal(char out[40], int64_t minor, int exponent)
{
    char digits[24];
    size_t count = digits_of(digits, minor), from = 0, used = 0;
    if (digits[0] == '-')
        out[used++] = digits[from++];
    const size_t places = (size_t)exponent;
    const size_t whole = count - from > places ? count - from - places : 0;
    if (whole == 0)
        out[used++] = '0';
    for (size_t i = 0; i < whole; i++)
        out[used++] = digits[from++];
    if (places == 0)
        return used;
    out[used++] = '.';
    for (size_t i = count - from; i < places; i++)
        out[used++] = '0';
    while (from < count)
        out[used++] = digits[from++];
    return used;
}

void net_json_money(struct net_json_writer *w, const char *key, int64_t minor, int exponent,
                    const char *currency)
{
    assert(exponent >= 0 && exponent <= 8);
    char text[40];
    const size_t size = decimal(text, minor, exponent);
    net_json_begin_object(w, key);
    net_json_string_n(w, "value", text, size);
    net_json_string(w, "currency", currency);
    net_json_end_object(w);
}

void net_json_time(struct net_json_writer *w, const char *key, int64_t at_us)
{
    char text[32];
    if (at_us == 0) {
        net_json_null(w, key);
        return;
    }
    time_format_utc(text, at_us);
    net_json_string(w, key, text);
}

void net_json_id(struct net_json_writer *w, const char *key, const char *prefix,
                 const struct id *id)
{
    char text[40];
    if (id_is_zero(id)) {
        net_json_null(w, key);
        return;
    }
    id_format(text, prefix, id);
    net_json_string(w, key, text);
}
