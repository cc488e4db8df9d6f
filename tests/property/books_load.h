// A seeded random load on the books: the same commands in groups or one by one, on either engine.
// The commands do not depend on what becomes of them, so that two runs can be compared row by row.
#ifndef PROPERTY_BOOKS_LOAD_H
#define PROPERTY_BOOKS_LOAD_H

#include "books/books.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    LOAD_WALLETS = 24, // 16 in CNY, 8 in USD
    LOAD_COMMANDS = 4000,
};
#define LOAD_START_US INT64_C(1767225600000000) // 2026-01-01T00:00:00Z
#define LOAD_DAY_US INT64_C(86400000000)

// --- seeded numbers ---------------------------------------------------------------------------

struct load_random {
    uint64_t state;
};

static inline uint64_t load_next(struct load_random *random)
{
    uint64_t z = random->state += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

static inline int64_t load_below(struct load_random *random, int64_t bound)
{
    return (int64_t)(load_next(random) % (uint64_t)bound);
}

static inline struct id load_id(struct load_random *random, int64_t now_us)
{
    struct id id;
    for (size_t i = 0; i < sizeof id.bytes; i++)
        id.bytes[i] = (uint8_t)load_next(random);
    for (int i = 0; i < 6; i++)
        id.bytes[i] = (uint8_t)(now_us / 1000 >> (40 - 8 * i));
    id.bytes[6] = (uint8_t)(0x70 | (id.bytes[6] & 0x0F));
    id.bytes[8] = (uint8_t)(0x80 | (id.bytes[8] & 0x3F));
    return id;
}

// TONGBAO_SEED replays a run; otherwise a fixed one, so that a plain test run is the same
// everywhere.
static inline uint64_t load_seed(void)
{
    const char *text = getenv("TONGBAO_SEED");
    const uint64_t seed = text != NULL ? strtoull(text, NULL, 10) : 20260228;
    printf("seed %llu (replay with TONGBAO_SEED)\n", (unsigned long long)seed);
    return seed;
}

// --- commands ---------------------------------------------------------------------------------

enum load_type {
    LOAD_PAY,     // post, sometimes with a linked fee
    LOAD_RESERVE, // hold
    LOAD_ASK,     // operation without money yet
    LOAD_FINISH,  // capture, whole or part, or the post of an operation that was only asked
    LOAD_GIVE_UP, // release
    LOAD_EXPIRE,
    LOAD_REFUND,
    LOAD_CORRECT,
    LOAD_TREASURY, // linked set without an operation
    LOAD_CONVERT,  // two books in one linked set
    LOAD_AGAIN,    // an earlier request once more, sometimes with another amount
    LOAD_FREEZE,
    LOAD_TYPES
};

struct load_command {
    enum load_type type;
    struct id id;
    size_t payer, payee; // indices of wallets
    size_t target;       // index of an earlier command
    int64_t amount, fee;
    int64_t now_us;
    int64_t expires_us;
    bool odd; // a variation, by type
};

struct load_outcome {
    enum code code;
    int64_t seq;
    bool repeated;
};

struct load {
    uint64_t seed;
    struct load_command commands[LOAD_COMMANDS];
    struct load_outcome outcomes[LOAD_COMMANDS];
    int64_t wallets[LOAD_WALLETS];
    int64_t count_ok, count_refused, count_repeated, count_conflict, count_insufficient;
    int64_t ok_of_type[LOAD_TYPES];
};

static inline enum load_type load_pick(struct load_random *random)
{
    static const int weights[LOAD_TYPES] = {40, 14, 6, 14, 5, 5, 6, 3, 3, 3, 5, 2};
    int64_t at = load_below(random, 106);
    int type = 0;
    while (at >= weights[type])
        at -= weights[type++];
    return (enum load_type)type;
}

static inline enum money_currency load_currency(size_t wallet)
{
    return wallet < 16 ? MONEY_CNY : MONEY_USD;
}

static inline void load_generate(struct load *load, uint64_t seed)
{
    struct load_random random = {seed};
    int64_t now_us = LOAD_START_US;
    int64_t left_in_block = 0;
    load->seed = seed;
    for (size_t i = 0; i < LOAD_COMMANDS; i++) {
        struct load_command *command = &load->commands[i];
        // Commands of one block share their time: they may become one group.
        if (left_in_block-- == 0) {
            left_in_block = load_below(&random, 50);
            now_us += 1000 + load_below(&random, LOAD_DAY_US / 8);
        }
        command->type = load_pick(&random);
        command->now_us = now_us;
        command->id = load_id(&random, now_us);
        command->payer = (size_t)load_below(&random, LOAD_WALLETS);
        const size_t base = command->payer < 16 ? 0 : 16;
        const int64_t same_book = command->payer < 16 ? 16 : 8;
        command->payee = base + (size_t)load_below(&random, same_book);
        if (load_below(&random, 50) == 0)
            command->payee = (size_t)load_below(&random, LOAD_WALLETS);
        command->target = i > 0 ? i - 1 - (size_t)load_below(&random, i < 60 ? (int64_t)i : 60) : 0;
        command->amount = load_below(&random, 30) == 0 ? load_below(&random, 3) - 1
                                                       : 1 + load_below(&random, 40000);
        command->fee = load_below(&random, 4) == 0 ? 1 + load_below(&random, 20) : 0;
        command->expires_us = now_us + 1 + load_below(&random, LOAD_DAY_US / 2);
        command->odd = load_below(&random, 4) == 0;
    }
}

// --- running ----------------------------------------------------------------------------------

static inline enum code load_entry_run(struct books_result *out, struct books_group *group,
                                       const struct load *load, const struct load_command *c,
                                       enum ledger_kind kind)
{
    const enum money_currency currency = load_currency(c->payer);
    const int64_t payer = load->wallets[c->payer];
    const int64_t payee = load->wallets[c->payee];
    const int64_t fee = kind == LEDGER_POST ? c->fee : 0;
    const struct books_posting postings[] = {
        {kind, BOOKS_TRANSFER, payer, payee, c->amount, currency, 0,
         kind == LEDGER_HOLD ? c->expires_us : 0},
        {LEDGER_POST, BOOKS_FEE, payee, books_chart_account(currency, BOOKS_FEES), c->fee, currency,
         0, 0},
    };
    const struct books_operation operation = {
        .id = c->id,
        .kind = BOOKS_TRANSFER,
        .state = kind == LEDGER_POST   ? BOOKS_SUCCEEDED
                 : kind == LEDGER_HOLD ? BOOKS_PROCESSING
                                       : BOOKS_AWAITING_USER,
        .payer = payer,
        .payee = payee,
        .amount = c->amount,
        .fee = fee,
        .currency = currency,
        .memo = c->odd ? "午饭 lunch" : NULL,
        .detail = c->odd ? "load" : NULL,
        .postings = postings,
        .posting_count = kind == 0 ? 0
                         : fee > 0 ? 2
                                   : 1,
    };
    struct problem problem = {0};
    return books_operate(out, group, &operation, &problem);
}

static inline enum code load_finish(struct books_result *out, struct books_group *group,
                                    const struct load *load, const struct load_command *c)
{
    const struct load_command *target = &load->commands[c->target];
    const int64_t seq = load->outcomes[c->target].seq;
    struct problem problem = {0};
    if (seq == 0)
        return CODE_NOT_FOUND;
    if (target->type == LOAD_RESERVE)
        return books_capture(out, group, seq, c->odd ? 1 + target->amount / 2 : 0, &problem);
    if (target->type != LOAD_ASK)
        return CODE_NOT_FOUND;
    const struct books_posting posting = {
        LEDGER_POST,
        BOOKS_TRANSFER,
        load->wallets[target->payer],
        load->wallets[target->payee],
        target->amount,
        load_currency(target->payer),
        0,
        0,
    };
    const struct books_step step = {seq, BOOKS_SUCCEEDED, NULL, &posting, 1};
    return books_continue(out, group, &step, &problem);
}

static inline enum code load_end(struct books_result *out, struct books_group *group,
                                 const struct load *load, const struct load_command *c)
{
    const int64_t seq = load->outcomes[c->target].seq;
    const enum load_type type = load->commands[c->target].type;
    struct problem problem = {0};
    if (seq == 0 || (type != LOAD_RESERVE && type != LOAD_ASK))
        return CODE_NOT_FOUND;
    if (type == LOAD_ASK) {
        const struct books_step step = {seq, BOOKS_CLOSED, "declined", NULL, 0};
        return books_continue(out, group, &step, &problem);
    }
    if (c->type == LOAD_EXPIRE)
        return books_expire(out, group, seq, "deadline", &problem);
    return books_release(out, group, seq, "given up", &problem);
}

static inline enum code load_refund(struct books_result *out, struct books_group *group,
                                    const struct load *load, const struct load_command *c)
{
    const struct load_command *target = &load->commands[c->target];
    const enum money_currency currency = load_currency(target->payer);
    const int64_t payer = load->wallets[target->payee];
    const int64_t payee = load->wallets[target->payer];
    const int64_t amount = c->odd ? target->amount : 1 + target->amount / 3;
    const struct books_posting posting = {LEDGER_POST, BOOKS_REFUND, payer, payee,
                                          amount,      currency,     0,     0};
    const struct books_operation operation = {
        .id = c->id,
        .kind = BOOKS_REFUND,
        .state = BOOKS_SUCCEEDED,
        .payer = payer,
        .payee = payee,
        .amount = amount,
        .currency = currency,
        .related = target->id,
        .postings = &posting,
        .posting_count = 1,
    };
    struct problem problem = {0};
    return books_operate(out, group, &operation, &problem);
}

static inline enum code load_correct(struct books_result *out, struct books_group *group,
                                     const struct load *load, const struct load_command *c)
{
    const int64_t transfers[] = {load->outcomes[c->target].seq, load->outcomes[c->target].seq + 1};
    const struct load_command *target = &load->commands[c->target];
    const bool with_fee = target->type == LOAD_PAY && target->fee > 0;
    const struct books_correction correction = {c->id, transfers, with_fee ? 2 : 1,
                                                "booked by mistake"};
    struct problem problem = {0};
    return books_correct(out, group, &correction, &problem);
}

// Settles from and to accounts of the chart; the second posting sometimes cannot be: then none may.
static inline enum code load_treasury(struct books_result *out, struct books_group *group,
                                      const struct load *load, const struct load_command *c)
{
    const enum money_currency currency = load_currency(c->payer);
    const struct books_posting postings[] = {
        {LEDGER_POST, BOOKS_SETTLEMENT, books_chart_account(currency, BOOKS_CASH_AT_BANK),
         load->wallets[c->payer], c->amount, currency, 0, 0},
        {LEDGER_POST, BOOKS_SETTLEMENT, load->wallets[c->payer],
         books_chart_account(currency, BOOKS_SUSPENSE), c->odd ? INT64_C(900000000000) : c->amount,
         currency, 0, 0},
    };
    struct problem problem = {0};
    return books_post(out, group, &c->id, postings, 2, &problem);
}

static inline enum code load_convert(struct books_result *out, struct books_group *group,
                                     const struct load *load, const struct load_command *c)
{
    const size_t from = c->payer % 16;
    const int64_t bought = 1 + c->amount / 7;
    const struct books_posting postings[] = {
        {LEDGER_POST, BOOKS_CONVERSION, load->wallets[from],
         books_chart_account(MONEY_CNY, BOOKS_EXCHANGE), c->amount, MONEY_CNY, 0, 0},
        {LEDGER_POST, BOOKS_CONVERSION, books_chart_account(MONEY_USD, BOOKS_EXCHANGE),
         load->wallets[16 + from % 8], bought, c->odd ? MONEY_CNY : MONEY_USD, 0, 0},
    };
    const struct books_operation operation = {
        .id = c->id,
        .kind = BOOKS_CONVERSION,
        .state = BOOKS_SUCCEEDED,
        .payer = postings[0].debit,
        .payee = postings[0].credit,
        .amount = c->amount,
        .currency = MONEY_CNY,
        .postings = postings,
        .posting_count = 2,
    };
    struct problem problem = {0};
    return books_operate(out, group, &operation, &problem);
}

static inline enum code load_again(struct books_result *out, struct books_group *group,
                                   const struct load *load, const struct load_command *c)
{
    struct load_command again = load->commands[c->target];
    again.amount += c->odd;
    if (again.type == LOAD_PAY)
        return load_entry_run(out, group, load, &again, LEDGER_POST);
    if (again.type == LOAD_RESERVE)
        return load_entry_run(out, group, load, &again, LEDGER_HOLD);
    if (again.type == LOAD_TREASURY)
        return load_treasury(out, group, load, &again);
    return CODE_NOT_FOUND;
}

static inline enum code load_run_one(struct books_result *out, struct books_group *group,
                                     const struct load *load, const struct load_command *c)
{
    switch (c->type) {
    case LOAD_PAY:
        return load_entry_run(out, group, load, c, LEDGER_POST);
    case LOAD_RESERVE:
        return load_entry_run(out, group, load, c, LEDGER_HOLD);
    case LOAD_ASK:
        return load_entry_run(out, group, load, c, (enum ledger_kind)0);
    case LOAD_FINISH:
        return load_finish(out, group, load, c);
    case LOAD_GIVE_UP:
    case LOAD_EXPIRE:
        return load_end(out, group, load, c);
    case LOAD_REFUND:
        return load_refund(out, group, load, c);
    case LOAD_CORRECT:
        return load_correct(out, group, load, c);
    case LOAD_TREASURY:
        return load_treasury(out, group, load, c);
    case LOAD_CONVERT:
        return load_convert(out, group, load, c);
    case LOAD_AGAIN:
        return load_again(out, group, load, c);
    default:
        return books_account_permit(group, load->wallets[c->payer], c->odd ? LEDGER_FROZEN_OUT : 0,
                                    c->odd ? 0 : LEDGER_FROZEN_OUT, NULL);
    }
}

static inline bool load_must(enum code code, const char *what)
{
    if (code != OK)
        printf("%s failed: code %d\n", what, (int)code);
    return code == OK;
}

// Chart, wallets, and money in them, in one group.
static inline bool load_open(struct load *load, struct db *db)
{
    struct arena *arena = arena_new();
    struct books_group *group = NULL;
    struct load_random random = {load->seed ^ 77};
    bool good = load_must(db_begin(db), "begin") &&
                load_must(books_group_begin(&group, db, arena, LOAD_START_US), "group") &&
                load_must(books_open_chart(group, MONEY_CNY), "chart CNY") &&
                load_must(books_open_chart(group, MONEY_USD), "chart USD");
    for (size_t i = 0; good && i < LOAD_WALLETS; i++) {
        const enum money_currency currency = load_currency(i);
        good = load_must(
            books_account_open(&load->wallets[i], group, BOOKS_WALLET, 1000 + (int64_t)i, currency),
            "wallet");
        const struct books_posting fund = {LEDGER_POST,
                                           BOOKS_FUNDING,
                                           books_chart_account(currency, BOOKS_CASH_AT_BANK),
                                           load->wallets[i],
                                           1 + load_below(&random, 500000),
                                           currency,
                                           0,
                                           0};
        struct books_result result;
        const struct id id = load_id(&random, LOAD_START_US);
        good = good && load_must(books_post(&result, group, &id, &fund, 1, NULL), "funding");
    }
    good =
        good && load_must(books_group_write(group), "write") && load_must(db_commit(db), "commit");
    arena_free(&arena);
    return good;
}

static inline void load_count(struct load *load, size_t i)
{
    const struct load_outcome *outcome = &load->outcomes[i];
    load->count_ok += outcome->code == OK;
    load->count_refused += outcome->code != OK;
    load->count_repeated += outcome->repeated;
    load->count_conflict += outcome->code == CODE_CONFLICT_IDEMPOTENCY;
    load->count_insufficient += outcome->code == CODE_BALANCE_INSUFFICIENT;
    load->ok_of_type[load->commands[i].type] += outcome->code == OK;
}

// Commands [from, to) in one group.
static inline bool load_group(struct load *load, struct db *db, size_t from, size_t to)
{
    struct arena *arena = arena_new();
    struct books_group *group = NULL;
    bool good =
        load_must(books_group_begin(&group, db, arena, load->commands[from].now_us), "group begin");
    for (size_t i = from; good && i < to; i++) {
        // Some rows are named beforehand, others are not: the result must be the same.
        if (i % 3 == 0)
            continue;
        books_group_want_account(group, load->wallets[load->commands[i].payer]);
        books_group_want_account(group, load->wallets[load->commands[i].payee]);
        books_group_want_id(group, &load->commands[i].id);
    }
    good = good && load_must(books_group_load(group), "group load");
    for (size_t i = from; good && i < to; i++) {
        struct books_result result = {0};
        struct load_outcome *outcome = &load->outcomes[i];
        outcome->code = load_run_one(&result, group, load, &load->commands[i]);
        outcome->seq = outcome->code == OK ? result.seq : 0;
        outcome->repeated = outcome->code == OK && result.repeated;
        good = outcome->code != CODE_STORAGE_UNAVAILABLE && outcome->code != CODE_INTERNAL;
        if (!good)
            printf("command %zu of type %d failed: code %d\n", i, load->commands[i].type,
                   (int)outcome->code);
        load_count(load, i);
    }
    good = good && load_must(books_group_write(group), "group write");
    arena_free(&arena);
    return good;
}

// All commands; one transaction per block of equal time, in it one group, or one group per command.
static inline bool load_run(struct load *load, struct db *db, bool grouped)
{
    for (size_t from = 0; from < LOAD_COMMANDS;) {
        size_t to = from;
        while (to < LOAD_COMMANDS && load->commands[to].now_us == load->commands[from].now_us)
            to++;
        if (!load_must(db_begin(db), "begin"))
            return false;
        for (size_t i = from; i < to; i = grouped ? to : i + 1)
            if (!load_group(load, db, i, grouped ? to : i + 1))
                return false;
        if (!load_must(db_commit(db), "commit"))
            return false;
        from = to;
    }
    return true;
}

// --- comparing --------------------------------------------------------------------------------

struct load_dump {
    struct buffer *out;
    int columns;
    int binary; // column that holds an id; −1 = none
};

static inline bool load_dump_row(void *context, const struct db_row *row)
{
    struct load_dump *dump = context;
    for (int i = 0; i < dump->columns; i++) {
        char hex[40];
        const struct id id = i == dump->binary ? db_get_id(row, i) : (struct id){{0}};
        hex_encode(hex, id.bytes, sizeof id.bytes);
        if (i == dump->binary)
            buffer_format(dump->out, "%s ", hex);
        else
            buffer_format(dump->out, "%lld ", (long long)db_get_int(row, i));
    }
    buffer_text(dump->out, "\n");
    return true;
}

static inline bool load_dump_text(void *context, const struct db_row *row)
{
    struct load_dump *dump = context;
    char hex[40];
    const struct id id = db_get_id(row, 2);
    hex_encode(hex, id.bytes, sizeof id.bytes);
    buffer_format(dump->out, "%s|%s|%s\n", db_get_text(row, 0), db_get_text(row, 1), hex);
    return true;
}

// Everything the ledger stores, as text.
static inline bool load_dump(struct buffer *out, struct db *db)
{
    struct load_dump plain = {out, 11, -1};
    struct load_dump transfers = {out, 14, 1};
    struct load_dump holds = {out, 5, -1};
    struct load_dump journal = {out, 14, 1};
    struct load_dump sequence = {out, 2, -1};
    return load_must(db_query(db,
                              "SELECT id, currency, kind, owner, debits_pending, debits_posted, "
                              "credits_pending, credits_posted, last_seq, flags, opened_us "
                              "FROM ledger_account ORDER BY id",
                              NULL, 0, load_dump_row, &plain),
                     "dump accounts") &&
           load_must(db_query(db,
                              "SELECT seq, id, kind, code, debit, credit, amount, currency, "
                              "hold_seq, link, debit_prev, credit_prev, at_us, business_date "
                              "FROM ledger_transfer ORDER BY seq",
                              NULL, 0, load_dump_row, &transfers),
                     "dump transfers") &&
           load_must(db_query(db,
                              "SELECT seq, amount, captured, state, expires_us FROM ledger_hold "
                              "ORDER BY seq",
                              NULL, 0, load_dump_row, &holds),
                     "dump holds") &&
           load_must(db_query(db,
                              "SELECT seq, id, kind, state, payer_account, payee_account, amount, "
                              "fee, settled, refunded, currency, hold, at_us, done_us "
                              "FROM journal ORDER BY seq",
                              NULL, 0, load_dump_row, &journal),
                     "dump journal") &&
           load_must(db_query(db, "SELECT memo, detail, related FROM journal ORDER BY seq", NULL, 0,
                              load_dump_text, &plain),
                     "dump texts") &&
           load_must(db_query(db, "SELECT next, next_account FROM ledger_sequence", NULL, 0,
                              load_dump_row, &sequence),
                     "dump sequence");
}

// --- databases --------------------------------------------------------------------------------

struct load_folder {
    char path[64];
};

static inline bool load_folder_make(struct load_folder *folder)
{
    (void)text_copy(folder->path, sizeof folder->path, "/tmp/tongbao-books-XXXXXX");
    return mkdtemp(folder->path) != NULL;
}

static inline void load_folder_remove(const struct load_folder *folder)
{
    static const char *const names[] = {"a", "b", "copy"};
    static const char *const ends[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < 9; i++) {
        char path[96];
        (void)snprintf(path, sizeof path, "%s/%s.db%s", folder->path, names[i / 3], ends[i % 3]);
        (void)unlink(path);
    }
    (void)rmdir(folder->path);
}

static inline bool load_sqlite(struct db **out, const struct load_folder *folder, const char *name)
{
    char url[96];
    int applied = 0;
    (void)snprintf(url, sizeof url, "sqlite:%s/%s.db", folder->path, name);
    return load_must(db_open(out, url, false), "open") &&
           load_must(db_migrate(*out, LOAD_START_US, &applied), "migrate");
}

#endif
