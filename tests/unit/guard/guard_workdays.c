// rooms: guard party vault books ledger money db base
// The working-day clock: office hours, holidays, make-up weekends, a year without a calendar.
#include "unit/small_world.h"

#include "guard/guard_workdays.h"

static struct guard_profiles *profiles;

// All profiles but the real calendars, and the test's own.
static void load(const char *calendar)
{
    char folder[] = "/tmp/tongbao-workdays-XXXXXX", command[512], reason[256] = "", path[128];
    assert_non_null(mkdtemp(folder));
    (void)snprintf(command, sizeof command,
                   "cp " SOURCE_DIR "/spec/profiles/* %s && rm %s/workdays-*.json", folder, folder);
    assert_int_equal(system(command), 0);
    if (calendar != NULL) {
        (void)snprintf(path, sizeof path, "%s/workdays-2026-01-01.json", folder);
        FILE *file = fopen(path, "w");
        assert_non_null(file);
        assert_true(fputs(calendar, file) >= 0);
        assert_int_equal(fclose(file), 0);
    }
    if (guard_profiles_load(&profiles, folder, 20260601, reason) != OK)
        fail_msg("%s", reason);
    (void)snprintf(command, sizeof command, "rm -r %s", folder);
    assert_int_equal(system(command), 0);
}

static const char CALENDAR[] =
    "{\"profile\":\"workdays\",\"edition\":\"test\",\"source\":\"fixture\","
    "\"effective\":\"2026-01-01\",\"until\":\"2026-12-31\",\"status\":\"document\","
    "\"unverified\":[],\"opens\":\"09:00\",\"closes\":\"17:00\","
    "\"holidays\":[\"2026-10-01\",\"2026-10-02\",\"2026-10-03\",\"2026-10-04\",\"2026-10-05\","
    "\"2026-10-06\",\"2026-10-07\"],\"makeup\":[\"2026-09-27\",\"2026-10-10\"]}";

static int with_calendar(void **state)
{
    (void)state;
    log_set_level(LOG_ERROR + 1);
    load(CALENDAR);
    return 0;
}

static int without_calendar(void **state)
{
    (void)state;
    log_set_level(LOG_ERROR + 1);
    load(NULL);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    guard_profiles_free(&profiles);
    return 0;
}

// "2026-09-30 10:00" in Shanghai.
static int64_t at(const char *text)
{
    char utc[32];
    int64_t us;
    (void)snprintf(utc, sizeof utc, "%.10sT%s:00Z", text, text + 11);
    assert_true(time_parse_utc(&us, utc));
    return us - INT64_C(8) * 3600 * SMALL_SECOND_US;
}

// REQ-108: deadlines in working days, with the Chinese calendar.
static void vectors_of_the_working_day_clock(void **state)
{
    static const struct {
        const char *opened;
        int32_t days;
        const char *due;
    } vectors[] = {
        {"2026-09-30 10:00", 1, "2026-10-08 10:00"}, {"2026-09-30 18:30", 1, "2026-10-09 09:00"},
        {"2026-10-03 12:00", 1, "2026-10-09 09:00"}, {"2026-10-09 16:00", 1, "2026-10-10 16:00"},
        {"2026-10-09 16:00", 3, "2026-10-13 16:00"}, {"2026-09-26 12:00", 1, "2026-09-28 09:00"},
        {"2026-09-30 10:00", 3, "2026-10-10 10:00"}, {"2026-09-30 08:59", 1, "2026-10-08 09:00"},
        {"2026-09-30 17:00", 0, "2026-10-08 09:00"}, {"2026-09-30 16:59", 0, "2026-09-30 16:59"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        int64_t due;
        bool exact = false;
        guard_deadline(profiles, at(vectors[i].opened), vectors[i].days, &due, &exact);
        assert_int_equal(due, at(vectors[i].due));
        assert_true(exact);
    }
}

static void a_deadline_that_reaches_a_year_without_calendar_is_not_exact(void **state)
{
    int64_t due;
    bool exact = true;
    (void)state;
    const int64_t before = guard_deadlines_inexact();
    guard_deadline(profiles, at("2026-12-31 10:00"), 1, &due, &exact);
    assert_int_equal(due, at("2027-01-01 10:00")); // a Friday: counted, as nobody said otherwise
    assert_false(exact);
    assert_int_equal(guard_deadlines_inexact(), before + 1);
}

static void without_any_calendar_monday_to_friday_are_counted(void **state)
{
    int64_t due;
    bool exact = true, known = true;
    (void)state;
    guard_deadline(profiles, at("2026-10-02 10:00"), 1, &due, &exact);
    assert_int_equal(due, at("2026-10-05 10:00"));
    assert_false(exact);
    assert_false(guard_is_workday(profiles, 20261010, &known));
    assert_false(known);
}

static void the_real_calendar_of_2026_loads_and_knows_its_days(void **state)
{
    char reason[256] = "";
    bool known = false;
    (void)state;
    if (guard_profiles_load(&profiles, SOURCE_DIR "/spec/profiles", 20260601, reason) != OK)
        fail_msg("%s", reason);
    assert_true(guard_is_workday(profiles, 20260214, &known)); // a Saturday that is worked
    assert_true(known);
    assert_false(guard_is_workday(profiles, 20260216, NULL));
    assert_true(guard_is_workday(profiles, 20261125, NULL));
    assert_false(guard_is_workday(profiles, 20261128, NULL));
}

static void a_missing_calendar_does_not_stop_the_start(void **state)
{
    char reason[256] = "";
    (void)state;
    assert_int_equal(guard_profiles_load(&profiles, SOURCE_DIR "/spec/profiles", 20270601, reason),
                     OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(vectors_of_the_working_day_clock, with_calendar, tear_down),
        cmocka_unit_test_setup_teardown(
            a_deadline_that_reaches_a_year_without_calendar_is_not_exact, with_calendar, tear_down),
        cmocka_unit_test_setup_teardown(without_any_calendar_monday_to_friday_are_counted,
                                        without_calendar, tear_down),
        cmocka_unit_test_teardown(the_real_calendar_of_2026_loads_and_knows_its_days, tear_down),
        cmocka_unit_test_teardown(a_missing_calendar_does_not_stop_the_start, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
