// The card bank, driver "http-json": every operation ends in one of four outcomes. A wrong id,
// another amount or anything that cannot be parsed is "unknown": only an inquiry by our id may
// settle it.
#include "ports/ports_priv.h"

#include <stdio.h>
#include <string.h>

struct ports_bank {
    struct ports_peer peer;
};

enum code ports_bank_open(struct ports_bank **out, const struct ports_options *options)
{
    struct ports_bank *bank = mem_alloc(sizeof *bank);
    const enum code code = ports_peer_open(&bank->peer, options);
    if (code != OK) {
        mem_free(bank);
        bank = NULL;
    }
    *out = bank;
    return code;
}

void ports_bank_close(struct ports_bank **bank)
{
    if (*bank != NULL)
        mem_free_secret(*bank, sizeof **bank);
    *bank = NULL;
}

static json_t *id_json(const struct id *id)
{
    char text[40];
    id_format(text, "", id);
    return json_string(text);
}

static enum ports_bank_reason reason_of(const char *code)
{
    static const struct {
        const char *code;
        enum ports_bank_reason reason;
    } codes[] = {{"insufficient_funds", PORTS_BANK_FUNDS},
                 {"card_not_usable", PORTS_BANK_CARD},
                 {"mismatch", PORTS_BANK_MISMATCH},
                 {"wrong_code", PORTS_BANK_MISMATCH},
                 {"limit", PORTS_BANK_LIMIT},
                 {"maintenance", PORTS_BANK_MAINTENANCE}};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        if (text_equal(code, codes[i].code))
            return codes[i].reason;
    return PORTS_BANK_OTHER;
}

static int64_t integer(const struct ports_reply *reply, const char *name, int64_t fallback)
{
    const json_t *value = json_object_get(reply->json, name);
    return json_is_integer(value) ? json_integer_value(value) : fallback;
}

static enum ports_outcome outcome_of(const char *text)
{
    if (text_equal(text, "done"))
        return PORTS_DONE;
    if (text_equal(text, "refused"))
        return PORTS_REFUSED;
    return text_equal(text, "pending") ? PORTS_PENDING : PORTS_UNKNOWN;
}

// `amount` 0 = no money was asked for.
static void read_answer(struct ports_bank_answer *out, struct ports_reply *reply,
                        const struct id *request_id, int64_t amount, const char *currency)
{
    *out = (struct ports_bank_answer){
        .outcome = PORTS_UNKNOWN, .tries_left = -1, .nothing_sent = reply->nothing_sent};
    if (reply->json == NULL || reply->status / 100 != 2 ||
        !ports_is_id(reply, "request_id", request_id))
        return;
    const char *outcome = ports_text(reply, "outcome");
    out->outcome = outcome_of(outcome);
    out->not_found = text_equal(outcome, "not_found");
    out->reversed = text_equal(outcome, "reversed");
    if (out->reversed)
        out->outcome = PORTS_REFUSED;
    if (out->outcome == PORTS_REFUSED)
        out->reason = reason_of(ports_text(reply, "code"));
    (void)text_copy(out->bank_ref, sizeof out->bank_ref, ports_text(reply, "bank_ref"));
    // A token that was cut would name another card, or none: then there is no answer.
    if (!text_copy(out->card_token, sizeof out->card_token, ports_text(reply, "card_token"))) {
        out->card_token[0] = '\0';
        out->outcome = PORTS_UNKNOWN;
    }
    (void)text_copy(out->card_type, sizeof out->card_type, ports_text(reply, "card_type"));
    out->tries_left = (int32_t)integer(reply, "tries_left", -1);
    out->bank_time_us = integer(reply, "bank_time_us", 0);
    out->amount = integer(reply, "amount", 0);
    const bool other =
        amount != 0 && out->outcome == PORTS_DONE &&
        (out->amount != amount || !text_equal(ports_text(reply, "currency"), currency));
    if (!other)
        return;
    log_event(LOG_ERROR, "ports.bank_amount_differs", LOG_INT("asked", amount),
              LOG_INT("told", out->amount));
    out->outcome = PORTS_UNKNOWN;
}

static void call(struct ports_bank *bank, const char *path, json_t *body, const struct id *id,
                 int64_t amount, const char *currency, struct ports_bank_answer *out)
{
    struct ports_reply reply;
    ports_call(&bank->peer, path, body, &reply);
    read_answer(out, &reply, id, amount, currency);
    ports_reply_free(&reply);
}

void ports_bank_verify_identity(struct ports_bank *bank, const struct id *request_id,
                                const struct ports_bank_card *card, struct ports_bank_answer *out)
{
    call(bank, "/bank/verify_identity",
         json_pack("{s:o,s:s,s:s,s:s,s:s}", "request_id", id_json(request_id), "name", card->name,
                   "id_number", card->id_number, "card_number", card->card_number, "phone",
                   card->phone),
         request_id, 0, "", out);
}

void ports_bank_confirm_binding(struct ports_bank *bank, const struct id *request_id,
                                const struct id *challenge, const char *code,
                                struct ports_bank_answer *out)
{
    call(bank, "/bank/confirm_binding",
         json_pack("{s:o,s:o,s:s}", "request_id", id_json(request_id), "challenge",
                   id_json(challenge), "code", code),
         request_id, 0, "", out);
    if (out->outcome == PORTS_DONE && out->card_token[0] == '\0')
        out->outcome = PORTS_UNKNOWN; // bound to what? only an inquiry may say
}

static json_t *money_json(const struct ports_bank_money *money)
{
    return json_pack("{s:o,s:s,s:I,s:s,s:s,s:i}", "request_id", id_json(&money->request_id),
                     "card_token", money->card_token, "amount", (json_int_t)money->amount,
                     "currency", money->currency, "text", money->text, "business_date",
                     (int)money->business_date);
}

void ports_bank_debit(struct ports_bank *bank, const struct ports_bank_money *money,
                      struct ports_bank_answer *out)
{
    call(bank, "/bank/debit", money_json(money), &money->request_id, money->amount, money->currency,
         out);
}

void ports_bank_credit(struct ports_bank *bank, const struct ports_bank_money *money,
                       struct ports_bank_answer *out)
{
    call(bank, "/bank/credit", money_json(money), &money->request_id, money->amount,
         money->currency, out);
}

void ports_bank_reversal(struct ports_bank *bank, const struct id *request_id,
                         const struct id *original, int64_t amount, const char *currency,
                         struct ports_bank_answer *out)
{
    call(bank, "/bank/reversal",
         json_pack("{s:o,s:o,s:I,s:s}", "request_id", id_json(request_id), "original",
                   id_json(original), "amount", (json_int_t)amount, "currency", currency),
         request_id, amount, currency, out);
}

void ports_bank_probe(struct ports_bank *bank, const struct id *request_id,
                      const struct ports_bank_card *card, int64_t amount, int32_t business_date,
                      struct ports_bank_answer *out)
{
    call(bank, "/bank/probe",
         json_pack("{s:o,s:s,s:s,s:s,s:I,s:s,s:i}", "request_id", id_json(request_id), "name",
                   card->name, "id_number", card->id_number, "card_number", card->card_number,
                   "amount", (json_int_t)amount, "currency", "CNY", "business_date",
                   (int)business_date),
         request_id, amount, "CNY", out);
}

void ports_bank_probe_return(struct ports_bank *bank, const struct id *request_id,
                             const struct id *original, int64_t amount,
                             struct ports_bank_answer *out)
{
    call(bank, "/bank/probe_return",
         json_pack("{s:o,s:o,s:I,s:s}", "request_id", id_json(request_id), "original",
                   id_json(original), "amount", (json_int_t)amount, "currency", "CNY"),
         request_id, amount, "CNY", out);
}

void ports_bank_inquire(struct ports_bank *bank, const struct id *request_id, int64_t amount,
                        const char *currency, struct ports_bank_answer *out)
{
    char path[80], id[40];
    id_format(id, "", request_id);
    snprintf(path, sizeof path, "/bank/inquire/%s", id);
    call(bank, path, NULL, request_id, amount, currency, out);
}

static bool read_row(struct ports_bank_row *out, const json_t *row)
{
    const char *ref = json_string_value(json_object_get(row, "bank_ref"));
    const char *id = json_string_value(json_object_get(row, "request_id"));
    const char *currency = json_string_value(json_object_get(row, "currency"));
    const char *direction = json_string_value(json_object_get(row, "direction"));
    const json_t *amount = json_object_get(row, "amount"), *at = json_object_get(row, "at_us");
    *out = (struct ports_bank_row){0};
    if (ref == NULL || currency == NULL || direction == NULL || !json_is_integer(amount) ||
        !json_is_integer(at) || !text_copy(out->bank_ref, sizeof out->bank_ref, ref) ||
        !text_copy(out->currency, sizeof out->currency, currency))
        return false;
    if (id != NULL && id[0] != '\0' && !id_parse(&out->request_id, "", id))
        return false;
    out->credit = text_equal(direction, "credit");
    out->amount = json_integer_value(amount);
    out->at_us = json_integer_value(at);
    return out->credit || text_equal(direction, "debit");
}

enum ports_outcome ports_bank_statement(struct ports_bank *bank, int32_t business_date,
                                        int64_t *cursor, struct ports_bank_row *rows, size_t max,
                                        size_t *out_count, bool *out_final)
{
    char path[96];
    struct ports_reply reply;
    *out_count = 0;
    snprintf(path, sizeof path, "/bank/statement?date=%d&cursor=%lld", (int)business_date,
             (long long)*cursor);
    ports_call(&bank->peer, path, NULL, &reply);
    const json_t *list = json_object_get(reply.json, "rows");
    const json_t *next = json_object_get(reply.json, "next_cursor");
    bool good = reply.status / 100 == 2 && json_is_array(list) && json_is_integer(next) &&
                json_array_size(list) <= max;
    for (size_t i = 0; good && i < json_array_size(list); i++)
        good = read_row(&rows[(*out_count)++], json_array_get(list, i));
    if (good) {
        *cursor = json_integer_value(next);
        *out_final = json_is_true(json_object_get(reply.json, "final"));
    } else {
        *out_count = 0;
    }
    ports_reply_free(&reply);
    return good ? PORTS_DONE : PORTS_UNKNOWN;
}
