# HTTP, and the page, for bolter-train serve and for the daemon.
noinst_LTLIBRARIES += libweb.la
libweb_la_SOURCES = \
	web/address.c \
	web/address.h \
	web/answer.c \
	web/answer.h \
	web/facts.c \
	web/facts.h \
	web/guard.c \
	web/guard.h \
	web/http.h \
	web/judging.c \
	web/judging.h \
	web/page.h \
	web/route.c \
	web/route.h
if MICROHTTPD
libweb_la_SOURCES += web/http.c
else
libweb_la_SOURCES += web/http_none.c
endif
libweb_la_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS) $(MICROHTTPD_CFLAGS)
libweb_la_LIBADD = $(JANSSON_LIBS) $(MICROHTTPD_LIBS)

# The page is part of the programs.
page_files = $(srcdir)/web/page/page.html $(srcdir)/web/page/page.css $(srcdir)/web/page/page.js
nodist_libweb_la_SOURCES = web/page-data.c
web/page-data.c: $(srcdir)/web/page/embed $(page_files)
	$(AM_V_GEN)$(MKDIR_P) web && $(SHELL) $(srcdir)/web/page/embed $(page_files) >$@.tmp && mv $@.tmp $@
CLEANFILES += web/page-data.c web/page-data.c.tmp
EXTRA_DIST += web/page/embed web/page/page.html web/page/page.css web/page/page.js
