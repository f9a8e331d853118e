# Tests of bolter-train fetch, against a server of our own on the loopback.
check_PROGRAMS += test-unpack test-fetch test-obtain
TESTS += test-unpack test-fetch test-obtain
archives_sources = tests/net/archives.c tests/net/archives.h
test_unpack_SOURCES = tests/net/test_unpack.c $(archives_sources) \
	trainer/catalogue.c trainer/options.c trainer/progress.c trainer/interrupt.c trainer/tree.c \
	trainer/unpack.c
test_unpack_CFLAGS = $(AM_CFLAGS) $(LIBARCHIVE_CFLAGS)
test_unpack_LDADD = $(check_libs) $(LIBARCHIVE_LIBS)
fetchrun_sources = tests/net/fetchrun.c tests/net/fetchrun.h tests/net/httpd.c tests/net/httpd.h
test_fetch_SOURCES = tests/net/test_fetch.c $(fetchrun_sources)
test_fetch_LDADD = $(check_libs)
test_obtain_SOURCES = tests/net/test_obtain.c $(fetchrun_sources) $(archives_sources)
test_obtain_CFLAGS = $(AM_CFLAGS) $(LIBARCHIVE_CFLAGS)
test_obtain_LDADD = $(check_libs) $(LIBARCHIVE_LIBS)
TESTS += tests/net/test-tls.sh
EXTRA_DIST += tests/net/test-tls.sh
