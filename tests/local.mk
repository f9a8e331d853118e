# Tests. Each program is a table of sentences and prints TAP; each script does too.

check_LTLIBRARIES = libcheck.la
libcheck_la_SOURCES = tests/check.c tests/check.h
# What a unit test links: everything, with the internal names visible.
check_libs = libcheck.la libcore.la

include tests/base.mk
include tests/text.mk
include tests/tok.mk
include tests/model.mk
include tests/train.mk
include tests/lm.mk
include tests/serve.mk
include tests/data.mk
include tests/service.mk
include tests/cli.mk
include tests/mta.mk
include tests/net.mk
include tests/words.mk
include tests/source.mk
