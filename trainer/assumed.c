/* assumed.c - the warning of a classifier without bolter.json. */
#include "trainer/assumed.h"

#include "trainer/options.h"

void assumed_say(const bolter_model *m)
{
    static bool said;
    char text[512];
    if (!said && bolter_model_assumed(m, text, sizeof text)) {
        complain("warning: %s", text);
        said = true;
    }
}
