kern_sources = \
	libcore/kern/adamw.c \
	libcore/kern/attention.c \
	libcore/kern/folded.c \
	libcore/kern/gelu.c \
	libcore/kern/gemm.c \
	libcore/kern/int8.c \
	libcore/kern/int8.h \
	libcore/kern/kern.h \
	libcore/kern/layernorm.c \
	libcore/kern/linear.c \
	libcore/kern/softmax.c \
	libcore/kern/vector.h
