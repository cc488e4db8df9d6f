// Passes: what is sealed under a key that leaves this process with the answer and is then
// forgotten. The key comes back with the person: in a QR code, derived from a typed code, or, when
// the person agreed, from the copy that only the branch's key opens.
#include "vault/vault_priv.h"

#include <string.h>

enum { NONCE = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES };
_Static_assert(NONCE + crypto_aead_xchacha20poly1305_ietf_ABYTES == VAULT_PASS_OVERHEAD,
               "documented overhead");
_Static_assert(VAULT_PASS_KEY + crypto_box_SEALBYTES == VAULT_BRANCH_WRAPPED, "documented size");
_Static_assert(VAULT_PASS_KEY == crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "key of the cipher");

void vault_pass_key_new(const struct vault *vault, uint8_t out[VAULT_PASS_KEY])
{
    vault->env->entropy(vault->env->context, out, VAULT_PASS_KEY);
}

size_t vault_pass_seal(const struct vault *vault, uint8_t *out, const uint8_t key[VAULT_PASS_KEY],
                       const struct id *pass, const void *plain, size_t size)
{
    vault->env->entropy(vault->env->context, out, NONCE);
    crypto_aead_xchacha20poly1305_ietf_encrypt(out + NONCE, NULL, plain, size, pass->bytes,
                                               sizeof pass->bytes, NULL, out, key);
    return size + VAULT_PASS_OVERHEAD;
}

bool vault_pass_open(void *out, const uint8_t key[VAULT_PASS_KEY], const struct id *pass,
                     const void *sealed, size_t sealed_size)
{
    const uint8_t *bytes = sealed;
    if (bytes == NULL || sealed_size < VAULT_PASS_OVERHEAD)
        return false;
    return crypto_aead_xchacha20poly1305_ietf_decrypt(out, NULL, NULL, bytes + NONCE,
                                                      sealed_size - NONCE, pass->bytes,
                                                      sizeof pass->bytes, bytes, key) == 0;
}

// "key" and "hash" of the same code have nothing in common that one could tell from the other.
static void of_code(const struct vault *vault, const char *use, const char *code, uint8_t out[32])
{
    crypto_generichash_state state;
    crypto_generichash_init(&state, vault_subkey(vault, SUBKEY_PASS), 32, 32);
    crypto_generichash_update(&state, (const uint8_t *)use, strlen(use) + 1);
    crypto_generichash_update(&state, (const uint8_t *)code, strlen(code));
    crypto_generichash_final(&state, out, 32);
    sodium_memzero(&state, sizeof state);
}

struct vault_hash vault_pass_code_hash(const struct vault *vault, const char *code)
{
    struct vault_hash hash;
    of_code(vault, "hash", code, hash.bytes);
    return hash;
}

void vault_pass_code_key(const struct vault *vault, const char *code, uint8_t out[VAULT_PASS_KEY])
{
    of_code(vault, "key", code, out);
}

void vault_pass_key_text(const uint8_t key[VAULT_PASS_KEY], char out[VAULT_PASS_KEY_TEXT])
{
    sodium_bin2base64(out, VAULT_PASS_KEY_TEXT, key, VAULT_PASS_KEY,
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

bool vault_pass_key_parse(uint8_t out[VAULT_PASS_KEY], const char *text)
{
    size_t size = 0;
    const char *end = NULL;
    const size_t length = strlen(text);
    return length == VAULT_PASS_KEY_TEXT - 1 &&
           sodium_base642bin(out, VAULT_PASS_KEY, text, length, NULL, &size, &end,
                             sodium_base64_VARIANT_URLSAFE_NO_PADDING) == 0 &&
           size == VAULT_PASS_KEY && end == text + length;
}

// --- the branch's key pair ---

static void branch_keys(const struct vault *vault, uint8_t public[crypto_box_PUBLICKEYBYTES],
                        uint8_t secret[crypto_box_SECRETKEYBYTES])
{
    crypto_box_seed_keypair(public, secret, vault_subkey(vault, SUBKEY_BRANCH));
}

void vault_branch_wrap(const struct vault *vault, uint8_t out[VAULT_BRANCH_WRAPPED],
                       const uint8_t key[VAULT_PASS_KEY])
{
    uint8_t public[crypto_box_PUBLICKEYBYTES], secret[crypto_box_SECRETKEYBYTES];
    branch_keys(vault, public, secret);
    sodium_memzero(secret, sizeof secret);
    (void)crypto_box_seal(out, key, VAULT_PASS_KEY, public);
}

bool vault_branch_unwrap(const struct vault *vault, uint8_t out[VAULT_PASS_KEY],
                         const void *wrapped, size_t size)
{
    uint8_t public[crypto_box_PUBLICKEYBYTES], secret[crypto_box_SECRETKEYBYTES];
    if (wrapped == NULL || size != VAULT_BRANCH_WRAPPED)
        return false;
    branch_keys(vault, public, secret);
    const bool good = crypto_box_seal_open(out, wrapped, size, public, secret) == 0;
    sodium_memzero(secret, sizeof secret);
    return good;
}
