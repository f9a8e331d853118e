/* measures.h - a report as a table, or as JSON, on standard output. */
#ifndef MEASURES_H
#define MEASURES_H

#include "bolter.h"

/* One JSON object, without a line end. */
void measures_print_json(const bolter_report *r, double threshold);
void measures_print_table(const bolter_report *r, double threshold);

#endif
