/* arrival.h - the order in which the messages of a stream arrive. */
#ifndef ARRIVAL_H
#define ARRIVAL_H

#include "trainer/protocol.h"

/*
 * Put rows in the order that was asked for: of the file p->order, which may leave rows out; then, of those
 * that are left, p->by_date or p->shuffle. False after a complaint: an id that is not there or there twice,
 * no mail with a date.
 */
bool arrival_order(const struct protocol *p, struct fit_rows *rows);

#endif
