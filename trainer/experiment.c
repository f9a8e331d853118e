/* experiment.c - run a row of the table: its model, its settings, and what came of it. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "trainer/experiments.h"
#include "trainer/progress.h"

#define TIMED_TEXTS 8 /* a batch */
#define TIMED_STEPS 2
#define MAX_LABELS  256

/* What a row starts from: the base, a larger model with its own tokens, or a shape. */
struct start {
    bolter_model *m;
    bolter_dataset *d; /* NULL: the base's */
    struct fit_rows own[3];
    const struct fit_rows *part;
};

static bool failed(const bolter_error *err)
{
    complain("%s", err->code ? err->text : "no memory");
    return false;
}

/* ---- Models and texts ---- */

static bool open_texts(const struct sources *s, bolter_model *m, bolter_dataset **d,
                       struct fit_rows part[3])
{
    bolter_error err = {0};
    if (bolter_dataset_open(d, m, &err) != BOLTER_OK || sources_label(s, *d, &err) != BOLTER_OK ||
        sources_read(s, *d, BOLTER_BY_SPLIT, &err) != BOLTER_OK)
        return failed(&err);
    for (int p = BOLTER_TRAIN; p <= BOLTER_TEST; p++)
        if (!fit_rows_of(&part[p], *d, (bolter_part)p))
            return failed(&err);
    for (size_t i = 0; i < part[BOLTER_TEST].n; i++) {
        if (part[BOLTER_TEST].row[i]->label < 0) {
            complain("%s: no label to compare with", part[BOLTER_TEST].row[i]->id);
            return false;
        }
    }
    return true;
}

/* All tokens that fit are read. */
static bool open_model(bolter_model **m, const char *dir)
{
    const bolter_open_options o = {.max_tokens = 1 << 20};
    bolter_error err = {0};
    return bolter_model_open_with(m, dir, &o, &err) == BOLTER_OK || failed(&err);
}

bool experiments_open(struct experiments *x)
{
    static const char *const name[3] = {"train on", "validate on", "test on"};
    if (!open_model(&x->m, x->model) || !open_texts(&x->sources, x->m, &x->d, x->part))
        return false;
    bolter_error err = {0};
    if (bolter_cache_open(&x->cache, &err) != BOLTER_OK)
        return failed(&err);
    for (int p = BOLTER_TRAIN; p <= BOLTER_TEST; p++) {
        bolter_dataset_sha256(x->d, (bolter_part)p, x->sha256[p]);
        if (x->part[p].n == 0) {
            complain("nothing to %s", name[p]);
            return false;
        }
    }
    return true;
}

void experiments_close(struct experiments *x)
{
    lock_release(&x->lock);
    for (int p = 0; p < 3; p++)
        free(x->part[p].row);
    bolter_cache_free(x->cache);
    bolter_dataset_free(x->d);
    bolter_model_unref(x->m);
}

static bool open_start(struct experiments *x, size_t row, struct start *s)
{
    enum shape shape = experiment_shape(x, row);
    *s = (struct start){.part = x->part};
    if (shape == SHAPE_BASE) {
        s->m = bolter_model_ref(x->m);
        return true;
    }
    if (!x->given[shape])
        return shape_open(&s->m, shape, x->model, x->m);
    s->part = s->own;
    return open_model(&s->m, x->given[shape]) && open_texts(&x->sources, s->m, &s->d, s->own);
}

static void close_start(struct start *s)
{
    for (int p = 0; p < 3; p++)
        free(s->own[p].row);
    bolter_dataset_free(s->d);
    bolter_model_unref(s->m);
}

/* ---- Memory ---- */

static uint64_t n_trained(const struct experiment *e, const struct shape_size *z)
{
    uint64_t head = 4 * z->n_embd;
    if (e->lora_rank > 0)
        return (uint64_t)e->lora_rank * 16 * z->n_embd * z->n_layer + head;
    if (strcmp(e->trainable, "all") == 0)
        return z->n_param;
    return head + z->n_block * (strcmp(e->trainable, "last_two_blocks") == 0 ? 2
                                : strcmp(e->trainable, "last_block") == 0    ? 1
                                                                             : 0);
}

/*
 * GiB, about: all weights, and of those that train two moments and a gradient for each thread; what a
 * thread keeps of 1,024 tokens for the way back, ten rows of the width for each block.
 */
static double needs(const struct experiments *x, size_t row)
{
    const struct experiment *e = experiment_of(row);
    struct shape_size z = shape_size_of(experiment_shape(x, row), x->m);
    double threads = x->threads > 0 ? (double)x->threads : (double)sysconf(_SC_NPROCESSORS_ONLN);
    double trained = (double)n_trained(e, &z), layers = (double)z.n_layer;
    if (e->lora_rank == 0 && strcmp(e->trainable, "all") != 0)
        layers = 2;
    double values = (double)z.n_param + trained * (2 + threads) +
                    threads * 1024 * (double)z.n_embd * (10 * layers + 20);
    return values * (double)sizeof(float) / (1 << 30);
}

/* GiB that can be had without swapping; infinite where the system does not say. */
static double available(void)
{
    char line[256];
    double found = INFINITY;
    unsigned long long kib;
    FILE *f = fopen("/proc/meminfo", "r");
    while (f && fgets(line, sizeof line, f))
        if (sscanf(line, "MemAvailable: %llu kB", &kib) == 1)
            found = (double)kib / (1 << 20);
    if (f)
        fclose(f);
    return found;
}

static bool has_room(struct experiments *x, size_t row)
{
    double want = needs(x, row), have = available();
    if (want <= have)
        return true;
    snprintf(x->skipped[row - 1], sizeof x->skipped[row - 1], "needs %.1f GiB, %.1f are free", want,
             have);
    complain("row %zu left out: %s", row, x->skipped[row - 1]);
    return false;
}

/* ---- Settings ---- */

static size_t padded_to(const struct experiment *e, const struct start *s)
{
    size_t longest = 0, n_ctx = (size_t)bolter_model_info_of(s->m)->n_ctx;
    if (e->pad != PAD_LONGEST)
        return e->pad == PAD_NONE ? 0 : n_ctx < 1024 ? n_ctx : 1024;
    for (size_t i = 0; i < s->part[BOLTER_TRAIN].n; i++)
        if (s->part[BOLTER_TRAIN].row[i]->seq.n > longest)
            longest = s->part[BOLTER_TRAIN].row[i]->seq.n;
    return longest;
}

static void set_options(const struct experiments *x, const struct experiment *e,
                        const struct start *s, struct fit_options *o)
{
    fit_options_default(o);
    o->epochs = x->epochs;
    o->warmup = 0;
    o->batch = e->batch;
    o->drop_last = e->drop_last;
    o->keep = FIT_LAST;
    o->score_training = true;
    bolter_train_options *t = &o->train;
    t->trainable = e->trainable;
    t->position = e->position;
    t->mask = e->all_see_all ? "none" : "causal";
    t->schedule = "constant";
    t->lr = (float)x->lr;
    t->weight_decay = 0.1f;
    t->clip_norm = 0;
    t->layer_decay = e->layer_decay > 0 ? e->layer_decay : 1;
    t->decay_all = t->head_bias = true;
    t->random_init = e->random || (e->shape != SHAPE_BASE && !x->given[e->shape]);
    t->ignore_label = e->ignore_pad ? 50256 : -100;
    t->lora_rank = e->lora_rank > 0 ? e->lora_rank : 1;
    t->lora_alpha = e->lora_alpha;
    t->pad_to = padded_to(e, s);
    t->cache = x->cache;
    t->cache_dtype = e->half_cache ? "bfloat16" : "float32";
    t->threads = x->threads;
}

/* ---- A trial ---- */

static double accuracy(const struct fit_rows *rows, const float *logits, size_t n_label)
{
    size_t right = 0;
    for (size_t i = 0; i < rows->n; i++) {
        const float *l = logits + i * n_label;
        size_t best = 0;
        for (size_t k = 1; k < n_label; k++)
            best = l[k] > l[best] ? k : best;
        right += (int32_t)best == rows->row[i]->label;
    }
    return (double)right / (double)rows->n;
}

static bool fit(const struct start *s, const bolter_dataset *d, const struct fit_options *o,
                struct trial *t)
{
    bolter_error err = {0};
    struct fit_result r;
    size_t n_label = bolter_dataset_n_label(d);
    const struct fit_rows *p = s->part;
    if (fit_model(s->m, d, &p[BOLTER_TRAIN], &p[BOLTER_VALID], &p[BOLTER_TEST], o, &r, &err) !=
        BOLTER_OK)
        return failed(&err);
    t->train = accuracy(&p[BOLTER_TRAIN], r.train, n_label);
    t->validation = accuracy(&p[BOLTER_VALID], r.validation, n_label);
    t->test = accuracy(&p[BOLTER_TEST], r.test, n_label);
    t->seconds = r.seconds;
    t->tokens_per_second = (double)r.n_tokens / fmax(r.seconds, 1e-9);
    t->n_trainable = r.n_trainable;
    fit_result_clear(&r);
    return true;
}

/* The frozen blocks' pass over a few texts, and steps on them after a first one that warms up. */
static bolter_status time_steps(bolter_trainer *t, const struct fit_rows *train,
                                const struct fit_options *o, struct trial *out, bolter_error *err)
{
    bolter_seq seqs[TIMED_TEXTS];
    int32_t labels[TIMED_TEXTS];
    bolter_step done = {0};
    size_t n = 0;
    for (; n < TIMED_TEXTS && n < o->batch && n < train->n; n++) {
        seqs[n] = train->row[n]->seq;
        labels[n] = train->row[n]->label;
    }
    double began = seconds_now();
    bolter_status rc = bolter_trainer_prepare(t, seqs, n, err);
    double frozen = (seconds_now() - began) / (double)n;
    if (rc == BOLTER_OK)
        rc = bolter_trainer_step(t, seqs, labels, n, &done, err);
    began = seconds_now();
    for (size_t i = 0; rc == BOLTER_OK && i < TIMED_STEPS; i++)
        rc = bolter_trainer_step(t, seqs, labels, n, &done, err);
    double step = (seconds_now() - began) / TIMED_STEPS;
    double steps = ceil(o->epochs * floor((double)train->n / (double)n));
    out->seconds = frozen * (double)train->n + step * steps;
    out->tokens_per_second = (double)done.n_tokens * steps / out->seconds;
    out->n_trainable = bolter_trainer_n_trainable(t);
    return rc;
}

static bool time_row(const struct start *s, const bolter_dataset *d, const struct fit_options *o,
                     struct trial *out)
{
    const char *labels[MAX_LABELS];
    size_t n_label = bolter_dataset_n_label(d);
    bolter_error err = {0};
    bolter_trainer *t;
    for (size_t i = 0; i < n_label && i < MAX_LABELS; i++)
        labels[i] = bolter_dataset_label(d, i);
    bolter_train_options train = o->train;
    train.total_steps = 1 + TIMED_STEPS;
    out->timed = true;
    out->train = out->validation = out->test = NAN;
    bolter_status rc = bolter_trainer_open(&t, s->m, labels, n_label, &train, &err);
    if (rc == BOLTER_OK)
        rc = time_steps(t, &s->part[BOLTER_TRAIN], o, out, &err);
    bolter_trainer_free(t);
    return rc == BOLTER_OK || failed(&err);
}

static void say(size_t row, size_t seed, const struct trial *t)
{
    if (t->timed)
        fprintf(stderr, "row %zu: timed, about %.1f minutes\n", row, t->seconds / 60);
    else
        fprintf(stderr,
                "row %zu, seed %zu: training %.2f %%, validation %.2f %%, test %.2f %%, %.1f minutes\n",
                row, seed, 100 * t->train, 100 * t->validation, 100 * t->test, t->seconds / 60);
}

static bool run_trial(struct experiments *x, size_t row, const struct start *s, size_t i)
{
    struct fit_options o;
    const bolter_dataset *d = s->d ? s->d : x->d;
    struct trial t = {.n_param = bolter_model_info_of(s->m)->n_param};
    set_options(x, experiment_of(row), s, &o);
    o.train.seed = x->seed[i];
    t.context = o.train.pad_to;
    if (!(experiment_timed(x, row) ? time_row(s, d, &o, &t) : fit(s, d, &o, &t)))
        return false;
    t.there = true;
    x->trial[row - 1][i] = t;
    say(row, x->seed[i], &t);
    return experiments_append(x, row, i);
}

bool experiment_run(struct experiments *x, size_t row)
{
    struct start s = {.m = NULL};
    size_t n = experiment_timed(x, row) ? 1 : x->n_seed; /* seeds take equally long */
    bool ok = true;
    for (size_t i = 0; ok && i < n; i++) {
        if (x->trial[row - 1][i].there)
            continue;
        if (!s.m && !has_room(x, row))
            break;
        ok = (s.m || open_start(x, row, &s)) && run_trial(x, row, &s, i);
    }
    close_start(&s);
    return ok;
}
