// Profiles of opening a wallet: documents, classes, photos, the face check.
#include "guard/profiles_priv.h"

#include <string.h>

// --- classes ---

void profile_parse_needs(struct parse *parse, struct profile *profile, const json_t *class,
                         int wallet_class)
{
    static const char *const NAMES[] = {"phone", "id", "card", "counter"};
    const json_t *needs = json_object_get(class, "needs");
    for (size_t i = 0; i < json_array_size(needs); i++) {
        const char *name = json_string_value(json_array_get(needs, i));
        uint32_t bit = 0;
        for (uint32_t k = 0; name != NULL && k < 4; k++)
            if (text_equal(NAMES[k], name))
                bit = UINT32_C(1) << k;
        if (bit == 0)
            profile_fault(parse, "needs", "has an unknown word");
        profile->needs[wallet_class] |= bit;
    }
    if (profile->needs[wallet_class] == 0)
        profile_fault(parse, "needs", "is empty");
}

uint32_t guard_class_needs(const struct guard_profiles *profiles, int32_t wallet_class,
                           int32_t date)
{
    const int32_t index = wallet_class >= 1 && wallet_class < CLASSES ? wallet_class : CLASSES - 1;
    return profile_on(profiles, PROFILE_CLASSES, date)->needs[index];
}

// --- documents ---

static enum party_policy policy_of(struct parse *parse, const json_t *value, const char *key)
{
    const char *text = json_string_value(value);
    for (int policy = PARTY_POLICY_NONE; text != NULL && policy <= PARTY_POLICY_REQUIRE; policy++)
        if (text_equal(text, party_policy_name((enum party_policy)policy)))
            return (enum party_policy)policy;
    profile_fault(parse, key, "is not none, ask or require");
    return PARTY_POLICY_NONE;
}

static void parse_shapes(struct parse *parse, struct party_document_rule *rule, const json_t *kind)
{
    const json_t *shapes = json_object_get(kind, "shapes");
    const size_t count = json_array_size(shapes);
    for (size_t i = 0; i < count && i < PARTY_SHAPES_MAX; i++)
        rule->shapes[i] = json_string_value(json_array_get(shapes, i));
    if ((count == 0 && !rule->check_character) || count > PARTY_SHAPES_MAX)
        profile_fault(parse, "shapes", "is empty or too long");
    rule->min = profile_small(parse, kind, "min", 5, 18);
    rule->max = profile_small(parse, kind, "max", rule->min, 18);
}

static const char *parse_provinces(struct parse *parse, char out[16], const json_t *list)
{
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < json_array_size(list) && used + 3 < 16; i++) {
        const char *code = json_string_value(json_array_get(list, i));
        if (code == NULL || strlen(code) != 2 || !text_all_digits(code)) {
            profile_fault(parse, "provinces", "has a code that is not two digits");
            return NULL;
        }
        memcpy(out + used, code, 3);
        used += 2;
    }
    return used > 0 ? out : NULL;
}

void profile_parse_permits(struct parse *parse, struct profile *profile)
{
    const char *name;
    json_t *kind;
    json_object_foreach(json_object_get(profile->root, "documents"), name, kind)
    {
        const enum party_document index = party_document_parse(name);
        struct party_document_rule *rule = &profile->documents[index];
        if (index == PARTY_NO_DOCUMENT) {
            profile_fault(parse, name, "is no document");
            return;
        }
        rule->kind = index;
        rule->check_character = json_is_true(json_object_get(kind, "check_character"));
        rule->derives = json_is_true(json_object_get(kind, "derives"));
        rule->latin_name = json_is_true(json_object_get(kind, "latin_name"));
        rule->long_term = json_is_true(json_object_get(kind, "long_term"));
        rule->validity = policy_of(parse, json_object_get(kind, "validity"), "validity");
        rule->provinces = parse_provinces(parse, profile->document_provinces[index],
                                          json_object_get(kind, "provinces"));
        parse_shapes(parse, rule, kind);
    }
    if (profile->documents[PARTY_RESIDENT_ID].kind != PARTY_RESIDENT_ID)
        profile_fault(parse, "resident_id", "is missing");
    // Its provinces are the list of profile cn-resident-id.
    for (int i = PARTY_RESIDENCE_PERMIT_HK; i < PARTY_DOCUMENTS; i++)
        if (profile->documents[i].check_character && profile->documents[i].provinces == NULL)
            profile_fault(parse, "provinces", "is missing");
}

const struct party_document_rule *guard_document_rule(const struct guard_profiles *profiles,
                                                      enum party_document kind, int32_t date)
{
    if (kind <= PARTY_NO_DOCUMENT || kind >= PARTY_DOCUMENTS)
        return NULL;
    const struct party_document_rule *rule =
        &profile_on(profiles, PROFILE_PERMITS, date)->documents[kind];
    return rule->kind == kind ? rule : NULL;
}

struct party_repair_rules guard_repair_rules(const struct guard_profiles *profiles, int32_t date)
{
    const int32_t age = guard_minor_rules(profiles, date)->self_open_age;
    return (struct party_repair_rules){
        .provinces = guard_provinces(profiles, date),
        .born_from = profile_on(profiles, PROFILE_RESIDENT_ID, date)->born_from,
        .born_to = date - age * 10000};
}

// --- opening ---

static void parse_class_list(struct parse *parse, bool out[5], const json_t *list, const char *key)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_int_t class = json_integer_value(json_array_get(list, i));
        if (class < 1 || class >= CLASSES) {
            profile_fault(parse, key, "has no class");
            return;
        }
        out[class] = true;
    }
    if (json_array_size(list) == 0)
        profile_fault(parse, key, "is empty");
}

static void parse_photos(struct parse *parse, struct guard_open_rules *open, const json_t *photos)
{
    for (int kind = PARTY_RESIDENT_ID; kind < PARTY_DOCUMENTS; kind++) {
        const char *name = party_document_name((enum party_document)kind);
        const json_t *value = json_object_get(photos, name);
        open->photos[kind] =
            policy_of(parse, value != NULL ? value : json_object_get(photos, "other"), name);
    }
}

void profile_parse_open(struct parse *parse, struct profile *profile)
{
    const json_t *root = profile->root, *days = json_object_get(root, "remind_days");
    const json_t *face = json_object_get(root, "face");
    struct guard_open_rules *open = &profile->open;
    parse_class_list(parse, open->classes, json_object_get(root, "classes"), "classes");
    parse_class_list(parse, open->upgrades, json_object_get(root, "upgrades"), "upgrades");
    parse_photos(parse, open, json_object_get(root, "photos"));
    open->face_min_score = profile_small(parse, face, "min_score", 1, 100);
    open->face_min_actions = profile_small(parse, face, "min_actions", 1, 5);
    open->face_life_s = profile_small(parse, face, "life_s", 30, 3600);
    open->review_days = profile_small(parse, root, "review_days", 1, 30);
    for (size_t i = 0; i < json_array_size(days) && i < GUARD_REMIND_MAX; i++) {
        const json_int_t day = json_integer_value(json_array_get(days, i));
        const bool falls = i == 0 || day < open->remind_days[i - 1];
        if (day < 1 || day > 365 || !falls)
            profile_fault(parse, "remind_days", "does not fall");
        open->remind_days[open->remind_count++] = (int32_t)day;
    }
}

const struct guard_open_rules *guard_open_rules(const struct guard_profiles *profiles, int32_t date)
{
    return &profile_on(profiles, PROFILE_OPEN, date)->open;
}
