/* buf.c - growable bytes with a mandatory cap. */
#include "base/buf.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

void bt_buf_init(bt_buf *b, size_t max)
{
    *b = (bt_buf){.max = max < SIZE_MAX / 2 ? max : SIZE_MAX / 2};
}

size_t bt_buf_room(const bt_buf *b)
{
    return b->max - b->len;
}

static bool reserve(bt_buf *b, size_t more)
{
    if (more > bt_buf_room(b))
        return false;
    size_t need = b->len + more + 1;
    if (need <= b->cap)
        return true;
    size_t cap = b->cap ? b->cap : 256;
    while (cap < need)
        cap *= 2;
    char *data = bt_realloc_array(b->data, cap, 1);
    if (!data)
        return false;
    b->data = data;
    b->cap = cap;
    return true;
}

bool bt_buf_append(bt_buf *b, const void *bytes, size_t n)
{
    if (!reserve(b, n))
        return false;
    if (n)
        memcpy(b->data + b->len, bytes, n);
    b->len += n;
    b->data[b->len] = 0;
    return true;
}

bool bt_buf_append_str(bt_buf *b, const char *s)
{
    return bt_buf_append(b, s, strlen(s));
}

bool bt_buf_append_char(bt_buf *b, char c)
{
    return bt_buf_append(b, &c, 1);
}

bool bt_buf_appendf(bt_buf *b, const char *fmt, ...)
{
    va_list ap, again;
    va_start(ap, fmt);
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    bool ok = n >= 0 && reserve(b, (size_t)n);
    if (ok) {
        vsnprintf(b->data + b->len, (size_t)n + 1, fmt, again);
        b->len += (size_t)n;
    }
    va_end(again);
    return ok;
}

void bt_buf_reset(bt_buf *b)
{
    b->len = 0;
    if (b->data)
        b->data[0] = 0;
}

void bt_buf_free(bt_buf *b)
{
    bt_release(b->data);
    bt_buf_init(b, b->max);
}
