/*
 * test_learn.c - learning a tokenizer: the merges of a public package, whatever the threads and the
 * order, within its memory.
 *
 * tests/data/babble-merges.txt is what ByteLevelBPETokenizer.train_from_iterator() of Hugging Face's
 * tokenizers 0.23.2 made of the texts of babble.c (seed 7, 400 of them): vocab_size 1257,
 * min_frequency 2, special_tokens ["<|endoftext|>"].
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <jansson.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/rng.h"
#include "bolter_train.h"
#include "tests/check.h"
#include "tests/unit/babble.h"
#include "tok/learn.h"
#include "tok/pretok.h"

static const char *const end_of_text[] = {"<|endoftext|>"};

/* ---- Texts -------------------------------------------------------------------------------- */

/* A name that was not used yet; released by bt_release(). */
static char *new_path(void)
{
    static unsigned n;
    char name[32];
    snprintf(name, sizeof name, "%u", n++);
    char *path = bt_path_join(check_tmpdir(), name);
    return path ? path : (abort(), NULL);
}

static char *write_file(const void *bytes, size_t n)
{
    char *path = new_path();
    if (bt_write_file(path, bytes, n, NULL) != BOLTER_OK)
        abort();
    return path;
}

/* The texts from..to of the babble as JSON lines, the last first if backwards. */
static char *write_babble(uint64_t from, uint64_t to, bool backwards)
{
    bt_buf lines, text;
    bt_buf_init(&lines, 1 << 24);
    bt_buf_init(&text, 1 << 20);
    for (uint64_t i = from; i < to; i++) {
        bt_buf_reset(&text);
        babble(&text, 7, backwards ? from + to - 1 - i : i);
        json_t *j = json_pack("{s:s, s:s#}", "label", "ham", "text", text.data, (int)text.len);
        char *line = json_dumps(j, 0);
        bt_buf_appendf(&lines, "%s\n", line);
        free(line);
        json_decref(j);
    }
    char *path = write_file(lines.data, lines.len);
    bt_buf_free(&lines);
    bt_buf_free(&text);
    return path;
}

static bolter_status add(bolter_bpe *b, const char *kind, const char *path, bolter_error *err)
{
    bolter_corpus *corpus;
    bolter_status rc = bolter_corpus_open(&corpus, kind, path, NULL, err);
    if (rc == BOLTER_OK)
        rc = bolter_bpe_add(b, corpus, true, err);
    bolter_corpus_free(corpus);
    return rc;
}

/* ---- From texts to files ------------------------------------------------------------------ */

struct lesson {
    const char *kind;
    const char *path[3]; /* NULL after the last */
    bolter_bpe_options o;
    bolter_bpe_info info;
    char dir[512]; /* where the tokenizer is */
};

static bolter_status learn(struct lesson *l, bolter_error *err)
{
    bolter_bpe *b;
    bolter_status rc = bolter_bpe_open(&b, &l->o, err);
    if (rc != BOLTER_OK)
        return rc;
    for (size_t i = 0; rc == BOLTER_OK && i < 3 && l->path[i]; i++)
        rc = add(b, l->kind, l->path[i], err);
    if (rc == BOLTER_OK)
        rc = bolter_bpe_learn(b, err);
    if (rc == BOLTER_OK)
        rc = bolter_bpe_save(b, l->dir, err);
    bolter_bpe_info_of(b, &l->info);
    bolter_bpe_free(b);
    return rc;
}

static struct lesson lesson_of(const char *kind, const char *path, size_t n_vocab)
{
    struct lesson l = {.kind = kind, .path = {path}, .o = {.n_vocab = n_vocab, .threads = 2}};
    char *dir = new_path();
    snprintf(l.dir, sizeof l.dir, "%s", dir);
    bt_release(dir);
    return l;
}

/* The same from texts of write_babble(), with a token that ends texts. */
static struct lesson lesson_with_end(const char *path, size_t n_vocab)
{
    struct lesson l = lesson_of("jsonl", path, n_vocab);
    l.o.special = end_of_text;
    l.o.n_special = 1;
    return l;
}

static void check_learn(struct check *c, struct lesson *l)
{
    bolter_error err = {0};
    CHECK(c, learn(l, &err) == BOLTER_OK, "%s", err.text);
}

/* A file of a directory; data is never NULL. */
static bt_buf read_file(const char *dir, const char *name)
{
    bt_buf b;
    bt_buf_init(&b, 1 << 24);
    char *path = dir ? bt_path_join(dir, name) : bt_strdup(check_srcdir(name));
    bt_read_all(&b, path, NULL);
    bt_buf_append_str(&b, "");
    bt_release(path);
    return b;
}

static void check_same(struct check *c, const struct lesson *a, const struct lesson *b,
                       const char *what)
{
    static const char *const names[] = {"vocab.json", "merges.txt"};
    for (size_t i = 0; i < 2; i++) {
        bt_buf x = read_file(a->dir, names[i]), y = read_file(b->dir, names[i]);
        CHECK(c, x.len > 0 && x.len == y.len && memcmp(x.data, y.data, x.len) == 0,
              "%s: %s of %zu bytes, and of %zu", what, names[i], x.len, y.len);
        bt_buf_free(&x);
        bt_buf_free(&y);
    }
}

/* ---- What is learned ---------------------------------------------------------------------- */

static void merges_are_those_of_the_public_package(struct check *c)
{
    char *path = write_babble(0, 400, false);
    struct lesson l = lesson_with_end(path, 1257);
    check_learn(c, &l);
    bt_buf got = read_file(l.dir, "merges.txt");
    bt_buf want = read_file(NULL, "tests/data/babble-merges.txt");
    size_t same = 0, line = 1;
    while (got.data[same] && got.data[same] == want.data[same])
        line += got.data[same++] == '\n';
    CHECK(c, want.len > 0 && got.len == want.len && same == want.len,
          "%zu of %zu bytes, different from line %zu on", got.len, want.len, line);
    CHECK(c, l.info.n_merges == 1000 && l.info.n_vocab == 1257 && l.info.n_texts == 400,
          "%zu merges, %zu tokens", l.info.n_merges, l.info.n_vocab);
    bt_buf_free(&got);
    bt_buf_free(&want);
    bt_release(path);
}

static void threads_and_the_order_of_texts_make_no_difference(struct check *c)
{
    static struct lesson first, other;
    char *whole = write_babble(0, 200, false), *backwards = write_babble(0, 200, true);
    char *half = write_babble(0, 90, false), *rest = write_babble(90, 200, false);
    first = lesson_of("jsonl", whole, 700);
    first.o.threads = 1;
    check_learn(c, &first);
    for (size_t threads = 2; threads <= 7; threads += 5) {
        other = lesson_of("jsonl", whole, 700);
        other.o.threads = threads;
        check_learn(c, &other);
        check_same(c, &first, &other, "threads");
    }
    other = lesson_of("jsonl", backwards, 700);
    check_learn(c, &other);
    check_same(c, &first, &other, "backwards");
    other = lesson_of("jsonl", rest, 700);
    other.path[1] = half;
    check_learn(c, &other);
    check_same(c, &first, &other, "in two files");
    bt_release(whole);
    bt_release(backwards);
    bt_release(half);
    bt_release(rest);
}

static void equal_counts_go_to_the_lowest_ids(struct check *c)
{
    /* "ab" and "cd" occur four times each, " x" three times */
    char *path = write_file("abcd-abcd-abcd-abcd x x x", 25);
    struct lesson l = lesson_of("text", path, 256 + 4);
    check_learn(c, &l);
    bt_buf got = read_file(l.dir, "merges.txt");
    CHECK(c, strcmp(got.data, "#version: 0.2\na b\nc d\nab cd\nĠ x\n") == 0, "%.80s", got.data);
    bt_buf_free(&got);
    bt_release(path);
}

static void a_pair_that_is_too_rare_is_not_merged(struct check *c)
{
    char *path = write_file("ab ab ab cd cd", 14);
    struct lesson l = lesson_of("text", path, 1000);
    l.o.min_count = 3;
    check_learn(c, &l);
    bt_buf got = read_file(l.dir, "merges.txt");
    CHECK(c, strcmp(got.data, "#version: 0.2\na b\n") == 0, "%.80s", got.data);
    CHECK(c, l.info.n_vocab == 257, "%zu tokens", l.info.n_vocab);
    bt_buf_free(&got);
    bolter_error err = {0};
    l.o.min_count = 4;
    CHECK(c, learn(&l, &err) == BOLTER_E_MISMATCH && strstr(err.text, "4 times"), "%s", err.text);
    bt_release(path);
}

/* ---- Against the plain way: count everything again for each merge --------------------------- */

#define LETTERS  3
#define N_STRING 60
#define LENGTH   24
#define N_RULE   20

struct plain {
    int32_t s[N_STRING][LENGTH];
    size_t n[N_STRING];
};

static bool best_pair(const struct plain *p, bt_rule *best)
{
    static size_t count[256 + N_RULE][256 + N_RULE];
    size_t most = 1;
    memset(count, 0, sizeof count);
    for (size_t i = 0; i < N_STRING; i++)
        for (size_t k = 0; k + 1 < p->n[i]; k++)
            count[p->s[i][k]][p->s[i][k + 1]]++;
    for (int32_t a = 0; a < 256 + N_RULE; a++)
        for (int32_t b = 0; b < 256 + N_RULE; b++)
            if (count[a][b] > most) {
                most = count[a][b];
                *best = (bt_rule){a, b};
            }
    return most > 1;
}

static void merge_all(struct plain *p, bt_rule rule, int32_t id)
{
    for (size_t i = 0; i < N_STRING; i++) {
        size_t n = 0;
        for (size_t k = 0; k < p->n[i]; k++) {
            bool both = k + 1 < p->n[i] && p->s[i][k] == rule.left && p->s[i][k + 1] == rule.right;
            p->s[i][n++] = both ? id : p->s[i][k];
            k += both;
        }
        p->n[i] = n;
    }
}

static void random_strings(struct plain *p, bt_tally *t, const bt_alphabet *a, uint64_t seed)
{
    bt_rng r = {.seed = seed};
    for (size_t i = 0; i < N_STRING; i++) {
        unsigned char bytes[LENGTH];
        p->n[i] = 1 + bt_rng_below(&r, LENGTH);
        for (size_t k = 0; k < p->n[i]; k++) {
            bytes[k] = (unsigned char)('a' + bt_rng_below(&r, LETTERS));
            p->s[i][k] = a->rank[bytes[k]];
        }
        bt_tally_add(t, bytes, p->n[i], 1);
    }
}

static void merges_are_those_of_counting_again(struct check *c)
{
    static struct plain p;
    bt_alphabet a;
    bt_alphabet_init(&a);
    for (uint64_t seed = 0; seed < 20; seed++) {
        bt_tally t = {0};
        bt_learned got;
        bt_rule want;
        random_strings(&p, &t, &a, seed);
        CHECK(c, bt_learn(&got, &t, &a, N_RULE, 2, NULL, NULL, NULL) == BOLTER_OK, "learn");
        for (size_t i = 0; i < got.n && best_pair(&p, &want); i++) {
            CHECK(c, got.rule[i].left == want.left && got.rule[i].right == want.right,
                  "seed %d, rule %zu: %d %d, want %d %d", (int)seed, i, got.rule[i].left,
                  got.rule[i].right, want.left, want.right);
            merge_all(&p, want, (int32_t)(256 + i));
        }
        CHECK(c, got.n == N_RULE, "seed %d: %zu rules", (int)seed, got.n);
        bt_learned_free(&got);
        bt_tally_free(&t);
    }
}

/* ---- What is counted ---------------------------------------------------------------------- */

static void blocks_of_a_long_text_have_its_pieces(struct check *c)
{
    static struct lesson whole, blocks;
    bt_buf text;
    bt_buf_init(&text, 8 << 20);
    for (uint64_t i = 0; text.len < (size_t)5 << 19; i++)
        babble(&text, 3, i);
    char *path = write_file(text.data, text.len);
    whole = lesson_of("text", path, 500);
    blocks = lesson_of("blocks", path, 500);
    check_learn(c, &whole);
    check_learn(c, &blocks);
    CHECK(c, blocks.info.n_texts == 3 && blocks.info.n_bytes == text.len, "%d blocks",
          (int)blocks.info.n_texts);
    CHECK(c, blocks.info.n_pieces == whole.info.n_pieces &&
             blocks.info.n_distinct == whole.info.n_distinct, "%d pieces, %d of the whole",
          (int)blocks.info.n_pieces, (int)whole.info.n_pieces);
    check_same(c, &whole, &blocks, "blocks");
    bt_buf_free(&text);
    bt_release(path);
}

static void a_text_without_blanks_is_cut_between_characters(struct check *c)
{
    size_t n = ((size_t)1 << 20) + 11;
    char *bytes = bt_alloc(n);
    for (size_t i = 0; i < n; i++)
        bytes[i] = "\xe5\xad\x97"[i % 3];
    char *path = write_file(bytes, n);
    bolter_corpus *corpus;
    bolter_example ex;
    size_t total = 0;
    CHECK(c, bolter_corpus_open(&corpus, "blocks", path, NULL, NULL) == BOLTER_OK, "open");
    while (bolter_corpus_next(corpus, &ex, NULL) == BOLTER_OK) {
        CHECK(c, ex.n > 0 && (ex.bytes[0] & 0xc0) != 0x80, "a block begins with %02x", ex.bytes[0]);
        total += ex.n;
    }
    CHECK(c, total == n, "%zu bytes, want %zu", total, n);
    bolter_corpus_free(corpus);
    bt_release(bytes);
    bt_release(path);
}

static void pieces_too_long_are_left_out(struct check *c)
{
    bt_buf text;
    bt_buf_init(&text, 1 << 16);
    for (size_t i = 0; i < BT_LEARN_MAX + 1; i++)
        bt_buf_append_char(&text, '=');
    bt_buf_append_str(&text, " ab ab");
    char *path = write_file(text.data, text.len);
    struct lesson l = lesson_of("text", path, 300);
    check_learn(c, &l);
    CHECK(c, l.info.n_long == 1 && l.info.n_pieces == 2 && l.info.n_merges == 2,
          "%d long, %d others, %zu merges", (int)l.info.n_long, (int)l.info.n_pieces,
          l.info.n_merges);
    bt_buf_free(&text);
    bt_release(path);
}

/* ---- Memory ------------------------------------------------------------------------------- */

static uint64_t count_of(const bt_tally *t, const char *piece)
{
    size_t n = strlen(piece);
    for (size_t i = 0; i <= t->mask; i++)
        if (t->slot[i].count && t->slot[i].len == n &&
            memcmp(t->bytes.data + t->slot[i].at, piece, n) == 0)
            return t->slot[i].count;
    return 0;
}

static void too_many_pieces_lose_the_rarest(struct check *c)
{
    bt_tally t = {0};
    uint64_t n, count;
    char piece[32];
    for (unsigned i = 1; i <= 100; i++) {
        int len = snprintf(piece, sizeof piece, "a long piece, number %u", i);
        bt_tally_add(&t, (unsigned char *)piece, (size_t)len, 1 + i / 10);
        bt_tally_add(&t, (unsigned char *)piece, (size_t)len, 1);
    }
    CHECK(c, bt_tally_trim(&t, 100, &n, &count) && n == 0 && t.n == 100, "nothing is to go");
    CHECK(c, bt_tally_trim(&t, 99, &n, &count), "memory");
    /* at most 49 may stay; 50 to 59 occur equally often and go together */
    CHECK(c, t.n == 41 && n == 59, "%zu left, %d went", t.n, (int)n);
    CHECK(c, count == 9 * 2 + 10 * (3 + 4 + 5 + 6 + 7), "they had occurred %d times", (int)count);
    CHECK(c, count_of(&t, "a long piece, number 60") == 8 &&
             count_of(&t, "a long piece, number 100") == 12, "the counts of those that stay");
    CHECK(c, count_of(&t, "a long piece, number 59") == 0, "a rare piece is still there");
    bt_tally_free(&t);
}

static void forgotten_pieces_are_reported(struct check *c)
{
    bt_buf text;
    bt_buf_init(&text, 1 << 20);
    for (int i = 0; i < 3000; i++)
        bt_buf_appendf(&text, " w%dx the", i);
    char *path = write_file(text.data, text.len);
    struct lesson l = lesson_of("text", path, 260);
    l.o.max_pieces = 2000;
    check_learn(c, &l);
    /* " w", "x" and " the" occur 3,000 times each; the numbers once */
    CHECK(c, l.info.n_forgotten == 3000 && l.info.n_forgotten_distinct == 3000 &&
             l.info.n_distinct == 3, "%d pieces forgotten, %d left", (int)l.info.n_forgotten,
          (int)l.info.n_distinct);
    bt_buf_free(&text);
    bt_release(path);
}

static void no_memory_is_said_wherever_it_ends(struct check *c)
{
    char *path = write_babble(0, 3, false);
    bolter_status rc = BOLTER_E_NOMEM;
    unsigned long nth = 1;
    for (; rc != BOLTER_OK && nth < 20000; nth++) {
        struct lesson l = lesson_of("jsonl", path, 280);
        l.o.threads = 1;
        bolter_error err = {0};
        bt_mem_fail_from(nth);
        rc = learn(&l, &err);
        bt_mem_fail_from(0);
        CHECK(c, rc == BOLTER_OK || (rc == BOLTER_E_NOMEM && err.text[0]), "allocation %lu: %s: %s",
              nth, bolter_status_name(rc), err.text);
        if (rc != BOLTER_OK && rc != BOLTER_E_NOMEM)
            break;
    }
    CHECK(c, rc == BOLTER_OK && nth > 100, "%lu allocations", nth);
    bt_release(path);
}

/* ---- The directory ------------------------------------------------------------------------ */

static void what_was_learned_encodes_and_decodes(struct check *c)
{
    char *path = write_babble(0, 100, false);
    struct lesson l = lesson_with_end(path, 800);
    check_learn(c, &l);
    bolter_error err = {0};
    bolter_tok *t;
    CHECK(c, bolter_tok_open(&t, l.dir, &err) == BOLTER_OK, "%s", err.text);
    bt_buf text;
    bt_buf_init(&text, 1 << 20);
    babble(&text, 7, 5);
    static int32_t ids[10000];
    static char back[10000];
    size_t n_ids = 0, n = 0;
    int32_t special = 0;
    bolter_tok_encode(t, text.data, text.len, ids, 10000, &n_ids, &err);
    bolter_tok_decode(t, ids, n_ids, back, sizeof back, &n, &err);
    CHECK(c, n == text.len && memcmp(back, text.data, n) == 0 && 2 * n_ids < n,
          "%zu tokens, %zu bytes of %zu", n_ids, n, text.len);
    bolter_tok_decode(t, &special, 1, back, sizeof back, &n, &err);
    CHECK(c, n == 13 && memcmp(back, "<|endoftext|>", 13) == 0, "token 0 is %.*s", (int)n, back);
    bt_buf_free(&text);
    bolter_tok_free(t);
    bt_release(path);
}

static void special_tokens_that_text_could_make_are_refused(struct check *c)
{
    static const char *const bad[] = {"", "the", " the", "!!", "'s", "Ġ!", "\xff-", "字"};
    static const char *const good[] = {"<s>", "[PAD]", "a b", "<|end|>"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        bolter_error err = {0};
        bolter_bpe *b;
        const bolter_bpe_options o = {.n_vocab = 300, .special = &bad[i], .n_special = 1};
        CHECK(c, bolter_bpe_open(&b, &o, &err) == BOLTER_E_ARG && strstr(err.text, "special token"),
              "\"%s\": %s", bad[i], err.text);
    }
    bolter_error err = {0};
    bolter_bpe *b;
    bolter_bpe_options o = {.n_vocab = 261, .special = good, .n_special = 4};
    CHECK(c, bolter_bpe_open(&b, &o, &err) == BOLTER_OK, "%s", err.text);
    bolter_bpe_free(b);
    o.n_vocab = 260;
    CHECK(c, bolter_bpe_open(&b, &o, &err) == BOLTER_E_ARG && strstr(err.text, "261"), "%s",
          err.text);
}

static void a_tokenizer_that_is_there_stays(struct check *c)
{
    char *path = write_babble(0, 10, false);
    bolter_bpe *b;
    const bolter_bpe_options o = {.n_vocab = 300};
    bolter_error err = {0};
    char *dir = new_path(), *vocab = bt_path_join(dir, "vocab.json");
    mkdir(dir, 0700);
    bt_write_file(vocab, "mine", 4, NULL);
    CHECK(c, bolter_bpe_open(&b, &o, &err) == BOLTER_OK && add(b, "jsonl", path, &err) == BOLTER_OK &&
             bolter_bpe_learn(b, &err) == BOLTER_OK, "%s", err.text);
    CHECK(c, bolter_bpe_save(b, dir, &err) == BOLTER_E_MISMATCH && strstr(err.text, "vocab.json"),
          "%s", err.text);
    bt_buf got = read_file(dir, "vocab.json");
    CHECK(c, strcmp(got.data, "mine") == 0, "%s", got.data);
    bt_buf_free(&got);
    bolter_bpe_free(b);
    bt_release(dir);
    bt_release(vocab);
    bt_release(path);
}

int main(void)
{
    static const struct check_case cases[] = {
        CASE(merges_are_those_of_the_public_package),
        CASE(threads_and_the_order_of_texts_make_no_difference),
        CASE(equal_counts_go_to_the_lowest_ids),
        CASE(a_pair_that_is_too_rare_is_not_merged),
        CASE(merges_are_those_of_counting_again),
        CASE(blocks_of_a_long_text_have_its_pieces),
        CASE(a_text_without_blanks_is_cut_between_characters),
        CASE(pieces_too_long_are_left_out),
        CASE(too_many_pieces_lose_the_rarest),
        CASE(forgotten_pieces_are_reported),
        CASE(no_memory_is_said_wherever_it_ends),
        CASE(what_was_learned_encodes_and_decodes),
        CASE(special_tokens_that_text_could_make_are_refused),
        CASE(a_tokenizer_that_is_there_stays),
    };
    return check_main(cases, sizeof cases / sizeof *cases);
}
