// Connections: caps per address, and an absolute deadline for each phase, so that a client which
// drips bytes is ended although the library's own timer restarts at every byte. Invariant: a link
// is in the list exactly while its file descriptor is open, both under the lock.
#include <arpa/inet.h>
#include <linux/tcp.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "net/net_priv.h"

static size_t address_bytes(const struct sockaddr *address, const void **out)
{
    if (address->sa_family == AF_INET) {
        *out = &((const struct sockaddr_in *)(const void *)address)->sin_addr;
        return 4;
    }
    *out = &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
    return 8; // one customer of an IPv6 network has at least a /64
}

static uint32_t address_slot(const struct net_server *server, const struct sockaddr *address)
{
    const void *bytes;
    const size_t size = address_bytes(address, &bytes);
    return (uint32_t)(net_siphash(server->links.key, bytes, size) % ADDRESS_SLOTS);
}

static bool in_network(const struct sockaddr *address, const char *network)
{
    char text[INET6_ADDRSTRLEN + 4];
    if (!text_copy(text, sizeof text, network))
        return false;
    char *slash = strchr(text, '/');
    int64_t bits = -1;
    if (slash != NULL) {
        *slash = '\0';
        if (!text_to_int64(&bits, slash + 1))
            return false;
    }
    unsigned char net[16];
    const bool v4 = inet_pton(AF_INET, text, net) == 1;
    if (!v4 && inet_pton(AF_INET6, text, net) != 1)
        return false;
    const void *bytes;
    (void)address_bytes(address, &bytes);
    if (address->sa_family != (v4 ? AF_INET : AF_INET6))
        return false;
    const int64_t all = v4 ? 32 : 128;
    bits = bits < 0 || bits > all ? all : bits;
    const size_t whole = (size_t)(bits / 8);
    const unsigned char *own = bytes;
    for (size_t i = 0; i < whole; i++)
        if (own[i] != net[i])
            return false;
    const unsigned int rest = (unsigned int)(bits % 8);
    return rest == 0 || (unsigned int)(own[whole] ^ net[whole]) >> (8 - rest) == 0;
}

bool address_trusted(const struct net_server *server, const struct sockaddr *address)
{
    for (size_t i = 0; i < server->options.trusted_proxy_count; i++)
        if (in_network(address, server->options.trusted_proxies[i]))
            return true;
    return false;
}

bool links_allow(struct net_server *server, const struct sockaddr *address)
{
    if (address->sa_family != AF_INET && address->sa_family != AF_INET6)
        return false;
    if (address_trusted(server, address))
        return true;
    pthread_mutex_lock(&server->links.lock);
    const bool allowed = server->links.per_address[address_slot(server, address)] <
                         server->limits.connections_per_address;
    pthread_mutex_unlock(&server->links.lock);
    if (!allowed)
        net_series_add(server->refused_rate, 1);
    return allowed;
}

struct link *links_add(struct net_server *server, struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *fd =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    if (fd == NULL || info == NULL)
        return NULL;
    struct link *link = mem_alloc(sizeof *link);
    const struct sockaddr *address = info->client_addr;
    const void *bytes;
    (void)address_bytes(address, &bytes);
    (void)inet_ntop(address->sa_family, bytes, link->address, sizeof link->address);
    link->server = server;
    link->fd = fd->connect_fd;
    link->trusted = address_trusted(server, address);
    link->address_slot = address_slot(server, address);
    link_phase(link, PHASE_HEAD);
    struct links *links = &server->links;
    pthread_mutex_lock(&links->lock);
    link->next = links->first;
    if (links->first != NULL)
        links->first->previous = link;
    links->first = link;
    links->count++;
    if (!link->trusted)
        links->per_address[link->address_slot]++;
    pthread_mutex_unlock(&links->lock);
    net_series_add(server->connections, 1);
    return link;
}

void links_remove(struct link *link)
{
    struct net_server *server = link->server;
    struct links *links = &server->links;
    pthread_mutex_lock(&links->lock);
    if (link->previous != NULL)
        link->previous->next = link->next;
    else
        links->first = link->next;
    if (link->next != NULL)
        link->next->previous = link->previous;
    links->count--;
    if (!link->trusted)
        links->per_address[link->address_slot]--;
    pthread_mutex_unlock(&links->lock);
    net_series_add(server->connections, -1);
    mem_free(link);
}

void link_phase(struct link *link, enum phase phase)
{
    atomic_store_explicit(&link->since_us, mono_us(), memory_order_relaxed);
    atomic_store_explicit(&link->phase, (int)phase, memory_order_release);
}

static uint64_t received(int fd)
{
    struct tcp_info info;
    memset(&info, 0, sizeof info);
    socklen_t size = sizeof info;
    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0)
        return 0;
    return info.tcpi_bytes_received;
}

// Between requests: idle until the first byte of a new head arrives, then the head's deadline runs.
static int64_t idle_deadline(struct link *link, int64_t since, int64_t now_us)
{
    const struct net_limits *limits = &link->server->limits;
    if (link->idle_since_us != since) {
        link->idle_since_us = since;
        link->seen_bytes = received(link->fd);
        link->head_since_us = 0;
    } else if (link->head_since_us == 0 && received(link->fd) != link->seen_bytes) {
        link->head_since_us = now_us;
    }
    if (link->head_since_us != 0)
        return link->head_since_us + (int64_t)limits->head_ms * 1000;
    return since + (int64_t)limits->idle_ms * 1000;
}

static int64_t deadline(struct link *link, int64_t now_us)
{
    const struct net_limits *limits = &link->server->limits;
    const int phase = atomic_load_explicit(&link->phase, memory_order_acquire);
    const int64_t since = atomic_load_explicit(&link->since_us, memory_order_relaxed);
    switch ((enum phase)phase) {
    case PHASE_HEAD:
        return since + (int64_t)limits->head_ms * 1000;
    case PHASE_BODY:
        return since + (int64_t)limits->body_ms * 1000;
    case PHASE_SEND:
        return since + (int64_t)limits->idle_ms * 5000;
    case PHASE_IDLE:
        return idle_deadline(link, since, now_us);
    case PHASE_RUN:
        break;
    }
    return INT64_MAX;
}

size_t links_watch(struct net_server *server, int64_t now_us)
{
    size_t ended = 0;
    pthread_mutex_lock(&server->links.lock);
    for (struct link *link = server->links.first; link != NULL; link = link->next) {
        if (link->ended || now_us < deadline(link, now_us))
            continue;
        link->ended = true;
        // A reader that takes nothing must not keep our bytes in the kernel: close means reset.
        const struct linger now = {.l_onoff = 1, .l_linger = 0};
        if (atomic_load(&link->phase) == PHASE_SEND)
            (void)setsockopt(link->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
        // Asked before the shutdown: after it the I/O thread may have called the link idle already.
        if (atomic_load(&link->phase) != PHASE_IDLE || link->head_since_us != 0)
            ended++;
        // The I/O thread sees the end of the stream and closes; the descriptor stays its own.
        (void)shutdown(link->fd, SHUT_RDWR);
    }
    pthread_mutex_unlock(&server->links.lock);
    return ended;
}
