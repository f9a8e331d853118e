# Tests of language models: generation, pre-training, instructions.
check_PROGRAMS += test-generate
TESTS += test-generate
test_generate_SOURCES = tests/unit/test_generate.c
test_generate_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
test_generate_LDADD = libtiny.la $(check_libs)

lm_scripts = tests/cli/test-generate.sh
TESTS += $(lm_scripts)
EXTRA_DIST += $(lm_scripts)
