// rooms: otp guard party vault books ledger money db base
// One-time codes: their life, their tries, the same code over resends, the limits of a day.
#include "otp/otp.h"

#include "unit/small_world.h"

static const char PHONE[] = "13800138000";
static const char OTHER[] = "13900139000";
enum { SUBJECT = 4711, LIFE_S = 300, RESEND_S = 60 };

static const char *schema; // NULL = SQLite
static struct small *world;
static struct otp otp;

static int set_up(void **state)
{
    log_set_level(LOG_ERROR + 1);
    world = mem_alloc(sizeof *world);
    small_open(world, schema);
    otp = (struct otp){.profiles = world->profiles,
                       .vault = world->vault,
                       .env = &small_env,
                       .second_route = true,
                       .voice = true};
    *state = world;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    small_close(world);
    mem_free(world);
    return 0;
}

static struct otp_request request_of(const char *purpose, int64_t subject, const char *phone)
{
    return (struct otp_request){
        .purpose = purpose, .subject = subject, .phone = phone, .language = PARTY_ZH};
}

static enum code send(const struct otp_request *request, struct otp_challenge *out,
                      struct problem *problem)
{
    small_begin(world);
    return small_end(world, otp_send(world->db, &otp, request, out, problem));
}

static enum code verify(const struct otp_request *request, const char *code,
                        struct problem *problem)
{
    *problem = (struct problem){0};
    small_begin(world);
    return small_end(world, otp_verify(world->db, &otp, request, code, problem));
}

// Sends and reads the message.
static void send_code(const struct otp_request *request, struct otp_challenge *out, char code[48])
{
    struct small_letter letter = {0};
    assert_int_equal(send(request, out, NULL), OK);
    assert_int_equal(small_letters(world, &letter), 1);
    assert_string_equal(letter.lines[0], request->purpose);
    assert_string_equal(letter.lines[1], request->phone);
    (void)text_copy(code, 48, letter.lines[2]);
}

// A code that is not this one.
static const char *wrong_of(const char *code)
{
    return text_equal(code, "000000") ? "000001" : "000000";
}

// A stranger's phone rings once a minute, however many openings ask for it. AB-10
static void one_message_a_minute_to_a_number(void **state)
{
    struct otp_challenge challenge;
    struct problem problem = {0};
    const struct otp_request first = request_of("otp.open", SUBJECT, PHONE);
    const struct otp_request other = request_of("otp.open", SUBJECT + 1, PHONE);
    (void)state;
    assert_int_equal(send(&first, &challenge, NULL), OK);
    assert_int_equal(send(&other, &challenge, &problem), CODE_OTP_TOO_MANY);
    assert_in_range(problem.retry_after_s, RESEND_S, RESEND_S + 1);
    small_later(RESEND_S * SMALL_SECOND_US - 1);
    assert_int_equal(send(&other, &challenge, NULL), CODE_OTP_TOO_MANY);
    small_later(1);
    assert_int_equal(send(&other, &challenge, NULL), OK);
    // Wrong guesses do not free the number: only who has the phone can type the code.
    for (int i = 0; i < 3; i++)
        assert_int_equal(verify(&other, "000000", &problem), CODE_OTP_WRONG);
    assert_int_equal(send(&first, &challenge, NULL), CODE_OTP_TOO_MANY);
    // Another number is another phone.
    const struct otp_request third = request_of("otp.open", SUBJECT + 2, OTHER);
    assert_int_equal(send(&third, &challenge, NULL), OK);
}

static void code_and_its_message(void **state)
{
    struct otp_challenge challenge, loaded;
    struct problem problem;
    struct small_letter letter = {0};
    const struct otp_request request = request_of("otp.open", SUBJECT, PHONE);
    (void)state;
    assert_int_equal(send(&request, &challenge, NULL), OK);
    assert_int_equal(small_letters(world, &letter), 1);
    assert_int_equal(strlen(letter.lines[2]), 6);
    assert_true(text_all_digits(letter.lines[2]));
    assert_string_equal(letter.lines[3], "zh-CN");
    assert_string_equal(letter.lines[4], "5");
    assert_int_equal(challenge.sent_us, SMALL_START_US);
    assert_int_equal(challenge.resend_us, SMALL_START_US + RESEND_S * SMALL_SECOND_US);
    assert_int_equal(challenge.expires_us, SMALL_START_US + LIFE_S * SMALL_SECOND_US);
    assert_int_equal(challenge.tries_left, 3);
    assert_int_equal(challenge.codes_left_today, 4);
    assert_int_equal(otp_load(world->db, &otp, "otp.open", SUBJECT, &loaded), OK);
    assert_true(id_equal(&loaded.id, &challenge.id));
    assert_string_equal(loaded.phone, PHONE);
    assert_int_equal(verify(&request, letter.lines[2], &problem), OK);
    // Used up.
    assert_int_equal(verify(&request, letter.lines[2], &problem), CODE_OTP_EXPIRED);
    assert_int_equal(otp_load(world->db, &otp, "otp.open", SUBJECT, &loaded), CODE_NOT_FOUND);
}

static void code_lives_five_minutes(void **state)
{
    struct otp_challenge challenge;
    struct problem problem;
    char code[48];
    const struct otp_request first = request_of("otp.open", SUBJECT, PHONE);
    const struct otp_request second = request_of("otp.open", SUBJECT + 1, PHONE);
    (void)state;
    send_code(&first, &challenge, code);
    small_later(LIFE_S * SMALL_SECOND_US - 1);
    assert_int_equal(verify(&first, code, &problem), OK);
    send_code(&second, &challenge, code);
    small_later(LIFE_S * SMALL_SECOND_US);
    assert_int_equal(verify(&second, code, &problem), CODE_OTP_EXPIRED);
    assert_int_equal(otp_load(world->db, &otp, "otp.open", SUBJECT + 1, &challenge),
                     CODE_NOT_FOUND);
}

static void three_tries(void **state)
{
    struct otp_challenge challenge;
    struct problem problem;
    char code[48], next[48];
    const struct otp_request request = request_of("otp.open", SUBJECT, PHONE);
    (void)state;
    send_code(&request, &challenge, code);
    // What is no code counts no try.
    static const char *const no_codes[] = {"", "12345", "1234567", "12345x", "１２３４５６"};
    for (size_t i = 0; i < sizeof no_codes / sizeof no_codes[0]; i++) {
        assert_int_equal(verify(&request, no_codes[i], &problem), CODE_OTP_WRONG);
        assert_int_equal(problem.tries_left, 3);
    }
    for (int left = 2; left >= 0; left--) {
        assert_int_equal(verify(&request, wrong_of(code), &problem), CODE_OTP_WRONG);
        assert_int_equal(problem.tries_left, left);
    }
    assert_int_equal(verify(&request, code, &problem), CODE_OTP_EXPIRED);
    // The next one is another code, at once.
    send_code(&request, &challenge, next);
    assert_string_not_equal(next, code);
    assert_int_equal(challenge.tries_left, 3);
    assert_int_equal(verify(&request, code, &problem), CODE_OTP_WRONG);
    assert_int_equal(verify(&request, next, &problem), OK);
}

// REQ-061: a resend carries the same code, prolongs nothing and gives no tries back.
static void resend_keeps_the_code(void **state)
{
    struct otp_challenge first, again;
    struct problem problem = {0};
    char code[48], resent[48];
    const struct otp_request request = request_of("otp.open", SUBJECT, PHONE);
    (void)state;
    send_code(&request, &first, code);
    assert_int_equal(verify(&request, wrong_of(code), &problem), CODE_OTP_WRONG);
    small_later(RESEND_S * SMALL_SECOND_US - 1);
    problem = (struct problem){0};
    assert_int_equal(send(&request, &again, &problem), CODE_OTP_TOO_MANY);
    assert_int_equal(problem.retry_after_s, 1);
    small_later(1);
    send_code(&request, &again, resent);
    assert_string_equal(resent, code);
    assert_true(id_equal(&first.id, &again.id));
    assert_int_equal(again.expires_us, first.expires_us);
    assert_int_equal(again.sent_us, small_now(NULL));
    assert_int_equal(again.tries_left, 2);
    assert_int_equal(again.codes_left_today, 4);
    small_later(LIFE_S * SMALL_SECOND_US - RESEND_S * SMALL_SECOND_US - 1);
    assert_int_equal(verify(&request, code, &problem), OK);
}

static void code_is_bound(void **state)
{
    struct otp_challenge challenge;
    struct problem problem;
    char code[48];
    const struct otp_request request = request_of("otp.open", SUBJECT, PHONE);
    const struct otp_request others[] = {request_of("otp.reset", SUBJECT, PHONE),
                                         request_of("otp.open", SUBJECT + 1, PHONE),
                                         request_of("otp.open", SUBJECT, OTHER)};
    (void)state;
    send_code(&request, &challenge, code);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(verify(&others[i], code, &problem), CODE_OTP_EXPIRED);
    assert_int_equal(verify(&request, code, &problem), OK);
}

static void another_phone_replaces_the_code(void **state)
{
    struct otp_challenge challenge;
    struct problem problem;
    char first[48], second[48];
    const struct otp_request request = request_of("otp.open", SUBJECT, PHONE);
    const struct otp_request other = request_of("otp.open", SUBJECT, OTHER);
    (void)state;
    send_code(&request, &challenge, first);
    send_code(&other, &challenge, second);
    assert_int_equal(verify(&request, first, &problem), CODE_OTP_EXPIRED);
    assert_int_equal(verify(&other, second, &problem), OK);
}

// Five codes a number and day, whoever asks; from the third of an hour on they wait longer.
static void five_codes_a_day(void **state)
{
    struct otp_challenge challenge;
    struct problem problem = {0};
    char code[48];
    (void)state;
    for (int i = 0; i < 5; i++) {
        const struct otp_request request = request_of("otp.open", SUBJECT + i, PHONE);
        static const int64_t waits_s[] = {0, 60, 60, 300, 600};
        if (i > 2) {
            small_later((waits_s[i] - 1) * SMALL_SECOND_US);
            assert_int_equal(send(&request, &challenge, &problem), CODE_OTP_TOO_MANY);
            small_later(SMALL_SECOND_US);
        } else {
            small_later(waits_s[i] * SMALL_SECOND_US);
        }
        send_code(&request, &challenge, code);
        assert_int_equal(challenge.codes_left_today, 4 - i);
    }
    const int64_t now_us = small_now(NULL);
    const struct otp_request sixth = request_of("otp.login", SUBJECT + 6, PHONE);
    const struct otp_request elsewhere = request_of("otp.login", SUBJECT + 6, OTHER);
    assert_int_equal(send(&sixth, &challenge, &problem), CODE_OTP_TOO_MANY);
    const int64_t midnight_us = time_business_day_start(SMALL_START_US) + SMALL_DAY_US;
    const int64_t wait_s = (midnight_us - now_us) / SMALL_SECOND_US;
    assert_in_range(problem.retry_after_s, wait_s, wait_s + 1);
    send_code(&elsewhere, &challenge, code);
    small_later(midnight_us - now_us - 1);
    assert_int_equal(send(&sixth, &challenge, NULL), CODE_OTP_TOO_MANY);
    small_later(1);
    send_code(&sixth, &challenge, code);
    assert_int_equal(challenge.codes_left_today, 4);
}

// Ten messages a number and day: two codes sent five times each, as fast as resending allows.
static void ten_messages_a_day(void **state)
{
    struct otp_challenge challenge;
    struct problem problem = {0};
    char code[48];
    (void)state;
    for (int64_t subject = 1; subject <= 2; subject++) {
        const struct otp_request request = request_of("otp.open", subject, PHONE);
        for (int i = 0; i < 5; i++) {
            send_code(&request, &challenge, code);
            small_later(i < 4 ? RESEND_S * SMALL_SECOND_US : 0);
        }
        assert_int_equal(challenge.codes_left_today, 5 - subject);
        assert_int_equal(verify(&request, code, &problem), OK); // in its last minute
        small_later(RESEND_S * SMALL_SECOND_US);
    }
    const struct otp_request third = request_of("otp.open", 3, PHONE);
    problem = (struct problem){0};
    assert_int_equal(send(&third, &challenge, &problem), CODE_OTP_TOO_MANY);
    assert_true(problem.retry_after_s > 3600);
}

static int64_t count(const char *sql)
{
    int64_t out;
    assert_int_equal(db_query_int(world->db, &out, sql, NULL, 0, -1), OK);
    return out;
}

static void pruning_wipes_and_deletes(void **state)
{
    struct otp_challenge challenge;
    struct problem problem;
    char code[48];
    int64_t deleted;
    static const char KEPT[] = "SELECT count(*) FROM otp_challenge WHERE length(code) > 0";
    const struct otp_request used = request_of("otp.open", 1, PHONE);
    const struct otp_request left = request_of("otp.open", 2, OTHER);
    (void)state;
    send_code(&left, &challenge, code);
    send_code(&used, &challenge, code);
    assert_int_equal(count(KEPT), 2);
    assert_int_equal(verify(&used, code, &problem), OK);
    assert_int_equal(count(KEPT), 1); // a used code is wiped at once
    const struct {
        int64_t later_us, kept, deleted;
    } steps[] = {{LIFE_S * SMALL_SECOND_US - 1, 1, 0}, {1, 0, 0}, {2 * SMALL_DAY_US + 1, 0, 2}};
    for (size_t i = 0; i < 3; i++) {
        small_later(steps[i].later_us);
        small_begin(world);
        assert_int_equal(otp_prune(world->db, small_now(NULL), 10, &deleted), OK);
        assert_int_equal(small_end(world, OK), OK);
        assert_int_equal(count(KEPT), steps[i].kept);
        assert_int_equal(deleted, steps[i].deleted);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

static int run_engine(const char *name)
{
    const struct CMUnitTest tests[] = {
        TEST(one_message_a_minute_to_a_number),
        TEST(code_and_its_message),
        TEST(code_lives_five_minutes),
        TEST(three_tries),
        TEST(resend_keeps_the_code),
        TEST(code_is_bound),
        TEST(another_phone_replaces_the_code),
        TEST(five_codes_a_day),
        TEST(ten_messages_a_day),
        TEST(pruning_wipes_and_deletes),
    };
    return cmocka_run_group_tests_name(name, tests, NULL, NULL);
}

int main(void)
{
    int failed = run_engine("one-time codes on SQLite");
    if (getenv("TONGBAO_TEST_POSTGRES") != NULL) {
        schema = "otp_unit";
        failed += run_engine("one-time codes on PostgreSQL");
    }
    return failed;
}
