/*
 * scrape.h - metrics over HTTP: GET /metrics, one request a connection.
 */
#ifndef SCRAPE_H
#define SCRAPE_H

/* An endpoint's handler. holder: struct holder, whose snapshot is described. */
void scrape_answer(void *holder, int fd);

#endif
