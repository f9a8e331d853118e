/* operand.c - standard input is read here; everything with a path is a corpus of the library. */
#include "milter/operand.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bolter_data.h"
#include "milter/complain.h"

struct walk {
    enum operand_kind kind;
    operand_fn fn;
    void *ud;
    size_t n;
};

static bool pass_on(struct walk *w, const char *id, bool is_mail, const char *bytes, size_t n)
{
    w->n++;
    return w->fn(w->ud, id, is_mail, bytes, n);
}

static bool input_is_good(void)
{
    if (!ferror(stdin))
        return true;
    complain("standard input: %s", strerror(errno));
    return false;
}

/* Standard input up to cap bytes; what follows is read and dropped, so that no writer fails. */
static char *read_input(size_t cap, size_t *n)
{
    size_t room = 0;
    char *bytes = NULL, rest[4096];
    *n = 0;
    do {
        room = room ? 2 * room : 65536;
        room = room < cap ? room : cap;
        char *grown = realloc(bytes, room);
        if (!grown) {
            free(bytes);
            return NULL;
        }
        bytes = grown;
        *n += fread(bytes + *n, 1, room - *n, stdin);
    } while (*n == room && room < cap);
    while (fread(rest, 1, sizeof rest, stdin) > 0)
        ;
    return bytes;
}

static bool walk_whole(struct walk *w)
{
    size_t n;
    bool is_mail = w->kind == OPERAND_MAIL;
    /* One byte past the cap of a text is passed on: it tells the library that the input went on. */
    char *bytes = read_input(is_mail ? OPERAND_MAIL_MAX : OPERAND_TEXT_MAX + 1, &n);
    if (!bytes) {
        complain("no memory for standard input");
        return false;
    }
    bool ok = input_is_good() && pass_on(w, NULL, is_mail, bytes, n);
    free(bytes);
    return ok;
}

/* Line by line, each with its index from 0 as id. */
static bool walk_lines(struct walk *w)
{
    char *line = NULL, id[32];
    size_t cap = 0;
    ssize_t got;
    bool ok = true;
    while ((got = getline(&line, &cap, stdin)) >= 0) {
        size_t n = (size_t)got;
        while (n > 0 && (line[n - 1] == '\n' || line[n - 1] == '\r'))
            n--;
        snprintf(id, sizeof id, "%zu", w->n);
        ok = pass_on(w, id, false, line, n < OPERAND_TEXT_MAX ? n : OPERAND_TEXT_MAX) && ok;
    }
    free(line);
    return input_is_good() && ok;
}

static bool walk_corpus(struct walk *w, const char *path)
{
    static const char *const kinds[] = {
        [OPERAND_MAIL] = NULL, [OPERAND_TEXT] = "text", [OPERAND_LINES] = "lines"};
    bolter_error err = {0};
    bolter_corpus *c = NULL;
    bolter_example ex;
    bool ok = true;
    bolter_status rc = bolter_corpus_open(&c, kinds[w->kind], path, NULL, &err);
    while (rc == BOLTER_OK && (rc = bolter_corpus_next(c, &ex, &err)) == BOLTER_OK)
        ok = pass_on(w, ex.id, ex.is_mail, ex.bytes, ex.n) && ok;
    bolter_corpus_free(c);
    if (rc == BOLTER_END)
        return ok;
    complain("%s", err.text);
    return false;
}

static bool walk_input(struct walk *w)
{
    return w->kind == OPERAND_LINES ? walk_lines(w) : walk_whole(w);
}

bool operand_each(char *const *paths, size_t n_paths, enum operand_kind kind, operand_fn fn,
                  void *ud, size_t *n_messages)
{
    struct walk w = {.kind = kind, .fn = fn, .ud = ud};
    bool ok = n_paths > 0 || walk_input(&w);
    for (size_t i = 0; i < n_paths; i++)
        ok = (strcmp(paths[i], "-") == 0 ? walk_input(&w) : walk_corpus(&w, paths[i])) && ok;
    *n_messages = w.n;
    return ok;
}
