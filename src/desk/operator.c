// Accounts of operators: made, set up by their owners, changed, closed.
// O1 A set-up code is good once and for a day; only its hash is stored. O2 Whatever changes what an
// account may do ends its sessions. O3 The last active administrator cannot be closed or stripped.
#include "desk/desk_priv.h"
#include "desk/session_priv.h"
#include "vault/vault_totp.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

_Static_assert(DESK_TOTP_KEY == TOTP_SECRET_SIZE, "one size of keys");
enum { PASSWORD_MIN = 12, PASSWORD_MAX = 128, NAME_CHARACTERS = 32 };

static enum code record(struct db *db, const struct desk *desk, const char *action, int64_t by,
                        const struct desk_operator *about, const char *reason, const char *before)
{
    char target[64], after[64];
    (void)snprintf(target, sizeof target, "operator:%lld", (long long)about->id);
    (void)snprintf(after, sizeof after, "%s, roles %lld", desk_operator_state_name(about->state),
                   (long long)about->roles);
    const struct desk_deed deed = {.actor = by,
                                   .action = action,
                                   .reason = reason,
                                   .target = target,
                                   .before = before,
                                   .after = after};
    return desk_audit_add(db, desk, &deed);
}

static struct vault_hash setup_hash(const struct desk *desk, const char *code)
{
    return vault_token_hash(desk->vault, VAULT_TOKEN_SETUP, code);
}

static bool login_valid(const char *login)
{
    const size_t size = strlen(login);
    return size >= 2 && size < DESK_LOGIN_MAX &&
           strspn(login, "abcdefghijklmnopqrstuvwxyz0123456789.-_") == size;
}

static bool name_valid(const char *name)
{
    size_t characters = 0;
    return text_valid_utf8(name, strlen(name), &characters) && characters >= 1 &&
           characters <= NAME_CHARACTERS && strlen(name) < DESK_NAME_MAX && text_is_line(name);
}

static void seal_key(const struct desk *desk, struct desk_operator_row *row,
                     const uint8_t key[DESK_TOTP_KEY])
{
    row->totp_size =
        vault_seal(desk->vault, row->totp, DESK_SEAL_TOTP, row->o.id, key, DESK_TOTP_KEY);
}

static enum code new_row(struct db *db, const struct desk *desk, const struct desk_new_operator *in,
                         struct desk_operator_row *row)
{
    ENSURE(login_valid(in->login) && name_valid(in->name), CODE_REQUEST_INVALID);
    ENSURE(in->roles > 0 && in->roles <= DESK_ROLES_ALL, CODE_REQUEST_INVALID);
    *row = (struct desk_operator_row){
        .o = {.roles = in->roles, .state = DESK_INVITED, .created_us = env_now(desk->env)}};
    (void)text_copy(row->o.login, sizeof row->o.login, in->login);
    (void)text_copy(row->o.name, sizeof row->o.name, in->name);
    return desk_store_operator_next(db, &row->o.id);
}

enum code desk_operator_add(struct db *db, const struct desk *desk,
                            const struct desk_new_operator *in, struct desk_operator *out,
                            char setup_code[VAULT_TOKEN_TEXT])
{
    struct desk_operator_row row;
    GUARD(new_row(db, desk, in, &row));
    vault_token_new(desk->vault, setup_code);
    row.setup_expires_us = row.o.created_us + DESK_SETUP_LIFE_US;
    const struct vault_hash hash = setup_hash(desk, setup_code);
    GUARD(desk_store_operator_insert(db, &row, &hash));
    *out = row.o;
    return record(db, desk, "operator.add", in->by, out, in->reason, "");
}

enum code desk_operator_seed(struct db *db, const struct desk *desk,
                             const struct desk_new_operator *in, const char *stored,
                             const uint8_t key[DESK_TOTP_KEY], struct desk_operator *out)
{
    struct desk_operator_row row;
    GUARD(new_row(db, desk, in, &row));
    row.o.state = DESK_ACTIVE;
    (void)text_copy(row.password, sizeof row.password, stored);
    seal_key(desk, &row, key);
    GUARD(desk_store_operator_insert(db, &row, NULL));
    *out = row.o;
    return record(db, desk, "operator.add", in->by, out, in->reason, "");
}

enum code desk_operator_load(struct db *db, int64_t id, struct desk_operator *out)
{
    struct desk_operator_row row;
    GUARD(desk_store_operator(db, id, &row));
    *out = row.o;
    mem_wipe(&row, sizeof row);
    return OK;
}

static void class_of(char out[64], const struct desk_operator *o)
{
    (void)snprintf(out, 64, "%s, roles %lld", desk_operator_state_name(o->state),
                   (long long)o->roles);
}

// O3
static enum code not_the_last(struct db *db, const struct desk_operator *o)
{
    int64_t administrators = 0;
    if ((o->roles & DESK_ROLE_ADMINISTRATOR) == 0 || o->state != DESK_ACTIVE)
        return OK;
    GUARD(desk_store_administrators(db, &administrators));
    return administrators > 1 ? OK : CODE_CASE_STATE;
}

enum code desk_operator_reset(struct db *db, const struct desk *desk, int64_t id, int64_t by,
                              const char *reason, char setup_code[VAULT_TOKEN_TEXT])
{
    struct desk_operator_row row;
    char before[64];
    GUARD(desk_store_operator(db, id, &row));
    ENSURE(row.o.state != DESK_CLOSED, CODE_CASE_STATE);
    GUARD(not_the_last(db, &row.o));
    class_of(before, &row.o);
    row.o.state = DESK_INVITED;
    row.o.locked_until_us = row.wrong = 0;
    row.password[0] = '\0';
    row.totp_size = 0;
    row.setup_expires_us = env_now(desk->env) + DESK_SETUP_LIFE_US;
    vault_token_new(desk->vault, setup_code);
    const struct vault_hash hash = setup_hash(desk, setup_code);
    GUARD(desk_store_operator_update(db, &row, &hash));
    GUARD(desk_store_sessions_end(db, id, env_now(desk->env)));
    return record(db, desk, "operator.reset", by, &row.o, reason, before);
}

// The set-up code of an account that was not set up yet stays as it is only here: an update
// without it would take it away.
static enum code change(struct db *db, const struct desk *desk, struct desk_operator_row *row,
                        const char *action, int64_t by, const char *reason, const char *before)
{
    GUARD(desk_store_operator_update(db, row, NULL));
    GUARD(desk_store_sessions_end(db, row->o.id, env_now(desk->env)));
    return record(db, desk, action, by, &row->o, reason, before);
}

enum code desk_operator_set_roles(struct db *db, const struct desk *desk, int64_t id, int64_t roles,
                                  int64_t by, const char *reason)
{
    struct desk_operator_row row;
    char before[64];
    ENSURE(roles > 0 && roles <= DESK_ROLES_ALL, CODE_REQUEST_INVALID);
    GUARD(desk_store_operator(db, id, &row));
    ENSURE(row.o.state == DESK_ACTIVE, CODE_CASE_STATE);
    if ((roles & DESK_ROLE_ADMINISTRATOR) == 0)
        GUARD(not_the_last(db, &row.o));
    class_of(before, &row.o);
    row.o.roles = roles;
    return change(db, desk, &row, "operator.roles", by, reason, before);
}

enum code desk_operator_close(struct db *db, const struct desk *desk, int64_t id, int64_t by,
                              const char *reason)
{
    struct desk_operator_row row;
    char before[64];
    GUARD(desk_store_operator(db, id, &row));
    ENSURE(row.o.state != DESK_CLOSED, CODE_CASE_STATE);
    GUARD(not_the_last(db, &row.o));
    class_of(before, &row.o);
    row.o.state = DESK_CLOSED;
    row.password[0] = '\0';
    row.totp_size = 0;
    return change(db, desk, &row, "operator.close", by, reason, before);
}

// --- set-up
// ---------------------------------------------------------------------------------------

static enum code load_setup(struct db *db, const struct desk *desk, const char *setup_code,
                            struct desk_operator_row *out)
{
    const struct vault_hash hash = setup_hash(desk, setup_code);
    const enum code code = desk_store_operator_by_setup(db, &hash, out);
    if (code == CODE_NOT_FOUND)
        return CODE_SETUP_INVALID;
    GUARD(code);
    ENSURE(out->o.state == DESK_INVITED && env_now(desk->env) < out->setup_expires_us,
           CODE_SETUP_INVALID);
    return OK;
}

static enum code open_key(const struct desk *desk, const struct desk_operator_row *row,
                          uint8_t out[DESK_TOTP_KEY])
{
    ENSURE(row->totp_size == DESK_TOTP_KEY + VAULT_SEAL_OVERHEAD, CODE_SETUP_INVALID);
    return vault_open(desk->vault, out, DESK_SEAL_TOTP, row->o.id, row->totp, row->totp_size);
}

enum code desk_setup_begin(struct db *db, const struct desk *desk, const char *setup_code,
                           struct desk_operator *out, uint8_t out_key[DESK_TOTP_KEY])
{
    struct desk_operator_row row;
    GUARD(load_setup(db, desk, setup_code, &row));
    *out = row.o;
    if (row.totp_size > 0)
        return open_key(desk, &row, out_key);
    totp_secret_new(desk->env, out_key);
    seal_key(desk, &row, out_key);
    const struct vault_hash hash = setup_hash(desk, setup_code);
    return desk_store_operator_update(db, &row, &hash);
}

enum code desk_setup_finish(struct db *db, const struct desk *desk, const char *setup_code,
                            const char *stored, const char *totp_code, struct desk_operator *out)
{
    struct desk_operator_row row;
    uint8_t key[DESK_TOTP_KEY];
    GUARD(load_setup(db, desk, setup_code, &row));
    GUARD(open_key(desk, &row, key));
    row.totp_step = totp_match(key, totp_code, env_now(desk->env), 0);
    mem_wipe(key, sizeof key);
    ENSURE(row.totp_step != 0, CODE_CONFIRM_WRONG);
    (void)text_copy(row.password, sizeof row.password, stored);
    row.o.state = DESK_ACTIVE;
    row.setup_expires_us = 0;
    GUARD(desk_store_operator_update(db, &row, NULL));
    *out = row.o;
    return record(db, desk, "operator.setup", row.o.id, out, NULL,
                  desk_operator_state_name(DESK_INVITED));
}

// All the same, or each one more (or less) than the one before.
static bool is_run(const char *password)
{
    const int step = password[1] - password[0];
    for (size_t i = 1; password[i] != '\0'; i++)
        if (password[i] - password[i - 1] != step)
            return false;
    return step >= -1 && step <= 1;
}

enum code desk_password_rules(const char *password, const char *login, struct problem *problem)
{
    size_t characters = 0;
    const bool valid = text_valid_utf8(password, strlen(password), &characters) &&
                       characters >= PASSWORD_MIN && characters <= PASSWORD_MAX;
    if (valid && !is_run(password) && strcasestr(password, login) == NULL)
        return OK;
    (void)problem_set(problem, CODE_OPERATOR_PASSWORD_WEAK, CHARGED_NOT_INVOLVED);
    return CODE_OPERATOR_PASSWORD_WEAK;
}
