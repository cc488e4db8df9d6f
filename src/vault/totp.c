// One-time codes of an authenticator app. HMAC with SHA-256 and SHA-512 is libsodium's; SHA-1 is
// not in it and stands here (FIPS 180-4), for nothing but these codes.
#include "vault/vault_totp.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum { SHA1_BLOCK = 64, SHA1_SIZE = 20, HASH_MAX = 64 };

// --- SHA-1 ---

struct sha1 {
    uint32_t state[5];
    uint8_t block[SHA1_BLOCK];
    size_t held;
    uint64_t bytes;
};

static uint32_t rotate(uint32_t value, int by)
{
    return (value << by) | (value >> (32 - by));
}

static void put_be(uint8_t *out, uint64_t value, size_t size)
{
    for (size_t i = size; i-- > 0; value >>= 8)
        out[i] = (uint8_t)value;
}

static uint32_t round_of(int i, uint32_t b, uint32_t c, uint32_t d)
{
    if (i < 20)
        return ((b & c) | (~b & d)) + UINT32_C(0x5A827999);
    if (i < 40)
        return (b ^ c ^ d) + UINT32_C(0x6ED9EBA1);
    if (i < 60)
        return ((b & c) | (b & d) | (c & d)) + UINT32_C(0x8F1BBCDC);
    return (b ^ c ^ d) + UINT32_C(0xCA62C1D6);
}

static void sha1_block(struct sha1 *sha)
{
    uint32_t w[80], s[5];
    for (int i = 0; i < 16; i++)
        w[i] = (uint32_t)sha->block[4 * i] << 24 | (uint32_t)sha->block[4 * i + 1] << 16 |
               (uint32_t)sha->block[4 * i + 2] << 8 | sha->block[4 * i + 3];
    for (int i = 16; i < 80; i++)
        w[i] = rotate(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
    memcpy(s, sha->state, sizeof s);
    for (int i = 0; i < 80; i++) {
        const uint32_t next = rotate(s[0], 5) + round_of(i, s[1], s[2], s[3]) + s[4] + w[i];
        s[4] = s[3];
        s[3] = s[2];
        s[2] = rotate(s[1], 30);
        s[1] = s[0];
        s[0] = next;
    }
    for (int i = 0; i < 5; i++)
        sha->state[i] += s[i];
    mem_wipe(w, sizeof w);
    mem_wipe(s, sizeof s);
}

static void sha1_begin(struct sha1 *sha)
{
    *sha = (struct sha1){.state = {UINT32_C(0x67452301), UINT32_C(0xEFCDAB89), UINT32_C(0x98BADCFE),
                                   UINT32_C(0x10325476), UINT32_C(0xC3D2E1F0)}};
}

static void sha1_add(struct sha1 *sha, const uint8_t *data, size_t size)
{
    sha->bytes += size;
    for (size_t i = 0; i < size; i++) {
        sha->block[sha->held++] = data[i];
        if (sha->held == SHA1_BLOCK) {
            sha1_block(sha);
            sha->held = 0;
        }
    }
}

static void sha1_end(struct sha1 *sha, uint8_t out[SHA1_SIZE])
{
    static const uint8_t padding[SHA1_BLOCK] = {0x80};
    uint8_t bits[8];
    put_be(bits, sha->bytes * 8, sizeof bits);
    const size_t used = sha->held < 56 ? 56 - sha->held : 120 - sha->held;
    sha1_add(sha, padding, used);
    sha1_add(sha, bits, sizeof bits);
    for (size_t i = 0; i < 5; i++)
        put_be(out + 4 * i, sha->state[i], 4);
    mem_wipe(sha, sizeof *sha);
}

// --- HMAC ---

static void hmac_sha1(uint8_t out[SHA1_SIZE], const uint8_t *key, size_t key_size,
                      const uint8_t *data, size_t size)
{
    uint8_t pad[SHA1_BLOCK] = {0};
    struct sha1 sha;
    sha1_begin(&sha);
    if (key_size > SHA1_BLOCK) {
        sha1_add(&sha, key, key_size);
        sha1_end(&sha, pad);
        sha1_begin(&sha);
    } else {
        memcpy(pad, key, key_size);
    }
    for (size_t i = 0; i < SHA1_BLOCK; i++)
        pad[i] ^= 0x36;
    sha1_add(&sha, pad, SHA1_BLOCK);
    sha1_add(&sha, data, size);
    sha1_end(&sha, out);
    for (size_t i = 0; i < SHA1_BLOCK; i++)
        pad[i] ^= 0x36 ^ 0x5C;
    sha1_begin(&sha);
    sha1_add(&sha, pad, SHA1_BLOCK);
    sha1_add(&sha, out, SHA1_SIZE);
    sha1_end(&sha, out);
    mem_wipe(pad, sizeof pad);
}

// Returns the size of the result.
static size_t hmac(uint8_t out[HASH_MAX], enum totp_hash hash, const uint8_t *key, size_t key_size,
                   const uint8_t *data, size_t size)
{
    if (hash == TOTP_SHA256) {
        crypto_auth_hmacsha256_state state;
        crypto_auth_hmacsha256_init(&state, key, key_size);
        crypto_auth_hmacsha256_update(&state, data, size);
        crypto_auth_hmacsha256_final(&state, out);
        mem_wipe(&state, sizeof state);
        return crypto_auth_hmacsha256_BYTES;
    }
    if (hash == TOTP_SHA512) {
        crypto_auth_hmacsha512_state state;
        crypto_auth_hmacsha512_init(&state, key, key_size);
        crypto_auth_hmacsha512_update(&state, data, size);
        crypto_auth_hmacsha512_final(&state, out);
        mem_wipe(&state, sizeof state);
        return crypto_auth_hmacsha512_BYTES;
    }
    hmac_sha1(out, key, key_size, data, size);
    return SHA1_SIZE;
}

// --- codes ---

uint32_t totp_code(enum totp_hash hash, const void *key, size_t key_size, uint64_t counter,
                   int digits)
{
    uint8_t message[8], mac[HASH_MAX];
    uint32_t power = 1;
    put_be(message, counter, sizeof message);
    const size_t size = hmac(mac, hash, key, key_size, message, sizeof message);
    const uint8_t *at = mac + (mac[size - 1] & 15);
    const uint32_t value =
        (uint32_t)(at[0] & 0x7F) << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
    mem_wipe(mac, sizeof mac);
    for (int i = 0; i < digits; i++)
        power *= 10;
    return value % power;
}

void totp_secret_new(const struct env *env, uint8_t out[TOTP_SECRET_SIZE])
{
    env->entropy(env->context, out, TOTP_SECRET_SIZE);
}

void totp_key_text(char out[TOTP_KEY_TEXT], const uint8_t secret[TOTP_SECRET_SIZE])
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    for (size_t group = 0; group < TOTP_SECRET_SIZE / 5; group++) {
        uint64_t bits = 0;
        for (size_t i = 0; i < 5; i++)
            bits = bits << 8 | secret[5 * group + i];
        for (size_t i = 0; i < 8; i++)
            out[8 * group + i] = alphabet[bits >> (35 - 5 * i) & 31];
    }
    out[TOTP_KEY_TEXT - 1] = '\0';
}

static void encoded(struct buffer *out, const char *text)
{
    for (const char *at = text; *at != '\0'; at++) {
        const bool plain = (*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') ||
                           (*at >= '0' && *at <= '9') || strchr("-._~", *at) != NULL;
        if (plain)
            buffer_append(out, at, 1);
        else
            buffer_format(out, "%%%02X", (unsigned)(unsigned char)*at);
    }
}

void totp_uri(struct buffer *out, const char *issuer, const char *account,
              const uint8_t secret[TOTP_SECRET_SIZE])
{
    char key[TOTP_KEY_TEXT];
    totp_key_text(key, secret);
    buffer_text(out, "otpauth://totp/");
    encoded(out, issuer);
    buffer_text(out, ":");
    encoded(out, account);
    buffer_format(out, "?secret=%s&issuer=", key);
    encoded(out, issuer);
    buffer_format(out, "&algorithm=SHA1&digits=%d&period=%d", TOTP_DIGITS, TOTP_STEP_S);
    mem_wipe(key, sizeof key);
}

int64_t totp_match(const uint8_t secret[TOTP_SECRET_SIZE], const char *code, int64_t now_us,
                   int64_t last_step)
{
    const int64_t now = now_us / (INT64_C(1000000) * TOTP_STEP_S);
    int64_t found = 0;
    if (strlen(code) != TOTP_DIGITS || !text_all_digits(code))
        return 0;
    for (int64_t step = now - 1; step <= now + 1; step++) {
        char expected[16];
        snprintf(expected, sizeof expected, "%06u",
                 totp_code(TOTP_SHA1, secret, TOTP_SECRET_SIZE, (uint64_t)step, TOTP_DIGITS));
        const bool same = mem_equal_secret(expected, code, TOTP_DIGITS);
        found = same && step > last_step ? step : found;
        mem_wipe(expected, sizeof expected);
    }
    return found;
}
