/*
 * html.c - the text that a reader of an HTML part sees.
 *
 * tree.c has the tree that a browser would build, looks.c which of its elements a reader sees. Of what
 * is not fit for a tree, bt_strip_tags() reads the text.
 *
 * The walk over the tree keeps its own stack. Text goes to the writer, which joins blanks and knows
 * what separates two words: a blank, a line end, an empty line.
 */
#include "text/html.h"

#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "text/looks.h"
#include "text/normal.h"
#include "text/strip.h"
#include "text/tree.h"

enum {
    MAX_HTML = 1 << 20, /* bytes that are read */
    MAX_HOST = 100,     /* bytes of a host name that are shown */
    MAX_ANCHOR = 1024   /* bytes of an anchor text that are searched for its host */
};

/* ---- The writer ---- */

/* What must come before the next word; the larger wins. */
enum gap { NO_GAP, BLANK, LINE, PARAGRAPH };

struct frame {
    const GumboNode *node;
    unsigned next;     /* child to visit */
    bt_look look;
    bool hidden, blank; /* text and images; text alone */
    bool room;          /* what is not seen leaves a blank */
    bool pre;
    size_t text_start; /* of the element in out */
};

struct walk {
    bt_buf *out;
    size_t start;
    const bt_looks *looks;
    enum gap gap;
    size_t *n_hidden;
    char last_host[MAX_HOST + 1];
    struct frame *stack;
    size_t depth, cap;
    bolter_status status;
};

static void put(struct walk *w, const char *s, size_t n)
{
    if (w->status != BOLTER_OK)
        return;
    size_t room = bt_buf_room(w->out), fits = n <= room ? n : bt_utf8_cut(s, room);
    if (fits > 0 && !bt_buf_append(w->out, s, fits))
        w->status = BOLTER_E_NOMEM;
    else if (fits < n)
        w->status = BOLTER_E_LIMIT;
}

static void put_gap(struct walk *w, enum gap gap)
{
    if (gap > w->gap)
        w->gap = gap;
}

static void put_word(struct walk *w, const char *s, size_t n)
{
    static const char *const gaps[] = {
        [NO_GAP] = "", [BLANK] = " ", [LINE] = "\n", [PARAGRAPH] = "\n\n"};
    if (w->out->len > w->start)
        put(w, gaps[w->gap], strlen(gaps[w->gap]));
    w->gap = NO_GAP;
    put(w, s, n);
}

static void put_text(struct walk *w, const char *s, bool pre)
{
    while (*s && w->status == BOLTER_OK) {
        size_t blank = strspn(s, " \t\r\n\f");
        for (size_t i = 0; i < blank; i++)
            put_gap(w, pre && s[i] == '\n' ? LINE : BLANK);
        s += blank;
        size_t n = strcspn(s, " \t\r\n\f");
        if (n > 0)
            put_word(w, s, n);
        s += n;
    }
}

/* ---- Links ---- */

/* Host of a web or mail address in lower case, "" for others. */
static void host_of(char host[MAX_HOST + 1], const char *url)
{
    url += strspn(url, " \t\r\n");
    size_t scheme = strncasecmp(url, "http:", 5) == 0     ? 5
                    : strncasecmp(url, "https:", 6) == 0  ? 6
                    : strncasecmp(url, "mailto:", 7) == 0 ? 7
                                                          : 0;
    url += scheme;
    size_t slashes = strspn(url, "/\\");
    host[0] = 0;
    if (scheme == 0 && slashes < 2)
        return;
    url += slashes;
    size_t n = strcspn(url, "/\\?#");
    const char *at = memrchr(url, '@', n);
    if (at) {
        n -= (size_t)(at + 1 - url);
        url = at + 1;
    }
    size_t len = 0;
    for (; len < n && len < MAX_HOST && !strchr(":<>\"' \t\r\n", url[len]); len++)
        host[len] = url[len] >= 'A' && url[len] <= 'Z' ? (char)(url[len] - 'A' + 'a') : url[len];
    host[bt_utf8_cut(url, len)] = 0;
}

static bool mentions(const char *text, size_t n, const char *word)
{
    size_t len = strlen(word);
    for (size_t i = 0; len > 0 && i + len <= n; i++)
        if (strncasecmp(text + i, word, len) == 0)
            return true;
    return false;
}

/* After an anchor: the host it leads to, unless its text names it or the last one was the same. */
static void put_host(struct walk *w, const struct frame *f)
{
    char host[MAX_HOST + 1];
    const char *href = bt_tree_attribute(f->node, "href");
    if (!href)
        return;
    host_of(host, href);
    const char *bare = strncmp(host, "www.", 4) == 0 ? host + 4 : host;
    if (!*bare || strcmp(host, w->last_host) == 0 || w->status != BOLTER_OK)
        return;
    size_t text = w->out->len - f->text_start;
    text = text < MAX_ANCHOR ? text : MAX_ANCHOR;
    if (text > 0 && mentions(w->out->data + f->text_start, text, bare))
        return;
    memcpy(w->last_host, host, sizeof host);
    char shown[MAX_HOST + 3] = "<";
    memcpy(shown + 1, host, strlen(host));
    shown[strlen(host) + 1] = '>';
    enum gap after = w->gap;
    w->gap = BLANK;
    put_word(w, shown, strlen(host) + 2);
    put_gap(w, after > BLANK ? after : BLANK);
}

/* ---- The walk ---- */

enum role { INLINE, TEXTLESS, CELL, BREAK, ON_OWN_LINE, ON_OWN_PARAGRAPH, PREFORMATTED };

static enum role role_of(const GumboNode *node)
{
    static const unsigned char roles[GUMBO_TAG_LAST] = {
        [GUMBO_TAG_HEAD] = TEXTLESS,
        [GUMBO_TAG_TITLE] = TEXTLESS,
        [GUMBO_TAG_SCRIPT] = TEXTLESS,
        [GUMBO_TAG_STYLE] = TEXTLESS,
        [GUMBO_TAG_TEMPLATE] = TEXTLESS,
        [GUMBO_TAG_NOSCRIPT] = TEXTLESS,
        [GUMBO_TAG_IFRAME] = TEXTLESS,
        [GUMBO_TAG_NOEMBED] = TEXTLESS,
        [GUMBO_TAG_NOFRAMES] = TEXTLESS,
        [GUMBO_TAG_OBJECT] = TEXTLESS,
        [GUMBO_TAG_CANVAS] = TEXTLESS,
        [GUMBO_TAG_AUDIO] = TEXTLESS,
        [GUMBO_TAG_VIDEO] = TEXTLESS,
        [GUMBO_TAG_TD] = CELL,
        [GUMBO_TAG_TH] = CELL,
        [GUMBO_TAG_OPTION] = CELL,
        [GUMBO_TAG_BUTTON] = CELL,
        [GUMBO_TAG_BR] = BREAK,
        [GUMBO_TAG_HR] = BREAK,
        [GUMBO_TAG_DIV] = ON_OWN_LINE,
        [GUMBO_TAG_TR] = ON_OWN_LINE,
        [GUMBO_TAG_LI] = ON_OWN_LINE,
        [GUMBO_TAG_DT] = ON_OWN_LINE,
        [GUMBO_TAG_DD] = ON_OWN_LINE,
        [GUMBO_TAG_TABLE] = ON_OWN_LINE,
        [GUMBO_TAG_CENTER] = ON_OWN_LINE,
        [GUMBO_TAG_FORM] = ON_OWN_LINE,
        [GUMBO_TAG_CAPTION] = ON_OWN_LINE,
        [GUMBO_TAG_SECTION] = ON_OWN_LINE,
        [GUMBO_TAG_ARTICLE] = ON_OWN_LINE,
        [GUMBO_TAG_HEADER] = ON_OWN_LINE,
        [GUMBO_TAG_FOOTER] = ON_OWN_LINE,
        [GUMBO_TAG_MAIN] = ON_OWN_LINE,
        [GUMBO_TAG_NAV] = ON_OWN_LINE,
        [GUMBO_TAG_ADDRESS] = ON_OWN_LINE,
        [GUMBO_TAG_FIELDSET] = ON_OWN_LINE,
        [GUMBO_TAG_FIGURE] = ON_OWN_LINE,
        [GUMBO_TAG_ASIDE] = ON_OWN_LINE,
        [GUMBO_TAG_P] = ON_OWN_PARAGRAPH,
        [GUMBO_TAG_UL] = ON_OWN_PARAGRAPH,
        [GUMBO_TAG_OL] = ON_OWN_PARAGRAPH,
        [GUMBO_TAG_DL] = ON_OWN_PARAGRAPH,
        [GUMBO_TAG_H1] = ON_OWN_PARAGRAPH,
        [GUMBO_TAG_H2] = ON_OWN_PARAGRAPH,
        [GUMBO_TAG_H3] = ON_OWN_PARAGRAPH,
        [GUMBO_TAG_H4] = ON_OWN_PARAGRAPH,
        [GUMBO_TAG_H5] = ON_OWN_PARAGRAPH,
        [GUMBO_TAG_H6] = ON_OWN_PARAGRAPH,
        [GUMBO_TAG_BLOCKQUOTE] = ON_OWN_PARAGRAPH,
        [GUMBO_TAG_PRE] = PREFORMATTED,
        [GUMBO_TAG_TEXTAREA] = PREFORMATTED,
    };
    return (enum role)roles[node->v.element.tag];
}

static void put_role_gap(struct walk *w, enum role role)
{
    static const enum gap gaps[] = {
        [INLINE] = NO_GAP,
        [TEXTLESS] = NO_GAP,
        [CELL] = BLANK,
        [BREAK] = LINE,
        [ON_OWN_LINE] = LINE,
        [ON_OWN_PARAGRAPH] = PARAGRAPH,
        [PREFORMATTED] = PARAGRAPH,
    };
    /* Two breaks in a row leave an empty line. */
    put_gap(w, role == BREAK && w->gap == LINE ? PARAGRAPH : gaps[role]);
}

static bt_box box_of(const GumboNode *node, enum role role)
{
    switch ((int)node->v.element.tag) {
    case GUMBO_TAG_HTML: /* what these two cut off, readers' windows do not */
    case GUMBO_TAG_BODY:
    case GUMBO_TAG_TABLE:
    case GUMBO_TAG_CAPTION:
    case GUMBO_TAG_THEAD:
    case GUMBO_TAG_TBODY:
    case GUMBO_TAG_TFOOT:
    case GUMBO_TAG_TR:
    case GUMBO_TAG_TD:
    case GUMBO_TAG_TH:
        return BT_BOX_OTHER;
    default:
        return role >= ON_OWN_LINE ? BT_BOX_BLOCK : BT_BOX_INLINE;
    }
}

static bool push(struct walk *w, const struct frame *f)
{
    if (w->depth == w->cap) {
        size_t cap = w->cap ? 2 * w->cap : 64;
        struct frame *more = bt_realloc_array(w->stack, cap, sizeof *more);
        if (!more) {
            w->status = BOLTER_E_NOMEM;
            return false;
        }
        w->stack = more;
        w->cap = cap;
    }
    w->stack[w->depth++] = *f;
    return true;
}

static void enter_element(struct walk *w, const GumboNode *node, const struct frame *parent)
{
    enum role role = role_of(node);
    if (role == TEXTLESS)
        return;
    struct frame f = {.node = node, .text_start = w->out->len};
    f.pre = (parent && parent->pre) || role == PREFORMATTED;
    f.look = bt_looks_of(w->looks, node, parent ? &parent->look : NULL, box_of(node, role));
    f.hidden = bt_look_hides_all(&f.look);
    f.blank = bt_look_hides_text(&f.look);
    f.room = bt_look_takes_room(&f.look);
    const char *alt = node->v.element.tag == GUMBO_TAG_IMG ? bt_tree_attribute(node, "alt") : NULL;
    if (f.room)
        put_role_gap(w, role);
    if (alt && !f.hidden) {
        put_gap(w, BLANK);
        put_text(w, alt, false);
        put_gap(w, BLANK);
    }
    push(w, &f);
}

static void leave_element(struct walk *w)
{
    const struct frame *f = &w->stack[--w->depth];
    enum role role = role_of(f->node);
    if (f->hidden)
        return;
    if (f->node->v.element.tag == GUMBO_TAG_A)
        put_host(w, f);
    if (role != BREAK && f->room)
        put_role_gap(w, role);
}

static void enter(struct walk *w, const GumboNode *node, const struct frame *parent)
{
    if (node->type == GUMBO_NODE_ELEMENT) {
        enter_element(w, node, parent);
    } else if (node->type == GUMBO_NODE_WHITESPACE || node->type == GUMBO_NODE_TEXT ||
               node->type == GUMBO_NODE_CDATA) {
        if (parent->blank && parent->room)
            put_gap(w, BLANK);
        if (parent->blank)
            *w->n_hidden += node->type == GUMBO_NODE_TEXT ? strlen(node->v.text.text) : 0;
        else
            put_text(w, node->v.text.text, parent->pre);
    }
}

static bolter_status walk(struct walk *w, const GumboNode *root)
{
    enter(w, root, NULL);
    while (w->depth > 0 && w->status == BOLTER_OK) {
        struct frame *top = &w->stack[w->depth - 1];
        const GumboVector *children = &top->node->v.element.children;
        if (top->next == children->length) {
            leave_element(w);
            continue;
        }
        const struct frame parent = *top; /* the stack may move */
        enter(w, children->data[top->next++], &parent);
    }
    bt_release(w->stack);
    return w->status;
}

static bolter_status read_tree(bt_buf *out, const GumboNode *root, size_t *n_hidden)
{
    bt_looks looks;
    struct walk w = {.out = out, .start = out->len, .looks = &looks, .n_hidden = n_hidden};
    bolter_status status = bt_looks_open(&looks, root);
    if (status == BOLTER_OK)
        status = walk(&w, root);
    bt_looks_close(&looks);
    return status;
}

bolter_status bt_html_text(bt_buf *out, const char *html, size_t n, size_t *n_hidden)
{
    size_t all = n;
    n = n <= MAX_HTML ? n : MAX_HTML;
    bt_tree tree;
    bolter_status status = bt_tree_open(&tree, html, n);
    if (status == BOLTER_OK) {
        status = read_tree(out, tree.root, n_hidden);
        bt_tree_close(&tree);
    } else if (status == BOLTER_E_LIMIT) {
        status = bt_strip_tags(out, html, n);
    }
    return status == BOLTER_OK && n < all ? BOLTER_E_LIMIT : status;
}
