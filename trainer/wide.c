/*
 * wide.c - the wide part of a model: trained on the training part, mixed on the validation part.
 *
 * Neither part of the model was trained on the validation texts, so what they say there shows how far each
 * can be trusted.
 */
#include "trainer/wide.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bolter_train.h"
#include "bolter_eval.h"
#include "trainer/cardsection.h"
#include "trainer/options.h"
#include "trainer/score.h"

static bool failed(const bolter_error *err)
{
    complain("%s", err->code ? err->text : "no memory");
    return false;
}

/* ---- Rows ---- */

/* Features and truth of a part. */
struct rows {
    const bolter_features **features;
    int32_t *spam;
    size_t n;
};

static bool rows_open(struct rows *r, const bolter_dataset *d, bolter_part part, int32_t spam_label)
{
    r->n = bolter_dataset_count(d, part);
    r->features = calloc(r->n + 1, sizeof *r->features);
    r->spam = calloc(r->n + 1, sizeof *r->spam);
    for (size_t i = 0; r->features && r->spam && i < r->n; i++) {
        const bolter_row *row = bolter_dataset_row(d, part, i);
        r->features[i] = row->seq.features;
        r->spam[i] = row->label == spam_label;
    }
    return r->features && r->spam;
}

static void rows_free(struct rows *r)
{
    free(r->features);
    free(r->spam);
}

/* ---- Measures ---- */

static double probability(double odds)
{
    return 1 / (1 + exp(-odds));
}

bool wide_print(FILE *to, const char *name, const double *odds, const int32_t *spam, size_t n)
{
    bolter_report r;
    bolter_error err = {0};
    const bolter_scores s = {odds, spam, n, 0};
    if (bolter_report_of(&s, 0, 0, &r, &err) != BOLTER_OK)
        return failed(&err);
    fprintf(to,
            "%-8s accuracy %6.2f %%, recall at FPR 0.1 %%: %6.2f %%, at 1 %%: %6.2f %%, "
            "(1-ROCA)%% %.4f\n",
            name, 100 * r.accuracy.value, 100 * r.recall_fpr_01.value, 100 * r.recall_fpr_1.value,
            100 * (1 - r.auc.value));
    return true;
}

/* What the network said is what remains of both without the wide part. */
bool wide_odds_of(struct wide_odds *o, const bolter_model *m, const bolter_dataset *d,
                  bolter_part part, const float *logits)
{
    const bolter_model_info *info = bolter_model_info_of(m);
    const size_t n = bolter_dataset_count(d, part), spam = (size_t)info->spam_label;
    o->deep = calloc(3 * n + 1, sizeof *o->deep);
    if (!o->deep)
        return failed(&(bolter_error){.code = BOLTER_OK});
    o->wide = o->deep + n;
    o->both = o->wide + n;
    for (size_t i = 0; i < n; i++) {
        const float *l = logits + 2 * i;
        o->both[i] = ((double)l[spam] - (double)l[1 - spam]) / info->temperature;
        o->wide[i] =
            bolter_wide_score(bolter_model_wide(m), bolter_dataset_row(d, part, i)->seq.features);
        double heard = o->both[i] - info->mix->wide * o->wide[i] - info->mix->bias;
        o->deep[i] = info->mix->deep > 0 ? heard / info->mix->deep : 0;
    }
    return true;
}

/* ---- The model's card ---- */

struct adding {
    bolter_model *m;
    struct rows train, valid;
    bolter_wide *wide;
    bolter_mix mix;
    double *deep, *odds, *both; /* of the validation rows; deep is the block */
    struct threshold threshold;
};

static bool print_measures(FILE *to, const struct adding *a)
{
    return wide_print(to, "network", a->deep, a->valid.spam, a->valid.n) &&
           wide_print(to, "wide", a->odds, a->valid.spam, a->valid.n) &&
           wide_print(to, "both", a->both, a->valid.spam, a->valid.n);
}

static char *card_text(const struct adding *a, const char *dir)
{
    char *text = NULL;
    size_t n = 0;
    FILE *to = open_memstream(&text, &n);
    if (!to)
        return NULL;
    cardsection_begin(to, dir, "## The wide part");
    fprintf(to,
            "A linear model over hashed words, trained on %zu texts, stands beside the network. Together\n"
            "they give the log-odds %.4g x network + %.4g x wide %+.4g, fitted on the %zu texts of the\n"
            "validation part, and spam is what has a probability of %.4f or more. On that part:\n\n```\n",
            a->train.n, a->mix.deep, a->mix.wide, a->mix.bias, a->valid.n, a->threshold.value);
    bool ok = print_measures(to, a);
    fputs("```\n", to);
    ok = fclose(to) == 0 && ok;
    if (ok)
        return text;
    free(text);
    return NULL;
}

/* ---- Adding ---- */

/* What the network says to the validation rows. */
static bool score_deep(struct adding *a, const bolter_dataset *d, size_t threads)
{
    const bolter_model_info *info = bolter_model_info_of(a->m);
    const size_t spam = (size_t)info->spam_label, n = a->valid.n;
    bolter_error err = {0};
    float *logits = calloc(2 * n + 1, sizeof *logits);
    a->deep = calloc(3 * n + 1, sizeof *a->deep);
    bool ok = logits && a->deep &&
              score_part(a->m, d, BOLTER_VALID, threads, logits, &err) == BOLTER_OK;
    for (size_t i = 0; ok && i < n; i++)
        a->deep[i] = ((double)logits[2 * i + spam] - (double)logits[2 * i + 1 - spam]) / info->temperature;
    free(logits);
    return ok || failed(&err);
}

static bool mix(struct adding *a, const struct wanted_threshold *want)
{
    const size_t n = a->valid.n;
    bolter_error err = {0};
    a->odds = a->deep + n;
    a->both = a->odds + n;
    for (size_t i = 0; i < n; i++)
        a->odds[i] = bolter_wide_score(a->wide, a->valid.features[i]);
    if (bolter_mix_fit(&a->mix, a->deep, a->odds, a->valid.spam, n, &err) != BOLTER_OK)
        return failed(&err);
    double *p = calloc(n + 1, sizeof *p);
    for (size_t i = 0; p && i < n; i++) {
        a->both[i] = bolter_mix_odds(&a->mix, a->deep[i], a->odds[i]);
        p[i] = (double)(float)probability(a->both[i]);
    }
    const bolter_scores s = {p, a->valid.spam, n, 0.5};
    bool ok = p && threshold_of(&s, want->max_fpr, want->confidence, &a->threshold, &err) == BOLTER_OK;
    free(p);
    return ok || failed(&err);
}

static bool save(const struct adding *a, const char *dir, const char *out)
{
    bolter_error err = {0};
    const bolter_save_file card = {"MODEL.md", card_text(a, dir)};
    const bolter_save_options o = {.spam_threshold = a->threshold.value,
                                   .unsure_threshold = fmin(0.5, a->threshold.value),
                                   .files = &card,
                                   .n_files = 1};
    bool ok = card.text &&
              bolter_model_save_wide(a->m, a->wide, &a->mix, out, &o, &err) == BOLTER_OK;
    free((void *)(uintptr_t)card.text);
    return ok || failed(&err);
}

static bool open_model(struct adding *a, const char *dir)
{
    const bolter_open_options o = {.precision = "auto", .no_wide = true};
    bolter_error err = {0};
    if (bolter_model_open_with(&a->m, dir, &o, &err) != BOLTER_OK ||
        bolter_model_need_spam_head(a->m, &err) != BOLTER_OK)
        return failed(&err);
    if (bolter_model_info_of(a->m)->n_label == 2)
        return true;
    complain("%s: %d labels, a wide part needs spam and another", dir,
             (int)bolter_model_info_of(a->m)->n_label);
    return false;
}

bool wide_add(const char *dir, const char *out, const bolter_dataset *d,
              const struct wanted_threshold *want, size_t threads)
{
    struct adding a = {.m = NULL};
    bolter_error err = {0};
    bool ok = open_model(&a, dir);
    int32_t spam = ok ? bolter_model_info_of(a.m)->spam_label : -1;
    ok = ok && (rows_open(&a.train, d, BOLTER_TRAIN, spam) || failed(&err)) &&
         (rows_open(&a.valid, d, BOLTER_VALID, spam) || failed(&err)) &&
         (bolter_wide_train(&a.wide, a.train.features, a.train.spam, a.train.n, &err) == BOLTER_OK ||
          failed(&err)) &&
         score_deep(&a, d, threads) && mix(&a, want) && save(&a, dir, out);
    if (ok) {
        fprintf(stderr, "%s: log-odds %.4g x network + %.4g x wide %+.4g; spam from %.4f on, reached by "
                "%zu of %zu validation ham\n", out, a.mix.deep, a.mix.wide, a.mix.bias, a.threshold.value,
                a.threshold.n_above, a.threshold.n_ham);
        ok = print_measures(stderr, &a);
    }
    bolter_wide_free(a.wide);
    rows_free(&a.train);
    rows_free(&a.valid);
    free(a.deep);
    bolter_model_unref(a.m);
    return ok;
}
