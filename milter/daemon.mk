# The daemon. Its parts without libmilter are a library of their own, for the tests.
noinst_LTLIBRARIES += libdaemon.la
libdaemon_la_SOURCES = \
	milter/act.c \
	milter/act.h \
	milter/address.c \
	milter/address.h \
	milter/answer.c \
	milter/answer.h \
	milter/ask.h \
	milter/askd.c \
	milter/askd.h \
	milter/control.c \
	milter/control.h \
	milter/daemon.c \
	milter/daemon.h \
	milter/endpoint.c \
	milter/endpoint.h \
	milter/failure.c \
	milter/failure.h \
	milter/hours.c \
	milter/hours.h \
	milter/httpd.c \
	milter/httpd.h \
	milter/envelope.c \
	milter/envelope.h \
	milter/forged.c \
	milter/forged.h \
	milter/lines.c \
	milter/lines.h \
	milter/list.c \
	milter/list.h \
	milter/listener.c \
	milter/listener.h \
	milter/log.c \
	milter/log.h \
	milter/mail.c \
	milter/mail.h \
	milter/metrics.c \
	milter/metrics.h \
	milter/mta.h \
	milter/names.c \
	milter/names.h \
	milter/network.c \
	milter/network.h \
	milter/notify.c \
	milter/notify.h \
	milter/options.c \
	milter/options.h \
	milter/policy.c \
	milter/policy.h \
	milter/recipients.c \
	milter/recipients.h \
	milter/record.c \
	milter/record.h \
	milter/rules.c \
	milter/rules.h \
	milter/scrape.c \
	milter/scrape.h \
	milter/snapshot.c \
	milter/snapshot.h
libdaemon_la_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
libdaemon_la_LIBADD = libbolterconf.la libweb.la

sbin_PROGRAMS += bolter-milter
bolter_milter_SOURCES = milter/milterd.c milter/callbacks.c milter/callbacks.h \
	$(field_sources) milter/mark.c milter/mark.h
bolter_milter_LDADD = libdaemon.la libbolter.la $(MILTER_LIBS)

dist_man_MANS += milter/bolter-milter.8
