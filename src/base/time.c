// Time: RFC 3339 in UTC, and the business calendar of Asia/Shanghai (UTC+8; no daylight saving
// since 1992).
#include "base/base.h"

enum { US_PER_S = 1000000 };
static const int64_t DAY_US = 86400LL * US_PER_S;
static const int64_t SHANGHAI_US = 8LL * 3600 * US_PER_S;

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0 ? 1 : 0);
}

// Days since 1970-01-01 <-> civil date (proleptic Gregorian; Howard Hinnant's algorithms).
static void civil_from_days(int64_t days, int *year, int *month, int *day)
{
    const int64_t z = days + 719468;
    const int64_t era = floor_div(z, 146097);
    const int64_t doe = z - era * 146097;
    const int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    const int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    const int64_t mp = (5 * doy + 2) / 153;
    *day = (int)(doy - (153 * mp + 2) / 5 + 1);
    *month = (int)(mp < 10 ? mp + 3 : mp - 9);
    *year = (int)(yoe + era * 400 + (*month <= 2 ? 1 : 0));
}

static int64_t days_from_civil(int year, int month, int day)
{
    const int64_t y = month <= 2 ? year - 1 : year;
    const int64_t era = floor_div(y, 400);
    const int64_t yoe = y - era * 400;
    const int64_t doy = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

int32_t time_business_date(int64_t now_us)
{
    int year, month, day;
    civil_from_days(floor_div(now_us + SHANGHAI_US, DAY_US), &year, &month, &day);
    return year * 10000 + month * 100 + day;
}

int32_t time_business_year(int64_t now_us)
{
    return time_business_date(now_us) / 10000;
}

int64_t time_business_day_start(int64_t now_us)
{
    return floor_div(now_us + SHANGHAI_US, DAY_US) * DAY_US - SHANGHAI_US;
}

static char *put_digits(char *out, int value, int count, char end)
{
    for (int i = count - 1; i >= 0; i--, value /= 10)
        out[i] = (char)('0' + value % 10);
    out[count] = end;
    return out + count + 1;
}

void time_format_utc(char out[32], int64_t at_us)
{
    int year, month, day;
    const int64_t days = floor_div(at_us, DAY_US);
    const int64_t rest = at_us - days * DAY_US;
    civil_from_days(days, &year, &month, &day);
    const int seconds = (int)(rest / US_PER_S);
    char *p = put_digits(out, year, 4, '-');
    p = put_digits(p, month, 2, '-');
    p = put_digits(p, day, 2, 'T');
    p = put_digits(p, seconds / 3600, 2, ':');
    p = put_digits(p, seconds / 60 % 60, 2, ':');
    p = put_digits(p, seconds % 60, 2, '.');
    p = put_digits(p, (int)(rest % US_PER_S / 1000), 3, 'Z');
    *p = '\0';
}

static bool read_digits(int *out, const char **cursor, int count, char end)
{
    int value = 0;
    for (int i = 0; i < count; i++, (*cursor)++) {
        if (**cursor < '0' || **cursor > '9')
            return false;
        value = value * 10 + (**cursor - '0');
    }
    *out = value;
    if (end == '\0')
        return true;
    return *(*cursor)++ == end;
}

bool time_parse_utc(int64_t *out_us, const char *text)
{
    int year, month, day, hour, minute, second, micros = 0, digits = 0;
    const char *p = text;
    if (!read_digits(&year, &p, 4, '-') || !read_digits(&month, &p, 2, '-') ||
        !read_digits(&day, &p, 2, 'T') || !read_digits(&hour, &p, 2, ':') ||
        !read_digits(&minute, &p, 2, ':') || !read_digits(&second, &p, 2, '\0'))
        return false;
    if (month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 59)
        return false;
    if (*p == '.')
        for (p++; *p >= '0' && *p <= '9'; p++, digits++)
            micros = digits < 6 ? micros * 10 + (*p - '0') : micros;
    for (; digits > 0 && digits < 6; digits++)
        micros *= 10;
    const int64_t days = days_from_civil(year, month, day);
    int y2, m2, d2;
    civil_from_days(days, &y2, &m2, &d2);
    if (m2 != month || d2 != day || !text_equal(p, "Z"))
        return false;
    *out_us = days * DAY_US + ((hour * 60LL + minute) * 60 + second) * US_PER_S + micros;
    return true;
}
