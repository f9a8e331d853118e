/* test_tok.c - splitting, merging, round trips, hostile files, ids of the reference tokenizers. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <glib.h>
#include <jansson.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/parallel.h"
#include "base/rng.h"
#include "bolter.h"
#include "tests/check.h"
#include "tok/bpe.h"
#include "tok/pretok.h"

/* ---- A tiny vocabulary -------------------------------------------------------------------- */

/* Ids 0..255 are the bytes themselves; the rest have these names in turn. */
static const char *const tiny_tokens[] = {
    "lo",       "low",   "\u0120low", "er", "\u0120t", "he",  "\u0120the", "aa",      "aaaa",
    "aaaaaaaa", "lower", "'s",        "ab", "ba",      "aba", "bab",       "<|end|>", "of the",
};
static const char tiny_merges[] = "#version: 0.2\nl o\nlo w\n\u0120 low\ne r\n\n\u0120 t\nh e\r\n"
                                  "\u0120t he\na a\naa aa\naaaa aaaa\n' s\na b\nb a\nab a\nba b\n";

/* A byte as its character in the alphabet, fit for JSON. */
static void append_byte(bt_buf *b, unsigned byte)
{
    unsigned point = byte;
    if (byte <= 0x20)
        point = 0x100 + byte;
    else if (byte >= 0x7f && byte <= 0xa0)
        point = 0x121 + byte - 0x7f;
    else if (byte == 0xad)
        point = 0x143;
    if (byte == '"' || byte == '\\')
        bt_buf_append_char(b, '\\');
    char utf8[8];
    bt_buf_append(b, utf8, (size_t)g_unichar_to_utf8(point, utf8));
}

/* "name": id of all bytes but skip, in JSON. */
static void append_bytes(bt_buf *b, int skip)
{
    for (int byte = 0; byte < 256; byte++) {
        if (byte == skip)
            continue;
        bt_buf_append_str(b, b->len > 1 ? ", \"" : "\"");
        append_byte(b, (unsigned)byte);
        bt_buf_appendf(b, "\": %d", byte);
    }
}

static const char *write_files(const char *vocab, size_t n_vocab, const char *merges)
{
    static char dir[512];
    char path[1024];
    snprintf(dir, sizeof dir, "%s", check_tmpdir());
    snprintf(path, sizeof path, "%s/vocab.json", dir);
    bt_write_file(path, vocab, n_vocab, NULL);
    snprintf(path, sizeof path, "%s/merges.txt", dir);
    bt_write_file(path, merges, strlen(merges), NULL);
    return dir;
}

static const char *write_tiny(void)
{
    bt_buf b;
    bt_buf_init(&b, 1 << 20);
    bt_buf_append_char(&b, '{');
    append_bytes(&b, -1);
    for (size_t i = 0; i < sizeof tiny_tokens / sizeof *tiny_tokens; i++)
        bt_buf_appendf(&b, ", \"%s\": %zu", tiny_tokens[i], 256 + i);
    bt_buf_append_char(&b, '}');
    const char *dir = write_files(b.data, b.len, tiny_merges);
    bt_buf_free(&b);
    return dir;
}

static bolter_tok *open_tok(struct check *c, const char *dir)
{
    bolter_error err = {0};
    bolter_tok *t;
    bolter_status rc = bolter_tok_open(&t, dir, &err);
    CHECK(c, rc == BOLTER_OK && t, "%s", err.text);
    return t;
}

/* Encode text and compare its tokens, joined by '|', with want. */
static void check_tokens(struct check *c, const bolter_tok *t, const char *text, const char *want)
{
    int32_t ids[256];
    size_t n = 0;
    bt_buf got;
    bt_buf_init(&got, 4096);
    bt_buf_append_str(&got, "");
    bolter_tok_encode(t, text, strlen(text), ids, 256, &n, NULL);
    for (size_t i = 0; i < n && i < 256; i++) {
        char token[64];
        size_t len = 0;
        bolter_tok_decode(t, ids + i, 1, token, sizeof token, &len, NULL);
        bt_buf_append_str(&got, i ? "|" : "");
        bt_buf_append(&got, token, len);
    }
    CHECK(c, strcmp(got.data, want) == 0, "%s: got %s, want %s", text, got.data, want);
    bt_buf_free(&got);
}

/* ---- Splitting ---------------------------------------------------------------------------- */

static void check_pieces(struct check *c, const char *text, const char *want)
{
    bt_charclass classes;
    bt_charclass_init(&classes);
    size_t n = strlen(text);
    bt_buf got;
    bt_buf_init(&got, 4096);
    for (size_t pos = 0, end; pos < n; pos = end) {
        end = bt_pretok_end(&classes, (const unsigned char *)text, n, pos);
        bt_buf_append_str(&got, pos ? "|" : "");
        bt_buf_append(&got, text + pos, end - pos);
    }
    CHECK(c, strcmp(got.data, want) == 0, "%s: got %s, want %s", text, got.data, want);
    bt_buf_free(&got);
}

static void contractions_are_pieces_of_their_own(struct check *c)
{
    check_pieces(c, "it's don't we're I've I'm I'll he'd",
                 "it|'s| don|'t| we|'re| I|'ve| I|'m| I|'ll| he|'d");
    check_pieces(c, "'sun 'sun ''s x'S o'l o'r' '", "'s|un| '|sun| ''|s| x|'|S| o|'|l| o|'|r|'| '");
    check_pieces(c, "a'", "a|'");
    check_pieces(c, "a'l", "a|'|l");
}

static void one_space_joins_the_run_that_follows(struct check *c)
{
    check_pieces(c, "Win $1000 now!! ok2go", "Win| $|1000| now|!!| ok|2|go");
    check_pieces(c, " x", " x");
    check_pieces(c, "\tx\n1\r.", "\t|x|\n|1|\r|.");
}

static void white_space_leaves_its_last_character_over(struct check *c)
{
    check_pieces(c, "a   b", "a|  | b");
    check_pieces(c, "a\n\n\nb", "a|\n\n|\n|b");
    check_pieces(c, "a \n b \t", "a| \n| b| \t");
    check_pieces(c, "   ", "   ");
    check_pieces(c, "a\u3000\u2003b", "a|\u3000|\u2003|b");
}

static void white_space_is_the_unicode_property(struct check *c)
{
    static const char *const spaces[] = {"\t",     "\v",     "\f",     "\r",     "\xc2\x85",
                                         "\u00a0", "\u1680", "\u2000", "\u200a", "\u2028",
                                         "\u2029", "\u202f", "\u205f", "\u3000"};
    static const char *const others[] = {"\x1c", "\x1f", "\u180e", "\u200b", "\u2060", "\ufeff"};
    char text[32], want[32];
    for (size_t i = 0; i < sizeof spaces / sizeof *spaces; i++) {
        snprintf(text, sizeof text, "%s.", spaces[i]);
        snprintf(want, sizeof want, "%s|.", spaces[i]);
        check_pieces(c, text, want);
    }
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        snprintf(text, sizeof text, " %s.", others[i]);
        check_pieces(c, text, text);
    }
}

static void letters_and_numbers_of_any_script_form_runs(struct check *c)
{
    check_pieces(c, "Привет мир, naïve x²½Ⅷ٣", "Привет| мир|,| naïve| x|²½Ⅷ٣");
    check_pieces(c, "日本語123です。", "日本語|123|です|。");
    check_pieces(c, "e\u0301t 👍🏽ok", "e|\u0301|t| 👍🏽|ok");
}

static void invalid_bytes_split_as_the_replacement_character_would(struct check *c)
{
    check_pieces(c,
                 "a\xff"
                 "b",
                 "a|\xff|b");
    check_pieces(c, "a \xc0\x80\xed\xa0\x80.\xf5\x80 b", "a| \xc0\x80\xed\xa0\x80.\xf5\x80| b");
    check_pieces(c, "\xe2\x82", "\xe2\x82");
    check_pieces(c, "\xe2\x82z\xc3\xa9", "\xe2\x82|z\xc3\xa9");
    check_pieces(c, "\xf4\x90\x80\x80\xf0\x80\x80\x80z", "\xf4\x90\x80\x80\xf0\x80\x80\x80|z");
    check_pieces(c, "\xe0\x9f\xbf\xc1\xbf\x80z", "\xe0\x9f\xbf\xc1\xbf\x80|z");
}

static enum bt_class glib_class(gunichar point)
{
    GUnicodeType type = g_unichar_type(point);
    if (type >= G_UNICODE_LOWERCASE_LETTER && type <= G_UNICODE_UPPERCASE_LETTER)
        return BT_LETTER;
    if (type >= G_UNICODE_DECIMAL_NUMBER && type <= G_UNICODE_OTHER_NUMBER)
        return BT_NUMBER;
    return BT_OTHER;
}

/* GLib's Unicode may be older than the table (points it calls unassigned), but not otherwise
 * different. */
static void classes_are_those_of_unicode_16(struct check *c)
{
    bt_charclass classes;
    bt_charclass_init(&classes);
    size_t count[4] = {0};
    for (gunichar p = 0; p <= 0x10ffff; p++) {
        enum bt_class class = bt_class_of(&classes, p);
        count[class]++;
        if (class == BT_LETTER || class == BT_NUMBER)
            CHECK(c, g_unichar_type(p) == G_UNICODE_UNASSIGNED || glib_class(p) == class,
                  "U+%04X: got %d, GLib says %d", p, class, glib_class(p));
    }
    CHECK(c, count[BT_LETTER] == 141028, "%zu letters", count[BT_LETTER]);
    CHECK(c, count[BT_NUMBER] == 1911, "%zu numbers", count[BT_NUMBER]);
    CHECK(c, count[BT_SPACE] == 25, "%zu white space", count[BT_SPACE]);
}

/* ---- Merging ------------------------------------------------------------------------------ */

static void lower_ranks_merge_first_and_equal_ones_from_the_left(struct check *c)
{
    bolter_tok *t = open_tok(c, write_tiny());
    if (!t)
        return;
    check_tokens(c, t, "low lowers", "low| low|er|s");
    check_tokens(c, t, "the then", "t|he| the|n");
    check_tokens(c, t, "aaa", "aa|a");
    check_tokens(c, t, "aaaaaaaaaaaaa", "aaaaaaaa|aaaa|a");
    check_tokens(c, t, "babab", "b|ab|ab");
    check_tokens(c, t, "low's", "low|'s");
    check_tokens(c, t, "", "");
    bolter_tok_free(t);
}

static void token_that_merges_cannot_make_is_only_decoded(struct check *c)
{
    bolter_tok *t = open_tok(c, write_tiny());
    if (!t)
        return;
    check_tokens(c, t, "lower", "low|er");
    check_tokens(c, t, "<|end|>", "<|||e|n|d|||>");
    int32_t vocab = bolter_tok_vocab(t), special[2] = {vocab - 2, vocab - 1};
    char bytes[64] = "";
    size_t n = 0;
    bolter_tok_decode(t, special, 2, bytes, sizeof bytes, &n, NULL);
    CHECK(c, n == 13 && memcmp(bytes, "<|end|>of the", 13) == 0, "got %.*s", (int)n, bytes);
    bolter_tok_free(t);
}

/* The definition, without any cleverness: the lowest rank, the leftmost place, n times. */
static size_t merge_naively(const bt_merges *m, int32_t *ids, size_t n)
{
    for (;;) {
        const bt_merge *best = NULL;
        size_t place = 0;
        for (size_t i = 0; i + 1 < n; i++) {
            const bt_merge *rule = bt_merges_find(m, ids[i], ids[i + 1]);
            if (rule->rank != BT_NO_RANK && (!best || rule->rank < best->rank)) {
                best = rule;
                place = i;
            }
        }
        if (!best)
            return n;
        ids[place] = best->id;
        memmove(ids + place + 1, ids + place + 2, (n - place - 2) * sizeof *ids);
        n--;
    }
}

static bool open_parts(struct check *c, bt_vocab *v, bt_merges *m)
{
    bt_alphabet a;
    bt_alphabet_init(&a);
    char path[1024];
    bolter_error err = {0};
    const char *dir = write_tiny();
    snprintf(path, sizeof path, "%s/vocab.json", dir);
    bool ok = bt_vocab_open(v, path, &a, &err) == BOLTER_OK;
    snprintf(path, sizeof path, "%s/merges.txt", dir);
    ok = ok && bt_merges_open(m, path, v, &a, &err) == BOLTER_OK;
    return CHECK(c, ok, "%s", err.text);
}

static void short_and_long_pieces_merge_as_defined(struct check *c)
{
    bt_vocab v = {0};
    bt_merges m = {0};
    bt_bpe_work work = {0};
    bt_rng rng = {.seed = 7};
    for (int round = open_parts(c, &v, &m) ? 0 : 3000; round < 3000; round++) {
        int32_t want[200], got[200];
        size_t n = 1 + bt_rng_below(&rng, round % 2 ? 200 : 20), n_got = n;
        for (size_t i = 0; i < n; i++)
            want[i] = got[i] = "aaabblowerthe"[bt_rng_below(&rng, round % 3 ? 13 : 5)];
        size_t n_want = merge_naively(&m, want, n);
        CHECK(c, bt_bpe_merge(&m, got, &n_got, &work), "no memory");
        CHECK(c, n_got == n_want && memcmp(got, want, n_want * sizeof *got) == 0,
              "round %d: %zu bytes gave %zu tokens, want %zu", round, n, n_got, n_want);
    }
    bt_bpe_work_free(&work);
    bt_merges_free(&m);
    bt_vocab_free(&v);
}

static void megabyte_without_a_space_takes_little_time(struct check *c)
{
    size_t n = 1 << 20, n_ids = 0;
    bolter_tok *t = open_tok(c, write_tiny());
    char *text = bt_alloc(n);
    if (!t || !text)
        return;
    static const char *const patterns[] = {"a", "x", "ab", "aab", "lower"};
    static const size_t want[] = {1 << 17, 1 << 20, 1 << 19, 699050, 419431};
    clock_t start = clock();
    for (size_t p = 0; p < 5; p++) {
        for (size_t i = 0; i < n; i++)
            text[i] = patterns[p][i % strlen(patterns[p])];
        bolter_tok_encode(t, text, n, NULL, 0, &n_ids, NULL);
        CHECK(c, n_ids == want[p], "%s: got %zu, want %zu", patterns[p], n_ids, want[p]);
    }
    double seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
    CHECK(c, seconds < 10, "five of them took %.1f s", seconds);
    bt_release(text);
    bolter_tok_free(t);
}

/* ---- Calls -------------------------------------------------------------------------------- */

/* Encode, decode, compare; the ids are left in ids. False when something differs. */
static bool round_trips(const bolter_tok *t, const char *text, size_t n, int32_t *ids, size_t cap,
                        size_t *n_ids)
{
    char *back = bt_alloc(n);
    size_t n_back = 0;
    bool ok = back && bolter_tok_encode(t, text, n, ids, cap, n_ids, NULL) == BOLTER_OK &&
              *n_ids <= cap &&
              bolter_tok_decode(t, ids, *n_ids, back, n, &n_back, NULL) == BOLTER_OK &&
              n_back == n && (n == 0 || memcmp(back, text, n) == 0);
    bt_release(back);
    return ok;
}

static void any_bytes_round_trip(struct check *c)
{
    bolter_tok *t = open_tok(c, write_tiny());
    bt_rng rng = {.seed = 3};
    char text[300];
    int32_t ids[300];
    for (int round = 0; t && round < 5000; round++) {
        size_t n = bt_rng_below(&rng, sizeof text + 1), n_ids;
        for (size_t i = 0; i < n; i++) {
            uint64_t r = bt_rng_u64(&rng);
            text[i] = round % 3 == 0 ? (char)r : "lowerthe a's\xe2\x80\xa8\xff"[r % 17];
        }
        CHECK(c, round_trips(t, text, n, ids, 300, &n_ids), "round %d of %zu bytes", round, n);
    }
    bolter_tok_free(t);
}

static void room_too_short_gives_the_first_ids_and_the_full_count(struct check *c)
{
    bolter_tok *t = open_tok(c, write_tiny());
    if (!t)
        return;
    const char *text = "low lower the x";
    int32_t all[32], some[32];
    size_t n = 0, again = 0;
    bolter_tok_encode(t, text, strlen(text), all, 32, &n, NULL);
    for (size_t cap = 0; cap <= n; cap++) {
        memset(some, -1, sizeof some);
        bolter_tok_encode(t, text, strlen(text), cap ? some : NULL, cap, &again, NULL);
        CHECK(c, again == n && memcmp(some, all, cap * sizeof *all) == 0 && some[cap] == -1,
              "room for %zu: count %zu, want %zu", cap, again, n);
    }
    char bytes[8] = "........";
    bolter_tok_decode(t, all, n, bytes, 5, &again, NULL);
    CHECK(c, again == strlen(text) && memcmp(bytes, "low l...", 8) == 0, "got %.8s", bytes);
    bolter_tok_decode(t, all, n, NULL, 0, &again, NULL);
    CHECK(c, again == strlen(text), "got %zu", again);
    bolter_tok_free(t);
}

static void unknown_id_is_ARG(struct check *c)
{
    bolter_tok *t = open_tok(c, write_tiny());
    if (!t)
        return;
    const int32_t wrong[] = {-1, bolter_tok_vocab(t), INT32_MIN, INT32_MAX};
    for (size_t i = 0; i < 4; i++) {
        bolter_error err = {0};
        size_t n = 99;
        bolter_status rc = bolter_tok_decode(t, wrong + i, 1, NULL, 0, &n, &err);
        CHECK(c, rc == BOLTER_E_ARG && n == 99, "id %d: %d %s", wrong[i], rc, err.text);
    }
    bolter_tok_free(t);
}

struct shared_use {
    const bolter_tok *t;
    char text[4000];
    int32_t want[4000];
    size_t n_want;
    bool wrong[4];
};

static void encode_often(void *arg, size_t thread)
{
    struct shared_use *u = arg;
    int32_t ids[4000];
    for (int round = 0; round < 100; round++) {
        size_t n = 0;
        bool ok = round_trips(u->t, u->text, sizeof u->text, ids, 4000, &n);
        if (!ok || n != u->n_want || memcmp(ids, u->want, n * sizeof *ids) != 0)
            u->wrong[thread] = true;
    }
}

static void threads_share_a_tokenizer(struct check *c)
{
    static struct shared_use u;
    bolter_tok *t = open_tok(c, write_tiny());
    if (!t)
        return;
    u.t = t;
    for (size_t i = 0; i < sizeof u.text; i++)
        u.text[i] = i < 2000 ? 'a' : "lowers the 's ab"[i % 16];
    bolter_tok_encode(t, u.text, sizeof u.text, u.want, 4000, &u.n_want, NULL);
    bt_parallel(4, encode_often, &u);
    for (size_t i = 0; i < 4; i++)
        CHECK(c, !u.wrong[i], "thread %zu got other ids", i);
    bolter_tok_free(t);
}

/* ---- Hostile files ------------------------------------------------------------------------ */

/* Expect open to fail with a message about one line that contains the words. */
static void check_refused(struct check *c, const char *dir, bolter_status want, const char *words)
{
    bolter_error err = {0};
    bolter_tok *t = NULL;
    bolter_status rc = bolter_tok_open(&t, dir, &err);
    CHECK(c, rc == want && !t && strstr(err.text, words), "got %s \"%s\", want %s \"%s\"",
          bolter_status_name(rc), err.text, bolter_status_name(want), words);
    bolter_tok_free(t);
}

/* A vocabulary of the 256 bytes (without skip) and some more JSON. */
static const char *write_bytes_and(const char *more, int skip, const char *merges)
{
    bt_buf b;
    bt_buf_init(&b, 1 << 20);
    bt_buf_append_char(&b, '{');
    append_bytes(&b, skip);
    bt_buf_append_str(&b, more);
    bt_buf_append_char(&b, '}');
    const char *dir = write_files(b.data, b.len, merges);
    bt_buf_free(&b);
    return dir;
}

static void malformed_vocabulary_is_refused(struct check *c)
{
    static const struct {
        const char *text, *words;
    } whole[] = {
        {"", "vocab.json:1: "},
        {"[1, 2]", "vocab.json: expected an object"},
        {"{}", "vocab.json: 0 tokens"},
        {"{\"a\": 0", "vocab.json:1: "},
        {"\xff", "vocab.json:"},
        {"{\"a\": 0, \"a\": 1}", "duplicate object key"},
        {"7", "vocab.json:"},
        {"{\"a\": 99999999999999999999}", "vocab.json:1: "},
        {"{\"a\": 0}", "vocab.json: no token for the byte 0x00"},
    };
    for (size_t i = 0; i < sizeof whole / sizeof *whole; i++)
        check_refused(c, write_files(whole[i].text, strlen(whole[i].text), "a b\n"),
                      BOLTER_E_FORMAT, whole[i].words);
    static const struct {
        const char *more, *words;
    } ids[] = {
        {", \"aa\": 257", "\"aa\": expected an id from 0 to 256, found another number"},
        {", \"aa\": -1", "\"aa\": expected an id"},
        {", \"aa\": 10000001", "\"aa\": expected an id"},
        {", \"aa\": 4294967296", "\"aa\": expected an id"},
        {", \"aa\": 97", "tokens \"a\" and \"aa\" share id 97"},
        {", \"aa\": 256.0", "found no integer"},
        {", \"aa\": \"256\"", "found no integer"},
        {", \"a\\u0000a\": 256", "vocab.json:"},
    };
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++)
        check_refused(c, write_bytes_and(ids[i].more, -1, "a a\n"), BOLTER_E_FORMAT, ids[i].words);
    check_refused(c, write_bytes_and(", \"aa\": 200", 200, "a a\n"), BOLTER_E_FORMAT,
                  "vocab.json: no token for the byte 0xc8");
}

static void malformed_merges_are_refused_with_their_line(struct check *c)
{
    static const struct {
        const char *text, *words;
    } merges[] = {
        {"", "merges.txt: expected merges, found none"},
        {"#version: 0.2\n\r\n\n", "merges.txt: expected merges, found none"},
        {"#version: 0.2\na a\naa\n", "merges.txt:3: expected two tokens"},
        {"a a\n\na zz\n", "merges.txt:3: the right token is not in vocab.json"},
        {"zz a", "merges.txt:1: the left token is not in vocab.json"},
        {"a b\n", "merges.txt:1: the merged token is not in vocab.json"},
        {"a a\na a\n", "merges.txt:2: the same pair a second time"},
        {" a\n", "merges.txt:1: the left token"},
        {"a \n", "merges.txt:1: the right token"},
        {"a a a\n", "merges.txt:1: a character outside the alphabet"},
        {"a a\n#version: 0.2\n", "merges.txt:2: the left token"},
        {"\xff a\n", "merges.txt:1: a character outside the alphabet"},
        {"a \u2014\n", "merges.txt:1: a character outside the alphabet"},
    };
    for (size_t i = 0; i < sizeof merges / sizeof *merges; i++)
        check_refused(c, write_bytes_and(", \"aa\": 256, \"\": 257", -1, merges[i].text),
                      BOLTER_E_FORMAT, merges[i].words);
}

/* An 8-byte word whose place in an index of 4,096 slots is that of every other i's. */
static void colliding_word(uint64_t i, unsigned char word[8])
{
    uint64_t golden = 0x9e3779b97f4a7c15u, inverse = golden;
    for (int step = 0; step < 6; step++)
        inverse *= 2 - golden * inverse;
    uint64_t hash = i << 32 | (i & 0xfff);
    uint64_t key = hash * inverse ^ (uint64_t)8 << 56;
    uint32_t low = (uint32_t)key, high = (uint32_t)(key >> 32);
    memcpy(word, &low, 4);
    memcpy(word + 4, &high, 4);
}

static void names_crafted_to_collide_are_refused(struct check *c)
{
    bt_buf more;
    bt_buf_init(&more, 1 << 20);
    for (unsigned i = 0; i < 1100; i++) {
        unsigned char word[8];
        colliding_word(i, word);
        bt_buf_append_str(&more, ", \"");
        for (size_t k = 0; k < 8; k++)
            append_byte(&more, word[k]);
        bt_buf_appendf(&more, "\": %u", 256 + i);
    }
    check_refused(c, write_bytes_and(more.data, -1, "a a\n"), BOLTER_E_FORMAT,
                  "vocab.json: more than 1024 tokens collide");
    bt_buf_free(&more);
}

static void absent_or_huge_file_is_refused(struct check *c)
{
    char path[1024];
    const char *dir = write_tiny();
    check_refused(c, "/nonexistent", BOLTER_E_IO, "/nonexistent/vocab.json");
    static const char *const names[] = {"merges.txt", "vocab.json"};
    for (size_t i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%s/%s", dir, names[i]);
        unlink(path);
        check_refused(c, dir, BOLTER_E_IO, names[i]);
        bt_write_file(path, "x", 1, NULL);
        CHECK(c, truncate(path, (off_t)BT_TOK_FILE_MAX + 1) == 0, "truncate");
        check_refused(c, dir, BOLTER_E_LIMIT, names[i]);
        dir = write_tiny();
    }
}

/* ---- Memory runs out ---------------------------------------------------------------------- */

static void failed_allocation_of_open_is_NOMEM(struct check *c)
{
    const char *dir = write_tiny();
    bolter_status rc = BOLTER_E_NOMEM;
    unsigned long nth = 0;
    while (rc == BOLTER_E_NOMEM && nth < 1000) {
        bolter_error err = {0};
        bolter_tok *t = NULL;
        bt_mem_fail_from(++nth);
        rc = bolter_tok_open(&t, dir, &err);
        bt_mem_fail_from(0);
        CHECK(c, rc == err.code && (rc == BOLTER_OK) == (t != NULL), "%lu: %s", nth, err.text);
        bolter_tok_free(t);
    }
    CHECK(c, rc == BOLTER_OK && nth > 10, "allocation %lu: %s", nth, bolter_status_name(rc));
}

static void failed_allocation_of_encode_is_NOMEM(struct check *c)
{
    bolter_tok *t = open_tok(c, write_tiny());
    char text[1000];
    memset(text, 'a', sizeof text);
    bolter_status rc = BOLTER_E_NOMEM;
    unsigned long nth = 0;
    while (t && rc == BOLTER_E_NOMEM && nth < 100) {
        size_t n = 99;
        bt_mem_fail_from(++nth);
        rc = bolter_tok_encode(t, text, sizeof text, NULL, 0, &n, NULL);
        bt_mem_fail_from(0);
        CHECK(c, rc == BOLTER_OK ? n == 125 : n == 99, "allocation %lu left %zu", nth, n);
    }
    CHECK(c, rc == BOLTER_OK && nth == 4, "allocation %lu: %s", nth, bolter_status_name(rc));
    bt_mem_fail_from(1);
    size_t n = 0;
    rc = t ? bolter_tok_encode(t, "lowers the word", 15, NULL, 0, &n, NULL) : BOLTER_E_ARG;
    bt_mem_fail_from(0);
    CHECK(c, rc == BOLTER_OK, "short pieces need memory");
    bolter_tok_free(t);
}

/* ---- Reference ids ------------------------------------------------------------------------ */

/* Compare the ids of one {"text": ..., "ids": [...]}, and decode them. */
static bool same_ids(const bolter_tok *t, json_t *example)
{
    json_t *text = json_object_get(example, "text"), *want = json_object_get(example, "ids");
    size_t n = json_string_length(text), n_ids = 0;
    int32_t *ids = bt_alloc_array(n, sizeof *ids);
    bool ok = ids && text && want && round_trips(t, json_string_value(text), n, ids, n, &n_ids) &&
              n_ids == json_array_size(want);
    for (size_t i = 0; ok && i < n_ids; i++)
        ok = json_integer_value(json_array_get(want, i)) == ids[i];
    bt_release(ids);
    return ok;
}

static void check_example(struct check *c, const bolter_tok *t, json_t *example, size_t i)
{
    const char *text = json_string_value(json_object_get(example, "text"));
    CHECK(c, same_ids(t, example), "text %zu: %.60s", i, text ? text : "not there");
}

static void ids_of_gpt2_are_those_of_the_reference(struct check *c)
{
    const char *dir = getenv("BOLTER_GPT2_VOCAB");
    const char *path = check_shared(c, "golden/gpt2-tokens.jsonl");
    if (!path)
        return;
    if (!dir || !*dir) {
        check_skip(c, "BOLTER_GPT2_VOCAB is not set, see tests/fetch-gpt2-vocab");
        return;
    }
    bolter_tok *t = open_tok(c, dir);
    FILE *f = fopen(path, "r");
    char *line = NULL;
    size_t cap = 0, count = 0;
    ssize_t n;
    while (t && f && (n = getline(&line, &cap, f)) > 0) {
        json_t *example = json_loadb(line, (size_t)n, JSON_ALLOW_NUL, NULL);
        check_example(c, t, example, count++);
        json_decref(example);
    }
    CHECK(c, count == 1717, "read %zu texts", count);
    free(line);
    if (f)
        fclose(f);
    bolter_tok_free(t);
}

static void ids_of_a_trained_vocabulary_are_those_of_the_reference(struct check *c)
{
    const char *path = check_shared(c, "golden/foundation.json");
    const char *dir = path ? check_shared(c, "models/foundation") : NULL;
    if (!dir)
        return;
    bolter_tok *t = open_tok(c, dir);
    json_t *all = json_load_file(path, JSON_ALLOW_NUL, NULL),
           *texts = json_object_get(all, "texts");
    CHECK(c, json_array_size(texts) == 400, "read %zu texts", json_array_size(texts));
    for (size_t i = 0; t && i < json_array_size(texts); i++)
        check_example(c, t, json_array_get(texts, i), i);
    json_decref(all);
    bolter_tok_free(t);
}

int main(void)
{
    static const struct check_case cases[] = {
        CASE(contractions_are_pieces_of_their_own),
        CASE(one_space_joins_the_run_that_follows),
        CASE(white_space_leaves_its_last_character_over),
        CASE(white_space_is_the_unicode_property),
        CASE(letters_and_numbers_of_any_script_form_runs),
        CASE(invalid_bytes_split_as_the_replacement_character_would),
        CASE(classes_are_those_of_unicode_16),
        CASE(lower_ranks_merge_first_and_equal_ones_from_the_left),
        CASE(token_that_merges_cannot_make_is_only_decoded),
        CASE(short_and_long_pieces_merge_as_defined),
        CASE(megabyte_without_a_space_takes_little_time),
        CASE(any_bytes_round_trip),
        CASE(room_too_short_gives_the_first_ids_and_the_full_count),
        CASE(unknown_id_is_ARG),
        CASE(threads_share_a_tokenizer),
        CASE(malformed_vocabulary_is_refused),
        CASE(malformed_merges_are_refused_with_their_line),
        CASE(names_crafted_to_collide_are_refused),
        CASE(absent_or_huge_file_is_refused),
        CASE(failed_allocation_of_open_is_NOMEM),
        CASE(failed_allocation_of_encode_is_NOMEM),
        CASE(ids_of_gpt2_are_those_of_the_reference),
        CASE(ids_of_a_trained_vocabulary_are_those_of_the_reference),
    };
    return check_main(cases, sizeof cases / sizeof *cases);
}
