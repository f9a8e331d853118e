/* slots.c - the tensors that train, their moments, and the copy of the best weights. */
#include "train/slots.h"

#include <fcntl.h>
#include <math.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/mem.h"

/* Kept copies from this size on go to a temporary file. */
#define LARGE_KEPT ((size_t)64 << 20)

/* Rate of a tensor: the head and the top block 1, each block below it layer_decay times less. */
static float lr_scale(const bt_param *p, const bt_slots_size *size)
{
    size_t top = size->n_layer; /* the embeddings are 0, the first block 1 */
    return p->layer >= top ? 1.0f : powf(size->o->layer_decay, (float)(top - p->layer));
}

static void name_slot(bt_slot *slot, const bt_param *p, size_t table)
{
    size_t n = strlen(p->name);
    if (table > 0) /* an adapter is named after its layer */
        n -= strlen(".weight");
    snprintf(slot->name, sizeof slot->name, "%.*s%s", (int)n, p->name,
             table == 0   ? ""
             : table == 1 ? ".lora_A"
                          : ".lora_B");
}

static void add_slots(bt_slots *s, const bt_slots_size *size)
{
    size_t n = size->params->n;
    for (size_t i = 0; i < 3 * n; i++) {
        const bt_param *p = &size->params->row[i % n];
        if (size->trained[i] == 0)
            continue;
        bt_slot *slot = &s->slot[s->n++];
        *slot = (bt_slot){.p = size->value[i],
                          .g = size->g[i],
                          .n = size->trained[i],
                          .row = i == BT_WTE && !size->all_rows ? p->cols : 0,
                          .lr_scale = lr_scale(p, size),
                          .decay = size->o->decay_all || p->matrix};
        name_slot(slot, p, i / n);
        s->n_values += slot->n;
    }
}

/* Reserve room in a file and map it: its pages need not stay in memory. False where that fails. */
static bool map_kept(bt_slots *s, size_t bytes)
{
    int fd;
    if (bt_temp_open(&fd, NULL) != BOLTER_OK)
        return false;
    void *p = MAP_FAILED;
    if (posix_fallocate(fd, 0, (off_t)bytes) == 0)
        p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (p == MAP_FAILED)
        return false;
    s->kept = p;
    s->mapped = true;
    return true;
}

static bolter_status make_memory(bt_slots *s, bolter_error *err)
{
    size_t bytes;
    if (!bt_mul_size(s->n_values, sizeof(float), &bytes))
        bytes = SIZE_MAX;
    s->moments = bt_alloc_array(s->n_values, 2 * sizeof *s->moments);
    if (bytes < LARGE_KEPT || !map_kept(s, bytes))
        s->kept = bt_alloc_array(s->n_values, sizeof *s->kept);
    if (!s->moments || !s->kept)
        return bt_fail(err, BOLTER_E_NOMEM, "trainer: no memory for the moments of %zu parameters",
                       s->n_values);
    size_t at = 0;
    for (size_t i = 0; i < s->n; i++) {
        bt_slot *t = &s->slot[i];
        t->m = s->moments + 2 * at;
        t->v = t->m + t->n;
        t->kept = s->kept + at;
        at += t->n;
    }
    return BOLTER_OK;
}

bolter_status bt_slots_init(bt_slots *s, const bt_slots_size *size, bolter_error *err)
{
    *s = (bt_slots){.slot = bt_alloc_array(3 * size->params->n, sizeof *s->slot)};
    if (!s->slot)
        return bt_fail(err, BOLTER_E_NOMEM, "trainer: no memory");
    add_slots(s, size);
    return make_memory(s, err);
}

void bt_slots_clear(bt_slots *s)
{
    bt_release(s->slot);
    bt_release(s->moments);
    if (s->mapped)
        munmap(s->kept, s->n_values * sizeof *s->kept);
    else
        bt_release(s->kept);
    *s = (bt_slots){0};
}

void bt_slots_forget_kept(const bt_slots *s)
{
    if (s->mapped)
        madvise(s->kept, s->n_values * sizeof *s->kept, MADV_DONTNEED);
}
