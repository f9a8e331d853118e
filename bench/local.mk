# Measurements; bench/README explains them.
EXTRA_DIST += bench/README bench/accuracy/attacks.py bench/accuracy/corpora.py bench/accuracy/default.py bench/accuracy/few_shot.py \
	bench/accuracy/program.py bench/accuracy/protocols.py bench/accuracy/stream.py bench/attacks.csv bench/baselines.csv \
	bench/book.csv bench/book.py bench/default-model.csv \
	bench/engine.csv bench/experiments/experiments.csv bench/experiments/experiments.md \
	bench/experiments/rows.jsonl bench/generate.csv bench/generate.py bench/instruct.csv bench/instruct.svg bench/kernels.svg \
	bench/load bench/load.csv bench/measure bench/peers-amx.csv bench/peers.csv bench/peers.svg bench/peers/graph.py bench/peers/message.js bench/peers/message_ort.py \
	bench/peers/message_torch.py bench/peers/peers.py bench/peers/plots.py bench/precision.csv \
	bench/pretrain.csv bench/pretrain.py bench/pretrain.svg bench/protocols.csv bench/recipe.csv bench/stream.csv bench/wide.csv bench/verdict.csv bench/verdict.svg
EXTRA_DIST += bench/accuracy/ham/README bench/accuracy/ham/ar.txt bench/accuracy/ham/build.py \
	bench/accuracy/ham/de.txt bench/accuracy/ham/en-account.txt bench/accuracy/ham/en-hard.txt \
	bench/accuracy/ham/en-life.txt bench/accuracy/ham/en-shop.txt bench/accuracy/ham/en-work.txt \
	bench/accuracy/ham/es.txt bench/accuracy/ham/fr.txt bench/accuracy/ham/it.txt \
	bench/accuracy/ham/ja.txt bench/accuracy/ham/looks.py bench/accuracy/ham/nl.txt \
	bench/accuracy/ham/pl.txt bench/accuracy/ham/pt.txt bench/accuracy/ham/ru.txt \
	bench/accuracy/ham/tr.txt bench/accuracy/ham/zh.txt
# Built by "make check", so that they stay whole.
check_PROGRAMS += bench-kernels bench-message
bench_kernels_SOURCES = bench/kernels.c bench/median.h
bench_kernels_LDADD = libcore.la
bench_message_SOURCES = bench/peers/message.c bench/median.h
bench_message_LDADD = libbolter.la
.PHONY: bench
bench: all fakemta
	$(srcdir)/bench/measure --build '$(abs_top_builddir)'
