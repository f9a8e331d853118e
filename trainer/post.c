/* post.c - a JSON document goes to an address, another comes back; by libcurl. */
#include "trainer/post.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bolter.h"
#include "trainer/fetch.h"
#include "trainer/interrupt.h"
#include "trainer/options.h"

enum { MAX_ANSWER = 16 << 20 };

struct answer {
    char *bytes;
    size_t n;
};

static size_t on_body(char *bytes, size_t one, size_t n, void *arg)
{
    struct answer *a = arg;
    char *grown = a->n + n < MAX_ANSWER ? realloc(a->bytes, a->n + n + 1) : NULL;
    if (!grown)
        return CURL_WRITEFUNC_ERROR;
    memcpy(grown + a->n, bytes, n);
    a->bytes = grown;
    a->n += n;
    return one * n;
}

static int on_progress(void *arg, curl_off_t total, curl_off_t now, curl_off_t up_total,
                       curl_off_t up_now)
{
    (void)arg, (void)total, (void)now, (void)up_total, (void)up_now;
    return interrupted();
}

static struct curl_slist *fields_of(const char *key)
{
    struct curl_slist *fields = curl_slist_append(NULL, "Content-Type: application/json"), *all = NULL;
    char *bearer = NULL;
    if (!fields || !key)
        return fields;
    if (asprintf(&bearer, "Authorization: Bearer %s", key) >= 0)
        all = curl_slist_append(fields, bearer);
    free(bearer);
    if (!all)
        curl_slist_free_all(fields);
    return all;
}

static CURLcode perform(const char *url, const char *key, const char *body, long timeout_s,
                        struct answer *a, long *status, char error[CURL_ERROR_SIZE])
{
    char agent[64];
    CURL *c = curl_easy_init();
    struct curl_slist *fields = fields_of(key);
    CURLcode rc = CURLE_OUT_OF_MEMORY;
    snprintf(agent, sizeof agent, "bolter-train/%s", bolter_version());
    if (c && fields) {
        curl_easy_setopt(c, CURLOPT_URL, url);
        curl_easy_setopt(c, CURLOPT_USERAGENT, agent);
        curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
        curl_easy_setopt(c, CURLOPT_HTTPHEADER, fields);
        curl_easy_setopt(c, CURLOPT_POSTFIELDS, body);
        curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
        curl_easy_setopt(c, CURLOPT_TIMEOUT, timeout_s);
        curl_easy_setopt(c, CURLOPT_ERRORBUFFER, error);
        curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
        curl_easy_setopt(c, CURLOPT_WRITEDATA, a);
        curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
        curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, on_progress);
        rc = curl_easy_perform(c);
        curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, status);
    }
    curl_slist_free_all(fields);
    curl_easy_cleanup(c);
    return rc;
}

bool post_takes(const char *url, const char *option)
{
    char *shown = fetch_shown(url);
    bool ok = shown != NULL;
    if (!ok)
        complain("%s: not an address of http or https", option);
    free(shown);
    return ok;
}

json_t *post_json(const char *url, const char *key, const json_t *j, long timeout_s)
{
    char error[CURL_ERROR_SIZE] = "", *body = json_dumps(j, JSON_COMPACT), *shown = fetch_shown(url);
    struct answer a = {0};
    long status = 0;
    json_t *got = NULL;
    if (!body || !shown) {
        complain("%s", body ? "not an address of http or https" : "no memory");
    } else {
        CURLcode rc = perform(url, key, body, timeout_s, &a, &status, error);
        if (rc == CURLE_OK && status == 200)
            got = json_loadb(a.bytes ? a.bytes : "", a.n, 0, NULL);
        if (rc != CURLE_OK && !interrupted())
            complain("%s: %s", shown, *error ? error : curl_easy_strerror(rc));
        else if (rc == CURLE_OK && status != 200)
            complain("%s: HTTP status %ld", shown, status);
        else if (rc == CURLE_OK && !got)
            complain("%s: the answer is not JSON", shown);
    }
    free(body);
    free(shown);
    free(a.bytes);
    return got;
}
