// Signing in with password and one-time code, and the sessions that come of it.
// S1 Whatever is wrong has one answer, costs one hash, and is counted at the account. S2 A one-time
// code is accepted once, in this or any other session.
#include "desk/desk_priv.h"
#include "desk/session_priv.h"
#include "vault/vault_totp.h"

#include <string.h>

enum { WRONG_MAX = 10 };
static const int64_t LOCK_US = INT64_C(900) * 1000000;

enum code desk_sign_in_stored(struct db *db, const char *login, char out[VAULT_STORED_TEXT])
{
    struct desk_operator_row row;
    const enum code code = desk_store_operator_by_login(db, login, &row);
    out[0] = '\0';
    if (code == CODE_NOT_FOUND)
        return OK;
    GUARD(code);
    if (row.o.state == DESK_ACTIVE)
        (void)text_copy(out, VAULT_STORED_TEXT, row.password);
    mem_wipe(&row, sizeof row);
    return OK;
}

static enum code record(struct db *db, const struct desk *desk, int64_t id, const char *action)
{
    const struct desk_deed deed = {.actor = id, .action = action};
    return desk_audit_add(db, desk, &deed);
}

static enum code count_wrong(struct db *db, const struct desk *desk, struct desk_operator_row *row)
{
    if (++row->wrong >= WRONG_MAX) {
        row->wrong = 0;
        row->o.locked_until_us = env_now(desk->env) + LOCK_US;
    }
    GUARD(desk_store_operator_update(db, row, NULL));
    GUARD(record(db, desk, row->o.id, "session.refused"));
    return CODE_SIGN_IN_FAILED;
}

// The step of the code, 0 when it is wrong or was used.
static int64_t match_code(const struct desk *desk, const struct desk_operator_row *row,
                          const char *code)
{
    uint8_t key[DESK_TOTP_KEY];
    if (row->totp_size != DESK_TOTP_KEY + VAULT_SEAL_OVERHEAD ||
        vault_open(desk->vault, key, DESK_SEAL_TOTP, row->o.id, row->totp, row->totp_size) != OK)
        return 0;
    const int64_t step = totp_match(key, code, env_now(desk->env), row->totp_step);
    mem_wipe(key, sizeof key);
    return step;
}

static enum code locked(const struct desk_operator_row *row, struct problem *problem)
{
    (void)problem_set(problem, CODE_SIGN_IN_LOCKED, CHARGED_NOT_INVOLVED);
    if (problem != NULL)
        problem->until_us = row->o.locked_until_us;
    return CODE_SIGN_IN_LOCKED;
}

static enum code start_session(struct db *db, const struct desk *desk,
                               const struct desk_sign_in *in, const struct desk_operator *who,
                               struct desk_session *out, char token[VAULT_TOKEN_TEXT])
{
    char masked[32];
    const int64_t now_us = env_now(desk->env);
    *out = (struct desk_session){.id = id_new(desk->env),
                                 .who = *who,
                                 .rights = desk_rights_of(who->roles),
                                 .created_us = now_us,
                                 .last_used_us = now_us,
                                 .idle_expires_us = now_us + DESK_SESSION_IDLE_US,
                                 .expires_us = now_us + DESK_SESSION_LIFE_US};
    vault_token_new(desk->vault, token);
    const struct vault_hash hash = vault_token_hash(desk->vault, VAULT_TOKEN_OPERATOR, token);
    party_mask_address(masked, in->address);
    GUARD(desk_store_session_insert(db, out, &hash, in->device, masked));
    return record(db, desk, who->id, "session.start");
}

enum code desk_sign_in(struct db *db, const struct desk *desk, const struct desk_sign_in *in,
                       bool password_matches, struct desk_session *out,
                       char token[VAULT_TOKEN_TEXT], struct problem *problem)
{
    struct desk_operator_row row;
    const enum code code = desk_store_operator_by_login(db, in->login, &row);
    if (code == CODE_NOT_FOUND)
        return CODE_SIGN_IN_FAILED;
    GUARD(code);
    ENSURE(row.o.state == DESK_ACTIVE, CODE_SIGN_IN_FAILED);
    if (env_now(desk->env) < row.o.locked_until_us)
        return password_matches ? locked(&row, problem) : CODE_SIGN_IN_FAILED;
    const int64_t step = password_matches ? match_code(desk, &row, in->totp_code) : 0;
    if (step == 0)
        return count_wrong(db, desk, &row);
    row.totp_step = step;
    row.wrong = 0;
    row.o.signed_in_us = env_now(desk->env);
    GUARD(desk_store_operator_update(db, &row, NULL));
    return start_session(db, desk, in, &row.o, out, token);
}

enum code desk_confirm(struct db *db, const struct desk *desk, int64_t id, const char *totp_code,
                       struct problem *problem)
{
    struct desk_operator_row row;
    GUARD(desk_store_operator(db, id, &row));
    if (env_now(desk->env) < row.o.locked_until_us)
        return locked(&row, problem);
    const int64_t step = match_code(desk, &row, totp_code);
    if (step == 0) {
        const enum code code = count_wrong(db, desk, &row);
        return code == CODE_SIGN_IN_FAILED ? CODE_CONFIRM_WRONG : code;
    }
    row.totp_step = step;
    row.wrong = 0;
    return desk_store_operator_update(db, &row, NULL);
}

enum code desk_session_find(struct db *db, const struct desk *desk, const char *token,
                            struct desk_session *out)
{
    const int64_t now_us = env_now(desk->env);
    ENSURE(strnlen(token, VAULT_TOKEN_TEXT) == VAULT_TOKEN_TEXT - 1, CODE_OPERATOR_LOGIN_REQUIRED);
    const struct vault_hash hash = vault_token_hash(desk->vault, VAULT_TOKEN_OPERATOR, token);
    enum code code = desk_store_session(db, &hash, out);
    if (code == OK)
        code = desk_operator_load(db, out->who.id, &out->who);
    if (code == CODE_NOT_FOUND)
        return CODE_OPERATOR_LOGIN_REQUIRED;
    GUARD(code);
    const int64_t idle = out->last_used_us + DESK_SESSION_IDLE_US;
    out->idle_expires_us = idle < out->expires_us ? idle : out->expires_us;
    out->rights = desk_rights_of(out->who.roles);
    ENSURE(now_us < out->idle_expires_us && out->who.state == DESK_ACTIVE,
           CODE_OPERATOR_LOGIN_REQUIRED);
    return OK;
}

enum code desk_session_end(struct db *db, const struct desk *desk,
                           const struct desk_session *session)
{
    GUARD(desk_store_session_end(db, &session->id, env_now(desk->env)));
    return record(db, desk, session->who.id, "session.end");
}
