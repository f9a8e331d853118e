/*
 * session.c - one thread's scratch memory over a model: scores batches of sequences. What int8
 * arithmetic leaves near a threshold is scored again, so that rounding decides no verdict.
 */
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

/*
 * Log-odds of spam that int8 arithmetic may be off, and somewhat more: of 1,133 messages none moved
 * farther than 0.34, see bench/precision.csv.
 */
#define DOUBT 0.5

/* What is scored again. */
struct doubts {
    bolter_seq *seq;
    size_t *at, n; /* where they are in the batch */
    float *logits; /* (n, n_label) */
};

struct bolter_session {
    bolter_model *m;
    bt_net net;
    size_t max_seqs, max_tokens;
    bt_run *run;         /* of a model for any use */
    bt_scoring *scoring; /* of one that is packed */
    struct doubts doubts; /* with room for max_seqs, where it is packed in int8 */
    float *lm_logits; /* (LM_ROWS, n_vocab), made at the first use */
};

static bool may_doubt(const bolter_model *m)
{
    return m->packed && m->engine.tile->precision == BT_INT8 && m->info.spam_label >= 0;
}

static bolter_status open_scoring(bolter_session *s, bolter_error *err)
{
    bolter_status rc = bt_scoring_open(&s->scoring, &s->m->engine, s->max_tokens, s->max_seqs, err);
    struct doubts *d = &s->doubts;
    if (rc != BOLTER_OK || !may_doubt(s->m))
        return rc;
    d->seq = bt_alloc_array(s->max_seqs, sizeof *d->seq);
    d->at = bt_alloc_array(s->max_seqs, sizeof *d->at);
    d->logits = bt_alloc_array(s->max_seqs, s->m->cfg.n_label * sizeof *d->logits);
    if (!d->seq || !d->at || !d->logits)
        return bt_fail(err, BOLTER_E_NOMEM, "session: no memory for %zu sequences", s->max_seqs);
    return BOLTER_OK;
}

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
    bolter_status rc = m->packed ? open_scoring(s, err)
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
    bt_release(s->doubts.seq);
    bt_release(s->doubts.at);
    bt_release(s->doubts.logits);
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

static bool near_threshold(double odds, double threshold, double doubt)
{
    return fabs(odds - log(threshold / (1 - threshold))) < doubt;
}

/* Could another rounding of a sequence's logits (n_label) change the verdict? */
static bool is_doubtful(const bolter_model *m, const bolter_seq *seq, const float *logits)
{
    const bolter_model_info *info = &m->info;
    size_t K = m->cfg.n_label, spam = (size_t)m->info.spam_label;
    double max = (double)bt_max(logits, K), others = 0, t = m->card.temperature;
    for (size_t k = 0; k < K; k++)
        if (k != spam)
            others += exp(((double)logits[k] - max) / t);
    double odds = ((double)logits[spam] - max) / t - log(others), doubt = DOUBT;
    if (m->wide && seq->features) {
        odds = bolter_mix_odds(&m->card.mix, odds, bolter_wide_score(m->wide, seq->features));
        doubt *= m->card.mix.deep;
    }
    return near_threshold(odds, info->spam_threshold, doubt) ||
           near_threshold(odds, info->unsure_threshold, doubt);
}

static void score_packed(bolter_session *s, const bt_batch *b, float *logits)
{
    const bt_engine *e = &s->m->engine;
    bt_engine_head(e, bt_engine_forward(e, s->scoring, b), b->n_seqs, logits);
}

/* Score carefully what is doubtful of a batch. */
static void score_again(bolter_session *s, const bt_batch *b, float *logits)
{
    struct doubts *d = &s->doubts;
    size_t K = s->m->cfg.n_label;
    d->n = 0;
    for (size_t i = 0; i < b->n_seqs; i++) {
        if (is_doubtful(s->m, &b->seqs[i], logits + i * K)) {
            d->seq[d->n] = b->seqs[i];
            d->at[d->n++] = i;
        }
    }
    if (d->n == 0)
        return;
    bt_scoring_carefully(s->scoring, true);
    score_packed(s, &(bt_batch){d->seq, d->n, b->read, b->causal}, d->logits);
    bt_scoring_carefully(s->scoring, false);
    for (size_t i = 0; i < d->n; i++)
        memcpy(logits + d->at[i] * K, d->logits + i * K, K * sizeof *logits);
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
        score_packed(s, &b, logits);
        if (may_doubt(s->m))
            score_again(s, &b, logits);
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
            bt_mat_of(s->net.w[bt_vocabulary_index(&s->m->cfg)], V, C), true, 1, 0);
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
