// The queues of an opening: the face check and the decision. The application's row says what to
// ask; the outbox row only names it.
#include "jobs/jobs_priv.h"

#include <string.h>

enum { FACE_ATTEMPTS_MAX = 20, DECIDE_ATTEMPTS_MAX = 1000 };

struct opening {
    const struct jobs_options *options;
    struct id id;
    struct onboard_application application;
    enum onboard_outcome outcome;
};

static bool take_id(struct opening *opening, const struct party_outbox *row)
{
    if (row->ref_size != sizeof opening->id.bytes)
        return false;
    memcpy(opening->id.bytes, row->ref, row->ref_size);
    return true;
}

static enum code load(struct opening *opening)
{
    struct db *db = db_pool_take(opening->options->pool);
    const enum code code =
        onboard_by_id(db, opening->options->onboard, &opening->id, &opening->application);
    db_pool_give(opening->options->pool, db);
    return code;
}

static enum code face_run(struct db *db, void *context)
{
    const struct opening *opening = context;
    return onboard_face_result(db, opening->options->onboard, &opening->id, opening->outcome);
}

// Nothing to do any more; or the application could not be read now: then the lease runs out and the
// row comes again.
static void leave(const struct jobs_options *options, const struct party_outbox *row,
                  enum code code)
{
    if (code == OK || code == CODE_NOT_FOUND)
        jobs_finish(options, row);
}

static enum onboard_outcome outcome_of(enum ports_outcome outcome)
{
    return outcome == PORTS_DONE      ? ONBOARD_YES
           : outcome == PORTS_REFUSED ? ONBOARD_NO
                                      : ONBOARD_LATER;
}

// The check's own id at the face service is the application's id with the try in its last byte:
// each try is a new check, and asking again about the same try is not.
static struct id check_id(const struct opening *opening)
{
    struct id id = opening->id;
    id.bytes[15] = (uint8_t)(id.bytes[15] + opening->application.face_tries_left + 1);
    return id;
}

void jobs_handle_face(const struct jobs_options *options, const struct party_outbox *row,
                      struct arena *arena)
{
    struct opening *opening = arena_alloc(arena, sizeof *opening);
    opening->options = options;
    const enum code code = take_id(opening, row) ? load(opening) : CODE_NOT_FOUND;
    if (code != OK || opening->application.face != ONBOARD_FACE_CHECKING) {
        leave(options, row, code);
        return;
    }
    const struct id id = check_id(opening);
    enum ports_outcome outcome = PORTS_UNKNOWN;
    if (row->attempts > 1)
        outcome = ports_face_inquire(options->face, &id);
    if (outcome == PORTS_UNKNOWN)
        outcome = ports_face_start(options->face, &id, opening->application.name,
                                   opening->application.id_number);
    opening->outcome = outcome_of(outcome);
    mem_wipe(&opening->application, sizeof opening->application);
    // A service that never answers is no verdict on the person: after the last attempt the try is
    // given back as failed.
    if (opening->outcome == ONBOARD_LATER && row->attempts < FACE_ATTEMPTS_MAX) {
        jobs_put_off(options, row, FACE_ATTEMPTS_MAX);
        return;
    }
    if (opening->outcome == ONBOARD_LATER)
        opening->outcome = ONBOARD_NO;
    if (jobs_commit(options, face_run, opening) == OK)
        jobs_finish(options, row);
}

// --- decision ---

static enum code checking_run(struct db *db, void *context)
{
    const struct opening *opening = context;
    return onboard_checking(db, opening->options->onboard, &opening->id);
}

static enum code decide_run(struct db *db, void *context)
{
    const struct opening *opening = context;
    return onboard_decide(db, opening->options->onboard, &opening->id, opening->outcome);
}

// The register is asked about the phone while the operator's profile wants it to be the one on file
// and nobody has linked it otherwise.
static enum onboard_outcome ask_register(const struct opening *opening)
{
    const struct jobs_options *options = opening->options;
    const struct onboard_application *application = &opening->application;
    const int32_t today = time_business_date(env_now(options->env));
    // A wallet by phone alone has nothing that the register could know.
    if (application->wallet_class == ONBOARD_CLASS_ANONYMOUS)
        return ONBOARD_YES;
    const bool phone = application->upgrade_of == 0 &&
                       guard_record_rules(options->profiles, today)->phone_must_be_linked &&
                       application->trouble.linked == ONBOARD_NOT_LINKED;
    enum ports_mismatch mismatch;
    const enum onboard_outcome outcome = outcome_of(
        ports_identity_check(options->identity, &opening->id, application->name,
                             application->id_number, phone ? application->phone : NULL, &mismatch));
    if (outcome != ONBOARD_NO || mismatch == PORTS_MISMATCH_NAME)
        return outcome;
    return mismatch == PORTS_MISMATCH_PHONE ? ONBOARD_NO_PHONE : ONBOARD_NO_DOCUMENT;
}

void jobs_handle_decide(const struct jobs_options *options, const struct party_outbox *row,
                        struct arena *arena)
{
    struct opening *opening = arena_alloc(arena, sizeof *opening);
    opening->options = options;
    const enum code code = take_id(opening, row) ? load(opening) : CODE_NOT_FOUND;
    const enum onboard_state state = opening->application.state;
    if (code != OK || (state != ONBOARD_SUBMITTED && state != ONBOARD_CHECKING)) {
        leave(options, row, code);
        return;
    }
    if (jobs_commit(options, checking_run, opening) != OK)
        return;
    opening->outcome = ask_register(opening);
    mem_wipe(&opening->application, sizeof opening->application);
    if (opening->outcome == ONBOARD_LATER) {
        jobs_put_off(options, row, DECIDE_ATTEMPTS_MAX);
        return;
    }
    if (jobs_commit(options, decide_run, opening) == OK)
        jobs_finish(options, row);
}
