// rooms: audit desk guard party vault books ledger money db base
// Cases and their deadlines, operators, approvals by a second person, the audit trail and what the
// auditor says of one that was changed.
#include "unit/small_world.h"

#include "audit/audit.h"
#include "desk/desk_approval.h"
#include "desk/desk_audit.h"
#include "desk/desk_case.h"
#include "desk/desk_operator.h"
#include "vault/vault_totp.h"

static const char *schema; // NULL = SQLite
static struct small *world;
static struct desk desk;
static struct desk_operator ada, bo;
static uint8_t ada_key[DESK_TOTP_KEY];

static void seed(const char *login, int64_t roles, const uint8_t *key, struct desk_operator *out)
{
    char stored[VAULT_STORED_TEXT];
    const struct desk_new_operator in = {.login = login, .name = login, .roles = roles};
    assert_int_equal(
        vault_password_hash(world->vault, VAULT_PASSWORD, "correct horse battery", stored), OK);
    small_begin(world);
    assert_int_equal(small_end(world, desk_operator_seed(world->db, &desk, &in, stored, key, out)),
                     OK);
}

static int set_up(void **state)
{
    log_set_level(LOG_ERROR + 1);
    world = mem_alloc(sizeof *world);
    small_open(world, schema);
    desk = (struct desk){world->profiles, world->vault, &small_env};
    totp_secret_new(&small_env, ada_key);
    seed("ada", DESK_ROLE_CLERK, ada_key, &ada);
    seed("bo", DESK_ROLE_RISK | DESK_ROLE_ADMINISTRATOR, ada_key, &bo);
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

static struct desk_case open_case(enum desk_kind kind, int32_t days, bool four_eyes)
{
    struct desk_case out;
    const struct desk_new_case in = {.kind = kind,
                                     .topic = "face",
                                     .ref = id_new(&small_env),
                                     .application = 4711,
                                     .four_eyes = four_eyes,
                                     .working_days = days};
    small_begin(world);
    assert_int_equal(small_end(world, desk_case_open(world->db, &desk, &in, &out)), OK);
    return out;
}

static enum code take(const char *number, int64_t actor, struct desk_case *out)
{
    const struct desk_act act = {actor, NULL, NULL};
    small_begin(world);
    return small_end(world, desk_case_take(world->db, &desk, number, &act, out));
}

static int64_t escalate(void)
{
    int64_t moved;
    small_begin(world);
    assert_int_equal(
        small_end(world, desk_cases_escalate(world->db, &desk, small_now(NULL), 100, &moved)), OK);
    return moved;
}

static void a_case_is_open_once_for_what_it_is_about(void **state)
{
    struct desk_case again, found;
    (void)state;
    const struct desk_case c = open_case(DESK_REVIEW, 3, false);
    const struct desk_new_case in = {.kind = DESK_REVIEW, .topic = "other", .ref = c.ref};
    small_begin(world);
    assert_int_equal(small_end(world, desk_case_open(world->db, &desk, &in, &again)), OK);
    assert_string_equal(again.number, c.number);
    assert_string_equal(again.topic, "face");
    assert_int_equal(desk_case_by_number(world->db, c.number, &found), OK);
    assert_true(id_equal(&found.id, &c.id));
    // Monday 08:00, three working days: the clock starts at 09:00.
    assert_int_equal(c.due_us, SMALL_START_US + 3 * SMALL_DAY_US + 3600 * SMALL_SECOND_US);
    assert_true(c.exact);
    assert_int_equal(desk_case_by_number(world->db, "0000-0000", &found), CODE_NOT_FOUND);
    small_begin(world);
    assert_int_equal(small_end(world, desk_case_withdraw(world->db, &desk, DESK_REVIEW, &c.ref)),
                     OK);
    assert_int_equal(desk_case_of(world->db, DESK_REVIEW, &c.ref, &found), OK);
    assert_int_equal(found.state, DESK_DONE);
    assert_string_equal(found.outcome, "withdrawn");
}

static void only_who_took_a_case_works_on_it(void **state)
{
    struct desk_case out;
    const struct desk_act by_ada = {ada.id, "documents-in-order", "all seen"};
    const struct desk_act by_bo = {bo.id, "documents-in-order", NULL};
    (void)state;
    const struct desk_case c = open_case(DESK_REVIEW, 3, false);
    assert_int_equal(take(c.number, ada.id, &out), OK);
    assert_int_equal(take(c.number, ada.id, &out), OK);
    assert_int_equal(take(c.number, bo.id, &out), CODE_CASE_TAKEN);
    small_begin(world);
    assert_int_equal(
        small_end(world, desk_case_decide(world->db, &desk, c.number, &by_bo, "approved", &out)),
        CODE_CASE_TAKEN);
    small_begin(world);
    assert_int_equal(
        small_end(world, desk_case_decide(world->db, &desk, c.number, &by_ada, "approved", &out)),
        OK);
    assert_int_equal(out.state, DESK_DONE);
    small_begin(world);
    assert_int_equal(
        small_end(world, desk_case_decide(world->db, &desk, c.number, &by_ada, "refused", &out)),
        CODE_CASE_STATE);
}

// REQ-108: a missed deadline moves the case up by itself.
static void a_missed_deadline_moves_a_case_up_level_by_level(void **state)
{
    struct desk_case out;
    (void)state;
    const struct desk_case c = open_case(DESK_UNLOCK, 1, true);
    assert_int_equal(take(c.number, ada.id, &out), OK);
    assert_int_equal(escalate(), 0);
    small_later(c.due_us - small_now(NULL));
    assert_int_equal(escalate(), 1);
    assert_int_equal(escalate(), 0);
    assert_int_equal(desk_case_by_number(world->db, c.number, &out), OK);
    assert_int_equal(out.level, DESK_LEAD);
    assert_int_equal(out.state, DESK_OPEN);
    assert_int_equal(out.operator_taken, 0);
    small_later(SMALL_DAY_US); // the next working day, same hour
    assert_int_equal(escalate(), 1);
    assert_int_equal(desk_case_by_number(world->db, c.number, &out), OK);
    assert_int_equal(out.level, DESK_HEAD);
    small_later(30 * SMALL_DAY_US);
    assert_int_equal(escalate(), 0);
}

// AB-35: two sessions of one person cannot be the four eyes.
static void one_person_cannot_ask_and_approve(void **state)
{
    struct desk_approval asked, out;
    const struct desk_new_approval in = {.action = "lock.lift",
                                         .parameters = "{\"lock\":\"L08\"}",
                                         .case_number = "",
                                         .asked_by = ada.id,
                                         .reason = "identity-confirmed"};
    (void)state;
    small_begin(world);
    assert_int_equal(small_end(world, desk_approval_ask(world->db, &desk, &in, &asked)), OK);
    small_begin(world);
    assert_int_equal(small_end(world, desk_approval_decide(world->db, &desk, &asked.id, ada.id,
                                                           true, NULL, &out)),
                     CODE_SAME_OPERATOR);
    small_begin(world);
    assert_int_equal(small_end(world, desk_approval_decide(world->db, &desk, &asked.id, bo.id, true,
                                                           NULL, &out)),
                     OK);
    assert_string_equal(out.parameters, in.parameters);
    small_begin(world);
    assert_int_equal(small_end(world, desk_approval_decide(world->db, &desk, &asked.id, bo.id,
                                                           false, NULL, &out)),
                     CODE_CASE_STATE);
}

static void an_approval_that_nobody_gives_ends_and_gives_the_case_back(void **state)
{
    struct desk_approval asked;
    struct desk_case c, out;
    int64_t ended;
    const struct desk_act act = {ada.id, "documents-in-order", NULL};
    (void)state;
    c = open_case(DESK_UNLOCK, 200, true);
    assert_int_equal(take(c.number, ada.id, &out), OK);
    const struct desk_new_approval in = {
        .action = "case.decide", .parameters = "{}", .case_number = c.number, .asked_by = ada.id};
    small_begin(world);
    assert_int_equal(desk_approval_ask(world->db, &desk, &in, &asked), OK);
    assert_int_equal(small_end(world, desk_case_await(world->db, &desk, c.number, &act)), OK);
    small_later(DESK_APPROVAL_LIFE_US);
    small_begin(world);
    assert_int_equal(
        small_end(world, desk_approvals_expire(world->db, &desk, small_now(NULL), 10, &ended)), OK);
    assert_int_equal(ended, 1);
    assert_int_equal(desk_case_by_number(world->db, c.number, &out), OK);
    assert_int_equal(out.state, DESK_TAKEN);
    assert_int_equal(out.operator_taken, ada.id);
}

static void code_now(char out[8])
{
    const uint64_t step = (uint64_t)(small_now(NULL) / SMALL_SECOND_US / TOTP_STEP_S);
    (void)snprintf(out, 8, "%06u",
                   totp_code(TOTP_SHA1, ada_key, sizeof ada_key, step, TOTP_DIGITS));
}

static enum code sign_in(const char *code, bool password_matches, struct desk_session *out,
                         char token[VAULT_TOKEN_TEXT])
{
    const struct desk_sign_in in = {
        .login = "ada", .totp_code = code, .device = "test", .address = "192.0.2.7"};
    struct problem problem = {0};
    small_begin(world);
    return small_end(world,
                     desk_sign_in(world->db, &desk, &in, password_matches, out, token, &problem));
}

static void a_session_needs_password_and_a_fresh_code_and_ends_when_idle(void **state)
{
    struct desk_session session;
    char token[VAULT_TOKEN_TEXT], code[8];
    (void)state;
    code_now(code);
    assert_int_equal(sign_in(code, false, &session, token), CODE_SIGN_IN_FAILED);
    assert_int_equal(sign_in("000000", true, &session, token), CODE_SIGN_IN_FAILED);
    assert_int_equal(sign_in(code, true, &session, token), OK);
    assert_int_equal(sign_in(code, true, &session, token), CODE_SIGN_IN_FAILED); // used
    assert_int_equal(desk_session_find(world->db, &desk, token, &session), OK);
    assert_true((session.rights & DESK_MAY_REVIEW) != 0);
    assert_true((session.rights & (DESK_MAY_UNLOCK | DESK_MAY_ROLES)) == 0);
    small_later(DESK_SESSION_IDLE_US);
    assert_int_equal(desk_session_find(world->db, &desk, token, &session),
                     CODE_OPERATOR_LOGIN_REQUIRED);
}

static void ten_wrong_tries_lock_the_account_for_a_while(void **state)
{
    struct desk_session session;
    char token[VAULT_TOKEN_TEXT], code[8];
    (void)state;
    for (int i = 0; i < 10; i++)
        assert_int_equal(sign_in("000000", true, &session, token), CODE_SIGN_IN_FAILED);
    code_now(code);
    assert_int_equal(sign_in(code, true, &session, token), CODE_SIGN_IN_LOCKED);
    small_later(901 * SMALL_SECOND_US);
    code_now(code);
    assert_int_equal(sign_in(code, true, &session, token), OK);
}

static void an_account_is_set_up_once_by_its_owner(void **state)
{
    struct desk_operator cy;
    uint8_t key[DESK_TOTP_KEY], again[DESK_TOTP_KEY];
    char setup[VAULT_TOKEN_TEXT], code[8];
    const struct desk_new_operator in = {
        .login = "cy", .name = "Cy", .roles = DESK_ROLE_AUDITOR, .by = bo.id};
    (void)state;
    small_begin(world);
    assert_int_equal(small_end(world, desk_operator_add(world->db, &desk, &in, &cy, setup)), OK);
    small_begin(world);
    assert_int_equal(small_end(world, desk_setup_begin(world->db, &desk, setup, &cy, key)), OK);
    small_begin(world);
    assert_int_equal(small_end(world, desk_setup_begin(world->db, &desk, setup, &cy, again)), OK);
    assert_memory_equal(key, again, sizeof key);
    const uint64_t step = (uint64_t)(small_now(NULL) / SMALL_SECOND_US / TOTP_STEP_S);
    (void)snprintf(code, sizeof code, "%06u",
                   totp_code(TOTP_SHA1, key, sizeof key, step, TOTP_DIGITS));
    small_begin(world);
    assert_int_equal(
        small_end(world, desk_setup_finish(world->db, &desk, setup, "stored", "12345", &cy)),
        CODE_CONFIRM_WRONG);
    small_begin(world);
    assert_int_equal(
        small_end(world, desk_setup_finish(world->db, &desk, setup, "stored", code, &cy)), OK);
    assert_int_equal(cy.state, DESK_ACTIVE);
    small_begin(world);
    assert_int_equal(
        small_end(world, desk_setup_finish(world->db, &desk, setup, "stored", code, &cy)),
        CODE_SETUP_INVALID);
    small_begin(world); // bo is the only administrator
    assert_int_equal(small_end(world, desk_operator_close(world->db, &desk, bo.id, ada.id, NULL)),
                     CODE_CASE_STATE);
}

static void passwords_of_operators_are_long_and_not_their_names(void **state)
{
    struct problem problem = {0};
    (void)state;
    assert_int_equal(desk_password_rules("elevenchars", "ada", &problem),
                     CODE_OPERATOR_PASSWORD_WEAK);
    assert_int_equal(desk_password_rules("aaaaaaaaaaaaaaaa", "ada", &problem),
                     CODE_OPERATOR_PASSWORD_WEAK);
    assert_int_equal(desk_password_rules("abcdefghijklmnop", "zoe", &problem),
                     CODE_OPERATOR_PASSWORD_WEAK);
    assert_int_equal(desk_password_rules("hello ADA and all", "ada", &problem),
                     CODE_OPERATOR_PASSWORD_WEAK);
    assert_int_equal(desk_password_rules("correct horse battery", "ada", &problem), OK);
}

static void the_quota_of_views_ends_with_the_day(void **state)
{
    int64_t left;
    (void)state;
    small_begin(world);
    assert_int_equal(desk_quota_take(world->db, &desk, ada.id, 2, &left), OK);
    assert_int_equal(desk_quota_take(world->db, &desk, ada.id, 2, &left), OK);
    assert_int_equal(desk_quota_take(world->db, &desk, ada.id, 2, &left), CODE_REVEAL_QUOTA);
    small_later(SMALL_DAY_US);
    assert_int_equal(small_end(world, desk_quota_take(world->db, &desk, ada.id, 2, &left)), OK);
}

// --- the audit trail -----------------------------------------------------------------------------

static bool count_row(void *context, const struct desk_audit_row *row)
{
    int64_t *count = context;
    assert_true(row->hash[0] != '\0');
    ++*count;
    return true;
}

static int64_t findings(void)
{
    struct audit_result result;
    const struct audit_options options = {0};
    assert_int_equal(audit_run(&result, world->db, &options), OK);
    return result.findings;
}

static void deeds_are_found_by_person_and_case_and_cannot_be_changed(void **state)
{
    int64_t count = 0;
    struct desk_case out;
    (void)state;
    const struct desk_case c = open_case(DESK_REVIEW, 3, false);
    const struct desk_act note = {ada.id, NULL, "called the person"};
    assert_int_equal(take(c.number, ada.id, &out), OK);
    small_begin(world);
    assert_int_equal(small_end(world, desk_case_note(world->db, &desk, c.number, &note)), OK);
    const struct desk_audit_filter of_case = {.case_number = c.number};
    const struct desk_audit_filter of_person = {.person = 4711, .actor = ada.id};
    assert_int_equal(desk_audit_list(world->db, &desk, &of_case, 10, count_row, &count), OK);
    assert_int_equal(count, 3);
    count = 0;
    assert_int_equal(desk_audit_list(world->db, &desk, &of_person, 10, count_row, &count), OK);
    assert_int_equal(count, 2);
    assert_int_equal(findings(), 0);
    assert_int_equal(db_exec(world->db, "UPDATE desk_audit SET reason = 'x'", NULL, 0, NULL),
                     CODE_STORAGE_UNAVAILABLE);
    assert_int_equal(db_exec(world->db, "DELETE FROM desk_audit", NULL, 0, NULL),
                     CODE_STORAGE_UNAVAILABLE);
}

// AB-35: an edit of the trail is found, also by somebody who can drop the triggers.
static void the_auditor_finds_a_changed_trail(void **state)
{
    static const char *const damages[] = {
        "UPDATE desk_audit SET reason = 'other' WHERE seq = 2",
        "UPDATE desk_audit SET operator = 99 WHERE seq = 3",
        "UPDATE desk_audit SET at_us = at_us + 1 WHERE seq = 1",
        "DELETE FROM desk_audit WHERE seq = (SELECT max(seq) FROM desk_audit)",
        "DELETE FROM desk_audit WHERE seq = 4",
    };
    struct db *db = world->db;
    int64_t found = 0;
    (void)state;
    for (int i = 0; i < 4; i++)
        (void)open_case(DESK_TICKET, 3, false);
    assert_int_equal(findings(), 0);
    assert_int_equal(db_exec(db,
                             schema == NULL ? "DROP TRIGGER desk_audit_no_update"
                                            : "DROP TRIGGER desk_audit_no_update ON desk_audit",
                             NULL, 0, NULL),
                     OK);
    assert_int_equal(db_exec(db,
                             schema == NULL ? "DROP TRIGGER desk_audit_no_delete"
                                            : "DROP TRIGGER desk_audit_no_delete ON desk_audit",
                             NULL, 0, NULL),
                     OK);
    for (size_t i = 0; i < sizeof damages / sizeof damages[0]; i++) {
        int64_t changes;
        small_begin(world);
        assert_int_equal(db_exec(db, damages[i], NULL, 0, &changes), OK);
        assert_int_equal(changes, 1);
        assert_int_equal(small_end(world, OK), OK);
        assert_true(findings() > found);
        found = findings();
    }
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(a_case_is_open_once_for_what_it_is_about),
        WITH(only_who_took_a_case_works_on_it),
        WITH(a_missed_deadline_moves_a_case_up_level_by_level),
        WITH(one_person_cannot_ask_and_approve),
        WITH(an_approval_that_nobody_gives_ends_and_gives_the_case_back),
        WITH(a_session_needs_password_and_a_fresh_code_and_ends_when_idle),
        WITH(ten_wrong_tries_lock_the_account_for_a_while),
        WITH(an_account_is_set_up_once_by_its_owner),
        WITH(passwords_of_operators_are_long_and_not_their_names),
        WITH(the_quota_of_views_ends_with_the_day),
        WITH(deeds_are_found_by_person_and_case_and_cannot_be_changed),
        WITH(the_auditor_finds_a_changed_trail),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    schema = "unit_desk";
    if (getenv("TONGBAO_TEST_POSTGRES") != NULL)
        failed += cmocka_run_group_tests(tests, NULL, NULL);
    return failed;
}
