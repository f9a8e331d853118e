/*
 * import.c - bolter_import_*: checkpoints of other programs become model directories.
 *
 * What is in the file (foreign.h) -> shape -> for each of GPT-2's parameters the tensors that it is made
 * of -> a directory, tensor by tensor. Nothing is written before every tensor has been found and every
 * one in the file has a use: a file with more in it would compute something else.
 */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "ckpt/foreign.h"
#include "ckpt/model.h"

#define TOKENIZER_MAX ((size_t)64 << 20) /* bytes of a file */
#define HEAD_WIDTH    64                 /* of every GPT-2 that was published */
#define N_PART        3

/* Who named the tensors. Linear layers of the book are turned over, and queries, keys and values apart. */
enum layout { OPENAI, HUGGING_FACE, BOOK };

static const struct {
    const char *block, *wte, *wpe, *lnf_w, *lnf_b;
    const char *of_block[BT_PER_LAYER];
} layouts[] = {
    [OPENAI] = {"model/h", "model/wte", "model/wpe", "model/ln_f/g", "model/ln_f/b",
                {"/ln_1/g", "/ln_1/b", "/attn/c_attn/w", "/attn/c_attn/b", "/attn/c_proj/w",
                 "/attn/c_proj/b", "/ln_2/g", "/ln_2/b", "/mlp/c_fc/w", "/mlp/c_fc/b",
                 "/mlp/c_proj/w", "/mlp/c_proj/b"}},
    [HUGGING_FACE] = {"h.", "wte.weight", "wpe.weight", "ln_f.weight", "ln_f.bias",
                      {".ln_1.weight", ".ln_1.bias", ".attn.c_attn.weight", ".attn.c_attn.bias",
                       ".attn.c_proj.weight", ".attn.c_proj.bias", ".ln_2.weight", ".ln_2.bias",
                       ".mlp.c_fc.weight", ".mlp.c_fc.bias", ".mlp.c_proj.weight",
                       ".mlp.c_proj.bias"}},
    [BOOK] = {"trf_blocks.", "tok_emb.weight", "pos_emb.weight", "final_norm.scale",
              "final_norm.shift",
              {".norm1.scale", ".norm1.shift", NULL, NULL, ".att.out_proj.weight",
               ".att.out_proj.bias", ".norm2.scale", ".norm2.shift", ".ff.layers.0.weight",
               ".ff.layers.0.bias", ".ff.layers.2.weight", ".ff.layers.2.bias"}},
};

static const char *const book_qkv[2][N_PART] = {
    {".att.W_query.weight", ".att.W_key.weight", ".att.W_value.weight"},
    {".att.W_query.bias", ".att.W_key.bias", ".att.W_value.bias"},
};

struct import {
    bt_foreign_set set;
    enum layout layout;
    const char *prefix; /* "" or "transformer." */
    const bolter_import_options *o;
    bt_config cfg;
    bt_params params;
    bool *used;         /* (set.n) */
    bool has_head_bias;
    float *values;      /* of the parameter at hand */
    bt_buf vocab, merges;
    json_t *config;
    bt_card card;
    bolter_error err;
};

static bolter_status no_memory(struct import *im)
{
    return bt_fail(&im->err, BOLTER_E_NOMEM, "%s: no memory", im->set.path);
}

/* ---- Which tensors a parameter is made of -------------------------------------------------- */

/* Part of a parameter: so many of its columns. */
struct part {
    const bt_foreign *t;
    size_t column, cols;
    bool transposed;
};

static const bt_foreign *find(struct import *im, const char *name)
{
    const bt_foreign *t = bt_foreign_find(&im->set, name);
    if (t && im->used)
        im->used[t - im->set.tensor] = true;
    return t;
}

static bolter_status need(struct import *im, struct part *p, const char *name)
{
    p->t = find(im, name);
    return p->t ? BOLTER_OK
                : bt_fail(&im->err, BOLTER_E_FORMAT, "%s: no tensor %s", im->set.path, name);
}

/* "h.", block and suffix as one name. */
static void block_name(const struct import *im, char name[160], size_t block, const char *suffix)
{
    snprintf(name, 160, "%s%s%zu%s", im->prefix, layouts[im->layout].block, block, suffix);
}

/* The book may leave out the biases of queries, keys and values: then there are none, and all are 0. */
static bolter_status find_book_qkv(struct import *im, size_t block, bool bias,
                                   struct part part[N_PART], size_t *n)
{
    char name[160];
    size_t C = im->cfg.n_embd;
    bolter_status rc = BOLTER_OK;
    *n = 0;
    block_name(im, name, block, book_qkv[bias][0]);
    if (bias && !find(im, name))
        return BOLTER_OK;
    for (; rc == BOLTER_OK && *n < N_PART; ++*n) {
        block_name(im, name, block, book_qkv[bias][*n]);
        part[*n] = (struct part){.column = *n * C, .cols = C, .transposed = !bias};
        rc = need(im, &part[*n], name);
    }
    return rc;
}

static const char *head_name(const struct import *im, bool bias)
{
    return im->layout != BOOK ? "score.weight" : bias ? "out_head.bias" : "out_head.weight";
}

/* A parameter outside the blocks. */
static bolter_status find_single(struct import *im, size_t i, struct part *part)
{
    char name[160];
    if (im->cfg.n_label > 0 && i == bt_last_index(&im->cfg, BT_SCORE))
        return need(im, part, head_name(im, false));
    const char *single = i == BT_WTE                               ? layouts[im->layout].wte
                         : i == BT_WPE                             ? layouts[im->layout].wpe
                         : i == bt_last_index(&im->cfg, BT_LNF_W) ? layouts[im->layout].lnf_w
                                                                   : layouts[im->layout].lnf_b;
    snprintf(name, sizeof name, "%s%s", im->prefix, single);
    return need(im, part, name);
}

static bolter_status find_parts(struct import *im, size_t i, struct part part[N_PART], size_t *n)
{
    const bt_param *p = &im->params.row[i];
    part[0] = (struct part){.cols = p->cols};
    *n = 1;
    if (i < BT_BLOCKS || i >= bt_last_index(&im->cfg, BT_LNF_W))
        return find_single(im, i, part);
    size_t block = (i - BT_BLOCKS) / BT_PER_LAYER, which = (i - BT_BLOCKS) % BT_PER_LAYER;
    const char *suffix = layouts[im->layout].of_block[which];
    if (!suffix)
        return find_book_qkv(im, block, which == BT_QKV_B, part, n);
    char name[160];
    block_name(im, name, block, suffix);
    part[0].transposed = im->layout == BOOK && p->lora;
    return need(im, part, name);
}

/* ---- Values, one parameter after the other ------------------------------------------------- */

static bolter_status read_parts(struct import *im, size_t i, float *values)
{
    struct part part[N_PART];
    size_t n;
    const bt_param *p = &im->params.row[i];
    memset(values, 0, bt_param_size(p) * sizeof *values);
    bolter_status rc = find_parts(im, i, part, &n);
    for (size_t k = 0; rc == BOLTER_OK && k < n; k++)
        rc = bt_foreign_read(&im->set, part[k].t, p->rows, part[k].cols, part[k].transposed,
                             values + part[k].column, p->cols, &im->err);
    return rc;
}

/* The final norm's bias takes the head's. */
static bolter_status fold_head_bias(struct import *im, float *lnf)
{
    size_t K = im->cfg.n_label, C = im->cfg.n_embd;
    float *head = bt_alloc_array(K * C + K, sizeof *head);
    bolter_status rc =
        head ? read_parts(im, bt_last_index(&im->cfg, BT_SCORE), head) : no_memory(im);
    if (rc == BOLTER_OK)
        rc = bt_foreign_read(&im->set, find(im, head_name(im, true)), 1, K, false, head + K * C, K,
                             &im->err);
    if (rc == BOLTER_OK)
        rc = bt_head_bias_fold(lnf, head, head + K * C, K, C, &im->err);
    bt_release(head);
    return rc;
}

static const float *weight_at(void *ud, size_t i)
{
    struct import *im = ud;
    bolter_status rc = read_parts(im, i, im->values);
    if (rc == BOLTER_OK && im->has_head_bias && i == bt_last_index(&im->cfg, BT_LNF_B))
        rc = fold_head_bias(im, im->values);
    if (rc == BOLTER_OK && im->o->progress)
        im->o->progress(im->o->ud, "tensors", i + 1, im->params.n);
    return rc == BOLTER_OK ? im->values : NULL;
}

/* ---- Everything is there, and nothing else -------------------------------------------------- */

static bool ends_in(const char *name, const char *suffix)
{
    size_t n = strlen(name), m = strlen(suffix);
    return n >= m && strcmp(name + n - m, suffix) == 0;
}

/* Masks that PyTorch keeps beside the weights; they are the same in every GPT-2. */
static bool is_mask(const struct import *im, const char *name)
{
    return (im->layout == HUGGING_FACE &&
            (ends_in(name, ".attn.bias") || ends_in(name, ".attn.masked_bias"))) ||
           (im->layout == BOOK && ends_in(name, ".att.mask"));
}

/* The output layer of a language model is its embedding; a file may have it twice. */
static bolter_status check_tied(struct import *im)
{
    const bt_foreign *head =
        im->layout == HUGGING_FACE                   ? find(im, "lm_head.weight")
        : im->layout == BOOK && im->cfg.n_label == 0 ? find(im, "out_head.weight")
                                                     : NULL;
    struct part wte;
    bolter_status rc = head ? find_single(im, BT_WTE, &wte) : BOLTER_OK;
    if (rc != BOLTER_OK || !head)
        return rc;
    bool same = head->is_float && wte.t->is_float && head->dtype == wte.t->dtype &&
                head->n_values == wte.t->n_values &&
                memcmp(head->dim, wte.t->dim, sizeof head->dim) == 0 &&
                memcmp(head->stride, wte.t->stride, sizeof head->stride) == 0 &&
                (head->data == wte.t->data || /* one storage */
                 (head->stride[1] == 1 && head->stride[0] == head->dim[1] &&
                  memcmp(head->data, wte.t->data,
                         head->n_values * bt_dtype_size(head->dtype)) == 0));
    return same ? BOLTER_OK
                : bt_fail(&im->err, BOLTER_E_MISMATCH,
                          "%s: tensor %s differs from %s: a GPT-2's output layer is its embedding",
                          im->set.path, head->name, wte.t->name);
}

static bolter_status check_all(struct import *im)
{
    bolter_status rc = BOLTER_OK;
    for (size_t i = 0; rc == BOLTER_OK && i < im->params.n; i++) {
        struct part part[N_PART];
        size_t n = 0;
        rc = find_parts(im, i, part, &n);
        for (size_t k = 0; rc == BOLTER_OK && k < n; k++)
            rc = bt_foreign_fits(&im->set, part[k].t, im->params.row[i].rows, part[k].cols,
                                 part[k].transposed, &im->err);
    }
    if (rc == BOLTER_OK)
        rc = check_tied(im);
    if (rc == BOLTER_OK && im->cfg.n_label > 0 && im->layout == BOOK)
        im->has_head_bias = find(im, head_name(im, true)) != NULL;
    for (size_t i = 0; rc == BOLTER_OK && i < im->set.n; i++)
        if (!im->used[i] && !is_mask(im, im->set.tensor[i].name))
            rc = bt_fail(&im->err, BOLTER_E_MISMATCH,
                         "%s: tensor %s: of no use in a GPT-2 of this shape", im->set.path,
                         im->set.tensor[i].name);
    return rc;
}

/* ---- Tokenizer ---------------------------------------------------------------------------- */

static bolter_status read_text(struct import *im, bt_buf *b, const char *dir, const char *name)
{
    char *path = bt_path_join(dir, name);
    bt_buf_init(b, TOKENIZER_MAX);
    bolter_status rc = path ? bt_read_all(b, path, &im->err)
                            : bt_fail(&im->err, BOLTER_E_NOMEM, "%s: no memory", dir);
    bt_release(path);
    return rc;
}

/* The id of the end of text, -1 where the vocabulary has none. */
static bolter_status read_vocab(struct import *im, json_int_t *end)
{
    json_error_t e;
    json_t *vocab = json_loadb(im->vocab.data ? im->vocab.data : "", im->vocab.len, 0, &e);
    const json_t *id = json_object_get(vocab, "<|endoftext|>");
    size_t n = json_object_size(vocab);
    bool ok = json_is_object(vocab) && n <= im->cfg.n_vocab;
    *end = json_is_integer(id) && json_integer_value(id) >= 0 &&
                   (uint64_t)json_integer_value(id) < im->cfg.n_vocab
               ? json_integer_value(id)
               : -1;
    json_decref(vocab);
    return ok ? BOLTER_OK
              : bt_fail(&im->err, BOLTER_E_MISMATCH,
                        "%s: a vocabulary of %zu tokens, expected an object of at most %zu",
                        im->set.path, n, im->cfg.n_vocab);
}

/* ---- The directory ------------------------------------------------------------------------ */

static json_t *make_config(const bt_config *c, json_int_t end)
{
    json_t *j = json_pack(
        "{s:[s], s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:f, s:b}", "architectures",
        "GPT2LMHeadModel", "model_type", "gpt2", "activation_function", "gelu_new", "n_positions",
        (json_int_t)c->n_ctx, "n_ctx", (json_int_t)c->n_ctx, "n_embd", (json_int_t)c->n_embd,
        "n_layer", (json_int_t)c->n_layer, "n_head", (json_int_t)c->n_head, "vocab_size",
        (json_int_t)c->n_vocab, "layer_norm_epsilon", 1e-5, "tie_word_embeddings", 1);
    if (j && c->n_inner != 4 * c->n_embd)
        json_object_set_new(j, "n_inner", json_integer((json_int_t)c->n_inner));
    if (j && end >= 0) {
        json_object_set_new(j, "bos_token_id", json_integer(end));
        json_object_set_new(j, "eos_token_id", json_integer(end));
    }
    return j;
}

static bolter_status make_card(struct import *im, json_int_t end)
{
    static const char *const two[] = {"ham", "spam"};
    const bolter_import_options *o = im->o;
    const char *const *label = o->n_label > 0 ? o->label : two;
    size_t n = o->n_label > 0 ? o->n_label : 2;
    bt_card_default(&im->card);
    if (im->cfg.n_label == 0)
        return o->n_label == 0 && o->pad_to == 0
                   ? BOLTER_OK
                   : bt_fail(&im->err, BOLTER_E_MISMATCH,
                             "%s: a language model, which has no use for labels and padding",
                             im->set.path);
    if (n != im->cfg.n_label || !bt_labels_fit(label, n))
        return bt_fail(&im->err, BOLTER_E_MISMATCH, "%s: %zu labels for a head of %zu, expected "
                       BT_LABELS_EXPECTED, im->set.path, n, im->cfg.n_label);
    if (o->pad_to > im->cfg.n_ctx || (o->pad_to > 0 && end < 0))
        return bt_fail(&im->err, BOLTER_E_MISMATCH,
                       "%s: padding to %zu tokens, expected at most %zu and a tokenizer with "
                       "<|endoftext|>", im->set.path, o->pad_to, im->cfg.n_ctx);
    im->card.pad_to = o->pad_to;
    im->card.max_tokens = o->pad_to > 0 ? o->pad_to : im->cfg.n_ctx;
    im->card.text_layout = bt_strdup(bolter_text_default_layout());
    return im->card.text_layout ? bt_card_set_labels(&im->card, label, n, &im->err) : no_memory(im);
}

static size_t largest(const bt_params *p)
{
    size_t n = 0;
    for (size_t i = 0; i < p->n; i++)
        n = bt_param_size(&p->row[i]) > n ? bt_param_size(&p->row[i]) : n;
    return n;
}

/* im has its tensors, shape, and texts of a tokenizer. */
static bolter_status write_directory(struct import *im, const char *dir)
{
    const bolter_save_file files[] = {{"vocab.json", im->vocab.data}, {"merges.txt", im->merges.data}};
    bool has_tokenizer = im->vocab.data && im->merges.data;
    const bolter_save_options save = {
        .dtype = im->o->dtype, .files = files, .n_files = has_tokenizer ? 2 : 0};
    json_int_t end = -1;
    bolter_status rc = bt_config_check(&im->cfg, im->set.path, &im->err);
    if (rc == BOLTER_OK)
        rc = bt_params_init(&im->params, &im->cfg, &im->err);
    im->used = rc == BOLTER_OK ? bt_alloc_array(im->set.n, sizeof *im->used) : NULL;
    if (rc == BOLTER_OK)
        rc = im->used ? check_all(im) : no_memory(im);
    if (rc == BOLTER_OK && !(im->values = bt_alloc_array(largest(&im->params), sizeof *im->values)))
        rc = no_memory(im);
    if (rc == BOLTER_OK && has_tokenizer)
        rc = read_vocab(im, &end);
    if (rc == BOLTER_OK)
        rc = make_card(im, end);
    if (rc == BOLTER_OK && !(im->config = make_config(&im->cfg, end)))
        rc = no_memory(im);
    const bolter_model source = {.cfg = im->cfg, .config = im->config};
    const bt_weights w = {&im->params, weight_at, im};
    return rc == BOLTER_OK ? bt_model_write(&source, &w, &im->card, &save, dir, &im->err) : rc;
}

/* Clear im and hand its error on. */
static bolter_status finish(struct import *im, bolter_status rc, bolter_error *err)
{
    bt_foreign_clear(&im->set);
    bt_params_clear(&im->params);
    bt_release(im->used);
    bt_release(im->values);
    bt_buf_free(&im->vocab);
    bt_buf_free(&im->merges);
    json_decref(im->config);
    bt_card_clear(&im->card);
    if (rc == BOLTER_OK)
        return rc;
    if (err && err->code == BOLTER_OK)
        *err = im->err;
    return im->err.code;
}

/* ---- OpenAI's release --------------------------------------------------------------------- */

static const bolter_import_options no_options;

static bool size_of(const json_t *j, const char *name, size_t *out)
{
    const json_t *v = json_object_get(j, name);
    *out = json_is_integer(v) && json_integer_value(v) > 0 ? (size_t)json_integer_value(v) : 0;
    return *out > 0;
}

static bolter_status read_hparams(struct import *im, const char *dir)
{
    bt_buf text;
    bolter_status rc = read_text(im, &text, dir, "hparams.json");
    if (rc == BOLTER_OK) {
        json_error_t e;
        json_t *j = json_loadb(text.data ? text.data : "", text.len, 0, &e);
        bt_config *c = &im->cfg;
        if (!size_of(j, "n_vocab", &c->n_vocab) || !size_of(j, "n_ctx", &c->n_ctx) ||
            !size_of(j, "n_embd", &c->n_embd) || !size_of(j, "n_head", &c->n_head) ||
            !size_of(j, "n_layer", &c->n_layer))
            rc = bt_fail(&im->err, BOLTER_E_FORMAT, "%s/hparams.json: expected n_vocab, n_ctx, "
                         "n_embd, n_head and n_layer", dir);
        c->n_inner = c->n_embd < SIZE_MAX / 4 ? 4 * c->n_embd : 0;
        c->eps = 1e-5f;
        json_decref(j);
    }
    bt_buf_free(&text);
    return rc;
}

/* The name in a file that says model_checkpoint_path: "NAME", cut out of the text; NULL: there is none. */
static char *checkpoint_name(bt_buf *text)
{
    static const char key[] = "model_checkpoint_path:";
    if (!text->data || strncmp(text->data, key, sizeof key - 1) != 0)
        return NULL;
    char *from = strchr(text->data, '"'), *to = from ? strpbrk(from + 1, "\"\n") : NULL;
    if (!to || *to != '"')
        return NULL;
    *to = 0;
    char *slash = strrchr(from + 1, '/'); /* of where it was written */
    return slash ? slash + 1 : from + 1;
}

/* The file "checkpoint" names the others. */
static bolter_status open_release(struct import *im, const char *dir)
{
    bt_buf text;
    bolter_status rc = read_text(im, &text, dir, "checkpoint");
    const char *name = rc == BOLTER_OK ? checkpoint_name(&text) : NULL;
    char *prefix = name ? bt_path_join(dir, name) : NULL;
    if (rc == BOLTER_OK && !name)
        rc = bt_fail(&im->err, BOLTER_E_FORMAT,
                     "%s/checkpoint: expected model_checkpoint_path: \"NAME\"", dir);
    else if (rc == BOLTER_OK)
        rc = prefix ? bt_bundle_open(&im->set, prefix, &im->err)
                    : bt_fail(&im->err, BOLTER_E_NOMEM, "%s: no memory", dir);
    bt_buf_free(&text);
    bt_release(prefix);
    return rc;
}

bolter_status bolter_import_openai(const char *release, const char *dir,
                                   const bolter_import_options *o, bolter_error *err)
{
    struct import im = {.layout = OPENAI, .prefix = "", .o = o ? o : &no_options};
    const char *own = im.o->tokenizer ? im.o->tokenizer : release;
    bolter_status rc = read_hparams(&im, release);
    if (rc == BOLTER_OK)
        rc = read_text(&im, &im.vocab, own, im.o->tokenizer ? "vocab.json" : "encoder.json");
    if (rc == BOLTER_OK)
        rc = read_text(&im, &im.merges, own, im.o->tokenizer ? "merges.txt" : "vocab.bpe");
    if (rc == BOLTER_OK)
        rc = open_release(&im, release);
    if (rc == BOLTER_OK)
        rc = write_directory(&im, dir);
    return finish(&im, rc, err);
}

/* ---- PyTorch's state dicts ----------------------------------------------------------------- */

static bolter_status find_layout(struct import *im)
{
    im->prefix = "";
    if (find(im, layouts[BOOK].wte)) {
        im->layout = BOOK;
        return BOLTER_OK;
    }
    im->layout = HUGGING_FACE;
    if (find(im, "transformer.wte.weight"))
        im->prefix = "transformer.";
    else if (!find(im, layouts[HUGGING_FACE].wte))
        return bt_fail(&im->err, BOLTER_E_MISMATCH,
                       "%s: no GPT-2: neither tok_emb.weight nor wte.weight is among its %zu "
                       "tensors", im->set.path, im->set.n);
    return BOLTER_OK;
}

/* A dimension of a tensor that there has to be. */
static bolter_status dimension(struct import *im, const char *name, size_t i, size_t *out)
{
    const bt_foreign *t = find(im, name);
    if (!t || t->n_dim != 2)
        return bt_fail(&im->err, BOLTER_E_FORMAT, "%s: no tensor %s of two dimensions",
                       im->set.path, name);
    *out = t->dim[i];
    return BOLTER_OK;
}

static size_t count_layers(struct import *im)
{
    char name[160];
    size_t n = 0;
    for (; n < im->set.n; n++) {
        block_name(im, name, n, layouts[im->layout].of_block[BT_LN1_W]);
        if (!find(im, name))
            break;
    }
    return n;
}

/* Labels of a head: a layer that is no language model's. */
static void find_head(struct import *im)
{
    const bt_foreign *head = find(im, head_name(im, false));
    bool is_head = head && head->n_dim == 2 && head->dim[0] >= 2 && head->dim[0] <= BT_MAX_LABELS &&
                   head->dim[0] != im->cfg.n_vocab;
    im->cfg.n_label = is_head ? head->dim[0] : 0;
}

static bolter_status find_shape(struct import *im)
{
    bt_config *c = &im->cfg;
    char wte[160], wpe[160], inner[160];
    snprintf(wte, sizeof wte, "%s%s", im->prefix, layouts[im->layout].wte);
    snprintf(wpe, sizeof wpe, "%s%s", im->prefix, layouts[im->layout].wpe);
    block_name(im, inner, 0, layouts[im->layout].of_block[BT_FC_W]);
    bolter_status rc = dimension(im, wte, 0, &c->n_vocab);
    if (rc == BOLTER_OK)
        rc = dimension(im, wte, 1, &c->n_embd);
    if (rc == BOLTER_OK)
        rc = dimension(im, wpe, 0, &c->n_ctx);
    if (rc == BOLTER_OK)
        rc = dimension(im, inner, im->layout == BOOK ? 0 : 1, &c->n_inner);
    c->n_layer = count_layers(im);
    c->eps = 1e-5f;
    c->n_head = im->o->n_head > 0 ? im->o->n_head : c->n_embd / HEAD_WIDTH;
    find_head(im);
    if (rc == BOLTER_OK && im->o->n_head == 0 && c->n_embd % HEAD_WIDTH != 0)
        rc = bt_fail(&im->err, BOLTER_E_ARG, "%s: n_embd %zu is no multiple of %d: how many heads "
                     "there are has to be given", im->set.path, c->n_embd, HEAD_WIDTH);
    return rc;
}

bolter_status bolter_import_torch(const char *folder, const char *dir,
                                  const bolter_import_options *o, bolter_error *err)
{
    struct import im = {.o = o ? o : &no_options};
    bolter_status rc = bt_state_open(&im.set, folder, &im.err);
    if (rc == BOLTER_OK && im.o->tokenizer)
        rc = read_text(&im, &im.vocab, im.o->tokenizer, "vocab.json");
    if (rc == BOLTER_OK && im.o->tokenizer)
        rc = read_text(&im, &im.merges, im.o->tokenizer, "merges.txt");
    if (rc == BOLTER_OK)
        rc = find_layout(&im);
    if (rc == BOLTER_OK)
        rc = find_shape(&im);
    if (rc == BOLTER_OK)
        rc = write_directory(&im, dir);
    return finish(&im, rc, err);
}
