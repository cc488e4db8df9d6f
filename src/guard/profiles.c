// Profiles: loading the files, checking their headers, and choosing the edition of a day.
// R1 A file without source or effective date, with an unknown key or a bad value stops the start.
// R2 Old editions stay loaded; the business date of the change decides which one answers.
#include "guard/profiles_priv.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char HEADER_KEYS[] =
    "profile edition source effective until status unverified note currency";

// --- header ---

static bool word_in(const char *words, const char *word)
{
    const size_t size = strlen(word);
    for (const char *p = words; (p = strstr(p, word)) != NULL; p += size)
        if ((p == words || p[-1] == ' ') && (p[size] == ' ' || p[size] == '\0'))
            return true;
    return false;
}

int32_t profile_date(const json_t *value)
{
    const char *text = json_string_value(value);
    int64_t at_us;
    char full[32];
    if (text == NULL || strlen(text) != 10)
        return 0;
    snprintf(full, sizeof full, "%sT12:00:00Z", text);
    return time_parse_utc(&at_us, full) ? time_business_date(at_us) : 0;
}

static const char *read_text(const json_t *root, const char *key)
{
    const char *text = json_string_value(json_object_get(root, key));
    return text != NULL && text[0] != '\0' ? text : NULL;
}

static bool fail(char *reason, const char *what, const char *detail)
{
    snprintf(reason, 256, "%s%s%s", what, detail != NULL ? ": " : "", detail != NULL ? detail : "");
    return false;
}

static bool check_keys(const struct profile *profile, char *reason)
{
    const char *key;
    json_t *value;
    json_object_foreach(profile->root, key,
                        value) if (!word_in(HEADER_KEYS, key) &&
                                   !word_in(profile_keys(profile->kind),
                                            key)) return fail(reason, "unknown key", key);
    return true;
}

static bool read_header(struct profile *profile, char *reason)
{
    const json_t *root = profile->root;
    struct guard_edition *edition = &profile->edition;
    edition->profile = read_text(root, "profile");
    edition->edition = read_text(root, "edition");
    edition->source = read_text(root, "source");
    edition->status = read_text(root, "status");
    edition->effective = profile_date(json_object_get(root, "effective"));
    if (edition->source == NULL)
        return fail(reason, "source is missing", NULL);
    if (edition->effective == 0)
        return fail(reason, "effective is missing or not a date", NULL);
    if (edition->profile == NULL || edition->edition == NULL || edition->status == NULL ||
        !word_in("document secondary unconfirmed", edition->status))
        return fail(reason, "profile, edition or status is missing or unknown", NULL);
    const json_t *until = json_object_get(root, "until");
    if (json_is_string(until) && (edition->until = profile_date(until)) == 0)
        return fail(reason, "until is not a date", NULL);
    int kind = 0;
    while (kind < PROFILE_KINDS &&
           !text_equal(profile_name((enum profile_kind)kind), edition->profile))
        kind++;
    if (kind == PROFILE_KINDS)
        return fail(reason, "unknown profile", edition->profile);
    profile->kind = (enum profile_kind)kind;
    return check_keys(profile, reason);
}

// --- files ---

static bool add(struct guard_profiles *profiles, struct profile *profile, char *reason)
{
    for (const struct profile *p = profiles->all; p != NULL; p = p->next)
        if (p->kind == profile->kind && p->edition.effective == profile->edition.effective)
            return fail(reason, "two editions with the same effective date",
                        profile->edition.profile);
    profile->next = profiles->all;
    profiles->all = profile;
    return true;
}

static bool load_file(struct guard_profiles *profiles, const char *folder, const char *name,
                      char *reason)
{
    char path[1024];
    json_error_t error;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    struct profile *profile = mem_alloc(sizeof *profile);
    profile->root = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
    bool good = profile->root != NULL
                    ? json_is_object(profile->root) || fail(reason, "not an object", NULL)
                    : fail(reason, "not JSON", error.text);
    good = good && read_header(profile, reason) && profile_parse_body(profile, reason);
    if (good && profile->kind == PROFILE_PASSWORD)
        good = blocklist_load(&profile->blocklist, folder, read_text(profile->root, "blocklist"),
                              reason);
    good = good && add(profiles, profile, reason);
    if (!good) {
        blocklist_free(&profile->blocklist);
        json_decref(profile->root);
        mem_free(profile);
    }
    return good;
}

static int is_profile_file(const struct dirent *entry)
{
    const size_t size = strlen(entry->d_name);
    return size > 5 && text_equal(entry->d_name + size - 5, ".json");
}

static bool load_folder(struct guard_profiles *profiles, const char *folder, char *reason)
{
    struct dirent **entries = NULL;
    const int count = scandir(folder, &entries, is_profile_file, alphasort);
    bool good = count > 0 || fail(reason, "no profiles in", folder);
    for (int i = 0; i < count; i++) {
        char why[256];
        if (good && !load_file(profiles, folder, entries[i]->d_name, why)) {
            snprintf(reason, 256, "%.80s: %.160s", entries[i]->d_name, why);
            good = false;
        }
        free(entries[i]); // tidy:allow banned-call scandir's memory
    }
    free(entries); // tidy:allow banned-call scandir's memory
    return good;
}

const struct profile *profile_on(const struct guard_profiles *profiles, enum profile_kind kind,
                                 int32_t date)
{
    const struct profile *best = NULL, *first = NULL;
    for (const struct profile *p = profiles->all; p != NULL; p = p->next) {
        if (p->kind != kind)
            continue;
        if (first == NULL || p->edition.effective < first->edition.effective)
            first = p;
        const bool in_force =
            p->edition.effective <= date && (p->edition.until == 0 || date <= p->edition.until);
        if (in_force && (best == NULL || p->edition.effective > best->edition.effective))
            best = p;
    }
    return best != NULL ? best : first;
}

static bool in_force(const struct guard_profiles *profiles, enum profile_kind kind, int32_t today)
{
    const struct profile *profile = profile_on(profiles, kind, today);
    return profile != NULL && profile->edition.effective <= today &&
           (profile->edition.until == 0 || today <= profile->edition.until);
}

enum code guard_profiles_load(struct guard_profiles **out, const char *folder, int32_t today,
                              char out_reason[256])
{
    char reason[256] = "";
    struct guard_profiles *profiles = mem_alloc(sizeof *profiles);
    bool good = load_folder(profiles, folder, reason);
    for (int kind = 0; good && kind < PROFILE_KINDS; kind++)
        if (kind != PROFILE_WORKDAYS && !in_force(profiles, (enum profile_kind)kind, today))
            good = fail(reason, "no edition in force today", profile_name((enum profile_kind)kind));
    if (out_reason != NULL)
        (void)text_copy(out_reason, 256, reason);
    if (good) {
        *out = profiles;
        return OK;
    }
    log_event(LOG_ERROR, "profiles.refused", LOG_TEXT("reason", reason));
    guard_profiles_free(&profiles);
    return CODE_INTERNAL;
}

void guard_profiles_free(struct guard_profiles **profiles)
{
    if (*profiles == NULL)
        return;
    for (struct profile *p = (*profiles)->all; p != NULL;) {
        struct profile *next = p->next;
        json_decref(p->root);
        blocklist_free(&p->blocklist);
        mem_free(p);
        p = next;
    }
    mem_free(*profiles);
    *profiles = NULL;
}

void guard_editions(const struct guard_profiles *profiles,
                    void (*visit)(void *context, const struct guard_edition *edition),
                    void *context)
{
    for (const struct profile *p = profiles->all; p != NULL; p = p->next)
        visit(context, &p->edition);
}

// --- answers ---

static const struct profile *answer(const struct guard_profiles *profiles, enum profile_kind kind,
                                    int32_t date, const struct guard_edition **out_edition)
{
    const struct profile *profile = profile_on(profiles, kind, date);
    if (out_edition != NULL)
        *out_edition = &profile->edition;
    return profile;
}

const struct guard_class_limits *guard_class_limits(const struct guard_profiles *profiles,
                                                    int32_t wallet_class, int32_t date,
                                                    const struct guard_edition **out_edition)
{
    return &answer(profiles, PROFILE_CLASSES, date, out_edition)
                ->classes[wallet_class >= 1 && wallet_class < CLASSES ? wallet_class : CLASSES - 1];
}

const struct guard_nopin_limits *guard_nopin_limits(const struct guard_profiles *profiles,
                                                    int32_t date,
                                                    const struct guard_edition **out_edition)
{
    return &answer(profiles, PROFILE_NOPIN, date, out_edition)->nopin;
}

const struct guard_grades *guard_grades(const struct guard_profiles *profiles, int32_t date,
                                        const struct guard_edition **out_edition)
{
    return &answer(profiles, PROFILE_GRADES, date, out_edition)->grades;
}

enum guard_phone_class guard_phone_class(const struct guard_profiles *profiles, const char *phone,
                                         int32_t date)
{
    const struct profile *profile = profile_on(profiles, PROFILE_SEGMENTS, date);
    enum guard_phone_class class = GUARD_PHONE_UNKNOWN;
    size_t longest = 0;
    for (size_t i = 0; i < profile->segment_count; i++) {
        const size_t size = strlen(profile->segments[i].digits);
        if (size > longest && text_starts_with(phone, profile->segments[i].digits)) {
            longest = size;
            class = profile->segments[i].class;
        }
    }
    return class;
}

const char *guard_provinces(const struct guard_profiles *profiles, int32_t date)
{
    return profile_on(profiles, PROFILE_RESIDENT_ID, date)->provinces;
}

const struct guard_card_bin *guard_card_bin(const struct guard_profiles *profiles,
                                            const char *digits, int32_t date)
{
    const struct profile *profile = profile_on(profiles, PROFILE_CARD_BINS, date);
    const struct guard_card_bin *best = NULL;
    for (size_t i = 0; i < profile->bin_count; i++)
        if (text_starts_with(digits, profile->bins[i].bin) &&
            (best == NULL || strlen(best->bin) < strlen(profile->bins[i].bin)))
            best = &profile->bins[i];
    return best;
}

enum code guard_card_check(const struct guard_profiles *profiles, const char *card_number,
                           int32_t date, const struct guard_card_bin **out)
{
    const size_t size = strlen(card_number);
    ENSURE(size >= 13 && size <= 19 && text_luhn_valid(card_number), CODE_CARD_NUMBER_INVALID);
    const struct guard_card_bin *bin = guard_card_bin(profiles, card_number, date);
    ENSURE(bin != NULL, CODE_CARD_NOT_SUPPORTED);
    ENSURE((size_t)bin->length == size, CODE_CARD_NUMBER_INVALID);
    *out = bin;
    return OK;
}

const char *guard_paycode_issuer(const struct guard_profiles *profiles, const char *digits,
                                 int32_t date)
{
    const struct profile *profile = profile_on(profiles, PROFILE_PREFIXES, date);
    const size_t size = strlen(digits);
    if (text_starts_with(digits, profile->paycode.prefix) &&
        size == (size_t)profile->paycode.length && text_luhn_valid(digits))
        return "own";
    for (size_t i = 0; size >= 16 && size <= 24 && i < profile->prefix_count; i++)
        if (text_starts_with(digits, profile->prefixes[i].digits))
            return profile->prefixes[i].issuer;
    return NULL;
}

const char *guard_address_issuer(const struct guard_profiles *profiles, const char *text,
                                 const char *host, int32_t date)
{
    const struct profile *profile = profile_on(profiles, PROFILE_PREFIXES, date);
    for (size_t i = 0; i < profile->address_count; i++) {
        const char *address = profile->addresses[i].text;
        const bool scheme = strchr(address, ':') != NULL;
        if (scheme ? strncasecmp(text, address, strlen(address)) == 0 : text_equal(host, address))
            return profile->addresses[i].issuer;
    }
    return NULL;
}

const struct guard_paycode_rules *guard_paycode_rules(const struct guard_profiles *profiles,
                                                      int32_t date)
{
    return &profile_on(profiles, PROFILE_PREFIXES, date)->paycode;
}

const struct guard_minor_rules *guard_minor_rules(const struct guard_profiles *profiles,
                                                  int32_t date)
{
    return &profile_on(profiles, PROFILE_MINORS, date)->minors;
}

const struct guard_password_policy *guard_password_policy(const struct guard_profiles *profiles,
                                                          int32_t date,
                                                          const struct guard_edition **out_edition)
{
    return &answer(profiles, PROFILE_PASSWORD, date, out_edition)->password;
}

const struct guard_reset_rules *guard_reset_rules(const struct guard_profiles *profiles,
                                                  int32_t date)
{
    return &profile_on(profiles, PROFILE_RESET, date)->reset;
}

const struct guard_lock_rules *guard_lock_rules(const struct guard_profiles *profiles, int32_t date)
{
    return &profile_on(profiles, PROFILE_LOCK, date)->lock;
}

const struct guard_lock_kind *guard_lock_kind(const struct guard_profiles *profiles,
                                              const char *code, int32_t date)
{
    const struct profile *profile = profile_on(profiles, PROFILE_LOCK_CODES, date);
    const int32_t number = guard_lock_number(code);
    return number == 0 ? NULL : &profile->lock_kinds[number - 1];
}

const struct guard_otp_rules *guard_otp_rules(const struct guard_profiles *profiles, int32_t date)
{
    return &profile_on(profiles, PROFILE_SMS, date)->otp;
}

const struct guard_record_rules *guard_record_rules(const struct guard_profiles *profiles,
                                                    int32_t date)
{
    return &profile_on(profiles, PROFILE_RECORD, date)->record;
}
