// rooms: guard party vault books ledger money db base
// Limits at their boundaries, from the shipped profiles: what is refused names its rule, limit and
// what is left. REQ-102 Profiles that lack source or effective date, or hold an unknown key, stop
// the start. Codes keep their counters.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guard/guard_limits.h"

static struct guard_profiles *profiles;
static const int64_t NOON = INT64_C(1796184000000000); // 2026-12-02 12:00 in Shanghai
static const int64_t DAY = INT64_C(86400000000);

static struct guard_wallet wallet_of(int32_t wallet_class)
{
    return (struct guard_wallet){.account = 1, .wallet_class = wallet_class, .nopin = true};
}

static enum code pay(struct guard_wallet *wallet, enum guard_channel channel, int64_t amount,
                     bool pin, int64_t at_us, struct problem *problem)
{
    const struct guard_payment payment = {channel, amount, pin, at_us, false};
    *problem = (struct problem){0};
    const enum code code = guard_limits_check(wallet, profiles, &payment, problem);
    if (code == OK)
        guard_limits_count(wallet, &payment);
    return code;
}

static void assert_refused(enum code code, const struct problem *problem, const char *rule,
                           int64_t left)
{
    assert_int_equal(code, CODE_LIMIT_EXCEEDED);
    assert_string_equal(problem->rule, rule);
    assert_true(problem->left == left);
    assert_int_equal(problem->charged, CHARGED_NO);
}

static void class_4_boundaries(void **state)
{
    (void)state;
    struct problem problem;
    struct guard_wallet wallet = wallet_of(4);
    const enum guard_channel transfer = GUARD_CHANNEL_TRANSFER;
    assert_refused(pay(&wallet, transfer, 200001, true, NOON, &problem), &problem, "limit.tx",
                   200000);
    assert_int_equal(pay(&wallet, transfer, 200000, true, NOON, &problem), OK);
    assert_int_equal(pay(&wallet, transfer, 200000, true, NOON, &problem), OK);
    assert_int_equal(pay(&wallet, transfer, 99999, true, NOON, &problem), OK);
    assert_refused(pay(&wallet, transfer, 2, true, NOON, &problem), &problem, "limit.day", 1);
    assert_int_equal(pay(&wallet, transfer, 1, true, NOON, &problem), OK);
    assert_refused(pay(&wallet, transfer, 1, true, NOON, &problem), &problem, "limit.day", 0);
    assert_int_equal(pay(&wallet, transfer, 1, true, NOON + DAY, &problem), OK);
}

// 23:59:59.999999 counts on the old day, 00:00:00 on the new one.
static void the_day_changes_at_midnight_in_shanghai(void **state)
{
    (void)state;
    struct problem problem;
    struct guard_wallet wallet = wallet_of(4);
    const int64_t midnight = time_business_day_start(NOON) + DAY;
    for (int i = 0; i < 5; i++)
        assert_int_equal(pay(&wallet, GUARD_CHANNEL_TRANSFER, 100000, true, NOON, &problem), OK);
    assert_refused(pay(&wallet, GUARD_CHANNEL_TRANSFER, 100, true, midnight - 1, &problem),
                   &problem, "limit.day", 0);
    assert_int_equal(pay(&wallet, GUARD_CHANNEL_TRANSFER, 100, true, midnight, &problem), OK);
    assert_true(wallet.day_used == 100);
}

static void the_year_has_its_own_limit(void **state)
{
    (void)state;
    struct problem problem;
    struct guard_wallet wallet = wallet_of(4);
    const int64_t march = NOON - 250 * DAY;
    for (int day = 0; day < 10; day++)
        for (int i = 0; i < 5; i++)
            assert_int_equal(pay(&wallet, GUARD_CHANNEL_TRANSFER,
                                 day == 9 && i == 4 ? 99900 : 100000, true, march + day * DAY,
                                 &problem),
                             OK);
    assert_refused(pay(&wallet, GUARD_CHANNEL_TRANSFER, 101, true, march + 20 * DAY, &problem),
                   &problem, "limit.year", 100);
    assert_int_equal(pay(&wallet, GUARD_CHANNEL_TRANSFER, 100, true, march + 20 * DAY, &problem),
                     OK);
    assert_int_equal(pay(&wallet, GUARD_CHANNEL_TRANSFER, 101, true, NOON + 60 * DAY, &problem),
                     OK);
}

// Grades D (static code), C (no PIN) and B (PIN) have counters of their own.
static void grades(void **state)
{
    (void)state;
    struct problem problem;
    struct guard_wallet wallet = wallet_of(2);
    assert_int_equal(pay(&wallet, GUARD_CHANNEL_SCAN_STATIC, 49999, true, NOON, &problem), OK);
    assert_refused(pay(&wallet, GUARD_CHANNEL_SCAN_STATIC, 2, true, NOON, &problem), &problem,
                   "limit.barcode.grade_d", 1);
    assert_int_equal(pay(&wallet, GUARD_CHANNEL_SCAN_STATIC, 1, true, NOON, &problem), OK);
    assert_int_equal(pay(&wallet, GUARD_CHANNEL_PAYCODE, 99999, false, NOON, &problem), OK);
    assert_int_equal(pay(&wallet, GUARD_CHANNEL_PAYCODE, 2, false, NOON, &problem),
                     CODE_PIN_REQUIRED);
    assert_string_equal(problem.rule, "nopin.grade_c");
    assert_int_equal(pay(&wallet, GUARD_CHANNEL_PAYCODE, 1, false, NOON, &problem), OK);
    assert_int_equal(pay(&wallet, GUARD_CHANNEL_PAYCODE, 500000, true, NOON, &problem), OK);
    assert_refused(pay(&wallet, GUARD_CHANNEL_PAYCODE, 1, true, NOON, &problem), &problem,
                   "limit.barcode.grade_b", 0);
}

static void small_payments_without_pin(void **state)
{
    (void)state;
    struct problem problem;
    struct guard_wallet wallet = wallet_of(2);
    assert_int_equal(pay(&wallet, GUARD_CHANNEL_PAYCODE, 100001, false, NOON, &problem),
                     CODE_PIN_REQUIRED);
    assert_string_equal(problem.rule, "nopin.tx");
    for (int i = 0; i < 10; i++)
        assert_int_equal(pay(&wallet, GUARD_CHANNEL_PAYCODE, 100, false, NOON, &problem), OK);
    assert_int_equal(guard_nopin_left(&wallet, profiles, NOON), 0);
    assert_int_equal(pay(&wallet, GUARD_CHANNEL_PAYCODE, 100, false, NOON, &problem),
                     CODE_PIN_REQUIRED);
    assert_string_equal(problem.rule, "nopin.count");
    assert_int_equal(guard_nopin_left(&wallet, profiles, NOON + DAY), 10);
    wallet.nopin = false;
    assert_int_equal(pay(&wallet, GUARD_CHANNEL_PAYCODE, 1, false, NOON + DAY, &problem),
                     CODE_PIN_REQUIRED);
    assert_string_equal(problem.rule, "nopin.off");
    assert_int_equal(pay(&wallet, GUARD_CHANNEL_TRANSFER, 1, false, NOON + DAY, &problem),
                     CODE_PIN_REQUIRED);
}

static void balance_limit(void **state)
{
    (void)state;
    struct problem problem = {0};
    const struct guard_wallet wallet = wallet_of(4);
    assert_int_equal(guard_balance_check(&wallet, profiles, 0, 1000000, NOON, &problem), OK);
    assert_int_equal(guard_balance_check(&wallet, profiles, 1000000, 1, NOON, &problem),
                     CODE_BALANCE_LIMIT);
    assert_true(problem.limit == 1000000 && problem.left == 0);
    const struct guard_wallet unlimited = wallet_of(1);
    assert_int_equal(guard_balance_check(&unlimited, profiles, INT64_C(1) << 52, 1, NOON, &problem),
                     OK);
}

static void meters_add_up(void **state)
{
    (void)state;
    struct problem problem;
    struct guard_wallet wallet = wallet_of(3);
    struct guard_meter meters[GUARD_METERS_MAX];
    assert_int_equal(pay(&wallet, GUARD_CHANNEL_PAYCODE, 500, false, NOON, &problem), OK);
    const size_t count = guard_meters(meters, &wallet, profiles, 777, NOON);
    assert_int_equal(count, 9);
    assert_string_equal(meters[1].rule, "limit.day");
    assert_true(meters[1].used == 500 && meters[1].frees_at_us > NOON);
    assert_true(meters[2].limit == GUARD_NO_LIMIT);
    assert_true(meters[3].used == 777 && meters[5].used == 1 && meters[7].used == 500);
}

// --- profiles ---

static void refuses(const char *name, const char *json, const char *expected)
{
    char folder[] = "/tmp/tongbao-profiles-XXXXXX", path[256], command[512], reason[256];
    struct guard_profiles *none = NULL;
    assert_non_null(mkdtemp(folder));
    snprintf(command, sizeof command, "cp " SOURCE_DIR "/spec/profiles/* %s/", folder);
    assert_int_equal(system(command), 0);
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    fputs(json, file);
    fclose(file);
    assert_int_equal(guard_profiles_load(&none, folder, 20261202, reason), CODE_INTERNAL);
    assert_null(none);
    assert_non_null(strstr(reason, expected));
    snprintf(command, sizeof command, "rm -rf %s", folder);
    assert_int_equal(system(command), 0);
}

static void bad_profiles_stop_the_start(void **state)
{
    (void)state;
#define PIN                                                                                        \
    "\"profile\":\"pin\",\"edition\":\"x\",\"status\":\"document\",\"digits\":6,\"history\":3"
    refuses("a.json", "{" PIN ",\"effective\":\"2027-01-01\"}", "source");
    refuses("a.json", "{" PIN ",\"source\":\"s\"}", "effective");
    refuses("a.json", "{" PIN ",\"source\":\"s\",\"effective\":\"2027-02-30\"}", "effective");
    refuses("a.json", "{" PIN ",\"source\":\"s\",\"effective\":\"2027-01-01\",\"more\":1}", "more");
    refuses("a.json", "{" PIN ",\"source\":\"s\",\"effective\":\"2026-01-01\"}", "two editions");
    refuses("a.json", "{", "not JSON");
    refuses("pin-2026-01-01.json", "{" PIN ",\"source\":\"s\",\"effective\":\"2027-01-01\"}",
            "no edition in force");
    static const char *const bad[] = {
        "\"\"",       "\"WXP://\"",    "\"wxp://f2f0\"", "\"://\"",
        "\"a b.cn\"", "\"qr.cn/pay\"", "\"qr.cn:443\"",  "7",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char json[512];
        (void)snprintf(json, sizeof json,
                       "{\"profile\":\"payment-code-prefixes\",\"edition\":\"x\",\"source\":\"s\","
                       "\"status\":\"document\",\"effective\":\"2027-01-01\",\"own\":{\"prefix\":"
                       "\"88\",\"length\":18,\"life_s\":60,\"renew_before_s\":10,\"grace_s\":10},"
                       "\"foreign\":{},\"addresses\":{\"wechat\":[\"u.wechat.com\",%s]}}",
                       bad[i]);
        refuses("a.json", json, "/addresses");
    }
}

// REQ-064
static void codes_and_cards_are_recognised(void **state)
{
    (void)state;
    const struct guard_card_bin *bin;
    assert_string_equal(guard_paycode_issuer(profiles, "881234567890123457", 20261202), "own");
    assert_null(guard_paycode_issuer(profiles, "881234567890123458", 20261202));
    assert_string_equal(guard_paycode_issuer(profiles, "134567890123456789", 20261202), "wechat");
    assert_string_equal(guard_paycode_issuer(profiles, "2812345678901234", 20261202), "alipay");
    assert_int_equal(guard_card_check(profiles, "6222020000000000", 20261202, &bin),
                     CODE_CARD_NUMBER_INVALID);
    assert_int_equal(guard_card_check(profiles, "6225881414207430", 20261202, &bin),
                     CODE_CARD_NOT_SUPPORTED);
    assert_int_equal(guard_phone_class(profiles, "13800138000", 20261202), GUARD_PHONE_ORDINARY);
    assert_int_equal(guard_phone_class(profiles, "17012345678", 20261202), GUARD_PHONE_MVNO);
    assert_int_equal(guard_phone_class(profiles, "13491234567", 20261202), GUARD_PHONE_REFUSED);
    assert_int_equal(guard_phone_class(profiles, "17406123456", 20261202), GUARD_PHONE_ORDINARY);
    assert_int_equal(guard_phone_class(profiles, "15412345678", 20261202), GUARD_PHONE_UNKNOWN);
}

static int set_up(void **state)
{
    (void)state;
    return guard_profiles_load(&profiles, SOURCE_DIR "/spec/profiles", 20261202, NULL) == OK ? 0
                                                                                             : -1;
}

static int tear_down(void **state)
{
    (void)state;
    guard_profiles_free(&profiles);
    return 0;
}

int main(void)
{
    log_set_level(LOG_ERROR + 1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(class_4_boundaries),
        cmocka_unit_test(the_day_changes_at_midnight_in_shanghai),
        cmocka_unit_test(the_year_has_its_own_limit),
        cmocka_unit_test(grades),
        cmocka_unit_test(small_payments_without_pin),
        cmocka_unit_test(balance_limit),
        cmocka_unit_test(meters_add_up),
        cmocka_unit_test(bad_profiles_stop_the_start),
        cmocka_unit_test(codes_and_cards_are_recognised),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
