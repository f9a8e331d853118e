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

/* Called now and then: done of total. */
typedef void (*bolter_progress_fn)(void *ud, const char *doing, uint64_t done, uint64_t total);

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
    bool arriving;        /* messages have no Received field of this site yet, as a milter gets them;
                             of stored mail the topmost one is not read by bolter_text_features() */
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
 * subject and body, and of a sender where the next line is "From: " and the one after it empty: mail
 * that was laid out by the default layout comes out as it was.
 */
bolter_status bolter_text_plain(bolter_text *t, const void *bytes, size_t len, const char **utf8,
                                size_t *n, bolter_error *err);
/* The text of the last finish or plain once more. */
void bolter_text_last(const bolter_text *t, const char **utf8, size_t *n);
/* True when the last finish or plain left something out because of a limit. */
bool bolter_text_truncated(const bolter_text *t);
/*
 * Why a verdict on the last finish would say nothing: "empty" (neither subject nor body), "encrypted"
 * (the body is ciphertext and nothing else); NULL if there is something to judge.
 */
const char *bolter_text_unscorable(const bolter_text *t);
typedef struct bolter_features {
    const uint32_t *bucket; /* (n), 0 .. BOLTER_BUCKETS-1 */
    const float *value;     /* (n) */
    size_t n;
} bolter_features;

enum { BOLTER_BUCKETS = 1 << 20 };

/*
 * What the wide part of a model reads of the last finish or plain: counts of hashed words, runs of
 * characters, and traits. Owned by t until the next chunk, plain, reset or free. E_NOMEM.
 */
bolter_status bolter_text_features(bolter_text *t, bolter_features *out, bolter_error *err);
/*
 * The traits of the last finish, one a line: words of header fields, their names and order, markup,
 * links, types of parts. "" for a text that is no message. Owned by t as above.
 */
const char *bolter_text_traits(const bolter_text *t);
/* Forget the message; keep the buffers. */
void bolter_text_reset(bolter_text *t);
void bolter_text_free(bolter_text *t);

/* ---- Tokenizer: UTF-8 <-> ids ------------------------------------------------------------- */

typedef struct bolter_tok bolter_tok;

/*
 * Open vocab.json and merges.txt of a directory (byte-level BPE, GPT-2). A tokenizer.bolter beside
 * them that was made from just these files is used in their place. E_IO, E_FORMAT, E_LIMIT (over
 * 64 MiB), E_NOMEM. */
bolter_status bolter_tok_open(bolter_tok **out, const char *dir, bolter_error *err);
/*
 * Write tokenizer.bolter into a directory: the tables of vocab.json and merges.txt as they are
 * searched, which opens without reading those. Saving a model does this. Errors as above.
 */
bolter_status bolter_tok_compile(const char *dir, bolter_error *err);
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

/* How the two parts of a model make one verdict: log-odds of spam = deep * (those of the network, at its
 * temperature) + wide * (those of the wide part) + bias. */
typedef struct bolter_mix {
    double deep, wide, bias;
} bolter_mix;

/* A false positive rate that a spam threshold was to keep, and what a sample says of it. */
typedef struct bolter_threshold_proof {
    double max_fpr, confidence; /* asked for, see bolter_threshold_for() */
    bool proved;
    uint64_t ham;               /* of the sample */
    uint64_t needed;            /* the least sample of ham that can prove it */
    uint64_t allowed;           /* ham that may reach the threshold; follows from ham */
    double upper_bound;         /* of the false positive rate there, at this confidence */
    double threshold;           /* what it says holds from here up */
} bolter_threshold_proof;

typedef struct bolter_model_info {
    const char *arch;          /* "gpt2" */
    const char *id;            /* 16 hexadecimal digits: the network's, or with a wide part of both */
    const char *network_id;    /* of the SHA-256 of the network's weights */
    const char *text_layout;   /* template of a mail */
    const char *precision;     /* what "auto" means for it, see bolter_open_options */
    int32_t n_ctx, n_vocab, n_embd, n_layer, n_head;
    int32_t n_label;           /* 0: a language model without a classification head */
    int32_t spam_label;        /* index of the label that means spam; -1: none */
    int32_t max_tokens;        /* tokens of a message that are read, at most n_ctx */
    int32_t tail_tokens;       /* of these, how many come from its end when it is longer */
    int32_t begin_id, end_id;  /* of config.json: the tokens that begin and end a text; -1: none */
    uint64_t n_param;
    double spam_threshold;     /* spam at or above this calibrated probability */
    double unsure_threshold;   /* unsure at or above this, ham below */
    double temperature;        /* logits are divided by it */
    const bolter_threshold_proof *proof; /* of a threshold; NULL: none on record */
    const bolter_mix *mix;     /* with a wide part; NULL: the network alone */
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
    const char *precision;   /* open for scoring alone, with weights packed in this format: "float32",
                                "bfloat16", "int8", or "auto": as they are stored; NULL: for any use */
    bool no_wide;            /* leave the wide part out, where there is one */
    const char *isa;         /* with precision, for tests: "avx512", "avx2" or "portable"; NULL: best */
} bolter_open_options;

/* The same, with parts of what the directory says replaced. o may be NULL. E_ARG. */
bolter_status bolter_model_open_with(bolter_model **out, const char *dir,
                                     const bolter_open_options *o, bolter_error *err);

typedef struct bolter_shape {
    int32_t n_ctx, n_embd, n_layer, n_head;
} bolter_shape;

/*
 * A language model of a shape that has no weights yet, with the vocabulary of a directory of vocab.json
 * and merges.txt, in which "<|endoftext|>" begins and ends texts: for a trainer whose random_init is set
 * and whose trainable is "all". E_ARG (a shape that cannot be), E_FORMAT (no "<|endoftext|>"), E_IO,
 * E_NOMEM.
 */
bolter_status bolter_model_blank(bolter_model **out, const bolter_shape *shape, const char *dir,
                                 bolter_error *err);
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

/* ---- Session: one thread's scratch memory over a model ------------------------------------ */

typedef struct bolter_session bolter_session;
typedef struct bolter_seq {
    const int32_t *ids;
    size_t n;
    const bolter_features *features; /* of the same text, for a wide part; NULL: the network alone */
} bolter_seq;

/*
 * Reserve memory for batches of max_seqs sequences and max_tokens tokens in all (0: max_seqs times the
 * model's max_tokens). Takes a reference to m. Nothing is allocated per call afterwards. E_ARG, E_NOMEM.
 */
bolter_status bolter_session_open(bolter_session **out, bolter_model *m, size_t max_seqs,
                                  size_t max_tokens, bolter_error *err);
/*
 * Logits (n_seqs, n_label) of sequences of different lengths, without padding. Every sequence has 1 to
 * n_ctx ids below n_vocab. Of sequences with features the logit of spam is then set so that both parts of
 * the model are heard. E_ARG, E_LIMIT, E_MISMATCH (no head), E_NUMERIC.
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

/* ---- Generation: a language model goes on with a text ------------------------------------- */

typedef struct bolter_generator bolter_generator;

/* How the next token is drawn from what the model expects. All zero: the most probable one. */
typedef struct bolter_sampling {
    double temperature; /* logits are divided by it, up to 100; 0: the most probable token (greedy) */
    size_t top_k;       /* among this many of the most probable; 0: all */
    double top_p;       /* among the fewest whose probabilities reach this sum, 0..1; 0: all */
    uint64_t seed;      /* the same seed, model and text give the same tokens */
} bolter_sampling;

typedef struct bolter_token {
    int32_t id;
    const char *text; /* the characters that it completes, valid UTF-8, NUL-terminated, perhaps none:
                         a character may take several tokens. Until the next call */
    size_t n;         /* bytes of text */
} bolter_token;

/*
 * Open a generator over a language model that was opened with a precision (bolter_open_options). It
 * holds the keys and values of every token so far, so that each new one costs one pass over the
 * weights: at most n_layer * n_ctx * n_embd * 8 bytes. Takes a reference to m; many generators may
 * share it. o may be NULL and is copied. E_MISMATCH (a classifier, or opened without a precision),
 * E_ARG, E_NOMEM.
 */
bolter_status bolter_generator_open(bolter_generator **out, bolter_model *m,
                                    const bolter_sampling *o, bolter_error *err);
/*
 * The same over the weights of a trainer of a language model as they are now; they are packed in bfloat16
 * for it. To be freed before t's next step.
 */
struct bolter_trainer;
bolter_status bolter_generator_open_trainer(bolter_generator **out,
                                            const struct bolter_trainer *t,
                                            const bolter_sampling *o, bolter_error *err);
/*
 * Append to the text so far: ids, or text, before which the model's begin token goes if begin is true.
 * E_LIMIT where it is longer than n_ctx tokens in all, and nothing is appended; E_ARG (an id outside
 * the vocabulary; an empty text, without begin), E_MISMATCH (no tokenizer, no begin token), E_NOMEM.
 */
bolter_status bolter_generator_feed(bolter_generator *g, const int32_t *ids, size_t n,
                                    bolter_error *err);
bolter_status bolter_generator_feed_text(bolter_generator *g, const char *utf8, size_t n, bool begin,
                                         bolter_error *err);
/*
 * Draw the next token; it is part of the text from then on. BOLTER_END when it is the model's end of
 * text, which is not appended. E_LIMIT when n_ctx tokens are there: positions beyond were never
 * trained. E_ARG before anything was fed, E_NUMERIC.
 */
bolter_status bolter_generator_next(bolter_generator *g, bolter_token *out, bolter_error *err);
/* Logits (n_vocab) that the next token will be drawn from. As bolter_generator_next(). */
bolter_status bolter_generator_logits(bolter_generator *g, const float **logits, bolter_error *err);
/* Tokens of the text so far. */
size_t bolter_generator_count(const bolter_generator *g);
/* Forget the text; keep the memory. Drawing begins again from the seed. */
void bolter_generator_reset(bolter_generator *g);
void bolter_generator_free(bolter_generator *g);

/* ---- Verdicts ----------------------------------------------------------------------------- */

typedef enum bolter_class { BOLTER_HAM = 0, BOLTER_UNSURE = 1, BOLTER_SPAM = 2 } bolter_class;

typedef struct bolter_verdict {
    bolter_class decision; /* by the model's own thresholds */
    int32_t label;         /* most probable label, see bolter_model_label() */
    float prob;            /* its calibrated probability, 0..1 */
    float spam;            /* calibrated probability of the spam label, 0..1 */
    size_t n_tokens;       /* tokens the model read */
    bool truncated;        /* the text was longer than that */
    bool degraded;         /* it was cut shorter than usual, because many others waited */
    double queue_ms;       /* waited (0 without a service) */
    double compute_ms;     /* tokenised and scored */
    char model_id[17];
} bolter_verdict;

/* Classify laid-out text in this thread. E_MISMATCH without a head that knows spam. */
bolter_status bolter_classify(bolter_session *s, const char *utf8, size_t n, bolter_verdict *out,
                              bolter_error *err);

/*
 * Classify what t gave last, by both parts of a model that has a wide one. Any thread, but t belongs to it.
 * E_MISMATCH as above.
 */
bolter_status bolter_classify_text(bolter_session *s, bolter_text *t, bolter_verdict *out,
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
    double degrade_at; /* from this share of max_queued on, 0..1, less is read of a text; 0: never */
    size_t degrade_tokens; /* so many tokens then; 0: 128 */
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
/* The same for what t gave last, see bolter_classify_text(). t may not change meanwhile. */
bolter_status bolter_service_classify_text(bolter_service *s, bolter_text *t, uint32_t timeout_ms,
                                           uint32_t wait_ms, bolter_wait_fn wait, void *ud,
                                           bolter_verdict *out, bolter_error *err);
/* bolter_explain() by the workers; timeout_ms is for all of its runs together. */
bolter_status bolter_service_explain(bolter_service *s, const char *utf8, size_t n,
                                     uint32_t timeout_ms, uint32_t wait_ms, bolter_wait_fn wait,
                                     void *ud, bolter_piece *out, size_t cap, size_t *n_pieces,
                                     bolter_error *err);

typedef struct bolter_service_state {
    size_t queued, max_queued; /* requests that wait, and the most that may */
    size_t workers, busy;      /* threads that score, and those at work */
    uint64_t longest_ms;       /* since the oldest batch in work was begun; 0: none is in work */
} bolter_service_state;

/* How things stand at this moment. Any thread. */
void bolter_service_state_of(bolter_service *s, bolter_service_state *out);
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
 * Open a corpus. kind is one of these, or NULL to find out from the path: its name, then its
 * content (an mbox is then "mbox", a TSV "tsv"). Files may be gzipped. label, if not NULL, is every
 * example's label; it stays owned by the caller and must outlive the corpus.
 *
 *   tsv         label TAB text, or label TAB id TAB text with \\ \t \r \n written so; no quoting
 *   tsv-quotes  label TAB text, quoted fields as pandas reads them
 *   csv         RFC 4180 with a header line that names Label and Text, in any order and case
 *   jsonl       an object a line with label, text, perhaps id
 *   fasttext    __label__NAME text
 *   mbox        mboxrd: one ">" is taken off lines like ">>From "
 *   mboxo       it is taken off ">From " alone
 *   mboxcl      mboxo with Content-Length, which counts where it leads to a From line or the end
 *   mboxcl2     the same, nothing quoted
 *   maildir     the files of cur and new
 *   mh          the files of a directory whose names are numbers
 *   dir         all files of a directory, one message each, one text each where they end in .txt
 *   mail, text  one message; one text
 *   lines       one text a line
 *   blocks      one long text, in blocks of about 1 MiB that end before a blank
 *
 * Ids: the file's own id, else the index from 0 of the line or row ("17"), for an mbox NAME/INDEX
 * with NAME its file name without .mbox and .gz, for files their name. E_IO, E_FORMAT, E_ARG,
 * E_NOMEM.
 */
bolter_status bolter_corpus_open(bolter_corpus **out, const char *kind, const char *path,
                                 const char *label, bolter_error *err);
/* The next example, or BOLTER_END. E_FORMAT names file and line. E_LIMIT: an example over 64 MiB.
 */
bolter_status bolter_corpus_next(bolter_corpus *c, bolter_example *ex, bolter_error *err);
/* How much of the corpus has been read, 0..1, for progress. */
double bolter_corpus_progress(const bolter_corpus *c);
void bolter_corpus_free(bolter_corpus *c);
/* SHA-256 of a file as 64 hexadecimal digits. E_IO. */
bolter_status bolter_file_sha256(const char *path, char hex[65], bolter_error *err);

/* ---- Collections: labelled texts, cleaned and put in parts --------------------------------- */

typedef struct bolter_collection bolter_collection;

typedef enum bolter_part {
    BOLTER_TRAIN = 0,
    BOLTER_VALID = 1,
    BOLTER_TEST = 2,
    BOLTER_LEFT_OUT = 3, /* duplicates and conflicts */
    BOLTER_BY_SPLIT = 4  /* not decided: a split file or the split will */
} bolter_part;

typedef struct bolter_collection_options {
    const char *layout;          /* of mail; NULL: the default, see bolter_text_default_layout() */
    bool verbatim;               /* keep texts that are no mail byte for byte */
    bolter_progress_fn progress; /* NULL: none */
    void *ud;
} bolter_collection_options;

typedef struct bolter_item {
    const char *id, *text; /* as long as the collection */
    size_t n;              /* bytes of text */
    int32_t label;
} bolter_item;

/* o may be NULL and is copied, but for the layout's characters. E_ARG, E_NOMEM. */
bolter_status bolter_collection_open(bolter_collection **out, const bolter_collection_options *o,
                                     bolter_error *err);
/* Read a split file, as bolter_dataset_split_file() does. */
bolter_status bolter_collection_split_file(bolter_collection *c, const char *path,
                                           bolter_error *err);
/*
 * Read a corpus to its end. Mail becomes text as in serving. part: where its examples go;
 * BOLTER_BY_SPLIT: where a split file says, or, without one, where bolter_collection_split() puts
 * them. Every example needs a label (E_FORMAT); up to 1,000 different ones (E_LIMIT).
 */
bolter_status bolter_collection_add(bolter_collection *c, bolter_corpus *corpus, bolter_part part,
                                    bolter_error *err);

typedef enum bolter_copies {
    BOLTER_COPIES_REMOVE,   /* keep the first that was read */
    BOLTER_COPIES_TOGETHER, /* keep all, in the same part */
    BOLTER_COPIES_KEEP      /* do nothing */
} bolter_copies;

typedef struct bolter_cleaned {
    uint64_t empty;       /* left out: no text */
    uint64_t conflicts;   /* left out: the same text under several labels */
    uint64_t copies;      /* the same text as an earlier one */
    uint64_t near;        /* nearly the same text as an earlier one */
    uint64_t near_labels; /* of these, under another label; they stay */
    const char *conflict; /* the id of one that is in conflict, or NULL */
} bolter_cleaned;

/*
 * Leave out what should not be learned. Two texts are the same if they have the same words,
 * whatever their case, numbers, web addresses, marks and blanks; of mail with a body of more than a
 * line, those of the body count. They are nearly the same if of the runs of four words in either,
 * both have 80 % (Jaccard's similarity of shingles; Broder 1997). E_NOMEM.
 */
bolter_status bolter_collection_clean(bolter_collection *c, bolter_copies copies,
                                      bolter_copies near, bolter_cleaned *out, bolter_error *err);
/*
 * Keep at most per_class texts of a label (0: all), and with balance as many of each label as of
 * the rarest one, drawn at random. *n_left_out: how many went. E_NOMEM.
 */
bolter_status bolter_collection_limit(bolter_collection *c, uint64_t per_class, bool balance,
                                      uint64_t seed, uint64_t *n_left_out, bolter_error *err);

typedef enum bolter_split_by {
    BOLTER_SPLIT_TEXT, /* at random, each label alike */
    BOLTER_SPLIT_TIME, /* the oldest mail trains, the youngest tests; mail without a date trains */
    BOLTER_SPLIT_SENDER, /* at random; mail from the same domain stays together */
    BOLTER_SPLIT_THREAD  /* at random; mail that answers mail, or has its subject, stays with it */
} bolter_split_by;

/*
 * Give every text that has no part yet one of train, validation, test, whose shares add up to 1.
 * Copies that clean() found stay together, also with a text that has its part already. E_ARG;
 * E_MISMATCH: no mail has a date, or a sender, or a thread.
 */
bolter_status bolter_collection_split(bolter_collection *c, bolter_split_by by,
                                      const double share[3], uint64_t seed, bolter_error *err);
/*
 * The split of the book "Build a Large Language Model (From Scratch)", chapter 6, row by row: as
 * many ham as spam, 70 % train, 10 % validation, 20 % test, drawn as pandas draws them. E_MISMATCH:
 * the labels are not ham and spam, or there is less ham.
 */
bolter_status bolter_collection_split_book(bolter_collection *c, uint32_t seed, bolter_error *err);

typedef struct bolter_leaks {
    uint64_t same, near; /* texts of one part that are, or nearly are, in another; near has same */
    const char *id, *other; /* the first of them and what it is like, or NULL */
} bolter_leaks;

/* Texts of part that are also in the part seen. E_NOMEM. */
bolter_status bolter_collection_leaks(bolter_collection *c, bolter_part seen, bolter_part part,
                                      bolter_leaks *out, bolter_error *err);

/* Texts of a part, and one of them, in the order in which they are written. */
size_t bolter_collection_count(const bolter_collection *c, bolter_part part);
bolter_item bolter_collection_item(const bolter_collection *c, bolter_part part, size_t i);
size_t bolter_collection_n_label(const bolter_collection *c);
const char *bolter_collection_label(const bolter_collection *c, size_t i);

typedef struct bolter_write_options {
    bool jsonl;     /* NAME.jsonl instead of NAME.csv */
    bool ids;       /* with the column Id */
    bool numbers;   /* labels as numbers: ham 0, spam 1, or the order in which they were read */
    bool overwrite; /* replace files that are there */
} bolter_write_options;

/*
 * Write train, validation and test to dir, which is made where it is missing: as CSV with the
 * header Label,Text, quoted where needed, or as JSON lines. All are written and synced beside their
 * places before the first takes its own. o may be NULL. E_IO (also: a file is there), E_FORMAT,
 * E_NOMEM.
 */
bolter_status bolter_collection_write(const bolter_collection *c, const char *dir,
                                      const bolter_write_options *o, bolter_error *err);
void bolter_collection_free(bolter_collection *c);

/* ---- Datasets: corpora tokenised, in parts ------------------------------------------------ */

typedef struct bolter_dataset bolter_dataset;

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
/* Keep features of each example, in its row's seq; before the first add. Without this call they are kept
 * if the model has a wide part. */
void bolter_dataset_keep_features(bolter_dataset *d);
/* Rows of a part, and one of them. */
size_t bolter_dataset_count(const bolter_dataset *d, bolter_part part);
const bolter_row *bolter_dataset_row(const bolter_dataset *d, bolter_part part, size_t i);
/* Tokens of a part in all. */
uint64_t bolter_dataset_tokens(const bolter_dataset *d, bolter_part part);
/*
 * SHA-256, as 64 hexadecimal digits, of a part's labels and tokens in order: equal digests mean that a
 * model sees the same.
 */
void bolter_dataset_sha256(const bolter_dataset *d, bolter_part part, char hex[65]);
size_t bolter_dataset_n_label(const bolter_dataset *d);
const char *bolter_dataset_label(const bolter_dataset *d, size_t i);
void bolter_dataset_free(bolter_dataset *d);

/* ---- Splits: the parts of a dataset, for texts kept elsewhere ------------------------------ */

typedef struct bolter_split bolter_split;

/* Open a split without files: 70 % train, 10 % validation, 20 % test by a hash of the text, so that
 * equal texts stay together. E_NOMEM. */
bolter_status bolter_split_open(bolter_split **out, bolter_error *err);
/* Add a split file, see bolter_dataset_split_file(). E_IO, E_FORMAT, E_MISMATCH, E_NOMEM. */
bolter_status bolter_split_read(bolter_split *s, const char *path, bolter_error *err);
/* The part of an example. With files the id decides; one that they do not know is E_MISMATCH. */
bolter_status bolter_split_part(const bolter_split *s, const char *id, const char *text, size_t n,
                                bolter_part *part, bolter_error *err);
void bolter_split_free(bolter_split *s);

/* ---- Token streams: texts for a language model, end to end --------------------------------- */

typedef struct bolter_tokens bolter_tokens;

typedef struct bolter_tokens_options {
    bool gutenberg;     /* leave out what Project Gutenberg puts before and after a book */
    double ascii_share; /* leave out texts with this share of ASCII characters or less, 0..1; 0: none */
} bolter_tokens_options;

typedef struct bolter_tokens_count {
    uint64_t n_text, n_token;
    uint64_t empty, foreign; /* texts that were left out: nothing in them; by ascii_share */
} bolter_tokens_count;

/*
 * Open an empty stream of m's tokens. They go to a temporary file, in TMPDIR or else /var/tmp, 4 bytes
 * each, so that they may be more than memory holds. Takes a reference to m. o may be NULL and is copied.
 * E_IO, E_NOMEM, E_MISMATCH (no tokenizer, no end of text).
 */
bolter_status bolter_tokens_open(bolter_tokens **out, bolter_model *m,
                                 const bolter_tokens_options *o, bolter_error *err);
/*
 * Read a corpus to its end and append its texts, whatever their labels: mail as in serving, other text
 * as bolter_text_plain() has it, both whole. The model's end of text goes between two texts. E_IO (a full
 * disk), E_FORMAT, E_NOMEM.
 */
bolter_status bolter_tokens_add(bolter_tokens *t, bolter_corpus *c, bolter_error *err);
/* How many there are so far. */
bolter_tokens_count bolter_tokens_count_of(const bolter_tokens *t);
/*
 * End the stream: *all are its tokens, mapped from the file, as long as t; hex, if not NULL, their
 * SHA-256. E_IO, E_ARG (no token).
 */
bolter_status bolter_tokens_end(bolter_tokens *t, bolter_seq *all, char hex[65], bolter_error *err);
void bolter_tokens_free(bolter_tokens *t);

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
                              "last_two_blocks", "last_N_blocks", "all", "lora" (adapters, and the
                              head), "qlora" (the same over linear layers kept as signed bytes) */
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
    bool head_bias;        /* the head trains with a bias; a saved model has it in the final norm's */
    const float *class_weights; /* (n_label) of the loss, as PyTorch's; NULL: all 1 */
    float label_smoothing; /* of the loss, as PyTorch's: 0 to 1 */
    int32_t ignore_label;  /* examples with this label do not count in the loss */
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
 * Write the adapters and the head alone, in peft's format, into a directory that is made if need be.
 * E_ARG without adapters, or with a head that has a bias; E_IO.
 */
bolter_status bolter_trainer_save_adapter(const bolter_trainer *t, const char *dir,
                                          bolter_error *err);
/* The same for a model as it is, to change its number format. Int8 weights that stay int8 keep their
 * values, as if plain were set. */
bolter_status bolter_model_save(const bolter_model *m, const char *dir, const bolter_save_options *o,
                                bolter_error *err);
/*
 * Write bolter.json alone into the directory that m was opened from, with what m was opened with;
 * the old one is replaced by a rename. o->dtype is NULL. m itself keeps what it was opened with.
 */
bolter_status bolter_model_save_card(const bolter_model *m, const bolter_save_options *o,
                                     bolter_error *err);
void bolter_trainer_free(bolter_trainer *t);

/* ---- The wide part ------------------------------------------------------------------------ */

/*
 * A linear model over hashed words beside the network ("wide and deep": Cheng et al. 2016): it remembers
 * exact words, senders and hosts where the network reads what a text means. It knows spam and ham only.
 */
typedef struct bolter_wide bolter_wide;

/*
 * Train on the features of n texts; spam (n) is 1 or 0. The same texts in the same order give the same
 * weights. E_ARG (only spam, or only ham, or a row without features), E_NOMEM.
 */
bolter_status bolter_wide_train(bolter_wide **out, const bolter_features *const *rows,
                                const int32_t *spam, size_t n, bolter_error *err);
/* Log-odds of spam. Immutable, any thread. */
double bolter_wide_score(const bolter_wide *w, const bolter_features *f);
void bolter_wide_free(bolter_wide *w);
/* The wide part that a model was opened with, or NULL; as long as the model is. */
const bolter_wide *bolter_model_wide(const bolter_model *m);

/*
 * Find the mix of both parts' log-odds (n each) by logistic regression on texts that neither was trained
 * on; the shares of the parts are not negative. E_ARG (only spam, or only ham), E_NOMEM.
 */
bolter_status bolter_mix_fit(bolter_mix *out, const double *deep, const double *wide,
                             const int32_t *spam, size_t n, bolter_error *err);
double bolter_mix_odds(const bolter_mix *m, double deep, double wide);
/*
 * Write to out, a directory that may be that of m, the files of m's directory with this wide part, which
 * takes the place of an old one; as bolter_trainer_save() promises. o->dtype is NULL. E_MISMATCH: m does
 * not tell spam from one other label. E_IO, E_NOMEM.
 */
bolter_status bolter_model_save_wide(const bolter_model *m, const bolter_wide *wide,
                                     const bolter_mix *mix, const char *out,
                                     const bolter_save_options *o, bolter_error *err);

/* ---- Evaluation --------------------------------------------------------------------------- */

typedef struct bolter_interval {
    double value, low, high; /* 95 % */
} bolter_interval;

/* What is measured. Borrowed; higher scores are more like spam, and may have any finite value. */
typedef struct bolter_scores {
    const double *score;  /* (n) */
    const int32_t *truth; /* (n), 1 spam, 0 ham */
    size_t n;
    double threshold;     /* spam from this score on; infinite is fine */
} bolter_scores;

typedef struct bolter_report {
    uint64_t n, n_spam, n_ham;
    uint64_t tp, fp, tn, fn;         /* spam is positive; at the threshold */
    bolter_interval accuracy, balanced_accuracy, precision, recall, f1;
    bolter_interval fpr;             /* ham called spam / ham (hm%) */
    bolter_interval miss;            /* spam called ham / spam (sm%) */
    bolter_interval lam;             /* logistic mean of fpr and miss; 0 where one of them is 0 */
    bolter_interval auc;             /* area under the ROC curve, ties counted half */
    bolter_interval recall_fpr_01;   /* recall at FPR <= 0.1 %, read off the ROC curve */
    bolter_interval recall_fpr_05;   /* at 0.5 % */
    bolter_interval recall_fpr_1;    /* at 1 % */
    bolter_interval loss, brier;     /* mean cross-entropy in nats; mean squared error */
    double ece;                      /* expected calibration error, see bolter_reliability_of() */
} bolter_report;

/*
 * Measure scores. Loss, Brier score and ece are NaN unless all scores are within 0..1. Intervals of
 * fpr, miss and recall are exact (Clopper and Pearson), the others percentiles of a stratified
 * bootstrap of n_boot samples (0: none, low = high = value). Recall at an FPR counts spam strictly
 * above the (floor(FPR * ham) + 1)-th highest ham score. E_ARG (no example), E_NUMERIC, E_NOMEM.
 */
bolter_status bolter_report_of(const bolter_scores *s, size_t n_boot, uint64_t seed,
                               bolter_report *out, bolter_error *err);
/*
 * Measure the difference, b less a, of two filters on the same examples in the same order: in every
 * interval of *out (but for ece, NaN), with the counts other than n, n_spam and n_ham left 0. The
 * bootstrap draws the same examples of both, so that what is hard for both cancels out. An interval
 * without 0 in it is a difference that the sample shows.
 */
bolter_status bolter_compare(const bolter_scores *a, const bolter_scores *b, size_t n_boot,
                             uint64_t seed, bolter_report *out, bolter_error *err);

typedef struct bolter_roc_point {
    double threshold; /* spam from here on; infinite for the first point */
    uint64_t tp, fp;
} bolter_roc_point;

/* Every point of the ROC curve, from (0, 0) to (all, all); points has room for s->n + 1. */
bolter_status bolter_roc_of(const bolter_scores *s, bolter_roc_point *points, size_t *n_points,
                            bolter_error *err);

enum { BOLTER_N_BIN = 10 };

typedef struct bolter_bin {
    double low;            /* scores from here to low + 0.1 */
    uint64_t n, n_spam;
    double mean_score;     /* NaN in an empty bin */
    bolter_interval spam;  /* n_spam / n, exact; what the mean score promises */
} bolter_bin;

/*
 * Sort probabilities into ten bins of equal width. *ece, the expected calibration error, is the
 * mean distance of score and share of spam, weighted by the bins' sizes. E_ARG for a score outside
 * 0..1.
 */
bolter_status bolter_reliability_of(const bolter_scores *s, bolter_bin bins[BOLTER_N_BIN],
                                    double *ece, bolter_error *err);

typedef struct bolter_label_measures {
    uint64_t n, n_answers; /* examples that have the label; that were given it */
    bolter_interval precision, recall, f1;
} bolter_label_measures;

typedef struct bolter_label_report {
    uint64_t n;
    size_t n_label;
    bolter_interval accuracy;
    bolter_interval macro_f1;     /* mean over the labels that the data has */
    bolter_label_measures *label; /* (n_label), owned */
    uint64_t *confusion;          /* (n_label, n_label), by truth and answer; owned */
} bolter_label_report;

/* Measure answers against truths, both 0..n_label-1. n_boot and the errors as above. */
bolter_status bolter_labels_of(const int32_t *answer, const int32_t *truth, size_t n,
                               size_t n_label, size_t n_boot, uint64_t seed,
                               bolter_label_report *out, bolter_error *err);
void bolter_label_report_free(bolter_label_report *r);

/*
 * The highest rate of errors that k errors in n examples leave possible: with this confidence,
 * 0..1, the rate is at most that. Exact, if what made the errors was not chosen by them. 1 for
 * n = 0.
 */
double bolter_rate_bound(uint64_t k, uint64_t n, double confidence);

#define BOLTER_MIN_FPR 1e-7 /* the lowest rate that can be asked for; it needs 30 million ham */

/*
 * The lowest threshold that keeps the false positive rate at max_fpr or below, with this confidence
 * (0.5 to 1), and every threshold above it does too. That holds for ham that comes like the ham of
 * the sample, independent of each other, labelled right, and for scores that did not depend on the
 * sample: not for mail that the model was trained or chosen on. The reasoning is in
 * libcore/eval/threshold.c.
 *
 * Where the sample is too small to prove it (0 errors in 2,995 ham prove 0.1 % at 95 %), proved is
 * false and threshold the one that floor(max_fpr * ham) of its ham may reach, with the upper bound
 * that this proves; NaN without ham. It is above 1 where ham has a probability of 1: then no
 * threshold of a model keeps the promise, nor can a model directory record it. s->threshold is not
 * used. E_ARG, E_NUMERIC, E_NOMEM.
 */
bolter_status bolter_threshold_for(const bolter_scores *s, double max_fpr, double confidence,
                                   bolter_threshold_proof *out, bolter_error *err);

/*
 * The temperature that minimises the cross-entropy of softmax(logits / T), logits (n, n_label), by a
 * search between 0.05 and 20 (Guo et al. 2017, section 4.2).
 */
bolter_status bolter_fit_temperature(const float *logits, const int32_t *labels, size_t n,
                                     size_t n_label, double *temperature, bolter_error *err);

/* ---- Word counting ------------------------------------------------------------------------ */

/*
 * What one would try before a neural network: texts as counts of words, or as tf-idf of words and
 * characters, and linear models over them. The numbers are those of scikit-learn's CountVectorizer,
 * TfidfVectorizer, MultinomialNB and LogisticRegression at the same settings.
 */
typedef enum bolter_gram_kind {
    BOLTER_GRAM_WORDS,  /* words of two or more letters, digits and "_" */
    BOLTER_GRAM_TOKENS, /* words of one or more, and each sign of $ £ € ! ? % by itself */
    BOLTER_GRAM_CHARS   /* characters of what stands between blanks, with a blank at both its ends */
} bolter_gram_kind;

typedef struct bolter_grams {
    bolter_gram_kind kind;
    size_t min_n, max_n; /* n-grams of so many words or characters, in lower case; 1 to 16 */
    uint32_t min_texts;  /* what is in fewer training texts is left out */
    size_t max_columns;  /* of the rest, the most frequent are kept; 0: all */
    bool tfidf;          /* values (1 + ln count) (1 + ln((1 + texts) / (1 + texts with it))), scaled to
                            length 1 within these grams; else counts */
} bolter_grams;

typedef struct bolter_words bolter_words;   /* which n-gram is which column */
typedef struct bolter_sparse bolter_sparse; /* a row a text, few of its columns not 0 */
typedef struct bolter_linear bolter_linear; /* a weight for each column and label */

/* Open with one or more sets of n-grams, which are copied; their columns follow one another. E_ARG,
 * E_NOMEM. */
bolter_status bolter_words_open(bolter_words **out, const bolter_grams *sets, size_t n_sets,
                                bolter_error *err);
/* Count a training text; any bytes, those that are no UTF-8 are punctuation. E_LIMIT (over 64 MiB, or
 * 2^28 n-grams), E_NOMEM, E_ARG (after fit). */
bolter_status bolter_words_count(bolter_words *w, const char *utf8, size_t n, bolter_error *err);
/* End counting and number the columns, those of a set by their bytes. E_NOMEM, E_ARG (nothing is left,
 * or fitted before). */
bolter_status bolter_words_fit(bolter_words *w, bolter_error *err);
size_t bolter_words_columns(const bolter_words *w);
/* The n-gram of a column, not NUL-terminated, and the index of its set; NULL beyond the last. */
const char *bolter_words_gram(const bolter_words *w, size_t column, size_t *n, size_t *set);
/* Append the row of a text to x, which was opened with as many columns. E_ARG, E_LIMIT, E_NOMEM; x is
 * then as before. */
bolter_status bolter_words_row(bolter_words *w, bolter_sparse *x, const char *utf8, size_t n,
                               bolter_error *err);
void bolter_words_free(bolter_words *w);

/* Open a matrix without rows. E_LIMIT, E_NOMEM. */
bolter_status bolter_sparse_open(bolter_sparse **out, size_t n_col, bolter_error *err);
size_t bolter_sparse_rows(const bolter_sparse *x);
size_t bolter_sparse_entries(const bolter_sparse *x);
void bolter_sparse_free(bolter_sparse *x);

/*
 * Multinomial naive Bayes over x's rows, which have labels 0 .. n_label-1; alpha > 0 is added to each
 * sum. Source: Manning, Raghavan, Schuetze 2008, "Introduction to information retrieval", section 13.2.
 * E_ARG (a label without a row, a negative value), E_NOMEM.
 */
bolter_status bolter_linear_bayes(bolter_linear **out, const bolter_sparse *x, const int32_t *labels,
                                  size_t n_label, double alpha, bolter_error *err);

typedef struct bolter_logistic_options {
    double c;         /* how much the data weigh against small weights; 0: 1 */
    bool balanced;    /* each label weighs the same, however many rows it has */
    size_t threads;   /* 0: as many as the process may use; the result does not depend on it */
    size_t max_steps; /* 0: 1000 */
    void (*progress)(void *ud, size_t step, double gradient); /* after each step, or NULL */
    void *ud;
} bolter_logistic_options;

typedef struct bolter_logistic_end {
    size_t n_steps;
    double loss;     /* the sum that was minimised */
    double gradient; /* largest component of its gradient */
    bool converged;  /* that is at most 1e-4, for c > 1 1e-4 / c; or the loss falls no more */
} bolter_logistic_end;

/*
 * Logistic regression: minimise sum of cross-entropies + |weights|^2 / (2 c), the biases free. Two
 * labels share one vector of weights, more have one each. o and end may be NULL. E_ARG, E_NOMEM,
 * E_NUMERIC.
 */
bolter_status bolter_linear_logistic(bolter_linear **out, const bolter_sparse *x,
                                     const int32_t *labels, size_t n_label,
                                     const bolter_logistic_options *o, bolter_logistic_end *end,
                                     bolter_error *err);
/* Log-probabilities (rows, n_label) of x's rows, but for a constant in each row. E_MISMATCH. */
bolter_status bolter_linear_logits(const bolter_linear *l, const bolter_sparse *x, double *logits,
                                   bolter_error *err);
/* How much a column speaks for a label: its weight less the mean of its weights for the others. */
double bolter_linear_weight(const bolter_linear *l, size_t column, size_t label);
void bolter_linear_free(bolter_linear *l);
/* ln(p / (1 - p)) of the softmax p of logits (n) at k, without rounding p to 0 or 1; n >= 2. */
double bolter_log_odds(const double *logits, size_t n, size_t k);

#ifdef __cplusplus
}
#endif
#endif
