# Files of contrib/.
EXTRA_DIST += contrib/procmailrc contrib/maildroprc
include contrib/mta.mk
