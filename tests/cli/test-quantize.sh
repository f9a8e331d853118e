#!/bin/sh
# test-quantize.sh - bolter-train quantize and bench, and --precision, on a network of a few thousand
# parameters.
. "${top_srcdir:?}/tests/cli/trainer.sh"

# number NAME: the first number of this name that was printed.
number()
{
    grep -oE "\"$1\":[^],}]*" out | head -n 1 | cut -d : -f 2
}

tiny-model base || exit 99
texts 150 >data.tsv
bolter-train finetune -m base -o model --data data.tsv -e 3 -b 8 --lr 0.01 -j 1 --max-tokens 24 >out 2>err ||
    cat err

# ---- quantize ----

runs 0 quantize -m model -o small --part all --data data.tsv --json && [ "$(number n)" = 300 ] &&
    grep -q '"smoothed":true' out
ok "quantize measures on the corpora it is given"
awk -v mean="$(number mean_change)" -v most="$(number largest_change)" \
    'BEGIN { exit !(mean > 0 && mean <= most && most < 0.05) }'
ok "scores change, and little"
[ -s small/tokenizer.bolter ] && grep -q '"quantized"' small/bolter.json &&
    grep -q '"parent"' small/bolter.json && grep -q '^# Model card' small/MODEL.md &&
    grep -q '^## Quantised' small/MODEL.md
ok "the card and MODEL.md say so and keep what they said"
[ "$(wc -c <small/model.safetensors)" -lt "$(($(wc -c <model/model.safetensors) / 2))" ]
ok "the weights take less than half the room"
runs 0 quantize -m model -o plain --no-smooth --part all --data data.tsv --json &&
    grep -q '"smoothed":false' out && ! cmp -s small/model.safetensors plain/model.safetensors
ok "--no-smooth gives other weights"
runs 0 quantize -m small -o again && cmp small/model.safetensors again/model.safetensors
ok "int8 weights keep their values, and no corpora are needed"
runs 0 quantize -m small -o again --part all --data data.tsv --json && grep -q '"smoothed":false' out
ok "nor are they said to be smoothed"
runs 1 quantize -m small -o again --part test --train data.tsv &&
    complains "part is empty"
ok "an empty part fails"
runs 2 quantize -m model && complains "needs -m DIR and -o DIR"
ok "a new directory has to be named"

# ---- --precision ----

runs 0 predict -m model --data data.tsv && cp out training && runs 0 predict -m model --data data.tsv \
    --precision float32 && paste training out | awk -F'\t' '
        { off = $3 - $6; if (off < 0) off = -off; if ($1 != $4 || off > 1e-5) bad = 1 }
        END { exit bad || NR != 300 }'
ok "scored packed in float32 the scores are those of the training pass"
for type in bfloat16 int8 auto; do
    runs 0 evaluate -m model --part all --data data.tsv --precision $type --boot 0 --json || break
done && runs 2 predict -m model --data data.tsv --precision int4 && complains '--precision: "int4"'
ok "evaluate and predict know the number formats"

# ---- bench ----

runs 0 bench -m small --seconds 0.05 --precision float32,int8 -j 1,2 --json &&
    [ "$(wc -l <out)" -eq 4 ] && [ "$(grep -c '"precision":"int8"' out)" -eq 2 ] &&
    awk -v a="$(number p50_ms)" -v b="$(number p99_ms)" -v r="$(number texts_per_second)" \
        'BEGIN { exit !(a > 0 && a <= b && r > 0) }'
ok "bench measures each number format with each number of threads"
# One thread cannot answer more than it scores.
awk -v r="$(number texts_per_second)" -v h="$(number texts_per_hour)" \
    'BEGIN { exit !(h > 0 && h < 4 * 3600 * r) }'
ok "bench says how many texts an hour that makes"
runs 0 bench -m small --seconds 0.05 --within 0.001 --json && [ "$(number texts_per_hour)" = 0.0 ]
ok "no rate keeps a limit below the time of one text"
runs 0 bench -m small --seconds 0.05 --data data.tsv && grep -q '^auto ' out
ok "bench reads corpora"
runs 2 bench -m small -j 1,x && complains '1,x'
ok "a list that is none is refused"
runs 1 bench -m small --lengths 4,100000 && complains 100000
ok "a text longer than the model reads is refused"
finish
