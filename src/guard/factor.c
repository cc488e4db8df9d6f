// The authenticator app of a person.
// F1 A step of the app and a recovery code are accepted once, in the transaction that accepts them.
// F2 A try is counted only for a code of the right form; while locked nothing is compared. F3 A
// removal takes effect by the time of day alone: nobody has to run for it.
#include "guard/factor_priv.h"

#include <string.h>

static const int64_t SECOND_US = 1000000;
static const int64_t SHORT_US = INT64_C(900) * 1000000;
static const int64_t DAY_US = INT64_C(86400000000);
static const char SEAL[] = "guard_factor.secret";
enum { SHORT_TRIES = 5, DAY_TRIES = FACTOR_WRONG_MAX, RECOVERY_CHARACTERS = 10 };

static bool is_on(const struct factor_row *row, int64_t now_us)
{
    return row->state == FACTOR_ON && (row->removal_us == 0 || now_us < row->removal_us);
}

enum code guard_factor_load(struct db *db, int64_t person, int64_t now_us, struct guard_factor *out)
{
    struct factor_row row;
    *out = (struct guard_factor){.on = false};
    const enum code code = factor_load(db, person, &row);
    ENSURE(code == OK || code == CODE_NOT_FOUND, code);
    if (code == CODE_NOT_FOUND || !is_on(&row, now_us))
        return OK;
    out->on = true;
    out->since_us = row.since_us;
    out->removal_us = row.removal_us;
    return factor_recovery_left(db, person, &out->recovery_left);
}

enum code guard_factor_begin(struct db *db, const struct vault *vault, const struct env *env,
                             int64_t person, uint8_t out_secret[TOTP_SECRET_SIZE])
{
    struct factor_row row;
    const enum code code = factor_load(db, person, &row);
    ENSURE(code == OK || code == CODE_NOT_FOUND, code);
    ENSURE(code == CODE_NOT_FOUND || !is_on(&row, env_now(env)), CODE_NOT_ALLOWED);
    row = (struct factor_row){.state = FACTOR_SET_UP, .since_us = env_now(env)};
    totp_secret_new(env, out_secret);
    (void)vault_seal(vault, row.secret, SEAL, person, out_secret, TOTP_SECRET_SIZE);
    return factor_write(db, person, &row);
}

// --- tries ---

static size_t since(const struct factor_row *row, int64_t from_us)
{
    size_t count = 0;
    for (size_t i = 0; i < row->wrong_count; i++)
        count += row->wrong_us[i] > from_us ? 1 : 0;
    return count;
}

static void forget_old(struct factor_row *row, int64_t now_us)
{
    size_t kept = 0;
    for (size_t i = 0; i < row->wrong_count; i++)
        if (row->wrong_us[i] > now_us - DAY_US)
            row->wrong_us[kept++] = row->wrong_us[i];
    row->wrong_count = kept;
}

// When the next try is allowed; 0 = now.
static int64_t locked_until(const struct factor_row *row, int64_t now_us)
{
    if (row->wrong_count >= DAY_TRIES)
        return row->wrong_us[0] + DAY_US;
    if (since(row, now_us - SHORT_US) >= SHORT_TRIES)
        return row->wrong_us[row->wrong_count - SHORT_TRIES] + SHORT_US;
    return 0;
}

static enum code wrong(const struct factor_row *row, int64_t now_us, struct problem *problem)
{
    const int32_t left = SHORT_TRIES - (int32_t)since(row, now_us - SHORT_US);
    const int32_t left_today = DAY_TRIES - (int32_t)row->wrong_count;
    (void)problem_set(problem, CODE_FACTOR_WRONG, CHARGED_NOT_INVOLVED);
    if (problem != NULL)
        problem->tries_left = left < left_today ? left : left_today;
    return CODE_FACTOR_WRONG;
}

// --- codes ---

static struct vault_hash recovery_hash(const struct vault *vault, int64_t person, const char *code)
{
    struct id owner = {{0}};
    memcpy(owner.bytes, &person, sizeof person);
    return vault_code_hash(vault, &owner, code);
}

// Typed with or without the hyphen, in either case; O, I, L are read as the digits they look like.
static bool recovery_form(char out[RECOVERY_CHARACTERS + 1], const char *typed)
{
    static const char letters[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    size_t used = 0;
    for (; *typed != '\0'; typed++) {
        char c = *typed >= 'a' && *typed <= 'z' ? (char)(*typed - 'a' + 'A') : *typed;
        c = c == 'O' ? '0' : c == 'I' || c == 'L' ? '1' : c;
        if (c == '-' || c == ' ')
            continue;
        if (strchr(letters, c) == NULL || used == RECOVERY_CHARACTERS)
            return false;
        out[used++] = c;
    }
    out[used] = '\0';
    return used == RECOVERY_CHARACTERS;
}

static enum code make_recovery(struct db *db, const struct vault *vault, const struct env *env,
                               int64_t person, char out[GUARD_RECOVERY_CODES][GUARD_RECOVERY_TEXT])
{
    char plain[RECOVERY_CHARACTERS + 1], half[16];
    GUARD(factor_recovery_clear(db, person));
    for (size_t i = 0; i < GUARD_RECOVERY_CODES; i++) {
        // Two case numbers are twice 40 bits; five characters of each are 50.
        for (size_t part = 0; part < 2; part++) {
            guard_case_number(env, half);
            memcpy(out[i] + 6 * part, half, 4);
            out[i][6 * part + 4] = half[5];
        }
        out[i][5] = '-';
        out[i][GUARD_RECOVERY_TEXT - 1] = '\0';
        ENSURE(recovery_form(plain, out[i]), CODE_INTERNAL);
        const struct vault_hash hash = recovery_hash(vault, person, plain);
        GUARD(factor_recovery_add(db, person, &hash));
    }
    mem_wipe(plain, sizeof plain);
    mem_wipe(half, sizeof half);
    return OK;
}

static enum code match(const struct vault *vault, int64_t person, struct factor_row *row,
                       const char *code, int64_t now_us, bool *out)
{
    uint8_t secret[TOTP_SECRET_SIZE];
    GUARD(vault_open(vault, secret, SEAL, person, row->secret, sizeof row->secret));
    const int64_t step = totp_match(secret, code, now_us, row->last_step);
    mem_wipe(secret, sizeof secret);
    *out = step != 0;
    if (step != 0)
        row->last_step = step;
    return OK;
}

static enum code settle(struct db *db, int64_t person, struct factor_row *row, bool matched,
                        int64_t now_us, struct problem *problem)
{
    if (matched)
        row->wrong_count = 0;
    else if (row->wrong_count < FACTOR_WRONG_MAX)
        row->wrong_us[row->wrong_count++] = now_us;
    GUARD(factor_write(db, person, row));
    return matched ? OK : wrong(row, now_us, problem);
}

// Before a code is compared: has it the form, may it be tried?
static enum code may_try(struct factor_row *row, bool formed, int64_t now_us,
                         struct problem *problem)
{
    forget_old(row, now_us);
    const int64_t until_us = locked_until(row, now_us);
    if (until_us > now_us) {
        (void)problem_set(problem, CODE_FACTOR_LOCKED, CHARGED_NOT_INVOLVED);
        if (problem != NULL)
            problem->retry_after_s = (until_us - now_us) / SECOND_US + 1;
        return CODE_FACTOR_LOCKED;
    }
    return formed ? OK : wrong(row, now_us, problem);
}

static bool digits_form(const char *code)
{
    return strlen(code) == TOTP_DIGITS && text_all_digits(code);
}

enum code guard_factor_confirm(struct db *db, const struct vault *vault, const struct env *env,
                               int64_t person, const char *code,
                               char out_recovery[GUARD_RECOVERY_CODES][GUARD_RECOVERY_TEXT],
                               struct problem *problem)
{
    const int64_t now_us = env_now(env);
    struct factor_row row;
    bool matched = false;
    GUARD(factor_load(db, person, &row));
    ENSURE(row.state == FACTOR_SET_UP, CODE_NOT_FOUND);
    GUARD(may_try(&row, digits_form(code), now_us, problem));
    GUARD(match(vault, person, &row, code, now_us, &matched));
    if (matched) {
        row.state = FACTOR_ON;
        row.since_us = now_us;
    }
    GUARD(settle(db, person, &row, matched, now_us, problem));
    return make_recovery(db, vault, env, person, out_recovery);
}

enum code guard_factor_check(struct db *db, const struct vault *vault, const struct env *env,
                             int64_t person, const char *code, struct problem *problem)
{
    const int64_t now_us = env_now(env);
    struct factor_row row;
    char recovery[RECOVERY_CHARACTERS + 1];
    bool matched = false;
    GUARD(factor_load(db, person, &row));
    ENSURE(is_on(&row, now_us), CODE_NOT_FOUND);
    const bool digits = digits_form(code);
    GUARD(may_try(&row, digits || recovery_form(recovery, code), now_us, problem));
    if (digits) {
        GUARD(match(vault, person, &row, code, now_us, &matched));
    } else {
        const struct vault_hash hash = recovery_hash(vault, person, recovery);
        GUARD(factor_recovery_use(db, person, &hash, &matched));
    }
    mem_wipe(recovery, sizeof recovery);
    return settle(db, person, &row, matched, now_us, problem);
}

enum code guard_factor_remove(struct db *db, int64_t person, int64_t now_us)
{
    struct factor_row row;
    GUARD(factor_load(db, person, &row));
    ENSURE(is_on(&row, now_us), CODE_NOT_FOUND);
    if (row.removal_us == 0)
        row.removal_us = now_us + GUARD_REMOVAL_US;
    return factor_write(db, person, &row);
}

enum code guard_factor_keep(struct db *db, int64_t person)
{
    struct factor_row row;
    GUARD(factor_load(db, person, &row));
    row.removal_us = 0;
    return factor_write(db, person, &row);
}
