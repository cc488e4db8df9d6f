// What the sandbox pages read and set: phones, the bank's cards and requests, faults and decisions.
#include "play/play_priv.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
enum { LAST_REQUESTS = 50 };

// Index of `name`; `count` when there is none.
static size_t index_of(const char *const *names, size_t count, const char *name)
{
    size_t i = 0;
    while (i < count && !text_equal(names[i], name))
        i++;
    return i;
}

static enum net_step finish(struct net_exchange *x, enum code code)
{
    return code == OK ? net_reply_json(x, 200) : net_reply_code(x, code, CHARGED_NOT_INVOLVED);
}

// --- phones
// ---------------------------------------------------------------------------------------

static bool write_message(void *context, const struct play_message *message)
{
    static const char *const folders[] = {"inbox", "", "spam", "call"};
    struct net_json_writer *w = context;
    net_json_begin_object(w, NULL);
    net_json_string(w, "from", message->sender);
    net_json_string(w, "text", message->text);
    net_json_time(w, "at", message->at_us);
    net_json_string(w, "folder", folders[message->folder]);
    net_json_end_object(w);
    return true;
}

static enum net_step get_messages(struct net_exchange *x)
{
    struct play *play = play_of(x);
    const char *phone = net_query(x, "phone");
    if (phone == NULL || strlen(phone) != 11 || !text_all_digits(phone))
        return net_reply_code(x, CODE_REQUEST_INVALID, CHARGED_NOT_INVOLVED);
    struct net_json_writer *w = net_reply_writer(x);
    net_json_begin_object(w, NULL);
    net_json_string(w, "phone", phone);
    net_json_begin_array(w, "messages");
    pthread_mutex_lock(&play->lock);
    const enum code code = play_messages(play, phone, play_now(play), write_message, w);
    pthread_mutex_unlock(&play->lock);
    net_json_end_array(w);
    net_json_end_object(w);
    return finish(x, code);
}

// --- bank
// -----------------------------------------------------------------------------------------

static bool write_account(void *context, const struct play_account *account)
{
    struct net_json_writer *w = context;
    net_json_begin_object(w, NULL);
    net_json_string(w, "card_number", account->card_number);
    net_json_string(w, "bank", account->bank);
    net_json_string(w, "name", account->name);
    net_json_string(w, "phone", account->phone);
    net_json_money(w, "balance", account->balance, 2, "CNY");
    net_json_end_object(w);
    return true;
}

static bool write_request(void *context, const struct play_request *request)
{
    static const char *const STATES[] = {"", "pending", "done", "refused", "reversed"};
    struct net_json_writer *w = context;
    const bool money = request->currency[0] != '\0';
    net_json_begin_object(w, NULL);
    net_json_id(w, "request_id", "", &request->id);
    net_json_string(w, "operation", request->operation);
    net_json_string(w, "card_number", request->card_number);
    net_json_string(w, "state", STATES[request->state]);
    net_json_string(w, "code", request->code);
    if (money)
        net_json_money(w, "amount", request->amount, 2, request->currency);
    else
        net_json_null(w, "amount");
    net_json_time(w, "at", request->at_us);
    net_json_end_object(w);
    return true;
}

static enum net_step get_bank(struct net_exchange *x)
{
    struct play *play = play_of(x);
    struct net_json_writer *w = net_reply_writer(x);
    net_json_begin_object(w, NULL);
    net_json_begin_array(w, "accounts");
    pthread_mutex_lock(&play->lock);
    enum code code = play_accounts(play, write_account, w);
    net_json_end_array(w);
    net_json_begin_array(w, "requests");
    if (code == OK)
        code = play_requests_last(play, LAST_REQUESTS, write_request, w);
    pthread_mutex_unlock(&play->lock);
    net_json_end_array(w);
    net_json_end_object(w);
    return finish(x, code);
}

// --- carriers
// -----------------------------------------------------------------------------------------

static bool write_number(void *context, const char *phone, const char *cause, const char *script)
{
    struct net_json_writer *w = context;
    net_json_begin_object(w, NULL);
    net_json_string(w, "phone", phone);
    net_json_string(w, "cause", cause);
    net_json_string(w, "script", script);
    net_json_end_object(w);
    return true;
}

static enum net_step get_carrier(struct net_exchange *x)
{
    struct net_json_writer *w = net_reply_writer(x);
    net_json_begin_object(w, NULL);
    net_json_begin_array(w, "numbers");
    play_known_numbers(write_number, w);
    net_json_end_array(w);
    net_json_end_object(w);
    return net_reply_json(x, 200);
}

struct script {
    const char *phone, *script;
};

static enum net_step put_carrier(struct net_exchange *x)
{
    static const struct net_json_field fields[] = {
        {"phone", NET_JSON_TEXT, true, offsetof(struct script, phone), 11, 11, NULL, NULL, 0},
        {"script", NET_JSON_TEXT, true, offsetof(struct script, script), 0, 255, NULL, NULL, 0}};
    struct play *play = play_of(x);
    struct script in = {0};
    struct problem problem = {0};
    if (net_read_json(x, &in, fields, COUNT(fields), &problem) != OK)
        return net_reply_problem(x, &problem);
    if (!text_all_digits(in.phone) || !play_script_valid(in.script))
        return net_reply_code(x, CODE_REQUEST_INVALID, CHARGED_NOT_INVOLVED);
    pthread_mutex_lock(&play->lock);
    const bool room = play_script_set(play, in.phone, in.script);
    pthread_mutex_unlock(&play->lock);
    return room ? get_carrier(x) : net_reply_code(x, CODE_BUSY, CHARGED_NOT_INVOLVED);
}

// --- what is planned
// ------------------------------------------------------------------------------

static void write_faults(struct net_json_writer *w, const struct play *play)
{
    net_json_begin_array(w, "faults");
    for (size_t i = 0; i < PLAY_OPERATIONS; i++) {
        net_json_begin_object(w, NULL);
        net_json_string(w, "operation", PLAY_OPERATION_NAMES[i]);
        net_json_string(w, "fault", PLAY_FAULT_NAMES[play->faults[i]]);
        net_json_bool(w, "once", play->faults[i] != FAULT_NONE && play->once[i]);
        net_json_end_object(w);
    }
    net_json_end_array(w);
}

static bool write_rule(void *context, const char *id_number, enum play_face face)
{
    struct net_json_writer *w = context;
    net_json_begin_object(w, NULL);
    net_json_string(w, "id_number", id_number);
    net_json_string(w, "decision", face < FACES ? PLAY_FACE_NAMES[face] : "");
    net_json_end_object(w);
    return true;
}

static enum net_step reply_state(struct net_exchange *x)
{
    struct play *play = play_of(x);
    struct net_json_writer *w = net_reply_writer(x);
    net_json_begin_object(w, NULL);
    pthread_mutex_lock(&play->lock);
    write_faults(w, play);
    net_json_string(w, "face", PLAY_FACE_NAMES[play->face]);
    net_json_string(w, "sms", PLAY_SMS_NAMES[play->sms]);
    net_json_begin_array(w, "face_rules");
    const enum code code = play_face_rules(play, write_rule, w);
    pthread_mutex_unlock(&play->lock);
    net_json_end_array(w);
    net_json_end_object(w);
    return finish(x, code);
}

struct wish {
    const char *operation, *fault, *id_number, *decision, *mode;
    bool once;
};
#define CHOICE_FIELD(member, names)                                                                \
    {                                                                                              \
        .name = #member, .kind = NET_JSON_CHOICE, .required = true,                                \
        .offset = offsetof(struct wish, member), .choices = (names)                                \
    }

static enum net_step put_faults(struct net_exchange *x)
{
    static const struct net_json_field fields[] = {
        CHOICE_FIELD(operation, "debit|credit|verify"),
        CHOICE_FIELD(fault, "none|refuse|timeout_before|timeout_after|late_success|late_fail|down|"
                            "slow|wrong_amount|mismatch"),
        {.name = "once",
         .kind = NET_JSON_BOOL,
         .required = true,
         .offset = offsetof(struct wish, once)}};
    struct play *play = play_of(x);
    struct wish wish = {0};
    struct problem problem = {0};
    if (net_read_json(x, &wish, fields, COUNT(fields), &problem) != OK)
        return net_reply_problem(x, &problem);
    const size_t operation = index_of(PLAY_OPERATION_NAMES, PLAY_OPERATIONS, wish.operation);
    const size_t fault = index_of(PLAY_FAULT_NAMES, FAULTS, wish.fault);
    if (!play_fault_fits((enum play_operation)operation, (enum play_fault)fault)) {
        (void)problem_set(&problem, CODE_REQUEST_INVALID, CHARGED_NOT_INVOLVED);
        (void)problem_field(&problem, "/fault", CODE_REQUEST_INVALID, "operation");
        return net_reply_problem(x, &problem);
    }
    pthread_mutex_lock(&play->lock);
    play->faults[operation] = (enum play_fault)fault;
    play->once[operation] = wish.once;
    pthread_mutex_unlock(&play->lock);
    return reply_state(x);
}

static enum code set_face(struct play *play, void *context)
{
    const struct wish *wish = context;
    const enum play_face face = (enum play_face)index_of(PLAY_FACE_NAMES, FACES, wish->decision);
    if (face == FACES)
        return play_face_rules_clear(play, wish->id_number);
    if (wish->id_number != NULL)
        return play_face_rule_set(play, wish->id_number, face);
    play->face = face;
    return OK;
}

static enum net_step put_face(struct net_exchange *x)
{
    static const struct net_json_field fields[] = {
        {.name = "id_number",
         .kind = NET_JSON_TEXT,
         .offset = offsetof(struct wish, id_number),
         .min = 18,
         .max = 18},
        CHOICE_FIELD(decision, "pass|fail|slow|down|default")};
    struct wish wish = {0};
    struct problem problem = {0};
    if (net_read_json(x, &wish, fields, COUNT(fields), &problem) != OK)
        return net_reply_problem(x, &problem);
    // "default" takes back the rule of one person.
    if (wish.id_number == NULL && text_equal(wish.decision, "default")) {
        (void)problem_set(&problem, CODE_REQUEST_INVALID, CHARGED_NOT_INVOLVED);
        (void)problem_field(&problem, "/id_number", CODE_REQUEST_INVALID, "missing");
        return net_reply_problem(x, &problem);
    }
    const enum code code = play_change(play_of(x), set_face, &wish);
    return code == OK ? reply_state(x) : net_reply_code(x, code, CHARGED_NOT_INVOLVED);
}

static enum net_step put_sms(struct net_exchange *x)
{
    static const struct net_json_field fields[] = {CHOICE_FIELD(mode, "deliver|drop|delay")};
    struct play *play = play_of(x);
    struct wish wish = {0};
    struct problem problem = {0};
    if (net_read_json(x, &wish, fields, COUNT(fields), &problem) != OK)
        return net_reply_problem(x, &problem);
    pthread_mutex_lock(&play->lock);
    play->sms = (enum play_sms)index_of(PLAY_SMS_NAMES, SMS_MODES, wish.mode);
    pthread_mutex_unlock(&play->lock);
    return reply_state(x);
}

static enum code clear(struct play *play, void *unused)
{
    (void)unused;
    memset(play->faults, 0, sizeof play->faults);
    memset(play->once, 0, sizeof play->once);
    play->face = FACE_PASS;
    play->sms = SMS_DELIVER;
    play_scripts_clear(play);
    return play_face_rules_clear(play, NULL);
}

static enum net_step post_reset(struct net_exchange *x)
{
    const enum code code = play_change(play_of(x), clear, NULL);
    return code == OK ? reply_state(x) : net_reply_code(x, code, CHARGED_NOT_INVOLVED);
}

#define API "/sandbox/api/"
const struct net_route PLAY_CONTROL_ROUTES[] = {
    {"GET", API "messages", "messages", get_messages, NET_NO_LOG, 0, NULL},
    {"GET", API "bank", "bank", get_bank, NET_NO_LOG, 0, NULL},
    {"GET", API "state", "state", reply_state, NET_NO_LOG, 0, NULL},
    {"PUT", API "bank/faults", "setFault", put_faults, 0, 0, NULL},
    {"PUT", API "face", "setFace", put_face, 0, 0, NULL},
    {"PUT", API "sms", "setSms", put_sms, 0, 0, NULL},
    {"GET", API "carrier", "carrier", get_carrier, NET_NO_LOG, 0, NULL},
    {"PUT", API "carrier", "setCarrier", put_carrier, 0, 0, NULL},
    {"POST", API "reset", "reset", post_reset, NET_ANY_BODY, 0, NULL},
};
const size_t PLAY_CONTROL_ROUTE_COUNT = COUNT(PLAY_CONTROL_ROUTES);
