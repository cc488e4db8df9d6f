// rooms: guard party vault books ledger money db base
// Whether a request was answered before decides whether its PIN is asked: only a clear "yes" may
// skip it.
#include "unit/small_world.h"

#include "guard/guard_idempotency.h"

static struct guard_request request_of(const struct small *world, const char *amount)
{
    struct guard_request request = {.actor = 4711, .route = 1};
    memset(request.key.bytes, 0x70, sizeof request.key.bytes);
    guard_request_field(&request, world->vault, "/amount", amount);
    return request;
}

static void answered_conflicting_and_new(void **state)
{
    struct small world;
    struct arena *arena = arena_new();
    bool known = true;
    (void)state;
    small_open(&world, NULL);
    const struct guard_request first = request_of(&world, "1.00 CNY");
    const struct guard_request *const stored[] = {&first};
    const struct guard_answer answer = {201, "{}", 2};
    assert_int_equal(guard_idempotency_known(&known, world.db, arena, &first), OK);
    assert_false(known);
    small_begin(&world);
    assert_int_equal(
        guard_idempotency_add_many(world.db, arena, stored, &answer, 1, SMALL_START_US), OK);
    assert_int_equal(small_end(&world, OK), OK);
    assert_int_equal(guard_idempotency_known(&known, world.db, arena, &first), OK);
    assert_true(known);
    const struct guard_request other = request_of(&world, "9.00 CNY");
    assert_int_equal(guard_idempotency_known(&known, world.db, arena, &other), OK);
    assert_true(known);
    struct guard_request stranger = first;
    stranger.actor = 4712;
    assert_int_equal(guard_idempotency_known(&known, world.db, arena, &stranger), OK);
    assert_false(known);
    arena_free(&arena);
    small_close(&world);
}

// A read that fails says nothing: it must not pass for "answered before".
static void a_failed_read_is_no_yes(void **state)
{
    struct small world;
    struct arena *arena = arena_new();
    bool known = true;
    (void)state;
    log_set_level(LOG_ERROR + 1);
    small_open(&world, NULL);
    const struct guard_request request = request_of(&world, "1.00 CNY");
    assert_int_equal(db_exec(world.db, "DROP TABLE idempotency", NULL, 0, NULL), OK);
    assert_int_not_equal(guard_idempotency_known(&known, world.db, arena, &request), OK);
    assert_false(known);
    arena_free(&arena);
    small_close(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answered_conflicting_and_new),
        cmocka_unit_test(a_failed_read_is_no_yes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
