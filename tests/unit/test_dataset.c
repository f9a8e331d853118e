/* test_dataset.c - corpora in parts: split files, splits by content, labels. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "bolter_data.h"
#include "tests/check.h"
#include "tests/unit/tiny.h"

static const bolter_part parts[] = {BOLTER_TRAIN, BOLTER_VALID, BOLTER_TEST};

static bolter_dataset *open_dataset(void)
{
    bolter_dataset *d;
    bolter_error err = {0};
    bolter_model *m = tiny_classifier(1, 31, "dataset");
    if (bolter_dataset_open(&d, m, &err) != BOLTER_OK) {
        fprintf(stderr, "%s\n", err.text);
        exit(99);
    }
    bolter_model_unref(m);
    return d;
}

/* Add a TSV of this text. */
static bolter_status add(bolter_dataset *d, const char *text, bolter_part part, bolter_error *err)
{
    bolter_corpus *corpus;
    tiny_put(check_tmpdir(), "data.tsv", text);
    bolter_status rc = bolter_corpus_open(&corpus, "tsv", tiny_path("data.tsv"), NULL, err);
    if (rc == BOLTER_OK)
        rc = bolter_dataset_add(d, corpus, part, err);
    bolter_corpus_free(corpus);
    return rc;
}

static bolter_status split(bolter_dataset *d, const char *text, bolter_error *err)
{
    tiny_put(check_tmpdir(), "split.tsv", text);
    return bolter_dataset_split_file(d, tiny_path("split.tsv"), err);
}

static void a_split_file_decides(struct check *c)
{
    bolter_dataset *d = open_dataset();
    bolter_error err = {0};
    CHECK(c, split(d, "# id label part\n\na\tham\ttrain\nb\tspam\tvalidation\tkey\r\nc\tham\ttest\n"
                      "d\tham\tduplicate\ne\tham\tconflict\n", &err) == BOLTER_OK, "%s", err.text);
    CHECK(c, split(d, "a\tham\ttrain\nf\tham\ttrain\n", &err) == BOLTER_OK, "%s", err.text);
    CHECK(c, add(d, "ham\ta\tone\nspam\tb\ttwo\nham\tc\tthree\nham\td\tone\nham\te\tone\nspam\tf\tfour\n",
                 BOLTER_BY_SPLIT, &err) == BOLTER_OK, "%s", err.text);
    const size_t want[] = {2, 1, 1};
    for (size_t p = 0; p < 3; p++)
        CHECK(c, bolter_dataset_count(d, parts[p]) == want[p], "part %zu has %zu rows, want %zu", p,
              bolter_dataset_count(d, parts[p]), want[p]);
    const bolter_row *row = bolter_dataset_row(d, BOLTER_TRAIN, 1);
    CHECK(c, row && strcmp(row->id, "f") == 0 && row->label == 1 && row->seq.n >= 4, "row of f");
    CHECK(c, !bolter_dataset_row(d, BOLTER_TRAIN, 2), "a third row");
    CHECK(c, bolter_dataset_count(d, BOLTER_LEFT_OUT) == 0 &&
             bolter_dataset_count(d, (bolter_part)9) == 0, "rows of no part");
    bolter_dataset_free(d);
}

static void an_id_with_two_parts_is_a_mismatch(struct check *c)
{
    bolter_dataset *d = open_dataset();
    bolter_error err = {0};
    CHECK(c, split(d, "a\tham\ttrain\n", NULL) == BOLTER_OK, "the first file");
    CHECK(c, split(d, "b\tham\ttrain\na\tham\ttest\n", &err) == BOLTER_E_MISMATCH, "%s", err.text);
    CHECK(c, strstr(err.text, "split.tsv:2") && strstr(err.text, "a already"), "got \"%s\"", err.text);
    bolter_dataset_free(d);
}

static void an_id_of_two_corpora_is_a_mismatch(struct check *c)
{
    bolter_dataset *d = open_dataset();
    bolter_error err = {0};
    CHECK(c, split(d, "a\tham\ttrain\nb\tspam\ttest\n", NULL) == BOLTER_OK, "the split");
    CHECK(c, add(d, "ham\ta\tone\nham\ta\tagain\n", BOLTER_BY_SPLIT, &err) == BOLTER_OK, "%s", err.text);
    CHECK(c, add(d, "ham\ta\tin a part of its own\n", BOLTER_VALID, &err) == BOLTER_OK, "%s", err.text);
    CHECK(c, add(d, "spam\tb\ttwo\nham\ta\tother\n", BOLTER_BY_SPLIT, &err) == BOLTER_E_MISMATCH, "taken");
    CHECK(c, strstr(err.text, "a: of this id") && strstr(err.text, "data.tsv and one in"), "got \"%s\"",
          err.text);
    bolter_dataset_free(d);
}

static void an_id_that_no_split_file_knows_is_a_mismatch(struct check *c)
{
    bolter_dataset *d = open_dataset();
    bolter_error err = {0};
    CHECK(c, split(d, "a\tham\ttrain\n", NULL) == BOLTER_OK, "the split");
    CHECK(c, add(d, "ham\tzebra\tone\n", BOLTER_BY_SPLIT, &err) == BOLTER_E_MISMATCH, "%s", err.text);
    CHECK(c, strstr(err.text, "zebra"), "got \"%s\"", err.text);
    bolter_dataset_free(d);
}

static void broken_split_files_name_their_line(struct check *c)
{
    static const char *const bad[] = {"a\tham\n", "a\n", "a\tham\tTrain\n", "a\tham\t\n", "\t\t\n",
                                      "a ham train\n"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        bolter_dataset *d = open_dataset();
        bolter_error err = {0};
        bolter_status rc = split(d, bad[i], &err);
        CHECK(c, rc == BOLTER_E_FORMAT && strstr(err.text, "split.tsv:1"), "%zu: %s: %s", i,
              bolter_status_name(rc), err.text);
        bolter_dataset_free(d);
    }
    bolter_dataset *d = open_dataset();
    bolter_error err = {0};
    CHECK(c, bolter_dataset_split_file(d, tiny_path("none"), &err) == BOLTER_E_IO, "%s", err.text);
    bolter_dataset_free(d);
}

static void splits_by_content_are_70_10_20(struct check *c)
{
    enum { ROWS = 2000 };
    bolter_dataset *d = open_dataset();
    bolter_error err = {0};
    bt_buf b;
    bt_buf_init(&b, 1 << 20);
    for (int i = 0; i < ROWS; i++)
        bt_buf_appendf(&b, "%s\tmessage number %d\n", i % 3 ? "ham" : "spam", i);
    CHECK(c, add(d, b.data, BOLTER_BY_SPLIT, &err) == BOLTER_OK, "%s", err.text);
    const size_t want[] = {1400, 200, 400};
    for (size_t p = 0; p < 3; p++) {
        size_t n = bolter_dataset_count(d, parts[p]);
        CHECK(c, n > want[p] - 70 && n < want[p] + 70, "part %zu has %zu rows, want about %zu", p, n,
              want[p]);
    }
    bt_buf_free(&b);
    bolter_dataset_free(d);
}

static void equal_texts_stay_together(struct check *c)
{
    bolter_error err = {0};
    for (int i = 0; i < 20; i++) {
        bolter_dataset *d = open_dataset();
        char text[200];
        snprintf(text, sizeof text, "ham\ta\ttext %d\nspam\tb\ttext %d\nham\tc\ttext %d\n", i, i, i);
        CHECK(c, add(d, text, BOLTER_BY_SPLIT, &err) == BOLTER_OK, "%s", err.text);
        for (size_t p = 0; p < 3; p++) {
            size_t n = bolter_dataset_count(d, parts[p]);
            CHECK(c, n == 0 || n == 3, "text %d: %zu of 3 in one part", i, n);
        }
        bolter_dataset_free(d);
    }
}

static void labels_are_names_or_numbers(struct check *c)
{
    bolter_dataset *d = open_dataset();
    bolter_error err = {0};
    CHECK(c, add(d, "spam\tx\n1\ty\n0\tz\n", BOLTER_TRAIN, &err) == BOLTER_OK, "%s", err.text);
    const int32_t want[] = {1, 1, 0};
    for (size_t i = 0; i < 3; i++)
        CHECK(c, bolter_dataset_row(d, BOLTER_TRAIN, i)->label == want[i], "row %zu", i);
    bolter_dataset_free(d);
}

static void labels_outside_the_list_name_their_example(struct check *c)
{
    static const char *const bad[] = {"eggs", "2", "-1", "01x", "99999999999999999999", "+1",
                                      "-18446744073709551615", "Spam"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        bolter_dataset *d = open_dataset();
        bolter_error err = {0};
        char text[100];
        snprintf(text, sizeof text, "ham\tfirst\n%s\tsecond\n", bad[i]);
        bolter_status rc = add(d, text, BOLTER_TRAIN, &err);
        CHECK(c, rc == BOLTER_E_FORMAT, "\"%s\": %s", bad[i], bolter_status_name(rc));
        CHECK(c, strstr(err.text, ": 1: label ") != NULL, "\"%s\": \"%s\"", bad[i], err.text);
        bolter_dataset_free(d);
    }
}

static void a_dataset_has_at_least_one_label(struct check *c)
{
    bolter_dataset *d = open_dataset();
    static const char *const three[] = {"a", "b", "c"};
    CHECK(c, bolter_dataset_labels(d, three, 0, NULL) == BOLTER_E_ARG, "no labels");
    CHECK(c, bolter_dataset_n_label(d) == 2, "%zu labels after the refusal", bolter_dataset_n_label(d));
    CHECK(c, bolter_dataset_labels(d, three, 3, NULL) == BOLTER_OK, "three labels");
    CHECK(c, strcmp(bolter_dataset_label(d, 2), "c") == 0 && !bolter_dataset_label(d, 3), "names");
    bolter_dataset_free(d);
}

static void texts_without_labels_can_be_tested_only(struct check *c)
{
    bolter_dataset *d = open_dataset();
    bolter_corpus *corpus;
    bolter_error err = {0};
    tiny_put(check_tmpdir(), "one.txt", "hello\n");
    for (int train = 0; train < 2; train++) {
        CHECK(c, bolter_corpus_open(&corpus, "text", tiny_path("one.txt"), NULL, &err) == BOLTER_OK,
              "%s", err.text);
        bolter_status rc = bolter_dataset_add(d, corpus, train ? BOLTER_TRAIN : BOLTER_TEST, &err);
        CHECK(c, rc == (train ? BOLTER_E_FORMAT : BOLTER_OK), "%d: %s", train, err.text);
        bolter_corpus_free(corpus);
    }
    CHECK(c, bolter_dataset_row(d, BOLTER_TEST, 0)->label == -1, "a label");
    bolter_dataset_free(d);
}

/* The first row of an mbox with this header, where dates are kept or not. */
static bolter_row dated_row(struct check *c, const char *header, bool keep)
{
    char mbox[1000];
    bolter_dataset *d = open_dataset();
    bolter_corpus *corpus;
    bolter_error err = {0};
    snprintf(mbox, sizeof mbox, "From a@example.org Mon Jan  1 00:00:00 2024\n%sSubject: tea\n\ntea\n\n",
             header);
    tiny_put(check_tmpdir(), "dated.mbox", mbox);
    if (keep)
        bolter_dataset_keep_dates(d);
    bolter_corpus_open(&corpus, "mbox", tiny_path("dated.mbox"), "ham", &err);
    CHECK(c, bolter_dataset_add(d, corpus, BOLTER_TEST, &err) == BOLTER_OK, "%s", err.text);
    bolter_row row = *bolter_dataset_row(d, BOLTER_TEST, 0);
    bolter_corpus_free(corpus);
    bolter_dataset_free(d);
    return row;
}

static void a_mail_came_when_the_topmost_received_field_says(struct check *c)
{
    static const struct {
        const char *header;
        bool dated;
        int64_t time;
    } cases[] = {
        {"Received: from a by b; Thu, 22 Aug 2002 12:36:23 +0100 (IST)\n"
         "Received: by c; Mon, 1 Jan 2001 0:0:0 +0000\n"
         "Date: Wed, 21 Aug 2002 12:36:23 +0000\n", true, 1030016183},
        {"Received: from a\n by b with ESMTP id <x;y>;\n\tThu, 22 Aug 2002 07:36:23 -0400\n", true,
         1030016183},
        {"Received: by a; nonsense\nReceived: by b; 22 Aug 2002 11:36:23 GMT\n", true, 1030016183},
        {"Received: from a by b\nDate: Thu, 22 Aug 2002 11:36:23 -0000\n", true, 1030016183},
        {"Date: Thu, 22 Aug 02 07:36:23 EDT\n", true, 1030016183},
        {"Date: 22 Aug 2002 11:36 UT\n", true, 1030016160},
        {"Date: Sun, 06 Nov 94 08:49:37 GMT\n", true, 784111777},
        {"Date: yesterday\n", false, 0},
        {"", false, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bolter_row row = dated_row(c, cases[i].header, true);
        CHECK(c, row.dated == cases[i].dated && (!row.dated || row.time == cases[i].time),
              "%s: %d, %lld, want %lld", cases[i].header, row.dated, (long long)row.time,
              (long long)cases[i].time);
    }
    CHECK(c, !dated_row(c, cases[0].header, false).dated, "a date that nobody asked for");
}

int main(void)
{
    static const struct check_case cases[] = {
        CASE(a_split_file_decides),
        CASE(an_id_with_two_parts_is_a_mismatch),
        CASE(an_id_of_two_corpora_is_a_mismatch),
        CASE(an_id_that_no_split_file_knows_is_a_mismatch),
        CASE(broken_split_files_name_their_line),
        CASE(splits_by_content_are_70_10_20),
        CASE(equal_texts_stay_together),
        CASE(labels_are_names_or_numbers),
        CASE(labels_outside_the_list_name_their_example),
        CASE(a_dataset_has_at_least_one_label),
        CASE(texts_without_labels_can_be_tested_only),
        CASE(a_mail_came_when_the_topmost_received_field_says),
    };
    return check_main(cases, sizeof cases / sizeof *cases);
}
