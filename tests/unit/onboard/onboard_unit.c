// rooms: onboard otp guard party vault books ledger money db audit base
// Opening a wallet: the steps of the person, every refusal, editing, the life of a draft, what is
// kept and what is not.
#include "unit/onboard/onboard_world.h"

// --- the path ---

// REQ-022 REQ-023 REQ-025 REQ-027 REQ-033 REQ-037 REQ-039
static void the_whole_path_opens_a_wallet(void **state)
{
    struct world *world = *state;
    struct small_letter letter = {0};
    char stored[VAULT_STORED_TEXT];
    assert_int_equal(create(world, "2026-01", true), OK);
    assert_step(world, "identity");
    assert_int_equal(identity(world, " 欧阳震华 ", "320124 19880824 0056", NULL), OK);
    struct onboard_application application = application_of(world);
    assert_string_equal(application.step, "phone");
    assert_string_equal(application.name, NAME);
    assert_string_equal(application.id_number, ID_NUMBER);
    assert_int_equal(application.birth_date, 19880824);
    assert_int_equal(application.sex, PARTY_MALE);
    assert_int_equal(send_code(world, "+86 138-0013-8000", NULL), OK);
    assert_int_equal(small_letters(&world->small, &letter), 1);
    assert_string_equal(letter.lines[1], PHONE);
    application = application_of(world);
    assert_true(application.has_challenge && application.has_phone);
    assert_false(application.phone_verified);
    assert_int_equal(application.challenge.tries_left, 3);
    assert_int_equal(application.phone_class, GUARD_PHONE_ORDINARY);
    assert_int_equal(verify(world, letter.lines[2], NULL), OK);
    application = application_of(world);
    assert_true(application.phone_verified);
    assert_false(application.has_challenge);
    assert_string_equal(application.step, "face");
    assert_int_equal(start_face(world, NULL), OK);
    assert_int_equal(application_of(world).face, ONBOARD_FACE_CHECKING);
    assert_int_equal(waiting(world, "face"), 1);
    assert_int_equal(face_result(world, ONBOARD_LATER), OK);
    assert_int_equal(application_of(world).face, ONBOARD_FACE_CHECKING);
    assert_int_equal(face_result(world, ONBOARD_YES), OK);
    assert_step(world, "password");
    stored_secret(world, VAULT_PASSWORD, PASSWORD, stored);
    assert_int_equal(put_password(world, stored), OK);
    assert_step(world, "pin");
    put_secrets(world);
    assert_step(world, "review");
    assert_int_equal(submit(world), OK);
    assert_step(world, "submitted");
    assert_int_equal(application_of(world).state, ONBOARD_SUBMITTED);
    small_later(SMALL_SECOND_US);
    assert_int_equal(checking(world), OK);
    assert_int_equal(checking(world), OK);
    assert_int_equal(application_of(world).state, ONBOARD_CHECKING);
    small_later(SMALL_SECOND_US);
    assert_int_equal(decide(world, ONBOARD_LATER), OK);
    assert_int_equal(application_of(world).state, ONBOARD_CHECKING);
    assert_int_equal(decide(world, ONBOARD_YES), OK);
    application = application_of(world);
    assert_int_equal(application.state, ONBOARD_OPENED);
    assert_string_equal(application.step, "opened");
    assert_int_equal(application.submitted_us, SMALL_START_US);
    assert_int_equal(application.checking_us, SMALL_START_US + SMALL_SECOND_US);
    assert_int_equal(application.decided_us, SMALL_START_US + 2 * SMALL_SECOND_US);
}

// --- what was typed ---

// REQ-024 REQ-042 REQ-044
static void identity_refusals_name_the_field(void **state)
{
    struct world *world = *state;
    static const struct {
        const char *name, *id_number;
        enum code code;
        const char *pointer, *reason;
    } cases[] = {
        {"李", "320124198808240056", CODE_NAME_INVALID, "/name", ""},
        {"王芳1", "320124198808240056", CODE_NAME_INVALID, "/name", ""},
        {"王芳", "320124198807240056", CODE_ID_NUMBER_INVALID, "/id_number", "id.check"},
        {"王芳", "320124198802300056", CODE_ID_NUMBER_INVALID, "/id_number", "id.date"},
        {"王芳", "990124198808240056", CODE_ID_NUMBER_INVALID, "/id_number", "id.province"},
        {"王芳", "12010X198901011234", CODE_ID_NUMBER_INVALID, "/id_number", "id.form"},
        {"王芳", "310101201406010037", CODE_AGE_NOT_ELIGIBLE, "/id_number", "minors.guardian"},
        {"王芳", "31010120120315003X", CODE_AGE_NOT_ELIGIBLE, "/id_number", "minors.guardian"},
    };
    assert_int_equal(create(world, "2026-01", true), OK);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct problem problem = {0};
        assert_int_equal(identity(world, cases[i].name, cases[i].id_number, &problem),
                         cases[i].code);
        assert_int_equal(problem.code, cases[i].code);
        assert_int_equal(problem.field_count, 1);
        assert_string_equal(problem.fields[0].pointer, cases[i].pointer);
        assert_string_equal(problem.fields[0].reason, cases[i].reason);
        assert_step(world, "identity");
    }
    struct problem both = {0};
    assert_int_equal(identity(world, "李", "1", &both), CODE_NAME_INVALID);
    assert_int_equal(both.field_count, 2);
    assert_string_equal(both.fields[1].pointer, "/id_number");
    assert_int_equal(identity(world, "王芳", "310101201003150035", NULL), OK); // 16 years old
    assert_step(world, "phone");
}

// REQ-056 REQ-057
static void phone_refusals(void **state)
{
    struct world *world = *state;
    static const struct {
        const char *phone;
        enum code code;
    } cases[] = {
        {"02112345678", CODE_PHONE_INVALID},       {"1380013800", CODE_PHONE_INVALID},
        {"12345678901", CODE_PHONE_INVALID},       {"14712345678", CODE_PHONE_NOT_SUPPORTED},
        {"14000123456", CODE_PHONE_NOT_SUPPORTED}, {"13491234567", CODE_PHONE_NOT_SUPPORTED},
        {"17405123456", CODE_PHONE_NOT_SUPPORTED}};
    assert_int_equal(create(world, "2026-01", true), OK);
    assert_int_equal(identity(world, NAME, ID_NUMBER, NULL), OK);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct problem problem = {0};
        assert_int_equal(send_code(world, cases[i].phone, &problem), cases[i].code);
        assert_string_equal(problem.fields[0].pointer, "/phone");
    }
    assert_int_equal(waiting(world, "sms"), 0);
    assert_false(application_of(world).has_phone);
    assert_int_equal(send_code(world, "17012345678", NULL), OK);
    assert_int_equal(application_of(world).phone_class, GUARD_PHONE_MVNO);
}

// REQ-025
static void wrong_codes_are_counted(void **state)
{
    struct world *world = *state;
    struct small_letter letter = {0};
    struct problem problem = {0};
    assert_int_equal(create(world, "2026-01", true), OK);
    assert_int_equal(identity(world, NAME, ID_NUMBER, NULL), OK);
    assert_int_equal(verify(world, "123456", NULL), CODE_STEP_ORDER);
    assert_int_equal(send_code(world, PHONE, NULL), OK);
    assert_int_equal(small_letters(&world->small, &letter), 1);
    const char *wrong = text_equal(letter.lines[2], "000000") ? "000001" : "000000";
    assert_int_equal(verify(world, wrong, &problem), CODE_OTP_WRONG);
    assert_int_equal(problem.tries_left, 2);
    assert_int_equal(application_of(world).challenge.tries_left, 2);
    assert_int_equal(verify(world, wrong, &problem), CODE_OTP_WRONG);
    assert_int_equal(verify(world, wrong, &problem), CODE_OTP_WRONG);
    assert_int_equal(problem.tries_left, 0);
    assert_int_equal(verify(world, letter.lines[2], &problem), CODE_OTP_EXPIRED);
    assert_step(world, "phone");
    assert_false(application_of(world).has_challenge);
}

// A refusal to send leaves the phone as it was.
static void too_many_codes_change_nothing(void **state)
{
    struct world *world = *state;
    struct problem problem = {0};
    assert_int_equal(create(world, "2026-01", true), OK);
    assert_int_equal(identity(world, NAME, ID_NUMBER, NULL), OK);
    assert_int_equal(send_code(world, PHONE, NULL), OK);
    assert_int_equal(send_code(world, PHONE, &problem), CODE_OTP_TOO_MANY);
    assert_in_range(problem.retry_after_s, 60, 61);
    assert_int_equal(waiting(world, "sms"), 1);
}

static void secrets_are_checked_against_the_person(void **state)
{
    struct world *world = *state;
    struct problem problem = {0};
    assert_int_equal(create(world, "2026-01", true), OK);
    struct onboard_application application = application_of(world);
    assert_int_equal(onboard_password_rules(&world->onboard, &application, PASSWORD, NULL),
                     CODE_STEP_ORDER);
    assert_int_equal(onboard_pin_rules(&world->onboard, &application, PIN, NULL), CODE_STEP_ORDER);
    fill(world, ID_NUMBER, PHONE);
    application = application_of(world);
    assert_int_equal(
        onboard_password_rules(&world->onboard, &application, "x13800138000a", &problem),
        CODE_PASSWORD_WEAK);
    assert_string_equal(problem.fields[0].reason, "password.phone");
    problem = (struct problem){0};
    assert_int_equal(onboard_pin_rules(&world->onboard, &application, "082488", &problem),
                     CODE_PIN_WEAK);
    assert_string_equal(problem.fields[0].reason, "pin.birthday");
}

// --- order and editing ---

// REQ-031
static void later_steps_wait_for_the_earlier(void **state)
{
    struct world *world = *state;
    char stored[VAULT_STORED_TEXT];
    stored_secret(world, VAULT_PASSWORD, PASSWORD, stored);
    assert_int_equal(create(world, "2026-01", true), OK);
    assert_int_equal(send_code(world, PHONE, NULL), CODE_STEP_ORDER);
    assert_int_equal(start_face(world, NULL), CODE_STEP_ORDER);
    assert_int_equal(put_password(world, stored), CODE_STEP_ORDER);
    assert_int_equal(put_pin(world, stored), CODE_STEP_ORDER);
    assert_int_equal(submit(world), CODE_STEP_ORDER);
    assert_int_equal(identity(world, NAME, ID_NUMBER, NULL), OK);
    assert_int_equal(start_face(world, NULL), CODE_STEP_ORDER);
    prove_phone(world, PHONE);
    assert_int_equal(put_password(world, stored), CODE_STEP_ORDER);
    pass_face(world);
    assert_int_equal(put_pin(world, stored), CODE_STEP_ORDER);
    assert_int_equal(submit(world), CODE_STEP_ORDER);
    put_secrets(world);
    assert_int_equal(submit(world), OK);
    // Nothing may be edited after that.
    assert_int_equal(identity(world, "王芳", ID_NUMBER, NULL), CODE_STEP_ORDER);
    assert_int_equal(send_code(world, "13900139000", NULL), CODE_STEP_ORDER);
    assert_int_equal(start_face(world, NULL), CODE_STEP_ORDER);
    assert_int_equal(put_password(world, stored), CODE_STEP_ORDER);
    assert_int_equal(put_pin(world, stored), CODE_STEP_ORDER);
}

static void another_identity_takes_back_what_hung_on_it(void **state)
{
    struct world *world = *state;
    fill(world, ID_NUMBER, PHONE);
    // The same again changes nothing.
    assert_int_equal(identity(world, NAME, ID_NUMBER, NULL), OK);
    assert_step(world, "review");
    assert_int_equal(identity(world, "王芳", "130132199210293822", NULL), OK);
    struct onboard_application application = application_of(world);
    assert_string_equal(application.step, "face");
    assert_int_equal(application.face, ONBOARD_FACE_NONE);
    assert_int_equal(application.sex, PARTY_FEMALE);
    assert_true(application.phone_verified);
    assert_false(application.has_password || application.has_pin);
    // An answer about the old face is not taken.
    assert_int_equal(face_result(world, ONBOARD_YES), OK);
    assert_int_equal(application_of(world).face, ONBOARD_FACE_NONE);
    // While a face is checked, it stays whose face it is.
    assert_int_equal(start_face(world, NULL), OK);
    assert_int_equal(identity(world, NAME, ID_NUMBER, NULL), CODE_REQUEST_RUNNING);
    assert_int_equal(identity(world, "王芳", "130132199210293822", NULL), OK);
    assert_int_equal(face_result(world, ONBOARD_YES), OK);
    assert_step(world, "password");
}

// REQ-048
static void another_phone_must_be_proved_again(void **state)
{
    struct world *world = *state;
    struct small_letter letter = {0};
    fill(world, ID_NUMBER, PHONE);
    assert_int_equal(send_code(world, "138 0013 8000", NULL), OK); // the same: nothing to prove
    assert_int_equal(small_letters(&world->small, &letter), 0);
    assert_step(world, "review");
    assert_int_equal(send_code(world, "13900139000", NULL), OK);
    struct onboard_application application = application_of(world);
    assert_string_equal(application.step, "phone");
    assert_false(application.phone_verified || application.has_password || application.has_pin);
    assert_int_equal(application.face, ONBOARD_FACE_PASSED);
    assert_int_equal(small_letters(&world->small, &letter), 1);
    assert_int_equal(verify(world, letter.lines[2], NULL), OK);
    assert_int_equal(verify(world, letter.lines[2], NULL), OK); // pressed twice
    assert_step(world, "password");
}

// The code of one phone proves no other.
// REQ-025
static void a_code_is_bound_to_its_phone(void **state)
{
    struct world *world = *state;
    struct small_letter first = {0}, second = {0};
    assert_int_equal(create(world, "2026-01", true), OK);
    assert_int_equal(identity(world, NAME, ID_NUMBER, NULL), OK);
    assert_int_equal(send_code(world, PHONE, NULL), OK);
    assert_int_equal(small_letters(&world->small, &first), 1);
    assert_int_equal(send_code(world, "13900139000", NULL), OK);
    assert_int_equal(small_letters(&world->small, &second), 1);
    assert_string_not_equal(first.lines[2], second.lines[2]);
    assert_int_equal(verify(world, first.lines[2], NULL), CODE_OTP_WRONG);
    assert_int_equal(verify(world, second.lines[2], NULL), OK);
    assert_string_equal(application_of(world).phone, "13900139000");
}

// --- face ---

// REQ-027
static void three_face_tries(void **state)
{
    struct world *world = *state;
    struct problem problem = {0};
    assert_int_equal(create(world, "2026-01", true), OK);
    assert_int_equal(identity(world, NAME, ID_NUMBER, NULL), OK);
    prove_phone(world, PHONE);
    for (int left = 2; left >= 0; left--) {
        assert_int_equal(start_face(world, NULL), OK);
        assert_int_equal(start_face(world, NULL), OK); // pressed twice: one try
        assert_int_equal(application_of(world).face_tries_left, left);
        assert_int_equal(face_result(world, ONBOARD_NO), OK);
        assert_int_equal(application_of(world).face, ONBOARD_FACE_FAILED);
    }
    assert_int_equal(waiting(world, "face"), 3);
    assert_int_equal(start_face(world, &problem), CODE_NOT_ALLOWED);
    assert_string_equal(problem.rule, "face.tries");
    // Another identity gives no further tries.
    assert_int_equal(identity(world, "王芳", "130132199210293822", NULL), OK);
    assert_int_equal(start_face(world, NULL), CODE_NOT_ALLOWED);
    // A late YES is not taken.
    assert_int_equal(face_result(world, ONBOARD_YES), OK);
    assert_step(world, "face");
}

static void no_face_without_consent(void **state)
{
    struct world *world = *state;
    struct problem problem = {0};
    assert_int_equal(create(world, "2026-01", false), OK);
    assert_int_equal(identity(world, NAME, ID_NUMBER, NULL), OK);
    prove_phone(world, PHONE);
    assert_int_equal(start_face(world, &problem), CODE_NOT_ALLOWED);
    assert_string_equal(problem.rule, "face.consent");
    assert_int_equal(waiting(world, "face"), 0);
}

// --- the life of a draft ---

// REQ-050
static void drafts_live_seven_days(void **state)
{
    struct world *world = *state;
    struct onboard_application out;
    int64_t deleted;
    fill(world, ID_NUMBER, PHONE);
    small_later(ONBOARD_LIFE_US - 1);
    assert_int_equal(onboard_find(db_of(world), &world->onboard, world->token, &out), OK);
    assert_int_equal(onboard_prune(db_of(world), small_now(NULL), 10, &deleted), OK);
    assert_int_equal(deleted, 0);
    small_later(1);
    assert_int_equal(onboard_find(db_of(world), &world->onboard, world->token, &out),
                     CODE_NOT_FOUND);
    assert_int_equal(submit(world), CODE_NOT_FOUND);
    assert_int_equal(identity(world, NAME, ID_NUMBER, NULL), CODE_NOT_FOUND);
    assert_int_equal(onboard_prune(db_of(world), small_now(NULL), 10, &deleted), OK);
    assert_int_equal(deleted, 1);
    assert_int_equal(number_of(world, "SELECT count(*) FROM onboard_application"), 0);
    assert_int_equal(face_result(world, ONBOARD_YES), OK);
}

// The register may take long: what is submitted does not expire.
// REQ-033
static void submitted_applications_wait(void **state)
{
    struct world *world = *state;
    int64_t deleted;
    fill(world, ID_NUMBER, PHONE);
    assert_int_equal(submit(world), OK);
    small_later(ONBOARD_LIFE_US * 2);
    assert_int_equal(onboard_prune(db_of(world), small_now(NULL), 10, &deleted), OK);
    assert_int_equal(deleted, 0);
    assert_step(world, "submitted");
    assert_int_equal(decide(world, ONBOARD_YES), OK);
    assert_int_equal(number_of(world, "SELECT count(*) FROM party_person"), 1);
    // The record of the consent stays.
    assert_int_equal(onboard_prune(db_of(world), small_now(NULL), 10, &deleted), OK);
    assert_int_equal(deleted, 0);
}

static enum code give_up(struct world *world)
{
    small_begin(&world->small);
    return small_end(&world->small, onboard_delete(db_of(world), world->number));
}

static void giving_up(void **state)
{
    struct world *world = *state;
    struct onboard_application out;
    assert_int_equal(create(world, "2026-01", true), OK);
    assert_int_equal(give_up(world), OK);
    assert_int_equal(give_up(world), CODE_NOT_FOUND);
    assert_int_equal(onboard_find(db_of(world), &world->onboard, world->token, &out),
                     CODE_NOT_FOUND);
    fill(world, ID_NUMBER, PHONE);
    assert_int_equal(submit(world), OK);
    assert_int_equal(give_up(world), CODE_STEP_ORDER);
    assert_int_equal(decide(world, ONBOARD_YES), OK);
    assert_int_equal(give_up(world), OK);
    assert_int_equal(onboard_find(db_of(world), &world->onboard, world->token, &out),
                     CODE_NOT_FOUND);
    assert_int_equal(number_of(world, "SELECT count(*) FROM onboard_application"), 1);
}

static void another_token_finds_nothing(void **state)
{
    struct world *world = *state;
    struct onboard_application out;
    assert_int_equal(create(world, "2026-01", true), OK);
    world->token[0] = world->token[0] == 'A' ? 'B' : 'A';
    assert_int_equal(onboard_find(db_of(world), &world->onboard, world->token, &out),
                     CODE_NOT_FOUND);
    assert_int_equal(onboard_find(db_of(world), &world->onboard, "", &out), CODE_NOT_FOUND);
    assert_int_equal(onboard_load(db_of(world), &world->onboard, world->number + 2, &out),
                     CODE_NOT_FOUND);
}

// --- nothing personal in clear ---

// In the database file or its log.
static bool stored_in_clear(struct world *world, const char *word)
{
    static const char *const names[] = {"a.db", "a.db-wal"};
    struct buffer bytes = {0};
    char path[128], block[4096];
    for (size_t i = 0; i < 2; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", world->small.folder, names[i]);
        FILE *file = fopen(path, "rb");
        assert_non_null(file);
        for (size_t size; (size = fread(block, 1, sizeof block, file)) > 0;)
            buffer_append(&bytes, block, size);
        (void)fclose(file);
    }
    const bool found = memmem(bytes.data, bytes.size, word, strlen(word)) != NULL;
    buffer_free(&bytes);
    return found;
}

// REQ-003 REQ-013
static void nothing_personal_in_clear(void **state)
{
    struct world *world = *state;
    struct small_letter letter = {0};
    assert_int_equal(create(world, "2026-01", true), OK);
    assert_int_equal(identity(world, NAME, ID_NUMBER, NULL), OK);
    assert_int_equal(send_code(world, PHONE, NULL), OK);
    assert_int_equal(small_letters(&world->small, &letter), 1);
    assert_int_equal(verify(world, letter.lines[2], NULL), OK);
    pass_face(world);
    put_secrets(world);
    const char *const words[] = {NAME, ID_NUMBER, PHONE, PASSWORD, PIN, world->token};
    assert_true(stored_in_clear(world, application_of(world).case_number)); // the search does find
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
            if (stored_in_clear(world, words[i]))
                fail_msg("%s is stored in clear", words[i]);
        assert_int_equal(submit(world), OK);
        assert_int_equal(decide(world, ONBOARD_YES), OK);
    }
    assert_int_equal(number_of(world, "SELECT count(*) FROM onboard_application WHERE name IS NULL "
                                      "AND id_number IS NULL AND phone IS NULL AND password IS "
                                      "NULL AND pin IS NULL"),
                     1);
}

// A sealed value moved to another application does not open.
static void sealed_values_stay_with_their_row(void **state)
{
    struct world *world = *state;
    struct onboard_application out;
    assert_int_equal(create(world, "2026-01", true), OK);
    assert_int_equal(identity(world, NAME, ID_NUMBER, NULL), OK);
    assert_int_equal(create(world, "2026-01", true), OK);
    assert_int_equal(db_exec(db_of(world),
                             "UPDATE onboard_application SET name = (SELECT name FROM "
                             "onboard_application WHERE name IS NOT NULL) WHERE name IS NULL",
                             NULL, 0, NULL),
                     OK);
    assert_int_equal(onboard_load(db_of(world), &world->onboard, world->number, &out),
                     CODE_INTERNAL);
}

static int run_engine(const char *name)
{
    const struct CMUnitTest tests[] = {
        TEST(the_whole_path_opens_a_wallet),
        TEST(identity_refusals_name_the_field),
        TEST(phone_refusals),
        TEST(wrong_codes_are_counted),
        TEST(too_many_codes_change_nothing),
        TEST(secrets_are_checked_against_the_person),
        TEST(later_steps_wait_for_the_earlier),
        TEST(another_identity_takes_back_what_hung_on_it),
        TEST(another_phone_must_be_proved_again),
        TEST(a_code_is_bound_to_its_phone),
        TEST(three_face_tries),
        TEST(no_face_without_consent),
        TEST(drafts_live_seven_days),
        TEST(submitted_applications_wait),
        TEST(giving_up),
        TEST(another_token_finds_nothing),
        TEST(sealed_values_stay_with_their_row),
    };
    return cmocka_run_group_tests_name(name, tests, NULL, NULL);
}

int main(void)
{
    const struct CMUnitTest of_the_file[] = {TEST(nothing_personal_in_clear)};
    int failed = run_engine("onboard on SQLite");
    failed += cmocka_run_group_tests_name("file", of_the_file, NULL, NULL);
    if (getenv("TONGBAO_TEST_POSTGRES") != NULL) {
        schema = "onboard_unit";
        failed += run_engine("onboard on PostgreSQL");
    }
    return failed;
}
