// Static files, read into memory once: a request finds a name in a table or nothing, so no path can
// escape.
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "net/net_priv.h"

enum { FILES_MAX = 4096, DEPTH_MAX = 8 };
static const size_t total_max = (size_t)128 * 1024 * 1024;

struct files {
    struct served_file *list; // sorted by path
    size_t count;
    size_t bytes;
    const struct net_static *statics;
    size_t static_count;
};

static const char *type_of(const char *name)
{
    static const char *const types[][2] = {
        {".html", "text/html; charset=utf-8"},
        {".js", "text/javascript; charset=utf-8"},
        {".mjs", "text/javascript; charset=utf-8"},
        {".css", "text/css; charset=utf-8"},
        {".json", "application/json"},
        {".yaml", "application/yaml"},
        {".webmanifest", "application/manifest+json"},
        {".svg", "image/svg+xml"},
        {".png", "image/png"},
        {".jpg", "image/jpeg"},
        {".webp", "image/webp"},
        {".ico", "image/x-icon"},
        {".woff2", "font/woff2"},
        {".wasm", "application/wasm"},
        {".txt", "text/plain; charset=utf-8"},
        {".md", "text/markdown; charset=utf-8"},
        {".xml", "application/xml"},
        {".pdf", "application/pdf"},
        {".mp3", "audio/mpeg"},
    };
    const char *dot = strrchr(name, '.');
    for (size_t i = 0; dot != NULL && i < sizeof types / sizeof types[0]; i++)
        if (strcasecmp(dot, types[i][0]) == 0)
            return types[i][1];
    return "application/octet-stream";
}

// "app-BxK3a9_Z.js": a name that carries a hash of its content never changes meaning.
static bool hashed_name(const char *path)
{
    const char *name = strrchr(path, '/') + 1;
    const char *dot = strrchr(name, '.');
    if (strstr(path, "/assets/") == NULL || dot == NULL || dot - name < 10 || dot[-9] != '-')
        return false;
    for (const char *at = dot - 8; at < dot; at++)
        if (strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-", *at) == NULL)
            return false;
    return true;
}

static bool ends_with(const char *text, const char *end)
{
    const size_t size = strlen(text), tail = strlen(end);
    return size >= tail && strcmp(text + size - tail, end) == 0;
}

// Returns false when it cannot be read or is too much in all.
static bool slurp(struct files *files, struct variant *out, int folder, const char *name)
{
    const int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    struct stat info;
    if (fd < 0)
        return false;
    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode) ||
        (size_t)info.st_size > total_max - files->bytes) {
        close(fd);
        return false;
    }
    out->size = (size_t)info.st_size;
    out->bytes = mem_alloc(out->size);
    size_t got = 0;
    while (got < out->size) {
        const ssize_t more = read(fd, out->bytes + got, out->size - got);
        if (more <= 0)
            break;
        got += (size_t)more;
    }
    close(fd);
    files->bytes += got;
    return got == out->size;
}

static void variant_load(struct files *files, struct variant *out, int folder, const char *name,
                         const char *end)
{
    char full[300];
    (void)snprintf(full, sizeof full, "%s%s", name, end);
    if (faccessat(folder, full, R_OK, 0) == 0 && !slurp(files, out, folder, full)) {
        mem_free(out->bytes);
        *out = (struct variant){0};
    }
}

static bool add_file(struct files *files, const struct net_static *mount, int folder,
                     const char *path, const char *name)
{
    if (files->count == FILES_MAX)
        return false;
    struct served_file *file = &files->list[files->count];
    *file = (struct served_file){.type = type_of(name)};
    if (!slurp(files, &file->plain, folder, name)) {
        mem_free(file->plain.bytes);
        return false;
    }
    variant_load(files, &file->brotli, folder, name, ".br");
    variant_load(files, &file->gzip, folder, name, ".gz");
    file->path = mem_copy_text(path);
    file->csp = mount->csp != NULL ? mount->csp : net_csp_app;
    file->immutable = hashed_name(path);
    // A worker script lives under the policy of its own reply, so scripts carry it as well.
    file->document = ends_with(name, ".html") || ends_with(name, ".svg") || ends_with(name, ".js");
    static const uint64_t key[2] = {0x746f6e6762616f, 1};
    (void)snprintf(file->etag, sizeof file->etag, "\"%016llx\"",
                   (unsigned long long)net_siphash(key, file->plain.bytes, file->plain.size));
    files->count++;
    return true;
}

// Returns false on a file that cannot be served: better no start than a half site.
static bool add_folder(struct files *files, const struct net_static *mount, int folder,
                       const char *path, int depth)
{
    DIR *list = depth < DEPTH_MAX ? fdopendir(dup(folder)) : NULL;
    bool good = list != NULL;
    struct dirent *entry;
    while (good && (entry = readdir(list)) != NULL) {
        const char *name = entry->d_name;
        struct stat info;
        if (name[0] == '.' || ends_with(name, ".br") || ends_with(name, ".gz") ||
            fstatat(folder, name, &info, AT_SYMLINK_NOFOLLOW) != 0)
            continue;
        char full[512];
        const bool sub = S_ISDIR(info.st_mode);
        if (!sub && !S_ISREG(info.st_mode))
            continue;
        const int needed = snprintf(full, sizeof full, "%s%s%s", path, name, sub ? "/" : "");
        good = needed > 0 && (size_t)needed < sizeof full;
        if (good && !sub) {
            good = add_file(files, mount, folder, full, name);
        } else if (good) {
            const int inner = openat(folder, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
            good = inner >= 0 && add_folder(files, mount, inner, full, depth + 1);
            if (inner >= 0)
                close(inner);
        }
    }
    if (list != NULL)
        closedir(list);
    return good;
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct served_file *)a)->path, ((const struct served_file *)b)->path);
}

struct files *files_load(const struct net_static *statics, size_t count, enum code *out_code)
{
    struct files *files = mem_alloc(sizeof *files);
    files->list = mem_alloc(FILES_MAX * sizeof *files->list);
    files->statics = statics;
    files->static_count = count;
    for (size_t i = 0; i < count; i++) {
        if (statics[i].folder == NULL)
            continue;
        const int folder = open(statics[i].folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        const bool good =
            folder >= 0 && add_folder(files, &statics[i], folder, statics[i].prefix, 0);
        if (folder >= 0)
            close(folder);
        if (good)
            continue;
        log_event(LOG_ERROR, "http.static.failed", LOG_TEXT("prefix", statics[i].prefix));
        *out_code = CODE_INTERNAL;
        return files;
    }
    qsort(files->list, files->count, sizeof *files->list, by_path);
    return files;
}

void files_free(struct files **files_in)
{
    struct files *files = *files_in;
    if (files == NULL)
        return;
    for (size_t i = 0; i < files->count; i++) {
        struct served_file *file = &files->list[i];
        mem_free((void *)(uintptr_t)file->path);
        mem_free(file->plain.bytes);
        mem_free(file->brotli.bytes);
        mem_free(file->gzip.bytes);
    }
    mem_free(files->list);
    mem_free(files);
    *files_in = NULL;
}

static const struct served_file *lookup(const struct files *files, const char *path)
{
    const struct served_file wanted = {.path = path};
    return bsearch(&wanted, files->list, files->count, sizeof *files->list, by_path);
}

static const struct net_static *mount_of(const struct files *files, const char *path)
{
    const struct net_static *best = NULL;
    for (size_t i = 0; i < files->static_count; i++) {
        const struct net_static *mount = &files->statics[i];
        if (text_starts_with(path, mount->prefix) &&
            (best == NULL || strlen(mount->prefix) > strlen(best->prefix)))
            best = mount;
    }
    return best;
}

static const struct served_file *find(const struct files *files, struct net_exchange *x)
{
    const char *path = x->path;
    const size_t size = strlen(path);
    const struct served_file *file =
        path[size - 1] == '/' ? lookup(files, arena_format(x->arena, "%sindex.html", path))
                              : lookup(files, path);
    if (file != NULL)
        return file;
    const struct net_static *mount = mount_of(files, path);
    // A name with an extension is a missing file, not a page of the app; API paths are never pages.
    if (mount == NULL || mount->fallback == NULL || strchr(strrchr(path, '/'), '.') != NULL ||
        text_starts_with(path, "/api/") || text_starts_with(path, "/gateway/"))
        return NULL;
    return lookup(files, arena_format(x->arena, "%s%s", mount->prefix, mount->fallback));
}

// Is the coding wanted? A quality of zero refuses it (RFC 9110 section 12.5.3).
static bool accepts(const char *list, const char *coding)
{
    const size_t want = strlen(coding);
    while (list != NULL && *list != '\0') {
        list += strspn(list, ", \t");
        const size_t size = strcspn(list, ",");
        const size_t name = strcspn(list, ";, \t");
        if (name == want && strncasecmp(list, coding, want) == 0) {
            const char *q = memchr(list, '=', size);
            return q == NULL || strspn(q + 1, "0.") < strcspn(q + 1, ", \t");
        }
        list += size;
    }
    return false;
}

bool files_serve(const struct files *files, struct net_exchange *x)
{
    if (!text_equal(x->method, "GET") && !text_equal(x->method, "HEAD"))
        return false;
    const struct served_file *file = find(files, x);
    if (file == NULL)
        return false;
    x->file = file;
    const char *known = net_header(x, "If-None-Match");
    if (known != NULL && strstr(known, file->etag) != NULL) {
        reply_view(x, 304, NULL, "", 0);
        return true;
    }
    const char *codings = net_header(x, "Accept-Encoding");
    const struct variant *variant = &file->plain;
    if (file->brotli.bytes != NULL && accepts(codings, "br")) {
        variant = &file->brotli;
        (void)net_reply_header(x, "Content-Encoding", "br");
    } else if (file->gzip.bytes != NULL && accepts(codings, "gzip")) {
        variant = &file->gzip;
        (void)net_reply_header(x, "Content-Encoding", "gzip");
    }
    reply_view(x, 200, file->type, variant->bytes, variant->size);
    return true;
}
