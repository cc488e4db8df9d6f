// Bank cards: added with the bank's four-element check and its code, confirmed, removed. What the
// person sees never says which element was wrong.
#include "funds/funds_priv.h"

#include <stdio.h>
#include <string.h>

const char *funds_card_state_name(enum funds_card_state state)
{
    static const char *const NAMES[] = {"",      "verifying", "awaiting_code", "confirming",
                                        "bound", "failed",    "removed"};
    return state >= FUNDS_CARD_VERIFYING && state <= FUNDS_CARD_REMOVED ? NAMES[state] : "";
}

void funds_card_name(const struct funds *funds, struct funds_card *card)
{
    const struct guard_card_bin *bin =
        guard_card_bin(funds->profiles, card->bin, time_business_date(env_now(funds->env)));
    card->bank = bin != NULL ? bin->bank : "";
    card->bank_en = bin != NULL ? bin->bank_en : "";
}

enum code funds_card_moved(struct db *db, const struct funds *funds, const struct card_row *row)
{
    char id[40], json[128];
    GUARD(funds_store_card_update(db, funds, row));
    id_format(id, "crd", &row->card.id);
    (void)snprintf(json, sizeof json, "{\"id\":\"%s\",\"state\":\"%s\"}", id,
                   funds_card_state_name(row->card.state));
    return funds_event(db, funds, "card", row->card.person, json);
}

// --- adding
// ---------------------------------------------------------------------------------------

static bool digits_of(char *out, size_t capacity, const char *typed)
{
    size_t count = 0;
    for (const char *c = typed; *c != '\0'; c++) {
        if (*c == ' ')
            continue;
        if (*c < '0' || *c > '9' || count + 1 >= capacity)
            return false;
        out[count++] = *c;
    }
    out[count] = '\0';
    return count > 0;
}

static enum code refuse_field(struct problem *problem, enum code code)
{
    (void)problem_set(problem, code, CHARGED_NOT_INVOLVED);
    return problem_field(problem, error_field(code), code, "");
}

static enum code refuse_today(struct problem *problem)
{
    (void)problem_set(problem, CODE_CARD_NOT_ADDED, CHARGED_NOT_INVOLVED);
    if (problem != NULL)
        (void)text_copy(problem->rule, sizeof problem->rule, "cards.day");
    return CODE_CARD_NOT_ADDED;
}

// An older addition of the same number by the same person: bound, running, or waiting for a code
// that nobody typed.
static enum code clear_older(struct db *db, const struct funds *funds, const struct card_row *fresh,
                             struct problem *problem)
{
    struct id older;
    struct card_row row;
    GUARD(funds_store_card_live(db, fresh->card.person, &fresh->hash, &older));
    if (id_is_zero(&older))
        return OK;
    GUARD(funds_store_card_load(db, funds, &older, &row));
    if (row.card.state == FUNDS_CARD_BOUND)
        return refuse_field(problem, CODE_CARD_EXISTS);
    if (row.card.state != FUNDS_CARD_AWAITING_CODE)
        return problem_set(problem, CODE_REQUEST_RUNNING, CHARGED_NOT_INVOLVED);
    row.card.state = FUNDS_CARD_FAILED;
    row.card.failure = CODE_OTP_EXPIRED;
    row.token[0] = '\0';
    return funds_card_moved(db, funds, &row);
}

static enum code refuse_rule(struct problem *problem, const char *rule)
{
    (void)problem_set(problem, CODE_NOT_ALLOWED, CHARGED_NOT_INVOLVED);
    if (problem != NULL)
        (void)text_copy(problem->rule, sizeof problem->rule, rule);
    return CODE_NOT_ALLOWED;
}

enum { FUNDS_CARD_CLASS_MIN = 3 };

static enum code check_counts(struct db *db, const struct funds *funds, const struct card_row *row,
                              struct problem *problem)
{
    struct card_counts counts;
    GUARD(funds_store_card_counts(db, row->card.person, &row->hash, row->day, &counts));
    if (counts.bound + counts.running >= funds->settings.cards_max)
        return refuse_rule(problem, "cards.max");
    struct party_wallet wallet;
    GUARD(party_wallet_load(db, row->card.person, &wallet));
    // The bank compares a card with an identity; a wallet by phone alone has none.
    if (wallet.wallet_class > FUNDS_CARD_CLASS_MIN)
        return refuse_rule(problem, "class.identity");
    // Running additions may fail too: together with them no more than the day allows.
    if (counts.counted + counts.running >= funds->settings.card_tries_day ||
        counts.number_today >= funds->settings.card_number_day)
        return refuse_today(problem);
    return OK;
}

static enum code fill_new(struct card_row *row, const struct funds *funds,
                          const struct funds_new_card *in, char digits[24], struct problem *problem)
{
    const int64_t now_us = env_now(funds->env);
    const int32_t today = time_business_date(now_us);
    const struct guard_card_bin *bin = NULL;
    *row = (struct card_row){.day = today};
    if (!digits_of(digits, 24, in->card_number))
        return refuse_field(problem, CODE_CARD_NUMBER_INVALID);
    const enum code checked = guard_card_check(funds->profiles, digits, today, &bin);
    if (checked != OK)
        return refuse_field(problem, checked);
    if (party_phone_normalise(row->phone, in->phone) != OK)
        return refuse_field(problem, CODE_PHONE_INVALID);
    row->hash = vault_search_hash(funds->vault, VAULT_SEARCH_CARD, digits);
    row->card = (struct funds_card){.id = in->id,
                                    .person = in->person,
                                    .state = FUNDS_CARD_VERIFYING,
                                    .tries_left = -1,
                                    .created_us = now_us};
    (void)text_copy(row->card.bin, sizeof row->card.bin, bin->bin);
    (void)text_copy(row->card.last4, sizeof row->card.last4, digits + strlen(digits) - 4);
    (void)text_copy(row->card.type, sizeof row->card.type, bin->type);
    party_mask_phone(row->card.phone_masked, row->phone);
    funds_card_name(funds, &row->card);
    return OK;
}

static enum code add_new(struct db *db, const struct funds *funds, struct card_row *row,
                         const char *digits, struct problem *problem)
{
    GUARD(clear_older(db, funds, row, problem));
    GUARD(check_counts(db, funds, row, problem));
    GUARD(funds_breaker_check(db, funds, row->card.bin, row->card.created_us, problem));
    GUARD(funds_store_card_insert(db, funds, row));
    return funds_outbox_add(db, funds, FUNDS_REF_VERIFY, &row->card.id, NULL, digits);
}

enum code funds_card_add(struct db *db, const struct funds *funds, const struct funds_new_card *in,
                         struct funds_card *out, struct problem *problem)
{
    char digits[24];
    struct card_row row, stored;
    GUARD(fill_new(&row, funds, in, digits, problem));
    enum code code = funds_store_card_load(db, funds, &in->id, &stored);
    if (code == OK) {
        const bool same = stored.card.person == in->person &&
                          mem_equal_secret(&stored.hash, &row.hash, sizeof row.hash) &&
                          text_equal(stored.phone, row.phone);
        if (!same)
            code = problem_set(problem, CODE_CONFLICT_IDEMPOTENCY, CHARGED_NOT_INVOLVED);
        *out = stored.card;
    } else if (code == CODE_NOT_FOUND) {
        code = add_new(db, funds, &row, digits, problem);
        *out = row.card;
    }
    mem_wipe(digits, sizeof digits);
    return code;
}

// --- the person's other steps
// -----------------------------------------------------------------------

static enum code load_own(struct db *db, const struct funds *funds, int64_t person,
                          const struct id *id, struct card_row *out)
{
    GUARD(funds_store_card_load(db, funds, id, out));
    return out->card.person == person ? OK : CODE_NOT_FOUND;
}

enum code funds_card_confirm(struct db *db, const struct funds *funds, int64_t person,
                             const struct id *card, const char *code, struct funds_card *out,
                             struct problem *problem)
{
    struct card_row row;
    if (load_own(db, funds, person, card, &row) != OK)
        return problem_set(problem, CODE_NOT_FOUND, CHARGED_NOT_INVOLVED);
    *out = row.card;
    if (row.card.state == FUNDS_CARD_BOUND)
        return OK;
    if (row.card.state == FUNDS_CARD_CONFIRMING)
        return problem_set(problem, CODE_REQUEST_RUNNING, CHARGED_NOT_INVOLVED);
    if (row.card.state == FUNDS_CARD_VERIFYING)
        return problem_set(problem, CODE_STEP_ORDER, CHARGED_NOT_INVOLVED);
    const bool late = row.code_us + funds->settings.card_code_life_us <= env_now(funds->env);
    if (row.card.state != FUNDS_CARD_AWAITING_CODE || late)
        return problem_set(problem, CODE_OTP_EXPIRED, CHARGED_NOT_INVOLVED);
    if (strlen(code) != 6 || !text_all_digits(code)) {
        (void)refuse_field(problem, CODE_OTP_WRONG);
        if (problem != NULL)
            problem->tries_left = row.card.tries_left;
        return CODE_OTP_WRONG;
    }
    row.card.state = FUNDS_CARD_CONFIRMING;
    row.confirm_id = id_new(funds->env);
    *out = row.card;
    GUARD(funds_card_moved(db, funds, &row));
    return funds_outbox_add(db, funds, FUNDS_REF_CONFIRM, &row.card.id, &row.confirm_id, code);
}

enum code funds_card_remove(struct db *db, const struct funds *funds, int64_t person,
                            const struct id *card, struct problem *problem)
{
    struct card_row row;
    int64_t open = 0;
    if (load_own(db, funds, person, card, &row) != OK)
        return problem_set(problem, CODE_NOT_FOUND, CHARGED_NOT_INVOLVED);
    if (row.card.state == FUNDS_CARD_REMOVED)
        return OK;
    if (row.card.state != FUNDS_CARD_BOUND)
        return problem_set(problem, CODE_STEP_ORDER, CHARGED_NOT_INVOLVED);
    GUARD(funds_store_orders_of_card(db, card, &open));
    if (open > 0)
        return problem_set(problem, CODE_REQUEST_RUNNING, CHARGED_NOT_INVOLVED);
    row.card.state = FUNDS_CARD_REMOVED;
    row.token[0] = '\0';
    GUARD(funds_notice(db, funds, "card.removed", &row.card, 0));
    return funds_card_moved(db, funds, &row);
}

static enum code additions_left(struct db *db, const struct funds *funds, struct card_row *row)
{
    struct card_counts counts;
    const int32_t today = time_business_date(env_now(funds->env));
    GUARD(funds_store_card_counts(db, row->card.person, &row->hash, today, &counts));
    const int64_t left = funds->settings.card_tries_day - counts.counted - counts.running;
    row->card.additions_left = left > 0 ? (int32_t)left : 0;
    return OK;
}

enum code funds_card_load(struct db *db, const struct funds *funds, int64_t person,
                          const struct id *card, struct funds_card *out)
{
    struct card_row row;
    GUARD(load_own(db, funds, person, card, &row));
    if (row.card.state == FUNDS_CARD_FAILED)
        GUARD(additions_left(db, funds, &row));
    *out = row.card;
    return OK;
}

struct listing {
    bool (*visit)(void *context, const struct funds_card *card);
    void *context;
};

static bool list_one(void *context, const struct card_row *row)
{
    const struct listing *listing = context;
    return listing->visit(listing->context, &row->card);
}

enum code funds_cards_list(struct db *db, const struct funds *funds, int64_t person,
                           bool (*visit)(void *context, const struct funds_card *card),
                           void *context)
{
    struct listing listing = {visit, context};
    return funds_store_cards(db, funds, person, list_one, &listing);
}

enum code funds_cards_expire(struct db *db, const struct funds *funds, size_t limit,
                             int64_t *out_expired)
{
    struct id ids[64];
    size_t count = limit < 64 ? limit : 64;
    const int64_t before_us = env_now(funds->env) - funds->settings.card_code_life_us;
    *out_expired = 0;
    GUARD(funds_store_cards_waiting(db, before_us, ids, &count));
    for (size_t i = 0; i < count; i++) {
        struct card_row row;
        GUARD(funds_store_card_load(db, funds, &ids[i], &row));
        row.card.state = FUNDS_CARD_FAILED;
        row.card.failure = CODE_OTP_EXPIRED;
        row.token[0] = '\0';
        GUARD(funds_card_moved(db, funds, &row));
        (*out_expired)++;
    }
    return OK;
}

// --- the worker's side
// ------------------------------------------------------------------------------

enum code funds_card_begin(struct db *db, const struct funds *funds, const struct party_outbox *row,
                           const struct funds_ref *ref, struct funds_task *task)
{
    struct card_row card;
    const bool verify = ref->kind == FUNDS_REF_VERIFY;
    const enum code loaded = funds_store_card_load(db, funds, &task->subject, &card);
    if (loaded != OK && loaded != CODE_NOT_FOUND)
        return loaded;
    const bool wanted = loaded == OK && (verify ? card.card.state == FUNDS_CARD_VERIFYING
                                                : card.card.state == FUNDS_CARD_CONFIRMING &&
                                                      memcmp(card.confirm_id.bytes, ref->confirm,
                                                             sizeof ref->confirm) == 0);
    if (!wanted)
        return party_outbox_done(db, row->seq, env_now(funds->env));
    char *secret = verify ? task->card_number : task->code;
    const size_t room = verify ? sizeof task->card_number : sizeof task->code;
    ENSURE(row->payload_size < room, CODE_INTERNAL);
    memcpy(secret, row->payload, row->payload_size);
    if (!verify) {
        task->call = FUNDS_CALL_CONFIRM;
        task->id = card.confirm_id;
        task->original = card.card.id;
        return OK;
    }
    struct party_person person;
    GUARD(party_person_load(db, funds->vault, card.card.person, &person));
    GUARD(party_id_number_load(db, funds->vault, card.card.person, task->id_number));
    (void)text_copy(task->name, sizeof task->name, person.name);
    (void)text_copy(task->phone, sizeof task->phone, card.phone);
    mem_wipe(&person, sizeof person);
    task->call = FUNDS_CALL_VERIFY;
    task->id = card.card.id;
    return OK;
}

static enum code fail_card(struct db *db, const struct funds *funds, struct card_row *row,
                           enum code failure)
{
    row->card.state = FUNDS_CARD_FAILED;
    row->card.failure = failure;
    row->counted = failure == CODE_CARD_NOT_ADDED;
    row->token[0] = '\0';
    return funds_card_moved(db, funds, row);
}

static enum code verified(struct db *db, const struct funds *funds, struct card_row *row,
                          const struct funds_answer *answer)
{
    row->card.state = FUNDS_CARD_AWAITING_CODE;
    row->card.tries_left = answer->tries_left > 0 ? answer->tries_left : 3;
    row->code_us = env_now(funds->env);
    (void)text_copy(row->token, sizeof row->token, answer->card_token);
    if (answer->card_type[0] != '\0')
        (void)text_copy(row->card.type, sizeof row->card.type, answer->card_type);
    return funds_card_moved(db, funds, row);
}

static enum code bound(struct db *db, const struct funds *funds, struct card_row *row,
                       const struct funds_answer *answer)
{
    row->card.state = FUNDS_CARD_BOUND;
    row->confirm_id = (struct id){0};
    if (answer->card_token[0] != '\0')
        (void)text_copy(row->token, sizeof row->token, answer->card_token);
    GUARD(funds_notice(db, funds, "card.bound", &row->card, 0));
    return funds_card_moved(db, funds, row);
}

enum code funds_card_apply(struct db *db, const struct funds *funds, const struct funds_task *task,
                           const struct funds_answer *answer, int64_t *out_next_us)
{
    struct card_row row;
    const bool verify = task->call == FUNDS_CALL_VERIFY;
    GUARD(funds_store_card_load(db, funds, &task->subject, &row));
    GUARD(funds_breaker_count(db, funds, answer));
    *out_next_us = 0;
    // A late answer to a question that is no longer asked.
    if (verify ? row.card.state != FUNDS_CARD_VERIFYING
               : row.card.state != FUNDS_CARD_CONFIRMING || !id_equal(&row.confirm_id, &task->id))
        return OK;
    switch (answer->outcome) {
    case FUNDS_YES:
        return verify ? verified(db, funds, &row, answer) : bound(db, funds, &row, answer);
    case FUNDS_NO:
        if (!verify && answer->reason == FUNDS_MISMATCH && answer->tries_left > 0) {
            row.card.state = FUNDS_CARD_AWAITING_CODE;
            row.card.tries_left = answer->tries_left;
            return funds_card_moved(db, funds, &row);
        }
        return fail_card(db, funds, &row,
                         answer->reason == FUNDS_BANK_CLOSED ? CODE_BANK_MAINTENANCE
                                                             : CODE_CARD_NOT_ADDED);
    case FUNDS_PENDING:
    case FUNDS_NO_ANSWER:
        break;
    }
    // No money: the same question with the same id may be asked again.
    if (task->attempts >= funds->settings.card_calls_max)
        return fail_card(db, funds, &row, CODE_BANK_MAINTENANCE);
    *out_next_us = env_now(funds->env) + funds_backoff_us(funds, task->attempts);
    return OK;
}
