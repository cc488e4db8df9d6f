// SQL of desk_operator and desk_session.
#include "desk/desk_priv.h"
#include "desk/session_priv.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define COLUMNS                                                                                    \
    "id, login, name, roles, state, password, totp, totp_step, wrong, locked_until_us, "           \
    "setup_expires_us, created_us, signed_in_us"

static struct db_value hash_value(const struct vault_hash *hash)
{
    return hash != NULL ? db_blob(hash->bytes, sizeof hash->bytes) : db_null();
}

enum code desk_store_operator_insert(struct db *db, const struct desk_operator_row *row,
                                     const struct vault_hash *setup_hash)
{
    const struct desk_operator *o = &row->o;
    const struct db_value values[] = {db_int(o->id),
                                      db_text(o->login),
                                      db_text(o->name),
                                      db_int(o->roles),
                                      db_int(o->state),
                                      db_text(row->password),
                                      db_blob(row->totp, row->totp_size),
                                      hash_value(setup_hash),
                                      db_int(row->setup_expires_us),
                                      db_int(o->created_us)};
    int64_t changes;
    GUARD(db_exec(db,
                  "INSERT INTO desk_operator (id, login, name, roles, state, password, totp, "
                  "totp_step, setup_hash, setup_expires_us, wrong, locked_until_us, created_us, "
                  "signed_in_us) VALUES ($1, $2, $3, $4, $5, $6, $7, 0, $8, $9, 0, 0, $10, 0) "
                  "ON CONFLICT (login) DO NOTHING",
                  values, COUNT(values), &changes));
    return changes == 1 ? OK : CODE_OPERATOR_EXISTS;
}

enum code desk_store_operator_update(struct db *db, const struct desk_operator_row *row,
                                     const struct vault_hash *setup_hash)
{
    const struct desk_operator *o = &row->o;
    const struct db_value values[] = {db_int(o->id),
                                      db_int(o->roles),
                                      db_int(o->state),
                                      db_text(row->password),
                                      db_blob(row->totp, row->totp_size),
                                      db_int(row->totp_step),
                                      db_int(row->wrong),
                                      db_int(o->locked_until_us),
                                      db_int(o->signed_in_us),
                                      hash_value(setup_hash),
                                      db_int(row->setup_expires_us)};
    return db_exec(db,
                   "UPDATE desk_operator SET roles = $2, state = $3, password = $4, totp = $5, "
                   "totp_step = $6, wrong = $7, locked_until_us = $8, signed_in_us = $9, "
                   "setup_hash = $10, setup_expires_us = $11 WHERE id = $1",
                   values, COUNT(values), NULL);
}

static void read_row(struct desk_operator_row *out, const struct db_row *row)
{
    struct desk_operator *o = &out->o;
    size_t size;
    *out = (struct desk_operator_row){.totp_step = db_get_int(row, 7),
                                      .wrong = db_get_int(row, 8),
                                      .setup_expires_us = db_get_int(row, 10)};
    o->id = db_get_int(row, 0);
    (void)text_copy(o->login, sizeof o->login, db_get_text(row, 1));
    (void)text_copy(o->name, sizeof o->name, db_get_text(row, 2));
    o->roles = db_get_int(row, 3);
    o->state = (enum desk_operator_state)db_get_int(row, 4);
    (void)text_copy(out->password, sizeof out->password, db_get_text(row, 5));
    const void *totp = db_get_blob(row, 6, &size);
    if (totp != NULL && size <= sizeof out->totp) {
        memcpy(out->totp, totp, size);
        out->totp_size = size;
    }
    o->locked_until_us = db_get_int(row, 9);
    o->created_us = db_get_int(row, 11);
    o->signed_in_us = db_get_int(row, 12);
}

static bool visit_one(void *context, const struct db_row *row)
{
    read_row(context, row);
    return false;
}

static enum code one(struct db *db, const char *sql, struct db_value value,
                     struct desk_operator_row *out)
{
    bool found = false;
    GUARD(db_query_one(db, sql, &value, 1, visit_one, out, &found));
    return found ? OK : CODE_NOT_FOUND;
}

enum code desk_store_operator_by_login(struct db *db, const char *login,
                                       struct desk_operator_row *out)
{
    return one(db, "SELECT " COLUMNS " FROM desk_operator WHERE login = $1", db_text(login), out);
}

enum code desk_store_operator_by_setup(struct db *db, const struct vault_hash *setup_hash,
                                       struct desk_operator_row *out)
{
    return one(db, "SELECT " COLUMNS " FROM desk_operator WHERE setup_hash = $1",
               hash_value(setup_hash), out);
}

enum code desk_store_operator(struct db *db, int64_t id, struct desk_operator_row *out)
{
    return one(db, "SELECT " COLUMNS " FROM desk_operator WHERE id = $1", db_int(id), out);
}

enum code desk_store_operator_next(struct db *db, int64_t *out_id)
{
    return db_query_int(db, out_id, "SELECT coalesce(max(id), 0) + 1 FROM desk_operator", NULL, 0,
                        1);
}

struct list {
    bool (*visit)(void *context, const struct desk_operator *found);
    void *context;
};

static bool visit_listed(void *context, const struct db_row *row)
{
    const struct list *list = context;
    struct desk_operator_row found;
    read_row(&found, row);
    const bool more = list->visit(list->context, &found.o);
    mem_wipe(&found, sizeof found);
    return more;
}

enum code desk_operators_list(struct db *db, size_t limit,
                              bool (*visit)(void *context, const struct desk_operator *found),
                              void *context)
{
    struct list list = {visit, context};
    const struct db_value value = db_int((int64_t)limit);
    return db_query(db, "SELECT " COLUMNS " FROM desk_operator ORDER BY state, login LIMIT $1",
                    &value, 1, visit_listed, &list);
}

enum code desk_store_administrators(struct db *db, int64_t *out)
{
    const struct db_value values[] = {db_int(DESK_ROLE_ADMINISTRATOR), db_int(DESK_ACTIVE)};
    return db_query_int(db, out,
                        "SELECT count(*) FROM desk_operator WHERE roles & $1 <> 0 AND state = $2",
                        values, COUNT(values), 0);
}

// --- sessions
// -------------------------------------------------------------------------------------

enum code desk_store_session_insert(struct db *db, const struct desk_session *session,
                                    const struct vault_hash *token_hash, const char *device,
                                    const char *address_masked)
{
    const struct db_value values[] = {hash_value(token_hash),     db_id(&session->id),
                                      db_int(session->who.id),    db_text(device),
                                      db_text(address_masked),    db_int(session->created_us),
                                      db_int(session->expires_us)};
    return db_exec(db,
                   "INSERT INTO desk_session (token_hash, id, operator, device, address_masked, "
                   "created_us, last_used_us, expires_us, ended_us) "
                   "VALUES ($1, $2, $3, $4, $5, $6, $6, $7, 0)",
                   values, COUNT(values), NULL);
}

static bool visit_session(void *context, const struct db_row *row)
{
    struct desk_session *out = context;
    *out = (struct desk_session){.id = db_get_id(row, 0),
                                 .who.id = db_get_int(row, 1),
                                 .created_us = db_get_int(row, 2),
                                 .last_used_us = db_get_int(row, 3),
                                 .expires_us = db_get_int(row, 4)};
    return false;
}

enum code desk_store_session(struct db *db, const struct vault_hash *token_hash,
                             struct desk_session *out)
{
    const struct db_value value = hash_value(token_hash);
    bool found = false;
    GUARD(db_query_one(db,
                       "SELECT id, operator, created_us, last_used_us, expires_us "
                       "FROM desk_session WHERE token_hash = $1 AND ended_us = 0",
                       &value, 1, visit_session, out, &found));
    return found ? OK : CODE_NOT_FOUND;
}

enum code desk_session_touch(struct db *db, const struct id *session, int64_t now_us)
{
    const struct db_value values[] = {db_id(session), db_int(now_us)};
    return db_exec(db,
                   "UPDATE desk_session SET last_used_us = $2 "
                   "WHERE id = $1 AND last_used_us < $2 AND ended_us = 0",
                   values, COUNT(values), NULL);
}

enum code desk_store_session_end(struct db *db, const struct id *session, int64_t now_us)
{
    const struct db_value values[] = {db_id(session), db_int(now_us)};
    return db_exec(db, "UPDATE desk_session SET ended_us = $2 WHERE id = $1 AND ended_us = 0",
                   values, COUNT(values), NULL);
}

enum code desk_store_sessions_end(struct db *db, int64_t id, int64_t now_us)
{
    const struct db_value values[] = {db_int(id), db_int(now_us)};
    return db_exec(db, "UPDATE desk_session SET ended_us = $2 WHERE operator = $1 AND ended_us = 0",
                   values, COUNT(values), NULL);
}

enum code desk_sessions_prune(struct db *db, int64_t before_us, size_t limit, int64_t *out_deleted)
{
    const struct db_value values[] = {db_int(before_us), db_int((int64_t)limit)};
    return db_exec(db,
                   "DELETE FROM desk_session WHERE token_hash IN (SELECT token_hash "
                   "FROM desk_session WHERE expires_us < $1 LIMIT $2)",
                   values, COUNT(values), out_deleted);
}
