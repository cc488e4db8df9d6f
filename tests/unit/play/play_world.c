// rooms: play ports net db money base
// Phones, faces and register of the sandbox through the real drivers, and what its pages set.
#include "unit/play/play_bench.h"

// --- phones, faces, register ---

static enum ports_outcome sms(struct bench *bench, const struct id *id, const char *phone,
                              const char *text, char reason[32])
{
    const struct ports_message message = {.id = *id, .phone = phone, .text = text};
    struct ports_sms_answer answer;
    const enum ports_outcome outcome = ports_sms_send(bench->sms, &message, &answer);
    if (reason != NULL)
        (void)text_copy(reason, 32, answer.reason);
    return outcome;
}

static void messages_arrive(void **state)
{
    struct bench *bench = *state;
    char reason[32];
    struct wire_result result;
    struct id id = id_new(env_system());
    assert_int_equal(sms(bench, &id, PHONE, "【通宝】first 111111", NULL), PORTS_DONE);
    assert_int_equal(sms(bench, &id, PHONE, "【通宝】first again", NULL), PORTS_DONE);
    id = id_new(env_system());
    assert_int_equal(sms(bench, &id, PHONE, "second 222222", NULL), PORTS_DONE);
    assert_int_equal(http(bench, &result, "GET", "/sandbox/api/messages?phone=" PHONE, ""), 200);
    const char *first = strstr(result.bytes, "first 111111");
    const char *second = strstr(result.bytes, "second 222222");
    assert_true(first != NULL && second != NULL && second < first);
    assert_null(strstr(result.bytes, "again"));
    assert_non_null(strstr(result.bytes, "\"from\":\"通宝\""));
    id = id_new(env_system());
    assert_int_equal(sms(bench, &id, "12", "x", reason), PORTS_REFUSED);
    assert_string_equal(reason, "number");
}

static void messages_lost_or_late(void **state)
{
    struct bench *bench = *state;
    struct id id = id_new(env_system());
    set(bench, "/sandbox/api/sms", "{\"mode\":\"drop\"}");
    assert_int_equal(sms(bench, &id, PHONE, "lost", NULL), PORTS_DONE);
    set(bench, "/sandbox/api/sms", "{\"mode\":\"delay\"}");
    id = id_new(env_system());
    assert_int_equal(sms(bench, &id, PHONE, "tardy", NULL), PORTS_DONE);
    assert_false(phone_has(bench, PHONE, "tardy"));
    clock_ahead_us += INT64_C(20000000);
    assert_true(phone_has(bench, PHONE, "tardy"));
    assert_false(phone_has(bench, PHONE, "lost"));
}

static enum ports_outcome face(struct bench *bench, struct id *id)
{
    *id = id_new(env_system());
    return ports_face_start(bench->face, id, NAME, ID_NUMBER);
}

static void face_decisions(void **state)
{
    struct bench *bench = *state;
    struct id id;
    assert_int_equal(face(bench, &id), PORTS_DONE);
    assert_int_equal(ports_face_inquire(bench->face, &id), PORTS_DONE);
    set(bench, "/sandbox/api/face", "{\"decision\":\"slow\"}");
    assert_int_equal(face(bench, &id), PORTS_PENDING);
    assert_int_equal(ports_face_inquire(bench->face, &id), PORTS_PENDING);
    clock_ahead_us += INT64_C(8000000);
    assert_int_equal(ports_face_inquire(bench->face, &id), PORTS_DONE);
    set(bench, "/sandbox/api/face", "{\"decision\":\"down\"}");
    assert_int_equal(face(bench, &id), PORTS_UNKNOWN);
    // The rule of one person comes before the one for everybody.
    set(bench, "/sandbox/api/face", "{\"id_number\":\"" ID_NUMBER "\",\"decision\":\"fail\"}");
    assert_int_equal(face(bench, &id), PORTS_REFUSED);
    set(bench, "/sandbox/api/face", "{\"decision\":\"pass\"}");
    assert_int_equal(face(bench, &id), PORTS_REFUSED);
    set(bench, "/sandbox/api/face", "{\"id_number\":\"" ID_NUMBER "\",\"decision\":\"default\"}");
    assert_int_equal(face(bench, &id), PORTS_DONE);
    const struct id nobody = id_new(env_system());
    assert_int_equal(ports_face_inquire(bench->face, &nobody), PORTS_UNKNOWN);
}

static void register_knows_its_people(void **state)
{
    struct bench *bench = *state;
    const struct id id = id_new(env_system());
    struct ports_identity *identity = bench->identity;
    const struct {
        const char *name, *id_number, *phone;
        enum ports_mismatch mismatch;
    } cases[] = {{NAME, ID_NUMBER, NULL, PORTS_MISMATCH_NONE},
                 {NAME, ID_NUMBER, "13900010021", PORTS_MISMATCH_NONE},
                 {NAME, ID_NUMBER, "13900000001", PORTS_MISMATCH_PHONE},
                 {"周予安", ID_NUMBER, "13900000001", PORTS_MISMATCH_NAME},
                 {NAME, "110101199203174333", NULL, PORTS_MISMATCH_DOCUMENT}};
    enum ports_mismatch mismatch;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const bool match = cases[i].mismatch == PORTS_MISMATCH_NONE;
        assert_int_equal(ports_identity_check(identity, &id, cases[i].name, cases[i].id_number,
                                              cases[i].phone, &mismatch),
                         match ? PORTS_DONE : PORTS_REFUSED);
        assert_int_equal(mismatch, cases[i].mismatch);
    }
    // Another phone on file: the register and the bank's codes follow it.
    set(bench, "/sandbox/api/register",
        "{\"id_number\":\"" ID_NUMBER "\",\"phone\":\"13900000001\"}");
    assert_int_equal(ports_identity_check(identity, &id, NAME, ID_NUMBER, "13900000001", &mismatch),
                     PORTS_DONE);
    assert_int_equal(ports_identity_check(identity, &id, NAME, ID_NUMBER, "13900010021", &mismatch),
                     PORTS_REFUSED);
    assert_int_equal(mismatch, PORTS_MISMATCH_PHONE);
}

// --- control ---

static void control_says_what_is_planned(void **state)
{
    struct bench *bench = *state;
    struct wire_result result;
    plan(bench, "debit", "slow", true);
    set(bench, "/sandbox/api/face", "{\"id_number\":\"" ID_NUMBER "\",\"decision\":\"fail\"}");
    assert_int_equal(http(bench, &result, "GET", "/sandbox/api/state", ""), 200);
    assert_non_null(
        strstr(result.bytes, "{\"operation\":\"debit\",\"fault\":\"slow\",\"once\":true}"));
    assert_non_null(
        strstr(result.bytes, "{\"id_number\":\"" ID_NUMBER "\",\"decision\":\"fail\"}"));
    assert_int_equal(http(bench, &result, "POST", "/sandbox/api/reset", ""), 200);
    assert_null(strstr(result.bytes, "slow"));
    assert_non_null(strstr(result.bytes, "\"face_rules\":[]"));
}

static void control_refuses_what_means_nothing(void **state)
{
    static const struct {
        const char *method, *path, *body;
        int status;
    } cases[] = {
        {"PUT", "bank/faults", "{\"operation\":\"debit\",\"fault\":\"slow\"}", 400},
        {"PUT", "bank/faults", "{\"operation\":\"fly\",\"fault\":\"slow\",\"once\":true}", 400},
        {"PUT", "bank/faults", "{\"operation\":\"debit\",\"fault\":\"odd\",\"once\":true}", 400},
        {"PUT", "bank/faults", "{\"operation\":\"debit\",\"fault\":\"mismatch\",\"once\":true}",
         400},
        {"PUT", "bank/faults",
         "{\"operation\":\"verify\",\"fault\":\"wrong_amount\",\"once\":true}", 400},
        {"PUT", "face", "{\"decision\":\"perhaps\"}", 400},
        {"PUT", "face", "{\"decision\":\"pass\",\"more\":1}", 400},
        {"PUT", "face", "{\"decision\":\"default\"}", 400},
        {"PUT", "sms", "{\"mode\":\"\"}", 400},
        {"GET", "messages", "", 400},
        {"GET", "messages?phone=abc", "", 400},
        {"GET", "nothing", "", 404},
        {"POST", "bank", "{}", 405},
    };
    struct bench *bench = *state;
    struct wire_result result;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char path[96];
        snprintf(path, sizeof path, "/sandbox/api/%s", cases[i].path);
        const int status = http(bench, &result, cases[i].method, path, cases[i].body);
        if (status != cases[i].status)
            print_error("case %zu: %d\n", i, status);
        assert_int_equal(status, cases[i].status);
        assert_non_null(strstr(result.bytes, "application/problem+json"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SANDBOX(messages_arrive),
        WITH_SANDBOX(messages_lost_or_late),
        WITH_SANDBOX(face_decisions),
        WITH_SANDBOX(register_knows_its_people),
        WITH_SANDBOX(control_says_what_is_planned),
        WITH_SANDBOX(control_refuses_what_means_nothing),
    };
    log_set_level(LOG_ERROR + 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
