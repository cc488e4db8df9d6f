// The profiles of SMS: receipt table, texts, limits. What a platform would refuse — a text too
// long, without its signature, with a banned word — stops the start.
#include "guard/profiles_priv.h"

#include <stdio.h>
#include <string.h>

static const char NEUTRAL[] = "otp.confirm";
enum { ZH_MAX = 70, EN_MAX = 160, SIGNATURE_MAX = 8, CODE_MAX = 8, MINUTES_MAX = 2 };

static bool fail(char *reason, const char *what, const char *detail)
{
    snprintf(reason, 256, "%.100s %.100s", detail, what);
    return false;
}

// --- receipts ---

static const struct {
    const char *name;
    enum guard_receipt_class class;
} CLASSES_OF[] = {{"accepted", GUARD_RECEIPT_ACCEPTED},
                  {"silent", GUARD_RECEIPT_SILENT},
                  {"route", GUARD_RECEIPT_ROUTE},
                  {"number", GUARD_RECEIPT_NUMBER},
                  {"delivered", GUARD_RECEIPT_DELIVERED}};

static bool is_set(const json_t *object, const char *key)
{
    return json_is_true(json_object_get(object, key));
}

static bool add_receipt(struct profile *profile, const json_t *entry, char *reason)
{
    struct guard_receipt *out = &profile->receipts[profile->receipt_count];
    const char *class = json_string_value(json_object_get(entry, "class"));
    const json_t *cause = json_object_get(entry, "cause");
    size_t i = 0;
    *out = (struct guard_receipt){.code = json_string_value(json_object_get(entry, "code")),
                                  .cause = (int32_t)json_integer_value(cause),
                                  .temporary = is_set(entry, "temporary"),
                                  .alarm = is_set(entry, "alarm"),
                                  .empty = is_set(entry, "empty"),
                                  .ported = is_set(entry, "ported")};
    if (out->code == NULL || out->code[0] == '\0' || strlen(out->code) > 23)
        return fail(reason, "is missing or too long", "code");
    while (i < sizeof CLASSES_OF / sizeof CLASSES_OF[0] &&
           (class == NULL || !text_equal(CLASSES_OF[i].name, class)))
        i++;
    if (i == sizeof CLASSES_OF / sizeof CLASSES_OF[0])
        return fail(reason, "has an unknown class", out->code);
    out->class = CLASSES_OF[i].class;
    const bool on_its_way = out->class == GUARD_RECEIPT_ACCEPTED;
    if (!json_is_integer(cause) || (on_its_way ? out->cause != 0 : out->cause < 5) ||
        out->cause > 12)
        return fail(reason, "has a cause that is not 5 to 12", out->code);
    for (size_t k = 0; k < profile->receipt_count; k++)
        if (text_equal(profile->receipts[k].code, out->code))
            return fail(reason, "is there twice", out->code);
    profile->receipt_count++;
    return true;
}

bool profile_receipts_parse(struct profile *profile, char *reason)
{
    const json_t *list = json_object_get(profile->root, "receipts");
    if (json_array_size(list) == 0 || json_array_size(list) > RECEIPTS_MAX)
        return fail(reason, "is empty or too long", "receipts");
    for (size_t i = 0; i < json_array_size(list); i++)
        if (!add_receipt(profile, json_array_get(list, i), reason))
            return false;
    return true;
}

const struct guard_receipt *guard_receipt(const struct guard_profiles *profiles, const char *code,
                                          int32_t date)
{
    const struct profile *profile = profile_on(profiles, PROFILE_RECEIPTS, date);
    for (size_t i = 0; i < profile->receipt_count; i++)
        if (text_equal(profile->receipts[i].code, code))
            return &profile->receipts[i];
    return NULL;
}

// --- texts ---

static bool has_any(const json_t *words, const char *text)
{
    for (size_t i = 0; i < json_array_size(words); i++) {
        const char *word = json_string_value(json_array_get(words, i));
        if (word != NULL && strcasestr(text, word) != NULL)
            return true;
    }
    return false;
}

// Characters with everything put in at its longest; 0 = not valid.
static size_t full_size(const char *text)
{
    static const struct {
        const char *name;
        size_t longest;
    } places[] = {{"{signature}", SIGNATURE_MAX}, {"{code}", CODE_MAX}, {"{minutes}", MINUTES_MAX}};
    size_t characters;
    if (!text_valid_utf8(text, strlen(text), &characters))
        return 0;
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        const char *first = strstr(text, places[i].name);
        if (first == NULL || strstr(first + 1, places[i].name) != NULL)
            return 0;
        characters += places[i].longest - strlen(places[i].name);
    }
    return characters;
}

// The 7-bit alphabet of SMS without its extension: what is used of it in English texts.
static bool is_gsm7(const char *text)
{
    for (const char *p = text; *p != '\0'; p++)
        if ((unsigned char)*p < ' ' || (unsigned char)*p > 'z' || *p == '`' || *p == '\\' ||
            *p == '^')
            return false;
    return true;
}

// Brackets of the signature and braces of the places are not counted by is_gsm7: the brackets take
// two septets each, which the limit below leaves room for.
static bool check_text(const struct profile *profile, const char *purpose, const char *text,
                       bool english, char *reason)
{
    const char *opening = english ? "[{signature}]" : "【{signature}】";
    const size_t size = text != NULL ? full_size(text) : 0;
    if (size == 0)
        return fail(reason, "is missing, or has not each of its places once", purpose);
    if (!text_starts_with(text, opening) || strstr(text + 3, "【") != NULL)
        return fail(reason, "does not begin with its signature", purpose);
    if (size > (english ? EN_MAX - 2 : ZH_MAX))
        return fail(reason, "is too long", purpose);
    if (has_any(json_object_get(profile->root, "banned"), text))
        return fail(reason, "has a banned word", purpose);
    if (!english && !has_any(json_object_get(profile->root, "required"), text))
        return fail(reason, "has none of the required words", purpose);
    char plain[512];
    size_t used = 0;
    for (const char *p = text; *p != '\0' && used < sizeof plain - 1; p++)
        if (*p != '{' && *p != '}')
            plain[used++] = *p;
    plain[used] = '\0';
    return !english || is_gsm7(plain) || fail(reason, "is not in the 7-bit alphabet", purpose);
}

static const char *text_of(const struct profile *profile, const char *purpose, bool english)
{
    const json_t *texts = json_object_get(profile->root, "texts");
    return json_string_value(
        json_object_get(json_object_get(texts, purpose), english ? "en" : "zh-CN"));
}

bool profile_templates_parse(struct profile *profile, char *reason)
{
    const char *purpose;
    json_t *both;
    if (json_array_size(json_object_get(profile->root, "banned")) == 0 ||
        json_array_size(json_object_get(profile->root, "required")) == 0)
        return fail(reason, "is empty", "banned or required");
    if (text_of(profile, NEUTRAL, false) == NULL)
        return fail(reason, "is missing", NEUTRAL);
    json_object_foreach(json_object_get(profile->root, "texts"), purpose, both)
    {
        if (!check_text(profile, purpose, text_of(profile, purpose, false), false, reason) ||
            !check_text(profile, purpose, text_of(profile, purpose, true), true, reason))
            return false;
    }
    return true;
}

const char *guard_sms_template(const struct guard_profiles *profiles, const char *purpose,
                               bool english, int32_t date)
{
    const struct profile *profile = profile_on(profiles, PROFILE_TEMPLATES, date);
    const char *text = text_of(profile, purpose, english);
    return text != NULL ? text : text_of(profile, NEUTRAL, english);
}

// --- limits and policies ---

static bool read_number(const json_t *root, const char *key, int32_t min, int32_t max, int32_t *out,
                        char *reason)
{
    const json_t *value = json_object_get(root, key);
    const json_int_t number = json_integer_value(value);
    *out = (int32_t)number;
    return (json_is_integer(value) && number >= min && number <= max) ||
           fail(reason, "is missing or out of range", key);
}

static bool read_escalation(struct guard_otp_rules *out, const json_t *list, char *reason)
{
    out->escalation_count = json_array_size(list);
    if (out->escalation_count == 0 || out->escalation_count > OTP_ESCALATION_MAX)
        return fail(reason, "is empty or too long", "escalation_s");
    for (size_t i = 0; i < out->escalation_count; i++) {
        const json_int_t value = json_integer_value(json_array_get(list, i));
        if (value < 1 || value > 86400)
            return fail(reason, "is out of range", "escalation_s");
        out->escalation_s[i] = (int32_t)value;
    }
    return true;
}

static bool read_policy(const json_t *root, const char *key, enum guard_phone_policy *out,
                        char *reason)
{
    const char *word = json_string_value(json_object_get(root, key));
    *out = GUARD_PHONE_SEND;
    if (word != NULL && text_equal(word, "warn"))
        *out = GUARD_PHONE_WARN;
    else if (word != NULL && text_equal(word, "refuse"))
        *out = GUARD_PHONE_REFUSE;
    else if (word == NULL || (!text_equal(word, "send") && !text_equal(word, "allow")))
        return fail(reason, "is not allow, send, warn or refuse", key);
    return true;
}

bool profile_limits_parse(struct profile *profile, char *reason)
{
    const json_t *root = profile->root;
    struct guard_otp_rules *o = &profile->otp;
    const struct {
        const char *key;
        int32_t min, max, *out;
    } numbers[] = {
        {"digits", 6, 6, &o->digits},
        {"life_s", 3, 600, &o->life_s},
        {"resend_s", 1, 600, &o->resend_s},
        {"tries", 1, 10, &o->tries},
        {"codes_day", 1, 1000, &o->codes_day},
        {"messages_day", 1, 1000, &o->messages_day},
        {"address_hour", 1, 100000, &o->address_hour},
        {"device_day", 1, 1000, &o->device_day},
        {"device_numbers_day", 1, 1000, &o->device_numbers_day},
        {"wrong_hour", 1, 1000000, &o->wrong_hour},
        {"strong_digits", 8, 8, &o->strong_digits},
        {"second_route_s", 1, 600, &o->second_route_s},
        {"voice_s", 1, 600, &o->voice_s},
        {"silent_s", 1, 600, &o->silent_s},
        {"unmapped_s", 1, 600, &o->unmapped_s},
    };
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        if (!read_number(root, numbers[i].key, numbers[i].min, numbers[i].max, numbers[i].out,
                         reason))
            return false;
    return read_escalation(o, json_object_get(root, "escalation_s"), reason) &&
           read_policy(root, "mvno", &profile->phone_policy[GUARD_PHONE_MVNO], reason) &&
           read_policy(root, "unknown", &profile->phone_policy[GUARD_PHONE_UNKNOWN], reason);
}

enum guard_phone_policy guard_phone_policy(const struct guard_profiles *profiles,
                                           enum guard_phone_class class, int32_t date)
{
    if (class == GUARD_PHONE_REFUSED)
        return GUARD_PHONE_REFUSE;
    return profile_on(profiles, PROFILE_SMS, date)->phone_policy[class];
}
