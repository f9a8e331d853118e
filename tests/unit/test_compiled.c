/* test_compiled.c - tokenizer.bolter: equal ids, and what is stale, damaged or hostile is ignored. */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/rng.h"
#include "bolter_train.h"
#include "tests/check.h"
#include "tests/unit/tiny.h"
#include "tok/compiled.h"

#define HEADER 64 /* bytes before the tables */
#define MAX_IDS 4096

static const char text[] = "The other one, he said: there they went. h e he\xff" "ehehe <|endoftext|>";

static char *path_in(const char *dir, const char *name)
{
    char *path = bt_path_join(dir, name);
    return path ? path : (abort(), NULL);
}

/* A directory with a small tokenizer. */
static const char *write_tokenizer(const char *name)
{
    bolter_model *m = tiny_classifier(1, 1, name);
    bolter_model_unref(m);
    return tiny_path(name);
}

static bolter_tok *open_tok(struct check *c, const char *dir)
{
    bolter_error err = {0};
    bolter_tok *t = NULL;
    CHECK(c, bolter_tok_open(&t, dir, &err) == BOLTER_OK, "%s: %s", dir, err.text);
    return t;
}

static bool in_use(const char *dir)
{
    bt_map map;
    bt_vocab v;
    bt_merges m;
    bool yes = bt_compiled_open(&map, &v, &m, dir);
    bt_map_close(&map);
    return yes;
}

static void compile(struct check *c, const char *dir)
{
    bolter_error err = {0};
    CHECK(c, bolter_tok_compile(dir, &err) == BOLTER_OK && in_use(dir), "%s: %s", dir, err.text);
}

static size_t encode(const bolter_tok *t, const char *s, size_t n, int32_t ids[MAX_IDS])
{
    size_t n_ids = 0;
    bolter_tok_encode(t, s, n, ids, MAX_IDS, &n_ids, NULL);
    return n_ids;
}

static void check_same(struct check *c, const bolter_tok *a, const bolter_tok *b, const char *s,
                       size_t n)
{
    static int32_t x[MAX_IDS], y[MAX_IDS];
    size_t n_x = encode(a, s, n, x), n_y = encode(b, s, n, y);
    CHECK(c, n_x == n_y && n_x <= MAX_IDS && memcmp(x, y, n_x * sizeof *x) == 0,
          "%zu ids, %zu from the files, of \"%.40s\"", n_x, n_y, s);
}

/* The tokenizer of dir, read from its files, and from a copy that was compiled elsewhere. */
static void compare_all(struct check *c, const char *dir, const char *name)
{
    static const char *const files[] = {"vocab.json", "merges.txt"};
    const char *other = write_tokenizer(name);
    for (size_t i = 0; i < 2; i++) {
        char *from = path_in(dir, files[i]), *to = path_in(other, files[i]);
        bt_buf b;
        bt_buf_init(&b, BT_TOK_FILE_MAX);
        CHECK(c, bt_read_all(&b, from, NULL) == BOLTER_OK && bt_write_file(to, b.data, b.len, NULL) ==
              BOLTER_OK, "%s", from);
        bt_buf_free(&b);
        bt_release(from);
        bt_release(to);
    }
    bolter_tok *plain = open_tok(c, other);
    compile(c, other);
    bolter_tok *mapped = open_tok(c, other);
    CHECK(c, plain && mapped && bolter_tok_vocab(plain) == bolter_tok_vocab(mapped), "vocabularies");
    bt_rng rng = {.seed = 5};
    for (int32_t id = 0; id < bolter_tok_vocab(plain); id++) {
        char a[512], b[512];
        size_t n_a = 0, n_b = 0;
        bolter_tok_decode(plain, &id, 1, a, sizeof a, &n_a, NULL);
        bolter_tok_decode(mapped, &id, 1, b, sizeof b, &n_b, NULL);
        CHECK(c, n_a == n_b && memcmp(a, b, n_a < sizeof a ? n_a : sizeof a) == 0, "token %d", id);
        check_same(c, mapped, plain, a, n_a < sizeof a ? n_a : sizeof a);
    }
    check_same(c, mapped, plain, text, sizeof text - 1);
    for (int round = 0; round < 2000; round++) {
        char s[200];
        size_t n = 1 + bt_rng_below(&rng, sizeof s);
        for (size_t i = 0; i < n; i++)
            s[i] = round % 2 ? (char)bt_rng_below(&rng, 256)
                             : "etaoin shr'"[bt_rng_below(&rng, 11)];
        check_same(c, mapped, plain, s, n);
    }
    bolter_tok_free(plain);
    bolter_tok_free(mapped);
}

static void compiled_tables_give_the_ids_of_the_files(struct check *c)
{
    compare_all(c, write_tokenizer("source"), "small");
    compare_all(c, check_srcdir("models/default"), "default");
}

static void copy_of_other_files_is_ignored(struct check *c)
{
    static const char *const change[][2] = {{"merges.txt", "#version: 0.2\nt h\n"},
                                            {"merges.txt", "#version: 0.2\nh e\n\n"}};
    for (size_t i = 0; i < 2; i++) {
        const char *dir = write_tokenizer("stale");
        compile(c, dir);
        tiny_put(dir, change[i][0], change[i][1]);
        CHECK(c, !in_use(dir), "change %zu: the old copy is used", i);
    }
    const char *dir = write_tokenizer("stale");
    bolter_tok *before = open_tok(c, dir);
    compile(c, dir);
    tiny_put(dir, "merges.txt", "#version: 0.2\n\nh e\n");
    bolter_tok *after = open_tok(c, dir);
    check_same(c, after, before, text, sizeof text - 1);
    bolter_tok_free(before);
    bolter_tok_free(after);
}

static void read_copy(struct check *c, bt_buf *b, const char *dir)
{
    char *path = path_in(dir, "tokenizer.bolter");
    bt_buf_init(b, 1 << 20);
    CHECK(c, bt_read_all(b, path, NULL) == BOLTER_OK && b->len > HEADER, "%s", path);
    bt_release(path);
}

static void write_copy(const char *dir, const void *bytes, size_t n)
{
    char *path = path_in(dir, "tokenizer.bolter");
    if (bt_write_file(path, bytes, n, NULL) != BOLTER_OK)
        abort();
    bt_release(path);
}

static void cut_or_altered_copy_is_ignored(struct check *c)
{
    const char *dir = write_tokenizer("altered");
    bt_buf b;
    compile(c, dir);
    read_copy(c, &b, dir);
    size_t at = 0;
    for (size_t i = 0; i < 300; i++, at = i < HEADER ? i : at + b.len / 250) {
        if (at >= b.len)
            break;
        write_copy(dir, b.data, at);
        CHECK(c, !in_use(dir), "cut at %zu: used", at);
        b.data[at] = (char)(b.data[at] ^ 4);
        write_copy(dir, b.data, b.len);
        CHECK(c, !in_use(dir), "changed at %zu: used", at);
        b.data[at] = (char)(b.data[at] ^ 4);
    }
    write_copy(dir, b.data, b.len);
    CHECK(c, in_use(dir), "unchanged: ignored");
    bt_buf_append_char(&b, 0);
    write_copy(dir, b.data, b.len);
    CHECK(c, !in_use(dir), "a byte too many: used");
    bt_buf_free(&b);
}

/* Put a number at a place, most often near an end of its table, and make the digest right again. */
static void craft(bt_buf *b, bt_rng *rng)
{
    static const uint32_t numbers[] = {0, 1, 255, 256, 257, 258, 1024, 0x7fffffff, 0x80000000, UINT32_MAX};
    size_t n = 1 + bt_rng_below(rng, 4);
    for (size_t i = 0; i < n; i++) {
        bool header = bt_rng_below(rng, 4) == 0;
        size_t at = header ? 12 + 4 * bt_rng_below(rng, 7)
                           : HEADER + 4 * bt_rng_below(rng, (b->len - HEADER) / 4);
        uint32_t number = numbers[bt_rng_below(rng, sizeof numbers / sizeof *numbers)];
        memcpy(b->data + at, &number, sizeof number);
    }
    bt_compiled_seal(b->data, b->len);
}

static void crafted_copy_gives_tokens_of_the_vocabulary_or_is_ignored(struct check *c)
{
    const char *dir = write_tokenizer("crafted");
    bt_buf good, b;
    bt_rng rng = {.seed = 11};
    compile(c, dir);
    read_copy(c, &good, dir);
    size_t used = 0;
    for (int round = 0; round < 1500; round++) {
        bt_buf_init(&b, 1 << 20);
        bt_buf_append(&b, good.data, good.len);
        craft(&b, &rng);
        write_copy(dir, b.data, b.len);
        bt_buf_free(&b);
        used += in_use(dir);
        bolter_tok *t = open_tok(c, dir);
        int32_t ids[MAX_IDS];
        char bytes[512];
        size_t n_bytes, n = t ? encode(t, text, sizeof text - 1, ids) : 0;
        for (size_t i = 0; i < n; i++)
            CHECK(c, bolter_tok_decode(t, &ids[i], 1, bytes, sizeof bytes, &n_bytes, NULL) == BOLTER_OK,
                  "round %d: id %d", round, ids[i]);
        bolter_tok_free(t);
    }
    CHECK(c, used > 100 && used < 1400, "%zu of 1500 were used", used);
    bt_buf_free(&good);
}

/* A table without a free slot would be searched for ever. */
static void table_without_a_free_slot_is_ignored(struct check *c)
{
    const char *dir = write_tokenizer("full");
    bt_buf b;
    compile(c, dir);
    read_copy(c, &b, dir);
    bt_merge full = {.pair = 1, .rank = 0, .id = 256};
    for (size_t i = 0; i < 1024; i++)
        memcpy(b.data + HEADER + (1024 + i) * sizeof full, &full, sizeof full);
    bt_compiled_seal(b.data, b.len);
    write_copy(dir, b.data, b.len);
    CHECK(c, !in_use(dir), "used");
    bt_buf_free(&b);
}

static void saved_model_has_a_copy(struct check *c)
{
    bolter_error err = {0};
    bolter_model *m = tiny_classifier(1, 1, "saved");
    CHECK(c, bolter_model_save(m, tiny_path("again"), &(bolter_save_options){0}, &err) == BOLTER_OK,
          "%s", err.text);
    CHECK(c, in_use(tiny_path("again")), "no copy");
    bolter_model_unref(m);
}

static void failed_allocation_of_compiling_is_NOMEM(struct check *c)
{
    const char *dir = write_tokenizer("memory");
    bolter_status rc = BOLTER_E_NOMEM;
    unsigned long nth = 0;
    while (rc == BOLTER_E_NOMEM && nth < 1000) {
        bolter_error err = {0};
        bt_mem_fail_from(++nth);
        rc = bolter_tok_compile(dir, &err);
        bt_mem_fail_from(0);
        CHECK(c, rc == err.code, "%lu: %s", nth, err.text);
    }
    CHECK(c, rc == BOLTER_OK && nth > 10, "allocation %lu: %s", nth, bolter_status_name(rc));
}

int main(void)
{
    static const struct check_case cases[] = {
        CASE(compiled_tables_give_the_ids_of_the_files),
        CASE(copy_of_other_files_is_ignored),
        CASE(cut_or_altered_copy_is_ignored),
        CASE(crafted_copy_gives_tokens_of_the_vocabulary_or_is_ignored),
        CASE(table_without_a_free_slot_is_ignored),
        CASE(saved_model_has_a_copy),
        CASE(failed_allocation_of_compiling_is_NOMEM),
    };
    return check_main(cases, sizeof cases / sizeof *cases);
}
