// The operator's file of SMS routes: strict, secrets only by reference to files of their own.
#include "ports/sms_priv.h"

#include <stdio.h>
#include <string.h>

struct reader {
    char *reason; // 256 bytes
    const char *allowed_host;
};

static enum code wrong(struct reader *r, const char *where, const char *what)
{
    snprintf(r->reason, 256, "%.100s: %.140s", where, what);
    return CODE_INTERNAL;
}

static bool known(const char *keys, const char *key)
{
    const size_t size = strlen(key);
    for (const char *p = keys; (p = strstr(p, key)) != NULL; p += size)
        if ((p == keys || p[-1] == ' ') && (p[size] == ' ' || p[size] == '\0'))
            return true;
    return false;
}

static enum code check_keys(struct reader *r, const char *where, json_t *object, const char *keys)
{
    const char *key;
    json_t *value;
    ENSURE(json_is_object(object), wrong(r, where, "is not an object"));
    json_object_foreach(object, key, value)
        ENSURE(known(keys, key), wrong(r, where, "has an unknown key"));
    return OK;
}

// A text member into `out`; `needed` false: may be absent.
static enum code take(struct reader *r, const char *where, const json_t *object, const char *key,
                      char *out, size_t size, bool needed)
{
    const json_t *value = json_object_get(object, key);
    out[0] = '\0';
    if (value == NULL && !needed)
        return OK;
    const char *text = json_string_value(value);
    ENSURE(text != NULL && text[0] != '\0' && strpbrk(text, "\r\n") == NULL &&
               text_copy(out, size, text),
           wrong(r, where, key));
    return OK;
}

static enum code read_secret(struct reader *r, const char *where, const json_t *route, char *out,
                             size_t size)
{
    char path[512];
    GUARD(take(r, where, route, "secret_file", path, sizeof path, false));
    out[0] = '\0';
    if (path[0] == '\0')
        return OK;
    FILE *file = fopen(path, "r");
    ENSURE(file != NULL, wrong(r, where, "secret_file cannot be read"));
    const size_t got = fread(out, 1, size - 1, file);
    (void)fclose(file);
    out[got] = '\0';
    out[strcspn(out, "\r\n")] = '\0';
    ENSURE(out[0] != '\0', wrong(r, where, "secret_file is empty"));
    return OK;
}

static enum code open_peer(struct reader *r, const char *where, const json_t *route,
                           struct ports_sms *sms)
{
    char url[512];
    const json_t *deadline = json_object_get(route, "deadline_ms");
    const json_int_t deadline_ms = json_integer_value(deadline);
    ENSURE(deadline == NULL || (deadline_ms >= 100 && deadline_ms <= 30000),
           wrong(r, where, "deadline_ms is not 100 to 30000"));
    GUARD(take(r, where, route, "url", url, sizeof url, true));
    const struct ports_options options = {
        .base_url = url, .deadline_ms = (uint32_t)deadline_ms, .allowed_host = r->allowed_host};
    return ports_peer_open(&sms->peer, &options) == OK
               ? OK
               : wrong(r, where, "url: only loopback, or the allowed_host");
}

static enum code open_kannel(struct reader *r, const char *where, json_t *route,
                             struct ports_sms *sms)
{
    sms->driver = SMS_KANNEL;
    GUARD(check_keys(r, where, route, "driver url deadline_ms username secret_file from smsc"));
    GUARD(take(r, where, route, "username", sms->username, sizeof sms->username, true));
    GUARD(take(r, where, route, "from", sms->from, sizeof sms->from, false));
    GUARD(take(r, where, route, "smsc", sms->smsc, sizeof sms->smsc, false));
    GUARD(read_secret(r, where, route, sms->secret, sizeof sms->secret));
    ENSURE(sms->secret[0] != '\0', wrong(r, where, "secret_file is missing"));
    return open_peer(r, where, route, sms);
}

static enum code check_headers(struct reader *r, const char *where, struct ports_sms *sms)
{
    const char *name;
    json_t *value, *headers = json_object_get(sms->config, "headers");
    ENSURE(headers == NULL ||
               (json_is_object(headers) && json_object_size(headers) <= SMS_HEADERS_MAX),
           wrong(r, where, "headers are not a few texts"));
    json_object_foreach(headers, name, value)
    {
        const char *text = json_string_value(value);
        ENSURE(text != NULL && strpbrk(text, "\r\n") == NULL && strstr(text, "{text}") == NULL,
               wrong(r, where, "a header is no line, or holds the text"));
        if (strcasecmp(name, "content-type") == 0 && strstr(text, "form-urlencoded") != NULL)
            sms->form = true;
    }
    return OK;
}

static enum code check_success(struct reader *r, const char *where, json_t *success)
{
    char unused[64];
    GUARD(check_keys(r, where, success, "status pointer equals"));
    const json_t *status = json_object_get(success, "status");
    ENSURE(json_array_size(status) > 0, wrong(r, where, "success: status is missing"));
    for (size_t i = 0; i < json_array_size(status); i++)
        ENSURE(json_integer_value(json_array_get(status, i)) / 100 == 2,
               wrong(r, where, "success: a status is not 2xx"));
    const bool pointer = json_object_get(success, "pointer") != NULL;
    GUARD(take(r, where, success, "pointer", unused, sizeof unused, false));
    return take(r, where, success, "equals", unused, sizeof unused, pointer);
}

static enum code open_template(struct reader *r, const char *where, json_t *route,
                               struct ports_sms *sms)
{
    char method[8], body[2048], unused[64];
    sms->driver = SMS_TEMPLATE;
    sms->config = json_incref(route);
    GUARD(check_keys(r, where, route,
                     "driver url deadline_ms method headers body secret_file success id reason"));
    GUARD(take(r, where, route, "method", method, sizeof method, true));
    GUARD(take(r, where, route, "body", body, sizeof body, false));
    GUARD(take(r, where, route, "id", unused, sizeof unused, false));
    GUARD(take(r, where, route, "reason", unused, sizeof unused, false));
    ENSURE(text_equal(method, "POST") || text_equal(method, "GET"),
           wrong(r, where, "method is neither POST nor GET"));
    GUARD(check_headers(r, where, sms));
    GUARD(check_success(r, where, json_object_get(route, "success")));
    GUARD(read_secret(r, where, route, sms->secret, sizeof sms->secret));
    GUARD(open_peer(r, where, route, sms));
    const bool posts = text_equal(method, "POST");
    const char *text_in = posts ? body : sms->peer.base_url;
    ENSURE(strstr(text_in, "{text}") != NULL, wrong(r, where, "the text has no place"));
    ENSURE(!posts || strstr(sms->peer.base_url, "{text}") == NULL,
           wrong(r, where, "the text does not belong into an address"));
    return OK;
}

static enum code open_route(struct reader *r, json_t *routes, const char *name,
                            struct ports_sms **out)
{
    json_t *route = json_object_get(routes, name);
    if (route == NULL)
        return OK;
    const char *driver = json_string_value(json_object_get(route, "driver"));
    ENSURE(driver != NULL, wrong(r, name, "driver is missing"));
    struct ports_sms *sms = mem_alloc(sizeof *sms);
    *out = sms;
    (void)text_copy(sms->route, sizeof sms->route, name);
    if (text_equal(driver, "kannel"))
        return open_kannel(r, name, route, sms);
    if (text_equal(driver, "http"))
        return open_template(r, name, route, sms);
    ENSURE(text_equal(driver, "sandbox"), wrong(r, name, "driver is not kannel, http or sandbox"));
    GUARD(check_keys(r, name, route, "driver url deadline_ms"));
    return open_peer(r, name, route, sms);
}

static enum code read_file(struct reader *r, json_t *root, struct ports_sms_routes *out)
{
    char host[256];
    GUARD(check_keys(r, "the file", root, "report_base allowed_host routes"));
    GUARD(take(r, "the file", root, "allowed_host", host, sizeof host, false));
    r->allowed_host = host[0] != '\0' ? host : NULL;
    GUARD(
        take(r, "the file", root, "report_base", out->report_base, sizeof out->report_base, false));
    json_t *routes = json_object_get(root, "routes");
    GUARD(check_keys(r, "routes", routes, "a b voice"));
    GUARD(open_route(r, routes, "a", &out->a));
    GUARD(open_route(r, routes, "b", &out->b));
    GUARD(open_route(r, routes, "voice", &out->voice));
    ENSURE(out->a != NULL, wrong(r, "routes", "a is missing"));
    return OK;
}

enum code ports_sms_load(struct ports_sms_routes *out, const char *file, char out_reason[256])
{
    char reason[256] = "";
    json_error_t error;
    struct reader reader = {.reason = reason};
    *out = (struct ports_sms_routes){0};
    json_t *root = json_load_file(file, JSON_REJECT_DUPLICATES, &error);
    enum code code = root != NULL ? read_file(&reader, root, out)
                                  : wrong(&reader, "the file", "is not readable JSON");
    json_decref(root);
    if (code != OK) {
        ports_sms_routes_close(out);
        log_event(LOG_ERROR, "ports.sms_config_refused", LOG_TEXT("reason", reason));
    }
    if (out_reason != NULL)
        (void)text_copy(out_reason, 256, reason);
    return code;
}

void ports_sms_routes_close(struct ports_sms_routes *routes)
{
    ports_sms_close(&routes->a);
    ports_sms_close(&routes->b);
    ports_sms_close(&routes->voice);
}
