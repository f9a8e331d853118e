/*
 * bolter_train.h - what makes models: tokenizers and checkpoints of other programs, training, and the
 * wide part. The rules of bolter.h hold.
 */
#ifndef BOLTER_TRAIN_H
#define BOLTER_TRAIN_H

#include "bolter_data.h"

/* ---- Importing: checkpoints of other programs ----------------------------------------------- */

typedef struct bolter_import_options {
    const char *tokenizer;    /* directory of vocab.json and merges.txt to take along; NULL: OpenAI's own,
                                 with PyTorch none */
    size_t n_head;            /* attention heads of a state dict, which does not tell; 0: n_embd / 64 */
    const char *const *label; /* (n_label) of a classification head; n_label 0: ham and spam */
    size_t n_label;
    size_t pad_to;            /* of a classifier: texts are cut or padded to it; 0: they are not */
    const char *dtype;        /* see bolter_save_options */
    bolter_progress_fn progress; /* NULL: none */
    void *ud;
} bolter_import_options;

/*
 * Make a model directory of a directory as OpenAI released GPT-2: checkpoint, hparams.json,
 * encoder.json, vocab.bpe, and a TensorFlow checkpoint of one shard. Shapes, types and checksums are
 * checked. dir is as bolter_model_save() leaves it. o may be NULL. E_IO, E_FORMAT, E_VERSION (such as
 * compressed), E_MISMATCH, E_NUMERIC, E_LIMIT, E_NOMEM.
 */
bolter_status bolter_import_openai(const char *release, const char *dir,
                                   const bolter_import_options *o, bolter_error *err);
/*
 * The same of a PyTorch state dict, unpacked: a folder of data.pkl and data/0, data/1, ... The pickle is
 * read and not run. Its names are those of Hugging Face's GPT-2, or of the GPTModel in Raschka, "Build a
 * Large Language Model (From Scratch)"; the output layer is that of a language model, the same as the
 * embedding, or of a classifier.
 */
bolter_status bolter_import_torch(const char *folder, const char *dir,
                                  const bolter_import_options *o, bolter_error *err);

/* ---- Learning a tokenizer ------------------------------------------------------------------ */

/*
 * Byte-level byte-pair encoding learned from texts: they are cut into pieces as GPT-2's tokenizer does,
 * the different pieces are counted, and the pair of neighbouring tokens that occurs most often becomes a
 * token, again and again. The result depends on the texts alone, not on their order or on threads, and
 * is that of Hugging Face's tokenizers (ByteLevelBPETokenizer) over the same texts.
 */
typedef struct bolter_bpe bolter_bpe;

typedef struct bolter_bpe_options {
    size_t n_vocab;             /* tokens in all: special ones, 256 bytes, and what is learned */
    uint64_t min_count;         /* a pair that occurs less often becomes no token; 0: 2 */
    const char *const *special; /* names of special tokens, which get the ids from 0 on */
    size_t n_special;
    size_t max_pieces;          /* different pieces that are counted; 0: 2,000,000. Where there are more,
                                   the rarest are forgotten until at most half as many are left. This is
                                   looked at every 16 MiB of text. */
    size_t threads;             /* 0: as many as the process may use */
    bolter_progress_fn progress; /* NULL: none */
    void *ud;
} bolter_bpe_options;

typedef struct bolter_bpe_info {
    uint64_t n_texts, n_bytes;          /* bytes of text, as it was counted */
    uint64_t n_pieces;                  /* counted, each time they occur */
    uint64_t n_distinct;                /* that are different */
    uint64_t n_long;                    /* left out: longer than 1,024 bytes */
    uint64_t n_forgotten, n_forgotten_distinct; /* of n_pieces, see max_pieces */
    size_t n_merges, n_vocab;           /* learned; tokens in all */
} bolter_bpe_info;

/*
 * o is copied, but not the special tokens, which must last as long. E_ARG names what does not fit, such
 * as a special token that could be learned from text too. E_NOMEM.
 */
bolter_status bolter_bpe_open(bolter_bpe **out, const bolter_bpe_options *o, bolter_error *err);
/*
 * Count the texts of a corpus to its end; labels do not matter. Mail becomes text as in serving, and
 * other texts do as by bolter_text_plain(), or with verbatim count byte for byte. E_NOMEM, and what
 * bolter_corpus_next() fails with.
 */
bolter_status bolter_bpe_add(bolter_bpe *b, bolter_corpus *c, bool verbatim, bolter_error *err);
/* Learn from what was counted; fewer tokens than were asked for where pairs run out. E_MISMATCH: there
 * is nothing to learn; E_NOMEM. */
bolter_status bolter_bpe_learn(bolter_bpe *b, bolter_error *err);
/*
 * Write vocab.json, merges.txt and tokenizer.bolter into a directory, which is made if need be. A
 * tokenizer that is there stays: E_MISMATCH. E_IO, E_NOMEM.
 */
bolter_status bolter_bpe_save(const bolter_bpe *b, const char *dir, bolter_error *err);
void bolter_bpe_info_of(const bolter_bpe *b, bolter_bpe_info *out);
void bolter_bpe_free(bolter_bpe *b);

/* ---- Training ----------------------------------------------------------------------------- */

typedef struct bolter_trainer bolter_trainer;
typedef struct bolter_cache bolter_cache; /* what frozen blocks made of sequences */

typedef struct bolter_train_options {
    const char *trainable; /* "last_layer" (the head), "last_block" (and the final norm and the head),
                              "last_two_blocks", "last_N_blocks", "all", "lora" (adapters, and a
                              classifier's head), "qlora" (the same over linear layers kept as signed
                              bytes) */
    const char *lora_targets; /* layers with adapters, separated by commas: "all", "attention", "mlp",
                                 or ends of names such as "c_attn" or "h.11.mlp.c_fc"; NULL: all */
    const char *position;  /* token that the head reads: "last", "first", "mean"; NULL: as the model */
    const char *mask;      /* "causal", or "none": every token attends to all; NULL: as the model */
    const char *schedule;  /* after the warm-up: "constant", "linear" or "cosine" to zero, or "stable":
                              constant, then linear in the last decay_steps */
    float lr, weight_decay, beta1, beta2, eps;
    float lr_floor;        /* the rate falls to this share of lr instead of zero, 0 to 1 */
    uint64_t decay_steps;  /* of "stable"; 0: a fifth of total_steps */
    float clip_norm;       /* largest global gradient norm; 0: no clipping */
    float layer_decay;     /* rate of a block = lr * layer_decay^(blocks above it); 1: the same for all */
    bool decay_all;        /* decay every trained tensor, as PyTorch's default does; else only matrices */
    bool random_init;      /* forget the model's weights */
    const char *init;      /* of weights that begin at random: "gpt2", also for NULL, or "pytorch": as
                              PyTorch's layers begin, embeddings with a deviation of 1 */
    bool head_bias;        /* the head trains with a bias; a saved model has it in the final norm's */
    const float *class_weights; /* (n_label) of the loss, as PyTorch's; NULL: all 1 */
    float label_smoothing; /* of the loss, as PyTorch's: 0 to 1 */
    int32_t ignore_label;  /* examples with this label do not count in the loss */
    float lm_loss;         /* weight of a second loss: a classifier that reads the mean goes on predicting
                              the next token, so that it keeps what it knows of text, by its token
                              embedding, which must have been its output layer; 0: no such loss */
    size_t lm_every;       /* of each text it predicts every so-manieth token, others in each step; 0: 4 */
    uint64_t total_steps, warmup_steps;
    int32_t lora_rank;
    float lora_alpha;
    size_t pad_to;         /* cut or pad sequences to this length with the model's end of text; 0: as
                              they are */
    const char *precision; /* of the large products, forward and back: "float32", or "bfloat16" with sums
                              in float32; weights, moments and the rest are float32 */
    bool no_cache;         /* run frozen blocks again in every step, see bolter_trainer_prepare() */
    const char *cache_dtype; /* "float32" or "bfloat16" */
    const char *trunk_precision; /* what frozen blocks compute in: "float32", "bfloat16" or "int8"; the
                              saved model is then scored in it, too, see bolter_open_options */
    size_t cache_bytes;    /* cached values beyond this go to a temporary file */
    bolter_cache *cache;   /* see bolter_cache_open(); NULL: the trainer's own */
    size_t threads;        /* 0: as many as the machine has processors */
    uint64_t seed;
} bolter_train_options;

typedef struct bolter_step {
    uint64_t step; /* from 1 */
    double loss;   /* of the batch before the update, nats; the mean over what counts, by its weight */
    uint64_t n_right; /* sequences whose largest logit was their label's; of passages, tokens */
    double lr, grad_norm;
    double lm_loss;    /* of what a classifier predicted, nats a token; 0 without such a loss */
    uint64_t n_tokens; /* of all sequences; of passages, those that count */
} bolter_step;

/* Sensible values for fine-tuning all layers. */
void bolter_train_options_default(bolter_train_options *o);
/*
 * Prepare to fine-tune m: copies its weights; a model without a head, or with another number of labels,
 * gets a new one of n_label rows. With n_label 0 a language model goes on learning from passages; see
 * bolter_trainer_step_passages(). Takes a reference to m. E_ARG, E_NOMEM, E_MISMATCH (m has no weights, or
 * is a classifier and n_label 0).
 */
bolter_status bolter_trainer_open(bolter_trainer **out, bolter_model *m, const char *const *labels,
                                  size_t n_label, const bolter_train_options *o, bolter_error *err);
/*
 * A cache for trainers one after another, each ended before the next is opened: where one freezes the
 * same blocks of the same model as the one before and runs them in the same way, with another seed say,
 * what is in it serves again; else it is emptied. To be freed after the trainers. E_NOMEM.
 */
bolter_status bolter_cache_open(bolter_cache **out, bolter_error *err);
void bolter_cache_free(bolter_cache *c);
/*
 * Where the lowest blocks are frozen, what they make of a sequence never changes: it is kept, by the
 * sequence's ids, for every later step and evaluation. This runs them for n sequences at once, which is
 * faster than one by one at their first use. The same calls in the same order give the same bits. E_IO
 * (the temporary file), E_NOMEM.
 */
bolter_status bolter_trainer_prepare(bolter_trainer *t, const bolter_seq *seqs, size_t n,
                                     bolter_error *err);
/* Number of parameters that train. */
uint64_t bolter_trainer_n_trainable(const bolter_trainer *t);
/*
 * One AdamW step on a batch. The sum runs in a fixed order: same seed, data and threads give the same
 * bits. E_NUMERIC names the step and the tensor; nothing is updated then.
 */
bolter_status bolter_trainer_step(bolter_trainer *t, const bolter_seq *seqs, const int32_t *labels,
                                  size_t n_seqs, bolter_step *out, bolter_error *err);
/* A stretch of tokens, of which those from the index first on are predicted, each from all before it. */
typedef struct bolter_passage {
    const int32_t *ids; /* (n) */
    size_t n;           /* 2 to n_ctx + 1: the last token is only predicted */
    size_t first;       /* 1 to n - 1; beyond 1, the tokens before it are only read: a prompt */
} bolter_passage;

/*
 * The step of a language model: the loss is the mean cross-entropy of all predicted tokens of the batch.
 * As bolter_trainer_step() for the rest.
 */
bolter_status bolter_trainer_step_passages(bolter_trainer *t, const bolter_passage *passages,
                                           size_t n, bolter_step *out, bolter_error *err);
/* The same without the step: loss, n_right and n_tokens of the weights as they are now. */
bolter_status bolter_trainer_loss_passages(bolter_trainer *t, const bolter_passage *passages,
                                           size_t n, bolter_step *out, bolter_error *err);
/* Logits (n_seqs, n_label) of the weights as they are now, read as in training. E_NUMERIC. */
bolter_status bolter_trainer_logits(bolter_trainer *t, const bolter_seq *seqs, size_t n_seqs,
                                    float *logits, bolter_error *err);
/*
 * Write the gradient of the mean cross-entropy of a batch as safetensors with Hugging Face names and the
 * loss in the metadata. Changes no weight.
 */
bolter_status bolter_trainer_write_gradients(bolter_trainer *t, const bolter_seq *seqs,
                                             const int32_t *labels, size_t n_seqs, const char *path,
                                             bolter_error *err);
/* Keep a copy of the weights in memory, to be saved later; and go back to it. */
void bolter_trainer_keep(bolter_trainer *t);
void bolter_trainer_restore(bolter_trainer *t);

/*
 * Write what a trainer needs to go on - weights that train, the optimiser's moments, kept weights, the
 * step - to one file, which is the old or the whole new one whenever the process ends. About 16 bytes
 * for each parameter that trains. identity: a JSON object of all that has to be the same when the run
 * goes on, such as options and a digest of the data; note: text of the caller's own, such as its place
 * in the data. Both UTF-8. E_IO (a full disk leaves path untouched), E_ARG, E_NOMEM.
 */
bolter_status bolter_trainer_state_save(const bolter_trainer *t, const char *path,
                                        const char *identity, const char *note, bolter_error *err);
/*
 * Go on from such a file with a trainer that was opened with the same model, labels and options: the
 * same steps give the same bits as without the stop. *note is valid until the next load or free.
 * E_MISMATCH names the first thing that differs, E_FORMAT what is damaged; t is as it was then. E_IO,
 * E_VERSION, E_NOMEM.
 */
bolter_status bolter_trainer_state_load(bolter_trainer *t, const char *path, const char *identity,
                                        const char **note, bolter_error *err);

typedef struct bolter_save_file {
    const char *name; /* without a slash */
    const char *text;
} bolter_save_file;

typedef struct bolter_save_options {
    const char *dtype;       /* "float32", "float16", "bfloat16", "int8"; NULL: float32 */
    double spam_threshold, unsure_threshold, temperature; /* 0: keep the model's */
    const char *provenance;  /* a JSON object for bolter.json, or NULL */
    const bolter_save_file *files; /* more files for the directory, n_files */
    size_t n_files;
    const bolter_threshold_proof *proof; /* NULL: none, as an old one is of other scores */
    bool plain;              /* int8: quantise the weights as they are, without smoothing first */
} bolter_save_options;

/*
 * Write a model directory: built beside dir under another name, synced, then renamed, so that dir is
 * either the old or the whole new one. E_IO (a full disk leaves dir untouched).
 */
bolter_status bolter_trainer_save(bolter_trainer *t, const char *dir, const bolter_save_options *o,
                                  bolter_error *err);
/*
 * Whether that could be written now: dir is a model directory, an empty one, or nothing. Nothing is
 * changed. E_MISMATCH (it is something else), E_NOMEM.
 */
bolter_status bolter_save_check(const char *dir, bolter_error *err);
/*
 * Write the adapters in peft's format into a directory that is made if need be, with what trained in full,
 * and how a model is read that they are merged into, with o's temperature, thresholds and provenance (the
 * rest of o is not used). bolter_open_options.adapter of the base model then gives the trained model; with
 * qlora it is near, as its base had bytes for weights. E_ARG without adapters, without a head, or where the
 * base was random; E_IO, E_NUMERIC (a bias of the head that has no place, as in bolter_trainer_save()).
 */
bolter_status bolter_trainer_save_adapter(const bolter_trainer *t, const char *dir,
                                          const bolter_save_options *o, bolter_error *err);
/* The same for a model as it is, to change its number format. Int8 weights that stay int8 keep their
 * values, as if plain were set. */
bolter_status bolter_model_save(const bolter_model *m, const char *dir, const bolter_save_options *o,
                                bolter_error *err);
/*
 * Write the model whose weights are the mean of those of n >= 2 models m, which are opened for training
 * and began with the same weights: fine-tuned with other seeds, say (Wortsman et al. 2022, "Model soups").
 * The card is the first's with o's values; its thresholds and temperature are of other scores, so
 * calibrate anew. As bolter_trainer_save(); E_MISMATCH names a model of another shape, one that reads
 * texts otherwise, or one with a wide part.
 */
bolter_status bolter_model_average(const bolter_model *const *m, size_t n, const char *dir,
                                   const bolter_save_options *o, bolter_error *err);
/*
 * Write bolter.json alone into the directory that m was opened from, with what m was opened with;
 * the old one is replaced by a rename. o->dtype is NULL. m itself keeps what it was opened with.
 */
bolter_status bolter_model_save_card(const bolter_model *m, const bolter_save_options *o,
                                     bolter_error *err);
void bolter_trainer_free(bolter_trainer *t);

/* ---- The wide part ------------------------------------------------------------------------ */

/*
 * Train on the features of n texts; spam (n) is 1 or 0. The same texts in the same order give the same
 * weights. E_ARG (only spam, or only ham, or a row without features), E_NOMEM.
 */
bolter_status bolter_wide_train(bolter_wide **out, const bolter_features *const *rows,
                                const int32_t *spam, size_t n, bolter_error *err);
void bolter_wide_free(bolter_wide *w);

/*
 * A wide part that learns message by message, as the labels of a user's first weeks come in. It begins
 * without knowing anything: every message scores 0. E_NOMEM.
 */
typedef struct bolter_online bolter_online;
bolter_status bolter_online_open(bolter_online **out, bolter_error *err);
/* The margin: above 0 for spam, 1 or -1 where the training was content. */
double bolter_online_score(const bolter_online *o, const bolter_features *f);
/*
 * Learn a message: f is borrowed until o is freed, since earlier messages are looked at again. The same
 * messages in the same order give the same bits. E_NOMEM: the message is not learned.
 */
bolter_status bolter_online_learn(bolter_online *o, const bolter_features *f, bool spam,
                                  bolter_error *err);
void bolter_online_free(bolter_online *o);

/*
 * Find the mix of the network's log-odds and the wide part's margins (n each) by logistic regression on texts
 * that neither was trained on; the shares of the parts are not negative. E_ARG (only spam, or only ham),
 * E_NOMEM.
 */
bolter_status bolter_mix_fit(bolter_mix *out, const double *deep, const double *wide,
                             const int32_t *spam, size_t n, bolter_error *err);
/*
 * Write to out, a directory that may be that of m, the files of m's directory with this wide part, which
 * takes the place of an old one; as bolter_trainer_save() promises. o->dtype is NULL. E_MISMATCH: m does
 * not tell spam from one other label. E_IO, E_NOMEM.
 */
bolter_status bolter_model_save_wide(const bolter_model *m, const bolter_wide *wide,
                                     const bolter_mix *mix, const char *out,
                                     const bolter_save_options *o, bolter_error *err);

/*
 * A generator over the weights of a trainer of a language model as they are now; they are packed in
 * bfloat16 for it. To be freed before t's next step.
 */
bolter_status bolter_generator_open_trainer(bolter_generator **out, const bolter_trainer *t,
                                            const bolter_sampling *o, bolter_error *err);

#endif
