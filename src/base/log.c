// Log: one JSON object per line on stderr, in one write, so that lines of threads never mix.
#include "base/base.h"

#include <stdatomic.h>
#include <unistd.h>

static _Atomic int threshold = LOG_INFO;

void log_set_level(enum log_level level)
{
    atomic_store(&threshold, (int)level);
}

static void append_escaped(struct buffer *line, const char *text)
{
    for (; *text != '\0'; text++) {
        const unsigned char c = (unsigned char)*text;
        if (c < 0x20 || c == '"' || c == '\\' || c == 0x7F)
            buffer_format(line, "\\u%04x", c);
        else
            buffer_append(line, text, 1);
    }
}

static void append_pair(struct buffer *line, const struct log_pair *pair)
{
    buffer_format(line, ",\"%s\":", pair->name);
    if (pair->value.type == LOG_VALUE_INT) {
        buffer_format(line, "%lld", (long long)pair->value.integer);
        return;
    }
    buffer_text(line, "\"");
    append_escaped(line, pair->value.text != NULL ? pair->value.text : "");
    buffer_text(line, "\"");
}

void log_write(enum log_level level, const char *event, const struct log_pair *pairs,
               size_t pair_count)
{
    static const char *const names[] = {"debug", "info", "warn", "error"};
    if ((int)level < atomic_load(&threshold))
        return;
    char at[32];
    struct buffer line = {0};
    time_format_utc(at, env_now(env_system()));
    buffer_format(&line, "{\"ts\":\"%s\",\"level\":\"%s\",\"event\":\"%s\"", at, names[level],
                  event);
    for (size_t i = 0; i < pair_count; i++)
        append_pair(&line, &pairs[i]);
    buffer_text(&line, "}\n");
    // A log that cannot be written must not stop a payment.
    const ssize_t written = write(STDERR_FILENO, line.data, line.size);
    (void)written;
    buffer_free(&line);
}
