// guard_open: what may be opened, with which documents — profiles "open", "cn-permits".
#ifndef GUARD_GUARD_OPEN_H
#define GUARD_GUARD_OPEN_H

#include "guard/guard.h"
#include "party/party_document.h"
#include "party/party_repair.h"

enum { GUARD_REMIND_MAX = 4 };
struct guard_open_rules {
    bool classes[5];  // index = wallet class: may it be opened here?
    bool upgrades[5]; // may a wallet become it from the app?
    enum party_policy photos[PARTY_DOCUMENTS];
    int32_t face_min_score;                // of 100
    int32_t face_min_actions;              // fewer is no proof of life
    int32_t face_life_s;                   // of a challenge
    int32_t review_days;                   // working days until an operator has looked
    int32_t remind_days[GUARD_REMIND_MAX]; // before a document ends, falling
    size_t remind_count;
};
const struct guard_open_rules *guard_open_rules(const struct guard_profiles *profiles,
                                                int32_t date);
// NULL: this kind is not accepted.
const struct party_document_rule *guard_document_rule(const struct guard_profiles *profiles,
                                                      enum party_document kind, int32_t date);
// Of the repair of a resident ID number.
struct party_repair_rules guard_repair_rules(const struct guard_profiles *profiles, int32_t date);

// What a class asks for, bits.
enum { GUARD_NEEDS_PHONE = 1, GUARD_NEEDS_ID = 2, GUARD_NEEDS_CARD = 4, GUARD_NEEDS_COUNTER = 8 };
uint32_t guard_class_needs(const struct guard_profiles *profiles, int32_t wallet_class,
                           int32_t date);

#endif
