/*
 * test_untied.c - language models whose output layer is a matrix of their own: their files, logits,
 * training, what a classifier makes of them, and how their weights begin.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "ckpt/model.h"
#include "tests/check.h"
#include "tests/unit/tiny.h"
#include "tests/unit/training.h"

enum { V = TINY_VOCAB };

static void make(tiny *t, uint64_t seed, bool untied)
{
    bt_config cfg = tiny_config(2, 0);
    cfg.untied = untied;
    tiny_init(t, &cfg, seed);
}

static bolter_model *opened(const char *dir, const char *precision)
{
    bolter_model *m;
    bolter_error err = {0};
    const bolter_open_options o = {.precision = precision};
    if (bolter_model_open_with(&m, dir, &o, &err) != BOLTER_OK) {
        fprintf(stderr, "%s\n", err.text);
        exit(99);
    }
    return m;
}

/* ---- Files ---- */

static void the_output_layer_is_written_as_hugging_face_names_it(struct check *c)
{
    static const char *const dtypes[] = {"float32", "bfloat16", "int8"};
    bolter_model *m = tiny_untied_model(1, "untied");
    const size_t head = bt_vocabulary_index(&m->cfg), n = bt_param_size(&m->params.row[head]);
    for (size_t i = 0; i < 3; i++) {
        const bolter_save_options o = {.dtype = dtypes[i], .plain = true};
        bolter_error err = {0};
        CHECK(c, bolter_model_save(m, tiny_path("saved"), &o, &err) == BOLTER_OK, "%s", err.text);
        bolter_model *again = opened(tiny_path("saved"), NULL);
        const bt_tensor *t = bt_safetensors_find(&again->st, "lm_head.weight");
        CHECK(c, t && t->n_dim == 2 && t->dim[0] == V && t->dim[1] == m->cfg.n_embd, "%s: no (V, C)",
              dtypes[i]);
        CHECK(c, t && t->dtype == (i == 0 ? BT_F32 : i == 1 ? BT_BF16 : BT_I8), "%s: of another type",
              dtypes[i]);
        CHECK(c, again->info.untied && json_is_false(json_object_get(again->config,
                                                                     "tie_word_embeddings")),
              "%s: tied", dtypes[i]);
        double off = 0;
        for (size_t k = 0; k < n; k++)
            off = fmax(off, fabs((double)again->w[head][k] - (double)m->w[head][k]));
        CHECK(c, i == 0 ? off <= 0 : off > 0 && off < 0.01, "%s: off by %g", dtypes[i], off);
        bolter_model_unref(again);
    }
    bolter_model_unref(m);
}

static void an_output_layer_that_is_not_there_or_does_not_fit_is_named(struct check *c)
{
    static const char *const precisions[] = {NULL, "float32", "bfloat16", "int8"};
    for (size_t i = 0; i < 8; i++) {
        tiny t;
        bolter_model *m;
        bolter_error err = {0};
        const bolter_open_options o = {.precision = precisions[i / 2]};
        make(&t, 2, true);
        bt_param *head = &t.params.row[bt_vocabulary_index(&t.cfg)];
        if (i % 2)
            head->rows--;
        else
            memcpy(head->name, "Lm", 2);
        tiny_write(&t, tiny_path("bad"));
        bolter_status rc = bolter_model_open_with(&m, tiny_path("bad"), &o, &err);
        CHECK(c, rc == (i % 2 ? BOLTER_E_MISMATCH : BOLTER_E_FORMAT) &&
                 strstr(err.text, "lm_head.weight") && strstr(err.text, i % 2 ? "shape" : "missing"),
              "case %zu: %s: %s", i, bolter_status_name(rc), err.text);
        tiny_clear(&t);
    }
}

/* ---- Logits ---- */

/* Logits (V) after a few tokens: of a session without a precision, else of a generator. */
static void logits_of(struct check *c, tiny *t, const char *precision, float *out)
{
    static const int32_t ids[] = {3, 1, 4, 1, 5};
    const bolter_seq seq = {.ids = ids, .n = 5};
    bolter_error err = {0};
    const float *got = NULL;
    bolter_session *s = NULL;
    bolter_generator *g = NULL;
    tiny_write(t, tiny_path("logits"));
    bolter_model *m = opened(tiny_path("logits"), precision);
    bool ok = precision ? bolter_generator_open(&g, m, NULL, &err) == BOLTER_OK &&
                              bolter_generator_feed(g, ids, 5, &err) == BOLTER_OK &&
                              bolter_generator_logits(g, &got, &err) == BOLTER_OK
                        : bolter_session_open(&s, m, 1, 0, &err) == BOLTER_OK &&
                              bolter_session_lm(s, &seq, out, NULL, &err) == BOLTER_OK;
    CHECK(c, ok, "%s", err.text);
    if (got)
        memcpy(out, got, V * sizeof *out);
    bolter_session_free(s);
    bolter_generator_free(g);
    bolter_model_unref(m);
}

/* As it is the embedding once more, and then with its row of one token negated. */
static void logits_are_those_of_the_output_layer(struct check *c)
{
    static const char *const precisions[] = {NULL, "float32", "bfloat16", "int8"};
    tiny tied, own;
    make(&tied, 3, false);
    make(&own, 3, true);
    memcpy(own.block, tied.block, tied.params.n_values * sizeof *own.block);
    size_t C = own.cfg.n_embd;
    float *head = own.w[bt_vocabulary_index(&own.cfg)];
    for (size_t i = 0; i < 4; i++) {
        float want[V], got[V];
        memcpy(head, tied.w[BT_WTE], V * C * sizeof *head);
        logits_of(c, &tied, precisions[i], want);
        logits_of(c, &own, precisions[i], got);
        CHECK(c, memcmp(got, want, sizeof got) == 0, "case %zu: other logits", i);
        for (size_t k = 0; k < C; k++)
            head[7 * C + k] *= -1;
        logits_of(c, &own, precisions[i], got);
        for (size_t v = 0; v < V; v++)
            CHECK(c, fabsf(got[v] - (v == 7 ? -want[v] : want[v])) <= 0, "case %zu: logit %zu: %g, was %g",
                  i, v, (double)got[v], (double)want[v]);
    }
    tiny_clear(&tied);
    tiny_clear(&own);
}

/* ---- Training ---- */

static bool moved(const bolter_model *from, const bolter_model *to, size_t index, size_t row)
{
    size_t C = from->cfg.n_embd;
    return memcmp(from->w[index] + row * C, to->w[index] + row * C, C * sizeof(float)) != 0;
}

/* All of the output layer learns from a token; of the embedding those that are read before it. */
static void a_step_moves_what_was_read_and_the_whole_output_layer(struct check *c)
{
    static const int32_t ids[] = {10, 20, 30, 20, 40};
    const bolter_passage p = {ids, 5, 1};
    for (size_t threads = 1; threads <= 2; threads++) {
        bolter_model *m = tiny_untied_model(4, "moves");
        bolter_train_options o;
        bolter_step step;
        bolter_error err = {0};
        bolter_train_options_default(&o);
        o.weight_decay = 0;
        o.threads = threads;
        bolter_trainer *t = training_open_lm(m, &o);
        CHECK(c, bolter_trainer_step_passages(t, &p, 1, &step, &err) == BOLTER_OK, "%s", err.text);
        bolter_model *after = training_result(t, "saved");
        for (size_t id = 0; id < V; id++) {
            bool read = id == 10 || id == 20 || id == 30;
            CHECK(c, moved(m, after, BT_WTE, id) == read, "embedding of %zu", id);
            CHECK(c, moved(m, after, bt_vocabulary_index(&m->cfg), id), "output of %zu", id);
        }
        bolter_model_unref(after);
        bolter_trainer_free(t);
        bolter_model_unref(m);
    }
}

static void a_classifier_of_it_has_no_output_layer_over_the_vocabulary(struct check *c)
{
    static const char *const labels[] = {"ham", "spam"};
    bolter_model *m = tiny_untied_model(5, "base");
    bolter_train_options o;
    bolter_trainer *t = NULL;
    bolter_error err = {0};
    bolter_train_options_default(&o);
    o.position = "mean";
    CHECK(c, bolter_trainer_open(&t, m, labels, 2, &o, &err) == BOLTER_OK, "%s", err.text);
    bolter_model *after = training_result(t, "saved");
    size_t head = bt_last_index(&after->cfg, BT_SCORE);
    CHECK(c, !bt_safetensors_find(&after->st, "lm_head.weight") && !after->info.untied &&
             after->params.n == head + 1, "%zu parameters", after->params.n);
    CHECK(c, memcmp(after->w[BT_WTE], m->w[BT_WTE], V * m->cfg.n_embd * sizeof(float)) == 0,
          "another embedding");
    CHECK(c, strcmp(after->params.row[head].name, "score.weight") == 0, "another head");
    bolter_trainer_free(t);
    o.lm_loss = 1;
    CHECK(c, bolter_trainer_open(&t, m, labels, 2, &o, &err) == BOLTER_E_ARG &&
             strstr(err.text, "its token embedding"), "a second loss: %s", err.text);
    bolter_model_unref(after);
    bolter_model_unref(m);
}

static void its_output_layer_is_no_head_of_as_many_labels(struct check *c)
{
    static const char *const labels[] = {"ham", "spam"};
    tiny t;
    bt_config cfg = tiny_config(1, 0);
    cfg.untied = true;
    cfg.n_vocab = 2;
    tiny_init(&t, &cfg, 8);
    tiny_write(&t, tiny_path("two"));
    tiny_put(tiny_path("two"), "vocab.json", NULL);
    bolter_model *m = opened(tiny_path("two"), NULL);
    bolter_train_options o;
    bolter_trainer *trainer = NULL;
    bolter_error err = {0};
    bolter_train_options_default(&o);
    CHECK(c, bolter_trainer_open(&trainer, m, labels, 2, &o, &err) == BOLTER_OK, "%s", err.text);
    bolter_model *after = training_result(trainer, "saved");
    size_t head = bt_last_index(&cfg, BT_SCORE), bytes = 2 * cfg.n_embd * sizeof(float);
    CHECK(c, memcmp(after->w[head], m->w[head], bytes) != 0, "the head is the output layer");
    bolter_trainer_free(trainer);
    bolter_model_unref(after);
    bolter_model_unref(m);
    tiny_clear(&t);
}

/* ---- How weights begin ---- */

struct spread {
    double mean, deviation, largest;
};

static struct spread spread_of(const bolter_model *m, const char *name)
{
    size_t i = bt_params_find(&m->params, name), n = bt_param_size(&m->params.row[i]);
    struct spread s = {0};
    for (size_t k = 0; k < n; k++)
        s.mean += (double)m->w[i][k] / (double)n;
    for (size_t k = 0; k < n; k++) {
        s.deviation += pow((double)m->w[i][k] - s.mean, 2) / (double)n;
        s.largest = fmax(s.largest, fabs((double)m->w[i][k]));
    }
    s.deviation = sqrt(s.deviation);
    return s;
}

/* A shape of 64 channels that begins as the word says. */
static bolter_model *begun(struct check *c, const char *init)
{
    const bolter_shape shape = {32, 64, 2, 2, true};
    bolter_model *blank = NULL;
    bolter_train_options o;
    bolter_error err = {0};
    bolter_model_unref(tiny_language_model(6, "vocabulary"));
    CHECK(c, bolter_model_blank(&blank, &shape, tiny_path("vocabulary"), &err) == BOLTER_OK, "%s",
          err.text);
    bolter_train_options_default(&o);
    o.random_init = true;
    o.init = init;
    bolter_trainer *t = training_open_lm(blank, &o);
    bolter_model *m = training_result(t, "saved");
    bolter_trainer_free(t);
    bolter_model_unref(blank);
    return m;
}

/* Deviations of many values are near their expectation; uniform ones reach their bound and end there. */
static void weights_begin_as_the_option_says(struct check *c)
{
    static const struct {
        const char *name;
        double gpt2, normal, bound; /* of PyTorch's, the deviation or the bound */
    } cases[] = {
        {"wte.weight", 0.02, 1, 0},
        {"wpe.weight", 0.02, 1, 0},
        {"h.0.attn.c_attn.weight", 0.02, 0, 0.125},
        {"h.0.attn.c_attn.bias", 0, 0, 0},
        {"h.1.attn.c_proj.weight", 0.01, 0, 0.125},
        {"h.1.mlp.c_fc.weight", 0.02, 0, 0.125},
        {"h.1.mlp.c_fc.bias", 0, 0, 0.125},
        {"h.1.mlp.c_proj.weight", 0.01, 0, 0.0625},
        {"lm_head.weight", 0.02, 0, 0.125},
    };
    for (size_t k = 0; k < 2; k++) {
        bolter_model *m = begun(c, k ? "pytorch" : "gpt2");
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
            double torch = cases[i].bound > 0 ? cases[i].bound / sqrt(3) : cases[i].normal;
            double want = k ? torch : cases[i].gpt2;
            struct spread s = spread_of(m, cases[i].name);
            CHECK(c, fabs(s.deviation - want) <= 0.06 * want && fabs(s.mean) <= 0.2 * want,
                  "%s: mean %g, deviation %g, want %g", cases[i].name, s.mean, s.deviation, want);
            if (k && cases[i].bound > 0)
                CHECK(c, s.largest <= cases[i].bound && s.largest > 0.97 * cases[i].bound,
                      "%s: the largest is %g", cases[i].name, s.largest);
        }
        struct spread gain = spread_of(m, "h.1.ln_2.weight"), bias = spread_of(m, "ln_f.bias");
        CHECK(c, fabs(gain.mean - 1) <= 0 && gain.deviation <= 0 && bias.largest <= 0, "a norm");
        bolter_model_unref(m);
    }
}

static void another_beginning_is_refused(struct check *c)
{
    bolter_model *m = tiny_untied_model(7, "word");
    bolter_trainer *t;
    bolter_error err = {0};
    bolter_train_options o;
    bolter_train_options_default(&o);
    o.init = "xavier";
    CHECK(c, bolter_trainer_open(&t, m, NULL, 0, &o, &err) == BOLTER_E_ARG &&
             strstr(err.text, "init \"xavier\""), "%s", err.text);
    bolter_model_unref(m);
}

int main(void)
{
    static const struct check_case cases[] = {
        CASE(the_output_layer_is_written_as_hugging_face_names_it),
        CASE(an_output_layer_that_is_not_there_or_does_not_fit_is_named),
        CASE(logits_are_those_of_the_output_layer),
        CASE(a_step_moves_what_was_read_and_the_whole_output_layer),
        CASE(a_classifier_of_it_has_no_output_layer_over_the_vocabulary),
        CASE(its_output_layer_is_no_head_of_as_many_labels),
        CASE(weights_begin_as_the_option_says),
        CASE(another_beginning_is_refused),
    };
    return check_main(cases, sizeof cases / sizeof *cases);
}
