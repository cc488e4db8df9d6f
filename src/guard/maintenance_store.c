// SQL of guard_maintenance and guard_reminder.
#include "guard/maintenance_priv.h"

#include <string.h>

#define COLUMNS "number, scope, from_us, until_us, set_by, approved_by, note_zh, note_en"

static bool visit(void *context, const struct db_row *row)
{
    struct guard_maintenance *out = context;
    out->number = db_get_int(row, 0);
    out->scope = (enum guard_maintenance_scope)db_get_int(row, 1);
    out->from_us = db_get_int(row, 2);
    out->until_us = db_get_int(row, 3);
    out->set_by = db_get_int(row, 4);
    out->approved_by = db_get_int(row, 5);
    (void)text_copy(out->note_zh, sizeof out->note_zh, db_get_text(row, 6));
    (void)text_copy(out->note_en, sizeof out->note_en, db_get_text(row, 7));
    return false;
}

enum code maintenance_first(struct db *db, int64_t now_us, int64_t from_max_us,
                            struct guard_maintenance *out)
{
    const struct db_value values[] = {db_int(now_us), db_int(from_max_us)};
    bool found;
    *out = (struct guard_maintenance){0};
    GUARD(db_query_one(db,
                       "SELECT " COLUMNS " FROM guard_maintenance WHERE ended_us = 0 AND "
                       "until_us > $1 AND from_us <= $2 ORDER BY from_us LIMIT 1",
                       values, 2, visit, out, &found));
    return found ? OK : CODE_NOT_FOUND;
}

enum code maintenance_insert(struct db *db, const struct guard_maintenance *in)
{
    const struct db_value values[] = {
        db_int(in->number), db_int(in->scope),       db_int(in->from_us),  db_int(in->until_us),
        db_int(in->set_by), db_int(in->approved_by), db_text(in->note_zh), db_text(in->note_en)};
    return db_exec(db,
                   "INSERT INTO guard_maintenance (" COLUMNS ", ended_us) VALUES ($1, $2, $3, $4, "
                   "$5, $6, $7, $8, 0)",
                   values, 8, NULL);
}

enum code maintenance_close(struct db *db, int64_t began_by_us, int64_t over_by_us, int64_t now_us,
                            int64_t *out_closed)
{
    const struct db_value values[] = {db_int(now_us), db_int(began_by_us), db_int(over_by_us)};
    return db_exec(db,
                   "UPDATE guard_maintenance SET ended_us = $1 WHERE ended_us = 0 AND "
                   "from_us <= $2 AND until_us <= $3",
                   values, 3, out_closed);
}

enum code maintenance_any_due(struct db *db, int64_t now_us, bool *out)
{
    const struct db_value value = db_int(now_us);
    int64_t count;
    GUARD(db_query_int(db, &count,
                       "SELECT count(*) FROM guard_maintenance WHERE ended_us = 0 AND "
                       "until_us <= $1",
                       &value, 1, 0));
    *out = count > 0;
    return OK;
}

// --- reminders ---

enum code reminder_insert(struct db *db, int64_t subject, const void *phone, size_t phone_size,
                          enum party_language language, int64_t now_us)
{
    const struct db_value values[] = {db_int(subject), db_blob(phone, phone_size), db_int(language),
                                      db_int(now_us)};
    // Told once before, it may be asked for again in the next maintenance.
    return db_exec(db,
                   "INSERT INTO guard_reminder (subject, phone, language, created_us, told_us) "
                   "VALUES ($1, $2, $3, $4, 0) ON CONFLICT (subject) DO UPDATE SET phone = $2, "
                   "language = $3, created_us = $4, told_us = 0 WHERE guard_reminder.told_us > 0",
                   values, 4, NULL);
}

struct gathering {
    struct reminder_row *rows;
    size_t max, count;
};

static bool visit_reminder(void *context, const struct db_row *row)
{
    struct gathering *gathering = context;
    struct reminder_row *out = &gathering->rows[gathering->count++];
    size_t size = 0;
    const void *phone = db_get_blob(row, 1, &size);
    out->subject = db_get_int(row, 0);
    out->language = (enum party_language)db_get_int(row, 2);
    out->phone_size = size <= sizeof out->phone ? size : 0;
    if (out->phone_size > 0)
        memcpy(out->phone, phone, out->phone_size);
    return gathering->count < gathering->max;
}

enum code reminders_waiting(struct db *db, struct reminder_row *rows, size_t max, size_t *out_count)
{
    struct gathering gathering = {rows, max, 0};
    const struct db_value value = db_int((int64_t)max);
    const enum code code = db_query(db,
                                    "SELECT subject, phone, language FROM guard_reminder WHERE "
                                    "told_us = 0 ORDER BY created_us LIMIT $1",
                                    &value, 1, visit_reminder, &gathering);
    *out_count = gathering.count;
    return code;
}

enum code reminder_told(struct db *db, int64_t subject, int64_t now_us)
{
    const struct db_value values[] = {db_int(subject), db_int(now_us)};
    return db_exec(db, "UPDATE guard_reminder SET told_us = $2 WHERE subject = $1 AND told_us = 0",
                   values, 2, NULL);
}

static bool visit_told(void *context, const struct db_row *row)
{
    *(int64_t *)context = db_get_int(row, 0);
    return false;
}

enum code guard_reminder_state(struct db *db, int64_t subject, bool *out_waits,
                               int64_t *out_told_us)
{
    const struct db_value value = db_int(subject);
    bool found;
    *out_told_us = 0;
    GUARD(db_query_one(db, "SELECT told_us FROM guard_reminder WHERE subject = $1", &value, 1,
                       visit_told, out_told_us, &found));
    *out_waits = found && *out_told_us == 0;
    return OK;
}
