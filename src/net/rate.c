// Rate limits in fixed memory: one theoretical arrival time per key (generic cell rate algorithm),
// which equals a token bucket. Sets of four; in a full set the key that has recovered most gives
// way.
#include <string.h>

#include "net/net_priv.h"

enum { WAYS = 4 };

struct cell {
    uint64_t key;
    int64_t arrival_us; // when the bucket is full again; 0 = free
};

struct net_rate {
    pthread_mutex_t lock;
    uint64_t secret[2];
    size_t sets;
    struct cell cells[];
};

struct net_rate *net_rate_new(const struct env *env, size_t slots)
{
    const size_t sets = slots / WAYS > 0 ? slots / WAYS : 1;
    struct net_rate *table = mem_alloc(sizeof *table + sets * WAYS * sizeof table->cells[0]);
    pthread_mutex_init(&table->lock, NULL);
    table->sets = sets;
    env->entropy(env->context, table->secret, sizeof table->secret);
    return table;
}

void net_rate_free(struct net_rate **table)
{
    if (*table == NULL)
        return;
    pthread_mutex_destroy(&(*table)->lock);
    mem_free(*table);
    *table = NULL;
}

uint64_t net_rate_key(const struct net_rate *table, const char *scope, const char *value)
{
    const uint64_t inner = net_siphash(table->secret, scope, strlen(scope));
    const uint64_t key[2] = {table->secret[0] ^ inner, table->secret[1]};
    return net_siphash(key, value, strlen(value));
}

static struct cell *cell_of(struct net_rate *table, uint64_t key)
{
    struct cell *set = &table->cells[(key % table->sets) * WAYS];
    struct cell *oldest = set;
    for (size_t i = 0; i < WAYS; i++) {
        if (set[i].key == key && set[i].arrival_us != 0)
            return &set[i];
        if (set[i].arrival_us < oldest->arrival_us)
            oldest = &set[i];
    }
    *oldest = (struct cell){key, 0};
    return oldest;
}

int64_t net_rate_wait(struct net_rate *table, uint64_t key, int64_t quota, int64_t window_s,
                      int64_t now_us)
{
    const int64_t window_us = window_s * 1000000;
    const int64_t step_us = window_us / (quota > 0 ? quota : 1);
    pthread_mutex_lock(&table->lock);
    const int64_t arrival_us = cell_of(table, key)->arrival_us;
    pthread_mutex_unlock(&table->lock);
    const int64_t debt = (arrival_us > now_us ? arrival_us - now_us : 0) + step_us;
    return debt <= window_us ? 0 : (debt - window_us + 999999) / 1000000;
}

int64_t net_rate_take(struct net_rate *table, uint64_t key, int64_t quota, int64_t window_s,
                      int64_t now_us, int64_t *out_left)
{
    const int64_t window_us = window_s * 1000000;
    const int64_t step_us = window_us / (quota > 0 ? quota : 1);
    pthread_mutex_lock(&table->lock);
    struct cell *cell = cell_of(table, key);
    const int64_t arrival = cell->arrival_us > now_us ? cell->arrival_us : now_us;
    const int64_t debt = arrival + step_us - now_us;
    const bool allowed = quota > 0 && debt <= window_us;
    if (allowed)
        cell->arrival_us = arrival + step_us;
    const int64_t used = allowed ? debt : arrival - now_us;
    pthread_mutex_unlock(&table->lock);
    if (out_left != NULL)
        *out_left = used < window_us ? (window_us - used) / step_us : 0;
    if (allowed)
        return 0;
    const int64_t wait_s = quota > 0 ? (debt - window_us + 999999) / 1000000 : window_s;
    return wait_s > 0 ? wait_s : 1;
}
