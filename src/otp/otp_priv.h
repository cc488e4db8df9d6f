// otp_priv: the stored rows of this room and its helpers; stays inside.
#ifndef OTP_OTP_PRIV_H
#define OTP_OTP_PRIV_H

#include "otp/otp.h"

#define OTP_SECOND_US INT64_C(1000000)
#define OTP_HOUR_US INT64_C(3600000000)
#define OTP_DAY_US INT64_C(86400000000)

enum otp_end { OTP_LIVE = 0, OTP_USED, OTP_GIVEN_UP, OTP_REPLACED };
enum { OTP_REF_SIZE = sizeof(struct id) + 1 }; // challenge and attempt

struct otp_row {
    struct id id;
    char purpose[24];
    int64_t subject, stream;
    struct vault_hash phone_hash, code_hash, device_hash;
    bool has_device;
    uint8_t code[16 + VAULT_SEAL_OVERHEAD];               // sealed
    uint8_t phone[PARTY_PHONE_MAX + VAULT_SEAL_OVERHEAD]; // sealed
    size_t code_size, phone_size;
    int32_t digits, day;
    enum party_language language;
    bool voice, blind;
    int64_t tries, created_us, sent_us, expires_us;
    enum otp_end closed;
};

struct otp_client {
    enum otp_client_event event;
    struct id event_key;
    int64_t event_us;
    int32_t refused_cause;
    int64_t refused_us, refused_until_us;
};

// --- store: all SQL of this room

// The live challenge (expired or not), or the newest one. CODE_NOT_FOUND.
enum code otp_store_live(struct db *db, const char *purpose, int64_t subject, struct otp_row *out);
enum code otp_store_newest(struct db *db, const char *purpose, int64_t subject,
                           struct otp_row *out);
enum code otp_store_by_id(struct db *db, const struct id *id, struct otp_row *out);
enum code otp_store_by_phone(struct db *db, const struct vault_hash *phone_hash,
                             struct otp_row *out);
// Of a number on a day: challenges, messages, the last message that another subject asked for and
// whose code nobody typed; of the last hour: challenges, and when the last one was made.
struct otp_counts {
    int64_t codes, messages, others_us;
    int64_t hour_codes, hour_last_us;
};
enum code otp_store_counts(struct otp_counts *out, struct db *db,
                           const struct vault_hash *phone_hash, int64_t subject, int32_t day,
                           int64_t now_us);
// Of a browser on a day: challenges, and different numbers besides this one.
enum code otp_store_device(struct db *db, const struct vault_hash *device_hash,
                           const struct vault_hash *phone_hash, int32_t day, int64_t *out_codes,
                           int64_t *out_others);
enum code otp_store_address(struct db *db, const struct vault_hash *address_hash, int64_t hour,
                            int64_t *out_count);
enum code otp_store_address_add(struct db *db, const struct vault_hash *address_hash, int64_t hour);
enum code otp_store_wrong(struct db *db, int64_t hour, int64_t *out_count);
enum code otp_store_wrong_add(struct db *db, int64_t hour);
enum code otp_store_insert(struct db *db, const struct otp_row *row);
enum code otp_store_sent(struct db *db, const struct id *id, int64_t sent_us);
enum code otp_store_count_try(struct db *db, const struct id *id);
// Ends it and wipes the sealed code.
enum code otp_store_close(struct db *db, const struct id *id, enum otp_end end);

enum code otp_store_attempts(struct db *db, const struct id *challenge,
                             struct otp_attempt out[OTP_ATTEMPTS_MAX], size_t *out_count);
enum code otp_store_attempt_add(struct db *db, const struct otp_row *row,
                                const struct otp_attempt *attempt, const struct id *wish_key,
                                int32_t day);
// All that changes after the insert.
enum code otp_store_attempt_put(struct db *db, const struct id *challenge,
                                const struct otp_attempt *attempt);
enum code otp_store_has_wish(struct db *db, const struct id *challenge, const struct id *wish_key,
                             bool *out);
enum code otp_store_report(struct db *db, const struct id *id, const struct id *challenge,
                           int32_t seq, const char *code, enum guard_receipt_class class,
                           int64_t at_us);
enum code otp_store_client(struct db *db, const char *purpose, int64_t subject,
                           struct otp_client *out);
enum code otp_store_client_put(struct db *db, const char *purpose, int64_t subject,
                               const struct otp_client *client);
enum code otp_store_number(struct db *db, const struct vault_hash *phone_hash,
                           struct otp_number *out);
enum code otp_store_number_put(struct db *db, const struct vault_hash *phone_hash,
                               const struct otp_number *number);

// --- rules

// What a person is told of a challenge.
void otp_fill(struct otp_challenge *out, const struct otp *otp, const struct otp_row *row,
              const struct otp_counts *counts);
// One more attempt of a challenge: its row, its outbox row, the ladder's rows, the event.
// CODE_OTP_TOO_MANY: no further attempt fits.
enum code otp_attempt_add(struct db *db, const struct otp *otp, const struct otp_row *row,
                          enum otp_route route, bool by_itself, const struct id *wish_key,
                          bool send);
// Tells the streams that something has changed.
enum code otp_tell(struct db *db, const struct otp *otp, const struct otp_row *row);
void otp_ref(uint8_t out[OTP_REF_SIZE], const struct id *challenge, int32_t seq);
// First attempt of the newest wish: what the person asked for last; count 0 -> 0.
size_t otp_round(const struct otp_attempt *attempts, size_t count);

#endif
