/*
 * window.c - where the windows of a long text lie.
 *
 *     text      |lead|....|            |            |            |..tail|
 *     window 0  [---- head ----]                                 [ tail ]
 *     window 1  [lead]         [------ slice ------]
 *     window 2  [lead]                       [------ slice ------]
 *
 * The lead tells what the slice belongs to: it is the subject, the sender and the first words.
 */
#include "ckpt/model.h"

/* Of a window's ids, the share that repeats the text's beginning. */
#define LEAD_SHARE 8

bt_windows bt_windows_of(const bolter_model *m, size_t n)
{
    size_t max = m->card.max_tokens - (m->card.bos ? 1 : 0), tail = m->card.tail_tokens;
    bt_windows w = {.n = n, .head = n, .lead = max / LEAD_SHARE};
    w.slice = max - w.lead;
    if (n <= max)
        return w;
    w.head = max - tail;
    w.tail = tail;
    if (m->info.windows > 1) {
        size_t enough = (n - max + w.slice - 1) / w.slice, most = (size_t)m->info.windows - 1;
        w.n_more = enough < most ? enough : most;
    }
    return w;
}

size_t bt_window_begin(const bt_windows *w, size_t k)
{
    /* The first slice begins where the head ends, the last ends where the tail begins; one slice alone
     * lies half way between these, and within the text. */
    size_t middle = w->n - w->head - w->tail;
    if (w->n_more > 1)
        return w->head + (middle - w->slice) * (k - 1) / (w->n_more - 1);
    size_t centre = w->head + middle / 2, half = w->slice / 2;
    size_t begin = centre > half + w->lead ? centre - half : w->lead;
    return begin + w->slice <= w->n ? begin : w->n - w->slice;
}

size_t bt_windows_unread(const bt_windows *w)
{
    size_t middle = w->n - w->head - w->tail, covered = w->n_more * w->slice;
    return middle > covered ? middle - covered : 0;
}

/* Slices begin one behind the other, so what touches is the last one found. */
static void add(bolter_stretch *out, size_t *n, size_t from, size_t to)
{
    if (*n > 0 && from <= out[*n - 1].to)
        out[*n - 1].to = to > out[*n - 1].to ? to : out[*n - 1].to;
    else if (from < to)
        out[(*n)++] = (bolter_stretch){from, to};
}

size_t bolter_model_stretches(const bolter_model *m, size_t n_all, bolter_stretch *out)
{
    const bt_windows w = bt_windows_of(m, n_all - (m->card.bos ? 1 : 0));
    size_t n = 0;
    add(out, &n, 0, w.head);
    for (size_t k = 1; k <= w.n_more; k++)
        add(out, &n, bt_window_begin(&w, k), bt_window_begin(&w, k) + w.slice);
    add(out, &n, w.n - w.tail, w.n);
    return n;
}
