/* judge.c - the calls of bolter.h that lead from bytes to a verdict, in their order. */
#include "milter/judge.h"

#include <stdio.h>
#include <stdlib.h>

bolter_status judge_open(struct judge *j, const char *model_dir, const char *precision,
                         bolter_error *err)
{
    *j = (struct judge){0};
    const bolter_open_options packed = {.precision = precision};
    bolter_status rc = bolter_model_open_with(&j->model, model_dir, &packed, err);
    if (rc == BOLTER_OK)
        rc = bolter_model_need_spam_head(j->model, err);
    if (rc == BOLTER_OK)
        rc = bolter_session_open(&j->session, j->model, 1, 0, err);
    if (rc == BOLTER_OK) {
        bolter_text_options o = {.layout = bolter_model_info_of(j->model)->text_layout};
        rc = bolter_text_open(&j->text, &o, err);
    }
    if (rc != BOLTER_OK)
        judge_close(j);
    return rc;
}

bolter_status judge_bytes(struct judge *j, bool is_mail, const char *bytes, size_t n,
                          bolter_verdict *v, bolter_error *err)
{
    bolter_status rc;
    j->n_pieces = 0;
    j->unscorable = NULL;
    if (is_mail) {
        bolter_text_reset(j->text);
        rc = bolter_text_chunk(j->text, bytes, n, err);
        if (rc == BOLTER_OK)
            rc = bolter_text_finish(j->text, &j->laid_out, &j->n_laid_out, err);
    } else {
        rc = bolter_text_plain(j->text, bytes, n, &j->laid_out, &j->n_laid_out, err);
    }
    if (rc == BOLTER_OK && is_mail && n > 0)
        j->unscorable = bolter_text_unscorable(j->text);
    if (j->unscorable) {
        *v = (bolter_verdict){.decision = BOLTER_UNSURE};
        snprintf(v->model_id, sizeof v->model_id, "%s", bolter_model_info_of(j->model)->id);
        return BOLTER_OK;
    }
    if (rc == BOLTER_OK)
        rc = bolter_classify_text(j->session, j->text, v, err);
    if (rc == BOLTER_OK)
        v->truncated = v->truncated || bolter_text_truncated(j->text);
    return rc;
}

static bolter_status score_again(struct judge *j, float *prob, bolter_error *err)
{
    const bolter_model_info *info = bolter_model_info_of(j->model);
    int32_t *ids = calloc(info->max_ids, sizeof *ids);
    if (!ids) {
        *err = (bolter_error){.code = BOLTER_E_NOMEM, .text = "no memory for the tokens"};
        return err->code;
    }
    bolter_reading r;
    bolter_status rc = bolter_model_read(j->model, j->laid_out, j->n_laid_out, ids, &r, err);
    if (rc == BOLTER_OK) { /* models of more than two labels have no wide part */
        const bolter_seq seq = {.ids = ids, .n = r.n_ids, .windows = r.windows};
        rc = bolter_session_score(j->session, &seq, 1, prob, err);
    }
    free(ids);
    return rc;
}

bolter_status judge_scores(struct judge *j, const bolter_verdict *v, float *prob, bolter_error *err)
{
    const bolter_model_info *info = bolter_model_info_of(j->model);
    if (info->n_label != 2)
        return score_again(j, prob, err);
    prob[info->spam_label] = v->spam;
    prob[1 - info->spam_label] = 1.0f - v->spam;
    return BOLTER_OK;
}

bolter_status judge_explain(struct judge *j, bolter_error *err)
{
    return bolter_explain(j->session, j->laid_out, j->n_laid_out, j->piece, JUDGE_PIECES,
                          &j->n_pieces, err);
}

void judge_close(struct judge *j)
{
    bolter_text_free(j->text);
    bolter_session_free(j->session);
    bolter_model_unref(j->model);
    *j = (struct judge){0};
}
