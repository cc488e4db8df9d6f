// rooms: pay net guard party vault books ledger money db base
// Bytes from outside: kept cases and seeded mutations of them through everything that reads what
// strangers send. Each reader either refuses or gives something that holds its promise; the
// sanitizer build (./test long) watches the memory. TONGBAO_SEED repeats a run, FUZZ_ROUNDS sets
// the mutations for each reader.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "net/net_priv.h"
#include "pay/pay.h"

enum { INPUT_MAX = 4096, SEEDS_MAX = 16 };

static uint64_t state;
static struct vault *vault;
static struct guard_profiles *profiles;
static char folder[] = "/tmp/tongbao-fuzz.XXXXXX";
static int passed, failed;

static uint64_t next_random(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

static size_t below(size_t bound)
{
    return bound > 0 ? (size_t)(next_random() % bound) : 0;
}

// --- mutations ---

struct input {
    char bytes[INPUT_MAX + 1]; // NUL after the end
    size_t size;
};

// Pieces that readers care about.
static const char *const PIECES[] = {
    "\"",
    "\\u0000",
    "\\ud800",
    "{\"a\":",
    "[[[[",
    "}",
    "1e9",
    "-",
    "0.",
    "null",
    "%2e%2e",
    "%00",
    "%2f",
    "/../",
    "//",
    "?",
    "&",
    "=",
    "#",
    "@",
    "://",
    "\xFF",
    "\xC0",
    "\xE2\x80\xAE",
    "\xF4\x90",
    "·",
    "，",
    "张",
    "\xEF\xBC\xA1",
    "13800138000",
    "X",
    "/",
    "m/",
    "o/",
    "r/",
    "18446744073709551616",
    "-1",
    " ",
    "\t",
    "\r\n",
};

static void insert(struct input *input, size_t at, const char *bytes, size_t size)
{
    if (input->size + size > INPUT_MAX)
        return;
    memmove(input->bytes + at + size, input->bytes + at, input->size - at);
    memcpy(input->bytes + at, bytes, size);
    input->size += size;
}

static void mutate_once(struct input *input)
{
    const size_t at = below(input->size + 1);
    const char random = (char)next_random();
    switch (below(7)) {
    case 0:
        if (at < input->size)
            input->bytes[at] = (char)(input->bytes[at] ^ (1 << below(8)));
        break;
    case 1:
        if (at < input->size)
            input->bytes[at] = random;
        break;
    case 2:
        insert(input, at, &random, 1);
        break;
    case 3: {
        const char *piece = PIECES[below(sizeof PIECES / sizeof PIECES[0])];
        insert(input, at, piece, strlen(piece));
        break;
    }
    case 4: { // leave some out
        const size_t size = below(input->size - at + 1);
        memmove(input->bytes + at, input->bytes + at + size, input->size - at - size);
        input->size -= size;
        break;
    }
    case 5: { // say some twice
        char copy[64];
        const size_t rest = input->size - at;
        const size_t size = below((rest < sizeof copy ? rest : sizeof copy) + 1);
        memcpy(copy, input->bytes + at, size);
        insert(input, below(input->size + 1), copy, size);
        break;
    }
    default:
        input->size = at; // the end is missing
        break;
    }
}

static void mutate(struct input *input, const char *seed)
{
    input->size = strlen(seed);
    memcpy(input->bytes, seed, input->size);
    for (size_t count = below(6); count > 0; count--)
        mutate_once(input);
    input->bytes[input->size] = '\0';
}

// --- the readers: each returns false when a promise is broken ---

static const struct net_json_field INNER[] = {{"b", NET_JSON_BOOL, false, 0, 0, 0, NULL, NULL, 0}};
struct outer {
    const char *text, *line, *choice;
    struct id id;
    int64_t number;
    struct net_json_money money;
    bool inner;
};
static const struct net_json_field OUTER[] = {
    {"text", NET_JSON_TEXT, false, offsetof(struct outer, text), 0, 40, NULL, NULL, 0},
    {"line", NET_JSON_LINE, false, offsetof(struct outer, line), 0, 40, NULL, NULL, 0},
    {"choice", NET_JSON_CHOICE, false, offsetof(struct outer, choice), 0, 0, "a|bc", NULL, 0},
    {"id", NET_JSON_ID, false, offsetof(struct outer, id), 0, 0, "txn", NULL, 0},
    {"number", NET_JSON_INT, false, offsetof(struct outer, number), -5, 5, NULL, NULL, 0},
    {"money", NET_JSON_MONEY, false, offsetof(struct outer, money), 0, 0, NULL, NULL, 0},
    {"o", NET_JSON_OBJECT, false, offsetof(struct outer, inner), 0, 0, NULL, INNER, 1},
};

// What is taken keeps its bounds; the refusal, which repeats names of fields, is JSON again.
static bool filled(const struct outer *out)
{
    int64_t minor;
    return (out->text == NULL || strlen(out->text) <= 40) &&
           (out->line == NULL || text_is_line(out->line)) &&
           (out->choice == NULL || text_equal(out->choice, "a") || text_equal(out->choice, "bc")) &&
           out->number >= -5 && out->number <= 5 &&
           (out->money.value == NULL || strlen(out->money.currency) == 3) &&
           (out->money.value == NULL || !net_money_minor(&minor, out->money.value, 2) ||
            minor >= 0);
}

static bool refusal_is_json(struct problem *problem)
{
    const struct net_problem_frame frame = {.instance = "/", .request_id = "req", .now_us = 1};
    struct buffer text = {0};
    struct net_json *json = NULL;
    if (problem->code == OK)
        problem->code = CODE_REQUEST_INVALID;
    net_problem_render(&text, problem, &frame);
    const bool good = net_json_parse(&json, text.data, text.size) == OK;
    if (json != NULL)
        net_json_free(&json);
    buffer_free(&text);
    return good;
}

static bool read_json(const struct input *input)
{
    struct net_json *json = NULL;
    if (net_json_parse(&json, input->bytes, input->size) != OK)
        return json == NULL;
    struct outer out = {.number = 0};
    struct problem problem = {0};
    struct arena *arena = arena_new();
    const enum code code =
        net_json_fill(&out, json, OUTER, sizeof OUTER / sizeof OUTER[0], arena, "", &problem);
    const bool good = filled(&out) && (code == OK || refusal_is_json(&problem));
    arena_free(&arena);
    net_json_free(&json);
    return good;
}

static bool climbs(const char *path)
{
    for (const char *at = path; (at = strstr(at, "/..")) != NULL; at += 3)
        if (at[3] == '/' || at[3] == '\0')
            return true;
    return false;
}

// A path that is taken is text without controls, and leads nowhere up.
static bool read_target(const struct input *input)
{
    if (strlen(input->bytes) != input->size || !gate_target(input->bytes))
        return true;
    struct net_exchange *x = mem_alloc(sizeof *x);
    x->arena = arena_new();
    x->target = input->bytes;
    bool good = true;
    if (target_parse(x) == OK) {
        good = x->path[0] == '/' && !climbs(x->path) &&
               text_valid_utf8(x->path, strlen(x->path), NULL) && x->query_count <= QUERIES_MAX;
        for (const char *at = x->path; *at != '\0'; at++)
            good = good && (unsigned char)*at >= 0x20 && *at != 0x7F;
        for (size_t i = 0; i < x->query_count; i++)
            good = good && net_query(x, x->queries[i].name) == x->queries[i].value;
    }
    arena_free(&x->arena);
    mem_free(x);
    return good;
}

// Only what we made ourselves verifies.
static bool read_token(const struct input *input)
{
    struct pay_token token;
    char again[PAY_TOKEN_TEXT];
    if (strlen(input->bytes) != input->size || pay_token_read(&token, vault, input->bytes) != OK)
        return true;
    pay_token_make(vault, &token, again);
    return text_equal(again, input->bytes);
}

static bool read_scan(const struct input *input)
{
    const struct pay_world world = {profiles, vault, env_system()};
    struct pay_scan scan;
    if (strlen(input->bytes) != input->size ||
        pay_scan_read(&scan, &world, "https://wallet.example.org", input->bytes) != OK)
        return true;
    return scan.kind <= PAY_SCAN_TEXT && strlen(scan.host) < sizeof scan.host &&
           (scan.kind != PAY_SCAN_URL || (scan.host[0] != '\0' && text_is_line(scan.host) &&
                                          strpbrk(scan.host, "@/\\?#") == NULL)) &&
           (scan.kind != PAY_SCAN_FOREIGN || scan.issuer != NULL);
}

// A name that is taken is shown as it is, and taken again unchanged.
static bool read_name(const struct input *input)
{
    char name[PARTY_NAME_MAX], again[PARTY_NAME_MAX], masked[PARTY_NAME_MAX];
    if (strlen(input->bytes) != input->size || party_name_check(name, input->bytes) != OK)
        return true;
    party_mask_name(masked, name);
    return text_is_line(name) && text_is_line(masked) && !text_equal(masked, name) &&
           party_name_check(again, name) == OK && text_equal(again, name);
}

static bool read_id_number(const struct input *input)
{
    struct party_identity identity;
    const char *reason = "";
    if (strlen(input->bytes) != input->size ||
        party_id_number_check(&identity, input->bytes, guard_provinces(profiles, 20261101),
                              20261101, &reason) != OK)
        return true;
    return strlen(identity.id_number) == PARTY_ID_NUMBER_MAX - 1 &&
           party_id_check_character(identity.id_number) == identity.id_number[17] &&
           identity.age >= 0 && identity.age < 200;
}

static bool read_phone(const struct input *input)
{
    char phone[PARTY_PHONE_MAX];
    if (strlen(input->bytes) != input->size || party_phone_normalise(phone, input->bytes) != OK)
        return true;
    return strlen(phone) == 11 && text_all_digits(phone) && phone[0] == '1';
}

static bool read_money(const struct input *input)
{
    int64_t amount, again;
    char text[MONEY_TEXT_SIZE];
    if (strlen(input->bytes) != input->size ||
        money_parse(&amount, MONEY_CNY, input->bytes) != MONEY_OK)
        return true;
    money_format(text, MONEY_CNY, amount);
    return amount >= 0 && amount <= MONEY_MAX && money_parse(&again, MONEY_CNY, text) == MONEY_OK &&
           again == amount;
}

// A folder of profiles with one broken file: refused with a reason, or a whole set.
static bool read_profiles(const struct input *input)
{
    char path[128], reason[256] = "";
    (void)snprintf(path, sizeof path, "%s/profiles/fuzz.json", folder);
    FILE *file = fopen(path, "wb");
    if (file == NULL)
        return false;
    const bool written = fwrite(input->bytes, 1, input->size, file) == input->size;
    (void)fclose(file);
    (void)snprintf(path, sizeof path, "%s/profiles", folder);
    struct guard_profiles *loaded = NULL;
    const enum code code = guard_profiles_load(&loaded, path, 20261101, reason);
    if (code == OK)
        guard_profiles_free(&loaded);
    return written && (code == OK || reason[0] != '\0');
}

struct reader {
    const char *name;
    bool (*read)(const struct input *input);
    size_t divisor; // slow readers take fewer rounds
    const char *seeds[SEEDS_MAX];
};

static const struct reader READERS[] = {
    {"json",
     read_json,
     1,
     {"{\"text\":\"a\",\"line\":\"谢谢 👩‍🍳\",\"choice\":\"bc\",\"number\":-5}",
      "{\"id\":\"txn_017f22e279b07cc398c4dc0c0c07398f\",\"money\":{\"value\":\"12.30\","
      "\"currency\":\"CNY\"}}",
      "{\"o\":{\"b\":true},\"text\":null}", "[1,2,{\"a\":[[[]]]}]", "\"\\ud83d\\ude00\"",
      "{\"unknown\\\"~/张张张张张张张张张张张张张张张张张张张张张张\":1}"}},
    {"target",
     read_target,
     1,
     {"/api/v1/bills?month=2026-11&q=%E5%8D%88%E9%A5%AD+x", "http://wallet.test/a/b?c=d&e",
      "/sandbox/api/%2e%2e/%252e", "/q/m/880000000000000/ABCDEFGH", "/a//b/./c/..%2f",
      "/?&&a=&=b"}},
    {"token",
     read_token,
     4,
     {"m/8800000000000000/ABCDEFGHIJKLMNOP", "o/017f22e279b07cc398c4dc0c0c07398f/ABCDEFGHIJKLMNOP",
      "r/8800000000000000/1234/ABCDEFGHIJKLMNOP"}},
    {"scan",
     read_scan,
     4,
     {"https://wallet.example.org/q/m/8800000000000000/ABCDEFGHIJKLMNOP",
      "https://user@evil.example:8080/x?y#z", "880123456789012345", "00020101021129",
      "6222020200000000006", "weixin://x"}},
    {"name", read_name, 1, {"张三", "阿依古丽·买买提", "Anne-Marie O'Neil", "A n", "欧阳 若水", "𠮷野"}},
    {"id-number",
     read_id_number,
     1,
     {"320124198808240056", "11010519491231002X", "１１０１０５１９４９１２３１００２ｘ"}},
    {"phone",
     read_phone,
     1,
     {"13800138000", "+86 138-0013-8000", "１３８００１３８０００", "008613800138000"}},
    {"money", read_money, 1, {"12.30", "0", "90071992547409.91", "1", "0.01"}},
    {"profiles",
     read_profiles,
     200,
     {"{\"profile\":\"lock\",\"edition\":\"1\",\"source\":\"x\",\"effective\":20260101}", "[]", "{",
      "{\"profile\":\"phone-segments\",\"edition\":\"2\",\"source\":\"s\",\"effective\":20270101,"
      "\"segments\":[{\"prefix\":\"199\",\"class\":\"ordinary\"}]}"}},
};

static bool run_one(const struct reader *reader, const struct input *input)
{
    if (reader->read(input))
        return true;
    printf("FAIL %s: ", reader->name);
    for (size_t i = 0; i < input->size; i++)
        printf("%02x", (unsigned char)input->bytes[i]);
    printf("\n");
    return false;
}

static void run_reader(const struct reader *reader, size_t rounds)
{
    static struct input input;
    bool good = true;
    size_t seeds = 0;
    while (seeds < SEEDS_MAX && reader->seeds[seeds] != NULL) {
        input.size = strlen(reader->seeds[seeds]);
        memcpy(input.bytes, reader->seeds[seeds], input.size + 1);
        good = run_one(reader, &input) && good;
        seeds++;
    }
    for (size_t i = 0; i < rounds / reader->divisor && good; i++) {
        mutate(&input, reader->seeds[below(seeds)]);
        good = run_one(reader, &input);
    }
    *(good ? &passed : &failed) += 1;
}

static bool open_world(void)
{
    char command[512];
    if (mkdtemp(folder) == NULL)
        return false;
    const struct vault_options options = {
        .data_folder = folder, .env = env_system(), .fast_hash_for_tests = true};
    (void)snprintf(command, sizeof command, "cp -r '%s/spec/profiles' '%s/profiles'", SOURCE_DIR,
                   folder);
    return vault_load(&vault, &options) == OK &&
           guard_profiles_load(&profiles, SOURCE_DIR "/spec/profiles", 20261101, NULL) == OK &&
           system(command) == 0;
}

static void close_world(void)
{
    char command[128];
    guard_profiles_free(&profiles);
    vault_free(&vault);
    (void)snprintf(command, sizeof command, "rm -rf '%s'", folder);
    (void)!system(command);
}

int main(void)
{
    const char *rounds = getenv("FUZZ_ROUNDS"), *seed = getenv("TONGBAO_SEED");
    log_set_level(LOG_ERROR + 1);
    env_system()->entropy(NULL, &state, sizeof state);
    if (seed != NULL)
        state = strtoull(seed, NULL, 10);
    state |= 1;
    printf("TONGBAO_SEED=%llu\n", (unsigned long long)state);
    if (!open_world()) {
        printf("0 passed, 1 failed\n");
        return 1;
    }
    for (size_t i = 0; i < sizeof READERS / sizeof READERS[0]; i++)
        run_reader(&READERS[i], rounds != NULL ? strtoull(rounds, NULL, 10) : 100000);
    close_world();
    printf("%d passed, %d failed\n", passed, failed);
    return failed == 0 ? 0 : 1;
}
