/* statedict.h - writes PyTorch state dicts with the weights of a tiny model, unpacked: data.pkl and
 * data/0, data/1, ... */
#ifndef STATEDICT_H
#define STATEDICT_H

#include "base/buf.h"
#include "tests/unit/tiny.h"

/* The instructions of a pickle. */
struct pickle_writer {
    bt_buf bytes;
    const char *dir;
    size_t n; /* storages */
};

/* Begin with an empty OrderedDict and a mark; end with metadata, as a module's state dict. */
void pickle_begin(struct pickle_writer *w, const char *dir);
void pickle_end(struct pickle_writer *w);
/* A name and a tensor (rows, cols), of one dimension if rows is 0; type is torch's, such as
 * "FloatStorage", the values float32 or for "HalfStorage" float16. */
void pickle_tensor(struct pickle_writer *w, const char *name, const char *type, const float *values,
                   size_t rows, size_t cols);
void pickle_text(struct pickle_writer *w, const char *text);

enum statedict {
    STATE_HUGGING_FACE, /* "transformer." and lm_head.weight, masks */
    STATE_HALF,         /* the same without prefix, in float16 */
    STATE_BOOK,         /* GPTModel's names; out_head.weight as the embedding, or the model's own */
    STATE_BOOK_HEAD     /* the same as a classifier; out_head.bias is 0.5, -0.25, ... */
};

/* Write to dir, which is made if need be. */
void statedict_write(const tiny *t, const char *dir, enum statedict kind);

#endif
