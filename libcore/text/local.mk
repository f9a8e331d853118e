text_sources = \
	libcore/text/armor.c \
	libcore/text/armor.h \
	libcore/text/charset.c \
	libcore/text/charset.h \
	libcore/text/guard.c \
	libcore/text/guard.h \
	libcore/text/html.c \
	libcore/text/html.h \
	libcore/text/layout.c \
	libcore/text/layout.h \
	libcore/text/markup.c \
	libcore/text/message.c \
	libcore/text/message.h \
	libcore/text/normal.c \
	libcore/text/normal.h \
	libcore/text/raw.c \
	libcore/text/raw.h \
	libcore/text/strip.c \
	libcore/text/strip.h \
	libcore/text/text.c \
	libcore/text/traits.c \
	libcore/text/traits.h
