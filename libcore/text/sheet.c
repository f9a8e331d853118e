/*
 * sheet.c - the rules of style sheets by the elements that they are for. Sealed, the lines are sorted, and of
 * each name and property only the one of the highest rank is left.
 */
#include "text/sheet.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "text/selector.h"

#define MAX_NAMES (1 << 20)

void bt_sheet_init(bt_sheet *s)
{
    *s = (bt_sheet){0};
    bt_buf_init(&s->names, MAX_NAMES);
}

void bt_sheet_free(bt_sheet *s)
{
    bt_buf_free(&s->names);
    bt_release(s->lines);
    bt_release(s->needs);
    s->lines = NULL;
    s->needs = NULL;
    s->n = s->cap = s->n_needs = 0;
}

/* ---- Lookup ---- */

static int compare_names(const char *a, size_t n, const char *b, size_t m)
{
    int order = memcmp(a, b, n < m ? n : m);
    return order ? order : (n > m) - (n < m);
}

static int compare_lines(const void *pa, const void *pb)
{
    const bt_sheet_line *a = pa, *b = pb;
    int order = compare_names(a->name, a->n, b->name, b->n);
    if (order == 0)
        order = (a->property > b->property) - (a->property < b->property);
    return order ? order : (a->rank > b->rank) - (a->rank < b->rank);
}

void bt_sheet_meet(bt_sheet *s, char mark, const char *word, size_t n)
{
    for (size_t i = 0; i < s->n_needs; i++) {
        const char *need = s->names.data + s->needs[i].at;
        if (s->needs[i].n == n + 1 && need[0] == mark && memcmp(need + 1, word, n) == 0)
            s->needs[i].met = true;
    }
}

/* Leave out the lines whose needs are not met. */
static void drop_unmet(bt_sheet *s)
{
    size_t kept = 0;
    for (size_t i = 0; i < s->n; i++)
        if (s->lines[i].need == 0 || s->needs[s->lines[i].need - 1].met)
            s->lines[kept++] = s->lines[i];
    s->n = kept;
}

void bt_sheet_seal(bt_sheet *s)
{
    size_t kept = 0;
    if (!s->overfull)
        drop_unmet(s);
    if (s->overfull || s->n == 0)
        return;
    for (size_t i = 0; i < s->n; i++)
        s->lines[i].name = s->names.data + s->lines[i].at;
    qsort(s->lines, s->n, sizeof *s->lines, compare_lines);
    for (size_t i = 0; i < s->n; i++) {
        const bt_sheet_line *line = &s->lines[i], *next = line + 1;
        bool last = i + 1 == s->n || line->property != next->property ||
                    compare_names(line->name, line->n, next->name, next->n) != 0;
        if (last)
            s->lines[kept++] = *line;
    }
    s->n = kept;
}

static void look_up(const bt_sheet *s, bt_style *style, const char *name, size_t n)
{
    size_t low = 0, high = s->n;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (compare_names(s->lines[mid].name, s->lines[mid].n, name, n) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    for (; low < s->n; low++) {
        const bt_sheet_line *line = &s->lines[low];
        if (compare_names(line->name, line->n, name, n) != 0)
            return;
        bt_style_set(style, line->property, line->value, line->rank, line->doubt);
    }
}

/* mark is . or #: for the word alone, and for the word of this tag. */
static void look_up_word(const bt_sheet *s, bt_style *style, const char *tag, char mark, const char *word,
                         size_t n)
{
    char name[2 * BT_MAX_NAME + 2];
    size_t tag_len = strlen(tag);
    if (n == 0 || n > BT_MAX_NAME || tag_len > BT_MAX_NAME)
        return;
    memcpy(name, tag, tag_len);
    name[tag_len] = mark;
    memcpy(name + tag_len + 1, word, n);
    look_up(s, style, name + tag_len, n + 1);
    if (tag_len > 0)
        look_up(s, style, name, tag_len + 1 + n);
}

void bt_sheet_look_up(const bt_sheet *s, bt_style *style, const char *tag, const char *id,
                      const char *class_words)
{
    static const bt_value shown = {.says = BT_SAYS_SHOWN};
    for (int p = 0; s->overfull && p < BT_N_PROPERTIES; p++)
        bt_style_set(style, (bt_property)p, shown, ~0U, true);
    if (s->overfull || s->n == 0)
        return;
    look_up(s, style, "*", 1);
    look_up(s, style, tag, strlen(tag));
    if (id)
        look_up_word(s, style, tag, '#', id, strlen(id));
    while (class_words && *class_words) {
        class_words += strspn(class_words, " \t\r\n\f");
        size_t n = strcspn(class_words, " \t\r\n\f");
        look_up_word(s, style, tag, '.', class_words, n);
        class_words += n;
    }
}
