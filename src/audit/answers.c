// audit: stored answers against the operations that they acknowledge (W3). What a client was told
// is what the journal says.
#include "audit/audit_priv.h"

#include "money/money.h"

#include <string.h>

enum { ROUTE_PAYMENT = 1, ROUTE_TRANSFER = 2, ROUTE_CHARGE = 10, ROUTE_TOPUP = 21 };
enum { ROUTE_WITHDRAWAL = 22 };

// --- the outermost object of a JSON text
// ----------------------------------------------------------

static size_t skip_space(const char *text, size_t size, size_t at)
{
    while (at < size && strchr(" \t\r\n", text[at]) != NULL && text[at] != '\0')
        at++;
    return at;
}

// From the opening quote to behind the closing one; `size` when there is none.
static size_t skip_string(const char *text, size_t size, size_t at)
{
    for (at++; at < size && text[at] != '"'; at++)
        at += text[at] == '\\' ? 1 : 0;
    return at < size ? at + 1 : size;
}

static size_t skip_value(const char *text, size_t size, size_t at)
{
    size_t depth = 0;
    while (at < size) {
        const char c = text[at];
        if (c == '"') {
            at = skip_string(text, size, at);
            continue;
        }
        if (depth == 0 && (c == ',' || c == '}' || c == ']'))
            return at;
        depth += c == '{' || c == '[' ? 1 : 0;
        depth -= c == '}' || c == ']' ? 1 : 0;
        at++;
    }
    return at;
}

static bool give(const char **out, size_t *out_size, const char *text, size_t from, size_t end)
{
    const bool quoted = text[from] == '"';
    if (end <= from || (quoted && end - from < 2))
        return false;
    *out = text + from + (quoted ? 1 : 0);
    *out_size = end - from - (quoted ? 2 : 0);
    return true;
}

bool audit_json_member(const char **out, size_t *out_size, const char *text, size_t size,
                       const char *key)
{
    size_t at = skip_space(text, size, 0);
    if (at == size || text[at] != '{')
        return false;
    for (at = skip_space(text, size, at + 1); at < size && text[at] == '"';) {
        const size_t name = at + 1;
        at = skip_string(text, size, at);
        const size_t name_size = at - 1 - name;
        at = skip_space(text, size, at);
        if (at == size || text[at] != ':')
            return false;
        const size_t value = skip_space(text, size, at + 1);
        at = skip_value(text, size, value);
        if (value < size && name_size == strlen(key) && memcmp(text + name, key, name_size) == 0)
            return give(out, out_size, text, value, at);
        if (at == size || text[at] != ',')
            return false;
        at = skip_space(text, size, at + 1);
    }
    return false;
}

// --- what the answer says
// -------------------------------------------------------------------------

static bool member_text(char *out, size_t capacity, const char *text, size_t size, const char *key)
{
    const char *value;
    size_t value_size;
    if (!audit_json_member(&value, &value_size, text, size, key) || value_size >= capacity)
        return false;
    memcpy(out, value, value_size);
    out[value_size] = '\0';
    return true;
}

static bool read_amount(int64_t *out_amount, int64_t *out_currency, const char *text, size_t size)
{
    const char *amount;
    char value[40], code[8];
    if (!audit_json_member(&amount, &size, text, size, "amount") ||
        !member_text(value, sizeof value, amount, size, "value") ||
        !member_text(code, sizeof code, amount, size, "currency"))
        return false;
    const enum money_currency currency = money_currency_parse(code);
    *out_currency = currency;
    return currency != MONEY_NONE && money_parse(out_amount, currency, value) == MONEY_OK;
}

static void check_content(struct audit *audit, const struct audit_operation *o)
{
    char id[64], expected[40];
    int64_t amount = 0, currency = 0;
    id_format(expected, "txn", &o->id);
    if (!member_text(id, sizeof id, o->answer, o->answer_size, "id") || !text_equal(id, expected))
        audit_find(audit, "answer-id-differs", "W3", o->payer, o->seq, 1, 0);
    if (!read_amount(&amount, &currency, o->answer, o->answer_size))
        audit_find(audit, "answer-unreadable", "W3", o->payer, o->seq, o->amount, 0);
    else if (amount != o->amount || currency != o->currency)
        audit_find(audit, "answer-amount-differs", "W3", o->payer, o->seq, o->amount, amount);
}

static int64_t route_of(const struct audit_operation *o)
{
    switch (o->kind) {
    case KIND_OF_TRANSFER:
        return ROUTE_TRANSFER;
    case KIND_OF_TOPUP:
        return ROUTE_TOPUP;
    case KIND_OF_WITHDRAWAL:
        return ROUTE_WITHDRAWAL;
    default:
        return text_starts_with(o->detail, "method=paycode") ? ROUTE_CHARGE : ROUTE_PAYMENT;
    }
}

// A till asks for a charge; everything else is asked for by the person whose wallet it is.
static int64_t actor_of(struct audit *audit, const struct audit_operation *o)
{
    const bool charge = route_of(o) == ROUTE_CHARGE;
    const struct audit_account *account =
        audit_account_of(audit, charge || o->kind == KIND_OF_TOPUP ? o->payee : o->payer);
    const int64_t owner = account != NULL ? account->owner : 0;
    return charge ? -owner : owner;
}

void audit_check_answer(struct audit *audit, const struct audit_operation *o)
{
    if (!o->answered) {
        audit_find(audit, "answer-missing", "W3", o->payer, o->seq, 1, 0);
        return;
    }
    if (o->route != route_of(o))
        audit_find(audit, "answer-route-differs", "W3", o->payer, o->seq, route_of(o), o->route);
    if (o->actor != actor_of(audit, o))
        audit_find(audit, "answer-actor-differs", "W3", o->payer, o->seq, actor_of(audit, o),
                   o->actor);
    check_content(audit, o);
}
