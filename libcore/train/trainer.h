/* trainer.h - what a trainer holds; shared by the files of this folder. */
#ifndef BT_TRAINER_H
#define BT_TRAINER_H

#include "bolter.h"
#include "ckpt/model.h"
#include "train/schedule.h"
#include "train/slots.h"
#include "train/workers.h"

struct bolter_trainer {
    bolter_model *m;
    bt_config cfg;
    bt_params params;
    bt_card card;
    bolter_train_options o; /* its strings are not kept: see read, decay, and the slots */
    bt_read read;
    bt_decay decay;
    float *block;      /* values of all parameters */
    float *merged;     /* of the adapted layers */
    float **value;     /* by parameter index, into block */
    float **effective; /* into merged for adapted layers, else as value */
    const float **w;   /* effective, for the network */
    bt_net net;
    bt_slots slots;
    bt_workers *workers;
    uint64_t step;
    int32_t *padded; /* ids of a padded batch */
    bolter_seq *padded_seqs;
    size_t n_padded;
    bool kept;
    char *note; /* of the state that was loaded last, or NULL */
};

/* Make the effective weights anew after the values changed. */
void bt_trainer_merge(bolter_trainer *t);
/* Check a batch, pad it as the options say, and run it through the workers. */
bolter_status bt_trainer_run(bolter_trainer *t, const bolter_seq *seqs, const int32_t *labels,
                             size_t n, float *logits, bt_result *out, bolter_error *err);

#endif
