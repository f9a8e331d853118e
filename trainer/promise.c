/* promise.c - says what a sample proves about the false positive rate, and acts on it. */
#include "trainer/promise.h"

#include <math.h>
#include <stdio.h>

#include "bolter_train.h"
#include "trainer/options.h"
#include "trainer/report.h"

#define MIN_THRESHOLD 0.5 /* below it a text is more likely ham */

bool promise_holds(const bolter_threshold_proof *p)
{
    return p->proved && p->threshold <= 1;
}

/* Why there is no such threshold. */
static void explain(char *out, size_t cap, const bolter_threshold_proof *p)
{
    if (p->proved)
        snprintf(out, cap,
                 "ham has the highest score there is: no threshold keeps a false positive "
                 "rate of %.6g %%",
                 100 * p->max_fpr);
    else
        snprintf(out, cap,
                 "%llu ham cannot prove a false positive rate of at most %.6g %% at %.6g %%: "
                 "at least %llu are needed, %llu more",
                 (unsigned long long)p->ham, 100 * p->max_fpr, 100 * p->confidence,
                 (unsigned long long)p->needed, (unsigned long long)(p->needed - p->ham));
}

void promise_print(const bolter_threshold_proof *p)
{
    char why[256];
    explain(why, sizeof why, p);
    if (promise_holds(p))
        printf("Spam from %.9g on: the false positive rate is at most %.6g %%, with %.6g %% "
               "confidence\n"
               "(%llu of %llu ham may reach it; the bound is %.6g %%).\n",
               p->threshold, 100 * p->max_fpr, 100 * p->confidence, (unsigned long long)p->allowed,
               (unsigned long long)p->ham, 100 * p->upper_bound);
    else
        printf("Not proved: %s.\n", why);
    if (!p->proved && p->ham > 0)
        printf("From %.9g on at most %llu of them are called spam, which proves at most %.4g %%.\n",
               p->threshold, (unsigned long long)p->allowed, 100 * p->upper_bound);
}

json_t *promise_json(const bolter_threshold_proof *p)
{
    return json_pack("{s:f, s:f, s:b, s:I, s:I, s:I, s:f, s:o}", "max_fpr", p->max_fpr,
                     "confidence", p->confidence, "proved", promise_holds(p), "ham",
                     (json_int_t)p->ham, "needed", (json_int_t)p->needed, "allowed",
                     (json_int_t)p->allowed, "upper_bound", p->upper_bound, "threshold",
                     json_number_or_null(p->threshold));
}

bool promise_set(const bolter_model *m, const bolter_threshold_proof *p)
{
    char why[256];
    if (!promise_holds(p)) {
        explain(why, sizeof why, p);
        complain("%s", why);
        return false;
    }
    bolter_error err = {0};
    const bolter_save_options o = {.spam_threshold = fmax(p->threshold, MIN_THRESHOLD), .proof = p};
    if (bolter_model_save_card(m, &o, &err) != BOLTER_OK) {
        complain("%s", err.text);
        return false;
    }
    return true;
}
