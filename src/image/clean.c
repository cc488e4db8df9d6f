// The parent's side: a child decodes and draws again; what comes back through the pipe is bounded
// in bytes and in time.
// 1. The child has one descriptor, the pipe; it may open nothing and write no file.
// 2. Whatever ends the child early is a bad photo, never an error of ours.
#include "image/image_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CPU_S = 5, WAIT_MS = 10000, MEMORY = 320 << 20, ANSWER_MAX = 2 << 20 };

enum image_kind image_kind_of(const void *bytes, size_t size)
{
    static const uint8_t jpeg[] = {0xFF, 0xD8, 0xFF}, png[] = "\x89PNG\r\n\x1A\n";
    if (size >= sizeof jpeg && memcmp(bytes, jpeg, sizeof jpeg) == 0)
        return IMAGE_JPEG;
    return size >= 8 && memcmp(bytes, png, 8) == 0 ? IMAGE_PNG : IMAGE_OTHER;
}

// Pages of data that this process has already: the child's limit counts them too.
static size_t data_in_use(void)
{
    char text[128] = "";
    long whole = 0, skip, data = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file == NULL)
        return 0;
    const bool read =
        fgets(text, sizeof text, file) != NULL &&
        sscanf(text, "%ld %ld %ld %ld %ld %ld", &whole, &skip, &skip, &skip, &skip, &data) == 6;
    fclose(file);
    return read ? (size_t)data * (size_t)sysconf(_SC_PAGESIZE) : 0;
}

static void limit(int what, size_t value)
{
    const struct rlimit rule = {value, value};
    if (setrlimit((__rlimit_resource_t)what, &rule) != 0)
        _exit(IMAGE_EXIT_BAD);
}

static void confine(int pipe_end, size_t data)
{
    if (dup2(pipe_end, 0) != 0 || close_range(1, ~0u, 0) != 0)
        _exit(IMAGE_EXIT_BAD);
    limit(RLIMIT_CPU, CPU_S);
    limit(RLIMIT_FSIZE, 0);
    limit(RLIMIT_CORE, 0);
    limit(RLIMIT_NOFILE, 1);
    if (data > 0)
        limit(RLIMIT_DATA, data + MEMORY);
}

static void put(const void *bytes, size_t size)
{
    const char *at = bytes;
    while (size > 0) {
        const ssize_t put = write(0, at, size);
        if (put <= 0)
            _exit(IMAGE_EXIT_BAD);
        at += put;
        size -= (size_t)put;
    }
}

static void draw_again(enum image_kind kind, const void *bytes, size_t size)
{
    uint8_t *jpeg = NULL;
    unsigned long jpeg_size = 0;
    const struct image_pixels read =
        kind == IMAGE_JPEG ? image_decode_jpeg(bytes, size) : image_decode_png(bytes, size);
    const struct image_pixels small = image_shrink(&read);
    image_encode_jpeg(&small, &jpeg, &jpeg_size);
    const int32_t head[2] = {small.width, small.height};
    put(head, sizeof head);
    put(jpeg, jpeg_size);
    _exit(0);
}

// Reads until the end, at most ANSWER_MAX bytes. False: too much, or too late.
static bool collect(int pipe_end, struct buffer *out)
{
    char part[65536];
    for (;;) {
        struct pollfd ready = {.fd = pipe_end, .events = POLLIN};
        const int polled = poll(&ready, 1, WAIT_MS);
        if (polled < 0 && errno == EINTR)
            continue;
        if (polled <= 0)
            return false;
        const ssize_t size = read(pipe_end, part, sizeof part);
        if (size < 0 && errno == EINTR)
            continue;
        if (size <= 0)
            return size == 0;
        if (out->size + (size_t)size > ANSWER_MAX)
            return false;
        buffer_append(out, part, (size_t)size);
    }
}

static int finish(pid_t child, bool whole)
{
    int status = 0;
    if (!whole)
        (void)kill(child, SIGKILL);
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return IMAGE_EXIT_BAD;
    return WIFEXITED(status) && whole ? WEXITSTATUS(status) : IMAGE_EXIT_BAD;
}

static enum code take(struct image *out, const struct buffer *answer, int exit_code)
{
    int32_t head[2];
    if (exit_code == IMAGE_EXIT_LARGE)
        return CODE_PHOTO_TOO_LARGE;
    ENSURE(exit_code == 0 && answer->size > sizeof head, CODE_PHOTO_INVALID);
    memcpy(head, answer->data, sizeof head);
    out->width = head[0];
    out->height = head[1];
    buffer_append(&out->jpeg, answer->data + sizeof head, answer->size - sizeof head);
    return OK;
}

enum code image_clean(struct image *out, const void *bytes, size_t size)
{
    int ends[2];
    *out = (struct image){.width = 0};
    ENSURE(size <= IMAGE_BYTES_MAX, CODE_PHOTO_TOO_LARGE);
    const enum image_kind kind = image_kind_of(bytes, size);
    ENSURE(kind != IMAGE_OTHER, CODE_PHOTO_INVALID);
    ENSURE(pipe2(ends, O_CLOEXEC) == 0, CODE_BUSY);
    const size_t data = data_in_use();
    const pid_t child = fork();
    if (child == 0) {
        confine(ends[1], data);
        draw_again(kind, bytes, size);
    }
    close(ends[1]);
    struct buffer answer = {0};
    const bool whole = child > 0 && collect(ends[0], &answer);
    close(ends[0]);
    const enum code code = child > 0 ? take(out, &answer, finish(child, whole)) : CODE_BUSY;
    mem_wipe(answer.data, answer.size);
    buffer_free(&answer);
    return code;
}

void image_free(struct image *image)
{
    mem_wipe(image->jpeg.data, image->jpeg.size);
    buffer_free(&image->jpeg);
}
