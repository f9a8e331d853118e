/* cmd_respond.c - bolter-train respond: a language model answers instructions; another one may judge. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trainer/commands.h"
#include "trainer/instructions.h"
#include "trainer/interrupt.h"
#include "trainer/options.h"
#include "trainer/post.h"
#include "trainer/progress.h"
#include "trainer/prompt.h"

struct respond {
    const char *model, *precision, *judge, *judge_model;
    size_t max_tokens, limit, timeout;
    struct sampling_options sampling;

    struct template template;
    bolter_model *m;
    bolter_generator *g;
    json_t *tasks;
    size_t n_scored, n_done;
    double sum;
};

/* ---- Answers ---- */

/* The model's answer, to be freed; NULL after a complaint, or when interrupted. */
static char *answer(struct respond *o, const json_t *task)
{
    bolter_error err = {0};
    struct written w = {0};
    char *prompt = instructions_prompt(&o->template, task), *text = NULL;
    bolter_generator_reset(o->g);
    bolter_status rc = prompt ? bolter_generator_feed_text(o->g, prompt, strlen(prompt),
                                                           o->template.begin, &err)
                              : BOLTER_E_NOMEM;
    if (rc == BOLTER_E_LIMIT) /* a task that does not fit is answered by nothing */
        text = strdup("");
    else if (rc != BOLTER_OK)
        complain("%s", prompt ? err.text : "no memory");
    else if (write_on(o->g, o->max_tokens, NULL, NULL, &w) && w.stop != STOP_INTERRUPT)
        text = strdup(instructions_answer(&o->template, w.text));
    written_free(&w);
    free(prompt);
    return text;
}

/* ---- The judge ---- */

/* What the judge is asked; to be freed. */
static char *question(const json_t *task, const char *text)
{
    char *q = NULL;
    const char *input = instructions_field(task, "input");
    if (asprintf(&q,
                 "A language model was given this instruction:\n\n%s%s%s\n\nA correct answer is:\n\n%s\n\n"
                 "It answered:\n\n%s\n\nHow good is its answer, from 0 (useless) to 100 (as good as the "
                 "correct one)? Reply with the whole number and nothing else.",
                 instructions_field(task, "instruction"), *input ? "\n\n" : "", input,
                 instructions_field(task, "output"), text) < 0)
        return NULL;
    return q;
}

/* The first whole number of a reply, 0 to 100; NaN without one. */
static double score_in(const char *reply)
{
    const char *digits = reply ? strpbrk(reply, "0123456789") : NULL;
    char *end;
    if (!digits || (digits > reply && digits[-1] == '-'))
        return (double)NAN;
    long n = strtol(digits, &end, 10);
    return n >= 0 && n <= 100 ? (double)n : (double)NAN;
}

/* One request to an address of OpenAI's form; NaN, after a complaint, where it gives no number. */
static double judge(const struct respond *o, const json_t *task, const char *text)
{
    char *q = question(task, text);
    json_t *ask = json_pack("{s:s, s:f, s:[{s:s, s:s}]}", "model", o->judge_model, "temperature", 0.0,
                            "messages", "role", "user", "content", q ? q : "");
    json_t *got = q && ask ? post_json(o->judge, getenv("BOLTER_JUDGE_KEY"), ask, (long)o->timeout)
                           : NULL;
    const json_t *choice = json_array_get(json_object_get(got, "choices"), 0);
    const char *reply =
        json_string_value(json_object_get(json_object_get(choice, "message"), "content"));
    double score = score_in(reply);
    if (got && !isfinite(score))
        complain("the judge gave no number: \"%.60s\"", reply ? reply : "");
    json_decref(ask);
    json_decref(got);
    free(q);
    return score;
}

/* ---- All tasks ---- */

static bool one(struct respond *o, const json_t *task)
{
    char *text = answer(o, task);
    if (!text)
        return false;
    json_t *j = json_pack("{s:i}", "v", 1);
    json_object_update(j, (json_t *)(uintptr_t)task);
    json_object_set_new(j, "response", json_string(text));
    if (o->judge) {
        double score = judge(o, task, text);
        json_object_set_new(j, "score", isfinite(score) ? json_real(score) : json_null());
        o->n_scored += isfinite(score) ? 1 : 0;
        o->sum += isfinite(score) ? score : 0;
    }
    json_dumpf(j, stdout, JSON_COMPACT | JSON_REAL_PRECISION(6));
    putchar('\n');
    fflush(stdout);
    json_decref(j);
    free(text);
    o->n_done++;
    return true;
}

static int answer_all(struct respond *o)
{
    size_t n = json_array_size(o->tasks);
    struct progress p;
    n = o->limit > 0 && o->limit < n ? o->limit : n;
    progress_start(&p, "answered");
    bool ok = true;
    for (size_t i = 0; ok && i < n && !interrupted(); i++) {
        ok = one(o, json_array_get(o->tasks, i));
        progress_show(&p, i + 1, n, "");
    }
    progress_end(&p);
    if (o->judge && o->n_scored > 0)
        fprintf(stderr, "%zu of %zu answers scored, mean %.2f\n", o->n_scored, o->n_done,
                o->sum / (double)o->n_scored);
    else if (o->judge && o->n_done > 0)
        fprintf(stderr, "none of %zu answers scored\n", o->n_done);
    if (interrupted())
        return EXIT_INTERRUPTED;
    return ok && (!o->judge || o->n_scored > 0 || n == 0) ? EXIT_DONE : EXIT_FAILED;
}

static bool open_all(struct respond *o, const char *path)
{
    bolter_error err = {0};
    const bolter_open_options with = {.precision = o->precision};
    const bolter_sampling s = sampling_of(&o->sampling);
    o->tasks = instructions_read(path);
    if (!o->tasks || !template_of_model(&o->template, o->model))
        return false;
    if (bolter_model_open_with(&o->m, o->model, &with, &err) == BOLTER_OK &&
        bolter_generator_open(&o->g, o->m, &s, &err) == BOLTER_OK)
        return true;
    complain("%s", err.text);
    return false;
}

int cmd_respond(int argc, char **argv)
{
    struct respond o = {.precision = "auto", .max_tokens = 256, .timeout = 120,
                        .sampling = {.seed = 123}};
    const struct option_row rows[] = {
        STRING("model", 'm', &o.model, "DIR", "a language model that learned by instruct"),
        SIZE("max-tokens", 'n', &o.max_tokens, 1, 1 << 20, "N", "of an answer"),
        SIZE("limit", 0, &o.limit, 0, 1e9, "N", "answer the first N tasks, 0: all"),
        SAMPLING_ROWS(&o.sampling),
        WORD("precision", 0, &o.precision, "FORMAT", "of the weights, auto as they are stored", PRECISIONS),
        HEADING("Scoring by another model (the key, if it needs one, in BOLTER_JUDGE_KEY):"),
        STRING("judge", 0, &o.judge, "URL", "of chat completions in OpenAI's form"),
        STRING("judge-model", 0, &o.judge_model, "NAME", "the model that it is asked for"),
        SIZE("judge-timeout", 0, &o.timeout, 1, 86400, "SECONDS", "for a score"),
    };
    int operand = options_parse(argc, argv, rows, sizeof rows / sizeof *rows,
                                "respond -m DIR [options] [FILE]");
    if (operand < 0)
        return operand == -1 ? EXIT_DONE : EXIT_USAGE;
    if (!o.model || argc - operand > 1 || !o.judge != !o.judge_model) {
        complain("respond needs -m DIR and one FILE, and --judge with --judge-model (see --help)");
        return EXIT_USAGE;
    }
    if (o.judge && !post_takes(o.judge, "--judge"))
        return EXIT_USAGE;
    interrupt_catch();
    int status = open_all(&o, operand < argc ? argv[operand] : "-") ? answer_all(&o) : EXIT_FAILED;
    bolter_generator_free(o.g);
    bolter_model_unref(o.m);
    json_decref(o.tasks);
    return status;
}
