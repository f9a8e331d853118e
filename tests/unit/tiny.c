/* tiny.c - small random GPT-2 models for tests. */
#include "tests/unit/tiny.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/rng.h"
#include "ckpt/safetensors.h"
#include "tests/check.h"

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "tiny model: %s\n", what);
    exit(99);
}

bt_config tiny_config(size_t n_layer, size_t n_label)
{
    return (bt_config){.n_ctx = 32,
                       .n_vocab = TINY_VOCAB,
                       .n_embd = 12,
                       .n_layer = n_layer,
                       .n_head = 3,
                       .n_inner = 20,
                       .n_label = n_label,
                       .eps = 1e-5f};
}

void tiny_init(tiny *t, const bt_config *cfg, uint64_t seed)
{
    bolter_error err = {0};
    bt_rng rng = {.seed = seed};
    *t = (tiny){.cfg = *cfg};
    if (bt_params_init(&t->params, cfg, &err) != BOLTER_OK)
        die(err.text);
    t->block = bt_alloc_array(t->params.n_values, sizeof *t->block);
    t->w = bt_alloc_array(t->params.n, sizeof *t->w);
    if (!t->block || !t->w)
        die("no memory");
    for (size_t i = 0; i < t->params.n; i++) {
        const bt_param *p = &t->params.row[i];
        bool gain = strstr(p->name, "ln_") && strstr(p->name, ".weight");
        t->w[i] = t->block + p->offset;
        for (size_t k = 0; k < bt_param_size(p); k++)
            t->w[i][k] = (gain ? 1.0f : 0.0f) + 0.3f * (float)bt_rng_normal(&rng);
    }
    if (cfg->n_label == 2)
        t->card = "{\"v\": 1, \"labels\": [\"ham\", \"spam\"], \"max_tokens\": 24, "
                  "\"tail_tokens\": 6, \"temperature\": 1.5, \"spam_threshold\": 0.9, "
                  "\"unsure_threshold\": 0.4}\n";
}

void tiny_clear(tiny *t)
{
    bt_params_clear(&t->params);
    bt_release(t->block);
    bt_release(t->w);
    *t = (tiny){0};
}

float *tiny_values(tiny *t, const char *name, size_t *n)
{
    size_t i = bt_params_find(&t->params, name);
    if (i == t->params.n)
        die(name);
    if (n)
        *n = bt_param_size(&t->params.row[i]);
    return t->w[i];
}

/* ---- Files ---- */

const char *tiny_path(const char *name)
{
    static char slots[8][1024];
    static size_t next;
    char *path = slots[next++ % 8];
    snprintf(path, sizeof slots[0], "%s/%s", check_tmpdir(), name);
    return path;
}

static void put(const char *dir, const char *name, const char *bytes, size_t n)
{
    bolter_error err = {0};
    char *path = bt_path_join(dir, name);
    if (!path || bt_write_file(path, bytes, n, &err) != BOLTER_OK)
        die(err.text);
    bt_release(path);
}

void tiny_put(const char *dir, const char *name, const char *text)
{
    if (text) {
        put(dir, name, text, strlen(text));
        return;
    }
    char *path = bt_path_join(dir, name);
    if (!path || unlink(path) != 0)
        die(name);
    bt_release(path);
}

/* GPT-2 writes a byte as one character: itself where it is printable Latin-1, else from U+0100 on. */
static bool printable(unsigned b)
{
    return (b >= '!' && b <= '~') || (b >= 0xa1 && b <= 0xac) || b >= 0xae;
}

static void write_tokenizer(const char *dir)
{
    bt_buf vocab;
    bt_buf_init(&vocab, 1 << 16);
    bool ok = bt_buf_append_str(&vocab, "{");
    for (unsigned b = 0, next = 0x100; b < 256; b++)
        ok = ok && bt_buf_appendf(&vocab, "\"\\u%04x\": %u, ", printable(b) ? b : next++, b);
    if (!ok || !bt_buf_appendf(&vocab, "\"he\": 256, \"<|endoftext|>\": %d}\n", TINY_VOCAB - 1))
        die("no memory");
    put(dir, "vocab.json", vocab.data, vocab.len);
    bt_buf_free(&vocab);
    tiny_put(dir, "merges.txt", "#version: 0.2\nh e\n");
}

static void write_config(const tiny *t, const char *dir)
{
    char text[1024];
    const bt_config *c = &t->cfg;
    snprintf(text, sizeof text,
             "{\"model_type\": \"gpt2\", \"n_positions\": %zu, \"vocab_size\": %zu, \"n_embd\": %zu,\n"
             " \"n_layer\": %zu, \"n_head\": %zu, \"n_inner\": %zu, \"layer_norm_epsilon\": %.9g,\n"
             " \"bos_token_id\": %zu, \"eos_token_id\": %zu%s}\n",
             c->n_ctx, c->n_vocab, c->n_embd, c->n_layer, c->n_head, c->n_inner, (double)c->eps,
             c->n_vocab - 1, c->n_vocab - 1, c->untied ? ", \"tie_word_embeddings\": false" : "");
    tiny_put(dir, "config.json", text);
}

static void write_weights(const tiny *t, const char *dir)
{
    bt_safetensors_writer w;
    bolter_error err = {0};
    char *path = bt_path_join(dir, "model.safetensors");
    bolter_status rc = bt_writer_init(&w, NULL, &err);
    for (size_t i = 0; rc == BOLTER_OK && i < t->params.n; i++) {
        const bt_param *p = &t->params.row[i];
        const size_t dim[2] = {p->rows, p->cols};
        char name[96];
        bt_param_file_name(name, p, "");
        rc = bt_writer_declare(&w, t->bare_names ? p->name : name, BT_F32, p->matrix ? dim : dim + 1,
                               p->matrix ? 2 : 1, &err);
    }
    if (rc == BOLTER_OK)
        rc = bt_writer_begin(&w, path, &err);
    for (size_t i = 0; rc == BOLTER_OK && i < t->params.n; i++)
        bt_writer_put_floats(&w, BT_F32, t->w[i], bt_param_size(&t->params.row[i]));
    if (rc == BOLTER_OK)
        rc = bt_writer_end(&w, &err);
    bt_writer_clear(&w);
    bt_release(path);
    if (rc != BOLTER_OK)
        die(err.text);
}

void tiny_write(const tiny *t, const char *dir)
{
    mkdir(dir, 0777);
    write_config(t, dir);
    write_weights(t, dir);
    write_tokenizer(dir);
    if (t->card)
        tiny_put(dir, "bolter.json", t->card);
}

/* ---- Models and sequences ---- */

bolter_model *tiny_model(tiny *t, const char *name)
{
    bolter_model *m;
    bolter_error err = {0};
    const char *dir = tiny_path(name);
    tiny_write(t, dir);
    if (bolter_model_open(&m, dir, &err) != BOLTER_OK)
        die(err.text);
    return m;
}

static bolter_model *random_model(const bt_config *cfg, uint64_t seed, const char *name)
{
    tiny t;
    tiny_init(&t, cfg, seed);
    bolter_model *m = tiny_model(&t, name);
    tiny_clear(&t);
    return m;
}

bolter_model *tiny_classifier(size_t n_layer, uint64_t seed, const char *name)
{
    bt_config cfg = tiny_config(n_layer, 2);
    return random_model(&cfg, seed, name);
}

bolter_model *tiny_language_model(uint64_t seed, const char *name)
{
    bt_config cfg = tiny_config(2, 0);
    return random_model(&cfg, seed, name);
}

bolter_model *tiny_untied_model(uint64_t seed, const char *name)
{
    bt_config cfg = tiny_config(2, 0);
    cfg.untied = true;
    return random_model(&cfg, seed, name);
}

bolter_seq *tiny_seqs(size_t n, size_t longest, uint64_t seed)
{
    bt_rng rng = {.seed = seed, .stream = 9};
    bolter_seq *seqs = bt_alloc_array(n, sizeof *seqs);
    size_t length = 1, before = 1;
    for (size_t i = 0; seqs && i < n; i++) {
        int32_t *ids = bt_alloc_array(length, sizeof *ids);
        if (!ids)
            die("no memory");
        for (size_t k = 0; k < length; k++)
            ids[k] = (int32_t)bt_rng_below(&rng, TINY_VOCAB);
        seqs[i] = (bolter_seq){.ids = ids, .n = length};
        size_t next = length + before;
        before = length;
        length = next <= longest ? next : 1 + next % longest;
    }
    if (!seqs)
        die("no memory");
    return seqs;
}

void tiny_free_seqs(bolter_seq *seqs, size_t n)
{
    for (size_t i = 0; i < n; i++)
        bt_release((void *)(uintptr_t)seqs[i].ids);
    bt_release(seqs);
}
