check_PROGRAMS += test-corpus
TESTS += test-corpus
test_corpus_SOURCES = tests/unit/test_corpus.c
test_corpus_CFLAGS = $(AM_CFLAGS) $(ZLIB_CFLAGS)
test_corpus_LDADD = $(check_libs) $(ZLIB_LIBS)
