# Tests of text.
check_PROGRAMS += test-text
TESTS += test-text
test_text_SOURCES = tests/unit/test_text.c
test_text_LDADD = $(check_libs)
EXTRA_DIST += \
	tests/data/alternative.eml \
	tests/data/forwarded.eml \
	tests/data/hidden.eml \
	tests/data/japanese.eml
