// secrets_priv: lists of what is guessed first; stays inside this room.
#ifndef GUARD_SECRETS_PRIV_H
#define GUARD_SECRETS_PRIV_H

#include "guard/guard.h"

extern const char *const SECRETS_WORDS[]; // NULL-terminated
extern const char SECRETS_PINS[100][7];

#endif
