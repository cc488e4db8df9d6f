// rooms: ports base
// Ports against real HTTP peers on loopback: what is understood, and that everything else — slow,
// reset, garbage, another's id, another amount — is "unknown" within the deadline.
#include "ports/ports.h"

#include "peer/wire.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { DEADLINE_MS = 400 };

// --- a peer that answers with prepared bytes ---

struct peer {
    int listener;
    uint16_t port;
    pthread_t thread;
    pthread_mutex_t lock;
    char *answer; // all bytes of the answer, head included; NULL = says nothing
    size_t answer_size;
    int pause_ms; // between bytes
    bool reset;   // RST instead of an answer
    int requests;
    char request[8192];
};

static bool request_complete(const char *bytes)
{
    const char *body = strstr(bytes, "\r\n\r\n"), *length = strstr(bytes, "Content-Length: ");
    if (body == NULL)
        return false;
    return length == NULL || strlen(body + 4) >= (size_t)strtol(length + 16, NULL, 10);
}

static void read_request(int fd, char *out, size_t capacity)
{
    size_t size = 0;
    out[0] = '\0';
    while (size + 1 < capacity && !request_complete(out)) {
        const ssize_t got = recv(fd, out + size, capacity - 1 - size, 0);
        if (got <= 0)
            return;
        size += (size_t)got;
        out[size] = '\0';
    }
}

static void send_slowly(int fd, const char *bytes, size_t size, int pause_ms)
{
    for (size_t i = 0; i < size; i++) {
        if (send(fd, bytes + i, 1, MSG_NOSIGNAL) != 1)
            return;
        poll(NULL, 0, pause_ms);
    }
}

// Until the caller gives up: no answer, connection open.
static void wait_for_end(int fd)
{
    char rest[256];
    while (recv(fd, rest, sizeof rest, 0) > 0)
        continue;
}

static void serve_one(struct peer *peer, int fd)
{
    char request[sizeof peer->request];
    read_request(fd, request, sizeof request);
    // A copy: the test gives the next answer as soon as the caller has what it wants of this one.
    pthread_mutex_lock(&peer->lock);
    memcpy(peer->request, request, sizeof request);
    peer->requests++;
    const bool reset = peer->reset;
    const int pause_ms = peer->pause_ms;
    const size_t size = peer->answer_size;
    char *answer = peer->answer != NULL ? malloc(size + 1) : NULL;
    if (answer != NULL)
        memcpy(answer, peer->answer, size);
    pthread_mutex_unlock(&peer->lock);
    if (reset) {
        const struct linger at_once = {1, 0};
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    } else if (answer == NULL) {
        wait_for_end(fd);
    } else if (pause_ms > 0) {
        send_slowly(fd, answer, size, pause_ms);
    } else {
        wire_send(fd, answer, size, 0);
    }
    free(answer);
    close(fd);
}

static void *peer_loop(void *context)
{
    struct peer *peer = context;
    for (int fd; (fd = accept(peer->listener, NULL, NULL)) >= 0;)
        serve_one(peer, fd);
    return NULL;
}

static void peer_start(struct peer *peer)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof address;
    *peer = (struct peer){.lock = PTHREAD_MUTEX_INITIALIZER};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    peer->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(peer->listener >= 0);
    assert_int_equal(bind(peer->listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(peer->listener, 8), 0);
    assert_int_equal(getsockname(peer->listener, (struct sockaddr *)&address, &size), 0);
    peer->port = ntohs(address.sin_port);
    assert_int_equal(pthread_create(&peer->thread, NULL, peer_loop, peer), 0);
}

static void peer_stop(struct peer *peer)
{
    shutdown(peer->listener, SHUT_RDWR);
    pthread_join(peer->thread, NULL);
    close(peer->listener);
    free(peer->answer);
}

static void peer_bytes(struct peer *peer, const char *bytes, size_t size)
{
    char *answer = malloc(size + 1);
    assert_non_null(answer);
    memcpy(answer, bytes, size);
    pthread_mutex_lock(&peer->lock);
    free(peer->answer);
    peer->answer = answer;
    peer->answer_size = size;
    pthread_mutex_unlock(&peer->lock);
}

static void peer_says(struct peer *peer, int status, const char *type, const char *body)
{
    char head[512];
    const int size = snprintf(head, sizeof head,
                              "HTTP/1.1 %d X\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
                              "Connection: close\r\n\r\n",
                              status, type, strlen(body));
    char *all = malloc((size_t)size + strlen(body) + 1);
    assert_non_null(all);
    memcpy(all, head, (size_t)size);
    memcpy(all + size, body, strlen(body) + 1);
    peer_bytes(peer, all, (size_t)size + strlen(body));
    free(all);
}

static void peer_says_json(struct peer *peer, int status, const char *body)
{
    peer_says(peer, status, "application/json", body);
}

// --- the bench: one peer, the four ports against it ---

static const struct id ID = {{0x01, 0x7f, 0x22, 0xe2, 0x79, 0xb0, 0x7c, 0xc3, 0x98, 0xc4, 0xdc,
                              0x0c, 0x0c, 0x07, 0x39, 0x8f}};
#define ID_TEXT "017f22e279b07cc398c4dc0c0c07398f"
#define OTHER_ID "017f22e279b07cc398c4dc0c0c073990"

struct bench {
    struct peer peer;
    struct ports_sms *sms;
    struct ports_face *face;
    struct ports_identity *identity;
    struct ports_bank *bank;
};

static int set_up(void **state)
{
    struct bench *bench = calloc(1, sizeof *bench);
    char url[64];
    peer_start(&bench->peer);
    snprintf(url, sizeof url, "http://127.0.0.1:%u", (unsigned)bench->peer.port);
    const struct ports_options options = {
        .base_url = url, .bearer = "play-bearer", .deadline_ms = DEADLINE_MS};
    assert_int_equal(ports_sms_open(&bench->sms, &options, "a"), OK);
    assert_int_equal(ports_face_open(&bench->face, &options), OK);
    assert_int_equal(ports_identity_open(&bench->identity, &options), OK);
    assert_int_equal(ports_bank_open(&bench->bank, &options), OK);
    *state = bench;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *bench = *state;
    ports_sms_close(&bench->sms);
    ports_face_close(&bench->face);
    ports_identity_close(&bench->identity);
    ports_bank_close(&bench->bank);
    assert_null(bench->bank);
    peer_stop(&bench->peer);
    free(bench);
    return 0;
}

static enum ports_outcome send_sms(struct bench *bench, char reason[32])
{
    const struct ports_message message = {
        .id = ID, .phone = "13900010021", .text = "【通宝】验证码 428117"};
    struct ports_sms_answer answer;
    const enum ports_outcome outcome = ports_sms_send(bench->sms, &message, &answer);
    if (reason != NULL)
        (void)text_copy(reason, 32, answer.reason);
    return outcome;
}

static struct ports_bank_answer debit(struct bench *bench)
{
    const struct ports_bank_money money = {.request_id = ID,
                                           .card_token = "card-1",
                                           .amount = 12680,
                                           .currency = "CNY",
                                           .text = "充值",
                                           .business_date = 20260228};
    struct ports_bank_answer answer;
    ports_bank_debit(bench->bank, &money, &answer);
    return answer;
}

static struct ports_bank_answer inquire(struct bench *bench)
{
    struct ports_bank_answer answer;
    ports_bank_inquire(bench->bank, &ID, 12680, "CNY", &answer);
    return answer;
}

static const char DEBIT_DONE[] =
    "{\"request_id\":\"" ID_TEXT "\",\"outcome\":\"done\",\"bank_ref\":\"B77\",\"amount\":12680,"
    "\"currency\":\"CNY\",\"bank_time_us\":1767225600000000}";

// --- SMS, face, identity ---

static void sms_outcomes(void **state)
{
    static const struct {
        int status;
        const char *body;
        enum ports_outcome outcome;
    } cases[] = {
        {202, "{\"id\":\"" ID_TEXT "\",\"status\":\"accepted\"}", PORTS_DONE},
        {200, "{\"id\":\"" ID_TEXT "\",\"status\":\"accepted\"}", PORTS_DONE},
        {422, "{\"id\":\"" ID_TEXT "\",\"status\":\"refused\",\"reason\":\"number\"}",
         PORTS_REFUSED},
        {200, "{\"id\":\"" OTHER_ID "\",\"status\":\"accepted\"}", PORTS_UNKNOWN},
        {200, "{\"status\":\"accepted\"}", PORTS_UNKNOWN},
        {200, "{\"id\":\"" ID_TEXT "\",\"status\":\"refused\"}", PORTS_UNKNOWN},
        {422, "{\"id\":\"" ID_TEXT "\",\"status\":\"accepted\"}", PORTS_UNKNOWN},
        {500, "{\"id\":\"" ID_TEXT "\",\"status\":\"refused\"}", PORTS_UNKNOWN},
        {200, "{\"id\":\"" ID_TEXT "\",\"status\":\"queued\"}", PORTS_UNKNOWN},
    };
    struct bench *bench = *state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char reason[32];
        peer_says_json(&bench->peer, cases[i].status, cases[i].body);
        assert_int_equal(send_sms(bench, reason), cases[i].outcome);
        assert_string_equal(reason, i == 2 ? "number" : "");
    }
}

static void sms_says_what_it_must(void **state)
{
    struct bench *bench = *state;
    peer_says_json(&bench->peer, 202, "{\"id\":\"" ID_TEXT "\",\"status\":\"accepted\"}");
    assert_int_equal(send_sms(bench, NULL), PORTS_DONE);
    const char *request = bench->peer.request;
    assert_memory_equal(request, "POST /sms HTTP/1.1\r\n", 20);
    assert_non_null(strstr(request, "\r\nAuthorization: Bearer play-bearer\r\n"));
    assert_non_null(strstr(request, "\r\nContent-Type: application/json\r\n"));
    assert_non_null(strstr(request, "\"id\":\"" ID_TEXT "\""));
    assert_non_null(strstr(request, "\"phone\":\"13900010021\""));
    assert_non_null(strstr(request, "428117"));
}

static void face_outcomes(void **state)
{
    static const struct {
        const char *status;
        enum ports_outcome outcome;
    } cases[] = {{"passed", PORTS_DONE},
                 {"failed", PORTS_REFUSED},
                 {"pending", PORTS_PENDING},
                 {"perhaps", PORTS_UNKNOWN}};
    struct bench *bench = *state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char body[128];
        snprintf(body, sizeof body, "{\"id\":\"" ID_TEXT "\",\"status\":\"%s\"}", cases[i].status);
        peer_says_json(&bench->peer, 200, body);
        assert_int_equal(ports_face_start(bench->face, &ID, "林知夏", "110101199203174325"),
                         cases[i].outcome);
        assert_int_equal(ports_face_inquire(bench->face, &ID), cases[i].outcome);
        assert_memory_equal(bench->peer.request, "GET /face/" ID_TEXT " HTTP/1.1\r\n", 53);
    }
    peer_says_json(&bench->peer, 200, "{\"id\":\"" OTHER_ID "\",\"status\":\"passed\"}");
    assert_int_equal(ports_face_inquire(bench->face, &ID), PORTS_UNKNOWN);
    peer_says_json(&bench->peer, 404, "{\"id\":\"" ID_TEXT "\",\"status\":\"passed\"}");
    assert_int_equal(ports_face_inquire(bench->face, &ID), PORTS_UNKNOWN);
}

static void identity_outcomes(void **state)
{
    static const struct {
        const char *status;
        enum ports_outcome outcome;
        enum ports_mismatch mismatch;
    } cases[] = {
        {"match\"", PORTS_DONE, PORTS_MISMATCH_NONE},
        {"mismatch\"", PORTS_REFUSED, PORTS_MISMATCH_NAME},
        {"not_found\"", PORTS_REFUSED, PORTS_MISMATCH_DOCUMENT},
        {"mismatch\",\"class\":\"name\"", PORTS_REFUSED, PORTS_MISMATCH_NAME},
        {"mismatch\",\"class\":\"document\"", PORTS_REFUSED, PORTS_MISMATCH_DOCUMENT},
        {"mismatch\",\"class\":\"phone\"", PORTS_REFUSED, PORTS_MISMATCH_PHONE},
        {"match\",\"class\":\"phone\"", PORTS_DONE, PORTS_MISMATCH_NONE},
        {"later\",\"class\":\"phone\"", PORTS_UNKNOWN, PORTS_MISMATCH_NONE},
    };
    struct bench *bench = *state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char body[128];
        enum ports_mismatch mismatch;
        snprintf(body, sizeof body, "{\"id\":\"" ID_TEXT "\",\"status\":\"%s}", cases[i].status);
        peer_says_json(&bench->peer, 200, body);
        assert_int_equal(ports_identity_check(bench->identity, &ID, "林知夏", "110101199203174325",
                                              i % 2 == 0 ? NULL : "13900010021", &mismatch),
                         cases[i].outcome);
        assert_int_equal(mismatch, cases[i].mismatch);
    }
}

// --- the bank ---

static void bank_done_carries_everything(void **state)
{
    struct bench *bench = *state;
    peer_says_json(&bench->peer, 200, DEBIT_DONE);
    const struct ports_bank_answer answer = debit(bench);
    assert_int_equal(answer.outcome, PORTS_DONE);
    assert_int_equal(answer.amount, 12680);
    assert_string_equal(answer.bank_ref, "B77");
    assert_int_equal(answer.bank_time_us, INT64_C(1767225600000000));
    assert_int_equal(answer.tries_left, -1);
    assert_non_null(strstr(bench->peer.request, "\"amount\":12680"));
    assert_non_null(strstr(bench->peer.request, "\"business_date\":20260228"));
    assert_non_null(strstr(bench->peer.request, "\"request_id\":\"" ID_TEXT "\""));
}

static void bank_refusals_by_group(void **state)
{
    static const struct {
        const char *code;
        enum ports_bank_reason reason;
    } cases[] = {{"insufficient_funds", PORTS_BANK_FUNDS},
                 {"card_not_usable", PORTS_BANK_CARD},
                 {"mismatch", PORTS_BANK_MISMATCH},
                 {"wrong_code", PORTS_BANK_MISMATCH},
                 {"limit", PORTS_BANK_LIMIT},
                 {"maintenance", PORTS_BANK_MAINTENANCE},
                 {"something of its own", PORTS_BANK_OTHER}};
    struct bench *bench = *state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char body[192];
        snprintf(body, sizeof body,
                 "{\"request_id\":\"" ID_TEXT "\",\"outcome\":\"refused\",\"code\":\"%s\"}",
                 cases[i].code);
        peer_says_json(&bench->peer, 200, body);
        const struct ports_bank_answer answer = debit(bench);
        assert_int_equal(answer.outcome, PORTS_REFUSED);
        assert_int_equal(answer.reason, cases[i].reason);
    }
}

#define SAYS(rest) "{\"request_id\":\"" ID_TEXT "\"," rest "}"

static void bank_anything_else_is_unknown(void **state)
{
    static const struct {
        int status;
        const char *body;
    } cases[] = {
        {200, SAYS("\"outcome\":\"done\",\"amount\":12681,\"currency\":\"CNY\"")},
        {200, SAYS("\"outcome\":\"done\",\"amount\":0,\"currency\":\"CNY\"")},
        {200, SAYS("\"outcome\":\"done\",\"amount\":12680,\"currency\":\"USD\"")},
        {200, SAYS("\"outcome\":\"done\",\"amount\":\"12680\",\"currency\":\"CNY\"")},
        {200, SAYS("\"outcome\":\"done\",\"amount\":12680.0,\"currency\":\"CNY\"")},
        {200, SAYS("\"outcome\":\"done\",\"currency\":\"CNY\"")},
        {200, SAYS("\"outcome\":\"done\",\"amount\":12680")},
        {200, SAYS("\"outcome\":\"DONE\",\"amount\":12680,\"currency\":\"CNY\"")},
        {200, SAYS("\"outcome\":\"done\",\"outcome\":\"refused\"")},
        {200, "{\"request_id\":\"" OTHER_ID
              "\",\"outcome\":\"done\",\"amount\":12680,\"currency\":\"CNY\"}"},
        {200, "{\"outcome\":\"refused\",\"code\":\"limit\"}"},
        {500, DEBIT_DONE},
        {409, SAYS("\"outcome\":\"refused\",\"code\":\"limit\"")},
        {302, DEBIT_DONE},
        {200, "[]"},
        {200, "{"},
        {200, "{} {}"},
        {200, "\xff\xfe"},
        {200, ""},
    };
    struct bench *bench = *state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        peer_says_json(&bench->peer, cases[i].status, cases[i].body);
        const struct ports_bank_answer answer = debit(bench);
        if (answer.outcome != PORTS_UNKNOWN)
            print_error("case %zu: %s\n", i, cases[i].body);
        assert_int_equal(answer.outcome, PORTS_UNKNOWN);
        assert_false(answer.nothing_sent);
    }
    peer_says(&bench->peer, 200, "text/html", DEBIT_DONE);
    assert_int_equal(debit(bench).outcome, PORTS_UNKNOWN);
}

// Only the amount of a request decides; a token that would have to be cut is no answer either.
static void bank_texts_are_never_cut(void **state)
{
    struct bench *bench = *state;
    struct ports_bank_answer answer;
    char body[256];
    snprintf(body, sizeof body, SAYS("\"outcome\":\"done\",\"card_token\":\"%080d\""), 7);
    peer_says_json(&bench->peer, 200, body);
    ports_bank_confirm_binding(bench->bank, &ID, &ID, "428117", &answer);
    assert_int_equal(answer.outcome, PORTS_UNKNOWN);
    assert_string_equal(answer.card_token, "");
    peer_says_json(&bench->peer, 200, SAYS("\"outcome\":\"done\""));
    ports_bank_confirm_binding(bench->bank, &ID, &ID, "428117", &answer);
    assert_int_equal(answer.outcome, PORTS_UNKNOWN);
}

static void bank_inquiry_answers(void **state)
{
    struct bench *bench = *state;
    peer_says_json(&bench->peer, 200, SAYS("\"outcome\":\"not_found\""));
    struct ports_bank_answer answer = inquire(bench);
    assert_int_equal(answer.outcome, PORTS_UNKNOWN);
    assert_true(answer.not_found);
    assert_memory_equal(bench->peer.request, "GET /bank/inquire/" ID_TEXT " HTTP/1.1\r\n", 61);
    peer_says_json(&bench->peer, 200, SAYS("\"outcome\":\"reversed\""));
    answer = inquire(bench);
    assert_int_equal(answer.outcome, PORTS_REFUSED);
    assert_true(answer.reversed);
    peer_says_json(&bench->peer, 200, SAYS("\"outcome\":\"pending\""));
    assert_int_equal(inquire(bench).outcome, PORTS_PENDING);
    peer_says_json(&bench->peer, 200, DEBIT_DONE);
    assert_int_equal(inquire(bench).outcome, PORTS_DONE);
    // Not found by a page that is no answer of the bank is not "not found".
    peer_says_json(&bench->peer, 404, SAYS("\"outcome\":\"not_found\""));
    assert_false(inquire(bench).not_found);
}

static void bank_binding(void **state)
{
    struct bench *bench = *state;
    const struct ports_bank_card card = {"林知夏", "110101199203174325", "9901013814602755190",
                                         "13900010021"};
    struct ports_bank_answer answer;
    peer_says_json(&bench->peer, 200, SAYS("\"outcome\":\"done\",\"card_type\":\"debit\""));
    ports_bank_verify_identity(bench->bank, &ID, &card, &answer);
    assert_int_equal(answer.outcome, PORTS_DONE);
    assert_string_equal(answer.card_type, "debit");
    assert_non_null(strstr(bench->peer.request, "\"card_number\":\"9901013814602755190\""));
    peer_says_json(&bench->peer, 200,
                   SAYS("\"outcome\":\"refused\",\"code\":\"wrong_code\",\"tries_left\":2"));
    ports_bank_confirm_binding(bench->bank, &ID, &ID, "000000", &answer);
    assert_int_equal(answer.outcome, PORTS_REFUSED);
    assert_int_equal(answer.reason, PORTS_BANK_MISMATCH);
    assert_int_equal(answer.tries_left, 2);
    peer_says_json(&bench->peer, 200, SAYS("\"outcome\":\"done\",\"card_token\":\"agreement-9\""));
    ports_bank_confirm_binding(bench->bank, &ID, &ID, "428117", &answer);
    assert_int_equal(answer.outcome, PORTS_DONE);
    assert_string_equal(answer.card_token, "agreement-9");
}

static void bank_statement(void **state)
{
    struct bench *bench = *state;
    struct ports_bank_row rows[2];
    int64_t cursor = 7;
    size_t count;
    bool final = false;
    peer_says_json(&bench->peer, 200,
                   "{\"rows\":[{\"bank_ref\":\"B1\",\"request_id\":\"" ID_TEXT
                   "\",\"direction\":\"debit\",\"amount\":5,\"currency\":\"CNY\",\"at_us\":11},"
                   "{\"bank_ref\":\"B2\",\"request_id\":null,\"direction\":\"credit\",\"amount\":9,"
                   "\"currency\":\"CNY\",\"at_us\":12}],\"next_cursor\":9,\"final\":true}");
    assert_int_equal(ports_bank_statement(bench->bank, 20260228, &cursor, rows, 2, &count, &final),
                     PORTS_DONE);
    assert_int_equal(count, 2);
    assert_true(final);
    assert_int_equal(cursor, 9);
    assert_true(id_equal(&rows[0].request_id, &ID));
    assert_false(rows[0].credit);
    assert_true(id_is_zero(&rows[1].request_id));
    assert_true(rows[1].credit);
    assert_int_equal(rows[1].amount, 9);
    assert_non_null(strstr(bench->peer.request, "GET /bank/statement?date=20260228&cursor=7 "));
    // More rows than asked for, or one unreadable row: no page at all, the cursor stays.
    assert_int_equal(ports_bank_statement(bench->bank, 20260228, &cursor, rows, 1, &count, &final),
                     PORTS_UNKNOWN);
    peer_says_json(&bench->peer, 200, "{\"rows\":[{\"bank_ref\":\"B1\"}],\"next_cursor\":3}");
    assert_int_equal(ports_bank_statement(bench->bank, 20260228, &cursor, rows, 2, &count, &final),
                     PORTS_UNKNOWN);
    assert_int_equal(count, 0);
    assert_int_equal(cursor, 9);
}

// --- broken peers ---

// The deadline is of the whole call: a byte now and then does not prolong it.
static void slow_peers_end_at_the_deadline(void **state)
{
    struct bench *bench = *state;
    int64_t start = wire_ms();
    assert_int_equal(debit(bench).outcome, PORTS_UNKNOWN); // says nothing
    assert_in_range(wire_ms() - start, DEADLINE_MS - 50, DEADLINE_MS + 1500);
    peer_says_json(&bench->peer, 200, DEBIT_DONE);
    bench->peer.pause_ms = 20;
    start = wire_ms();
    const struct ports_bank_answer answer = debit(bench);
    assert_int_equal(answer.outcome, PORTS_UNKNOWN);
    assert_false(answer.nothing_sent);
    assert_in_range(wire_ms() - start, DEADLINE_MS - 50, DEADLINE_MS + 1500);
}

static void reset_is_unknown_and_sent(void **state)
{
    struct bench *bench = *state;
    bench->peer.reset = true;
    const struct ports_bank_answer answer = debit(bench);
    assert_int_equal(answer.outcome, PORTS_UNKNOWN);
    assert_false(answer.nothing_sent);
    assert_int_equal(send_sms(bench, NULL), PORTS_UNKNOWN);
    // The driver never repeats by itself.
    assert_int_equal(bench->peer.requests, 2);
}

static void truncated_and_oversized_are_unknown(void **state)
{
    struct bench *bench = *state;
    peer_says_json(&bench->peer, 200, DEBIT_DONE);
    bench->peer.answer_size -= 10;
    assert_int_equal(debit(bench).outcome, PORTS_UNKNOWN);
    peer_bytes(&bench->peer, "not HTTP at all\r\n\r\n", 19);
    assert_int_equal(debit(bench).outcome, PORTS_UNKNOWN);
    // The answer alone fits into 64 KiB, with blanks after it it does not.
    char *big = malloc(70001);
    assert_non_null(big);
    memset(big, ' ', 70000);
    big[70000] = '\0';
    memcpy(big, DEBIT_DONE, strlen(DEBIT_DONE));
    peer_says_json(&bench->peer, 200, big);
    assert_int_equal(debit(bench).outcome, PORTS_UNKNOWN);
    big[60000] = '\0';
    peer_says_json(&bench->peer, 200, big);
    assert_int_equal(debit(bench).outcome, PORTS_DONE);
    free(big);
}

static void redirects_are_not_followed(void **state)
{
    struct bench *bench = *state;
    char bytes[256];
    const int size = snprintf(bytes, sizeof bytes,
                              "HTTP/1.1 307 X\r\nLocation: http://127.0.0.1:%u/elsewhere\r\n"
                              "Content-Length: 0\r\nConnection: close\r\n\r\n",
                              (unsigned)bench->peer.port);
    peer_bytes(&bench->peer, bytes, (size_t)size);
    assert_int_equal(debit(bench).outcome, PORTS_UNKNOWN);
    assert_int_equal(bench->peer.requests, 1);
}

static void nobody_there_is_provable(void **state)
{
    struct peer gone;
    struct ports_bank *bank;
    char url[64];
    (void)state;
    peer_start(&gone);
    snprintf(url, sizeof url, "http://127.0.0.1:%u", (unsigned)gone.port);
    peer_stop(&gone);
    const struct ports_options options = {.base_url = url, .deadline_ms = DEADLINE_MS};
    assert_int_equal(ports_bank_open(&bank, &options), OK);
    struct bench bench = {.bank = bank};
    const struct ports_bank_answer answer = debit(&bench);
    assert_int_equal(answer.outcome, PORTS_UNKNOWN);
    assert_true(answer.nothing_sent);
    ports_bank_close(&bank);
}

// --- addresses ---

static void only_loopback_or_the_allowed_host(void **state)
{
    static const struct {
        const char *url, *allowed;
        bool good;
    } cases[] = {
        {"http://127.0.0.1:8091", NULL, true},
        {"http://localhost:8091", NULL, true},
        {"https://bank.example/api", "bank.example", true},
        {"https://bank.example/api", NULL, false},
        {"https://bank.example.evil.example/", "bank.example", false},
        {"http://127.0.0.1@evil.example/", NULL, false},
        {"http://169.254.169.254/", NULL, false},
        {"file:///etc/passwd", NULL, false},
        {"127.0.0.1:8091", NULL, false},
        {"", NULL, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct ports_bank *bank;
        const struct ports_options options = {.base_url = cases[i].url,
                                              .allowed_host = cases[i].allowed};
        assert_int_equal(ports_bank_open(&bank, &options) == OK, cases[i].good);
        assert_int_equal(bank != NULL, cases[i].good);
        ports_bank_close(&bank);
    }
}

static void outcomes_have_names(void **state)
{
    (void)state;
    assert_string_equal(ports_outcome_name(PORTS_DONE), "done");
    assert_string_equal(ports_outcome_name(PORTS_REFUSED), "refused");
    assert_string_equal(ports_outcome_name(PORTS_PENDING), "pending");
    assert_string_equal(ports_outcome_name(PORTS_UNKNOWN), "unknown");
}

#define WITH_PEER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_PEER(sms_outcomes),
        WITH_PEER(sms_says_what_it_must),
        WITH_PEER(face_outcomes),
        WITH_PEER(identity_outcomes),
        WITH_PEER(bank_done_carries_everything),
        WITH_PEER(bank_refusals_by_group),
        WITH_PEER(bank_anything_else_is_unknown),
        WITH_PEER(bank_texts_are_never_cut),
        WITH_PEER(bank_inquiry_answers),
        WITH_PEER(bank_binding),
        WITH_PEER(bank_statement),
        WITH_PEER(slow_peers_end_at_the_deadline),
        WITH_PEER(reset_is_unknown_and_sent),
        WITH_PEER(truncated_and_oversized_are_unknown),
        WITH_PEER(redirects_are_not_followed),
        cmocka_unit_test(nobody_there_is_provable),
        cmocka_unit_test(only_loopback_or_the_allowed_host),
        cmocka_unit_test(outcomes_have_names),
    };
    log_set_level(LOG_ERROR + 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
