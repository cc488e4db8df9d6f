// One JSON call: total deadline, no redirect, bounded answer, strict JSON. Whatever cannot be
// understood is no usable answer.
#include "ports/ports_priv.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

enum { ANSWER_MAX = 65536, DEADLINE_DEFAULT_MS = 5000 };

static pthread_once_t curl_once = PTHREAD_ONCE_INIT;

static void curl_start(void)
{
    (void)curl_global_init(CURL_GLOBAL_DEFAULT);
}

// Only loopback, or the one host that the operator allows.
static bool host_allowed(const char *url, const char *allowed)
{
    const char *start = text_starts_with(url, "https://")  ? url + 8
                        : text_starts_with(url, "http://") ? url + 7
                                                           : NULL;
    char host[256];
    if (start == NULL || strchr(start, '@') != NULL || !text_copy(host, sizeof host, start))
        return false;
    host[strcspn(host, ":/")] = '\0';
    return text_equal(host, "127.0.0.1") || text_equal(host, "localhost") ||
           (allowed != NULL && text_equal(host, allowed));
}

enum code ports_peer_open(struct ports_peer *out, const struct ports_options *options)
{
    *out = (struct ports_peer){.deadline_ms = options->deadline_ms > 0 ? options->deadline_ms
                                                                       : DEADLINE_DEFAULT_MS};
    if (!host_allowed(options->base_url, options->allowed_host) ||
        !text_copy(out->base_url, sizeof out->base_url, options->base_url) ||
        !text_copy(out->bearer, sizeof out->bearer,
                   options->bearer != NULL ? options->bearer : "")) {
        log_event(LOG_ERROR, "ports.address_refused", LOG_TEXT("url", options->base_url));
        return CODE_INTERNAL;
    }
    (void)pthread_once(&curl_once, curl_start);
    return OK;
}

static size_t take_bytes(char *data, size_t size, size_t count, void *context)
{
    struct buffer *answer = context;
    if (answer->size + size * count > ANSWER_MAX)
        return 0;
    buffer_append(answer, data, size * count);
    return size * count;
}

static void set_options(CURL *curl, const struct ports_peer *peer, const char *url,
                        const char *body, struct curl_slist *headers, struct buffer *answer)
{
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)peer->deadline_ms);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_bytes);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
    if (body == NULL)
        return;
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)strlen(body));
}

static bool is_json(CURL *curl)
{
    const char *type = NULL;
    curl_easy_getinfo(curl, CURLINFO_CONTENT_TYPE, &type);
    return type != NULL && (text_starts_with(type, "application/json") ||
                            text_starts_with(type, "application/problem+json"));
}

static void perform(CURL *curl, struct buffer *answer, struct ports_reply *out)
{
    long status = 0;
    const CURLcode result = curl_easy_perform(curl);
    out->nothing_sent = result == CURLE_COULDNT_CONNECT || result == CURLE_COULDNT_RESOLVE_HOST;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    if (result != CURLE_OK || !is_json(curl) || answer->size == 0)
        return;
    json_t *json = json_loadb(answer->data, answer->size, JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_object(json)) {
        json_decref(json);
        return;
    }
    out->status = (int)status;
    out->json = json;
}

void ports_call(const struct ports_peer *peer, const char *path, json_t *body,
                struct ports_reply *out)
{
    char url[1024], authorization[300];
    *out = (struct ports_reply){0};
    char *text = body != NULL ? json_dumps(body, JSON_COMPACT) : NULL;
    struct curl_slist *headers = curl_slist_append(NULL, "Accept: application/json");
    headers = curl_slist_append(headers, "Content-Type: application/json");
    if (peer->bearer[0] != '\0') {
        snprintf(authorization, sizeof authorization, "Authorization: Bearer %s", peer->bearer);
        headers = curl_slist_append(headers, authorization);
    }
    snprintf(url, sizeof url, "%s%s", peer->base_url, path);
    struct buffer answer = {0};
    CURL *curl = curl_easy_init();
    if (curl != NULL) {
        set_options(curl, peer, url, text, headers, &answer);
        perform(curl, &answer, out);
        curl_easy_cleanup(curl);
    }
    curl_slist_free_all(headers);
    buffer_free(&answer);
    if (text != NULL)
        mem_wipe(text, strlen(text));
    mem_free(text);
    json_decref(body);
}

void ports_call_raw(const struct ports_peer *peer, const struct ports_raw *raw,
                    struct ports_raw_reply *out)
{
    *out = (struct ports_raw_reply){0};
    struct curl_slist *headers = NULL;
    for (size_t i = 0; i < raw->header_count; i++)
        headers = curl_slist_append(headers, raw->headers[i]);
    CURL *curl = curl_easy_init();
    long status = 0;
    if (curl != NULL) {
        set_options(curl, peer, raw->url, raw->body, headers, &out->body);
        curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, raw->method);
        const CURLcode result = curl_easy_perform(curl);
        out->nothing_sent = result == CURLE_COULDNT_CONNECT || result == CURLE_COULDNT_RESOLVE_HOST;
        if (result == CURLE_OK)
            curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
        curl_easy_cleanup(curl);
    }
    out->status = (int)status;
    curl_slist_free_all(headers);
}

void ports_reply_free(struct ports_reply *reply)
{
    json_decref(reply->json);
    reply->json = NULL;
}

const char *ports_text(const struct ports_reply *reply, const char *name)
{
    const char *text = json_string_value(json_object_get(reply->json, name));
    return text != NULL ? text : "";
}

bool ports_is_id(const struct ports_reply *reply, const char *name, const struct id *id)
{
    char expected[40];
    id_format(expected, "", id);
    return text_equal(ports_text(reply, name), expected);
}

const char *ports_outcome_name(enum ports_outcome outcome)
{
    static const char *const names[] = {[PORTS_DONE] = "done",
                                        [PORTS_REFUSED] = "refused",
                                        [PORTS_PENDING] = "pending",
                                        [PORTS_UNKNOWN] = "unknown"};
    return outcome >= PORTS_DONE && outcome <= PORTS_UNKNOWN ? names[outcome] : "";
}
