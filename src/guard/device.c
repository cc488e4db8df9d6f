// Browsers that a person logs in from. D1 Whoever has the password alone, from a browser and a
// place never seen, is let in only after the owner's word, a second factor, or two hours in which
// the owner was told and did not object. D2 A browser that the owner refused stays out however long
// it waits.
#include "guard/device_priv.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

static const int64_t SECOND_US = 1000000;
static const int64_t DAY_US = INT64_C(86400000000);

const char *guard_signin_result_name(enum guard_signin_result result)
{
    static const char *const names[] = {[GUARD_SIGNIN_OK] = "ok",
                                        [GUARD_SIGNIN_WRONG] = "wrong",
                                        [GUARD_SIGNIN_LOCKED] = "locked",
                                        [GUARD_SIGNIN_UNCONFIRMED] = "unconfirmed",
                                        [GUARD_SIGNIN_REFUSED] = "refused"};
    return names[result];
}

void device_place(char out[16], const char *address)
{
    uint8_t bytes[16];
    if (address != NULL && inet_pton(AF_INET, address, bytes) == 1)
        (void)snprintf(out, 16, "4:%02x%02x", bytes[0], bytes[1]);
    else if (address != NULL && inet_pton(AF_INET6, address, bytes) == 1)
        (void)snprintf(out, 16, "6:%02x%02x%02x%02x", bytes[0], bytes[1], bytes[2], bytes[3]);
    else
        (void)text_copy(out, 16, "?");
}

static enum code record(struct db *db, const struct guard_locker *locker,
                        const struct guard_arrival *arrival, const struct vault_hash *token,
                        enum guard_signin_result result, const struct id *session)
{
    const struct signin_row row = {.person = arrival->person,
                                   .at_us = env_now(locker->env),
                                   .result = result,
                                   .device = arrival->device,
                                   .address = arrival->address,
                                   .token = token,
                                   .session = session};
    return signin_add(db, locker->vault, locker->env, &row);
}

// Is there anything to compare with, and does this differ from it?
static enum code is_unusual(struct db *db, const struct guard_locker *locker,
                            const struct guard_arrival *arrival, int64_t now_us, bool *out)
{
    const struct guard_lock_rules *rules =
        guard_lock_rules(locker->profiles, time_business_date(now_us));
    struct party_person person;
    char place[16];
    bool here, ever;
    *out = false;
    if (arrival->strong)
        return OK;
    device_place(place, arrival->address);
    const struct vault_hash hash = vault_place_hash(locker->vault, place);
    GUARD(party_person_load(db, locker->vault, arrival->person, &person));
    GUARD(signin_seen(db, arrival->person, &hash, &here, &ever));
    *out = ever && !here && now_us - person.opened_us >= rules->place_account_days * DAY_US;
    return OK;
}

// It waited under a case that ran out without a word, or that was lifted.
static enum code has_waited(struct db *db, const struct device_row *row, int64_t now_us, bool *out)
{
    struct guard_lock lock;
    *out = false;
    if (row->state != DEVICE_WAITS)
        return OK;
    const enum code code = guard_lock_by_case(db, row->case_number, &lock);
    ENSURE(code == OK || code == CODE_NOT_FOUND, code);
    *out = code == OK && !guard_lock_in_force(&lock, now_us);
    return OK;
}

static enum code hold(struct db *db, const struct guard_locker *locker,
                      const struct guard_arrival *arrival, const struct vault_hash *token,
                      bool refused, int64_t now_us, struct problem *problem)
{
    const struct guard_lock_order order = {
        .person = arrival->person, .code = "L03", .device = arrival->device};
    struct guard_lock lock;
    GUARD(guard_lock_place(db, locker, &order, &lock));
    GUARD(device_write(db, locker->vault, arrival, token, refused ? DEVICE_REFUSED : DEVICE_WAITS,
                       lock.case_number, now_us));
    GUARD(record(db, locker, arrival, token,
                 refused ? GUARD_SIGNIN_REFUSED : GUARD_SIGNIN_UNCONFIRMED, NULL));
    (void)problem_set(problem, CODE_LOGIN_UNCONFIRMED, CHARGED_NOT_INVOLVED);
    guard_lock_fill(locker->vault, &lock, now_us, problem);
    return CODE_LOGIN_UNCONFIRMED;
}

// Somebody who is known elsewhere came with a new browser: large transfers ask first for a day.
static enum code begin_caution(struct db *db, const struct guard_locker *locker, int64_t person)
{
    const int64_t now_us = env_now(locker->env);
    const struct guard_lock_rules *rules =
        guard_lock_rules(locker->profiles, time_business_date(now_us));
    return guard_caution(db, person, now_us + rules->caution_s * SECOND_US);
}

static enum code admit(struct db *db, const struct guard_locker *locker,
                       const struct guard_arrival *arrival, const struct vault_hash *token,
                       bool fresh, const struct id *session)
{
    const int64_t now_us = env_now(locker->env);
    int64_t others = 0;
    if (fresh)
        GUARD(device_count(db, arrival->person, &others));
    GUARD(device_write(db, locker->vault, arrival, token, DEVICE_KNOWN, "", now_us));
    GUARD(record(db, locker, arrival, token, GUARD_SIGNIN_OK, session));
    return others > 0 ? begin_caution(db, locker, arrival->person) : OK;
}

enum code guard_arrive(struct db *db, const struct guard_locker *locker,
                       const struct guard_arrival *arrival, const struct id *session, bool *out_new,
                       struct problem *problem)
{
    const int64_t now_us = env_now(locker->env);
    const struct vault_hash token = vault_device_hash(locker->vault, arrival->token);
    struct device_row row;
    bool unusual = false, waited = false;
    GUARD(device_load(db, arrival->person, &token, &row));
    *out_new = row.state != DEVICE_KNOWN;
    if (row.state == DEVICE_REFUSED && !arrival->strong)
        return hold(db, locker, arrival, &token, true, now_us, problem);
    if (*out_new)
        GUARD(is_unusual(db, locker, arrival, now_us, &unusual));
    if (unusual)
        GUARD(has_waited(db, &row, now_us, &waited));
    if (unusual && !waited)
        return hold(db, locker, arrival, &token, false, now_us, problem);
    return admit(db, locker, arrival, &token, *out_new, session);
}

enum code guard_device_know(struct db *db, const struct guard_locker *locker,
                            const struct guard_arrival *arrival, const struct id *session)
{
    const struct vault_hash token = vault_device_hash(locker->vault, arrival->token);
    return admit(db, locker, arrival, &token, false, session);
}

enum code guard_device_known(struct db *db, const struct vault *vault, int64_t person,
                             const char *token, bool *out_known)
{
    struct device_row row;
    *out_known = false;
    if (token == NULL)
        return OK;
    const struct vault_hash hash = vault_device_hash(vault, token);
    GUARD(device_load(db, person, &hash, &row));
    *out_known = row.state == DEVICE_KNOWN;
    return OK;
}

enum code guard_device_answer(struct db *db, const struct guard_locker *locker, int64_t person,
                              const char *case_number, bool mine)
{
    struct guard_lock lock;
    int64_t changed;
    GUARD(guard_lock_by_case(db, case_number, &lock));
    ENSURE(lock.person == person && text_equal(lock.code, "L03") &&
               guard_lock_in_force(&lock, env_now(locker->env)),
           CODE_NOT_FOUND);
    GUARD(device_of_case(db, person, case_number, mine ? DEVICE_KNOWN : DEVICE_REFUSED, &changed));
    ENSURE(changed > 0, CODE_NOT_FOUND);
    if (!mine)
        return OK;
    GUARD(begin_caution(db, locker, person));
    return guard_lock_lift(db, locker, case_number, "confirmed", &lock);
}

enum code guard_signin_disown(struct db *db, const struct guard_locker *locker, int64_t person,
                              const struct id *id, struct id *out_session)
{
    struct signin_origin origin;
    GUARD(signin_origin(db, person, id, &origin));
    *out_session = origin.session;
    if (origin.token_size > 0)
        GUARD(device_refuse(db, person, origin.token, origin.token_size));
    return guard_checkup_begin(db, person, "", env_now(locker->env));
}
