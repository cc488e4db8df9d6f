// A fixed pool of read-only connections for worker threads.
#include "db/db_priv.h"

#include <pthread.h>

struct db_pool {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    size_t size, free_count;
    struct db **all, **free;
};

enum code db_pool_open(struct db_pool **out, const char *url, size_t size)
{
    struct db_pool *pool = mem_alloc(sizeof *pool);
    pool->all = mem_alloc(size * sizeof(struct db *));
    pool->free = mem_alloc(size * sizeof(struct db *));
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->wake, NULL);
    for (; pool->size < size; pool->size++) {
        const enum code code = db_open(&pool->all[pool->size], url, true);
        if (code != OK) {
            db_pool_close(&pool);
            return code;
        }
        pool->free[pool->free_count++] = pool->all[pool->size];
    }
    *out = pool;
    return OK;
}

struct db *db_pool_take(struct db_pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    while (pool->free_count == 0)
        pthread_cond_wait(&pool->wake, &pool->lock);
    struct db *db = pool->free[--pool->free_count];
    pthread_mutex_unlock(&pool->lock);
    return db;
}

void db_pool_give(struct db_pool *pool, struct db *db)
{
    pthread_mutex_lock(&pool->lock);
    pool->free[pool->free_count++] = db;
    pthread_cond_signal(&pool->wake);
    pthread_mutex_unlock(&pool->lock);
}

void db_pool_close(struct db_pool **pool)
{
    struct db_pool *closed = *pool;
    if (closed == NULL)
        return;
    for (size_t i = 0; i < closed->size; i++)
        db_close(&closed->all[i]);
    pthread_cond_destroy(&closed->wake);
    pthread_mutex_destroy(&closed->lock);
    mem_free(closed->all);
    mem_free(closed->free);
    mem_free(closed);
    *pool = NULL;
}
