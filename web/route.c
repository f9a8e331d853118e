/* route.c - tables of paths; the page is what the build made of web/page. */
#include "web/route.h"

#include <string.h>
#include <strings.h>

#include "web/page.h"

static struct answer page_html_at(void *ud, const struct request *r)
{
    (void)ud, (void)r;
    return answer_bytes("text/html; charset=utf-8", page_html, page_html_size);
}

static struct answer page_css_at(void *ud, const struct request *r)
{
    (void)ud, (void)r;
    return answer_bytes("text/css; charset=utf-8", page_css, page_css_size);
}

static struct answer page_js_at(void *ud, const struct request *r)
{
    (void)ud, (void)r;
    return answer_bytes("text/javascript; charset=utf-8", page_js, page_js_size);
}

static const struct route page[] = {
    {"/", false, {NULL}, page_html_at},
    {"/page.css", false, {NULL}, page_css_at},
    {"/page.js", false, {NULL}, page_js_at},
    {NULL, false, {NULL}, NULL},
};

static const struct route *find(const struct route *table, const char *path)
{
    while (table->path && strcmp(table->path, path) != 0)
        table++;
    return table->path ? table : NULL;
}

const struct route *route_of(const struct route *table, const char *path)
{
    const struct route *route = find(table, path);
    return route ? route : find(page, path);
}

const char *route_type(const struct route *route, const char *content_type)
{
    size_t n = content_type ? strcspn(content_type, "; \t") : 0;
    for (size_t i = 0; i < sizeof route->type / sizeof *route->type; i++)
        if (route->type[i] && strlen(route->type[i]) == n &&
            strncasecmp(route->type[i], content_type, n) == 0)
            return route->type[i];
    return NULL;
}
