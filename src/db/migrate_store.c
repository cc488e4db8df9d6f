// Migrations: forward only, one transaction each; a changed or newer schema stops the start.
#include "db/db_priv.h"

static enum code run_script(struct db *db, const char *sql)
{
    return db->engine == DB_SQLITE ? db_sqlite_script(db, sql) : db_postgres_script(db, sql);
}

static bool take_checksum(void *context, const struct db_row *row)
{
    return text_copy(context, 65, db_get_text(row, 0));
}

static enum code find(struct db *db, const struct db_migration *migration, char checksum[65],
                      bool *out_found)
{
    const struct db_value number = db_int(migration->number);
    return db_query_one(db, "SELECT sha256 FROM schema_migration WHERE number = $1", &number, 1,
                        take_checksum, checksum, out_found);
}

static enum code apply(struct db *db, const struct db_migration *migration, int64_t now_us,
                       int *out_applied)
{
    const char *const *statement =
        db->engine == DB_SQLITE ? migration->sqlite : migration->postgres;
    char checksum[65];
    bool found = false;
    GUARD(db_begin(db));
    enum code code = find(db, migration, checksum, &found);
    if (found) { // by another process since the first look
        db_rollback(db);
        return OK;
    }
    for (; *statement != NULL && code == OK; statement++)
        code = run_script(db, *statement);
    const struct db_value values[] = {db_int(migration->number), db_text(migration->title),
                                      db_text(migration->sha256), db_int(now_us)};
    if (code == OK)
        code = db_exec(db,
                       "INSERT INTO schema_migration (number, title, sha256, applied_us) "
                       "VALUES ($1, $2, $3, $4)",
                       values, 4, NULL);
    if (code == OK)
        code = db_commit(db);
    if (code == OK)
        (*out_applied)++;
    else
        db_rollback(db);
    return code;
}

static enum code check_or_apply(struct db *db, const struct db_migration *migration, int64_t now_us,
                                int *out_applied)
{
    char checksum[65] = "";
    bool found;
    GUARD(find(db, migration, checksum, &found));
    if (!found)
        return apply(db, migration, now_us, out_applied);
    if (text_equal(checksum, migration->sha256))
        return OK;
    log_event(LOG_ERROR, "db.migration_changed", LOG_INT("number", migration->number));
    return CODE_STORAGE_UNAVAILABLE;
}

static enum code migrate(struct db *db, int64_t now_us, int *out_applied)
{
    GUARD(
        run_script(db, db->engine == DB_SQLITE
                           ? "CREATE TABLE IF NOT EXISTS schema_migration (number INTEGER PRIMARY "
                             "KEY, title TEXT NOT NULL, sha256 TEXT NOT NULL, applied_us INTEGER "
                             "NOT NULL) STRICT"
                           : "CREATE TABLE IF NOT EXISTS schema_migration (number BIGINT PRIMARY "
                             "KEY, title TEXT NOT NULL, sha256 TEXT NOT NULL, applied_us BIGINT "
                             "NOT NULL)"));
    int last = 0;
    for (const struct db_migration *m = DB_MIGRATIONS; m->number != 0; m++) {
        GUARD(check_or_apply(db, m, now_us, out_applied));
        last = m->number;
    }
    int64_t newest;
    GUARD(db_query_int(db, &newest, "SELECT max(number) FROM schema_migration", NULL, 0, 0));
    if (newest <= last)
        return OK;
    log_event(LOG_ERROR, "db.schema_newer", LOG_INT("schema", newest), LOG_INT("program", last));
    return CODE_STORAGE_UNAVAILABLE;
}

// Processes that start together migrate one after the other: SQLite by its write lock, PostgreSQL
// by an advisory lock of this connection.
enum code db_migrate(struct db *db, int64_t now_us, int *out_applied)
{
    *out_applied = 0;
    if (db->engine == DB_POSTGRES)
        GUARD(run_script(db, "SELECT pg_advisory_lock(8391360204)"));
    const enum code code = migrate(db, now_us, out_applied);
    if (db->engine == DB_POSTGRES)
        (void)run_script(db, "SELECT pg_advisory_unlock(8391360204)");
    return code;
}
