/*
 * seeds.c - the same run with several seeds: how much of a result is luck. The model of the best seed
 * is kept; the others leave their numbers.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trainer/files.h"
#include "trainer/finetune.h"

#define LARGEST_SEED 1000000000000000

/* ---- Which ---- */

static bool bad_seeds(const char *text)
{
    complain("--seeds: \"%s\", expected a count up to %d, or different seeds with commas", text,
             FINETUNE_MAX_SEEDS);
    return false;
}

/* A number at *at, which moves behind it. */
static bool take_number(const char **at, uint64_t *out)
{
    char *end;
    errno = 0;
    *out = strtoull(*at, &end, 10);
    if (**at < '0' || **at > '9' || errno || *out > LARGEST_SEED)
        return false;
    *at = end;
    return true;
}

static bool has_seed(const struct finetune *f, uint64_t seed)
{
    for (size_t i = 0; i < f->n_seed; i++)
        if (f->seed_of[i] == seed)
            return true;
    return false;
}

bool seeds_parse(struct finetune *f)
{
    const char *at = f->seeds;
    uint64_t n;
    f->seed_of[0] = f->seed;
    f->n_seed = 1;
    if (!at)
        return true;
    if (!strchr(at, ',')) {
        if (!take_number(&at, &n) || *at || n < 1 || n > FINETUNE_MAX_SEEDS)
            return bad_seeds(f->seeds);
        for (f->n_seed = 0; f->n_seed < n; f->n_seed++)
            f->seed_of[f->n_seed] = f->seed + f->n_seed;
        return true;
    }
    for (f->n_seed = 0; *at; at += *at == ',') {
        if (f->n_seed == FINETUNE_MAX_SEEDS || !take_number(&at, &n) || (*at && *at != ',') ||
            has_seed(f, n)) /* twice the same run would make luck look small */
            return bad_seeds(f->seeds);
        f->seed_of[f->n_seed++] = n;
    }
    return true;
}

/* ---- What they came to ---- */

struct spread {
    double mean, sd; /* sd of the sample, NaN for one */
};

static struct spread spread_of(const struct outcome *o, size_t n, bool test)
{
    struct spread s = {0};
    double squares = 0;
    for (size_t i = 0; i < n; i++)
        s.mean += (test ? o[i].test.accuracy : o[i].validation.accuracy) / (double)n;
    for (size_t i = 0; i < n; i++) {
        double d = (test ? o[i].test.accuracy : o[i].validation.accuracy) - s.mean;
        squares += d * d;
    }
    s.sd = n > 1 ? sqrt(squares / (double)(n - 1)) : NAN;
    return s;
}

static size_t best_of(const struct finetune *f, size_t n)
{
    size_t best = 0;
    for (size_t i = 1; i < n; i++)
        if (finetune_better(f, &f->outcome[i].validation, &f->outcome[best].validation))
            best = i;
    return best;
}

static void print_table(const struct finetune *f, size_t n, size_t best)
{
    struct spread v = spread_of(f->outcome, n, false), t = spread_of(f->outcome, n, true);
    printf("%12s %10s %16s %14s %10s\n", "seed", "best step", "validation loss", "accuracy, %", "test, %");
    for (size_t i = 0; i < n; i++) {
        const struct outcome *o = &f->outcome[i];
        printf("%12llu %10llu %16.4f %14.2f", (unsigned long long)o->seed,
               (unsigned long long)o->best_step, o->validation.loss, 100 * o->validation.accuracy);
        if (f->final_test)
            printf(" %10.2f", 100 * o->test.accuracy);
        puts(i == best ? "  kept" : "");
    }
    printf("%12s %10s %16s %14.2f", "mean", "", "", 100 * v.mean);
    if (f->final_test)
        printf(" %10.2f", 100 * t.mean);
    printf("\n%12s %10s %16s %14.2f", "deviation", "", "", 100 * v.sd);
    if (f->final_test)
        printf(" %10.2f", 100 * t.sd);
    putchar('\n');
}

static json_t *spread_json(struct spread s)
{
    return json_pack("{s:f, s:o}", "mean", s.mean, "sd", isfinite(s.sd) ? json_real(s.sd) : json_null());
}

static json_t *outcome_json(const struct finetune *f, const struct outcome *o)
{
    json_t *j = json_pack("{s:I, s:I, s:f, s:f}", "seed", (json_int_t)o->seed, "best_step",
                          (json_int_t)o->best_step, "validation_loss", o->validation.loss,
                          "validation_accuracy", o->validation.accuracy);
    if (isfinite(o->validation.auc))
        json_object_set_new(j, "validation_auc", json_real(o->validation.auc));
    if (f->final_test) {
        json_object_set_new(j, "test_loss", json_real(o->test.loss));
        json_object_set_new(j, "test_accuracy", json_real(o->test.accuracy));
    }
    return j;
}

bool seeds_summary(const struct finetune *f)
{
    size_t n = f->at_seed, best = best_of(f, n);
    json_t *runs = json_array();
    print_table(f, n, best);
    for (size_t i = 0; i < n; i++)
        json_array_append_new(runs, outcome_json(f, &f->outcome[i]));
    json_t *j = json_pack("{s:i, s:I, s:o, s:o}", "v", 1, "kept", (json_int_t)f->outcome[best].seed,
                          "runs", runs, "validation_accuracy",
                          spread_json(spread_of(f->outcome, n, false)));
    if (f->final_test)
        json_object_set_new(j, "test_accuracy", spread_json(spread_of(f->outcome, n, true)));
    char *text = j ? settings_text(j) : NULL;
    bool ok = text && save_text(f->out, "seeds.json", text);
    json_decref(j);
    free(text);
    return ok;
}
