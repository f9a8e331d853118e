/* assumed.h - what had to be assumed of a classifier that does not say how it is read. */
#ifndef ASSUMED_H
#define ASSUMED_H

#include "bolter.h"

/* Warn, once in a process, where the model's directory has no bolter.json. */
void assumed_say(const bolter_model *m);

#endif
