# Tests of tok.
check_PROGRAMS += test-tok
TESTS += test-tok
test_tok_SOURCES = tests/unit/test_tok.c
test_tok_CFLAGS = $(AM_CFLAGS) $(GMIME_CFLAGS) $(JANSSON_CFLAGS)
test_tok_LDADD = $(check_libs) $(GMIME_LIBS) $(JANSSON_LIBS)
EXTRA_DIST += tests/fetch-gpt2-vocab

# Links libtiny of model.mk, for small directories.
check_PROGRAMS += test-compiled
TESTS += test-compiled
test_compiled_SOURCES = tests/unit/test_compiled.c
test_compiled_LDADD = libtiny.la $(check_libs)

check_PROGRAMS += test-learn
TESTS += test-learn
test_learn_SOURCES = tests/unit/test_learn.c tests/unit/babble.c tests/unit/babble.h
test_learn_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
test_learn_LDADD = $(check_libs) $(JANSSON_LIBS)
EXTRA_DIST += tests/data/babble-merges.txt
