// guard_maintenance: the announced end of service — what is down, until when, who wants to be told
// when it is back. Set by an operator with another one's approval (the console); ended by an
// operator or by its time, whichever comes first. At most one is in force.
#ifndef GUARD_GUARD_MAINTENANCE_H
#define GUARD_GUARD_MAINTENANCE_H

#include "guard/guard.h"

enum guard_maintenance_scope {
    GUARD_MAINTENANCE_NONE = 0,
    GUARD_MAINTENANCE_OPENING, // opening a wallet only: payments go on
    GUARD_MAINTENANCE_ALL,
};
// "none", "opening", "all".
const char *guard_maintenance_scope_name(enum guard_maintenance_scope scope);

struct guard_maintenance {
    int64_t number; // 0 when setting: made
    enum guard_maintenance_scope scope;
    int64_t from_us; // 0 when setting: now; may be in the future (announced)
    int64_t until_us;
    int64_t set_by, approved_by;     // operators; never the same
    char note_zh[256], note_en[256]; // what is down, for the status page; "" = the usual words
};

// In force at `now_us`. CODE_NOT_FOUND = none.
enum code guard_maintenance_active(struct db *db, int64_t now_us, struct guard_maintenance *out);
// In force, or the next one that is announced. CODE_NOT_FOUND.
enum code guard_maintenance_next(struct db *db, int64_t now_us, struct guard_maintenance *out);
// Inside a transaction. Replaces the one in force, whose reminders stay due. CODE_REQUEST_INVALID:
// until not after from and now, no scope; CODE_NOT_ALLOWED: approved by nobody or by who set it.
enum code guard_maintenance_set(struct db *db, const struct env *env,
                                const struct guard_maintenance *in, struct guard_maintenance *out);
// Inside a transaction: ends the one in force now and tells everybody who asked, in the same
// transaction, so that each is told exactly once. *out_told (may be NULL). CODE_NOT_FOUND.
enum code guard_maintenance_end(struct db *db, const struct vault *vault, const struct env *env,
                                int64_t *out_told);
// For the timer: ends what is over by its time. OK when there is none.
enum code guard_maintenance_due(struct db *db, const struct vault *vault, const struct env *env);

// --- "tell me when it is back"

// `subject`: a person, or minus the number of a draft. Inside a transaction; again = OK, still
// once.
enum code guard_reminder_add(struct db *db, const struct vault *vault, const struct env *env,
                             int64_t subject, const char *phone, enum party_language language);
// Out: does one wait; *out_told_us when it was told (0 = not).
enum code guard_reminder_state(struct db *db, int64_t subject, bool *out_waits,
                               int64_t *out_told_us);

#endif
