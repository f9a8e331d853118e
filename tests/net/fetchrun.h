/*
 * fetchrun.h - runs bolter-train fetch in a folder of its own against a server of its own, and
 * looks at what came of it. Nothing leaves the loopback.
 */
#ifndef FETCHRUN_H
#define FETCHRUN_H

#include <stdbool.h>
#include <sys/types.h>

#include "tests/check.h"
#include "tests/net/httpd.h"

enum { FETCH_SIZE = 300000 };

/* Bytes to serve: two contents of one size, and the digest of the first. */
extern char fetch_body[FETCH_SIZE], fetch_other[FETCH_SIZE];
extern char fetch_body_sha256[65];
#define BODY .body = fetch_body, .n = FETCH_SIZE, .etag = "\"one\""

/* What the last run printed, and its exit status (-1: a signal). */
struct fetch_run {
    int status;
    char out[16384], err[16384];
};
extern struct fetch_run last;
extern struct httpd server;

/* Once, at the start. */
void fetch_prepare(void);
/* A fresh working folder, and the server with these pages; and its end. */
void fetch_begin(struct httpd_page *pages, size_t n);
void fetch_end(void);

/* Start the program with these arguments, NULL last; wait for it, and return its status. */
pid_t fetch_start(const char *const *args);
int fetch_finish(pid_t pid);
/* Both. An argument that begins with a slash becomes an address of the server. */
int fetch_args(const char *first, ...);
#define FETCH(...) fetch_args(__VA_ARGS__, NULL)

/* Check the last run's status, and that it said this. */
bool expect(struct check *c, int status, const char *said);
size_t read_file(const char *path, char *to, size_t cap);
void write_file(const char *path, const void *bytes, size_t n);
bool is_there(const char *path);
bool file_is(const char *path, const void *bytes, size_t n);
bool folder_is_empty(void);

#endif
