/*
 * collect.c - bolter_collection_*: labelled texts of many corpora in memory, with what a header
 * tells about mail.
 */
#include "data/collect.h"

#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "base/mem.h"
#include "data/corpus.h"

enum {
    WORDS_MAX = 256 << 20, /* bytes; several times the longest text */
    BODY_MIN = 40,         /* bytes of a body that says enough without subject and sender */
    FIELD_MAX = 2048,      /* bytes of a subject */
    IDS_MAX = 16384,       /* bytes of message ids */
};

bolter_status bt_collection_no_memory(bolter_error *err)
{
    return bt_fail(err, BOLTER_E_NOMEM, "collection: no memory");
}

void bt_collection_progress(const bolter_collection *c, const char *doing, uint64_t done,
                            uint64_t total)
{
    if (c->o.progress)
        c->o.progress(c->o.ud, doing, done, total);
}

bolter_status bolter_collection_open(bolter_collection **out, const bolter_collection_options *o,
                                     bolter_error *err)
{
    *out = NULL;
    bolter_collection *c = bt_alloc(sizeof *c);
    if (!c)
        return bt_collection_no_memory(err);
    if (o)
        c->o = *o;
    bt_buf_init(&c->words, WORDS_MAX);
    bt_buf_init(&c->envelope.subject, FIELD_MAX);
    bt_buf_init(&c->envelope.from_domain, FIELD_MAX);
    bt_buf_init(&c->envelope.ids, IDS_MAX);
    bt_charclass_init(&c->classes);
    bolter_text_options text = {.layout = c->o.layout};
    bolter_status rc = bolter_text_open(&c->text, &text, err);
    if (rc != BOLTER_OK) {
        bolter_collection_free(c);
        return rc;
    }
    *out = c;
    return BOLTER_OK;
}

void bolter_collection_free(bolter_collection *c)
{
    if (!c)
        return;
    for (size_t i = 0; i < c->n; i++) {
        bt_release((void *)(uintptr_t)c->item[i].pub.id);
        bt_release((void *)(uintptr_t)c->item[i].pub.text);
        bt_release(c->item[i].thread);
    }
    bt_release(c->item);
    for (size_t i = 0; i < c->n_label; i++)
        bt_release(c->label[i]);
    bt_release(c->label);
    for (size_t p = 0; p < BT_PARTS; p++)
        bt_release(c->row[p]);
    bt_split_clear(&c->split);
    bt_buf_free(&c->words);
    bt_buf_free(&c->envelope.subject);
    bt_buf_free(&c->envelope.from_domain);
    bt_buf_free(&c->envelope.ids);
    bolter_text_free(c->text);
    bt_release(c);
}

bolter_status bolter_collection_split_file(bolter_collection *c, const char *path,
                                           bolter_error *err)
{
    return bt_split_read(&c->split, path, err);
}

/* ---- Labels ---- */

int32_t bt_label_index(const bolter_collection *c, const char *name)
{
    for (size_t i = 0; i < c->n_label; i++)
        if (strcmp(c->label[i], name) == 0)
            return (int32_t)i;
    return -1;
}

static bolter_status find_label(bolter_collection *c, const char *name, int32_t *label,
                                bolter_error *err)
{
    *label = bt_label_index(c, name);
    if (*label >= 0)
        return BOLTER_OK;
    if (c->n_label == BT_LABELS_MAX)
        return bt_fail(err, BOLTER_E_LIMIT, "more than %d labels, the last \"%.60s\"",
                       BT_LABELS_MAX, name);
    if (!c->label && !(c->label = bt_alloc_array(BT_LABELS_MAX, sizeof *c->label)))
        return bt_collection_no_memory(err);
    char *copy = bt_strdup(name);
    if (!copy)
        return bt_collection_no_memory(err);
    *label = (int32_t)c->n_label;
    c->label[c->n_label++] = copy;
    return BOLTER_OK;
}

/* ---- Adding one example ---- */

static bolter_status extract(bolter_collection *c, const bolter_example *ex, const char **utf8,
                             size_t *n, bolter_error *err)
{
    bolter_text_reset(c->text);
    if (ex->is_mail) {
        bolter_status rc = bolter_text_chunk(c->text, ex->bytes, ex->n, err);
        return rc == BOLTER_OK ? bolter_text_finish(c->text, utf8, n, err) : rc;
    }
    if (!c->o.verbatim)
        return bolter_text_plain(c->text, ex->bytes, ex->n, utf8, n, err);
    *utf8 = ex->bytes;
    *n = ex->n;
    return BOLTER_OK;
}

/* Bytes of "Re:", "Fwd: " and the like, or of "[list]", at the start of a subject; 0: none. */
static size_t subject_prefix(const char *s)
{
    static const char *const marks[] = {"re", "fw", "fwd", "aw", "wg", "sv", "antw"};
    const char *bracket = *s == '[' ? strchr(s, ']') : NULL;
    size_t n = bracket ? (size_t)(bracket - s) + 1 : 0;
    for (size_t i = 0; n == 0 && i < sizeof marks / sizeof *marks; i++) {
        size_t m = strlen(marks[i]);
        if (strncasecmp(s, marks[i], m) == 0 && s[m] == ':')
            n = m + 1;
    }
    return n > 0 ? n + strspn(s + n, " ") : 0;
}

/* The message's thread: hashes of the ids it names and of its subject without prefixes. */
static bolter_status take_thread(const bt_envelope *e, bt_item *item, bolter_error *err)
{
    const char *ids = e->ids.data ? e->ids.data : "";
    const char *subject = e->subject.data ? e->subject.data : "";
    size_t n = 1;
    for (const char *p = ids; (p = strchr(p, '\n')); p++)
        n++;
    item->thread = bt_alloc_array(n, sizeof *item->thread);
    if (!item->thread)
        return bt_collection_no_memory(err);
    for (size_t len; (len = strcspn(ids, "\n")) > 0; ids += len + 1)
        item->thread[item->n_thread++] = bt_hash(ids, len);
    for (size_t skip; (skip = subject_prefix(subject)) > 0;)
        subject += skip;
    if (*subject)
        item->thread[item->n_thread++] = ~bt_hash(subject, strlen(subject));
    return BOLTER_OK;
}

static bolter_status take_envelope(bolter_collection *c, const bolter_example *ex, bt_item *item,
                                   bolter_error *err)
{
    bt_envelope *e = &c->envelope;
    if (bt_envelope_read(e, ex->bytes, ex->n) != BOLTER_OK)
        return bt_collection_no_memory(err);
    item->time = e->time;
    item->dated = e->dated;
    item->sender = e->from_domain.len ? bt_hash(e->from_domain.data, e->from_domain.len) : 0;
    return take_thread(e, item, err);
}

/* Where the body of a laid-out mail begins; 0 where it is short, or there is no such head. */
static size_t body_start(const char *text, size_t n)
{
    size_t at = 0;
    while (at < n &&
           (strncmp(text + at, "Subject: ", 9) == 0 || strncmp(text + at, "From: ", 6) == 0)) {
        const char *newline = memchr(text + at, '\n', n - at);
        at = newline ? (size_t)(newline - text) + 1 : n;
    }
    return at > 0 && at < n && text[at] == '\n' && n - at > BODY_MIN ? at : 0;
}

bolter_status bt_item_words(bolter_collection *c, size_t i, bolter_error *err)
{
    const bolter_item *item = &c->item[i].pub;
    size_t skip = body_start(item->text, item->n);
    bt_buf_reset(&c->words);
    bolter_status rc = bt_words_append(&c->words, &c->classes, item->text + skip, item->n - skip);
    return rc == BOLTER_OK ? rc
                           : bt_fail(err, rc, "%s: no memory for its words", c->item[i].pub.id);
}

static bool grow(bolter_collection *c)
{
    size_t cap = c->cap ? 2 * c->cap : 1024;
    bt_item *item = bt_realloc_array(c->item, cap, sizeof *item);
    if (!item)
        return false;
    c->item = item;
    c->cap = cap;
    return true;
}

static bolter_status add_example(bolter_collection *c, const bolter_example *ex, bolter_part part,
                                 bolter_error *err)
{
    const char *utf8;
    size_t n;
    int32_t label;
    if (!ex->label)
        return bt_fail(err, BOLTER_E_FORMAT, "%s: no label", ex->id);
    bolter_status rc = extract(c, ex, &utf8, &n, err);
    if (rc == BOLTER_OK && part == BOLTER_BY_SPLIT && c->split.n > 0)
        rc = bt_split_part(&c->split, ex->id, utf8, n, &part, err);
    if (rc == BOLTER_OK)
        rc = find_label(c, ex->label, &label, err);
    if (rc != BOLTER_OK)
        return rc;
    if (c->n == c->cap && !grow(c))
        return bt_collection_no_memory(err);
    bt_item *item = &c->item[c->n];
    *item = (bt_item){.part = part, .parent = c->n};
    item->pub = (bolter_item){bt_strdup(ex->id), bt_strndup(utf8, n), n, label};
    c->n++;
    if (!item->pub.id || !item->pub.text)
        return bt_collection_no_memory(err);
    rc = bt_item_words(c, c->n - 1, err);
    if (rc == BOLTER_OK && ex->is_mail)
        rc = take_envelope(c, ex, item, err);
    item->key = bt_hash(c->words.data ? c->words.data : "", c->words.len);
    return rc;
}

bolter_status bolter_collection_add(bolter_collection *c, bolter_corpus *corpus, bolter_part part,
                                    bolter_error *err)
{
    bolter_example ex;
    bolter_status rc;
    if (part > BOLTER_BY_SPLIT)
        return bt_fail(err, BOLTER_E_ARG, "collection: no such part: %d", (int)part);
    if ((rc = bt_split_source(&c->split, corpus->path, err)) != BOLTER_OK)
        return rc;
    while ((rc = bolter_corpus_next(corpus, &ex, err)) == BOLTER_OK) {
        if ((rc = add_example(c, &ex, part, err)) != BOLTER_OK)
            return rc;
        if (c->n % 256 == 0)
            bt_collection_progress(c, "reading", (uint64_t)(100 * bolter_corpus_progress(corpus)),
                                   100);
    }
    return rc == BOLTER_END ? bt_collection_arrange(c, NULL, err) : rc;
}

/* ---- What stays together ---- */

size_t bt_unit_of(bolter_collection *c, size_t i)
{
    while (c->item[i].parent != i) {
        c->item[i].parent = c->item[c->item[i].parent].parent;
        i = c->item[i].parent;
    }
    return i;
}

/* The one that was read first stands for both. */
void bt_unite(bolter_collection *c, size_t i, size_t k)
{
    i = bt_unit_of(c, i);
    k = bt_unit_of(c, k);
    c->item[i > k ? i : k].parent = i < k ? i : k;
}

/* ---- Rows ---- */

bolter_status bt_collection_arrange(bolter_collection *c, const size_t *order, bolter_error *err)
{
    for (size_t p = 0; p < BT_PARTS; p++) {
        size_t *row = bt_realloc_array(c->row[p], c->n + 1, sizeof *row);
        if (!row)
            return bt_collection_no_memory(err);
        c->row[p] = row;
        c->n_row[p] = 0;
    }
    for (size_t k = 0; k < c->n; k++) {
        size_t i = order ? order[k] : k;
        bolter_part p = c->item[i].part;
        c->row[p][c->n_row[p]++] = i;
    }
    return BOLTER_OK;
}

size_t bolter_collection_count(const bolter_collection *c, bolter_part part)
{
    return part < BT_PARTS ? c->n_row[part] : 0;
}

bolter_item bolter_collection_item(const bolter_collection *c, bolter_part part, size_t i)
{
    return c->item[c->row[part][i]].pub;
}

size_t bolter_collection_n_label(const bolter_collection *c)
{
    return c->n_label;
}

const char *bolter_collection_label(const bolter_collection *c, size_t i)
{
    return i < c->n_label ? c->label[i] : NULL;
}
