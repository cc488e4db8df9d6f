// The working-day clock: walks from day to day, each looked up in its own year's calendar.
#include "guard/guard_workdays.h"
#include "guard/profiles_priv.h"

#include <stdatomic.h>
#include <stdio.h>

static const int64_t DAY_US = INT64_C(86400000000);
static const int64_t MINUTE_US = INT64_C(60000000);
// Office hours where no calendar says others.
enum { OPENS_MINUTE = 9 * 60, CLOSES_MINUTE = 17 * 60, DAYS_MAX = 260 };

static _Atomic int64_t inexact;

static const struct profile *calendar_of(const struct guard_profiles *profiles, int32_t date)
{
    for (const struct profile *p = profiles->all; p != NULL; p = p->next)
        if (p->kind == PROFILE_WORKDAYS && p->edition.effective <= date &&
            (p->edition.until == 0 || date <= p->edition.until))
            return p;
    return NULL;
}

static bool listed(const int32_t *dates, size_t count, int32_t date)
{
    for (size_t i = 0; i < count; i++)
        if (dates[i] == date)
            return true;
    return false;
}

// 1970-01-01 was a Thursday.
static bool is_weekend(int64_t day_start_us)
{
    const int64_t days = (day_start_us + 8 * 60 * MINUTE_US) / DAY_US;
    const int64_t weekday = (days + 4) % 7; // 0 = Sunday
    return weekday == 0 || weekday == 6;
}

static bool works(const struct guard_profiles *profiles, int64_t day_start_us, bool *exact)
{
    const int32_t date = time_business_date(day_start_us);
    const struct profile *calendar = calendar_of(profiles, date);
    if (calendar == NULL) {
        *exact = false;
        return !is_weekend(day_start_us);
    }
    if (listed(calendar->workdays.makeup, calendar->workdays.makeup_count, date))
        return true;
    return !listed(calendar->workdays.holidays, calendar->workdays.holiday_count, date) &&
           !is_weekend(day_start_us);
}

static void hours_of(const struct guard_profiles *profiles, int64_t day_start_us,
                     int64_t *out_opens_us, int64_t *out_closes_us)
{
    const struct profile *calendar = calendar_of(profiles, time_business_date(day_start_us));
    const int32_t opens = calendar != NULL ? calendar->workdays.opens_minute : OPENS_MINUTE;
    const int32_t closes = calendar != NULL ? calendar->workdays.closes_minute : CLOSES_MINUTE;
    *out_opens_us = day_start_us + opens * MINUTE_US;
    *out_closes_us = day_start_us + closes * MINUTE_US;
}

static int64_t next_workday(const struct guard_profiles *profiles, int64_t day_start_us,
                            bool *exact)
{
    do
        day_start_us += DAY_US;
    while (!works(profiles, day_start_us, exact));
    return day_start_us;
}

// The moment itself in office hours, else the next opening.
static int64_t clock_starts(const struct guard_profiles *profiles, int64_t at_us, bool *exact)
{
    int64_t day = time_business_day_start(at_us), opens, closes;
    hours_of(profiles, day, &opens, &closes);
    const bool working_day = works(profiles, day, exact);
    if (working_day && at_us >= opens && at_us < closes)
        return at_us;
    if (!working_day || at_us >= closes)
        day = next_workday(profiles, day, exact);
    hours_of(profiles, day, &opens, &closes);
    return opens;
}

void guard_deadline(const struct guard_profiles *profiles, int64_t opened_us, int32_t working_days,
                    int64_t *out_due_us, bool *out_exact)
{
    bool exact = true;
    const int64_t start = clock_starts(profiles, opened_us, &exact);
    int64_t day = time_business_day_start(start);
    const int64_t time_of_day = start - day;
    for (int32_t i = 0; i < working_days && i < DAYS_MAX; i++)
        day = next_workday(profiles, day, &exact);
    *out_due_us = day + time_of_day;
    if (out_exact != NULL)
        *out_exact = exact;
    if (exact)
        return;
    atomic_fetch_add(&inexact, 1);
    log_event(LOG_ERROR, "workdays.missing", LOG_INT("year", time_business_year(*out_due_us)));
}

bool guard_is_workday(const struct guard_profiles *profiles, int32_t date, bool *out_known)
{
    char text[40];
    int64_t at_us = 0;
    bool exact = true;
    (void)snprintf(text, sizeof text, "%04d-%02d-%02dT04:00:00Z", date / 10000, date / 100 % 100,
                   date % 100);
    if (!time_parse_utc(&at_us, text))
        return false;
    const bool answer = works(profiles, time_business_day_start(at_us), &exact);
    if (out_known != NULL)
        *out_known = exact;
    return answer;
}

int64_t guard_deadlines_inexact(void)
{
    return atomic_load(&inexact);
}
