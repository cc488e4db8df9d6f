// The audit trail and the quota of views: SQL and the chain of hashes.
// T1 A row's hash covers its own columns as stored (the note sealed) and the hash before it.
// T2 Whoever writes the next row holds the head row until the commit: numbers have no gaps.
#include "desk/desk_priv.h"

#include <inttypes.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
enum { NOTE_SEALED_MAX = DESK_NOTE_MAX + VAULT_SEAL_OVERHEAD };

static bool visit_head(void *context, const struct db_row *row)
{
    struct desk_audit_head *head = context;
    size_t size;
    head->seq = db_get_int(row, 0);
    const void *hash = db_get_blob(row, 1, &size);
    if (hash != NULL && size == sizeof head->hash)
        memcpy(head->hash, hash, size);
    return false;
}

enum code desk_store_head_take(struct db *db, struct desk_audit_head *out)
{
    bool found = false;
    *out = (struct desk_audit_head){0};
    GUARD(db_query_one(db,
                       "UPDATE desk_audit_head SET seq = seq + 1 WHERE one = 1 "
                       "RETURNING seq, hash",
                       NULL, 0, visit_head, out, &found));
    return found ? OK : CODE_STORAGE_UNAVAILABLE;
}

enum code desk_store_head_put(struct db *db, const struct desk_audit_head *head)
{
    const struct db_value value = db_blob(head->hash, sizeof head->hash);
    return db_exec(db, "UPDATE desk_audit_head SET hash = $1 WHERE one = 1", &value, 1, NULL);
}

static const char *or_empty(const char *text)
{
    return text != NULL ? text : "";
}

// "3:abc": lengths make it one way only to read it.
static void add_text(struct buffer *out, const char *text)
{
    buffer_format(out, "%zu:%s", strlen(text), text);
}

static void add_bytes(struct buffer *out, const void *bytes, size_t size)
{
    buffer_format(out, "%zu:", size);
    buffer_append(out, bytes, size);
}

struct stored {
    int64_t seq, at_us;
    uint8_t note[NOTE_SEALED_MAX];
    size_t note_size;
};

static void hash_row(uint8_t out[32], const struct desk_deed *deed, const struct stored *stored,
                     const uint8_t previous[32])
{
    struct buffer text = {NULL, 0, 0};
    const char *const texts[] = {deed->action, deed->reason, deed->case_number,
                                 deed->target, deed->before, deed->after};
    buffer_format(&text, "%" PRId64 ",%" PRId64 ",%" PRId64 ",%" PRId64 ",", stored->seq,
                  stored->at_us, deed->actor, deed->person);
    for (size_t i = 0; i < COUNT(texts); i++)
        add_text(&text, texts[i]);
    add_bytes(&text, stored->note, stored->note_size);
    add_bytes(&text, previous, 32);
    digest_sha256(out, text.data, text.size);
    buffer_free(&text);
}

static struct desk_deed complete(const struct desk_deed *deed)
{
    struct desk_deed whole = *deed;
    whole.action = or_empty(deed->action);
    whole.reason = or_empty(deed->reason);
    whole.case_number = or_empty(deed->case_number);
    whole.target = or_empty(deed->target);
    whole.before = or_empty(deed->before);
    whole.after = or_empty(deed->after);
    return whole;
}

static void seal_note(const struct desk *desk, const char *note, struct stored *stored)
{
    const size_t size = note != NULL ? strnlen(note, DESK_NOTE_MAX) : 0;
    stored->note_size =
        size == 0 ? 0
                  : vault_seal(desk->vault, stored->note, DESK_SEAL_NOTE, stored->seq, note, size);
}

static enum code insert(struct db *db, const struct desk_deed *deed, const struct stored *stored,
                        const uint8_t previous[32], const uint8_t hash[32])
{
    const struct db_value values[] = {
        db_int(stored->seq),        db_int(stored->at_us), db_int(deed->actor),
        db_text(deed->action),      db_text(deed->reason), db_blob(stored->note, stored->note_size),
        db_text(deed->case_number), db_int(deed->person),  db_text(deed->target),
        db_text(deed->before),      db_text(deed->after),  db_blob(previous, 32),
        db_blob(hash, 32)};
    return db_exec(db,
                   "INSERT INTO desk_audit (seq, at_us, operator, action, reason, note, "
                   "case_number, person, target, before_class, after_class, previous, hash) "
                   "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
                   values, COUNT(values), NULL);
}

enum code desk_audit_add(struct db *db, const struct desk *desk, const struct desk_deed *deed)
{
    const struct desk_deed whole = complete(deed);
    struct desk_audit_head head;
    GUARD(desk_store_head_take(db, &head));
    struct stored stored = {.seq = head.seq, .at_us = env_now(desk->env)};
    uint8_t previous[32];
    char hex[65];
    memcpy(previous, head.hash, sizeof previous);
    seal_note(desk, deed->note, &stored);
    hash_row(head.hash, &whole, &stored, previous);
    GUARD(insert(db, &whole, &stored, previous, head.hash));
    hex_encode(hex, head.hash, sizeof head.hash);
    log_event(LOG_INFO, "desk.audit", LOG_INT("seq", head.seq), LOG_TEXT("action", whole.action),
              LOG_TEXT("hash", hex));
    return desk_store_head_put(db, &head);
}

// --- reading ------------------------------------------------------------------------------------

struct list {
    const struct desk *desk;
    bool (*visit)(void *context, const struct desk_audit_row *row);
    void *context;
    enum code code;
};

static bool visit_row(void *context, const struct db_row *row)
{
    struct list *list = context;
    struct desk_audit_row out = {.seq = db_get_int(row, 0),
                                 .at_us = db_get_int(row, 1),
                                 .actor = db_get_int(row, 2),
                                 .person = db_get_int(row, 7)};
    size_t size;
    (void)text_copy(out.action, sizeof out.action, db_get_text(row, 3));
    (void)text_copy(out.reason, sizeof out.reason, db_get_text(row, 4));
    const void *note = db_get_blob(row, 5, &size);
    list->code = vault_open_text(list->desk->vault, out.note, sizeof out.note, DESK_SEAL_NOTE,
                                 out.seq, note, size);
    (void)text_copy(out.case_number, sizeof out.case_number, db_get_text(row, 6));
    (void)text_copy(out.target, sizeof out.target, db_get_text(row, 8));
    (void)text_copy(out.before, sizeof out.before, db_get_text(row, 9));
    (void)text_copy(out.after, sizeof out.after, db_get_text(row, 10));
    const void *hash = db_get_blob(row, 11, &size);
    hex_encode(out.hash, hash, size == 32 ? 32 : 0);
    return list->code == OK && list->visit(list->context, &out);
}

enum code desk_audit_list(struct db *db, const struct desk *desk, const struct desk_audit_filter *f,
                          size_t limit,
                          bool (*visit)(void *context, const struct desk_audit_row *row),
                          void *context)
{
    struct list list = {desk, visit, context, OK};
    const struct db_value values[] = {db_int(f->actor),
                                      db_int(f->person),
                                      db_text(or_empty(f->case_number)),
                                      db_text(or_empty(f->action)),
                                      db_int(f->before_seq != 0 ? f->before_seq : INT64_MAX),
                                      db_int(f->since_us),
                                      db_int(f->until_us != 0 ? f->until_us : INT64_MAX),
                                      db_int((int64_t)limit)};
    GUARD(db_query(db,
                   "SELECT seq, at_us, operator, action, reason, note, case_number, person, "
                   "target, before_class, after_class, hash FROM desk_audit "
                   "WHERE ($1 = 0 OR operator = $1) AND ($2 = 0 OR person = $2) "
                   "AND ($3 = '' OR case_number = $3) "
                   "AND ($4 = '' OR substr(action, 1, length($4)) = $4) AND seq < $5 "
                   "AND at_us >= $6 AND at_us < $7 ORDER BY seq DESC LIMIT $8",
                   values, COUNT(values), visit_row, &list));
    return list.code;
}

// --- quota -------------------------------------------------------------------------------------

enum code desk_quota_used(struct db *db, int64_t actor, int64_t now_us, int64_t *out)
{
    const struct db_value values[] = {db_int(actor), db_int(time_business_date(now_us))};
    return db_query_int(db, out, "SELECT used FROM desk_quota WHERE operator = $1 AND day = $2",
                        values, COUNT(values), 0);
}

enum code desk_quota_take(struct db *db, const struct desk *desk, int64_t actor, int64_t quota,
                          int64_t *out_left)
{
    const struct db_value values[] = {db_int(actor),
                                      db_int(time_business_date(env_now(desk->env)))};
    int64_t used = 0;
    GUARD(db_query_int(db, &used,
                       "INSERT INTO desk_quota (operator, day, used) VALUES ($1, $2, 1) "
                       "ON CONFLICT (operator, day) DO UPDATE SET used = desk_quota.used + 1 "
                       "RETURNING used",
                       values, COUNT(values), 0));
    *out_left = quota > used ? quota - used : 0;
    return used <= quota ? OK : CODE_REVEAL_QUOTA;
}
