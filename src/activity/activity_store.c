// SQL of this room: reads the journal only. Operations that ended without a transfer stand on no
// account's chain, so that a statement does not show them.
#include "activity/activity_priv.h"

struct numbers {
    int64_t *out;
    size_t count, capacity;
};

static bool visit(void *context, const struct db_row *row)
{
    struct numbers *numbers = context;
    numbers->out[numbers->count++] = db_get_int(row, 0);
    return numbers->count < numbers->capacity;
}

enum code activity_store_unmoved(struct db *db, int64_t account, int64_t before_seq, int64_t *out,
                                 size_t *io_count)
{
    const struct db_value values[] = {db_int(account),
                                      db_int(before_seq > 0 ? before_seq : INT64_MAX),
                                      db_int((int64_t)*io_count)};
    struct numbers numbers = {out, 0, *io_count};
    GUARD(db_query(db,
                   "SELECT seq FROM journal WHERE payer_account = $1 AND state > 10 AND hold = 0 "
                   "AND seq < $2 UNION ALL SELECT seq FROM journal WHERE payee_account = $1 "
                   "AND state > 10 AND hold = 0 AND seq < $2 "
                   "ORDER BY seq DESC LIMIT CAST($3 AS BIGINT)",
                   values, 3, visit, &numbers));
    *io_count = numbers.count;
    return OK;
}
