// audit: whom each account belongs to (W1), and what was used of each wallet's limits (W2). The
// usage is added up anew from the journal; what counts where is written down a second time, from
// docs/LEDGER.md.
#include "audit/audit_priv.h"

#include <string.h>

static struct audit_owner *owner_of(struct audit *audit, int64_t account)
{
    const struct audit_account *found = audit_account_of(audit, account);
    return found != NULL ? &audit->owners[found - audit->accounts] : NULL;
}

// --- parties (W1)
// ---------------------------------------------------------------------------------

static void check_party_account(struct audit *audit, const struct audit_party *party,
                                const struct audit_account *account)
{
    const bool wallet = party->kind == ACCOUNT_WALLET;
    const char *name = wallet ? "wallet-account-differs" : "merchant-account-differs";
    if (account->kind != party->kind)
        audit_find(audit, name, "W1", account->id, 0, party->kind, account->kind);
    if (account->owner != party->id)
        audit_find(audit, name, "W1", account->id, 0, party->id, account->owner);
    if (account->currency != party->currency)
        audit_find(audit, name, "W1", account->id, 0, party->currency, account->currency);
    const bool frozen = (account->flags & FLAG_FROZEN_OUT) != 0;
    if (party->person && frozen != party->frozen)
        audit_find(audit, "wallet-freeze-differs", "W1", account->id, 0, party->frozen, frozen);
}

void audit_take_party(struct audit *audit, const struct audit_party *party)
{
    const struct audit_account *account = audit_account_of(audit, party->account);
    if (account == NULL) {
        audit_find(audit,
                   party->kind == ACCOUNT_WALLET ? "wallet-account-missing"
                                                 : "merchant-account-missing",
                   "W1", party->account, 0, 1, 0);
        return;
    }
    struct audit_owner *owner = &audit->owners[account - audit->accounts];
    if (++owner->parties > 1)
        audit_find(audit, "account-shared", "W1", account->id, 0, 1, owner->parties);
    check_party_account(audit, party, account);
    if (!party->person || !owner->limited)
        return;
    if (owner->limits.class != party->class)
        audit_find(audit, "limits-class-differs", "W2", account->id, 0, party->class,
                   owner->limits.class);
    if (party->nopin != -1 && owner->limits.nopin_allowed != party->nopin)
        audit_find(audit, "limits-nopin-differs", "W2", account->id, 0, party->nopin,
                   owner->limits.nopin_allowed);
}

// --- limits (W2)
// ----------------------------------------------------------------------------------

void audit_take_limits(struct audit *audit, int64_t account, const struct audit_limits *limits)
{
    const struct audit_account *found = audit_account_of(audit, account);
    if (found == NULL || found->kind != ACCOUNT_WALLET) {
        audit_find(audit, "limits-row-without-wallet", "W2", account, 0, ACCOUNT_WALLET,
                   found != NULL ? found->kind : 0);
        return;
    }
    struct audit_owner *owner = owner_of(audit, account);
    owner->limited = true;
    owner->limits = *limits;
}

// A sum beyond int64 stays where it was: it then differs from what is stored.
static void add_up(int64_t *sum, int64_t amount)
{
    int64_t next;
    if (!__builtin_add_overflow(*sum, amount, &next))
        *sum = next;
}

// "method=scan_static;order=…": is the first pair this one?
static bool method_is(const char *detail, const char *method)
{
    const size_t size = strlen(method);
    return text_starts_with(detail, method) && (detail[size] == '\0' || detail[size] == ';');
}

// Grades of one payment of the day. A charge that had to wait for the payer names its deadline, and
// was confirmed with the PIN; one that did not wait had none.
static void count_method(struct audit *audit, struct audit_usage *usage,
                         const struct audit_operation *o)
{
    if (o->kind != KIND_OF_PAYMENT)
        return;
    if (method_is(o->detail, "method=paycode")) {
        const bool pin = text_starts_with(o->detail, "method=paycode;expires=");
        add_up(pin ? &usage->by_code_and_pin : &usage->by_code, o->amount);
        usage->code_count += pin ? 0 : 1;
        return;
    }
    if (!method_is(o->detail, "method=scan_static") && !method_is(o->detail, "method=scan_dynamic"))
        audit_find(audit, "operation-method-unknown", "W2", o->payer, o->seq, 0, 0);
    usage->scan_count++;
    add_up(method_is(o->detail, "method=scan_dynamic") ? &usage->by_dynamic : &usage->by_static,
           o->amount);
}

// Operations come in any order; what counts is the newest day and the newest year of the account.
static void count(struct audit *audit, struct audit_usage *usage, const struct audit_operation *o,
                  int64_t day, bool used)
{
    if (day > usage->day) {
        const int64_t year_used = day / 10000 == usage->year ? usage->year_used : 0;
        *usage = (struct audit_usage){.day = day, .year = day / 10000, .year_used = year_used};
    }
    if (!used)
        return;
    if (day / 10000 == usage->year)
        add_up(&usage->year_used, o->amount);
    if (day != usage->day)
        return;
    add_up(&usage->day_used, o->amount);
    count_method(audit, usage, o);
}

// Payments and transfers count on the day they are done; a withdrawal on the day it is asked for,
// until it fails.
static void count_operation(struct audit *audit, const struct audit_operation *o)
{
    struct audit_owner *owner = owner_of(audit, o->payer);
    if (owner == NULL)
        return;
    if (o->kind == KIND_OF_WITHDRAWAL)
        count(audit, &owner->usage, o, time_business_date(o->at_us),
              o->state < STATE_FINAL || o->state == STATE_SUCCEEDED);
    if ((o->kind == KIND_OF_PAYMENT || o->kind == KIND_OF_TRANSFER) && o->state == STATE_SUCCEEDED)
        count(audit, &owner->usage, o, time_business_date(o->done_us), true);
}

void audit_take_operation(struct audit *audit, const struct audit_operation *operation)
{
    count_operation(audit, operation);
    if (operation->kind <= KIND_OF_WITHDRAWAL)
        audit_check_answer(audit, operation);
}

// --- the comparison
// -------------------------------------------------------------------------------

static void differ(struct audit *audit, const char *name, int64_t account, int64_t expected,
                   int64_t found)
{
    if (expected != found)
        audit_find(audit, name, "W2", account, 0, expected, found);
}

static void range(struct audit *audit, const char *name, int64_t account, int64_t least,
                  int64_t most, int64_t found)
{
    if (found < least || found > most)
        audit_find(audit, name, "W2", account, 0, found < least ? least : most, found);
}

static void check_usage(struct audit *audit, int64_t account, const struct audit_owner *owner)
{
    const struct audit_limits *l = &owner->limits;
    const struct audit_usage *u = &owner->usage;
    differ(audit, "limits-day-differs", account, u->day, l->day);
    differ(audit, "limits-year-differs", account, u->year, l->year);
    differ(audit, "day-used-differs", account, u->day_used, l->day_used);
    differ(audit, "year-used-differs", account, u->year_used, l->year_used);
    differ(audit, "grade-d-differs", account, u->by_static, l->grade_d);
    differ(audit, "grades-b-c-differ", account, u->by_dynamic + u->by_code + u->by_code_and_pin,
           l->grade_b + l->grade_c);
    range(audit, "grade-c-range", account, u->by_code, u->by_code + u->by_dynamic, l->grade_c);
    range(audit, "nopin-count-range", account, u->code_count, u->code_count + u->scan_count,
          l->nopin_count);
}

void audit_check_owners(struct audit *audit)
{
    for (size_t i = 0; i < audit->account_count; i++) {
        const struct audit_account *account = &audit->accounts[i];
        const struct audit_owner *owner = &audit->owners[i];
        const bool wallet = account->kind == ACCOUNT_WALLET;
        if ((wallet || account->kind == ACCOUNT_MERCHANT) && owner->parties == 0)
            audit_find(audit, "account-without-party", "W1", account->id, 0, 1, 0);
        if (!wallet)
            continue;
        if (owner->limited)
            check_usage(audit, account->id, owner);
        else
            audit_find(audit, "limits-row-missing", "W2", account->id, 0, 1, 0);
    }
}
