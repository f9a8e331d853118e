/* verdict.c - classify one text in the caller's thread; the parts that the service shares. */
#include "service/verdict.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "service/queue.h"

double bt_ms_between(int64_t from_ns, int64_t to_ns)
{
    return (double)(to_ns - from_ns) / 1e6;
}

bolter_status bt_reading_open(bt_reading *r, const bolter_model *m, const char *utf8, size_t n,
                              bolter_error *err)
{
    const bolter_model_info *info = bolter_model_info_of(m);
    bolter_reading read;
    *r = (bt_reading){.ids = bt_alloc_array(info->max_ids, sizeof *r->ids)};
    if (!r->ids)
        return bt_fail(err, BOLTER_E_NOMEM, "verdict: no memory for %zu tokens", info->max_ids);
    bolter_status s = bolter_model_read(m, utf8, n, r->ids, &read, err);
    if (s != BOLTER_OK) {
        bt_reading_clear(r);
        return s;
    }
    r->seq = (bolter_seq){.ids = r->ids, .n = read.n_ids, .windows = read.windows};
    r->n_all = read.n_all;
    r->truncated = read.n_unread > 0;
    return BOLTER_OK;
}

void bt_reading_clear(bt_reading *r)
{
    bt_release(r->ids);
    *r = (bt_reading){0};
}

bool bt_reading_shorten(bt_reading *r, const bolter_model *m, size_t n)
{
    const bolter_model_info *info = bolter_model_info_of(m);
    if (r->seq.n <= n)
        return false;
    size_t length = r->seq.n / r->seq.windows, kept = length < n ? length : n;
    size_t tail = (size_t)((double)kept * info->tail_tokens / info->max_tokens);
    memmove(r->ids + (kept - tail), r->ids + (length - tail), tail * sizeof *r->ids);
    r->seq = (bolter_seq){.ids = r->ids, .n = kept, .windows = 1};
    r->truncated = true;
    return true;
}

static bolter_class decide(const bolter_model_info *info, float spam)
{
    if ((double)spam >= info->spam_threshold)
        return BOLTER_SPAM;
    return (double)spam >= info->unsure_threshold ? BOLTER_UNSURE : BOLTER_HAM;
}

void bt_verdict_decide(bolter_verdict *out, const bolter_model *m, const float *prob)
{
    const bolter_model_info *info = bolter_model_info_of(m);
    out->label = 0;
    for (int32_t i = 1; i < info->n_label; i++)
        if (prob[i] > prob[out->label])
            out->label = i;
    out->prob = prob[out->label];
    out->spam = prob[info->spam_label];
    out->decision = decide(info, out->spam);
    snprintf(out->model_id, sizeof out->model_id, "%s", info->id);
}

static bolter_status score(bolter_session *s, const bolter_model *m, const bt_reading *r,
                           const bolter_features *f, bolter_verdict *out, bolter_error *err)
{
    float *prob = bt_alloc_array((size_t)bolter_model_info_of(m)->n_label, sizeof *prob);
    if (!prob)
        return bt_fail(err, BOLTER_E_NOMEM, "verdict: no memory for the probabilities");
    bolter_seq seq = r->seq;
    seq.features = f;
    bolter_status status = bolter_session_score(s, &seq, 1, prob, err);
    if (status == BOLTER_OK) {
        *out = (bolter_verdict){
            .n_tokens = seq.n, .n_windows = seq.windows, .truncated = r->truncated};
        bt_verdict_decide(out, m, prob);
    }
    bt_release(prob);
    return status;
}

bolter_status bt_wide_reading(bolter_features *f, const bolter_features **out, const bolter_model *m,
                              bolter_text *t, bolter_error *err)
{
    *out = NULL;
    if (!bolter_model_wide(m))
        return BOLTER_OK;
    bolter_status status = bolter_text_features(t, f, err);
    if (status == BOLTER_OK)
        *out = f;
    return status;
}

static bolter_status classify(bolter_session *s, const char *utf8, size_t n, bolter_text *t,
                              bolter_verdict *out, bolter_error *err)
{
    bolter_features room;
    const bolter_features *f = NULL;
    const bolter_model *m = bt_session_model(s);
    int64_t begin_ns = bt_now_ns();
    bt_reading r;
    bolter_status status = bolter_model_need_spam_head(m, err);
    if (status != BOLTER_OK || (status = bt_reading_open(&r, m, utf8, n, err)) != BOLTER_OK)
        return status;
    if (t)
        status = bt_wide_reading(&room, &f, m, t, err);
    if (status == BOLTER_OK)
        status = score(s, m, &r, f, out, err);
    if (status == BOLTER_OK)
        out->compute_ms = bt_ms_between(begin_ns, bt_now_ns());
    bt_reading_clear(&r);
    return status;
}

bolter_status bolter_classify(bolter_session *s, const char *utf8, size_t n, bolter_verdict *out,
                              bolter_error *err)
{
    return classify(s, utf8, n, NULL, out, err);
}

bolter_status bolter_classify_text(bolter_session *s, bolter_text *t, bolter_verdict *out,
                                   bolter_error *err)
{
    const char *utf8;
    size_t n;
    bolter_text_last(t, &utf8, &n);
    return classify(s, utf8, n, t, out, err);
}
