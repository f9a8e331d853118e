/*
 * test_guess.c - a classifier that goes on predicting text beside its labels: its second loss against
 * that of a language model, its gradients against finite differences, and what comes of it.
 */
#include <math.h>
#include <string.h>

#include "tests/unit/training.h"
#include "train/trainer.h"

enum { N = TRAINING_N };

static const char *const labels_of[] = {"ham", "spam"};

/* Options of a trainer whose every token is predicted. */
static bolter_train_options both(const char *trainable, size_t threads)
{
    bolter_train_options o = training_options(trainable, threads);
    o.position = "mean";
    o.lm_loss = 0.7f;
    o.lm_every = 1;
    return o;
}

static bt_result run_of(struct check *c, bolter_trainer *t, const bolter_seq *seqs, const int32_t *labels)
{
    bt_result r = {0};
    bolter_error err = {0};
    CHECK(c, bt_trainer_run(t, seqs, labels, N, NULL, &r, &err) == BOLTER_OK, "%s", err.text);
    return r;
}

static double total(struct check *c, bolter_trainer *t, const bolter_seq *seqs, const int32_t *labels)
{
    bt_result r = run_of(c, t, seqs, labels);
    return r.loss + (double)t->o.lm_loss * r.guess_loss;
}

/* ---- The loss ---- */

static void the_second_loss_is_that_of_a_language_model(struct check *c)
{
    int32_t labels[N];
    bolter_seq *seqs = training_seqs(labels);
    bolter_model *m = tiny_language_model(3, "guess-lm");
    bolter_train_options o = both("all", 2), plain = training_options("all", 1);
    bolter_trainer *t = training_open(m, &o), *lm;
    bolter_error err = {0};
    bolter_passage p[N];
    bolter_step step = {0};
    size_t n = 0;
    for (size_t i = 0; i < N; i++)
        if (seqs[i].n > 1) /* one token predicts none */
            p[n++] = (bolter_passage){seqs[i].ids, seqs[i].n, 1};
    CHECK(c, bolter_trainer_open(&lm, m, NULL, 0, &plain, &err) == BOLTER_OK &&
             bolter_trainer_loss_passages(lm, p, n, &step, &err) == BOLTER_OK, "%s", err.text);
    bt_result r = run_of(c, t, seqs, labels);
    CHECK(c, step.loss > 1 && fabs(r.guess_loss - step.loss) < 1e-5, "%.9g, a language model's %.9g",
          r.guess_loss, step.loss);
    bolter_trainer_free(lm);
    bolter_trainer_free(t);
    bolter_model_unref(m);
    tiny_free_seqs(seqs, N);
}

static void the_first_loss_is_what_it_is_without_a_second(struct check *c)
{
    int32_t labels[N];
    bolter_seq *seqs = training_seqs(labels);
    bolter_model *m = tiny_classifier(2, 1, "guess-first");
    bolter_train_options o = both("all", 1), without = both("all", 1);
    without.lm_loss = 0;
    bolter_trainer *t = training_open(m, &o), *u = training_open(m, &without);
    bt_result a = run_of(c, t, seqs, labels), b = run_of(c, u, seqs, labels);
    CHECK(c, a.loss == b.loss && a.n_right == b.n_right, "%.9g, without %.9g", a.loss, b.loss);
    CHECK(c, b.guess_loss == 0, "%.9g", b.guess_loss);
    bolter_trainer_free(t);
    bolter_trainer_free(u);
    bolter_model_unref(m);
    tiny_free_seqs(seqs, N);
}

/* Every N-th token: the losses of N steps' different tokens are together that of all. */
static void each_token_has_its_turn(struct check *c)
{
    int32_t labels[N];
    bolter_seq *seqs = training_seqs(labels);
    bolter_model *m = tiny_classifier(2, 1, "guess-turn");
    bolter_train_options o = both("all", 1);
    bolter_trainer *t = training_open(m, &o);
    double all = run_of(c, t, seqs, labels).guess_loss, sum = 0;
    size_t n = 0, n_all = 0;
    for (size_t i = 0; i < N; i++)
        n_all += seqs[i].n - 1;
    t->o.lm_every = 3;
    for (t->step = 0; t->step < 3; t->step++) {
        size_t counted = 0;
        for (size_t s = 0; s < N; s++)
            for (size_t i = 0; i + 1 < seqs[s].n; i++)
                counted += (i + s + t->step) % 3 == 0;
        sum += (double)counted * run_of(c, t, seqs, labels).guess_loss;
        n += counted;
    }
    CHECK(c, n == n_all && fabs(sum / (double)n - all) < 1e-5, "%zu of %zu tokens, %.9g, all %.9g", n, n_all,
          sum / (double)n, all);
    bolter_trainer_free(t);
    bolter_model_unref(m);
    tiny_free_seqs(seqs, N);
}

/* ---- Its gradients ---- */

/* The slope of both losses along value k of slot s. */
static double slope(struct check *c, bolter_trainer *t, const bt_slot *s, size_t k, const bolter_seq *seqs,
                    const int32_t *labels)
{
    const float h = 2e-3f, kept = s->p[k];
    s->p[k] = kept + h;
    double up = total(c, t, seqs, labels), x = (double)s->p[k];
    s->p[k] = kept - h;
    double down = total(c, t, seqs, labels);
    x -= (double)s->p[k];
    s->p[k] = kept;
    return (up - down) / x;
}

/* The value of a slot whose gradient is the largest. */
static size_t steepest(const bt_slot *s)
{
    size_t k = 0;
    for (size_t i = 1; i < s->n; i++)
        k = fabsf(s->g[i]) > fabsf(s->g[k]) ? i : k;
    return k;
}

static void gradients_are_those_of_both_losses(struct check *c)
{
    static const char *const modes[] = {"all", "last_block", "lora"};
    for (size_t mode = 0; mode < 3; mode++) {
        for (size_t threads = 1; threads <= 2; threads++) {
            int32_t labels[N];
            bolter_seq *seqs = training_seqs(labels);
            bolter_model *m = tiny_classifier(2, 1, "guess-gradient");
            bolter_train_options o = both(modes[mode], threads);
            bolter_trainer *t = training_open(m, &o);
            for (size_t i = 0; i < t->slots.n; i++) {
                const bt_slot *s = &t->slots.slot[i];
                run_of(c, t, seqs, labels);
                size_t k = steepest(s);
                double got = (double)s->g[k], want = slope(c, t, s, k, seqs, labels);
                CHECK(c, fabs(got - want) < 2e-3 + 0.02 * fabs(want), "%s, %zu threads, %s[%zu]: %g, want %g",
                      modes[mode], threads, s->name, k, got, want);
            }
            bolter_trainer_free(t);
            bolter_model_unref(m);
            tiny_free_seqs(seqs, N);
        }
    }
}

/* ---- In training ---- */

static void both_losses_fall(struct check *c)
{
    int32_t labels[N];
    bolter_seq *seqs = training_seqs(labels);
    bolter_model *m = tiny_classifier(2, 1, "guess-fall");
    bolter_train_options o = both("all", 2);
    o.lm_every = 4;
    bolter_trainer *t = training_open(m, &o);
    bolter_step first = {0}, step = {0};
    bolter_error err = {0};
    for (size_t i = 0; i < 40; i++) {
        CHECK(c, bolter_trainer_step(t, seqs, labels, N, &step, &err) == BOLTER_OK, "%s", err.text);
        first = i == 0 ? step : first;
    }
    CHECK(c, step.loss < 0.5 * first.loss && step.lm_loss < 0.8 * first.lm_loss,
          "labels %g, at first %g; text %g, at first %g", step.loss, first.loss, step.lm_loss,
          first.lm_loss);
    bolter_trainer_free(t);
    bolter_model_unref(m);
    tiny_free_seqs(seqs, N);
}

static void the_cached_trunk_gives_the_same_step(struct check *c)
{
    int32_t labels[N];
    bolter_seq *seqs = training_seqs(labels);
    bolter_model *m = tiny_classifier(2, 1, "guess-cache");
    double loss[2];
    for (size_t k = 0; k < 2; k++) {
        bolter_train_options o = both("last_block", 1);
        o.no_cache = k == 1;
        bolter_trainer *t = training_open(m, &o);
        bolter_step step = {0};
        for (size_t i = 0; i < 3; i++)
            bolter_trainer_step(t, seqs, labels, N, &step, NULL);
        loss[k] = step.loss + step.lm_loss;
        bolter_trainer_free(t);
    }
    CHECK(c, fabs(loss[0] - loss[1]) < 1e-5, "%.9g, without a cache %.9g", loss[0], loss[1]);
    bolter_model_unref(m);
    tiny_free_seqs(seqs, N);
}

static void what_cannot_predict_is_refused(struct check *c)
{
    bolter_model *m = tiny_classifier(2, 1, "guess-refused");
    bolter_train_options bad[5];
    for (size_t i = 0; i < 5; i++)
        bad[i] = both("all", 1);
    bad[0].position = "last";
    bad[1].mask = "none";
    bad[2].pad_to = 8;
    bad[3].trainable = "last_layer";
    bad[4].lm_loss = -1;
    for (size_t i = 0; i < 5; i++) {
        bolter_trainer *t;
        bolter_error err = {0};
        CHECK(c, bolter_trainer_open(&t, m, labels_of, 2, &bad[i], &err) == BOLTER_E_ARG &&
                 strstr(err.text, "lm_loss"), "case %zu: %s", i, err.text);
    }
    bolter_model_unref(m);
}

int main(void)
{
    static const struct check_case cases[] = {
        CASE(the_second_loss_is_that_of_a_language_model),
        CASE(the_first_loss_is_what_it_is_without_a_second),
        CASE(each_token_has_its_turn),
        CASE(gradients_are_those_of_both_losses),
        CASE(both_losses_fall),
        CASE(the_cached_trunk_gives_the_same_step),
        CASE(what_cannot_predict_is_refused),
    };
    return check_main(cases, sizeof cases / sizeof *cases);
}
