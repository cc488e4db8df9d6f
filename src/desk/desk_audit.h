// desk_audit: the audit trail — who, when, why, what, about whom. Rows are never changed or
// deleted; each one's hash covers it and the hash before it (`tongbao audit` recomputes them, and
// each one is logged, so that a copy of the log knows what the trail said).
#ifndef DESK_DESK_AUDIT_H
#define DESK_DESK_AUDIT_H

#include "desk/desk.h"

// A deed. Texts are constants, codes or public numbers; only `note` may hold personal data and is
// sealed. NULL = none.
struct desk_deed {
    int64_t actor;              // 0 = the program itself, or the person
    const char *action;         // "case.take", "reveal.phone", "lock.place" …
    const char *reason;         // a reason code
    const char *note;           // free text of the operator, at most 480 bytes
    const char *case_number;    // of a case, an application or a lock
    int64_t person;             // whose data or case; for an application its number
    const char *target;         // what else: "operator:7", a lock code
    const char *before, *after; // class of what changed: "taken", "L08 in force"
};
// Inside the transaction of the deed itself.
enum code desk_audit_add(struct db *db, const struct desk *desk, const struct desk_deed *deed);

struct desk_audit_row {
    int64_t seq, at_us, actor, person;
    char action[40], reason[48], case_number[16], target[64], before[64], after[64];
    char note[512];
    char hash[65]; // hex
};
struct desk_audit_filter {
    int64_t actor, person;   // 0 = any
    const char *case_number; // NULL = any
    const char *action;      // its beginning: "reveal."; NULL = any
    int64_t before_seq;      // older than this; 0 = from the newest
    int64_t since_us, until_us;
};
// Newest first.
enum code desk_audit_list(struct db *db, const struct desk *desk,
                          const struct desk_audit_filter *filter, size_t limit,
                          bool (*visit)(void *context, const struct desk_audit_row *row),
                          void *context);

// One more view of a person's data today: CODE_REVEAL_QUOTA when `quota` are used.
enum code desk_quota_take(struct db *db, const struct desk *desk, int64_t actor, int64_t quota,
                          int64_t *out_left);
enum code desk_quota_used(struct db *db, int64_t actor, int64_t now_us, int64_t *out);

#endif
