/* parallel.h - run a function n times on n threads and wait for all. */
#ifndef BT_PARALLEL_H
#define BT_PARALLEL_H

#include <stddef.h>

/*
 * Call fn(arg, 0) .. fn(arg, n-1), each on its own thread, the last on the caller's; return when all
 * are done. Where a thread cannot be started its call runs on the caller's thread.
 */
void bt_parallel(size_t n, void (*fn)(void *arg, size_t i), void *arg);
/* Processors that this process may use; at least 1. */
size_t bt_n_processors(void);

#endif
