/*
 * answer_generate.c - POST /generate: a language model goes on with a prompt, or answers an
 * instruction, a line of JSON for each bit of text. Each is drawn when the client takes it, so that
 * a client that goes away ends the text.
 */
#include <stdlib.h>
#include <string.h>

#include "trainer/progress.h"
#include "trainer/prompt.h"
#include "trainer/served.h"
#include "web/answer.h"

/* ---- What is wanted ---- */

struct wish {
    const char *prompt; /* borrowed from the request */
    char *laid_out;     /* an instruction as the model reads it; NULL: it is a prompt */
    size_t max_tokens;
    struct sampling_options sampling;
};

/* One of the members of a request that are numbers. */
struct number {
    const char *name;
    double max;
    double *real; /* one of both */
    size_t *whole;
};

static bool take_number(const json_t *j, const struct number *to)
{
    double x = json_number_value(j);
    if (!json_is_number(j) || !(x >= 0 && x <= to->max) || (to->whole && !json_is_integer(j)))
        return false;
    if (to->whole)
        *to->whole = (size_t)json_integer_value(j);
    else
        *to->real = x;
    return true;
}

/* The first member that is not as it has to be; NULL: all are. */
static const char *wrong_member(const json_t *j, struct wish *w)
{
    const struct number numbers[] = {{"max_tokens", 1 << 20, NULL, &w->max_tokens},
                                     {"top_k", 1e9, NULL, &w->sampling.top_k},
                                     {"seed", 1e15, NULL, &w->sampling.seed},
                                     {"temperature", 100, &w->sampling.temperature, NULL},
                                     {"top_p", 1, &w->sampling.top_p, NULL}};
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)j, name, value)
    {
        bool ok = json_is_string(value) &&
                  (strcmp(name, "prompt") == 0 || strcmp(name, "instruction") == 0 ||
                   strcmp(name, "input") == 0);
        for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
            ok = ok || (strcmp(name, numbers[i].name) == 0 && take_number(value, &numbers[i]));
        if (!ok)
            return name;
    }
    return NULL;
}

/* Why j is no wish, in text; "" where it is one. */
static const char *read_wish(const struct served *s, const json_t *j, struct wish *w,
                             char text[256])
{
    bool task = json_object_get(j, "instruction") != NULL;
    *w = (struct wish){.max_tokens = task ? 256 : 200, .sampling = {.seed = 123}};
    w->prompt = json_string_value(json_object_get(j, "prompt"));
    const char *name = json_is_object(j) ? wrong_member(j, w) : NULL;
    *text = 0;
    if (!json_is_object(j))
        snprintf(text, 256, "expected a JSON object");
    else if (name)
        snprintf(text, 256, "\"%.60s\": unknown, of another type, or out of range", name);
    else if (!w->prompt == !task || (json_object_get(j, "input") && !task))
        snprintf(text, 256, "expected a prompt, or an instruction and perhaps its input");
    else if (task && !(w->laid_out = instructions_prompt(&s->template, j)))
        snprintf(text, 256, "no memory");
    return text;
}

/* ---- The stream ---- */

struct stream {
    struct seat *seat;
    bolter_generator *g;
    bool task;             /* an instruction is answered */
    char *text;            /* of a task: all that was written */
    size_t n_text, n_sent; /* of these, how many were passed on */
    size_t n_prompt, n_tokens, max_tokens;
    double began;
    char *line; /* what the client takes next, n_taken bytes of it taken */
    size_t n_line, n_taken;
    bool over;
};

static void release(void *arg)
{
    struct stream *s = arg;
    tally_written(&s->seat->of->tally, s->n_prompt, s->n_tokens);
    bolter_generator_free(s->g);
    served_leave(s->seat);
    free(s->text);
    free(s->line);
    free(s);
}

/* Put a line behind those that wait. Takes over j; without memory the stream ends. */
static void put(struct stream *s, json_t *j)
{
    char *text = j ? json_dumps(j, JSON_COMPACT | JSON_REAL_PRECISION(6)) : NULL;
    size_t n = text ? strlen(text) : 0;
    char *grown = text ? realloc(s->line, s->n_line + n + 1) : NULL;
    if (grown) {
        memcpy(grown + s->n_line, text, n);
        grown[s->n_line + n] = '\n';
        s->line = grown;
        s->n_line += n + 1;
    }
    s->over = s->over || !grown;
    free(text);
    json_decref(j);
}

static void put_text(struct stream *s, const char *text, size_t n)
{
    if (n > 0)
        put(s, json_pack("{s:i, s:o}", "v", 1, "text", json_stringn_nocheck(text, n)));
}

/* What of an answer to a task stays as it is. True once the answer is whole. */
static bool put_settled(struct stream *s)
{
    size_t from, to;
    bool whole = instructions_settled(&s->seat->of->template, s->text, &from, &to);
    from = from > s->n_sent ? from : s->n_sent;
    if (to > from)
        put_text(s, s->text + from, to - from);
    s->n_sent = to > from ? to : s->n_sent;
    return whole;
}

/* The rest of an answer to a task, which was held back as the beginning of another one. */
static void put_rest(struct stream *s)
{
    const char *answer = instructions_answer(&s->seat->of->template, s->text);
    size_t to = (size_t)(answer - s->text) + strlen(answer);
    size_t from = s->n_sent > 0 ? s->n_sent : (size_t)(answer - s->text);
    if (to > from)
        put_text(s, s->text + from, to - from);
}

static void end(struct stream *s, enum stop stop)
{
    if (s->task)
        put_rest(s);
    put(s, json_pack("{s:i, s:b, s:s, s:I, s:I, s:f, s:s}", "v", 1, "done", 1, "stop",
                     stop_name(stop), "prompt_tokens", (json_int_t)s->n_prompt, "tokens",
                     (json_int_t)s->n_tokens, "seconds", seconds_now() - s->began, "model",
                     bolter_model_info_of(s->seat->of->model)->id));
    s->over = true;
}

static void fail(struct stream *s, const char *why)
{
    put(s, json_pack("{s:i, s:s}", "v", 1, "error", why));
    s->over = true;
}

static void take(struct stream *s, const bolter_token *token)
{
    s->n_tokens++;
    if (!s->task) {
        put_text(s, token->text, token->n);
        return;
    }
    char *grown = realloc(s->text, s->n_text + token->n + 1);
    if (!grown) {
        fail(s, "no memory");
        return;
    }
    memcpy(grown + s->n_text, token->text, token->n + 1);
    s->text = grown;
    s->n_text += token->n;
    if (put_settled(s))
        end(s, STOP_END);
}

/* Draw one more token, or end. */
static void go_on(struct stream *s)
{
    bolter_error err = {0};
    bolter_token token;
    enum stop stop = STOP_LENGTH;
    bool stopping = atomic_load(&s->seat->of->stopping);
    if (stopping || s->n_tokens >= s->max_tokens) {
        end(s, stopping ? STOP_INTERRUPT : STOP_LENGTH);
        return;
    }
    bolter_status rc = bolter_generator_next(s->g, &token, &err);
    if (rc == BOLTER_OK)
        take(s, &token);
    else if (stop_of(rc, &stop))
        end(s, stop);
    else
        fail(s, err.text);
}

static size_t next(void *arg, char *bytes, size_t max)
{
    struct stream *s = arg;
    if (s->n_taken == s->n_line)
        s->n_taken = s->n_line = 0;
    while (s->n_line == 0 && !s->over)
        go_on(s);
    size_t n = s->n_line - s->n_taken;
    n = n < max ? n : max;
    if (n > 0)
        memcpy(bytes, s->line + s->n_taken, n);
    s->n_taken += n;
    return n;
}

/* ---- The answer ---- */

static bolter_status open_generator(struct stream *s, const struct wish *w, bolter_error *err)
{
    const struct served *of = s->seat->of;
    const bolter_sampling drawn = sampling_of(&w->sampling);
    const char *text = w->laid_out ? w->laid_out : w->prompt;
    bool begin = w->laid_out ? of->template.begin : !*text;
    bolter_status rc = bolter_generator_open(&s->g, of->model, &drawn, err);
    if (rc == BOLTER_OK)
        rc = bolter_generator_feed_text(s->g, text, strlen(text), begin, err);
    return rc;
}

static struct answer begin(struct served *served, const struct wish *w)
{
    bolter_error err = {0};
    struct seat *seat = served_sit(served);
    struct stream *s = seat ? calloc(1, sizeof *s) : NULL;
    char *text = s ? calloc(1, 1) : NULL;
    if (!text) {
        free(s);
        served_leave(seat);
        return seat ? answer_error(500, "no memory")
                    : answer_error(503, "all seats are taken, try again in a moment");
    }
    *s = (struct stream){.seat = seat,
                         .task = w->laid_out != NULL,
                         .text = text,
                         .max_tokens = w->max_tokens,
                         .began = seconds_now()};
    bolter_status rc = open_generator(s, w, &err);
    if (rc != BOLTER_OK) {
        release(s);
        return answer_error(rc == BOLTER_E_NOMEM ? 500 : 400, err.text);
    }
    s->n_prompt = bolter_generator_count(s->g);
    struct answer a = answer_bytes("application/x-ndjson", NULL, 0);
    a.next = next;
    a.release = release;
    a.stream = s;
    return a;
}

struct answer answer_generate(void *arg, const struct request *r)
{
    struct served *served = arg;
    struct wish w = {.prompt = NULL};
    char why[256];
    if (served->kind == SERVED_CLASSIFIER)
        return answer_error(404, "the model is a classifier, not a language model");
    json_t *j = json_loadb(r->body, r->n, JSON_REJECT_DUPLICATES, NULL);
    bool good = !*read_wish(served, j, &w, why);
    struct answer a = good ? begin(served, &w) : answer_error(400, why);
    free(w.laid_out);
    json_decref(j);
    return a;
}
