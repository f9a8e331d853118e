# bolter-train
bin_PROGRAMS += bolter-train
bolter_train_SOURCES = \
	trainer/cmd_evaluate.c \
	trainer/cmd_export.c \
	trainer/cmd_finetune.c \
	trainer/cmd_inspect.c \
	trainer/cmd_predict.c \
	trainer/cmd_protocol.c \
	trainer/cmd_tokenizer.c \
	trainer/commands.h \
	trainer/cross.c \
	trainer/cutoffs.c \
	trainer/cutoffs.h \
	trainer/fewshot.c \
	trainer/figures.c \
	trainer/figures.h \
	trainer/finetune.c \
	trainer/finetune.h \
	trainer/fit.c \
	trainer/fit.h \
	trainer/jsonl.c \
	trainer/jsonl.h \
	trainer/options.c \
	trainer/options.h \
	trainer/plot.c \
	trainer/plot.h \
	trainer/predictions.c \
	trainer/predictions.h \
	trainer/progress.c \
	trainer/progress.h \
	trainer/promise.c \
	trainer/promise.h \
	trainer/protocol.h \
	trainer/report.c \
	trainer/report.h \
	trainer/runlog.c \
	trainer/runlog.h \
	trainer/score.c \
	trainer/score.h \
	trainer/scored.c \
	trainer/scored.h \
	trainer/sources.c \
	trainer/sources.h \
	trainer/stream.c \
	trainer/svg.c \
	trainer/svg.h \
	trainer/trainer.c
bolter_train_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
bolter_train_LDADD = libbolter.la $(JANSSON_LIBS)
dist_man_MANS += trainer/bolter-train.1
