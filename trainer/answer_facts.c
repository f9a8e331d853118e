/* answer_facts.c - GET /model, /health and /metrics. */
#include <stdio.h>

#include "trainer/answer.h"
#include "trainer/served.h"

static const char *kind_name(enum served_kind kind)
{
    static const char *const names[] = {[SERVED_CLASSIFIER] = "classifier",
                                        [SERVED_WRITER] = "language model",
                                        [SERVED_ANSWERER] = "instructed"};
    return names[kind];
}

static json_t *labels(const struct served *s)
{
    json_t *list = json_array();
    for (int32_t i = 0; i < bolter_model_info_of(s->model)->n_label; i++)
        json_array_append_new(list, json_string(bolter_model_label(s->model, i)));
    return list;
}

struct answer answer_model(struct served *s, const struct request *r)
{
    (void)r;
    const bolter_model_info *i = bolter_model_info_of(s->model);
    json_t *j = json_pack(
        "{s:i, s:s, s:o?, s:s, s:s, s:I, s:i, s:i, s:i, s:i, s:i, s:s?, s:s, s:I, s:I}", "v", 1,
        "kind", kind_name(s->kind), "name", json_string(s->name), "id", i->id, "arch", i->arch,
        "parameters", (json_int_t)i->n_param, "layers", (int)i->n_layer, "width", (int)i->n_embd,
        "heads", (int)i->n_head, "context", (int)i->n_ctx, "vocabulary", (int)i->n_vocab,
        "precision", i->precision, "version", bolter_version(), "max_body", (json_int_t)s->max_body,
        "jobs", (json_int_t)s->n_seats);
    if (j && s->kind == SERVED_CLASSIFIER)
        json_object_update_new(
            j, json_pack("{s:o, s:{s:f, s:f}, s:f, s:i, s:i, s:b}", "labels", labels(s),
                         "thresholds", "spam", i->spam_threshold, "unsure", i->unsure_threshold,
                         "temperature", i->temperature, "max_tokens", (int)i->max_tokens,
                         "tail_tokens", (int)i->tail_tokens, "wide", i->mix != NULL));
    if (j && s->kind == SERVED_ANSWERER)
        json_object_set_new(j, "template", json_string(s->template.name));
    return answer_json(200, j);
}

struct answer answer_health(struct served *s, const struct request *r)
{
    (void)r;
    return answer_json(200, json_pack("{s:i, s:s, s:I, s:I}", "v", 1, "status", "ok", "busy",
                                      (json_int_t)served_busy(s), "jobs", (json_int_t)s->n_seats));
}

struct answer answer_metrics(struct served *s, const struct request *r)
{
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
