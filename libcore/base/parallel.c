/* parallel.c - fork and join. Starting a thread costs microseconds; the pieces of work here cost
 * milliseconds, so no pool is kept. */
#include "base/parallel.h"

#include <pthread.h>
#include <sched.h>

#include "base/mem.h"

struct piece {
    void (*fn)(void *arg, size_t i);
    void *arg;
    size_t i;
    pthread_t thread;
    int started;
};

static void *run(void *p)
{
    struct piece *piece = p;
    piece->fn(piece->arg, piece->i);
    return NULL;
}

void bt_parallel(size_t n, void (*fn)(void *arg, size_t i), void *arg)
{
    struct piece *pieces = n > 1 ? bt_alloc_array(n - 1, sizeof *pieces) : NULL;
    for (size_t i = 0; i + 1 < n; i++) {
        if (!pieces) {
            fn(arg, i);
            continue;
        }
        pieces[i] = (struct piece){.fn = fn, .arg = arg, .i = i};
        pieces[i].started = pthread_create(&pieces[i].thread, NULL, run, &pieces[i]) == 0;
    }
    if (n > 0)
        fn(arg, n - 1);
    for (size_t i = 0; pieces && i + 1 < n; i++) {
        if (pieces[i].started)
            pthread_join(pieces[i].thread, NULL);
        else
            run(&pieces[i]);
    }
    bt_release(pieces);
}

size_t bt_n_processors(void)
{
    cpu_set_t set;
    int n = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
    return n > 0 ? (size_t)n : 1;
}
