// rooms: otp guard party vault books ledger money db base
// The radar: every cause of the catalogue, and that any sequence of reports gives exactly one cause
// while the first code goes on to verify.
#include "otp/otp.h"

#include "unit/small_world.h"

static const char PHONE[] = "13800138000";
static const char *schema; // NULL = SQLite
static struct small *world;
static struct otp otp;
static const char *const CODES[] = {"DELIVRD", "ACCEPTD", "EXPIRED", "UNDELIV", "REJECTD",
                                    "空号",    "BLACK",   "KEYWORD", "MK:1007", "-8443",
                                    "MILIMIT", "-9000",   "-8704",   "-9990",   "what?"};
enum { REPORT_CODES = sizeof CODES / sizeof CODES[0], SEQUENCES = 60 };

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

static enum code send(int64_t subject, const char *phone, struct id key, bool voice,
                      struct otp_challenge *out)
{
    const struct otp_request request = {.purpose = "otp.open",
                                        .subject = subject,
                                        .phone = phone,
                                        .attempt_key = key,
                                        .by_voice = voice};
    small_begin(world);
    return small_end(world, otp_send(world->db, &otp, &request, out, NULL));
}

static enum code verify(int64_t subject, const char *phone, const char *code)
{
    const struct otp_request request = {.purpose = "otp.open", .subject = subject, .phone = phone};
    small_begin(world);
    return small_end(world, otp_verify(world->db, &otp, &request, code, NULL));
}

static enum code letter(const struct otp_challenge *challenge, int32_t seq, struct otp_letter *out)
{
    uint8_t ref[17];
    memcpy(ref, challenge->id.bytes, 16);
    ref[16] = (uint8_t)seq;
    return otp_letter(world->db, &otp, ref, sizeof ref, out);
}

static void report(const char *token, const char *code)
{
    small_begin(world);
    assert_int_equal(small_end(world, otp_report(world->db, &otp, token, code, NULL)), OK);
}

static void sent(const struct otp_letter *of, enum otp_sending sending, const char *code)
{
    small_begin(world);
    assert_int_equal(small_end(world, otp_sent(world->db, &otp, of, sending, "g", code)), OK);
}

static struct otp_view view(int64_t subject)
{
    struct otp_view out;
    assert_int_equal(otp_view(world->db, &otp, "otp.open", subject, &out), OK);
    return out;
}

static const struct id NO_KEY;

// What one report on route A, and silence, are told as. REQ-055 REQ-056
static void causes_of_reports(void **state)
{
    static const struct {
        const char *code;
        int32_t cause;
        unsigned actions;
        size_t attempts;
    } table[] = {
        {"DELIVRD", 12, OTP_FOUND | OTP_CALL, 1},
        {"EXPIRED", 7, OTP_AGAIN, 1},
        {"UNDELIV", 8, OTP_CHANGE | OTP_DESK, 1},
        {"空号", 9, OTP_CHANGE, 1},
        {"BLACK", 10, OTP_LIFT | OTP_CALL, 1},
        {"REJECTD", 10, OTP_LIFT | OTP_CALL, 1},
        {"TDBLACK", 10, OTP_LIFT | OTP_CALL, 1},
        {"MILIMIT", 5, OTP_DESK | OTP_CALL, 1},
        {"KEYWORD", 6, 0, 2},
        {"MK:1007", 6, 0, 2},
        {"-8443", 6, 0, 2},
        {"-8410", 6, 0, 2},
        {"-8704", 11, OTP_CALL, 2},
        {"-9000", 11, OTP_CALL, 2},
        {"ACCEPTD", 0, 0, 1},
        {"strange", 0, 0, 1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        char phone[16];
        struct otp_challenge challenge;
        struct otp_letter first;
        const int64_t subject = (int64_t)i + 1;
        (void)snprintf(phone, sizeof phone, "138001380%02zu", i);
        assert_int_equal(send(subject, phone, NO_KEY, false, &challenge), OK);
        assert_int_equal(view(subject).radar.cause, 0);
        assert_int_equal(letter(&challenge, 1, &first), OK);
        sent(&first, OTP_ACCEPTED, "");
        report(first.token, table[i].code);
        const struct otp_view seen = view(subject);
        assert_int_equal(seen.radar.cause, table[i].cause);
        assert_int_equal(seen.radar.actions, table[i].actions);
        assert_int_equal(seen.attempt_count, table[i].attempts);
        assert_string_equal(seen.attempts[0].report_code, table[i].code);
        small_later(20 * SMALL_SECOND_US);
        if (table[i].cause == 0)
            assert_int_equal(view(subject).radar.cause, i == 15 ? 7 : 0);
        small_later(100 * SMALL_SECOND_US);
        assert_true(view(subject).radar.cause != 0);
        // The code that was sent first still counts.
        assert_int_equal(verify(subject, phone, first.code), OK);
    }
}

// What is refused before sending, and what the client alone knows.
static void causes_before_sending(void **state)
{
    struct otp_challenge challenge;
    struct guard_maintenance maintenance = {.scope = GUARD_MAINTENANCE_OPENING,
                                            .set_by = 1,
                                            .approved_by = 2,
                                            .until_us = small_now(NULL) + 3600 * SMALL_SECOND_US};
    const struct id key = {{1, 2, 3}};
    (void)state;
    assert_int_equal(send(1, "02112345678", NO_KEY, false, &challenge), CODE_PHONE_INVALID);
    assert_int_equal(view(1).radar.cause, 1);
    assert_int_equal(send(2, "14712345678", NO_KEY, false, &challenge), CODE_PHONE_NOT_SUPPORTED);
    assert_int_equal(view(2).radar.cause, 2);
    assert_int_equal(send(3, "17012345678", NO_KEY, false, &challenge), OK);
    assert_int_equal(view(3).radar.cause, 3);
    assert_int_equal(view(3).radar.stages[OTP_STAGE_NUMBER].state, OTP_UNKNOWN);
    small_begin(world);
    assert_int_equal(otp_client_told(world->db, &otp, "otp.open", 4, OTP_SUBMIT_FAILED, &key), OK);
    assert_int_equal(small_end(world, OK), OK);
    assert_int_equal(view(4).radar.cause, 4);
    assert_int_equal(view(4).radar.actions, OTP_RETRY);
    // The retry under the same key sends once.
    assert_int_equal(send(4, PHONE, key, false, &challenge), OK);
    assert_int_equal(view(4).radar.cause, 0);
    assert_int_equal(send(4, PHONE, key, false, &challenge), OK);
    assert_int_equal(view(4).attempt_count, 1);
    assert_int_equal(send(5, PHONE, NO_KEY, false, &challenge), CODE_OTP_TOO_MANY);
    assert_int_equal(view(5).radar.cause, 5);
    assert_true(view(5).radar.until_us > small_now(NULL));
    small_begin(world);
    assert_int_equal(guard_maintenance_set(world->db, &small_env, &maintenance, &maintenance), OK);
    assert_int_equal(small_end(world, OK), OK);
    assert_int_equal(send(6, "13900139000", NO_KEY, false, &challenge), CODE_MAINTENANCE);
    assert_int_equal(view(6).radar.cause, 13);
    assert_int_equal(view(6).radar.actions, OTP_REMIND);
}

// No report in twenty seconds: the other route, once, with the same code. A call at any time after
// a failure. REQ-026
static void ladder_climbs_by_itself(void **state)
{
    struct otp_challenge challenge;
    struct otp_letter first, second, call;
    uint8_t rung[18];
    (void)state;
    assert_int_equal(send(1, PHONE, NO_KEY, false, &challenge), OK);
    assert_int_equal(letter(&challenge, 1, &first), OK);
    sent(&first, OTP_ACCEPTED, "");
    memcpy(rung, challenge.id.bytes, 16);
    rung[16] = 1;
    rung[17] = 1;
    small_later(20 * SMALL_SECOND_US);
    for (int twice = 0; twice < 2; twice++) {
        small_begin(world);
        assert_int_equal(small_end(world, otp_ladder(world->db, &otp, rung, sizeof rung)), OK);
    }
    assert_int_equal(view(1).attempt_count, 2);
    assert_int_equal(letter(&challenge, 2, &second), OK);
    assert_int_equal(second.route, OTP_SMS_B);
    assert_string_equal(second.code, first.code);
    assert_int_equal(send(1, PHONE, NO_KEY, true, &challenge), CODE_OTP_TOO_MANY); // too early
    report(second.token, "BLACK");
    assert_int_equal(send(1, PHONE, NO_KEY, true, &challenge), OK);
    assert_int_equal(letter(&challenge, 3, &call), OK);
    assert_int_equal(call.route, OTP_VOICE);
    assert_string_equal(call.code, first.code);
    report(call.token, "DELIVRD");
    report(call.token, "DELIVRD");
    report(first.token, "UNDELIV"); // late and weaker
    assert_int_equal(view(1).radar.cause, 12);
    assert_int_equal(view(1).radar.route, OTP_VOICE);
}

// A wrong, foreign or cut token changes nothing.
static void strange_tokens(void **state)
{
    struct otp_challenge challenge;
    struct otp_letter first;
    bool known = true;
    (void)state;
    assert_int_equal(send(1, PHONE, NO_KEY, false, &challenge), OK);
    assert_int_equal(letter(&challenge, 1, &first), OK);
    char token[OTP_TOKEN_TEXT];
    (void)text_copy(token, sizeof token, first.token);
    token[33] = token[33] == '2' ? '3' : '2'; // another attempt under the same signature
    const char *const tokens[] = {"", "abc", token, first.token + 1};
    for (size_t i = 0; i < 4; i++) {
        small_begin(world);
        assert_int_equal(
            small_end(world, otp_report(world->db, &otp, tokens[i], "DELIVRD", &known)), OK);
        assert_false(known);
    }
    assert_int_equal(view(1).radar.cause, 0);
}

static void any_sequence_gives_one_cause(void **state)
{
    (void)state;
    for (int64_t n = 1; n <= SEQUENCES; n++) {
        char phone[16];
        struct otp_challenge challenge;
        struct otp_letter first, second;
        bool delivered = false;
        (void)snprintf(phone, sizeof phone, "1390000%04d", (int)n);
        assert_int_equal(send(n, phone, NO_KEY, false, &challenge), OK);
        assert_int_equal(letter(&challenge, 1, &first), OK);
        sent(&first, OTP_ACCEPTED, "");
        int32_t highest[2] = {0, 0};
        const size_t steps = small_next() % 8;
        for (size_t i = 0; i < steps; i++) {
            const bool b = small_next() % 2 == 1 && view(n).attempt_count > 1;
            const char *code = CODES[small_next() % REPORT_CODES];
            if (b && letter(&challenge, 2, &second) != OK)
                continue;
            report(b ? second.token : first.token, code);
            delivered = delivered || text_equal(code, "DELIVRD");
            const struct otp_view seen = view(n);
            assert_in_range(seen.radar.cause, 0, 13);
            assert_true(!delivered || seen.radar.cause == 12);
            for (size_t k = 0; k < seen.attempt_count && k < 2; k++) {
                assert_true((int32_t)seen.attempts[k].report_class >= highest[k]);
                highest[k] = (int32_t)seen.attempts[k].report_class;
            }
        }
        small_later(120 * SMALL_SECOND_US);
        assert_in_range(view(n).radar.cause, 1, 13);
        small_later(180 * SMALL_SECOND_US - 1);
        assert_int_equal(verify(n, phone, first.code), OK);
    }
}

static void counter_code_is_the_same_code(void **state)
{
    struct otp_challenge challenge;
    struct otp_letter first;
    char code[OTP_CODE_TEXT];
    const struct otp_request request = {.purpose = "otp.open", .subject = 1, .phone = PHONE};
    (void)state;
    assert_int_equal(send(1, PHONE, NO_KEY, false, &challenge), OK);
    assert_int_equal(letter(&challenge, 1, &first), OK);
    small_begin(world);
    assert_int_equal(
        small_end(world, otp_counter_code(world->db, &otp, &request, code, &challenge, NULL)), OK);
    assert_string_equal(code, first.code);
    assert_int_equal(view(1).radar.route, OTP_COUNTER);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

static int run_engine(const char *name)
{
    const struct CMUnitTest tests[] = {
        TEST(causes_of_reports),
        TEST(causes_before_sending),
        TEST(ladder_climbs_by_itself),
        TEST(strange_tokens),
        TEST(any_sequence_gives_one_cause),
        TEST(counter_code_is_the_same_code),
    };
    return cmocka_run_group_tests_name(name, tests, NULL, NULL);
}

int main(void)
{
    int failed = run_engine("the radar on SQLite");
    if (getenv("TONGBAO_TEST_POSTGRES") != NULL) {
        schema = "otp_radar";
        failed += run_engine("the radar on PostgreSQL");
    }
    return failed;
}
