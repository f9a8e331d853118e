/*
 * test_loss.c - the loss against its formula and finite differences, and in training: what counts,
 * and how much.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/training.h"
#include "train/loss.h"

enum { N = TRAINING_N, K = 4 };

static const float weights[K] = {0.5f, 2, 1, 0};
static const bt_loss kinds[] = {{0, NULL, -100},
                                {0.1f, NULL, -100},
                                {0, weights, -100},
                                {0.3f, weights, -100},
                                {0.9f, NULL, 2}};
enum { N_KINDS = sizeof kinds / sizeof *kinds };

/* As PyTorch's documentation of CrossEntropyLoss has it, for one example. */
static double formula(const bt_loss *l, const double *x, size_t label)
{
    double sum = 0, smooth = 0;
    for (size_t k = 0; k < K; k++)
        sum += exp(x[k]);
    for (size_t k = 0; k < K; k++)
        smooth -= (l->weight ? (double)l->weight[k] : 1) * log(exp(x[k]) / sum);
    double nll = -(l->weight ? (double)l->weight[label] : 1) * log(exp(x[label]) / sum);
    return (1 - (double)l->smoothing) * nll + (double)l->smoothing / K * smooth;
}

static void loss_and_gradient_follow_the_formula(struct check *c)
{
    const double x[K] = {0.3, -1.2, 2.5, 0.1}, h = 1e-6;
    for (size_t i = 0; i < N_KINDS; i++) {
        for (int32_t label = 0; label < K; label++) {
            float row[K];
            for (size_t k = 0; k < K; k++)
                row[k] = (float)x[k];
            bool counts = label != kinds[i].ignore;
            double got = bt_loss_row(&kinds[i], row, K, label, 0.25);
            double want = counts ? 0.25 * formula(&kinds[i], x, (size_t)label) : 0;
            CHECK(c, fabs(got - want) < 1e-6, "kind %zu, label %d: %.9g, want %.9g", i, (int)label,
                  got, want);
            for (size_t k = 0; k < K; k++) {
                double up[K], down[K];
                memcpy(up, x, sizeof x);
                memcpy(down, x, sizeof x);
                up[k] += h;
                down[k] -= h;
                double slope = (formula(&kinds[i], up, (size_t)label) -
                                formula(&kinds[i], down, (size_t)label)) /
                               (2 * h);
                slope = counts ? 0.25 * slope : 0;
                CHECK(c, fabs((double)row[k] - slope) < 1e-6,
                      "kind %zu, label %d, slope %zu: %.9g, "
                      "want %.9g",
                      i, (int)label, k, (double)row[k], slope);
            }
        }
    }
}

static void known_losses_come_out(struct check *c)
{
    const bt_loss plain = {0, NULL, -100}, smooth = {0.1f, NULL, -100};
    float row[3] = {1, 2, 3};
    double got = bt_loss_row(&plain, row, 3, 2, 1);
    CHECK(c, fabs(got - 0.40760596) < 1e-7, "%.9g", got);
    memcpy(row, (float[]){1, 2, 3}, sizeof row);
    got = bt_loss_row(&smooth, row, 3, 2, 1);
    CHECK(c, fabs(got - 0.50760596) < 1e-7, "smoothed: %.9g", got);
}

/* ---- In training ---- */

/* One step on the given examples of training_seqs(), and the logits of all after it. */
static double one_step(struct check *c, bolter_model *m, const bolter_train_options *o,
                       const size_t *which, size_t n, int32_t instead, float *logits)
{
    int32_t labels[N], chosen[2 * N];
    bolter_seq *seqs = training_seqs(labels), batch[2 * N];
    bolter_step step = {0};
    bolter_error err = {0};
    for (size_t i = 0; i < n; i++) {
        batch[i] = seqs[which[i] % N];
        chosen[i] = which[i] < N ? labels[which[i]] : instead;
    }
    bolter_trainer *t = training_open(m, o);
    CHECK(c, bolter_trainer_step(t, batch, chosen, n, &step, &err) == BOLTER_OK, "%s", err.text);
    training_logits(c, t, logits);
    bolter_trainer_free(t);
    tiny_free_seqs(seqs, N);
    return step.loss;
}

static void an_ignored_example_changes_nothing(struct check *c)
{
    const size_t rest[] = {0, 3, 5}, among[] = {N + 1, 0, 3, N + 7, 5};
    float want[2 * N], got[2 * N];
    bolter_model *m = tiny_classifier(2, 1, "ignore");
    for (int32_t ignored = -100; ignored <= 50256; ignored += 50356) {
        bolter_train_options o = training_options("last_block", 2);
        o.ignore_label = ignored;
        o.lr = 1e-3f;
        double a = one_step(c, m, &o, rest, 3, 0, want);
        double b = one_step(c, m, &o, among, 5, ignored, got);
        CHECK(c, fabs(a - b) < 1e-6, "loss %.9g, want %.9g", b, a);
        training_near(c, "ignored", got, want, 1e-4);
    }
    bolter_model_unref(m);
}

static void a_class_of_weight_two_counts_as_its_examples_twice(struct check *c)
{
    const size_t once[] = {0, 1, 3}, twice[] = {0, 1, 3, 1, 3};
    const float two[2] = {1, 2};
    float want[2 * N], got[2 * N];
    bolter_model *m = tiny_classifier(2, 2, "weights");
    bolter_train_options o = training_options("all", 1);
    o.lr = 1e-3f;
    double a = one_step(c, m, &o, twice, 5, 0, want);
    o.class_weights = two;
    double b = one_step(c, m, &o, once, 3, 0, got);
    CHECK(c, fabs(a - b) < 1e-6, "loss %.9g, want %.9g", b, a);
    training_near(c, "weights", got, want, 1e-4);
    bolter_model_unref(m);
}

static void a_batch_in_which_nothing_counts_moves_nothing(struct check *c)
{
    const size_t none[] = {N + 1, N + 2};
    float before[2 * N], after[2 * N];
    bolter_model *m = tiny_classifier(1, 3, "nothing");
    bolter_train_options o = training_options("all", 1);
    o.weight_decay = 0;
    bolter_trainer *t = training_open(m, &o);
    training_logits(c, t, before);
    bolter_trainer_free(t);
    double loss = one_step(c, m, &o, none, 2, -100, after);
    CHECK(c, loss <= 0 && loss >= 0, "loss %g", loss);
    CHECK(c, memcmp(before, after, sizeof before) == 0, "other logits");
    bolter_model_unref(m);
}

static void batches_added_up_are_one_batch(struct check *c)
{
    int32_t labels[N];
    float want[2 * N], got[2 * N];
    bolter_model *m = tiny_classifier(2, 4, "accumulate");
    bolter_seq *seqs = training_seqs(labels);
    bolter_train_options o = training_options("all", 1);
    o.lr = 1e-3f;
    o.clip_norm = 0;
    double sum = 0;
    bolter_trainer *t = training_open(m, &o);
    for (size_t i = 0; i < N; i++) {
        float logits[2];
        const bt_loss plain = {0, NULL, -100};
        bolter_trainer_logits(t, seqs + i, 1, logits, NULL);
        sum += bt_loss_row(&plain, logits, 2, labels[i], 1.0 / N);
    }
    bolter_step step = {0};
    bolter_trainer_step(t, seqs, labels, N, &step, NULL);
    CHECK(c, fabs(step.loss - sum) < 1e-6, "loss %.9g, mean of each alone %.9g", step.loss, sum);
    training_logits(c, t, want);
    bolter_trainer_free(t);
    t = training_open(m, &o);
    bolter_trainer_step(t, seqs, labels, N, &step, NULL);
    training_logits(c, t, got);
    CHECK(c, memcmp(want, got, sizeof got) == 0, "what was scored before changes the step");
    bolter_trainer_free(t);
    tiny_free_seqs(seqs, N);
    bolter_model_unref(m);
}

static void impossible_losses_are_refused(struct check *c)
{
    static const char *const two[] = {"ham", "spam"};
    static const float bad[][2] = {{-1, 1}, {NAN, 1}, {1, INFINITY}};
    bolter_model *m = tiny_classifier(1, 5, "refused");
    bolter_trainer *t;
    for (size_t i = 0; i < 3; i++) {
        bolter_train_options o = training_options("all", 1);
        o.class_weights = bad[i];
        CHECK(c, bolter_trainer_open(&t, m, two, 2, &o, NULL) == BOLTER_E_ARG, "weights %zu", i);
    }
    bolter_train_options o = training_options("all", 1);
    o.label_smoothing = 1;
    CHECK(c, bolter_trainer_open(&t, m, two, 2, &o, NULL) == BOLTER_E_ARG, "smoothing 1");
    bolter_model_unref(m);
}

int main(void)
{
    static const struct check_case cases[] = {
        CASE(loss_and_gradient_follow_the_formula),
        CASE(known_losses_come_out),
        CASE(an_ignored_example_changes_nothing),
        CASE(a_class_of_weight_two_counts_as_its_examples_twice),
        CASE(a_batch_in_which_nothing_counts_moves_nothing),
        CASE(batches_added_up_are_one_batch),
        CASE(impossible_losses_are_refused),
    };
    return check_main(cases, sizeof cases / sizeof *cases);
}
