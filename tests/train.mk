# Tests of bolter-train.
check_PROGRAMS += make-foreign
make_foreign_SOURCES = tests/cli/make-foreign.c $(archives_sources)
make_foreign_CFLAGS = $(AM_CFLAGS) $(LIBARCHIVE_CFLAGS)
make_foreign_LDADD = libforeign.la libtiny.la $(check_libs) $(LIBARCHIVE_LIBS)
check_PROGRAMS += tiny-model
tiny_model_SOURCES = tests/cli/tiny-model.c
tiny_model_LDADD = libtiny.la $(check_libs)

TESTS += tests/cli/test-evaluate.sh tests/cli/test-experiments.sh tests/cli/test-import.sh \
	tests/cli/test-calibrate.sh tests/cli/test-early.sh tests/cli/test-prepare.sh tests/cli/test-protocol.sh \
	tests/cli/test-quantize.sh \
	tests/cli/test-recipe.sh tests/cli/test-resume.sh tests/cli/test-tokenizer.sh tests/cli/test-train.sh
EXTRA_DIST += tests/cli/test-evaluate.sh tests/cli/test-experiments.sh tests/cli/test-import.sh \
	tests/cli/test-calibrate.sh tests/cli/test-early.sh tests/cli/test-prepare.sh tests/cli/test-protocol.sh \
	tests/cli/test-quantize.sh \
	tests/cli/test-recipe.sh tests/cli/test-resume.sh tests/cli/test-tokenizer.sh tests/cli/test-train.sh \
	tests/cli/trainer.sh

check_PROGRAMS += test-plot
TESTS += test-plot
test_plot_SOURCES = tests/unit/test_plot.c trainer/plot.c trainer/plot.h trainer/svg.c trainer/svg.h
test_plot_LDADD = $(check_libs)

check_PROGRAMS += test-disguise
TESTS += test-disguise
test_disguise_SOURCES = tests/unit/test_disguise.c trainer/disguise.c trainer/order.c trainer/options.c
test_disguise_LDADD = libtiny.la $(check_libs)

check_PROGRAMS += test-window-share
TESTS += test-window-share
test_window_share_SOURCES = tests/unit/test_window_share.c trainer/windows.c trainer/order.c
test_window_share_LDADD = libtiny.la $(check_libs)

check_PROGRAMS += test-state
TESTS += test-state
test_state_SOURCES = tests/unit/test_state.c
test_state_LDADD = libtiny.la $(check_libs)
