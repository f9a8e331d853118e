/* order.c - an epoch's shuffled order. */
#include "trainer/order.h"

#include <stdlib.h>

bool order_open(struct order *o, size_t n, uint64_t seed)
{
    *o = (struct order){.n = n, .seed = seed, .epoch = UINT64_MAX};
    o->index = calloc(n > 0 ? n : 1, sizeof *o->index);
    return o->index != NULL;
}

void order_free(struct order *o)
{
    free(o->index);
    *o = (struct order){0};
}

uint64_t random_next(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

double random_uniform(uint64_t *state)
{
    return (double)(random_next(state) >> 11) * 0x1p-53;
}

/* Fisher and Yates, from the items' own order. */
void order_shuffle(size_t *index, size_t n, uint64_t seed, uint64_t round)
{
    uint64_t state = seed * UINT64_C(0x9e3779b97f4a7c15) + round;
    for (size_t i = 0; i < n; i++)
        index[i] = i;
    for (size_t i = n; i > 1; i--) {
        size_t j = (size_t)(random_next(&state) % i), kept = index[i - 1];
        index[i - 1] = index[j];
        index[j] = kept;
    }
}

void order_turn(struct order *o, uint64_t epoch)
{
    if (o->epoch != epoch)
        order_shuffle(o->index, o->n, o->seed, epoch);
    o->epoch = epoch;
}
