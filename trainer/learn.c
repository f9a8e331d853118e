/* learn.c - bolter-train tokenizer train: counts texts, learns merges, writes the tokenizer. */
#include "trainer/learn.h"

#include <inttypes.h>
#include <stdio.h>

#include <jansson.h>

#include "trainer/commands.h"
#include "trainer/report.h"

/* The default, where no other is given. */
static const char *const end_of_text[] = {"<|endoftext|>"};

bool learn_take_special(void *to, const char *name, const char *value)
{
    struct learn *l = to;
    if (l->n_special == LEARN_MAX_SPECIAL) {
        complain("--%s: more than %d special tokens", name, LEARN_MAX_SPECIAL);
        return false;
    }
    l->special[l->n_special++] = value;
    return true;
}

static void show(void *ud, const char *doing, uint64_t done, uint64_t total)
{
    struct learn *l = ud;
    if (l->progress.what != doing) {
        progress_end(&l->progress);
        progress_start(&l->progress, doing);
    }
    progress_show(&l->progress, done, total, "");
}

static bolter_status open_bpe(struct learn *l, bolter_error *err)
{
    bool none = l->n_special == 1 && !*l->special[0];
    const bolter_bpe_options o = {
        .n_vocab = l->n_vocab,
        .min_count = l->min_count,
        .special = l->n_special > 0 ? l->special : end_of_text,
        .n_special = l->n_special > 0 ? (none ? 0 : l->n_special) : 1,
        .max_pieces = l->max_pieces,
        .threads = l->threads,
        .progress = show,
        .ud = l,
    };
    return bolter_bpe_open(&l->bpe, &o, err);
}

/* A corpus that was opened, which is closed. */
static bolter_status add(struct learn *l, bolter_status rc, bolter_corpus *c, bool verbatim,
                         bolter_error *err)
{
    if (rc == BOLTER_OK)
        rc = bolter_bpe_add(l->bpe, c, verbatim, err);
    bolter_corpus_free(c);
    progress_end(&l->progress);
    l->progress.what = NULL;
    return rc;
}

static bolter_status count(struct learn *l, char *const *file, size_t n_file, bolter_error *err)
{
    bolter_status rc = BOLTER_OK;
    for (size_t i = 0; rc == BOLTER_OK && i < l->sources.n; i++) {
        bolter_corpus *c = NULL;
        rc = sources_open(&l->sources, i, &c, err);
        rc = add(l, rc, c, false, err);
    }
    for (size_t i = 0; rc == BOLTER_OK && i < n_file; i++) {
        bolter_corpus *c = NULL;
        rc = bolter_corpus_open(&c, "blocks", file[i], NULL, err);
        rc = add(l, rc, c, true, err);
    }
    return rc;
}

static bolter_status run(struct learn *l, char *const *file, size_t n_file, bolter_error *err)
{
    double started = seconds_now();
    bolter_status rc = open_bpe(l, err);
    if (rc == BOLTER_OK)
        rc = count(l, file, n_file, err);
    double counted = seconds_now();
    if (rc == BOLTER_OK)
        rc = bolter_bpe_learn(l->bpe, err);
    progress_end(&l->progress);
    l->count_s = counted - started;
    l->learn_s = seconds_now() - counted;
    return rc == BOLTER_OK ? bolter_bpe_save(l->bpe, l->out, err) : rc;
}

/* ---- What came of it ---------------------------------------------------------------------- */

static json_t *summary(const struct learn *l, const bolter_bpe_info *i)
{
    return json_pack("{s:i, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:f, s:f}", "v", 1, "vocab",
                     (json_int_t)i->n_vocab, "merges", (json_int_t)i->n_merges, "texts",
                     (json_int_t)i->n_texts, "bytes", (json_int_t)i->n_bytes, "pieces",
                     (json_int_t)i->n_pieces, "distinct", (json_int_t)i->n_distinct, "long",
                     (json_int_t)i->n_long, "forgotten", (json_int_t)i->n_forgotten,
                     "forgotten_distinct", (json_int_t)i->n_forgotten_distinct, "count_seconds",
                     l->count_s, "learn_seconds", l->learn_s);
}

static void print(const struct learn *l, const bolter_bpe_info *i)
{
    printf("%" PRIu64 " texts, %.1f MB, %" PRIu64 " pieces, %" PRIu64 " of them different: %.1f s, "
           "%.1f MB/s\n", i->n_texts, 1e-6 * (double)i->n_bytes, i->n_pieces, i->n_distinct,
           l->count_s, 1e-6 * (double)i->n_bytes / (l->count_s > 0 ? l->count_s : 1e-9));
    if (i->n_long > 0)
        printf("%" PRIu64 " pieces longer than 1,024 bytes left out\n", i->n_long);
    if (i->n_forgotten > 0)
        printf("%" PRIu64 " rare pieces forgotten, %.2f%% of the text's (see --max-pieces)\n",
               i->n_forgotten_distinct, 100 * (double)i->n_forgotten / (double)i->n_pieces);
    printf("%zu merges: %.1f s\n%zu tokens in %s\n", i->n_merges, l->learn_s, i->n_vocab, l->out);
}

int learn_tokenizer(struct learn *l, char *const *file, size_t n_file)
{
    bolter_error err = {0};
    bolter_bpe_info info;
    bool ok = run(l, file, n_file, &err) == BOLTER_OK;
    if (ok) {
        bolter_bpe_info_of(l->bpe, &info);
        if (info.n_vocab < l->n_vocab)
            complain("%zu tokens instead of %zu: no further pair occurs %zu times", info.n_vocab,
                     l->n_vocab, l->min_count);
        if (l->json)
            ok = report_print_line(summary(l, &info));
        else
            print(l, &info);
    } else {
        complain("%s", err.text);
    }
    bolter_bpe_free(l->bpe);
    return ok ? EXIT_DONE : err.code == BOLTER_E_ARG ? EXIT_USAGE : EXIT_FAILED;
}
