// SQL of guard_device, guard_signin and guard_checkup.
#include "guard/device_priv.h"

#include <string.h>

enum { NAME_MAX_BYTES = 250, SEALED_MAX = NAME_MAX_BYTES + VAULT_SEAL_OVERHEAD };

static struct db_value seal(const struct vault *vault, uint8_t out[SEALED_MAX], const char *context,
                            int64_t person, const char *text)
{
    size_t size = strlen(text);
    size = size < NAME_MAX_BYTES ? size : NAME_MAX_BYTES;
    return db_blob(out, vault_seal(vault, out, context, person, text, size));
}

// --- devices ---

static bool visit_device(void *context, const struct db_row *row)
{
    struct device_row *out = context;
    out->state = (enum device_state)db_get_int(row, 0);
    (void)text_copy(out->case_number, sizeof out->case_number, db_get_text(row, 1));
    return false;
}

enum code device_load(struct db *db, int64_t person, const struct vault_hash *token,
                      struct device_row *out)
{
    const struct db_value values[] = {db_int(person), db_blob(token->bytes, sizeof token->bytes)};
    bool found;
    *out = (struct device_row){.state = DEVICE_NONE};
    return db_query_one(db,
                        "SELECT state, case_number FROM guard_device WHERE person = $1 AND "
                        "token_hash = $2",
                        values, 2, visit_device, out, &found);
}

enum code device_write(struct db *db, const struct vault *vault,
                       const struct guard_arrival *arrival, const struct vault_hash *token,
                       enum device_state state, const char *case_number, int64_t now_us)
{
    uint8_t name[SEALED_MAX];
    char place[16];
    device_place(place, arrival->address);
    const struct vault_hash place_hash = vault_place_hash(vault, place);
    const struct db_value values[] = {
        db_int(arrival->person),
        db_blob(token->bytes, sizeof token->bytes),
        db_int(state),
        seal(vault, name, "guard_device.name", arrival->person, arrival->device),
        db_blob(place_hash.bytes, sizeof place_hash.bytes),
        db_text(case_number),
        db_int(now_us)};
    return db_exec(db,
                   "INSERT INTO guard_device (person, token_hash, state, name, place_hash, "
                   "case_number, first_us, last_us) VALUES ($1, $2, $3, $4, $5, $6, $7, $7) "
                   "ON CONFLICT (person, token_hash) DO UPDATE SET state = EXCLUDED.state, "
                   "name = EXCLUDED.name, place_hash = EXCLUDED.place_hash, case_number = "
                   "EXCLUDED.case_number, last_us = EXCLUDED.last_us",
                   values, 7, NULL);
}

enum code device_count(struct db *db, int64_t person, int64_t *out)
{
    const struct db_value value = db_int(person);
    return db_query_int(
        db, out, "SELECT count(*) FROM guard_device WHERE person = $1 AND state = 1", &value, 1, 0);
}

enum code device_of_case(struct db *db, int64_t person, const char *case_number,
                         enum device_state state, int64_t *out_changed)
{
    const struct db_value values[] = {db_int(person), db_text(case_number), db_int(state)};
    return db_exec(db,
                   "UPDATE guard_device SET state = $3 WHERE person = $1 AND case_number = $2 AND "
                   "state = 2",
                   values, 3, out_changed);
}

enum code device_refuse(struct db *db, int64_t person, const void *token, size_t size)
{
    const struct db_value values[] = {db_int(person), db_blob(token, size)};
    return db_exec(db, "UPDATE guard_device SET state = 3 WHERE person = $1 AND token_hash = $2",
                   values, 2, NULL);
}

// --- history ---

enum code signin_add(struct db *db, const struct vault *vault, const struct env *env,
                     const struct signin_row *row)
{
    uint8_t name[SEALED_MAX], shown[SEALED_MAX];
    char place[16], masked[32];
    device_place(place, row->address);
    party_mask_address(masked, row->address);
    const struct vault_hash place_hash = vault_place_hash(vault, place);
    const struct id id = id_new(env);
    const struct db_value values[] = {
        db_id(&id),
        db_int(row->person),
        db_int(row->at_us),
        db_int(row->result),
        seal(vault, name, "guard_signin.device", row->person, row->device),
        seal(vault, shown, "guard_signin.place", row->person, masked),
        db_blob(place_hash.bytes, sizeof place_hash.bytes),
        row->token != NULL ? db_blob(row->token->bytes, sizeof row->token->bytes) : db_null(),
        row->session != NULL ? db_id(row->session) : db_null()};
    return db_exec(db,
                   "INSERT INTO guard_signin (id, person, at_us, result, device, place, "
                   "place_hash, token_hash, session) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
                   values, 9, NULL);
}

enum code signin_seen(struct db *db, int64_t person, const struct vault_hash *place, bool *out_here,
                      bool *out_ever)
{
    const struct db_value values[] = {db_int(person), db_blob(place->bytes, sizeof place->bytes)};
    GUARD(db_query_one(db,
                       "SELECT at_us FROM guard_signin WHERE person = $1 AND place_hash = $2 AND "
                       "result = 1 LIMIT 1",
                       values, 2, NULL, NULL, out_here));
    return db_query_one(db,
                        "SELECT at_us FROM guard_signin WHERE person = $1 AND result = 1 LIMIT 1",
                        values, 1, NULL, NULL, out_ever);
}

struct listing {
    const struct vault *vault;
    int64_t person;
    bool (*visit)(void *context, const struct guard_signin *signin);
    void *context;
    enum code code;
};

static bool visit_signin(void *context, const struct db_row *row)
{
    struct listing *listing = context;
    size_t size;
    struct guard_signin signin = {.id = db_get_id(row, 0),
                                  .at_us = db_get_int(row, 1),
                                  .result = (enum guard_signin_result)db_get_int(row, 2),
                                  .session = db_get_id(row, 5)};
    const void *device = db_get_blob(row, 3, &size);
    listing->code = vault_open_text(listing->vault, signin.device, sizeof signin.device,
                                    "guard_signin.device", listing->person, device, size);
    if (listing->code != OK)
        return false;
    const void *place = db_get_blob(row, 4, &size);
    listing->code = vault_open_text(listing->vault, signin.place, sizeof signin.place,
                                    "guard_signin.place", listing->person, place, size);
    return listing->code == OK && listing->visit(listing->context, &signin);
}

enum code guard_signins_list(struct db *db, const struct vault *vault, int64_t person,
                             int64_t before_us, size_t limit,
                             bool (*visit)(void *context, const struct guard_signin *signin),
                             void *context)
{
    struct listing listing = {vault, person, visit, context, OK};
    const struct db_value values[] = {db_int(person), db_int(before_us > 0 ? before_us : INT64_MAX),
                                      db_int((int64_t)limit)};
    GUARD(db_query(db,
                   "SELECT id, at_us, result, device, place, session FROM guard_signin WHERE "
                   "person = $1 AND at_us < $2 ORDER BY at_us DESC, id DESC LIMIT $3",
                   values, 3, visit_signin, &listing));
    return listing.code;
}

static bool visit_origin(void *context, const struct db_row *row)
{
    struct signin_origin *out = context;
    size_t size;
    const void *token = db_get_blob(row, 0, &size);
    out->token_size = size <= sizeof out->token ? size : 0;
    if (out->token_size > 0)
        memcpy(out->token, token, size);
    out->session = db_get_id(row, 1);
    return false;
}

enum code signin_origin(struct db *db, int64_t person, const struct id *id,
                        struct signin_origin *out)
{
    const struct db_value values[] = {db_id(id), db_int(person)};
    bool found;
    *out = (struct signin_origin){0};
    GUARD(db_query_one(db,
                       "SELECT token_hash, session FROM guard_signin WHERE id = $1 AND person = "
                       "$2",
                       values, 2, visit_origin, out, &found));
    return found ? OK : CODE_NOT_FOUND;
}

enum code guard_signins_prune(struct db *db, int64_t before_us, size_t limit, int64_t *out_deleted)
{
    const struct db_value values[] = {db_int(before_us), db_int((int64_t)limit)};
    return db_exec(db,
                   "DELETE FROM guard_signin WHERE id IN (SELECT id FROM guard_signin WHERE at_us "
                   "< $1 ORDER BY at_us LIMIT $2)",
                   values, 2, out_deleted);
}

// --- check-up ---

static bool visit_checkup(void *context, const struct db_row *row)
{
    struct guard_checkup *out = context;
    (void)text_copy(out->case_number, sizeof out->case_number, db_get_text(row, 0));
    out->steps = (uint32_t)db_get_int(row, 1);
    out->due_us = db_get_int(row, 2);
    out->done_us = db_get_int(row, 3);
    return false;
}

enum code guard_checkup_load(struct db *db, int64_t person, struct guard_checkup *out)
{
    const struct db_value value = db_int(person);
    bool found;
    *out = (struct guard_checkup){0};
    return db_query_one(db,
                        "SELECT case_number, steps, due_us, done_us FROM guard_checkup WHERE "
                        "person = $1",
                        &value, 1, visit_checkup, out, &found);
}

static enum code checkup_write(struct db *db, int64_t person, const struct guard_checkup *checkup)
{
    const struct db_value values[] = {db_int(person), db_text(checkup->case_number),
                                      db_int(checkup->steps), db_int(checkup->due_us),
                                      db_int(checkup->done_us)};
    return db_exec(db,
                   "INSERT INTO guard_checkup (person, case_number, steps, due_us, done_us) "
                   "VALUES ($1, $2, $3, $4, $5) ON CONFLICT (person) DO UPDATE SET case_number = "
                   "EXCLUDED.case_number, steps = EXCLUDED.steps, due_us = EXCLUDED.due_us, "
                   "done_us = EXCLUDED.done_us",
                   values, 5, NULL);
}

enum code guard_checkup_begin(struct db *db, int64_t person, const char *case_number,
                              int64_t now_us)
{
    struct guard_checkup checkup = {.due_us = now_us};
    (void)text_copy(checkup.case_number, sizeof checkup.case_number, case_number);
    return checkup_write(db, person, &checkup);
}

enum code guard_checkup_step(struct db *db, int64_t person, uint32_t step, int64_t now_us,
                             struct guard_checkup *out)
{
    GUARD(guard_checkup_load(db, person, out));
    out->steps |= step & GUARD_CHECKUP_ALL;
    if (out->steps == GUARD_CHECKUP_ALL && out->done_us < out->due_us + 1)
        out->done_us = now_us;
    return checkup_write(db, person, out);
}
