// books: words of the domain, the chart of accounts, and ids made from ids.
#include "books/books_priv.h"

#include <string.h>

const char *books_kind_name(enum books_kind kind)
{
    static const char *const names[] = {
        [BOOKS_PAYMENT] = "payment",       [BOOKS_TRANSFER] = "transfer",
        [BOOKS_TOPUP] = "topup",           [BOOKS_WITHDRAWAL] = "withdrawal",
        [BOOKS_REFUND] = "refund",         [BOOKS_CORRECTION] = "correction",
        [BOOKS_CONVERSION] = "conversion", [BOOKS_INTEREST_CREDIT] = "interest",
        [BOOKS_FUNDING] = "funding",       [BOOKS_FEE] = "fee",
        [BOOKS_SETTLEMENT] = "settlement", [BOOKS_REMAINDER] = "remainder",
    };
    const bool known = (size_t)kind < sizeof names / sizeof names[0] && names[kind] != NULL;
    return known ? names[kind] : "";
}

const char *books_state_name(enum books_state state)
{
    static const char *const names[] = {
        [BOOKS_CREATED] = "created",       [BOOKS_AWAITING_USER] = "awaiting_user",
        [BOOKS_PROCESSING] = "processing", [BOOKS_UNKNOWN] = "unknown",
        [BOOKS_SUCCEEDED] = "succeeded",   [BOOKS_FAILED] = "failed",
        [BOOKS_CLOSED] = "closed",         [BOOKS_PARTIALLY_REFUNDED] = "partially_refunded",
        [BOOKS_REFUNDED] = "refunded",
    };
    const bool known = (size_t)state < sizeof names / sizeof names[0] && names[state] != NULL;
    return known ? names[state] : "";
}

enum books_state books_shown_state(const struct books_entry *entry)
{
    if (entry->state != BOOKS_SUCCEEDED || entry->refunded == 0)
        return entry->state;
    return entry->refunded >= entry->settled ? BOOKS_REFUNDED : BOOKS_PARTIALLY_REFUNDED;
}

// --- chart ------------------------------------------------------------------------------------

static const struct {
    enum books_account_kind kind;
    uint32_t flags;
} KINDS[] = {
    {BOOKS_CASH_AT_BANK, LEDGER_NORMAL_DEBIT},
    {BOOKS_TRANSIT_IN, LEDGER_NORMAL_DEBIT},
    {BOOKS_TRANSIT_OUT, 0},
    {BOOKS_UNKNOWN_OUTCOME, LEDGER_NORMAL_DEBIT},
    {BOOKS_FEES, LEDGER_CREDIT_ONLY},
    {BOOKS_INTEREST, LEDGER_NORMAL_DEBIT | LEDGER_DEBIT_ONLY},
    {BOOKS_CAPITAL, LEDGER_CREDIT_ONLY},
    {BOOKS_EXCHANGE, 0},
    {BOOKS_WEALTH_POOL, LEDGER_CREDIT_ONLY},
    {BOOKS_LOANS_RECEIVABLE, LEDGER_NORMAL_DEBIT | LEDGER_DEBIT_ONLY},
    {BOOKS_CARDS_RECEIVABLE, LEDGER_NORMAL_DEBIT | LEDGER_DEBIT_ONLY},
    {BOOKS_ROUNDING, 0},
    {BOOKS_SUSPENSE, 0},
    {BOOKS_WALLET, LEDGER_CREDIT_ONLY},
    {BOOKS_MERCHANT, LEDGER_CREDIT_ONLY},
    {BOOKS_MERCHANT_TO_SETTLE, LEDGER_CREDIT_ONLY},
};

const enum books_account_kind BOOKS_CHART[] = {BOOKS_CASH_AT_BANK,
                                               BOOKS_TRANSIT_IN,
                                               BOOKS_TRANSIT_OUT,
                                               BOOKS_UNKNOWN_OUTCOME,
                                               BOOKS_FEES,
                                               BOOKS_INTEREST,
                                               BOOKS_CAPITAL,
                                               BOOKS_EXCHANGE,
                                               BOOKS_WEALTH_POOL,
                                               BOOKS_LOANS_RECEIVABLE,
                                               BOOKS_CARDS_RECEIVABLE,
                                               BOOKS_ROUNDING,
                                               BOOKS_SUSPENSE,
                                               0};

uint32_t books_kind_flags(enum books_account_kind kind)
{
    for (size_t i = 0; i < sizeof KINDS / sizeof KINDS[0]; i++)
        if (KINDS[i].kind == kind)
            return KINDS[i].flags;
    return UINT32_MAX;
}

// --- ids --------------------------------------------------------------------------------------

bool books_id_is_client(const struct id *id)
{
    return id->bytes[6] >> 4 == 7 && id->bytes[8] >> 6 == 2;
}

// The time-ordered first half stays, so that the index of ids is written at its end.
struct id books_linked_id(const struct id *base, unsigned n)
{
    struct id linked = *base;
    linked.bytes[6] = (uint8_t)(0x80u | n);
    return linked;
}

struct id books_corrected_id(const struct id *transfer)
{
    struct id corrected = *transfer;
    corrected.bytes[8] |= 0xC0;
    return corrected;
}
