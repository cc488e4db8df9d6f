// Keyed hashes, tokens and short signatures. Each use has its own subkey, so no output can be
// replayed as another kind.
#include "vault/vault_priv.h"

#include <string.h>

static struct vault_hash keyed(const struct vault *vault, enum vault_subkey subkey,
                               const void *data, size_t size)
{
    struct vault_hash hash;
    crypto_generichash(hash.bytes, sizeof hash.bytes, data, size, vault_subkey(vault, subkey), 32);
    return hash;
}

struct vault_hash vault_search_hash(const struct vault *vault, enum vault_search what,
                                    const char *value)
{
    const enum vault_subkey subkey = SUBKEY_SEARCH_PHONE + (enum vault_subkey)what - 1;
    return keyed(vault, subkey, value, strlen(value));
}

void vault_token_new(const struct vault *vault, char out[VAULT_TOKEN_TEXT])
{
    uint8_t random[32];
    vault->env->entropy(vault->env->context, random, sizeof random);
    sodium_bin2base64(out, VAULT_TOKEN_TEXT, random, sizeof random,
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    mem_wipe(random, sizeof random);
}

struct vault_hash vault_token_hash(const struct vault *vault, enum vault_token kind,
                                   const char *token)
{
    // Numbers of subkeys never change: later kinds stand at the end of their list.
    const enum vault_subkey subkey =
        kind >= VAULT_TOKEN_OPERATOR
            ? SUBKEY_TOKEN_OPERATOR + (enum vault_subkey)(kind - VAULT_TOKEN_OPERATOR)
            : SUBKEY_TOKEN_SESSION + (enum vault_subkey)kind - 1;
    return keyed(vault, subkey, token, strlen(token));
}

struct vault_hash vault_code_hash(const struct vault *vault, const struct id *challenge,
                                  const char *code)
{
    struct vault_hash hash;
    crypto_generichash_state state;
    crypto_generichash_init(&state, vault_subkey(vault, SUBKEY_CODE), 32, sizeof hash.bytes);
    crypto_generichash_update(&state, challenge->bytes, sizeof challenge->bytes);
    crypto_generichash_update(&state, (const uint8_t *)code, strlen(code));
    crypto_generichash_final(&state, hash.bytes, sizeof hash.bytes);
    mem_wipe(&state, sizeof state);
    return hash;
}

enum { SIGN_MIN = 8, SIGN_MAX = 52 };

static void base32(char *out, const uint8_t *bytes, size_t characters)
{
    static const char alphabet[] = "0123456789abcdefghjkmnpqrstvwxyz";
    uint32_t bits = 0;
    int held = 0;
    for (size_t i = 0; i < characters; i++) {
        if (held < 5) {
            bits = (bits << 8) | *bytes++;
            held += 8;
        }
        held -= 5;
        out[i] = alphabet[(bits >> held) & 31];
    }
    out[characters] = '\0';
}

void vault_sign_text(const struct vault *vault, enum vault_sign purpose, const void *message,
                     size_t size, char *out, size_t characters)
{
    uint8_t mac[33] = {0}; // one byte more than the hash: 52 characters are 260 bits
    const enum vault_subkey subkey = SUBKEY_SIGN_QR + (enum vault_subkey)purpose - 1;
    const struct vault_hash hash = keyed(vault, subkey, message, size);
    memcpy(mac, hash.bytes, sizeof hash.bytes);
    const size_t most = characters > SIGN_MAX ? SIGN_MAX : characters;
    base32(out, mac, most < SIGN_MIN ? SIGN_MIN : most);
}

bool vault_sign_valid(const struct vault *vault, enum vault_sign purpose, const void *message,
                      size_t size, const char *signature, size_t characters)
{
    char expected[SIGN_MAX + 1];
    if (characters < SIGN_MIN || characters > SIGN_MAX ||
        strnlen(signature, characters + 1) != characters)
        return false;
    vault_sign_text(vault, purpose, message, size, expected, characters);
    return mem_equal_secret(expected, signature, characters);
}
