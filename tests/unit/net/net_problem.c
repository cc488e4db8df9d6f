// rooms: net base
// Refusals in both languages: every code renders, placeholders are filled, and the document is RFC
// 9457.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "net/net.h"

// 2025-11-22 04:31:07 UTC = 12:31 in Shanghai.
static const int64_t now_us = 1763785867000000;

static struct net_problem_frame frame(bool english)
{
    return (struct net_problem_frame){
        .public_url = "https://wallet.example.org",
        .instance = "/api/v1/transfers",
        .request_id = "req_0190a2b4c6d87c3398c4dc0c0c07398f",
        .english = english,
        .now_us = now_us,
    };
}

static void expect_text(const struct problem *problem, bool english, const char *expected)
{
    struct buffer out = {0};
    const struct net_problem_frame at = frame(english);
    net_problem_text(&out, problem, &at);
    assert_string_equal(out.data, expected);
    buffer_free(&out);
}

static void fills_amounts(void **state)
{
    (void)state;
    struct problem problem = {.code = CODE_BALANCE_INSUFFICIENT, .amount = 123456789};
    expect_text(&problem, false, "余额不足，还差 ¥1,234,567.89。未扣款。");
    expect_text(&problem, true, "¥1,234,567.89 short. Not charged.");
    problem.amount = 5;
    expect_text(&problem, false, "余额不足，还差 ¥0.05。未扣款。");
    (void)text_copy(problem.currency, sizeof problem.currency, "USD");
    expect_text(&problem, true, "USD 0.05 short. Not charged.");
    (void)text_copy(problem.currency, sizeof problem.currency, "JPY");
    problem.amount = 1500;
    expect_text(&problem, true, "JPY 1,500 short. Not charged.");
    const struct problem limit = {.code = CODE_LIMIT_EXCEEDED, .limit = 100000, .left = 0};
    expect_text(&limit, false, "超过限额 ¥1,000.00，还可付 ¥0.00。未扣款。");
}

static void fills_times(void **state)
{
    (void)state;
    struct problem problem = {.code = CODE_PIN_LOCKED, .until_us = now_us};
    expect_text(&problem, false, "支付密码已锁定到 今天 12:31。未扣款。");
    expect_text(&problem, true, "PIN locked until 12:31 today. Not charged.");
    problem.until_us = now_us + 86400000000;
    expect_text(&problem, false, "支付密码已锁定到 明天 12:31。未扣款。");
    problem.until_us = now_us + 10 * 86400000000;
    expect_text(&problem, false, "支付密码已锁定到 12月2日 12:31。未扣款。");
    expect_text(&problem, true, "PIN locked until 12:31 on 2 Dec. Not charged.");
    // 23:59 in Shanghai and one minute later: the day changes there, not in UTC.
    problem.until_us = now_us + (11 * 60 + 29) * 60000000LL;
    expect_text(&problem, true, "PIN locked until 00:00 tomorrow. Not charged.");
}

static void fills_numbers_and_names(void **state)
{
    (void)state;
    struct problem problem = {.code = CODE_PIN_WRONG, .tries_left = 3};
    expect_text(&problem, false, "支付密码不正确，还可试 3 次。未扣款。");
    problem = (struct problem){.code = CODE_OTP_TOO_MANY, .retry_after_s = 42};
    expect_text(&problem, true, "Too many requests. Try again in 42 s.");
    problem = (struct problem){.code = CODE_BANK_MAINTENANCE, .subject = "长河银行"};
    expect_text(&problem, false, "长河银行维护中，请稍后再试或换卡。未扣款。");
    problem = (struct problem){.code = CODE_INTERNAL};
    expect_text(&problem, true, "Our fault. Try later. Ref 0C07398F.");
}

static void no_code_leaves_a_placeholder(void **state)
{
    (void)state;
    for (int code = 1; code < CODE_COUNT; code++) {
        const struct problem problem = {.code = (enum code)code, .until_us = now_us};
        for (int english = 0; english < 2; english++) {
            struct buffer out = {0};
            const struct net_problem_frame at = frame(english != 0);
            net_problem_text(&out, &problem, &at);
            assert_null(strpbrk(out.data, "{}"));
            assert_true(text_valid_utf8(out.data, out.size, NULL));
            buffer_free(&out);
        }
    }
}

static struct net_json *document(const struct problem *problem, bool english, struct buffer *out)
{
    const struct net_problem_frame at = frame(english);
    struct net_json *json = NULL;
    net_problem_render(out, problem, &at);
    assert_int_equal(net_json_parse(&json, out->data, out->size), OK);
    return json;
}

static const char *text_at(const struct net_json *json, const char *name)
{
    return net_json_as_text(net_json_member(json, name));
}

static void document_has_all_members(void **state)
{
    (void)state;
    struct problem problem;
    struct buffer out = {0};
    (void)problem_set(&problem, CODE_BALANCE_INSUFFICIENT, CHARGED_NO);
    problem.amount = 2350;
    problem.retry_after_s = 7;
    (void)problem_field(&problem, "/amount", CODE_BALANCE_INSUFFICIENT, "balance");
    struct net_json *json = document(&problem, false, &out);
    assert_string_equal(text_at(json, "type"),
                        "https://wallet.example.org/docs/errors/balance-insufficient");
    assert_string_equal(text_at(json, "title"), "余额不足");
    assert_string_equal(text_at(json, "detail"), "余额不足，还差 ¥23.50。未扣款。");
    assert_string_equal(text_at(json, "instance"), "/api/v1/transfers");
    assert_string_equal(text_at(json, "code"), "balance-insufficient");
    assert_string_equal(text_at(json, "request_id"), "req_0190a2b4c6d87c3398c4dc0c0c07398f");
    int64_t number = 0;
    assert_true(net_json_as_int(&number, net_json_member(json, "status")));
    assert_int_equal(number, 409);
    assert_true(net_json_as_int(&number, net_json_member(json, "retry_after")));
    assert_int_equal(number, 7);
    bool charged = true;
    assert_true(net_json_as_bool(&charged, net_json_member(json, "charged")));
    assert_false(charged);
    const struct net_json *amount = net_json_member(net_json_member(json, "params"), "amount");
    assert_string_equal(text_at(amount, "value"), "23.50");
    const struct net_json *field = net_json_item(net_json_member(json, "errors"), 0);
    assert_string_equal(text_at(field, "pointer"), "/amount");
    assert_string_equal(text_at(field, "reason"), "balance");
    assert_string_equal(net_json_as_text(net_json_item(net_json_member(json, "actions"), 0)),
                        "topup");
    net_json_free(&json);
    buffer_free(&out);
}

static void charged_is_only_said_where_money_was(void **state)
{
    (void)state;
    struct problem problem;
    struct buffer out = {0};
    (void)problem_set(&problem, CODE_LOGIN_REQUIRED, CHARGED_NOT_INVOLVED);
    struct net_json *json = document(&problem, true, &out);
    assert_null(net_json_member(json, "charged"));
    assert_string_equal(text_at(json, "title"), "Login required");
    net_json_free(&json);
    out.size = 0;
    (void)problem_set(&problem, CODE_RESULT_UNKNOWN, CHARGED_UNKNOWN);
    json = document(&problem, true, &out);
    assert_string_equal(text_at(json, "charged"), "unknown");
    net_json_free(&json);
    buffer_free(&out);
}

static void every_code_renders(void **state)
{
    (void)state;
    for (int code = 1; code < CODE_COUNT; code++) {
        struct problem problem;
        struct buffer out = {0};
        (void)problem_set(&problem, (enum code)code, CHARGED_NO);
        struct net_json *json = document(&problem, code % 2 == 0, &out);
        assert_string_equal(text_at(json, "code"), error_slug((enum code)code));
        assert_true(strlen(text_at(json, "title")) > 0);
        net_json_free(&json);
        buffer_free(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fills_amounts),
        cmocka_unit_test(fills_times),
        cmocka_unit_test(fills_numbers_and_names),
        cmocka_unit_test(no_code_leaves_a_placeholder),
        cmocka_unit_test(document_has_all_members),
        cmocka_unit_test(charged_is_only_said_where_money_was),
        cmocka_unit_test(every_code_renders),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
