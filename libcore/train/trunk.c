/*
 * trunk.c - the cache of the frozen blocks. Filling goes through a group of sequences block by
 * block, so that one block's weights are in use at a time; each thread takes whole chunks. How
 * sequences fall into chunks depends on their order alone, so the same calls give the same bits on
 * any machine load.
 */
#include "train/trunk.h"

#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/parallel.h"
#include "train/worker.h"

/* Chunks of a group, for each thread: enough to share evenly, few enough for memory. */
#define CHUNKS_A_THREAD 2
#define MIN_CHUNKS      8

struct bt_entry {
    uint64_t hash;
    int32_t *ids; /* n of them, owned */
    size_t n;
    bool waits; /* in the list of the fill at hand */
    bt_piece piece;
};

static bool same_kind(const bt_trunk_kind *a, const bt_trunk_kind *b)
{
    return a->m && a->m == b->m && a->first == b->first && a->read == b->read &&
           a->causal == b->causal && a->half == b->half && a->tile == b->tile &&
           a->precision == b->precision;
}

void bt_trunk_begin(bt_trunk *k, const bt_trunk_kind *kind, size_t limit)
{
    if (same_kind(&k->kind, kind)) {
        k->store.limit = limit > k->store.used ? limit : k->store.used;
        return;
    }
    bt_trunk_clear(k);
    k->kind = *kind;
    if (kind->m)
        bolter_model_ref(kind->m);
    bt_store_init(&k->store, kind->half, limit);
}

void bt_trunk_clear(bt_trunk *k)
{
    for (size_t i = 0; i < k->n; i++) {
        bt_release(k->entry[i].ids);
        bt_piece_release(&k->entry[i].piece);
    }
    bt_release(k->entry);
    bt_release(k->table);
    bt_store_clear(&k->store);
    bolter_model_unref(k->kind.m);
    *k = (bt_trunk){.store.fd = -1};
}

bolter_status bolter_cache_open(bolter_cache **out, bolter_error *err)
{
    *out = bt_alloc(sizeof **out);
    if (!*out)
        return bt_fail(err, BOLTER_E_NOMEM, "cache: no memory");
    **out = (bt_trunk){.store.fd = -1};
    return BOLTER_OK;
}

void bolter_cache_free(bolter_cache *c)
{
    if (c)
        bt_trunk_clear(c);
    bt_release(c);
}

/* ---- The table ---- */

/* FNV-1a over the ids, with the high bits mixed in. */
static uint64_t hash_of(const bolter_seq *seq)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < seq->n; i++)
        h = (h ^ (uint64_t)(uint32_t)seq->ids[i]) * UINT64_C(0x100000001b3);
    return h ^ h >> 29;
}

/* The place of a sequence: where it is, or the free one where it would go. */
static size_t *place_of(const bt_trunk *k, const bolter_seq *seq, uint64_t hash)
{
    size_t mask = 2 * k->cap - 1;
    for (size_t i = hash & mask;; i = (i + 1) & mask) {
        if (k->table[i] == 0)
            return &k->table[i];
        const struct bt_entry *e = &k->entry[k->table[i] - 1];
        if (e->hash == hash && e->n == seq->n &&
            memcmp(e->ids, seq->ids, seq->n * sizeof *seq->ids) == 0)
            return &k->table[i];
    }
}

static bolter_status grow(bt_trunk *k, bolter_error *err)
{
    size_t cap = k->cap > 0 ? 2 * k->cap : 1024;
    struct bt_entry *entry = bt_alloc_array(cap, sizeof *entry);
    size_t *table = bt_alloc_array(2 * cap, sizeof *table);
    if (!entry || !table) {
        bt_release(entry);
        bt_release(table);
        return bt_fail(err, BOLTER_E_NOMEM, "cache: no memory for %zu sequences", cap);
    }
    if (k->n > 0)
        memcpy(entry, k->entry, k->n * sizeof *entry);
    bt_release(k->entry);
    bt_release(k->table);
    k->entry = entry;
    k->table = table;
    k->cap = cap;
    for (size_t i = 0; i < k->n; i++)
        *place_of(k, &(bolter_seq){.ids = entry[i].ids, .n = entry[i].n}, entry[i].hash) = i + 1;
    return BOLTER_OK;
}

/* The entry of a sequence, made if need be. */
static bolter_status entry_of(bt_trunk *k, const bolter_seq *seq, size_t *index, bolter_error *err)
{
    bolter_status rc = k->n < k->cap ? BOLTER_OK : grow(k, err);
    if (rc != BOLTER_OK)
        return rc;
    uint64_t hash = hash_of(seq);
    size_t *place = place_of(k, seq, hash);
    if (*place == 0) {
        int32_t *ids = bt_alloc_array(seq->n, sizeof *ids);
        if (!ids)
            return bt_fail(err, BOLTER_E_NOMEM, "cache: no memory for %zu ids", seq->n);
        memcpy(ids, seq->ids, seq->n * sizeof *ids);
        k->entry[k->n] = (struct bt_entry){.hash = hash, .ids = ids, .n = seq->n};
        *place = ++k->n;
    }
    *index = *place - 1;
    return BOLTER_OK;
}

bolter_status bt_trunk_load(const bt_trunk *k, const bolter_seq *seq, float *x, bolter_error *err)
{
    const size_t *place = place_of(k, seq, hash_of(seq));
    return bt_store_get(&k->store, &k->entry[*place - 1].piece, x, err);
}

/* ---- Filling ---- */

/* Sequences first .. first + n - 1 of the list go through the network together. */
struct chunk {
    size_t first, n, tokens;
    float *x; /* (tokens,C) */
};

struct filling {
    bt_trunk *k;
    const bt_fill *f;
    bolter_seq *seq; /* the list of what is missing */
    size_t *index;   /* and their entries */
    size_t n;
    struct chunk *chunk; /* of one group */
    size_t n_chunk;
    float *x; /* of its tokens */
    size_t block;
    bool packed; /* blocks run on the engine, with a memory for each thread; else as in training */
    bt_engine engine;
    bt_scoring **memory;
};

static bt_batch batch_of(const struct filling *g, const struct chunk *c)
{
    return (bt_batch){g->seq + c->first, c->n, g->f->read, g->f->causal};
}

static void embed(void *arg, size_t i)
{
    struct filling *g = arg;
    for (; i < g->n_chunk; i += g->f->n_threads) {
        bt_batch b = batch_of(g, &g->chunk[i]);
        bt_gpt2_embed(g->f->net, &b, g->chunk[i].x);
    }
}

static void run_block(void *arg, size_t i)
{
    struct filling *g = arg;
    bt_run *r = bt_workers_memory(g->f->workers, i);
    bt_scoring *memory = g->packed ? g->memory[i] : NULL;
    for (; i < g->n_chunk; i += g->f->n_threads) {
        bt_batch b = batch_of(g, &g->chunk[i]);
        if (memory)
            bt_engine_block(&g->engine, memory, &b, g->block, g->chunk[i].x);
        else
            bt_gpt2_block(r, g->f->net, &b, g->block, g->chunk[i].x);
    }
}

/* The last block, the final norm and what is read of them; x becomes (n,C). */
static void run_to_head(void *arg, size_t i)
{
    struct filling *g = arg;
    bt_run *r = bt_workers_memory(g->f->workers, i);
    bt_scoring *memory = g->packed ? g->memory[i] : NULL;
    size_t C = g->f->net->cfg.n_embd, last = g->f->net->cfg.n_layer - 1;
    for (; i < g->n_chunk; i += g->f->n_threads) {
        struct chunk *c = &g->chunk[i];
        bt_batch b = batch_of(g, c);
        const float *hidden;
        if (memory) {
            hidden = bt_engine_last(&g->engine, memory, &b, c->x);
        } else {
            memcpy(bt_run_input(r, last), c->x, c->tokens * C * sizeof *c->x);
            bt_gpt2_resume(r, g->f->net, &b, last);
            hidden = bt_run_hidden(r);
        }
        memcpy(c->x, hidden, c->n * C * sizeof *c->x);
    }
}

static void forget(const struct filling *g, size_t first, size_t n)
{
    for (size_t i = first; g->f->m && g->f->together && i < first + n; i++)
        bt_model_forget(g->f->m, i);
}

/* Run a step of g->block for all chunks. Its weights are packed for it alone: a group is large enough
 * that this costs little, and all blocks' would be as much memory again as the model. */
static bolter_status run_step(struct filling *g, void (*step)(void *arg, size_t i), bolter_error *err)
{
    bolter_status rc = g->packed ? bt_engine_pack(&g->engine, g->block, g->f->net->w, err) : BOLTER_OK;
    if (rc == BOLTER_OK)
        bt_parallel(g->f->n_threads, step, g);
    if (g->packed)
        bt_engine_drop(&g->engine, g->block);
    forget(g, bt_block_index(g->block, BT_LN1_W), BT_PER_LAYER);
    return rc;
}

static bolter_status run_group(struct filling *g, bolter_error *err)
{
    size_t L = g->f->net->cfg.n_layer, blocks = g->k->kind.first < L ? g->k->kind.first : L - 1;
    bolter_status rc = BOLTER_OK;
    bt_parallel(g->f->n_threads, embed, g);
    forget(g, BT_WTE, 2);
    for (g->block = 0; rc == BOLTER_OK && g->block < blocks; g->block++)
        rc = run_step(g, run_block, err);
    if (rc == BOLTER_OK && g->k->kind.first == L)
        rc = run_step(g, run_to_head, err);
    return rc;
}

static bolter_status keep_group(struct filling *g, bolter_error *err)
{
    size_t C = g->f->net->cfg.n_embd;
    bool heads = g->k->kind.first == g->f->net->cfg.n_layer;
    bolter_status rc = BOLTER_OK;
    for (size_t i = 0; i < g->n_chunk; i++) {
        const struct chunk *c = &g->chunk[i];
        const float *x = c->x;
        for (size_t s = c->first; rc == BOLTER_OK && s < c->first + c->n; s++) {
            size_t n = heads ? C : g->seq[s].n * C;
            rc = bt_store_put(&g->k->store, x, n, &g->k->entry[g->index[s]].piece, err);
            x += n;
        }
    }
    return rc;
}

/* Does a sequence of n tokens belong in a chunk, behind what is there? */
static bool fits(const struct filling *g, const struct chunk *c, size_t n)
{
    return c->n == 0 || (g->f->together && bt_chunk_has_room(c->n, c->tokens, n));
}

/* The chunks of the group that begins at sequence from; where the next one begins. */
static size_t cut_group(struct filling *g, size_t from, size_t max_chunks)
{
    size_t C = g->f->net->cfg.n_embd;
    float *x = g->x;
    for (g->n_chunk = 0; g->n_chunk < max_chunks && from < g->n; g->n_chunk++) {
        struct chunk *c = &g->chunk[g->n_chunk];
        *c = (struct chunk){.first = from, .x = x};
        while (from < g->n && fits(g, c, g->seq[from].n)) {
            c->tokens += g->seq[from++].n;
            c->n++;
        }
        x += c->tokens * C;
    }
    return from;
}

static bolter_status run_groups(struct filling *g, bolter_error *err)
{
    size_t max = CHUNKS_A_THREAD * g->f->n_threads;
    max = max > MIN_CHUNKS ? max : MIN_CHUNKS;
    size_t longest = bt_workers_longest(g->f->workers);
    g->chunk = bt_alloc_array(max, sizeof *g->chunk);
    g->x = bt_alloc_aligned(max, longest * g->f->net->cfg.n_embd * sizeof *g->x);
    if (!g->chunk || !g->x)
        return bt_fail(err, BOLTER_E_NOMEM, "cache: no memory for %zu tokens", max * longest);
    bolter_status rc = BOLTER_OK;
    for (size_t at = 0; rc == BOLTER_OK && at < g->n;) {
        at = cut_group(g, at, max);
        rc = run_group(g, err);
        if (rc == BOLTER_OK)
            rc = keep_group(g, err);
    }
    return rc;
}

/* Are all layers of the frozen blocks there as floats? Quantised ones are not. */
static bool can_pack(const struct filling *g)
{
    size_t L = g->f->net->cfg.n_layer, end = g->k->kind.first < L ? g->k->kind.first : L;
    for (size_t i = bt_block_index(0, BT_LN1_W); i < bt_block_index(end, BT_LN1_W); i++)
        if (!g->f->net->w[i])
            return false;
    return true;
}

static bolter_status open_engine(struct filling *g, bolter_error *err)
{
    size_t longest = bt_workers_longest(g->f->workers);
    g->packed = can_pack(g);
    if (!g->packed)
        return BOLTER_OK;
    bolter_status rc = bt_engine_open(&g->engine, &g->f->net->cfg, g->f->precision, NULL, g->f->net->w, err);
    g->memory = bt_alloc_array(g->f->n_threads, sizeof(bt_scoring *));
    if (rc == BOLTER_OK && !g->memory)
        rc = bt_fail(err, BOLTER_E_NOMEM, "cache: no memory for %zu threads", g->f->n_threads);
    for (size_t i = 0; rc == BOLTER_OK && i < g->f->n_threads; i++)
        rc = bt_scoring_open(&g->memory[i], &g->engine, longest, longest, err);
    return rc;
}

static void close_engine(struct filling *g)
{
    for (size_t i = 0; g->memory && i < g->f->n_threads; i++)
        bt_scoring_free(g->memory[i]);
    bt_release(g->memory);
    bt_engine_clear(&g->engine);
}

/* List the sequences that have no values yet, each once. */
static bolter_status list_missing(struct filling *g, const bolter_seq *seqs, size_t n,
                                  bolter_error *err)
{
    bolter_status rc = BOLTER_OK;
    for (size_t i = 0; rc == BOLTER_OK && i < n; i++) {
        size_t index = 0;
        rc = entry_of(g->k, &seqs[i], &index, err);
        if (rc != BOLTER_OK || g->k->entry[index].piece.n > 0 || g->k->entry[index].waits)
            continue;
        g->k->entry[index].waits = true;
        g->index[g->n] = index;
        g->seq[g->n++] = (bolter_seq){.ids = g->k->entry[index].ids, .n = seqs[i].n};
    }
    return rc;
}

bolter_status bt_trunk_fill(bt_trunk *k, const bt_fill *f, const bolter_seq *seqs, size_t n,
                            bolter_error *err)
{
    struct filling g = {.k = k, .f = f};
    g.seq = bt_alloc_array(n, sizeof *g.seq);
    g.index = bt_alloc_array(n, sizeof *g.index);
    bolter_status rc = g.seq && g.index ? list_missing(&g, seqs, n, err)
                                        : bt_fail(err, BOLTER_E_NOMEM, "cache: no memory");
    if (rc == BOLTER_OK && g.n > 0) {
        rc = open_engine(&g, err);
        if (rc == BOLTER_OK)
            rc = run_groups(&g, err);
        close_engine(&g);
    }
    for (size_t i = 0; i < g.n; i++)
        k->entry[g.index[i]].waits = false;
    bt_release(g.seq);
    bt_release(g.index);
    bt_release(g.chunk);
    bt_release(g.x);
    return rc;
}
