/* report.h - what was measured, as a table for people and as JSON for programs. */
#ifndef REPORT_H
#define REPORT_H

#include <jansson.h>

#include "bolter_eval.h"

/* Print on standard output. */
void report_print(const bolter_report *r, double threshold);
void report_print_difference(const bolter_report *d);
void report_print_bins(const bolter_bin bins[BOLTER_N_BIN]);
/* name(arg, k) names label k. */
void report_print_labels(const bolter_label_report *r, const char *(*name)(const void *, size_t),
                         const void *arg);

/* Add to an object. Intervals are [value, low, high]; what is not defined is null. */
void report_add(json_t *to, const bolter_report *r, double threshold);
json_t *report_difference_json(const bolter_report *d);
json_t *report_bins_json(const bolter_bin bins[BOLTER_N_BIN]);
json_t *report_labels_json(const bolter_label_report *r, const char *(*name)(const void *, size_t),
                           const void *arg);
/* Print an object as one line and release it. False after a complaint; NULL is one for no memory.
 */
bool report_print_line(json_t *object);
/* A number, or null where it is not finite; new. */
json_t *json_number_or_null(double x);

/* A cell of a table: x with so many decimals, or "-" where it is not finite. Returns text. */
const char *report_cell(char text[32], double x, int decimals);

#endif
