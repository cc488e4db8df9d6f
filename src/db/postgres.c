// PostgreSQL through libpq: binary results, prepared statements, and set-based statements made from
// the one-row text.
#include "db/db_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Any WARNING between sending COMMIT and its result makes the outcome unknown (a cancelled wait for
// a synchronous standby is reported as success with a warning).
static void notice_receiver(void *context, const PGresult *result)
{
    struct db *db = context;
    const char *severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
    if (severity != NULL && text_equal(severity, "WARNING"))
        db->warned = true;
}

static enum code failure(struct db *db, const char *event, const char *sql)
{
    log_event(LOG_ERROR, event, LOG_TEXT("error", PQerrorMessage(db->postgres)),
              LOG_TEXT("sql", sql));
    return CODE_STORAGE_UNAVAILABLE;
}

// A writer names its rows by key. Its statements are planned once, perhaps on a table that is still
// small: a plan that reads the whole table would stay while the table grows.
#define WRITER_SETTINGS                                                                            \
    "SET synchronous_commit=on; SET statement_timeout=0; SET jit=off; "                            \
    "SET enable_seqscan=off; SET enable_hashjoin=off; SET enable_mergejoin=off"

enum code db_postgres_open(struct db *db)
{
    db->postgres = PQconnectdb(db->url);
    if (PQstatus(db->postgres) != CONNECTION_OK)
        return failure(db, "db.open_failed", "connect");
    PQsetNoticeReceiver(db->postgres, notice_receiver, db);
    // The server's DETAIL repeats whole rows: they are no matter of the log.
    (void)PQsetErrorVerbosity(db->postgres, PQERRORS_TERSE);
    return db_postgres_script(db, db->read_only ? "SET default_transaction_read_only=on"
                                                : WRITER_SETTINGS);
}

void db_postgres_close(struct db *db)
{
    PQfinish(db->postgres);
    db->postgres = NULL;
}

// A broken connection is opened again before the next transaction; prepared statements are gone
// with it.
static void reconnect_if_broken(struct db *db)
{
    if (PQstatus(db->postgres) == CONNECTION_OK)
        return;
    PQreset(db->postgres);
    db_statements_forget(db);
}

enum code db_postgres_script(struct db *db, const char *sql)
{
    if (text_equal(sql, "BEGIN"))
        reconnect_if_broken(db);
    PGresult *result = PQexec(db->postgres, sql);
    const ExecStatusType status = PQresultStatus(result);
    PQclear(result);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
        return failure(db, "db.script_failed", sql);
    return OK;
}

enum code db_postgres_commit(struct db *db)
{
    db->warned = false;
    PGresult *result = PQexec(db->postgres, "COMMIT");
    const ExecStatusType status = PQresultStatus(result);
    const bool committed = status == PGRES_COMMAND_OK && text_equal(PQcmdStatus(result), "COMMIT");
    PQclear(result);
    if (committed && !db->warned)
        return OK;
    (void)failure(db, "db.commit_failed", "COMMIT");
    const bool refused = PQstatus(db->postgres) == CONNECTION_OK && !committed;
    return refused ? CODE_STORAGE_UNAVAILABLE : CODE_RESULT_UNKNOWN;
}

// --- one row of parameters ---

struct parameters {
    const char *values[DB_PARAMETERS_MAX];
    int lengths[DB_PARAMETERS_MAX];
    int formats[DB_PARAMETERS_MAX];
    char numbers[DB_PARAMETERS_MAX][24];
};

static void parameters_fill(struct parameters *out, const struct db_value *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct db_value *value = &values[i];
        out->formats[i] = value->type == DB_BLOB;
        out->lengths[i] = (int)value->size;
        out->values[i] = value->data;
        if (value->type == DB_INT) {
            snprintf(out->numbers[i], sizeof out->numbers[i], "%lld", (long long)value->integer);
            out->values[i] = out->numbers[i];
        } else if (value->type == DB_NULL) {
            out->values[i] = NULL;
        } else if (value->size == 0) {
            out->values[i] = "";
        }
    }
}

// Types of parameters that the set-based text does not mention (columns that are NULL in all rows).
static int unused_types(const char *signature, Oid types[DB_PARAMETERS_MAX])
{
    int count = 0;
    for (; signature[count] != '\0'; count++)
        types[count] = signature[count] == 'n' ? 25 : 0;
    return count;
}

static struct db_statement *prepare(struct db *db, const char *key, const char *signature,
                                    const char *sql)
{
    struct db_statement *statement = db_statement_find(db, key, signature);
    if (statement != NULL)
        return statement;
    char name[sizeof statement->name];
    static _Atomic unsigned counter;
    snprintf(name, sizeof name, "s%u", counter++);
    Oid types[DB_PARAMETERS_MAX];
    const int type_count = unused_types(signature, types);
    PGresult *result = PQprepare(db->postgres, name, sql, type_count, types);
    const bool prepared = PQresultStatus(result) == PGRES_COMMAND_OK;
    PQclear(result);
    if (!prepared)
        return NULL;
    statement = db_statement_add(db, key, signature);
    (void)text_copy(statement->name, sizeof statement->name, name);
    return statement;
}

static enum code take_result(struct db *db, PGresult *result, const char *sql, db_visit visit,
                             void *context, int64_t *out_changes)
{
    const ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
        PQclear(result);
        return failure(db, "db.statement_failed", sql);
    }
    struct db_row row = {.engine = DB_POSTGRES, .postgres = result};
    const int rows = PQntuples(result);
    for (row.index = 0; row.index < rows; row.index++)
        if (!visit(context, &row))
            break;
    if (out_changes != NULL)
        *out_changes = strtoll(PQcmdTuples(result), NULL, 10);
    PQclear(result);
    return OK;
}

// The bytes of a text parameter may lack a terminator; libpq wants one for text format.
static const char *terminated(const struct db_value *value, struct buffer *scratch)
{
    const size_t at = scratch->size;
    buffer_append(scratch, value->data, value->size);
    buffer_append(scratch, "", 1);
    return (const char *)(uintptr_t)at;
}

enum code db_postgres_run(struct db *db, const char *sql, const struct db_value *values,
                          size_t count, db_visit visit, void *context, int64_t *out_changes)
{
    struct db_statement *statement = prepare(db, sql, "", sql);
    if (statement == NULL)
        return failure(db, "db.prepare_failed", sql);
    struct parameters parameters;
    struct buffer scratch = {0};
    parameters_fill(&parameters, values, count);
    for (size_t i = 0; i < count; i++)
        if (values[i].type == DB_TEXT)
            parameters.values[i] = terminated(&values[i], &scratch);
    for (size_t i = 0; i < count; i++)
        if (values[i].type == DB_TEXT)
            parameters.values[i] = scratch.data + (uintptr_t)parameters.values[i];
    PGresult *result = PQexecPrepared(db->postgres, statement->name, (int)count, parameters.values,
                                      parameters.lengths, parameters.formats, 1);
    buffer_free(&scratch);
    return take_result(db, result, sql, visit, context, out_changes);
}

// --- many rows: arrays and unnest ---

static void put_uint32(struct buffer *out, uint32_t value)
{
    const unsigned char bytes[4] = {(unsigned char)(value >> 24), (unsigned char)(value >> 16),
                                    (unsigned char)(value >> 8), (unsigned char)value};
    buffer_append(out, bytes, sizeof bytes);
}

static void put_element(struct buffer *out, const struct db_value *value)
{
    if (value->type == DB_NULL) {
        put_uint32(out, UINT32_MAX);
        return;
    }
    if (value->type != DB_INT) {
        put_uint32(out, (uint32_t)value->size);
        buffer_append(out, value->data, value->size);
        return;
    }
    put_uint32(out, 8);
    put_uint32(out, (uint32_t)((uint64_t)value->integer >> 32));
    put_uint32(out, (uint32_t)value->integer);
}

// Binary array (array_recv): dimensions, has-null flag, element type, length, lower bound,
// elements.
static void put_array(struct buffer *out, const struct db_value *values, size_t columns,
                      size_t rows, char type)
{
    put_uint32(out, 1);
    put_uint32(out, 1);
    put_uint32(out, type == 'i' ? 20 : type == 't' ? 25 : 17);
    put_uint32(out, (uint32_t)rows);
    put_uint32(out, 1);
    for (size_t i = 0; i < rows; i++)
        put_element(out, &values[i * columns]);
}

// i, t, b per column; n when all rows are NULL there.
static void signature_of(char *out, const struct db_value *values, size_t columns, size_t rows)
{
    static const char letters[] = {
        [DB_NULL] = 'n', [DB_INT] = 'i', [DB_TEXT] = 't', [DB_BLOB] = 'b'};
    for (size_t column = 0; column < columns; column++) {
        out[column] = 'n';
        for (size_t row = 0; row < rows && out[column] == 'n'; row++)
            out[column] = letters[values[row * columns + column].type];
    }
    out[columns] = '\0';
}

// " unnest($1::bigint[], …) AS v(c1, …)"
static void put_source(struct buffer *out, const char *signature)
{
    int next = 0;
    buffer_text(out, " unnest(");
    for (size_t i = 0; signature[i] != '\0'; i++)
        if (signature[i] != 'n')
            buffer_format(out, "%s$%zu::%s[]", next++ > 0 ? ", " : "", i + 1,
                          signature[i] == 'i'   ? "bigint"
                          : signature[i] == 't' ? "text"
                                                : "bytea");
    next = 0;
    buffer_text(out, ") AS v(");
    for (size_t i = 0; signature[i] != '\0'; i++)
        if (signature[i] != 'n')
            buffer_format(out, "%sc%zu", next++ > 0 ? ", " : "", i + 1);
    buffer_text(out, ") ");
}

// Copies text with $k replaced by v.ck (or NULL where the whole column is NULL).
static void put_replaced(struct buffer *out, const char *text, size_t size, const char *signature)
{
    for (size_t i = 0; i < size; i++) {
        if (text[i] != '$') {
            buffer_append(out, text + i, 1);
            continue;
        }
        char *end;
        const unsigned long k = strtoul(text + i + 1, &end, 10);
        if (signature[k - 1] == 'n')
            buffer_text(out, "NULL");
        else
            buffer_format(out, "v.c%lu", k);
        i = (size_t)(end - text) - 1;
    }
}

static void rewrite_insert(struct buffer *out, const char *sql, const char *signature)
{
    const char *values = strstr(sql, "VALUES");
    const char *open = strchr(values, '(');
    const char *close = open;
    for (int depth = 0; *close != '\0'; close++) {
        depth += *close == '(' ? 1 : *close == ')' ? -1 : 0;
        if (depth == 0)
            break;
    }
    buffer_append(out, sql, (size_t)(values - sql));
    buffer_text(out, "SELECT ");
    put_replaced(out, open + 1, (size_t)(close - open) - 1, signature);
    buffer_text(out, " FROM");
    put_source(out, signature);
    buffer_text(out, close + 1);
}

static void rewrite_where(struct buffer *out, const char *sql, const char *signature,
                          const char *joiner)
{
    const char *where = strstr(sql, "WHERE");
    put_replaced(out, sql, (size_t)(where - sql), signature);
    buffer_text(out, joiner);
    put_source(out, signature);
    put_replaced(out, where, strlen(where), signature);
}

static void rewrite(struct buffer *out, const char *sql, const char *signature, bool for_update)
{
    if (text_starts_with(sql, "INSERT")) {
        rewrite_insert(out, sql, signature);
        return;
    }
    rewrite_where(out, sql, signature,
                  text_starts_with(sql, "UPDATE")   ? " FROM"
                  : text_starts_with(sql, "DELETE") ? " USING"
                                                    : ",");
    if (!for_update)
        return;
    const char *table = strstr(sql, "FROM ") + strlen("FROM ");
    buffer_format(out, " FOR UPDATE OF %.*s", (int)strcspn(table, " \n"), table);
}

static struct db_statement *prepare_many(struct db *db, const char *sql, const char *signature,
                                         bool for_update)
{
    struct db_statement *statement = db_statement_find(db, sql, signature);
    if (statement != NULL)
        return statement;
    struct buffer text = {0};
    rewrite(&text, sql, signature, for_update);
    statement = prepare(db, sql, signature, text.data);
    buffer_free(&text);
    return statement;
}

enum code db_postgres_many(struct db *db, const char *sql, const struct db_value *values,
                           size_t columns, size_t rows, bool for_update, db_visit visit,
                           void *context, int64_t *out_changes)
{
    char signature[DB_PARAMETERS_MAX + 2];
    signature_of(signature, values, columns, rows);
    struct db_statement *statement = prepare_many(db, sql, signature, for_update);
    if (statement == NULL)
        return failure(db, "db.prepare_failed", sql);
    struct parameters parameters;
    struct buffer arrays[DB_PARAMETERS_MAX] = {{0}};
    for (size_t i = 0; i < columns; i++) {
        parameters.values[i] = NULL;
        parameters.lengths[i] = 0;
        parameters.formats[i] = 1;
        if (signature[i] == 'n')
            continue;
        put_array(&arrays[i], values + i, columns, rows, signature[i]);
        parameters.values[i] = arrays[i].data;
        parameters.lengths[i] = (int)arrays[i].size;
    }
    PGresult *result = PQexecPrepared(db->postgres, statement->name, (int)columns,
                                      parameters.values, parameters.lengths, parameters.formats, 1);
    for (size_t i = 0; i < columns; i++)
        buffer_free(&arrays[i]);
    return take_result(db, result, sql, visit, context, out_changes);
}
