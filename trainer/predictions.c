/* predictions.c - files of scores, and which lines of two of them are about the same message. */
#include "trainer/predictions.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trainer/options.h"

#define MAX_LINE 65536 /* bytes of one line */

static bool grow(struct predictions *p)
{
    size_t cap = p->cap ? 2 * p->cap : 1024;
    char **id = reallocarray(p->id, cap, sizeof *id);
    p->id = id ? id : p->id;
    int32_t *truth = reallocarray(p->truth, cap, sizeof *truth);
    p->truth = truth ? truth : p->truth;
    double *score = reallocarray(p->score, cap, sizeof *score);
    p->score = score ? score : p->score;
    p->cap = id && truth && score ? cap : p->cap;
    return id && truth && score;
}

bool predictions_add(struct predictions *p, const char *id, bool spam, double score)
{
    char *copy = p->n < p->cap || grow(p) ? strdup(id) : NULL;
    if (!copy) {
        complain("no memory for %zu scores", p->n + 1);
        return false;
    }
    p->id[p->n] = copy;
    p->truth[p->n] = spam;
    p->score[p->n++] = score;
    return true;
}

void predictions_free(struct predictions *p)
{
    for (size_t i = 0; i < p->n; i++)
        free(p->id[i]);
    free(p->id);
    free(p->truth);
    free(p->score);
    *p = (struct predictions){0};
}

bolter_scores predictions_scores(const struct predictions *p, double threshold)
{
    return (bolter_scores){p->score, p->truth, p->n, threshold};
}

/* ---- Files ---- */

static bool label_of(const char *word, bool *spam)
{
    *spam = strcmp(word, "spam") == 0 || strcmp(word, "1") == 0;
    return *spam || strcmp(word, "ham") == 0 || strcmp(word, "0") == 0;
}

/* Take a line apart in place; what was expected instead, or NULL. */
static const char *parse_line(struct predictions *p, char *line)
{
    char *label = strchr(line, '\t'), *score = label ? strchr(label + 1, '\t') : NULL, *end;
    bool spam;
    if (!score || strchr(score + 1, '\t'))
        return "id, label and score with a tab between them";
    *label++ = 0;
    *score++ = 0;
    if (!label_of(label, &spam))
        return "ham, spam, 0 or 1 as the label";
    errno = 0;
    double x = strtod(score, &end);
    if (end == score || *end || !isfinite(x))
        return "a finite number as the score";
    return predictions_add(p, line, spam, x) ? NULL : "";
}

bool predictions_read(struct predictions *p, const char *path)
{
    FILE *f = fopen(path, "r");
    if (!f) {
        complain("%s: %s", path, strerror(errno));
        return false;
    }
    char *line = NULL;
    size_t cap = 0, number = 0;
    const char *expected = NULL;
    for (ssize_t n; !expected && (n = getline(&line, &cap, f)) > 0;) {
        number++;
        if (n > MAX_LINE || memchr(line, 0, (size_t)n))
            expected = "a line of text of at most 65536 bytes";
        line[strcspn(line, "\r\n")] = 0;
        if (!expected && *line && *line != '#')
            expected = parse_line(p, line);
    }
    bool read = !ferror(f);
    free(line);
    fclose(f);
    if (expected && *expected)
        complain("%s:%zu: expected %s", path, number, expected);
    else if (!expected && !read)
        complain("%s: cannot be read", path);
    else if (!expected && p->n == 0)
        complain("%s: no scores in it", path);
    return !expected && read && p->n > 0;
}

bool predictions_write(const struct predictions *p, const char *path)
{
    FILE *f = fopen(path, "w");
    for (size_t i = 0; f && i < p->n; i++)
        fprintf(f, "%s\t%s\t%.9g\n", p->id[i], p->truth[i] ? "spam" : "ham", p->score[i]);
    bool ok = f && !ferror(f);
    if (f && fclose(f) != 0)
        ok = false;
    if (!ok)
        complain("%s: %s", path, strerror(errno));
    return ok;
}

/* ---- Two of them ---- */

struct place {
    const char *id;
    size_t at;
};

static int by_id(const void *a, const void *b)
{
    return strcmp(((const struct place *)a)->id, ((const struct place *)b)->id);
}

/* Where each id is, sorted by id; free(). NULL after a complaint. */
static struct place *index_of(const struct predictions *p)
{
    struct place *places = calloc(p->n + 1, sizeof *places);
    if (!places) {
        complain("no memory for %zu scores", p->n);
        return NULL;
    }
    for (size_t i = 0; i < p->n; i++)
        places[i] = (struct place){p->id[i], i};
    qsort(places, p->n, sizeof *places, by_id);
    for (size_t i = 1; i < p->n; i++) {
        if (strcmp(places[i - 1].id, places[i].id) == 0) {
            complain("%s: two scores of this id", places[i].id);
            free(places);
            return NULL;
        }
    }
    return places;
}

bool predictions_match(const struct predictions *a, const struct predictions *b,
                       struct predictions *of_a, struct predictions *of_b)
{
    struct place *in_a = index_of(a), *in_b = in_a ? index_of(b) : NULL;
    bool ok = in_b != NULL;
    for (size_t i = 0; ok && i < a->n; i++) {
        const struct place key = {a->id[i], 0};
        const struct place *found = bsearch(&key, in_b, b->n, sizeof *in_b, by_id);
        bool spam = a->truth[i] == 1;
        if (found && b->truth[found->at] != a->truth[i]) {
            complain("%s: spam in one file and ham in the other", a->id[i]);
            ok = false;
        } else if (found) {
            ok = predictions_add(of_a, a->id[i], spam, a->score[i]) &&
                 predictions_add(of_b, a->id[i], spam, b->score[found->at]);
        }
    }
    if (ok && of_a->n == 0)
        complain("the two have no id in common");
    free(in_a);
    free(in_b);
    return ok && of_a->n > 0;
}
