eval_sources =  \
	libcore/eval/binomial.c \
	libcore/eval/binomial.h \
	libcore/eval/calib.c \
	libcore/eval/curve.c \
	libcore/eval/labels.c \
	libcore/eval/metrics.c \
	libcore/eval/percentile.c \
	libcore/eval/percentile.h \
	libcore/eval/rank.c \
	libcore/eval/rank.h \
	libcore/eval/scores.h \
	libcore/eval/threshold.c
