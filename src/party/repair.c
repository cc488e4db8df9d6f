// Moonshot: a typo in an ID number is found with the person. The check character catches every
// single substitution and every swap of neighbours; undoing each of them gives the candidates.
// 1. The right number is among the candidates of every such typo.
// 2. No candidate leaves this file but to the caller's visitor (tests, counting).
#include "party/party_priv.h"
#include "party/party_repair.h"

#include <string.h>

enum { SIZE = 18 };

const char *party_repair_advice_name(enum party_repair_advice advice)
{
    static const char *const NAMES[] = {"good",       "letters", "fifteen", "length",
                                        "birth_date", "places",  "groups"};
    return advice >= PARTY_REPAIR_GOOD && advice <= PARTY_REPAIR_GROUPS ? NAMES[advice] : "";
}

static bool plausible(const char *number, const struct party_repair_rules *rules)
{
    if (strspn(number, "0123456789") < SIZE - 1 || !party_province_known(number, rules->provinces))
        return false;
    const int32_t birth = party_number_date(number + 6);
    return party_date_real(birth) && birth >= rules->born_from && birth <= rules->born_to &&
           party_id_check_character(number) == number[SIZE - 1];
}

struct search {
    const struct party_repair_rules *rules;
    void (*visit)(void *context, const char *candidate, uint32_t places);
    void *context;
    int32_t found;
};

static void consider(struct search *search, const char *candidate, uint32_t places)
{
    if (!plausible(candidate, search->rules))
        return;
    search->found++;
    search->visit(search->context, candidate, places);
}

static void substitute(struct search *search, char *number)
{
    for (int place = 0; place < SIZE; place++) {
        const char was = number[place];
        for (const char *c = "0123456789X"; *c != '\0'; c++) {
            if (*c == was || (*c == 'X' && place != SIZE - 1))
                continue;
            number[place] = *c;
            consider(search, number, UINT32_C(1) << place);
        }
        number[place] = was;
    }
}

static void swap(struct search *search, char *number)
{
    for (int place = 0; place + 1 < SIZE; place++) {
        const char left = number[place], right = number[place + 1];
        if (left == right)
            continue;
        number[place] = right;
        number[place + 1] = left;
        consider(search, number, UINT32_C(3) << place);
        number[place] = left;
        number[place + 1] = right;
    }
}

int32_t party_id_number_candidates(const char *typed, const struct party_repair_rules *rules,
                                   void (*visit)(void *context, const char *candidate,
                                                 uint32_t places),
                                   void *context)
{
    struct search search = {rules, visit, context, 0};
    char number[PARTY_ID_NUMBER_MAX];
    if (strlen(typed) != SIZE)
        return 0;
    memcpy(number, typed, sizeof number);
    substitute(&search, number);
    swap(&search, number);
    mem_wipe(number, sizeof number);
    return search.found;
}

struct narrowing {
    int32_t birth_date, candidates;
    uint32_t places;
};

static void narrow(void *context, const char *candidate, uint32_t places)
{
    struct narrowing *narrowing = context;
    if (narrowing->birth_date != 0 && party_number_date(candidate + 6) != narrowing->birth_date)
        return;
    narrowing->candidates++;
    narrowing->places |= places;
}

// Letters that people type for digits. An x or X at the end is the check character.
static bool offer_digits(char offer[PARTY_ID_NUMBER_MAX], const char *typed)
{
    static const char LETTERS[] = "OoIlBSsZz", DIGITS[] = "001185522";
    bool changed = false;
    (void)text_copy(offer, PARTY_ID_NUMBER_MAX, typed);
    for (char *c = offer; *c != '\0'; c++) {
        const char *letter = strchr(LETTERS, *c);
        if (letter == NULL)
            continue;
        *c = DIGITS[letter - LETTERS];
        changed = true;
    }
    return changed;
}

static int32_t places_of(uint32_t places)
{
    int32_t count = 0;
    for (; places != 0; places &= places - 1)
        count++;
    return count;
}

static enum party_repair_advice advise(struct party_repair *out,
                                       const struct party_repair_rules *rules, int32_t birth_date)
{
    if (offer_digits(out->offer, out->typed))
        return PARTY_REPAIR_LETTERS;
    out->offer[0] = '\0';
    if (out->length == 15 && party_id_number_from_15(out->offer, out->typed))
        return PARTY_REPAIR_FIFTEEN;
    if (out->length != SIZE)
        return PARTY_REPAIR_LENGTH;
    if (plausible(out->typed, rules))
        return PARTY_REPAIR_GOOD;
    struct narrowing narrowing = {.birth_date = birth_date};
    (void)party_id_number_candidates(out->typed, rules, narrow, &narrowing);
    out->candidates = narrowing.candidates;
    if (birth_date == 0 && narrowing.candidates != 1)
        return PARTY_REPAIR_ASK;
    if (narrowing.candidates == 0 || places_of(narrowing.places) > PARTY_REPAIR_PLACES_MAX)
        return PARTY_REPAIR_GROUPS;
    out->places = narrowing.places;
    return PARTY_REPAIR_PLACES;
}

void party_id_number_repair(struct party_repair *out, const char *typed,
                            const struct party_repair_rules *rules, int32_t birth_date)
{
    char compact[64];
    *out = (struct party_repair){.advice = PARTY_REPAIR_GROUPS};
    if (!party_compact_ascii(compact, sizeof compact, typed))
        return;
    out->length = (int32_t)strlen(compact);
    (void)text_copy(out->typed, sizeof out->typed, compact);
    if (out->length == SIZE && out->typed[SIZE - 1] == 'x')
        out->typed[SIZE - 1] = 'X';
    mem_wipe(compact, sizeof compact);
    out->advice = advise(out, rules, birth_date);
}
