/*
 * test_words.c - texts cut into n-grams, counted and weighed.
 *
 * Numbers with nine digits were computed by scikit-learn 1.2.1 from the texts below.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "tests/check.h"
#include "words/lexicon.h"
#include "words/pieces.h"
#include "words/sparse.h"

static const char *const texts[] = {
    "Win a FREE prize now! Call £5 now",   "Tea at five? Bring the cake, please",
    "free entry: win cash $$$, call now",  "the meeting is at five, see the agenda",
    "Grüße aus KÖLN, see you at five",     "Prize! Prize! free cash, WIN cash",
    "agenda for the meeting: cash report", "the cake was free, thank you"};
#define N_TEXTS (sizeof texts / sizeof *texts)

static const bolter_grams words = {.kind = BOLTER_GRAM_WORDS, .min_n = 1, .max_n = 1};

/* ---- Pieces and n-grams ---- */

static bolter_status append(void *to, const char *gram, size_t n)
{
    bt_buf *b = to;
    return bt_buf_append(b, gram, n) && bt_buf_append_char(b, '|') ? BOLTER_OK : BOLTER_E_NOMEM;
}

/* The n-grams of a text, each followed by "|", in a buffer to free. */
static bt_buf grams_of(struct check *c, const bolter_grams *g, const char *text, size_t n)
{
    bt_pieces p = {0};
    bt_buf b;
    bt_buf_init(&b, 1 << 20);
    bt_buf_append(&b, "", 0);
    bolter_error err = {0};
    CHECK(c, bt_pieces_cut(&p, g->kind, text, n, &err) == BOLTER_OK, "%s", err.text);
    CHECK(c, bt_pieces_grams(&p, g, append, &b) == BOLTER_OK, "the walk ended early");
    bt_pieces_free(&p);
    return b;
}

static void cuts_to(struct check *c, const bolter_grams *g, const char *text, size_t n,
                    const char *want)
{
    bt_buf b = grams_of(c, g, text, n);
    CHECK(c, b.len == strlen(want) && memcmp(b.data ? b.data : "", want, b.len) == 0,
          "\"%s\": got \"%s\", want \"%s\"", text, b.data ? b.data : "", want);
    bt_buf_free(&b);
}

static void words_are_two_or_more_letters_in_lower_case(struct check *c)
{
    static const char *const cases[][2] = {
        {"", ""},
        {"a", ""},
        {"I am a_B, 42nd!", "am|a_b|42nd|"},
        {"can't e-mail", "can|mail|"},
        {"_ __ 7", "__|"},
        {"Éclair ÜBER Straße", "éclair|über|straße|"},
        {"ПРИВЕТ мир", "привет|мир|"},
        {"日本語。東京", "日本語|東京|"},
        {"٤٢ ½¾", "٤٢|½¾|"},
        {"cafe\xcc\x81s ok", "cafe|ok|"}, /* a combining mark is no letter */
        {"x\xc2\xa0yz\xe2\x80\x83zz", "yz|zz|"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        cuts_to(c, &words, cases[i][0], strlen(cases[i][0]), cases[i][1]);
}

static void tokens_keep_single_letters_and_signs(struct check *c)
{
    const bolter_grams g = {.kind = BOLTER_GRAM_TOKENS, .min_n = 1, .max_n = 1};
    static const char *const cases[][2] = {
        {"I win £5!! OK?", "i|win|£|5|!|!|ok|?|"},
        {"$$ 50% &", "$|$|50|%|"},
        {"a!b€c", "a|!|b|€|c|"},
        {"!", "!|"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        cuts_to(c, &g, cases[i][0], strlen(cases[i][0]), cases[i][1]);
}

static void pairs_are_neighbours_with_one_blank(struct check *c)
{
    const bolter_grams g = {.kind = BOLTER_GRAM_WORDS, .min_n = 1, .max_n = 3};
    static const char text[] = "see - you a at\n\nfive";
    cuts_to(c, &g, text, sizeof text - 1,
            "see|you|at|five|see you|you at|at five|see you at|you at five|");
    cuts_to(c, &g, "one", 3, "one|");
}

static void character_grams_stay_within_a_word_and_its_blanks(struct check *c)
{
    const bolter_grams g = {.kind = BOLTER_GRAM_CHARS, .min_n = 2, .max_n = 5};
    cuts_to(c, &g, "Ab", 2, " a|ab|b | ab|ab | ab |");
    cuts_to(c, &g, "x\t\n y", 5, " x|x | x | y|y | y |");
    cuts_to(c, &g, "é!", 3, " é|é!|! | é!|é! | é! |");
    cuts_to(c, &g, " \n", 2, "");
    const bolter_grams longer = {.kind = BOLTER_GRAM_CHARS, .min_n = 4, .max_n = 6};
    cuts_to(c, &longer, "a bcd", 5, " a | bcd|bcd | bcd |");
}

static void bytes_that_are_no_utf8_are_punctuation(struct check *c)
{
    static const char bad[] = "caf\xe9s\xff"
                              "ab\xc0\x80yz\xed\xa0\x80pq\xf4\x90\x80\x80rs\xe2\x82";
    cuts_to(c, &words, bad, sizeof bad - 1, "caf|ab|yz|pq|rs|");
    static const char nul[] = "ab\0cd\0\0e";
    cuts_to(c, &words, nul, sizeof nul - 1, "ab|cd|");
    const bolter_grams chars = {.kind = BOLTER_GRAM_CHARS, .min_n = 3, .max_n = 3};
    cuts_to(c, &chars, "\xff", 1, " \xef\xbf\xbd |");
}

static void long_lines_are_cut_like_short_ones(struct check *c)
{
    enum { N = 1 << 20 };
    static const struct {
        const char *fill;
        bolter_gram_kind kind;
        size_t want;
    } cases[] = {{"a", BOLTER_GRAM_WORDS, 1},       {" ", BOLTER_GRAM_WORDS, 0},
                 {"!", BOLTER_GRAM_TOKENS, N},      {"\xff", BOLTER_GRAM_CHARS, 1},
                 {"a ", BOLTER_GRAM_TOKENS, N / 2}, {"", BOLTER_GRAM_CHARS, 1}};
    char *text = bt_alloc(N);
    for (size_t i = 0; text && i < sizeof cases / sizeof *cases; i++) {
        size_t period = cases[i].fill[0] ? strlen(cases[i].fill) : 1;
        for (size_t at = 0; at < N; at++)
            text[at] = cases[i].fill[at % period];
        bt_pieces p = {0};
        bolter_error err = {0};
        CHECK(c, bt_pieces_cut(&p, cases[i].kind, text, N, &err) == BOLTER_OK, "%s", err.text);
        CHECK(c, p.n == cases[i].want, "case %zu: %zu pieces, want %zu", i, p.n, cases[i].want);
        bt_pieces_free(&p);
    }
    bt_release(text);
}

static void a_text_over_64_MiB_is_a_LIMIT(struct check *c)
{
    bt_pieces p = {0};
    bolter_error err = {0};
    CHECK(c, bt_pieces_cut(&p, BOLTER_GRAM_WORDS, "", BT_PIECES_MAX + 1, &err) == BOLTER_E_LIMIT,
          "%s", err.text);
    bt_pieces_free(&p);
}

/* ---- Lexicon ---- */

static void count_number(bt_lexicon *l, unsigned number, uint32_t text)
{
    char s[20];
    int n = snprintf(s, sizeof s, "term %u", number);
    bt_lexicon_count(l, s, (size_t)n, text, NULL);
}

static void a_lexicon_knows_each_of_many_terms(struct check *c)
{
    enum { N = 50000 };
    bt_lexicon l = {0};
    CHECK(c, bt_lexicon_find(&l, "x", 1) == BT_TERM_NONE, "a term of an empty lexicon");
    for (unsigned i = 0; i < 3 * N; i++)
        count_number(&l, i % N, 1 + i / (2 * N));
    CHECK(c, l.n == N, "%zu terms, want %d", l.n, N);
    for (unsigned i = 0; i < N; i++) {
        char s[20];
        int n = snprintf(s, sizeof s, "term %u", i);
        CHECK(c, bt_lexicon_find(&l, s, (size_t)n) == i, "term %u", i);
        CHECK(c, l.term[i].count == 3 && l.term[i].n_texts == 2, "term %u: %u texts", i,
              l.term[i].n_texts);
    }
    CHECK(c, bt_lexicon_find(&l, "term 0", 5) == BT_TERM_NONE, "a beginning was found");
    bt_lexicon_free(&l);
}

static void keep_takes_the_commonest_and_sorts_by_bytes(struct check *c)
{
    static const char *const one[] = {"b", "b", "b", "d", "d", "a", "e", "c", "bb"};
    static const char *const two[] = {"a", "b", "c", "e", "bb"};
    bt_lexicon l = {0};
    for (size_t i = 0; i < sizeof one / sizeof *one; i++)
        bt_lexicon_count(&l, one[i], strlen(one[i]), 1, NULL);
    for (size_t i = 0; i < sizeof two / sizeof *two; i++)
        bt_lexicon_count(&l, two[i], strlen(two[i]), 2, NULL);
    /* d is in one text; b occurs 4 times, the others twice. */
    CHECK(c, bt_lexicon_keep(&l, 2, 3, NULL) == BOLTER_OK, "keep");
    static const char *const want[] = {"a", "b", "bb"};
    CHECK(c, l.n == 3, "%zu terms, want 3", l.n);
    for (size_t i = 0; i < 3 && i < l.n; i++)
        CHECK(c,
              l.term[i].n == strlen(want[i]) && memcmp(l.term[i].text, want[i], l.term[i].n) == 0 &&
                  bt_lexicon_find(&l, want[i], strlen(want[i])) == i,
              "term %zu", i);
    CHECK(c, l.term[1].count == 4 && l.term[1].n_texts == 2, "the counts of b");
    CHECK(c, bt_lexicon_find(&l, "d", 1) == BT_TERM_NONE, "d was kept");
    bt_lexicon_free(&l);
}

/* ---- Columns and rows ---- */

static bolter_words *fitted(struct check *c, const bolter_grams *sets, size_t n_sets)
{
    bolter_words *w;
    bolter_error err = {0};
    CHECK(c, bolter_words_open(&w, sets, n_sets, &err) == BOLTER_OK, "%s", err.text);
    for (size_t i = 0; w && i < N_TEXTS; i++)
        CHECK(c, bolter_words_count(w, texts[i], strlen(texts[i]), &err) == BOLTER_OK, "%s",
              err.text);
    CHECK(c, w && bolter_words_fit(w, &err) == BOLTER_OK, "%s", err.text);
    if (!w)
        exit(99);
    return w;
}

static bolter_sparse *rows_of(struct check *c, bolter_words *w, const char *const *from, size_t n)
{
    bolter_sparse *x;
    bolter_error err = {0};
    CHECK(c, bolter_sparse_open(&x, bolter_words_columns(w), &err) == BOLTER_OK, "%s", err.text);
    for (size_t i = 0; x && i < n; i++)
        CHECK(c, bolter_words_row(w, x, from[i], strlen(from[i]), &err) == BOLTER_OK, "%s",
              err.text);
    if (!x)
        exit(99);
    return x;
}

/* The value of an n-gram in a row; 0 where it has none. */
static double value_of(const bolter_words *w, const bolter_sparse *x, size_t row, const char *gram,
                       size_t set)
{
    for (size_t e = x->start[row]; e < x->start[row + 1]; e++) {
        size_t n, in;
        const char *s = bolter_words_gram(w, x->col[e], &n, &in);
        if (in == set && n == strlen(gram) && memcmp(s, gram, n) == 0)
            return (double)x->val[e];
    }
    return 0;
}

static void columns_are_the_training_words_by_their_bytes(struct check *c)
{
    static const char want[] =
        "agenda at aus bring cake call cash entry five for free grüße is köln "
        "meeting now please prize report see tea thank the was win you ";
    bolter_words *w = fitted(c, &words, 1);
    bt_buf b;
    bt_buf_init(&b, 1000);
    for (size_t j = 0; j < bolter_words_columns(w); j++) {
        size_t n, set;
        const char *gram = bolter_words_gram(w, j, &n, &set);
        bt_buf_append(&b, gram, n);
        bt_buf_append_char(&b, ' ');
        CHECK(c, set == 0, "column %zu is of set %zu", j, set);
    }
    CHECK(c, b.data && strcmp(b.data, want) == 0, "got \"%s\"", b.data);
    size_t n, set;
    CHECK(c, !bolter_words_gram(w, bolter_words_columns(w), &n, &set), "a column too many");
    bt_buf_free(&b);
    bolter_words_free(w);
}

static void rows_hold_counts(struct check *c)
{
    static const char *const three[] = {"Cash, cash: CASH for tea", "", "nothing known here"};
    bolter_words *w = fitted(c, &words, 1);
    bolter_sparse *x = rows_of(c, w, three, 3);
    CHECK(c, bolter_sparse_rows(x) == 3 && bolter_sparse_entries(x) == 3, "%zu rows, %zu entries",
          bolter_sparse_rows(x), bolter_sparse_entries(x));
    CHECK(c, value_of(w, x, 0, "cash", 0) == 3, "cash: %g", value_of(w, x, 0, "cash", 0));
    CHECK(c, value_of(w, x, 0, "for", 0) == 1 && value_of(w, x, 0, "tea", 0) == 1, "for and tea");
    bolter_sparse_free(x);
    x = rows_of(c, w, texts, N_TEXTS);
    CHECK(c, bolter_sparse_entries(x) == 48, "%zu entries, want 48", bolter_sparse_entries(x));
    bolter_sparse_free(x);
    bolter_words_free(w);
}

static void tfidf_by_hand(struct check *c)
{
    /* Two texts: "aa" in both, "bb" in one. idf: 1 + ln(3/3), 1 + ln(3/2). */
    bolter_grams g = words;
    g.tfidf = true;
    bolter_words *w;
    bolter_sparse *x;
    CHECK(c, bolter_words_open(&w, &g, 1, NULL) == BOLTER_OK, "open");
    bolter_words_count(w, "aa bb", 5, NULL);
    bolter_words_count(w, "aa", 2, NULL);
    CHECK(c, bolter_words_fit(w, NULL) == BOLTER_OK, "fit");
    CHECK(c, bolter_sparse_open(&x, 2, NULL) == BOLTER_OK, "open");
    CHECK(c, bolter_words_row(w, x, "aa bb bb", 8, NULL) == BOLTER_OK, "row");
    double aa = 1, bb = (1 + log(2)) * (1 + log(1.5)), length = sqrt(aa * aa + bb * bb);
    CHECK(c, fabs(value_of(w, x, 0, "aa", 0) - aa / length) < 1e-6, "aa");
    CHECK(c, fabs(value_of(w, x, 0, "bb", 0) - bb / length) < 1e-6, "bb");
    bolter_sparse_free(x);
    bolter_words_free(w);
}

static const bolter_grams pairs_and_chars[] = {{BOLTER_GRAM_TOKENS, 1, 2, 2, 0, true},
                                               {BOLTER_GRAM_CHARS, 2, 5, 3, 0, true}};
static const char *const unseen[] = {"free tea at the meeting, call five", "Win cash at KÖLN! %",
                                     ""};

static void tfidf_of_words_and_characters_is_scikit_learns(struct check *c)
{
    static const struct {
        const char *gram;
        size_t set;
        double want;
    } values[] = {
        {"at", 0, 0.363543943},   {"call", 0, 0.421296072},        {"free", 0, 0.318747912},
        {"the", 0, 0.318747912},  {"the meeting", 0, 0.421296072}, {" t", 1, 0.235382815},
        {" at ", 1, 0.158558528}, {" five", 1, 0.158558528},       {", ", 1, 0.109560585},
        {"at", 1, 0.158558528},   {"e ", 1, 0.183746934},          {"free ", 1, 0.158558528},
        {"he", 1, 0.139020882},   {"t ", 1, 0.139020882},          {"tea", 1, 0},
    };
    bolter_words *w = fitted(c, pairs_and_chars, 2);
    CHECK(c, bolter_words_columns(w) == 92, "%zu columns, want 92", bolter_words_columns(w));
    bolter_sparse *x = rows_of(c, w, texts, N_TEXTS);
    CHECK(c, bolter_sparse_entries(x) == 322, "%zu entries, want 322", bolter_sparse_entries(x));
    bolter_sparse_free(x);
    x = rows_of(c, w, unseen, 3);
    CHECK(c, x->start[1] == 53, "%zu entries in the first row, want 53", x->start[1]);
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        double got = value_of(w, x, 0, values[i].gram, values[i].set);
        CHECK(c, fabs(got - values[i].want) < 1e-6, "\"%s\": got %.9f, want %.9f", values[i].gram,
              got, values[i].want);
    }
    bolter_sparse_free(x);
    bolter_words_free(w);
}

static void sets_of_grams_are_checked(struct check *c)
{
    static const bolter_grams bad[] = {{.kind = BOLTER_GRAM_WORDS, .min_n = 0, .max_n = 1},
                                       {.kind = BOLTER_GRAM_WORDS, .min_n = 2, .max_n = 1},
                                       {.kind = BOLTER_GRAM_WORDS, .min_n = 1, .max_n = 17}};
    bolter_words *w;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK(c, bolter_words_open(&w, &bad[i], 1, NULL) == BOLTER_E_ARG && !w, "case %zu", i);
    CHECK(c, bolter_words_open(&w, &words, 0, NULL) == BOLTER_E_ARG && !w, "no set");
}

static void calls_out_of_order_are_refused(struct check *c)
{
    bolter_words *w;
    bolter_sparse *x, *wide;
    bolter_error err = {0};
    CHECK(c, bolter_words_open(&w, &words, 1, NULL) == BOLTER_OK, "open");
    CHECK(c, bolter_sparse_open(&x, 1, NULL) == BOLTER_OK, "open");
    CHECK(c, bolter_sparse_open(&wide, 2, NULL) == BOLTER_OK, "open");
    CHECK(c, bolter_words_row(w, x, "aa", 2, NULL) == BOLTER_E_ARG, "a row before fit");
    CHECK(c, bolter_words_count(w, "aa", 2, NULL) == BOLTER_OK, "count");
    CHECK(c, bolter_words_fit(w, NULL) == BOLTER_OK, "fit");
    CHECK(c, bolter_words_fit(w, NULL) == BOLTER_E_ARG, "a second fit");
    CHECK(c, bolter_words_count(w, "bb", 2, NULL) == BOLTER_E_ARG, "count after fit");
    CHECK(c, bolter_words_row(w, wide, "aa", 2, &err) == BOLTER_E_ARG, "%s", err.text);
    CHECK(c, bolter_words_row(w, x, "aa", 2, NULL) == BOLTER_OK && x->n_row == 1, "row");
    bolter_words_free(w);
    bolter_sparse_free(x);
    bolter_sparse_free(wide);
}

static void nothing_to_keep_is_an_ARG(struct check *c)
{
    bolter_words *w;
    bolter_error err = {0};
    CHECK(c, bolter_words_open(&w, &words, 1, NULL) == BOLTER_OK, "open");
    CHECK(c, bolter_words_count(w, "a b c", 5, NULL) == BOLTER_OK, "count");
    CHECK(c, bolter_words_fit(w, &err) == BOLTER_E_ARG && strstr(err.text, "1 texts"), "%s",
          err.text);
    bolter_words_free(w);
}

static void a_transposed_matrix_has_its_entries_by_column(struct check *c)
{
    bolter_words *w = fitted(c, &words, 1);
    bolter_sparse *x = rows_of(c, w, texts, N_TEXTS), *t;
    CHECK(c, bt_sparse_transpose(&t, x, NULL) == BOLTER_OK, "transpose");
    CHECK(c, t->n_row == x->n_col && t->n_col == x->n_row && t->n_entry == x->n_entry, "shape");
    size_t right = 0;
    for (size_t j = 0; j < t->n_row; j++)
        for (size_t e = t->start[j]; e < t->start[j + 1]; e++) {
            CHECK(c, e == t->start[j] || t->col[e] > t->col[e - 1], "rows of column %zu", j);
            for (size_t at = x->start[t->col[e]]; at < x->start[t->col[e] + 1]; at++)
                right += x->col[at] == j && x->val[at] == t->val[e];
        }
    CHECK(c, right == x->n_entry, "%zu of %zu entries", right, x->n_entry);
    for (size_t n = 1; n < 20; n++) {
        CHECK(c, bt_sparse_piece(x, 0, n) == 0 && bt_sparse_piece(x, n, n) == x->n_row, "%zu ends",
              n);
        for (size_t i = 0; i < n; i++)
            CHECK(c, bt_sparse_piece(x, i, n) <= bt_sparse_piece(x, i + 1, n), "%zu of %zu", i, n);
    }
    bolter_sparse_free(t);
    bolter_sparse_free(x);
    bolter_words_free(w);
}

/* ---- Memory ---- */

/* All of it, with the text's rows; the first status that is not OK. */
static bolter_status whole_work(bolter_error *err)
{
    bolter_words *w;
    bolter_sparse *x = NULL, *t = NULL;
    bolter_status rc = bolter_words_open(&w, pairs_and_chars, 2, err);
    for (size_t i = 0; rc == BOLTER_OK && i < N_TEXTS; i++)
        rc = bolter_words_count(w, texts[i], strlen(texts[i]), err);
    if (rc == BOLTER_OK)
        rc = bolter_words_fit(w, err);
    if (rc == BOLTER_OK)
        rc = bolter_sparse_open(&x, bolter_words_columns(w), err);
    for (size_t i = 0; rc == BOLTER_OK && i < N_TEXTS; i++) {
        rc = bolter_words_row(w, x, texts[i], strlen(texts[i]), err);
        if (rc != BOLTER_OK && x->n_entry != x->start[x->n_row])
            rc = BOLTER_E_MISMATCH; /* half a row was left */
    }
    if (rc == BOLTER_OK)
        rc = bt_sparse_transpose(&t, x, err);
    bolter_sparse_free(t);
    bolter_sparse_free(x);
    bolter_words_free(w);
    return rc;
}

static void failed_allocations_are_NOMEM(struct check *c)
{
    bolter_status rc = BOLTER_E_NOMEM;
    unsigned long nth = 0;
    while (rc == BOLTER_E_NOMEM && nth < 1000) {
        bolter_error err = {0};
        bt_mem_fail_from(++nth);
        rc = whole_work(&err);
        bt_mem_fail_from(0);
        CHECK(c, rc == err.code, "allocation %lu: %s", nth, bolter_status_name(rc));
    }
    CHECK(c, rc == BOLTER_OK && nth > 20, "allocation %lu: %s", nth, bolter_status_name(rc));
}

int main(void)
{
    static const struct check_case cases[] = {
        CASE(words_are_two_or_more_letters_in_lower_case),
        CASE(tokens_keep_single_letters_and_signs),
        CASE(pairs_are_neighbours_with_one_blank),
        CASE(character_grams_stay_within_a_word_and_its_blanks),
        CASE(bytes_that_are_no_utf8_are_punctuation),
        CASE(long_lines_are_cut_like_short_ones),
        CASE(a_text_over_64_MiB_is_a_LIMIT),
        CASE(a_lexicon_knows_each_of_many_terms),
        CASE(keep_takes_the_commonest_and_sorts_by_bytes),
        CASE(columns_are_the_training_words_by_their_bytes),
        CASE(rows_hold_counts),
        CASE(tfidf_by_hand),
        CASE(tfidf_of_words_and_characters_is_scikit_learns),
        CASE(sets_of_grams_are_checked),
        CASE(calls_out_of_order_are_refused),
        CASE(nothing_to_keep_is_an_ARG),
        CASE(a_transposed_matrix_has_its_entries_by_column),
        CASE(failed_allocations_are_NOMEM),
    };
    return check_main(cases, sizeof cases / sizeof *cases);
}
