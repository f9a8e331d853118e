# Files of milter/.
include milter/daemon.mk
