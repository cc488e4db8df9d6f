// Documents that end: the person is told some days before, and when it is over. Nothing is locked
// by a date alone.
#include "onboard/onboard_priv.h"

#include <stdio.h>

enum { BATCH = 100 };
static const int64_t DAY_US = INT64_C(86400000000);

struct batch {
    int64_t person[BATCH];
    int32_t until[BATCH];
    size_t count;
};

static void take(void *context, int64_t person, int32_t until)
{
    struct batch *batch = context;
    if (batch->count == BATCH)
        return;
    batch->person[batch->count] = person;
    batch->until[batch->count++] = until;
}

static enum code tell(struct db *db, const struct onboard *onboard, const struct batch *batch,
                      int32_t days)
{
    for (size_t i = 0; i < batch->count; i++) {
        struct party_notice notice = {.person = batch->person[i],
                                      .group = PARTY_NOTICE_SERVICE,
                                      .kind = "document.expiring",
                                      .link = "/me/document",
                                      .at_us = env_now(onboard->env)};
        const int32_t until = batch->until[i];
        if (days < 0)
            (void)text_copy(notice.kind, sizeof notice.kind, "document.expired");
        (void)snprintf(notice.params, sizeof notice.params, "days=%d\nuntil=%04d-%02d-%02d",
                       (int)days, (int)(until / 10000), (int)(until / 100 % 100),
                       (int)(until % 100));
        GUARD(party_notice_add(db, onboard->vault, onboard->env, &notice));
    }
    return OK;
}

// Nearest first: who is told of the nearest is not told of the farther ones as well.
enum code onboard_remind_documents(struct db *db, const struct onboard *onboard, int64_t now_us,
                                   int64_t *out_told)
{
    const struct guard_open_rules *rules =
        guard_open_rules(onboard->profiles, time_business_date(now_us));
    *out_told = 0;
    for (int i = (int)rules->remind_count; i >= 0; i--) {
        const int32_t days = i == (int)rules->remind_count ? -1 : rules->remind_days[i];
        struct batch batch = {.count = 0};
        GUARD(party_documents_ending(db, time_business_date(now_us + days * DAY_US), days, BATCH,
                                     take, &batch));
        GUARD(tell(db, onboard, &batch, days));
        *out_told += (int64_t)batch.count;
    }
    return OK;
}
