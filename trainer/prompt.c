/* prompt.c - text that a generator writes after a prompt. */
#include "trainer/prompt.h"

#include <stdlib.h>
#include <string.h>

#include "trainer/interrupt.h"
#include "trainer/progress.h"

bolter_sampling sampling_of(const struct sampling_options *o)
{
    return (bolter_sampling){o->temperature, o->top_k, o->top_p, o->seed};
}

const char *stop_name(enum stop s)
{
    static const char *const names[] = {[STOP_END] = "end of text",
                                        [STOP_LENGTH] = "length",
                                        [STOP_CONTEXT] = "context is full",
                                        [STOP_INTERRUPT] = "interrupted"};
    return names[s];
}

void written_free(struct written *w)
{
    free(w->text);
    free(w->ids);
    w->text = NULL;
    w->ids = NULL;
}

/* Append a token; there is room for its id. */
static bool take(struct written *w, const bolter_token *token)
{
    char *grown = realloc(w->text, w->n + token->n + 1);
    if (!grown)
        return false;
    memcpy(grown + w->n, token->text, token->n + 1);
    w->text = grown;
    w->n += token->n;
    w->ids[w->n_ids++] = token->id;
    return true;
}

bool stop_of(bolter_status rc, enum stop *stop)
{
    *stop = rc == BOLTER_END ? STOP_END : STOP_CONTEXT;
    return rc == BOLTER_END || rc == BOLTER_E_LIMIT;
}

bool write_on(bolter_generator *g, size_t max, void (*piece)(void *ud, const char *text, size_t n),
              void *ud, struct written *w)
{
    bolter_error err = {0};
    bolter_token token;
    bolter_status rc = BOLTER_OK;
    double began = seconds_now();
    *w = (struct written){.n_prompt = bolter_generator_count(g), .stop = STOP_LENGTH};
    w->text = calloc(1, 1);
    w->ids = calloc(max + 1, sizeof *w->ids);
    bool room = w->text && w->ids;
    while (room && w->n_ids < max) {
        if (interrupted()) {
            w->stop = STOP_INTERRUPT;
            break;
        }
        rc = bolter_generator_next(g, &token, &err);
        if (w->n_ids == 0)
            w->prompt_seconds = seconds_now() - began;
        if (rc != BOLTER_OK)
            break;
        room = take(w, &token);
        if (room && piece)
            piece(ud, token.text, token.n);
    }
    w->seconds = seconds_now() - began - w->prompt_seconds;
    if (room && (rc == BOLTER_OK || stop_of(rc, &w->stop)))
        return true;
    complain("%s", room ? err.text : "no memory");
    written_free(w);
    return false;
}
