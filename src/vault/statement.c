// Statements signed for people to keep, and hashes of what a browser or a place is known by.
#include "vault/vault_priv.h"

#include <string.h>

static struct vault_hash keyed_text(const struct vault *vault, enum vault_subkey subkey,
                                    const char *text)
{
    struct vault_hash hash;
    crypto_generichash(hash.bytes, sizeof hash.bytes, (const uint8_t *)text, strlen(text),
                       vault_subkey(vault, subkey), 32);
    return hash;
}

struct vault_hash vault_device_hash(const struct vault *vault, const char *token)
{
    return keyed_text(vault, SUBKEY_DEVICE, token);
}

struct vault_hash vault_place_hash(const struct vault *vault, const char *place)
{
    return keyed_text(vault, SUBKEY_PLACE, place);
}

static void key_pair(const struct vault *vault, uint8_t public_key[crypto_sign_PUBLICKEYBYTES],
                     uint8_t secret_key[crypto_sign_SECRETKEYBYTES])
{
    crypto_sign_seed_keypair(public_key, secret_key, vault_subkey(vault, SUBKEY_STATEMENT));
}

void vault_statement_key(const struct vault *vault, char out[VAULT_STATEMENT_KEY_TEXT])
{
    uint8_t public_key[crypto_sign_PUBLICKEYBYTES], secret_key[crypto_sign_SECRETKEYBYTES];
    key_pair(vault, public_key, secret_key);
    mem_wipe(secret_key, sizeof secret_key);
    sodium_bin2base64(out, VAULT_STATEMENT_KEY_TEXT, public_key, sizeof public_key,
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

void vault_statement_sign(const struct vault *vault, const char *statement,
                          char out[VAULT_STATEMENT_TEXT])
{
    uint8_t public_key[crypto_sign_PUBLICKEYBYTES], secret_key[crypto_sign_SECRETKEYBYTES];
    uint8_t signature[crypto_sign_BYTES];
    key_pair(vault, public_key, secret_key);
    crypto_sign_detached(signature, NULL, (const uint8_t *)statement, strlen(statement),
                         secret_key);
    mem_wipe(secret_key, sizeof secret_key);
    sodium_bin2base64(out, VAULT_STATEMENT_TEXT, signature, sizeof signature,
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

bool vault_statement_valid(const struct vault *vault, const char *statement, const char *signature)
{
    char expected[VAULT_STATEMENT_TEXT]; // the signature is a function of key and statement
    if (strnlen(signature, VAULT_STATEMENT_TEXT) != VAULT_STATEMENT_TEXT - 1)
        return false;
    vault_statement_sign(vault, statement, expected);
    return mem_equal_secret(expected, signature, VAULT_STATEMENT_TEXT - 1);
}
