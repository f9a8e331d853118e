/* judging.c - text, verdict, and on request the pieces that moved it, as one object. */
#include "web/judging.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- Text ---- */

/* A string of bytes that were cut between characters, or within one at either end: then so many are
 * left out of its beginning. */
static json_t *whole_characters(const char *s, size_t n, size_t *skipped)
{
    json_t *j = NULL;
    for (size_t skip = 0; !j && skip < 4 && skip <= n; skip++) {
        *skipped = skip;
        for (size_t cut = 0; !j && cut < 4 && skip + cut <= n; cut++)
            j = json_stringn(s + skip, n - skip - cut);
    }
    return j ? j : json_string("");
}

/* How many bytes of the text some tokens are. */
static size_t bytes_of(const struct judging *by, const int32_t *ids, size_t n)
{
    size_t bytes = 0;
    bolter_tok_decode(bolter_model_tok(by->model), ids, n, NULL, 0, &bytes, NULL);
    return bytes;
}

/* ---- What was read ---- */

struct reading {
    const char *text;
    size_t n; /* bytes */
    bolter_reading read;
    const char *unscorable;
};

static bolter_status read_text(struct judging *by, const struct request *r, struct reading *out,
                               bolter_error *err)
{
    bolter_status rc;
    if (strcmp(r->type, "message/rfc822") == 0) {
        bolter_text_reset(by->text);
        rc = bolter_text_chunk(by->text, r->body, r->n, err);
        if (rc == BOLTER_OK)
            rc = bolter_text_finish(by->text, &out->text, &out->n, err);
        if (rc == BOLTER_OK)
            out->unscorable = bolter_text_unscorable(by->text);
    } else {
        rc = bolter_text_plain(by->text, r->body, r->n, &out->text, &out->n, err);
        out->unscorable = rc == BOLTER_OK && out->n == 0 ? "empty" : NULL;
    }
    if (rc == BOLTER_OK)
        rc = bolter_model_read(by->model, out->text, out->n, by->ids, &out->read, err);
    return rc;
}

static json_t *unread_part(size_t tokens)
{
    return json_pack("{s:b, s:I}", "read", 0, "tokens", (json_int_t)tokens);
}

/* With the text of its n bytes from at on, if that is wanted. */
static json_t *read_part(size_t tokens, const struct reading *t, size_t at, size_t n,
                         bool with_text)
{
    json_t *j = json_pack("{s:b, s:I}", "read", 1, "tokens", (json_int_t)tokens);
    size_t skipped = 0;
    json_t *text = with_text ? whole_characters(t->text + at, n, &skipped) : NULL;
    if (text) {
        json_object_set_new(j, "at", json_integer((json_int_t)(at + skipped)));
        json_object_set_new(j, "text", text);
    }
    return j;
}

/* What was read of a text and what was not, in order. */
static json_t *parts(const struct judging *by, const struct reading *t, bool with_text)
{
    const bolter_tok *tok = bolter_model_tok(by->model);
    const size_t n_all = t->read.n_all;
    bolter_stretch *s = calloc((size_t)bolter_model_info_of(by->model)->windows + 1, sizeof *s);
    int32_t *ids = calloc(n_all, sizeof *ids);
    json_t *list = json_array();
    size_t at = 0, done = 0, n_ids = 0, n = 0;
    if (s && ids && bolter_tok_encode(tok, t->text, t->n, ids, n_all, &n_ids, NULL) == BOLTER_OK)
        n = bolter_model_stretches(by->model, n_all, s);
    for (size_t i = 0; i < n; i++) {
        size_t begin_token = i == 0 ? n_all - n_ids : 0;
        if (s[i].from > done)
            json_array_append_new(list, unread_part(s[i].from - done));
        at += bytes_of(by, ids + done, s[i].from - done);
        size_t bytes = bytes_of(by, ids + s[i].from, s[i].to - s[i].from);
        bytes = bytes < t->n - at ? bytes : t->n - at;
        json_array_append_new(list, read_part(s[i].to - s[i].from + begin_token, t, at, bytes,
                                              with_text));
        at += bytes;
        done = s[i].to;
    }
    free(ids);
    free(s);
    return list;
}

/* ---- The answer ---- */

static json_t *number_or_null(double x)
{
    return isfinite(x) ? json_real(x) : json_null();
}

static json_t *verdict(const struct judging *by, const struct reading *t, const bolter_verdict *v,
                       bool with_text)
{
    const bolter_model_info *info = bolter_model_info_of(by->model);
    double p = (double)v->spam;
    return json_pack(
        "{s:i, s:s, s:s, s:f, s:o, s:{s:f, s:f}, s:I, s:I, s:I, s:b, s:s?, s:o, s:s, s:f}", "v", 1,
        "verdict", bolter_class_name(v->decision), "label", bolter_model_label(by->model, v->label),
        "score", p, "logit", number_or_null(log(p / (1 - p))), "thresholds", "spam",
        info->spam_threshold, "unsure", info->unsure_threshold, "tokens", (json_int_t)v->n_tokens,
        "tokens_total", (json_int_t)t->read.n_all, "windows",
        (json_int_t)v->n_windows, "truncated",
        (int)(v->truncated || bolter_text_truncated(by->text)), "unscorable", t->unscorable,
        "parts", parts(by, t, with_text), "model", v->model_id, "ms", v->compute_ms);
}

static bolter_status add_pieces(struct judging *by, const struct reading *t, json_t *j,
                                bolter_error *err)
{
    bolter_piece piece[BOLTER_PIECES];
    size_t n = 0;
    bolter_status rc = by->explain(by->ud, t->text, t->n, piece, BOLTER_PIECES, &n, err);
    json_t *list = json_array();
    size_t skipped;
    for (size_t i = 0; i < n && rc == BOLTER_OK; i++) {
        const bolter_piece *p = &piece[i];
        json_array_append_new(list,
                              json_pack("{s:f, s:I, s:I, s:o}", "weight", (double)p->weight, "at",
                                        (json_int_t)p->at, "bytes", (json_int_t)p->n, "text",
                                        whole_characters(p->text, strlen(p->text), &skipped)));
    }
    json_object_set_new(j, "pieces", list);
    return rc;
}

/* What may go better in a moment is no fault. */
static unsigned status_of(bolter_status rc)
{
    return rc == BOLTER_E_BUSY || rc == BOLTER_E_TIMEOUT ? 503 : 500;
}

struct answer judging_answer(struct judging *by, const struct request *r, size_t *n_tokens)
{
    struct reading t = {0};
    bolter_verdict v = {0};
    bolter_error err = {0};
    json_t *j = NULL;
    bolter_status rc = read_text(by, r, &t, &err);
    *n_tokens = 0;
    if (rc == BOLTER_OK)
        rc = by->classify(by->ud, by->text, &v, &err);
    if (rc == BOLTER_OK)
        j = verdict(by, &t, &v, r->explain);
    if (j && r->explain)
        rc = add_pieces(by, &t, j, &err);
    bolter_text_reset(by->text);
    if (rc == BOLTER_OK) {
        *n_tokens = v.n_tokens;
        return answer_json(200, j);
    }
    json_decref(j);
    return answer_error(status_of(rc), err.text);
}

/* ---- What it takes ---- */

bolter_status judging_open(struct judging *by, const bolter_model *m, bolter_error *err)
{
    const bolter_model_info *info = bolter_model_info_of(m);
    const bolter_text_options o = {.layout = info->text_layout};
    *by = (struct judging){.model = m};
    bolter_status rc = bolter_text_open(&by->text, &o, err);
    by->ids = calloc(info->max_ids, sizeof *by->ids);
    if (rc != BOLTER_OK || by->ids)
        return rc;
    *err = (bolter_error){.code = BOLTER_E_NOMEM, .text = "no memory for the tokens"};
    return err->code;
}

void judging_close(struct judging *by)
{
    bolter_text_free(by->text);
    free(by->ids);
    *by = (struct judging){.model = NULL};
}
