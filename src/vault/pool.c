// Passwords and PINs: keyed prehash, Argon2id, and the bounded pool that runs it.
// 1. At most half the cores hash at any time, whatever asks: a flood of log-ins cannot starve
// payments.
// 2. The queues are bounded; what does not fit is refused at once with `busy`. PINs of payments
// have a queue of their own, which goes first.
// 3. A secret is wiped as soon as its job is done, also when the job never ran.
#include "vault/vault_priv.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

// OWASP and hardening minimum: 19 MiB, 2 passes, 1 lane.
enum { MEMORY_KIB = 19456, PASSES = 2, QUEUE_DEFAULT = 64, PREHASH_TEXT = 65, PLAIN_MAX = 4097 };

// What a stored hash begins with: the key id, then the form of libsodium. Anything else never
// matches, at the same cost.
static const char STORED_PREFIX[] = "1:$argon2id$v=19$";
_Static_assert(VAULT_KEY_ID == 1, "STORED_PREFIX names the key");

static void prehash(const struct vault *vault, const struct vault_hash_job *job,
                    char out[PREHASH_TEXT])
{
    uint8_t digest[32];
    char plain[PLAIN_MAX];
    const enum vault_subkey subkey = job->kind == VAULT_PIN ? SUBKEY_PIN : SUBKEY_PASSWORD;
    // A password is the same however a keyboard composes its characters (NIST SP 800-63B).
    const bool composed =
        job->kind == VAULT_PASSWORD && text_nfkc(plain, sizeof plain, job->secret);
    const char *text = composed ? plain : job->secret;
    crypto_generichash(digest, sizeof digest, (const uint8_t *)text, strlen(text),
                       vault_subkey(vault, subkey), 32);
    mem_wipe(plain, sizeof plain);
    hex_encode(out, digest, sizeof digest);
    mem_wipe(digest, sizeof digest);
}

static void make(const struct vault *vault, struct vault_hash_job *job, const char *text)
{
    char hash[crypto_pwhash_STRBYTES];
    if (crypto_pwhash_str_alg(hash, text, PREHASH_TEXT - 1, vault->passes, vault->memory,
                              crypto_pwhash_ALG_ARGON2ID13) != 0) {
        job->code = CODE_BUSY; // no memory for it now
        return;
    }
    snprintf(job->stored, sizeof job->stored, "%d:%s", VAULT_KEY_ID, hash);
}

static void compare(const struct vault *vault, struct vault_hash_job *job, const char *text)
{
    job->match = false;
    job->rehash = false;
    if (!text_starts_with(job->stored, STORED_PREFIX)) {
        struct vault_hash_job spent = {.kind = job->kind};
        make(vault, &spent, text);
        job->code = spent.code;
        return;
    }
    const char *hash = strchr(job->stored, ':') + 1;
    job->match = crypto_pwhash_str_verify(hash, text, PREHASH_TEXT - 1) == 0;
    job->rehash =
        job->match && crypto_pwhash_str_needs_rehash(hash, vault->passes, vault->memory) != 0;
}

static void run(struct vault *vault, struct vault_hash_job *job)
{
    char text[PREHASH_TEXT];
    prehash(vault, job, text);
    if (job->type == VAULT_JOB_MAKE)
        make(vault, job, text);
    else
        compare(vault, job, text);
    mem_wipe(text, sizeof text);
    mem_wipe(job->secret, sizeof job->secret);
}

static struct vault_lane *waiting_lane(struct vault *vault)
{
    for (size_t i = 0; i < VAULT_LANES; i++)
        if (vault->lanes[i].first != NULL)
            return &vault->lanes[i];
    return NULL;
}

static struct vault_job_node *next_job(struct vault *vault)
{
    struct vault_lane *lane;
    struct vault_job_node *node = NULL;
    pthread_mutex_lock(&vault->lock);
    while ((lane = waiting_lane(vault)) == NULL && !vault->stopping)
        pthread_cond_wait(&vault->wake, &vault->lock);
    if (!vault->stopping) {
        node = lane->first;
        lane->first = node->next;
        lane->last = lane->first == NULL ? NULL : lane->last;
        lane->waiting--;
        vault->hashed++;
    }
    pthread_mutex_unlock(&vault->lock);
    return node;
}

static void *work(void *context)
{
    struct vault *vault = context;
    for (;;) {
        struct vault_job_node *node = next_job(vault);
        if (node == NULL)
            return NULL;
        run(vault, &node->job);
        node->job.done(&node->job);
        mem_free_secret(node, sizeof *node);
    }
}

static size_t thread_share(uint32_t wanted)
{
    const long cores = sysconf(_SC_NPROCESSORS_ONLN);
    const size_t share = cores < 4 ? 1 : (size_t)cores / 2;
    return wanted == 0 || wanted > share ? share : wanted;
}

enum code vault_pool_start(struct vault *vault, const struct vault_options *options)
{
    vault->passes = options->fast_hash_for_tests ? crypto_pwhash_argon2id_OPSLIMIT_MIN : PASSES;
    vault->memory = options->fast_hash_for_tests ? crypto_pwhash_argon2id_MEMLIMIT_MIN
                                                 : (size_t)MEMORY_KIB * 1024;
    vault->queue_max = options->hash_queue == 0 ? QUEUE_DEFAULT : options->hash_queue;
    pthread_mutex_init(&vault->lock, NULL);
    pthread_cond_init(&vault->wake, NULL);
    const size_t wanted = thread_share(options->hash_threads);
    vault->threads = mem_alloc(wanted * sizeof *vault->threads);
    for (size_t i = 0; i < wanted; i++) {
        if (pthread_create(&vault->threads[i], NULL, work, vault) != 0) {
            vault_pool_stop(vault);
            return CODE_INTERNAL;
        }
        vault->thread_count++;
    }
    return OK;
}

void vault_pool_stop(struct vault *vault)
{
    pthread_mutex_lock(&vault->lock);
    vault->stopping = true;
    pthread_cond_broadcast(&vault->wake);
    pthread_mutex_unlock(&vault->lock);
    for (size_t i = 0; i < vault->thread_count; i++)
        pthread_join(vault->threads[i], NULL);
    for (struct vault_lane *lane; (lane = waiting_lane(vault)) != NULL;) {
        struct vault_job_node *node = lane->first;
        lane->first = node->next;
        node->job.code = CODE_BUSY;
        node->job.done(&node->job);
        mem_free_secret(node, sizeof *node);
    }
    pthread_cond_destroy(&vault->wake);
    pthread_mutex_destroy(&vault->lock);
    mem_free(vault->threads);
    vault->threads = NULL;
}

enum code vault_hash_submit(struct vault *vault, const struct vault_hash_job *job)
{
    struct vault_job_node *node = mem_alloc(sizeof *node);
    node->job = *job;
    node->job.code = OK;
    const bool pin = job->kind == VAULT_PIN && job->type == VAULT_JOB_VERIFY;
    struct vault_lane *lane = &vault->lanes[pin ? LANE_PIN : LANE_OTHER];
    pthread_mutex_lock(&vault->lock);
    const bool taken = !vault->stopping && lane->waiting < vault->queue_max;
    if (taken) {
        if (lane->last == NULL)
            lane->first = node;
        else
            lane->last->next = node;
        lane->last = node;
        lane->waiting++;
        pthread_cond_signal(&vault->wake);
    }
    pthread_mutex_unlock(&vault->lock);
    if (!taken)
        mem_free_secret(node, sizeof *node);
    return taken ? OK : CODE_BUSY;
}

int64_t vault_hash_count(const struct vault *vault)
{
    struct vault *open = (struct vault *)vault; // the lock is not part of what const promises
    pthread_mutex_lock(&open->lock);
    const int64_t count = open->hashed;
    pthread_mutex_unlock(&open->lock);
    return count;
}

int64_t vault_hash_waiting(const struct vault *vault)
{
    struct vault *open = (struct vault *)vault; // as above
    pthread_mutex_lock(&open->lock);
    int64_t count = 0;
    for (size_t i = 0; i < VAULT_LANES; i++)
        count += (int64_t)open->lanes[i].waiting;
    pthread_mutex_unlock(&open->lock);
    return count;
}

// --- blocking variants ------------------------------------------------------------------------

struct wait {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct vault_hash_job result;
    bool ready;
};

static void wait_done(struct vault_hash_job *job)
{
    struct wait *wait = job->user;
    pthread_mutex_lock(&wait->lock);
    wait->result = *job;
    wait->ready = true;
    pthread_cond_signal(&wait->wake);
    pthread_mutex_unlock(&wait->lock);
}

static enum code run_blocking(struct vault *vault, struct vault_hash_job *job)
{
    struct wait wait = {.ready = false};
    pthread_mutex_init(&wait.lock, NULL);
    pthread_cond_init(&wait.wake, NULL);
    job->done = wait_done;
    job->user = &wait;
    const enum code code = vault_hash_submit(vault, job);
    mem_wipe(job->secret, sizeof job->secret);
    if (code == OK) {
        pthread_mutex_lock(&wait.lock);
        while (!wait.ready)
            pthread_cond_wait(&wait.wake, &wait.lock);
        pthread_mutex_unlock(&wait.lock);
        *job = wait.result;
    }
    pthread_cond_destroy(&wait.wake);
    pthread_mutex_destroy(&wait.lock);
    return code == OK ? job->code : code;
}

enum code vault_password_hash(struct vault *vault, enum vault_secret kind, const char *secret,
                              char out[VAULT_STORED_TEXT])
{
    struct vault_hash_job job = {.type = VAULT_JOB_MAKE, .kind = kind};
    out[0] = '\0';
    ENSURE(text_copy(job.secret, sizeof job.secret, secret), CODE_REQUEST_INVALID);
    GUARD(run_blocking(vault, &job));
    text_copy(out, VAULT_STORED_TEXT, job.stored);
    return OK;
}

enum code vault_password_verify(struct vault *vault, enum vault_secret kind, const char *secret,
                                const char *stored, bool *out_match, bool *out_rehash)
{
    struct vault_hash_job job = {.type = VAULT_JOB_VERIFY, .kind = kind};
    *out_match = false;
    ENSURE(text_copy(job.secret, sizeof job.secret, secret), CODE_REQUEST_INVALID);
    text_copy(job.stored, sizeof job.stored, stored == NULL ? "" : stored);
    GUARD(run_blocking(vault, &job));
    *out_match = job.match;
    if (out_rehash != NULL)
        *out_rehash = job.rehash;
    return OK;
}
