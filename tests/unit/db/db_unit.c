// rooms: db base
// The database layer on both engines: values, set-based statements, savepoints, migrations, the
// group committer. PostgreSQL when TONGBAO_TEST_POSTGRES names a cluster; each run makes a schema
// of its own.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "db/db.h"

static char url[512];
static struct db *db;

static int open_sqlite(void **state)
{
    (void)state;
    snprintf(url, sizeof url, "/tmp/tongbao-db-unit-%d.db", (int)getpid());
    return db_open(&db, url, false) == OK ? 0 : -1;
}

static int close_sqlite(void **state)
{
    (void)state;
    char path[600];
    static const char *const tails[] = {"", "-wal", "-shm"};
    db_close(&db);
    for (size_t i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s%s", url, tails[i]);
        unlink(path);
    }
    return 0;
}

static char schema[64];

static int open_postgres(void **state)
{
    (void)state;
    const char *base = getenv("TONGBAO_TEST_POSTGRES");
    struct db *first;
    char sql[128];
    if (base == NULL || db_open(&first, base, false) != OK)
        return -1;
    snprintf(schema, sizeof schema, "db_unit_%d", (int)getpid());
    snprintf(sql, sizeof sql, "CREATE SCHEMA %s", schema);
    const enum code code = db_exec(first, sql, NULL, 0, NULL);
    db_close(&first);
    snprintf(url, sizeof url, "%s?options=-csearch_path%%3D%s", base, schema);
    return code == OK && db_open(&db, url, false) == OK ? 0 : -1;
}

static int close_postgres(void **state)
{
    (void)state;
    char sql[128];
    snprintf(sql, sizeof sql, "DROP SCHEMA %s CASCADE", schema);
    const enum code code = db_exec(db, sql, NULL, 0, NULL);
    db_close(&db);
    return code == OK ? 0 : -1;
}

static void make_table(void)
{
    assert_int_equal(db_exec(db, "DROP TABLE IF EXISTS item", NULL, 0, NULL), OK);
    assert_int_equal(
        db_exec(db,
                db_engine(db) == DB_SQLITE
                    ? "CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT, data BLOB) STRICT"
                    : "CREATE TABLE item (id BIGINT PRIMARY KEY, name TEXT, data BYTEA)",
                NULL, 0, NULL),
        OK);
}

static int64_t count_items(void)
{
    int64_t count;
    assert_int_equal(db_query_int(db, &count, "SELECT count(*) FROM item", NULL, 0, -1), OK);
    return count;
}

struct seen {
    int64_t ids[64], sum;
    size_t count;
    char name[64];
    uint8_t data[64];
    size_t data_size;
    bool name_null, data_null;
};

static bool visit(void *context, const struct db_row *row)
{
    struct seen *seen = context;
    size_t size;
    seen->ids[seen->count++ % 64] = db_get_int(row, 0);
    seen->sum += db_get_int(row, 0);
    seen->name_null = db_is_null(row, 1);
    seen->data_null = db_is_null(row, 2);
    (void)text_copy(seen->name, sizeof seen->name, db_get_text(row, 1));
    const void *data = db_get_blob(row, 2, &size);
    seen->data_size = size;
    if (size > 0)
        memcpy(seen->data, data, size < 64 ? size : 64);
    return true;
}

static const char INSERT[] = "INSERT INTO item (id, name, data) VALUES ($1, $2, $3)";
static const char SELECT[] = "SELECT id, name, data FROM item WHERE id = $1";

static void values_survive(void **state)
{
    (void)state;
    static const int64_t numbers[] = {
        0, 1, -1, 127, -128, 255, INT64_MAX, INT64_MIN, 9007199254740993};
    static const uint8_t blob[] = {0, 1, 0xFF, 0, '\'', '\\'};
    make_table();
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        const struct db_value row[] = {db_int(numbers[i]), db_text("通宝 '\\ \" ¥"),
                                       db_blob(blob, sizeof blob)};
        assert_int_equal(db_exec(db, INSERT, row, 3, NULL), OK);
        struct seen seen = {0};
        assert_int_equal(db_query(db, SELECT, row, 1, visit, &seen), OK);
        assert_int_equal(seen.count, 1);
        assert_true(seen.ids[0] == numbers[i]);
        assert_string_equal(seen.name, "通宝 '\\ \" ¥");
        assert_int_equal(seen.data_size, sizeof blob);
        assert_memory_equal(seen.data, blob, sizeof blob);
    }
}

static void null_and_empty_differ(void **state)
{
    (void)state;
    make_table();
    const struct db_value nothing[] = {db_int(1), db_null(), db_null()};
    const struct db_value empty[] = {db_int(2), db_text(""), db_blob("", 0)};
    assert_int_equal(db_exec(db, INSERT, nothing, 3, NULL), OK);
    assert_int_equal(db_exec(db, INSERT, empty, 3, NULL), OK);
    struct seen seen = {0};
    assert_int_equal(db_query(db, SELECT, nothing, 1, visit, &seen), OK);
    assert_true(seen.name_null && seen.data_null);
    assert_int_equal(db_query(db, SELECT, empty, 1, visit, &seen), OK);
    assert_true(!seen.name_null && !seen.data_null);
}

// One set-based statement does what a loop does: insert with a literal and ON CONFLICT, update,
// select, delete, NULL columns.
static void many_rows(void **state)
{
    (void)state;
    enum { ROWS = 500 };
    struct db_value *values = mem_alloc(ROWS * 3 * sizeof *values);
    int64_t changes;
    make_table();
    for (size_t i = 0; i < ROWS; i++) {
        values[3 * i] = db_int((int64_t)i);
        values[3 * i + 1] = i % 3 == 0 ? db_null() : db_text("name");
        values[3 * i + 2] = db_null();
    }
    assert_int_equal(db_exec_many(db, INSERT, values, 3, ROWS, &changes), OK);
    assert_int_equal(changes, ROWS);
    static const char upsert[] = "INSERT INTO item (id, name, data) VALUES ($1, $2, $3) "
                                 "ON CONFLICT (id) DO UPDATE SET name = EXCLUDED.name";
    for (size_t i = 0; i < ROWS; i++)
        values[3 * i + 1] = db_text("again");
    assert_int_equal(db_exec_many(db, upsert, values, 3, ROWS, NULL), OK);
    assert_int_equal(count_items(), ROWS);
    for (size_t i = 0; i < ROWS; i++) {
        values[2 * i] = db_int((int64_t)i);
        values[2 * i + 1] = db_blob("xyz", 3);
    }
    assert_int_equal(db_exec_many(db, "UPDATE item SET data = $2, name = 'new' WHERE id = $1",
                                  values, 2, ROWS / 2, &changes),
                     OK);
    assert_int_equal(changes, ROWS / 2);
    struct seen seen = {0};
    for (size_t i = 0; i < 10; i++)
        values[i] = db_int((int64_t)i * 10);
    assert_int_equal(db_select_many(db, SELECT, values, 1, 10, true, visit, &seen), OK);
    assert_int_equal(seen.count, 10);
    assert_int_equal(seen.sum, 450);
    assert_string_equal(seen.name, "new");
    assert_int_equal(seen.data_size, 3);
    assert_int_equal(db_exec_many(db, "DELETE FROM item WHERE id = $1", values, 1, 10, &changes),
                     OK);
    assert_int_equal(changes, 10);
    assert_int_equal(db_exec_many(db, INSERT, values, 3, 0, &changes), OK);
    assert_int_equal(changes, 0);
    mem_free(values);
}

static void savepoints_undo_one_change(void **state)
{
    (void)state;
    make_table();
    const struct db_value one[] = {db_int(1), db_null(), db_null()};
    const struct db_value two[] = {db_int(2), db_null(), db_null()};
    assert_int_equal(db_begin(db), OK);
    assert_int_equal(db_exec(db, INSERT, one, 3, NULL), OK);
    assert_int_equal(db_savepoint(db), OK);
    assert_int_equal(db_exec(db, INSERT, two, 3, NULL), OK);
    assert_int_equal(db_exec(db, INSERT, one, 3, NULL), CODE_STORAGE_UNAVAILABLE);
    db_savepoint_rollback(db);
    assert_int_equal(db_commit(db), OK);
    assert_int_equal(count_items(), 1);
}

struct starting {
    pthread_t thread;
    enum code code;
    int applied;
};

static void *start_process(void *context)
{
    struct starting *starting = context;
    struct db *own;
    starting->code = db_open(&own, url, false);
    if (starting->code != OK)
        return NULL;
    starting->code = db_migrate(own, 1, &starting->applied);
    db_close(&own);
    return NULL;
}

// Processes that start together on a new database: each finds it whole, each migration ran once.
static void migrations_wait_for_each_other(void)
{
    struct starting all[4] = {0};
    int applied = 0, known = 0;
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&all[i].thread, NULL, start_process, &all[i]), 0);
    for (size_t i = 0; i < 4; i++) {
        pthread_join(all[i].thread, NULL);
        assert_int_equal(all[i].code, OK);
        applied += all[i].applied;
    }
    while (DB_MIGRATIONS[known].number != 0)
        known++;
    assert_int_equal(applied, known);
}

static void migrations_run_once(void **state)
{
    (void)state;
    int applied;
    migrations_wait_for_each_other();
    assert_int_equal(db_migrate(db, 2, &applied), OK);
    assert_int_equal(applied, 0);
    assert_int_equal(
        db_exec(db, "UPDATE schema_migration SET sha256 = 'other' WHERE number = 1", NULL, 0, NULL),
        OK);
    assert_int_equal(db_migrate(db, 3, &applied), CODE_STORAGE_UNAVAILABLE);
}

// --- committer ---

struct insertion {
    struct db_change change;
    int64_t id;
    enum code wish; // what run() returns after inserting
    bool keep;
    _Atomic int done;
};

static enum code insertion_run(struct db *connection, struct db_change *change)
{
    const struct insertion *insertion = (const struct insertion *)change;
    const struct db_value row[] = {db_int(insertion->id), db_null(), db_null()};
    change->keep = insertion->keep;
    GUARD(db_exec(connection, INSERT, row, 3, NULL));
    return insertion->wish;
}

static void insertion_done(struct db_change *change)
{
    ((struct insertion *)change)->done++;
}

static void groups_keep_changes_apart(void **state)
{
    (void)state;
    enum { CHANGES = 300 };
    static struct insertion insertions[CHANGES];
    struct db_committer *committer;
    const struct db_committer_options options = {.url = url, .group_max = 64};
    make_table();
    assert_int_equal(db_committer_start(&committer, &options), OK);
    for (size_t i = 0; i < CHANGES; i++) {
        // Every third is refused, every seventh refused but kept, every tenth collides with the
        // first row.
        insertions[i] = (struct insertion){.change = {.run = insertion_run, .done = insertion_done},
                                           .id = i % 10 == 9 ? 0 : (int64_t)i,
                                           .wish = i % 3 == 1 || i % 7 == 3 ? CODE_NOT_ALLOWED : OK,
                                           .keep = i % 7 == 3};
        assert_true(db_committer_submit(committer, &insertions[i].change));
    }
    db_committer_stop(&committer);
    int64_t expected = 0;
    for (size_t i = 0; i < CHANGES; i++) {
        const bool collides = i % 10 == 9;
        assert_int_equal(insertions[i].done, 1);
        assert_int_equal(insertions[i].change.code,
                         collides ? CODE_STORAGE_UNAVAILABLE : insertions[i].wish);
        expected += !collides && (insertions[i].wish == OK || insertions[i].keep) ? 1 : 0;
    }
    assert_int_equal(count_items(), expected);
}

static enum code doubled_run_group(struct db *connection, struct db_change **changes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct insertion *insertion = (const struct insertion *)changes[i];
        const struct db_value row[] = {db_int(insertion->id), db_null(), db_null()};
        GUARD(db_exec(connection, INSERT, row, 3, NULL));
    }
    return OK;
}

// A hot group with one bad change: it is run again one by one, and only the bad one fails.
static void a_bad_change_harms_only_itself(void **state)
{
    (void)state;
    enum { CHANGES = 50 };
    static struct insertion insertions[CHANGES];
    struct db_committer *committer;
    const struct db_committer_options options = {.url = url};
    make_table();
    assert_int_equal(db_committer_start(&committer, &options), OK);
    for (size_t i = 0; i < CHANGES; i++) {
        insertions[i] =
            (struct insertion){.change = {.run_group = doubled_run_group, .done = insertion_done},
                               .id = i == 30 ? 5 : (int64_t)i};
        assert_true(db_committer_submit(committer, &insertions[i].change));
    }
    db_committer_stop(&committer);
    for (size_t i = 0; i < CHANGES; i++)
        assert_int_equal(insertions[i].change.code, i == 30 ? CODE_STORAGE_UNAVAILABLE : OK);
    assert_int_equal(count_items(), CHANGES - 1);
}

static void a_full_queue_refuses(void **state)
{
    (void)state;
    struct db_committer *committer;
    const struct db_committer_options options = {.url = url, .queue_max = 2};
    static struct insertion insertions[200];
    make_table();
    assert_int_equal(db_begin(db), OK);
    const struct db_value row[] = {db_int(-1), db_null(), db_null()};
    assert_int_equal(db_exec(db, INSERT, row, 3, NULL), OK);
    assert_int_equal(db_committer_start(&committer, &options), OK);
    size_t accepted = 0;
    for (size_t i = 0; i < 200; i++) {
        insertions[i] = (struct insertion){.change = {.run = insertion_run, .done = insertion_done},
                                           .id = (int64_t)i};
        accepted += db_committer_submit(committer, &insertions[i].change) ? 1 : 0;
    }
    if (db_engine(db) == DB_SQLITE)
        assert_true(accepted < 200); // the writer's place is taken by the open transaction above
    assert_int_equal(db_commit(db), OK);
    db_committer_stop(&committer);
    assert_int_equal(count_items(), (int64_t)accepted + 1);
}

int main(void)
{
    log_set_level(getenv("TONGBAO_TEST_LOG") != NULL ? LOG_DEBUG : LOG_ERROR + 1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_survive),
        cmocka_unit_test(null_and_empty_differ),
        cmocka_unit_test(many_rows),
        cmocka_unit_test(savepoints_undo_one_change),
        cmocka_unit_test(groups_keep_changes_apart),
        cmocka_unit_test(a_bad_change_harms_only_itself),
        cmocka_unit_test(a_full_queue_refuses),
        cmocka_unit_test(migrations_run_once),
    };
    int failed = cmocka_run_group_tests_name("sqlite", tests, open_sqlite, close_sqlite);
    if (getenv("TONGBAO_TEST_POSTGRES") != NULL)
        failed += cmocka_run_group_tests_name("postgres", tests, open_postgres, close_postgres);
    return failed;
}
