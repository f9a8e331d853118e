/* babble.h - texts without meaning from a seed: words that come back, as in a language, with all that
 * a tokenizer splits by. The same on every machine. */
#ifndef BABBLE_H
#define BABBLE_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* Append text number i of a seed, some hundred bytes of UTF-8. */
void babble(bt_buf *b, uint64_t seed, uint64_t i);

#endif
