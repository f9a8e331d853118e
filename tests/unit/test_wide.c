/* test_wide.c - the wide part: its training, its file, and verdicts of both parts. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/file.h"
#include "base/rng.h"
#include "ckpt/model.h"
#include "tests/check.h"
#include "tests/unit/tiny.h"
#include "words/dual.h"
#include "words/telling.h"
#include "words/wide.h"

enum { N = 60, WORDS = 6 };

/* Texts of a few buckets; spam has more of the even ones. */
struct texts {
    uint32_t bucket[N][WORDS];
    float value[N][WORDS];
    bolter_features f[N];
    const bolter_features *row[N];
    int32_t spam[N];
};

static struct texts *make_texts(void)
{
    static struct texts t;
    bt_rng rng = {.seed = 5};
    for (size_t i = 0; i < N; i++) {
        t.spam[i] = i % 3 == 0;
        for (size_t k = 0; k < WORDS; k++) {
            uint32_t b = (uint32_t)bt_rng_below(&rng, 40);
            bool swap = bt_rng_uniform(&rng) < 0.7 && (b % 2 == 0) != (t.spam[i] == 1);
            t.bucket[i][k] = (swap ? b ^ 1 : b) * 20011 % BOLTER_BUCKETS;
            t.value[i][k] = (float)(0.2 + bt_rng_uniform(&rng));
        }
        t.f[i] = (bolter_features){t.bucket[i], t.value[i], WORDS};
        t.row[i] = &t.f[i];
    }
    return &t;
}

static bolter_wide *train(const struct texts *t)
{
    bolter_wide *w;
    bolter_error err = {0};
    if (bolter_wide_train(&w, t->row, t->spam, N, &err) == BOLTER_OK)
        return w;
    fprintf(stderr, "%s\n", err.text);
    exit(99);
}

/* ---- Training ---- */

/* At the minimum each weight is what its rows push it to: w = 2 c rate sum max(0, 1 - margin) x. */
static void training_ends_where_the_gradient_is_zero(struct check *c)
{
    const struct texts *t = make_texts();
    const double C = 3;
    double *w = calloc(BOLTER_BUCKETS + 1, sizeof *w), *push = calloc(BOLTER_BUCKETS + 1, sizeof *push);
    float *rate = calloc(BOLTER_BUCKETS, sizeof *rate);
    for (size_t j = 0; j < BOLTER_BUCKETS; j++)
        rate[j] = 0.25f + (float)(j % 7) / 4;
    const bt_dual d = {.w = w, .rate = rate, .c = C, .bias = 0.5};
    CHECK(c, bt_dual_fit(&d, t->row, t->spam, N, NULL) == BOLTER_OK, "training failed");
    for (size_t i = 0; i < N; i++) {
        double side = t->spam[i] ? 1 : -1;
        double error = 2 * C * side * fmax(0, 1 - side * bt_dual_score(w, t->row[i]));
        for (size_t k = 0; k < WORDS; k++)
            push[t->bucket[i][k]] += error * (double)rate[t->bucket[i][k]] * (double)t->value[i][k];
        push[BOLTER_BUCKETS] += error * d.bias * d.bias;
    }
    for (size_t j = 0; j <= BOLTER_BUCKETS; j++)
        CHECK(c, fabs(push[j] - w[j]) < 0.02, "weight %zu is %g, and is pushed to %g", j, w[j], push[j]);
    free(w);
    free(push);
    free(rate);
}

static void a_feature_of_one_side_tells_more_than_one_of_both(struct check *c)
{
    const bt_label_counts all = {.spam = 10, .ham = 30};
    double both = bt_telling((bt_label_counts){1, 3}, all);
    double spam = bt_telling((bt_label_counts){5, 0}, all), ham = bt_telling((bt_label_counts){0, 15}, all);
    CHECK(c, fabs(spam - (0.3 + log(6.0 / 12 / (1.0 / 32)))) < 1e-12, "spam alone: %g", spam);
    CHECK(c, both >= 0.3 && both < 0.7 && spam > 2 && ham > 1, "both %g, spam %g, ham %g", both, spam, ham);
    double none = bt_telling((bt_label_counts){0, 0}, (bt_label_counts){7, 7});
    CHECK(c, fabs(none - 0.3) < 1e-12, "one that no message has: %g", none);
}

static void the_same_texts_give_the_same_weights(struct check *c)
{
    const struct texts *t = make_texts();
    bolter_wide *a = train(t), *b = train(t);
    CHECK(c, memcmp(a->root, b->root, BOLTER_BUCKETS) == 0, "weights differ");
    CHECK(c, memcmp(&a->scale, &b->scale, sizeof a->scale) == 0 &&
                 memcmp(&a->bias, &b->bias, sizeof a->bias) == 0,
          "scale or bias differ");
    bolter_wide_free(a);
    bolter_wide_free(b);
}

static void spam_scores_above_ham(struct check *c)
{
    const struct texts *t = make_texts();
    bolter_wide *w = train(t);
    size_t right = 0;
    for (size_t i = 0; i < N; i++)
        right += (bolter_wide_score(w, t->row[i]) > 0) == (t->spam[i] == 1);
    CHECK(c, right >= N - 2, "%zu of %d training texts are told apart", right, N);
    bolter_wide_free(w);
}

/* Bytes keep a weight that is ten thousand times as small as another, with its sign. */
static void small_weights_stay_beside_large_ones(struct check *c)
{
    int8_t *root = calloc(BOLTER_BUCKETS, 1);
    const bolter_wide w = {.root = root, .scale = 1e-4f, .bias = 0.5f};
    uint32_t bucket[] = {3, 5, 7};
    float value[] = {1, 1, 1};
    root[3] = 127;
    root[5] = -1;
    root[7] = -100;
    double got = bolter_wide_score(&w, &(bolter_features){bucket, value, 2});
    CHECK(c, fabs(got - (1.6129 - 0.0001 + 0.5)) < 1e-6, "127 and -1: %.9g", got);
    got = bolter_wide_score(&w, &(bolter_features){bucket, value, 3});
    CHECK(c, fabs(got - (1.6129 - 0.0001 - 1 + 0.5)) < 1e-6, "and -100: %.9g", got);
    free(root);
}

static void rows_that_teach_nothing_are_refused(struct check *c)
{
    struct texts *t = make_texts();
    const bolter_features *none[2] = {t->row[0], NULL};
    const int32_t ham[2] = {0, 0}, both[2] = {0, 1};
    bolter_wide *w;
    bolter_error err = {0};
    CHECK(c, bolter_wide_train(&w, t->row, ham, 2, &err) == BOLTER_E_ARG && !w, "ham alone: %s", err.text);
    CHECK(c, bolter_wide_train(&w, none, both, 2, NULL) == BOLTER_E_ARG && !w, "a row without features");
    CHECK(c, bolter_wide_train(&w, NULL, NULL, 0, NULL) == BOLTER_E_ARG && !w, "no rows");
}

static void a_mix_trusts_the_part_that_is_right(struct check *c)
{
    double deep[N], wide[N];
    int32_t spam[N];
    bt_rng rng = {.seed = 3};
    bolter_mix m;
    for (size_t i = 0; i < N; i++) {
        spam[i] = i % 2 == 0;
        deep[i] = bt_rng_normal(&rng) - (spam[i] ? 0.5 : 0); /* against the truth, if anything */
        wide[i] = bt_rng_normal(&rng) + (spam[i] ? 2 : -1);
    }
    CHECK(c, bolter_mix_fit(&m, deep, wide, spam, N, NULL) == BOLTER_OK, "fit failed");
    CHECK(c, m.wide > 1 && m.deep >= 0 && m.deep < 0.2, "%g x deep + %g x wide", m.deep, m.wide);
    CHECK(c, fabs(bolter_mix_odds(&(bolter_mix){2, 3, 4}, 10, 100) - 324) < 1e-9, "odds");
    for (size_t i = 0; i < N; i++) { /* both are always right, and one is loud */
        deep[i] = spam[i] ? 300 : -300;
        wide[i] = spam[i] ? 3 : -3;
    }
    bolter_mix_fit(&m, deep, wide, spam, N, NULL);
    CHECK(c, fabs(100 * m.deep - m.wide) < 0.01 * m.wide, "%g x 300 and %g x 3", m.deep, m.wide);
    int32_t ham[2] = {0, 0};
    CHECK(c, bolter_mix_fit(&m, deep, wide, ham, 2, NULL) == BOLTER_E_ARG, "ham alone");
}

/* ---- The file ---- */

static const bolter_mix mix = {.deep = 0.5, .wide = 0.25, .bias = -0.125};

/* A tiny model with a wide part, in a directory of this name. */
static const char *widened(struct check *c, const char *name)
{
    bolter_model *m = tiny_classifier(1, 9, name);
    bolter_wide *w = train(make_texts());
    const char *dir = tiny_path(name);
    const bolter_save_options o = {.spam_threshold = 0.75};
    bolter_error err = {0};
    CHECK(c, bolter_model_save_wide(m, w, &mix, dir, &o, &err) == BOLTER_OK, "%s", err.text);
    bolter_wide_free(w);
    bolter_model_unref(m);
    return dir;
}

static bolter_status reopen(bolter_model **m, const char *dir, bool no_wide, bolter_error *err)
{
    const bolter_open_options o = {.no_wide = no_wide};
    *err = (bolter_error){0};
    return bolter_model_open_with(m, dir, &o, err);
}

static void a_wide_part_comes_back_as_it_was(struct check *c)
{
    const char *dir = widened(c, "back");
    bolter_wide *w = train(make_texts());
    bolter_model *m, *network;
    bolter_error err;
    CHECK(c, reopen(&m, dir, false, &err) == BOLTER_OK, "%s", err.text);
    CHECK(c, reopen(&network, dir, true, &err) == BOLTER_OK, "%s", err.text);
    const bolter_wide *again = bolter_model_wide(m);
    CHECK(c, again && memcmp(again->root, w->root, BOLTER_BUCKETS) == 0, "the weights changed");
    const bolter_mix *got = bolter_model_info_of(m)->mix;
    CHECK(c, got && memcmp(got, &mix, sizeof mix) == 0, "the mix changed");
    CHECK(c, fabs(bolter_model_info_of(m)->spam_threshold - 0.75) < 1e-12, "the threshold");
    CHECK(c, !bolter_model_wide(network) && !bolter_model_info_of(network)->mix, "it is there yet");
    CHECK(c, strcmp(bolter_model_info_of(m)->id, bolter_model_info_of(network)->id) != 0,
          "the id is that of the network");
    CHECK(c, strcmp(bolter_model_info_of(m)->network_id, bolter_model_info_of(network)->id) == 0,
          "the network has another id");
    bolter_model_unref(m);
    bolter_model_unref(network);
    bolter_wide_free(w);
}

/* Weights may be large: what is copied beside the wide part has any size. */
static void files_of_any_size_come_along(struct check *c)
{
    enum { LARGE = 257 << 20 };
    char from[600], to[600];
    bolter_model *m = tiny_classifier(1, 9, "large");
    bolter_wide *w = train(make_texts());
    const bolter_save_options o = {0};
    bolter_error err = {0};
    struct stat st = {0};
    snprintf(from, sizeof from, "%s/more", tiny_path("large"));
    CHECK(c, bt_write_file(from, "", 0, NULL) == BOLTER_OK && truncate(from, LARGE) == 0, "%s", from);
    CHECK(c, bolter_model_save_wide(m, w, &mix, tiny_path("large-wide"), &o, &err) == BOLTER_OK, "%s",
          err.text);
    snprintf(to, sizeof to, "%s/more", tiny_path("large-wide"));
    CHECK(c, stat(to, &st) == 0 && st.st_size == LARGE, "%lld bytes", (long long)st.st_size);
    unlink(from);
    unlink(to);
    bolter_wide_free(w);
    bolter_model_unref(m);
}

/* Replace wide.safetensors by these bytes and let bolter.json vouch for them. */
static void put_vouched(const char *dir, const void *bytes, size_t n)
{
    char path[600], hex[65];
    bt_buf card;
    bt_buf_init(&card, 1 << 16);
    snprintf(path, sizeof path, "%s/" BT_WIDE_NAME, dir);
    bt_write_file(path, bytes, n, NULL);
    bt_sha256_hex(bytes, n, hex);
    snprintf(path, sizeof path, "%s/bolter.json", dir);
    bt_read_all(&card, path, NULL);
    memcpy(strstr(card.data, "\"sha256\": \"") + 11, hex, 64);
    bt_write_file(path, card.data, card.len, NULL);
    bt_buf_free(&card);
}

static void damaged_files_are_refused(struct check *c)
{
    const char *dir = widened(c, "damaged");
    char path[600];
    bolter_model *m;
    bolter_error err;
    bt_buf good;
    bt_buf_init(&good, 1 << 22);
    snprintf(path, sizeof path, "%s/" BT_WIDE_NAME, dir);
    bt_read_all(&good, path, NULL);

    good.data[good.len - 1] ^= 1;
    bt_write_file(path, good.data, good.len, NULL);
    CHECK(c, reopen(&m, dir, false, &err) == BOLTER_E_MISMATCH && !m, "another file: %s", err.text);
    CHECK(c, reopen(&m, dir, true, &err) == BOLTER_OK, "without it: %s", err.text);
    bolter_model_unref(m);
    good.data[good.len - 1] ^= 1;

    put_vouched(dir, good.data, good.len - 4);
    CHECK(c, reopen(&m, dir, false, &err) == BOLTER_E_FORMAT, "a short file: %s", err.text);
    memcpy(good.data + good.len - 4, "\0\0\x80\x7f", 4); /* infinity */
    put_vouched(dir, good.data, good.len);
    CHECK(c, reopen(&m, dir, false, &err) == BOLTER_E_NUMERIC, "an infinite bias: %s", err.text);
    memcpy(strstr(good.data + 8, "bias"), "BIAS", 4);
    put_vouched(dir, good.data, good.len);
    CHECK(c, reopen(&m, dir, false, &err) == BOLTER_E_FORMAT, "no bias: %s", err.text);
    put_vouched(dir, "", 0);
    CHECK(c, reopen(&m, dir, false, &err) == BOLTER_E_FORMAT, "an empty file: %s", err.text);
    tiny_put(dir, BT_WIDE_NAME, NULL);
    CHECK(c, reopen(&m, dir, false, &err) == BOLTER_E_IO, "no file: %s", err.text);
    bt_buf_free(&good);
}

static void weights_of_another_length_are_refused(struct check *c)
{
    const char *dir = widened(c, "length");
    static char file[400];
    static const char header[] =
        "{\"root\":{\"dtype\":\"I8\",\"shape\":[8],\"data_offsets\":[0,8]},"
        "\"scale\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[8,12]},"
        "\"bias\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[12,16]}}";
    bolter_model *m;
    bolter_error err;
    file[0] = (char)(sizeof header - 1);
    memcpy(file + 8, header, sizeof header - 1);
    put_vouched(dir, file, 8 + sizeof header - 1 + 16);
    CHECK(c, reopen(&m, dir, false, &err) == BOLTER_E_FORMAT && strstr(err.text, "root: another shape"), "%s",
          err.text);
}

static void bad_mixes_are_refused(struct check *c)
{
    static const char *const bad[] = {
        "{}", "[]", "{\"sha256\":\"00\",\"deep\":1.0,\"wide\":1.0,\"bias\":0.0}",
        "{\"sha256\":\"%s\",\"deep\":-1.0,\"wide\":1.0,\"bias\":0.0}",
        "{\"sha256\":\"%s\",\"deep\":1.0,\"wide\":1e9,\"bias\":0.0}",
        "{\"sha256\":\"%s\",\"deep\":1.0,\"wide\":1.0,\"bias\":0.0,\"more\":1}"};
    static const char hex[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    const char *dir = widened(c, "mixes");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char text[400], card[600];
        bolter_model *m;
        bolter_error err;
        const char *at = strstr(bad[i], "%s");
        snprintf(text, sizeof text, "%.*s%s%s", at ? (int)(at - bad[i]) : (int)strlen(bad[i]), bad[i],
                 at ? hex : "", at ? at + 2 : "");
        snprintf(card, sizeof card, "{\"v\":1,\"labels\":[\"ham\",\"spam\"],\"wide\":%s}", text);
        tiny_put(dir, "bolter.json", card);
        CHECK(c, reopen(&m, dir, false, &err) == BOLTER_E_FORMAT, "%s: %s", text, err.text);
    }
}

/* ---- Both parts ---- */

static void a_verdict_hears_both_parts(struct check *c)
{
    static const char message[] = "Subject: hello\n\nthe cash\n";
    const char *dir = widened(c, "both");
    bolter_model *m, *network;
    bolter_session *s, *alone;
    bolter_service *service;
    bolter_text *t;
    bolter_verdict both, deep, served;
    bolter_features f;
    bolter_error err;
    const char *utf8;
    size_t n;
    reopen(&network, dir, true, &err);
    CHECK(c, reopen(&m, dir, false, &err) == BOLTER_OK, "%s", err.text);
    bolter_session_open(&s, m, 1, 0, &err);
    bolter_session_open(&alone, network, 1, 0, &err);
    bolter_service_open(&service, m, NULL, &err);
    bolter_text_open(&t, NULL, &err);
    bolter_text_chunk(t, message, strlen(message), &err);
    bolter_text_finish(t, &utf8, &n, &err);
    CHECK(c, bolter_classify_text(s, t, &both, &err) == BOLTER_OK, "%s", err.text);
    CHECK(c, bolter_classify_text(alone, t, &deep, &err) == BOLTER_OK, "%s", err.text);
    CHECK(c, bolter_service_classify_text(service, t, 0, 0, NULL, NULL, &served, &err) == BOLTER_OK, "%s",
          err.text);
    bolter_text_features(t, &f, &err);
    double odds = log((double)deep.spam / (1 - (double)deep.spam));
    double want = bolter_mix_odds(&mix, odds, bolter_wide_score(bolter_model_wide(m), &f));
    double got = log((double)both.spam / (1 - (double)both.spam));
    CHECK(c, fabs(got - want) < 1e-4, "log-odds %g, want %g", got, want);
    CHECK(c, memcmp(&served.spam, &both.spam, sizeof both.spam) == 0, "the service says %g, not %g",
          (double)served.spam, (double)both.spam);
    bolter_classify(s, utf8, n, &both, &err);
    CHECK(c, memcmp(&both.spam, &deep.spam, sizeof both.spam) == 0, "text alone: %g, want %g",
          (double)both.spam, (double)deep.spam);
    bolter_service_close(service);
    bolter_session_free(s);
    bolter_session_free(alone);
    bolter_text_free(t);
    bolter_model_unref(m);
    bolter_model_unref(network);
}

static void a_data_set_has_the_features_of_its_texts(struct check *c)
{
    const char *dir = widened(c, "rows");
    bolter_model *m;
    bolter_dataset *d;
    bolter_corpus *corpus;
    bolter_text *t;
    bolter_features f;
    bolter_error err;
    const char *utf8;
    size_t n;
    reopen(&m, dir, false, &err);
    tiny_put(check_tmpdir(), "rows.tsv", "spam\twin the cash\n");
    bolter_dataset_open(&d, m, &err);
    bolter_corpus_open(&corpus, "tsv", tiny_path("rows.tsv"), NULL, &err);
    CHECK(c, bolter_dataset_add(d, corpus, BOLTER_TEST, &err) == BOLTER_OK, "%s", err.text);
    const bolter_row *row = bolter_dataset_row(d, BOLTER_TEST, 0);
    bolter_text_open(&t, NULL, &err);
    bolter_text_plain(t, "win the cash", 12, &utf8, &n, &err);
    bolter_text_features(t, &f, &err);
    const bolter_features *g = row->seq.features;
    CHECK(c, g && g->n == f.n && memcmp(g->bucket, f.bucket, f.n * sizeof *f.bucket) == 0 &&
                 memcmp(g->value, f.value, f.n * sizeof *f.value) == 0,
          "other features");
    bolter_text_free(t);
    bolter_corpus_free(corpus);
    bolter_dataset_free(d);
    bolter_model_unref(m);
}

static void other_formats_keep_a_wide_part_and_training_drops_it(struct check *c)
{
    const char *dir = widened(c, "kept");
    const char *labels[] = {"ham", "spam"};
    bolter_model *m, *again;
    bolter_trainer *t;
    bolter_train_options o;
    bolter_error err;
    reopen(&m, dir, false, &err);
    CHECK(c, bolter_model_save(m, tiny_path("kept8"), &(bolter_save_options){.dtype = "float16"}, &err) ==
                 BOLTER_OK,
          "%s", err.text);
    CHECK(c, reopen(&again, tiny_path("kept8"), false, &err) == BOLTER_OK && bolter_model_wide(again),
          "in float16: %s", err.text);
    bolter_model_unref(again);
    bolter_train_options_default(&o);
    o.total_steps = 1;
    CHECK(c, bolter_trainer_open(&t, m, labels, 2, &o, &err) == BOLTER_OK, "%s", err.text);
    bolter_trainer_save(t, tiny_path("trained"), &(bolter_save_options){.dtype = NULL}, &err);
    CHECK(c, reopen(&again, tiny_path("trained"), false, &err) == BOLTER_OK && !bolter_model_wide(again),
          "after training: %s", err.text);
    bolter_model_unref(again);
    bolter_trainer_free(t);
    bolter_model_unref(m);
}

/* A mail from friends or from those who sell, with so many lines of friends' words beneath its own. */
static bolter_text *write_mail(int i, bool spam, int n_lines)
{
    char text[40000];
    const char *utf8;
    bolter_text *t;
    size_t n = (size_t)snprintf(text, sizeof text,
                                spam ? "From: b%d@offers.example\nX-Mailer: Bulk %d\n\nwin cash %d\n"
                                     : "From: a%d@friends.example\nX-Mailer: Pine %d\n\ntea today %d\n",
                                i, i, i);
    for (int k = 0; k < n_lines; k++)
        n += (size_t)snprintf(text + n, sizeof text - n, "tea today %d\n", k);
    if (bolter_text_open(&t, NULL, NULL) != BOLTER_OK)
        exit(99);
    bolter_text_chunk(t, text, n, NULL);
    bolter_text_finish(t, &utf8, &n, NULL);
    return t;
}

static double score_mail(const bolter_wide *w, bool spam, int n_lines)
{
    bolter_text *t = write_mail(99, spam, n_lines);
    bolter_features f;
    bolter_text_features(t, &f, NULL);
    double score = bolter_wide_score(w, &f);
    bolter_text_free(t);
    return score;
}

/* Words of ham beneath spam change what the body says, but not who sent it, and ten times as many of them
 * do no more. */
static void innocent_words_do_not_hide_a_sender(struct check *c)
{
    enum { ALL = 40 };
    bolter_features f[ALL];
    const bolter_features *row[ALL];
    bolter_text *t[ALL];
    int32_t spam[ALL];
    bolter_wide *w;
    for (int i = 0; i < ALL; i++) {
        spam[i] = i % 2;
        row[i] = &f[i];
        t[i] = write_mail(i, spam[i], 0);
        bolter_text_features(t[i], &f[i], NULL);
    }
    CHECK(c, bolter_wide_train(&w, row, spam, ALL, NULL) == BOLTER_OK, "training failed");
    double few = score_mail(w, true, 50), many = score_mail(w, true, 500), ham = score_mail(w, false, 500);
    CHECK(c, many > ham + 0.4, "margin %g of spam in 500 lines of ham, %g of ham", many, ham);
    CHECK(c, many > few - 0.1, "margin %g with 500 lines, %g with 50", many, few);
    for (int i = 0; i < ALL; i++)
        bolter_text_free(t[i]);
    bolter_wide_free(w);
}

int main(void)
{
    static const struct check_case cases[] = {
        CASE(training_ends_where_the_gradient_is_zero),
        CASE(a_feature_of_one_side_tells_more_than_one_of_both),
        CASE(the_same_texts_give_the_same_weights),
        CASE(spam_scores_above_ham),
        CASE(small_weights_stay_beside_large_ones),
        CASE(rows_that_teach_nothing_are_refused),
        CASE(a_mix_trusts_the_part_that_is_right),
        CASE(a_wide_part_comes_back_as_it_was),
        CASE(files_of_any_size_come_along),
        CASE(damaged_files_are_refused),
        CASE(weights_of_another_length_are_refused),
        CASE(bad_mixes_are_refused),
        CASE(a_verdict_hears_both_parts),
        CASE(a_data_set_has_the_features_of_its_texts),
        CASE(other_formats_keep_a_wide_part_and_training_drops_it),
        CASE(innocent_words_do_not_hide_a_sender),
    };
    return check_main(cases, sizeof cases / sizeof *cases);
}
