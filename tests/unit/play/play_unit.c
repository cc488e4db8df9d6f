// rooms: play ports net db money base
// The sandbox through the real drivers of ports/: every operation, every fault, the same id again,
// a restart — and after each test the play bank holds exactly the money that it must hold.
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

static int64_t test_now_us(void *context)
{
    (void)context;
    return env_now(env_system()) + clock_ahead_us;
}
static int64_t test_monotonic_us(void *context)
{
    (void)context;
    return env_system()->monotonic_us(env_system()->context);
}
static void test_entropy(void *context, void *out, size_t size)
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

static void on_ready(void *context, uint16_t port)
{
    struct bench *bench = context;
    pthread_mutex_lock(&bench->lock);
    bench->port = port;
    pthread_cond_signal(&bench->answers);
    pthread_mutex_unlock(&bench->lock);
}

static bool should_stop(void *context)
{
    const struct bench *bench = context;
    return bench->stop;
}

static void *run(void *context)
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

static void start(struct bench *bench)
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
    assert_int_equal(ports_sms_open(&bench->sms, &options), OK);
    assert_int_equal(ports_face_open(&bench->face, &options), OK);
    assert_int_equal(ports_identity_open(&bench->identity, &options), OK);
}

static void stop(struct bench *bench)
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

static int http(struct bench *bench, struct wire_result *out, const char *method, const char *path,
                const char *body)
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

static void set(struct bench *bench, const char *path, const char *body)
{
    struct wire_result result;
    assert_int_equal(http(bench, &result, "PUT", path, body), 200);
}

static void plan(struct bench *bench, const char *operation, const char *fault, bool once)
{
    char body[128];
    snprintf(body, sizeof body, "{\"operation\":\"%s\",\"fault\":\"%s\",\"once\":%s}", operation,
             fault, once ? "true" : "false");
    set(bench, "/sandbox/api/bank/faults", body);
}

static bool phone_has(struct bench *bench, const char *phone, const char *text)
{
    char path[96];
    struct wire_result result;
    snprintf(path, sizeof path, "/sandbox/api/messages?phone=%s", phone);
    assert_int_equal(http(bench, &result, "GET", path, ""), 200);
    return strstr(result.bytes, text) != NULL;
}

// The code of the newest message.
static void newest_code(struct bench *bench, char out[7])
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
static int64_t bank_total(struct bench *bench)
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

static int64_t seed_total(void)
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

static int set_up(void **state)
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

static int tear_down(void **state)
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

// --- bank: what the tests ask ---

static const struct ports_bank_card GOOD_CARD = {NAME, ID_NUMBER, CARD, PHONE};

static struct ports_bank_answer verify(struct bench *bench, const struct id *id,
                                       const struct ports_bank_card *card)
{
    struct ports_bank_answer answer;
    ports_bank_verify_identity(bench->bank, id, card, &answer);
    return answer;
}

static struct ports_bank_answer confirm(struct bench *bench, const struct id *challenge,
                                        const char *code)
{
    const struct id id = id_new(env_system());
    struct ports_bank_answer answer;
    ports_bank_confirm_binding(bench->bank, &id, challenge, code, &answer);
    return answer;
}

static void bind_card(struct bench *bench, char token[72])
{
    char code[7];
    const struct id id = id_new(env_system());
    assert_int_equal(verify(bench, &id, &GOOD_CARD).outcome, PORTS_DONE);
    newest_code(bench, code);
    const struct ports_bank_answer answer = confirm(bench, &id, code);
    assert_int_equal(answer.outcome, PORTS_DONE);
    (void)text_copy(token, 72, answer.card_token);
}

static struct ports_bank_answer pay(struct ports_bank *bank, bool debit, const struct id *id,
                                    const char *token, int64_t amount)
{
    const struct ports_bank_money money = {*id,   token,  amount,
                                           "CNY", "充值", time_business_date(test_now_us(NULL))};
    struct ports_bank_answer answer;
    if (debit)
        ports_bank_debit(bank, &money, &answer);
    else
        ports_bank_credit(bank, &money, &answer);
    return answer;
}

static struct ports_bank_answer inquire(struct bench *bench, const struct id *id, int64_t amount)
{
    struct ports_bank_answer answer;
    ports_bank_inquire(bench->bank, id, amount, "CNY", &answer);
    return answer;
}

static struct ports_bank_answer reverse(struct bench *bench, const struct id *original,
                                        int64_t amount)
{
    const struct id id = id_new(env_system());
    struct ports_bank_answer answer;
    ports_bank_reversal(bench->bank, &id, original, amount, "CNY", &answer);
    return answer;
}

// Until the bank's own clock has settled a pending request.
static struct ports_bank_answer settled(struct bench *bench, const struct id *id, int64_t amount)
{
    const int64_t end = wire_ms() + WAIT_MS;
    struct ports_bank_answer answer;
    clock_ahead_us += INT64_C(60000000);
    do
        answer = inquire(bench, id, amount);
    while (answer.outcome == PORTS_PENDING && wire_ms() < end);
    return answer;
}

// --- cards ---

static void binding_with_the_code_of_the_phone(void **state)
{
    struct bench *bench = *state;
    const struct id id = id_new(env_system());
    struct ports_bank_answer answer = verify(bench, &id, &GOOD_CARD);
    char code[7], again[7];
    assert_int_equal(answer.outcome, PORTS_DONE);
    assert_string_equal(answer.card_type, "debit");
    assert_int_equal(answer.tries_left, 3);
    assert_true(phone_has(bench, PHONE, "\"from\":\"" BANK "\""));
    newest_code(bench, code);
    // The same id again: the same answer, no second code.
    assert_int_equal(verify(bench, &id, &GOOD_CARD).outcome, PORTS_DONE);
    newest_code(bench, again);
    assert_string_equal(code, again);
    const struct id confirm_id = id_new(env_system());
    ports_bank_confirm_binding(bench->bank, &confirm_id, &id, code, &answer);
    assert_int_equal(answer.outcome, PORTS_DONE);
    assert_true(answer.card_token[0] != '\0');
    char token[72];
    (void)text_copy(token, sizeof token, answer.card_token);
    ports_bank_confirm_binding(bench->bank, &confirm_id, &id, code, &answer);
    assert_int_equal(answer.outcome, PORTS_DONE);
    assert_string_equal(answer.card_token, token);
    assert_string_equal(inquire(bench, &confirm_id, 0).card_token, token);
    // A used code binds nothing more.
    assert_int_equal(confirm(bench, &id, code).outcome, PORTS_REFUSED);
}

static void each_of_the_four_elements_counts(void **state)
{
    static const struct ports_bank_card cases[] = {{"林知秋", ID_NUMBER, CARD, PHONE},
                                                   {NAME, "320106198811095619", CARD, PHONE},
                                                   {NAME, ID_NUMBER, "9902016400918377526", PHONE},
                                                   {NAME, ID_NUMBER, "9900000000000000", PHONE},
                                                   {NAME, ID_NUMBER, CARD, "13900010022"}};
    struct bench *bench = *state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct id id = id_new(env_system());
        const struct ports_bank_answer answer = verify(bench, &id, &cases[i]);
        assert_int_equal(answer.outcome, PORTS_REFUSED);
        assert_int_equal(answer.reason, PORTS_BANK_MISMATCH);
    }
    assert_false(phone_has(bench, PHONE, "验证码"));
}

static void three_tries_and_five_minutes(void **state)
{
    struct bench *bench = *state;
    char code[7];
    struct id id = id_new(env_system());
    assert_int_equal(verify(bench, &id, &GOOD_CARD).outcome, PORTS_DONE);
    newest_code(bench, code);
    code[5] = code[5] == '9' ? '0' : (char)(code[5] + 1);
    for (int left = 2; left >= 0; left--) {
        const struct ports_bank_answer answer = confirm(bench, &id, code);
        assert_int_equal(answer.outcome, PORTS_REFUSED);
        assert_int_equal(answer.reason, PORTS_BANK_MISMATCH);
        assert_int_equal(answer.tries_left, left);
    }
    newest_code(bench, code);
    assert_int_equal(confirm(bench, &id, code).outcome, PORTS_REFUSED);
    id = id_new(env_system());
    assert_int_equal(verify(bench, &id, &GOOD_CARD).outcome, PORTS_DONE);
    newest_code(bench, code);
    clock_ahead_us += INT64_C(300000000);
    assert_int_equal(confirm(bench, &id, code).outcome, PORTS_REFUSED);
    const struct id nobody = id_new(env_system());
    assert_int_equal(confirm(bench, &nobody, code).outcome, PORTS_REFUSED);
}

// --- money ---

static void debit_and_credit_move_money_once(void **state)
{
    struct bench *bench = *state;
    char token[72];
    bind_card(bench, token);
    const struct id debit = id_new(env_system()), credit = id_new(env_system());
    for (int i = 0; i < 3; i++) {
        const struct ports_bank_answer answer = pay(bench->bank, true, &debit, token, 12680);
        assert_int_equal(answer.outcome, PORTS_DONE);
        assert_int_equal(answer.amount, 12680);
        assert_true(answer.bank_ref[0] != '\0' && answer.bank_time_us > 0);
    }
    assert_int_equal(pay(bench->bank, false, &credit, token, 80).outcome, PORTS_DONE);
    assert_int_equal(pay(bench->bank, false, &credit, token, 80).outcome, PORTS_DONE);
    assert_int_equal(inquire(bench, &debit, 12680).outcome, PORTS_DONE);
    // Another content under a used id is no request of the bank.
    assert_int_equal(pay(bench->bank, true, &debit, token, 12681).outcome, PORTS_UNKNOWN);
    assert_int_equal(pay(bench->bank, false, &debit, token, 12680).outcome, PORTS_UNKNOWN);
    bench->moved = 80 - 12680;
}

static void refusals_move_nothing(void **state)
{
    struct bench *bench = *state;
    char token[72];
    bind_card(bench, token);
    struct id id = id_new(env_system());
    struct ports_bank_answer answer = pay(bench->bank, true, &id, token, CARD_BALANCE + 1);
    assert_int_equal(answer.outcome, PORTS_REFUSED);
    assert_int_equal(answer.reason, PORTS_BANK_FUNDS);
    id = id_new(env_system());
    answer = pay(bench->bank, true, &id, "agreement-of-nobody", 1);
    assert_int_equal(answer.outcome, PORTS_REFUSED);
    assert_int_equal(answer.reason, PORTS_BANK_CARD);
    id = id_new(env_system());
    assert_true(inquire(bench, &id, 1).not_found);
    // All of it is possible.
    assert_int_equal(pay(bench->bank, true, &id, token, CARD_BALANCE).outcome, PORTS_DONE);
    bench->moved = -CARD_BALANCE;
}

static void reversals(void **state)
{
    struct bench *bench = *state;
    char token[72];
    bind_card(bench, token);
    struct id id = id_new(env_system());
    assert_int_equal(pay(bench->bank, true, &id, token, 500).outcome, PORTS_DONE);
    assert_int_equal(reverse(bench, &id, 499).outcome, PORTS_REFUSED); // only the whole
    assert_int_equal(reverse(bench, &id, 500).outcome, PORTS_DONE);
    assert_int_equal(reverse(bench, &id, 500).outcome, PORTS_DONE); // gives nothing more
    assert_true(inquire(bench, &id, 500).reversed);
    // A reversal that overtook its debit: the debit does not come any more.
    id = id_new(env_system());
    assert_int_equal(reverse(bench, &id, 700).outcome, PORTS_DONE);
    assert_int_equal(pay(bench->bank, true, &id, token, 700).outcome, PORTS_REFUSED);
    // A pending one is never booked.
    plan(bench, "debit", "late_success", true);
    id = id_new(env_system());
    assert_int_equal(pay(bench->bank, true, &id, token, 900).outcome, PORTS_PENDING);
    assert_int_equal(reverse(bench, &id, 900).outcome, PORTS_DONE);
    assert_true(settled(bench, &id, 900).reversed);
}

static void statement_adds_up(void **state)
{
    struct bench *bench = *state;
    char token[72];
    const int32_t today = time_business_date(test_now_us(NULL));
    struct ports_bank_row rows[64];
    size_t count;
    int64_t cursor = 0, sum = 0;
    bool final = true;
    bind_card(bench, token);
    struct id id = {{0}};
    for (int i = 0; i < 55; i++) {
        id = id_new(env_system());
        assert_int_equal(pay(bench->bank, i % 5 != 0, &id, token, 100 + i).outcome, PORTS_DONE);
        bench->moved += i % 5 != 0 ? -(100 + i) : 100 + i;
    }
    assert_int_equal(reverse(bench, &id, 154).outcome, PORTS_DONE);
    bench->moved += 154;
    for (int page = 0; page < 2; page++) {
        assert_int_equal(
            ports_bank_statement(bench->bank, today, &cursor, rows, 64, &count, &final),
            PORTS_DONE);
        assert_int_equal(count, page == 0 ? 50 : 6);
        for (size_t i = 0; i < count; i++)
            sum += rows[i].credit ? rows[i].amount : -rows[i].amount;
        assert_false(final); // the day is not over
    }
    assert_int_equal(sum, bench->moved);
    clock_ahead_us += INT64_C(86400000000);
    assert_int_equal(ports_bank_statement(bench->bank, today, &cursor, rows, 64, &count, &final),
                     PORTS_DONE);
    assert_int_equal(count, 0);
    assert_true(final);
}

// --- faults ---

static void fault_refuse(void **state)
{
    struct bench *bench = *state;
    char token[72];
    bind_card(bench, token);
    plan(bench, "debit", "refuse", true);
    struct id id = id_new(env_system());
    assert_int_equal(pay(bench->bank, true, &id, token, 100).outcome, PORTS_REFUSED);
    // Final: the same id stays refused although the fault is used up.
    assert_int_equal(pay(bench->bank, true, &id, token, 100).outcome, PORTS_REFUSED);
    id = id_new(env_system());
    assert_int_equal(pay(bench->bank, true, &id, token, 100).outcome, PORTS_DONE);
    bench->moved = -100;
}

static void fault_timeout_before(void **state)
{
    struct bench *bench = *state;
    char token[72];
    bind_card(bench, token);
    plan(bench, "debit", "timeout_before", true);
    const struct id id = id_new(env_system());
    const struct ports_bank_answer answer = pay(bench->impatient, true, &id, token, 100);
    assert_int_equal(answer.outcome, PORTS_UNKNOWN);
    assert_false(answer.nothing_sent);
    assert_true(inquire(bench, &id, 100).not_found);
    assert_int_equal(pay(bench->bank, true, &id, token, 100).outcome, PORTS_DONE);
    bench->moved = -100;
}

static void fault_timeout_after(void **state)
{
    struct bench *bench = *state;
    char token[72];
    bind_card(bench, token);
    plan(bench, "credit", "timeout_after", false);
    const struct id id = id_new(env_system());
    assert_int_equal(pay(bench->impatient, false, &id, token, 100).outcome, PORTS_UNKNOWN);
    assert_int_equal(inquire(bench, &id, 100).outcome, PORTS_DONE);
    assert_int_equal(pay(bench->bank, false, &id, token, 100).outcome, PORTS_DONE);
    bench->moved = 100;
}

static void fault_late(void **state)
{
    struct bench *bench = *state;
    char token[72];
    bind_card(bench, token);
    plan(bench, "debit", "late_success", true);
    struct id id = id_new(env_system());
    assert_int_equal(pay(bench->bank, true, &id, token, 100).outcome, PORTS_PENDING);
    assert_int_equal(bank_total(bench), seed_total());
    assert_int_equal(settled(bench, &id, 100).outcome, PORTS_DONE);
    assert_int_equal(pay(bench->bank, true, &id, token, 100).outcome, PORTS_DONE);
    plan(bench, "debit", "late_fail", true);
    id = id_new(env_system());
    assert_int_equal(pay(bench->bank, true, &id, token, 100).outcome, PORTS_PENDING);
    assert_int_equal(settled(bench, &id, 100).outcome, PORTS_REFUSED);
    bench->moved = -100;
}

static void fault_down(void **state)
{
    struct bench *bench = *state;
    char token[72];
    bind_card(bench, token);
    plan(bench, "debit", "down", false);
    const struct id id = id_new(env_system());
    for (int i = 0; i < 3; i++)
        assert_int_equal(pay(bench->bank, true, &id, token, 100).outcome, PORTS_UNKNOWN);
    assert_true(inquire(bench, &id, 100).not_found);
    plan(bench, "debit", "none", false);
    assert_int_equal(pay(bench->bank, true, &id, token, 100).outcome, PORTS_DONE);
    bench->moved = -100;
}

static void fault_slow(void **state)
{
    struct bench *bench = *state;
    char token[72];
    bind_card(bench, token);
    plan(bench, "debit", "slow", true);
    const struct id id = id_new(env_system());
    const int64_t start_ms = wire_ms();
    assert_int_equal(pay(bench->bank, true, &id, token, 100).outcome, PORTS_DONE);
    assert_true(wire_ms() - start_ms >= 2400);
    bench->moved = -100;
}

static void fault_wrong_amount(void **state)
{
    struct bench *bench = *state;
    char token[72];
    bind_card(bench, token);
    plan(bench, "credit", "wrong_amount", true);
    const struct id id = id_new(env_system());
    const struct ports_bank_answer answer = pay(bench->bank, false, &id, token, 100);
    assert_int_equal(answer.outcome, PORTS_UNKNOWN);
    assert_int_not_equal(answer.amount, 100);
    assert_int_equal(inquire(bench, &id, 100).outcome, PORTS_DONE);
    bench->moved = 100;
}

static void faults_of_the_card_check(void **state)
{
    struct bench *bench = *state;
    char code[7];
    plan(bench, "verify", "mismatch", true);
    struct id id = id_new(env_system());
    struct ports_bank_answer answer = verify(bench, &id, &GOOD_CARD);
    assert_int_equal(answer.outcome, PORTS_REFUSED);
    assert_int_equal(answer.reason, PORTS_BANK_MISMATCH);
    plan(bench, "verify", "late_success", true);
    id = id_new(env_system());
    assert_int_equal(verify(bench, &id, &GOOD_CARD).outcome, PORTS_PENDING);
    assert_false(phone_has(bench, PHONE, "验证码"));
    assert_int_equal(settled(bench, &id, 0).outcome, PORTS_DONE);
    newest_code(bench, code);
    assert_int_equal(confirm(bench, &id, code).outcome, PORTS_DONE);
}

// Many callers that wait in vain do not keep the others from being served.
static void *ask_in_vain(void *context)
{
    struct bench *bench = context;
    const struct id id = id_new(env_system());
    assert_int_equal(pay(bench->impatient, false, &id, "x", 100).outcome, PORTS_UNKNOWN);
    return NULL;
}

static void sleeping_faults_block_nobody_and_no_stop(void **state)
{
    struct bench *bench = *state;
    pthread_t threads[16];
    plan(bench, "credit", "timeout_before", false);
    for (size_t i = 0; i < 16; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, ask_in_vain, bench), 0);
    for (size_t i = 0; i < 16; i++)
        pthread_join(threads[i], NULL);
    const int64_t start_ms = wire_ms();
    assert_int_equal(bank_total(bench), seed_total());
    stop(bench);
    assert_true(wire_ms() - start_ms < 3000); // the sleepers would have gone on for six seconds
    start(bench);
}

// --- restart ---

static void restart_keeps_everything(void **state)
{
    struct bench *bench = *state;
    char token[72];
    bind_card(bench, token);
    const struct id done = id_new(env_system()), late = id_new(env_system());
    assert_int_equal(pay(bench->bank, true, &done, token, 300).outcome, PORTS_DONE);
    plan(bench, "debit", "late_success", true);
    assert_int_equal(pay(bench->bank, true, &late, token, 40).outcome, PORTS_PENDING);
    stop(bench);
    start(bench);
    assert_int_equal(pay(bench->bank, true, &done, token, 300).outcome, PORTS_DONE);
    assert_int_equal(settled(bench, &late, 40).outcome, PORTS_DONE);
    assert_true(phone_has(bench, PHONE, "验证码"));
    bench->moved = -340;
}

// --- phones, faces, register ---

static enum ports_outcome sms(struct bench *bench, const struct id *id, const char *phone,
                              const char *text, char reason[32])
{
    const struct ports_message message = {*id, phone, text};
    return ports_sms_send(bench->sms, &message, reason);
}

static void messages_arrive(void **state)
{
    struct bench *bench = *state;
    char reason[32];
    struct wire_result result;
    struct id id = id_new(env_system());
    assert_int_equal(sms(bench, &id, PHONE, "【通宝】first 111111", NULL), PORTS_DONE);
    assert_int_equal(sms(bench, &id, PHONE, "【通宝】first again", NULL), PORTS_DONE);
    id = id_new(env_system());
    assert_int_equal(sms(bench, &id, PHONE, "second 222222", NULL), PORTS_DONE);
    assert_int_equal(http(bench, &result, "GET", "/sandbox/api/messages?phone=" PHONE, ""), 200);
    const char *first = strstr(result.bytes, "first 111111");
    const char *second = strstr(result.bytes, "second 222222");
    assert_true(first != NULL && second != NULL && second < first);
    assert_null(strstr(result.bytes, "again"));
    assert_non_null(strstr(result.bytes, "\"from\":\"通宝\""));
    id = id_new(env_system());
    assert_int_equal(sms(bench, &id, "12", "x", reason), PORTS_REFUSED);
    assert_string_equal(reason, "number");
}

static void messages_lost_or_late(void **state)
{
    struct bench *bench = *state;
    struct id id = id_new(env_system());
    set(bench, "/sandbox/api/sms", "{\"mode\":\"drop\"}");
    assert_int_equal(sms(bench, &id, PHONE, "lost", NULL), PORTS_DONE);
    set(bench, "/sandbox/api/sms", "{\"mode\":\"delay\"}");
    id = id_new(env_system());
    assert_int_equal(sms(bench, &id, PHONE, "tardy", NULL), PORTS_DONE);
    assert_false(phone_has(bench, PHONE, "tardy"));
    clock_ahead_us += INT64_C(20000000);
    assert_true(phone_has(bench, PHONE, "tardy"));
    assert_false(phone_has(bench, PHONE, "lost"));
}

static enum ports_outcome face(struct bench *bench, struct id *id)
{
    *id = id_new(env_system());
    return ports_face_start(bench->face, id, NAME, ID_NUMBER);
}

static void face_decisions(void **state)
{
    struct bench *bench = *state;
    struct id id;
    assert_int_equal(face(bench, &id), PORTS_DONE);
    assert_int_equal(ports_face_inquire(bench->face, &id), PORTS_DONE);
    set(bench, "/sandbox/api/face", "{\"decision\":\"slow\"}");
    assert_int_equal(face(bench, &id), PORTS_PENDING);
    assert_int_equal(ports_face_inquire(bench->face, &id), PORTS_PENDING);
    clock_ahead_us += INT64_C(8000000);
    assert_int_equal(ports_face_inquire(bench->face, &id), PORTS_DONE);
    set(bench, "/sandbox/api/face", "{\"decision\":\"down\"}");
    assert_int_equal(face(bench, &id), PORTS_UNKNOWN);
    // The rule of one person comes before the one for everybody.
    set(bench, "/sandbox/api/face", "{\"id_number\":\"" ID_NUMBER "\",\"decision\":\"fail\"}");
    assert_int_equal(face(bench, &id), PORTS_REFUSED);
    set(bench, "/sandbox/api/face", "{\"decision\":\"pass\"}");
    assert_int_equal(face(bench, &id), PORTS_REFUSED);
    set(bench, "/sandbox/api/face", "{\"id_number\":\"" ID_NUMBER "\",\"decision\":\"default\"}");
    assert_int_equal(face(bench, &id), PORTS_DONE);
    const struct id nobody = id_new(env_system());
    assert_int_equal(ports_face_inquire(bench->face, &nobody), PORTS_UNKNOWN);
}

static void register_knows_its_people(void **state)
{
    struct bench *bench = *state;
    const struct id id = id_new(env_system());
    struct ports_identity *identity = bench->identity;
    assert_int_equal(ports_identity_check(identity, &id, NAME, ID_NUMBER), PORTS_DONE);
    assert_int_equal(ports_identity_check(identity, &id, "周予安", ID_NUMBER), PORTS_REFUSED);
    assert_int_equal(ports_identity_check(identity, &id, NAME, "110101199203174333"),
                     PORTS_REFUSED);
}

// --- control ---

static void control_says_what_is_planned(void **state)
{
    struct bench *bench = *state;
    struct wire_result result;
    plan(bench, "debit", "slow", true);
    set(bench, "/sandbox/api/face", "{\"id_number\":\"" ID_NUMBER "\",\"decision\":\"fail\"}");
    assert_int_equal(http(bench, &result, "GET", "/sandbox/api/state", ""), 200);
    assert_non_null(
        strstr(result.bytes, "{\"operation\":\"debit\",\"fault\":\"slow\",\"once\":true}"));
    assert_non_null(
        strstr(result.bytes, "{\"id_number\":\"" ID_NUMBER "\",\"decision\":\"fail\"}"));
    assert_int_equal(http(bench, &result, "POST", "/sandbox/api/reset", ""), 200);
    assert_null(strstr(result.bytes, "slow"));
    assert_non_null(strstr(result.bytes, "\"face_rules\":[]"));
}

static void control_refuses_what_means_nothing(void **state)
{
    static const struct {
        const char *method, *path, *body;
        int status;
    } cases[] = {
        {"PUT", "bank/faults", "{\"operation\":\"debit\",\"fault\":\"slow\"}", 400},
        {"PUT", "bank/faults", "{\"operation\":\"fly\",\"fault\":\"slow\",\"once\":true}", 400},
        {"PUT", "bank/faults", "{\"operation\":\"debit\",\"fault\":\"odd\",\"once\":true}", 400},
        {"PUT", "bank/faults", "{\"operation\":\"debit\",\"fault\":\"mismatch\",\"once\":true}",
         400},
        {"PUT", "bank/faults",
         "{\"operation\":\"verify\",\"fault\":\"wrong_amount\",\"once\":true}", 400},
        {"PUT", "face", "{\"decision\":\"perhaps\"}", 400},
        {"PUT", "face", "{\"decision\":\"pass\",\"more\":1}", 400},
        {"PUT", "face", "{\"decision\":\"default\"}", 400},
        {"PUT", "sms", "{\"mode\":\"\"}", 400},
        {"GET", "messages", "", 400},
        {"GET", "messages?phone=abc", "", 400},
        {"GET", "nothing", "", 404},
        {"POST", "bank", "{}", 405},
    };
    struct bench *bench = *state;
    struct wire_result result;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char path[96];
        snprintf(path, sizeof path, "/sandbox/api/%s", cases[i].path);
        const int status = http(bench, &result, cases[i].method, path, cases[i].body);
        if (status != cases[i].status)
            print_error("case %zu: %d\n", i, status);
        assert_int_equal(status, cases[i].status);
        assert_non_null(strstr(result.bytes, "application/problem+json"));
    }
}

#define WITH_SANDBOX(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SANDBOX(binding_with_the_code_of_the_phone),
        WITH_SANDBOX(each_of_the_four_elements_counts),
        WITH_SANDBOX(three_tries_and_five_minutes),
        WITH_SANDBOX(debit_and_credit_move_money_once),
        WITH_SANDBOX(refusals_move_nothing),
        WITH_SANDBOX(reversals),
        WITH_SANDBOX(statement_adds_up),
        WITH_SANDBOX(fault_refuse),
        WITH_SANDBOX(fault_timeout_before),
        WITH_SANDBOX(fault_timeout_after),
        WITH_SANDBOX(fault_late),
        WITH_SANDBOX(fault_down),
        WITH_SANDBOX(fault_slow),
        WITH_SANDBOX(fault_wrong_amount),
        WITH_SANDBOX(faults_of_the_card_check),
        WITH_SANDBOX(sleeping_faults_block_nobody_and_no_stop),
        WITH_SANDBOX(restart_keeps_everything),
        WITH_SANDBOX(messages_arrive),
        WITH_SANDBOX(messages_lost_or_late),
        WITH_SANDBOX(face_decisions),
        WITH_SANDBOX(register_knows_its_people),
        WITH_SANDBOX(control_says_what_is_planned),
        WITH_SANDBOX(control_refuses_what_means_nothing),
    };
    log_set_level(LOG_ERROR + 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
