check_PROGRAMS += test-corpus test-metrics
TESTS += test-corpus test-metrics
test_corpus_SOURCES = tests/unit/test_corpus.c
test_corpus_CFLAGS = $(AM_CFLAGS) $(ZLIB_CFLAGS)
test_corpus_LDADD = $(check_libs) $(ZLIB_LIBS)
test_metrics_SOURCES = tests/unit/test_metrics.c
test_metrics_LDADD = $(check_libs)
