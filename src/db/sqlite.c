// SQLite: WAL with synchronous=FULL, read back at the start. NORMAL loses acknowledged payments on
// a power cut.
#include "db/db_priv.h"

#include <stdio.h>
#include <string.h>

static enum code failure(struct db *db, const char *event, const char *sql)
{
    log_event(LOG_ERROR, event, LOG_TEXT("error", db->sqlite ? sqlite3_errmsg(db->sqlite) : "open"),
              LOG_TEXT("sql", sql));
    return CODE_STORAGE_UNAVAILABLE;
}

enum code db_sqlite_script(struct db *db, const char *sql)
{
    if (sqlite3_exec(db->sqlite, sql, NULL, NULL, NULL) != SQLITE_OK)
        return failure(db, "db.script_failed", sql);
    return OK;
}

static bool pragma_is(struct db *db, const char *sql, const char *expected)
{
    sqlite3_stmt *statement = NULL;
    bool same = false;
    if (sqlite3_prepare_v2(db->sqlite, sql, -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW)
        same = text_equal((const char *)sqlite3_column_text(statement, 0), expected);
    sqlite3_finalize(statement);
    return same;
}

// The writer's WAL is checkpointed by the committer between groups (committer.c), never in the
// middle of one.
enum code db_sqlite_open(struct db *db, const char *path)
{
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    if (sqlite3_open_v2(path, &db->sqlite, flags, NULL) != SQLITE_OK)
        return failure(db, "db.open_failed", path);
    sqlite3_busy_timeout(db->sqlite, 10000);
    GUARD(db_sqlite_script(db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
                               "PRAGMA foreign_keys=ON; PRAGMA temp_store=MEMORY;"
                               "PRAGMA trusted_schema=OFF; PRAGMA recursive_triggers=ON;"));
    if (!pragma_is(db, "PRAGMA journal_mode", "wal") || !pragma_is(db, "PRAGMA synchronous", "2"))
        return failure(db, "db.not_durable", path);
    return db_sqlite_script(db, db->read_only
                                    ? "PRAGMA query_only=ON; PRAGMA cache_size=-4096;"
                                    : "PRAGMA cache_size=-65536; PRAGMA wal_autocheckpoint=8192;");
}

void db_sqlite_close(struct db *db)
{
    sqlite3_close(db->sqlite);
}

static struct db_statement *prepare(struct db *db, const char *sql)
{
    struct db_statement *statement = db_statement_find(db, sql, "");
    if (statement != NULL)
        return statement;
    sqlite3_stmt *handle = NULL;
    if (sqlite3_prepare_v3(db->sqlite, sql, -1, SQLITE_PREPARE_PERSISTENT, &handle, NULL) !=
        SQLITE_OK)
        return NULL;
    statement = db_statement_add(db, sql, "");
    statement->sqlite = handle;
    for (int i = 0; i < DB_PARAMETERS_MAX; i++) {
        char name[8];
        snprintf(name, sizeof name, "$%d", i + 1);
        statement->parameters[i] = sqlite3_bind_parameter_index(handle, name);
    }
    return statement;
}

static void bind(struct db_statement *statement, const struct db_value *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const int index = statement->parameters[i];
        const struct db_value *value = &values[i];
        if (index == 0)
            continue;
        if (value->type == DB_INT)
            sqlite3_bind_int64(statement->sqlite, index, value->integer);
        else if (value->type == DB_TEXT)
            sqlite3_bind_text(statement->sqlite, index, value->data, (int)value->size,
                              SQLITE_STATIC);
        else if (value->type == DB_BLOB)
            sqlite3_bind_blob(statement->sqlite, index, value->size ? value->data : "",
                              (int)value->size, SQLITE_STATIC);
        else
            sqlite3_bind_null(statement->sqlite, index);
    }
}

enum code db_sqlite_run(struct db *db, const char *sql, const struct db_value *values, size_t count,
                        db_visit visit, void *context, int64_t *out_changes)
{
    struct db_statement *statement = prepare(db, sql);
    if (statement == NULL)
        return failure(db, "db.prepare_failed", sql);
    bind(statement, values, count);
    const struct db_row row = {.engine = DB_SQLITE, .sqlite = statement->sqlite};
    int step;
    bool more = true;
    while (more && (step = sqlite3_step(statement->sqlite)) == SQLITE_ROW)
        more = visit(context, &row);
    const bool failed = more && step != SQLITE_DONE;
    if (failed)
        (void)failure(db, "db.statement_failed", sql);
    if (out_changes != NULL)
        *out_changes = sqlite3_changes64(db->sqlite);
    sqlite3_reset(statement->sqlite);
    sqlite3_clear_bindings(statement->sqlite);
    return failed ? CODE_STORAGE_UNAVAILABLE : OK;
}
