/* test_window_share.c - long texts shown by a window: which part of them, how often, and that others stay. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/check.h"
#include "tests/unit/tiny.h"
#include "trainer/windows.h"

enum { LONGEST = 24, LEAD = 3, LETTERS = 100 };

struct scene {
    bolter_model *m;
    bolter_dataset *d;
    struct windows w;
    int32_t ids[LONGEST];
};

/* Row 0 is long, row 1 is read to its end, row 2 is one token too long. A letter is a token. */
static void begin(struct scene *s, bool keep)
{
    const bolter_open_options o = {.max_tokens = LONGEST, .tail_tokens = 8, .begin = "yes"};
    bolter_corpus *corpus = NULL;
    char letters[LETTERS + 1] = "", text[400];
    for (size_t i = 0; i < LETTERS; i++)
        letters[i] = (char)('i' + i % 17); /* none of the merge */
    snprintf(text, sizeof text, "spam\t%s\nham\tjust so long that it\nham\t%.24s\n", letters, letters);
    bolter_model_unref(tiny_classifier(1, 5, "windows"));
    tiny_put(check_tmpdir(), "data.tsv", text);
    bool ok = bolter_model_open_with(&s->m, tiny_path("windows"), &o, NULL) == BOLTER_OK &&
              bolter_dataset_open(&s->d, s->m, NULL) == BOLTER_OK;
    if (ok && keep)
        bolter_dataset_keep_whole(s->d);
    ok = ok && bolter_corpus_open(&corpus, "tsv", tiny_path("data.tsv"), NULL, NULL) == BOLTER_OK &&
         bolter_dataset_add(s->d, corpus, BOLTER_TRAIN, NULL) == BOLTER_OK;
    bolter_corpus_free(corpus);
    if (!ok)
        exit(99);
    s->w = (struct windows){1, 42, s->d, LONGEST};
}

static void end(struct scene *s)
{
    bolter_dataset_free(s->d);
    bolter_model_unref(s->m);
}

static const bolter_row *row(const struct scene *s, size_t i)
{
    return bolter_dataset_row(s->d, BOLTER_TRAIN, i);
}

static void whole_texts_are_kept_where_they_are_not_read_to_their_end(struct check *c)
{
    struct scene s;
    char with[65], without[65];
    begin(&s, true);
    const bolter_row *r = row(&s, 0);
    CHECK(c, r->n_whole == LETTERS + 1 && r->seq.n == LONGEST, "%zu tokens, %zu read", r->n_whole, r->seq.n);
    CHECK(c, memcmp(r->whole, r->seq.ids, (LONGEST - 8) * sizeof *r->whole) == 0, "another beginning");
    CHECK(c, memcmp(r->whole + r->n_whole - 8, r->seq.ids + LONGEST - 8, 8 * sizeof *r->whole) == 0,
          "another end");
    CHECK(c, !row(&s, 1)->whole && row(&s, 2)->n_whole == LONGEST + 1, "a short one, or one just too long");
    bolter_dataset_sha256(s.d, BOLTER_TRAIN, with);
    end(&s);
    begin(&s, false);
    CHECK(c, !row(&s, 0)->whole, "kept without being asked for");
    bolter_dataset_sha256(s.d, BOLTER_TRAIN, without);
    CHECK(c, strcmp(with, without) != 0, "the digest does not tell whether they are kept");
    end(&s);
}

/* Where in a text the slice of a window lies; 0 if it is no part of it. */
static size_t place_of(const struct scene *s, const bolter_row *r)
{
    for (size_t at = LEAD; at + LONGEST - LEAD <= r->n_whole; at++)
        if (memcmp(r->whole + at, s->ids + LEAD, (LONGEST - LEAD) * sizeof *s->ids) == 0)
            return at;
    return 0;
}

static void a_window_is_the_beginning_and_any_stretch_behind_it(struct check *c)
{
    struct scene s;
    begin(&s, true);
    const bolter_row *r = row(&s, 0);
    size_t first = SIZE_MAX, last = 0;
    for (uint64_t epoch = 0; epoch < 500; epoch++) {
        CHECK(c, windows_row(&s.w, epoch, 0, s.ids) == LONGEST, "no window in epoch %d", (int)epoch);
        CHECK(c, memcmp(s.ids, r->whole, LEAD * sizeof *s.ids) == 0, "another beginning");
        size_t at = place_of(&s, r);
        CHECK(c, at > 0, "no stretch of the text in epoch %d", (int)epoch);
        first = at < first ? at : first;
        last = at > last ? at : last;
    }
    /* Letters come again after 17, so the first places stand for all. */
    CHECK(c, first == LEAD && last == LEAD + 16, "from %zu to %zu", first, last);
    CHECK(c, windows_row(&s.w, 0, 1, s.ids) == 0, "a text that is read to its end has one");
    CHECK(c, windows_row(&s.w, 0, 2, s.ids) == LONGEST && place_of(&s, row(&s, 2)) > 0, "one just too long");
    end(&s);
}

static void the_share_is_kept(struct check *c)
{
    struct scene s;
    begin(&s, true);
    s.w.share = 0.25;
    size_t n = 0;
    for (uint64_t epoch = 0; epoch < 1000; epoch++)
        n += windows_row(&s.w, epoch, 0, s.ids) > 0;
    CHECK(c, n > 200 && n < 300, "%zu of 1000", n);
    end(&s);
}

static void an_epoch_looks_the_same_again(struct check *c)
{
    struct scene s;
    int32_t before[LONGEST];
    begin(&s, true);
    windows_row(&s.w, 3, 0, before);
    windows_row(&s.w, 4, 0, s.ids);
    CHECK(c, memcmp(s.ids, before, sizeof before) != 0, "the next epoch is the same");
    windows_row(&s.w, 3, 0, s.ids);
    CHECK(c, memcmp(s.ids, before, sizeof before) == 0, "it is another one");
    end(&s);
}

int main(void)
{
    static const struct check_case cases[] = {
        CASE(whole_texts_are_kept_where_they_are_not_read_to_their_end),
        CASE(a_window_is_the_beginning_and_any_stretch_behind_it),
        CASE(the_share_is_kept),
        CASE(an_epoch_looks_the_same_again),
    };
    return check_main(cases, sizeof cases / sizeof *cases);
}
