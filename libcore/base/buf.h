/* buf.h - growable bytes with a mandatory cap, always NUL-terminated. */
#ifndef BT_BUF_H
#define BT_BUF_H

#include <stdbool.h>
#include <stddef.h>

typedef struct bt_buf {
    char *data; /* NULL until the first byte; data[len] is 0 */
    size_t len;
    size_t cap;
    size_t max; /* len never exceeds it */
} bt_buf;

/* No allocation yet. */
void bt_buf_init(bt_buf *b, size_t max);
/* Append n bytes: all of them, or none and false when the cap or the memory ends. */
bool bt_buf_append(bt_buf *b, const void *bytes, size_t n);
bool bt_buf_append_str(bt_buf *b, const char *s);
bool bt_buf_append_char(bt_buf *b, char c);
bool bt_buf_appendf(bt_buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Room left below the cap. */
size_t bt_buf_room(const bt_buf *b);
/* Forget the content, keep the memory. */
void bt_buf_reset(bt_buf *b);
void bt_buf_free(bt_buf *b);

#endif
