// Inside of the vault room only.
#ifndef VAULT_VAULT_PRIV_H
#define VAULT_VAULT_PRIV_H

#include "vault/vault.h"

#include <pthread.h>
#include <sodium.h>

// Subkeys of the master key (crypto_kdf). Numbers are for ever: changing one makes stored values
// unreadable.
enum vault_subkey {
    SUBKEY_SEAL = 1,
    SUBKEY_SEARCH_PHONE,
    SUBKEY_SEARCH_ID_NUMBER,
    SUBKEY_SEARCH_CARD,
    SUBKEY_SEARCH_LOGIN,
    SUBKEY_TOKEN_SESSION,
    SUBKEY_TOKEN_DRAFT,
    SUBKEY_TOKEN_MERCHANT,
    SUBKEY_CODE,
    SUBKEY_SIGN_QR,
    SUBKEY_SIGN_CURSOR,
    SUBKEY_SIGN_PAYEE,
    SUBKEY_SIGN_RECEIPT,
    SUBKEY_PASSWORD,
    SUBKEY_PIN,
    SUBKEY_PASS,
    SUBKEY_BRANCH,
    SUBKEY_TOKEN_OPERATOR,
    SUBKEY_TOKEN_SETUP,
    SUBKEY_TOKEN_RESET,
    SUBKEY_DEVICE,
    SUBKEY_PLACE,
    SUBKEY_STATEMENT,
    SUBKEY_COUNT,
};

#define VAULT_KEY_ID 1 // of the only master key; stands in each sealed value and stored hash

struct vault_keys { // in locked memory (sodium_malloc)
    uint8_t subkeys[SUBKEY_COUNT][32];
};

struct vault_job_node {
    struct vault_hash_job job;
    struct vault_job_node *next;
};

// PINs that are being checked are payments waiting: they do not queue behind passwords.
enum vault_lane_name { LANE_PIN, LANE_OTHER, VAULT_LANES };
struct vault_lane {
    struct vault_job_node *first, *last;
    size_t waiting;
};

struct vault {
    struct vault_keys *keys;
    const struct env *env;
    unsigned long long passes;
    size_t memory;
    pthread_mutex_t lock; // of everything below
    pthread_cond_t wake;
    pthread_t *threads;
    size_t thread_count;
    struct vault_lane lanes[VAULT_LANES]; // the first lane goes first
    size_t queue_max;                     // of each lane
    bool stopping;
    int64_t hashed;
};

const uint8_t *vault_subkey(const struct vault *vault, enum vault_subkey which);
enum code vault_pool_start(struct vault *vault, const struct vault_options *options);
void vault_pool_stop(struct vault *vault);

#endif
