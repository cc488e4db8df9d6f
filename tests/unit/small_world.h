// A database, a vault, the profiles, and a clock and entropy that the test owns: what tests of
// guard/ and onboard/ stand on. Clock and entropy may be used from several threads.
#ifndef UNIT_SMALL_WORLD_H
#define UNIT_SMALL_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "guard/guard.h"

#define SMALL_SECOND_US INT64_C(1000000)
#define SMALL_DAY_US INT64_C(86400000000)
#define SMALL_START_US INT64_C(1780272000000000) // 2026-06-01T08:00:00+08:00

static _Atomic int64_t small_clock_us;
static _Atomic uint64_t small_random;

static inline uint64_t small_next(void)
{
    uint64_t z = atomic_fetch_add(&small_random, UINT64_C(0x9E3779B97F4A7C15));
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

static inline int64_t small_now(void *context)
{
    (void)context;
    return atomic_load(&small_clock_us);
}

static inline void small_entropy(void *context, void *out, size_t size)
{
    (void)context;
    for (size_t i = 0; i < size; i++)
        ((uint8_t *)out)[i] = (uint8_t)small_next();
}

static const struct env small_env = {small_now, small_now, small_entropy, NULL};

static inline void small_later(int64_t us)
{
    atomic_fetch_add(&small_clock_us, us);
}

struct small {
    char folder[64];
    char url[512];
    struct db *db;
    struct vault *vault;
    struct guard_profiles *profiles;
};

// A fresh schema of its own on the test cluster. False when there is none.
static inline bool small_postgres(char *out, size_t size, const char *schema)
{
    const char *url = getenv("TONGBAO_TEST_POSTGRES");
    char drop[128], create[128]; // statements are known by their address
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

// `schema` NULL = SQLite in a new folder; else PostgreSQL, which the caller has checked to be
// there.
static inline void small_open(struct small *world, const char *schema)
{
    int applied;
    char reason[256] = "";
    memset(world, 0, sizeof *world);
    small_random = 7;
    small_clock_us = SMALL_START_US;
    (void)text_copy(world->folder, sizeof world->folder, "/tmp/tongbao-small-XXXXXX");
    assert_non_null(mkdtemp(world->folder));
    const struct vault_options options = {.data_folder = world->folder,
                                          .env = &small_env,
                                          .hash_threads = 1,
                                          .fast_hash_for_tests = true};
    assert_int_equal(vault_load(&world->vault, &options), OK);
    if (guard_profiles_load(&world->profiles, SOURCE_DIR "/spec/profiles",
                            time_business_date(SMALL_START_US), reason) != OK)
        fail_msg("%s", reason);
    if (schema == NULL)
        (void)snprintf(world->url, sizeof world->url, "sqlite:%s/a.db", world->folder);
    else
        assert_true(small_postgres(world->url, sizeof world->url, schema));
    assert_int_equal(db_open(&world->db, world->url, false), OK);
    assert_int_equal(db_migrate(world->db, SMALL_START_US, &applied), OK);
}

static inline void small_close(struct small *world)
{
    static const char *const names[] = {"a.db", "a.db-wal", "a.db-shm", "keys/master.key", "keys"};
    char path[128];
    db_close(&world->db);
    guard_profiles_free(&world->profiles);
    vault_free(&world->vault);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", world->folder, names[i]);
        (void)remove(path);
    }
    (void)rmdir(world->folder);
}

static inline void small_begin(struct small *world)
{
    assert_int_equal(db_begin(world->db), OK);
}

// As the committer does it for the web: a refusal is committed too, so that one that has written
// something would show. Failures are rolled back.
static inline enum code small_end(struct small *world, enum code code)
{
    if (code == CODE_STORAGE_UNAVAILABLE || code == CODE_INTERNAL || code == CODE_BUSY)
        db_rollback(world->db);
    else
        assert_int_equal(db_commit(world->db), OK);
    return code;
}

// The code in the newest message of the queue "sms".
struct small_letter {
    char lines[5][48]; // purpose, phone, code, language, minutes
};
// Takes every waiting message; *out is the last one. Returns how many.
static inline size_t small_letters(struct small *world, struct small_letter *out)
{
    struct arena *arena = arena_new();
    struct party_outbox *rows;
    size_t count;
    small_begin(world);
    assert_int_equal(party_outbox_take(world->db, world->vault, arena, "sms", small_now(NULL),
                                       SMALL_SECOND_US, 100, &rows, &count),
                     OK);
    for (size_t i = 0; i < count; i++) {
        char text[256] = "";
        *out = (struct small_letter){0};
        assert_true(rows[i].payload_size < sizeof text);
        memcpy(text, rows[i].payload, rows[i].payload_size);
        assert_int_equal(sscanf(text, "%47[^\n]\n%47[^\n]\n%47[^\n]\n%47[^\n]\n%47[^\n]",
                                out->lines[0], out->lines[1], out->lines[2], out->lines[3],
                                out->lines[4]),
                         5);
        assert_int_equal(party_outbox_done(world->db, rows[i].seq, small_now(NULL)), OK);
    }
    assert_int_equal(small_end(world, OK), OK);
    arena_free(&arena);
    return count;
}

#endif
