base_sources =  \
	libcore/base/buf.c \
	libcore/base/buf.h \
	libcore/base/crc32c.c \
	libcore/base/crc32c.h \
	libcore/base/digest.c \
	libcore/base/digest.h \
	libcore/base/error.c \
	libcore/base/error.h \
	libcore/base/file.c \
	libcore/base/file.h \
	libcore/base/float16.c \
	libcore/base/float16.h \
	libcore/base/hash.h \
	libcore/base/mem.c \
	libcore/base/mem.h \
	libcore/base/parallel.c \
	libcore/base/parallel.h \
	libcore/base/rng.c \
	libcore/base/rng.h
