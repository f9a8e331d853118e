service_sources = \
	libcore/service/session.c
