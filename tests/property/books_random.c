// rooms: base money ledger db books audit
// Under random load: does the auditor agree? Is a group the same as one by one? Does replay give
// the same state? Are SQLite and PostgreSQL the same, row by row?
#include "audit/audit.h"
#include "property/books_load.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

struct fixture {
    struct load_folder folder;
    struct load *grouped, *single;
    struct db *a, *b;
    struct buffer dump;
};

static int set_up(void **state)
{
    struct fixture *fixture = mem_alloc(sizeof *fixture);
    fixture->grouped = mem_alloc(sizeof *fixture->grouped);
    fixture->single = mem_alloc(sizeof *fixture->single);
    const uint64_t seed = load_seed();
    load_generate(fixture->grouped, seed);
    load_generate(fixture->single, seed);
    *state = fixture;
    return load_folder_make(&fixture->folder) && load_sqlite(&fixture->a, &fixture->folder, "a") &&
                   load_sqlite(&fixture->b, &fixture->folder, "b") &&
                   load_open(fixture->grouped, fixture->a) &&
                   load_run(fixture->grouped, fixture->a, true)
               ? 0
               : -1;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    db_close(&fixture->a);
    db_close(&fixture->b);
    buffer_free(&fixture->dump);
    mem_free(fixture->grouped);
    mem_free(fixture->single);
    load_folder_remove(&fixture->folder);
    mem_free(fixture);
    return 0;
}

static void assert_clean(struct db *db)
{
    struct audit_result result;
    const struct audit_options options = {
        .report = audit_print_finding, .context = stdout, .ledger_only = true};
    assert_int_equal(audit_run(&result, db, &options), OK);
    audit_print_result(stdout, &result);
    assert_int_equal(result.findings, 0);
    assert_true(result.transfers > LOAD_COMMANDS / 4);
}

static void assert_replays(struct db *db)
{
    struct arena *arena = arena_new();
    struct books_replay replay;
    assert_int_equal(books_replay(&replay, db, arena), OK);
    assert_int_equal(replay.bad_transfer, 0);
    assert_int_equal(replay.bad_account, 0);
    assert_true(replay.transfers > LOAD_COMMANDS / 4);
    arena_free(&arena);
}

static void assert_same(struct db *db, const struct load *load, const struct fixture *fixture)
{
    struct buffer other = {0};
    assert_true(load_dump(&other, db));
    assert_int_equal(other.size, fixture->dump.size);
    assert_string_equal(other.data, fixture->dump.data);
    for (size_t i = 0; i < LOAD_COMMANDS; i++) {
        assert_int_equal(load->outcomes[i].code, fixture->grouped->outcomes[i].code);
        assert_int_equal(load->outcomes[i].seq, fixture->grouped->outcomes[i].seq);
        assert_int_equal(load->outcomes[i].repeated, fixture->grouped->outcomes[i].repeated);
    }
    buffer_free(&other);
}

// A load in which a kind of event never happens would prove nothing about it.
static void the_load_reaches_everything(void **state)
{
    const struct load *load = ((struct fixture *)*state)->grouped;
    for (int type = 0; type < LOAD_TYPES; type++) {
        printf("type %d: %lld done\n", type, (long long)load->ok_of_type[type]);
        assert_true(load->ok_of_type[type] > 3);
    }
    assert_true(load->count_insufficient > 20);
    assert_true(load->count_repeated > 10);
    assert_true(load->count_conflict > 3);
}

static void auditor_agrees(void **state)
{
    assert_clean(((struct fixture *)*state)->a);
}

static void replay_gives_the_same_state(void **state)
{
    assert_replays(((struct fixture *)*state)->a);
}

static void grouped_is_one_by_one(void **state)
{
    struct fixture *fixture = *state;
    assert_true(load_dump(&fixture->dump, fixture->a));
    assert_true(load_open(fixture->single, fixture->b));
    assert_true(load_run(fixture->single, fixture->b, false));
    assert_same(fixture->b, fixture->single, fixture);
}

// Follows every account's chain to its end and finds each transfer exactly once.
static void statements_walk_every_transfer(void **state)
{
    struct fixture *fixture = *state;
    for (size_t i = 0; i < LOAD_WALLETS; i++) {
        struct arena *arena = arena_new();
        const int64_t account = fixture->grouped->wallets[i];
        const struct db_value value = db_int(account);
        int64_t expected = 0;
        int64_t seen = 0;
        assert_int_equal(db_query_int(fixture->a, &expected,
                                      "SELECT COUNT(*) FROM ledger_transfer "
                                      "WHERE debit = $1 OR credit = $1",
                                      &value, 1, 0),
                         OK);
        struct books_statement_query query = {account, 0, 0, 7, BOOKS_ALL_LINES};
        size_t count = 7;
        for (int64_t last = INT64_MAX; count == 7;) {
            struct books_line *lines = NULL;
            assert_int_equal(books_statement(&lines, &count, fixture->a, arena, &query), OK);
            for (size_t j = 0; j < count; j++) {
                assert_true(lines[j].seq < last);
                assert_true(lines[j].debit == account || lines[j].credit == account);
                last = query.before_seq = lines[j].seq;
                seen++;
            }
        }
        assert_int_equal(seen, expected);
        arena_free(&arena);
    }
}

static void postgres_is_sqlite(void **state)
{
    struct fixture *fixture = *state;
    const char *url = getenv("TONGBAO_TEST_POSTGRES");
    if (url == NULL) {
        printf("TONGBAO_TEST_POSTGRES is not set: PostgreSQL skipped\n");
        skip();
    }
    struct db *db = NULL;
    char own[512];
    int applied = 0;
    assert_int_equal(db_open(&db, url, false), OK);
    assert_int_equal(
        db_exec(db, "DROP SCHEMA IF EXISTS tongbao_books_random CASCADE", NULL, 0, NULL), OK);
    assert_int_equal(db_exec(db, "CREATE SCHEMA tongbao_books_random", NULL, 0, NULL), OK);
    db_close(&db);
    (void)snprintf(own, sizeof own, "%s%soptions=-csearch_path%%3Dtongbao_books_random", url,
                   strchr(url, '?') != NULL ? "&" : "?");
    assert_int_equal(db_open(&db, own, false), OK);
    assert_int_equal(db_migrate(db, LOAD_START_US, &applied), OK);
    struct load *load = mem_alloc(sizeof *load);
    load_generate(load, fixture->grouped->seed);
    assert_true(load_open(load, db));
    assert_true(load_run(load, db, true));
    assert_same(db, load, fixture);
    assert_clean(db);
    assert_replays(db);
    mem_free(load);
    db_close(&db);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_load_reaches_everything),    cmocka_unit_test(auditor_agrees),
        cmocka_unit_test(replay_gives_the_same_state),    cmocka_unit_test(grouped_is_one_by_one),
        cmocka_unit_test(statements_walk_every_transfer), cmocka_unit_test(postgres_is_sqlite),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
