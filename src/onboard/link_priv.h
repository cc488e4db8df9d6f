// link_priv: rows of onboard_link; stays inside this room.
#ifndef ONBOARD_LINK_PRIV_H
#define ONBOARD_LINK_PRIV_H

#include "onboard/onboard_priv.h"

// Where the small amount is.
enum link_money {
    LINK_TO_SEND = 1,
    LINK_SENT,
    LINK_CREDITED,
    LINK_MONEY_REFUSED,
    LINK_TO_RETURN,
    LINK_RETURN_SENT,
    LINK_RETURNED,
    LINK_RETURN_REFUSED,
};
enum link_outcome {
    LINK_OPEN = 0,
    LINK_LINKED,
    LINK_MISSED,
    LINK_EXPIRED,
    LINK_CARD_REFUSED,
};

struct link_row {
    struct id id, return_id;
    int64_t number;
    struct vault_hash id_hash;
    char card[24]; // "" once the bank has decided
    char last4[5], bank[64];
    int64_t amount;
    enum link_money money;
    enum link_outcome outcome;
    int32_t misses;
    int64_t sent_us, created_us, until_us, ended_us;
};

enum code link_store_insert(struct db *db, const struct vault *vault, const struct link_row *row);
enum code link_store_update(struct db *db, const struct vault *vault, const struct link_row *row);
// CODE_NOT_FOUND.
enum code link_store_load(struct db *db, const struct vault *vault, const struct id *id,
                          struct link_row *out);
enum code link_store_newest(struct db *db, const struct vault *vault, int64_t number,
                            struct link_row *out);
// An open one of the person, by whatever application. CODE_NOT_FOUND.
enum code link_store_open(struct db *db, const struct vault *vault,
                          const struct vault_hash *id_hash, struct link_row *out);
// An open one whose time is over. CODE_NOT_FOUND.
enum code link_store_overdue(struct db *db, const struct vault *vault, int64_t now_us,
                             struct link_row *out);
// Of this person since `since_us`: misses in links that ended, when the last of those ended; and
// how many links were begun since `begun_us`, and the first of them.
struct link_counts {
    int64_t misses, last_ended_us, begun, first_begun_us;
};
enum code link_store_counts(struct db *db, const struct vault_hash *id_hash, int64_t since_us,
                            int64_t begun_us, struct link_counts *out);

#endif
