ckpt_sources = \
	libcore/ckpt/adapter.c \
	libcore/ckpt/card.c \
	libcore/ckpt/config.c \
	libcore/ckpt/encode.c \
	libcore/ckpt/float16.c \
	libcore/ckpt/float16.h \
	libcore/ckpt/model.h \
	libcore/ckpt/modeldir.c \
	libcore/ckpt/safetensors.c \
	libcore/ckpt/safetensors.h \
	libcore/ckpt/safetensors_write.c \
	libcore/ckpt/save.c
