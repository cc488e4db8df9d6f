// rooms: guard party vault books ledger money db base
// Secrets that were in use before are refused: the current password and the four before it, the
// current PIN and the two before it; what is older is free again and is forgotten.
#include "unit/small_world.h"

enum { PERSON = 4711, CHANGES = 14 };
static const char *schema; // NULL = SQLite

static void name_of(char out[32], enum vault_secret kind, int i)
{
    (void)snprintf(out, 32, kind == VAULT_PIN ? "8361%02d" : "kettle%drivers", i + 10);
}

static void add_person(struct small *world)
{
    char password[VAULT_STORED_TEXT], pin[VAULT_STORED_TEXT], text[32];
    struct party_wallet wallet;
    name_of(text, VAULT_PASSWORD, 0);
    assert_int_equal(vault_password_hash(world->vault, VAULT_PASSWORD, text, password), OK);
    name_of(text, VAULT_PIN, 0);
    assert_int_equal(vault_password_hash(world->vault, VAULT_PIN, text, pin), OK);
    const struct party_new_person in = {.id = PERSON,
                                        .name = "王芳",
                                        .id_number = "320124198808240056",
                                        .phone = "13800138000",
                                        .birth_date = 19880824,
                                        .sex = PARTY_MALE,
                                        .wallet_class = 3,
                                        .password_stored = password,
                                        .pin_stored = pin};
    small_begin(world);
    assert_int_equal(party_person_add(world->db, world->vault, &small_env, &in, &wallet, NULL), OK);
    assert_int_equal(small_end(world, OK), OK);
}

static enum code check(struct small *world, enum vault_secret kind, const char *secret,
                       struct problem *problem)
{
    struct guard_history history;
    assert_int_equal(guard_history_load(world->db, world->profiles, PERSON, kind,
                                        time_business_date(small_now(NULL)), &history),
                     OK);
    return guard_history_check(world->vault, kind, secret, &history, problem);
}

static void change(struct small *world, enum vault_secret kind, int i)
{
    char stored[VAULT_STORED_TEXT], text[32];
    name_of(text, kind, i);
    assert_int_equal(vault_password_hash(world->vault, kind, text, stored), OK);
    small_begin(world);
    assert_int_equal(kind == VAULT_PIN
                         ? party_set_pin(world->db, PERSON, stored, i, small_now(NULL))
                         : party_set_password(world->db, PERSON, stored, i, small_now(NULL)),
                     OK);
    assert_int_equal(small_end(world, OK), OK);
}

static int64_t kept(struct small *world, enum vault_secret kind)
{
    int64_t rows;
    const struct db_value value = db_int(kind);
    assert_int_equal(db_query_int(world->db, &rows,
                                  "SELECT count(*) FROM party_secret_past WHERE kind = $1", &value,
                                  1, -1),
                     OK);
    return rows;
}

static void history_of(struct small *world, enum vault_secret kind, int refused)
{
    for (int i = 1; i <= CHANGES; i++) {
        change(world, kind, i);
        for (int back = 0; back <= i; back++) {
            struct problem problem = {0};
            char text[32];
            name_of(text, kind, i - back);
            const enum code code = check(world, kind, text, &problem);
            const enum code weak = kind == VAULT_PIN ? CODE_PIN_WEAK : CODE_PASSWORD_WEAK;
            assert_int_equal(code, back < refused ? weak : OK);
            if (code != OK)
                assert_string_equal(problem.fields[0].reason,
                                    kind == VAULT_PIN ? "pin.used" : "password.used");
        }
    }
    assert_int_equal(kept(world, kind), PARTY_SECRETS_KEPT);
}

static void passwords_and_pins(void **state)
{
    struct small world;
    (void)state;
    log_set_level(LOG_ERROR + 1);
    small_open(&world, schema);
    add_person(&world);
    history_of(&world, VAULT_PASSWORD, 5);
    history_of(&world, VAULT_PIN, 3);
    small_close(&world);
}

// A password typed with full-width letters or combining accents is the same password.
static void one_password_for_all_keyboards(void **state)
{
    struct small world;
    char stored[VAULT_STORED_TEXT];
    bool match = false;
    (void)state;
    small_open(&world, schema);
    assert_int_equal(
        vault_password_hash(world.vault, VAULT_PASSWORD, "caf\xC3\xA9 kettle7", stored), OK);
    assert_int_equal(vault_password_verify(world.vault, VAULT_PASSWORD, "cafe\xCC\x81 kettle7",
                                           stored, &match, NULL),
                     OK);
    assert_true(match);
    assert_int_equal(vault_password_verify(world.vault, VAULT_PASSWORD, "ｃａｆé　ｋｅｔｔｌｅ７",
                                           stored, &match, NULL),
                     OK);
    assert_true(match);
    assert_int_equal(
        vault_password_verify(world.vault, VAULT_PASSWORD, "cafe kettle7", stored, &match, NULL),
        OK);
    assert_false(match);
    small_close(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(passwords_and_pins),
        cmocka_unit_test(one_password_for_all_keyboards),
    };
    int failed = cmocka_run_group_tests_name("history", tests, NULL, NULL);
    if (getenv("TONGBAO_TEST_POSTGRES") == NULL)
        return failed;
    schema = "guard_history";
    return failed + cmocka_run_group_tests_name("history, PostgreSQL", tests, NULL, NULL);
}
