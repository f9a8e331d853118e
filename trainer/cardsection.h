/* cardsection.h - a section of a model's card, MODEL.md, that is written anew while the others stay. */
#ifndef CARDSECTION_H
#define CARDSECTION_H

#include <stdio.h>

/* Write the card in dir, if any, without the section of this heading ("## ..."), then the heading. */
void cardsection_begin(FILE *to, const char *dir, const char *heading);

#endif
