# Measurements; bench/README explains them.
EXTRA_DIST += bench/README bench/accuracy/attacks.py bench/accuracy/default.py bench/baselines.csv \
	bench/book.csv bench/book.py bench/default-model.csv \
	bench/engine.csv bench/experiments/experiments.csv bench/experiments/experiments.md \
	bench/experiments/rows.jsonl bench/generate.csv bench/generate.py bench/kernels.svg bench/load bench/load.csv \
	bench/measure bench/peers.csv bench/peers.svg bench/peers/graph.py bench/peers/message.js \
	bench/peers/message_torch.py bench/peers/peers.py bench/peers/plots.py bench/precision.csv \
	bench/protocols.csv
# Built by "make check", so that they stay whole.
check_PROGRAMS += bench-kernels bench-message
bench_kernels_SOURCES = bench/kernels.c bench/median.h
bench_kernels_LDADD = libcore.la
bench_message_SOURCES = bench/peers/message.c bench/median.h
bench_message_LDADD = libbolter.la
.PHONY: bench
bench: all fakemta
	$(srcdir)/bench/measure --build '$(abs_top_builddir)'
