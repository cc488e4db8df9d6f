// session_priv: SQL of sessions and of administrators, for operator.c and sign_in.c.
#ifndef DESK_SESSION_PRIV_H
#define DESK_SESSION_PRIV_H

#include "desk/desk_operator.h"

enum code desk_store_session_insert(struct db *db, const struct desk_session *session,
                                    const struct vault_hash *token_hash, const char *device,
                                    const char *address_masked);
// CODE_NOT_FOUND. Without the operator's row.
enum code desk_store_session(struct db *db, const struct vault_hash *token_hash,
                             struct desk_session *out);
enum code desk_store_session_end(struct db *db, const struct id *session, int64_t now_us);
enum code desk_store_sessions_end(struct db *db, int64_t id, int64_t now_us);
enum code desk_store_administrators(struct db *db, int64_t *out);

#endif
