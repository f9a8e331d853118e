/*
 * gemm.c - matrix products through the BLAS; the only file that knows it.
 *
 * OpenBLAS starts a thread a processor when it is loaded, which costs a filter of one message more
 * than the rest of its start, and scoring does not need it (see packed.h). So it is loaded when the
 * first pass for any use is prepared: BT_BLAS is the name that configure found the linker to record.
 *
 * Debian's libopenblas is an alternative that the administrator can switch. Its serial build is not
 * safe to call from several threads, so calls take turns there.
 */
#include "kern/kern.h"

#include <cblas.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"

static pthread_mutex_t serial_turn = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* Written once; the process keeps the library to its end. */
static struct blas {
    __typeof__(&cblas_sgemm) sgemm;
    __typeof__(&openblas_set_num_threads) set_num_threads;
    bool take_turns;
    char problem[200]; /* empty: it is loaded */
} blas;

/* C has no conversion between pointers to data and to functions. */
static bool find(void *library, const char *name, void *function, size_t size)
{
    void *symbol = dlsym(library, name);
    memcpy(function, &symbol, size);
    return symbol != NULL;
}

static void load(void)
{
    __typeof__(&openblas_get_parallel) get_parallel = NULL;
    void *library = dlopen(BT_BLAS, RTLD_NOW | RTLD_LOCAL);
    bool found = library && find(library, "cblas_sgemm", &blas.sgemm, sizeof blas.sgemm) &&
                 find(library, "openblas_set_num_threads", &blas.set_num_threads,
                      sizeof blas.set_num_threads) &&
                 find(library, "openblas_get_parallel", &get_parallel, sizeof get_parallel);
    const char *why = found ? NULL : dlerror();
    if (found)
        blas.take_turns = get_parallel() == OPENBLAS_SEQUENTIAL;
    else
        snprintf(blas.problem, sizeof blas.problem, "%s", why ? why : BT_BLAS ": cannot be loaded");
}

bolter_status bt_gemm_open(bolter_error *err)
{
    pthread_once(&once, load);
    return *blas.problem ? bt_fail(err, BOLTER_E_IO, "BLAS: %s", blas.problem) : BOLTER_OK;
}

bt_mat bt_mat_of(const float *data, size_t rows, size_t cols)
{
    bt_mat m = {.rows = rows, .cols = cols, .stride = cols};
    memcpy(&m.data, &data, sizeof m.data);
    return m;
}

bt_mat bt_mat_cols(bt_mat m, size_t first, size_t cols)
{
    return (bt_mat){m.data ? m.data + first : NULL, m.rows, cols, m.stride};
}

bt_mat bt_mat_rows(bt_mat m, size_t first, size_t rows)
{
    return (bt_mat){m.data ? m.data + first * m.stride : NULL, rows, m.cols, m.stride};
}

void bt_gemm_single_thread(void)
{
    blas.set_num_threads(1);
}

void bt_gemm(bt_mat c, bt_mat a, bool ta, bt_mat b, bool tb, float alpha, float beta)
{
    size_t k = ta ? a.rows : a.cols;
    if (c.rows == 0 || c.cols == 0)
        return;
    if (blas.take_turns)
        pthread_mutex_lock(&serial_turn);
    blas.sgemm(CblasRowMajor, ta ? CblasTrans : CblasNoTrans, tb ? CblasTrans : CblasNoTrans,
               (blasint)c.rows, (blasint)c.cols, (blasint)k, alpha, a.data, (blasint)a.stride,
               b.data, (blasint)b.stride, beta, c.data, (blasint)c.stride);
    if (blas.take_turns)
        pthread_mutex_unlock(&serial_turn);
}
