# Files of milter/.
include milter/bolter.mk
include milter/daemon.mk
