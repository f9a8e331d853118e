/* pickle.c - the stack machine of pickles, without calls. */
#include "ckpt/pickle.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"

#define VALUES_MAX ((size_t)1 << 20)
#define ITEMS_MAX  ((size_t)1 << 22)
#define STACK_MAX  ((size_t)1 << 16)
#define MEMO_MAX   ((size_t)1 << 20)
#define LINE_BYTES  ((size_t)128) /* bytes of a module's name, and of what is in it */

/* What may be named. The first two may be called. */
static const char *const names[] = {
    "collections.OrderedDict", "torch._utils._rebuild_tensor_v2", "torch.FloatStorage",
    "torch.HalfStorage",       "torch.BFloat16Storage",           "torch.DoubleStorage",
    "torch.ByteStorage",       "torch.CharStorage",               "torch.BoolStorage",
    "torch.ShortStorage",      "torch.IntStorage",                "torch.LongStorage",
};
enum { NAME_DICT, NAME_TENSOR };

struct machine {
    bt_pickle *p;
    size_t n, at, begin; /* begin: of the instruction at hand */
    uint32_t *stack;
    size_t n_stack, cap_stack;
    uint32_t *memo; /* value + 1 */
    size_t cap_memo;
    const char *path;
    bolter_error *err;
};

static bool fail(const struct machine *m, bolter_status code, const char *what)
{
    bt_fail(m->err, code, "%s: byte %zu: %s", m->path, m->begin, what);
    return false;
}

static bool bad(const struct machine *m, const char *what)
{
    return fail(m, BOLTER_E_FORMAT, what);
}

/* ---- Memory ---- */

/* Room for one more element, doubling up to max. */
static bool make_room(const struct machine *m, void *array, size_t n, size_t *cap, size_t size,
                      size_t max)
{
    void **p = array;
    if (n < *cap)
        return true;
    if (n >= max)
        return fail(m, BOLTER_E_LIMIT, "more values than a state dict has");
    size_t more = *cap ? 2 * *cap : 256;
    void *grown = bt_realloc_array(*p, more, size);
    if (!grown)
        return fail(m, BOLTER_E_NOMEM, "no memory");
    *p = grown;
    *cap = more;
    return true;
}

static bool push(struct machine *m, uint32_t value)
{
    if (!make_room(m, &m->stack, m->n_stack, &m->cap_stack, sizeof *m->stack, STACK_MAX))
        return false;
    m->stack[m->n_stack++] = value;
    return true;
}

static bool push_new(struct machine *m, bt_pickle_value v)
{
    bt_pickle *p = m->p;
    if (!make_room(m, &p->value, p->n_value, &p->cap_value, sizeof *p->value, VALUES_MAX))
        return false;
    p->value[p->n_value++] = v;
    return push(m, (uint32_t)(p->n_value - 1));
}

static bool push_kind(struct machine *m, enum bt_pickle_kind kind)
{
    return push_new(m, (bt_pickle_value){.kind = kind});
}

static bool push_int(struct machine *m, int64_t number)
{
    return push_new(m, (bt_pickle_value){.kind = BT_PICKLE_INT, .number = number});
}

/* ---- The stack ---- */

static bt_pickle_value *value_at(const struct machine *m, size_t place)
{
    return &m->p->value[m->stack[place]];
}

/* The top, which is no mark; NULL after a complaint. */
static bt_pickle_value *top(const struct machine *m)
{
    if (m->n_stack > 0 && value_at(m, m->n_stack - 1)->kind != BT_PICKLE_MARK)
        return value_at(m, m->n_stack - 1);
    bad(m, "nothing on the stack");
    return NULL;
}

/* The same, taken off. */
static bt_pickle_value *pop(struct machine *m)
{
    bt_pickle_value *v = top(m);
    m->n_stack -= v != NULL;
    return v;
}

/* The place of the last mark. */
static bool find_mark(const struct machine *m, size_t *place)
{
    for (size_t i = m->n_stack; i-- > 0;)
        if (value_at(m, i)->kind == BT_PICKLE_MARK) {
            *place = i;
            return true;
        }
    return bad(m, "no mark on the stack");
}

/* Append an item to the value with this index. */
static bool append(struct machine *m, uint32_t to, uint32_t key, uint32_t value)
{
    bt_pickle *p = m->p;
    size_t next = p->n_item ? p->n_item : 1;
    if (!make_room(m, &p->item, next, &p->cap_item, sizeof *p->item, ITEMS_MAX))
        return false;
    p->item[next] = (bt_pickle_item){.key = key, .value = value};
    p->n_item = next + 1;
    bt_pickle_value *v = &p->value[to];
    if (v->first)
        p->item[v->last].next = (uint32_t)next;
    else
        v->first = (uint32_t)next;
    v->last = (uint32_t)next;
    v->n++;
    return true;
}

/* What lies above a place, as the items of a new tuple there. */
static bool make_tuple(struct machine *m, size_t above, size_t place)
{
    size_t end = m->n_stack;
    for (size_t i = above; i < end; i++)
        if (value_at(m, i)->kind == BT_PICKLE_MARK)
            return bad(m, "a mark in a tuple");
    if (!push_kind(m, BT_PICKLE_TUPLE))
        return false;
    uint32_t tuple = m->stack[m->n_stack - 1];
    bool ok = true;
    for (size_t i = above; ok && i < end; i++)
        ok = append(m, tuple, 0, m->stack[i]);
    m->n_stack = place;
    return ok && push(m, tuple);
}

static bool tuple_of(struct machine *m, size_t n)
{
    if (m->n_stack < n)
        return bad(m, "nothing on the stack");
    return make_tuple(m, m->n_stack - n, m->n_stack - n);
}

/* What lies above a place goes into the list or dictionary below it. */
static bool fill(struct machine *m, size_t above, size_t place, enum bt_pickle_kind kind)
{
    size_t step = kind == BT_PICKLE_DICT ? 2 : 1;
    if (place == 0 || value_at(m, place - 1)->kind != kind || (m->n_stack - above) % step != 0)
        return bad(m, kind == BT_PICKLE_DICT ? "no dictionary for these items"
                                             : "no list for these items");
    bool ok = true;
    for (size_t i = above; ok && i < m->n_stack; i += step)
        ok = append(m, m->stack[place - 1], m->stack[i], m->stack[i + step - 1]);
    m->n_stack = place;
    return ok;
}

static bool fill_from_mark(struct machine *m, enum bt_pickle_kind kind)
{
    size_t mark;
    return find_mark(m, &mark) && fill(m, mark + 1, mark, kind);
}

static bool fill_one(struct machine *m, enum bt_pickle_kind kind)
{
    size_t n = kind == BT_PICKLE_DICT ? 2 : 1;
    if (m->n_stack < n)
        return bad(m, "nothing on the stack");
    return fill(m, m->n_stack - n, m->n_stack - n, kind);
}

/* ---- Instructions ---- */

/* n bytes of an instruction; NULL after a complaint. */
static const unsigned char *take(struct machine *m, size_t n)
{
    if (n > m->n - m->at) {
        bad(m, "an instruction that ends outside the file");
        return NULL;
    }
    m->at += n;
    return m->p->bytes + m->at - n;
}

/* A number of n <= 8 bytes, the lowest first. */
static bool take_number(struct machine *m, size_t n, uint64_t *out)
{
    const unsigned char *s = take(m, n);
    *out = 0;
    for (size_t i = 0; s && i < n; i++)
        *out |= (uint64_t)s[i] << 8 * i;
    return s != NULL;
}

static bool take_int(struct machine *m, size_t n, bool is_signed)
{
    uint64_t x;
    if (!take_number(m, n, &x))
        return false;
    if (is_signed && n > 0 && n < 8 && x >> (8 * n - 1))
        x |= UINT64_MAX << 8 * n;
    return push_int(m, (int64_t)x);
}

static bool take_long(struct machine *m)
{
    uint64_t n;
    if (!take_number(m, 1, &n))
        return false;
    return n <= 8 ? take_int(m, (size_t)n, true) : bad(m, "a number of more than 8 bytes");
}

static bool take_text(struct machine *m)
{
    uint64_t n;
    if (!take_number(m, 4, &n) || !take(m, (size_t)n))
        return false;
    return push_new(m, (bt_pickle_value){.kind = BT_PICKLE_TEXT, .at = m->at - (size_t)n,
                                         .n = (size_t)n});
}

static bool skip(struct machine *m, size_t n)
{
    return take(m, n) && push_kind(m, BT_PICKLE_OTHER);
}

/* A line without its end, printable, into text. */
static bool take_line(struct machine *m, char text[LINE_BYTES + 1])
{
    for (size_t n = 0; n <= LINE_BYTES; n++) {
        const unsigned char *s = take(m, 1);
        if (!s)
            return false;
        text[n] = *s == '\n' ? 0 : *s >= ' ' && *s <= '~' ? (char)*s : '?';
        if (*s == '\n')
            return true;
    }
    return bad(m, "a name of more than 128 bytes");
}

static bool take_name(struct machine *m)
{
    char module[LINE_BYTES + 1], name[LINE_BYTES + 1], both[2 * LINE_BYTES + 2];
    if (!take_line(m, module) || !take_line(m, name))
        return false;
    snprintf(both, sizeof both, "%s.%s", module, name);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i], both) == 0)
            return push_new(m, (bt_pickle_value){.kind = BT_PICKLE_NAME, .number = (int64_t)i});
    bt_fail(m->err, BOLTER_E_FORMAT, "%s: byte %zu: it uses %.80s, which no state dict needs; nothing "
            "of it was run", m->path, m->begin, both);
    return false;
}

static bool call(struct machine *m)
{
    bt_pickle_value *arguments = pop(m), *what = arguments ? pop(m) : NULL;
    if (!what)
        return false;
    if (what->kind != BT_PICKLE_NAME || what->number > NAME_TENSOR ||
        arguments->kind != BT_PICKLE_TUPLE)
        return bad(m, "a call of what is no function");
    if (what->number == NAME_DICT)
        return arguments->n == 0 ? push_kind(m, BT_PICKLE_DICT)
                                 : bad(m, "a dictionary made of arguments");
    bt_pickle_value tensor = *arguments;
    tensor.kind = BT_PICKLE_TENSOR;
    return push_new(m, tensor);
}

static bool persistent(struct machine *m)
{
    const bt_pickle_value *id = pop(m);
    if (!id)
        return false;
    if (id->kind != BT_PICKLE_TUPLE)
        return bad(m, "a persistent id that is no tuple");
    bt_pickle_value storage = *id;
    storage.kind = BT_PICKLE_STORAGE;
    return push_new(m, storage);
}

/* Attributes of a dictionary, such as the versions of its modules: of no use here. */
static bool build(struct machine *m)
{
    if (!pop(m))
        return false;
    const bt_pickle_value *v = top(m);
    if (!v)
        return false;
    return v->kind == BT_PICKLE_DICT || bad(m, "attributes of what is no dictionary");
}

static bool keep(struct machine *m, size_t n)
{
    uint64_t i;
    if (!take_number(m, n, &i) || !top(m))
        return false;
    if (i >= MEMO_MAX)
        return fail(m, BOLTER_E_LIMIT, "more values to remember than a state dict has");
    if (i >= m->cap_memo) {
        size_t cap = i < 1024 ? 1024 : 2 * (size_t)i;
        uint32_t *memo = bt_realloc_array(m->memo, cap, sizeof *memo);
        if (!memo)
            return fail(m, BOLTER_E_NOMEM, "no memory");
        memset(memo + m->cap_memo, 0, (cap - m->cap_memo) * sizeof *memo);
        m->memo = memo;
        m->cap_memo = cap;
    }
    m->memo[i] = m->stack[m->n_stack - 1] + 1;
    return true;
}

static bool recall(struct machine *m, size_t n)
{
    uint64_t i;
    if (!take_number(m, n, &i))
        return false;
    if (i >= m->cap_memo || m->memo[i] == 0)
        return bad(m, "a value that was not remembered");
    return push(m, m->memo[i] - 1);
}

static bool tuple_from_mark(struct machine *m)
{
    size_t mark;
    return find_mark(m, &mark) && make_tuple(m, mark + 1, mark);
}

static bool step(struct machine *m, unsigned char op)
{
    switch (op) {
    case '(': return push_kind(m, BT_PICKLE_MARK);
    case ')': return push_kind(m, BT_PICKLE_TUPLE);
    case ']': return push_kind(m, BT_PICKLE_LIST);
    case '}': return push_kind(m, BT_PICKLE_DICT);
    case 'N': case 0x88: case 0x89: return push_kind(m, BT_PICKLE_OTHER);
    case 'G': return skip(m, 8);
    case 'K': return take_int(m, 1, false);
    case 'M': return take_int(m, 2, false);
    case 'J': return take_int(m, 4, true);
    case 0x8a: return take_long(m);
    case 'X': return take_text(m);
    case 'c': return take_name(m);
    case 'R': return call(m);
    case 'Q': return persistent(m);
    case 'b': return build(m);
    case 't': return tuple_from_mark(m);
    case 0x85: return tuple_of(m, 1);
    case 0x86: return tuple_of(m, 2);
    case 0x87: return tuple_of(m, 3);
    case 'a': return fill_one(m, BT_PICKLE_LIST);
    case 'e': return fill_from_mark(m, BT_PICKLE_LIST);
    case 's': return fill_one(m, BT_PICKLE_DICT);
    case 'u': return fill_from_mark(m, BT_PICKLE_DICT);
    case 'q': return keep(m, 1);
    case 'r': return keep(m, 4);
    case 'h': return recall(m, 1);
    case 'j': return recall(m, 4);
    default: break;
    }
    bt_fail(m->err, BOLTER_E_FORMAT, "%s: byte %zu: the instruction 0x%02x, which no state dict needs",
            m->path, m->begin, op);
    return false;
}

static bool run(struct machine *m)
{
    const unsigned char *op = take(m, 2);
    if (!op)
        return false;
    if (op[0] != 0x80 || op[1] != 2)
        return fail(m, BOLTER_E_VERSION, "no pickle of protocol 2");
    for (;;) {
        m->begin = m->at;
        op = take(m, 1);
        if (!op)
            return false;
        if (*op == '.')
            break;
        if (!step(m, *op))
            return false;
    }
    if (m->n_stack != 1 || !top(m))
        return bad(m, "expected one value at the end");
    m->p->result = m->stack[0];
    return true;
}

bolter_status bt_pickle_read(bt_pickle *p, const unsigned char *bytes, size_t n, const char *path,
                             bolter_error *err)
{
    bolter_error own = {0};
    *p = (bt_pickle){.bytes = bytes};
    struct machine m = {.p = p, .n = n, .path = path, .err = &own};
    bool ok = run(&m);
    bt_release(m.stack);
    bt_release(m.memo);
    if (ok)
        return BOLTER_OK;
    bt_pickle_free(p);
    return bt_fail(err, own.code, "%s", own.text);
}

void bt_pickle_free(bt_pickle *p)
{
    bt_release(p->value);
    bt_release(p->item);
    *p = (bt_pickle){0};
}

/* ---- Results ---- */

const bt_pickle_value *bt_pickle_at(const bt_pickle *p, const bt_pickle_value *v, size_t i)
{
    uint32_t at = v->kind >= BT_PICKLE_TUPLE && v->kind != BT_PICKLE_NAME ? v->first : 0;
    for (; at && i > 0; i--)
        at = p->item[at].next;
    return at ? &p->value[p->item[at].value] : NULL;
}

bool bt_pickle_is(const bt_pickle *p, const bt_pickle_value *v, const char *text)
{
    size_t n = strlen(text);
    return v && v->kind == BT_PICKLE_TEXT && v->n == n && memcmp(p->bytes + v->at, text, n) == 0;
}

const char *bt_pickle_name(const bt_pickle_value *v)
{
    return v && v->kind == BT_PICKLE_NAME ? names[v->number] : "";
}
