// The small amount: credited to a card of the person, typed back, returned.
// K1 The request ids of credit and return are stored before either is sent, and never change.
// K2 What moves at the bank is booked in the transaction that takes its answer over.
// K3 Misses are counted over all links of the same ID number: a new application begins no new
// count. K4 Every credited amount is returned once its link has ended, however it ended.
#include "onboard/link_priv.h"

#include "books/books.h"

#include <string.h>

static const int64_t SECOND_US = 1000000;
static const int64_t DAY_US = INT64_C(86400000000);
enum { RETRY_FIRST_S = 1, RETRY_MAX_S = 60, VISIBLE_S = 3 };

const char *onboard_link_state_name(enum onboard_link_state state)
{
    static const char *const NAMES[] = {"none",    "sending", "waiting", "done",
                                        "refused", "closed",  "expired"};
    return state >= ONBOARD_LINK_NONE && state <= ONBOARD_LINK_EXPIRED ? NAMES[state] : "";
}

static enum onboard_link_state state_of(const struct link_row *row)
{
    static const enum onboard_link_state ENDED[] = {
        [LINK_LINKED] = ONBOARD_LINK_DONE,
        [LINK_MISSED] = ONBOARD_LINK_CLOSED,
        [LINK_EXPIRED] = ONBOARD_LINK_EXPIRED,
        [LINK_CARD_REFUSED] = ONBOARD_LINK_REFUSED,
    };
    if (row->outcome != LINK_OPEN)
        return ENDED[row->outcome];
    return row->money < LINK_CREDITED ? ONBOARD_LINK_SENDING : ONBOARD_LINK_WAITING;
}

// --- how often ---

struct allowance {
    int32_t tries_left;
    int64_t closed_until_us; // 0 = open
};

static enum code allowance_of(struct db *db, const struct onboard *onboard,
                              const struct vault_hash *id_hash, struct allowance *out)
{
    const struct guard_record_rules *rules = onboard_record_rules(onboard);
    const int64_t now_us = env_now(onboard->env);
    struct link_counts counts;
    GUARD(link_store_counts(db, id_hash, now_us - rules->link_closed_s * SECOND_US, now_us - DAY_US,
                            &counts));
    *out = (struct allowance){.tries_left = rules->link_tries - (int32_t)counts.misses};
    if (counts.misses >= rules->link_tries) {
        out->tries_left = 0;
        out->closed_until_us = counts.last_ended_us + rules->link_closed_s * SECOND_US;
    } else if (counts.begun >= rules->link_cards_day) {
        out->closed_until_us = counts.first_begun_us + DAY_US;
    }
    return OK;
}

static enum code closed(struct problem *problem, int64_t until_us)
{
    (void)problem_set(problem, CODE_LINK_CLOSED, CHARGED_NOT_INVOLVED);
    if (problem != NULL)
        problem->until_us = until_us;
    return CODE_LINK_CLOSED;
}

// --- start ---

static enum code put_row(struct db *db, const struct onboard *onboard, const struct link_row *row)
{
    const struct party_outbox question = {
        .queue = ONBOARD_LINK_QUEUE, .ref = row->id.bytes, .ref_size = sizeof row->id.bytes};
    return party_outbox_add(db, onboard->vault, onboard->env, &question);
}

// K4. A link that ends before its money was sent sends none.
static enum code end(struct db *db, const struct onboard *onboard, struct link_row *row,
                     enum link_outcome outcome)
{
    row->outcome = outcome;
    row->ended_us = env_now(onboard->env);
    if (row->money == LINK_CREDITED) {
        row->money = LINK_TO_RETURN;
        GUARD(put_row(db, onboard, row));
    }
    return link_store_update(db, onboard->vault, row);
}

// 1 … 99, each as likely: values above the largest multiple are thrown away.
static int64_t random_amount(const struct env *env)
{
    uint8_t byte;
    do
        env->entropy(env->context, &byte, sizeof byte);
    while (byte >= 198);
    return byte % 99 + 1;
}

// Another draft of the same person may have left one behind: it ends; one of this draft runs.
static enum code clear_way(struct db *db, const struct onboard *onboard,
                           const struct vault_hash *id_hash, int64_t number)
{
    struct link_row other;
    const enum code code = link_store_open(db, onboard->vault, id_hash, &other);
    if (code != OK)
        return code == CODE_NOT_FOUND ? OK : code;
    ENSURE(other.number != number, CODE_REQUEST_RUNNING);
    return end(db, onboard, &other, LINK_EXPIRED);
}

static enum code begin_trouble(struct db *db, const struct onboard *onboard, int64_t number,
                               struct onboard_row *row)
{
    GUARD(onboard_begin(db, onboard, number, row));
    const bool phone = row->application.state == ONBOARD_DRAFT &&
                       onboard_step_of(row) == STEP_TROUBLE &&
                       row->application.trouble.kind == ONBOARD_TROUBLE_PHONE;
    return phone ? OK : CODE_STEP_ORDER;
}

enum code onboard_link_start(struct db *db, const struct onboard *onboard, int64_t number,
                             const char *card_number, struct problem *problem)
{
    struct onboard_row row;
    struct allowance allowance;
    const struct guard_card_bin *bin;
    const int64_t now_us = env_now(onboard->env);
    GUARD(begin_trouble(db, onboard, number, &row));
    const enum code card =
        guard_card_check(onboard->profiles, card_number, time_business_date(now_us), &bin);
    if (card != OK)
        return problem_field(problem, "/card_number", card, "");
    struct link_row link = {
        .id = id_new(onboard->env),
        .return_id = id_new(onboard->env),
        .number = number,
        .id_hash =
            vault_search_hash(onboard->vault, VAULT_SEARCH_ID_NUMBER, row.application.id_number),
        .amount = random_amount(onboard->env),
        .money = LINK_TO_SEND,
        .created_us = now_us,
        .until_us = now_us + onboard_record_rules(onboard)->link_life_s * SECOND_US};
    mem_wipe(&row, sizeof row);
    GUARD(clear_way(db, onboard, &link.id_hash, number));
    GUARD(allowance_of(db, onboard, &link.id_hash, &allowance));
    if (allowance.closed_until_us != 0)
        return closed(problem, allowance.closed_until_us);
    ENSURE(text_copy(link.card, sizeof link.card, card_number), CODE_CARD_NUMBER_INVALID);
    (void)text_copy(link.last4, sizeof link.last4, card_number + strlen(card_number) - 4);
    (void)text_copy(link.bank, sizeof link.bank, bin->bank_code);
    GUARD(link_store_insert(db, onboard->vault, &link));
    mem_wipe(link.card, sizeof link.card);
    return put_row(db, onboard, &link);
}

enum code onboard_link_load(struct db *db, const struct onboard *onboard, int64_t number,
                            struct onboard_link *out)
{
    struct link_row row;
    struct allowance allowance;
    GUARD(link_store_newest(db, onboard->vault, number, &row));
    mem_wipe(row.card, sizeof row.card);
    GUARD(allowance_of(db, onboard, &row.id_hash, &allowance));
    *out = (struct onboard_link){
        .id = row.id, .state = state_of(&row), .tries_left = allowance.tries_left - row.misses};
    if (row.outcome != LINK_OPEN)
        out->tries_left = allowance.tries_left;
    out->until_us = out->state == ONBOARD_LINK_WAITING ? row.until_us : allowance.closed_until_us;
    if (out->state == ONBOARD_LINK_REFUSED && allowance.closed_until_us != 0)
        out->state = ONBOARD_LINK_CLOSED;
    (void)text_copy(out->last4, sizeof out->last4, row.last4);
    (void)text_copy(out->bank, sizeof out->bank, row.bank);
    return OK;
}

// --- the amount as typed ---

static enum code linked(struct db *db, const struct onboard *onboard, struct onboard_row *row,
                        struct link_row *link)
{
    GUARD(end(db, onboard, link, LINK_LINKED));
    row->application.trouble.linked = ONBOARD_LINKED_BY_CARD;
    GUARD(onboard_settle(db, row));
    return onboard_moved(db, onboard, row);
}

static enum code missed(struct db *db, const struct onboard *onboard, struct link_row *link,
                        struct problem *problem)
{
    struct allowance allowance;
    GUARD(allowance_of(db, onboard, &link->id_hash, &allowance)); // of links that ended (K3)
    link->misses++;
    const int32_t left = allowance.tries_left - link->misses;
    if (left <= 0) {
        GUARD(end(db, onboard, link, LINK_MISSED));
        return closed(problem,
                      link->ended_us + onboard_record_rules(onboard)->link_closed_s * SECOND_US);
    }
    GUARD(link_store_update(db, onboard->vault, link));
    (void)problem_field(problem, "/amount", CODE_LINK_WRONG, "");
    if (problem != NULL)
        problem->tries_left = left;
    return CODE_LINK_WRONG;
}

enum code onboard_link_type(struct db *db, const struct onboard *onboard, int64_t number,
                            int64_t amount, struct problem *problem)
{
    struct onboard_row row;
    struct link_row link;
    GUARD(begin_trouble(db, onboard, number, &row));
    GUARD(link_store_newest(db, onboard->vault, number, &link));
    ENSURE(state_of(&link) == ONBOARD_LINK_WAITING && link.until_us > env_now(onboard->env),
           CODE_STEP_ORDER);
    const enum code code = link.amount == amount ? linked(db, onboard, &row, &link)
                                                 : missed(db, onboard, &link, problem);
    mem_wipe(&row, sizeof row);
    return code;
}

enum code onboard_links_expire(struct db *db, const struct onboard *onboard, size_t limit,
                               int64_t *out_expired)
{
    struct link_row row;
    for (*out_expired = 0; *out_expired < (int64_t)limit; (*out_expired)++) {
        const enum code code = link_store_overdue(db, onboard->vault, env_now(onboard->env), &row);
        if (code != OK)
            return code == CODE_NOT_FOUND ? OK : code;
        GUARD(end(db, onboard, &row, LINK_EXPIRED));
    }
    return OK;
}

// --- the worker's side ---

static enum code finish_row(struct db *db, const struct onboard *onboard, int64_t seq)
{
    return party_outbox_done(db, seq, env_now(onboard->env));
}

// What the bank compares with the card comes from the application, which may be gone by now: then
// nothing was sent, and nothing is.
static enum code ask_credit(struct db *db, const struct onboard *onboard, struct link_row *row,
                            struct onboard_link_task *task)
{
    struct onboard_row application;
    const enum code code = onboard_store_load(db, onboard, row->number, false, &application);
    ENSURE(code == OK || code == CODE_NOT_FOUND, code);
    const bool alive =
        code == OK && row->outcome == LINK_OPEN && application.application.state == ONBOARD_DRAFT;
    if (!alive) {
        row->money = LINK_MONEY_REFUSED;
        row->card[0] = '\0';
        if (row->outcome == LINK_OPEN)
            GUARD(end(db, onboard, row, LINK_EXPIRED));
        GUARD(link_store_update(db, onboard->vault, row));
        return finish_row(db, onboard, task->outbox_seq);
    }
    task->call = ONBOARD_LINK_CALL_CREDIT;
    task->id = row->id;
    (void)text_copy(task->name, sizeof task->name, application.application.name);
    (void)text_copy(task->id_number, sizeof task->id_number, application.application.id_number);
    (void)text_copy(task->card_number, sizeof task->card_number, row->card);
    mem_wipe(&application, sizeof application);
    row->money = LINK_SENT;
    row->sent_us = env_now(onboard->env);
    return link_store_update(db, onboard->vault, row);
}

static enum code ask_return(struct db *db, const struct onboard *onboard, struct link_row *row,
                            struct onboard_link_task *task)
{
    task->call = ONBOARD_LINK_CALL_RETURN;
    task->id = row->return_id;
    task->original = row->id;
    row->money = LINK_RETURN_SENT;
    row->sent_us = env_now(onboard->env);
    return link_store_update(db, onboard->vault, row);
}

enum code onboard_link_begin(struct db *db, const struct onboard *onboard,
                             const struct party_outbox *row, struct onboard_link_task *out)
{
    struct link_row link;
    *out = (struct onboard_link_task){.outbox_seq = row->seq};
    if (row->ref_size != sizeof out->link.bytes)
        return finish_row(db, onboard, row->seq);
    memcpy(out->link.bytes, row->ref, row->ref_size);
    GUARD(link_store_load(db, onboard->vault, &out->link, &link));
    out->amount = link.amount;
    out->business_date = time_business_date(link.created_us);
    switch (link.money) {
    case LINK_TO_SEND:
        return ask_credit(db, onboard, &link, out);
    case LINK_TO_RETURN:
        return ask_return(db, onboard, &link, out);
    case LINK_SENT:
    case LINK_RETURN_SENT:
        out->call = ONBOARD_LINK_CALL_INQUIRE;
        out->id = link.money == LINK_SENT ? link.id : link.return_id;
        return OK;
    case LINK_CREDITED:
    case LINK_MONEY_REFUSED:
    case LINK_RETURNED:
    case LINK_RETURN_REFUSED:
        break;
    }
    return finish_row(db, onboard, row->seq);
}

// K2. Until it comes back it is money that was asked from a bank and is not yet there. The
// transfer's id is the request's: booked twice it would be the same one.
static enum code book(struct db *db, const struct onboard *onboard, const struct id *id,
                      int64_t amount, bool back)
{
    const int64_t cash = books_chart_account(MONEY_CNY, BOOKS_CASH_AT_BANK);
    const int64_t transit = books_chart_account(MONEY_CNY, BOOKS_TRANSIT_IN);
    const struct books_posting posting = {.kind = LEDGER_POST,
                                          .code = BOOKS_SETTLEMENT,
                                          .debit = back ? cash : transit,
                                          .credit = back ? transit : cash,
                                          .amount = amount,
                                          .currency = MONEY_CNY};
    struct arena *arena = arena_new();
    struct books_group *books;
    struct books_result result;
    enum code code = books_group_begin(&books, db, arena, env_now(onboard->env));
    if (code == OK)
        code = books_open_chart(books, MONEY_CNY);
    if (code == OK)
        code = books_post(&result, books, id, &posting, 1, NULL);
    if (code == OK)
        code = books_group_write(books);
    arena_free(&arena);
    return code;
}

// The page that waits for it learns it at once.
static enum code tell(struct db *db, const struct onboard *onboard, const struct link_row *row)
{
    static const char TYPE[] = "application", JSON[] = "{\"state\":\"draft\",\"step\":\"trouble\"}";
    const struct party_outbox event = {.queue = "event",
                                       .person1 = onboard_stream_key(row->number),
                                       .ref = TYPE,
                                       .ref_size = sizeof TYPE - 1,
                                       .payload = JSON,
                                       .payload_size = sizeof JSON - 1};
    return party_outbox_add(db, onboard->vault, onboard->env, &event);
}

static enum code decided(struct db *db, const struct onboard *onboard, struct link_row *row,
                         bool done)
{
    const bool credit = row->money == LINK_SENT;
    if (done)
        GUARD(book(db, onboard, credit ? &row->id : &row->return_id, row->amount, !credit));
    if (!credit) {
        row->money = done ? LINK_RETURNED : LINK_RETURN_REFUSED;
        if (!done)
            log_event(LOG_ERROR, "onboard.link_not_returned", LOG_INT("amount", row->amount));
        return link_store_update(db, onboard->vault, row);
    }
    row->card[0] = '\0';
    row->money = done ? LINK_CREDITED : LINK_MONEY_REFUSED;
    if (done && row->outcome == LINK_OPEN)
        row->until_us =
            env_now(onboard->env) + onboard_record_rules(onboard)->link_life_s * SECOND_US;
    if (row->outcome != LINK_OPEN || !done)
        GUARD(end(db, onboard, row, row->outcome != LINK_OPEN ? row->outcome : LINK_CARD_REFUSED));
    GUARD(link_store_update(db, onboard->vault, row));
    return tell(db, onboard, row);
}

static enum code later(struct db *db, const struct onboard *onboard,
                       const struct onboard_link_task *task, const struct link_row *row)
{
    int64_t wait_s = RETRY_FIRST_S;
    const int64_t age_us = env_now(onboard->env) - row->sent_us;
    while (wait_s < RETRY_MAX_S && wait_s * 2 * SECOND_US < age_us)
        wait_s *= 2;
    return party_outbox_retry(db, task->outbox_seq, env_now(onboard->env) + wait_s * SECOND_US);
}

enum code onboard_link_apply(struct db *db, const struct onboard *onboard,
                             const struct onboard_link_task *task,
                             enum onboard_link_outcome outcome)
{
    struct link_row row;
    GUARD(link_store_load(db, onboard->vault, &task->link, &row));
    const bool waits = row.money == LINK_SENT || row.money == LINK_RETURN_SENT;
    if (!waits)
        return finish_row(db, onboard, task->outbox_seq);
    if (outcome == ONBOARD_LINK_YES || outcome == ONBOARD_LINK_NO) {
        GUARD(decided(db, onboard, &row, outcome == ONBOARD_LINK_YES));
        return finish_row(db, onboard, task->outbox_seq);
    }
    // The bank's word that it has nothing counts only a moment after it was sent; then the same
    // request goes out again (K1).
    if (outcome == ONBOARD_LINK_NOT_FOUND &&
        env_now(onboard->env) - row.sent_us >= VISIBLE_S * SECOND_US) {
        row.money = row.money == LINK_SENT ? LINK_TO_SEND : LINK_TO_RETURN;
        GUARD(link_store_update(db, onboard->vault, &row));
    }
    return later(db, onboard, task, &row);
}
