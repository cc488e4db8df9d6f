// Challenges: asking for a code, and typing it. Limits on sending and on checking are separate; the
// same code stays valid over resends and routes.
// O1 A code is bound to purpose, subject and phone. O2 Only its keyed hash is compared; the sealed
// code is wiped when it is used, expired or given up. O3 The counters are those of the transaction
// that answers. O4 A wish that is refused has written why, and nothing else.
#include "otp/otp_priv.h"

#include <stdio.h>
#include <string.h>

void otp_fill(struct otp_challenge *out, const struct otp *otp, const struct otp_row *row,
              const struct otp_counts *counts)
{
    const struct guard_otp_rules *rules =
        guard_otp_rules(otp->profiles, time_business_date(env_now(otp->env)));
    const int64_t codes = rules->codes_day - counts->codes;
    const int64_t messages = rules->messages_day - counts->messages;
    *out = (struct otp_challenge){.id = row->id,
                                  .sent_us = row->sent_us,
                                  .resend_us = row->sent_us + rules->resend_s * OTP_SECOND_US,
                                  .expires_us = row->expires_us,
                                  .tries_left = rules->tries - (int32_t)row->tries,
                                  .codes_left_today = codes > 0 ? (int32_t)codes : 0,
                                  .messages_left_today = messages > 0 ? (int32_t)messages : 0,
                                  .digits = row->digits,
                                  .voice_allowed = row->voice};
    if (out->tries_left < 0)
        out->tries_left = 0;
}

// --- a wish that is looked at ---

struct wish {
    struct db *db;
    const struct otp *otp;
    const struct otp_request *request;
    const struct guard_otp_rules *rules;
    int64_t now_us;
    int32_t today;
    char phone[PARTY_PHONE_MAX];
    struct vault_hash hash, device, address;
    struct otp_counts counts;
    struct otp_row row; // the code that is valid; has_row false = a new one
    bool has_row, live;
    struct otp_attempt attempts[OTP_ATTEMPTS_MAX]; // of a live one
    size_t attempt_count;
    struct problem *problem;
};

// Keeps why, for the radar.
static enum code refuse(struct wish *wish, enum code code, int32_t cause, int64_t until_us)
{
    struct otp_client client;
    const struct otp_request *request = wish->request;
    GUARD(otp_store_client(wish->db, request->purpose, request->subject, &client));
    client.refused_cause = cause;
    client.refused_us = wish->now_us;
    client.refused_until_us = until_us;
    GUARD(otp_store_client_put(wish->db, request->purpose, request->subject, &client));
    if (code == CODE_PHONE_INVALID || code == CODE_PHONE_NOT_SUPPORTED)
        return problem_field(wish->problem, "/phone", code, "");
    (void)problem_set(wish->problem, code, CHARGED_NOT_INVOLVED);
    if (wish->problem != NULL && until_us > 0) {
        wish->problem->retry_after_s = (until_us - wish->now_us) / OTP_SECOND_US + 1;
        wish->problem->until_us = until_us;
    }
    return code;
}

static enum code too_many(struct wish *wish, int64_t until_us)
{
    return refuse(wish, CODE_OTP_TOO_MANY, 5, until_us);
}

static enum code check_maintenance(struct wish *wish)
{
    struct guard_maintenance maintenance;
    const enum code code = guard_maintenance_active(wish->db, wish->now_us, &maintenance);
    ENSURE(code == OK || code == CODE_NOT_FOUND, code);
    const bool opening = text_equal(wish->request->purpose, "otp.open");
    if (code == OK && (opening || maintenance.scope == GUARD_MAINTENANCE_ALL))
        return refuse(wish, CODE_MAINTENANCE, 13, maintenance.until_us);
    return OK;
}

static enum code check_number(struct wish *wish)
{
    if (party_phone_normalise(wish->phone, wish->request->phone) != OK)
        return refuse(wish, CODE_PHONE_INVALID, 1, 0);
    const enum guard_phone_class class =
        guard_phone_class(wish->otp->profiles, wish->phone, wish->today);
    if (guard_phone_policy(wish->otp->profiles, class, wish->today) == GUARD_PHONE_REFUSE)
        return refuse(wish, CODE_PHONE_NOT_SUPPORTED, 2, 0);
    if (class == GUARD_PHONE_UNKNOWN)
        log_event(LOG_INFO, "otp.unknown_segment", LOG_TEXT("purpose", wish->request->purpose));
    wish->hash = vault_search_hash(wish->otp->vault, VAULT_SEARCH_PHONE, wish->phone);
    return OK;
}

static enum code load_code(struct wish *wish)
{
    const struct otp_request *request = wish->request;
    const enum code code = otp_store_live(wish->db, request->purpose, request->subject, &wish->row);
    ENSURE(code == OK || code == CODE_NOT_FOUND, code);
    wish->has_row = code == OK;
    wish->live =
        wish->has_row && wish->row.expires_us > wish->now_us &&
        mem_equal_secret(wish->row.phone_hash.bytes, wish->hash.bytes, sizeof wish->hash.bytes);
    return wish->live
               ? otp_store_attempts(wish->db, &wish->row.id, wish->attempts, &wish->attempt_count)
               : OK;
}

// A call may be asked for at once when the messages are known to have failed or to be unseen.
static bool early_call(const struct wish *wish)
{
    if (!wish->request->by_voice || wish->attempt_count == 0)
        return false;
    const struct otp_attempt *last = &wish->attempts[wish->attempt_count - 1];
    return last->route != OTP_VOICE && last->report_class >= GUARD_RECEIPT_ROUTE;
}

// The third code of an hour waits a minute, the fourth longer.
static int64_t escalation_until(const struct wish *wish)
{
    const struct guard_otp_rules *rules = wish->rules;
    if (wish->counts.hour_codes < 2)
        return 0;
    const size_t step = (size_t)wish->counts.hour_codes - 2;
    const size_t last = rules->escalation_count - 1;
    return wish->counts.hour_last_us +
           rules->escalation_s[step < last ? step : last] * OTP_SECOND_US;
}

static enum code check_number_limits(struct wish *wish)
{
    const struct guard_otp_rules *rules = wish->rules;
    const int64_t midnight_us = time_business_day_start(wish->now_us) + OTP_DAY_US;
    if (wish->counts.messages >= rules->messages_day || wish->attempt_count == OTP_ATTEMPTS_MAX)
        return too_many(wish, midnight_us);
    const int64_t resend_us = wish->row.sent_us + rules->resend_s * OTP_SECOND_US;
    if (wish->live && resend_us > wish->now_us && !early_call(wish))
        return too_many(wish, resend_us);
    if (!wish->live && wish->counts.codes >= rules->codes_day)
        return too_many(wish, midnight_us);
    // Another flow rang this phone a moment ago and nobody typed its code: who makes opening after
    // opening could ring a stranger's phone without a pause.
    const int64_t others_us = wish->counts.others_us + rules->resend_s * OTP_SECOND_US;
    if (others_us > wish->now_us)
        return too_many(wish, others_us);
    const int64_t later_us = wish->live ? 0 : escalation_until(wish);
    return later_us > wish->now_us ? too_many(wish, later_us) : OK;
}

// Domain-separated from the log-ins that this kind of hash is made for.
static struct vault_hash client_hash(const struct wish *wish, const char *what, const char *value)
{
    char text[320];
    (void)snprintf(text, sizeof text, "otp.%s:%.256s", what, value);
    return vault_search_hash(wish->otp->vault, VAULT_SEARCH_LOGIN, text);
}

static enum code check_client_limits(struct wish *wish)
{
    const struct otp_request *request = wish->request;
    const struct guard_otp_rules *rules = wish->rules;
    const int64_t hour = wish->now_us / OTP_HOUR_US;
    int64_t count, others;
    if (request->address != NULL) {
        wish->address = client_hash(wish, "address", request->address);
        GUARD(otp_store_address(wish->db, &wish->address, hour, &count));
        if (count >= rules->address_hour)
            return too_many(wish, (hour + 1) * OTP_HOUR_US);
    }
    if (request->device == NULL)
        return OK;
    wish->device = client_hash(wish, "device", request->device);
    GUARD(otp_store_device(wish->db, &wish->device, &wish->hash, wish->today, &count, &others));
    if (!wish->live && (count >= rules->device_day || others >= rules->device_numbers_day))
        return too_many(wish, time_business_day_start(wish->now_us) + OTP_DAY_US);
    return OK;
}

// --- send ---

// Uniform: values above the largest multiple are thrown away.
static void make_code(const struct env *env, int32_t digits, char out[OTP_CODE_TEXT])
{
    const uint32_t range = digits == 8 ? 100000000 : 1000000;
    uint32_t value;
    do
        env->entropy(env->context, &value, sizeof value);
    while (value >= UINT32_MAX / range * range);
    value %= range;
    for (int32_t i = digits - 1; i >= 0; i--, value /= 10)
        out[i] = (char)('0' + value % 10);
    out[digits] = '\0';
}

// Guessing over many flows makes all new codes longer.
static enum code digits_now(struct wish *wish, int32_t *out)
{
    int64_t wrong;
    GUARD(otp_store_wrong(wish->db, wish->now_us / OTP_HOUR_US, &wrong));
    *out = wrong >= wish->rules->wrong_hour ? wish->rules->strong_digits : wish->rules->digits;
    return OK;
}

static enum code make_challenge(struct wish *wish)
{
    char code[OTP_CODE_TEXT];
    const struct otp_request *request = wish->request;
    const struct vault *vault = wish->otp->vault;
    struct otp_row *row = &wish->row;
    if (wish->has_row)
        GUARD(otp_store_close(wish->db, &row->id, OTP_REPLACED));
    *row = (struct otp_row){.id = id_new(wish->otp->env),
                            .subject = request->subject,
                            .stream = request->stream,
                            .phone_hash = wish->hash,
                            .device_hash = wish->device,
                            .has_device = request->device != NULL,
                            .day = wish->today,
                            .language = request->language,
                            .voice = request->voice_allowed,
                            .blind = request->blind,
                            .created_us = wish->now_us,
                            .sent_us = wish->now_us,
                            .expires_us = wish->now_us + wish->rules->life_s * OTP_SECOND_US};
    ENSURE(text_copy(row->purpose, sizeof row->purpose, request->purpose), CODE_INTERNAL);
    GUARD(digits_now(wish, &row->digits));
    make_code(wish->otp->env, row->digits, code);
    row->code_hash = vault_code_hash(vault, &row->id, code);
    row->code_size =
        vault_seal(vault, row->code, "otp_challenge.code", request->subject, code, strlen(code));
    row->phone_size = vault_seal(vault, row->phone, "otp_challenge.phone", request->subject,
                                 wish->phone, strlen(wish->phone));
    mem_wipe(code, sizeof code);
    wish->counts.codes++;
    wish->attempt_count = 0;
    return otp_store_insert(wish->db, row);
}

// The route that has not failed by itself.
static enum otp_route route_of(const struct wish *wish)
{
    if (wish->request->by_voice)
        return OTP_VOICE;
    for (size_t i = wish->attempt_count; i > 0; i--) {
        const struct otp_attempt *a = &wish->attempts[i - 1];
        if (a->route == OTP_SMS_A)
            return a->report_class == GUARD_RECEIPT_ROUTE && wish->otp->second_route ? OTP_SMS_B
                                                                                     : OTP_SMS_A;
    }
    return OTP_SMS_A;
}

// A wish that is granted ends the refusal of an earlier one.
static enum code forget_refusal(struct wish *wish)
{
    struct otp_client client;
    const struct otp_request *request = wish->request;
    GUARD(otp_store_client(wish->db, request->purpose, request->subject, &client));
    if (client.refused_cause == 0)
        return OK;
    client.refused_cause = 0;
    return otp_store_client_put(wish->db, request->purpose, request->subject, &client);
}

static enum code send(struct wish *wish)
{
    const struct otp_request *request = wish->request;
    GUARD(forget_refusal(wish));
    if (wish->live)
        GUARD(otp_store_sent(wish->db, &wish->row.id, wish->now_us));
    else
        GUARD(make_challenge(wish));
    wish->row.sent_us = wish->now_us;
    if (request->address != NULL)
        GUARD(otp_store_address_add(wish->db, &wish->address, wish->now_us / OTP_HOUR_US));
    wish->counts.messages++;
    return otp_attempt_add(wish->db, wish->otp, &wish->row, route_of(wish), false,
                           &request->attempt_key, !request->decoy);
}

static enum code answer(struct wish *wish, struct otp_challenge *out)
{
    otp_fill(out, wish->otp, &wish->row, &wish->counts);
    (void)text_copy(out->phone, sizeof out->phone, wish->phone);
    return OK;
}

static struct wish wish_of(struct db *db, const struct otp *otp, const struct otp_request *request,
                           struct problem *problem)
{
    const int64_t now_us = env_now(otp->env);
    const int32_t today = time_business_date(now_us);
    return (struct wish){.db = db,
                         .otp = otp,
                         .request = request,
                         .rules = guard_otp_rules(otp->profiles, today),
                         .now_us = now_us,
                         .today = today,
                         .problem = problem};
}

enum code otp_send(struct db *db, const struct otp *otp, const struct otp_request *request,
                   struct otp_challenge *out, struct problem *problem)
{
    struct wish wish = wish_of(db, otp, request, problem);
    bool again = false;
    ENSURE(!request->by_voice || otp->voice, CODE_NOT_ALLOWED);
    GUARD(check_number(&wish));
    GUARD(
        otp_store_counts(&wish.counts, db, &wish.hash, request->subject, wish.today, wish.now_us));
    GUARD(load_code(&wish));
    if (wish.live && !id_is_zero(&request->attempt_key))
        GUARD(otp_store_has_wish(db, &wish.row.id, &request->attempt_key, &again));
    if (again)
        return answer(&wish, out);
    GUARD(check_maintenance(&wish));
    GUARD(check_number_limits(&wish));
    GUARD(check_client_limits(&wish));
    GUARD(send(&wish));
    return answer(&wish, out);
}

enum code otp_counter_code(struct db *db, const struct otp *otp, const struct otp_request *request,
                           char out[OTP_CODE_TEXT], struct otp_challenge *out_challenge,
                           struct problem *problem)
{
    struct wish wish = wish_of(db, otp, request, problem);
    const struct id none = {{0}};
    GUARD(check_number(&wish));
    GUARD(
        otp_store_counts(&wish.counts, db, &wish.hash, request->subject, wish.today, wish.now_us));
    GUARD(load_code(&wish));
    if (!wish.live)
        GUARD(make_challenge(&wish));
    GUARD(vault_open_text(otp->vault, out, OTP_CODE_TEXT, "otp_challenge.code", request->subject,
                          wish.row.code, wish.row.code_size));
    GUARD(otp_attempt_add(db, otp, &wish.row, OTP_COUNTER, false, &none, false));
    return answer(&wish, out_challenge);
}

// --- verify ---

static enum code wrong(struct problem *problem, int64_t tries_left)
{
    (void)problem_set(problem, CODE_OTP_WRONG, CHARGED_NOT_INVOLVED);
    if (problem != NULL)
        problem->tries_left = tries_left;
    return CODE_OTP_WRONG;
}

static enum code proved(struct db *db, const struct otp *otp, const struct otp_row *row)
{
    struct otp_number number;
    GUARD(otp_store_number(db, &row->phone_hash, &number));
    number.proved_us = env_now(otp->env);
    GUARD(otp_store_number_put(db, &row->phone_hash, &number));
    return otp_store_close(db, &row->id, OTP_USED);
}

enum code otp_verify(struct db *db, const struct otp *otp, const struct otp_request *request,
                     const char *code, struct problem *problem)
{
    const int64_t now_us = env_now(otp->env);
    const struct guard_otp_rules *rules =
        guard_otp_rules(otp->profiles, time_business_date(now_us));
    const struct vault_hash phone =
        vault_search_hash(otp->vault, VAULT_SEARCH_PHONE, request->phone);
    struct otp_row row;
    const enum code found = otp_store_live(db, request->purpose, request->subject, &row);
    ENSURE(found == OK || found == CODE_NOT_FOUND, found);
    if (found == CODE_NOT_FOUND || row.expires_us <= now_us ||
        !mem_equal_secret(row.phone_hash.bytes, phone.bytes, sizeof phone.bytes))
        return problem_set(problem, CODE_OTP_EXPIRED, CHARGED_NOT_INVOLVED);
    if (strlen(code) != (size_t)row.digits || !text_all_digits(code))
        return wrong(problem, rules->tries - row.tries);
    const struct vault_hash hash = vault_code_hash(otp->vault, &row.id, code);
    if (mem_equal_secret(hash.bytes, row.code_hash.bytes, sizeof hash.bytes))
        return proved(db, otp, &row);
    GUARD(otp_store_count_try(db, &row.id));
    GUARD(otp_store_wrong_add(db, now_us / OTP_HOUR_US));
    if (row.tries + 1 < rules->tries)
        return wrong(problem, rules->tries - row.tries - 1);
    GUARD(otp_store_close(db, &row.id, OTP_GIVEN_UP));
    return wrong(problem, 0);
}
