/*
 * bolter_eval.h - how good a model is, and the word counting that it has to beat. The rules of bolter.h
 * hold.
 */
#ifndef BOLTER_EVAL_H
#define BOLTER_EVAL_H

#include "bolter_data.h"

/* ---- Evaluation --------------------------------------------------------------------------- */

/* A measure and its 95 % interval; low and high are NaN where there is none. */
typedef struct bolter_interval {
    double value, low, high;
} bolter_interval;

/* What is measured. Borrowed; higher scores are more like spam, and may have any finite value. */
typedef struct bolter_scores {
    const double *score;  /* (n) */
    const int32_t *truth; /* (n), 1 spam, 0 ham */
    size_t n;
    double threshold;     /* spam from this score on; infinite is fine */
} bolter_scores;

typedef struct bolter_report {
    uint64_t n, n_spam, n_ham;
    uint64_t tp, fp, tn, fn;         /* spam is positive; at the threshold */
    bolter_interval accuracy, balanced_accuracy, precision, recall, f1;
    bolter_interval fpr;             /* ham called spam / ham (hm%) */
    bolter_interval miss;            /* spam called ham / spam (sm%) */
    bolter_interval lam;             /* logistic mean of fpr and miss; 0 where one of them is 0 */
    bolter_interval auc;             /* area under the ROC curve, ties counted half */
    bolter_interval recall_fpr_01;   /* recall at FPR <= 0.1 %, read off the ROC curve */
    bolter_interval recall_fpr_05;   /* at 0.5 % */
    bolter_interval recall_fpr_1;    /* at 1 % */
    bolter_interval loss, brier;     /* mean cross-entropy in nats; mean squared error */
    double ece;                      /* expected calibration error, see bolter_reliability_of() */
} bolter_report;

/*
 * Measure scores. A measure that is not defined is NaN: precision where nothing is called spam, loss,
 * Brier score and ece unless all scores are within 0..1. Recall at an FPR counts spam strictly above
 * the (floor(FPR * ham) + 1)-th highest ham score.
 *
 * Intervals of accuracy, precision, recall, fpr and miss are exact (Clopper and Pearson), the others
 * percentiles of a stratified bootstrap of n_boot samples. Those of recall at an FPR reach at either
 * side at least as far as the exact one of that recall. Where the percentiles are equal, as they are
 * where nothing was wrong, the others have no interval: the samples then do not know how sure they
 * are. With n_boot 0 only the exact intervals are there. E_ARG (no example), E_NUMERIC, E_NOMEM.
 */
bolter_status bolter_report_of(const bolter_scores *s, size_t n_boot, uint64_t seed,
                               bolter_report *out, bolter_error *err);
/*
 * Measure the difference, b less a, of two filters on the same examples in the same order: in every
 * interval of *out (but for ece, NaN), with the counts other than n, n_spam and n_ham left 0. The
 * bootstrap draws the same examples of both, so that what is hard for both cancels out. An interval
 * without 0 in it is a difference that the sample shows. There is no interval where the percentiles
 * are equal, or a sample has no value.
 */
bolter_status bolter_compare(const bolter_scores *a, const bolter_scores *b, size_t n_boot,
                             uint64_t seed, bolter_report *out, bolter_error *err);

typedef struct bolter_roc_point {
    double threshold; /* spam from here on; infinite for the first point */
    uint64_t tp, fp;
} bolter_roc_point;

/* Every point of the ROC curve, from (0, 0) to (all, all); points has room for s->n + 1. */
bolter_status bolter_roc_of(const bolter_scores *s, bolter_roc_point *points, size_t *n_points,
                            bolter_error *err);

enum { BOLTER_N_BIN = 10 };

typedef struct bolter_bin {
    double low;            /* scores from here to low + 0.1 */
    uint64_t n, n_spam;
    double mean_score;     /* NaN in an empty bin */
    bolter_interval spam;  /* n_spam / n, exact; what the mean score promises */
} bolter_bin;

/*
 * Sort probabilities into ten bins of equal width. *ece, the expected calibration error, is the
 * mean distance of score and share of spam, weighted by the bins' sizes. E_ARG for a score outside
 * 0..1.
 */
bolter_status bolter_reliability_of(const bolter_scores *s, bolter_bin bins[BOLTER_N_BIN],
                                    double *ece, bolter_error *err);

typedef struct bolter_label_measures {
    uint64_t n, n_answers; /* examples that have the label; that were given it */
    bolter_interval precision, recall, f1;
} bolter_label_measures;

typedef struct bolter_label_report {
    uint64_t n;
    size_t n_label;
    bolter_interval accuracy;
    bolter_interval macro_f1;     /* mean over the labels that the data has */
    bolter_label_measures *label; /* (n_label), owned */
    uint64_t *confusion;          /* (n_label, n_label), by truth and answer; owned */
} bolter_label_report;

/*
 * Measure answers against truths, both 0..n_label-1. Precision of a label that is never given and recall
 * and F1 of one that the data lacks are NaN. Intervals of accuracy, precision and recall are exact, those
 * of F1 bootstrapped; n_boot and the errors as above.
 */
bolter_status bolter_labels_of(const int32_t *answer, const int32_t *truth, size_t n,
                               size_t n_label, size_t n_boot, uint64_t seed,
                               bolter_label_report *out, bolter_error *err);
void bolter_label_report_free(bolter_label_report *r);

/*
 * The highest rate of errors that k errors in n examples leave possible: with this confidence,
 * 0..1, the rate is at most that. Exact, if what made the errors was not chosen by them. 1 for
 * n = 0.
 */
double bolter_rate_bound(uint64_t k, uint64_t n, double confidence);

#define BOLTER_MIN_FPR 1e-7 /* the lowest rate that can be asked for; it needs 30 million ham */

/*
 * The lowest threshold that keeps the false positive rate at max_fpr or below, with this confidence
 * (0.5 to 1), and every threshold above it does too. That holds for ham that comes like the ham of
 * the sample, independent of each other, labelled right, and for scores that did not depend on the
 * sample: not for mail that the model was trained or chosen on. The reasoning is in
 * libcore/eval/threshold.c.
 *
 * Where the sample is too small to prove it (0 errors in 2,995 ham prove 0.1 % at 95 %), proved is
 * false and threshold the one that floor(max_fpr * ham) of its ham may reach, with the upper bound
 * that this proves; NaN without ham. It is above 1 where ham has a probability of 1: then no
 * threshold of a model keeps the promise, nor can a model directory record it. s->threshold is not
 * used. E_ARG, E_NUMERIC, E_NOMEM.
 */
bolter_status bolter_threshold_for(const bolter_scores *s, double max_fpr, double confidence,
                                   bolter_threshold_proof *out, bolter_error *err);

/*
 * The temperature that minimises the cross-entropy of softmax(logits / T), logits (n, n_label), by a
 * search between 0.05 and 20 (Guo et al. 2017, section 4.2).
 */
bolter_status bolter_fit_temperature(const float *logits, const int32_t *labels, size_t n,
                                     size_t n_label, double *temperature, bolter_error *err);

/* ---- Word counting ------------------------------------------------------------------------ */

/*
 * What one would try before a neural network: texts as counts of words, or as tf-idf of words and
 * characters, and linear models over them. The numbers are those of scikit-learn's CountVectorizer,
 * TfidfVectorizer, MultinomialNB and LogisticRegression at the same settings.
 */
typedef enum bolter_gram_kind {
    BOLTER_GRAM_WORDS,  /* words of two or more letters, digits and "_" */
    BOLTER_GRAM_TOKENS, /* words of one or more, and each sign of $ £ € ! ? % by itself */
    BOLTER_GRAM_CHARS   /* characters of what stands between blanks, with a blank at both its ends */
} bolter_gram_kind;

typedef struct bolter_grams {
    bolter_gram_kind kind;
    size_t min_n, max_n; /* n-grams of so many words or characters, in lower case; 1 to 16 */
    uint32_t min_texts;  /* what is in fewer training texts is left out */
    size_t max_columns;  /* of the rest, the most frequent are kept; 0: all */
    bool tfidf;          /* values (1 + ln count) (1 + ln((1 + texts) / (1 + texts with it))), scaled to
                            length 1 within these grams; else counts */
} bolter_grams;

typedef struct bolter_words bolter_words;   /* which n-gram is which column */
typedef struct bolter_sparse bolter_sparse; /* a row a text, few of its columns not 0 */
typedef struct bolter_linear bolter_linear; /* a weight for each column and label */

/* Open with one or more sets of n-grams, which are copied; their columns follow one another. E_ARG,
 * E_NOMEM. */
bolter_status bolter_words_open(bolter_words **out, const bolter_grams *sets, size_t n_sets,
                                bolter_error *err);
/* Count a training text; any bytes, those that are no UTF-8 are punctuation. E_LIMIT (over 64 MiB, or
 * 2^28 n-grams), E_NOMEM, E_ARG (after fit). */
bolter_status bolter_words_count(bolter_words *w, const char *utf8, size_t n, bolter_error *err);
/* End counting and number the columns, those of a set by their bytes. E_NOMEM, E_ARG (nothing is left,
 * or fitted before). */
bolter_status bolter_words_fit(bolter_words *w, bolter_error *err);
size_t bolter_words_columns(const bolter_words *w);
/* The n-gram of a column, not NUL-terminated, and the index of its set; NULL beyond the last. */
const char *bolter_words_gram(const bolter_words *w, size_t column, size_t *n, size_t *set);
/* Append the row of a text to x, which was opened with as many columns. E_ARG, E_LIMIT, E_NOMEM; x is
 * then as before. */
bolter_status bolter_words_row(bolter_words *w, bolter_sparse *x, const char *utf8, size_t n,
                               bolter_error *err);
void bolter_words_free(bolter_words *w);

/* Open a matrix without rows. E_LIMIT, E_NOMEM. */
bolter_status bolter_sparse_open(bolter_sparse **out, size_t n_col, bolter_error *err);
size_t bolter_sparse_rows(const bolter_sparse *x);
size_t bolter_sparse_entries(const bolter_sparse *x);
void bolter_sparse_free(bolter_sparse *x);

/*
 * Multinomial naive Bayes over x's rows, which have labels 0 .. n_label-1; alpha > 0 is added to each
 * sum. Source: Manning, Raghavan, Schuetze 2008, "Introduction to information retrieval", section 13.2.
 * E_ARG (a label without a row, a negative value), E_NOMEM.
 */
bolter_status bolter_linear_bayes(bolter_linear **out, const bolter_sparse *x, const int32_t *labels,
                                  size_t n_label, double alpha, bolter_error *err);

typedef struct bolter_logistic_options {
    double c;         /* how much the data weigh against small weights; 0: 1 */
    bool balanced;    /* each label weighs the same, however many rows it has */
    size_t threads;   /* 0: as many as the process may use; the result does not depend on it */
    size_t max_steps; /* 0: 1000 */
    void (*progress)(void *ud, size_t step, double gradient); /* after each step, or NULL */
    void *ud;
} bolter_logistic_options;

typedef struct bolter_logistic_end {
    size_t n_steps;
    double loss;     /* the sum that was minimised */
    double gradient; /* largest component of its gradient */
    bool converged;  /* that is at most 1e-4, for c > 1 1e-4 / c; or the loss falls no more */
} bolter_logistic_end;

/*
 * Logistic regression: minimise sum of cross-entropies + |weights|^2 / (2 c), the biases free. Two
 * labels share one vector of weights, more have one each. o and end may be NULL. E_ARG, E_NOMEM,
 * E_NUMERIC.
 */
bolter_status bolter_linear_logistic(bolter_linear **out, const bolter_sparse *x,
                                     const int32_t *labels, size_t n_label,
                                     const bolter_logistic_options *o, bolter_logistic_end *end,
                                     bolter_error *err);
/* Log-probabilities (rows, n_label) of x's rows, but for a constant in each row. E_MISMATCH. */
bolter_status bolter_linear_logits(const bolter_linear *l, const bolter_sparse *x, double *logits,
                                   bolter_error *err);
/* How much a column speaks for a label: its weight less the mean of its weights for the others. */
double bolter_linear_weight(const bolter_linear *l, size_t column, size_t label);
void bolter_linear_free(bolter_linear *l);
/* ln(p / (1 - p)) of the softmax p of logits (n) at k, without rounding p to 0 or 1; n >= 2. */
double bolter_log_odds(const double *logits, size_t n, size_t k);

#endif
