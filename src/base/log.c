// Log: one JSON object per line on stderr. Lines gather in one buffer and leave it in whole lines,
// so that lines of threads never mix.
#include "base/base.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

enum { PENDING_MAX = 16384 };

static _Atomic int threshold = LOG_INFO;
static _Atomic bool gathering;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct buffer pending; // under the lock

void log_set_level(enum log_level level)
{
    atomic_store(&threshold, (int)level);
}

void log_gather(bool on)
{
    atomic_store(&gathering, on);
}

// A log that cannot be written must not stop a payment: what the system refuses is lost.
static void write_pending(void)
{
    const ssize_t written = write(STDERR_FILENO, pending.data, pending.size);
    (void)written;
    pending.size = 0;
}

void log_flush(void)
{
    pthread_mutex_lock(&lock);
    if (pending.size > 0)
        write_pending();
    pthread_mutex_unlock(&lock);
}

static bool is_plain(char c)
{
    return (unsigned char)c >= 0x20 && c != '"' && c != '\\' && c != 0x7F;
}

static void append_escaped(struct buffer *line, const char *text)
{
    while (*text != '\0') {
        size_t plain = 0;
        while (text[plain] != '\0' && is_plain(text[plain]))
            plain++;
        buffer_append(line, text, plain);
        text += plain;
        if (*text != '\0')
            buffer_format(line, "\\u%04x", (unsigned char)*text++);
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
    time_format_utc(at, env_now(env_system()));
    pthread_mutex_lock(&lock);
    buffer_format(&pending, "{\"ts\":\"%s\",\"level\":\"%s\",\"event\":\"%s\"", at, names[level],
                  event);
    for (size_t i = 0; i < pair_count; i++)
        append_pair(&pending, &pairs[i]);
    buffer_text(&pending, "}\n");
    if (level >= LOG_WARN || !atomic_load(&gathering) || pending.size >= PENDING_MAX)
        write_pending();
    pthread_mutex_unlock(&lock);
}
