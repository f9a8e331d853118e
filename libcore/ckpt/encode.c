/* encode.c - laid-out text to ids: begin token, the windows of long texts, padding of short ones. */
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "ckpt/model.h"

/* The windows of a text that does not fit into one, of which all ids are in whole. */
static void fill_windows(const bolter_model *m, const bt_windows *w, const int32_t *whole, int32_t *ids)
{
    const size_t bos = m->card.bos ? 1 : 0, length = m->card.max_tokens;
    memcpy(ids + bos, whole, w->head * sizeof *ids);
    memcpy(ids + length - w->tail, whole + w->n - w->tail, w->tail * sizeof *ids);
    for (size_t k = 1; k <= w->n_more; k++) {
        int32_t *at = ids + k * length;
        memcpy(at, ids, (bos + w->lead) * sizeof *ids);
        memcpy(at + bos + w->lead, whole + bt_window_begin(w, k), w->slice * sizeof *ids);
    }
}

static bolter_status read_long(const bolter_model *m, const char *utf8, size_t n, const bt_windows *w,
                               int32_t *ids, bolter_error *err)
{
    size_t all;
    int32_t *whole = bt_alloc_array(w->n, sizeof *whole);
    if (!whole)
        return bt_fail(err, BOLTER_E_NOMEM, "text: no memory for %zu tokens", w->n);
    bolter_status rc = bolter_tok_encode(m->tok, utf8, n, whole, w->n, &all, err);
    if (rc == BOLTER_OK)
        fill_windows(m, w, whole, ids);
    bt_release(whole);
    return rc;
}

/* In all windows, or in the first alone. */
static bolter_status read_text(const bolter_model *m, const char *utf8, size_t n, bool all_windows,
                               int32_t *ids, bolter_reading *out, bolter_error *err)
{
    size_t max = m->card.max_tokens, bos = m->card.bos ? 1 : 0, all;
    if (!m->tok)
        return bt_fail(err, BOLTER_E_MISMATCH, "%s: no vocab.json", m->dir);
    bolter_status rc = bolter_tok_encode(m->tok, utf8, n, ids + bos, max - bos, &all, err);
    if (rc != BOLTER_OK)
        return rc;
    if (all + bos == 0) /* a model needs one position to look at: an empty line */
        return read_text(m, "\n", 1, all_windows, ids, out, err);
    if (bos)
        ids[0] = m->bos_id;
    bt_windows w = bt_windows_of(m, all);
    if (!all_windows)
        w.n_more = 0;
    size_t first = all + bos < max ? all + bos : max;
    *out = (bolter_reading){.n_ids = first * (1 + w.n_more),
                            .windows = 1 + w.n_more,
                            .n_all = all + bos,
                            .n_unread = bt_windows_unread(&w)};
    return w.tail == 0 && w.n_more == 0 ? BOLTER_OK : read_long(m, utf8, n, &w, ids, err);
}

static void pad(const bolter_model *m, int32_t *ids, bolter_reading *r)
{
    for (size_t i = r->n_ids; i < m->card.pad_to; i++)
        ids[i] = m->eos_id;
    r->n_ids = m->card.pad_to > 0 ? m->card.pad_to : r->n_ids;
}

bolter_status bolter_model_read(const bolter_model *m, const char *utf8, size_t n, int32_t *ids,
                                bolter_reading *out, bolter_error *err)
{
    bolter_status rc = read_text(m, utf8, n, true, ids, out, err);
    if (rc == BOLTER_OK)
        pad(m, ids, out);
    return rc;
}

bolter_status bolter_model_encode(const bolter_model *m, const char *utf8, size_t n, int32_t *ids,
                                  size_t *n_ids, size_t *n_all, bolter_error *err)
{
    bolter_reading r;
    bolter_status rc = read_text(m, utf8, n, false, ids, &r, err);
    if (rc != BOLTER_OK)
        return rc;
    pad(m, ids, &r);
    *n_ids = r.n_ids;
    if (n_all)
        *n_all = r.n_all;
    return BOLTER_OK;
}
