/* measure.c - loss, accuracy and AUC of a part with a trainer's weights. */
#include "trainer/measure.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "trainer/interrupt.h"
#include "trainer/progress.h"
#include "trainer/score.h"

#define CHUNK 64

static bolter_status logits_of(bolter_trainer *t, const bolter_dataset *d, bolter_part part, size_t n,
                               float *logits, bolter_error *err)
{
    size_t K = bolter_dataset_n_label(d);
    bolter_status rc = BOLTER_OK;
    struct progress p;
    progress_start(&p, "measured");
    for (size_t at = 0; rc == BOLTER_OK && at < n; at += CHUNK) {
        bolter_seq seqs[CHUNK];
        size_t count = n - at < CHUNK ? n - at : CHUNK;
        for (size_t i = 0; i < count; i++)
            seqs[i] = bolter_dataset_row(d, part, at + i)->seq;
        rc = interrupted() ? BOLTER_E_CANCELLED
                           : bolter_trainer_logits(t, seqs, count, logits + at * K, err);
        progress_show(&p, at + count, n, "");
    }
    progress_end(&p);
    return rc;
}

static void add_up(const bolter_dataset *d, bolter_part part, size_t n, const float *logits,
                   struct measures *out)
{
    size_t K = bolter_dataset_n_label(d), right = 0;
    out->loss = 0;
    for (size_t i = 0; i < n; i++) {
        const float *l = logits + i * K;
        size_t label = (size_t)bolter_dataset_row(d, part, i)->label, best = 0;
        for (size_t k = 1; k < K; k++)
            best = l[k] > l[best] ? k : best;
        right += best == label;
        out->loss -= log(fmax(softmax_at(l, K, label, 1), 1e-30)) / (double)n;
    }
    out->accuracy = (double)right / (double)n;
}

bolter_status measure_spam(const bolter_dataset *d, bolter_part part, size_t n, int32_t spam_label,
                           const float *logits, double temperature, bolter_scores *out,
                           bolter_error *err)
{
    size_t K = bolter_dataset_n_label(d);
    double *score = calloc(n, sizeof *score);
    int32_t *truth = calloc(n, sizeof *truth);
    *out = (bolter_scores){.score = score, .truth = truth, .n = n, .threshold = 0.5};
    if (!score || !truth) {
        snprintf(err->text, sizeof err->text, "no memory for %zu scores", n);
        return BOLTER_E_NOMEM;
    }
    for (size_t i = 0; i < n; i++) {
        score[i] = softmax_at(logits + i * K, K, (size_t)spam_label, temperature);
        truth[i] = bolter_dataset_row(d, part, i)->label == spam_label;
    }
    return BOLTER_OK;
}

void measure_free(bolter_scores *s)
{
    free((void *)(uintptr_t)s->score);
    free((void *)(uintptr_t)s->truth);
}

static bolter_status add_auc(const bolter_dataset *d, bolter_part part, size_t n, int32_t spam_label,
                             const float *logits, struct measures *out, bolter_error *err)
{
    bolter_scores s;
    size_t n_spam = 0;
    bolter_report report;
    bolter_status rc = measure_spam(d, part, n, spam_label, logits, 1, &s, err);
    for (size_t i = 0; rc == BOLTER_OK && i < n; i++)
        n_spam += (size_t)s.truth[i];
    if (rc == BOLTER_OK && n_spam > 0 && n_spam < n) {
        rc = bolter_report_of(&s, 0, 0, &report, err);
        out->auc = rc == BOLTER_OK ? report.auc.value : NAN;
    }
    measure_free(&s);
    return rc;
}

bolter_status measure_part(bolter_trainer *t, const bolter_dataset *d, bolter_part part, size_t n,
                           int32_t spam_label, float *logits, struct measures *out,
                           bolter_error *err)
{
    *out = (struct measures){.auc = NAN};
    bolter_status rc = logits_of(t, d, part, n, logits, err);
    if (rc != BOLTER_OK)
        return rc;
    add_up(d, part, n, logits, out);
    return spam_label < 0 ? rc : add_auc(d, part, n, spam_label, logits, out, err);
}
