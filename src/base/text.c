// Text: bounded copies, strict UTF-8 (RFC 3629), decimal integers, Luhn (ISO/IEC 7812-1).
#include "base/base.h"

#include <string.h>

#include <utf8proc.h>

bool text_copy(char *out, size_t capacity, const char *text)
{
    const size_t size = strlen(text);
    size_t kept = size < capacity ? size : capacity - 1;
    // No half character at the cut: half a character is no UTF-8.
    while (kept < size && kept > 0 && ((unsigned char)text[kept] & 0xC0) == 0x80)
        kept--;
    memcpy(out, text, kept);
    out[kept] = '\0';
    return kept == size;
}

bool text_equal(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

bool text_starts_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool text_all_digits(const char *text)
{
    return text[0] != '\0' && text[strspn(text, "0123456789")] == '\0';
}

bool text_to_int64(int64_t *out, const char *text)
{
    if (!text_all_digits(text))
        return false;
    int64_t value = 0;
    for (; *text != '\0'; text++) {
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, *text - '0', &value))
            return false;
    }
    *out = value;
    return true;
}

// Bytes of the well-formed sequence at `p` (Unicode 15, table 3-7); 0 when ill-formed.
static size_t sequence_length(const unsigned char *p, size_t left)
{
    if (p[0] < 0x80)
        return 1;
    const size_t length = p[0] >= 0xF0 ? 4 : p[0] >= 0xE0 ? 3 : 2;
    if (p[0] < 0xC2 || p[0] > 0xF4 || left < length)
        return 0;
    for (size_t i = 1; i < length; i++)
        if ((p[i] & 0xC0) != 0x80)
            return 0;
    const bool overlong = (p[0] == 0xE0 && p[1] < 0xA0) || (p[0] == 0xF0 && p[1] < 0x90);
    const bool surrogate = p[0] == 0xED && p[1] > 0x9F;
    const bool beyond = p[0] == 0xF4 && p[1] > 0x8F;
    return overlong || surrogate || beyond ? 0 : length;
}

bool text_valid_utf8(const char *text, size_t size, size_t *out_characters)
{
    const unsigned char *p = (const unsigned char *)text;
    size_t characters = 0;
    for (size_t i = 0; i < size; characters++) {
        const size_t length = sequence_length(p + i, size - i);
        if (length == 0)
            return false;
        i += length;
    }
    if (out_characters != NULL)
        *out_characters = characters;
    return true;
}

bool text_nfkc(char *out, size_t capacity, const char *text)
{
    enum { TEXT_MAX = 1024 };
    utf8proc_int32_t points[TEXT_MAX + 1]; // reencode writes its NUL behind the last one
    const utf8proc_option_t form = UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT;
    const size_t size = strnlen(text, TEXT_MAX + 1);
    bool good = size <= TEXT_MAX && text_valid_utf8(text, size, NULL);
    out[0] = '\0';
    utf8proc_ssize_t count =
        good ? utf8proc_decompose((const utf8proc_uint8_t *)text, (utf8proc_ssize_t)size, points,
                                  TEXT_MAX, form)
             : -1;
    good = count >= 0 && count <= TEXT_MAX;
    if (good)
        count = utf8proc_reencode(points, count, form);
    good = good && count >= 0 && (size_t)count < capacity;
    if (good)
        memcpy(out, points, (size_t)count);
    if (good)
        out[count] = '\0';
    mem_wipe(points, sizeof points);
    return good;
}

uint32_t text_next(const char **cursor)
{
    const unsigned char *p = (const unsigned char *)*cursor;
    if (p[0] == 0)
        return 0;
    if (p[0] < 0x80) {
        *cursor += 1;
        return p[0];
    }
    const int more = p[0] >= 0xF0 ? 3 : p[0] >= 0xE0 ? 2 : 1;
    uint32_t character = p[0] & (0x3Fu >> more);
    for (int i = 1; i <= more; i++)
        character = (character << 6) | (p[i] & 0x3Fu);
    *cursor += more + 1;
    return character;
}

static bool unseen(uint32_t c)
{
    static const struct {
        uint32_t first, last;
    } ranges[] = {
        {0x00, 0x1F},     {0x7F, 0x9F},     {0xAD, 0xAD},     {0x61C, 0x61C},   {0x115F, 0x1160},
        {0x180E, 0x180E}, {0x200B, 0x200C}, {0x200E, 0x200F}, {0x2028, 0x202E}, {0x2060, 0x206F},
        {0x3164, 0x3164}, {0xFEFF, 0xFEFF}, {0xFFF9, 0xFFFB}, {0xFFFE, 0xFFFF}, {0xE0000, 0xE007F},
    };
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++)
        if (c >= ranges[i].first && c <= ranges[i].last)
            return true;
    return false;
}

bool text_is_line(const char *text)
{
    if (!text_valid_utf8(text, strlen(text), NULL))
        return false;
    while (*text != '\0')
        if (unseen(text_next(&text)))
            return false;
    return true;
}

char text_luhn(const char *digits, size_t count)
{
    int sum = 0;
    for (size_t i = 0; i < count; i++) {
        int digit = digits[count - 1 - i] - '0';
        if (i % 2 == 0)
            digit = digit * 2 > 9 ? digit * 2 - 9 : digit * 2;
        sum += digit;
    }
    return (char)('0' + (10 - sum % 10) % 10);
}

bool text_luhn_valid(const char *digits)
{
    const size_t count = strlen(digits);
    return count >= 2 && text_all_digits(digits) &&
           text_luhn(digits, count - 1) == digits[count - 1];
}
