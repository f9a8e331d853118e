/* scored.h - what a model says about a part of the corpora: for predict and evaluate. */
#ifndef SCORED_H
#define SCORED_H

#include "bolter_data.h"
#include "trainer/predictions.h"
#include "trainer/sources.h"

struct scored {
    /* asked for */
    const char *model, *part_name; /* train, validation, test or all */
    const char *precision; /* NULL: by the float32 pass of training; else as bolter_open_options */
    bool no_wide;
    size_t windows; /* 0: as the model says */
    bool own_labels; /* those of the corpora are not compared with the model's: see sources_label() */
    struct sources sources;
    size_t threads;
    /* made of it */
    bolter_model *m;
    bolter_dataset *d;
    bolter_part part;
    size_t n, n_label; /* n_label: of the model */
    float *logits; /* (n, n_label) */
};

/* False after a complaint, for a part of another name. */
bool scored_check_part(const struct scored *s);
/* Load the model and the corpora, and score them. False after a complaint. */
bool scored_open(struct scored *s, bool need_spam_head);
void scored_close(struct scored *s);
const bolter_row *scored_row(const struct scored *s, size_t i);
/* The score of row i as bolter and bolter-milter have it: the calibrated probability of spam. */
double scored_spam(const struct scored *s, size_t i);
/* The most probable label of row i. */
int32_t scored_label(const struct scored *s, size_t i);
/* All rows as predictions; each needs a label. False after a complaint. */
bool scored_predictions(const struct scored *s, struct predictions *p);

#endif
