/* jsonl.h - an example as a line of JSON. */
#ifndef BT_JSONL_H
#define BT_JSONL_H

#include <stdio.h>

#include "bolter.h"

/* Write {"id":...,"label":...,"text":...} and a line end; id may be NULL. E_FORMAT where a string
 * is not UTF-8, E_IO. */
bolter_status bt_jsonl_write(FILE *f, const char *id, const char *label, const char *text, size_t n,
                             bolter_error *err);

#endif
