// SQL of idempotency, and the comparison of a repetition with the first request.
#include "guard/guard_idempotency.h"

#include <string.h>

void guard_request_field(struct guard_request *request, const struct vault *vault,
                         const char *pointer, const char *value)
{
    const size_t at = request->field_count;
    if (at == GUARD_REQUEST_FIELDS)
        return;
    struct vault_hash hash = {{0}};
    if (value != NULL)
        hash = vault_search_hash(vault, VAULT_SEARCH_LOGIN, value);
    request->pointers[at] = pointer;
    memcpy(request->hashes + at * GUARD_FIELD_HASH, hash.bytes, GUARD_FIELD_HASH);
    request->field_count = at + 1;
}

// Which field differs? NULL = none; "" = route or shape.
static const char *difference(const struct guard_request *request, int32_t route,
                              const uint8_t *fields, size_t size)
{
    if (route != request->route || size != request->field_count * GUARD_FIELD_HASH)
        return "";
    for (size_t i = 0; i < request->field_count; i++)
        if (memcmp(fields + i * GUARD_FIELD_HASH, request->hashes + i * GUARD_FIELD_HASH,
                   GUARD_FIELD_HASH) != 0)
            return request->pointers[i];
    return NULL;
}

struct finding {
    struct guard_answer *answers;
    enum code *codes;
    struct problem *problems;
    struct arena *arena;
    const struct guard_request *const *requests;
    size_t count;
};

static size_t index_of(const struct finding *finding, const struct id *key, int64_t actor)
{
    size_t i = 0;
    while (i < finding->count &&
           !(finding->requests[i]->actor == actor && id_equal(&finding->requests[i]->key, key)))
        i++;
    return i;
}

static bool take_answer(void *context, const struct db_row *row)
{
    const struct finding *finding = context;
    const struct id key = db_get_id(row, 0);
    const size_t i = index_of(finding, &key, db_get_int(row, 1));
    if (i == finding->count)
        return true;
    size_t size;
    const uint8_t *fields = db_get_blob(row, 3, &size);
    const char *pointer =
        difference(finding->requests[i], (int32_t)db_get_int(row, 2), fields, size);
    if (pointer != NULL) {
        struct problem *problem = finding->problems != NULL ? &finding->problems[i] : NULL;
        finding->codes[i] = problem_set(problem, CODE_CONFLICT_IDEMPOTENCY, CHARGED_NO);
        (void)problem_field(problem, pointer, CODE_CONFLICT_IDEMPOTENCY, "idempotency.field");
        return true;
    }
    const void *body = db_get_blob(row, 5, &size);
    finding->codes[i] = OK;
    finding->answers[i] =
        (struct guard_answer){(int)db_get_int(row, 4),
                              arena_text_n(finding->arena, body != NULL ? body : "", size), size};
    return true;
}

enum code guard_idempotency_find_many(struct guard_answer *out, enum code *codes,
                                      struct problem *problems, struct db *db, struct arena *arena,
                                      const struct guard_request *const *requests, size_t count)
{
    struct finding finding = {out, codes, problems, arena, requests, count};
    struct db_value *values = arena_alloc(arena, (count * 2 + 1) * sizeof *values);
    for (size_t i = 0; i < count; i++) {
        codes[i] = CODE_NOT_FOUND;
        values[2 * i] = db_id(&requests[i]->key);
        values[2 * i + 1] = db_int(requests[i]->actor);
    }
    return db_select_many(db,
                          "SELECT key, actor, route, fields, status, answer FROM idempotency "
                          "WHERE key = $1 AND actor = $2",
                          values, 2, count, false, take_answer, &finding);
}

enum code guard_idempotency_find(struct guard_answer *out, struct db *db, struct arena *arena,
                                 const struct guard_request *request, struct problem *problem)
{
    enum code code;
    GUARD(guard_idempotency_find_many(out, &code, problem, db, arena, &request, 1));
    return code;
}

enum code guard_idempotency_known(bool *out, struct db *db, struct arena *arena,
                                  const struct guard_request *request)
{
    struct guard_answer answer;
    const enum code code = guard_idempotency_find(&answer, db, arena, request, NULL);
    *out = code == OK || code == CODE_CONFLICT_IDEMPOTENCY;
    return *out || code == CODE_NOT_FOUND ? OK : code;
}

enum { ANSWER_COLUMNS = 7 };

enum code guard_idempotency_add_many(struct db *db, struct arena *arena,
                                     const struct guard_request *const *requests,
                                     const struct guard_answer *answers, size_t count,
                                     int64_t at_us)
{
    struct db_value *values = arena_alloc(arena, (count * ANSWER_COLUMNS + 1) * sizeof *values);
    size_t rows = 0;
    for (size_t i = 0; i < count; i++) {
        if (answers[i].status == 0)
            continue;
        struct db_value *row = values + rows++ * ANSWER_COLUMNS;
        row[0] = db_id(&requests[i]->key);
        row[1] = db_int(requests[i]->actor);
        row[2] = db_int(requests[i]->route);
        row[3] = db_blob(requests[i]->hashes, requests[i]->field_count * GUARD_FIELD_HASH);
        row[4] = db_int(answers[i].status);
        row[5] = db_blob(answers[i].body, answers[i].size);
        row[6] = db_int(at_us);
    }
    return db_exec_many(db,
                        "INSERT INTO idempotency (key, actor, route, fields, status, answer, "
                        "at_us) VALUES ($1, $2, $3, $4, $5, $6, $7)",
                        values, ANSWER_COLUMNS, rows, NULL);
}
