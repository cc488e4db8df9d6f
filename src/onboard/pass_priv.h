// pass_priv: rows of onboard_pass and onboard_attempt; stays inside this room.
#ifndef ONBOARD_PASS_PRIV_H
#define ONBOARD_PASS_PRIV_H

#include "onboard/onboard_priv.h"

enum { PASS_SEALED_MAX = 512, PASS_WRAPPED_MAX = 96 };
struct pass_row {
    struct onboard_pass pass;
    bool has_code;
    struct vault_hash code_hash;
    uint8_t sealed[PASS_SEALED_MAX];
    size_t sealed_size;
    uint8_t wrapped[PASS_WRAPPED_MAX];
    size_t wrapped_size; // 0 = none
};
// *out_inserted false: the ticket number is taken.
enum code pass_store_insert(struct db *db, const struct pass_row *row, bool *out_inserted);
// CODE_NOT_FOUND.
enum code pass_store_by_id(struct db *db, const struct id *id, struct pass_row *out);
enum code pass_store_by_code(struct db *db, const struct vault_hash *code_hash,
                             struct pass_row *out);
enum code pass_store_by_ticket(struct db *db, const char *ticket, struct pass_row *out);
enum code pass_store_newest(struct db *db, int64_t number, enum onboard_pass_kind kind,
                            struct pass_row *out);
// Ends the open ones of an application and wipes what they hold.
enum code pass_store_end(struct db *db, int64_t number, enum onboard_pass_kind kind,
                         enum onboard_pass_ending ending, int64_t now_us, int64_t *out_changes);

#endif
