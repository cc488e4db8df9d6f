// The bank queue: asks what funds/ tells to ask, outside any transaction, and hands the answer
// back.
#include "jobs/jobs_priv.h"

struct asking {
    const struct jobs_options *options;
    const struct party_outbox *row;
    struct funds_task task;
    struct funds_answer answer;
    int64_t next_us;
};

static enum code begin_run(struct db *db, void *context)
{
    struct asking *asking = context;
    return funds_bank_begin(db, asking->options->funds, asking->row, &asking->task);
}

static enum code apply_run(struct db *db, void *context)
{
    struct asking *asking = context;
    return funds_bank_apply(db, asking->options->funds, &asking->task, &asking->answer,
                            &asking->next_us);
}

static struct funds_answer translate(const struct ports_bank_answer *answer)
{
    static const enum funds_outcome outcomes[] = {[PORTS_DONE] = FUNDS_YES,
                                                  [PORTS_REFUSED] = FUNDS_NO,
                                                  [PORTS_PENDING] = FUNDS_PENDING,
                                                  [PORTS_UNKNOWN] = FUNDS_NO_ANSWER};
    static const enum funds_reason reasons[] = {
        [PORTS_BANK_NO_REASON] = FUNDS_NO_REASON, [PORTS_BANK_FUNDS] = FUNDS_NOT_ENOUGH,
        [PORTS_BANK_CARD] = FUNDS_BAD_CARD,       [PORTS_BANK_MISMATCH] = FUNDS_MISMATCH,
        [PORTS_BANK_LIMIT] = FUNDS_BANK_LIMIT,    [PORTS_BANK_MAINTENANCE] = FUNDS_BANK_CLOSED,
        [PORTS_BANK_OTHER] = FUNDS_OTHER};
    struct funds_answer out = {.outcome = outcomes[answer->outcome],
                               .reason = reasons[answer->reason],
                               .amount = answer->amount,
                               .bank_time_us = answer->bank_time_us,
                               .tries_left = answer->tries_left,
                               .not_found = answer->not_found,
                               .reversed = answer->reversed,
                               .nothing_sent = answer->nothing_sent};
    (void)text_copy(out.bank_ref, sizeof out.bank_ref, answer->bank_ref);
    (void)text_copy(out.card_token, sizeof out.card_token, answer->card_token);
    (void)text_copy(out.card_type, sizeof out.card_type, answer->card_type);
    return out;
}

static void ask_money(const struct jobs_bank *bank, const struct funds_task *task,
                      struct ports_bank_answer *answer)
{
    const struct ports_bank_money money = {task->id,       task->token, task->amount,
                                           task->currency, task->text,  task->business_date};
    if (task->call == FUNDS_CALL_DEBIT)
        bank->debit(bank->context, &money, answer);
    else
        bank->credit(bank->context, &money, answer);
}

static void ask(const struct jobs_bank *bank, const struct funds_task *task,
                struct ports_bank_answer *answer)
{
    const struct ports_bank_card card = {task->name, task->id_number, task->card_number,
                                         task->phone};
    *answer = (struct ports_bank_answer){.outcome = PORTS_UNKNOWN, .tries_left = -1};
    switch (task->call) {
    case FUNDS_CALL_NONE:
        break;
    case FUNDS_CALL_VERIFY:
        bank->verify(bank->context, &task->id, &card, answer);
        break;
    case FUNDS_CALL_CONFIRM:
        bank->confirm(bank->context, &task->id, &task->original, task->code, answer);
        break;
    case FUNDS_CALL_DEBIT:
    case FUNDS_CALL_CREDIT:
        ask_money(bank, task, answer);
        break;
    case FUNDS_CALL_INQUIRE:
        bank->inquire(bank->context, &task->id, task->amount, task->currency, answer);
        break;
    case FUNDS_CALL_REVERSAL:
        bank->reversal(bank->context, &task->id, &task->original, task->amount, task->currency,
                       answer);
        break;
    }
}

// A failed commit leaves the row leased: it comes back when the lease runs out, and the stored mark
// makes the next step an inquiry.
void jobs_handle_bank(const struct jobs_options *options, const struct party_outbox *row,
                      struct arena *arena)
{
    struct asking *asking = arena_alloc(arena, sizeof *asking);
    struct ports_bank_answer answer;
    asking->options = options;
    asking->row = row;
    if (jobs_commit(options, begin_run, asking) != OK)
        return;
    if (asking->task.call == FUNDS_CALL_NONE)
        return;
    ask(options->bank, &asking->task, &answer);
    asking->answer = translate(&answer);
    const enum code code = jobs_commit(options, apply_run, asking);
    if (code != OK)
        log_event(LOG_WARN, "jobs.bank_not_applied", LOG_INT("seq", row->seq),
                  LOG_TEXT("code", error_slug(code)));
    funds_task_wipe(&asking->task);
}

// --- the real bank behind the table ---

static void port_verify(void *context, const struct id *request_id,
                        const struct ports_bank_card *card, struct ports_bank_answer *out)
{
    ports_bank_verify_identity(context, request_id, card, out);
}

static void port_confirm(void *context, const struct id *request_id, const struct id *challenge,
                         const char *code, struct ports_bank_answer *out)
{
    ports_bank_confirm_binding(context, request_id, challenge, code, out);
}

static void port_debit(void *context, const struct ports_bank_money *money,
                       struct ports_bank_answer *out)
{
    ports_bank_debit(context, money, out);
}

static void port_credit(void *context, const struct ports_bank_money *money,
                        struct ports_bank_answer *out)
{
    ports_bank_credit(context, money, out);
}

static void port_reversal(void *context, const struct id *request_id, const struct id *original,
                          int64_t amount, const char *currency, struct ports_bank_answer *out)
{
    ports_bank_reversal(context, request_id, original, amount, currency, out);
}

static void port_inquire(void *context, const struct id *request_id, int64_t amount,
                         const char *currency, struct ports_bank_answer *out)
{
    ports_bank_inquire(context, request_id, amount, currency, out);
}

static void port_probe(void *context, const struct id *request_id,
                       const struct ports_bank_card *card, int64_t amount, int32_t business_date,
                       struct ports_bank_answer *out)
{
    ports_bank_probe(context, request_id, card, amount, business_date, out);
}

static void port_probe_return(void *context, const struct id *request_id, const struct id *original,
                              int64_t amount, struct ports_bank_answer *out)
{
    ports_bank_probe_return(context, request_id, original, amount, out);
}

struct jobs_bank jobs_bank_ports(struct ports_bank *bank)
{
    return (struct jobs_bank){bank,         port_verify, port_confirm,
                              port_debit,   port_credit, port_reversal,
                              port_inquire, port_probe,  port_probe_return};
}
