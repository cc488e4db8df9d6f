// SQL of guard_wallet.
#include "guard/guard_limits.h"

#include <stdlib.h>

enum code guard_wallet_open(struct db *db, int64_t account, int32_t wallet_class)
{
    const struct db_value values[] = {db_int(account), db_int(wallet_class)};
    return db_exec(db,
                   "INSERT INTO guard_wallet (account, class, nopin, day, day_used, year, "
                   "year_used, grade_b, grade_c, grade_d, nopin_count) "
                   "VALUES ($1, $2, 1, 0, 0, 0, 0, 0, 0, 0, 0)",
                   values, 2, NULL);
}

enum code guard_wallet_set_class(struct db *db, int64_t account, int32_t wallet_class)
{
    const struct db_value values[] = {db_int(account), db_int(wallet_class)};
    return db_exec(db, "UPDATE guard_wallet SET class = $2 WHERE account = $1", values, 2, NULL);
}

enum code guard_wallet_lower(struct db *db, int64_t account, int64_t now_us, int64_t until_us)
{
    const struct db_value values[] = {db_int(account), db_int(until_us), db_int(now_us)};
    return db_exec(db,
                   "UPDATE guard_wallet SET lowered_until_us = $2, transfer_used = CASE WHEN "
                   "lowered_until_us > $3 THEN transfer_used ELSE 0 END "
                   "WHERE account = $1 AND lowered_until_us < $2",
                   values, 3, NULL);
}

enum code guard_wallet_set_nopin(struct db *db, int64_t account, bool enabled)
{
    const struct db_value values[] = {db_int(account), db_int(enabled)};
    return db_exec(db, "UPDATE guard_wallet SET nopin = $2 WHERE account = $1", values, 2, NULL);
}

static void take_row(struct guard_wallet *out, const struct db_row *row)
{
    *out = (struct guard_wallet){
        .account = db_get_int(row, 0),
        .wallet_class = (int32_t)db_get_int(row, 1),
        .nopin = db_get_int(row, 2) != 0,
        .day = (int32_t)db_get_int(row, 3),
        .day_used = db_get_int(row, 4),
        .year = (int32_t)db_get_int(row, 5),
        .year_used = db_get_int(row, 6),
        .grade_b = db_get_int(row, 7),
        .grade_c = db_get_int(row, 8),
        .grade_d = db_get_int(row, 9),
        .nopin_count = db_get_int(row, 10),
        .out_lock = (int32_t)db_get_int(row, 11),
        .out_lock_us = db_get_int(row, 12),
        .caution_us = db_get_int(row, 13),
        .lowered_until_us = db_get_int(row, 14),
        .transfer_used = db_get_int(row, 15),
    };
}

static const char SELECT_WALLET[] =
    "SELECT account, class, nopin, day, day_used, year, year_used, grade_b, grade_c, grade_d, "
    "nopin_count, out_lock, out_lock_us, caution_us, lowered_until_us, transfer_used "
    "FROM guard_wallet WHERE account = $1";

static bool visit_one(void *context, const struct db_row *row)
{
    take_row(context, row);
    return false;
}

enum code guard_wallet_load(struct guard_wallet *out, struct db *db, int64_t account)
{
    const struct db_value value = db_int(account);
    bool found;
    GUARD(db_query_one(db, SELECT_WALLET, &value, 1, visit_one, out, &found));
    return found ? OK : CODE_NOT_FOUND;
}

struct wanted {
    struct guard_wallet *wallets;
    size_t count;
};

static int by_account(const void *key, const void *element)
{
    const int64_t a = *(const int64_t *)key;
    const int64_t b = ((const struct guard_wallet *)element)->account;
    return a < b ? -1 : a > b;
}

static bool visit_many(void *context, const struct db_row *row)
{
    const struct wanted *wanted = context;
    const int64_t account = db_get_int(row, 0);
    struct guard_wallet *wallet =
        bsearch(&account, wanted->wallets, wanted->count, sizeof *wallet, by_account);
    if (wallet != NULL)
        take_row(wallet, row);
    return true;
}

enum code guard_wallets_load(struct db *db, struct guard_wallet *wallets, size_t count)
{
    struct wanted wanted = {wallets, count};
    struct db_value *values = mem_alloc((count + 1) * sizeof *values);
    for (size_t i = 0; i < count; i++)
        values[i] = db_int(wallets[i].account);
    const enum code code =
        db_select_many(db, SELECT_WALLET, values, 1, count, true, visit_many, &wanted);
    mem_free(values);
    return code;
}

enum { WALLET_COLUMNS = 10 };

enum code guard_wallets_write(struct db *db, struct arena *arena,
                              const struct guard_wallet *wallets, size_t count)
{
    struct db_value *values = arena_alloc(arena, (count + 1) * WALLET_COLUMNS * sizeof *values);
    size_t rows = 0;
    for (size_t i = 0; i < count; i++) {
        const struct guard_wallet *w = &wallets[i];
        if (!w->changed)
            continue;
        const struct db_value row[WALLET_COLUMNS] = {
            db_int(w->account),      db_int(w->day),       db_int(w->day_used),
            db_int(w->year),         db_int(w->year_used), db_int(w->grade_b),
            db_int(w->grade_c),      db_int(w->grade_d),   db_int(w->nopin_count),
            db_int(w->transfer_used)};
        for (size_t column = 0; column < WALLET_COLUMNS; column++)
            values[rows * WALLET_COLUMNS + column] = row[column];
        rows++;
    }
    return db_exec_many(db,
                        "UPDATE guard_wallet SET day = $2, day_used = $3, year = $4, year_used = "
                        "$5, grade_b = $6, grade_c = $7, grade_d = $8, nopin_count = $9, "
                        "transfer_used = $10 "
                        "WHERE account = $1",
                        values, WALLET_COLUMNS, rows, NULL);
}
