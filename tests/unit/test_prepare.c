/* test_prepare.c - collections: cleaning, splitting, writing. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "data/collect.h"
#include "tests/check.h"

static const char *in_tmp(const char *name)
{
    static char slots[4][1024];
    static size_t next;
    char *path = slots[next++ % 4];
    snprintf(path, 1024, "%s/%s", check_tmpdir(), name);
    return path;
}

static const char *put_file(const char *name, const char *bytes)
{
    const char *path = in_tmp(name);
    FILE *f = fopen(path, "wb");
    fputs(bytes, f);
    fclose(f);
    return path;
}

/* ---- Collections ---- */

static bolter_collection *open_one(void)
{
    bolter_collection *c = NULL;
    bolter_collection_open(&c, NULL, NULL);
    return c;
}

static bolter_status add(bolter_collection *c, const char *kind, const char *content,
                         const char *label, bolter_part part, bolter_error *err)
{
    bolter_corpus *corpus;
    bolter_status rc = bolter_corpus_open(&corpus, kind, put_file("in", content), label, err);
    if (rc == BOLTER_OK)
        rc = bolter_collection_add(c, corpus, part, err);
    bolter_corpus_free(corpus);
    return rc;
}

/* Ids of a part, each followed by a blank. */
static const char *ids(const bolter_collection *c, bolter_part part)
{
    static char line[2000];
    size_t n = 0;
    line[0] = 0;
    for (size_t i = 0; i < bolter_collection_count(c, part) && n < sizeof line; i++)
        n += (size_t)snprintf(line + n, sizeof line - n, "%s ",
                              bolter_collection_item(c, part, i).id);
    return line;
}

static const char copies[] = "ham\t1\tWin 5 now!\nham\t2\twin 77 NOW\nspam\t3\tbuy\nham\t4\tBuy!\n"
                             "ham\t5\t\nspam\t6\ta b c d e f g h i j k l m n\n"
                             "spam\t7\ta b c d e f g h i j k l m z\n"
                             "ham\t8\ta b c d e f g h i j k l m y\nham\t9\t...\n";

static void copies_and_conflicts_are_left_out(struct check *c)
{
    bolter_collection *all = open_one();
    bolter_cleaned x;
    CHECK(c, add(all, "tsv", copies, NULL, BOLTER_BY_SPLIT, NULL) == BOLTER_OK, "add");
    CHECK(c,
          bolter_collection_clean(all, BOLTER_COPIES_REMOVE, BOLTER_COPIES_REMOVE, &x, NULL) ==
              BOLTER_OK,
          "clean");
    CHECK(c, x.empty == 1 && x.copies == 1 && x.conflicts == 2 && x.conflict, "%d %d %d",
          (int)x.empty, (int)x.copies, (int)x.conflicts);
    CHECK(c, strcmp(x.conflict, "3") == 0, "conflict of %s", x.conflict);
    CHECK(c, x.near == 2 && x.near_labels == 1, "%d near, %d of another label", (int)x.near,
          (int)x.near_labels);
    CHECK(c, strcmp(ids(all, BOLTER_BY_SPLIT), "1 6 8 9 ") == 0, "kept %s",
          ids(all, BOLTER_BY_SPLIT));
    bolter_collection_free(all);
}

static void copies_may_stay(struct check *c)
{
    static const bolter_copies how[] = {BOLTER_COPIES_TOGETHER, BOLTER_COPIES_KEEP};
    for (size_t i = 0; i < 2; i++) {
        bolter_collection *all = open_one();
        bolter_cleaned x;
        add(all, "tsv", copies, NULL, BOLTER_BY_SPLIT, NULL);
        bolter_collection_clean(all, how[i], how[i], &x, NULL);
        CHECK(c, strcmp(ids(all, BOLTER_BY_SPLIT), "1 2 6 7 8 9 ") == 0, "kept %s",
              ids(all, BOLTER_BY_SPLIT));
        bool together =
            bt_unit_of(all, 0) == bt_unit_of(all, 1) && bt_unit_of(all, 5) == bt_unit_of(all, 7);
        CHECK(c, together == (how[i] == BOLTER_COPIES_TOGETHER), "together: %d", together);
        bolter_collection_free(all);
    }
}

/* n texts that nothing connects: every third is spam. */
static void make_rows(bt_buf *b, size_t n)
{
    bt_buf_reset(b);
    for (size_t i = 0; i < n; i++) {
        char word[4] = {(char)('a' + i / 676 % 26), (char)('a' + i / 26 % 26), (char)('a' + i % 26),
                        0};
        bt_buf_appendf(b, "%s\tthe text of %s\n", i % 3 ? "ham" : "spam", word);
    }
}

static size_t count_label(const bolter_collection *c, bolter_part part, const char *label)
{
    size_t n = 0;
    for (size_t i = 0; i < bolter_collection_count(c, part); i++)
        n += strcmp(c->label[bolter_collection_item(c, part, i).label], label) == 0;
    return n;
}

static void a_split_at_random_gives_each_label_its_share(struct check *c)
{
    static const double share[3] = {0.7, 0.1, 0.2};
    static const size_t want[3] = {700, 100, 200};
    bt_buf rows;
    bt_buf_init(&rows, 1 << 20);
    make_rows(&rows, 1000);
    char first[64] = "";
    for (unsigned run = 0; run < 3; run++) { /* twice the same seed, and another one */
        bolter_collection *all = open_one();
        add(all, "tsv", rows.data, NULL, BOLTER_BY_SPLIT, NULL);
        CHECK(c, bolter_collection_split(all, BOLTER_SPLIT_TEXT, share, run / 2, NULL) == BOLTER_OK,
              "split");
        for (int p = 0; p < 3; p++) {
            size_t n = bolter_collection_count(all, (bolter_part)p);
            size_t spam = count_label(all, (bolter_part)p, "spam");
            CHECK(c, n >= want[p] - 2 && n <= want[p] + 2, "part %d: %zu", p, n);
            CHECK(c, 3 * spam + 6 >= want[p] && 3 * spam <= want[p] + 6, "part %d: %zu spam", p,
                  spam);
        }
        const char *got = ids(all, BOLTER_VALID);
        CHECK(c, (strncmp(got, first, 60) == 0) == (run == 1), "run %u: %s", run, got);
        snprintf(first, sizeof first, "%.60s", got);
        bolter_collection_free(all);
    }
    bt_buf_free(&rows);
}

static void copies_go_where_a_fixed_text_is(struct check *c)
{
    static const double share[3] = {1, 0, 0};
    bolter_collection *all = open_one();
    bolter_cleaned x;
    add(all, "tsv", "h\t1\ta b c\nh\t2\td e f\n", NULL, BOLTER_BY_SPLIT, NULL);
    add(all, "tsv", "h\t3\tA B C\n", NULL, BOLTER_TEST, NULL);
    bolter_collection_clean(all, BOLTER_COPIES_TOGETHER, BOLTER_COPIES_KEEP, &x, NULL);
    bolter_collection_split(all, BOLTER_SPLIT_TEXT, share, 1, NULL);
    CHECK(c, strcmp(ids(all, BOLTER_TRAIN), "2 ") == 0, "train: %s", ids(all, BOLTER_TRAIN));
    CHECK(c, bolter_collection_count(all, BOLTER_TEST) == 2, "test: %s", ids(all, BOLTER_TEST));
    bolter_collection_free(all);
}

static void balance_and_limit_draw_texts_of_each_label(struct check *c)
{
    bt_buf rows;
    bt_buf_init(&rows, 1 << 20);
    make_rows(&rows, 300);
    static const struct {
        uint64_t most;
        bool balance;
        size_t ham, spam;
    } cases[] = {
        {0, false, 200, 100}, {0, true, 100, 100}, {150, false, 150, 100}, {50, true, 50, 50}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bolter_collection *all = open_one();
        uint64_t gone;
        add(all, "tsv", rows.data, NULL, BOLTER_BY_SPLIT, NULL);
        CHECK(c,
              bolter_collection_limit(all, cases[i].most, cases[i].balance, 1, &gone, NULL) ==
                  BOLTER_OK,
              "limit");
        size_t ham = count_label(all, BOLTER_BY_SPLIT, "ham");
        size_t spam = count_label(all, BOLTER_BY_SPLIT, "spam");
        CHECK(c, ham == cases[i].ham && spam == cases[i].spam && gone == 300 - ham - spam,
              "case %zu: %zu ham, %zu spam", i, ham, spam);
        bolter_collection_free(all);
    }
    bt_buf_free(&rows);
}

/* A mail of March 2024. */
static void put_mail(bt_buf *b, int day, const char *from, const char *fields, const char *body)
{
    bt_buf_appendf(b, "From x\nDate: %d Mar 2024 12:00:00 +0000\nFrom: %s\n%s\n%s\n\n", day, from,
                   fields, body);
}

static bolter_collection *ten_mails(void)
{
    bolter_collection *all = open_one();
    bt_buf b;
    bt_buf_init(&b, 1 << 16);
    for (int i = 0; i < 10; i++) {
        char from[40], fields[200], body[40];
        snprintf(from, sizeof from, "u%d@d%d.example", i, i / 2);
        snprintf(fields, sizeof fields, "Message-ID: <%d@x>\nSubject: %s%c\n%s%d%s", i,
                 i == 9 ? "Re: [list] RE: " : "", i == 9 ? 'a' : 'a' + i,
                 i == 1   ? "References: <0@x> <"
                 : i == 2 ? "In-Reply-To: <"
                          : "X: <",
                 i == 1   ? 77
                 : i == 2 ? 1
                          : i,
                 "@x>\n");
        snprintf(body, sizeof body, "body %c", 'a' + i);
        put_mail(&b, 20 - i, from, fields, body);
    }
    add(all, "mbox", b.data, "ham", BOLTER_BY_SPLIT, NULL);
    bt_buf_free(&b);
    return all;
}

static void a_split_by_time_trains_on_the_oldest(struct check *c)
{
    static const double share[3] = {0.7, 0.1, 0.2};
    bolter_collection *all = ten_mails();
    add(all, "text", "no date at all", "ham", BOLTER_BY_SPLIT, NULL);
    CHECK(c, bolter_collection_split(all, BOLTER_SPLIT_TIME, share, 1, NULL) == BOLTER_OK, "split");
    const char *got = ids(all, BOLTER_TRAIN);
    CHECK(c, strcmp(got, "in in/9 in/8 in/7 in/6 in/5 in/4 in/3 ") == 0, "train: %s", got);
    got = ids(all, BOLTER_TEST);
    CHECK(c, strcmp(got, "in/1 in/0 ") == 0, "test: %s", got);
    bolter_collection_free(all);
    all = open_one();
    bolter_error err = {0};
    add(all, "text", "no date at all", "ham", BOLTER_BY_SPLIT, NULL);
    CHECK(c, bolter_collection_split(all, BOLTER_SPLIT_TIME, share, 1, &err) == BOLTER_E_MISMATCH,
          "no dates: %s", err.text);
    CHECK(c, bolter_collection_split(all, BOLTER_SPLIT_THREAD, share, 1, NULL) == BOLTER_E_MISMATCH,
          "no threads");
    bolter_collection_free(all);
}

static void mail_of_a_sender_or_thread_stays_together(struct check *c)
{
    static const double share[3] = {0.5, 0.2, 0.3};
    for (uint64_t seed = 0; seed < 20; seed++) {
        bolter_collection *all = ten_mails();
        bolter_collection_split(all, BOLTER_SPLIT_SENDER, share, seed, NULL);
        for (size_t i = 0; i < 10; i += 2)
            CHECK(c, all->item[i].part == all->item[i + 1].part, "sender of %zu", i);
        bolter_collection_free(all);
        all = ten_mails();
        bolter_collection_split(all, BOLTER_SPLIT_THREAD, share, seed, NULL);
        static const size_t thread[] = {1, 2, 9};
        for (size_t i = 0; i < 3; i++)
            CHECK(c, all->item[thread[i]].part == all->item[0].part, "thread of %zu", thread[i]);
        bool apart = false;
        for (size_t i = 3; i < 9; i++)
            apart = apart || all->item[i].part != all->item[0].part;
        CHECK(c, apart, "all in one part");
        bolter_collection_free(all);
    }
}

static void the_envelope_is_read(struct check *c)
{
    static const struct {
        const char *raw;
        int64_t time; /* -1: none */
        const char *domain, *ids;
    } cases[] = {
        {"Received: by a; Thu, 1 Jan 1970 00:01:00 +0000\nReceived: by b; Thu, 1 Jan 1970 00:02:00 "
         "+0000\nDate: Thu, 1 Jan 1970 00:03:00 +0000\nFrom: A <b@C.d>\n\nDate: x\n",
         60, "c.d", ""},
        {"Received: by a; rubbish\nDate: Thu, 1 Jan 1970 01:00:01 +0100\nMessage-Id: <a@b>\n"
         "References: <c@d>\n <e@f>\n\n",
         1, "", "a@b\nc@d\ne@f\n"},
        {"Subject: x\n\nDate: Thu, 1 Jan 1970 00:03:00 +0000\n", -1, "", ""},
        {"no header", -1, "", ""},
        {"", -1, "", ""},
    };
    bt_envelope e = {.dated = true};
    bt_buf_init(&e.subject, 100);
    bt_buf_init(&e.from_domain, 100);
    bt_buf_init(&e.ids, 100);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bolter_status rc = bt_envelope_read(&e, cases[i].raw, strlen(cases[i].raw));
        const char *domain = e.from_domain.data ? e.from_domain.data : "";
        const char *got = e.ids.data ? e.ids.data : "";
        CHECK(c, rc == BOLTER_OK && e.dated == (cases[i].time >= 0), "case %zu", i);
        CHECK(c, !e.dated || e.time == cases[i].time, "case %zu: %lld", i, (long long)e.time);
        CHECK(c, strcmp(domain, cases[i].domain) == 0, "case %zu: from %s", i, domain);
        CHECK(c, strcmp(got, cases[i].ids) == 0, "case %zu: ids %s", i, got);
    }
    bt_buf_free(&e.subject);
    bt_buf_free(&e.from_domain);
    bt_buf_free(&e.ids);
}

static void leaks_are_found_between_parts(struct check *c)
{
    bolter_collection *all = open_one();
    bolter_leaks x;
    add(all, "tsv", "h\ta\tone two three four five six seven eight nine ten\nh\tb\tbye\n", NULL,
        BOLTER_TRAIN, NULL);
    add(all, "tsv",
        "h\tc\tBYE!\nh\td\tone two three four five six seven eight nine ten eleven\nh\te\tx\n",
        NULL, BOLTER_TEST, NULL);
    CHECK(c, bolter_collection_leaks(all, BOLTER_TRAIN, BOLTER_TEST, &x, NULL) == BOLTER_OK, "run");
    CHECK(c, x.same == 1 && x.near == 2, "%d the same, %d near", (int)x.same, (int)x.near);
    CHECK(c, x.id && strcmp(x.id, "c") == 0 && strcmp(x.other, "b") == 0, "%s like %s", x.id,
          x.other);
    CHECK(c, bolter_collection_leaks(all, BOLTER_TEST, BOLTER_TEST, &x, NULL) == BOLTER_E_ARG,
          "itself");
    bolter_collection_free(all);
}

/* ---- Writing ---- */

static void check_file(struct check *c, const char *name, const char *want)
{
    bt_buf b;
    bt_buf_init(&b, 1 << 20);
    bt_read_all(&b, in_tmp(name), NULL);
    const char *got = b.data ? b.data : "";
    CHECK(c, strcmp(got, want) == 0, "%s: got \"%s\"", name, got);
    bt_buf_free(&b);
}

static void files_are_csv_or_json_lines(struct check *c)
{
    bolter_collection *all = open_one();
    bolter_error err = {0};
    add(all, "tsv", "ham\t1\ta,b\nspam\t2\t\"q\" u\nham\t3\tx\\ny\nham\t4\t;' \xc3\xa9\n", NULL,
        BOLTER_TRAIN, NULL);
    add(all, "tsv", "eggs,\t\"5\tz\n", NULL, BOLTER_TEST, NULL);
    CHECK(c, bolter_collection_write(all, in_tmp("new"), NULL, &err) == BOLTER_OK, "%s", err.text);
    check_file(c, "new/train.csv",
               "Label,Text\nham,\"a,b\"\nspam,\"\"\"q\"\" u\"\nham,\"x\ny\"\nham,;' \xc3\xa9\n");
    check_file(c, "new/validation.csv", "Label,Text\n");
    check_file(c, "new/test.csv", "Label,Text\n\"eggs,\",z\n");
    CHECK(c, bolter_collection_write(all, in_tmp("new"), NULL, &err) == BOLTER_E_IO, "overwrites");
    CHECK(c, strstr(err.text, "new/train.csv: is there already"), "got %s", err.text);
    bolter_write_options o = {.ids = true, .numbers = true, .overwrite = true};
    CHECK(c, bolter_collection_write(all, in_tmp("new"), &o, NULL) == BOLTER_OK, "over");
    check_file(c, "new/test.csv", "Label,Text,Id\n2,z,\"\"\"5\"\n");
    o = (bolter_write_options){.ids = true, .jsonl = true};
    CHECK(c, bolter_collection_write(all, in_tmp("new"), &o, NULL) == BOLTER_OK, "jsonl");
    check_file(c, "new/test.jsonl", "{\"id\":\"\\\"5\",\"label\":\"eggs,\",\"text\":\"z\"}\n");
    CHECK(c, bolter_collection_write(all, in_tmp("no/such"), &o, &err) == BOLTER_E_IO, "nowhere");
    bolter_collection_free(all);
}

static void what_is_written_is_read_back_unchanged(struct check *c)
{
    static const char *const mails[] = {
        "Subject: Hi\nFrom: Ann Lee <ann@example.com>\n\nHello, \"you\"\n\nbye\n",
        "From: a.b\nSubject: x\n\nFrom: me\n\nto you\n",
        "Subject: only\n\nSubject: body\nFrom: y\n",
        "From: John Q. Public <j@x.example>\n\nno subject\n",
        "From: <j@x.example>\nSubject: only domain\n\n",
        "\n\nno header  at all\n",
    };
    for (size_t i = 0; i < sizeof mails / sizeof *mails; i++) {
        bolter_collection *all = open_one(), *again = open_one();
        bolter_write_options o = {.ids = true, .overwrite = true};
        add(all, "mail", mails[i], "ham", BOLTER_TRAIN, NULL);
        bolter_collection_write(all, in_tmp("back"), &o, NULL);
        bolter_corpus *corpus;
        bolter_corpus_open(&corpus, NULL, in_tmp("back/train.csv"), NULL, NULL);
        bolter_collection_add(again, corpus, BOLTER_TRAIN, NULL);
        bolter_corpus_free(corpus);
        const char *want = all->item[0].pub.text,
                   *got = again->n ? again->item[0].pub.text : "none";
        CHECK(c, strcmp(got, want) == 0, "mail %zu: got \"%s\", want \"%s\"", i, got, want);
        bolter_collection_free(all);
        bolter_collection_free(again);
    }
}

static void laid_out_mail_read_as_plain_text_stays_as_it_is(struct check *c)
{
    static const char *const cases[][2] = {
        {"Subject: Hi\nFrom: Ann Lee example.com\n\nHello", NULL},
        {"Subject: Hi\nFrom: example.com", NULL},
        {"Subject: Hi\nFrom: Ann", NULL},
        {"Subject: Hi\n\nFrom: me\n\nyou", NULL},
        {"From: Ann example.com\n\nHello", NULL},
        {"Subject: Hi\nFrom: me\nto you", "Subject: Hi\n\nFrom: me\nto you"},
    };
    bolter_text *t;
    bolter_text_open(&t, NULL, NULL);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *want = cases[i][1] ? cases[i][1] : cases[i][0], *got;
        size_t n;
        bolter_text_plain(t, cases[i][0], strlen(cases[i][0]), &got, &n, NULL);
        CHECK(c, strcmp(got, want) == 0, "case %zu: got \"%s\"", i, got);
    }
    bolter_text_free(t);
}

static void the_books_split_needs_ham_and_spam(struct check *c)
{
    static const char *const cases[] = {"ham\tx\n", "a\tx\nb\ty\n", "ham\tx\nspam\ty\nspam\tz\n"};
    for (size_t i = 0; i < 3; i++) {
        bolter_collection *all = open_one();
        bolter_error err = {0};
        add(all, "tsv", cases[i], NULL, BOLTER_BY_SPLIT, NULL);
        CHECK(c, bolter_collection_split_book(all, 123, &err) == BOLTER_E_MISMATCH, "case %zu", i);
        bolter_collection_free(all);
    }
}

/* Wants: what pandas 1.5 gives for forty rows of which every fourth is spam. */
static void the_books_split_is_that_of_pandas(struct check *c)
{
    bolter_collection *all = open_one();
    bt_buf b;
    bt_buf_init(&b, 1 << 16);
    for (int i = 0; i < 40; i++)
        bt_buf_appendf(&b, "%s\tt%d\n", i % 4 ? "ham" : "spam", i);
    add(all, "tsv", b.data, NULL, BOLTER_BY_SPLIT, NULL);
    bt_buf_free(&b);
    CHECK(c, bolter_collection_split_book(all, 123, NULL) == BOLTER_OK, "split");
    const char *got = ids(all, BOLTER_TRAIN);
    CHECK(c, strcmp(got, "16 37 11 28 15 29 36 8 10 20 24 31 4 0 ") == 0, "train: %s", got);
    got = ids(all, BOLTER_VALID);
    CHECK(c, strcmp(got, "35 39 ") == 0, "validation: %s", got);
    got = ids(all, BOLTER_TEST);
    CHECK(c, strcmp(got, "17 32 7 12 ") == 0, "test: %s", got);
    bolter_collection_free(all);
}

static void the_books_files_are_the_same_byte_for_byte(struct check *c)
{
    const char *source = check_shared(c, "corpora/sms-spam-collection/SMSSpamCollection");
    static const char *const names[] = {"train.csv", "validation.csv", "test.csv"};
    if (!source)
        return;
    bolter_collection_options o = {.verbatim = true};
    bolter_write_options numbers = {.numbers = true};
    bolter_collection *all;
    bolter_corpus *corpus;
    bolter_collection_open(&all, &o, NULL);
    bolter_corpus_open(&corpus, "tsv-quotes", source, NULL, NULL);
    bolter_collection_add(all, corpus, BOLTER_BY_SPLIT, NULL);
    bolter_corpus_free(corpus);
    CHECK(c, count_label(all, BOLTER_BY_SPLIT, "ham") == 4825, "ham");
    CHECK(c, count_label(all, BOLTER_BY_SPLIT, "spam") == 747, "spam");
    bolter_collection_split_book(all, 123, NULL);
    bolter_collection_write(all, in_tmp("book"), &numbers, NULL);
    for (size_t i = 0; i < 3; i++) {
        char name[100], got[65] = "", want[65] = "-";
        snprintf(name, sizeof name, "book/%s", names[i]);
        bolter_file_sha256(in_tmp(name), got, NULL);
        snprintf(name, sizeof name, "corpora/sms-spam-collection/raschka-split/%s", names[i]);
        const char *shared = check_shared(c, name);
        if (shared)
            bolter_file_sha256(shared, want, NULL);
        CHECK(c, !shared || strcmp(got, want) == 0, "%s differs", names[i]);
    }
    bolter_collection_free(all);
}

/* ---- Memory ---- */

static bolter_status prepare_without_memory(const char *path, unsigned long nth)
{
    static const double share[3] = {0.7, 0.1, 0.2};
    bolter_collection *all = NULL;
    bolter_corpus *corpus = NULL;
    bolter_cleaned x;
    bolter_leaks leaks;
    bt_mem_fail_from(nth);
    bolter_status rc = bolter_collection_open(&all, NULL, NULL);
    if (rc == BOLTER_OK)
        rc = bolter_corpus_open(&corpus, "mbox", path, "ham", NULL);
    if (rc == BOLTER_OK)
        rc = bolter_collection_add(all, corpus, BOLTER_BY_SPLIT, NULL);
    if (rc == BOLTER_OK)
        rc = bolter_collection_clean(all, BOLTER_COPIES_KEEP, BOLTER_COPIES_TOGETHER, &x, NULL);
    if (rc == BOLTER_OK)
        rc = bolter_collection_split(all, BOLTER_SPLIT_THREAD, share, 1, NULL);
    if (rc == BOLTER_OK)
        rc = bolter_collection_leaks(all, BOLTER_TRAIN, BOLTER_TEST, &leaks, NULL);
    if (rc == BOLTER_OK)
        rc = bolter_collection_write(all, in_tmp("oom"), NULL, NULL);
    bt_mem_fail_from(0);
    bolter_corpus_free(corpus);
    bolter_collection_free(all);
    return rc;
}

static void every_failed_allocation_is_reported(struct check *c)
{
    bt_buf b;
    bt_buf_init(&b, 1 << 16);
    for (int i = 0; i < 3; i++)
        put_mail(&b, 1 + i, "a@b.c", "Subject: s\nMessage-ID: <x@y>\n", "the body of it all");
    char path[1024];
    snprintf(path, sizeof path, "%s", put_file("oom.mbox", b.data));
    bt_buf_free(&b);
    unsigned long nth = 1;
    bolter_status rc;
    while ((rc = prepare_without_memory(path, nth)) == BOLTER_E_NOMEM)
        nth++;
    CHECK(c, rc == BOLTER_OK && nth > 50, "allocation %lu: %s", nth, bolter_status_name(rc));
}

int main(void)
{
    static const struct check_case cases[] = {
        CASE(copies_and_conflicts_are_left_out),
        CASE(copies_may_stay),
        CASE(a_split_at_random_gives_each_label_its_share),
        CASE(copies_go_where_a_fixed_text_is),
        CASE(balance_and_limit_draw_texts_of_each_label),
        CASE(a_split_by_time_trains_on_the_oldest),
        CASE(mail_of_a_sender_or_thread_stays_together),
        CASE(the_envelope_is_read),
        CASE(leaks_are_found_between_parts),
        CASE(files_are_csv_or_json_lines),
        CASE(what_is_written_is_read_back_unchanged),
        CASE(laid_out_mail_read_as_plain_text_stays_as_it_is),
        CASE(the_books_split_needs_ham_and_spam),
        CASE(the_books_split_is_that_of_pandas),
        CASE(the_books_files_are_the_same_byte_for_byte),
        CASE(every_failed_allocation_is_reported),
    };
    return check_main(cases, sizeof cases / sizeof *cases);
}
