# Tests of the command bolter.
check_PROGRAMS += test-field test-passthrough
TESTS += test-field test-passthrough
test_field_SOURCES = tests/unit/test_field.c $(field_sources)
test_field_LDADD = libbolterconf.la $(check_libs)
test_passthrough_SOURCES = tests/unit/test_passthrough.c $(field_sources) $(passthrough_sources)
test_passthrough_LDADD = $(check_libs)

# Writes tiny models whose verdict is known; the daemon's tests use it too.
check_PROGRAMS += make-model
make_model_SOURCES = tests/cli/make-model.c
make_model_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
make_model_LDADD = libcore.la $(JANSSON_LIBS)

cli_scripts = tests/cli/test-verdict.sh tests/cli/test-mark.sh tests/cli/test-procmail.sh \
	tests/cli/test-maildrop.sh tests/cli/test-contract.sh
TESTS += $(cli_scripts)
EXTRA_DIST += $(cli_scripts) tests/cli/frame.sh tests/cli/verdicts.sh \
	tests/samples/sample.mbox
