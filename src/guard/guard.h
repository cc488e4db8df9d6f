// guard: who may try what — profiles (limits and market facts as data), rules for new secrets,
// tries and locks of log-in and PIN. The limit counters are in guard_limits.h's part of this room
// (limits*.c) and read the profile structs below.
#ifndef GUARD_GUARD_H
#define GUARD_GUARD_H

#include "party/party.h"

// --- profiles: spec/profiles/*.json
// -----------------------------------------------------------------

struct guard_profiles;
// Loads all files of a folder. Refuses (CODE_INTERNAL, logged with file and reason): no source or
// effective, unknown key, value out of range, two editions with the same effective date, no edition
// of a needed profile in force on `today`. `out_reason` (256 bytes, may be NULL) says what is
// wrong.
enum code guard_profiles_load(struct guard_profiles **out, const char *folder, int32_t today,
                              char out_reason[256]);
void guard_profiles_free(struct guard_profiles **profiles);

// Header of the edition that decided, for refusals and the limits page. Texts live as long as the
// profiles.
struct guard_edition {
    const char *profile, *edition, *source, *status; // status: document, secondary, unconfirmed
    int32_t effective, until;                        // yyyymmdd; until 0 = open
};
// All take the business date (yyyymmdd, Shanghai) of the change; out_edition may be NULL. They
// never fail: load has checked that each needed profile has an edition in force on its day; before
// the first edition, the first one answers.

#define GUARD_NO_LIMIT INT64_MAX
struct guard_class_limits { // minor units of `currency`; GUARD_NO_LIMIT = none
    int64_t balance, tx, day, year;
    const char *currency;
    bool interest;
};
const struct guard_class_limits *guard_class_limits(const struct guard_profiles *profiles,
                                                    int32_t wallet_class, int32_t date,
                                                    const struct guard_edition **out_edition);

enum guard_channel { // bits
    GUARD_CHANNEL_PAYCODE = 1,
    GUARD_CHANNEL_SCAN_STATIC = 2,
    GUARD_CHANNEL_SCAN_DYNAMIC = 4,
    GUARD_CHANNEL_TRANSFER = 8,
};
struct guard_nopin_limits {
    int64_t tx;        // up to and including this amount without PIN
    int64_t count_day; // payments without PIN a day
    uint32_t channels; // guard_channel bits where no-PIN is possible at all
};
const struct guard_nopin_limits *guard_nopin_limits(const struct guard_profiles *profiles,
                                                    int32_t date,
                                                    const struct guard_edition **out_edition);

struct guard_grades {   // per day and customer, minor units; GUARD_NO_LIMIT = by agreement
    int64_t a, b, c, d; // D: static code; C: < 2 factors; B: ≥ 2 factors; A: with certificate
};
const struct guard_grades *guard_grades(const struct guard_profiles *profiles, int32_t date,
                                        const struct guard_edition **out_edition);

enum guard_phone_class {
    GUARD_PHONE_ORDINARY,
    GUARD_PHONE_MVNO,
    GUARD_PHONE_UNKNOWN,
    GUARD_PHONE_REFUSED
};
// Of a normalised number; the longest segment wins.
enum guard_phone_class guard_phone_class(const struct guard_profiles *profiles, const char *phone,
                                         int32_t date);
const char *guard_provinces(const struct guard_profiles *profiles, int32_t date); // "1112…"

struct guard_card_bin {
    char bin[9];
    const char *bank_code, *bank, *bank_en;
    const char *type; // "debit"
    int32_t length;   // of the whole number
};
// Longest BIN that begins `digits` (at least 6). NULL = not supported.
const struct guard_card_bin *guard_card_bin(const struct guard_profiles *profiles,
                                            const char *digits, int32_t date);
// Full check of a card number: digits, length, Luhn, BIN. OK, CODE_CARD_NUMBER_INVALID,
// CODE_CARD_NOT_SUPPORTED.
enum code guard_card_check(const struct guard_profiles *profiles, const char *card_number,
                           int32_t date, const struct guard_card_bin **out);

// Issuer of a pay code by its first digits: "wechat", "alipay", "unionpay", or "own"; NULL = none
// known.
const char *guard_paycode_issuer(const struct guard_profiles *profiles, const char *digits,
                                 int32_t date);
// The wallet that a scanned text belongs to, by its scheme ("wxp://…") or its host ("" = has none;
// lower case; only the exact host counts): "wechat", "alipay", "unionpay"; NULL = none known.
const char *guard_address_issuer(const struct guard_profiles *profiles, const char *text,
                                 const char *host, int32_t date);
struct guard_paycode_rules {
    char prefix[3]; // of our own codes
    int32_t length; // digits in all
    int32_t life_s, renew_before_s, grace_s;
};
const struct guard_paycode_rules *guard_paycode_rules(const struct guard_profiles *profiles,
                                                      int32_t date);
struct guard_minor_rules {
    int32_t self_open_age; // 16
    int32_t adult_age;     // 18
};
const struct guard_minor_rules *guard_minor_rules(const struct guard_profiles *profiles,
                                                  int32_t date);
enum { GUARD_DELAYS_MAX = 16 };
struct guard_lock_rules {
    int32_t login_tries, login_window_s, login_lock_s;
    int32_t login_delay_s[GUARD_DELAYS_MAX]; // before the try with that many wrong ones behind it
    int32_t pin_tries, pin_lock_first_s, pin_lock_again_s, pin_again_days;
    int32_t pin_identity_after, pin_identity_days; // so many locks in so many days: documents
    int32_t place_account_days;                    // a younger wallet's new places are not unusual
    int32_t caution_s;                             // after a new device or a reset
    int64_t risk_amount; // of a transfer to a new payee in that time, minor units
    int32_t unfreeze_delay_s;
};
const struct guard_lock_rules *guard_lock_rules(const struct guard_profiles *profiles,
                                                int32_t date);
// What is done with a class of numbers before an SMS is sent.
enum guard_phone_policy { GUARD_PHONE_SEND, GUARD_PHONE_WARN, GUARD_PHONE_REFUSE };
enum { OTP_ESCALATION_MAX = 8 };
struct guard_otp_rules {
    int32_t digits, life_s, resend_s, tries;
    int32_t codes_day, messages_day;          // of a number
    int32_t address_hour;                     // wishes of a client address
    int32_t device_day, device_numbers_day;   // codes, and different numbers, of a browser
    int32_t escalation_s[OTP_ESCALATION_MAX]; // before the third, fourth … code of an hour
    size_t escalation_count;
    int32_t wrong_hour, strong_digits; // so many wrong codes of all flows in an hour: longer codes
    int32_t second_route_s, voice_s;   // without a report: the other route, a call
    int32_t silent_s, unmapped_s;      // without a report that can be read: told as such
};
const struct guard_otp_rules *guard_otp_rules(const struct guard_profiles *profiles, int32_t date);
// How a mismatch with the bank's records is told and mended. reveal_after_proof false: its class is
// told at the branch only.
struct guard_record_rules {
    bool phone_must_be_linked, reveal_after_proof;
    int32_t tries; // decisions that end in a mismatch, of one application
    int32_t link_tries, link_life_s, link_closed_s, link_cards_day;
    int32_t handover_s, ticket_s;
};
const struct guard_record_rules *guard_record_rules(const struct guard_profiles *profiles,
                                                    int32_t date);
struct guard_reset_rules {
    int64_t third_factor_from;          // money at stake, minor units
    int32_t dormant_days, stale_days;   // days without a log-in, without a proof of the number
    int32_t draft_s, face_tries;        // of one reset
    int32_t lowered_s;                  // how long the limits are lowered afterwards
    int64_t lowered_day, lowered_payee; // transfers out a day; to somebody never paid before
};
const struct guard_reset_rules *guard_reset_rules(const struct guard_profiles *profiles,
                                                  int32_t date);
#define GUARD_HISTORY_MAX 10
enum guard_composition { GUARD_COMPOSITION_ADVISE, GUARD_COMPOSITION_STRICT };
enum guard_rotation { GUARD_ROTATION_OFF, GUARD_ROTATION_REMIND, GUARD_ROTATION_ENFORCE };
struct guard_password_policy {
    int32_t mixed_length, any_length, max_length; // characters after NFKC
    int32_t history;       // the current password and those before it that are refused
    int32_t distance;      // fewer edits than this from the one given in the same form are refused
    int32_t rotation_days; // age at which rotation reminds, or a change is required
    enum guard_composition composition;
    enum guard_rotation rotation;
};
const struct guard_password_policy *guard_password_policy(const struct guard_profiles *profiles,
                                                          int32_t date,
                                                          const struct guard_edition **out_edition);
// Visits every edition loaded.
void guard_editions(const struct guard_profiles *profiles,
                    void (*visit)(void *context, const struct guard_edition *edition),
                    void *context);

// --- rules for new secrets
// ----------------------------------------------------------------------------

// What is known of the person; NULL or "" where unknown.
struct guard_known {
    const char *name, *phone, *id_number, *wallet_number;
    int32_t birth_date;
    const char *const *card_tails; // last 4 to 6 digits of bound cards
    size_t card_tail_count;
    const char *old_password; // given in the same form
};
// OK or CODE_PASSWORD_WEAK; problem->fields[] names each broken rule: password.length, .classes,
// .common, .phone, .id, .name, .similar. The password is taken in NFKC.
enum code guard_password_rules(const struct guard_profiles *profiles, const char *password,
                               const struct guard_known *known, struct problem *problem);
// OK or CODE_PIN_WEAK with the first broken rule: pin.form, .same, .run, .repeat2, .repeat3,
// .common, .phone, .birthday, .id, .card
enum code guard_pin_rules(const struct guard_profiles *profiles, const char *pin,
                          const struct guard_known *known, struct problem *problem);
// Was the secret in use lately (the current one and those before it, as many as the profile says)?
// OK; CODE_PASSWORD_WEAK "password.used" or CODE_PIN_WEAK "pin.used"; CODE_BUSY. For worker
// threads: one Argon2id comparison for each of the at most GUARD_HISTORY_MAX hashes, so callers ask
// last, and only for people who have proved who they are.
struct guard_history {
    char stored[GUARD_HISTORY_MAX][VAULT_STORED_TEXT];
    size_t count;
};
enum code guard_history_load(struct db *db, const struct guard_profiles *profiles, int64_t person,
                             enum vault_secret kind, int32_t date, struct guard_history *out);
enum code guard_history_check(struct vault *vault, enum vault_secret kind, const char *secret,
                              const struct guard_history *history, struct problem *problem);

// --- tries and locks
// ------------------------------------------------------------------------------------

// The parts that a check needs. `committer` runs its two short changes; `vault` its hash between
// them.
struct guard_gate {
    const struct guard_profiles *profiles;
    struct vault *vault;
    struct db_committer *committer;
    const struct env *env;
};
// Checks, for worker threads (they block: two commits and one Argon2id hash). A try is reserved
// before the hash is computed, so that parallel requests can never try more often than the rule
// allows, and counted only when the hash was compared. PIN: OK; CODE_PIN_REQUIRED (NULL or "");
// CODE_PIN_WEAK never; CODE_PIN_WRONG with tries_left (what is not six digits counts no try);
// CODE_PIN_LOCKED with until_us and
// case_number; CODE_REQUEST_RUNNING (all tries in use by other requests now); CODE_BUSY;
// CODE_NOT_FOUND; storage.
enum code guard_pin_check(const struct guard_gate *gate, int64_t person, const char *pin,
                          struct problem *problem);
// Log-in by phone or wallet number. Unknown logins cost, count and lock like known ones (keyed by
// the login's hash). A browser that the person logged in from has a counter and locks of its own:
// strangers cannot lock it out. OK and *out_person; CODE_LOGIN_FAILED with tries_left and, when the
// next try must wait, retry_after_s; CODE_LOGIN_DELAY with retry_after_s (nothing was compared or
// counted); CODE_ACCOUNT_LOCKED, CODE_LOGIN_UNCONFIRMED, CODE_LOGIN_PAUSED with until_us, case and
// signed statement, without touching the hash; CODE_BUSY …
struct guard_login {
    const char *login, *password;
    const char *token;            // of the browser's cookie; NULL = none
    const char *device, *address; // for the person's history
};
enum code guard_login_check(const struct guard_gate *gate, const struct guard_login *login,
                            int64_t *out_person, struct problem *problem);
// The password of a signed-in person: CODE_PASSWORD_WRONG. Counts apart from the log-in's tries.
enum code guard_password_check(const struct guard_gate *gate, int64_t person, const char *password,
                               struct problem *problem);

struct guard_lock {
    struct id id;
    char code[4]; // "L01" … "L10", guard_lock.h
    char case_number[16];
    char scope[16]; // "login", "pay", "transfer_out", "limits", "all_out"
    int64_t person; // 0 = of a log-in that nobody has
    int64_t from_us, until_us;
    bool automatic; // ends at until_us; else somebody decides, by then
    char evidence[32];
    int32_t tries;
    int64_t asked_us, ended_us;
    char outcome[24];
};
// Locks in force, the longest first. Out: at most `max`.
enum code guard_locks(struct db *db, int64_t person, int64_t now_us, struct guard_lock *out,
                      size_t max, size_t *out_count);
// Inside a transaction: ends those of a person with this code and begins the check-up; OK when
// there is none. For resets: "L01", "L02", "L03" after the identity was proved.
enum code guard_lock_end(struct db *db, int64_t person, const char *code, int64_t now_us);
// Tries left now, without using one.
enum code guard_pin_tries_left(struct db *db, const struct guard_profiles *profiles, int64_t person,
                               int64_t now_us, int32_t *out);
// "D7K2-91QF": 8 base32 characters. `out` holds 16 bytes.
void guard_case_number(const struct env *env, char out[16]);
// Deletes counters of unknown logins that nobody used since `before_us`. At most `limit`.
enum code guard_tries_prune(struct db *db, int64_t before_us, size_t limit, int64_t *out_deleted);

#endif
