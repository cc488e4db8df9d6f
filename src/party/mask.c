// Masks: what may stand on a screen or in a message of somebody's data.
#include "party/party.h"

#include <stdio.h>
#include <string.h>

static size_t characters_of(const char *text)
{
    size_t count = 0;
    text_valid_utf8(text, strlen(text), &count);
    return count;
}

static void append(char *out, size_t capacity, const char *text, size_t size)
{
    const size_t used = strlen(out);
    const size_t room = capacity - 1 - used;
    const size_t kept = size < room ? size : room;
    memcpy(out + used, text, kept);
    out[used + kept] = '\0';
}

static void append_stars(char *out, size_t capacity, size_t count)
{
    for (size_t i = 0; i < count; i++)
        append(out, capacity, "*", 1);
}

// 阿卜杜拉·买买提 -> ****·买买提
static void mask_interpunct(char *out, const char *name, const char *last)
{
    append_stars(out, PARTY_NAME_MAX, characters_of(name) - characters_of(last));
    append(out, PARTY_NAME_MAX, last, strlen(last));
}

// Maria O'Neil-Lopez -> M**** O*********; words of one letter after the first are no initials:
// A N -> A *
static void mask_latin(char *out, const char *name)
{
    bool first = true;
    for (const char *at = name; *at != '\0';) {
        const char *start = at;
        const uint32_t character = text_next(&at);
        const bool whole_word = start != name && (*at == ' ' || *at == '\0');
        if (character == ' ' || (first && !whole_word))
            append(out, PARTY_NAME_MAX, start, (size_t)(at - start));
        else
            append_stars(out, PARTY_NAME_MAX, 1);
        first = character == ' ';
    }
}

static void mask_han(char *out, const char *name)
{
    const size_t count = characters_of(name);
    const char *at = name;
    for (size_t i = 0; i < count; i++) {
        const char *start = at;
        text_next(&at);
        const bool shown = i + 1 == count ? count > 1 : i == 0 && count > 2;
        if (shown)
            append(out, PARTY_NAME_MAX, start, (size_t)(at - start));
        else
            append_stars(out, PARTY_NAME_MAX, 1);
    }
}

void party_mask_name(char out[PARTY_NAME_MAX], const char *name)
{
    static const char interpunct[] = "\xC2\xB7";
    const char *last = NULL;
    for (const char *at = strstr(name, interpunct); at != NULL; at = strstr(at + 2, interpunct))
        last = at;
    out[0] = '\0';
    const char *cursor = name;
    const uint32_t first = text_next(&cursor);
    // No name begins with a digit: it is the masked phone of somebody who gave none.
    if (first >= '0' && first <= '9') {
        (void)text_copy(out, PARTY_NAME_MAX, name);
        return;
    }
    if (last != NULL)
        mask_interpunct(out, name, last);
    else if (first != 0 && first < 0x250)
        mask_latin(out, name);
    else
        mask_han(out, name);
}

// The first `head` and last `tail` characters of ASCII `text`, `stars` between them.
static void mask_middle(char out[32], const char *text, size_t head, size_t stars, size_t tail)
{
    const size_t size = strlen(text);
    out[0] = '\0';
    if (size <= head + tail) {
        append_stars(out, 32, size);
        return;
    }
    append(out, 32, text, head);
    append_stars(out, 32, stars);
    append(out, 32, text + size - tail, tail);
}

void party_mask_phone(char out[32], const char *phone)
{
    mask_middle(out, phone, 3, 4, 4);
}

void party_mask_id_number(char out[32], const char *id_number)
{
    mask_middle(out, id_number, 4, 10, 4);
}

void party_mask_wallet_number(char out[32], const char *number)
{
    const size_t size = strlen(number);
    snprintf(out, 32, "%.4s **** **** %s", number, size >= 4 ? number + size - 4 : "");
}

void party_mask_address(char out[32], const char *address)
{
    if (strchr(address, ':') == NULL) {
        const char *last = strrchr(address, '.');
        const size_t size = last == NULL ? 0 : (size_t)(last - address);
        snprintf(out, 32, "%.*s.*", (int)(size > 15 ? 15 : size), address);
        return;
    }
    // The first three groups name a site; the rest would name a person.
    size_t groups = 0, size = 0;
    while (address[size] != '\0' && size < 20) {
        if (address[size] == ':' && ++groups == 3)
            break;
        size++;
    }
    snprintf(out, 32, "%.*s:*", (int)size, address);
}
