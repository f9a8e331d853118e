# Tests of bolter-train.
check_PROGRAMS += tiny-model
tiny_model_SOURCES = tests/cli/tiny-model.c
tiny_model_LDADD = libtiny.la $(check_libs)

TESTS += tests/cli/test-train.sh tests/cli/test-recipe.sh
EXTRA_DIST += tests/cli/test-train.sh tests/cli/test-recipe.sh
