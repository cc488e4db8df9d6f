// SQL of the times of decided applications.
#include "onboard/onboard_priv.h"

struct each {
    void (*visit)(void *context, bool opened, int64_t whole_us, int64_t own_us);
    void *context;
};

static bool visit_row(void *context, const struct db_row *row)
{
    const struct each *each = context;
    each->visit(each->context, db_get_int(row, 0) == ONBOARD_OPENED,
                db_get_int(row, 2) - db_get_int(row, 1), db_get_int(row, 3));
    return true;
}

enum code onboard_store_times(struct db *db, int64_t from_us, int64_t to_us, size_t limit,
                              void (*visit)(void *context, bool opened, int64_t whole_us,
                                            int64_t own_us),
                              void *context)
{
    struct each each = {visit, context};
    const struct db_value values[] = {db_int(from_us), db_int(to_us), db_int((int64_t)limit)};
    return db_query(db,
                    "SELECT state, created_us, decided_us, own_us FROM onboard_application "
                    "WHERE decided_us > 0 AND decided_us >= $1 AND decided_us < $2 "
                    "AND state IN (4, 5) AND upgrade_of = 0 ORDER BY decided_us LIMIT $3",
                    values, 3, visit_row, &each);
}
