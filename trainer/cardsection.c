/* cardsection.c - copies what a card says beside one section. */
#include "trainer/cardsection.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define CARD_MAX (1 << 20)

/* Blank lines are written once a line follows them. */
static void copy_others(FILE *to, FILE *from, const char *heading)
{
    char *line = NULL;
    size_t cap = 0, read = 0, blank = 0, length = strlen(heading);
    bool in_section = false;
    for (ssize_t n; read < CARD_MAX && (n = getline(&line, &cap, from)) > 0; read += (size_t)n) {
        if (strncmp(line, "## ", 3) == 0)
            in_section = strncmp(line, heading, length) == 0 && strchr("\r\n", line[length]);
        if (in_section)
            continue;
        if (*line == '\n') {
            blank++;
            continue;
        }
        for (; blank > 0; blank--)
            fputc('\n', to);
        fwrite(line, 1, (size_t)n, to);
    }
    free(line);
}

void cardsection_begin(FILE *to, const char *dir, const char *heading)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/MODEL.md", dir);
    FILE *from = fopen(path, "r");
    if (from) {
        copy_others(to, from, heading);
        fclose(from);
    }
    fprintf(to, "\n%s\n\n", heading);
}
