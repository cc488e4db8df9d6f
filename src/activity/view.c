// One operation as one of its two sides sees it: counterparty, direction, source, timeline,
// numbers.
#include "activity/activity_priv.h"

#include <stdio.h>
#include <string.h>

enum { BALANCE_LINES = 200 };

bool activity_detail_get(const char *detail, const char *name, char *out, size_t capacity)
{
    const size_t size = strlen(name);
    out[0] = '\0';
    for (const char *pair = detail; pair != NULL && *pair != '\0';) {
        const char *end = strchr(pair, ';');
        const size_t length = end != NULL ? (size_t)(end - pair) : strlen(pair);
        if (length > size && strncmp(pair, name, size) == 0 && pair[size] == '=') {
            const size_t value = length - size - 1;
            if (value >= capacity)
                return false;
            memcpy(out, pair + size + 1, value);
            out[value] = '\0';
            return true;
        }
        pair = end != NULL ? end + 1 : NULL;
    }
    return false;
}

// A bijection on 0 … 10^10 − 1 (an odd multiplier prime to 10), so that numbers never meet and do
// not show how many there are.
void activity_order_number(char out[20], int64_t seq, int64_t at_us)
{
    static const uint64_t modulus = UINT64_C(10000000000);
    __extension__ typedef unsigned __int128 wide;
    const uint64_t mixed =
        (uint64_t)((wide)((uint64_t)seq % modulus) * UINT64_C(7368787093) % modulus);
    const uint32_t date = (uint32_t)time_business_date(at_us);
    snprintf(out, 20, "%08u%010llu", date % 100000000, (unsigned long long)mixed);
    out[18] = text_luhn(out, 18);
    out[19] = '\0';
}

void activity_receipt_code(const struct vault *vault, const struct books_entry *entry, char out[20])
{
    char id[40], message[256], code[13];
    id_format(id, "", &entry->id);
    snprintf(message, sizeof message, "%s|%d|%lld|%d|%lld|%lld|%lld", id, (int)entry->state,
             (long long)entry->amount, (int)entry->currency, (long long)entry->payer,
             (long long)entry->payee, (long long)entry->at_us);
    vault_sign_text(vault, VAULT_SIGN_RECEIPT, message, strlen(message), code, 12);
    snprintf(out, 20, "%.4s-%.4s-%.4s", code, code + 4, code + 8);
}

// --- counterparty ---

static enum code name_person(struct activity_operation *out, struct db *db,
                             const struct activity *activity, struct arena *arena, int64_t owner)
{
    struct party_person person;
    char name[PARTY_NAME_MAX], phone[32];
    GUARD(party_person_load(db, activity->vault, owner, &person));
    party_mask_name(name, person.name);
    party_mask_phone(phone, person.phone);
    out->counterparty.kind = ACTIVITY_PERSON;
    out->counterparty.name = out->counterparty.name_en = arena_text(arena, name);
    out->counterparty.detail = arena_text(arena, phone);
    return OK;
}

static enum code name_merchant(struct activity_operation *out, struct db *db, struct arena *arena,
                               int64_t owner, const char *detail)
{
    struct party_merchant merchant;
    char order[256];
    GUARD(party_merchant_load(db, owner, &merchant));
    (void)activity_detail_get(detail, "order", order, sizeof order);
    out->counterparty.kind = ACTIVITY_MERCHANT;
    out->counterparty.name = arena_text(arena, merchant.name);
    out->counterparty.name_en = arena_text(arena, merchant.name_en);
    out->counterparty.detail = arena_text(arena, order);
    return OK;
}

// "青禾银行（8812）", "Qinghe Bank (8812)"
static void name_bank(struct activity_operation *out, const struct activity *activity,
                      struct arena *arena, const struct books_entry *entry)
{
    char bin_digits[16], last4[8];
    (void)activity_detail_get(entry->detail, "bin", bin_digits, sizeof bin_digits);
    (void)activity_detail_get(entry->detail, "last4", last4, sizeof last4);
    const struct guard_card_bin *bin =
        guard_card_bin(activity->profiles, bin_digits, time_business_date(entry->at_us));
    out->counterparty.kind = ACTIVITY_BANK;
    out->counterparty.name =
        arena_format(arena, "%s（%s）", bin != NULL ? bin->bank : "银行卡", last4);
    out->counterparty.name_en =
        arena_format(arena, "%s (%s)", bin != NULL ? bin->bank_en : "Bank card", last4);
    out->counterparty.detail = "";
}

static enum code name_counterparty(struct activity_operation *out, struct db *db,
                                   const struct activity *activity, struct arena *arena,
                                   const struct books_entry *entry)
{
    struct books_account other;
    if (entry->kind == BOOKS_TOPUP || entry->kind == BOOKS_WITHDRAWAL) {
        name_bank(out, activity, arena, entry);
        return OK;
    }
    GUARD(books_read_account(&other, db, out->out ? entry->payee : entry->payer));
    if (other.kind == BOOKS_WALLET)
        return name_person(out, db, activity, arena, other.owner);
    if (other.kind == BOOKS_MERCHANT || other.kind == BOOKS_MERCHANT_TO_SETTLE)
        return name_merchant(out, db, arena, other.owner, entry->detail);
    out->counterparty.kind = ACTIVITY_OPERATOR;
    out->counterparty.name = "通宝";
    out->counterparty.name_en = "Tongbao";
    out->counterparty.detail = "";
    return OK;
}

// --- the rest ---

static void fill_source(struct activity_operation *out)
{
    const bool card = out->kind == BOOKS_TOPUP;
    out->source.card = card;
    out->source.name = card ? out->counterparty.name : "余额";
    out->source.name_en = card ? out->counterparty.name_en : "Balance";
}

static void fill_detail(struct activity_operation *out, struct arena *arena, const char *detail)
{
    char text[64];
    int64_t expires;
    out->method =
        activity_detail_get(detail, "method", text, sizeof text) ? arena_text(arena, text) : "";
    if (activity_detail_get(detail, "reason", text, sizeof text)) {
        const enum code code = error_by_slug(text);
        out->failure = code == CODE_COUNT ? CODE_INTERNAL : code;
    }
    if (activity_detail_get(detail, "expires", text, sizeof text) && text_to_int64(&expires, text))
        out->expires_us = expires;
}

static void fill_timeline(struct activity_operation *out, enum books_state stored)
{
    if (out->done_us != out->created_us || !books_state_final(stored)) {
        out->timeline[out->timeline_count].state =
            books_state_final(stored) ? BOOKS_PROCESSING : stored;
        out->timeline[out->timeline_count++].at_us = out->created_us;
    }
    if (books_state_final(stored)) {
        out->timeline[out->timeline_count].state = stored;
        out->timeline[out->timeline_count++].at_us = out->done_us;
    }
}

enum code activity_view(struct activity_operation *out, struct db *db,
                        const struct activity *activity, struct arena *arena, int64_t account,
                        const struct books_entry *entry)
{
    ENSURE(entry->payer == account || entry->payee == account, CODE_NOT_FOUND);
    *out = (struct activity_operation){.seq = entry->seq,
                                       .id = entry->id,
                                       .related = entry->related,
                                       .kind = entry->kind,
                                       .state = books_shown_state(entry),
                                       .out = entry->payer == account,
                                       .amount = entry->amount,
                                       .fee = entry->fee,
                                       .currency = entry->currency,
                                       .memo = entry->memo,
                                       .created_us = entry->at_us,
                                       .done_us = entry->done_us};
    GUARD(name_counterparty(out, db, activity, arena, entry));
    fill_source(out);
    fill_detail(out, arena, entry->detail);
    fill_timeline(out, entry->state);
    activity_order_number(out->order_number, entry->seq, entry->at_us);
    activity_receipt_code(activity->vault, entry, out->receipt_code);
    if (!id_is_zero(&entry->related)) {
        out->links = &out->related;
        out->link_count = 1;
    }
    return OK;
}

// Walks back from the newest line with the balance as it stands now. Too long ago: not told.
static enum code find_balance_after(struct activity_operation *out, struct db *db,
                                    struct arena *arena, int64_t account)
{
    struct books_account row;
    struct books_line *lines;
    size_t count;
    const struct books_statement_query query = {
        .account = account, .limit = BALANCE_LINES, .view = BOOKS_ALL_LINES};
    GUARD(books_read_account(&row, db, account));
    GUARD(books_statement(&lines, &count, db, arena, &query));
    // Two reads: a change in between makes the newest number differ; then it is not told either.
    if (count == 0 || lines[0].seq != row.last_seq)
        return OK;
    int64_t balance = ledger_balance(&row.ledger);
    for (size_t i = 0; i < count; i++) {
        if (lines[i].kind != LEDGER_POST && lines[i].kind != LEDGER_CAPTURE)
            continue;
        if (lines[i].has_entry && lines[i].entry.seq == out->seq) {
            out->has_balance_after = true;
            out->balance_after = balance;
            return OK;
        }
        balance += lines[i].out ? lines[i].amount : -lines[i].amount;
    }
    return OK;
}

enum code activity_operation(struct activity_operation *out, struct db *db,
                             const struct activity *activity, struct arena *arena,
                             const int64_t *accounts, size_t account_count, const struct id *id)
{
    struct books_entry entry;
    GUARD(books_journal_by_id(&entry, db, arena, id));
    for (size_t i = 0; i < account_count; i++) {
        if (accounts[i] == 0 || (entry.payer != accounts[i] && entry.payee != accounts[i]))
            continue;
        GUARD(activity_view(out, db, activity, arena, accounts[i], &entry));
        if (entry.state != BOOKS_SUCCEEDED)
            return OK;
        return find_balance_after(out, db, arena, accounts[i]);
    }
    return CODE_NOT_FOUND;
}
