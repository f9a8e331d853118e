/*
 * mark.c - a state machine over header lines.
 *
 *     FIRST --"From "--> ENVELOPE --newline, block--> NAME
 *     FIRST --other, block--> NAME
 *     NAME --':' or blank--> LINE --newline--> NAME          NAME --empty line--> BODY
 *
 * The header is taken to end at the first empty line, as procmail and sieve do, and not already at
 * a line without a colon: a forged field behind such a line would be believed by them.
 */
#include "milter/mark.h"

#include <string.h>

static const char from[] = "From ";
#define FROM_LEN (sizeof from - 1)

bool mark_block(char *block, size_t cap, const struct field_set *set)
{
    size_t len = 0;
    for (size_t i = 0; i < set->n; i++) {
        const struct field *f = &set->field[i];
        int n = snprintf(block + len, cap - len, "%s: %s\n", f->name, f->value);
        if (n < 0 || (size_t)n >= cap - len)
            return false;
        len += (size_t)n;
    }
    return true;
}

const char *mark_eol(const char *bytes, size_t n)
{
    const char *newline = n > 0 ? memchr(bytes, '\n', n) : NULL;
    /* Delivery agents end the "From " line their own way: the next line tells. */
    if (newline && n > FROM_LEN && memcmp(bytes, from, FROM_LEN) == 0) {
        const char *line = newline + 1;
        const char *second = memchr(line, '\n', n - (size_t)(line - bytes));
        newline = second ? second : newline;
    }
    return newline && newline > bytes && newline[-1] == '\r' ? "\r\n" : "\n";
}

void mark_begin(struct mark *m, FILE *out, const char *block, const char *eol)
{
    *m = (struct mark){
        .out = out, .block = block, .eol = eol, .state = block ? MARK_FIRST : MARK_BODY};
}

static void write_block(struct mark *m)
{
    for (const char *p = m->block; *p; p++) {
        if (*p == '\n')
            fputs(m->eol, m->out);
        else
            putc(*p, m->out);
    }
}

static void flush_held(struct mark *m)
{
    if (!m->drop)
        fwrite(m->held, 1, m->n_held, m->out);
    m->n_held = 0;
}

/* The held start of a line is decided: keep or drop it, and the rest of the line likewise. */
static void decide(struct mark *m, bool drop, enum mark_state next)
{
    m->drop = drop;
    flush_held(m);
    m->state = next;
}

static bool empty_line(const struct mark *m)
{
    return m->n_held == 1 || (m->n_held == 2 && m->held[0] == '\r');
}

static void take_name_byte(struct mark *m, char c)
{
    m->held[m->n_held++] = c;
    if (c == '\n')
        decide(m, false, empty_line(m) ? MARK_BODY : MARK_NAME);
    else if (m->n_held == 1 && (c == ' ' || c == '\t'))
        decide(m, m->drop, MARK_LINE); /* folded: shares the fate of the line above */
    else if (c == ':' || m->n_held == MARK_NAME_MAX)
        decide(m, field_is_ours(m->held, m->n_held - 1), MARK_LINE);
}

/* Not a "From " line after all: what was held is the start of the header. */
static void leave_first(struct mark *m)
{
    char start[FROM_LEN];
    size_t n = m->n_held;
    memcpy(start, m->held, n);
    m->n_held = 0;
    m->state = MARK_NAME;
    write_block(m);
    mark_feed(m, start, n);
}

static void take_first_byte(struct mark *m, char c)
{
    m->held[m->n_held++] = c;
    if (c != from[m->n_held - 1])
        leave_first(m);
    else if (m->n_held == FROM_LEN)
        decide(m, false, MARK_ENVELOPE);
}

/* The rest of a line, as much of it as is here; returns how many bytes that was. */
static size_t take_line(struct mark *m, const char *bytes, size_t n)
{
    const char *newline = memchr(bytes, '\n', n);
    size_t len = newline ? (size_t)(newline - bytes) + 1 : n;
    if (!m->drop)
        fwrite(bytes, 1, len, m->out);
    if (newline) {
        if (m->state == MARK_ENVELOPE)
            write_block(m);
        m->state = MARK_NAME;
    }
    return len;
}

void mark_feed(struct mark *m, const char *bytes, size_t n)
{
    size_t i = 0;
    while (i < n) {
        switch (m->state) {
        case MARK_FIRST:
            take_first_byte(m, bytes[i++]);
            break;
        case MARK_NAME:
            take_name_byte(m, bytes[i++]);
            break;
        case MARK_ENVELOPE:
        case MARK_LINE:
            i += take_line(m, bytes + i, n - i);
            break;
        case MARK_BODY:
            i += fwrite(bytes + i, 1, n - i, m->out);
            if (ferror(m->out))
                return;
            break;
        }
    }
}

void mark_finish(struct mark *m)
{
    if (m->state == MARK_FIRST)
        leave_first(m);
    if (m->state == MARK_ENVELOPE) { /* a "From " line alone, unended: the one added newline */
        fputs(m->eol, m->out);
        write_block(m);
    }
    if (m->state == MARK_NAME)
        decide(m, false, MARK_BODY);
}
