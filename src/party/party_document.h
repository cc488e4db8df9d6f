// party_document: identity documents other than by name — what a number of each kind looks like.
// The kinds are fixed here; their rules are data (profile cn-permits, guard_open.h). Form only:
// nothing here proves who somebody is.
#ifndef PARTY_PARTY_DOCUMENT_H
#define PARTY_PARTY_DOCUMENT_H

#include "party/party.h"

enum party_document {      // stored: never renumber
    PARTY_NO_DOCUMENT = 0, // a wallet opened with a phone only
    PARTY_RESIDENT_ID,
    PARTY_RESIDENCE_PERMIT_HK,
    PARTY_RESIDENCE_PERMIT_MO,
    PARTY_RESIDENCE_PERMIT_TW,
    PARTY_TRAVEL_PERMIT_HK_MO,
    PARTY_TRAVEL_PERMIT_TW,
    PARTY_PERMANENT_RESIDENT_OLD,
    PARTY_PERMANENT_RESIDENT,
    PARTY_PASSPORT,
    PARTY_DOCUMENTS
};
const char *party_document_name(enum party_document kind); // "resident_id" …
// PARTY_NO_DOCUMENT: no such name.
enum party_document party_document_parse(const char *name);

#define PARTY_LONG_TERM 99991231 // validity without end, yyyymmdd
enum party_policy { PARTY_POLICY_NONE = 0, PARTY_POLICY_ASK, PARTY_POLICY_REQUIRE };
const char *party_policy_name(enum party_policy policy); // "none" "ask" "require"

enum { PARTY_SHAPES_MAX = 4 };
struct party_document_rule {
    enum party_document kind;
    // d = digit, a = letter, n = either, others stand for themselves; a last '*' repeats.
    const char *shapes[PARTY_SHAPES_MAX];
    int32_t min, max;      // characters
    bool check_character;  // ISO 7064 MOD 11-2 over 18 characters
    const char *provinces; // first two digits allowed, "8182"; NULL = any
    bool derives;          // birth date and sex stand in the number
    bool latin_name;       // names in Latin letters
    enum party_policy validity;
    bool long_term; // may have no end
};
// Normalises and checks a number. Birth date, sex and age are filled when the kind derives them,
// else 0. *out_reason: "id.form" "id.province" "id.date" "id.check" or "".
// CODE_ID_NUMBER_INVALID (kinds with check character), CODE_DOCUMENT_NUMBER_INVALID.
enum code party_document_check(struct party_identity *out, const struct party_document_rule *rule,
                               const char *typed, int32_t today, const char **out_reason);
// yyyymmdd of the calendar?
bool party_date_valid(int32_t date);
// A real date, not in the future, at most 150 years ago.
bool party_birth_date_valid(int32_t birth_date, int32_t today);
// The name for a document: party_name_check, script by the kind, and no look-alike of an
// institution or of staff. CODE_NAME_INVALID, CODE_NAME_RESERVED.
enum code party_document_name_check(char out[PARTY_NAME_MAX], const char *typed,
                                    const struct party_document_rule *rule);
// Whole days from one yyyymmdd to another; negative: the second is earlier.
int32_t party_days_between(int32_t from, int32_t to);

#endif
