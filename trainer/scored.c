/* scored.c - loads a model and corpora, scores what was asked for. */
#include "trainer/scored.h"

#include <stdlib.h>
#include <string.h>

#include "trainer/assumed.h"
#include "trainer/options.h"
#include "trainer/score.h"

static const char *const parts[] = {"train", "validation", "test"};

static bool is_all(const struct scored *s)
{
    return strcmp(s->part_name, "all") == 0;
}

bool scored_check_part(const struct scored *s)
{
    bool known = is_all(s);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        known = known || strcmp(parts[i], s->part_name) == 0;
    if (!known)
        complain("--part: \"%s\", expected train, validation, test or all", s->part_name);
    return known;
}

/* Where "all" is asked for, what has no part of its own goes into the test part. */
static bolter_part part_of(const struct scored *s)
{
    size_t i = 0;
    while (i < sizeof parts / sizeof *parts && strcmp(parts[i], s->part_name) != 0)
        i++;
    return is_all(s) ? BOLTER_TEST : (bolter_part)i;
}

bool scored_open(struct scored *s, bool need_spam_head)
{
    bolter_error err = {0};
    s->part = part_of(s);
    const bolter_open_options open = {.precision = s->precision,
                                       .no_wide = s->no_wide,
                                       .windows = (int32_t)s->windows};
    bool ok = bolter_model_open_with(&s->m, s->model, &open, &err) == BOLTER_OK &&
              (!need_spam_head || bolter_model_need_spam_head(s->m, &err) == BOLTER_OK) &&
              bolter_dataset_open(&s->d, s->m, &err) == BOLTER_OK &&
              (!s->own_labels || sources_label(&s->sources, s->d, &err) == BOLTER_OK) &&
              sources_read(&s->sources, s->d, is_all(s) ? BOLTER_TEST : BOLTER_BY_SPLIT, &err) ==
                  BOLTER_OK;
    if (ok) {
        assumed_say(s->m);
        s->n = bolter_dataset_count(s->d, s->part);
        s->n_label = (size_t)bolter_model_info_of(s->m)->n_label;
        s->logits = calloc(s->n * s->n_label + 1, sizeof *s->logits);
        ok = s->logits && score_part(s->m, s->d, s->part, s->threads, s->logits, &err) == BOLTER_OK;
    }
    if (!ok)
        complain("%s", err.code ? err.text : "no memory");
    return ok;
}

void scored_close(struct scored *s)
{
    free(s->logits);
    bolter_dataset_free(s->d);
    bolter_model_unref(s->m);
}

const bolter_row *scored_row(const struct scored *s, size_t i)
{
    return bolter_dataset_row(s->d, s->part, i);
}

double scored_spam(const struct scored *s, size_t i)
{
    const bolter_model_info *info = bolter_model_info_of(s->m);
    /* A verdict's score is a float. */
    return (double)(float)softmax_at(s->logits + i * s->n_label, s->n_label,
                                     (size_t)info->spam_label, info->temperature);
}

int32_t scored_label(const struct scored *s, size_t i)
{
    const float *logit = s->logits + i * s->n_label;
    size_t best = 0;
    for (size_t k = 1; k < s->n_label; k++)
        best = logit[k] > logit[best] ? k : best;
    return (int32_t)best;
}

bool scored_predictions(const struct scored *s, struct predictions *p)
{
    int32_t spam = bolter_model_info_of(s->m)->spam_label;
    for (size_t i = 0; i < s->n; i++) {
        const bolter_row *row = scored_row(s, i);
        if (row->label < 0) {
            complain("%s: no label to compare with", row->id);
            return false;
        }
        if (!predictions_add(p, row->id, row->label == spam, scored_spam(s, i)))
            return false;
    }
    return true;
}
