// SQL of onboard_trouble, and of what keeps a draft alive.
#include "onboard/onboard_priv.h"

static bool visit(void *context, const struct db_row *row)
{
    struct onboard_trouble *out = context;
    out->kind = (enum onboard_trouble_kind)db_get_int(row, 0);
    out->misses = (int32_t)db_get_int(row, 1);
    out->found_us = db_get_int(row, 2);
    out->linked = (enum onboard_linked)db_get_int(row, 3);
    return false;
}

enum code onboard_store_trouble_load(struct db *db, int64_t number, struct onboard_trouble *out)
{
    const struct db_value value = db_int(number);
    bool found;
    *out = (struct onboard_trouble){0};
    return db_query_one(db,
                        "SELECT kind, misses, found_us, linked FROM onboard_trouble "
                        "WHERE number = $1",
                        &value, 1, visit, out, &found);
}

enum code onboard_store_trouble(struct db *db, int64_t number, const struct onboard_trouble *in)
{
    const struct db_value values[] = {db_int(number), db_int(in->kind), db_int(in->misses),
                                      db_int(in->found_us), db_int(in->linked)};
    return db_exec(db,
                   "INSERT INTO onboard_trouble (number, kind, misses, found_us, linked) "
                   "VALUES ($1, $2, $3, $4, $5) ON CONFLICT (number) DO UPDATE SET kind = $2, "
                   "misses = $3, found_us = $4, linked = $5",
                   values, 5, NULL);
}

enum code onboard_store_prolong(struct db *db, int64_t number, int64_t until_us)
{
    const struct db_value values[] = {db_int(number), db_int(until_us)};
    return db_exec(db,
                   "UPDATE onboard_application SET expires_us = $2 WHERE number = $1 AND "
                   "expires_us < $2",
                   values, 2, NULL);
}
