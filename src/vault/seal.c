// Sealed values: key id, nonce, XChaCha20-Poly1305 ciphertext with tag. The table, column and row
// are authenticated with them.
#include "vault/vault_priv.h"

#include <string.h>

enum { NONCE = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES };
_Static_assert(1 + NONCE + crypto_aead_xchacha20poly1305_ietf_ABYTES == VAULT_SEAL_OVERHEAD,
               "documented overhead");

struct bound {
    uint8_t bytes[80];
    size_t size;
};

// "context", 0, owner big-endian. A context longer than 64 characters is our bug.
static struct bound bound_to(const char *context, int64_t owner)
{
    struct bound bound = {.size = strnlen(context, 64)};
    memcpy(bound.bytes, context, bound.size);
    bound.bytes[bound.size++] = 0;
    for (int shift = 56; shift >= 0; shift -= 8)
        bound.bytes[bound.size++] = (uint8_t)((uint64_t)owner >> shift);
    return bound;
}

size_t vault_seal(const struct vault *vault, uint8_t *out, const char *context, int64_t owner,
                  const void *plain, size_t size)
{
    const struct bound bound = bound_to(context, owner);
    out[0] = VAULT_KEY_ID;
    vault->env->entropy(vault->env->context, out + 1, NONCE);
    crypto_aead_xchacha20poly1305_ietf_encrypt(out + 1 + NONCE, NULL, plain, size, bound.bytes,
                                               bound.size, NULL, out + 1,
                                               vault_subkey(vault, SUBKEY_SEAL));
    return size + VAULT_SEAL_OVERHEAD;
}

static bool open_bytes(const struct vault *vault, void *out, const struct bound *bound,
                       const uint8_t *sealed, size_t size)
{
    if (size < VAULT_SEAL_OVERHEAD || sealed[0] != VAULT_KEY_ID)
        return false;
    return crypto_aead_xchacha20poly1305_ietf_decrypt(
               out, NULL, NULL, sealed + 1 + NONCE, size - 1 - NONCE, bound->bytes, bound->size,
               sealed + 1, vault_subkey(vault, SUBKEY_SEAL)) == 0;
}

enum code vault_open(const struct vault *vault, void *out, const char *context, int64_t owner,
                     const void *sealed, size_t sealed_size)
{
    const struct bound bound = bound_to(context, owner);
    if (open_bytes(vault, out, &bound, sealed, sealed_size))
        return OK;
    log_event(LOG_ERROR, "vault.does_not_open", LOG_TEXT("context", context),
              LOG_INT("size", sealed_size));
    return CODE_INTERNAL;
}

enum code vault_open_text(const struct vault *vault, char *out, size_t capacity,
                          const char *context, int64_t owner, const void *sealed,
                          size_t sealed_size)
{
    out[0] = '\0';
    if (sealed == NULL || sealed_size == 0)
        return OK;
    ENSURE(sealed_size >= VAULT_SEAL_OVERHEAD, CODE_INTERNAL);
    const size_t size = sealed_size - VAULT_SEAL_OVERHEAD;
    ENSURE(size < capacity, CODE_INTERNAL);
    GUARD(vault_open(vault, out, context, owner, sealed, sealed_size));
    out[size] = '\0';
    return OK;
}

enum { OPAQUE_BYTES_MAX = 256 };

void vault_opaque_make(const struct vault *vault, char *out, const char *context, int64_t owner,
                       const void *plain, size_t size)
{
    uint8_t sealed[OPAQUE_BYTES_MAX + VAULT_SEAL_OVERHEAD];
    if (size > OPAQUE_BYTES_MAX) {
        out[0] = '\0';
        return;
    }
    const size_t sealed_size = vault_seal(vault, sealed, context, owner, plain, size);
    sodium_bin2base64(out, VAULT_OPAQUE_TEXT(size), sealed, sealed_size,
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

bool vault_opaque_open(const struct vault *vault, void *out, size_t size, const char *context,
                       int64_t owner, const char *text)
{
    uint8_t sealed[OPAQUE_BYTES_MAX + VAULT_SEAL_OVERHEAD];
    size_t sealed_size = 0;
    const char *end = NULL;
    const size_t length = strlen(text);
    if (size > OPAQUE_BYTES_MAX ||
        sodium_base642bin(sealed, sizeof sealed, text, length, NULL, &sealed_size, &end,
                          sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0 ||
        end != text + length || sealed_size != size + VAULT_SEAL_OVERHEAD)
        return false;
    const struct bound bound = bound_to(context, owner);
    return open_bytes(vault, out, &bound, sealed, sealed_size);
}
