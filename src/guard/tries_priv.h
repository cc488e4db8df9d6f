// tries_priv: rows of guard_try and guard_lock; stays inside this room.
#ifndef GUARD_TRIES_PRIV_H
#define GUARD_TRIES_PRIV_H

#include "guard/guard.h"

enum tries_kind { TRIES_LOGIN = 1, TRIES_PIN };
enum { TRIES_MAX = 16 };

// Whose tries: a person (8 bytes) or the hash of an unknown login (32 bytes).
struct tries_subject {
    uint8_t bytes[32];
    size_t size;
};
void tries_subject_person(struct tries_subject *out, int64_t person);
void tries_subject_login(struct tries_subject *out, const struct vault *vault, const char *login);

struct tries_row {
    int64_t wrong_us[TRIES_MAX];
    size_t wrong_count;
    int32_t open;
    int64_t open_us, last_us;
};
struct tries_rule {
    enum tries_kind kind;
    int32_t tries;
    int64_t window_us, lock_us, again_us, again_within_us;
};
// One check on its way.
struct tries {
    const struct env *env;
    struct tries_rule rule;
    struct tries_subject subject;
    int64_t now_us;
    bool password_only; // of a signed-in person
    bool malformed;     // no PIN at all: refused without comparing or counting
    bool compared, match, locked_now;
};
enum code tries_reserve(struct db *db, struct tries *tries, struct problem *problem);
enum code tries_settle(struct db *db, struct tries *tries, struct problem *problem);

const char *tries_lock_code(enum tries_kind kind); // "L01", "L02"
// A blank row when there is none.
enum code tries_load(struct db *db, const struct tries_subject *subject, enum tries_kind kind,
                     struct tries_row *out);
enum code tries_write(struct db *db, const struct tries_subject *subject, enum tries_kind kind,
                      const struct tries_row *row);
// Locks in force, the longest first; code "" = any.
enum code tries_locks(struct db *db, const struct tries_subject *subject, const char *code,
                      int64_t now_us, struct guard_lock *out, size_t max, size_t *out_count);
enum code tries_locked_since(struct db *db, const struct tries_subject *subject, const char *code,
                             int64_t since_us, bool *out);
enum code tries_lock_insert(struct db *db, const struct id *id, const struct tries_subject *subject,
                            const struct guard_lock *lock);

#endif
