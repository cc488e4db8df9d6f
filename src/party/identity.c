// Identity rules without any state: resident ID numbers (GB 11643, ISO 7064 MOD 11-2), names,
// mobile numbers. They decide form only. Nothing here proves who somebody is.
#include "party/party_priv.h"

#include <string.h>

// --- normalising what people type ---------------------------------------------------------------

// Full-width ASCII (U+FF01 … U+FF5E) and the ideographic space, as Chinese keyboards type them, to
// plain ASCII.
static uint32_t half_width(uint32_t character)
{
    if (character >= 0xFF01 && character <= 0xFF5E)
        return character - 0xFEE0;
    if (character == 0x3000 || character == 0xA0)
        return ' ';
    return character;
}

// Half-width ASCII of `typed` without spaces and hyphens. False: other characters, or it does not
// fit.
bool party_compact_ascii(char *out, size_t capacity, const char *typed)
{
    size_t used = 0;
    if (!text_valid_utf8(typed, strlen(typed), NULL))
        return false;
    for (const char *cursor = typed; *cursor != '\0';) {
        const uint32_t character = half_width(text_next(&cursor));
        if (character == ' ' || character == '-' || character == '\t')
            continue;
        if (character > 0x7E || used + 1 >= capacity)
            return false;
        out[used++] = (char)character;
    }
    out[used] = '\0';
    return true;
}

// --- dates --------------------------------------------------------------------------------------

static bool leap(int32_t year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

bool party_date_real(int32_t date)
{
    static const int32_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const int32_t year = date / 10000, month = date / 100 % 100, day = date % 100;
    if (year < 1 || month < 1 || month > 12 || day < 1)
        return false;
    return day <= days[month - 1] + (month == 2 && leap(year) ? 1 : 0);
}

int32_t party_age(int32_t birth_date, int32_t today)
{
    const bool reached = today % 10000 >= birth_date % 10000;
    return today / 10000 - birth_date / 10000 - (reached ? 0 : 1);
}

// --- resident ID number -------------------------------------------------------------------------

char party_id_check_character(const char digits[17])
{
    static const int weights[17] = {7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2};
    int sum = 0;
    for (int i = 0; i < 17; i++)
        sum += (digits[i] - '0') * weights[i];
    return "10X98765432"[sum % 11];
}

bool party_province_known(const char *number, const char *provinces)
{
    for (const char *at = provinces; at[0] != '\0' && at[1] != '\0'; at += 2)
        if (at[0] == number[0] && at[1] == number[1])
            return true;
    return false;
}

int32_t party_number_date(const char *digits)
{
    int32_t date = 0;
    for (int i = 0; i < 8; i++)
        date = date * 10 + (digits[i] - '0');
    return date;
}

static const char *id_number_fault(const char *number, const char *provinces, int32_t today)
{
    if (strlen(number) != 18 || strspn(number, "0123456789") < 17 ||
        strchr("0123456789X", number[17]) == NULL)
        return "id.form";
    if (!party_province_known(number, provinces))
        return "id.province";
    const int32_t birth = party_number_date(number + 6);
    if (!party_date_real(birth) || birth > today || party_age(birth, today) > 150)
        return "id.date";
    return party_id_check_character(number) == number[17] ? "" : "id.check";
}

enum code party_id_number_check(struct party_identity *out, const char *typed,
                                const char *provinces, int32_t today, const char **out_reason)
{
    struct party_identity found = {.birth_date = 0};
    const char *fault = "id.form";
    if (party_compact_ascii(found.id_number, sizeof found.id_number, typed)) {
        const size_t size = strlen(found.id_number);
        if (size == 18 && found.id_number[17] == 'x')
            found.id_number[17] = 'X';
        fault = id_number_fault(found.id_number, provinces, today);
    }
    if (out_reason != NULL)
        *out_reason = fault;
    if (fault[0] != '\0')
        return CODE_ID_NUMBER_INVALID;
    found.birth_date = party_number_date(found.id_number + 6);
    found.age = party_age(found.birth_date, today);
    found.sex = (found.id_number[16] - '0') % 2 == 1 ? PARTY_MALE : PARTY_FEMALE;
    *out = found;
    return OK;
}

bool party_id_number_from_15(char out[PARTY_ID_NUMBER_MAX], const char *typed)
{
    char old[16];
    if (!party_compact_ascii(old, sizeof old, typed) || strlen(old) != 15 || !text_all_digits(old))
        return false;
    // Sequences 996 … 999 marked people who were a hundred years old then.
    const bool centenarian = strncmp(old + 12, "996", 3) >= 0;
    memcpy(out, old, 6);
    memcpy(out + 6, centenarian ? "18" : "19", 2);
    memcpy(out + 8, old + 6, 9);
    out[17] = party_id_check_character(out);
    out[18] = '\0';
    return true;
}

// --- names --------------------------------------------------------------------------------------

static bool han(uint32_t c)
{
    return c == 0x3007 || (c >= 0x3400 && c <= 0x4DBF) || (c >= 0x4E00 && c <= 0x9FFF) ||
           (c >= 0xF900 && c <= 0xFAFF) || (c >= 0x20000 && c <= 0x323AF);
}

static bool latin(uint32_t c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           (c >= 0xC0 && c <= 0x24F && c != 0xD7 && c != 0xF7);
}

// One spelling for each joining mark: "·" between Han characters; plain apostrophe, hyphen and
// space elsewhere.
static uint32_t name_character(uint32_t c, bool after_han)
{
    c = half_width(c);
    if (c == 0x30FB || c == 0x2022 || c == 0x2027 || c == 0xFF65 || (c == '.' && after_han))
        return 0xB7;
    if (c == 0x2019 || c == 0x2018)
        return '\'';
    if (c == 0x2010 || c == 0x2011)
        return '-';
    return c;
}

static size_t put_utf8(char *out, uint32_t c)
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xC0 | (c >> 6));
        out[1] = (char)(0x80 | (c & 63));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xE0 | (c >> 12));
        out[1] = (char)(0x80 | ((c >> 6) & 63));
        out[2] = (char)(0x80 | (c & 63));
        return 3;
    }
    out[0] = (char)(0xF0 | (c >> 18));
    out[1] = (char)(0x80 | ((c >> 12) & 63));
    out[2] = (char)(0x80 | ((c >> 6) & 63));
    out[3] = (char)(0x80 | (c & 63));
    return 4;
}

struct name_scan {
    char text[PARTY_NAME_MAX];
    size_t size, characters;
    bool after_letter, after_han; // what the last character was
};

// False: a character that no name has, or a joining mark that joins nothing.
static bool name_add(struct name_scan *scan, uint32_t typed)
{
    const uint32_t c = name_character(typed, scan->after_han);
    const bool letter = han(c) || latin(c);
    if (c == ' ' && !scan->after_letter)
        return scan->size == 0 || scan->text[scan->size - 1] == ' '; // leading or repeated: dropped
    const bool joins = (c == 0xB7 && scan->after_han) || ((c == ' ' || c == '-' || c == '\'') &&
                                                          scan->after_letter && !scan->after_han);
    const bool trailing_space = c == ' ' && scan->after_han;
    if (!letter && !joins && !trailing_space)
        return false;
    if (scan->size + 5 > sizeof scan->text || scan->characters > 31)
        return false;
    scan->size += put_utf8(scan->text + scan->size, c);
    scan->characters++;
    scan->after_letter = letter;
    scan->after_han = han(c);
    return true;
}

enum code party_name_check(char out[PARTY_NAME_MAX], const char *typed)
{
    struct name_scan scan = {.size = 0};
    if (!text_valid_utf8(typed, strlen(typed), NULL))
        return CODE_NAME_INVALID;
    for (const char *cursor = typed; *cursor != '\0';)
        if (!name_add(&scan, text_next(&cursor)))
            return CODE_NAME_INVALID;
    if (scan.size > 0 && scan.text[scan.size - 1] == ' ') {
        scan.size--;
        scan.characters--;
        scan.after_letter = true;
    }
    if (!scan.after_letter || scan.characters < 2 || scan.characters > 30)
        return CODE_NAME_INVALID;
    memcpy(out, scan.text, scan.size);
    out[scan.size] = '\0';
    return OK;
}

// --- mobile numbers -----------------------------------------------------------------------------

enum code party_phone_normalise(char out[PARTY_PHONE_MAX], const char *typed)
{
    char compact[20];
    if (!party_compact_ascii(compact, sizeof compact, typed))
        return CODE_PHONE_INVALID;
    static const char *const prefixes[] = {"+86", "0086", "86"};
    const char *number = compact;
    for (size_t i = 0; i < 3; i++) {
        const size_t size = strlen(prefixes[i]);
        if (text_starts_with(compact, prefixes[i]) && strlen(compact) == size + 11) {
            number = compact + size;
            break;
        }
    }
    if (strlen(number) != 11 || !text_all_digits(number) || number[0] != '1' || number[1] < '3')
        return CODE_PHONE_INVALID;
    text_copy(out, PARTY_PHONE_MAX, number);
    return OK;
}
