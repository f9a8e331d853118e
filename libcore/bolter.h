/*
 * bolter.h - classify mail and short texts with a GPT-2 model, on this machine's processor.
 *
 * The shortest useful program:
 *
 *     bolter_error err = {0};
 *     bolter_model *m;
 *     bolter_session *s;
 *     bolter_text *t;
 *     bolter_verdict v;
 *     const char *utf8;
 *     size_t n;
 *     bolter_model_open(&m, dir, &err);
 *     bolter_session_open(&s, m, 1, 0, &err);
 *     bolter_text_open(&t, NULL, &err);
 *     bolter_text_chunk(t, message, message_len, &err);
 *     bolter_text_finish(t, &utf8, &n, &err);
 *     bolter_classify(s, utf8, n, &v, &err);
 *
 * Rules that hold everywhere:
 *
 * - A function that can fail returns bolter_status and takes a bolter_error, which may be NULL.
 *   Results come through out-parameters, which are NULL or untouched after a failure. A bolter_error
 *   starts zeroed; the first error written to it stays.
 * - open/free may fail and own memory; ref/unref share. Free functions accept NULL.
 * - A model and a tokenizer are immutable and may be shared by threads; so may a service. A text, a
 *   session, a corpus, a dataset and a trainer belong to one thread at a time.
 * - The library never prints, never exits, and keeps no state in globals. (GLib, beneath GMime, ends
 *   the process when memory runs out.)
 * - Status numbers never change their meaning. Callers zero the structs they pass.
 */
#ifndef BOLTER_H
#define BOLTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Results and errors ------------------------------------------------------------------- */

typedef enum bolter_status {
    BOLTER_OK = 0,
    BOLTER_END = 1,         /* an iterator is exhausted; not a failure */
    BOLTER_E_ARG = 10,      /* the caller broke a precondition */
    BOLTER_E_NOMEM = 11,
    BOLTER_E_LIMIT = 12,    /* input exceeds a limit */
    BOLTER_E_IO = 20,       /* see sys_errno */
    BOLTER_E_FORMAT = 21,   /* a file is malformed or truncated */
    BOLTER_E_VERSION = 22,  /* a file is well formed, but of an unknown version */
    BOLTER_E_MISMATCH = 23, /* two well-formed things do not fit together */
    BOLTER_E_BUSY = 30,     /* the queue is full */
    BOLTER_E_TIMEOUT = 31,
    BOLTER_E_CANCELLED = 32,
    BOLTER_E_NUMERIC = 40   /* NaN or infinity where a finite number is due */
} bolter_status;

typedef struct bolter_error {
    bolter_status code;
    int sys_errno;  /* errno of the failed call, or 0 */
    char text[256]; /* one line of UTF-8 without a newline */
} bolter_error;

/* A constant word for a status, such as "format"; "unknown" for a number outside the list. */
const char *bolter_status_name(bolter_status s);
/* The version of the library, such as "0.1.0". */
const char *bolter_version(void);

/* ---- Text: message bytes -> the UTF-8 that a model reads ---------------------------------- */

typedef struct bolter_text bolter_text;

typedef struct bolter_text_options {
    size_t max_message;   /* bytes of a raw message that are kept from its beginning; 0: 1 MiB */
    size_t max_tail;      /* and from its end, when it is longer; 0: 256 KiB */
    bool head_only;       /* none from its end */
    size_t max_output;    /* bytes of UTF-8 produced, of a longer body its beginning and its end;
                             0: 256 KiB */
    int max_depth;        /* MIME nesting that is followed, at most 256; 0: 32 */
    int max_parts;        /* MIME parts that are read; 0: 256 */
    const char *layout;   /* template, see bolter_text_default_layout(); NULL: the default */
} bolter_text_options;

/*
 * The layout used when a model directory names none. A layout is text with the placeholders
 * {subject} {from_name} {from_domain} {body}; a line whose placeholders are all empty is left out.
 */
const char *bolter_text_default_layout(void);

/* Open a text extractor. o may be NULL (all defaults) and is copied. E_ARG, E_NOMEM. */
bolter_status bolter_text_open(bolter_text **out, const bolter_text_options *o, bolter_error *err);
/*
 * Feed the next n bytes of a raw RFC 5322 message, header first, split anywhere; LF or CRLF. Of a long
 * message the first max_message and the last max_tail bytes are read, both to the ends of lines; what
 * stands between them is dropped and remembered as truncation. E_NOMEM.
 */
bolter_status bolter_text_chunk(bolter_text *t, const void *bytes, size_t n, bolter_error *err);
/* True once further chunks change nothing: with head_only, when max_message bytes are held. */
bool bolter_text_full(const bolter_text *t);
/*
 * Parse what was fed and lay it out. *utf8 is valid UTF-8 of *n bytes, NUL-terminated, owned by t
 * until the next chunk, plain, reset or free. Any bytes at all give some text, perhaps empty. E_NOMEM.
 */
bolter_status bolter_text_finish(bolter_text *t, const char **utf8, size_t *n, bolter_error *err);
/*
 * The same normalisation for text that is no message (an SMS, a line of a corpus): invalid bytes
 * become U+FFFD, line ends LF. Text that begins with a "Subject: " line is laid out as a mail of
 * subject and body.
 */
bolter_status bolter_text_plain(bolter_text *t, const void *bytes, size_t len, const char **utf8,
                                size_t *n, bolter_error *err);
/* True when the last finish or plain left something out because of a limit. */
bool bolter_text_truncated(const bolter_text *t);
/* Forget the message; keep the buffers. */
void bolter_text_reset(bolter_text *t);
void bolter_text_free(bolter_text *t);

/* ---- Tokenizer: UTF-8 <-> ids ------------------------------------------------------------- */

typedef struct bolter_tok bolter_tok;

/*
 * Open vocab.json and merges.txt of a directory (byte-level BPE, GPT-2). E_IO, E_FORMAT,
 * E_LIMIT (over 64 MiB), E_NOMEM. */
bolter_status bolter_tok_open(bolter_tok **out, const char *dir, bolter_error *err);
/*
 * Encode any bytes; invalid UTF-8 is split as U+FFFD would be, its bytes kept. No special tokens are
 * recognised. Writes at most cap ids; *n_ids is the full count, so a second call can have room
 * enough. ids may be NULL if cap is 0. E_NOMEM.
 */
bolter_status bolter_tok_encode(const bolter_tok *t, const char *utf8, size_t n, int32_t *ids,
                                size_t cap, size_t *n_ids, bolter_error *err);
/*
 * Decode ids to the bytes they stand for, at most cap of them; *n is the full count. An id outside the
 * vocabulary is E_ARG.
 */
bolter_status bolter_tok_decode(const bolter_tok *t, const int32_t *ids, size_t n_ids, char *bytes,
                                size_t cap, size_t *n, bolter_error *err);
/* Size of the vocabulary: ids are 0 .. vocab-1. */
int32_t bolter_tok_vocab(const bolter_tok *t);
void bolter_tok_free(bolter_tok *t);

/* ---- Model: immutable weights ------------------------------------------------------------- */

typedef struct bolter_model bolter_model;

typedef struct bolter_model_info {
    const char *arch;          /* "gpt2" */
    const char *id;            /* 16 hexadecimal digits of the SHA-256 of the weights */
    const char *text_layout;   /* template of a mail */
    int32_t n_ctx, n_vocab, n_embd, n_layer, n_head;
    int32_t n_label;           /* 0: a language model without a classification head */
    int32_t spam_label;        /* index of the label that means spam; -1: none */
    int32_t max_tokens;        /* tokens of a message that are read, at most n_ctx */
    int32_t tail_tokens;       /* of these, how many come from its end when it is longer */
    uint64_t n_param;
    double spam_threshold;     /* spam at or above this calibrated probability */
    double unsure_threshold;   /* unsure at or above this, ham below */
    double temperature;        /* logits are divided by it */
} bolter_model_info;

/*
 * Open a Hugging Face directory: config.json, model.safetensors (float32, float16, bfloat16, or int8
 * with scales), vocab.json, merges.txt, and bolter.json where present. Directories without a head open
 * too (n_label 0). The model starts with one reference. E_IO, E_FORMAT, E_VERSION, E_MISMATCH,
 * E_NUMERIC (a weight is not finite), E_NOMEM.
 */
bolter_status bolter_model_open(bolter_model **out, const char *dir, bolter_error *err);

typedef struct bolter_open_options {
    const char *adapter;     /* directory of LoRA adapters in peft's format, merged into the weights */
    const char *text_layout; /* read mail by this layout; NULL: as the directory says */
    int32_t max_tokens;      /* read this many tokens; 0: as the directory says */
    int32_t tail_tokens;     /* with max_tokens: how many of them from the end */
    const char *begin;       /* "yes" or "no": begin texts with the begin token; NULL: as it says */
} bolter_open_options;

/* The same, with parts of what the directory says replaced. o may be NULL. E_ARG. */
bolter_status bolter_model_open_with(bolter_model **out, const char *dir,
                                     const bolter_open_options *o, bolter_error *err);
bolter_model *bolter_model_ref(bolter_model *m);
void bolter_model_unref(bolter_model *m);
/* Facts about a model, valid as long as it is. */
const bolter_model_info *bolter_model_info_of(const bolter_model *m);
/* Name of label i, or NULL. */
const char *bolter_model_label(const bolter_model *m, int32_t i);
/* Its tokenizer; NULL for a directory without vocab.json. */
const bolter_tok *bolter_model_tok(const bolter_model *m);
/* E_MISMATCH with a sentence for the user unless m has a head with a spam label, and a tokenizer. */
bolter_status bolter_model_need_spam_head(const bolter_model *m, bolter_error *err);
/*
 * Encode laid-out text as the model reads it: the begin token where the model uses one, then the text,
 * and of a long text its first and last tokens; an empty text is read as an empty line. ids has room for
 * max_tokens; *n_ids is 1 to max_tokens. *n_all, if not NULL, is the count before cutting.
 */
bolter_status bolter_model_encode(const bolter_model *m, const char *utf8, size_t n, int32_t *ids,
                                  size_t *n_ids, size_t *n_all, bolter_error *err);

/* ---- Session: one thread's scratch memory over a model ------------------------------------ */

typedef struct bolter_session bolter_session;
typedef struct bolter_seq {
    const int32_t *ids;
    size_t n;
} bolter_seq;

/*
 * Reserve memory for batches of max_seqs sequences and max_tokens tokens in all (0: max_seqs times the
 * model's max_tokens). Takes a reference to m. Nothing is allocated per call afterwards. E_ARG, E_NOMEM.
 */
bolter_status bolter_session_open(bolter_session **out, bolter_model *m, size_t max_seqs,
                                  size_t max_tokens, bolter_error *err);
/*
 * Logits (n_seqs, n_label) of sequences of different lengths, without padding. Every sequence has 1 to
 * n_ctx ids below n_vocab. E_ARG, E_LIMIT, E_MISMATCH (no head), E_NUMERIC.
 */
bolter_status bolter_session_logits(bolter_session *s, const bolter_seq *seqs, size_t n_seqs,
                                    float *logits, bolter_error *err);
/* The same as calibrated probabilities: softmax(logits / temperature). */
bolter_status bolter_session_score(bolter_session *s, const bolter_seq *seqs, size_t n_seqs,
                                   float *prob, bolter_error *err);
/*
 * Language model: logits (n_vocab) at the last position of one sequence, and the mean next-token
 * cross-entropy in nats (NaN for a sequence of one). Either result may be NULL.
 */
bolter_status bolter_session_lm(bolter_session *s, const bolter_seq *seq, float *logits, double *loss,
                                bolter_error *err);
void bolter_session_free(bolter_session *s);

/* ---- Verdicts ----------------------------------------------------------------------------- */

typedef enum bolter_class { BOLTER_HAM = 0, BOLTER_UNSURE = 1, BOLTER_SPAM = 2 } bolter_class;

typedef struct bolter_verdict {
    bolter_class decision; /* by the model's own thresholds */
    int32_t label;         /* most probable label, see bolter_model_label() */
    float prob;            /* its calibrated probability, 0..1 */
    float spam;            /* calibrated probability of the spam label, 0..1 */
    size_t n_tokens;       /* tokens the model read */
    bool truncated;        /* the text was longer than that */
    double queue_ms;       /* waited (0 without a service) */
    double compute_ms;     /* tokenised and scored */
    char model_id[17];
} bolter_verdict;

/* Classify laid-out text in this thread. E_MISMATCH without a head that knows spam. */
bolter_status bolter_classify(bolter_session *s, const char *utf8, size_t n, bolter_verdict *out,
                              bolter_error *err);

#define BOLTER_PIECE_TEXT 80

typedef struct bolter_piece {
    float weight; /* log-odds of spam with the piece less those without it, in nats: above 0 it speaks
                     for spam, below 0 against it */
    char text[BOLTER_PIECE_TEXT + 1]; /* its beginning on one line; cut between bytes */
} bolter_piece;

/*
 * The cap pieces of a laid-out text that moved its score most, heaviest first: each line or run of
 * words that the model reads is left out in turn and the rest scored again, at most 34 runs of the
 * model. *n_pieces is how many there are. E_MISMATCH, E_NOMEM.
 */
bolter_status bolter_explain(bolter_session *s, const char *utf8, size_t n, bolter_piece *out,
                             size_t cap, size_t *n_pieces, bolter_error *err);

/* ---- Service: many threads ask, a few workers score --------------------------------------- */

typedef struct bolter_service bolter_service;

typedef struct bolter_service_options {
    size_t workers;    /* threads that score; 0: 1 */
    size_t max_seqs;   /* messages of one batch; 0: 16 */
    size_t max_queued; /* beyond it E_BUSY; 0: 256 */
} bolter_service_options;

/* Called now and then by a waiting thread; false cancels the request. */
typedef bool (*bolter_wait_fn)(void *ud);

/* Start the workers. Takes a reference to m. o may be NULL. E_ARG, E_NOMEM, E_MISMATCH. */
bolter_status bolter_service_open(bolter_service **out, bolter_model *m,
                                  const bolter_service_options *o, bolter_error *err);
/*
 * Classify laid-out text: tokenise here, wait for a worker, at most timeout_ms in all (0: no limit).
 * wait, if not NULL, is called about every wait_ms meanwhile. Any thread. E_BUSY, E_TIMEOUT, E_CANCELLED.
 */
bolter_status bolter_service_classify(bolter_service *s, const char *utf8, size_t n,
                                      uint32_t timeout_ms, uint32_t wait_ms, bolter_wait_fn wait,
                                      void *ud, bolter_verdict *out, bolter_error *err);
/* bolter_explain() by the workers; timeout_ms is for all of its runs together. */
bolter_status bolter_service_explain(bolter_service *s, const char *utf8, size_t n,
                                     uint32_t timeout_ms, uint32_t wait_ms, bolter_wait_fn wait,
                                     void *ud, bolter_piece *out, size_t cap, size_t *n_pieces,
                                     bolter_error *err);
/* Requests that wait at this moment. */
size_t bolter_service_queued(bolter_service *s);
/* Finish what is queued, stop the workers, free. No other thread may be inside. */
void bolter_service_close(bolter_service *s);

/* ---- Corpora ------------------------------------------------------------------------------ */

typedef struct bolter_corpus bolter_corpus;

typedef struct bolter_example {
    const char *id;    /* stable name, see bolter_corpus_open() */
    const char *label; /* NULL: the corpus gives none */
    const char *bytes; /* raw message, or UTF-8 text; until the next call */
    size_t n;
    bool is_mail;      /* a raw message for bolter_text_chunk(); else for bolter_text_plain() */
} bolter_example;

/*
 * Open a corpus. kind is "tsv", "csv", "mbox", "maildir", "dir" (files of a directory, one message
 * each), "mail" (one message), "text" (one text), "lines" (one text a line), or NULL to find out from
 * the path: its name, then its content. Files may be gzipped. label, if not NULL, is every example's
 * label; it stays owned by the caller and must outlive the corpus.
 *
 *   tsv   label TAB text, or label TAB id TAB text with \\ \t \r \n written so; no quoting
 *   csv   RFC 4180 with a header line that names Label and Text, in any order and case
 *   mbox  mboxrd: one ">" is taken off lines like ">>From "
 *
 * Ids: the third column's file id, else the index from 0 of the line or row ("17"), for an mbox
 * NAME/INDEX with NAME its file name without .mbox and .gz, for files their name.
 * E_IO, E_FORMAT, E_ARG, E_NOMEM.
 */
bolter_status bolter_corpus_open(bolter_corpus **out, const char *kind, const char *path,
                                 const char *label, bolter_error *err);
/* The next example, or BOLTER_END. E_FORMAT names file and line. E_LIMIT: an example over 64 MiB. */
bolter_status bolter_corpus_next(bolter_corpus *c, bolter_example *ex, bolter_error *err);
/* How much of the corpus has been read, 0..1, for progress. */
double bolter_corpus_progress(const bolter_corpus *c);
void bolter_corpus_free(bolter_corpus *c);
/* SHA-256 of a file as 64 hexadecimal digits. E_IO. */
bolter_status bolter_file_sha256(const char *path, char hex[65], bolter_error *err);

/* ---- Datasets: corpora tokenised, in parts ------------------------------------------------ */

typedef struct bolter_dataset bolter_dataset;
typedef enum bolter_part {
    BOLTER_TRAIN = 0,
    BOLTER_VALID = 1,
    BOLTER_TEST = 2,
    BOLTER_LEFT_OUT = 3, /* duplicates and conflicts */
    BOLTER_BY_SPLIT = 4  /* only as an argument: let the split file or the content's hash decide */
} bolter_part;

typedef struct bolter_row {
    const char *id;
    bolter_seq seq;
    int32_t label; /* -1: none */
} bolter_row;

/* Open an empty dataset for a model's tokenizer, template and limits. Takes a reference to m. */
bolter_status bolter_dataset_open(bolter_dataset **out, bolter_model *m, bolter_error *err);
/*
 * Names of the labels in order; without this call they are the model's, or for a model without a head
 * "ham" and "spam". Before the first add.
 */
bolter_status bolter_dataset_labels(bolter_dataset *d, const char *const *names, size_t n,
                                    bolter_error *err);
/*
 * Read a split file (id TAB label TAB part [TAB key], part train, validation, test, or duplicate or
 * conflict, which are left out). May be called for several files; an id with two parts is E_MISMATCH.
 */
bolter_status bolter_dataset_split_file(bolter_dataset *d, const char *path, bolter_error *err);
/*
 * Read a corpus to its end. part is where its examples go; BOLTER_BY_SPLIT looks the id up in the split
 * files, and without any puts 70 % in train, 10 % in validation, 20 % in test by a hash of the text, so
 * that equal texts stay together. The text's limits are the defaults, as in serving. A label outside
 * the list, or none where examples train or validate, is E_FORMAT naming the example.
 */
bolter_status bolter_dataset_add(bolter_dataset *d, bolter_corpus *c, bolter_part part,
                                 bolter_error *err);
/* Rows of a part, and one of them. */
size_t bolter_dataset_count(const bolter_dataset *d, bolter_part part);
const bolter_row *bolter_dataset_row(const bolter_dataset *d, bolter_part part, size_t i);
/* Tokens of a part in all. */
uint64_t bolter_dataset_tokens(const bolter_dataset *d, bolter_part part);
size_t bolter_dataset_n_label(const bolter_dataset *d);
const char *bolter_dataset_label(const bolter_dataset *d, size_t i);
void bolter_dataset_free(bolter_dataset *d);

/* ---- Training ----------------------------------------------------------------------------- */

typedef struct bolter_trainer bolter_trainer;

typedef struct bolter_train_options {
    const char *trainable; /* "last_layer" (the head), "last_block" (and the final norm and the head),
                              "last_two_blocks", "all", "lora" (adapters on every linear layer, head) */
    const char *position;  /* token that the head reads: "last", "first", "mean"; NULL: as the model */
    const char *schedule;  /* after the warm-up: "constant", "linear" or "cosine" to zero */
    float lr, weight_decay, beta1, beta2, eps;
    float clip_norm;       /* largest global gradient norm; 0: no clipping */
    float layer_decay;     /* rate of a block = lr * layer_decay^(blocks above it); 1: the same for all */
    bool decay_all;        /* decay every trained tensor, as PyTorch's default does; else only matrices */
    bool random_init;      /* forget the model's weights */
    uint64_t total_steps, warmup_steps;
    int32_t lora_rank;
    float lora_alpha;
    size_t pad_to;         /* pad every sequence with pad_id to this length; 0: no padding */
    int32_t pad_id;
    size_t threads;        /* 0: as many as the machine has processors */
    uint64_t seed;
} bolter_train_options;

typedef struct bolter_step {
    uint64_t step; /* from 1 */
    double loss;   /* mean cross-entropy of the batch before the update, nats */
    uint64_t n_right; /* sequences whose largest logit was their label's */
    double lr, grad_norm;
    uint64_t n_tokens;
} bolter_step;

/* Sensible values for fine-tuning all layers. */
void bolter_train_options_default(bolter_train_options *o);
/*
 * Prepare to fine-tune m: copies its weights; a model without a head, or with another number of labels,
 * gets a new one of n_label rows. Takes a reference to m. E_ARG, E_NOMEM.
 */
bolter_status bolter_trainer_open(bolter_trainer **out, bolter_model *m, const char *const *labels,
                                  size_t n_label, const bolter_train_options *o, bolter_error *err);
/* Number of parameters that train. */
uint64_t bolter_trainer_n_trainable(const bolter_trainer *t);
/*
 * One AdamW step on a batch. The sum runs in a fixed order: same seed, data and threads give the same
 * bits. E_NUMERIC names the step and the tensor; nothing is updated then.
 */
bolter_status bolter_trainer_step(bolter_trainer *t, const bolter_seq *seqs, const int32_t *labels,
                                  size_t n_seqs, bolter_step *out, bolter_error *err);
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

typedef struct bolter_save_options {
    const char *dtype;       /* "float32", "float16", "bfloat16", "int8"; NULL: float32 */
    double spam_threshold, unsure_threshold, temperature; /* 0: keep the model's */
    const char *provenance;  /* a JSON object for bolter.json, or NULL */
} bolter_save_options;

/*
 * Write a model directory: built beside dir under another name, synced, then renamed, so that dir is
 * either the old or the whole new one. E_IO (a full disk leaves dir untouched).
 */
bolter_status bolter_trainer_save(bolter_trainer *t, const char *dir, const bolter_save_options *o,
                                  bolter_error *err);
/* The same for a model as it is, to change its number format. */
bolter_status bolter_model_save(const bolter_model *m, const char *dir, const bolter_save_options *o,
                                bolter_error *err);
void bolter_trainer_free(bolter_trainer *t);

/* ---- Evaluation --------------------------------------------------------------------------- */

typedef struct bolter_interval {
    double value, low, high; /* 95 % */
} bolter_interval;

typedef struct bolter_report {
    uint64_t n, n_spam, n_ham;
    uint64_t tp, fp, tn, fn;         /* spam is positive; at the threshold */
    bolter_interval accuracy, balanced_accuracy, precision, recall, f1;
    bolter_interval fpr;             /* ham called spam / ham (hm%) */
    bolter_interval auc;             /* area under the ROC curve, ties counted half */
    bolter_interval recall_fpr_01;   /* recall at FPR <= 0.1 %, read off the ROC curve */
    bolter_interval recall_fpr_1;    /* and at 1 % */
    double loss, brier;              /* mean cross-entropy in nats; mean squared error */
} bolter_report;

/*
 * Measure scores spam[n] in 0..1 against truth[n] (1 spam, 0 ham). Intervals: percentiles of a
 * stratified bootstrap of n_boot samples (0: none, low = high = value). Recall at an FPR counts spam
 * strictly above the (floor(FPR * ham) + 1)-th highest ham score. E_ARG (no example), E_NUMERIC, E_NOMEM.
 */
bolter_status bolter_report_of(const float *spam, const int32_t *truth, size_t n, double threshold,
                               size_t n_boot, uint64_t seed, bolter_report *out, bolter_error *err);
/*
 * The temperature that minimises the cross-entropy of softmax(logits / T), logits (n, n_label), by a
 * search between 0.05 and 20 (Guo et al. 2017, section 4.2).
 */
bolter_status bolter_fit_temperature(const float *logits, const int32_t *labels, size_t n,
                                     size_t n_label, double *temperature, bolter_error *err);

#ifdef __cplusplus
}
#endif
#endif
