/* test_mt19937.c - random numbers and permutations as NumPy draws them. */
#include <string.h>

#include "data/mt19937.h"
#include "tests/check.h"

/* Wants: the numbers that numpy.random.RandomState(seed) gives. */
static void mt19937_gives_the_numbers_of_numpy(struct check *c)
{
    static const struct {
        uint32_t seed, first[5], last; /* the first five and the 10,000th */
    } cases[] = {
        {5489, {3499211612, 581869302, 3890346734, 3586334585, 545404204}, 4123659995},
        {123, {2991312382, 3062119789, 1228959102, 1840268610, 974319580}, 3836376121},
        {0, {2357136044, 2546248239, 3071714933, 3626093760, 2588848963}, 1543171712},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bt_mt19937 g;
        bt_mt_seed(&g, cases[i].seed);
        uint32_t got = 0;
        for (size_t k = 0; k < 10000; k++) {
            got = bt_mt_u32(&g);
            CHECK(c, k >= 5 || got == cases[i].first[k], "seed %u, number %zu: got %u",
                  cases[i].seed, k, got);
        }
        CHECK(c, got == cases[i].last, "seed %u, the last: got %u", cases[i].seed, got);
    }
}

static void permutations_are_those_of_numpy(struct check *c)
{
    static const size_t want[20] = {14, 5, 4,  17, 8, 7, 19, 12, 0, 15,
                                    16, 9, 11, 10, 3, 1, 6,  18, 2, 13};
    static const size_t last_seed[8] = {1, 7, 6, 0, 5, 4, 2, 3};
    static const size_t start[5] = {3720, 3580, 4182, 3858, 4713}, end[3] = {1346, 3454, 3582};
    static size_t got[4825];
    bt_mt_permutation(123, got, 20);
    CHECK(c, memcmp(got, want, sizeof want) == 0, "20 by 123: %zu, %zu, ...", got[0], got[1]);
    bt_mt_permutation(UINT32_MAX, got, 8);
    CHECK(c, memcmp(got, last_seed, sizeof last_seed) == 0, "8 by the last seed: %zu ...", got[0]);
    bt_mt_permutation(123, got, 4825);
    CHECK(c, memcmp(got, start, sizeof start) == 0 && memcmp(got + 4822, end, sizeof end) == 0,
          "4825 by 123: %zu, %zu, ... %zu", got[0], got[1], got[4824]);
    bt_mt_permutation(1, got, 0);
    bt_mt_permutation(1, got, 1);
    CHECK(c, got[0] == 0, "1: got %zu", got[0]);
}

int main(void)
{
    static const struct check_case cases[] = {
        CASE(mt19937_gives_the_numbers_of_numpy),
        CASE(permutations_are_those_of_numpy),
    };
    return check_main(cases, sizeof cases / sizeof *cases);
}
