/*
 * metrics.c - counters and histograms under one lock, so that a reader sees sums that agree.
 */
#include "milter/metrics.h"

#include <pthread.h>
#include <string.h>
#include <time.h>

/* Pairs of action and reason. All that exist fit; a pair too many would be counted under "other". */
#define MAX_PAIRS   64
#define MAX_BUCKETS 16

struct pair {
    const char *action, *reason;
    unsigned long long n;
};

struct histogram {
    const char *name, *unit, *help;
    const char *le[MAX_BUCKETS]; /* upper bounds as they are printed; the last is "+Inf" */
    double bound[MAX_BUCKETS];
    size_t n_bounds; /* without +Inf */
    unsigned long long bucket[MAX_BUCKETS];
    double sum;
};

#define SECONDS                                                                                    \
    {"0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1.0", "2.5", "5.0", "10.0", "30.0", "60.0",   \
     "+Inf"},                                                                                      \
        {0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60}, 12

static struct {
    pthread_mutex_t lock; /* guards everything below */
    struct pair pair[MAX_PAIRS];
    size_t n_pairs;
    struct histogram score, answered, queued, computed;
    unsigned long long tokens, truncated, degraded;
    unsigned long long reloads[2], asks[2], http[2]; /* [false], [true]: failed, ok */
    struct hours hours;
    double start_s;
} counted = {
    .lock = PTHREAD_MUTEX_INITIALIZER,
    .score = {"bolter_score", NULL, "Probability of spam of the messages with a verdict.",
              {"0.01", "0.05", "0.1", "0.25", "0.5", "0.75", "0.9", "0.95", "0.99", "0.999", "1.0",
               "+Inf"},
              {0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 1}, 11, {0}, 0},
    .answered = {"bolter_answer_seconds", "seconds",
                 "Time from the end of a message to its answer.", SECONDS, {0}, 0},
    .queued = {"bolter_queue_seconds", "seconds", "Time that a message waited for a worker.",
               SECONDS, {0}, 0},
    .computed = {"bolter_compute_seconds", "seconds",
                 "Time in which a message was tokenised and scored.", SECONDS, {0}, 0},
};

static double clock_s(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

void metrics_init(void)
{
    counted.start_s = clock_s(CLOCK_REALTIME);
}

double metrics_clock(void)
{
    return clock_s(CLOCK_MONOTONIC);
}

/* ---- Counting ------------------------------------------------------------------------------------- */

/* With the lock held. */
static void count_pair(const char *action, const char *reason)
{
    size_t i = 0;
    while (i < counted.n_pairs && (strcmp(counted.pair[i].action, action) != 0 ||
                                   strcmp(counted.pair[i].reason, reason) != 0))
        i++;
    if (i == MAX_PAIRS) {
        i = MAX_PAIRS - 1;
        counted.pair[i].action = counted.pair[i].reason = "other";
    } else if (i == counted.n_pairs) {
        counted.pair[counted.n_pairs++] = (struct pair){.action = action, .reason = reason};
    }
    counted.pair[i].n++;
}

/* With the lock held. */
static void observe(struct histogram *h, double value)
{
    size_t i = 0;
    while (i < h->n_bounds && value > h->bound[i])
        i++;
    h->bucket[i]++;
    h->sum += value;
}

void metrics_message(const struct metrics_answer *a)
{
    const bolter_verdict *v = a->verdict;
    pthread_mutex_lock(&counted.lock);
    count_pair(a->action, a->reason);
    hours_count(&counted.hours, (uint64_t)clock_s(CLOCK_REALTIME), a->kind, a->refused);
    observe(&counted.answered, a->seconds);
    if (v) {
        observe(&counted.score, (double)v->spam);
        observe(&counted.queued, v->queue_ms / 1e3);
        observe(&counted.computed, v->compute_ms / 1e3);
        counted.tokens += v->n_tokens;
        counted.truncated += v->truncated;
        counted.degraded += v->degraded;
    }
    pthread_mutex_unlock(&counted.lock);
}

static void count(unsigned long long *n)
{
    pthread_mutex_lock(&counted.lock);
    ++*n;
    pthread_mutex_unlock(&counted.lock);
}

void metrics_ask(bool ok)
{
    count(&counted.asks[ok]);
}

void metrics_http(bool ok)
{
    count(&counted.http[ok]);
}

void metrics_reload(bool ok)
{
    count(&counted.reloads[ok]);
}

size_t metrics_hours(struct hour out[HOURS_KEPT])
{
    pthread_mutex_lock(&counted.lock);
    size_t n = hours_list(&counted.hours, (uint64_t)counted.start_s,
                          (uint64_t)clock_s(CLOCK_REALTIME), out);
    pthread_mutex_unlock(&counted.lock);
    return n;
}

/* ---- Printing ------------------------------------------------------------------------------------- */

static void head(FILE *out, const char *name, const char *type, const char *unit, const char *help)
{
    fprintf(out, "# TYPE %s %s\n", name, type);
    if (unit)
        fprintf(out, "# UNIT %s %s\n", name, unit);
    fprintf(out, "# HELP %s %s\n", name, help);
}

static void print_count(FILE *out, const char *name, const char *help, unsigned long long n)
{
    head(out, name, "counter", NULL, help);
    fprintf(out, "%s_total %llu\n", name, n);
}

static void print_gauge(FILE *out, const char *name, const char *help, double value)
{
    head(out, name, "gauge", NULL, help);
    fprintf(out, "%s %.0f\n", name, value);
}

static void print_results(FILE *out, const char *name, const char *help,
                          const unsigned long long n[2])
{
    head(out, name, "counter", NULL, help);
    fprintf(out, "%s_total{result=\"ok\"} %llu\n%s_total{result=\"failed\"} %llu\n", name, n[true],
            name, n[false]);
}

static void print_histogram(FILE *out, const struct histogram *h)
{
    unsigned long long n = 0;
    head(out, h->name, "histogram", h->unit, h->help);
    for (size_t i = 0; i <= h->n_bounds; i++)
        fprintf(out, "%s_bucket{le=\"%s\"} %llu\n", h->name, h->le[i], n += h->bucket[i]);
    fprintf(out, "%s_count %llu\n%s_sum %.9g\n", h->name, n, h->name, h->sum);
}

/* With the lock held. */
static void print_counted(FILE *out)
{
    head(out, "bolter_messages", "counter", NULL,
         "Messages answered, by what became of them and why.");
    for (size_t i = 0; i < counted.n_pairs; i++)
        fprintf(out, "bolter_messages_total{action=\"%s\",reason=\"%s\"} %llu\n",
                counted.pair[i].action, counted.pair[i].reason, counted.pair[i].n);
    print_histogram(out, &counted.answered);
    print_histogram(out, &counted.queued);
    print_histogram(out, &counted.computed);
    print_histogram(out, &counted.score);
    print_count(out, "bolter_tokens", "Tokens scored.", counted.tokens);
    print_count(out, "bolter_truncated_messages", "Messages of which not all was read.",
                counted.truncated);
    print_count(out, "bolter_degraded_messages",
                "Messages of which less was read because many others waited.", counted.degraded);
    print_results(out, "bolter_asks", "Requests of bolter --socket.", counted.asks);
    print_results(out, "bolter_http_requests", "Requests to the page and its interface.",
                  counted.http);
    print_results(out, "bolter_reloads", "Reloads of settings and model.", counted.reloads);
    head(out, "process_start_time_seconds", "gauge", "seconds", "Start of the daemon (Unix time).");
    fprintf(out, "process_start_time_seconds %.3f\n", counted.start_s);
}

static void print_snapshot(FILE *out, const struct snapshot *s)
{
    const bolter_model_info *m = bolter_model_info_of(s->model);
    bolter_service_state state;
    bolter_service_state_of(s->service, &state);
    print_gauge(out, "bolter_queue_length", "Messages that wait for a worker.",
                (double)state.queued);
    print_gauge(out, "bolter_queue_limit", "Messages that may wait: max_queued.",
                (double)state.max_queued);
    print_gauge(out, "bolter_workers", "Threads that score.", (double)state.workers);
    print_gauge(out, "bolter_workers_busy", "Of these, how many are at work.", (double)state.busy);
    head(out, "bolter_model", "info", NULL, "The model that judges new messages.");
    fprintf(out, "bolter_model_info{id=\"%s\",arch=\"%s\",parameters=\"%llu\"} 1\n", m->id, m->arch,
            (unsigned long long)m->n_param);
}

void metrics_print(FILE *out, struct holder *h)
{
    pthread_mutex_lock(&counted.lock);
    print_counted(out);
    pthread_mutex_unlock(&counted.lock);
    head(out, "bolter_build", "info", NULL, "The program.");
    fprintf(out, "bolter_build_info{version=\"%s\"} 1\n", bolter_version());
    struct snapshot *s = snapshot_acquire(h);
    if (s)
        print_snapshot(out, s);
    snapshot_release(h, s);
    fputs("# EOF\n", out);
}
