// The event that both sides' phones see after the commit. No personal data: ids, words and the
// amount.
#include "pay/pay_priv.h"

#include <string.h>

void pay_event_fill(struct party_outbox *out, int64_t payer, int64_t payee, struct arena *arena,
                    const struct pay_event *event)
{
    char id[40], amount[MONEY_TEXT_SIZE];
    id_format(id, "txn", event->id);
    money_format(amount, event->currency, event->amount);
    const char *payload =
        arena_format(arena,
                     "{\"id\":\"%s\",\"kind\":\"%s\",\"state\":\"%s\",\"amount\":{\"value\":\"%s\","
                     "\"currency\":\"%s\"}}",
                     id, books_kind_name(event->kind), books_state_name(event->state), amount,
                     money_currency_code(event->currency));
    *out = (struct party_outbox){.queue = "event",
                                 .person1 = payer,
                                 .person2 = payee,
                                 .ref = "operation",
                                 .ref_size = strlen("operation"),
                                 .payload = payload,
                                 .payload_size = strlen(payload),
                                 .created_us = event->at_us};
}

enum code pay_event_add(struct db *db, int64_t payer, int64_t payee, const struct pay_event *event)
{
    struct arena *arena = arena_new();
    struct party_outbox row;
    pay_event_fill(&row, payer, payee, arena, event);
    const enum code code = party_outbox_add_many(db, &row, 1);
    arena_free(&arena);
    return code;
}
