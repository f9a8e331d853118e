/* data.c - what finetune reads, and whether anything can come of it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trainer/finetune.h"
#include "trainer/options.h"

static bool failed(const bolter_error *err)
{
    complain("%s", err->text);
    return false;
}

bool data_read(struct finetune *f)
{
    bolter_error err = {0};
    size_t max = f->max_tokens > 0 ? f->max_tokens : 1 << 20; /* more than fit are not read */
    size_t tail = f->tail_tokens < max / 2 ? f->tail_tokens : max / 2;
    bolter_open_options o = {.max_tokens = (int32_t)max,
                             .tail_tokens = (int32_t)tail,
                             .begin = f->begin ? "yes" : NULL};
    if (bolter_model_open_with(&f->m, f->model, &o, &err) != BOLTER_OK ||
        bolter_dataset_open(&f->d, f->m, &err) != BOLTER_OK ||
        sources_label(&f->sources, f->d, &err) != BOLTER_OK)
        return failed(&err);
    if (f->wide)
        bolter_dataset_keep_features(f->d);
    if (f->recipe.windows > 0)
        bolter_dataset_keep_whole(f->d);
    if (sources_read(&f->sources, f->d, BOLTER_BY_SPLIT, &err) != BOLTER_OK)
        return failed(&err);
    f->n_train = bolter_dataset_count(f->d, BOLTER_TRAIN);
    f->n_valid = bolter_dataset_count(f->d, BOLTER_VALID);
    f->n_test = bolter_dataset_count(f->d, BOLTER_TEST);
    for (int part = BOLTER_TRAIN; part <= BOLTER_TEST; part++)
        bolter_dataset_sha256(f->d, (bolter_part)part, f->sha256[part]);
    f->spam_label = -1;
    for (size_t i = 0; i < bolter_dataset_n_label(f->d); i++)
        if (strcmp(bolter_dataset_label(f->d, i), "spam") == 0)
            f->spam_label = (int32_t)i;
    fprintf(stderr, "training %zu texts, %llu tokens; validation %zu texts, %llu tokens\n",
            f->n_train, (unsigned long long)bolter_dataset_tokens(f->d, BOLTER_TRAIN), f->n_valid,
            (unsigned long long)bolter_dataset_tokens(f->d, BOLTER_VALID));
    return true;
}

/* ---- Checks ---- */

/* How many texts of a part have each label, count (n_label). */
static bool count_labels(const struct finetune *f, bolter_part part, size_t **count)
{
    *count = calloc(bolter_dataset_n_label(f->d), sizeof **count);
    if (!*count)
        complain("no memory");
    for (size_t i = 0; *count && i < bolter_dataset_count(f->d, part); i++)
        (*count)[bolter_dataset_row(f->d, part, i)->label]++;
    return *count != NULL;
}

/* From one label nothing is learned. Of more than two, some may be missing. */
static bool check_labels(const struct finetune *f)
{
    size_t *count, n = bolter_dataset_n_label(f->d), n_there = 0, missing = 0;
    if (!count_labels(f, BOLTER_TRAIN, &count))
        return false;
    for (size_t k = n; k-- > 0;) {
        n_there += count[k] > 0;
        missing = count[k] > 0 ? missing : k;
    }
    free(count);
    if (n_there < 2)
        complain("the training part has one label only, and no text labelled \"%s\"",
                 bolter_dataset_label(f->d, missing));
    return n_there >= 2;
}

/* What is chosen on the validation part is worth little without both. */
static bool warn_of_validation(const struct finetune *f)
{
    size_t *count, spam, all = f->n_valid;
    if (f->spam_label < 0)
        return true;
    if (!count_labels(f, BOLTER_VALID, &count))
        return false;
    spam = count[f->spam_label];
    free(count);
    if (spam == all)
        complain("warning: the validation part has no ham: the spam threshold stays at its least, 0.5, "
                 "and the temperature is that of spam alone");
    else if (spam == 0)
        complain("warning: the validation part has no spam: the spam threshold is that of ham alone, "
                 "and so is the temperature");
    return true;
}

bool data_check(const struct finetune *f)
{
    bool labelled = true;
    for (size_t i = 0; f->final_test && i < f->n_test; i++)
        labelled = labelled && bolter_dataset_row(f->d, BOLTER_TEST, i)->label >= 0;
    if (f->n_train == 0 || f->n_valid == 0)
        complain("nothing to %s", f->n_train == 0 ? "train on" : "validate on");
    else if (f->final_test && f->n_test == 0)
        complain("--final-test: the test part is empty");
    else if (!labelled)
        complain("--final-test: the test part has examples without a label");
    else if (f->wide && (f->spam_label < 0 || bolter_dataset_n_label(f->d) != 2))
        complain("--wide: expected the labels spam and another");
    else if (strcmp(f->select, "auc") == 0 && f->spam_label < 0)
        complain("--select auc: no label is \"spam\"");
    else
        return check_labels(f) && warn_of_validation(f);
    return false;
}
