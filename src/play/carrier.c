// The carriers of the sandbox: what becomes of a message or call to a number, by its script, and
// the reports that are sent back. A script is a list of steps, separated by spaces:
//   ROUTE[N]:CODE@MS[xTIMES]  a report CODE after MS milliseconds, TIMES times; DELIVRD delivers
//   ROUTE[N]:refuse=CODE      not taken      ROUTE[N]:timeout  taken, but never answered
//   ROUTE[N]:silent           taken, nothing else             spam  delivered into the spam folder
// ROUTE is a, b or v (voice); N = only the N-th message on that route. Reports may be in any order.
// K1 Reports are sent without the lock; those that cannot be sent are dropped, as carriers do.
#include "play/play_priv.h"

#include <curl/curl.h>
#include <string.h>

enum { DELIVERY_MS = 150, REPORT_TIMEOUT_MS = 2000, DIGITS = 11 };

// Numbers that bring about one cause each, for developers and clerks in training.
static const struct {
    const char *phone, *cause, *script;
} KNOWN[] = {
    {"02112345678", "C01", ""},
    {"14912345678", "C02", ""},
    {"17099990003", "C03", "a:DELIVRD@15000 b:DELIVRD@15000"},
    {"13899990004", "C04", "a:DELIVRD@300"},
    {"13899990005", "C05", "a:MILIMIT@1500 b:MILIMIT@1500 v:DELIVRD@1000"},
    {"13899990006", "C06", "a:refuse=-8443 b:silent v:DELIVRD@1000"},
    {"13899990007", "C07", "a1:EXPIRED@2000 b1:EXPIRED@2000 a:DELIVRD@1000 b:DELIVRD@1000"},
    {"13899990008", "C08", "a:UNDELIV@1500 b:UNDELIV@1500"},
    {"13899990009", "C09", "a:EMPTY@1500 b:EMPTY@1500"},
    {"13899990010", "C10", "a:BLACK@1500 b:BLACK@1500 v:DELIVRD@1000"},
    {"13899990011", "C11", "a:-8704@1500 b:silent v:DELIVRD@1000"},
    {"13899990012", "C12", "a:DELIVRD@1000 b:DELIVRD@1000 v:DELIVRD@1000 spam"},
    {"13899990013", "C13", "a:DELIVRD@300"},
    {"13899990014", "C07", "a:silent b:silent v:DELIVRD@1000"},
    {"13899990015", "C12", "a:timeout b:DELIVRD@1000"},
    {"17099990010", "C10", "a:BLACK@3000 v:DELIVRD@1000"},
};

struct step {
    char route;       // 'a', 'b', 'v'
    int64_t only;     // 0 = every message
    char code[24];    // of a report, or of a refusal
    int64_t delay_ms; // of a report
    int64_t times;
    enum { STEP_REPORT, STEP_REFUSE, STEP_TIMEOUT, STEP_SILENT } kind;
};

static bool number_from(int64_t *out, const char *text, size_t size)
{
    char digits[8];
    if (size == 0 || size >= sizeof digits)
        return false;
    memcpy(digits, text, size);
    digits[size] = '\0';
    return text_to_int64(out, digits);
}

// "CODE@MS" with an optional "xTIMES".
static bool read_report(struct step *out, const char *what)
{
    const char *at = strchr(what, '@');
    if (at == NULL || at == what || (size_t)(at - what) >= sizeof out->code)
        return false;
    memcpy(out->code, what, (size_t)(at - what));
    const size_t digits = strspn(at + 1, "0123456789");
    out->times = 1;
    if (!number_from(&out->delay_ms, at + 1, digits))
        return false;
    const char *rest = at + 1 + digits;
    return *rest == '\0' || (*rest == 'x' && number_from(&out->times, rest + 1, strlen(rest + 1)) &&
                             out->times >= 1 && out->times <= 10);
}

static bool read_step(struct step *out, const char *text)
{
    *out = (struct step){.route = text[0]};
    const char *colon = strchr(text, ':');
    if (strchr("abv", text[0]) == NULL || colon == NULL ||
        (colon > text + 1 && !number_from(&out->only, text + 1, (size_t)(colon - text) - 1)))
        return false;
    const char *what = colon + 1;
    if (text_starts_with(what, "refuse=")) {
        out->kind = STEP_REFUSE;
        return what[7] != '\0' && text_copy(out->code, sizeof out->code, what + 7);
    }
    if (text_equal(what, "timeout") || text_equal(what, "silent")) {
        out->kind = text_equal(what, "timeout") ? STEP_TIMEOUT : STEP_SILENT;
        return true;
    }
    return read_report(out, what);
}

// The next word; false at the end.
static bool next_word(const char **cursor, char out[64])
{
    *cursor += strspn(*cursor, " ");
    const size_t size = strcspn(*cursor, " ");
    if (size == 0 || size >= 64)
        return false;
    memcpy(out, *cursor, size);
    out[size] = '\0';
    *cursor += size;
    return true;
}

bool play_script_valid(const char *script)
{
    char word[64];
    struct step step;
    const char *cursor = script;
    while (next_word(&cursor, word))
        if (!text_equal(word, "spam") && !read_step(&step, word))
            return false;
    return cursor[strspn(cursor, " ")] == '\0';
}

// --- scripts of numbers ---

static struct play_line *line_of(struct play *play, const char *phone, bool make)
{
    struct play_line *free_line = NULL;
    for (size_t i = 0; i < PLAY_LINES; i++) {
        if (text_equal(play->lines[i].phone, phone))
            return &play->lines[i];
        if (free_line == NULL && play->lines[i].phone[0] == '\0')
            free_line = &play->lines[i];
    }
    if (!make || free_line == NULL)
        return NULL;
    *free_line = (struct play_line){0};
    (void)text_copy(free_line->phone, sizeof free_line->phone, phone);
    for (size_t i = 0; i < sizeof KNOWN / sizeof KNOWN[0]; i++)
        if (text_equal(KNOWN[i].phone, phone))
            (void)text_copy(free_line->script, sizeof free_line->script, KNOWN[i].script);
    return free_line;
}

bool play_script_set(struct play *play, const char *phone, const char *script)
{
    struct play_line *line = line_of(play, phone, true);
    if (line == NULL)
        return false;
    memset(line->sent, 0, sizeof line->sent);
    return text_copy(line->script, sizeof line->script, script);
}

void play_scripts_clear(struct play *play)
{
    memset(play->lines, 0, sizeof play->lines);
}

void play_known_numbers(bool (*visit)(void *context, const char *phone, const char *cause,
                                      const char *script),
                        void *context)
{
    for (size_t i = 0; i < sizeof KNOWN / sizeof KNOWN[0]; i++)
        if (!visit(context, KNOWN[i].phone, KNOWN[i].cause, KNOWN[i].script))
            return;
}

// --- a message is taken ---

static void plan_report(struct play *play, const char *url, const char *code, int64_t at_us,
                        int64_t times)
{
    if (url == NULL || url[0] == '\0')
        return;
    for (size_t i = 0; i < PLAY_REPORTS && times > 0; i++) {
        struct play_report *report = &play->reports[i];
        if (report->at_us != 0)
            continue;
        *report = (struct play_report){.at_us = at_us};
        (void)text_copy(report->url, sizeof report->url, url);
        (void)text_copy(report->code, sizeof report->code, code);
        times--;
    }
}

static size_t route_index(char route)
{
    return route == 'v' ? 2 : route == 'b' ? 1 : 0;
}

// The steps that are meant for this message: those for its number alone, else those for all.
static size_t steps_of(const char *script, char route, int64_t nth, struct step *out, size_t max,
                       bool *out_spam)
{
    size_t count = 0;
    bool own = false;
    *out_spam = false;
    for (int pass = 0; pass < 2 && !own; pass++) {
        char word[64];
        struct step step;
        for (const char *cursor = script; next_word(&cursor, word);) {
            if (text_equal(word, "spam"))
                *out_spam = true;
            else if (read_step(&step, word) && step.route == route &&
                     step.only == (pass == 0 ? nth : 0) && count < max) {
                out[count++] = step;
                own = true;
            }
        }
    }
    return count;
}

// Without a script: as the mode of the SMS network wants it.
static void take_plain(struct play *play, const struct play_sending *in, struct play_taken *out)
{
    const int64_t wait_ms = play->sms == SMS_DELAY ? PLAY_SMS_DELAY_MS : 0;
    const int64_t now_us = play_now(play);
    out->folder = play->sms == SMS_DROP ? FOLDER_NONE : in->voice ? FOLDER_CALL : FOLDER_INBOX;
    out->shown_us = now_us + wait_ms * 1000;
    if (play->sms != SMS_DROP)
        plan_report(play, in->report_url, "DELIVRD", out->shown_us + DELIVERY_MS * 1000, 1);
}

void play_carry(struct play *play, const struct play_sending *in, struct play_taken *out)
{
    struct step steps[16];
    bool spam;
    const char route = in->voice ? 'v' : text_equal(in->route, "b") ? 'b' : 'a';
    struct play_line *line = line_of(play, in->phone, true);
    const int64_t now_us = play_now(play);
    *out = (struct play_taken){.shown_us = now_us};
    const int64_t nth = line != NULL ? ++line->sent[route_index(route)] : 0;
    const size_t count = line != NULL ? steps_of(line->script, route, nth, steps, 16, &spam) : 0;
    if (count == 0) {
        take_plain(play, in, out);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        const struct step *step = &steps[i];
        const int64_t at_us = now_us + step->delay_ms * 1000;
        if (step->kind == STEP_REFUSE)
            (void)text_copy(out->refused, sizeof out->refused, step->code);
        out->timeout = out->timeout || step->kind == STEP_TIMEOUT;
        if (step->kind != STEP_REPORT)
            continue;
        plan_report(play, in->report_url, step->code, at_us, step->times);
        if (text_equal(step->code, "DELIVRD")) {
            out->folder = in->voice ? FOLDER_CALL : spam ? FOLDER_SPAM : FOLDER_INBOX;
            out->shown_us = at_us;
        }
    }
}

// --- reports are sent ---

static void append_escaped(struct buffer *out, const char *text)
{
    for (const char *p = text; *p != '\0'; p++)
        buffer_format(out, "%%%02X", (unsigned)(unsigned char)*p);
}

static size_t swallow(char *data, size_t size, size_t count, void *context)
{
    (void)data, (void)context;
    return size * count;
}

static void post(const struct play_report *report)
{
    struct buffer url = {0};
    buffer_format(&url, "%s?code=", report->url);
    append_escaped(&url, report->code);
    CURL *curl = curl_easy_init();
    if (curl != NULL) {
        curl_easy_setopt(curl, CURLOPT_URL, url.data);
        curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http");
        curl_easy_setopt(curl, CURLOPT_PROXY, "");
        curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
        curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)REPORT_TIMEOUT_MS);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, "");
        curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, swallow);
        if (curl_easy_perform(curl) != CURLE_OK)
            log_event(LOG_WARN, "play.report_lost", LOG_INT("size", url.size));
        curl_easy_cleanup(curl);
    }
    buffer_free(&url);
}

static bool take_due(struct play *play, struct play_report *out)
{
    struct play_report *first = NULL;
    const int64_t now_us = play_now(play);
    pthread_mutex_lock(&play->lock);
    for (size_t i = 0; i < PLAY_REPORTS; i++) {
        struct play_report *report = &play->reports[i];
        if (report->at_us != 0 && report->at_us <= now_us &&
            (first == NULL || report->at_us < first->at_us))
            first = report;
    }
    if (first != NULL) {
        *out = *first;
        first->at_us = 0;
    }
    pthread_mutex_unlock(&play->lock);
    return first != NULL;
}

void play_send_reports(struct play *play)
{
    struct play_report report;
    while (take_due(play, &report))
        post(&report);
}

// Only this machine is reported to.
bool play_report_url_valid(const char *url)
{
    return (text_starts_with(url, "http://127.0.0.1:") ||
            text_starts_with(url, "http://localhost:")) &&
           strpbrk(url, " \r\n?#@") == NULL &&
           strlen(url) < sizeof((struct play_report *)NULL)->url;
}
