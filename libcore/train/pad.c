/* pad.c - sequences of one length: longer ones are cut, shorter ones end in end-of-text tokens. */
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "train/trainer.h"

static bolter_status reserve(bolter_trainer *t, size_t n, bolter_error *err)
{
    if (n <= t->n_padded)
        return BOLTER_OK;
    bt_release(t->padded);
    bt_release(t->padded_seqs);
    t->n_padded = 0;
    t->padded = bt_alloc_array(n, t->o.pad_to * sizeof *t->padded);
    t->padded_seqs = bt_alloc_array(n, sizeof *t->padded_seqs);
    if (!t->padded || !t->padded_seqs)
        return bt_fail(err, BOLTER_E_NOMEM, "trainer: no memory for padding");
    t->n_padded = n;
    return BOLTER_OK;
}

bolter_status bt_pad(bolter_trainer *t, const bolter_seq **seqs, size_t n, bolter_error *err)
{
    size_t T = t->o.pad_to;
    bolter_status rc = T > 0 ? reserve(t, n, err) : BOLTER_OK;
    if (T == 0 || rc != BOLTER_OK)
        return rc;
    for (size_t i = 0; i < n; i++) {
        int32_t *ids = t->padded + i * T;
        size_t real = (*seqs)[i].n < T ? (*seqs)[i].n : T;
        memcpy(ids, (*seqs)[i].ids, real * sizeof *ids);
        for (size_t k = real; k < T; k++)
            ids[k] = t->m->eos_id;
        t->padded_seqs[i] = (bolter_seq){.ids = ids, .n = T};
    }
    *seqs = t->padded_seqs;
    return BOLTER_OK;
}
