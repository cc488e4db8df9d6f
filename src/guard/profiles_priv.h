// profiles_priv: the parsed form of spec/profiles/*.json; stays inside this room.
#ifndef GUARD_PROFILES_PRIV_H
#define GUARD_PROFILES_PRIV_H

#include "guard/guard_lock.h"
#include "guard/guard_open.h"
#include "guard/guard_sms.h"

#include <jansson.h>

enum profile_kind {
    PROFILE_CLASSES,
    PROFILE_GRADES,
    PROFILE_NOPIN,
    PROFILE_SEGMENTS,
    PROFILE_RESIDENT_ID,
    PROFILE_PREFIXES,
    PROFILE_CARD_BINS,
    PROFILE_MINORS,
    PROFILE_WORKDAYS, // may be absent for a day: guard_workdays.h
    PROFILE_LOCK,
    PROFILE_PASSWORD,
    PROFILE_PIN,
    PROFILE_RESET,
    PROFILE_SMS,
    PROFILE_RECEIPTS,
    PROFILE_TEMPLATES,
    PROFILE_RECORD,
    PROFILE_PERMITS,
    PROFILE_OPEN,
    PROFILE_LOCK_CODES,
    PROFILE_KINDS
};

enum {
    SEGMENTS_MAX = 200,
    BINS_MAX = 200,
    PREFIXES_MAX = 64,
    ADDRESSES_MAX = 32,
    CLASSES = 5,
    RECEIPTS_MAX = 64
};
enum { WORKDAYS_MAX = 64 };

struct profile_segment {
    char digits[8];
    enum guard_phone_class class;
};
struct profile_prefix {
    char digits[4];
    const char *issuer;
};
// A scheme with its "://", or a host; lower case.
struct profile_address {
    const char *text, *issuer;
};

// One file. Texts are borrowed from `root`.
struct profile {
    struct profile *next;
    struct guard_edition edition;
    json_t *root;
    enum profile_kind kind;
    struct guard_class_limits classes[CLASSES]; // index = class
    uint32_t needs[CLASSES];
    struct party_document_rule documents[PARTY_DOCUMENTS]; // kind NONE = not accepted
    char document_provinces[PARTY_DOCUMENTS][16];
    struct guard_open_rules open;
    int32_t born_from;
    struct guard_grades grades;
    struct guard_nopin_limits nopin;
    struct profile_segment segments[SEGMENTS_MAX];
    size_t segment_count;
    char provinces[128];
    struct guard_paycode_rules paycode;
    struct profile_prefix prefixes[PREFIXES_MAX];
    size_t prefix_count;
    struct profile_address addresses[ADDRESSES_MAX];
    size_t address_count;
    struct guard_card_bin bins[BINS_MAX];
    size_t bin_count;
    struct guard_minor_rules minors;
    struct {
        int32_t holidays[WORKDAYS_MAX], makeup[WORKDAYS_MAX]; // yyyymmdd
        size_t holiday_count, makeup_count;
        int32_t opens_minute, closes_minute; // of the day
    } workdays;
    struct guard_lock_rules lock;
    struct guard_lock_kind lock_kinds[GUARD_LOCK_CODES];
    struct guard_password_policy password;
    struct blocklist *blocklist; // of the password profile
    int32_t pin_history;
    struct guard_reset_rules reset;
    struct guard_otp_rules otp;
    enum guard_phone_policy phone_policy[GUARD_PHONE_REFUSED + 1];
    struct guard_receipt receipts[RECEIPTS_MAX];
    size_t receipt_count;
    struct guard_record_rules record;
};

// Texts that are guessed first, sorted (secrets_blocklist.c).
struct blocklist {
    char *bytes; // the file, lines cut to texts
    const char **lines;
    size_t count;
};
// Reads `name` of the folder: refuses what is larger than 2 MiB, unsorted, or has fewer than 10 000
// entries. False: `reason` (256 bytes) says why.
bool blocklist_load(struct blocklist **out, const char *folder, const char *name, char *reason);
void blocklist_free(struct blocklist **list);
// Exact.
bool blocklist_holds(const struct blocklist *list, const char *text);

struct guard_profiles {
    struct profile *all;
};

// The edition in force on a date; before the first one, the first one.
const struct profile *profile_on(const struct guard_profiles *profiles, enum profile_kind kind,
                                 int32_t date);
// Fills the body of a profile by its kind. False: `reason` (256 bytes) says what is wrong.
bool profile_parse_body(struct profile *profile, char *reason);
// "2026-01-01" -> 20260101; 0 when it is not a date.
int32_t profile_date(const json_t *value);
// Those of SMS (profiles_sms.c).
bool profile_limits_parse(struct profile *profile, char *reason);
bool profile_receipts_parse(struct profile *profile, char *reason);
bool profile_templates_parse(struct profile *profile, char *reason);
// Name of the profile, and its permitted keys besides the header's, separated by spaces.
const char *profile_name(enum profile_kind kind);
const char *profile_keys(enum profile_kind kind);

// What the parts of the parser share (profiles_parse.c, profiles_open.c).
struct parse {
    char *reason;
    bool failed;
};
// Collects the first fault; the getters go on with harmless values after it.
void profile_fault(struct parse *parse, const char *key, const char *what);
int32_t profile_small(struct parse *parse, const json_t *object, const char *key, int32_t min,
                      int32_t max);
void profile_parse_needs(struct parse *parse, struct profile *profile, const json_t *class,
                         int wallet_class);
void profile_parse_permits(struct parse *parse, struct profile *profile);
void profile_parse_open(struct parse *parse, struct profile *profile);

#endif
