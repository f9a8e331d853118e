train_sources = \
	libcore/train/keep.c \
	libcore/train/schedule.c \
	libcore/train/schedule.h \
	libcore/train/slots.c \
	libcore/train/slots.h \
	libcore/train/state.c \
	libcore/train/trainer.c \
	libcore/train/trainer.h \
	libcore/train/workers.c \
	libcore/train/workers.h
