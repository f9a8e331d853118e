/*
 * shape.c - a model directory whose weights are a hole in a file: it takes no room on disk, reads as
 * zeros, and is gone once it is open.
 */
#include "trainer/shape.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "trainer/options.h"

static const struct {
    const char *name;
    size_t n_embd, n_layer, n_head;
} shapes[N_SHAPE] = {
    [SHAPE_BASE] = {"base", 0, 0, 0},      [SHAPE_124M] = {"124M", 768, 12, 12},
    [SHAPE_355M] = {"355M", 1024, 24, 16}, [SHAPE_774M] = {"774M", 1280, 36, 20},
    [SHAPE_1558M] = {"1558M", 1600, 48, 25},
};

const char *shape_name(enum shape s)
{
    return shapes[s].name;
}

struct shape_size shape_size_of(enum shape s, const bolter_model *base)
{
    const bolter_model_info *i = bolter_model_info_of(base);
    struct shape_size z = {.n_embd = shapes[s].n_embd,
                           .n_layer = shapes[s].n_layer,
                           .n_head = shapes[s].n_head};
    if (s == SHAPE_BASE)
        z = (struct shape_size){.n_embd = (size_t)i->n_embd,
                                .n_layer = (size_t)i->n_layer,
                                .n_head = (size_t)i->n_head};
    uint64_t C = z.n_embd;
    z.n_block = 12 * C * C + 13 * C;
    z.n_param = C * ((uint64_t)i->n_vocab + (uint64_t)i->n_ctx + 2) + z.n_layer * z.n_block;
    return z;
}

/* ---- Its files ---- */

static bool failed(const char *dir, const char *name)
{
    complain("%s/%s: %s", dir, name, strerror(errno));
    return false;
}

static bool write_config(const char *dir, const struct shape_size *z, const bolter_model_info *i)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/config.json", dir);
    json_int_t end = i->n_vocab - 1; /* nothing but padding needs it */
    json_t *j = json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "model_type", "gpt2",
                          "n_embd", (json_int_t)z->n_embd, "n_layer", (json_int_t)z->n_layer,
                          "n_head", (json_int_t)z->n_head, "n_positions", (json_int_t)i->n_ctx,
                          "vocab_size", (json_int_t)i->n_vocab, "bos_token_id", end,
                          "eos_token_id", end);
    bool ok = j && json_dump_file(j, path, 0) == 0;
    json_decref(j);
    return ok || failed(dir, "config.json");
}

/* Add a tensor of rows by cols, 0 rows: a vector, behind *end. */
static void declare(json_t *header, const char *name, uint64_t rows, uint64_t cols, uint64_t *end)
{
    json_t *shape = json_array();
    if (rows > 0)
        json_array_append_new(shape, json_integer((json_int_t)rows));
    json_array_append_new(shape, json_integer((json_int_t)cols));
    uint64_t begin = *end;
    *end += (rows > 0 ? rows : 1) * cols * sizeof(float);
    json_object_set_new(header, name,
                        json_pack("{s:s, s:o, s:[I, I]}", "dtype", "F32", "shape", shape,
                                  "data_offsets", (json_int_t)begin, (json_int_t)*end));
}

static void declare_block(json_t *header, size_t block, uint64_t C, uint64_t *end)
{
    const struct {
        const char *name;
        uint64_t rows, cols;
    } tensors[] = {
        {"ln_1.weight", 0, C},         {"ln_1.bias", 0, C},
        {"attn.c_attn.weight", C, 3 * C}, {"attn.c_attn.bias", 0, 3 * C},
        {"attn.c_proj.weight", C, C},  {"attn.c_proj.bias", 0, C},
        {"ln_2.weight", 0, C},         {"ln_2.bias", 0, C},
        {"mlp.c_fc.weight", C, 4 * C}, {"mlp.c_fc.bias", 0, 4 * C},
        {"mlp.c_proj.weight", 4 * C, C}, {"mlp.c_proj.bias", 0, C},
    };
    for (size_t i = 0; i < sizeof tensors / sizeof *tensors; i++) {
        char name[64];
        snprintf(name, sizeof name, "h.%zu.%s", block, tensors[i].name);
        declare(header, name, tensors[i].rows, tensors[i].cols, end);
    }
}

/* The length of the header, the header, and a hole. */
static bool write_hole(int fd, const char *header, uint64_t n_values)
{
    char padded[1 << 18];
    unsigned char length[8] = {0};
    int n = snprintf(padded, sizeof padded, "%-*s", (int)((strlen(header) + 7) / 8 * 8), header);
    if (n < 0 || (size_t)n >= sizeof padded)
        return false;
    for (int b = 0; b < 4; b++)
        length[b] = (unsigned char)((unsigned)n >> 8 * b);
    return write(fd, length, sizeof length) == sizeof length && write(fd, padded, (size_t)n) == n &&
           ftruncate(fd, (off_t)(sizeof length + (uint64_t)n + n_values)) == 0;
}

static bool write_weights(const char *dir, const struct shape_size *z, const bolter_model_info *i)
{
    char path[PATH_MAX];
    uint64_t end = 0;
    json_t *header = json_object();
    declare(header, "wte.weight", (uint64_t)i->n_vocab, z->n_embd, &end);
    declare(header, "wpe.weight", (uint64_t)i->n_ctx, z->n_embd, &end);
    for (size_t l = 0; l < z->n_layer; l++)
        declare_block(header, l, z->n_embd, &end);
    declare(header, "ln_f.weight", 0, z->n_embd, &end);
    declare(header, "ln_f.bias", 0, z->n_embd, &end);
    char *text = json_dumps(header, JSON_COMPACT | JSON_PRESERVE_ORDER);
    snprintf(path, sizeof path, "%s/model.safetensors", dir);
    int fd = text ? open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666) : -1;
    bool ok = fd >= 0 && write_hole(fd, text, end);
    if (!ok)
        failed(dir, "model.safetensors");
    if (fd >= 0)
        close(fd);
    free(text);
    json_decref(header);
    return ok;
}

static bool link_to(const char *dir, const char *base, const char *name)
{
    char path[PATH_MAX + 16], target[PATH_MAX + 16], *whole = realpath(base, NULL);
    snprintf(path, sizeof path, "%s/%s", dir, name);
    snprintf(target, sizeof target, "%s/%s", whole ? whole : base, name);
    free(whole);
    return symlink(target, path) == 0 || failed(dir, name);
}

/* ---- Opening ---- */

static void remove_all(const char *dir)
{
    static const char *const names[] = {"config.json", "model.safetensors", "vocab.json",
                                        "merges.txt"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[PATH_MAX];
        snprintf(path, sizeof path, "%s/%s", dir, names[i]);
        unlink(path);
    }
    rmdir(dir);
}

bool shape_open(bolter_model **out, enum shape s, const char *base, const bolter_model *m)
{
    const char *tmp = getenv("TMPDIR");
    char dir[PATH_MAX - 64];
    bolter_error err = {0};
    struct shape_size z = shape_size_of(s, m);
    const bolter_model_info *i = bolter_model_info_of(m);
    *out = NULL;
    snprintf(dir, sizeof dir, "%s/bolter-shape-XXXXXX", tmp && *tmp ? tmp : "/tmp");
    if (!mkdtemp(dir)) {
        complain("%s: %s", dir, strerror(errno));
        return false;
    }
    const bolter_open_options o = {.max_tokens = i->max_tokens};
    bool ok = write_config(dir, &z, i) && write_weights(dir, &z, i) &&
              link_to(dir, base, "vocab.json") && link_to(dir, base, "merges.txt");
    if (ok && bolter_model_open_with(out, dir, &o, &err) != BOLTER_OK) {
        complain("%s", err.text);
        ok = false;
    }
    remove_all(dir);
    return ok;
}
