lm_sources = \
	libcore/lm/generate.c \
	libcore/lm/generator.h \
	libcore/lm/of_trainer.c \
	libcore/lm/sample.c \
	libcore/lm/sample.h
