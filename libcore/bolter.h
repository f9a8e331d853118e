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

/* SHA-256 of a file as 64 hexadecimal digits. E_IO. */
bolter_status bolter_file_sha256(const char *path, char hex[65], bolter_error *err);

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
 * Parse what was fed and lay it out; long tails of links, keys and encoded data in the body are shortened.
 * *utf8 is valid UTF-8 of *n bytes, NUL-terminated, owned by t until the next chunk, plain, reset or free.
 * Any bytes at all give some text, perhaps empty. E_NOMEM.
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
 * temperature) + wide * (the margin of the wide part) + bias. */
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
    bool untied;               /* a language model with an output layer of its own; else its token embedding
                                  is the output layer, too */
    int32_t spam_label;        /* index of the label that means spam; -1: none */
    int32_t max_tokens;        /* tokens of a message that are read, at most n_ctx */
    int32_t tail_tokens;       /* of these, how many come from its end when it is longer */
    int32_t windows;           /* in so many windows a longer one is read at most, see bolter_model_read() */
    size_t max_ids;            /* of all windows together: windows times max_tokens */
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
    int32_t max_tokens;      /* read this many tokens, in one window; 0: as the directory says */
    int32_t tail_tokens;     /* with max_tokens: how many of them from the end */
    int32_t windows;         /* read longer texts in up to so many windows, 64 at most; 0: as it says */
    const char *begin;       /* "yes" or "no": begin texts with the begin token; NULL: as it says */
    const char *precision;   /* open for scoring alone, with weights packed in this format: "float32",
                                "bfloat16", "int8", or "auto": as they are stored; NULL: for any use */
    bool no_wide;            /* leave the wide part out, where there is one */
    bool own_memory;         /* read model.safetensors instead of mapping it: a process that maps it shares
                                its pages, and is ended by SIGBUS when somebody cuts the file off */
    const char *isa;         /* with precision, for tests: "avx512", "avx2" or "portable"; NULL: best */
} bolter_open_options;

/* The same, with parts of what the directory says replaced. o may be NULL. E_ARG. */
bolter_status bolter_model_open_with(bolter_model **out, const char *dir,
                                     const bolter_open_options *o, bolter_error *err);

typedef struct bolter_shape {
    int32_t n_ctx, n_embd, n_layer, n_head;
    bool untied; /* with an output layer of its own, see bolter_model_info */
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
/*
 * A sentence for the user, cut at n bytes, about what is assumed of a classifier whose directory has no
 * bolter.json. False, and nothing is written, for others and for a language model.
 */
bool bolter_model_assumed(const bolter_model *m, char *text, size_t n);
/* E_MISMATCH with a sentence for the user unless m has a head with a spam label, and a tokenizer. */
bolter_status bolter_model_need_spam_head(const bolter_model *m, bolter_error *err);
/*
 * Encode laid-out text as the model reads it: the begin token where the model uses one, then the text,
 * and of a long text its first and last tokens; an empty text is read as an empty line. ids has room for
 * max_tokens; *n_ids is 1 to max_tokens. *n_all, if not NULL, is the count before cutting.
 */
bolter_status bolter_model_encode(const bolter_model *m, const char *utf8, size_t n, int32_t *ids,
                                  size_t *n_ids, size_t *n_all, bolter_error *err);

/* What is read of a text. */
typedef struct bolter_reading {
    size_t n_ids;    /* of all windows together */
    size_t windows;  /* 1, or of a long text up to the model's, of max_tokens ids each */
    size_t n_all;    /* ids of the whole text */
    size_t n_unread; /* of these, how many are in no window */
} bolter_reading;

/*
 * The same in all windows of the model, one behind the other. The first is what bolter_model_encode() gives;
 * those behind it begin with the first eighth of their ids as the text does, and go on with a stretch of its
 * middle. The stretches cover it, or lie evenly in what is too long for that. ids has room for max_ids.
 */
bolter_status bolter_model_read(const bolter_model *m, const char *utf8, size_t n, int32_t *ids,
                                bolter_reading *out, bolter_error *err);

/* Ids from .. to - 1 of a text, without the begin token. */
typedef struct bolter_stretch {
    size_t from, to;
} bolter_stretch;

/*
 * What bolter_model_read() reads of a text whose n_all says so: stretches in order that do not touch. out has
 * room for one more than the model's windows. Returns how many there are.
 */
size_t bolter_model_stretches(const bolter_model *m, size_t n_all, bolter_stretch *out);

/*
 * A linear model over hashed words beside the network ("wide and deep": Cheng et al. 2016): it remembers
 * exact words, senders and hosts where the network reads what a text means. It knows spam and ham only.
 */
typedef struct bolter_wide bolter_wide;
/* The wide part that a model was opened with, or NULL; as long as the model is. */
const bolter_wide *bolter_model_wide(const bolter_model *m);
/* The margin: above 0 for spam, 1 or -1 where the training was content. Immutable, any thread. */
double bolter_wide_score(const bolter_wide *w, const bolter_features *f);
double bolter_mix_odds(const bolter_mix *m, double deep, double wide);

/* ---- Session: one thread's scratch memory over a model ------------------------------------ */

typedef struct bolter_session bolter_session;
typedef struct bolter_seq {
    const int32_t *ids;
    size_t n;
    const bolter_features *features; /* of the same text, for a wide part; NULL: the network alone */
    size_t windows; /* more than 1: ids are so many windows of n / windows ids, see bolter_model_read() */
} bolter_seq;

/*
 * Reserve memory for batches of max_seqs sequences and max_tokens tokens in all (0: max_seqs times what the
 * model reads of the longest text). Takes a reference to m. Nothing is allocated per call afterwards. E_ARG,
 * E_NOMEM.
 */
bolter_status bolter_session_open(bolter_session **out, bolter_model *m, size_t max_seqs,
                                  size_t max_tokens, bolter_error *err);
/*
 * Logits (n_seqs, n_label) of sequences of different lengths, without padding. Every sequence, or window of
 * it, has 1 to n_ctx ids below n_vocab. Those of a text in windows are half its first window's and half
 * those of the window with the highest odds of spam, so that what stands around spam hides it less. Of
 * sequences with features the logit of spam is then set so that both parts of the model are heard. E_ARG,
 * E_LIMIT, E_MISMATCH (no head), E_NUMERIC.
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
/* "ham", "unsure" or "spam". */
const char *bolter_class_name(bolter_class c);

typedef struct bolter_verdict {
    bolter_class decision; /* by the model's own thresholds */
    int32_t label;         /* most probable label, see bolter_model_label() */
    float prob;            /* its calibrated probability, 0..1 */
    float spam;            /* calibrated probability of the spam label, 0..1 */
    size_t n_tokens;       /* tokens the model read */
    size_t n_windows;      /* in so many windows */
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
#define BOLTER_PIECES     66 /* as many as a text can have */

typedef struct bolter_piece {
    float weight; /* log-odds of spam with the piece less those without it, in nats: above 0 it speaks
                     for spam, below 0 against it */
    size_t at, n; /* its place in the laid-out text: the first byte, and how many; of UTF-8 whole
                     characters. Pieces do not overlap */
    char text[BOLTER_PIECE_TEXT + 1]; /* its beginning on one line; cut between bytes */
} bolter_piece;

/*
 * The cap pieces of a laid-out text that moved its score most, heaviest first: each line or run of
 * words that the model reads is left out in turn and the rest scored again, at most 33 runs of the
 * model. Of a text in several windows that is done for the first and for the most suspicious one, after a
 * run for each. *n_pieces is how many there are, BOLTER_PIECES at most. E_MISMATCH, E_NOMEM.
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

#ifdef __cplusplus
}
#endif
#endif
