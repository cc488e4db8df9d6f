// lock_priv: rows of guard_lock and what a lock leaves in the wallet's row; stays inside this room.
#ifndef GUARD_LOCK_PRIV_H
#define GUARD_LOCK_PRIV_H

#include "guard/guard_lock.h"
#include "guard/tries_priv.h"

enum { LOCK_DETAIL_MAX = 256 };

enum code lock_insert(struct db *db, const struct vault *vault, const struct tries_subject *subject,
                      const struct guard_lock *lock, const char *detail);
// The longest in force of exactly this subject and code. CODE_NOT_FOUND.
enum code lock_of_subject(struct db *db, const struct tries_subject *subject, const char *code,
                          int64_t now_us, struct guard_lock *out);
// Every lock of a person that is not over, whichever subject it stands under.
enum code lock_of_person(struct db *db, int64_t person, int64_t now_us, struct guard_lock *out,
                         size_t max, size_t *out_count);
enum code lock_close(struct db *db, const struct guard_lock *lock, int64_t ended_us,
                     const char *outcome);
enum code lock_due(struct db *db, int64_t now_us, struct guard_lock *out, size_t max,
                   size_t *out_count);
enum code lock_set_wallet(struct db *db, const struct party_wallet *wallet, int32_t number,
                          int64_t until_us);
// Inbox, SMS and event.
enum code lock_tell(struct db *db, const struct guard_locker *locker, const struct guard_lock *lock,
                    const char *kind, const char *device);

#endif
