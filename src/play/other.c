// Phones and face check of the sandbox.
#include "play/play_priv.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct asked {
    struct id id;
    const char *phone, *text, *name, *id_number, *route, *report_url;
};
#define ID_FIELD                                                                                   \
    {                                                                                              \
        .name = "id", .kind = NET_JSON_ID, .required = true, .offset = offsetof(struct asked, id), \
        .choices = ""                                                                              \
    }
#define TEXT_FIELD(member, longest)                                                                \
    {                                                                                              \
        .name = #member, .kind = NET_JSON_TEXT, .required = true,                                  \
        .offset = offsetof(struct asked, member), .min = 1, .max = (longest)                       \
    }
static const struct net_json_field PERSON_FIELDS[] = {ID_FIELD, TEXT_FIELD(name, 127),
                                                      TEXT_FIELD(id_number, 18)};

static enum net_step reply_status(struct net_exchange *x, int http, const struct id *id,
                                  const char *status, const char *reason)
{
    struct net_json_writer *w = net_reply_writer(x);
    net_json_begin_object(w, NULL);
    net_json_id(w, "id", "", id);
    net_json_string(w, "status", status);
    if (reason != NULL)
        net_json_string(w, "reason", reason);
    net_json_end_object(w);
    return net_reply_json(x, http);
}

static enum net_step closed_now(struct net_exchange *x)
{
    struct problem problem = {.retry_after_s = 60,
                              .until_us = play_now(play_of(x)) + INT64_C(60000000)};
    (void)problem_set(&problem, CODE_MAINTENANCE, CHARGED_NOT_INVOLVED);
    return net_reply_problem(x, &problem);
}

// --- phones
// ---------------------------------------------------------------------------------------

static enum code put_message(struct play *play, const struct id *id, const char *phone,
                             const char *sender, const char *text, const struct play_taken *taken)
{
    struct play_message message = {.id = *id, .at_us = taken->shown_us, .folder = taken->folder};
    (void)text_copy(message.phone, sizeof message.phone, phone);
    (void)text_copy(message.sender, sizeof message.sender, sender);
    (void)text_copy(message.text, sizeof message.text, text);
    return play_message_add(play, &message);
}

enum code play_deliver(struct play *play, const struct id *id, const char *phone,
                       const char *sender, const char *text)
{
    const int64_t wait_us = play->sms == SMS_DELAY ? INT64_C(1000) * PLAY_SMS_DELAY_MS : 0;
    const struct play_taken taken = {.shown_us = play_now(play) + wait_us,
                                     .folder = play->sms == SMS_DROP ? FOLDER_NONE : FOLDER_INBOX};
    return put_message(play, id, phone, sender, text, &taken);
}

// The signature in 【】 or [] at the start names the sender, as phones show it.
static void sender_of(char out[64], const char *text)
{
    const bool chinese = text_starts_with(text, "【");
    const char *open = chinese ? "【" : "[", *close = chinese ? "】" : "]";
    const char *end = strstr(text, close);
    (void)text_copy(out, 64, "SMS");
    if (!text_starts_with(text, open) || end == NULL)
        return;
    const size_t size = (size_t)(end - text) - strlen(open);
    if (size == 0 || size >= 64)
        return;
    memcpy(out, text + strlen(open), size);
    out[size] = '\0';
}

struct sms_call {
    const struct asked *asked;
    struct play_taken taken;
};

static enum code deliver_sms(struct play *play, void *context)
{
    struct sms_call *call = context;
    const struct asked *asked = call->asked;
    const struct play_sending sending = {.phone = asked->phone,
                                         .route = asked->route,
                                         .report_url = asked->report_url,
                                         .voice = text_equal(asked->route, "voice")};
    char sender[64];
    play_carry(play, &sending, &call->taken);
    if (call->taken.refused[0] != '\0')
        return OK;
    sender_of(sender, asked->text);
    return put_message(play, &asked->id, asked->phone, sender, asked->text, &call->taken);
}

static enum net_step post_sms(struct net_exchange *x)
{
    static const struct net_json_field fields[] = {
        ID_FIELD,
        TEXT_FIELD(phone, 32),
        TEXT_FIELD(text, 1024),
        {"route", NET_JSON_CHOICE, false, offsetof(struct asked, route), 0, 0, "a|b|voice", NULL,
         0},
        {"report_url", NET_JSON_TEXT, false, offsetof(struct asked, report_url), 1, 255, NULL, NULL,
         0},
    };
    struct asked asked = {.route = "a"};
    struct problem problem = {0};
    struct sms_call call = {.asked = &asked};
    if (net_read_json(x, &asked, fields, COUNT(fields), &problem) != OK)
        return net_reply_problem(x, &problem);
    if (strlen(asked.phone) != 11 || !text_all_digits(asked.phone) || asked.phone[0] != '1')
        return reply_status(x, 422, &asked.id, "refused", "number");
    if (strlen(asked.text) >= sizeof((struct play_message *)NULL)->text)
        return reply_status(x, 422, &asked.id, "refused", "too_long");
    if (asked.report_url != NULL && !play_report_url_valid(asked.report_url))
        return reply_status(x, 422, &asked.id, "refused", "report_url");
    const enum code code = play_change(play_of(x), deliver_sms, &call);
    if (code != OK)
        return net_reply_code(x, code, CHARGED_NOT_INVOLVED);
    if (call.taken.refused[0] != '\0')
        return reply_status(x, 422, &asked.id, "refused", call.taken.refused);
    if (call.taken.timeout)
        play_sleep_ms(play_of(x), PLAY_TIMEOUT_MS);
    return reply_status(x, 202, &asked.id, "accepted", NULL);
}

// --- face
// -----------------------------------------------------------------------------------------

struct face_call {
    const struct asked *asked;
    bool down;
    int state; // of play_face_get
};

// The rule of the person, else the one for everybody.
static enum code face_rule(struct play *play, const char *id_number, enum play_face *out)
{
    int64_t rule;
    GUARD(play_face_rule(play, id_number, &rule));
    *out = rule >= 0 && rule < FACES ? (enum play_face)rule : play->face;
    return OK;
}

static enum code start_face(struct play *play, void *context)
{
    struct face_call *call = context;
    enum play_face face;
    GUARD(face_rule(play, call->asked->id_number, &face));
    call->down = face == FACE_DOWN;
    if (call->down)
        return OK;
    const int64_t wait_us = face == FACE_SLOW ? INT64_C(1000) * PLAY_FACE_SLOW_MS : 0;
    const int64_t now_us = play_now(play);
    GUARD(play_face_put(play, &call->asked->id, face != FACE_FAIL, now_us + wait_us));
    return play_face_get(play, &call->asked->id, now_us, &call->state);
}

static enum net_step reply_face(struct net_exchange *x, const struct id *id, int state)
{
    static const char *const NAMES[] = {"", "passed", "failed", "pending"};
    return reply_status(x, 200, id, NAMES[state], NULL);
}

static enum net_step post_face(struct net_exchange *x)
{
    struct asked asked = {0};
    struct problem problem = {0};
    struct face_call call = {.asked = &asked};
    if (net_read_json(x, &asked, PERSON_FIELDS, COUNT(PERSON_FIELDS), &problem) != OK)
        return net_reply_problem(x, &problem);
    const enum code code = play_change(play_of(x), start_face, &call);
    if (code != OK)
        return net_reply_code(x, code, CHARGED_NOT_INVOLVED);
    return call.down ? closed_now(x) : reply_face(x, &asked.id, call.state);
}

static enum net_step get_face(struct net_exchange *x)
{
    struct play *play = play_of(x);
    struct id id;
    int state = 0;
    if (!id_parse(&id, "", net_param(x, "id")))
        return net_reply_code(x, CODE_REQUEST_INVALID, CHARGED_NOT_INVOLVED);
    pthread_mutex_lock(&play->lock);
    const bool down = play->face == FACE_DOWN;
    const enum code code = play_face_get(play, &id, play_now(play), &state);
    pthread_mutex_unlock(&play->lock);
    if (code != OK)
        return net_reply_code(x, code, CHARGED_NOT_INVOLVED);
    if (down)
        return closed_now(x);
    if (state == 0)
        return net_reply_code(x, CODE_NOT_FOUND, CHARGED_NOT_INVOLVED);
    return reply_face(x, &id, state);
}

const struct net_route PLAY_OTHER_ROUTES[] = {
    {"POST", "/sms", "sms", post_sms, 0, 0, NULL},
    {"POST", "/face", "faceStart", post_face, 0, 0, NULL},
    {"GET", "/face/{id}", "faceInquire", get_face, 0, 0, NULL},
};
const size_t PLAY_OTHER_ROUTE_COUNT = COUNT(PLAY_OTHER_ROUTES);
