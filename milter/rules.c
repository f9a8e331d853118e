/* rules.c - what the settings lead to besides numbers. */
#include "milter/rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOCAL_MAX 256 /* networks of our own */

static bolter_status refuse(bolter_error *err, const char *setting, const char *got, size_t n,
                            const char *expected)
{
    if (err && err->code == BOLTER_OK) {
        err->code = BOLTER_E_FORMAT;
        snprintf(err->text, sizeof err->text, "%s: got '%.*s', expected %s", setting,
                 n < 80 ? (int)n : 80, got, expected);
    }
    return BOLTER_E_FORMAT;
}

static bolter_status read_local(struct rules *r, const char *text, bolter_error *err)
{
    static const char blanks[] = " ,\t\n", expected[] = "networks such as 192.0.2.0/24 or ::1";
    r->local = calloc(LOCAL_MAX, sizeof *r->local);
    if (!r->local)
        return BOLTER_E_NOMEM;
    for (size_t n; *(text += strspn(text, blanks)); text += n) {
        char word[64];
        n = strcspn(text, blanks);
        snprintf(word, sizeof word, "%.*s", n < sizeof word ? (int)n : 0, text);
        if (r->n_local == LOCAL_MAX)
            return refuse(err, "local_networks", text, n, "at most 256 networks");
        if (!network_parse(&r->local[r->n_local++], word))
            return refuse(err, "local_networks", text, n, expected);
    }
    return BOLTER_OK;
}

static bolter_status read_files(struct rules *r, const struct settings *s, bolter_error *err)
{
    bolter_status status = BOLTER_OK;
    if (*s->accept_list)
        status = list_open(&r->accept, s->accept_list, err);
    if (status == BOLTER_OK && *s->deny_list)
        status = list_open(&r->deny, s->deny_list, err);
    if (status == BOLTER_OK && *s->recipients)
        status = recipients_open(&r->recipients, s->recipients, &r->usual, err);
    if (status == BOLTER_OK && recipients_use(r->recipients, ACTION_REDIRECT) && !*s->redirect_to)
        return refuse(err, "redirect_to", "", 0, "an address, since recipients has redirect_at");
    return status;
}

bolter_status rules_open(struct rules **out, const struct settings *s, bolter_error *err)
{
    *out = NULL;
    struct rules *r = calloc(1, sizeof *r);
    bolter_status status = r ? style_of(&r->style, s, err) : BOLTER_E_NOMEM;
    if (status == BOLTER_OK)
        status = read_local(r, s->local_networks, err);
    if (status == BOLTER_OK) {
        policy_levels(&r->usual, s);
        status = read_files(r, s, err);
    }
    if (status == BOLTER_E_NOMEM && err && err->code == BOLTER_OK)
        *err = (bolter_error){.code = status, .text = "no memory for the rules"};
    if (status == BOLTER_OK)
        *out = r;
    else
        rules_close(r);
    return status;
}

void rules_close(struct rules *r)
{
    if (!r)
        return;
    recipients_close(r->recipients);
    list_close(r->deny);
    list_close(r->accept);
    free(r->local);
    free(r);
}

static bool is_local(const struct rules *r, const struct envelope *e)
{
    for (size_t i = 0; e->has_client && i < r->n_local; i++)
        if (network_holds(&r->local[i], &e->client))
            return true;
    return false;
}

/* The levels of recipient i; without any recipient there is one of the usual levels. */
static const struct levels *levels_of(const struct rules *r, const struct envelope *e, size_t i)
{
    const struct levels *own = NULL;
    if (i < e->n_recipients)
        own = recipients_find(r->recipients, e->recipient[i]);
    return own ? own : &r->usual;
}

/* A recipient that could not be remembered has the usual levels, so it is counted as one. */
static size_t n_to_ask(const struct envelope *e)
{
    return e->n_recipients + (e->incomplete || e->n_recipients == 0);
}

static bool all_skip(const struct rules *r, const struct envelope *e)
{
    for (size_t i = 0; i < n_to_ask(e); i++)
        if (levels_of(r, e, i)->mode != MODE_SKIP)
            return false;
    return true;
}

static void soften(struct standing *s, bool applies, int64_t mode)
{
    if (applies && (enum mode)mode < s->mode)
        s->mode = (enum mode)mode;
}

struct standing rules_standing(const struct rules *r, const struct settings *s,
                               const struct envelope *e, const char *from)
{
    struct standing out = {.mode = MODE_FULL};
    bool accepted = list_holds(r->accept, e, from);
    soften(&out, e->authenticated, s->authenticated);
    soften(&out, is_local(r, e), s->local);
    soften(&out, accepted, s->accepted);
    soften(&out, all_skip(r, e), SETTINGS_SKIP);
    out.denied = out.mode == MODE_FULL && !accepted && list_holds(r->deny, e, from);
    return out;
}

void rules_rule(struct ruling *out, const struct rules *r, const struct settings *s,
                const struct envelope *e, const bolter_model_info *m, const bolter_verdict *v)
{
    policy_begin(out);
    for (size_t i = 0; i < n_to_ask(e); i++)
        policy_add(out, levels_of(r, e, i), s, m, v);
}

void rules_deny(struct ruling *out, const struct rules *r, const struct settings *s,
                const struct envelope *e, const bolter_model_info *m)
{
    *out = (struct ruling){.action = policy_of_denied(s), .required = policy_spam_threshold(s, m)};
    for (size_t i = 0; i < n_to_ask(e); i++)
        if (levels_of(r, e, i)->mode != MODE_FULL)
            out->action = ACTION_MARK;
}
