// SQL of attempts, reports, and of what clients and carriers told.
#include "otp/otp_priv.h"

#include <string.h>

struct list {
    struct otp_attempt *rows;
    size_t count;
};

static bool visit_attempt(void *context, const struct db_row *row)
{
    struct list *list = context;
    if (list->count == OTP_ATTEMPTS_MAX)
        return false;
    struct otp_attempt *out = &list->rows[list->count++];
    *out = (struct otp_attempt){.seq = (int32_t)db_get_int(row, 0),
                                .route = (enum otp_route)db_get_int(row, 1),
                                .by_itself = db_get_int(row, 2) != 0,
                                .queued_us = db_get_int(row, 3),
                                .accepted_us = db_get_int(row, 4),
                                .carrier_us = db_get_int(row, 5),
                                .report_us = db_get_int(row, 6),
                                .report_class = (enum guard_receipt_class)db_get_int(row, 8),
                                .report_cause = (int32_t)db_get_int(row, 9)};
    (void)text_copy(out->report_code, sizeof out->report_code, db_get_text(row, 7));
    (void)text_copy(out->gateway_id, sizeof out->gateway_id, db_get_text(row, 10));
    return true;
}

enum code otp_store_attempts(struct db *db, const struct id *challenge,
                             struct otp_attempt out[OTP_ATTEMPTS_MAX], size_t *out_count)
{
    const struct db_value value = db_id(challenge);
    struct list list = {out, 0};
    const enum code code =
        db_query(db,
                 "SELECT seq, route, by_itself, queued_us, accepted_us, carrier_us, report_us, "
                 "code, class, cause, gateway_id FROM otp_attempt WHERE challenge = $1 "
                 "ORDER BY seq",
                 &value, 1, visit_attempt, &list);
    *out_count = list.count;
    return code;
}

enum code otp_store_attempt_add(struct db *db, const struct otp_row *row,
                                const struct otp_attempt *attempt, const struct id *wish_key,
                                int32_t day)
{
    const struct db_value values[] = {db_id(&row->id),
                                      db_int(attempt->seq),
                                      db_int(attempt->route),
                                      db_int(attempt->by_itself ? 1 : 0),
                                      db_id(wish_key),
                                      db_blob(row->phone_hash.bytes, sizeof row->phone_hash.bytes),
                                      db_int(day),
                                      db_int(attempt->queued_us)};
    return db_exec(db,
                   "INSERT INTO otp_attempt (challenge, seq, route, by_itself, wish_key, "
                   "phone_hash, day, queued_us, accepted_us, carrier_us, report_us, code, class, "
                   "cause, gateway_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, 0, 0, '', 0, 0, "
                   "'')",
                   values, 8, NULL);
}

enum code otp_store_attempt_put(struct db *db, const struct id *challenge,
                                const struct otp_attempt *attempt)
{
    const struct db_value values[] = {db_id(challenge),
                                      db_int(attempt->seq),
                                      db_int(attempt->accepted_us),
                                      db_int(attempt->carrier_us),
                                      db_int(attempt->report_us),
                                      db_text(attempt->report_code),
                                      db_int(attempt->report_class),
                                      db_int(attempt->report_cause),
                                      db_text(attempt->gateway_id)};
    return db_exec(db,
                   "UPDATE otp_attempt SET accepted_us = $3, carrier_us = $4, report_us = $5, "
                   "code = $6, class = $7, cause = $8, gateway_id = $9 WHERE challenge = $1 AND "
                   "seq = $2",
                   values, 9, NULL);
}

enum code otp_store_has_wish(struct db *db, const struct id *challenge, const struct id *wish_key,
                             bool *out)
{
    const struct db_value values[] = {db_id(challenge), db_id(wish_key)};
    int64_t count;
    GUARD(db_query_int(db, &count,
                       "SELECT count(*) FROM otp_attempt WHERE challenge = $1 AND wish_key = $2",
                       values, 2, 0));
    *out = count > 0;
    return OK;
}

// --- reports ---

enum code otp_store_report(struct db *db, const struct id *id, const struct id *challenge,
                           int32_t seq, const char *code, enum guard_receipt_class class,
                           int64_t at_us)
{
    const struct db_value values[] = {
        db_id(id),     challenge != NULL ? db_id(challenge) : db_null(),
        db_int(seq),   db_text(code),
        db_int(class), db_int(at_us)};
    return db_exec(db,
                   "INSERT INTO otp_report (id, challenge, seq, code, class, at_us) "
                   "VALUES ($1, $2, $3, $4, $5, $6)",
                   values, 6, NULL);
}

struct unmapped {
    void (*visit)(void *context, const char *code, int64_t count, int64_t last_us);
    void *context;
};

static bool visit_unmapped(void *context, const struct db_row *row)
{
    const struct unmapped *unmapped = context;
    unmapped->visit(unmapped->context, db_get_text(row, 0), db_get_int(row, 1), db_get_int(row, 2));
    return true;
}

enum code otp_unmapped(struct db *db, size_t limit,
                       void (*visit)(void *context, const char *code, int64_t count,
                                     int64_t last_us),
                       void *context)
{
    struct unmapped unmapped = {visit, context};
    const struct db_value value = db_int((int64_t)limit);
    return db_query(db,
                    "SELECT code, count(*), max(at_us) FROM otp_report WHERE class = 2 "
                    "GROUP BY code ORDER BY 3 DESC LIMIT $1",
                    &value, 1, visit_unmapped, &unmapped);
}

// --- clients ---

static bool visit_client(void *context, const struct db_row *row)
{
    struct otp_client *out = context;
    *out = (struct otp_client){.event = (enum otp_client_event)db_get_int(row, 0),
                               .event_key = db_get_id(row, 1),
                               .event_us = db_get_int(row, 2),
                               .refused_cause = (int32_t)db_get_int(row, 3),
                               .refused_us = db_get_int(row, 4),
                               .refused_until_us = db_get_int(row, 5)};
    return false;
}

enum code otp_store_client(struct db *db, const char *purpose, int64_t subject,
                           struct otp_client *out)
{
    const struct db_value values[] = {db_text(purpose), db_int(subject)};
    bool found;
    *out = (struct otp_client){0};
    return db_query_one(db,
                        "SELECT event, event_key, event_us, refused_cause, refused_us, "
                        "refused_until_us FROM otp_client WHERE purpose = $1 AND subject = $2",
                        values, 2, visit_client, out, &found);
}

enum code otp_store_client_put(struct db *db, const char *purpose, int64_t subject,
                               const struct otp_client *client)
{
    const struct db_value values[] = {db_text(purpose),           db_int(subject),
                                      db_int(client->event),      db_id(&client->event_key),
                                      db_int(client->event_us),   db_int(client->refused_cause),
                                      db_int(client->refused_us), db_int(client->refused_until_us)};
    return db_exec(db,
                   "INSERT INTO otp_client (purpose, subject, event, event_key, event_us, "
                   "refused_cause, refused_us, refused_until_us) "
                   "VALUES ($1, $2, $3, $4, $5, $6, $7, $8) "
                   "ON CONFLICT (purpose, subject) DO UPDATE SET event = $3, event_key = $4, "
                   "event_us = $5, refused_cause = $6, refused_us = $7, refused_until_us = $8",
                   values, 8, NULL);
}

// --- numbers ---

static bool visit_number(void *context, const struct db_row *row)
{
    struct otp_number *out = context;
    *out = (struct otp_number){db_get_int(row, 0), db_get_int(row, 1), db_get_int(row, 2),
                               db_get_int(row, 3)};
    return false;
}

enum code otp_store_number(struct db *db, const struct vault_hash *phone_hash,
                           struct otp_number *out)
{
    const struct db_value value = db_blob(phone_hash->bytes, sizeof phone_hash->bytes);
    bool found;
    *out = (struct otp_number){0};
    return db_query_one(db,
                        "SELECT empty_us, delivered_us, ported_us, proved_us FROM otp_number "
                        "WHERE phone_hash = $1",
                        &value, 1, visit_number, out, &found);
}

enum code otp_store_number_put(struct db *db, const struct vault_hash *phone_hash,
                               const struct otp_number *number)
{
    const struct db_value values[] = {db_blob(phone_hash->bytes, sizeof phone_hash->bytes),
                                      db_int(number->empty_us), db_int(number->delivered_us),
                                      db_int(number->ported_us), db_int(number->proved_us)};
    return db_exec(db,
                   "INSERT INTO otp_number (phone_hash, empty_us, delivered_us, ported_us, "
                   "proved_us) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (phone_hash) DO UPDATE SET "
                   "empty_us = $2, delivered_us = $3, ported_us = $4, proved_us = $5",
                   values, 5, NULL);
}
