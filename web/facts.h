/* facts.h - GET /model: what a model is. */
#ifndef WEB_FACTS_H
#define WEB_FACTS_H

#include <jansson.h>
#include <stddef.h>

#include "bolter.h"

/*
 * An object about a model, for what a server adds to it: of dir only its last name is told; kind is
 * the page's word for what the model is for; max_body, in bytes, and jobs are the server's limits.
 * NULL without memory.
 */
json_t *facts_of_model(const bolter_model *m, const char *dir, const char *kind, size_t max_body,
                       size_t jobs);

#endif
