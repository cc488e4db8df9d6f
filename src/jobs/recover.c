// Queue "reset-face": the face check of a reset. The reset's row says whose face.
#include "jobs/jobs_priv.h"

#include <string.h>

enum { FACE_ATTEMPTS_MAX = 20 };

struct face {
    const struct jobs_options *options;
    struct id id;
    struct recover_reset reset;
    struct party_person person;
    char id_number[PARTY_ID_NUMBER_MAX];
    bool passed;
};

static enum code load(struct face *face)
{
    const struct jobs_options *options = face->options;
    struct db *db = db_pool_take(options->pool);
    enum code code = recover_by_id(db, options->recover, &face->id, &face->reset);
    if (code == OK)
        code = party_person_load(db, options->vault, face->reset.person, &face->person);
    if (code == OK)
        code = party_id_number_load(db, options->vault, face->reset.person, face->id_number);
    db_pool_give(options->pool, db);
    return code;
}

static enum code result_run(struct db *db, void *context)
{
    const struct face *face = context;
    return recover_face_result(db, face->options->recover, &face->id, face->passed);
}

// Each try is a check of its own: the reset's id with the tries that are left in its last byte.
static enum ports_outcome ask(struct face *face, int32_t attempts)
{
    struct id id = face->id;
    enum ports_outcome outcome = PORTS_UNKNOWN;
    id.bytes[15] = (uint8_t)(id.bytes[15] + face->reset.face_tries_left + 1);
    if (attempts > 1)
        outcome = ports_face_inquire(face->options->face, &id);
    if (outcome == PORTS_UNKNOWN)
        outcome = ports_face_start(face->options->face, &id, face->person.name, face->id_number);
    return outcome;
}

void jobs_handle_reset_face(const struct jobs_options *options, const struct party_outbox *row,
                            struct arena *arena)
{
    struct face *face = arena_alloc(arena, sizeof *face);
    face->options = options;
    enum code code = CODE_NOT_FOUND;
    if (row->ref_size == sizeof face->id.bytes) {
        memcpy(face->id.bytes, row->ref, row->ref_size);
        code = load(face);
    }
    if (code == CODE_NOT_FOUND || (code == OK && face->reset.face != RECOVER_FACE_CHECKING))
        jobs_finish(options, row);
    if (code != OK || face->reset.face != RECOVER_FACE_CHECKING)
        return;
    const enum ports_outcome outcome = ask(face, row->attempts);
    mem_wipe(&face->person, sizeof face->person);
    mem_wipe(face->id_number, sizeof face->id_number);
    const bool known = outcome == PORTS_DONE || outcome == PORTS_REFUSED;
    if (!known && row->attempts < FACE_ATTEMPTS_MAX) {
        jobs_put_off(options, row, FACE_ATTEMPTS_MAX);
        return;
    }
    face->passed = outcome == PORTS_DONE;
    if (jobs_commit(options, result_run, face) == OK)
        jobs_finish(options, row);
}
