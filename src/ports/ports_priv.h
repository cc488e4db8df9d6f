// ports_priv: one JSON call over HTTP, strict; stays inside this room.
#ifndef PORTS_PORTS_PRIV_H
#define PORTS_PORTS_PRIV_H

#include "ports/ports.h"

#include <jansson.h>

// A neighbour: where it is and how it is asked.
struct ports_peer {
    char base_url[512];
    char bearer[256];
    uint32_t deadline_ms;
};
enum code ports_peer_open(struct ports_peer *out, const struct ports_options *options);

struct ports_reply {
    int status;        // HTTP status; 0 = no usable answer
    json_t *json;      // object; NULL = no usable answer. Freed by ports_reply_free.
    bool nothing_sent; // the connection was never made
};
// POST `body` (stolen) or GET when it is NULL. Total deadline, no redirects, at most 64 KiB,
// application/json only.
void ports_call(const struct ports_peer *peer, const char *path, json_t *body,
                struct ports_reply *out);
// The same without any form: for gateways that speak no JSON of ours. `headers` are whole lines.
struct ports_raw {
    const char *method, *url, *body; // body NULL = none
    const char *const *headers;
    size_t header_count;
};
struct ports_raw_reply {
    int status; // 0 = no answer
    bool nothing_sent;
    struct buffer body;
};
void ports_call_raw(const struct ports_peer *peer, const struct ports_raw *raw,
                    struct ports_raw_reply *out);
void ports_reply_free(struct ports_reply *reply);
// Text member; "" when absent or no text.
const char *ports_text(const struct ports_reply *reply, const char *name);
// Is the member `name` exactly the 32 hex digits of `id`?
bool ports_is_id(const struct ports_reply *reply, const char *name, const struct id *id);

#endif
