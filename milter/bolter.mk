# The command bolter, and the files it shares with the daemon.
field_sources = milter/field.c milter/field.h
passthrough_sources = milter/complain.c milter/complain.h milter/mark.c milter/mark.h \
	milter/passthrough.c milter/passthrough.h

