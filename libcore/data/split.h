/* split.h - which part an example belongs to: by a split file, or by a hash of its text. */
#ifndef BT_SPLIT_H
#define BT_SPLIT_H

#include <stddef.h>

#include "bolter_data.h"

typedef struct bt_split {
    struct bt_split_entry *entry; /* open addressing, cap a power of two; owned */
    size_t n, cap;
    char *path; /* of the last of n_files; owned */
    size_t n_files;
    char **source; /* paths of the corpora so far, owned; the last is being read */
    size_t n_source;
} bt_split;

/* Add a file's lines: id TAB label TAB part [TAB key]; lines that begin with # are comments. E_FORMAT
 * names the line, or a file without any; an id that already has another part is E_MISMATCH. */
bolter_status bt_split_read(bt_split *s, const char *path, bolter_error *err);
/* The examples of another corpus come next. */
bolter_status bt_split_source(bt_split *s, const char *path, bolter_error *err);
/* The part of an example. An id that the files do not know, or that a corpus before this one had, is
 * E_MISMATCH. Without any file: 70 % train, 10 % validation, 20 % test by a hash of the text. */
bolter_status bt_split_part(bt_split *s, const char *id, const char *text, size_t n,
                            bolter_part *part, bolter_error *err);
void bt_split_clear(bt_split *s);

#endif
