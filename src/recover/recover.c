// The steps of a reset; see recover.h for R1 … R3.
#include "recover/recover_priv.h"

#include "books/books.h"

#include <stdio.h>
#include <string.h>

static const int64_t SECOND_US = 1000000;
static const int64_t DAY_US = INT64_C(86400000000);

const char *recover_step_name(enum recover_step step)
{
    static const char *const names[] = {[RECOVER_CODE] = "code",
                                        [RECOVER_FACTOR] = "factor",
                                        [RECOVER_SECRET] = "secret",
                                        [RECOVER_DONE] = "done",
                                        [RECOVER_REFUSED] = "refused"};
    return names[step];
}

const char *recover_face_name(enum recover_face face)
{
    static const char *const names[] = {"none", "checking", "passed", "failed"};
    return names[face];
}

static const struct guard_reset_rules *rules_of(const struct recover *recover)
{
    return guard_reset_rules(recover->profiles, time_business_date(env_now(recover->env)));
}

// --- begin ---

// The same two look-ups whoever they find: nothing tells by its cost whether somebody was found.
static enum code find_person(struct db *db, const struct recover *recover, const char *id_number,
                             const char *phone, int64_t *out)
{
    int64_t by_phone = 0, by_id = 0;
    const enum code phone_code = party_find_by_phone(db, recover->vault, phone, &by_phone);
    const enum code id_code = party_find_by_id_number(db, recover->vault, id_number, &by_id);
    ENSURE(phone_code == OK || phone_code == CODE_NOT_FOUND, phone_code);
    ENSURE(id_code == OK || id_code == CODE_NOT_FOUND, id_code);
    *out = by_phone == by_id ? by_phone : 0;
    return OK;
}

static enum code begin(struct db *db, const struct recover *recover, struct recover_reset *out,
                       char token[VAULT_TOKEN_TEXT])
{
    const int64_t now_us = env_now(recover->env);
    out->number = party_id_new(recover->env);
    out->id = id_new(recover->env);
    out->step = RECOVER_CODE;
    out->created_us = now_us;
    out->expires_us = now_us + rules_of(recover)->draft_s * SECOND_US;
    out->face_tries_left = rules_of(recover)->face_tries;
    vault_token_new(recover->vault, token);
    const struct vault_hash hash = vault_token_hash(recover->vault, VAULT_TOKEN_RESET, token);
    return recover_store_insert(db, recover, out, &hash);
}

// Documents other than the resident ID have other forms: what is 5 … 18 letters and digits is
// looked up as it stands.
static bool document_form(char out[PARTY_ID_NUMBER_MAX], const char *typed)
{
    size_t used = 0;
    for (; *typed != '\0'; typed++) {
        const char c = *typed >= 'a' && *typed <= 'z' ? (char)(*typed - 'a' + 'A') : *typed;
        if (c == ' ' || c == '-')
            continue;
        if (!((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z')) || used + 1 == PARTY_ID_NUMBER_MAX)
            return false;
        out[used++] = c;
    }
    out[used] = '\0';
    return used >= 5;
}

enum code recover_begin(struct db *db, const struct recover *recover, const char *id_number,
                        const char *phone, enum party_language language, struct recover_reset *out,
                        char token[VAULT_TOKEN_TEXT], struct problem *problem)
{
    char document[PARTY_ID_NUMBER_MAX];
    *out = (struct recover_reset){.kind = RECOVER_PASSWORD, .language = language};
    if (!document_form(document, id_number))
        return problem_field(problem, "/id_number", CODE_ID_NUMBER_INVALID, "id.form");
    if (party_phone_normalise(out->phone, phone) != OK)
        return problem_field(problem, "/phone", CODE_PHONE_INVALID, "");
    const enum code code = find_person(db, recover, document, out->phone, &out->person);
    mem_wipe(document, sizeof document);
    GUARD(code);
    return begin(db, recover, out, token);
}

enum code recover_begin_pin(struct db *db, const struct recover *recover, int64_t person,
                            struct recover_reset *out, char token[VAULT_TOKEN_TEXT])
{
    struct party_person found;
    GUARD(party_person_load(db, recover->vault, person, &found));
    *out = (struct recover_reset){
        .kind = RECOVER_PIN, .person = person, .language = found.wallet.language};
    (void)text_copy(out->phone, sizeof out->phone, found.phone);
    mem_wipe(&found, sizeof found);
    return begin(db, recover, out, token);
}

static enum code with_challenge(struct db *db, const struct recover *recover,
                                struct recover_reset *reset)
{
    const enum code code =
        otp_load(db, &recover->otp, "otp.reset", reset->number, &reset->challenge);
    return code == CODE_NOT_FOUND ? OK : code;
}

enum code recover_find(struct db *db, const struct recover *recover, const char *token,
                       struct recover_reset *out)
{
    int64_t number = 0;
    ENSURE(strnlen(token, VAULT_TOKEN_TEXT) == VAULT_TOKEN_TEXT - 1, CODE_NOT_FOUND);
    const struct vault_hash hash = vault_token_hash(recover->vault, VAULT_TOKEN_RESET, token);
    GUARD(recover_store_by_token(db, &hash, &number));
    GUARD(recover_store_load(db, recover, number, false, out));
    return with_challenge(db, recover, out);
}

enum code recover_by_id(struct db *db, const struct recover *recover, const struct id *id,
                        struct recover_reset *out)
{
    int64_t number = 0;
    GUARD(recover_store_by_id(db, id, &number));
    return recover_store_load(db, recover, number, false, out);
}

// --- the code ---

static struct otp_request request_of(const struct recover_reset *reset)
{
    return (struct otp_request){.purpose = "otp.reset",
                                .subject = reset->number,
                                .phone = reset->phone,
                                .language = reset->language};
}

enum code recover_send(struct db *db, const struct recover *recover, int64_t number,
                       struct problem *problem)
{
    struct recover_reset reset;
    struct otp_challenge sent;
    GUARD(recover_store_load(db, recover, number, true, &reset));
    ENSURE(reset.step == RECOVER_CODE, CODE_STEP_ORDER);
    const struct otp_request request = request_of(&reset);
    return otp_send(db, &recover->otp, &request, &sent, problem);
}

static enum code money_of(struct db *db, int64_t person, int64_t *out)
{
    struct party_wallet wallet;
    struct books_account account;
    GUARD(party_wallet_load(db, person, &wallet));
    GUARD(books_read_account(&account, db, wallet.account_cny));
    *out = ledger_balance(&account.ledger) + account.ledger.credits_pending;
    return OK;
}

// What must be shown besides the code. A PIN moves money at once: always something else.
static enum code factors_of(struct db *db, const struct recover *recover,
                            const struct recover_reset *reset, unsigned *out_factors,
                            enum guard_trust *out_trust)
{
    const int64_t now_us = env_now(recover->env);
    const struct guard_reset_rules *rules = rules_of(recover);
    struct party_presence presence;
    struct guard_factor app;
    int64_t money = 0;
    GUARD(party_presence_load(db, reset->person, &presence));
    GUARD(money_of(db, reset->person, &money));
    struct otp_number heard;
    GUARD(guard_factor_load(db, reset->person, now_us, &app));
    GUARD(otp_number_history(db, &recover->otp, reset->phone, &heard));
    const struct guard_number number = {.proved_us = presence.phone_proved_us,
                                        .empty_us = heard.empty_us,
                                        .ported_us = heard.ported_us};
    *out_trust = guard_number_trust(&number, rules, now_us);
    const bool needed = reset->kind == RECOVER_PIN || money >= rules->third_factor_from ||
                        now_us - presence.seen_us >= rules->dormant_days * DAY_US ||
                        *out_trust != GUARD_TRUST_ALONE || app.on;
    *out_factors = !needed ? 0 : RECOVER_FACE | (app.on ? RECOVER_APP : 0);
    return OK;
}

enum code recover_verify(struct db *db, const struct recover *recover, int64_t number,
                         const char *code, struct problem *problem)
{
    struct recover_reset reset;
    enum guard_trust trust = GUARD_TRUST_ALONE;
    GUARD(recover_store_load(db, recover, number, true, &reset));
    ENSURE(reset.step == RECOVER_CODE, CODE_STEP_ORDER);
    const struct otp_request request = request_of(&reset);
    GUARD(otp_verify(db, &recover->otp, &request, code, problem));
    if (reset.person != 0)
        GUARD(factors_of(db, recover, &reset, &reset.factors, &trust));
    const bool refused = reset.person == 0 || trust == GUARD_TRUST_LOCKED;
    reset.step = refused ? RECOVER_REFUSED : reset.factors != 0 ? RECOVER_FACTOR : RECOVER_SECRET;
    GUARD(recover_store_update(db, &reset, 0));
    return refused ? problem_set(problem, CODE_RESET_NO_MATCH, CHARGED_NOT_INVOLVED) : OK;
}

// --- the other factor ---

enum code recover_app(struct db *db, const struct recover *recover, int64_t number,
                      const char *code, struct problem *problem)
{
    struct recover_reset reset;
    GUARD(recover_store_load(db, recover, number, true, &reset));
    ENSURE(reset.step == RECOVER_FACTOR && (reset.factors & RECOVER_APP) != 0, CODE_STEP_ORDER);
    GUARD(guard_factor_check(db, recover->vault, recover->env, reset.person, code, problem));
    reset.step = RECOVER_SECRET;
    return recover_store_update(db, &reset, 0);
}

enum code recover_face_start(struct db *db, const struct recover *recover, int64_t number,
                             struct problem *problem)
{
    struct recover_reset reset;
    GUARD(recover_store_load(db, recover, number, true, &reset));
    ENSURE(reset.step == RECOVER_FACTOR && (reset.factors & RECOVER_FACE) != 0, CODE_STEP_ORDER);
    if (reset.face == RECOVER_FACE_CHECKING)
        return OK;
    if (reset.face_tries_left == 0)
        return problem_set(problem, CODE_FACE_FAILED, CHARGED_NOT_INVOLVED);
    reset.face = RECOVER_FACE_CHECKING;
    GUARD(recover_store_update(db, &reset, 1));
    const struct party_outbox row = {
        .queue = "reset-face", .ref = reset.id.bytes, .ref_size = sizeof reset.id.bytes};
    return party_outbox_add(db, recover->vault, recover->env, &row);
}

enum code recover_face_result(struct db *db, const struct recover *recover, const struct id *id,
                              bool passed)
{
    struct recover_reset reset;
    int64_t number = 0;
    GUARD(recover_store_by_id(db, id, &number));
    GUARD(recover_store_load(db, recover, number, true, &reset));
    if (reset.face != RECOVER_FACE_CHECKING)
        return OK;
    reset.face = passed ? RECOVER_FACE_PASSED : RECOVER_FACE_FAILED;
    if (passed && reset.step == RECOVER_FACTOR)
        reset.step = RECOVER_SECRET;
    return recover_store_update(db, &reset, 0);
}

// --- the new secret ---

// "06-01 09:30" in Shanghai, for the notice.
static void time_words(char out[32], int64_t at_us)
{
    const int32_t date = time_business_date(at_us);
    const int64_t minute = (at_us - time_business_day_start(at_us)) / (60 * SECOND_US);
    snprintf(out, 32, "%02d-%02d %02d:%02d", date / 100 % 100, date % 100, (int)(minute / 60),
             (int)(minute % 60));
}

static enum code tell(struct db *db, const struct recover *recover,
                      const struct recover_reset *reset, int64_t until_us)
{
    char time[32];
    struct party_notice notice = {.person = reset->person,
                                  .group = PARTY_NOTICE_SECURITY,
                                  .link = "/security/freeze",
                                  .at_us = env_now(recover->env)};
    time_words(time, until_us);
    snprintf(notice.params, sizeof notice.params, "time=%s", time);
    (void)text_copy(notice.kind, sizeof notice.kind,
                    reset->kind == RECOVER_PIN ? "pin.reset" : "password.reset");
    return party_notice_add(db, recover->vault, recover->env, &notice);
}

enum code recover_finish(struct db *db, const struct recover *recover, int64_t number,
                         const char *stored, int64_t version, int64_t *out_person,
                         int64_t *out_until_us)
{
    const int64_t now_us = env_now(recover->env);
    const int64_t until_us = now_us + rules_of(recover)->lowered_s * SECOND_US;
    struct recover_reset reset;
    struct party_wallet wallet;
    int64_t ended;
    GUARD(recover_store_load(db, recover, number, true, &reset));
    ENSURE(reset.step == RECOVER_SECRET, CODE_STEP_ORDER);
    GUARD(party_wallet_load(db, reset.person, &wallet));
    const bool pin = reset.kind == RECOVER_PIN;
    // Told first: the notice reaches the old devices' streams before their log-ins end.
    GUARD(tell(db, recover, &reset, until_us));
    GUARD(pin ? party_set_pin(db, reset.person, stored, version, now_us)
              : party_set_password(db, reset.person, stored, version, now_us));
    if (!pin)
        GUARD(party_sessions_end(db, reset.person, NULL, now_us, &ended));
    GUARD(guard_lock_end(db, reset.person, pin ? "L02" : "L01", now_us));
    GUARD(guard_wallet_lower(db, wallet.account_cny, now_us, until_us));
    GUARD(party_phone_proved(db, reset.person, now_us));
    reset.step = RECOVER_DONE;
    *out_person = reset.person;
    *out_until_us = until_us;
    return recover_store_update(db, &reset, 0);
}
