// What the page of the person and the clerk are shown, and what clients tell.
#include "otp/otp_priv.h"

#include <string.h>

static const char *const CLASS_NAMES[] = {[GUARD_PHONE_ORDINARY] = "ordinary",
                                          [GUARD_PHONE_MVNO] = "mvno",
                                          [GUARD_PHONE_UNKNOWN] = "unknown",
                                          [GUARD_PHONE_REFUSED] = "refused"};

enum code otp_load(struct db *db, const struct otp *otp, const char *purpose, int64_t subject,
                   struct otp_challenge *out)
{
    const int64_t now_us = env_now(otp->env);
    struct otp_row row;
    struct otp_counts counts;
    *out = (struct otp_challenge){0};
    GUARD(otp_store_live(db, purpose, subject, &row));
    ENSURE(row.expires_us > now_us, CODE_NOT_FOUND);
    GUARD(otp_store_counts(&counts, db, &row.phone_hash, subject, time_business_date(now_us),
                           now_us));
    otp_fill(out, otp, &row, &counts);
    return vault_open_text(otp->vault, out->phone, sizeof out->phone, "otp_challenge.phone",
                           subject, row.phone, row.phone_size);
}

enum code otp_client_told(struct db *db, const struct otp *otp, const char *purpose,
                          int64_t subject, enum otp_client_event event,
                          const struct id *attempt_key)
{
    struct otp_client client;
    GUARD(otp_store_client(db, purpose, subject, &client));
    client.event = event;
    client.event_key = *attempt_key;
    client.event_us = env_now(otp->env);
    return otp_store_client_put(db, purpose, subject, &client);
}

enum code otp_number_history(struct db *db, const struct otp *otp, const char *phone,
                             struct otp_number *out)
{
    const struct vault_hash hash = vault_search_hash(otp->vault, VAULT_SEARCH_PHONE, phone);
    return otp_store_number(db, &hash, out);
}

enum code otp_find_phone(struct db *db, const struct otp *otp, const char *phone,
                         char out_purpose[24], int64_t *out_subject)
{
    struct otp_row row;
    const struct vault_hash hash = vault_search_hash(otp->vault, VAULT_SEARCH_PHONE, phone);
    GUARD(otp_store_by_phone(db, &hash, &row));
    (void)text_copy(out_purpose, 24, row.purpose);
    *out_subject = row.subject;
    return OK;
}

// --- the view ---

static enum code view_challenge(struct db *db, const struct otp *otp, const struct otp_row *row,
                                struct otp_view *out, struct otp_radar_input *in)
{
    struct otp_counts counts;
    const int32_t today = time_business_date(in->now_us);
    out->has_challenge = true;
    out->closed = row->closed != OTP_LIVE;
    GUARD(otp_store_counts(&counts, db, &row->phone_hash, row->subject, today, in->now_us));
    otp_fill(&out->challenge, otp, row, &counts);
    GUARD(vault_open_text(otp->vault, out->challenge.phone, sizeof out->challenge.phone,
                          "otp_challenge.phone", row->subject, row->phone, row->phone_size));
    GUARD(otp_store_attempts(db, &row->id, out->attempts, &out->attempt_count));
    in->phone_class = guard_phone_class(otp->profiles, out->challenge.phone, today);
    in->policy = guard_phone_policy(otp->profiles, in->phone_class, today);
    (void)text_copy(out->phone_class, sizeof out->phone_class, CLASS_NAMES[in->phone_class]);
    in->has_challenge = true;
    in->closed = row->closed == OTP_USED;
    in->created_us = row->created_us;
    in->expires_us = row->expires_us;
    in->attempts = out->attempts;
    in->attempt_count = out->attempt_count;
    in->day_limit = out->challenge.messages_left_today == 0;
    in->blind = row->blind;
    return OK;
}

// A wish that the client told of counts as lost only while no attempt bears its key.
static enum code view_client(struct db *db, const char *purpose, int64_t subject,
                             const struct otp_row *row, struct otp_radar_input *in)
{
    struct otp_client client;
    bool came = false;
    GUARD(otp_store_client(db, purpose, subject, &client));
    in->refused_cause = client.refused_cause;
    in->refused_us = client.refused_us;
    in->refused_until_us = client.refused_until_us;
    if (row != NULL && !id_is_zero(&client.event_key))
        GUARD(otp_store_has_wish(db, &row->id, &client.event_key, &came));
    const bool newer = row == NULL || client.event_us > row->sent_us;
    if (!came && newer && client.event_us > client.refused_us) {
        in->client = client.event;
        in->client_us = client.event_us;
        // A wish after the refused one.
        if (client.event == OTP_SUBMIT_STARTED || client.event == OTP_SUBMIT_FAILED)
            in->refused_cause = 0;
    }
    return OK;
}

enum code otp_view(struct db *db, const struct otp *otp, const char *purpose, int64_t subject,
                   struct otp_view *out)
{
    struct otp_row row;
    const int64_t now_us = env_now(otp->env);
    const struct guard_otp_rules *rules =
        guard_otp_rules(otp->profiles, time_business_date(now_us));
    struct otp_radar_input in = {.now_us = now_us,
                                 .voice = otp->voice,
                                 .silent_after_us = rules->silent_s * OTP_SECOND_US,
                                 .unmapped_after_us = rules->unmapped_s * OTP_SECOND_US};
    *out = (struct otp_view){.voice = otp->voice};
    const enum code found = otp_store_newest(db, purpose, subject, &row);
    ENSURE(found == OK || found == CODE_NOT_FOUND, found);
    if (found == OK)
        GUARD(view_challenge(db, otp, &row, out, &in));
    GUARD(view_client(db, purpose, subject, found == OK ? &row : NULL, &in));
    otp_radar(&in, &out->radar);
    return OK;
}
