/* cmd_instruct.c - bolter-train instruct: a language model learns to answer instructions. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trainer/commands.h"
#include "trainer/instructions.h"
#include "trainer/lm.h"

struct instruct {
    struct lm l;
    const char *template_name;
    struct template template;
    bool mask, begin;
    double test_share, validation_share;
    json_t *tasks, *test; /* all of them; those that are left for the test */
    int32_t *ids;         /* of all passages, one after the other */
    size_t n_ids, cap, n_long; /* tasks that were left out */
};

/* ---- Options ---- */

static int parse(struct instruct *o, int argc, char **argv)
{
    struct lm *l = &o->l;
    const struct option_row rows[] = {
        STRING("model", 'm', &l->model, "DIR", "a language model: a Hugging Face directory"),
        STRING("template", 0, &o->template_name, "NAME", "how a task is written: alpaca, phi"),
        FLAG("begin", 0, &o->begin, "the model's begin token before each task"),
        FLAG("mask-instructions", 0, &o->mask, "learn the answers alone, not the instructions"),
        SHARE("test-share", 0, &o->test_share, 0, 0.9, "SHARE",
              "of the tasks, after those to train on, that go to OUT/test.json"),
        SHARE("validation-share", 0, &o->validation_share, 0, 0.9, "SHARE",
              "of the tasks, the last, to validate on"),
        STRING("trainable", 0, &l->train.trainable, "WHAT",
               "last_block, last_N_blocks, all, lora, qlora"),
        STRING("lora-targets", 0, &l->train.lora_targets, "LIST",
               "layers with adapters: all, attention, mlp, or names"),
        SIZE("lora-rank", 0, &l->lora_rank, 1, 4096, "N", "rank of the adapters"),
        REAL("lora-alpha", 0, &l->lora_alpha, 0, 1e6, "X", "their scale is alpha / rank"),
        LM_ROWS(l),
    };
    _Static_assert(sizeof rows / sizeof *rows <= LM_MAX_OPTIONS, "the options have to fit their copy");
    return lm_parse(l, argc, argv, rows, sizeof rows / sizeof *rows,
                    "instruct -m DIR -o DIR [options] FILE");
}

/* ---- Passages ---- */

static bool reserve(struct instruct *o, size_t more)
{
    if (o->cap - o->n_ids >= more)
        return true;
    size_t cap = 2 * o->cap + more;
    int32_t *grown = realloc(o->ids, cap * sizeof *grown);
    if (!grown)
        return false;
    o->ids = grown;
    o->cap = cap;
    return true;
}

/* Append a text's tokens. */
static bool append(struct instruct *o, const char *text, bolter_error *err)
{
    size_t n = 0, len = strlen(text);
    if (!reserve(o, len))
        return false;
    bool ok = bolter_tok_encode(bolter_model_tok(o->l.m), text, len, o->ids + o->n_ids, len, &n, err) ==
              BOLTER_OK;
    o->n_ids += ok ? n : 0;
    return ok;
}

/*
 * One task: its prompt, its answer, the end of text; of a long one, as much as the model reads. The ids may
 * still move, so that p keeps where they begin for now. False with err, or without memory.
 */
static bool add_task(struct instruct *o, const json_t *task, struct passages *to, bolter_error *err)
{
    const bolter_model_info *info = bolter_model_info_of(o->l.m);
    size_t from = o->n_ids, longest = (size_t)info->n_ctx + 1;
    char *prompt = instructions_prompt(&o->template, task);
    if (!prompt || !reserve(o, 2))
        return false;
    if (o->template.begin)
        o->ids[o->n_ids++] = info->begin_id;
    bool ok = append(o, prompt, err);
    size_t n_prompt = o->n_ids - from;
    ok = ok && append(o, instructions_field(task, "output"), err) && reserve(o, 1);
    free(prompt);
    if (!ok)
        return false;
    o->ids[o->n_ids++] = info->end_id;
    if (o->n_ids - from > longest)
        o->n_ids = from + longest;
    if (n_prompt >= o->n_ids - from) { /* no room for an answer */
        o->n_ids = from;
        o->n_long++;
        return true;
    }
    to->p[to->n++] = (bolter_passage){.n = o->n_ids - from, .first = o->mask ? n_prompt : 1};
    return true;
}

static bool add_tasks(struct instruct *o, size_t first, size_t n, struct passages *to)
{
    bolter_error err = {0};
    *to = (struct passages){.p = calloc(n + 1, sizeof *to->p)};
    bool ok = to->p != NULL;
    for (size_t i = first; ok && i < first + n; i++)
        ok = add_task(o, json_array_get(o->tasks, i), to, &err);
    if (!ok)
        complain("%s", err.code ? err.text : "no memory");
    return ok;
}

/* Now that no id moves any more. */
static const int32_t *place(struct passages *p, const int32_t *ids)
{
    for (size_t i = 0; i < p->n; i++) {
        p->p[i].ids = ids;
        ids += p->p[i].n;
    }
    return ids;
}

/* By position: the first to train on, then the test, then validation, as the book of the same experiment
 * (Raschka 2024, chapter 7) has them. */
static bool make_passages(struct instruct *o, const char *path)
{
    struct lm *l = &o->l;
    char hex[65] = "";
    o->tasks = instructions_read(path);
    if (!o->tasks)
        return false;
    size_t n = json_array_size(o->tasks), n_test = (size_t)(o->test_share * (double)n);
    size_t n_valid = (size_t)(o->validation_share * (double)n);
    if (n_test + n_valid >= n) {
        complain("%s: %zu tasks: none is left to train on", path, n);
        return false;
    }
    size_t n_train = n - n_test - n_valid;
    if (!add_tasks(o, 0, n_train, &l->training) ||
        !add_tasks(o, n_train + n_test, n_valid, &l->validation))
        return false;
    place(&l->validation, place(&l->training, o->ids));
    o->test = json_array();
    for (size_t i = n_train; i < n_train + n_test; i++)
        json_array_append(o->test, json_array_get(o->tasks, i));
    fprintf(stderr, "%zu tasks to train on, %zu to validate on, %zu left for the test; %zu without "
            "room for an answer\n", l->training.n, l->validation.n, n_test, o->n_long);
    bolter_error err = {0};
    if (strcmp(path, "-") != 0 && bolter_file_sha256(path, hex, &err) != BOLTER_OK) {
        complain("%s", err.text);
        return false;
    }
    l->data = json_pack("{s:s, s:I, s:I, s:I}", "file", hex, "train", (json_int_t)l->training.n,
                        "validation", (json_int_t)l->validation.n, "test", (json_int_t)n_test);
    return o->test && l->data;
}

/* ---- The command ---- */

static bool open_model(struct instruct *o)
{
    bolter_error err = {0};
    if (bolter_model_open(&o->l.m, o->l.model, &err) != BOLTER_OK) {
        complain("%s", err.text);
        return false;
    }
    const bolter_model_info *info = bolter_model_info_of(o->l.m);
    if (!bolter_model_tok(o->l.m) || info->end_id < 0 || (o->begin && info->begin_id < 0)) {
        complain("%s: no vocab.json, or config.json names no end or begin of text", o->l.model);
        return false;
    }
    return true;
}

static int run(struct instruct *o, const char *path)
{
    if (!open_model(o) || !make_passages(o, path))
        return EXIT_FAILED;
    char *how = template_text(&o->template), *test = json_dumps(o->test, JSON_INDENT(2));
    o->l.more[0] = (bolter_save_file){"instruct.json", how};
    o->l.more[1] = (bolter_save_file){"test.json", test};
    o->l.n_more = 2;
    int status = how && test ? lm_train(&o->l) : EXIT_FAILED;
    free(how);
    free(test);
    return status;
}

int cmd_instruct(int argc, char **argv)
{
    struct instruct o = {.template_name = "alpaca", .test_share = 0.1, .validation_share = 0.05};
    lm_default(&o.l);
    o.l.lr = 5e-5;
    o.l.epochs = 2;
    o.l.beta2 = 0.999;
    int operand = parse(&o, argc, argv);
    if (operand < 0)
        return operand == -1 ? EXIT_DONE : EXIT_USAGE;
    if (!o.l.model || !o.l.out || operand + 1 != argc) {
        complain("instruct needs -m DIR, -o DIR and one FILE (see --help)");
        return EXIT_USAGE;
    }
    if (!lm_check(&o.l) || !template_named(&o.template, o.template_name))
        return EXIT_USAGE;
    o.template.begin = o.begin;
    int status = run(&o, argv[operand]);
    free(o.l.training.p);
    free(o.l.validation.p);
    free(o.ids);
    json_decref(o.l.data);
    json_decref(o.tasks);
    json_decref(o.test);
    bolter_model_unref(o.l.m);
    return status;
}
