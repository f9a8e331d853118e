/* receipt.c - what was fetched, in a small file beside the data. */
#include "trainer/receipt.h"

#include <jansson.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trainer/options.h"
#include "trainer/files.h"
#include "trainer/tree.h"

enum { VERSION = 1 };

static bool is_digest(const char *s)
{
    return strlen(s) == 64 && strspn(s, "0123456789abcdef") == 64;
}

static bool take_file(struct receipt *r, json_t *file)
{
    const char *name, *sha256;
    json_int_t size;
    return json_unpack(file, "{s:s, s:I, s:s}", "name", &name, "size", &size, "sha256", &sha256) ==
               0 &&
           size >= 0 && strlen(name) < sizeof r->file->name && is_digest(sha256) &&
           receipt_put(r, name, (uint64_t)size, sha256);
}

static bool take(struct receipt *r, json_t *root)
{
    json_int_t version, n_unpacked = 0, unpacked_bytes = 0;
    json_t *files, *file;
    size_t i;
    if (json_unpack(root, "{s:I, s:o, s?{s:I, s:I}}", "v", &version, "files", &files, "unpacked",
                    "files", &n_unpacked, "bytes", &unpacked_bytes) != 0 ||
        version != VERSION || n_unpacked < 0 || unpacked_bytes < 0 || !json_is_array(files))
        return false;
    json_array_foreach(files, i, file) if (!take_file(r, file)) return false;
    r->n_unpacked = (uint64_t)n_unpacked;
    r->unpacked_bytes = (uint64_t)unpacked_bytes;
    return json_array_size(files) > 0;
}

bool receipt_load(struct receipt *r, const char *path)
{
    *r = (struct receipt){0};
    if (!path_exists(path))
        return true;
    json_error_t err;
    json_t *root = json_load_file(path, JSON_REJECT_DUPLICATES, &err);
    bool ok = root && take(r, root);
    json_decref(root);
    if (!ok)
        complain("%s: no receipt of this program's; remove it to fetch anew", path);
    return ok;
}

static json_t *as_json(const struct receipt *r)
{
    json_t *files = json_array();
    for (size_t i = 0; i < r->n; i++)
        json_array_append_new(files,
                              json_pack("{s:s, s:I, s:s}", "name", r->file[i].name, "size",
                                        (json_int_t)r->file[i].size, "sha256", r->file[i].sha256));
    json_t *root = json_pack("{s:i, s:o}", "v", VERSION, "files", files);
    if (r->n_unpacked > 0)
        json_object_set_new(root, "unpacked",
                            json_pack("{s:I, s:I}", "files", (json_int_t)r->n_unpacked, "bytes",
                                      (json_int_t)r->unpacked_bytes));
    return root;
}

bool receipt_save(const struct receipt *r, const char *path)
{
    json_t *root = as_json(r);
    char *json = json_dumps(root, JSON_INDENT(1)), *text = json ? text_of("%s\n", json) : NULL;
    char *dir = text_of("%s", path), *name = text_of("%s", path);
    bool ok = text && dir && name && save_text(dirname(dir), basename(name), text);
    if (!json)
        complain("%s: no memory", path);
    free(name);
    free(dir);
    free(text);
    free(json);
    json_decref(root);
    return ok;
}

const struct receipt_file *receipt_find(const struct receipt *r, const char *name)
{
    for (size_t i = 0; i < r->n; i++)
        if (strcmp(r->file[i].name, name) == 0)
            return &r->file[i];
    return NULL;
}

static struct receipt_file *place_for(struct receipt *r, const char *name)
{
    for (size_t i = 0; i < r->n; i++)
        if (strcmp(r->file[i].name, name) == 0)
            return &r->file[i];
    return r->n < RECEIPT_FILES ? &r->file[r->n++] : NULL;
}

bool receipt_put(struct receipt *r, const char *name, uint64_t size, const char *sha256)
{
    struct receipt_file *f = place_for(r, name);
    if (!f) {
        complain("%s: more than %d files", name, RECEIPT_FILES);
        return false;
    }
    f->size = size;
    snprintf(f->name, sizeof f->name, "%s", name);
    snprintf(f->sha256, sizeof f->sha256, "%s", sha256);
    return true;
}
