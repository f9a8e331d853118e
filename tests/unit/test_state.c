/*
 * test_state.c - a trainer's state on disk: it goes on with the same bits, and a file that is damaged,
 * of another run or of something else changes nothing.
 */
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "bolter_train.h"
#include "tests/check.h"
#include "tests/unit/tiny.h"

enum { N = 8, BEFORE = 4, AFTER = 5 };

static const char *const two[] = {"ham", "spam"};
static const char *const modes[] = {"last_layer", "last_block", "last_two_blocks", "all", "lora"};
enum { N_MODES = sizeof modes / sizeof *modes };
static const char identity[] = "{\"lr\":0.02,\"data\":\"abc\",\"labels\":[\"ham\",\"spam\"]}";

static bolter_trainer *open_trainer(bolter_model *m, const char *trainable, size_t threads)
{
    bolter_train_options o;
    bolter_trainer *t;
    bolter_error err = {0};
    bolter_train_options_default(&o);
    o.trainable = trainable;
    o.threads = threads;
    o.lr = 0.02f;
    o.total_steps = BEFORE + AFTER;
    o.warmup_steps = 2;
    o.lora_rank = 2;
    if (bolter_trainer_open(&t, m, two, 2, &o, &err) != BOLTER_OK) {
        fprintf(stderr, "%s\n", err.text);
        exit(99);
    }
    return t;
}

/* Steps with batches that differ; the weights are kept after the second of them. */
static void steps(struct check *c, bolter_trainer *t, size_t from, size_t n)
{
    for (size_t i = from; i < from + n; i++) {
        int32_t labels[N];
        bolter_step step;
        bolter_error err = {0};
        bolter_seq *seqs = tiny_seqs(N, 20, i + 1);
        for (size_t k = 0; k < N; k++)
            labels[k] = (int32_t)((i + k) % 2);
        CHECK(c, bolter_trainer_step(t, seqs, labels, N, &step, &err) == BOLTER_OK, "%s", err.text);
        CHECK(c, step.step == i + 1, "step %llu, want %zu", (unsigned long long)step.step, i + 1);
        if (i == 1)
            bolter_trainer_keep(t);
        tiny_free_seqs(seqs, N);
    }
}

static bolter_status save(bolter_trainer *t, const char *path, bolter_error *err)
{
    return bolter_trainer_state_save(t, path, identity, "a note", err);
}

static void must_save(bolter_trainer *t, const char *path)
{
    bolter_error err = {0};
    if (save(t, path, &err) != BOLTER_OK) {
        fprintf(stderr, "%s\n", err.text);
        exit(99);
    }
}

static bt_buf content(const char *path)
{
    bt_buf b;
    bolter_error err = {0};
    bt_buf_init(&b, 64u << 20);
    if (bt_read_all(&b, path, &err) != BOLTER_OK) {
        fprintf(stderr, "%s\n", err.text);
        exit(99);
    }
    return b;
}

static bool same_files(const char *a, const char *b)
{
    bt_buf x = content(a), y = content(b);
    bool same = x.len == y.len && memcmp(x.data, y.data, x.len) == 0;
    bt_buf_free(&x);
    bt_buf_free(&y);
    return same;
}

/* A path of this test that lasts: tiny_path() has eight. */
static const char *path(const char *name)
{
    static char slots[8][1024];
    static size_t next;
    char *slot = slots[next++ % 8];
    snprintf(slot, 1024, "%s", tiny_path(name));
    return slot;
}

/* ---- Going on ---- */

static void a_resumed_run_has_the_bits_of_one_without_a_stop(struct check *c)
{
    bolter_model *m = tiny_classifier(2, 1, "go");
    for (size_t k = 0; k < N_MODES; k++) {
        for (size_t threads = 1; threads <= 3; threads++) {
            const char *note = NULL, *half = path("half"), *whole = path("whole"), *on = path("on");
            bolter_error err = {0};
            bolter_trainer *t = open_trainer(m, modes[k], threads);
            steps(c, t, 0, BEFORE);
            must_save(t, half);
            steps(c, t, BEFORE, AFTER);
            must_save(t, whole);
            bolter_trainer_free(t);
            t = open_trainer(m, modes[k], threads);
            CHECK(c, bolter_trainer_state_load(t, half, identity, &note, &err) == BOLTER_OK, "%s: %s",
                  modes[k], err.text);
            CHECK(c, note && strcmp(note, "a note") == 0, "note \"%s\"", note ? note : "");
            steps(c, t, BEFORE, AFTER);
            must_save(t, on);
            CHECK(c, same_files(whole, on), "%s, %zu threads: other bits", modes[k], threads);
            CHECK(c, !same_files(half, on), "%s: nothing moved", modes[k]);
            bolter_trainer_free(t);
        }
    }
    bolter_model_unref(m);
}

/* Logits of one sequence. */
static void logits_of(struct check *c, bolter_trainer *t, float logits[2])
{
    static const int32_t ids[] = {1, 7, 3, 9};
    const bolter_seq seq = {.ids = ids, .n = 4};
    bolter_error err = {0};
    CHECK(c, bolter_trainer_logits(t, &seq, 1, logits, &err) == BOLTER_OK, "%s", err.text);
}

static void kept_weights_are_kept_on_disk(struct check *c)
{
    bolter_model *m = tiny_classifier(2, 2, "kept");
    for (size_t k = 0; k < N_MODES; k++) {
        float now[2], want[2], got[2];
        const char *note, *file = path("kept.state");
        bolter_trainer *t = open_trainer(m, modes[k], 1), *u = open_trainer(m, modes[k], 1);
        steps(c, t, 0, BEFORE);
        must_save(t, file);
        logits_of(c, t, now);
        bolter_trainer_restore(t);
        logits_of(c, t, want);
        CHECK(c, bolter_trainer_state_load(u, file, identity, &note, NULL) == BOLTER_OK, "load");
        logits_of(c, u, got);
        CHECK(c, memcmp(got, now, sizeof got) == 0, "%s: other weights", modes[k]);
        bolter_trainer_restore(u);
        logits_of(c, u, got);
        CHECK(c, memcmp(got, want, sizeof got) == 0, "%s: other kept weights", modes[k]);
        CHECK(c, memcmp(now, want, sizeof now) != 0, "%s: the same weights", modes[k]);
        bolter_trainer_free(t);
        bolter_trainer_free(u);
    }
    bolter_model_unref(m);
}

/* ---- What is refused ---- */

/* A trainer, and what it says before a load that fails. */
struct victim {
    bolter_model *m;
    bolter_trainer *t;
    float before[2];
};

static struct victim make_victim(struct check *c, const char *name)
{
    struct victim v = {.m = tiny_classifier(2, 3, name)};
    v.t = open_trainer(v.m, "last_block", 1);
    logits_of(c, v.t, v.before);
    return v;
}

static void free_victim(struct victim *v)
{
    bolter_trainer_free(v->t);
    bolter_model_unref(v->m);
}

static bolter_status load(struct check *c, struct victim *v, const char *file, const char *is,
                          bolter_error *err)
{
    float after[2];
    const char *note = "untouched";
    memset(err, 0, sizeof *err);
    bolter_status rc = bolter_trainer_state_load(v->t, file, is, &note, err);
    if (rc == BOLTER_OK)
        return rc;
    logits_of(c, v->t, after);
    CHECK(c, memcmp(after, v->before, sizeof after) == 0, "the weights changed: %s", err->text);
    CHECK(c, strcmp(note, "untouched") == 0, "the note changed: %s", err->text);
    CHECK(c, err->text[0], "no sentence");
    return rc;
}

static void another_identity_is_named(struct check *c)
{
    static const struct {
        const char *is, *says;
    } cases[] = {
        {"{\"lr\":0.05,\"data\":\"abc\",\"labels\":[\"ham\",\"spam\"]}", "another lr: 0.02, now 0.05"},
        {"{\"lr\":0.02,\"data\":\"abd\",\"labels\":[\"ham\",\"spam\"]}", "another data: abc, now abd"},
        {"{\"lr\":0.02,\"data\":\"abc\",\"labels\":[\"ham\"]}",
         "another labels: [\"ham\",\"spam\"], now [\"ham\"]"},
        {"{\"lr\":0.02,\"data\":\"abc\"}", "another labels: [\"ham\",\"spam\"], now nothing"},
        {"{\"lr\":0.02,\"data\":\"abc\",\"labels\":[\"ham\",\"spam\"],\"new\":true}",
         "another new: nothing, now true"},
    };
    const char *file = path("identity.state");
    struct victim v = make_victim(c, "identity");
    bolter_error err;
    must_save(v.t, file);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bolter_status rc = load(c, &v, file, cases[i].is, &err);
        CHECK(c, rc == BOLTER_E_MISMATCH && strstr(err.text, cases[i].says) && strstr(err.text, file),
              "got \"%s\", want \"%s\"", err.text, cases[i].says);
    }
    CHECK(c, load(c, &v, file, "[]", &err) == BOLTER_E_ARG, "an identity that is no object");
    free_victim(&v);
}

static void the_state_of_another_network_is_refused(struct check *c)
{
    const char *file = path("other.state");
    struct victim v = make_victim(c, "other");
    bolter_error err;
    bolter_model *deeper = tiny_classifier(3, 4, "deeper");
    bolter_trainer *others[] = {open_trainer(v.m, "all", 1), open_trainer(v.m, "lora", 1),
                                open_trainer(v.m, "last_layer", 1), open_trainer(deeper, "all", 1)};
    for (size_t i = 0; i < 4; i++) {
        must_save(others[i], file);
        CHECK(c, load(c, &v, file, identity, &err) == BOLTER_E_MISMATCH, "case %zu: %s", i, err.text);
        bolter_trainer_free(others[i]);
    }
    bolter_model_unref(deeper);
    free_victim(&v);
}

static void put(const char *file, const char *bytes, size_t n)
{
    FILE *f = fopen(file, "wb");
    if (!f || fwrite(bytes, 1, n, f) != n || fclose(f) != 0)
        exit(99);
}

static void a_truncated_file_is_refused_at_every_length(struct check *c)
{
    const char *file = path("short.state");
    struct victim v = make_victim(c, "short");
    bolter_error err;
    must_save(v.t, file);
    bt_buf whole = content(file);
    for (size_t n = 0; n < whole.len; n += n < 64 ? 1 : 211) {
        put(file, whole.data, n);
        CHECK(c, load(c, &v, file, identity, &err) == BOLTER_E_FORMAT, "%zu of %zu bytes: %s", n,
              whole.len, err.text);
    }
    put(file, whole.data, whole.len - 1);
    CHECK(c, load(c, &v, file, identity, &err) == BOLTER_E_FORMAT, "the last byte: %s", err.text);
    bt_buf_free(&whole);
    free_victim(&v);
}

static void a_file_with_one_wrong_byte_is_refused(struct check *c)
{
    const char *file = path("wrong.state");
    struct victim v = make_victim(c, "wrong");
    bolter_error err;
    must_save(v.t, file);
    bt_buf whole = content(file);
    for (size_t i = 0; i < whole.len; i += 37) {
        whole.data[i] ^= 1;
        put(file, whole.data, whole.len);
        CHECK(c, load(c, &v, file, identity, &err) != BOLTER_OK, "byte %zu", i);
        whole.data[i] ^= 1;
    }
    put(file, whole.data, whole.len);
    CHECK(c, load(c, &v, file, identity, &err) == BOLTER_OK, "the file itself: %s", err.text);
    bt_buf_free(&whole);
    free_victim(&v);
}

static void other_files_are_refused(struct check *c)
{
    static const char version[] = "\"v\":\"1\"";
    const char *file = path("future.state");
    struct victim v = make_victim(c, "files");
    bolter_error err;
    char weights[1100];
    snprintf(weights, sizeof weights, "%s/model.safetensors", tiny_path("files"));
    CHECK(c, load(c, &v, weights, identity, &err) == BOLTER_E_FORMAT &&
             strstr(err.text, "not the state of a training run"), "weights: %s", err.text);
    CHECK(c, load(c, &v, path("nowhere"), identity, &err) == BOLTER_E_IO, "no file: %s", err.text);
    must_save(v.t, file);
    bt_buf b = content(file);
    char *at = memmem(b.data, b.len, version, sizeof version - 1);
    if (CHECK(c, at != NULL, "no version in the file")) {
        at[5] = '2';
        put(file, b.data, b.len);
        CHECK(c, load(c, &v, file, identity, &err) == BOLTER_E_VERSION, "version 2: %s", err.text);
    }
    bt_buf_free(&b);
    free_victim(&v);
}

/* ---- Writing ---- */

/* Files of a directory whose names begin like this. */
static size_t count_like(const char *dir, const char *start)
{
    size_t n = 0;
    DIR *d = opendir(dir);
    for (struct dirent *e; d && (e = readdir(d));)
        n += strncmp(e->d_name, start, strlen(start)) == 0;
    if (d)
        closedir(d);
    return n;
}

static void a_full_disk_leaves_the_old_file(struct check *c)
{
    const char *file = path("full.state"), *copy = path("full.copy");
    struct victim v = make_victim(c, "full");
    bolter_error err = {0};
    struct rlimit old, small;
    must_save(v.t, file);
    must_save(v.t, copy);
    steps(c, v.t, 0, 1);
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &old);
    small = (struct rlimit){4096, old.rlim_max};
    setrlimit(RLIMIT_FSIZE, &small);
    bolter_status rc = save(v.t, file, &err);
    setrlimit(RLIMIT_FSIZE, &old);
    CHECK(c, rc == BOLTER_E_IO && strstr(err.text, "full.state"), "status %s, \"%s\"",
          bolter_status_name(rc), err.text);
    CHECK(c, same_files(file, copy), "the old file changed");
    CHECK(c, count_like(check_tmpdir(), "full.state") == 1, "another file is left");
    free_victim(&v);
}

static void more_files_come_with_the_model(struct check *c)
{
    const bolter_save_file good[] = {{"MODEL.md", "# Card\n"}, {"empty", ""}};
    static const char *const bad[] = {"", "a/b", "/etc/motd", "../x"};
    char card[1100], dir[1024];
    struct victim v = make_victim(c, "more");
    bolter_error err = {0};
    bolter_save_options o = {.files = good, .n_files = 2};
    snprintf(dir, sizeof dir, "%s", path("more.out"));
    CHECK(c, bolter_trainer_save(v.t, dir, &o, &err) == BOLTER_OK, "%s", err.text);
    snprintf(card, sizeof card, "%s/MODEL.md", dir);
    bt_buf b = content(card);
    CHECK(c, b.data && strcmp(b.data, "# Card\n") == 0, "got \"%s\"", b.data ? b.data : "");
    bt_buf_free(&b);
    for (size_t i = 0; i < 4; i++) {
        const bolter_save_file file = {bad[i], "text"};
        o = (bolter_save_options){.files = &file, .n_files = 1};
        CHECK(c, bolter_trainer_save(v.t, dir, &o, NULL) == BOLTER_E_ARG, "\"%s\"", bad[i]);
        CHECK(c, access(card, F_OK) == 0, "\"%s\": the old directory is gone", bad[i]);
    }
    free_victim(&v);
}

static pid_t dead_process(void)
{
    pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    waitpid(pid, NULL, 0);
    return pid;
}

static void what_dead_processes_left_is_removed(struct check *c)
{
    const char *file = path("stale.state");
    struct victim v = make_victim(c, "stale");
    char name[4][1100], inside[1200];
    long dead = (long)dead_process();
    snprintf(name[0], sizeof name[0], "%s.tmp.%ld", file, dead);
    snprintf(name[1], sizeof name[1], "%s.tmp.1", file); /* init lives */
    snprintf(name[2], sizeof name[2], "%s.tmp.%ldx", file, dead);
    snprintf(name[3], sizeof name[3], "%sx.tmp.%ld", file, dead);
    for (size_t i = 0; i < 4; i++)
        put(name[i], "left", 4);
    must_save(v.t, file);
    CHECK(c, access(name[0], F_OK) != 0, "the file of a dead process is there");
    for (size_t i = 1; i < 4; i++)
        CHECK(c, access(name[i], F_OK) == 0, "%s is gone", name[i]);
    mkdir(name[0], 0777);
    snprintf(inside, sizeof inside, "%s/config.json", name[0]);
    put(inside, "{}", 2);
    must_save(v.t, file);
    CHECK(c, access(name[0], F_OK) != 0, "the directory of a dead process is there");
    free_victim(&v);
}

static void every_allocation_may_fail(struct check *c)
{
    enum { MANY = 200 };
    const char *file = path("oom.state");
    struct victim v = make_victim(c, "oom");
    bolter_error err;
    must_save(v.t, file);
    for (int loading = 0; loading < 2; loading++) {
        bolter_status rc = BOLTER_E_NOMEM;
        unsigned long n = 1;
        for (; n < MANY && rc != BOLTER_OK; n++) {
            const char *note;
            memset(&err, 0, sizeof err);
            bt_mem_fail_from(n);
            rc = loading ? bolter_trainer_state_load(v.t, file, identity, &note, &err)
                         : save(v.t, file, &err);
            bt_mem_fail_from(0);
            CHECK(c, rc == BOLTER_OK || rc == BOLTER_E_NOMEM, "allocation %lu: %s, %s", n,
                  bolter_status_name(rc), err.text);
        }
        CHECK(c, n > 2 && n < MANY, "%lu allocations", n);
    }
    free_victim(&v);
}

int main(void)
{
    static const struct check_case cases[] = {
        CASE(a_resumed_run_has_the_bits_of_one_without_a_stop),
        CASE(kept_weights_are_kept_on_disk),
        CASE(another_identity_is_named),
        CASE(the_state_of_another_network_is_refused),
        CASE(a_truncated_file_is_refused_at_every_length),
        CASE(a_file_with_one_wrong_byte_is_refused),
        CASE(other_files_are_refused),
        CASE(a_full_disk_leaves_the_old_file),
        CASE(more_files_come_with_the_model),
        CASE(what_dead_processes_left_is_removed),
        CASE(every_allocation_may_fail),
    };
    return check_main(cases, sizeof cases / sizeof *cases);
}
