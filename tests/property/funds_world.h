// A small world for tests of funds/ and activity/: a database, a few people with wallets and bound
// cards, a clock and entropy that the test owns. One connection, one transaction per step.
#ifndef PROPERTY_FUNDS_WORLD_H
#define PROPERTY_FUNDS_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit/audit.h"
#include "funds/funds.h"
#include "guard/guard_idempotency.h"

enum { WORLD_PEOPLE = 6 };
#define WORLD_SECOND_US INT64_C(1000000)
#define WORLD_START_US INT64_C(1780300800000000) // 2026-06-01T08:00:00Z

static int64_t world_clock_us;
static uint64_t world_random;

static inline uint64_t world_next(void)
{
    uint64_t z = world_random += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

static inline int64_t world_below(int64_t bound)
{
    return (int64_t)(world_next() % (uint64_t)bound);
}

static inline int64_t world_now(void *context)
{
    (void)context;
    return world_clock_us;
}

static inline void world_entropy(void *context, void *out, size_t size)
{
    (void)context;
    for (size_t i = 0; i < size; i++)
        ((uint8_t *)out)[i] = (uint8_t)world_next();
}

static const struct env world_env = {world_now, world_now, world_entropy, NULL};

struct world {
    char folder[64];
    struct db *db;
    struct vault *vault;
    struct guard_profiles *profiles;
    struct funds funds;
    int64_t people[WORLD_PEOPLE], accounts[WORLD_PEOPLE];
    struct id cards[WORLD_PEOPLE]; // bound
    int64_t funded;                // posted by the treasurer
};

static inline void world_begin(struct world *world)
{
    assert_int_equal(db_begin(world->db), OK);
}

// Commits when `code` is OK, else rolls back. Returns `code`.
static inline enum code world_end(struct world *world, enum code code)
{
    if (code != OK) {
        db_rollback(world->db);
        return code;
    }
    assert_int_equal(db_commit(world->db), OK);
    return OK;
}

// "19 digits of this BIN": Luhn-valid, different for every n.
static inline void world_card_number(char out[24], const char *bin, int n, size_t length)
{
    (void)snprintf(out, 24, "%s%0*d", bin, (int)(length - strlen(bin) - 1), n);
    out[length - 1] = text_luhn(out, length - 1);
    out[length] = '\0';
}

static inline void world_id_number(char out[20], int n)
{
    (void)snprintf(out, 20, "11010119900101%03d", n);
    out[17] = party_id_check_character(out);
    out[18] = '\0';
}

static inline void world_person(struct world *world, int n)
{
    char name[32], phone[12], id_number[20];
    struct books_group *group;
    struct party_wallet wallet;
    struct arena *arena = arena_new();
    const int64_t person = 5000 + n;
    (void)snprintf(name, sizeof name, "测试%s", n % 2 == 0 ? "甲" : "乙丙");
    (void)snprintf(phone, sizeof phone, "1380000%04d", n);
    world_id_number(id_number, n);
    world_begin(world);
    assert_int_equal(books_group_begin(&group, world->db, arena, world_clock_us), OK);
    assert_int_equal(books_open_chart(group, MONEY_CNY), OK);
    assert_int_equal(
        books_account_open(&world->accounts[n], group, BOOKS_WALLET, person, MONEY_CNY), OK);
    assert_int_equal(books_group_write(group), OK);
    const struct party_new_person in = {
        .id = person,
        .name = name,
        .id_number = id_number,
        .phone = phone,
        .birth_date = 19900101,
        .sex = PARTY_MALE,
        .wallet_class = 3,
        .password_stored = "none",
        .pin_stored = "none",
        .account_cny = world->accounts[n],
    };
    assert_int_equal(party_person_add(world->db, world->vault, &world_env, &in, &wallet, NULL), OK);
    assert_int_equal(guard_wallet_open(world->db, world->accounts[n], 3), OK);
    assert_int_equal(world_end(world, OK), OK);
    world->people[n] = person;
    arena_free(&arena);
}

// The one waiting row of the bank queue that is due, or none.
static inline bool world_take(struct world *world, struct arena *arena, struct party_outbox *out)
{
    struct party_outbox *rows;
    size_t count;
    world_begin(world);
    assert_int_equal(party_outbox_take(world->db, world->vault, arena, FUNDS_QUEUE, world_clock_us,
                                       60 * WORLD_SECOND_US, 1, &rows, &count),
                     OK);
    assert_int_equal(world_end(world, OK), OK);
    if (count > 0)
        *out = rows[0];
    return count > 0;
}

static inline enum code world_ask(struct world *world, const struct party_outbox *row,
                                  struct funds_task *task)
{
    world_begin(world);
    return world_end(world, funds_bank_begin(world->db, &world->funds, row, task));
}

static inline enum code world_answer(struct world *world, const struct funds_task *task,
                                     const struct funds_answer *answer)
{
    world_begin(world);
    return world_end(world, funds_bank_apply(world->db, &world->funds, task, answer, NULL));
}

// Takes one row, asks, and gives this answer. Returns what was asked.
static inline enum funds_call world_step(struct world *world, const struct funds_answer *answer,
                                         struct funds_task *task)
{
    struct arena *arena = arena_new();
    struct party_outbox row;
    *task = (struct funds_task){0};
    if (world_take(world, arena, &row)) {
        assert_int_equal(world_ask(world, &row, task), OK);
        if (task->call != FUNDS_CALL_NONE)
            assert_int_equal(world_answer(world, task, answer), OK);
    }
    arena_free(&arena);
    return task->call;
}

static inline enum code world_card_add(struct world *world, int person, const struct id *id,
                                       const char *number, struct funds_card *out,
                                       struct problem *problem)
{
    const struct funds_new_card in = {*id, world->people[person], number, "138 0000 1111"};
    world_begin(world);
    return world_end(world, funds_card_add(world->db, &world->funds, &in, out, problem));
}

static inline enum code world_card_confirm(struct world *world, int person, const struct id *id,
                                           const char *code, struct funds_card *out,
                                           struct problem *problem)
{
    world_begin(world);
    return world_end(world, funds_card_confirm(world->db, &world->funds, world->people[person], id,
                                               code, out, problem));
}

static inline void world_bind(struct world *world, int n)
{
    char number[24];
    struct funds_card card;
    struct funds_task task;
    struct funds_answer answer = {.outcome = FUNDS_YES, .tries_left = -1};
    world->cards[n] = id_new(&world_env);
    world_card_number(number, "990101", n, 19);
    assert_int_equal(world_card_add(world, n, &world->cards[n], number, &card, NULL), OK);
    (void)text_copy(answer.card_token, sizeof answer.card_token, "challenge");
    assert_int_equal(world_step(world, &answer, &task), FUNDS_CALL_VERIFY);
    assert_int_equal(world_card_confirm(world, n, &world->cards[n], "123456", &card, NULL), OK);
    (void)snprintf(answer.card_token, sizeof answer.card_token, "agreement-%d", n);
    assert_int_equal(world_step(world, &answer, &task), FUNDS_CALL_CONFIRM);
}

// What the auditor reads of a stored answer. Returns its size.
static inline size_t world_answer_text(char *out, size_t capacity, const struct id *operation,
                                       int64_t amount)
{
    char id[40], value[MONEY_TEXT_SIZE];
    id_format(id, "txn", operation);
    money_format(value, MONEY_CNY, amount);
    return (size_t)snprintf(out, capacity,
                            "{\"id\":\"%s\",\"amount\":{\"value\":\"%s\",\"currency\":\"CNY\"}}",
                            id, value);
}

// The answer that the API stores with the order.
static inline enum code world_store_answer(struct world *world, bool topup,
                                           const struct funds_request *request)
{
    char body[160];
    struct arena *arena = arena_new();
    const struct guard_request stored = {
        .key = request->id, .actor = request->person, .route = topup ? 21 : 22};
    const struct guard_request *requests = &stored;
    const size_t size = world_answer_text(body, sizeof body, &request->id, request->amount);
    const struct guard_answer answer = {202, body, size};
    const enum code code =
        guard_idempotency_add_many(world->db, arena, &requests, &answer, 1, world_clock_us);
    arena_free(&arena);
    return code;
}

static inline enum code world_order(struct world *world, bool topup,
                                    const struct funds_request *request, struct books_result *out,
                                    struct problem *problem)
{
    world_begin(world);
    enum code code = topup ? funds_topup(out, world->db, &world->funds, request, problem)
                           : funds_withdraw(out, world->db, &world->funds, request, problem);
    if (code == OK && !out->repeated)
        code = world_store_answer(world, topup, request);
    return world_end(world, code);
}

// Money brought to our account at the bank by other ways, so that wallets have something at the
// start.
static inline void world_fund(struct world *world, int64_t account, int64_t amount)
{
    struct books_group *group;
    struct books_result result;
    struct arena *arena = arena_new();
    const struct books_posting posting = {.kind = LEDGER_POST,
                                          .code = BOOKS_FUNDING,
                                          .debit =
                                              books_chart_account(MONEY_CNY, BOOKS_CASH_AT_BANK),
                                          .credit = account,
                                          .amount = amount,
                                          .currency = MONEY_CNY};
    const struct books_operation operation = {.id = id_new(&world_env),
                                              .kind = BOOKS_FUNDING,
                                              .state = BOOKS_SUCCEEDED,
                                              .payer = posting.debit,
                                              .payee = account,
                                              .amount = amount,
                                              .currency = MONEY_CNY,
                                              .postings = &posting,
                                              .posting_count = 1};
    world_begin(world);
    assert_int_equal(books_group_begin(&group, world->db, arena, world_clock_us), OK);
    assert_int_equal(books_operate(&result, group, &operation, NULL), OK);
    assert_int_equal(books_group_write(group), OK);
    assert_int_equal(world_end(world, OK), OK);
    world->funded += amount;
    arena_free(&arena);
}

static inline int64_t world_balance(struct world *world, int64_t account)
{
    struct books_account row;
    assert_int_equal(books_read_account(&row, world->db, account), OK);
    return ledger_balance(&row.ledger);
}

static inline void world_open(struct world *world, uint64_t seed, const char *url)
{
    char path[128];
    int applied;
    memset(world, 0, sizeof *world);
    world_random = seed;
    world_clock_us = WORLD_START_US;
    (void)text_copy(world->folder, sizeof world->folder, "/tmp/tongbao-funds-XXXXXX");
    assert_non_null(mkdtemp(world->folder));
    const struct vault_options options = {.data_folder = world->folder,
                                          .env = &world_env,
                                          .hash_threads = 1,
                                          .fast_hash_for_tests = true};
    assert_int_equal(vault_load(&world->vault, &options), OK);
    char reason[256] = "";
    assert_int_equal(guard_profiles_load(&world->profiles, SOURCE_DIR "/spec/profiles",
                                         time_business_date(world_clock_us), reason),
                     OK);
    (void)snprintf(path, sizeof path, "sqlite:%s/a.db", world->folder);
    assert_int_equal(db_open(&world->db, url != NULL ? url : path, false), OK);
    assert_int_equal(db_migrate(world->db, world_clock_us, &applied), OK);
    world->funds =
        (struct funds){world->profiles, world->vault, &world_env, funds_settings_default(false)};
    for (int n = 0; n < WORLD_PEOPLE; n++) {
        world_person(world, n);
        world_bind(world, n);
    }
}

static inline void world_close(struct world *world)
{
    static const char *const names[] = {"a.db", "a.db-wal", "a.db-shm", "keys/master.key"};
    char path[128];
    db_close(&world->db);
    guard_profiles_free(&world->profiles);
    vault_free(&world->vault);
    for (size_t i = 0; i < 4; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", world->folder, names[i]);
        (void)unlink(path);
    }
    (void)snprintf(path, sizeof path, "%s/keys", world->folder);
    (void)rmdir(path);
    (void)rmdir(world->folder);
}

static inline void world_assert_clean(struct world *world)
{
    struct audit_result result;
    const struct audit_options options = {
        .now_us = world_clock_us, .report = audit_print_finding, .context = stderr};
    assert_int_equal(audit_run(&result, world->db, &options), OK);
    assert_int_equal(result.findings, 0);
}

// A schema of its own on the test cluster. Returns false when there is none.
static inline bool world_postgres(char *out, size_t size, const char *schema)
{
    const char *url = getenv("TONGBAO_TEST_POSTGRES");
    char drop[128], create[128];
    struct db *db = NULL;
    if (url == NULL)
        return false;
    assert_int_equal(db_open(&db, url, false), OK);
    (void)snprintf(drop, sizeof drop, "DROP SCHEMA IF EXISTS %s CASCADE", schema);
    assert_int_equal(db_exec(db, drop, NULL, 0, NULL), OK);
    (void)snprintf(create, sizeof create, "CREATE SCHEMA %s", schema);
    assert_int_equal(db_exec(db, create, NULL, 0, NULL), OK);
    db_close(&db);
    (void)snprintf(out, size, "%s%soptions=-csearch_path%%3D%s", url,
                   strchr(url, '?') != NULL ? "&" : "?", schema);
    return true;
}

#endif
