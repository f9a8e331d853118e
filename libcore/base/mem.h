/*
 * mem.h - the only way to the heap for our own code: zeroed, overflow-checked, and able to fail on
 * purpose in tests.
 */
#ifndef BT_MEM_H
#define BT_MEM_H

#include <stdbool.h>
#include <stddef.h>

/* size zeroed bytes, or NULL. */
void *bt_alloc(size_t size);
/* n zeroed elements of the given size, or NULL, also when n * size overflows. */
void *bt_alloc_array(size_t n, size_t size);
/* The same on a 64-byte boundary and not zeroed, for matrices. Freed by bt_release() too. */
void *bt_alloc_aligned(size_t n, size_t size);
/* Grow or shrink; new bytes are not zeroed. On failure NULL, and p is still valid. */
void *bt_realloc_array(void *p, size_t n, size_t size);
char *bt_strdup(const char *s);
char *bt_strndup(const char *s, size_t n);
void bt_release(void *p);
/* a * b into *out; false when it overflows. */
bool bt_mul_size(size_t a, size_t b, size_t *out);

/* Tests: let the allocation number nth from now fail (1: the next one), and all after it; 0: none. */
void bt_mem_fail_from(unsigned long nth);

#endif
