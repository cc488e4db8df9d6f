// rooms: onboard otp guard party vault books ledger money db audit base
// Opening a wallet: submitting once, the decision, the opened wallet and the first log-in.
#include "unit/onboard/onboard_world.h"

#include "onboard/onboard_trouble.h"

#include <pthread.h>

// --- submitting ---

// REQ-050
static void five_submits_make_one_application(void **state)
{
    struct world *world = *state;
    fill(world, ID_NUMBER, PHONE);
    for (int i = 0; i < 5; i++)
        assert_int_equal(submit(world), OK);
    assert_int_equal(waiting(world, "decide"), 1);
    assert_int_equal(number_of(world, "SELECT count(*) FROM onboard_application"), 1);
    assert_int_equal(decide(world, ONBOARD_YES), OK);
    assert_int_equal(submit(world), OK);
    assert_int_equal(decide(world, ONBOARD_YES), OK);
    assert_int_equal(decide(world, ONBOARD_NO), OK);
    assert_int_equal(application_of(world).state, ONBOARD_OPENED);
    assert_int_equal(waiting(world, "decide"), 1);
    assert_int_equal(number_of(world, "SELECT count(*) FROM party_person"), 1);
    assert_int_equal(number_of(world, "SELECT count(*) FROM party_notice"), 1);
}

struct press {
    struct db_change change; // first: the committer hands it back
    struct world *world;
    struct db_committer *committer;
    bool decides;
    enum code code;
};

static enum code press_run(struct db *db, struct db_change *change)
{
    struct press *press = (struct press *)change;
    struct world *world = press->world;
    return press->decides ? onboard_decide(db, &world->onboard, &world->id, ONBOARD_YES)
                          : onboard_submit(db, &world->onboard, world->number, NULL);
}

static void *press_main(void *context)
{
    struct press *press = context;
    press->change = (struct db_change){.run = press_run};
    press->code = db_committer_run(press->committer, &press->change);
    return NULL;
}

// Ten presses over two committers, as two server processes have them.
static void press_at_once(struct world *world, bool decides)
{
    enum { PRESSES = 10 };
    struct db_committer *committers[2];
    struct press presses[PRESSES];
    pthread_t threads[PRESSES];
    const struct db_committer_options options = {.url = world->small.url};
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(db_committer_start(&committers[i], &options), OK);
    for (size_t i = 0; i < PRESSES; i++) {
        presses[i] =
            (struct press){.world = world, .committer = committers[i % 2], .decides = decides};
        assert_int_equal(pthread_create(&threads[i], NULL, press_main, &presses[i]), 0);
    }
    for (size_t i = 0; i < PRESSES; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(presses[i].code, OK);
    }
    for (size_t i = 0; i < 2; i++)
        db_committer_stop(&committers[i]);
}

static void presses_at_once_make_one_wallet(void **state)
{
    struct world *world = *state;
    fill(world, ID_NUMBER, PHONE);
    press_at_once(world, false);
    assert_int_equal(waiting(world, "decide"), 1);
    press_at_once(world, true);
    assert_int_equal(application_of(world).state, ONBOARD_OPENED);
    assert_int_equal(number_of(world, "SELECT count(*) FROM party_person"), 1);
    assert_int_equal(number_of(world, "SELECT count(*) FROM party_notice"), 1);
}

// REQ-101
static void changed_terms_are_agreed_to_again(void **state)
{
    struct world *world = *state;
    struct problem problem = {0};
    assert_int_equal(create(world, "2025-12", true), CODE_TERMS_CHANGED);
    assert_int_equal(number_of(world, "SELECT count(*) FROM onboard_application"), 0);
    fill(world, ID_NUMBER, PHONE);
    world->onboard.terms_version = "2026-02";
    small_begin(&world->small);
    assert_int_equal(small_end(&world->small, onboard_submit(db_of(world), &world->onboard,
                                                             world->number, &problem)),
                     CODE_TERMS_CHANGED);
    assert_step(world, "review");
    assert_int_equal(waiting(world, "decide"), 0);
}

// --- decisions ---

static void assert_refused(struct world *world, enum code refusal)
{
    const struct onboard_application application = application_of(world);
    assert_int_equal(application.state, ONBOARD_REFUSED);
    assert_string_equal(application.step, "refused");
    assert_int_equal(application.refusal, refusal);
    assert_int_equal(application.decided_us, small_now(NULL));
    assert_false(application.has_identity || application.has_phone || application.has_password ||
                 application.has_pin);
}

// REQ-014 REQ-043
static void refused_by_the_register(void **state)
{
    struct world *world = *state;
    struct party_session session;
    struct party_wallet wallet;
    fill(world, ID_NUMBER, PHONE);
    assert_int_equal(submit(world), OK);
    assert_int_equal(checking(world), OK);
    assert_int_equal(decide(world, ONBOARD_NO), OK);
    // Back to the person, with all that was typed; a late answer changes nothing.
    const struct onboard_application application = application_of(world);
    assert_int_equal(application.state, ONBOARD_DRAFT);
    assert_string_equal(application.step, "trouble");
    assert_int_equal(application.trouble.kind, ONBOARD_TROUBLE_NAME);
    assert_int_equal(application.trouble.tries_left, 2);
    assert_true(application.has_password && application.has_pin && application.phone_verified);
    assert_int_equal(decide(world, ONBOARD_YES), OK);
    assert_step(world, "trouble");
    assert_int_equal(submit(world), CODE_STEP_ORDER);
    assert_int_equal(enter(world, &session), CODE_STEP_ORDER);
    assert_int_equal(party_wallet_load(db_of(world), world->number, &wallet), CODE_NOT_FOUND);
    small_begin(&world->small);
    assert_int_equal(small_end(&world->small, onboard_correct_name(db_of(world), &world->onboard,
                                                                   world->number, "欧阳震", NULL)),
                     OK);
    assert_step(world, "review");
    assert_int_equal(submit(world), OK);
    assert_int_equal(decide(world, ONBOARD_YES), OK);
    assert_step(world, "opened");
}

// REQ-043: that a document has a wallet is told only after phone and face were proved.
static void one_wallet_for_one_document(void **state)
{
    struct world *world = *state;
    struct small_letter letter;
    fill(world, ID_NUMBER, PHONE);
    assert_int_equal(submit(world), OK);
    assert_int_equal(decide(world, ONBOARD_YES), OK);
    assert_int_equal(small_letters(&world->small, &letter), 1); // that it is open
    const int64_t accounts = number_of(world, "SELECT count(*) FROM ledger_account");
    fill(world, ID_NUMBER, "13900139000");
    assert_int_equal(submit(world), OK);
    assert_int_equal(decide(world, ONBOARD_YES), OK);
    assert_refused(world, CODE_IDENTITY_IN_USE);
    fill(world, "130132199210293822", PHONE);
    assert_int_equal(submit(world), OK);
    assert_int_equal(decide(world, ONBOARD_YES), OK);
    assert_refused(world, CODE_PHONE_IN_USE);
    assert_int_equal(number_of(world, "SELECT count(*) FROM ledger_account"), accounts);
    assert_int_equal(number_of(world, "SELECT count(*) FROM party_person"), 1);
}

static void trusted_data_open_at_once(void **state)
{
    struct world *world = *state;
    char password[VAULT_STORED_TEXT], pin[VAULT_STORED_TEXT];
    struct party_wallet wallet;
    struct problem problem = {0};
    stored_secret(world, VAULT_PASSWORD, PASSWORD, password);
    stored_secret(world, VAULT_PIN, PIN, pin);
    struct onboard_person in = {.name = NAME,
                                .id_number = ID_NUMBER,
                                .phone = PHONE,
                                .language = PARTY_EN,
                                .password_stored = password,
                                .pin_stored = pin};
    small_begin(&world->small);
    assert_int_equal(onboard_open(db_of(world), &world->onboard, &in, &wallet, &problem), OK);
    assert_int_equal(small_end(&world->small, OK), OK);
    assert_int_equal(wallet.language, PARTY_EN);
    assert_true(wallet.account_cny > 0 && wallet.account_usd > 0);
    const struct {
        const char *id_number, *phone;
        enum code code;
    } refused[] = {{ID_NUMBER, "13900139000", CODE_IDENTITY_IN_USE},
                   {"130132199210293822", PHONE, CODE_PHONE_IN_USE},
                   {"310101201406010037", "13900139000", CODE_AGE_NOT_ELIGIBLE},
                   {"130132199210293822", "14712345678", CODE_PHONE_NOT_SUPPORTED}};
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        in.id_number = refused[i].id_number;
        in.phone = refused[i].phone;
        problem = (struct problem){0};
        small_begin(&world->small);
        assert_int_equal(small_end(&world->small, onboard_open(db_of(world), &world->onboard, &in,
                                                               &wallet, &problem)),
                         refused[i].code);
        assert_int_equal(problem.code, refused[i].code);
    }
    assert_int_equal(number_of(world, "SELECT count(*) FROM party_person"), 1);
}

// --- the opened wallet ---

// Opened by the whole path; the notice and the first log-in of the person.
// REQ-034
static void opened_wallet_has_all_it_needs(void **state)
{
    struct world *world = *state;
    struct party_wallet wallet;
    struct party_person person;
    struct party_credentials credentials;
    struct guard_wallet limits;
    struct books_account account;
    bool match = false;
    fill(world, ID_NUMBER, PHONE);
    assert_int_equal(submit(world), OK);
    assert_int_equal(checking(world), OK);
    assert_int_equal(decide(world, ONBOARD_YES), OK);
    assert_int_equal(party_wallet_load(db_of(world), world->number, &wallet), OK);
    assert_int_equal(wallet.wallet_class, ONBOARD_CLASS);
    assert_int_equal(wallet.state, PARTY_ACTIVE);
    const int64_t accounts[] = {wallet.account_cny, wallet.account_usd};
    const enum money_currency currencies[] = {MONEY_CNY, MONEY_USD};
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(books_read_account(&account, db_of(world), accounts[i]), OK);
        assert_int_equal(account.owner, world->number);
        assert_int_equal(account.kind, BOOKS_WALLET);
        assert_int_equal(account.ledger.currency, currencies[i]);
        assert_int_equal(guard_wallet_load(&limits, db_of(world), accounts[i]), OK);
        assert_int_equal(limits.wallet_class, ONBOARD_CLASS);
    }
    assert_int_equal(party_person_load(db_of(world), world->small.vault, world->number, &person),
                     OK);
    assert_string_equal(person.name, NAME);
    assert_string_equal(person.phone, PHONE);
    assert_int_equal(person.birth_date, 19880824);
    assert_int_equal(party_credentials_load(db_of(world), world->number, &credentials), OK);
    assert_int_equal(vault_password_verify(world->small.vault, VAULT_PASSWORD, PASSWORD,
                                           credentials.password, &match, NULL),
                     OK);
    assert_true(match);
    assert_int_equal(
        vault_password_verify(world->small.vault, VAULT_PIN, PIN, credentials.pin, &match, NULL),
        OK);
    assert_true(match);
}

static bool take_notice(void *context, const struct party_notice *notice)
{
    *(struct party_notice *)context = *notice;
    return false;
}

struct events {
    char text[8][96];
    size_t count;
};
static bool take_event(void *context, const struct party_outbox *row)
{
    struct events *events = context;
    if (row->ref_size == 4 && memcmp(row->ref, "code", 4) == 0)
        return true;
    assert_true(events->count < 8 && row->payload_size < 96 && row->ref_size == 11);
    assert_memory_equal(row->ref, "application", 11);
    memcpy(events->text[events->count++], row->payload, row->payload_size);
    return true;
}

// REQ-034
static void the_phone_is_told_once(void **state)
{
    struct world *world = *state;
    struct small_letter letter;
    fill(world, ID_NUMBER, PHONE);
    assert_int_equal(submit(world), OK);
    assert_int_equal(checking(world), OK);
    assert_int_equal(small_letters(&world->small, &letter), 0);
    assert_int_equal(decide(world, ONBOARD_YES), OK);
    assert_int_equal(decide(world, ONBOARD_YES), OK);
    assert_int_equal(small_letters(&world->small, &letter), 1);
    assert_string_equal(letter.lines[0], "wallet.opened");
    assert_string_equal(letter.lines[1], PHONE);
    assert_string_equal(letter.lines[2], "-");
    assert_string_equal(letter.lines[3], "zh-CN");
    assert_string_equal(letter.lines[4], "1440");
}

static void a_refusal_sends_no_message(void **state)
{
    struct world *world = *state;
    struct small_letter letter;
    fill(world, ID_NUMBER, PHONE);
    assert_int_equal(submit(world), OK);
    assert_int_equal(decide(world, ONBOARD_NO), OK);
    assert_int_equal(small_letters(&world->small, &letter), 0);
}

// REQ-034
static void person_and_streams_are_told(void **state)
{
    struct world *world = *state;
    static const char *const expected[] = {
        "{\"state\":\"draft\",\"step\":\"password\"}",
        "{\"state\":\"submitted\",\"step\":\"submitted\"}",
        "{\"state\":\"checking\",\"step\":\"submitted\"}",
        "{\"state\":\"opened\",\"step\":\"opened\"}",
    };
    struct party_wallet wallet;
    struct party_notice notice = {0};
    struct events events = {0};
    struct buffer title = {0}, text = {0};
    const struct id newest = {{0}};
    fill(world, ID_NUMBER, PHONE);
    assert_int_equal(submit(world), OK);
    assert_int_equal(checking(world), OK);
    assert_int_equal(decide(world, ONBOARD_YES), OK);
    assert_int_equal(party_outbox_events_of(db_of(world), onboard_stream_key(world->number), 0, 100,
                                            take_event, &events),
                     OK);
    assert_int_equal(events.count, 4);
    for (size_t i = 0; i < 4; i++)
        assert_string_equal(events.text[i], expected[i]);
    assert_int_equal(party_wallet_load(db_of(world), world->number, &wallet), OK);
    assert_int_equal(party_notices_list(db_of(world), world->small.vault, world->number, &newest,
                                        10, take_notice, &notice),
                     OK);
    assert_string_equal(notice.kind, "wallet.opened");
    party_notice_text(&notice, false, &title, &text);
    assert_non_null(strstr(text.data, wallet.number));
    buffer_free(&title);
    buffer_free(&text);
}

static void entering_ends_the_draft(void **state)
{
    struct world *world = *state;
    struct party_session session;
    struct onboard_application out;
    fill(world, ID_NUMBER, PHONE);
    assert_int_equal(enter(world, &session), CODE_STEP_ORDER);
    assert_int_equal(submit(world), OK);
    assert_int_equal(enter(world, &session), CODE_STEP_ORDER);
    assert_int_equal(decide(world, ONBOARD_YES), OK);
    assert_int_equal(onboard_find(db_of(world), &world->onboard, world->token, &out), OK);
    assert_int_equal(out.number, world->number);
    assert_int_equal(enter(world, &session), OK);
    assert_int_equal(session.person, world->number);
    assert_int_equal(onboard_find(db_of(world), &world->onboard, world->token, &out),
                     CODE_NOT_FOUND);
    assert_int_equal(enter(world, &session), CODE_NOT_FOUND);
    assert_int_equal(number_of(world, "SELECT count(*) FROM party_session"), 1);
}

static int run_engine(const char *name)
{
    const struct CMUnitTest tests[] = {
        TEST(five_submits_make_one_application), TEST(presses_at_once_make_one_wallet),
        TEST(changed_terms_are_agreed_to_again), TEST(refused_by_the_register),
        TEST(one_wallet_for_one_document),       TEST(trusted_data_open_at_once),
        TEST(opened_wallet_has_all_it_needs),    TEST(person_and_streams_are_told),
        TEST(entering_ends_the_draft),           TEST(the_phone_is_told_once),
        TEST(a_refusal_sends_no_message),
    };
    return cmocka_run_group_tests_name(name, tests, NULL, NULL);
}

int main(void)
{
    int failed = run_engine("onboard decisions on SQLite");
    if (getenv("TONGBAO_TEST_POSTGRES") != NULL) {
        schema = "onboard_decide";
        failed += run_engine("onboard decisions on PostgreSQL");
    }
    return failed;
}
