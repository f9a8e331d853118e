/* test_unpack.c - archives from outside: what is taken, and what is not. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/check.h"
#include "tests/net/archives.h"
#include "trainer/catalogue.h"
#include "trainer/tree.h"
#include "trainer/unpack.h"

static const struct unpack_limits generous = {1 << 30, 1000, 2000};

static const char *path_of(const char *name)
{
    static char paths[4][512];
    static size_t next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", check_tmpdir(), name);
    return path;
}

/* Unpack these bytes into a fresh folder "out". */
static enum unpack_end unpack_bytes(const char *bytes, size_t n, const char *skip,
                                    const struct unpack_limits *limits)
{
    FILE *f = fopen(path_of("archive"), "w");
    if (!f || fwrite(bytes, 1, n, f) != n || fclose(f) != 0 || !tree_remove(path_of("out")) ||
        mkdir(path_of("out"), 0777) != 0)
        exit(99);
    return unpack_archive(path_of("archive"), path_of("out"), skip, limits);
}

static enum unpack_end unpack_members(enum archive_kind kind, const struct member *m, size_t n_m,
                                      const char *skip, const struct unpack_limits *limits)
{
    size_t n;
    char *bytes = archive_of(kind, m, n_m, &n);
    enum unpack_end end = unpack_bytes(bytes, n, skip, limits);
    free(bytes);
    return end;
}

static bool file_is(const char *name, const char *want)
{
    char got[4096] = "", path[600];
    snprintf(path, sizeof path, "%s/%s", path_of("out"), name);
    FILE *f = fopen(path, "r");
    if (!f)
        return false;
    got[fread(got, 1, sizeof got - 1, f)] = 0;
    fclose(f);
    return strcmp(got, want) == 0;
}

static uint64_t n_files(void)
{
    uint64_t n = 0, bytes;
    tree_measure(path_of("out"), &n, &bytes);
    return n;
}

/* ---- What is taken ---- */

static void files_and_folders_of_each_format_are_unpacked(struct check *c)
{
    static const struct member members[] = {{"a", MEMBER_FOLDER, NULL, 0},
                                            {"a/one.txt", MEMBER_FILE, "one", 0},
                                            {"./b/c//two", MEMBER_FILE, "two", 0},
                                            {"empty", MEMBER_FILE, "", 0}};
    for (int kind = ARCHIVE_TAR; kind <= ARCHIVE_OF_ZIP; kind++) {
        enum unpack_end end = unpack_members((enum archive_kind)kind, members, 4, NULL, &generous);
        CHECK(c, end == UNPACK_DONE, "kind %d: %d", kind, end);
        CHECK(c,
              file_is("a/one.txt", "one") && file_is("b/c/two", "two") && file_is("empty", "") &&
                  n_files() == 3,
              "kind %d: %d files", kind, (int)n_files());
    }
}

static void permissions_are_not_taken_over(struct check *c)
{
    static const struct member members[] = {{"x", MEMBER_FILE, "x", 0}};
    struct stat st;
    CHECK(c, unpack_members(ARCHIVE_TAR, members, 1, NULL, &generous) == UNPACK_DONE, "unpack");
    CHECK(c, stat(path_of("out/x"), &st) == 0 && (st.st_mode & 07111) == 0, "mode %o", st.st_mode);
}

static void files_of_a_name_are_left_out(struct check *c)
{
    static const struct member members[] = {{"a/cmds", MEMBER_FILE, "mv", 0},
                                            {"a/cmds.txt", MEMBER_FILE, "kept", 0},
                                            {"cmds", MEMBER_FILE, "mv", 0}};
    CHECK(c, unpack_members(ARCHIVE_TAR, members, 3, "cmds", &generous) == UNPACK_DONE, "unpack");
    CHECK(c, n_files() == 1 && file_is("a/cmds.txt", "kept"), "%d files", (int)n_files());
}

static void of_two_entries_with_one_path_the_later_counts(struct check *c)
{
    static const struct member members[] = {{"x", MEMBER_FILE, "a longer text", 0},
                                            {"x", MEMBER_FILE, "late", 0}};
    CHECK(c, unpack_members(ARCHIVE_TAR, members, 2, NULL, &generous) == UNPACK_DONE, "unpack");
    CHECK(c, file_is("x", "late"), "not the later one");
}

static void names_beyond_ascii_are_kept(struct check *c)
{
    static const struct member members[] = {{"gr\303\274n/\346\227\245.txt", MEMBER_FILE, "x", 0}};
    for (int kind = ARCHIVE_TAR; kind <= ARCHIVE_OF_ZIP; kind++) {
        enum unpack_end end = unpack_members((enum archive_kind)kind, members, 1, NULL, &generous);
        CHECK(c, end == UNPACK_DONE && file_is("gr\303\274n/\346\227\245.txt", "x"), "kind %d",
              kind);
    }
}

/* ---- What is not ---- */

static void evil_entries_end_it(struct check *c)
{
    static const struct member evil[] = {
        {"../outside", MEMBER_FILE, "x", 0},   {"a/../../outside", MEMBER_FILE, "x", 0},
        {"a/..", MEMBER_FOLDER, NULL, 0},      {"/outside", MEMBER_FILE, "x", 0},
        {"link", MEMBER_SYMLINK, "/etc", 0},   {"link", MEMBER_SYMLINK, "first", 0},
        {"hard", MEMBER_HARDLINK, "first", 0}, {"hard", MEMBER_HARDLINK, "/etc/passwd", 0},
        {"null", MEMBER_DEVICE, NULL, 0},      {"first/below", MEMBER_FILE, "x", 0},
    };
    for (size_t i = 0; i < sizeof evil / sizeof *evil; i++) {
        const struct member members[] = {
            {"first", MEMBER_FILE, "x", 0}, evil[i], {"last", MEMBER_FILE, "x", 0}};
        enum unpack_end end = unpack_members(ARCHIVE_TAR_GZ, members, 3, NULL, &generous);
        CHECK(c, end == UNPACK_BAD, "%s: %d, want %d", evil[i].path, end, UNPACK_BAD);
        CHECK(c, !path_exists(path_of("outside")) && !path_exists("/outside") && n_files() <= 1,
              "%s: wrote on", evil[i].path);
    }
}

static void evil_names_in_a_zip_end_it(struct check *c)
{
    static const struct member evil[] = {{"../outside", MEMBER_FILE, "x", 0},
                                         {"/outside", MEMBER_FILE, "x", 0},
                                         {"link", MEMBER_SYMLINK, "/etc", 0}};
    for (size_t i = 0; i < sizeof evil / sizeof *evil; i++)
        CHECK(c,
              unpack_members(ARCHIVE_OF_ZIP, &evil[i], 1, NULL, &generous) == UNPACK_BAD &&
                  n_files() == 0,
              "%s", evil[i].path);
}

static void a_file_does_not_replace_a_folder(struct check *c)
{
    static const struct member clash[] = {{"d/x", MEMBER_FILE, "x", 0}, {"d", MEMBER_FILE, "x", 0}};
    CHECK(c, unpack_members(ARCHIVE_TAR, clash, 2, NULL, &generous) == UNPACK_BAD, "replaced");
    CHECK(c, file_is("d/x", "x"), "the first file is gone");
}

static void long_names_end_it(struct check *c)
{
    char name[300], path[6000];
    memset(name, 'n', sizeof name);
    name[299] = 0;
    memset(path, 'p', sizeof path);
    for (size_t i = 100; i < sizeof path; i += 100)
        path[i] = '/';
    path[5999] = 0;
    const struct member members[] = {{name, MEMBER_FILE, "x", 0}, {path, MEMBER_FILE, "x", 0}};
    for (size_t i = 0; i < 2; i++)
        CHECK(c, unpack_members(ARCHIVE_TAR, &members[i], 1, NULL, &generous) == UNPACK_BAD, "%zu",
              i);
}

static void a_bomb_is_stopped_by_its_ratio(struct check *c)
{
    static const struct member bomb[] = {{"zeros", MEMBER_FILE, NULL, 64 << 20}};
    const struct unpack_limits limits = {1 << 30, 1000, 100};
    struct stat st;
    CHECK(c, unpack_members(ARCHIVE_TAR_GZ, bomb, 1, NULL, &limits) == UNPACK_BAD, "ratio");
    CHECK(c, stat(path_of("out/zeros"), &st) == 0 && st.st_size < 16 << 20, "%lld bytes",
          (long long)st.st_size);
    CHECK(c, unpack_members(ARCHIVE_OF_ZIP, bomb, 1, NULL, &limits) == UNPACK_BAD, "zip");
}

static void size_and_count_are_limited(struct check *c)
{
    static const struct member members[] = {{"a", MEMBER_FILE, "12345678", 0},
                                            {"b", MEMBER_FILE, "12345678", 0}};
    static const struct {
        struct unpack_limits limits;
        enum unpack_end want;
    } rows[] = {
        {{16, 2, 100}, UNPACK_DONE}, {{15, 2, 100}, UNPACK_BAD}, {{16, 1, 100}, UNPACK_BAD}};
    for (size_t i = 0; i < 3; i++) {
        enum unpack_end end = unpack_members(ARCHIVE_TAR, members, 2, NULL, &rows[i].limits);
        CHECK(c, end == rows[i].want, "row %zu: %d, want %d", i, end, rows[i].want);
    }
}

static void a_torn_archive_is_refused_or_gives_every_file(struct check *c)
{
    static const struct member members[] = {{"a", MEMBER_FILE, "one file", 0},
                                            {"b", MEMBER_FILE, "another file", 0}};
    for (int kind = ARCHIVE_TAR_GZ; kind <= ARCHIVE_OF_ZIP; kind++) {
        size_t n, n_refused = 0;
        char *bytes = archive_of((enum archive_kind)kind, members, 2, &n);
        for (size_t cut = 0; cut < n; cut++) {
            bool refused = unpack_bytes(bytes, cut, NULL, &generous) == UNPACK_BAD;
            n_refused += refused;
            CHECK(c, refused || (file_is("a", "one file") && file_is("b", "another file")),
                  "kind %d: torn at %zu of %zu", kind, cut, n);
        }
        CHECK(c, n_refused > n / 4, "kind %d: %zu of %zu refused", kind, n_refused, n);
        free(bytes);
    }
}

static void a_damaged_archive_is_refused(struct check *c)
{
    static const struct member members[] = {{"a", MEMBER_FILE, "a text of some length", 0}};
    size_t n;
    char *bytes = archive_of(ARCHIVE_OF_ZIP, members, 1, &n);
    size_t header = 30 + (size_t)bytes[26] + (size_t)bytes[28]; /* with name and extra field */
    bytes[header + 5] ^= 1;
    CHECK(c, unpack_bytes(bytes, n, NULL, &generous) == UNPACK_BAD, "a wrong checksum passed");
    free(bytes);
    CHECK(c, unpack_bytes("no archive at all", 17, NULL, &generous) == UNPACK_BAD, "text passed");
    CHECK(c, unpack_bytes("", 0, NULL, &generous) == UNPACK_BAD, "nothing passed");
}

static void missing_archives_and_folders_are_our_trouble(struct check *c)
{
    CHECK(c, unpack_archive(path_of("none"), check_tmpdir(), NULL, &generous) == UNPACK_FAILED,
          "none");
    CHECK(c, unpack_archive(path_of("archive"), path_of("none"), NULL, &generous) == UNPACK_FAILED,
          "no folder");
}

/* ---- The catalogue ---- */

static void check_digest(struct check *c, const char *name, const char *sha256)
{
    CHECK(c, !sha256 || (strlen(sha256) == 64 && strspn(sha256, "0123456789abcdef") == 64),
          "%s: \"%s\"", name, sha256);
}

static void the_catalogue_is_well_formed(struct check *c)
{
    const struct known *k;
    for (size_t i = 0; (k = known_at(i)); i++) {
        CHECK(c, known_find(k->name) == k && (!k->alias || known_find(k->alias) == k), "%s",
              k->name);
        CHECK(c, k->what && k->n_files > 0 && k->n_files <= 16, "%s", k->name);
        check_digest(c, k->name, k->member.sha256);
        for (size_t j = 0; j < k->n_files; j++) {
            const struct known_file *f = &k->files[j];
            check_digest(c, f->name, f->sha256);
            CHECK(c, !strchr(f->name, '/') && f->urls[0], "%s", f->name);
            for (size_t u = 0; u < KNOWN_URLS && f->urls[u]; u++)
                CHECK(c, strncmp(f->urls[u], "https://", 8) == 0 || !f->sha256, "%s", f->urls[u]);
        }
    }
    CHECK(c, known_find("gpt2-1558m") && !known_find("") && !known_find("gpt3"), "names");
}

int main(void)
{
    static const struct check_case cases[] = {
        CASE(files_and_folders_of_each_format_are_unpacked),
        CASE(permissions_are_not_taken_over),
        CASE(files_of_a_name_are_left_out),
        CASE(of_two_entries_with_one_path_the_later_counts),
        CASE(names_beyond_ascii_are_kept),
        CASE(evil_entries_end_it),
        CASE(evil_names_in_a_zip_end_it),
        CASE(a_file_does_not_replace_a_folder),
        CASE(long_names_end_it),
        CASE(a_bomb_is_stopped_by_its_ratio),
        CASE(size_and_count_are_limited),
        CASE(a_torn_archive_is_refused_or_gives_every_file),
        CASE(a_damaged_archive_is_refused),
        CASE(missing_archives_and_folders_are_our_trouble),
        CASE(the_catalogue_is_well_formed),
    };
    if (!freopen(path_of("complaints"), "w", stderr)) /* there are hundreds */
        return 99;
    return check_main(cases, sizeof cases / sizeof *cases);
}
