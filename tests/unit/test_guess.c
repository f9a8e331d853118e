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

struct scene {
    bolter_model *m;
    bolter_trainer *t;
    bolter_seq *seqs;
    int32_t labels[N];
};

/* Options of a trainer whose every token is predicted. */
static bolter_train_options both(const char *trainable, size_t threads)
{
    bolter_train_options o = training_options(trainable, threads);
    o.position = "mean";
    o.lm_loss = 0.7f;
    o.lm_every = 1;
    return o;
}

/* Takes m. */
static void begin_with(struct scene *s, bolter_model *m, const bolter_train_options *o)
{
    s->m = m;
    s->t = training_open(m, o);
    s->seqs = training_seqs(s->labels);
}

static void begin(struct scene *s, const bolter_train_options *o)
{
    begin_with(s, tiny_classifier(2, 1, "guess"), o);
}

static void end(struct scene *s)
{
    bolter_trainer_free(s->t);
    bolter_model_unref(s->m);
    tiny_free_seqs(s->seqs, N);
}

static bt_result run_of(struct check *c, struct scene *s)
{
    bt_result r = {0};
    bolter_error err = {0};
    CHECK(c, bt_trainer_run(s->t, s->seqs, s->labels, N, NULL, &r, &err) == BOLTER_OK, "%s", err.text);
    return r;
}

static double total(struct check *c, struct scene *s)
{
    bt_result r = run_of(c, s);
    return r.loss + (double)s->t->o.lm_loss * r.guess_loss;
}

/* ---- The loss ---- */

static void the_second_loss_is_that_of_a_language_model(struct check *c)
{
    struct scene s;
    bolter_train_options o = both("all", 2), plain = training_options("all", 1);
    begin_with(&s, tiny_language_model(3, "guess-lm"), &o);
    bolter_trainer *lm;
    bolter_error err = {0};
    bolter_passage p[N];
    bolter_step step = {0};
    size_t n = 0;
    for (size_t i = 0; i < N; i++)
        if (s.seqs[i].n > 1) /* one token predicts none */
            p[n++] = (bolter_passage){s.seqs[i].ids, s.seqs[i].n, 1};
    CHECK(c, bolter_trainer_open(&lm, s.m, NULL, 0, &plain, &err) == BOLTER_OK &&
             bolter_trainer_loss_passages(lm, p, n, &step, &err) == BOLTER_OK, "%s", err.text);
    bt_result r = run_of(c, &s);
    CHECK(c, step.loss > 1 && fabs(r.guess_loss - step.loss) < 1e-5, "%.9g, a language model's %.9g",
          r.guess_loss, step.loss);
    bolter_trainer_free(lm);
    end(&s);
}

static void the_first_loss_is_what_it_is_without_a_second(struct check *c)
{
    struct scene s, t;
    bolter_train_options o = both("all", 1), without = both("all", 1);
    without.lm_loss = 0;
    begin(&s, &o);
    begin(&t, &without);
    bt_result a = run_of(c, &s), b = run_of(c, &t);
    CHECK(c, a.loss == b.loss && a.n_right == b.n_right, "%.9g, without %.9g", a.loss, b.loss);
    CHECK(c, b.guess_loss == 0, "%.9g", b.guess_loss);
    end(&t);
    end(&s);
}

/* Every third token: the losses of three steps' different tokens are together that of all. */
static void each_token_has_its_turn(struct check *c)
{
    struct scene s;
    bolter_train_options o = both("all", 1);
    begin(&s, &o);
    double all = run_of(c, &s).guess_loss, sum = 0;
    size_t n = 0, n_all = 0;
    for (size_t i = 0; i < N; i++)
        n_all += s.seqs[i].n - 1;
    s.t->o.lm_every = 3;
    for (s.t->step = 0; s.t->step < 3; s.t->step++) {
        size_t counted = 0;
        for (size_t k = 0; k < N; k++)
            for (size_t i = 0; i + 1 < s.seqs[k].n; i++)
                counted += (i + k + s.t->step) % 3 == 0;
        sum += (double)counted * run_of(c, &s).guess_loss;
        n += counted;
    }
    CHECK(c, n == n_all && fabs(sum / (double)n - all) < 1e-5, "%zu of %zu tokens, %.9g, all %.9g", n, n_all,
          sum / (double)n, all);
    end(&s);
}

/* ---- Its gradients ---- */

/* The slope of both losses along value k of a slot. */
static double slope(struct check *c, struct scene *s, const bt_slot *slot, size_t k)
{
    const float h = 2e-3f, kept = slot->p[k];
    slot->p[k] = kept + h;
    double up = total(c, s), x = (double)slot->p[k];
    slot->p[k] = kept - h;
    double down = total(c, s);
    x -= (double)slot->p[k];
    slot->p[k] = kept;
    return (up - down) / x;
}

/* The value of a slot whose gradient is the largest. */
static size_t steepest(const bt_slot *slot)
{
    size_t k = 0;
    for (size_t i = 1; i < slot->n; i++)
        k = fabsf(slot->g[i]) > fabsf(slot->g[k]) ? i : k;
    return k;
}

static void gradients_are_those_of_both_losses(struct check *c)
{
    static const char *const modes[] = {"all", "last_block", "lora"};
    for (size_t i = 0; i < 6; i++) {
        struct scene s;
        bolter_train_options o = both(modes[i / 2], 1 + i % 2);
        begin(&s, &o);
        for (size_t k = 0; k < s.t->slots.n; k++) {
            const bt_slot *slot = &s.t->slots.slot[k];
            run_of(c, &s);
            size_t at = steepest(slot);
            double got = (double)slot->g[at], want = slope(c, &s, slot, at);
            CHECK(c, fabs(got - want) < 2e-3 + 0.02 * fabs(want), "%s, %zu threads, %s[%zu]: %g, want %g",
                  modes[i / 2], 1 + i % 2, slot->name, at, got, want);
        }
        end(&s);
    }
}

/* ---- In training ---- */

/* Take n steps; the first and the last. */
static void steps(struct check *c, struct scene *s, size_t n, bolter_step *first, bolter_step *last)
{
    bolter_error err = {0};
    for (size_t i = 0; i < n; i++) {
        CHECK(c, bolter_trainer_step(s->t, s->seqs, s->labels, N, last, &err) == BOLTER_OK, "%s", err.text);
        *first = i == 0 ? *last : *first;
    }
}

static void both_losses_fall(struct check *c)
{
    struct scene s;
    bolter_train_options o = both("all", 2);
    o.lm_every = 4;
    begin(&s, &o);
    bolter_step first = {0}, last = {0};
    steps(c, &s, 40, &first, &last);
    CHECK(c, last.loss < 0.5 * first.loss && last.lm_loss < 0.8 * first.lm_loss,
          "labels %g, at first %g; text %g, at first %g", last.loss, first.loss, last.lm_loss, first.lm_loss);
    end(&s);
}

static void the_cached_trunk_gives_the_same_step(struct check *c)
{
    double loss[2];
    for (size_t k = 0; k < 2; k++) {
        struct scene s;
        bolter_train_options o = both("last_block", 1);
        o.no_cache = k == 1;
        begin(&s, &o);
        bolter_step first = {0}, last = {0};
        steps(c, &s, 3, &first, &last);
        loss[k] = last.loss + last.lm_loss;
        end(&s);
    }
    CHECK(c, fabs(loss[0] - loss[1]) < 1e-5, "%.9g, without a cache %.9g", loss[0], loss[1]);
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
