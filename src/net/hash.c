// SipHash-2-4 (Aumasson, Bernstein 2012): a keyed hash for tables that strangers can fill.
#include <string.h>

#include "net/net_priv.h"

static uint64_t rotate(uint64_t value, int bits)
{
    return value << bits | value >> (64 - bits);
}

static void sip_round(uint64_t v[4])
{
    v[0] += v[1];
    v[1] = rotate(v[1], 13) ^ v[0];
    v[0] = rotate(v[0], 32);
    v[2] += v[3];
    v[3] = rotate(v[3], 16) ^ v[2];
    v[0] += v[3];
    v[3] = rotate(v[3], 21) ^ v[0];
    v[2] += v[1];
    v[1] = rotate(v[1], 17) ^ v[2];
    v[2] = rotate(v[2], 32);
}

uint64_t net_siphash(const uint64_t key[2], const void *data, size_t size)
{
    uint64_t v[4] = {key[0] ^ 0x736f6d6570736575U, key[1] ^ 0x646f72616e646f6dU,
                     key[0] ^ 0x6c7967656e657261U, key[1] ^ 0x7465646279746573U};
    const unsigned char *bytes = data;
    const size_t whole = size & ~(size_t)7;
    for (size_t i = 0; i <= whole; i += 8) {
        uint64_t word = 0;
        const size_t left = size - i < 8 ? size - i : 8;
        for (size_t k = 0; k < left; k++)
            word |= (uint64_t)bytes[i + k] << (8 * k);
        if (i == whole)
            word |= (uint64_t)size << 56;
        v[3] ^= word;
        sip_round(v);
        sip_round(v);
        v[0] ^= word;
    }
    v[2] ^= 0xff;
    for (int i = 0; i < 4; i++)
        sip_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}
