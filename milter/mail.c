/* mail.c - feed the pieces of a message to the library's text extractor. */
#include "milter/mail.h"

#include <stdlib.h>
#include <string.h>

struct mail {
    bolter_text *text;
    bolter_error err; /* the first failure */
    bool in_body;
    struct forged forged;
};

struct mail *mail_open(size_t max_message, const char *layout)
{
    struct mail *m = calloc(1, sizeof *m);
    if (!m)
        return NULL;
    forged_init(&m->forged);
    bolter_text_options o = {.max_message = max_message, .layout = layout};
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

void mail_header(struct mail *m, const char *name, const char *value)
{
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

bolter_status mail_finish(struct mail *m, const char **utf8, size_t *n, bolter_error *err)
{
    if (m->err.code == BOLTER_OK)
        return bolter_text_finish(m->text, utf8, n, err);
    if (err)
        *err = m->err;
    return m->err.code;
}

bool mail_truncated(const struct mail *m)
{
    return bolter_text_truncated(m->text);
}

const char *mail_unscorable(const struct mail *m)
{
    return bolter_text_unscorable(m->text);
}
