data_sources =  \
	libcore/data/corpus.c \
	libcore/data/corpus.h \
	libcore/data/csv.c \
	libcore/data/dataset.c \
	libcore/data/fingerprint.c \
	libcore/data/folder.c \
	libcore/data/mbox.c \
	libcore/data/sniff.c \
	libcore/data/source.c \
	libcore/data/source.h \
	libcore/data/split.c \
	libcore/data/split.h \
	libcore/data/text.c \
	libcore/data/tsv.c
