/*
 * sniff.c - what kind of corpus a path is: by its name, else by its first bytes.
 *
 * Guesses are for convenience; a caller that knows the kind names it.
 */
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/mem.h"
#include "data/corpus.h"

#define LABEL_GUESS_MAX 32 /* bytes of a word that may be the label of a TSV */
#define FIELD_NAME_MAX  77 /* RFC 5322 allows lines of 78 */

const char *bt_base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* n less the length of suffix, if the n bytes of name end in it. */
static size_t without(const char *name, size_t n, const char *suffix)
{
    size_t m = strlen(suffix);
    return n >= m && strncasecmp(name + n - m, suffix, m) == 0 ? n - m : n;
}

size_t bt_stem_length(const char *name, const char *suffix)
{
    return without(name, without(name, strlen(name), ".gz"), suffix);
}

bool bt_name_ends(const char *name, const char *suffix)
{
    return bt_stem_length(name, suffix) < bt_stem_length(name, "");
}

static bool is_one_of(char c, const char *set)
{
    return c && strchr(set, c);
}

const char *bt_sniff_name(const char *path)
{
    static const struct {
        const char *suffix, *kind;
    } kinds[] = {
        {".tsv", "tsv"},  {".csv", "csv"},  {".jsonl", "jsonl"}, {".ndjson", "jsonl"},
        {".mbox", "mbox"}, {".eml", "mail"}, {".txt", "text"},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (bt_name_ends(path, kinds[i].suffix))
            return kinds[i].kind;
    return NULL;
}

/* path has an entry of this name and file type. */
static bool has(const char *path, const char *name, mode_t type)
{
    char *inner = bt_path_join(path, name);
    struct stat st;
    bool found = inner && stat(inner, &st) == 0 && (st.st_mode & S_IFMT) == type;
    bt_release(inner);
    return found;
}

const char *bt_sniff_folder(const char *path)
{
    if (has(path, "cur", S_IFDIR) && has(path, "new", S_IFDIR))
        return "maildir";
    return has(path, ".mh_sequences", S_IFREG) ? "mh" : "dir";
}

/* Bytes of the word at the start: printable ASCII without blanks and colons, or not ASCII. */
static size_t word_length(const char *line, size_t n)
{
    size_t i = 0;
    while (i < n && (unsigned char)line[i] > ' ' && line[i] != 0x7f && line[i] != ':')
        i++;
    return i;
}

/* True when one of the comma-separated names of a line is name, in any case, quoted or not. */
static bool names_column(const char *line, size_t n, const char *name)
{
    for (size_t from = 0; from <= n;) {
        const char *comma = memchr(line + from, ',', n - from);
        size_t end = comma ? (size_t)(comma - line) : n, a = from, z = end;
        while (a < z && is_one_of(line[a], " \"\r"))
            a++;
        while (z > a && is_one_of(line[z - 1], " \"\r"))
            z--;
        if (z - a == strlen(name) && strncasecmp(line + a, name, z - a) == 0)
            return true;
        from = end + 1;
    }
    return false;
}

const char *bt_sniff_bytes(const char *bytes, size_t n)
{
    if (n >= 5 && memcmp(bytes, "From ", 5) == 0)
        return "mbox";
    if (n >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0) {
        bytes += 3;
        n -= 3;
    }
    const char *newline = memchr(bytes, '\n', n);
    if (newline)
        n = (size_t)(newline - bytes);
    if (bt_is_fasttext(bytes, n))
        return "fasttext";
    if (n > 0 && bytes[0] == '{')
        return "jsonl";
    size_t word = word_length(bytes, n);
    if (word > 0 && word <= LABEL_GUESS_MAX && word < n && bytes[word] == '\t')
        return "tsv";
    if (names_column(bytes, n, "label") && names_column(bytes, n, "text"))
        return "csv";
    bool named = word > 0 && word <= FIELD_NAME_MAX && word < n && bytes[word] == ':';
    if (named && (word + 1 == n || is_one_of(bytes[word + 1], " \t\r")))
        return "mail";
    return "text";
}
