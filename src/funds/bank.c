// The bank's side of an order: what to ask next, and what each answer makes of it.
//
//   submitted --send--> processing --done--> done (money booked in the same transaction, F2)
//                           |  ^-- pending, inquire again --+
//                           +-- no usable answer --> unknown --inquire--> …
//                           +-- refused --> failed
//   a debit that was done but may not be credited, or that the bank never saw for too long:
//   reversing
#include "funds/funds_priv.h"

#include <string.h>

// One answer being taken over.
struct taking {
    struct db *db;
    const struct funds *funds;
    const struct funds_task *task;
    const struct funds_answer *answer;
    struct arena *arena;
    struct books_group *group;
    struct funds_order order;
    struct funds_card card;
    enum funds_order_state before;
    int64_t now_us;
    int64_t next_us; // 0 = final
};

// --- what to ask
// ------------------------------------------------------------------------------------

static enum code ask_reversal(struct funds_task *task, const struct funds_order *order)
{
    task->call = FUNDS_CALL_REVERSAL;
    task->id = order->reversal;
    task->original = order->id;
    return OK;
}

// The mark that it is being sent is committed before it is sent: after a crash the next step is to
// inquire.
static enum code ask_send(struct db *db, const struct funds *funds, struct funds_task *task,
                          struct funds_order *order)
{
    struct card_row card;
    GUARD(funds_store_card_load(db, funds, &order->card, &card));
    order->state = order->state == FUNDS_SUBMITTED ? FUNDS_PROCESSING : order->state;
    order->sends++;
    order->sent_us = env_now(funds->env);
    const bool topup = order->kind == BOOKS_TOPUP;
    task->call = topup ? FUNDS_CALL_DEBIT : FUNDS_CALL_CREDIT;
    (void)text_copy(task->token, sizeof task->token, card.token);
    (void)text_copy(task->text, sizeof task->text, topup ? "钱包充值" : "钱包提现");
    return funds_store_order_update(db, order, 0);
}

enum code funds_order_begin(struct db *db, const struct funds *funds, struct funds_task *task)
{
    struct funds_order order;
    const enum code code = funds_order_load(db, &task->subject, &order);
    if (code != OK && code != CODE_NOT_FOUND)
        return code;
    if (code == CODE_NOT_FOUND || order.state >= FUNDS_DONE)
        return party_outbox_done(db, task->outbox_seq, env_now(funds->env));
    task->id = order.id; // F1
    task->amount = order.amount;
    task->business_date = time_business_date(order.created_us);
    if (order.state == FUNDS_REVERSING)
        return ask_reversal(task, &order);
    if (order.sent_us == 0)
        return ask_send(db, funds, task, &order);
    task->call = FUNDS_CALL_INQUIRE;
    return OK;
}

// --- the books
// --------------------------------------------------------------------------------------

static bool is_failure(enum code code)
{
    return code == CODE_STORAGE_UNAVAILABLE || code == CODE_INTERNAL;
}

static enum code show(struct taking *t, enum books_state state)
{
    struct books_result result;
    const struct books_step step = {.seq = t->order.seq, .state = state};
    GUARD(books_continue(&result, t->group, &step, NULL));
    GUARD(books_group_write(t->group));
    return funds_order_event(t->db, t->funds, &t->order, state);
}

// A withdrawal that did not happen gives back what it had used of the day and the year.
static enum code return_limits(struct taking *t)
{
    struct guard_wallet wallet = {.account = t->order.account};
    const int32_t day = time_business_date(t->order.created_us);
    GUARD(guard_wallets_load(t->db, &wallet, 1));
    if (wallet.wallet_class == 0)
        return OK;
    if (wallet.day == day && wallet.day_used >= t->order.amount)
        wallet.day_used -= t->order.amount;
    if (wallet.year == day / 10000 && wallet.year_used >= t->order.amount)
        wallet.year_used -= t->order.amount;
    wallet.changed = true;
    return guard_wallets_write(t->db, t->arena, &wallet, 1);
}

static enum code fail(struct taking *t, enum code failure)
{
    struct books_result result;
    char detail[BOOKS_DETAIL_MAX + 1];
    const bool topup = t->order.kind == BOOKS_TOPUP;
    funds_detail(detail, &t->card, failure);
    const struct books_step step = {.seq = t->order.seq, .state = BOOKS_FAILED, .detail = detail};
    if (topup)
        GUARD(books_continue(&result, t->group, &step, NULL));
    else
        GUARD(books_release(&result, t->group, t->order.seq, detail, NULL));
    GUARD(books_group_write(t->group));
    if (!topup)
        GUARD(return_limits(t));
    t->order.state = FUNDS_FAILED;
    t->order.failure = failure;
    t->order.done_us = t->now_us;
    GUARD(funds_notice(t->db, t->funds, topup ? "topup.failed" : "withdrawal.failed", &t->card,
                       t->order.amount));
    return funds_order_event(t->db, t->funds, &t->order, BOOKS_FAILED);
}

static enum code book_topup(struct taking *t)
{
    const struct books_account *account = NULL;
    struct guard_wallet wallet;
    struct books_result result;
    GUARD(books_account(&account, t->group, t->order.account));
    GUARD(guard_wallet_load(&wallet, t->db, t->order.account));
    const int64_t balance = ledger_balance(&account->ledger) + account->ledger.credits_pending;
    GUARD(guard_balance_check(&wallet, t->funds->profiles, balance, t->order.amount, t->now_us,
                              NULL));
    const struct books_posting posting = {
        .kind = LEDGER_POST,
        .code = BOOKS_TOPUP,
        .debit = books_chart_account(MONEY_CNY, BOOKS_CASH_AT_BANK),
        .credit = t->order.account,
        .amount = t->order.amount,
        .currency = MONEY_CNY,
    };
    const struct books_step step = {
        .seq = t->order.seq, .state = BOOKS_SUCCEEDED, .postings = &posting, .posting_count = 1};
    return books_continue(&result, t->group, &step, NULL);
}

// The hold is captured and, because the bank has paid, what was in transit has left our account
// there.
static enum code book_withdrawal(struct taking *t)
{
    struct books_result result;
    const int64_t transit = books_chart_account(MONEY_CNY, BOOKS_TRANSIT_OUT);
    const struct books_posting postings[] = {
        {.kind = LEDGER_CAPTURE, .code = BOOKS_WITHDRAWAL},
        {.kind = LEDGER_POST,
         .code = BOOKS_SETTLEMENT,
         .debit = transit,
         .credit = books_chart_account(MONEY_CNY, BOOKS_CASH_AT_BANK),
         .amount = t->order.amount,
         .currency = MONEY_CNY},
    };
    const struct books_step step = {
        .seq = t->order.seq, .state = BOOKS_SUCCEEDED, .postings = postings, .posting_count = 2};
    return books_continue(&result, t->group, &step, NULL);
}

// --- what an answer makes of an order
// -----------------------------------------------------------------

static void later(struct taking *t)
{
    t->order.attempts++;
    t->next_us = t->now_us + funds_backoff_us(t->funds, t->order.attempts);
}

static enum code start_reversal(struct taking *t, enum code failure)
{
    t->order.state = FUNDS_REVERSING;
    t->order.failure = failure;
    t->order.reversal = id_new(t->funds->env);
    t->order.attempts = 0;
    t->next_us = t->now_us;
    log_event(LOG_WARN, "funds.reversal_started", LOG_INT("seq", t->order.seq),
              LOG_TEXT("reason", error_slug(failure)));
    return t->before == FUNDS_UNKNOWN ? show(t, BOOKS_PROCESSING) : OK;
}

static enum code unknown(struct taking *t)
{
    later(t);
    t->order.state = FUNDS_UNKNOWN;
    return t->before == FUNDS_UNKNOWN ? OK : show(t, BOOKS_UNKNOWN);
}

static enum code done(struct taking *t)
{
    if (t->answer->amount != t->order.amount) {
        // Another amount is never taken over; a person looks at it.
        log_event(LOG_ERROR, "funds.amount_differs", LOG_INT("seq", t->order.seq),
                  LOG_INT("asked", t->order.amount), LOG_INT("answered", t->answer->amount));
        return unknown(t);
    }
    const bool topup = t->order.kind == BOOKS_TOPUP;
    const enum code code = topup ? book_topup(t) : book_withdrawal(t);
    if (code != OK && topup && !is_failure(code))
        return start_reversal(t, code);
    GUARD(code);
    GUARD(books_group_write(t->group));
    t->order.state = FUNDS_DONE;
    t->order.done_us = t->now_us;
    (void)text_copy(t->order.bank_ref, sizeof t->order.bank_ref, t->answer->bank_ref);
    GUARD(funds_notice(t->db, t->funds, topup ? "topup.done" : "withdrawal.done", &t->card,
                       t->order.amount));
    return funds_order_event(t->db, t->funds, &t->order, BOOKS_SUCCEEDED);
}

static enum code refused(struct taking *t)
{
    switch (t->answer->reason) {
    case FUNDS_BAD_CARD:
        return fail(t, CODE_CARD_NOT_USABLE);
    case FUNDS_BANK_CLOSED:
        return fail(t, CODE_BANK_MAINTENANCE);
    case FUNDS_NO_REASON:
    case FUNDS_NOT_ENOUGH:
    case FUNDS_MISMATCH:
    case FUNDS_BANK_LIMIT:
    case FUNDS_OTHER:
        break;
    }
    return fail(t, CODE_BANK_REFUSED);
}

static enum code pending(struct taking *t)
{
    later(t);
    t->order.state = FUNDS_PROCESSING;
    return t->before == FUNDS_UNKNOWN ? show(t, BOOKS_PROCESSING) : OK;
}

// Nobody waits for a top-up for ever; a withdrawal is sent until the bank says something.
static bool given_up(const struct taking *t)
{
    return t->order.kind == BOOKS_TOPUP &&
           t->now_us - t->order.created_us >= t->funds->settings.resend_until_us;
}

// Nothing reached the bank by this call.
static enum code not_sent(struct taking *t)
{
    t->order.sends--;
    t->order.sent_us = 0;
    if (given_up(t))
        return t->order.sends == 0 ? fail(t, CODE_BANK_MAINTENANCE) // F3
                                   : start_reversal(t, CODE_BANK_MAINTENANCE);
    later(t);
    return OK;
}

// The bank does not know the id: counts only after the delay (F4); then the same id again (F1).
static enum code not_found(struct taking *t)
{
    const int64_t visible_us = t->order.sent_us + t->funds->settings.visibility_delay_us;
    if (t->now_us < visible_us) {
        GUARD(unknown(t));
        t->next_us = t->next_us > visible_us ? visible_us : t->next_us;
        return OK;
    }
    if (given_up(t))
        return start_reversal(t, CODE_BANK_MAINTENANCE);
    t->order.sent_us = 0;
    later(t);
    return OK;
}

static enum code no_answer(struct taking *t)
{
    const bool sending = t->task->call != FUNDS_CALL_INQUIRE;
    if (sending && t->answer->nothing_sent)
        return not_sent(t);
    if (!sending && t->answer->not_found)
        return not_found(t);
    return unknown(t);
}

// The undoing of a debit. Refused: the bank holds on to it, so it is asked again what happened.
static enum code reversed(struct taking *t)
{
    if (t->answer->outcome == FUNDS_YES)
        return fail(t, t->order.failure);
    if (t->answer->outcome != FUNDS_NO) {
        later(t);
        return OK;
    }
    log_event(LOG_ERROR, "funds.reversal_refused", LOG_INT("seq", t->order.seq));
    t->order.failure = OK;
    t->order.sent_us = t->order.sent_us != 0 ? t->order.sent_us : t->now_us;
    return unknown(t);
}

static enum code take(struct taking *t)
{
    if (t->task->call == FUNDS_CALL_REVERSAL)
        return t->order.state == FUNDS_REVERSING && id_equal(&t->order.reversal, &t->task->id)
                   ? reversed(t)
                   : OK;
    switch (t->answer->outcome) {
    case FUNDS_YES:
        return done(t);
    case FUNDS_NO:
        return refused(t);
    case FUNDS_PENDING:
        return pending(t);
    case FUNDS_NO_ANSWER:
        break;
    }
    return no_answer(t);
}

static enum code apply(struct taking *t)
{
    struct card_row card;
    GUARD(books_group_begin(&t->group, t->db, t->arena, t->now_us));
    GUARD(funds_order_load(t->db, &t->task->subject, &t->order));
    GUARD(funds_breaker_count(t->db, t->funds, t->answer));
    t->before = t->order.state;
    if (t->order.state >= FUNDS_DONE)
        return OK;
    // Somebody else has gone on with this order meanwhile: what this answer says, the next one
    // will.
    const bool stale = t->task->call != FUNDS_CALL_REVERSAL && t->order.state == FUNDS_REVERSING;
    t->next_us = t->now_us;
    if (stale)
        return OK;
    GUARD(funds_store_card_load(t->db, t->funds, &t->order.card, &card));
    t->card = card.card;
    GUARD(take(t));
    if (t->order.state >= FUNDS_DONE)
        t->next_us = 0;
    return funds_store_order_update(t->db, &t->order, t->answer->bank_time_us);
}

enum code funds_order_apply(struct db *db, const struct funds *funds, const struct funds_task *task,
                            const struct funds_answer *answer, int64_t *out_next_us)
{
    struct taking t = {.db = db,
                       .funds = funds,
                       .task = task,
                       .answer = answer,
                       .now_us = env_now(funds->env),
                       .arena = arena_new()};
    const enum code code = apply(&t);
    *out_next_us = t.next_us;
    arena_free(&t.arena);
    return code;
}
