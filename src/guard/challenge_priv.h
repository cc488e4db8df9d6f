// challenge_priv: rows of guard_challenge; stays inside this room.
#ifndef GUARD_CHALLENGE_PRIV_H
#define GUARD_CHALLENGE_PRIV_H

#include "guard/guard.h"

enum challenge_end { CHALLENGE_USED = 1, CHALLENGE_GIVEN_UP, CHALLENGE_REPLACED };

struct challenge_row {
    struct id id;
    struct vault_hash phone_hash, code_hash;
    uint8_t code[16 + VAULT_SEAL_OVERHEAD];               // sealed
    uint8_t phone[PARTY_PHONE_MAX + VAULT_SEAL_OVERHEAD]; // sealed
    size_t code_size, phone_size;
    int64_t tries, messages, sent_us, expires_us;
};

// The live challenge, expired or not. CODE_NOT_FOUND.
enum code challenge_live(struct db *db, const char *purpose, int64_t subject,
                         struct challenge_row *out);
// Challenges and messages of a number on a business date, and the last message that another subject
// asked for and whose code nobody typed (0 = none).
struct challenge_counts {
    int64_t codes, messages, others_us;
};
enum code challenge_counts(struct challenge_counts *out, struct db *db,
                           const struct vault_hash *phone_hash, int64_t subject, int32_t day);
enum code challenge_insert(struct db *db, const struct guard_challenge_request *request,
                           const struct challenge_row *row, const void *phone, size_t phone_size,
                           int32_t day);
enum code challenge_sent(struct db *db, const struct challenge_row *row);
enum code challenge_count_try(struct db *db, const struct id *id);
// Ends it and wipes the sealed code.
enum code challenge_close(struct db *db, const struct id *id, enum challenge_end end);

#endif
