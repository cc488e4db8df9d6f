// SQL of desk_document.
#include "desk/document_priv.h"

#define COLUMNS "id, owner, case_id, kind, size, width, height, added_us, expires_us"

static struct desk_document read_row(const struct db_row *row)
{
    return (struct desk_document){.id = db_get_id(row, 0),
                                  .owner = db_get_int(row, 1),
                                  .case_id = db_get_id(row, 2),
                                  .kind = (enum desk_document_kind)db_get_int(row, 3),
                                  .size = db_get_int(row, 4),
                                  .width = (int32_t)db_get_int(row, 5),
                                  .height = (int32_t)db_get_int(row, 6),
                                  .added_us = db_get_int(row, 7),
                                  .expires_us = db_get_int(row, 8)};
}

enum code desk_store_document_put(struct db *db, const struct desk_document *document,
                                  const void *sealed, size_t sealed_size)
{
    const struct db_value values[] = {db_id(&document->id),         db_int(document->owner),
                                      db_id(&document->case_id),    db_int(document->kind),
                                      db_int(document->size),       db_int(document->width),
                                      db_int(document->height),     db_int(document->added_us),
                                      db_int(document->expires_us), db_blob(sealed, sealed_size)};
    return db_exec(db,
                   "INSERT INTO desk_document (" COLUMNS ", image) "
                   "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) "
                   "ON CONFLICT (owner, case_id, kind) DO UPDATE SET id = excluded.id, "
                   "size = excluded.size, width = excluded.width, height = excluded.height, "
                   "added_us = excluded.added_us, expires_us = excluded.expires_us, "
                   "image = excluded.image",
                   values, sizeof values / sizeof values[0], NULL);
}

struct reading {
    const struct vault *vault;
    struct desk_document *out;
    struct buffer *jpeg;
    enum code code;
};

static bool visit_whole(void *context, const struct db_row *row)
{
    struct reading *reading = context;
    size_t size = 0;
    *reading->out = read_row(row);
    const void *sealed = db_get_blob(row, 9, &size);
    if (sealed == NULL || size < VAULT_SEAL_OVERHEAD) {
        reading->code = CODE_INTERNAL;
        return false;
    }
    const size_t plain_size = size - VAULT_SEAL_OVERHEAD;
    uint8_t *plain = mem_alloc(plain_size + 1);
    reading->code =
        vault_open(reading->vault, plain, DESK_SEAL_DOCUMENT, reading->out->owner, sealed, size);
    if (reading->code == OK)
        buffer_append(reading->jpeg, plain, plain_size);
    mem_free_secret(plain, plain_size + 1);
    return false;
}

enum code desk_store_document_get(struct db *db, const struct vault *vault, const struct id *id,
                                  struct desk_document *out, struct buffer *jpeg)
{
    bool found;
    struct reading reading = {vault, out, jpeg, OK};
    const struct db_value value = db_id(id);
    GUARD(db_query_one(db, "SELECT " COLUMNS ", image FROM desk_document WHERE id = $1", &value, 1,
                       visit_whole, &reading, &found));
    return found ? reading.code : CODE_NOT_FOUND;
}

struct each {
    bool (*visit)(void *context, const struct desk_document *document);
    void *context;
};

static bool visit_each(void *context, const struct db_row *row)
{
    const struct each *each = context;
    const struct desk_document document = read_row(row);
    return each->visit(each->context, &document);
}

enum code desk_documents_of_owner(struct db *db, int64_t owner,
                                  bool (*visit)(void *context,
                                                const struct desk_document *document),
                                  void *context)
{
    struct each each = {visit, context};
    const struct db_value value = db_int(owner);
    return db_query(db, "SELECT " COLUMNS " FROM desk_document WHERE owner = $1 ORDER BY added_us",
                    &value, 1, visit_each, &each);
}

enum code desk_documents_of_case(struct db *db, const struct id *case_id,
                                 bool (*visit)(void *context, const struct desk_document *document),
                                 void *context)
{
    struct each each = {visit, context};
    const struct db_value value = db_id(case_id);
    return db_query(db,
                    "SELECT " COLUMNS " FROM desk_document WHERE case_id = $1 ORDER BY added_us",
                    &value, 1, visit_each, &each);
}

static bool visit_kind(void *context, const struct db_row *row)
{
    *(uint32_t *)context |= UINT32_C(1) << db_get_int(row, 0);
    return true;
}

enum code desk_documents_kinds(struct db *db, int64_t owner, uint32_t *out)
{
    static const struct id none = {{0}};
    const struct db_value values[] = {db_int(owner), db_id(&none)};
    *out = 0;
    return db_query(db, "SELECT kind FROM desk_document WHERE owner = $1 AND case_id = $2", values,
                    2, visit_kind, out);
}

enum code desk_document_delete(struct db *db, int64_t owner, const struct id *id)
{
    int64_t changes;
    const struct db_value values[] = {db_int(owner), db_id(id)};
    GUARD(
        db_exec(db, "DELETE FROM desk_document WHERE owner = $1 AND id = $2", values, 2, &changes));
    return changes == 1 ? OK : CODE_NOT_FOUND;
}

enum code desk_documents_keep(struct db *db, int64_t owner)
{
    const struct db_value value = db_int(owner);
    return db_exec(db, "UPDATE desk_document SET expires_us = 0 WHERE owner = $1", &value, 1, NULL);
}

enum code desk_documents_drop(struct db *db, int64_t owner)
{
    const struct db_value value = db_int(owner);
    return db_exec(db, "DELETE FROM desk_document WHERE owner = $1", &value, 1, NULL);
}

enum code desk_documents_drop_draft(struct db *db, int64_t owner)
{
    const struct db_value value = db_int(owner);
    return db_exec(db, "DELETE FROM desk_document WHERE owner = $1 AND expires_us > 0", &value, 1,
                   NULL);
}

enum code desk_documents_prune(struct db *db, int64_t now_us, size_t limit, int64_t *out_deleted)
{
    const struct db_value values[] = {db_int(now_us), db_int((int64_t)limit)};
    return db_exec(db,
                   "DELETE FROM desk_document WHERE id IN (SELECT id FROM desk_document "
                   "WHERE expires_us > 0 AND expires_us <= $1 LIMIT $2)",
                   values, 2, out_deleted);
}
