// rooms: onboard desk guard party books vault ledger money audit db base
// When an opening does not go straight through: the small amount with a bank that answers all kinds
// of things, passes and their ends, the branch, maintenance that is told of once.
#include "unit/onboard/onboard_world.h"

#include "guard/guard_maintenance.h"
#include "onboard/onboard_trouble.h"

static const char CARD[] = "9901013814602755190";

// An application whose phone is not the one on file.
static void get_into_trouble(struct world *world)
{
    fill(world, ID_NUMBER, PHONE);
    assert_int_equal(submit(world), OK);
    assert_int_equal(decide(world, ONBOARD_NO_PHONE), OK);
    assert_step(world, "trouble");
}

static enum code start_link(struct world *world, struct problem *problem)
{
    small_begin(&world->small);
    return small_end(&world->small, onboard_link_start(db_of(world), &world->onboard, world->number,
                                                       CARD, problem));
}

static enum code type(struct world *world, int64_t amount, struct problem *problem)
{
    small_begin(&world->small);
    const enum code code =
        onboard_link_type(db_of(world), &world->onboard, world->number, amount, problem);
    // As the endpoint does: a miss is kept.
    (void)small_end(&world->small, code == CODE_LINK_WRONG || code == CODE_LINK_CLOSED ? OK : code);
    return code;
}

static enum onboard_link_state link_state(struct world *world)
{
    struct onboard_link link;
    assert_int_equal(onboard_link_load(db_of(world), &world->onboard, world->number, &link), OK);
    return link.state;
}

// One round of the worker: what it asks; the bank says `outcome`.
static enum onboard_link_call work(struct world *world, enum onboard_link_outcome outcome)
{
    struct party_outbox *rows;
    size_t count = 0;
    struct arena *arena = arena_new();
    struct onboard_link_task task = {0};
    small_begin(&world->small);
    assert_int_equal(party_outbox_take(db_of(world), world->small.vault, arena, ONBOARD_LINK_QUEUE,
                                       small_now(NULL), SMALL_SECOND_US, 1, &rows, &count),
                     OK);
    if (count == 1)
        assert_int_equal(onboard_link_begin(db_of(world), &world->onboard, rows, &task), OK);
    assert_int_equal(small_end(&world->small, OK), OK);
    if (task.call != ONBOARD_LINK_CALL_NONE) {
        small_begin(&world->small);
        assert_int_equal(small_end(&world->small, onboard_link_apply(db_of(world), &world->onboard,
                                                                     &task, outcome)),
                         OK);
    }
    arena_free(&arena);
    return task.call;
}

static int64_t amount_of(struct world *world)
{
    return number_of(world, "SELECT amount FROM onboard_link ORDER BY created_us DESC LIMIT 1");
}

static int64_t in_transit(struct world *world)
{
    return number_of(world, "SELECT debits_posted - credits_posted FROM ledger_account "
                            "WHERE kind = 11 AND currency = 156");
}

static enum code audit(struct world *world)
{
    struct audit_result result;
    const struct audit_options options = {
        .now_us = small_now(NULL), .report = audit_print_finding, .context = stderr};
    assert_int_equal(audit_run(&result, db_of(world), &options), OK);
    return result.findings == 0 ? OK : CODE_INTERNAL;
}

// REQ-046 REQ-048
static void right_amount_links(void **state)
{
    struct world *world = *state;
    get_into_trouble(world);
    assert_int_equal(type(world, 37, NULL), CODE_NOT_FOUND);
    assert_int_equal(start_link(world, NULL), OK);
    assert_int_equal(link_state(world), ONBOARD_LINK_SENDING);
    assert_int_equal(type(world, amount_of(world), NULL), CODE_STEP_ORDER);
    assert_int_equal(work(world, ONBOARD_LINK_YES), ONBOARD_LINK_CALL_CREDIT);
    assert_int_equal(link_state(world), ONBOARD_LINK_WAITING);
    assert_int_equal(in_transit(world), amount_of(world));
    assert_int_equal(audit(world), OK);
    assert_int_equal(type(world, amount_of(world), NULL), OK);
    assert_step(world, "review");
    assert_int_equal(application_of(world).trouble.linked, ONBOARD_LINKED_BY_CARD);
    assert_int_equal(work(world, ONBOARD_LINK_YES), ONBOARD_LINK_CALL_RETURN);
    assert_int_equal(in_transit(world), 0);
    assert_int_equal(work(world, ONBOARD_LINK_YES), ONBOARD_LINK_CALL_NONE);
    assert_int_equal(number_of(world, "SELECT count(*) FROM onboard_link WHERE card IS NOT NULL"),
                     0);
}

// Whatever the bank does not say: asked again by the same id, credited once.
static void bank_that_says_nothing(void **state)
{
    struct world *world = *state;
    get_into_trouble(world);
    assert_int_equal(start_link(world, NULL), OK);
    assert_int_equal(work(world, ONBOARD_LINK_NO_ANSWER), ONBOARD_LINK_CALL_CREDIT);
    small_later(2 * SMALL_SECOND_US);
    assert_int_equal(work(world, ONBOARD_LINK_NOT_FOUND), ONBOARD_LINK_CALL_INQUIRE);
    small_later(SMALL_DAY_US / 24 / 60);
    assert_int_equal(work(world, ONBOARD_LINK_NOT_FOUND), ONBOARD_LINK_CALL_INQUIRE);
    small_later(SMALL_DAY_US / 24 / 60);
    assert_int_equal(work(world, ONBOARD_LINK_PENDING), ONBOARD_LINK_CALL_CREDIT);
    small_later(SMALL_DAY_US / 24 / 60);
    assert_int_equal(work(world, ONBOARD_LINK_YES), ONBOARD_LINK_CALL_INQUIRE);
    assert_int_equal(link_state(world), ONBOARD_LINK_WAITING);
    assert_int_equal(in_transit(world), amount_of(world));
}

static void three_misses_close_the_way(void **state)
{
    struct world *world = *state;
    struct problem problem = {0};
    get_into_trouble(world);
    assert_int_equal(start_link(world, NULL), OK);
    assert_int_equal(work(world, ONBOARD_LINK_YES), ONBOARD_LINK_CALL_CREDIT);
    const int64_t wrong = amount_of(world) == 50 ? 51 : 50;
    assert_int_equal(type(world, wrong, &problem), CODE_LINK_WRONG);
    assert_int_equal(problem.tries_left, 2);
    assert_int_equal(type(world, wrong, &problem), CODE_LINK_WRONG);
    assert_int_equal(problem.tries_left, 1);
    assert_int_equal(type(world, wrong, &problem), CODE_LINK_CLOSED);
    assert_int_equal(problem.until_us, small_now(NULL) + 2 * SMALL_DAY_US);
    assert_int_equal(link_state(world), ONBOARD_LINK_CLOSED);
    assert_int_equal(type(world, amount_of(world), &problem), CODE_STEP_ORDER);
    assert_int_equal(start_link(world, &problem), CODE_LINK_CLOSED);
    assert_int_equal(work(world, ONBOARD_LINK_YES), ONBOARD_LINK_CALL_RETURN);
    assert_int_equal(in_transit(world), 0);
    // Another application of the same ID number begins no new count.
    small_later(SMALL_DAY_US);
    get_into_trouble(world);
    assert_int_equal(start_link(world, &problem), CODE_LINK_CLOSED);
    small_later(SMALL_DAY_US + SMALL_SECOND_US);
    assert_int_equal(start_link(world, &problem), OK);
}

static void nobody_types_or_the_card_is_not_theirs(void **state)
{
    struct world *world = *state;
    int64_t count;
    get_into_trouble(world);
    assert_int_equal(start_link(world, NULL), OK);
    assert_int_equal(work(world, ONBOARD_LINK_NO), ONBOARD_LINK_CALL_CREDIT);
    assert_int_equal(link_state(world), ONBOARD_LINK_REFUSED);
    small_later(SMALL_SECOND_US);
    assert_int_equal(start_link(world, NULL), OK);
    assert_int_equal(start_link(world, NULL), CODE_REQUEST_RUNNING);
    assert_int_equal(work(world, ONBOARD_LINK_YES), ONBOARD_LINK_CALL_CREDIT);
    small_later(2 * SMALL_DAY_US + SMALL_SECOND_US);
    assert_int_equal(type(world, amount_of(world), NULL), CODE_STEP_ORDER);
    small_begin(&world->small);
    assert_int_equal(
        small_end(&world->small, onboard_links_expire(db_of(world), &world->onboard, 10, &count)),
        OK);
    assert_int_equal(count, 1);
    assert_int_equal(link_state(world), ONBOARD_LINK_EXPIRED);
    // The card is empty by now: the operator's loss stays visible, and the books agree.
    assert_int_equal(work(world, ONBOARD_LINK_NO), ONBOARD_LINK_CALL_RETURN);
    assert_int_equal(in_transit(world), amount_of(world));
    assert_int_equal(audit(world), OK);
}

// --- passes ---

static struct onboard_pass_secret new_pass(struct world *world, enum onboard_pass_kind kind,
                                           bool agreed, struct onboard_pass *out)
{
    struct onboard_pass_secret secret;
    small_begin(&world->small);
    assert_int_equal(
        small_end(&world->small, onboard_pass_new(db_of(world), &world->onboard, world->number,
                                                  kind, agreed, out, &secret)),
        OK);
    return secret;
}

static enum code take_over(struct world *world, const char *code)
{
    struct onboard_application application;
    char token[VAULT_TOKEN_TEXT];
    small_begin(&world->small);
    const enum code result =
        small_end(&world->small, onboard_handover_take(db_of(world), &world->onboard, NULL, NULL,
                                                       code, &application, token));
    if (result == OK)
        assert_int_equal(application.number, world->number);
    return result;
}

static void handover_ends(void **state)
{
    struct world *world = *state;
    struct onboard_pass pass;
    struct onboard_application out;
    assert_int_equal(create(world, "2026-01", true), OK);
    const struct onboard_pass_secret first = new_pass(world, ONBOARD_HANDOVER, false, &pass);
    const struct onboard_pass_secret second = new_pass(world, ONBOARD_HANDOVER, false, &pass);
    assert_int_equal(take_over(world, first.code), CODE_HANDOVER_INVALID);
    small_later(SMALL_DAY_US);
    assert_int_equal(take_over(world, second.code), CODE_HANDOVER_EXPIRED);
    const struct onboard_pass_secret third = new_pass(world, ONBOARD_HANDOVER, false, &pass);
    assert_int_equal(take_over(world, third.code), OK);
    assert_int_equal(take_over(world, third.code), CODE_HANDOVER_USED);
    assert_int_equal(onboard_find(db_of(world), &world->onboard, world->token, &out),
                     CODE_NOT_FOUND);
    // What is over holds nothing any more.
    assert_int_equal(number_of(world, "SELECT count(*) FROM onboard_pass WHERE sealed IS NOT NULL "
                                      "OR wrapped IS NOT NULL"),
                     0);
}

// REQ-053
static void clerk_opens_a_ticket(void **state)
{
    struct world *world = *state;
    struct onboard_pass pass, found;
    struct onboard_ticket_copy copy;
    get_into_trouble(world);
    const struct onboard_pass_secret secret = new_pass(world, ONBOARD_TICKET, false, &pass);
    assert_int_equal(strlen(pass.ticket), 8);
    assert_true(text_luhn_valid(pass.ticket));
    assert_int_equal(onboard_ticket_by_number(db_of(world), pass.ticket, &found), OK);
    assert_int_equal(found.cause, ONBOARD_TROUBLE_PHONE);
    pass.ticket[7] = pass.ticket[7] == '9' ? '0' : (char)(pass.ticket[7] + 1);
    assert_int_equal(onboard_ticket_by_number(db_of(world), pass.ticket, &found), CODE_NOT_FOUND);
    assert_int_equal(
        onboard_ticket_open_key(&world->onboard, &pass, db_of(world), secret.key, &copy), OK);
    assert_string_equal(copy.name, NAME);
    assert_string_equal(copy.id_number, ID_NUMBER);
    assert_string_equal(copy.phone, PHONE);
    // Without the person's word the document alone opens nothing.
    assert_int_equal(
        onboard_ticket_open_document(&world->onboard, &pass, db_of(world), ID_NUMBER, &copy),
        CODE_TICKET_INVALID);
    (void)new_pass(world, ONBOARD_TICKET, true, &found);
    assert_int_equal(
        onboard_ticket_open_key(&world->onboard, &pass, db_of(world), secret.key, &copy),
        CODE_TICKET_INVALID);
    assert_int_equal(
        onboard_ticket_open_key(&world->onboard, &found, db_of(world), secret.key, &copy),
        CODE_TICKET_INVALID);
    assert_int_equal(
        onboard_ticket_open_document(&world->onboard, &found, db_of(world), ID_NUMBER, &copy), OK);
    assert_int_equal(onboard_ticket_open_document(&world->onboard, &found, db_of(world),
                                                  "110101199203174325", &copy),
                     CODE_TICKET_INVALID);
    small_later(7 * SMALL_DAY_US);
    assert_int_equal(
        onboard_ticket_open_document(&world->onboard, &found, db_of(world), ID_NUMBER, &copy),
        CODE_TICKET_INVALID);
}

static enum code finish(struct world *world, const struct onboard_pass *pass, bool approved)
{
    const struct onboard_ticket_finish in = {pass->id, approved, NAME, ID_NUMBER};
    small_begin(&world->small);
    return small_end(&world->small,
                     onboard_ticket_finish(db_of(world), &world->onboard, &in, NULL));
}

static void clerk_finishes(void **state)
{
    struct world *world = *state;
    struct onboard_pass pass;
    struct small_letter letter = {0};
    assert_int_equal(create(world, "2026-01", true), OK);
    assert_int_equal(identity(world, NAME, ID_NUMBER, NULL), OK);
    (void)new_pass(world, ONBOARD_TICKET, true, &pass);
    assert_int_equal(finish(world, &pass, true), CODE_STEP_ORDER); // no phone, no password yet
    small_later(SMALL_DAY_US);
    get_into_trouble(world);
    (void)new_pass(world, ONBOARD_TICKET, true, &pass);
    assert_int_equal(finish(world, &pass, true), OK);
    const struct onboard_application application = application_of(world);
    assert_int_equal(application.state, ONBOARD_OPENED);
    assert_int_equal(number_of(world, "SELECT max(class) FROM guard_wallet"), 1);
    assert_int_equal(small_letters(&world->small, &letter), 1);
    assert_string_equal(letter.lines[0], "wallet.opened");
    assert_int_equal(finish(world, &pass, true), CODE_TICKET_INVALID);
}

static void clerk_refuses(void **state)
{
    struct world *world = *state;
    struct onboard_pass pass;
    get_into_trouble(world);
    (void)new_pass(world, ONBOARD_TICKET, false, &pass);
    assert_int_equal(finish(world, &pass, false), OK);
    const struct onboard_application application = application_of(world);
    assert_int_equal(application.state, ONBOARD_REFUSED);
    assert_int_equal(application.refusal, CODE_IDENTITY_MISMATCH);
}

// --- mismatches ---

// REQ-043
static void three_mismatches_leave_the_branch(void **state)
{
    struct world *world = *state;
    static const char *const names[] = {"欧阳震", "欧阳华"};
    fill(world, ID_NUMBER, PHONE);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(submit(world), OK);
        assert_int_equal(decide(world, ONBOARD_NO), OK);
        assert_int_equal(application_of(world).trouble.tries_left, 2 - i);
        small_begin(&world->small);
        assert_int_equal(
            small_end(&world->small, onboard_correct_name(db_of(world), &world->onboard,
                                                          world->number, names[i % 2], NULL)),
            OK);
        assert_step(world, "review");
    }
    assert_int_equal(submit(world), CODE_NOT_ALLOWED);
}

// The number on file: proved by its code, and nothing is asked again. REQ-048
static void number_on_file(void **state)
{
    struct world *world = *state;
    get_into_trouble(world);
    prove_phone(world, "13900000001");
    assert_step(world, "review");
    assert_int_equal(submit(world), OK);
    assert_int_equal(decide(world, ONBOARD_YES), OK);
    assert_int_equal(application_of(world).state, ONBOARD_OPENED);
}

// --- maintenance ---

static enum code set_maintenance(struct world *world, int64_t until_us, int64_t approved_by)
{
    const struct guard_maintenance in = {.scope = GUARD_MAINTENANCE_OPENING,
                                         .until_us = until_us,
                                         .set_by = 1,
                                         .approved_by = approved_by};
    struct guard_maintenance out;
    small_begin(&world->small);
    return small_end(&world->small, guard_maintenance_set(db_of(world), &small_env, &in, &out));
}

static void remind(struct world *world, int64_t subject)
{
    small_begin(&world->small);
    assert_int_equal(
        small_end(&world->small, guard_reminder_add(db_of(world), world->small.vault, &small_env,
                                                    subject, PHONE, PARTY_ZH)),
        OK);
}

// REQ-051 REQ-052
static void maintenance_is_told_once(void **state)
{
    struct world *world = *state;
    struct guard_maintenance running;
    struct small_letter letter = {0};
    int64_t told, told_us;
    bool waits;
    const int64_t hour_us = SMALL_DAY_US / 24;
    assert_int_equal(set_maintenance(world, small_now(NULL) + hour_us, 0), CODE_NOT_ALLOWED);
    assert_int_equal(set_maintenance(world, small_now(NULL) + hour_us, 1), CODE_NOT_ALLOWED);
    assert_int_equal(set_maintenance(world, small_now(NULL), 2), CODE_REQUEST_INVALID);
    assert_int_equal(set_maintenance(world, small_now(NULL) + hour_us, 2), OK);
    assert_int_equal(guard_maintenance_active(db_of(world), small_now(NULL), &running), OK);
    remind(world, -77);
    remind(world, -77);
    // Earlier than announced, by an operator.
    small_begin(&world->small);
    assert_int_equal(
        small_end(&world->small,
                  guard_maintenance_end(db_of(world), world->small.vault, &small_env, &told)),
        OK);
    assert_int_equal(told, 1);
    assert_int_equal(small_letters(&world->small, &letter), 1);
    assert_string_equal(letter.lines[0], "maintenance.over");
    assert_string_equal(letter.lines[1], PHONE);
    assert_int_equal(guard_reminder_state(db_of(world), -77, &waits, &told_us), OK);
    assert_false(waits);
    assert_int_equal(told_us, small_now(NULL));
    assert_int_equal(guard_maintenance_active(db_of(world), small_now(NULL), &running),
                     CODE_NOT_FOUND);
    // By the clock alone, and only the first look tells.
    assert_int_equal(set_maintenance(world, small_now(NULL) + hour_us, 2), OK);
    remind(world, -77);
    size_t letters = 0;
    for (int i = 0; i < 3; i++) {
        small_later(hour_us / 2);
        small_begin(&world->small);
        assert_int_equal(
            small_end(&world->small,
                      guard_maintenance_due(db_of(world), world->small.vault, &small_env)),
            OK);
        letters += small_letters(&world->small, &letter);
        assert_int_equal(letters, i == 0 ? 0 : 1);
    }
}

static int run_engine(const char *name)
{
    const struct CMUnitTest tests[] = {
        TEST(right_amount_links),
        TEST(bank_that_says_nothing),
        TEST(three_misses_close_the_way),
        TEST(nobody_types_or_the_card_is_not_theirs),
        TEST(handover_ends),
        TEST(clerk_opens_a_ticket),
        TEST(clerk_finishes),
        TEST(clerk_refuses),
        TEST(three_mismatches_leave_the_branch),
        TEST(number_on_file),
        TEST(maintenance_is_told_once),
    };
    return cmocka_run_group_tests_name(name, tests, NULL, NULL);
}

int main(void)
{
    int failed = run_engine("trouble on SQLite");
    if (getenv("TONGBAO_TEST_POSTGRES") != NULL) {
        schema = "onboard_trouble";
        failed += run_engine("trouble on PostgreSQL");
    }
    return failed;
}
