// The hot path: payments and transfers of one committer group. One load of all rows, pure decisions
// one after the other, bulk writes. Running them together or one by one gives the same result
// (tests/property/pay_group). P1 A refusal changes nothing but its stored answer. P2 A key that
// stands twice in a group is answered by the first. P3 Limits, orders and accounts are decided on
// the rows of this transaction.
#include "pay/pay_priv.h"

#include <stdlib.h>
#include <string.h>

// The working set of one group.
struct work {
    struct db *db;
    struct arena *arena;
    struct books_group *books;
    struct pay_money **money; // those that are not repetitions
    const struct guard_request **requests;
    struct guard_answer *answers;
    size_t count;
    struct guard_wallet *wallets;
    size_t wallet_count;
    struct pay_order *orders;
    size_t order_count;
    struct party_outbox *events;
    struct pay_contact_row *contacts;
    size_t contact_count;
    int64_t now_us;
};

// --- load ---

static int compare_wallets(const void *a, const void *b)
{
    const int64_t x = ((const struct guard_wallet *)a)->account;
    const int64_t y = ((const struct guard_wallet *)b)->account;
    return x < y ? -1 : x > y;
}

// Payers, and payees of transfers (their balance limit).
static enum code load_wallets(struct work *work)
{
    struct guard_wallet *wallets =
        arena_alloc(work->arena, (2 * work->count + 1) * sizeof *wallets);
    size_t count = 0;
    for (size_t i = 0; i < work->count; i++) {
        wallets[count++].account = work->money[i]->payer_account;
        if (work->money[i]->kind == BOOKS_TRANSFER)
            wallets[count++].account = work->money[i]->payee_account;
    }
    qsort(wallets, count, sizeof *wallets, compare_wallets);
    size_t unique = 0;
    for (size_t i = 0; i < count; i++)
        if (unique == 0 || wallets[unique - 1].account != wallets[i].account)
            wallets[unique++] = wallets[i];
    work->wallets = wallets;
    work->wallet_count = unique;
    return guard_wallets_load(work->db, wallets, unique);
}

static struct guard_wallet *wallet_of(struct work *work, int64_t account)
{
    const struct guard_wallet key = {.account = account};
    struct guard_wallet *wallet =
        bsearch(&key, work->wallets, work->wallet_count, sizeof key, compare_wallets);
    return wallet != NULL && wallet->wallet_class != 0 ? wallet : NULL;
}

static enum code load_orders(struct work *work)
{
    work->orders = arena_alloc(work->arena, (work->count + 1) * sizeof *work->orders);
    struct id *ids = arena_alloc(work->arena, (work->count + 1) * sizeof *ids);
    size_t count = 0;
    for (size_t i = 0; i < work->count; i++) {
        const struct id *id = &work->money[i]->order;
        bool wanted = !id_is_zero(id);
        for (size_t j = 0; wanted && j < count; j++)
            wanted = !id_equal(&ids[j], id);
        if (wanted)
            ids[count++] = *id;
    }
    return pay_orders_load(work->db, work->arena, ids, count, work->orders, &work->order_count);
}

static struct pay_order *order_of(struct work *work, const struct id *id)
{
    for (size_t i = 0; i < work->order_count; i++)
        if (id_equal(&work->orders[i].id, id))
            return &work->orders[i];
    return NULL;
}

// --- decide ---

static enum code take_order(struct work *work, struct pay_money *money)
{
    if (id_is_zero(&money->order))
        return OK;
    const struct pay_order *order = order_of(work, &money->order);
    if (order == NULL)
        return problem_set(&money->problem, CODE_QR_INVALID, CHARGED_NO);
    if (order->state == PAY_ORDER_PAID)
        return problem_set(&money->problem, CODE_ORDER_PAID, CHARGED_NO);
    if (order->state != PAY_ORDER_OPEN || order->expires_us <= work->now_us)
        return problem_set(&money->problem, CODE_ORDER_CLOSED, CHARGED_NO);
    money->payee = 0;
    money->payee_account = order->account;
    money->currency = order->currency;
    if (money->amount == order->amount)
        return OK;
    (void)problem_set(&money->problem, CODE_CONFLICT_IDEMPOTENCY, CHARGED_NO);
    return problem_field(&money->problem, "/amount", CODE_CONFLICT_IDEMPOTENCY, "order.amount");
}

// Asked only while the payer's limits are lowered. Who was paid earlier in this group is known too.
static enum code is_new_payee(struct work *work, const struct pay_money *money, bool *out)
{
    bool known = false;
    for (size_t i = 0; i < work->contact_count && !known; i++)
        known = work->contacts[i].person == money->payer && work->contacts[i].peer == money->payee;
    if (!known)
        GUARD(pay_contact_known(&known, work->db, money->payer, money->payee));
    *out = !known;
    return OK;
}

static enum code check_limits(struct work *work, struct pay_money *money,
                              struct guard_wallet *payer)
{
    const struct guard_profiles *profiles = money->world->profiles;
    struct guard_payment payment = {.channel = money->channel,
                                    .amount = money->amount,
                                    .pin = money->pin,
                                    .at_us = work->now_us};
    if (payer->lowered_until_us > work->now_us && money->kind == BOOKS_TRANSFER)
        GUARD(is_new_payee(work, money, &payment.new_payee));
    GUARD(guard_limits_check(payer, profiles, &payment, &money->problem));
    if (money->kind != BOOKS_TRANSFER)
        return OK;
    const struct guard_wallet *payee = wallet_of(work, money->payee_account);
    const struct books_account *account;
    ENSURE(payee != NULL, problem_set(&money->problem, CODE_PAYEE_NOT_FOUND, CHARGED_NO));
    GUARD(books_account(&account, work->books, money->payee_account));
    const int64_t balance = ledger_balance(&account->ledger) + account->ledger.credits_pending;
    if (guard_balance_check(payee, profiles, balance, money->amount, work->now_us, NULL) != OK)
        return problem_set(&money->problem, CODE_PAYEE_LIMIT, CHARGED_NO);
    return OK;
}

// A large transfer to somebody new, soon after a new device or a reset: transfers stop before it,
// and the person is asked (L04). Only this refusal reads and writes what others do not.
static enum code check_risk(struct work *work, struct pay_money *money, struct guard_wallet *payer)
{
    const struct pay_world *world = money->world;
    const struct guard_payment payment = {.channel = money->channel,
                                          .amount = money->amount,
                                          .pin = money->pin,
                                          .at_us = work->now_us};
    const struct guard_lock_order order = {.person = money->payer, .code = "L04"};
    const struct guard_locker locker = {world->profiles, world->vault, world->env};
    struct guard_lock lock;
    bool known;
    if (money->kind != BOOKS_TRANSFER || !guard_transfer_risky(payer, world->profiles, &payment))
        return OK;
    GUARD(pay_contact_known(&known, work->db, money->payer, money->payee));
    if (known)
        return OK;
    GUARD(guard_lock_place(work->db, &locker, &order, &lock));
    payer->out_lock = guard_lock_number(lock.code); // for those behind it in this group
    payer->out_lock_us = lock.until_us;
    return problem_set(&money->problem, CODE_TRANSFER_LOCKED, CHARGED_NO);
}

static enum code operate(struct work *work, struct pay_money *money)
{
    const struct books_posting posting = {.kind = LEDGER_POST,
                                          .code = money->kind,
                                          .debit = money->payer_account,
                                          .credit = money->payee_account,
                                          .amount = money->amount,
                                          .currency = money->currency};
    const struct books_operation operation = {.id = money->request.key,
                                              .kind = money->kind,
                                              .state = BOOKS_SUCCEEDED,
                                              .payer = money->payer_account,
                                              .payee = money->payee_account,
                                              .amount = money->amount,
                                              .currency = money->currency,
                                              .memo = money->memo,
                                              .detail = money->detail,
                                              .postings = &posting,
                                              .posting_count = 1};
    struct books_result result;
    GUARD(books_operate(&result, work->books, &operation, &money->problem));
    // The id exists without a stored answer of this actor: somebody else's id.
    if (result.repeated)
        return problem_set(&money->problem, CODE_CONFLICT_IDEMPOTENCY, CHARGED_NO);
    money->seq = result.seq;
    return OK;
}

// One row per pair: a bulk write must not name a key twice.
static void add_contact(struct work *work, const struct pay_money *money)
{
    size_t i = 0;
    while (i < work->contact_count &&
           !(work->contacts[i].person == money->payer && work->contacts[i].peer == money->payee))
        i++;
    work->contacts[i] =
        (struct pay_contact_row){money->payer, money->payee, work->now_us, money->amount};
    work->contact_count += i == work->contact_count ? 1 : 0;
}

static void after_success(struct work *work, struct pay_money *money, struct guard_wallet *payer)
{
    const struct guard_payment payment = {.channel = money->channel,
                                          .amount = money->amount,
                                          .pin = money->pin,
                                          .at_us = work->now_us};
    guard_limits_count(payer, &payment);
    struct pay_order *order = id_is_zero(&money->order) ? NULL : order_of(work, &money->order);
    if (order != NULL) {
        order->state = PAY_ORDER_PAID;
        order->paid_by = money->request.key;
    }
    const struct books_account *account;
    if (books_account(&account, work->books, money->payer_account) == OK)
        money->balance_after = ledger_available(&account->ledger);
    if (money->kind == BOOKS_TRANSFER)
        add_contact(work, money);
}

// Refusals in a fixed order: order, wallet, limits, then the ledger's own (frozen, self, not enough
// money).
static enum code decide(struct work *work, struct pay_money *money)
{
    money->at_us = work->now_us;
    GUARD(take_order(work, money));
    struct guard_wallet *payer = wallet_of(work, money->payer_account);
    ENSURE(payer != NULL, problem_set(&money->problem, CODE_NOT_ALLOWED, CHARGED_NO));
    ENSURE(money->payer_account != money->payee_account,
           problem_set(&money->problem, CODE_PAYEE_SELF, CHARGED_NO));
    const struct books_account *account;
    GUARD(books_account(&account, work->books, money->payer_account));
    ENSURE((account->ledger.flags & LEDGER_FROZEN_OUT) == 0,
           problem_set(&money->problem, CODE_WALLET_FROZEN, CHARGED_NO));
    GUARD(check_limits(work, money, payer));
    GUARD(check_risk(work, money, payer));
    GUARD(operate(work, money));
    // From here on it must succeed.
    after_success(work, money, payer);
    return OK;
}

static bool is_failure(enum code code)
{
    return code == CODE_STORAGE_UNAVAILABLE || code == CODE_INTERNAL;
}

// A missing PIN is not stored: the same request with a PIN may follow.
static bool is_stored(enum code code)
{
    return code == OK || (error_http_status(code) != 401 && code != CODE_PIN_REQUIRED);
}

static enum code decide_all(struct work *work)
{
    for (size_t i = 0; i < work->count; i++) {
        struct pay_money *money = work->money[i];
        const enum code code = decide(work, money);
        if (is_failure(code))
            return code;
        if (code != OK && money->problem.code == OK)
            (void)problem_set(&money->problem, code, CHARGED_NO);
        if (code == CODE_WALLET_FROZEN || code == CODE_TRANSFER_LOCKED)
            guard_lock_name(work->db, money->payer, work->now_us, &money->problem);
        money->change.code = code;
        money->render(money);
        if (is_stored(code))
            work->answers[i] = money->answer;
        if (code == OK)
            pay_event_fill(&work->events[i], money->payer, money->payee, work->arena,
                           &(struct pay_event){&money->request.key, money->kind, BOOKS_SUCCEEDED,
                                               money->amount, money->currency, work->now_us});
    }
    return OK;
}

// --- write ---

static enum code write_events(struct work *work)
{
    size_t count = 0;
    for (size_t i = 0; i < work->count; i++)
        if (work->events[i].queue != NULL)
            work->events[count++] = work->events[i];
    return party_outbox_add_many(work->db, work->events, count);
}

static enum code write_all(struct work *work)
{
    GUARD(books_group_write(work->books));
    GUARD(guard_wallets_write(work->db, work->arena, work->wallets, work->wallet_count));
    GUARD(pay_orders_write(work->db, work->arena, work->orders, work->order_count));
    GUARD(pay_contacts_write(work->db, work->arena, work->contacts, work->contact_count));
    GUARD(write_events(work));
    return guard_idempotency_add_many(work->db, work->arena, work->requests, work->answers,
                                      work->count, work->now_us);
}

static enum code run_new(struct work *work)
{
    if (work->count == 0)
        return OK;
    GUARD(load_orders(work));
    for (size_t i = 0; i < work->count; i++) {
        const struct pay_order *order = order_of(work, &work->money[i]->order);
        books_group_want_id(work->books, &work->money[i]->request.key);
        books_group_want_account(work->books, work->money[i]->payer_account);
        books_group_want_account(work->books,
                                 order != NULL ? order->account : work->money[i]->payee_account);
    }
    GUARD(books_group_load(work->books));
    GUARD(load_wallets(work));
    GUARD(decide_all(work));
    return write_all(work);
}

// --- repetitions ---

static int compare_keys(const void *a, const void *b)
{
    const struct pay_money *x = *(struct pay_money *const *)a, *y = *(struct pay_money *const *)b;
    const int order = memcmp(x->request.key.bytes, y->request.key.bytes, sizeof x->request.key);
    if (order != 0)
        return order;
    if (x->request.actor != y->request.actor)
        return x->request.actor < y->request.actor ? -1 : 1;
    return x < y ? -1 : x > y;
}

static bool same_key(const struct pay_money *a, const struct pay_money *b)
{
    return a->request.actor == b->request.actor && id_equal(&a->request.key, &b->request.key);
}

// Splits off those whose key stands a second time in this group: they run after the first has been
// written.
static size_t split_twins(struct arena *arena, struct db_change **changes, size_t count,
                          struct pay_money **first, struct db_change **twins)
{
    struct pay_money **sorted = arena_alloc(arena, count * sizeof(struct pay_money *));
    bool any = false;
    for (size_t i = 0; i < count; i++)
        first[i] = sorted[i] = (struct pay_money *)changes[i];
    qsort(sorted, count, sizeof(struct pay_money *), compare_keys);
    for (size_t i = 1; i < count; i++) {
        const bool twin = same_key(sorted[i - 1], sorted[i]);
        sorted[i]->repeated = twin;
        any = any || twin;
    }
    sorted[0]->repeated = false;
    if (!any)
        return 0;
    size_t twin_count = 0, kept = 0;
    for (size_t i = 0; i < count; i++) {
        struct pay_money *money = (struct pay_money *)changes[i];
        if (money->repeated)
            twins[twin_count++] = changes[i];
        else
            first[kept++] = money;
        money->repeated = false;
    }
    return twin_count;
}

// Answers what was answered before; leaves the others in work->money.
static enum code answer_repeated(struct work *work)
{
    struct problem *problems = arena_alloc(work->arena, work->count * sizeof *problems);
    enum code *codes = arena_alloc(work->arena, work->count * sizeof *codes);
    for (size_t i = 0; i < work->count; i++)
        work->requests[i] = &work->money[i]->request;
    GUARD(guard_idempotency_find_many(work->answers, codes, problems, work->db, work->arena,
                                      work->requests, work->count));
    size_t kept = 0;
    for (size_t i = 0; i < work->count; i++) {
        struct pay_money *money = work->money[i];
        if (codes[i] == CODE_NOT_FOUND) {
            work->requests[kept] = &money->request;
            work->money[kept++] = money;
            continue;
        }
        money->change.code = codes[i];
        money->problem = problems[i];
        if (codes[i] == OK) {
            money->repeated = true;
            money->answer = work->answers[i];
            money->answer.body = mem_copy_text(work->answers[i].body);
        } else {
            money->render(money);
        }
    }
    memset(work->answers, 0, work->count * sizeof *work->answers);
    work->count = kept;
    return OK;
}

static void reset(struct pay_money *money)
{
    money->problem = (struct problem){0};
    money->change.code = OK;
    money->seq = money->balance_after = 0;
}

static enum code run_in_arena(struct arena *arena, struct db *db, struct db_change **changes,
                              size_t count)
{
    struct work work = {.db = db, .arena = arena};
    work.money = arena_alloc(arena, count * sizeof(struct pay_money *));
    work.requests = arena_alloc(arena, count * sizeof(struct guard_request *));
    work.answers = arena_alloc(arena, count * sizeof *work.answers);
    work.events = arena_alloc(arena, count * sizeof *work.events);
    work.contacts = arena_alloc(arena, count * sizeof *work.contacts);
    struct db_change **twins = arena_alloc(arena, count * sizeof(struct db_change *));
    const size_t twin_count = split_twins(arena, changes, count, work.money, twins);
    work.count = count - twin_count;
    for (size_t i = 0; i < work.count; i++)
        reset(work.money[i]);
    const struct env *env = work.money[0]->world->env;
    work.now_us = env_now(env);
    GUARD(books_group_begin(&work.books, db, arena, work.now_us));
    GUARD(answer_repeated(&work));
    GUARD(run_new(&work));
    return twin_count > 0 ? pay_money_run(db, twins, twin_count) : OK;
}

enum code pay_money_run(struct db *db, struct db_change **changes, size_t count)
{
    struct arena *arena = arena_new();
    const enum code code = run_in_arena(arena, db, changes, count);
    arena_free(&arena);
    return code;
}
