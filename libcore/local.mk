# libbolter: everything that is not a program. Each layer is a convenience library, so that unit
# tests can reach inside; the installed library exports bolter_* alone.

include_HEADERS = libcore/bolter.h

lib_LTLIBRARIES += libbolter.la
noinst_LTLIBRARIES += libcore.la libkern.la

include libcore/base/local.mk
include libcore/text/local.mk
include libcore/tok/local.mk
include libcore/kern/local.mk
include libcore/model/local.mk
include libcore/ckpt/local.mk
include libcore/data/local.mk
include libcore/train/local.mk
include libcore/lm/local.mk
include libcore/eval/local.mk
include libcore/service/local.mk
include libcore/words/local.mk

libcore_la_SOURCES = libcore/bolter.h libcore/bolter_data.h libcore/bolter_eval.h \
	libcore/bolter_train.h $(base_sources) $(text_sources) $(tok_sources) \
	$(model_sources) $(ckpt_sources) $(data_sources) $(train_sources) $(lm_sources) $(eval_sources) \
	$(service_sources) $(words_sources)
libcore_la_CFLAGS = $(AM_CFLAGS) $(GMIME_CFLAGS) $(GUMBO_CFLAGS) $(JANSSON_CFLAGS) $(ZLIB_CFLAGS)
libcore_la_LIBADD = libkern.la $(GMIME_LIBS) $(GUMBO_LIBS) $(JANSSON_LIBS) $(ZLIB_LIBS)

libkern_la_SOURCES = $(kern_sources)
libkern_la_CFLAGS = $(AM_CFLAGS) $(KERN_FLAGS) $(OPENBLAS_CFLAGS) \
	-DBT_BLAS='"$(BLAS_SONAME)"'

libbolter_la_SOURCES =
libbolter_la_LIBADD = libcore.la
libbolter_la_LDFLAGS = $(AM_LDFLAGS) -version-info 0:0:0 -export-symbols-regex '^bolter_'
