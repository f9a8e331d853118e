# Tests of cli.
check_PROGRAMS += test-field
TESTS += test-field
test_field_SOURCES = tests/unit/test_field.c $(field_sources)
test_field_LDADD = libcheck.la libcore.la
