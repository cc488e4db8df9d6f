// factor_priv: rows of guard_factor; stays inside this room.
#ifndef GUARD_FACTOR_PRIV_H
#define GUARD_FACTOR_PRIV_H

#include "guard/guard_factor.h"

enum factor_state { FACTOR_SET_UP = 1, FACTOR_ON };
enum { FACTOR_WRONG_MAX = 20 };
struct factor_row {
    enum factor_state state;
    uint8_t secret[TOTP_SECRET_SIZE + VAULT_SEAL_OVERHEAD]; // sealed
    int64_t since_us, last_step, removal_us;
    int64_t wrong_us[FACTOR_WRONG_MAX]; // oldest first
    size_t wrong_count;
};
// CODE_NOT_FOUND.
enum code factor_load(struct db *db, int64_t person, struct factor_row *out);
// Replaces the whole row.
enum code factor_write(struct db *db, int64_t person, const struct factor_row *row);
enum code factor_recovery_add(struct db *db, int64_t person, const struct vault_hash *hash);
enum code factor_recovery_clear(struct db *db, int64_t person);
enum code factor_recovery_use(struct db *db, int64_t person, const struct vault_hash *hash,
                              bool *out_used);
enum code factor_recovery_left(struct db *db, int64_t person, int32_t *out);

#endif
