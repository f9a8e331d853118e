/*
 * traits.c - single traits, and those of the header.
 *
 * Fields are read one by one, unfolded, by a scanner of their own: what a MIME parser would repair is
 * itself a trait.
 */
#include "text/traits.h"

#include <string.h>
#include <strings.h>

enum {
    MAX_VALUE = 48,       /* bytes of a trait behind its name */
    MAX_FIELD = 1024,     /* bytes of a field that are read */
    MAX_FIELDS = 200,     /* of a header */
    MAX_NAME = 40,        /* bytes of a field's name */
    MAX_RECEIVED = 4      /* hops that are read */
};

/* ---- One trait ---- */

/* Append or leave out; false without memory. */
static bool put(bt_buf *out, const char *s, size_t n)
{
    return bt_buf_room(out) < n || bt_buf_append(out, s, n);
}

bool bt_traits_put(bt_buf *out, const char *name, const char *value, size_t n)
{
    char line[MAX_NAME + MAX_VALUE + 2];
    size_t len = strlen(name);
    len = len < MAX_NAME ? len : MAX_NAME;
    n = n < MAX_VALUE ? n : MAX_VALUE;
    memcpy(line, name, len);
    line[len++] = ':';
    for (size_t i = 0; i < n; i++)
        line[len++] = (unsigned char)value[i] < ' ' ? ' ' : value[i];
    line[len++] = '\n';
    return put(out, line, len);
}

static bool put_word(bt_buf *out, const char *name, const char *value)
{
    return bt_traits_put(out, name, value, strlen(value));
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_word(char c)
{
    return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'z') || (c & 0x80) || c == '.' ||
           c == '-' || c == '_';
}

bool bt_traits_words(bt_buf *out, const char *name, const char *value, size_t n)
{
    for (size_t i = 0, k; i < n; i = k + 1) {
        char word[MAX_VALUE];
        size_t len = 0;
        for (k = i; k < n && is_word(value[k]); k++)
            if (len < sizeof word)
                word[len++] = lower(value[k]);
        if (len > 0 && !bt_traits_put(out, name, word, len))
            return false;
    }
    return true;
}

bool bt_traits_shape(bt_buf *out, const char *name, const char *value, size_t n)
{
    char shape[MAX_VALUE];
    size_t len = 0;
    for (size_t i = 0; i < n && len < sizeof shape; i++) {
        char c = value[i], low = lower(c);
        char kind = is_digit(c) ? '0' : low >= 'a' && low <= 'z' ? (c == low ? 'a' : 'A') : c;
        if (len < 2 || kind != shape[len - 1] || kind != shape[len - 2])
            shape[len++] = kind;
    }
    return bt_traits_put(out, name, shape, len);
}

/* ---- One field ---- */

struct field {
    char name[MAX_NAME + 1];  /* as it is written */
    char small[MAX_NAME + 1]; /* in small letters */
    char value[MAX_FIELD];    /* unfolded, without blanks at its ends */
    size_t n;
};

/* Fields of the receiving site, of its filters, and of the programs that keep its mail. */
static bool is_passed_over(const char *small)
{
    static const char *const names[] = {
        "return-path", "delivered-to", "envelope-to", "x-original-to", "x-envelope-to",
        "x-envelope-from", "x-apparently-to", "x-bogosity", "x-virus-scanned", "x-virus-status",
        "x-greylist", "received-spf", "authentication-results", "status", "x-status", "x-keywords",
        "x-uid", "x-uidl", "x-folder", "x-gmail-labels", "content-length", "lines", "xref", "path",
        "replied", "forwarded", "x-pstn-levels", "x-pstn-settings"};
    static const char *const prefixes[] = {"x-spam", "x-bolter", "x-rspamd", "x-dspam", "x-crm114",
                                           "arc-", "x-mozilla-", "x-evolution", "x-amavis", "x-gm-"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i], small) == 0)
            return true;
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
        if (strncmp(prefixes[i], small, strlen(prefixes[i])) == 0)
            return true;
    return false;
}

/* A hop: its words up to the date, without the ids and recipients that are there once. */
static bool put_received(bt_buf *out, const struct field *f)
{
    const char *date = memchr(f->value, ';', f->n);
    size_t n = date ? (size_t)(date - f->value) : f->n;
    for (size_t i = 0, k; i < n; i = k) {
        for (k = i; k < n && f->value[k] != ' '; k++)
            ;
        bool once = k - i == 2 && strncmp(f->value + i, "id", 2) == 0;
        once = once || (k - i == 3 && strncmp(f->value + i, "for", 3) == 0);
        if (!bt_traits_words(out, "received", f->value + i, k - i))
            return false;
        k += k < n;
        while (once && k < n && f->value[k] != ' ')
            k++;
        while (k < n && f->value[k] == ' ')
            k++;
    }
    return true;
}

/* Days since the first of March of the year 0 (the calendar repeats after 146,097 days). */
static long day_number(int day, int month, int year)
{
    int y = month > 2 ? year : year - 1, m = month > 2 ? month - 3 : month + 9;
    return 365L * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1;
}

/* 0 to 11 by the first three letters of one of n names side by side, or -1. */
static int name_index(const char *names, int n, const char *s)
{
    for (int i = 0; i < n; i++)
        if (strncasecmp(names + 3 * i, s, 3) == 0)
            return i;
    return -1;
}

static int number(const char **s)
{
    int x = 0;
    while (**s == ' ' || **s == ',')
        ++*s;
    for (int i = 0; i < 4 && is_digit(**s); i++)
        x = 10 * x + *(*s)++ - '0';
    return x;
}

/* What does not tell when: the zone, the form, and whether the day of the week is right. */
static bool put_date(bt_buf *out, const struct field *f)
{
    const char *s = f->value, *zone = s + f->n;
    int week = name_index("wedthufrisatsunmontue", 7, s); /* the first of March of the year 0 */
    while (zone > s && zone[-1] != '+' && zone[-1] != '-' && !is_digit(zone[-1]))
        zone--;
    while (zone > s && zone[-1] != ' ')
        zone--;
    if (!put_word(out, "date-zone", zone) || !bt_traits_shape(out, "date-shape", s, f->n))
        return false;
    const char *comma = strchr(s, ',');
    if (week < 0 || !comma)
        return put_word(out, "date-day", "none");
    s = comma + 1;
    int day = number(&s);
    while (*s == ' ')
        s++;
    int month = name_index("janfebmaraprmayjunjulaugsepoctnovdec", 12, s) + 1;
    s += strcspn(s, " ");
    int year = number(&s);
    bool right = month > 0 && year > 0 && (day_number(day, month, year) % 7 + 7) % 7 == week;
    return put_word(out, "date-day", right ? "right" : "wrong");
}

static bool put_type(bt_buf *out, const struct field *f)
{
    static const char key[] = "boundary=";
    const char *boundary = f->value;
    while (*boundary && strncasecmp(boundary, key, sizeof key - 1) != 0)
        boundary++;
    size_t n = (size_t)(boundary - f->value);
    return bt_traits_words(out, "type", f->value, n) && bt_traits_shape(out, "type-shape", f->value, n) &&
           (!*boundary || bt_traits_shape(out, "boundary", boundary + sizeof key - 1,
                                          strcspn(boundary + sizeof key - 1, ";")));
}

static bool put_message_id(bt_buf *out, const struct field *f)
{
    const char *at = memchr(f->value, '@', f->n);
    return bt_traits_shape(out, "id-shape", f->value, f->n) &&
           (at ? bt_traits_words(out, "id", at, f->n - (size_t)(at - f->value))
               : put_word(out, "id", "none"));
}

static bool put_addresses(bt_buf *out, const struct field *f)
{
    int n = 0;
    for (size_t i = 0; i < f->n; i++)
        n += f->value[i] == '@';
    char count[2] = {(char)('0' + (n < 9 ? n : 9)), 0}, name[MAX_NAME + 1];
    memcpy(name, f->small, sizeof name);
    if (!bt_traits_words(out, name, f->value, f->n))
        return false;
    memcpy(name + (strlen(name) < MAX_NAME - 2 ? strlen(name) : MAX_NAME - 2), "-n", 3);
    return put_word(out, name, count) && bt_traits_shape(out, f->name, f->value, f->n);
}

static bool is_any(const char *small, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(names[i], small) == 0)
            return true;
    return false;
}

static bool put_value(bt_buf *out, const struct field *f)
{
    static const char *const addresses[] = {"from", "to", "cc", "reply-to", "sender", "errors-to"};
    static const char *const unread[] = {"subject", "references", "in-reply-to", "thread-index",
                                         "dkim-signature", "domainkey-signature"};
    if (is_any(f->small, unread, sizeof unread / sizeof *unread))
        return true;
    if (is_any(f->small, addresses, sizeof addresses / sizeof *addresses))
        return put_addresses(out, f);
    if (strcmp(f->small, "received") == 0)
        return put_received(out, f);
    if (strcmp(f->small, "date") == 0)
        return put_date(out, f);
    if (strcmp(f->small, "message-id") == 0)
        return put_message_id(out, f);
    if (strcmp(f->small, "content-type") == 0)
        return put_type(out, f);
    return bt_traits_words(out, f->small, f->value, f->n);
}

/* ---- The header ---- */

/* Read the field at *at; false at the end of the header or what is no field. */
static bool next_field(const char **at, const char *end, struct field *f)
{
    const char *s = *at;
    size_t n = 0;
    for (; s < end && (unsigned char)*s > ' ' && *s != ':'; s++, n++)
        if (n < MAX_NAME) {
            f->name[n] = *s;
            f->small[n] = lower(*s);
        }
    if (n == 0 || s == end || *s != ':')
        return false;
    f->name[n < MAX_NAME ? n : MAX_NAME] = f->small[n < MAX_NAME ? n : MAX_NAME] = 0;
    f->n = 0;
    for (s++; s < end; s++) {
        bool fold = *s == '\n' && end - s > 1 && (s[1] == ' ' || s[1] == '\t');
        if (*s == '\n' && !fold)
            break;
        bool blank = (unsigned char)*s <= ' ';
        bool wanted = !blank || (f->n > 0 && f->value[f->n - 1] != ' ');
        if (wanted && f->n < MAX_FIELD - 1)
            f->value[f->n++] = blank ? ' ' : *s;
    }
    while (f->n > 0 && f->value[f->n - 1] == ' ')
        f->n--;
    f->value[f->n] = 0;
    *at = s < end ? s + 1 : s;
    return true;
}

bool bt_traits_header(bt_buf *out, const char *raw, size_t n, bool arriving)
{
    const char *at = raw, *end = raw + n;
    char pair[2 * MAX_NAME + 2], before[MAX_NAME + 1] = "";
    struct field f;
    int n_received = arriving;
    for (int i = 0; i < MAX_FIELDS && next_field(&at, end, &f); i++) {
        bool received = strcmp(f.small, "received") == 0;
        if (is_passed_over(f.small) || (received && n_received++ == 0) ||
            (received && n_received > MAX_RECEIVED + 1))
            continue;
        size_t first = strlen(before), second = strlen(f.small);
        memcpy(pair, before, first);
        pair[first] = '>';
        memcpy(pair + first + 1, f.small, second);
        if (!put_word(out, "h", f.name) || !bt_traits_put(out, "o", pair, first + 1 + second) ||
            !put_value(out, &f))
            return false;
        memcpy(before, f.small, second + 1);
    }
    char hops[2] = {(char)('0' + (n_received < 9 ? n_received : 9)), 0};
    return put_word(out, "hops", hops);
}
