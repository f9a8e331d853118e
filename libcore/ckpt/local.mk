ckpt_sources = \
	libcore/ckpt/adapter.c \
	libcore/ckpt/bundle.c \
	libcore/ckpt/card.c \
	libcore/ckpt/config.c \
	libcore/ckpt/encode.c \
	libcore/ckpt/foreign.c \
	libcore/ckpt/foreign.h \
	libcore/ckpt/head_bias.c \
	libcore/ckpt/import.c \
	libcore/ckpt/model.h \
	libcore/ckpt/modeldir.c \
	libcore/ckpt/pickle.c \
	libcore/ckpt/pickle.h \
	libcore/ckpt/proof.c \
	libcore/ckpt/safetensors.c \
	libcore/ckpt/safetensors.h \
	libcore/ckpt/safetensors_write.c \
	libcore/ckpt/save.c \
	libcore/ckpt/smooth.c \
	libcore/ckpt/smooth.h \
	libcore/ckpt/sstable.c \
	libcore/ckpt/sstable.h \
	libcore/ckpt/state.c \
	libcore/ckpt/weights.c \
	libcore/ckpt/wide.c \
	libcore/ckpt/wide.h
