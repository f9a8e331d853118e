/* sigint.h - the user's interrupt as a flag, for work that puts things in order before it ends. */
#ifndef SIGINT_H
#define SIGINT_H

#include <stdbool.h>

/* From now on SIGINT and SIGTERM set the flag and end nothing. */
void sigint_watch(void);
bool sigint_seen(void);

#endif
