# Settings: a table, its reader, the sample file and the manual page.
noinst_LTLIBRARIES += libbolterconf.la
libbolterconf_la_SOURCES = conf/settings.c conf/settings.h conf/settings.def
libbolterconf_la_CFLAGS = $(AM_CFLAGS) $(LIBCONFIG_CFLAGS)
libbolterconf_la_LIBADD = $(LIBCONFIG_LIBS)

sampledir = $(pkgdatadir)
dist_sample_DATA = conf/bolter.conf.sample
dist_man_MANS += conf/bolter.conf.5
