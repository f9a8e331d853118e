# bolter-train
bin_PROGRAMS += bolter-train
bolter_train_SOURCES = \
	trainer/catalogue.c \
	trainer/catalogue.h \
	trainer/cmd_export.c \
	trainer/cmd_fetch.c \
	trainer/cmd_finetune.c \
	trainer/cmd_inspect.c \
	trainer/cmd_predict.c \
	trainer/cmd_prepare.c \
	trainer/cmd_tokenizer.c \
	trainer/commands.h \
	trainer/fetch.c \
	trainer/fetch.h \
	trainer/finetune.c \
	trainer/finetune.h \
	trainer/jsonl.c \
	trainer/jsonl.h \
	trainer/obtain.c \
	trainer/obtain.h \
	trainer/options.c \
	trainer/options.h \
	trainer/part.c \
	trainer/part.h \
	trainer/prepare.h \
	trainer/prepare_report.c \
	trainer/progress.c \
	trainer/progress.h \
	trainer/receipt.c \
	trainer/receipt.h \
	trainer/runlog.c \
	trainer/runlog.h \
	trainer/score.c \
	trainer/score.h \
	trainer/sigint.c \
	trainer/sigint.h \
	trainer/sources.c \
	trainer/sources.h \
	trainer/trainer.c \
	trainer/tree.c \
	trainer/tree.h \
	trainer/unpack.c \
	trainer/unpack.h
bolter_train_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS) $(LIBARCHIVE_CFLAGS) $(LIBCURL_CFLAGS)
bolter_train_LDADD = libbolter.la $(JANSSON_LIBS) $(LIBARCHIVE_LIBS) $(LIBCURL_LIBS)
dist_man_MANS += trainer/bolter-train.1
