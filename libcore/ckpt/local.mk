ckpt_sources = \
	libcore/ckpt/adapter.c \
	libcore/ckpt/card.c \
	libcore/ckpt/config.c \
	libcore/ckpt/encode.c \
	libcore/ckpt/model.h \
	libcore/ckpt/modeldir.c \
	libcore/ckpt/proof.c \
	libcore/ckpt/safetensors.c \
	libcore/ckpt/safetensors.h \
	libcore/ckpt/safetensors_write.c \
	libcore/ckpt/save.c \
	libcore/ckpt/smooth.c \
	libcore/ckpt/smooth.h \
	libcore/ckpt/weights.c \
	libcore/ckpt/wide.c \
	libcore/ckpt/wide.h
