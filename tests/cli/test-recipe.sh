#!/bin/sh
# test-recipe.sh - the options of bolter-train finetune that change what is read, trained and counted:
# runs with them end well, do what they say, and impossible values are refused.
# shellcheck disable=SC2086,SC2154 # $quick is several words; make sets the directories
set -u

train="$top_builddir/bolter-train"
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT
"$top_builddir/tiny-model" "$tmp/base" || exit 99
"$top_builddir/tiny-model" "$tmp/class" head || exit 99

n=0
failures=0

# ok NAME: report the status of the command before.
ok()
{
    if [ $? -eq 0 ]; then result=ok; else result='not ok'; failures=1; fi
    n=$((n + 1))
    echo "$result $n - $1"
    if [ "$result" != ok ]; then
        sed 's/^/# out: /' "$tmp/out"
        sed 's/^/# err: /' "$tmp/err"
    fi
}

# runs STATUS ARGUMENT...: finetune; true if it exits with STATUS.
runs()
{
    want=$1
    shift
    "$train" finetune --data "$tmp/data.tsv" "$@" >"$tmp/out" 2>"$tmp/err"
    got=$?
    [ $got -eq "$want" ] || { echo "# exit status $got, want $want: $*"; return 1; }
}

i=0
while [ $i -lt 60 ]; do
    printf 'ham\tcup of tea %d\nspam\twin cash %d\n' $i $i
    i=$((i + 1))
done >"$tmp/data.tsv"
quick="-e 2 -b 8 --lr 0.01 -j 1 --max-tokens 24"

# ---- The book ----

runs 0 -m "$tmp/base" -o "$tmp/book" --book -j 1 && grep -q '"pad_to"' "$tmp/book/bolter.json"
ok "--book trains a model that pads what it reads"
echo tea >"$tmp/tea.txt"
"$train" inspect tokens -m "$tmp/book" --kind text "$tmp/tea.txt" >"$tmp/out" 2>"$tmp/err" &&
    [ "$(grep -c endoftext "$tmp/out")" -gt 5 ]
ok "such a model reads a short text with its padding"
runs 0 -m "$tmp/base" -o "$tmp/later" --book --pad-to none --epochs 1 -j 1 &&
    ! grep -q '"pad_to"' "$tmp/later/bolter.json" && grep -q ' 10 steps of 8 texts' "$tmp/err"
ok "options after --book change its settings"

# ---- What is read ----

runs 0 -m "$tmp/base" -o "$tmp/nomask" $quick --no-causal --position first &&
    grep -q '"causal": false' "$tmp/nomask/bolter.json"
ok "--no-causal is written into the model"
"$train" evaluate -m "$tmp/nomask" --part all --data "$tmp/data.tsv" >"$tmp/out" 2>"$tmp/err"
ok "a model without a mask is evaluated"
for length in context longest 9 0 none; do
    runs 0 -m "$tmp/base" -o "$tmp/pad" $quick -e 0.3 --pad-to $length
    ok "--pad-to $length"
done
for length in short -1 9x ''; do
    runs 2 -m "$tmp/base" -o "$tmp/pad" $quick --pad-to "$length"
    ok "--pad-to \"$length\" is refused"
done
runs 1 -m "$tmp/base" -o "$tmp/pad" $quick --pad-to 100000 && grep -q positions "$tmp/err"
ok "padding beyond the model is refused"

# ---- Labels ----

sed 's/^ham/dull/; s/^spam/keen/' "$tmp/data.tsv" >"$tmp/named.tsv"
"$train" finetune -m "$tmp/base" -o "$tmp/named" --data "$tmp/named.tsv" --labels dull,keen $quick >"$tmp/out" \
    2>"$tmp/err" && grep -q '"dull"' "$tmp/named/bolter.json"
ok "--labels names the labels of a file"
mkdir "$tmp/in-a" "$tmp/in-b" "$tmp/in-c"
i=0
while [ $i -lt 12 ]; do
    for class in a b c; do echo "$class is the word $class$i" >"$tmp/in-$class/$i.txt"; done
    i=$((i + 1))
done
"$train" finetune -m "$tmp/base" -o "$tmp/three" --class "news=$tmp/in-a" --class "letter=$tmp/in-b" --class "bill=$tmp/in-c" \
    $quick >"$tmp/out" 2>"$tmp/err" && tr -d ' \n' <"$tmp/three/bolter.json" | grep -q '"news","letter","bill"'
ok "three classes by their names make a model of three labels"
runs 1 -m "$tmp/base" -o "$tmp/twice" $quick --labels ham,ham && grep -q 'ham,ham' "$tmp/err"
ok "a label given twice is refused"

# ---- What is kept ----

runs 0 -m "$tmp/base" -o "$tmp/with" $quick --trainable last_layer &&
    runs 0 -m "$tmp/base" -o "$tmp/without" $quick --trainable last_layer --no-cache
"$train" predict -m "$tmp/with" --data "$tmp/data.tsv" 2>"$tmp/err" | cut -c 1-12 >"$tmp/a"
"$train" predict -m "$tmp/without" --data "$tmp/data.tsv" 2>"$tmp/err" | cut -c 1-12 >"$tmp/b"
[ -s "$tmp/a" ] && cmp -s "$tmp/a" "$tmp/b"
ok "--no-cache gives the same scores"
runs 0 -m "$tmp/base" -o "$tmp/again" $quick --trainable last_layer --cache-memory 0 &&
    cmp -s "$tmp/with/model.safetensors" "$tmp/again/model.safetensors"
ok "a cache in a file gives the same bytes"
runs 0 -m "$tmp/base" -o "$tmp/half" $quick --trainable last_layer --trunk-dtype bfloat16
ok "--trunk-dtype bfloat16"
runs 1 -m "$tmp/base" -o "$tmp/half" $quick --trunk-dtype int4 && grep -q int4 "$tmp/err"
ok "--trunk-dtype int4 is refused"

runs 0 -m "$tmp/base" -o "$tmp/narrow" $quick --precision bfloat16
ok "--precision bfloat16"
runs 1 -m "$tmp/base" -o "$tmp/narrow" $quick --precision int4 && grep -q int4 "$tmp/err"
ok "--precision int4 is refused"

# ---- What is counted ----

runs 0 -m "$tmp/base" -o "$tmp/loss" $quick --class-weights balanced --label-smoothing 0.1 \
    --accumulate 2 --drop-last --head-bias
ok "weights, smoothing, accumulation and a bias go together"
runs 0 -m "$tmp/base" -o "$tmp/loss" $quick --class-weights 1,2.5 --ignore-label 50256
ok "weights by hand, and a label that does not count"
for list in 1 1,2,3 1,x '1,' ''; do
    runs 1 -m "$tmp/base" -o "$tmp/loss" $quick --class-weights "$list" && grep -q class "$tmp/err"
    ok "--class-weights \"$list\" is refused"
done
runs 2 -m "$tmp/base" -o "$tmp/loss" $quick --ignore-label 0.5
ok "--ignore-label 0.5 is refused"
runs 2 -m "$tmp/base" -o "$tmp/loss" $quick -b 4096 --accumulate 2
ok "too many texts a step are refused"

# ---- Adapters ----

runs 0 -m "$tmp/class" -o "$tmp/lora" $quick --trainable lora --lora-targets attention \
    --save-adapter "$tmp/adapter"
"$train" export -m "$tmp/class" --adapter "$tmp/adapter" -o "$tmp/merged" >"$tmp/out" 2>"$tmp/err"
"$train" predict -m "$tmp/lora" --data "$tmp/data.tsv" 2>"$tmp/err" | cut -f 1-2 >"$tmp/a"
"$train" predict -m "$tmp/merged" --data "$tmp/data.tsv" 2>"$tmp/err" | cut -f 1-2 >"$tmp/b"
[ -s "$tmp/a" ] && cmp -s "$tmp/a" "$tmp/b" && [ -s "$tmp/adapter/adapter_config.json" ]
ok "adapters are saved beside the merged model, and can be merged again"
runs 0 -m "$tmp/base" -o "$tmp/qlora" $quick --trainable qlora
ok "qlora"
runs 2 -m "$tmp/base" -o "$tmp/none" $quick --save-adapter "$tmp/none.adapter"
ok "--save-adapter without adapters is refused"
runs 2 -m "$tmp/base" -o "$tmp/none" $quick --trainable lora --head-bias --save-adapter "$tmp/x"
ok "--save-adapter with a bias is refused"
runs 1 -m "$tmp/base" -o "$tmp/none" $quick --trainable lora --lora-targets c_attm &&
    grep -q c_attm "$tmp/err"
ok "an unknown target is named"
runs 1 -m "$tmp/base" -o "$tmp/none" $quick --trainable last_blocks && grep -q last_blocks "$tmp/err"
ok "an unknown choice of what trains is named"

echo "1..$n"
exit $failures
