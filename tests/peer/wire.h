// A raw client for tests of the edge: bytes out, answers in, nothing interpreted for it.
#ifndef TESTS_PEER_WIRE_H
#define TESTS_PEER_WIRE_H

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { WIRE_ANSWERS = 8, WIRE_BYTES = 65536 };

struct wire_result {
    int status[WIRE_ANSWERS];
    size_t answers;
    bool closed; // by the server
    int64_t took_ms;
    char bytes[WIRE_BYTES];
    size_t size;
};

static inline int64_t wire_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

// Returns a connected socket, or -1.
static inline int wire_connect(uint16_t port)
{
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int on = 1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

// Sends all, in pieces of `piece` bytes (0 = at once). The server may close early: that is no
// failure.
static inline void wire_send(int fd, const char *bytes, size_t size, size_t piece)
{
    for (size_t at = 0; at < size;) {
        const size_t want = piece > 0 && size - at > piece ? piece : size - at;
        const ssize_t sent = send(fd, bytes + at, want, MSG_NOSIGNAL);
        if (sent <= 0)
            return;
        at += (size_t)sent;
    }
}

// Length of the body that belongs to the head at `at`; chunked answers are not counted beyond their
// head.
static inline size_t wire_body(const char *at, const char *end)
{
    const char *field = strstr(at, "Content-Length: ");
    long length = 0;
    if (field != NULL && field < end && sscanf(field + 16, "%ld", &length) == 1 && length > 0)
        return (size_t)length;
    return 0;
}

// Counts answers as a client reads them: head, then as many bytes as Content-Length says.
static inline void wire_count(struct wire_result *result)
{
    const char *at = result->bytes, *const all = result->bytes + result->size;
    result->answers = 0;
    while (at < all && (at = strstr(at, "HTTP/1.")) != NULL) {
        const char *end = strstr(at, "\r\n\r\n");
        int status = 0;
        if (sscanf(at, "HTTP/1.%*1[01] %3d", &status) != 1 || end == NULL)
            return;
        at = end + 4 + wire_body(at, end);
        if (status == 100)
            continue;
        if (result->answers < WIRE_ANSWERS)
            result->status[result->answers] = status;
        result->answers++;
    }
}

// Reads until the server closes, `wait_ms` have passed, or nothing came for `quiet_ms` after an
// answer.
static inline void wire_read(int fd, struct wire_result *result, int64_t wait_ms, int quiet_ms)
{
    const int64_t start = wire_ms();
    result->size = 0;
    result->closed = false;
    while (result->size + 1 < sizeof result->bytes) {
        const int64_t left = wait_ms - (wire_ms() - start);
        struct pollfd poller = {fd, POLLIN, 0};
        const int wait = result->size > 0 && quiet_ms < left ? quiet_ms : (int)left;
        if (left <= 0 || poll(&poller, 1, wait) <= 0)
            break;
        const ssize_t got =
            recv(fd, result->bytes + result->size, sizeof result->bytes - 1 - result->size, 0);
        if (got <= 0) {
            result->closed = true;
            break;
        }
        result->size += (size_t)got;
    }
    result->bytes[result->size] = '\0';
    result->took_ms = wire_ms() - start;
    for (size_t i = 0; i < result->size; i++)
        if (result->bytes[i] == '\0')
            result->bytes[i] = '?';
    wire_count(result);
}

#endif
