/*
 * cmd_bench.c - bolter-train bench: how fast a model scores on this machine, by number format and
 * threads, and how many messages an hour that makes.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "trainer/assumed.h"
#include "trainer/capacity.h"
#include "trainer/commands.h"
#include "trainer/options.h"
#include "trainer/progress.h"
#include "trainer/report.h"
#include "trainer/sources.h"

enum { MAX_THREADS = 256, MAX_LENGTHS = 16, EVEN_LENGTHS = 8, MAX_TIMES = 1 << 20 };

struct bench {
    /* asked for */
    const char *model, *precisions, *threads, *lengths;
    struct sources sources;
    double seconds, within_ms;
    bool json;
    /* made of it */
    bolter_model *m;
    bolter_dataset *d;
    int32_t *ids;    /* of the synthetic texts, as many as the longest has */
    bolter_seq *seq; /* (n) what is scored */
    size_t n;
};

/* One run: a number format and a number of threads. */
struct timing {
    const struct bench *b;
    const char *precision;
    size_t threads, n, n_tokens;
    double *time; /* (n) seconds of each text, sorted at the end */
    double seconds;
    size_t memory; /* bytes in use after it */
    atomic_size_t next, failed;
    pthread_mutex_t lock; /* of n, n_tokens and time */
    bolter_error err;
};

static int parse(struct bench *b, int argc, char **argv)
{
    const struct option_row rows[] = {
        STRING("model", 'm', &b->model, "DIR", "the model"),
        STRING("precision", 0, &b->precisions, "LIST",
               "number formats: auto, float32, bfloat16, int8"),
        STRING("threads", 'j', &b->threads, "LIST", "numbers of threads; 0: all processors"),
        STRING("lengths", 0, &b->lengths, "LIST",
               "tokens of made-up texts; eight, up to what the model reads"),
        REAL("seconds", 0, &b->seconds, 0.01, 3600, "X", "of each run"),
        REAL("within", 0, &b->within_ms, 0.001, 3.6e6, "MS",
             "count messages that 99 of 100 times are answered so soon"),
        FLAG("json", 0, &b->json, "a JSON object for each run"),
        SOURCE_ROWS(&b->sources),
    };
    int operand = options_parse(argc, argv, rows, sizeof rows / sizeof *rows,
                                "bench -m DIR [options] [corpora]");
    if (operand < 0)
        return operand == -1 ? EXIT_DONE : EXIT_USAGE;
    if (operand < argc || !b->model) {
        complain("bench needs -m DIR");
        return EXIT_USAGE;
    }
    return -1;
}

static bool failed(const bolter_error *err)
{
    complain("%s", err->code ? err->text : "no memory");
    return false;
}

/* Numbers separated by commas, each from least to most; how many, or 0 after a complaint. */
static size_t numbers(const char *list, const char *name, size_t least, size_t most,
                      size_t out[MAX_LENGTHS])
{
    size_t n = 0;
    for (const char *s = list; n < MAX_LENGTHS; s++) {
        char *end;
        unsigned long x = strtoul(s, &end, 10);
        if (*s < '0' || *s > '9' || x < least || x > most || (*end && *end != ','))
            break;
        out[n++] = x;
        s = end;
        if (!*end)
            return n;
    }
    complain("--%s: \"%s\", expected up to %d numbers from %zu to %zu with commas", name, list,
             MAX_LENGTHS, least, most);
    return 0;
}

/* ---- What is scored ----------------------------------------------------------------------- */

static bool make_texts(struct bench *b)
{
    const bolter_model_info *info = bolter_model_info_of(b->m);
    size_t length[MAX_LENGTHS], longest = (size_t)info->max_tokens;
    for (size_t i = 0; i < EVEN_LENGTHS; i++)
        length[i] = (longest * (i + 1) + EVEN_LENGTHS - 1) / EVEN_LENGTHS;
    b->n = b->lengths ? numbers(b->lengths, "lengths", 1, longest, length) : EVEN_LENGTHS;
    b->ids = calloc(longest, sizeof *b->ids);
    b->seq = calloc(b->n + 1, sizeof *b->seq);
    if (b->n == 0 || !b->ids || !b->seq)
        return b->n == 0 ? false : failed(&(bolter_error){0});
    for (size_t i = 0; i < longest; i++)
        b->ids[i] = (int32_t)(i * 7919 % (size_t)info->n_vocab);
    for (size_t i = 0; i < b->n; i++)
        b->seq[i] = (bolter_seq){.ids = b->ids, .n = length[i]};
    return true;
}

static bool read_corpora(struct bench *b)
{
    bolter_error err = {0};
    if (bolter_dataset_open(&b->d, b->m, &err) != BOLTER_OK ||
        sources_read(&b->sources, b->d, BOLTER_TEST, &err) != BOLTER_OK)
        return failed(&err);
    b->n = bolter_dataset_count(b->d, BOLTER_TEST);
    b->seq = calloc(b->n + 1, sizeof *b->seq);
    for (size_t i = 0; b->seq && i < b->n; i++)
        b->seq[i] = bolter_dataset_row(b->d, BOLTER_TEST, i)->seq;
    if (b->n == 0)
        complain("the corpora are empty");
    return b->seq ? b->n > 0 : failed(&err);
}

/* ---- A run -------------------------------------------------------------------------------- */

static void note(struct timing *t, double seconds, size_t n_tokens)
{
    pthread_mutex_lock(&t->lock);
    if (t->n < MAX_TIMES)
        t->time[t->n++] = seconds;
    t->n_tokens += n_tokens;
    pthread_mutex_unlock(&t->lock);
}

static void *score_texts(void *arg)
{
    struct timing *t = arg;
    const struct bench *b = t->b;
    float prob[256];
    bolter_error err = {0};
    bolter_session *s = NULL;
    bolter_status rc = bolter_session_open(&s, b->m, 1, 0, &err);
    if (rc == BOLTER_OK)
        rc = bolter_session_score(s, &b->seq[0], 1, prob, &err); /* memory and weights get warm */
    double begin = seconds_now(), now = begin;
    while (rc == BOLTER_OK && !t->failed && now - begin < b->seconds) {
        const bolter_seq *seq = &b->seq[atomic_fetch_add(&t->next, 1) % b->n];
        rc = bolter_session_score(s, seq, 1, prob, &err);
        double end = seconds_now();
        note(t, end - now, seq->n);
        now = end;
    }
    bolter_session_free(s);
    pthread_mutex_lock(&t->lock);
    if (rc != BOLTER_OK && atomic_fetch_add(&t->failed, 1) == 0)
        t->err = err;
    pthread_mutex_unlock(&t->lock);
    return NULL;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Bytes of this process that are in memory, mapped weights among them. */
static size_t memory_in_use(void)
{
    unsigned long all = 0, resident = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    if (f && fscanf(f, "%lu %lu", &all, &resident) != 2)
        resident = 0;
    if (f)
        fclose(f);
    return resident * (size_t)sysconf(_SC_PAGESIZE);
}

static bool run(struct timing *t)
{
    pthread_t thread[MAX_THREADS];
    size_t started = 0;
    double begin = seconds_now();
    while (started < t->threads &&
           pthread_create(&thread[started], NULL, score_texts, t) == 0)
        started++;
    t->threads = started;
    for (size_t i = 0; i < started; i++)
        pthread_join(thread[i], NULL);
    t->seconds = seconds_now() - begin;
    t->memory = memory_in_use();
    if (t->failed)
        return failed(&t->err);
    if (t->n == 0) {
        complain("no thread could be started");
        return false;
    }
    qsort(t->time, t->n, sizeof *t->time, by_size);
    return true;
}

/* ---- Results ------------------------------------------------------------------------------ */

static bool print_run(const struct timing *t)
{
    double p50 = 1e3 * quantile(t->time, t->n, 0.5), p99 = 1e3 * quantile(t->time, t->n, 0.99);
    double rate = (double)t->n / t->seconds, tokens = (double)t->n_tokens / t->seconds;
    double hour = 3600 * capacity_of(t->time, t->n, t->threads, t->b->within_ms / 1e3);
    if (hour < 0)
        return failed(&(bolter_error){0});
    if (t->b->json)
        return report_print_line(json_pack(
            "{s:i, s:s, s:s, s:I, s:I, s:f, s:f, s:f, s:f, s:I, s:f, s:f}", "v", 1, "model",
            bolter_model_info_of(t->b->m)->id, "precision", t->precision, "threads",
            (json_int_t)t->threads, "texts", (json_int_t)t->n, "texts_per_second", rate,
            "tokens_per_second", tokens, "p50_ms", p50, "p99_ms", p99, "memory",
            (json_int_t)t->memory, "within_ms", t->b->within_ms, "texts_per_hour", hour));
    printf("%-9s %7zu %9.1f %9.0f %8.2f %8.2f %8.1f %10.0f\n", t->precision, t->threads, rate,
           tokens, p50, p99, (double)t->memory / 1048576, hour);
    return true;
}

static bool run_and_print(const struct bench *b, const char *precision, size_t threads)
{
    struct timing t = {.b = b, .precision = precision, .threads = threads,
                       .time = calloc(MAX_TIMES, sizeof *t.time),
                       .lock = PTHREAD_MUTEX_INITIALIZER};
    bool ok = t.time ? run(&t) && print_run(&t) : failed(&(bolter_error){0});
    free(t.time);
    return ok;
}

/* All numbers of threads in one number format. */
static bool bench_precision(struct bench *b, const char *precision, const size_t *threads,
                            size_t n_threads)
{
    bolter_error err = {0};
    const bolter_open_options o = {.precision = precision};
    if (bolter_model_open_with(&b->m, b->model, &o, &err) != BOLTER_OK)
        return failed(&err);
    assumed_say(b->m);
    bool ok = b->sources.n > 0 ? read_corpora(b) : make_texts(b);
    for (size_t i = 0; ok && i < n_threads; i++)
        ok = run_and_print(b, precision,
                           threads[i] ? threads[i] : (size_t)sysconf(_SC_NPROCESSORS_ONLN));
    free(b->ids);
    free(b->seq);
    bolter_dataset_free(b->d);
    bolter_model_unref(b->m);
    b->ids = NULL;
    b->seq = NULL;
    b->d = NULL;
    b->m = NULL;
    return ok;
}

int cmd_bench(int argc, char **argv)
{
    struct bench b = {.precisions = "auto", .threads = "1", .seconds = 5, .within_ms = 1000};
    int rc = parse(&b, argc, argv);
    if (rc >= 0)
        return rc;
    size_t threads[MAX_LENGTHS], n = numbers(b.threads, "threads", 0, MAX_THREADS, threads);
    if (n == 0)
        return EXIT_USAGE;
    if (!b.json)
        printf("%-9s %7s %9s %9s %8s %8s %8s %10s\n", "precision", "threads", "texts/s", "tokens/s",
               "p50 ms", "p99 ms", "MiB", "texts/hour");
    bool ok = true;
    for (const char *s = b.precisions; ok && s; s = strchr(s, ',') ? strchr(s, ',') + 1 : NULL) {
        char word[32];
        snprintf(word, sizeof word, "%.*s", (int)strcspn(s, ","), s);
        ok = bench_precision(&b, word, threads, n);
    }
    if (ok && !b.json)
        printf("\ntexts/hour: with 99 of 100 answered within %g ms, if they come by chance\n",
               b.within_ms);
    return ok ? EXIT_DONE : EXIT_FAILED;
}
