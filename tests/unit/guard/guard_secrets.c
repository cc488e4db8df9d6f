// rooms: guard party vault books ledger money db base
// Rules for new passwords and PINs: a table of what is refused, and why.
#include "unit/small_world.h"

static struct guard_profiles *profiles;

static const char *const TAILS[] = {"123789", "665544", "2073"};
static const struct guard_known KNOWN = {.name = "Wang Fang",
                                         .phone = "13800138000",
                                         .id_number = "320124198808240056",
                                         .wallet_number = "6688305917264415",
                                         .birth_date = 19880824,
                                         .card_tails = TAILS,
                                         .card_tail_count = 3};
static const struct guard_known NOBODY = {.name = NULL};

static int load(void **state)
{
    char reason[256] = "";
    (void)state;
    log_set_level(LOG_ERROR + 1);
    if (guard_profiles_load(&profiles, SOURCE_DIR "/spec/profiles",
                            time_business_date(SMALL_START_US), reason) != OK)
        fail_msg("%s", reason);
    return 0;
}

static int unload(void **state)
{
    (void)state;
    guard_profiles_free(&profiles);
    return 0;
}

// "a b" in the order of the rules; "" = accepted.
static void password_reasons(char out[512], const char *password, const struct guard_known *known)
{
    struct problem problem = {0};
    const enum code code = guard_password_rules(profiles, password, known, &problem);
    size_t used = 0;
    out[0] = '\0';
    assert_int_equal(code, problem.field_count > 0 ? CODE_PASSWORD_WEAK : OK);
    for (size_t i = 0; i < problem.field_count; i++) {
        assert_string_equal(problem.fields[i].pointer, "/password");
        assert_int_equal(problem.fields[i].code, CODE_PASSWORD_WEAK);
        used += (size_t)snprintf(out + used, 512 - used, "%s%s", i > 0 ? " " : "",
                                 problem.fields[i].reason + strlen("password."));
    }
}

#define LONGEST "Rk7-vLm2.qTz9_hWp4 Jx6=bNc8+Yd3!fGs5 uEa1?oQi7,Mr2/kVt9:wHl4 zyy" // 64

// REQ-030
static void passwords(void **state)
{
    static const struct {
        const char *password, *reasons;
    } cases[] = {
        // accepted
        {"kettle7river", ""},
        {"correct horse battery", ""},
        {"数字钱包密码很长很长很长很长啊", ""},
        {"水壶river7四条河流过", ""},
        {"Zebra-41-lantern", ""},
        {"violin4squ", ""},
        {LONGEST, ""},
        // length, in characters
        {"violin4sq", "length"},
        {"", "length classes common"},
        {"四条河流过水壶7", "length"},
        {"abc12345", "length common"},
        {LONGEST "y", "length"},
        // letters and digits, or fifteen of any kind
        {"violinsquirrel", "classes"},
        {"violinsquirrels", ""},
        {"79265308142679", "classes common"},
        {"violin\tsquirrel7", "classes"},
        {"violin7\xE2\x80\xAEsquirrel", "classes"},
        {"violin7\xE2\x81\xA6squirrel", "classes"},
        {"violin7\xFFsquirrel", "length classes"},
        // words of the list, runs and rows cover all letters
        {"password1234", "common"},
        {"P@ssw0rd!2026", "common"},
        {"1qaz2wsx3edc", "common"},
        {"qwertyuiop12", "common"},
        {"asdfghjkl;123", "common"},
        {"abcdefghij", "classes common"},
        {"aaaaaaaaaaaaaaa", "common"},
        {"iloveyou520520", "common"},
        {"woaini1314520", "common"},
        {"TongBao2026!!", "common"},
        {"我的钱包密码20260601", "common"},
        {"dragon.tiger.99", "common"},
        {"dragon.tigers.99", ""},
        // the list of leaked passwords: whole, without digits at the ends, with digits for letters
        {"1q2w3e4r5t6y", "common"},
        {"Immortal2026", "common"},
        {"2026.Immortal!", "common"},
        {"1mm0rt4l2026", "common"},
        {"immortal2026kettle", ""},
        // the same in full-width letters: counted and compared in NFKC
        {"ｐａｓｓｗｏｒｄ1234", "common"},
        {"ｋｅｔｔｌｅ７ｒｉｖｅｒ", ""},
        // six neighbouring digits of what is known
        {"13800138000a", "phone"},
        {"kettle 001380 x", "phone"},
        {"kettle 01380 x7", ""},
        {"river19880824x", "id"},
        {"kettle3201x24", ""},
        // the whole name, eight digits of the wallet number
        {"wang fang kettle 7", "name"},
        {"WANG FANG kettle 7", "name"},
        {"fang wang kettle 7", ""},
        {"kettle30591726r", "common"},
        {"kettle3059172r", ""},
    };
    char reasons[512];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        password_reasons(reasons, cases[i].password, &KNOWN);
        if (!text_equal(reasons, cases[i].reasons))
            fail_msg("\"%s\": \"%s\", expected \"%s\"", cases[i].password, reasons,
                     cases[i].reasons);
    }
}

// Whatever is known of the person is unknown to these: nothing of it is refused.
static void passwords_of_nobody(void **state)
{
    char reasons[512];
    static const char *const fine[] = {"13800138000a", "river19880824x", "wang fang kettle 7",
                                       "kettle30591726r"};
    (void)state;
    for (size_t i = 0; i < sizeof fine / sizeof fine[0]; i++) {
        password_reasons(reasons, fine[i], &NOBODY);
        assert_string_equal(reasons, "");
    }
}

// The X at the end of an ID number counts in either case.
static void id_number_with_x(void **state)
{
    const struct guard_known known = {.id_number = "11010519491231002X"};
    char reasons[512];
    (void)state;
    password_reasons(reasons, "kettle31002xriver", &known);
    assert_string_equal(reasons, "id");
    password_reasons(reasons, "kettle31002Xriver", &known);
    assert_string_equal(reasons, "id");
    password_reasons(reasons, "kettle1002Xriver", &known);
    assert_string_equal(reasons, "");
}

// REQ-030: too near to the old one, when that was given.
static void near_the_old_one(void **state)
{
    static const struct {
        const char *old, *password, *reasons;
    } cases[] = {
        {"kettle7river", "kettle7river", "similar"},
        {"kettle7river", "kettle7rivers", "similar"},
        {"kettle7river", "kettle7river!!!", "similar"},
        {"kettle7river", "kettle7river!!!x", ""},
        {"kettle7river", "Kettle7RIver", "similar"},
        {"kettle7river", "KETTle7river", ""},
        {"水壶河流七条水壶河流七条水壶河", "水壶河流八条水壶河流九条水壶海", "similar"},
        {"ｋｅｔｔｌｅ７ｒｉｖｅｒ", "kettle7river", "similar"},
    };
    char reasons[512];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct guard_known known = {.old_password = cases[i].old};
        password_reasons(reasons, cases[i].password, &known);
        if (!text_equal(reasons, cases[i].reasons))
            fail_msg("\"%s\": \"%s\", expected \"%s\"", cases[i].password, reasons,
                     cases[i].reasons);
    }
}

static void several_rules_are_all_named(void **state)
{
    char reasons[512];
    (void)state;
    password_reasons(reasons, "wang fang 13800138000 19880824", &KNOWN);
    assert_string_equal(reasons, "phone id name");
    password_reasons(reasons, "001380", &KNOWN);
    assert_string_equal(reasons, "length classes common phone");
}

static void pins(void **state)
{
    static const struct {
        const char *pin, *reason;
    } cases[] = {
        {"836152", NULL},           {"907341", NULL},
        {"000000", "pin.same"},     {"111111", "pin.same"},
        {"123456", "pin.run"},      {"987654", "pin.run"},
        {"890123", "pin.run"},      {"210987", "pin.run"},
        {"121212", "pin.repeat2"},  {"123123", "pin.repeat3"},
        {"907907", "pin.repeat3"},  {"138001", "pin.phone"},
        {"380013", "pin.phone"},    {"800138", "pin.phone"},
        {"001380", "pin.phone"},    {"013800", "pin.phone"},
        {"138000", "pin.phone"},    {"880824", "pin.birthday"},
        {"082488", "pin.birthday"}, {"240888", "pin.birthday"},
        {"240056", "pin.id"},       {"320124", "pin.id"},
        {"123789", "pin.card"},     {"665544", "pin.card"},
        {"912073", "pin.card"},     {"207391", NULL},
        {"520131", "pin.common"},   {"", "pin.form"},
        {"83615", "pin.form"},      {"8361520", "pin.form"},
        {"83615x", "pin.form"},     {"83 152", "pin.form"},
        {"-83615", "pin.form"},     {"８３６１５２", "pin.form"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct problem problem = {0};
        const enum code code = guard_pin_rules(profiles, cases[i].pin, &KNOWN, &problem);
        assert_int_equal(code, cases[i].reason == NULL ? OK : CODE_PIN_WEAK);
        if (cases[i].reason == NULL)
            continue;
        assert_int_equal(problem.code, CODE_PIN_WEAK);
        assert_int_equal(problem.field_count, 1);
        assert_string_equal(problem.fields[0].pointer, "/pin");
        if (!text_equal(problem.fields[0].reason, cases[i].reason))
            fail_msg("%s: %s, expected %s", cases[i].pin, problem.fields[0].reason,
                     cases[i].reason);
    }
}

// What is refused for a person only because of what is known of them.
static void pins_of_nobody(void **state)
{
    static const char *const fine[] = {"138001", "380013", "880824", "082488",
                                       "240888", "240056", "320124", "665544"};
    (void)state;
    for (size_t i = 0; i < sizeof fine / sizeof fine[0]; i++)
        assert_int_equal(guard_pin_rules(profiles, fine[i], &NOBODY, NULL), OK);
}

// A child of the year 2000: leading zeros are digits of the date like others.
static void birthday_with_zeros(void **state)
{
    const struct guard_known known = {.birth_date = 20000105};
    static const char *const refused[] = {"000105", "010500", "050100"};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct problem problem = {0};
        assert_int_equal(guard_pin_rules(profiles, refused[i], &known, &problem), CODE_PIN_WEAK);
        assert_string_equal(problem.fields[0].reason, "pin.birthday");
    }
    assert_int_equal(guard_pin_rules(profiles, "000105", &NOBODY, NULL), OK);
}

// Of a million PINs, how many are left to somebody of whom nothing is known? The rules must not
// make the rest easier to guess than they are.
static void most_pins_are_left(void **state)
{
    int refused = 0;
    char pin[16];
    (void)state;
    for (int n = 0; n < 1000000; n++) {
        (void)snprintf(pin, sizeof pin, "%06d", n);
        refused += guard_pin_rules(profiles, pin, &NOBODY, NULL) != OK;
    }
    // 10 same, 20 runs, 90 + 990 repeats without the same, and the list of 100 beside them.
    assert_in_range(refused, 1100, 1210);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(passwords),
        cmocka_unit_test(passwords_of_nobody),
        cmocka_unit_test(id_number_with_x),
        cmocka_unit_test(near_the_old_one),
        cmocka_unit_test(several_rules_are_all_named),
        cmocka_unit_test(pins),
        cmocka_unit_test(pins_of_nobody),
        cmocka_unit_test(birthday_with_zeros),
        cmocka_unit_test(most_pins_are_left),
    };
    return cmocka_run_group_tests_name("secrets", tests, load, unload);
}
