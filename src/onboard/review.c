// An operator in place of the face check, and how long openings take.
#include "onboard/onboard_priv.h"

static enum code refuse(struct problem *problem, const char *rule)
{
    (void)problem_set(problem, CODE_NOT_ALLOWED, CHARGED_NOT_INVOLVED);
    if (problem != NULL)
        (void)text_copy(problem->rule, sizeof problem->rule, rule);
    return CODE_NOT_ALLOWED;
}

enum code onboard_ask_review(struct db *db, const struct onboard *onboard, int64_t number,
                             struct problem *problem)
{
    struct onboard_row row;
    struct desk_case opened;
    const struct desk desk = {onboard->profiles, onboard->vault, onboard->env};
    const int64_t now_us = env_now(onboard->env);
    struct onboard_application *application = &row.application;
    GUARD(onboard_begin_step(db, onboard, number, STEP_FACE, &row));
    if (application->review == ONBOARD_REVIEW_WAITING || application->face == ONBOARD_FACE_PASSED)
        return OK;
    if (application->consent_face && row.face_tries < ONBOARD_FACE_TRIES)
        return refuse(problem, "review.face");
    ENSURE(application->face != ONBOARD_FACE_CHECKING, CODE_REQUEST_RUNNING);
    const struct desk_new_case wish = {
        .kind = DESK_REVIEW,
        .number = application->case_number,
        .topic = "face",
        .ref = application->id,
        .application = number,
        .working_days =
            guard_open_rules(onboard->profiles, time_business_date(now_us))->review_days};
    GUARD(desk_case_open(db, &desk, &wish, &opened));
    application->review = ONBOARD_REVIEW_WAITING;
    GUARD(onboard_store_prolong(db, number, now_us + ONBOARD_LIFE_US));
    return onboard_moved(db, onboard, &row);
}

enum code onboard_review_decide(struct db *db, const struct onboard *onboard,
                                const struct id *application, bool approved)
{
    struct onboard_row row;
    int64_t number;
    GUARD(onboard_store_by_id(db, application, &number));
    GUARD(onboard_begin(db, onboard, number, &row));
    ENSURE(row.application.state == ONBOARD_DRAFT &&
               row.application.review == ONBOARD_REVIEW_WAITING,
           CODE_STEP_ORDER);
    row.application.review = approved ? ONBOARD_REVIEW_APPROVED : ONBOARD_REVIEW_REFUSED;
    if (!approved)
        return onboard_close(db, onboard, &row, CODE_REVIEW_REFUSED);
    row.application.face = ONBOARD_FACE_PASSED;
    // It waited for us: there is time to go on.
    GUARD(onboard_store_prolong(db, number, env_now(onboard->env) + ONBOARD_LIFE_US));
    return onboard_moved(db, onboard, &row);
}

// --- time to open ---

enum { SAMPLES_MAX = 20000 };

struct samples {
    int64_t *whole, *own;
    size_t count;
    int64_t refused;
};

static void take(void *context, bool opened, int64_t whole_us, int64_t own_us)
{
    struct samples *samples = context;
    if (!opened) {
        samples->refused++;
        return;
    }
    if (samples->count == SAMPLES_MAX)
        return;
    samples->whole[samples->count] = whole_us;
    samples->own[samples->count++] = own_us;
}

// The value below which `percent` of all lie: by selection, the order of the rest does not matter.
static int64_t percentile(int64_t *values, size_t count, size_t percent)
{
    if (count == 0)
        return 0;
    const size_t wanted = (count - 1) * percent / 100;
    size_t low = 0, high = count - 1;
    while (low < high) {
        const int64_t pivot = values[low + (high - low) / 2];
        size_t i = low, j = high;
        while (i <= j) {
            while (values[i] < pivot)
                i++;
            while (values[j] > pivot)
                j--;
            if (i > j)
                break;
            const int64_t kept = values[i];
            values[i++] = values[j];
            values[j] = kept;
            if (j == 0)
                break;
            j--;
        }
        if (wanted <= j)
            high = j;
        else if (wanted >= i)
            low = i;
        else
            break;
    }
    return values[wanted];
}

enum code onboard_times_each(struct db *db, int64_t from_us, int64_t to_us,
                             void (*visit)(void *context, bool opened, int64_t whole_us,
                                           int64_t own_us),
                             void *context)
{
    return onboard_store_times(db, from_us, to_us, SAMPLES_MAX, visit, context);
}

enum code onboard_open_times(struct db *db, int64_t from_us, int64_t to_us,
                             struct onboard_times *out)
{
    struct samples samples = {mem_alloc(SAMPLES_MAX * sizeof(int64_t)),
                              mem_alloc(SAMPLES_MAX * sizeof(int64_t)), 0, 0};
    const enum code code = onboard_store_times(db, from_us, to_us, SAMPLES_MAX, take, &samples);
    *out = (struct onboard_times){
        .opened = (int64_t)samples.count,
        .refused = samples.refused,
        .p50_us = percentile(samples.whole, samples.count, 50),
        .p90_us = percentile(samples.whole, samples.count, 90),
        .own_p50_us = percentile(samples.own, samples.count, 50),
        .own_p90_us = percentile(samples.own, samples.count, 90),
    };
    mem_free(samples.whole);
    mem_free(samples.own);
    return code;
}
