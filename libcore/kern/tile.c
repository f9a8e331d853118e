/* tile.c - which tile to use: the best that the processor has, found when asked. */
#include "kern/tile.h"

#include <string.h>

#ifdef __x86_64__
static bool has_avx512(bt_precision p)
{
    __builtin_cpu_init();
    if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512bw") ||
        !__builtin_cpu_supports("avx512vl"))
        return false;
    if (p == BT_BFLOAT16)
        return __builtin_cpu_supports("avx512bf16");
    return p == BT_FLOAT32 || __builtin_cpu_supports("avx512vnni");
}

static bool has_avx2(bt_precision p)
{
    (void)p;
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}
#endif

static bool has_any(bt_precision p)
{
    (void)p;
    return true;
}

/* Best first. */
static const struct {
    const bt_tile *tile;
    bool (*has)(bt_precision p);
} sets[] = {
#ifdef __x86_64__
    {bt_tiles_avx512, has_avx512},
    {bt_tiles_avx2, has_avx2},
#endif
    {bt_tiles_portable, has_any},
};

const bt_tile *bt_tile_find(bt_precision precision, const char *isa)
{
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
        const bt_tile *t = &sets[i].tile[precision];
        if ((!isa || strcmp(isa, t->isa) == 0) && sets[i].has(precision))
            return t;
    }
    return NULL;
}
