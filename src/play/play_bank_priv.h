// play_bank_priv: the operations of the play bank; stays inside this room.
#ifndef PLAY_PLAY_BANK_PRIV_H
#define PLAY_PLAY_BANK_PRIV_H

#include "play/play_priv.h"

// What any of the operations may say.
struct play_asked {
    struct id request_id, challenge, original;
    const char *name, *id_number, *card_number, *phone, *code, *card_token, *currency, *text;
    int64_t amount, business_date;
};

struct play_bank_operation {
    const char *name;
    enum play_operation faults; // PLAY_OPERATIONS = has none
    bool money;
    // Names the card, and refuses what no later moment can change. Writes nothing.
    enum code (*prepare)(struct play *play, const struct play_asked *asked,
                         struct play_request *out);
    // Makes it final: done or refused, with what that moves. `asked` is NULL for late ones.
    enum code (*book)(struct play *play, const struct play_asked *asked,
                      struct play_request *request);
};

enum code play_refuse(struct play_request *request, const char *code);
// Does it take money from the card?
static inline bool play_takes(const struct play_request *request)
{
    return text_equal(request->operation, "debit") ||
           text_equal(request->operation, "probe_return");
}
enum code play_done(struct play_request *request);

// probe.c
enum code play_prepare_probe(struct play *play, const struct play_asked *asked,
                             struct play_request *out);
enum code play_book_probe(struct play *play, const struct play_asked *asked,
                          struct play_request *request);
enum code play_prepare_probe_return(struct play *play, const struct play_asked *asked,
                                    struct play_request *out);
enum code play_book_probe_return(struct play *play, const struct play_asked *asked,
                                 struct play_request *request);

#endif
