// The ten locks: what they stop, their order, their ends, the statement that proves them.
#include "guard/guard_device.h"
#include "guard/lock_priv.h"

#include <stdio.h>
#include <string.h>

static const int64_t SECOND_US = 1000000;
static const int64_t HOUR_US = INT64_C(3600000000);

static const char *const SCOPES[] = {[GUARD_SCOPE_LOGIN] = "login",
                                     [GUARD_SCOPE_PAY] = "pay",
                                     [GUARD_SCOPE_TRANSFER_OUT] = "transfer_out",
                                     [GUARD_SCOPE_LIMITS] = "limits",
                                     [GUARD_SCOPE_ALL_OUT] = "all_out"};

enum guard_scope guard_scope_parse(const char *name)
{
    for (int i = GUARD_SCOPE_LOGIN; name != NULL && i <= GUARD_SCOPE_ALL_OUT; i++)
        if (text_equal(SCOPES[i], name))
            return (enum guard_scope)i;
    return (enum guard_scope)0;
}

int32_t guard_lock_number(const char *code)
{
    int64_t number;
    if (code == NULL || code[0] != 'L' || strlen(code) != 3 || !text_to_int64(&number, code + 1))
        return 0;
    return number >= 1 && number <= GUARD_LOCK_CODES ? (int32_t)number : 0;
}

bool guard_lock_in_force(const struct guard_lock *lock, int64_t now_us)
{
    return lock->ended_us == 0 && (!lock->automatic || lock->until_us > now_us);
}

// --- reading ---

enum code guard_locks(struct db *db, int64_t person, int64_t now_us, struct guard_lock *out,
                      size_t max, size_t *out_count)
{
    return lock_of_person(db, person, now_us, out, max, out_count);
}

// Who is logged in is hurt least by a lock of the log-in.
static int weight(const struct guard_lock *lock)
{
    static const int weights[] = {[GUARD_SCOPE_ALL_OUT] = 5,
                                  [GUARD_SCOPE_TRANSFER_OUT] = 4,
                                  [GUARD_SCOPE_PAY] = 3,
                                  [GUARD_SCOPE_LOGIN] = 2,
                                  [GUARD_SCOPE_LIMITS] = 1};
    return weights[guard_scope_parse(lock->scope)];
}

// Few rows: sorted by insertion, which keeps the longest first among equals.
enum code guard_locks_ranked(struct db *db, int64_t person, int64_t now_us, struct guard_lock *out,
                             size_t max, size_t *out_count)
{
    GUARD(lock_of_person(db, person, now_us, out, max, out_count));
    for (size_t i = 1; i < *out_count; i++) {
        const struct guard_lock moved = out[i];
        size_t j = i;
        for (; j > 0 && weight(&out[j - 1]) < weight(&moved); j--)
            out[j] = out[j - 1];
        out[j] = moved;
    }
    return OK;
}

// --- what a lock stops ---

// Sets the wallet to what its locks say together; called after every change of them.
static enum code apply(struct db *db, int64_t person, int64_t now_us)
{
    struct guard_lock locks[GUARD_LOCKS_MAX];
    struct party_wallet wallet;
    size_t count;
    bool frozen = false;
    int32_t number = 0;
    int64_t until_us = 0;
    GUARD(party_wallet_load(db, person, &wallet));
    GUARD(lock_of_person(db, person, now_us, locks, GUARD_LOCKS_MAX, &count));
    for (size_t i = 0; i < count; i++) {
        const enum guard_scope scope = guard_scope_parse(locks[i].scope);
        const int64_t end_us = locks[i].automatic ? locks[i].until_us : INT64_MAX;
        frozen = frozen || scope == GUARD_SCOPE_ALL_OUT;
        if (scope == GUARD_SCOPE_TRANSFER_OUT && end_us > until_us) {
            until_us = end_us;
            number = guard_lock_number(locks[i].code);
        }
    }
    GUARD(lock_set_wallet(db, &wallet, number, until_us));
    return wallet.state == PARTY_CLOSED ? OK : party_set_frozen(db, person, frozen, now_us);
}

// --- placing and ending ---

static int64_t end_of(const struct guard_locker *locker, const struct guard_lock_kind *kind,
                      const struct guard_lock_order *order, int64_t now_us)
{
    (void)locker;
    if (order->until_us != 0)
        return order->until_us;
    return kind->ends == GUARD_ENDS_CLOCK ? now_us + kind->clock_s * SECOND_US : GUARD_LOCK_OPEN;
}

static enum code same_in_force(struct db *db, const struct guard_lock_order *order, int64_t now_us,
                               struct guard_lock *out, bool *out_found)
{
    struct guard_lock locks[GUARD_LOCKS_MAX];
    size_t count;
    GUARD(lock_of_person(db, order->person, now_us, locks, GUARD_LOCKS_MAX, &count));
    *out_found = false;
    for (size_t i = 0; i < count && !*out_found; i++)
        if (text_equal(locks[i].code, order->code)) {
            *out = locks[i];
            *out_found = true;
        }
    return OK;
}

enum code guard_lock_place(struct db *db, const struct guard_locker *locker,
                           const struct guard_lock_order *order, struct guard_lock *out)
{
    const int64_t now_us = env_now(locker->env);
    const struct guard_lock_kind *kind =
        guard_lock_kind(locker->profiles, order->code, time_business_date(now_us));
    ENSURE(kind != NULL, CODE_NOT_FOUND);
    const char *scope = order->scope != NULL ? order->scope : kind->scope;
    ENSURE(guard_scope_parse(scope) != 0, CODE_REQUEST_INVALID);
    bool found;
    GUARD(same_in_force(db, order, now_us, out, &found));
    if (found)
        return OK;
    *out = (struct guard_lock){.id = id_new(locker->env),
                               .person = order->person,
                               .from_us = now_us,
                               .until_us = end_of(locker, kind, order, now_us)};
    ENSURE(out->until_us > now_us, CODE_REQUEST_INVALID);
    // An order of an authority ends on its day; what somebody decides does not end by itself.
    out->automatic = kind->ends == GUARD_ENDS_CLOCK ||
                     (kind->ends == GUARD_ENDS_ORDER && out->until_us != GUARD_LOCK_OPEN);
    (void)text_copy(out->code, sizeof out->code, order->code);
    (void)text_copy(out->scope, sizeof out->scope, scope);
    (void)text_copy(out->evidence, sizeof out->evidence,
                    order->evidence != NULL ? order->evidence : kind->evidence);
    guard_case_number(locker->env, out->case_number);
    struct tries_subject subject;
    tries_subject_person(&subject, order->person);
    GUARD(lock_insert(db, locker->vault, &subject, out, order->detail));
    GUARD(apply(db, order->person, now_us));
    if (order->silent)
        return OK;
    char name[16];
    (void)snprintf(name, sizeof name, "lock.%s", out->code);
    return lock_tell(db, locker, out, name, order->device);
}

enum code guard_lock_lift(struct db *db, const struct guard_locker *locker, const char *case_number,
                          const char *outcome, struct guard_lock *out)
{
    const int64_t now_us = env_now(locker->env);
    GUARD(guard_lock_by_case(db, case_number, out));
    ENSURE(guard_lock_in_force(out, now_us), CODE_NOT_FOUND);
    GUARD(lock_close(db, out, now_us, outcome));
    out->ended_us = now_us;
    (void)text_copy(out->outcome, sizeof out->outcome, outcome);
    if (out->person == 0)
        return OK;
    GUARD(apply(db, out->person, now_us));
    GUARD(guard_checkup_begin(db, out->person, out->case_number, now_us));
    return lock_tell(db, locker, out, "lock.ended", NULL);
}

enum code guard_lock_end(struct db *db, int64_t person, const char *code, int64_t now_us)
{
    struct guard_lock locks[GUARD_LOCKS_MAX];
    size_t count;
    GUARD(lock_of_person(db, person, now_us, locks, GUARD_LOCKS_MAX, &count));
    for (size_t i = 0; i < count; i++)
        if (text_equal(locks[i].code, code)) {
            GUARD(lock_close(db, &locks[i], now_us, "helped"));
            GUARD(guard_checkup_begin(db, person, locks[i].case_number, now_us));
        }
    return apply(db, person, now_us);
}

enum code guard_locks_due(struct db *db, const struct guard_locker *locker, int64_t now_us,
                          size_t limit, int64_t *out_ended)
{
    struct guard_lock locks[GUARD_LOCKS_MAX];
    size_t count;
    *out_ended = 0;
    do {
        GUARD(lock_due(db, now_us, locks, GUARD_LOCKS_MAX, &count));
        for (size_t i = 0; i < count; i++) {
            GUARD(lock_close(db, &locks[i], locks[i].until_us, "over"));
            if (locks[i].person == 0)
                continue;
            GUARD(apply(db, locks[i].person, now_us));
            GUARD(guard_checkup_begin(db, locks[i].person, locks[i].case_number, now_us));
            GUARD(lock_tell(db, locker, &locks[i], "lock.ended", NULL));
        }
        *out_ended += (int64_t)count;
    } while (count == GUARD_LOCKS_MAX && (size_t)*out_ended < limit);
    return OK;
}

// --- refusals ---

void guard_lock_statement(const struct guard_lock *lock, char out[GUARD_STATEMENT_MAX])
{
    char until[32] = "", at[32];
    if (lock->until_us != GUARD_LOCK_OPEN)
        time_format_utc(until, lock->until_us);
    time_format_utc(at, lock->from_us);
    (void)snprintf(out, GUARD_STATEMENT_MAX, "tongbao-lock-1\n%s\n%s\n%d\n%s\n%s",
                   lock->case_number, lock->code, (int)lock->tries, until, at);
}

void guard_lock_fill(const struct vault *vault, const struct guard_lock *lock, int64_t now_us,
                     struct problem *problem)
{
    char statement[GUARD_STATEMENT_MAX];
    if (problem == NULL)
        return;
    if (lock->until_us != GUARD_LOCK_OPEN) {
        problem->until_us = lock->until_us;
        problem->hours = (lock->until_us - now_us + HOUR_US - 1) / HOUR_US;
    }
    problem->tries = lock->tries;
    problem->from_us = lock->from_us;
    (void)text_copy(problem->lock, sizeof problem->lock, lock->code);
    (void)text_copy(problem->case_number, sizeof problem->case_number, lock->case_number);
    if (vault == NULL)
        return;
    guard_lock_statement(lock, statement);
    vault_statement_sign(vault, statement, problem->signature);
}

bool guard_lock_proved(const struct vault *vault, const struct guard_lock *lock,
                       const char *signature)
{
    char statement[GUARD_STATEMENT_MAX];
    guard_lock_statement(lock, statement);
    return vault_statement_valid(vault, statement, signature);
}

void guard_lock_name(struct db *db, int64_t person, int64_t now_us, struct problem *problem)
{
    struct guard_lock locks[GUARD_LOCKS_MAX];
    size_t count = 0;
    if (problem == NULL ||
        guard_locks_ranked(db, person, now_us, locks, GUARD_LOCKS_MAX, &count) != OK)
        return;
    for (size_t i = 0; i < count; i++) {
        const enum guard_scope scope = guard_scope_parse(locks[i].scope);
        if (scope != GUARD_SCOPE_ALL_OUT && scope != GUARD_SCOPE_TRANSFER_OUT)
            continue;
        guard_lock_fill(NULL, &locks[i], now_us, problem);
        return;
    }
}

enum code guard_limits_locked(struct db *db, const struct guard_locker *locker, int64_t person,
                              int64_t now_us, struct problem *problem)
{
    struct guard_lock locks[GUARD_LOCKS_MAX];
    size_t count;
    GUARD(guard_locks_ranked(db, person, now_us, locks, GUARD_LOCKS_MAX, &count));
    for (size_t i = 0; i < count; i++) {
        const enum guard_scope scope = guard_scope_parse(locks[i].scope);
        if (scope == GUARD_SCOPE_LOGIN || scope == GUARD_SCOPE_PAY)
            continue;
        (void)problem_set(problem, CODE_LIMITS_LOCKED, CHARGED_NOT_INVOLVED);
        guard_lock_fill(locker->vault, &locks[i], now_us, problem);
        return CODE_LIMITS_LOCKED;
    }
    return OK;
}

// --- telling ---

static void plain_time(char out[24], int64_t at_us)
{
    const int32_t date = time_business_date(at_us);
    const int64_t minutes = (at_us - time_business_day_start(at_us)) / (60 * SECOND_US);
    (void)snprintf(out, 24, "%04d-%02d-%02d %02d:%02d", date / 10000, date / 100 % 100, date % 100,
                   (int)(minutes / 60), (int)(minutes % 60));
}

// What jobs/ sends: purpose, phone, the case number in the place of a code, language, minutes.
static enum code send_sms(struct db *db, const struct guard_locker *locker, int64_t person,
                          const char *purpose, const char *case_number)
{
    struct party_person found;
    struct buffer payload = {0};
    GUARD(party_person_load(db, locker->vault, person, &found));
    buffer_format(&payload, "%s\n%s\n%s\n%s\n1", purpose, found.phone, case_number,
                  found.wallet.language == PARTY_EN ? "en" : "zh-CN");
    const struct id ref = id_new(locker->env);
    const struct party_outbox message = {.queue = "sms",
                                         .ref = ref.bytes,
                                         .ref_size = sizeof ref.bytes,
                                         .payload = payload.data,
                                         .payload_size = payload.size,
                                         .sealed = true};
    const enum code code = party_outbox_add(db, locker->vault, locker->env, &message);
    mem_wipe(payload.data, payload.size);
    buffer_free(&payload);
    return code;
}

static enum code send_event(struct db *db, const struct guard_locker *locker, int64_t person)
{
    static const char payload[] = "{\"locks\":\"changed\"}";
    const struct party_outbox event = {.queue = "event",
                                       .person1 = person,
                                       .ref = "wallet",
                                       .ref_size = 6,
                                       .payload = payload,
                                       .payload_size = sizeof payload - 1};
    return party_outbox_add(db, locker->vault, locker->env, &event);
}

enum code lock_tell(struct db *db, const struct guard_locker *locker, const struct guard_lock *lock,
                    const char *kind, const char *device)
{
    char time[24] = "-";
    struct buffer params = {0};
    struct party_notice notice = {
        .person = lock->person, .group = PARTY_NOTICE_SECURITY, .at_us = env_now(locker->env)};
    if (lock->until_us != GUARD_LOCK_OPEN)
        plain_time(time, lock->until_us);
    const bool ended = text_equal(kind, "lock.ended");
    (void)text_copy(notice.kind, sizeof notice.kind, kind);
    (void)text_copy(notice.link, sizeof notice.link, ended ? "/security/checkup" : "/unlock");
    buffer_format(&params, "time=%s\ncase=%s\ndevice=%s", time, lock->case_number,
                  device != NULL ? device : "-");
    (void)text_copy(notice.params, sizeof notice.params, params.data);
    buffer_free(&params);
    GUARD(party_notice_add(db, locker->vault, locker->env, &notice));
    GUARD(send_event(db, locker, lock->person));
    return send_sms(db, locker, lock->person, kind, lock->case_number);
}

enum code guard_lock_announce(struct db *db, const struct guard_locker *locker,
                              const struct guard_lock *lock, const char *kind)
{
    return lock_tell(db, locker, lock, kind, NULL);
}
