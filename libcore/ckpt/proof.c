/* proof.c - "threshold_proof" of bolter.json: which false positive rate the threshold was to keep.
 */
#include <string.h>

#include "ckpt/model.h"

#define MAX_COUNT (INT64_C(1) << 53) /* whole numbers that every reader of JSON keeps */

bool bt_proof_fits(const bolter_threshold_proof *p)
{
    bool rates = p->max_fpr >= 0 && p->max_fpr <= 1 && p->confidence >= 0 && p->confidence <= 1 &&
                 p->upper_bound >= 0 && p->upper_bound <= 1 && p->threshold >= 0 &&
                 p->threshold <= 1;
    return rates && p->ham <= MAX_COUNT && p->needed <= MAX_COUNT && p->allowed <= p->ham &&
           (!p->proved || p->ham >= p->needed);
}

bolter_status bt_proof_read(bolter_threshold_proof *p, const json_t *v)
{
    json_int_t ham, needed, allowed;
    int proved;
    /* json_unpack() takes a const object; "!" refuses a key that is not named. */
    if (json_unpack((json_t *)(uintptr_t)v, "{s:F, s:F, s:b, s:I, s:I, s:I, s:F, s:F !}", "max_fpr",
                    &p->max_fpr, "confidence", &p->confidence, "proved", &proved, "ham", &ham,
                    "needed", &needed, "allowed", &allowed, "upper_bound", &p->upper_bound,
                    "threshold", &p->threshold) != 0 ||
        ham < 0 || needed < 0 || allowed < 0)
        return BOLTER_E_FORMAT;
    p->proved = proved != 0;
    p->ham = (uint64_t)ham;
    p->needed = (uint64_t)needed;
    p->allowed = (uint64_t)allowed;
    return bt_proof_fits(p) ? BOLTER_OK : BOLTER_E_FORMAT;
}

json_t *bt_proof_json(const bolter_threshold_proof *p)
{
    return json_pack("{s:f, s:f, s:b, s:I, s:I, s:I, s:f, s:f}", "max_fpr", p->max_fpr,
                     "confidence", p->confidence, "proved", p->proved, "ham", (json_int_t)p->ham,
                     "needed", (json_int_t)p->needed, "allowed", (json_int_t)p->allowed,
                     "upper_bound", p->upper_bound, "threshold", p->threshold);
}
