/* tally.c - counters under one lock, so that a reader sees sums that agree. */
#include "trainer/tally.h"

#include <string.h>

void tally_init(struct tally *t)
{
    *t = (struct tally){.read = 0};
    pthread_mutex_init(&t->lock, NULL);
}

void tally_clear(struct tally *t)
{
    pthread_mutex_destroy(&t->lock);
}

void tally_request(struct tally *t, const char *path, unsigned status, double seconds)
{
    size_t i = 0, k = 0;
    pthread_mutex_lock(&t->lock);
    while (i + 1 < TALLY_PATHS && t->path[i].path && strcmp(t->path[i].path, path) != 0)
        i++;
    struct tally_path *p = &t->path[i];
    p->path = path;
    p->seconds += seconds;
    while (k + 1 < TALLY_STATUSES && p->status[k] && p->status[k] != status)
        k++;
    p->status[k] = status;
    p->n[k]++;
    pthread_mutex_unlock(&t->lock);
}

void tally_read(struct tally *t, size_t tokens)
{
    pthread_mutex_lock(&t->lock);
    t->read += tokens;
    pthread_mutex_unlock(&t->lock);
}

void tally_written(struct tally *t, size_t prompt, size_t tokens)
{
    pthread_mutex_lock(&t->lock);
    t->prompt += prompt;
    t->written += tokens;
    pthread_mutex_unlock(&t->lock);
}

static void head(FILE *out, const char *name, const char *help)
{
    fprintf(out, "# HELP %s %s\n# TYPE %s counter\n", name, help, name);
}

void tally_print(struct tally *t, FILE *out)
{
    const struct tally_path *end = t->path + TALLY_PATHS;
    pthread_mutex_lock(&t->lock);
    head(out, "bolter_serve_requests_total", "Requests that were answered, by path and status.");
    for (const struct tally_path *p = t->path; p < end && p->path; p++)
        for (size_t k = 0; k < TALLY_STATUSES && p->status[k]; k++)
            fprintf(out, "bolter_serve_requests_total{path=\"%s\",status=\"%u\"} %llu\n", p->path,
                    p->status[k], p->n[k]);
    head(out, "bolter_serve_seconds_total", "Time from a request's header to its whole answer.");
    for (const struct tally_path *p = t->path; p < end && p->path; p++)
        fprintf(out, "bolter_serve_seconds_total{path=\"%s\"} %.6f\n", p->path, p->seconds);
    head(out, "bolter_serve_tokens_total", "Tokens of messages, of prompts, and written.");
    fprintf(out,
            "bolter_serve_tokens_total{of=\"messages\"} %llu\n"
            "bolter_serve_tokens_total{of=\"prompts\"} %llu\n"
            "bolter_serve_tokens_total{of=\"written\"} %llu\n",
            t->read, t->prompt, t->written);
    pthread_mutex_unlock(&t->lock);
}
