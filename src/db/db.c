// Connections and statements: chooses the engine, keeps the cache of prepared statements.
#include "db/db_priv.h"

#include <string.h>

struct db_value db_text(const char *text)
{
    if (text == NULL)
        return db_null();
    return (struct db_value){DB_TEXT, 0, text, strlen(text)};
}

enum db_engine db_engine(const struct db *db)
{
    return db->engine;
}

enum code db_open(struct db **out, const char *url, bool read_only)
{
    struct db *db = mem_alloc(sizeof *db);
    const bool postgres =
        text_starts_with(url, "postgresql://") || text_starts_with(url, "postgres://");
    db->engine = postgres ? DB_POSTGRES : DB_SQLITE;
    db->url = mem_copy_text(url);
    db->read_only = read_only;
    const char *path = text_starts_with(url, "sqlite:") ? url + strlen("sqlite:") : url;
    const enum code code = postgres ? db_postgres_open(db) : db_sqlite_open(db, path);
    if (code != OK) {
        db_close(&db);
        return code;
    }
    *out = db;
    return OK;
}

void db_close(struct db **db)
{
    if (*db == NULL)
        return;
    db_statements_forget(*db);
    if ((*db)->engine == DB_SQLITE)
        db_sqlite_close(*db);
    else
        db_postgres_close(*db);
    mem_free((*db)->url);
    mem_free(*db);
    *db = NULL;
}

// --- cache of prepared statements: open addressing by the address of the text ---

static size_t slot_of(const char *sql, const char *signature)
{
    uint64_t hash = (uint64_t)(uintptr_t)sql * 0x9E3779B97F4A7C15u;
    for (; *signature != '\0'; signature++)
        hash = (hash ^ (unsigned char)*signature) * 0x100000001B3u;
    return (size_t)(hash >> 40) % DB_STATEMENTS_MAX;
}

struct db_statement *db_statement_find(struct db *db, const char *sql, const char *signature)
{
    for (size_t i = slot_of(sql, signature); db->statements[i] != NULL;
         i = (i + 1) % DB_STATEMENTS_MAX) {
        struct db_statement *statement = db->statements[i];
        if (statement->sql == sql && text_equal(statement->signature, signature))
            return statement;
    }
    return NULL;
}

struct db_statement *db_statement_add(struct db *db, const char *sql, const char *signature)
{
    if (db->statement_count > DB_STATEMENTS_MAX / 2)
        db_statements_forget(db);
    struct db_statement *statement = mem_alloc(sizeof *statement);
    statement->sql = sql;
    (void)text_copy(statement->signature, sizeof statement->signature, signature);
    size_t i = slot_of(sql, signature);
    while (db->statements[i] != NULL)
        i = (i + 1) % DB_STATEMENTS_MAX;
    db->statements[i] = statement;
    db->statement_count++;
    return statement;
}

void db_statements_forget(struct db *db)
{
    for (size_t i = 0; i < DB_STATEMENTS_MAX; i++) {
        if (db->statements[i] == NULL)
            continue;
        sqlite3_finalize(db->statements[i]->sqlite);
        mem_free(db->statements[i]);
        db->statements[i] = NULL;
    }
    if (db->engine == DB_POSTGRES && db->postgres != NULL)
        (void)db_postgres_script(db, "DEALLOCATE ALL");
    db->statement_count = 0;
}

// --- statements ---

static bool visit_nothing(void *context, const struct db_row *row)
{
    (void)context;
    (void)row;
    return true;
}

static enum code run(struct db *db, const char *sql, const struct db_value *values, size_t count,
                     db_visit visit, void *context, int64_t *out_changes)
{
    if (db->engine == DB_SQLITE)
        return db_sqlite_run(db, sql, values, count, visit, context, out_changes);
    return db_postgres_run(db, sql, values, count, visit, context, out_changes);
}

enum code db_exec(struct db *db, const char *sql, const struct db_value *values, size_t count,
                  int64_t *out_changes)
{
    return run(db, sql, values, count, visit_nothing, NULL, out_changes);
}

enum code db_query(struct db *db, const char *sql, const struct db_value *values, size_t count,
                   db_visit visit, void *context)
{
    return run(db, sql, values, count, visit, context, NULL);
}

struct first_row {
    db_visit visit;
    void *context;
    bool found;
};

static bool visit_first(void *context, const struct db_row *row)
{
    struct first_row *first = context;
    if (first->visit != NULL)
        (void)first->visit(first->context, row);
    first->found = true;
    return false;
}

enum code db_query_one(struct db *db, const char *sql, const struct db_value *values, size_t count,
                       db_visit visit, void *context, bool *out_found)
{
    struct first_row first = {visit, context, false};
    GUARD(run(db, sql, values, count, visit_first, &first, NULL));
    *out_found = first.found;
    return OK;
}

struct int_row {
    int64_t *out;
};

static bool visit_int(void *context, const struct db_row *row)
{
    const struct int_row *target = context;
    if (!db_is_null(row, 0))
        *target->out = db_get_int(row, 0);
    return false;
}

enum code db_query_int(struct db *db, int64_t *out, const char *sql, const struct db_value *values,
                       size_t count, int64_t fallback)
{
    struct int_row target = {out};
    *out = fallback;
    return run(db, sql, values, count, visit_int, &target, NULL);
}

// --- the same statement for many rows ---

static enum code loop(struct db *db, const char *sql, const struct db_value *values, size_t columns,
                      size_t rows, db_visit visit, void *context, int64_t *out_changes)
{
    int64_t total = 0;
    for (size_t i = 0; i < rows; i++) {
        int64_t changes = 0;
        GUARD(db_sqlite_run(db, sql, values + i * columns, columns, visit, context, &changes));
        total += changes;
    }
    if (out_changes != NULL)
        *out_changes = total;
    return OK;
}

enum code db_exec_many(struct db *db, const char *sql, const struct db_value *values,
                       size_t column_count, size_t row_count, int64_t *out_changes)
{
    if (out_changes != NULL)
        *out_changes = 0;
    if (row_count == 0)
        return OK;
    if (db->engine == DB_SQLITE)
        return loop(db, sql, values, column_count, row_count, visit_nothing, NULL, out_changes);
    return db_postgres_many(db, sql, values, column_count, row_count, false, visit_nothing, NULL,
                            out_changes);
}

enum code db_select_many(struct db *db, const char *sql, const struct db_value *values,
                         size_t column_count, size_t row_count, bool for_update, db_visit visit,
                         void *context)
{
    if (row_count == 0)
        return OK;
    if (db->engine == DB_SQLITE)
        return loop(db, sql, values, column_count, row_count, visit, context, NULL);
    return db_postgres_many(db, sql, values, column_count, row_count, for_update, visit, context,
                            NULL);
}

// --- transactions ---

static enum code script(struct db *db, const char *sql)
{
    return db->engine == DB_SQLITE ? db_sqlite_script(db, sql) : db_postgres_script(db, sql);
}

enum code db_begin(struct db *db)
{
    return script(db, db->engine == DB_SQLITE && !db->read_only ? "BEGIN IMMEDIATE" : "BEGIN");
}

enum code db_commit(struct db *db)
{
    return db->engine == DB_SQLITE ? db_sqlite_script(db, "COMMIT") : db_postgres_commit(db);
}

void db_rollback(struct db *db)
{
    (void)script(db, "ROLLBACK");
}

enum code db_savepoint(struct db *db)
{
    return script(db, "SAVEPOINT one_change");
}

enum code db_savepoint_release(struct db *db)
{
    return script(db, "RELEASE SAVEPOINT one_change");
}

void db_savepoint_rollback(struct db *db)
{
    (void)script(db, "ROLLBACK TO SAVEPOINT one_change");
    (void)script(db, "RELEASE SAVEPOINT one_change");
}

// --- columns ---

static const char *postgres_column(const struct db_row *row, int column, size_t *out_size)
{
    *out_size = (size_t)PQgetlength(row->postgres, row->index, column);
    return PQgetvalue(row->postgres, row->index, column);
}

bool db_is_null(const struct db_row *row, int column)
{
    if (row->engine == DB_SQLITE)
        return sqlite3_column_type(row->sqlite, column) == SQLITE_NULL;
    return PQgetisnull(row->postgres, row->index, column) != 0;
}

// Binary integers and booleans, big-endian; anything else (numeric) is a statement that lacks a
// cast: our bug.
int64_t db_get_int(const struct db_row *row, int column)
{
    if (row->engine == DB_SQLITE)
        return sqlite3_column_int64(row->sqlite, column);
    size_t size;
    const char *bytes = postgres_column(row, column, &size);
    const Oid type = PQftype(row->postgres, column);
    if (type != 20 && type != 21 && type != 23 && type != 16) {
        log_event(LOG_ERROR, "db.column_not_integer", LOG_INT("type", type),
                  LOG_INT("column", column));
        return 0;
    }
    uint64_t value = size > 0 && type != 16 && (bytes[0] & 0x80) ? UINT64_MAX : 0;
    for (size_t i = 0; i < size; i++)
        value = value << 8 | (unsigned char)bytes[i];
    return (int64_t)value;
}

const char *db_get_text(const struct db_row *row, int column)
{
    if (db_is_null(row, column))
        return "";
    size_t size;
    if (row->engine == DB_SQLITE)
        return (const char *)sqlite3_column_text(row->sqlite, column);
    return postgres_column(row, column, &size);
}

const void *db_get_blob(const struct db_row *row, int column, size_t *out_size)
{
    *out_size = 0;
    if (db_is_null(row, column))
        return NULL;
    if (row->engine == DB_POSTGRES)
        return postgres_column(row, column, out_size);
    const void *blob = sqlite3_column_blob(row->sqlite, column);
    *out_size = (size_t)sqlite3_column_bytes(row->sqlite, column);
    return blob;
}

struct id db_get_id(const struct db_row *row, int column)
{
    struct id id = {{0}};
    size_t size;
    const void *blob = db_get_blob(row, column, &size);
    if (size == sizeof id.bytes)
        memcpy(id.bytes, blob, size);
    return id;
}
