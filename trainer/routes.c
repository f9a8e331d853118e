/* routes.c - a table; the page is what the build made of trainer/page. */
#include "trainer/routes.h"

#include <string.h>
#include <strings.h>

#include "trainer/page.h"

static struct answer page_html_at(struct served *s, const struct request *r)
{
    (void)s, (void)r;
    return answer_bytes("text/html; charset=utf-8", page_html, page_html_size);
}

static struct answer page_css_at(struct served *s, const struct request *r)
{
    (void)s, (void)r;
    return answer_bytes("text/css; charset=utf-8", page_css, page_css_size);
}

static struct answer page_js_at(struct served *s, const struct request *r)
{
    (void)s, (void)r;
    return answer_bytes("text/javascript; charset=utf-8", page_js, page_js_size);
}

static const struct route routes[] = {
    {"/", false, {NULL}, page_html_at},
    {"/page.css", false, {NULL}, page_css_at},
    {"/page.js", false, {NULL}, page_js_at},
    {"/model", false, {NULL}, answer_model},
    {"/health", false, {NULL}, answer_health},
    {"/metrics", false, {NULL}, answer_metrics},
    {"/classify", true, {"message/rfc822", "text/plain"}, answer_classify},
    {"/generate", true, {"application/json"}, answer_generate},
};

const struct route *route_of(const char *path)
{
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++)
        if (strcmp(routes[i].path, path) == 0)
            return &routes[i];
    return NULL;
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
