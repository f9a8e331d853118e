/* options.c - what the options of a trainer mean: words, ranges, and which tensors train. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "kern/packed.h"
#include "train/trainer.h"

void bolter_train_options_default(bolter_train_options *o)
{
    *o = (bolter_train_options){
        .trainable = "all",
        .lora_targets = "all",
        .schedule = "cosine",
        .lr = 4e-4f,
        .weight_decay = 0.05f,
        .beta1 = 0.9f,
        .beta2 = 0.999f,
        .eps = 1e-8f,
        .clip_norm = 1.0f,
        .layer_decay = 0.85f,
        .ignore_label = -100,
        .lm_every = 4,
        .lora_rank = 16,
        .lora_alpha = 16,
        .precision = "float32",
        .cache_dtype = "float32",
        .trunk_precision = "float32",
        .init = "gpt2",
        .cache_bytes = (size_t)64 << 20,
        .seed = 123,
    };
}

/* ---- Ranges and words ---- */

static bool adapts(const bolter_train_options *o)
{
    return strcmp(o->trainable, "lora") == 0 || strcmp(o->trainable, "qlora") == 0;
}

/* float32, also for NULL, or bfloat16? */
static bool is_half(const char *word, bool *half)
{
    *half = word && strcmp(word, "bfloat16") == 0;
    return *half || !word || strcmp(word, "float32") == 0;
}

static bolter_status check_words(bolter_trainer *t, bolter_error *err)
{
    const bolter_train_options *o = &t->o;
    bool half;
    t->torch_init = o->init && strcmp(o->init, "pytorch") == 0;
    if (o->init && !t->torch_init && strcmp(o->init, "gpt2") != 0)
        return bt_fail(err, BOLTER_E_ARG, "init \"%s\", expected gpt2 or pytorch", o->init);
    t->read = t->m->card.position;
    if (o->position && !bt_read_of(o->position, &t->read))
        return bt_fail(err, BOLTER_E_ARG, "position \"%s\", expected last, first or mean",
                       o->position);
    if (!bt_decay_of(o->schedule, &t->decay))
        return bt_fail(err, BOLTER_E_ARG,
                       "schedule \"%s\", expected constant, linear, cosine or stable",
                       o->schedule ? o->schedule : "");
    t->causal = o->mask ? strcmp(o->mask, "causal") == 0 : !t->m->card.all_see_all;
    if (o->mask && !t->causal && strcmp(o->mask, "none") != 0)
        return bt_fail(err, BOLTER_E_ARG, "mask \"%s\", expected causal or none", o->mask);
    if (!is_half(o->precision, &half) || !is_half(o->cache_dtype, &t->half_cache))
        return bt_fail(err, BOLTER_E_ARG,
                       "precision \"%s\", cache_dtype \"%s\", expected float32 or bfloat16",
                       o->precision, o->cache_dtype);
    t->net.tile = half ? bt_tile_find(BT_BFLOAT16, NULL) : NULL;
    t->trunk_precision = BT_FLOAT32;
    if (o->trunk_precision && !bt_precision_named(o->trunk_precision, &t->trunk_precision))
        return bt_fail(err, BOLTER_E_ARG, "trunk_precision \"%s\", expected float32, bfloat16 or int8",
                       o->trunk_precision);
    return BOLTER_OK;
}

static bolter_status check_loss(bolter_trainer *t, bolter_error *err)
{
    const bolter_train_options *o = &t->o;
    size_t K = t->cfg.n_label;
    if (!(o->label_smoothing >= 0 && o->label_smoothing < 1))
        return bt_fail(err, BOLTER_E_ARG, "label smoothing %g, expected 0 to 1",
                       (double)o->label_smoothing);
    t->loss = (bt_loss){.smoothing = o->label_smoothing, .ignore = o->ignore_label};
    if (!o->class_weights)
        return BOLTER_OK;
    t->class_weights = bt_alloc_array(K, sizeof *t->class_weights);
    if (!t->class_weights)
        return bt_fail(err, BOLTER_E_NOMEM, "trainer: no memory");
    for (size_t i = 0; i < K; i++) {
        if (!(o->class_weights[i] >= 0 && o->class_weights[i] < 1e6f))
            return bt_fail(err, BOLTER_E_ARG, "class weight %zu is %g, expected 0 to 1e6", i,
                           (double)o->class_weights[i]);
        t->class_weights[i] = o->class_weights[i];
    }
    t->loss.weight = t->class_weights;
    return BOLTER_OK;
}

/* Predicting text beside the labels needs rows of every token, each of which sees no later one. */
static bolter_status check_guess(bolter_trainer *t, bolter_error *err)
{
    const bolter_train_options *o = &t->o;
    if (!(o->lm_loss >= 0 && o->lm_loss <= 100))
        return bt_fail(err, BOLTER_E_ARG, "lm_loss %g, expected 0 to 100", (double)o->lm_loss);
    if (o->lm_every == 0)
        t->o.lm_every = 4;
    const char *why = t->m->cfg.untied ? "a model whose output layer is its token embedding"
                      : t->read != BT_READ_MEAN                ? "position \"mean\""
                      : !t->causal                             ? "a causal mask"
                      : o->pad_to > 0                          ? "no padding"
                      : strcmp(o->trainable, "last_layer") == 0 ? "more to train than the head"
                                                               : NULL;
    if (o->lm_loss == 0 || !why)
        return BOLTER_OK;
    return bt_fail(err, BOLTER_E_ARG, "lm_loss %g needs %s", (double)o->lm_loss, why);
}

/* What has no meaning without labels is refused. */
static bolter_status check_language_model(bolter_trainer *t, bolter_error *err)
{
    const bolter_train_options *o = &t->o;
    t->read = BT_READ_ALL;
    const char *without = o->pad_to > 0            ? "pad_to"
                          : o->head_bias           ? "head_bias"
                          : o->class_weights       ? "class_weights"
                          : o->label_smoothing > 0 ? "label_smoothing"
                          : o->lm_loss > 0         ? "lm_loss"
                          : !t->causal             ? "a mask of \"none\""
                                                   : NULL;
    if (!without)
        return BOLTER_OK;
    return bt_fail(err, BOLTER_E_ARG, "a language model is not trained with %s", without);
}

bolter_status bt_options_check(bolter_trainer *t, bolter_error *err)
{
    const bolter_train_options *o = &t->o;
    bolter_status rc = check_words(t, err);
    if (rc != BOLTER_OK)
        return rc;
    if (!(o->lr >= 0 && o->lr < 10) || !(o->weight_decay >= 0 && o->weight_decay <= 10) ||
        !(o->beta1 >= 0 && o->beta1 < 1) || !(o->beta2 >= 0 && o->beta2 < 1) || !(o->eps > 0) ||
        !(o->clip_norm >= 0) || !(o->layer_decay > 0 && o->layer_decay <= 1) ||
        !(o->lr_floor >= 0 && o->lr_floor <= 1))
        return bt_fail(err, BOLTER_E_ARG, "a rate of the optimiser is out of range");
    if (o->pad_to > t->cfg.n_ctx)
        return bt_fail(err, BOLTER_E_ARG, "padding to %zu, the model has %zu positions", o->pad_to,
                       t->cfg.n_ctx);
    if (o->pad_to > 0 && t->m->eos_id < 0)
        return bt_fail(err, BOLTER_E_ARG, "padding needs an eos_token_id in config.json");
    if (!adapts(o))
        t->o.lora_rank = 0;
    else if (o->lora_rank < 1 || o->lora_rank > 4096)
        return bt_fail(err, BOLTER_E_ARG, "lora_rank %ld, expected 1 to 4096", (long)o->lora_rank);
    t->quantised = strcmp(o->trainable, "qlora") == 0;
    t->cfg.head_bias = o->head_bias;
    if (t->cfg.n_label == 0)
        return check_language_model(t, err);
    rc = check_guess(t, err);
    return rc == BOLTER_OK ? check_loss(t, err) : rc;
}

/* ---- What trains ---- */

/* How many of the top blocks of L a mode trains; false for another word. Two are all of a model with
 * one, so that a table of modes fits it, too; a number is meant. */
static bool blocks_of(const char *what, size_t L, size_t *n)
{
    char *end;
    *n = 0;
    if (strcmp(what, "last_layer") == 0)
        return true;
    *n = 1;
    if (strcmp(what, "last_block") == 0)
        return true;
    *n = L < 2 ? L : 2;
    if (strcmp(what, "last_two_blocks") == 0)
        return true;
    if (strncmp(what, "last_", 5) != 0 || what[5] < '1' || what[5] > '9')
        return false;
    *n = strtoul(what + 5, &end, 10);
    return *n <= 512 && strcmp(end, "_blocks") == 0;
}

/* Does a target's word (n letters) name this layer, "h.3.attn.c_attn.weight"? */
static bool is_target(const char *name, const char *word, size_t n)
{
    size_t stem = strlen(name) - strlen(".weight");
    if (n == 3 && strncmp(word, "all", n) == 0)
        return true;
    if (n == 9 && strncmp(word, "attention", n) == 0)
        return strstr(name, ".attn.") != NULL;
    return (n == 3 && strncmp(word, "mlp", n) == 0 && strstr(name, ".mlp.")) ||
           (n > 0 && n <= stem && strncmp(name + stem - n, word, n) == 0 &&
            (n == stem || name[stem - n - 1] == '.'));
}

static void mark_adapter(bolter_trainer *t, size_t i)
{
    const bt_param *p = &t->params.row[i];
    size_t n = t->params.n, rank = (size_t)t->o.lora_rank;
    t->trained[n + i] = rank * p->rows;
    t->trained[2 * n + i] = p->cols * rank;
}

static bolter_status mark_adapters(bolter_trainer *t, bolter_error *err)
{
    const char *word = t->o.lora_targets ? t->o.lora_targets : "all";
    for (;; word++) {
        size_t n = strcspn(word, ","), found = 0;
        for (size_t i = 0; i < t->params.n; i++) {
            if (!t->params.row[i].lora || !is_target(t->params.row[i].name, word, n))
                continue;
            mark_adapter(t, i);
            found++;
        }
        if (found == 0)
            return bt_fail(err, BOLTER_E_ARG, "lora_targets: \"%.*s\" names no linear layer",
                           (int)(n < 60 ? n : 60), word);
        word += n;
        if (!*word)
            return BOLTER_OK;
    }
}

bolter_status bt_options_mark(bolter_trainer *t, bolter_error *err)
{
    const char *what = t->o.trainable;
    size_t L = t->cfg.n_layer, head = L + 2, lowest = head, n_blocks;
    bool of_blocks = blocks_of(what, L, &n_blocks);
    if (of_blocks && n_blocks > L)
        return bt_fail(err, BOLTER_E_ARG, "trainable \"%s\": %zu blocks, the model has %zu", what,
                       n_blocks, L);
    if (strcmp(what, "all") == 0)
        lowest = 0;
    else if (of_blocks)
        lowest = n_blocks == 0 ? head : L + 1 - n_blocks;
    else if (!adapts(&t->o))
        return bt_fail(err, BOLTER_E_ARG,
                       "trainable \"%s\", expected last_layer, last_block, last_two_blocks, "
                       "last_N_blocks, all, lora or qlora",
                       what);
    t->trained = bt_alloc_array(3 * t->params.n, sizeof *t->trained);
    if (!t->trained)
        return bt_fail(err, BOLTER_E_NOMEM, "trainer: no memory");
    for (size_t i = 0; i < t->params.n; i++)
        if (t->params.row[i].layer >= lowest)
            t->trained[i] = bt_param_size(&t->params.row[i]);
    if (lowest == head && t->cfg.n_label == 0 && !adapts(&t->o))
        return bt_fail(err, BOLTER_E_ARG, "trainable \"%s\": only a classifier's head trains alone", what);
    return adapts(&t->o) ? mark_adapters(t, err) : BOLTER_OK;
}

size_t bt_options_lowest(const bolter_trainer *t)
{
    size_t n = t->params.n, L = t->cfg.n_layer, lowest = L;
    for (size_t i = 0; i < n; i++) {
        size_t layer = t->params.row[i].layer, block = layer > 0 ? layer - 1 : 0;
        /* The final norm needs what comes out of the last block, which must then run. */
        block = layer == L + 1 ? L - 1 : block;
        if ((t->trained[i] > 0 || t->trained[n + i] > 0) && block < lowest)
            lowest = block;
    }
    return lowest;
}

bolter_status bt_options_check_trunk(const bolter_trainer *t, bolter_error *err)
{
    if (t->trunk_precision == BT_FLOAT32)
        return BOLTER_OK;
    const char *why = t->o.no_cache                        ? "nothing is to be cached"
                      : strcmp(t->o.trainable, "qlora") == 0 ? "qlora has a format of its own"
                      : bt_options_lowest(t) == 0          ? "no block is frozen"
                                                           : NULL;
    if (!why)
        return BOLTER_OK;
    return bt_fail(err, BOLTER_E_ARG, "trunk_precision %s: %s", bt_precision_name(t->trunk_precision),
                   why);
}
