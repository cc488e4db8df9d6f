// Queue "link": the small amount to a card of the person and back. onboard/ says what to ask and
// what the answer means; nothing is asked inside a transaction.
#include "jobs/jobs_priv.h"

struct linking {
    const struct jobs_options *options;
    const struct party_outbox *row;
    struct onboard_link_task task;
    enum onboard_link_outcome outcome;
};

static enum code begin_run(struct db *db, void *context)
{
    struct linking *linking = context;
    return onboard_link_begin(db, linking->options->onboard, linking->row, &linking->task);
}

static enum code apply_run(struct db *db, void *context)
{
    const struct linking *linking = context;
    return onboard_link_apply(db, linking->options->onboard, &linking->task, linking->outcome);
}

// Nothing that was sent can have arrived: the same as when the bank does not know it.
static enum onboard_link_outcome outcome_of(const struct ports_bank_answer *answer)
{
    if (answer->not_found || answer->nothing_sent)
        return ONBOARD_LINK_NOT_FOUND;
    switch (answer->outcome) {
    case PORTS_DONE:
        return ONBOARD_LINK_YES;
    case PORTS_REFUSED:
        return ONBOARD_LINK_NO;
    case PORTS_PENDING:
        return ONBOARD_LINK_PENDING;
    case PORTS_UNKNOWN:
        break;
    }
    return ONBOARD_LINK_NO_ANSWER;
}

static void ask(const struct jobs_bank *bank, const struct onboard_link_task *task,
                struct ports_bank_answer *answer)
{
    const struct ports_bank_card card = {task->name, task->id_number, task->card_number, ""};
    *answer = (struct ports_bank_answer){.outcome = PORTS_UNKNOWN, .tries_left = -1};
    switch (task->call) {
    case ONBOARD_LINK_CALL_NONE:
        break;
    case ONBOARD_LINK_CALL_CREDIT:
        bank->probe(bank->context, &task->id, &card, task->amount, task->business_date, answer);
        break;
    case ONBOARD_LINK_CALL_RETURN:
        bank->probe_return(bank->context, &task->id, &task->original, task->amount, answer);
        break;
    case ONBOARD_LINK_CALL_INQUIRE:
        bank->inquire(bank->context, &task->id, task->amount, "CNY", answer);
        break;
    }
}

void jobs_handle_link(const struct jobs_options *options, const struct party_outbox *row,
                      struct arena *arena)
{
    struct linking *linking = arena_alloc(arena, sizeof *linking);
    struct ports_bank_answer answer;
    *linking = (struct linking){.options = options, .row = row};
    const enum code begun = jobs_commit(options, begin_run, linking);
    if (begun == CODE_NOT_FOUND)
        jobs_finish(options, row);
    if (begun != OK || linking->task.call == ONBOARD_LINK_CALL_NONE)
        return;
    ask(options->bank, &linking->task, &answer);
    linking->outcome = outcome_of(&answer);
    const enum code code = jobs_commit(options, apply_run, linking);
    if (code != OK)
        log_event(LOG_WARN, "jobs.link_not_applied", LOG_INT("seq", row->seq),
                  LOG_TEXT("code", error_slug(code)));
    mem_wipe(&linking->task, sizeof linking->task);
}
