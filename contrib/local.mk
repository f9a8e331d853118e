# Files of contrib/.
include contrib/mta.mk
