// Workers: a bounded queue of exchanges whose handlers may block. Their connections are parked
// meanwhile.
#include "net/net_priv.h"

static struct net_exchange *take(struct workers *workers)
{
    pthread_mutex_lock(&workers->lock);
    while (workers->first == NULL && !workers->stopping)
        pthread_cond_wait(&workers->wake, &workers->lock);
    struct net_exchange *x = workers->first;
    if (x != NULL) {
        workers->first = x->next;
        if (workers->first == NULL)
            workers->last = NULL;
        workers->queued--;
        x->next = NULL;
    }
    pthread_mutex_unlock(&workers->lock);
    return x;
}

static void *work(void *context)
{
    struct workers *workers = context;
    for (;;) {
        struct net_exchange *x = take(workers);
        if (x == NULL)
            return NULL;
        if (x->route->route->handler(x) == NET_DONE)
            net_resume(x);
    }
}

bool workers_push(struct net_exchange *x)
{
    struct workers *workers = &x->server->workers;
    pthread_mutex_lock(&workers->lock);
    const bool room = workers->queued < x->server->limits.queue && !workers->stopping;
    if (room) {
        if (workers->last != NULL)
            workers->last->next = x;
        else
            workers->first = x;
        workers->last = x;
        workers->queued++;
        pthread_cond_signal(&workers->wake);
    }
    pthread_mutex_unlock(&workers->lock);
    return room;
}

void workers_start(struct net_server *server)
{
    struct workers *workers = &server->workers;
    const uint32_t wanted = server->options.workers > 0 ? server->options.workers : 4;
    pthread_mutex_init(&workers->lock, NULL);
    pthread_cond_init(&workers->wake, NULL);
    workers->threads = mem_alloc(wanted * sizeof *workers->threads);
    for (; workers->thread_count < wanted; workers->thread_count++)
        if (pthread_create(&workers->threads[workers->thread_count], NULL, work, workers) != 0)
            break;
}

void workers_stop(struct net_server *server)
{
    struct workers *workers = &server->workers;
    pthread_mutex_lock(&workers->lock);
    workers->stopping = true;
    pthread_cond_broadcast(&workers->wake);
    pthread_mutex_unlock(&workers->lock);
    for (uint32_t i = 0; i < workers->thread_count; i++)
        pthread_join(workers->threads[i], NULL);
    mem_free(workers->threads);
    pthread_mutex_destroy(&workers->lock);
    pthread_cond_destroy(&workers->wake);
}
