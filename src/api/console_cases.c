// Cases: queues, one case with what the person saw, and what operators do with it.
#include "api/console_priv.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static uint32_t right_of(enum desk_kind kind)
{
    static const uint32_t rights[] = {0, DESK_MAY_REVIEW, DESK_MAY_UNLOCK, DESK_MAY_TICKET};
    return rights[kind];
}

// --- the queue
// -------------------------------------------------------------------------------------

struct page {
    struct net_exchange *x;
    struct desk_case *cases;
    size_t limit, count;
};

static bool take_case(void *context, const struct desk_case *found)
{
    struct page *page = context;
    page->cases[page->count++] = *found;
    return page->count <= page->limit;
}

static bool flag(struct net_exchange *x, const char *name)
{
    const char *text = net_query(x, name);
    return text != NULL && text_equal(text, "true");
}

static enum desk_kind kind_of(const char *name)
{
    for (int kind = DESK_REVIEW; name != NULL && kind <= DESK_TICKET; kind++)
        if (text_equal(name, desk_kind_name((enum desk_kind)kind)))
            return (enum desk_kind)kind;
    return (enum desk_kind)0;
}

static bool read_filter(struct net_exchange *x, const struct desk_session *session,
                        struct desk_case_filter *out)
{
    const char *level = net_query(x, "level");
    struct console_cursor cursor;
    if (!console_cursor_read(x, "console.cases", &cursor))
        return false;
    *out = (struct desk_case_filter){.kind = kind_of(net_query(x, "kind")),
                                     .done = flag(x, "done"),
                                     .overdue = flag(x, "overdue"),
                                     .free = flag(x, "free"),
                                     .taken_by = flag(x, "mine") ? session->who.id : 0,
                                     .now_us = net_started_us(x),
                                     .after_us = cursor.at,
                                     .after_id = cursor.id};
    for (int i = DESK_CLERK; level != NULL && i <= DESK_HEAD; i++)
        if (text_equal(level, desk_level_name((enum desk_level)i))) {
            out->by_level = true;
            out->level = (enum desk_level)i;
        }
    return true;
}

static enum net_step list_cases(struct net_exchange *x)
{
    struct desk_session session;
    struct desk_case_filter filter;
    struct page page = {.x = x};
    if (!console_session(x, DESK_MAY_SEE_CASES, &session) || !console_limit(x, &page.limit) ||
        !read_filter(x, &session, &filter))
        return NET_DONE;
    page.cases = arena_alloc(net_arena(x), (page.limit + 1) * sizeof *page.cases);
    struct db *db = api_take(x);
    const enum code code = desk_cases_list(db, &filter, page.limit + 1, take_case, &page);
    if (code != OK) {
        api_give(x, db);
        return api_refuse(x, code, NULL, CHARGED_NOT_INVOLVED);
    }
    struct net_json_writer *w = net_reply_writer(x);
    struct console_cursor last = {0};
    net_json_begin_object(w, NULL);
    net_json_begin_array(w, "data");
    for (size_t i = 0; i < page.count && i < page.limit; i++) {
        const struct desk_case *c = &page.cases[i];
        console_write_case(w, NULL, db, c, filter.now_us);
        last = (struct console_cursor){filter.done ? c->decided_us : c->due_us, c->id};
    }
    api_give(x, db);
    net_json_end_array(w);
    console_cursor_write(x, w, "console.cases", page.count > page.limit, &last);
    net_json_end_object(w);
    return net_reply_json(x, 200);
}

// --- one case
// --------------------------------------------------------------------------------------

// Whom a case is about, as far as it is known.
struct subject {
    bool known, application, is_person;
    struct onboard_application a;
    struct party_person p;
};

static enum code load_subject(struct db *db, struct api *api, const struct desk_case *c,
                              struct subject *out)
{
    *out = (struct subject){0};
    if (c->application != 0) {
        const enum code code = onboard_load(db, &api->onboard, c->application, &out->a);
        out->application = code == OK;
        if (code != OK && code != CODE_NOT_FOUND)
            return code;
    }
    const int64_t person = c->person != 0 ? c->person : c->application;
    const enum code code = party_person_load(db, api->vault, person, &out->p);
    out->is_person = code == OK;
    out->known = out->application || out->is_person;
    return code == CODE_NOT_FOUND ? OK : code;
}

static void write_masked(struct net_json_writer *w, const struct subject *s)
{
    char masked[PARTY_NAME_MAX];
    const char *name = s->is_person ? s->p.name : s->a.name;
    const char *phone = s->is_person ? s->p.phone : s->a.phone;
    net_json_begin_object(w, "subject");
    party_mask_name(masked, name);
    net_json_string(w, "name_masked", name[0] != '\0' ? masked : NULL);
    party_mask_phone(masked, phone);
    net_json_string(w, "phone_masked", phone[0] != '\0' ? masked : NULL);
    party_mask_id_number(masked, s->a.id_number);
    net_json_string(w, "id_number_masked", s->a.id_number[0] != '\0' ? masked : NULL);
    party_mask_wallet_number(masked, s->p.wallet.number);
    net_json_string(w, "wallet_number_masked", s->is_person ? masked : NULL);
    const int32_t birth = s->is_person ? s->p.birth_date : s->a.birth_date;
    net_json_int(w, "birth_year", birth / 10000);
    net_json_end_object(w);
}

static void write_step(struct net_json_writer *w, const char *what, int64_t at_us)
{
    if (at_us == 0)
        return;
    net_json_begin_object(w, NULL);
    net_json_string(w, "what", what);
    net_json_time(w, "at", at_us);
    net_json_end_object(w);
}

// What the applicant did and saw, in order.
static void write_application(struct net_json_writer *w, const struct subject *s, bool english)
{
    const struct onboard_application *a = &s->a;
    if (!s->application) {
        net_json_null(w, "application");
        return;
    }
    net_json_begin_object(w, "application");
    net_json_string(w, "state", onboard_state_name(a->state));
    net_json_string(w, "step", a->step);
    net_json_string(w, "face", onboard_face_name(a->face));
    net_json_int(w, "face_tries_left", a->face_tries_left);
    net_json_bool(w, "phone_verified", a->phone_verified);
    net_json_string(w, "seen", a->refusal != OK ? error_text(a->refusal, english) : NULL);
    net_json_begin_array(w, "timeline");
    write_step(w, "created", a->created_us);
    write_step(w, "submitted", a->submitted_us);
    write_step(w, "checking", a->checking_us);
    write_step(w, "decided", a->decided_us);
    net_json_end_array(w);
    net_json_end_object(w);
}

struct history {
    struct net_json_writer *w;
    struct desk_audit_row rows[50];
    size_t count;
};

static bool take_row(void *context, const struct desk_audit_row *row)
{
    struct history *history = context;
    history->rows[history->count++] = *row;
    return history->count < 50;
}

static enum code write_history(struct net_exchange *x, struct net_json_writer *w, struct db *db,
                               const struct desk_case *c)
{
    struct history *history = arena_alloc(net_arena(x), sizeof *history);
    const struct desk_audit_filter filter = {.case_number = c->number};
    GUARD(desk_audit_list(db, &api_of(x)->desk, &filter, 50, take_row, history));
    net_json_begin_array(w, "history");
    for (size_t i = 0; i < history->count; i++) {
        const struct desk_audit_row *row = &history->rows[i];
        net_json_begin_object(w, NULL);
        net_json_time(w, "at", row->at_us);
        console_write_operator(w, "operator", db, row->actor);
        net_json_string(w, "action", row->action);
        net_json_string(w, "reason", row->reason[0] != '\0' ? row->reason : NULL);
        net_json_string(w, "note", row->note[0] != '\0' ? row->note : NULL);
        net_json_string(w, "after", row->after);
        net_json_end_object(w);
    }
    net_json_end_array(w);
    return OK;
}

static enum code write_detail(struct net_exchange *x, struct db *db,
                              const struct desk_session *session, const char *number)
{
    struct desk_case c;
    struct subject *s = arena_alloc(net_arena(x), sizeof *s);
    GUARD(desk_case_by_number(db, number, &c));
    GUARD(load_subject(db, api_of(x), &c, s));
    struct net_json_writer *w = net_reply_writer(x);
    net_json_begin_object(w, NULL);
    console_write_case(w, "case", db, &c, net_started_us(x));
    net_json_bool(w, "may_decide", (session->rights & right_of(c.kind)) != 0);
    net_json_bool(w, "mine", c.operator_taken == session->who.id);
    if (s->known)
        write_masked(w, s);
    else
        net_json_null(w, "subject");
    write_application(w, s, net_english(x));
    GUARD(write_history(x, w, db, &c));
    net_json_end_object(w);
    mem_wipe(s, sizeof *s);
    return OK;
}

static enum net_step reply_case(struct net_exchange *x, const struct desk_session *session,
                                const char *number)
{
    struct db *db = api_take(x);
    const enum code code = write_detail(x, db, session, number);
    api_give(x, db);
    return code == OK ? net_reply_json(x, 200) : api_refuse(x, code, NULL, CHARGED_NOT_INVOLVED);
}

static enum net_step get_case(struct net_exchange *x)
{
    struct desk_session session;
    if (!console_session(x, DESK_MAY_SEE_CASES, &session))
        return NET_DONE;
    return reply_case(x, &session, net_param(x, "number"));
}

// --- what operators do
// -----------------------------------------------------------------------------

struct act {
    struct api *api;
    const struct desk_session *session;
    const char *number;
    const char *reason, *note, *outcome, *to, *field, *totp;
    enum code (*run)(struct db *db, struct act *act, struct problem *problem);
    struct desk_case found;
    char value[PARTY_NAME_MAX];
    int64_t left;
    bool confirmed; // by a one-time code
};

static struct desk_act act_of(const struct act *act)
{
    return (struct desk_act){act->session->who.id, act->reason, act->note};
}

// Every act on a case needs the right of its kind; without it the case is as good as not there for
// this operator's hands.
static enum code act_run(struct db *db, void *context, struct problem *problem)
{
    struct act *act = context;
    GUARD(desk_case_by_number(db, act->number, &act->found));
    ENSURE((act->session->rights & right_of(act->found.kind)) != 0, CODE_NOT_PERMITTED);
    return act->run(db, act, problem);
}

static enum net_step run_act(struct net_exchange *x, struct act *act, bool keep)
{
    struct api_change change = {.run = act_run, .context = act, .keep_refusals = keep};
    const enum code code = api_change(x, &change);
    return code == OK ? reply_case(x, act->session, act->number)
                      : api_refuse(x, code, &change.problem, CHARGED_NOT_INVOLVED);
}

static bool begin_act(struct net_exchange *x, struct desk_session *session, struct act *act)
{
    *act = (struct act){.api = api_of(x), .session = session, .number = net_param(x, "number")};
    return console_session(x, DESK_MAY_SEE_CASES, session);
}

static enum code take_run(struct db *db, struct act *act, struct problem *problem)
{
    const struct desk_act how = act_of(act);
    (void)problem;
    return desk_case_take(db, &act->api->desk, act->number, &how, &act->found);
}

static enum net_step take(struct net_exchange *x)
{
    struct desk_session session;
    struct act act;
    if (!begin_act(x, &session, &act) || !api_read(x, NULL, NULL, 0))
        return NET_DONE;
    act.run = take_run;
    return run_act(x, &act, false);
}

#define FIELD_REASON(required)                                                                     \
    {                                                                                              \
        "reason", NET_JSON_CHOICE, required, offsetof(struct act, reason), 0, 0, CONSOLE_REASONS,  \
            NULL, 0                                                                                \
    }
#define FIELD_NOTE(required)                                                                       \
    {                                                                                              \
        "note", NET_JSON_LINE, required, offsetof(struct act, note), (required) ? 1 : 0,           \
            DESK_NOTE_MAX, NULL, NULL, 0                                                           \
    }

static enum code hand_run(struct db *db, struct act *act, struct problem *problem)
{
    const struct desk_act how = act_of(act);
    (void)problem;
    const enum desk_level level = text_equal(act->to, "head")   ? DESK_HEAD
                                  : text_equal(act->to, "lead") ? DESK_LEAD
                                                                : DESK_CLERK;
    return desk_case_hand(db, &act->api->desk, act->number, &how, 0, level, &act->found);
}

static enum net_step hand(struct net_exchange *x)
{
    static const struct net_json_field fields[] = {
        {"to", NET_JSON_CHOICE, true, offsetof(struct act, to), 0, 0, "queue|lead|head", NULL, 0},
        FIELD_REASON(true),
        FIELD_NOTE(false),
    };
    struct desk_session session;
    struct act act;
    if (!begin_act(x, &session, &act) || !API_READ(x, &act, fields))
        return NET_DONE;
    act.run = hand_run;
    return run_act(x, &act, false);
}

static enum code note_run(struct db *db, struct act *act, struct problem *problem)
{
    const struct desk_act how = act_of(act);
    (void)problem;
    return desk_case_note(db, &act->api->desk, act->number, &how);
}

static enum net_step note(struct net_exchange *x)
{
    static const struct net_json_field fields[] = {FIELD_NOTE(true)};
    struct desk_session session;
    struct act act;
    if (!begin_act(x, &session, &act) || !API_READ(x, &act, fields))
        return NET_DONE;
    act.run = note_run;
    return run_act(x, &act, false);
}

// --- decisions
// -------------------------------------------------------------------------------------

static enum code ask_second(struct db *db, struct act *act)
{
    char parameters[128];
    struct desk_approval asked;
    const struct desk_act how = act_of(act);
    ENSURE(act->confirmed, CODE_CONFIRM_WRONG);
    (void)snprintf(parameters, sizeof parameters, "{\"outcome\":\"%s\",\"reason\":\"%s\"}",
                   act->outcome, act->reason);
    const struct desk_new_approval in = {.action = "case.decide",
                                         .parameters = parameters,
                                         .case_number = act->number,
                                         .person = act->found.person != 0 ? act->found.person
                                                                          : act->found.application,
                                         .asked_by = act->session->who.id,
                                         .reason = act->reason,
                                         .note = act->note};
    GUARD(desk_case_await(db, &act->api->desk, act->number, &how));
    return desk_approval_ask(db, &act->api->desk, &in, &asked);
}

static enum code decide_run(struct db *db, struct act *act, struct problem *problem)
{
    const struct desk_act how = act_of(act);
    const bool approved = text_equal(act->outcome, "approved");
    ENSURE(act->found.state == DESK_TAKEN, CODE_CASE_STATE);
    ENSURE(act->found.operator_taken == act->session->who.id, CODE_CASE_TAKEN);
    // Four eyes are for what gives way; to refuse is safe.
    if (act->found.four_eyes && approved)
        return ask_second(db, act);
    const struct desk_case before = act->found;
    GUARD(desk_case_decide(db, &act->api->desk, act->number, &how, act->outcome, &act->found));
    return console_carry_out(db, act->api, &before, approved, act->session->who.id, problem);
}

static enum net_step decide(struct net_exchange *x)
{
    static const struct net_json_field fields[] = {
        {"outcome", NET_JSON_CHOICE, true, offsetof(struct act, outcome), 0, 0, "approved|refused",
         NULL, 0},
        FIELD_REASON(true),
        FIELD_NOTE(false),
        {"totp", NET_JSON_TEXT, false, offsetof(struct act, totp), 0, 12, NULL, NULL, 0},
    };
    struct desk_session session;
    struct act act;
    if (!begin_act(x, &session, &act) || !API_READ(x, &act, fields))
        return NET_DONE;
    if (act.totp != NULL && act.totp[0] != '\0') {
        if (!console_confirm(x, &session, act.totp))
            return NET_DONE;
        act.confirmed = true;
    }
    act.run = decide_run;
    return run_act(x, &act, false);
}

// The second person's yes to a decision.
enum code console_act_case(struct db *db, struct console_act *act)
{
    struct decision {
        const char *outcome, *reason;
    } decision = {0};
    static const struct net_json_field fields[] = {
        {"outcome", NET_JSON_TEXT, true, offsetof(struct decision, outcome), 1, 24, NULL, NULL, 0},
        {"reason", NET_JSON_TEXT, true, offsetof(struct decision, reason), 1, 48, NULL, NULL, 0},
    };
    struct desk_case c, done;
    GUARD(console_parameters(act, &decision, fields, 2));
    GUARD(desk_case_by_number(db, act->approval->case_number, &c));
    const struct desk_act how = {act->actor, decision.reason, NULL};
    ENSURE(c.state == DESK_APPROVAL, CODE_CASE_STATE);
    GUARD(desk_case_decide(db, &act->api->desk, c.number, &how, decision.outcome, &done));
    return console_carry_out(db, act->api, &c, text_equal(decision.outcome, "approved"), act->actor,
                             act->problem);
}

// --- one field, unmasked
// ---------------------------------------------------------------------------

static enum code value_of(struct db *db, struct act *act)
{
    struct subject s;
    GUARD(load_subject(db, act->api, &act->found, &s));
    ENSURE(s.known, CODE_NOT_FOUND);
    char id_number[PARTY_ID_NUMBER_MAX] = "";
    (void)text_copy(id_number, sizeof id_number, s.a.id_number);
    if (s.is_person && text_equal(act->field, "id_number"))
        GUARD(party_id_number_load(db, act->api->vault, s.p.id, id_number));
    const char *value = text_equal(act->field, "name")    ? (s.is_person ? s.p.name : s.a.name)
                        : text_equal(act->field, "phone") ? (s.is_person ? s.p.phone : s.a.phone)
                                                          : id_number;
    (void)text_copy(act->value, sizeof act->value, value);
    mem_wipe(&s, sizeof s);
    mem_wipe(id_number, sizeof id_number);
    return act->value[0] != '\0' ? OK : CODE_NOT_FOUND;
}

static enum code reveal_run(struct db *db, struct act *act, struct problem *problem)
{
    const struct desk_case *c = &act->found;
    char action[40];
    (void)problem;
    ENSURE((act->session->rights & DESK_MAY_REVEAL) != 0, CODE_NOT_PERMITTED);
    ENSURE(c->state == DESK_TAKEN || c->state == DESK_APPROVAL, CODE_CASE_STATE);
    ENSURE(c->operator_taken == act->session->who.id || c->state == DESK_APPROVAL, CODE_CASE_TAKEN);
    GUARD(value_of(db, act));
    (void)snprintf(action, sizeof action, "reveal.%s", act->field);
    const struct desk_deed deed = {.actor = act->session->who.id,
                                   .action = action,
                                   .reason = act->reason,
                                   .note = act->note,
                                   .case_number = c->number,
                                   .person = c->person != 0 ? c->person : c->application};
    GUARD(desk_quota_take(db, &act->api->desk, act->session->who.id, CONSOLE_REVEALS_DAY,
                          &act->left));
    return desk_audit_add(db, &act->api->desk, &deed);
}

static enum net_step reveal(struct net_exchange *x)
{
    static const struct net_json_field fields[] = {
        {"field", NET_JSON_CHOICE, true, offsetof(struct act, field), 0, 0, "name|phone|id_number",
         NULL, 0},
        FIELD_REASON(true),
        FIELD_NOTE(false),
    };
    struct desk_session session;
    struct act act;
    if (!begin_act(x, &session, &act) || !API_READ(x, &act, fields))
        return NET_DONE;
    act.run = reveal_run;
    struct api_change change = {.run = act_run, .context = &act};
    const enum code code = api_change(x, &change);
    if (code != OK)
        return api_refuse(x, code, &change.problem, CHARGED_NOT_INVOLVED);
    struct net_json_writer *w = net_reply_writer(x);
    net_json_begin_object(w, NULL);
    net_json_string(w, "field", act.field);
    net_json_string(w, "value", act.value);
    net_json_int(w, "seconds", CONSOLE_REVEAL_S);
    net_json_int(w, "reveals_left", act.left);
    net_json_end_object(w);
    mem_wipe(act.value, sizeof act.value);
    return net_reply_json(x, 200);
}

static const struct net_route ROUTES[] = {
    {"GET", "/api/v1/console/cases", "consoleListCases", list_cases, 0, 0, NULL},
    {"GET", "/api/v1/console/cases/{number}", "consoleGetCase", get_case, 0, 0, NULL},
    {"POST", "/api/v1/console/cases/{number}/take", "consoleTakeCase", take, 0, 0, NULL},
    {"POST", "/api/v1/console/cases/{number}/hand", "consoleHandCase", hand, 0, 0, NULL},
    {"POST", "/api/v1/console/cases/{number}/notes", "consoleNoteCase", note, 0, 0, NULL},
    {"POST", "/api/v1/console/cases/{number}/decision", "consoleDecideCase", decide, 0, 0, NULL},
    {"POST", "/api/v1/console/cases/{number}/reveal", "consoleReveal", reveal, 0, 0, NULL},
};
API_TABLE(API_CONSOLE_CASES, ROUTES);
