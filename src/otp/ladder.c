// The ladder: attempts, what gateways and carriers said of them, and the next rung.
// L1 An attempt's stages only move forward; of several reports the strongest counts, the weaker
// ones are kept beside it. L2 One attempt that the person asked for has at most one of the ladder's
// own on the other route. L3 Nothing is sent for a code that is used up, expired, or delivered.
#include "otp/otp_priv.h"

#include <string.h>

enum { RUNG_SECOND_ROUTE = 1, RUNG_VOICE };

void otp_ref(uint8_t out[OTP_REF_SIZE], const struct id *challenge, int32_t seq)
{
    memcpy(out, challenge->bytes, sizeof challenge->bytes);
    out[sizeof challenge->bytes] = (uint8_t)seq;
}

enum code otp_tell(struct db *db, const struct otp *otp, const struct otp_row *row)
{
    static const char TYPE[] = "code";
    const struct party_outbox event = {.queue = "event",
                                       .person1 = row->stream,
                                       .ref = TYPE,
                                       .ref_size = sizeof TYPE - 1,
                                       .payload = "{}",
                                       .payload_size = 2};
    return row->stream != 0 ? party_outbox_add(db, otp->vault, otp->env, &event) : OK;
}

// Purpose, phone, code, language, minutes; one per line. Sealed in the outbox.
static enum code put_letter(struct db *db, const struct otp *otp, const struct otp_row *row,
                            int32_t seq)
{
    struct buffer payload = {0};
    char code[OTP_CODE_TEXT], phone[PARTY_PHONE_MAX];
    uint8_t ref[OTP_REF_SIZE];
    const int64_t minute_us = 60 * OTP_SECOND_US;
    const int64_t minutes = (row->expires_us - row->created_us + minute_us - 1) / minute_us;
    GUARD(vault_open_text(otp->vault, code, sizeof code, "otp_challenge.code", row->subject,
                          row->code, row->code_size));
    GUARD(vault_open_text(otp->vault, phone, sizeof phone, "otp_challenge.phone", row->subject,
                          row->phone, row->phone_size));
    buffer_format(&payload, "%s\n%s\n%s\n%s\n%lld", row->purpose, phone, code,
                  row->language == PARTY_EN ? "en" : "zh-CN", (long long)minutes);
    otp_ref(ref, &row->id, seq);
    const struct party_outbox message = {.queue = "sms",
                                         .ref = ref,
                                         .ref_size = sizeof ref,
                                         .payload = payload.data,
                                         .payload_size = payload.size,
                                         .sealed = true};
    const enum code result = party_outbox_add(db, otp->vault, otp->env, &message);
    mem_wipe(payload.data, payload.size);
    mem_wipe(code, sizeof code);
    buffer_free(&payload);
    return result;
}

static enum code put_rung(struct db *db, const struct otp *otp, const struct otp_row *row,
                          int32_t seq, uint8_t rung, int64_t at_us)
{
    uint8_t ref[OTP_REF_SIZE + 1];
    otp_ref(ref, &row->id, seq);
    ref[OTP_REF_SIZE] = rung;
    const struct party_outbox later = {
        .queue = "ladder", .ref = ref, .ref_size = sizeof ref, .run_at_us = at_us};
    return party_outbox_add(db, otp->vault, otp->env, &later);
}

enum code otp_attempt_add(struct db *db, const struct otp *otp, const struct otp_row *row,
                          enum otp_route route, bool by_itself, const struct id *wish_key,
                          bool send)
{
    struct otp_attempt attempts[OTP_ATTEMPTS_MAX];
    size_t count;
    const int64_t now_us = env_now(otp->env);
    const struct guard_otp_rules *rules =
        guard_otp_rules(otp->profiles, time_business_date(now_us));
    GUARD(otp_store_attempts(db, &row->id, attempts, &count));
    ENSURE(count < OTP_ATTEMPTS_MAX, CODE_OTP_TOO_MANY);
    const struct otp_attempt attempt = {
        .seq = (int32_t)count + 1, .route = route, .by_itself = by_itself, .queued_us = now_us};
    GUARD(otp_store_attempt_add(db, row, &attempt, wish_key, time_business_date(now_us)));
    if (send)
        GUARD(put_letter(db, otp, row, attempt.seq));
    if (send && !by_itself && route == OTP_SMS_A && otp->second_route)
        GUARD(put_rung(db, otp, row, attempt.seq, RUNG_SECOND_ROUTE,
                       now_us + rules->second_route_s * OTP_SECOND_US));
    if (send && count == 0 && row->voice && otp->voice && route != OTP_VOICE)
        GUARD(put_rung(db, otp, row, attempt.seq, RUNG_VOICE,
                       now_us + rules->voice_s * OTP_SECOND_US));
    return otp_tell(db, otp, row);
}

// --- the state of a challenge ---

struct state {
    struct otp_row row;
    struct otp_attempt attempts[OTP_ATTEMPTS_MAX];
    size_t count;
    struct otp_attempt *attempt; // the one that the reference names
    bool delivered, wanted;      // wanted: the code can still be used
};

// CODE_NOT_FOUND: no such attempt.
static enum code load_state(struct db *db, const struct otp *otp, const struct id *challenge,
                            int32_t seq, struct state *out)
{
    GUARD(otp_store_by_id(db, challenge, &out->row));
    GUARD(otp_store_attempts(db, challenge, out->attempts, &out->count));
    ENSURE(seq >= 1 && (size_t)seq <= out->count, CODE_NOT_FOUND);
    out->attempt = &out->attempts[seq - 1];
    out->delivered = false;
    for (size_t i = 0; i < out->count; i++)
        out->delivered = out->delivered || out->attempts[i].report_class == GUARD_RECEIPT_DELIVERED;
    out->wanted = out->row.closed == OTP_LIVE && out->row.expires_us > env_now(otp->env);
    return OK;
}

static bool read_ref(const void *ref, size_t ref_size, size_t size, struct id *out_id,
                     int32_t *out_seq)
{
    if (ref_size != size)
        return false;
    memcpy(out_id->bytes, ref, sizeof out_id->bytes);
    *out_seq = ((const uint8_t *)ref)[sizeof out_id->bytes];
    return true;
}

static bool has_later(const struct state *state, enum otp_route route)
{
    for (size_t i = (size_t)state->attempt->seq; i < state->count; i++)
        if (state->attempts[i].route == route || !state->attempts[i].by_itself)
            return true;
    return false;
}

// A rung of the ladder's own, unless the number's messages of the day are used up.
static enum code climb(struct db *db, const struct otp *otp, const struct state *state,
                       enum otp_route route)
{
    struct otp_counts counts;
    const struct id none = {{0}};
    const int64_t now_us = env_now(otp->env);
    const int32_t today = time_business_date(now_us);
    if (!state->wanted || state->delivered || has_later(state, route))
        return OK;
    GUARD(otp_store_counts(&counts, db, &state->row.phone_hash, state->row.subject, today, now_us));
    if (counts.messages >= guard_otp_rules(otp->profiles, today)->messages_day ||
        state->count == OTP_ATTEMPTS_MAX)
        return OK;
    return otp_attempt_add(db, otp, &state->row, route, true, &none, true);
}

enum code otp_ladder(struct db *db, const struct otp *otp, const void *ref, size_t ref_size)
{
    struct state state;
    struct id challenge;
    int32_t seq;
    ENSURE(read_ref(ref, ref_size, OTP_REF_SIZE + 1, &challenge, &seq), CODE_NOT_FOUND);
    GUARD(load_state(db, otp, &challenge, seq, &state));
    const uint8_t rung = ((const uint8_t *)ref)[OTP_REF_SIZE];
    if (rung == RUNG_VOICE) {
        // From the newest attempt on: nobody is called beside a call that was asked for.
        for (size_t i = 0; i < state.count; i++)
            if (state.attempts[i].route >= OTP_VOICE)
                return OK;
        state.attempt = &state.attempts[state.count - 1];
        const bool hopeless = state.attempt->report_class == GUARD_RECEIPT_NUMBER &&
                              state.attempt->report_cause >= 7 && state.attempt->report_cause <= 9;
        return hopeless ? OK : climb(db, otp, &state, OTP_VOICE);
    }
    // No definite report: also when the carrier only said that it has the message.
    if (state.attempt->report_class >= GUARD_RECEIPT_ROUTE)
        return OK;
    return climb(db, otp, &state, OTP_SMS_B);
}

// --- reports ---

static enum code remember_number(struct db *db, const struct otp *otp, const struct otp_row *row,
                                 const struct guard_receipt *receipt)
{
    struct otp_number number;
    const int64_t now_us = env_now(otp->env);
    const bool delivered = receipt->class == GUARD_RECEIPT_DELIVERED;
    if (!receipt->empty && !receipt->ported && !delivered)
        return OK;
    GUARD(otp_store_number(db, &row->phone_hash, &number));
    if (receipt->empty)
        number.empty_us = now_us;
    if (receipt->ported)
        number.ported_us = now_us;
    if (delivered)
        number.delivered_us = now_us;
    return otp_store_number_put(db, &row->phone_hash, &number);
}

// Every report is kept; the attempt changes only when the report is stronger.
static enum code take_report(struct db *db, const struct otp *otp, struct state *state,
                             const char *code)
{
    const int64_t now_us = env_now(otp->env);
    const struct id id = id_new(otp->env);
    const struct guard_receipt *receipt =
        guard_receipt(otp->profiles, code, time_business_date(now_us));
    const enum guard_receipt_class class =
        receipt != NULL ? receipt->class : GUARD_RECEIPT_UNMAPPED;
    struct otp_attempt *a = state->attempt;
    GUARD(otp_store_report(db, &id, &state->row.id, a->seq, code, class, now_us));
    if (receipt == NULL)
        log_event(LOG_WARN, "otp.report_unmapped", LOG_INT("route", a->route));
    if (receipt != NULL && receipt->alarm)
        log_event(LOG_ERROR, "otp.text_refused", LOG_INT("route", a->route));
    if (receipt != NULL)
        GUARD(remember_number(db, otp, &state->row, receipt));
    const bool first_carrier = class == GUARD_RECEIPT_ACCEPTED && a->carrier_us == 0;
    if (class <= a->report_class && !first_carrier)
        return OK;
    if (first_carrier)
        a->carrier_us = now_us;
    if (class > a->report_class) {
        a->report_class = class;
        a->report_us = now_us;
        a->report_cause = receipt != NULL ? receipt->cause : 0;
        (void)text_copy(a->report_code, sizeof a->report_code, code);
    }
    GUARD(otp_store_attempt_put(db, &state->row.id, a));
    GUARD(otp_tell(db, otp, &state->row));
    state->delivered = state->delivered || class == GUARD_RECEIPT_DELIVERED;
    if (class == GUARD_RECEIPT_ROUTE && a->route == OTP_SMS_A && otp->second_route)
        return climb(db, otp, state, OTP_SMS_B);
    return OK;
}

enum { SIGNED = 26, PLAIN = 2 * OTP_REF_SIZE };

static void sign_ref(const struct otp *otp, const uint8_t ref[OTP_REF_SIZE], char out[SIGNED + 1])
{
    static const char DOMAIN[] = "otp.report:";
    uint8_t message[sizeof DOMAIN - 1 + OTP_REF_SIZE];
    memcpy(message, DOMAIN, sizeof DOMAIN - 1);
    memcpy(message + sizeof DOMAIN - 1, ref, OTP_REF_SIZE);
    vault_sign_text(otp->vault, VAULT_SIGN_RECEIPT, message, sizeof message, out, SIGNED);
}

static void make_token(const struct otp *otp, const struct id *challenge, int32_t seq,
                       char out[OTP_TOKEN_TEXT])
{
    uint8_t ref[OTP_REF_SIZE];
    otp_ref(ref, challenge, seq);
    hex_encode(out, ref, sizeof ref);
    sign_ref(otp, ref, out + PLAIN);
}

static bool read_token(const struct otp *otp, const char *token, struct id *out_id,
                       int32_t *out_seq)
{
    uint8_t ref[OTP_REF_SIZE];
    char plain[PLAIN + 1], expected[SIGNED + 1];
    if (strlen(token) != PLAIN + SIGNED)
        return false;
    memcpy(plain, token, PLAIN);
    plain[PLAIN] = '\0';
    if (!hex_decode(ref, sizeof ref, plain))
        return false;
    sign_ref(otp, ref, expected);
    return mem_equal_secret(expected, token + PLAIN, SIGNED) &&
           read_ref(ref, sizeof ref, OTP_REF_SIZE, out_id, out_seq);
}

enum code otp_report(struct db *db, const struct otp *otp, const char *token, const char *code,
                     bool *out_known)
{
    struct state state;
    struct id challenge;
    int32_t seq;
    char bounded[24];
    (void)text_copy(bounded, sizeof bounded, code);
    enum code found = CODE_NOT_FOUND;
    if (read_token(otp, token, &challenge, &seq))
        found = load_state(db, otp, &challenge, seq, &state);
    ENSURE(found == OK || found == CODE_NOT_FOUND, found);
    if (out_known != NULL)
        *out_known = found == OK;
    if (found == OK)
        return take_report(db, otp, &state, bounded);
    const struct id id = id_new(otp->env);
    log_event(LOG_WARN, "otp.report_stray", LOG_INT("size", strlen(token)));
    return otp_store_report(db, &id, NULL, 0, bounded, GUARD_RECEIPT_NONE, env_now(otp->env));
}

// --- sending ---

enum code otp_letter(struct db *db, const struct otp *otp, const void *ref, size_t ref_size,
                     struct otp_letter *out)
{
    struct state state;
    int32_t seq;
    *out = (struct otp_letter){0};
    ENSURE(read_ref(ref, ref_size, OTP_REF_SIZE, &out->challenge, &seq), CODE_NOT_FOUND);
    GUARD(load_state(db, otp, &out->challenge, seq, &state));
    const struct otp_attempt *a = state.attempt;
    ENSURE(state.wanted && a->accepted_us == 0 && a->report_class < GUARD_RECEIPT_ROUTE &&
               !(a->by_itself && state.delivered),
           CODE_NOT_FOUND);
    const struct otp_row *row = &state.row;
    out->message = row->id;
    out->message.bytes[15] = (uint8_t)(out->message.bytes[15] ^ seq);
    out->seq = seq;
    out->route = a->route;
    out->language = row->language;
    out->expires_us = row->expires_us;
    const int64_t minute_us = 60 * OTP_SECOND_US;
    out->life_minutes = (int32_t)((row->expires_us - row->created_us + minute_us - 1) / minute_us);
    (void)text_copy(out->purpose, sizeof out->purpose, row->purpose);
    make_token(otp, &row->id, seq, out->token);
    GUARD(vault_open_text(otp->vault, out->code, sizeof out->code, "otp_challenge.code",
                          row->subject, row->code, row->code_size));
    return vault_open_text(otp->vault, out->phone, sizeof out->phone, "otp_challenge.phone",
                           row->subject, row->phone, row->phone_size);
}

enum code otp_sent(struct db *db, const struct otp *otp, const struct otp_letter *letter,
                   enum otp_sending sending, const char *gateway_id, const char *code)
{
    struct state state;
    const enum code found = load_state(db, otp, &letter->challenge, letter->seq, &state);
    if (found == CODE_NOT_FOUND || sending == OTP_UNCLEAR)
        return OK;
    GUARD(found);
    if (sending == OTP_REFUSED)
        return take_report(db, otp, &state, code);
    if (state.attempt->accepted_us != 0)
        return OK;
    state.attempt->accepted_us = env_now(otp->env);
    (void)text_copy(state.attempt->gateway_id, sizeof state.attempt->gateway_id, gateway_id);
    GUARD(otp_store_attempt_put(db, &state.row.id, state.attempt));
    return otp_tell(db, otp, &state.row);
}
