# Measurements; bench/README explains them.
EXTRA_DIST += bench/README bench/baselines.csv bench/book.csv bench/book.py bench/default-model.csv \
	bench/engine.csv bench/generate.csv bench/generate.py bench/load bench/load.csv bench/measure \
	bench/precision.csv bench/protocols.csv
.PHONY: bench
bench: all fakemta
	$(srcdir)/bench/measure --build '$(abs_top_builddir)'
