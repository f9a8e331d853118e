/*
 * product.h - c = op(a) op(b) on a tile of packed.h, for factors that are used once: the products of
 * training. On a bfloat16 tile both factors are rounded and sums stay float32 (mixed precision:
 * Kalamkar et al. 2019, "A Study of BFLOAT16 for Deep Learning Training").
 */
#ifndef BT_PRODUCT_H
#define BT_PRODUCT_H

#include "kern/packed.h"

/* Bytes of scratch, 64-byte aligned, of products (M, K) (K, N) with any M. */
size_t bt_product_scratch(size_t K, size_t N);
/*
 * c (M, N) = op(a) op(b), or added to c; op transposes where ta, tb say so. t is a tile of float32 or
 * bfloat16. c is neither a nor b.
 */
void bt_product(const bt_tile *t, bt_mat c, bt_mat a, bool ta, bt_mat b, bool tb, bool add,
                void *scratch);

#endif
