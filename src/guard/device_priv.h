// device_priv: rows of guard_device and guard_signin; stays inside this room.
#ifndef GUARD_DEVICE_PRIV_H
#define GUARD_DEVICE_PRIV_H

#include "guard/guard_device.h"

enum device_state { DEVICE_NONE = 0, DEVICE_KNOWN, DEVICE_WAITS, DEVICE_REFUSED };
struct device_row {
    enum device_state state;
    char case_number[16];
};
struct signin_row {
    int64_t person, at_us;
    enum guard_signin_result result;
    const char *device, *address;
    const struct vault_hash *token; // NULL = none
    const struct id *session;       // NULL = none
};

// "4:cb00" of an IPv4 address, "6:20010db8" of an IPv6 one, "?" else. `out` holds 16 bytes.
void device_place(char out[16], const char *address);
enum code device_load(struct db *db, int64_t person, const struct vault_hash *token,
                      struct device_row *out);
enum code device_write(struct db *db, const struct vault *vault,
                       const struct guard_arrival *arrival, const struct vault_hash *token,
                       enum device_state state, const char *case_number, int64_t now_us);
enum code device_count(struct db *db, int64_t person, int64_t *out);
enum code device_of_case(struct db *db, int64_t person, const char *case_number,
                         enum device_state state, int64_t *out_changed);
enum code device_refuse(struct db *db, int64_t person, const void *token, size_t size);

enum code signin_add(struct db *db, const struct vault *vault, const struct env *env,
                     const struct signin_row *row);
// Log-ins that succeeded: from this place, and at all.
enum code signin_seen(struct db *db, int64_t person, const struct vault_hash *place, bool *out_here,
                      bool *out_ever);
struct signin_origin {
    uint8_t token[32];
    size_t token_size;
    struct id session;
};
enum code signin_origin(struct db *db, int64_t person, const struct id *id,
                        struct signin_origin *out);

#endif
