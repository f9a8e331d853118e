# Files of contrib/.
EXTRA_DIST += contrib/README contrib/procmailrc contrib/maildroprc
include contrib/mta.mk
