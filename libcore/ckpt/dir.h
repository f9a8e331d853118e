/* dir.h - a model directory while it is made. */
#ifndef BT_CKPT_DIR_H
#define BT_CKPT_DIR_H

#include <jansson.h>

#include "bolter_train.h"

/* Puts files into dir, which is new. */
typedef bolter_status (*bt_dir_fill)(void *ud, const char *dir, bolter_error *err);

/*
 * Make a directory of the files of o and of what fill puts there, which may count on these, and put it in
 * the place of dir: a model directory, an empty one, or nothing. E_MISMATCH (it is something else, and
 * left alone), E_IO, E_NOMEM.
 */
bolter_status bt_dir_build(const char *dir, bt_dir_fill fill, void *ud, const bolter_save_options *o,
                           bolter_error *err);
/* A file of a directory as JSON; NULL for j is E_NOMEM. */
bolter_status bt_dir_put_json(const char *dir, const char *name, json_t *j, bolter_error *err);
/* A file as it is in another directory, of any size; nothing if it is not there. */
bolter_status bt_dir_copy(const char *from_dir, const char *dir, const char *name, bolter_error *err);

#endif
