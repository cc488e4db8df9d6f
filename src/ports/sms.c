// SMS gateways: the sandbox, Kannel's sendsms, and a template for any gateway over HTTP.
// P1 The text of a message is in the body of one request and nowhere else: no log, no address.
// P2 What was not clearly answered is unknown; nobody sends it again under the same route.
#include "ports/sms_priv.h"

#include <stdio.h>
#include <string.h>

enum code ports_sms_open(struct ports_sms **out, const struct ports_options *options,
                         const char *route)
{
    struct ports_sms *sms = mem_alloc(sizeof *sms);
    sms->driver = SMS_SANDBOX;
    (void)text_copy(sms->route, sizeof sms->route, route);
    const enum code code = ports_peer_open(&sms->peer, options);
    *out = sms;
    if (code != OK)
        ports_sms_close(out);
    return code;
}

void ports_sms_close(struct ports_sms **sms)
{
    if (*sms == NULL)
        return;
    json_decref((*sms)->config);
    mem_free_secret(*sms, sizeof **sms);
    *sms = NULL;
}

static enum ports_outcome refused(struct ports_sms_answer *out, const char *reason)
{
    (void)text_copy(out->reason, sizeof out->reason,
                    reason != NULL && reason[0] != '\0' ? reason : "GATEWAY");
    return PORTS_REFUSED;
}

// --- sandbox ---

static enum ports_outcome send_sandbox(const struct ports_sms *sms,
                                       const struct ports_message *message,
                                       struct ports_sms_answer *out)
{
    struct ports_reply reply;
    char id[40];
    enum ports_outcome outcome = PORTS_UNKNOWN;
    id_format(id, "", &message->id);
    json_t *body = json_pack("{s:s,s:s,s:s,s:s}", "id", id, "phone", message->phone, "text",
                             message->text, "route", sms->route);
    if (message->report_url != NULL)
        (void)json_object_set_new(body, "report_url", json_string(message->report_url));
    ports_call(&sms->peer, "/sms", body, &reply);
    const bool ours = reply.json != NULL && ports_is_id(&reply, "id", &message->id);
    const char *status = ports_text(&reply, "status");
    out->nothing_sent = reply.nothing_sent;
    if (ours && reply.status / 100 == 2 && text_equal(status, "accepted")) {
        outcome = PORTS_DONE;
        (void)text_copy(out->gateway_id, sizeof out->gateway_id, id);
    } else if (ours && reply.status / 100 == 4 && text_equal(status, "refused")) {
        outcome = refused(out, ports_text(&reply, "reason"));
    }
    ports_reply_free(&reply);
    return outcome;
}

// --- Kannel ---

static bool is_ascii(const char *text)
{
    for (const char *p = text; *p != '\0'; p++)
        if ((unsigned char)*p >= 0x80)
            return false;
    return true;
}

// "0: Accepted for delivery", "3: Queued for later delivery"; all else was not taken. A 5xx other
// than Kannel's own 503 may have come from something in between.
static enum ports_outcome kannel_outcome(const struct ports_raw_reply *reply,
                                         struct ports_sms_answer *out)
{
    const char *text = reply->body.data != NULL ? reply->body.data : "";
    if (reply->status == 202)
        return text_starts_with(text, "0:") || text_starts_with(text, "3:")
                   ? PORTS_DONE
                   : refused(out, "GATEWAY");
    if (reply->status / 100 == 4 || reply->status == 503)
        return refused(out, "GATEWAY");
    return PORTS_UNKNOWN;
}

static enum ports_outcome send_kannel(const struct ports_sms *sms,
                                      const struct ports_message *message,
                                      struct ports_sms_answer *out)
{
    char lines[10][640];
    const char *headers[10];
    size_t count = 0;
    const struct {
        const char *name, *value;
    } pairs[] = {
        {"Content-Type", "text/plain; charset=UTF-8"},
        {"X-Kannel-Username", sms->username},
        {"X-Kannel-Password", sms->secret},
        {"X-Kannel-From", sms->from},
        {"X-Kannel-To", message->phone},
        {"X-Kannel-SMSC", sms->smsc},
        {"X-Kannel-Coding", is_ascii(message->text) ? "0" : "2"},
        {"X-Kannel-Charset", "UTF-8"},
        {"X-Kannel-DLR-Mask", message->report_url != NULL ? "31" : ""},
        {"X-Kannel-DLR-Url", message->report_url != NULL ? message->report_url : ""},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        if (pairs[i].value[0] == '\0')
            continue;
        // %d: what became of it; %A: the carrier's words, of which only the state is read.
        const bool url = text_equal(pairs[i].name, "X-Kannel-DLR-Url");
        snprintf(lines[count], sizeof lines[count], "%s: %s%s", pairs[i].name, pairs[i].value,
                 url ? "?d=%d&a=%A" : "");
        headers[count] = lines[count];
        count++;
    }
    const struct ports_raw raw = {"POST", sms->peer.base_url, message->text, headers, count};
    struct ports_raw_reply reply;
    ports_call_raw(&sms->peer, &raw, &reply);
    out->nothing_sent = reply.nothing_sent;
    const enum ports_outcome outcome = kannel_outcome(&reply, out);
    buffer_free(&reply.body);
    mem_wipe(lines, sizeof lines);
    return outcome;
}

// --- template ---

static void append_json(struct buffer *out, const char *value)
{
    for (const char *p = value; *p != '\0'; p++) {
        if (*p == '"' || *p == '\\')
            buffer_format(out, "\\%c", *p);
        else if ((unsigned char)*p >= ' ')
            buffer_append(out, p, 1);
    }
}

static void append_url(struct buffer *out, const char *value)
{
    static const char plain[] = "-._~";
    for (const char *p = value; *p != '\0'; p++) {
        const unsigned char c = (unsigned char)*p;
        const bool letter =
            (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (letter || strchr(plain, c) != NULL)
            buffer_append(out, p, 1);
        else
            buffer_format(out, "%%%02X", c);
    }
}

// Puts the values in, written as the place wants it: 'j' JSON string, 'u' URL, 0 = as it is.
static void fill_template(struct buffer *out, const char *template, char how,
                          const struct ports_sms *sms, const struct ports_message *message)
{
    char id[40];
    id_format(id, "", &message->id);
    const struct {
        const char *name, *value;
    } places[] = {{"{to}", message->phone},
                  {"{text}", message->text},
                  {"{id}", id},
                  {"{dlr_url}", message->report_url != NULL ? message->report_url : ""},
                  {"{secret}", sms->secret}};
    for (const char *p = template; *p != '\0';) {
        size_t i = 0;
        while (i < sizeof places / sizeof places[0] && !text_starts_with(p, places[i].name))
            i++;
        if (i == sizeof places / sizeof places[0]) {
            buffer_append(out, p++, 1);
            continue;
        }
        p += strlen(places[i].name);
        if (how == 'j')
            append_json(out, places[i].value);
        else if (how == 'u')
            append_url(out, places[i].value);
        else
            buffer_text(out, places[i].value);
    }
}

// JSON pointer (RFC 6901) without escapes: what gateways' answers need.
static const json_t *at_pointer(const json_t *json, const char *pointer)
{
    char part[64];
    while (json != NULL && *pointer == '/') {
        const size_t size = strcspn(++pointer, "/");
        if (size >= sizeof part)
            return NULL;
        memcpy(part, pointer, size);
        part[size] = '\0';
        pointer += size;
        int64_t index;
        json = json_is_array(json) && text_to_int64(&index, part)
                   ? json_array_get(json, (size_t)index)
                   : json_object_get(json, part);
    }
    return json;
}

// A text or whole number as text; "" for all else.
static void text_at(const json_t *json, const char *pointer, char *out, size_t size)
{
    const json_t *value = pointer != NULL ? at_pointer(json, pointer) : NULL;
    out[0] = '\0';
    if (json_is_string(value))
        (void)text_copy(out, size, json_string_value(value));
    else if (json_is_integer(value))
        snprintf(out, size, "%lld", (long long)json_integer_value(value));
}

static const char *config_text(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

static enum ports_outcome template_outcome(const struct ports_sms *sms,
                                           const struct ports_raw_reply *reply,
                                           struct ports_sms_answer *out)
{
    const json_t *success = json_object_get(sms->config, "success");
    const json_t *statuses = json_object_get(success, "status");
    bool good = false;
    for (size_t i = 0; i < json_array_size(statuses); i++)
        good = good || json_integer_value(json_array_get(statuses, i)) == reply->status;
    json_t *json = reply->body.size > 0 ? json_loadb(reply->body.data, reply->body.size,
                                                     JSON_REJECT_DUPLICATES, NULL)
                                        : NULL;
    char said[64], reason[32];
    const char *pointer = config_text(success, "pointer");
    text_at(json, pointer, said, sizeof said);
    text_at(json, config_text(sms->config, "reason"), reason, sizeof reason);
    text_at(json, config_text(sms->config, "id"), out->gateway_id, sizeof out->gateway_id);
    enum ports_outcome outcome = PORTS_UNKNOWN;
    if (good && pointer == NULL)
        outcome = PORTS_DONE;
    else if (good && said[0] != '\0')
        outcome =
            text_equal(said, config_text(success, "equals")) ? PORTS_DONE : refused(out, reason);
    else if (!good && reply->status / 100 == 4)
        outcome = refused(out, reason);
    json_decref(json);
    return outcome;
}

static enum ports_outcome send_template(const struct ports_sms *sms,
                                        const struct ports_message *message,
                                        struct ports_sms_answer *out)
{
    struct buffer url = {0}, body = {0}, lines[SMS_HEADERS_MAX] = {0};
    const char *headers[SMS_HEADERS_MAX], *name;
    size_t count = 0;
    json_t *value;
    fill_template(&url, sms->peer.base_url, 'u', sms, message);
    const char *template = config_text(sms->config, "body");
    if (template != NULL)
        fill_template(&body, template, sms->form ? 'u' : 'j', sms, message);
    json_object_foreach(json_object_get(sms->config, "headers"), name, value)
    {
        buffer_format(&lines[count], "%s: ", name);
        fill_template(&lines[count], json_string_value(value), 0, sms, message);
        headers[count] = lines[count].data;
        count++;
    }
    const struct ports_raw raw = {config_text(sms->config, "method"), url.data,
                                  template != NULL ? body.data : NULL, headers, count};
    struct ports_raw_reply reply;
    ports_call_raw(&sms->peer, &raw, &reply);
    out->nothing_sent = reply.nothing_sent;
    const enum ports_outcome outcome = template_outcome(sms, &reply, out);
    for (size_t i = 0; i < count; i++) {
        mem_wipe(lines[i].data, lines[i].size);
        buffer_free(&lines[i]);
    }
    if (body.data != NULL)
        mem_wipe(body.data, body.size);
    buffer_free(&body);
    buffer_free(&url);
    buffer_free(&reply.body);
    return outcome;
}

// --- send ---

// One line each: a number of digits, an address without spaces, a text that is there.
static bool may_be_sent(const struct ports_message *message)
{
    const char *digits = message->phone[0] == '+' ? message->phone + 1 : message->phone;
    return text_all_digits(digits) && digits[0] != '\0' && strlen(digits) <= 15 &&
           message->text[strspn(message->text, " \t\r\n")] != '\0' &&
           (message->report_url == NULL || strpbrk(message->report_url, " \r\n?%") == NULL);
}

enum ports_outcome ports_sms_send(struct ports_sms *sms, const struct ports_message *message,
                                  struct ports_sms_answer *out)
{
    struct ports_sms_answer unused;
    struct ports_sms_answer *answer = out != NULL ? out : &unused;
    *answer = (struct ports_sms_answer){0};
    if (!may_be_sent(message))
        return refused(answer, "GATEWAY");
    if (sms->driver == SMS_KANNEL)
        return send_kannel(sms, message, answer);
    return sms->driver == SMS_TEMPLATE ? send_template(sms, message, answer)
                                       : send_sandbox(sms, message, answer);
}
