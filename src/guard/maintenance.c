// Maintenance and its reminders.
// 1. At most one is in force: setting a new one ends the one that runs.
// 2. A reminder is told in the transaction that ends the maintenance, and marked in the same one:
// once, however many processes look at the clock.
#include "guard/maintenance_priv.h"

#include <string.h>

enum { REMINDERS_AT_ONCE = 200, NEWS_MINUTES = 24 * 60 };
static const char PHONE[] = "guard_reminder.phone";

const char *guard_maintenance_scope_name(enum guard_maintenance_scope scope)
{
    static const char *const NAMES[] = {"none", "opening", "all"};
    return scope >= GUARD_MAINTENANCE_NONE && scope <= GUARD_MAINTENANCE_ALL ? NAMES[scope] : "";
}

enum code guard_maintenance_active(struct db *db, int64_t now_us, struct guard_maintenance *out)
{
    return maintenance_first(db, now_us, now_us, out);
}

enum code guard_maintenance_next(struct db *db, int64_t now_us, struct guard_maintenance *out)
{
    return maintenance_first(db, now_us, INT64_MAX, out);
}

enum code guard_maintenance_set(struct db *db, const struct env *env,
                                const struct guard_maintenance *in, struct guard_maintenance *out)
{
    const int64_t now_us = env_now(env);
    *out = *in;
    out->number = party_id_new(env);
    out->from_us = in->from_us > now_us ? in->from_us : now_us;
    ENSURE(in->until_us > out->from_us, CODE_REQUEST_INVALID);
    ENSURE(in->scope == GUARD_MAINTENANCE_OPENING || in->scope == GUARD_MAINTENANCE_ALL,
           CODE_REQUEST_INVALID);
    ENSURE(in->approved_by != 0 && in->approved_by != in->set_by, CODE_NOT_ALLOWED);
    if (out->from_us == now_us)
        GUARD(maintenance_close(db, now_us, INT64_MAX, now_us, NULL));
    return maintenance_insert(db, out);
}

// --- telling ---

// An SMS by the queue of all texts (jobs): the form of guard's messages, "-" for the code.
static enum code tell_by_sms(struct db *db, const struct vault *vault, const struct env *env,
                             const struct reminder_row *row, const char *phone)
{
    struct buffer payload = {0};
    const struct id id = id_new(env);
    buffer_format(&payload, "maintenance.over\n%s\n-\n%s\n%d", phone,
                  row->language == PARTY_EN ? "en" : "zh-CN", NEWS_MINUTES);
    const struct party_outbox message = {.queue = "sms",
                                         .ref = id.bytes,
                                         .ref_size = sizeof id.bytes,
                                         .payload = payload.data,
                                         .payload_size = payload.size,
                                         .sealed = true};
    const enum code code = party_outbox_add(db, vault, env, &message);
    mem_wipe(payload.data, payload.size);
    buffer_free(&payload);
    return code;
}

// A person finds it in the inbox; who is opening a wallet has none yet: an event, and the page that
// the draft's cookie leads to says it.
static enum code tell_in_app(struct db *db, const struct vault *vault, const struct env *env,
                             int64_t subject)
{
    static const char TYPE[] = "maintenance", JSON[] = "{\"state\":\"over\"}";
    if (subject > 0) {
        const struct party_notice notice = {.person = subject,
                                            .group = PARTY_NOTICE_SERVICE,
                                            .kind = "maintenance.over",
                                            .link = "/",
                                            .at_us = env_now(env)};
        return party_notice_add(db, vault, env, &notice);
    }
    const struct party_outbox event = {.queue = "event",
                                       .person1 = subject,
                                       .ref = TYPE,
                                       .ref_size = sizeof TYPE - 1,
                                       .payload = JSON,
                                       .payload_size = sizeof JSON - 1};
    return party_outbox_add(db, vault, env, &event);
}

static enum code tell(struct db *db, const struct vault *vault, const struct env *env,
                      const struct reminder_row *row)
{
    char phone[PARTY_PHONE_MAX];
    GUARD(vault_open_text(vault, phone, sizeof phone, PHONE, row->subject, row->phone,
                          row->phone_size));
    GUARD(tell_by_sms(db, vault, env, row, phone));
    mem_wipe(phone, sizeof phone);
    GUARD(tell_in_app(db, vault, env, row->subject));
    return reminder_told(db, row->subject, env_now(env));
}

static enum code tell_all(struct db *db, const struct vault *vault, const struct env *env,
                          int64_t *out_told)
{
    struct reminder_row rows[REMINDERS_AT_ONCE];
    size_t count;
    *out_told = 0;
    do {
        GUARD(reminders_waiting(db, rows, REMINDERS_AT_ONCE, &count));
        for (size_t i = 0; i < count; i++)
            GUARD(tell(db, vault, env, &rows[i]));
        *out_told += (int64_t)count;
    } while (count == REMINDERS_AT_ONCE);
    return OK;
}

// --- ending ---

enum code guard_maintenance_end(struct db *db, const struct vault *vault, const struct env *env,
                                int64_t *out_told)
{
    const int64_t now_us = env_now(env);
    int64_t closed = 0, told = 0;
    GUARD(maintenance_close(db, now_us, INT64_MAX, now_us, &closed));
    ENSURE(closed > 0, CODE_NOT_FOUND);
    GUARD(tell_all(db, vault, env, &told));
    if (out_told != NULL)
        *out_told = told;
    log_event(LOG_INFO, "maintenance.over", LOG_INT("told", told));
    return OK;
}

enum code guard_maintenance_due(struct db *db, const struct vault *vault, const struct env *env)
{
    const int64_t now_us = env_now(env);
    struct guard_maintenance running;
    int64_t told;
    bool due;
    GUARD(maintenance_any_due(db, now_us, &due));
    if (!due)
        return OK;
    GUARD(maintenance_close(db, now_us, now_us, now_us, NULL));
    const enum code code = guard_maintenance_active(db, now_us, &running);
    if (code == OK)
        return OK; // the next one runs already: not back yet
    ENSURE(code == CODE_NOT_FOUND, code);
    return tell_all(db, vault, env, &told);
}

enum code guard_reminder_add(struct db *db, const struct vault *vault, const struct env *env,
                             int64_t subject, const char *phone, enum party_language language)
{
    uint8_t sealed[PARTY_PHONE_MAX + VAULT_SEAL_OVERHEAD];
    const size_t size = vault_seal(vault, sealed, PHONE, subject, phone, strlen(phone));
    return reminder_insert(db, subject, sealed, size, language, env_now(env));
}
