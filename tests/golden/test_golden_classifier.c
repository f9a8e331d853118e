/*
 * test_golden_classifier.c - classifiers against reference logits, gradients, AdamW traces, padding and
 * LoRA made with transformers, torch and peft.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "ckpt/model.h"
#include "tests/golden/golden.h"

#define TOLERANCE 1e-4
#define N_EXAMPLES 16

/* The 16 sequences of classifier.json and a model directory beside them. */
struct set {
    const char *name;
    bolter_model *m;
    bolter_seq seqs[N_EXAMPLES];
    int32_t labels[N_EXAMPLES];
    json_t *json;
};

static const char *path_of(const struct set *s, const char *file)
{
    static char path[96];
    snprintf(path, sizeof path, "golden/%s/%s", s->name, file);
    return path;
}

static bool open_set(struct check *c, struct set *s, const char *name, const char *adapter)
{
    *s = (struct set){.name = name};
    const char *dir = check_shared(c, path_of(s, "classifier"));
    const char *lora = adapter ? check_shared(c, path_of(s, adapter)) : NULL;
    s->json = dir ? golden_load(c, path_of(s, "classifier.json")) : NULL;
    if (!s->json)
        return false;
    bolter_error err = {0};
    bolter_open_options o = {.adapter = lora};
    if (!CHECK(c, bolter_model_open_with(&s->m, dir, &o, &err) == BOLTER_OK, "%s", err.text))
        return false;
    for (size_t i = 0; i < N_EXAMPLES; i++) {
        s->seqs[i] = golden_seq(json_array_get(json_object_get(s->json, "ids"), i));
        s->labels[i] = (int32_t)json_integer_value(
            json_array_get(json_object_get(s->json, "labels"), i));
    }
    return true;
}

static void close_set(struct set *s)
{
    for (size_t i = 0; i < N_EXAMPLES; i++)
        bt_release((void *)(uintptr_t)s->seqs[i].ids);
    bolter_model_unref(s->m);
    json_decref(s->json);
}

static bolter_trainer *open_trainer(struct check *c, const struct set *s,
                                    const bolter_train_options *o)
{
    static const char *const labels[] = {"ham", "spam"};
    bolter_trainer *t = NULL;
    bolter_error err = {0};
    CHECK(c, bolter_trainer_open(&t, s->m, labels, 2, o, &err) == BOLTER_OK, "%s", err.text);
    return t;
}

static void each_set(struct check *c, const char *adapter, void (*test)(struct check *, struct set *))
{
    static const char *const names[] = {"gpt2-a", "gpt2-b"};
    for (size_t i = 0; i < 2; i++) {
        struct set s;
        if (!open_set(c, &s, names[i], adapter))
            return;
        test(c, &s);
        close_set(&s);
    }
}

/* ---- Logits ---- */

static void logits_in_one_batch(struct check *c, struct set *s, const json_t *want)
{
    float logits[N_EXAMPLES * 2];
    bolter_session *session;
    bolter_error err = {0};
    bolter_session_open(&session, s->m, N_EXAMPLES, 0, NULL);
    CHECK(c, bolter_session_logits(session, s->seqs, N_EXAMPLES, logits, &err) == BOLTER_OK, "%s",
          err.text);
    double d = golden_distance(logits, want);
    CHECK(c, d < TOLERANCE, "%s: off by %g", s->name, d);
    bolter_session_free(session);
}

static void check_logits(struct check *c, struct set *s)
{
    logits_in_one_batch(c, s, json_object_get(s->json, "logits"));
}

static void classifier_gives_reference_logits(struct check *c)
{
    each_set(c, NULL, check_logits);
}

static void check_lora(struct check *c, struct set *s)
{
    json_t *want = golden_load(c, path_of(s, "lora.json"));
    logits_in_one_batch(c, s, json_object_get(want, "logits"));
    json_decref(want);
}

static void merged_lora_adapter_gives_reference_logits(struct check *c)
{
    each_set(c, "lora", check_lora);
}

static void check_padded(struct check *c, struct set *s)
{
    static const char *const positions[] = {"last", "first", "mean"};
    json_t *want = golden_load(c, path_of(s, "padded.json"));
    for (size_t i = 0; i < 3; i++) {
        float logits[N_EXAMPLES * 2];
        bolter_train_options o;
        bolter_train_options_default(&o);
        o.position = positions[i];
        o.pad_to = (size_t)json_integer_value(json_object_get(want, "length"));
        bolter_trainer *t = open_trainer(c, s, &o);
        bolter_trainer_logits(t, s->seqs, N_EXAMPLES, logits, NULL);
        double d = golden_distance(logits, json_object_get(want, positions[i]));
        CHECK(c, d < TOLERANCE, "%s %s: off by %g", s->name, positions[i], d);
        bolter_trainer_free(t);
    }
    json_decref(want);
}

static void padded_batch_gives_reference_logits_at_last_first_and_mean(struct check *c)
{
    each_set(c, NULL, check_padded);
}

/* ---- Gradients ---- */

static double relative_norm(const float *got, const float *want, size_t n)
{
    double difference = 0, size = 0;
    for (size_t i = 0; i < n; i++) {
        difference += pow((double)got[i] - (double)want[i], 2);
        size += pow((double)want[i], 2);
    }
    return sqrt(difference / size);
}

static void compare_gradients(struct check *c, const char *got_path, const char *want_path,
                              size_t n_param)
{
    bt_safetensors got, want;
    bolter_error err = {0};
    CHECK(c, bt_safetensors_open(&got, got_path, &err) == BOLTER_OK, "%s", err.text);
    CHECK(c, bt_safetensors_open(&want, want_path, &err) == BOLTER_OK, "%s", err.text);
    CHECK(c, want.n == n_param && got.n == n_param, "%zu tensors, want %zu", got.n, want.n);
    for (size_t i = 0; i < want.n; i++) {
        const bt_tensor *w = &want.tensor[i], *g = bt_safetensors_find(&got, w->name);
        if (!CHECK(c, g && g->n_values == w->n_values, "%s is missing", w->name))
            continue;
        float *values = bt_alloc_array(2 * w->n_values, sizeof *values);
        bt_tensor_floats(&want, w, values, NULL);
        bt_tensor_floats(&got, g, values + w->n_values, NULL);
        double d = relative_norm(values + w->n_values, values, w->n_values);
        CHECK(c, d < TOLERANCE, "gradient of %s: relative norm %g", w->name, d);
        bt_release(values);
    }
    double loss = atof(json_string_value(
               json_object_get(json_object_get(got.header, "__metadata__"), "loss"))),
           want_loss = atof(json_string_value(
               json_object_get(json_object_get(want.header, "__metadata__"), "loss")));
    CHECK(c, fabs(loss - want_loss) < TOLERANCE, "loss %g, want %g", loss, want_loss);
    bt_safetensors_close(&got);
    bt_safetensors_close(&want);
}

static void check_gradients(struct check *c, struct set *s)
{
    char path[512];
    snprintf(path, sizeof path, "%s/grads.safetensors", check_tmpdir());
    for (size_t threads = 1; threads <= 3; threads++) {
        bolter_train_options o;
        bolter_error err = {0};
        bolter_train_options_default(&o);
        o.threads = threads;
        bolter_trainer *t = open_trainer(c, s, &o);
        CHECK(c, bolter_trainer_write_gradients(t, s->seqs, s->labels, N_EXAMPLES, path, &err) ==
                     BOLTER_OK, "%s", err.text);
        compare_gradients(c, path, check_shared(c, path_of(s, "classifier-grads.safetensors")),
                          s->m->params.n);
        bolter_trainer_free(t);
    }
}

static void every_gradient_matches_the_reference_on_any_number_of_threads(struct check *c)
{
    each_set(c, NULL, check_gradients);
}

/* ---- Optimiser ---- */

static void check_trace(struct check *c, struct set *s, const char *what)
{
    char file[64];
    snprintf(file, sizeof file, "adamw-%s.json", what);
    json_t *want = golden_load(c, path_of(s, file));
    bolter_train_options o;
    bolter_train_options_default(&o);
    o.trainable = what;
    o.schedule = "constant";
    o.lr = 5e-4f;
    o.weight_decay = 0.1f;
    o.decay_all = true;
    o.clip_norm = 0;
    o.layer_decay = 1;
    bolter_trainer *t = open_trainer(c, s, &o);
    for (size_t i = 0; i < 10; i++) {
        bolter_step step = {0};
        bolter_error err = {0};
        size_t first = 8 * i % N_EXAMPLES;
        bolter_status rc =
            bolter_trainer_step(t, s->seqs + first, s->labels + first, 8, &step, &err);
        double loss = json_number_value(json_array_get(json_object_get(want, "losses"), i));
        CHECK(c, rc == BOLTER_OK && fabs(step.loss - loss) < TOLERANCE, "%s %s step %zu: %g, want %g",
              s->name, what, i, step.loss, loss);
    }
    float logits[N_EXAMPLES * 2];
    bolter_trainer_logits(t, s->seqs, N_EXAMPLES, logits, NULL);
    double d = golden_distance(logits, json_object_get(want, "final_logits"));
    CHECK(c, d < TOLERANCE, "%s %s: final logits off by %g", s->name, what, d);
    bolter_trainer_free(t);
    json_decref(want);
}

static void check_traces(struct check *c, struct set *s)
{
    check_trace(c, s, "all");
    check_trace(c, s, "last_block");
    check_trace(c, s, "last_layer");
}

static void ten_steps_of_adamw_follow_the_reference(struct check *c)
{
    each_set(c, NULL, check_traces);
}

int main(void)
{
    static const struct check_case cases[] = {
        CASE(classifier_gives_reference_logits),
        CASE(merged_lora_adapter_gives_reference_logits),
        CASE(padded_batch_gives_reference_logits_at_last_first_and_mean),
        CASE(every_gradient_matches_the_reference_on_any_number_of_threads),
        CASE(ten_steps_of_adamw_follow_the_reference),
    };
    return check_main(cases, sizeof cases / sizeof *cases);
}
