model_sources = \
	libcore/model/engine.c \
	libcore/model/engine.h \
	libcore/model/folded.c \
	libcore/model/gpt2.c \
	libcore/model/gpt2.h \
	libcore/model/linear.c \
	libcore/model/param.c \
	libcore/model/param.h \
	libcore/model/run.c \
	libcore/model/run.h \
	libcore/model/tied.c \
	libcore/model/tied.h
