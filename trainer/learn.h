/* learn.h - bolter-train tokenizer train: texts to a tokenizer. */
#ifndef LEARN_H
#define LEARN_H

#include "bolter_train.h"
#include "trainer/progress.h"
#include "trainer/sources.h"

#define LEARN_MAX_SPECIAL 64

struct learn {
    /* asked for */
    const char *out;
    struct sources sources;
    size_t n_vocab, min_count, max_pieces, threads;
    const char *special[LEARN_MAX_SPECIAL];
    size_t n_special;
    bool json;
    /* made of it */
    bolter_bpe *bpe;
    struct progress progress;
    double count_s, learn_s;
};

/* An option's callback: one more special token, or "" for none. */
bool learn_take_special(void *to, const char *name, const char *value);
/* Learn from the corpora and from files of plain text, save, print what came of it; the exit status. */
int learn_tokenizer(struct learn *l, char *const *file, size_t n_file);

#endif
