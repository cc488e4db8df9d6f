// SQL of funds_card. The phone and the bank's token are sealed to the card's owner.
#include "funds/funds_priv.h"

#include <string.h>

#define CARD_COLUMNS                                                                               \
    "id, person, state, bin, last4, type, card_hash, phone, token, confirm_id, tries_left, "       \
    "failure, counted, day, created_us, code_us"

static const char PHONE[] = "funds_card.phone";
static const char TOKEN[] = "funds_card.token";

struct sealed {
    uint8_t bytes[128];
    size_t size;
};

static struct db_value seal(struct sealed *out, const struct funds *funds, const char *context,
                            int64_t person, const char *text)
{
    out->size = text[0] == '\0'
                    ? 0
                    : vault_seal(funds->vault, out->bytes, context, person, text, strlen(text));
    return db_blob(out->bytes, out->size);
}

static struct db_value id_or_null(const struct id *id)
{
    return id_is_zero(id) ? db_null() : db_id(id);
}

enum code funds_store_card_insert(struct db *db, const struct funds *funds,
                                  const struct card_row *row)
{
    const struct funds_card *card = &row->card;
    struct sealed phone, token;
    const struct db_value values[] = {
        db_id(&card->id),
        db_int(card->person),
        db_int(card->state),
        db_text(card->bin),
        db_text(card->last4),
        db_text(card->type),
        db_blob(row->hash.bytes, sizeof row->hash.bytes),
        seal(&phone, funds, PHONE, card->person, row->phone),
        seal(&token, funds, TOKEN, card->person, row->token),
        id_or_null(&row->confirm_id),
        db_int(card->tries_left),
        db_text(error_slug(card->failure)),
        db_int(row->counted),
        db_int(row->day),
        db_int(card->created_us),
        db_int(row->code_us),
    };
    return db_exec(db,
                   "INSERT INTO funds_card (" CARD_COLUMNS ") VALUES ($1, $2, $3, $4, $5, $6, $7, "
                   "$8, $9, $10, $11, $12, $13, $14, $15, $16)",
                   values, sizeof values / sizeof values[0], NULL);
}

enum code funds_store_card_update(struct db *db, const struct funds *funds,
                                  const struct card_row *row)
{
    struct sealed token;
    const struct db_value values[] = {
        db_id(&row->card.id),
        db_int(row->card.state),
        db_text(row->card.type),
        seal(&token, funds, TOKEN, row->card.person, row->token),
        id_or_null(&row->confirm_id),
        db_int(row->card.tries_left),
        db_text(error_slug(row->card.failure)),
        db_int(row->counted),
        db_int(row->code_us),
    };
    return db_exec(db,
                   "UPDATE funds_card SET state = $2, type = $3, token = $4, confirm_id = $5, "
                   "tries_left = $6, failure = $7, counted = $8, code_us = $9 WHERE id = $1",
                   values, sizeof values / sizeof values[0], NULL);
}

struct reading {
    const struct funds *funds;
    struct card_row row;
    enum code code;
    bool (*visit)(void *context, const struct card_row *row);
    void *context;
};

static void open_text(struct reading *reading, const struct db_row *row, int column,
                      const char *context, char *out, size_t capacity)
{
    size_t size = 0;
    const void *sealed = db_get_blob(row, column, &size);
    const enum code code = vault_open_text(reading->funds->vault, out, capacity, context,
                                           db_get_int(row, 1), sealed, size);
    if (code != OK)
        reading->code = code;
}

static enum code failure_of(const char *slug)
{
    const enum code code = error_by_slug(slug);
    return code == CODE_COUNT ? OK : code;
}

static bool read_row(void *context, const struct db_row *row)
{
    struct reading *reading = context;
    struct card_row *out = &reading->row;
    size_t size = 0;
    *out = (struct card_row){0};
    out->card.id = db_get_id(row, 0);
    out->card.person = db_get_int(row, 1);
    out->card.state = (enum funds_card_state)db_get_int(row, 2);
    (void)text_copy(out->card.bin, sizeof out->card.bin, db_get_text(row, 3));
    (void)text_copy(out->card.last4, sizeof out->card.last4, db_get_text(row, 4));
    (void)text_copy(out->card.type, sizeof out->card.type, db_get_text(row, 5));
    const void *hash = db_get_blob(row, 6, &size);
    if (size == sizeof out->hash.bytes)
        memcpy(out->hash.bytes, hash, size);
    open_text(reading, row, 7, PHONE, out->phone, sizeof out->phone);
    open_text(reading, row, 8, TOKEN, out->token, sizeof out->token);
    out->confirm_id = db_get_id(row, 9);
    out->card.tries_left = (int32_t)db_get_int(row, 10);
    out->card.failure = failure_of(db_get_text(row, 11));
    out->counted = db_get_int(row, 12) != 0;
    out->day = (int32_t)db_get_int(row, 13);
    out->card.created_us = db_get_int(row, 14);
    out->code_us = db_get_int(row, 15);
    party_mask_phone(out->card.phone_masked, out->phone);
    funds_card_name(reading->funds, &out->card);
    return reading->visit == NULL || reading->visit(reading->context, out);
}

enum code funds_store_card_load(struct db *db, const struct funds *funds, const struct id *id,
                                struct card_row *out)
{
    struct reading reading = {.funds = funds};
    const struct db_value value = db_id(id);
    bool found = false;
    GUARD(db_query_one(db, "SELECT " CARD_COLUMNS " FROM funds_card WHERE id = $1", &value, 1,
                       read_row, &reading, &found));
    ENSURE(found, CODE_NOT_FOUND);
    GUARD(reading.code);
    *out = reading.row;
    return OK;
}

static bool visit_id(void *context, const struct db_row *row)
{
    *(struct id *)context = db_get_id(row, 0);
    return false;
}

enum code funds_store_card_live(struct db *db, int64_t person, const struct vault_hash *hash,
                                struct id *out)
{
    const struct db_value values[] = {db_int(person), db_blob(hash->bytes, sizeof hash->bytes)};
    bool found = false;
    *out = (struct id){0};
    return db_query_one(
        db, "SELECT id FROM funds_card WHERE person = $1 AND card_hash = $2 AND state <= 4", values,
        2, visit_id, out, &found);
}

enum code funds_store_card_counts(struct db *db, int64_t person, const struct vault_hash *hash,
                                  int32_t day, struct card_counts *out)
{
    const struct db_value values[] = {db_int(person), db_int(day),
                                      db_blob(hash->bytes, sizeof hash->bytes)};
    GUARD(db_query_int(db, &out->counted,
                       "SELECT count(*) FROM funds_card WHERE person = $1 AND day = $2 AND "
                       "counted = 1",
                       values, 2, 0));
    GUARD(db_query_int(db, &out->running,
                       "SELECT count(*) FROM funds_card WHERE person = $1 AND state < 4", values, 1,
                       0));
    GUARD(db_query_int(db, &out->bound,
                       "SELECT count(*) FROM funds_card WHERE person = $1 AND state = 4", values, 1,
                       0));
    return db_query_int(db, &out->number_today,
                        "SELECT count(*) FROM funds_card WHERE day = $1 AND card_hash = $2",
                        &values[1], 2, 0);
}

enum code funds_store_cards(struct db *db, const struct funds *funds, int64_t person,
                            bool (*visit)(void *context, const struct card_row *row), void *context)
{
    struct reading reading = {.funds = funds, .visit = visit, .context = context};
    const struct db_value value = db_int(person);
    GUARD(db_query(db,
                   "SELECT " CARD_COLUMNS
                   " FROM funds_card WHERE person = $1 AND state <= 4 ORDER BY created_us, id",
                   &value, 1, read_row, &reading));
    return reading.code;
}

struct id_list {
    struct id *ids;
    size_t count, capacity;
};

static bool visit_ids(void *context, const struct db_row *row)
{
    struct id_list *list = context;
    if (list->count < list->capacity)
        list->ids[list->count++] = db_get_id(row, 0);
    return list->count < list->capacity;
}

enum code funds_store_cards_waiting(struct db *db, int64_t before_us, struct id *out,
                                    size_t *io_count)
{
    struct id_list list = {out, 0, *io_count};
    const struct db_value values[] = {db_int(before_us), db_int((int64_t)*io_count)};
    GUARD(db_query(db,
                   "SELECT id FROM funds_card WHERE state = 2 AND code_us <= $1 "
                   "ORDER BY code_us LIMIT $2",
                   values, 2, visit_ids, &list));
    *io_count = list.count;
    return OK;
}
