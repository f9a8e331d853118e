/* part.c - a file on its way. */
#include "trainer/part.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bolter_data.h"
#include "trainer/files.h"
#include "trainer/interrupt.h"
#include "trainer/options.h"
#include "trainer/tree.h"

#define NOTE_VERSION "1"
#define MAX_NOTE     16384 /* bytes of a note, and so of an address */

static bool complain_part(const struct part *p)
{
    return complain_errno(p->part);
}

/* The next line of text, cut out of it; "" at the end. */
static const char *next_line(char **text)
{
    const char *line = *text;
    char *end = strchr(line, '\n');
    if (!end)
        return "";
    *end = 0;
    *text = end + 1;
    return line;
}

/* A note that is missing or damaged says nothing: the file starts over. */
static bool read_note(struct part *p)
{
    char text[MAX_NOTE] = "", *at = text;
    FILE *f = fopen(p->note, "re");
    if (f) {
        text[fread(text, 1, sizeof text - 1, f)] = 0;
        fclose(f);
    }
    bool known = strcmp(next_line(&at), NOTE_VERSION) == 0;
    p->url = text_of("%s", known ? next_line(&at) : "");
    p->validator = text_of("%s", known ? next_line(&at) : "");
    return p->url && p->validator;
}

static bool write_note(struct part *p)
{
    char *name = text_of("%s.note", p->name);
    char *text = text_of(NOTE_VERSION "\n%s\n%s\n", p->url, p->validator);
    bool ok = name && text && save_text(p->dir, name, text);
    free(name);
    free(text);
    return ok;
}

bool part_open(struct part *p, const char *dir, const char *name)
{
    *p = (struct part){.dir = dir, .name = name, .fd = -1};
    p->path = text_of("%s/%s", dir, name);
    p->part = text_of("%s/%s.part", dir, name);
    p->note = text_of("%s/%s.note", dir, name);
    if (!p->path || !p->part || !p->note || !read_note(p))
        return false;
    struct stat st;
    p->fd = open(p->part, O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0666);
    if (p->fd < 0 || fstat(p->fd, &st) != 0)
        return complain_part(p);
    p->have = (uint64_t)st.st_size;
    return true;
}

bool part_restart(struct part *p)
{
    p->have = 0;
    return ftruncate(p->fd, 0) == 0 || complain_part(p);
}

bool part_begin(struct part *p, const char *url, const char *validator)
{
    free(p->url);
    free(p->validator);
    p->url = text_of("%s", url);
    p->validator = text_of("%s", validator ? validator : "");
    /* In this order: a note of other bytes than those of the file must never be. */
    return p->url && p->validator && part_restart(p) && write_note(p);
}

bool part_append(struct part *p, const void *bytes, size_t n)
{
    const char *at = bytes;
    while (n > 0) {
        ssize_t put = write(p->fd, at, n);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return complain_part(p);
        at += put;
        n -= (size_t)put;
        p->have += (uint64_t)put;
    }
    return true;
}

bool part_copy(struct part *p, const char *from)
{
    int fd = open(from, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return complain_errno(from);
    char chunk[65536];
    ssize_t got = 0;
    bool ok = part_begin(p, "", NULL);
    while (ok && !interrupted() && (got = read(fd, chunk, sizeof chunk)) > 0)
        ok = part_append(p, chunk, (size_t)got);
    if (ok && got < 0)
        ok = complain_errno(from);
    close(fd);
    return ok && !interrupted();
}

static bool size_is(const char *path, uint64_t want)
{
    struct stat st;
    if (stat(path, &st) != 0)
        return complain_errno(path);
    if (want == 0 || (uint64_t)st.st_size == want)
        return true;
    complain("%s: %llu bytes, expected %llu", path, (unsigned long long)st.st_size,
             (unsigned long long)want);
    return false;
}

bool file_verify(const char *path, uint64_t size, const char *want_sha256, char sha256[65])
{
    bolter_error err = {0};
    if (!size_is(path, size))
        return false;
    if (bolter_file_sha256(path, sha256, &err) != BOLTER_OK) {
        complain("%s", err.text);
        return false;
    }
    if (!want_sha256 || strcmp(sha256, want_sha256) == 0)
        return true;
    complain("%s: SHA-256 %s, expected %s", path, sha256, want_sha256);
    return false;
}

bool part_verify(const struct part *p, const struct known_file *f, char sha256[65])
{
    return file_verify(p->part, f->size, f->sha256, sha256);
}

bool part_finish(struct part *p)
{
    return (fsync(p->fd) == 0 && rename(p->part, p->path) == 0) || complain_part(p);
}

void part_close(struct part *p)
{
    if (p->fd >= 0 && p->have == 0) { /* nothing to go on from */
        unlink(p->part);
        unlink(p->note);
    }
    if (p->fd >= 0)
        close(p->fd);
    free(p->path);
    free(p->part);
    free(p->note);
    free(p->url);
    free(p->validator);
}

void part_forget(const char *dir, const char *name)
{
    static const char *const endings[] = {"", ".part", ".note"};
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        char *path = text_of("%s/%s%s", dir, name, endings[i]);
        if (path)
            unlink(path);
        free(path);
    }
}
