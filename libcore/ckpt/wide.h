/* wide.h - wide.safetensors: the wide part of a model directory. */
#ifndef BT_CKPT_WIDE_H
#define BT_CKPT_WIDE_H

#include "base/file.h"
#include "bolter_train.h"
#include "ckpt/safetensors.h"
#include "words/wide.h"

/* A wide part as its file has it, read whole. */
typedef struct bt_wide_file {
    bt_safetensors st;
    struct bolter_wide wide;
} bt_wide_file;

#define BT_WIDE_NAME "wide.safetensors"

/*
 * Open the file at path, whose SHA-256 has to be the one given. E_IO, E_MISMATCH (another file), E_FORMAT,
 * E_NUMERIC, E_NOMEM.
 */
bolter_status bt_wide_open(bt_wide_file *f, const char *path, const char *sha256, bolter_error *err);
void bt_wide_close(bt_wide_file *f);
/* Write it. E_IO, E_NOMEM. */
bolter_status bt_wide_write(const bolter_wide *w, const char *path, bolter_error *err);

#endif
