// desk_case: what operators do with cases (desk.h opens them). Every function that writes takes an
// open transaction, and leaves a row in the audit trail.
#ifndef DESK_DESK_CASE_H
#define DESK_DESK_CASE_H

#include "desk/desk.h"

#define DESK_REASON_MAX 48
#define DESK_NOTE_MAX 480 // bytes

// What an operator does to a case, and why. Reasons are words of the list of the kind of case.
struct desk_act {
    int64_t actor;
    const char *reason; // NULL or "" = none
    const char *note;   // NULL or "" = none
};
const char *desk_level_name(enum desk_level level);

// Takes an open case; again by the same operator: OK. CODE_NOT_FOUND; CODE_CASE_TAKEN: another has
// it; CODE_CASE_STATE: it is done or waits for an approval.
enum code desk_case_take(struct db *db, const struct desk *desk, const char *number,
                         const struct desk_act *act, struct desk_case *out);
// Gives a taken case to another operator (`to`), or back to the queue (`to` = 0) of `level` (never
// lower than it was). CODE_CASE_TAKEN: somebody else has it.
enum code desk_case_hand(struct db *db, const struct desk *desk, const char *number,
                         const struct desk_act *act, int64_t to, enum desk_level level,
                         struct desk_case *out);
enum code desk_case_note(struct db *db, const struct desk *desk, const char *number,
                         const struct desk_act *act);
// Decided by whoever took it: waits for a second operator now.
enum code desk_case_await(struct db *db, const struct desk *desk, const char *number,
                          const struct desk_act *act);
// The second operator refused: back with whoever decided.
enum code desk_case_unawait(struct db *db, const struct desk *desk, const char *number,
                            const struct desk_act *act);
// Ends it. TAKEN by this operator, or APPROVAL; else CODE_CASE_TAKEN, CODE_CASE_STATE.
enum code desk_case_decide(struct db *db, const struct desk *desk, const char *number,
                           const struct desk_act *act, const char *outcome, struct desk_case *out);

// What a list shows. Zero means any.
struct desk_case_filter {
    enum desk_kind kind;
    enum desk_level level;
    bool by_level, done, overdue;
    int64_t taken_by;
    bool free;           // taken by nobody
    int64_t application; // or person: all of theirs
    int64_t person;
    int64_t now_us;
    int64_t after_us; // cursor: due_us (decided_us of done ones) and id of the last one seen
    struct id after_id;
};
// Open ones by deadline, done ones newest first.
enum code desk_cases_list(struct db *db, const struct desk_case_filter *filter, size_t limit,
                          bool (*visit)(void *context, const struct desk_case *found),
                          void *context);
struct desk_case_counts {
    int64_t open[4], overdue[4], taken[4]; // by kind; [0] = all
    int64_t approvals, done_today, opened_today, mine;
};
enum code desk_case_count(struct db *db, int64_t actor, int64_t now_us,
                          struct desk_case_counts *out);

// Moves overdue cases up by one level and tells their persons ("case.escalated"); the next move is
// due a working day later. At most `limit`.
enum code desk_cases_escalate(struct db *db, const struct desk *desk, int64_t now_us, size_t limit,
                              int64_t *out_moved);

#endif
