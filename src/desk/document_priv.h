// document_priv: rows of desk_document; stays inside this room.
#ifndef DESK_DOCUMENT_PRIV_H
#define DESK_DOCUMENT_PRIV_H

#include "desk/desk_document.h"

// `sealed` belongs to `document->owner`.
enum code desk_store_document_put(struct db *db, const struct desk_document *document,
                                  const void *sealed, size_t sealed_size);
enum code desk_store_document_get(struct db *db, const struct vault *vault, const struct id *id,
                                  struct desk_document *out, struct buffer *jpeg);

#define DESK_SEAL_DOCUMENT "desk_document.image"

#endif
