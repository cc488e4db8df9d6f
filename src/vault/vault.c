// The master key file and the subkeys made from it.
// 1. The file is made once, with O_EXCL, and never written again.
// 2. A file that others can read is refused: the server does not start with a key that may have
// leaked.
#include "vault/vault_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char KDF_CONTEXT[crypto_kdf_CONTEXTBYTES + 1] = "tongbao1";

const uint8_t *vault_subkey(const struct vault *vault, enum vault_subkey which)
{
    return vault->keys->subkeys[which];
}

static enum code refuse(const char *why)
{
    log_event(LOG_ERROR, "vault.key_refused", LOG_TEXT("why", why), LOG_INT("errno", errno));
    return CODE_INTERNAL;
}

static enum code key_write(const char *path, const uint8_t key[32])
{
    const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0400);
    if (fd < 0)
        return refuse("cannot create the key file");
    const bool written = write(fd, key, 32) == 32 && fsync(fd) == 0;
    close(fd);
    if (!written)
        return refuse("cannot write the key file");
    return OK;
}

// A name is durable only when its folder is.
static enum code folder_sync(const char *folder)
{
    const int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return refuse("cannot open the key folder");
    const bool synced = fsync(fd) == 0;
    close(fd);
    return synced ? OK : refuse("cannot sync the key folder");
}

static enum code key_read(const char *path, uint8_t key[32], bool *out_absent)
{
    *out_absent = false;
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) {
        *out_absent = errno == ENOENT;
        return *out_absent ? OK : refuse("cannot open the key file");
    }
    struct stat state;
    uint8_t more;
    enum code code = OK;
    if (fstat(fd, &state) != 0 || !S_ISREG(state.st_mode))
        code = refuse("the key is not a regular file");
    else if ((state.st_mode & 07777) != 0400)
        code = refuse("the key file must have mode 0400");
    else if (state.st_uid != geteuid())
        code = refuse("the key file belongs to another user");
    else if (read(fd, key, 32) != 32 || read(fd, &more, 1) != 0)
        code = refuse("the key file must hold 32 bytes");
    close(fd);
    return code;
}

static enum code master_key(uint8_t key[32], const struct vault_options *options)
{
    char folder[512], path[600];
    const int size = snprintf(folder, sizeof folder, "%s/keys", options->data_folder);
    ENSURE(size > 0 && (size_t)size < sizeof folder, CODE_INTERNAL);
    snprintf(path, sizeof path, "%s/master.key", folder);
    if (mkdir(options->data_folder, 0700) != 0 && errno != EEXIST)
        return refuse("cannot make the data folder");
    if (mkdir(folder, 0700) != 0 && errno != EEXIST)
        return refuse("cannot make the key folder");
    bool absent;
    GUARD(key_read(path, key, &absent));
    if (!absent)
        return OK;
    options->env->entropy(options->env->context, key, 32);
    GUARD(key_write(path, key));
    GUARD(folder_sync(folder));
    log_event(LOG_INFO, "vault.key_made", LOG_INT("bytes", 32));
    return OK;
}

static enum code keys_derive(struct vault *vault, const struct vault_options *options)
{
    uint8_t master[32];
    GUARD(master_key(master, options));
    vault->keys = sodium_malloc(sizeof *vault->keys);
    if (vault->keys == NULL) {
        mem_wipe(master, sizeof master);
        return refuse("no locked memory");
    }
    for (uint64_t i = 0; i < SUBKEY_COUNT; i++)
        crypto_kdf_derive_from_key(vault->keys->subkeys[i], 32, i, KDF_CONTEXT, master);
    mem_wipe(master, sizeof master);
    sodium_mprotect_readonly(vault->keys);
    return OK;
}

enum code vault_load(struct vault **out, const struct vault_options *options)
{
    *out = NULL;
    if (sodium_init() < 0)
        return refuse("libsodium does not start");
    struct vault *vault = mem_alloc(sizeof *vault);
    vault->env = options->env;
    enum code code = keys_derive(vault, options);
    if (code == OK)
        code = vault_pool_start(vault, options);
    if (code != OK) {
        sodium_free(vault->keys);
        mem_free(vault);
        return code;
    }
    *out = vault;
    return OK;
}

void vault_free(struct vault **vault)
{
    if (*vault == NULL)
        return;
    vault_pool_stop(*vault);
    sodium_free((*vault)->keys);
    mem_free(*vault);
    *vault = NULL;
}
