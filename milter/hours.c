/* hours.c - a ring of hours. */
#include "milter/hours.h"

#define HOUR_S 3600

static uint64_t begin_of(uint64_t moment_s)
{
    return moment_s - moment_s % HOUR_S;
}

static size_t place_of(uint64_t begin_s)
{
    return (size_t)(begin_s / HOUR_S % HOURS_KEPT);
}

void hours_count(struct hours *h, uint64_t now_s, enum hours_kind kind, bool refused)
{
    uint64_t begin_s = begin_of(now_s);
    struct hour *hour = &h->hour[place_of(begin_s)];
    if (hour->begin_s != begin_s)
        *hour = (struct hour){.begin_s = begin_s};
    hour->n[kind]++;
    hour->refused += refused;
}

size_t hours_list(const struct hours *h, uint64_t since_s, uint64_t now_s,
                  struct hour out[HOURS_KEPT])
{
    uint64_t last = begin_of(now_s), first = begin_of(since_s);
    size_t n = 0;
    if (first > last) /* the clock was set back */
        first = last;
    if (last - first >= (uint64_t)HOURS_KEPT * HOUR_S)
        first = last - (uint64_t)(HOURS_KEPT - 1) * HOUR_S;
    for (uint64_t begin_s = first; begin_s <= last; begin_s += HOUR_S) {
        const struct hour *hour = &h->hour[place_of(begin_s)];
        out[n++] = hour->begin_s == begin_s ? *hour : (struct hour){.begin_s = begin_s};
    }
    return n;
}
