// seed: the play people and the play shop of a fresh sandbox.
#ifndef CMD_SEED_H
#define CMD_SEED_H

#include "api/api.h"

// Opens the chart of accounts, and the play wallets and shop of `share`/spec/play/people.json when
// there is no wallet yet; leaves sandbox-people.json and sandbox-shop.json in the data folder.
// Repeating is OK.
enum code seed_play(struct api *api, const char *share);
// The play operators, when there is no operator yet.
enum code seed_operators(struct api *api);

#endif
