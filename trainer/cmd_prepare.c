/*
 * cmd_prepare.c - bolter-train prepare: corpora, cleaned and split, as files to train from.
 *
 * sources -> collection -> clean -> limit -> split -> leaks, lengths -> files. With --check nothing
 * is changed or written, and with --book everything is as in the book.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "trainer/commands.h"
#include "trainer/options.h"
#include "trainer/prepare.h"

static const char usage[] = "prepare -o DIR [options] corpora\n"
                            "       bolter-train prepare -o DIR --book FILE\n"
                            "       bolter-train prepare --check TRAIN [VALIDATION] TEST";

/* ---- Options ---- */

/* In the order of bolter_copies and bolter_split_by. */
#define COPIES "remove, together, keep"
#define SPLITS "text, time, sender, thread"

static int parse(struct prepare *p, int argc, char **argv)
{
    const struct option_row rows[] = {
        STRING("out", 'o', &p->out, "DIR", "where train, validation and test go"),
        SOURCE_ROWS(&p->sources),
        STRING("layout", 0, &p->layout, "TEMPLATE", "of mail, else that of a model that names none"),
        HEADING("What is left out:"),
        WORD("duplicates", 0, &p->duplicates, "HOW", "texts with the same words", COPIES),
        WORD("near-duplicates", 0, &p->near_duplicates, "HOW", "nearly the same", COPIES),
        FLAG("balance", 0, &p->balance, "as many texts of each label as of the rarest"),
        SIZE("max-per-class", 0, &p->max_per_class, 0, 1e15, "N", "texts of a label, 0: all"),
        HEADING("How it is split:"),
        STRING("ratio", 0, &p->ratio, "A,B,C", "shares of train, validation, test"),
        WORD("split-by", 0, &p->split_by, "WHAT", "by what", SPLITS),
        SIZE("seed", 0, &p->seed, 0, UINT32_MAX, "N", "of everything random"),
        STRING("book", 0, &p->book, "FILE",
               "the SMS collection as in the book \"Build a Large Language Model\""),
        HEADING("Output:"),
        WORD("format", 0, &p->format, "FORMAT", "of the files", "csv, jsonl"),
        FLAG("ids", 0, &p->ids, "write the ids too"),
        FLAG("numbers", 0, &p->numbers, "write labels as numbers: ham 0, spam 1"),
        FLAG("force", 0, &p->force, "replace files that are there"),
        STRING("model", 'm', &p->model, "DIR", "count tokens with this model's tokenizer too"),
        FLAG("json", 0, &p->json, "print one JSON object"),
        FLAG("check", 0, &p->check, "only look for texts that are in two of the files"),
    };
    int operand = options_parse(argc, argv, rows, sizeof rows / sizeof *rows, usage);
    p->copies = (bolter_copies)option_word(COPIES, p->duplicates);
    p->near = (bolter_copies)option_word(COPIES, p->near_duplicates);
    p->by = (bolter_split_by)option_word(SPLITS, p->split_by);
    return operand;
}

static bool read_ratio(struct prepare *p)
{
    const char *s = p->ratio;
    double sum = 0;
    bool good = true;
    for (int i = 0; i < PREPARE_PARTS && good; i++) {
        char *end;
        p->share[i] = strtod(s, &end);
        good = end > s && *end == (i + 1 < PREPARE_PARTS ? ',' : 0) && p->share[i] >= 0 &&
               p->share[i] <= 1e9;
        sum += p->share[i];
        s = end + 1;
    }
    if (!good || !(sum > 0)) {
        complain("--ratio: \"%s\", expected three numbers such as 70,10,20", p->ratio);
        return false;
    }
    for (int i = 0; i < PREPARE_PARTS; i++)
        p->share[i] /= sum;
    return true;
}

/* The operands of --check: two or three files, the first trains and the last tests. */
static bool take_files(struct prepare *p, int n, char **file)
{
    if (n == 0)
        return true;
    if (!p->check || n == 1 || n > PREPARE_PARTS) {
        complain(p->check ? "--check: expected two or three files, found %d"
                          : "unexpected operand, %d in all",
                 n);
        return false;
    }
    static const char *const parts[] = {"train", "validation", "test"};
    for (int i = 0; i < n; i++)
        if (!sources_take(&p->sources, parts[i + 1 < n ? i : 2], file[i]))
            return false;
    return true;
}

static bool files_are_free(const struct prepare *p)
{
    for (bolter_part part = BOLTER_TRAIN; part <= BOLTER_TEST; part++) {
        char path[4096];
        snprintf(path, sizeof path, "%s/%s.%s", p->out, prepare_part_name(part), p->format);
        if (!p->force && access(path, F_OK) == 0) {
            complain("%s: is there already; --force replaces it", path);
            return false;
        }
    }
    return true;
}

/* Exit status, or -1 where all is well. */
static int check_options(struct prepare *p, int n, char **operand)
{
    if (!take_files(p, n, operand) || !read_ratio(p))
        return EXIT_USAGE;
    if (p->check ? p->out || p->book || p->sources.n == 0
                 : !p->out || !p->book == (p->sources.n == 0)) {
        complain("prepare needs -o DIR and corpora, -o DIR and --book FILE, or --check and files "
                 "(see --help)");
        return EXIT_USAGE;
    }
    return p->check || files_are_free(p) ? -1 : EXIT_FAILED;
}

/* ---- Work ---- */

static void show(void *ud, const char *doing, uint64_t done, uint64_t total)
{
    struct prepare *p = ud;
    if (p->progress.what != doing) {
        progress_end(&p->progress);
        progress_start(&p->progress, doing);
    }
    progress_show(&p->progress, done, total, "");
}

static uint64_t count_all(const bolter_collection *c)
{
    uint64_t n = 0;
    for (bolter_part part = BOLTER_TRAIN; part <= BOLTER_BY_SPLIT; part++)
        n += bolter_collection_count(c, part);
    return n;
}

static bolter_status collect(struct prepare *p, bolter_error *err)
{
    bolter_collection_options o = {
        .layout = p->layout, .verbatim = p->book, .progress = show, .ud = p};
    bolter_status rc = bolter_collection_open(&p->c, &o, err);
    if (rc == BOLTER_OK && p->book) {
        p->sources.kind = "tsv-quotes";
        sources_take(&p->sources, "data", p->book);
    }
    if (rc == BOLTER_OK)
        rc = sources_collect(&p->sources, p->c, err);
    if (rc == BOLTER_OK)
        p->n_read = count_all(p->c);
    return rc;
}

static bolter_status clean_and_split(struct prepare *p, bolter_error *err)
{
    if (p->book)
        return bolter_collection_split_book(p->c, (uint32_t)p->seed, err);
    bolter_status rc = bolter_collection_clean(p->c, p->copies, p->near, &p->cleaned, err);
    if (rc == BOLTER_OK)
        rc = bolter_collection_limit(p->c, p->max_per_class, p->balance, p->seed, &p->n_limited,
                                     err);
    if (rc == BOLTER_OK && bolter_collection_count(p->c, BOLTER_BY_SPLIT) > 0)
        rc = bolter_collection_split(p->c, p->by, p->share, p->seed, err);
    return rc;
}

/* Between all parts that have texts. */
static bolter_status find_leaks(struct prepare *p, bolter_error *err)
{
    bolter_status rc = BOLTER_OK;
    for (bolter_part part = BOLTER_VALID; part <= BOLTER_TEST; part++) {
        for (bolter_part seen = BOLTER_TRAIN; rc == BOLTER_OK && seen < part; seen++) {
            if (bolter_collection_count(p->c, part) == 0 ||
                bolter_collection_count(p->c, seen) == 0)
                continue;
            struct leak *leak = &p->leak[p->n_leak++];
            *leak = (struct leak){.seen = seen, .part = part};
            rc = bolter_collection_leaks(p->c, seen, part, &leak->found, err);
        }
    }
    return rc;
}

static bolter_status run(struct prepare *p, bolter_error *err)
{
    bolter_write_options o = {.jsonl = strcmp(p->format, "jsonl") == 0,
                              .ids = p->ids,
                              .numbers = p->numbers || p->book,
                              .overwrite = p->force};
    bolter_status rc = p->model ? bolter_tok_open(&p->tok, p->model, err) : BOLTER_OK;
    if (rc == BOLTER_OK)
        rc = collect(p, err);
    if (rc == BOLTER_OK && !p->check)
        rc = clean_and_split(p, err);
    if (rc == BOLTER_OK)
        rc = find_leaks(p, err);
    if (rc == BOLTER_OK)
        rc = prepare_measure(p, err);
    if (rc == BOLTER_OK && !p->check)
        rc = bolter_collection_write(p->c, p->out, &o, err);
    progress_end(&p->progress);
    return rc;
}

int cmd_prepare(int argc, char **argv)
{
    struct prepare p = {.ratio = "70,10,20",
                        .split_by = "text",
                        .duplicates = "remove",
                        .near_duplicates = "together",
                        .format = "csv",
                        .seed = 123};
    int operand = parse(&p, argc, argv);
    if (operand < 0)
        return operand == -1 ? EXIT_DONE : EXIT_USAGE;
    int rc = check_options(&p, argc - operand, argv + operand);
    if (rc >= 0)
        return rc;
    bolter_error err = {0};
    bool ok = run(&p, &err) == BOLTER_OK;
    if (ok && p.check && p.n_leak == 0) {
        complain("--check: all texts are in one part, expected at least two");
        ok = false;
    } else if (!ok) {
        complain("%s", err.text);
    }
    if (ok && p.json)
        prepare_print_json(&p);
    else if (ok)
        prepare_print(&p);
    bolter_collection_free(p.c);
    bolter_tok_free(p.tok);
    return ok ? EXIT_DONE : EXIT_FAILED;
}
