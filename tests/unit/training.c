/* training.c - what tests of the trainer share. */
#include "tests/unit/training.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { N = TRAINING_N };

static _Noreturn void die(const bolter_error *err)
{
    fprintf(stderr, "%s\n", err->text);
    exit(99);
}

bolter_seq *training_seqs(int32_t *labels)
{
    bolter_seq *seqs = tiny_seqs(N, 20, 5);
    for (size_t i = 0; i < N; i++) {
        int32_t *ids = (int32_t *)(uintptr_t)seqs[i].ids;
        labels[i] = (int32_t)(i % 2);
        ids[0] = ids[seqs[i].n - 1] = labels[i] ? 7 : 8;
    }
    return seqs;
}

bolter_train_options training_options(const char *trainable, size_t threads)
{
    bolter_train_options o;
    bolter_train_options_default(&o);
    o.trainable = trainable;
    o.threads = threads;
    o.lr = 0.02f;
    o.schedule = "constant";
    o.lora_rank = 2;
    return o;
}

bolter_trainer *training_open(bolter_model *m, const bolter_train_options *o)
{
    static const char *const two[] = {"ham", "spam"};
    bolter_trainer *t;
    bolter_error err = {0};
    if (bolter_trainer_open(&t, m, two, 2, o, &err) != BOLTER_OK)
        die(&err);
    return t;
}

bolter_trainer *training_open_lm(bolter_model *m, const bolter_train_options *o)
{
    bolter_trainer *t;
    bolter_error err = {0};
    if (bolter_trainer_open(&t, m, NULL, 0, o, &err) != BOLTER_OK)
        die(&err);
    return t;
}

void training_steps(struct check *c, bolter_trainer *t, size_t n, double *loss)
{
    int32_t labels[N];
    bolter_seq *seqs = training_seqs(labels);
    for (size_t i = 0; i < n; i++) {
        bolter_step step = {0};
        bolter_error err = {0};
        bolter_status rc = bolter_trainer_step(t, seqs, labels, N, &step, &err);
        loss[i] = step.loss;
        if (!CHECK(c, rc == BOLTER_OK, "step %zu: %s", i + 1, err.text))
            break;
    }
    tiny_free_seqs(seqs, N);
}

void training_logits(struct check *c, bolter_trainer *t, float *logits)
{
    int32_t labels[N];
    bolter_error err = {0};
    bolter_seq *seqs = training_seqs(labels);
    CHECK(c, bolter_trainer_logits(t, seqs, N, logits, &err) == BOLTER_OK, "%s", err.text);
    tiny_free_seqs(seqs, N);
}

bolter_model *training_result(bolter_trainer *t, const char *name)
{
    bolter_model *m;
    bolter_error err = {0};
    bolter_save_options o = {0};
    char dir[1024];
    snprintf(dir, sizeof dir, "%s", tiny_path(name));
    if (bolter_trainer_save(t, dir, &o, &err) != BOLTER_OK ||
        bolter_model_open(&m, dir, &err) != BOLTER_OK)
        die(&err);
    return m;
}

void training_session_logits(struct check *c, bolter_model *m, float *logits)
{
    int32_t labels[N];
    bolter_error err = {0};
    bolter_session *s = NULL;
    bolter_seq *seqs = training_seqs(labels);
    CHECK(c,
          bolter_session_open(&s, m, N, 0, &err) == BOLTER_OK &&
              bolter_session_logits(s, seqs, N, logits, &err) == BOLTER_OK,
          "%s", err.text);
    bolter_session_free(s);
    tiny_free_seqs(seqs, N);
}

void training_near(struct check *c, const char *what, const float *got, const float *want,
                   double tolerance)
{
    for (size_t i = 0; i < 2 * N; i++)
        CHECK(c, fabs((double)got[i] - (double)want[i]) <= tolerance,
              "%s: logit %zu: %.9g, want %.9g", what, i, (double)got[i], (double)want[i]);
}
