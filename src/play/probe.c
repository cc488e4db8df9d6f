// The play bank's small amounts to cards that are not bound: three elements are compared, the
// credit shows in the bank's app (the bank page) and comes as news to the phone on file; it is
// taken back once, as a whole.
#include "play/play_bank_priv.h"

#include <stdio.h>
#include <string.h>

enum { PROBE_MAX = 99 };

enum code play_prepare_probe(struct play *play, const struct play_asked *asked,
                             struct play_request *out)
{
    struct play_account account;
    bool found;
    out->amount = asked->amount;
    (void)text_copy(out->currency, sizeof out->currency, asked->currency);
    (void)text_copy(out->card_number, sizeof out->card_number, asked->card_number);
    if (!text_equal(asked->currency, "CNY") || asked->amount > PROBE_MAX)
        return play_refuse(out, "limit");
    GUARD(play_account_get(play, asked->card_number, &account, &found));
    const bool match = found && text_equal(account.name, asked->name) &&
                       text_equal(account.id_number, asked->id_number);
    return match ? OK : play_refuse(out, "mismatch");
}

static enum code send_news(struct play *play, const struct play_account *account, int64_t amount)
{
    char text[320];
    const char *last4 = account->card_number + strlen(account->card_number) - 4;
    const struct id id = id_new(play->env);
    snprintf(text, sizeof text,
             "【%s】您尾号 %s 的卡入账 %lld.%02lld 元，附言：钱包验证。Your card ending in %s "
             "received ¥%lld.%02lld.",
             account->bank, last4, (long long)(amount / 100), (long long)(amount % 100), last4,
             (long long)(amount / 100), (long long)(amount % 100));
    return play_deliver(play, &id, account->phone, account->bank, text);
}

enum code play_book_probe(struct play *play, const struct play_asked *asked,
                          struct play_request *request)
{
    struct play_account account;
    bool found;
    (void)asked;
    GUARD(play_account_get(play, request->card_number, &account, &found));
    if (!found)
        return play_refuse(request, "card_not_usable");
    if (account.balance > INT64_MAX - request->amount)
        return play_refuse(request, "limit");
    GUARD(play_account_move(play, request->card_number, request->amount));
    GUARD(send_news(play, &account, request->amount));
    return play_done(request);
}

enum code play_prepare_probe_return(struct play *play, const struct play_asked *asked,
                                    struct play_request *out)
{
    struct play_request original;
    bool found;
    out->amount = asked->amount;
    (void)text_copy(out->currency, sizeof out->currency, asked->currency);
    GUARD(play_request_get(play, &asked->original, &original, &found));
    if (!found)
        return play_refuse(out, "other_request");
    (void)text_copy(out->card_number, sizeof out->card_number, original.card_number);
    (void)text_copy(out->code, sizeof out->code, "");
    const bool whole = text_equal(original.operation, "probe") && original.state == PLAY_DONE &&
                       original.amount == asked->amount;
    return whole ? OK : play_refuse(out, "other_request");
}

enum code play_book_probe_return(struct play *play, const struct play_asked *asked,
                                 struct play_request *request)
{
    struct play_account account;
    bool found;
    (void)asked;
    GUARD(play_account_get(play, request->card_number, &account, &found));
    if (!found || account.balance < request->amount)
        return play_refuse(request, "insufficient_funds");
    GUARD(play_account_move(play, request->card_number, -request->amount));
    return play_done(request);
}
