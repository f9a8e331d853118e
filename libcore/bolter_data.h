/*
 * bolter_data.h - labelled texts: corpora as they lie on disk, cleaned, split, and tokenised.
 *
 * The rules of bolter.h hold. This header and those of training and evaluation are for the programs that
 * make models; they are not installed.
 */
#ifndef BOLTER_DATA_H
#define BOLTER_DATA_H

#include "bolter.h"

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
 * with NAME its file name without .mbox and .gz, or what bolter_corpus_call() says, for files their
 * name. E_IO, E_FORMAT, E_ARG, E_NOMEM.
 */
bolter_status bolter_corpus_open(bolter_corpus **out, const char *kind, const char *path,
                                 const char *label, bolter_error *err);
/* NAME of an mbox where several have the same file name; of other kinds nothing changes. E_NOMEM. */
bolter_status bolter_corpus_call(bolter_corpus *c, const char *name, bolter_error *err);
/* Bytes of the file name at the end of path that are not NAME: of .mbox, .gz or both. */
size_t bolter_corpus_name_rest(const char *path);
/* The next example, or BOLTER_END. E_FORMAT names file and line. E_LIMIT: an example over 64 MiB.
 */
bolter_status bolter_corpus_next(bolter_corpus *c, bolter_example *ex, bolter_error *err);
/* How much of the corpus has been read, 0..1, for progress. */
double bolter_corpus_progress(const bolter_corpus *c);
void bolter_corpus_free(bolter_corpus *c);

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
    const int32_t *whole; /* (n_whole): all tokens of a long text, see bolter_dataset_keep_whole(); or NULL */
    size_t n_whole;
    int64_t time;  /* of mail, where dates are kept and it has one: seconds since 1970 */
    bool dated;
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
/*
 * Keep all tokens, the begin token before them, of each example of the training part that is longer than what
 * is read of it. Before the first add.
 */
void bolter_dataset_keep_whole(bolter_dataset *d);
/*
 * Keep when mail came: the date of its topmost Received field that has one, else its Date (RFC 5322 and its
 * obsolete forms). Before the first add.
 */
void bolter_dataset_keep_dates(bolter_dataset *d);
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
/* The examples of another corpus come next. E_NOMEM. */
bolter_status bolter_split_source(bolter_split *s, const char *path, bolter_error *err);
/* The part of an example. With files the id decides; one that they do not know, or that a corpus before
 * this one had, is E_MISMATCH. */
bolter_status bolter_split_part(bolter_split *s, const char *id, const char *text, size_t n,
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

#endif
