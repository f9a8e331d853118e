/* answer_classify.c - POST /classify: a message, its verdict, and what of it was read. */
#include <math.h>
#include <string.h>

#include "trainer/answer.h"
#include "trainer/served.h"

/* All that bolter_explain() can have, so that a reader knows which piece a word belongs to. */
enum { MAX_PIECES = 33 };

/* ---- Text ---- */

/* A string of bytes that were cut between characters, or before the end of one. */
static json_t *whole_characters(const char *s, size_t n)
{
    json_t *j = NULL;
    for (size_t skip = 0; !j && skip < 4 && skip <= n; skip++)
        for (size_t cut = 0; !j && cut < 4 && skip + cut <= n; cut++)
            j = json_stringn(s + skip, n - skip - cut);
    return j ? j : json_string("");
}

/* How many bytes of the text some tokens are. */
static size_t bytes_of(const struct seat *seat, const int32_t *ids, size_t n)
{
    size_t bytes = 0;
    bolter_tok_decode(bolter_model_tok(seat->of->model), ids, n, NULL, 0, &bytes, NULL);
    return bytes;
}

/* ---- What was read ---- */

struct reading {
    const char *text;
    size_t n, n_ids, n_all; /* bytes; tokens that are read, and all that there are */
    const char *unscorable;
};

static bolter_status read_text(struct seat *seat, const struct request *r, struct reading *out,
                               bolter_error *err)
{
    bolter_status rc;
    if (strcmp(r->type, "message/rfc822") == 0) {
        bolter_text_reset(seat->text);
        rc = bolter_text_chunk(seat->text, r->body, r->n, err);
        if (rc == BOLTER_OK)
            rc = bolter_text_finish(seat->text, &out->text, &out->n, err);
        if (rc == BOLTER_OK)
            out->unscorable = bolter_text_unscorable(seat->text);
    } else {
        rc = bolter_text_plain(seat->text, r->body, r->n, &out->text, &out->n, err);
        out->unscorable = rc == BOLTER_OK && out->n == 0 ? "empty" : NULL;
    }
    if (rc == BOLTER_OK)
        rc = bolter_model_encode(seat->of->model, out->text, out->n, seat->ids, &out->n_ids,
                                 &out->n_all, err);
    return rc;
}

static json_t *part(bool read, size_t tokens, json_t *text)
{
    return json_pack("{s:b, s:I, s:o*}", "read", (int)read, "tokens", (json_int_t)tokens, "text",
                     text);
}

/* The beginning that was read, what was not, and the end that was; of a short text the first. */
static json_t *parts(const struct seat *seat, const struct reading *t, bool with_text)
{
    const bolter_model_info *info = bolter_model_info_of(seat->of->model);
    bool whole = t->n_all <= t->n_ids;
    size_t tail = whole ? 0 : (size_t)info->tail_tokens, head = whole ? t->n_all : t->n_ids - tail;
    size_t begin = info->begin_id >= 0 && seat->ids[0] == info->begin_id ? 1 : 0;
    size_t n_head = whole ? t->n : bytes_of(seat, seat->ids + begin, head - begin);
    size_t n_tail = tail > 0 ? bytes_of(seat, seat->ids + head, tail) : 0;
    json_t *list = json_array();
    n_head = n_head < t->n ? n_head : t->n;
    n_tail = n_tail < t->n ? n_tail : t->n;
    json_array_append_new(list,
                          part(true, head, with_text ? whole_characters(t->text, n_head) : NULL));
    if (!whole)
        json_array_append_new(list, part(false, t->n_all - t->n_ids, NULL));
    if (tail > 0)
        json_array_append_new(
            list,
            part(true, tail, with_text ? whole_characters(t->text + t->n - n_tail, n_tail) : NULL));
    return list;
}

/* ---- The answer ---- */

static json_t *number_or_null(double x)
{
    return isfinite(x) ? json_real(x) : json_null();
}

static json_t *verdict(const struct seat *seat, const struct reading *t, const bolter_verdict *v,
                       bool with_text)
{
    const bolter_model_info *info = bolter_model_info_of(seat->of->model);
    double p = (double)v->spam;
    return json_pack("{s:i, s:s, s:s, s:f, s:o, s:{s:f, s:f}, s:I, s:I, s:b, s:s?, s:o, s:s, s:f}",
                     "v", 1, "verdict", bolter_class_name(v->decision), "label",
                     bolter_model_label(seat->of->model, v->label), "score", p, "logit",
                     number_or_null(log(p / (1 - p))), "thresholds", "spam", info->spam_threshold,
                     "unsure", info->unsure_threshold, "tokens", (json_int_t)v->n_tokens,
                     "tokens_total", (json_int_t)t->n_all, "truncated",
                     (int)(v->truncated || bolter_text_truncated(seat->text)), "unscorable",
                     t->unscorable, "parts", parts(seat, t, with_text), "model", v->model_id, "ms",
                     v->compute_ms);
}

static bolter_status add_pieces(struct seat *seat, const struct reading *t, json_t *j,
                                bolter_error *err)
{
    bolter_piece piece[MAX_PIECES];
    size_t n = 0;
    bolter_status rc = bolter_explain(seat->session, t->text, t->n, piece, MAX_PIECES, &n, err);
    json_t *list = json_array();
    for (size_t i = 0; i < n && rc == BOLTER_OK; i++)
        json_array_append_new(list,
                              json_pack("{s:f, s:o}", "weight", (double)piece[i].weight, "text",
                                        whole_characters(piece[i].text, strlen(piece[i].text))));
    json_object_set_new(j, "pieces", list);
    return rc;
}

static struct answer judge(struct seat *seat, const struct request *r)
{
    struct reading t = {0};
    bolter_verdict v = {0};
    bolter_error err = {0};
    json_t *j = NULL;
    bolter_status rc = read_text(seat, r, &t, &err);
    if (rc == BOLTER_OK)
        rc = bolter_classify_text(seat->session, seat->text, &v, &err);
    if (rc == BOLTER_OK)
        j = verdict(seat, &t, &v, r->explain);
    if (j && r->explain)
        rc = add_pieces(seat, &t, j, &err);
    if (rc == BOLTER_OK) {
        tally_read(&seat->of->tally, v.n_tokens);
        return answer_json(200, j);
    }
    json_decref(j);
    return answer_error(500, err.text);
}

struct answer answer_classify(struct served *s, const struct request *r)
{
    if (s->kind != SERVED_CLASSIFIER)
        return answer_error(404, "the model is a language model, without a classification head");
    struct seat *seat = served_sit(s);
    if (!seat)
        return answer_error(503, "all seats are taken, try again in a moment");
    struct answer a = judge(seat, r);
    bolter_text_reset(seat->text);
    served_leave(seat);
    return a;
}
