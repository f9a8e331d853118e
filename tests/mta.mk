# Tests of the mail path: an MTA of our own, and real ones.

# The MTA's side of the milter protocol; fakemta is also what the README shows a verdict with.
check_LTLIBRARIES += libmta.la
libmta_la_SOURCES = tests/mta/mtaclient.c tests/mta/mtaclient.h tests/mta/mtamail.c \
	tests/mta/mtamail.h tests/mta/mtawire.c tests/mta/mtawire.h

check_PROGRAMS += fakemta test-mta
fakemta_SOURCES = tests/mta/fakemta.c
fakemta_LDADD = libmta.la libcore.la

TESTS += test-mta
test_mta_SOURCES = tests/mta/test_mta.c
test_mta_LDADD = libmta.la $(check_libs)

# Sends what no mail server would.
check_PROGRAMS += fuzzmta
fuzzmta_SOURCES = tests/mta/fuzzmta.c
fuzzmta_LDADD = libmta.la libcore.la

# Runs a daemon as a service manager does.
check_PROGRAMS += fakeinit
fakeinit_SOURCES = tests/mta/fakeinit.c

# Scripts against the daemon; make-model writes the models.
mta_scripts = tests/mta/test-http.sh tests/mta/test-levels.sh tests/mta/test-milter.sh \
	tests/mta/test-operation.sh tests/mta/test-postfix.sh tests/mta/test-real-mail.sh \
	tests/mta/test-robust.sh tests/mta/test-sendmail.sh
TESTS += $(mta_scripts)
EXTRA_DIST += $(mta_scripts) tests/mta/delivery.sh tests/mta/lib.sh tests/mta/postfix.sh \
	tests/mta/protocol.lua tests/mta/sendmail.sh tests/mta/smtp.sh tests/tsan.supp
