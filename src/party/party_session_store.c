// SQL of sessions.
#include "party/party_priv.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum code party_store_session_insert(struct db *db, const struct party_session_stored *row,
                                     const char *device, const char *address_masked)
{
    const struct party_session *session = &row->session;
    const struct db_value values[] = {db_blob(row->token_hash.bytes, sizeof row->token_hash.bytes),
                                      db_id(&session->id),
                                      db_int(session->person),
                                      db_text(device),
                                      db_text(address_masked),
                                      db_int(session->created_us),
                                      db_int(session->expires_us)};
    return db_exec(db,
                   "INSERT INTO party_session (token_hash, id, person, device, address_masked, "
                   "created_us, last_used_us, expires_us, ended_us) "
                   "VALUES ($1, $2, $3, $4, $5, $6, $6, $7, 0)",
                   values, COUNT(values), NULL);
}

static bool visit_session(void *context, const struct db_row *row)
{
    struct party_session_stored *out = context;
    out->session.id = db_get_id(row, 0);
    out->session.person = db_get_int(row, 1);
    out->session.created_us = db_get_int(row, 2);
    out->session.last_used_us = db_get_int(row, 3);
    out->session.expires_us = db_get_int(row, 4);
    out->ended_us = db_get_int(row, 5);
    out->session.account_cny = db_get_int(row, 6);
    out->session.account_usd = db_get_int(row, 7);
    out->session.language = (enum party_language)db_get_int(row, 8);
    out->state = (enum party_state)db_get_int(row, 9);
    return true;
}

enum code party_store_session_get(struct db *db, const struct vault_hash *token_hash,
                                  struct party_session_stored *out, bool *out_found)
{
    const struct db_value values[] = {db_blob(token_hash->bytes, sizeof token_hash->bytes)};
    out->token_hash = *token_hash;
    return db_query_one(db,
                        "SELECT s.id, s.person, s.created_us, s.last_used_us, s.expires_us, "
                        "s.ended_us, w.account_cny, w.account_usd, w.language, w.state "
                        "FROM party_session s JOIN party_wallet w ON w.person = s.person "
                        "WHERE s.token_hash = $1",
                        values, COUNT(values), visit_session, out, out_found);
}

enum code party_sessions_touch(struct db *db, const struct id *sessions, const int64_t *used_us,
                               size_t count)
{
    struct db_value *values = mem_alloc(2 * count * sizeof *values);
    for (size_t i = 0; i < count; i++) {
        values[2 * i] = db_id(&sessions[i]);
        values[2 * i + 1] = db_int(used_us[i]);
    }
    const enum code code = db_exec_many(db,
                                        "UPDATE party_session SET last_used_us = $2 "
                                        "WHERE id = $1 AND ended_us = 0 AND last_used_us < $2",
                                        values, 2, count, NULL);
    mem_free(values);
    return code;
}

enum code party_session_end(struct db *db, int64_t person, const struct id *session, int64_t now_us)
{
    int64_t changes;
    const struct db_value values[] = {db_int(now_us), db_id(session), db_int(person)};
    GUARD(db_exec(db,
                  "UPDATE party_session SET ended_us = $1 "
                  "WHERE id = $2 AND person = $3 AND ended_us = 0",
                  values, COUNT(values), &changes));
    return changes == 1 ? OK : CODE_NOT_FOUND;
}

enum code party_sessions_end(struct db *db, int64_t person, const struct id *keep, int64_t now_us,
                             int64_t *out_ended)
{
    static const struct id none;
    const struct db_value values[] = {db_int(now_us), db_int(person),
                                      db_id(keep != NULL ? keep : &none)};
    return db_exec(db,
                   "UPDATE party_session SET ended_us = $1 "
                   "WHERE person = $2 AND ended_us = 0 AND id <> $3",
                   values, COUNT(values), out_ended);
}

struct ends {
    void (*visit)(void *context, int64_t person);
    void *context;
};

static bool visit_end(void *context, const struct db_row *row)
{
    const struct ends *ends = context;
    ends->visit(ends->context, db_get_int(row, 0));
    return true;
}

enum code party_store_sessions_ended(struct db *db, int64_t since_us,
                                     void (*visit)(void *context, int64_t person), void *context)
{
    struct ends ends = {visit, context};
    const struct db_value value = db_int(since_us);
    return db_query(db, "SELECT person FROM party_session WHERE ended_us > 0 AND ended_us > $1",
                    &value, 1, visit_end, &ends);
}

struct list {
    bool (*visit)(void *context, const struct party_session_row *row);
    void *context;
};

static bool visit_row(void *context, const struct db_row *row)
{
    const struct list *list = context;
    struct party_session_row out = {.id = db_get_id(row, 0)};
    text_copy(out.device, sizeof out.device, db_get_text(row, 1));
    text_copy(out.address_masked, sizeof out.address_masked, db_get_text(row, 2));
    out.created_us = db_get_int(row, 3);
    out.last_used_us = db_get_int(row, 4);
    return list->visit(list->context, &out);
}

enum code party_sessions_list(struct db *db, int64_t person, int64_t now_us,
                              bool (*visit)(void *context, const struct party_session_row *row),
                              void *context)
{
    struct list list = {visit, context};
    const struct db_value values[] = {db_int(person), db_int(now_us),
                                      db_int(now_us - PARTY_SESSION_IDLE_US)};
    return db_query(db,
                    "SELECT id, device, address_masked, created_us, last_used_us "
                    "FROM party_session WHERE person = $1 AND ended_us = 0 AND expires_us > $2 "
                    "AND last_used_us > $3 ORDER BY last_used_us DESC, id DESC",
                    values, COUNT(values), visit_row, &list);
}
