// Log-in and PIN checks: reserve a try, compare the hash, count the result.
// T1 A try is counted only when the hash was compared.
// T2 Tries reserved and tries counted together never exceed the rule: so many requests at once
// reach the hash, no more. T3 During a lock nothing is compared and nothing is counted; trying does
// not prolong it. T4 An unknown login costs, counts and locks like a known one; its subject is the
// keyed hash of what was typed.
#include "guard/tries_priv.h"

#include <stdio.h>
#include <string.h>

static const int64_t SECOND_US = 1000000;
static const int64_t DAY_US = INT64_C(86400000000);
// A reservation whose process died is forgotten after this.
static const int64_t RESERVED_US = INT64_C(30) * 1000000;

enum result { NOT_COMPARED, MATCHED, DIFFERED };

struct check {
    struct db_change change; // first: run() gets it back
    const struct guard_gate *gate;
    enum guard_secret kind;
    struct tries_subject subject;
    const char *login; // to be resolved; NULL = person is known
    int64_t person;    // 0 = unknown login
    enum code wrong_code;
    struct party_credentials credentials;
    enum result result;
    struct problem problem;
};

void guard_case_number(const struct env *env, char out[16])
{
    static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    uint8_t random[8];
    env->entropy(env->context, random, sizeof random);
    for (size_t i = 0; i < 8; i++)
        out[i < 4 ? i : i + 1] = alphabet[random[i] & 31];
    out[4] = '-';
    out[9] = '\0';
}

// --- rules by secret
// ------------------------------------------------------------------------------

static int32_t tries_allowed(const struct guard_lock_rules *rules, enum guard_secret kind)
{
    return kind == GUARD_SECRET_PIN ? rules->pin_tries : rules->login_tries;
}

static const char *lock_code(enum guard_secret kind)
{
    return kind == GUARD_SECRET_PIN ? "L02" : "L01";
}

// Log-in: a sliding window. PIN: the business day.
static bool still_counts(const struct guard_lock_rules *rules, enum guard_secret kind,
                         int64_t wrong_us, int64_t now_us)
{
    if (kind == GUARD_SECRET_PIN)
        return time_business_date(wrong_us) == time_business_date(now_us);
    return now_us - wrong_us < rules->login_window_s * SECOND_US;
}

static void forget_old(struct tries_row *row, const struct guard_lock_rules *rules,
                       enum guard_secret kind, int64_t now_us)
{
    size_t kept = 0;
    for (size_t i = 0; i < row->count; i++)
        if (still_counts(rules, kind, row->wrong[i], now_us))
            row->wrong[kept++] = row->wrong[i];
    row->count = kept;
    if (now_us - row->open_us > RESERVED_US)
        row->open = 0;
}

static enum code locked(struct check *check, const struct guard_lock *lock, int64_t now_us)
{
    const enum code code = check->kind == GUARD_SECRET_PIN ? CODE_PIN_LOCKED : CODE_ACCOUNT_LOCKED;
    (void)problem_set(&check->problem, code,
                      check->kind == GUARD_SECRET_PIN ? CHARGED_NO : CHARGED_NOT_INVOLVED);
    check->problem.until_us = lock->until_us;
    check->problem.retry_after_s = (lock->until_us - now_us + SECOND_US - 1) / SECOND_US;
    (void)text_copy(check->problem.case_number, sizeof check->problem.case_number,
                    lock->case_number);
    return code;
}

// --- step 1: reserve
// ------------------------------------------------------------------------------

// 16 digits with or without spaces are a wallet number, everything else a phone.
static enum code resolve(struct db *db, struct check *check)
{
    char digits[40], phone[PARTY_PHONE_MAX];
    size_t used = 0;
    for (const char *at = check->login; *at != '\0' && used + 1 < sizeof digits; at++)
        if (*at != ' ')
            digits[used++] = *at;
    digits[used] = '\0';
    const char *normal = digits;
    enum code code;
    if (used == PARTY_WALLET_NUMBER - 1 && text_all_digits(digits)) {
        code = party_find_by_wallet_number(db, digits, &check->person);
    } else {
        if (party_phone_normalise(phone, check->login) == OK)
            normal = phone;
        code = party_find_by_phone(db, check->gate->vault, check->login, &check->person);
    }
    if (code == OK) {
        check->subject = tries_subject_person(check->person);
        return OK;
    }
    ENSURE(code == CODE_NOT_FOUND, code);
    check->person = 0;
    const struct vault_hash hash =
        vault_search_hash(check->gate->vault, VAULT_SEARCH_LOGIN, normal);
    memcpy(check->subject.bytes, hash.bytes, sizeof hash.bytes);
    check->subject.size = sizeof hash.bytes;
    return OK;
}

static enum code reserve(struct db *db, struct db_change *change)
{
    struct check *check = (struct check *)change;
    const int64_t now_us = env_now(check->gate->env);
    const struct guard_lock_rules *rules =
        guard_lock_rules(check->gate->profiles, time_business_date(now_us));
    struct guard_lock lock;
    struct tries_row row;
    if (check->login != NULL)
        GUARD(resolve(db, check));
    GUARD(lock_in_force(db, &check->subject, lock_code(check->kind), now_us, &lock));
    if (lock.until_us != 0)
        return locked(check, &lock, now_us);
    if (check->person != 0)
        GUARD(party_credentials_load(db, check->person, &check->credentials));
    GUARD(tries_load(db, &check->subject, check->kind, &row));
    forget_old(&row, rules, check->kind, now_us);
    if ((int64_t)row.count + row.open >= tries_allowed(rules, check->kind))
        return problem_set(&check->problem, CODE_REQUEST_RUNNING, CHARGED_NO);
    row.open++;
    row.open_us = now_us;
    return tries_save(db, &check->subject, check->kind, &row, now_us);
}

// --- step 3: count
// --------------------------------------------------------------------------------

static void format_shanghai(char out[32], int64_t at_us)
{
    const int32_t date = time_business_date(at_us);
    const int64_t minute = (at_us - time_business_day_start(at_us)) / (60 * SECOND_US);
    snprintf(out, 32, "%04d-%02d-%02d %02d:%02d", date / 10000, date / 100 % 100, date % 100,
             (int)(minute / 60), (int)(minute % 60));
}

static enum code tell_person(struct db *db, const struct check *check,
                             const struct guard_lock *lock)
{
    if (check->person == 0)
        return OK;
    char until[32];
    format_shanghai(until, lock->until_us);
    struct party_notice notice = {.person = check->person, .group = PARTY_NOTICE_SECURITY};
    (void)text_copy(notice.kind, sizeof notice.kind,
                    check->kind == GUARD_SECRET_PIN ? "lock.pin" : "lock.login");
    snprintf(notice.params, sizeof notice.params, "time=%s\ncase=%s", until, lock->case_number);
    return party_notice_add(db, check->gate->vault, check->gate->env, &notice);
}

static enum code lock_now(struct db *db, struct check *check, const struct guard_lock_rules *rules,
                          int64_t now_us)
{
    struct guard_lock lock = {.from_us = now_us};
    int64_t length_s = rules->login_lock_s;
    if (check->kind == GUARD_SECRET_PIN) {
        int64_t before;
        GUARD(locks_since(db, &check->subject, "L02", now_us - rules->pin_again_days * DAY_US,
                          &before));
        length_s = before == 0 ? rules->pin_lock_first_s : rules->pin_lock_again_s;
    }
    lock.until_us = now_us + length_s * SECOND_US;
    (void)text_copy(lock.code, sizeof lock.code, lock_code(check->kind));
    (void)text_copy(lock.scope, sizeof lock.scope,
                    check->kind == GUARD_SECRET_PIN ? "pay" : "login");
    guard_case_number(check->gate->env, lock.case_number);
    const struct id id = id_new(check->gate->env);
    GUARD(lock_add(db, &check->subject, &id, &lock));
    GUARD(tell_person(db, check, &lock));
    return locked(check, &lock, now_us);
}

static enum code count_wrong(struct db *db, struct check *check, struct tries_row *row,
                             const struct guard_lock_rules *rules, int64_t now_us)
{
    const int32_t allowed = tries_allowed(rules, check->kind);
    if (row->count < TRIES_KEPT)
        row->wrong[row->count++] = now_us;
    const bool used_up = (int64_t)row->count >= allowed;
    const int32_t left = used_up ? 0 : allowed - (int32_t)row->count;
    if (used_up)
        row->count = 0; // after the lock a person starts afresh
    GUARD(tries_save(db, &check->subject, check->kind, row, now_us));
    check->change.keep = true;
    if (used_up)
        return lock_now(db, check, rules, now_us);
    (void)problem_set(&check->problem, check->wrong_code,
                      check->kind == GUARD_SECRET_PIN ? CHARGED_NO : CHARGED_NOT_INVOLVED);
    check->problem.tries_left = left;
    return check->wrong_code;
}

static enum code settle(struct db *db, struct db_change *change)
{
    struct check *check = (struct check *)change;
    const int64_t now_us = env_now(check->gate->env);
    const struct guard_lock_rules *rules =
        guard_lock_rules(check->gate->profiles, time_business_date(now_us));
    struct guard_lock lock;
    struct tries_row row;
    GUARD(tries_load(db, &check->subject, check->kind, &row));
    forget_old(&row, rules, check->kind, now_us);
    row.open = row.open > 0 ? row.open - 1 : 0;
    // Only when a reservation had run out can a lock have come in between: it wins.
    GUARD(lock_in_force(db, &check->subject, lock_code(check->kind), now_us, &lock));
    if (lock.until_us != 0)
        return locked(check, &lock, now_us);
    if (check->result == DIFFERED)
        return count_wrong(db, check, &row, rules, now_us);
    if (check->result == MATCHED)
        row.count = 0;
    return tries_save(db, &check->subject, check->kind, &row, now_us);
}

// --- the whole check
// --------------------------------------------------------------------------------

static enum code run(struct check *check, enum vault_secret secret_kind, const char *secret,
                     struct problem *problem)
{
    bool match = false;
    check->change = (struct db_change){.run = reserve};
    enum code code = db_committer_run(check->gate->committer, &check->change);
    if (code != OK) {
        if (problem != NULL)
            *problem = check->problem;
        return code;
    }
    const char *stored =
        secret_kind == VAULT_PIN ? check->credentials.pin : check->credentials.password;
    const enum code hashed =
        vault_password_verify(check->gate->vault, secret_kind, secret, stored, &match, NULL);
    check->result = hashed != OK ? NOT_COMPARED : match && check->person != 0 ? MATCHED : DIFFERED;
    mem_wipe(&check->credentials, sizeof check->credentials);
    check->change = (struct db_change){.run = settle};
    code = db_committer_run(check->gate->committer, &check->change);
    if (code == OK && hashed != OK)
        return problem_set(problem, hashed, CHARGED_NO);
    if (code != OK && problem != NULL)
        *problem = check->problem;
    return code;
}

enum code guard_pin_check(const struct guard_gate *gate, int64_t person, const char *pin,
                          struct problem *problem)
{
    if (pin == NULL || pin[0] == '\0')
        return problem_set(problem, CODE_PIN_REQUIRED, CHARGED_NO);
    // A PIN of another form cannot be right: said at once, and no try is used.
    if (strlen(pin) != 6 || !text_all_digits(pin)) {
        (void)problem_set(problem, CODE_REQUEST_INVALID, CHARGED_NO);
        return problem_field(problem, "/pin", CODE_REQUEST_INVALID, "pin.form");
    }
    struct check check = {.gate = gate,
                          .kind = GUARD_SECRET_PIN,
                          .subject = tries_subject_person(person),
                          .person = person,
                          .wrong_code = CODE_PIN_WRONG};
    return run(&check, VAULT_PIN, pin, problem);
}

static enum code too_long(struct problem *problem, const char *pointer)
{
    (void)problem_set(problem, CODE_REQUEST_INVALID, CHARGED_NOT_INVOLVED);
    return problem_field(problem, pointer, CODE_REQUEST_INVALID, "long");
}

enum code guard_login_check(const struct guard_gate *gate, const char *login, const char *password,
                            int64_t *out_person, struct problem *problem)
{
    *out_person = 0;
    if (strlen(password) > VAULT_SECRET_MAX)
        return too_long(problem, "/password");
    if (login[0] == '\0' || password[0] == '\0')
        return problem_set(problem, CODE_REQUEST_INVALID, CHARGED_NOT_INVOLVED);
    struct check check = {
        .gate = gate, .kind = GUARD_SECRET_LOGIN, .login = login, .wrong_code = CODE_LOGIN_FAILED};
    GUARD(run(&check, VAULT_PASSWORD, password, problem));
    *out_person = check.person;
    return OK;
}

enum code guard_password_check(const struct guard_gate *gate, int64_t person, const char *password,
                               struct problem *problem)
{
    if (password[0] == '\0' || strlen(password) > VAULT_SECRET_MAX)
        return too_long(problem, "/current");
    struct check check = {.gate = gate,
                          .kind = GUARD_SECRET_LOGIN,
                          .subject = tries_subject_person(person),
                          .person = person,
                          .wrong_code = CODE_PASSWORD_WRONG};
    return run(&check, VAULT_PASSWORD, password, problem);
}

enum code guard_pin_tries_left(struct db *db, const struct guard_profiles *profiles, int64_t person,
                               int64_t now_us, int32_t *out)
{
    const struct guard_lock_rules *rules = guard_lock_rules(profiles, time_business_date(now_us));
    const struct tries_subject subject = tries_subject_person(person);
    struct guard_lock lock;
    struct tries_row row;
    GUARD(lock_in_force(db, &subject, "L02", now_us, &lock));
    GUARD(tries_load(db, &subject, GUARD_SECRET_PIN, &row));
    forget_old(&row, rules, GUARD_SECRET_PIN, now_us);
    *out = lock.until_us != 0 ? 0 : rules->pin_tries - (int32_t)row.count;
    return OK;
}
