/* wide_save.c - a model directory once more, with another wide part. */
#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/file.h"
#include "base/mem.h"
#include "ckpt/dir.h"
#include "ckpt/model.h"
#include "ckpt/wide.h"

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
            rc = bt_dir_copy(from, dir, e->d_name, err);
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
        rc = bt_dir_put_json(dir, "bolter.json", j, err);
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
        rc = bt_dir_build(out, fill_widened, &w, o, err);
    bt_card_clear(&card);
    return rc;
}
