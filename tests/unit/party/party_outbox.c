// rooms: guard
// The outbox keeps what waits and what is young, and forgets what is done and old, oldest first.
#include "unit/small_world.h"

static int64_t add(struct small *world, const char *queue)
{
    const struct party_outbox row = {.queue = queue,
                                     .person1 = 1,
                                     .ref = "ref",
                                     .ref_size = 3,
                                     .payload = "{}",
                                     .payload_size = 2};
    int64_t seq;
    assert_int_equal(party_outbox_add(world->db, world->vault, &small_env, &row), OK);
    assert_int_equal(party_outbox_last_seq(world->db, &seq), OK);
    return seq;
}

static int64_t rows(struct small *world)
{
    int64_t count;
    assert_int_equal(
        db_query_int(world->db, &count, "SELECT count(*) FROM party_outbox", NULL, 0, -1), OK);
    return count;
}

static int64_t prune(struct small *world, int64_t before_us, size_t limit)
{
    int64_t deleted = -1;
    small_begin(world);
    assert_int_equal(party_outbox_prune(world->db, before_us, limit, &deleted), OK);
    assert_int_equal(small_end(world, OK), OK);
    return deleted;
}

static void forgets_old_events(struct small *world)
{
    small_begin(world);
    for (int i = 0; i < 5; i++)
        (void)add(world, "event"); // born done
    (void)add(world, "bank");      // waits
    for (int i = 0; i < 3; i++)
        (void)add(world, "event");
    assert_int_equal(small_end(world, OK), OK);
    const int64_t start_us = small_now(NULL);
    small_later(SMALL_DAY_US);
    small_begin(world);
    (void)add(world, "event"); // young
    assert_int_equal(small_end(world, OK), OK);
    assert_int_equal(rows(world), 10);
    assert_int_equal(prune(world, start_us, 100), 0);     // nothing is that old
    assert_int_equal(prune(world, start_us + 1, 3), 3);   // the oldest three
    assert_int_equal(prune(world, start_us + 1, 100), 5); // all old ones but the waiting one
    assert_int_equal(prune(world, start_us + 1, 100), 0);
    assert_int_equal(rows(world), 2);
    // The newest row stays, however old: the sequence goes on from it.
    assert_int_equal(prune(world, small_now(NULL) + 1, 100), 0);
    assert_int_equal(rows(world), 2);
}

static void test_sqlite(void **state)
{
    struct small world;
    (void)state;
    small_open(&world, NULL);
    forgets_old_events(&world);
    small_close(&world);
}

static void test_postgres(void **state)
{
    struct small world;
    (void)state;
    if (getenv("TONGBAO_TEST_POSTGRES") == NULL)
        skip();
    small_open(&world, "party_outbox");
    forgets_old_events(&world);
    small_close(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_sqlite),
                                       cmocka_unit_test(test_postgres)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
