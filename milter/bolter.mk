# The command bolter, and the files it shares with the daemon.
field_sources = milter/field.c milter/field.h milter/style.c milter/style.h
passthrough_sources = milter/complain.c milter/complain.h milter/mark.c milter/mark.h \
	milter/passthrough.c milter/passthrough.h

bin_PROGRAMS += bolter
bolter_SOURCES = milter/classify.c milter/arguments.c milter/arguments.h milter/ask.c milter/ask.h \
	milter/judge.c \
	milter/judge.h milter/operand.c milter/operand.h milter/output.c milter/output.h \
	$(field_sources) $(passthrough_sources)
bolter_LDADD = libbolter.la
dist_man_MANS += milter/bolter.1
