/* baseline.h - naive Bayes or logistic regression: texts to features, and the fit. */
#ifndef BASELINE_H
#define BASELINE_H

#include "bolter_eval.h"
#include "trainer/texts.h"

struct baseline {
    /* asked for */
    const char *method, *features;
    double parameter; /* alpha or c; 0: the best of some on the validation part */
    size_t max_features, threads;
    bool balanced;
    /* made of it */
    struct texts texts;
    size_t positive; /* index of the label that counts as spam */
    bolter_words *words;
    size_t n_columns;
    bolter_sparse *x[TEXT_PARTS];
    int32_t *labels[TEXT_PARTS];
    bolter_linear *model;
    bool chosen;             /* the parameter, by the validation part */
    bolter_logistic_end end; /* of that fit; naive Bayes takes no step */
    /* of each part that has rows */
    double *logits[TEXT_PARTS];       /* (rows, labels) */
    bolter_report report[TEXT_PARTS]; /* the positive label against the others */
    double features_s, fit_s;
};

/* Columns of the training part's n-grams, then the rows of all parts; the texts are freed. */
bool baseline_make_rows(struct baseline *b);
/* Fit the model, and where the parameter is 0 choose it. */
bool baseline_fit(struct baseline *b);
/* Logits of all parts, and their measures. */
bool baseline_measure(struct baseline *b);
/* Score of a row from 0 to 1, 0.5 in the middle: the log odds of the positive label, bent. Unlike a
 * probability it still tells apart what is far from the middle. */
double baseline_score(const struct baseline *b, bolter_part part, size_t row);
void baseline_free(struct baseline *b);

/* Write id, label and score of the test part's rows, separated by tabs. */
bool baseline_write_predictions(const struct baseline *b, const char *path);
/* Print what was measured, and the n strongest words of each label. */
bool baseline_print_table(const struct baseline *b, size_t n_top);
bool baseline_print_json(const struct baseline *b, size_t n_top);

#endif
