/*
 * recipe.c - how a fine-tuning treats its texts and its loss.
 *
 * The book is Raschka, "Build a Large Language Model (From Scratch)", 2024, chapter 6.
 */
#include "trainer/recipe.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "trainer/finetune.h"
#include "trainer/interrupt.h"
#include "trainer/progress.h"

#define MAX_BATCH  4096
#define MAX_LABELS 256
/* Texts of one call that runs the frozen blocks: enough for full chunks on several threads. */
#define PREPARED 512

void recipe_default(struct recipe *r)
{
    *r = (struct recipe){.pad_to = "none",
                         .class_weights = "none",
                         .ignore_label = -100,
                         .lm_every = 4,
                         .accumulate = 1,
                         .cache_memory = 64};
}

bool recipe_book(void *to, const char *name, const char *value)
{
    struct finetune *f = to;
    (void)name;
    (void)value;
    f->train.trainable = "last_block";
    f->train.position = "last";
    f->train.schedule = "constant";
    f->train.beta1 = 0.9f;
    f->train.beta2 = 0.999f;
    f->recipe.pad_to = "longest";
    f->recipe.head_bias = f->recipe.drop_last = f->decay_all = true;
    f->recipe.accumulate = 1;
    f->batch = 8;
    f->lr = 5e-5;
    f->weight_decay = 0.1;
    f->epochs = 5;
    f->warmup = f->clip_norm = 0;
    f->layer_decay = 1;
    f->eval_every = 50;
    f->eval_batches = 5;
    f->max_tokens = f->tail_tokens = 0;
    return true;
}

/* ---- Checks ---- */

/* A word, or a number; 0 is none, too. */
static bool pads_by(const char *how, size_t *n)
{
    char *end;
    *n = 0;
    if (strcmp(how, "none") == 0 || strcmp(how, "context") == 0 || strcmp(how, "longest") == 0)
        return true;
    *n = strtoul(how, &end, 10);
    return *how >= '0' && *how <= '9' && *end == 0 && *n <= 1 << 20;
}

bool recipe_check(struct finetune *f)
{
    const struct recipe *r = &f->recipe;
    size_t n;
    if (!pads_by(r->pad_to, &n)) {
        complain("--pad-to: \"%s\", expected none, context, longest or a number of tokens",
                 r->pad_to);
        return false;
    }
    if (f->batch * r->accumulate > MAX_BATCH) {
        complain("--batch %zu times --accumulate %zu: more than %d texts a step", f->batch,
                 r->accumulate, MAX_BATCH);
        return false;
    }
    if (r->ignore_label != floor(r->ignore_label)) {
        complain("--ignore-label: %g, expected a whole number", r->ignore_label);
        return false;
    }
    if (r->adapter && f->random_init) {
        complain("--save-adapter: with --random-init there is no base that the adapters belong to");
        return false;
    }
    if (r->adapter && strcmp(f->train.trainable, "lora") != 0 &&
        strcmp(f->train.trainable, "qlora") != 0) {
        complain("--save-adapter needs --trainable lora or qlora");
        return false;
    }
    /* The loss is a mean over the step's examples: batches that are added up are one larger batch.
     */
    f->batch *= r->accumulate;
    return true;
}

/* ---- What the data decide ---- */

static size_t padded_length(const struct finetune *f)
{
    size_t n;
    pads_by(f->recipe.pad_to, &n);
    if (strcmp(f->recipe.pad_to, "context") == 0)
        return (size_t)bolter_model_info_of(f->m)->n_ctx;
    for (size_t i = 0; strcmp(f->recipe.pad_to, "longest") == 0 && i < f->n_train; i++) {
        size_t length = bolter_dataset_row(f->d, BOLTER_TRAIN, i)->seq.n;
        n = length > n ? length : n;
    }
    return n;
}

/* Each class counts as much as any other: n / (classes * n of the class). */
static void balance(const struct finetune *f, size_t n_label, float *weights)
{
    size_t count[MAX_LABELS] = {0};
    for (size_t i = 0; i < f->n_train; i++)
        count[bolter_dataset_row(f->d, BOLTER_TRAIN, i)->label]++;
    for (size_t k = 0; k < n_label; k++)
        weights[k] =
            count[k] > 0 ? (float)((double)f->n_train / (double)(n_label * count[k])) : 1.0f;
}

static bool read_weights(const char *list, size_t n_label, float *weights)
{
    const char *at = list;
    for (size_t k = 0; k < n_label; k++) {
        char *end;
        errno = 0;
        weights[k] = strtof(at, &end);
        if (errno || end == at || *end != (k + 1 < n_label ? ',' : 0)) {
            complain("--class-weights: \"%s\", expected none, balanced or %zu numbers with commas "
                     "between",
                     list, n_label);
            return false;
        }
        at = end + 1;
    }
    return true;
}

static bool choose_weights(struct finetune *f, size_t n_label, float *weights)
{
    const char *how = f->recipe.class_weights;
    f->train.class_weights = strcmp(how, "none") == 0 ? NULL : weights;
    if (!f->train.class_weights)
        return true;
    if (strcmp(how, "balanced") != 0)
        return read_weights(how, n_label, weights);
    balance(f, n_label, weights);
    return true;
}

/* ---- Opening ---- */

/* What is frozen runs once over all texts; it takes most of the time where little trains. */
static bool prepare(struct finetune *f, bolter_part part, struct progress *p, bolter_error *err)
{
    size_t n_all = bolter_dataset_count(f->d, part);
    for (size_t at = 0, n; at < n_all && !interrupted(); at += n) {
        bolter_seq seqs[PREPARED];
        n = n_all - at < PREPARED ? n_all - at : PREPARED;
        for (size_t i = 0; i < n; i++)
            seqs[i] = bolter_dataset_row(f->d, part, at + i)->seq;
        if (bolter_trainer_prepare(f->t, seqs, n, err) != BOLTER_OK)
            return false;
        progress_show(p, at + n, n_all, "frozen blocks");
    }
    progress_end(p);
    return true;
}

bool recipe_open_trainer(struct finetune *f, const char *const *labels, size_t n_label)
{
    const struct recipe *r = &f->recipe;
    bolter_train_options *o = &f->train;
    bolter_error err = {0};
    struct progress p;
    float weights[MAX_LABELS];
    o->pad_to = padded_length(f);
    o->mask = r->no_causal ? "none" : NULL;
    o->head_bias = r->head_bias;
    o->label_smoothing = (float)r->label_smoothing;
    o->ignore_label = (int32_t)r->ignore_label;
    o->lm_loss = (float)r->lm_loss;
    o->lm_every = r->lm_every;
    /* Windows and words make other texts in each epoch. */
    o->no_cache = r->no_cache || r->windows > 0 || r->disguise > 0;
    o->cache_bytes = r->cache_memory << 20;
    o->cache = f->cache;
    if (!choose_weights(f, n_label, weights))
        return false;
    progress_start(&p, "text");
    bool ok = bolter_trainer_open(&f->t, f->m, labels, n_label, o, &err) == BOLTER_OK &&
              prepare(f, BOLTER_TRAIN, &p, &err) && prepare(f, BOLTER_VALID, &p, &err) &&
              (!f->final_test || prepare(f, BOLTER_TEST, &p, &err));
    o->class_weights = NULL;
    if (!ok)
        complain("%s", err.text);
    return ok;
}

size_t recipe_steps(const struct finetune *f)
{
    size_t n = f->n_train, whole = n / f->batch;
    return whole > 0 && (f->recipe.drop_last || n % f->batch == 0) ? whole : whole + 1;
}
