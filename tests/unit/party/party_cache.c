// rooms: onboard
// The memory of sessions: what it believes without asking the database, and how soon it hears that
// another process ended a session.
#include "unit/small_world.h"

#include "onboard/onboard.h"

struct world {
    struct small small;
    struct party_cache *here, *there; // of two processes on one database
    struct party_session session;
    char token[VAULT_TOKEN_TEXT];
};

static void open_person(struct world *world, const char *schema)
{
    struct party_wallet wallet;
    small_open(&world->small, schema);
    const struct onboard onboard = {.profiles = world->small.profiles,
                                    .vault = world->small.vault,
                                    .env = &small_env,
                                    .terms_version = "2026-11-01"};
    const struct onboard_person person = {.name = "林知夏",
                                          .id_number = "110101199203174325",
                                          .phone = "13900010021",
                                          .password_stored = "x",
                                          .pin_stored = "y"};
    struct party_new_session in = {.device = "phone", .address = "192.0.2.1"};
    small_begin(&world->small);
    assert_int_equal(onboard_open(world->small.db, &onboard, &person, &wallet, NULL), OK);
    in.person = wallet.person;
    assert_int_equal(party_session_add(world->small.db, world->small.vault, &small_env, &in,
                                       &world->session, world->token),
                     OK);
    assert_int_equal(small_end(&world->small, OK), OK);
    world->here = party_cache_new(0);
    world->there = party_cache_new(0);
}

static void close_world(struct world *world)
{
    party_cache_free(&world->here);
    party_cache_free(&world->there);
    small_close(&world->small);
}

static enum code peek(struct world *world, struct party_cache *cache)
{
    struct party_session session;
    return party_session_peek(cache, world->small.vault, world->token, small_now(NULL), true,
                              &session);
}

static enum code find(struct world *world, struct party_cache *cache)
{
    struct party_session session;
    return party_session_find(cache, world->small.db, world->small.vault, world->token,
                              small_now(NULL), true, &session);
}

static void hear(struct world *world, struct party_cache *cache)
{
    assert_int_equal(party_cache_hear(cache, world->small.db, small_now(NULL)), OK);
}

static void end_session(struct world *world)
{
    small_begin(&world->small);
    assert_int_equal(party_session_end(world->small.db, world->session.person, &world->session.id,
                                       small_now(NULL)),
                     OK);
    assert_int_equal(small_end(&world->small, OK), OK);
}

static void believes(struct world *world)
{
    // Nothing is heard: 5 s.
    small_later(SMALL_SECOND_US);
    assert_int_equal(peek(world, world->here), CODE_NOT_FOUND);
    assert_int_equal(find(world, world->here), OK);
    small_later(4 * SMALL_SECOND_US);
    assert_int_equal(peek(world, world->here), OK);
    small_later(SMALL_SECOND_US);
    assert_int_equal(peek(world, world->here), CODE_NOT_FOUND);
    // Heard every few seconds: 60 s, then the database is asked again.
    assert_int_equal(find(world, world->here), OK);
    for (int second = 0; second < 59; second++) {
        small_later(SMALL_SECOND_US);
        hear(world, world->here);
        assert_int_equal(peek(world, world->here), OK);
    }
    small_later(SMALL_SECOND_US);
    assert_int_equal(peek(world, world->here), CODE_NOT_FOUND);
}

static void hears_of_the_end(struct world *world)
{
    hear(world, world->here);
    hear(world, world->there);
    small_later(1);
    assert_int_equal(find(world, world->here), OK);
    assert_int_equal(find(world, world->there), OK);
    small_later(SMALL_SECOND_US);
    end_session(world);
    // The process that ended it knows at once; the other one when it hears of it.
    party_cache_forget_person(world->here, world->session.person, small_now(NULL));
    assert_int_equal(peek(world, world->here), CODE_NOT_FOUND);
    assert_int_equal(find(world, world->here), CODE_LOGIN_REQUIRED);
    assert_int_equal(peek(world, world->there), OK);
    small_later(SMALL_SECOND_US / 2);
    hear(world, world->there);
    assert_int_equal(peek(world, world->there), CODE_NOT_FOUND);
    assert_int_equal(find(world, world->there), CODE_LOGIN_REQUIRED);
}

static void run(void (*test)(struct world *world), const char *schema)
{
    struct world world;
    open_person(&world, schema);
    test(&world);
    close_world(&world);
}

static void test_believes(void **state)
{
    (void)state;
    run(believes, NULL);
}

static void test_hears_of_the_end(void **state)
{
    (void)state;
    run(hears_of_the_end, NULL);
}

static void test_hears_of_the_end_postgres(void **state)
{
    (void)state;
    if (getenv("TONGBAO_TEST_POSTGRES") == NULL)
        skip();
    run(hears_of_the_end, "party_cache");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_believes),
        cmocka_unit_test(test_hears_of_the_end),
        cmocka_unit_test(test_hears_of_the_end_postgres),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
