/* test_average.c - the mean of models: every weight, the card of the first, and what cannot be averaged. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "ckpt/model.h"
#include "tests/check.h"
#include "tests/unit/tiny.h"

static bolter_status average(bolter_model *const *m, size_t n, const char *dir, bolter_error *err)
{
    const bolter_save_options o = {.spam_threshold = 0.5, .unsure_threshold = 0.5, .temperature = 1};
    return bolter_model_average((const bolter_model *const *)m, n, tiny_path(dir), &o, err);
}

static void every_weight_is_the_mean(struct check *c)
{
    bolter_error err = {0};
    bolter_model *m[3] = {tiny_classifier(2, 1, "one"), tiny_classifier(2, 2, "two"),
                          tiny_classifier(2, 3, "three")};
    bolter_model *mean = NULL;
    CHECK(c, average(m, 3, "mean", &err) == BOLTER_OK, "%s", err.text);
    CHECK(c, bolter_model_open(&mean, tiny_path("mean"), &err) == BOLTER_OK, "%s", err.text);
    size_t wrong = 0, same = 0;
    for (size_t i = 0; mean && i < mean->params.n; i++) {
        for (size_t k = 0; k < bt_param_size(&mean->params.row[i]); k++) {
            double want = ((double)m[0]->w[i][k] + (double)m[1]->w[i][k] + (double)m[2]->w[i][k]) / 3;
            wrong += !(fabs((double)mean->w[i][k] - want) <= 1e-7 * (1 + fabs(want)));
            same += mean->w[i][k] >= m[0]->w[i][k] && mean->w[i][k] <= m[0]->w[i][k];
        }
    }
    CHECK(c, mean && wrong == 0, "%zu weights are not the mean", wrong);
    CHECK(c, mean && same < mean->params.n_values / 2, "%zu weights are the first model's", same);
    bolter_model_unref(mean);
    for (size_t i = 0; i < 3; i++)
        bolter_model_unref(m[i]);
}

static void the_card_is_the_firsts_without_its_thresholds(struct check *c)
{
    bolter_error err = {0};
    bolter_model *m[2] = {tiny_classifier(2, 4, "four"), tiny_classifier(2, 5, "five")}, *mean = NULL;
    CHECK(c, average(m, 2, "card", &err) == BOLTER_OK, "%s", err.text);
    CHECK(c, bolter_model_open(&mean, tiny_path("card"), &err) == BOLTER_OK, "%s", err.text);
    if (mean) {
        const bolter_model_info *a = bolter_model_info_of(m[0]), *b = bolter_model_info_of(mean);
        CHECK(c, a->max_tokens == b->max_tokens && strcmp(a->text_layout, b->text_layout) == 0 &&
                 b->spam_label == 1, "texts are read otherwise");
        CHECK(c, fabs(b->spam_threshold - 0.5) <= 0 && fabs(b->temperature - 1) <= 0,
              "the thresholds are old ones");
        CHECK(c, strcmp(a->id, b->id) != 0, "the id is the first model's");
    }
    bolter_model_unref(mean);
    bolter_model_unref(m[0]);
    bolter_model_unref(m[1]);
}

static void what_differs_is_refused_and_nothing_is_written(struct check *c)
{
    bolter_model *small = tiny_classifier(2, 6, "small"), *deep = tiny_classifier(3, 7, "deep");
    bolter_model *plain = tiny_language_model(8, "plain"), *other = tiny_classifier(2, 9, "other");
    other->card.max_tokens--;
    bolter_model *const pairs[][2] = {{small, deep}, {small, plain}, {small, other}};
    static const char *const said[] = {"shape", "shape", "reads texts otherwise"};
    for (size_t i = 0; i < 3; i++) {
        bolter_error err = {0};
        CHECK(c, average(pairs[i], 2, "none", &err) == BOLTER_E_MISMATCH && strstr(err.text, said[i]),
              "%zu: \"%s\"", i, err.text);
    }
    bolter_error err = {0};
    CHECK(c, average(pairs[0], 1, "none", &err) == BOLTER_E_ARG, "one model was averaged");
    CHECK(c, !bt_file_exists(tiny_path("none")), "a directory was written");
    bolter_model_unref(small);
    bolter_model_unref(deep);
    bolter_model_unref(plain);
    bolter_model_unref(other);
}

int main(void)
{
    static const struct check_case cases[] = {
        CASE(every_weight_is_the_mean),
        CASE(the_card_is_the_firsts_without_its_thresholds),
        CASE(what_differs_is_refused_and_nothing_is_written),
    };
    return check_main(cases, sizeof cases / sizeof *cases);
}
