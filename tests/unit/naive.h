/*
 * naive.h - the kernels of kern.h again, written from their formulas: double precision, plain loops,
 * nothing shared, dense row-major arrays. Slow; the fast ones are compared with them.
 *
 * Letters as in kern.h. Backward functions SET every result.
 */
#ifndef NAIVE_H
#define NAIVE_H

#include <stdbool.h>
#include <stddef.h>

#include "kern/kern.h"

/* c (M,N) = alpha * op(a) op(b) + beta * c; op(a) is (M,K), op(b) is (K,N). */
struct naive_product {
    size_t M, N, K;
    bool ta, tb;
    double alpha, beta;
};
void naive_gemm(const struct naive_product *p, double *c, const double *a, const double *b);

/* y (N,O) = x (N,I) w (I,O) + b (O); b may be NULL. */
void naive_linear(double *y, const double *x, const double *w, const double *b, size_t N, size_t I,
                  size_t O);
void naive_linear_backward(double *dx, double *dw, double *db, const double *dy, const double *x,
                           const double *w, size_t N, size_t I, size_t O);

/* y (N,C) from x (N,C), gain w and bias b (C). */
void naive_layernorm(double *y, const double *x, const double *w, const double *b, size_t N, size_t C,
                     double eps);
void naive_layernorm_backward(double *dx, double *dw, double *db, const double *dy, const double *x,
                              const double *w, size_t N, size_t C, double eps);

double naive_gelu(double x);
double naive_gelu_slope(double x);

/* As bt_attention_forward() and backward(), without what they keep; scratch is not used. */
void naive_attention(const bt_attention *a, double *out, double *lse, const double *q,
                     const double *kv);
void naive_attention_backward(const bt_attention *a, double *dq, double *dkv, const double *dout,
                              const double *q, const double *kv);

double naive_xent(double *dlogits, const double *logits, size_t n, size_t label, double scale);
void naive_adamw(double *p, const double *g, double *m, double *v, size_t n, const bt_adamw *o);

#endif
