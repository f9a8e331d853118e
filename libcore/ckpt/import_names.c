/*
 * import_names.c - which tensors of an import a parameter is made of, by the names that OpenAI, Hugging
 * Face and the book gave them.
 */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "ckpt/import.h"

#define HEAD_WIDTH 64 /* of every GPT-2 that was published */
#define N_PART     3

static const struct {
    const char *block, *wte, *wpe, *lnf_w, *lnf_b;
    const char *of_block[BT_PER_LAYER];
} layouts[] = {
    [BT_OPENAI] = {"model/h", "model/wte", "model/wpe", "model/ln_f/g", "model/ln_f/b",
                {"/ln_1/g", "/ln_1/b", "/attn/c_attn/w", "/attn/c_attn/b", "/attn/c_proj/w",
                 "/attn/c_proj/b", "/ln_2/g", "/ln_2/b", "/mlp/c_fc/w", "/mlp/c_fc/b",
                 "/mlp/c_proj/w", "/mlp/c_proj/b"}},
    [BT_HUGGING_FACE] = {"h.", "wte.weight", "wpe.weight", "ln_f.weight", "ln_f.bias",
                      {".ln_1.weight", ".ln_1.bias", ".attn.c_attn.weight", ".attn.c_attn.bias",
                       ".attn.c_proj.weight", ".attn.c_proj.bias", ".ln_2.weight", ".ln_2.bias",
                       ".mlp.c_fc.weight", ".mlp.c_fc.bias", ".mlp.c_proj.weight",
                       ".mlp.c_proj.bias"}},
    [BT_BOOK] = {"trf_blocks.", "tok_emb.weight", "pos_emb.weight", "final_norm.scale",
              "final_norm.shift",
              {".norm1.scale", ".norm1.shift", NULL, NULL, ".att.out_proj.weight",
               ".att.out_proj.bias", ".norm2.scale", ".norm2.shift", ".ff.layers.0.weight",
               ".ff.layers.0.bias", ".ff.layers.2.weight", ".ff.layers.2.bias"}},
};

static const char *const book_qkv[2][N_PART] = {
    {".att.W_query.weight", ".att.W_key.weight", ".att.W_value.weight"},
    {".att.W_query.bias", ".att.W_key.bias", ".att.W_value.bias"},
};

static bolter_status no_memory(bt_import *im)
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

static const bt_foreign *find(bt_import *im, const char *name)
{
    const bt_foreign *t = bt_foreign_find(&im->set, name);
    if (t && im->used)
        im->used[t - im->set.tensor] = true;
    return t;
}

static bolter_status need(bt_import *im, struct part *p, const char *name)
{
    p->t = find(im, name);
    return p->t ? BOLTER_OK
                : bt_fail(&im->err, BOLTER_E_FORMAT, "%s: no tensor %s", im->set.path, name);
}

/* "h.", block and suffix as one name. */
static void block_name(const bt_import *im, char name[160], size_t block, const char *suffix)
{
    snprintf(name, 160, "%s%s%zu%s", im->prefix, layouts[im->names].block, block, suffix);
}

/* The book may leave out the biases of queries, keys and values: then there are none, and all are 0. */
static bolter_status find_book_qkv(bt_import *im, size_t block, bool bias,
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

static const char *head_name(const bt_import *im, bool bias)
{
    return im->names != BT_BOOK ? "score.weight" : bias ? "out_head.bias" : "out_head.weight";
}

/* Of a language model's output layer. */
static const char *lm_head_name(const bt_import *im)
{
    return im->names == BT_BOOK ? "out_head.weight" : "lm_head.weight";
}

/* A parameter outside the blocks. */
static bolter_status find_single(bt_import *im, size_t i, struct part *part)
{
    char name[160];
    if (i >= bt_last_index(&im->cfg, BT_SCORE))
        return need(im, part, im->cfg.n_label > 0 ? head_name(im, false) : lm_head_name(im));
    const char *single = i == BT_WTE                               ? layouts[im->names].wte
                         : i == BT_WPE                             ? layouts[im->names].wpe
                         : i == bt_last_index(&im->cfg, BT_LNF_W) ? layouts[im->names].lnf_w
                                                                   : layouts[im->names].lnf_b;
    snprintf(name, sizeof name, "%s%s", im->prefix, single);
    return need(im, part, name);
}

static bolter_status find_parts(bt_import *im, size_t i, struct part part[N_PART], size_t *n)
{
    const bt_param *p = &im->params.row[i];
    part[0] = (struct part){.cols = p->cols};
    *n = 1;
    if (i < BT_BLOCKS || i >= bt_last_index(&im->cfg, BT_LNF_W))
        return find_single(im, i, part);
    size_t block = (i - BT_BLOCKS) / BT_PER_LAYER, which = (i - BT_BLOCKS) % BT_PER_LAYER;
    const char *suffix = layouts[im->names].of_block[which];
    if (!suffix)
        return find_book_qkv(im, block, which == BT_QKV_B, part, n);
    char name[160];
    block_name(im, name, block, suffix);
    part[0].transposed = im->names == BT_BOOK && p->lora;
    return need(im, part, name);
}

/* ---- Values, one parameter after the other ------------------------------------------------- */

static bolter_status read_parts(bt_import *im, size_t i, float *values)
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
static bolter_status fold_head_bias(bt_import *im, float *lnf)
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

const float *bt_import_values(void *ud, size_t i)
{
    bt_import *im = ud;
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
static bool is_mask(const bt_import *im, const char *name)
{
    return (im->names == BT_HUGGING_FACE &&
            (ends_in(name, ".attn.bias") || ends_in(name, ".attn.masked_bias"))) ||
           (im->names == BT_BOOK && ends_in(name, ".att.mask"));
}

bolter_status bt_import_check(bt_import *im)
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
    if (im->repeated)
        im->used[im->repeated - im->set.tensor] = true;
    if (rc == BOLTER_OK && im->cfg.n_label > 0 && im->names == BT_BOOK)
        im->has_head_bias = find(im, head_name(im, true)) != NULL;
    for (size_t i = 0; rc == BOLTER_OK && i < im->set.n; i++)
        if (!im->used[i] && !is_mask(im, im->set.tensor[i].name))
            rc = bt_fail(&im->err, BOLTER_E_MISMATCH,
                         "%s: tensor %s: of no use in a GPT-2 of this shape", im->set.path,
                         im->set.tensor[i].name);
    return rc;
}

/* ---- Names and shape of a state dict ------------------------------------------------------- */

bolter_status bt_import_names(bt_import *im)
{
    im->prefix = "";
    if (find(im, layouts[BT_BOOK].wte)) {
        im->names = BT_BOOK;
        return BOLTER_OK;
    }
    im->names = BT_HUGGING_FACE;
    if (find(im, "transformer.wte.weight"))
        im->prefix = "transformer.";
    else if (!find(im, layouts[BT_HUGGING_FACE].wte))
        return bt_fail(&im->err, BOLTER_E_MISMATCH,
                       "%s: no GPT-2: neither tok_emb.weight nor wte.weight is among its %zu "
                       "tensors", im->set.path, im->set.n);
    return BOLTER_OK;
}

/* A dimension of a tensor that there has to be. */
static bolter_status dimension(bt_import *im, const char *name, size_t i, size_t *out)
{
    const bt_foreign *t = find(im, name);
    if (!t || t->n_dim != 2)
        return bt_fail(&im->err, BOLTER_E_FORMAT, "%s: no tensor %s of two dimensions",
                       im->set.path, name);
    *out = t->dim[i];
    return BOLTER_OK;
}

static size_t count_layers(bt_import *im)
{
    char name[160];
    size_t n = 0;
    for (; n < im->set.n; n++) {
        block_name(im, name, n, layouts[im->names].of_block[BT_LN1_W]);
        if (!find(im, name))
            break;
    }
    return n;
}

/* Labels of a head: a layer that is no language model's. */
static void find_head(bt_import *im)
{
    const bt_foreign *head = find(im, head_name(im, false));
    bool is_head = head && head->n_dim == 2 && head->dim[0] >= 2 && head->dim[0] <= BT_MAX_LABELS &&
                   head->dim[0] != im->cfg.n_vocab;
    im->cfg.n_label = is_head ? head->dim[0] : 0;
}

/* Two tensors of the same values, as far as they lie in the same way. */
static bool same(const bt_foreign *a, const bt_foreign *b)
{
    bool alike = a->is_float && b->is_float && a->dtype == b->dtype && a->n_values == b->n_values &&
                 memcmp(a->dim, b->dim, sizeof a->dim) == 0 &&
                 memcmp(a->stride, b->stride, sizeof a->stride) == 0;
    bool dense = a->n_dim == 2 && a->stride[1] == 1 && a->stride[0] == a->dim[1];
    return alike && (a->data == b->data || /* one storage */
                     (dense && memcmp(a->data, b->data, a->n_values * bt_dtype_size(a->dtype)) == 0));
}

/* The output layer of a language model is its embedding, which a file may have twice, or another matrix. */
static void find_lm_head(bt_import *im, const char *wte)
{
    const bt_foreign *head = bt_foreign_find(&im->set, lm_head_name(im));
    const bt_foreign *embedding = bt_foreign_find(&im->set, wte);
    if (head && same(head, embedding))
        im->repeated = head;
    else
        im->cfg.untied = head && im->cfg.n_label == 0;
}

bolter_status bt_import_shape(bt_import *im)
{
    bt_config *c = &im->cfg;
    char wte[160], wpe[160], inner[160];
    snprintf(wte, sizeof wte, "%s%s", im->prefix, layouts[im->names].wte);
    snprintf(wpe, sizeof wpe, "%s%s", im->prefix, layouts[im->names].wpe);
    block_name(im, inner, 0, layouts[im->names].of_block[BT_FC_W]);
    bolter_status rc = dimension(im, wte, 0, &c->n_vocab);
    if (rc == BOLTER_OK)
        rc = dimension(im, wte, 1, &c->n_embd);
    if (rc == BOLTER_OK)
        rc = dimension(im, wpe, 0, &c->n_ctx);
    if (rc == BOLTER_OK)
        rc = dimension(im, inner, im->names == BT_BOOK ? 0 : 1, &c->n_inner);
    c->n_layer = count_layers(im);
    c->eps = 1e-5f;
    c->n_head = im->o->n_head > 0 ? im->o->n_head : c->n_embd / HEAD_WIDTH;
    find_head(im);
    if (rc == BOLTER_OK)
        find_lm_head(im, wte);
    if (rc == BOLTER_OK && im->o->n_head == 0 && c->n_embd % HEAD_WIDTH != 0)
        rc = bt_fail(&im->err, BOLTER_E_ARG, "%s: n_embd %zu is no multiple of %d: how many heads "
                     "there are has to be given", im->set.path, c->n_embd, HEAD_WIDTH);
    return rc;
}
