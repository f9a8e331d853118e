/* bundle.c - writes OpenAI's release of a tiny model. */
#include "tests/unit/bundle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/crc32c.h"
#include "base/file.h"
#include "base/mem.h"

#define RESTART_EVERY 16

static uint32_t masked(uint32_t crc)
{
    return (crc >> 15 | crc << 17) + 0xa282ead8u;
}

static void put_varint(bt_buf *b, uint64_t x)
{
    for (; x >= 0x80; x >>= 7)
        bt_buf_append_char(b, (char)(x | 0x80));
    bt_buf_append_char(b, (char)x);
}

static void put_le(bt_buf *b, uint64_t x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        bt_buf_append_char(b, (char)(x >> 8 * i));
}

void put_number(bt_buf *b, unsigned id, uint64_t number)
{
    put_varint(b, id << 3);
    put_varint(b, number);
}

void put_bytes(bt_buf *b, unsigned id, const void *bytes, size_t n)
{
    put_varint(b, id << 3 | 2);
    put_varint(b, n);
    bt_buf_append(b, bytes, n);
}

void put_fixed(bt_buf *b, unsigned id, uint32_t number)
{
    put_varint(b, id << 3 | 5);
    put_le(b, number, 4);
}

/* ---- Tables ---- */

void table_begin(struct table *t, size_t per_block)
{
    *t = (struct table){.per_block = per_block};
    bt_buf_init(&t->file, 1 << 20);
    bt_buf_init(&t->block, 1 << 20);
    bt_buf_init(&t->places, 1 << 20);
}

static void put_entry(bt_buf *b, const char *key, size_t shared, const bt_buf *value)
{
    put_varint(b, shared);
    put_varint(b, strlen(key) - shared);
    put_varint(b, value->len);
    bt_buf_append_str(b, key + shared);
    bt_buf_append(b, value->data, value->len);
}

/* Offsets, their number, the byte of no compression and the checksum: to the file, as a place. */
static void end_block(struct table *t, bt_buf *block, const uint32_t *restart, size_t n,
                      bt_buf *place)
{
    for (size_t i = 0; i < n; i++)
        put_le(block, restart[i], 4);
    put_le(block, n, 4);
    put_varint(place, t->file.len);
    put_varint(place, block->len);
    bt_buf_append_char(block, 0);
    put_le(block, masked(bt_crc32c(0, block->data, block->len)), 4);
    bt_buf_append(&t->file, block->data, block->len);
    bt_buf_reset(block);
}

static void end_data(struct table *t)
{
    bt_buf place;
    bt_buf_init(&place, 64);
    end_block(t, &t->block, t->restart, t->n_restart, &place);
    put_entry(&t->places, t->last, 0, &place);
    bt_buf_free(&place);
    t->n = t->n_restart = 0;
}

void table_add(struct table *t, const char *key, const bt_buf *value)
{
    size_t shared = 0;
    if (t->n % RESTART_EVERY == 0)
        t->restart[t->n_restart++] = (uint32_t)t->block.len;
    else
        while (key[shared] && key[shared] == t->last[shared])
            shared++;
    put_entry(&t->block, key, shared, value);
    snprintf(t->last, sizeof t->last, "%s", key);
    if (++t->n == t->per_block)
        end_data(t);
}

void table_end(struct table *t)
{
    static const uint32_t first[] = {0};
    bt_buf footer, meta;
    bt_buf_init(&footer, 64);
    bt_buf_init(&meta, 64);
    if (t->n > 0)
        end_data(t);
    end_block(t, &meta, first, 1, &footer);
    end_block(t, &t->places, first, 1, &footer);
    while (footer.len < 40)
        bt_buf_append_char(&footer, 0);
    put_le(&footer, UINT64_C(0xdb4775248b80fb57), 8);
    bt_buf_append(&t->file, footer.data, footer.len);
    bt_buf_free(&footer);
    bt_buf_free(&meta);
}

void table_clear(struct table *t)
{
    bt_buf_free(&t->file);
    bt_buf_free(&t->block);
    bt_buf_free(&t->places);
}

/* ---- Tensors ---- */

/* A parameter under OpenAI's name; a linear layer has a dimension of 1 before its two. */
struct tensor {
    char name[64];
    size_t dim[3], n_dim;
    const float *values;
};

static void name_it(struct tensor *x, const char *name)
{
    static const struct {
        const char *ours, *theirs;
    } ends[] = {{"wte.weight", "wte"},           {"wpe.weight", "wpe"},
                {"ln_f.weight", "ln_f/g"},       {"ln_f.bias", "ln_f/b"},
                {"ln_1.weight", "ln_1/g"},       {"ln_1.bias", "ln_1/b"},
                {"ln_2.weight", "ln_2/g"},       {"ln_2.bias", "ln_2/b"},
                {"attn.c_attn.weight", "attn/c_attn/w"}, {"attn.c_attn.bias", "attn/c_attn/b"},
                {"attn.c_proj.weight", "attn/c_proj/w"}, {"attn.c_proj.bias", "attn/c_proj/b"},
                {"mlp.c_fc.weight", "mlp/c_fc/w"},       {"mlp.c_fc.bias", "mlp/c_fc/b"},
                {"mlp.c_proj.weight", "mlp/c_proj/w"},   {"mlp.c_proj.bias", "mlp/c_proj/b"}};
    char block[16] = "";
    if (name[0] == 'h' && name[1] == '.') {
        snprintf(block, sizeof block, "h%c/", name[2]);
        name += 4;
    }
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (strcmp(ends[i].ours, name) == 0)
            snprintf(x->name, sizeof x->name, "model/%s%s", block, ends[i].theirs);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct tensor *)a)->name, ((const struct tensor *)b)->name);
}

static struct tensor tensor_of(const tiny *t, size_t i)
{
    const bt_param *p = &t->params.row[i];
    struct tensor x = {.values = t->w[i]};
    name_it(&x, p->name);
    if (p->lora)
        x.dim[x.n_dim++] = 1;
    if (p->matrix)
        x.dim[x.n_dim++] = p->rows;
    x.dim[x.n_dim++] = p->cols;
    return x;
}

/* Its values to the data file, its entry to the table. */
static void put_tensor(struct table *table, bt_buf *data, const struct tensor *x)
{
    size_t n = sizeof(float);
    bt_buf entry, shape, dim;
    bt_buf_init(&entry, 1024);
    bt_buf_init(&shape, 1024);
    bt_buf_init(&dim, 64);
    for (size_t i = 0; i < x->n_dim; i++) {
        bt_buf_reset(&dim);
        put_number(&dim, 1, x->dim[i]);
        put_bytes(&shape, 2, dim.data, dim.len);
        n *= x->dim[i];
    }
    put_number(&entry, 1, 1);
    put_bytes(&entry, 2, shape.data, shape.len);
    if (data->len > 0)
        put_number(&entry, 4, data->len);
    put_number(&entry, 5, n);
    put_fixed(&entry, 6, masked(bt_crc32c(0, x->values, n)));
    bt_buf_append(data, x->values, n);
    table_add(table, x->name, &entry);
    bt_buf_free(&entry);
    bt_buf_free(&shape);
    bt_buf_free(&dim);
}

/* ---- The release ---- */

static void put_header(struct table *table)
{
    bt_buf header;
    bt_buf_init(&header, 64);
    put_number(&header, 1, 1);
    put_bytes(&header, 3, "\x08\x01", 2);
    table_add(table, "", &header);
    bt_buf_free(&header);
}

static void write_file(const char *dir, const char *name, const bt_buf *b)
{
    char *path = bt_path_join(dir, name);
    if (bt_write_file(path, b->data, b->len, NULL) != BOLTER_OK)
        exit(99);
    bt_release(path);
}

static void write_checkpoint(const tiny *t, const char *dir, size_t per_block)
{
    struct tensor *x = bt_alloc_array(t->params.n, sizeof *x);
    struct table table;
    bt_buf data;
    bt_buf_init(&data, 1 << 24);
    for (size_t i = 0; i < t->params.n; i++)
        x[i] = tensor_of(t, i);
    qsort(x, t->params.n, sizeof *x, by_name);
    table_begin(&table, per_block);
    put_header(&table);
    for (size_t i = 0; i < t->params.n; i++)
        put_tensor(&table, &data, &x[i]);
    table_end(&table);
    write_file(dir, "model.ckpt.index", &table.file);
    write_file(dir, "model.ckpt.data-00000-of-00001", &data);
    table_clear(&table);
    bt_buf_free(&data);
    bt_release(x);
}

void release_write(const tiny *t, const char *dir, size_t entries_a_block)
{
    char text[256];
    const bt_config *c = &t->cfg;
    char *from = bt_path_join(dir, "vocab.json"), *to = bt_path_join(dir, "encoder.json");
    char *merges = bt_path_join(dir, "merges.txt"), *bpe = bt_path_join(dir, "vocab.bpe");
    tiny_write(t, dir); /* for its tokenizer */
    rename(from, to);
    rename(merges, bpe);
    tiny_put(dir, "config.json", NULL);
    tiny_put(dir, "model.safetensors", NULL);
    snprintf(text, sizeof text,
             "{\"n_vocab\": %zu, \"n_ctx\": %zu, \"n_embd\": %zu, \"n_head\": %zu, \"n_layer\": %zu}\n",
             c->n_vocab, c->n_ctx, c->n_embd, c->n_head, c->n_layer);
    tiny_put(dir, "hparams.json", text);
    tiny_put(dir, "checkpoint", "model_checkpoint_path: \"model.ckpt\"\n"
                                "all_model_checkpoint_paths: \"model.ckpt\"\n");
    write_checkpoint(t, dir, entries_a_block);
    bt_release(from);
    bt_release(to);
    bt_release(merges);
    bt_release(bpe);
}
