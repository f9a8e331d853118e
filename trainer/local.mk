# bolter-train
bin_PROGRAMS += bolter-train
bolter_train_SOURCES = \
	trainer/batches.c \
	trainer/batches.h \
	trainer/calibrate.c \
	trainer/calibrate.h \
	trainer/catalogue.c \
	trainer/catalogue.h \
	trainer/checkpoint.c \
	trainer/cmd_export.c \
	trainer/cmd_fetch.c \
	trainer/cmd_finetune.c \
	trainer/cmd_inspect.c \
	trainer/cmd_predict.c \
	trainer/cmd_prepare.c \
	trainer/cmd_tokenizer.c \
	trainer/commands.h \
	trainer/curves.c \
	trainer/fetch.c \
	trainer/fetch.h \
	trainer/files.c \
	trainer/files.h \
	trainer/finetune.c \
	trainer/finetune.h \
	trainer/interrupt.c \
	trainer/interrupt.h \
	trainer/jsonl.c \
	trainer/jsonl.h \
	trainer/measure.c \
	trainer/measure.h \
	trainer/modelcard.c \
	trainer/obtain.c \
	trainer/obtain.h \
	trainer/options.c \
	trainer/options.h \
	trainer/part.c \
	trainer/part.h \
	trainer/plot.c \
	trainer/plot.h \
	trainer/prepare.h \
	trainer/prepare_report.c \
	trainer/progress.c \
	trainer/progress.h \
	trainer/receipt.c \
	trainer/receipt.h \
	trainer/result.c \
	trainer/runlog.c \
	trainer/runlog.h \
	trainer/score.c \
	trainer/score.h \
	trainer/seeds.c \
	trainer/settings.c \
	trainer/settings.h \
	trainer/sources.c \
	trainer/sources.h \
	trainer/svg.c \
	trainer/svg.h \
	trainer/threshold.c \
	trainer/threshold.h \
	trainer/trainer.c \
	trainer/tree.c \
	trainer/tree.h \
	trainer/unpack.c \
	trainer/unpack.h
bolter_train_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS) $(LIBARCHIVE_CFLAGS) $(LIBCURL_CFLAGS)
bolter_train_LDADD = libbolter.la $(JANSSON_LIBS) $(LIBARCHIVE_LIBS) $(LIBCURL_LIBS)
dist_man_MANS += trainer/bolter-train.1
