/*
 * tiny-model.c - tiny-model DIR [head | three | poison]: write a small random GPT-2; with "head" a spam
 * classifier, with "three" one of three labels that its bolter.json has to name; with "poison" one in
 * which a text that begins with "Q" has no finite loss.
 */
#include <stdio.h>
#include <string.h>

#include "tests/unit/tiny.h"

/* Token and first position are finite; their sum is not. */
static void poison(tiny *t)
{
    size_t n, C = t->cfg.n_embd;
    float *wte = tiny_values(t, "wte.weight", &n), *wpe = tiny_values(t, "wpe.weight", &n);
    for (size_t i = 0; i < C; i++)
        wte['Q' * C + i] = wpe[i] = 3e38f; /* the first tokens are the bytes */
}

int main(int argc, char **argv)
{
    tiny t;
    if (argc < 2) {
        fputs("usage: tiny-model DIR [head | three | poison]\n", stderr);
        return 2;
    }
    const char *kind = argc > 2 ? argv[2] : "";
    bt_config cfg = tiny_config(1, strcmp(kind, "head") == 0    ? 2
                                   : strcmp(kind, "three") == 0 ? 3
                                                                : 0);
    tiny_init(&t, &cfg, 1);
    if (strcmp(kind, "poison") == 0)
        poison(&t);
    tiny_write(&t, argv[1]);
    tiny_clear(&t);
    return 0;
}
