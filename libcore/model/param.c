/* param.c - the table of a GPT-2's parameters. */
#include "model/param.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"

size_t bt_block_index(size_t block, enum bt_block_param which)
{
    return BT_BLOCKS + block * BT_PER_LAYER + which;
}

size_t bt_last_index(const bt_config *c, enum bt_last_param which)
{
    return BT_BLOCKS + c->n_layer * BT_PER_LAYER + which;
}

static bool has_lm_head(const bt_config *c)
{
    return c->n_label == 0 && c->untied;
}

size_t bt_params_count(const bt_config *c)
{
    size_t head = c->n_label == 0 ? has_lm_head(c) : c->head_bias ? 2 : 1;
    return bt_last_index(c, BT_SCORE) + head;
}

size_t bt_vocabulary_index(const bt_config *c)
{
    return has_lm_head(c) ? bt_last_index(c, BT_LM_HEAD) : BT_WTE;
}

size_t bt_param_size(const bt_param *p)
{
    return p->rows * p->cols;
}

void bt_param_file_name(char name[96], const bt_param *p, const char *suffix)
{
    snprintf(name, 96, "%s%s%s", p->outside ? "" : "transformer.", p->name, suffix);
}

/* Append a row; rows 0 means a vector. */
static bt_param *add(bt_params *p, size_t layer, size_t rows, size_t cols)
{
    bt_param *row = &p->row[p->n++];
    *row = (bt_param){.rows = rows ? rows : 1, .cols = cols, .layer = layer, .offset = p->n_values,
                      .matrix = rows > 0};
    p->n_values += row->rows * cols;
    return row;
}

static void name_row(bt_param *row, const char *name)
{
    snprintf(row->name, sizeof row->name, "%s", name);
}

static void add_block(bt_params *p, size_t block, const bt_config *c)
{
    size_t C = c->n_embd, I = c->n_inner;
    const struct {
        const char *name;
        size_t rows, cols;
        bool lora;
    } tensors[BT_PER_LAYER] = {
        [BT_LN1_W] = {"ln_1.weight", 0, C, false},
        [BT_LN1_B] = {"ln_1.bias", 0, C, false},
        [BT_QKV_W] = {"attn.c_attn.weight", C, 3 * C, true},
        [BT_QKV_B] = {"attn.c_attn.bias", 0, 3 * C, false},
        [BT_PROJ_W] = {"attn.c_proj.weight", C, C, true},
        [BT_PROJ_B] = {"attn.c_proj.bias", 0, C, false},
        [BT_LN2_W] = {"ln_2.weight", 0, C, false},
        [BT_LN2_B] = {"ln_2.bias", 0, C, false},
        [BT_FC_W] = {"mlp.c_fc.weight", C, I, true},
        [BT_FC_B] = {"mlp.c_fc.bias", 0, I, false},
        [BT_OUT_W] = {"mlp.c_proj.weight", I, C, true},
        [BT_OUT_B] = {"mlp.c_proj.bias", 0, C, false},
    };
    for (size_t i = 0; i < BT_PER_LAYER; i++) {
        bt_param *row = add(p, 1 + block, tensors[i].rows, tensors[i].cols);
        row->lora = tensors[i].lora;
        snprintf(row->name, sizeof row->name, "h.%zu.%s", block, tensors[i].name);
    }
}

/* A matrix (rows, n_embd) that is indexed by tokens or positions. */
static bt_param *add_by_row(bt_params *p, size_t layer, size_t rows, const bt_config *c)
{
    bt_param *row = add(p, layer, rows, c->n_embd);
    row->by_row = true;
    return row;
}

static void add_head(bt_params *p, const bt_config *c)
{
    size_t first = p->n, L = c->n_layer;
    if (has_lm_head(c))
        name_row(add_by_row(p, L + 1, c->n_vocab, c), "lm_head.weight");
    if (c->n_label > 0)
        name_row(add(p, L + 2, c->n_label, c->n_embd), "score.weight");
    if (c->n_label > 0 && c->head_bias)
        name_row(add(p, L + 2, 0, c->n_label), "score.bias");
    for (size_t i = first; i < p->n; i++)
        p->row[i].outside = true;
}

bolter_status bt_params_init(bt_params *p, const bt_config *c, bolter_error *err)
{
    *p = (bt_params){0};
    size_t n = bt_params_count(c);
    p->row = bt_alloc_array(n, sizeof *p->row);
    if (!p->row)
        return bt_fail(err, BOLTER_E_NOMEM, "model: no memory for %zu parameters", n);
    name_row(add_by_row(p, 0, c->n_vocab, c), "wte.weight");
    name_row(add_by_row(p, 0, c->n_ctx, c), "wpe.weight");
    for (size_t l = 0; l < c->n_layer; l++)
        add_block(p, l, c);
    name_row(add(p, c->n_layer + 1, 0, c->n_embd), "ln_f.weight");
    name_row(add(p, c->n_layer + 1, 0, c->n_embd), "ln_f.bias");
    add_head(p, c);
    return BOLTER_OK;
}

void bt_params_clear(bt_params *p)
{
    bt_release(p->row);
    *p = (bt_params){0};
}

size_t bt_params_find(const bt_params *p, const char *name)
{
    static const char prefix[] = "transformer.";
    if (strncmp(name, prefix, sizeof prefix - 1) == 0)
        name += sizeof prefix - 1;
    for (size_t i = 0; i < p->n; i++)
        if (strcmp(p->row[i].name, name) == 0)
            return i;
    return p->n;
}

bolter_status bt_config_check(const bt_config *c, const char *path, bolter_error *err)
{
    const struct {
        const char *name;
        size_t value, max;
    } fields[] = {
        {"n_positions", c->n_ctx, 1u << 17},  {"vocab_size", c->n_vocab, 1u << 22},
        {"n_embd", c->n_embd, 1u << 15},      {"n_layer", c->n_layer, 512},
        {"n_head", c->n_head, c->n_embd},     {"n_inner", c->n_inner, 1u << 18},
    };
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if (fields[i].value < 1 || fields[i].value > fields[i].max)
            return bt_fail(err, BOLTER_E_FORMAT, "%s: %s is %zu, expected 1 to %zu", path,
                           fields[i].name, fields[i].value, fields[i].max);
    if (c->n_embd % c->n_head != 0)
        return bt_fail(err, BOLTER_E_FORMAT, "%s: n_embd %zu is no multiple of n_head %zu", path,
                       c->n_embd, c->n_head);
    if (!(c->eps > 0 && c->eps < 1))
        return bt_fail(err, BOLTER_E_FORMAT, "%s: layer_norm_epsilon is %g, expected 0 to 1", path,
                       (double)c->eps);
    if (c->n_label > BT_MAX_LABELS)
        return bt_fail(err, BOLTER_E_FORMAT, "%s: %zu labels, expected at most %d", path, c->n_label,
                       BT_MAX_LABELS);
    return BOLTER_OK;
}
