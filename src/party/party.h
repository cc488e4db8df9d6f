// party: people, wallets, merchants, sessions, inbox notices, the outbox; identity rules and masks.
// Writing functions take an open transaction (`struct db *` inside a db_change); reading functions
// take any connection. Refusals fill `problem` where one is passed. Personal data are sealed at
// rest and found by keyed hashes.
#ifndef PARTY_PARTY_H
#define PARTY_PARTY_H

#include "db/db.h"
#include "vault/vault.h"

// --- identity rules (pure)
// ------------------------------------------------------------------------

#define PARTY_NAME_MAX 128 // bytes with NUL: 30 characters of 4 bytes
#define PARTY_PHONE_MAX 12 // 11 digits
#define PARTY_ID_NUMBER_MAX 19
enum party_sex { PARTY_MALE = 1, PARTY_FEMALE };
struct party_identity {
    char id_number[PARTY_ID_NUMBER_MAX]; // 18 characters, normalised
    int32_t birth_date;                  // yyyymmdd
    enum party_sex sex;
    int32_t age; // full years on the business date
};
// Resident ID number by GB 11643 (ISO 7064 MOD 11-2), trimmed, without spaces and hyphens, full
// width made half width, x -> X. `provinces` = two-digit codes without separators, "1112…" (profile
// cn-resident-id). `today` = yyyymmdd in Shanghai. Returns OK or CODE_ID_NUMBER_INVALID.
// *out_reason (may be NULL) = "id.form" "id.province" "id.date" "id.check" or "".
enum code party_id_number_check(struct party_identity *out, const char *typed,
                                const char *provinces, int32_t today, const char **out_reason);
// 15-digit number of before 1999 -> its 18-character form. Returns false when it is not 15 digits.
bool party_id_number_from_15(char out[PARTY_ID_NUMBER_MAX], const char *typed);
char party_id_check_character(const char digits[17]);
int32_t party_age(int32_t birth_date, int32_t today);
// Normalises and checks a name: 2–30 characters; Han of all planes, "·", Latin letters with space,
// hyphen, apostrophe. Returns OK or CODE_NAME_INVALID.
enum code party_name_check(char out[PARTY_NAME_MAX], const char *typed);
// Mainland mobile number: full width, spaces, hyphens, +86/0086/86 removed. OK when 11 digits
// 1[3-9]…, else CODE_PHONE_INVALID.
enum code party_phone_normalise(char out[PARTY_PHONE_MAX], const char *typed);

// Masks. `out` of names holds PARTY_NAME_MAX bytes, the others 32.
void party_mask_name(char out[PARTY_NAME_MAX], const char *name); // 王*明, *明
void party_mask_phone(char out[32], const char *phone);           // 138****8000
void party_mask_id_number(char out[32], const char *id_number);   // 3****************6
void party_mask_wallet_number(char out[32], const char *number);  // 6688 **** **** 1234
void party_mask_address(char out[32], const char *address);       // 192.0.2.* / 2001:db8:*

// --- people
// -----------------------------------------------------------------------------------------

#define PARTY_WALLET_NUMBER 17 // 16 digits with Luhn check digit, and NUL
enum party_state { PARTY_ACTIVE = 1, PARTY_FROZEN, PARTY_CLOSED };
enum party_language { PARTY_ZH = 0, PARTY_EN = 1 };

// What the payment path needs of a person: a narrow row, no sealed data.
struct party_wallet {
    int64_t person;
    int64_t account_cny; // ledger accounts
    int64_t account_usd;
    int32_t wallet_class; // 1 … 4
    enum party_state state;
    bool nopin; // small payments without PIN allowed by the person
    enum party_language language;
    char number[PARTY_WALLET_NUMBER];
};
// Returns OK or CODE_NOT_FOUND.
enum code party_wallet_load(struct db *db, int64_t person, struct party_wallet *out);
// For many people at once (db_select_many); `persons` sorted and unique. Calls `found` for each
// existing one, any order.
enum code party_wallets_load(struct db *db, const int64_t *persons, size_t count,
                             void (*found)(void *context, const struct party_wallet *wallet),
                             void *context);

struct party_person {
    struct party_wallet wallet;
    int64_t id;
    char name[PARTY_NAME_MAX];
    char phone[PARTY_PHONE_MAX];
    int32_t birth_date;
    enum party_sex sex;
    int64_t opened_us;
    int64_t frozen_us; // 0 = not frozen
    // Kind of identity document (party_document.h); 0 = opened with a phone only: then there is no
    // ID number, birth date or sex, and `name` is the masked phone (party_mask_name leaves it
    // alone).
    int32_t document;
    int32_t document_until; // yyyymmdd; 0 = not told
};
enum code party_person_load(struct db *db, const struct vault *vault, int64_t person,
                            struct party_person *out);
// The ID number alone, for bank card checks. Returns OK or CODE_NOT_FOUND.
enum code party_id_number_load(struct db *db, const struct vault *vault, int64_t person,
                               char out[PARTY_ID_NUMBER_MAX]);
// Out: the open (not closed) person of that key; CODE_NOT_FOUND. `phone` is normalised first.
enum code party_find_by_phone(struct db *db, const struct vault *vault, const char *phone,
                              int64_t *out_person);
enum code party_find_by_wallet_number(struct db *db, const char *number, int64_t *out_person);
enum code party_find_by_id_number(struct db *db, const struct vault *vault, const char *id_number,
                                  int64_t *out_person);

struct party_new_person {
    int64_t id;            // 0 = a new one is made
    const char *name;      // checked by the caller
    const char *id_number; // normalised; "" = opened with a phone only
    const char *phone;     // normalised
    int32_t document;      // kind (party_document.h); 0 with an ID number = the resident ID
    int32_t document_until;
    int32_t birth_date;
    enum party_sex sex;
    enum party_language language;
    int32_t wallet_class;
    const char *password_stored; // vault_password_hash
    const char *pin_stored;
    int64_t account_cny, account_usd; // opened by the caller through books
};
// An unused id for a person, before its accounts are opened.
int64_t party_id_new(const struct env *env);
// Returns OK; CODE_IDENTITY_IN_USE (the ID number has a wallet); CODE_PHONE_IN_USE (the
// phone has one).
enum code party_person_add(struct db *db, const struct vault *vault, const struct env *env,
                           const struct party_new_person *person, struct party_wallet *out,
                           struct problem *problem);
// Gives an identity to a person who had none, and the class that it is good for: name and document
// of `identity`; the rest is not looked at. Wallet number, accounts and history stay.
// CODE_NOT_ALLOWED: there is one already; CODE_IDENTITY_IN_USE.
enum code party_person_identify(struct db *db, const struct vault *vault, int64_t person,
                                const struct party_new_person *identity, struct problem *problem);
enum code party_set_class(struct db *db, int64_t person, int32_t wallet_class);
// People whose document ends on or before `until` (yyyymmdd) and who were told of fewer days than
// `days` only: marks them as told and visits each. At most `limit`.
enum code party_documents_ending(struct db *db, int32_t until, int32_t days, size_t limit,
                                 void (*visit)(void *context, int64_t person, int32_t until),
                                 void *context);
enum code party_set_document_until(struct db *db, int64_t person, int32_t until);
enum code party_set_language(struct db *db, int64_t person, enum party_language language);
enum code party_set_nopin(struct db *db, int64_t person, bool enabled);
// Freeze: only incoming money. Repeating is OK. Closed: CODE_NOT_ALLOWED.
enum code party_set_frozen(struct db *db, int64_t person, bool frozen, int64_t now_us);

// Stored credential hashes, with the version that a change increments.
struct party_credentials {
    char password[VAULT_STORED_TEXT];
    char pin[VAULT_STORED_TEXT];
    int64_t password_version, pin_version;
};
enum code party_credentials_load(struct db *db, int64_t person, struct party_credentials *out);
// Replaces one when `version` is still the current one, else CODE_REQUEST_RUNNING.
enum code party_set_password(struct db *db, int64_t person, const char *stored, int64_t version,
                             int64_t now_us);
enum code party_set_pin(struct db *db, int64_t person, const char *stored, int64_t version,
                        int64_t now_us);
// Both keep what was replaced: the last PARTY_SECRETS_KEPT of each kind. Newest first, at most
// `max`.
#define PARTY_SECRETS_KEPT 10
enum code party_secrets_past(struct db *db, int64_t person, enum vault_secret kind, size_t max,
                             bool (*visit)(void *context, const char *stored), void *context);

// When the person was last here (use of any log-in, else the opening), and when the phone was last
// proved to be theirs (else the opening). CODE_NOT_FOUND.
struct party_presence {
    int64_t seen_us, phone_proved_us;
};
enum code party_presence_load(struct db *db, int64_t person, struct party_presence *out);
enum code party_phone_proved(struct db *db, int64_t person, int64_t now_us);

// --- merchants
// --------------------------------------------------------------------------------------

struct party_merchant {
    int64_t id;
    char number[PARTY_WALLET_NUMBER]; // public: 12 digits with Luhn check digit, in static QR codes
    char name[PARTY_NAME_MAX], name_en[PARTY_NAME_MAX];
    bool verified;
    enum party_state state;
    int64_t account_cny;
};
struct party_new_merchant {
    int64_t id; // 0 = a new one
    const char *name, *name_en;
    bool verified;
    int64_t account_cny;
    const char *key; // bearer text; stored as hash only
};
enum code party_merchant_add(struct db *db, const struct vault *vault, const struct env *env,
                             const struct party_new_merchant *merchant, struct party_merchant *out);
enum code party_merchant_load(struct db *db, int64_t merchant, struct party_merchant *out);
enum code party_merchant_by_number(struct db *db, const char *number, struct party_merchant *out);
// Replaces the bearer key of a merchant.
enum code party_merchant_set_key(struct db *db, const struct vault *vault, int64_t merchant,
                                 const char *key);

// --- sessions
// -----------------------------------------------------------------------------------------

#define PARTY_SESSION_IDLE_US (INT64_C(300) * 1000000)
#define PARTY_SESSION_LIFE_US (INT64_C(43200) * 1000000)

struct party_session {
    struct id id;
    int64_t person;
    int64_t account_cny, account_usd;
    enum party_language language;
    int64_t created_us, last_used_us;
    int64_t idle_expires_us; // last use + 5 min, never after expires_us
    int64_t expires_us;      // created + 12 h
    // find(): the stored last use is old; hand party_sessions_touch to the committer
    bool touch_due;
};
struct party_new_session {
    int64_t person;
    const char *device;  // shown in the list, cut to 80 characters; NULL = unknown
    const char *address; // IP; only the masked form is stored
};
// Out: the session and its token for the cookie.
enum code party_session_add(struct db *db, const struct vault *vault, const struct env *env,
                            const struct party_new_session *session, struct party_session *out,
                            char token[VAULT_TOKEN_TEXT]);
// Last uses of many sessions at once.
enum code party_sessions_touch(struct db *db, const struct id *sessions, const int64_t *used_us,
                               size_t count);
// Ends one session of a person; CODE_NOT_FOUND when it is not theirs or ended.
enum code party_session_end(struct db *db, int64_t person, const struct id *session,
                            int64_t now_us);
// Ends all of a person but `keep` (NULL = all). Out: how many.
enum code party_sessions_end(struct db *db, int64_t person, const struct id *keep, int64_t now_us,
                             int64_t *out_ended);
struct party_session_row {
    struct id id;
    char device[256], address_masked[32];
    int64_t created_us, last_used_us;
};
// Live sessions, latest use first.
enum code party_sessions_list(struct db *db, int64_t person, int64_t now_us,
                              bool (*visit)(void *context, const struct party_session_row *row),
                              void *context);

// Fixed-size, thread-safe memory of checked session tokens and merchant keys: the payment path asks
// it once per request. A session is believed for 60 s while somebody calls party_cache_hear at
// least every few seconds (another process may have ended it), else for 5 s; a merchant for 5 s.
struct party_cache;
struct party_cache *party_cache_new(size_t slots); // rounded up to a power of two; 0 = 65536
void party_cache_free(struct party_cache **cache);
// Without a database: OK and *out; CODE_NOT_FOUND = not in the memory or due for reading (call
// party_session_find); CODE_LOGIN_REQUIRED = malformed token, ended or expired.
enum code party_session_peek(struct party_cache *cache, const struct vault *vault,
                             const char *token, int64_t now_us, bool use,
                             struct party_session *out);
// With a database for what the memory does not know. `use` = this request prolongs the idle time
// (polling and event streams pass false). Returns OK, CODE_LOGIN_REQUIRED or
// CODE_STORAGE_UNAVAILABLE.
enum code party_session_find(struct party_cache *cache, struct db *db, const struct vault *vault,
                             const char *token, int64_t now_us, bool use,
                             struct party_session *out);
// The same two for merchant keys: CODE_MERCHANT_KEY_INVALID.
enum code party_merchant_peek(struct party_cache *cache, const struct vault *vault, const char *key,
                              int64_t now_us, struct party_merchant *out);
enum code party_merchant_find(struct party_cache *cache, struct db *db, const struct vault *vault,
                              const char *key, int64_t now_us, struct party_merchant *out);
// The same two for merchant numbers, of static codes: CODE_NOT_FOUND.
enum code party_merchant_number_peek(struct party_cache *cache, const char *number, int64_t now_us,
                                     struct party_merchant *out);
enum code party_merchant_number_find(struct party_cache *cache, struct db *db, const char *number,
                                     int64_t now_us, struct party_merchant *out);
// Asks which sessions ended lately, in any process, and forgets them.
enum code party_cache_hear(struct party_cache *cache, struct db *db, int64_t now_us);
// After a commit that ended sessions or changed a person or merchant: forget what is known of them.
// `now_us` = a moment after the commit.
void party_cache_forget_person(struct party_cache *cache, int64_t person, int64_t now_us);
void party_cache_forget_merchant(struct party_cache *cache, int64_t merchant);

// --- notices: the inbox
// ---------------------------------------------------------------------------------

enum party_notice_group { PARTY_NOTICE_MONEY = 1, PARTY_NOTICE_SECURITY, PARTY_NOTICE_SERVICE };
const char *party_notice_group_name(enum party_notice_group group);
// Kinds and their zh/en texts stand in party_notice_text.c: "wallet.opened" "wallet.upgraded"
// "document.expiring" "document.expired" "session.new"
// "password.changed" "pin.changed" "lock.L01" … "lock.L10" "lock.ended"
// "lock.asked" "lock.refused" "lock.late" "unfreeze.planned" "wallet.frozen" "wallet.unfrozen"
// "card.bound" "card.removed" "money.received" "money.paid" "money.refunded" "topup.done"
// "topup.failed" "withdrawal.done" "withdrawal.failed" "maintenance.over" "case.service".
struct party_notice {
    struct id id;
    int64_t person;
    enum party_notice_group group;
    char kind[32];
    char params[512]; // "name=value" lines, for example "amount=¥12.00\nfrom=*明"; sealed at rest
    char link[96];    // path of the app, empty = none
    int64_t at_us, read_us;
};
// Adds a notice and its "message" event. `id` zero = made; the same id again is OK and adds
// nothing.
enum code party_notice_add(struct db *db, const struct vault *vault, const struct env *env,
                           const struct party_notice *notice);
// Newest first, older than `before` (zero id = from the newest).
enum code party_notices_list(struct db *db, const struct vault *vault, int64_t person,
                             const struct id *before, size_t limit,
                             bool (*visit)(void *context, const struct party_notice *notice),
                             void *context);
enum code party_notices_unread(struct db *db, int64_t person, int64_t *out);
enum code party_notices_read(struct db *db, int64_t person, int64_t now_us);
// Title and body in one language, placeholders filled.
void party_notice_text(const struct party_notice *notice, bool english, struct buffer *title,
                       struct buffer *body);

// --- outbox: what the change promises to the outside, written in its own transaction
// -------------------------

// Queue "event": born done, only feeds event streams; payload is the event's JSON and must hold no
// personal data; `ref` = the event type ("operation", "application", "card", "message", "session",
// "wallet"), person1/person2 = receivers. Other queues ("sms", "face", "decide", "bank" …) are
// taken by jobs.
struct party_outbox {
    int64_t seq; // 0 when adding
    const char *queue;
    int64_t person1, person2; // 0 = none. For a draft: its stream key (onboard.h)
    const void *ref;          // ≤ 64 bytes
    size_t ref_size;
    const void *payload;
    size_t payload_size;
    bool sealed;        // payload is personal: sealed by add, opened by take; wiped when done
    int64_t created_us; // 0 = now of env
    int64_t run_at_us;  // 0 = at once
    int32_t attempts;   // out
};
enum code party_outbox_add(struct db *db, const struct vault *vault, const struct env *env,
                           const struct party_outbox *row);
// Bulk (db_exec_many) for the payment path; rows must not be `sealed`; created_us must be set.
enum code party_outbox_add_many(struct db *db, const struct party_outbox *rows, size_t count);
// Leases up to `limit` due rows of a queue until now + lease; a row whose lease ran out is due
// again. Rows and their bytes live in `arena`.
enum code party_outbox_take(struct db *db, const struct vault *vault, struct arena *arena,
                            const char *queue, int64_t now_us, int64_t lease_us, size_t limit,
                            struct party_outbox **out_rows, size_t *out_count);
// Is a row of the queue due now? A cheap look before the lease, which is a write.
enum code party_outbox_any_due(struct db *db, const char *queue, int64_t now_us, bool *out);
enum code party_outbox_done(struct db *db, int64_t seq, int64_t now_us); // wipes the payload
enum code party_outbox_retry(struct db *db, int64_t seq, int64_t run_at_us);
// Makes the waiting row of this queue and ref due now. Out: rows changed.
enum code party_outbox_wake(struct db *db, const char *queue, const void *ref, size_t ref_size,
                            int64_t now_us, int64_t *out_changes);
// Events with seq > after, in order, at most `limit` rows looked at. *out_seq = where to go on.
// Rows after a gap in the sequence wait 2 s for the gap to be filled (another process may commit it
// late).
enum code party_outbox_events_after(struct db *db, int64_t after, size_t limit, int64_t now_us,
                                    bool (*visit)(void *context, const struct party_outbox *row),
                                    void *context, int64_t *out_seq);
// Missed events of one stream key, for Last-Event-ID.
enum code party_outbox_events_of(struct db *db, int64_t key, int64_t after, size_t limit,
                                 bool (*visit)(void *context, const struct party_outbox *row),
                                 void *context);
enum code party_outbox_last_seq(struct db *db, int64_t *out);
// What waits: one call per queue that has waiting rows. oldest_us: when the first of them was due.
struct party_outbox_backlog {
    const char *queue; // lives until the visit returns
    int64_t rows, oldest_us;
};
enum code party_outbox_backlogs(struct db *db,
                                void (*visit)(void *context,
                                              const struct party_outbox_backlog *backlog),
                                void *context);
// Deletes finished rows older than `before_us` among the `limit` oldest ones, never the newest row.
enum code party_outbox_prune(struct db *db, int64_t before_us, size_t limit, int64_t *out_deleted);

#endif
