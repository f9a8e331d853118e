/* session.c - one thread's scratch memory over a model: scores batches of sequences. */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "bolter.h"
#include "ckpt/model.h"
#include "kern/kern.h"
#include "service/verdict.h"

/* Rows of hidden states that meet the vocabulary at a time in bolter_session_lm(). */
#define LM_ROWS 32

struct bolter_session {
    bolter_model *m;
    bt_net net;
    size_t max_seqs, max_tokens;
    bt_run *run;         /* of a model for any use */
    bt_scoring *scoring; /* of one that is packed */
    float *lm_logits; /* (LM_ROWS, n_vocab), made at the first use */
};

bolter_status bolter_session_open(bolter_session **out, bolter_model *m, size_t max_seqs,
                                  size_t max_tokens, bolter_error *err)
{
    *out = NULL;
    if (max_seqs == 0)
        return bt_fail(err, BOLTER_E_ARG, "session: max_seqs is 0");
    if (max_tokens == 0 && !bt_mul_size(max_seqs, (size_t)m->info.max_tokens, &max_tokens))
        return bt_fail(err, BOLTER_E_NOMEM, "session: no memory for %zu sequences", max_seqs);
    bolter_session *s = bt_alloc(sizeof *s);
    if (!s)
        return bt_fail(err, BOLTER_E_NOMEM, "session: no memory");
    *s = (bolter_session){.m = bolter_model_ref(m),
                          .net = {.cfg = m->cfg, .w = m->w},
                          .max_seqs = max_seqs,
                          .max_tokens = max_tokens};
    bt_run_size size = {.max_tok = max_tokens, .max_seqs = max_seqs};
    bolter_status rc = m->packed ? bt_scoring_open(&s->scoring, &m->engine, max_tokens, max_seqs, err)
                                 : bt_run_open(&s->run, &m->cfg, &size, err);
    if (rc != BOLTER_OK) {
        bolter_session_free(s);
        return rc;
    }
    *out = s;
    return BOLTER_OK;
}

void bolter_session_free(bolter_session *s)
{
    if (!s)
        return;
    bt_run_free(s->run);
    bt_scoring_free(s->scoring);
    bt_release(s->lm_logits);
    bolter_model_unref(s->m);
    bt_release(s);
}

bolter_model *bt_session_model(const bolter_session *s)
{
    return s->m;
}

static bolter_status check_seqs(const bolter_session *s, const bolter_seq *seqs, size_t n_seqs,
                                bolter_error *err)
{
    size_t total = 0;
    for (size_t i = 0; i < n_seqs; i++) {
        bolter_status rc = bt_seq_check(&s->m->cfg, &seqs[i], err);
        if (rc != BOLTER_OK)
            return rc;
        total += seqs[i].n;
    }
    if (n_seqs > s->max_seqs || total > s->max_tokens)
        return bt_fail(err, BOLTER_E_LIMIT,
                       "session: %zu sequences of %zu tokens, opened for %zu of %zu", n_seqs, total,
                       s->max_seqs, s->max_tokens);
    return BOLTER_OK;
}

/*
 * The logit of spam where the softmax at the model's temperature gives what both parts say together. A
 * model with a wide part has two labels.
 */
static void add_wide(const bolter_model *m, const bolter_seq *seqs, size_t n_seqs, float *logits)
{
    const double t = m->card.temperature;
    const size_t spam = (size_t)m->info.spam_label;
    for (size_t i = 0; m->wide && i < n_seqs; i++) {
        float *l = logits + 2 * i;
        if (!seqs[i].features)
            continue;
        double deep = ((double)l[spam] - (double)l[1 - spam]) / t;
        double wide = bolter_wide_score(m->wide, seqs[i].features);
        l[spam] = l[1 - spam] + (float)(t * bolter_mix_odds(&m->card.mix, deep, wide));
    }
}

bolter_status bolter_session_logits(bolter_session *s, const bolter_seq *seqs, size_t n_seqs,
                                    float *logits, bolter_error *err)
{
    if (s->m->cfg.n_label == 0)
        return bt_fail(err, BOLTER_E_MISMATCH, "%s: no classification head", s->m->dir);
    bolter_status rc = check_seqs(s, seqs, n_seqs, err);
    if (rc != BOLTER_OK)
        return rc;
    bt_batch b = {seqs, n_seqs, s->m->card.position, !s->m->card.all_see_all};
    if (s->scoring) {
        const float *hidden = bt_engine_forward(&s->m->engine, s->scoring, &b);
        bt_engine_head(&s->m->engine, hidden, n_seqs, logits);
    } else {
        bt_gpt2_forward(s->run, &s->net, &b);
        bt_head_forward(s->run, &s->net, &b, logits);
    }
    add_wide(s->m, seqs, n_seqs, logits);
    for (size_t i = 0; i < n_seqs * s->m->cfg.n_label; i++)
        if (!isfinite(logits[i]))
            return bt_fail(err, BOLTER_E_NUMERIC, "%s: a logit is not finite", s->m->dir);
    return BOLTER_OK;
}

bolter_status bolter_session_score(bolter_session *s, const bolter_seq *seqs, size_t n_seqs,
                                   float *prob, bolter_error *err)
{
    bolter_status rc = bolter_session_logits(s, seqs, n_seqs, prob, err);
    size_t K = s->m->cfg.n_label;
    for (size_t i = 0; rc == BOLTER_OK && i < n_seqs; i++) {
        float *p = prob + i * K;
        double max = (double)bt_max(p, K), sum = 0, t = s->m->card.temperature;
        for (size_t k = 0; k < K; k++)
            sum += exp(((double)p[k] - max) / t);
        for (size_t k = 0; k < K; k++)
            p[k] = (float)(exp(((double)p[k] - max) / t) / sum);
    }
    return rc;
}

/* Sum of the next-token cross-entropies of rows first .. first + n - 1 of the hidden states. */
static double lm_rows(bolter_session *s, const bolter_seq *seq, size_t first, size_t n)
{
    size_t C = s->m->cfg.n_embd, V = s->m->cfg.n_vocab;
    double loss = 0;
    bt_gemm(bt_mat_of(s->lm_logits, n, V), bt_mat_of(bt_run_hidden(s->run) + first * C, n, C), false,
            bt_mat_of(s->net.w[BT_WTE], V, C), true, 1, 0);
    for (size_t i = 0; i < n && first + i + 1 < seq->n; i++)
        loss += bt_xent(NULL, s->lm_logits + i * V, V, (size_t)seq->ids[first + i + 1], 1);
    return loss;
}

bolter_status bolter_session_lm(bolter_session *s, const bolter_seq *seq, float *logits, double *loss,
                                bolter_error *err)
{
    size_t V = s->m->cfg.n_vocab;
    bolter_status rc = bt_model_need_weights(s->m, err);
    if (rc == BOLTER_OK)
        rc = check_seqs(s, seq, 1, err);
    if (rc != BOLTER_OK)
        return rc;
    if (!s->lm_logits && !(s->lm_logits = bt_alloc_aligned(LM_ROWS * V, sizeof *s->lm_logits)))
        return bt_fail(err, BOLTER_E_NOMEM, "session: no memory for %zu logits", LM_ROWS * V);
    bt_batch b = {seq, 1, BT_READ_ALL, true};
    bt_gpt2_forward(s->run, &s->net, &b);
    double sum = 0;
    for (size_t i = 0; loss && i < seq->n; i += LM_ROWS)
        sum += lm_rows(s, seq, i, seq->n - i < LM_ROWS ? seq->n - i : LM_ROWS);
    if (loss)
        *loss = seq->n > 1 ? sum / (double)(seq->n - 1) : NAN;
    if (logits) {
        lm_rows(s, seq, seq->n - 1, 1);
        memcpy(logits, s->lm_logits, V * sizeof *logits);
    }
    return BOLTER_OK;
}
