// SQL of desk_case.
#include "desk/desk_priv.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define COLUMNS                                                                                    \
    "id, number, kind, state, level, topic, ref, person, application, four_eyes, working_days, "   \
    "exact, opened_us, due_us, next_us, decided_us, operator_taken, outcome"

enum code desk_store_case_insert(struct db *db, const struct desk_case_row *row)
{
    const struct desk_case *c = &row->c;
    const struct db_value values[] = {
        db_id(&c->id),         db_text(c->number),        db_int(c->kind),
        db_int(c->state),      db_int(c->level),          db_text(c->topic),
        db_id(&c->ref),        db_int(c->person),         db_int(c->application),
        db_int(c->four_eyes),  db_int(c->working_days),   db_int(c->exact),
        db_int(c->opened_us),  db_int(c->due_us),         db_int(row->next_us),
        db_int(c->decided_us), db_int(c->operator_taken), db_text(c->outcome)};
    return db_exec(db,
                   "INSERT INTO desk_case (" COLUMNS ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, "
                   "$9, $10, $11, $12, $13, $14, $15, $16, $17, $18)",
                   values, COUNT(values), NULL);
}

enum code desk_store_case_update(struct db *db, const struct desk_case_row *row)
{
    const struct desk_case *c = &row->c;
    const struct db_value values[] = {
        db_id(&c->id),         db_int(c->state),          db_int(c->level),   db_int(row->next_us),
        db_int(c->decided_us), db_int(c->operator_taken), db_text(c->outcome)};
    return db_exec(db,
                   "UPDATE desk_case SET state = $2, level = $3, next_us = $4, decided_us = $5, "
                   "operator_taken = $6, outcome = $7 WHERE id = $1",
                   values, COUNT(values), NULL);
}

static void read_row(struct desk_case_row *out, const struct db_row *row)
{
    struct desk_case *c = &out->c;
    *out = (struct desk_case_row){.next_us = db_get_int(row, 14)};
    c->id = db_get_id(row, 0);
    (void)text_copy(c->number, sizeof c->number, db_get_text(row, 1));
    c->kind = (enum desk_kind)db_get_int(row, 2);
    c->state = (enum desk_state)db_get_int(row, 3);
    c->level = (enum desk_level)db_get_int(row, 4);
    (void)text_copy(c->topic, sizeof c->topic, db_get_text(row, 5));
    c->ref = db_get_id(row, 6);
    c->person = db_get_int(row, 7);
    c->application = db_get_int(row, 8);
    c->four_eyes = db_get_int(row, 9) != 0;
    c->working_days = (int32_t)db_get_int(row, 10);
    c->exact = db_get_int(row, 11) != 0;
    c->opened_us = db_get_int(row, 12);
    c->due_us = db_get_int(row, 13);
    c->decided_us = db_get_int(row, 15);
    c->operator_taken = db_get_int(row, 16);
    (void)text_copy(c->outcome, sizeof c->outcome, db_get_text(row, 17));
}

static bool visit_one(void *context, const struct db_row *row)
{
    read_row(context, row);
    return false;
}

static enum code found_or_not(enum code code, bool found)
{
    GUARD(code);
    return found ? OK : CODE_NOT_FOUND;
}

enum code desk_store_case_live(struct db *db, enum desk_kind kind, const struct id *ref,
                               struct desk_case_row *out)
{
    const struct db_value values[] = {db_int(kind), db_id(ref)};
    bool found = false;
    const enum code code = db_query_one(
        db, "SELECT " COLUMNS " FROM desk_case WHERE kind = $1 AND ref = $2 AND state < 4", values,
        COUNT(values), visit_one, out, &found);
    return found_or_not(code, found);
}

// One that waits before one that is done, a newer one before an older one.
enum code desk_store_case_number(struct db *db, const char *number, struct desk_case_row *out)
{
    const struct db_value values[] = {db_text(number)};
    bool found = false;
    const enum code code = db_query_one(db,
                                        "SELECT " COLUMNS " FROM desk_case WHERE number = $1 "
                                        "ORDER BY CASE WHEN state < 4 THEN 0 ELSE 1 END, "
                                        "opened_us DESC, id DESC LIMIT 1",
                                        values, COUNT(values), visit_one, out, &found);
    return found_or_not(code, found);
}

enum code desk_store_case_next(struct db *db, int64_t now_us, struct desk_case_row *out)
{
    const struct db_value values[] = {db_int(now_us)};
    bool found = false;
    const enum code code =
        db_query_one(db,
                     "SELECT " COLUMNS " FROM desk_case WHERE state < 4 AND next_us > 0 AND "
                     "next_us <= $1 ORDER BY next_us LIMIT 1",
                     values, COUNT(values), visit_one, out, &found);
    return found_or_not(code, found);
}

enum code desk_case_of(struct db *db, enum desk_kind kind, const struct id *ref,
                       struct desk_case *out)
{
    const struct db_value values[] = {db_int(kind), db_id(ref)};
    struct desk_case_row row;
    bool found = false;
    const enum code code = db_query_one(db,
                                        "SELECT " COLUMNS " FROM desk_case WHERE kind = $1 AND "
                                        "ref = $2 ORDER BY opened_us DESC, id DESC LIMIT 1",
                                        values, COUNT(values), visit_one, &row, &found);
    GUARD(found_or_not(code, found));
    *out = row.c;
    return OK;
}

struct list {
    bool (*visit)(void *context, const struct desk_case *found);
    void *context;
};

static bool visit_listed(void *context, const struct db_row *row)
{
    const struct list *list = context;
    struct desk_case_row found;
    read_row(&found, row);
    return list->visit(list->context, &found.c);
}

// Parameters that a condition does not use are compared with themselves: one text serves all.
#define CONDITIONS                                                                                 \
    "($1 = 0 OR kind = $1) AND ($2 < 0 OR level = $2) AND ($3 = 0 OR operator_taken = $3) AND "    \
    "($4 = 0 OR operator_taken = 0) AND ($5 = 0 OR application = $5 OR person = $5) AND "          \
    "($6 = 0 OR person = $6) AND ($7 = 0 OR due_us < $7) "

enum code desk_cases_list(struct db *db, const struct desk_case_filter *f, size_t limit,
                          bool (*visit)(void *context, const struct desk_case *found),
                          void *context)
{
    struct list list = {visit, context};
    const struct db_value values[] = {db_int(f->kind),
                                      db_int(f->by_level ? (int64_t)f->level : -1),
                                      db_int(f->taken_by),
                                      db_int(f->free),
                                      db_int(f->application),
                                      db_int(f->person),
                                      db_int(f->overdue ? f->now_us : 0),
                                      db_int(f->after_us),
                                      db_id(&f->after_id),
                                      db_int((int64_t)limit)};
    if (f->done)
        return db_query(db,
                        "SELECT " COLUMNS " FROM desk_case WHERE state = 4 AND " CONDITIONS
                        "AND ($8 = 0 OR decided_us < $8 OR (decided_us = $8 AND id < $9)) "
                        "ORDER BY decided_us DESC, id DESC LIMIT $10",
                        values, COUNT(values), visit_listed, &list);
    return db_query(db,
                    "SELECT " COLUMNS " FROM desk_case WHERE state < 4 AND " CONDITIONS
                    "AND (due_us > $8 OR (due_us = $8 AND id > $9)) ORDER BY due_us, id LIMIT $10",
                    values, COUNT(values), visit_listed, &list);
}

static bool visit_counts(void *context, const struct db_row *row)
{
    struct desk_case_counts *out = context;
    const int64_t kind = db_get_int(row, 0);
    const int64_t counts[] = {db_get_int(row, 1), db_get_int(row, 2), db_get_int(row, 3)};
    const int64_t at[] = {0, kind};
    for (size_t i = 0; i < 2; i++) {
        out->open[at[i]] += counts[0];
        out->taken[at[i]] += counts[1];
        out->overdue[at[i]] += counts[2];
    }
    out->mine += db_get_int(row, 4);
    return true;
}

enum code desk_case_count(struct db *db, int64_t actor, int64_t now_us,
                          struct desk_case_counts *out)
{
    const struct db_value values[] = {db_int(now_us), db_int(actor)};
    const struct db_value today = db_int(time_business_day_start(now_us));
    *out = (struct desk_case_counts){0};
    GUARD(db_query(db,
                   "SELECT kind, count(*), "
                   "CAST(sum(CASE WHEN state = 2 THEN 1 ELSE 0 END) AS BIGINT), "
                   "CAST(sum(CASE WHEN due_us < $1 THEN 1 ELSE 0 END) AS BIGINT), "
                   "CAST(sum(CASE WHEN operator_taken = $2 THEN 1 ELSE 0 END) AS BIGINT) "
                   "FROM desk_case WHERE state < 4 GROUP BY kind",
                   values, COUNT(values), visit_counts, out));
    GUARD(db_query_int(db, &out->done_today,
                       "SELECT count(*) FROM desk_case WHERE state = 4 AND decided_us >= $1",
                       &today, 1, 0));
    GUARD(db_query_int(db, &out->opened_today,
                       "SELECT count(*) FROM desk_case WHERE opened_us >= $1", &today, 1, 0));
    return db_query_int(db, &out->approvals, "SELECT count(*) FROM desk_approval WHERE state = 1",
                        NULL, 0, 0);
}
