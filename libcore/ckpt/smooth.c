/*
 * smooth.c - make a model easier to quantise without changing what it computes. The input of a linear
 * layer behind a layer norm, y = (g h + b) w + c, often has a few channels much larger than the rest,
 * which cost all others their precision. So b w moves into c, and each channel's gain is divided by a
 * factor that its row of w is multiplied by, so that both have about the same share of the spread
 * (Xiao et al. 2023, "SmoothQuant", equation 4 with alpha 0.5; h has unit variance, so the gain stands
 * for the largest activation and no texts are needed).
 */
#include "ckpt/smooth.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"

/* Smallest magnitude that counts, so that dead channels stay as they are. */
#define LEAST 1e-3f

static float largest(const float *w, size_t n)
{
    float max = 0;
    for (size_t i = 0; i < n; i++)
        max = fmaxf(max, fabsf(w[i]));
    return max;
}

/* Factors of the channels, (C), with a geometric mean of 1. */
static void factors(float *factor, const float *gain, const float *w, size_t C, size_t N)
{
    double sum = 0;
    for (size_t c = 0; c < C; c++) {
        factor[c] = sqrtf(fmaxf(fabsf(gain[c]), LEAST) / fmaxf(largest(w + c * N, N), LEAST));
        sum += log((double)factor[c]);
    }
    for (size_t c = 0; c < C; c++)
        factor[c] = (float)((double)factor[c] / exp(sum / (double)C));
}

static void smooth_layer(float *gain, float *bias, float *w, float *c, size_t C, size_t N,
                         float *factor)
{
    factors(factor, gain, w, C, N);
    for (size_t j = 0; j < N; j++) {
        double moved = (double)c[j];
        for (size_t i = 0; i < C; i++)
            moved += (double)bias[i] * (double)w[i * N + j];
        c[j] = (float)moved;
    }
    for (size_t i = 0; i < C; i++) {
        gain[i] /= factor[i];
        bias[i] = 0;
        for (size_t j = 0; j < N; j++)
            w[i * N + j] *= factor[i];
    }
}

bolter_status bt_smooth(bt_smoothed *out, const bt_params *params, const bt_config *cfg,
                        const float *const *w, bolter_error *err)
{
    size_t C = cfg->n_embd, end = bt_last_index(cfg, BT_LNF_W);
    *out = (bt_smoothed){.w = bt_alloc_array(params->n, sizeof *out->w),
                         .block = bt_alloc_aligned(params->n_values, sizeof *out->block)};
    float *factor = bt_alloc_array(C, sizeof *factor);
    if (!out->w || !out->block || !factor) {
        bt_release(factor);
        bt_smoothed_clear(out);
        return bt_fail(err, BOLTER_E_NOMEM, "model: no memory to quantise %zu weights", params->n_values);
    }
    for (size_t i = 0; i < params->n; i++) {
        bool block = i >= BT_BLOCKS && i < end;
        float *copy = out->block + params->row[i].offset;
        if (block)
            memcpy(copy, w[i], bt_param_size(&params->row[i]) * sizeof *copy);
        out->w[i] = block ? copy : w[i];
    }
    for (size_t l = 0; l < cfg->n_layer; l++) {
        float *at[BT_PER_LAYER];
        for (int i = 0; i < BT_PER_LAYER; i++)
            at[i] = out->block + params->row[bt_block_index(l, (enum bt_block_param)i)].offset;
        smooth_layer(at[BT_LN1_W], at[BT_LN1_B], at[BT_QKV_W], at[BT_QKV_B], C, 3 * C, factor);
        smooth_layer(at[BT_LN2_W], at[BT_LN2_B], at[BT_FC_W], at[BT_FC_B], C, cfg->n_inner, factor);
    }
    bt_release(factor);
    return BOLTER_OK;
}

void bt_smoothed_clear(bt_smoothed *s)
{
    bt_release(s->w);
    bt_release(s->block);
    *s = (bt_smoothed){0};
}
