/* prompt.h - text that a generator writes after a prompt; shared by the commands that let one write. */
#ifndef PROMPT_H
#define PROMPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bolter.h"
#include "trainer/options.h"

struct sampling_options {
    double temperature, top_p;
    size_t top_k, seed;
};

#define SAMPLING_ROWS(s)                                                                           \
    HEADING("How tokens are drawn:"),                                                              \
        REAL("temperature", 't', &(s)->temperature, 0, 100, "X",                                   \
             "1: as the model expects them; 0: always the most probable"),                         \
        SIZE("top-k", 0, &(s)->top_k, 0, 1e9, "N", "among the N most probable, 0: all"),           \
        SHARE("top-p", 0, &(s)->top_p, 0, 1, "SHARE",                                              \
              "among the fewest with this sum of probabilities, 0: all"),                          \
        SIZE("seed", 0, &(s)->seed, 0, 1e15, "N", "of what is drawn")

bolter_sampling sampling_of(const struct sampling_options *o);

/* Why a generator stopped. */
enum stop { STOP_END, STOP_LENGTH, STOP_CONTEXT, STOP_INTERRUPT };
/* "end of text", "length", "context is full", "interrupted". */
const char *stop_name(enum stop s);
/* Does this status of a generator end the text in good order, and why? */
bool stop_of(bolter_status rc, enum stop *stop);

struct written {
    char *text; /* valid UTF-8 */
    size_t n;
    int32_t *ids;
    size_t n_ids, n_prompt;
    double prompt_seconds, seconds; /* until the first token, and of those after it */
    enum stop stop;
};

/*
 * Let g go on for at most max tokens; piece, if not NULL, is given each bit of the text as it comes. w
 * is released by written_free(). False after a complaint; then w is empty.
 */
bool write_on(bolter_generator *g, size_t max, void (*piece)(void *ud, const char *text, size_t n),
              void *ud, struct written *w);
void written_free(struct written *w);

#endif
