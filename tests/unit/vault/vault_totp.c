// rooms: vault base
// Codes of an authenticator app: the vectors of RFC 6238 and RFC 4226, the window and the step that
// is never accepted again.
#include "vault/vault_totp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const char DIGITS[] = "1234567890123456789012345678901234567890123456789012345678901234";

// RFC 6238, appendix B.
static void vectors_of_time(void **state)
{
    static const struct {
        uint64_t seconds;
        uint32_t sha1, sha256, sha512, six;
    } cases[] = {
        {59, 94287082, 46119246, 90693936, 287082},
        {1111111109, 7081804, 68084774, 25091201, 81804},
        {1111111111, 14050471, 67062674, 99943326, 50471},
        {1234567890, 89005924, 91819424, 93441116, 5924},
        {2000000000, 69279037, 90698825, 38618901, 279037},
        {20000000000, 65353130, 77737706, 47863826, 353130},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const uint64_t step = cases[i].seconds / TOTP_STEP_S;
        assert_int_equal(totp_code(TOTP_SHA1, DIGITS, 20, step, 8), cases[i].sha1);
        assert_int_equal(totp_code(TOTP_SHA256, DIGITS, 32, step, 8), cases[i].sha256);
        assert_int_equal(totp_code(TOTP_SHA512, DIGITS, 64, step, 8), cases[i].sha512);
        assert_int_equal(totp_code(TOTP_SHA1, DIGITS, 20, step, 6), cases[i].six);
    }
}

// RFC 4226, appendix D.
static void vectors_of_counter(void **state)
{
    static const uint32_t codes[] = {755224, 287082, 359152, 969429, 338314,
                                     254676, 287922, 162583, 399871, 520489};
    (void)state;
    for (uint64_t i = 0; i < 10; i++)
        assert_int_equal(totp_code(TOTP_SHA1, DIGITS, 20, i, 6), codes[i]);
}

// A key longer than the block is hashed first (RFC 2104).
static void long_key(void **state)
{
    uint8_t key[80];
    // SHA-1 of 80 bytes 0xAA, from a second implementation (coreutils sha1sum).
    static const uint8_t short_key[20] = {0x4c, 0xa0, 0xef, 0x38, 0xf1, 0x79, 0x4b,
                                          0x28, 0xa8, 0xf8, 0xee, 0x11, 0x0e, 0xe7,
                                          0x9d, 0x48, 0xce, 0x13, 0xbe, 0x25};
    (void)state;
    memset(key, 0xAA, sizeof key);
    for (uint64_t i = 0; i < 20; i++)
        assert_int_equal(totp_code(TOTP_SHA1, key, sizeof key, i, 8),
                         totp_code(TOTP_SHA1, short_key, sizeof short_key, i, 8));
}

static void window_and_used_steps(void **state)
{
    const uint8_t *secret = (const uint8_t *)DIGITS;
    const int64_t now_us = INT64_C(1111111111) * 1000000, step = 1111111111 / 30;
    (void)state;
    assert_int_equal(totp_match(secret, "050471", now_us, 0), step);
    assert_int_equal(totp_match(secret, "081804", now_us, 0), step - 1);
    assert_int_equal(totp_match(secret, "050471", now_us - 30000000, 0), step);
    assert_int_equal(totp_match(secret, "050471", now_us + 60000000, 0), 0);
    assert_int_equal(totp_match(secret, "050471", now_us - 60000000, 0), 0);
    // Used once, never again; an earlier one neither.
    assert_int_equal(totp_match(secret, "050471", now_us, step), 0);
    assert_int_equal(totp_match(secret, "081804", now_us, step - 1), 0);
    assert_int_equal(totp_match(secret, "081804", now_us, step), 0);
    assert_int_equal(totp_match(secret, "050471", now_us, step - 1), step);
}

static void malformed_codes(void **state)
{
    const uint8_t *secret = (const uint8_t *)DIGITS;
    const int64_t now_us = INT64_C(1111111111) * 1000000;
    static const char *const bad[] = {"", "50471", "0504710", "05047a", "050 471", "-50471"};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(totp_match(secret, bad[i], now_us, 0), 0);
}

static void key_and_address(void **state)
{
    char key[TOTP_KEY_TEXT];
    struct buffer uri = {0};
    (void)state;
    totp_key_text(key, (const uint8_t *)DIGITS);
    assert_string_equal(key, "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
    totp_uri(&uri, "通宝", "6688 1234", (const uint8_t *)DIGITS);
    assert_string_equal(uri.data, "otpauth://totp/%E9%80%9A%E5%AE%9D:6688%201234"
                                  "?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
                                  "&issuer=%E9%80%9A%E5%AE%9D&algorithm=SHA1&digits=6&period=30");
    buffer_free(&uri);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors_of_time), cmocka_unit_test(vectors_of_counter),
        cmocka_unit_test(long_key),        cmocka_unit_test(window_and_used_steps),
        cmocka_unit_test(malformed_codes), cmocka_unit_test(key_and_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
