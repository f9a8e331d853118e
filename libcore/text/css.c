/* css.c - numbers and words in the values of style sheets. */
#include "text/css.h"

#include <string.h>

bool bt_css_number(const char **s, double *value)
{
    const char *p = *s + (**s == '-' || **s == '+');
    bool minus = **s == '-', digits = false;
    double scale = 0.1;
    *value = 0;
    for (; *p >= '0' && *p <= '9'; p++, digits = true)
        *value = *value < 1e9 ? 10 * *value + (*p - '0') : *value;
    if (*p == '.')
        for (p++; *p >= '0' && *p <= '9'; p++, scale /= 10, digits = true)
            *value += scale * (*p - '0');
    if (minus)
        *value = -*value;
    *s = p;
    return digits;
}

bool bt_css_is_among(const char *word, const char *const *list)
{
    for (; *list; list++)
        if (strcmp(word, *list) == 0)
            return true;
    return false;
}
