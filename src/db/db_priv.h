// db_priv: what the two engines implement for db.c; stays inside this room.
#ifndef DB_DB_PRIV_H
#define DB_DB_PRIV_H

#include "db/db.h"

#include <libpq-fe.h>
#include <sqlite3.h>

enum { DB_PARAMETERS_MAX = 32, DB_STATEMENTS_MAX = 1024, DB_SAVEPOINT_NAME = 16 };

struct db_statement {
    const char *sql; // cache key: the address of the constant
    char signature[DB_PARAMETERS_MAX +
                   2];                 // "" for single statements; column types for set-based ones
    sqlite3_stmt *sqlite;              // engine's handle
    int parameters[DB_PARAMETERS_MAX]; // SQLite: index of $1 … $n
    char name[24];                     // PostgreSQL: prepared name
};

struct db {
    enum db_engine engine;
    sqlite3 *sqlite;
    PGconn *postgres;
    char *url;
    bool read_only;
    bool warned; // PostgreSQL: a WARNING arrived since the flag was cleared
    struct db_statement *statements[DB_STATEMENTS_MAX];
    size_t statement_count;
};

struct db_row {
    enum db_engine engine;
    sqlite3_stmt *sqlite;
    const PGresult *postgres;
    int index;
};

// Looks a statement up by address and signature; NULL when it is not prepared yet.
struct db_statement *db_statement_find(struct db *db, const char *sql, const char *signature);
struct db_statement *db_statement_add(struct db *db, const char *sql, const char *signature);
void db_statements_forget(struct db *db);

enum code db_sqlite_open(struct db *db, const char *path);
void db_sqlite_close(struct db *db);
enum code db_sqlite_run(struct db *db, const char *sql, const struct db_value *values, size_t count,
                        db_visit visit, void *context, int64_t *out_changes);
enum code db_sqlite_script(struct db *db, const char *sql);

enum code db_postgres_open(struct db *db);
void db_postgres_close(struct db *db);
enum code db_postgres_run(struct db *db, const char *sql, const struct db_value *values,
                          size_t count, db_visit visit, void *context, int64_t *out_changes);
enum code db_postgres_script(struct db *db, const char *sql);
// COMMIT: OK only when durable; CODE_RESULT_UNKNOWN when the server cannot be asked any more or
// warned during it.
enum code db_postgres_commit(struct db *db);
enum code db_postgres_many(struct db *db, const char *sql, const struct db_value *values,
                           size_t columns, size_t rows, bool for_update, db_visit visit,
                           void *context, int64_t *out_changes);

#endif
