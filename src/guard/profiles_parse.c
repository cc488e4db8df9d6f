// The bodies of the profiles: every value is checked for its range; an absent limit is written as
// null, never left out.
#include "guard/profiles_priv.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *name, *keys;
} KINDS[PROFILE_KINDS] = {
    [PROFILE_CLASSES] = {"cn-ecny-like", "classes"},
    [PROFILE_GRADES] = {"cn-barcode-grades", "grades"},
    [PROFILE_NOPIN] = {"nopin", "tx count_day channels"},
    [PROFILE_SEGMENTS] = {"cn-phone-segments", "ordinary mvno refused"},
    [PROFILE_RESIDENT_ID] = {"cn-resident-id", "provinces permits born_from"},
    [PROFILE_PREFIXES] = {"payment-code-prefixes", "own foreign addresses"},
    [PROFILE_CARD_BINS] = {"card-bins", "banks"},
    [PROFILE_MINORS] = {"cn-minors", "self_open_age adult_age"},
    [PROFILE_WORKDAYS] = {"workdays", "opens closes holidays makeup"},
    [PROFILE_LOCK] = {"lock", "login pin new_place transfer_risk unfreeze_delay_s"},
    [PROFILE_LOCK_CODES] = {"lock-codes", "codes"},
    [PROFILE_PASSWORD] = {"password",
                          "mixed_length any_length max_length history distance composition "
                          "rotation rotation_days blocklist"},
    [PROFILE_RESET] = {"reset", "third_factor_from dormant_days stale_days draft_s face_tries "
                                "lowered_s lowered_day lowered_payee"},
    [PROFILE_PIN] = {"pin", "digits history"},
    [PROFILE_SMS] = {"sms-limits",
                     "digits life_s resend_s tries codes_day messages_day address_hour device_day "
                     "device_numbers_day escalation_s wrong_hour strong_digits second_route_s "
                     "voice_s silent_s unmapped_s mvno unknown"},
    [PROFILE_RECEIPTS] = {"sms-receipts", "receipts"},
    [PROFILE_TEMPLATES] = {"sms-templates", "texts required banned"},
    [PROFILE_RECORD] = {"record", "phone_must_be_linked errors tries link handover_s ticket_s"},
    [PROFILE_PERMITS] = {"cn-permits", "documents"},
    [PROFILE_OPEN] = {"open", "classes upgrades photos face review_days remind_days"},
};

const char *profile_name(enum profile_kind kind)
{
    return KINDS[kind].name;
}

const char *profile_keys(enum profile_kind kind)
{
    return KINDS[kind].keys;
}

static void fault(struct parse *parse, const char *key, const char *what)
{
    if (!parse->failed)
        snprintf(parse->reason, 256, "%s %s", key, what);
    parse->failed = true;
}

static int64_t whole(struct parse *parse, const json_t *object, const char *key, int64_t min,
                     int64_t max)
{
    const json_t *value = json_object_get(object, key);
    const int64_t number = json_integer_value(value);
    if (!json_is_integer(value) || number < min || number > max)
        fault(parse, key, "is missing or out of range");
    return number;
}

void profile_fault(struct parse *parse, const char *key, const char *what)
{
    fault(parse, key, what);
}

static int32_t small(struct parse *parse, const json_t *object, const char *key, int32_t min,
                     int32_t max)
{
    return (int32_t)whole(parse, object, key, min, max);
}

int32_t profile_small(struct parse *parse, const json_t *object, const char *key, int32_t min,
                      int32_t max)
{
    return small(parse, object, key, min, max);
}

// Minor units, null = no limit, "agreed" = by agreement.
static int64_t limit(struct parse *parse, const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    if (json_is_null(value) ||
        (json_is_string(value) && text_equal(json_string_value(value), "agreed")))
        return GUARD_NO_LIMIT;
    return whole(parse, object, key, 0, INT64_C(9007199254740991));
}

static const char *text(struct parse *parse, const json_t *object, const char *key)
{
    const char *found = json_string_value(json_object_get(object, key));
    if (found == NULL || found[0] == '\0') {
        fault(parse, key, "is missing");
        return "";
    }
    return found;
}

static void parse_classes(struct parse *parse, struct profile *profile)
{
    const json_t *classes = json_object_get(profile->root, "classes");
    for (int i = 1; i < CLASSES; i++) {
        const char name[2] = {(char)('0' + i), '\0'};
        const json_t *class = json_object_get(classes, name);
        if (!json_is_object(class)) {
            fault(parse, name, "is missing");
            return;
        }
        profile->classes[i] = (struct guard_class_limits){
            .balance = limit(parse, class, "balance"),
            .tx = limit(parse, class, "tx"),
            .day = limit(parse, class, "day"),
            .year = limit(parse, class, "year"),
            .currency = text(parse, profile->root, "currency"),
            .interest = json_is_true(json_object_get(class, "interest")),
        };
        profile_parse_needs(parse, profile, class, i);
    }
}

static void parse_grades(struct parse *parse, struct profile *profile)
{
    const json_t *grades = json_object_get(profile->root, "grades");
    profile->grades = (struct guard_grades){limit(parse, grades, "A"), limit(parse, grades, "B"),
                                            limit(parse, grades, "C"), limit(parse, grades, "D")};
}

static void parse_nopin(struct parse *parse, struct profile *profile)
{
    static const struct {
        const char *name;
        enum guard_channel channel;
    } names[] = {{"paycode", GUARD_CHANNEL_PAYCODE},
                 {"scan_static", GUARD_CHANNEL_SCAN_STATIC},
                 {"scan_dynamic", GUARD_CHANNEL_SCAN_DYNAMIC}};
    profile->nopin.tx = limit(parse, profile->root, "tx");
    profile->nopin.count_day = whole(parse, profile->root, "count_day", 0, 1000000);
    const json_t *channels = json_object_get(profile->root, "channels");
    for (size_t i = 0; i < json_array_size(channels); i++) {
        const char *name = json_string_value(json_array_get(channels, i));
        size_t k = 0;
        while (k < 3 && (name == NULL || !text_equal(names[k].name, name)))
            k++;
        if (k == 3)
            fault(parse, "channels", "has an unknown channel");
        else
            profile->nopin.channels |= (uint32_t)names[k].channel;
    }
}

static void add_segments(struct parse *parse, struct profile *profile, const json_t *list,
                         enum guard_phone_class class)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        struct profile_segment *segment = &profile->segments[profile->segment_count];
        const char *digits = json_string_value(json_array_get(list, i));
        if (digits == NULL || !text_all_digits(digits) ||
            profile->segment_count == SEGMENTS_MAX - 1 ||
            !text_copy(segment->digits, sizeof segment->digits, digits)) {
            fault(parse, "segment", "is not a few digits");
            return;
        }
        segment->class = class;
        profile->segment_count++;
    }
}

static void parse_segments(struct parse *parse, struct profile *profile)
{
    const char *key;
    json_t *list;
    add_segments(parse, profile, json_object_get(profile->root, "ordinary"), GUARD_PHONE_ORDINARY);
    add_segments(parse, profile, json_object_get(profile->root, "mvno"), GUARD_PHONE_MVNO);
    json_t *refused = json_object_get(profile->root, "refused");
    json_object_foreach(refused, key, list) add_segments(parse, profile, list, GUARD_PHONE_REFUSED);
    if (profile->segment_count == 0)
        fault(parse, "ordinary", "is empty");
}

static void parse_resident_id(struct parse *parse, struct profile *profile)
{
    const json_t *provinces = json_object_get(profile->root, "provinces");
    size_t used = 0;
    for (size_t i = 0; i < json_array_size(provinces) && used + 3 < sizeof profile->provinces;
         i++) {
        const char *code = json_string_value(json_array_get(provinces, i));
        if (code == NULL || strlen(code) != 2 || !text_all_digits(code)) {
            fault(parse, "provinces", "has a code that is not two digits");
            return;
        }
        memcpy(profile->provinces + used, code, 2);
        used += 2;
    }
    if (used == 0)
        fault(parse, "provinces", "is empty");
    profile->born_from = small(parse, profile->root, "born_from", 18000101, 20991231);
}

static bool reserved(const char *prefix)
{
    const int first = (prefix[0] - '0') * 10 + prefix[1] - '0';
    return (first >= 10 && first <= 15) || (first >= 25 && first <= 30) || first == 62;
}

// "wxp://" or "qr.alipay.com".
static bool is_address(const char *text)
{
    const char *scheme = text == NULL ? NULL : strstr(text, "://");
    const size_t size = text == NULL ? 0 : strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789.-");
    return size > 0 && (scheme == text + size ? scheme[3] == '\0' : text[size] == '\0');
}

static void parse_addresses(struct parse *parse, struct profile *profile)
{
    const char *issuer;
    json_t *list;
    json_object_foreach(json_object_get(profile->root, "addresses"), issuer, list)
    {
        for (size_t i = 0; i < json_array_size(list); i++) {
            const char *text = json_string_value(json_array_get(list, i));
            if (!is_address(text) || profile->address_count == ADDRESSES_MAX) {
                fault(parse, "/addresses", "has an entry that is no scheme and no host");
                return;
            }
            profile->addresses[profile->address_count++] = (struct profile_address){text, issuer};
        }
    }
}

static void parse_prefixes(struct parse *parse, struct profile *profile)
{
    const char *issuer;
    json_t *list;
    const json_t *own = json_object_get(profile->root, "own");
    const char *prefix = text(parse, own, "prefix");
    if (strlen(prefix) != 2 || !text_all_digits(prefix) || reserved(prefix))
        fault(parse, "/own/prefix", "is not two digits outside 10-15, 25-30 and 62");
    else
        (void)text_copy(profile->paycode.prefix, sizeof profile->paycode.prefix, prefix);
    profile->paycode.length = small(parse, own, "length", 16, 24);
    profile->paycode.life_s = small(parse, own, "life_s", 10, 300);
    profile->paycode.renew_before_s = small(parse, own, "renew_before_s", 1, 60);
    profile->paycode.grace_s = small(parse, own, "grace_s", 0, 60);
    json_t *foreign = json_object_get(profile->root, "foreign");
    json_object_foreach(foreign, issuer, list) for (size_t i = 0;
                                                    i < json_array_size(list) &&
                                                    profile->prefix_count < PREFIXES_MAX;
                                                    i++)
    {
        struct profile_prefix *p = &profile->prefixes[profile->prefix_count++];
        const char *digits = json_string_value(json_array_get(list, i));
        p->issuer = issuer;
        if (digits == NULL || !text_copy(p->digits, sizeof p->digits, digits))
            fault(parse, issuer, "has a bad prefix");
    }
    parse_addresses(parse, profile);
}

static void parse_bank(struct parse *parse, struct profile *profile, const json_t *bank)
{
    const json_t *bins = json_object_get(bank, "bins");
    for (size_t i = 0; i < json_array_size(bins); i++) {
        struct guard_card_bin *bin = &profile->bins[profile->bin_count];
        const char *digits = json_string_value(json_array_get(bins, i));
        if (digits == NULL || strlen(digits) < 6 || !text_all_digits(digits) ||
            profile->bin_count == BINS_MAX - 1 || !text_copy(bin->bin, sizeof bin->bin, digits)) {
            fault(parse, "bins", "has a bad entry");
            return;
        }
        bin->bank_code = text(parse, bank, "code");
        bin->bank = text(parse, bank, "name");
        bin->bank_en = text(parse, bank, "name_en");
        bin->type = text(parse, bank, "type");
        bin->length = small(parse, bank, "length", 13, 19);
        profile->bin_count++;
    }
}

static void parse_card_bins(struct parse *parse, struct profile *profile)
{
    const json_t *banks = json_object_get(profile->root, "banks");
    for (size_t i = 0; i < json_array_size(banks); i++)
        parse_bank(parse, profile, json_array_get(banks, i));
    if (profile->bin_count == 0)
        fault(parse, "banks", "is empty");
}

static void parse_minors(struct parse *parse, struct profile *profile)
{
    profile->minors.self_open_age = small(parse, profile->root, "self_open_age", 0, 150);
    profile->minors.adult_age = small(parse, profile->root, "adult_age", 0, 150);
}

// "09:30" -> 570.
static int32_t minute_of_day(struct parse *parse, const json_t *object, const char *key)
{
    const char *found = text(parse, object, key);
    const bool form = strlen(found) == 5 && found[2] == ':' && strspn(found, "0123456789") == 2 &&
                      strspn(found + 3, "0123456789") == 2;
    const int32_t minute = form ? (found[0] - '0') * 600 + (found[1] - '0') * 60 +
                                      (found[3] - '0') * 10 + (found[4] - '0')
                                : -1;
    if (minute < 0 || minute > 24 * 60)
        fault(parse, key, "is not a time of day");
    return minute;
}

static size_t dates(struct parse *parse, const struct profile *profile, const char *key,
                    int32_t out[WORKDAYS_MAX])
{
    const json_t *list = json_object_get(profile->root, key);
    const size_t count = json_array_size(list);
    if (!json_is_array(list) || count > WORKDAYS_MAX) {
        fault(parse, key, "is missing or too long");
        return 0;
    }
    for (size_t i = 0; i < count; i++) {
        out[i] = profile_date(json_array_get(list, i));
        if (out[i] < profile->edition.effective || out[i] > profile->edition.until)
            fault(parse, key, "has something that is no date of its time");
    }
    return count;
}

static void parse_workdays(struct parse *parse, struct profile *profile)
{
    profile->workdays.opens_minute = minute_of_day(parse, profile->root, "opens");
    profile->workdays.closes_minute = minute_of_day(parse, profile->root, "closes");
    if (profile->workdays.opens_minute >= profile->workdays.closes_minute)
        fault(parse, "closes", "is not after opens");
    if (profile->edition.until == 0)
        fault(parse, "until", "is missing");
    profile->workdays.holiday_count = dates(parse, profile, "holidays", profile->workdays.holidays);
    profile->workdays.makeup_count = dates(parse, profile, "makeup", profile->workdays.makeup);
}

static void parse_exits(struct parse *parse, const json_t *row, struct guard_lock_kind *kind)
{
    const json_t *exits = json_object_get(row, "exits");
    kind->exit_count = json_array_size(exits);
    // A lock without a way out would be a trap: none is loaded.
    if (kind->exit_count == 0 || kind->exit_count > GUARD_EXITS_MAX) {
        fault(parse, "exits", "is empty or too long");
        kind->exit_count = 0;
    }
    for (size_t i = 0; i < kind->exit_count; i++) {
        const char *name = json_string_value(json_array_get(exits, i));
        kind->exits[i] = name != NULL ? name : "";
        if (name == NULL || name[0] == '\0')
            fault(parse, "exits", "holds no word");
    }
}

static void parse_lock_kind(struct parse *parse, const json_t *row, struct guard_lock_kind *kind)
{
    static const char *const ends[] = {"clock", "decision", "person", "order"};
    *kind = (struct guard_lock_kind){
        .code = text(parse, row, "code"),
        .scope = text(parse, row, "scope"),
        .cause = text(parse, row, "cause"),
        .evidence = text(parse, row, "evidence"),
        .basis = text(parse, row, "basis"),
        .decides = text(parse, row, "decides"),
        .clock_s = small(parse, row, "clock_s", 0, 31622400),
        .working_days = small(parse, row, "working_days", 0, 260),
        .four_eyes = json_is_true(json_object_get(row, "four_eyes")),
    };
    const char *end = text(parse, row, "ends");
    size_t i = 0;
    while (i < 4 && !text_equal(ends[i], end))
        i++;
    if (i == 4 || guard_scope_parse(kind->scope) == 0)
        fault(parse, kind->code, "has an unknown end or scope");
    kind->ends = (enum guard_lock_ends)i;
    if (kind->ends == GUARD_ENDS_CLOCK && kind->clock_s == 0)
        fault(parse, kind->code, "ends by the clock without a time");
    if (kind->ends == GUARD_ENDS_DECISION && kind->working_days == 0)
        fault(parse, kind->code, "is decided without a deadline");
    parse_exits(parse, row, kind);
}

static void parse_lock_codes(struct parse *parse, struct profile *profile)
{
    const json_t *codes = json_object_get(profile->root, "codes");
    for (size_t i = 0; i < json_array_size(codes); i++) {
        const json_t *row = json_array_get(codes, i);
        const int32_t number = guard_lock_number(text(parse, row, "code"));
        if (number == 0)
            fault(parse, "codes", "holds an unknown code");
        else
            parse_lock_kind(parse, row, &profile->lock_kinds[number - 1]);
    }
    for (size_t i = 0; i < GUARD_LOCK_CODES; i++)
        if (profile->lock_kinds[i].code == NULL)
            fault(parse, "codes", "misses a code");
}

// How long to wait before the n-th try; the first waits for nothing.
static void parse_delays(struct parse *parse, const json_t *login, struct guard_lock_rules *rules)
{
    const json_t *delays = json_object_get(login, "delays_s");
    if (!json_is_array(delays) || json_array_size(delays) > GUARD_DELAYS_MAX)
        fault(parse, "delays_s", "is missing or too long");
    for (size_t i = 0; i < json_array_size(delays) && i < GUARD_DELAYS_MAX; i++) {
        const int64_t seconds = json_integer_value(json_array_get(delays, i));
        if (seconds < 0 || seconds > 3600)
            fault(parse, "delays_s", "is out of range");
        rules->login_delay_s[i] = (int32_t)seconds;
    }
}

static void parse_lock(struct parse *parse, struct profile *profile)
{
    const json_t *place = json_object_get(profile->root, "new_place");
    const json_t *risk = json_object_get(profile->root, "transfer_risk");
    const json_t *login = json_object_get(profile->root, "login");
    const json_t *pin = json_object_get(profile->root, "pin");
    profile->lock = (struct guard_lock_rules){
        .login_tries = small(parse, login, "tries", 1, 100),
        .login_window_s = small(parse, login, "window_s", 60, 31622400),
        .login_lock_s = small(parse, login, "lock_s", 60, 31622400),
        .pin_tries = small(parse, pin, "tries", 1, 100),
        .pin_lock_first_s = small(parse, pin, "first_s", 60, 31622400),
        .pin_lock_again_s = small(parse, pin, "again_s", 60, 31622400),
        .pin_again_days = small(parse, pin, "again_days", 1, 366),
        .pin_identity_after = small(parse, pin, "identity_after", 2, 100),
        .pin_identity_days = small(parse, pin, "identity_days", 1, 366),
        .place_account_days = small(parse, place, "account_days", 0, 366),
        .caution_s = small(parse, place, "caution_s", 0, 31622400),
        .risk_amount = whole(parse, risk, "amount", 1, INT64_C(9007199254740991)),
        .unfreeze_delay_s = small(parse, profile->root, "unfreeze_delay_s", 0, 604800),
    };
    parse_delays(parse, login, &profile->lock);
}

// Index of the text in the list.
static int choice(struct parse *parse, const json_t *object, const char *key,
                  const char *const *list)
{
    const char *found = text(parse, object, key);
    for (int i = 0; list[i] != NULL; i++)
        if (text_equal(list[i], found))
            return i;
    fault(parse, key, "is none of the known words");
    return 0;
}

static void parse_password(struct parse *parse, struct profile *profile)
{
    profile->password.mixed_length = small(parse, profile->root, "mixed_length", 6, 64);
    profile->password.any_length = small(parse, profile->root, "any_length", 6, 64);
    profile->password.max_length = small(parse, profile->root, "max_length", 64, 128);
    profile->password.history = small(parse, profile->root, "history", 1, GUARD_HISTORY_MAX);
    profile->password.distance = small(parse, profile->root, "distance", 0, 16);
    profile->password.rotation_days = small(parse, profile->root, "rotation_days", 1, 3660);
    profile->password.composition = (enum guard_composition)choice(
        parse, profile->root, "composition", (const char *const[]){"advise", "strict", NULL});
    profile->password.rotation = (enum guard_rotation)choice(
        parse, profile->root, "rotation", (const char *const[]){"off", "remind", "enforce", NULL});
    (void)text(parse, profile->root, "blocklist");
}

static void parse_reset(struct parse *parse, struct profile *profile)
{
    const json_t *root = profile->root;
    profile->reset = (struct guard_reset_rules){
        .third_factor_from = whole(parse, root, "third_factor_from", 0, INT64_C(9007199254740991)),
        .dormant_days = small(parse, root, "dormant_days", 1, 3660),
        .stale_days = small(parse, root, "stale_days", 1, 3660),
        .draft_s = small(parse, root, "draft_s", 300, 86400),
        .face_tries = small(parse, root, "face_tries", 1, 10),
        .lowered_s = small(parse, root, "lowered_s", 0, 604800),
        .lowered_day = whole(parse, root, "lowered_day", 0, INT64_C(9007199254740991)),
        .lowered_payee = whole(parse, root, "lowered_payee", 0, INT64_C(9007199254740991)),
    };
}

static void parse_pin(struct parse *parse, struct profile *profile)
{
    (void)small(parse, profile->root, "digits", 6, 6);
    profile->pin_history = small(parse, profile->root, "history", 1, GUARD_HISTORY_MAX);
}

static void parse_sms(struct parse *parse, struct profile *profile)
{
    parse->failed = !profile_limits_parse(profile, parse->reason);
}

static void parse_receipts(struct parse *parse, struct profile *profile)
{
    parse->failed = !profile_receipts_parse(profile, parse->reason);
}

static void parse_templates(struct parse *parse, struct profile *profile)
{
    parse->failed = !profile_templates_parse(profile, parse->reason);
}

static void parse_record(struct parse *parse, struct profile *profile)
{
    const json_t *root = profile->root, *link = json_object_get(root, "link");
    const json_t *linked = json_object_get(root, "phone_must_be_linked");
    const char *reveal = text(parse, json_object_get(root, "errors"), "reveal");
    if (!json_is_boolean(linked))
        fault(parse, "phone_must_be_linked", "is neither true nor false");
    if (!text_equal(reveal, "after_proof") && !text_equal(reveal, "branch_only"))
        fault(parse, "/errors/reveal", "is neither after_proof nor branch_only");
    profile->record = (struct guard_record_rules){
        .phone_must_be_linked = json_is_true(linked),
        .reveal_after_proof = text_equal(reveal, "after_proof"),
        .tries = small(parse, root, "tries", 1, 20),
        .link_tries = small(parse, link, "tries", 1, 3),
        .link_life_s = small(parse, link, "life_s", 60, 31622400),
        .link_closed_s = small(parse, link, "closed_s", 60, 31622400),
        .link_cards_day = small(parse, link, "cards_day", 1, 100),
        .handover_s = small(parse, root, "handover_s", 60, 604800),
        .ticket_s = small(parse, root, "ticket_s", 3600, 2678400),
    };
}

bool profile_parse_body(struct profile *profile, char *reason)
{
    static void (*const parsers[PROFILE_KINDS])(struct parse *, struct profile *) = {
        [PROFILE_CLASSES] = parse_classes,
        [PROFILE_GRADES] = parse_grades,
        [PROFILE_NOPIN] = parse_nopin,
        [PROFILE_SEGMENTS] = parse_segments,
        [PROFILE_RESIDENT_ID] = parse_resident_id,
        [PROFILE_PREFIXES] = parse_prefixes,
        [PROFILE_CARD_BINS] = parse_card_bins,
        [PROFILE_MINORS] = parse_minors,
        [PROFILE_WORKDAYS] = parse_workdays,
        [PROFILE_LOCK] = parse_lock,
        [PROFILE_LOCK_CODES] = parse_lock_codes,
        [PROFILE_PASSWORD] = parse_password,
        [PROFILE_RESET] = parse_reset,
        [PROFILE_PIN] = parse_pin,
        [PROFILE_SMS] = parse_sms,
        [PROFILE_RECEIPTS] = parse_receipts,
        [PROFILE_TEMPLATES] = parse_templates,
        [PROFILE_RECORD] = parse_record,
        [PROFILE_PERMITS] = profile_parse_permits,
        [PROFILE_OPEN] = profile_parse_open,
    };
    struct parse parse = {reason, false};
    parsers[profile->kind](&parse, profile);
    return !parse.failed;
}
