/*
 * test_corpus_real.c - readers of corpora on public data sets, where these are at hand.
 *
 * Counts are those that the data sets' authors state; the SpamAssassin messages are compared byte
 * for byte, by SHA-256, with the files that the mbox was made from.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/digest.h"
#include "base/mem.h"
#include "bolter_data.h"
#include "data/corpus.h"
#include "tests/check.h"

struct tally {
    size_t n, n_spam;
};

/* Read a corpus whole, with one(ud, corpus, example) for each example if not NULL. */
static struct tally count(struct check *c, const char *path,
                          void (*one)(void *ud, const bolter_example *ex), void *ud)
{
    struct tally t = {0};
    bolter_corpus *corpus;
    bolter_error err = {0};
    bolter_example ex = {0};
    bolter_status rc = bolter_corpus_open(&corpus, NULL, path, NULL, &err);
    while (rc == BOLTER_OK && (rc = bolter_corpus_next(corpus, &ex, &err)) == BOLTER_OK) {
        t.n++;
        t.n_spam += ex.label && strcmp(ex.label, "spam") == 0;
        if (one)
            one(ud, &ex);
    }
    CHECK(c, rc == BOLTER_END, "%s: %s", path, err.text);
    bolter_corpus_free(corpus);
    return t;
}

static void sms_spam_collection_has_its_5574_lines(struct check *c)
{
    const char *path = check_shared(c, "corpora/sms-spam-collection/SMSSpamCollection");
    if (!path)
        return;
    struct tally t = count(c, path, NULL, NULL);
    CHECK(c, t.n == 5574 && t.n_spam == 747, "got %zu, %zu spam", t.n, t.n_spam);
}

static void raschka_split_has_its_rows(struct check *c)
{
    static const struct {
        const char *name;
        size_t n;
    } files[] = {{"train", 1045}, {"validation", 149}, {"test", 300}};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char name[256];
        snprintf(name, sizeof name, "corpora/sms-spam-collection/raschka-split/%s.csv",
                 files[i].name);
        const char *path = check_shared(c, name);
        if (!path)
            return;
        struct tally t = count(c, path, NULL, NULL);
        CHECK(c, t.n == files[i].n, "%s: got %zu, want %zu", files[i].name, t.n, files[i].n);
    }
}

/* Ids of enron, kept to see that none comes twice. */
struct ids {
    char **all;
    size_t n, cap;
};

static void keep_id(void *ud, const bolter_example *ex)
{
    struct ids *ids = ud;
    if (ids->n < ids->cap)
        ids->all[ids->n++] = bt_strdup(ex->id);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void enron_has_33715_unique_ids(struct check *c)
{
    struct ids ids = {.cap = 40000};
    ids.all = bt_alloc_array(ids.cap, sizeof *ids.all);
    struct tally sum = {0};
    for (int i = 1; i <= 6; i++) {
        char name[64];
        snprintf(name, sizeof name, "corpora/enron/enron%d.tsv.gz", i);
        const char *path = check_shared(c, name);
        if (!path)
            break;
        struct tally t = count(c, path, keep_id, &ids);
        sum.n += t.n;
        sum.n_spam += t.n_spam;
    }
    if (sum.n > 0) {
        CHECK(c, sum.n == 33715 && sum.n_spam == 17170, "got %zu, %zu spam", sum.n, sum.n_spam);
        qsort(ids.all, ids.n, sizeof *ids.all, by_text);
    }
    for (size_t i = 0; i < ids.n; i++) {
        if (i > 0)
            CHECK(c, strcmp(ids.all[i - 1], ids.all[i]) != 0, "twice: %s", ids.all[i]);
    }
    for (size_t i = 0; i < ids.n; i++)
        bt_release(ids.all[i]);
    bt_release(ids.all);
}

/*
 * Compare each message with the index of the originals. An original that began with a From line
 * kept it as the separator, which is not part of our message: from gives the separators in order.
 */
struct originals {
    struct check *c;
    FILE *index;
    bt_source *from;
    bool blank;
    bt_buf line, whole;
    size_t n_with_from, n_without_newline;
};

/* Leave in o->whole the next separator of the mbox. */
static void next_from(struct originals *o)
{
    for (;;) {
        bt_buf_reset(&o->line);
        if (bt_source_line(o->from, &o->line, NULL) != BOLTER_OK)
            return;
        bool found = o->blank && strncmp(o->line.data, "From ", 5) == 0;
        o->blank = strcmp(o->line.data, "\n") == 0;
        if (found)
            break;
    }
    bt_buf_reset(&o->whole);
    bt_buf_append(&o->whole, o->line.data, o->line.len);
}

static void check_original(void *ud, const bolter_example *ex)
{
    struct originals *o = ud;
    char row[1024], mbox[64], hex[65], want[65];
    size_t index, size;
    if (!fgets(row, sizeof row, o->index) ||
        sscanf(row, "%63s %zu %*s %*s %zu %64s", mbox, &index, &size, want) != 4) {
        CHECK(o->c, false, "no row for %s", ex->id);
        return;
    }
    char id[96];
    snprintf(id, sizeof id, "%s/%zu", mbox, index);
    next_from(o);
    const char *bytes = ex->bytes;
    size_t n = ex->n;
    if (strncmp(o->whole.data, "From MAILER-DAEMON Thu Jan  1", 29) != 0) {
        bt_buf_append(&o->whole, ex->bytes, ex->n);
        bytes = o->whole.data;
        n = o->whole.len;
        o->n_with_from++;
    }
    if (n == size + 1 && bytes[n - 1] == '\n') { /* an mbox has no way to say that it was missing */
        n--;
        o->n_without_newline++;
    }
    bt_sha256_hex(bytes, n, hex);
    CHECK(o->c, strcmp(id, ex->id) == 0, "got %s, want %s", ex->id, id);
    CHECK(o->c, n == size && strcmp(hex, want) == 0, "%s: got %zu bytes %s, want %zu %s", id, n,
          hex, size, want);
}

static void spamassassin_messages_are_the_originals(struct check *c)
{
    static const struct {
        const char *name;
        size_t n;
    } boxes[] = {{"easy-ham-1", 2500},
                 {"easy-ham-2", 1400},
                 {"hard-ham-1", 250},
                 {"spam-1", 500},
                 {"spam-2", 1396}};
    const char *path = check_shared(c, "corpora/spamassassin/INDEX.tsv");
    if (!path)
        return;
    struct originals o = {.c = c, .index = fopen(path, "rb")};
    char header[256];
    CHECK(c, fgets(header, sizeof header, o.index) != NULL, "the index is empty");
    bt_buf_init(&o.line, BT_EXAMPLE_MAX);
    bt_buf_init(&o.whole, BT_EXAMPLE_MAX);
    for (size_t i = 0; i < sizeof boxes / sizeof *boxes; i++) {
        char name[64];
        snprintf(name, sizeof name, "corpora/spamassassin/%s.mbox.gz", boxes[i].name);
        path = check_shared(c, name);
        if (!path || bt_source_open(&o.from, path, BT_SOURCE_CHUNK, NULL) != BOLTER_OK)
            break;
        o.blank = true;
        struct tally t = count(c, path, check_original, &o);
        CHECK(c, t.n == boxes[i].n, "%s: got %zu messages", boxes[i].name, t.n);
        bt_source_close(o.from);
    }
    CHECK(c, o.n_with_from > 0 && o.n_without_newline == 1, "got %zu with a From line, %zu cut",
          o.n_with_from, o.n_without_newline);
    bt_buf_free(&o.line);
    bt_buf_free(&o.whole);
    fclose(o.index);
}

int main(void)
{
    static const struct check_case cases[] = {
        CASE(sms_spam_collection_has_its_5574_lines),
        CASE(raschka_split_has_its_rows),
        CASE(enron_has_33715_unique_ids),
        CASE(spamassassin_messages_are_the_originals),
    };
    return check_main(cases, sizeof cases / sizeof *cases);
}
