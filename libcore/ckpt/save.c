/*
 * save.c - write a model directory so that its name always means a whole model: everything goes into
 * DIR.tmp.PID, is synced, and takes DIR's place in one step.
 */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/mem.h"
#include "kern/int8.h"
#include "ckpt/model.h"
#include "ckpt/smooth.h"

/* ---- Weights ---- */

/* How one parameter is stored: int8 keeps the small tensors as they are. */
static bt_dtype dtype_for(bt_dtype wanted, const bt_param *p)
{
    bool large = p->lora || p->layer == 0;
    return wanted == BT_I8 && !large ? BT_F32 : wanted;
}

/* Int8 linear layers are stored as they are scored: see packed.h. */
static bool goes_in_panels(const bt_param *p, bt_dtype dtype)
{
    return dtype == BT_I8 && p->lora && p->rows % 4 == 0 && p->cols % BT_PANEL == 0;
}

static void file_name(char name[96], const bt_param *p, const char *suffix)
{
    bool head = strcmp(p->name, "score.weight") == 0;
    snprintf(name, 96, "%s%s%s", head ? "" : "transformer.", p->name, suffix);
}

static bolter_status declare(bt_safetensors_writer *w, const bt_param *p, bt_dtype dtype,
                             bolter_error *err)
{
    char name[96];
    const size_t dim[2] = {p->rows, p->cols}, scales = p->lora ? p->cols : p->rows;
    const size_t panels[4] = {p->cols / BT_PANEL, p->rows / 4, BT_PANEL, 4};
    file_name(name, p, "");
    bolter_status rc =
        goes_in_panels(p, dtype)
            ? bt_writer_declare(w, name, dtype, panels, 4, err)
            : bt_writer_declare(w, name, dtype, p->matrix ? dim : dim + 1, p->matrix ? 2 : 1, err);
    if (rc != BOLTER_OK || dtype != BT_I8)
        return rc;
    file_name(name, p, "_scale");
    return bt_writer_declare(w, name, BT_F32, &scales, 1, err);
}

static bolter_status put(bt_safetensors_writer *w, const bt_param *p, bt_dtype dtype, const float *x,
                         bolter_error *err)
{
    if (dtype != BT_I8) {
        bt_writer_put_floats(w, dtype, x, bt_param_size(p));
        return BOLTER_OK;
    }
    size_t n = p->lora ? p->cols : p->rows;
    int8_t *q = bt_alloc(bt_param_size(p)), *panels = bt_alloc(bt_packed_bytes(BT_INT8, p->rows, p->cols));
    float *scale = bt_alloc_array(n, sizeof *scale);
    bolter_status rc = BOLTER_OK;
    if (q && panels && scale) {
        bt_quantise(q, scale, x, p->rows, p->cols, p->lora);
        bt_packed_order(panels, q, p->rows, p->cols);
        bt_writer_put_bytes(w, goes_in_panels(p, dtype) ? panels : q, bt_param_size(p));
        bt_writer_put_bytes(w, scale, n * sizeof *scale);
    } else {
        rc = bt_fail(err, BOLTER_E_NOMEM, "%s: no memory", w->path);
    }
    bt_release(q);
    bt_release(panels);
    bt_release(scale);
    return rc;
}

static bolter_status write_weights(const bt_weights *w, bt_dtype wanted, const char *path,
                                   bolter_error *err)
{
    const bt_params *params = w->params;
    bt_safetensors_writer wr;
    json_t *metadata = json_pack("{s:s}", "format", "pt");
    bolter_status rc = bt_writer_init(&wr, metadata, err);
    for (size_t i = 0; rc == BOLTER_OK && i < params->n; i++)
        rc = declare(&wr, &params->row[i], dtype_for(wanted, &params->row[i]), err);
    if (rc == BOLTER_OK)
        rc = bt_writer_begin(&wr, path, err);
    for (size_t i = 0; rc == BOLTER_OK && i < params->n; i++) {
        const float *x = w->at(w->ud, i);
        rc = x ? put(&wr, &params->row[i], dtype_for(wanted, &params->row[i]), x, err)
               : bt_fail(err, BOLTER_E_NOMEM, "%s: no memory", path);
    }
    if (rc == BOLTER_OK)
        rc = bt_writer_end(&wr, err);
    bt_writer_clear(&wr);
    json_decref(metadata);
    return rc;
}

/* ---- The other files ---- */

static bolter_status write_json(const char *dir, const char *name, json_t *j, bolter_error *err)
{
    char *path = bt_path_join(dir, name);
    char *text = j ? json_dumps(j, JSON_INDENT(2)) : NULL;
    bolter_status rc = path && text ? bt_write_file(path, text, strlen(text), err)
                                    : bt_fail(err, BOLTER_E_NOMEM, "%s: no memory", dir);
    free(text);
    bt_release(path);
    return rc;
}

static bolter_status copy_file(const char *from_dir, const char *dir, const char *name,
                               bolter_error *err)
{
    char *from = bt_path_join(from_dir, name), *to = bt_path_join(dir, name);
    bt_map m = {0};
    bolter_status rc = from && to ? BOLTER_OK : bt_fail(err, BOLTER_E_NOMEM, "%s: no memory", dir);
    bool there = rc == BOLTER_OK && bt_file_exists(from);
    if (there)
        rc = bt_map_open(&m, from, err);
    if (there && rc == BOLTER_OK)
        rc = bt_write_file(to, m.data ? (const void *)m.data : "", m.len, err);
    bt_map_close(&m);
    bt_release(from);
    bt_release(to);
    return rc;
}

/* Where there is one. */
static bolter_status compile_tokenizer(const char *dir, bolter_error *err)
{
    char *vocab = bt_path_join(dir, "vocab.json");
    if (!vocab)
        return bt_fail(err, BOLTER_E_NOMEM, "%s: no memory", dir);
    bool there = bt_file_exists(vocab);
    bt_release(vocab);
    return there ? bolter_tok_compile(dir, err) : BOLTER_OK;
}

/* bolter.json with the id of the weights that were just written. */
static bolter_status write_card(const bt_card *card, const char *weights, const char *dir,
                                bolter_error *err)
{
    char hex[65];
    bolter_status rc = bolter_file_sha256(weights, hex, err);
    if (rc != BOLTER_OK)
        return rc;
    hex[16] = 0;
    bt_card named = *card;
    named.model_id = hex;
    json_t *j = bt_card_json(&named);
    rc = write_json(dir, "bolter.json", j, err);
    json_decref(j);
    return rc;
}

static bolter_status fill_directory(const bolter_model *source, const bt_weights *w,
                                    const bt_card *card, bt_dtype dtype, const char *dir,
                                    bolter_error *err)
{
    char *weights = bt_path_join(dir, "model.safetensors");
    json_t *config = card->n_label > 0
                         ? bt_config_classifier(source->config, card->label, card->n_label)
                         : json_incref(source->config);
    bolter_status rc = weights ? write_json(dir, "config.json", config, err)
                               : bt_fail(err, BOLTER_E_NOMEM, "%s: no memory", dir);
    if (rc == BOLTER_OK && source->dir)
        rc = copy_file(source->dir, dir, "vocab.json", err);
    if (rc == BOLTER_OK && source->dir)
        rc = copy_file(source->dir, dir, "merges.txt", err);
    if (rc == BOLTER_OK)
        rc = compile_tokenizer(dir, err);
    if (rc == BOLTER_OK)
        rc = write_weights(w, dtype, weights, err);
    if (rc == BOLTER_OK && card->wide_sha256[0])
        rc = copy_file(source->dir, dir, BT_WIDE_NAME, err);
    if (rc == BOLTER_OK && card->n_label > 0)
        rc = write_card(card, weights, dir, err);
    json_decref(config);
    bt_release(weights);
    return rc;
}

static const float *weight_of_list(void *ud, size_t index)
{
    const float *const *list = ud;
    return list[index];
}

/* Copies of all weights, which smoothing wants side by side: list (n) into block. */
static bolter_status copy_all(const bt_weights *w, const float **list, float *block, const char *dir,
                              bolter_error *err)
{
    for (size_t i = 0; i < w->params->n; i++) {
        const float *x = w->at(w->ud, i);
        if (!x)
            return bt_fail(err, BOLTER_E_NOMEM, "%s: no memory", dir);
        list[i] = memcpy(block, x, bt_param_size(&w->params->row[i]) * sizeof *block);
        block += bt_param_size(&w->params->row[i]);
    }
    return BOLTER_OK;
}

/* As fill_directory(); int8 weights are smoothed first, unless plain. */
static bolter_status fill_with(const bolter_model *source, const bt_weights *w, const bt_card *card,
                               bt_dtype dtype, bool plain, const char *dir, bolter_error *err)
{
    if (dtype != BT_I8 || plain)
        return fill_directory(source, w, card, dtype, dir, err);
    bt_smoothed smoothed = {0};
    const float **list = bt_alloc_array(w->params->n, sizeof *list);
    float *block = bt_alloc_aligned(w->params->n_values, sizeof *block);
    bolter_status rc = list && block ? copy_all(w, list, block, dir, err)
                                     : bt_fail(err, BOLTER_E_NOMEM, "%s: no memory", dir);
    if (rc == BOLTER_OK)
        rc = bt_smooth(&smoothed, w->params, &source->cfg, list, err);
    bt_weights all = {w->params, weight_of_list, smoothed.w};
    if (rc == BOLTER_OK)
        rc = fill_directory(source, &all, card, dtype, dir, err);
    bt_smoothed_clear(&smoothed);
    bt_release(list);
    bt_release(block);
    return rc;
}

static bolter_status write_files(const bolter_save_options *o, const char *dir, bolter_error *err)
{
    bolter_status rc = BOLTER_OK;
    for (size_t i = 0; rc == BOLTER_OK && i < o->n_files; i++) {
        const bolter_save_file *f = &o->files[i];
        if (!*f->name || strchr(f->name, '/'))
            return bt_fail(err, BOLTER_E_ARG, "\"%s\": not the name of a file", f->name);
        char *path = bt_path_join(dir, f->name);
        rc = path ? bt_write_file(path, f->text, strlen(f->text), err)
                  : bt_fail(err, BOLTER_E_NOMEM, "%s: no memory", dir);
        bt_release(path);
    }
    return rc;
}

static bool dtype_named(const char *name, bt_dtype *out)
{
    static const struct {
        const char *name;
        bt_dtype dtype;
    } names[] = {{"float32", BT_F32}, {"float16", BT_F16}, {"bfloat16", BT_BF16}, {"int8", BT_I8}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(names[i].name, name) == 0) {
            *out = names[i].dtype;
            return true;
        }
    }
    return false;
}

/* A directory that saving may replace: a model, or nothing. */
static bool replaceable(const char *dir)
{
    bool model = false;
    size_t n = 0;
    DIR *d = opendir(dir);
    for (struct dirent *e; d && (e = readdir(d));) {
        model = model || strcmp(e->d_name, "config.json") == 0;
        n += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
    }
    if (d)
        closedir(d);
    return d && (model || n == 0);
}

/* Where dir is to be: itself, or where a symbolic link leads. Somebody's letters stay. */
static bolter_status find_place(const char *dir, char **place, bolter_error *err)
{
    struct stat st;
    size_t n = strlen(dir);
    while (n > 1 && dir[n - 1] == '/')
        n--;
    char *real = realpath(dir, NULL);
    if (!real && errno == ENOMEM)
        return bt_fail(err, BOLTER_E_NOMEM, "%s: no memory", dir);
    *place = real ? bt_strdup(real) : bt_strndup(dir, n);
    free(real);
    if (!*place)
        return bt_fail(err, BOLTER_E_NOMEM, "%s: no memory", dir);
    if (lstat(*place, &st) != 0 || (S_ISDIR(st.st_mode) && replaceable(*place)))
        return BOLTER_OK;
    bt_release(*place);
    *place = NULL;
    return bt_fail(err, BOLTER_E_MISMATCH,
                   "%s: exists and is neither a model directory nor empty; it is left alone", dir);
}

/* What goes into a directory that is being built. */
typedef bolter_status (*fill_fn)(void *ud, const char *dir, bolter_error *err);

/* Have a directory filled beside its place, and put it there. */
static bolter_status build(const char *dir, fill_fn fill, void *ud, const bolter_save_options *o,
                           bolter_error *err)
{
    char *place = NULL;
    bolter_status rc = find_place(dir, &place, err);
    if (rc != BOLTER_OK)
        return rc;
    bt_buf tmp;
    bt_buf_init(&tmp, 65536);
    bt_remove_stale(place);
    if (!bt_buf_appendf(&tmp, "%s.tmp.%ld", place, (long)getpid()))
        rc = bt_fail(err, BOLTER_E_NOMEM, "%s: no memory", dir);
    if (rc == BOLTER_OK) {
        bt_remove_dir(tmp.data);
        if (mkdir(tmp.data, 0777) != 0)
            rc = bt_fail_errno(err, errno, "%s", tmp.data);
    }
    if (rc == BOLTER_OK)
        rc = write_files(o, tmp.data, err);
    if (rc == BOLTER_OK)
        rc = fill(ud, tmp.data, err);
    if (rc == BOLTER_OK)
        rc = bt_replace_dir(tmp.data, place, err);
    if (rc != BOLTER_OK && tmp.data)
        bt_remove_dir(tmp.data);
    bt_buf_free(&tmp);
    bt_release(place);
    return rc;
}

struct whole {
    const bolter_model *source;
    const bt_weights *w;
    const bt_card *card;
    bt_dtype dtype;
    bool plain;
};

static bolter_status fill_whole(void *ud, const char *dir, bolter_error *err)
{
    const struct whole *m = ud;
    return fill_with(m->source, m->w, m->card, m->dtype, m->plain, dir, err);
}

bolter_status bt_model_write(const bolter_model *source, const bt_weights *w, const bt_card *card,
                             const bolter_save_options *o, const char *dir, bolter_error *err)
{
    struct whole m = {source, w, card, BT_F32, o->plain};
    if (o->dtype && !dtype_named(o->dtype, &m.dtype))
        return bt_fail(err, BOLTER_E_ARG,
                       "%s: unknown number format, expected float32, float16, bfloat16 or int8",
                       o->dtype);
    return build(dir, fill_whole, &m, o, err);
}

static const float *weight_of_model(void *ud, size_t index)
{
    const bolter_model *m = ud;
    return m->w[index];
}

bolter_status bolter_model_save(const bolter_model *m, const char *dir, const bolter_save_options *o,
                                bolter_error *err)
{
    bt_card card = {0};
    bt_weights w = {&m->params, weight_of_model, (void *)(uintptr_t)m};
    bolter_save_options with = *o;
    with.plain = o->plain || bt_precision_stored(m) == BT_INT8;
    bolter_status rc = bt_model_need_weights(m, err);
    if (rc == BOLTER_OK)
        rc = bt_card_copy(&card, &m->card, err);
    if (rc == BOLTER_OK)
        rc = bt_card_apply(&card, o, err);
    if (rc == BOLTER_OK)
        rc = bt_model_write(m, &w, &card, &with, dir, err);
    bt_card_clear(&card);
    return rc;
}

bolter_status bolter_model_save_card(const bolter_model *m, const bolter_save_options *o,
                                     bolter_error *err)
{
    if (o->dtype)
        return bt_fail(err, BOLTER_E_ARG, "%s: a card has no number format", m->dir);
    bt_card card = {0};
    bolter_status rc = bt_card_copy(&card, &m->card, err);
    if (rc == BOLTER_OK)
        rc = bt_card_apply(&card, o, err);
    if (rc == BOLTER_OK) {
        json_t *j = bt_card_json(&card);
        rc = write_json(m->dir, "bolter.json", j, err);
        json_decref(j);
    }
    bt_card_clear(&card);
    return rc;
}

/* ---- With another wide part ---- */

struct widened {
    const bolter_model *m;
    const bolter_wide *wide;
    bt_card *card;
};

/* Every file but the two that will be new, and those that are there. */
static bolter_status copy_others(const char *from, const char *dir, bolter_error *err)
{
    bolter_status rc = BOLTER_OK;
    DIR *d = opendir(from);
    if (!d)
        return bt_fail_errno(err, errno, "%s", from);
    for (struct dirent *e; rc == BOLTER_OK && (e = readdir(d));) {
        struct stat st;
        char *path = bt_path_join(from, e->d_name), *to = bt_path_join(dir, e->d_name);
        bool old = strcmp(e->d_name, "bolter.json") == 0 || strcmp(e->d_name, BT_WIDE_NAME) == 0;
        if (!path || !to)
            rc = bt_fail(err, BOLTER_E_NOMEM, "%s: no memory", from);
        else if (!old && !bt_file_exists(to) && stat(path, &st) == 0 && S_ISREG(st.st_mode))
            rc = copy_file(from, dir, e->d_name, err);
        bt_release(path);
        bt_release(to);
    }
    closedir(d);
    return rc;
}

static bolter_status fill_widened(void *ud, const char *dir, bolter_error *err)
{
    const struct widened *w = ud;
    char *path = bt_path_join(dir, BT_WIDE_NAME);
    bolter_status rc = path ? copy_others(w->m->dir, dir, err)
                            : bt_fail(err, BOLTER_E_NOMEM, "%s: no memory", dir);
    if (rc == BOLTER_OK)
        rc = bt_wide_write(w->wide, path, err);
    if (rc == BOLTER_OK)
        rc = bolter_file_sha256(path, w->card->wide_sha256, err);
    if (rc == BOLTER_OK) {
        json_t *j = bt_card_json(w->card);
        rc = write_json(dir, "bolter.json", j, err);
        json_decref(j);
    }
    bt_release(path);
    return rc;
}

bolter_status bolter_model_save_wide(const bolter_model *m, const bolter_wide *wide,
                                     const bolter_mix *mix, const char *out,
                                     const bolter_save_options *o, bolter_error *err)
{
    bt_card card = {0};
    struct widened w = {m, wide, &card};
    if (o->dtype)
        return bt_fail(err, BOLTER_E_ARG, "%s: the network keeps its number format", m->dir);
    if (m->info.n_label != 2 || m->info.spam_label < 0)
        return bt_fail(err, BOLTER_E_MISMATCH, "%s: %d labels, a wide part needs spam and another",
                       m->dir, (int)m->info.n_label);
    bolter_status rc = bt_card_copy(&card, &m->card, err);
    if (rc == BOLTER_OK)
        rc = bt_card_apply(&card, o, err);
    card.mix = *mix;
    if (rc == BOLTER_OK)
        rc = build(out, fill_widened, &w, o, err);
    bt_card_clear(&card);
    return rc;
}
