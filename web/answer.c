/* answer.c - answers are JSON, but for the page and the metrics. */
#include "web/answer.h"

#include <stdlib.h>
#include <string.h>

static const char no_memory[] = "{\"v\":1,\"error\":\"no memory\"}\n";

struct answer answer_bytes(const char *type, const void *body, size_t n)
{
    return (struct answer){.status = 200, .type = type, .body = body, .n = n};
}

struct answer answer_text(const char *type, char *text, size_t n)
{
    struct answer a = answer_bytes(type, text, n);
    a.owned = text;
    if (text)
        return a;
    a = answer_bytes("application/json", no_memory, sizeof no_memory - 1);
    a.status = 500;
    return a;
}

struct answer answer_json(unsigned status, json_t *j)
{
    char *text = j ? json_dumps(j, JSON_COMPACT | JSON_REAL_PRECISION(9)) : NULL;
    size_t n = text ? strlen(text) : 0;
    struct answer a = answer_text("application/json", text, n);
    if (text)
        a.status = status;
    json_decref(j);
    return a;
}

struct answer answer_error(unsigned status, const char *why)
{
    return answer_json(status, json_pack("{s:i, s:s}", "v", 1, "error", why));
}

void answer_release(struct answer *a)
{
    free(a->owned);
    if (a->release)
        a->release(a->stream);
    *a = (struct answer){0};
}
