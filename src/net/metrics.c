// Metrics: counters, gauges, histograms with labels; Prometheus text format 0.0.4.
// Invariant: series are never removed while the registry lives, so pointers to them stay good.
#include <assert.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "net/net_priv.h"

enum { BUCKETS_MAX = 16, LABELS_MAX = 4, SERIES_MAX = 2000 };

struct net_series {
    struct net_series *next;
    struct net_metric *metric;
    char *labels; // rendered: route="/x",method="GET"
    _Atomic int64_t value;
    _Atomic int64_t sum;
    _Atomic int64_t buckets[BUCKETS_MAX];
};

struct net_metric {
    struct net_metric *next;
    struct net_metrics *registry;
    enum net_metric_kind kind;
    enum net_metric_unit unit;
    const char *name, *help;
    char labels[LABELS_MAX][24];
    size_t label_count;
    int64_t buckets[BUCKETS_MAX];
    size_t bucket_count;
    struct net_series *first;
};

struct net_metrics {
    pthread_mutex_t lock;
    struct net_metric *first;
    size_t series_count;
};

struct net_metrics *net_metrics_new(void)
{
    struct net_metrics *metrics = mem_alloc(sizeof *metrics);
    pthread_mutex_init(&metrics->lock, NULL);
    return metrics;
}

void net_metrics_free(struct net_metrics **metrics_in)
{
    struct net_metrics *metrics = *metrics_in;
    if (metrics == NULL)
        return;
    while (metrics->first != NULL) {
        struct net_metric *metric = metrics->first;
        metrics->first = metric->next;
        while (metric->first != NULL) {
            struct net_series *series = metric->first;
            metric->first = series->next;
            mem_free(series->labels);
            mem_free(series);
        }
        mem_free(metric);
    }
    pthread_mutex_destroy(&metrics->lock);
    mem_free(metrics);
    *metrics_in = NULL;
}

static void split_labels(struct net_metric *metric, const char *labels)
{
    while (*labels != '\0') {
        const size_t size = strcspn(labels, ",");
        assert(metric->label_count < LABELS_MAX && size < sizeof metric->labels[0]);
        memcpy(metric->labels[metric->label_count++], labels, size);
        labels += size;
        if (*labels == ',')
            labels++;
    }
}

static struct net_metric *metric_find(struct net_metrics *metrics, const char *name)
{
    for (struct net_metric *metric = metrics->first; metric != NULL; metric = metric->next)
        if (text_equal(metric->name, name))
            return metric;
    return NULL;
}

struct net_metric *net_metric(struct net_metrics *metrics, enum net_metric_kind kind,
                              enum net_metric_unit unit, const char *name, const char *help,
                              const char *labels, const int64_t *buckets, size_t bucket_count)
{
    assert(bucket_count <= BUCKETS_MAX);
    pthread_mutex_lock(&metrics->lock);
    struct net_metric *metric = metric_find(metrics, name);
    if (metric == NULL) {
        metric = mem_alloc(sizeof *metric);
        metric->registry = metrics;
        metric->kind = kind;
        metric->unit = unit;
        metric->name = name;
        metric->help = help;
        split_labels(metric, labels);
        for (; metric->bucket_count < bucket_count; metric->bucket_count++)
            metric->buckets[metric->bucket_count] = buckets[metric->bucket_count];
        metric->next = metrics->first;
        metrics->first = metric;
    }
    pthread_mutex_unlock(&metrics->lock);
    return metric;
}

static void put_label_value(struct buffer *out, const char *value)
{
    for (; *value != '\0'; value++) {
        if (*value == '\\' || *value == '"')
            buffer_append(out, "\\", 1);
        if (*value == '\n')
            buffer_append(out, "\\n", 2);
        else
            buffer_append(out, value, 1);
    }
}

static void render_labels(struct buffer *out, const struct net_metric *metric,
                          const char *const *values)
{
    for (size_t i = 0; i < metric->label_count; i++) {
        buffer_format(out, "%s%s=\"", i > 0 ? "," : "", metric->labels[i]);
        put_label_value(out, values != NULL ? values[i] : "other");
        buffer_append(out, "\"", 1);
    }
}

static struct net_series *series_find(struct net_metric *metric, const char *labels)
{
    for (struct net_series *series = metric->first; series != NULL; series = series->next)
        if (text_equal(series->labels, labels))
            return series;
    return NULL;
}

static struct net_series *series_make(struct net_metric *metric, const char *labels)
{
    struct net_series *series = mem_alloc(sizeof *series);
    series->metric = metric;
    series->labels = mem_copy_text(labels);
    series->next = metric->first;
    metric->first = series;
    metric->registry->series_count++;
    return series;
}

struct net_series *net_series(struct net_metric *metric, const char *const *values)
{
    struct buffer labels = {0};
    buffer_text(&labels, "");
    render_labels(&labels, metric, values);
    struct net_metrics *metrics = metric->registry;
    pthread_mutex_lock(&metrics->lock);
    struct net_series *series = series_find(metric, labels.data);
    if (series == NULL && metrics->series_count >= SERIES_MAX) {
        labels.size = 0;
        buffer_text(&labels, "");
        render_labels(&labels, metric, NULL);
        series = series_find(metric, labels.data);
    }
    if (series == NULL)
        series = series_make(metric, labels.data);
    pthread_mutex_unlock(&metrics->lock);
    buffer_free(&labels);
    return series;
}

void net_series_add(struct net_series *series, int64_t delta)
{
    atomic_fetch_add_explicit(&series->value, delta, memory_order_relaxed);
}

void net_series_set(struct net_series *series, int64_t value)
{
    atomic_store_explicit(&series->value, value, memory_order_relaxed);
}

void net_series_observe(struct net_series *series, int64_t value)
{
    const struct net_metric *metric = series->metric;
    for (size_t i = 0; i < metric->bucket_count; i++) {
        if (value > metric->buckets[i])
            continue;
        atomic_fetch_add_explicit(&series->buckets[i], 1, memory_order_relaxed);
        break;
    }
    atomic_fetch_add_explicit(&series->sum, value, memory_order_relaxed);
    atomic_fetch_add_explicit(&series->value, 1, memory_order_relaxed);
}

void net_series_set_histogram(struct net_series *series, const int64_t *counts, int64_t sum,
                              int64_t observations)
{
    for (size_t i = 0; i < series->metric->bucket_count; i++)
        atomic_store_explicit(&series->buckets[i], counts[i], memory_order_relaxed);
    atomic_store_explicit(&series->sum, sum, memory_order_relaxed);
    atomic_store_explicit(&series->value, observations, memory_order_relaxed);
}

int64_t net_series_value(const struct net_series *series)
{
    return atomic_load_explicit(&series->value, memory_order_relaxed);
}

// --- rendering ---

static void put_value(struct buffer *out, int64_t value, enum net_metric_unit unit)
{
    if (unit == NET_UNIT_ONE) {
        buffer_format(out, "%lld", (long long)value);
        return;
    }
    const uint64_t size = value < 0 ? 0U - (uint64_t)value : (uint64_t)value;
    buffer_format(out, "%s%llu", value < 0 ? "-" : "", (unsigned long long)(size / 1000000));
    if (size % 1000000 == 0)
        return;
    char places[8];
    (void)snprintf(places, sizeof places, "%06u", (unsigned int)(size % 1000000));
    size_t count = 6;
    while (places[count - 1] == '0')
        places[--count] = '\0';
    buffer_format(out, ".%s", places);
}

static void put_sample(struct buffer *out, const struct net_series *series, const char *suffix,
                       int64_t value, enum net_metric_unit unit)
{
    buffer_format(out, "%s%s", series->metric->name, suffix);
    if (series->labels[0] != '\0')
        buffer_format(out, "{%s}", series->labels);
    buffer_append(out, " ", 1);
    put_value(out, value, unit);
    buffer_append(out, "\n", 1);
}

static void put_bucket(struct buffer *out, const struct net_series *series, const int64_t *bound,
                       int64_t count)
{
    buffer_format(out, "%s_bucket{%s%sle=\"", series->metric->name, series->labels,
                  series->labels[0] != '\0' ? "," : "");
    if (bound != NULL)
        put_value(out, *bound, series->metric->unit);
    else
        buffer_text(out, "+Inf");
    buffer_format(out, "\"} %lld\n", (long long)count);
}

static void put_histogram(struct buffer *out, const struct net_series *series)
{
    const struct net_metric *metric = series->metric;
    // A route nobody called yet would only cost the scraper sixteen series.
    if (net_series_value(series) == 0)
        return;
    // Read the count first: buckets counted later must not exceed +Inf.
    int64_t below = 0, total = atomic_load(&series->value);
    for (size_t i = 0; i < metric->bucket_count; i++) {
        below += atomic_load(&series->buckets[i]);
        total = below > total ? below : total;
        put_bucket(out, series, &metric->buckets[i], below);
    }
    put_bucket(out, series, NULL, total);
    put_sample(out, series, "_sum", atomic_load(&series->sum), metric->unit);
    put_sample(out, series, "_count", total, NET_UNIT_ONE);
}

static void put_metric(struct buffer *out, const struct net_metric *metric)
{
    static const char *const kinds[] = {"counter", "gauge", "histogram"};
    buffer_format(out, "# HELP %s %s\n# TYPE %s %s\n", metric->name, metric->help, metric->name,
                  kinds[metric->kind]);
    for (const struct net_series *series = metric->first; series != NULL; series = series->next) {
        if (metric->kind == NET_HISTOGRAM)
            put_histogram(out, series);
        else
            put_sample(out, series, "", net_series_value(series), metric->unit);
    }
}

// --- the process, from /proc/self ---

static size_t read_file(char *out, size_t capacity, const char *path)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    const ssize_t got = read(fd, out, capacity - 1);
    close(fd);
    out[got > 0 ? got : 0] = '\0';
    return got > 0 ? (size_t)got : 0;
}

static void put_process(struct buffer *out, const char *name, const char *help, const char *kind,
                        int64_t value, enum net_metric_unit unit)
{
    buffer_format(out, "# HELP %s %s\n# TYPE %s %s\n%s ", name, help, name, kind, name);
    put_value(out, value, unit);
    buffer_append(out, "\n", 1);
}

static int64_t open_descriptors(void)
{
    DIR *folder = opendir("/proc/self/fd");
    int64_t count = -3; // ".", ".." and the folder itself
    while (folder != NULL && readdir(folder) != NULL)
        count++;
    if (folder != NULL)
        closedir(folder);
    return count > 0 ? count : 0;
}

static void put_memory(struct buffer *out)
{
    char text[128];
    if (read_file(text, sizeof text, "/proc/self/statm") == 0)
        return;
    char *end;
    const int64_t page = sysconf(_SC_PAGESIZE);
    const int64_t all = strtoll(text, &end, 10), resident = strtoll(end, NULL, 10);
    put_process(out, "process_virtual_memory_bytes", "Virtual memory.", "gauge", all * page,
                NET_UNIT_ONE);
    put_process(out, "process_resident_memory_bytes", "Resident memory.", "gauge", resident * page,
                NET_UNIT_ONE);
}

static void put_processes(struct buffer *out)
{
    struct rusage usage;
    if (getrusage(RUSAGE_SELF, &usage) == 0) {
        const int64_t cpu = (int64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 +
                            usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
        put_process(out, "process_cpu_seconds_total", "User and system time.", "counter", cpu,
                    NET_UNIT_MICROSECONDS);
    }
    put_memory(out);
    put_process(out, "process_open_fds", "Open file descriptors.", "gauge", open_descriptors(),
                NET_UNIT_ONE);
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
        put_process(out, "process_max_fds", "Limit of file descriptors.", "gauge",
                    (int64_t)limit.rlim_cur, NET_UNIT_ONE);
}

void net_metrics_render(struct net_metrics *metrics, struct buffer *out)
{
    pthread_mutex_lock(&metrics->lock);
    for (const struct net_metric *metric = metrics->first; metric != NULL; metric = metric->next)
        put_metric(out, metric);
    pthread_mutex_unlock(&metrics->lock);
    put_processes(out);
}

enum net_step net_metrics_handler(struct net_exchange *x)
{
    struct net_metrics *metrics = x->server->metrics;
    if (x->route->route->detail != NULL)
        metrics = (struct net_metrics *)(uintptr_t)x->route->route->detail;
    x->reply.size = 0;
    net_metrics_render(metrics, &x->reply);
    x->content_type = "text/plain; version=0.0.4; charset=utf-8";
    x->status = 200;
    return NET_DONE;
}
