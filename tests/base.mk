check_PROGRAMS += test-base
TESTS += test-base
test_base_SOURCES = tests/unit/test_base.c
test_base_LDADD = $(check_libs)
