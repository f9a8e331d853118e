/*
 * corpus.c - bolter_corpus_*: finds the reader of a kind and hands on its examples.
 *
 * A new kind is a file with a bt_reader, and a line in the table here.
 */
#include "data/corpus.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/mem.h"

#define SNIFF_BYTES 4096

static const bt_reader *const readers[] = {
    &bt_tsv_reader,      &bt_tsv_quotes_reader, &bt_csv_reader,   &bt_jsonl_reader,
    &bt_fasttext_reader, &bt_mbox_reader,       &bt_mboxo_reader, &bt_mboxcl_reader,
    &bt_mboxcl2_reader,  &bt_maildir_reader,    &bt_mh_reader,    &bt_dir_reader,
    &bt_mail_reader,     &bt_text_reader,       &bt_lines_reader,  &bt_blocks_reader,
};

static const bt_reader *reader_of(const char *kind)
{
    for (size_t i = 0; i < sizeof readers / sizeof *readers; i++)
        if (strcmp(readers[i]->kind, kind) == 0)
            return readers[i];
    return NULL;
}

void bt_cut_line_end(bt_buf *b)
{
    if (b->len > 0 && b->data[b->len - 1] == '\n')
        b->len--;
    if (b->len > 0 && b->data[b->len - 1] == '\r')
        b->len--;
    b->data[b->len] = 0;
}

/* The name decides; but fastText's files have the name of any text. */
static const char *find_kind(bolter_corpus *c)
{
    const char *kind = bt_sniff_name(c->path), *bytes;
    size_t n = bt_source_peek(c->source, SNIFF_BYTES, &bytes);
    return kind && !bt_is_fasttext(bytes, n) ? kind : bt_sniff_bytes(bytes, n);
}

static bolter_status unknown_kind(const char *kind, bolter_error *err)
{
    char known[160] = "";
    for (size_t i = 0, at = 0; i < sizeof readers / sizeof *readers && at < sizeof known; i++)
        at += (size_t)snprintf(known + at, sizeof known - at, "%s%s", i ? ", " : "",
                               readers[i]->kind);
    return bt_fail(err, BOLTER_E_ARG, "%.40s: no corpus kind, expected one of %s", kind, known);
}

static bool is_folder(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* Choose the reader, and open the file unless it is one for directories. */
static bolter_status choose_reader(bolter_corpus *c, const char *kind, bolter_error *err)
{
    if (!kind && is_folder(c->path))
        kind = bt_sniff_folder(c->path);
    if (kind && !(c->reader = reader_of(kind)))
        return unknown_kind(kind, err);
    if (c->reader && c->reader->folder)
        return BOLTER_OK;
    bolter_status rc = bt_source_open(&c->source, c->path, c->chunk, err);
    if (rc == BOLTER_OK && !c->reader)
        c->reader = reader_of(find_kind(c));
    return rc;
}

static bolter_status start(bolter_corpus *c, const char *kind, bolter_error *err)
{
    bolter_status rc = choose_reader(c, kind, err);
    if (rc != BOLTER_OK)
        return rc;
    if (c->label && c->reader->labelled)
        return bt_fail(err, BOLTER_E_ARG,
                       "%s: a %s file has its own labels, but label %s was given", c->path,
                       c->reader->kind, c->label);
    return c->reader->open ? c->reader->open(c, err) : BOLTER_OK;
}

bolter_status bt_corpus_open(bolter_corpus **out, const char *kind, const char *path,
                             const char *label, size_t chunk, bolter_error *err)
{
    *out = NULL;
    bolter_corpus *c = bt_alloc(sizeof *c);
    if (!c)
        return bt_fail(err, BOLTER_E_NOMEM, "%s: no memory", path);
    c->label = label;
    c->chunk = chunk;
    bt_buf_init(&c->body, BT_EXAMPLE_MAX);
    bt_buf_init(&c->id, BT_NAME_MAX);
    c->path = bt_strdup(path);
    bolter_status rc =
        c->path ? start(c, kind, err) : bt_fail(err, BOLTER_E_NOMEM, "%s: no memory", path);
    if (rc != BOLTER_OK) {
        bolter_corpus_free(c);
        return rc;
    }
    *out = c;
    return BOLTER_OK;
}

bolter_status bolter_corpus_open(bolter_corpus **out, const char *kind, const char *path,
                                 const char *label, bolter_error *err)
{
    return bt_corpus_open(out, kind, path, label, BT_SOURCE_CHUNK, err);
}

bolter_status bolter_corpus_call(bolter_corpus *c, const char *name, bolter_error *err)
{
    bt_release(c->name);
    c->name = bt_strdup(name);
    return c->name ? BOLTER_OK : bt_fail(err, BOLTER_E_NOMEM, "%s: no memory", c->path);
}

size_t bolter_corpus_name_rest(const char *path)
{
    const char *name = bt_base_name(path);
    return strlen(name) - bt_stem_length(name, ".mbox");
}

/* Complete what the reader left to us: bytes and id from the buffers, else the index as id. */
static bolter_status complete(bolter_corpus *c, bolter_example *ex, bolter_error *err)
{
    if (!ex->bytes) {
        ex->bytes = c->body.data ? c->body.data : "";
        ex->n = c->body.len;
    }
    if (!ex->id && c->id.len == 0 && !bt_buf_appendf(&c->id, "%" PRIu64, c->index))
        return bt_fail(err, BOLTER_E_NOMEM, "%s: no memory", c->path);
    if (!ex->id)
        ex->id = c->id.data;
    c->index++;
    return BOLTER_OK;
}

bolter_status bolter_corpus_next(bolter_corpus *c, bolter_example *ex, bolter_error *err)
{
    if (c->ended)
        return BOLTER_END;
    if (c->fault.code == BOLTER_OK) {
        bolter_example found = {.label = c->label, .is_mail = c->reader->is_mail};
        bt_buf_reset(&c->body);
        bt_buf_reset(&c->id);
        if (c->source)
            bt_source_mark(c->source);
        bolter_status rc = c->reader->next(c, &found, &c->fault);
        if (rc == BOLTER_OK)
            rc = complete(c, &found, &c->fault);
        if (rc == BOLTER_OK)
            *ex = found;
        c->ended = rc == BOLTER_END;
        if (rc == BOLTER_OK || rc == BOLTER_END)
            return rc;
    }
    if (err && err->code == BOLTER_OK)
        *err = c->fault;
    return c->fault.code;
}

double bolter_corpus_progress(const bolter_corpus *c)
{
    if (c->ended)
        return 1;
    return c->reader->progress ? c->reader->progress(c) : bt_source_progress(c->source);
}

void bolter_corpus_free(bolter_corpus *c)
{
    if (!c)
        return;
    if (c->reader && c->reader->close)
        c->reader->close(c);
    bt_source_close(c->source);
    bt_buf_free(&c->body);
    bt_buf_free(&c->id);
    bt_release(c->path);
    bt_release(c->name);
    bt_release(c);
}
