/*
 * test_corpus.c - readers of corpora: what they deliver, and what they say about faulty files.
 *
 * Most cases write a file, read it plain and gzipped, a byte or many at a time, and compare a dump
 * of all examples and of the error that ended them: [id|label|m or t|bytes]!error.
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/buf.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/rng.h"
#include "bolter_data.h"
#include "data/corpus.h"
#include "tests/check.h"

#define DUMP_MAX ((size_t)1 << 20)

/* A path in the test's directory; four live at a time. */
static const char *in_tmp(const char *name)
{
    static char slots[4][1024];
    static size_t next;
    char *path = slots[next++ % 4];
    snprintf(path, 1024, "%s/%s", check_tmpdir(), name);
    return path;
}

static const char *write_plain(const char *name, const void *bytes, size_t n)
{
    const char *path = in_tmp(name);
    FILE *f = fopen(path, "wb");
    if (n > 0)
        fwrite(bytes, 1, n, f);
    fclose(f);
    return path;
}

static const char *write_gzip(const char *name, const void *bytes, size_t n)
{
    const char *path = in_tmp(name);
    gzFile f = gzopen(path, "wb");
    if (n > 0)
        gzwrite(f, bytes, (unsigned)n);
    gzclose(f);
    return path;
}

static void cut_file(const char *path, size_t bytes_off)
{
    struct stat st;
    if (stat(path, &st) == 0 && truncate(path, st.st_size - (off_t)bytes_off) != 0)
        perror(path);
}

/* Append the error's text, less the name of the test's directory. */
static void dump_error(bt_buf *out, const bolter_error *err)
{
    char dir[512];
    int n = snprintf(dir, sizeof dir, "%s/", check_tmpdir());
    bool inside = strncmp(err->text, dir, (size_t)n) == 0;
    bt_buf_appendf(out, "!%s: %s", bolter_status_name(err->code), err->text + (inside ? n : 0));
}

static bolter_status dump(bt_buf *out, const char *kind, const char *path, const char *label,
                          size_t chunk)
{
    bolter_corpus *corpus;
    bolter_error err = {0};
    bolter_example ex = {0};
    bt_buf_reset(out);
    bolter_status rc = bt_corpus_open(&corpus, kind, path, label, chunk, &err);
    while (rc == BOLTER_OK && (rc = bolter_corpus_next(corpus, &ex, &err)) == BOLTER_OK) {
        bt_buf_appendf(out, "[%s|%s|%s|", ex.id, ex.label ? ex.label : "-", ex.is_mail ? "m" : "t");
        bt_buf_append(out, ex.bytes, ex.n);
        bt_buf_append_char(out, ']');
    }
    if (rc != BOLTER_END)
        dump_error(out, &err);
    bolter_corpus_free(corpus);
    return rc;
}

static void check_dump(struct check *c, const char *kind, const char *path, const char *label,
                       const char *want)
{
    static const size_t chunks[] = {1, 2, 7, BT_SOURCE_CHUNK};
    bt_buf got;
    bt_buf_init(&got, DUMP_MAX);
    for (size_t i = 0; i < sizeof chunks / sizeof *chunks; i++) {
        dump(&got, kind, path, label, chunks[i]);
        const char *text = got.data ? got.data : "";
        CHECK(c, strcmp(text, want) == 0, "%s by %zu: got %s, want %s", path, chunks[i], text,
              want);
    }
    bt_buf_free(&got);
}

/* Read content, plain and gzipped, under a name; kind may be NULL. */
static void check_reads(struct check *c, const char *kind, const char *name, const char *content,
                        const char *want)
{
    check_dump(c, kind, write_plain(name, content, strlen(content)), NULL, want);
    check_dump(c, kind, write_gzip(name, content, strlen(content)), NULL, want);
}

/* ---- TSV ---- */

static void tsv_of_two_fields_is_verbatim(struct check *c)
{
    check_reads(c, "tsv", "a", "ham\ta \"q\\n\nspam\tb, c\r\n",
                "[0|ham|t|a \"q\\n][1|spam|t|b, c]");
    check_reads(c, "tsv", "a", "ham\t\nspam\tno newline", "[0|ham|t|][1|spam|t|no newline]");
}

static void tsv_of_three_fields_has_ids_and_escapes(struct check *c)
{
    check_reads(c, "tsv", "a", "ham\tx/1\ta\\tb\\n\\r\\\\n\\q\\\n", "[x/1|ham|t|a\tb\n\r\\n\\q\\]");
    check_reads(c, "tsv", "a", "ham\tx\ty\tz\nham\tw\n", "[x|ham|t|y\tz][1|ham|t|w]");
}

static void tsv_empty_lines_pass_at_the_end_only(struct check *c)
{
    check_reads(c, "tsv", "a", "h\tx\n\n\r\n\n", "[0|h|t|x]");
    check_reads(c, "tsv", "a", "h\tx\n\n\nh\ty\n",
                "[0|h|t|x]!format: a:2: empty line, expected label TAB text");
}

static void tsv_faults_name_the_line(struct check *c)
{
    check_reads(c, "tsv", "a", "h\tx\nno tab\n",
                "[0|h|t|x]!format: a:2: no TAB, expected label TAB text");
    check_reads(c, "tsv", "a", "\tx\n", "!format: a:1: empty label or id, expected label TAB text");
    check_reads(c, "tsv", "a", "h\t\tx\n",
                "!format: a:1: empty label or id, expected label TAB text");
    check_dump(c, "tsv", write_plain("a", "h\0m\tx", 5), NULL,
               "!format: a:1: NUL byte in label or id, expected label TAB text");
}

static void files_with_labels_refuse_a_given_one(struct check *c)
{
    check_dump(c, "tsv", write_plain("a", "h\tx\n", 4), "spam",
               "!argument: a: a tsv file has its own labels, but label spam was given");
    check_dump(c, "csv", write_plain("a", "Label,Text\n", 11), "spam",
               "!argument: a: a csv file has its own labels, but label spam was given");
}

/* Wants as pandas 1.5 reads the same bytes. */
static void tsv_with_quotes_is_read_as_pandas_does(struct check *c)
{
    static const char *const cases[][2] = {
        {"ham\ta\n", "[0|ham|t|a]"},
        {"ham\t\"a \"\"b\"\" c\"x\"y\tz\"\n", "!format: a:1: fields: found 3, expected 2"},
        {"ham\t\"a \"\"b\"\" c\"x\"y\n", "[0|ham|t|a \"b\" cx\"y]"},
        {"ham\t\"a\nb\r\nc\"\r\nspam\t\"q\"\rham\tlast",
         "[0|ham|t|a\nb\r\nc][1|spam|t|q][2|ham|t|last]"},
        {"  \n\nham\tx\n \t y\n", "[0|ham|t|x][1| |t| y]"},
        {"ham\tab\"c\"\n\"ham\"\t\n", "[0|ham|t|ab\"c\"][1|ham|t|]"},
        {"h\t\"\"\"\"\n", "[0|h|t|\"]"},
        {"h\tx\nh\t\"never\n\n", "[0|h|t|x]!format: a:2: quote is never closed"},
        {"h\tx\nlone\n", "[0|h|t|x]!format: a:2: fields: found 1, expected 2"},
        {"\tx\n", "!format: a:1: empty label or NUL byte in it"},
        {"", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_reads(c, "tsv-quotes", "a", cases[i][0], cases[i][1]);
}

/* ---- JSON lines and fastText ---- */

static void jsonl_reads_label_text_and_id_in_any_case(struct check *c)
{
    check_reads(c, NULL, "a.jsonl",
                "\xef\xbb\xbf{\"text\":\"a\\n\\u00e9\",\"label\":\"ham\"}\n \r\n"
                "{\"ID\":7,\"Label\":1,\"Text\":\"\",\"x\":[null]}\r\n",
                "[0|ham|t|a\n\xc3\xa9][7|1|t|]");
    check_dump(c, "jsonl", write_plain("a", "{\"label\":\"h\",\"text\":\"x\"}", 24), NULL,
               "[0|h|t|x]");
}

static void jsonl_faults_name_the_line(struct check *c)
{
    static const char *const cases[][2] = {
        {"{\"label\":\"h\",\"text\":\"x\"}\n[]\n", "[0|h|t|x]!format: a:2: expected an object"},
        {"{\"label\":\"h\"}", "!format: a:1: expected an object with the members label and text"},
        {"{\"label\":\"h\",\"text\":1}", "!format: a:1: a label, text or id that is no string"},
        {"{\"label\":null,\"text\":\"\"}", "!format: a:1: a label, text or id that is no string"},
        {"{\"label\":\"\",\"text\":\"\"}",
         "!format: a:1: an empty label or id, or a NUL byte in it"},
        {"{\"label\":\"h\",\"text\":\"x\",\"Text\":\"y\"}", "!format: a:1: a member twice"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_reads(c, "jsonl", "a", cases[i][0], cases[i][1]);
    bt_buf got;
    bt_buf_init(&got, DUMP_MAX);
    dump(&got, "jsonl", write_plain("a", "\n{\"label\":", 11), NULL, 3);
    CHECK(c, strncmp(got.data, "!format: a:2: ", 14) == 0, "got %s", got.data);
    bt_buf_free(&got);
}

static void fasttext_has_one_label_in_front(struct check *c)
{
    check_reads(c, NULL, "a.txt", "__label__ham  a\tb \r\n\n__label__x\n__label__y __label\n",
                "[0|ham|t|a\tb][1|x|t|][2|y|t|__label]");
    check_reads(c, "fasttext", "a", "__label__h x\ny",
                "[0|h|t|x]!format: a:2: no label, expected __label__NAME text");
    check_reads(c, "fasttext", "a", "__label__a __label__b x",
                "!format: a:1: a second label, expected __label__NAME text");
    check_reads(c, "fasttext", "a", "__label__ x",
                "!format: a:1: empty label or NUL byte in it, expected __label__NAME text");
}

/* ---- CSV ---- */

static void csv_reads_quotes_and_newlines_in_fields(struct check *c)
{
    check_reads(c, "csv", "a", "Label,Text\n1,\"a \"\"b\"\",\nc\r\n\"\n0,d\r\n\"x\",",
                "[0|1|t|a \"b\",\nc\r\n][1|0|t|d][2|x|t|]");
}

static void csv_columns_come_in_any_order_and_case(struct check *c)
{
    check_reads(c, "csv", "a", "\xef\xbb\xbf\"TEXT\",other,id, label \r\nt,o,i,l\r\nu,\"\n\",,m",
                "[i|l|t|t][1|m|t|u]");
    check_reads(c, "csv", "a", "Text,Label\nlone\rreturn,l\n\n\r\n", "[0|l|t|lone\rreturn]");
}

static void csv_faults_name_the_line(struct check *c)
{
    static const char *const cases[][2] = {
        {"", "!format: a:1: empty file, expected a header that names Label and Text"},
        {"Label,Txt\n",
         "!format: a:1: expected a header with one column Label, one Text, at most one Id"},
        {"Label,Text,Text\n",
         "!format: a:1: expected a header with one column Label, one Text, at most one Id"},
        {"Label,Text\nh,x\nh\n", "[0|h|t|x]!format: a:3: fields: found 1, expected 2"},
        {"Label,Text\n\"h\n\",x,y\n", "!format: a:2: fields: found 3, expected 2"},
        {"Label,Text\nh,\"a\nb", "!format: a:2: quote is never closed"},
        {"Label,Text\nh,\"a\nb\"c\n",
         "!format: a:3: text after a closing quote, expected a comma or a line end"},
        {"Label,Text\nh,a\"b\"\n", "!format: a:2: quote inside a bare field"},
        {"Label,Text\n,x\n", "!format: a:2: empty label"},
        {"Label,Text\nh,x\n\nh,y\n", "[0|h|t|x]!format: a:3: empty line"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_reads(c, "csv", "a", cases[i][0], cases[i][1]);
    static const char nul[] = "Label,Text\nh\0m,x\n";
    check_dump(c, "csv", write_plain("a", nul, sizeof nul - 1), NULL,
               "!format: a:2: NUL byte in the label");
}

/* ---- mbox ---- */

static void mbox_splits_at_from_lines_after_blank_ones(struct check *c)
{
    check_reads(c, NULL, "box.mbox", "From a\nS: 1\n\nx\n\n\nFrom b\nS: 2\nFrom here\n\nFrom c\n\n",
                "[box/0|-|m|S: 1\n\nx\n\n][box/1|-|m|S: 2\nFrom here\n][box/2|-|m|]");
    check_reads(c, "mbox", "box", "From a", "[box/0|-|m|]");
    check_reads(c, "mbox", "box", "From a\nFrom b\n", "[box/0|-|m|From b\n]");
    check_reads(c, "mbox", "box", "", "");
}

static void mbox_takes_one_mark_off_quoted_from_lines(struct check *c)
{
    check_reads(c, "mbox", "b", "From a\n>From x\n>>From y\n>Fromage\n> From\n\n>From z",
                "[b/0|-|m|From x\n>From y\n>Fromage\n> From\n\nFrom z]");
}

static void mbox_with_crlf_splits_alike(struct check *c)
{
    check_reads(c, "mbox", "b", "From a\r\nS: 1\r\n\r\n>From x\r\n\r\nFrom b\r\nS: 2\r\n\r\n",
                "[b/0|-|m|S: 1\r\n\r\nFrom x\r\n][b/1|-|m|S: 2\r\n]");
}

static void mbox_dialects_differ_in_their_quotes(struct check *c)
{
    static const char box[] = "From a\n\n>From x\n>>From y\n";
    check_reads(c, "mbox", "b", box, "[b/0|-|m|\nFrom x\n>From y\n]");
    check_reads(c, "mboxo", "b", box, "[b/0|-|m|\nFrom x\n>>From y\n]");
    check_reads(c, "mboxcl", "b", box, "[b/0|-|m|\nFrom x\n>>From y\n]");
    check_reads(c, "mboxcl2", "b", box, "[b/0|-|m|\n>From x\n>>From y\n]");
}

static void content_length_covers_what_looks_like_a_message(struct check *c)
{
    static const char *const ends[] = {"", "\n", "From b\n", "\nFrom b\n", "\r\nFrom b\n"};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        char box[200];
        snprintf(box, sizeof box, "From a\ncontent-length: 14\n\nx\n\nFrom y\nz\n\n\n%s", ends[i]);
        check_reads(c, "mboxcl2", "b", box,
                    i < 2 ? "[b/0|-|m|content-length: 14\n\nx\n\nFrom y\nz\n\n\n]"
                          : "[b/0|-|m|content-length: 14\n\nx\n\nFrom y\nz\n\n\n][b/1|-|m|]");
    }
    check_reads(c, "mboxcl2", "b", "From a\nContent-Length: 1\n\nx\n\nFrom b\n",
                "[b/0|-|m|Content-Length: 1\n\nx\n][b/1|-|m|]");
    check_reads(c, "mboxcl", "b", "From a\nContent-Length: 10\n\nx\n\n>From \n\nFrom b\n",
                "[b/0|-|m|Content-Length: 10\n\nx\n\nFrom \n][b/1|-|m|]");
}

static void content_length_that_leads_elsewhere_counts_for_nothing(struct check *c)
{
    static const char *const lengths[] = {"1",    "3",        "4",        "12",
                                          "1000", "67108864", "67108865", "99999999999999999999",
                                          "-1",   "0",        "x",        ""};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        char box[200], want[200];
        snprintf(box, sizeof box, "From a\nContent-Length: %s\n\nxy\nz\n\nFrom b\nq\n", lengths[i]);
        snprintf(want, sizeof want, "[b/0|-|m|Content-Length: %s\n\nxy\nz\n][b/1|-|m|q\n]",
                 lengths[i]);
        check_reads(c, "mboxcl", "b", box, want);
    }
}

static void mbox_without_from_line_is_a_fault(struct check *c)
{
    check_reads(c, "mbox", "b", "Subject: x\n",
                "!format: b:1: no mbox: expected a line that begins \"From \"");
}

static void mbox_name_loses_both_endings(struct check *c)
{
    check_dump(c, NULL, write_gzip("x.MBOX.gz", "From a\nb\n", 9), "ham", "[x/0|ham|m|b\n]");
}

/* ---- single files and directories ---- */

static void whole_files_are_one_example(struct check *c)
{
    check_reads(c, "mail", "m.eml", "S: x\n\n\ny", "[m.eml|-|m|S: x\n\n\ny]");
    check_reads(c, "text", "t", "", "[t|-|t|]");
    check_reads(c, "lines", "l", "a\r\n\nb", "[0|-|t|a][1|-|t|][2|-|t|b]");
    check_reads(c, "lines", "l", "", "");
    check_dump(c, "lines", write_plain("l", "a\0b", 3), "ham", "[0|ham|t|a");
}

static void directory_is_read_in_order_of_names(struct check *c)
{
    mkdir(in_tmp("dir"), 0777);
    mkdir(in_tmp("dir/sub"), 0777);
    write_plain("dir/b", "B", 1);
    write_gzip("dir/a.gz", "A", 1);
    write_plain("dir/c.txt", "C", 1);
    write_plain("dir/.hidden", "H", 1);
    if (symlink("nowhere", in_tmp("dir/dangling")) != 0)
        perror("symlink");
    check_dump(c, NULL, in_tmp("dir"), "ham", "[a.gz|ham|m|A][b|ham|m|B][c.txt|ham|t|C]");
    mkdir(in_tmp("none"), 0777);
    check_dump(c, "dir", in_tmp("none"), NULL, "");
}

static void maildir_merges_cur_and_new(struct check *c)
{
    static const char *const folders[] = {"md", "md/cur", "md/new", "md/tmp"};
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
        mkdir(in_tmp(folders[i]), 0777);
    write_plain("md/cur/3.x:2,S", "3", 1);
    write_plain("md/cur/1.x:2,", "1", 1);
    write_plain("md/new/2.x", "2", 1);
    write_plain("md/tmp/4.x", "4", 1);
    check_dump(c, NULL, in_tmp("md"), NULL, "[1.x|-|m|1][2.x|-|m|2][3.x|-|m|3]");
    check_dump(c, "maildir", in_tmp("none"), NULL, "!io: none/cur: No such file or directory");
}

static void mh_reads_numbers_in_their_order(struct check *c)
{
    static const char *const files[] = {"10", "9", "007", "1a", ",3", ".mh_sequences", "notes"};
    mkdir(in_tmp("mh"), 0777);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char name[40];
        snprintf(name, sizeof name, "mh/%s", files[i]);
        write_plain(name, files[i], 1);
    }
    check_dump(c, NULL, in_tmp("mh"), "ham", "[007|ham|m|0][9|ham|m|9][10|ham|m|1]");
    check_dump(c, "mh", in_tmp("none"), NULL, "");
}

/* ---- kinds, faults, limits ---- */

static void kind_is_found_from_name_then_content(struct check *c)
{
    static const char *const by_content[][2] = {
        {"From x\n", "mbox"},
        {"ham\ttext", "tsv"},
        {"Received:\tfrom x\n", "mail"},
        {"two words\ttext", "text"},
        {"\xef\xbb\xbfid, \"TEXT\",label\r\n1,2,3", "csv"},
        {"Text,Labels\n", "text"},
        {"X-Y: z\n", "mail"},
        {"X-Y:\r\n", "mail"},
        {"http://x\n", "text"},
        {"a word: here\n", "text"},
        {"", "text"},
        {"\n\tx", "text"},
        {"__label__x y", "fasttext"},
        {"{\"text\"", "jsonl"},
    };
    for (size_t i = 0; i < sizeof by_content / sizeof *by_content; i++) {
        const char *got = bt_sniff_bytes(by_content[i][0], strlen(by_content[i][0]));
        CHECK(c, strcmp(got, by_content[i][1]) == 0, "%s: got %s", by_content[i][0], got);
    }
    static const char *const by_name[][2] = {
        {"/d.csv/a.tsv", "tsv"}, {"a.CSV.gz", "csv"}, {"a.mbox", "mbox"},
        {"a.eml.GZ", "mail"},    {"a.txt", "text"},   {"a.ndjson", "jsonl"},
    };
    for (size_t i = 0; i < sizeof by_name / sizeof *by_name; i++) {
        const char *got = bt_sniff_name(by_name[i][0]);
        CHECK(c, got && strcmp(got, by_name[i][1]) == 0, "%s: got %s", by_name[i][0], got);
    }
    CHECK(c, !bt_sniff_name("/d.tsv/file") && !bt_sniff_name("gz"), "a name said too much");
    check_reads(c, NULL, "nosuffix", "ham\tx\n", "[0|ham|t|x]");
}

static void unknown_kind_and_missing_file_are_named(struct check *c)
{
    check_dump(c, "pdf", in_tmp("a"), NULL,
               "!argument: pdf: no corpus kind, expected one of tsv, tsv-quotes, csv, jsonl, "
               "fasttext, mbox, mboxo, mboxcl, mboxcl2, maildir, mh, dir, mail, text, lines, "
               "blocks");
    check_dump(c, NULL, in_tmp("absent"), NULL, "!io: absent: No such file or directory");
    check_dump(c, "dir", in_tmp("absent"), NULL, "!io: absent: No such file or directory");
    mkdir(in_tmp("folder"), 0777);
    check_dump(c, "tsv", in_tmp("folder"), NULL, "!io: folder: Is a directory");
}

static void truncated_gzip_gives_what_came_before(struct check *c)
{
    check_dump(c, "tsv", write_gzip("a", "h\tx\nh\ty\n", 8), NULL, "[0|h|t|x][1|h|t|y]");
    cut_file(in_tmp("a"), 4);
    check_dump(c, "tsv", in_tmp("a"), NULL,
               "[0|h|t|x][1|h|t|y]!format: a: truncated gzip file: it ends at byte 24, inside the "
               "data");
    write_gzip("b", "From a\nx\n\nFrom b\nyyy\n", 21);
    cut_file(in_tmp("b"), 9);
    bt_buf got;
    bt_buf_init(&got, DUMP_MAX);
    bolter_status rc = dump(&got, "mbox", in_tmp("b"), NULL, BT_SOURCE_CHUNK);
    CHECK(c, rc == BOLTER_E_FORMAT && strncmp(got.data, "[b/0|-|m|x\n]!", 13) == 0, "got %s",
          got.data);
    bt_buf_free(&got);
    check_dump(c, "text", write_plain("g", "\x1f\x8b", 2), NULL,
               "!format: g: truncated gzip file: it ends at byte 2, inside the data");
}

static void damaged_gzip_gives_what_came_before(struct check *c)
{
    bt_buf file;
    bt_buf_init(&file, DUMP_MAX);
    bt_read_all(&file, write_gzip("a", "h\tx\n", 4), NULL);
    file.data[file.len - 8] ^= 1; /* of the checksum, which 4 bytes of length follow */
    check_dump(c, "tsv", write_plain("a", file.data, file.len), NULL,
               "[0|h|t|x]!format: a: damaged gzip data before byte 20: incorrect data check");
    file.data[file.len - 8] ^= 1;
    bt_buf_append(&file, "rubbish", 7);
    check_dump(c, "tsv", write_plain("a", file.data, file.len), NULL,
               "[0|h|t|x]!format: a: damaged gzip data before byte 26: incorrect header check");
    bt_buf_free(&file);
}

static void gzip_members_follow_each_other(struct check *c)
{
    bt_buf two;
    bt_buf_init(&two, DUMP_MAX);
    bt_read_all(&two, write_gzip("a", "h\tx", 3), NULL);
    bt_read_all(&two, write_gzip("a", "y\n", 2), NULL);
    check_dump(c, "tsv", write_plain("a", two.data, two.len), NULL, "[0|h|t|xy]");
    bt_buf_free(&two);
}

static void every_cut_of_a_gzip_file_gives_a_part_and_a_fault(struct check *c)
{
    static const char rows[] = "h\tone\nh\ttwo\nspam\tx/3\tthree\\n\nh\tfour\n";
    bt_buf file, whole, part;
    bt_buf_init(&file, DUMP_MAX);
    bt_buf_init(&whole, DUMP_MAX);
    bt_buf_init(&part, DUMP_MAX);
    bt_read_all(&file, write_gzip("a", rows, sizeof rows - 1), NULL);
    dump(&whole, "tsv", in_tmp("a"), NULL, BT_SOURCE_CHUNK);
    for (size_t n = 2; n < file.len; n++) {
        bolter_status rc =
            dump(&part, "tsv", write_plain("a", file.data, n), NULL, BT_SOURCE_CHUNK);
        size_t before = strcspn(part.data, "!");
        CHECK(c, rc == BOLTER_E_FORMAT && strncmp(part.data, whole.data, before) == 0,
              "%zu bytes gave %s", n, part.data);
    }
    bt_buf_free(&file);
    bt_buf_free(&whole);
    bt_buf_free(&part);
}

/* A made-up file of the bytes and words that mean something to the readers. */
static void make_up(bt_buf *b, bt_rng *rng, const char *start)
{
    static const char *const words[] = {"\n",
                                        "\n",
                                        "\n\n",
                                        "\r\n",
                                        "\r",
                                        "\t",
                                        ",",
                                        "\"",
                                        "\"\"",
                                        "\\",
                                        ">",
                                        "\nFrom ",
                                        "\n>From x",
                                        "ham\tid\t",
                                        "a",
                                        "Content-Length: 9\n",
                                        "{\"label\":\"",
                                        "\"}",
                                        "__label__"};
    bt_buf_reset(b);
    bt_buf_append_str(b, start);
    for (uint64_t n = bt_rng_below(rng, 40); n > 0; n--)
        bt_buf_append_str(b, words[bt_rng_below(rng, sizeof words / sizeof *words)]);
}

static void made_up_files_read_alike_by_one_and_by_many_bytes(struct check *c)
{
    static const char *const kinds[][2] = {
        {"tsv", "ham\t"},
        {"csv", "Label,Text\n"},
        {"mbox", "From "},
        {"lines", ""},
        {"tsv-quotes", "ham\t"},
        {"mboxcl", "From \n"},
        {"mboxcl2", "From \n"},
        {"fasttext", "__label__a"},
        {"jsonl", "{\"text\":\"\",\"label\":\"a"},
    };
    enum { KINDS = sizeof kinds / sizeof *kinds };
    bt_rng rng = {.seed = 11};
    bt_buf file, one, many;
    bt_buf_init(&file, DUMP_MAX);
    bt_buf_init(&one, DUMP_MAX);
    bt_buf_init(&many, DUMP_MAX);
    for (size_t i = 0; i < 4500; i++) {
        const char *kind = kinds[i % KINDS][0];
        make_up(&file, &rng, kinds[i % KINDS][1]);
        const char *path = write_plain("a", file.data, file.len);
        dump(&one, kind, path, NULL, 1);
        dump(&many, kind, path, NULL, BT_SOURCE_CHUNK);
        bool same = one.len == many.len && (one.len == 0 || !memcmp(one.data, many.data, one.len));
        CHECK(c, same, "%s file %zu: %s, but %s", kind, i, one.data, many.data);
    }
    bt_buf_free(&file);
    bt_buf_free(&one);
    bt_buf_free(&many);
}

static void failure_is_given_again(struct check *c)
{
    bolter_corpus *corpus;
    bolter_example ex;
    bolter_error err = {0}, again = {0};
    bolter_corpus_open(&corpus, "tsv", write_plain("a", "x\nh\ty\n", 6), NULL, NULL);
    CHECK(c, bolter_corpus_next(corpus, &ex, &err) == BOLTER_E_FORMAT, "no fault");
    CHECK(c, bolter_corpus_next(corpus, &ex, &again) == BOLTER_E_FORMAT, "the fault was forgotten");
    CHECK(c, *err.text && strcmp(err.text, again.text) == 0, "%s is not %s", err.text, again.text);
    CHECK(c, bolter_corpus_next(corpus, &ex, NULL) == BOLTER_E_FORMAT, "needs an err");
    bolter_corpus_free(corpus);
}

/* 65 MiB after a start that makes a small example, packed to some kilobytes. */
static const char *write_huge(const char *start)
{
    static char zeros[1 << 20];
    const char *path = in_tmp("huge");
    memset(zeros, 'x', sizeof zeros);
    gzFile f = gzopen(path, "wb1");
    gzwrite(f, start, (unsigned)strlen(start));
    for (int i = 0; i < 65; i++)
        gzwrite(f, zeros, sizeof zeros);
    gzclose(f);
    return path;
}

static void example_over_64_mib_is_a_limit(struct check *c)
{
    static const char *const cases[][2] = {
        {"tsv", "h\tx\nh\t"},
        {"csv", "Label,Text\nh,x\nh,"},
        {"mbox", "From a\n\nFrom b\n"},
        {"lines", "x\n"},
        {"mail", ""},
        {"tsv-quotes", "h\tx\nh\t\""},
        {"fasttext", "__label__h x\n"},
        {"jsonl", "{\"label\":\"h\",\"text\":\"x\"}\n"},
        {"mboxcl", "From a\n\nFrom b\nContent-Length: 67108864\n\n"},
    };
    static const char *const wants[] = {
        "[0|h|t|x]!limit: huge: the example at byte 4 has a part of more than 67108864 bytes",
        "[0|h|t|x]!limit: huge: the example at byte 15 has a part of more than 67108864 bytes",
        "[huge/0|-|m|]!limit: huge: the example at byte 8 has a part of more than 67108864 bytes",
        "[0|-|t|x]!limit: huge: the example at byte 2 has a part of more than 67108864 bytes",
        "!limit: huge: the example at byte 0 has a part of more than 67108864 bytes",
        "[0|h|t|x]!limit: huge: the example at byte 4 has a part of more than 67108864 bytes",
        "[0|h|t|x]!limit: huge: the example at byte 13 has a part of more than 67108864 bytes",
        "[0|h|t|x]!limit: huge: the example at byte 25 has a part of more than 67108864 bytes",
        "[huge/0|-|m|]!limit: huge: the example at byte 8 has a part of more than 67108864 bytes",
    };
    bt_buf got;
    bt_buf_init(&got, DUMP_MAX);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        dump(&got, cases[i][0], write_huge(cases[i][1]), NULL, BT_SOURCE_CHUNK);
        CHECK(c, strcmp(got.data, wants[i]) == 0, "%s: got %s", cases[i][0], got.data);
    }
    bt_buf_free(&got);
    unlink(in_tmp("huge"));
}

static void progress_runs_from_0_to_1(struct check *c)
{
    bolter_corpus *corpus;
    bolter_example ex;
    bolter_corpus_open(&corpus, "tsv", write_plain("a", "h\tx\nh\tyy\nh\tzzz", 14), NULL, NULL);
    double before = bolter_corpus_progress(corpus), at;
    CHECK(c, before == 0, "starts at %g", before);
    while (bolter_corpus_next(corpus, &ex, NULL) == BOLTER_OK) {
        at = bolter_corpus_progress(corpus);
        CHECK(c, at > before && at <= 1, "from %g to %g", before, at);
        before = at;
    }
    CHECK(c, bolter_corpus_progress(corpus) == 1, "ends before 1");
    bolter_corpus_free(corpus);
    bolter_corpus_open(&corpus, "dir", in_tmp("dir"), NULL, NULL);
    bolter_corpus_next(corpus, &ex, NULL);
    at = bolter_corpus_progress(corpus);
    CHECK(c, at > 0.33 && at < 0.34, "1 of 3 files is %g", at);
    bolter_corpus_free(corpus);
}

static void file_digest_is_sha256(struct check *c)
{
    static const char *const want =
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"; /* FIPS 180 of "abc" */
    char hex[65] = "";
    bt_sha256_hex("abc", 3, hex);
    CHECK(c, strcmp(hex, want) == 0, "bytes: got %s", hex);
    memset(hex, 0, sizeof hex);
    CHECK(c, bolter_file_sha256(write_plain("abc", "abc", 3), hex, NULL) == BOLTER_OK, "failed");
    CHECK(c, strcmp(hex, want) == 0, "file: got %s", hex);
    bolter_error err = {0};
    CHECK(c, bolter_file_sha256(in_tmp("absent"), hex, &err) == BOLTER_E_IO, "read nothing");
    CHECK(c, strstr(err.text, "absent"), "got %s", err.text);
    CHECK(c, bolter_file_sha256(check_tmpdir(), hex, NULL) == BOLTER_E_IO, "read a directory");
}

/* ---- memory ---- */

/* Read a corpus whole while the nth allocation and all after it fail; its status. */
static bolter_status read_without_memory(const char *kind, const char *path, unsigned long nth)
{
    bolter_corpus *corpus = NULL;
    bolter_example ex;
    bt_mem_fail_from(nth);
    bolter_status rc = bolter_corpus_open(&corpus, kind, path, NULL, NULL);
    while (rc == BOLTER_OK)
        rc = bolter_corpus_next(corpus, &ex, NULL);
    bt_mem_fail_from(0);
    bolter_corpus_free(corpus);
    return rc;
}

static void every_failed_allocation_is_reported(struct check *c)
{
    static const char *const cases[][3] = {
        {"tsv", "oom.tsv", "h\tx\nh\tid\ty\n"},
        {"csv", "oom.csv", "Label,Text,Id,x\nh,y,i,\n"},
        {"mbox", "oom.mbox", "From a\nx\n\nFrom b\ny\n"},
        {"mail", "oom.eml", "S: x\n"},
        {"text", "oom.txt", "x\n"},
        {"lines", "oom", "x\ny\n"},
        {"tsv-quotes", "oom.tsv", "h\t\"x\"\n"},
        {"fasttext", "oom", "__label__h x\n"},
        {"mboxcl", "oom", "From a\nContent-Length: 100000\n\nb\n"},
        {"mh", "mh", NULL},
        {"dir", "dir", NULL},
        {"maildir", "md", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (cases[i][2])
            write_gzip(cases[i][1], cases[i][2], strlen(cases[i][2]));
        unsigned long nth = 1;
        bolter_status rc;
        while ((rc = read_without_memory(cases[i][0], in_tmp(cases[i][1]), nth)) == BOLTER_E_NOMEM)
            nth++;
        CHECK(c, rc == BOLTER_END && nth > 5, "%s: allocation %lu: %s", cases[i][0], nth,
              bolter_status_name(rc));
    }
}

int main(void)
{
    static const struct check_case cases[] = {
        CASE(tsv_of_two_fields_is_verbatim),
        CASE(tsv_of_three_fields_has_ids_and_escapes),
        CASE(tsv_empty_lines_pass_at_the_end_only),
        CASE(tsv_faults_name_the_line),
        CASE(files_with_labels_refuse_a_given_one),
        CASE(tsv_with_quotes_is_read_as_pandas_does),
        CASE(jsonl_reads_label_text_and_id_in_any_case),
        CASE(jsonl_faults_name_the_line),
        CASE(fasttext_has_one_label_in_front),
        CASE(csv_reads_quotes_and_newlines_in_fields),
        CASE(csv_columns_come_in_any_order_and_case),
        CASE(csv_faults_name_the_line),
        CASE(mbox_splits_at_from_lines_after_blank_ones),
        CASE(mbox_takes_one_mark_off_quoted_from_lines),
        CASE(mbox_with_crlf_splits_alike),
        CASE(mbox_dialects_differ_in_their_quotes),
        CASE(content_length_covers_what_looks_like_a_message),
        CASE(content_length_that_leads_elsewhere_counts_for_nothing),
        CASE(mbox_without_from_line_is_a_fault),
        CASE(mbox_name_loses_both_endings),
        CASE(whole_files_are_one_example),
        CASE(directory_is_read_in_order_of_names),
        CASE(maildir_merges_cur_and_new),
        CASE(mh_reads_numbers_in_their_order),
        CASE(kind_is_found_from_name_then_content),
        CASE(unknown_kind_and_missing_file_are_named),
        CASE(truncated_gzip_gives_what_came_before),
        CASE(damaged_gzip_gives_what_came_before),
        CASE(gzip_members_follow_each_other),
        CASE(every_cut_of_a_gzip_file_gives_a_part_and_a_fault),
        CASE(made_up_files_read_alike_by_one_and_by_many_bytes),
        CASE(failure_is_given_again),
        CASE(example_over_64_mib_is_a_limit),
        CASE(progress_runs_from_0_to_1),
        CASE(file_digest_is_sha256),
        CASE(every_failed_allocation_is_reported),
    };
    return check_main(cases, sizeof cases / sizeof *cases);
}
