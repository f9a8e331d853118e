# Tests of kernels, model, checkpoint and trainer.
check_LTLIBRARIES += libgolden.la
libgolden_la_SOURCES = tests/golden/golden.c tests/golden/golden.h
libgolden_la_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)

check_PROGRAMS += test-golden-lm test-golden-classifier
TESTS += test-golden-lm test-golden-classifier
test_golden_lm_SOURCES = tests/golden/test_golden_lm.c
test_golden_lm_LDADD = libgolden.la $(check_libs)
test_golden_classifier_SOURCES = tests/golden/test_golden_classifier.c
test_golden_classifier_LDADD = libgolden.la $(check_libs)

# Plain twins of the kernels.
check_LTLIBRARIES += libnaive.la
libnaive_la_SOURCES = tests/unit/naive.c tests/unit/naive.h

check_PROGRAMS += test-kern
TESTS += test-kern
test_kern_SOURCES = tests/unit/test_kern.c
test_kern_LDADD = libnaive.la $(check_libs)

# Small random models.
check_LTLIBRARIES += libtiny.la
libtiny_la_SOURCES = tests/unit/tiny.c tests/unit/tiny.h
libtiny_la_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)

check_PROGRAMS += test-next-token
TESTS += test-next-token
test_next_token_SOURCES = tests/unit/test_next_token.c
test_next_token_LDADD = $(check_libs)

check_PROGRAMS += test-grad
TESTS += test-grad
test_grad_SOURCES = tests/grad/test_grad.c
test_grad_LDADD = libtiny.la libnaive.la $(check_libs)

check_PROGRAMS += test-ckpt
TESTS += test-ckpt
test_ckpt_SOURCES = tests/unit/test_ckpt.c
test_ckpt_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
test_ckpt_LDADD = libtiny.la $(check_libs)

check_PROGRAMS += test-save
TESTS += test-save
test_save_SOURCES = tests/unit/test_save.c
test_save_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
test_save_LDADD = libtiny.la $(check_libs)

check_PROGRAMS += test-average
TESTS += test-average
test_average_SOURCES = tests/unit/test_average.c
test_average_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
test_average_LDADD = libtiny.la $(check_libs)

check_LTLIBRARIES += libtraining.la
libtraining_la_SOURCES = tests/unit/training.c tests/unit/training.h
libtraining_la_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)

check_PROGRAMS += test-train test-trunk test-loss test-guess test-adapt
TESTS += test-train test-trunk test-loss test-guess test-adapt
test_train_SOURCES = tests/unit/test_train.c
test_train_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
test_train_LDADD = libtraining.la libtiny.la $(check_libs)
test_trunk_SOURCES = tests/unit/test_trunk.c
test_trunk_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
test_trunk_LDADD = libtraining.la libtiny.la $(check_libs)
test_loss_SOURCES = tests/unit/test_loss.c
test_loss_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
test_loss_LDADD = libtraining.la libtiny.la $(check_libs)
test_guess_SOURCES = tests/unit/test_guess.c
test_guess_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
test_guess_LDADD = libtraining.la libtiny.la $(check_libs)
test_adapt_SOURCES = tests/unit/test_adapt.c
test_adapt_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
test_adapt_LDADD = libtraining.la libtiny.la $(check_libs)

check_PROGRAMS += test-model test-dataset
TESTS += test-model test-dataset
test_model_SOURCES = tests/unit/test_model.c
test_model_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
test_model_LDADD = libtiny.la $(check_libs)
test_dataset_SOURCES = tests/unit/test_dataset.c
test_dataset_LDADD = libtiny.la $(check_libs)

check_PROGRAMS += test-packed
TESTS += test-packed
test_packed_SOURCES = tests/unit/test_packed.c
test_packed_LDADD = libnaive.la $(check_libs)

check_PROGRAMS += test-engine
TESTS += test-engine
test_engine_SOURCES = tests/unit/test_engine.c
test_engine_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
test_engine_LDADD = libtiny.la $(check_libs)

check_LTLIBRARIES += libforeign.la
libforeign_la_SOURCES = tests/unit/bundle.c tests/unit/bundle.h tests/unit/statedict.c \
	tests/unit/statedict.h

check_PROGRAMS += test-import
TESTS += test-import
test_import_SOURCES = tests/unit/test_import.c
test_import_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
test_import_LDADD = libforeign.la libtiny.la $(check_libs)
