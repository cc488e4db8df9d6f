// maintenance_priv: rows of guard_maintenance and guard_reminder; stays inside this room.
#ifndef GUARD_MAINTENANCE_PRIV_H
#define GUARD_MAINTENANCE_PRIV_H

#include "guard/guard_maintenance.h"

// The first open one that is not over at `now_us` and begins at `from_max_us` at the latest.
// CODE_NOT_FOUND.
enum code maintenance_first(struct db *db, int64_t now_us, int64_t from_max_us,
                            struct guard_maintenance *out);
enum code maintenance_insert(struct db *db, const struct guard_maintenance *in);
// Ends what has begun by `began_by_us` and is over by `over_by_us`.
enum code maintenance_close(struct db *db, int64_t began_by_us, int64_t over_by_us, int64_t now_us,
                            int64_t *out_closed);
enum code maintenance_any_due(struct db *db, int64_t now_us, bool *out);

struct reminder_row {
    int64_t subject;
    uint8_t phone[PARTY_PHONE_MAX + VAULT_SEAL_OVERHEAD]; // sealed
    size_t phone_size;
    enum party_language language;
};
enum code reminder_insert(struct db *db, int64_t subject, const void *phone, size_t phone_size,
                          enum party_language language, int64_t now_us);
enum code reminders_waiting(struct db *db, struct reminder_row *rows, size_t max,
                            size_t *out_count);
enum code reminder_told(struct db *db, int64_t subject, int64_t now_us);

#endif
