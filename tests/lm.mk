# Tests of language models: generation, pre-training, instructions.
check_PROGRAMS += test-generate
TESTS += test-generate
test_generate_SOURCES = tests/unit/test_generate.c
test_generate_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
test_generate_LDADD = libtiny.la $(check_libs)

check_PROGRAMS += test-passages
TESTS += test-passages
test_passages_SOURCES = tests/unit/test_passages.c
test_passages_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
test_passages_LDADD = libtraining.la libtiny.la $(check_libs)

check_PROGRAMS += test-untied
TESTS += test-untied
test_untied_SOURCES = tests/unit/test_untied.c
test_untied_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
test_untied_LDADD = libtraining.la libtiny.la $(check_libs)

check_PROGRAMS += test-instructions
TESTS += test-instructions
test_instructions_SOURCES = tests/unit/test_instructions.c trainer/instructions.c \
	trainer/instructions.h trainer/options.c trainer/options.h
test_instructions_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
test_instructions_LDADD = $(check_libs) $(JANSSON_LIBS)

# Scores what a model answers.
check_PROGRAMS += judge-stub
judge_stub_SOURCES = tests/net/judge-stub.c

lm_scripts = tests/cli/test-generate.sh tests/cli/test-instruct.sh tests/cli/test-pretrain.sh
TESTS += $(lm_scripts)
EXTRA_DIST += $(lm_scripts)
