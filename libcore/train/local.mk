train_sources = \
	libcore/train/adapter.c \
	libcore/train/keep.c \
	libcore/train/loss.c \
	libcore/train/loss.h \
	libcore/train/options.c \
	libcore/train/pad.c \
	libcore/train/passages.c \
	libcore/train/schedule.c \
	libcore/train/schedule.h \
	libcore/train/slots.c \
	libcore/train/slots.h \
	libcore/train/state.c \
	libcore/train/step.c \
	libcore/train/store.c \
	libcore/train/store.h \
	libcore/train/trainer.c \
	libcore/train/trainer.h \
	libcore/train/trunk.c \
	libcore/train/trunk.h \
	libcore/train/weights.c \
	libcore/train/worker.c \
	libcore/train/worker.h \
	libcore/train/workers.c \
	libcore/train/workers.h
