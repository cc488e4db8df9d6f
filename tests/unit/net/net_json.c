// rooms: net base
// JSON at the edge: what the strict reader refuses, what tables fill, what the writer escapes.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "net/net.h"

static enum code parse(const char *text, size_t size)
{
    struct net_json *json = NULL;
    const enum code code = net_json_parse(&json, text, size);
    if (code == OK)
        net_json_free(&json);
    return code;
}

#define REFUSED(text) assert_int_equal(parse((text), sizeof(text) - 1), CODE_REQUEST_INVALID)
#define TAKEN(text) assert_int_equal(parse((text), sizeof(text) - 1), OK)

static void refuses_what_is_not_strict(void **state)
{
    (void)state;
    REFUSED("");
    REFUSED("{\"a\":1,\"a\":2}");
    REFUSED("{\"a\":1.0}");
    REFUSED("{\"a\":1e3}");
    REFUSED("{\"a\":-0.0}");
    REFUSED("[1E400]");
    REFUSED("\xEF\xBB\xBF{}");
    REFUSED("{}x");
    REFUSED("{}\0");
    REFUSED("\"a\0b\"");
    REFUSED("{\"a\":1,}");
    REFUSED("{\"a\":01}");
    REFUSED("{'a':1}");
    REFUSED("{\"a\":NaN}");
    REFUSED("{/**/\"a\":1}");
    REFUSED("\"\\ud800\"");
    REFUSED("\"\xff\xfe\"");
    REFUSED("\"a\nb\"");
    REFUSED("\"x\\u0000y\"");
    REFUSED("9223372036854775808");
    TAKEN("{\"a\":9223372036854775807,\"A\":2}");
    TAKEN("{\"a\":\"1.5e3\",\"b\":[true,false,null]}");
    TAKEN("\"a\\\"1.0\"");
}

static void bounds_depth_and_keys(void **state)
{
    (void)state;
    struct buffer deep = {0}, wide = {0};
    for (int i = 0; i < 16; i++)
        buffer_text(&deep, "[");
    for (int i = 0; i < 16; i++)
        buffer_text(&deep, "]");
    assert_int_equal(parse(deep.data, deep.size), OK);
    buffer_free(&deep);
    for (int i = 0; i < 17; i++)
        buffer_text(&deep, "[");
    for (int i = 0; i < 17; i++)
        buffer_text(&deep, "]");
    assert_int_equal(parse(deep.data, deep.size), CODE_REQUEST_INVALID);
    buffer_free(&deep);
    for (int keys = 64; keys <= 65; keys++) {
        wide.size = 0;
        for (int i = 0; i < keys; i++)
            buffer_format(&wide, "%s\"k%d\":%d", i == 0 ? "{" : ",", i, i);
        buffer_text(&wide, "}");
        assert_int_equal(parse(wide.data, wide.size), keys == 64 ? OK : CODE_REQUEST_INVALID);
    }
    buffer_free(&wide);
}

struct inner {
    int64_t count;
};
struct request {
    const char *name, *kind;
    struct id key;
    struct net_json_money amount;
    bool agree;
    int64_t number;
    struct inner inner;
    const struct net_json *list;
};
static const struct net_json_field INNER[] = {
    {.name = "count",
     .kind = NET_JSON_INT,
     .offset = offsetof(struct inner, count),
     .required = true},
};
static const struct net_json_field FIELDS[] = {
    {.name = "name",
     .kind = NET_JSON_TEXT,
     .required = true,
     .offset = offsetof(struct request, name),
     .min = 2,
     .max = 8},
    {.name = "kind",
     .kind = NET_JSON_CHOICE,
     .offset = offsetof(struct request, kind),
     .choices = "in|out"},
    {.name = "key", .kind = NET_JSON_ID, .offset = offsetof(struct request, key), .choices = "crd"},
    {.name = "amount", .kind = NET_JSON_MONEY, .offset = offsetof(struct request, amount)},
    {.name = "agree", .kind = NET_JSON_BOOL, .offset = offsetof(struct request, agree)},
    {.name = "number",
     .kind = NET_JSON_INT,
     .offset = offsetof(struct request, number),
     .min = 1,
     .max = 9},
    {.name = "inner",
     .kind = NET_JSON_OBJECT,
     .offset = offsetof(struct request, inner),
     .fields = INNER,
     .field_count = 1},
    {.name = "list", .kind = NET_JSON_VALUE, .offset = offsetof(struct request, list)},
};
enum { FIELD_COUNT = sizeof FIELDS / sizeof FIELDS[0] };

struct fixture {
    struct arena *arena;
    struct net_json *json;
    struct request out;
    struct problem problem;
};

static enum code fill(struct fixture *f, const char *text)
{
    *f = (struct fixture){.arena = arena_new()};
    assert_int_equal(net_json_parse(&f->json, text, strlen(text)), OK);
    return net_json_fill(&f->out, f->json, FIELDS, FIELD_COUNT, f->arena, "", &f->problem);
}

static void end(struct fixture *f)
{
    net_json_free(&f->json);
    arena_free(&f->arena);
}

static void fills_a_struct(void **state)
{
    (void)state;
    struct fixture f;
    assert_int_equal(
        fill(&f,
             "{\"name\":\"张三\",\"kind\":\"out\",\"key\":\"crd_017f22e279b07cc398c4dc0c0c07398f\","
             "\"amount\":{\"value\":\"12.30\",\"currency\":\"CNY\"},\"agree\":true,\"number\":9,"
             "\"inner\":{\"count\":-4},\"list\":[1,2]}"),
        OK);
    assert_string_equal(f.out.name, "张三");
    assert_string_equal(f.out.kind, "out");
    assert_int_equal(f.out.key.bytes[1], 0x7f);
    assert_string_equal(f.out.amount.value, "12.30");
    assert_string_equal(f.out.amount.currency, "CNY");
    assert_true(f.out.agree);
    assert_int_equal(f.out.number, 9);
    assert_int_equal(f.out.inner.count, -4);
    assert_int_equal(net_json_size(f.out.list), 2);
    int64_t second = 0;
    assert_true(net_json_as_int(&second, net_json_item(f.out.list, 1)));
    assert_int_equal(second, 2);
    end(&f);
}

static void expect_fault(const char *text, const char *pointer, const char *reason)
{
    struct fixture f;
    assert_int_equal(fill(&f, text), CODE_REQUEST_INVALID);
    assert_int_equal(f.problem.code, CODE_REQUEST_INVALID);
    assert_int_equal(f.problem.field_count, 1);
    assert_string_equal(f.problem.fields[0].pointer, pointer);
    assert_string_equal(f.problem.fields[0].reason, reason);
    end(&f);
}

static void names_each_fault(void **state)
{
    (void)state;
    expect_fault("{}", "/name", "missing");
    expect_fault("{\"name\":null}", "/name", "missing");
    expect_fault("{\"name\":7}", "/name", "type");
    expect_fault("{\"name\":\"a\"}", "/name", "short");
    expect_fault("{\"name\":\"abcdefghi\"}", "/name", "long");
    expect_fault("{\"name\":\"a\\u0001b\"}", "/name", "format");
    expect_fault("{\"name\":\"ab\",\"Kind\":\"in\"}", "/Kind", "unknown");
    expect_fault("{\"name\":\"ab\",\"kind\":\"i\"}", "/kind", "choice");
    expect_fault("{\"name\":\"ab\",\"key\":\"usr_1\"}", "/key", "format");
    expect_fault("{\"name\":\"ab\",\"number\":10}", "/number", "range");
    expect_fault("{\"name\":\"ab\",\"agree\":1}", "/agree", "type");
    expect_fault("{\"name\":\"ab\",\"amount\":\"1.00\"}", "/amount", "type");
    expect_fault("{\"name\":\"ab\",\"amount\":{\"value\":1,\"currency\":\"CNY\"}}", "/amount",
                 "type");
    expect_fault("{\"name\":\"ab\",\"amount\":{\"value\":\"01\",\"currency\":\"CNY\"}}", "/amount",
                 "format");
    expect_fault("{\"name\":\"ab\",\"amount\":{\"value\":\"1\",\"currency\":\"cny\"}}", "/amount",
                 "format");
    expect_fault("{\"name\":\"ab\",\"inner\":{}}", "/inner/count", "missing");
    expect_fault("{\"name\":\"ab\",\"inner\":{\"count\":1,\"x\":2}}", "/inner/x", "unknown");
}

static void collects_all_faults(void **state)
{
    (void)state;
    struct fixture f;
    assert_int_equal(fill(&f, "{\"kind\":\"x\",\"number\":0,\"zzz\":1}"), CODE_REQUEST_INVALID);
    assert_int_equal(f.problem.field_count, 4);
    end(&f);
}

static void reads_money(void **state)
{
    (void)state;
    int64_t minor = -1;
    assert_true(net_money_minor(&minor, "0.01", 2));
    assert_int_equal(minor, 1);
    assert_true(net_money_minor(&minor, "12.3", 2));
    assert_int_equal(minor, 1230);
    assert_true(net_money_minor(&minor, "9999999999999.99", 2));
    assert_int_equal(minor, 999999999999999);
    assert_true(net_money_minor(&minor, "7", 0));
    assert_int_equal(minor, 7);
    assert_false(net_money_minor(&minor, "7.5", 0));
    static const char *const bad[] = {
        "",    "-1", "+1", "01", "1.",  ".5", "1.234", "1e3",
        "1,0", " 1", "1 ", "٣",  "0x1", "00", "1.2.3", "12345678901234"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(net_money_minor(&minor, bad[i], 2));
}

// A name that nobody asked for is repeated in the refusal: escaped, cut where a character ends.
static void unknown_names_are_told_as_text(void **state)
{
    (void)state;
    static const struct {
        const char *name, *pointer;
    } rows[] = {
        {"a/b~c", "/a~1b~0c"},
        {"x张张张张张张张张张张张张张张张张张张张张张张张张",
         "/x张张张张张张张张张张张张张张张张张张张张"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct problem problem = {0};
        struct net_json *json = NULL;
        struct arena *arena = arena_new();
        struct buffer text = {0};
        buffer_format(&text, "{\"%s\":1}", rows[i].name);
        assert_int_equal(net_json_parse(&json, text.data, text.size), OK);
        assert_int_equal(net_json_fill(NULL, json, NULL, 0, arena, "", &problem),
                         CODE_REQUEST_INVALID);
        assert_string_equal(problem.fields[0].pointer, rows[i].pointer);
        net_json_free(&json);
        buffer_free(&text);
        arena_free(&arena);
    }
}

struct lined {
    const char *memo;
};

// What another person will read: one line, nothing unseen, nothing that turns it around. AB-24
// AB-25
static void lines_are_what_they_look_like(void **state)
{
    (void)state;
    static const struct net_json_field fields[] = {
        {"memo", NET_JSON_LINE, true, offsetof(struct lined, memo), 0, 120, NULL, NULL, 0}};
    static const struct {
        const char *text;
        bool good;
    } rows[] = {
        {"", true},
        {"谢谢你的午饭 🍜", true},
        {"👩\u200d🍳 joined", true},
        {"a\\nb=c", false}, // a JSON escape for a line break
        {"a\\u0000b", false},
        {"a\\u0085b", false},
        {"\u202e00.1 退款", false},
        {"\u2066isolate\u2069", false},
        {"zero\u200bwidth", false},
        {"\ufeff", false},
        {"tag\U000E0041", false},
        {"\u061c", false},
        {"\u2028", false},
        {"\u3164", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct lined lined = {NULL};
        struct problem problem = {0};
        struct net_json *json = NULL;
        struct arena *arena = arena_new();
        struct buffer text = {0};
        buffer_format(&text, "{\"memo\":\"%s\"}", rows[i].text);
        enum code code = net_json_parse(&json, text.data, text.size);
        if (code == OK)
            code = net_json_fill(&lined, json, fields, 1, arena, "", &problem);
        if ((code == OK) != rows[i].good)
            fail_msg("row %zu: %d", i, code);
        if (json != NULL)
            net_json_free(&json);
        buffer_free(&text);
        arena_free(&arena);
    }
}

static void writes_and_escapes(void **state)
{
    (void)state;
    struct buffer out = {0};
    struct net_json_writer writer = {&out, false}, *w = &writer;
    const struct id zero = {{0}};
    net_json_begin_object(w, NULL);
    net_json_string(w, "a\"", "\"\\\n\t\x01</script>张");
    net_json_string(w, "n", NULL);
    net_json_begin_array(w, "l");
    net_json_int(w, NULL, INT64_MIN);
    net_json_bool(w, NULL, false);
    net_json_begin_object(w, NULL);
    net_json_end_object(w);
    net_json_end_array(w);
    net_json_money(w, "m", -5, 2, "CNY");
    net_json_money(w, "z", 123456, 0, "JPY");
    net_json_money(w, "x", 100, 2, "CNY");
    net_json_time(w, "t", 0);
    net_json_id(w, "i", "crd", &zero);
    net_json_raw(w, "r", "[1]", 3);
    net_json_end_object(w);
    assert_string_equal(out.data,
                        "{\"a\\\"\":\"\\\"\\\\\\n\\t\\u0001\\u003c/script>张\",\"n\":null,"
                        "\"l\":[-9223372036854775808,false,{}],"
                        "\"m\":{\"value\":\"-0.05\",\"currency\":\"CNY\"},"
                        "\"z\":{\"value\":\"123456\",\"currency\":\"JPY\"},"
                        "\"x\":{\"value\":\"1.00\",\"currency\":\"CNY\"},"
                        "\"t\":null,\"i\":null,\"r\":[1]}");
    assert_int_equal(parse(out.data, out.size), OK);
    buffer_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_what_is_not_strict),
        cmocka_unit_test(bounds_depth_and_keys),
        cmocka_unit_test(fills_a_struct),
        cmocka_unit_test(names_each_fault),
        cmocka_unit_test(collects_all_faults),
        cmocka_unit_test(reads_money),
        cmocka_unit_test(unknown_names_are_told_as_text),
        cmocka_unit_test(lines_are_what_they_look_like),
        cmocka_unit_test(writes_and_escapes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
