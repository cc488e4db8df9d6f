// Photos of documents: what they are, and sealing them to their owner.
#include "desk/document_priv.h"

#include <string.h>

static const char *const KINDS[] = {"", "id_front", "id_back", "passport", "other"};

const char *desk_document_kind_name(enum desk_document_kind kind)
{
    return kind >= DESK_ID_FRONT && kind <= DESK_OTHER ? KINDS[kind] : "";
}

bool desk_document_kind_parse(enum desk_document_kind *out, const char *name)
{
    for (int kind = DESK_ID_FRONT; kind <= DESK_OTHER; kind++) {
        if (!text_equal(KINDS[kind], name))
            continue;
        *out = (enum desk_document_kind)kind;
        return true;
    }
    return false;
}

enum code desk_document_put(struct db *db, const struct desk *desk,
                            const struct desk_new_document *in, struct desk_document *out)
{
    static const struct id none = {{0}};
    ENSURE(in->size > 0 && in->size <= DESK_DOCUMENT_MAX, CODE_PHOTO_TOO_LARGE);
    *out = (struct desk_document){.id = id_new(desk->env),
                                  .owner = in->owner,
                                  .case_id = in->case_id != NULL ? *in->case_id : none,
                                  .kind = in->kind,
                                  .size = (int64_t)in->size,
                                  .width = in->width,
                                  .height = in->height,
                                  .added_us = env_now(desk->env),
                                  .expires_us = in->expires_us};
    uint8_t *sealed = mem_alloc(in->size + VAULT_SEAL_OVERHEAD);
    const size_t size =
        vault_seal(desk->vault, sealed, DESK_SEAL_DOCUMENT, in->owner, in->jpeg, in->size);
    const enum code code = desk_store_document_put(db, out, sealed, size);
    mem_free(sealed);
    return code;
}

enum code desk_document_load(struct db *db, const struct desk *desk, const struct id *id,
                             struct desk_document *out, struct buffer *jpeg)
{
    return desk_store_document_get(db, desk->vault, id, out, jpeg);
}

enum { KINDS_MAX = 4 };

struct listing {
    struct id ids[KINDS_MAX];
    size_t count;
};

static bool list(void *context, const struct desk_document *document)
{
    struct listing *listing = context;
    listing->ids[listing->count++] = document->id;
    return listing->count < KINDS_MAX;
}

// The seal names the owner: each is opened and sealed again.
enum code desk_documents_move(struct db *db, const struct desk *desk, int64_t from, int64_t to)
{
    struct listing listing = {.count = 0};
    enum code code = desk_documents_of_owner(db, from, list, &listing);
    for (size_t i = 0; code == OK && i < listing.count; i++) {
        struct buffer jpeg = {0};
        struct desk_document document;
        code = desk_document_load(db, desk, &listing.ids[i], &document, &jpeg);
        const struct desk_new_document moved = {.owner = to,
                                                .case_id = &document.case_id,
                                                .kind = document.kind,
                                                .jpeg = jpeg.data,
                                                .size = jpeg.size,
                                                .width = document.width,
                                                .height = document.height};
        if (code == OK)
            code = desk_document_put(db, desk, &moved, &document);
        mem_wipe(jpeg.data, jpeg.size);
        buffer_free(&jpeg);
    }
    return code == OK ? desk_documents_drop(db, from) : code;
}
