// tries_priv: rows of guard_try and guard_lock; stays inside this room.
#ifndef GUARD_TRIES_PRIV_H
#define GUARD_TRIES_PRIV_H

#include "guard/guard.h"

enum guard_secret { GUARD_SECRET_LOGIN = 1, GUARD_SECRET_PIN };
enum { TRIES_KEPT = 8 };

// Whose tries: a person's id (8 bytes) or the keyed hash of an unknown login (32 bytes).
struct tries_subject {
    uint8_t bytes[32];
    size_t size;
};
struct tries_row {
    int64_t wrong[TRIES_KEPT]; // times of wrong tries, oldest first
    size_t count;
    int64_t open;    // tries being compared now
    int64_t open_us; // when the last of them began
};

// An absent row reads as one without tries.
enum code tries_load(struct db *db, const struct tries_subject *subject, enum guard_secret kind,
                     struct tries_row *out);
enum code tries_save(struct db *db, const struct tries_subject *subject, enum guard_secret kind,
                     const struct tries_row *row, int64_t now_us);
// The lock of that code in force; until_us 0 when there is none.
enum code lock_in_force(struct db *db, const struct tries_subject *subject, const char *code,
                        int64_t now_us, struct guard_lock *out);
enum code lock_add(struct db *db, const struct tries_subject *subject, const struct id *id,
                   const struct guard_lock *lock);
// Locks of that code that began after `since_us`.
enum code locks_since(struct db *db, const struct tries_subject *subject, const char *code,
                      int64_t since_us, int64_t *out);
struct tries_subject tries_subject_person(int64_t person);

#endif
