/*
 * test_golden_lm.c - language models against reference logits, losses, hidden states and greedy
 * continuations made with transformers.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "ckpt/model.h"
#include "model/run.h"
#include "tests/golden/golden.h"

#define TOLERANCE 1e-4

static bolter_model *open_model(struct check *c, const char *name)
{
    const char *dir = check_shared(c, name);
    bolter_error err = {0};
    bolter_model *m = NULL;
    if (dir)
        CHECK(c, bolter_model_open(&m, dir, &err) == BOLTER_OK, "%s", err.text);
    return m;
}

/* Sum of all logits of a sequence, through the trunk's own interface. */
static double sum_of_logits(const bolter_model *m, bt_run *run)
{
    size_t C = m->cfg.n_embd, V = m->cfg.n_vocab;
    const float *hidden = bt_run_hidden(run), *wte = m->w[BT_WTE];
    double sum = 0;
    for (size_t k = 0; k < C; k++) {
        double column = 0, states = 0;
        for (size_t v = 0; v < V; v++)
            column += (double)wte[v * C + k];
        for (size_t t = 0; t < run->n_row; t++)
            states += (double)hidden[t * C + k];
        sum += column * states;
    }
    return sum;
}

static void check_sequence(struct check *c, bolter_model *m, bolter_session *s, const json_t *want)
{
    bolter_seq seq = golden_seq(json_object_get(want, "ids"));
    size_t V = m->cfg.n_vocab;
    float *logits = bt_alloc_array(V, sizeof *logits);
    double loss = 0, want_loss = json_number_value(json_object_get(want, "loss"));
    bolter_error err = {0};
    CHECK(c, bolter_session_lm(s, &seq, logits, &loss, &err) == BOLTER_OK, "%s", err.text);
    double d = golden_distance(logits, json_object_get(want, "last_logits"));
    CHECK(c, d < TOLERANCE, "%zu tokens: logits off by %g", seq.n, d);
    if (seq.n > 1)
        CHECK(c, fabs(loss - want_loss) < TOLERANCE * want_loss, "loss %g, want %g", loss, want_loss);
    bt_run *run;
    bt_net net = {.cfg = m->cfg, .w = m->w};
    bt_batch b = {&seq, 1, BT_READ_ALL, true};
    bt_run_open(&run, &m->cfg, &(bt_run_size){.max_tok = m->cfg.n_ctx, .max_seqs = 1}, NULL);
    bt_gpt2_forward(run, &net, &b);
    d = golden_distance(bt_run_hidden(run) + (seq.n - 1) * m->cfg.n_embd,
                        json_object_get(want, "last_hidden"));
    CHECK(c, d < TOLERANCE, "%zu tokens: hidden state off by %g", seq.n, d);
    double sum = sum_of_logits(m, run), want_sum = json_number_value(json_object_get(want, "sum_logits"));
    CHECK(c, fabs(sum - want_sum) < TOLERANCE * fmax(fabs(want_sum), (double)V), "sum %g, want %g", sum,
          want_sum);
    bt_run_free(run);
    bt_release(logits);
    bt_release((void *)(uintptr_t)seq.ids);
}

static void check_lm(struct check *c, const char *name)
{
    char path[64];
    snprintf(path, sizeof path, "golden/%s/lm", name);
    bolter_model *m = open_model(c, path);
    snprintf(path, sizeof path, "golden/%s/lm.json", name);
    json_t *all = m ? golden_load(c, path) : NULL, *one;
    if (!all)
        return;
    bolter_session *s;
    bolter_session_open(&s, m, 1, 0, NULL);
    size_t i;
    CHECK(c, json_array_size(all) == 12, "%zu sequences", json_array_size(all));
    json_array_foreach(all, i, one) check_sequence(c, m, s, one);
    bolter_session_free(s);
    bolter_model_unref(m);
    json_decref(all);
}

static void language_model_a_gives_reference_logits(struct check *c)
{
    check_lm(c, "gpt2-a");
}

static void language_model_b_gives_reference_logits(struct check *c)
{
    check_lm(c, "gpt2-b");
}

static size_t argmax(const float *x, size_t n)
{
    size_t best = 0;
    for (size_t i = 1; i < n; i++)
        if (x[i] > x[best])
            best = i;
    return best;
}

/* Continue the prompt greedily to the length of want and compare every id. */
static void check_greedy(struct check *c, bolter_model *m, const json_t *prompt, const json_t *want)
{
    bolter_seq p = golden_seq(prompt), w = golden_seq(want);
    int32_t *ids = bt_alloc_array(w.n, sizeof *ids);
    float *logits = bt_alloc_array(m->cfg.n_vocab, sizeof *logits);
    bolter_session *s;
    bolter_session_open(&s, m, 1, 0, NULL);
    memcpy(ids, p.ids, p.n * sizeof *ids);
    size_t n = p.n;
    for (; n < w.n; n++) {
        bolter_seq so_far = {.ids = ids, .n = n};
        bolter_session_lm(s, &so_far, logits, NULL, NULL);
        ids[n] = (int32_t)argmax(logits, m->cfg.n_vocab);
        if (!CHECK(c, ids[n] == w.ids[n], "token %zu is %d, want %d", n, ids[n], w.ids[n]))
            break;
    }
    CHECK(c, n > p.n, "nothing to continue");
    bolter_session_free(s);
    bt_release(ids);
    bt_release(logits);
    bt_release((void *)(uintptr_t)p.ids);
    bt_release((void *)(uintptr_t)w.ids);
}

/* The same with kept keys and values. */
static void check_cached(struct check *c, const char *name, const json_t *prompt, const json_t *want)
{
    const bolter_open_options o = {.precision = "float32"};
    bolter_seq p = golden_seq(prompt), w = golden_seq(want);
    bolter_error err = {0};
    bolter_model *m;
    bolter_generator *g = NULL;
    bolter_token token;
    bool ok = bolter_model_open_with(&m, check_shared(c, name), &o, &err) == BOLTER_OK &&
              bolter_generator_open(&g, m, NULL, &err) == BOLTER_OK &&
              bolter_generator_feed(g, p.ids, p.n, &err) == BOLTER_OK;
    CHECK(c, ok, "%s", err.text);
    for (size_t n = p.n; ok && n < w.n; n++) {
        bolter_generator_next(g, &token, &err);
        ok = CHECK(c, token.id == w.ids[n], "token %zu is %d, want %d", n, token.id, w.ids[n]);
    }
    bolter_generator_free(g);
    bolter_model_unref(m);
    bt_release((void *)(uintptr_t)p.ids);
    bt_release((void *)(uintptr_t)w.ids);
}

static void greedy_generation_follows_the_reference(struct check *c)
{
    static const char *const names[] = {"gpt2-a", "gpt2-b"};
    for (size_t i = 0; i < 2; i++) {
        char path[64];
        snprintf(path, sizeof path, "golden/%s/lm", names[i]);
        bolter_model *m = open_model(c, path);
        snprintf(path, sizeof path, "golden/%s/generate.json", names[i]);
        json_t *j = m ? golden_load(c, path) : NULL;
        if (!j)
            return;
        check_greedy(c, m, json_object_get(j, "prompt"), json_object_get(j, "greedy"));
        snprintf(path, sizeof path, "golden/%s/lm", names[i]);
        check_cached(c, path, json_object_get(j, "prompt"), json_object_get(j, "greedy"));
        bolter_model_unref(m);
        json_decref(j);
    }
}

/* ---- The foundation model: float16 weights, its own tokenizer ---- */

/* Errors are relative to the largest logit, as everywhere. */
static void check_top(struct check *c, const float *logits, const json_t *top)
{
    size_t i;
    const json_t *pair;
    double largest = fabs(json_number_value(json_array_get(json_array_get(top, 0), 1)));
    json_array_foreach(top, i, pair)
    {
        size_t id = (size_t)json_integer_value(json_array_get(pair, 0));
        double want = json_number_value(json_array_get(pair, 1));
        CHECK(c, fabs((double)logits[id] - want) < TOLERANCE * fmax(1, largest),
              "logit of %zu is %g, want %g", id, (double)logits[id], want);
    }
}

/* Losses of all 250 texts take a minute; every tenth stands for them unless asked. */
static bool losses_wanted(size_t i)
{
    return i % 10 == 0 || getenv("BOLTER_TEST_ALL");
}

static void check_text(struct check *c, bolter_model *m, bolter_session *s, float *logits,
                       const json_t *t, size_t i)
{
    const char *text = json_string_value(json_object_get(t, "text"));
    bolter_seq want = golden_seq(json_object_get(t, "ids"));
    int32_t *ids = bt_alloc_array(want.n + 1, sizeof *ids);
    size_t n = 0;
    bolter_tok_encode(m->tok, text, json_string_length(json_object_get(t, "text")), ids, want.n, &n,
                      NULL);
    CHECK(c, n == want.n && memcmp(ids, want.ids, n * sizeof *ids) == 0, "ids of \"%.40s\" differ",
          text);
    if (json_object_get(t, "loss") && losses_wanted(i)) {
        double loss, want_loss = json_number_value(json_object_get(t, "loss"));
        bolter_error err = {0};
        CHECK(c, bolter_session_lm(s, &want, logits, &loss, &err) == BOLTER_OK, "%s", err.text);
        CHECK(c, fabs(loss - want_loss) < TOLERANCE * want_loss, "loss %g, want %g", loss, want_loss);
        check_top(c, logits, json_object_get(t, "top5"));
    }
    bt_release(ids);
    bt_release((void *)(uintptr_t)want.ids);
}

static void foundation_model_gives_reference_ids_losses_and_continuations(struct check *c)
{
    bolter_model *m = open_model(c, "models/foundation");
    json_t *j = m ? golden_load(c, "golden/foundation.json") : NULL, *one;
    if (!j)
        return;
    float *logits = bt_alloc_array(m->cfg.n_vocab, sizeof *logits);
    bolter_session *s;
    bolter_session_open(&s, m, 1, 0, NULL);
    size_t i;
    CHECK(c, json_array_size(json_object_get(j, "texts")) == 400, "number of texts");
    json_array_foreach(json_object_get(j, "texts"), i, one) check_text(c, m, s, logits, one, i);
    json_array_foreach(json_object_get(j, "generate"), i, one) {
        check_greedy(c, m, json_object_get(one, "prompt_ids"), json_object_get(one, "greedy_ids"));
        check_cached(c, "models/foundation", json_object_get(one, "prompt_ids"),
                     json_object_get(one, "greedy_ids"));
    }
    bolter_session_free(s);
    bt_release(logits);
    bolter_model_unref(m);
    json_decref(j);
}

int main(void)
{
    static const struct check_case cases[] = {
        CASE(language_model_a_gives_reference_logits),
        CASE(language_model_b_gives_reference_logits),
        CASE(greedy_generation_follows_the_reference),
        CASE(foundation_model_gives_reference_ids_losses_and_continuations),
    };
    return check_main(cases, sizeof cases / sizeof *cases);
}
