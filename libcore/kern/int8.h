/*
 * int8.h - weights as signed bytes with one scale per output channel: w = q * scale, q in -127..127.
 * In a file, tensor NAME of type I8 has a companion NAME_scale of type F32.
 */
#ifndef BT_INT8_H
#define BT_INT8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Quantise w (rows, cols) to q and scale; the channels are the columns (scale has cols values: a
 * linear layer's outputs) or the rows (an embedding's tokens).
 */
void bt_quantise(int8_t *q, float *scale, const float *w, size_t rows, size_t cols, bool by_column);
/* And back. */
void bt_dequantise(float *w, const int8_t *q, const float *scale, size_t rows, size_t cols,
                   bool by_column);

#endif
