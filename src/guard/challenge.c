// One-time codes by SMS. Limits on sending and on checking are separate; the same code stays valid
// over resends. O1 A code is bound to purpose, subject and phone. O2 Only its keyed hash is
// compared; the sealed code is wiped when it is used, expired or given up. O3 The counters are
// those of the transaction that answers.
#include "guard/challenge_priv.h"

#include <string.h>

static const int64_t SECOND_US = 1000000;
static const int64_t DAY_US = INT64_C(86400000000);

static void fill(struct guard_challenge *out, const struct challenge_row *row,
                 const struct guard_otp_rules *rules, int64_t codes_today)
{
    out->id = row->id;
    out->sent_us = row->sent_us;
    out->resend_us = row->sent_us + rules->resend_s * SECOND_US;
    out->expires_us = row->expires_us;
    out->tries_left = rules->tries - (int32_t)row->tries;
    out->codes_left_today =
        codes_today < rules->codes_day ? rules->codes_day - (int32_t)codes_today : 0;
}

static enum code too_many(struct problem *problem, int64_t wait_us)
{
    (void)problem_set(problem, CODE_OTP_TOO_MANY, CHARGED_NOT_INVOLVED);
    if (problem != NULL)
        problem->retry_after_s = wait_us / SECOND_US + 1;
    return CODE_OTP_TOO_MANY;
}

// Uniform six digits: values above the largest multiple are thrown away.
static void make_code(const struct env *env, char out[7])
{
    uint32_t value;
    do
        env->entropy(env->context, &value, sizeof value);
    while (value >= UINT32_C(4294000000));
    value %= 1000000;
    for (int i = 5; i >= 0; i--, value /= 10)
        out[i] = (char)('0' + value % 10);
    out[6] = '\0';
}

// What jobs/ sends: purpose, phone, code, language, minutes; one per line. Sealed in the outbox.
static enum code put_message(struct db *db, const struct vault *vault, const struct env *env,
                             const struct guard_challenge_request *request,
                             const struct challenge_row *row, const char *code)
{
    struct buffer payload = {0};
    const int64_t minutes = (row->expires_us - row->sent_us + 59 * SECOND_US) / (60 * SECOND_US);
    buffer_format(&payload, "%s\n%s\n%s\n%s\n%lld", request->purpose, request->phone, code,
                  request->language == PARTY_EN ? "en" : "zh-CN", (long long)minutes);
    const struct party_outbox message = {.queue = "sms",
                                         .ref = row->id.bytes,
                                         .ref_size = sizeof row->id.bytes,
                                         .payload = payload.data,
                                         .payload_size = payload.size,
                                         .sealed = true};
    const enum code result = party_outbox_add(db, vault, env, &message);
    mem_wipe(payload.data, payload.size);
    buffer_free(&payload);
    return result;
}

// --- send ---

static enum code resend(struct db *db, const struct vault *vault, const struct env *env,
                        const struct guard_challenge_request *request, struct challenge_row *row)
{
    char code[7];
    GUARD(vault_open_text(vault, code, sizeof code, "guard_challenge.code", request->subject,
                          row->code, row->code_size));
    row->sent_us = env_now(env);
    row->messages++;
    GUARD(challenge_sent(db, row));
    const enum code result = put_message(db, vault, env, request, row, code);
    mem_wipe(code, sizeof code);
    return result;
}

static enum code send_new(struct db *db, const struct vault *vault, const struct env *env,
                          const struct guard_challenge_request *request,
                          const struct guard_otp_rules *rules, struct challenge_row *row)
{
    char code[7];
    const int64_t now_us = env_now(env);
    uint8_t phone[PARTY_PHONE_MAX + VAULT_SEAL_OVERHEAD];
    *row = (struct challenge_row){.id = id_new(env),
                                  .messages = 1,
                                  .sent_us = now_us,
                                  .expires_us = now_us + rules->life_s * SECOND_US};
    make_code(env, code);
    row->code_hash = vault_code_hash(vault, &row->id, code);
    row->phone_hash = vault_search_hash(vault, VAULT_SEARCH_PHONE, request->phone);
    row->code_size =
        vault_seal(vault, row->code, "guard_challenge.code", request->subject, code, strlen(code));
    const size_t phone_size = vault_seal(vault, phone, "guard_challenge.phone", request->subject,
                                         request->phone, strlen(request->phone));
    GUARD(challenge_insert(db, request, row, phone, phone_size, time_business_date(now_us)));
    const enum code result = put_message(db, vault, env, request, row, code);
    mem_wipe(code, sizeof code);
    return result;
}

enum code guard_challenge_send(struct db *db, const struct guard_profiles *profiles,
                               const struct vault *vault, const struct env *env,
                               const struct guard_challenge_request *request,
                               struct guard_challenge *out, struct problem *problem)
{
    const int64_t now_us = env_now(env);
    const struct guard_otp_rules *rules = guard_otp_rules(profiles, time_business_date(now_us));
    const struct vault_hash hash = vault_search_hash(vault, VAULT_SEARCH_PHONE, request->phone);
    struct challenge_row row;
    struct challenge_counts counts;
    GUARD(challenge_counts(&counts, db, &hash, request->subject, time_business_date(now_us)));
    const int64_t midnight = time_business_day_start(now_us) + DAY_US;
    if (counts.messages >= rules->messages_day)
        return too_many(problem, midnight - now_us);
    enum code code = challenge_live(db, request->purpose, request->subject, &row);
    ENSURE(code == OK || code == CODE_NOT_FOUND, code);
    const bool live = code == OK && row.expires_us > now_us &&
                      mem_equal_secret(row.phone_hash.bytes, hash.bytes, sizeof hash.bytes);
    const int64_t resend_us = row.sent_us + rules->resend_s * SECOND_US;
    if (live && resend_us > now_us)
        return too_many(problem, resend_us - now_us);
    if (!live && counts.codes >= rules->codes_day)
        return too_many(problem, midnight - now_us);
    // Another opening rang this phone a moment ago and nobody typed its code: who makes opening
    // after opening could ring a stranger's phone without a pause.
    const int64_t others_us = counts.others_us + rules->resend_s * SECOND_US;
    if (others_us > now_us)
        return too_many(problem, others_us - now_us);
    if (code == OK && !live)
        GUARD(challenge_close(db, &row.id, CHALLENGE_REPLACED));
    code = live ? resend(db, vault, env, request, &row)
                : send_new(db, vault, env, request, rules, &row);
    fill(out, &row, rules, counts.codes + (live ? 0 : 1));
    (void)text_copy(out->phone, sizeof out->phone, request->phone);
    return code;
}

// --- verify ---

static enum code wrong(struct problem *problem, int32_t tries_left)
{
    (void)problem_set(problem, CODE_OTP_WRONG, CHARGED_NOT_INVOLVED);
    if (problem != NULL)
        problem->tries_left = tries_left;
    return CODE_OTP_WRONG;
}

enum code guard_challenge_verify(struct db *db, const struct guard_profiles *profiles,
                                 const struct vault *vault, const struct env *env,
                                 const struct guard_challenge_request *request, const char *code,
                                 struct problem *problem)
{
    const int64_t now_us = env_now(env);
    const struct guard_otp_rules *rules = guard_otp_rules(profiles, time_business_date(now_us));
    const struct vault_hash phone = vault_search_hash(vault, VAULT_SEARCH_PHONE, request->phone);
    struct challenge_row row;
    const enum code found = challenge_live(db, request->purpose, request->subject, &row);
    ENSURE(found == OK || found == CODE_NOT_FOUND, found);
    if (found == CODE_NOT_FOUND || row.expires_us <= now_us ||
        !mem_equal_secret(row.phone_hash.bytes, phone.bytes, sizeof phone.bytes))
        return problem_set(problem, CODE_OTP_EXPIRED, CHARGED_NOT_INVOLVED);
    if (strlen(code) != 6 || !text_all_digits(code))
        return wrong(problem, rules->tries - (int32_t)row.tries);
    const struct vault_hash hash = vault_code_hash(vault, &row.id, code);
    if (mem_equal_secret(hash.bytes, row.code_hash.bytes, sizeof hash.bytes))
        return challenge_close(db, &row.id, CHALLENGE_USED);
    GUARD(challenge_count_try(db, &row.id));
    if (row.tries + 1 < rules->tries)
        return wrong(problem, rules->tries - (int32_t)row.tries - 1);
    GUARD(challenge_close(db, &row.id, CHALLENGE_GIVEN_UP));
    return wrong(problem, 0);
}

enum code guard_challenge_load(struct db *db, const struct guard_profiles *profiles,
                               const struct vault *vault, const char *purpose, int64_t subject,
                               int64_t now_us, struct guard_challenge *out)
{
    const int32_t today = time_business_date(now_us);
    struct challenge_row row;
    struct challenge_counts counts;
    *out = (struct guard_challenge){0};
    GUARD(challenge_live(db, purpose, subject, &row));
    ENSURE(row.expires_us > now_us, CODE_NOT_FOUND);
    GUARD(challenge_counts(&counts, db, &row.phone_hash, subject, today));
    fill(out, &row, guard_otp_rules(profiles, today), counts.codes);
    return vault_open_text(vault, out->phone, sizeof out->phone, "guard_challenge.phone", subject,
                           row.phone, row.phone_size);
}
