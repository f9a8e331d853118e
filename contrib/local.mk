# Files of contrib/.
EXTRA_DIST += contrib/README contrib/procmailrc contrib/maildroprc contrib/dovecot/bolter.sieve
include contrib/mta.mk
