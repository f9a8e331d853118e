# The default model, installed where the programs look for it (BOLTER_MODELDIR in Makefile.am).
modeldir = $(pkgdatadir)/models/default
dist_model_DATA = \
	models/default/MODEL.md \
	models/default/bolter.json \
	models/default/config.json \
	models/default/merges.txt \
	models/default/model.safetensors \
	models/default/tokenizer.bolter \
	models/default/train.csv \
	models/default/vocab.json
EXTRA_DIST += models/gpu.py models/make-default models/written
