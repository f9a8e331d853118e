eval_sources =  \
	libcore/eval/calib.c \
	libcore/eval/metrics.c \
	libcore/eval/rank.c \
	libcore/eval/rank.h
