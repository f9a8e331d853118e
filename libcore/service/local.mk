service_sources = \
	libcore/service/class.c \
	libcore/service/explain.c \
	libcore/service/explain.h \
	libcore/service/queue.c \
	libcore/service/queue.h \
	libcore/service/service.c \
	libcore/service/session.c \
	libcore/service/verdict.c \
	libcore/service/verdict.h \
	libcore/service/worker.c \
	libcore/service/worker.h
