# Tests of words, and of the baselines made of them.
check_PROGRAMS += test-linear test-words
TESTS += test-linear test-words
test_linear_SOURCES = tests/unit/test_linear.c
test_linear_LDADD = $(check_libs)
test_words_SOURCES = tests/unit/test_words.c
test_words_LDADD = $(check_libs)

TESTS += tests/cli/test-baseline.sh
EXTRA_DIST += tests/cli/test-baseline.sh

# Tests of what a wide part reads, and of wide parts.
check_PROGRAMS += test-features test-online test-wide
TESTS += test-features test-online test-wide
test_features_SOURCES = tests/unit/test_features.c
test_features_LDADD = $(check_libs)
test_online_SOURCES = tests/unit/test_online.c
test_online_LDADD = $(check_libs)
test_wide_SOURCES = tests/unit/test_wide.c
test_wide_LDADD = libtiny.la $(check_libs)

TESTS += tests/cli/test-wide.sh
EXTRA_DIST += tests/cli/test-wide.sh
