/*
 * tiny-model.c - tiny-model DIR [head | three]: write a small random GPT-2, with "head" a spam
 * classifier, with "three" one of three labels that its bolter.json has to name.
 */
#include <stdio.h>
#include <string.h>

#include "tests/unit/tiny.h"

int main(int argc, char **argv)
{
    tiny t;
    if (argc < 2) {
        fputs("usage: tiny-model DIR [head | three]\n", stderr);
        return 2;
    }
    const char *kind = argc > 2 ? argv[2] : "";
    bt_config cfg = tiny_config(1, strcmp(kind, "head") == 0    ? 2
                                   : strcmp(kind, "three") == 0 ? 3
                                                                : 0);
    tiny_init(&t, &cfg, 1);
    tiny_write(&t, argv[1]);
    tiny_clear(&t);
    return 0;
}
