// The radar: pure. Stages from the attempt that decides, the cause by the order of the catalogue.
// R1 A delivery on any route hides every failure. R2 Of failures only those of the newest wish
// count: what was asked for again is waited for again. R3 Number and delivery decide, never what
// the bank knows of the person.
#include "otp/otp_priv.h"

#include <string.h>

struct picture {
    const struct otp_radar_input *in;
    size_t round;                           // first attempt of the newest wish
    const struct otp_attempt *delivered;    // NULL = none
    const struct otp_attempt *by_cause[13]; // attempts of the round by reported cause
    const struct otp_attempt *last;         // newest attempt; NULL = none
    bool vague;                             // a report that says nothing
    bool accepted;                          // the gateway took at least one of the round
};

size_t otp_round(const struct otp_attempt *attempts, size_t count)
{
    size_t i = count;
    while (i > 0 && attempts[i - 1].by_itself)
        i--;
    return i > 0 ? i - 1 : 0;
}

static void look(struct picture *p, const struct otp_radar_input *in)
{
    *p = (struct picture){.in = in, .round = otp_round(in->attempts, in->attempt_count)};
    for (size_t i = 0; i < in->attempt_count; i++) {
        const struct otp_attempt *a = &in->attempts[i];
        if (a->report_class == GUARD_RECEIPT_DELIVERED)
            p->delivered = a;
        p->last = a;
        if (i < p->round)
            continue;
        p->accepted = p->accepted || a->accepted_us > 0 || a->carrier_us > 0;
        p->vague = p->vague || a->report_class == GUARD_RECEIPT_SILENT ||
                   a->report_class == GUARD_RECEIPT_UNMAPPED;
        const bool failed =
            a->report_class == GUARD_RECEIPT_NUMBER || a->report_class == GUARD_RECEIPT_ROUTE;
        if (failed && a->report_cause > 0 && a->report_cause < 13)
            p->by_cause[a->report_cause] = a;
    }
}

// Was the newest wish refused before anything was sent?
static bool refused(const struct picture *p, int32_t cause)
{
    const struct otp_radar_input *in = p->in;
    if (in->refused_cause != cause ||
        (p->last != NULL && in->attempts[p->round].queued_us > in->refused_us))
        return false;
    return cause <= 2 || in->refused_until_us > in->now_us;
}

static bool unreached(const struct otp_radar_input *in)
{
    return in->client == OTP_SUBMIT_FAILED ||
           (in->client == OTP_SUBMIT_STARTED && in->now_us - in->client_us > 5 * OTP_SECOND_US);
}

static int64_t waited_us(const struct picture *p)
{
    return p->last != NULL ? p->in->now_us - p->in->attempts[p->round].queued_us : 0;
}

static int32_t silent_cause(const struct picture *p)
{
    const struct otp_radar_input *in = p->in;
    if (p->last == NULL || p->last->route == OTP_COUNTER)
        return 0;
    if (waited_us(p) >= in->silent_after_us)
        return p->accepted || in->blind ? 7 : 6;
    return p->vague && waited_us(p) >= in->unmapped_after_us && !in->blind ? 7 : 0;
}

static int32_t cause_of(const struct picture *p)
{
    static const int32_t order[] = {10, 9, 8, 11, 6, 7};
    const struct otp_radar_input *in = p->in;
    if (refused(p, 13) && p->last == NULL)
        return 13;
    for (int32_t cause = 1; cause <= 2; cause++)
        if (refused(p, cause))
            return cause;
    if (refused(p, 5))
        return 5;
    if (unreached(in))
        return 4;
    if (in->closed)
        return 0;
    if (p->delivered != NULL && !in->blind)
        return 12;
    if (p->by_cause[5] != NULL && !in->blind)
        return 5;
    for (size_t i = 0; i < sizeof order / sizeof order[0] && !in->blind; i++)
        if (p->by_cause[order[i]] != NULL)
            return order[i];
    const int32_t silent = silent_cause(p);
    if (silent != 0)
        return silent;
    return in->policy == GUARD_PHONE_WARN && !in->blind ? 3 : 0;
}

// --- actions ---

// Is nothing on its way any more?
static bool stopped(const struct picture *p)
{
    return p->last == NULL || p->last->report_class >= GUARD_RECEIPT_ROUTE ||
           waited_us(p) >= p->in->silent_after_us;
}

static unsigned actions_of(const struct picture *p, int32_t cause)
{
    const unsigned call = p->in->voice && !p->in->day_limit ? OTP_CALL : 0;
    const unsigned again = p->in->day_limit ? 0 : OTP_AGAIN;
    switch (cause) {
    case 1:
    case 2:
    case 9:
        return OTP_CHANGE;
    case 3:
        return p->last == NULL ? OTP_GO_ON | call : call;
    case 4:
        return OTP_RETRY;
    case 5: // a call is no way round a limit of ours
        return OTP_DESK | (p->in->refused_until_us > p->in->now_us ? 0 : call);
    case 6:
        return stopped(p) ? again | call : 0;
    case 7:
        return again | (p->by_cause[7] == NULL ? call : 0);
    case 8:
        return OTP_CHANGE | OTP_DESK;
    case 10:
        return OTP_LIFT | call;
    case 11:
        return call | (stopped(p) ? again : 0);
    case 12:
        return OTP_FOUND | call;
    case 13:
        return OTP_REMIND;
    default:
        return 0;
    }
}

// --- stages ---

static void set(struct otp_radar *out, enum otp_stage stage, enum otp_state state, int64_t at_us)
{
    out->stages[stage].state = state;
    out->stages[stage].at_us = at_us;
}

static void early_stages(const struct picture *p, struct otp_radar *out)
{
    const struct otp_radar_input *in = p->in;
    const bool refused_now = out->cause == 1 || out->cause == 2 || out->cause == 13 ||
                             (out->cause == 5 && refused(p, 5));
    const int64_t typed_us = refused_now ? in->refused_us : in->created_us;
    if (refused_now || in->has_challenge)
        set(out, OTP_STAGE_TYPED, OTP_DONE, typed_us);
    else if (in->client != 0)
        set(out, OTP_STAGE_TYPED, OTP_DONE, in->client_us);
    if (out->cause == 1 || out->cause == 2)
        set(out, OTP_STAGE_NUMBER, OTP_FAILED, in->refused_us);
    else if (refused_now || in->has_challenge)
        set(out, OTP_STAGE_NUMBER, in->policy == GUARD_PHONE_WARN ? OTP_UNKNOWN : OTP_DONE,
            typed_us);
    if (out->cause == 4 || (refused_now && out->cause >= 5))
        set(out, OTP_STAGE_QUEUE, out->cause == 13 ? OTP_WAITING : OTP_FAILED,
            out->cause == 4 ? in->client_us : in->refused_us);
}

// Of the attempt that the person is told of: the delivered one, else one that the number refused,
// else the newest.
static const struct otp_attempt *shown(const struct picture *p)
{
    if (p->delivered != NULL)
        return p->delivered;
    for (size_t i = p->in->attempt_count; i > p->round; i--)
        if (p->in->attempts[i - 1].report_class == GUARD_RECEIPT_NUMBER)
            return &p->in->attempts[i - 1];
    return p->last;
}

static void carrier_stages(struct otp_radar *out, const struct otp_attempt *a, bool silent)
{
    const enum guard_receipt_class class = a->report_class;
    const bool failed = class == GUARD_RECEIPT_NUMBER || class == GUARD_RECEIPT_ROUTE;
    const bool taken = a->accepted_us > 0 || a->carrier_us > 0 || class == GUARD_RECEIPT_DELIVERED;
    const enum otp_state open = silent ? OTP_UNKNOWN : OTP_WAITING;
    // Off or out of coverage: the carrier has it, the phone does not take it.
    const bool at_phone = failed && a->report_cause == 7;
    if (taken || at_phone)
        set(out, OTP_STAGE_ACCEPTED, OTP_DONE,
            a->accepted_us > 0  ? a->accepted_us
            : a->carrier_us > 0 ? a->carrier_us
                                : a->report_us);
    else
        set(out, OTP_STAGE_ACCEPTED, failed ? OTP_FAILED : open, failed ? a->report_us : 0);
    if (a->carrier_us > 0 || class == GUARD_RECEIPT_DELIVERED || at_phone)
        set(out, OTP_STAGE_CARRIER, OTP_DONE, a->carrier_us > 0 ? a->carrier_us : a->report_us);
    else
        set(out, OTP_STAGE_CARRIER, failed && taken ? OTP_FAILED : open,
            failed && taken ? a->report_us : 0);
    if (failed && !at_phone && taken && a->carrier_us > 0)
        set(out, OTP_STAGE_CARRIER, OTP_FAILED, a->report_us);
    if (class == GUARD_RECEIPT_DELIVERED)
        set(out, OTP_STAGE_PHONE, OTP_DONE, a->report_us);
    else
        set(out, OTP_STAGE_PHONE,
            at_phone ? OTP_FAILED
            : failed ? OTP_UNKNOWN
                     : open,
            at_phone ? a->report_us : 0);
}

static void blind_stages(const struct picture *p, struct otp_radar *out)
{
    set(out, OTP_STAGE_QUEUE, OTP_DONE, p->last->queued_us);
    for (enum otp_stage stage = OTP_STAGE_ACCEPTED; stage < OTP_STAGES; stage++)
        set(out, stage, OTP_UNKNOWN, 0);
}

static void message_stages(const struct picture *p, struct otp_radar *out)
{
    const struct otp_attempt *a = shown(p);
    out->route = a->route;
    set(out, OTP_STAGE_QUEUE, OTP_DONE, a->queued_us);
    if (a->route == OTP_COUNTER) {
        for (enum otp_stage stage = OTP_STAGE_ACCEPTED; stage < OTP_STAGES; stage++)
            set(out, stage, OTP_DONE, a->queued_us);
        return;
    }
    carrier_stages(out, a, p->in->now_us - a->queued_us >= p->in->silent_after_us || p->vague);
}

void otp_radar(const struct otp_radar_input *in, struct otp_radar *out)
{
    struct picture p;
    look(&p, in);
    *out = (struct otp_radar){.cause = cause_of(&p)};
    out->actions = actions_of(&p, out->cause);
    early_stages(&p, out);
    const bool unsent = out->cause == 1 || out->cause == 2 || out->cause == 4 || out->cause == 13 ||
                        (out->cause == 5 && refused(&p, 5));
    if (p.last != NULL && !unsent && in->blind)
        blind_stages(&p, out);
    else if (p.last != NULL && !unsent)
        message_stages(&p, out);
    if (out->cause == 5 || out->cause == 13)
        out->until_us = in->refused_until_us;
    const struct otp_attempt *said = out->cause == 12                     ? p.delivered
                                     : out->cause >= 5 && out->cause < 12 ? p.by_cause[out->cause]
                                                                          : NULL;
    out->cause_us = said != NULL ? said->report_us : unsent ? in->refused_us : 0;
    if (said == NULL && p.last != NULL && !unsent && p.last->report_code[0] != '\0')
        said = p.last;
    if (said != NULL)
        (void)text_copy(out->raw_code, sizeof out->raw_code, said->report_code);
    out->switched = p.last != NULL && p.last->by_itself && !in->blind;
}

// --- words ---

const char *otp_route_name(enum otp_route route)
{
    static const char *const names[] = {"", "sms-a", "sms-b", "voice", "counter"};
    return names[route];
}

const char *otp_stage_name(enum otp_stage stage)
{
    static const char *const names[] = {"typed", "number", "queue", "accepted", "carrier", "phone"};
    return names[stage];
}

const char *otp_state_name(enum otp_state state)
{
    static const char *const names[] = {"waiting", "done", "failed", "unknown"};
    return names[state];
}

const char *otp_action_name(unsigned action)
{
    static const char *const names[] = {"change", "voice", "again",  "retry", "lift",
                                        "desk",   "found", "remind", "go-on"};
    for (size_t i = 0; i < OTP_ACTIONS; i++)
        if (action == 1u << i)
            return names[i];
    return "";
}
