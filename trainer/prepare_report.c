/* prepare_report.c - what prepare found: counts, lengths, leaks, as a table or as JSON. */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trainer/options.h"
#include "trainer/prepare.h"

const char *prepare_part_name(bolter_part part)
{
    static const char *const names[] = {"train", "validation", "test"};
    return part <= BOLTER_TEST ? names[part] : "none";
}

/* ---- Measuring ---- */

struct measured {
    size_t length, row;
};

static int by_length(const void *a, const void *b)
{
    const struct measured *x = a, *y = b;
    if (x->length != y->length)
        return (x->length > y->length) - (x->length < y->length);
    return (x->row < y->row) - (x->row > y->row); /* of the longest, the first comes last */
}

static struct lengths lengths_of(struct measured *m, size_t n, const bolter_collection *c,
                                 bolter_part part)
{
    if (n == 0)
        return (struct lengths){0};
    double sum = 0;
    qsort(m, n, sizeof *m, by_length);
    for (size_t i = 0; i < n; i++)
        sum += (double)m[i].length;
    return (struct lengths){.mean = sum / (double)n,
                            .median = m[(n - 1) / 2].length,
                            .p99 = m[(99 * n + 99) / 100 - 1].length,
                            .longest = m[n - 1].length,
                            .longest_id = bolter_collection_item(c, part, m[n - 1].row).id};
}

/* Code points of UTF-8: bytes that begin one. */
static size_t count_characters(const char *s, size_t n)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++)
        count += ((unsigned char)s[i] & 0xc0) != 0x80;
    return count;
}

static bolter_status measure_part(struct prepare *p, bolter_part part, struct measured *m,
                                  bolter_error *err)
{
    size_t n = bolter_collection_count(p->c, part);
    for (size_t i = 0; i < n; i++) {
        bolter_item item = bolter_collection_item(p->c, part, i);
        m[i] = (struct measured){count_characters(item.text, item.n), i};
    }
    p->characters[part] = lengths_of(m, n, p->c, part);
    for (size_t i = 0; p->tok && i < n; i++) {
        bolter_item item = bolter_collection_item(p->c, part, i);
        m[i].row = i;
        bolter_status rc = bolter_tok_encode(p->tok, item.text, item.n, NULL, 0, &m[i].length, err);
        if (rc != BOLTER_OK)
            return rc;
    }
    p->tokens[part] = lengths_of(m, p->tok ? n : 0, p->c, part);
    return BOLTER_OK;
}

bolter_status prepare_measure(struct prepare *p, bolter_error *err)
{
    bolter_status rc = BOLTER_OK;
    for (bolter_part part = BOLTER_TRAIN; rc == BOLTER_OK && part <= BOLTER_TEST; part++) {
        struct measured *m = calloc(bolter_collection_count(p->c, part) + 1, sizeof *m);
        if (!m) {
            snprintf(err->text, sizeof err->text, "no memory");
            return BOLTER_E_NOMEM;
        }
        rc = measure_part(p, part, m, err);
        free(m);
    }
    return rc;
}

/* ---- Counting ---- */

static uint64_t count_label(const bolter_collection *c, bolter_part part, size_t label)
{
    uint64_t n = 0;
    for (size_t i = 0; i < bolter_collection_count(c, part); i++)
        n += bolter_collection_item(c, part, i).label == (int32_t)label;
    return n;
}

/* Texts of a label, left out or not. */
static uint64_t count_read(const bolter_collection *c, size_t label)
{
    uint64_t n = 0;
    for (bolter_part part = BOLTER_TRAIN; part <= BOLTER_BY_SPLIT; part++)
        n += count_label(c, part, label);
    return n;
}

/* What a text of a label weighs so that all labels weigh the same; 0 where none trains. */
static double class_weight(const bolter_collection *c, size_t label)
{
    uint64_t n = count_label(c, BOLTER_TRAIN, label);
    double all = (double)bolter_collection_count(c, BOLTER_TRAIN);
    return n > 0 ? all / ((double)bolter_collection_n_label(c) * (double)n) : 0;
}

/* ---- The table ---- */

static void print_counts(const struct prepare *p)
{
    size_t n_label = bolter_collection_n_label(p->c);
    printf("%-12s %9s", "", "texts");
    for (size_t l = 0; l < n_label; l++)
        printf(" %9.40s", bolter_collection_label(p->c, l));
    printf("\n%-12s %9" PRIu64, "read", p->n_read);
    for (size_t l = 0; l < n_label; l++)
        printf(" %9" PRIu64, count_read(p->c, l));
    putchar('\n');
    for (bolter_part part = BOLTER_TRAIN; part <= BOLTER_TEST; part++) {
        printf("%-12s %9zu", prepare_part_name(part), bolter_collection_count(p->c, part));
        for (size_t l = 0; l < n_label; l++)
            printf(" %9" PRIu64, count_label(p->c, part, l));
        putchar('\n');
    }
    printf("%-12s %9s", "class weight", "");
    for (size_t l = 0; l < n_label; l++)
        printf(" %9.4g", class_weight(p->c, l));
    putchar('\n');
}

static void print_cleaned(const struct prepare *p)
{
    static const char *const done[] = {"left out", "kept in one part", "kept"};
    const bolter_cleaned *x = &p->cleaned;
    printf("\nempty: %" PRIu64 " left out\n", x->empty);
    printf("under several labels: %" PRIu64 " left out%s%.200s\n", x->conflicts,
           x->conflict ? ", such as " : "", x->conflict ? x->conflict : "");
    printf("duplicates: %" PRIu64 " %s\n", x->copies, done[p->copies]);
    if (p->near != BOLTER_COPIES_KEEP)
        printf("near-duplicates: %" PRIu64 " %s; %" PRIu64 " of them under another label stay\n",
               x->near, done[p->near], x->near_labels);
    if (p->balance || p->max_per_class)
        printf("over the number of their label: %" PRIu64 " left out\n", p->n_limited);
}

static void print_length(bolter_part part, const char *unit, const struct lengths *x)
{
    if (x->longest_id)
        printf("%-10s  %-10s %9.1f %9zu %9zu %9zu  %.200s\n", prepare_part_name(part), unit,
               x->mean, x->median, x->p99, x->longest, x->longest_id);
}

static void print_leaks(const struct prepare *p)
{
    for (size_t i = 0; i < p->n_leak; i++) {
        const struct leak *x = &p->leak[i];
        printf("%s in %s: %" PRIu64 " the same, %" PRIu64 " more nearly",
               prepare_part_name(x->part), prepare_part_name(x->seen), x->found.same,
               x->found.near - x->found.same);
        if (x->found.id)
            printf(", such as %.200s and %.200s", x->found.id, x->found.other);
        putchar('\n');
    }
}

void prepare_print(const struct prepare *p)
{
    print_counts(p);
    if (!p->check && !p->book)
        print_cleaned(p);
    printf("\n%-10s  %-10s %9s %9s %9s %9s  %s\n", "", "length in", "mean", "median", "p99",
           "longest", "id of the longest");
    for (bolter_part part = BOLTER_TRAIN; part <= BOLTER_TEST; part++) {
        print_length(part, "characters", &p->characters[part]);
        print_length(part, "tokens", &p->tokens[part]);
    }
    putchar('\n');
    print_leaks(p);
}

/* ---- JSON ---- */

static json_t *number(uint64_t n)
{
    return json_integer((json_int_t)n);
}

/* NULL, which json_object_set_new() refuses, where there is no text. */
static json_t *json_of_lengths(const struct lengths *x)
{
    if (!x->longest_id)
        return NULL;
    return json_pack("{s:f, s:I, s:I, s:I, s:s}", "mean", x->mean, "median", (json_int_t)x->median,
                     "p99", (json_int_t)x->p99, "longest", (json_int_t)x->longest, "longest_id",
                     x->longest_id);
}

static json_t *json_of_part(const struct prepare *p, bolter_part part)
{
    json_t *labels = json_object(), *o = json_object();
    for (size_t l = 0; l < bolter_collection_n_label(p->c); l++)
        json_object_set_new(labels, bolter_collection_label(p->c, l),
                            number(count_label(p->c, part, l)));
    json_object_set_new(o, "texts", number(bolter_collection_count(p->c, part)));
    json_object_set_new(o, "labels", labels);
    json_object_set_new(o, "characters", json_of_lengths(&p->characters[part]));
    json_object_set_new(o, "tokens", json_of_lengths(&p->tokens[part]));
    return o;
}

static json_t *json_of_leaks(const struct prepare *p)
{
    json_t *all = json_array();
    for (size_t i = 0; i < p->n_leak; i++) {
        const struct leak *x = &p->leak[i];
        json_t *o = json_object();
        json_object_set_new(o, "part", json_string(prepare_part_name(x->part)));
        json_object_set_new(o, "in", json_string(prepare_part_name(x->seen)));
        json_object_set_new(o, "same", number(x->found.same));
        json_object_set_new(o, "near", number(x->found.near));
        if (x->found.id) {
            json_object_set_new(o, "id", json_string(x->found.id));
            json_object_set_new(o, "other", json_string(x->found.other));
        }
        json_array_append_new(all, o);
    }
    return all;
}

static void set_cleaned(const struct prepare *p, json_t *o)
{
    json_object_set_new(o, "empty", number(p->cleaned.empty));
    json_object_set_new(o, "conflicts", number(p->cleaned.conflicts));
    json_object_set_new(o, "duplicates", number(p->cleaned.copies));
    json_object_set_new(o, "near_duplicates", number(p->cleaned.near));
    json_object_set_new(o, "near_other_label", number(p->cleaned.near_labels));
    json_object_set_new(o, "over_limit", number(p->n_limited));
}

void prepare_print_json(const struct prepare *p)
{
    json_t *o = json_object(), *read = json_object(), *weights = json_object();
    json_object_set_new(o, "v", json_integer(1));
    for (size_t l = 0; l < bolter_collection_n_label(p->c); l++) {
        const char *label = bolter_collection_label(p->c, l);
        json_object_set_new(read, label, number(count_read(p->c, l)));
        json_object_set_new(weights, label, json_real(class_weight(p->c, l)));
    }
    json_object_set_new(o, "read", read);
    if (!p->check && !p->book)
        set_cleaned(p, o);
    for (bolter_part part = BOLTER_TRAIN; part <= BOLTER_TEST; part++)
        json_object_set_new(o, prepare_part_name(part), json_of_part(p, part));
    json_object_set_new(o, "class_weights", weights);
    json_object_set_new(o, "leaks", json_of_leaks(p));
    json_dumpf(o, stdout, JSON_COMPACT | JSON_REAL_PRECISION(6));
    putchar('\n');
    json_decref(o);
}
