// guard_factor: the second factor of a person — codes of an authenticator app with its recovery
// codes — and how far an SMS to a number can be trusted.
#ifndef GUARD_GUARD_FACTOR_H
#define GUARD_GUARD_FACTOR_H

#include "guard/guard.h"
#include "vault/vault_totp.h"

// --- authenticator app
// --------------------------------------------------------------------------------
// Writing functions run inside a transaction.

enum { GUARD_RECOVERY_CODES = 8, GUARD_RECOVERY_TEXT = 12 }; // "7K2D9-QF3MX" and NUL
struct guard_factor {
    bool on;            // asked for at log-in
    int64_t since_us;   // 0 = not set up
    int64_t removal_us; // a wanted removal takes effect then; 0 = none
    int32_t recovery_left;
};
enum code guard_factor_load(struct db *db, int64_t person, int64_t now_us,
                            struct guard_factor *out);
// A new secret, to be confirmed by a code of it; replaces one that was not confirmed.
// CODE_NOT_ALLOWED while one is on.
enum code guard_factor_begin(struct db *db, const struct vault *vault, const struct env *env,
                             int64_t person, uint8_t out_secret[TOTP_SECRET_SIZE]);
// Turns it on. Out: the recovery codes, shown once; only keyed hashes are stored.
// CODE_FACTOR_WRONG; CODE_NOT_FOUND: nothing was begun.
enum code guard_factor_confirm(struct db *db, const struct vault *vault, const struct env *env,
                               int64_t person, const char *code,
                               char out_recovery[GUARD_RECOVERY_CODES][GUARD_RECOVERY_TEXT],
                               struct problem *problem);
// A code of the app (each step once, ± one step) or a recovery code (each once). OK;
// CODE_FACTOR_WRONG with tries_left and CODE_FACTOR_LOCKED with retry_after_s: set change->keep,
// the try is counted (5 in 15 minutes, 20 a day; what is neither form counts none); CODE_NOT_FOUND
// when none is on.
enum code guard_factor_check(struct db *db, const struct vault *vault, const struct env *env,
                             int64_t person, const char *code, struct problem *problem);
// Removal takes effect after GUARD_REMOVAL_US; until then it can be taken back. CODE_NOT_FOUND.
#define GUARD_REMOVAL_US INT64_C(86400000000)
enum code guard_factor_remove(struct db *db, int64_t person, int64_t now_us);
enum code guard_factor_keep(struct db *db, int64_t person);

// --- recycled numbers (pure)
// -------------------------------------------------------------------------
// Numbers are given to new people after some months. What an SMS to one proves:
enum guard_trust {
    GUARD_TRUST_ALONE,  // together with what is known, the number's holder is the person
    GUARD_TRUST_FACTOR, // proves nothing alone: face, app or card beside it
    GUARD_TRUST_LOCKED, // it is somebody else's by now: lock L06, another number or the branch
};
struct guard_number {     // microseconds; 0 = never
    int64_t proved_us;    // last typed code or opening
    int64_t empty_us;     // last time a carrier called it unassigned
    int64_t ported_us;    // last time a carrier called it ported away
    bool bound_elsewhere; // proved for another wallet since then
    bool device_known;    // the request comes from a device that was logged in before
};
enum guard_trust guard_number_trust(const struct guard_number *number,
                                    const struct guard_reset_rules *rules, int64_t now_us);

#endif
