// SQL of onboard_link. The card's number is sealed, and wiped once the bank has decided.
#include "onboard/link_priv.h"

#include <string.h>

#define COLUMNS                                                                                    \
    "id, return_id, number, id_hash, card, last4, bank, amount, money, outcome, misses, sent_us, " \
    "created_us, until_us, ended_us"
static const char CARD[] = "onboard_link.card";

struct sealed_card {
    uint8_t bytes[24 + VAULT_SEAL_OVERHEAD];
};

static struct db_value card_value(struct sealed_card *sealed, const struct vault *vault,
                                  const struct link_row *row)
{
    if (row->card[0] == '\0')
        return db_null();
    return db_blob(sealed->bytes, vault_seal(vault, sealed->bytes, CARD, row->number, row->card,
                                             strlen(row->card)));
}

enum code link_store_insert(struct db *db, const struct vault *vault, const struct link_row *row)
{
    struct sealed_card card;
    const struct db_value values[] = {db_id(&row->id),
                                      db_id(&row->return_id),
                                      db_int(row->number),
                                      db_blob(row->id_hash.bytes, sizeof row->id_hash.bytes),
                                      card_value(&card, vault, row),
                                      db_text(row->last4),
                                      db_text(row->bank),
                                      db_int(row->amount),
                                      db_int(row->money),
                                      db_int(row->outcome),
                                      db_int(row->misses),
                                      db_int(row->sent_us),
                                      db_int(row->created_us),
                                      db_int(row->until_us),
                                      db_int(row->ended_us)};
    return db_exec(db,
                   "INSERT INTO onboard_link (" COLUMNS ") VALUES ($1, $2, $3, $4, $5, $6, $7, "
                   "$8, $9, $10, $11, $12, $13, $14, $15)",
                   values, sizeof values / sizeof values[0], NULL);
}

enum code link_store_update(struct db *db, const struct vault *vault, const struct link_row *row)
{
    struct sealed_card card;
    const struct db_value values[] = {db_id(&row->id),       card_value(&card, vault, row),
                                      db_int(row->money),    db_int(row->outcome),
                                      db_int(row->misses),   db_int(row->sent_us),
                                      db_int(row->until_us), db_int(row->ended_us)};
    return db_exec(db,
                   "UPDATE onboard_link SET card = $2, money = $3, outcome = $4, misses = $5, "
                   "sent_us = $6, until_us = $7, ended_us = $8 WHERE id = $1",
                   values, sizeof values / sizeof values[0], NULL);
}

// --- read ---

struct reading {
    const struct vault *vault;
    struct link_row *row;
    enum code code;
};

static bool visit(void *context, const struct db_row *row)
{
    struct reading *reading = context;
    struct link_row *out = reading->row;
    size_t size = 0;
    out->id = db_get_id(row, 0);
    out->return_id = db_get_id(row, 1);
    out->number = db_get_int(row, 2);
    const void *hash = db_get_blob(row, 3, &size);
    if (size == sizeof out->id_hash.bytes)
        memcpy(out->id_hash.bytes, hash, size);
    const void *card = db_get_blob(row, 4, &size);
    reading->code =
        vault_open_text(reading->vault, out->card, sizeof out->card, CARD, out->number, card, size);
    (void)text_copy(out->last4, sizeof out->last4, db_get_text(row, 5));
    (void)text_copy(out->bank, sizeof out->bank, db_get_text(row, 6));
    out->amount = db_get_int(row, 7);
    out->money = (enum link_money)db_get_int(row, 8);
    out->outcome = (enum link_outcome)db_get_int(row, 9);
    out->misses = (int32_t)db_get_int(row, 10);
    out->sent_us = db_get_int(row, 11);
    out->created_us = db_get_int(row, 12);
    out->until_us = db_get_int(row, 13);
    out->ended_us = db_get_int(row, 14);
    return false;
}

static enum code load(struct db *db, const struct vault *vault, const char *sql,
                      const struct db_value *value, struct link_row *out)
{
    struct reading reading = {vault, out, OK};
    bool found;
    *out = (struct link_row){0};
    GUARD(db_query_one(db, sql, value, 1, visit, &reading, &found));
    ENSURE(found, CODE_NOT_FOUND);
    return reading.code;
}

enum code link_store_load(struct db *db, const struct vault *vault, const struct id *id,
                          struct link_row *out)
{
    const struct db_value value = db_id(id);
    return load(db, vault, "SELECT " COLUMNS " FROM onboard_link WHERE id = $1", &value, out);
}

enum code link_store_newest(struct db *db, const struct vault *vault, int64_t number,
                            struct link_row *out)
{
    const struct db_value value = db_int(number);
    return load(db, vault,
                "SELECT " COLUMNS " FROM onboard_link WHERE number = $1 "
                "ORDER BY created_us DESC LIMIT 1",
                &value, out);
}

enum code link_store_open(struct db *db, const struct vault *vault,
                          const struct vault_hash *id_hash, struct link_row *out)
{
    const struct db_value value = db_blob(id_hash->bytes, sizeof id_hash->bytes);
    return load(db, vault,
                "SELECT " COLUMNS " FROM onboard_link WHERE id_hash = $1 AND outcome = 0 "
                "ORDER BY created_us DESC LIMIT 1",
                &value, out);
}

enum code link_store_overdue(struct db *db, const struct vault *vault, int64_t now_us,
                             struct link_row *out)
{
    const struct db_value value = db_int(now_us);
    return load(db, vault,
                "SELECT " COLUMNS " FROM onboard_link WHERE outcome = 0 AND until_us <= $1 "
                "ORDER BY until_us LIMIT 1",
                &value, out);
}

static bool visit_misses(void *context, const struct db_row *row)
{
    struct link_counts *out = context;
    out->misses = db_get_int(row, 0);
    out->last_ended_us = db_get_int(row, 1);
    return false;
}

static bool visit_begun(void *context, const struct db_row *row)
{
    struct link_counts *out = context;
    out->begun = db_get_int(row, 0);
    out->first_begun_us = db_get_int(row, 1);
    return false;
}

enum code link_store_counts(struct db *db, const struct vault_hash *id_hash, int64_t since_us,
                            int64_t begun_us, struct link_counts *out)
{
    const struct db_value ended[] = {db_blob(id_hash->bytes, sizeof id_hash->bytes),
                                     db_int(since_us)};
    const struct db_value begun[] = {ended[0], db_int(begun_us)};
    bool found;
    *out = (struct link_counts){0};
    GUARD(db_query_one(db,
                       "SELECT CAST(COALESCE(SUM(misses), 0) AS BIGINT), "
                       "COALESCE(MAX(ended_us), 0) FROM onboard_link WHERE id_hash = $1 AND "
                       "misses > 0 AND ended_us > $2",
                       ended, 2, visit_misses, out, &found));
    return db_query_one(db,
                        "SELECT count(*), COALESCE(MIN(created_us), 0) FROM onboard_link WHERE "
                        "id_hash = $1 AND created_us > $2",
                        begun, 2, visit_begun, out, &found);
}
