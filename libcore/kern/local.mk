kern_sources = \
	libcore/kern/adamw.c \
	libcore/kern/attend.c \
	libcore/kern/attention.c \
	libcore/kern/finish.c \
	libcore/kern/folded.c \
	libcore/kern/gelu.c \
	libcore/kern/gemm.c \
	libcore/kern/int8.c \
	libcore/kern/int8.h \
	libcore/kern/kern.h \
	libcore/kern/layernorm.c \
	libcore/kern/linear.c \
	libcore/kern/packed.c \
	libcore/kern/packed.h \
	libcore/kern/product.c \
	libcore/kern/product.h \
	libcore/kern/softmax.c \
	libcore/kern/tile.c \
	libcore/kern/tile.h \
	libcore/kern/tile_avx2.c \
	libcore/kern/tile_avx512.c \
	libcore/kern/tile_portable.c \
	libcore/kern/vector.h
