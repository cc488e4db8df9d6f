// books: opening accounts and what they permit.
#include "books/books_priv.h"

static const uint32_t CHANGEABLE = LEDGER_FROZEN_OUT | LEDGER_FROZEN_IN | LEDGER_CLOSED;

static struct work_account *add_account(struct books_group *group, int64_t id,
                                        enum books_account_kind kind, int64_t owner,
                                        enum money_currency currency)
{
    const struct books_account row = {
        .ledger = {.id = id, .currency = (int32_t)currency, .flags = books_kind_flags(kind)},
        .owner = owner,
        .opened_us = group->now_us,
        .kind = kind,
    };
    struct work_account *account = books_adopt_account(group, &row);
    account->fresh = true;
    books_touch_account(group, account);
    return account;
}

enum code books_open_chart(struct books_group *group, enum money_currency currency)
{
    ENSURE(money_currency(currency) != NULL, CODE_INTERNAL);
    for (size_t i = 0; BOOKS_CHART[i] != 0; i++)
        books_group_want_account(group, books_chart_account(currency, BOOKS_CHART[i]));
    GUARD(books_group_load(group));
    *(struct work_book *)books_list_add(&group->books, group->arena, sizeof(struct work_book)) =
        (struct work_book){currency};
    for (size_t i = 0; BOOKS_CHART[i] != 0; i++) {
        const int64_t id = books_chart_account(currency, BOOKS_CHART[i]);
        struct work_account *account = NULL;
        GUARD(books_find_work_account(&account, group, id));
        if (account == NULL)
            (void)add_account(group, id, BOOKS_CHART[i], 0, currency);
    }
    return OK;
}

// Owner, kind and currency of an account opened in this group, as a key.
static struct id owner_key(int64_t owner, enum books_account_kind kind,
                           enum money_currency currency)
{
    struct id key = books_key(owner);
    key.bytes[0] = (uint8_t)kind;
    key.bytes[1] = (uint8_t)((unsigned)currency >> 8);
    key.bytes[2] = (uint8_t)currency;
    return key;
}

enum code books_account_open(int64_t *out_id, struct books_group *group,
                             enum books_account_kind kind, int64_t owner,
                             enum money_currency currency)
{
    const bool further_bank = kind == BOOKS_CASH_AT_BANK;
    ENSURE(further_bank || kind >= BOOKS_WALLET, CODE_INTERNAL);
    ENSURE(books_kind_flags(kind) != UINT32_MAX && owner > 0, CODE_INTERNAL);
    ENSURE(money_currency(currency) != NULL, CODE_INTERNAL);
    const struct id key = owner_key(owner, kind, currency);
    int64_t stored = 0;
    if (books_map_find(&group->owners, &key) == NULL)
        GUARD(books_store_owner(&stored, group->db, owner, kind, currency));
    else
        stored = 1;
    ENSURE(stored == 0, CODE_NOT_ALLOWED);
    // From here on it must succeed.
    *out_id = group->next_account++;
    books_map_put(&group->owners, group->arena, &key,
                  add_account(group, *out_id, kind, owner, currency));
    return OK;
}

static bool is_empty(const struct ledger_account *account)
{
    return account->debits_pending == 0 && account->credits_pending == 0 &&
           account->debits_posted == account->credits_posted;
}

enum code books_account_permit(struct books_group *group, int64_t id, uint32_t set, uint32_t clear,
                               struct problem *problem)
{
    ENSURE((set & ~CHANGEABLE) == 0 && (clear & ~CHANGEABLE) == 0, CODE_INTERNAL);
    ENSURE((clear & LEDGER_CLOSED) == 0, CODE_INTERNAL);
    struct work_account *account = NULL;
    GUARD(books_find_work_account(&account, group, id));
    if (account == NULL)
        return books_refuse(problem, CODE_NOT_FOUND, "account-not-found");
    if ((set & LEDGER_CLOSED) != 0 && !is_empty(&account->row.ledger))
        return books_refuse(problem, CODE_NOT_ALLOWED, "account-not-empty");
    account->row.ledger.flags = (account->row.ledger.flags & ~clear) | set;
    books_touch_account(group, account);
    return OK;
}
