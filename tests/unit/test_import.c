/*
 * test_import.c - OpenAI's release and PyTorch's state dicts become model directories with the same
 * weights; what is damaged, cut or hostile is refused.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/crc32c.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/rng.h"
#include "ckpt/foreign.h"
#include "ckpt/model.h"
#include "ckpt/pickle.h"
#include "ckpt/sstable.h"
#include "tests/check.h"
#include "tests/unit/bundle.h"
#include "tests/unit/statedict.h"

#define INDEX "model.ckpt.index"
#define DATA  "model.ckpt.data-00000-of-00001"

/* Paths last: bt_path_join() without the release. */
static const char *path_of(const char *dir, const char *name)
{
    static char slots[8][4096];
    static size_t next;
    char *path = slots[next++ % 8];
    snprintf(path, sizeof slots[0], "%s/%s", dir, name);
    return path;
}

/* Where everything goes; tiny_path() has few slots. */
static const char *imported_dir(void)
{
    static char dir[1200];
    snprintf(dir, sizeof dir, "%s/imported", check_tmpdir());
    return dir;
}

static tiny make(size_t n_label, bool untied)
{
    tiny t;
    bt_config cfg = tiny_config(2, n_label);
    cfg.n_inner = 4 * cfg.n_embd;
    cfg.untied = untied;
    tiny_init(&t, &cfg, 11);
    return t;
}

static tiny make_tiny(size_t n_label)
{
    return make(n_label, false);
}

static bt_buf read_file(const char *path)
{
    bt_buf b;
    bt_buf_init(&b, 1 << 24);
    if (bt_read_all(&b, path, NULL) != BOLTER_OK)
        abort();
    return b;
}

static void write_file(const char *path, const void *bytes, size_t n)
{
    FILE *f = fopen(path, "wb");
    if (!f || (n > 0 && fwrite(bytes, n, 1, f) != 1) || fclose(f) != 0)
        abort();
}

/* The weights of dir are those of t, to this accuracy. */
static void check_weights(struct check *c, const tiny *t, const char *dir, double off)
{
    bolter_error err = {0};
    bolter_model *m;
    if (!CHECK(c, bolter_model_open(&m, dir, &err) == BOLTER_OK, "%s", err.text))
        return;
    CHECK(c, m->params.n == t->params.n && m->cfg.n_head == t->cfg.n_head, "%zu parameters, want %zu",
          m->params.n, t->params.n);
    CHECK(c, m->info.untied == t->cfg.untied, "untied: %d", (int)m->info.untied);
    for (size_t i = 0; i < m->params.n && i < t->params.n; i++) {
        size_t n = bt_param_size(&t->params.row[i]);
        double worst = bt_param_size(&m->params.row[i]) == n ? 0 : INFINITY;
        for (size_t k = 0; k < n && worst <= off; k++)
            worst = fmax(worst, fabs((double)m->w[i][k] - (double)t->w[i][k]));
        CHECK(c, worst <= off, "%s is %g away", t->params.row[i].name, worst);
    }
    bolter_model_unref(m);
}

/* ---- OpenAI's release --------------------------------------------------------------------- */

static const char *write_release(const char *name, size_t entries_a_block)
{
    tiny t = make_tiny(0);
    const char *dir = tiny_path(name);
    release_write(&t, dir, entries_a_block);
    tiny_clear(&t);
    return dir;
}

static bolter_status import_release(const char *dir, bolter_error *err)
{
    *err = (bolter_error){0};
    return bolter_import_openai(dir, imported_dir(), NULL, err);
}

static void crc32c_is_that_of_the_rfc(struct check *c)
{
    unsigned char zeros[32] = {0}, up[32];
    for (size_t i = 0; i < 32; i++)
        up[i] = (unsigned char)i;
    CHECK(c, bt_crc32c(0, "123456789", 9) == 0xe3069283, "%08x", bt_crc32c(0, "123456789", 9));
    CHECK(c, bt_crc32c(0, zeros, 32) == 0x8a9136aa, "%08x", bt_crc32c(0, zeros, 32));
    CHECK(c, bt_crc32c(0, up, 32) == 0x46dd794e, "%08x", bt_crc32c(0, up, 32));
    CHECK(c, bt_crc32c(bt_crc32c(0, up, 7), up + 7, 25) == 0x46dd794e, "in two pieces");
}

static void a_release_becomes_a_model_directory(struct check *c)
{
    tiny t = make_tiny(0);
    for (size_t per_block = 1; per_block < 100; per_block += 40) {
        bolter_error err;
        const char *dir = write_release("release", per_block);
        CHECK(c, import_release(dir, &err) == BOLTER_OK, "%zu a block: %s", per_block, err.text);
        check_weights(c, &t, imported_dir(), 0);
    }
    bolter_model *m;
    CHECK(c, bolter_model_open(&m, imported_dir(), NULL) == BOLTER_OK &&
             bolter_model_tok(m) && m->eos_id == TINY_VOCAB - 1, "tokenizer and end of text");
    CHECK(c, bt_file_exists(path_of(imported_dir(), "tokenizer.bolter")), "compiled");
    bolter_model_unref(m);
    tiny_clear(&t);
}

/* A change to one file of the release, and what is said of it. */
static void refused(struct check *c, const char *dir, bolter_status want, const char *what)
{
    bolter_error err;
    bolter_status rc = import_release(dir, &err);
    CHECK(c, rc == want && strstr(err.text, what), "got %s: %s; want %s: %s", bolter_status_name(rc),
          err.text, bolter_status_name(want), what);
}

static void a_damaged_value_is_found_by_its_checksum(struct check *c)
{
    const char *dir = write_release("damaged", 100);
    bt_buf data = read_file(path_of(dir, DATA));
    data.data[data.len / 2] ^= 1;
    write_file(path_of(dir, DATA), data.data, data.len);
    refused(c, dir, BOLTER_E_FORMAT, "checksum");
    data.data[data.len / 2] ^= 1;
    write_file(path_of(dir, DATA), data.data, data.len - 1);
    refused(c, dir, BOLTER_E_FORMAT, "the data file has");
    bt_buf_free(&data);
}

static void a_release_that_does_not_fit_its_hparams_is_refused(struct check *c)
{
    const char *dir = write_release("hparams", 100);
    tiny_put(dir, "hparams.json", "{\"n_vocab\": 258, \"n_ctx\": 32, \"n_embd\": 12, \"n_head\": 3, "
                                  "\"n_layer\": 3}");
    refused(c, dir, BOLTER_E_FORMAT, "no tensor model/h2/ln_1/g");
    tiny_put(dir, "hparams.json", "{\"n_vocab\": 258, \"n_ctx\": 32, \"n_embd\": 12, \"n_head\": 3, "
                                  "\"n_layer\": 1}");
    refused(c, dir, BOLTER_E_MISMATCH, "of no use");
    tiny_put(dir, "hparams.json", "{\"n_vocab\": 258, \"n_ctx\": 33, \"n_embd\": 12, \"n_head\": 3, "
                                  "\"n_layer\": 2}");
    refused(c, dir, BOLTER_E_MISMATCH, "model/wpe is 32x12, expected 33x12");
    tiny_put(dir, "hparams.json", "{\"n_vocab\": 258, \"n_ctx\": 32, \"n_embd\": 12, \"n_head\": 5, "
                                  "\"n_layer\": 2}");
    refused(c, dir, BOLTER_E_FORMAT, "no multiple");
    tiny_put(dir, "hparams.json", "{}");
    refused(c, dir, BOLTER_E_FORMAT, "hparams.json: expected");
    CHECK(c, !bt_file_exists(path_of(imported_dir(), "model.ckpt.index")), "strange files");
}

static void a_checkpoint_file_names_the_others(struct check *c)
{
    const char *dir = write_release("named", 100);
    bolter_error err;
    tiny_put(dir, "checkpoint", "model_checkpoint_path: \"/home/user/models/model.ckpt\"\n");
    CHECK(c, import_release(dir, &err) == BOLTER_OK, "%s", err.text);
    tiny_put(dir, "checkpoint", "model_checkpoint_path: \"../../other\"\n");
    refused(c, dir, BOLTER_E_IO, "named/other.data");
    tiny_put(dir, "checkpoint", "model.ckpt\n");
    refused(c, dir, BOLTER_E_FORMAT, "checkpoint: expected");
    tiny_put(dir, "checkpoint", "");
    refused(c, dir, BOLTER_E_FORMAT, "checkpoint: expected");
}

/* ---- Hostile tables ----------------------------------------------------------------------- */

static bolter_status count_entry(void *ud, const unsigned char *key, size_t n_key,
                                 const unsigned char *value, size_t n_value, bolter_error *err)
{
    size_t *sum = ud;
    (void)err;
    for (size_t i = 0; i < n_key; i++)
        *sum += key[i];
    for (size_t i = 0; i < n_value; i++)
        *sum += value[i];
    ++*sum;
    return BOLTER_OK;
}

/* Bytes in a block of their own, so that a sanitizer sees what is read beyond them. */
static bolter_status read_table(const bt_buf *b, size_t n, bolter_error *err)
{
    unsigned char *copy = malloc(n ? n : 1);
    size_t sum = 0;
    memcpy(copy, b->data, n);
    *err = (bolter_error){0};
    bolter_status rc = bt_sstable_read(copy, n, "index", count_entry, &sum, err);
    free(copy);
    return rc;
}

static void a_cut_index_is_refused_wherever_it_ends(struct check *c)
{
    bt_buf index = read_file(path_of(write_release("cut", 9), INDEX));
    bolter_error err;
    CHECK(c, read_table(&index, index.len, &err) == BOLTER_OK, "%s", err.text);
    for (size_t n = 0; n < index.len; n++)
        CHECK(c, read_table(&index, n, &err) != BOLTER_OK && err.text[0], "%zu of %zu bytes", n,
              index.len);
    bt_buf_free(&index);
}

/* Behind the blocks, and the block of metadata, which is empty and not read: nothing to find. */
static void a_changed_byte_of_an_index_is_found(struct check *c)
{
    bt_buf index = read_file(path_of(write_release("bits", 9), INDEX));
    bolter_error err;
    size_t unseen = 0;
    for (size_t i = 0; i < index.len; i++)
        for (int bit = 0; bit < 8; bit++) {
            index.data[i] = (char)(index.data[i] ^ 1 << bit);
            unseen += read_table(&index, index.len, &err) == BOLTER_OK;
            index.data[i] = (char)(index.data[i] ^ 1 << bit);
        }
    CHECK(c, unseen <= 8 * 64, "%zu changes were not seen", unseen);
    bt_buf_free(&index);
}

/* A table of one entry with this key and value. */
static void table_of(struct table *t, const char *key, const char *value, size_t n)
{
    bt_buf b;
    bt_buf_init(&b, 1024);
    bt_buf_append(&b, value, n);
    table_begin(t, 100);
    table_add(t, key, &b);
    table_end(t);
    bt_buf_free(&b);
}

static void compressed_blocks_are_named(struct check *c)
{
    struct table t;
    bolter_error err;
    table_of(&t, "a", "b", 1);
    /* entry (5), restart and number (8), then the byte of the method; the checksum follows */
    t.file.data[13] = 1;
    uint32_t crc = bt_crc32c(0, t.file.data, 14), masked = (crc >> 15 | crc << 17) + 0xa282ead8u;
    for (int i = 0; i < 4; i++)
        t.file.data[14 + i] = (char)(masked >> 8 * i);
    CHECK(c, read_table(&t.file, t.file.len, &err) == BOLTER_E_VERSION &&
             strstr(err.text, "byte 0: a block compressed by method 1"), "%s", err.text);
    table_clear(&t);
}

/* What an entry of the index says is checked, with valid checksums all around. */
static void entries_that_cannot_be_are_refused(struct check *c)
{
    static const struct {
        const char *key, *value, *want;
        size_t n;
    } cases[] = {
        {"", "\x08\x02", "2 shards", 2},
        {"", "\x08\x01\x10\x01", "byte order 1", 4},
        {"", "\x08", "no message", 1},
        {"a", "\x0a\xff\xff\xff\xff\x0f", "no message", 6},
        {"a", "\x08\x01\x28\x04", "no header", 4},
        {"a", "\x08\x01\x20\x7f\x28\x7f", "the data file has", 6},
        {"a", "\x08\x01\x12\x0b\x12\x09\x08\xff\xff\xff\xff\xff\xff\xff\x7f",
         "its shape needs another number", 15},
        {"a", "\x08\x01\x12\x02\x18\x01", "no message", 6},
        {"a", "\x08\x01\x3a\x00", "several pieces", 4},
        {"a", "\x08\x01\x18\x01", "several pieces", 4},
        {"a b", "\x08\x01", "printable", 2},
        {"a", "\x08\x01\x28\x03", "its shape needs another number", 4},
    };
    const char *dir = write_release("entries", 100);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct table t;
        table_of(&t, cases[i].key, cases[i].value, cases[i].n);
        write_file(path_of(dir, INDEX), t.file.data, t.file.len);
        write_file(path_of(dir, DATA), "1234", 4);
        bolter_error err;
        bolter_status rc = import_release(dir, &err);
        CHECK(c, rc != BOLTER_OK && strstr(err.text, cases[i].want), "case %zu: %s, want %s", i,
              err.text, cases[i].want);
        table_clear(&t);
    }
}

/* ---- State dicts -------------------------------------------------------------------------- */

static const char *write_state(const char *name, const tiny *t, enum statedict kind)
{
    const char *dir = tiny_path(name);
    statedict_write(t, dir, kind);
    return dir;
}

static bolter_status import_state(const char *dir, bolter_error *err)
{
    const bolter_import_options o = {.n_head = 3};
    *err = (bolter_error){0};
    return bolter_import_torch(dir, imported_dir(), &o, err);
}

static void state_dicts_become_model_directories(struct check *c)
{
    static const struct {
        const char *name;
        enum statedict kind;
        size_t n_label;
        bool untied;
        double off;
    } cases[] = {{"hf", STATE_HUGGING_FACE, 0, false, 0},
                 {"hf-head", STATE_HUGGING_FACE, 2, false, 0},
                 {"hf-untied", STATE_HUGGING_FACE, 0, true, 0},
                 {"half", STATE_HALF, 0, false, 2e-3},
                 {"half-untied", STATE_HALF, 0, true, 2e-3},
                 {"book", STATE_BOOK, 0, false, 0},
                 {"book-untied", STATE_BOOK, 0, true, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tiny t = make(cases[i].n_label, cases[i].untied);
        bolter_error err;
        const char *dir = write_state(cases[i].name, &t, cases[i].kind);
        CHECK(c, import_state(dir, &err) == BOLTER_OK, "%s: %s", cases[i].name, err.text);
        check_weights(c, &t, imported_dir(), cases[i].off);
        tiny_clear(&t);
    }
}

/* The head's bias is in the final norm's: logits tell. */
static void a_classifier_of_the_book_keeps_its_logits(struct check *c)
{
    tiny t = make_tiny(2);
    bolter_error err;
    const int32_t ids[] = {5, 17, 200, 3};
    const bolter_seq seq = {.ids = ids, .n = 4};
    float plain[2] = {0}, got[2] = {0};
    bolter_model *m = tiny_model(&t, "without-bias"), *imported = NULL;
    bolter_session *s = NULL, *r = NULL;
    CHECK(c, import_state(write_state("book-head", &t, STATE_BOOK_HEAD), &err) == BOLTER_OK, "%s",
          err.text);
    CHECK(c, bolter_model_open(&imported, imported_dir(), &err) == BOLTER_OK &&
             bolter_session_open(&s, m, 1, 0, &err) == BOLTER_OK &&
             bolter_session_open(&r, imported, 1, 0, &err) == BOLTER_OK &&
             bolter_session_logits(s, &seq, 1, plain, &err) == BOLTER_OK &&
             bolter_session_logits(r, &seq, 1, got, &err) == BOLTER_OK, "%s", err.text);
    CHECK(c, fabsf(got[0] - plain[0] - 0.5f) < 1e-4f && fabsf(got[1] - plain[1] + 0.25f) < 1e-4f,
          "%g and %g, without bias %g and %g", (double)got[0], (double)got[1], (double)plain[0],
          (double)plain[1]);
    const char *label = bolter_model_label(imported, 1);
    CHECK(c, label && strcmp(label, "spam") == 0, "label 1 is %s", label ? label : "none");
    bolter_session_free(s);
    bolter_session_free(r);
    bolter_model_unref(m);
    bolter_model_unref(imported);
    tiny_clear(&t);
}

static void labels_and_padding_are_as_given(struct check *c)
{
    static const char *const names[] = {"no", "yes"};
    tiny t = make_tiny(2);
    bolter_error err = {0};
    bolter_model *tokenizer = tiny_model(&t, "tokenizer"), *m = NULL;
    bolter_import_options o = {.n_head = 3, .label = names, .n_label = 2, .pad_to = 20,
                               .tokenizer = tiny_path("tokenizer")};
    const char *dir = write_state("labelled", &t, STATE_BOOK_HEAD);
    CHECK(c, bolter_import_torch(dir, tiny_path("padded"), &o, &err) == BOLTER_OK &&
             bolter_model_open(&m, tiny_path("padded"), &err) == BOLTER_OK, "%s", err.text);
    int32_t ids[32];
    size_t n = 0;
    CHECK(c, bolter_model_encode(m, "hey", 3, ids, &n, NULL, &err) == BOLTER_OK && n == 20 &&
             ids[19] == TINY_VOCAB - 1, "%zu tokens: %s", n, err.text);
    CHECK(c, strcmp(bolter_model_label(m, 1), "yes") == 0, "label 1");
    o.n_label = 1;
    CHECK(c, bolter_import_torch(dir, tiny_path("padded"), &o, &err) == BOLTER_E_MISMATCH &&
             strstr(err.text, "1 labels for a head of 2"), "%s", err.text);
    bolter_model_unref(m);
    bolter_model_unref(tokenizer);
    tiny_clear(&t);
}

static void heads_that_are_not_told_follow_from_the_width(struct check *c)
{
    tiny t = make_tiny(0);
    bolter_error err = {0};
    CHECK(c, bolter_import_torch(write_state("heads", &t, STATE_BOOK), imported_dir(), NULL,
                                 &err) == BOLTER_E_ARG && strstr(err.text, "how many heads"), "%s",
          err.text);
    tiny_clear(&t);
}

/* ---- State dicts that are refused --------------------------------------------------------- */

static void check_state(struct check *c, const char *dir, bolter_status want, const char *what)
{
    bolter_error err;
    bolter_status rc = import_state(dir, &err);
    CHECK(c, rc == want && strstr(err.text, what), "got %s: %s; want %s: %s", bolter_status_name(rc),
          err.text, bolter_status_name(want), what);
}

/* The path of the storage that was written last, the output layer's. */
static const char *last_storage(const char *dir)
{
    char name[32];
    int n = 0;
    do
        snprintf(name, sizeof name, "data/%d", ++n);
    while (bt_file_exists(path_of(dir, name)));
    snprintf(name, sizeof name, "data/%d", n - 1);
    return path_of(dir, name);
}

static void one_bit_makes_an_output_layer_of_its_own(struct check *c)
{
    static const enum statedict kinds[] = {STATE_HUGGING_FACE, STATE_BOOK};
    for (size_t i = 0; i < 2; i++) {
        tiny tied = make_tiny(0), t = make(0, true);
        const char *dir = write_state("bit", &tied, kinds[i]);
        const char *path = last_storage(dir);
        size_t n = bt_param_size(&tied.params.row[BT_WTE]);
        bt_buf b = read_file(path);
        bolter_error err;
        b.data[0] ^= 1;
        write_file(path, b.data, b.len);
        CHECK(c, b.len == n * sizeof(float) && import_state(dir, &err) == BOLTER_OK, "%s", err.text);
        memcpy(t.block, tied.block, tied.params.n_values * sizeof *t.block);
        memcpy(t.w[bt_vocabulary_index(&t.cfg)], b.data, b.len);
        check_weights(c, &t, imported_dir(), 0);
        bt_buf_free(&b);
        tiny_clear(&tied);
        tiny_clear(&t);
    }
}

static void an_output_layer_that_does_not_fit_is_refused(struct check *c)
{
    tiny t = make(0, true);
    const char *dir = write_state("cut", &t, STATE_BOOK);
    const char *path = last_storage(dir);
    bt_buf b = read_file(path);
    const float nan = NAN;
    write_file(path, b.data, b.len - 1);
    check_state(c, dir, BOLTER_E_FORMAT, "expected 3096 values");
    memcpy(b.data, &nan, sizeof nan);
    write_file(path, b.data, b.len);
    check_state(c, dir, BOLTER_E_NUMERIC, "out_head.weight");
    bt_buf_free(&b);
    tiny_clear(&t);
}

/* The output layer that is written has a row, or a column, less than the embedding. */
static void an_output_layer_of_another_shape_is_refused(struct check *c)
{
    static const struct {
        size_t rows, cols;
        const char *type;
    } cases[] = {{TINY_VOCAB - 1, 12, "FloatStorage"}, {TINY_VOCAB, 11, "FloatStorage"},
                 {0, 12, "FloatStorage"}, {12, TINY_VOCAB, "FloatStorage"},
                 {TINY_VOCAB, 12, "LongStorage"}};
    tiny t = make(0, true);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct pickle_writer w;
        const char *dir = tiny_path("shape");
        size_t head = bt_vocabulary_index(&t.cfg);
        pickle_begin(&w, dir);
        for (size_t k = 0; k < head; k++) {
            const bt_param *p = &t.params.row[k];
            pickle_tensor(&w, p->name, "FloatStorage", t.w[k], p->matrix ? p->rows : 0, p->cols);
        }
        pickle_tensor(&w, "lm_head.weight", cases[i].type, t.w[head], cases[i].rows, cases[i].cols);
        pickle_end(&w);
        check_state(c, dir, BOLTER_E_MISMATCH, "lm_head.weight");
    }
    tiny_clear(&t);
}

/* A directory with the pickle of these bytes. */
static void put_pickle(const char *dir, const void *bytes, size_t n)
{
    write_file(path_of(dir, "data.pkl"), bytes, n);
}

static void calls_of_anything_else_are_refused_and_not_run(struct check *c)
{
    static const struct {
        const char *bytes, *want;
    } cases[] = {
        {"\x80\x02" "cposix\nsystem\n.", "byte 2: it uses posix.system"},
        {"\x80\x02" "c__builtin__\neval\n.", "it uses __builtin__.eval"},
        {"\x80\x02" "cos\n\x1b[2J\n.", "it uses os.?[2J"},
        {"\x80\x02" "X\x02", "ends outside"},
        {"\x80\x02)R.", "nothing on the stack"},
        {"\x80\x02}}R.", "a call of what is no function"},
        {"\x80\x02(i.", "the instruction 0x69"},
        {"\x80\x04}.", "protocol 2"},
        {"\x80\x02h\x01.", "not remembered"},
        {"\x80\x02}(]]us.", "nothing on the stack"},
        {"\x80\x02(t}b.", "attributes of what is no dictionary"},
        {"\x80\x02]]]s.", "no dictionary for these items"},
        {"\x80\x02]]]u.", "no mark"},
        {"\x80\x02(].", "one value at the end"},
        {"\x80\x02].", "no dictionary"},
        {"\x80\x02}.", "no GPT-2"},
        {"\x80\x02", "ends outside"},
        {"PK", "no pickle"},
        {"", "ends outside"},
    };
    tiny t = make_tiny(0);
    const char *dir = write_state("evil", &t, STATE_BOOK);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bolter_error err;
        put_pickle(dir, cases[i].bytes, strlen(cases[i].bytes));
        CHECK(c, import_state(dir, &err) != BOLTER_OK && strstr(err.text, cases[i].want),
              "case %zu: %s, want %s", i, err.text, cases[i].want);
    }
    tiny_clear(&t);
}

/* Change what a text of the pickle is followed by, or is. */
static void replace(const char *dir, const char *what, const char *by)
{
    bt_buf b = read_file(path_of(dir, "data.pkl"));
    size_t n = strlen(what), i = 0;
    while (i + n <= b.len && memcmp(b.data + i, what, n) != 0)
        i++;
    if (i + n > b.len || strlen(by) != n)
        abort();
    memcpy(b.data + i, by, n);
    put_pickle(dir, b.data, b.len);
    bt_buf_free(&b);
}

static void tensors_that_cannot_be_are_refused(struct check *c)
{
    static const struct {
        const char *what, *by, *want;
    } cases[] = {
        {"torch\nFloatStorage", "torch\nDoubleStorag", "torch.DoubleStorag"},
        {"pos_emb.weight", "tok_emb.weight", "is there twice"},
        {"pos_emb.weight", "pos emb.weight", "printable"},
        {"pos_emb.weight", "pos_emb.weighs", "no tensor pos_emb.weight"},
        {"norm2.scale", "norm9.scale", "no tensor trf_blocks.0.norm2.scale"},
        {"att.mask", "att.mark", "of no use"},
        {"W_key.weight", "W_kex.weight", "no tensor trf_blocks.0.att.W_key.weight"},
        {"storage", "storagf", "expected a storage"},
    };
    tiny t = make_tiny(0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *dir = write_state("strange", &t, STATE_BOOK);
        bolter_error err;
        replace(dir, cases[i].what, cases[i].by);
        CHECK(c, import_state(dir, &err) != BOLTER_OK && strstr(err.text, cases[i].want),
              "case %zu: %s, want %s", i, err.text, cases[i].want);
    }
    tiny_clear(&t);
}

/* A tensor with this storage key; count, offset, sizes and strides are instructions, @ a NUL. */
static void keys_and_places_stay_within_the_files(struct check *c)
{
    static const struct {
        const char *key, *rest, *want;
    } cases[] = {
        {"../0", "K\x04tQK\x01K\x04\x85K\x01\x85", "expected a storage"},
        {"00", "K\x04tQK\x01K\x04\x85K\x01\x85", "expected a storage"},
        {"7", "K\x04tQK\x01K\x04\x85K\x01\x85", "data/7"},
        {"0", "K\x05tQK\x01K\x04\x85K\x01\x85", "expected 5 values"},
        {"0", "K\x04tQK\x01K\x04\x85K\x01\x85", "outside its storage"},
        {"0", "K\x04tQK\x01K\x02\x85K\x03\x85", "outside its storage"},
        {"0", "K\x04tQK\x01K\x09\x85K@\x85", "outside its storage"},
        {"0", "K\x04tQJ\xff\xff\xff\xffK\x04\x85K\x01\x85", "expected an offset"},
        {"0", "K\x04tQK\x01K\x04\x85K\x01K\x01\x86", "expected an offset"},
        {"0", "K\x04tQK\x01(K\x01K\x01K\x01K\x01K\x01tK\x01\x85", "expected an offset"},
        {"0", "K\x04tQK\x01J\xff\xff\xff\x7fJ\xff\xff\xff\x7fJ\xff\xff\xff\x7f\x87J\xff\xff\xff\x7f"
              "J\xff\xff\xff\x7fJ\xff\xff\xff\x7f\x87", "expected an offset"},
        {"0", "J\xff\xff\xff\xfftQK\x01K\x04\x85K\x01\x85", "expected a storage"},
    };
    const char *dir = tiny_path("places");
    struct pickle_writer w;
    const float four[4] = {0};
    pickle_begin(&w, dir);
    pickle_tensor(&w, "a", "FloatStorage", four, 0, 4);
    pickle_end(&w);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bolter_error err;
        bt_buf_init(&w.bytes, 1024);
        bt_buf_append_str(&w.bytes, "\x80\x02}");
        pickle_text(&w, "a");
        bt_buf_append_str(&w.bytes, "ctorch._utils\n_rebuild_tensor_v2\n((");
        pickle_text(&w, "storage");
        bt_buf_append_str(&w.bytes, "ctorch\nFloatStorage\n");
        pickle_text(&w, cases[i].key);
        pickle_text(&w, "cpu");
        bt_buf_append_str(&w.bytes, cases[i].rest);
        for (char *at = w.bytes.data; (at = memchr(at, '@', w.bytes.len - (size_t)(at - w.bytes.data)));)
            *at = 0;
        bt_buf_append_str(&w.bytes, "tRs.");
        put_pickle(dir, w.bytes.data, w.bytes.len);
        CHECK(c, import_state(dir, &err) != BOLTER_OK && strstr(err.text, cases[i].want),
              "case %zu: %s, want %s", i, err.text, cases[i].want);
        bt_buf_free(&w.bytes);
    }
}

/* Bytes in a block of their own, so that a sanitizer sees what is read beyond them. */
static bolter_status read_pickle(const bt_buf *b, size_t n, bolter_error *err)
{
    unsigned char *copy = malloc(n ? n : 1);
    bt_pickle p;
    memcpy(copy, b->data, n);
    *err = (bolter_error){0};
    bolter_status rc = bt_pickle_read(&p, copy, n, "data.pkl", err);
    if (rc == BOLTER_OK)
        bt_pickle_free(&p);
    free(copy);
    return rc;
}

static void a_cut_pickle_is_refused_wherever_it_ends(struct check *c)
{
    tiny t = make_tiny(0);
    bt_buf b = read_file(path_of(write_state("cut-pickle", &t, STATE_BOOK), "data.pkl"));
    bolter_error err;
    CHECK(c, read_pickle(&b, b.len, &err) == BOLTER_OK, "%s", err.text);
    for (size_t n = 0; n < b.len; n++)
        CHECK(c, read_pickle(&b, n, &err) != BOLTER_OK && err.text[0], "%zu of %zu bytes", n, b.len);
    bt_buf_free(&b);
    tiny_clear(&t);
}

/* Any change gives a model or a message; what it must not give is a crash. */
static void a_changed_byte_of_a_pickle_does_no_harm(struct check *c)
{
    tiny t = make_tiny(0);
    const char *dir = write_state("bits-pickle", &t, STATE_HUGGING_FACE);
    bt_buf b = read_file(path_of(dir, "data.pkl"));
    bt_rng r = {.seed = 3};
    for (size_t i = 0; i < b.len; i++) {
        char was = b.data[i];
        bt_foreign_set set;
        bolter_error err = {0};
        b.data[i] = (char)bt_rng_below(&r, 256);
        read_pickle(&b, b.len, &err);
        if (i % 16 == 0) {
            put_pickle(dir, b.data, b.len);
            err = (bolter_error){0};
            bolter_status rc = bt_state_open(&set, dir, &err);
            CHECK(c, rc == BOLTER_OK || err.text[0], "byte %zu: no message", i);
            bt_foreign_clear(&set);
        }
        b.data[i] = was;
    }
    bt_buf_free(&b);
    tiny_clear(&t);
}

static void no_memory_is_said_wherever_it_ends(struct check *c)
{
    tiny t = make_tiny(2);
    const char *states = write_state("memory", &t, STATE_BOOK_HEAD);
    const char *release = write_release("memory-too", 9);
    for (int which = 0; which < 2; which++) {
        bolter_status rc = BOLTER_E_NOMEM;
        unsigned long nth = 1;
        for (; rc != BOLTER_OK && nth < 10000; nth += nth < 60 ? 1 : 7) {
            bolter_error err;
            bt_mem_fail_from(nth);
            rc = which ? import_state(states, &err) : import_release(release, &err);
            bt_mem_fail_from(0);
            if (!CHECK(c, rc == BOLTER_OK || (rc == BOLTER_E_NOMEM && err.text[0]),
                       "%d: allocation %lu: %s: %s", which, nth, bolter_status_name(rc), err.text))
                break;
        }
        CHECK(c, nth > 40, "%lu allocations", nth);
    }
    tiny_clear(&t);
}

int main(void)
{
    static const struct check_case cases[] = {
        CASE(crc32c_is_that_of_the_rfc),
        CASE(a_release_becomes_a_model_directory),
        CASE(a_damaged_value_is_found_by_its_checksum),
        CASE(a_release_that_does_not_fit_its_hparams_is_refused),
        CASE(a_checkpoint_file_names_the_others),
        CASE(a_cut_index_is_refused_wherever_it_ends),
        CASE(a_changed_byte_of_an_index_is_found),
        CASE(compressed_blocks_are_named),
        CASE(entries_that_cannot_be_are_refused),
        CASE(state_dicts_become_model_directories),
        CASE(a_classifier_of_the_book_keeps_its_logits),
        CASE(labels_and_padding_are_as_given),
        CASE(heads_that_are_not_told_follow_from_the_width),
        CASE(one_bit_makes_an_output_layer_of_its_own),
        CASE(an_output_layer_that_does_not_fit_is_refused),
        CASE(an_output_layer_of_another_shape_is_refused),
        CASE(calls_of_anything_else_are_refused_and_not_run),
        CASE(tensors_that_cannot_be_are_refused),
        CASE(keys_and_places_stay_within_the_files),
        CASE(a_cut_pickle_is_refused_wherever_it_ends),
        CASE(a_changed_byte_of_a_pickle_does_no_harm),
        CASE(no_memory_is_said_wherever_it_ends),
    };
    return check_main(cases, sizeof cases / sizeof *cases);
}
