/* encode.c - laid-out text to ids: begin token, head and tail of long texts, padding of short ones. */
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "ckpt/model.h"

static bolter_status encode(const bolter_model *m, const char *utf8, size_t n, int32_t *ids,
                            size_t *n_ids, size_t *n_all, bolter_error *err)
{
    size_t max = m->card.max_tokens, tail = m->card.tail_tokens, bos = m->card.bos ? 1 : 0, all;
    if (!m->tok)
        return bt_fail(err, BOLTER_E_MISMATCH, "%s: no vocab.json", m->dir);
    bolter_status rc = bolter_tok_encode(m->tok, utf8, n, ids + bos, max - bos, &all, err);
    if (rc != BOLTER_OK)
        return rc;
    if (all + bos == 0) /* a model needs one position to look at: an empty line */
        return encode(m, "\n", 1, ids, n_ids, n_all, err);
    if (bos)
        ids[0] = m->bos_id;
    if (n_all)
        *n_all = all + bos;
    *n_ids = all + bos < max ? all + bos : max;
    if (all + bos <= max || tail == 0)
        return BOLTER_OK;
    int32_t *whole = bt_alloc_array(all, sizeof *whole);
    if (!whole)
        return bt_fail(err, BOLTER_E_NOMEM, "text: no memory for %zu tokens", all);
    rc = bolter_tok_encode(m->tok, utf8, n, whole, all, &all, err);
    if (rc == BOLTER_OK)
        memcpy(ids + max - tail, whole + all - tail, tail * sizeof *ids);
    bt_release(whole);
    return rc;
}

bolter_status bolter_model_encode(const bolter_model *m, const char *utf8, size_t n, int32_t *ids,
                                  size_t *n_ids, size_t *n_all, bolter_error *err)
{
    bolter_status rc = encode(m, utf8, n, ids, n_ids, n_all, err);
    size_t length = m->card.pad_to;
    if (rc != BOLTER_OK || length == 0)
        return rc;
    for (size_t i = *n_ids; i < length; i++)
        ids[i] = m->eos_id;
    *n_ids = length;
    return BOLTER_OK;
}
