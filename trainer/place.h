/* place.h - where a run keeps its checkpoint and its results, and whether there is room for them. */
#ifndef PLACE_H
#define PLACE_H

#include <stdbool.h>
#include <stdint.h>

#include "trainer/lock.h"

/*
 * OUT.run, the path of the checkpoint of a run that writes the model OUT, to be freed. It must be there
 * with resume, and must not be without; OUT must be a place for a model, and no other process be at work
 * there, for which lock is taken (to be released also after failure). NULL after a complaint.
 */
char *place_checkpoint(const char *out, bool resume, struct lock *lock);
/* Before long work: can a file be written at path, or files into a directory there, which is there or
 * will be made? False after a complaint. */
bool place_takes_file(const char *path);
bool place_takes_directory(const char *path);
/* Remove a checkpoint that has served; it need not be there. */
void place_clear(const char *checkpoint);
/* Is there room beside OUT for a model of so many bytes, and for that many checkpoints? False after a
 * complaint. */
bool place_has_room(const char *out, double model, int checkpoints, double checkpoint);
/* Bytes of a file of a directory; 0: it is not there. */
double place_bytes(const char *dir, const char *name);

#endif
