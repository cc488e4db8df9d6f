// The gate: what the HTTP library lets through and a strict reader must not (framing, Host,
// controls). Runs on the raw target and on the complete head, before a byte of the body is read.
#include <string.h>
#include <strings.h>

#include "net/net_priv.h"

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool is_alnum(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_token(char c)
{
    return is_alnum(c) || (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

bool gate_target(const char *target)
{
    size_t size = 0;
    for (const char *at = target; *at != '\0'; at++, size++) {
        const unsigned char c = (unsigned char)*at;
        if (c <= 0x20 || c >= 0x7F || c == '#' || c == '\\' || c == '"' || c == '<' || c == '>')
            return false;
        if (c != '%')
            continue;
        if (!is_hex(at[1]) || !is_hex(at[2]))
            return false;
        if (at[1] == '0' && at[2] == '0')
            return false;
    }
    if (size == 0 || size > HEADER_LINE_MAX)
        return false;
    return target[0] == '/' || text_starts_with(target, "http://") ||
           text_starts_with(target, "https://");
}

static bool good_length(const char *value)
{
    const size_t size = strlen(value);
    return size >= 1 && size <= 10 && text_all_digits(value);
}

static bool good_host(const char *host)
{
    const char *at = host;
    if (*at == '[') {
        for (at++; is_hex(*at) || *at == ':' || *at == '.'; at++)
            ;
        if (*at++ != ']')
            return false;
    } else {
        for (; is_alnum(*at) || *at == '-' || *at == '.' || *at == '_'; at++)
            ;
        if (at == host)
            return false;
    }
    if (*at == '\0')
        return true;
    if (*at++ != ':')
        return false;
    const size_t digits = strlen(at);
    return digits >= 1 && digits <= 5 && text_all_digits(at);
}

static bool good_field(const struct header *header)
{
    if (header->name_size == 0 || header->name_size + header->value_size + 4 > HEADER_LINE_MAX)
        return false;
    for (size_t i = 0; i < header->name_size; i++)
        if (!is_token(header->name[i]))
            return false;
    for (size_t i = 0; i < header->value_size; i++) {
        const unsigned char c = (unsigned char)header->value[i];
        if ((c < 0x20 && c != '\t') || c == 0x7F)
            return false;
    }
    return true;
}

struct collected {
    struct net_exchange *x;
    bool bad;
};

static enum MHD_Result collect(void *context, enum MHD_ValueKind kind, const char *name,
                               size_t name_size, const char *value, size_t value_size)
{
    (void)kind;
    struct collected *collected = context;
    struct net_exchange *x = collected->x;
    const struct header header = {name, value != NULL ? value : "", name_size, value_size};
    if (x->header_count == HEADERS_MAX || !good_field(&header)) {
        collected->bad = true;
        return MHD_NO;
    }
    x->headers[x->header_count++] = header;
    return MHD_YES;
}

// The single value of a header. Returns false when it stands twice; *out is NULL when absent.
static bool single(const struct net_exchange *x, const char *name, const char **out)
{
    *out = NULL;
    for (size_t i = 0; i < x->header_count; i++) {
        if (strcasecmp(x->headers[i].name, name) != 0)
            continue;
        if (*out != NULL)
            return false;
        *out = x->headers[i].value;
    }
    return true;
}

static bool good_authority(const struct net_exchange *x, const char *host)
{
    if (x->target[0] == '/')
        return true;
    const char *authority = strstr(x->target, "://") + 3;
    const size_t size = strcspn(authority, "/?");
    return host != NULL && strlen(host) == size && strncasecmp(host, authority, size) == 0;
}

// RFC 9112 section 6: exactly one framing, in its plainest form.
static bool good_framing(const struct net_exchange *x, bool http10)
{
    const char *length, *coding, *host, *expect;
    if (!single(x, "Content-Length", &length) || !single(x, "Transfer-Encoding", &coding) ||
        !single(x, "Host", &host) || !single(x, "Expect", &expect))
        return false;
    if (length != NULL && (coding != NULL || !good_length(length)))
        return false;
    if (coding != NULL && (http10 || strcasecmp(coding, "chunked") != 0))
        return false;
    if (host == NULL ? !http10 : !good_host(host))
        return false;
    if (expect != NULL && strcasecmp(expect, "100-continue") != 0)
        return false;
    return good_authority(x, host);
}

static bool has_body(const struct net_exchange *x)
{
    const char *length = net_header(x, "Content-Length");
    return net_header(x, "Transfer-Encoding") != NULL ||
           (length != NULL && strspn(length, "0") != strlen(length));
}

enum code gate_head(struct net_exchange *x, const char *method, const char *version)
{
    static const char *const known[] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};
    struct collected collected = {x, false};
    x->refused_reason = "framing";
    ENSURE(!x->refused, CODE_REQUEST_INVALID);
    const bool http10 = text_equal(version, "HTTP/1.0");
    ENSURE(http10 || text_equal(version, "HTTP/1.1"), CODE_REQUEST_INVALID);
    (void)MHD_get_connection_values_n(x->connection, MHD_HEADER_KIND, collect, &collected);
    ENSURE(!collected.bad, CODE_REQUEST_INVALID);
    ENSURE(good_framing(x, http10), CODE_REQUEST_INVALID);
    size_t i = 0;
    while (i < sizeof known / sizeof known[0] && !text_equal(known[i], method))
        i++;
    ENSURE(i < sizeof known / sizeof known[0], CODE_METHOD_NOT_ALLOWED);
    ENSURE(!has_body(x) || (!text_equal(method, "GET") && !text_equal(method, "HEAD")),
           CODE_REQUEST_INVALID);
    return OK;
}

static enum MHD_Result any_trailer(void *context, enum MHD_ValueKind kind, const char *name,
                                   size_t name_size, const char *value, size_t value_size)
{
    (void)kind, (void)name, (void)name_size, (void)value, (void)value_size;
    *(bool *)context = true;
    return MHD_NO;
}

bool gate_trailers(struct net_exchange *x)
{
    bool found = false;
    (void)MHD_get_connection_values_n(x->connection, MHD_FOOTER_KIND, any_trailer, &found);
    return !found;
}
