/*
 * linear.c - a linear layer of a net: its weight is floats, or signed bytes that become floats for
 * the moment of use; an adapter beside it adds scale (x A^T) B^T, without the merged weight being
 * made.
 */
#include <string.h>

#include "kern/int8.h"
#include "model/run.h"

static bool has_adapter(const bt_net *net, size_t index)
{
    return net->lora && net->lora[index].a;
}

/* The weight without its adapter. */
static bt_mat base_weight(bt_run *r, const bt_net *net, bt_slice l)
{
    if (!net->quant || !net->quant[l.index].q)
        return bt_mat_of(net->w[l.index], l.in, l.out);
    const bt_byte_layer *q = &net->quant[l.index];
    bt_dequantise(r->dense, q->q, q->scale, l.in, l.out, true);
    return bt_mat_of(r->dense, l.in, l.out);
}

static bt_mat adapter_a(const bt_net *net, bt_slice l)
{
    return bt_mat_of(net->lora[l.index].a, net->rank, l.in);
}

/* The rows of B that belong to the slice's outputs. */
static bt_mat adapter_b(const bt_net *net, bt_slice l)
{
    return bt_mat_rows(bt_mat_of(net->lora[l.index].b, l.out, net->rank), l.first, l.n);
}

void bt_slice_forward(bt_run *r, const bt_net *net, bt_slice l, bt_mat y, bt_mat x)
{
    bt_mat w = bt_mat_cols(base_weight(r, net, l), l.first, l.n);
    bt_mill mill = {net->tile, r->product};
    bt_linear_forward(&mill, y, x, w, net->w[l.index + 1] + l.first);
    if (!has_adapter(net, l.index))
        return;
    bt_mat low = bt_mat_of(r->low, x.rows, net->rank);
    bt_gemm(low, x, false, adapter_a(net, l), true, 1, 0);
    bt_gemm(y, low, false, adapter_b(net, l), true, net->scale, 1);
}

static void adapter_backward(bt_run *r, const bt_net *net, bt_slice l, bt_mat dx, bt_mat dy,
                             bt_mat x, float *const *g)
{
    size_t n = bt_params_count(&net->cfg);
    bt_mat low = bt_mat_of(r->low, x.rows, net->rank), dlow = bt_mat_of(r->dlow, x.rows, net->rank);
    bt_mat da = bt_mat_of(g[n + l.index], net->rank, l.in);
    bt_mat db = bt_mat_rows(bt_mat_of(g[2 * n + l.index], l.out, net->rank), l.first, l.n);
    bt_gemm(low, x, false, adapter_a(net, l), true, 1, 0);
    bt_gemm(db, dy, true, low, false, net->scale, 1);
    bt_gemm(dlow, dy, false, adapter_b(net, l), false, net->scale, 0);
    bt_gemm(da, dlow, true, x, false, 1, 1);
    if (dx.data)
        bt_gemm(dx, dlow, false, adapter_a(net, l), false, 1, 1);
}

void bt_slice_backward(bt_run *r, const bt_net *net, bt_slice l, bt_mat dx, bool add, bt_mat dy,
                       bt_mat x, float *const *g)
{
    bt_mat w = bt_mat_cols(base_weight(r, net, l), l.first, l.n);
    bt_mat dw = bt_mat_cols(bt_mat_of(g[l.index], l.in, l.out), l.first, l.n);
    float *db = g[l.index + 1] ? g[l.index + 1] + l.first : NULL;
    bt_mill mill = {net->tile, r->product};
    bt_linear_backward(&mill, dx, add, dw, db, dy, x, w);
    if (has_adapter(net, l.index))
        adapter_backward(r, net, l, dx, dy, x, g);
}

/* ---- The whole weight at once ---- */

bt_mat bt_slice_dense(bt_run *r, const bt_net *net, bt_slice l)
{
    bt_mat w = base_weight(r, net, l);
    if (!has_adapter(net, l.index))
        return w;
    if (w.data != r->dense)
        memcpy(r->dense, w.data, l.in * l.out * sizeof *r->dense);
    w.data = r->dense;
    bt_gemm(w, adapter_a(net, l), true, bt_mat_of(net->lora[l.index].b, l.out, net->rank), true,
            net->scale, 1);
    return w;
}

bt_mat bt_slice_dense_gradient(bt_run *r, const bt_net *net, bt_slice l, float *const *g)
{
    if (!has_adapter(net, l.index))
        return bt_mat_of(g[l.index], l.in, l.out);
    memset(r->ddense, 0, l.in * l.out * sizeof *r->ddense);
    return bt_mat_of(r->ddense, l.in, l.out);
}

void bt_slice_project(bt_run *r, const bt_net *net, bt_slice l, float *const *g)
{
    if (!has_adapter(net, l.index))
        return;
    size_t n = bt_params_count(&net->cfg);
    bt_mat dw = bt_mat_of(r->ddense, l.in, l.out);
    bt_mat b = bt_mat_of(net->lora[l.index].b, l.out, net->rank);
    bt_gemm(bt_mat_of(g[n + l.index], net->rank, l.in), b, true, dw, true, net->scale, 1);
    bt_gemm(bt_mat_of(g[2 * n + l.index], l.out, net->rank), dw, true, adapter_a(net, l), true,
            net->scale, 1);
}
