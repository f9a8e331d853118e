/*
 * product.c - products of matrices that change all the time, on the tiles of packed.h: both factors
 * are brought into the tile's order, and into its number format, for one product alone.
 *
 * A tile reads words of four bytes: a float, or two bfloat16 that follow each other along K. Words of
 * a row lie in pieces of 16, and 32 columns' words in a row of a panel.
 */
#include "kern/product.h"

#include <string.h>

#include "kern/vector.h"

#define WORDS      (BT_PIECE / 4) /* of a row that lie together */
#define ROWS_BYTES ((size_t)256 << 10) /* converted rows that wait for their panels */
#define LEAST_ROWS (2 * BT_TILE_ROWS)

static size_t padded(size_t n, size_t to)
{
    return (n + to - 1) / to * to;
}

/* Values in a word of a row, and of a panel: not every instruction set narrows both. */
static size_t row_values(const bt_tile *t)
{
    return t->value_bytes == sizeof(uint16_t) ? 2 : 1;
}

static size_t panel_values(const bt_tile *t)
{
    return t->precision == BT_BFLOAT16 ? 2 : 1;
}

/* Words of a whole row; of a column of a panel. */
static size_t row_words(const bt_tile *t, size_t K)
{
    return padded(padded(K, 4) / row_values(t), WORDS);
}

static size_t panel_words(const bt_tile *t, size_t K)
{
    return padded(K, 4) / panel_values(t);
}

/* ---- Words ---- */

static inline uint32_t bits_of(float f)
{
    uint32_t u;
    memcpy(&u, &f, sizeof u);
    return u;
}

/* To the nearest bfloat16, ties to even; NaN stays NaN. */
static inline uint32_t narrow(float f)
{
    uint32_t u = bits_of(f), rounded = u + 0x7fffU + (u >> 16 & 1);
    return ((u & 0x7fffffffU) > 0x7f800000U ? u | 0x400000U : rounded) >> 16;
}

/* Words of a run of values along K. */
BT_CLONES
static void words_along(uint32_t *to, const float *x, size_t n)
{
    for (size_t i = 0; i < n / 2; i++)
        to[i] = narrow(x[2 * i]) | narrow(x[2 * i + 1]) << 16;
    if (n % 2)
        to[n / 2] = narrow(x[n - 1]);
}

/* Words of n neighbours across K, where the next along K is in another row; NULL: there is none. */
BT_CLONES
static void words_across(uint32_t *to, const float *x, const float *next, size_t n)
{
    for (size_t i = 0; next && i < n; i++)
        to[i] = narrow(x[i]) | narrow(next[i]) << 16;
    for (size_t i = 0; !next && i < n; i++)
        to[i] = narrow(x[i]);
}

/* Row w of words of the matrix (K, n), whose neighbours in memory lie across K. */
static void words_of_rows(uint32_t *to, size_t values, bt_mat m, size_t w, size_t first, size_t n)
{
    size_t k = w * values;
    if (k >= m.rows)
        memset(to, 0, n * sizeof *to);
    else if (values == 1)
        memcpy(to, m.data + k * m.stride + first, n * sizeof *to);
    else
        words_across(to, m.data + k * m.stride + first,
                     k + 1 < m.rows ? m.data + (k + 1) * m.stride + first : NULL, n);
}

/* Words of a piece from value k on of a row whose neighbours lie along K. */
static void words_of_piece(uint32_t to[WORDS], size_t values, const float *row, size_t k, size_t K)
{
    size_t n = K - k < WORDS * values ? K - k : WORDS * values;
    if (n < WORDS * values)
        memset(to, 0, WORDS * sizeof *to);
    if (values == 1)
        memcpy(to, row + k, n * sizeof *to);
    else
        words_along(to, row + k, n);
}

/* ---- Panels of b ---- */

/* b (K, N), or its transpose (N, K): the panel from column n on. */
static void pack_rows(uint32_t *panel, const bt_tile *t, bt_mat b, size_t n)
{
    size_t cols = b.cols - n < BT_PANEL ? b.cols - n : BT_PANEL, words = panel_words(t, b.rows);
    for (size_t w = 0; w < words; w++, panel += BT_PANEL) {
        words_of_rows(panel, panel_values(t), b, w, n, cols);
        memset(panel + cols, 0, (BT_PANEL - cols) * sizeof *panel);
    }
}

BT_CLONES
static void transpose_piece(uint32_t *to, uint32_t from[BT_PANEL][WORDS], size_t words)
{
    for (size_t w = 0; w < words; w++)
        for (size_t i = 0; i < BT_PANEL; i++)
            to[w * BT_PANEL + i] = from[i][w];
}

static void pack_columns(uint32_t *panel, const bt_tile *t, bt_mat b, size_t n)
{
    uint32_t piece[BT_PANEL][WORDS] = {{0}};
    size_t cols = b.rows - n < BT_PANEL ? b.rows - n : BT_PANEL, words = panel_words(t, b.cols);
    for (size_t w = 0; w < words; w += WORDS) {
        for (size_t i = 0; i < cols; i++)
            words_of_piece(piece[i], panel_values(t), b.data + (n + i) * b.stride,
                           w * panel_values(t), b.cols);
        transpose_piece(panel + w * BT_PANEL, piece, words - w < WORDS ? words - w : WORDS);
    }
}

/* ---- Rows of a ---- */

/* Rows first .. first + n - 1 of the transpose of a (K, M), in groups as a tile takes them. */
static void convert_columns(uint32_t *to, const bt_tile *t, bt_mat a, size_t first, size_t n,
                            size_t group, uint32_t *across)
{
    size_t words = row_words(t, a.rows);
    for (size_t w = 0; w < words; w += WORDS) {
        for (size_t j = 0; j < WORDS; j++)
            words_of_rows(across + j * n, row_values(t), a, w + j, first, n);
        for (size_t i = 0; i < n; i++) {
            size_t g = i / group * group, in_group = n - g < group ? n - g : group;
            uint32_t *piece = to + g * words + w * in_group + (i - g) * WORDS;
            for (size_t j = 0; j < WORDS; j++)
                piece[j] = across[j * n + i];
        }
    }
}

static void convert_rows(uint32_t *to, const bt_tile *t, bt_mat a, size_t first, size_t n, size_t group)
{
    size_t words = row_words(t, a.cols);
    for (size_t g = 0; g < n; g += group)
        t->convert(to + g * words, NULL, a.data + (first + g) * a.stride, a.stride,
                   n - g < group ? n - g : group, a.cols);
}

/* ---- The product ---- */

static size_t most_rows(size_t words)
{
    size_t rows = ROWS_BYTES / (words * sizeof(uint32_t));
    return rows < LEAST_ROWS ? LEAST_ROWS : rows;
}

static size_t panels_bytes(size_t K, size_t N)
{
    return padded(K, 4) * padded(N, BT_PANEL) * sizeof(float);
}

static size_t rows_bytes(size_t K)
{
    size_t row = padded(padded(K, 4), WORDS) * sizeof(float), least = LEAST_ROWS * row;
    return padded(least > ROWS_BYTES ? least : ROWS_BYTES, BT_PIECE);
}

size_t bt_product_scratch(size_t K, size_t N)
{
    return panels_bytes(K, N) + 2 * rows_bytes(K);
}

struct rows {
    const uint32_t *at;
    size_t n, group, words; /* words: of one */
};

static void multiply(const bt_tile *t, bt_mat c, const struct rows *r, const uint32_t *panel, size_t K,
                     bool add)
{
    static const float no_bias[BT_PANEL];
    for (size_t j = 0; j < c.cols; j += BT_PANEL, panel += panel_words(t, K) * BT_PANEL) {
        size_t cols = c.cols - j < BT_PANEL ? c.cols - j : BT_PANEL;
        for (size_t i = 0; i < r->n; i += r->group) {
            size_t m = r->n - i < r->group ? r->n - i : r->group;
            bt_target to = {c.data + i * c.stride + j, c.stride, cols, no_bias, add ? BT_ADD : BT_STORE};
            t->multiply(&to, m, padded(K, 4), r->at + i * r->words, NULL, panel, NULL, NULL);
        }
    }
}

void bt_product(const bt_tile *t, bt_mat c, bt_mat a, bool ta, bt_mat b, bool tb, bool add,
                void *scratch)
{
    size_t K = ta ? a.rows : a.cols, words = row_words(t, K);
    uint32_t *panels = scratch, *rows = panels + panels_bytes(K, c.cols) / sizeof *panels;
    uint32_t *across = rows + rows_bytes(K) / sizeof *rows;
    for (size_t n = 0; n < c.cols; n += BT_PANEL)
        (tb ? pack_columns : pack_rows)(panels + n * panel_words(t, K), t, b, n);
    size_t chunk = c.rows > 0 ? bt_even_share(c.rows, most_rows(words)) : 1;
    for (size_t at = 0; at < c.rows; at += chunk) {
        size_t n = c.rows - at < chunk ? c.rows - at : chunk, group = bt_even_share(n, t->rows);
        struct rows r = {rows, n, group, words};
        if (ta)
            convert_columns(rows, t, a, at, n, group, across);
        else
            convert_rows(rows, t, a, at, n, group);
        multiply(t, bt_mat_rows(c, at, n), &r, panels, K, add);
    }
}
