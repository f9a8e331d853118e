/* facts.c - shape, name and limits; of a classifier its labels and thresholds, too. */
#include "web/facts.h"

#include <string.h>

/* The last name of a path. */
static json_t *name_of(const char *dir)
{
    size_t n = strlen(dir), from;
    while (n > 1 && dir[n - 1] == '/')
        n--;
    from = n;
    while (from > 0 && dir[from - 1] != '/')
        from--;
    return json_stringn(dir + from, n - from);
}

static json_t *labels(const bolter_model *m)
{
    json_t *list = json_array();
    for (int32_t i = 0; i < bolter_model_info_of(m)->n_label; i++)
        json_array_append_new(list, json_string(bolter_model_label(m, i)));
    return list;
}

json_t *facts_of_model(const bolter_model *m, const char *dir, const char *kind, size_t max_body,
                       size_t jobs)
{
    const bolter_model_info *i = bolter_model_info_of(m);
    json_t *j =
        json_pack("{s:i, s:s, s:o?, s:s, s:s, s:I, s:i, s:i, s:i, s:i, s:i, s:s?, s:s, s:I, s:I}",
                  "v", 1, "kind", kind, "name", name_of(dir), "id", i->id, "arch", i->arch,
                  "parameters", (json_int_t)i->n_param, "layers", (int)i->n_layer, "width",
                  (int)i->n_embd, "heads", (int)i->n_head, "context", (int)i->n_ctx, "vocabulary",
                  (int)i->n_vocab, "precision", i->precision, "version", bolter_version(),
                  "max_body", (json_int_t)max_body, "jobs", (json_int_t)jobs);
    if (j && i->n_label > 0)
        json_object_update_new(
            j, json_pack("{s:o, s:{s:f, s:f}, s:f, s:i, s:i, s:b}", "labels", labels(m),
                         "thresholds", "spam", i->spam_threshold, "unsure", i->unsure_threshold,
                         "temperature", i->temperature, "max_tokens", (int)i->max_tokens,
                         "tail_tokens", (int)i->tail_tokens, "wide", i->mix != NULL));
    return j;
}
