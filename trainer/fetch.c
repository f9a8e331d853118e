/*
 * fetch.c - one file over HTTP into a folder, by libcurl.
 *
 * A transfer asks for the rest of what is there, with Range and If-Range (RFC 9110, sections 13.1.5
 * and 14). The first byte of the answer's body is where the answer is judged: 206 with the rest
 * that was asked for is appended, 200 starts over, and anything else, or a size that cannot be
 * right, is refused before it costs time.
 */
#include "trainer/fetch.h"

#include <curl/curl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bolter.h"
#include "trainer/interrupt.h"
#include "trainer/options.h"
#include "trainer/part.h"
#include "trainer/progress.h"
#include "trainer/tree.h"

enum { MAX_REDIRECTS = 5, MAX_WAIT_S = 60 };

/* What to do after a transfer. */
enum next {
    WHOLE,
    AGAIN,     /* the same address may do better */
    ELSEWHERE, /* the next address */
    STOP       /* a complaint was made, and no address helps */
};

struct transfer {
    CURL *curl;
    struct part *part;
    const struct known_file *file;
    const struct fetch_limits *limits;
    const char *url;
    char *shown;
    struct progress progress;
    char label[300];   /* of the progress */
    uint64_t begin;    /* bytes that were there before */
    bool judged;       /* the answer is the one that was asked for */
    enum next refused; /* what was decided when it was not */
    char why[256];
    char curl_error[CURL_ERROR_SIZE];
};

/* ---- The answer ---- */

__attribute__((format(printf, 3, 4)))
static bool refuse(struct transfer *t, enum next next, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(t->why, sizeof t->why, fmt, ap);
    va_end(ap);
    t->refused = next;
    return false;
}

static long status_of(const struct transfer *t)
{
    long status = 0;
    curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &status);
    return status;
}

/* A field of the last answer's header, or NULL. */
static const char *field(const struct transfer *t, const char *name)
{
    struct curl_header *h;
    return curl_easy_header(t->curl, name, 0, CURLH_HEADER, -1, &h) == CURLHE_OK ? h->value : NULL;
}

/* What tells this version of the file from another; a weak ETag does not (RFC 9110, 8.8.3). */
static const char *validator(const struct transfer *t)
{
    const char *etag = field(t, "ETag");
    return etag && *etag == '"' ? etag : field(t, "Last-Modified");
}

static bool size_fits(struct transfer *t, uint64_t total)
{
    if (t->file->size > 0 && total != t->file->size)
        return refuse(t, ELSEWHERE, "offers %" PRIu64 " bytes, expected %" PRIu64, total,
                      t->file->size);
    if (total > t->limits->max_bytes && t->file->size == 0)
        return refuse(t, ELSEWHERE, "offers %" PRIu64 " bytes, more than the %" PRIu64 " allowed",
                      total, t->limits->max_bytes);
    return true;
}

/* 200: the file from its beginning. */
static bool judge_whole(struct transfer *t)
{
    curl_off_t length = -1;
    curl_easy_getinfo(t->curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
    if (length >= 0 && !size_fits(t, (uint64_t)length))
        return false;
    t->begin = 0;
    return part_begin(t->part, t->shown, validator(t)) || refuse(t, STOP, "%s", t->part->part);
}

/* "bytes FIRST-LAST/TOTAL" that goes to the end of the file. */
static bool read_range(const char *range, uint64_t *first, uint64_t *total)
{
    uint64_t last;
    char end;
    return range &&
           sscanf(range, "bytes %" SCNu64 "-%" SCNu64 "/%" SCNu64 "%c", first, &last, total,
                  &end) == 3 &&
           last + 1 == *total;
}

/* 206: the bytes from t->begin on, of the same version. */
static bool judge_rest(struct transfer *t)
{
    const char *now = validator(t);
    uint64_t first, total;
    if (read_range(field(t, "Content-Range"), &first, &total) && first == t->begin &&
        (!now || strcmp(now, t->part->validator) == 0))
        return size_fits(t, total);
    return refuse(t, part_restart(t->part) ? AGAIN : STOP,
                  "sends another part than was asked for; starting over");
}

static bool judge(struct transfer *t)
{
    long status = status_of(t);
    if (status == 200)
        t->judged = judge_whole(t);
    else if (status == 206 && t->begin > 0)
        t->judged = judge_rest(t);
    else
        refuse(t, ELSEWHERE, "HTTP status %ld", status);
    return t->judged;
}

static size_t on_body(char *bytes, size_t one, size_t n, void *arg)
{
    struct transfer *t = arg;
    uint64_t max = t->file->size > 0 ? t->file->size : t->limits->max_bytes;
    if (!t->judged && !judge(t))
        return CURL_WRITEFUNC_ERROR;
    if (t->part->have + n > max) {
        refuse(t, part_restart(t->part) ? ELSEWHERE : STOP, "sends more than %" PRIu64 " bytes",
               max);
        return CURL_WRITEFUNC_ERROR;
    }
    if (!part_append(t->part, bytes, n)) {
        refuse(t, STOP, "%s", t->part->part);
        return CURL_WRITEFUNC_ERROR;
    }
    return one * n;
}

static int on_progress(void *arg, curl_off_t total, curl_off_t now, curl_off_t up_total,
                       curl_off_t up_now)
{
    struct transfer *t = arg;
    (void)up_total;
    (void)up_now;
    if (t->judged)
        progress_show(&t->progress, (uint64_t)now >> 10, (uint64_t)total >> 10, "");
    return interrupted();
}

/* ---- The question ---- */

static bool is_https(const char *url)
{
    return strncasecmp(url, "https:", 6) == 0;
}

static void set_options(struct transfer *t)
{
    CURL *c = t->curl;
    const struct fetch_limits *l = t->limits;
    char agent[64];
    snprintf(agent, sizeof agent, "bolter-train/%s", bolter_version());
    curl_easy_setopt(c, CURLOPT_URL, t->url);
    curl_easy_setopt(c, CURLOPT_USERAGENT, agent);
    curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(c, CURLOPT_REDIR_PROTOCOLS_STR, is_https(t->url) ? "https" : "http,https");
    curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(c, CURLOPT_MAXREDIRS, (long)MAX_REDIRECTS);
    curl_easy_setopt(c, CURLOPT_FAILONERROR, 1L);
    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, (long)l->connect_s);
    curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, (long)l->stall_s);
    curl_easy_setopt(c, CURLOPT_ERRORBUFFER, t->curl_error);
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(c, CURLOPT_WRITEDATA, t);
    curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(c, CURLOPT_XFERINFODATA, t);
}

/* Ask for the rest alone if the bytes that are there came from this address and can be told apart
 * from another version's. False without memory. */
static bool ask_for_rest(struct transfer *t, struct curl_slist **fields)
{
    const struct part *p = t->part;
    if (p->have == 0 || strcmp(p->url, t->shown) != 0 || !*p->validator)
        return true;
    char range[32];
    char *if_range = text_of("If-Range: %s", p->validator);
    *fields = if_range ? curl_slist_append(NULL, if_range) : NULL;
    free(if_range);
    t->begin = p->have;
    snprintf(range, sizeof range, "%" PRIu64 "-", t->begin);
    return *fields && curl_easy_setopt(t->curl, CURLOPT_RANGE, range) == CURLE_OK &&
           curl_easy_setopt(t->curl, CURLOPT_HTTPHEADER, *fields) == CURLE_OK;
}

/* ---- One transfer ---- */

static enum next after_status(struct transfer *t)
{
    long status = status_of(t);
    refuse(t, ELSEWHERE, "HTTP status %ld", status);
    if (status == 416) /* more is there than the server has */
        return part_restart(t->part) ? AGAIN : STOP;
    return status >= 500 || status == 408 || status == 429 ? AGAIN : ELSEWHERE;
}

/* A name that is not found, a refused connection or a wrong certificate will be so again. */
static bool may_get_better(const struct transfer *t, CURLcode rc)
{
    curl_off_t connected = 0;
    curl_easy_getinfo(t->curl, CURLINFO_CONNECT_TIME_T, &connected);
    return connected > 0 && rc != CURLE_TOO_MANY_REDIRECTS && rc != CURLE_UNSUPPORTED_PROTOCOL &&
           rc != CURLE_URL_MALFORMAT && rc != CURLE_PEER_FAILED_VERIFICATION &&
           rc != CURLE_SSL_CONNECT_ERROR;
}

static enum next conclude(struct transfer *t, CURLcode rc)
{
    if (rc != CURLE_OK && interrupted())
        return STOP;
    if (rc == CURLE_OK && !t->judged) /* an empty body */
        judge(t);
    if (*t->why)
        return t->refused;
    if (rc == CURLE_HTTP_RETURNED_ERROR)
        return after_status(t);
    if (rc == CURLE_OK && t->file->size > 0 && t->part->have < t->file->size) {
        refuse(t, AGAIN, "ends after %" PRIu64 " of %" PRIu64 " bytes", t->part->have,
               t->file->size);
        return AGAIN;
    }
    if (rc == CURLE_OK)
        return WHOLE;
    refuse(t, AGAIN, "%s", *t->curl_error ? t->curl_error : curl_easy_strerror(rc));
    return may_get_better(t, rc) ? AGAIN : ELSEWHERE;
}

static enum next transfer(struct transfer *t)
{
    struct curl_slist *fields = NULL;
    enum next next = STOP;
    t->curl = curl_easy_init();
    t->begin = 0;
    t->judged = false;
    *t->why = *t->curl_error = 0;
    if (t->curl && ask_for_rest(t, &fields)) {
        set_options(t);
        progress_start(&t->progress, t->label);
        next = conclude(t, curl_easy_perform(t->curl));
        progress_end(&t->progress);
    } else {
        complain("no memory");
    }
    curl_easy_cleanup(t->curl);
    curl_slist_free_all(fields);
    return next;
}

/* ---- Retries and addresses ---- */

/* False when interrupted. */
static bool wait_for(size_t seconds)
{
    struct timespec slice = {.tv_nsec = 100000000};
    for (size_t i = 0; i < 10 * seconds && !interrupted(); i++)
        nanosleep(&slice, NULL);
    return !interrupted();
}

static enum next try_address(struct transfer *t)
{
    size_t wait = t->limits->wait_s;
    for (size_t left = t->limits->retries;; left--) {
        enum next next = transfer(t);
        if (next == WHOLE || next == STOP)
            return next;
        if (next != AGAIN || left == 0) {
            complain("%s: %s", t->shown, t->why);
            return next == AGAIN ? ELSEWHERE : next;
        }
        wait = wait < MAX_WAIT_S ? wait : MAX_WAIT_S;
        complain("%s: %s; again in %zu s", t->shown, t->why, wait);
        if (!wait_for(wait))
            return STOP;
        wait *= 2;
    }
}

/* What came is what was expected: give it its name. Else the bytes are of no use. */
static enum next finish(struct transfer *t, char sha256[65])
{
    if (part_verify(t->part, t->file, sha256))
        return part_finish(t->part) ? WHOLE : STOP;
    return part_restart(t->part) ? ELSEWHERE : STOP;
}

static enum next try_addresses(struct transfer *t, char sha256[65])
{
    enum next next = ELSEWHERE;
    for (size_t i = 0; next == ELSEWHERE && i < KNOWN_URLS && t->file->urls[i]; i++) {
        t->url = t->file->urls[i];
        t->shown = fetch_shown(t->url);
        next = t->shown ? try_address(t) : STOP;
        if (next == WHOLE)
            next = finish(t, sha256);
        free(t->shown);
    }
    return next;
}

/* An earlier run left all of it, perhaps without the last step. */
static bool was_left(const struct part *p, const struct known_file *f, char sha256[65])
{
    bool known = f->sha256 != NULL;
    for (size_t i = 0; !known && i < KNOWN_URLS && f->urls[i]; i++) {
        char *shown = fetch_shown(f->urls[i]);
        known = shown && strcmp(shown, p->url) == 0;
        free(shown);
    }
    return known && path_exists(p->path) && file_verify(p->path, f->size, f->sha256, sha256);
}

enum fetch_end fetch_file(const struct known_file *f, const char *dir,
                          const struct fetch_limits *limits, char sha256[65])
{
    struct part part;
    struct transfer t = {.part = &part, .file = f, .limits = limits};
    enum next next = STOP;
    snprintf(t.label, sizeof t.label, "%s, KiB", f->name);
    if (!part_open(&part, dir, f->name))
        next = STOP;
    else if (was_left(&part, f, sha256))
        next = WHOLE;
    else if (f->size > 0 && part.have >= f->size && finish(&t, sha256) == WHOLE)
        next = WHOLE;
    else
        next = try_addresses(&t, sha256);
    part_close(&part);
    if (next == WHOLE)
        return FETCH_DONE;
    if (interrupted())
        return FETCH_INTERRUPTED;
    return next == STOP ? FETCH_FAILED : FETCH_NOWHERE;
}

/* ---- Addresses ---- */

static bool strip(CURLU *u, const char *url)
{
    char *scheme = NULL;
    bool ok = curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK &&
              curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
              (strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0) &&
              curl_url_set(u, CURLUPART_USER, NULL, 0) == CURLUE_OK &&
              curl_url_set(u, CURLUPART_PASSWORD, NULL, 0) == CURLUE_OK &&
              curl_url_set(u, CURLUPART_QUERY, NULL, 0) == CURLUE_OK &&
              curl_url_set(u, CURLUPART_FRAGMENT, NULL, 0) == CURLUE_OK;
    curl_free(scheme);
    return ok;
}

char *fetch_shown(const char *url)
{
    CURLU *u = curl_url();
    char *stripped = NULL, *shown = NULL;
    if (u && strip(u, url) && curl_url_get(u, CURLUPART_URL, &stripped, 0) == CURLUE_OK)
        shown = text_of("%s", stripped);
    curl_free(stripped);
    curl_url_cleanup(u);
    return shown;
}
