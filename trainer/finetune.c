/*
 * finetune.c - the training loop: shuffled batches, evaluation on the validation part, the best
 * weights kept.
 */
#include "trainer/finetune.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "trainer/commands.h"
#include "trainer/progress.h"
#include "trainer/score.h"

#define MAX_BATCH 4096

static volatile sig_atomic_t interrupted;

static void on_signal(int sig)
{
    (void)sig;
    interrupted = 1;
}

static bool failed(const bolter_error *err)
{
    complain("%s", err->text);
    return false;
}

/* ---- Opening ---- */

static bool open_data(struct finetune *f, bolter_error *err)
{
    size_t max = f->max_tokens > 0 ? f->max_tokens : 1 << 20; /* more than fit are not read */
    bolter_open_options o = {.max_tokens = (int32_t)max,
                             .tail_tokens = (int32_t)(f->tail_tokens < max / 2 ? f->tail_tokens : max / 2),
                             .begin = f->begin ? "yes" : NULL};
    if (bolter_model_open_with(&f->m, f->model, &o, err) != BOLTER_OK ||
        bolter_dataset_open(&f->d, f->m, err) != BOLTER_OK ||
        sources_read(&f->sources, f->d, BOLTER_BY_SPLIT, err) != BOLTER_OK)
        return failed(err);
    f->n_train = bolter_dataset_count(f->d, BOLTER_TRAIN);
    f->n_valid = bolter_dataset_count(f->d, BOLTER_VALID);
    fprintf(stderr, "training %zu texts, %llu tokens; validation %zu texts, %llu tokens\n", f->n_train,
            (unsigned long long)bolter_dataset_tokens(f->d, BOLTER_TRAIN), f->n_valid,
            (unsigned long long)bolter_dataset_tokens(f->d, BOLTER_VALID));
    if (f->n_train == 0 || f->n_valid == 0) {
        complain("nothing to %s", f->n_train == 0 ? "train on" : "validate on");
        return false;
    }
    return true;
}

static bool open_trainer(struct finetune *f)
{
    const char *labels[256];
    size_t n_label = bolter_dataset_n_label(f->d);
    for (size_t i = 0; i < n_label && i < 256; i++)
        labels[i] = bolter_dataset_label(f->d, i);
    bolter_train_options *o = &f->train;
    o->lr = (float)f->lr;
    o->weight_decay = (float)f->weight_decay;
    o->clip_norm = (float)f->clip_norm;
    o->layer_decay = (float)f->layer_decay;
    o->lora_rank = (int32_t)f->lora_rank;
    o->lora_alpha = (float)f->lora_alpha;
    o->decay_all = f->decay_all;
    o->random_init = f->random_init;
    o->total_steps = f->steps;
    o->warmup_steps = (uint64_t)(f->warmup * (double)f->steps);
    o->threads = f->threads;
    o->seed = f->seed;
    return recipe_open_trainer(f, labels, n_label);
}

/* Asked before the hours of training, not after. */
static bool place_is_writable(const char *out)
{
    char parent[4096];
    size_t n = strlen(out);
    while (n > 0 && out[n - 1] == '/')
        n--;
    while (n > 0 && out[n - 1] != '/')
        n--;
    snprintf(parent, sizeof parent, "%.*s", (int)n, out);
    if (access(n > 0 ? parent : ".", W_OK | X_OK) == 0)
        return true;
    complain("%s: %s", out, strerror(errno));
    return false;
}

bool finetune_open(struct finetune *f)
{
    bolter_error err = {0};
    f->started = seconds_now();
    f->best_loss = INFINITY;
    if (!place_is_writable(f->out) || !open_data(f, &err))
        return false;
    f->steps_an_epoch = recipe_steps(f, f->n_train);
    f->steps = (size_t)ceil(f->epochs * (double)f->steps_an_epoch);
    if (f->eval_every == 0)
        f->eval_every = (f->steps_an_epoch + 1) / 2;
    f->order = calloc(f->n_train, sizeof *f->order);
    f->logits = calloc(f->n_valid * bolter_dataset_n_label(f->d), sizeof *f->logits);
    if (!f->order || !f->logits) {
        complain("no memory");
        return false;
    }
    return open_trainer(f) && runlog_start(&f->log, f->log_path);
}

void finetune_close(struct finetune *f)
{
    bolter_trainer_free(f->t);
    bolter_dataset_free(f->d);
    bolter_model_unref(f->m);
    runlog_free(&f->log);
    free(f->order);
    free(f->logits);
}

/* ---- Batches ---- */

/* A seeded Fisher-Yates shuffle; each epoch has its own order. (SplitMix64, Steele et al. 2014.) */
static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static void shuffle(struct finetune *f, size_t epoch)
{
    uint64_t state = f->seed * UINT64_C(0x9e3779b97f4a7c15) + epoch;
    for (size_t i = 0; i < f->n_train; i++)
        f->order[i] = i;
    for (size_t i = f->n_train; i > 1; i--) {
        size_t j = (size_t)(next_random(&state) % i), kept = f->order[i - 1];
        f->order[i - 1] = f->order[j];
        f->order[j] = kept;
    }
}

/* The batch of a step (from 0) into seqs and labels; its size. */
static size_t gather(struct finetune *f, size_t step, bolter_seq *seqs, int32_t *labels)
{
    size_t at = step % f->steps_an_epoch * f->batch, n = 0;
    if (at == 0)
        shuffle(f, step / f->steps_an_epoch);
    for (; n < f->batch && at + n < f->n_train; n++) {
        const bolter_row *row = bolter_dataset_row(f->d, BOLTER_TRAIN, f->order[at + n]);
        seqs[n] = row->seq;
        labels[n] = row->label;
    }
    return n;
}

/* ---- Evaluation ---- */

/* Loss and accuracy of the validation part with the weights as they are. */
static bool validate(struct finetune *f, double *loss, double *accuracy)
{
    enum { CHUNK = 64 };
    size_t K = bolter_dataset_n_label(f->d), right = 0;
    *loss = 0;
    for (size_t at = 0; at < f->n_valid; at += CHUNK) {
        bolter_seq seqs[CHUNK];
        size_t n = f->n_valid - at < CHUNK ? f->n_valid - at : CHUNK;
        bolter_error err = {0};
        for (size_t i = 0; i < n; i++)
            seqs[i] = bolter_dataset_row(f->d, BOLTER_VALID, at + i)->seq;
        if (bolter_trainer_logits(f->t, seqs, n, f->logits + at * K, &err) != BOLTER_OK)
            return failed(&err);
    }
    for (size_t i = 0; i < f->n_valid; i++) {
        const float *l = f->logits + i * K;
        size_t label = (size_t)bolter_dataset_row(f->d, BOLTER_VALID, i)->label, best = 0;
        for (size_t k = 1; k < K; k++)
            best = l[k] > l[best] ? k : best;
        right += best == label;
        *loss -= log(fmax(softmax_at(l, K, label, 1), 1e-30)) / (double)f->n_valid;
    }
    *accuracy = (double)right / (double)f->n_valid;
    return true;
}

/* Means since the last evaluation. */
struct recent {
    double loss;
    uint64_t n_steps, n_right, n_seqs;
};

static bool evaluate(struct finetune *f, const bolter_step *step, const struct recent *r)
{
    struct runlog_line line = {.step = step->step,
                               .epoch = (double)step->step / (double)f->steps_an_epoch,
                               .examples = step->step * f->batch,
                               .train_loss = r->loss / (double)r->n_steps,
                               .train_accuracy = (double)r->n_right / (double)r->n_seqs,
                               .lr = step->lr};
    if (!validate(f, &line.validation_loss, &line.validation_accuracy))
        return false;
    line.best = line.validation_loss < f->best_loss;
    line.seconds = seconds_now() - f->started;
    f->worse = line.best ? 0 : f->worse + 1;
    if (line.best) {
        f->best_loss = line.validation_loss;
        f->best_step = step->step;
        bolter_trainer_keep(f->t);
    }
    fprintf(stderr, "step %llu epoch %.2f: train loss %.4f, validation loss %.4f accuracy %.2f %%%s, "
            "%.0f s\n", (unsigned long long)line.step, line.epoch, line.train_loss,
            line.validation_loss, 100 * line.validation_accuracy, line.best ? " (best)" : "",
            line.seconds);
    return runlog_add(&f->log, &line);
}

/* ---- The loop ---- */

static bool train(struct finetune *f, struct progress *p)
{
    static bolter_seq seqs[MAX_BATCH];
    static int32_t labels[MAX_BATCH];
    struct recent r = {0};
    for (size_t i = 0; i < f->steps && !interrupted; i++) {
        bolter_step step;
        bolter_error err = {0};
        size_t n = gather(f, i, seqs, labels);
        if (bolter_trainer_step(f->t, seqs, labels, n, &step, &err) != BOLTER_OK)
            return failed(&err);
        r.loss += step.loss;
        r.n_steps++;
        r.n_right += step.n_right;
        r.n_seqs += n;
        char note[64];
        snprintf(note, sizeof note, "loss %.4f", step.loss);
        progress_show(p, i + 1, f->steps, note);
        if ((i + 1) % f->eval_every != 0 && i + 1 < f->steps)
            continue;
        progress_end(p);
        if (!evaluate(f, &step, &r))
            return false;
        r = (struct recent){0};
        if (f->patience > 0 && f->worse >= f->patience)
            break;
    }
    return true;
}

int finetune_run(struct finetune *f)
{
    struct sigaction sa = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};
    sigaction(SIGINT, &sa, NULL);
    sigaction(SIGTERM, &sa, NULL);
    fprintf(stderr, "%llu of %llu parameters train, %zu steps of %zu texts\n",
            (unsigned long long)bolter_trainer_n_trainable(f->t),
            (unsigned long long)bolter_model_info_of(f->m)->n_param, f->steps, f->batch);
    struct progress p;
    progress_start(&p, "step");
    bool ok = train(f, &p);
    progress_end(&p);
    if (!ok)
        return EXIT_FAILED;
    if (f->best_step > 0)
        bolter_trainer_restore(f->t);
    if (interrupted && f->best_step == 0)
        complain("interrupted before the first evaluation: nothing to save");
    return interrupted ? EXIT_INTERRUPTED : EXIT_DONE;
}

/* ---- Saving ---- */

static int falling(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return x < y ? 1 : x > y ? -1 : 0;
}

/* The lowest threshold from 0.5 on that at most max_fpr of the validation ham reaches. */
static double threshold_of(const float *spam, const int32_t *truth, size_t n, double max_fpr)
{
    float *ham = calloc(n + 1, sizeof *ham);
    size_t n_ham = 0;
    for (size_t i = 0; ham && i < n; i++)
        if (!truth[i])
            ham[n_ham++] = spam[i];
    double threshold = 0.5;
    size_t allowed = (size_t)(max_fpr * (double)n_ham);
    if (ham && n_ham > allowed) {
        qsort(ham, n_ham, sizeof *ham, falling);
        threshold = fmax(0.5, 0.5 * (1 + (double)ham[allowed]));
    }
    free(ham);
    return threshold;
}

/* Temperature, threshold and report from the validation logits of the best weights. */
static bool calibrate(struct finetune *f)
{
    size_t K = bolter_dataset_n_label(f->d), n = f->n_valid, spam_label = 0;
    bolter_error err = {0};
    double loss, accuracy;
    if (!validate(f, &loss, &accuracy))
        return false;
    for (size_t k = 0; k < K; k++)
        if (strcmp(bolter_dataset_label(f->d, k), "spam") == 0)
            spam_label = k;
    int32_t *labels = calloc(2 * n, sizeof *labels);
    float *spam = calloc(n, sizeof *spam);
    if (!labels || !spam) {
        free(labels);
        free(spam);
        complain("no memory");
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        labels[i] = bolter_dataset_row(f->d, BOLTER_VALID, i)->label;
        labels[n + i] = (size_t)labels[i] == spam_label;
    }
    bool ok = bolter_fit_temperature(f->logits, labels, n, K, &f->temperature, &err) == BOLTER_OK;
    for (size_t i = 0; ok && i < n; i++)
        spam[i] = (float)softmax_at(f->logits + i * K, K, spam_label, f->temperature);
    f->spam_threshold = threshold_of(spam, labels + n, n, f->max_fpr);
    ok = ok && bolter_report_of(spam, labels + n, n, f->spam_threshold, 1000, f->seed, &f->report,
                                &err) == BOLTER_OK;
    free(labels);
    free(spam);
    return ok || failed(&err);
}

static void print_interval(FILE *out, const char *name, const bolter_interval *x)
{
    fprintf(out, "| %s | %.2f %% | %.2f - %.2f |\n", name, 100 * x->value, 100 * x->low, 100 * x->high);
}

/* MODEL.md: what the model was made from, how, and what was measured. */
static bool save_card(const struct finetune *f)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (!out) {
        complain("no memory");
        return false;
    }
    fprintf(out, "# Model card\n\nFine-tuned by bolter-train %s.\n\n", bolter_version());
    fprintf(out, "- trained: %s, %.3g epochs, %zu texts a step, learning rate %g, seed %zu\n",
            f->train.trainable, f->epochs, f->batch, f->lr, f->seed);
    fprintf(out, "- texts: %zu for training, %zu for validation, at most %zu tokens of each\n",
            f->n_train, f->n_valid, f->max_tokens);
    fprintf(out, "- best weights: step %zu of %zu, by validation loss (%.4f)\n", f->best_step, f->steps,
            f->best_loss);
    fprintf(out, "- temperature %.4f; spam from %.4f on (at most %g of the validation ham)\n\n",
            f->temperature, f->spam_threshold, f->max_fpr);
    fprintf(out, "Validation part (it chose weights, temperature and threshold, so these flatter):\n\n"
            "| measure | value | 95 %% |\n| --- | --- | --- |\n");
    print_interval(out, "accuracy", &f->report.accuracy);
    print_interval(out, "recall", &f->report.recall);
    print_interval(out, "false positive rate", &f->report.fpr);
    print_interval(out, "ROC AUC", &f->report.auc);
    bool ok = fclose(out) == 0 && save_text(f->out, "MODEL.md", text);
    free(text);
    return ok;
}

bool finetune_save(struct finetune *f)
{
    if (!calibrate(f))
        return false;
    char provenance[512];
    snprintf(provenance, sizeof provenance,
             "{\"parent\":\"%s\",\"program\":\"bolter-train %s\",\"trainable\":\"%s\",\"epochs\":%g,"
             "\"lr\":%g,\"batch\":%zu,\"seed\":%zu,\"train\":%zu,\"validation\":%zu,"
             "\"validation_loss\":%.6f}",
             bolter_model_info_of(f->m)->id, bolter_version(), f->train.trainable, f->epochs, f->lr,
             f->batch, f->seed, f->n_train, f->n_valid, f->best_loss);
    bolter_save_options o = {.dtype = f->dtype,
                             .spam_threshold = f->spam_threshold,
                             .unsure_threshold = fmin(0.5, f->spam_threshold),
                             .temperature = f->temperature,
                             .provenance = provenance};
    bolter_error err = {0};
    if (bolter_trainer_save(f->t, f->out, &o, &err) != BOLTER_OK)
        return failed(&err);
    if (!recipe_save_adapter(f) || !runlog_save(&f->log, f->out) || !save_card(f))
        return false;
    fprintf(stderr, "%s: validation accuracy %.2f %% at threshold %.4f\n", f->out,
            100 * f->report.accuracy.value, f->spam_threshold);
    return true;
}
