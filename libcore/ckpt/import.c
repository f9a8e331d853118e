/*
 * import.c - bolter_import_*: checkpoints of other programs become model directories.
 *
 * What is in the file (foreign.h) -> shape -> for each of GPT-2's parameters the tensors that it is made
 * of -> a directory, tensor by tensor. Nothing is written before every tensor has been found and every
 * one in the file has a use: a file with more in it would compute something else.
 */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "ckpt/import.h"

#define TOKENIZER_MAX ((size_t)64 << 20) /* bytes of a file */

static bolter_status no_memory(bt_import *im)
{
    return bt_fail(&im->err, BOLTER_E_NOMEM, "%s: no memory", im->set.path);
}

/* ---- Tokenizer ---------------------------------------------------------------------------- */

static bolter_status read_text(bt_import *im, bt_buf *b, const char *dir, const char *name)
{
    char *path = bt_path_join(dir, name);
    bt_buf_init(b, TOKENIZER_MAX);
    bolter_status rc = path ? bt_read_all(b, path, &im->err)
                            : bt_fail(&im->err, BOLTER_E_NOMEM, "%s: no memory", dir);
    bt_release(path);
    return rc;
}

/* The id of the end of text, -1 where the vocabulary has none. */
static bolter_status read_vocab(bt_import *im, json_int_t *end)
{
    json_error_t e;
    json_t *vocab = json_loadb(im->vocab.data ? im->vocab.data : "", im->vocab.len, 0, &e);
    const json_t *id = json_object_get(vocab, "<|endoftext|>");
    size_t n = json_object_size(vocab);
    bool ok = json_is_object(vocab) && n <= im->cfg.n_vocab;
    *end = json_is_integer(id) && json_integer_value(id) >= 0 &&
                   (uint64_t)json_integer_value(id) < im->cfg.n_vocab
               ? json_integer_value(id)
               : -1;
    json_decref(vocab);
    return ok ? BOLTER_OK
              : bt_fail(&im->err, BOLTER_E_MISMATCH,
                        "%s: a vocabulary of %zu tokens, expected an object of at most %zu",
                        im->set.path, n, im->cfg.n_vocab);
}

/* ---- The directory ------------------------------------------------------------------------ */

static json_t *make_config(const bt_config *c, json_int_t end)
{
    json_t *j = json_pack(
        "{s:[s], s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:f, s:b}", "architectures",
        "GPT2LMHeadModel", "model_type", "gpt2", "activation_function", "gelu_new", "n_positions",
        (json_int_t)c->n_ctx, "n_ctx", (json_int_t)c->n_ctx, "n_embd", (json_int_t)c->n_embd,
        "n_layer", (json_int_t)c->n_layer, "n_head", (json_int_t)c->n_head, "vocab_size",
        (json_int_t)c->n_vocab, "layer_norm_epsilon", 1e-5, "tie_word_embeddings", !c->untied);
    if (j && c->n_inner != 4 * c->n_embd)
        json_object_set_new(j, "n_inner", json_integer((json_int_t)c->n_inner));
    if (j && end >= 0) {
        json_object_set_new(j, "bos_token_id", json_integer(end));
        json_object_set_new(j, "eos_token_id", json_integer(end));
    }
    return j;
}

static bolter_status make_card(bt_import *im, json_int_t end)
{
    static const char *const two[] = {"ham", "spam"};
    const bolter_import_options *o = im->o;
    const char *const *label = o->n_label > 0 ? o->label : two;
    size_t n = o->n_label > 0 ? o->n_label : 2;
    bt_card_default(&im->card);
    if (im->cfg.n_label == 0)
        return o->n_label == 0 && o->pad_to == 0
                   ? BOLTER_OK
                   : bt_fail(&im->err, BOLTER_E_MISMATCH,
                             "%s: a language model, which has no use for labels and padding",
                             im->set.path);
    if (n != im->cfg.n_label || !bt_labels_fit(label, n))
        return bt_fail(&im->err, BOLTER_E_MISMATCH, "%s: %zu labels for a head of %zu, expected "
                       BT_LABELS_EXPECTED, im->set.path, n, im->cfg.n_label);
    if (o->pad_to > im->cfg.n_ctx || (o->pad_to > 0 && end < 0))
        return bt_fail(&im->err, BOLTER_E_MISMATCH,
                       "%s: padding to %zu tokens, expected at most %zu and a tokenizer with "
                       "<|endoftext|>", im->set.path, o->pad_to, im->cfg.n_ctx);
    im->card.pad_to = o->pad_to;
    im->card.max_tokens = o->pad_to > 0 ? o->pad_to : im->cfg.n_ctx;
    im->card.text_layout = bt_strdup(bolter_text_default_layout());
    return im->card.text_layout ? bt_card_set_labels(&im->card, label, n, &im->err) : no_memory(im);
}

static size_t largest(const bt_params *p)
{
    size_t n = 0;
    for (size_t i = 0; i < p->n; i++)
        n = bt_param_size(&p->row[i]) > n ? bt_param_size(&p->row[i]) : n;
    return n;
}

/* im has its tensors, shape, and texts of a tokenizer. */
static bolter_status write_directory(bt_import *im, const char *dir)
{
    const bolter_save_file files[] = {{"vocab.json", im->vocab.data}, {"merges.txt", im->merges.data}};
    bool has_tokenizer = im->vocab.data && im->merges.data;
    const bolter_save_options save = {
        .dtype = im->o->dtype, .files = files, .n_files = has_tokenizer ? 2 : 0};
    json_int_t end = -1;
    bolter_status rc = bt_config_check(&im->cfg, im->set.path, &im->err);
    if (rc == BOLTER_OK)
        rc = bt_params_init(&im->params, &im->cfg, &im->err);
    im->used = rc == BOLTER_OK ? bt_alloc_array(im->set.n, sizeof *im->used) : NULL;
    if (rc == BOLTER_OK)
        rc = im->used ? bt_import_check(im) : no_memory(im);
    if (rc == BOLTER_OK && !(im->values = bt_alloc_array(largest(&im->params), sizeof *im->values)))
        rc = no_memory(im);
    if (rc == BOLTER_OK && has_tokenizer)
        rc = read_vocab(im, &end);
    if (rc == BOLTER_OK)
        rc = make_card(im, end);
    if (rc == BOLTER_OK && !(im->config = make_config(&im->cfg, end)))
        rc = no_memory(im);
    const bolter_model source = {.cfg = im->cfg, .config = im->config};
    const bt_weights w = {&im->params, bt_import_values, im};
    return rc == BOLTER_OK ? bt_model_write(&source, &w, &im->card, &save, dir, &im->err) : rc;
}

/* Clear im and hand its error on. */
static bolter_status finish(bt_import *im, bolter_status rc, bolter_error *err)
{
    bt_foreign_clear(&im->set);
    bt_params_clear(&im->params);
    bt_release(im->used);
    bt_release(im->values);
    bt_buf_free(&im->vocab);
    bt_buf_free(&im->merges);
    json_decref(im->config);
    bt_card_clear(&im->card);
    if (rc == BOLTER_OK)
        return rc;
    if (err && err->code == BOLTER_OK)
        *err = im->err;
    return im->err.code;
}

/* ---- OpenAI's release --------------------------------------------------------------------- */

static const bolter_import_options no_options;

static bool size_of(const json_t *j, const char *name, size_t *out)
{
    const json_t *v = json_object_get(j, name);
    *out = json_is_integer(v) && json_integer_value(v) > 0 ? (size_t)json_integer_value(v) : 0;
    return *out > 0;
}

static bolter_status read_hparams(bt_import *im, const char *dir)
{
    bt_buf text;
    bolter_status rc = read_text(im, &text, dir, "hparams.json");
    if (rc == BOLTER_OK) {
        json_error_t e;
        json_t *j = json_loadb(text.data ? text.data : "", text.len, 0, &e);
        bt_config *c = &im->cfg;
        if (!size_of(j, "n_vocab", &c->n_vocab) || !size_of(j, "n_ctx", &c->n_ctx) ||
            !size_of(j, "n_embd", &c->n_embd) || !size_of(j, "n_head", &c->n_head) ||
            !size_of(j, "n_layer", &c->n_layer))
            rc = bt_fail(&im->err, BOLTER_E_FORMAT, "%s/hparams.json: expected n_vocab, n_ctx, "
                         "n_embd, n_head and n_layer", dir);
        c->n_inner = c->n_embd < SIZE_MAX / 4 ? 4 * c->n_embd : 0;
        c->eps = 1e-5f;
        json_decref(j);
    }
    bt_buf_free(&text);
    return rc;
}

/* The name in a file that says model_checkpoint_path: "NAME", cut out of the text; NULL: there is none. */
static char *checkpoint_name(bt_buf *text)
{
    static const char key[] = "model_checkpoint_path:";
    if (!text->data || strncmp(text->data, key, sizeof key - 1) != 0)
        return NULL;
    char *from = strchr(text->data, '"'), *to = from ? strpbrk(from + 1, "\"\n") : NULL;
    if (!to || *to != '"')
        return NULL;
    *to = 0;
    char *slash = strrchr(from + 1, '/'); /* of where it was written */
    return slash ? slash + 1 : from + 1;
}

/* The file "checkpoint" names the others. */
static bolter_status open_release(bt_import *im, const char *dir)
{
    bt_buf text;
    bolter_status rc = read_text(im, &text, dir, "checkpoint");
    const char *name = rc == BOLTER_OK ? checkpoint_name(&text) : NULL;
    char *prefix = name ? bt_path_join(dir, name) : NULL;
    if (rc == BOLTER_OK && !name)
        rc = bt_fail(&im->err, BOLTER_E_FORMAT,
                     "%s/checkpoint: expected model_checkpoint_path: \"NAME\"", dir);
    else if (rc == BOLTER_OK)
        rc = prefix ? bt_bundle_open(&im->set, prefix, &im->err)
                    : bt_fail(&im->err, BOLTER_E_NOMEM, "%s: no memory", dir);
    bt_buf_free(&text);
    bt_release(prefix);
    return rc;
}

bolter_status bolter_import_openai(const char *release, const char *dir,
                                   const bolter_import_options *o, bolter_error *err)
{
    bt_import im = {.names = BT_OPENAI, .prefix = "", .o = o ? o : &no_options};
    const char *own = im.o->tokenizer ? im.o->tokenizer : release;
    bolter_status rc = read_hparams(&im, release);
    if (rc == BOLTER_OK)
        rc = read_text(&im, &im.vocab, own, im.o->tokenizer ? "vocab.json" : "encoder.json");
    if (rc == BOLTER_OK)
        rc = read_text(&im, &im.merges, own, im.o->tokenizer ? "merges.txt" : "vocab.bpe");
    if (rc == BOLTER_OK)
        rc = open_release(&im, release);
    if (rc == BOLTER_OK)
        rc = write_directory(&im, dir);
    return finish(&im, rc, err);
}

/* ---- PyTorch's state dicts ----------------------------------------------------------------- */

bolter_status bolter_import_torch(const char *folder, const char *dir,
                                  const bolter_import_options *o, bolter_error *err)
{
    bt_import im = {.o = o ? o : &no_options};
    bolter_status rc = bt_state_open(&im.set, folder, &im.err);
    if (rc == BOLTER_OK && im.o->tokenizer)
        rc = read_text(&im, &im.vocab, im.o->tokenizer, "vocab.json");
    if (rc == BOLTER_OK && im.o->tokenizer)
        rc = read_text(&im, &im.merges, im.o->tokenizer, "merges.txt");
    if (rc == BOLTER_OK)
        rc = bt_import_names(&im);
    if (rc == BOLTER_OK)
        rc = bt_import_shape(&im);
    if (rc == BOLTER_OK)
        rc = write_directory(&im, dir);
    return finish(&im, rc, err);
}
