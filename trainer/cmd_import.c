/*
 * cmd_import.c - bolter-train import: OpenAI's release of GPT-2, or a PyTorch state dict, as a model
 * directory.
 *
 * A state dict is a zip file. It is unpacked beside the directory to be made, read there by the library,
 * and what was unpacked is removed.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bolter_train.h"
#include "trainer/commands.h"
#include "trainer/interrupt.h"
#include "trainer/options.h"
#include "trainer/progress.h"
#include "trainer/tree.h"
#include "trainer/unpack.h"

#define MAX_LABELS 256

struct import {
    const char *source, *out;
    char *labels; /* the option's value, cut at its commas; owned */
    const char *label[MAX_LABELS];
    bolter_import_options o;
    struct progress progress;
};

static void show(void *ud, const char *doing, uint64_t done, uint64_t total)
{
    struct import *im = ud;
    if (!im->progress.what)
        progress_start(&im->progress, doing);
    progress_show(&im->progress, done, total, "");
}

static bool take_labels(void *to, const char *name, const char *value)
{
    struct import *im = to;
    free(im->labels);
    im->o.n_label = 0;
    im->o.label = im->label;
    im->labels = strdup(value);
    for (char *at = im->labels; at; im->o.n_label++) {
        if (im->o.n_label == MAX_LABELS) {
            complain("--%s: more than %d labels", name, MAX_LABELS);
            return false;
        }
        im->label[im->o.n_label] = at;
        at = strchr(at, ',');
        if (at)
            *at++ = 0;
    }
    return im->labels != NULL;
}

static bool has_file(const char *dir, const char *name)
{
    char *path = text_of("%s/%s", dir, name);
    struct stat st;
    bool there = path && stat(path, &st) == 0 && S_ISREG(st.st_mode);
    free(path);
    return there;
}

/* The one folder below dir, or dir, that has a data.pkl: to free(), or NULL. */
static char *find_pickle(const char *dir)
{
    if (has_file(dir, "data.pkl"))
        return strdup(dir);
    DIR *d = opendir(dir);
    char *found = NULL;
    for (struct dirent *e; d && !found && (e = readdir(d));) {
        char *path = text_of("%s/%s", dir, e->d_name);
        if (path && strcmp(e->d_name, "..") != 0 && has_file(path, "data.pkl"))
            found = path;
        else
            free(path);
    }
    if (d)
        closedir(d);
    return found;
}

static bool is_zip(const char *path)
{
    char begin[4] = "";
    FILE *f = fopen(path, "rb");
    if (!f)
        return complain_errno(path);
    size_t n = fread(begin, 1, sizeof begin, f);
    fclose(f);
    if (n == sizeof begin && memcmp(begin, "PK\3\4", 4) == 0)
        return true;
    complain("%s: no zip file: if PyTorch before 1.6 saved it, load and save it with a newer one",
             path);
    return false;
}

static bool imported(bolter_status rc, const bolter_error *err, struct import *im)
{
    progress_end(&im->progress);
    if (rc != BOLTER_OK)
        complain("%s", err->text);
    return rc == BOLTER_OK;
}

/* From a directory with a data.pkl. */
static bool import_unpacked(struct import *im, const char *dir)
{
    bolter_error err = {0};
    char *folder = find_pickle(dir);
    if (!folder) {
        complain("%s: no data.pkl: expected a state dict of PyTorch", im->source);
        return false;
    }
    bool ok = imported(bolter_import_torch(folder, im->out, &im->o, &err), &err, im);
    free(folder);
    return ok;
}

/* The values are stored as they are, so that a ratio far from one is no checkpoint. */
static bool import_zip(struct import *im)
{
    static const struct unpack_limits limits = {
        .max_bytes = (uint64_t)64 << 30, .max_entries = 100000, .max_ratio = 20};
    if (!is_zip(im->source))
        return false;
    size_t n = strlen(im->out);
    while (n > 1 && im->out[n - 1] == '/')
        n--;
    char *dir = text_of("%.*s.import.%ld", (int)n, im->out, (long)getpid());
    bool made = dir && (mkdir(dir, 0700) == 0 || complain_errno(dir));
    bool ok = made && unpack_archive(im->source, dir, NULL, &limits) == UNPACK_DONE &&
              import_unpacked(im, dir);
    if (made && !tree_remove(dir))
        ok = false;
    free(dir);
    return ok;
}

static bool import_any(struct import *im)
{
    struct stat st;
    if (stat(im->source, &st) != 0)
        return complain_errno(im->source);
    if (!S_ISDIR(st.st_mode))
        return import_zip(im);
    if (!has_file(im->source, "hparams.json"))
        return import_unpacked(im, im->source);
    bolter_error err = {0};
    return imported(bolter_import_openai(im->source, im->out, &im->o, &err), &err, im);
}

/* The result opens, and what it is. */
static bool describe(const struct import *im)
{
    bolter_error err = {0};
    bolter_model *m;
    if (bolter_model_open(&m, im->out, &err) != BOLTER_OK) {
        complain("%s", err.text);
        return false;
    }
    const bolter_model_info *i = bolter_model_info_of(m);
    printf("%s: %llu parameters, %d blocks of %d channels and %d heads, %d tokens, %d positions, ",
           im->out, (unsigned long long)i->n_param, i->n_layer, i->n_embd, i->n_head, i->n_vocab,
           i->n_ctx);
    if (i->n_label > 0)
        printf("%d labels", i->n_label);
    else
        fputs("a language model", stdout);
    puts(bolter_model_tok(m) ? "" : ", no tokenizer");
    bolter_model_unref(m);
    return true;
}

int cmd_import(int argc, char **argv)
{
    struct import im = {.o = {.progress = show}};
    im.o.ud = &im;
    const struct option_row rows[] = {
        STRING("out", 'o', &im.out, "DIR", "the model directory to make"),
        STRING("tokenizer", 0, &im.o.tokenizer, "DIR",
               "take vocab.json and merges.txt from there"),
        SIZE("heads", 0, &im.o.n_head, 0, 4096, "N",
             "attention heads of a state dict, 0: channels / 64"),
        CALL("labels", 0, take_labels, &im, "LIST", "of a classifier [ham,spam]"),
        SIZE("pad-to", 0, &im.o.pad_to, 0, 1e6, "N",
             "a classifier's texts are cut or padded to so many tokens, 0: not"),
        WORD("dtype", 0, &im.o.dtype, "TYPE", "of the weights, else float32", DTYPES),
    };
    int operand = options_parse(argc, argv, rows, sizeof rows / sizeof *rows,
                                "import -o DIR [options] DIRECTORY|FILE.pth");
    int status = operand == -1 ? EXIT_DONE : EXIT_USAGE;
    if (operand >= 0 && (operand + 1 != argc || !im.out)) {
        complain("import needs -o DIR, and a directory or a file to import");
    } else if (operand >= 0) {
        im.source = argv[operand];
        interrupt_catch(); /* what was unpacked goes */
        status = import_any(&im) && describe(&im) ? EXIT_DONE : EXIT_FAILED;
        if (status != EXIT_DONE && interrupted())
            status = EXIT_INTERRUPTED;
    }
    free(im.labels);
    return status;
}
