// guard_idempotency: the stored answer of each money request. Kept for ever, written in the
// transaction of the money. Same key, same actor, same route and same fields -> the stored answer;
// anything else -> CODE_CONFLICT_IDEMPOTENCY, field named.
#ifndef GUARD_GUARD_IDEMPOTENCY_H
#define GUARD_GUARD_IDEMPOTENCY_H

#include "guard/guard.h"

enum { GUARD_REQUEST_FIELDS = 6, GUARD_FIELD_HASH = 8 };

// A money request as the client made it. Secrets (PIN, codes) are no fields: a corrected PIN is the
// same request.
struct guard_request {
    struct id key; // Idempotency-Key
    int64_t actor; // person, or −merchant
    int32_t route; // constant of the endpoint
    size_t field_count;
    const char *pointers[GUARD_REQUEST_FIELDS];              // "/amount" …, constants
    uint8_t hashes[GUARD_REQUEST_FIELDS * GUARD_FIELD_HASH]; // keyed, filled by guard_request_field
};
// Adds a field; value NULL = absent.
void guard_request_field(struct guard_request *request, const struct vault *vault,
                         const char *pointer, const char *value);

struct guard_answer {
    int status;
    const char *body; // in the arena of the reading call
    size_t size;
};
// CODE_NOT_FOUND: not used yet. OK: *out is the stored answer. CODE_CONFLICT_IDEMPOTENCY: problem
// names the field ("" = route).
enum code guard_idempotency_find(struct guard_answer *out, struct db *db, struct arena *arena,
                                 const struct guard_request *request, struct problem *problem);
// Was this request answered before (or is its key taken by another request)? Then the change that
// runs it answers, and its PIN is not asked again. A failure is no "yes": nothing may be skipped.
enum code guard_idempotency_known(bool *out, struct db *db, struct arena *arena,
                                  const struct guard_request *request);
// For many at once: codes[i] as above; requests with equal key and actor may not stand twice.
enum code guard_idempotency_find_many(struct guard_answer *out, enum code *codes,
                                      struct problem *problems, struct db *db, struct arena *arena,
                                      const struct guard_request *const *requests, size_t count);
// Stores answers. `answers[i]` belongs to requests[i]; status 0 = not to be stored.
enum code guard_idempotency_add_many(struct db *db, struct arena *arena,
                                     const struct guard_request *const *requests,
                                     const struct guard_answer *answers, size_t count,
                                     int64_t at_us);

#endif
