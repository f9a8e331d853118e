# bolter-train
bin_PROGRAMS += bolter-train
bolter_train_SOURCES = \
	trainer/cmd_export.c \
	trainer/cmd_finetune.c \
	trainer/cmd_inspect.c \
	trainer/cmd_predict.c \
	trainer/cmd_tokenizer.c \
	trainer/commands.h \
	trainer/finetune.c \
	trainer/finetune.h \
	trainer/jsonl.c \
	trainer/jsonl.h \
	trainer/options.c \
	trainer/options.h \
	trainer/progress.c \
	trainer/progress.h \
	trainer/recipe.c \
	trainer/recipe.h \
	trainer/runlog.c \
	trainer/runlog.h \
	trainer/score.c \
	trainer/score.h \
	trainer/sources.c \
	trainer/sources.h \
	trainer/trainer.c
bolter_train_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
bolter_train_LDADD = libbolter.la $(JANSSON_LIBS)
dist_man_MANS += trainer/bolter-train.1
