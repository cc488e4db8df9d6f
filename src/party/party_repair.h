// party_repair: a mistyped resident ID number, and where to look. Pure arithmetic over what was
// typed: nothing is asked of anybody, and no number but the typed one ever leaves these functions
// as a whole — what comes out are places to compare with the card.
#ifndef PARTY_PARTY_REPAIR_H
#define PARTY_PARTY_REPAIR_H

#include "party/party.h"

struct party_repair_rules {
    const char *provinces;      // two-digit codes without separators
    int32_t born_from, born_to; // plausible birth dates, yyyymmdd
};

// What helps the person next.
enum party_repair_advice {
    PARTY_REPAIR_GOOD = 0, // nothing is wrong
    PARTY_REPAIR_LETTERS,  // letters that look like digits: `offer` has the digits
    PARTY_REPAIR_FIFTEEN,  // a number of before 1999: `offer` is its 18-character form
    PARTY_REPAIR_LENGTH,   // `length` characters instead of 18
    PARTY_REPAIR_ASK,      // several repairs are possible: the birth date would tell
    PARTY_REPAIR_PLACES,   // compare `places` (at most three)
    PARTY_REPAIR_GROUPS,   // compare all of it, in groups of 6-8-3-1
};
const char *party_repair_advice_name(enum party_repair_advice advice);

struct party_repair {
    enum party_repair_advice advice;
    char typed[PARTY_ID_NUMBER_MAX]; // normalised, cut to 18 characters
    char offer[PARTY_ID_NUMBER_MAX]; // what was typed in other characters; else ""
    int32_t length;
    uint32_t places; // bit i = character i + 1
    int32_t candidates;
};
#define PARTY_REPAIR_PLACES_MAX 3

// `birth_date` 0 = not asked yet.
void party_id_number_repair(struct party_repair *out, const char *typed,
                            const struct party_repair_rules *rules, int32_t birth_date);
// Each number that is right under the rules and differs from `typed` (18 characters) by one
// substitution or one swap of neighbours. places: bits of what differs. Returns how many.
int32_t party_id_number_candidates(const char *typed, const struct party_repair_rules *rules,
                                   void (*visit)(void *context, const char *candidate,
                                                 uint32_t places),
                                   void *context);

#endif
