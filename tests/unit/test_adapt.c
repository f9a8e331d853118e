/*
 * test_adapt.c - adapters, a head with a bias, and how a model that was trained so is read
 * afterwards: what is saved scores as what was trained.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "ckpt/model.h"
#include "kern/int8.h"
#include "tests/unit/training.h"

enum { N = TRAINING_N, STEPS = 5 };

static const char *const two[] = {"ham", "spam"};

static bolter_status refused(bolter_model *m, const bolter_train_options *o, bolter_error *err)
{
    bolter_trainer *t;
    bolter_status rc = bolter_trainer_open(&t, m, two, 2, o, err);
    bolter_trainer_free(t);
    return rc;
}

/* ---- Which layers ---- */

static void targets_are_groups_or_ends_of_names(struct check *c)
{
    /* Rank 2 times in + out of the layers of a block of 12 channels and 20 inner. */
    enum { ATTN = 2 * (12 + 36), PROJ = 2 * (12 + 12), FC = 2 * (12 + 20), OUT = 2 * (20 + 12) };
    static const struct {
        const char *targets;
        uint64_t want;
    } cases[] = {
        {NULL, 2 * (ATTN + PROJ + FC + OUT)},
        {"all", 2 * (ATTN + PROJ + FC + OUT)},
        {"attention", 2 * (ATTN + PROJ)},
        {"mlp", 2 * (FC + OUT)},
        {"c_attn", 2 * ATTN},
        {"c_proj", 2 * (PROJ + OUT)},
        {"attn.c_proj", 2 * PROJ},
        {"h.1.mlp.c_fc", FC},
        {"c_fc,attention", 2 * (FC + ATTN + PROJ)},
        {"mlp,c_fc", 2 * (FC + OUT)},
    };
    static const char *const bad[] = {
        "", "c", "attn", "proj", "c_attn,", "c_attn,x", "h.2.mlp.c_fc", "c_attn.weight", "ln_1"};
    bolter_model *m = tiny_classifier(2, 1, "targets");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bolter_train_options o = training_options("lora", 1);
        o.lora_targets = cases[i].targets;
        bolter_trainer *t = training_open(m, &o);
        uint64_t got = bolter_trainer_n_trainable(t) - 2 * 12; /* the head */
        CHECK(c, got == cases[i].want, "%s: %llu, want %llu",
              cases[i].targets ? o.lora_targets : "-", (unsigned long long)got,
              (unsigned long long)cases[i].want);
        bolter_trainer_free(t);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        bolter_error err = {0};
        bolter_train_options o = training_options("lora", 1);
        o.lora_targets = bad[i];
        CHECK(c, refused(m, &o, &err) == BOLTER_E_ARG && strstr(err.text, "lora_targets"),
              "\"%s\": %s", bad[i], err.text);
    }
    bolter_model_unref(m);
}

/* ---- Signed bytes ---- */

/* The model of a seed with its linear layers rounded to what bytes hold. */
static bolter_model *rounded(uint64_t seed, const char *name)
{
    tiny t;
    bt_config cfg = tiny_config(2, 2);
    tiny_init(&t, &cfg, seed);
    for (size_t i = 0; i < t.params.n; i++) {
        const bt_param *p = &t.params.row[i];
        signed char q[12 * 36];
        float scale[36];
        if (!p->lora)
            continue;
        bt_quantise(q, scale, t.w[i], p->rows, p->cols, true);
        bt_dequantise(t.w[i], q, scale, p->rows, p->cols, true);
    }
    bolter_model *m = tiny_model(&t, name);
    tiny_clear(&t);
    return m;
}

static void qlora_is_lora_over_the_rounded_weights(struct check *c)
{
    double want_loss[STEPS], got_loss[STEPS];
    float want[2 * N], got[2 * N];
    bolter_model *m = tiny_classifier(2, 2, "bytes"), *r = rounded(2, "rounded");
    bolter_train_options q = training_options("qlora", 1), l = training_options("lora", 1);
    q.lr = l.lr = 1e-3f;
    bolter_trainer *a = training_open(m, &q), *b = training_open(r, &l);
    training_steps(c, a, STEPS, got_loss);
    training_steps(c, b, STEPS, want_loss);
    for (size_t i = 0; i < STEPS; i++)
        CHECK(c, fabs(got_loss[i] - want_loss[i]) < 1e-5, "step %zu: %.9g, want %.9g", i + 1,
              got_loss[i], want_loss[i]);
    training_logits(c, a, got);
    training_logits(c, b, want);
    training_near(c, "qlora", got, want, 1e-4);
    bolter_trainer_free(a);
    bolter_trainer_free(b);
    bolter_model_unref(m);
    bolter_model_unref(r);
}

/* ---- Adapters on their own ---- */

static void saved_adapters_over_the_base_score_as_the_trainer_did(struct check *c)
{
    static const char *const targets[] = {"all", "attention", "h.1.mlp.c_proj"};
    bolter_model *m = tiny_classifier(2, 3, "adapter-base");
    char base[1024], dir[1024];
    snprintf(base, sizeof base, "%s", tiny_path("adapter-base"));
    for (size_t i = 0; i < 3; i++) {
        double loss[STEPS];
        float want[2 * N], got[2 * N];
        bolter_error err = {0};
        bolter_model *merged = NULL;
        bolter_save_options save = {0};
        bolter_train_options o = training_options("lora", 1);
        o.lora_targets = targets[i];
        o.lora_alpha = 3;
        bolter_trainer *t = training_open(m, &o);
        training_steps(c, t, STEPS, loss);
        training_logits(c, t, want);
        snprintf(dir, sizeof dir, "%s", tiny_path("adapter"));
        CHECK(c, bolter_trainer_save_adapter(t, dir, &save, &err) == BOLTER_OK, "%s", err.text);
        bolter_open_options with = {.adapter = dir};
        if (CHECK(c, bolter_model_open_with(&merged, base, &with, &err) == BOLTER_OK, "%s",
                  err.text))
            training_session_logits(c, merged, got);
        training_near(c, targets[i], got, want, 1e-5);
        bolter_model_unref(merged);
        bolter_trainer_free(t);
    }
    bolter_model_unref(m);
}

static bolter_model *three_labels(uint64_t seed, const char *name)
{
    tiny t;
    bt_config cfg = tiny_config(2, 3);
    tiny_init(&t, &cfg, seed);
    t.card = "{\"v\": 1, \"labels\": [\"a\", \"b\", \"c\"]}";
    bolter_model *m = tiny_model(&t, name);
    tiny_clear(&t);
    return m;
}

static bolter_model *head_of_two(uint64_t seed, const char *name)
{
    return tiny_classifier(2, seed, name);
}

/* Train, save the model and the adapter, and merge the adapter into the base: the same model. */
static void check_merged(struct check *c, bolter_model *m, const char *what, const char *base,
                         const bolter_train_options *o)
{
    double loss[STEPS];
    float want[2 * N], got[2 * N];
    char dir[1024];
    bolter_error err = {0};
    bolter_model *merged = NULL;
    bolter_save_options save = {.temperature = 2, .spam_threshold = 0.75, .unsure_threshold = 0.25};
    bolter_trainer *t = training_open(m, o);
    training_steps(c, t, STEPS, loss);
    bolter_model *after = training_result(t, "merged-after");
    training_session_logits(c, after, want);
    snprintf(dir, sizeof dir, "%s", tiny_path("merged-adapter"));
    CHECK(c, bolter_trainer_save_adapter(t, dir, &save, &err) == BOLTER_OK, "%s", err.text);
    bolter_open_options with = {.adapter = dir};
    if (CHECK(c, bolter_model_open_with(&merged, base, &with, &err) == BOLTER_OK, "%s: %s", what,
              err.text)) {
        const bolter_model_info *its = bolter_model_info_of(merged);
        training_session_logits(c, merged, got);
        training_near(c, what, got, want, 1e-5);
        CHECK(c, strcmp(bolter_model_label(merged, 0), "ham") == 0 && its->spam_label == 1,
              "%s: other labels", what);
        CHECK(c, merged->card.position == after->card.position, "%s: read elsewhere", what);
        CHECK(c, merged->card.temperature == 2 && merged->card.spam_threshold == 0.75 &&
              merged->card.unsure_threshold == 0.25, "%s: other thresholds", what);
    }
    bolter_model_unref(merged);
    bolter_model_unref(after);
    bolter_trainer_free(t);
}

/* The base may have no head, or another's. */
static void an_adapter_merges_into_the_base_that_it_was_trained_on(struct check *c)
{
    static const struct {
        const char *what;
        bolter_model *(*make)(uint64_t seed, const char *name);
    } bases[] = {{"two labels", head_of_two},
                 {"three labels", three_labels},
                 {"language model", tiny_language_model},
                 {"untied", tiny_untied_model}};
    for (size_t i = 0; i < sizeof bases / sizeof *bases; i++) {
        char name[32], base[1024];
        snprintf(name, sizeof name, "merge-base-%zu", i);
        bolter_model *m = bases[i].make(11 + i, name);
        bolter_train_options o = training_options("lora", 1);
        snprintf(base, sizeof base, "%s", tiny_path(name));
        check_merged(c, m, bases[i].what, base, &o);
        o.position = "mean";
        o.head_bias = true;
        check_merged(c, m, bases[i].what, base, &o);
        bolter_model_unref(m);
    }
}

static void without_adapters_there_are_none_to_save(struct check *c)
{
    bolter_save_options save = {0};
    bolter_model *m = tiny_classifier(1, 4, "no-adapter");
    bolter_train_options o = training_options("last_block", 1);
    bolter_trainer *t = training_open(m, &o);
    CHECK(c, bolter_trainer_save_adapter(t, tiny_path("none"), &save, NULL) == BOLTER_E_ARG, "saved");
    bolter_trainer_free(t);
    o = training_options("lora", 1);
    o.random_init = true;
    t = training_open(m, &o);
    CHECK(c, bolter_trainer_save_adapter(t, tiny_path("none"), &save, NULL) == BOLTER_E_ARG,
          "saved what belongs to random weights");
    bolter_trainer_free(t);
    bolter_model_unref(m);
    m = tiny_language_model(4, "no-head");
    o = training_options("lora", 1);
    t = training_open_lm(m, &o);
    CHECK(c, bolter_trainer_save_adapter(t, tiny_path("none"), &save, NULL) == BOLTER_E_ARG,
          "saved without a head");
    bolter_trainer_free(t);
    bolter_model_unref(m);
}

/* ---- A head with a bias ---- */

static void a_trained_bias_is_in_the_saved_final_norm(struct check *c)
{
    static const char *const modes[] = {"last_layer", "last_block", "all", "qlora"};
    static const char *const positions[] = {"last", "mean", "first", "last"};
    bolter_model *m = tiny_classifier(2, 5, "bias");
    for (size_t k = 0; k < 4; k++) {
        double loss[STEPS];
        float want[2 * N], got[2 * N], plain[2 * N];
        bolter_train_options o = training_options(modes[k], 1);
        o.position = positions[k];
        bolter_trainer *t = training_open(m, &o);
        uint64_t n = bolter_trainer_n_trainable(t);
        training_steps(c, t, STEPS, loss);
        training_logits(c, t, plain);
        bolter_trainer_free(t);
        o.head_bias = true;
        t = training_open(m, &o);
        CHECK(c, bolter_trainer_n_trainable(t) == n + 2, "%s: no two more parameters", modes[k]);
        training_steps(c, t, STEPS, loss);
        training_logits(c, t, want);
        CHECK(c, memcmp(plain, want, sizeof want) != 0, "%s: the bias did nothing", modes[k]);
        bolter_model *after = training_result(t, "bias-after");
        CHECK(c, after->params.n == m->params.n, "%s: %zu tensors", modes[k], after->params.n);
        training_session_logits(c, after, got);
        training_near(c, modes[k], got, want, 2e-5);
        bolter_model_unref(after);
        bolter_trainer_free(t);
    }
    bolter_model_unref(m);
}

/* More labels than channels: no shift of the hidden state can stand for every bias. */
static void a_bias_without_a_place_is_refused(struct check *c)
{
    enum { LABELS = 14 };
    char name[LABELS][8];
    const char *names[LABELS];
    int32_t labels[N];
    bolter_seq *seqs = training_seqs(labels);
    for (size_t i = 0; i < LABELS; i++) {
        snprintf(name[i], sizeof name[i], "l%zu", i);
        names[i] = name[i];
    }
    bolter_model *m = tiny_classifier(1, 6, "many");
    bolter_trainer *t;
    bolter_error err = {0};
    bolter_save_options save = {0};
    bolter_train_options o = training_options("last_layer", 1);
    o.head_bias = true;
    CHECK(c, bolter_trainer_open(&t, m, names, LABELS, &o, &err) == BOLTER_OK, "%s", err.text);
    for (size_t i = 0; i < STEPS; i++) {
        bolter_step step;
        CHECK(c, bolter_trainer_step(t, seqs, labels, N, &step, &err) == BOLTER_OK, "%s", err.text);
    }
    bolter_status rc = bolter_trainer_save(t, tiny_path("many-after"), &save, &err);
    CHECK(c, rc == BOLTER_E_NUMERIC && strstr(err.text, "bias"), "status %s: %s",
          bolter_status_name(rc), err.text);
    bolter_trainer_free(t);
    bolter_model_unref(m);
    tiny_free_seqs(seqs, N);
}

/* ---- How a saved model is read ---- */

static void a_model_without_a_mask_is_read_so(struct check *c)
{
    double loss[STEPS];
    float want[2 * N], got[2 * N], causal[2 * N];
    bolter_model *m = tiny_classifier(2, 7, "mask");
    bolter_train_options o = training_options("last_block", 1);
    o.mask = "none";
    o.position = "first";
    bolter_trainer *t = training_open(m, &o);
    training_steps(c, t, STEPS, loss);
    training_logits(c, t, want);
    bolter_model *after = training_result(t, "mask-after");
    training_session_logits(c, after, got);
    training_near(c, "no mask", got, want, 1e-5);
    bolter_trainer_free(t);
    o.mask = NULL;
    t = training_open(after, &o); /* as the model */
    training_logits(c, t, got);
    training_near(c, "no mask, gone on from", got, want, 1e-5);
    bolter_trainer_free(t);
    o.mask = "causal";
    t = training_open(after, &o);
    training_logits(c, t, causal);
    CHECK(c, memcmp(causal, want, sizeof want) != 0, "the mask makes no difference");
    bolter_trainer_free(t);
    bolter_model_unref(after);
    bolter_model_unref(m);
}

static void a_padded_model_pads_what_it_reads(struct check *c)
{
    static const char *const texts[] = {"hi", "a text of some length",
                                        "one that is cut by far, all of it"};
    static const size_t lengths[] = {16, 30}; /* below and above the 24 tokens that are read */
    bolter_model *m = tiny_classifier(2, 8, "padded");
    for (size_t k = 0; k < 2; k++) {
        double loss[STEPS];
        bolter_train_options o = training_options("all", 1);
        o.pad_to = lengths[k];
        bolter_trainer *t = training_open(m, &o);
        training_steps(c, t, STEPS, loss);
        bolter_model *after = training_result(t, "padded-after");
        bolter_session *s;
        bolter_session_open(&s, after, 1, 0, NULL);
        for (size_t i = 0; i < 3; i++) {
            int32_t ids[32], padded[32];
            size_t n, n_padded;
            float want[2], got[2];
            bolter_model_encode(m, texts[i], strlen(texts[i]), ids, &n, NULL, NULL);
            bolter_model_encode(after, texts[i], strlen(texts[i]), padded, &n_padded, NULL, NULL);
            CHECK(c, n_padded == lengths[k], "%zu tokens, want %zu", n_padded, lengths[k]);
            bolter_trainer_logits(t, &(bolter_seq){.ids = ids, .n = n}, 1, want, NULL);
            bolter_session_logits(s, &(bolter_seq){.ids = padded, .n = n_padded}, 1, got, NULL);
            CHECK(c,
                  fabs((double)(got[0] - want[0])) < 1e-5 &&
                      fabs((double)(got[1] - want[1])) < 1e-5,
                  "text %zu: other logits", i);
        }
        bolter_session_free(s);
        bolter_model_unref(after);
        bolter_trainer_free(t);
    }
    bolter_model_unref(m);
}

static void a_card_that_pads_beyond_the_model_is_refused(struct check *c)
{
    bolter_error err = {0};
    bolter_model *m = tiny_classifier(1, 9, "pad-card");
    bolter_model_unref(m);
    tiny_put(tiny_path("pad-card"), "bolter.json",
             "{\"v\": 1, \"labels\": [\"ham\", \"spam\"], \"pad_to\": 33}\n");
    CHECK(c,
          bolter_model_open(&m, tiny_path("pad-card"), &err) == BOLTER_E_MISMATCH &&
              strstr(err.text, "pad_to"),
          "%s", err.text);
}

int main(void)
{
    static const struct check_case cases[] = {
        CASE(targets_are_groups_or_ends_of_names),
        CASE(qlora_is_lora_over_the_rounded_weights),
        CASE(saved_adapters_over_the_base_score_as_the_trainer_did),
        CASE(an_adapter_merges_into_the_base_that_it_was_trained_on),
        CASE(without_adapters_there_are_none_to_save),
        CASE(a_trained_bias_is_in_the_saved_final_norm),
        CASE(a_bias_without_a_place_is_refused),
        CASE(a_model_without_a_mask_is_read_so),
        CASE(a_padded_model_pads_what_it_reads),
        CASE(a_card_that_pads_beyond_the_model_is_refused),
    };
    return check_main(cases, sizeof cases / sizeof *cases);
}
