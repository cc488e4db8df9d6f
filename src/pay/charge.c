// Charges by pay code: the till scans, small amounts succeed at once, larger ones wait for the
// payer's PIN. C1 A code is used up by the first charge that names it, whatever the outcome. C2 A
// waiting charge holds no money; the payer's answer decides with the limits and the balance of that
// moment.
#include "pay/pay_priv.h"

#include <stdio.h>
#include <string.h>

static const int64_t WAIT_US = INT64_C(60) * 1000000;

static enum code refuse(struct problem *problem, enum code code)
{
    return problem_set(problem, code, CHARGED_NO);
}

// --- a new charge ---

static enum code take_code(struct db *db, struct pay_charge_request *request, int64_t now_us)
{
    const struct pay_world *world = request->world;
    const char *issuer =
        guard_paycode_issuer(world->profiles, request->digits, time_business_date(now_us));
    if (issuer == NULL || !text_equal(issuer, "own"))
        return refuse(&request->problem, CODE_CODE_FOREIGN);
    struct pay_code_row row;
    const struct vault_hash hash =
        vault_search_hash(world->vault, VAULT_SEARCH_LOGIN, request->digits);
    const enum code code = pay_code_find(&row, db, &hash);
    if (code == CODE_NOT_FOUND)
        return refuse(&request->problem, CODE_CODE_UNKNOWN);
    GUARD(code);
    if (row.state == PAY_CODE_USED)
        return refuse(&request->problem, CODE_CODE_USED);
    if (row.state != PAY_CODE_LIVE || row.expires_us <= now_us)
        return refuse(&request->problem, CODE_CODE_EXPIRED);
    request->charge.person = row.person;
    request->charge.account = row.account;
    return pay_code_use(db, &hash, &request->request.key);
}

// What one charge is decided on.
struct decision {
    const struct pay_world *world;
    struct books_group *books;
    struct guard_wallet wallet;
    struct guard_payment payment;
    struct problem *problem;
};

static enum code load_decision(struct decision *decision, struct db *db, struct arena *arena,
                               const struct pay_charge *charge)
{
    GUARD(books_group_begin(&decision->books, db, arena, decision->payment.at_us));
    books_group_want_account(decision->books, charge->account);
    books_group_want_account(decision->books, charge->merchant_account);
    if (charge->journal_seq != 0)
        books_group_want_journal(decision->books, charge->journal_seq);
    GUARD(books_group_load(decision->books));
    decision->wallet.account = charge->account;
    return guard_wallets_load(db, &decision->wallet, 1);
}

static struct books_posting posting_of(const struct pay_charge *charge)
{
    return (struct books_posting){.kind = LEDGER_POST,
                                  .code = BOOKS_PAYMENT,
                                  .debit = charge->account,
                                  .credit = charge->merchant_account,
                                  .amount = charge->amount,
                                  .currency = charge->currency};
}

// "method=paycode[;expires=…][;order=…]" as activity.h reads it; a ';' in the shop's text would
// start a new pair.
static void pay_charge_detail(char *out, size_t capacity, const struct pay_charge *charge,
                              enum books_state state)
{
    int used = snprintf(out, capacity, "method=paycode");
    if (state == BOOKS_AWAITING_USER)
        used += snprintf(out + used, capacity - (size_t)used, ";expires=%lld",
                         (long long)charge->expires_us);
    if (charge->order_text[0] == '\0')
        return;
    snprintf(out + used, capacity - (size_t)used, ";order=%s", charge->order_text);
    for (char *p = out + used + 1; (p = strchr(p, ';')) != NULL;)
        *p = ',';
}

// Adds the operation: paid, or waiting for the payer (no postings).
static enum code operate(struct decision *decision, struct pay_charge *charge,
                         enum books_state state)
{
    char detail[PAY_TEXT_MAX + 80];
    pay_charge_detail(detail, sizeof detail, charge, state);
    const struct books_posting posting = posting_of(charge);
    const struct books_operation operation = {.id = charge->id,
                                              .kind = BOOKS_PAYMENT,
                                              .state = state,
                                              .payer = charge->account,
                                              .payee = charge->merchant_account,
                                              .amount = charge->amount,
                                              .currency = charge->currency,
                                              .detail = detail,
                                              .postings = &posting,
                                              .posting_count = state == BOOKS_SUCCEEDED ? 1 : 0};
    struct books_result result;
    GUARD(books_operate(&result, decision->books, &operation, decision->problem));
    if (result.repeated)
        return refuse(decision->problem, CODE_CONFLICT_IDEMPOTENCY);
    charge->journal_seq = result.seq;
    charge->state = state;
    return OK;
}

// Frozen, then limits, in the order of the hot path (money.c).
static enum code check(struct decision *decision, const struct pay_charge *charge)
{
    const struct books_account *account;
    GUARD(books_account(&account, decision->books, charge->account));
    if ((account->ledger.flags & LEDGER_FROZEN_OUT) != 0)
        return refuse(decision->problem, CODE_WALLET_FROZEN);
    return guard_limits_check(&decision->wallet, decision->world->profiles, &decision->payment,
                              decision->problem);
}

static enum code decide_new(struct decision *decision, struct pay_charge *charge)
{
    const enum code code = check(decision, charge);
    if (code == CODE_PIN_REQUIRED)
        return operate(decision, charge, BOOKS_AWAITING_USER);
    GUARD(code);
    return operate(decision, charge, BOOKS_SUCCEEDED);
}

static bool is_failure(enum code code)
{
    return code == CODE_STORAGE_UNAVAILABLE || code == CODE_INTERNAL;
}

static void set_refused(struct pay_charge *charge, enum code code, int64_t now_us)
{
    charge->state = BOOKS_FAILED;
    charge->finished_us = now_us;
    (void)text_copy(charge->refusal, sizeof charge->refusal, error_slug(code));
}

// Writes what was decided, and tells the payer's phone.
static enum code write_decision(struct db *db, struct arena *arena, struct decision *decision,
                                const struct pay_charge *charge)
{
    if (charge->state == BOOKS_SUCCEEDED)
        guard_limits_count(&decision->wallet, &decision->payment);
    GUARD(books_group_write(decision->books));
    GUARD(guard_wallets_write(db, arena, &decision->wallet, 1));
    if (charge->journal_seq == 0)
        return OK;
    const struct pay_event event = {&charge->id,    BOOKS_PAYMENT,    charge->state,
                                    charge->amount, charge->currency, decision->payment.at_us};
    return pay_event_add(db, charge->person, 0, &event);
}

// The id is the till's key: another till's charge or a payment may have it already.
static enum code check_id(struct db *db, struct arena *arena, struct pay_charge_request *request)
{
    struct pay_charge other;
    struct books_entry entry;
    enum code code = pay_charge_load(&other, db, &request->request.key);
    if (code == CODE_NOT_FOUND)
        code = books_journal_by_id(&entry, db, arena, &request->request.key);
    ENSURE(code != OK, refuse(&request->problem, CODE_CONFLICT_IDEMPOTENCY));
    return code == CODE_NOT_FOUND ? OK : code;
}

static enum code charge_new(struct db *db, struct arena *arena, struct pay_charge_request *request,
                            int64_t now_us)
{
    struct pay_charge *charge = &request->charge;
    *charge = (struct pay_charge){.id = request->request.key,
                                  .merchant = request->merchant,
                                  .merchant_account = request->merchant_account,
                                  .amount = request->amount,
                                  .currency = MONEY_CNY,
                                  .created_us = now_us,
                                  .expires_us = now_us + WAIT_US};
    (void)text_copy(charge->order_text, sizeof charge->order_text, request->order_text);
    GUARD(check_id(db, arena, request));
    GUARD(take_code(db, request, now_us));
    struct decision decision = {.world = request->world,
                                .payment = {GUARD_CHANNEL_PAYCODE, charge->amount, false, now_us},
                                .problem = &request->problem};
    GUARD(load_decision(&decision, db, arena, charge));
    const enum code code = decide_new(&decision, charge);
    if (is_failure(code))
        return code;
    if (code != OK)
        set_refused(charge, code, now_us);
    else if (charge->state == BOOKS_SUCCEEDED)
        charge->finished_us = now_us;
    GUARD(write_decision(db, arena, &decision, charge));
    // A refused charge is an answer for the till, not an error: it is stored with its reason.
    request->problem = (struct problem){0};
    return pay_charge_insert(db, charge);
}

static enum code store_answer(struct db *db, struct arena *arena,
                              struct pay_charge_request *request, int64_t now_us)
{
    const struct guard_request *stored = &request->request;
    request->render(request);
    return guard_idempotency_add_many(db, arena, &stored, &request->answer, 1, now_us);
}

static enum code charge_in_arena(struct db *db, struct arena *arena,
                                 struct pay_charge_request *request)
{
    const int64_t now_us = env_now(request->world->env);
    struct guard_answer stored = {0};
    request->problem = (struct problem){0};
    enum code code =
        guard_idempotency_find(&stored, db, arena, &request->request, &request->problem);
    if (code == OK) {
        request->repeated = true;
        request->answer = stored;
        request->answer.body = mem_copy_text(stored.body);
        return OK;
    }
    ENSURE(code == CODE_NOT_FOUND, code);
    code = charge_new(db, arena, request, now_us);
    if (is_failure(code))
        return code;
    // A refusal about the code itself is stored as well: the same key gives the same answer for
    // ever.
    request->change.keep = true;
    GUARD(store_answer(db, arena, request, now_us));
    return code;
}

enum code pay_charge_run(struct db *db, struct db_change *change)
{
    struct arena *arena = arena_new();
    const enum code code = charge_in_arena(db, arena, (struct pay_charge_request *)change);
    arena_free(&arena);
    return code;
}

// --- the payer's answer, the till's cancellation, the deadline ---

static enum code end_waiting(struct decision *decision, struct pay_charge *charge,
                             enum books_state state)
{
    const struct books_posting posting = posting_of(charge);
    const struct books_step step = {.seq = charge->journal_seq,
                                    .state = state,
                                    .postings = &posting,
                                    .posting_count = state == BOOKS_SUCCEEDED ? 1 : 0};
    struct books_result result;
    GUARD(books_continue(&result, decision->books, &step, decision->problem));
    charge->state = state;
    charge->finished_us = decision->payment.at_us;
    return OK;
}

static enum code may_answer(const struct pay_charge_answer *answer)
{
    const struct pay_charge *charge = &answer->charge;
    if (answer->answer == PAY_CANCEL)
        return charge->merchant == answer->merchant ? OK : CODE_NOT_FOUND;
    return charge->person == answer->person ? OK : CODE_NOT_FOUND;
}

// The same answer again is OK; a late or different one says what the charge became.
static enum code answer_final(const struct pay_charge_answer *answer, struct problem *problem)
{
    const bool paid = answer->charge.state == BOOKS_SUCCEEDED;
    if (paid == (answer->answer == PAY_CONFIRM))
        return OK;
    return refuse(problem, paid ? CODE_ORDER_PAID : CODE_ORDER_CLOSED);
}

static enum code answer_in_arena(struct db *db, struct arena *arena,
                                 struct pay_charge_answer *answer)
{
    struct pay_charge *charge = &answer->charge;
    answer->problem = (struct problem){0};
    GUARD(pay_charge_load(charge, db, &answer->id));
    GUARD(may_answer(answer));
    if (charge->state == BOOKS_CLOSED && answer->answer == PAY_CONFIRM)
        return refuse(&answer->problem, CODE_ORDER_CLOSED);
    if (charge->state != BOOKS_AWAITING_USER)
        return answer_final(answer, &answer->problem);
    const int64_t now_us = env_now(answer->world->env);
    const bool late = charge->expires_us <= now_us;
    const bool pay = answer->answer == PAY_CONFIRM && !late;
    struct decision decision = {.world = answer->world,
                                .payment = {GUARD_CHANNEL_PAYCODE, charge->amount, true, now_us},
                                .problem = &answer->problem};
    GUARD(load_decision(&decision, db, arena, charge));
    if (pay)
        GUARD(check(&decision, charge));
    GUARD(end_waiting(&decision, charge, pay ? BOOKS_SUCCEEDED : BOOKS_CLOSED));
    GUARD(write_decision(db, arena, &decision, charge));
    GUARD(pay_charge_update(db, charge));
    if (answer->answer != PAY_CONFIRM || pay)
        return OK;
    answer->change.keep = true;
    return refuse(&answer->problem, CODE_ORDER_CLOSED);
}

enum code pay_charge_answer_run(struct db *db, struct db_change *change)
{
    struct arena *arena = arena_new();
    const enum code code = answer_in_arena(db, arena, (struct pay_charge_answer *)change);
    arena_free(&arena);
    return code;
}

enum { EXPIRE_BATCH = 64 };

static enum code expire_one(struct db *db, const struct pay_world *world, const struct id *id)
{
    struct arena *arena = arena_new();
    struct pay_charge_answer answer = {.world = world, .id = *id, .answer = PAY_CANCEL};
    enum code code = pay_charge_load(&answer.charge, db, id);
    answer.merchant = answer.charge.merchant;
    if (code == OK)
        code = answer_in_arena(db, arena, &answer);
    arena_free(&arena);
    return code;
}

enum code pay_expire_due(struct db *db, const struct pay_world *world, int64_t now_us)
{
    struct id due[EXPIRE_BATCH];
    size_t count = EXPIRE_BATCH;
    GUARD(pay_charges_due(db, now_us, due, &count));
    for (size_t i = 0; i < count; i++)
        GUARD(expire_one(db, world, &due[i]));
    return pay_codes_prune(db, now_us - INT64_C(86400000000));
}
