/*
 * session.c - one thread's scratch memory over a model: scores batches of texts, each in one window or
 * more. What int8 arithmetic leaves near a threshold is scored again, so that rounding decides no verdict.
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

/* The windows of a batch's texts, or of some of them. */
struct windows {
    bolter_seq *seq;
    size_t n;
    float *logits; /* (n, n_label) */
};

struct bolter_session {
    bolter_model *m;
    bt_net net;
    size_t max_seqs, max_tokens;
    bt_run *run;         /* of a model for any use */
    bt_scoring *scoring; /* of one that is packed */
    struct windows windows; /* with room for all of max_seqs texts */
    float *lm_logits; /* (LM_ROWS, n_vocab), made at the first use */
};

static bool may_doubt(const bolter_model *m)
{
    return m->packed && m->engine.tile->precision == BT_INT8 && m->info.spam_label >= 0;
}

/* Windows of a batch; each has a token. */
static size_t most_windows(const bolter_session *s)
{
    size_t n;
    bool few = bt_mul_size(s->max_seqs, (size_t)s->m->info.windows, &n) && n < s->max_tokens;
    return few ? n : s->max_tokens;
}

static bolter_status reserve(bolter_session *s, bolter_error *err)
{
    const size_t n = most_windows(s);
    const bt_run_size size = {.max_tok = s->max_tokens, .max_seqs = n};
    bolter_status rc = s->m->packed
                           ? bt_scoring_open(&s->scoring, &s->m->engine, s->max_tokens, n, err)
                           : bt_run_open(&s->run, &s->m->cfg, &size, err);
    if (rc != BOLTER_OK)
        return rc;
    s->windows.seq = bt_alloc_array(n, sizeof *s->windows.seq);
    s->windows.logits = bt_alloc_array(n, (s->m->cfg.n_label + 1) * sizeof *s->windows.logits);
    return s->windows.seq && s->windows.logits
               ? BOLTER_OK
               : bt_fail(err, BOLTER_E_NOMEM, "session: no memory for %zu sequences", n);
}

bolter_status bolter_session_open(bolter_session **out, bolter_model *m, size_t max_seqs,
                                  size_t max_tokens, bolter_error *err)
{
    *out = NULL;
    if (max_seqs == 0)
        return bt_fail(err, BOLTER_E_ARG, "session: max_seqs is 0");
    if (max_tokens == 0 && !bt_mul_size(max_seqs, m->info.max_ids, &max_tokens))
        return bt_fail(err, BOLTER_E_NOMEM, "session: no memory for %zu sequences", max_seqs);
    bolter_session *s = bt_alloc(sizeof *s);
    if (!s)
        return bt_fail(err, BOLTER_E_NOMEM, "session: no memory");
    *s = (bolter_session){.m = bolter_model_ref(m),
                          .net = {.cfg = m->cfg, .w = m->w},
                          .max_seqs = max_seqs,
                          .max_tokens = max_tokens};
    bolter_status rc = reserve(s, err);
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
    bt_release(s->windows.seq);
    bt_release(s->windows.logits);
    bt_release(s->lm_logits);
    bolter_model_unref(s->m);
    bt_release(s);
}

bolter_model *bt_session_model(const bolter_session *s)
{
    return s->m;
}

/* ---- Windows ---- */

static size_t n_windows(const bolter_seq *seq)
{
    return seq->windows > 1 ? seq->windows : 1;
}

static bolter_seq window_of(const bolter_seq *seq, size_t k)
{
    size_t n = seq->n / n_windows(seq);
    return (bolter_seq){.ids = seq->ids + k * n, .n = n};
}

static bolter_status check_seq(const bolter_session *s, const bolter_seq *seq, bolter_error *err)
{
    bolter_status rc = BOLTER_OK;
    if (n_windows(seq) > (size_t)s->m->info.windows || seq->n % n_windows(seq) != 0)
        return bt_fail(err, BOLTER_E_ARG, "session: %zu windows of %zu tokens, expected at most %d",
                       seq->windows, seq->n, (int)s->m->info.windows);
    for (size_t k = 0; k < n_windows(seq) && rc == BOLTER_OK; k++) {
        bolter_seq window = window_of(seq, k);
        rc = bt_seq_check(&s->m->cfg, &window, err);
    }
    return rc;
}

static bolter_status check_seqs(const bolter_session *s, const bolter_seq *seqs, size_t n_seqs,
                                bolter_error *err)
{
    size_t total = 0;
    for (size_t i = 0; i < n_seqs; i++) {
        bolter_status rc = check_seq(s, &seqs[i], err);
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

/* Log-odds of spam, the logits (n_label) divided by the temperature. */
static double odds_of(const bolter_model *m, const float *logits)
{
    size_t K = m->cfg.n_label, spam = (size_t)m->info.spam_label;
    double max = (double)bt_max(logits, K), others = 0, t = m->card.temperature;
    for (size_t k = 0; k < K; k++)
        if (k != spam)
            others += exp(((double)logits[k] - max) / t);
    return ((double)logits[spam] - max) / t - log(others);
}

static void spread(struct windows *w, const bolter_seq *seqs, size_t n_seqs)
{
    w->n = 0;
    for (size_t i = 0; i < n_seqs; i++)
        for (size_t k = 0; k < n_windows(&seqs[i]); k++)
            w->seq[w->n++] = window_of(&seqs[i], k);
}

/* Of n windows' logits (n, n_label) those of the text: half the first's, half the most suspicious one's. */
static void gather(const bolter_model *m, const float *window, size_t n, float *logits)
{
    size_t K = m->cfg.n_label;
    const float *most = window;
    for (size_t k = 1; k < n; k++)
        if (odds_of(m, window + k * K) > odds_of(m, most))
            most = window + k * K;
    for (size_t i = 0; i < K; i++)
        logits[i] = 0.5f * (window[i] + most[i]);
}

/* ---- Both parts, and rounding ---- */

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

/* Could another rounding of a text's logits (n_label) change the verdict? */
static bool is_doubtful(const bolter_model *m, const bolter_seq *seq, const float *logits)
{
    const bolter_model_info *info = &m->info;
    double odds = odds_of(m, logits), doubt = DOUBT;
    if (m->wide && seq->features) {
        odds = bolter_mix_odds(&m->card.mix, odds, bolter_wide_score(m->wide, seq->features));
        doubt *= m->card.mix.deep;
    }
    return near_threshold(odds, info->spam_threshold, doubt) ||
           near_threshold(odds, info->unsure_threshold, doubt);
}

static void forward(bolter_session *s, const bt_batch *b, float *logits)
{
    const bt_engine *e = &s->m->engine;
    if (s->scoring) {
        bt_engine_head(e, bt_engine_forward(e, s->scoring, b), b->n_seqs, logits);
    } else {
        bt_gpt2_forward(s->run, &s->net, b);
        bt_head_forward(s->run, &s->net, b, logits);
    }
}

/* Logits (n_seqs, n_label) of texts by the network. */
static void score(bolter_session *s, const bolter_seq *seqs, size_t n_seqs, float *logits)
{
    struct windows *w = &s->windows;
    size_t K = s->m->cfg.n_label, at = 0;
    spread(w, seqs, n_seqs);
    forward(s, &(bt_batch){w->seq, w->n, s->m->card.position, !s->m->card.all_see_all}, w->logits);
    for (size_t i = 0; i < n_seqs; i++) {
        gather(s->m, w->logits + at * K, n_windows(&seqs[i]), logits + i * K);
        at += n_windows(&seqs[i]);
    }
}

/* Score carefully what is doubtful of a batch. */
static void score_again(bolter_session *s, const bolter_seq *seqs, size_t n_seqs, float *logits)
{
    size_t K = s->m->cfg.n_label;
    bt_scoring_carefully(s->scoring, true);
    for (size_t i = 0; i < n_seqs; i++)
        if (is_doubtful(s->m, &seqs[i], logits + i * K))
            score(s, &seqs[i], 1, logits + i * K);
    bt_scoring_carefully(s->scoring, false);
}

bolter_status bolter_session_logits(bolter_session *s, const bolter_seq *seqs, size_t n_seqs,
                                    float *logits, bolter_error *err)
{
    if (s->m->cfg.n_label == 0)
        return bt_fail(err, BOLTER_E_MISMATCH, "%s: no classification head", s->m->dir);
    bolter_status rc = check_seqs(s, seqs, n_seqs, err);
    if (rc != BOLTER_OK)
        return rc;
    score(s, seqs, n_seqs, logits);
    if (may_doubt(s->m))
        score_again(s, seqs, n_seqs, logits);
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
