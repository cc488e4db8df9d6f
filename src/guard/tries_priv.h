// tries_priv: rows of guard_try, and the check of a secret on its way; stays inside this room.
#ifndef GUARD_TRIES_PRIV_H
#define GUARD_TRIES_PRIV_H

#include "guard/guard.h"

enum tries_kind { TRIES_LOGIN = 1, TRIES_PIN };
enum { TRIES_MAX = 16 };

// Whose tries: a person (8 bytes), a person in a browser that is known (24 bytes; zeros = signed
// in), or the hash of an unknown login (32 bytes).
struct tries_subject {
    uint8_t bytes[32];
    size_t size;
};
void tries_subject_person(struct tries_subject *out, int64_t person);
// `token` NULL = a signed-in person.
void tries_subject_device(struct tries_subject *out, int64_t person,
                          const struct vault_hash *token);
void tries_subject_login(struct tries_subject *out, const struct vault *vault, const char *login);

struct tries_row {
    int64_t wrong_us[TRIES_MAX];
    size_t wrong_count;
    int32_t open;
    int64_t open_us, last_us;
};
struct tries_rule {
    enum tries_kind kind;
    int32_t tries, identity_after;
    int64_t window_us, lock_us, again_us, again_within_us, identity_within_us;
    int64_t delay_us[GUARD_DELAYS_MAX]; // before the try with that many wrong ones behind it
};
// One check on its way.
struct tries {
    const struct guard_gate *gate;
    const struct guard_login *origin; // of a log-in; NULL else
    struct tries_rule rule;
    struct tries_subject subject;
    int64_t person; // 0 = nobody has this login
    int64_t now_us;
    bool device;        // a browser that is known: strangers' locks are not its own
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
// Locks of this code that began since then.
enum code tries_locks_since(struct db *db, const struct tries_subject *subject, const char *code,
                            int64_t since_us, int64_t *out);

#endif
