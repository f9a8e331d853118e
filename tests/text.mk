# Tests of text.
check_PROGRAMS += test-text
TESTS += test-text
test_text_SOURCES = tests/unit/test_text.c
test_text_LDADD = $(check_libs)

check_PROGRAMS += test-charset
TESTS += test-charset
test_charset_SOURCES = tests/unit/test_charset.c
test_charset_LDADD = $(check_libs)

check_PROGRAMS += test-hidden
TESTS += test-hidden
test_hidden_SOURCES = tests/unit/test_hidden.c
test_hidden_LDADD = $(check_libs)

check_PROGRAMS += test-normal
TESTS += test-normal
test_normal_SOURCES = tests/unit/test_normal.c
test_normal_LDADD = $(check_libs)

check_PROGRAMS += test-opaque
TESTS += test-opaque
test_opaque_SOURCES = tests/unit/test_opaque.c
test_opaque_LDADD = $(check_libs)

check_PROGRAMS += test-raw
TESTS += test-raw
test_raw_SOURCES = tests/unit/test_raw.c
test_raw_LDADD = $(check_libs)

EXTRA_DIST += \
	tests/data/alternative.eml \
	tests/data/forwarded.eml \
	tests/data/hidden.eml \
	tests/data/japanese.eml

check_PROGRAMS += test-unscorable
TESTS += test-unscorable
test_unscorable_SOURCES = tests/unit/test_unscorable.c
test_unscorable_LDADD = $(check_libs)
