// desk_priv: rows between rules and SQL of this room.
#ifndef DESK_DESK_PRIV_H
#define DESK_DESK_PRIV_H

#include "desk/desk_approval.h"
#include "desk/desk_audit.h"
#include "desk/desk_case.h"
#include "desk/desk_operator.h"

#define DESK_SEAL_NOTE "desk_audit.note"
#define DESK_SEAL_TOTP "desk_operator.totp"
#define DESK_SEAL_PARAMETERS "desk_approval.parameters"

// --- cases (case_store.c) ---

struct desk_case_row {
    struct desk_case c;
    int64_t next_us;
};
enum code desk_store_case_insert(struct db *db, const struct desk_case_row *row);
enum code desk_store_case_update(struct db *db, const struct desk_case_row *row);
// CODE_NOT_FOUND.
enum code desk_store_case_live(struct db *db, enum desk_kind kind, const struct id *ref,
                               struct desk_case_row *out);
enum code desk_store_case_number(struct db *db, const char *number, struct desk_case_row *out);
// The first overdue one.
enum code desk_store_case_next(struct db *db, int64_t now_us, struct desk_case_row *out);

// --- audit trail (audit_trail_store.c) ---

struct desk_audit_head {
    int64_t seq;
    uint8_t hash[32];
};
enum code desk_store_head_take(struct db *db, struct desk_audit_head *out); // and locks it
enum code desk_store_head_put(struct db *db, const struct desk_audit_head *head);

// --- operators (operator_store.c) ---

struct desk_operator_row {
    struct desk_operator o;
    char password[VAULT_STORED_TEXT];
    uint8_t totp[128]; // sealed
    size_t totp_size;
    int64_t totp_step, wrong, setup_expires_us;
};
enum code desk_store_operator_insert(struct db *db, const struct desk_operator_row *row,
                                     const struct vault_hash *setup_hash);
// `setup_hash` NULL = none.
enum code desk_store_operator_update(struct db *db, const struct desk_operator_row *row,
                                     const struct vault_hash *setup_hash);
enum code desk_store_operator_by_login(struct db *db, const char *login,
                                       struct desk_operator_row *out);
enum code desk_store_operator_by_setup(struct db *db, const struct vault_hash *setup_hash,
                                       struct desk_operator_row *out);
enum code desk_store_operator(struct db *db, int64_t id, struct desk_operator_row *out);
enum code desk_store_operator_next(struct db *db, int64_t *out_id);

#endif
