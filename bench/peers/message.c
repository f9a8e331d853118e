/*
 * message.c - score made-up texts one at a time when asked, and say how long it took.
 *
 *     bench-message MODELDIR PRECISION [ISA]
 *
 * Each line of standard input, "TOKENS TIMES", is answered by the medians of so many runs: "WALL CPU" in
 * milliseconds. peers.py asks this program and the peers' (message.js, message_torch.py) in turn.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "bench/median.h"
#include "bolter.h"

enum { MOST_TIMES = 1000 };

struct asked {
    bolter_model *m;
    bolter_session *s;
    int32_t *ids;
    float *logits;
};

static double milliseconds(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return 1e3 * (double)t.tv_sec + 1e-6 * (double)t.tv_nsec;
}

static void need(bolter_status rc, const bolter_error *err)
{
    if (rc == BOLTER_OK)
        return;
    fprintf(stderr, "bench-message: %s\n", err->text);
    exit(1);
}

static void answer(const struct asked *a, size_t tokens, size_t times)
{
    static double wall[MOST_TIMES], cpu[MOST_TIMES];
    bolter_error err = {0};
    bolter_seq seq = {.ids = a->ids, .n = tokens};
    for (size_t i = 0; i < times; i++) {
        double wall_before = milliseconds(CLOCK_MONOTONIC);
        double cpu_before = milliseconds(CLOCK_PROCESS_CPUTIME_ID);
        need(bolter_session_logits(a->s, &seq, 1, a->logits, &err), &err);
        cpu[i] = milliseconds(CLOCK_PROCESS_CPUTIME_ID) - cpu_before;
        wall[i] = milliseconds(CLOCK_MONOTONIC) - wall_before;
    }
    printf("%.4f %.4f\n", median(wall, times), median(cpu, times));
    fflush(stdout);
}

int main(int argc, char **argv)
{
    struct asked a;
    bolter_error err = {0};
    size_t tokens, times;
    if (argc < 3 || argc > 4) {
        fprintf(stderr, "usage: bench-message MODELDIR PRECISION [ISA]\n");
        return 2;
    }
    bolter_open_options o = {.precision = argv[2], .isa = argc > 3 ? argv[3] : NULL};
    need(bolter_model_open_with(&a.m, argv[1], &o, &err), &err);
    const bolter_model_info *info = bolter_model_info_of(a.m);
    size_t longest = (size_t)info->n_ctx;
    need(bolter_session_open(&a.s, a.m, 1, longest, &err), &err);
    a.ids = calloc(longest, sizeof *a.ids);
    a.logits = calloc((size_t)info->n_label, sizeof *a.logits);
    if (!a.ids || !a.logits)
        return 1;
    for (size_t i = 0; i < longest; i++)
        a.ids[i] = (int32_t)(i * 7919 % (size_t)info->n_vocab);
    while (scanf("%zu %zu", &tokens, &times) == 2 && tokens > 0 && tokens <= longest && times > 0 &&
           times <= MOST_TIMES)
        answer(&a, tokens, times);
    free(a.ids);
    free(a.logits);
    bolter_session_free(a.s);
    bolter_model_unref(a.m);
    return 0;
}
