/* post.h - a JSON document goes to an address, another comes back; by libcurl. */
#ifndef POST_H
#define POST_H

#include <jansson.h>
#include <stdbool.h>

/*
 * POST j to url; the answer, new, or NULL after a complaint. key, if not NULL, goes as a bearer token.
 * Certificates are always verified, redirects not followed; at most 16 MiB come back, within timeout_s.
 */
json_t *post_json(const char *url, const char *key, const json_t *j, long timeout_s);

/* Whether url is one that post_json() can go to; false after a complaint that names the option. */
bool post_takes(const char *url, const char *option);

#endif
