// The steps of an opening as a test takes them, each in a transaction of its own. Every test runs
// on SQLite and, when there is a test cluster, on PostgreSQL.
#ifndef UNIT_ONBOARD_WORLD_H
#define UNIT_ONBOARD_WORLD_H

#include "unit/small_world.h"

#include "audit/audit.h"
#include "books/books.h"
#include "guard/guard_limits.h"
#include "onboard/onboard.h"

static const char NAME[] = "欧阳震华";
static const char ID_NUMBER[] = "320124198808240056";
static const char PHONE[] = "13800138000";
static const char PASSWORD[] = "kettle7river";
static const char PIN[] = "836152";

struct world {
    struct small small;
    struct onboard onboard;
    int64_t number;
    struct id id;
    char token[VAULT_TOKEN_TEXT];
};

static const char *schema; // NULL = SQLite

static inline struct db *db_of(struct world *world)
{
    return world->small.db;
}

static inline int set_up(void **state)
{
    struct world *world = mem_alloc(sizeof *world);
    log_set_level(LOG_ERROR + 1);
    small_open(&world->small, schema);
    world->onboard = (struct onboard){.profiles = world->small.profiles,
                                      .vault = world->small.vault,
                                      .env = &small_env,
                                      .terms_version = "2026-01"};
    *state = world;
    return 0;
}

static inline int tear_down(void **state)
{
    struct world *world = *state;
    struct audit_result result;
    const struct audit_options options = {
        .now_us = small_now(NULL), .report = audit_print_finding, .context = stderr};
    assert_int_equal(audit_run(&result, db_of(world), &options), OK);
    assert_int_equal(result.findings, 0);
    small_close(&world->small);
    mem_free(world);
    return 0;
}

// --- the steps, each a transaction ---

static inline enum code create(struct world *world, const char *terms, bool consent_face)
{
    const struct onboard_new in = {
        .terms_version = terms, .consent_face = consent_face, .language = PARTY_ZH};
    struct onboard_application out = {0};
    small_begin(&world->small);
    const enum code code = small_end(
        &world->small, onboard_create(db_of(world), &world->onboard, &in, &out, world->token));
    world->number = out.number;
    world->id = out.id;
    return code;
}

static inline enum code identity(struct world *world, const char *name, const char *id_number,
                                 struct problem *problem)
{
    small_begin(&world->small);
    return small_end(&world->small, onboard_put_identity(db_of(world), &world->onboard,
                                                         world->number, name, id_number, problem));
}

static inline enum code send_code(struct world *world, const char *phone, struct problem *problem)
{
    const struct onboard_wish wish = {.phone = phone};
    small_begin(&world->small);
    return small_end(&world->small, onboard_send_code(db_of(world), &world->onboard, world->number,
                                                      &wish, problem));
}

static inline enum code verify(struct world *world, const char *code, struct problem *problem)
{
    small_begin(&world->small);
    return small_end(&world->small, onboard_verify_code(db_of(world), &world->onboard,
                                                        world->number, code, problem));
}

static inline enum code start_face(struct world *world, struct problem *problem)
{
    small_begin(&world->small);
    return small_end(&world->small,
                     onboard_start_face(db_of(world), &world->onboard, world->number, problem));
}

static inline enum code face_result(struct world *world, enum onboard_outcome outcome)
{
    small_begin(&world->small);
    return small_end(&world->small,
                     onboard_face_result(db_of(world), &world->onboard, &world->id, outcome));
}

static inline enum code put_password(struct world *world, const char *stored)
{
    small_begin(&world->small);
    return small_end(&world->small,
                     onboard_put_password(db_of(world), &world->onboard, world->number, stored));
}

static inline enum code put_pin(struct world *world, const char *stored)
{
    small_begin(&world->small);
    return small_end(&world->small,
                     onboard_put_pin(db_of(world), &world->onboard, world->number, stored));
}

static inline enum code submit(struct world *world)
{
    small_begin(&world->small);
    return small_end(&world->small,
                     onboard_submit(db_of(world), &world->onboard, world->number, NULL));
}

static inline enum code checking(struct world *world)
{
    small_begin(&world->small);
    return small_end(&world->small, onboard_checking(db_of(world), &world->onboard, &world->id));
}

static inline enum code decide(struct world *world, enum onboard_outcome outcome)
{
    small_begin(&world->small);
    return small_end(&world->small,
                     onboard_decide(db_of(world), &world->onboard, &world->id, outcome));
}

static inline enum code enter(struct world *world, struct party_session *session)
{
    char token[VAULT_TOKEN_TEXT];
    small_begin(&world->small);
    return small_end(&world->small, onboard_enter(db_of(world), &world->onboard, world->number,
                                                  "Test browser", "192.0.2.7", session, token));
}

static inline struct onboard_application application_of(struct world *world)
{
    struct onboard_application out;
    assert_int_equal(onboard_load(db_of(world), &world->onboard, world->number, &out), OK);
    return out;
}

static inline void assert_step(struct world *world, const char *step)
{
    assert_string_equal(application_of(world).step, step);
}

static inline int64_t number_of(struct world *world, const char *sql)
{
    int64_t out;
    assert_int_equal(db_query_int(db_of(world), &out, sql, NULL, 0, -1), OK);
    return out;
}

// Rows of a queue that nobody has taken yet.
static inline int64_t waiting(struct world *world, const char *queue)
{
    const struct db_value value = db_text(queue);
    int64_t out;
    assert_int_equal(
        db_query_int(db_of(world), &out,
                     "SELECT count(*) FROM party_outbox WHERE queue = $1 AND state = 1", &value, 1,
                     -1),
        OK);
    return out;
}

static inline void stored_secret(struct world *world, enum vault_secret kind, const char *secret,
                                 char out[VAULT_STORED_TEXT])
{
    assert_int_equal(vault_password_hash(world->small.vault, kind, secret, out), OK);
}

static inline void prove_phone(struct world *world, const char *phone)
{
    struct small_letter letter = {0};
    assert_int_equal(send_code(world, phone, NULL), OK);
    assert_int_equal(small_letters(&world->small, &letter), 1);
    assert_string_equal(letter.lines[0], "otp.open");
    assert_int_equal(verify(world, letter.lines[2], NULL), OK);
}

static inline void put_secrets(struct world *world)
{
    char stored[VAULT_STORED_TEXT];
    const struct onboard_application application = application_of(world);
    assert_int_equal(onboard_password_rules(&world->onboard, &application, PASSWORD, NULL), OK);
    stored_secret(world, VAULT_PASSWORD, PASSWORD, stored);
    assert_int_equal(put_password(world, stored), OK);
    const struct onboard_application with_password = application_of(world);
    assert_int_equal(onboard_pin_rules(&world->onboard, &with_password, PIN, NULL), OK);
    stored_secret(world, VAULT_PIN, PIN, stored);
    assert_int_equal(put_pin(world, stored), OK);
}

static inline void pass_face(struct world *world)
{
    assert_int_equal(start_face(world, NULL), OK);
    assert_int_equal(face_result(world, ONBOARD_YES), OK);
}

// A new draft, filled up to the review.
static inline void fill(struct world *world, const char *id_number, const char *phone)
{
    assert_int_equal(create(world, "2026-01", true), OK);
    assert_int_equal(identity(world, NAME, id_number, NULL), OK);
    prove_phone(world, phone);
    pass_face(world);
    put_secrets(world);
    assert_step(world, "review");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
