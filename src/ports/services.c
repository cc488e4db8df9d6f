// Face check and identity register: small calls with a strict outcome.
#include "ports/ports_priv.h"

#include <stdio.h>

struct ports_face {
    struct ports_peer peer;
};
struct ports_identity {
    struct ports_peer peer;
};

// Both are one peer: opened and closed alike.
static enum code open_peer(void **out, const struct ports_options *options)
{
    struct ports_peer *peer = mem_alloc(sizeof *peer);
    const enum code code = ports_peer_open(peer, options);
    if (code != OK) {
        mem_free(peer);
        peer = NULL;
    }
    *out = peer;
    return code;
}

static void close_peer(void *peer)
{
    if (peer != NULL)
        mem_free_secret(peer, sizeof(struct ports_peer));
}

static json_t *id_json(const struct id *id)
{
    char text[40];
    id_format(text, "", id);
    return json_string(text);
}

// --- face ---

enum code ports_face_open(struct ports_face **out, const struct ports_options *options)
{
    return open_peer((void **)out, options);
}

void ports_face_close(struct ports_face **face)
{
    close_peer(*face);
    *face = NULL;
}

static enum ports_outcome face_outcome(struct ports_reply *reply, const struct id *id)
{
    enum ports_outcome outcome = PORTS_UNKNOWN;
    const char *status = ports_text(reply, "status");
    if (reply->json != NULL && reply->status / 100 == 2 && ports_is_id(reply, "id", id))
        outcome = text_equal(status, "passed")    ? PORTS_DONE
                  : text_equal(status, "failed")  ? PORTS_REFUSED
                  : text_equal(status, "pending") ? PORTS_PENDING
                                                  : PORTS_UNKNOWN;
    ports_reply_free(reply);
    return outcome;
}

enum ports_outcome ports_face_start(struct ports_face *face, const struct id *id, const char *name,
                                    const char *id_number)
{
    struct ports_reply reply;
    ports_call(&face->peer, "/face",
               json_pack("{s:o,s:s,s:s}", "id", id_json(id), "name", name, "id_number", id_number),
               &reply);
    return face_outcome(&reply, id);
}

enum ports_outcome ports_face_inquire(struct ports_face *face, const struct id *id)
{
    char path[64], text[40];
    struct ports_reply reply;
    id_format(text, "", id);
    snprintf(path, sizeof path, "/face/%s", text);
    ports_call(&face->peer, path, NULL, &reply);
    return face_outcome(&reply, id);
}

// --- identity register ---

enum code ports_identity_open(struct ports_identity **out, const struct ports_options *options)
{
    return open_peer((void **)out, options);
}

void ports_identity_close(struct ports_identity **identity)
{
    close_peer(*identity);
    *identity = NULL;
}

static enum ports_mismatch mismatch_of(const char *status, const char *class)
{
    if (text_equal(class, "phone"))
        return PORTS_MISMATCH_PHONE;
    const bool document =
        class[0] != '\0' ? text_equal(class, "document") : text_equal(status, "not_found");
    return document ? PORTS_MISMATCH_DOCUMENT : PORTS_MISMATCH_NAME;
}

enum ports_outcome ports_identity_check(struct ports_identity *identity, const struct id *id,
                                        const char *name, const char *id_number, const char *phone,
                                        enum ports_mismatch *out_mismatch)
{
    struct ports_reply reply;
    enum ports_outcome outcome = PORTS_UNKNOWN;
    json_t *body =
        json_pack("{s:o,s:s,s:s}", "id", id_json(id), "name", name, "id_number", id_number);
    if (phone != NULL)
        json_object_set_new(body, "phone", json_string(phone));
    ports_call(&identity->peer, "/identity", body, &reply);
    const char *status = ports_text(&reply, "status");
    *out_mismatch = PORTS_MISMATCH_NONE;
    if (reply.json != NULL && reply.status / 100 == 2 && ports_is_id(&reply, "id", id)) {
        if (text_equal(status, "match"))
            outcome = PORTS_DONE;
        else if (text_equal(status, "mismatch") || text_equal(status, "not_found"))
            outcome = PORTS_REFUSED;
        if (outcome == PORTS_REFUSED)
            *out_mismatch = mismatch_of(status, ports_text(&reply, "class"));
    }
    ports_reply_free(&reply);
    return outcome;
}
