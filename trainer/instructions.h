/*
 * instructions.h - tasks with their answers, and how a language model reads them. A file is a JSON list
 * of objects, or JSON lines, of instruction, perhaps input, and output.
 */
#ifndef INSTRUCTIONS_H
#define INSTRUCTIONS_H

#include <jansson.h>
#include <stdbool.h>

#include "bolter.h"

/* How a task is written, and whether the model's begin token goes before it. */
struct template {
    const char *name; /* "alpaca" (Taori et al. 2023) or "phi"; static */
    bool begin;
    bool found; /* a model directory says so */
};

/* False for a name that is none. */
bool template_named(struct template *t, const char *name);
/* What a model directory says in its instruct.json; alpaca where there is none. False after a
 * complaint. */
bool template_of_model(struct template *t, const char *dir);
/* Its instruct.json, to be freed; NULL without memory. */
char *template_text(const struct template *t);

/* Read a file, "-" for standard input, as a list of objects, each with an instruction that is a string,
 * and input and output that are strings where they are there; new. NULL after a complaint. */
json_t *instructions_read(const char *path);
/* A string of a task, "" where it is not there. */
const char *instructions_field(const json_t *task, const char *name);
/* The task as the model reads it, up to where its answer begins; to be freed, NULL without memory. */
char *instructions_prompt(const struct template *t, const json_t *task);
/* The answer in what a model wrote after the prompt: without blanks at its ends, and without another
 * task, where the model goes on with one. In place. */
char *instructions_answer(const struct template *t, char *written);
/*
 * The same while the model still writes: the bytes from *from to below *to of what is written are of the
 * answer, whatever follows. True once another task begins, and nothing of the answer follows.
 */
bool instructions_settled(const struct template *t, const char *written, size_t *from, size_t *to);

#endif
