# The command bolter and what it shares with the daemon.
field_sources = milter/field.c milter/field.h
