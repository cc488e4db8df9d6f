// desk_document: photos of documents, sealed at rest. They belong to an owner — the number of an
// application, which becomes the person's id, or a person — and, if handed in for a case, to that
// case. Only bytes that image_clean() drew again may be stored here (image/image.h). A photo of a
// draft ends with the draft; once the wallet is open it stays with the person.
#ifndef DESK_DOCUMENT_H
#define DESK_DOCUMENT_H

#include "desk/desk.h"

enum desk_document_kind { DESK_ID_FRONT = 1, DESK_ID_BACK, DESK_PASSPORT, DESK_OTHER };
// "id_front" "id_back" "passport" "other".
const char *desk_document_kind_name(enum desk_document_kind kind);
// False: no such kind.
bool desk_document_kind_parse(enum desk_document_kind *out, const char *name);

#define DESK_DOCUMENT_MAX ((size_t)2 << 20) // bytes of a photo as stored

struct desk_document {
    struct id id;
    int64_t owner;
    struct id case_id; // zero = none
    enum desk_document_kind kind;
    int64_t size; // of the JPEG
    int32_t width, height;
    int64_t added_us, expires_us; // expires 0 = as long as the owner
};
struct desk_new_document {
    int64_t owner;
    const struct id *case_id; // NULL = none
    enum desk_document_kind kind;
    const void *jpeg;
    size_t size;
    int32_t width, height;
    int64_t expires_us; // 0 = as long as the owner
};
// Inside a transaction. Replaces the one of the same owner, case and kind.
// CODE_PHOTO_TOO_LARGE over DESK_DOCUMENT_MAX.
enum code desk_document_put(struct db *db, const struct desk *desk,
                            const struct desk_new_document *in, struct desk_document *out);
// Without the pictures, oldest first; the visitor returns false to stop. By owner (of all cases and
// none), or by case.
enum code desk_documents_of_owner(struct db *db, int64_t owner,
                                  bool (*visit)(void *context,
                                                const struct desk_document *document),
                                  void *context);
enum code desk_documents_of_case(struct db *db, const struct id *case_id,
                                 bool (*visit)(void *context, const struct desk_document *document),
                                 void *context);
// With the picture, appended to `jpeg`: personal, mem_wipe it. Whoever reads a person's photo
// writes the audit trail. CODE_NOT_FOUND.
enum code desk_document_load(struct db *db, const struct desk *desk, const struct id *id,
                             struct desk_document *out, struct buffer *jpeg);
// Bits 1 << kind of what the owner has without a case.
enum code desk_documents_kinds(struct db *db, int64_t owner, uint32_t *out);
// CODE_NOT_FOUND: it is not the owner's.
enum code desk_document_delete(struct db *db, int64_t owner, const struct id *id);
// The owner has a wallet now: its photos no longer expire.
enum code desk_documents_keep(struct db *db, int64_t owner);
// All of one owner become another's, who must have none of the same kinds; they no longer expire.
enum code desk_documents_move(struct db *db, const struct desk *desk, int64_t from, int64_t to);
enum code desk_documents_drop(struct db *db, int64_t owner);
// Only those that would expire.
enum code desk_documents_drop_draft(struct db *db, int64_t owner);
// Deletes what has expired. At most `limit`.
enum code desk_documents_prune(struct db *db, int64_t now_us, size_t limit, int64_t *out_deleted);

#endif
