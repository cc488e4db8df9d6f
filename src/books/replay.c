// books: replays every committed transfer, by number, through the pure core and compares with what
// is stored (L13).
#include "books/books_priv.h"

struct books_replayer {
    struct books_replay *out;
    struct arena *arena;
    struct books_map accounts, holds;
};

struct replay_account {
    struct ledger_account row;
    int64_t last_seq;
};

// Freezes come and go and are not part of the sequence: what was committed then was permitted then.
static const uint32_t LASTING_FLAGS = LEDGER_CREDIT_ONLY | LEDGER_DEBIT_ONLY | LEDGER_NORMAL_DEBIT;

static bool add_account(struct books_replayer *replayer, const struct books_account *stored)
{
    struct replay_account *account = arena_alloc(replayer->arena, sizeof *account);
    account->row.id = stored->ledger.id;
    account->row.currency = stored->ledger.currency;
    account->row.flags = stored->ledger.flags & LASTING_FLAGS;
    const struct id key = books_key(stored->ledger.id);
    books_map_put(&replayer->accounts, replayer->arena, &key, account);
    return true;
}

static struct replay_account *account_of(struct books_replayer *replayer, int64_t id)
{
    const struct id key = books_key(id);
    return books_map_find(&replayer->accounts, &key);
}

static struct ledger_hold *hold_of(struct books_replayer *replayer, int64_t seq)
{
    const struct id key = books_key(seq);
    struct ledger_hold *hold = books_map_find(&replayer->holds, &key);
    if (hold != NULL)
        return hold;
    hold = arena_alloc(replayer->arena, sizeof *hold);
    books_map_put(&replayer->holds, replayer->arena, &key, hold);
    return hold;
}

bool books_replay_one(struct books_replayer *replayer, const struct books_replayed *replayed)
{
    const struct ledger_transfer *transfer = &replayed->transfer;
    struct replay_account *debit = account_of(replayer, transfer->debit);
    struct replay_account *credit = account_of(replayer, transfer->credit);
    struct ledger_hold *hold = NULL;
    struct ledger_state state = {0};
    if (debit != NULL)
        state.debit = debit->row;
    if (credit != NULL)
        state.credit = credit->row;
    if (transfer->kind != LEDGER_POST)
        hold =
            hold_of(replayer, transfer->kind == LEDGER_HOLD ? replayed->seq : replayed->hold_seq);
    if (hold != NULL)
        state.hold = *hold;
    const enum ledger_result result = ledger_decide(&state, &state, transfer);
    if (result != LEDGER_OK) {
        replayer->out->bad_transfer = replayed->seq;
        replayer->out->refusal = result;
        return false;
    }
    debit->row = state.debit;
    credit->row = state.credit;
    debit->last_seq = credit->last_seq = replayed->seq;
    if (hold != NULL)
        *hold = state.hold;
    replayer->out->transfers++;
    return true;
}

static bool compare_account(struct books_replayer *replayer, const struct books_account *stored)
{
    const struct replay_account *replayed = account_of(replayer, stored->ledger.id);
    const bool same = replayed->row.debits_pending == stored->ledger.debits_pending &&
                      replayed->row.debits_posted == stored->ledger.debits_posted &&
                      replayed->row.credits_pending == stored->ledger.credits_pending &&
                      replayed->row.credits_posted == stored->ledger.credits_posted &&
                      replayed->last_seq == stored->last_seq;
    if (!same)
        replayer->out->bad_account = stored->ledger.id;
    return same;
}

enum code books_replay(struct books_replay *out, struct db *db, struct arena *arena)
{
    struct books_replayer replayer = {.out = out, .arena = arena};
    *out = (struct books_replay){0};
    GUARD(books_store_accounts(db, &replayer, add_account));
    GUARD(books_store_replay(db, &replayer));
    if (out->bad_transfer != 0)
        return OK;
    return books_store_accounts(db, &replayer, compare_account);
}
