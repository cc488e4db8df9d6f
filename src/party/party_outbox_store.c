// SQL of the outbox: rows that a change leaves for the world outside, written in its own
// transaction.
// 1. A row is taken by one worker at a time: the lease is written before the row is handed out.
// 2. Events are read in the order of seq; a gap is waited for, so that a late commit of another
// process is not skipped.
#include "party/party_priv.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { REF_MAX = 64, COLUMNS = 11 };
static const int64_t GAP_US = INT64_C(2) * 1000000;
static const int64_t REPLAY_ROWS = 100000; // how far back missed events are looked for

#define INSERT_ROW                                                                                 \
    "INSERT INTO party_outbox (queue, state, person1, person2, ref, payload, sealed, created_us, " \
    "run_at_us, attempts, lease_until_us) "                                                        \
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"

// A blob that is never NULL.
static struct db_value bytes_of(const void *data, size_t size)
{
    return db_blob(size > 0 ? data : "", size);
}

static bool is_event(const char *queue)
{
    return text_equal(queue, "event");
}

static void row_values(struct db_value out[COLUMNS], const struct party_outbox *row,
                       const void *payload, size_t payload_size)
{
    out[0] = db_text(row->queue);
    out[1] = db_int(is_event(row->queue) ? 2 : 1);
    out[2] = db_int(row->person1);
    out[3] = db_int(row->person2);
    out[4] = bytes_of(row->ref, row->ref_size);
    out[5] = bytes_of(payload, payload_size);
    out[6] = db_int(row->sealed ? 1 : 0);
    out[7] = db_int(row->created_us);
    out[8] = db_int(row->run_at_us);
    out[9] = db_int(0);
    out[10] = db_int(0);
}

enum code party_outbox_add(struct db *db, const struct vault *vault, const struct env *env,
                           const struct party_outbox *row)
{
    struct party_outbox stored = *row;
    struct db_value values[COLUMNS];
    ENSURE(row->ref_size <= REF_MAX, CODE_INTERNAL);
    if (stored.created_us == 0)
        stored.created_us = env_now(env);
    if (!row->sealed) {
        row_values(values, &stored, row->payload, row->payload_size);
        return db_exec(db, INSERT_ROW, values, COLUMNS, NULL);
    }
    uint8_t *sealed = mem_alloc(row->payload_size + VAULT_SEAL_OVERHEAD);
    const size_t size =
        vault_seal(vault, sealed, PARTY_SEAL_OUTBOX, row->person1, row->payload, row->payload_size);
    row_values(values, &stored, sealed, size);
    const enum code code = db_exec(db, INSERT_ROW, values, COLUMNS, NULL);
    mem_free(sealed);
    return code;
}

enum code party_outbox_add_many(struct db *db, const struct party_outbox *rows, size_t count)
{
    struct db_value *values = mem_alloc(count * COLUMNS * sizeof *values);
    enum code code = OK;
    for (size_t i = 0; i < count && code == OK; i++) {
        if (rows[i].sealed || rows[i].created_us == 0 || rows[i].ref_size > REF_MAX)
            code = CODE_INTERNAL;
        row_values(values + i * COLUMNS, &rows[i], rows[i].payload, rows[i].payload_size);
    }
    if (code == OK)
        code = db_exec_many(db, INSERT_ROW, values, COLUMNS, count, NULL);
    mem_free(values);
    return code;
}

// --- taking
// ---------------------------------------------------------------------------------------

struct take {
    const struct vault *vault;
    struct arena *arena;
    struct party_outbox *rows;
    size_t count, capacity;
    const char *queue;
    enum code code;
};

static void *copy_bytes(struct arena *arena, const void *data, size_t size)
{
    char *copy = arena_alloc(arena, size + 1);
    if (size > 0)
        memcpy(copy, data, size);
    return copy;
}

static void open_payload(struct take *take, struct party_outbox *out, const void *data, size_t size)
{
    if (!out->sealed || size == 0) {
        out->payload = copy_bytes(take->arena, data, size);
        out->payload_size = size;
        return;
    }
    char *plain = arena_alloc(take->arena, size + 1);
    const enum code code =
        vault_open(take->vault, plain, PARTY_SEAL_OUTBOX, out->person1, data, size);
    out->payload = plain;
    out->payload_size = code == OK ? size - VAULT_SEAL_OVERHEAD : 0;
    if (code != OK)
        log_event(LOG_ERROR, "outbox.payload_does_not_open", LOG_INT("seq", out->seq));
}

#define ROW_COLUMNS "seq, person1, person2, ref, payload, sealed, created_us, run_at_us, attempts"

static bool visit_take(void *context, const struct db_row *row)
{
    struct take *take = context;
    struct party_outbox *out = &take->rows[take->count++];
    size_t size;
    out->seq = db_get_int(row, 0);
    out->queue = take->queue;
    out->person1 = db_get_int(row, 1);
    out->person2 = db_get_int(row, 2);
    const void *ref = db_get_blob(row, 3, &out->ref_size);
    out->ref = copy_bytes(take->arena, ref, out->ref_size);
    out->sealed = db_get_int(row, 5) != 0;
    const void *payload = db_get_blob(row, 4, &size);
    open_payload(take, out, payload, size);
    out->created_us = db_get_int(row, 6);
    out->run_at_us = db_get_int(row, 7);
    out->attempts = (int32_t)db_get_int(row, 8);
    return take->count < take->capacity;
}

static enum code lease_row(struct db *db, int64_t seq, int64_t now_us, int64_t until_us,
                           bool *out_ours)
{
    int64_t changes;
    const struct db_value values[] = {db_int(until_us), db_int(seq), db_int(now_us)};
    GUARD(db_exec(db,
                  "UPDATE party_outbox SET lease_until_us = $1, attempts = attempts + 1 "
                  "WHERE seq = $2 AND state = 1 AND lease_until_us <= $3",
                  values, COUNT(values), &changes));
    *out_ours = changes == 1;
    return OK;
}

enum code party_outbox_take(struct db *db, const struct vault *vault, struct arena *arena,
                            const char *queue, int64_t now_us, int64_t lease_us, size_t limit,
                            struct party_outbox **out_rows, size_t *out_count)
{
    struct take take = {.vault = vault, .arena = arena, .capacity = limit, .queue = queue};
    take.rows = arena_alloc(arena, (limit + 1) * sizeof *take.rows);
    *out_rows = take.rows;
    *out_count = 0;
    const struct db_value values[] = {db_text(queue), db_int(now_us), db_int((int64_t)limit)};
    GUARD(db_query(db,
                   "SELECT " ROW_COLUMNS " FROM party_outbox WHERE queue = $1 AND state = 1 "
                   "AND run_at_us <= $2 AND lease_until_us <= $2 ORDER BY run_at_us, seq LIMIT $3",
                   values, COUNT(values), visit_take, &take));
    size_t kept = 0;
    for (size_t i = 0; i < take.count; i++) {
        bool ours;
        GUARD(lease_row(db, take.rows[i].seq, now_us, now_us + lease_us, &ours));
        if (!ours)
            continue;
        take.rows[kept] = take.rows[i];
        take.rows[kept++].attempts++;
    }
    *out_count = kept;
    return OK;
}

enum code party_outbox_any_due(struct db *db, const char *queue, int64_t now_us, bool *out)
{
    const struct db_value values[] = {db_text(queue), db_int(now_us)};
    return db_query_one(db,
                        "SELECT seq FROM party_outbox WHERE queue = $1 AND state = 1 AND run_at_us "
                        "<= $2 AND lease_until_us <= $2 ORDER BY run_at_us LIMIT 1",
                        values, 2, NULL, NULL, out);
}

enum code party_outbox_done(struct db *db, int64_t seq, int64_t now_us)
{
    const struct db_value values[] = {db_int(seq), bytes_of("", 0), db_int(now_us)};
    return db_exec(db,
                   "UPDATE party_outbox SET state = 2, payload = $2, lease_until_us = $3 "
                   "WHERE seq = $1",
                   values, COUNT(values), NULL);
}

enum code party_outbox_retry(struct db *db, int64_t seq, int64_t run_at_us)
{
    const struct db_value values[] = {db_int(seq), db_int(run_at_us)};
    return db_exec(db,
                   "UPDATE party_outbox SET run_at_us = $2, lease_until_us = 0 "
                   "WHERE seq = $1 AND state = 1",
                   values, COUNT(values), NULL);
}

enum code party_outbox_wake(struct db *db, const char *queue, const void *ref, size_t ref_size,
                            int64_t now_us, int64_t *out_changes)
{
    const struct db_value values[] = {db_text(queue), bytes_of(ref, ref_size), db_int(now_us)};
    return db_exec(db,
                   "UPDATE party_outbox SET run_at_us = $3 "
                   "WHERE queue = $1 AND ref = $2 AND state = 1 AND run_at_us > $3",
                   values, COUNT(values), out_changes);
}

// --- events
// ---------------------------------------------------------------------------------------

struct events {
    bool (*visit)(void *context, const struct party_outbox *row);
    void *context;
    int64_t seq, now_us;
    bool stopped, in_order;
};

static bool visit_event(void *context, const struct db_row *row)
{
    struct events *events = context;
    struct party_outbox out = {.seq = db_get_int(row, 0), .queue = "event"};
    out.created_us = db_get_int(row, 6);
    const bool gap = events->in_order && events->seq > 0 && out.seq != events->seq + 1;
    if (gap && out.created_us > events->now_us - GAP_US)
        return false;
    events->seq = out.seq;
    if (!is_event(db_get_text(row, 9)))
        return true;
    out.person1 = db_get_int(row, 1);
    out.person2 = db_get_int(row, 2);
    out.ref = db_get_blob(row, 3, &out.ref_size);
    out.payload = db_get_blob(row, 4, &out.payload_size);
    return events->visit(events->context, &out);
}

enum code party_outbox_events_after(struct db *db, int64_t after, size_t limit, int64_t now_us,
                                    bool (*visit)(void *context, const struct party_outbox *row),
                                    void *context, int64_t *out_seq)
{
    struct events events = {visit, context, after, now_us, false, true};
    const struct db_value values[] = {db_int(after), db_int((int64_t)limit)};
    *out_seq = after;
    GUARD(db_query(db,
                   "SELECT " ROW_COLUMNS ", queue FROM party_outbox WHERE seq > $1 "
                   "ORDER BY seq LIMIT $2",
                   values, COUNT(values), visit_event, &events));
    *out_seq = events.seq;
    return OK;
}

enum code party_outbox_last_seq(struct db *db, int64_t *out)
{
    return db_query_int(db, out, "SELECT max(seq) FROM party_outbox", NULL, 0, 0);
}

enum code party_outbox_events_of(struct db *db, int64_t key, int64_t after, size_t limit,
                                 bool (*visit)(void *context, const struct party_outbox *row),
                                 void *context)
{
    int64_t last;
    struct events events = {visit, context, 0, 0, false, false};
    GUARD(party_outbox_last_seq(db, &last));
    const int64_t from = after > last - REPLAY_ROWS ? after : last - REPLAY_ROWS;
    const struct db_value values[] = {db_int(from), db_int(key), db_int((int64_t)limit)};
    return db_query(db,
                    "SELECT " ROW_COLUMNS ", queue FROM party_outbox WHERE seq > $1 "
                    "AND queue = 'event' AND (person1 = $2 OR person2 = $2) ORDER BY seq LIMIT $3",
                    values, COUNT(values), visit_event, &events);
}

// Rows are written in the order of time: nothing has to be read but the oldest ones.
enum code party_outbox_prune(struct db *db, int64_t before_us, size_t limit, int64_t *out_deleted)
{
    const struct db_value values[] = {db_int(before_us), db_int((int64_t)limit)};
    int64_t oldest_us;
    *out_deleted = 0;
    GUARD(db_query_int(db, &oldest_us, "SELECT created_us FROM party_outbox ORDER BY seq LIMIT 1",
                       NULL, 0, before_us));
    if (oldest_us >= before_us)
        return OK;
    return db_exec(db,
                   "DELETE FROM party_outbox WHERE seq IN (SELECT seq FROM (SELECT seq, state, "
                   "created_us FROM party_outbox ORDER BY seq LIMIT $2) AS oldest "
                   "WHERE state = 2 AND created_us < $1) "
                   "AND seq < (SELECT max(seq) FROM party_outbox)",
                   values, COUNT(values), out_deleted);
}

struct backlogs {
    void (*visit)(void *context, const struct party_outbox_backlog *backlog);
    void *context;
};

static bool visit_backlog(void *context, const struct db_row *row)
{
    const struct backlogs *backlogs = context;
    const struct party_outbox_backlog backlog = {db_get_text(row, 0), db_get_int(row, 1),
                                                 db_get_int(row, 2)};
    backlogs->visit(backlogs->context, &backlog);
    return true;
}

enum code party_outbox_backlogs(struct db *db,
                                void (*visit)(void *context,
                                              const struct party_outbox_backlog *backlog),
                                void *context)
{
    struct backlogs backlogs = {visit, context};
    return db_query(db,
                    "SELECT queue, COUNT(*), MIN(run_at_us) FROM party_outbox WHERE state = 1 "
                    "GROUP BY queue",
                    NULL, 0, visit_backlog, &backlogs);
}
