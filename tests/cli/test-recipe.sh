#!/bin/sh
# test-recipe.sh - the options of bolter-train finetune that change what is read, trained and counted:
# runs with them end well, do what they say, and impossible values are refused.
# shellcheck disable=SC2086 # $quick is several words
. "${top_srcdir:?}/tests/cli/trainer.sh"

tiny-model base || exit 99
tiny-model class head || exit 99
texts 60 >data.tsv
data="--data data.tsv"
quick="-e 2 -b 8 --lr 0.01 -j 1 --max-tokens 24"

# ---- The book ----

runs 0 finetune $data -m base -o book --book -j 1 && grep -q '"pad_to"' book/bolter.json
ok "--book trains a model that pads what it reads"
echo tea >tea.txt
bolter-train inspect tokens -m book --kind text tea.txt >out 2>err &&
    [ "$(grep -c endoftext out)" -gt 5 ]
ok "such a model reads a short text with its padding"
runs 0 finetune $data -m base -o later --book --pad-to none --epochs 1 -j 1 &&
    ! grep -q '"pad_to"' later/bolter.json && grep -q ' 10 steps of 8 texts' err
ok "options after --book change its settings"

# ---- What is read ----

runs 0 finetune $data -m base -o nomask $quick --no-causal --position first &&
    grep -q '"causal": false' nomask/bolter.json
ok "--no-causal is written into the model"
bolter-train evaluate -m nomask --part all --data data.tsv >out 2>err
ok "a model without a mask is evaluated"
for length in context longest 9 0 none; do
    runs 0 finetune $data -m base -o pad $quick -e 0.3 --pad-to $length
    ok "--pad-to $length"
done
for length in short -1 9x ''; do
    runs 2 finetune $data -m base -o pad $quick --pad-to "$length"
    ok "--pad-to \"$length\" is refused"
done
runs 1 finetune $data -m base -o pad $quick --pad-to 100000 && grep -q positions err
ok "padding beyond the model is refused"

# ---- Labels ----

sed 's/^ham/dull/; s/^spam/keen/' data.tsv >named.tsv
runs 0 finetune -m base -o named --data named.tsv --labels dull,keen $quick &&
    grep -q '"dull"' named/bolter.json
ok "--labels names the labels of a file"
mkdir in-a in-b in-c
i=0
while [ $i -lt 12 ]; do
    for class in a b c; do echo "$class is the word $class$i" >"in-$class/$i.txt"; done
    i=$((i + 1))
done
runs 0 finetune -m base -o three --class "news=in-a" --class "letter=in-b" --class "bill=in-c" \
    $quick && tr -d ' \n' <three/bolter.json | grep -q '"news","letter","bill"'
ok "three classes by their names make a model of three labels"
runs 1 finetune $data -m base -o twice $quick --labels ham,ham && grep -q 'ham,ham' err
ok "a label given twice is refused"

# ---- What is kept ----

runs 0 finetune $data -m base -o with $quick --trainable last_layer &&
    runs 0 finetune $data -m base -o without $quick --trainable last_layer --no-cache
bolter-train predict -m with --data data.tsv 2>err | cut -c 1-12 >a
bolter-train predict -m without --data data.tsv 2>err | cut -c 1-12 >b
[ -s a ] && cmp -s a b
ok "--no-cache gives the same scores"
runs 0 finetune $data -m base -o again $quick --trainable last_layer --cache-memory 0 &&
    cmp -s with/model.safetensors again/model.safetensors
ok "a cache in a file gives the same bytes"
runs 0 finetune $data -m base -o half $quick --trainable last_layer --trunk-dtype bfloat16
ok "--trunk-dtype bfloat16"
runs 2 finetune $data -m base -o half $quick --trunk-dtype int4 && grep -q int4 err
ok "--trunk-dtype int4 is refused"

runs 0 finetune $data -m base -o narrow $quick --precision bfloat16
ok "--precision bfloat16"
runs 2 finetune $data -m base -o narrow $quick --precision int4 &&
    complains '--precision: "int4", expected one of float32, bfloat16' &&
    runs 2 finetune $data -m base -o narrow $quick --schedule float && complains '--schedule: "float"'
ok "a word that an option does not know is refused, with those that it does"

# ---- What is counted ----

runs 0 finetune $data -m base -o loss $quick --class-weights balanced --label-smoothing 0.1 \
    --accumulate 2 --drop-last --head-bias
ok "weights, smoothing, accumulation and a bias go together"
runs 0 finetune $data -m base -o loss $quick --class-weights 1,2.5 --ignore-label 50256
ok "weights by hand, and a label that does not count"
for list in 1 1,2,3 1,x '1,' ''; do
    runs 1 finetune $data -m base -o loss $quick --class-weights "$list" && grep -q class err
    ok "--class-weights \"$list\" is refused"
done
runs 2 finetune $data -m base -o loss $quick --ignore-label 0.5
ok "--ignore-label 0.5 is refused"
runs 2 finetune $data -m base -o loss $quick -b 4096 --accumulate 2
ok "too many texts a step are refused"
runs 0 finetune $data -m base -o loss $quick --position mean --lm-loss 0.5 --lm-every 2
ok "text can be predicted beside the labels"
runs 0 finetune $data -m loss -o further $quick && grep -q '"position": "mean"' further/bolter.json
ok "what is trained further is read where it was read before"
runs 1 finetune $data -m base -o loss $quick --lm-loss 0.5 && grep -q 'lm_loss 0.5 needs position "mean"' err
ok "--lm-loss without rows to predict from is refused"
runs 0 finetune $data -m base -o plain $quick --trainable all && runs 0 finetune $data -m base -o loss $quick \
    --trainable all --disguise 60% && ! cmp -s plain/model.safetensors loss/model.safetensors
ok "spam can be shown in disguise"
runs 0 finetune $data -m base -o plain $quick --trainable last_block --disguise 60% &&
    runs 0 finetune $data -m base -o loss $quick --trainable last_block --disguise 60% --no-cache &&
    cmp plain/model.safetensors loss/model.safetensors
ok "texts in disguise are not kept for frozen blocks"
sed "s/\$/ $(yes 'and so on for longer than it is read' | head -n 20 | tr '\n' ' ')/" data.tsv >long.tsv
runs 0 finetune --data long.tsv -m base -o plain $quick --trainable last_block &&
    runs 0 finetune --data long.tsv -m base -o loss $quick --trainable last_block --window-share 60% &&
    ! cmp -s plain/model.safetensors loss/model.safetensors
ok "long texts can be shown by any stretch of them"

# ---- Adapters ----

runs 0 finetune $data -m class -o lora $quick --trainable lora --lora-targets attention \
    --save-adapter adapter
bolter-train export -m class --adapter adapter -o merged >out 2>err
bolter-train predict -m lora --data data.tsv 2>err | cut -f 1-2 >a
bolter-train predict -m merged --data data.tsv 2>err | cut -f 1-2 >b
[ -s a ] && cmp -s a b && [ -s adapter/adapter_config.json ]
ok "adapters are saved beside the merged model, and can be merged again"
card_of()
{
    grep -v -e '"model_id"' "$1/bolter.json"
}
for base in base class; do
    runs 0 finetune $data -m $base -o lora $quick --trainable lora --head-bias --position mean \
        --save-adapter adapter && runs 0 export -m $base --adapter adapter -o merged &&
        bolter-train predict -m lora --data data.tsv --part all >a 2>err &&
        bolter-train predict -m merged --data data.tsv --part all >b 2>err && [ -s a ] && cmp a b &&
        card_of lora >a && card_of merged >b && cmp a b
    ok "adapters with a head merge into the $base that they were trained on, and are read as there"
done
runs 0 finetune $data -m base -o qlora $quick --trainable qlora
ok "qlora"
runs 2 finetune $data -m base -o none $quick --save-adapter none.adapter
ok "--save-adapter without adapters is refused"
runs 2 finetune $data -m base -o none $quick --trainable lora --random-init --save-adapter x
ok "--save-adapter over random weights is refused"
runs 1 finetune $data -m base -o none $quick --trainable lora --lora-targets c_attm &&
    grep -q c_attm err
ok "an unknown target is named"
runs 1 finetune $data -m base -o none $quick --trainable last_blocks && grep -q last_blocks err
ok "an unknown choice of what trains is named"

finish
