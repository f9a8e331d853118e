/* complain.h - diagnostics of the command bolter. */
#ifndef COMPLAIN_H
#define COMPLAIN_H

/* One line on standard error, begun with "bolter: " whatever name the program was started by. */
void complain(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
