/*
 * askd.h - the daemon's side of ask.h: judges what bolter --socket sends. Nothing of it is kept.
 */
#ifndef ASKD_H
#define ASKD_H

/* An endpoint's handler. holder: struct holder, whose snapshot judges. */
void askd_answer(void *holder, int fd);

#endif
