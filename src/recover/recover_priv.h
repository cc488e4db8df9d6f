// recover_priv: rows of recover_reset; stays inside this room.
#ifndef RECOVER_RECOVER_PRIV_H
#define RECOVER_RECOVER_PRIV_H

#include "recover/recover.h"

enum code recover_store_insert(struct db *db, const struct recover *recover,
                               const struct recover_reset *reset,
                               const struct vault_hash *token_hash);
// `lock`: nobody else changes it until the transaction ends. Without the challenge. CODE_NOT_FOUND.
enum code recover_store_load(struct db *db, const struct recover *recover, int64_t number,
                             bool lock, struct recover_reset *out);
enum code recover_store_by_token(struct db *db, const struct vault_hash *hash, int64_t *out_number);
enum code recover_store_by_id(struct db *db, const struct id *id, int64_t *out_number);
// What moves: step, factors, face, tries.
enum code recover_store_update(struct db *db, const struct recover_reset *reset,
                               int32_t face_tries_used);

#endif
