/* statedict.c - writes PyTorch state dicts of a tiny model. */
#include "tests/unit/statedict.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/float16.h"
#include "base/mem.h"

/* ---- Pickles ---- */

static void op(struct pickle_writer *w, const char *bytes)
{
    bt_buf_append_str(&w->bytes, bytes);
}

static void put_int(struct pickle_writer *w, size_t x)
{
    op(w, "J");
    for (int i = 0; i < 4; i++)
        bt_buf_append_char(&w->bytes, (char)(x >> 8 * i));
}

void pickle_text(struct pickle_writer *w, const char *text)
{
    size_t n = strlen(text);
    op(w, "X");
    for (int i = 0; i < 4; i++)
        bt_buf_append_char(&w->bytes, (char)(n >> 8 * i));
    op(w, text);
}

void pickle_begin(struct pickle_writer *w, const char *dir)
{
    char *data = bt_path_join(dir, "data");
    *w = (struct pickle_writer){.dir = dir};
    mkdir(dir, 0777);
    mkdir(data, 0777);
    bt_release(data);
    bt_buf_init(&w->bytes, 1 << 20);
    op(w, "\x80\x02" "ccollections\nOrderedDict\nq");
    bt_buf_append_char(&w->bytes, 0); /* remembered as 0 */
    op(w, ")R(");
}

static void write_file(const char *dir, const char *name, const void *bytes, size_t n)
{
    char *path = bt_path_join(dir, name);
    FILE *f = fopen(path, "wb"); /* many of them, which need not survive a crash */
    if (!f || (n > 0 && fwrite(bytes, n, 1, f) != 1) || fclose(f) != 0)
        exit(99);
    bt_release(path);
}

/* Attributes as torch.nn.Module gives them, then the end. */
void pickle_end(struct pickle_writer *w)
{
    op(w, "u}");
    pickle_text(w, "_metadata");
    op(w, "h");
    bt_buf_append_char(&w->bytes, 0);
    op(w, ")R(");
    pickle_text(w, "");
    op(w, "}");
    pickle_text(w, "version");
    op(w, "K\x01susb.");
    write_file(w->dir, "data.pkl", w->bytes.data, w->bytes.len);
    write_file(w->dir, "version", "3\n", 2);
    bt_buf_free(&w->bytes);
}

static void write_storage(struct pickle_writer *w, const char *type, const float *x, size_t n)
{
    char name[32];
    bt_buf b;
    bt_buf_init(&b, 1 << 24);
    for (size_t i = 0; i < n; i++) {
        uint16_t half = bt_to_f16(x[i]);
        if (strcmp(type, "HalfStorage") == 0)
            bt_buf_append(&b, &half, sizeof half);
        else
            bt_buf_append(&b, &x[i], sizeof *x);
    }
    snprintf(name, sizeof name, "data/%zu", w->n++);
    write_file(w->dir, name, b.data, b.len);
    bt_buf_free(&b);
}

void pickle_tensor(struct pickle_writer *w, const char *name, const char *type, const float *values,
                   size_t rows, size_t cols)
{
    char key[24];
    snprintf(key, sizeof key, "%zu", w->n);
    write_storage(w, type, values, (rows ? rows : 1) * cols);
    pickle_text(w, name);
    op(w, "ctorch._utils\n_rebuild_tensor_v2\n((");
    pickle_text(w, "storage");
    op(w, "ctorch\n");
    op(w, type);
    op(w, "\n");
    pickle_text(w, key);
    pickle_text(w, "cpu");
    put_int(w, (rows ? rows : 1) * cols);
    op(w, "tQ");
    put_int(w, 0);
    for (int strides = 0; strides < 2; strides++) {
        if (rows)
            put_int(w, strides ? cols : rows);
        put_int(w, strides ? 1 : cols);
        op(w, rows ? "\x86" : "\x85");
    }
    op(w, "\x89h");
    bt_buf_append_char(&w->bytes, 0);
    op(w, ")RtR");
}

/* ---- Hugging Face's names ---- */

static void put_ours(struct pickle_writer *w, const tiny *t, size_t i, const char *prefix,
                     const char *type)
{
    const bt_param *p = &t->params.row[i];
    char name[96];
    snprintf(name, sizeof name, "%s%s", p->outside ? "" : prefix, p->name);
    pickle_tensor(w, name, type, t->w[i], p->matrix ? p->rows : 0, p->cols);
}

static void put_hugging_face(struct pickle_writer *w, const tiny *t, bool half)
{
    const char *type = half ? "HalfStorage" : "FloatStorage", *prefix = half ? "" : "transformer.";
    const float mask[16] = {1};
    for (size_t i = 0; i < t->params.n; i++)
        put_ours(w, t, i, prefix, type);
    if (half)
        return;
    pickle_tensor(w, "transformer.h.0.attn.bias", "ByteStorage", mask, 4, 4);
    pickle_tensor(w, "transformer.h.0.attn.masked_bias", "FloatStorage", mask, 0, 1);
    if (t->cfg.n_label == 0 && !t->cfg.untied)
        pickle_tensor(w, "lm_head.weight", type, t->w[BT_WTE], t->cfg.n_vocab, t->cfg.n_embd);
}

/* ---- The book's names ---- */

static void put_turned(struct pickle_writer *w, const char *name, const float *x, size_t rows,
                       size_t cols, size_t ld)
{
    float *turned = bt_alloc_array(rows * cols, sizeof *turned);
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < cols; c++)
            turned[c * rows + r] = x[r * ld + c];
    pickle_tensor(w, name, "FloatStorage", turned, cols, rows);
    bt_release(turned);
}

static void put_qkv(struct pickle_writer *w, const tiny *t, size_t block)
{
    static const char *const parts[] = {"query", "key", "value"};
    size_t C = t->cfg.n_embd;
    for (size_t k = 0; k < 3; k++) {
        char name[96];
        snprintf(name, sizeof name, "trf_blocks.%zu.att.W_%s.weight", block, parts[k]);
        put_turned(w, name, t->w[bt_block_index(block, BT_QKV_W)] + k * C, C, C, 3 * C);
        snprintf(name, sizeof name, "trf_blocks.%zu.att.W_%s.bias", block, parts[k]);
        pickle_tensor(w, name, "FloatStorage", t->w[bt_block_index(block, BT_QKV_B)] + k * C, 0, C);
    }
}

static void put_book_block(struct pickle_writer *w, const tiny *t, size_t block)
{
    static const struct {
        enum bt_block_param which;
        const char *name;
    } rest[] = {{BT_PROJ_W, "att.out_proj.weight"}, {BT_PROJ_B, "att.out_proj.bias"},
                {BT_FC_W, "ff.layers.0.weight"},    {BT_FC_B, "ff.layers.0.bias"},
                {BT_OUT_W, "ff.layers.2.weight"},   {BT_OUT_B, "ff.layers.2.bias"},
                {BT_LN1_W, "norm1.scale"},          {BT_LN1_B, "norm1.shift"},
                {BT_LN2_W, "norm2.scale"},          {BT_LN2_B, "norm2.shift"}};
    char name[96];
    float mask[16] = {0};
    snprintf(name, sizeof name, "trf_blocks.%zu.att.mask", block);
    pickle_tensor(w, name, "FloatStorage", mask, 4, 4);
    put_qkv(w, t, block);
    for (size_t i = 0; i < sizeof rest / sizeof *rest; i++) {
        size_t index = bt_block_index(block, rest[i].which);
        const bt_param *p = &t->params.row[index];
        snprintf(name, sizeof name, "trf_blocks.%zu.%s", block, rest[i].name);
        if (p->matrix)
            put_turned(w, name, t->w[index], p->rows, p->cols, p->cols);
        else
            pickle_tensor(w, name, "FloatStorage", t->w[index], 0, p->cols);
    }
}

static void put_book(struct pickle_writer *w, const tiny *t, bool head)
{
    const bt_config *c = &t->cfg;
    const float bias[4] = {0.5f, -0.25f, 0.125f, 1};
    pickle_tensor(w, "tok_emb.weight", "FloatStorage", t->w[BT_WTE], c->n_vocab, c->n_embd);
    pickle_tensor(w, "pos_emb.weight", "FloatStorage", t->w[BT_WPE], c->n_ctx, c->n_embd);
    for (size_t block = 0; block < c->n_layer; block++)
        put_book_block(w, t, block);
    pickle_tensor(w, "final_norm.scale", "FloatStorage", t->w[bt_last_index(c, BT_LNF_W)], 0,
                  c->n_embd);
    pickle_tensor(w, "final_norm.shift", "FloatStorage", t->w[bt_last_index(c, BT_LNF_B)], 0,
                  c->n_embd);
    pickle_tensor(w, "out_head.weight", "FloatStorage",
                  t->w[head ? bt_last_index(c, BT_SCORE) : bt_vocabulary_index(c)],
                  head ? c->n_label : c->n_vocab, c->n_embd);
    if (head)
        pickle_tensor(w, "out_head.bias", "FloatStorage", bias, 0, c->n_label);
}

void statedict_write(const tiny *t, const char *dir, enum statedict kind)
{
    struct pickle_writer w;
    pickle_begin(&w, dir);
    if (kind == STATE_BOOK || kind == STATE_BOOK_HEAD)
        put_book(&w, t, kind == STATE_BOOK_HEAD);
    else
        put_hugging_face(&w, t, kind == STATE_HALF);
    pickle_end(&w);
}
