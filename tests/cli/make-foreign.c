/*
 * make-foreign.c - make-foreign DIR: write a tiny model with the same weights as DIR/base (ours),
 * DIR/release (OpenAI's), DIR/hf.pth and DIR/book.pth (PyTorch's); DIR/head.pth is a classifier.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "tests/net/archives.h"
#include "tests/unit/bundle.h"
#include "tests/unit/statedict.h"

#define MAX_MEMBERS 128

struct files {
    struct member member[MAX_MEMBERS];
    size_t n;
};

/* A file of dir as "archive/NAME". */
static void add(struct files *f, const char *dir, const char *name)
{
    char *path = bt_path_join(dir, name);
    bt_buf b;
    bt_buf_init(&b, 1 << 24);
    if (f->n == MAX_MEMBERS || bt_read_all(&b, path, NULL) != BOLTER_OK)
        exit(99);
    f->member[f->n++] = (struct member){.path = bt_path_join("archive", name),
                                        .content = b.data, .n = b.len};
    bt_release(path);
}

static void write_zip(const char *dir, const char *path)
{
    struct files f = {.n = 0};
    char name[32];
    size_t n;
    add(&f, dir, "data.pkl");
    add(&f, dir, "version");
    for (int i = 0;; i++) {
        snprintf(name, sizeof name, "data/%d", i);
        char *there = bt_path_join(dir, name);
        bool more = bt_file_exists(there);
        bt_release(there);
        if (!more)
            break;
        add(&f, dir, name);
    }
    char *zip = archive_of(ARCHIVE_OF_ZIP, f.member, f.n, &n);
    if (bt_write_file(path, zip, n, NULL) != BOLTER_OK)
        exit(99);
    free(zip);
    for (size_t i = 0; i < f.n; i++) {
        bt_release((void *)(uintptr_t)f.member[i].path);
        bt_release((void *)(uintptr_t)f.member[i].content);
    }
}

static void write_state(const tiny *t, const char *dir, const char *name, enum statedict kind)
{
    char folder[512], file[512];
    snprintf(folder, sizeof folder, "%s/%s", dir, name);
    snprintf(file, sizeof file, "%s/%s.pth", dir, name);
    statedict_write(t, folder, kind);
    write_zip(folder, file);
}

int main(int argc, char **argv)
{
    char path[512];
    if (argc != 2 || strlen(argv[1]) > 400) {
        fputs("usage: make-foreign DIR\n", stderr);
        return 2;
    }
    tiny t;
    bt_config cfg = tiny_config(1, 0);
    cfg.n_inner = 4 * cfg.n_embd;
    tiny_init(&t, &cfg, 1);
    snprintf(path, sizeof path, "%s/base", argv[1]);
    tiny_write(&t, path);
    snprintf(path, sizeof path, "%s/release", argv[1]);
    release_write(&t, path, 100);
    write_state(&t, argv[1], "hf", STATE_HUGGING_FACE);
    write_state(&t, argv[1], "book", STATE_BOOK);
    tiny_clear(&t);
    cfg.n_label = 2;
    tiny_init(&t, &cfg, 1);
    write_state(&t, argv[1], "head", STATE_BOOK_HEAD);
    tiny_clear(&t);
    return 0;
}
