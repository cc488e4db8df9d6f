// funds: settings, breaker, events and the outbox rows that the rest of the room shares.
#include "funds/funds_priv.h"

#include <stdio.h>
#include <string.h>

static const int64_t SECOND_US = 1000000;

struct funds_settings funds_settings_default(bool sandbox)
{
    return (struct funds_settings){
        .visibility_delay_us = (sandbox ? 3 : 60) * SECOND_US,
        .resend_until_us = (sandbox ? 60 : 600) * SECOND_US,
        .backoff_first_us = sandbox ? SECOND_US / 2 : 5 * SECOND_US,
        .backoff_max_us = (sandbox ? 10 : 600) * SECOND_US,
        .breaker_open_us = (sandbox ? 5 : 30) * SECOND_US,
        .breaker_failures = 5,
        .card_calls_max = 6,
        .cards_max = 5,
        .card_tries_day = 3,
        .card_number_day = 10,
        .card_code_life_us = 300 * SECOND_US,
    };
}

int64_t funds_backoff_us(const struct funds *funds, int64_t attempts)
{
    int64_t pause = funds->settings.backoff_first_us;
    for (int64_t i = 1; i < attempts && pause < funds->settings.backoff_max_us; i++)
        pause *= 2;
    if (pause > funds->settings.backoff_max_us)
        pause = funds->settings.backoff_max_us;
    uint16_t random = 0;
    funds->env->entropy(funds->env->context, &random, sizeof random);
    // 80 % … 120 %, so that orders that failed together do not come back together.
    return pause / 10 * 8 + pause * 4 / 10 * random / UINT16_MAX;
}

// --- events and outbox
// ----------------------------------------------------------------------------

enum code funds_event(struct db *db, const struct funds *funds, const char *type, int64_t person,
                      const char *json)
{
    const struct party_outbox row = {
        .queue = "event",
        .person1 = person,
        .ref = type,
        .ref_size = strlen(type),
        .payload = json,
        .payload_size = strlen(json),
    };
    return party_outbox_add(db, funds->vault, funds->env, &row);
}

enum code funds_order_event(struct db *db, const struct funds *funds,
                            const struct funds_order *order, enum books_state state)
{
    char id[40], amount[MONEY_TEXT_SIZE], json[256];
    id_format(id, "txn", &order->id);
    money_format(amount, MONEY_CNY, order->amount);
    (void)snprintf(json, sizeof json,
                   "{\"id\":\"%s\",\"kind\":\"%s\",\"state\":\"%s\",\"direction\":\"%s\","
                   "\"amount\":{\"value\":\"%s\",\"currency\":\"CNY\"}}",
                   id, books_kind_name(order->kind), books_state_name(state),
                   order->kind == BOOKS_TOPUP ? "in" : "out", amount);
    return funds_event(db, funds, "operation", order->person, json);
}

enum code funds_outbox_add(struct db *db, const struct funds *funds, uint8_t kind,
                           const struct id *subject, const struct id *confirm, const char *secret)
{
    struct funds_ref ref = {.kind = kind};
    memcpy(ref.subject, subject->bytes, sizeof ref.subject);
    if (confirm != NULL)
        memcpy(ref.confirm, confirm->bytes, sizeof ref.confirm);
    const struct party_outbox row = {
        .queue = FUNDS_QUEUE,
        .ref = &ref,
        .ref_size = sizeof ref,
        .payload = secret != NULL ? secret : "",
        .payload_size = secret != NULL ? strlen(secret) : 0,
        .sealed = secret != NULL,
    };
    return party_outbox_add(db, funds->vault, funds->env, &row);
}

enum code funds_notice(struct db *db, const struct funds *funds, const char *kind,
                       const struct funds_card *card, int64_t amount)
{
    struct party_wallet wallet;
    char money[MONEY_TEXT_SIZE];
    struct party_notice notice = {.person = card->person,
                                  .group = amount > 0 ? PARTY_NOTICE_MONEY : PARTY_NOTICE_SECURITY,
                                  .at_us = env_now(funds->env)};
    GUARD(party_wallet_load(db, card->person, &wallet));
    money_format_grouped(money, MONEY_CNY, amount);
    (void)text_copy(notice.kind, sizeof notice.kind, kind);
    (void)text_copy(notice.link, sizeof notice.link, amount > 0 ? "/bills" : "/cards");
    (void)snprintf(notice.params, sizeof notice.params, "bank=%s\nlast4=%s\namount=¥%s",
                   wallet.language == PARTY_EN ? card->bank_en : card->bank, card->last4, money);
    return party_notice_add(db, funds->vault, funds->env, &notice);
}

void funds_detail(char out[BOOKS_DETAIL_MAX + 1], const struct funds_card *card, enum code failure)
{
    (void)snprintf(out, BOOKS_DETAIL_MAX + 1, "method=card;bin=%s;last4=%s%s%s", card->bin,
                   card->last4, failure != OK ? ";reason=" : "",
                   failure != OK ? error_slug(failure) : "");
}

// --- breaker
// --------------------------------------------------------------------------------------

enum code funds_breaker(struct db *db, int64_t now_us, int64_t *out_until_us)
{
    struct breaker_row row;
    GUARD(funds_store_breaker(db, &row));
    *out_until_us = row.open_until_us > now_us ? row.open_until_us : 0;
    return OK;
}

enum code funds_breaker_check(struct db *db, const struct funds *funds, const char *bin,
                              int64_t now_us, struct problem *problem)
{
    int64_t until_us;
    GUARD(funds_breaker(db, now_us, &until_us));
    if (until_us == 0)
        return OK;
    (void)problem_set(problem, CODE_BANK_MAINTENANCE, CHARGED_NO);
    const struct guard_card_bin *bank =
        guard_card_bin(funds->profiles, bin, time_business_date(now_us));
    if (problem != NULL) {
        problem->retry_after_s = (until_us - now_us + SECOND_US - 1) / SECOND_US;
        (void)text_copy(problem->subject, sizeof problem->subject, bank != NULL ? bank->bank : "");
    }
    return CODE_BANK_MAINTENANCE;
}

// After the pause the breaker lets new orders through; the next call without an answer opens it
// again. "Not found" says only that inquiries are answered: it neither counts nor forgets.
enum code funds_breaker_count(struct db *db, const struct funds *funds,
                              const struct funds_answer *answer)
{
    const bool silent = answer->outcome == FUNDS_NO_ANSWER;
    const bool closed = answer->outcome == FUNDS_NO && answer->reason == FUNDS_BANK_CLOSED;
    struct breaker_row row;
    ENSURE(!answer->not_found, OK);
    GUARD(funds_store_breaker(db, &row));
    if (!silent && !closed) {
        if (row.failures == 0)
            return OK;
        return funds_store_breaker_update(db, &(struct breaker_row){0, 0});
    }
    row.failures++;
    if (row.failures >= funds->settings.breaker_failures)
        row.open_until_us = env_now(funds->env) + funds->settings.breaker_open_us;
    return funds_store_breaker_update(db, &row);
}

// --- the worker's side
// ------------------------------------------------------------------------------

void funds_task_wipe(struct funds_task *task)
{
    mem_wipe(task, sizeof *task);
}

enum code funds_bank_begin(struct db *db, const struct funds *funds, const struct party_outbox *row,
                           struct funds_task *out)
{
    struct funds_ref ref;
    *out = (struct funds_task){.outbox_seq = row->seq, .attempts = row->attempts};
    if (row->ref_size != sizeof ref) {
        log_event(LOG_ERROR, "funds.row_unreadable", LOG_INT("seq", row->seq));
        return party_outbox_done(db, row->seq, env_now(funds->env));
    }
    memcpy(&ref, row->ref, sizeof ref);
    memcpy(out->subject.bytes, ref.subject, sizeof ref.subject);
    (void)text_copy(out->currency, sizeof out->currency, "CNY");
    out->business_date = time_business_date(env_now(funds->env));
    if (ref.kind == FUNDS_REF_ORDER)
        return funds_order_begin(db, funds, out);
    return funds_card_begin(db, funds, row, &ref, out);
}

enum code funds_bank_apply(struct db *db, const struct funds *funds, const struct funds_task *task,
                           const struct funds_answer *answer, int64_t *out_next_us)
{
    int64_t next_us = 0;
    const bool card = task->call == FUNDS_CALL_VERIFY || task->call == FUNDS_CALL_CONFIRM;
    GUARD(card ? funds_card_apply(db, funds, task, answer, &next_us)
               : funds_order_apply(db, funds, task, answer, &next_us));
    if (out_next_us != NULL)
        *out_next_us = next_us;
    if (next_us == 0)
        return party_outbox_done(db, task->outbox_seq, env_now(funds->env));
    return party_outbox_retry(db, task->outbox_seq, next_us);
}
