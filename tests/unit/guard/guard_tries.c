// rooms: guard party vault books ledger money db base
// Tries and locks of the log-in and the PIN: never more than the rule allows, however they come.
#include "guard/guard_device.h"
#include "unit/small_world.h"

#include <pthread.h>

static const char PASSWORD[] = "kettle7river";
static const char PIN[] = "836152";
static const char PHONE[] = "13800138000";
static const char STRANGER[] = "13900139000";
enum { PERSON = 4711, PIN_LOCK_S = 10800, PIN_AGAIN_S = 86400, LOGIN_LOCK_S = 86400 };

struct world {
    struct small small;
    struct db_committer *committer;
    struct guard_gate gate;
    char number[PARTY_WALLET_NUMBER];
};

static const char *schema; // NULL = SQLite

static void add_person(struct world *world)
{
    char password[VAULT_STORED_TEXT], pin[VAULT_STORED_TEXT];
    struct party_wallet wallet;
    assert_int_equal(vault_password_hash(world->small.vault, VAULT_PASSWORD, PASSWORD, password),
                     OK);
    assert_int_equal(vault_password_hash(world->small.vault, VAULT_PIN, PIN, pin), OK);
    const struct party_new_person in = {.id = PERSON,
                                        .name = "王芳",
                                        .id_number = "320124198808240056",
                                        .phone = PHONE,
                                        .birth_date = 19880824,
                                        .sex = PARTY_MALE,
                                        .wallet_class = 3,
                                        .password_stored = password,
                                        .pin_stored = pin};
    small_begin(&world->small);
    assert_int_equal(
        party_person_add(world->small.db, world->small.vault, &small_env, &in, &wallet, NULL), OK);
    assert_int_equal(small_end(&world->small, OK), OK);
    (void)text_copy(world->number, sizeof world->number, wallet.number);
}

static int set_up(void **state)
{
    struct world *world = mem_alloc(sizeof *world);
    log_set_level(LOG_ERROR + 1);
    small_open(&world->small, schema);
    add_person(world);
    const struct db_committer_options options = {.url = world->small.url};
    assert_int_equal(db_committer_start(&world->committer, &options), OK);
    world->gate = (struct guard_gate){world->small.profiles, world->small.vault, world->committer,
                                      &small_env};
    *state = world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *world = *state;
    db_committer_stop(&world->committer);
    small_close(&world->small);
    mem_free(world);
    return 0;
}

static enum code pin(struct world *world, const char *typed, struct problem *problem)
{
    *problem = (struct problem){0};
    return guard_pin_check(&world->gate, PERSON, typed, problem);
}

static enum code login(struct world *world, const char *who, const char *password,
                       struct problem *problem)
{
    int64_t person = 0;
    *problem = (struct problem){0};
    const struct guard_login attempt = {.login = who, .password = password};
    const enum code code = guard_login_check(&world->gate, &attempt, &person, problem);
    small_later(problem->retry_after_s * SMALL_SECOND_US); // as the page makes people wait
    assert_int_equal(person, code == OK ? PERSON : 0);
    return code;
}

static void wrong_pins(struct world *world, int count)
{
    struct problem problem;
    for (int i = 0; i < count; i++)
        assert_int_equal(pin(world, "907341", &problem), CODE_PIN_WRONG);
}

static void lock_pin(struct world *world)
{
    struct problem problem;
    wrong_pins(world, 4);
    assert_int_equal(pin(world, "907341", &problem), CODE_PIN_LOCKED);
}

static int32_t pin_tries_left(struct world *world)
{
    int32_t left;
    assert_int_equal(guard_pin_tries_left(world->small.db, world->small.profiles, PERSON,
                                          small_now(NULL), &left),
                     OK);
    return left;
}

static size_t locks(struct world *world, struct guard_lock out[4])
{
    size_t count;
    assert_int_equal(guard_locks(world->small.db, PERSON, small_now(NULL), out, 4, &count), OK);
    return count;
}

// --- the PIN

// The fifth wrong one locks; the counter is shown before it hurts.
static void five_wrong_pins_lock(void **state)
{
    struct world *world = *state;
    struct problem problem;
    struct guard_lock lock[4];
    for (int left = 4; left > 0; left--) {
        assert_int_equal(pin(world, "907341", &problem), CODE_PIN_WRONG);
        assert_int_equal(problem.tries_left, left);
        assert_int_equal(problem.charged, CHARGED_NO);
        assert_int_equal(pin_tries_left(world), left);
        assert_int_equal(locks(world, lock), 0);
    }
    assert_int_equal(pin(world, "907341", &problem), CODE_PIN_LOCKED);
    assert_int_equal(problem.until_us, SMALL_START_US + PIN_LOCK_S * SMALL_SECOND_US);
    assert_int_equal(problem.hours, 3);
    assert_int_equal(locks(world, lock), 1);
    assert_string_equal(lock[0].code, "L02");
    assert_string_equal(lock[0].scope, "pay");
    assert_string_equal(lock[0].case_number, problem.case_number);
    assert_int_equal(strlen(problem.case_number), 9);
    assert_int_equal(problem.case_number[4], '-');
    assert_int_equal(lock[0].from_us, SMALL_START_US);
    assert_int_equal(lock[0].until_us, problem.until_us);
}

// REQ-109: during a lock nothing is compared and nothing counted.
static void lock_holds_against_the_right_pin(void **state)
{
    struct world *world = *state;
    struct problem first, problem;
    lock_pin(world);
    assert_int_equal(pin(world, PIN, &first), CODE_PIN_LOCKED);
    const int64_t hashes = vault_hash_count(world->small.vault);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(pin(world, i % 2 == 0 ? PIN : "907341", &problem), CODE_PIN_LOCKED);
        assert_int_equal(problem.until_us, first.until_us);
        assert_string_equal(problem.case_number, first.case_number);
    }
    assert_int_equal(vault_hash_count(world->small.vault), hashes);
    // The log-in is not locked by the PIN.
    assert_int_equal(login(world, PHONE, PASSWORD, &problem), OK);
    small_later(PIN_LOCK_S * SMALL_SECOND_US - 1);
    assert_int_equal(pin(world, PIN, &problem), CODE_PIN_LOCKED);
    assert_int_equal(problem.hours, 1);
    small_later(1);
    assert_int_equal(pin_tries_left(world), 5);
    assert_int_equal(pin(world, PIN, &problem), OK);
}

static void clock_set_back_does_not_unlock(void **state)
{
    struct world *world = *state;
    struct problem problem;
    struct guard_lock lock[4];
    lock_pin(world);
    small_later(-3600 * SMALL_SECOND_US);
    assert_int_equal(pin(world, PIN, &problem), CODE_PIN_LOCKED);
    assert_int_equal(locks(world, lock), 1);
}

static void right_pin_forgets_the_wrong_ones(void **state)
{
    struct world *world = *state;
    struct problem problem;
    for (int i = 0; i < 3; i++) {
        wrong_pins(world, 4);
        assert_int_equal(pin(world, PIN, &problem), OK);
        assert_int_equal(pin_tries_left(world), 5);
    }
}

// The tries begin anew with the business day, not with the UTC day.
static void pin_tries_begin_with_the_day(void **state)
{
    struct world *world = *state;
    const int64_t midnight_us = time_business_day_start(SMALL_START_US) + SMALL_DAY_US;
    wrong_pins(world, 4);
    small_later(midnight_us - 1 - SMALL_START_US);
    assert_int_equal(pin_tries_left(world), 1);
    small_later(1);
    assert_int_equal(pin_tries_left(world), 5);
    wrong_pins(world, 4);
}

static void second_lock_within_seven_days_is_longer(void **state)
{
    struct world *world = *state;
    struct problem problem;
    struct guard_lock lock[4];
    lock_pin(world);
    small_later(7 * SMALL_DAY_US);
    lock_pin(world);
    assert_int_equal(locks(world, lock), 1);
    assert_int_equal(lock[0].until_us - lock[0].from_us, PIN_AGAIN_S * SMALL_SECOND_US);
    small_later(PIN_AGAIN_S * SMALL_SECOND_US);
    assert_int_equal(pin(world, PIN, &problem), OK);
    small_later(31 * SMALL_DAY_US);
    lock_pin(world);
    assert_int_equal(locks(world, lock), 1);
    assert_int_equal(lock[0].until_us - lock[0].from_us, PIN_LOCK_S * SMALL_SECOND_US);
}

static void what_is_no_pin_counts_no_try(void **state)
{
    struct world *world = *state;
    struct problem problem;
    static const char *const typed[] = {"83615", "8361520", "83615x", " 836152", "８３６１５２"};
    assert_int_equal(pin(world, NULL, &problem), CODE_PIN_REQUIRED);
    assert_int_equal(pin(world, "", &problem), CODE_PIN_REQUIRED);
    wrong_pins(world, 1);
    const int64_t hashes = vault_hash_count(world->small.vault);
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < sizeof typed / sizeof typed[0]; i++) {
            assert_int_equal(pin(world, typed[i], &problem), CODE_PIN_WRONG);
            assert_int_equal(problem.tries_left, 4);
        }
    }
    assert_int_equal(vault_hash_count(world->small.vault), hashes);
    assert_int_equal(pin_tries_left(world), 4);
    wrong_pins(world, 3);
    assert_int_equal(pin(world, "907341", &problem), CODE_PIN_LOCKED);
    assert_int_equal(pin(world, "83615", &problem), CODE_PIN_LOCKED);
}

static void an_ended_lock_is_over(void **state)
{
    struct world *world = *state;
    struct problem problem;
    struct guard_lock lock[4];
    lock_pin(world);
    small_begin(&world->small);
    assert_int_equal(guard_lock_end(world->small.db, PERSON, "L01", small_now(NULL)), OK);
    assert_int_equal(small_end(&world->small, OK), OK);
    assert_int_equal(pin(world, PIN, &problem), CODE_PIN_LOCKED);
    small_begin(&world->small);
    assert_int_equal(guard_lock_end(world->small.db, PERSON, "L02", small_now(NULL)), OK);
    assert_int_equal(small_end(&world->small, OK), OK);
    assert_int_equal(locks(world, lock), 0);
    assert_int_equal(pin(world, PIN, &problem), OK);
}

static void nobody_has_no_pin(void **state)
{
    struct world *world = *state;
    struct problem problem = {0};
    assert_int_equal(guard_pin_check(&world->gate, PERSON + 1, PIN, &problem), CODE_NOT_FOUND);
}

// --- many at once

struct thrower {
    struct world *world;
    const char *login; // NULL = the PIN
    const char *secret;
    enum code code;
};

static void *throw_main(void *context)
{
    struct thrower *thrower = context;
    int64_t person = 0;
    const struct guard_gate *gate = &thrower->world->gate;
    const struct guard_login attempt = {.login = thrower->login, .password = thrower->secret};
    thrower->code = thrower->login == NULL ? guard_pin_check(gate, PERSON, thrower->secret, NULL)
                                           : guard_login_check(gate, &attempt, &person, NULL);
    small_later(1); // each begins at another time
    return NULL;
}

// 64 wrong tries at once, of which `wrong_count` are told wrong. Returns how many reached the hash.
static int64_t throw_wrong(struct world *world, const char *who, enum code ends, int wrong_count)
{
    enum { THROWERS = 64 };
    struct thrower throwers[THROWERS];
    pthread_t threads[THROWERS];
    int seen[CODE_COUNT] = {0};
    const enum code wrong = who == NULL ? CODE_PIN_WRONG : CODE_LOGIN_FAILED;
    const int64_t hashes = vault_hash_count(world->small.vault);
    for (size_t i = 0; i < THROWERS; i++) {
        throwers[i] = (struct thrower){world, who, who == NULL ? "907341" : "kettle8river", OK};
        assert_int_equal(pthread_create(&threads[i], NULL, throw_main, &throwers[i]), 0);
    }
    for (size_t i = 0; i < THROWERS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        seen[throwers[i].code]++;
    }
    assert_int_equal(seen[wrong] + seen[ends] + seen[CODE_REQUEST_RUNNING], THROWERS);
    assert_int_equal(seen[wrong], wrong_count);
    assert_true(seen[ends] >= 1);
    return vault_hash_count(world->small.vault) - hashes;
}

static void tries_at_once_are_no_more_than_five(void **state)
{
    struct world *world = *state;
    struct guard_lock lock[4];
    struct problem problem;
    assert_int_equal(throw_wrong(world, NULL, CODE_PIN_LOCKED, 4), 5);
    assert_int_equal(locks(world, lock), 1);
    assert_int_equal(lock[0].tries, 5);
    assert_int_equal(pin(world, PIN, &problem), CODE_PIN_LOCKED);
    // Passwords: the third would have to wait, those on their way count.
    assert_int_equal(throw_wrong(world, PHONE, CODE_LOGIN_DELAY, 2), 2);
    assert_int_equal(throw_wrong(world, STRANGER, CODE_LOGIN_DELAY, 2), 2);
    assert_int_equal(locks(world, lock), 1);
}

// --- the log-in

static void login_by_phone_and_number(void **state)
{
    struct world *world = *state;
    struct problem problem;
    assert_int_equal(login(world, PHONE, PASSWORD, &problem), OK);
    assert_int_equal(login(world, "+86 138 0013 8000", PASSWORD, &problem), OK);
    assert_int_equal(login(world, world->number, PASSWORD, &problem), OK);
    assert_int_equal(login(world, PHONE, "kettle7rivers", &problem), CODE_LOGIN_FAILED);
    assert_int_equal(problem.tries_left, 4);
    assert_int_equal(problem.charged, CHARGED_NOT_INVOLVED);
}

// REQ-105 REQ-104: both names of one person count together; a signed-in person's check counts
// apart.
static void five_wrong_passwords_lock(void **state)
{
    struct world *world = *state;
    struct problem problem;
    struct guard_lock lock[4];
    assert_int_equal(login(world, PHONE, "wrong", &problem), CODE_LOGIN_FAILED);
    assert_int_equal(login(world, world->number, "wrong", &problem), CODE_LOGIN_FAILED);
    assert_int_equal(problem.tries_left, 3);
    problem = (struct problem){0};
    assert_int_equal(guard_password_check(&world->gate, PERSON, "wrong", &problem),
                     CODE_PASSWORD_WRONG);
    assert_int_equal(problem.tries_left, 4);
    assert_int_equal(login(world, PHONE, "wrong", &problem), CODE_LOGIN_FAILED);
    assert_int_equal(login(world, PHONE, "wrong", &problem), CODE_LOGIN_FAILED);
    assert_int_equal(login(world, PHONE, "wrong", &problem), CODE_ACCOUNT_LOCKED);
    assert_int_equal(problem.until_us, small_now(NULL) + LOGIN_LOCK_S * SMALL_SECOND_US);
    assert_int_equal(problem.hours, 24);
    assert_int_equal(locks(world, lock), 1);
    assert_string_equal(lock[0].code, "L01");
    assert_string_equal(lock[0].scope, "login");
    assert_string_equal(lock[0].case_number, problem.case_number);
    assert_int_equal(login(world, world->number, PASSWORD, &problem), CODE_ACCOUNT_LOCKED);
    assert_int_equal(guard_password_check(&world->gate, PERSON, PASSWORD, &problem), OK);
    assert_int_equal(pin(world, PIN, &problem), OK); // paying is not locked by it
    small_later(LOGIN_LOCK_S * SMALL_SECOND_US);
    assert_int_equal(login(world, PHONE, PASSWORD, &problem), OK);
}

static enum code try_login(struct world *world, const char *token, const char *password,
                           struct problem *problem)
{
    const struct guard_login attempt = {PHONE, password, token, "Chrome · Android", "203.0.113.7"};
    int64_t person = 0;
    *problem = (struct problem){0};
    return guard_login_check(&world->gate, &attempt, &person, problem);
}

// After the second, third and fourth wrong password the next one waits 2, 8 and 30 s; a try that
// does not wait is neither compared nor counted.
static void wrong_passwords_wait(void **state)
{
    static const int64_t waits_s[] = {0, 2, 8, 30};
    struct world *world = *state;
    struct problem problem;
    for (int i = 0; i < 4; i++) {
        assert_int_equal(try_login(world, NULL, "wrong", &problem), CODE_LOGIN_FAILED);
        assert_int_equal(problem.tries_left, 4 - i);
        assert_int_equal(problem.retry_after_s, waits_s[i]);
        if (waits_s[i] == 0)
            continue;
        const int64_t hashes = vault_hash_count(world->small.vault);
        small_later(waits_s[i] * SMALL_SECOND_US - 1);
        assert_int_equal(try_login(world, NULL, PASSWORD, &problem), CODE_LOGIN_DELAY);
        assert_int_equal(problem.retry_after_s, 1);
        assert_int_equal(vault_hash_count(world->small.vault), hashes);
        small_later(1);
    }
    assert_int_equal(try_login(world, NULL, "wrong", &problem), CODE_ACCOUNT_LOCKED);
}

// REQ-109: twenty more tries leave tries, end and signature as they are and never reach the hash,
// also when the clock is set back by an hour.
static void tries_during_a_lock_are_proved_not_to_count(void **state)
{
    struct world *world = *state;
    struct problem first, problem;
    lock_pin(world);
    assert_int_equal(pin(world, PIN, &first), CODE_PIN_LOCKED);
    const int64_t hashes = vault_hash_count(world->small.vault);
    for (int i = 0; i < 20; i++) {
        if (i == 10)
            small_later(-3600 * SMALL_SECOND_US);
        assert_int_equal(pin(world, i % 2 == 0 ? PIN : "907341", &problem), CODE_PIN_LOCKED);
        assert_int_equal(problem.tries, 5);
        assert_int_equal(problem.until_us, first.until_us);
        assert_string_equal(problem.signature, first.signature);
        assert_string_equal(problem.lock, "L02");
    }
    assert_int_equal(vault_hash_count(world->small.vault), hashes);
    struct guard_lock lock;
    char statement[GUARD_STATEMENT_MAX];
    assert_int_equal(guard_lock_by_case(world->small.db, first.case_number, &lock), OK);
    guard_lock_statement(&lock, statement);
    assert_true(vault_statement_valid(world->small.vault, statement, first.signature));
    assert_true(guard_lock_proved(world->small.vault, &lock, problem.signature));
    lock.tries = 6;
    assert_false(guard_lock_proved(world->small.vault, &lock, problem.signature));
}

// AB-14: a stranger fails a thousand times; the browser that the owner logs in from goes on, and
// has tries of its own.
static void strangers_do_not_lock_out_a_known_browser(void **state)
{
    struct world *world = *state;
    const struct guard_locker locker = {world->small.profiles, world->small.vault, &small_env};
    const struct guard_arrival own = {PERSON, "own-browser", "Chrome", "203.0.113.7", false};
    const struct id session = id_new(&small_env);
    struct problem problem;
    small_begin(&world->small);
    assert_int_equal(guard_device_know(world->small.db, &locker, &own, &session), OK);
    assert_int_equal(small_end(&world->small, OK), OK);
    const int64_t hashes = vault_hash_count(world->small.vault);
    for (int i = 0; i < 1000; i++) {
        (void)try_login(world, i % 3 == 0 ? NULL : "stranger", "wrong", &problem);
        small_later(31 * SMALL_SECOND_US);
    }
    assert_int_equal(problem.code, CODE_ACCOUNT_LOCKED);
    assert_int_equal(vault_hash_count(world->small.vault) - hashes, 5);
    assert_int_equal(try_login(world, NULL, PASSWORD, &problem), CODE_ACCOUNT_LOCKED);
    assert_int_equal(try_login(world, "own-browser", PASSWORD, &problem), OK);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(try_login(world, "own-browser", "wrong", &problem), CODE_LOGIN_FAILED);
        assert_int_equal(problem.tries_left, 4 - i);
        small_later(31 * SMALL_SECOND_US);
    }
    assert_int_equal(try_login(world, "own-browser", "wrong", &problem), CODE_ACCOUNT_LOCKED);
}

// REQ-105, story 11: 3 hours, 24 hours, and the third lock in thirty days waits for documents.
static void third_lock_waits_for_documents(void **state)
{
    struct world *world = *state;
    struct problem problem;
    struct guard_lock lock[4];
    lock_pin(world);
    small_later(3 * SMALL_DAY_US);
    lock_pin(world);
    small_later(3 * SMALL_DAY_US);
    wrong_pins(world, 4);
    assert_int_equal(pin(world, "907341", &problem), CODE_PIN_IDENTITY);
    assert_int_equal(problem.until_us, 0);
    assert_int_equal(problem.charged, CHARGED_NO);
    small_later(20 * SMALL_DAY_US); // it does not end by itself
    assert_int_equal(pin(world, PIN, &problem), CODE_PIN_IDENTITY);
    assert_int_equal(locks(world, lock), 1);
    assert_false(lock[0].automatic);
}

// The window of the log-in slides: 24 hours from each wrong try.
static void wrong_passwords_age(void **state)
{
    struct world *world = *state;
    struct problem problem;
    for (int i = 0; i < 4; i++) {
        assert_int_equal(login(world, PHONE, "wrong", &problem), CODE_LOGIN_FAILED);
        small_later(SMALL_SECOND_US);
    }
    // The first is out, the second not yet.
    small_later(SMALL_START_US + SMALL_DAY_US + SMALL_SECOND_US - small_now(NULL));
    assert_int_equal(login(world, PHONE, "wrong", &problem), CODE_LOGIN_FAILED);
    assert_int_equal(problem.tries_left, 1);
    assert_int_equal(login(world, PHONE, PASSWORD, &problem), OK);
    assert_int_equal(login(world, PHONE, "wrong", &problem), CODE_LOGIN_FAILED);
    assert_int_equal(problem.tries_left, 4);
}

// An unknown login answers, costs and locks like a known one.
static void unknown_logins_look_the_same(void **state)
{
    struct world *world = *state;
    struct problem known, unknown;
    for (int i = 0; i < 8; i++) {
        const int64_t before = vault_hash_count(world->small.vault);
        const enum code code = login(world, PHONE, "wrong", &known);
        const int64_t between = vault_hash_count(world->small.vault);
        assert_int_equal(login(world, STRANGER, "wrong", &unknown), code);
        assert_int_equal(vault_hash_count(world->small.vault) - between, between - before);
        assert_int_equal(unknown.code, known.code);
        assert_int_equal(unknown.tries_left, known.tries_left);
        assert_int_equal(unknown.until_us, known.until_us);
        assert_int_equal(unknown.hours, known.hours);
        assert_int_equal(strlen(unknown.case_number), strlen(known.case_number));
        assert_int_equal(code, i < 4 ? CODE_LOGIN_FAILED : CODE_ACCOUNT_LOCKED);
    }
}

// However a number is typed, it has one counter: the forms of a stranger's number may not have one
// each, or the counters would tell who has a wallet. AB-12
static void forms_of_a_login_share_the_counter(void **state)
{
    struct world *world = *state;
    struct problem problem;
    static const char *const known[] = {"13800138000", "138 0013 8000", "+86 138-0013-8000",
                                        "１３８００１３８０００"};
    static const char *const strange[] = {"13900139000", "139 0013 9000", "+86 139-0013-9000",
                                          "１３９００１３９０００"};
    for (int i = 0; i < 4; i++) {
        assert_int_equal(login(world, known[i], "wrong", &problem), CODE_LOGIN_FAILED);
        assert_int_equal(problem.tries_left, 4 - i);
        assert_int_equal(login(world, strange[i], "wrong", &problem), CODE_LOGIN_FAILED);
        assert_int_equal(problem.tries_left, 4 - i);
    }
    char spaced[64];
    (void)snprintf(spaced, sizeof spaced, "%.4s %s", world->number, world->number + 4);
    assert_int_equal(login(world, spaced, PASSWORD, &problem), OK);
    // Numbers that are no wallet's look the same in both forms.
    assert_int_equal(login(world, "8800000000000000", "wrong", &problem), CODE_LOGIN_FAILED);
    assert_int_equal(login(world, "8800 0000 0000 0000", "wrong", &problem), CODE_LOGIN_FAILED);
    assert_int_equal(problem.tries_left, 3);
}

// Counters of unknown logins go when nobody used them; those of people stay.
static void old_counters_of_strangers_go(void **state)
{
    struct world *world = *state;
    struct problem problem;
    int64_t deleted;
    assert_int_equal(login(world, STRANGER, "wrong", &problem), CODE_LOGIN_FAILED);
    assert_int_equal(login(world, PHONE, "wrong", &problem), CODE_LOGIN_FAILED);
    for (int round = 0; round < 2; round++) {
        small_begin(&world->small);
        assert_int_equal(guard_tries_prune(world->small.db, SMALL_START_US + round, 10, &deleted),
                         OK);
        assert_int_equal(small_end(&world->small, OK), OK);
        assert_int_equal(deleted, round);
    }
    assert_int_equal(login(world, STRANGER, "wrong", &problem), CODE_LOGIN_FAILED);
    assert_int_equal(problem.tries_left, 4);
    assert_int_equal(login(world, PHONE, "wrong", &problem), CODE_LOGIN_FAILED);
    assert_int_equal(problem.tries_left, 3);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

static int run_engine(const char *name)
{
    const struct CMUnitTest tests[] = {
        TEST(five_wrong_pins_lock),
        TEST(lock_holds_against_the_right_pin),
        TEST(clock_set_back_does_not_unlock),
        TEST(right_pin_forgets_the_wrong_ones),
        TEST(pin_tries_begin_with_the_day),
        TEST(second_lock_within_seven_days_is_longer),
        TEST(what_is_no_pin_counts_no_try),
        TEST(an_ended_lock_is_over),
        TEST(nobody_has_no_pin),
        TEST(tries_at_once_are_no_more_than_five),
        TEST(wrong_passwords_wait),
        TEST(tries_during_a_lock_are_proved_not_to_count),
        TEST(strangers_do_not_lock_out_a_known_browser),
        TEST(third_lock_waits_for_documents),
        TEST(login_by_phone_and_number),
        TEST(five_wrong_passwords_lock),
        TEST(wrong_passwords_age),
        TEST(unknown_logins_look_the_same),
        TEST(forms_of_a_login_share_the_counter),
        TEST(old_counters_of_strangers_go),
    };
    return cmocka_run_group_tests_name(name, tests, NULL, NULL);
}

int main(void)
{
    int failed = run_engine("tries on SQLite");
    if (getenv("TONGBAO_TEST_POSTGRES") != NULL) {
        schema = "guard_tries";
        failed += run_engine("tries on PostgreSQL");
    }
    return failed;
}
