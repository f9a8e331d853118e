model_sources = \
	libcore/model/engine.c \
	libcore/model/engine.h \
	libcore/model/folded.c \
	libcore/model/gpt2.c \
	libcore/model/gpt2.h \
	libcore/model/linear.c \
	libcore/model/next_token.c \
	libcore/model/next_token.h \
	libcore/model/param.c \
	libcore/model/param.h \
	libcore/model/run.c \
	libcore/model/run.h
