/* tiny-model.c - tiny-model DIR [head]: write a small random GPT-2, with "head" a spam classifier. */
#include <stdio.h>
#include <string.h>

#include "tests/unit/tiny.h"

int main(int argc, char **argv)
{
    tiny t;
    bt_config cfg = tiny_config(1, argc > 2 && strcmp(argv[2], "head") == 0 ? 2 : 0);
    if (argc < 2) {
        fputs("usage: tiny-model DIR [head]\n", stderr);
        return 2;
    }
    tiny_init(&t, &cfg, 1);
    tiny_write(&t, argv[1]);
    tiny_clear(&t);
    return 0;
}
