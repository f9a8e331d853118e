# bolter-train
bin_PROGRAMS += bolter-train
bolter_train_SOURCES = \
	trainer/answer.c \
	trainer/answer.h \
	trainer/answer_classify.c \
	trainer/answer_facts.c \
	trainer/answer_generate.c \
	trainer/baseline.c \
	trainer/baseline.h \
	trainer/baseline_print.c \
	trainer/batches.c \
	trainer/batches.h \
	trainer/calibrate.c \
	trainer/calibrate.h \
	trainer/capacity.c \
	trainer/capacity.h \
	trainer/catalogue.c \
	trainer/catalogue.h \
	trainer/checkpoint.c \
	trainer/cmd_baseline.c \
	trainer/cmd_bench.c \
	trainer/cmd_evaluate.c \
	trainer/cmd_experiments.c \
	trainer/cmd_export.c \
	trainer/cmd_fetch.c \
	trainer/cmd_finetune.c \
	trainer/cmd_generate.c \
	trainer/cmd_import.c \
	trainer/cmd_inspect.c \
	trainer/cmd_instruct.c \
	trainer/cmd_predict.c \
	trainer/cmd_prepare.c \
	trainer/cmd_pretrain.c \
	trainer/cmd_respond.c \
	trainer/cmd_protocol.c \
	trainer/cmd_quantize.c \
	trainer/cmd_serve.c \
	trainer/cmd_tokenizer.c \
	trainer/cmd_wide.c \
	trainer/commands.h \
	trainer/cross.c \
	trainer/curves.c \
	trainer/cutoffs.c \
	trainer/cutoffs.h \
	trainer/disguise.c \
	trainer/disguise.h \
	trainer/experiment.c \
	trainer/experiments.c \
	trainer/experiments.h \
	trainer/experiments_print.c \
	trainer/experiments_record.c \
	trainer/fetch.c \
	trainer/fetch.h \
	trainer/fewshot.c \
	trainer/figures.c \
	trainer/figures.h \
	trainer/files.c \
	trainer/files.h \
	trainer/finetune.c \
	trainer/finetune.h \
	trainer/fit.c \
	trainer/fit.h \
	trainer/guard.c \
	trainer/guard.h \
	trainer/http.h \
	trainer/instructions.c \
	trainer/instructions.h \
	trainer/interrupt.c \
	trainer/interrupt.h \
	trainer/jsonl.c \
	trainer/jsonl.h \
	trainer/lm.c \
	trainer/lm.h \
	trainer/lm_checkpoint.c \
	trainer/lm_result.c \
	trainer/learn.c \
	trainer/learn.h \
	trainer/listening.c \
	trainer/listening.h \
	trainer/measure.c \
	trainer/measure.h \
	trainer/modelcard.c \
	trainer/obtain.c \
	trainer/obtain.h \
	trainer/options.c \
	trainer/options.h \
	trainer/order.c \
	trainer/order.h \
	trainer/page.h \
	trainer/part.c \
	trainer/part.h \
	trainer/place.c \
	trainer/place.h \
	trainer/plot.c \
	trainer/plot.h \
	trainer/position.c \
	trainer/position.h \
	trainer/post.c \
	trainer/post.h \
	trainer/predictions.c \
	trainer/predictions.h \
	trainer/prepare.h \
	trainer/prepare_report.c \
	trainer/progress.c \
	trainer/progress.h \
	trainer/promise.c \
	trainer/promise.h \
	trainer/prompt.c \
	trainer/prompt.h \
	trainer/protocol.h \
	trainer/receipt.c \
	trainer/receipt.h \
	trainer/recipe.c \
	trainer/recipe.h \
	trainer/report.c \
	trainer/report.h \
	trainer/result.c \
	trainer/routes.c \
	trainer/routes.h \
	trainer/runlog.c \
	trainer/runlog.h \
	trainer/score.c \
	trainer/score.h \
	trainer/scored.c \
	trainer/scored.h \
	trainer/seeds.c \
	trainer/served.c \
	trainer/served.h \
	trainer/settings.c \
	trainer/settings.h \
	trainer/shape.c \
	trainer/shape.h \
	trainer/sources.c \
	trainer/sources.h \
	trainer/stream.c \
	trainer/svg.c \
	trainer/svg.h \
	trainer/tally.c \
	trainer/tally.h \
	trainer/texts.c \
	trainer/texts.h \
	trainer/threshold.c \
	trainer/threshold.h \
	trainer/trainer.c \
	trainer/tree.c \
	trainer/tree.h \
	trainer/unpack.c \
	trainer/unpack.h \
	trainer/wide.c \
	trainer/wide.h
if MICROHTTPD
bolter_train_SOURCES += trainer/http.c
else
bolter_train_SOURCES += trainer/http_none.c
endif
bolter_train_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS) $(LIBARCHIVE_CFLAGS) $(LIBCURL_CFLAGS) \
	$(MICROHTTPD_CFLAGS)
bolter_train_LDADD = libbolter.la $(JANSSON_LIBS) $(LIBARCHIVE_LIBS) $(LIBCURL_LIBS) \
	$(MICROHTTPD_LIBS)
dist_man_MANS += trainer/bolter-train.1

# The page of serve is part of the program.
page_files = $(srcdir)/trainer/page/page.html $(srcdir)/trainer/page/page.css \
	$(srcdir)/trainer/page/page.js
nodist_bolter_train_SOURCES = trainer/page-data.c
trainer/page-data.c: $(srcdir)/trainer/page/embed $(page_files)
	$(AM_V_GEN)$(MKDIR_P) trainer && $(SHELL) $(srcdir)/trainer/page/embed $(page_files) >$@.tmp && \
		mv $@.tmp $@
CLEANFILES += trainer/page-data.c trainer/page-data.c.tmp
EXTRA_DIST += trainer/page/embed trainer/page/page.html trainer/page/page.css trainer/page/page.js
