tok_sources = \
	libcore/tok/alphabet.c \
	libcore/tok/alphabet.h \
	libcore/tok/bpe.c \
	libcore/tok/bpe.h \
	libcore/tok/charclass-table.h \
	libcore/tok/charclass.c \
	libcore/tok/charclass.h \
	libcore/tok/compiled.c \
	libcore/tok/compiled.h \
	libcore/tok/key.h \
	libcore/tok/learn.c \
	libcore/tok/learn.h \
	libcore/tok/learn_write.c \
	libcore/tok/merges.c \
	libcore/tok/merges.h \
	libcore/tok/pairs.c \
	libcore/tok/pairs.h \
	libcore/tok/pretok.c \
	libcore/tok/pretok.h \
	libcore/tok/tally.c \
	libcore/tok/tally.h \
	libcore/tok/tok.c \
	libcore/tok/vocab.c \
	libcore/tok/vocab.h
EXTRA_DIST += libcore/tok/charclass.awk
