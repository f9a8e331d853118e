/* training.h - what tests of the trainer share: examples that can be told apart, and short runs. */
#ifndef TRAINING_H
#define TRAINING_H

#include "bolter_train.h"
#include "ckpt/model.h"
#include "tests/check.h"
#include "tests/unit/tiny.h"

/* Examples of a batch. */
enum { TRAINING_N = 12 };

/* TRAINING_N sequences; those of label 1 begin and end with token 7, the others with 8. To be freed
 * by tiny_free_seqs(). */
bolter_seq *training_seqs(int32_t *labels);
/* The defaults with a constant rate of 0.02 and adapters of rank 2. */
bolter_train_options training_options(const char *trainable, size_t threads);
/* A trainer for "ham" and "spam"; ends the program on failure. */
bolter_trainer *training_open(bolter_model *m, const bolter_train_options *o);
/* The same for the next token. */
bolter_trainer *training_open_lm(bolter_model *m, const bolter_train_options *o);
/* Take n steps on all examples; their losses. */
void training_steps(struct check *c, bolter_trainer *t, size_t n, double *loss);
/* Logits (TRAINING_N, 2) of all examples. */
void training_logits(struct check *c, bolter_trainer *t, float *logits);
/* The trainer's weights as a model, saved under a name; ends the program on failure. */
bolter_model *training_result(bolter_trainer *t, const char *name);
/* The same logits by a session over a model. */
void training_session_logits(struct check *c, bolter_model *m, float *logits);
/* Check that two sets of logits differ by at most tolerance. */
void training_near(struct check *c, const char *what, const float *got, const float *want,
                   double tolerance);

#endif
