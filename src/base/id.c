// Ids: UUIDv7 (RFC 9562 section 5.7) and their text forms.
#include "base/base.h"

#include <string.h>

struct id id_new(const struct env *env)
{
    struct id id;
    const uint64_t ms = (uint64_t)(env_now(env) / 1000);
    env->entropy(env->context, id.bytes, sizeof id.bytes);
    for (int i = 0; i < 6; i++)
        id.bytes[i] = (uint8_t)(ms >> (40 - 8 * i));
    id.bytes[6] = (uint8_t)(0x70 | (id.bytes[6] & 0x0F));
    id.bytes[8] = (uint8_t)(0x80 | (id.bytes[8] & 0x3F));
    return id;
}

bool id_is_zero(const struct id *id)
{
    static const struct id zero;
    return memcmp(id->bytes, zero.bytes, sizeof zero.bytes) == 0;
}

bool id_equal(const struct id *a, const struct id *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

void hex_encode(char *out, const void *data, size_t size)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *bytes = data;
    for (size_t i = 0; i < size; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15];
    }
    out[2 * size] = '\0';
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

bool hex_decode(void *out, size_t size, const char *text)
{
    uint8_t *bytes = out;
    for (size_t i = 0; i < size; i++) {
        const int high = hex_value(text[2 * i]);
        if (high < 0)
            return false;
        const int low = hex_value(text[2 * i + 1]);
        if (low < 0)
            return false;
        bytes[i] = (uint8_t)(high << 4 | low);
    }
    return text[2 * size] == '\0';
}

void id_format(char out[40], const char *prefix, const struct id *id)
{
    const size_t size = strnlen(prefix, 6);
    memcpy(out, prefix, size);
    size_t at = size;
    if (size > 0)
        out[at++] = '_';
    hex_encode(out + at, id->bytes, sizeof id->bytes);
}

bool id_parse(struct id *out, const char *prefix, const char *text)
{
    const size_t size = strlen(prefix);
    if (size > 0 && strncmp(text, prefix, size) == 0 && text[size] == '_')
        return hex_decode(out->bytes, sizeof out->bytes, text + size + 1);
    if (strlen(text) != 36)
        return hex_decode(out->bytes, sizeof out->bytes, text);
    char compact[33];
    size_t used = 0;
    for (size_t i = 0; i < 36; i++) {
        const bool hyphen = i == 8 || i == 13 || i == 18 || i == 23;
        if (hyphen != (text[i] == '-'))
            return false;
        if (!hyphen)
            compact[used++] = text[i];
    }
    compact[used] = '\0';
    return hex_decode(out->bytes, sizeof out->bytes, compact);
}
