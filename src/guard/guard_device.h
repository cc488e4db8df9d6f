// guard_device: the browsers that a person logged in from, the history of log-ins, the check on a
// new browser in an unusual place (L03), and the security check-up after a lock.
//
// A browser is known by a random token in a cookie; its keyed hash is stored per person. Place
// classes are the first 16 bits of an IPv4 address and the first 32 of an IPv6 one, as keyed
// hashes.
#ifndef GUARD_GUARD_DEVICE_H
#define GUARD_GUARD_DEVICE_H

#include "guard/guard_lock.h"

struct guard_arrival {
    int64_t person;
    const char *token;   // of the device cookie; the caller makes one when there is none
    const char *device;  // shown in lists
    const char *address; // IP
    bool strong;         // proved by more than the password (second factor, face)
};
// After the password matched, inside a transaction: OK and the device is known from now on
// (*out_new = it was not before); CODE_LOGIN_UNCONFIRMED with the lock L03: commit it
// (change->keep).
enum code guard_arrive(struct db *db, const struct guard_locker *locker,
                       const struct guard_arrival *arrival, const struct id *session, bool *out_new,
                       struct problem *problem);
// A browser that opened the wallet or proved itself otherwise. Inside a transaction.
enum code guard_device_know(struct db *db, const struct guard_locker *locker,
                            const struct guard_arrival *arrival, const struct id *session);
// The owner's word about the browser that waits under this case, from one that is logged in: lets
// it in (the lock ends), or refuses it for good (the lock stays). CODE_NOT_FOUND.
enum code guard_device_answer(struct db *db, const struct guard_locker *locker, int64_t person,
                              const char *case_number, bool mine);
// Is this browser known to the person?
enum code guard_device_known(struct db *db, const struct vault *vault, int64_t person,
                             const char *token, bool *out_known);

enum guard_signin_result {
    GUARD_SIGNIN_OK = 1,
    GUARD_SIGNIN_WRONG,
    GUARD_SIGNIN_LOCKED,
    GUARD_SIGNIN_UNCONFIRMED,
    GUARD_SIGNIN_REFUSED,
};
const char *guard_signin_result_name(enum guard_signin_result result);
struct guard_signin {
    struct id id;
    int64_t at_us;
    enum guard_signin_result result;
    char device[256], place[32]; // masked address
    struct id session;           // zero = none
};
// Newest first, older than `before_us` (0 = from the newest).
enum code guard_signins_list(struct db *db, const struct vault *vault, int64_t person,
                             int64_t before_us, size_t limit,
                             bool (*visit)(void *context, const struct guard_signin *signin),
                             void *context);
// "Not me": its browser is refused from now on. *out_session = the log-in to end (zero = none).
// CODE_NOT_FOUND.
enum code guard_signin_disown(struct db *db, const struct guard_locker *locker, int64_t person,
                              const struct id *id, struct id *out_session);
// Deletes entries older than `before_us`, at most `limit`.
enum code guard_signins_prune(struct db *db, int64_t before_us, size_t limit, int64_t *out_deleted);

// --- the check-up
// ------------------------------------------------------------------------------------

enum guard_checkup_step { // bits
    GUARD_CHECKUP_PASSWORD = 1,
    GUARD_CHECKUP_DEVICES = 2,
    GUARD_CHECKUP_HISTORY = 4,
    GUARD_CHECKUP_FACTOR = 8,
    GUARD_CHECKUP_LIMITS = 16,
    GUARD_CHECKUP_PAYEES = 32,
    GUARD_CHECKUP_ALL = 63,
};
struct guard_checkup {
    char case_number[16]; // the lock after which it is due; "" = none was
    uint32_t steps;
    int64_t due_us, done_us; // done_us 0 = not yet
};
enum code guard_checkup_load(struct db *db, int64_t person, struct guard_checkup *out);
// Inside a transaction: due anew.
enum code guard_checkup_begin(struct db *db, int64_t person, const char *case_number,
                              int64_t now_us);
// A step was looked at. Out: as it is now.
enum code guard_checkup_step(struct db *db, int64_t person, uint32_t step, int64_t now_us,
                             struct guard_checkup *out);

#endif
