// Identity documents: the form of their numbers by the rules of the profile, and names that only
// look like a person's.
#include "party/party_document.h"
#include "party/party_priv.h"

#include <ctype.h>
#include <string.h>

static const char *const NAMES[PARTY_DOCUMENTS] = {
    "none",
    "resident_id",
    "residence_permit_hk",
    "residence_permit_mo",
    "residence_permit_tw",
    "travel_permit_hk_mo",
    "travel_permit_tw",
    "permanent_resident_old",
    "permanent_resident",
    "passport",
};

const char *party_document_name(enum party_document kind)
{
    return kind >= PARTY_NO_DOCUMENT && kind < PARTY_DOCUMENTS ? NAMES[kind] : "";
}

enum party_document party_document_parse(const char *name)
{
    for (int kind = PARTY_RESIDENT_ID; kind < PARTY_DOCUMENTS; kind++)
        if (text_equal(NAMES[kind], name))
            return (enum party_document)kind;
    return PARTY_NO_DOCUMENT;
}

const char *party_policy_name(enum party_policy policy)
{
    static const char *const POLICIES[] = {"none", "ask", "require"};
    return POLICIES[policy];
}

// --- numbers ---

static bool fits(char shape, char c)
{
    const bool digit = c >= '0' && c <= '9', letter = c >= 'A' && c <= 'Z';
    if (shape == 'd')
        return digit;
    if (shape == 'a')
        return letter;
    return shape == 'n' ? digit || letter : shape == c;
}

static bool has_shape(const char *shape, const char *number)
{
    for (; *number != '\0'; number++) {
        if (!fits(*shape, *number))
            return false;
        if (shape[1] != '*')
            shape++;
    }
    return *shape == '\0' || shape[1] == '*';
}

static bool has_any_shape(const struct party_document_rule *rule, const char *number)
{
    const int32_t size = (int32_t)strlen(number);
    if (size < rule->min || size > rule->max)
        return false;
    for (int i = 0; i < PARTY_SHAPES_MAX && rule->shapes[i] != NULL; i++)
        if (has_shape(rule->shapes[i], number))
            return true;
    return false;
}

bool party_date_valid(int32_t date)
{
    return party_date_real(date);
}

bool party_birth_date_valid(int32_t birth_date, int32_t today)
{
    return party_date_real(birth_date) && birth_date <= today &&
           party_age(birth_date, today) <= 150;
}

enum code party_document_check(struct party_identity *out, const struct party_document_rule *rule,
                               const char *typed, int32_t today, const char **out_reason)
{
    if (rule->check_character)
        return party_id_number_check(out, typed, rule->provinces, today, out_reason);
    struct party_identity found = {.birth_date = 0};
    bool good = party_compact_ascii(found.id_number, sizeof found.id_number, typed);
    for (char *c = found.id_number; good && *c != '\0'; c++)
        *c = (char)toupper((unsigned char)*c);
    good = good && has_any_shape(rule, found.id_number);
    if (out_reason != NULL)
        *out_reason = good ? "" : "id.form";
    if (!good)
        return CODE_DOCUMENT_NUMBER_INVALID;
    *out = found;
    return OK;
}

// Days since 1 March of year 0: counts each month from March on, so that the leap day comes last.
static int32_t day_number(int32_t date)
{
    int32_t year = date / 10000, month = date / 100 % 100;
    const int32_t day = date % 100;
    if (month < 3) {
        year--;
        month += 12;
    }
    return 365 * year + year / 4 - year / 100 + year / 400 + (153 * (month - 3) + 2) / 5 + day;
}

int32_t party_days_between(int32_t from, int32_t to)
{
    return day_number(to) - day_number(from);
}

// --- names ---

// What no person's document bears, but a payer would trust: in Chinese as a part, in Latin letters
// as a word (there are people named Banks).
static const char *const RESERVED[] = {"银行", "客服",   "通宝", "官方", "公安", "法院",
                                       "检察", "支付宝", "微信", "财付", "税务", "数字钱包"};
static const char *const RESERVED_WORDS[] = {"support", "tongbao", "official", "service",
                                             "bank",    "admin",   "police",   "wallet"};

// Plain small letters; Latin letters with marks lose them, so that "Bänk" reads as it looks.
static uint32_t folded(uint32_t c)
{
    static const char PLAIN[] = "aaaaaaaceeeeiiiidnooooo*ouuuuypsaaaaaaaceeeeiiiidnooooo*ouuuuypy";
    if (c >= 0xC0 && c <= 0xFF)
        return (uint32_t)PLAIN[c - 0xC0];
    return c < 0x80 ? (uint32_t)tolower((int)c) : c;
}

static bool reserved_word(const char *word)
{
    for (size_t i = 0; i < sizeof RESERVED_WORDS / sizeof RESERVED_WORDS[0]; i++)
        if (text_equal(word, RESERVED_WORDS[i]))
            return true;
    return false;
}

// Words by the spaces; hyphen and apostrophe hide nothing.
static bool has_reserved_word(const char *name)
{
    char word[PARTY_NAME_MAX];
    size_t used = 0;
    while (*name != '\0') {
        const uint32_t c = folded(text_next(&name));
        if (c < 0x80 && c != ' ' && c != '-' && c != '\'')
            word[used++] = (char)c;
        if (c != ' ' && *name != '\0')
            continue;
        word[used] = '\0';
        if (reserved_word(word))
            return true;
        used = 0;
    }
    return false;
}

static bool reserved(const char *name)
{
    char plain[PARTY_NAME_MAX];
    size_t used = 0;
    for (const char *at = name; *at != '\0';) {
        const char *start = at;
        if (text_next(&at) != 0xB7)
            while (start < at)
                plain[used++] = *start++;
    }
    plain[used] = '\0';
    for (size_t i = 0; i < sizeof RESERVED / sizeof RESERVED[0]; i++)
        if (strstr(plain, RESERVED[i]) != NULL)
            return true;
    return has_reserved_word(name);
}

static bool is_latin(const char *name)
{
    const uint32_t first = text_next(&name);
    return first < 0x250;
}

enum code party_document_name_check(char out[PARTY_NAME_MAX], const char *typed,
                                    const struct party_document_rule *rule)
{
    GUARD(party_name_check(out, typed));
    ENSURE(rule->latin_name || !is_latin(out), CODE_NAME_INVALID);
    return reserved(out) ? CODE_NAME_RESERVED : OK;
}
