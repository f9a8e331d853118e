/* modelcard.c - MODEL.md: what a model was made from, how, and what was measured. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "trainer/finetune.h"
#include "trainer/report.h"

static const char *const parts[] = {"training", "validation", "test"};

/* ---- Origin ---- */

static void print_base(FILE *out, const struct finetune *f)
{
    const bolter_model_info *m = bolter_model_info_of(f->m);
    fprintf(out, "- base: `%s`, weights %s, %d blocks of %d channels, %llu parameters\n", f->model,
            m->id, m->n_layer, m->n_embd, (unsigned long long)m->n_param);
    fprintf(out, "- reads at most %d tokens of a text", m->max_tokens);
    if (m->tail_tokens > 0)
        fprintf(out, ", of a longer one %d from its end", m->tail_tokens);
    fputs("\n- labels:", out);
    for (size_t i = 0; i < bolter_dataset_n_label(f->d); i++)
        fprintf(out, "%s %s", i > 0 ? "," : "", bolter_dataset_label(f->d, i));
    fputs("\n\n", out);
}

static size_t count_label(const bolter_dataset *d, bolter_part part, size_t label)
{
    size_t n = 0;
    for (size_t i = 0; i < bolter_dataset_count(d, part); i++)
        n += (size_t)bolter_dataset_row(d, part, i)->label == label;
    return n;
}

static void print_parts(FILE *out, const struct finetune *f)
{
    size_t K = bolter_dataset_n_label(f->d);
    fputs("## Data\n\n| part | texts | tokens |", out);
    for (size_t k = 0; k < K; k++)
        fprintf(out, " %s |", bolter_dataset_label(f->d, k));
    fputs(" SHA-256 of labels and tokens |\n| --- | --- | --- |", out);
    for (size_t k = 0; k <= K; k++)
        fputs(" --- |", out);
    fputc('\n', out);
    for (int part = BOLTER_TRAIN; part <= BOLTER_TEST; part++) {
        bolter_part p = (bolter_part)part;
        fprintf(out, "| %s | %zu | %llu |", parts[part], bolter_dataset_count(f->d, p),
                (unsigned long long)bolter_dataset_tokens(f->d, p));
        for (size_t k = 0; k < K; k++)
            fprintf(out, " %zu |", count_label(f->d, p, k));
        fprintf(out, " `%s` |\n", f->sha256[part]);
    }
}

static void print_corpora(FILE *out, const struct finetune *f)
{
    size_t i;
    json_t *j;
    fputs("\n| corpus | labelled | SHA-256 |\n| --- | --- | --- |\n", out);
    json_array_foreach(f->corpora, i, j) {
        const char *label = json_string_value(json_object_get(j, "label"));
        const char *sum = json_string_value(json_object_get(j, "sha256"));
        bool split = json_is_true(json_object_get(j, "split"));
        fprintf(out, "| `%s` | %s | %s |\n", json_string_value(json_object_get(j, "path")),
                label ? label : split ? "names the parts" : "by itself",
                sum ? sum : "a directory");
    }
    fputc('\n', out);
}

/* ---- Training ---- */

static void print_training(FILE *out, const struct finetune *f)
{
    const struct outcome *o = &f->outcome[f->at_seed];
    fprintf(out, "## Training\n\n- trained: %s, %llu parameters\n", f->train.trainable,
            (unsigned long long)bolter_trainer_n_trainable(f->t));
    fprintf(out, "- %.3g epochs of %zu steps, %zu texts a step; %llu steps taken, %.0f s\n", f->epochs,
            f->batches.steps_an_epoch, f->batch, (unsigned long long)f->at.step, finetune_seconds(f));
    fprintf(out, "- learning rate %g, %s, weight decay %g, seed %llu, threads %zu\n", f->lr,
            f->train.schedule, f->weight_decay, (unsigned long long)o->seed, f->threads);
    fprintf(out, "- weights of step %llu, the best by validation %s\n",
            (unsigned long long)o->best_step, f->select);
    if (f->n_seed > 1)
        fprintf(out, "- seed %zu of %zu; see seeds.json\n", f->at_seed + 1, f->n_seed);
    fputs("- every option: settings.json; the course: train.csv, loss.svg, accuracy.svg\n\n", out);
}

/* ---- Measures ---- */

/* A dash for a value or an interval that is not there. */
static void print_share(FILE *out, const char *name, const bolter_interval *x)
{
    char value[32], low[32], high[32];
    fprintf(out, "| %s | %s %% | ", name, report_cell(value, 100 * x->value, 2));
    if (isfinite(x->low))
        fprintf(out, "%s - %s %% |\n", report_cell(low, 100 * x->low, 2),
                report_cell(high, 100 * x->high, 2));
    else
        fputs("- |\n", out);
}

static void print_report(FILE *out, const struct finetune *f, const struct measures *m,
                         const bolter_report *r)
{
    fputs("| measure | value | 95 % |\n| --- | --- | --- |\n", out);
    fprintf(out, "| accuracy of the most probable label | %.2f %% | |\n", 100 * m->accuracy);
    fprintf(out, "| cross-entropy before calibration | %.4f nats | |\n", m->loss);
    if (!f->calibration.knows_spam) {
        fputc('\n', out);
        return;
    }
    print_share(out, "accuracy at the threshold", &r->accuracy);
    print_share(out, "recall (spam found)", &r->recall);
    print_share(out, "precision", &r->precision);
    print_share(out, "F1", &r->f1);
    print_share(out, "false positive rate", &r->fpr);
    print_share(out, "area under the ROC curve", &r->auc);
    fprintf(out, "\nOf %llu spam %llu were found, of %llu ham %llu were called spam.\n\n",
            (unsigned long long)r->n_spam, (unsigned long long)r->tp, (unsigned long long)r->n_ham,
            (unsigned long long)r->fp);
}

static void print_measures(FILE *out, const struct finetune *f)
{
    const struct outcome *o = &f->outcome[f->at_seed];
    fputs("## Validation part\n\nIt chose the weights, the temperature and the threshold, so these "
          "flatter.\n\n", out);
    print_report(out, f, &o->validation, &f->calibration.report);
    if (!f->final_test)
        return;
    fputs("## Test part\n\nMeasured once, after everything was chosen.\n\n", out);
    print_report(out, f, &o->test, &f->test_report);
}

static void print_threshold(FILE *out, const struct finetune *f)
{
    const struct calibration *c = &f->calibration;
    fprintf(out, "## Calibration\n\nLogits are divided by a temperature of %.4f", c->temperature);
    if (!c->knows_spam) {
        fputs(".\n\n", out);
        return;
    }
    fprintf(out, "; on the validation part the probability of spam\nthen has a cross-entropy of %.4f "
            "nats and a Brier score of %.4f.\n\n", c->report.loss.value, c->report.brier.value);
    fprintf(out, "## Threshold\n\nSpam from %.4f on: %zu of the %zu ham of the validation part reach "
            "it; at most a share of\n%g was to. ", c->threshold.value, c->threshold.n_above,
            c->threshold.n_ham, f->threshold.max_fpr);
    fprintf(out, "Such a sample leaves, with %g %% confidence, a false positive rate of up to\n%.3f %% "
            "on mail like it, more on other mail.\n\n", 100 * f->threshold.confidence,
            100 * c->threshold.bound_fpr);
}

static void print_limits(FILE *out, const struct finetune *f)
{
    fputs("## Limits\n\n", out);
    fputs("- The figures hold for mail like that of the parts above, not for another site, language "
          "or year.\n", out);
    fprintf(out, "- Of a longer text nothing is read beyond its %d tokens; attachments and pictures "
            "are not read.\n", bolter_model_info_of(f->m)->max_tokens);
    if (!f->final_test)
        fputs("- No test part was measured: nothing here is free of the choices that were made.\n", out);
}

char *modelcard(const struct finetune *f)
{
    char *text = NULL, day[32] = "";
    size_t size = 0;
    time_t now = time(NULL);
    struct tm utc;
    FILE *out = open_memstream(&text, &size);
    if (!out)
        return NULL;
    if (gmtime_r(&now, &utc))
        strftime(day, sizeof day, "%Y-%m-%d", &utc);
    fprintf(out, "# Model card\n\nFine-tuned by bolter-train %s on %s.\n\n", bolter_version(), day);
    print_base(out, f);
    print_parts(out, f);
    print_corpora(out, f);
    print_training(out, f);
    print_measures(out, f);
    print_threshold(out, f);
    print_limits(out, f);
    bool bad = ferror(out) != 0;
    if (fclose(out) == 0 && !bad)
        return text;
    free(text);
    return NULL;
}
