/*
 * card.c - bolter.json: what a model directory says beside the weights. One table of its keys serves
 * reading and refusing; a key that is not in it could change what the model means, so it is an error.
 */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "ckpt/model.h"

/* Versions of the file and of the text extraction that the model was trained with. */
#define CARD_VERSION 1
#define TEXT_VERSION 1

#define MIN_TEMPERATURE 1e-3
#define MAX_TEMPERATURE 1e3

static const char *const positions[] = {
    [BT_READ_LAST] = "last", [BT_READ_FIRST] = "first", [BT_READ_MEAN] = "mean"};

const char *bt_read_name(bt_read r)
{
    return r <= BT_READ_MEAN ? positions[r] : "all";
}

bool bt_read_of(const char *name, bt_read *out)
{
    for (size_t i = 0; name && i < sizeof positions / sizeof *positions; i++) {
        if (strcmp(positions[i], name) == 0) {
            *out = (bt_read)i;
            return true;
        }
    }
    return false;
}

void bt_card_default(bt_card *card)
{
    *card = (bt_card){.temperature = 1, .spam_threshold = 0.5, .unsure_threshold = 0.5};
}

void bt_card_clear(bt_card *card)
{
    for (size_t i = 0; i < card->n_label; i++)
        bt_release(card->label[i]);
    bt_release(card->label);
    bt_release(card->text_layout);
    bt_release(card->model_id);
    json_decref(card->provenance);
    *card = (bt_card){0};
}

bool bt_labels_fit(const char *const *label, size_t n)
{
    if (n < 2 || n > BT_MAX_LABELS)
        return false;
    for (size_t i = 0; i < n; i++) {
        if (!label[i] || !*label[i] || strlen(label[i]) > 255)
            return false;
        for (const char *p = label[i]; *p; p++)
            if ((unsigned char)*p < 0x20 || *p == 0x7f)
                return false;
        for (size_t k = 0; k < i; k++)
            if (strcmp(label[i], label[k]) == 0)
                return false;
    }
    return true;
}

bolter_status bt_card_set_labels(bt_card *card, const char *const *label, size_t n, bolter_error *err)
{
    char **copy = bt_alloc_array(n, sizeof *copy);
    size_t i = 0;
    while (copy && i < n && (copy[i] = bt_strdup(label[i])))
        i++;
    if (i < n) {
        while (i > 0)
            bt_release(copy[--i]);
        bt_release(copy);
        return bt_fail(err, BOLTER_E_NOMEM, "labels: no memory");
    }
    for (i = 0; i < card->n_label; i++)
        bt_release(card->label[i]);
    bt_release(card->label);
    card->label = copy;
    card->n_label = n;
    return BOLTER_OK;
}

bolter_status bt_card_copy(bt_card *to, const bt_card *from, bolter_error *err)
{
    *to = *from;
    to->label = NULL;
    to->n_label = 0;
    to->text_layout = from->text_layout ? bt_strdup(from->text_layout) : NULL;
    to->model_id = from->model_id ? bt_strdup(from->model_id) : NULL;
    to->provenance = json_incref(from->provenance);
    if ((from->text_layout && !to->text_layout) || (from->model_id && !to->model_id))
        return bt_fail(err, BOLTER_E_NOMEM, "bolter.json: no memory");
    return bt_card_set_labels(to, (const char *const *)from->label, from->n_label, err);
}

/* ---- Reading: one function a type; E_FORMAT for a value of another type or out of range ---- */

static bolter_status read_text(char **to, const json_t *v)
{
    if (!json_is_string(v) || json_string_length(v) > 65536)
        return BOLTER_E_FORMAT;
    bt_release(*to);
    *to = bt_strdup(json_string_value(v));
    return *to ? BOLTER_OK : BOLTER_E_NOMEM;
}

static bolter_status read_size(size_t *to, const json_t *v, size_t min)
{
    json_int_t n = json_integer_value(v);
    if (!json_is_integer(v) || n < (json_int_t)min || n > 1 << 20)
        return BOLTER_E_FORMAT;
    *to = (size_t)n;
    return BOLTER_OK;
}

static bolter_status read_number(double *to, const json_t *v, double min, double max)
{
    double x = json_number_value(v);
    if (!json_is_number(v) || !(x >= min && x <= max))
        return BOLTER_E_FORMAT;
    *to = x;
    return BOLTER_OK;
}

static bolter_status is_version(const json_t *v, int version)
{
    return json_is_integer(v) && json_integer_value(v) == version ? BOLTER_OK : BOLTER_E_VERSION;
}

/* ---- The keys and how each is read ---- */

static bolter_status read_v(bt_card *c, const json_t *v)
{
    (void)c;
    return is_version(v, CARD_VERSION);
}

static bolter_status read_text_version(bt_card *c, const json_t *v)
{
    (void)c;
    return is_version(v, TEXT_VERSION);
}

static bolter_status read_labels(bt_card *card, const json_t *v)
{
    const char *names[BT_MAX_LABELS];
    size_t n = json_array_size(v);
    for (size_t i = 0; i < n && i < BT_MAX_LABELS; i++)
        names[i] = json_string_value(json_array_get(v, i));
    return bt_labels_fit(names, n) ? bt_card_set_labels(card, names, n, NULL) : BOLTER_E_FORMAT;
}

static bolter_status read_layout(bt_card *c, const json_t *v)
{
    return read_text(&c->text_layout, v);
}

static bolter_status read_id(bt_card *c, const json_t *v)
{
    const char *id = json_string_value(v);
    if (!id || strlen(id) != 16 || strspn(id, "0123456789abcdef") != 16)
        return BOLTER_E_FORMAT;
    return read_text(&c->model_id, v);
}

static bolter_status read_position(bt_card *c, const json_t *v)
{
    return bt_read_of(json_string_value(v), &c->position) ? BOLTER_OK : BOLTER_E_FORMAT;
}

static bolter_status read_bos(bt_card *c, const json_t *v)
{
    c->bos = json_is_true(v);
    return json_is_boolean(v) ? BOLTER_OK : BOLTER_E_FORMAT;
}

static bolter_status read_causal(bt_card *c, const json_t *v)
{
    c->all_see_all = json_is_false(v);
    return json_is_boolean(v) ? BOLTER_OK : BOLTER_E_FORMAT;
}

static bolter_status read_precision(bt_card *c, const json_t *v)
{
    bt_precision p;
    if (!json_is_string(v) || !bt_precision_named(json_string_value(v), &p) || p == BT_FLOAT32)
        return BOLTER_E_FORMAT;
    c->precision = bt_precision_name(p);
    return BOLTER_OK;
}

static bolter_status read_pad(bt_card *c, const json_t *v)
{
    return read_size(&c->pad_to, v, 1);
}

static bolter_status read_max(bt_card *c, const json_t *v)
{
    return read_size(&c->max_tokens, v, 1);
}

static bolter_status read_tail(bt_card *c, const json_t *v)
{
    return read_size(&c->tail_tokens, v, 0);
}

static bolter_status read_windows(bt_card *c, const json_t *v)
{
    bolter_status rc = read_size(&c->windows, v, 1);
    return rc == BOLTER_OK && c->windows > BT_MAX_WINDOWS ? BOLTER_E_FORMAT : rc;
}

static bolter_status read_temperature(bt_card *c, const json_t *v)
{
    return read_number(&c->temperature, v, MIN_TEMPERATURE, MAX_TEMPERATURE);
}

static bolter_status read_spam(bt_card *c, const json_t *v)
{
    return read_number(&c->spam_threshold, v, 0, 1);
}

static bolter_status read_unsure(bt_card *c, const json_t *v)
{
    return read_number(&c->unsure_threshold, v, 0, 1);
}

static bolter_status read_proof(bt_card *c, const json_t *v)
{
    c->has_proof = true;
    return bt_proof_read(&c->proof, v);
}

#define MAX_MIX 1e6

static bolter_status read_wide(bt_card *c, const json_t *v)
{
    const char *sha256;
    bolter_mix m;
    /* json_unpack() takes a const object; "!" refuses a key that is not named. */
    if (json_unpack((json_t *)(uintptr_t)v, "{s:s, s:F, s:F, s:F !}", "sha256", &sha256, "deep",
                    &m.deep, "wide", &m.wide, "bias", &m.bias) != 0 ||
        strlen(sha256) != 64 || strspn(sha256, "0123456789abcdef") != 64)
        return BOLTER_E_FORMAT;
    if (!(m.deep >= 0 && m.deep <= MAX_MIX && m.wide >= 0 && m.wide <= MAX_MIX &&
          fabs(m.bias) <= MAX_MIX))
        return BOLTER_E_FORMAT;
    memcpy(c->wide_sha256, sha256, sizeof c->wide_sha256);
    c->mix = m;
    return BOLTER_OK;
}

static bolter_status read_provenance(bt_card *c, const json_t *v)
{
    if (!json_is_object(v))
        return BOLTER_E_FORMAT;
    json_decref(c->provenance);
    c->provenance = json_deep_copy(v);
    return c->provenance ? BOLTER_OK : BOLTER_E_NOMEM;
}

static const struct key {
    const char *name, *expected;
    bolter_status (*read)(bt_card *card, const json_t *v);
} keys[] = {
    {"v", "1", read_v},
    {"text_version", "1", read_text_version},
    {"labels", BT_LABELS_EXPECTED, read_labels},
    {"text_layout", "a string", read_layout},
    {"model_id", "16 hexadecimal digits in small letters", read_id},
    {"position", "\"last\", \"first\" or \"mean\"", read_position},
    {"bos", "true or false", read_bos},
    {"causal", "true or false", read_causal},
    {"precision", "\"bfloat16\" or \"int8\"", read_precision},
    {"pad_to", "1 to 1048576", read_pad},
    {"max_tokens", "1 to 1048576", read_max},
    {"tail_tokens", "0 to 1048576", read_tail},
    {"windows", "1 to 64", read_windows},
    {"temperature", "0.001 to 1000", read_temperature},
    {"spam_threshold", "0 to 1", read_spam},
    {"unsure_threshold", "0 to 1", read_unsure},
    {"threshold_proof", BT_PROOF_EXPECTED, read_proof},
    {"wide", "an object of sha256, deep, wide and bias in their ranges", read_wide},
    {"provenance", "an object", read_provenance},
};

static bolter_status read_keys(bt_card *card, json_t *j, const char *path, bolter_error *err)
{
    if (!json_object_get(j, "v"))
        return bt_fail(err, BOLTER_E_FORMAT, "%s: no \"v\", expected the format version 1", path);
    const char *name;
    json_t *v;
    json_object_foreach(j, name, v)
    {
        const struct key *k = keys, *end = keys + sizeof keys / sizeof *keys;
        while (k < end && strcmp(k->name, name) != 0)
            k++;
        if (k == end)
            return bt_fail(err, BOLTER_E_FORMAT, "%s: unknown key \"%s\"", path, name);
        bolter_status rc = k->read(card, v);
        if (rc == BOLTER_E_NOMEM)
            return bt_fail(err, rc, "%s: no memory", path);
        if (rc != BOLTER_OK)
            return bt_fail(err, rc, "%s: \"%s\" is not %s", path, name, k->expected);
    }
    return BOLTER_OK;
}

bolter_status bt_card_read(bt_card *card, const char *path, bolter_error *err)
{
    bt_buf text;
    bt_buf_init(&text, 1 << 20);
    bt_card_default(card);
    bolter_status rc = bt_read_all(&text, path, err);
    if (rc == BOLTER_OK) {
        json_error_t je = {0};
        json_t *j = json_loadb(text.data ? text.data : "", text.len, JSON_REJECT_DUPLICATES, &je);
        rc = json_is_object(j) ? read_keys(card, j, path, err)
                               : bt_fail(err, BOLTER_E_FORMAT, "%s:%d: %s", path, je.line,
                                         j ? "not an object" : je.text);
        json_decref(j);
    }
    bt_buf_free(&text);
    if (rc != BOLTER_OK)
        bt_card_clear(card);
    return rc;
}

/* Keys that most models do without: older programs refuse what they would read otherwise. */
static void add_rare_keys(json_t *j, const bt_card *card)
{
    if (card->all_see_all)
        json_object_set_new(j, "causal", json_false());
    if (card->wide_sha256[0])
        json_object_set_new(j, "wide",
                            json_pack("{s:s, s:f, s:f, s:f}", "sha256", card->wide_sha256, "deep",
                                      card->mix.deep, "wide", card->mix.wide, "bias",
                                      card->mix.bias));
    if (card->precision)
        json_object_set_new(j, "precision", json_string(card->precision));
    if (card->windows > 1)
        json_object_set_new(j, "windows", json_integer((json_int_t)card->windows));
    if (card->pad_to > 0)
        json_object_set_new(j, "pad_to", json_integer((json_int_t)card->pad_to));
}

json_t *bt_card_json(const bt_card *card)
{
    json_t *labels = json_array();
    for (size_t i = 0; i < card->n_label; i++)
        json_array_append_new(labels, json_string(card->label[i]));
    json_t *proof = card->has_proof ? bt_proof_json(&card->proof) : NULL;
    json_t *j =
        json_pack("{s:i, s:i, s:s*, s:o, s:s, s:b, s:I, s:I, s:f, s:f, s:f, s:o*, s:s*, s:O*}", "v",
                  CARD_VERSION, "text_version", TEXT_VERSION, "model_id", card->model_id,
                     "labels", labels, "position", bt_read_name(card->position), "bos", card->bos,
                     "max_tokens", (json_int_t)card->max_tokens, "tail_tokens",
                     (json_int_t)card->tail_tokens, "temperature", card->temperature,
                     "spam_threshold", card->spam_threshold, "unsure_threshold",
                     card->unsure_threshold, "threshold_proof", proof, "text_layout",
                     card->text_layout, "provenance", card->provenance);
    if (j)
        add_rare_keys(j, card);
    return j;
}

bolter_status bt_card_apply(bt_card *card, const bolter_save_options *o, bolter_error *err)
{
    if (!(o->temperature <= MAX_TEMPERATURE) || !(o->spam_threshold <= 1) ||
        !(o->unsure_threshold <= 1) || (o->temperature > 0 && o->temperature < MIN_TEMPERATURE))
        return bt_fail(err, BOLTER_E_ARG, "temperature %g, thresholds %g and %g: expected %g to %g and "
                       "0 to 1", o->temperature, o->spam_threshold, o->unsure_threshold,
                       MIN_TEMPERATURE, MAX_TEMPERATURE);
    if (o->temperature > 0)
        card->temperature = o->temperature;
    if (o->spam_threshold > 0)
        card->spam_threshold = o->spam_threshold;
    if (o->unsure_threshold > 0)
        card->unsure_threshold = o->unsure_threshold;
    if (card->unsure_threshold > card->spam_threshold)
        card->unsure_threshold = card->spam_threshold;
    if (o->proof && !bt_proof_fits(o->proof))
        return bt_fail(err, BOLTER_E_ARG, "proof of a threshold: expected " BT_PROOF_EXPECTED);
    card->has_proof = o->proof != NULL;
    if (o->proof)
        card->proof = *o->proof;
    if (!o->provenance)
        return BOLTER_OK;
    json_t *j = json_loads(o->provenance, 0, NULL);
    if (!json_is_object(j)) {
        json_decref(j);
        return bt_fail(err, BOLTER_E_ARG, "provenance: not a JSON object");
    }
    json_decref(card->provenance);
    card->provenance = j;
    return BOLTER_OK;
}
