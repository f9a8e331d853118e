/*
 * weights.c - the values a trainer works with. What is frozen is read where the model has it; what
 * trains, or is new, lies in a block of the trainer's own; frozen layers may be signed bytes.
 */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/rng.h"
#include "kern/int8.h"
#include "kern/kern.h"
#include "train/trainer.h"

/* ---- The values of its own ---- */

static bool model_has(const bolter_trainer *t, size_t i)
{
    if (t->o.random_init || i >= t->m->params.n)
        return false;
    const bt_param *ours = &t->params.row[i], *its = &t->m->params.row[i];
    return its->rows == ours->rows && strcmp(its->name, ours->name) == 0;
}

static size_t own_values(const bolter_trainer *t, size_t i)
{
    if (i >= t->params.n || t->trained[i] > 0)
        return t->trained[i];
    return model_has(t, i) ? 0 : bt_param_size(&t->params.row[i]);
}

static void fill(float *x, size_t n, float value)
{
    for (size_t i = 0; i < n; i++)
        x[i] = value;
}

static void fill_normal(float *x, size_t n, double sd, bt_rng *rng)
{
    for (size_t i = 0; i < n; i++)
        x[i] = (float)(sd * bt_rng_normal(rng));
}

static void fill_uniform(float *x, size_t n, double bound, bt_rng *rng)
{
    for (size_t i = 0; i < n; i++)
        x[i] = (float)(bound * (2 * bt_rng_uniform(rng) - 1));
}

/* GPT-2's initialisation (Radford et al. 2019, section 2.3). */
static void gpt2_matrix(float *x, const bt_param *p, const bt_config *c, bt_rng *rng)
{
    bool residual = p->lora && strstr(p->name, "c_proj");
    double sd = residual ? 0.02 / sqrt(2.0 * (double)c->n_layer) : 0.02;
    fill_normal(x, bt_param_size(p), sd, rng);
}

/*
 * What PyTorch gives a matrix, or the bias after it, before anyone asks: embeddings N(0, 1), of a linear
 * layer both uniform within 1 / sqrt(inputs) (torch.nn.Embedding, torch.nn.Linear). Queries, keys and
 * values begin without a bias, as in Raschka's book, whose layers for them have none.
 */
static void torch_param(float *x, const bt_params *params, size_t i, bt_rng *rng)
{
    const bt_param *p = &params->row[i], *w = p->matrix ? p : p - 1;
    size_t n = bt_param_size(p), inputs = w->lora ? w->rows : w->cols;
    if (p->layer == 0)
        fill_normal(x, n, 1, rng);
    else if (strstr(p->name, "c_attn.bias"))
        fill(x, n, 0);
    else
        fill_uniform(x, n, 1 / sqrt((double)inputs), rng);
}

static void random_param(const bolter_trainer *t, size_t i, bt_rng *rng)
{
    const bt_param *p = &t->params.row[i];
    float *x = t->value[i];
    bool norm = strstr(p->name, "ln_");
    if (norm || (!p->matrix && !t->torch_init))
        fill(x, bt_param_size(p), norm && strstr(p->name, ".weight") ? 1 : 0);
    else if (t->torch_init)
        torch_param(x, &t->params, i, rng);
    else
        gpt2_matrix(x, p, &t->cfg, rng);
}

static void fill_parameters(bolter_trainer *t)
{
    bt_rng rng = {.seed = t->o.seed, .stream = 1};
    for (size_t i = 0; i < t->params.n; i++) {
        const bt_param *p = &t->params.row[i];
        t->w[i] = t->value[i] ? t->value[i] : t->m->w[i];
        if (!t->value[i])
            continue;
        if (!model_has(t, i)) {
            random_param(t, i, &rng);
            continue;
        }
        memcpy(t->value[i], t->m->w[i], bt_param_size(p) * sizeof *t->block);
        bt_model_forget(t->m, i);
    }
}

/* A is N(0, 1/in), B zero: the model stays as it is until the first step. */
static void fill_adapters(bolter_trainer *t)
{
    bt_rng rng = {.seed = t->o.seed, .stream = 2};
    size_t n = t->params.n;
    for (size_t i = 0; i < n; i++) {
        double sd = 1 / sqrt((double)t->params.row[i].rows);
        for (size_t k = 0; k < t->trained[n + i]; k++)
            t->value[n + i][k] = (float)(sd * bt_rng_normal(&rng));
        if (t->trained[n + i] > 0)
            t->lora[i] = (bt_lora){t->value[n + i], t->value[2 * n + i]};
    }
}

static bolter_status make_values(bolter_trainer *t, bolter_error *err)
{
    size_t n_own = 0, n = t->params.n, at = 0;
    for (size_t i = 0; i < 3 * n; i++)
        n_own += own_values(t, i);
    t->block = bt_alloc_array(n_own, sizeof *t->block);
    t->value = bt_alloc_array(3 * n, sizeof *t->value);
    t->w = bt_alloc_array(n, sizeof *t->w);
    t->lora = bt_alloc_array(n, sizeof *t->lora);
    if (!t->block || !t->value || !t->w || !t->lora)
        return bt_fail(err, BOLTER_E_NOMEM, "trainer: no memory for %zu weights", n_own);
    for (size_t i = 0; i < 3 * n; i++) {
        t->value[i] = own_values(t, i) > 0 ? t->block + at : NULL;
        at += own_values(t, i);
    }
    fill_parameters(t);
    fill_adapters(t);
    return BOLTER_OK;
}

/* ---- Signed bytes ---- */

static bolter_status quantise(bolter_trainer *t, bolter_error *err)
{
    size_t n_bytes = 0, n_scales = 0, bytes = 0, scales = 0;
    for (size_t i = 0; i < t->params.n; i++) {
        n_bytes += t->params.row[i].lora ? bt_param_size(&t->params.row[i]) : 0;
        n_scales += t->params.row[i].lora ? t->params.row[i].cols : 0;
    }
    t->bytes = bt_alloc(n_bytes);
    t->scales = bt_alloc_array(n_scales, sizeof *t->scales);
    t->quant = bt_alloc_array(t->params.n, sizeof *t->quant);
    if (!t->bytes || !t->scales || !t->quant)
        return bt_fail(err, BOLTER_E_NOMEM, "trainer: no memory for %zu bytes", n_bytes);
    for (size_t i = 0; i < t->params.n; i++) {
        const bt_param *p = &t->params.row[i];
        if (!p->lora)
            continue;
        t->quant[i] = (bt_byte_layer){t->bytes + bytes, t->scales + scales};
        bt_quantise(t->bytes + bytes, t->scales + scales, t->w[i], p->rows, p->cols, true);
        if (!t->value[i])
            bt_model_forget(t->m, i);
        t->w[i] = NULL;
        bytes += bt_param_size(p);
        scales += p->cols;
    }
    return BOLTER_OK;
}

/* ---- All of it ---- */

bolter_status bt_weights_make(bolter_trainer *t, bolter_error *err)
{
    bolter_status rc = make_values(t, err);
    if (rc == BOLTER_OK && t->quantised)
        rc = quantise(t, err);
    bool adapters = t->o.lora_rank > 0;
    t->net = (bt_net){.cfg = t->cfg,
                      .tile = t->net.tile,
                      .w = t->w,
                      .quant = t->quant,
                      .lora = adapters ? t->lora : NULL,
                      .rank = adapters ? (size_t)t->o.lora_rank : 0,
                      .scale = adapters ? t->o.lora_alpha / (float)t->o.lora_rank : 0};
    return rc;
}

void bt_weights_clear(bolter_trainer *t)
{
    bt_release(t->block);
    bt_release(t->value);
    bt_release(t->w);
    bt_release(t->lora);
    bt_release(t->bytes);
    bt_release(t->scales);
    bt_release(t->quant);
}

void bt_weights_merged(const bolter_trainer *t, size_t i, float *x)
{
    const bt_param *p = &t->params.row[i];
    if (t->w[i])
        memcpy(x, t->w[i], bt_param_size(p) * sizeof *x);
    else
        bt_dequantise(x, t->quant[i].q, t->quant[i].scale, p->rows, p->cols, true);
    if (t->lora[i].a)
        bt_gemm(bt_mat_of(x, p->rows, p->cols), bt_mat_of(t->lora[i].a, t->net.rank, p->rows), true,
                bt_mat_of(t->lora[i].b, p->cols, t->net.rank), true, t->net.scale, 1);
}
