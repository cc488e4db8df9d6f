// db: connections, statements, migrations and the group committer, on SQLite and on PostgreSQL.
// Knows no table but its own. One SQL text serves both engines: $1 … $n parameters in order, the
// common subset (ON CONFLICT, RETURNING, CTEs).
#ifndef DB_DB_H
#define DB_DB_H

#include "base/base.h"

// --- connection -------------------------------------------------------------------------------

struct db;
enum db_engine { DB_SQLITE, DB_POSTGRES };

// Opens "sqlite:PATH" (or a bare path) or "postgresql://…". SQLite: WAL + synchronous=FULL, read
// back and refused otherwise. A read-only connection sees committed snapshots only. Returns OK or
// CODE_STORAGE_UNAVAILABLE (logged).
enum code db_open(struct db **out, const char *url, bool read_only);
void db_close(struct db **db);
enum db_engine db_engine(const struct db *db);

// --- values and rows --------------------------------------------------------------------------

enum db_type { DB_NULL, DB_INT, DB_TEXT, DB_BLOB };
struct db_value {
    enum db_type type;
    int64_t integer;
    const void *data; // text or blob; borrowed for the call
    size_t size;
};
static inline struct db_value db_int(int64_t value)
{
    return (struct db_value){DB_INT, value, NULL, 0};
}
struct db_value db_text(const char *text); // NULL -> SQL NULL
static inline struct db_value db_blob(const void *data, size_t size)
{
    return (struct db_value){DB_BLOB, 0, data, size};
}
static inline struct db_value db_id(const struct id *id)
{
    return (struct db_value){DB_BLOB, 0, id->bytes, sizeof id->bytes};
}
static inline struct db_value db_null(void)
{
    return (struct db_value){DB_NULL, 0, NULL, 0};
}

// A row while it is visited; column values are borrowed until the visitor returns.
struct db_row;
int64_t db_get_int(const struct db_row *row, int column);      // NULL -> 0
const char *db_get_text(const struct db_row *row, int column); // NULL -> ""; NUL-terminated
const void *db_get_blob(const struct db_row *row, int column, size_t *out_size); // NULL -> NULL, 0
struct id db_get_id(const struct db_row *row, int column); // not 16 bytes -> zero id
bool db_is_null(const struct db_row *row, int column);
// Visitor: return false to stop early.
typedef bool (*db_visit)(void *context, const struct db_row *row);

// All functions below: OK, or CODE_STORAGE_UNAVAILABLE with the reason logged. Statements are
// prepared once per connection and cached by the address and text of `sql`, which must be a string
// constant.

// Runs one statement. `out_changes` (may be NULL) = rows written.
enum code db_exec(struct db *db, const char *sql, const struct db_value *values, size_t count,
                  int64_t *out_changes);
// Visits each row of a query (or of RETURNING). The visitor may not use `db`.
enum code db_query(struct db *db, const char *sql, const struct db_value *values, size_t count,
                   db_visit visit, void *context);
// First row only; *out_found says whether there was one (visit is called at most once).
enum code db_query_one(struct db *db, const char *sql, const struct db_value *values, size_t count,
                       db_visit visit, void *context, bool *out_found);
// One integer; `fallback` when there is no row or NULL.
enum code db_query_int(struct db *db, int64_t *out, const char *sql, const struct db_value *values,
                       size_t count, int64_t fallback);

// The same statement for many rows: `values` holds row_count × column_count values, row by row.
// SQLite loops a prepared statement; PostgreSQL gets ONE set-based statement made from the text,
// which must have one of these forms, each column $1…$n:
//   INSERT INTO t(…) VALUES ($1,…,$n) [ON CONFLICT …]
//   UPDATE t SET … $k … WHERE … $1 …
//   DELETE FROM t WHERE … $1 …
// Column k must have one type in all rows (NULLs allowed). Rows must not repeat a key.
enum code db_exec_many(struct db *db, const char *sql, const struct db_value *values,
                       size_t column_count, size_t row_count, int64_t *out_changes);
// SELECT … FROM t WHERE … $1 … for many rows of parameters; visits the found rows in any order
// (select the key as well). With `for_update`, the rows are locked on PostgreSQL in the order of
// `values` (sort them!). `t` must have the alias-free form "SELECT columns FROM table WHERE
// condition".
enum code db_select_many(struct db *db, const char *sql, const struct db_value *values,
                         size_t column_count, size_t row_count, bool for_update, db_visit visit,
                         void *context);

// --- transactions -----------------------------------------------------------------------------

enum code db_begin(struct db *db);
enum code db_commit(
    struct db *db); // OK only when durable; anything else: see db_committer, outcome may be unknown
void db_rollback(struct db *db);
enum code db_savepoint(struct db *db);
enum code db_savepoint_release(struct db *db);
void db_savepoint_rollback(struct db *db);

// --- migrations -------------------------------------------------------------------------------

struct db_migration {
    int number;
    const char *title;
    const char *sha256;
    const char *const *sqlite, *const *postgres; // statements, NULL-terminated
};
extern const struct db_migration DB_MIGRATIONS[]; // generated from sql/; ends with number 0

// Applies what is missing, one transaction each. Refuses a newer schema or a changed checksum.
enum code db_migrate(struct db *db, int64_t now_us, int *out_applied);

// --- group committer --------------------------------------------------------------------------
// A change waits until its group is durable. Groups: first all changes of each class together
// (class->run_group), then the ordinary ones one by one in their own savepoints; then one COMMIT;
// then done() for each, on the committer's thread.

struct db_change;
// Runs a whole set of changes of one class inside the open transaction. Sets change->code for each
// (a refusal has written nothing). Returns OK, or a failure: then everything is rolled back and the
// changes run again one by one.
typedef enum code (*db_run_group)(struct db *db, struct db_change **changes, size_t count);

struct db_change {
    // One of the two:
    enum code (*run)(
        struct db *db,
        struct db_change *change); // ordinary: own savepoint, rolled back unless OK or keep
    db_run_group run_group;        // hot: changes with the same function run together
    // After the commit (or its failure), on the committer's thread. `change->code` holds the
    // outcome. Must not block.
    void (*done)(struct db_change *change);
    enum code code;
    bool keep; // set by run(): commit although code is not OK (counters of wrong tries, stored
               // refusals)
    struct db_change *next; // the committer's
};

struct db_committer;
struct db_committer_options {
    const char *url;
    size_t group_max; // changes in one transaction; 0 = 512
    size_t queue_max; // waiting changes; 0 = 4096
};
enum code db_committer_start(struct db_committer **out, const struct db_committer_options *options);
// Hands over a change; false when the queue is full or the committer stops (the caller answers
// `busy`).
bool db_committer_submit(struct db_committer *committer, struct db_change *change);
// The same, waiting for the outcome on the calling thread (worker threads only, never an I/O
// thread).
enum code db_committer_run(struct db_committer *committer, struct db_change *change);
// Finishes what waits, then ends the thread and closes the connection.
void db_committer_stop(struct db_committer **committer);

struct db_committer_stats {
    int64_t groups, changes, commit_us_total, waiting;
    int64_t group_size_buckets[11]; // ≤ 1, 2, 4 … 512, more
    int64_t commit_us_buckets[11];  // ≤ 100 µs, 200, 500, 1 ms, 2, 5, 10, 20, 50, 100 ms, more
};
void db_committer_read_stats(struct db_committer *committer, struct db_committer_stats *out);

// --- pool of read connections -----------------------------------------------------------------

struct db_pool;
enum code db_pool_open(struct db_pool **out, const char *url, size_t size);
// Borrows a read-only connection, waiting while none is free.
struct db *db_pool_take(struct db_pool *pool);
void db_pool_give(struct db_pool *pool, struct db *db);
void db_pool_close(struct db_pool **pool);

#endif
