/*
 * answer.h - what is said to a request, whatever carries it. A body is there at once, or it comes
 * bit by bit from a function.
 */
#ifndef WEB_ANSWER_H
#define WEB_ANSWER_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct request {
    const char *type; /* "message/rfc822"; of a POST, one that its route takes */
    bool explain;
    const char *body; /* NUL-terminated */
    size_t n;
};

struct answer {
    unsigned status; /* of HTTP: 200, 400, ... */
    const char *type;
    const void *body;
    size_t n;
    char *owned; /* the body, where it is to be freed */
    /* Instead of a body: the next bytes of it, at most max; 0 at the end. release is called once,
     * when no more are wanted. */
    size_t (*next)(void *stream, char *bytes, size_t max);
    void (*release)(void *stream);
    void *stream;
};

/* Takes over j; NULL is a lack of memory. */
struct answer answer_json(unsigned status, json_t *j);
/* {"v":1,"error":"..."} */
struct answer answer_error(unsigned status, const char *why);
/* Bytes that stay where they are. */
struct answer answer_bytes(const char *type, const void *body, size_t n);
/* Text that is the answer's from now on; NULL is a lack of memory. */
struct answer answer_text(const char *type, char *text, size_t n);
/* Free what an answer owns; it has then none. */
void answer_release(struct answer *a);

#endif
