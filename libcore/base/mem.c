/* mem.c - zeroed, overflow-checked allocation with a switch for tests. */
#include "base/mem.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* The test switch is the library's one mutable global; no program sets it. */
static unsigned long countdown;

void bt_mem_fail_from(unsigned long nth)
{
    countdown = nth;
}

static bool must_fail(void)
{
    if (countdown == 1)
        return true;
    if (countdown > 1)
        countdown--;
    return false;
}

bool bt_mul_size(size_t a, size_t b, size_t *out)
{
    return !__builtin_mul_overflow(a, b, out);
}

void *bt_alloc(size_t size)
{
    return must_fail() ? NULL : calloc(1, size ? size : 1);
}

void *bt_alloc_array(size_t n, size_t size)
{
    size_t bytes;
    return bt_mul_size(n, size, &bytes) ? bt_alloc(bytes) : NULL;
}

void *bt_alloc_aligned(size_t n, size_t size)
{
    size_t bytes;
    if (!bt_mul_size(n, size, &bytes) || bytes > SIZE_MAX - 64 || must_fail())
        return NULL;
    return aligned_alloc(64, (bytes + 63) / 64 * 64 + (bytes == 0 ? 64 : 0));
}

void *bt_realloc_array(void *p, size_t n, size_t size)
{
    size_t bytes;
    if (!bt_mul_size(n, size, &bytes) || must_fail())
        return NULL;
    return realloc(p, bytes ? bytes : 1);
}

char *bt_strndup(const char *s, size_t n)
{
    char *copy = bt_alloc(n + 1);
    if (copy)
        memcpy(copy, s, n);
    return copy;
}

char *bt_strdup(const char *s)
{
    return bt_strndup(s, strlen(s));
}

void bt_release(void *p)
{
    free(p);
}
