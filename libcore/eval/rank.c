/* rank.c - ranks scores and takes every measure off counts at ranks. */
#include "eval/rank.h"

#include <math.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/mem.h"

/* A float just below 1 is 2^-24 away from it; no score claims to be surer than that. */
#define PROB_MIN 0x1p-24

struct scored {
    double score;
    size_t at; /* which example of its class */
    bool spam;
};

static int by_score(const void *a, const void *b)
{
    const struct scored *x = a, *y = b;
    return (x->score > y->score) - (x->score < y->score);
}

/* Give each of the sorted examples its rank, and count the ranks. */
static void assign(bt_ranks *r, const struct scored *sorted, size_t n, double threshold)
{
    uint32_t rank = 0;
    for (size_t i = 0; i < n; i++) {
        rank += i > 0 && sorted[i].score > sorted[i - 1].score;
        bt_side *side = sorted[i].spam ? &r->spam : &r->ham;
        side->rank[sorted[i].at] = rank;
        side->count[rank]++;
        r->score[rank] = sorted[i].score;
        if (sorted[i].score < threshold)
            r->threshold = rank + 1;
    }
    r->n_rank = rank + 1;
    r->probability = sorted[0].score >= 0 && sorted[n - 1].score <= 1;
}

static void set_losses(bt_ranks *r)
{
    for (size_t i = 0; i < r->n_rank && r->probability; i++) {
        r->spam.loss[i] = -log(fmax(r->score[i], PROB_MIN));
        r->ham.loss[i] = -log(fmax(1 - r->score[i], PROB_MIN));
    }
}

static bool allocate_side(bt_side *side, size_t n)
{
    side->rank = bt_alloc_array(n, sizeof *side->rank);
    side->count = bt_alloc_array(n, sizeof *side->count);
    side->loss = bt_alloc_array(n, sizeof *side->loss);
    return side->rank && side->count && side->loss;
}

bolter_status bt_ranks_init(bt_ranks *r, const bolter_scores *s, bolter_error *err)
{
    *r = (bt_ranks){0};
    if (s->n > UINT32_MAX)
        return bt_fail(err, BOLTER_E_LIMIT, "report: %zu examples, expected at most 2^32 - 1",
                       s->n);
    struct scored *sorted = bt_alloc_array(s->n, sizeof *sorted);
    r->score = bt_alloc_array(s->n, sizeof *r->score);
    if (!sorted || !r->score || !allocate_side(&r->spam, s->n) || !allocate_side(&r->ham, s->n)) {
        bt_release(sorted);
        bt_ranks_free(r);
        return bt_fail(err, BOLTER_E_NOMEM, "report: no memory for %zu examples", s->n);
    }
    for (size_t i = 0; i < s->n; i++) {
        bool spam = s->truth[i] == 1;
        sorted[i] = (struct scored){s->score[i], spam ? r->spam.n++ : r->ham.n++, spam};
    }
    qsort(sorted, s->n, sizeof *sorted, by_score);
    assign(r, sorted, s->n, s->threshold);
    set_losses(r);
    bt_release(sorted);
    return BOLTER_OK;
}

static void free_side(bt_side *side)
{
    bt_release(side->rank);
    bt_release(side->count);
    bt_release(side->loss);
}

void bt_ranks_free(bt_ranks *r)
{
    free_side(&r->spam);
    free_side(&r->ham);
    bt_release(r->score);
    *r = (bt_ranks){0};
}

static uint64_t count_from(const bt_ranks *r, const bt_side *side, size_t rank)
{
    uint64_t sum = 0;
    for (size_t i = rank; i < r->n_rank; i++)
        sum += side->count[i];
    return sum;
}

void bt_ranks_called_spam(const bt_ranks *r, uint64_t *tp, uint64_t *fp)
{
    *tp = count_from(r, &r->spam, r->threshold);
    *fp = count_from(r, &r->ham, r->threshold);
}

/* Mann-Whitney: the share of (spam, ham) pairs in which spam scores higher, ties counted half. */
static double auc(const bt_ranks *r)
{
    double below = 0, halves = 0;
    for (size_t i = 0; i < r->n_rank; i++) {
        halves += r->spam.count[i] * (2 * below + r->ham.count[i]);
        below += r->ham.count[i];
    }
    return halves / 2 / (double)r->spam.n / (double)r->ham.n;
}

/* The share of spam strictly above the (floor(fpr * ham) + 1)-th highest ham. */
static double recall_at(const bt_ranks *r, double fpr)
{
    if (r->ham.n == 0)
        return NAN;
    /* The last term makes up for products such as 0.29 * 100 that fall short of a whole number. */
    uint64_t allowed = (uint64_t)floor(fpr * (double)r->ham.n + 1e-9), ham = 0, spam = 0;
    for (size_t i = r->n_rank; i-- > 0;) {
        ham += r->ham.count[i];
        if (ham > allowed)
            break;
        spam += r->spam.count[i];
    }
    return (double)spam / (double)r->spam.n;
}

/* Mean cross-entropy and mean squared error. */
static void losses(const bt_ranks *r, double *loss, double *brier)
{
    double n = (double)(r->spam.n + r->ham.n);
    *loss = *brier = r->probability ? 0 : NAN;
    for (size_t i = 0; i < r->n_rank && r->probability; i++) {
        double spam = r->spam.count[i], ham = r->ham.count[i], p = r->score[i];
        *loss += (spam * r->spam.loss[i] + ham * r->ham.loss[i]) / n;
        *brier += (spam * (1 - p) * (1 - p) + ham * p * p) / n;
    }
}

/* The rate whose log-odds are the mean of theirs: sqrt(odds * odds) without the infinities. */
static double logistic_mean(double a, double b)
{
    double wrong = sqrt(a * b), right = sqrt((1 - a) * (1 - b));
    return wrong / (wrong + right);
}

void bt_ranks_measure(const bt_ranks *r, double out[BT_N_MEASURE])
{
    uint64_t called_tp, called_fp;
    bt_ranks_called_spam(r, &called_tp, &called_fp);
    double n_spam = (double)r->spam.n, n_ham = (double)r->ham.n; /* 0 / 0 gives the NaN we want */
    double tp = (double)called_tp, fp = (double)called_fp, tn = n_ham - fp;
    out[BT_ACCURACY] = (tp + tn) / (n_spam + n_ham);
    out[BT_BALANCED_ACCURACY] = (tp / n_spam + tn / n_ham) / 2;
    out[BT_PRECISION] = tp / (tp + fp);
    out[BT_RECALL] = tp / n_spam;
    out[BT_F1] = 2 * tp / (n_spam + tp + fp);
    out[BT_FPR] = fp / n_ham;
    out[BT_MISS] = (n_spam - tp) / n_spam;
    out[BT_LAM] = logistic_mean(out[BT_FPR], out[BT_MISS]);
    out[BT_AUC] = auc(r);
    out[BT_RECALL_FPR_01] = recall_at(r, 0.001);
    out[BT_RECALL_FPR_05] = recall_at(r, 0.005);
    out[BT_RECALL_FPR_1] = recall_at(r, 0.01);
    losses(r, &out[BT_LOSS], &out[BT_BRIER]);
}
