// Codes that shops and payees show, and the recogniser of scanned texts. Signatures are short keyed
// MACs: a changed merchant, order or amount does not verify.
#include "pay/pay.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { SIGNATURE = 16 }; // base32 characters = 80 bits

static void signed_part(const struct pay_token *token, char out[PAY_TOKEN_TEXT])
{
    char hex[40];
    id_format(hex, "", &token->order);
    if (token->kind == PAY_TOKEN_ORDER)
        snprintf(out, PAY_TOKEN_TEXT, "o/%s", hex);
    else if (token->kind == PAY_TOKEN_RECEIVE)
        snprintf(out, PAY_TOKEN_TEXT, "r/%s/%lld", token->number, (long long)token->amount);
    else
        snprintf(out, PAY_TOKEN_TEXT, "m/%s", token->number);
}

void pay_token_make(const struct vault *vault, const struct pay_token *token,
                    char out[PAY_TOKEN_TEXT])
{
    char signature[SIGNATURE + 1];
    signed_part(token, out);
    const size_t size = strlen(out);
    vault_sign_text(vault, VAULT_SIGN_QR, out, size, signature, SIGNATURE);
    snprintf(out + size, PAY_TOKEN_TEXT - size, "/%s", signature);
}

static bool take_number(char out[PARTY_WALLET_NUMBER], const char *text)
{
    return text_copy(out, PARTY_WALLET_NUMBER, text) && text_luhn_valid(out);
}

static bool read_body(struct pay_token *out, char *body)
{
    if (text_starts_with(body, "o/")) {
        out->kind = PAY_TOKEN_ORDER;
        return id_parse(&out->order, "", body + 2);
    }
    if (text_starts_with(body, "m/")) {
        out->kind = PAY_TOKEN_MERCHANT;
        return take_number(out->number, body + 2);
    }
    if (!text_starts_with(body, "r/"))
        return false;
    char *amount = strchr(body + 2, '/');
    if (amount == NULL)
        return false;
    *amount++ = '\0';
    out->kind = PAY_TOKEN_RECEIVE;
    return take_number(out->number, body + 2) && text_to_int64(&out->amount, amount) &&
           out->amount <= MONEY_MAX;
}

enum code pay_token_read(struct pay_token *out, const struct vault *vault, const char *text)
{
    char body[PAY_TOKEN_TEXT];
    *out = (struct pay_token){0};
    ENSURE(text_copy(body, sizeof body, text), CODE_QR_INVALID);
    char *slash = strrchr(body, '/');
    ENSURE(slash != NULL, CODE_QR_INVALID);
    *slash = '\0';
    ENSURE(vault_sign_valid(vault, VAULT_SIGN_QR, body, strlen(body), slash + 1, SIGNATURE),
           CODE_QR_INVALID);
    ENSURE(read_body(out, body), CODE_QR_INVALID);
    return OK;
}

// --- recogniser ---

// "https://host[:port]/path" -> host in lower case: codes are often printed in capitals, which take
// less room. Returns false unless http or https.
static bool take_host(char *out, size_t capacity, const char *text)
{
    const char *start = strncasecmp(text, "https://", 8) == 0  ? text + 8
                        : strncasecmp(text, "http://", 7) == 0 ? text + 7
                                                               : NULL;
    if (start == NULL)
        return false;
    char host[256];
    (void)text_copy(host, sizeof host, start);
    // Browsers take a backslash for a slash. What stands before an '@' is a name and no address: it
    // is there to be taken for one.
    host[strcspn(host, "/?#\\")] = '\0';
    const char *at = strrchr(host, '@');
    (void)text_copy(out, capacity, at != NULL ? at + 1 : host);
    for (char *c = out; *c != '\0'; c++)
        *c = (char)(*c >= 'A' && *c <= 'Z' ? *c + ('a' - 'A') : *c);
    return out[0] != '\0' && text_is_line(out);
}

static enum code read_own(struct pay_scan *out, const struct pay_world *world, const char *rest)
{
    GUARD(pay_token_read(&out->token, world->vault, rest));
    (void)text_copy(out->token_text, sizeof out->token_text, rest);
    out->kind = out->token.kind == PAY_TOKEN_ORDER     ? PAY_SCAN_ORDER
                : out->token.kind == PAY_TOKEN_RECEIVE ? PAY_SCAN_RECEIVE
                                                       : PAY_SCAN_MERCHANT;
    return OK;
}

static enum code read_digits(struct pay_scan *out, const struct pay_world *world, const char *text)
{
    const int32_t today = time_business_date(env_now(world->env));
    const char *issuer = guard_paycode_issuer(world->profiles, text, today);
    const size_t size = strlen(text);
    if (issuer != NULL && text_equal(issuer, "own")) {
        out->kind = PAY_SCAN_PAYCODE;
    } else if (issuer != NULL) {
        out->kind = PAY_SCAN_FOREIGN;
        out->issuer = issuer;
    } else if (size >= 13 && size <= 19 && text_luhn_valid(text)) {
        out->kind = PAY_SCAN_CARD;
    }
    return OK;
}

static enum code read_address(struct pay_scan *out, const struct pay_world *world, const char *text)
{
    const int32_t today = time_business_date(env_now(world->env));
    const bool url = take_host(out->host, sizeof out->host, text);
    out->issuer = guard_address_issuer(world->profiles, text, url ? out->host : "", today);
    if (out->issuer != NULL)
        out->kind = PAY_SCAN_FOREIGN;
    else if (url)
        out->kind = PAY_SCAN_URL;
    return OK;
}

enum code pay_scan_read(struct pay_scan *out, const struct pay_world *world, const char *public_url,
                        const char *text)
{
    *out = (struct pay_scan){.kind = PAY_SCAN_TEXT};
    const size_t own = strlen(public_url);
    if (own > 0 && strncmp(text, public_url, own) == 0 && text_starts_with(text + own, "/q/"))
        return read_own(out, world, text + own + 3);
    if (text_all_digits(text) && !text_starts_with(text, "000201"))
        return read_digits(out, world, text);
    if (text_starts_with(text, "000201") || text_starts_with(text, "hQVDUFY")) {
        out->kind = PAY_SCAN_FOREIGN;
        out->issuer = "emv";
        return OK;
    }
    return read_address(out, world, text);
}
