// Queues "sms" and "ladder": codes over their routes, and news. The texts are data
// (spec/profiles/sms-templates); every text begins with the signature.
#include "jobs/jobs_priv.h"

#include <stdio.h>
#include <string.h>

static const int64_t MINUTE_US = INT64_C(60000000);
enum { SMS_ATTEMPTS_MAX = 12, CODE_REF = sizeof(struct id) + 1 };

// Texts without a code.
static const struct {
    const char *purpose, *zh, *en;
} NEWS[] = {
    {"wallet.opened", "您的钱包已开通，可以开始使用。", "Your wallet is open and ready to use."},
    {"maintenance.over", "系统已恢复。您填写的内容都在，打开通宝即可从刚才的步骤继续。",
     "We are back. What you entered is kept; open the app to go on at the same step."},
    // Of locks; the case number stands where others have their code.
    {"lock.L01", "登录已锁定，您的资金安全。编号 {case}。",
     "Log-in locked. Your money is safe. Case {case}."},
    {"lock.L02", "支付密码已锁定，您仍可收款。编号 {case}。",
     "PIN locked; you can still receive. Case {case}."},
    {"lock.L03",
     "新设备在不常用的地点登录，请在常用设备上确认。不是您？请拒绝并修改密码。编号 {case}。",
     "A new device wants to log in from an unusual place. Confirm or refuse it on your usual "
     "device. Case {case}."},
    {"lock.L04", "有一笔转账需要您确认，未扣款。编号 {case}。",
     "A transfer needs your word. Not charged. Case {case}."},
    {"lock.L05", "您的证件已到期，上传新证件即可恢复转账。编号 {case}。",
     "Your document has expired. Send the new one to go on with transfers. Case {case}."},
    {"lock.L06", "请核对您的手机号是否仍由您使用。编号 {case}。",
     "Please confirm your phone number. Case {case}."},
    {"lock.L07", "钱包已冻结，仅可收款。解冻请在“安全中心”办理。编号 {case}。",
     "Your wallet is frozen; it can only receive. Case {case}."},
    {"lock.L08", "付款已暂停，请打开通宝查看原因。编号 {case}。",
     "Payments are paused. Open the app to see why. Case {case}."},
    {"lock.L09", "付款已暂停，请打开通宝查看原因。编号 {case}。",
     "Payments are paused. Open the app to see why. Case {case}."},
    {"lock.L10", "因我们的系统问题，部分功能暂停，到时自动恢复。很抱歉。编号 {case}。",
     "A fault on our side pauses some functions; it ends by itself. Sorry. Case {case}."},
    {"lock.ended", "锁定已解除。编号 {case}。", "The lock is over. Case {case}."},
    {"lock.asked", "资料已收到，我们会按期处理。编号 {case}。",
     "We have your documents. Case {case}."},
    {"lock.refused", "资料不足以解除锁定，您可以补充后再次提交。编号 {case}。",
     "What you sent is not enough yet; you may add to it. Case {case}."},
    {"lock.late", "处理已超过期限，已自动交给上级负责。很抱歉。编号 {case}。",
     "We missed our deadline; the case went to the next level. Sorry. Case {case}."},
    {"unfreeze.planned", "钱包将于一小时后解冻。不是您？请立即再次冻结。编号 {case}。",
     "Your wallet will be unfrozen in an hour. Not you? Freeze it again now. Case {case}."},
};

static void put_all(struct buffer *out, const char *text, const char *signature, const char *code,
                    int32_t minutes)
{
    char number[16];
    (void)snprintf(number, sizeof number, "%d", minutes);
    const struct {
        const char *name, *value;
    } places[] = {{"{signature}", signature}, {"{code}", code}, {"{minutes}", number}};
    while (*text != '\0') {
        size_t i = 0;
        while (i < 3 && !text_starts_with(text, places[i].name))
            i++;
        if (i == 3) {
            buffer_append(out, text++, 1);
            continue;
        }
        buffer_text(out, places[i].value);
        text += strlen(places[i].name);
    }
}

void jobs_sms_code_text(struct buffer *out, const struct jobs_options *options, const char *purpose,
                        const char *code, int32_t life_minutes, bool english)
{
    const int32_t today = time_business_date(env_now(options->env));
    put_all(out, guard_sms_template(options->profiles, purpose, english, today),
            english ? options->signature_en : options->signature, code, life_minutes);
}

// --- codes ---

static struct ports_sms *route_of(const struct jobs_options *options, enum otp_route route)
{
    if (route == OTP_VOICE)
        return options->voice;
    return route == OTP_SMS_B && options->sms_b != NULL ? options->sms_b : options->sms;
}

struct sent {
    const struct jobs_options *options;
    const struct otp_letter *letter;
    enum otp_sending sending;
    struct ports_sms_answer answer;
};

static struct otp otp_of(const struct jobs_options *options)
{
    return onboard_otp(options->onboard);
}

static enum code sent_run(struct db *db, void *context)
{
    const struct sent *sent = context;
    const struct otp otp = otp_of(sent->options);
    return otp_sent(db, &otp, sent->letter, sent->sending, sent->answer.gateway_id,
                    sent->answer.reason);
}

static enum ports_outcome post_code(const struct jobs_options *options,
                                    const struct otp_letter *letter, struct ports_sms_answer *out)
{
    struct buffer text = {0}, url = {0};
    struct ports_sms *port = route_of(options, letter->route);
    if (options->report_base != NULL && options->report_base[0] != '\0')
        buffer_format(&url, "%s/sms/reports/%s", options->report_base, letter->token);
    jobs_sms_code_text(&text, options, letter->purpose, letter->code, letter->life_minutes,
                       letter->language == PARTY_EN);
    const struct ports_message message = {letter->message, letter->phone, text.data, url.data};
    const enum ports_outcome outcome = ports_sms_send(port, &message, out);
    mem_wipe(text.data, text.size);
    buffer_free(&text);
    buffer_free(&url);
    return outcome;
}

// What no connection was made for goes over the other route at once; without one it is tried again
// until the code is of no use any more. What may have been taken is never sent again: the ladder
// decides.
static void send_letter(const struct jobs_options *options, const struct party_outbox *row,
                        const struct otp_letter *letter)
{
    struct sent sent = {.options = options, .letter = letter};
    if (route_of(options, letter->route) == NULL) {
        (void)text_copy(sent.answer.reason, sizeof sent.answer.reason, "GATEWAY");
        sent.sending = OTP_REFUSED;
    } else {
        const enum ports_outcome outcome = post_code(options, letter, &sent.answer);
        sent.sending = outcome == PORTS_DONE      ? OTP_ACCEPTED
                       : outcome == PORTS_REFUSED ? OTP_REFUSED
                                                  : OTP_UNCLEAR;
    }
    if (sent.sending == OTP_UNCLEAR && sent.answer.nothing_sent) {
        if (letter->route != OTP_SMS_A || options->sms_b == NULL) {
            jobs_put_off(options, row, SMS_ATTEMPTS_MAX);
            return;
        }
        (void)text_copy(sent.answer.reason, sizeof sent.answer.reason, "GATEWAY");
        sent.sending = OTP_REFUSED;
    }
    if (sent.sending == OTP_REFUSED)
        log_event(LOG_WARN, "jobs.sms_refused", LOG_INT("seq", row->seq));
    if (jobs_commit(options, sent_run, &sent) == OK)
        jobs_finish(options, row);
    else
        jobs_put_off(options, row, SMS_ATTEMPTS_MAX);
}

static void handle_code(const struct jobs_options *options, const struct party_outbox *row)
{
    struct otp_letter letter;
    const struct otp otp = otp_of(options);
    struct db *db = db_pool_take(options->pool);
    const enum code code = otp_letter(db, &otp, row->ref, row->ref_size, &letter);
    db_pool_give(options->pool, db);
    if (code == OK)
        send_letter(options, row, &letter);
    else if (code == CODE_NOT_FOUND)
        jobs_finish(options, row); // not wanted any more
    else
        jobs_put_off(options, row, SMS_ATTEMPTS_MAX);
    mem_wipe(&letter, sizeof letter);
}

// --- the ladder ---

struct rung {
    const struct jobs_options *options;
    const struct party_outbox *row;
};

static enum code rung_run(struct db *db, void *context)
{
    const struct rung *rung = context;
    const struct otp otp = otp_of(rung->options);
    const enum code code = otp_ladder(db, &otp, rung->row->ref, rung->row->ref_size);
    ENSURE(code == OK || code == CODE_NOT_FOUND, code);
    return party_outbox_done(db, rung->row->seq, env_now(rung->options->env));
}

void jobs_handle_ladder(const struct jobs_options *options, const struct party_outbox *row,
                        struct arena *arena)
{
    struct rung rung = {options, row};
    (void)arena;
    if (jobs_commit(options, rung_run, &rung) != OK)
        jobs_put_off(options, row, SMS_ATTEMPTS_MAX);
}

// --- news ---

// What onboard/ wrote: five lines; the code is "-" in what has none.
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

// The same for the same row after a crash, another for every row.
static struct id message_id(const struct party_outbox *row)
{
    struct id id = {{0}};
    memcpy(id.bytes, row->ref, row->ref_size < sizeof id.bytes ? row->ref_size : sizeof id.bytes);
    memcpy(id.bytes + sizeof id.bytes - sizeof row->seq, &row->seq, sizeof row->seq);
    return id;
}

// `code` stands in the place of {case}.
static bool news_text(struct buffer *out, const struct jobs_options *options, const char *purpose,
                      const char *code, bool english)
{
    size_t i = 0;
    while (i < sizeof NEWS / sizeof NEWS[0] && !text_equal(NEWS[i].purpose, purpose))
        i++;
    if (i == sizeof NEWS / sizeof NEWS[0])
        return false;
    const char *text = english ? NEWS[i].en : NEWS[i].zh;
    const char *place = strstr(text, "{case}");
    buffer_format(out, english ? "[%s] " : "【%s】",
                  english ? options->signature_en : options->signature);
    buffer_append(out, text, place != NULL ? (size_t)(place - text) : strlen(text));
    if (place != NULL)
        buffer_format(out, "%s%s", code, place + strlen("{case}"));
    return true;
}

static enum ports_outcome post_news(const struct jobs_options *options,
                                    const struct party_outbox *row, const struct letter *letter)
{
    struct buffer text = {0};
    const bool english = text_equal(letter->lines[LINE_LANGUAGE], "en");
    if (!news_text(&text, options, letter->lines[LINE_PURPOSE], letter->lines[LINE_CODE], english))
        return PORTS_REFUSED;
    const struct ports_message message = {message_id(row), letter->lines[LINE_PHONE], text.data,
                                          NULL};
    const enum ports_outcome outcome = ports_sms_send(options->sms, &message, NULL);
    if (outcome == PORTS_REFUSED)
        log_event(LOG_WARN, "jobs.sms_refused", LOG_INT("seq", row->seq));
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
    if (row->ref_size == CODE_REF) {
        handle_code(options, row);
        return;
    }
    if (!read_letter(&letter, row)) {
        log_event(LOG_ERROR, "jobs.sms_unreadable", LOG_INT("seq", row->seq));
        jobs_finish(options, row);
        return;
    }
    const bool late = env_now(options->env) >= row->created_us + letter.minutes * MINUTE_US;
    const enum ports_outcome outcome = late ? PORTS_REFUSED : post_news(options, row, &letter);
    mem_wipe(&letter, sizeof letter);
    if (outcome == PORTS_DONE || outcome == PORTS_REFUSED)
        jobs_finish(options, row);
    else
        jobs_put_off(options, row, SMS_ATTEMPTS_MAX);
}
