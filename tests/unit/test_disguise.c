/* test_disguise.c - innocent words in spam: whose they are, where they go, and what stays as it was. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/check.h"
#include "tests/unit/tiny.h"
#include "trainer/disguise.h"

enum { ROOM = 4096, TAIL = 7 };

/* Ham is written with "h" and "i", spam with "s" and "t"; the first spam has an empty line. */
static const char corpus_text[] = "spam\ta\tsssst\\n\\ntstststs\nham\tb\thihihihihih\nspam\tc\ttttttsst\n"
                                  "ham\td\tiiiiii\nham\te\thhhihhhiii\n";

struct scene {
    bolter_model *m;
    bolter_dataset *d;
    struct disguise g;
    int32_t ids[ROOM];
};

static bolter_dataset *read_corpus(bolter_model *m, const char *text)
{
    bolter_dataset *d = NULL;
    bolter_corpus *corpus = NULL;
    tiny_put(check_tmpdir(), "data.tsv", text);
    if (bolter_dataset_open(&d, m, NULL) != BOLTER_OK ||
        bolter_corpus_open(&corpus, "tsv", tiny_path("data.tsv"), NULL, NULL) != BOLTER_OK ||
        bolter_dataset_add(d, corpus, BOLTER_TRAIN, NULL) != BOLTER_OK)
        exit(99);
    bolter_corpus_free(corpus);
    return d;
}

/* All is read of a text, but where a test says otherwise. */
static void begin(struct scene *s, struct check *c, double share)
{
    s->m = tiny_classifier(1, 5, "disguise");
    s->d = read_corpus(s->m, corpus_text);
    CHECK(c, disguise_open(&s->g, share, s->m, s->d, 1, 42), "it did not open");
    s->g.longest = ROOM;
}

static void end(struct scene *s)
{
    disguise_free(&s->g);
    bolter_dataset_free(s->d);
    bolter_model_unref(s->m);
}

static const bolter_seq *original(const struct scene *s, size_t row)
{
    return &bolter_dataset_row(s->d, BOLTER_TRAIN, row)->seq;
}

static bool is_original(const struct scene *s, size_t row, size_t n)
{
    return n == original(s, row)->n && memcmp(s->ids, original(s, row)->ids, n * sizeof *s->ids) == 0;
}

static bool is_ham_token(const struct scene *s, int32_t id)
{
    static const size_t ham[] = {1, 3, 4};
    for (size_t k = 0; k < 3; k++)
        for (size_t i = 0; i < original(s, ham[k])->n; i++)
            if (original(s, ham[k])->ids[i] == id)
                return true;
    return false;
}

/* Is what is there the row with words between body and the rest, or behind it? */
static bool has_words_at(const struct scene *s, size_t row, size_t n, size_t body)
{
    const bolter_seq *o = original(s, row);
    size_t rest = o->n - body, words = n - o->n;
    bool ok = n >= o->n + 32 && memcmp(s->ids, o->ids, body * sizeof *o->ids) == 0 &&
              memcmp(s->ids + n - rest, o->ids + body, rest * sizeof *o->ids) == 0;
    for (size_t i = 0; ok && i < words; i++) {
        int32_t id = s->ids[body + i];
        ok = is_ham_token(s, id) || id == s->g.line;
    }
    return ok;
}

static void words_of_others_go_behind_spam_or_before_its_body(struct check *c)
{
    struct scene s;
    static const struct {
        size_t row, body;
    } cases[] = {{0, 7}, {2, 1}}; /* behind an empty line, or the first token */
    begin(&s, c, 1);
    for (size_t k = 0; k < 2; k++) {
        size_t behind = 0, before = 0;
        for (uint64_t epoch = 0; epoch < 100; epoch++) {
            size_t n = disguise_row(&s.g, epoch, cases[k].row, s.ids);
            behind += has_words_at(&s, cases[k].row, n, original(&s, cases[k].row)->n);
            before += has_words_at(&s, cases[k].row, n, cases[k].body);
        }
        CHECK(c, behind + before == 100 && behind > 25 && before > 25, "row %zu: %zu behind, %zu before",
              cases[k].row, behind, before);
    }
    end(&s);
}

static void the_share_is_kept(struct check *c)
{
    struct scene s;
    begin(&s, c, 0.5);
    size_t spam = 0, ham = 0;
    for (uint64_t epoch = 0; epoch < 1000; epoch++) {
        spam += !is_original(&s, 0, disguise_row(&s.g, epoch, 0, s.ids));
        ham += !is_original(&s, 1, disguise_row(&s.g, epoch, 1, s.ids));
    }
    CHECK(c, spam > 440 && spam < 560, "%zu of 1000 spam", spam);
    CHECK(c, ham > 100 && ham < 200, "%zu of 1000 ham, expected 150", ham);
    end(&s);
}

static void an_epoch_looks_the_same_again(struct check *c)
{
    struct scene s, t;
    begin(&s, c, 1);
    begin(&t, c, 1);
    size_t n = disguise_row(&s.g, 3, 0, s.ids), other = disguise_row(&t.g, 4, 0, t.ids);
    CHECK(c, n != other || memcmp(s.ids, t.ids, n * sizeof *s.ids) != 0, "the next epoch is the same");
    size_t again = disguise_row(&t.g, 3, 0, t.ids);
    CHECK(c, n == again && memcmp(s.ids, t.ids, n * sizeof *s.ids) == 0, "%zu tokens, then %zu", n, again);
    end(&t);
    end(&s);
}

static void long_texts_lose_their_middle(struct check *c)
{
    struct scene s;
    begin(&s, c, 1);
    int32_t whole[ROOM];
    for (uint64_t epoch = 0; epoch < 20; epoch++) {
        s.g.longest = ROOM;
        size_t n = disguise_row(&s.g, epoch, 0, whole);
        s.g.longest = 25;
        s.g.tail = TAIL;
        size_t cut = disguise_row(&s.g, epoch, 0, s.ids);
        CHECK(c, cut == 25, "%zu tokens are left", cut);
        CHECK(c, memcmp(s.ids, whole, (25 - TAIL) * sizeof *whole) == 0 &&
                 memcmp(s.ids + 25 - TAIL, whole + n - TAIL, TAIL * sizeof *whole) == 0,
              "epoch %llu: not the beginning and the end", (unsigned long long)epoch);
    }
    end(&s);
}

static void what_has_no_spam_or_nothing_else_is_refused(struct check *c)
{
    bolter_model *m = tiny_classifier(1, 5, "disguise-refused");
    bolter_dataset *d = read_corpus(m, corpus_text), *spam = read_corpus(m, "spam\ta\tbuy\n");
    struct disguise g;
    CHECK(c, !disguise_open(&g, 0.5, m, d, -1, 1), "without a label spam");
    disguise_free(&g);
    CHECK(c, !disguise_open(&g, 0.5, m, spam, 1, 1), "without ham");
    disguise_free(&g);
    bolter_dataset_free(d);
    bolter_dataset_free(spam);
    bolter_model_unref(m);
}

int main(void)
{
    static const struct check_case cases[] = {
        CASE(words_of_others_go_behind_spam_or_before_its_body),
        CASE(the_share_is_kept),
        CASE(an_epoch_looks_the_same_again),
        CASE(long_texts_lose_their_middle),
        CASE(what_has_no_spam_or_nothing_else_is_refused),
    };
    return check_main(cases, sizeof cases / sizeof *cases);
}
