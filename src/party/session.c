// Sessions and the memory of checked tokens.
// 1. The memory never makes a session live longer than the database says, but for the moment until
// its end is heard of (party_cache_hear), or for 5 s when nothing is heard.
// 2. Idle time counts from the last use known here or in the database, whichever is later.
// 3. A wrong token costs one keyed hash and one read; nothing of it is kept.
#include "party/party_priv.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

enum {
    DEVICE_CHARACTERS = 80,
    WAYS = 4,
    SHARDS = 64,
    MERCHANT_SLOTS = 4096,
    MARKS = 65536,
    SLOTS_DEFAULT = 65536
};
// How long an entry is believed before the database is asked again: while the ends of sessions are
// heard of, and otherwise.
static const int64_t BELIEVED_US = INT64_C(60) * 1000000;
static const int64_t BELIEVED_DEAF_US = INT64_C(5) * 1000000;
// Ends are asked for again this long, for changes that were committed late.
static const int64_t HEAR_WINDOW_US = INT64_C(20) * 1000000;
static const int64_t TOUCH_US = INT64_C(30) * 1000000; // how old the stored last use may get

struct session_entry {
    struct vault_hash hash;
    bool used;
    int64_t checked_us; // read from the database
    int64_t stored_us;  // last use that the database has or is about to get
    struct party_session session;
};
struct merchant_entry {
    struct vault_hash hash;
    bool used;
    int64_t checked_us;
    struct party_merchant merchant;
};

struct party_cache {
    size_t slots; // power of two, ≥ WAYS
    struct session_entry *sessions;
    struct merchant_entry *merchants;
    pthread_mutex_t locks[SHARDS];
    pthread_mutex_t merchant_lock;
    _Atomic int64_t heard_us;     // when the ends of sessions were last asked for
    _Atomic int64_t marks[MARKS]; // by person: what was read before this moment is not believed
};

static _Atomic int64_t *mark_of(struct party_cache *cache, int64_t person)
{
    return &cache->marks[(uint64_t)person * UINT64_C(0x9E3779B97F4A7C15) >> 48];
}

static bool is_believed(struct party_cache *cache, const struct session_entry *entry,
                        int64_t now_us)
{
    const bool deaf = now_us - atomic_load(&cache->heard_us) >= BELIEVED_DEAF_US;
    return entry->checked_us > atomic_load(mark_of(cache, entry->session.person)) &&
           now_us - entry->checked_us < (deaf ? BELIEVED_DEAF_US : BELIEVED_US);
}

// A merchant is remembered by its key's hash and, apart from it, by its number.
static struct vault_hash number_key(const char *number)
{
    struct vault_hash key = {{0}};
    int64_t value = 0;
    (void)text_to_int64(&value, number);
    // Spreads the digits over the buckets (Fibonacci hashing); the number itself makes it exact.
    const uint64_t spread = (uint64_t)value * UINT64_C(0x9E3779B97F4A7C15) >> 32;
    memcpy(key.bytes, &spread, sizeof spread);
    memcpy(key.bytes + sizeof spread, &value, sizeof value);
    return key;
}

struct party_cache *party_cache_new(size_t slots)
{
    struct party_cache *cache = mem_alloc(sizeof *cache);
    const size_t wanted = slots == 0 ? SLOTS_DEFAULT : slots;
    cache->slots = SHARDS * WAYS;
    while (cache->slots < wanted)
        cache->slots *= 2;
    cache->sessions = mem_alloc(cache->slots * sizeof *cache->sessions);
    cache->merchants = mem_alloc(MERCHANT_SLOTS * sizeof *cache->merchants);
    for (size_t i = 0; i < SHARDS; i++)
        pthread_mutex_init(&cache->locks[i], NULL);
    pthread_mutex_init(&cache->merchant_lock, NULL);
    return cache;
}

void party_cache_free(struct party_cache **cache)
{
    if (*cache == NULL)
        return;
    for (size_t i = 0; i < SHARDS; i++)
        pthread_mutex_destroy(&(*cache)->locks[i]);
    pthread_mutex_destroy(&(*cache)->merchant_lock);
    mem_free((*cache)->sessions);
    mem_free((*cache)->merchants);
    mem_free(*cache);
    *cache = NULL;
}

static size_t bucket_of(const struct vault_hash *hash, size_t slots)
{
    uint64_t number;
    memcpy(&number, hash->bytes, sizeof number);
    return (size_t)(number & (slots / WAYS - 1)) * WAYS;
}

static pthread_mutex_t *lock_of(struct party_cache *cache, size_t bucket)
{
    return &cache->locks[bucket / WAYS % SHARDS];
}

static bool same_hash(const struct vault_hash *a, const struct vault_hash *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

static struct session_entry *entry_find(struct party_cache *cache, size_t bucket,
                                        const struct vault_hash *hash)
{
    for (size_t i = bucket; i < bucket + WAYS; i++)
        if (cache->sessions[i].used && same_hash(&cache->sessions[i].hash, hash))
            return &cache->sessions[i];
    return NULL;
}

// A free way, or the one that was checked longest ago.
static struct session_entry *entry_room(struct party_cache *cache, size_t bucket)
{
    struct session_entry *oldest = &cache->sessions[bucket];
    for (size_t i = bucket; i < bucket + WAYS; i++) {
        if (!cache->sessions[i].used)
            return &cache->sessions[i];
        if (cache->sessions[i].checked_us < oldest->checked_us)
            oldest = &cache->sessions[i];
    }
    return oldest;
}

static int64_t idle_end(const struct party_session *session)
{
    const int64_t idle = session->last_used_us + PARTY_SESSION_IDLE_US;
    return idle < session->expires_us ? idle : session->expires_us;
}

// Under the lock: marks the use and copies out.
static void entry_use(struct session_entry *entry, int64_t now_us, bool use,
                      struct party_session *out)
{
    entry->session.touch_due = false;
    if (use && now_us > entry->session.last_used_us)
        entry->session.last_used_us = now_us;
    if (entry->session.last_used_us - entry->stored_us >= TOUCH_US) {
        entry->stored_us = entry->session.last_used_us;
        entry->session.touch_due = true;
    }
    entry->session.idle_expires_us = idle_end(&entry->session);
    *out = entry->session;
}

static bool token_well_formed(const char *token)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    return strnlen(token, VAULT_TOKEN_TEXT) == VAULT_TOKEN_TEXT - 1 &&
           strspn(token, alphabet) == VAULT_TOKEN_TEXT - 1;
}

static enum code peek(struct party_cache *cache, const struct vault_hash *hash, int64_t now_us,
                      bool use, struct party_session *out)
{
    const size_t bucket = bucket_of(hash, cache->slots);
    enum code code = CODE_NOT_FOUND;
    pthread_mutex_lock(lock_of(cache, bucket));
    struct session_entry *entry = entry_find(cache, bucket, hash);
    if (entry != NULL && is_believed(cache, entry, now_us) && now_us < idle_end(&entry->session)) {
        entry_use(entry, now_us, use, out);
        code = OK;
    }
    pthread_mutex_unlock(lock_of(cache, bucket));
    return code;
}

enum code party_session_peek(struct party_cache *cache, const struct vault *vault,
                             const char *token, int64_t now_us, bool use, struct party_session *out)
{
    ENSURE(token_well_formed(token), CODE_LOGIN_REQUIRED);
    const struct vault_hash hash = vault_token_hash(vault, VAULT_TOKEN_SESSION, token);
    return peek(cache, &hash, now_us, use, out);
}

// Takes over what the database said; a later use known only here is kept.
static enum code remember(struct party_cache *cache, const struct party_session_stored *stored,
                          int64_t now_us, bool use, struct party_session *out)
{
    const size_t bucket = bucket_of(&stored->token_hash, cache->slots);
    enum code code = CODE_LOGIN_REQUIRED;
    pthread_mutex_lock(lock_of(cache, bucket));
    struct session_entry *entry = entry_find(cache, bucket, &stored->token_hash);
    struct party_session session = stored->session;
    if (entry != NULL && entry->session.last_used_us > session.last_used_us)
        session.last_used_us = entry->session.last_used_us;
    const bool live =
        stored->ended_us == 0 && stored->state != PARTY_CLOSED && now_us < idle_end(&session);
    if (live) {
        if (entry == NULL)
            entry = entry_room(cache, bucket);
        *entry = (struct session_entry){.hash = stored->token_hash,
                                        .used = true,
                                        .checked_us = now_us,
                                        .stored_us = stored->session.last_used_us,
                                        .session = session};
        entry_use(entry, now_us, use, out);
        code = OK;
    } else if (entry != NULL) {
        entry->used = false;
    }
    pthread_mutex_unlock(lock_of(cache, bucket));
    return code;
}

enum code party_session_find(struct party_cache *cache, struct db *db, const struct vault *vault,
                             const char *token, int64_t now_us, bool use, struct party_session *out)
{
    ENSURE(token_well_formed(token), CODE_LOGIN_REQUIRED);
    const struct vault_hash hash = vault_token_hash(vault, VAULT_TOKEN_SESSION, token);
    if (peek(cache, &hash, now_us, use, out) == OK)
        return OK;
    struct party_session_stored stored = {.ended_us = 0};
    bool found;
    GUARD(party_store_session_get(db, &hash, &stored, &found));
    ENSURE(found, CODE_LOGIN_REQUIRED);
    return remember(cache, &stored, now_us, use, out);
}

// Bytes of the first `characters` characters of valid UTF-8.
static size_t cut_at(const char *text, size_t characters)
{
    const char *at = text;
    for (size_t i = 0; i < characters && *at != '\0'; i++)
        text_next(&at);
    return (size_t)(at - text);
}

enum code party_session_add(struct db *db, const struct vault *vault, const struct env *env,
                            const struct party_new_session *session, struct party_session *out,
                            char token[VAULT_TOKEN_TEXT])
{
    struct party_wallet wallet;
    GUARD(party_wallet_load(db, session->person, &wallet));
    ENSURE(wallet.state != PARTY_CLOSED, CODE_NOT_FOUND);
    const int64_t now_us = env_now(env);
    struct party_session_stored stored = {.state = wallet.state};
    stored.session = (struct party_session){
        .id = id_new(env),
        .person = session->person,
        .account_cny = wallet.account_cny,
        .account_usd = wallet.account_usd,
        .language = wallet.language,
        .created_us = now_us,
        .last_used_us = now_us,
        .expires_us = now_us + PARTY_SESSION_LIFE_US,
    };
    stored.session.idle_expires_us = idle_end(&stored.session);
    vault_token_new(vault, token);
    stored.token_hash = vault_token_hash(vault, VAULT_TOKEN_SESSION, token);
    char device[4 * DEVICE_CHARACTERS + 1] = "";
    if (session->device != NULL &&
        text_valid_utf8(session->device, strlen(session->device), NULL)) {
        const size_t size = cut_at(session->device, DEVICE_CHARACTERS);
        memcpy(device, session->device, size);
        device[size] = '\0';
    }
    char address[32];
    party_mask_address(address, session->address != NULL ? session->address : "");
    GUARD(party_store_session_insert(db, &stored, device, address));
    *out = stored.session;
    return OK;
}

// --- merchants
// ------------------------------------------------------------------------------------

static enum code merchant_peek(struct party_cache *cache, const struct vault_hash *hash,
                               int64_t now_us, struct party_merchant *out)
{
    const size_t bucket = bucket_of(hash, MERCHANT_SLOTS);
    enum code code = CODE_NOT_FOUND;
    pthread_mutex_lock(&cache->merchant_lock);
    for (size_t i = bucket; i < bucket + WAYS && code != OK; i++) {
        const struct merchant_entry *entry = &cache->merchants[i];
        if (entry->used && same_hash(&entry->hash, hash) &&
            now_us - entry->checked_us < BELIEVED_DEAF_US) {
            *out = entry->merchant;
            code = OK;
        }
    }
    pthread_mutex_unlock(&cache->merchant_lock);
    return code;
}

static void merchant_remember(struct party_cache *cache, const struct vault_hash *hash,
                              int64_t now_us, const struct party_merchant *merchant)
{
    const size_t bucket = bucket_of(hash, MERCHANT_SLOTS);
    pthread_mutex_lock(&cache->merchant_lock);
    struct merchant_entry *target = &cache->merchants[bucket];
    for (size_t i = bucket; i < bucket + WAYS; i++) {
        struct merchant_entry *entry = &cache->merchants[i];
        if (entry->used && same_hash(&entry->hash, hash)) {
            target = entry;
            break;
        }
        if (target->used && (!entry->used || entry->checked_us < target->checked_us))
            target = entry;
    }
    *target = (struct merchant_entry){*hash, true, now_us, *merchant};
    pthread_mutex_unlock(&cache->merchant_lock);
}

static bool key_well_formed(const char *key)
{
    const size_t size = strnlen(key, 129);
    return size >= 16 && size <= 128;
}

enum code party_merchant_peek(struct party_cache *cache, const struct vault *vault, const char *key,
                              int64_t now_us, struct party_merchant *out)
{
    ENSURE(key_well_formed(key), CODE_MERCHANT_KEY_INVALID);
    const struct vault_hash hash = vault_token_hash(vault, VAULT_TOKEN_MERCHANT, key);
    return merchant_peek(cache, &hash, now_us, out);
}

enum code party_merchant_find(struct party_cache *cache, struct db *db, const struct vault *vault,
                              const char *key, int64_t now_us, struct party_merchant *out)
{
    ENSURE(key_well_formed(key), CODE_MERCHANT_KEY_INVALID);
    const struct vault_hash hash = vault_token_hash(vault, VAULT_TOKEN_MERCHANT, key);
    if (merchant_peek(cache, &hash, now_us, out) == OK)
        return OK;
    bool found;
    GUARD(party_store_merchant_by_key(db, &hash, out, &found));
    ENSURE(found && out->state != PARTY_CLOSED, CODE_MERCHANT_KEY_INVALID);
    merchant_remember(cache, &hash, now_us, out);
    return OK;
}

enum code party_merchant_number_peek(struct party_cache *cache, const char *number, int64_t now_us,
                                     struct party_merchant *out)
{
    const struct vault_hash key = number_key(number);
    return merchant_peek(cache, &key, now_us, out);
}

enum code party_merchant_number_find(struct party_cache *cache, struct db *db, const char *number,
                                     int64_t now_us, struct party_merchant *out)
{
    const struct vault_hash key = number_key(number);
    GUARD(party_merchant_by_number(db, number, out));
    merchant_remember(cache, &key, now_us, out);
    return OK;
}

// --- forgetting
// -----------------------------------------------------------------------------------

void party_cache_forget_person(struct party_cache *cache, int64_t person, int64_t now_us)
{
    atomic_store(mark_of(cache, person), now_us);
}

struct hearing {
    struct party_cache *cache;
    int64_t now_us;
};

static void hear_person(void *context, int64_t person)
{
    const struct hearing *hearing = context;
    party_cache_forget_person(hearing->cache, person, hearing->now_us);
}

enum code party_cache_hear(struct party_cache *cache, struct db *db, int64_t now_us)
{
    struct hearing hearing = {cache, now_us};
    GUARD(party_store_sessions_ended(db, now_us - HEAR_WINDOW_US, hear_person, &hearing));
    atomic_store(&cache->heard_us, now_us);
    return OK;
}

void party_cache_forget_merchant(struct party_cache *cache, int64_t merchant)
{
    pthread_mutex_lock(&cache->merchant_lock);
    for (size_t i = 0; i < MERCHANT_SLOTS; i++)
        if (cache->merchants[i].merchant.id == merchant)
            cache->merchants[i].used = false;
    pthread_mutex_unlock(&cache->merchant_lock);
}
