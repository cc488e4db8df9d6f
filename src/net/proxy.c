// A small reverse proxy for one loopback neighbour (the sandbox): blocking, on a worker thread.
#include <curl/curl.h>
#include <string.h>

#include "net/net_priv.h"

enum { ANSWER_MAX = 1024 * 1024, TIMEOUT_MS = 5000 };

static pthread_once_t curl_once = PTHREAD_ONCE_INIT;

static void curl_start(void)
{
    (void)curl_global_init(CURL_GLOBAL_DEFAULT);
}

static size_t on_answer(char *data, size_t size, size_t count, void *context)
{
    struct buffer *answer = context;
    if (answer->size + size * count > ANSWER_MAX)
        return 0;
    buffer_append(answer, data, size * count);
    return size * count;
}

// The tail is decoded already: encode it again segment by segment.
static const char *encode_tail(struct arena *arena, const char *tail)
{
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/";
    static const char digits[] = "0123456789ABCDEF";
    char *out = arena_alloc(arena, 3 * strlen(tail) + 1);
    size_t used = 0;
    for (; *tail != '\0'; tail++) {
        const unsigned char c = (unsigned char)*tail;
        if (strchr(plain, *tail) != NULL) {
            out[used++] = *tail;
            continue;
        }
        out[used++] = '%';
        out[used++] = digits[c >> 4];
        out[used++] = digits[c & 15];
    }
    return out;
}

static const char *tail_of(const struct net_exchange *x)
{
    return x->param_count > 0 ? x->params[x->param_count - 1].value : "";
}

static struct curl_slist *headers_of(struct net_exchange *x)
{
    struct curl_slist *list = NULL;
    static const char *const passed[] = {"Content-Type", "Accept-Language", "Accept"};
    for (size_t i = 0; i < sizeof passed / sizeof passed[0]; i++) {
        const char *value = net_header(x, passed[i]);
        if (value != NULL)
            list = curl_slist_append(list, arena_format(x->arena, "%s: %s", passed[i], value));
    }
    return curl_slist_append(list, "Expect:");
}

static void configure(CURL *curl, struct net_exchange *x, const char *url, struct buffer *answer)
{
    (void)curl_easy_setopt(curl, CURLOPT_URL, url);
    (void)curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http");
    (void)curl_easy_setopt(curl, CURLOPT_PROXY, "");
    (void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)TIMEOUT_MS);
    (void)curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, x->method);
    if (text_equal(x->method, "HEAD"))
        (void)curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
    if (x->body.size > 0) {
        (void)curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)x->body.size);
        (void)curl_easy_setopt(curl, CURLOPT_POSTFIELDS, x->body.data);
    }
    (void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_answer);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
}

enum net_step net_proxy(struct net_exchange *x, const char *upstream_base_url)
{
    pthread_once(&curl_once, curl_start);
    CURL *curl = curl_easy_init();
    if (curl == NULL)
        return net_reply_code(x, CODE_STORAGE_UNAVAILABLE, CHARGED_NOT_INVOLVED);
    const char *url =
        arena_format(x->arena, "%s/%s%s%s", upstream_base_url, encode_tail(x->arena, tail_of(x)),
                     x->query_text != NULL ? "?" : "", x->query_text != NULL ? x->query_text : "");
    struct buffer answer = {0};
    struct curl_slist *headers = headers_of(x);
    configure(curl, x, url, &answer);
    (void)curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    const CURLcode result = curl_easy_perform(curl);
    long status = 0;
    char *type = NULL;
    if (result == CURLE_OK) {
        (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
        (void)curl_easy_getinfo(curl, CURLINFO_CONTENT_TYPE, &type);
        (void)net_reply(x, (int)status, type, answer.data != NULL ? answer.data : "", answer.size);
    } else {
        (void)net_reply_code(x, CODE_STORAGE_UNAVAILABLE, CHARGED_NOT_INVOLVED);
    }
    buffer_free(&answer);
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    return NET_DONE;
}
