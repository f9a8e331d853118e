/*
 * tree.c - gumbo's tree of an HTML part, within limits.
 *
 * gumbo builds the tree that a browser would, out of any bytes. It frees a tree recursively, has no
 * limits, and takes time quadratic in attributes of a tag and in open elements. So it gets memory
 * only from an arena with a limit, which is freed as a whole, and is left by longjmp when the arena
 * says no; and what has too many tags does not get to it at all.
 */
#include "text/tree.h"

#include <setjmp.h>
#include <string.h>

#include "base/mem.h"

enum {
    MAX_TAGS = 12000,     /* start and end tags */
    MAX_TREE = 48 << 20,  /* bytes of the arena */
    MAX_ATTRIBUTES = 512, /* of an element */
    ARENA_BLOCK = 128 << 10,
    ALIGNMENT = 16
};

struct bt_tree_block {
    struct bt_tree_block *next;
    size_t used, size;
    _Alignas(ALIGNMENT) char bytes[];
};

struct arena {
    struct bt_tree_block *blocks;
    size_t total;
    size_t attributes; /* since the last element */
    jmp_buf stop;
    bolter_status status; /* why it stopped */
};

static void stop(struct arena *a, bolter_status why)
{
    a->status = why;
    longjmp(a->stop, 1);
}

static struct bt_tree_block *new_block(struct arena *a, size_t need)
{
    size_t size = need > ARENA_BLOCK ? need : ARENA_BLOCK;
    if (size > MAX_TREE - a->total)
        stop(a, BOLTER_E_LIMIT);
    struct bt_tree_block *b = bt_alloc(sizeof *b + size);
    if (!b)
        stop(a, BOLTER_E_NOMEM);
    else
        *b = (struct bt_tree_block){.next = a->blocks, .size = size};
    a->total += size;
    a->blocks = b;
    return b;
}

/* gumbo compares each attribute of a tag with those before it; their size tells attributes apart.
 */
static void count_attributes(struct arena *a, size_t size)
{
    if (size == sizeof(GumboNode))
        a->attributes = 0;
    else if (size == sizeof(GumboAttribute) && ++a->attributes > MAX_ATTRIBUTES)
        stop(a, BOLTER_E_LIMIT);
}

static void *take(void *userdata, size_t size)
{
    struct arena *a = userdata;
    count_attributes(a, size);
    if (size > MAX_TREE)
        stop(a, BOLTER_E_LIMIT);
    size_t need = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    struct bt_tree_block *b = a->blocks;
    if (!b || b->size - b->used < need)
        b = new_block(a, need);
    void *p = b->bytes + b->used;
    b->used += need;
    return p;
}

static void give(void *userdata, void *p)
{
    (void)userdata;
    (void)p;
}

static bool fit_for_parser(const char *html, size_t n)
{
    size_t tags = 0;
    const char *end = html + n;
    for (const char *s = html; (s = memchr(s, '<', (size_t)(end - s))) != NULL && ++s < end;)
        tags += *s == '/' || (*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z');
    return tags <= MAX_TAGS;
}

/* What longjmp may change lives outside of this call. */
static bolter_status parse(struct arena *a, const char *html, size_t n, const GumboNode **root)
{
    GumboOptions options = kGumboDefaultOptions;
    options.allocator = take;
    options.deallocator = give;
    options.userdata = a;
    options.max_errors = 0;
    if (setjmp(a->stop))
        return a->status;
    *root = gumbo_parse_with_options(&options, html, n)->root;
    return BOLTER_OK;
}

bolter_status bt_tree_open(bt_tree *t, const char *html, size_t n)
{
    struct arena arena = {.blocks = NULL};
    t->root = NULL;
    bolter_status status = fit_for_parser(html, n) ? parse(&arena, html, n, &t->root) : BOLTER_E_LIMIT;
    t->blocks = arena.blocks;
    if (status != BOLTER_OK)
        bt_tree_close(t);
    return status;
}

void bt_tree_close(bt_tree *t)
{
    for (struct bt_tree_block *b = t->blocks, *next; b; b = next) {
        next = b->next;
        bt_release(b);
    }
    t->blocks = NULL;
    t->root = NULL;
}

const char *bt_tree_attribute(const GumboNode *node, const char *name)
{
    const GumboAttribute *a = gumbo_get_attribute(&node->v.element.attributes, name);
    return a ? a->value : NULL;
}
