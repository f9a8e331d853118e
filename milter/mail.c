/* mail.c - feed the pieces of a message to the library's text extractor. */
#include "milter/mail.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct mail {
    bolter_text *text;
    bolter_error err; /* the first failure */
    bool in_body;
    unsigned long n_subjects, n_froms;
    char subject[MAIL_SUBJECT_MAX + 1];
    char from[ADDRESS_MAX + 1];
    struct forged forged;
};

struct mail *mail_open(const struct settings *s, const struct style *style, const char *layout)
{
    struct mail *m = calloc(1, sizeof *m);
    if (!m)
        return NULL;
    forged_init(&m->forged, style);
    bolter_text_options o = {.max_message = (size_t)s->max_message,
                             .max_tail = (size_t)s->max_tail,
                             .head_only = s->max_tail == 0,
                             .layout = layout,
                             .arriving = true};
    if (bolter_text_open(&m->text, &o, NULL) == BOLTER_OK)
        return m;
    mail_free(m);
    return NULL;
}

void mail_free(struct mail *m)
{
    if (!m)
        return;
    bolter_text_free(m->text);
    free(m);
}

static void feed(struct mail *m, const void *bytes, size_t n)
{
    if (m->err.code == BOLTER_OK)
        bolter_text_chunk(m->text, bytes, n, &m->err);
}

/* A subject that is too long ends with a whole word, so that no encoded word is cut in two. */
static void keep_subject(struct mail *m, const char *value)
{
    int n = snprintf(m->subject, sizeof m->subject, "%s", value);
    char *blank = n > MAIL_SUBJECT_MAX ? strrchr(m->subject, ' ') : NULL;
    if (blank)
        *blank = 0;
}

static void keep(struct mail *m, const char *name, const char *value)
{
    if (strcasecmp(name, "Subject") == 0 && m->n_subjects++ == 0)
        keep_subject(m, value);
    /* Of two it is not known which the reader sees. */
    if (strcasecmp(name, "From") == 0 && (m->n_froms++ > 0 || !address_of_from(m->from, value)))
        m->from[0] = 0;
}

void mail_header(struct mail *m, const char *name, const char *value)
{
    keep(m, name, value);
    /* A forged verdict must not reach the model either. */
    if (forged_note(&m->forged, name) || mail_full(m))
        return;
    feed(m, name, strlen(name));
    feed(m, ": ", 2);
    feed(m, value, strlen(value));
    feed(m, "\r\n", 2);
}

void mail_end_of_header(struct mail *m)
{
    if (!m->in_body)
        feed(m, "\r\n", 2);
    m->in_body = true;
}

void mail_body(struct mail *m, const void *bytes, size_t n)
{
    mail_end_of_header(m);
    feed(m, bytes, n);
}

bool mail_full(const struct mail *m)
{
    return m->err.code != BOLTER_OK || bolter_text_full(m->text);
}

const struct forged *mail_forged(const struct mail *m)
{
    return &m->forged;
}

const char *mail_from(const struct mail *m)
{
    return m->from;
}

const char *mail_subject(const struct mail *m)
{
    return m->subject;
}

unsigned long mail_subjects(const struct mail *m)
{
    return m->n_subjects;
}

bolter_status mail_finish(struct mail *m, const char **utf8, size_t *n, bolter_error *err)
{
    if (m->err.code == BOLTER_OK)
        return bolter_text_finish(m->text, utf8, n, err);
    if (err)
        *err = m->err;
    return m->err.code;
}

bolter_text *mail_text(struct mail *m)
{
    return m->text;
}

bool mail_truncated(const struct mail *m)
{
    return bolter_text_truncated(m->text);
}

const char *mail_unscorable(const struct mail *m)
{
    return bolter_text_unscorable(m->text);
}
