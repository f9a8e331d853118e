/* slots.c - the tensors that train, and LoRA pairs (Hu et al. 2021) among them. */
#include "train/slots.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/rng.h"
#include "kern/kern.h"

static bool is_pair(const bt_param *p, const bolter_train_options *o)
{
    return p->lora && o->lora_rank > 0;
}

/* Rate of a tensor: the head and the top block 1, each block below it layer_decay times less. */
static float lr_scale(const bt_param *p, const bt_params *params, const bolter_train_options *o)
{
    size_t top = params->row[params->n - 1].layer - 2;
    return p->layer >= top ? 1.0f : powf(o->layer_decay, (float)(top - p->layer));
}

static void add_slot(bt_slots *s, float *p, const float *g, size_t n, const bt_param *param,
                     const bt_params *params, const bolter_train_options *o)
{
    s->slot[s->n++] = (bt_slot){.p = p,
                                .g = g,
                                .n = n,
                                .lr_scale = lr_scale(param, params, o),
                                .decay = o->decay_all || param->matrix,
                                .name = param->name};
    s->n_values += n;
}

/* Lay the pairs out in block and fill A with N(0, 1/in), as B = 0 keeps the model unchanged. */
static void make_pairs(bt_slots *s, const bt_params *params, const bool *trains,
                       const bolter_train_options *o)
{
    bt_rng rng = {.seed = o->seed, .stream = 2};
    float *at = s->block;
    for (size_t i = 0; i < params->n; i++) {
        const bt_param *p = &params->row[i];
        if (!trains[i] || !is_pair(p, o))
            continue;
        size_t n_a = s->rank * p->rows, n_b = p->cols * s->rank;
        bt_pair *pair = &s->pair[s->n_pair++];
        *pair = (bt_pair){i, at, at + n_a, at + n_a + n_b, at + 2 * n_a + n_b};
        at += 2 * (n_a + n_b);
        for (size_t k = 0; k < n_a; k++)
            pair->a[k] = (float)(bt_rng_normal(&rng) / sqrt((double)p->rows));
        memset(pair->b, 0, n_b * sizeof *pair->b);
        add_slot(s, pair->a, pair->da, n_a, p, params, o);
        add_slot(s, pair->b, pair->db, n_b, p, params, o);
    }
}

static bolter_status make_moments(bt_slots *s, bolter_error *err)
{
    s->moments = bt_alloc_array(s->n_values, 3 * sizeof *s->moments);
    if (!s->moments)
        return bt_fail(err, BOLTER_E_NOMEM, "trainer: no memory for the moments of %zu parameters",
                       s->n_values);
    float *at = s->moments;
    for (size_t i = 0; i < s->n; i++) {
        bt_slot *t = &s->slot[i];
        t->m = at;
        t->v = at + t->n;
        t->kept = at + 2 * t->n;
        at += 3 * t->n;
    }
    return BOLTER_OK;
}

bolter_status bt_slots_init(bt_slots *s, const bt_params *params, const bool *trains,
                            float *const *value, float *const *g, const bolter_train_options *o,
                            bolter_error *err)
{
    size_t n_block = 0;
    *s = (bt_slots){.rank = (size_t)o->lora_rank};
    if (s->rank > 0)
        s->scale = o->lora_alpha / (float)s->rank;
    for (size_t i = 0; i < params->n; i++)
        if (trains[i] && is_pair(&params->row[i], o))
            n_block += 2 * s->rank * (params->row[i].rows + params->row[i].cols);
    s->slot = bt_alloc_array(2 * params->n, sizeof *s->slot);
    s->pair = bt_alloc_array(params->n, sizeof *s->pair);
    s->block = bt_alloc_aligned(n_block, sizeof *s->block);
    if (!s->slot || !s->pair || !s->block)
        return bt_fail(err, BOLTER_E_NOMEM, "trainer: no memory");
    make_pairs(s, params, trains, o);
    for (size_t i = 0; i < params->n; i++)
        if (trains[i] && !is_pair(&params->row[i], o))
            add_slot(s, value[i], g[i], bt_param_size(&params->row[i]), &params->row[i], params, o);
    return make_moments(s, err);
}

void bt_slots_clear(bt_slots *s)
{
    bt_release(s->slot);
    bt_release(s->pair);
    bt_release(s->block);
    bt_release(s->moments);
    *s = (bt_slots){0};
}

void bt_slots_project(bt_slots *s, const bt_params *params, float *const *g)
{
    for (size_t i = 0; i < s->n_pair; i++) {
        const bt_pair *pair = &s->pair[i];
        const bt_param *p = &params->row[pair->index];
        bt_mat dw = bt_mat_of(g[pair->index], p->rows, p->cols);
        bt_gemm(bt_mat_of(pair->da, s->rank, p->rows), bt_mat_of(pair->b, p->cols, s->rank), true, dw,
                true, s->scale, 0);
        bt_gemm(bt_mat_of(pair->db, p->cols, s->rank), dw, true, bt_mat_of(pair->a, s->rank, p->rows),
                true, s->scale, 0);
    }
}

void bt_slots_merge(const bt_slots *s, const bt_params *params, const float *const *base,
                    float *const *effective)
{
    for (size_t i = 0; i < s->n_pair; i++) {
        const bt_pair *pair = &s->pair[i];
        const bt_param *p = &params->row[pair->index];
        float *w = effective[pair->index];
        memcpy(w, base[pair->index], bt_param_size(p) * sizeof *w);
        bt_gemm(bt_mat_of(w, p->rows, p->cols), bt_mat_of(pair->a, s->rank, p->rows), true,
                bt_mat_of(pair->b, p->cols, s->rank), true, s->scale, 1);
    }
}
