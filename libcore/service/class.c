/* class.c - the word for a verdict, wherever one is shown. */
#include "bolter.h"

const char *bolter_class_name(bolter_class c)
{
    return c == BOLTER_SPAM ? "spam" : c == BOLTER_UNSURE ? "unsure" : "ham";
}
