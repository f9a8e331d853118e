# Tests of words, and of the baselines made of them.
check_PROGRAMS += test-linear test-words
TESTS += test-linear test-words
test_linear_SOURCES = tests/unit/test_linear.c
test_linear_LDADD = $(check_libs)
test_words_SOURCES = tests/unit/test_words.c
test_words_LDADD = $(check_libs)

TESTS += tests/cli/test-baseline.sh
EXTRA_DIST += tests/cli/test-baseline.sh
