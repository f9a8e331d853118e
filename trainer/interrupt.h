/* interrupt.h - SIGINT and SIGTERM ask a long run to stop; the second one ends the process at once. */
#ifndef INTERRUPT_H
#define INTERRUPT_H

#include <stdbool.h>

/* From now on the first signal only sets a flag. */
void interrupt_catch(void);
/* True once a signal has come. */
bool interrupted(void);

#endif
