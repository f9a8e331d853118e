/* corpus.h - what the readers of corpora share: one table of functions a kind, one struct a corpus.
 */
#ifndef BT_CORPUS_H
#define BT_CORPUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "bolter_data.h"
#include "data/source.h"

#define BT_EXAMPLE_MAX ((size_t)64 << 20) /* bytes of one example */
#define BT_NAME_MAX    ((size_t)65536)    /* bytes of an id or a label */
#define BT_FOLDER_MAX  ((size_t)1 << 24)  /* files of one directory */

/* How one kind is read. The functions belong to the file named after the kind. */
typedef struct bt_reader {
    const char *kind;
    bool folder;   /* the path is a directory; without it c->source is open */
    bool labelled; /* labels are in the file, so that none may be given */
    bool is_mail;  /* what examples are unless next() says otherwise */
    /* Allocate state and read what comes before the examples; NULL: nothing to do. */
    bolter_status (*open)(bolter_corpus *c, bolter_error *err);
    /*
     * Read one example into c->body and c->id, both empty before, or BOLTER_END. ex holds the
     * defaults; fields that the reader sets win over the buffers.
     */
    bolter_status (*next)(bolter_corpus *c, bolter_example *ex, bolter_error *err);
    double (*progress)(const bolter_corpus *c); /* NULL: the source's */
    void (*close)(bolter_corpus *c);            /* NULL: no state */
} bt_reader;

struct bolter_corpus {
    const bt_reader *reader;
    char *path;
    char *name; /* owned; NULL: the path's */
    const char *label; /* the caller's, or NULL */
    size_t chunk;
    bt_source *source; /* NULL for a directory */
    void *state;       /* the reader's */
    bt_buf body, id;
    uint64_t index; /* of the next example, from 0 */
    bool ended;
    bolter_error fault; /* the failure that ended the corpus; it is given again */
};

extern const bt_reader bt_blocks_reader, bt_csv_reader, bt_dir_reader, bt_fasttext_reader, bt_jsonl_reader,
    bt_lines_reader, bt_mail_reader, bt_maildir_reader, bt_mbox_reader, bt_mboxcl_reader,
    bt_mboxcl2_reader, bt_mboxo_reader, bt_mh_reader, bt_text_reader, bt_tsv_quotes_reader,
    bt_tsv_reader;

/* bolter_corpus_open() with files read chunk bytes at a time, for tests. */
bolter_status bt_corpus_open(bolter_corpus **out, const char *kind, const char *path,
                             const char *label, size_t chunk, bolter_error *err);
/* The kind that a directory, a name, or failing these the first bytes of a file speak for. */
const char *bt_sniff_folder(const char *path);
const char *bt_sniff_name(const char *path); /* NULL: the name says nothing */
const char *bt_sniff_bytes(const char *bytes, size_t n);
/* True when a line of a fastText file begins here. */
bool bt_is_fasttext(const char *bytes, size_t n);
/* True when name, less a final ".gz", ends in suffix, in any case. */
bool bt_name_ends(const char *name, const char *suffix);
/* Length of name without a final ".gz" and then without suffix, in any case. */
size_t bt_stem_length(const char *name, const char *suffix);
/* Take LF or CRLF off the end of b. */
void bt_cut_line_end(bt_buf *b);
/* The part of a path after its last slash. */
const char *bt_base_name(const char *path);

#endif
