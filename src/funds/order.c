// Top-ups and withdrawals: from the person's request to the bank's last word. The invariants F1 …
// F6 are numbered in funds.h and named where they are held.
#include "funds/funds_priv.h"
#include "guard/guard_lock.h"

#include <string.h>

// A withdrawal's hold ends by the bank's word only; the deadline that the ledger asks for is far.
static const int64_t HOLD_US = INT64_C(366) * 86400 * 1000000;

// --- submitting
// -----------------------------------------------------------------------------------

// What a submission works on.
struct submission {
    struct db *db;
    const struct funds *funds;
    const struct funds_request *request;
    struct books_group *group;
    struct problem *problem;
    enum books_kind kind;
    int64_t now_us;
    struct card_row card;
    struct party_wallet person;
    struct guard_wallet wallet;
    char detail[BOOKS_DETAIL_MAX + 1];
};

static enum code refuse(struct problem *problem, enum code code)
{
    return problem_set(problem, code, CHARGED_NO);
}

// With the lock's case number and code, so that the person finds its page.
static enum code refuse_locked(const struct submission *s, enum code code)
{
    (void)refuse(s->problem, code);
    guard_lock_name(s->db, s->request->person, s->now_us, s->problem);
    return code;
}

// The same id again: the same order, or somebody's mistake.
static enum code repeat(struct books_result *out, const struct submission *s,
                        const struct funds_order *order)
{
    const struct funds_request *request = s->request;
    static const enum books_state SHOWN[] = {
        [FUNDS_SUBMITTED] = BOOKS_PROCESSING, [FUNDS_PROCESSING] = BOOKS_PROCESSING,
        [FUNDS_UNKNOWN] = BOOKS_UNKNOWN,      [FUNDS_REVERSING] = BOOKS_PROCESSING,
        [FUNDS_DONE] = BOOKS_SUCCEEDED,       [FUNDS_FAILED] = BOOKS_FAILED,
    };
    *out = (struct books_result){order->seq, true, SHOWN[order->state]};
    const char *pointer = "";
    if (order->amount != request->amount)
        pointer = "/amount";
    else if (!id_equal(&order->card, &request->card))
        pointer = "/card_id";
    else if (order->person == request->person && order->kind == s->kind)
        return OK;
    (void)refuse(s->problem, CODE_CONFLICT_IDEMPOTENCY);
    return problem_field(s->problem, pointer, CODE_CONFLICT_IDEMPOTENCY, "repeated");
}

static enum code check_amount(const struct submission *s)
{
    if (money_amount_valid(s->request->amount))
        return OK;
    (void)refuse(s->problem, CODE_AMOUNT_INVALID);
    if (s->problem != NULL)
        s->problem->max = MONEY_MAX;
    return problem_field(s->problem, "/amount", CODE_AMOUNT_INVALID, "");
}

static enum code check_card(struct submission *s)
{
    const enum code code = funds_store_card_load(s->db, s->funds, &s->request->card, &s->card);
    if (code != OK && code != CODE_NOT_FOUND)
        return code;
    const bool usable = code == OK && s->card.card.person == s->request->person &&
                        s->card.card.state == FUNDS_CARD_BOUND;
    return usable ? OK : refuse(s->problem, CODE_CARD_NOT_USABLE);
}

// A frozen wallet does not take money from its own card either: who stole the phone could.
static enum code check_person(struct submission *s)
{
    GUARD(party_wallet_load(s->db, s->request->person, &s->person));
    if (s->person.state == PARTY_FROZEN)
        return refuse_locked(s, CODE_WALLET_FROZEN);
    ENSURE(s->person.state == PARTY_ACTIVE, refuse(s->problem, CODE_NOT_ALLOWED));
    s->wallet = (struct guard_wallet){.account = s->person.account_cny};
    return guard_wallets_load(s->db, &s->wallet, 1);
}

static struct guard_payment leaving(const struct funds_request *request, int64_t now_us)
{
    return (struct guard_payment){
        .channel = GUARD_CHANNEL_TRANSFER, .amount = request->amount, .pin = true, .at_us = now_us};
}

static enum code check_limits(struct submission *s)
{
    const struct books_account *account = NULL;
    int64_t expected = 0;
    if (s->kind == BOOKS_WITHDRAWAL) {
        const struct guard_payment payment = leaving(s->request, s->now_us);
        const enum code code =
            guard_limits_check(&s->wallet, s->funds->profiles, &payment, s->problem);
        return code == CODE_TRANSFER_LOCKED ? refuse_locked(s, code) : code;
    }
    GUARD(books_account(&account, s->group, s->person.account_cny));
    GUARD(funds_store_topups_open(s->db, s->person.account_cny, &expected));
    // What other top-ups will bring counts too.
    const int64_t balance =
        ledger_balance(&account->ledger) + account->ledger.credits_pending + expected;
    return guard_balance_check(&s->wallet, s->funds->profiles, balance, s->request->amount,
                               s->now_us, s->problem);
}

static struct books_posting hold_of(const struct submission *s)
{
    return (struct books_posting){
        .kind = LEDGER_HOLD,
        .code = BOOKS_WITHDRAWAL,
        .debit = s->person.account_cny,
        .credit = books_chart_account(MONEY_CNY, BOOKS_TRANSIT_OUT),
        .amount = s->request->amount,
        .currency = MONEY_CNY,
        .expires_us = s->now_us + HOLD_US,
    };
}

static enum code operate(struct books_result *out, struct submission *s)
{
    const bool topup = s->kind == BOOKS_TOPUP;
    const struct books_posting hold = hold_of(s);
    funds_detail(s->detail, &s->card.card, OK);
    const struct books_operation operation = {
        .id = s->request->id,
        .kind = s->kind,
        .state = BOOKS_PROCESSING,
        .payer = topup ? books_chart_account(MONEY_CNY, BOOKS_CASH_AT_BANK) : s->person.account_cny,
        .payee = topup ? s->person.account_cny : hold.credit,
        .amount = s->request->amount,
        .currency = MONEY_CNY,
        .detail = s->detail,
        .postings = &hold,
        .posting_count = topup ? 0 : 1,
    };
    GUARD(books_operate(out, s->group, &operation, s->problem));
    // The id is known, but not as an order: somebody else's operation.
    ENSURE(!out->repeated, refuse(s->problem, CODE_CONFLICT_IDEMPOTENCY));
    return books_group_write(s->group);
}

static enum code write_order(struct submission *s, int64_t seq, struct arena *arena)
{
    const struct funds_order order = {
        .id = s->request->id,
        .card = s->request->card,
        .kind = s->kind,
        .state = FUNDS_SUBMITTED,
        .person = s->request->person,
        .account = s->person.account_cny,
        .seq = seq,
        .amount = s->request->amount,
        .created_us = s->now_us,
    };
    if (s->kind == BOOKS_WITHDRAWAL) {
        const struct guard_payment payment = leaving(s->request, s->now_us);
        guard_limits_count(&s->wallet, &payment);
        GUARD(guard_wallets_write(s->db, arena, &s->wallet, 1));
    }
    GUARD(funds_store_order_insert(s->db, &order));
    GUARD(funds_order_event(s->db, s->funds, &order, BOOKS_PROCESSING));
    return funds_outbox_add(s->db, s->funds, FUNDS_REF_ORDER, &order.id, NULL, NULL); // F5
}

// Refusals in a fixed order: amount, card, wallet, bank, limits, then the ledger's own.
static enum code submit_new(struct books_result *out, struct submission *s, struct arena *arena)
{
    GUARD(check_amount(s));
    GUARD(check_card(s));
    GUARD(check_person(s));
    GUARD(funds_breaker_check(s->db, s->funds, s->card.card.bin, s->now_us, s->problem));
    GUARD(check_limits(s));
    GUARD(operate(out, s));
    return write_order(s, out->seq, arena);
}

static enum code submit(struct books_result *out, struct submission *s, struct arena *arena)
{
    struct funds_order order;
    // Takes the lock of the books first: orders of one wallet are decided one after the other.
    GUARD(books_group_begin(&s->group, s->db, arena, s->now_us));
    const enum code code = funds_order_load(s->db, &s->request->id, &order);
    if (code == OK)
        return repeat(out, s, &order);
    ENSURE(code == CODE_NOT_FOUND, code);
    return submit_new(out, s, arena);
}

static enum code submit_kind(struct books_result *out, struct db *db, const struct funds *funds,
                             const struct funds_request *request, enum books_kind kind,
                             struct problem *problem)
{
    struct submission s = {.db = db,
                           .funds = funds,
                           .request = request,
                           .problem = problem,
                           .kind = kind,
                           .now_us = env_now(funds->env)};
    struct arena *arena = arena_new();
    const enum code code = submit(out, &s, arena);
    arena_free(&arena);
    mem_wipe(&s, sizeof s);
    return code;
}

enum code funds_topup(struct books_result *out, struct db *db, const struct funds *funds,
                      const struct funds_request *request, struct problem *problem)
{
    return submit_kind(out, db, funds, request, BOOKS_TOPUP, problem);
}

enum code funds_withdraw(struct books_result *out, struct db *db, const struct funds *funds,
                         const struct funds_request *request, struct problem *problem)
{
    return submit_kind(out, db, funds, request, BOOKS_WITHDRAWAL, problem);
}
