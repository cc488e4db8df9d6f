// A sandbox of its own for each test: started on a free port, asked through the real drivers, and
// after the test its bank must hold exactly the money that it must hold.
#ifndef TESTS_UNIT_PLAY_BENCH_H
#define TESTS_UNIT_PLAY_BENCH_H

#include "play/play.h"
#include "ports/ports.h"

#include "peer/wire.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>

#include <cmocka.h>

#define NAME "林知夏"
#define ID_NUMBER "110101199203174325"
#define PHONE "13900010021"
#define CARD "9901013814602755190"
#define BANK "青禾银行"
enum { CARD_BALANCE = 5000000, IMPATIENT_MS = 500, WAIT_MS = 20000 };

// --- a sandbox with a clock that can be moved ---

static _Atomic int64_t clock_ahead_us;

static inline int64_t test_now_us(void *context)
{
    (void)context;
    return env_now(env_system()) + clock_ahead_us;
}
static inline int64_t test_monotonic_us(void *context)
{
    (void)context;
    return env_system()->monotonic_us(env_system()->context);
}
static inline void test_entropy(void *context, void *out, size_t size)
{
    (void)context;
    env_system()->entropy(env_system()->context, out, size);
}
static const struct env test_env = {test_now_us, test_monotonic_us, test_entropy, NULL};

struct bench {
    char folder[64];
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t answers;
    uint16_t port;
    atomic_bool stop;
    enum code code;
    int64_t moved; // by the tests: what the bank's cards must hold more or less than at the start
    struct ports_bank *bank, *impatient;
    struct ports_sms *sms;
    struct ports_face *face;
    struct ports_identity *identity;
};

static inline void on_ready(void *context, uint16_t port)
{
    struct bench *bench = context;
    pthread_mutex_lock(&bench->lock);
    bench->port = port;
    pthread_cond_signal(&bench->answers);
    pthread_mutex_unlock(&bench->lock);
}

static inline bool should_stop(void *context)
{
    const struct bench *bench = context;
    return bench->stop;
}

static inline void *run(void *context)
{
    struct bench *bench = context;
    const struct play_options options = {.listen = "127.0.0.1",
                                         .data_folder = bench->folder,
                                         .seed_file = SOURCE_DIR "/spec/play/people.json",
                                         .env = &test_env,
                                         .ready = on_ready,
                                         .context = bench,
                                         .stop = should_stop};
    bench->code = play_run(&options);
    return NULL;
}

static inline void start(struct bench *bench)
{
    char url[64];
    bench->stop = false;
    bench->port = 0;
    assert_int_equal(pthread_create(&bench->thread, NULL, run, bench), 0);
    pthread_mutex_lock(&bench->lock);
    while (bench->port == 0)
        pthread_cond_wait(&bench->answers, &bench->lock);
    pthread_mutex_unlock(&bench->lock);
    snprintf(url, sizeof url, "http://127.0.0.1:%u", (unsigned)bench->port);
    const struct ports_options options = {.base_url = url};
    const struct ports_options impatient = {.base_url = url, .deadline_ms = IMPATIENT_MS};
    assert_int_equal(ports_bank_open(&bench->bank, &options), OK);
    assert_int_equal(ports_bank_open(&bench->impatient, &impatient), OK);
    assert_int_equal(ports_sms_open(&bench->sms, &options, "a"), OK);
    assert_int_equal(ports_face_open(&bench->face, &options), OK);
    assert_int_equal(ports_identity_open(&bench->identity, &options), OK);
}

static inline void stop(struct bench *bench)
{
    ports_bank_close(&bench->bank);
    ports_bank_close(&bench->impatient);
    ports_sms_close(&bench->sms);
    ports_face_close(&bench->face);
    ports_identity_close(&bench->identity);
    bench->stop = true;
    pthread_join(bench->thread, NULL);
    assert_int_equal(bench->code, OK);
}

// --- control endpoints over HTTP ---

static inline int http(struct bench *bench, struct wire_result *out, const char *method,
                       const char *path, const char *body)
{
    char bytes[1024];
    const int size = snprintf(bytes, sizeof bytes,
                              "%s %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
                              "application/json\r\nContent-Length: %zu\r\nConnection: "
                              "close\r\n\r\n%s",
                              method, path, strlen(body), body);
    const int fd = wire_connect(bench->port);
    assert_true(fd >= 0);
    wire_send(fd, bytes, (size_t)size, 0);
    wire_read(fd, out, 5000, 5000);
    close(fd);
    assert_int_equal(out->answers, 1);
    return out->status[0];
}

static inline void set(struct bench *bench, const char *path, const char *body)
{
    struct wire_result result;
    assert_int_equal(http(bench, &result, "PUT", path, body), 200);
}

static inline void plan(struct bench *bench, const char *operation, const char *fault, bool once)
{
    char body[128];
    snprintf(body, sizeof body, "{\"operation\":\"%s\",\"fault\":\"%s\",\"once\":%s}", operation,
             fault, once ? "true" : "false");
    set(bench, "/sandbox/api/bank/faults", body);
}

static inline bool phone_has(struct bench *bench, const char *phone, const char *text)
{
    char path[96];
    struct wire_result result;
    snprintf(path, sizeof path, "/sandbox/api/messages?phone=%s", phone);
    assert_int_equal(http(bench, &result, "GET", path, ""), 200);
    return strstr(result.bytes, text) != NULL;
}

// The code of the newest message.
static inline void newest_code(struct bench *bench, char out[7])
{
    struct wire_result result;
    assert_int_equal(http(bench, &result, "GET", "/sandbox/api/messages?phone=" PHONE, ""), 200);
    const char *at = strstr(result.bytes, "验证码 ");
    assert_non_null(at);
    memcpy(out, at + strlen("验证码 "), 6);
    out[6] = '\0';
    assert_true(text_all_digits(out));
}

// Sum of all cards, from the pages' own endpoint.
static inline int64_t bank_total(struct bench *bench)
{
    struct wire_result result;
    int64_t total = 0;
    assert_int_equal(http(bench, &result, "GET", "/sandbox/api/bank", ""), 200);
    const char *at = result.bytes, *end = strstr(result.bytes, "\"requests\"");
    assert_non_null(end);
    while ((at = strstr(at, "\"balance\":{\"value\":\"")) != NULL && at < end) {
        at += strlen("\"balance\":{\"value\":\"");
        char *rest;
        total += strtoll(at, &rest, 10) * 100 + strtoll(rest + 1, NULL, 10);
    }
    return total;
}

static inline int64_t seed_total(void)
{
    struct play_world *world = mem_alloc(sizeof *world);
    int64_t total = 0;
    assert_int_equal(play_world_load(world, SOURCE_DIR "/spec/play/people.json"), OK);
    for (size_t i = 0; i < world->person_count; i++)
        for (size_t j = 0; j < world->people[i].card_count; j++)
            total += world->people[i].cards[j].balance;
    mem_free(world);
    return total;
}

static inline int set_up(void **state)
{
    struct bench *bench = mem_alloc(sizeof *bench);
    // Noon of the business day: no test runs over midnight.
    const int64_t now_us = env_now(env_system());
    clock_ahead_us = time_business_day_start(now_us) + INT64_C(12) * 3600000000 - now_us;
    pthread_mutex_init(&bench->lock, NULL);
    pthread_cond_init(&bench->answers, NULL);
    (void)text_copy(bench->folder, sizeof bench->folder, "/tmp/play_unit_XXXXXX");
    assert_non_null(mkdtemp(bench->folder));
    start(bench);
    *state = bench;
    return 0;
}

static inline int tear_down(void **state)
{
    static const char *const files[] = {"play.db", "play.db-wal", "play.db-shm"};
    struct bench *bench = *state;
    char path[96];
    assert_int_equal(bank_total(bench), seed_total() + bench->moved);
    stop(bench);
    for (size_t i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s/%s", bench->folder, files[i]);
        (void)unlink(path);
    }
    assert_int_equal(rmdir(bench->folder), 0);
    pthread_cond_destroy(&bench->answers);
    pthread_mutex_destroy(&bench->lock);
    mem_free(bench);
    return 0;
}

#define WITH_SANDBOX(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

#endif
