/* fetchrun.c - runs bolter-train fetch, and looks at what came of it. */
#include "tests/net/fetchrun.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bolter_data.h"

enum { MAX_ARGS = 24 };

char fetch_body[FETCH_SIZE], fetch_other[FETCH_SIZE];
char fetch_body_sha256[65];
static char program[1024];

/* ---- Running the program ---- */

struct fetch_run last;
struct httpd server;

size_t read_file(const char *path, char *to, size_t cap)
{
    FILE *f = fopen(path, "r");
    size_t n = f ? fread(to, 1, cap, f) : 0;
    if (f)
        fclose(f);
    return n;
}

void write_file(const char *path, const void *bytes, size_t n)
{
    FILE *f = fopen(path, "w");
    if (!f || fwrite(bytes, 1, n, f) != n || fclose(f) != 0)
        exit(99);
}

pid_t fetch_start(const char *const *args)
{
    extern char **environ;
    char *argv[MAX_ARGS + 3] = {program, strdup("fetch")};
    for (size_t i = 0; args[i]; i++)
        argv[i + 2] = strdup(args[i]);
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, 1, "../stdout", O_WRONLY | O_CREAT | O_TRUNC, 0666);
    posix_spawn_file_actions_addopen(&files, 2, "../stderr", O_WRONLY | O_CREAT | O_TRUNC, 0666);
    pid_t pid;
    if (posix_spawn(&pid, program, &files, NULL, argv, environ) != 0)
        exit(99);
    posix_spawn_file_actions_destroy(&files);
    for (size_t i = 1; argv[i]; i++)
        free(argv[i]);
    return pid;
}

int fetch_finish(pid_t pid)
{
    int status;
    waitpid(pid, &status, 0);
    last = (struct fetch_run){.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1};
    read_file("../stdout", last.out, sizeof last.out - 1);
    read_file("../stderr", last.err, sizeof last.err - 1);
    return last.status;
}

int fetch_args(const char *first, ...)
{
    static char urls[4][256];
    const char *args[MAX_ARGS + 1] = {first};
    size_t n = 1, n_urls = 0;
    va_list ap;
    va_start(ap, first);
    while (n < MAX_ARGS && (args[n] = va_arg(ap, const char *)))
        n++;
    va_end(ap);
    for (size_t i = 0; i < n; i++)
        if (args[i][0] == '/' && n_urls < 4) {
            snprintf(urls[n_urls], sizeof urls[0], "http://127.0.0.1:%d%s", server.port, args[i]);
            args[i] = urls[n_urls++];
        }
    return fetch_finish(fetch_start(args));
}

/* ---- What was found ---- */

bool is_there(const char *path)
{
    return access(path, F_OK) == 0;
}

bool file_is(const char *path, const void *bytes, size_t n)
{
    static char got[2 * FETCH_SIZE];
    return read_file(path, got, sizeof got) == n && memcmp(got, bytes, n) == 0;
}

bool folder_is_empty(void)
{
    DIR *d = opendir(".");
    size_t n = 0;
    while (d && readdir(d))
        n++;
    if (d)
        closedir(d);
    return n == 2; /* itself and its parent */
}

bool expect(struct check *c, int status, const char *said)
{
    return CHECK(c, last.status == status && strstr(last.err, said), "status %d, want %d; said %s",
                 last.status, status, last.err);
}

void fetch_begin(struct httpd_page *pages, size_t n)
{
    static unsigned cases;
    char dir[600];
    snprintf(dir, sizeof dir, "%s/%u", check_tmpdir(), ++cases);
    if (mkdir(dir, 0777) != 0 || chdir(dir) != 0)
        exit(99);
    httpd_start(&server, pages, n);
}

void fetch_end(void)
{
    httpd_stop(&server);
}

/* ---- Before all ---- */

static void make_bodies(void)
{
    unsigned x = 1;
    char path[600];
    for (size_t i = 0; i < FETCH_SIZE; i++) {
        x = x * 1664525 + 1013904223;
        fetch_body[i] = (char)(x >> 24);
        fetch_other[i] = (char)(x >> 16);
    }
    snprintf(path, sizeof path, "%s/body", check_tmpdir());
    write_file(path, fetch_body, FETCH_SIZE);
    if (bolter_file_sha256(path, fetch_body_sha256, NULL) != BOLTER_OK)
        exit(99);
}

void fetch_prepare(void)
{
    static const char *const proxies[] = {"http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY",
                                          "all_proxy",  "ALL_PROXY",  "no_proxy",    "NO_PROXY"};
    for (size_t i = 0; i < sizeof proxies / sizeof *proxies; i++)
        unsetenv(proxies[i]);
    const char *build = getenv("top_builddir");
    snprintf(program, sizeof program, "%s/bolter-train", build ? build : ".");
    signal(SIGPIPE, SIG_IGN);
    make_bodies();
}
