words_sources = \
	libcore/words/bayes.c \
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
	libcore/words/pieces.c \
	libcore/words/pieces.h \
	libcore/words/sparse.c \
	libcore/words/sparse.h \
	libcore/words/words.c
