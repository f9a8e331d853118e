/*
 * test_ckpt.c - model directories as they should not be: broken safetensors, configurations, cards and
 * vocabularies are refused with one line that names the file and what is wrong in it.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "bolter_train.h"
#include "ckpt/safetensors.h"
#include "tests/check.h"
#include "tests/unit/tiny.h"

/* The call failed as it should, in one line that holds these words. */
static void refused(struct check *c, const char *what, bolter_status got, bolter_status want,
                    const bolter_error *err, const char *file, const char *word)
{
    CHECK(c, got == want, "%s: status %s, want %s (%s)", what, bolter_status_name(got),
          bolter_status_name(want), err->text);
    if (got == BOLTER_OK)
        return;
    CHECK(c, strstr(err->text, file), "%s: \"%s\" does not name %s", what, err->text, file);
    CHECK(c, strstr(err->text, word), "%s: \"%s\" does not say \"%s\"", what, err->text, word);
    CHECK(c, !strchr(err->text, '\n'), "%s: two lines", what);
}

/* ---- safetensors ---- */

/* Write a file: header length n_header (SIZE_MAX: as it is), header, n_data zero bytes. */
static const char *write_raw(const char *header, size_t n_header, size_t n_data)
{
    bolter_error err = {0};
    bt_buf b;
    bt_buf_init(&b, 1 << 20);
    const char *path = tiny_path("raw.safetensors");
    uint64_t n = n_header == SIZE_MAX ? strlen(header) : n_header;
    bool ok = true;
    for (size_t i = 0; i < 8; i++)
        ok = ok && bt_buf_append_char(&b, (char)(unsigned char)(n >> (8 * i)));
    ok = ok && bt_buf_append_str(&b, header);
    for (size_t i = 0; i < n_data; i++)
        ok = ok && bt_buf_append_char(&b, 0);
    if (!ok || bt_write_file(path, b.data, b.len, &err) != BOLTER_OK)
        abort();
    bt_buf_free(&b);
    return path;
}

#define ENTRY(dtype, shape, offsets)                                                                 \
    "{\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":" offsets "}"
#define ONE(entry) "{\"a\":" entry "}"

static const struct {
    const char *what, *header;
    size_t n_header, n_data; /* n_header SIZE_MAX: the truth */
    bool good;
    const char *word;
} raws[] = {
    {"one tensor", ONE(ENTRY("F32", "[2,3]", "[0,24]")), SIZE_MAX, 24, true, ""},
    {"no tensor", "{}", SIZE_MAX, 0, true, ""},
    {"metadata", "{\"__metadata__\":{\"format\":\"pt\"}}", SIZE_MAX, 0, true, ""},
    {"a scalar", ONE(ENTRY("F32", "[]", "[0,4]")), SIZE_MAX, 4, true, ""},
    {"an empty tensor", ONE(ENTRY("F16", "[0,7]", "[0,0]")), SIZE_MAX, 0, true, ""},
    {"two tensors against their order",
     "{\"b\":" ENTRY("F32", "[1]", "[2,6]") ",\"a\":" ENTRY("BF16", "[1]", "[0,2]") "}", SIZE_MAX, 6,
     true, ""},
    {"length beyond the file", "{}", 3, 0, false, "header of 3 bytes"},
    {"length of 2^64 - 1", "{}", SIZE_MAX - 1, 0, false, "header of 18446744073709551614"},
    {"length of a terabyte", "{}", (size_t)1 << 40, 0, false, "header of"},
    {"length of nothing", "{}", 0, 0, false, "header"},
    {"length inside the header", "{\"a\":1}", 4, 0, false, "header"},
    {"no JSON", "hello", SIZE_MAX, 0, false, "header"},
    {"an array", "[1]", SIZE_MAX, 0, false, "not an object"},
    {"an entry that is a number", "{\"a\":7}", SIZE_MAX, 0, false, "a: "},
    {"unknown dtype", ONE(ENTRY("F64", "[1]", "[0,8]")), SIZE_MAX, 8, false, "dtype"},
    {"dtype in small letters", ONE(ENTRY("f32", "[1]", "[0,4]")), SIZE_MAX, 4, false, "dtype"},
    {"no dtype", "{\"a\":{\"shape\":[1],\"data_offsets\":[0,4]}}", SIZE_MAX, 4, false, "dtype"},
    {"no shape", "{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,4]}}", SIZE_MAX, 4, false, "shape"},
    {"no offsets", "{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}", SIZE_MAX, 4, false, "data_offsets"},
    {"negative size", ONE(ENTRY("F32", "[-1]", "[0,4]")), SIZE_MAX, 4, false, "shape"},
    {"fraction of a size", ONE(ENTRY("F32", "[1.0]", "[0,4]")), SIZE_MAX, 4, false, "shape"},
    {"five dimensions", ONE(ENTRY("F32", "[1,1,1,1,1]", "[0,4]")), SIZE_MAX, 4, false, "shape"},
    {"a product that overflows",
     ONE(ENTRY("F32", "[4294967296,4294967296,4294967296]", "[0,0]")), SIZE_MAX, 0, false, "shape"},
    {"a product that wraps to the bytes",
     ONE(ENTRY("F32", "[4611686018427387904,4]", "[0,0]")), SIZE_MAX, 0, false, "shape"},
    {"bytes that overflow", ONE(ENTRY("F32", "[4611686018427387905]", "[0,4]")), SIZE_MAX, 4, false,
     "shape"},
    {"a number past 64 bits", ONE(ENTRY("F32", "[99999999999999999999]", "[0,4]")), SIZE_MAX, 4, false,
     "header"},
    {"negative offset", ONE(ENTRY("F32", "[1]", "[-4,0]")), SIZE_MAX, 4, false, "data_offsets"},
    {"offsets backwards", ONE(ENTRY("F32", "[1]", "[4,0]")), SIZE_MAX, 4, false, "data_offsets"},
    {"offset beyond the data", ONE(ENTRY("F32", "[1]", "[0,4]")), SIZE_MAX, 3, false, "data_offsets"},
    {"three offsets", ONE(ENTRY("F32", "[1]", "[0,4,8]")), SIZE_MAX, 8, false, "data_offsets"},
    {"fewer bytes than the shape", ONE(ENTRY("F32", "[2]", "[0,4]")), SIZE_MAX, 4, false, "shape"},
    {"more bytes than the shape", ONE(ENTRY("F32", "[1]", "[0,8]")), SIZE_MAX, 8, false, "shape"},
    {"bytes after the last tensor", ONE(ENTRY("F32", "[1]", "[0,4]")), SIZE_MAX, 5, false,
     "belong to no tensor"},
    {"a gap before the first", ONE(ENTRY("F32", "[1]", "[4,8]")), SIZE_MAX, 8, false, "expected 0"},
    {"a gap",
     "{\"a\":" ENTRY("F32", "[1]", "[0,4]") ",\"b\":" ENTRY("F32", "[1]", "[8,12]") "}", SIZE_MAX, 12,
     false, "expected 4"},
    {"overlap",
     "{\"a\":" ENTRY("F32", "[2]", "[0,8]") ",\"b\":" ENTRY("F32", "[2]", "[4,12]") "}", SIZE_MAX, 12,
     false, "expected 8"},
    {"two tensors in one place",
     "{\"a\":" ENTRY("F32", "[1]", "[0,4]") ",\"b\":" ENTRY("F32", "[1]", "[0,4]") "}", SIZE_MAX, 4,
     false, "expected 4"},
    {"a name twice",
     "{\"a\":" ENTRY("F32", "[1]", "[0,4]") ",\"a\":" ENTRY("F32", "[1]", "[4,8]") "}", SIZE_MAX, 8,
     false, "uplicate"},
    {"a name with a newline",
     "{\"a\\nb\":" ENTRY("X", "[1]", "[0,4]") "}", SIZE_MAX, 4, false, "a?b"},
    {"a name with a NUL", "{\"a\\u0000b\":" ENTRY("F32", "[1]", "[0,4]") "}", SIZE_MAX, 4, false,
     "header"},
};

static void broken_safetensors_are_refused(struct check *c)
{
    for (size_t i = 0; i < sizeof raws / sizeof *raws; i++) {
        bt_safetensors st;
        bolter_error err = {0};
        const char *path = write_raw(raws[i].header, raws[i].n_header, raws[i].n_data);
        bolter_status rc = bt_safetensors_open(&st, path, &err);
        if (raws[i].good)
            CHECK(c, rc == BOLTER_OK, "%s: %s", raws[i].what, err.text);
        else
            refused(c, raws[i].what, rc, BOLTER_E_FORMAT, &err, "raw.safetensors", raws[i].word);
        bt_safetensors_close(&st);
    }
}

static void a_header_nested_a_million_deep_is_refused(struct check *c)
{
    enum { DEEP = 1000000 };
    char *header = bt_alloc(DEEP + 1);
    memset(header, '[', DEEP);
    bt_safetensors st;
    bolter_error err = {0};
    bolter_status rc = bt_safetensors_open(&st, write_raw(header, SIZE_MAX, 0), &err);
    refused(c, "deep", rc, BOLTER_E_FORMAT, &err, "raw.safetensors", "header");
    bt_release(header);
}

static void a_file_cut_anywhere_is_refused(struct check *c)
{
    bolter_model *m = tiny_classifier(1, 1, "cut");
    bt_buf whole;
    bt_buf_init(&whole, 1 << 20);
    bolter_model_unref(m);
    if (bt_read_all(&whole, tiny_path("cut/model.safetensors"), NULL) != BOLTER_OK)
        abort();
    for (size_t n = 0; n < whole.len; n += n < 300 ? 1 : 977) {
        bolter_error err = {0};
        char what[40];
        snprintf(what, sizeof what, "cut after %zu bytes", n);
        bt_write_file(tiny_path("cut/model.safetensors"), whole.data, n, NULL);
        bolter_status rc = bolter_model_open(&m, tiny_path("cut"), &err);
        refused(c, what, rc, BOLTER_E_FORMAT, &err, "cut/model.safetensors", "");
        CHECK(c, !m, "%s: a model all the same", what);
    }
    bt_buf_free(&whole);
}

/* ---- Tensors of a model ---- */

/* Open a model after change; it is refused with these words. */
static void model_refused(struct check *c, const char *what, void (*change)(tiny *t),
                          bolter_status want, const char *word)
{
    tiny t;
    bt_config cfg = tiny_config(1, 2);
    bolter_model *m;
    bolter_error err = {0};
    tiny_init(&t, &cfg, 2);
    change(&t);
    tiny_write(&t, tiny_path("bad"));
    bolter_status rc = bolter_model_open(&m, tiny_path("bad"), &err);
    refused(c, what, rc, want, &err, "bad/model.safetensors", word);
    bolter_model_unref(m);
    tiny_clear(&t);
}

static void put_nan(tiny *t)
{
    tiny_values(t, "h.0.mlp.c_fc.weight", NULL)[5] = NAN;
}

static void put_infinity(tiny *t)
{
    tiny_values(t, "ln_f.bias", NULL)[11] = -INFINITY;
}

static void rename_tensor(tiny *t)
{
    t->params.row[bt_params_find(&t->params, "h.0.ln_2.bias")].name[0] = 'x';
}

static void shorten_vector(tiny *t)
{
    t->params.row[bt_params_find(&t->params, "h.0.ln_1.weight")].cols = 6;
}

static void transpose_linear(tiny *t)
{
    bt_param *p = &t->params.row[bt_params_find(&t->params, "h.0.mlp.c_fc.weight")];
    size_t rows = p->rows;
    p->rows = p->cols;
    p->cols = rows;
}

static void head_of_one(tiny *t)
{
    bt_param *p = &t->params.row[bt_params_find(&t->params, "score.weight")];
    p->rows = 1;
}

static void tensors_that_do_not_fit_are_refused(struct check *c)
{
    model_refused(c, "NaN", put_nan, BOLTER_E_NUMERIC, "h.0.mlp.c_fc.weight: value 5");
    model_refused(c, "infinity", put_infinity, BOLTER_E_NUMERIC, "ln_f.bias: value 11");
    model_refused(c, "missing", rename_tensor, BOLTER_E_FORMAT, "h.0.ln_2.bias is missing");
    model_refused(c, "a short vector", shorten_vector, BOLTER_E_MISMATCH, "h.0.ln_1.weight");
    model_refused(c, "transposed", transpose_linear, BOLTER_E_MISMATCH, "h.0.mlp.c_fc.weight");
    model_refused(c, "a head of one label", head_of_one, BOLTER_E_FORMAT, "score.weight");
}

static void int8_without_its_scale_is_refused(struct check *c)
{
    bolter_model *m = tiny_classifier(1, 3, "q8");
    bolter_error err = {0};
    bolter_save_options o = {.dtype = "int8"};
    bt_buf b;
    bt_buf_init(&b, 1 << 20);
    CHECK(c, bolter_model_save(m, tiny_path("q8out"), &o, &err) == BOLTER_OK, "%s", err.text);
    bolter_model_unref(m);
    const char *path = tiny_path("q8out/model.safetensors");
    if (bt_read_all(&b, path, NULL) != BOLTER_OK)
        abort();
    char *scale = memmem(b.data, b.len, "c_attn.weight_scale", 19);
    if (CHECK(c, scale, "no scale in the file")) {
        scale[18] = 'x';
        bt_write_file(path, b.data, b.len, NULL);
        bolter_status rc = bolter_model_open(&m, tiny_path("q8out"), &err);
        refused(c, "I8", rc, BOLTER_E_FORMAT, &err, "q8out/model.safetensors", "c_attn.weight");
    }
    bt_buf_free(&b);
}

static void names_without_their_prefix_are_found(struct check *c)
{
    tiny t;
    bt_config cfg = tiny_config(1, 2);
    tiny_init(&t, &cfg, 4);
    t.bare_names = true;
    bolter_model *m = tiny_model(&t, "bare");
    CHECK(c, bolter_model_info_of(m)->n_label == 2, "no head found");
    bolter_model_unref(m);
    tiny_clear(&t);
}

static void a_model_of_width_1_and_one_position_opens(struct check *c)
{
    tiny t;
    bolter_error err = {0};
    bolter_model *m;
    bt_config cfg = {.n_ctx = 1, .n_vocab = TINY_VOCAB, .n_embd = 1, .n_layer = 1, .n_head = 1,
                     .n_inner = 1, .n_label = 2, .eps = 1e-5f};
    tiny_init(&t, &cfg, 5);
    tiny_write(&t, tiny_path("one"));
    CHECK(c, bolter_model_open(&m, tiny_path("one"), &err) == BOLTER_OK, "%s", err.text);
    bolter_model_unref(m);
    tiny_clear(&t);
}

/* ---- config.json ---- */

#define CONFIG_WITH(field)                                                                           \
    "{\"model_type\": \"gpt2\", \"n_positions\": 32, \"vocab_size\": 258, \"n_embd\": 12, "          \
    "\"n_layer\": 1, \"n_inner\": 20, " field "}"

static const struct {
    const char *what, *text;
    bolter_status want;
    const char *word;
} configs[] = {
    {"not JSON", "{", BOLTER_E_FORMAT, "config.json"},
    {"empty", "", BOLTER_E_FORMAT, "config.json"},
    {"an array", "[]", BOLTER_E_FORMAT, "not an object"},
    {"another architecture", "{\"model_type\": \"llama\"}", BOLTER_E_MISMATCH, "llama"},
    {"no architecture", "{}", BOLTER_E_MISMATCH, "model_type"},
    {"architecture of another type", "{\"model_type\": 7}", BOLTER_E_MISMATCH, "model_type"},
    {"exact GELU", CONFIG_WITH("\"n_head\": 3, \"activation_function\": \"gelu\""), BOLTER_E_MISMATCH,
     "activation_function"},
    {"unscaled attention", CONFIG_WITH("\"n_head\": 3, \"scale_attn_weights\": false"),
     BOLTER_E_MISMATCH, "scale_attn_weights"},
    {"attention scaled by layer",
     CONFIG_WITH("\"n_head\": 3, \"scale_attn_by_inverse_layer_idx\": true"), BOLTER_E_MISMATCH,
     "scale_attn_by_inverse_layer_idx"},
    {"cross attention", CONFIG_WITH("\"n_head\": 3, \"add_cross_attention\": true"),
     BOLTER_E_MISMATCH, "add_cross_attention"},
    {"no heads", CONFIG_WITH("\"n_ctx\": 32"), BOLTER_E_FORMAT, "n_head"},
    {"0 heads", CONFIG_WITH("\"n_head\": 0"), BOLTER_E_FORMAT, "n_head"},
    {"-3 heads", CONFIG_WITH("\"n_head\": -3"), BOLTER_E_FORMAT, "n_head"},
    {"heads as text", CONFIG_WITH("\"n_head\": \"3\""), BOLTER_E_FORMAT, "n_head"},
    {"5 heads for 12 channels", CONFIG_WITH("\"n_head\": 5"), BOLTER_E_FORMAT, "multiple of n_head 5"},
    {"13 heads for 12 channels", CONFIG_WITH("\"n_head\": 13"), BOLTER_E_FORMAT, "n_head"},
    {"a billion blocks", "{\"model_type\": \"gpt2\", \"n_positions\": 32, \"vocab_size\": 258, "
     "\"n_embd\": 12, \"n_layer\": 1000000000, \"n_head\": 3}", BOLTER_E_FORMAT, "n_layer"},
    {"a width of 2^62", "{\"model_type\": \"gpt2\", \"n_positions\": 32, \"vocab_size\": 258, "
     "\"n_embd\": 4611686018427387904, \"n_layer\": 1, \"n_head\": 1}", BOLTER_E_FORMAT, "n_embd"},
    {"no positions", "{\"model_type\": \"gpt2\", \"vocab_size\": 258, \"n_embd\": 12, \"n_layer\": 1, "
     "\"n_head\": 3}", BOLTER_E_FORMAT, "n_positions"},
    {"epsilon 0", CONFIG_WITH("\"n_head\": 3, \"layer_norm_epsilon\": 0"), BOLTER_E_FORMAT,
     "layer_norm_epsilon"},
    {"epsilon as text", CONFIG_WITH("\"n_head\": 3, \"layer_norm_epsilon\": \"x\""), BOLTER_E_FORMAT,
     "layer_norm_epsilon"},
    {"epsilon of 2", CONFIG_WITH("\"n_head\": 3, \"layer_norm_epsilon\": 2"), BOLTER_E_FORMAT,
     "layer_norm_epsilon"},
};

static void impossible_configurations_are_refused(struct check *c)
{
    const char *dir = tiny_path("config");
    bolter_model_unref(tiny_classifier(1, 6, "config"));
    for (size_t i = 0; i < sizeof configs / sizeof *configs; i++) {
        bolter_model *m;
        bolter_error err = {0};
        tiny_put(dir, "config.json", configs[i].text);
        bolter_status rc = bolter_model_open(&m, dir, &err);
        refused(c, configs[i].what, rc, configs[i].want, &err, "config/config.json", configs[i].word);
    }
}

static void a_config_of_another_shape_than_the_weights_is_refused(struct check *c)
{
    bolter_model *m;
    bolter_error err = {0};
    bolter_model_unref(tiny_classifier(1, 6, "shape"));
    tiny_put(tiny_path("shape"), "config.json",
             "{\"model_type\": \"gpt2\", \"n_positions\": 32, \"vocab_size\": 258, \"n_embd\": 24, "
             "\"n_layer\": 1, \"n_head\": 3}");
    bolter_status rc = bolter_model_open(&m, tiny_path("shape"), &err);
    refused(c, "n_embd", rc, BOLTER_E_MISMATCH, &err, "shape/model.safetensors", "wte.weight");
}

static void a_missing_file_is_named(struct check *c)
{
    static const char *const files[] = {"model.safetensors", "config.json"};
    bolter_model *m;
    bolter_model_unref(tiny_classifier(1, 7, "lost"));
    for (size_t i = 0; i < 2; i++) {
        bolter_error err = {0};
        tiny_put(tiny_path("lost"), files[i], NULL);
        bolter_status rc = bolter_model_open(&m, tiny_path("lost"), &err);
        refused(c, files[i], rc, BOLTER_E_IO, &err, files[i], "No such file");
        CHECK(c, err.sys_errno != 0, "no errno");
    }
}

/* ---- bolter.json ---- */

static const struct {
    const char *what, *text;
    bolter_status want;
    const char *word;
} cards[] = {
    {"not JSON", "{", BOLTER_E_FORMAT, ""},
    {"a string", "\"x\"", BOLTER_E_FORMAT, ""},
    {"no version", "{}", BOLTER_E_FORMAT, "\"v\""},
    {"version 2", "{\"v\": 2}", BOLTER_E_VERSION, "\"v\""},
    {"version as text", "{\"v\": \"1\"}", BOLTER_E_VERSION, "\"v\""},
    {"another extraction of text", "{\"v\": 1, \"text_version\": 2}", BOLTER_E_VERSION, "text_version"},
    {"part of a proof", "{\"v\": 1, \"threshold_proof\": {\"max_fpr\": 0.1}}", BOLTER_E_FORMAT,
     "threshold_proof"},
    {"proof of too little ham",
     "{\"v\": 1, \"threshold_proof\": {\"max_fpr\": 0.1, \"confidence\": 0.9,"
     " \"proved\": true, \"ham\": 9, \"needed\": 22, \"allowed\": 0, \"upper_bound\": 0.1,"
     " \"threshold\": 0.5}}", BOLTER_E_FORMAT, "threshold_proof"},
    {"unknown key", "{\"v\": 1, \"tresholds\": 1}", BOLTER_E_FORMAT, "tresholds"},
    {"a key twice", "{\"v\": 1, \"bos\": true, \"bos\": false}", BOLTER_E_FORMAT, "uplicate"},
    {"one label", "{\"v\": 1, \"labels\": [\"spam\"]}", BOLTER_E_FORMAT, "labels"},
    {"a label twice", "{\"v\": 1, \"labels\": [\"a\", \"a\"]}", BOLTER_E_FORMAT, "labels"},
    {"an empty label", "{\"v\": 1, \"labels\": [\"a\", \"\"]}", BOLTER_E_FORMAT, "labels"},
    {"labels of numbers", "{\"v\": 1, \"labels\": [0, 1]}", BOLTER_E_FORMAT, "labels"},
    {"labels as an object", "{\"v\": 1, \"labels\": {}}", BOLTER_E_FORMAT, "labels"},
    {"a label of two lines", "{\"v\": 1, \"labels\": [\"a\\r\\nX: y\", \"b\"]}", BOLTER_E_FORMAT,
     "labels"},
    {"three labels for a head of two", "{\"v\": 1, \"labels\": [\"a\", \"b\", \"c\"]}",
     BOLTER_E_MISMATCH, "3 labels"},
    {"position", "{\"v\": 1, \"position\": \"all\"}", BOLTER_E_FORMAT, "position"},
    {"position of another type", "{\"v\": 1, \"position\": 1}", BOLTER_E_FORMAT, "position"},
    {"bos", "{\"v\": 1, \"bos\": 1}", BOLTER_E_FORMAT, "bos"},
    {"max_tokens 0", "{\"v\": 1, \"max_tokens\": 0}", BOLTER_E_FORMAT, "max_tokens"},
    {"max_tokens -1", "{\"v\": 1, \"max_tokens\": -1}", BOLTER_E_FORMAT, "max_tokens"},
    {"max_tokens 2^21", "{\"v\": 1, \"max_tokens\": 2097152}", BOLTER_E_FORMAT, "max_tokens"},
    {"max_tokens 1.5", "{\"v\": 1, \"max_tokens\": 1.5}", BOLTER_E_FORMAT, "max_tokens"},
    {"tail_tokens", "{\"v\": 1, \"tail_tokens\": -1}", BOLTER_E_FORMAT, "tail_tokens"},
    {"temperature 0", "{\"v\": 1, \"temperature\": 0}", BOLTER_E_FORMAT, "temperature"},
    {"temperature -1", "{\"v\": 1, \"temperature\": -1}", BOLTER_E_FORMAT, "temperature"},
    {"temperature as text", "{\"v\": 1, \"temperature\": \"1\"}", BOLTER_E_FORMAT, "temperature"},
    {"threshold above 1", "{\"v\": 1, \"spam_threshold\": 1.01}", BOLTER_E_FORMAT, "spam_threshold"},
    {"threshold below 0", "{\"v\": 1, \"unsure_threshold\": -0.1}", BOLTER_E_FORMAT,
     "unsure_threshold"},
    {"layout", "{\"v\": 1, \"text_layout\": 7}", BOLTER_E_FORMAT, "text_layout"},
    {"a short id", "{\"v\": 1, \"model_id\": \"0123456789abcde\"}", BOLTER_E_FORMAT, "model_id"},
    {"an id of other characters", "{\"v\": 1, \"model_id\": \"0123456789abc\\r\\nX\"}",
     BOLTER_E_FORMAT, "model_id"},
    {"an id in capitals", "{\"v\": 1, \"model_id\": \"0123456789ABCDEF\"}", BOLTER_E_FORMAT,
     "model_id"},
    {"provenance", "{\"v\": 1, \"provenance\": \"me\"}", BOLTER_E_FORMAT, "provenance"},
};

static void impossible_cards_are_refused(struct check *c)
{
    const char *dir = tiny_path("card");
    bolter_model_unref(tiny_classifier(1, 8, "card"));
    for (size_t i = 0; i < sizeof cards / sizeof *cards; i++) {
        bolter_model *m;
        bolter_error err = {0};
        tiny_put(dir, "bolter.json", cards[i].text);
        bolter_status rc = bolter_model_open(&m, dir, &err);
        refused(c, cards[i].what, rc, cards[i].want, &err, "card/bolter.json", cards[i].word);
        bolter_model_unref(m);
    }
}

static void a_card_sets_what_the_model_tells_about_itself(struct check *c)
{
    bolter_model *m = tiny_classifier(1, 9, "told");
    const bolter_model_info *i = bolter_model_info_of(m);
    CHECK(c, i->max_tokens == 24 && i->tail_tokens == 6, "tokens %d, %d", (int)i->max_tokens,
          (int)i->tail_tokens);
    CHECK(c, fabs(i->temperature - 1.5) <= 0 && fabs(i->spam_threshold - 0.9) <= 0 &&
             fabs(i->unsure_threshold - 0.4) <= 0, "numbers %g %g %g", i->temperature,
          i->spam_threshold, i->unsure_threshold);
    CHECK(c, i->spam_label == 1 && strcmp(bolter_model_label(m, 0), "ham") == 0, "labels");
    CHECK(c, !bolter_model_label(m, 2) && !bolter_model_label(m, -1), "labels beyond the head");
    CHECK(c, strspn(i->id, "0123456789abcdef") == 16, "id \"%s\"", i->id);
    bolter_model_unref(m);
}

/* ---- What a model can be used for ---- */

static void a_vocabulary_larger_than_the_embedding_is_refused(struct check *c)
{
    bolter_model *m;
    bolter_error err = {0};
    tiny t;
    bt_config cfg = tiny_config(1, 2);
    cfg.n_vocab = TINY_VOCAB - 1;
    tiny_init(&t, &cfg, 10);
    tiny_write(&t, tiny_path("vocab"));
    bolter_status rc = bolter_model_open(&m, tiny_path("vocab"), &err);
    refused(c, "vocabulary", rc, BOLTER_E_MISMATCH, &err, "vocab.json", "258 tokens");
    tiny_clear(&t);
}

static void a_model_without_a_spam_head_says_so(struct check *c)
{
    tiny t;
    bolter_error err = {0};
    bt_config cfg = tiny_config(1, 0);
    tiny_init(&t, &cfg, 11);
    bolter_model *m = tiny_model(&t, "lm");
    refused(c, "language model", bolter_model_need_spam_head(m, &err), BOLTER_E_MISMATCH, &err, "lm",
            "without a classification head");
    bolter_model_unref(m);
    tiny_clear(&t);

    cfg = tiny_config(1, 3);
    tiny_init(&t, &cfg, 12);
    m = tiny_model(&t, "topics");
    memset(&err, 0, sizeof err);
    refused(c, "no spam", bolter_model_need_spam_head(m, &err), BOLTER_E_MISMATCH, &err, "topics",
            "none of its 3 labels is \"spam\"");
    CHECK(c, strcmp(bolter_model_label(m, 2), "LABEL_2") == 0, "got \"%s\"", bolter_model_label(m, 2));
    bolter_model_unref(m);
    tiny_clear(&t);

    bolter_model_unref(tiny_classifier(1, 13, "mute"));
    tiny_put(tiny_path("mute"), "vocab.json", NULL);
    memset(&err, 0, sizeof err);
    CHECK(c, bolter_model_open(&m, tiny_path("mute"), &err) == BOLTER_OK, "%s", err.text);
    refused(c, "no tokenizer", bolter_model_need_spam_head(m, &err), BOLTER_E_MISMATCH, &err, "mute",
            "no vocab.json");
    bolter_model_unref(m);
}

static void a_model_of_more_than_256_labels_is_refused(struct check *c)
{
    tiny t;
    bolter_model *m;
    bolter_error err = {0};
    bt_config cfg = tiny_config(1, 257);
    tiny_init(&t, &cfg, 14);
    tiny_write(&t, tiny_path("many"));
    bolter_status rc = bolter_model_open(&m, tiny_path("many"), &err);
    refused(c, "257 labels", rc, BOLTER_E_FORMAT, &err, "many/", "257 labels");
    bolter_model_unref(m);
    tiny_clear(&t);
}

int main(void)
{
    static const struct check_case cases[] = {
        CASE(broken_safetensors_are_refused),
        CASE(a_header_nested_a_million_deep_is_refused),
        CASE(a_file_cut_anywhere_is_refused),
        CASE(tensors_that_do_not_fit_are_refused),
        CASE(int8_without_its_scale_is_refused),
        CASE(names_without_their_prefix_are_found),
        CASE(a_model_of_width_1_and_one_position_opens),
        CASE(impossible_configurations_are_refused),
        CASE(a_config_of_another_shape_than_the_weights_is_refused),
        CASE(a_missing_file_is_named),
        CASE(impossible_cards_are_refused),
        CASE(a_card_sets_what_the_model_tells_about_itself),
        CASE(a_vocabulary_larger_than_the_embedding_is_refused),
        CASE(a_model_without_a_spam_head_says_so),
        CASE(a_model_of_more_than_256_labels_is_refused),
    };
    return check_main(cases, sizeof cases / sizeof *cases);
}
