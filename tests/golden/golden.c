/* golden.c - reading reference vectors. */
#include "tests/golden/golden.h"

#include <math.h>

#include "base/mem.h"

json_t *golden_load(struct check *c, const char *name)
{
    const char *path = check_shared(c, name);
    if (!path)
        return NULL;
    json_error_t je;
    json_t *j = json_load_file(path, JSON_ALLOW_NUL, &je);
    CHECK(c, j, "%s: %s", path, je.text);
    return j;
}

bolter_seq golden_seq(const json_t *ids)
{
    size_t n = json_array_size(ids);
    int32_t *copy = bt_alloc_array(n, sizeof *copy);
    for (size_t i = 0; copy && i < n; i++)
        copy[i] = (int32_t)json_integer_value(json_array_get(ids, i));
    return (bolter_seq){.ids = copy, .n = n};
}

/* Walks nested arrays in order; got advances by the numbers seen. */
static void walk(const float **got, const json_t *want, double *far, double *large)
{
    if (json_is_array(want)) {
        for (size_t i = 0; i < json_array_size(want); i++)
            walk(got, json_array_get(want, i), far, large);
        return;
    }
    double w = json_number_value(want);
    *far = fmax(*far, fabs((double)**got - w));
    *large = fmax(*large, fabs(w));
    ++*got;
}

double golden_distance(const float *got, const json_t *want)
{
    double far = 0, large = 0;
    walk(&got, want, &far, &large);
    return far / large;
}
