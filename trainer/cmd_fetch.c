/* cmd_fetch.c - bolter-train fetch: a data set or model by its name or address. */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trainer/catalogue.h"
#include "trainer/commands.h"
#include "trainer/interrupt.h"
#include "trainer/obtain.h"
#include "trainer/options.h"
#include "trainer/tree.h"

#define GIB ((uint64_t)1 << 30)

struct request {
    struct obtain obtain;
    const char *operand;
    bool list, unpack;
    size_t size, max_size, max_unpacked;
    char sha256[65]; /* "" where none was given */
    /* what an address comes to */
    char *name, *folder; /* its last part, and that without an archive's ending */
    struct known known;
    struct known_file file;
};

/* ---- The list ---- */

static void print_file(const struct known_file *f)
{
    printf("    %s  ", f->name);
    if (f->size > 0)
        printf("%" PRIu64 " bytes, ", f->size);
    else
        printf("size not pinned, ");
    printf("%s%s\n", f->sha256 ? "SHA-256 " : "digest not pinned", f->sha256 ? f->sha256 : "");
    for (size_t i = 0; i < KNOWN_URLS && f->urls[i]; i++)
        printf("        %s\n", f->urls[i]);
}

static void print_list(void)
{
    const struct known *k;
    for (size_t i = 0; (k = known_at(i)); i++) {
        printf("%s%s%s%s\n    %s\n", i > 0 ? "\n" : "", k->name, k->alias ? ", " : "",
               k->alias ? k->alias : "", k->what);
        for (size_t j = 0; j < k->n_files; j++)
            print_file(&k->files[j]);
        if (k->member.path)
            printf("    %s  %" PRIu64 " bytes, SHA-256 %s, when unpacked\n", k->member.path,
                   k->member.size, k->member.sha256);
    }
}

/* ---- Operand and options ---- */

static bool take_sha256(void *to, const char *name, const char *value)
{
    char *hex = to;
    if (strlen(value) != 64 || strspn(value, "0123456789abcdefABCDEF") != 64) {
        complain("--%s: \"%s\", expected 64 hexadecimal digits", name, value);
        return false;
    }
    for (size_t i = 0; i <= 64; i++)
        hex[i] = (char)tolower((unsigned char)value[i]);
    return true;
}

/* The last part of the address's path becomes a file name, and then a folder's. */
static bool name_address(struct request *r)
{
    static const char *const endings[] = {".tar.gz", ".tgz",     ".tar.bz2", ".tbz2", ".tar.xz",
                                          ".txz",    ".tar.zst", ".tar",     ".zip"};
    char *shown = fetch_shown(r->operand);
    if (!shown) {
        complain("%s: no address of http or https", r->operand);
        return false;
    }
    const char *slash = strrchr(shown, '/');
    r->name = text_of("%s", slash ? slash + 1 : "");
    free(shown);
    r->folder = r->name ? text_of("%s", r->name) : NULL;
    if (!r->folder)
        return false;
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        size_t len = strlen(r->folder), n = strlen(endings[i]);
        if (len > n && strcmp(r->folder + len - n, endings[i]) == 0) {
            r->folder[len - n] = 0;
            return true;
        }
    }
    return true;
}

static const char *base_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* The last part of a path can be a file's name, and is none that obtain() has use for. */
static bool is_usable(const char *path)
{
    static const char *const names[] = {"", ".", "..", OBTAIN_TREE, OBTAIN_OLD};
    const char *base = base_of(path);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(base, names[i]) == 0)
            return false;
    return strlen(base) <= 200;
}

/* An address becomes an entry as the catalogue has them. */
static int take_address(struct request *r)
{
    if (!name_address(r))
        return EXIT_USAGE;
    bool same = r->unpack && strcmp(r->name, r->folder) == 0;
    if (!r->obtain.out && !same)
        r->obtain.out = r->unpack ? r->folder : r->name;
    if (!r->obtain.out || !is_usable(r->obtain.out)) {
        complain("%s: nothing to call it by; give --out", r->operand);
        return EXIT_USAGE;
    }
    r->file = (struct known_file){.name = base_of(r->obtain.out),
                                  .urls = {r->operand},
                                  .size = r->size,
                                  .sha256 = *r->sha256 ? r->sha256 : NULL};
    r->known = (struct known){.name = r->operand,
                              .shape = r->unpack ? KNOWN_ARCHIVES : KNOWN_FILE,
                              .files = &r->file,
                              .n_files = 1};
    r->obtain.known = &r->known;
    return EXIT_DONE;
}

static int take_name(struct request *r)
{
    r->obtain.known = known_find(r->operand);
    if (!r->obtain.known) {
        complain("\"%s\" is neither an address nor a name of fetch --list", r->operand);
        return EXIT_USAGE;
    }
    if (r->size || *r->sha256 || r->unpack) {
        complain("--size, --sha256 and --unpack go with an address, not with a name");
        return EXIT_USAGE;
    }
    if (!r->obtain.out)
        r->obtain.out = r->operand;
    return EXIT_DONE;
}

/* EXIT_DONE, or -1 to end well, or EXIT_USAGE. */
static int parse(struct request *r, int argc, char **argv)
{
    struct obtain *o = &r->obtain;
    const struct option_row rows[] = {
        FLAG("list", 0, &r->list, "print the names, and what is known of each"),
        STRING("out", 'o', &o->out, "PATH", "where it goes; the name if not given"),
        STRING("from", 0, &o->from, "FILE",
               "take this file, or this directory's, for the download"),
        FLAG("force", 0, &o->force, "fetch it again, and replace what was fetched before"),
        HEADING("Of an address:"),
        CALL("sha256", 0, take_sha256, r->sha256, "HEX", "what the file's digest must be"),
        SIZE("size", 0, &r->size, 1, 1e15, "BYTES", "what its size must be"),
        FLAG("unpack", 0, &r->unpack, "it is an archive: unpack it into a directory"),
        HEADING("Limits:"),
        SIZE("connect-timeout", 0, &o->net.connect_s, 1, 3600, "S", "seconds to connect"),
        SIZE("stall-timeout", 0, &o->net.stall_s, 1, 3600, "S", "seconds without a byte"),
        SIZE("retries", 0, &o->net.retries, 0, 1000, "N", "after a drop or a server's error"),
        SIZE("retry-wait", 0, &o->net.wait_s, 0, 60, "S", "before the first retry; then doubled"),
        SIZE("max-size", 0, &r->max_size, 1, 1e15, "BYTES", "of a file of unknown size"),
        SIZE("max-unpacked", 0, &r->max_unpacked, 1, 1e15, "BYTES", "of an archive's content"),
    };
    int operand = options_parse(argc, argv, rows, sizeof rows / sizeof *rows,
                                "fetch [options] NAME|URL\n       bolter-train fetch --list");
    if (operand < 0)
        return operand == -1 ? -1 : EXIT_USAGE;
    if (operand + !r->list != argc) {
        complain("fetch needs one name or address, or --list alone");
        return EXIT_USAGE;
    }
    if (o->out && !is_usable(o->out)) {
        complain("--out: \"%s\", expected a path that ends in a name", o->out);
        return EXIT_USAGE;
    }
    r->operand = r->list ? NULL : argv[operand];
    return EXIT_DONE;
}

static int run(struct request *r)
{
    if (r->list) {
        print_list();
        return EXIT_DONE;
    }
    int rc = strstr(r->operand, "://") ? take_address(r) : take_name(r);
    if (rc != EXIT_DONE)
        return rc;
    r->obtain.net.max_bytes = r->max_size;
    r->obtain.unpack.max_bytes = r->max_unpacked;
    interrupt_catch();
    rc = obtain(&r->obtain);
    if (rc == EXIT_DONE)
        puts(r->obtain.out);
    return rc;
}

int cmd_fetch(int argc, char **argv)
{
    struct request r = {
        .obtain = {.net = {.connect_s = 30, .stall_s = 60, .retries = 5, .wait_s = 1},
                   .unpack = {.max_entries = 1000000, .max_ratio = 100}},
        .max_size = 16 * GIB,
        .max_unpacked = 16 * GIB,
    };
    int rc = parse(&r, argc, argv);
    if (rc == EXIT_DONE)
        rc = run(&r);
    free(r.name);
    free(r.folder);
    return rc == -1 ? EXIT_DONE : rc;
}
