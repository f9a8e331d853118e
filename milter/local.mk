# Files of milter/.
include milter/bolter.mk
