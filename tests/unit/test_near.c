/* test_near.c - texts as their words, and near-duplicates against a plain search. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "data/collect.h"
#include "tests/check.h"

static void words_are_folded(struct check *c)
{
    static const char *const cases[][2] = {
        {"Hello,  WORLD!", "hello world"},
        {"call 0800-123 456 now2day", "call 0 0 0 now0day"},
        {"see HTTPS://x.y/z?q=1, or http://a.b", "see u or u"},
        {"http:// nothing xhttp://y", "u nothing xhttp y"},
        {"\xc3\x84 \xc3\x97 \xce\xa3 \xd0\x96 \xd0\x81 \xc3\x9f",
         "\xc3\xa4 \xcf\x83 \xd0\xb6 \xd1\x91 \xc3\x9f"},
        {"a_b\xe2\x80\x99s \xff 1.5", "a_b s 0 0"},
        {"?!", "?!"},
        {" \n", " \n"},
        {"", ""},
    };
    static bt_charclass classes;
    bt_charclass_init(&classes);
    bt_buf b;
    bt_buf_init(&b, 1000);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bt_buf_reset(&b);
        bolter_status rc = bt_words_append(&b, &classes, cases[i][0], strlen(cases[i][0]));
        const char *got = b.data ? b.data : "";
        CHECK(c, rc == BOLTER_OK && strcmp(got, cases[i][1]) == 0, "\"%s\": got \"%s\"",
              cases[i][0], got);
    }
    bt_buf_free(&b);
    bt_buf_init(&b, 3);
    CHECK(c, bt_words_append(&b, &classes, "abcd", 4) == BOLTER_E_LIMIT, "no limit");
    bt_buf_free(&b);
}

/* ---- Near-duplicates ---- */

enum { TEXTS = 300, WORDS = 40 };

/* A text as the numbers of its words; some are copies of an earlier one with a few words changed.
 */
static void make_texts(int words[TEXTS][WORDS], size_t length[TEXTS], bt_rng *rng)
{
    for (size_t i = 0; i < TEXTS; i++) {
        size_t from = bt_rng_below(rng, i + 1), changes = bt_rng_below(rng, 4);
        length[i] = 1 + bt_rng_below(rng, WORDS);
        if (from < i && bt_rng_below(rng, 3) > 0) {
            length[i] = length[from];
            memcpy(words[i], words[from], sizeof words[i]);
        } else {
            changes = WORDS;
        }
        for (size_t k = 0; k < changes; k++)
            words[i][changes == WORDS ? k : bt_rng_below(rng, length[i])] =
                (int)bt_rng_below(rng, 30);
    }
}

static bool has_shingle(const int *words, size_t n, const int *shingle)
{
    for (size_t i = 0; i + 4 <= n; i++)
        if (memcmp(words + i, shingle, 4 * sizeof *words) == 0)
            return true;
    return false;
}

/* Shingles of a, each once, that b has. */
static size_t common_shingles(const int *a, size_t n, const int *b, size_t m)
{
    size_t count = 0;
    for (size_t i = 0; i + 4 <= n; i++)
        count += !has_shingle(a, i + 3, a + i) && has_shingle(b, m, a + i);
    return count;
}

static bool is_near_plainly(const int *a, size_t n, const int *b, size_t m)
{
    if (n < 4 || m < 4)
        return n == m && memcmp(a, b, n * sizeof *a) == 0;
    size_t common = common_shingles(a, n, b, m);
    size_t all = common_shingles(a, n, a, n) + common_shingles(b, m, b, m) - common;
    return 10 * common >= 8 * all;
}

struct seen {
    bool near[TEXTS];
    size_t n, last;
    bool in_order;
};

static bool note(void *arg, size_t other)
{
    struct seen *s = arg;
    s->in_order = s->in_order && (s->n == 0 || other > s->last);
    s->near[other] = true;
    s->last = other;
    s->n++;
    return true;
}

static void the_index_finds_what_a_plain_search_finds(struct check *c)
{
    static int words[TEXTS][WORDS];
    size_t length[TEXTS], n_near = 0;
    bt_rng rng = {.seed = 5};
    bt_near *near;
    make_texts(words, length, &rng);
    CHECK(c, bt_near_open(&near, TEXTS, NULL) == BOLTER_OK, "open");
    for (size_t i = 0; i < TEXTS; i++) {
        char text[WORDS * 4] = "";
        size_t n = 0;
        for (size_t k = 0; k < length[i]; k++)
            n += (size_t)snprintf(text + n, sizeof text - n, "%sw%d", k ? " " : "", words[i][k]);
        CHECK(c, bt_near_add(near, text, n, NULL) == BOLTER_OK, "add");
    }
    CHECK(c, bt_near_add(near, "x", 1, NULL) == BOLTER_E_LIMIT, "one more");
    for (size_t i = 0; i < TEXTS; i++) {
        struct seen s = {.in_order = true};
        CHECK(c, bt_near_find(near, i, NULL, note, &s, NULL) == BOLTER_OK, "find");
        CHECK(c, s.in_order, "text %zu: out of order or twice", i);
        for (size_t k = 0; k < i; k++) {
            bool want = is_near_plainly(words[i], length[i], words[k], length[k]);
            n_near += want;
            CHECK(c, s.near[k] == want, "%zu and %zu: got %d", i, k, s.near[k]);
        }
        CHECK(c, bt_near_index(near, i, NULL) == BOLTER_OK, "index");
    }
    CHECK(c, n_near > 100, "only %zu pairs are near", n_near);
    bt_near_free(near);
}

int main(void)
{
    static const struct check_case cases[] = {
        CASE(words_are_folded),
        CASE(the_index_finds_what_a_plain_search_finds),
    };
    return check_main(cases, sizeof cases / sizeof *cases);
}
