/*
 * test_passages.c - a language model learns from passages: which tokens count, the state on disk, shapes
 * without weights, samples, and the streams of tokens that passages are cut from.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "ckpt/model.h"
#include "tests/check.h"
#include "tests/unit/tiny.h"
#include "tests/unit/training.h"

enum { N = 6, LENGTH = 20, V = TINY_VOCAB };

/* What trains, of which model. */
enum { N_MODE = 6 };
static const struct mode {
    const char *trainable;
    bool untied;
} modes[N_MODE] = {{"all", false}, {"last_block", false}, {"lora", false},
                   {"all", true},  {"last_block", true},  {"lora", true}};
static const struct mode tied_all = {"all", false};

static bolter_train_options options(const char *trainable, size_t threads)
{
    bolter_train_options o;
    bolter_train_options_default(&o);
    o.trainable = trainable;
    o.threads = threads;
    o.lr = 0.01f;
    o.schedule = "constant";
    o.lora_rank = 2;
    return o;
}

static bolter_model *model_of(const struct mode *mode, uint64_t seed, const char *name)
{
    return mode->untied ? tiny_untied_model(seed, name) : tiny_language_model(seed, name);
}

/* A model of two blocks, and what trains it. */
struct run {
    bolter_model *model;
    bolter_trainer *trainer;
};

static struct run begun(uint64_t seed, const struct mode *mode, size_t threads)
{
    bolter_model *m = model_of(mode, seed, "begun");
    bolter_train_options o = options(mode->trainable, threads);
    return (struct run){m, training_open_lm(m, &o)};
}

static void ended(struct run *r)
{
    bolter_trainer_free(r->trainer);
    bolter_model_unref(r->model);
}

/* What is learned, saved and opened again; NULL after a failure. */
static bolter_model *saved_by(struct check *c, bolter_trainer *t, const char *precision)
{
    const bolter_save_options with = {0};
    const bolter_open_options how = {.precision = precision};
    bolter_model *m = NULL;
    bolter_error err = {0};
    CHECK(c, bolter_trainer_save(t, tiny_path("saved"), &with, &err) == BOLTER_OK &&
             bolter_model_open_with(&m, tiny_path("saved"), &how, &err) == BOLTER_OK,
          "%s", err.text);
    return m;
}

/* N passages of different lengths and starts over ids (N, LENGTH). */
static void some_passages(bolter_passage p[N], int32_t *ids, uint64_t seed)
{
    bt_rng rng = {.seed = seed};
    for (size_t i = 0; i < N * LENGTH; i++)
        ids[i] = (int32_t)bt_rng_below(&rng, V);
    for (size_t i = 0; i < N; i++)
        p[i] = (bolter_passage){ids + i * LENGTH, LENGTH - 3 * i, 1 + i % 3};
}

static void steps(struct check *c, bolter_trainer *t, size_t from, size_t n, double *loss)
{
    int32_t ids[N * LENGTH];
    bolter_passage p[N];
    bolter_step step;
    bolter_error err = {0};
    for (size_t i = from; i < from + n; i++) {
        some_passages(p, ids, i);
        CHECK(c, bolter_trainer_step_passages(t, p, N, &step, &err) == BOLTER_OK, "%s", err.text);
        CHECK(c, step.step == i + 1, "step %llu, want %zu", (unsigned long long)step.step, i + 1);
        if (loss)
            loss[i] = step.loss;
    }
}

/* ---- What counts ---- */

/* The sum of the cross-entropies of the tokens before n, by a session. */
static double sum_before(bolter_session *s, const int32_t *ids, size_t n)
{
    double loss = 0;
    const bolter_seq seq = {.ids = ids, .n = n};
    if (n > 1)
        bolter_session_lm(s, &seq, NULL, &loss, NULL);
    return loss * (double)(n - 1);
}

static void tokens_from_the_first_on_count(struct check *c)
{
    struct run r = begun(1, &tied_all, 2);
    bolter_session *s;
    bolter_session_open(&s, r.model, 1, 0, NULL);
    int32_t ids[N * LENGTH];
    bolter_passage p[N];
    some_passages(p, ids, 3);
    double sum = 0;
    size_t n = 0;
    for (size_t i = 0; i < N; i++) {
        sum += sum_before(s, p[i].ids, p[i].n) - sum_before(s, p[i].ids, p[i].first);
        n += p[i].n - p[i].first;
    }
    bolter_step step;
    bolter_error err = {0};
    CHECK(c, bolter_trainer_loss_passages(r.trainer, p, N, &step, &err) == BOLTER_OK, "%s", err.text);
    CHECK(c, step.n_tokens == n, "%llu tokens, want %zu", (unsigned long long)step.n_tokens, n);
    CHECK(c, fabs(step.loss - sum / (double)n) < 1e-5, "loss %.9g, want %.9g", step.loss,
          sum / (double)n);
    CHECK(c, bolter_trainer_step_passages(r.trainer, p, N, &step, &err) == BOLTER_OK, "%s", err.text);
    CHECK(c, fabs(step.loss - sum / (double)n) < 1e-5, "in a step: loss %.9g", step.loss);
    bolter_session_free(s);
    ended(&r);
}

/* Of a prompt only what is read of it matters, and never the token after the last. */
static void a_prompt_is_not_learned(struct check *c)
{
    bolter_model *m = tiny_language_model(2, "prompt");
    bolter_train_options o = options("all", 1);
    o.weight_decay = 0;
    int32_t ids[] = {5, 6, 7, 8, 9};
    const bolter_passage whole = {ids, 5, 1}, last = {ids, 5, 4}, shorter = {ids, 4, 3};
    bolter_step step, again;
    for (size_t k = 0; k < 2; k++) {
        bolter_trainer *t = training_open_lm(m, &o);
        const bolter_passage *taught = k == 0 ? &last : &whole;
        bolter_trainer_loss_passages(t, &shorter, 1, &step, NULL);
        for (size_t i = 0; i < 80; i++)
            bolter_trainer_step_passages(t, taught, 1, &again, NULL);
        CHECK(c, again.loss < 0.1, "the loss stays at %g", again.loss);
        bolter_trainer_loss_passages(t, &shorter, 1, &again, NULL);
        CHECK(c, k == 0 ? again.loss > 0.5 * step.loss : again.loss < 0.1,
              "case %zu: loss of the prompt's last token %g, before %g", k, again.loss, step.loss);
        bolter_trainer_free(t);
    }
    bolter_model_unref(m);
}

static void what_is_no_passage_is_refused(struct check *c)
{
    struct run r = begun(3, &tied_all, 1);
    int32_t ids[40] = {0};
    static const struct {
        size_t n, first;
        bolter_status want;
    } cases[] = {{1, 1, BOLTER_E_ARG}, {0, 0, BOLTER_E_ARG},  {5, 0, BOLTER_E_ARG},
                 {5, 5, BOLTER_E_ARG}, {34, 1, BOLTER_E_LIMIT}, {33, 1, BOLTER_OK}};
    bolter_step step;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const bolter_passage p = {ids, cases[i].n, cases[i].first};
        bolter_status rc = bolter_trainer_step_passages(r.trainer, &p, 1, &step, NULL);
        CHECK(c, rc == cases[i].want, "case %zu: %s", i, bolter_status_name(rc));
    }
    static const size_t places[] = {0, 2, 4};
    for (size_t i = 0; i < 3; i++) {
        int32_t bad[5] = {0};
        bad[places[i]] = V;
        const bolter_passage p = {bad, 5, 1};
        CHECK(c, bolter_trainer_step_passages(r.trainer, &p, 1, &step, NULL) == BOLTER_E_ARG, "id %zu", i);
    }
    const bolter_seq seq = {.ids = ids, .n = 4};
    int32_t label = 0;
    CHECK(c, bolter_trainer_step_passages(r.trainer, NULL, 0, &step, NULL) == BOLTER_E_ARG, "none");
    CHECK(c, bolter_trainer_step(r.trainer, &seq, &label, 1, &step, NULL) == BOLTER_E_ARG, "a label");
    ended(&r);
}

static void options_without_a_meaning_are_refused(struct check *c)
{
    bolter_model *m = tiny_language_model(4, "options"), *classifier = tiny_classifier(1, 1, "labels");
    bolter_trainer *t;
    static const float weights[2] = {1, 1};
    bolter_train_options bad[7];
    for (size_t i = 0; i < 7; i++)
        bad[i] = options("all", 1);
    bad[0].trainable = "last_layer";
    bad[1].pad_to = 8;
    bad[2].head_bias = true;
    bad[3].class_weights = weights;
    bad[4].label_smoothing = 0.1f;
    bad[5].mask = "none";
    bad[6].lr_floor = 2;
    for (size_t i = 0; i < 7; i++)
        CHECK(c, bolter_trainer_open(&t, m, NULL, 0, &bad[i], NULL) == BOLTER_E_ARG, "case %zu", i);
    bolter_train_options o = options("all", 1);
    CHECK(c, bolter_trainer_open(&t, classifier, NULL, 0, &o, NULL) == BOLTER_E_MISMATCH, "a head");
    bolter_model_unref(m);
    bolter_model_unref(classifier);
}

/* ---- Runs ---- */

static void the_loss_falls_and_the_saved_model_has_it(struct check *c)
{
    for (size_t k = 0; k < N_MODE; k++) {
        struct run r = begun(5, &modes[k], 2);
        int32_t ids[N * LENGTH];
        bolter_passage p[N];
        bolter_step first, step;
        bolter_error err = {0};
        some_passages(p, ids, 1);
        for (size_t i = 0; i < N; i++)
            p[i].first = 1;
        bolter_trainer_loss_passages(r.trainer, p, N, &first, NULL);
        for (size_t i = 0; i < 30; i++)
            bolter_trainer_step_passages(r.trainer, p, N, &step, NULL);
        bolter_trainer_loss_passages(r.trainer, p, 1, &step, NULL);
        CHECK(c, step.loss < 0.9 * first.loss, "mode %zu: loss %g, at first %g", k, step.loss,
              first.loss);
        bolter_model *saved = saved_by(c, r.trainer, NULL);
        bolter_session *s = NULL;
        double loss = 0;
        const bolter_seq seq = {.ids = p[0].ids, .n = p[0].n};
        bool ok = saved && bolter_session_open(&s, saved, 1, 0, &err) == BOLTER_OK &&
                  bolter_session_lm(s, &seq, NULL, &loss, &err) == BOLTER_OK;
        CHECK(c, ok && fabs(loss - step.loss) < 1e-5, "mode %zu: saved %g, trained %g %s", k, loss,
              step.loss, err.text);
        bolter_session_free(s);
        bolter_model_unref(saved);
        ended(&r);
    }
}

static void a_resumed_run_has_the_bits_of_one_without_a_stop(struct check *c)
{
    static const char identity[] = "{\"a\":1}";
    for (size_t k = 0; k < N_MODE; k++) {
        for (size_t threads = 1; threads <= 2; threads++) {
            bolter_model *m = model_of(&modes[k], 6, "resumed");
            bolter_train_options o = options(modes[k].trainable, threads);
            o.schedule = "cosine";
            o.total_steps = 12;
            double want[9], got[9];
            const char *note = NULL;
            bolter_error err = {0};
            bolter_trainer *t = training_open_lm(m, &o);
            steps(c, t, 0, 9, want);
            bolter_trainer_free(t);
            t = training_open_lm(m, &o);
            steps(c, t, 0, 4, got);
            CHECK(c, bolter_trainer_state_save(t, tiny_path("state"), identity, "note", &err) ==
                     BOLTER_OK, "%s", err.text);
            bolter_trainer_free(t);
            t = training_open_lm(m, &o);
            CHECK(c, bolter_trainer_state_load(t, tiny_path("state"), identity, &note, &err) ==
                     BOLTER_OK, "%s", err.text);
            steps(c, t, 4, 5, got);
            CHECK(c, memcmp(got, want, sizeof got) == 0, "mode %zu, %zu threads: other losses", k,
                  threads);
            bolter_trainer_free(t);
            bolter_model_unref(m);
        }
    }
}

static void more_threads_give_the_same_numbers(struct check *c)
{
    for (size_t k = 0; k < N_MODE; k++) {
        double loss[2][8];
        for (size_t i = 0; i < 2; i++) {
            struct run r = begun(7, &modes[k], 1 + 2 * i);
            steps(c, r.trainer, 0, 8, loss[i]);
            ended(&r);
        }
        for (size_t i = 0; i < 8; i++)
            CHECK(c, fabs(loss[0][i] - loss[1][i]) < 1e-3, "mode %zu, step %zu: %g and %g", k, i,
                  loss[0][i], loss[1][i]);
    }
}

static void nan_stops_before_the_update(struct check *c)
{
    tiny t;
    bt_config cfg = tiny_config(2, 0);
    tiny_init(&t, &cfg, 8);
    float *w = tiny_values(&t, "h.1.mlp.c_fc.weight", NULL);
    w[3] = 3e38f;
    w[4] = -3e38f;
    tiny_values(&t, "ln_f.weight", NULL)[0] = 3e38f;
    bolter_model *m = tiny_model(&t, "nan");
    bolter_train_options o = options("all", 1);
    bolter_trainer *trainer = training_open_lm(m, &o);
    int32_t ids[N * LENGTH];
    bolter_passage p[N];
    bolter_step step;
    bolter_error err = {0};
    some_passages(p, ids, 1);
    bolter_status rc = bolter_trainer_step_passages(trainer, p, N, &step, &err);
    CHECK(c, rc == BOLTER_E_NUMERIC && strncmp(err.text, "step 1: ", 8) == 0, "%s: \"%s\"",
          bolter_status_name(rc), err.text);
    bolter_trainer_free(trainer);
    bolter_model_unref(m);
    tiny_clear(&t);
}

/* ---- Shapes without weights, and samples ---- */

static void a_shape_learns_from_random_weights_alone(struct check *c)
{
    bolter_model *m = tiny_language_model(9, "vocabulary"), *blank = NULL;
    const bolter_shape shape = {32, 24, 2, 2, false};
    bolter_error err = {0};
    CHECK(c, bolter_model_blank(&blank, &shape, tiny_path("vocabulary"), &err) == BOLTER_OK, "%s",
          err.text);
    bolter_train_options o = options("all", 1);
    bolter_trainer *t = NULL;
    CHECK(c, bolter_trainer_open(&t, blank, NULL, 0, &o, &err) == BOLTER_E_MISMATCH, "no weights");
    o.random_init = true;
    t = training_open_lm(blank, &o);
    int32_t ids[N * LENGTH];
    bolter_passage p[N];
    bolter_step step;
    some_passages(p, ids, 1);
    bolter_trainer_loss_passages(t, p, N, &step, NULL);
    CHECK(c, fabs(step.loss - log(V)) < 0.2, "loss %g, chance is %g", step.loss, log(V));
    for (size_t i = 0; i < 20; i++)
        bolter_trainer_step_passages(t, p, N, &step, NULL);
    CHECK(c, step.loss < 0.9 * log(V), "the loss stays at %g", step.loss);
    bolter_model *saved = saved_by(c, t, NULL);
    const bolter_model_info *info = saved ? bolter_model_info_of(saved) : NULL;
    CHECK(c, info && info->n_embd == 24 && info->n_layer == 2 && info->n_vocab == V, "its shape");
    CHECK(c, saved && saved->eos_id == V - 1 && saved->bos_id == V - 1, "its end of text");
    bolter_model_unref(saved);
    bolter_trainer_free(t);
    bolter_model_unref(blank);
    bolter_model_unref(m);
}

static void shapes_that_cannot_be_are_refused(struct check *c)
{
    static const bolter_shape bad[] = {{0, 8, 1, 1, false}, {8, 0, 1, 1, false}, {8, 8, 0, 1, false},
                                       {8, 8, 1, 0, false}, {8, 9, 1, 2, false}, {8, 8, 1, 16, false},
                                       {-1, 8, 1, 1, true}};
    bolter_model *m = tiny_language_model(10, "shapes"), *blank;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK(c, bolter_model_blank(&blank, &bad[i], tiny_path("shapes"), NULL) == BOLTER_E_ARG &&
                 !blank, "case %zu", i);
    const bolter_shape good = {8, 8, 1, 1, false};
    CHECK(c, bolter_model_blank(&blank, &good, tiny_path("none"), NULL) == BOLTER_E_IO, "no files");
    bolter_model_unref(m);
}

static void a_sample_is_what_the_saved_model_would_write(struct check *c)
{
    for (size_t k = 0; k < N_MODE; k++) {
        struct run r = begun(11, &modes[k], 1);
        steps(c, r.trainer, 0, 5, NULL);
        bolter_model *saved = saved_by(c, r.trainer, "bfloat16");
        bolter_error err = {0};
        bolter_generator *a = NULL, *b = NULL;
        const float *x = NULL, *y = NULL;
        bool ok = saved && bolter_generator_open(&a, saved, NULL, &err) == BOLTER_OK &&
                  bolter_generator_open_trainer(&b, r.trainer, NULL, &err) == BOLTER_OK &&
                  bolter_generator_feed_text(a, "hello", 5, true, &err) == BOLTER_OK &&
                  bolter_generator_feed_text(b, "hello", 5, true, &err) == BOLTER_OK &&
                  bolter_generator_logits(a, &x, &err) == BOLTER_OK &&
                  bolter_generator_logits(b, &y, &err) == BOLTER_OK;
        CHECK(c, ok && memcmp(x, y, V * sizeof *x) == 0, "mode %zu: other logits %s", k, err.text);
        bolter_generator_free(a);
        bolter_generator_free(b);
        bolter_model_unref(saved);
        ended(&r);
    }
}

/* ---- Token streams ---- */

/* Add the texts of a file, one a line; or the whole file as a text. */
static bolter_status add(bolter_tokens *t, const char *kind, const char *text, bolter_error *err)
{
    bolter_corpus *corpus;
    tiny_put(check_tmpdir(), "texts", text);
    bolter_status rc = bolter_corpus_open(&corpus, kind, tiny_path("texts"), NULL, err);
    if (rc == BOLTER_OK)
        rc = bolter_tokens_add(t, corpus, err);
    bolter_corpus_free(corpus);
    return rc;
}

/* The stream of one corpus as text, with "|" for the end of text; to be released. */
static char *stream(struct check *c, const bolter_tokens_options *o, const char *kind,
                    const char *text, bolter_tokens_count *count)
{
    bolter_model *m = tiny_language_model(12, "stream");
    bolter_tokens *t = NULL;
    bolter_seq all = {0};
    bolter_error err = {0};
    char *got = bt_alloc(strlen(text) + 100);
    bool ok = bolter_tokens_open(&t, m, o, &err) == BOLTER_OK && add(t, kind, text, &err) == BOLTER_OK &&
              bolter_tokens_end(t, &all, NULL, &err) == BOLTER_OK;
    CHECK(c, ok, "%s", err.text);
    for (size_t i = 0, at = 0, n; ok && i < all.n; i++, at += n) {
        n = 1;
        if (all.ids[i] == V - 1)
            got[at] = '|';
        else
            bolter_tok_decode(bolter_model_tok(m), all.ids + i, 1, got + at, 50, &n, NULL);
    }
    if (ok && count)
        *count = bolter_tokens_count_of(t);
    bolter_tokens_free(t);
    bolter_model_unref(m);
    return got;
}

static void the_end_of_text_goes_between_texts(struct check *c)
{
    bolter_tokens_count n;
    char *got = stream(c, NULL, "lines", "hehe\n\nand\nso\n", &n);
    CHECK(c, strcmp(got, "hehe|and|so") == 0, "got \"%s\"", got);
    CHECK(c, n.n_text == 3 && n.n_token == 2 + 1 + 3 + 1 + 2 && n.empty == 1, "%llu texts, %llu tokens, "
          "%llu empty", (unsigned long long)n.n_text, (unsigned long long)n.n_token,
          (unsigned long long)n.empty);
    bt_release(got);
    got = stream(c, NULL, "mail", "Subject: tea\nFrom: A <a@b.example>\n\nAt four.\n", NULL);
    CHECK(c, strstr(got, "tea") && strstr(got, "At four.") && !strstr(got, "From: A <a@b"),
          "mail is laid out as \"%s\"", got);
    bt_release(got);
}

static void texts_in_other_scripts_are_left_out(struct check *c)
{
    static const char text[] = "plain words\n\xd0\xb4\xd0\xb0 \xd0\xbd\xd0\xb5\xd1\x82\nna\xc3\xafve again\n";
    static const struct {
        double share;
        const char *want;
    } cases[] = {{0.9, "plain words|na\xc3\xafve again"}, {0.95, "plain words"}};
    for (size_t i = 0; i < 2; i++) {
        const bolter_tokens_options o = {.ascii_share = cases[i].share};
        bolter_tokens_count n = {0};
        char *got = stream(c, &o, "lines", text, &n);
        CHECK(c, strcmp(got, cases[i].want) == 0, "share %g: \"%s\"", cases[i].share, got);
        CHECK(c, n.foreign == 1 + i, "%llu left out", (unsigned long long)n.foreign);
        bt_release(got);
    }
}

static void books_lose_what_is_put_around_them(struct check *c)
{
    static const struct {
        const char *text, *want;
    } cases[] = {
        {"Licence\n*** START OF THE PROJECT GUTENBERG EBOOK A ***\n\nOnce.\n\n*** END OF THE PROJECT "
         "GUTENBERG EBOOK A ***\nMore", "Once."},
        {"x\r\n***START OF THIS PROJECT GUTENBERG EBOOK A***\r\n\r\nOnce.\r\n\r\n***END OF THIS PROJECT "
         "GUTENBERG EBOOK A***\r\nMore", "Once."},
        {"*** START OF THE PROJECT GUTENBERG EBOOK A ***\nOnce.", "Once."},
        {"Once.\n*** END OF THE PROJECT GUTENBERG EBOOK A ***", "Once."},
        {"No mark *** START OF THE PROJECT GUTENBERG EBOOK", "No mark *** START OF THE PROJECT "
         "GUTENBERG EBOOK"},
        {"*** START OF THE DAY ***\nOnce.", "*** START OF THE DAY ***\nOnce."},
        {"** START OF THE PROJECT GUTENBERG EBOOK", "** START OF THE PROJECT GUTENBERG EBOOK"},
        {"***", "***"},
    };
    const bolter_tokens_options o = {.gutenberg = true};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *got = stream(c, &o, "text", cases[i].text, NULL);
        CHECK(c, strcmp(got, cases[i].want) == 0, "case %zu: \"%s\"", i, got);
        bt_release(got);
    }
}

static void long_texts_are_read_whole(struct check *c)
{
    enum { BYTES = 3 << 20 };
    char *text = bt_alloc(BYTES + 1);
    memset(text, 'a', BYTES);
    for (size_t i = 9; i < BYTES; i += 10)
        text[i] = i % 100 == 99 ? '\n' : ' ';
    text[BYTES - 1] = 'z';
    bolter_tokens_count n = {0};
    char *got = stream(c, NULL, "text", text, &n);
    CHECK(c, n.n_token > BYTES * 9 / 10 && got[strlen(got) - 1] == 'z', "%llu tokens",
          (unsigned long long)n.n_token);
    bt_release(got);
    bt_release(text);
}

static void a_stream_ends_once(struct check *c)
{
    bolter_model *m = tiny_language_model(13, "ends");
    bolter_tokens *t;
    bolter_seq all, again;
    char hex[65], same[65];
    bolter_error err = {0};
    CHECK(c, bolter_tokens_open(&t, m, NULL, &err) == BOLTER_OK, "%s", err.text);
    CHECK(c, bolter_tokens_end(t, &all, hex, NULL) == BOLTER_E_ARG, "without a token");
    CHECK(c, add(t, "lines", "abc\n", &err) == BOLTER_OK, "%s", err.text);
    CHECK(c, bolter_tokens_end(t, &all, hex, &err) == BOLTER_OK && all.n == 3, "%s", err.text);
    CHECK(c, bolter_tokens_end(t, &again, same, &err) == BOLTER_OK && again.ids == all.ids &&
             strcmp(hex, same) == 0, "another end");
    CHECK(c, strlen(hex) == 64, "\"%s\"", hex);
    CHECK(c, add(t, "lines", "more\n", NULL) == BOLTER_E_ARG, "more after the end");
    bolter_tokens_free(t);
    const char *kept = getenv("TMPDIR");
    char *before = kept ? bt_strdup(kept) : NULL;
    setenv("TMPDIR", "/nonexistent", 1);
    CHECK(c, bolter_tokens_open(&t, m, NULL, NULL) == BOLTER_E_IO && !t, "a file nowhere");
    if (before)
        setenv("TMPDIR", before, 1);
    else
        unsetenv("TMPDIR");
    bt_release(before);
    bolter_model_unref(m);
}

static void without_memory_nothing_is_left(struct check *c)
{
    bolter_model *m = tiny_language_model(14, "memory");
    bolter_train_options o = options("all", 2);
    bolter_trainer *t = NULL;
    bolter_tokens *s = NULL;
    bolter_generator *g = NULL;
    unsigned long n = 1;
    for (; n < 200 && !t; n++) {
        bt_mem_fail_from(n);
        bolter_status rc = bolter_trainer_open(&t, m, NULL, 0, &o, NULL);
        bt_mem_fail_from(0);
        CHECK(c, rc == (t ? BOLTER_OK : BOLTER_E_NOMEM), "trainer %lu: %s", n, bolter_status_name(rc));
    }
    CHECK(c, t && n > 20, "%lu allocations of a trainer", n);
    for (n = 1; n < 200 && !g; n++) {
        bt_mem_fail_from(n);
        bolter_status rc = bolter_generator_open_trainer(&g, t, NULL, NULL);
        bt_mem_fail_from(0);
        CHECK(c, rc == (g ? BOLTER_OK : BOLTER_E_NOMEM), "generator %lu: %s", n, bolter_status_name(rc));
    }
    CHECK(c, g && n > 10, "%lu allocations of a generator", n);
    for (n = 1; n < 200 && !s; n++) {
        bt_mem_fail_from(n);
        bolter_status rc = bolter_tokens_open(&s, m, NULL, NULL);
        bt_mem_fail_from(0);
        CHECK(c, rc == (s ? BOLTER_OK : BOLTER_E_NOMEM), "tokens %lu: %s", n, bolter_status_name(rc));
    }
    bolter_tokens_free(s);
    bolter_generator_free(g);
    bolter_trainer_free(t);
    bolter_model_unref(m);
}

int main(void)
{
    static const struct check_case cases[] = {
        CASE(tokens_from_the_first_on_count),
        CASE(a_prompt_is_not_learned),
        CASE(what_is_no_passage_is_refused),
        CASE(options_without_a_meaning_are_refused),
        CASE(the_loss_falls_and_the_saved_model_has_it),
        CASE(a_resumed_run_has_the_bits_of_one_without_a_stop),
        CASE(more_threads_give_the_same_numbers),
        CASE(nan_stops_before_the_update),
        CASE(a_shape_learns_from_random_weights_alone),
        CASE(shapes_that_cannot_be_are_refused),
        CASE(a_sample_is_what_the_saved_model_would_write),
        CASE(the_end_of_text_goes_between_texts),
        CASE(texts_in_other_scripts_are_left_out),
        CASE(books_lose_what_is_put_around_them),
        CASE(long_texts_are_read_whole),
        CASE(a_stream_ends_once),
        CASE(without_memory_nothing_is_left),
    };
    return check_main(cases, sizeof cases / sizeof *cases);
}
