/*
 * test_save.c - model directories written: every number format comes back within its precision, a full
 * disk, a kill or an allocation that fails leaves the old directory or the new one, and LoRA adapters
 * are merged or refused.
 */
#include <dirent.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/rng.h"
#include "ckpt/model.h"
#include "ckpt/smooth.h"
#include "tests/check.h"
#include "tests/unit/tiny.h"

static bolter_model *open_or_die(const char *dir)
{
    bolter_model *m;
    bolter_error err = {0};
    if (bolter_model_open(&m, dir, &err) != BOLTER_OK) {
        fprintf(stderr, "%s\n", err.text);
        exit(99);
    }
    return m;
}

static bolter_status save_as(const bolter_model *m, const char *dir, const char *dtype,
                             bolter_error *err)
{
    bolter_save_options o = {.dtype = dtype};
    return bolter_model_save(m, dir, &o, err);
}

/* ---- Round trips ---- */

static void float32_comes_back_bit_for_bit(struct check *c)
{
    bolter_error err = {0};
    bolter_model *m = tiny_classifier(2, 1, "f32");
    CHECK(c, save_as(m, tiny_path("f32out"), NULL, &err) == BOLTER_OK, "%s", err.text);
    bolter_model *again = open_or_die(tiny_path("f32out"));
    for (size_t i = 0; i < m->params.n; i++)
        CHECK(c, memcmp(m->w[i], again->w[i], bt_param_size(&m->params.row[i]) * sizeof(float)) == 0,
              "%s changed", m->params.row[i].name);
    const bolter_model_info *a = bolter_model_info_of(m), *b = bolter_model_info_of(again);
    CHECK(c, a->max_tokens == b->max_tokens && a->tail_tokens == b->tail_tokens &&
             strcmp(a->text_layout, b->text_layout) == 0 && b->spam_label == 1, "the card changed");
    CHECK(c, fabs(a->temperature - b->temperature) <= 0 &&
             fabs(a->spam_threshold - b->spam_threshold) <= 0, "the thresholds changed");
    bolter_model_unref(m);
    bolter_model_unref(again);
}

/* Every value within relative + absolute of its original. */
static void within(struct check *c, const char *dtype, double relative, double absolute)
{
    bolter_error err = {0};
    bolter_model *m = tiny_classifier(2, 2, "half");
    CHECK(c, save_as(m, tiny_path("halfout"), dtype, &err) == BOLTER_OK, "%s", err.text);
    bolter_model *again = open_or_die(tiny_path("halfout"));
    bool changed = false;
    for (size_t i = 0; i < m->params.n; i++) {
        for (size_t k = 0; k < bt_param_size(&m->params.row[i]); k++) {
            double w = (double)m->w[i][k], off = fabs((double)again->w[i][k] - w);
            changed = changed || off > 0;
            CHECK(c, off <= relative * fabs(w) + absolute, "%s: %s[%zu]: %.9g for %.9g", dtype,
                  m->params.row[i].name, k, (double)again->w[i][k], w);
        }
    }
    CHECK(c, changed, "%s: nothing was rounded", dtype);
    bolter_model_unref(m);
    bolter_model_unref(again);
}

static void half_formats_come_back_within_half_a_unit(struct check *c)
{
    within(c, "float16", 0x1p-11, 0x1p-25);
    within(c, "bfloat16", 0x1p-8, 0);
}

/* The output channel of an int8 value, a column, or for an embedding its token, a row: largest / 127. */
static double step_at(const bt_param *p, const float *w, size_t k)
{
    double largest = 0;
    for (size_t j = 0; j < (p->lora ? p->rows : p->cols); j++)
        largest = fmax(largest, fabs((double)w[p->lora ? j * p->cols + k % p->cols
                                                        : k - k % p->cols + j]));
    return p->lora || p->layer == 0 ? largest / 127 : 0;
}

static void int8_comes_back_within_half_a_step_of_the_smoothed_weights(struct check *c)
{
    bolter_error err = {0};
    bolter_model *m = tiny_classifier(2, 3, "i8");
    bt_smoothed want;
    CHECK(c, bt_smooth(&want, &m->params, &m->cfg, m->w, &err) == BOLTER_OK, "%s", err.text);
    CHECK(c, save_as(m, tiny_path("i8out"), "int8", &err) == BOLTER_OK, "%s", err.text);
    bolter_model *again = open_or_die(tiny_path("i8out"));
    for (size_t i = 0; i < m->params.n; i++) {
        const bt_param *p = &m->params.row[i];
        for (size_t k = 0; k < bt_param_size(p); k++) {
            double step = step_at(p, want.w[i], k);
            double off = fabs((double)again->w[i][k] - (double)want.w[i][k]);
            CHECK(c, off <= 0.5001 * step, "%s[%zu]: off by %g, step %g", p->name, k, off, step);
        }
    }
    bt_smoothed_clear(&want);
    bolter_model_unref(m);
    bolter_model_unref(again);
}

/* Saved again, and read back, from one int8 file to the other. */
static void int8_weights_that_stay_int8_keep_their_values(struct check *c)
{
    bolter_error err = {0};
    bolter_model *m = tiny_classifier(2, 3, "stay");
    CHECK(c, save_as(m, tiny_path("stay8"), "int8", &err) == BOLTER_OK, "%s", err.text);
    bolter_model *first = open_or_die(tiny_path("stay8"));
    CHECK(c, save_as(first, tiny_path("stay88"), "int8", &err) == BOLTER_OK, "%s", err.text);
    bolter_model *second = open_or_die(tiny_path("stay88"));
    for (size_t i = 0; i < m->params.n; i++)
        CHECK(c, memcmp(first->w[i], second->w[i], bt_param_size(&m->params.row[i]) * sizeof(float)) == 0,
              "%s differs", m->params.row[i].name);
    bolter_model_unref(m);
    bolter_model_unref(first);
    bolter_model_unref(second);
}

static void plain_int8_is_within_half_a_step_of_the_weights(struct check *c)
{
    bolter_error err = {0};
    bolter_model *m = tiny_classifier(2, 3, "plain");
    const bolter_save_options o = {.dtype = "int8", .plain = true};
    CHECK(c, bolter_model_save(m, tiny_path("plain8"), &o, &err) == BOLTER_OK, "%s", err.text);
    bolter_model *again = open_or_die(tiny_path("plain8"));
    for (size_t i = 0; i < m->params.n; i++) {
        const bt_param *p = &m->params.row[i];
        for (size_t k = 0; k < bt_param_size(p); k++) {
            double off = fabs((double)again->w[i][k] - (double)m->w[i][k]);
            CHECK(c, off <= 0.5001 * step_at(p, m->w[i], k), "%s[%zu]: off by %g", p->name, k, off);
        }
    }
    bolter_model_unref(m);
    bolter_model_unref(again);
}

static void smoothing_changes_no_logit(struct check *c)
{
    bolter_model *m = tiny_classifier(2, 3, "smooth");
    bt_smoothed s;
    float want[8], got[8];
    bolter_seq *seqs = tiny_seqs(4, 8, 5);
    bolter_session *session;
    CHECK(c, bt_smooth(&s, &m->params, &m->cfg, m->w, NULL) == BOLTER_OK, "no memory");
    if (bolter_session_open(&session, m, 4, 0, NULL) != BOLTER_OK)
        abort();
    bolter_session_logits(session, seqs, 4, want, NULL);
    bolter_session_free(session);
    const float **kept = m->w;
    m->w = s.w;
    if (bolter_session_open(&session, m, 4, 0, NULL) != BOLTER_OK)
        abort();
    bolter_session_logits(session, seqs, 4, got, NULL);
    bolter_session_free(session);
    m->w = kept;
    for (size_t i = 0; i < 8; i++)
        CHECK(c, fabsf(got[i] - want[i]) < 1e-4f, "logit %zu: %g, want %g", i, (double)got[i],
              (double)want[i]);
    bt_smoothed_clear(&s);
    tiny_free_seqs(seqs, 4);
    bolter_model_unref(m);
}

static void a_language_model_is_saved_without_a_card(struct check *c)
{
    tiny t;
    bolter_error err = {0};
    bt_config cfg = tiny_config(1, 0);
    tiny_init(&t, &cfg, 4);
    bolter_model *m = tiny_model(&t, "lm");
    CHECK(c, save_as(m, tiny_path("lmout"), "float16", &err) == BOLTER_OK, "%s", err.text);
    CHECK(c, !bt_file_exists(tiny_path("lmout/bolter.json")), "a card");
    bolter_model *again = open_or_die(tiny_path("lmout"));
    CHECK(c, bolter_model_info_of(again)->n_label == 0, "a head");
    bolter_model_unref(m);
    bolter_model_unref(again);
    tiny_clear(&t);
}

static void an_impossible_format_or_threshold_is_refused(struct check *c)
{
    const bolter_threshold_proof unfit = {.max_fpr = 0.001, .confidence = 0.95, .threshold = NAN};
    bolter_model *m = tiny_classifier(1, 5, "arg");
    const bolter_save_options bad[] = {{.dtype = "float8"},        {.temperature = 2000},
                                       {.temperature = NAN},       {.spam_threshold = 1.5},
                                       {.unsure_threshold = NAN}, {.provenance = "[1]"},
                                       {.proof = &unfit}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        bolter_error err = {0};
        CHECK(c, bolter_model_save(m, tiny_path("argout"), &bad[i], &err) == BOLTER_E_ARG,
              "options %zu: %s", i, err.text);
        CHECK(c, !bt_file_exists(tiny_path("argout")), "options %zu: a directory", i);
    }
    bolter_model_unref(m);
}

static const bolter_threshold_proof proof = {.max_fpr = 0.001,
                                             .confidence = 0.95,
                                             .proved = true,
                                             .ham = 5000,
                                             .needed = 2995,
                                             .allowed = 1,
                                             .upper_bound = 0.00095,
                                             .threshold = 0.9};

static void a_card_alone_is_saved_with_its_proof(struct check *c)
{
    bolter_error err = {0};
    bolter_model *m = tiny_classifier(1, 8, "promise");
    const bolter_save_options o = {.spam_threshold = 0.9, .proof = &proof};
    tiny_put(tiny_path("promise"), "MODEL.md", "notes");
    CHECK(c, !bolter_model_info_of(m)->proof, "a proof from nowhere");
    CHECK(c, bolter_model_save_card(m, &o, &err) == BOLTER_OK, "%s", err.text);
    bolter_model *again = open_or_die(tiny_path("promise"));
    const bolter_model_info *a = bolter_model_info_of(m), *b = bolter_model_info_of(again);
    CHECK(c, b->spam_threshold == 0.9 && b->temperature == a->temperature &&
             b->max_tokens == a->max_tokens && strcmp(a->text_layout, b->text_layout) == 0 &&
             strcmp(a->id, b->id) == 0, "threshold %g", b->spam_threshold);
    const bolter_threshold_proof *p = b->proof;
    CHECK(c, p && p->max_fpr == 0.001 && p->confidence == 0.95 && p->proved && p->ham == 5000 &&
             p->needed == 2995 && p->allowed == 1 && p->upper_bound == 0.00095 &&
             p->threshold == 0.9,
          "the proof %s", p ? "changed" : "is lost");
    CHECK(c, bt_file_exists(tiny_path("promise/MODEL.md")), "another file is gone");
    bolter_model_unref(m);
    bolter_model_unref(again);
}

static void a_proof_does_not_outlive_its_scores(struct check *c)
{
    bolter_error err = {0};
    bolter_model *m = tiny_classifier(1, 9, "stale"), *other;
    const bolter_save_options o = {.spam_threshold = 0.9, .proof = &proof};
    CHECK(c, bolter_model_save_card(m, &o, &err) == BOLTER_OK, "%s", err.text);
    bolter_model_unref(m);
    m = open_or_die(tiny_path("stale"));
    CHECK(c, save_as(m, tiny_path("stale8"), "int8", &err) == BOLTER_OK, "%s", err.text);
    other = open_or_die(tiny_path("stale8"));
    CHECK(c, bolter_model_info_of(m)->proof, "the proof is lost");
    CHECK(c, !bolter_model_info_of(other)->proof, "other weights have it too");
    bolter_model_unref(other);
    const bolter_open_options less = {.max_tokens = 4};
    CHECK(c, bolter_model_open_with(&other, tiny_path("stale"), &less, &err) == BOLTER_OK, "%s",
          err.text);
    CHECK(c, !bolter_model_info_of(other)->proof, "fewer tokens");
    bolter_model_unref(other);
    bolter_model_unref(m);
}

/* ---- Never a mixture ---- */

/* Names in a directory that hold the word. */
static int count_names(const char *dir, const char *word)
{
    DIR *d = opendir(dir);
    int n = 0;
    for (struct dirent *e; d && (e = readdir(d));)
        n += strstr(e->d_name, word) != NULL;
    if (d)
        closedir(d);
    return n;
}

static void a_model_is_saved_over_itself(struct check *c)
{
    bolter_error err = {0};
    bolter_model *m = tiny_classifier(1, 6, "self");
    CHECK(c, save_as(m, tiny_path("self/"), "float16", &err) == BOLTER_OK, "%s", err.text);
    CHECK(c, save_as(m, tiny_path("self"), "float32", &err) == BOLTER_OK, "%s", err.text);
    bolter_model *again = open_or_die(tiny_path("self"));
    CHECK(c, memcmp(m->w[0], again->w[0], bt_param_size(&m->params.row[0]) * sizeof(float)) == 0,
          "weights changed");
    CHECK(c, count_names(check_tmpdir(), "self") == 1, "something is left beside it");
    bolter_model_unref(m);
    bolter_model_unref(again);
}

static void a_directory_of_other_things_is_not_replaced(struct check *c)
{
    bolter_error err = {0};
    bolter_model *m = tiny_classifier(1, 7, "mine");
    mkdir(tiny_path("letters"), 0777);
    tiny_put(tiny_path("letters"), "dear-diary.txt", "keep me\n");
    CHECK(c, save_as(m, tiny_path("letters"), NULL, &err) == BOLTER_E_MISMATCH, "%s", err.text);
    CHECK(c, strstr(err.text, "letters"), "\"%s\" does not name it", err.text);
    CHECK(c, bt_file_exists(tiny_path("letters/dear-diary.txt")), "the file is gone");
    memset(&err, 0, sizeof err);
    tiny_put(check_tmpdir(), "plain-file", "keep me\n");
    CHECK(c, save_as(m, tiny_path("plain-file"), NULL, &err) != BOLTER_OK, "replaced a file");
    CHECK(c, count_names(check_tmpdir(), "plain-file") == 1, "something is left beside it");
    memset(&err, 0, sizeof err);
    mkdir(tiny_path("empty"), 0777);
    CHECK(c, save_as(m, tiny_path("empty"), NULL, &err) == BOLTER_OK, "%s", err.text);
    bolter_model_unref(m);
}

static void a_link_to_a_model_still_leads_there(struct check *c)
{
    struct stat st;
    bolter_error err = {0};
    bolter_model *m = tiny_classifier(1, 19, "v1");
    if (symlink("v1", tiny_path("current")) != 0)
        abort();
    CHECK(c, save_as(m, tiny_path("current"), "float16", &err) == BOLTER_OK, "%s", err.text);
    CHECK(c, lstat(tiny_path("current"), &st) == 0 && S_ISLNK(st.st_mode), "the link is gone");
    bolter_model *again = open_or_die(tiny_path("v1"));
    CHECK(c, strcmp(bolter_model_info_of(m)->id, bolter_model_info_of(again)->id) != 0,
          "the directory behind the link is the old one");
    CHECK(c, count_names(check_tmpdir(), ".tmp.") == 0, "something is left");
    bolter_model_unref(m);
    bolter_model_unref(again);
}

static void a_place_that_does_not_exist_is_named(struct check *c)
{
    bolter_error err = {0};
    bolter_model *m = tiny_classifier(1, 8, "place");
    CHECK(c, save_as(m, tiny_path("no/such/place"), NULL, &err) == BOLTER_E_IO, "%s", err.text);
    CHECK(c, strstr(err.text, "no/such/place") && err.sys_errno != 0, "got \"%s\"", err.text);
    bolter_model_unref(m);
}

static void a_full_disk_leaves_the_old_directory(struct check *c)
{
    const char *disk = tiny_path("disk");
    mkdir(disk, 0777);
    if (mount("none", disk, "tmpfs", 0, "size=256k") != 0) {
        check_skip(c, "cannot mount a small disk (not root)");
        return;
    }
    tiny t;
    bolter_error err = {0};
    bolter_model_unref(tiny_classifier(1, 9, "disk/model"));
    bolter_model *old = open_or_die(tiny_path("disk/model"));
    bt_config cfg = tiny_config(1, 2);
    cfg.n_embd = 96; /* about 460 kB */
    tiny_init(&t, &cfg, 10);
    bolter_model *large = tiny_model(&t, "large");
    bolter_status rc = save_as(large, tiny_path("disk/model"), NULL, &err);
    CHECK(c, rc == BOLTER_E_IO, "status %s: %s", bolter_status_name(rc), err.text);
    CHECK(c, strstr(err.text, "disk/model") && strstr(err.text, "No space left"), "got \"%s\"",
          err.text);
    CHECK(c, count_names(tiny_path("disk"), "model") == 1, "something is left beside it");
    bolter_model *again = open_or_die(tiny_path("disk/model"));
    CHECK(c, strcmp(bolter_model_info_of(old)->id, bolter_model_info_of(again)->id) == 0,
          "the old model changed");
    bolter_model_unref(old);
    bolter_model_unref(again);
    bolter_model_unref(large);
    tiny_clear(&t);
    if (umount(tiny_path("disk")) != 0)
        umount2(tiny_path("disk"), MNT_DETACH);
}

/* Save one model after another to the same place until killed. */
static _Noreturn void save_for_ever(bolter_model *const m[2], const char *dir)
{
    for (unsigned i = 0;; i++)
        if (save_as(m[i % 2], dir, i % 3 ? "float32" : "float16", NULL) != BOLTER_OK)
            _exit(1);
}

static void a_killed_save_leaves_a_whole_model(struct check *c)
{
    enum { ROUNDS = 20 };
    bolter_model *m[2] = {tiny_classifier(1, 11, "kill0"), tiny_classifier(1, 12, "kill1")};
    const char *dir = tiny_path("killed");
    char kept[1024];
    snprintf(kept, sizeof kept, "%s", dir);
    bt_rng rng = {.seed = 13};
    if (save_as(m[0], kept, NULL, NULL) != BOLTER_OK)
        abort();
    for (int i = 0; i < ROUNDS; i++) {
        fflush(stdout);
        pid_t child = fork();
        if (child == 0)
            save_for_ever(m, kept);
        int status;
        bolter_error err = {0};
        bolter_model *found;
        usleep((useconds_t)(500 + bt_rng_below(&rng, 15000)));
        kill(child, SIGKILL);
        waitpid(child, &status, 0);
        CHECK(c, WIFSIGNALED(status), "round %d: the child ended by itself", i);
        if (!CHECK(c, bolter_model_open(&found, kept, &err) == BOLTER_OK, "round %d: %s", i, err.text))
            continue;
        char hex[65], path[1100];
        snprintf(path, sizeof path, "%s/model.safetensors", kept);
        CHECK(c, bolter_file_sha256(path, hex, &err) == BOLTER_OK &&
                 strncmp(hex, bolter_model_info_of(found)->id, 16) == 0,
              "round %d: the card is not of these weights", i);
        bolter_model_unref(found);
    }
    bolter_model_unref(m[0]);
    bolter_model_unref(m[1]);
}

/* ---- Memory that ends ---- */

enum { MANY = 2000 };

static void opening_without_memory_fails_cleanly(struct check *c)
{
    bolter_model_unref(tiny_classifier(1, 14, "oom"));
    unsigned long n = 1;
    bolter_status rc = BOLTER_E_NOMEM;
    for (; n < MANY && rc != BOLTER_OK; n++) {
        bolter_model *m;
        bolter_error err = {0};
        bt_mem_fail_from(n);
        rc = bolter_model_open(&m, tiny_path("oom"), &err);
        bt_mem_fail_from(0);
        CHECK(c, rc == BOLTER_OK || rc == BOLTER_E_NOMEM, "allocation %lu: %s: %s", n,
              bolter_status_name(rc), err.text);
        CHECK(c, (rc == BOLTER_OK) == (m != NULL), "allocation %lu: status and model disagree", n);
        bolter_model_unref(m);
    }
    CHECK(c, n > 10 && n < MANY, "%lu allocations", n);
}

static void saving_without_memory_leaves_the_old_directory(struct check *c)
{
    static const char *const dtypes[] = {"float32", "int8"};
    bolter_model *m = tiny_classifier(1, 15, "oomsave");
    if (save_as(m, tiny_path("oomout"), NULL, NULL) != BOLTER_OK)
        abort();
    for (size_t d = 0; d < 2; d++) {
        unsigned long n = 1;
        bolter_status rc = BOLTER_E_NOMEM;
        for (; n < MANY && rc != BOLTER_OK; n++) {
            bolter_error err = {0};
            bt_mem_fail_from(n);
            rc = save_as(m, tiny_path("oomout"), dtypes[d], &err);
            bt_mem_fail_from(0);
            CHECK(c, rc == BOLTER_OK || rc == BOLTER_E_NOMEM, "allocation %lu: %s: %s", n,
                  bolter_status_name(rc), err.text);
            bolter_model_unref(open_or_die(tiny_path("oomout")));
            CHECK(c, count_names(check_tmpdir(), "oomout.") == 0, "allocation %lu: a rest", n);
        }
        CHECK(c, n > 5 && n < MANY, "%lu allocations", n);
    }
    bolter_model_unref(m);
}

/* ---- Adapters ---- */

#define ADAPTER_CONFIG(rest) "{\"peft_type\": \"LORA\", \"r\": 2, \"lora_alpha\": 4" rest "}"

/* Write adapters of one layer: A (2, in) of ones, B (out, 2) of 0.25. */
static void write_adapter(const char *dir, const char *config, const char *layer, size_t in, size_t out)
{
    bt_safetensors_writer w;
    char name[200];
    float ones[256], quarters[256];
    const size_t a[2] = {2, in}, b[2] = {out, 2};
    for (size_t i = 0; i < 256; i++) {
        ones[i] = 1;
        quarters[i] = 0.25f;
    }
    mkdir(dir, 0777);
    tiny_put(dir, "adapter_config.json", config);
    bt_writer_init(&w, NULL, NULL);
    snprintf(name, sizeof name, "base_model.model.%s.lora_A.weight", layer);
    bt_writer_declare(&w, name, BT_F32, a, 2, NULL);
    snprintf(name, sizeof name, "base_model.model.%s.lora_B.weight", layer);
    bt_writer_declare(&w, name, BT_F32, b, 2, NULL);
    char *path = bt_path_join(dir, "adapter_model.safetensors");
    if (bt_writer_begin(&w, path, NULL) != BOLTER_OK)
        abort();
    bt_writer_put_floats(&w, BT_F32, ones, 2 * in);
    bt_writer_put_floats(&w, BT_F32, quarters, 2 * out);
    if (bt_writer_end(&w, NULL) != BOLTER_OK)
        abort();
    bt_writer_clear(&w);
    bt_release(path);
}

static const char attention_layer[] = "transformer.h.0.attn.c_attn";

static void adapters_are_added_to_their_layer(struct check *c)
{
    bolter_model *m = tiny_classifier(1, 16, "base"), *with;
    bolter_error err = {0};
    write_adapter(tiny_path("adapter"), ADAPTER_CONFIG(""), attention_layer, 12, 36);
    bolter_open_options o = {.adapter = tiny_path("adapter")};
    if (!CHECK(c, bolter_model_open_with(&with, tiny_path("base"), &o, &err) == BOLTER_OK, "%s",
               err.text))
        return;
    for (size_t i = 0; i < m->params.n; i++) {
        bool adapted = strcmp(m->params.row[i].name, "h.0.attn.c_attn.weight") == 0;
        for (size_t k = 0; k < bt_param_size(&m->params.row[i]); k++) {
            double added = (double)with->w[i][k] - (double)m->w[i][k];
            /* 4 / 2 * (1 * 0.25 + 1 * 0.25) */
            CHECK(c, fabs(added - (adapted ? 1 : 0)) < 1e-6, "%s[%zu]: added %g",
                  m->params.row[i].name, k, added);
        }
    }
    bolter_model_unref(m);
    bolter_model_unref(with);
}

static void adapters_that_do_not_fit_are_refused(struct check *c)
{
    static const struct {
        const char *what, *config, *layer;
        size_t in, out;
        bolter_status want;
        const char *word;
    } bad[] = {
        {"another width", ADAPTER_CONFIG(""), attention_layer, 16, 36, BOLTER_E_MISMATCH, "c_attn"},
        {"another output", ADAPTER_CONFIG(""), attention_layer, 12, 35, BOLTER_E_MISMATCH, "c_attn"},
        {"a block that is not there", ADAPTER_CONFIG(""), "transformer.h.9.attn.c_attn", 12, 36,
         BOLTER_E_MISMATCH, "no such tensor"},
        {"a rank that is not theirs", "{\"peft_type\": \"LORA\", \"r\": 3, \"lora_alpha\": 4}",
         attention_layer, 12, 36, BOLTER_E_MISMATCH, "c_attn"},
        {"rank 0", "{\"peft_type\": \"LORA\", \"r\": 0, \"lora_alpha\": 4}", attention_layer, 12, 36,
         BOLTER_E_FORMAT, "adapter_config.json"},
        {"no scale", "{\"peft_type\": \"LORA\", \"r\": 2}", attention_layer, 12, 36, BOLTER_E_FORMAT,
         "lora_alpha"},
        {"another method", "{\"peft_type\": \"IA3\"}", attention_layer, 12, 36, BOLTER_E_MISMATCH,
         "peft_type"},
        {"DoRA", ADAPTER_CONFIG(", \"use_dora\": true"), attention_layer, 12, 36, BOLTER_E_MISMATCH,
         "use_dora"},
        {"ranks by pattern", ADAPTER_CONFIG(", \"rank_pattern\": {\"x\": 1}"), attention_layer, 12, 36,
         BOLTER_E_MISMATCH, "rank_pattern"},
        {"not JSON", "{", attention_layer, 12, 36, BOLTER_E_FORMAT, "adapter_config.json"},
        {"an array", "[]", attention_layer, 12, 36, BOLTER_E_FORMAT, "not an object"},
    };
    bolter_model_unref(tiny_classifier(1, 17, "fit"));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        bolter_model *m;
        bolter_error err = {0};
        write_adapter(tiny_path("unfit"), bad[i].config, bad[i].layer, bad[i].in, bad[i].out);
        bolter_open_options o = {.adapter = tiny_path("unfit")};
        bolter_status rc = bolter_model_open_with(&m, tiny_path("fit"), &o, &err);
        CHECK(c, rc == bad[i].want && !m, "%s: status %s, want %s (%s)", bad[i].what,
              bolter_status_name(rc), bolter_status_name(bad[i].want), err.text);
        CHECK(c, strstr(err.text, "unfit") && strstr(err.text, bad[i].word),
              "%s: \"%s\" does not say %s", bad[i].what, err.text, bad[i].word);
        bolter_model_unref(m);
    }
}

static void a_missing_adapter_is_named(struct check *c)
{
    bolter_model *m;
    bolter_error err = {0};
    bolter_model_unref(tiny_classifier(1, 18, "alone"));
    bolter_open_options o = {.adapter = tiny_path("nowhere")};
    bolter_status rc = bolter_model_open_with(&m, tiny_path("alone"), &o, &err);
    CHECK(c, rc == BOLTER_E_IO, "status %s: %s", bolter_status_name(rc), err.text);
    CHECK(c, strstr(err.text, "nowhere/adapter_config.json"), "got \"%s\"", err.text);
}

int main(void)
{
    static const struct check_case cases[] = {
        CASE(float32_comes_back_bit_for_bit),
        CASE(half_formats_come_back_within_half_a_unit),
        CASE(int8_comes_back_within_half_a_step_of_the_smoothed_weights),
        CASE(int8_weights_that_stay_int8_keep_their_values),
        CASE(plain_int8_is_within_half_a_step_of_the_weights),
        CASE(smoothing_changes_no_logit),
        CASE(a_language_model_is_saved_without_a_card),
        CASE(an_impossible_format_or_threshold_is_refused),
        CASE(a_card_alone_is_saved_with_its_proof),
        CASE(a_proof_does_not_outlive_its_scores),
        CASE(a_model_is_saved_over_itself),
        CASE(a_directory_of_other_things_is_not_replaced),
        CASE(a_link_to_a_model_still_leads_there),
        CASE(a_place_that_does_not_exist_is_named),
        CASE(a_full_disk_leaves_the_old_directory),
        CASE(a_killed_save_leaves_a_whole_model),
        CASE(opening_without_memory_fails_cleanly),
        CASE(saving_without_memory_leaves_the_old_directory),
        CASE(adapters_are_added_to_their_layer),
        CASE(adapters_that_do_not_fit_are_refused),
        CASE(a_missing_adapter_is_named),
    };
    return check_main(cases, sizeof cases / sizeof *cases);
}
