// The environment of a real run: system clocks and libsodium's generator.
#include "base/base.h"

#include <sodium.h>
#include <time.h>

static int64_t clock_us(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static int64_t system_now(void *context)
{
    (void)context;
    return clock_us(CLOCK_REALTIME);
}

static int64_t system_monotonic(void *context)
{
    (void)context;
    return clock_us(CLOCK_MONOTONIC);
}

static void system_entropy(void *context, void *out, size_t size)
{
    (void)context;
    randombytes_buf(out, size);
}

const struct env *env_system(void)
{
    static const struct env env = {system_now, system_monotonic, system_entropy, NULL};
    return &env;
}

void digest_sha256(uint8_t out[32], const void *data, size_t size)
{
    (void)crypto_hash_sha256(out, data, size);
}
