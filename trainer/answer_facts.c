/* answer_facts.c - GET /model, /health and /metrics. */
#include <stdio.h>

#include "trainer/served.h"
#include "web/answer.h"
#include "web/facts.h"

static const char *kind_name(enum served_kind kind)
{
    static const char *const names[] = {[SERVED_CLASSIFIER] = "classifier",
                                        [SERVED_WRITER] = "language model",
                                        [SERVED_ANSWERER] = "instructed"};
    return names[kind];
}

struct answer answer_model(void *served, const struct request *r)
{
    const struct served *s = served;
    (void)r;
    json_t *j = facts_of_model(s->model, s->dir, kind_name(s->kind), s->max_body, s->n_seats);
    if (j && s->kind == SERVED_ANSWERER)
        json_object_set_new(j, "template", json_string(s->template.name));
    return answer_json(200, j);
}

struct answer answer_health(void *served, const struct request *r)
{
    struct served *s = served;
    (void)r;
    return answer_json(200, json_pack("{s:i, s:s, s:I, s:I}", "v", 1, "status", "ok", "busy",
                                      (json_int_t)served_busy(s), "jobs", (json_int_t)s->n_seats));
}

struct answer answer_metrics(void *served, const struct request *r)
{
    struct served *s = served;
    (void)r;
    char *text = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&text, &n);
    if (!out)
        return answer_text(NULL, NULL, 0);
    tally_print(&s->tally, out);
    fprintf(out,
            "# HELP bolter_serve_busy Requests at work.\n# TYPE bolter_serve_busy gauge\n"
            "bolter_serve_busy %zu\n",
            served_busy(s));
    fclose(out);
    return answer_text("text/plain; version=0.0.4; charset=utf-8", text, n);
}
