// Queue "sms": the texts of codes and of news in both languages, and their sending. Every text
// begins with the signature; that of a code says what for and how long, and that nobody else may
// ask for it.
#include "jobs/jobs_priv.h"

#include <string.h>

static const int64_t MINUTE_US = INT64_C(60000000);
enum { SMS_ATTEMPTS_MAX = 12 };

static const struct {
    const char *purpose, *zh, *en;
} PURPOSES[] = {
    {"otp.open", "用于开通钱包", "to open your wallet"},
    {"otp.login", "用于登录", "to log in"},
    {"otp.reset", "用于重设密码", "to reset your password"},
    {"otp.phone", "用于更换手机号", "to change your phone number"},
    {"", "用于身份验证", "to confirm that it is you"}, // any other
};

// Texts without a code.
static const struct {
    const char *purpose, *zh, *en;
} NEWS[] = {
    {"wallet.opened", "您的钱包已开通，可以开始使用。", "Your wallet is open and ready to use."},
    {"maintenance.over", "系统已恢复。您填写的内容都在，打开通宝即可从刚才的步骤继续。",
     "We are back. What you entered is kept; open the app to go on at the same step."},
};

static bool news_text(struct buffer *out, const struct jobs_options *options, const char *purpose,
                      bool english)
{
    for (size_t i = 0; i < sizeof NEWS / sizeof NEWS[0]; i++)
        if (text_equal(NEWS[i].purpose, purpose)) {
            buffer_format(out, "【%s】%s", english ? options->signature_en : options->signature,
                          english ? NEWS[i].en : NEWS[i].zh);
            return true;
        }
    return false;
}

void jobs_sms_code_text(struct buffer *out, const struct jobs_options *options, const char *purpose,
                        const char *code, int32_t life_minutes, bool english)
{
    size_t i = 0;
    while (PURPOSES[i].purpose[0] != '\0' && !text_equal(PURPOSES[i].purpose, purpose))
        i++;
    if (english)
        buffer_format(out,
                      "【%s】%s is your code %s, valid for %d min. Anyone who asks you for it is a "
                      "fraud.",
                      options->signature_en, code, PURPOSES[i].en, life_minutes);
    else
        buffer_format(out, "【%s】验证码 %s，%s，%d 分钟内有效。任何人向您索要都是诈骗，请勿告知。",
                      options->signature, code, PURPOSES[i].zh, life_minutes);
}

// What guard/ and onboard/ wrote: five lines; the code is "-" in what has none.
enum { LINE_PURPOSE, LINE_PHONE, LINE_CODE, LINE_LANGUAGE, LINE_MINUTES, LINES };

struct letter {
    char lines[LINES][48];
    int64_t minutes;
};

static bool read_letter(struct letter *out, const struct party_outbox *row)
{
    const char *at = row->payload, *end = at + row->payload_size;
    *out = (struct letter){0};
    for (size_t i = 0; i < LINES; i++) {
        const char *stop = at < end ? memchr(at, '\n', (size_t)(end - at)) : NULL;
        const size_t size = (size_t)((stop != NULL ? stop : end) - at);
        if (size == 0 || size >= sizeof out->lines[i])
            return false;
        memcpy(out->lines[i], at, size);
        at += size + (stop != NULL ? 1 : 0);
    }
    return at == end && text_to_int64(&out->minutes, out->lines[LINE_MINUTES]);
}

// The same for the same row after a crash, another for every row: a resend is a message of its own.
static struct id message_id(const struct party_outbox *row)
{
    struct id id = {{0}};
    memcpy(id.bytes, row->ref, row->ref_size < sizeof id.bytes ? row->ref_size : sizeof id.bytes);
    memcpy(id.bytes + sizeof id.bytes - sizeof row->seq, &row->seq, sizeof row->seq);
    return id;
}

static enum ports_outcome post(const struct jobs_options *options, const struct party_outbox *row,
                               const struct letter *letter)
{
    struct buffer text = {0};
    char reason[32] = "";
    const bool english = text_equal(letter->lines[LINE_LANGUAGE], "en");
    if (!news_text(&text, options, letter->lines[LINE_PURPOSE], english))
        jobs_sms_code_text(&text, options, letter->lines[LINE_PURPOSE], letter->lines[LINE_CODE],
                           (int32_t)letter->minutes, english);
    const struct ports_message message = {message_id(row), letter->lines[LINE_PHONE], text.data};
    const enum ports_outcome outcome = ports_sms_send(options->sms, &message, reason);
    if (outcome == PORTS_REFUSED)
        log_event(LOG_WARN, "jobs.sms_refused", LOG_INT("seq", row->seq));
    mem_wipe(text.data, text.size);
    buffer_free(&text);
    return outcome;
}

// An unclear outcome is sent again under the same id until its time is over; then it is of no use
// to anybody.
void jobs_handle_sms(const struct jobs_options *options, const struct party_outbox *row,
                     struct arena *arena)
{
    struct letter letter;
    (void)arena;
    if (!read_letter(&letter, row)) {
        log_event(LOG_ERROR, "jobs.sms_unreadable", LOG_INT("seq", row->seq));
        jobs_finish(options, row);
        return;
    }
    const bool late = env_now(options->env) >= row->created_us + letter.minutes * MINUTE_US;
    const enum ports_outcome outcome = late ? PORTS_REFUSED : post(options, row, &letter);
    mem_wipe(&letter, sizeof letter);
    if (outcome == PORTS_DONE || outcome == PORTS_REFUSED)
        jobs_finish(options, row);
    else
        jobs_put_off(options, row, SMS_ATTEMPTS_MAX);
}
