// rooms: net base
// The small tools of the edge: hash, rate limits, metrics, QR codes.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "net/net_priv.h"

// Vectors of the reference implementation: key 00…0f, input 00, 01 … (first bytes of
// vectors_sip64).
static void siphash_vectors(void **state)
{
    (void)state;
    const uint64_t key[2] = {0x0706050403020100U, 0x0f0e0d0c0b0a0908U};
    unsigned char input[16];
    for (size_t i = 0; i < sizeof input; i++)
        input[i] = (unsigned char)i;
    assert_true(net_siphash(key, input, 0) == 0x726fdb47dd0e0e31U);
    assert_true(net_siphash(key, input, 1) == 0x74f839c593dc67fdU);
    assert_true(net_siphash(key, input, 8) == 0x93f5f5799a932462U);
    assert_true(net_siphash(key, input, 15) == 0xa129ca6149be45e5U);
}

static const int64_t second = 1000000;

static void rate_lets_a_burst_pass_then_refills(void **state)
{
    (void)state;
    struct net_rate *table = net_rate_new(env_system(), 64);
    const uint64_t key = net_rate_key(table, "login", "192.0.2.1");
    int64_t now = 1000 * second, left = -1;
    for (int i = 4; i >= 0; i--) {
        assert_int_equal(net_rate_take(table, key, 5, 60, now, &left), 0);
        assert_int_equal(left, i);
    }
    assert_int_equal(net_rate_take(table, key, 5, 60, now, &left), 12);
    assert_int_equal(left, 0);
    assert_int_equal(net_rate_take(table, key, 5, 60, now + 11 * second, NULL), 1);
    assert_int_equal(net_rate_take(table, key, 5, 60, now + 12 * second, NULL), 0);
    assert_int_equal(net_rate_take(table, key, 5, 60, now + 12 * second, NULL), 12);
    // Refusals cost nothing: after a whole window all five are back.
    now += 100 * second;
    for (int i = 0; i < 5; i++)
        assert_int_equal(net_rate_take(table, key, 5, 60, now, NULL), 0);
    assert_true(net_rate_take(table, key, 5, 60, now, NULL) > 0);
    net_rate_free(&table);
}

static void rate_can_be_asked_without_taking(void **state)
{
    (void)state;
    struct net_rate *table = net_rate_new(env_system(), 64);
    const uint64_t key = net_rate_key(table, "charge.unknown", "7");
    const int64_t now = 1000 * second;
    for (int i = 0; i < 10; i++)
        assert_int_equal(net_rate_wait(table, key, 2, 60, now), 0);
    assert_int_equal(net_rate_take(table, key, 2, 60, now, NULL), 0);
    assert_int_equal(net_rate_wait(table, key, 2, 60, now), 0);
    assert_int_equal(net_rate_take(table, key, 2, 60, now, NULL), 0);
    assert_int_equal(net_rate_wait(table, key, 2, 60, now), 30);
    assert_int_equal(net_rate_wait(table, key, 2, 60, now + 29 * second + 1), 1);
    assert_int_equal(net_rate_wait(table, key, 2, 60, now + 30 * second), 0);
    net_rate_free(&table);
}

static void rate_keeps_keys_apart(void **state)
{
    (void)state;
    struct net_rate *table = net_rate_new(env_system(), 4096);
    const uint64_t a = net_rate_key(table, "login", "1"), b = net_rate_key(table, "sms", "1");
    assert_true(a != b);
    assert_int_equal(net_rate_take(table, a, 1, 60, second, NULL), 0);
    assert_true(net_rate_take(table, a, 1, 60, second, NULL) > 0);
    assert_int_equal(net_rate_take(table, b, 1, 60, second, NULL), 0);
    assert_true(net_rate_take(table, net_rate_key(table, "x", "1"), 0, 60, second, NULL) > 0);
    net_rate_free(&table);
}

static void rate_memory_is_fixed(void **state)
{
    (void)state;
    struct net_rate *table = net_rate_new(env_system(), 4);
    // A busy key survives strangers who come once each: the one nearest to recovery gives way.
    const uint64_t busy = 1;
    for (int i = 0; i < 10; i++)
        assert_int_equal(net_rate_take(table, busy, 10, 60, 1000 * second, NULL), 0);
    for (uint64_t i = 2; i < 1000; i++)
        assert_int_equal(net_rate_take(table, i, 10, 60, 1000 * second, NULL), 0);
    assert_true(net_rate_take(table, busy, 10, 60, 1000 * second, NULL) > 0);
    net_rate_free(&table);
}

static void metrics_render(void **state)
{
    (void)state;
    struct net_metrics *metrics = net_metrics_new();
    struct net_metric *counter = net_metric(metrics, NET_COUNTER, NET_UNIT_ONE,
                                            "tongbao_test_total", "Help.", "route,code", NULL, 0);
    net_series_add(net_series(counter, (const char *[]){"/a\"\\\n", "200"}), 3);
    net_series_add(net_series(counter, (const char *[]){"/a\"\\\n", "200"}), 4);
    const int64_t buckets[] = {1000, 5000, 2000000};
    struct net_metric *histogram = net_metric(metrics, NET_HISTOGRAM, NET_UNIT_MICROSECONDS,
                                              "tongbao_test_seconds", "Help.", "", buckets, 3);
    struct net_series *series = net_series(histogram, NULL);
    net_series_observe(series, 1000);
    net_series_observe(series, 1001);
    net_series_observe(series, 3000000);
    struct buffer out = {0};
    net_metrics_render(metrics, &out);
    assert_non_null(strstr(out.data,
                           "# TYPE tongbao_test_total counter\n"
                           "tongbao_test_total{route=\"/a\\\"\\\\\\n\",code=\"200\"} 7\n"));
    assert_non_null(strstr(out.data, "tongbao_test_seconds_bucket{le=\"0.001\"} 1\n"
                                     "tongbao_test_seconds_bucket{le=\"0.005\"} 2\n"
                                     "tongbao_test_seconds_bucket{le=\"2\"} 2\n"
                                     "tongbao_test_seconds_bucket{le=\"+Inf\"} 3\n"
                                     "tongbao_test_seconds_sum 3.002001\n"
                                     "tongbao_test_seconds_count 3\n"));
    // What somebody else counts is taken over as it stands, not added.
    const int64_t counts[] = {4, 0, 1};
    net_series_set_histogram(series, counts, 2500000, 6);
    net_series_set_histogram(series, counts, 2500000, 6);
    buffer_free(&out);
    net_metrics_render(metrics, &out);
    assert_non_null(strstr(out.data, "tongbao_test_seconds_bucket{le=\"0.001\"} 4\n"
                                     "tongbao_test_seconds_bucket{le=\"0.005\"} 4\n"
                                     "tongbao_test_seconds_bucket{le=\"2\"} 5\n"
                                     "tongbao_test_seconds_bucket{le=\"+Inf\"} 6\n"
                                     "tongbao_test_seconds_sum 2.5\n"
                                     "tongbao_test_seconds_count 6\n"));
    assert_non_null(strstr(out.data, "\nprocess_resident_memory_bytes "));
    assert_non_null(strstr(out.data, "\nprocess_open_fds "));
    buffer_free(&out);
    net_metrics_free(&metrics);
}

static void metrics_are_bounded(void **state)
{
    (void)state;
    struct net_metrics *metrics = net_metrics_new();
    struct net_metric *counter =
        net_metric(metrics, NET_COUNTER, NET_UNIT_ONE, "tongbao_many_total", "Help.", "n", NULL, 0);
    for (int i = 0; i < 2100; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "%d", i);
        net_series_add(net_series(counter, (const char *[]){name}), 1);
    }
    assert_int_equal(net_series_value(net_series(counter, NULL)), 100);
    net_metrics_free(&metrics);
}

// promtool is the oracle where it is installed.
static void metrics_please_promtool(void **state)
{
    (void)state;
    if (access("/usr/bin/promtool", X_OK) != 0)
        skip();
    struct net_metrics *metrics = net_metrics_new();
    const int64_t buckets[] = {1000};
    net_series_observe(net_series(net_metric(metrics, NET_HISTOGRAM, NET_UNIT_MICROSECONDS,
                                             "tongbao_a_seconds", "Help.", "", buckets, 1),
                                  NULL),
                       5);
    struct buffer out = {0};
    net_metrics_render(metrics, &out);
    FILE *tool = popen("/usr/bin/promtool check metrics", "w");
    assert_non_null(tool);
    assert_int_equal(fwrite(out.data, 1, out.size, tool), out.size);
    assert_int_equal(pclose(tool), 0);
    buffer_free(&out);
    net_metrics_free(&metrics);
}

static void qr_has_its_quiet_zone(void **state)
{
    (void)state;
    struct buffer out = {0};
    assert_true(net_qr_svg(&out, "801234567890123456"));
    // 18 digits fit version 1: 21 modules and 4 on each side. The finder pattern begins at (4, 4),
    // 7 wide.
    assert_non_null(strstr(out.data, "viewBox=\"0 0 29 29\""));
    assert_non_null(strstr(out.data, "\"M4 4h7v1h-7z"));
    assert_null(strstr(out.data, "M3 "));
    out.size = 0;
    char *longer = mem_alloc(5001);
    memset(longer, 'x', 5000);
    assert_false(net_qr_svg(&out, longer));
    assert_int_equal(out.size, 0);
    mem_free(longer);
    buffer_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(siphash_vectors),
        cmocka_unit_test(rate_lets_a_burst_pass_then_refills),
        cmocka_unit_test(rate_can_be_asked_without_taking),
        cmocka_unit_test(rate_keeps_keys_apart),
        cmocka_unit_test(rate_memory_is_fixed),
        cmocka_unit_test(metrics_render),
        cmocka_unit_test(metrics_are_bounded),
        cmocka_unit_test(metrics_please_promtool),
        cmocka_unit_test(qr_has_its_quiet_zone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
