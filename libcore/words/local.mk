words_sources = \
	libcore/words/bayes.c \
	libcore/words/dual.c \
	libcore/words/dual.h \
	libcore/words/features.c \
	libcore/words/features.h \
	libcore/words/glyph.c \
	libcore/words/glyph.h \
	libcore/words/lbfgs.c \
	libcore/words/lbfgs.h \
	libcore/words/lexicon.c \
	libcore/words/lexicon.h \
	libcore/words/linear.c \
	libcore/words/linear.h \
	libcore/words/logistic.c \
	libcore/words/logistic.h \
	libcore/words/online.c \
	libcore/words/online.h \
	libcore/words/pieces.c \
	libcore/words/pieces.h \
	libcore/words/sparse.c \
	libcore/words/sparse.h \
	libcore/words/telling.c \
	libcore/words/telling.h \
	libcore/words/wide.c \
	libcore/words/wide.h \
	libcore/words/words.c
