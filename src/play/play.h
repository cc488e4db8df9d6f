// play: the outside world of the sandbox as one process — phones that receive SMS, a play bank with
// faults, face decisions and an identity register. It serves the wire contracts of ports/ports.h
// and the control endpoints /sandbox/api/*. Never part of a production installation's trust: it
// holds play money and invented people only.
#ifndef PLAY_PLAY_H
#define PLAY_PLAY_H

#include "base/base.h"

struct play_options {
    const char *listen;      // "127.0.0.1"
    uint16_t port;           // 0 = any free
    const char *data_folder; // holds play.db
    const char *seed_file;   // spec/play/people.json
    const struct env *env;
    // Called once when it answers, with the port. May be NULL.
    void (*ready)(void *context, uint16_t port);
    void *context;
    // Polled 10 times a second; returns true when the process shall end. NULL = never.
    bool (*stop)(void *context);
};
// Runs until stop() says so. Returns OK or why it could not start.
enum code play_run(const struct play_options *options);

// The play people of a seed file, for the wallet's own seeding and GET /sandbox/api/people.
struct play_card {
    char card_number[20], bank[64];
    int64_t balance; // minor units CNY
};
struct play_person {
    char name[128], id_number[19], phone[12], password[64], pin[7];
    // Of other documents than the resident ID; else "".
    char document[32], valid_until[12], birth_date[12], sex[8];
    bool opened;     // shall have a wallet from the start
    int64_t balance; // of the wallet at the start, minor units CNY
    struct play_card cards[3];
    size_t card_count;
};
struct play_shop {
    char name[128], name_en[128], merchant_key[64];
};
struct play_world {
    struct play_person people[16];
    size_t person_count;
    struct play_shop shop;
};
// Returns OK or CODE_INTERNAL (logged): not readable or not of the form.
enum code play_world_load(struct play_world *out, const char *seed_file);

#endif
